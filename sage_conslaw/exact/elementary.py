r"""
Elementary functions in every arithmetic: their values on doubles and on balls, and their slopes, from which dual
numbers of any depth follow.

A slope is written against the arithmetic interface, in terms of the point and of the value there.
`\tanh' = 1 - \tanh^2` is one line, and the second derivative needs no other: on dual numbers over dual numbers the line
is run on dual numbers.
"""
import math
from fractions import Fraction

import numpy as np
from flint import arb


def _sigmoid(z):
    return 0.5 * (1 + np.tanh(0.5 * z))


# The standard library has it; importing SciPy for it would take 0.7 s.
_erfc = np.frompyfunc(math.erfc, 1, 1)


def _normal(z):
    return 0.5 * np.asarray(_erfc(z * -math.sqrt(0.5)), dtype=np.float64)


FLOAT_VALUES = {
    "exp": np.exp,
    "inverse": lambda z: 1 / z,
    "inverse root": lambda z: 1 / np.sqrt(z),
    "normal": _normal,
    "normal density": lambda z: np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi),
    "sigmoid": _sigmoid,
    "softplus": lambda z: np.logaddexp(0, z),
    "tanh": np.tanh,
}


def _ball_normal(z):
    # erfc keeps the relative accuracy in the left tail.
    return (-z / arb(2).sqrt()).erfc() / 2


BALL_VALUES = {
    "exp": arb.exp,
    "inverse": lambda z: 1 / z,
    "inverse root": arb.rsqrt,
    "normal": _ball_normal,
    "normal density": lambda z: (-z * z / 2).exp() / (2 * arb.pi()).sqrt(),
    "sigmoid": lambda z: (1 + (z / 2).tanh()) / 2,
    "softplus": lambda z: z.exp().log1p(),
    "tanh": arb.tanh,
}

_HALF = Fraction(-1, 2)

# The slope of each function at ``z``, where it has the value ``y``.
SLOPES = {
    "exp": lambda A, z, y: y,
    "inverse": lambda A, z, y: A.negate(A.multiply(y, y)),
    "inverse root": lambda A, z, y: A.multiply(A.fractions([_HALF]), A.multiply(y, A.multiply(y, y))),
    "normal": lambda A, z, y: A.elementary("normal density", z),
    "normal density": lambda A, z, y: A.negate(A.multiply(z, y)),
    "sigmoid": lambda A, z, y: A.subtract(y, A.multiply(y, y)),
    "softplus": lambda A, z, y: A.elementary("sigmoid", z),
    "tanh": lambda A, z, y: A.subtract(A.constant([1]), A.multiply(y, y)),
}
