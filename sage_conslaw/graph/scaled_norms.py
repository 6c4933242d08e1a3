r"""
Norms whose outputs may be scaled: a norm without a constant that only another norm reads is the identity there.

`\mathrm{norm}(\alpha y) = \mathrm{norm}(y)` for `\alpha > 0`, so in `\mathrm{norm}(\mathrm{norm}(x W) V)` the first
norm changes nothing: the network is `\mathrm{norm}(x W V)`, whose laws are checked in far fewer terms (of `3, 5, 5, 3`
in well under a second each, not ten) and whose structure is known at any width. One that stays: with a bias after it,
or a residual sum, the output does change when the norm's outputs are scaled.
"""
import numpy as np

from .models import NORMS, is_scaled_away, name_of
from .operations import Add, Contract, Gather
from .replacing import replaced
from .tensor import Constant


def without_scaled_norms(output):
    r"""
    Return a tensor with the same values but for points where a norm divides by zero, without the norms whose outputs
    only count up to a positive factor.
    """
    order = output.ancestors(through_data=True)
    norms = [node for node in order if node.kind == "cut" and name_of(node) in NORMS]
    # One norm alone is read by the output or by what is not scaled; and degrees are known of these operations.
    if len(norms) < 2 or not all(
        node.operation is None or isinstance(node.operation, (Add, Contract, Gather)) for node in order
    ):
        return output
    other = {}
    for leaf in norms:
        # Several vectors have a factor each: one vector alone is followed.
        if leaf.shape and leaf.size == leaf.shape[-1] > 1 and is_scaled_away(leaf, order):
            size, source = leaf.size, replaced(leaf.source, other)[leaf.source]
            centred = Constant(size * np.eye(size, dtype=np.int64) - 1)
            other[leaf] = source if name_of(leaf) == "rms norm" else source @ centred
    return replaced(output, other)[output] if other else output
