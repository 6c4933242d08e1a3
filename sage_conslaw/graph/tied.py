r"""
Functions whose slope their value gives: powers and exponentials.

For `y = z^\kappa` the movement is `\kappa y\, dz / z`, and for `y = e^z` it is `y\, dz`.  So one free number an entry
stands for both value and slope.

EXAMPLES:

The trivial case: data multiply every term of the argument, and nothing is tied.  The famous one: with a bias, `e^{x W +
b}` times `U` has the law `b - |u|^2 / 2` for each unit, and `1 / (x W)` times `U` the law `|w|^2 + |u|^2`, which free
slopes would lose::

    sage: from sage_conslaw import networks
    sage: from sage_conslaw.graph.models import SUM_TO_ONE, name_of
    sage: from sage_conslaw.graph.tied import with_given_slope
    sage: x, W, b = networks.input(2), networks.parameter("W", 2, 2), networks.parameter("b", 2)
    sage: [len(with_given_slope(z.ancestors(through_data=True), name_of, SUM_TO_ONE)) for z in
    ....:     ((x @ W).exp(), (x @ W + b).exp(), (x @ W).cut("inverse"))]
    [0, 1, 1]
"""
import numpy as np

from .joining import contract
from .operations import LETTERS, Contract
from .operations.power import Power
from .tensor import Constant, Data, Tensor

# Where the values of a function are looked at, and how closely; away from zero, where powers have poles, and so far
# from it that ReLU6, the identity up to 6, is no power.
_POINTS, _STEP, _TOLERANCE = np.hstack([np.linspace(-7.9, -0.4, 24), np.linspace(0.3, 7.7, 24)]), 1e-5, 1e-6

POWERS = {"inverse": "-1", "inverse root": "-1/2"}


def with_given_slope(order, name_of, sums_to_one):
    r"""
    Return the cuts of a graph whose slope their value gives: powers, and exponentials where something acts as a bias or
    that are multiplied with others.

    INPUT: ``name_of`` -- the name of a cut's function; ``sums_to_one`` -- names of those whose outputs sum to one
    """
    # Lemma: if every term of `z` has a factor `t` of free data, value and slope of `y = e^z` span as much as two free
    # numbers.  Proof: let `h` vanish on all `d(y g) = y (dg + g dz)`, so `h(dg) + g h(dz) = 0` for all data.  Both are
    # polynomials in `t`, where `dg` has the degree `b` of `g` at most.  If `h(dz)` were not zero, of degree `k >= 1` in
    # `t`, the term of degree `b + k` would be the product of two leading ones, not zero.  So `h(dz) = 0 = h(dg)`.
    # A bias in `z` has degree 0 in `t`: there it fails.
    # And a product of two exponentials moves along `dz_1 + dz_2` alone, whatever the data: `e^{x A} e^{x B}` depends on
    # `A + B`.  Only the square of one is an exponential as it is.
    carries, scaled, factors, found = {}, {}, {}, set()
    for node in order:
        children = [child for child in (node.source, *node.inputs) if child is not None]
        # Functions of parameters alone have no data that could be scaled.
        carries[node] = isinstance(node, Data) and node.source is None or any(carries[child] for child in children)
        cut = isinstance(node, Data) and node.kind == "cut"
        name = name_of(node) if cut and node.source is not None else None
        kind = _kind(node.function, name) if cut and node.source is not None else None
        if kind == "power" or kind == "exponential" and not scaled[node.source]:
            found.add(node)
        # Which data can be scaled by a common factor: free outputs and inputs, not tokens and not what sums to one.
        if cut:
            free = node.function is not None and node.function.constraint == "free" and name not in sums_to_one
        elif isinstance(node, Data):
            free = node.kind == "input" and not node.one_hot
        else:
            # One factor is enough for a product; a sum needs all its terms.
            known = [scaled[child] for child in node.inputs]
            free = any(known) if isinstance(node.operation, Contract) else bool(known) and all(known)
        scaled[node] = carries[node] and free
        factors[node] = {node} if kind == "exponential" else set().union(*(factors[child] for child in node.inputs))
        product = isinstance(node.operation, Contract) and all(factors[child] for child in node.inputs)
        if product and not _is_square(node):
            found |= factors[node]
    return found


def _is_square(node):
    """Say whether a node is the product of a tensor with itself, entry by entry."""
    left, right = node.inputs
    return left is right and node.operation.left == node.operation.right == node.operation.result


def _kind(function, name):
    """Say whether a function is a power or an exponential, the user's own from its values."""
    if name is not None or function is None or function.constraint != "free" or function.value is None:
        return "power" if name in POWERS else "exponential" if name == "exp" else None
    # `f = (a z + b) f'`: `a = 0` means an exponential, and `b != 0` a power of `z + b / a`, to which a bias belongs as
    # well.  Differences decide nothing but that less is claimed.
    with np.errstate(all="ignore"):
        left, here, right = (np.asarray(function.value(_POINTS + step), dtype=float) for step in (-_STEP, 0, _STEP))
        slopes = (right - left) / (2 * _STEP)
    seen = np.isfinite(here) & np.isfinite(slopes)
    if seen.sum() <= len(_POINTS) // 3 or not slopes[seen].any():
        return None
    sides = np.stack([_POINTS * slopes, slopes], axis=1)[seen]
    scales = np.linalg.lstsq(sides, here[seen])[0]
    if (abs(sides @ scales - here[seen]) > _TOLERANCE * abs(here[seen])).any():
        return None
    return "power" if abs(scales[1]) < _TOLERANCE else "exponential"


def tied(z, exponent=None):
    """Return a power of each entry with a free factor, or its exponential where no exponent is given."""
    letters = LETTERS[:len(z.shape)]
    if exponent is None:
        # A free value times `1 + 0`, where the zero moves as `z` does: `z`, once moved by `2 dz`, less `z`.
        still = Tensor(Power("2"), (z,), "{0}") + z.scaled(-1, "-{0}")
        power = still + Constant(np.ones(z.shape, dtype=np.int64))
    else:
        power = Tensor(Power(exponent), (z,), "{0}")
    return contract(f"{letters},{letters}->{letters}", Data("scale", z.shape, "cut"), power)
