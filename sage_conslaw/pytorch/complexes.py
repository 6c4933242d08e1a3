r"""
Complex numbers as pairs of real tensors: rotary positions as products with `e^{i t}`.

``view_as_complex`` reads the last axis as real and imaginary parts, a table of ``polar`` values multiplies, and
``view_as_real`` gives the axis back.  With `z = a + i b` and a table `c + i s` of numbers of absolute value one the
product is the rotation ``(a c - b s, a s + b c)`` by known angles; between the two, complex tensors are only
rearranged, both parts alike.
"""
from .constants import constant
from .refusals import Refused
from .rearrange import stacked
from .values import Complex

# What a table of numbers of absolute value one may be off by in single precision.
_ROUNDING = 1e-5


def of_real(reader, node, value):
    """Return the complex tensor whose parts are the two entries of the last axis."""
    tensor = reader.tensor(value)
    return Complex(tensor[..., 0], tensor[..., 1])


def to_real(reader, node, value):
    """Return both parts along a new last axis."""
    value = as_complex(reader, value)
    return stacked(reader, node, [value.real, value.imaginary], -1)


def of_parts(reader, node, real, imaginary):
    """Return the complex tensor of two parts."""
    return Complex(reader.tensor(real), reader.tensor(imaginary))


def as_complex(reader, value):
    """Return a value as a complex tensor; numbers of absolute value one are rotations by free angles."""
    if isinstance(value, Complex):
        return value
    if not reader.known(value):
        raise Refused("a complex tensor meets one that is not known to be complex")
    if not value.is_complex():
        # A zero part of the same shape: sums and products then have one case each.
        return Complex(reader.tensor(value), constant(0 * value.double().numpy()))
    # One number, such as `i`, is a constant of the model and no table of positions: it keeps its value.
    if value.numel() > 1 and ((value.abs() - 1).abs() < _ROUNDING).all():
        angles = value.angle()
        return Complex(reader.rotation("cos", angles, value.real), reader.rotation("sin", angles, value.imag))
    return Complex(constant(value.real.double().numpy()), constant(value.imag.double().numpy()))


def product(reader, node, a, b):
    """Return the product of complex tensors."""
    # A real number scales both parts; by the rule below, half of the four products would be products with zero.
    if isinstance(b, (int, float)) and isinstance(a, Complex):
        return Complex(a.real * constant(b), a.imaginary * constant(b))
    a, b = as_complex(reader, a), as_complex(reader, b)
    return Complex(a.real * b.real - a.imaginary * b.imaginary, a.real * b.imaginary + a.imaginary * b.real)


def total(reader, node, a, b):
    """Return the sum of complex tensors."""
    a, b = as_complex(reader, a), as_complex(reader, b)
    return Complex(a.real + b.real, a.imaginary + b.imaginary)


def conjugate(reader, node, value):
    """Return the conjugate."""
    value = as_complex(reader, value)
    return Complex(value.real, -1 * value.imaginary)


def real_part(reader, node, value):
    """Return the real part."""
    return as_complex(reader, value).real


def imaginary_part(reader, node, value):
    """Return the imaginary part."""
    return as_complex(reader, value).imaginary


def parts(rule):
    """Return the rule of a rearrangement of a real tensor for both parts of a complex one."""
    def rule_of_parts(reader, node, value, *rest, **keywords):
        return Complex(
            rule(reader, node, value.real, *rest, **keywords), rule(reader, node, value.imaginary, *rest, **keywords)
        )
    return rule_of_parts
