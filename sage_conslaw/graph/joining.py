r"""
Two tensors contracted, several joined: what takes more than one tensor and has no operator.
"""
import re

from .operations import Contract
from .products import shown
from .rearrangements import Pad
from .tensor import Tensor
from ..runtime.errors import InputError, InputTypeError


def all_tensors(nodes):
    """Refuse what is no tensor."""
    for node in nodes:
        if not isinstance(node, Tensor):
            raise InputTypeError(f"{shown(node)} is not a tensor; a fixed array is networks.fixed(name, values=...)")


def contract(spec, a, b):
    r"""
    Return the contraction of two tensors in Einstein's notation, one letter an axis.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: q, k = networks.input(2, 5, 3, name="q"), networks.input(2, 5, 3, name="k")
        sage: networks.contract("hti,hui->htu", q, k).shape
        (2, 5, 5)
        sage: networks.contract("hti,hui", q, k)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: 'hti,hui' is not a contraction; write the axes of both operands and of the result, e.g.
        'ti,ui->tu'
    """
    if not isinstance(spec, str):
        raise InputTypeError(f"{spec!r} is not a contraction; give a text such as 'ti,ui->tu'")
    all_tensors((a, b))
    if not re.fullmatch(r"[a-zA-Z]*,[a-zA-Z]*->[a-zA-Z]*", spec):
        raise InputError(
            f"{spec!r} is not a contraction; write the axes of both operands and of the result, e.g. 'ti,ui->tu'"
        )
    parts = re.split(",|->", spec)
    # A letter that stands once would be summed without a word: that is what sums and einsum are for.
    if any(len(set(part)) < len(part) for part in parts) or any(
        sum(letter in part for part in parts) < 2 for letter in set(spec) - set(",->")
    ):
        raise InputError(f"{spec!r} is not a contraction: an axis is named once in an operand, and again in the "
                         f"other or in the result")
    return Tensor(Contract(spec), (a, b), f"contract({spec!r}, {{0}}, {{1}})")


def concatenate(tensors, axis=0):
    r"""
    Return several tensors joined along an axis.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: x, y = networks.input(2, 3), networks.input(1, 3, name="y")
        sage: networks.concatenate([x, y]).shape
        (3, 3)
        sage: networks.concatenate([x, networks.input(1, 2, name="y")])
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: x of shape (2, 3) and y of shape (1, 2) cannot be joined along axis 0: the other axes
        must agree
    """
    tensors = list(tensors)
    all_tensors(tensors)
    if not tensors:
        raise InputError("there are no tensors to join; give at least one")
    if not -len(tensors[0].shape) <= axis < len(tensors[0].shape):
        raise InputError(f"{tensors[0].label()} of shape {tensors[0].shape} has no axis {axis}")
    axis = int(axis) % max(1, len(tensors[0].shape))
    first = tensors[0]
    for other in tensors[1:]:
        if len(other.shape) != len(first.shape) or any(
                a != b for k, (a, b) in enumerate(zip(other.shape, first.shape)) if k != axis):
            raise InputError(f"{first.label()} of shape {first.shape} and {other.label()} of shape {other.shape} "
                             f"cannot be joined along axis {axis}: the other axes must agree")
    # The sum of the parts with zeros around them: what reads sums and rearrangements reads it, and sees the parts.
    offset, pieces = 0, []
    length = sum(node.shape[axis] for node in tensors)
    for node in tensors:
        size = node.shape[axis]
        around = Pad(node.shape, axis, offset, length - offset - size)
        # A part as long as the whole has no zeros around it.
        pieces.append(Tensor(around, (node,), "{0}") if size != length else node)
        offset += size
    return sum(pieces)
