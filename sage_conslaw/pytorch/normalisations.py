r"""
The layers that normalise, with their gains and biases.
"""
from .norms import normalised
from .constants import constant
from .statistics import along


def layer_norm(reader, node, x, shape, weight=None, bias=None, eps=1e-5, *rest):
    """Return layer normalisation over the last axes, with gain and bias."""
    x = reader.tensor(x)
    axes = range(len(x.shape) - len(shape), len(x.shape))
    return _affine(reader, along(x, axes, lambda z: normalised(z, eps, True)), weight, bias)


def rms_norm(reader, node, x, shape, weight=None, eps=None):
    r"""
    Return the division by the root mean square over the last axes, with gain; without an eps it is that of the number
    format.
    """
    x = reader.tensor(x)
    if eps is None:
        # As in PyTorch: numbers of half precision are divided in single precision.
        torch = reader.program.torch
        eps = torch.finfo(torch.float64 if node.meta["val"].dtype == torch.float64 else torch.float32).eps
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
    """Return layer normalisation over groups of channels, with gain and bias of each channel."""
    x = reader.tensor(x)
    # Channels of a group lie together: its entries are one row.
    out = normalised(x.reshape(x.shape[0], int(groups), -1), eps, True, "group_norm").reshape(x.shape)
    return _by_channel(reader, out, weight, bias)


def instance_norm(reader, node, x, weight, bias, mean, variance, of_input, momentum, eps, *rest):
    """Return layer normalisation of each channel of each sample."""
    if not of_input:
        return batch_norm(reader, node, x, weight, bias, mean, variance, False, momentum, eps)
    x = reader.tensor(x)
    out = normalised(x.reshape(x.shape[0], x.shape[1], -1), eps, True, "instance_norm").reshape(x.shape)
    return _by_channel(reader, out, weight, bias)


def batch_norm(reader, node, x, weight, bias, mean, variance, training, momentum, eps, *rest):
    """Return batch normalisation: along the samples in training, affine with the running statistics in evaluation."""
    x = reader.tensor(x)
    if not training:
        axes = (1,) * (len(x.shape) - 2)
        # No gradient passes through running statistics, which are buffers: they are constants.
        root = constant((1 / (variance.double() + eps).sqrt()).numpy().reshape((x.shape[1],) + axes))
        shift = mean.double().numpy().reshape((x.shape[1],) + axes)
        reader.note("batch normalisation is affine, with the running statistics as they are now")
        x = x + constant(-shift) if shift.any() else x
        return _by_channel(reader, x * root, weight, bias)
    reader.note(f"batch normalisation couples the {x.shape[0]} samples of the example batch")
    # All samples and places of a channel are one row, which couples the samples.
    axes = [0, *range(2, len(x.shape))]
    return _by_channel(reader, along(x, axes, lambda z: normalised(z, eps, True, "batch_norm")), weight, bias)


def batch_norm_of_statistics(reader, node, x, weight, bias, mean, variance, momentum, eps):
    """Return batch normalisation in evaluation, as one result of three."""
    return first_of(batch_norm)(reader, node, x, weight, bias, mean, variance, False, momentum, eps)


def batch_norm_of_batch(reader, node, x, weight, bias, *rest):
    """Return batch normalisation in training, as one result of several; the running statistics are not used."""
    if str(node.target).endswith("no_stats"):
        training, momentum, eps = rest
        return first_of(batch_norm)(reader, node, x, weight, bias, None, None, training, momentum, eps)
    return first_of(batch_norm)(reader, node, x, weight, bias, *rest)


class _Statistics(list):
    """One result and others that only update statistics: these are not read."""

    def __getitem__(self, index):
        # None of them is part of an output that is trained.
        return super().__getitem__(index) if index < len(self) else None


def first_of(rule):
    """Return the rule of an operation with further results that only statistics use."""
    def first_of_several(reader, node, *arguments, **keywords):
        return _Statistics([rule(reader, node, *arguments, **keywords)])
    return first_of_several
