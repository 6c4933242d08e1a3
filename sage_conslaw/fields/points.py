r"""
Random points of a variety modulo a prime: free coordinates at random, the others as roots, one after the other.

Over the rational functions of a maximal set of independent coordinates the ideal of a variety is zero-dimensional.
Its lexicographic Groebner basis has for each bound coordinate a polynomial in it and the earlier ones; modulo a prime
its roots are found by FLINT.  On `u^2 (x^2 + y^2) = 1` with `x, y` free, `u` is a root of `g u^2 - 1`: there is one
for every other choice.
"""

from flint import nmod_poly

from .._sage import FractionField, PolynomialRing, TermOrder
from ..exact import modular
from ..exact import terms as sparse


class PointFinder:
    """The triangular equations of a variety, and their solution at random."""

    def __init__(self, variety):
        self.variety = variety
        self.relations = variety.relations
        free = self._independent(variety)
        self.bound = [i for i in variety.moving if i not in free]
        self.chain = self._triangular(variety, sorted(free))

    def _independent(self, variety):
        """Return a maximal set of coordinates among which no relation holds, preferring that bound ones occur in
        low degree."""
        leading = [{j for j, e in enumerate(g.lm().exponents()[0]) if e} for g in variety.basis]
        # A set that meets no leading monomial fully is independent (Kredel and Weispfenning 1988); grown to the right
        # size.
        wanted, order = len(variety.moving) - variety.codimension, self._order(variety)
        found = self._search(order, leading, wanted, set())
        return {variety.moving[j] for j in found}

    def _order(self, variety):
        """Return the coordinates, those that occur in the highest powers first: the last are bound, by equations of
        low degree."""
        power = [max(int(g.degree(x)) for g in variety.basis) for x in variety.ring.gens()]
        return sorted(range(len(power)), key=lambda j: (power[j] > 1, j) if power[j] else (-1, j))

    def _search(self, order, leading, wanted, chosen):
        if len(chosen) == wanted:
            return chosen
        for number, j in enumerate(order):
            if len(order) - number < wanted - len(chosen):
                return None
            grown = chosen | {j}
            if any(lead <= grown for lead in leading):
                continue
            found = self._search(order[number + 1 :], leading, wanted, grown)
            if found is not None:
                return found
        return None

    def _triangular(self, variety, free):
        """Return for each bound coordinate, in turn, the coordinate and a relation in it, earlier ones and free
        ones."""
        names = [variety.names[i] for i in [*variety.constants, *free]]
        scalars = PolynomialRing(
            variety.field.base_ring() if not variety.constants else variety.parameters.base_ring(), names, len(names)
        )
        over = FractionField(scalars) if names else scalars.base_ring()
        bound = [variety.names[i] for i in self.bound]
        # Lexicographic, last bound coordinate first: the elimination ideals are read off the basis.
        ring = PolynomialRing(over, bound[::-1], len(bound), order=TermOrder("lex", len(bound)))
        known = {name: over(g) for name, g in zip(names, scalars.gens())} | dict(zip(bound[::-1], ring.gens()))
        ideal = ring.ideal([self._moved(relation, ring, known) for relation in self.relations])
        basis = list(ideal.groebner_basis())
        chain, places = [], {name: i for i, name in enumerate(variety.names)}
        for number, name in enumerate(bound):
            x, allowed = ring(name), set(bound[: number + 1])
            own = [
                g
                for g in basis
                if g.degree(x) > 0
                and {str(v) for v in g.variables()} <= allowed
                and g.lm().degree(x) == g.lm().degree()
            ]
            # Its leading monomial is a power of x alone, so that the earlier values leave a polynomial of full degree
            # in x.
            chain.append((self.bound[number], self._sparse(min(own, key=lambda g: g.degree(x)), scalars, places)))
        return chain

    def _moved(self, relation, ring, known):
        total = ring.zero()
        for monomial, value in relation.items():
            term = ring(known[self.variety.names[monomial[0]]]) if monomial else ring.one()
            for i in monomial[1:]:
                term *= known[self.variety.names[i]]
            total += term * value.numerator / value.denominator
        return total

    def _sparse(self, polynomial, scalars, places):
        """Return a multiple with polynomial coefficients as a sparse polynomial in all coordinates."""
        own, other = ([places[n] for n in ring.variable_names()] for ring in (polynomial.parent(), scalars))
        return cleared(polynomial, own, other, scalars, common_denominator([polynomial], scalars))

    def attempt(self, generator, p, constants=None):
        """Return a random point modulo ``p``, with given constants if there are; ``None`` if a root is missing."""
        z = modular.random_array(generator, (len(self.variety.names),), p)
        if constants is not None:
            z[list(self.variety.constants)] = constants
        values = [int(x) for x in z]
        for coordinate, equation in self.chain:
            # Values found so far are put in, and one unknown is left.
            roots = _roots(equation, coordinate, values, p)
            if not roots:
                return None
            values[coordinate] = z[coordinate] = roots[int(generator.integers(len(roots)))]
        # A chain is part of the basis: points of other components of its zeros are thrown away here.
        return z if not any(sparse.value_at(relation, values, p) for relation in self.relations) else None


def common_denominator(polynomials, scalars):
    """Return the common denominator of polynomials over the fractions of a ring, or over the rationals: 1."""
    common = scalars.one()
    for value in (c for polynomial in polynomials for c in polynomial.coefficients() if scalars.ngens()):
        common = common.lcm(scalars(value.denominator()))
    return common


def cleared(polynomial, own, other, scalars, common):
    """Return ``common`` times a polynomial over the fractions of ``scalars`` as a sparse one, its variables at the
    places ``own`` and those of the scalars at ``other``."""
    out = {}
    for exponents, value in polynomial.dict().items():
        monomial = tuple(own[j] for j, e in enumerate(exponents) for _ in range(int(e)))
        for power, coefficient in sparse.from_sage(scalars(value * common)).items():
            out[tuple(sorted(monomial + tuple(other[i] for i in power)))] = coefficient
    return out


def _roots(equation, coordinate, values, p):
    coefficients = {}
    for monomial, value in equation.items():
        power = monomial.count(coordinate)
        rest = {tuple(i for i in monomial if i != coordinate): value}
        coefficients[power] = (coefficients.get(power, 0) + sparse.value_at(rest, values, p)) % p
    # Roots in GF(p) only: with another choice of the free coordinates there is one for some.
    polynomial = nmod_poly([coefficients.get(e, 0) for e in range(max(coefficients) + 1)], p)
    if polynomial.degree() < 1:
        return []
    if polynomial.degree() == 1:
        return [int(-polynomial[0] / polynomial[1])]
    return sorted(int(-factor[0] / factor[1]) for factor, _ in polynomial.factor()[1] if factor.degree() == 1)
