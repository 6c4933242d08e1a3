r"""
Sums, products and functions of each entry.

The rules keep a function of one tensor together until it is used: see :mod:`.values`.
``0.5 * x * (1 + tanh(c (x + 0.044715 x^3)))`` stays one function of `x`, a GELU; ``silu(g) * u`` has two tensors, so
the function of `g` is cut there and multiplied with `u`.
"""
from fractions import Fraction

import numpy as np

from ..graph.activations import GateFunction, gate_function
from ..graph.tensor import Constant, Data, Tensor, contract
from ..graph.operations import LETTERS
from .norms import normalised
from .reader import Refused, constant, number
from .values import Expression, Masked, Pointwise, SquareMean

# What is added to scores to leave entries out of a softmax: exp(-10^4) is zero in every number format.
NEVER = -1e4


def scalar(reader, value):
    r"""
    Return a number of Python that a value is, ``None`` if it is none.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.pointwise import scalar
        sage: scalar(None, 3r), scalar(None, True)
        (3, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    if reader is not None and reader.known(value) and value.numel() == 1 and value.dim() == 0:
        return value.item()
    return None


def pointwise(reader, node, *arguments, **keywords):
    r"""
    Return a function of each entry of one tensor, pending.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["tanh"].__name__
        'pointwise'
    """
    parts = [_pending(reader, value) for value in arguments]
    bases = {id(part.base) for part in parts if isinstance(part, Pointwise)}
    if len(bases) != 1:
        raise Refused("it is a function of several tensors")
    if any(not isinstance(part, (Pointwise, int, float, str, type(None))) for part in parts):
        raise Refused("it mixes a tensor with an array of constants")
    base = next(part.base for part in parts if isinstance(part, Pointwise))
    return Pointwise(
        base,
        Expression(
            str(node.target),
            tuple(p.expression if isinstance(p, Pointwise) else p for p in parts),
            tuple(keywords.items()),
        ),
    )


def _pending(reader, value):
    if isinstance(value, Tensor):
        return Pointwise.of(value)
    if isinstance(value, SquareMean):
        return reader._of_mean(value)
    number = scalar(reader, value)
    return value if number is None else number


def _one_base(reader, a, b, call, combine):
    """Return a combination of two functions of one tensor as one, ``None`` if they are of different ones."""
    if isinstance(a, (SquareMean, Masked)) or isinstance(b, (SquareMean, Masked)):
        return None
    a, b = _pending(reader, a), _pending(reader, b)
    if not (isinstance(a, Pointwise) and isinstance(b, Pointwise) and a.base is b.base):
        return None
    polynomial = combine(a.polynomial, b.polynomial) if a.polynomial is not None and b.polynomial is not None else None
    return Pointwise(a.base, Expression(call, (a.expression, b.expression)), polynomial)


def _sum(a, b):
    return [(a[i] if i < len(a) else 0) + (b[i] if i < len(b) else 0) for i in range(max(len(a), len(b)))]


def _product(a, b):
    out = [Fraction(0)] * (len(a) + len(b) - 1)
    for i, x in enumerate(a):
        for j, y in enumerate(b):
            out[i + j] += x * y
    return out


def _shifted(value, shift):
    value = Pointwise.of(value) if isinstance(value, Tensor) else value
    polynomial = None if value.polynomial is None else _sum(value.polynomial, [number(shift)])
    return Pointwise(value.base, Expression("aten.add.Tensor", (value.expression, shift)), polynomial)


def _scaled(value, factor):
    value = Pointwise.of(value) if isinstance(value, Tensor) else value
    polynomial = None if value.polynomial is None else [number(factor) * c for c in value.polynomial]
    return Pointwise(value.base, Expression("aten.mul.Tensor", (value.expression, factor)), polynomial)


def add(reader, node, a, b, alpha=1):
    r"""
    Return the sum ``a + alpha b``.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["add"].__name__
        'add'
    """
    b = b if alpha == 1 else multiply(reader, node, b, alpha)
    for x, y in ((a, b), (b, a)):
        shift = scalar(reader, y)
        if shift is not None:
            if isinstance(x, SquareMean) and x.power == 1:
                return SquareMean(x.base, x.axes, x.factor, x.eps + shift, 1, x.kept)
            if isinstance(x, SquareMean):
                return _shifted(reader._of_mean(x), shift)
            if isinstance(x, (Tensor, Pointwise)):
                return x if shift == 0 else _shifted(x, shift)
        if (
            reader.known(y)
            and y.dtype.is_floating_point
            and isinstance(x, (Tensor, Pointwise, Masked))
            and (y <= NEVER).any()
        ):
            return _with_mask(reader, x, y)
    if isinstance(a, Masked) or isinstance(b, Masked):
        return _sum_of_masked(reader, a, b)
    joint = _one_base(reader, a, b, "aten.add.Tensor", _sum)
    return joint if joint is not None else reader.tensor(a) + reader.tensor(b)


def _with_mask(reader, value, added):
    """Return scores with additive minus infinities as a masked tensor, the finite part added."""
    torch = reader.program.torch
    allowed = added > NEVER
    finite = torch.where(allowed, added, torch.zeros_like(added))
    if isinstance(value, Masked):
        tensor, allowed = value.tensor, allowed & torch.as_tensor(value.allowed).bool()
    else:
        tensor = reader.tensor(value)
    if finite.any():
        tensor = tensor + constant(finite.double().numpy())
    return Masked(tensor, torch.broadcast_to(allowed, tensor.shape))


def _sum_of_masked(reader, a, b):
    masked, other = (a, b) if isinstance(a, Masked) else (b, a)
    if isinstance(other, Masked) or masked.scale != 1:
        raise Refused("two masked tensors are added; mask their sum")
    return Masked(masked.tensor + reader.tensor(other), masked.allowed)


def subtract(reader, node, a, b, alpha=1):
    r"""
    Return the difference ``a - alpha b``; the difference of a tensor and its own mean is remembered as centred.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["sub"].__name__
        'subtract'
    """
    of_mean = reader.norms.get(b, (None, None, True)) if isinstance(b, Tensor) else (None, None, True)
    if of_mean[0] is a and not of_mean[2] and alpha == 1:
        return centred(reader, a, of_mean[1])
    shift = scalar(reader, b)
    if shift is not None:
        return add(reader, node, a, -alpha * shift)
    if isinstance(b, SquareMean):
        b = reader.tensor(b)
    if reader.known(b):
        return add(reader, node, a, -alpha * b)
    return add(reader, node, a, multiply(reader, node, b, -alpha))


def reversed_subtract(reader, node, a, b, alpha=1):
    r"""
    Return the difference ``b - alpha a``.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["rsub"].__name__
        'reversed_subtract'
    """
    return add(reader, node, multiply(reader, node, a, -alpha), b)


def negative(reader, node, a):
    r"""
    Return the negative.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["neg"].__name__
        'negative'
    """
    return multiply(reader, node, a, -1)


def multiply(reader, node, a, b):
    r"""
    Return the product; a tensor times the root of its mean square is a normalisation.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["mul"].__name__
        'multiply'
    """
    for x, y in ((a, b), (b, a)):
        factor = scalar(reader, y)
        if factor is not None:
            return _times_number(reader, x, factor)
        norm = _norm(reader, x, y)
        if norm is not None:
            return norm
    if isinstance(a, Masked) or isinstance(b, Masked):
        raise Refused("masked scores are multiplied by a tensor; mask after the product")
    joint = _one_base(reader, a, b, "aten.mul.Tensor", _product)
    return joint if joint is not None else reader.tensor(a) * reader.tensor(b)


def _times_number(reader, value, factor):
    if factor == 1:
        return value
    if isinstance(value, Masked):
        if factor <= 0:
            raise Refused("masked scores are multiplied by a number that is not positive")
        return Masked(value.tensor, value.allowed, value.scale * factor)
    if isinstance(value, SquareMean):
        if value.power == 1 and factor > 0:
            return SquareMean(value.base, value.axes, value.factor * factor, value.eps * factor, 1, value.kept)
        return _scaled(reader._of_mean(value), factor)
    return _scaled(value if isinstance(value, (Tensor, Pointwise)) else reader.tensor(value), factor)


def _norm(reader, x, y):
    """Return the normalisation ``x (c mean(x^2) + eps)^(-1/2)``, ``None`` if it is none."""
    if not isinstance(y, SquareMean) or y.power != -0.5 or not y.kept:
        return None
    x = x.base if isinstance(x, Pointwise) and x.polynomial == [0, 1] else x
    if x is not y.base:
        return None
    source, centre = (reader.norms[x][0], True) if reader.norms.get(x, (None, None, False))[2] else (x, False)
    return along(source, y.axes, lambda z: normalised(z, y.eps / y.factor, centre), y.factor ** -0.5)


def along(x, axes, function, factor=1.0):
    r"""
    Return a function of the last axis applied along some axes, times a number.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.pytorch.pointwise import along
        sage: along(networks.input(2, 3, 4), (0, 2), lambda z: z.layer_norm()).shape
        (2, 3, 4)
    """
    rank = len(x.shape)
    axes = sorted(axis % rank for axis in axes)
    kept = [i for i in range(rank) if i not in axes]
    order = kept + axes
    y = x if order == list(range(rank)) else x.transpose(order)
    shape = y.shape
    y = function(y.reshape(shape[:len(kept)] + (-1,)) if len(axes) != 1 else y)
    y = y.reshape(shape)
    if order != list(range(rank)):
        y = y.transpose([int(i) for i in np.argsort(order)])
    return y if factor == 1 else y * constant(np.array(factor))


def centred(reader, x, axes):
    r"""
    Return ``x - mean(x)`` along axes, the same tensor for the same question.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["var"].__name__
        'variance'
    """
    key = x, axes
    if key not in reader.norms:
        difference = x - x.mean(axes, keepdims=True)
        reader.norms[key] = difference
        reader.norms[difference] = (x, axes, True)
    return reader.norms[key]


def _axes(axes, rank):
    axes = (
        range(rank)
        if axes is None or (isinstance(axes, (list, tuple)) and not axes)
        else axes
        if isinstance(axes, (list, tuple))
        else [axes]
    )
    return tuple(sorted(int(axis) % rank for axis in axes)) if rank else ()


def mean(reader, node, value, axes=None, keepdim=False, **keywords):
    r"""
    Return the mean along axes.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["mean"].__name__
        'mean'
    """
    axes = _axes(axes, len(value.shape))
    square = _square(value, axes, keepdim, 1)
    if square is not None:
        return square
    tensor = reader.tensor(value)
    out = tensor.mean(axes, keepdims=bool(keepdim))
    if keepdim:
        reader.norms[out] = (tensor, axes, False)
    return out


def total(reader, node, value, axes=None, keepdim=False, **keywords):
    r"""
    Return the sum along axes.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["sum"].__name__
        'total'
    """
    axes = _axes(axes, len(value.shape))
    count = int(np.prod([value.shape[axis] for axis in axes], dtype=np.int64))
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
        return SquareMean(value.base, axes, float(factor * value.polynomial[2]), 0, 1, bool(keepdim))
    return None


def variance(reader, node, value, axes=None, unbiased=None, correction=None, keepdim=False):
    r"""
    Return the variance along axes, pending.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["var"].__name__
        'variance'
    """
    if isinstance(axes, bool):
        axes, unbiased = None, axes
    if isinstance(unbiased, bool):
        correction = 1 if unbiased else 0
    correction = 1 if correction is None else correction
    tensor = reader.tensor(value)
    axes = _axes(axes, len(tensor.shape))
    count = int(np.prod([tensor.shape[axis] for axis in axes], dtype=np.int64))
    if count <= correction:
        raise Refused("a variance of one entry")
    return SquareMean(centred(reader, tensor, axes), axes, count / (count - correction), 0, 1, bool(keepdim))


def deviation(reader, node, *arguments, **keywords):
    r"""
    Return the standard deviation along axes, pending.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["std"].__name__
        'deviation'
    """
    return _power(reader, variance(reader, node, *arguments, **keywords), 0.5)


def variance_and_mean(reader, node, *arguments, **keywords):
    r"""
    Return variance and mean along axes.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["var_mean"].__name__
        'variance_and_mean'
    """
    spread = variance(reader, node, *arguments, **keywords)
    source = reader.norms[spread.base][0]
    return [spread, mean(reader, node, source, spread.axes, spread.kept)]


def vector_norm(reader, node, value, order=2, axes=None, keepdim=False, **keywords):
    r"""
    Return the norm along axes, pending.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["linalg_vector_norm"].__name__
        'vector_norm'
    """
    tensor = reader.tensor(value)
    if order != 2:
        raise Refused(f"the norm of order {order}; the order 2 is known")
    axes = _axes(axes, len(tensor.shape))
    count = int(np.prod([tensor.shape[axis] for axis in axes], dtype=np.int64))
    return SquareMean(tensor, axes, float(count), 0, 0.5, bool(keepdim))


def _power(reader, value, exponent):
    if isinstance(value, SquareMean) and value.power in (1, 0.5, -0.5):
        return SquareMean(value.base, value.axes, value.factor, value.eps, value.power * exponent, value.kept)
    return None


def power(reader, node, value, exponent):
    r"""
    Return a power: a product for positive whole exponents, else a function that is cut.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["pow"].__name__
        'power'
    """
    exponent = scalar(reader, exponent)
    if exponent is None or scalar(reader, value) is not None:
        return pointwise(reader, node, value, exponent)
    pending = _power(reader, value, exponent)
    if pending is not None:
        return pending
    value = _pending(reader, value)
    if not isinstance(value, Pointwise):
        value = Pointwise.of(reader.tensor(value))
    polynomial = None
    if exponent == int(exponent) and exponent >= 1 and value.polynomial is not None:
        polynomial = value.polynomial
        for _ in range(int(exponent) - 1):
            polynomial = _product(polynomial, value.polynomial)
    return Pointwise(value.base, Expression("aten.pow.Tensor_Scalar", (value.expression, exponent)), polynomial)


def root(exponent):
    r"""
    Return the rule of a fixed power.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.pointwise import root
        sage: root(-0.5r).__name__
        'power_rule'
    """
    def power_rule(reader, node, value):
        return power(reader, node, value, exponent)
    return power_rule


def divide(reader, node, a, b, rounding_mode=None):
    r"""
    Return the quotient: by a number, by the root of the mean square, or times the reciprocal, which is cut.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["div"].__name__
        'divide'
    """
    if rounding_mode is not None:
        raise Refused(f"a division that rounds ({rounding_mode})")
    divisor = scalar(reader, b)
    if divisor is not None:
        if not divisor:
            raise Refused("a division by zero")
        if isinstance(a, (Masked, SquareMean)):
            return _times_number(reader, a, 1 / divisor)
        a = _pending(reader, a)
        a = a if isinstance(a, Pointwise) else Pointwise.of(reader.tensor(a))
        polynomial = None if a.polynomial is None else [c / number(divisor) for c in a.polynomial]
        return Pointwise(a.base, Expression("aten.div.Tensor", (a.expression, divisor)), polynomial)
    if reader.known(b):
        return multiply(reader, node, a, 1.0 / b)
    inverse = power(reader, node, b, -1)
    if scalar(reader, a) is not None:
        return _times_number(reader, inverse, scalar(reader, a))
    return multiply(reader, node, a, inverse)


def clamp_min(reader, node, value, least=None):
    r"""
    Return the larger of a value and a number: the positive part for zero; a norm that is kept away from zero is that
    norm.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["clamp_min"].__name__
        'clamp_min'
    """
    least = scalar(reader, least)
    if isinstance(value, SquareMean) and least is not None and 0 <= least <= 1e-5:
        return value
    if least == 0:
        return reader.tensor(value).relu()
    return pointwise(reader, node, value, least)


def clamp(reader, node, value, least=None, most=None):
    r"""
    Return the value between two numbers.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["clamp"].__name__
        'clamp'
    """
    return clamp_min(reader, node, value, least) if most is None else pointwise(reader, node, value, least, most)


def multiply_add(reader, node, a, b, c, value=1):
    r"""
    Return ``a + value b c``.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["addcmul"].__name__
        'multiply_add'
    """
    return add(reader, node, a, multiply(reader, node, multiply(reader, node, b, c), value))


# -- piecewise linear functions ------------------------------------------------------------------

def gate(name):
    r"""
    Return the rule of a piecewise linear function by name.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.pointwise import gate
        sage: gate("relu").__name__
        'gate_rule'
    """
    def gate_rule(reader, node, value, *rest):
        return reader.tensor(value).gate(name)
    return gate_rule


class Leaky:
    r"""
    The slopes of a leaky positive part.

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw.pytorch.pointwise import Leaky
        sage: Leaky(0.5r)(numpy.array([-1.0r, 1.0r]))
        array([0.5, 1. ])
    """

    def __init__(self, slope):
        self.slope = slope

    def __call__(self, z):
        return np.where(np.asarray(z) > 0, 1.0, self.slope)


def leaky(reader, node, value, slope=0.01, *rest):
    r"""
    Return the leaky positive part with this slope.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["leaky_relu"].__name__
        'leaky'
    """
    tensor = reader.tensor(value)
    return gated(tensor, GateFunction("leaky relu", Leaky(float(scalar(reader, slope)))))


def gated(tensor, function):
    r"""
    Return a tensor after a piecewise linear function: a free gate on each entry.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.graph.activations import gate_function
        sage: from sage_conslaw.pytorch.pointwise import gated
        sage: gated(networks.input(3), gate_function("abs")).shape
        (3,)
    """
    letters = LETTERS[:len(tensor.shape)]
    gates = Data("gate", tensor.shape, "gate", source=tensor, function=function)
    return contract(f"{letters},{letters}->{letters}", tensor, gates)


def parametric_leaky(reader, node, value, slopes):
    r"""
    Return the leaky positive part with trained slopes: ``relu(x) + slopes (x - relu(x))``.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["prelu"].__name__
        'parametric_leaky'
    """
    tensor, slopes = reader.tensor(value), reader.tensor(slopes)
    if slopes.size > 1 and len(tensor.shape) > 1:
        slopes = slopes.reshape((slopes.size,) + (1,) * (len(tensor.shape) - 2))
    positive = tensor.relu()
    return positive + slopes * (tensor - positive)


def dropout(reader, node, value, rate=0.5, train=True):
    r"""
    Return the value with dropped units, gates, if it trains with a positive rate.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["dropout"].__name__
        'dropout'
    """
    return reader.tensor(value).dropout() if rate and train is not False else value


def dropout_and_mask(reader, node, value, rate=0.5, train=True):
    r"""
    Return the value with dropped units and a mask that nothing may use.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["native_dropout"].__name__
        'dropout_and_mask'
    """
    return [dropout(reader, node, value, rate, train), None]


def largest(reader, node, value, axes=None, keepdim=False):
    r"""
    Return the largest entries along one axis: a gate on every entry.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["amax"].__name__
        'largest'
    """
    tensor = reader.tensor(value)
    rank = len(tensor.shape)
    axes = _axes(axes, rank)
    order = [i for i in range(rank) if i not in axes] + list(axes)
    lead = tuple(tensor.shape[i] for i in order[:rank - len(axes)])
    rows = tensor.transpose(order).reshape(lead + (-1,))
    letters = LETTERS[:len(rows.shape)]
    gates = Data("gate", rows.shape, "gate", source=rows, function=gate_function("max"))
    out = contract(f"{letters},{letters}->{letters[:-1]}", rows, gates)
    return out.reshape([1 if i in axes else n for i, n in enumerate(tensor.shape)]) if keepdim else out


def largest_and_places(reader, node, value, axis, keepdim=False):
    r"""
    Return the largest entries along an axis; their places are not known.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["max"].__name__
        'largest_and_places'
    """
    return [largest(reader, node, value, axis, keepdim), None]


def larger(reader, node, a, b):
    r"""
    Return the larger of two tensors, entry by entry: gates.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["maximum"].__name__
        'larger'
    """
    a, b = reader.tensor(a), reader.tensor(b)
    return b + (a - b).relu()


def filled(reader, node, value, mask, fill):
    r"""
    Return the value with a number where a mask is: minus infinity leaves entries out of the softmax that follows.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["masked_fill"].__name__
        'filled'
    """
    fill = scalar(reader, fill)
    if not reader.known(mask) or fill is None:
        raise Refused("the mask or the number depends on the data or on parameters")
    torch = reader.program.torch
    if fill <= NEVER:
        tensor = reader.tensor(value.tensor if isinstance(value, Masked) else value)
        allowed = torch.broadcast_to(~mask, tensor.shape)
        return Masked(tensor, allowed & torch.as_tensor(value.allowed).bool() if isinstance(value, Masked) else allowed)
    tensor = reader.tensor(value)
    kept = tensor * Constant(np.broadcast_to((~mask).numpy().astype(np.int64), tensor.shape))
    return kept if not fill else kept + constant(np.broadcast_to(mask.numpy() * float(fill), tensor.shape))


def where(reader, node, condition, a, b):
    r"""
    Return entries of one value or of another by a known condition.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.table import OPERATORS
        sage: OPERATORS["where"].__name__
        'where'
    """
    if not reader.known(condition):
        raise Refused("the condition depends on the data or on parameters")
    for chosen, other, mask in ((a, b, condition), (b, a, ~condition)):
        fill = other.max().item() if reader.known(other) else other
        if isinstance(fill, (int, float)) and fill <= NEVER:
            return filled(reader, node, chosen, ~mask, float(fill))
    shape = tuple(node.meta["val"].shape)
    out = None
    for value, mask in ((a, condition), (b, ~condition)):
        if reader.known(value) or scalar(reader, value) is not None:
            part = constant(np.broadcast_to(np.where(mask.numpy(), np.asarray(value, dtype=np.float64), 0.0), shape))
        else:
            part = reader.tensor(value).repeat_to(shape) * Constant(
                np.broadcast_to(mask.numpy().astype(np.int64), shape)
            )
        out = part if out is None else out + part
    return out
