r"""
Rearrangements of entries.
"""
from functools import cached_property

import numpy as np

from ...runtime.errors import InputError
from .operation import Operation


class Gather(Operation):
    r"""
    A rearrangement: each entry of the result is one entry of the input, or zero.

    Reshaping, transposing, repeating, slicing and padding keep their axes (:mod:`..rearrangements`); this one, by an
    array of places, is for the rest, such as the windows of a convolution.

    INPUT:

    - ``indices`` -- integer array of the result's shape: flat places in the input, ``-1`` for zero

    - ``source`` -- the shape of the input
    """

    op = "gather"

    def __init__(self, indices, source):
        self.indices = np.asarray(indices, dtype=np.int64)
        self.result = self.indices.shape
        self.source = tuple(int(n) for n in source)
        self._size = int(np.prod(self.source, dtype=np.int64))

    @cached_property
    def _tables(self):
        """Return how covectors are added up: an order of the entries, where equal places start, and which sum each
        place gets."""
        # Sorted by the place that they come from, entries of one place are neighbours: sums of runs, in any arithmetic.
        flat = self.indices.ravel()
        used = np.flatnonzero(flat >= 0)
        order = used[np.argsort(flat[used], kind="stable")]
        present = flat[order]
        starts = np.flatnonzero(np.r_[True, present[1:] != present[:-1]][:len(present)])
        # What nothing reads points behind the last sum.
        places = np.full(self._size, len(starts), dtype=np.int64)
        places[present[starts]] = np.arange(len(starts))
        return order, starts, places

    @cached_property
    def _padded(self):
        return bool((self.indices < 0).any())

    def arranged(self, places):
        """Return numbers of the input's entries as those of the result's, -1 for what is zero."""
        return np.where(self.indices < 0, -1, places.reshape(-1)[self.indices])

    def shape(self, a):
        """Return the shape of the result."""
        if tuple(a) != self.source:
            raise InputError(f"a rearrangement of shape {self.source} does not take shape {tuple(a)}")
        return self.result

    def forward(self, A, a):
        """Return the value."""
        flat = A.reshape(a, self.source, (self._size,))
        # Place -1 is an entry behind the last, which is zero.
        if self._padded:
            flat = A.concatenate([flat, A.constant([0])], -1)
        indices = self.indices.ravel()
        return A.reshape(A.take(flat, np.where(indices < 0, self._size, indices)), (len(indices),), self.indices.shape)

    def backward(self, A, which, covector, values):
        """Return the covector of the input: covectors of equal places are added."""
        order, starts, places = self._tables
        flat = A.reshape(covector, self.indices.shape, (self.indices.size,))
        if not len(starts):
            return A.constant(np.zeros(self.source, dtype=np.int64))
        sums = A.segment_sum(A.take(flat, order), starts)
        # Places that nothing reads get the zero behind the last sum.
        sums = A.concatenate([sums, A.constant([0])], -1)
        return A.reshape(A.take(sums, places), (self._size,), self.source)

    def degree(self, a):
        """Return the degree of the result, that of the input."""
        return a

    def terms(self, a):
        """Return the pairs (output entries, input entries) of the entries that are not zero."""
        outs = np.flatnonzero(self.indices.ravel() >= 0)
        return [(outs, (self.indices.ravel()[outs],))]

    def record(self, shapes, inputs):
        """Return the places, whatever made them."""
        return {"op": self.op, "inputs": inputs, "shape": list(map(int, self.result)),
                "indices": self.indices.ravel().tolist()}

    @classmethod
    def restored(cls, entry, inputs):
        """Return the entries of a tensor at the places."""
        (source,) = inputs
        indices = np.array(entry["indices"], dtype=np.int64).reshape(entry["shape"])
        # A record may be written by anyone, and numpy would read -2 from the end without a word.
        if indices.size and not -1 <= indices.min() <= indices.max() < source.size:
            raise InputError("a rearrangement refers to entries that its input does not have")
        return source.made(Gather(indices, source.shape), inputs, "gather({0})")
