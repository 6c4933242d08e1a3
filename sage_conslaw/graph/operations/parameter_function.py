r"""
Functions of parameters alone, such as a gate `\tanh(a)`: their values are new coordinates that move with the
parameters.

Data reach `a` through `y = \tanh(a)` only by `y' = (1 - y^2) a'`.  The fields are polynomials in `a` and `y`; as `y` is
transcendental over `a`, the rank on the graph `y = \tanh(a)` is the rank at any generic pair `(a, y)` along the fields'
directions `(a', (1 - y^2) a')`. So modulo a prime the value at a point is a number that looks random, the same wherever
the argument is the same, and the infinitesimal part follows from the differential equation.  Taken as free data
instead, `x + \tanh(a) W x` would lose a law.

Exponentials of arguments that are linearly independent with 1 over `\QQ` are algebraically independent (Ax 1971), which
makes the pair generic; whoever uses these functions checks that.  Sigmoid, tanh and softmax are rational in the
exponential, and are computed from it.
"""
from zlib import crc32

import numpy as np

from ...exact.arithmetic import Dual, DualArithmetic, FloatArithmetic, ModularArithmetic
from ...runtime.errors import InputError
from .operation import Operation

# Functions that are known by a differential equation; "any function" has derivatives of every order that nothing ties.
# Names in tables, in the order of their equations.
KNOWN = ("exp", "sigmoid", "tanh", "softplus", "normal cdf", "normal density", "softmax", "any function")


class ParameterFunction(Operation):
    """An elementwise function of parameters, or their softmax along the last axis."""

    # No scaling of the argument scales the value; values are new coordinates, not polynomials.
    polynomial = gradient = False

    def __init__(self, name, order=0):
        self.name, self.order = name, order

    def shape(self, a):
        """Return the shape of the argument."""
        return a

    def degree(self, a):
        """Return a bound for the degree that the slope adds."""
        return a + 2

    def terms(self, a):
        """Return no terms: values and arguments have weight zero."""
        entries = np.arange(int(np.prod(a)))
        return [(entries, (None,))]

    def forward(self, A, a):
        """Return the value; modulo a prime a number that looks random, with the derivative that the equation says."""
        if isinstance(A, DualArithmetic):
            real = self.forward(A.base, a.real)
            return Dual(real, None if a.infinitesimal is None else self.moved(A.base, real, a.real, a.infinitesimal))
        if isinstance(A, ModularArithmetic):
            return self._value(A, np.asarray(a, dtype=np.int64))
        # Floats only count terms here; the float reading has the function itself.
        if isinstance(A, FloatArithmetic):
            return np.ones(np.shape(a))
        if hasattr(A, "function_value"):
            return A.function_value(self, a)
        raise InputError(f"there is no phi: {self.name} of parameters is not polynomial in them")

    def backward(self, A, which, covector, values):
        """Return the covector of the argument."""
        (a,) = values
        return self.moved(A, self.forward(A, a), a, covector)

    def moved(self, A, y, a, direction):
        """Return the derivative at an argument along a direction; it is its own transpose."""
        if self.name != "softmax":
            return A.multiply(self.slope(A, y, a), direction)
        # dy = y da - y <y, da>, which is symmetric in da and its covector.
        inner = A.contract("i,i->", y, direction)
        ones = A.constant(np.ones(np.shape(_real(y))[-1], dtype=np.int64))
        return A.subtract(A.multiply(y, direction), A.multiply(y, A.contract(",i->i", inner, ones)))

    def slope(self, A, y, a):
        """Return the derivative of an elementwise function, from its value and its argument."""
        if self.name == "exp":
            return y
        # The differential equations; a softplus and the normal distribution come with their derivatives.
        if self.name == "sigmoid":
            return A.subtract(y, A.multiply(y, y))
        if self.name == "tanh":
            return A.subtract(A.constant(np.ones(np.shape(_real(y))[-1:], dtype=np.int64)), A.multiply(y, y))
        if self.name == "softplus":
            return ParameterFunction("sigmoid").forward(A, a)
        if self.name == "normal cdf":
            return ParameterFunction("normal density").forward(A, a)
        if self.name == "normal density":
            return A.negate(A.multiply(a, y))
        # Of any function nothing ties the derivatives: each is a number of its own.
        return ParameterFunction(self.name, self.order + 1).forward(A, a)

    def _value(self, A, a):
        p = A.p
        # All from one exponential: `exp(a)` and `tanh(a)` in one network are not free of each other.
        if self.name in ("sigmoid", "tanh", "softmax"):
            e = _mixed(a, p, "exp")
            if self.name == "softmax":
                return A.multiply(e, _inverse(_total(e, p), p))
            e = A.multiply(e, e) if self.name == "tanh" else e
            above = A.subtract(e, A.constant([1])) if self.name == "tanh" else e
            return A.multiply(above, _inverse(A.add(e, A.constant([1])), p))
        return _mixed(a, p, f"{self.name} {self.order}")

    def __repr__(self):
        return f"ParameterFunction({self.name!r})"


def _real(value):
    while isinstance(value, Dual):
        value = value.real
    return value


def _mixed(a, p, name):
    """Return numbers modulo p that look random and depend on the argument and the name alone (the finaliser of
    splitmix64)."""
    with np.errstate(over="ignore"):
        x = a.astype(np.uint64) + np.uint64(crc32(name.encode()) + 1) * np.uint64(0x9E3779B97F4A7C15)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return ((x ^ (x >> np.uint64(31))) % np.uint64(p)).astype(np.int64)


def _total(e, p):
    total = e[..., :1]
    for i in range(1, e.shape[-1]):
        # Reduced after every addition: with a prime of 61 bits four summands would pass the 63 of an entry.
        total = (total + e[..., i:i + 1]) % p
    return total


def _inverse(a, p):
    out = np.array([pow(int(v), -1, p) for v in a.ravel()], dtype=np.int64)
    return out.reshape(a.shape)
