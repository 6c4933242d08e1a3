r"""
Nonlinearities: what replaces each of them in the exact readings, and their true values in the float reading.

A piecewise linear one is a *gate*, multiplication by a free variable per unit.  Any other is *cut*: its output is free
data, its input receives a covector that is free up to the invariances of the function ([MGP2025]_; Tran et al. 2026).

EXAMPLES:

The trivial case is the ReLU, whose slopes are its gates.  The famous one is the softmax: it does not see a constant
added to its input, so what it pulls back sums to zero.  One that fails: no name, no function::

    sage: import numpy
    sage: from sage_conslaw.graph.activations import cut_function, gate_function
    sage: gate_function("relu").slope(numpy.array([-2.0, 3.0]))
    array([0., 1.])
    sage: softmax, z = cut_function("softmax"), numpy.array([0.0, 1.0, 3.0])
    sage: softmax.constraint, bool(abs(softmax.pullback(z, numpy.array([1.0, 0.0, 2.0])).sum()) < 1e-12)
    ('sum zero', True)
    sage: cut_function("swoosh")
    Traceback (most recent call last):
    ...
    sage_conslaw.InputError: nonlinearity 'swoosh' is not known; known: batch norm, exp, gelu, ...; for another one
    cut it by x.cut(), which assumes that its values and slopes are arbitrary
"""
from dataclasses import dataclass, field

import numpy as np

from ..exact.arithmetic import FloatArithmetic
from ..runtime.errors import InputError
from .true_functions import READINGS

# How the covectors at the input of a cut are constrained along the last axis.
CONSTRAINTS = ("free", "sum zero", "orthogonal", "sum zero and orthogonal")


@dataclass(frozen=True)
class GateFunction:
    """A piecewise linear activation; ``slope`` gives the gates at pre-activations, in floating point."""

    name: str
    # Two gates of one name are one function: closures of two reads of a module would differ.
    slope: object = field(compare=False)
    # The slope at negative numbers as a fraction, where that at positive ones is one and the name does not say it.
    below: object = None


@dataclass(frozen=True)
class CutFunction:
    """A nonlinearity that is cut; ``value`` and ``pullback`` are the true function and its transposed derivative."""

    name: str
    # What covectors at its input satisfy, whatever the data: one of ``CONSTRAINTS``.
    constraint: str
    value: object = field(default=None, compare=False)
    pullback: object = field(default=None, compare=False)
    # What tells apart two functions of one name: the mask, how many are chosen.
    settings: tuple = ()
    # The same function on every arithmetic (see :mod:`.true_functions`), where its name and settings do not say which
    # it is.
    reading: object = field(default=None, compare=False)

    @property
    def known(self):
        """Whether this is one of ours: a function of the user's own may have one of our names."""
        if isinstance(self.value, TrueValue):
            return self.name == self.value.called
        return self.name == "any function" and self.value is None


@dataclass(frozen=True)
class TrueValue:
    """A function of ours on doubles, along the last axis, on request over the allowed or the largest entries alone."""

    # Said by its name, and not by the function itself: then it is equal to itself after a pickle.
    name: str
    active: int | None = None
    mask: object = field(default=None, compare=False)

    @property
    def called(self):
        """The name of the cut function that has these values."""
        return "masked softmax" if self.mask is not None else self.name if self.active is None else f"top {self.name}"

    def inside(self, z):
        """Return what the function of all entries is taken of."""
        z = np.asarray(z, dtype=np.float64)
        # Minus infinity has softmax and sigmoid zero.
        if self.mask is not None:
            z = np.where(self.mask, z, -np.inf)
        if self.active is not None:
            z = np.where(z >= np.sort(z, axis=-1)[..., -self.active][..., None], z, -np.inf)
        # A shift changes no softmax, and exponentials of doubles are infinite from 710 on.
        return z - z.max(axis=-1, keepdims=True) if self.name == "softmax" else z

    def __call__(self, z):
        z = self.inside(z)
        # The axes in front of the last are a batch to the arithmetic.
        return READINGS[self.name].value(FloatArithmetic(), z, z.shape[-1:])


class TruePullback(TrueValue):
    """The transposed derivative of a function of ours on doubles."""

    def __call__(self, z, covector):
        z = self.inside(z)
        return READINGS[self.name].pullback(FloatArithmetic(), z, np.asarray(covector), z.shape[-1:])


def _leaky(z):
    return np.where(z > 0, 1.0, 0.01)


def _dropout(z):
    # Every call drops the same units; kept ones are scaled by two, as in training with rate one half.
    return 2.0 * np.random.default_rng(0).integers(0, 2, size=np.shape(z))


def largest(z):
    """Return one at the largest entry along the last axis, zero elsewhere."""
    return (np.argmax(z, axis=-1)[..., None] == np.arange(z.shape[-1])).astype(np.float64)


def _positive(z):
    return (np.asarray(z) > 0).astype(np.float64)


# Functions with names, no lambdas, so that networks can be pickled.
GATES = {"relu": _positive, "leaky relu": _leaky, "abs": np.sign, "dropout": _dropout, "max": largest}


def gate_function(name):
    """Return the piecewise linear activation with this name."""
    if name not in GATES:
        raise InputError(
            f"activation {name!r} is not piecewise linear; gates are known for {', '.join(GATES)}; cut it: "
            f"x.cut({name!r}), which assumes that its values and slopes are arbitrary"
        )
    return GateFunction(name, GATES[name])


# Functions of one number whose values and slopes are arbitrary near a generic point, but for those of :mod:`.tied`.
FREE = ("exp", "gelu", "inverse", "inverse root", "silu", "sigmoid", "softplus", "tanh")

# What each pulls back is: for `f(z + t 1) = f(z)` of sum zero, for `f(t z) = f(z)` orthogonal to `z`, as
# `0 = d/dt <s, f> = <pullback of s, 1>`, and `<pullback of s, z>`.
_CONSTRAINED = {
    "softmax": "sum zero",
    "rms norm": "orthogonal",
    "layer norm": "sum zero and orthogonal",
    # The same function, along the axis of the samples.
    "batch norm": "sum zero and orthogonal",
    # Shifts of its input change it, so that the law of the softmax gate does not hold here; what scales its sigmoids
    # alike leaves it unchanged, but that is no polynomial condition on the covector.
    "normalised sigmoid": "free",
}

CUTS = {
    name: CutFunction(name, constraint, TrueValue(name), TruePullback(name))
    for name, constraint in (dict.fromkeys(FREE, "free") | _CONSTRAINED).items()
}


def cut_function(name):
    """Return the cut nonlinearity with this name; ``None`` stands for any function, which has no float reading."""
    if name is None:
        return CutFunction("any function", "free")
    if isinstance(name, CutFunction):
        return name
    if name not in CUTS:
        raise InputError(
            f"nonlinearity {name!r} is not known; known: {', '.join(sorted(CUTS))}; for another one cut it by x.cut(), "
            "which assumes that its values and slopes are arbitrary"
        )
    return CUTS[name]


def is_known(function):
    """Say whether a cut function is one of ours, and not the user's own under one of our names."""
    return function.known


def unscaled(function):
    """Return the function of which a cut function takes a multiple of the input, itself if it takes the input."""
    inner = getattr(function.value, "function", None)
    if inner is None or not function.name.endswith(" with scale"):
        return function
    return CutFunction(function.name.removesuffix(" with scale"), function.constraint, inner,
                       getattr(function.pullback, "pullback", None))


def masked_softmax(mask):
    """Return the softmax over the allowed entries of each row; ``mask`` is an array of 0 and 1."""
    mask = np.asarray(mask) > 0
    value, pullback = TrueValue("softmax", mask=mask), TruePullback("softmax", mask=mask)
    return CutFunction(value.called, "sum zero", value, pullback, (mask.shape, np.packbits(mask).tobytes()))


def top(name, active):
    r"""
    Return the softmax (or the normalised sigmoid) over the largest ``active`` entries of each row; the sigmoid of each
    of them alone.
    """
    value, pullback = TrueValue(name, active), TruePullback(name, active)
    return CutFunction(value.called, CUTS[name].constraint, value, pullback, (active,))
