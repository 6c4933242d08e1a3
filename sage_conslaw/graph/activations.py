r"""
Nonlinearities: what replaces each of them in the exact readings, and their true values in the float reading.

A piecewise linear one is a *gate*, multiplication by a free variable per unit.  Any other is *cut*: its output is free
data, its input receives a covector that is free up to the invariances of the function ([MGP2025]_; Tran et al. 2026).
"""
from dataclasses import dataclass, field
from functools import partial

import numpy as np
from ..runtime.errors import InputError

# How the covectors at the input of a cut are constrained along the last axis.
CONSTRAINTS = ("free", "sum zero", "orthogonal", "sum zero and orthogonal")


@dataclass(frozen=True)
class GateFunction:
    r"""
    A piecewise linear activation; ``slope`` gives the gates at pre-activations, in floating point.

    - ``below`` -- the slope at negative numbers as a fraction, where that at positive ones is one and the name does
      not say which it is

    EXAMPLES::

        sage: from sage_conslaw.graph.activations import gate_function
        sage: import numpy
        sage: gate_function("abs").slope(numpy.array([-2.0, 3.0]))
        array([-1.,  1.])
        sage: gate_function("gelu")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: activation 'gelu' is not piecewise linear; gates are known for relu, leaky relu, abs,
        dropout, max; cut it: x.cut('gelu'), which assumes that its values and slopes are arbitrary
    """

    name: str
    slope: object = field(compare=False)
    below: object = None


@dataclass(frozen=True)
class CutFunction:
    r"""
    A nonlinearity that is cut; ``value`` and ``pullback`` are the true function and its transposed derivative.

    - ``constraint`` -- what covectors at its input satisfy, whatever the data: one of ``CONSTRAINTS``

    EXAMPLES::

        sage: from sage_conslaw.graph.activations import cut_function
        sage: import numpy
        sage: softmax = cut_function("softmax"); softmax.constraint
        'sum zero'
        sage: z, s = numpy.array([0.0, 1.0, 3.0]), numpy.array([1.0, 0.0, 2.0])
        sage: bool(abs(softmax.pullback(z, s).sum()) < 1e-12)
        True
        sage: cut_function("swoosh")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: nonlinearity 'swoosh' is not known; known: batch norm, exp, gelu, ...; for another one
        cut it by x.cut(), which assumes that its values and slopes are arbitrary
    """

    name: str
    constraint: str
    value: object = field(default=None, compare=False)
    pullback: object = field(default=None, compare=False)
    # What tells apart two functions of one name: the mask, how many are chosen.
    settings: tuple = ()
    # The same function on every arithmetic (see :mod:`.true_functions`), where its name and settings do not say which
    # it is.
    reading: object = field(default=None, compare=False)


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


# Functions are named ones or partial ones of such, so that networks can be pickled.
GATES = {
    "relu": _positive,
    "leaky relu": _leaky,
    "abs": np.sign,
    "dropout": _dropout,
    "max": largest,
}


def gate_function(name):
    r"""
    Return the piecewise linear activation with this name.

    EXAMPLES::

        sage: from sage_conslaw.graph.activations import gate_function, cut_function
        sage: gate_function("relu").name
        'relu'
    """
    if name not in GATES:
        raise InputError(
            f"activation {name!r} is not piecewise linear; gates are known for {', '.join(GATES)}; cut it: "
            f"x.cut({name!r}), which assumes that its values and slopes are arbitrary"
        )
    return GateFunction(name, GATES[name])


def _times_slope(slope, z, s):
    return s * slope(z)


def _elementwise(value, slope):
    return value, partial(_times_slope, slope)


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


def _sigmoid_slope(z):
    return _sigmoid(z) * (1 - _sigmoid(z))


def _normal(z):
    from scipy.special import ndtr
    return ndtr(z)


def _gelu(z):
    return z * _normal(z)


def _gelu_slope(z):
    return _normal(z) + z * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)


def _silu(z):
    return z * _sigmoid(z)


def _silu_slope(z):
    return _sigmoid(z) * (1 + z * (1 - _sigmoid(z)))


def _softplus(z):
    return np.logaddexp(0, z)


def _tanh_slope(z):
    return 1 - np.tanh(z) ** 2


def _inverse(z):
    return 1 / z


def _inverse_slope(z):
    return -1 / (z * z)


def _inverse_root(z):
    return 1 / np.sqrt(z)


def _inverse_root_slope(z):
    return -0.5 / (z * np.sqrt(z))


def _softmax(z):
    e = np.exp(z - z.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def _softmax_pullback(z, s):
    y = _softmax(z)
    return y * (s - (s * y).sum(axis=-1, keepdims=True))


def _unit(z):
    return z / np.sqrt((z * z).mean(axis=-1, keepdims=True))


def _unit_pullback(z, s):
    y, n = _unit(z), z.shape[-1]
    return (s - y * (s * y).sum(axis=-1, keepdims=True) / n) / np.sqrt((z * z).mean(axis=-1, keepdims=True))


def _centred(z):
    return z - z.mean(axis=-1, keepdims=True)


def _layer(z):
    return _unit(_centred(z))


def _layer_pullback(z, s):
    return _centred(_unit_pullback(_centred(z), s))


# Functions of one number whose values and slopes are arbitrary near a generic point.
FREE = {
    "exp": _elementwise(np.exp, np.exp),
    "gelu": _elementwise(_gelu, _gelu_slope),
    "inverse": _elementwise(_inverse, _inverse_slope),
    "inverse root": _elementwise(_inverse_root, _inverse_root_slope),
    "silu": _elementwise(_silu, _silu_slope),
    "sigmoid": _elementwise(_sigmoid, _sigmoid_slope),
    "softplus": _elementwise(_softplus, _sigmoid),
    "tanh": _elementwise(np.tanh, _tanh_slope),
}

CUTS = {name: CutFunction(name, "free", *both) for name, both in FREE.items()} | {
    "softmax": CutFunction("softmax", "sum zero", _softmax, _softmax_pullback),
    "rms norm": CutFunction("rms norm", "orthogonal", _unit, _unit_pullback),
    "layer norm": CutFunction("layer norm", "sum zero and orthogonal", _layer, _layer_pullback),
}


def _shares(z):
    y = _sigmoid(z)
    return y / y.sum(axis=-1, keepdims=True)


def _shares_pullback(z, s):
    y = _sigmoid(z)
    total = y.sum(axis=-1, keepdims=True)
    return y * (1 - y) * (s - (s * y).sum(axis=-1, keepdims=True) / total) / total


# Shifts of its input change it, so that the law of the softmax gate does not hold here; what scales its sigmoids alike
# leaves it unchanged, but that is no polynomial condition on the covector.
CUTS["normalised sigmoid"] = CutFunction("normalised sigmoid", "free", _shares, _shares_pullback)
# Batch normalisation is the same function, along the axis of the samples.
CUTS["batch norm"] = CutFunction(
    "batch norm", CUTS["layer norm"].constraint, CUTS["layer norm"].value, CUTS["layer norm"].pullback
)


def cut_function(name):
    r"""
    Return the cut nonlinearity with this name; ``None`` stands for any function, which has no float reading.

    EXAMPLES::

        sage: from sage_conslaw.graph.activations import gate_function, cut_function
        sage: cut_function("softmax").constraint, cut_function(None).name
        ('sum zero', 'any function')
    """
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
    r"""
    Say whether a cut function is one of ours, and not the user's own under one of our names.

    EXAMPLES::

        sage: from sage_conslaw.graph.activations import CutFunction, cut_function, is_known
        sage: is_known(cut_function("softmax")), is_known(CutFunction("softmax", "free"))
        (True, False)
    """
    if function.name == "masked softmax":
        return function.constraint == "sum zero" and getattr(function.value, "func", None) is _within
    known = CUTS.get(function.name.removeprefix("top "))
    if known is None:
        return function.name == "any function" and function.value is None
    chosen = getattr(function.value, "func", None) is _top
    return chosen if function.name.startswith("top ") else function.value is known.value


def unscaled(function):
    r"""
    Return the function of which a cut function takes a multiple of the input, itself if it takes the input.

    EXAMPLES::

        sage: from sage_conslaw.graph.activations import CutFunction, cut_function, is_known, unscaled
        sage: from sage_conslaw.pytorch.attention import ScaledPullback, ScaledValue
        sage: soft = cut_function("softmax")
        sage: half = CutFunction("softmax with scale", "sum zero", ScaledValue(soft.value, 0.3r),
        ....:     ScaledPullback(soft.pullback, 0.3r))
        sage: is_known(half), is_known(unscaled(half)), unscaled(half).name, unscaled(soft) is soft
        (False, True, 'softmax', True)
    """
    inner = getattr(function.value, "function", None)
    if inner is None or not function.name.endswith(" with scale"):
        return function
    return CutFunction(function.name.removesuffix(" with scale"), function.constraint, inner,
                       getattr(function.pullback, "pullback", None))


def masked_softmax(mask):
    r"""
    Return the softmax over the allowed entries of each row; ``mask`` is an array of 0 and 1.

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw.graph.activations import masked_softmax
        sage: causal = masked_softmax(numpy.tril(numpy.ones((2, 2))))
        sage: causal.value(numpy.zeros((2, 2)))
        array([[1. , 0. ],
               [0.5, 0.5]])
    """
    mask = np.asarray(mask)
    return CutFunction(
        "masked softmax",
        "sum zero",
        partial(_within, mask > 0, _softmax),
        partial(_pullback_within, mask > 0, _softmax_pullback),
        (mask.shape, np.packbits(mask > 0).tobytes()),
    )


def _within(allowed, value, z):
    return value(np.where(allowed, z, -np.inf))


def _pullback_within(allowed, pullback, z, s):
    return pullback(np.where(allowed, z, -np.inf), s)


def top(name, active):
    r"""
    Return the softmax (or the normalised sigmoid) over the largest ``active`` entries of each row; the sigmoid of each
    of them alone.

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw.graph.activations import top
        sage: top("softmax", 2).value(numpy.array([0.0, 1.0, 1.0]))
        array([0. , 0.5, 0.5])
        sage: top("normalised sigmoid", 2).value(numpy.array([-5.0, 1.0, 1.0]))
        array([0. , 0.5, 0.5])
    """
    known = CUTS[name]
    return CutFunction(
        f"top {name}",
        known.constraint,
        partial(_top, active, known.value),
        partial(_top_pullback, active, known.pullback),
        (active,),
    )


def _kept(active, z):
    # Minus infinity has softmax and sigmoid zero.
    return np.where(z >= np.sort(z, axis=-1)[..., -active][..., None], z, -np.inf)


def _top(active, value, z):
    with np.errstate(over="ignore"):
        return value(_kept(active, z))


def _top_pullback(active, pullback, z, s):
    with np.errstate(over="ignore"):
        return pullback(_kept(active, z), s)
