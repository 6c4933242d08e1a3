"""Families of laws in the names of the parameters, in matrix notation."""
from dataclasses import replace
from math import prod

from ..notation.matrix_notation import MatrixLaw
from .links import flat

# Names of indices; h is the head of a block.
_LETTERS = "jhgfe"


def matrix_law(family, axes, called=None):
    """Return a family of laws as one matrix expression; ``called`` says how parameters are called by their names in the
    graph."""
    number, called = family.number(list(axes.sizes)), {} if called is None else called
    if family.kind in ("sum", "entries"):
        (leaf, summed, _), = family.parts
        text, latex = _sum_words(axes, axes.leaves[leaf], summed, called)
        return MatrixLaw(text, latex, "", number + family.less, number)
    parts = [(axes.leaves[leaf], where, alpha) for leaf, where, alpha in signed(family, axes).parts]
    if family.kind == "shift":
        return _shift_law(axes, family, parts, number, called)
    # Matrices before vectors, what is added before what is taken away.
    parts = sorted(parts, key=lambda part: (len(axes.of[part[0]]) < 2, -part[2], axes.leaves.index(part[0])))
    written = _full_words if family.kind == "full" else _diagonal_words
    words = [written(axes, leaf, where, called) for leaf, where, _ in parts]
    text, latex = _added(words, [alpha for _, _, alpha in parts])
    n = axes.sizes[family.classes[0]] if family.classes else 1
    # Of `number` laws each counts: families are independent, and `less` is of affine laws alone.
    if family.kind == "full":
        # The first class is that of the matrix; the others number the blocks.
        blocks = prod(axes.sizes[c] for c in family.classes[1:])
        if blocks > 1:
            text, latex = f"{text} for each of {blocks} blocks h", rf"{latex} \quad (h = 1, \ldots, {blocks})"
        return MatrixLaw(text, latex, f"symmetric {n} x {n}", number, number)
    return MatrixLaw(*_for_each(family, text, latex), "", number, number)


def _added(words, factors):
    """Return a sum with factors, as text and in mathematics."""
    out = ["", ""]
    for pair, alpha in zip(words, factors):
        factor = "" if abs(alpha) == 1 else f"{abs(alpha)} "
        sign = (" - " if out[0] else "-") if alpha < 0 else " + " if out[0] else ""
        out = [f"{known}{sign}{factor}{word}" for known, word in zip(out, pair)]
    return out


def _for_each(family, text, latex):
    """Say over which indices a law runs."""
    if not family.classes:
        return text, latex
    letters = ", ".join(_LETTERS[:len(family.classes)])
    return f"{text} for each {letters}", rf"{latex} \quad \text{{for each }} {letters}"


def _shift_law(axes, family, parts, number, called):
    words = []
    for leaf, where, _ in parts:
        (plain, mathematical), (index, one) = _word(leaf, called), _index(axes, leaf, where)
        if where:
            plain, mathematical = f"{plain}[{index}]", f"{mathematical}_{{{index}}}"
        if not one:
            plain, mathematical = f"sum({plain})", rf"\textstyle\sum {mathematical}"
        words.append((plain, mathematical))
    text, latex = _for_each(family, *_added(words, [alpha for _, _, alpha in parts]))
    # All of them are laws; the last ones follow from the others and other families.
    return MatrixLaw(text, latex, "", number + family.less, number)


def signed(family, axes):
    """Return a family with the signs with which it is written: the first parameter with several axes has a positive
    one."""
    # `U_1^T U_1 - U_2 U_2^T` rather than its negative, also where a bias comes first.
    first = next((alpha for leaf, _, alpha in family.parts if len(axes.of[axes.leaves[leaf]]) > 1), 1)
    if first > 0 or family.kind in ("sum", "entries", "shift"):
        return family
    return replace(family, parts=tuple((leaf, where, -alpha) for leaf, where, alpha in family.parts))


def in_mathematics(word):
    """Return a name for mathematics."""
    return rf"\mathrm{{{word}}}".replace("_", r"\_")


def _word(leaf, called):
    """Return how a parameter is called, as text and in mathematics."""
    word = called.get(leaf.name, leaf.name)
    return word, in_mathematics(word)


def _axis_of(axes, leaf, place):
    """Return which axis of a leaf a flat place belongs to."""
    for axis, classes in enumerate(axes.of[leaf]):
        if place < len(classes):
            return axis
        place -= len(classes)
    raise ValueError("no such place")


def _full_words(axes, leaf, where, called):
    name, latex = (word + ("_h" if len(where) > 1 else "") for word in _word(leaf, called))
    if len(axes.of[leaf]) == 1:
        return f"{name} {name}^T", rf"{latex} {latex}^\top"
    axis = _axis_of(axes, leaf, where[0])
    # The index of the law is left, the other one summed over: `W^T W` for that of the columns.
    if len(axes.of[leaf]) == 2:
        return (
            (f"{name}^T {name}", rf"{latex}^\top {latex}") if axis else (f"{name} {name}^T", rf"{latex} {latex}^\top")
        )
    return f"<{name}, {name}>_{axis + 1}", rf"\langle {latex}, {latex} \rangle_{{{axis + 1}}}"


def _diagonal_words(axes, leaf, where, called):
    word, latex = _word(leaf, called)
    if not where:
        return f"|{word}|^2", rf"|{latex}|^2"
    index, one = _index(axes, leaf, where)
    return (
        (f"{word}[{index}]^2", rf"{latex}_{{{index}}}^2")
        if one
        else (f"|{word}[{index}]|^2", rf"|{latex}_{{{index}}}|^2")
    )


def _index(axes, leaf, where):
    """Return how the entries with letters at these places are written, and whether each is a single one."""
    by_axis = {}
    # The places are in the order of the family's classes, so that one letter is one index in all its parameters.
    for letter, place in zip(_LETTERS, where):
        by_axis.setdefault(_axis_of(axes, leaf, place), []).append((place, letter))
    words = []
    for axis, classes in enumerate(axes.of[leaf]):
        chosen = by_axis.get(axis, [])
        start = sum(len(other) for other in axes.of[leaf][:axis])
        names = {place: letter for place, letter in chosen}
        # An axis of one entry has no class and is written as a whole.
        inner = [names.get(start + i, ":") for i in range(len(classes))] or [":"]
        words.append(inner[0] if len(inner) == 1 else "(" + ",".join(inner) + ")")
    index = ",".join(words)
    one = all(place in {p for chosen in by_axis.values() for p, _ in chosen} for place in range(len(flat(axes, leaf))))
    return index, one


def _sum_words(axes, leaf, summed, called):
    word, latex = _word(leaf, called)
    if not summed:
        return word, latex
    axis = _axis_of(axes, leaf, summed[0])
    if len(axes.of[leaf]) == 1:
        return f"sum({word})", rf"\mathbf 1^\top {latex}"
    if len(axes.of[leaf]) == 2:
        return (f"{word} 1", rf"{latex} \mathbf 1") if axis else (f"1^T {word}", rf"\mathbf 1^\top {latex}")
    return f"sum of {word} along axis {axis + 1}", rf"\textstyle\sum_{{{axis + 1}}} {latex}"
