r"""
What every operation knows of itself.
"""
from abc import ABC, abstractmethod

from ...runtime.errors import NotCovered


class Operation(ABC):
    r"""
    A map between tensors, polynomial in its inputs unless it says otherwise.

    - ``polynomial`` -- whether its value is a polynomial in its inputs

    - ``gradient`` -- whether its transposed action is that of the derivative of its value, so that fields are gradients
      of one `\phi`
    """

    polynomial = gradient = True

    @abstractmethod
    def shape(self, *shapes):
        """Return the shape of the result, or say why the shapes do not fit."""

    @abstractmethod
    def terms(self, *shapes):
        """Return a list of pairs (output entries, input entries): flat index arrays of equal length, one a factor,
        ``None`` for an input that is no factor.  An output entry is the sum over its terms of the factors' products."""

    @abstractmethod
    def forward(self, A, *values):
        """Return the value in an arithmetic."""

    @abstractmethod
    def backward(self, A, which, covector, values):
        """Return the covector of one input, from the covector of the result."""

    @abstractmethod
    def degree(self, *degrees):
        """Return the degree of the result from those of the inputs."""

    def tangent(self, A, *values):
        """Return the value on dual numbers whose infinitesimal parts are derivatives of the network."""
        return self.forward(A, *values)

    def record(self, shapes, inputs):
        """Return the entry of a certificate, from the shapes and the places of the inputs there."""
        raise NotCovered(f"the operation {type(self).__name__} has no record in certificates yet")

    @classmethod
    def restored(cls, entry, inputs):
        """Return the result on tensors from the entry of a certificate."""
        raise NotCovered(f"the operation {cls.__name__} has no record in certificates yet")
