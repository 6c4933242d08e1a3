r"""
Convolutions, transposed ones, and pooling.
"""
from dataclasses import dataclass

import numpy as np

from ..graph.activations import gate_function
from ..graph.operations import LETTERS
from ..graph import rearrangements
from ..graph.joining import concatenate, contract
from ..graph.tensor import Data
from .piecewise import PLACES
from .constants import constant
from .refusals import Refused


@dataclass(frozen=True)
class Windows:
    """Sizes, steps, paddings and dilations of windows, one number an axis."""

    sizes: list
    stride: list
    padding: list
    dilation: list

    @classmethod
    def of(cls, axes, sizes, stride, padding, dilation=1):
        """Return windows from what PyTorch takes: one number for all axes or one for each, no stride for the sizes."""
        return cls(*(_each(value, axes) for value in (sizes, stride or sizes, padding, dilation)))


def _each(value, axes):
    values = list(value) if isinstance(value, (list, tuple)) else [value]
    return [int(v) for v in (values * axes if len(values) == 1 else values)]


def convolution(reader, node, x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1):
    """Return a convolution with stride, padding, dilation and groups."""
    x, weight = reader.tensor(x), reader.tensor(weight)
    axes = len(weight.shape) - 2
    stride, dilation = _each(stride, axes), _each(dilation, axes)
    sizes = weight.shape[2:]
    if padding == "valid":
        padding = 0
    elif padding == "same":
        reach = [d * (k - 1) for d, k in zip(dilation, sizes)]
        # As many outputs as inputs; where the number of zeros is odd, PyTorch puts the larger half behind.
        x = padded(x, [r // 2 for r in reach], [r - r // 2 for r in reach])
        padding = 0
    # A dilated kernel is one with zeros between its entries: the graph has one convolution for all.
    out = x.convolve(spread(weight, dilation), tuple(stride), tuple(_each(padding, axes)), int(groups))
    return _with_bias(reader, out, bias, axes)


def general_convolution(reader, node, x, weight, bias, stride, padding, dilation, transposed, extra, groups):
    """Return a convolution or a transposed one."""
    if transposed:
        return transposed_convolution(reader, node, x, weight, bias, stride, padding, extra, groups, dilation)
    return convolution(reader, node, x, weight, bias, stride, padding, dilation, groups)


def transposed_convolution(reader, node, x, weight, bias=None, stride=1, padding=0, extra=0, groups=1, dilation=1):
    r"""
    Return a transposed convolution: one of stride 1 over the input with zeros between its entries, with the mirrored
    kernel.
    """
    x, weight = reader.tensor(x), reader.tensor(weight)
    axes, groups = len(weight.shape) - 2, int(groups)
    stride, padding, extra, dilation = (_each(value, axes) for value in (stride, padding, extra, dilation))
    channels, inner, *sizes = weight.shape
    # PyTorch keeps these weights as (inputs, outputs of a group, ...): in each group both axes are exchanged.
    kernel = weight.reshape(groups, channels // groups, inner, *sizes)
    kernel = kernel.transpose([0, 2, 1, *range(3, 3 + axes)]).reshape(groups * inner, channels // groups, *sizes)
    kernel = spread(kernel[(slice(None), slice(None), *[slice(None, None, -1)] * axes)], dilation)
    # Entry i of the input reaches the outputs i s - p, ..., i s - p + size - 1: one of stride 1 over the spread input
    # with size - 1 - p zeros at each border, and that many cut off where p is larger.
    x = spread(x, stride)
    reach = [size - 1 - p for size, p in zip(kernel.shape[2:], padding)]
    # Several sizes of an input have one size after a convolution with stride: the extra zeros, behind alone, say which.
    out = padded(x, reach, [r + e for r, e in zip(reach, extra)]).convolve(kernel, 1, 0, groups)
    return _with_bias(reader, out, bias, axes)


def _with_bias(reader, out, bias, axes):
    if bias is None:
        return out
    bias = reader.tensor(bias)
    return out + bias.reshape((bias.size,) + (1,) * axes)


def spread(x, steps):
    """Return a tensor with zeros between the entries of its last axes."""
    if all(step == 1 for step in steps):
        return x
    axes = len(steps)
    sizes = [(n - 1) * step + 1 for n, step in zip(x.shape[-axes:], steps)]
    places = np.full(x.shape[:-axes] + tuple(sizes), -1, dtype=np.int64)
    places[(..., *(slice(None, None, step) for step in steps))] = np.arange(x.size).reshape(x.shape)
    return x.gather(places)


def padded(x, before, after):
    """Return a tensor with zeros around its last axes; negative widths cut entries off."""
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


class Largest:
    """The slopes of the largest entry of windows that reach into a padding, which never is the largest."""

    def __init__(self, inside):
        self.inside = inside

    def __call__(self, z):
        return gate_function("max").slope(np.where(self.inside, z, -np.inf))


def _axes_of_pool(node):
    """Return how many axes a pooling has, by its name: ``max_pool2d``."""
    return int(str(node.target).split("pool")[1][0])


def _windows(node, x, windows):
    """Return the windows of the last axes, ``(..., positions, entries)``, which of their entries are none of the
    padding's, and the shape of the result."""
    shape = tuple(node.shape) if hasattr(node, "shape") else tuple(node.meta["val"].shape)
    kept, each = len(x.shape) - len(windows.sizes), (windows.padding, windows.sizes, windows.dilation, windows.stride)
    places = np.pad(
        np.arange(int(np.prod(x.shape[kept:]))).reshape(x.shape[kept:]),
        # With ceil_mode a last window reaches beyond the padding: so many more places that each slice below is whole.
        [(p, p + w * d + s) for p, w, d, s in zip(*each)],
        constant_values=-1,
    )
    out = []
    for offset in np.ndindex(*windows.sizes):
        out.append(places[tuple(slice(o * d, o * d + s * (n - 1) + 1, s)
                                for o, d, s, n in zip(offset, windows.dilation, windows.stride, shape[kept:]))])
    places = np.stack(out, axis=-1)
    return x.made(rearrangements.Windows(x.shape, kept, places), (x,), "windows({0})"), places >= 0, shape


def max_pool(reader, node, x, window, stride=(), padding=0, dilation=1, ceil=False):
    """Return the largest entry of each window: a gate on every entry."""
    x = reader.tensor(x)
    result = node.meta["val"][0] if isinstance(node.meta["val"], (tuple, list)) else node.meta["val"]
    windows = Windows.of(_axes_of_pool(node), window, stride, padding, dilation)
    inside, real, shape = _windows(result, x, windows)
    function = gate_function("max")
    if not real.all():
        # A zero of the padding would be the largest among negative entries; in PyTorch the padding is minus infinity.
        function = type(function)("max", Largest(real))
    letters = LETTERS[:len(inside.shape)]
    gates = Data("gate", inside.shape, "gate", source=inside, function=function)
    return contract(f"{letters},{letters}->{letters[:-1]}", inside, gates).reshape(shape)


def max_pool_and_places(reader, node, *arguments, **keywords):
    """Return the largest entries of windows; their places are not known."""
    return [max_pool(reader, node, *arguments, **keywords), PLACES]


def mean_pool(reader, node, x, window, stride=(), padding=0, ceil=False, with_padding=True, divisor=None):
    """Return the mean of each window."""
    x = reader.tensor(x)
    windows = Windows.of(_axes_of_pool(node), window, stride, padding)
    # PyTorch then divides by the entries of the window in the padding, not by those beyond it: ``real`` has both as
    # one.
    if ceil and any(windows.padding):
        raise Refused("average pooling with ceil_mode and padding")
    inside, real, shape = _windows(node, x, windows)
    entries = real.sum(axis=-1) if not with_padding or ceil else np.full(real.shape[:-1], real.shape[-1])
    entries = np.full(real.shape[:-1], divisor) if divisor else entries
    # One divisor for all windows is exact; the rounded inverses below are for windows at a border alone.
    if (entries == entries.flat[0]).all():
        return (inside.sum(-1) / int(entries.flat[0])).reshape(shape)
    return (inside * constant(np.broadcast_to((1.0 / entries)[..., None], real.shape))).sum(-1).reshape(shape)


def adaptive_max_pool(reader, node, x, size):
    """Return the largest entries of as many windows as are wanted, axis by axis, and places that are not known."""
    first = node.meta["val"][0] if isinstance(node.meta["val"], (tuple, list)) else node.meta["val"]
    return [_by_windows(reader.tensor(x), tuple(first.shape), _axes_of_pool(node), _largest_of), PLACES]


def _largest_of(x, axis):
    order = [i for i in range(len(x.shape)) if i != axis] + [axis]
    back = [int(i) for i in np.argsort(order)]
    rows = x.transpose(order)
    letters = LETTERS[:len(rows.shape)]
    gates = Data("gate", rows.shape, "gate", source=rows, function=gate_function("max"))
    return contract(f"{letters},{letters}->{letters[:-1]}", rows, gates).reshape(*rows.shape[:-1], 1).transpose(back)


def _mean_of(x, axis):
    return x.mean(axis, keepdims=True)


def adaptive_mean_pool(reader, node, x, size):
    """Return means over as many windows as are wanted, axis by axis."""
    return _by_windows(reader.tensor(x), tuple(node.meta["val"].shape), _axes_of_pool(node), _mean_of)


def _by_windows(x, shape, axes, of):
    """Return the function ``of`` over the windows that an axis is cut into, for each of the last axes."""
    # A window is a product of ranges: its mean is the mean along one axis of means along the others, and so is its
    # maximum.
    for axis in range(len(shape) - axes, len(shape)):
        n, parts = x.shape[axis], shape[axis]
        if parts == 1:
            x = of(x, axis)
        elif parts != n:
            # PyTorch's windows, from floor(i n / parts) to ceil((i + 1) n / parts): they overlap where parts does not
            # divide n.
            windows = [slice(i * n // parts, -(-(i + 1) * n // parts)) for i in range(parts)]
            x = concatenate([of(x[(slice(None),) * axis + (window,)], axis) for window in windows], axis=axis)
    return x
