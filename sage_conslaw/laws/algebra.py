r"""
The algebra of the laws: minimal generators, algebraic relations, and level sets.

Laws multiply: the polynomials in laws are laws.  The trivial case is one law; the famous one is the sphere, where
`x^2 + y^2 + z^2` of rotations generates every law; where generators satisfy a relation, as the minors of a matrix do,
fewer of them are independent than are needed to write all others.
"""
from itertools import combinations_with_replacement

import numpy as np

from .._sage import QQ, PolynomialRing, matrix
from ..exact.linear_algebra import independent_rows, kernel, rank
from ..exact.primes import with_lucky_prime
from ..exact.reconstruction import reconstruct
from ..exact import terms as sparse
from .basis import primitive
from .on_variety import algebraic_numbers
from ..runtime.errors import InputError
from ..exact import modular
from ..exact.arithmetic import ModularArithmetic

# Monomials in the generators among which relations are searched: their kernel is dense.
MAX_MONOMIALS = 5000


def generators(laws, degree, family=None, generator=None):
    r"""
    Return the indices of a minimal generating set, up to ``degree``, of the algebra that some laws span.

    INPUT:

    - ``laws`` -- sparse polynomials sorted by degree, a basis of a space of laws

    - ``degree`` -- products of generators up to this degree are considered

    - ``family``, ``generator`` -- whose laws they are: over Q(k), or modulo relations, linear dependence is that of
      values at random points modulo a prime, right but for a probability of about `\deg / p`; else it is exact
    """
    relations = family is not None and family.variety is not None and family.variety.relations
    # Parameters and algebraic numbers are scalars: they count for no degree.
    scalars = set() if family is None else {*family.constants, *(algebraic_numbers(family) if relations else ())}
    degrees = [max(sum(i not in scalars for i in m) for m in law) for law in laws]
    # Over Q(k) the coefficients would be rational functions, modulo relations every product a normal form: values at
    # points decide the same, up to a chance of degree / p. At shared parameter values, as the coefficients of a
    # combination are functions of them.
    if scalars or relations:
        # The number of products is counted by degrees alone, before a value is computed: it is how many points are
        # needed.
        number = sum(1 for _ in _products([0] * len(laws), degrees, degree, 0, lambda a, b: 0))
        if number > MAX_MONOMIALS:
            raise InputError(f"{len(laws)} laws have {number} products of degree at most {degree}, too many; "
                             "lower the degree")
        p, elements = with_lucky_prime(
            generator, lambda p: (p, _values(laws, family, number + len(laws), generator, p)))
        one, multiply = np.ones(elements.shape[1], dtype=np.int64), lambda a, b: modular.multiply(a, b, p)
        rank_of = lambda rows: rank(np.array(rows).reshape(len(rows), len(one)), p)
    else:
        elements, one, multiply, rank_of = laws, {(): 1}, sparse.multiply, _rank
    chosen, products = [], []
    for index, law in enumerate(elements):
        # Laws come by degree: what generates this one has been seen.
        if rank_of([*products, law]) > rank_of(products):
            chosen.append(index)
            products = list(_products([elements[i] for i in chosen], [degrees[i] for i in chosen], degree, one,
                                      multiply))
    return chosen


def _products(elements, degrees, most, one, multiply):
    """Yield all products up to a degree, without the empty one."""
    level = [(one, 0, 0)]
    while level:
        # Only factors from the last one on, so that each product comes once, whatever the order of its factors.
        level = [(multiply(value, elements[i]), top + degrees[i], i)
                 for value, top, start in level for i in range(start, len(elements)) if top + degrees[i] <= most]
        yield from (value for value, _, _ in level)


def _values(laws, family, number, generator, p):
    """Return the values modulo ``p`` of laws, a row each, at random points that share their parameters."""
    constants = modular.random_array(generator, (len(family.constants),), p)
    if family.variety is None:
        points = modular.random_array(generator, (number, family.dimension), p)
        points[:, list(family.constants)] = constants
    else:
        # A law that vanishes on the variety is zero as a law, so points off it would call dependent laws independent.
        points = np.array([family.variety.point(generator, p, constants) for _ in range(number)])
    values = sparse.PolynomialMap(laws, family.dimension)(ModularArithmetic(p), points)
    # Laws that are all constants come back without an axis of points.
    return np.broadcast_to(values, (number, len(laws))).T


def _rank(polynomials):
    columns = {m: i for i, m in enumerate(sorted({m for f in polynomials for m in f}))}
    if not columns:
        return 0
    rows = matrix(
        QQ,
        len(polynomials),
        len(columns),
        {(r, columns[m]): QQ((c.numerator, c.denominator)) for r, f in enumerate(polynomials) for m, c in f.items()},
        sparse=True,
    )
    return rows.rank()


def relations(laws, degree, generator, family=None):
    r"""
    Return minimal generators, up to ``degree``, of the polynomial relations between laws, each one proved by expansion.

    INPUT:

    - ``laws`` -- sparse polynomials

    - ``generator`` -- a ``numpy.random.Generator``

    - ``family`` -- whose laws they are: where relations bind its coordinates, those of the laws hold modulo them

    OUTPUT: sparse polynomials over Q in the indices of the laws

    ALGORITHM: products of laws are evaluated at random points modulo a prime; each kernel vector is lifted and
    checked exactly.  (For linear networks with few inputs and outputs the relations are minors.)
    """
    table = [m for d in range(degree + 1) for m in combinations_with_replacement(range(len(laws)), d)]
    if len(table) > MAX_MONOMIALS:
        raise InputError(
            f"{len(table)} monomials of degree at most {degree} in {len(laws)} laws are too many; lower the degree"
        )
    dimension = 1 + max((i for law in laws for m in law for i in m), default=0)
    # Relations of laws hold where the laws live: on the variety, if the coordinates are bound.
    variety = None if family is None else family.variety

    def drawn(p):
        if variety is None:
            # Two points more than unknowns: a vector of the kernel that is no relation survives each with probability
            # degree / p, and expansion catches it in any case.
            return p, modular.random_array(generator, (len(table) + 2, dimension), p)
        return p, np.array([variety.point(generator, p)[:dimension] for _ in range(len(table) + 2)])
    p, points = with_lucky_prime(generator, drawn)
    values = sparse.PolynomialMap(laws, dimension)(ModularArithmetic(p), points)
    values = np.broadcast_to(values, (len(points), len(laws)))
    rows = np.ones((len(points), len(table)), dtype=np.int64)
    for column, monomial in enumerate(table):
        for i in monomial:
            rows[:, column] = modular.multiply(rows[:, column], values[:, i], p)
    out = []
    # Every relation over Q is a vector of this kernel, so none of these degrees is lost; what is in the kernel by
    # chance is refused below.
    for vector in _minimal(kernel(rows, p), table, p):
        rational = reconstruct(vector, p)
        if rational is None:
            raise ArithmeticError("a relation has coefficients beyond one prime; lower the degree")
        relation = {table[i]: value for i, value in primitive(rational).items()}
        total = {}
        for monomial, value in relation.items():
            product = {(): value}
            for i in monomial:
                product = sparse.multiply(product, laws[i])
            for m, c in product.items():
                total[m] = total.get(m, 0) + c
        total = {m: c for m, c in total.items() if c}
        # Expanded, a relation is zero, or lies in the ideal: here it is proved, and the prime no longer matters.
        if total and (variety is None or variety.normal_form(variety.polynomial(total))):
            raise ArithmeticError("a relation modulo a prime does not hold over Q; use another seed")
        out.append(relation)
    return out


def _minimal(vectors, table, p):
    """Return the kernel vectors that are no combination of multiples of others of lower degree."""
    place, kept = {m: i for i, m in enumerate(table)}, []
    by_degree = {}
    for vector in vectors:
        by_degree.setdefault(max(len(table[i]) for i in vector), []).append(vector)
    # Degree by degree: a relation of degree e is a new generator exactly if it is outside the span of the multiples, up
    # to degree e, of those kept before.
    for degree in sorted(by_degree):
        multiples = []
        for vector in kept:
            top = max(len(table[i]) for i in vector)
            multiples += [{place[tuple(sorted(table[i] + m))]: value for i, value in vector.items()}
                          for m in table if len(m) <= degree - top]
        # Rows are chosen in order: with the multiples first, what is chosen after them is new.
        rows = np.zeros((len(multiples) + len(by_degree[degree]), len(table)), dtype=np.int64)
        for row, vector in enumerate(multiples + by_degree[degree]):
            for i, value in vector.items():
                rows[row, i] = value
        kept += [by_degree[degree][i - len(multiples)] for i in independent_rows(rows, p) if i >= len(multiples)]
    return kept


class LevelSet:
    r"""
    The level set of some laws through a point: the leaf that a trajectory from there stays in.

    INPUT:

    - ``laws`` -- Sage polynomials of one ring over QQ

    - ``point`` -- dictionary or list of rational coordinates

    - ``relations`` -- polynomials that bind the coordinates, and vanish at the point

    EXAMPLES::

        sage: from sage_conslaw.laws.algebra import LevelSet
        sage: R.<x, y, z> = QQ[]
        sage: leaf = LevelSet([x^2 - y^2, x^2 - z^2], [2, 1, 1]); leaf
        level set of 2 laws through (2, 1, 1), of dimension 1
        sage: leaf.ideal().gens()
        [x^2 - y^2 - 3, x^2 - z^2 - 3]
        sage: leaf.eliminate([x])
        Ideal (y^2 - z^2) of Multivariate Polynomial Ring in x, y, z over Rational Field
        sage: LevelSet([x], [1/2])
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: the point has 1 coordinate; the ring has 3 variables (x, y, z)
    """

    def __init__(self, laws, point, relations=()):
        if not laws:
            raise InputError("there are no laws: the level set is the whole space")
        ring = laws[0].parent()
        self.ring = PolynomialRing(QQ, ring.variable_names(), ring.ngens())
        names = self.ring.variable_names()
        if isinstance(point, dict):
            point = [point.get(name, point.get(g)) for name, g in zip(names, ring.gens())]
        point = list(point)
        if len(point) != len(names) or any(x is None for x in point):
            raise InputError(
                f"the point has {len([x for x in point if x is not None])} coordinate"
                f"{'s' if len(point) != 1 else ''}; the ring has {len(names)} variables ({', '.join(names)})"
            )
        self.point = tuple(QQ(x) for x in point)
        self.laws, self.relations = [self.ring(law) for law in laws], [self.ring(g) for g in relations]
        # A point that is off the variety has an empty level set there, and its dimension would be said to be -1.
        broken = next((g for g in self.relations if g(*self.point)), None)
        if broken is not None:
            raise InputError(f"the point {self.point} is not on {broken} = 0, which binds the coordinates")

    def ideal(self):
        """Return the ideal of the equations ``h = h(point)``, and of the relations."""
        return self.ring.ideal([*(law - law(*self.point) for law in self.laws), *self.relations])

    def dimension(self):
        """Return the dimension of the level set, as an algebraic set."""
        return self.ideal().dimension()

    def eliminate(self, variables):
        """Return the ideal of the projection that forgets some variables."""
        gens = self.ring.gens_dict()
        unknown = [str(v) for v in variables if str(v) not in gens]
        if unknown:
            raise InputError(f"{unknown[0]} is not a variable ({', '.join(gens)})")
        variables = [gens[str(v)] for v in variables]
        return self.ideal().elimination_ideal(variables)

    def __repr__(self):
        return (f"level set of {len(self.laws)} law{'s' if len(self.laws) != 1 else ''} through {self.point}, "
                f"of dimension {self.dimension()}")
