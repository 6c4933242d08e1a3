"""Dual numbers over another arithmetic, for exact directional derivatives."""
from typing import NamedTuple

from ..elementary import SLOPES
from .interface import Arithmetic


class Dual(NamedTuple):
    """A dual number ``real + eps * infinitesimal`` with ``eps^2 = 0``; ``None`` stands for zero."""

    real: object
    infinitesimal: object

    @property
    def shape(self):
        """The shape of the real part."""
        return self.real.shape


class DualArithmetic(Arithmetic):
    """Dual numbers over another arithmetic: exact first derivatives, nested for higher ones."""

    def __init__(self, base):
        self.base = base

    def embed(self, a):
        # Data and constants do not move.
        return Dual(self.base.embed(a), None)

    def constant(self, values):
        return Dual(self.base.constant(values), None)

    def fractions(self, values):
        return Dual(self.base.fractions(values), None)

    def segment_sum(self, a, starts):
        return self._map(lambda x: self.base.segment_sum(x, starts), a)

    # A missing infinitesimal part is zero, and stays missing: most of what does not move costs nothing.

    def _both(self, operation, a, b, missing=lambda x: x):
        if b is None:
            return a
        if a is None:
            return missing(b)
        return operation(a, b)

    def add(self, a, b):
        return Dual(self.base.add(a.real, b.real), self._both(self.base.add, a.infinitesimal, b.infinitesimal))

    def subtract(self, a, b):
        return Dual(self.base.subtract(a.real, b.real),
                    self._both(self.base.subtract, a.infinitesimal, b.infinitesimal, self.base.negate))

    def negate(self, a):
        return self._map(self.base.negate, a)

    def scale(self, a, factor):
        return self._map(lambda x: self.base.scale(x, factor), a)

    def _map(self, operation, a):
        return Dual(operation(a.real), None if a.infinitesimal is None else operation(a.infinitesimal))

    def _product(self, operation, a, b):
        # d(ab) = a db + da b holds for every bilinear operation; eps^2 = 0 drops da db.
        left = None if b.infinitesimal is None else operation(a.real, b.infinitesimal)
        right = None if a.infinitesimal is None else operation(a.infinitesimal, b.real)
        return Dual(operation(a.real, b.real), self._both(self.base.add, left, right))

    def multiply(self, a, b):
        return self._product(self.base.multiply, a, b)

    def contract(self, spec, a, b):
        return self._product(lambda x, y: self.base.contract(spec, x, y), a, b)

    def elementary(self, name, a):
        value = self.base.elementary(name, a.real)
        if a.infinitesimal is None:
            return Dual(value, None)
        # The chain rule. The slope is computed in the base, which may be dual itself: that is how words of any depth
        # are differentiated.
        return Dual(value, self.base.multiply(SLOPES[name](self.base, a.real, value), a.infinitesimal))

    def slice(self, a, start, stop):
        return self._map(lambda x: self.base.slice(x, start, stop), a)

    def take(self, a, indices, axis=-1):
        return self._map(lambda x: self.base.take(x, indices, axis), a)

    def reshape(self, a, old, new):
        return self._map(lambda x: self.base.reshape(x, old, new), a)

    def transpose(self, a, order):
        return self._map(lambda x: self.base.transpose(x, order), a)

    def concatenate(self, arrays, axis):
        real = self.base.concatenate([a.real for a in arrays], axis)
        if all(a.infinitesimal is None for a in arrays):
            return Dual(real, None)
        # Side by side with what moves, zeros have to be there: a product with 0 has the shape and the kind of entries.
        parts = [a.infinitesimal if a.infinitesimal is not None else self.base.scale(a.real, 0) for a in arrays]
        return Dual(real, self.base.concatenate(parts, axis))
