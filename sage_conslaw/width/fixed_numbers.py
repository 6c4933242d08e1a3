r"""
Fixed numbers by channel: running means and variances of a batch normalisation that is in evaluation.

In `g_j s_j (w_j \cdot x + c_j) + b_j` the numbers `s_j`, `c_j` are not trained, and each channel has its own.  Scale
`w_j` by `c_j` and `g_j` by `1 / (c_j s_j)`: a linear change of the parameters, diagonal, after which all fixed numbers
are one.  It is no isometry, so gradients and their brackets change; but the span of the gradients of all responses is
the row space of a Jacobian, and its generic rank stays.  So the rank of fields *without brackets* may be computed with
ones, for any width, wherever such a change exists: exponents for all axes of a class, additive in products and equal
in sums, zero where data are not free.  A root of a negative number does no harm: the rank is the same over the complex
numbers.

EXAMPLES::

    sage: from sage_conslaw import networks
    sage: from sage_conslaw.width.axes import axes_of
    sage: W, g, b, U = (networks.parameter(*words) for words in [("W", 2, 4), ("g", 4), ("b", 4), ("U", 4, 3)])
    sage: s, c = networks.fixed("s", values=[1, 2, 3, 4]), networks.fixed("c", values=[5, -7, 6, 8])
    sage: z = (networks.input(2) @ W + c) * s * g + b
    sage: axes = axes_of(networks.custom(z.relu() @ U).response())
    sage: axes.ones == {s, c}, axes.rigid
    (True, (False, False, False))

Two different terms added to one tensor cannot both be scaled away; these channels are those given::

    sage: z = networks.input(2) @ W
    sage: axes = axes_of(networks.custom(((z + s) @ U) * ((z + c) @ U)).response())
    sage: len(axes.ones), axes.rigid
    (0, (False, True, False))
"""
import numpy as np

from ..exact.linear_algebra import rank
from ..graph.cuts import SumOne
from ..graph.tensor import Constant
from ..laws.gradings import WeightLattice
from .links import flat, is_primitive, is_sum_zero, links_of, relate

_PRIME = (1 << 61) - 1


def only_axis(constant):
    """Return the axis along which an array of nonzero numbers differs, ``None`` if it is another array."""
    if constant.lazy:
        return None
    # A stride of zero is a repetition. No number may be zero: the change of parameters divides by it.
    wide = [k for k, (n, stride) in enumerate(zip(constant.shape, constant.values.strides)) if n > 1 and stride]
    return wide[0] if len(wide) == 1 and constant.values.all() else None


def scaled_away(axes, constants):
    r"""
    Return those of the constants, given with a class of axes each, that a diagonal change of parameters and data makes
    ones.
    """
    by_class, found = {}, set()
    for constant, c in constants:
        by_class.setdefault(c, []).append(constant)
    # Class by class: an exponent belongs to one value of one class, and others keep their scale.
    for c, mine in by_class.items():
        lattice, weights = WeightLattice(), {}

        def places(node, c=c):
            return [i for i, d in enumerate(flat(axes, node)) if d == c]
        for node in axes.order:
            for i in places(node):
                weights[node, i] = lattice.unknowns(1)[0]
        for node in axes.order:
            last = sum(map(len, axes.of[node][:-1]))
            for i in places(node):
                if (
                    isinstance(node, Constant) and node not in mine
                    or isinstance(node, SumOne)
                    or is_sum_zero(node) and i >= last
                ):
                    lattice.relation({weights[node, i]: 1})
            if node.operation is not None and not is_primitive(node):
                relate(lattice, weights, node, links_of(axes, node))
        for node, constraint, _ in axes.pairings:
            last = sum(map(len, axes.of[node][:-1]))
            for i in places(node):
                # Rows of free covectors may be scaled; along the last axis the condition on them would be another one.
                if constraint != "free" and i >= last:
                    lattice.relation({weights[node, i]: 1})
        _, scales = lattice.characters([weights[constant, i] for constant in mine for i in places(constant)])
        # Exponents whose values at the constants are independent reach every choice of factors, so also their inverses.
        if scales.size and rank(np.asarray(scales, dtype=np.int64) % _PRIME, _PRIME) == len(mine):
            found.update(mine)
    return found
