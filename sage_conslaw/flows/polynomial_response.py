r"""
The response `f(\theta; \xi) = \sum_i \xi_i \phi_i(\theta)` of a local reparameterisation given as polynomials.
"""
from ..exact import modular
from ..exact import terms as sparse
from .._sage import PolynomialRing, QQ


class PolynomialResponse:
    r"""
    The response of a given `\phi` ([MGP2023]_, Definition 2.5).

    INPUT:

    - ``names`` -- names of the parameters

    - ``components`` -- the components of `\phi` as sparse polynomials

    EXAMPLES::

        sage: from sage_conslaw.expressions.polynomials import parse_polynomials
        sage: from sage_conslaw.flows.polynomial_response import PolynomialResponse
        sage: PolynomialResponse(*parse_polynomials(["x*y", "x^2"])).dimension
        2
    """

    def __init__(self, names, components):
        self.names, self.components = list(names), [f for f in components if sparse.degree(f)]
        self.dimension = len(self.names)
        self.leaf_starts = [0]
        self.gradients = [sparse.derivatives(f) for f in self.components]
        flat = [g.get(j, {}) for g in self.gradients for j in range(self.dimension)]
        self._map = sparse.PolynomialMap(flat, self.dimension)
        self.degree = 1 + max(map(sparse.degree, self.components), default=0)

    def draw(self, generator, p, batch):
        r"""
        Return random coefficients of the components, one row a field.

        EXAMPLES::

            sage: import numpy
            sage: from fractions import Fraction
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.flows.polynomial_response import PolynomialResponse
            sage: f, A = PolynomialResponse(["u", "v"], [{(0r, 1r): Fraction(1r)}]), ModularArithmetic(101r)
            sage: f.draw(numpy.random.default_rng(0r), 101r, 3r).shape
            (3, 1)
        """
        return modular.random_array(generator, (batch, len(self.components)), p)

    @property
    def data_size(self):
        r"""
        How many components there are.

        EXAMPLES::

            sage: import numpy
            sage: from fractions import Fraction
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.flows.polynomial_response import PolynomialResponse
            sage: f, A = PolynomialResponse(["u", "v"], [{(0r, 1r): Fraction(1r)}]), ModularArithmetic(101r)
            sage: f.data_size
            1
        """
        return len(self.components)

    def data_from_numbers(self, p, rows):
        r"""
        Return the data variables from lists of numbers, one a field.

        EXAMPLES::

            sage: import numpy
            sage: from fractions import Fraction
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.flows.polynomial_response import PolynomialResponse
            sage: f, A = PolynomialResponse(["u", "v"], [{(0r, 1r): Fraction(1r)}]), ModularArithmetic(101r)
            sage: f.data_from_numbers(101r, [[102r]])
            array([[1]])
        """
        return modular.residues(rows, (len(rows), len(self.components)), p)

    def gradient(self, A, theta, data):
        r"""
        Return the gradients of the response, shape ``(batch, dimension)``.

        EXAMPLES::

            sage: import numpy
            sage: from fractions import Fraction
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.flows.polynomial_response import PolynomialResponse
            sage: f, A = PolynomialResponse(["u", "v"], [{(0r, 1r): Fraction(1r)}]), ModularArithmetic(101r)
            sage: f.gradient(A, numpy.array([3r, 5r]), numpy.array([[1r]]))
            array([[5, 3]])
        """
        shape = (len(self.components), self.dimension)
        rows = A.reshape(self._map(A, theta), (shape[0] * shape[1],), shape)
        return A.contract("k,kn->n", A.embed(data), rows)

    def weight_relations(self, lattice):
        r"""
        Return weights of the parameters, and for each component its weight and its variables.

        EXAMPLES::

            sage: import numpy
            sage: from fractions import Fraction
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.flows.polynomial_response import PolynomialResponse
            sage: f, A = PolynomialResponse(["u", "v"], [{(0r, 1r): Fraction(1r)}]), ModularArithmetic(101r)
            sage: from sage_conslaw.laws.gradings import WeightLattice
            sage: parameters, outputs = f.weight_relations(WeightLattice())
            sage: len(parameters), len(outputs)
            (2, 1)
        """
        parameters = lattice.unknowns(self.dimension)
        outputs = []
        for component, gradient in zip(self.components, self.gradients):
            weight = lattice.unknowns(1)[0]
            for monomial in component:
                if monomial:
                    lattice.relation({weight: 1}, *({parameters[i]: -1} for i in monomial))
            outputs.append((weight, list(gradient)))
        return parameters, outputs

    def symbols_needed(self):
        r"""
        Return how many fresh symbols :meth:`annihilated_by` may take: none.

        EXAMPLES::

            sage: import numpy
            sage: from fractions import Fraction
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.flows.polynomial_response import PolynomialResponse
            sage: f, A = PolynomialResponse(["u", "v"], [{(0r, 1r): Fraction(1r)}]), ModularArithmetic(101r)
            sage: f.symbols_needed()
            0
        """
        return 0

    def annihilated_by(self, ring, direction, symbols, state):
        r"""
        Decide exactly whether the derivative of every component along the direction vanishes.

        EXAMPLES::

            sage: import numpy
            sage: from fractions import Fraction
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.flows.polynomial_response import PolynomialResponse
            sage: f, A = PolynomialResponse(["u", "v"], [{(0r, 1r): Fraction(1r)}]), ModularArithmetic(101r)
            sage: from sage_conslaw.exact.polynomials import PolynomialSpace
            sage: R = PolynomialSpace(2r)
            sage: u, v = R.gens()
            sage: f.annihilated_by(R, {0r: u, 1r: -v}, [], [u, v])
            True
        """
        first = ring.gens().index(state[0])
        for gradient in self.gradients:
            total = ring.zero()
            for j, factor in direction.items():
                if j in gradient:
                    total += factor * ring.from_terms(sparse.shifted(gradient[j], first))
            if total:
                return False
        return True

    def local_reparameterisation(self):
        r"""
        Return the components of phi as Sage polynomials over QQ.

        EXAMPLES::

            sage: import numpy
            sage: from fractions import Fraction
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.flows.polynomial_response import PolynomialResponse
            sage: f, A = PolynomialResponse(["u", "v"], [{(0r, 1r): Fraction(1r)}]), ModularArithmetic(101r)
            sage: f.local_reparameterisation()
            [u*v]
        """
        ring = PolynomialRing(QQ, self.names, len(self.names))
        return [sparse.to_sage(f, ring) for f in self.components]
