r"""
Rearrangements: views, transposes, slices, joins, everything that only moves entries or puts zeros.

Such an operation moves the *numbers of the places* as it moves the entries: run it on ``1, 2, 3, ...`` in the shape of
its input, and the result says where each entry comes from, 0 for a zero that it puts.  So one rule reads them all.  The
frequent ones are written with the graph's own operations on axes, which cost nothing at any size.
"""
from dataclasses import replace
from functools import wraps

import numpy as np

from ..graph.joining import concatenate
from ..graph.tensor import Constant, Tensor
from .constants import constant
from .refusals import Refused
from .values import Loss, Masked, Pointwise, SquareMean, Tokens, flattened

# Entries of a tensor whose linear map is written down: its matrix takes 32 MB.
_WRITTEN = 2048

_PENDING = (Tensor, Pointwise, SquareMean, Masked, Loss)


def same(reader, node, value, *rest, **keywords):
    """Return the value itself: copies, and changes of the number format."""
    example = node.meta.get("val") if node is not None else None
    if example is None:
        return value
    if isinstance(value, Tokens) and example.dtype.is_floating_point:
        return reader.tensor(value)
    if isinstance(value, (Tensor, Pointwise, SquareMean)) and not example.dtype.is_floating_point:
        # It has steps, and no gradient passes: read as the value itself it would lose laws.
        raise Refused(f"it makes whole numbers ({str(example.dtype).removeprefix('torch.')}) of computed ones")
    return value


def detached(reader, node, value):
    """Return the value as data, if it may depend on a parameter: no gradient passes."""
    return value if isinstance(value, Tokens) else reader.detached(reader.tensor(value))


def by_axes(rule):
    """Return a rule for tensors of the graph as one for all values: masks and tokens are moved entry by entry."""
    @wraps(rule)
    def rule_of_values(reader, node, value, *rest, **keywords):
        if isinstance(value, (Masked, Tokens)):
            return moved(reader, node, value, *rest, **keywords)
        return rule(reader, node, reader.tensor(value), *rest, **keywords)
    return rule_of_values


def _shape(node):
    return tuple(int(n) for n in node.meta["val"].shape)


def reshaped(reader, node, value, *rest, **keywords):
    """Return the value in the shape that the graph says; the order of entries stays."""
    if isinstance(value, SquareMean):
        # ``mean(x^2, -1).unsqueeze(-1)`` is the mean with its axis kept, and may divide ``x`` still.
        with_axes = tuple(1 if i in value.axes else n for i, n in enumerate(value.base.shape))
        if _shape(node) == with_axes:
            return SquareMean(value.base, value.axes, value.factor, value.eps, value.power, True)
    if isinstance(value, (Masked, Tokens)):
        return moved(reader, node, value, *rest, **keywords)
    return reader.tensor(value).reshape(_shape(node))


def _axis(axis, rank):
    return int(axis) % rank if rank else 0


@by_axes
def transposed(reader, node, value, first, second):
    """Return the value with two axes exchanged."""
    axes = list(range(len(value.shape)))
    first, second = _axis(first, len(axes)), _axis(second, len(axes))
    axes[first], axes[second] = second, first
    return value.transpose(axes)


@by_axes
def permuted(reader, node, value, axes=None):
    """Return the value with its axes in another order, reversed if none is given."""
    rank = len(value.shape)
    return value.transpose([_axis(a, rank) for a in axes] if axes is not None else list(range(rank))[::-1])


def expanded(reader, node, value, *rest, **keywords):
    """Return the value repeated along axes of size one."""
    if isinstance(value, SquareMean) and value.kept and _shape(node) == value.base.shape:
        # It may divide its tensor still; everything else sees it repeated.
        return replace(value, repeated=True)
    if isinstance(value, (Masked, Tokens)):
        return moved(reader, node, value, *rest, **keywords)
    return reader.tensor(value).repeat_to(_shape(node))


def broadcast(reader, node, values):
    """Return several values in one shape."""
    shapes = [tuple(part.shape) for part in node.meta["val"]]
    return [
        value if reader.known(value) or tuple(value.shape) == shape else reader.tensor(value).repeat_to(shape)
        for value, shape in zip(values, shapes)
    ]


@by_axes
def selected(reader, node, value, axis, index):
    """Return the value at one index of an axis."""
    axis = _axis(axis, len(value.shape))
    return value[(slice(None),) * axis + (int(index),)]


@by_axes
def sliced(reader, node, value, axis=0, start=None, stop=None, step=1):
    """Return a slice along an axis."""
    axis = _axis(axis, len(value.shape))
    part = slice(start, None if stop is None or stop > value.shape[axis] else stop, step)
    if part.indices(value.shape[axis]) == (0, value.shape[axis], 1):
        return value
    return value[(slice(None),) * axis + (part,)]


@by_axes
def split(reader, node, value, *rest, **keywords):
    """Return the pieces of a value along an axis."""
    shapes = [tuple(part.shape) for part in node.meta["val"]]
    axis = _axis(rest[1] if len(rest) > 1 else keywords.get("dim", 0), len(value.shape))
    pieces, start = [], 0
    for shape in shapes:
        pieces.append(value[(slice(None),) * axis + (slice(start, start + shape[axis]),)])
        start += shape[axis]
    return pieces


def joined(reader, node, values, axis=0):
    """Return several values joined along an axis; empty ones are left out."""
    if all(isinstance(value, Tokens) or reader.known(value) for value in values):
        return moved(reader, node, values, axis)
    # PyTorch joins an empty vector with tensors of any rank: caches of keys begin so.
    tensors = [reader.tensor(value) for value in values if tuple(value.shape) != (0,)]
    return tensors[0] if len(tensors) == 1 else concatenate(tensors, axis=_axis(axis, len(tensors[0].shape)))


def stacked(reader, node, values, axis=0):
    """Return several values stacked along a new axis."""
    tensors = [reader.tensor(value) for value in values]
    axis = _axis(axis, len(tensors[0].shape) + 1)
    shape = tensors[0].shape[:axis] + (1,) + tensors[0].shape[axis:]
    return concatenate([tensor.reshape(shape) for tensor in tensors], axis=axis)


def moved(reader, node, *arguments, **keywords):
    """Return the result of any rearrangement, by running it on the numbers of the places."""
    flat = flattened([*arguments, *keywords.values()])
    if any(isinstance(value, Tokens) for value in flat):
        # A token that chooses an entry of a computed tensor makes the place depend on the data.
        if any(isinstance(value, _PENDING) for value in flat):
            raise Refused("tokens choose among computed entries; multiply with one_hot vectors that are an input")
        return _moved_tokens(reader, node, arguments, keywords)
    if any(isinstance(value, Masked) for value in flat):
        return _moved_mask(reader, node, arguments, keywords)
    return _moved(reader, node, arguments, keywords)


def _replaced(value, by):
    if isinstance(value, (list, tuple)):
        return [_replaced(part, by) for part in value]
    return by(value)


def _moved(reader, node, arguments, keywords):
    torch = reader.program.torch

    def moves(value):
        # Floats that are joined or mixed with the moved entries are entries too; whole numbers and conditions are
        # indices.
        return isinstance(value, _PENDING) or (reader.known(value) and value.dtype.is_floating_point)
    values = flattened([*arguments, *keywords.values()])
    sources = [reader.tensor(value) for value in values if moves(value)]
    if not sources or not reader.all_known(value for value in values if not moves(value)):
        raise Refused("what it is given besides numbers depends on the data or on parameters")
    sizes = [source.size for source in sources]

    def run(numbers):
        parts = iter([part.reshape(one.shape) for part, one in zip(numbers.split(sizes), sources)])

        def by(value):
            return next(parts) if moves(value) else value
        replaced = [_replaced(value, by) for value in arguments]
        result = node.target(*replaced, **{name: _replaced(value, by) for name, value in keywords.items()})
        return list(result) if isinstance(result, (list, tuple)) else [result]
    # The operation is `z -> P z + c`, each row of `P` a unit vector or zero, if its values at 0 and at 1, 2, 3, ...
    # say which `P` and `c` these are and it does the same to random numbers.  Otherwise (``index_put`` that adds) two
    # sources of one entry would be taken for the entry whose number is the sum of theirs.
    total, one = sum(sizes), torch.float64
    shifts = run(torch.zeros(total, dtype=one))
    places = [part - shift for part, shift in zip(run(torch.arange(1, total + 1, dtype=one)), shifts)]
    drawn = torch.rand(total, dtype=one, generator=torch.Generator().manual_seed(0))
    seen = torch.cat([torch.zeros(1, dtype=one), drawn])
    for part, shift, moved_numbers in zip(places, shifts, run(drawn)):
        known = part.isfinite().all() and (part >= 0).all() and (part <= total).all()
        if not (known and torch.allclose(seen[part.long()], moved_numbers - shift, rtol=0, atol=1e-12)):
            raise Refused("it does more than move entries and put constants between them")
    whole = sources[0] if len(sources) == 1 else concatenate([source.reshape(source.size) for source in sources])
    out = [whole.gather(part.numpy().astype(np.int64) - 1) for part in places]
    out = [part + constant(shift.numpy()) if shift.any() else part for part, shift in zip(out, shifts)]
    return out if isinstance(node.meta["val"], (list, tuple)) else out[0]


def _moved_tokens(reader, node, arguments, keywords):
    torch = reader.program.torch
    names = {value.name for value in flattened([*arguments, *keywords.values()]) if isinstance(value, Tokens)}
    if len(names) > 1:
        raise Refused(f"tokens of several inputs ({', '.join(sorted(names))}) are mixed; give them as one input")

    def places(value):
        if isinstance(value, Tokens):
            return value.places
        # Known whole numbers that are joined with tokens are constants, of place 0; conditions choose and stay.
        return torch.zeros_like(value) if reader.known(value) and not value.dtype == torch.bool else value

    def values(value):
        return value.values if isinstance(value, Tokens) else value
    both = []
    for part in (places, values):
        both.append(node.target(*(_replaced(value, part) for value in arguments),
                                **{name: _replaced(value, part) for name, value in keywords.items()}))
    name = names.pop()
    if isinstance(both[0], (list, tuple)):
        return [Tokens(name, *pair) for pair in zip(*both)]
    return Tokens(name, *both)


def _moved_mask(reader, node, arguments, keywords):
    masked, *rest = arguments
    if not isinstance(masked, Masked) or any(isinstance(value, Masked) for value in flattened(rest)):
        raise Refused("masked tensors are joined; mask after the join")
    torch = reader.program.torch
    allowed = torch.as_tensor(masked.allowed).to(torch.float64)

    def moved(values):
        result = node.target(values, *rest, **keywords)
        return list(result) if isinstance(result, (list, tuple)) else [result]
    # An entry is closed if it is one that was; what the operation puts in (the same where all is zero and where all is
    # one) is a score like others: after ``F.pad(scores, (0, 1))`` a softmax gives the new entry its share.
    open_entries = [
        (part == 1) | (zero == one)
        for part, zero, one in zip(moved(allowed), moved(torch.zeros_like(allowed)), moved(torch.ones_like(allowed)))
    ]
    tensor = _moved(reader, node, [masked.tensor, *rest], keywords)
    if isinstance(tensor, list):
        return [Masked(*pair, masked.scale) for pair in zip(tensor, open_entries)]
    return Masked(tensor, open_entries[0], masked.scale)


def linear_map(reader, node, value, *rest, **keywords):
    r"""
    Return the result of an operation that is linear in its one tensor, by its matrix: for sums along an axis and
    interpolations.
    """
    torch, tensor = reader.program.torch, reader.tensor(value)
    if tensor.size > _WRITTEN:
        raise Refused(
            f"it is applied to {tensor.size} entries, more than the {_WRITTEN} for which its matrix is written down"
        )
    # A linear map is its values at the unit vectors; the table names no other operations for this rule.
    basis = torch.eye(tensor.size, dtype=torch.float64).reshape(tensor.size, *tensor.shape)
    images = torch.stack([node.target(row, *rest, **keywords) for row in basis])
    matrix = constant(images.reshape(tensor.size, -1).numpy())
    return (tensor.reshape(tensor.size) @ matrix).reshape(tuple(images.shape[1:]))


def ones(shape):
    """Return an array of ones as a constant."""
    return Constant(np.ones(shape, dtype=np.int64))
