r"""
The laws on a branch of the parameters: which of them are new, and each of them exact.

A drop found by :mod:`.exceptional` is a variety and the blocks whose kernels grow there.  The laws there are found by a
run of their own, on the family restricted to the variety; new are those that are no polynomials in the generic laws and
in the laws of larger branches.
"""
from dataclasses import dataclass

import numpy as np

from ..exact import modular
from ..exact.primes import UnluckyPrime, random_prime
from ..exact.linear_algebra import rank
from ..exact.sparse_elimination import minus_multiple, sparse_kernel
from ..exact import terms as sparse
from ..fields.explicit import VectorFieldFamily
from ..fields.variety import Variety
from .algebraic import AlgebraicField
from .rank_drops import DropSearch
from ..laws.independence import jacobian
from ..laws.kernel import polynomial_laws
from ..function_fields.parametric import cleared, polynomial_over_constants, residue
from ..laws.coefficients import coefficient_rows
from ..runtime.errors import InputError

# An irreducible polynomial of degree d has a root modulo a prime with probability at least 1/d (Chebotarev): 200 primes
# miss one of degree 20 with probability 4e-5, and then the branch is named as not followed.
_PRIMES = 200


@dataclass(frozen=True)
class BranchLaws:
    """
    The new laws on a variety, the limits of generic laws that vanish or coincide there, and how many are independent in
    all.
    """

    variety: object
    laws: tuple
    limits: tuple
    independent: int


class BranchSearch:
    """The case distinction of a family with constants: generic laws, and the branches with new ones."""

    def __init__(self, family, groups, generator):
        self.family, self.groups, self.generator = family, groups, generator
        self.degree = sum(degree for _, degree in groups)
        self.moving = [i for i in range(family.dimension) if i not in set(family.constants)]
        self.drops = DropSearch(family, groups, generator)
        self.generic = polynomial_laws(family, groups, generator)
        of = {monomial for law in self.generic for monomial in self._moving_monomials(law)}
        self.with_laws = [number for number, block in enumerate(self.drops.pieces)
                          if any(monomial in of for monomial in self._monomials(block))]
        self._bound = {}
        bound = family.variety
        for factor in bound.degenerate() if bound is not None and bound.has_parameters else ():
            self.not_followed.append(f"{factor} = 0 (the relations degenerate)")
        everywhere = _At(self, None)
        for law in self.generic:
            everywhere.add(law)
        # Generators alone are shown: the others are polynomials in them, on every branch too.
        self.generators, self.independent = everywhere.generators, everywhere.independent()
        self.found, self._laws = {}, {}

    @property
    def not_followed(self):
        """The places that were not searched."""
        return self.drops.not_followed

    def _monomials(self, block):
        return [tuple(int(i) for i in row if i < self.family.dimension) for row in block]

    def _moving_monomials(self, law):
        constants = set(self.family.constants)
        return {tuple(i for i in monomial if i not in constants) for monomial in law}

    def levels(self, codimension):
        r"""
        Yield, for each codimension, an iterator over the branches with new laws; a branch that gains laws comes again.
        """
        for drops in self.drops.levels(codimension):
            yield self._branches(drops)

    def _branches(self, drops):
        numbers = {}
        for drop in drops:
            key = drop.variety.ideal()
            # Blocks drop one after the other; a branch is looked at again with each, and told again if it has more.
            numbers[key] = numbers.get(key, ()) + (drop.block,)
            if self._undefined_on(drop.variety):
                continue
            branch = self._branch(drop.variety, numbers[key])
            if branch is not None and branch != self.found.get(key):
                self.found[key] = branch
                yield branch

    def _undefined_on(self, variety):
        """Say whether a denominator of the fields as they were written is zero on a variety."""
        return any(
            all(map(variety.vanishes, _coefficients(sparse.from_sage(f), self.family.constants, variety.ring).values()))
            for f in self.family.denominators
        )

    def _branch(self, variety, numbers):
        why = self._degenerate(variety)
        if why is not None:
            self.not_followed.append(f"{variety} ({why})")
            return None
        # One point for all comparisons on the branch: ranks there are lower bounds of those on it.
        at = _At(self, variety)
        if at.point is None:
            self.not_followed.append(f"{variety} (no root modulo {_PRIMES} primes)")
            return None
        larger = [
            branch for key, branch in self.found.items() if key != variety.ideal() and branch.variety.contains(variety)
        ]
        # A law of a larger branch holds on this part of it, and is no news here.
        for law in [*self.generators, *(law for branch in larger for law in branch.laws + branch.limits)]:
            at.add(law)
        # A kernel that grew may hold nothing but products of known laws, which had a larger degree before a leading
        # coefficient vanished: of (a^2 - b) x^2 - 2 (a - b) y the square is in degree 2 where b = a^2.
        new = self._more(at, variety, numbers)
        if not new:
            return None
        # Generic laws may vanish or coincide here, in blocks that have no more laws than before; their limits are laws
        # too.
        limits = self._more(at, variety, [number for number in self.with_laws if number not in numbers])
        return BranchLaws(variety, new, limits, at.independent())

    def _more(self, at, variety, numbers):
        """Return generators of the laws in some blocks that are not yet known, each proved on the variety."""
        known = len(at.generators)
        # By degree: where the laws of low degree generate the others, the larger systems need not be solved.
        for degree in range(1, self.degree + 1):
            laws = []
            for number in numbers:
                block, key = self.drops.pieces[number], (variety.ideal(), number, degree)
                block = block[(block < self.family.dimension).sum(axis=1) <= degree]
                if key not in self._laws:
                    # The kernel modulo p at a point of the variety is no smaller than on the variety: where products
                    # of known laws fill it, there is nothing more.
                    if not len(block) or not at.more_than_known(self._monomials(block)):
                        continue
                    self._laws[key] = self._exact_laws(variety, block)
                laws += self._laws[key]
            # Low degree and few terms first, so that generators are simple.
            for law in sorted(laws, key=lambda law: (self._degree(law), max(map(len, law)), sorted(law))):
                at.add(law)
        return tuple(at.generators[known:])

    def _degree(self, law):
        return max(map(len, self._moving_monomials(law)))

    def _exact_laws(self, variety, block):
        """Return all laws in a block on a variety; what fails is said."""
        try:
            return self._algebraic_laws(variety, block) if variety.algebraic else self._rational_laws(variety, block)
        except ArithmeticError as error:
            self.not_followed.append(f"the laws where {variety}: {error}")
            return []

    def _rational_laws(self, variety, block):
        """Return all laws in a block of the family restricted to a variety: a run of its own, exact."""
        fields = [_field_on(field, variety, self.family.constants) for field in self.drops.fields]
        restricted = VectorFieldFamily.from_terms(self.family.names, None, fields)
        restricted.constants, restricted.variety = self.family.constants, self.variety_on(variety)
        return polynomial_laws(restricted, self.groups, self.generator, pieces=[block[None]])

    def variety_on(self, variety):
        """Return the variety of the states where the parameters are on a variety of theirs."""
        bound = self.family.variety
        if bound is None or not bound.has_parameters or variety is None or variety.algebraic:
            return bound
        key = variety.ideal()
        if key not in self._bound:
            relations = [_field_on([relation], variety, bound.constants)[0] for relation in bound.relations]
            self._bound[key] = Variety(bound.names, bound.constants, relations, bound.forms)
        return self._bound[key]

    def _degenerate(self, variety):
        """Say why the relations are not followed on a variety, ``None`` where they are as generically."""
        bound = self.family.variety
        if bound is None or not bound.has_parameters:
            return None
        if any(variety.vanishes(variety.ring(f)) for f in bound.degenerate()):
            return "the relations degenerate"
        try:
            self.variety_on(variety)
        except InputError as error:
            return str(error)
        return None

    def _algebraic_laws(self, variety, block):
        """Return all laws in a block over the field of a variety that is not rational, each checked by division."""
        field = AlgebraicField(variety)
        monomials, rows = self.drops.equations(block)
        laws = []
        for vector in field.kernel(rows, len(monomials)):
            # Elimination divided by inverses modulo p(X); what it found is put into the equations again.
            if not field.holds(rows, vector):
                raise ArithmeticError(f"a law on {variety} does not hold exactly")
            entries = {monomials[column]: value for column, value in vector.items()}
            laws.append(polynomial_over_constants(entries, variety.ring, list(self.family.constants)))
        return laws


def _field_on(field, variety, constants):
    """Return a field with the parameters on a variety, times a common denominator: that changes no law."""
    parts = {(number, key): variety.restricted(value) for number, component in enumerate(field)
             for key, value in _coefficients(component, constants, variety.ring).items()}
    out = [{} for _ in field]
    for (number, key), value in zip(parts, cleared(list(parts.values()), variety.ring)):
        for power, coefficient in sparse.from_sage(value).items():
            out[number][tuple(sorted(key + tuple(constants[i] for i in power)))] = coefficient
    return out


def _coefficients(terms, constants, ring):
    """Return the coefficients of the monomials in the states, polynomials in the parameters."""
    place, parts = {coordinate: i for i, coordinate in enumerate(constants)}, {}
    for monomial, value in terms.items():
        key = tuple(i for i in monomial if i not in place)
        parts.setdefault(key, {})[tuple(place[i] for i in monomial if i in place)] = value
    return {key: sparse.to_sage(part, ring) for key, part in parts.items()}


class _At:
    """Laws and their products at a random point of a variety, modulo a prime: which are new there."""

    def __init__(self, search, variety):
        self.search, self.generators, self.values, self.products = search, [], [], []
        self.bound, self.state = search.variety_on(variety), None
        constants = search.family.constants
        for _ in range(_PRIMES):
            self.p = random_prime(search.generator)
            if variety is None:
                self.point = [int(x) for x in modular.random_array(search.generator, (len(constants),), self.p)]
            else:
                self.point = variety.point(search.generator, self.p)
            if self.point is not None and self._has_state():
                break
        self.span = _Span(self.p)
        self.known = dict(zip(constants, self.point or ()))

    def _has_state(self):
        """Say whether there is a state with the parameters at the point, modulo the prime; it is kept."""
        if self.bound is None:
            return True
        try:
            self.state = self.bound.point(self.search.generator, self.p, self.point)
        except UnluckyPrime:
            self.point = None
        return self.point is not None

    def value(self, law):
        """Return a law with the parameters at the point, modulo the prime."""
        return sparse.specialised(law, self.known, self.p)

    def add(self, law):
        """Add a law to the generators unless it is a polynomial in them up to the degree."""
        value = self.value(law)
        # The only step by chance: a law may be dependent modulo p and new over Q, with probability O(degree / p).
        if not self.span.add(value):
            return
        self.generators.append(law)
        # All products up to the degree: powers of the new law, and these times the products before.
        degree = sparse.degree(value)
        fresh, level = [(value, degree)], [(value, degree)]
        while level:
            level = [(self._multiply(a, value), d + degree) for a, d in level if d + degree <= self.search.degree]
            fresh += level
        fresh += [
            (self._multiply(a, b), c + d) for a, c in fresh for b, d in self.products if c + d <= self.search.degree
        ]
        for product, _ in fresh:
            self.span.add(product)
        self.products += fresh

    def _multiply(self, a, b):
        out = {}
        for left, x in a.items():
            for right, y in b.items():
                monomial = tuple(sorted(left + right))
                out[monomial] = (out.get(monomial, 0) + x * y) % self.p
        out = {monomial: value for monomial, value in out.items() if value}
        return out if self.search.drops.bound is None else self.search.drops.bound.reduced(out, self.p, self.point)

    def more_than_known(self, monomials):
        """Say whether the block has more laws at the point than the products known span."""
        family = self.search.family
        if self.search.drops.bound is None:
            rows = coefficient_rows(self.search.drops.fields, monomials, list(family.constants), self.point, self.p)
        else:
            rows = [
                {column: residue(value, self.point, self.p) for column, value in row.items()}
                for row in self.search.drops.rows(monomials)
            ]
            rows = [{column: value for column, value in row.items() if value} for row in rows]
        return len(sparse_kernel(rows, len(monomials), self.p)) > self.span.dimension_within(set(monomials))

    def independent(self):
        """Return how many generators are independent: a rank modulo the prime, a proved lower bound."""
        family = self.search.family
        if family.variety is None:
            z = modular.random_array(self.search.generator, (family.dimension,), self.p)
        else:
            z = self.state
        z[list(family.constants)] = self.point
        rows = jacobian(self.generators, family.dimension, z, self.p)
        empty = np.zeros((0, family.dimension), dtype=np.int64)
        # On relations a law counts by its differential modulo those of the relations.
        normals = empty if family.variety is None else self.bound.normals(z, self.p)
        rows = np.concatenate([normals, rows])[:, self.search.moving]
        return rank(np.ascontiguousarray(rows), self.p) - len(normals)


class _Span:
    """An echelon basis modulo a prime, highest degree first, of polynomials that each lie in one block."""

    def __init__(self, p):
        self.p, self.rows = p, {}

    def add(self, vector):
        """Add a vector; return whether it was new."""
        while vector:
            pivot = max(vector, key=lambda monomial: (len(monomial), monomial))
            if pivot not in self.rows:
                self.rows[pivot] = minus_multiple({}, -pow(vector[pivot], -1, self.p), vector, self.p)
                return True
            vector = minus_multiple(vector, vector[pivot], self.rows[pivot], self.p)
        return False

    def dimension_within(self, monomials):
        """Return the dimension of the part of the span in the monomials of a block up to some degree."""
        # Highest degree first: a combination within the monomials has pivots there, and so has only such rows.
        return sum(monomials.issuperset(row) for row in self.rows.values())
