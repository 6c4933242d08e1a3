r"""
Piecewise linear functions, which become gates, and choices by masks.
"""
from fractions import Fraction

import numpy as np

from ..graph.activations import GateFunction, gate_function
from ..graph.operations import LETTERS
from ..graph.joining import contract
from ..graph.tensor import Constant, Data
from .pointwise import NEVER, pointwise, reversed_subtract, scalar, subtract
from .constants import constant, number
from .rearrange import moved
from .refusals import Refused
from .statistics import axes_of_rank
from .values import Choice, Masked, SquareMean, Tokens, Unread

# Where the largest entries are depends on the data.
PLACES = Unread(
    "places that depend on the data choose what is computed (routing, sorting); "
    "write a dense mixture, or a product with a mask"
)


def clamp_min(reader, node, value, least=None):
    r"""
    Return the larger of a value and a number: the positive part for zero; a norm that is kept away from zero is that
    norm.
    """
    least = scalar(reader, least)
    # ``F.normalize`` divides by max(|x|, 1e-12): on the open set where the norm is larger it is the norm.
    if isinstance(value, SquareMean) and least is not None and 0 <= least <= 1e-5:
        return value
    if least == 0:
        return reader.tensor(value).relu()
    return pointwise(reader, node, value, least)


def clamp(reader, node, value, least=None, most=None):
    """Return the value between two numbers."""
    return clamp_min(reader, node, value, least) if most is None else pointwise(reader, node, value, least, most)


def gate(name):
    """Return the rule of a piecewise linear function by name."""
    def gate_rule(reader, node, value, *rest):
        return reader.tensor(value).gate(name)
    return gate_rule


class Leaky:
    """The slopes of a leaky positive part."""

    def __init__(self, slope):
        self.slope = slope

    def __call__(self, z):
        return np.where(np.asarray(z) > 0, 1.0, self.slope)


def leaky(reader, node, value, slope=0.01, *rest):
    r"""
    Return the leaky positive part with this slope, a decimal as it is printed: it is the identity for slope 1, the
    absolute value for -1, the positive part for 0, and the function that is named so for 1/100.
    """
    # The decimal, not the double next to it: with 1/100 laws are exact, and the named functions are recognised.
    tensor, below = reader.tensor(value), number(scalar(reader, slope))
    if below == 1:
        return tensor
    named = {Fraction(0): "relu", Fraction(-1): "abs", Fraction(1, 100): "leaky relu"}.get(below)
    function = GateFunction(f"leaky relu of slope {float(below):.6g}", Leaky(float(below)), below)
    return gated(tensor, gate_function(named) if named else function)


def gated(tensor, function):
    """Return a tensor after a piecewise linear function: a free gate on each entry."""
    letters = LETTERS[:len(tensor.shape)]
    gates = Data("gate", tensor.shape, "gate", source=tensor, function=function)
    return contract(f"{letters},{letters}->{letters}", tensor, gates)


def parametric_leaky(reader, node, value, slopes):
    """Return the leaky positive part with trained slopes: ``relu(x) + slopes (x - relu(x))``."""
    tensor, slopes = reader.tensor(value), reader.tensor(slopes)
    if slopes.size > 1 and len(tensor.shape) > 1:
        # One slope for each channel, which is axis 1.
        slopes = slopes.reshape((slopes.size,) + (1,) * (len(tensor.shape) - 2))
    positive = tensor.relu()
    return positive + slopes * (tensor - positive)


def dropout(reader, node, value, rate=0.5, train=True):
    """Return the value with dropped units, gates, if it trains with a positive rate."""
    if not rate or train is False:
        return value
    # Everything is dropped, and PyTorch returns zeros.
    if rate >= 1:
        return reader.tensor(value) * 0
    # A mask that is drawn by itself is noise; a gate of what nothing moves would pass for one of two numbers.
    tensor = reader.tensor(value)
    return tensor * _noise(reader, tensor.shape) if reader.known(value) else tensor.dropout()


def dropout_and_mask(reader, node, value, rate=0.5, train=True):
    """Return the value with dropped units and a mask that nothing may use."""
    return [dropout(reader, node, value, rate, train), Unread("the mask of a dropout is used")]


def largest(reader, node, value, axes=None, keepdim=False):
    """Return the largest entries along one axis: a gate on every entry."""
    tensor = reader.tensor(value)
    rank = len(tensor.shape)
    axes = axes_of_rank(axes, rank)
    order = [i for i in range(rank) if i not in axes] + list(axes)
    lead = tuple(tensor.shape[i] for i in order[:rank - len(axes)])
    rows = tensor.transpose(order).reshape(lead + (-1,))
    letters = LETTERS[:len(rows.shape)]
    # max(z) = <e_k, z> with `k` the place of the largest entry, which stays while parameters move a little: the unit
    # vector is a gate.  Several axes are one row.
    gates = Data("gate", rows.shape, "gate", source=rows, function=gate_function("max"))
    out = contract(f"{letters},{letters}->{letters[:-1]}", rows, gates)
    return out.reshape([1 if i in axes else n for i, n in enumerate(tensor.shape)]) if keepdim else out


def larger(reader, node, a, b):
    """Return the larger of two tensors, entry by entry: gates."""
    a, b = reader.tensor(a), reader.tensor(b)
    return b + (a - b).relu()


def smaller(reader, node, a, b):
    """Return the smaller of two tensors, entry by entry: gates."""
    a, b = reader.tensor(a), reader.tensor(b)
    return b - (b - a).relu()


def smallest(reader, node, value, axes=None, keepdim=False):
    """Return the smallest entries along axes."""
    return largest(reader, node, reader.tensor(value) * -1, axes, keepdim) * -1


def reduced(of_axes, of_pair):
    """Return the rule of ``max`` and ``min``: of all entries, along an axis with the places, or of two tensors."""
    def reduced_rule(reader, node, value, *rest, **keywords):
        if str(node.target).endswith(".other"):
            return of_pair(reader, node, value, *rest)
        found = of_axes(reader, node, value, *rest, **keywords)
        return found if not rest and not keywords else [found, PLACES]
    return reduced_rule


def chosen_by_data(reader, node, *arguments, **keywords):
    """Refuse an operation whose result is places that the data choose."""
    raise Refused(PLACES.reason)


def noise(reader, node, *arguments, **keywords):
    """Return random numbers: data, whatever their distribution is."""
    example = node.meta["val"]
    # Real numbers that are drawn multiply or add, and are data; whole ones choose rows or branches.
    if not example.dtype.is_floating_point:
        raise Refused("random whole numbers choose what is computed")
    return _noise(reader, tuple(example.shape))


def _noise(reader, shape):
    reader.note("random numbers are read as free data")
    return Data("noise", shape, "input")


def filled(reader, node, value, mask, fill):
    """Return the value with a number where a mask is: minus infinity leaves entries out of the softmax that follows."""
    fill = scalar(reader, fill)
    if not reader.known(mask) or fill is None:
        raise Refused("the mask or the number depends on the data or on parameters")
    torch = reader.program.torch
    if fill <= NEVER:
        tensor = reader.tensor(value.tensor if isinstance(value, Masked) else value)
        allowed = torch.broadcast_to(~mask, tensor.shape)
        return Masked(tensor, allowed & torch.as_tensor(value.allowed).bool() if isinstance(value, Masked) else allowed)
    tensor = reader.tensor(value)
    # No gradient passes where the number stands: zero times the value there, plus the number.
    kept = tensor * Constant(np.broadcast_to((~mask).numpy().astype(np.int64), tensor.shape))
    return kept if not fill else kept + constant(np.broadcast_to(mask.numpy() * float(fill), tensor.shape))


def comparison(sign, ties=False):
    r"""
    Return the rule of a comparison: where the difference of the two has this sign, a gate, and with ``ties`` also where
    it is zero, which the complement of the opposite gate says.

    The two may be equal on an open set, as zeros of a positive part are: ``relu(z) <= 0`` is ``z <= 0``.
    """
    def comparison_rule(reader, node, a, b):
        difference = reader.tensor(pointwise_difference(reader, node, a, b))
        # a > b is the gate of a - b, a < b that of b - a; a >= b is not (b > a), and a <= b is not (a > b).
        gates = _open(difference if (sign > 0) != ties else difference * -1)
        return Choice(_complement(gates) if ties else gates)
    return comparison_rule


def of_tokens(reader, node, a, b):
    """Return where tokens are, or are not, some known ones: as in the example."""
    tokens, other = (a, b) if isinstance(a, Tokens) else (b, a)
    if not isinstance(tokens, Tokens) or isinstance(other, Tokens) or not reader.all_known([other]):
        raise Refused("two values that depend on the data or on parameters are compared")
    reader.note(f"where the tokens of {tokens.name} are special ones is as in the example")
    return node.target(tokens.values, other)


def pointwise_difference(reader, node, a, b):
    """Return the difference of two values of which one may be a number."""
    return subtract(reader, node, a, b) if scalar(reader, a) is None else reversed_subtract(reader, node, b, a)


def _open(tensor):
    """Return the gates that are one where entries are positive."""
    return Data("gate", tensor.shape, "gate", source=tensor, function=gate_function("relu"))


def negated(reader, node, choice):
    """Return where a choice is not made."""
    return Choice(_complement(_chosen(reader, choice)))


def both(reader, node, a, b):
    """Return where two choices are made."""
    return Choice(_chosen(reader, a) * _chosen(reader, b))


def either(reader, node, a, b):
    """Return where one of two choices is made."""
    # 1 - (1 - a) (1 - b) for zeros and ones.
    return Choice(_complement(_complement(_chosen(reader, a)) * _complement(_chosen(reader, b))))


def _chosen(reader, value):
    """Return a choice, or a known condition, as a tensor of zeros and ones."""
    return value.gates if isinstance(value, Choice) else reader.tensor(value)


def _complement(gates):
    return gates * -1 + Constant(np.array(1)).repeat_to(gates.shape)


def sign(reader, node, value):
    """Return the signs of entries: gates of one and minus one."""
    tensor = reader.tensor(value)
    # The slope of |z| is the sign of z.
    return Data("gate", tensor.shape, "gate", source=tensor, function=gate_function("abs"))


def filled_whole(reader, node, value, fill, **keywords):
    """Return a number in every entry: a tensor that is known."""
    example = node.meta["val"]
    number = scalar(reader, fill)
    if number is None:
        raise Refused("the number that fills a tensor depends on the data or on parameters")
    return reader.program.torch.full(tuple(example.shape), number, dtype=example.dtype)


def same_everywhere(number):
    """Return the rule of a tensor of zeros, or of ones, in the shape of another."""
    def constant_rule(reader, node, value, *shape, **keywords):
        return filled_whole(reader, node, value, number)
    return constant_rule


def copied(reader, node, target, source, *rest):
    """Return what is copied, in the shape of what it is copied into."""
    return reader.tensor(source).repeat_to(tuple(node.meta["val"].shape))


def random_leaky(reader, node, value, lower=1 / 8, upper=1 / 3, train=False, *rest):
    """Return the leaky positive part with a random slope in training: gates."""
    if not train:
        return leaky(reader, node, value, (lower + upper) / 2)
    reader.note("random slopes are read as free gates")
    return gated(reader.tensor(value), GateFunction("random leaky relu", Leaky((lower + upper) / 2)))


def put(reader, node, value, indices, new, accumulate=False):
    """Return a value with entries replaced: at known places, or by one number where a condition holds."""
    if isinstance(indices[0], Choice) and int(np.prod(new.shape)) == 1 and len(indices) == 1 and not accumulate:
        return where(reader, node, indices[0], new, value)
    return moved(reader, node, value, indices, new, accumulate)


def where(reader, node, condition, a, b):
    """Return entries of one value or of another by a known condition."""
    if isinstance(condition, Choice):
        shape = tuple(node.meta["val"].shape)
        a, b, gates = (reader.tensor(part).repeat_to(shape) for part in (a, b, condition.gates))
        # Both values are computed, and the gates have no slope: gradients pass through the one that is chosen.
        return b + gates * (a - b)
    if not reader.known(condition):
        raise Refused("the condition depends on the data or on parameters")
    # ``where(mask, scores, -inf)`` is how many models mask a softmax, on either side.
    for chosen, other, mask in ((a, b, condition), (b, a, ~condition)):
        fill = other.max().item() if reader.known(other) else other
        if isinstance(fill, (int, float)) and fill <= NEVER:
            return filled(reader, node, chosen, ~mask, float(fill))
    shape = tuple(node.meta["val"].shape)
    out = None
    for value, mask in ((a, condition), (b, ~condition)):
        if reader.known(value) or scalar(reader, value) is not None:
            # Chosen before it is multiplied: an infinite entry that is not taken would be 0 times infinity.
            part = constant(np.broadcast_to(np.where(mask.numpy(), np.asarray(value, dtype=np.float64), 0.0), shape))
        else:
            part = reader.tensor(value).repeat_to(shape) * Constant(
                np.broadcast_to(mask.numpy().astype(np.int64), shape)
            )
        out = part if out is None else out + part
    return out
