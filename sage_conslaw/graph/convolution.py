r"""
Convolutions and pooling over any number of spatial axes, as windows and a contraction: weights are shared by
construction.
"""
import itertools

import numpy as np

from .activations import gate_function
from .operations import Contract
from .rearrangements import Windows
from ..runtime.errors import InputError, InputTypeError
from ..runtime.arguments import integer


def _each(value, axes, what):
    """Return one number for each spatial axis."""
    values = tuple(value) if hasattr(value, "__iter__") and not isinstance(value, str) else (value,) * axes
    if len(values) != axes:
        raise InputError(f"{what} {values} is not one number or {axes}, one a spatial axis")
    try:
        return tuple(integer(v) for v in values)
    except TypeError:
        raise InputTypeError(f"{what} {value!r} is not of integers") from None


def _contract(spec, a, b):
    return a.made(Contract(spec), (a, b), f"contract({spec!r}, {{0}}, {{1}})")


def windows(shape, kernel, stride, padding):
    r"""
    Return the places of the windows of a ``(channels, ...)`` array: shape ``(channels, positions, kernel entries)``,
    and the positions' shape.
    """
    channels, *spatial = shape
    positions = []
    # A window begins at multiples of the stride and ends inside of what is padded; the last entries may be in none.
    for n, k, step, pad in zip(spatial, kernel, stride, padding):
        if step < 1 or k < 1 or pad < 0:
            raise InputError(f"window {k}, stride {step}, padding {pad}: windows and strides are positive, paddings "
                             f"are not negative")
        if k > n + 2 * pad:
            raise InputError(
                f"a window of {k} does not fit in {n} + 2 * {pad} entries; give a smaller window or more padding"
            )
        positions.append((n + 2 * pad - k) // step + 1)
    # -1 is the place of a zero in every rearrangement.
    places = np.pad(
        np.arange(channels * int(np.prod(spatial))).reshape(shape),
        [(0, 0)] + [(pad, pad) for pad in padding],
        constant_values=-1,
    )
    out = np.empty((channels, int(np.prod(positions)), int(np.prod(kernel))), dtype=np.int64)
    for i, offset in enumerate(itertools.product(*map(range, kernel))):
        # One entry of all windows at once: a slice with the stride, from the entry on.
        inside = (slice(o, o + step * n, step) for o, step, n in zip(offset, stride, positions))
        piece = places[(slice(None), *inside)]
        out[:, :, i] = piece.reshape(channels, -1)
    return out, tuple(positions)


def windowed(x, kernel, stride, padding):
    """
    Return the windows of a tensor ``(..., channels, spatial ...)`` as ``(..., channels, positions, kernel entries)``,
    and the positions' shape.
    """
    kept = len(x.shape) - len(kernel)
    # The places inside of one channel: they serve every channel and every sample.
    places, positions = windows((1, *x.shape[kept:]), kernel, stride, padding)
    return x.made(Windows(x.shape, kept, places[0]), (x,), "windows({0})"), positions


def convolve(x, kernel, stride=1, padding=0, groups=1):
    r"""
    Return the convolution (cross-correlation) of a tensor with a kernel.

    INPUT:

    - ``x`` -- tensor of shape ``(channels, ...)``, or ``(samples, channels, ...)``

    - ``kernel`` -- tensor of shape ``(outputs, channels / groups, ...)`` with as many spatial axes

    - ``stride``, ``padding`` -- integers, or one a spatial axis; ``groups`` divides channels and outputs
    """
    if not hasattr(kernel, "operation"):
        raise InputTypeError("a convolution is of tensors; a fixed kernel is networks.fixed(name, values=...)")
    try:
        groups = integer(groups)
    except TypeError:
        raise InputTypeError(f"groups {groups!r} is not an integer") from None
    axes = len(kernel.shape) - 2
    what = f"the convolution of {x.label()} of shape {x.shape} with {kernel.label()} of shape {kernel.shape}"
    if axes < 1 or len(x.shape) not in (axes + 1, axes + 2):
        raise InputError(
            f"{what}: the shapes are (channels, ...) and (outputs, channels / groups, ...), with as many spatial axes"
        )
    outputs, inner = kernel.shape[:2]
    samples, channels = x.shape[:-axes - 1], x.shape[-axes - 1]
    if groups < 1 or channels % groups or outputs % groups:
        raise InputError(f"{what}: {groups} groups do not divide {channels} channels and {outputs} outputs")
    if inner * groups != channels:
        raise InputError(f"{what}: with {groups} group{'s' if groups > 1 else ''} the kernel takes {inner * groups} "
                         f"channels, not {channels}")
    inside, positions = windowed(x, kernel.shape[2:], _each(stride, axes, "stride"), _each(padding, axes, "padding"))
    entries, n = inside.shape[-1], "n" if samples else ""
    inside = inside if groups == 1 else inside.reshape(*samples, groups, inner, *inside.shape[-2:])
    # One group has no axis of its own: the structure of the graph is read from axes, and one of size one says nothing.
    if groups == 1:
        result = _contract(f"{n}cpk,ock->{n}op", inside, kernel.reshape(outputs, inner, entries))
    else:
        result = _contract(f"{n}gcpk,gock->{n}gop", inside, kernel.reshape(groups, outputs // groups, inner, entries))
    return result.reshape(*samples, outputs, *positions)


def pooling_windows(x, window, stride, padding, what):
    """
    Return a tensor of the windows of ``(..., channels, spatial ...)``: its last axis are the entries of a window; and
    the shape of the result.

    A window of several numbers has that many spatial axes, and what comes before the channels are samples; one number
    is for all axes but the first.
    """
    axes = len(window) if hasattr(window, "__iter__") and not isinstance(window, str) else len(x.shape) - 1
    if not 1 <= axes <= len(x.shape) - 1:
        raise InputError(f"{what} of {x.label()} of shape {x.shape}: the shape is (channels, ...)")
    lead = x.shape[:-axes]
    window = _each(window, axes, "window")
    inside, positions = windowed(
        x, window, window if stride is None else _each(stride, axes, "stride"), _each(padding, axes, "padding")
    )
    # A window of pooling sees one channel of one sample: these are one axis, which keeps the letters of contractions
    # few.
    return inside.reshape(int(np.prod(lead, dtype=np.int64)), *inside.shape[-2:]), lead + positions


def avg_pool(x, window, stride=None, padding=0):
    """Return the mean of each window; entries of the padding count as zeros."""
    inside, shape = pooling_windows(x, window, stride, padding, "average pooling")
    return inside.mean(axis=-1).reshape(shape)


def max_pool(x, window, stride=None):
    """Return the largest entry of each window: a gate on every entry of the window."""
    inside, shape = pooling_windows(x, window, stride, 0, "max-pooling")
    # No padding: a window's largest entry would be compared with zeros that no unit computes.
    gates = x.data("gate", inside.shape, "gate", source=inside, function=gate_function("max"))
    return _contract("cpk,cpk->cp", inside, gates).reshape(shape)
