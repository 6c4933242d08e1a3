r"""
Layers: dense, convolutional, pooling, embedding, normalising.
"""
import numpy as np

from ..graph.activations import gate_function
from ..graph.einsum import einsum as contracted
from ..graph.operations import LETTERS
from ..graph.tensor import Data, concatenate, contract
from .norms import normalised
from .pointwise import along
from .reader import Refused, constant
from .values import Tokens

# Letters of batch axes; the operands' own axes are named a, b, c.
_BATCH = LETTERS[6:]


def linear(reader, node, x, weight, bias=None):
    r"""
    Return ``x W^T + b``.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["linear"].__name__
        'linear'
    """
    x, weight = reader.tensor(x), reader.tensor(weight)
    if len(weight.shape) == 1:
        weight = weight.reshape(1, weight.shape[0])
    lead = _BATCH[:len(x.shape) - 1]
    out = contract(f"{lead}a,ba->{lead}b", x, weight)
    out = out if bias is None else out + reader.tensor(bias)
    return out.reshape(tuple(node.meta["val"].shape))


def product(reader, node, a, b):
    r"""
    Return the matrix product, by numpy's rules for batches.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["matmul"].__name__
        'product'
    """
    a, b = reader.tensor(a), reader.tensor(b)
    first, second = len(a.shape), len(b.shape)
    a = a.reshape((1,) + a.shape) if first == 1 else a
    b = b.reshape(b.shape + (1,)) if second == 1 else b
    if len(b.shape) == 2:
        lead = _BATCH[:len(a.shape) - 2]
        out = contract(f"{lead}ab,bc->{lead}ac", a, b)
    else:
        lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a, b = a.repeat_to(lead + a.shape[-2:]), b.repeat_to(lead + b.shape[-2:])
        letters = _BATCH[:len(lead)]
        out = contract(f"{letters}ab,{letters}bc->{letters}ac", a, b)
    return out.reshape(tuple(node.meta["val"].shape))


def product_plus(reader, node, bias, a, b, beta=1, alpha=1):
    r"""
    Return ``beta c + alpha a b``.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["addmm"].__name__
        'product_plus'
    """
    out = product(reader, node, a, b)
    out = out if alpha == 1 else out * alpha
    if not beta:
        return out
    bias = reader.tensor(bias)
    return out + (bias if beta == 1 else bias * beta)


def einsum(reader, node, equation, operands, path=None):
    r"""
    Return a contraction in Einstein's notation.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["einsum"].__name__
        'einsum'
    """
    return contracted(equation.replace(" ", ""), *(reader.tensor(value) for value in operands))


def outer(reader, node, a, b):
    r"""
    Return the outer product of two vectors.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["outer"].__name__
        'outer'
    """
    return contract("a,b->ab", reader.tensor(a), reader.tensor(b))


def _each(value, axes):
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    return [int(v) for v in (values * axes if len(values) == 1 else values)]


# -- convolutions --------------------------------------------------------------------------------

def convolution(reader, node, x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    r"""
    Return a convolution with stride, padding, dilation and groups.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["conv2d"].__name__
        'convolution'
    """
    x, weight = reader.tensor(x), reader.tensor(weight)
    axes = len(weight.shape) - 2
    stride, dilation = _each(stride, axes), _each(dilation, axes)
    sizes = weight.shape[2:]
    if padding == "valid":
        padding = 0
    elif padding == "same":
        reach = [d * (k - 1) for d, k in zip(dilation, sizes)]
        x = padded(x, [r // 2 for r in reach], [r - r // 2 for r in reach])
        padding = 0
    out = x.convolve(spread(weight, dilation), tuple(stride), tuple(_each(padding, axes)), int(groups))
    return _with_bias(reader, out, bias, axes)


def general_convolution(reader, node, x, weight, bias, stride, padding, dilation, transposed, extra, groups):
    r"""
    Return a convolution or a transposed one.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["convolution"].__name__
        'general_convolution'
    """
    if transposed:
        return transposed_convolution(reader, node, x, weight, bias, stride, padding, extra, groups, dilation)
    return convolution(reader, node, x, weight, bias, stride, padding, dilation, groups)


def transposed_convolution(reader, node, x, weight, bias=None, stride=1, padding=0, extra=0, groups=1, dilation=1):
    r"""
    Return a transposed convolution: one of stride 1 over the input with zeros between its entries, with the mirrored
    kernel.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["conv_transpose2d"].__name__
        'transposed_convolution'
    """
    x, weight = reader.tensor(x), reader.tensor(weight)
    axes, groups = len(weight.shape) - 2, int(groups)
    stride, padding, extra, dilation = (_each(value, axes) for value in (stride, padding, extra, dilation))
    channels, inner, *sizes = weight.shape
    kernel = weight.reshape(groups, channels // groups, inner, *sizes)
    kernel = kernel.transpose([0, 2, 1, *range(3, 3 + axes)]).reshape(groups * inner, channels // groups, *sizes)
    kernel = spread(kernel[(slice(None), slice(None), *[slice(None, None, -1)] * axes)], dilation)
    x = spread(x, stride)
    reach = [size - 1 - p for size, p in zip(kernel.shape[2:], padding)]
    out = padded(x, reach, [r + e for r, e in zip(reach, extra)]).convolve(kernel, 1, 0, groups)
    return _with_bias(reader, out, bias, axes)


def _with_bias(reader, out, bias, axes):
    if bias is None:
        return out
    bias = reader.tensor(bias)
    return out + bias.reshape((bias.size,) + (1,) * axes)


def spread(x, steps):
    r"""
    Return a tensor with zeros between the entries of its last axes.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.pytorch.layers import spread
        sage: spread(networks.input(2, 3), [2]).shape
        (2, 5)
    """
    if all(step == 1 for step in steps):
        return x
    axes = len(steps)
    sizes = [(n - 1) * step + 1 for n, step in zip(x.shape[-axes:], steps)]
    places = np.full(x.shape[:-axes] + tuple(sizes), -1, dtype=np.int64)
    places[(..., *(slice(None, None, step) for step in steps))] = np.arange(x.size).reshape(x.shape)
    return x.gather(places)


def padded(x, before, after):
    r"""
    Return a tensor with zeros around its last axes; negative widths cut entries off.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.pytorch.layers import padded
        sage: padded(networks.input(2, 3), [1], [-2]).shape
        (2, 2)
    """
    if not any(before) and not any(after):
        return x
    lead = len(x.shape) - len(before)
    places = np.pad(
        np.arange(x.size).reshape(x.shape),
        [(0, 0)] * lead + [(max(0, a), max(0, b)) for a, b in zip(before, after)],
        constant_values=-1,
    )
    cuts = tuple(
        slice(max(0, -a), n - max(0, -b) if b < 0 else None) for a, b, n in zip(before, after, places.shape[lead:])
    )
    return x.gather(places[(..., *cuts)])


# -- pooling -------------------------------------------------------------------------------------

class Largest:
    r"""
    The slopes of the largest entry of windows that reach into a padding, which never is the largest.

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw.pytorch.layers import Largest
        sage: Largest(numpy.array([[True, False]]))(numpy.array([[-1.0r, 0.0r]]))
        array([[1., 0.]])
    """

    def __init__(self, inside):
        self.inside = inside

    def __call__(self, z):
        return gate_function("max").slope(np.where(self.inside, z, -np.inf))


def _windows(node, x, window, stride, padding, dilation, axes):
    """Return the places of the windows of the last axes, ``(..., windows, entries)``, and the shape of the result."""
    shape = tuple(node.shape) if hasattr(node, "shape") else tuple(node.meta["val"].shape)
    places = np.pad(
        np.arange(x.size).reshape(x.shape),
        [(0, 0)] * (len(x.shape) - axes)
        + [(p, p + w * d + s) for p, w, d, s in zip(padding, window, dilation, stride)],
        constant_values=-1,
    )
    out = []
    for offset in np.ndindex(*window):
        out.append(places[(..., *(slice(o * d, o * d + s * (n - 1) + 1, s)
                                  for o, d, s, n in zip(offset, dilation, stride, shape[-axes:])))])
    return np.stack(out, axis=-1), shape


def max_pool(reader, node, x, window, stride=(), padding=0, dilation=1, ceil=False):
    r"""
    Return the largest entry of each window: a gate on every entry.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["max_pool2d"].__name__
        'max_pool'
    """
    x = reader.tensor(x)
    result = node.meta["val"][0] if isinstance(node.meta["val"], (tuple, list)) else node.meta["val"]
    axes = (
        len(window)
        if isinstance(window, (list, tuple)) and len(window) > 1
        else {"1": 1, "2": 2, "3": 3}[str(node.target).split("pool")[1][0]]
    )
    window = _each(window, axes)
    places, shape = _windows(
        result, x, window, _each(stride or window, axes), _each(padding, axes), _each(dilation, axes), axes
    )
    inside = x.gather(places, "windows({0})")
    function = gate_function("max")
    if (places < 0).any():
        function = type(function)("max", Largest(places >= 0))
    letters = LETTERS[:len(inside.shape)]
    gates = Data("gate", inside.shape, "gate", source=inside, function=function)
    return contract(f"{letters},{letters}->{letters[:-1]}", inside, gates).reshape(shape)


def max_pool_and_places(reader, node, *arguments, **keywords):
    r"""
    Return the largest entries of windows; their places are not known.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["max_pool2d_with_indices"].__name__
        'max_pool_and_places'
    """
    return [max_pool(reader, node, *arguments, **keywords), None]


def mean_pool(reader, node, x, window, stride=(), padding=0, ceil=False, with_padding=True, divisor=None):
    r"""
    Return the mean of each window.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["avg_pool2d"].__name__
        'mean_pool'
    """
    x = reader.tensor(x)
    axes = (
        len(window)
        if isinstance(window, (list, tuple)) and len(window) > 1
        else {"1": 1, "2": 2, "3": 3}[str(node.target).split("pool")[1][0]]
    )
    window, padding = _each(window, axes), _each(padding, axes)
    if ceil and any(padding):
        raise Refused("average pooling with ceil_mode and padding")
    places, shape = _windows(node, x, window, _each(stride or window, axes), padding, [1] * axes, axes)
    entries = np.full(places.shape[:-1], int(np.prod(window)))
    if not with_padding or ceil:
        entries = (places >= 0).sum(axis=-1)
    weights = (
        np.repeat((1.0 / (divisor or entries))[..., None], places.shape[-1], axis=-1)
        if not divisor
        else np.full(places.shape, 1 / divisor)
    )
    inside = x.gather(places, "windows({0})")
    if (entries == entries.flat[0]).all() and not divisor:
        return (inside.sum(-1) / int(entries.flat[0])).reshape(shape)
    return (inside * constant(weights)).sum(-1).reshape(shape)


def adaptive_mean_pool(reader, node, x, size):
    r"""
    Return means over as many windows as are wanted, axis by axis.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["adaptive_avg_pool2d"].__name__
        'adaptive_mean_pool'
    """
    x, shape = reader.tensor(x), tuple(node.meta["val"].shape)
    axes = (
        len(size) if isinstance(size, (list, tuple)) else {"1": 1, "2": 2, "3": 3}[str(node.target).split("pool")[1][0]]
    )
    for axis in range(len(shape) - axes, len(shape)):
        n, parts = x.shape[axis], shape[axis]
        if parts == 1:
            x = x.mean(axis, keepdims=True)
        elif parts != n:
            pieces = []
            for i in range(parts):
                window = (slice(None),) * axis + (slice(i * n // parts, -(-(i + 1) * n // parts)),)
                pieces.append(x[window].mean(axis, keepdims=True))
            x = concatenate(pieces, axis=axis)
    return x


# -- embeddings ----------------------------------------------------------------------------------

def embedding(reader, node, table, indices, padding=-1, *rest):
    r"""
    Return the rows of a table: selected by tokens, which are data, or at known positions.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["embedding"].__name__
        'embedding'
    """
    table = reader.tensor(table)
    vocabulary, width = table.shape
    if reader.known(indices):
        return _rows(table, indices.numpy(), width)
    if not isinstance(indices, Tokens):
        raise Refused("the indices depend on parameters or on computed data")
    if padding >= 0:
        reader.note(f"the padding token {padding} does not occur in {indices.name}: its embedding gets no gradient")
        before, after = table[:padding], table[padding + 1:]
        table = after if not padding else before if padding + 1 == vocabulary else concatenate([before, after])
    return reader.selected(indices, table).reshape(indices.shape + (width,))


def _rows(table, indices, width):
    flat = indices.ravel()
    if len(flat) and np.array_equal(flat, np.arange(flat[0], flat[0] + len(flat))):
        rows = table[int(flat[0]):int(flat[0]) + len(flat)] if len(flat) < table.shape[0] else table
    else:
        rows = table[flat]
    return rows.reshape(indices.shape + (width,))


# -- normalisations ------------------------------------------------------------------------------

def layer_norm(reader, node, x, shape, weight=None, bias=None, eps=1e-5, *rest):
    r"""
    Return layer normalisation over the last axes, with gain and bias.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["layer_norm"].__name__
        'layer_norm'
    """
    x = reader.tensor(x)
    axes = range(len(x.shape) - len(shape), len(x.shape))
    return _affine(reader, along(x, axes, lambda z: normalised(z, eps, True)), weight, bias)


def rms_norm(reader, node, x, shape, weight=None, eps=None):
    r"""
    Return the division by the root mean square over the last axes, with gain; without an eps it is that of the number
    format.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["rms_norm"].__name__
        'rms_norm'
    """
    x = reader.tensor(x)
    eps = reader.program.torch.finfo(reader.program.torch.float32).eps if eps is None else eps
    axes = range(len(x.shape) - len(shape), len(x.shape))
    return _affine(reader, along(x, axes, lambda z: normalised(z, eps, False)), weight, None)


def _affine(reader, out, weight, bias):
    out = out if weight is None else out * reader.tensor(weight)
    return out if bias is None else out + reader.tensor(bias)


def _by_channel(reader, out, weight, bias):
    axes = (1,) * (len(out.shape) - 2)
    weight, bias = (
        None if part is None else reader.tensor(part).reshape((out.shape[1],) + axes) for part in (weight, bias)
    )
    return _affine(reader, out, weight, bias)


def group_norm(reader, node, x, groups, weight=None, bias=None, eps=1e-5, *rest):
    r"""
    Return layer normalisation over groups of channels, with gain and bias of each channel.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["group_norm"].__name__
        'group_norm'
    """
    x = reader.tensor(x)
    out = normalised(x.reshape(x.shape[0], int(groups), -1), eps, True).reshape(x.shape)
    return _by_channel(reader, out, weight, bias)


def instance_norm(reader, node, x, weight, bias, mean, variance, of_input, momentum, eps, *rest):
    r"""
    Return layer normalisation of each channel of each sample.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["instance_norm"].__name__
        'instance_norm'
    """
    if not of_input:
        return batch_norm(reader, node, x, weight, bias, mean, variance, False, momentum, eps)
    x = reader.tensor(x)
    return _by_channel(
        reader, normalised(x.reshape(x.shape[0], x.shape[1], -1), eps, True).reshape(x.shape), weight, bias
    )


def batch_norm(reader, node, x, weight, bias, mean, variance, training, momentum, eps, *rest):
    r"""
    Return batch normalisation: along the samples in training, affine with the running statistics in evaluation.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["batch_norm"].__name__
        'batch_norm'
    """
    x = reader.tensor(x)
    if not training:
        axes = (1,) * (len(x.shape) - 2)
        root = constant((1 / (variance.double() + eps).sqrt()).numpy().reshape((x.shape[1],) + axes))
        shift = mean.double().numpy().reshape((x.shape[1],) + axes)
        reader.note("batch normalisation is affine, with the running statistics as they are now")
        x = x + constant(-shift) if shift.any() else x
        return _by_channel(reader, x * root, weight, bias)
    reader.note(f"batch normalisation couples the {x.shape[0]} samples of the example batch")
    axes = [0, *range(2, len(x.shape))]
    return _by_channel(reader, along(x, axes, lambda z: normalised(z, eps, True)), weight, bias)


def batch_norm_of_statistics(reader, node, x, weight, bias, mean, variance, momentum, eps):
    r"""
    Return batch normalisation in evaluation, as one result of three.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["_native_batch_norm_legit_no_training"].__name__
        'batch_norm_of_statistics'
    """
    return first_of(batch_norm)(reader, node, x, weight, bias, mean, variance, False, momentum, eps)


def batch_norm_of_batch(reader, node, x, weight, bias, *rest):
    r"""
    Return batch normalisation in training, as one result of several; the running statistics are not used.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["_native_batch_norm_legit"].__name__
        'batch_norm_of_batch'
    """
    if str(node.target).endswith("no_stats"):
        training, momentum, eps = rest
        return first_of(batch_norm)(reader, node, x, weight, bias, None, None, training, momentum, eps)
    return first_of(batch_norm)(reader, node, x, weight, bias, *rest)


class _Statistics(list):
    """One result and others that only update statistics: these are not read."""

    def __getitem__(self, index):
        return super().__getitem__(index) if index < len(self) else None


def first_of(rule):
    r"""
    Return the rule of an operation with further results that only statistics use.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.layers import first_of, layer_norm
        sage: first_of(layer_norm).__name__
        'first_of_several'
    """
    def first_of_several(reader, node, *arguments, **keywords):
        return _Statistics([rule(reader, node, *arguments, **keywords)])
    return first_of_several


