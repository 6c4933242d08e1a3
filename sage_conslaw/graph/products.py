r"""
Operators between tensors: sums, products of entries, matrix products, powers.
"""
import math

import numpy as np

from ..runtime.errors import InputError, InputTypeError, shortened
from .linear import product_spec, rational
from .operations import LETTERS, Add, Contract


class Products:
    """What a tensor inherits: the operators of Python, by numpy's rules of broadcasting."""

    # Arrays of numpy leave operators to tensors.
    __array_ufunc__ = None

    def __add__(self, other):
        if not isinstance(other, Products):
            raise _no_shift(other)
        a, b = self._broadcast(other)
        return self.made(Add(), (a, b), "{0} + {1}")

    def __radd__(self, other):
        # The sum of a list begins with 0.
        return self if isinstance(other, int) and other == 0 else self + other

    def __sub__(self, other):
        if not isinstance(other, Products):
            raise _no_shift(other)
        return self + (-1) * other

    def __rsub__(self, other):
        return (-1) * self + other

    def __neg__(self):
        return (-1) * self

    def __mul__(self, other):
        factor = rational(other)
        if factor is not None:
            return self.scaled(factor, "{1} * {0}" if factor.denominator == 1 else f"{factor} * {{0}}")
        if not isinstance(other, Products):
            raise InputTypeError(f"{shown(other)} is neither a tensor nor a rational number; other constants are "
                                 f"networks.fixed arrays")
        a, b = self._broadcast(other)
        letters = LETTERS[:len(a.shape)]
        return self.made(Contract(f"{letters},{letters}->{letters}"), (a, b), "{0} * {1}")

    __rmul__ = __mul__

    def __truediv__(self, other):
        divisor = rational(other)
        if divisor is None:
            raise InputTypeError(f"tensors are divided by numbers only; {self.label()} / {shown(other)} is a "
                                 f"nonlinearity: cut it, x.cut(), or normalise")
        if not divisor:
            raise InputError(f"{self.label()} is divided by zero")
        return self.scaled(1 / divisor, f"{{0}} / {divisor}")

    def __rtruediv__(self, other):
        raise InputTypeError(
            f"{shown(other)} / {self.label()} is a nonlinearity: cut it, {self.label()}.cut(), or normalise"
        )

    def __pow__(self, exponent):
        if isinstance(exponent, str) or not hasattr(exponent, "__int__"):
            raise InputTypeError(f"the exponent {exponent!r} is not a positive integer; cut other powers: x.cut()")
        if int(exponent) != exponent or exponent < 1:
            raise InputError(f"the exponent {exponent} is not a positive integer; cut other powers: x.cut()")
        # A product of factors, and no operation of its own: every reading knows it, and squares are seen as such.
        return math.prod([self] * (int(exponent) - 1), start=self)

    def __matmul__(self, other):
        if not isinstance(other, Products):
            raise _no_matrix(other)
        if not self.shape or not other.shape:
            raise InputError(f"the product of {self.label()} of shape {self.shape} and {other.label()} of shape "
                             f"{other.shape}: both need an axis; use *")
        return self.made(Contract(product_spec(self.shape, other.shape)), (self, other), "{0} @ {1}")

    def __rmatmul__(self, other):
        raise _no_matrix(other)

    def _broadcast(self, other):
        """Return both tensors repeated to one shape, by numpy's rules."""
        if self.shape == other.shape:
            return self, other
        # Shapes that do not fit are told by the operation, with the words that it has for its axes.
        try:
            shape = np.broadcast_shapes(self.shape, other.shape)
        except ValueError:
            return self, other
        return self.repeat_to(shape), other.repeat_to(shape)


def _no_shift(value):
    return InputTypeError(f"{shown(value)} is not a tensor; a shift by numbers is a bias: add a parameter or "
                          f"networks.fixed")


def _no_matrix(value):
    return InputTypeError(f"{shown(value)} is not a tensor; a fixed matrix is networks.fixed(name, values=...)")


def shown(value):
    """Return a value as text of one line."""
    return shortened(" ".join(str(value).split()))
