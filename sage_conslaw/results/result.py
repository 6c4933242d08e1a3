r"""
The frozen results of a search and of a count.
"""
import numpy as np
from dataclasses import dataclass, field
from functools import cached_property

from ..runtime.errors import InputError
from .._sage import PolynomialRing, QQ, SageObject, Unknown
from ..graph.with_eps import holds_for_any_eps
from ..notation.readable import readable
from ..real.verdict import words
from ..certificates.record import certificate
from ..exact.terms import to_sage
from ..laws.algebra import LevelSet, generators, relations
from ..notation.evaluation import LawValues
from ..notation.matrix_notation import entries_of_problem, matrix_laws
from ..structure.formula import names_of
from ..structure.true_width import width_of
from .citation import bibtex, keys_for
from .display import html_table, latex_table
from .reading import result_from_dict

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
        Return the number as a polynomial in the sizes of classes of axes, ``None`` where it is not proved that way.

        EXAMPLES::

            sage: from sage_conslaw import count_conservation_laws, networks
            sage: count_conservation_laws(networks.relu([4, 3, 5]), seed=0).polynomial_in_sizes().terms
            {(3,): Fraction(1, 1)}
        """
        if self.counted is not None or self.problem is None:
            return self.counted

        width = width_of(self.problem.family)
        if width is None:
            return None
        rank, laws = width.bounds(np.random.default_rng(self.seed))
        return width.formula() if rank + laws == self.state_dimension else None

    def formula_where(self):
        r"""
        Return from which widths on the formula is proved.

        EXAMPLES::

            sage: from sage_conslaw import count_conservation_laws, networks
            sage: r = count_conservation_laws(networks.attention(64, 16, heads=4), seed=0)
            sage: print(r.formula_where())
            ('heads >= 3', 'head_dim >= 3', 'dim >= 5', 'dim >= head_dim', 'dim >= head_dim + 2')
        """
        counted = self.polynomial_in_sizes()
        return () if counted is None else counted.where(self._size_names())

    def _size_names(self):
        return names_of(self.architecture, self.sizes, self.options)

    def matrix_laws(self):
        r"""
        Return the families of laws as matrix expressions where these are known without a search, in large networks.

        EXAMPLES::

            sage: from sage_conslaw import count_conservation_laws, networks
            sage: count_conservation_laws(networks.lora([768, 768], rank=8), seed=0).matrix_laws()
            [A1^T A1 - B1 B1^T (symmetric 8 x 8: 36 laws)]
        """
        return list(self.families)

    def __int__(self):
        r"""
        Return the number, where it is proved or probable; bounds are no number.

        EXAMPLES::

            sage: from sage_conslaw import count_conservation_laws, networks
            sage: int(count_conservation_laws(networks.linear([2, 1, 2]), seed=0))
            1
        """
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

    def _proved(self):
        """Say of what a proved result is proved."""
        if self.flow in ("drift", "family"):
            # The fields are the dynamics.
            return "proved"
        return "proved, no assumption" if self.assumption == "none" else "proved under the span condition"

    def _more(self):
        """Say that the real network may have laws that the model has not."""
        missing = self.number - self.laws_at_least
        if self.real is None or not self.real.less or not missing:
            return ""
        return f": the real network may have {missing} more"

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
        return () if self.problem is None else tuple(getattr(self.problem.family, "remarks", ()))

    def _space(self):
        if self.flow in ("drift", "family"):
            return _count(self.state_dimension, "coordinate")
        if self.state_dimension != self.parameters:
            return f"{_count(self.state_dimension, 'state coordinate')} ({_count(self.parameters, 'parameter')})"
        return _count(self.parameters, "parameter")

    def _bounded(self):
        return "; ".join(["bounded", *self.forgotten])

    def _certainty(self):
        if self.status == "proved":
            return self._proved()
        if self.error_bound is None:
            return self.status
        return f"probable, error at most {self.error_bound:.1e}"

    def _repr_(self):
        if self.status == "bounded":
            return (
                f"between {self.laws_at_least} and {_laws(self.number)} in {self._space()} "
                f"({self._bounded()}){self._more()}"
            )
        return f"{_laws(self.number)} in {self._space()} ({self._certainty()}){self._where()}"

    def _where(self):
        """Say where the number holds, if it holds on a region only."""
        return "" if self.region is None else f", {self.region.where()}"

    def _repr_html_(self):
        r"""
        Return the result as HTML, for notebooks.

        EXAMPLES::

            sage: from sage_conslaw import count_conservation_laws, networks
            sage: count_conservation_laws(networks.product(3), seed=0)._repr_html_()
            '<p><b>2 independent laws in 3 parameters (proved, no assumption)</b></p>'
        """
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
        if self.counted is not None:
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


@dataclass(frozen=True, repr=False, kw_only=True)
class ConservationLaws(LawCount):
    r"""
    All polynomial conservation laws up to a degree, the number of all laws, and whether the list is complete.

    Attributes, beyond those of :class:`LawCount`: ``laws``, a basis of the polynomial laws without the constants, each
    conserved exactly; ``time_degree``, set if the search was in powers of the time up to this degree times monomials of
    degree ``degree - time_degree`` in the other coordinates; ``coordinates``, what state coordinates other than the
    parameters stand for; ``independent``, the indices of laws that are functionally independent; ``degree``;
    ``searched``, a line that says which polynomials were searched and how; ``complete``,
    ``True`` only if proved, ``False`` if the count is proved larger than what was found, else ``Unknown``.

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, networks
        sage: r = conservation_laws(networks.product(3), seed=0); r
        2 independent laws of degree at most 2 in 3 parameters, complete (proved, no assumption)
        sage: r.laws
        (x1^2 - x2^2, x1^2 - x3^2)
        sage: r.complete, r.status
        (True, 'proved')
        sage: TestSuite(r).run()
    """

    laws: tuple = ()
    independent: tuple = ()
    degree: int = 2
    complete: object = Unknown
    time: object = None
    rate: object = None
    coordinates: tuple = ()
    time_degree: object = None
    searched: str = ""
    terms: tuple = field(default=(), compare=False)

    @property
    def independent_laws(self):
        r"""
        Laws that are functionally independent, as many as there are among those found; ``laws`` has their products and
        combinations too.

        EXAMPLES::

            sage: from sage_conslaw import conservation_laws, networks
            sage: r = conservation_laws(networks.linear([1, 2, 1]), seed=0)
            sage: len(r.laws), len(r.independent_laws), r.number
            (4, 3, 3)
        """
        return tuple(self.laws[i] for i in self.independent)

    @cached_property
    def eps_zero(self):
        r"""
        The indices of laws that need normalisations without a constant below the root; all others hold for any
        `\epsilon`.

        EXAMPLES::

            sage: from sage_conslaw import conservation_laws, networks
            sage: r = conservation_laws(networks.normalised(2, 2, 1, norm="rms"), seed=0)
            sage: [r.laws[i] for i in r.eps_zero]
            [W_1_1^2 + W_1_2^2 + W_2_1^2 + W_2_2^2]
            sage: conservation_laws(networks.linear([2, 1, 2]), seed=0).eps_zero
            ()
        """
        if self.record is not None:
            return tuple(self.record.get("eps_zero", ()))
        if self.problem is None or not self.terms:
            return ()
        return tuple(i for i, holds in enumerate(holds_for_any_eps(self.problem.family, self.terms)) if not holds)

    @property
    def independent_laws_found(self):
        r"""
        How many of the laws found are functionally independent.

        EXAMPLES::

            sage: from sage_conslaw import conservation_laws, networks
            sage: r = conservation_laws(networks.linear([2, 1, 2]), seed=0)
            sage: r.independent_laws_found
            1
        """
        if self.independent or not self.families:
            return len(self.independent)
        # Families that are counted and not written are found where all laws are.
        return sum(law.independent for law in self.families if law.form is not None or self.complete is True)

    def _repr_(self):
        found = f"{_laws(self.independent_laws_found)} of degree at most {self.degree} in {self._space()}"
        if self.complete is True:
            return f"{found}, complete ({self._proved()})"
        if self.complete is False:
            more = self.laws_at_least - len(self.independent)
            least = "" if self.laws_at_least == self.number else "at least "
            if self.region is not None:
                return (
                    f"{found}; {least}{more} more hold{'s' if more == 1 else ''} {self.region.where()} "
                    f"({self._certainty()})"
                )
            return (
                f"{found}; {least}{more} more exist{'s' if more == 1 else ''}, not polynomial of this degree "
                f"({self._proved()})"
            )
        if len(self.independent) == self.number:
            return f"{found}, complete ({self._certainty()})"
        chance = "" if self.error_bound is None else f"; {self.number} but for a probability of {self.error_bound:.1e}"
        return f"{found}; between {self.laws_at_least} and {self.number} in all ({self.status}{chance}){self._more()}"

    def certificate(self):
        r"""
        Return the certificate: a record of what is proved that can be rechecked without trusting the search.

        EXAMPLES::

            sage: from sage_conslaw import certificates, conservation_laws, networks
            sage: certificates.check(conservation_laws(networks.relu([2, 2, 1]), seed=0).certificate())
            '2 independent laws in dimension 6, complete: 2 + 4 = 6; relu 2 2 1, least-squares loss, gradient flow, ...'
        """
        return certificate(self.problem, self)

    def matrix_laws(self):
        r"""
        Return the matrix expressions whose entries are laws, each verified to lie in the span of the laws found.

        EXAMPLES::

            sage: from sage_conslaw import conservation_laws, networks
            sage: conservation_laws(networks.linear([3, 2, 3]), loss="cross-entropy", seed=0).matrix_laws()
            [U2 1 (2 laws), U1^T U1 - U2 U2^T (symmetric 2 x 2: 3 laws)]
            sage: conservation_laws(networks.normalised(3, 2, 2, norm="rms"), seed=0).matrix_laws()
            [g[j]^2 - |U[j,:]|^2 for each j (2 laws), |W|^2 (1 law)]
            sage: R.<u, v> = QQ[]
            sage: conservation_laws([u*v]).matrix_laws()          # no parameters with shapes
            []
        """
        if self.families:
            return list(self.families)
        if self.problem is None or not self.problem.shapes or not self.terms or self.problem.family.constants:
            return []
        clock = self.problem.family.time
        highest = 0 if clock is None else max(monomial.count(clock) for law in self.terms for monomial in law)
        return matrix_laws(self.terms, entries_of_problem(self.problem, highest), np.random.default_rng(self.seed),
                           len(self.independent))

    def evaluate(self, parameters):
        r"""
        Return the value of every law at given parameters: a matrix for a matrix expression, a vector for one law an
        index, else a number.

        INPUT:

        - ``parameters`` -- a module of PyTorch, its ``state_dict``, a mapping of the parameters' names to arrays, or
          one array of all coordinates

        OUTPUT: a dictionary from the law as it is printed to its value, a tensor on the module's device or an array of
        numpy; laws that are counted and not written ("3 more in ...") have none

        In large networks nothing is written out: a law is a sum of squares, or a product of matrices, of the module's
        own arrays.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw import conservation_laws, networks
            sage: r = conservation_laws(networks.linear([2, 1, 2]), seed=0)
            sage: r.evaluate({"U1": [[1.0], [2.0]], "U2": [[3.0, 4.0]]})
            {'|U1|^2 - |U2|^2': array([-20.])}
            sage: r = conservation_laws(networks.lora([768, 768], rank=8), seed=0)
            sage: values = r.evaluate({"A1": numpy.ones((768, 8)), "B1": numpy.zeros((8, 768))})
            sage: values["A1^T A1 - B1 B1^T"].shape
            (8, 8)
            sage: R.<u, v> = QQ[]
            sage: float(conservation_laws([u*v], seed=0).evaluate({"u": 2, "v": 1})["u^2 - v^2"])
            3.0
        """
        laws = LawValues.of(self)
        return laws.values(laws.state(parameters))

    def generators(self):
        r"""
        Return a minimal generating set of the algebra of the laws found, up to the degree searched.

        EXAMPLES::

            sage: from sage_conslaw import conservation_laws, networks
            sage: r = conservation_laws(networks.linear([1, 1, 2]), loss="cross-entropy"); len(r.laws), r.generators()
            (3, (U2_1_1 + U2_1_2, U1_1_1^2 - U2_1_1^2 - U2_1_2^2))
        """
        return tuple(self.laws[i] for i in generators(list(self.terms), self.degree))

    def relations(self, degree=2):
        r"""
        Return minimal polynomial relations up to a degree between the generators, as polynomials in ``h1, h2, ...``

        EXAMPLES:

        With one input, one output and two hidden neurons there are four quadratic laws, three of them independent::

            sage: from sage_conslaw import conservation_laws, networks
            sage: r = conservation_laws(networks.linear([1, 2, 1]), seed=0)
            sage: r.generators()
            (U1_1_1^2 - U2_1_1^2,
             U1_1_1*U1_1_2 - U2_1_1*U2_2_1,
             U1_1_2*U2_1_1 - U1_1_1*U2_2_1,
             U1_1_2^2 - U2_2_1^2)
            sage: r.relations(2)
            [-h2^2 + h3^2 + h1*h4]

        Independent laws have none::

            sage: conservation_laws(networks.linear([2, 2, 2]), seed=0).relations(3)
            []
        """
        chosen = [self.terms[i] for i in generators(list(self.terms), self.degree)]
        if not chosen:
            return []
        ring = PolynomialRing(QQ, [f"h{i}" for i in range(1, len(chosen) + 1)], len(chosen))
        return [to_sage(f, ring) for f in relations(chosen, degree, np.random.default_rng(self.seed))]

    def level_set(self, point):
        r"""
        Return the level set of the laws through a point.

        EXAMPLES::

            sage: from sage_conslaw import conservation_laws
            sage: R.<u, v> = QQ[]
            sage: conservation_laws([u*v]).level_set([2, 1])
            level set of 1 law through (2, 1), of dimension 1
        """
        return LevelSet([self.laws[i] for i in self.independent], point)

    def readable_laws(self):
        r"""
        Return the laws as text, with the time coordinate written out.

        EXAMPLES::

            sage: from sage_conslaw import conservation_laws, flows
            sage: R.<u, v> = QQ[]
            sage: conservation_laws([u^2 + v^2], flow=flows.momentum(tau=2)).readable_laws()
            ['exp(2*t)*(v*du - u*dv)']
        """
        functions = self.coordinates if self.flow in ("drift", "family") else ()
        return [readable(law, self.time, self.rate, functions) for law in self.laws]

    def _latex_(self):
        r"""
        Return a LaTeX table of the independent laws: law, degree, parameters.

        EXAMPLES::

            sage: from sage_conslaw import conservation_laws, networks
            sage: print(latex(conservation_laws(networks.product(2), seed=0)))
            \begin{array}{lll}
            \text{law} & \text{degree} & \text{parameters} \\ \hline
            x_{1}^{2} - x_{2}^{2} & 2 & \text{x1, x2}
            \end{array}
        """
        return latex_table(self)

    def to_dict(self, matrix_notation=True):
        r"""
        Return the result as JSON objects, with the keys about laws.

        EXAMPLES::

            sage: from sage_conslaw import conservation_laws, networks
            sage: r = conservation_laws(networks.linear([2, 1, 2]), seed=0)
            sage: r.to_dict()["laws"]
            ['U1_1_1^2 + U1_2_1^2 - U2_1_1^2 - U2_1_2^2']
        """
        if self.record is not None:
            return dict(self.record)
        record = super().to_dict()
        record.update({
            "independent_laws_found": len(self.independent), "laws": [str(law) for law in self.laws],
            "independent": list(self.independent), "degree": self.degree, "searched": self.searched,
            "complete": self.complete if isinstance(self.complete, bool) else None,
        })
        if self.eps_zero:
            record["eps_zero"] = list(self.eps_zero)
        # A quarter of the time of a small case: sweeps leave it out.
        if matrix_notation:
            record["matrix_notation"] = list(map(str, self.matrix_laws()))
        if self.coordinates:
            record["coordinates"] = dict(self.coordinates)
            # A search in degree 2, say, times powers of the time is not a search of all monomials of the total degree.
            record["degree_in_time"] = self.time_degree
            record["readable_laws"] = self.readable_laws()
        return record

    def __iter__(self):
        return iter(self.laws)

    def __len__(self):
        return len(self.laws)


def _count(number, noun):
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _laws(number):
    return _count(number, "independent law")


__all__ = ["ConservationLaws", "LawCount"]
