r"""
Laws with the logarithm of a Gram determinant, of networks that rotations of an axis leave as they are.

Let `M` be the `n \times K` matrix of all weights that meet one axis, `K \le n`, and `g = \det M^T M`. A normalisation
without gain reads one direction `w / |w|` of it and moves `w` orthogonally to itself. With one input,
`f = U^T w / |w|`, `\rho = |w|` is conserved, and a covector `s` moves `U` by `w s^T / \rho` and `w` by
`(U s - \langle U s, w \rangle w / \rho^2) / \rho`. The first changes no volume, the second shrinks it:

.. MATH::

    d \log g = -2 \langle w, U s \rangle / \rho^3, \qquad d |U|^2 = 2 \langle w, U s \rangle / \rho,

so `|U|^2 + |w|^2 \log \det (w, U)^T (w, U)` is conserved. In general a law `P + Q \log g` with polynomials `P` and `Q`,
where `Q` is itself a law, is linear algebra: `L_v P + Q\, L_v g / g = 0` for all fields, with `P` of degree 2 and `Q`
a combination of the quadratic laws. What is found modulo a prime is checked exactly, as the one-form
`g\, dP + Q\, dg`.

The trivial case has nothing: `linear 1 3 1`, whose laws are polynomials. The one that needs it: `1, 3, 2` with a root
mean square and no gain. With layer norms the ones vector joins `M`: `1, 4, 1` has such a law, of `(1, W, U, b)`.
"""
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement, permutations

import numpy as np

from .._sage import QQ, PolynomialRing
from ..exact import modular
from ..exact import terms as sparse
from ..exact.arithmetic import ModularArithmetic
from ..exact.linear_algebra import kernel
from ..exact.reconstruction import reconstruct
from ..fields.bracket import random_field
from ..laws.independence import jacobian

# Monomials of degree 2 in more coordinates make a kernel of over half a second; a determinant of more columns has too
# many terms to be checked.
_COORDINATES, _COLUMNS, _TERMS = 32, 4, 10_000

# Equations beyond the unknowns: what solves these by chance, with probability p^-12, fails the exact check.
_EXTRA = 12


@dataclass(frozen=True)
class GramLaw:
    r"""The law `P + Q \log g`, with `g` the Gram determinant of parameters as the rows of a matrix."""

    polynomial: dict
    factor: dict
    rows: tuple
    names: tuple
    ones: bool

    def words(self, names):
        """Return the law as text."""
        ring = PolynomialRing(QQ, list(names), len(names))
        vectors = ", ".join(("1",) * self.ones + self.names)
        polynomial = f"{sparse.to_sage(self.polynomial, ring)} + " if self.polynomial else ""
        return f"{polynomial}({sparse.to_sage(self.factor, ring)})*log(det(Gram({vectors})))"

    def form(self, z, dimension, p):
        """Return the differential at a point modulo ``p``, as a row."""
        form = jacobian([self.polynomial], dimension, z, p)
        factor = np.full((1, 1), sparse.value_at(self.factor, z, p), dtype=np.int64)
        return modular.add(form, modular.multiply(factor, _logarithmic(self.rows, self.ones, z, p)[None, :], p), p)


def gram_laws(family, laws, generator, p):
    r"""Return laws `P + Q \log g` of gradient flow that are no polynomials, each proved; quadratic laws are given."""
    if family.dimension > _COORDINATES:
        return []
    found = {}
    for rows, names, ones in _axes(family.response):
        # With the ones vector only where there is none without.
        if not found.get(rows):
            found[rows] = _of_axis(family, rows, names, ones, laws, generator, p)
    return [law for part in found.values() for law in part]


def _axes(response):
    """Yield the matrices of all weights that meet an axis of each size, where a Gram determinant need not vanish."""
    places, start = {}, 0
    for leaf in response.leaves:
        numbers = np.arange(start, start + leaf.size).reshape(leaf.shape)
        start += leaf.size
        for size in set(leaf.shape):
            # A square parameter meets axes of this size twice, and which of them rotates is not known: it is left out.
            if size > 1 and leaf.shape.count(size) == 1:
                rows = np.moveaxis(numbers, leaf.shape.index(size), 0).reshape(size, -1)
                places.setdefault(size, []).append((leaf.name, rows))
    for size, parts in places.items():
        rows = np.concatenate([part for _, part in parts], axis=1)
        for ones in (False, True):
            # More columns than rows have Gram determinant zero.
            if 1 < rows.shape[1] + ones <= min(size, _COLUMNS):
                yield tuple(map(tuple, rows.tolist())), tuple(name for name, _ in parts), ones


def _of_axis(family, rows, names, ones, laws, generator, p):
    n = family.dimension
    monomials = [(i,) for i in range(n)] + list(combinations_with_replacement(range(n), 2))
    # With the factor 1 the law is `P + log g`; `Q` has to be a law for `log g` itself to drop out of the derivative.
    factors = [{(): Fraction(1)}, *laws]
    number = len(monomials) + len(factors) + _EXTRA
    points = modular.random_array(generator, (number, n), p)
    A = ModularArithmetic(p)
    fields = np.broadcast_to(random_field(family, generator, p, number)(A, points), points.shape)
    # The factors come last: a vector of the reduced kernel with one of them free is a law with a logarithm.
    columns = []
    for monomial in monomials:
        moved = fields[:, monomial[0]]
        if len(monomial) == 2:
            i, j = monomial
            moved = modular.add(modular.multiply(moved, points[:, j], p),
                                modular.multiply(points[:, i], fields[:, j], p), p)
        columns.append(moved)
    slopes = np.array([
        int(modular.matrix_multiply(_logarithmic(rows, ones, z, p)[None, :], v[:, None], p)[0, 0])
        for z, v in zip(points, fields)
    ], dtype=np.int64)
    # `g` is conserved by itself: a polynomial law, and none of this kind.
    if not slopes.any():
        return []
    for factor in factors:
        values = np.array([sparse.value_at(factor, z, p) for z in points], dtype=np.int64)
        columns.append(modular.multiply(values, slopes, p))
    out = []
    for vector in kernel(np.stack(columns, axis=1), p):
        # A polynomial alone: it is among the laws that are known.
        if max(vector) < len(monomials):
            continue
        exact = reconstruct(vector, p)
        # No small fractions have these residues: chance, or numbers too large to be told.
        if exact is None:
            continue
        law = _law(exact, monomials, factors, rows, names, ones)
        if _holds(family, law):
            out.append(law)
    return out


def _law(vector, monomials, factors, rows, names, ones):
    polynomial, factor = {}, {}
    for place, value in vector.items():
        value = Fraction(int(value.numerator), int(value.denominator))
        if place < len(monomials):
            polynomial[monomials[place]] = value
        else:
            factor = sparse.add(factor, sparse.scaled(factors[place - len(monomials)], value))
    return GramLaw(polynomial, factor, rows, names, ones)


def _holds(family, law):
    """Decide exactly whether `g dP + Q dg` vanishes on all fields."""
    determinant = _determinant(law.rows, law.ones)
    if len(determinant) * max(1, len(law.polynomial), len(law.factor)) > _TERMS:
        return False
    # `d(P + Q log g) - log g dQ = dP + Q dg / g`, and dQ vanishes on the fields, as Q is a law.
    direction = {}
    for part, other in ((law.polynomial, determinant), (determinant, law.factor)):
        for i, slope in sparse.derivatives(part).items():
            direction[i] = sparse.add(direction.get(i, {}), sparse.multiply(slope, other))
    return family.annihilates({i: terms for i, terms in direction.items() if terms})


def _determinant(rows, ones):
    """Return the Gram determinant of the columns as a sparse polynomial: the sum of the squares of all minors."""
    size, columns = len(rows), len(rows[0])
    vectors = [[{(): Fraction(1)}] * size] * ones
    vectors += [[{(rows[i][j],): Fraction(1)} for i in range(size)] for j in range(columns)]
    inner = [[_inner(a, b) for b in vectors] for a in vectors]
    total = {}
    # Leibniz: at most four columns, so 24 products.
    for order in permutations(range(len(vectors))):
        product = {(): Fraction(_sign(order))}
        for i, j in enumerate(order):
            product = sparse.multiply(product, inner[i][j])
        total = sparse.add(total, product)
    return total


def _inner(a, b):
    total = {}
    for x, y in zip(a, b):
        total = sparse.add(total, sparse.multiply(x, y))
    return total


def _sign(order):
    return (-1) ** sum(order[i] > order[j] for j in range(len(order)) for i in range(j))


def _logarithmic(rows, ones, z, p):
    r"""Return the differential of `\log g` at a point modulo ``p``: `2 M (M^T M)^{-1}` by the places of `M`."""
    places = np.asarray(rows)
    # `d log det (M^T M) = 2 tr((M^T M)^{-1} M^T dM)`.
    M = z[places]
    if ones:
        M = np.concatenate([np.ones((len(rows), 1), dtype=np.int64), M], axis=1)
    gram = modular.matrix_multiply(M.T.copy(), M, p)
    size = len(gram)
    # Columns of the inverse are kernels of (gram, -e_j).
    inverse = np.zeros_like(gram)
    for j in range(size):
        column = np.zeros((size, 1), dtype=np.int64)
        column[j] = p - 1
        (vector,) = kernel(np.concatenate([gram, column], axis=1), p)
        scale = pow(int(vector[size]), -1, p)
        for i in range(size):
            inverse[i, j] = int(vector.get(i, 0)) * scale % p
    slopes = modular.matrix_multiply(M, inverse, p)[:, int(ones):]
    out = np.zeros(len(z), dtype=np.int64)
    out[places.ravel()] = modular.multiply(slopes.ravel(), np.int64(2), p)
    return out
