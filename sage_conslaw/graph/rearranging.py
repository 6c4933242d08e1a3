r"""
Rearrangements of tensors: entries and axes in other places.
"""
import operator

import numpy as np

from ..runtime.errors import InputError
from .operations import Gather
from .rearrangements import Broadcast, Reshape, Transpose, indexed, reshaped


class Rearranging:
    """What a tensor inherits: shapes, axes, indices."""

    def gather(self, indices, written=None):
        """Return the tensor whose entries are those at flat ``indices`` (an integer array; -1 for zero)."""
        return self.made(Gather(indices, self.shape), (self,), written or "gather({0})")

    def repeat_to(self, shape):
        """Return the tensor repeated along new axes, by numpy's rules of broadcasting."""
        shape = tuple(shape)
        if shape == self.shape:
            return self
        if np.broadcast_shapes(self.shape, shape) != shape:
            raise InputError(f"{self.label()} of shape {self.shape} cannot be repeated to the shape {shape}")
        return self.made(Broadcast(self.shape, shape), (self,), "{0}")

    def reshape(self, *shape):
        """Return the tensor with its entries, in order, in another shape; one size may be -1."""
        shape = tuple(shape[0]) if len(shape) == 1 and hasattr(shape[0], "__iter__") else shape
        try:
            new = reshaped(self.shape, [operator.index(n) for n in shape])
        except TypeError:
            new = None
        if new is None:
            raise InputError(f"{self.label()} of shape {self.shape} has {self.size} entries and cannot get the shape "
                             f"({', '.join(map(str, shape))})")
        return self if new == self.shape else self.made(Reshape(self.shape, new), (self,), "{0}")

    def transpose(self, *axes):
        """Return the tensor with its axes in another order, reversed by default."""
        axes = tuple(axes[0]) if len(axes) == 1 and hasattr(axes[0], "__iter__") else axes
        if axes and sorted(axes) != list(range(len(self.shape))):
            raise InputError(f"the axes {tuple(map(int, axes))} are no order of those of {self.label()} of shape "
                             f"{self.shape}")
        order = axes or range(len(self.shape))[::-1]
        return self.made(Transpose(self.shape, order), (self,), "{0}.T")

    @property
    def T(self):
        """The tensor with its axes reversed."""
        return self.transpose()

    def __getitem__(self, key):
        steps = indexed(self.shape, key)
        if steps is None:
            # What numpy does with the array of all places is what it does with any array.
            return self.gather(np.arange(self.size).reshape(self.shape)[key], "{0}[...]")
        node = self
        for step in steps:
            node = self.made(step, (node,), "{0}[...]" if node is self else "{0}")
        return node

    def embed(self, table):
        """
        Return the rows of a table of shape ``(vocabulary, width)`` that one-hot tokens ``(tokens, vocabulary)`` select.

        """
        # In the exact readings tokens are free vectors: a layer is linear in each, so they span what one-hot ones span.
        return self @ table
