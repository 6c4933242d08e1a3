r"""
Softmax with its masks, and attention.
"""
from dataclasses import dataclass

import numpy as np

from ..graph.activations import CutFunction, cut_function, masked_softmax
from ..graph.operations import LETTERS
from ..graph.joining import contract
from ..graph.tensor import Constant, Data
from ..graph.true_functions import Scaled, masked, reading
from .pointwise import NEVER
from .constants import constant
from .refusals import Refused
from .values import Choice, Masked

_BATCH = LETTERS[6:]


@dataclass(frozen=True)
class ScaledValue:
    """A function of a multiple of its input."""

    function: object
    scale: float

    def __call__(self, z):
        return self.function(self.scale * z)


@dataclass(frozen=True)
class ScaledPullback:
    """The transposed derivative of a function of a multiple of its input."""

    pullback: object
    scale: float

    def __call__(self, z, covector):
        return self.scale * self.pullback(self.scale * z, covector)


def _soft(scores, allowed, scale, name="softmax"):
    """Return the softmax along the last axis of a multiple of the scores, over the allowed entries of each row."""
    if allowed is not None and whole(allowed).all():
        allowed = None
    # A whole number or the inverse of one is an exact factor.  1/sqrt(d) is irrational in general: it stays inside of
    # the function, whose covectors sum to zero at any scale, and no rounded number enters the graph.
    if scale == int(scale) or (1 / scale) == int(1 / scale):
        if scale != 1:
            scores = scores * scale
        return scores.softmax(allowed)
    mask = None
    if allowed is not None:
        distinct = whole(allowed)
        if not distinct.any(axis=-1).all():
            raise Refused("the mask leaves no entry in a row")
        mask = np.broadcast_to(distinct.astype(np.int64, copy=False), scores.shape)
    function = scaled_softmax(mask, scale)
    out = Data("softmax", scores.shape, "cut", source=scores, function=function, mask=mask)
    # Covectors at entries that the mask closes act on zeros.
    return out if mask is None else out * Constant(mask)


def scaled_softmax(mask, scale):
    r"""
    Return the softmax of a positive multiple of the scores, over the allowed entries: covectors at the scores sum to
    zero whatever the multiple.
    """
    function = cut_function("softmax") if mask is None else masked_softmax(mask)
    return CutFunction(
        f"{function.name} with scale",
        "sum zero",
        ScaledValue(function.value, scale),
        ScaledPullback(function.pullback, scale),
        reading=Scaled(masked(mask), scale),
    )


def softmax(reader, node, value, axis=-1, *rest, **keywords):
    """Return the softmax along an axis."""
    scores, allowed, scale = (
        (value.tensor, np.asarray(value.allowed), value.scale)
        if isinstance(value, Masked)
        else (reader.tensor(value), None, 1.0)
    )
    rank = len(scores.shape)
    if int(axis) % rank == rank - 1:
        return _soft(scores, allowed, scale)
    order = [i for i in range(rank) if i != int(axis) % rank] + [int(axis) % rank]
    allowed = None if allowed is None else np.broadcast_to(allowed, scores.shape).transpose(order)
    return _soft(scores.transpose(order), allowed, scale).transpose([int(i) for i in np.argsort(order)])


def _log_softmax(z):
    shifted = z - z.max(axis=-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))


def _log_softmax_pullback(z, covector):
    # c - p sum(c) with p of sum one: it sums to zero whatever c is.
    return covector - np.exp(_log_softmax(z)) * covector.sum(axis=-1, keepdims=True)


LOG_SOFTMAX = CutFunction(
    "log softmax", "sum zero", _log_softmax, _log_softmax_pullback, reading=reading("log softmax")
)


def _log_sum_exp(z):
    largest = z.max(axis=-1, keepdims=True)
    return largest + np.log(np.exp(z - largest).sum(axis=-1, keepdims=True))


def _log_sum_exp_pullback(z, covector):
    return covector * np.exp(_log_softmax(z))


LOG_SUM_EXP = CutFunction(
    # One output for a row: its slopes are p c, of sum c, and adding one number to the row moves the output by that
    # number.
    "log sum exp", "free", _log_sum_exp, _log_sum_exp_pullback, reading=reading("log sum exp")
)


def log_softmax(reader, node, value, axis=-1, *rest, **keywords):
    """Return the logarithm of the softmax along an axis: cut, with covectors that sum to zero."""
    scores = reader.tensor(value)
    rank = len(scores.shape)
    order = [i for i in range(rank) if i != int(axis) % rank] + [int(axis) % rank]
    if order == list(range(rank)):
        return scores.cut(LOG_SOFTMAX)
    return scores.transpose(order).cut(LOG_SOFTMAX).transpose([int(i) for i in np.argsort(order)])


def log_sum_exp(reader, node, value, axes, keepdim=False):
    """Return the logarithm of the sum of exponentials along an axis: its slopes are a softmax, any numbers of sum
    one."""
    tensor = reader.tensor(value)
    axes = [axes] if isinstance(axes, int) else list(axes)
    # The cut is a function of a row of the last axis.
    if len(axes) != 1:
        raise Refused("a logarithm of a sum of exponentials along several axes")
    rank = len(tensor.shape)
    axis = int(axes[0]) % rank
    order = [i for i in range(rank) if i != axis] + [axis]
    rows = tensor.transpose(order) if order != list(range(rank)) else tensor
    out = Data("log_sum_exp", (*rows.shape[:-1], 1), "cut", source=rows, function=LOG_SUM_EXP)
    if keepdim:
        return out.transpose([int(i) for i in np.argsort(order)])
    return out.reshape(*rows.shape[:-1])


def attention(reader, node, q, k, v, mask=None, dropout=0.0, causal=False, *, scale=None, enable_gqa=False):
    """Return scaled dot-product attention with its mask, its dropout and its groups of heads."""
    q, k, v = reader.tensor(q), reader.tensor(k), reader.tensor(v)
    if enable_gqa and q.shape[-3] != k.shape[-3]:
        # Head i reads the keys and values of its group.
        group = np.arange(q.shape[-3]) // (q.shape[-3] // k.shape[-3])
        k, v = k[..., group, :, :], v[..., group, :, :]
    lead = np.broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2])
    q, k, v = (part.repeat_to(lead + part.shape[-2:]) for part in (q, k, v))
    letters = _BATCH[:len(lead)]
    scores = contract(f"{letters}ac,{letters}bc->{letters}ab", q, k)
    scale = q.shape[-1] ** -0.5 if scale is None else scale
    # PyTorch aligns the triangle with the first key, also where queries and keys differ in number.
    allowed = np.tril(np.ones(scores.shape[-2:], dtype=np.int64)) if causal else None
    if mask is not None:
        scores, allowed, scale = _masked(reader, scores, mask, scale)
    weights = _soft(scores, allowed, float(scale))
    if dropout:
        weights = weights.dropout()
    return contract(f"{letters}ab,{letters}bc->{letters}ac", weights, v)


def _masked(reader, scores, mask, scale):
    """Return scores, allowed entries and scale: a mask of truth values allows, one of numbers is added to the
    scores."""
    if isinstance(mask, Masked):
        # softmax(s scores + m): the finite part m is not scaled, so that s can no longer wait inside of the function.
        return scores * constant(np.array(float(scale))) + mask.tensor, np.asarray(mask.allowed), 1.0
    if isinstance(mask, Choice):
        raise Refused("the mask depends on the data or on parameters")
    if not reader.known(mask):
        return scores * constant(np.array(float(scale))) + reader.tensor(mask), None, 1.0
    allowed, finite = reader.once(mask, _read_mask)
    if finite is not None:
        finite = np.broadcast_to(finite, scores.shape)
        scores, scale = scores * constant(np.array(float(scale))) + constant(finite), 1.0
    return scores, np.broadcast_to(allowed, scores.shape), scale


def _read_mask(mask):
    """Return which entries a mask allows, and what it adds to these (``None`` for nothing), each number once."""
    values = whole(mask.numpy() if mask.dtype.is_floating_point is False else mask.double().numpy())
    if values.dtype == bool:
        return values.astype(np.int64), None
    # A bias by distance may be added where entries are allowed; in the others there is no number left to add.
    finite = np.where(values > NEVER, values, 0.0)
    return (values > NEVER).astype(np.int64), finite if finite.any() else None


def whole(array):
    """Return an array with each of its axes that are mere repetitions cut to one entry."""
    array = np.asarray(array)
    # An axis with stride zero is one entry seen many times: a mask of all heads and samples is looked at once.
    return array[tuple(slice(n if stride else min(n, 1)) for n, stride in zip(array.shape, array.strides))]
