r"""
The variety on which a family lives: coordinates that are bound by relations or are functions of others.

Kepler's problem in the plane is polynomial in `x, y, p_x, p_y` and `u = 1/r`, which are bound by `u^2 (x^2 + y^2) =
1`: five coordinates, a variety of dimension 4.  A polynomial `h` is a law there iff its derivative along each field
lies in the ideal `I` of the variety, so that two laws with the same normal form modulo a Groebner basis of `I` are
one law.  For `I` prime the variety has a generic point, at which ranks are taken.

A function such as `y = \exp(q)` has no polynomial relation to its argument: the graph is dense in the space of all
`(q, y)`, so that identities hold on it iff they hold everywhere, but its tangent space is smaller: `dy - y\,dq = 0`.
Such one-forms are the ``forms`` of the variety, and each takes one dimension away.

What fails: relations with several components, like `x y = 0`, have no generic point; they are refused with their
components.
"""

import numpy as np

from .._sage import QQ, FractionField, PolynomialRing
from ..exact import modular
from ..exact import terms as sparse
from ..exact.arithmetic import ModularArithmetic
from ..exact.primes import UnluckyPrime
from ..exact.linear_algebra import rank
from ..runtime.errors import InputError
from .points import PointFinder, cleared, common_denominator

# A random choice of the free coordinates lifts to a point with probability about one over the degree of the variety.
_TRIES = 4000


class Variety:
    r"""
    An irreducible variety in the space of the moving coordinates, over Q(k), with a tangent space.

    INPUT:

    - ``names``, ``constants`` -- of the family

    - ``relations`` -- sparse polynomials in all coordinates that vanish on it

    - ``irreducible`` -- whether the relations are known to generate a prime ideal

    - ``forms`` -- one-forms `\sum_j w_j dz_j`, as ``{j: sparse polynomial}``, that vanish on its tangent space

    EXAMPLES:

    The circle::

        sage: from fractions import Fraction
        sage: from sage_conslaw.fields.variety import Variety
        sage: one = Fraction(1r)
        sage: circle = Variety(["x", "y"], (), [{(0r, 0r): one, (1r, 1r): one, (): -one}]); circle.dimension
        1
        sage: Variety(["x", "y"], (), [{(0r, 1r): one}])
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: the relations have 2 components: y = 0; x = 0; add relations that leave one of them
    """

    def __init__(self, names, constants, relations, forms=(), irreducible=False):
        self.names, self.constants = list(names), tuple(constants)
        self.relations = [relation for relation in relations if relation]
        self.forms = list(forms)
        self.moving = [i for i in range(len(self.names)) if i not in set(self.constants)]
        self.place = {coordinate: number for number, coordinate in enumerate(self.moving)}
        self.parameters = PolynomialRing(QQ, [self.names[i] for i in self.constants], len(self.constants))
        self.field = FractionField(self.parameters) if self.constants else QQ
        self.ring = PolynomialRing(
            self.field, [self.names[i] for i in self.moving], len(self.moving), order="degrevlex"
        )
        self._parameter = {coordinate: number for number, coordinate in enumerate(self.constants)}
        self._gradients = {}
        self._settle(irreducible)

    def _settle(self, irreducible):
        """Compute the Groebner basis and the dimension, and refuse what is not irreducible."""
        self.basis, self.generators, self.codimension, self.degree = [], [], 0, 1
        if self.relations:
            # A transcendental extension keeps primes and bases, and over Q they are found much faster.
            ring = self.ring if self.has_parameters else self.ring.change_ring(QQ)
            ideal = ring.ideal([ring(self.polynomial(relation)) for relation in self.relations])
            if ideal.is_one():
                raise InputError("the relations have no solution: 1 is a combination of them")
            components = [ideal] if irreducible else ideal.minimal_associated_primes()
            # Two components have two generic points, and a number of laws each.
            if len(components) > 1:
                shown = "; ".join(", ".join(f"{g} = 0" for g in component.gens()) for component in components[:4])
                raise InputError(
                    f"the relations have {len(components)} components: {shown}; add relations that leave one of them"
                )
            # What vanishes on the variety is the prime ideal, which the relations may generate only up to powers.
            self.basis = [self.ring(g) for g in components[0].groebner_basis()]
            given, self.relations = self.relations, [self.terms(g) for g in self.basis]
            self.generators = given if irreducible else self.relations
            self.codimension = len(self.moving) - int(components[0].dimension())
            # Bezout's bound, in the parameters too, which are drawn like the other coordinates.
            for relation in self.relations:
                self.degree *= max(1, *map(len, relation))
        self.dimension = len(self.moving) - self.codimension - len(self.forms)

    def polynomial(self, terms):
        """Return a sparse polynomial in all coordinates as one over the rational functions of the parameters."""
        parts = {}
        for monomial, value in terms.items():
            exponents = [0] * len(self.moving)
            for i in monomial:
                if i in self.place:
                    exponents[self.place[i]] += 1
            power = tuple(self._parameter[i] for i in monomial if i in self._parameter)
            parts.setdefault(tuple(exponents), {})[power] = value
        if not self.constants:
            return self.ring({e: QQ((part[()].numerator, part[()].denominator)) for e, part in parts.items()})
        return self.ring({e: self.field(sparse.to_sage(part, self.parameters)) for e, part in parts.items()})

    def terms(self, polynomial):
        """Return a multiple of a polynomial over the rational functions of the parameters as a sparse one in all
        coordinates."""
        return self.field_terms([polynomial])[0]

    def field_terms(self, polynomials):
        """Return several polynomials times their common denominator, as :meth:`terms` does with one."""
        common = common_denominator(polynomials, self.parameters)
        found = [cleared(f, self.moving, self.constants, self.parameters, common) for f in polynomials]
        return [dict(sorted(out.items(), key=lambda item: (len(item[0]), item[0]))) for out in found]

    def fields(self, fields):
        """Return sparse fields as lists of elements of :attr:`ring`, in the moving coordinates, reduced."""
        return [[self.normal_form(self.polynomial(field[i])) for i in self.moving] for field in fields]

    def normal_form(self, polynomial):
        """Return the remainder of an element of :attr:`ring` modulo the ideal."""
        return polynomial.reduce(self.basis) if self.basis else polynomial

    def contains(self, terms):
        """Decide exactly whether a sparse polynomial vanishes on the variety."""
        return not self.normal_form(self.polynomial(terms))

    def inverse(self, polynomial):
        """Return an element that times the given one is 1 modulo the ideal, ``None`` if there is none."""
        # 1 = a g + elements of the ideal: a is the inverse.
        ideal = self.ring.ideal([*self.basis, polynomial])
        return self.normal_form(self.ring.one().lift(ideal)[-1]) if ideal.is_one() else None

    def is_standard(self, monomial):
        """Say whether a monomial, a tuple of coordinates, is its own normal form: no leading monomial divides it."""
        if not hasattr(self, "_leading"):
            self._leading = [
                [(self.moving[j], int(e)) for j, e in enumerate(g.lm().exponents()[0]) if e] for g in self.basis
            ]
        return not any(all(monomial.count(i) >= e for i, e in lead) for lead in self._leading)

    @property
    def has_parameters(self):
        """Whether the relations have parameters in them."""
        return any(i in self._parameter for relation in self.relations for m in relation for i in m)

    def degenerate(self):
        """Return the irreducible polynomials in the parameters where a leading coefficient of the relations vanishes:
        outside of them the relations have the same leading monomials as generically."""
        if not self.constants:
            return []
        factors = {}
        for g in self.basis:
            for value in g.coefficients():
                factors.update(dict.fromkeys(f for f, _ in self.parameters(value.denominator()).factor()))
        return list(factors)

    def reduced(self, terms, p, constants=()):
        """Return the normal form modulo ``p`` of a polynomial with residues as coefficients, at given values of the
        parameters."""
        # Makes the table of leading monomials, if there is none yet.
        self.is_standard(())
        known = dict(zip(self.constants, constants))
        out, rest = {}, dict(terms)
        while rest:
            monomial, value = rest.popitem()
            at = next((n for n, lead in enumerate(self._leading) if all(monomial.count(i) >= e for i, e in lead)), None)
            if at is None:
                out[monomial] = (out.get(monomial, 0) + value) % p
                continue
            factor = list(monomial)
            for i, e in self._leading[at]:
                for _ in range(e):
                    factor.remove(i)
            lead = tuple(i for i, e in self._leading[at] for _ in range(e))
            # Division by a Groebner basis: each step removes a term that a leading monomial divides, in any order.
            relation = sparse.specialised(self.terms(self.basis[at]), known, p)
            scale = value * pow(relation[lead], -1, p) % p
            for other, c in relation.items():
                if other != lead:
                    key = tuple(sorted((*factor, *other)))
                    rest[key] = (rest.get(key, 0) - scale * c) % p
        return {monomial: value for monomial, value in out.items() if value}

    def point(self, generator, p, constants=None):
        """
        Return a random smooth point modulo ``p``, with random or given constants; :class:`UnluckyPrime` if none is
        found.
        """
        n = len(self.names)
        # Without relations every point is one of the variety.
        if not self.relations:
            z = modular.random_array(generator, (n,), p)
            if constants is not None:
                z[list(self.constants)] = constants
            return z
        if not hasattr(self, "_finder"):
            self._finder = PointFinder(self)
        # With given constants a root may exist for no choice of the others: x^2 = k.
        for _ in range(_TRIES if constants is None else _TRIES // 100):
            z = self._finder.attempt(generator, p, constants)
            # Leading coefficients that do not vanish make division by the basis, and so the zeros seen here, those of
            # the variety.
            if (
                z is not None
                and self._leads(z, p)
                and rank(self.normals(z, p), p) == self.codimension + len(self.forms)
            ):
                return z
        raise UnluckyPrime("no point of the variety was found modulo the prime")

    def _leads(self, z, p):
        """Say whether no leading coefficient, a polynomial in the parameters, vanishes at a point."""
        if not self.constants:
            return True
        for g, relation in zip(self.basis, self.relations):
            lead = tuple(self.moving[j] for j, e in enumerate(g.lm().exponents()[0]) for _ in range(int(e)))
            part = {}
            for monomial, value in relation.items():
                if tuple(i for i in monomial if i in self.place) == lead:
                    part[tuple(i for i in monomial if i not in self.place)] = value
            if not sparse.PolynomialMap([part], len(self.names))(ModularArithmetic(p), z)[0]:
                return False
        return True

    def normals(self, z, p):
        """Return rows that span the one-forms vanishing on the tangent space at a point, in all coordinates."""
        return self.evaluated([*self._differentials(), *self.forms], z, p)

    def _differentials(self):
        if not hasattr(self, "_rows"):
            self._rows = [
                {i: part for i, part in sparse.derivatives(relation).items() if i in self.place}
                for relation in self.relations
            ]
        return self._rows

    def evaluated(self, forms, z, p):
        n = len(self.names)
        out = np.zeros((len(forms), n), dtype=np.int64)
        entries = [(row, i, part) for row, form in enumerate(forms) for i, part in form.items()]
        if entries:
            values = sparse.PolynomialMap([part for _, _, part in entries], n)(ModularArithmetic(p), z)
            out[[row for row, _, _ in entries], [i for _, i, _ in entries]] = values
        return out
