r"""
How many laws there are, and how this is known: the frozen result of a count.
"""
from dataclasses import dataclass, field

import numpy as np

from .. import certificates
from ..runtime.errors import InputError
from .._sage import SageObject
from ..real.verdict import words
from ..width.formula import names_of
from ..width.true_width import width_of
from .citation import bibtex, keys_for
from .display import html_table
from .reading import result_from_dict
from .wording import sentence_of_count


@dataclass(frozen=True, repr=False, kw_only=True)
class LawCount(SageObject):
    r"""
    How many independent conservation laws there are, and how this is known.

    Attributes: ``number`` `= N - r`; ``state_dimension`` `N`; ``lie_dimension`` `r`, a proved lower bound of the rank;
    ``lie_sequence`` the ranks found by bracket length (or by step along exact flows); ``status``: ``"proved"``, the
    number is exact (laws and rank add up to the dimension, or the span of fields is proved closed under brackets),
    ``"probable"``, the rank is Monte Carlo, wrong with probability at most ``error_bound``, or ``"bounded"``, the
    number lies between ``laws_at_least`` and ``number``; ``method``, ``"sparse point"`` if no dense rows were needed;
    ``seed``; ``seconds``.

    EXAMPLES::

        sage: from sage_conslaw import count_conservation_laws, networks
        sage: r = count_conservation_laws(networks.linear([3, 2, 3]), seed=0); r
        3 independent laws in 12 parameters (proved, no assumption)
        sage: r.number, r.lie_dimension, r.status
        (3, 9, 'proved')
        sage: TestSuite(r).run()
    """

    architecture: str
    sizes: tuple
    flow: str
    loss: str
    parameters: int
    state_dimension: int
    lie_dimension: int
    lie_sequence: tuple
    status: str
    error_bound: object
    algorithm: str
    seed: int
    seconds: float = field(compare=False)
    options: tuple = ()
    problem: object = field(default=None, compare=False)
    method: object = None
    laws_at_least: int = 0
    # The number as a polynomial in sizes of classes; the segments whose bounds do not meet; families of laws as matrix
    # expressions.
    counted: object = field(default=None, compare=False, repr=False)
    blame: tuple = field(default=(), compare=False)
    families: tuple = field(default=(), compare=False, repr=False)
    # What became of each strategy of the engine, in order.
    attempts: tuple = field(default=(), compare=False, repr=False)
    assumption: str = "span"
    real: object = field(default=None, compare=False)
    # What the model leaves aside of the real network, in words: then it bounds the number from one side only.
    forgotten: tuple = ()
    # Laws that are no polynomials, in words, where a symmetry shows them.
    further_laws: tuple = ()
    # Laws that hold near a point only, of networks that are polynomial on regions of activation.
    region: object = field(default=None, compare=False)
    # The record that the result was read from, if it was.
    record: object = field(default=None, compare=False, repr=False)

    @property
    def number(self):
        r"""
        The number `N - r` of independent laws; exact where it is proved.

        EXAMPLES::

            sage: from sage_conslaw import conservation_laws, networks
            sage: r = conservation_laws(networks.linear([2, 1, 2]), seed=0)
            sage: r.number
            1
        """
        # By Frobenius: N - r functions near a generic point are independent and conserved, and no more.
        return self.state_dimension - self.lie_dimension

    @property
    def formula(self):
        r"""
        The number as a Sage expression in the widths, where it is proved for all of them from some on
        (:meth:`formula_where`); else ``None``.

        EXAMPLES::

            sage: from sage_conslaw import count_conservation_laws, networks
            sage: r = count_conservation_laws(networks.transformer_block(96, 192, heads=8), seed=0); r
            1440 independent laws in 74112 parameters (proved under the span condition)
            sage: r.formula
            head_dim^2*heads + head_dim*heads + 2*dim
        """
        counted = self.polynomial_in_sizes()
        return None if counted is None else counted.expression(self._size_names())

    def polynomial_in_sizes(self):
        r"""
        Return the number as a polynomial in the sizes of classes of axes, ``None`` where it is not proved that way, or
        where the number is not: the real network may have more laws than its model.
        """
        if self.status != "proved":
            return None
        if self.counted is not None or self.problem is None:
            # Laws on a region of activation are not those of the model.
            return self.counted if self.counted is not None and self.counted.value == self.number else None

        width = width_of(self.problem.family)
        if width is None:
            return None
        # The formula is that of the families: it is the number only where they are all laws there are.
        found = width.counted(np.random.default_rng(self.seed))
        proved = found.rank + found.laws == self.state_dimension
        return found.formula() if proved and found.laws == self.number else None

    def formula_where(self):
        r"""
        Return from which widths on the formula is proved, and for which it is proved at this value alone.

        EXAMPLES::

            sage: from sage_conslaw import count_conservation_laws, networks
            sage: r = count_conservation_laws(networks.attention(64, 16, heads=4), seed=0)
            sage: print(r.formula_where())
            ('heads >= 2', 'head_dim >= 3', 'dim >= 3', 'dim >= head_dim')
        """
        counted = self.polynomial_in_sizes()
        return () if counted is None else counted.where(self._size_names())

    def _size_names(self):
        return names_of(self.architecture, self.sizes, self.options)

    def certificate(self):
        """Return the certificate of a network of more than 4000 coordinates; below, that of the laws lists them."""
        return certificates.certificate_of_count(self.problem, self)

    def matrix_laws(self):
        r"""
        Return the families of laws as matrix expressions where these are known without a search, in large networks.

        EXAMPLES::

            sage: from sage_conslaw import count_conservation_laws, networks
            sage: count_conservation_laws(networks.lora([768, 768], rank=8), seed=0).matrix_laws()
            [A1^T A1 - B1 B1^T (symmetric 8 x 8: 36 laws)]
        """
        return list(self.families)

    def __hash__(self):
        # Without the laws: equal polynomials of rings with another order of the variables have other hashes.
        return hash((self.architecture, self.sizes, self.flow, self.loss, self.lie_dimension, self.seed))

    def __int__(self):
        """Return the number, where it is proved or probable; bounds are no number."""
        # An upper bound that is used as a number would be taken for one.
        if self.status == "bounded":
            raise InputError(f"the number is not known: it is between {self.laws_at_least} and {self.number}")
        return int(self.number)

    @classmethod
    def from_dict(cls, record):
        r"""
        Return a result from what :meth:`to_dict` wrote; the network itself is not in a record.

        EXAMPLES::

            sage: from sage_conslaw import count_conservation_laws, networks
            sage: r = count_conservation_laws(networks.product(3), seed=0)
            sage: type(r).from_dict(r.to_dict()).number
            2
        """
        return result_from_dict(cls, record)

    def assumption_in_words(self):
        r"""
        Return what the result assumes of the real training dynamics, or why it needs no assumption.

        EXAMPLES::

            sage: from sage_conslaw import conservation_laws, networks
            sage: r = conservation_laws(networks.product(3), seed=0)
            sage: r.assumption, r.assumption_in_words()
            ('none', 'no assumption: the network is polynomial, and the model is the network')
            sage: conservation_laws(networks.relu([2, 2, 1]), seed=0, real=False).assumption
            'span'
        """
        return words(self.real, self.assumption)

    @property
    def remarks(self):
        r"""
        What the model of the optimiser leaves out, and where its laws hold, in lines.

        EXAMPLES::

            sage: from sage_conslaw import count_conservation_laws, flows, networks
            sage: count_conservation_laws(networks.product(2), flow=flows.adam(), seed=0).remarks
            ('the limit of small steps with eps = 0 and without bias correction',
             'from equal moments, parameters with equal or opposite gradients keep their difference or sum')
        """
        # A result that was read from a record has no family.
        return () if self.problem is None else tuple(getattr(self.problem.family, "remarks", ()))

    def _repr_(self):
        return sentence_of_count(self)

    def _repr_html_(self):
        """Return the result as HTML, for notebooks."""
        return html_table(self)

    def citation(self):
        r"""
        Return BibTeX entries of the package and of the papers whose theorems this result used.

        EXAMPLES::

            sage: from sage_conslaw import count_conservation_laws, networks
            sage: text = count_conservation_laws(networks.attention(2, 1), seed=0).citation()
            sage: [line for line in text.splitlines() if line.startswith("@")]
            ['@software{sage_conslaw,',
             '@inproceedings{MGP2023,',
             '@inproceedings{MGP2025,',
             '@inproceedings{Tran2026,']
        """
        return bibtex(keys_for(self.architecture, self.flow, self.algorithm, self.loss))

    def to_dict(self):
        r"""
        Return the result as JSON objects (numbers, strings, lists), with the keys of the command line's contract.

        EXAMPLES::

            sage: from sage_conslaw import count_conservation_laws, networks
            sage: d = count_conservation_laws(networks.product(3), seed=0).to_dict()
            sage: d["number"], d["status"], d["lie_dimension"]
            (2, 'proved', 1)
        """
        # A record that was read comes out as it went in, also with keys of a later version.
        if self.record is not None:
            return dict(self.record)
        record = {
            "architecture": self.architecture,
            "sizes": [int(n) for n in self.sizes],
            "flow": self.flow,
            "loss": self.loss,
            "parameters": self.parameters,
            "state_dimension": self.state_dimension,
            "lie_dimension": self.lie_dimension,
            "lie_sequence": list(self.lie_sequence),
            "number": self.number,
            "status": self.status,
            "error_bound": self.error_bound,
            "assumption": self.assumption,
            "algorithm": self.algorithm,
            "seed": self.seed,
            "seconds": round(self.seconds, 3),
        }
        if self.method is not None:
            record["method"] = self.method
        if self.real is not None and self.real.method != "dynamics":
            record["real"] = self.real.to_dict()
        record.update({"number_at_least": self.laws_at_least, "number_at_most": self.number, "formula": None})
        if self.counted is not None and self.formula is not None:
            record.update({"formula": str(self.formula), "formula_where": list(self.formula_where())})
        if self.further_laws:
            record["further_laws"] = list(self.further_laws)
        if self.region is not None:
            record["region"] = self.region.to_dict()
        if self.blame:
            record["open_segments"] = list(self.blame)
        if self.remarks:
            record["remarks"] = list(self.remarks)
        if self.forgotten:
            record["forgotten"] = list(self.forgotten)
        record.update((key, value) for key, value in self.options)
        return record
