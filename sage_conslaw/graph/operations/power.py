r"""
Powers of a tensor with a rational exponent: exact up to one free scalar an entry.

Where `u` is not zero, `u^\kappa = s u` with the scalar `s = u^{\kappa - 1}`, and the derivative is `\kappa s\, du`.  So
a power is the product of a free scalar with a node that has the value of `u` and moves `\kappa` times as much.  For
`\kappa = 1` that is `u` itself; for `\kappa = -1/2` and `u = |z|^2` it makes the root mean square norm, `y = s |z|^2 z`
with the transposed derivative `c \mapsto s (|z|^2 c - \langle z, c \rangle z)`: it vanishes along `z`, and it commutes
with rotations.  What is forgotten is that `s` is a function of `u`: sums of several powers may be tied in ways that
free scalars are not.
"""
from fractions import Fraction

import numpy as np

from ...exact.arithmetic import Dual
from .operation import Operation


class Power(Operation):
    """A node with the value of its input that moves ``exponent`` times as much."""

    # The value is that of the input; only its movement is scaled, so that fields are no gradients of one phi.
    gradient = False

    def __init__(self, exponent):
        self.exponent = Fraction(exponent)

    def shape(self, a):
        """Return the shape of the input."""
        return a

    def forward(self, A, a):
        """Return the value of the input; the fields are polynomials in it, so nested duals see it as it is."""
        return a

    def tangent(self, A, a):
        """Return a dual number over polynomials whose infinitesimal part is the derivative of the power."""
        return Dual(a.real, None if a.infinitesimal is None else A.base.scale(a.infinitesimal, self.exponent))

    def backward(self, A, which, covector, values):
        """Return the covector of the input."""
        return A.scale(covector, self.exponent)

    def degree(self, a):
        """Return the degree of the input."""
        return a

    def terms(self, a):
        """Return the pairs (output entries, input entries), each with itself."""
        entries = np.arange(int(np.prod(a)))
        return [(entries, (entries,))]
