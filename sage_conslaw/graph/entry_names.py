r"""
The names of all entries of the parameters, written when they are asked for: a network may have 10^8 of them.
"""
from collections.abc import Sequence

import numpy as np


class EntryNames(Sequence):
    """A sequence of names like a list, made of the leaves' shapes."""

    def __init__(self, leaves):
        self.leaves = tuple(leaves)
        self._starts = np.cumsum([0] + [leaf.size for leaf in self.leaves], dtype=np.int64)

    def __len__(self):
        return int(self._starts[-1])

    def __getitem__(self, index):
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        index = int(index) + (len(self) if index < 0 else 0)
        if not 0 <= index < len(self):
            raise IndexError(f"there are {len(self)} names")
        # A leaf without entries starts where the next one does.
        number = int(np.searchsorted(self._starts, index, side="right")) - 1
        return self.leaves[number].entry_name(index - int(self._starts[number]))

    def __iter__(self):
        for leaf in self.leaves:
            yield from leaf.entry_names()

    def __add__(self, other):
        return list(self) + list(other)

    def __radd__(self, other):
        return list(other) + list(self)

    def __eq__(self, other):
        if isinstance(other, (EntryNames, list, tuple)):
            return len(self) == len(other) and all(a == b for a, b in zip(self, other))
        return NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self):
        return repr(list(self)) if len(self) <= 1000 else f"[{self[0]!r}, ..., {self[-1]!r}] ({len(self)} names)"
