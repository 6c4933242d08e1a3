r"""
Means, variances and norms along axes, which are the beginning of a normalisation that is written out.

A mean of squares waits for the tensor that it divides; a difference of a tensor and its own mean is remembered as
centred.
"""
import numpy as np

from .norms import normalised
from .constants import constant
from .refusals import Refused
from .values import Pointwise, SquareMean


def along(x, axes, function, factor=1.0):
    """Return a function of the last axis applied along some axes, times a number."""
    rank = len(x.shape)
    axes = sorted(axis % rank for axis in axes)
    kept = [i for i in range(rank) if i not in axes]
    order = kept + axes
    y = x if order == list(range(rank)) else x.transpose(order)
    shape = y.shape
    # Several axes are put last and become one row.
    y = function(y.reshape(shape[:len(kept)] + (-1,)) if len(axes) != 1 else y)
    y = y.reshape(shape)
    if order != list(range(rank)):
        y = y.transpose([int(i) for i in np.argsort(order)])
    return y if factor == 1 else y * constant(np.array(factor))


def centred(reader, x, axes):
    """Return ``x - mean(x)`` along axes, the same tensor for the same question."""
    # Made once: a normalisation is recognised by dividing the very tensor whose squares were averaged.
    key = x, axes
    if key not in reader.norms:
        difference = x - x.mean(axes, keepdims=True)
        reader.norms[key] = difference
        reader.norms[difference] = (x, axes, True)
    return reader.norms[key]


def axes_of_rank(axes, rank):
    """Return axes as sorted numbers between zero and the rank; all if none are named."""
    axes = (
        range(rank)
        if axes is None or (isinstance(axes, (list, tuple)) and not axes)
        else axes
        if isinstance(axes, (list, tuple))
        else [axes]
    )
    return tuple(sorted(int(axis) % rank for axis in axes)) if rank else ()


def mean(reader, node, value, axes=None, keepdim=False, **keywords):
    """Return the mean along axes."""
    axes = axes_of_rank(axes, len(value.shape))
    square = _square(value, axes, keepdim, 1)
    if square is not None:
        return square
    tensor = reader.tensor(value)
    out = tensor.mean(axes, keepdims=bool(keepdim))
    if keepdim:
        # Without its axes a mean does not have the place of what it is subtracted from.
        reader.norms[out] = (tensor, axes, False)
    return out


def total(reader, node, value, axes=None, keepdim=False, **keywords):
    """Return the sum along axes."""
    axes = axes_of_rank(axes, len(value.shape))
    count = int(np.prod([value.shape[axis] for axis in axes], dtype=np.int64))
    # A sum of squares is so many times their mean.
    square = _square(value, axes, keepdim, count)
    return square if square is not None else reader.tensor(value).sum(axes, keepdims=bool(keepdim))


def _square(value, axes, keepdim, factor):
    if (
        isinstance(value, Pointwise)
        and value.polynomial is not None
        and len(value.polynomial) == 3
        and value.polynomial[:2] == [0, 0]
        and value.polynomial[2] > 0
    ):
        # mean(c x^2) = c mean(x^2) for c > 0; a linear or constant term makes it no norm of x.
        return SquareMean(value.base, axes, float(factor * value.polynomial[2]), 0, 1, bool(keepdim))
    return None


def variance(reader, node, value, axes=None, unbiased=None, keepdim=False, *, correction=None):
    """Return the variance along axes, pending."""
    # ``var.dim`` has the places (axes, unbiased, keepdim), ``var.correction`` has words.
    if isinstance(axes, bool):
        axes, unbiased = None, axes
    if isinstance(unbiased, bool):
        correction = 1 if unbiased else 0
    correction = 1 if correction is None else correction
    tensor = reader.tensor(value)
    axes = axes_of_rank(axes, len(tensor.shape))
    count = int(np.prod([tensor.shape[axis] for axis in axes], dtype=np.int64))
    if count <= correction:
        raise Refused("a variance of one entry")
    # Of the centred tensor, so that dividing that one by its root is a layer norm; the correction is a factor.
    return SquareMean(centred(reader, tensor, axes), axes, count / (count - correction), 0, 1, bool(keepdim))


def deviation(reader, node, *arguments, **keywords):
    """Return the standard deviation along axes, pending."""
    return variance(reader, node, *arguments, **keywords).to_power(0.5)


def variance_and_mean(reader, node, *arguments, **keywords):
    """Return variance and mean along axes."""
    spread = variance(reader, node, *arguments, **keywords)
    source = reader.norms[spread.base][0]
    return [spread, mean(reader, node, source, spread.axes, spread.kept)]


def cosine_similarity(reader, node, a, b, axis=1, eps=1e-8):
    """Return the inner product of two tensors along an axis over their norms; norms below eps are not looked at."""
    a, b = (_by_norm(reader.tensor(value), axis) for value in (a, b))
    return (a * b).sum(int(axis) % len(a.shape))


def _by_norm(tensor, axis):
    axis = int(axis) % len(tensor.shape)
    # z / |z| is n^(-1/2) times z over its root mean square.
    return along(tensor, (axis,), lambda z: normalised(z, 0, False), tensor.shape[axis] ** -0.5)


def norm_of_weights(reader, node, direction, size, axis=0):
    """Return a weight of which length and direction are trained apart: ``g v / |v|`` along all axes but one."""
    direction, size = reader.tensor(direction), reader.tensor(size)
    rank = len(direction.shape)
    # -1 is no axis here: ``weight_norm(layer, dim=None)`` has one length for the whole weight.
    axes = tuple(i for i in range(rank) if axis == -1 or i != int(axis) % rank)
    count = int(np.prod([direction.shape[i] for i in axes], dtype=np.int64))
    return along(direction, axes, lambda z: normalised(z, 0, False), count ** -0.5) * size


def vector_norm(reader, node, value, order=2, axes=None, keepdim=False, **keywords):
    """Return the norm along axes, pending."""
    tensor = reader.tensor(value)
    if order != 2:
        raise Refused(f"the norm of order {order}; the order 2 is known")
    axes = axes_of_rank(axes, len(tensor.shape))
    count = int(np.prod([tensor.shape[axis] for axis in axes], dtype=np.int64))
    # |x| = (n mean(x^2))^(1/2).
    return SquareMean(tensor, axes, float(count), 0, 0.5, bool(keepdim))


def norm(reader, node, value, order=None, axes=None, keepdim=False, **keywords):
    """Return the norm of vectors or, over two axes, of matrices: the root of the sum of squares is known."""
    rank = len(reader.tensor(value).shape)
    along_two = len(axes_of_rank(axes, rank)) == 2 and (axes is not None or order is not None)
    if order in (None, "fro") or order == 2 and not along_two:
        return vector_norm(reader, node, value, 2, axes, keepdim)
    kind = " of matrices" if along_two else ""
    raise Refused(f"the norm of order {order}{kind}; the root of the sum of squares is known")
