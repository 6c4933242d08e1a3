r"""
Ranges of axes: triples (start, step, number), one an axis, as slices of parameters give them.
"""
import numpy as np

from ..graph.rearrangements import matched_axes
from ..graph.tensor import Parameter
from .axes import Unknown


def entire(shape):
    """Return the ranges of all of a tensor."""
    return tuple((0, 1, n) for n in shape)


def whole(ranges, shape):
    return tuple(ranges) == entire(shape)


def part_of(leaf, ranges):
    words = ",".join(_words(one, n) for one, n in zip(ranges, leaf.shape))
    return Parameter(f"{leaf.name}[{words}]", tuple(number for _, _, number in ranges))


def overlap(one, other):
    (a, step, n), (b, leap, m) = one, other
    return not set(range(a, a + step * n, step)).isdisjoint(range(b, b + leap * m, leap))


def _words(one, n):
    start, step, number = one
    return ":" if one == (0, 1, n) else f"{start}:{start + step * number}" + (f":{step}" if step != 1 else "")


def through_reshape(source, target, ranges):
    """Return the ranges of the source that ranges of its reshape are, where each is whole or of the first of the axes
    that one is split into."""
    out = []
    for mine, other in matched_axes(source, target):
        group, here, new = source[mine], ranges[other], target[other]
        # Axes of size 1 take no part; of the others only the first may be cut, without gaps: then the entries are a
        # range of the one axis that is split.
        if whole(here, new):
            out += [(0, 1, n) for n in group]
            continue
        live = [j for j, n in enumerate(new) if n > 1]
        first = live[0]
        sized = [j for j, n in enumerate(group) if n > 1]
        if len(sized) != 1 or any(here[j] != (0, 1, new[j]) for j in live[1:]) or here[first][1] != 1:
            raise Unknown("part of a reshape is taken")
        inner = int(np.prod(new, dtype=np.int64)) // new[first]
        start, _, number = here[first]
        out += [(start * inner, 1, number * inner) if j == sized[0] else (0, 1, 1) for j in range(len(group))]
    return tuple(out)
