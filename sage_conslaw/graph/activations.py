r"""
Nonlinearities: what replaces each of them in the exact readings, and their true values in the float reading.

A piecewise linear one is a *gate*, multiplication by a free variable per unit.  Any other is *cut*: its output is free
data, its input receives a covector that is free up to the invariances of the function ([MGP2025]_; Tran et al. 2026).
"""
from dataclasses import dataclass

import numpy as np
from ..runtime.errors import InputError

# How the covectors at the input of a cut are constrained along the last axis.
CONSTRAINTS = ("free", "sum zero", "orthogonal", "sum zero and orthogonal")


@dataclass(frozen=True)
class GateFunction:
    r"""
    A piecewise linear activation; ``slope`` gives the gates at pre-activations, in floating point.

    EXAMPLES::

        sage: from sage_conslaw.graph.activations import gate_function
        sage: import numpy
        sage: gate_function("abs").slope(numpy.array([-2.0, 3.0]))
        array([-1.,  1.])
        sage: gate_function("gelu")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: activation 'gelu' is not piecewise linear; gates are known for relu, leaky relu, abs, dropout, max; cut it: x.cut('gelu'), which assumes that its values and slopes are arbitrary
    """

    name: str
    slope: object


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
        sage_conslaw.InputError: nonlinearity 'swoosh' is not known; known: batch norm, gelu, layer norm, ...; for another one cut it by x.cut(), which assumes that its values and slopes are arbitrary
    """

    name: str
    constraint: str
    value: object = None
    pullback: object = None
    # The same function on every arithmetic (see :mod:`.true_functions`), where its name alone does not say which it is.
    reading: object = None


def _leaky(z):
    return np.where(z > 0, 1.0, 0.01)


def _dropout(z):
    # Every call drops the same units; kept ones are scaled by two, as in training with rate one half.
    return 2.0 * np.random.default_rng(0).integers(0, 2, size=np.shape(z))


def _largest(z):
    return (np.argmax(z, axis=-1)[..., None] == np.arange(z.shape[-1])).astype(np.float64)


GATES = {
    "relu": lambda z: (np.asarray(z) > 0).astype(np.float64),
    "leaky relu": _leaky,
    "abs": np.sign,
    "dropout": _dropout,
    "max": _largest,
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
        raise InputError(f"activation {name!r} is not piecewise linear; gates are known for {', '.join(GATES)}; cut it: "
                         f"x.cut({name!r}), which assumes that its values and slopes are arbitrary")
    return GateFunction(name, GATES[name])


def _elementwise(value, slope):
    return value, lambda z, s: s * slope(z)


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


def _normal(z):
    from scipy.special import ndtr
    return ndtr(z)


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


_FREE = {
    "gelu": _elementwise(lambda z: z * _normal(z), lambda z: _normal(z) + z * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)),
    "silu": _elementwise(lambda z: z * _sigmoid(z), lambda z: _sigmoid(z) * (1 + z * (1 - _sigmoid(z)))),
    "sigmoid": _elementwise(_sigmoid, lambda z: _sigmoid(z) * (1 - _sigmoid(z))),
    "softplus": _elementwise(lambda z: np.logaddexp(0, z), _sigmoid),
    "tanh": _elementwise(np.tanh, lambda z: 1 - np.tanh(z) ** 2),
}

CUTS = {name: CutFunction(name, "free", *both) for name, both in _FREE.items()} | {
    "softmax": CutFunction("softmax", "sum zero", _softmax, _softmax_pullback),
    "rms norm": CutFunction("rms norm", "orthogonal", _unit, _unit_pullback),
    "layer norm": CutFunction("layer norm", "sum zero and orthogonal", lambda z: _unit(_centred(z)),
                              lambda z, s: _centred(_unit_pullback(_centred(z), s))),
}


def _shares(z):
    y = _sigmoid(z)
    return y / y.sum(axis=-1, keepdims=True)


def _shares_pullback(z, s):
    y = _sigmoid(z)
    total = y.sum(axis=-1, keepdims=True)
    return y * (1 - y) * (s - (s * y).sum(axis=-1, keepdims=True) / total) / total


# Shifts of its input change it, so that the law of the softmax gate does not hold here; what scales its sigmoids alike leaves it unchanged, but
# that is no polynomial condition on the covector.
CUTS["normalised sigmoid"] = CutFunction("normalised sigmoid", "free", _shares, _shares_pullback)
# The outputs of a layer normalisation sum to zero: all but the last determine it.
LAYER_NORM_WITHOUT_LAST = CutFunction(
    "layer norm", CUTS["layer norm"].constraint, lambda z: CUTS["layer norm"].value(z)[..., :-1],
    lambda z, s: CUTS["layer norm"].pullback(z, np.concatenate([s, np.zeros_like(s[..., :1])], axis=-1)))
# Batch normalisation is the same function, along the axis of the samples.
CUTS["batch norm"] = CutFunction("batch norm", CUTS["layer norm"].constraint, CUTS["layer norm"].value, CUTS["layer norm"].pullback)


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
        raise InputError(f"nonlinearity {name!r} is not known; known: {', '.join(sorted(CUTS))}; for another one cut it by x.cut(), "
                         "which assumes that its values and slopes are arbitrary")
    return CUTS[name]


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
    allowed = np.asarray(mask) > 0

    def value(z):
        return _softmax(np.where(allowed, z, -np.inf))

    def pullback(z, s):
        return _softmax_pullback(np.where(allowed, z, -np.inf), s)
    return CutFunction("masked softmax", "sum zero", value, pullback)
