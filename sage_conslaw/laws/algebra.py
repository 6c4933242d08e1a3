r"""
The algebra of the laws: minimal generators, algebraic relations, and level sets.

Laws multiply: the polynomials in laws are laws.  The trivial case is one law; the famous one is the sphere, where
`x^2 + y^2 + z^2` of rotations generates every law; where generators satisfy a relation, as the minors of a matrix do,
fewer of them are independent than are needed to write all others.
"""
from itertools import combinations_with_replacement

import numpy as np

from .._sage import QQ, PolynomialRing, matrix
from ..exact.linear_algebra import independent_rows, kernel
from ..exact.primes import random_prime
from ..exact.reconstruction import reconstruct
from ..exact import terms as sparse
from .basis import primitive
from ..runtime.errors import InputError
from ..exact import modular
from ..exact.arithmetic import ModularArithmetic

# Monomials in the generators among which relations are searched: their kernel is dense.
MAX_MONOMIALS = 5000


def generators(laws, degree):
    r"""
    Return the indices of a minimal generating set, up to ``degree``, of the algebra that some laws span.

    INPUT:

    - ``laws`` -- sparse polynomials sorted by degree, a basis of a space of laws

    - ``degree`` -- products of generators up to this degree are considered

    EXAMPLES::

        sage: from fractions import Fraction
        sage: from sage_conslaw.laws.algebra import generators
        sage: one = Fraction(1r)
        sage: generators([{(0r,): one}, {(0r, 0r): one}, {(1r, 1r): one}], 2r)
        [0, 2]
    """
    chosen, products = [], []
    for index, law in enumerate(laws):
        if _rank(products + [law]) > _rank(products):
            chosen.append(index)
            products = _products([laws[i] for i in chosen], degree)
    return chosen


def _products(laws, degree):
    """Return all products of laws up to a degree, without the constant."""
    out, level = [], [({(): 1}, 0, 0)]
    while level:
        grown = []
        for value, top, start in level:
            for i in range(start, len(laws)):
                total = top + sparse.degree(laws[i])
                if total <= degree:
                    grown.append((sparse.multiply(value, laws[i]), total, i))
        out += [value for value, _, _ in grown]
        level = grown
    return out


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


def relations(laws, degree, generator):
    r"""
    Return minimal generators, up to ``degree``, of the polynomial relations between laws, each one proved by expansion.

    INPUT:

    - ``laws`` -- sparse polynomials

    - ``generator`` -- a ``numpy.random.Generator``

    OUTPUT: sparse polynomials in the indices of the laws

    ALGORITHM: products of laws are evaluated at random points modulo a prime; each kernel vector is lifted and
    checked exactly.  (For linear networks with few inputs and outputs the relations are minors.)

    EXAMPLES::

        sage: import numpy
        sage: from fractions import Fraction
        sage: from sage_conslaw.laws.algebra import relations
        sage: one = Fraction(1r)
        sage: relations([{(0r, 0r): one}, {(0r, 1r): one}, {(1r, 1r): one}], 2r, numpy.random.default_rng(0r))
        [{(0, 2): Fraction(1, 1), (1, 1): Fraction(-1, 1)}]
    """
    table = [m for d in range(degree + 1) for m in combinations_with_replacement(range(len(laws)), d)]
    if len(table) > MAX_MONOMIALS:
        raise InputError(
            f"{len(table)} monomials of degree at most {degree} in {len(laws)} laws are too many; lower the degree"
        )
    dimension = 1 + max((i for law in laws for m in law for i in m), default=0)
    p = random_prime(generator)
    points = modular.random_array(generator, (len(table) + 2, dimension), p)
    values = sparse.PolynomialMap(laws, dimension)(ModularArithmetic(p), points)
    values = np.broadcast_to(values, (len(points), len(laws)))
    rows = np.ones((len(points), len(table)), dtype=np.int64)
    for column, monomial in enumerate(table):
        for i in monomial:
            rows[:, column] = modular.multiply(rows[:, column], values[:, i], p)
    out = []
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
        if any(total.values()):
            raise ArithmeticError("a relation modulo a prime does not hold over Q; use another seed")
        out.append(relation)
    return out


def _minimal(vectors, table, p):
    """Return the kernel vectors that are no combination of multiples of others of lower degree."""
    place, kept = {m: i for i, m in enumerate(table)}, []
    by_degree = {}
    for vector in vectors:
        by_degree.setdefault(max(len(table[i]) for i in vector), []).append(vector)
    for degree in sorted(by_degree):
        multiples = []
        for vector in kept:
            top = max(len(table[i]) for i in vector)
            multiples += [{place[tuple(sorted(table[i] + m))]: value for i, value in vector.items()}
                          for m in table if len(m) <= degree - top]
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

    ``ideal``::

        sage: R.<x, y, z> = QQ[]
        sage: leaf = LevelSet([x^2 - y^2, x^2 - z^2], [2, 1, 1])
        sage: leaf.ideal().gens()
        [x^2 - y^2 - 3, x^2 - z^2 - 3]

    ``dimension``::

        sage: R.<x, y, z> = QQ[]
        sage: leaf.dimension()
        1

    ``eliminate``::

        sage: R.<x, y, z> = QQ[]
        sage: leaf.eliminate(["x"]).gens()
        [y^2 - z^2]
    """

    def __init__(self, laws, point):
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
        self.laws = [self.ring(law) for law in laws]

    def ideal(self):
        """Return the ideal of the equations ``h = h(point)``."""
        return self.ring.ideal([law - law(*self.point) for law in self.laws])

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
