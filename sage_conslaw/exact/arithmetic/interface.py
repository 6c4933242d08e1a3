r"""
What every arithmetic can do, and what is the same for arrays of any kind of entry: moving entries around.
"""
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import numpy as np


def split_spec(spec: str) -> tuple[str, str, str]:
    """Return the index letters of the two operands and of the result of a contraction."""
    operands, result = spec.split("->")
    left, right = operands.split(",")
    return left, right, result


class Arithmetic(ABC):
    """What a graph of operations asks of the numbers it runs on; an array may be of any type that these take."""

    @abstractmethod
    def embed(self, a: Any) -> Any:
        """Return plain data (entries of the innermost arithmetic) as constants."""

    @abstractmethod
    def constant(self, values: Any) -> Any:
        """Return integers as an array."""

    @abstractmethod
    def fractions(self, values: Sequence[Any]) -> Any:
        """Return a list of rational constants as an array."""

    @abstractmethod
    def add(self, a: Any, b: Any) -> Any:
        """Return the sum."""

    @abstractmethod
    def subtract(self, a: Any, b: Any) -> Any:
        """Return the difference."""

    @abstractmethod
    def negate(self, a: Any) -> Any:
        """Return the negative."""

    @abstractmethod
    def multiply(self, a: Any, b: Any) -> Any:
        """Return the product, entry by entry."""

    @abstractmethod
    def scale(self, a: Any, factor: Any) -> Any:
        """Return the product with a rational number."""

    @abstractmethod
    def contract(self, spec: str, a: Any, b: Any) -> Any:
        """Contract like ``numpy.einsum`` with an ellipsis (the batch) before each operand."""

    @abstractmethod
    def segment_sum(self, a: Any, starts: Sequence[int]) -> Any:
        """Sum the runs of the last axis that begin at ``starts``."""

    @abstractmethod
    # What follows only moves entries around, and so commutes with every derivative and reduction.
    def slice(self, a: Any, start: int, stop: int) -> Any:
        """Return the entries of the last axis from ``start`` to ``stop``."""

    @abstractmethod
    def take(self, a: Any, indices: Any, axis: int = -1) -> Any:
        """Return the entries at some places along an axis."""

    @abstractmethod
    def reshape(self, a: Any, old: Sequence[int], new: Sequence[int]) -> Any:
        """Return the array with its own axes ``old`` changed to ``new``; a batch before them stays."""

    @abstractmethod
    def transpose(self, a: Any, order: Sequence[int]) -> Any:
        """Return the array with its own axes in another order; a batch before them stays."""

    @abstractmethod
    def concatenate(self, arrays: Sequence[Any], axis: int) -> Any:
        """Return arrays joined along an axis, counted from the end; a batch is broadcast."""


class ArrayArithmetic(Arithmetic):
    """Numpy arrays of some kind of entry, which are moved around without being looked at."""

    def embed(self, a):
        return a

    def slice(self, a, start, stop):
        return a[..., start:stop]

    def take(self, a, indices, axis=-1):
        return np.take(a, indices, axis=axis)

    def reshape(self, a, old, new):
        return np.reshape(a, a.shape[:a.ndim - len(old)] + tuple(new))

    def transpose(self, a, order):
        # Own axes are counted from the end, as the number of batch axes is not known to the graph.
        lead = a.ndim - len(order)
        return np.transpose(a, tuple(range(lead)) + tuple(lead + i for i in order))

    def concatenate(self, arrays, axis):
        # Constants have no batch: they are repeated along that of the others.
        lead = np.broadcast_shapes(*(a.shape[:a.ndim + axis] for a in arrays))
        return np.concatenate([np.broadcast_to(a, lead + a.shape[axis:]) for a in arrays], axis=axis)


class OperatorArithmetic(ArrayArithmetic):
    """Entries whose own operators are the arithmetic."""

    def add(self, a, b):
        return a + b

    def subtract(self, a, b):
        return a - b

    def negate(self, a):
        return -a

    def multiply(self, a, b):
        return a * b

    def segment_sum(self, a, starts):
        return np.add.reduceat(a, starts, axis=-1)


def as_array(entry):
    """Return what an operator gave as an array: on arrays of objects without axes it gives a bare entry."""
    # A bare polynomial would be taken for a sequence by numpy, or have no shape.
    if isinstance(entry, np.ndarray):
        return entry
    out = np.empty((), dtype=object)
    out[()] = entry
    return out


class ObjectArithmetic(OperatorArithmetic):
    """Arrays of Python objects with operators."""

    def add(self, a, b):
        return as_array(a + b)

    def subtract(self, a, b):
        return as_array(a - b)

    def negate(self, a):
        return as_array(-a)

    def multiply(self, a, b):
        return as_array(a * b)
