r"""
Two tensors contracted, several joined: what takes more than one tensor and has no operator.
"""
import re

from .operations import Contract
from .products import shown
from .rearrangements import Pad
from .tensor import Tensor
from ..runtime.errors import InputError, InputTypeError


def contract(spec, a, b):
    r"""
    Return the contraction of two tensors in Einstein's notation, one letter an axis.

    EXAMPLES::

        sage: from sage_conslaw.graph.joining import contract

        sage: from sage_conslaw.graph.tensor import Data
        sage: q, k = Data("q", (2, 5, 3), "input"), Data("k", (2, 5, 3), "input")
        sage: contract("hti,hui->htu", q, k).shape
        (2, 5, 5)
        sage: contract("hti,hui", q, k)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: 'hti,hui' is not a contraction; write the axes of both operands and of the result, e.g.
        'ti,ui->tu'
    """
    if not isinstance(spec, str):
        raise InputTypeError(f"{spec!r} is not a contraction; give a text such as 'ti,ui->tu'")
    for operand in (a, b):
        if not isinstance(operand, Tensor):
            raise InputTypeError(f"{shown(operand)} is not a tensor; a fixed array is networks.fixed(name, values=...)")
    if not re.fullmatch(r"[a-zA-Z]*,[a-zA-Z]*->[a-zA-Z]*", spec):
        raise InputError(
            f"{spec!r} is not a contraction; write the axes of both operands and of the result, e.g. 'ti,ui->tu'"
        )
    parts = re.split(",|->", spec)
    if any(len(set(part)) < len(part) for part in parts) or any(
        sum(letter in part for part in parts) < 2 for letter in set(spec) - set(",->")
    ):
        raise InputError(
            f"{spec!r} is not a contraction: an axis is named once in an operand, and again in the "
            f"other or in the result"
        )
    return Tensor(Contract(spec), (a, b), f"contract({spec!r}, {{0}}, {{1}})")


def concatenate(tensors, axis=0):
    r"""
    Return several tensors joined along an axis.

    EXAMPLES::

        sage: from sage_conslaw.graph.joining import concatenate

        sage: from sage_conslaw.graph.tensor import Data
        sage: concatenate([Data("x", (2, 3), "input"), Data("y", (1, 3), "input")]).shape
        (3, 3)
        sage: concatenate([Data("x", (2, 3), "input"), Data("y", (1, 2), "input")])
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: x of shape (2, 3) and y of shape (1, 2) cannot be joined along axis 0: the other axes
        must agree
    """
    tensors = list(tensors)
    for node in tensors:
        if not isinstance(node, Tensor):
            raise InputTypeError(f"{shown(node)} is not a tensor; a fixed array is networks.fixed(name, values=...)")
    if not tensors:
        raise InputError("there are no tensors to join; give at least one")
    if not -len(tensors[0].shape) <= axis < len(tensors[0].shape):
        raise InputError(f"{tensors[0].label()} of shape {tensors[0].shape} has no axis {axis}")
    axis = int(axis) % max(1, len(tensors[0].shape))
    for other in tensors[1:]:
        if len(other.shape) != len(tensors[0].shape) or other.shape[:axis] + other.shape[axis + 1:] != \
                tensors[0].shape[:axis] + tensors[0].shape[axis + 1:]:
            raise InputError(
                f"{tensors[0].label()} of shape {tensors[0].shape} and {other.label()} of shape "
                f"{other.shape} cannot be joined "
                f"along axis {axis}: the other axes must agree"
            )
    total, offset = None, 0
    length = sum(node.shape[axis] for node in tensors)
    for node in tensors:
        piece = node
        if node.shape[axis] != length:
            piece = Tensor(Pad(node.shape, axis, offset, length - offset - node.shape[axis]), (node,), "{0}")
        total = piece if total is None else total + piece
        offset += node.shape[axis]
    return total
