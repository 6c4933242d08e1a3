r"""
Contractions of any number of tensors in Einstein's notation, and stacks of tensors.

A product of several tensors is contracted two at a time.  `\sum_{ij} a_i B_{ij} c_j` is first `\sum_i a_i B_{ij}`, an
array in `j`, and then its product with `c`: a letter is summed as soon as neither a later tensor nor the result has it.
A letter that stands in one tensor alone is summed there first; one that stands twice in a tensor is its diagonal.
"""
import re
import string

import numpy as np

from .operations import Contract
from .products import shown
from .joining import all_tensors, concatenate
from .tensor import Tensor
from ..runtime.errors import InputError, InputTypeError


def einsum(spec, *tensors):
    r"""
    Return the contraction of one tensor or several, one letter an axis; without ``->`` the letters that stand once are
    kept, in order.

    INPUT:

    - ``spec`` -- a text such as ``"hti,hui->htu"``; an ellipsis stands for further axes, at the end broadcast as by
      numpy

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: x, B, c = networks.input(2), networks.parameter("B", 2, 3), networks.parameter("c", 3)
        sage: networks.einsum("i,ij,j->", x, B, c).shape, networks.einsum("ij->j", B).shape, networks.einsum("ij,j", B,
        ....:     c).shape
        ((), (3,), (2,))
        sage: networks.einsum("ii->i", networks.parameter("S", 3, 3)).shape
        (3,)
        sage: networks.einsum("...i,ij->...j", networks.input(5, 7, 2), B).shape
        (5, 7, 3)
        sage: networks.einsum("ij,j->k", B, c)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: 'ij,j->k': the letter k of the result is on no axis of the operands
    """
    operands, result = _parsed(spec, tensors)
    nodes = [_diagonal(node, word) for node, word in zip(tensors, operands)]
    # From left to right as it is written: the order is the user's, and no cheaper one is searched for.
    node, word = _sum_alone(*nodes[0], [w for _, w in nodes[1:]], result)
    for number, (other, letters) in enumerate(nodes[1:], start=2):
        rest = [w for _, w in nodes[number:]]
        other, letters = _sum_alone(other, letters, [word, *rest], result)
        # A letter that nothing behind needs is summed now, so that the array in between is as small as this order
        # allows.
        kept = [x for x in dict.fromkeys(word + letters) if x in result or any(x in w for w in rest)]
        # The last contraction puts the axes in the order of the result.
        out = result if not rest else "".join(kept)
        node = Tensor(Contract(f"{word},{letters}->{out}"), (node, other), "einsum({0}, {1})")
        word = out
    # With several tensors the last contraction has set the order; a single one is not contracted at all.
    return node if word == result else node.transpose([word.index(x) for x in result])


def _parsed(spec, tensors):
    """Return the words of the operands and of the result, ellipses replaced by letters."""
    if not isinstance(spec, str):
        raise InputTypeError(f"{shown(spec)} is not a contraction; give a text such as 'ti,ui->tu'")
    all_tensors(tensors)
    text = spec.replace(" ", "")
    word = r"[a-zA-Z]*(\.\.\.)?[a-zA-Z]*"
    if not re.fullmatch(rf"{word}(,{word})*(->{word})?", text):
        raise InputError(f"{spec!r} is not a contraction; write one letter an axis, e.g. 'ti,ui->tu'")
    left, arrow, result = text.partition("->")
    words = left.split(",")
    if len(words) != len(tensors):
        raise InputError(
            f"{spec!r} has {len(words)} operand{'s' if len(words) > 1 else ''}, and {len(tensors)} tensors are given"
        )
    unused = [x for x in string.ascii_letters if x not in text]
    longest = 0
    for i, (node, letters) in enumerate(zip(tensors, words)):
        extra = len(node.shape) - len(letters.replace("...", ""))
        if extra < 0 or extra and "..." not in letters:
            raise InputError(f"{spec!r}: {node.label()} has the shape {node.shape}, one axis a letter of "
                             f"{letters!r} is needed")
        # Letters of an ellipsis are counted from behind, so that shorter ones are broadcast as numpy does.
        words[i] = letters.replace("...", "".join(unused[:extra][::-1]))
        longest = max(longest, extra)
    further = "".join(unused[:longest][::-1])
    if not arrow:
        # The rule of numpy: letters that stand once, in the order of the alphabet, behind the axes of the ellipsis.
        joined = "".join(words)
        result = further + "".join(x for x in sorted(set(joined)) if joined.count(x) == 1 and x not in further)
    result = result.replace("...", further)
    for x in result:
        if not any(x in letters for letters in words):
            raise InputError(f"{spec!r}: the letter {x} of the result is on no axis of the operands")
        if result.count(x) > 1:
            raise InputError(f"{spec!r}: the letter {x} is twice in the result; write the diagonal by a product with "
                             f"networks.fixed")
    return words, result


def _diagonal(node, word):
    """Return a tensor and its word with every letter once: the diagonal of the axes that share one."""
    if len(set(word)) == len(word):
        return node, word
    letters = list(dict.fromkeys(word))
    sizes = {}
    for x, n in zip(word, node.shape):
        if sizes.setdefault(x, n) != n:
            raise InputError(
                f"the diagonal of {node.label()} of shape {node.shape}: the axes of the letter {x} have not one size"
            )
    # A contraction names each axis of an operand once. A diagonal is a choice of entries: a gather, which every reading
    # knows.
    grid = dict(zip(letters, np.indices([sizes[x] for x in letters])))
    places = np.ravel_multi_index([grid[x] for x in word], node.shape)
    return node.gather(places, "diagonal({0})"), "".join(letters)


def _sum_alone(node, word, others, result):
    """Sum a tensor along the letters that neither another tensor nor the result has."""
    alone = [i for i, x in enumerate(word) if x not in result and not any(x in w for w in others)]
    if not alone:
        return node, word
    return node.sum(alone), "".join(x for i, x in enumerate(word) if i not in alone)


def stack(tensors, axis=0):
    r"""
    Return tensors of one shape along a new axis.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: x, y = networks.input(3, name="x"), networks.input(3, name="y")
        sage: networks.stack([x, y], axis=1).shape
        (3, 2)
        sage: networks.stack([x, networks.input(2)])
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: x of shape (3,) and x of shape (2,) cannot be stacked: the shapes must be equal
    """
    tensors = list(tensors)
    all_tensors(tensors)
    for node in tensors:
        if node.shape != tensors[0].shape:
            raise InputError(f"{tensors[0].label()} of shape {tensors[0].shape} and {node.label()} of shape "
                             f"{node.shape} cannot be stacked: the shapes must be equal")
    if not tensors:
        raise InputError("there are no tensors to stack; give at least one")
    return concatenate([node.unsqueeze(axis) for node in tensors], axis)
