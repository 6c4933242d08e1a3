r"""
Momentum flows without laws at any width, from a dense rank at small widths.

Write the controls of a segment as `(0, 0, \nabla f)` and let `I` be what they and their brackets with the drift and
each other span.  The drift alone moves time, so the rank of the whole Lie algebra is one more than that of `I`; and `I`
is a direct sum over the segments of the network (:mod:`.segments`), as the drift acts on each segment by itself.

*Theorem.*  Let data switch off each value of a class `c` (:mod:`.switching`), let no parameter have more than `t`
indices in `c`, and let `I` fill the positions and velocities of the segment at some size `n \ge t` of `c`.  Then it
does at all larger sizes.

*Proof.*  With the data of the value `j` zero, controls are those of the network without `j`: they move velocities
without `j` and depend on positions without `j` alone, and so do their brackets with the drift, which moves each
position by its own velocity.  A covector that annihilates `I` at a generic point of size `n + 1` is therefore zero
on all positions and velocities without `j`, for each `j`; each coordinate has at most `t < n + 1` values and is among
them for some `j`.

The trivial case is `relu 2 2 1`, computed itself.  The famous one: deep networks with ReLU keep nothing under momentum,
whatever their widths.  One that fails: hidden units of a linear layer carry no data; they stay at their true number.
"""
import logging
from collections import Counter

from ..exact.primes import random_prime
from ..flows.flow import momentum
from ..flows.flow_family import FlowFamily
from ..graph.response import NetworkResponse
from ..rank.orbit import pushed_tangents
from .axes import Unknown, axes_of
from .links import flat
from .segments import segments
from .switching import switchable
from .signature import signature
from .true_width import width_of

logger = logging.getLogger(__name__)

# State coordinates of a small network: a rank of 1500 takes a few seconds.
_MOST = 1500

# Values of a class that data switch off, at least.
_LEAST = 2


def lawless_rank(family, generator, deadline=None):
    r"""
    Return a proved lower bound of the rank of a momentum flow: one for the drift, and the whole of each segment that
    is proved to have no law; ``None`` where the axes of the network are not known.
    """
    if not covers(family):
        return None
    width = width_of(FlowFamily(family.response, family.response.names))
    if width is None or width.reasons:
        return None
    flow, total, known = _flow(family), 1, {}
    for leaves in segments(width.axes.response):
        if deadline is not None:
            deadline.check(rank_at_least=total)
        try:
            axes = axes_of(width.axes.restricted(width.axes.sizes, leaves))
        except Unknown:
            continue
        key = signature(axes)
        if key not in known:
            known[key] = _fills(axes, flow, generator, deadline)
        total += 2 * sum(leaf.size for leaf in leaves) if known[key] else 0
    return total


def covers(family):
    """Say whether a family is a momentum flow of a network in the Euclidean metric whose drift integrates exactly.

    A coarse reading counts what the exact one does for gradient flow; for momentum that is not known, so that networks
    which have both are left out.
    """
    return (type(family) is FlowFamily and isinstance(family.response, NetworkResponse) and family.metric is None
            and family.response.coarse is None and family.exact_flow is not None and family.shears
            and not family.constants)


def _flow(family):
    kind, number = family.exact_flow
    return momentum(f"{number}/t" if kind == "power" else number or 0)


def _fills(axes, flow, generator, deadline):
    """Say whether the momentum flow of a segment is proved to have no law."""
    sizes = list(axes.sizes)
    # Fixed numbers that would be ones in the small network keep their values, so their classes keep their size: the
    # change of parameters that makes them ones is no isometry, and brackets with the drift are others behind it.  In
    # `(a_j^2 - c_j b_j^2) x_j` each `c_j = -1` gives a law `a_j b_j' - b_j a_j'`, and `c_j = 1` gives none.
    fixed = {c for node in axes.ones for c in flat(axes, node)}
    for c, size in enumerate(sizes):
        most = max((Counter(flat(axes, leaf))[c] for leaf in axes.leaves), default=0)
        small = max(_LEAST, most)
        if size > small and c not in fixed and not axes.rigid[c] and switchable(axes, [c]):
            sizes[c] = small
    response = axes.restricted(sizes)
    if len(response.leaves) < len(axes.leaves) or 2 * response.dimension > _MOST:
        return False
    family = flow.family(response)
    ranks = pushed_tangents(family, generator, random_prime(generator), family.dimension, deadline)
    logger.info("sizes %s: rank %d of %d", sizes, ranks[-1], family.dimension)
    return ranks[-1] == family.dimension
