r"""
One unknown coefficient of a cofactor: an eigenvalue problem, solved exactly over Q(k).

`(A - \lambda B) p = 0`, where `B` multiplies by a monomial `m` and so is injective: `p` lies in the largest subspace
`W` of the polynomials considered with `A W \subset B W`, on which `B^{-1} A` is an endomorphism, and `\lambda` is an
eigenvalue of it.  For `m = 1` these are the eigenvalues of the derivation on its largest invariant subspace of
polynomials of bounded degree.
"""
import numpy as np
from flint import nmod_mat

from .._sage import QQ, FractionField, PolynomialRing
from ..exact.linear_algebra import kernel
from .newton import equations_of
from ..function_fields.parametric import cleared
from ..function_fields.specialisation import exact_matrix
from ..function_fields.substitution import Substitution


def eigenvalues(operators, known, m, block, ring, at):
    r"""
    Return the values in Q[k] that the coefficient of ``m`` can take in the cofactor of a polynomial in the span of
    ``block``.

    INPUT:

    - ``operators`` -- pairs `(b, \alpha_b)`; ``known`` -- the other coefficients of the cofactor

    - ``block`` -- list of monomials
    """
    inside, outside = _split(equations_of(operators, known, block), block, m)
    size = len(block)
    modular = _invariant(_flint(at, outside, size), _flint(at, inside, size), _stack_modular)
    if modular.rank() == size:
        # The subspace modulo p at a point is no smaller than over Q(k): where it is zero there is no eigenvalue.
        return []
    null = kernel(np.array(modular.entries(), dtype=object).astype(np.int64).reshape(-1, size), at.p)
    used = sorted({i for vector in null for i in vector})
    if ring is not QQ:
        found = _by_substitution(operators, known, m, [block[i] for i in used], ring, at)
        if found is not None:
            return found
    field = QQ if ring is QQ else FractionField(ring)
    # Only the columns of the modular subspace; all of them where these hold less, which a special point can do.
    for chosen in (block[i] for i in used), block:
        part = list(chosen)
        space, action = _endomorphism(equations_of(operators, known, part), part, m, field, lambda value: value)
        if space.nrows() == len(null):
            break
    return _roots(action.charpoly(), ring)


def _endomorphism(rows, block, m, field, value_of):
    """Return the largest subspace `W` with `A W` in `B W`, in echelon form, and the matrix of `B^{-1} A` on it."""
    rows = {target: {column: value_of(value) for column, value in row.items()} for target, row in rows.items()}
    inside, outside = (exact_matrix(some, len(block), field) for some in _split(rows, block, m))
    space = _invariant(outside, inside, _stack_exact).right_kernel_matrix().echelon_form()
    # At its pivots the echelon basis is the identity: the entries of an image there are its coordinates.
    return space, (space * inside.transpose()).matrix_from_columns(space.pivots())


def _by_substitution(operators, known, m, block, ring, at):
    """Return the eigenvalues read off from those over Q at large parameters, ``None`` if one cannot be read."""
    # The degree of a cofactor in the parameters is at most that of the field, as for any other weight.
    degree = max((value.degree() for _, alpha in operators for value in alpha.values()), default=0)
    large = Substitution(ring, degree)
    if not large.fits:
        return None
    _, action = _endomorphism(equations_of(operators, known, block), block, m, QQ, large)
    out = []
    for root in action.charpoly().roots(multiplicities=False):
        value = large.read(root)
        # Every eigenvalue in Q[k] is one of these roots.  One that cannot be read has large coefficients or is no value
        # of a polynomial.
        if value is None or not at.has_kernel(
            list(equations_of(operators, known | {m: value}, block).values()), len(block)
        ):
            return None
        out.append(value)
    return sorted(out, key=str)


def _split(rows, block, m):
    """Return the rows at multiples ``m * block``, in the order of the block, and the others."""
    targets = {tuple(x + y for x, y in zip(a, m)): i for i, a in enumerate(block)}
    inside = [{} for _ in block]
    for target, row in rows.items():
        if target in targets:
            inside[targets[target]] = row
    return inside, [row for target, row in rows.items() if target not in targets]


def _invariant(outside, inside, stack):
    """Return rows whose kernel is the largest subspace of the kernel of ``outside`` that ``inside`` maps to itself."""
    # W is the intersection of the kernels of C A^i, C the rows outside; once one adds nothing, no later one does.
    rows = stack(outside, outside * inside)
    before = -1
    while rows.nrows() != before:
        before = rows.nrows()
        rows = stack(rows, rows * inside)
    return rows


def _flint(at, rows, columns):
    return nmod_mat(len(rows), columns, at.matrix(rows, columns).ravel().tolist(), at.p)


def _stack_modular(above, below):
    both, rank = nmod_mat(
        above.nrows() + below.nrows(), above.ncols(), above.entries() + below.entries(), above.modulus()
    ).rref()
    return nmod_mat(rank, above.ncols(), both.entries()[:rank * above.ncols()], above.modulus())


def _stack_exact(above, below):
    both = above.stack(below).echelon_form()
    return both.matrix_from_rows(range(both.rank()))


def _roots(polynomial, ring):
    """Return the roots in Q[k] of a univariate polynomial over Q(k)."""
    if ring is QQ:
        return sorted(polynomial.roots(multiplicities=False))
    # One more variable, for the root; no name of a parameter ends in an underscore twice.
    larger = PolynomialRing(QQ, [*ring.variable_names(), "root__"], ring.ngens() + 1)
    root = larger.gens()[-1]
    total = sum((larger(value) * root**i for i, value in enumerate(cleared(polynomial.list(), ring))), larger.zero())
    out = []
    for factor, _ in total.factor():
        if factor.degree(root) == 1:
            slope = factor.coefficient({root: 1})
            # A factor a X + b with a in Q[k] that is no number has a root in Q(k), which is no cofactor by Gauss.
            if slope.is_constant():
                out.append(ring((root * slope - factor) / slope.constant_coefficient()))
    return sorted(out, key=str)
