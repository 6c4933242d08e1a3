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
        r"""
        Return the tensor whose entries are those at flat ``indices`` (an integer array; -1 for zero).

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: x.gather([0, -1, 5]).shape
            (3,)
        """
        return self.made(Gather(indices, self.shape), (self,), written or "gather({0})")

    def _places(self):
        return np.arange(self.size).reshape(self.shape)

    def repeat_to(self, shape):
        r"""
        Return the tensor repeated along new axes, by numpy's rules of broadcasting.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: networks.parameter("b", 3).repeat_to((2, 3)).shape
            (2, 3)
        """
        shape = tuple(shape)
        if shape == self.shape:
            return self
        if np.broadcast_shapes(self.shape, shape) != shape:
            raise InputError(f"{self.label()} of shape {self.shape} cannot be repeated to the shape {shape}")
        return self.made(Broadcast(self.shape, shape), (self,), "{0}")

    def reshape(self, *shape):
        r"""
        Return the tensor with its entries, in order, in another shape; one size may be -1.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: x.reshape(3, -1).shape
            (3, 2)
        """
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
        r"""
        Return the tensor with its axes in another order, reversed by default.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: x.transpose(1, 0).shape
            (3, 2)
        """
        axes = tuple(axes[0]) if len(axes) == 1 and hasattr(axes[0], "__iter__") else axes
        if axes and sorted(axes) != list(range(len(self.shape))):
            raise InputError(
                f"the axes {tuple(map(int, axes))} are no order of those of {self.label()} of shape {self.shape}"
            )
        order = axes or range(len(self.shape))[::-1]
        return self.made(Transpose(self.shape, order), (self,), "{0}.T")

    @property
    def T(self):
        r"""
        The tensor with its axes reversed.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: x.T.shape
            (3, 2)
        """
        return self.transpose()

    def __getitem__(self, key):
        steps = indexed(self.shape, key)
        if steps is None:
            return self.gather(self._places()[key], "{0}[...]")
        node = self
        for step in steps:
            node = self.made(step, (node,), "{0}[...]" if node is self else "{0}")
        return node

    def embed(self, table):
        r"""
        Return the rows of a table of shape ``(vocabulary, width)`` that one-hot tokens ``(tokens, vocabulary)`` select.

        In the exact readings tokens are free vectors: a layer is linear in each, so they span what the one-hot ones
        span.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: networks.input(5, 10).embed(networks.parameter("E", 10, 4)).shape
            (5, 4)
        """
        return self @ table
