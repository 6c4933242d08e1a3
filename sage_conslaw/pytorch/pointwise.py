r"""
Sums, products and functions of each entry.

The rules keep a function of one tensor together until it is used: see :mod:`.values`.
``0.5 * x * (1 + tanh(c (x + 0.044715 x^3)))`` stays one function of `x`, a GELU; ``silu(g) * u`` has two tensors, so
the function of `g` is cut there and multiplied with `u`.
"""
import numpy as np

from ..graph.tensor import Constant, Data, Tensor
from .norms import normalised
from .constants import constant
from .refusals import Refused
from .statistics import along, centred
from .values import Expression, Masked, Pointwise, SquareMean

# What is added to scores to leave entries out of a softmax: exp(-10^4) is zero in every number format.
NEVER = -1e4


def scalar(reader, value):
    """Return a number of Python that a value is, ``None`` if it is none."""
    # To Python a truth value is a whole number; in a graph it is an option.
    if isinstance(value, bool):
        return None
    if isinstance(value, (int, float)):
        return value
    if reader is not None and reader.known(value) and value.numel() == 1 and value.dim() == 0:
        return value.item()
    return None


def pointwise(reader, node, *arguments, **keywords):
    """Return a function of each entry of one tensor, pending."""
    parts = [_pending(reader, value) for value in arguments]
    # The same tensor, not an equal one: two that are computed apart have data of their own, and slopes of their own.
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
        return reader.of_mean(value)
    number = scalar(reader, value)
    return value if number is None else number


def _one_base(reader, a, b, call):
    """Return a combination of two functions of one tensor as one, ``None`` if they are of different ones."""
    if isinstance(a, (SquareMean, Masked)) or isinstance(b, (SquareMean, Masked)):
        return None
    a, b = _pending(reader, a), _pending(reader, b)
    if not (isinstance(a, Pointwise) and isinstance(b, Pointwise) and a.base is b.base):
        return None
    return Pointwise(a.base, Expression(call, (a.expression, b.expression)))


def _by_number(value, operation, number):
    """Return the sum, the product or the quotient of a value and a number, pending."""
    value = Pointwise.of(value) if isinstance(value, Tensor) else value
    return Pointwise(value.base, Expression(f"aten.{operation}.Tensor", (value.expression, number)))


def add(reader, node, a, b, alpha=1):
    """Return the sum ``a + alpha b``."""
    b = b if alpha == 1 else multiply(reader, node, b, alpha)
    for x, y in ((a, b), (b, a)):
        shift = scalar(reader, y)
        if shift is not None:
            if isinstance(x, SquareMean) and x.power == 1:
                # The eps of a normalisation, added before the root is taken.
                return SquareMean(x.base, x.axes, x.factor, x.eps + shift, 1, x.kept)
            if isinstance(x, SquareMean):
                return _by_number(reader.of_mean(x), "add", shift)
            if isinstance(x, (Tensor, Pointwise)):
                return x if shift == 0 else _by_number(x, "add", shift)
        if (
            reader.known(y)
            and y.dtype.is_floating_point
            and isinstance(x, (Tensor, Pointwise, Masked))
            and (y <= NEVER).any()
        ):
            return _with_mask(reader, x, y)
    if isinstance(a, Masked) or isinstance(b, Masked):
        return _sum_of_masked(reader, a, b)
    joint = _one_base(reader, a, b, "aten.add.Tensor")
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
    """Return the difference ``a - alpha b``; the difference of a tensor and its own mean is remembered as centred."""
    # ``norms`` knows a tensor as (source, axes, centred): centred is false for the mean of the source, true for their
    # difference.
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
    """Return the difference ``b - alpha a``."""
    return add(reader, node, multiply(reader, node, a, -alpha), b)


def negative(reader, node, a):
    """Return the negative."""
    return multiply(reader, node, a, -1)


def multiply(reader, node, a, b):
    """Return the product; a tensor times the root of its mean square is a normalisation."""
    for x, y in ((a, b), (b, a)):
        factor = scalar(reader, y)
        if factor is not None:
            return _times_number(reader, x, factor)
        norm = _norm(reader, x, y)
        if norm is not None:
            return norm
    if isinstance(a, Masked) or isinstance(b, Masked):
        raise Refused("masked scores are multiplied by a tensor; mask after the product")
    joint = _one_base(reader, a, b, "aten.mul.Tensor")
    return joint if joint is not None else reader.tensor(a) * reader.tensor(b)


def _times_number(reader, value, factor):
    if factor == 1:
        return value
    if isinstance(value, Masked):
        # Minus infinity times such a number closes no entry.
        if factor <= 0:
            raise Refused("masked scores are multiplied by a number that is not positive")
        return Masked(value.tensor, value.allowed, value.scale * factor)
    if isinstance(value, SquareMean):
        # k (c mean + eps) = (k c) mean + k eps: still what a root may be taken of.
        if value.power == 1 and factor > 0:
            return SquareMean(value.base, value.axes, value.factor * factor, value.eps * factor, 1, value.kept)
        return _by_number(reader.of_mean(value), "mul", factor)
    return _by_number(value if isinstance(value, (Tensor, Pointwise)) else reader.tensor(value), "mul", factor)


def _norm(reader, x, y):
    """Return the normalisation ``x (c mean(x^2) + eps)^(-1/2)``, ``None`` if it is none."""
    if not isinstance(y, SquareMean) or y.power != -0.5 or not (y.kept or not y.shape):
        return None
    # A function that is the identity, such as a change of the number format, is its tensor.
    x = x.base if isinstance(x, Pointwise) and x.polynomial == [0, 1] else x
    # Another tensor over this norm is a product of two functions, and its values are bounded by nothing.
    if x is not y.base:
        return None
    source, centre = (reader.norms[x][0], True) if reader.norms.get(x, (None, None, False))[2] else (x, False)
    # x (c m + eps)^(-1/2) = c^(-1/2) x (m + eps/c)^(-1/2).
    return along(source, y.axes, lambda z: normalised(z, y.eps / y.factor, centre), y.factor ** -0.5)


def gated_linear(reader, node, value, axis=-1):
    """Return the gated linear unit: one half times the sigmoid of the other, which is cut."""
    tensor = reader.tensor(value)
    axis, lead = int(axis) % len(tensor.shape), (slice(None),)
    half = tensor.shape[axis] // 2
    first, second = tensor[lead * axis + (slice(0, half),)], tensor[lead * axis + (slice(half, None),)]
    return first * second.sigmoid()


def power(reader, node, value, exponent):
    """Return a power: a product for positive whole exponents, else a function that is cut."""
    base, given, exponent = scalar(reader, value), exponent, scalar(reader, exponent)
    if base is not None and base > 0:
        # b^x = 2^(x log_2 b), as log b is no rational number: an exponential of base e with the double next to it would
        # have a law with decimals for coefficients, which holds to 16 digits.
        rate = Expression("aten.mul.Tensor", (_pending(reader, given).expression, float(np.log2(base))))
        return Pointwise(_pending(reader, given).base, Expression("aten.exp2.default", (rate,)))
    if exponent is None or base is not None:
        raise Refused("a power with an exponent that is no number, of a base that is no positive number")
    if exponent == 0:
        # PyTorch has 0^0 = 1: nothing of the base is left.
        return Constant(np.array(1)).repeat_to(tuple(value.shape))
    if isinstance(value, SquareMean) and value.power in (1, 0.5, -0.5):
        return value.to_power(exponent)
    value = _pending(reader, value)
    if not isinstance(value, Pointwise):
        value = Pointwise.of(reader.tensor(value))
    if exponent in (-1, -0.5) and value.polynomial is not None and _of_parameters(value.base):
        # A power of a polynomial in parameters alone is algebraic, and is read as it is.
        value = Pointwise.of(reader.tensor(value))
    return Pointwise(value.base, Expression("aten.pow.Tensor_Scalar", (value.expression, exponent)))


def _of_parameters(tensor):
    """Return whether a tensor depends on parameters, and on nothing else; what is detached of them does not move."""
    data = [node for node in tensor.ancestors(through_data=True) if isinstance(node, Data)]
    return all(node.source is not None and node.function.name == "detach" for node in data)


def root(exponent):
    """Return the rule of a fixed power."""
    def power_rule(reader, node, value):
        return power(reader, node, value, exponent)
    return power_rule


def divide(reader, node, a, b, rounding_mode=None):
    """Return the quotient: by a number, by the root of the mean square, or times the reciprocal, which is cut."""
    if rounding_mode is not None:
        raise Refused(f"a division that rounds ({rounding_mode})")
    divisor = scalar(reader, b)
    if divisor is not None:
        if not divisor:
            raise Refused("a division by zero")
        if isinstance(a, (Masked, SquareMean)):
            return _times_number(reader, a, 1 / divisor)
        a = _pending(reader, a)
        return _by_number(a if isinstance(a, Pointwise) else reader.tensor(a), "div", divisor)
    if reader.known(b):
        return multiply(reader, node, a, 1.0 / b)
    # Of a root of a mean of squares this is still pending, so that ``x / sqrt(mean(x^2) + eps)`` is a normalisation.
    inverse = power(reader, node, b, -1)
    if scalar(reader, a) is not None:
        return _times_number(reader, inverse, scalar(reader, a))
    return multiply(reader, node, a, inverse)


def multiply_add(reader, node, a, b, c, value=1):
    """Return ``a + value b c``."""
    return add(reader, node, a, multiply(reader, node, multiply(reader, node, b, c), value))
