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
    # 1 / (1 + exp(-z)) overflows for z below -709.
    return 0.5 * (1 + np.tanh(0.5 * z))


# The standard library has it; importing SciPy for it would take 0.7 s.
_erfc = np.frompyfunc(math.erfc, 1, 1)


def _normal(z):
    # erfc and not 1 + erf, which is 0 in the left tail by cancellation.
    return 0.5 * np.asarray(_erfc(z * -math.sqrt(0.5)), dtype=np.float64)


_erf = np.frompyfunc(math.erf, 1, 1)


FLOAT_VALUES = {
    "arctangent": np.arctan,
    "cosine": np.cos,
    "error": lambda z: np.asarray(_erf(z), dtype=np.float64),
    "error density": lambda z: np.exp(-z * z) * (2 / np.sqrt(np.pi)),
    "exp": np.exp,
    "inverse": lambda z: 1 / z,
    "inverse root": lambda z: 1 / np.sqrt(z),
    "logarithm": np.log,
    "normal": _normal,
    "normal density": lambda z: np.exp(-0.5 * z * z) / np.sqrt(2 * np.pi),
    "sigmoid": _sigmoid,
    "sine": np.sin,
    # log(1 + exp(z)) without the overflow of exp.
    "softplus": lambda z: np.logaddexp(0, z),
    "tanh": np.tanh,
}


def _ball_normal(z):
    # erfc keeps the relative accuracy in the left tail.
    return (-z / arb(2).sqrt()).erfc() / 2


BALL_VALUES = {
    "arctangent": arb.atan,
    "cosine": arb.cos,
    "error": arb.erf,
    "error density": lambda z: (-z * z).exp() * 2 / arb.pi().sqrt(),
    "exp": arb.exp,
    "inverse": lambda z: 1 / z,
    "inverse root": arb.rsqrt,
    "logarithm": arb.log,
    "normal": _ball_normal,
    "normal density": lambda z: (-z * z / 2).exp() / (2 * arb.pi()).sqrt(),
    "sigmoid": lambda z: (1 + (z / 2).tanh()) / 2,
    "sine": arb.sin,
    "softplus": lambda z: z.exp().log1p(),
    "tanh": arb.tanh,
}

_HALF = Fraction(-1, 2)

# The slope of each function at ``z``, where it has the value ``y``.
SLOPES = {
    "arctangent": lambda A, z, y: A.elementary("inverse", A.add(A.constant([1]), A.multiply(z, z))),
    "cosine": lambda A, z, y: A.negate(A.elementary("sine", z)),
    "error": lambda A, z, y: A.elementary("error density", z),
    "error density": lambda A, z, y: A.multiply(A.constant([-2]), A.multiply(z, y)),
    "exp": lambda A, z, y: y,
    "inverse": lambda A, z, y: A.negate(A.multiply(y, y)),
    "inverse root": lambda A, z, y: A.multiply(A.fractions([_HALF]), A.multiply(y, A.multiply(y, y))),
    "logarithm": lambda A, z, y: A.elementary("inverse", z),
    "normal": lambda A, z, y: A.elementary("normal density", z),
    "normal density": lambda A, z, y: A.negate(A.multiply(z, y)),
    "sigmoid": lambda A, z, y: A.subtract(y, A.multiply(y, y)),
    "sine": lambda A, z, y: A.elementary("cosine", z),
    "softplus": lambda A, z, y: A.elementary("sigmoid", z),
    "tanh": lambda A, z, y: A.subtract(A.constant([1]), A.multiply(y, y)),
}
