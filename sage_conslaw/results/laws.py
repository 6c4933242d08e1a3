r"""
The laws, and whether the list is complete: the frozen result of a search.
"""
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from .._sage import PolynomialRing, QQ, Unknown
from ..graph.with_eps import holds_for_any_eps
from ..notation.readable import readable
from .. import certificates
from ..exact.terms import to_sage
from ..laws.algebra import LevelSet, generators, relations
from ..notation.evaluation import LawValues
from ..notation.matrix_notation import entries_of_problem, matrix_laws
from .display import latex_table
from .count import LawCount
from .wording import sentence_of_laws


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

    __hash__ = LawCount.__hash__

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
        """
        # Decided when the record was written: the network that tells is not in it.
        if self.record is not None:
            return tuple(self.record.get("eps_zero", ()))
        # Without fields nothing can be asked: a record of before has no such key, and no mark is shown.
        if self.problem is None or not self.terms:
            return ()
        return tuple(i for i, holds in enumerate(holds_for_any_eps(self.problem.family, self.terms)) if not holds)

    @property
    def independent_laws_found(self):
        """How many of the laws found are functionally independent."""
        # Laws that are listed are counted by what is listed.
        if self.independent or not self.families:
            return len(self.independent)
        # Families that are counted and not written are found where all laws are.
        return sum(law.independent for law in self.families if law.form is not None or self.complete is True)

    def _repr_(self):
        return sentence_of_laws(self)

    def certificate(self):
        r"""
        Return the certificate: a record of what is proved that can be rechecked without trusting the search.

        EXAMPLES::

            sage: from sage_conslaw import certificates, conservation_laws, networks
            sage: certificates.check(conservation_laws(networks.relu([2, 2, 1]), seed=0).certificate())
            '2 independent laws in dimension 6, complete: 2 + 4 = 6; relu 2 2 1, least-squares loss, gradient flow, ...'
        """
        return certificates.certificate(self.problem, self)

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
        # Powers of the time that no law has would only multiply the candidates.
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
        return tuple(self.laws[i] for i in self._generators())

    def _generators(self):
        family = None if self.problem is None else self.problem.family
        return generators(list(self.terms), self.degree, family, np.random.default_rng(self.seed))

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
        chosen = [self.terms[i] for i in self._generators()]
        if not chosen:
            return []
        # One variable for each generator, in the order in which they are printed.
        ring = PolynomialRing(QQ, [f"h{i}" for i in range(1, len(chosen) + 1)], len(chosen))
        return [to_sage(f, ring) for f in relations(chosen, degree, np.random.default_rng(self.seed),
                                                      self.problem.family)]

    def level_set(self, point):
        r"""
        Return the level set of the laws through a point.

        EXAMPLES::

            sage: from sage_conslaw import conservation_laws
            sage: R.<u, v> = QQ[]
            sage: conservation_laws([u*v]).level_set([2, 1])
            level set of 1 law through (2, 1), of dimension 1
        """
        variety = None if self.problem is None else self.problem.family.variety
        relations = [] if variety is None else [to_sage(g, self.problem.family.ring()) for g in variety.relations]
        return LevelSet(self.independent_laws, point, relations)

    def readable_laws(self):
        r"""
        Return the laws as text, with the time coordinate written out.

        EXAMPLES::

            sage: from sage_conslaw import conservation_laws, flows
            sage: R.<u, v> = QQ[]
            sage: conservation_laws([u^2 + v^2], flow=flows.momentum(tau=2)).readable_laws()
            ['exp(2*t)*(v*du - u*dv)']
        """
        # Of a system coordinates stand for functions that the user wrote; of a flow they are explained beside the laws.
        functions = self.coordinates if self.flow in ("drift", "family") else ()
        return [readable(law, self.time, self.rate, functions) for law in self.laws]

    def _latex_(self):
        """Return a LaTeX table of the independent laws: law, degree, parameters."""
        return latex_table(self)

    def to_dict(self, matrix_notation=True):
        """Return the result as JSON objects, with the keys about laws."""
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
        if self.time is not None:
            record |= {"time": self.time, "rate": self.rate}
        return record

    def __iter__(self):
        return iter(self.laws)

    def __len__(self):
        return len(self.laws)
