r"""
How the pieces of matrix notation are written, as text and as LaTeX.

Each of the functions ``..._words`` returns four things: pairs (text, LaTeX) of the whole and of the entry ``j``, and
the text and LaTeX that say for which entries the latter holds.
"""

import re
from itertools import accumulate
from math import prod

# In how many slices an axis is cut: gates of two, queries with keys and values, the gates of an LSTM.
_PARTS = (2, 3, 4)

# A slice at the end of a name: along the axis that follows these colons.
_CUT = re.compile(r"\[((?::,)*)(\d+):(\d+)\]$")


def equal_slices(shape):
    """Return pairs (text, key) of the equal slices of an array along one axis."""
    out = []
    for parts in _PARTS if 0 < len(shape) <= 2 else ():
        for axis, n in enumerate(shape):
            # A vector cut into single entries is no packing of anything.
            if n % parts or n == parts and len(shape) == 1:
                continue
            for start in range(0, n, n // parts):
                stop = start + n // parts
                out.append((f"[{':,' * axis}{start}:{stop}]", (slice(None),) * axis + (slice(start, stop),)))
    return out


# Parts that are joined along an axis, at most, and slices of an axis: an encoder's and a decoder's channels are two.
_JOINED = 4
_MOST_SLICES = 24


def joined_slices(shape, sizes):
    r"""
    Return pairs (text, key) of the slices of an array along an axis that may be several things joined: parts whose
    sizes are those of other axes.
    """
    out = []
    for axis, n in enumerate(shape):
        ends = {}
        for parts in _sums(n, [size for size in sizes if size < n], _JOINED):
            for at, size in zip(accumulate((0, *parts)), parts):
                ends[at, at + size] = (slice(None),) * axis + (slice(at, at + size),)
        # With more slices than this sums of sizes meet nearly everywhere, and no cut is meant.
        out += [(f"[{':,' * axis}{a}:{b}]", key) for (a, b), key in ends.items()] if len(ends) <= _MOST_SLICES else []
    return out


def _sums(total, sizes, most):
    """Yield the tuples of at most so many sizes with this sum."""
    if not total:
        yield ()
    for size in sizes if most else ():
        if size <= total:
            yield from ((size, *rest) for rest in _sums(total - size, sizes, most - 1))


def latex_name(name):
    """Return the LaTeX of a parameter's name, or of a slice of it."""
    if cut := _CUT.search(name):
        return latex_name(name[:cut.start()]) + cut[0]
    if not name.isidentifier():
        # The name of a module's parameter, such as h.0.attn.weight.
        return rf"\mathrm{{{name.replace('_', chr(92) + '_')}}}"
    head = name.rstrip("0123456789")
    digits = name[len(head):]
    head = head if len(head) == 1 else rf"\mathrm{{{head}}}"
    return f"{head}_{{{digits}}}" if digits else head


def beside(first, second):
    """Return the LaTeX of a product: names of several letters are told apart by a space."""
    # Single letters may stand side by side; upright words would run together.
    return f"{first} {second}" if "mathrm" not in first + second else rf"{first} \, {second}"


def slice_text(name, ndim, axis):
    r"""
    Return the text of all entries with index ``j`` on an axis; a name that is a slice on another axis has both in one
    pair of brackets, and a single row or column its number.
    """
    index = ["j" if i == axis else ":" for i in range(ndim)]
    cut = _CUT.search(name)
    if cut and (along := len(cut[1]) // 2) != axis:
        start, stop = cut[2], cut[3]
        name, index[along] = name[:cut.start()], start if int(stop) == int(start) + 1 else f"{start}:{stop}"
    return f"{name}[{','.join(index)}]"


def _single(text):
    """Say whether an index without a colon has one entry alone: the sum and the norm of it are plain."""
    return ":" not in text.rpartition("[")[2]


def sum_words(name, latex, ndim, axis):
    each = slice_text(name, ndim, axis), slice_text(latex, ndim, axis)
    if not _single(each[0]):
        each = f"sum({each[0]})", rf"\Sigma\, {each[1]}"
    if ndim == 1:
        whole = name, latex
    elif ndim == 2:
        whole = (f"1^T {name}", rf"1^\top {latex}") if axis else (f"{name} 1", beside(latex, "1"))
    else:
        whole = each
    return whole, each, " for each j", r" \quad \forall j"


def square_words(name, ndim, axis):
    latex = latex_name(name)
    if ndim == 1:
        whole, each = (f"{name} {name}^T", beside(latex, rf"{latex}^\top")), (f"{name}[j]^2", f"{latex}[j]^2")
    else:
        each = slice_text(name, ndim, axis), slice_text(latex, ndim, axis)
        each = tuple(f"{word}^2" for word in each) if _single(each[0]) else (f"|{each[0]}|^2", rf"\|{each[1]}\|^2")
        if ndim == 2:
            whole = (
                (f"{name}^T {name}", rf"{latex}^\top {latex}")
                if axis
                else (f"{name} {name}^T", beside(latex, rf"{latex}^\top"))
            )
        else:
            whole = f"Gram({name}, axis {axis + 1})", rf"\mathrm{{Gram}}_{{{axis + 1}}}({latex})"
    return whole, each, " for each j", r" \quad \forall j"


def product_words(name, other, ndim):
    both = rf"{name} * {other}", rf"{latex_name(name)} \odot {latex_name(other)}"
    if ndim == 1:
        return both, (f"{name}[j]*{other}[j]", rf"{latex_name(name)}[j] {latex_name(other)}[j]"), " for each j", \
            r" \quad \forall j"
    return both, both, " entry by entry", r" \quad \text{entry by entry}"


def half_words(name, axis):
    parts = [f"[j,{k}]" if axis else f"[{k},j]" for k in (0, 1)]
    both = f"{name}{parts[0]}*{name}{parts[1]}", f"{latex_name(name)}{parts[0]} {latex_name(name)}{parts[1]}"
    return both, both, " for each j", r" \quad \forall j"


def _slice_of(where, shape):
    """Return the slice along one axis that has just these indices, as text, or ``None``."""
    for axis, n in enumerate(shape):
        values = {int(index[axis]) for index in where}
        first, last = min(values), max(values) + 1
        # Consecutive indices on this axis, and every index on the others.
        if last - first == len(values) and len(where) * n == len(values) * prod(shape):
            return f"[{':,' * axis}{first}:{last}]"
    return None


# So many entries that never move are named; of more the first ones.
_NAMED = 6


def still_words(name, where, shape):
    """Return the words for entries that never move: all, a slice, or the names of the first ones."""
    whole = "" if len(shape) == 1 else ", every entry"
    cut = "" if len(where) == prod(shape) else _slice_of(where, shape)
    if cut is not None:
        return f"{name}{cut}{whole}", latex_name(name + cut) + (rf" \text{{{whole}}}" if whole else "")
    places = [[str(int(i) + 1) for i in index] for index in where[:_NAMED]]
    more = ", ..." if len(where) > _NAMED else ""
    text = ", ".join("_".join([name, *place]) for place in places)
    latex = ", ".join(f"{latex_name(name)}[{','.join(place)}]" for place in places)
    return text + more, latex + more.replace("...", r"\ldots")


def skew_words(name, ndim, axis):
    latex = latex_name(name)
    dot = r"\dot{" + latex + "}"
    if ndim == 2 and axis:
        both = f"{name}^T d{name} - d{name}^T {name}", rf"{latex}^\top {dot} - {dot}^\top {latex}"
    elif ndim <= 2:
        formula = beside(latex, rf"{dot}^\top") + " - " + beside(dot, rf"{latex}^\top")
        both = f"{name} d{name}^T - d{name} {name}^T", formula
    else:
        both = f"Skew({name}, d{name}, axis {axis + 1})", rf"\mathrm{{Skew}}_{{{axis + 1}}}({latex}, {dot})"
    return both, both, "", ""
