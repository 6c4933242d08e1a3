r"""
Rearrangements that keep their axes: reshapes, transposes, repetitions, slices, selections along an axis, padding.

Each of them is described by a few numbers, whatever the size of the tensor; the array of places, by which every reading
of a :class:`.operations.Gather` works, is made when a reading first asks for it.  Building the graph of a network of
10^8 parameters therefore costs milliseconds, and what asks for the structure of a graph reads axes, not entries.

EXAMPLES:

A transpose of 38 million entries, of which nothing is expanded::

    sage: from sage_conslaw.graph.rearrangements import Transpose
    sage: Transpose((50257r, 768r), (1r, 0r)).shape((50257r, 768r))
    (768, 50257)

The same at a size at which it is read::

    sage: Transpose((2r, 3r), (1r, 0r)).indices
    array([[0, 3],
           [1, 4],
           [2, 5]])
"""
from functools import cached_property

import numpy as np

from .operations import Gather
from ..runtime.errors import InputError


class Rearrangement(Gather):
    """
    A rearrangement of whole axes; subclasses say how, by ``arranged``, which maps the array of all places to that of
    the result.
    """

    def __init__(self, source, result):
        self.source, self.result = tuple(int(n) for n in source), tuple(int(n) for n in result)
        self._size = int(np.prod(self.source, dtype=np.int64))

    @cached_property
    def indices(self):
        return np.ascontiguousarray(self.arranged(np.arange(self._size, dtype=np.int64).reshape(self.source)))


class Reshape(Rearrangement):
    """The entries in order, in another shape: axes are split, merged, inserted or dropped."""

    def arranged(self, places):
        return places.reshape(self.result)

    def forward(self, A, a):
        # The arithmetic moves whole axes: the places, eight bytes an entry, are never made here.
        return A.reshape(a, self.source, self.result)

    def backward(self, A, which, covector, values):
        return A.reshape(covector, self.result, self.source)


class Transpose(Rearrangement):
    """The axes in another order: axis ``k`` of the result is axis ``order[k]`` of the source."""

    def __init__(self, source, order):
        self.order = tuple(int(k) for k in order)
        super().__init__(source, [source[k] for k in self.order])

    def arranged(self, places):
        return places.transpose(self.order)

    def forward(self, A, a):
        return A.transpose(a, self.order)

    def backward(self, A, which, covector, values):
        # A permutation is orthogonal: its transpose is its inverse, and argsort inverts the order.
        return A.transpose(covector, tuple(int(k) for k in np.argsort(self.order)))


class Broadcast(Rearrangement):
    """The tensor repeated along new leading axes and along axes of size one, by numpy's rules."""

    def arranged(self, places):
        return np.broadcast_to(places, self.result)


class Slice(Rearrangement):
    """A range of entries ``(start, step, number)`` along each axis."""

    def __init__(self, source, ranges):
        self.ranges = tuple(tuple(int(n) for n in one) for one in ranges)
        super().__init__(source, [number for _, _, number in self.ranges])

    def arranged(self, places):
        return places[np.ix_(*(start + step * np.arange(number) for start, step, number in self.ranges))]


class Select(Rearrangement):
    """Entries along one axis at a list of places, which may repeat (queries that share a key)."""

    def __init__(self, source, axis, entries):
        self.axis, self.entries = int(axis), tuple(int(n) for n in entries)
        super().__init__(source, [len(self.entries) if k == self.axis else n for k, n in enumerate(source)])

    def arranged(self, places):
        return np.take(places, np.array(self.entries, dtype=np.int64), axis=self.axis)


class Pad(Rearrangement):
    """The tensor with zeros before and after it along one axis: a part of a concatenation."""

    def __init__(self, source, axis, before, after):
        self.axis, self.before, self.after = int(axis), int(before), int(after)
        super().__init__(source, [n + self.before + self.after if k == self.axis else n for k, n in enumerate(source)])

    def arranged(self, places):
        widths = [(self.before, self.after) if k == self.axis else (0, 0) for k in range(len(self.source))]
        return np.pad(places, widths, constant_values=-1)


class Windows(Rearrangement):
    """
    The windows of a convolution: the first axes, samples and channels, are kept; the others become positions and
    entries of a window.
    """

    def __init__(self, source, kept, places):
        self.kept, self.places = int(kept), np.asarray(places, dtype=np.int64)
        super().__init__(source, (*source[:self.kept], *self.places.shape))

    def arranged(self, places):
        flat = places.reshape(*self.source[:self.kept], int(np.prod(self.source[self.kept:], dtype=np.int64)))
        # As an index -1 is the last entry; as a place it stands for the zeros around.
        return np.where(self.places < 0, -1, flat[..., self.places])


def reshaped(source, shape):
    """Return the shape with its -1 replaced, or ``None`` if the numbers of entries differ."""
    shape = [int(n) for n in shape]
    size = int(np.prod(source, dtype=np.int64))
    if shape.count(-1) == 1:
        rest = int(np.prod([n for n in shape if n != -1], dtype=np.int64))
        if not rest or size % rest:
            return None
        shape[shape.index(-1)] = size // rest
    # Axes of no entries are allowed; a second -1 is not.
    return tuple(shape) if min(shape, default=1) >= 0 and int(np.prod(shape, dtype=np.int64)) == size else None


def indexed(source, key):
    """
    Return the rearrangements, one after the other, that an index in square brackets stands for; ``None`` if it mixes
    arrays of indices.
    """
    key = key if isinstance(key, tuple) else (key,)
    # A mask chooses as many entries as it has ones: how many axes and entries it leaves numpy says.
    if any(isinstance(k, (bool, np.bool_)) or getattr(k, "dtype", None) is np.dtype(bool) for k in key):
        return None
    lists = [k for k in key if hasattr(k, "__len__")]
    if len(lists) > 1 or lists and (np.ndim(lists[0]) != 1 or np.asarray(lists[0]).dtype.kind not in "iu"):
        return None
    given = sum(k is not None and k is not Ellipsis for k in key)
    if given > len(source) or sum(k is Ellipsis for k in key) > 1:
        raise InputError(f"an index for {given} axes of a tensor with {len(source)}")
    # Axes that are not named come last and are kept whole.
    if not any(k is Ellipsis for k in key):
        key = key + (Ellipsis,)
    at = next(i for i, k in enumerate(key) if k is Ellipsis)
    key = key[:at] + (slice(None),) * (len(source) - given) + key[at + 1:]
    ranges, shape, selected, axis = [], [], None, 0
    for k in key:
        if k is None:
            shape.append(1)
            continue
        size = source[axis]
        if isinstance(k, slice):
            start, stop, step = k.indices(size)
            ranges.append((start, step, len(range(start, stop, step))))
            shape.append(ranges[-1][2])
        elif hasattr(k, "__len__"):
            selected = axis, [_place(i, size) for i in k]
            ranges.append((0, 1, size))
            shape.append(len(k))
        else:
            # A range of one entry, whose axis the reshape at the end drops.
            ranges.append((_place(k, size), 1, 1))
        axis += 1
    # With an array and whole numbers numpy may move axes: it is asked itself, by the array of places.
    if selected and len(shape) != len(source):
        return None
    steps = []
    if selected:
        steps.append(Select(source, *selected))
        # Chosen already: the slices take all that is left of this axis.
        ranges[selected[0]] = (0, 1, len(selected[1]))
    steps.append(Slice(steps[-1].result if steps else source, ranges))
    # Axes of whole numbers are left out, and new ones of size one put in.
    steps.append(Reshape(steps[-1].result, shape))
    return [step for step in steps if not _is_identity(step)]


def _place(index, size):
    index = int(index)
    if not -size <= index < size:
        raise InputError(f"the index {index} is outside of an axis of size {size}")
    return index % size


def _is_identity(step):
    if isinstance(step, Slice):
        return all(one == (0, 1, n) for one, n in zip(step.ranges, step.source))
    return isinstance(step, Reshape) and step.source == step.result


def matched_axes(source, target):
    """
    Yield the axes that a reshape merges and splits together, as pairs of slices of the two shapes: the shortest ones
    with equally many entries.
    """
    if 0 in source:
        # No entries: nothing tells which axes belong together.
        yield slice(0, len(source)), slice(0, len(target))
        return
    i = k = 0
    while i < len(source) or k < len(target):
        start_i, start_k = i, k
        a = source[i] if i < len(source) else 1
        b = target[k] if k < len(target) else 1
        i, k = min(i + 1, len(source)), min(k + 1, len(target))
        # Both products end at the number of entries, so that this ends.
        while a != b:
            if a < b:
                a *= source[i]
                i += 1
            else:
                b *= target[k]
                k += 1
        yield slice(start_i, i), slice(start_k, k)
