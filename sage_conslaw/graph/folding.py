r"""
The graph of a network as few boxes, for pictures: chains are one box, equal blocks that follow each other are one.

A box begins where something branches, meets or is multiplied by a matrix.  What follows in a line joins it: a bias, an
activation, the gain and shift of a norm.  So a ReLU layer is one box with three lines.

Between two boxes through which everything passes lies a *segment*.  Segments of equal structure and sizes that follow
each other are drawn once, with how many there are: the names of their parameters are merged, ``U1`` to ``U12`` into
``U1...12``.
"""
import re
from dataclasses import dataclass, field

from .nodes import graph

# Runs of segments whose periods are longer are not searched for: blocks have at most some tens of segments.
_LONGEST_PERIOD = 40


@dataclass
class Box:
    r"""
    A box of a picture: its lines, each ``(kind, text, size)``, the size of what comes out, and the boxes it reads.
    """

    lines: list
    size: str
    sources: list = field(default_factory=list)

    def shape(self, place, entry):
        """Return what a box is but for the names of its parameters; its sources by their distance, or the entry's."""
        # Distances and not numbers: the copies of a block stand at other numbers and read at equal distances.
        kinds = tuple((kind, _nameless(kind, text), size) for kind, text, size in self.lines)
        return kinds, self.size, tuple(place - s if s > entry else "entry" for s in self.sources)


def _nameless(kind, text):
    return text[:2] if kind == "parameter" and text.startswith("+ ") else "" if kind == "parameter" else text


@dataclass(frozen=True)
class Frame:
    """Boxes ``first`` to ``last`` that stand for ``times`` equal runs of boxes."""

    first: int
    last: int
    times: int


def boxes(network):
    """Return the boxes of a network in order, inputs before what reads them."""
    nodes, edges = graph(network)
    read, readers = {n: [] for n in nodes}, {n: [] for n in nodes}
    for a, b in edges:
        read[b].append(a)
        readers[a].append(b)
    alone = _beside(nodes, read, readers)
    made, home = [], {}
    for n, (kind, words) in nodes.items():
        # What nothing reads is a box even if it could stand beside: a network may be one parameter.
        if n in alone and readers[n]:
            continue
        name, size = words.rsplit("\n", 1)
        inside, before = ([m for m in read[n] if (m in alone) is beside] for beside in (True, False))
        lines = _lines(kind, name, [nodes[m] for m in _leaves(inside, read, alone)])
        # A box ends where its node has several readers: they would otherwise seem to read the lines that follow too.
        if len(before) == 1 and len(readers[before[0]]) == 1 and _joins(made[home[before[0]]], kind, lines):
            home[n] = home[before[0]]
            made[home[n]].lines += lines
            made[home[n]].size = size
        else:
            home[n] = len(made)
            made.append(Box(lines, size, list(dict.fromkeys(home[m] for m in before))))
    return made


def _joins(box, kind, lines):
    """Say whether the lines of a node are written in the box before it."""
    # Data stand alone. A norm behind a residual sum begins the next block: in the box of the sum it would be the end of
    # the block before, and equal blocks would not be cut alike.
    if box.lines[0][0] == "input" or kind == "cut" and box.lines[0] == ("operation", "+", ""):
        return False
    # A matrix is a new box; a bias or a gain has one axis and is a line of the box that it acts on.
    return kind != "operation" or all(
        part not in ("parameter", "constant") or text.startswith(("+ ", "* ")) for part, text, _ in lines
    )


def _beside(nodes, read, readers):
    """Return the nodes that are written inside the box that reads them: parameters, and data that meet no parameter and
    not the main input."""
    inputs = [n for n, (kind, _) in nodes.items() if kind == "input"]
    main = inputs[0] if inputs else None
    if len(inputs) > 1:
        # Of several inputs the main one moves most nodes, the first of equals: what reads it is drawn as a way
        # downwards.
        main = max(inputs, key=lambda n: (len(_after(n, readers)), -n))
    out = set()
    for n, (kind, _) in nodes.items():
        leaf = kind in ("parameter", "constant") or kind == "input" and n != main
        # A product of data is data still. A product of parameters is drawn, so that a factorised matrix is seen as two.
        pure = read[n] and all(m in out and nodes[m][0] != "parameter" for m in read[n])
        if leaf or pure:
            out.add(n)
    return out


def _after(start, readers):
    seen, stack = set(), [start]
    while stack:
        for m in readers[stack.pop()]:
            if m not in seen:
                seen.add(m)
                stack.append(m)
    return seen


def _leaves(beside, read, alone):
    """Return the leaves of what is written inside a box, each once."""
    out, stack = [], list(beside)[::-1]
    while stack:
        n = stack.pop()
        if read[n] and n in alone:
            stack += read[n][::-1]
        elif n not in out:
            out.append(n)
    return out


def _lines(kind, name, leaves):
    """Return the lines of one node: what is written beside it first, then the operation where that is not said yet."""
    sign = "+ " if kind == "operation" and name == "sum" else ""
    out = []
    for leaf_kind, words in leaves:
        leaf, size = words.rsplit("\n", 1)
        # A size without an ``x`` is one axis: such a parameter multiplies entry by entry.
        gain = "* " if not sign and "x" not in size and leaf_kind == "parameter" else ""
        out.append((leaf_kind, (sign or gain) + leaf, size))
    if kind in ("parameter", "input", "constant"):
        return [(kind, name, "")]
    if not leaves or kind != "operation":
        out.append((kind, {"product": "product", "sum": "+"}.get(name, name), ""))
    return out


def folded(made):
    """Return the boxes that are drawn, as ``{place: box}``, and the frames: equal runs of segments are there once."""
    segments = _segments(made)
    kept, frames, representative = {}, [], {}
    at = 0
    while at < len(segments):
        # From the front, without looking ahead: a run that begins later is found when its first segment is reached,
        # unless a run in front has taken it.
        period, times = _run(made, segments, at)
        length = sum(len(segments[at + k]) for k in range(period))
        copies = [
            [n for segment in segments[at + t * period : at + (t + 1) * period] for n in segment] for t in range(times)
        ]
        for k in range(length):
            first = copies[0][k]
            # The copies have the same lines but for names, as their shapes are equal: line by line the names are
            # merged.
            kept[first] = Box(
                [
                    (kind, _merged([made[copy[k]].lines[i][1] for copy in copies]), size)
                    for i, (kind, _, size) in enumerate(made[first].lines)
                ],
                made[first].size,
                made[first].sources,
            )
            representative.update((copy[k], first) for copy in copies)
        if times > 1:
            frames.append(Frame(copies[0][0], copies[0][-1], times))
        at += period * times
    for n, box in kept.items():
        # What a later copy gives is drawn as given by the first, and two sources may become one.
        box.sources = list(dict.fromkeys(representative[s] for s in box.sources))
    return kept, frames


def _segments(made):
    """Return the segments, lists of boxes in order."""
    # For each box, the earliest that is read behind it.
    earliest, behind = [], len(made)
    for box in reversed(made):
        earliest.append(behind)
        behind = min([behind, *box.sources])
    out, current = [], []
    for n, first in enumerate(reversed(earliest)):
        current.append(n)
        # All that is behind reads this box or later ones: everything passes through it, and a segment ends.
        if first >= n:
            out.append(current)
            current = []
    return out


def _run(made, segments, at):
    """Return the period and the number of the repetition that begins at a segment and saves most boxes; 1, 1 if
    none."""
    # By how many boxes are saved, not by the length of the run: two blocks of ten are more than five of two.
    best, saved = (1, 1), 0
    for period in range(1, min(_LONGEST_PERIOD, (len(segments) - at) // 2) + 1):
        pattern, times = _pattern(made, segments, at, period), 1
        while (
            at + (times + 1) * period <= len(segments)
            and _pattern(made, segments, at + times * period, period) == pattern
        ):
            times += 1
        gain = (times - 1) * sum(len(segments[at + k]) for k in range(period))
        if gain > saved:
            best, saved = (period, times), gain
    return best


def _pattern(made, segments, at, period):
    first = segments[at][0]
    # By the definition of segments a box reads nothing in front but the last box there: the entry, in every copy.
    entry = first - 1
    return tuple(made[n].shape(n, entry) for k in range(period) for n in segments[at + k])


def _merged(texts):
    """Return one text for texts that differ in one number, as ``h.0...11.weight``; else the first and how many more."""
    if len(set(texts)) == 1:
        return texts[0]
    # Texts whose numbers differ in one place, as layers are numbered: that place becomes a range.
    parts = [re.split(r"(\d+)", text) for text in texts]
    if len({len(part) for part in parts}) == 1:
        differing = [i for i in range(len(parts[0])) if len({part[i] for part in parts}) > 1]
        if len(differing) == 1 and parts[0][differing[0]].isdigit():
            i = differing[0]
            return "".join([*parts[0][:i], f"{parts[0][i]}...{parts[-1][i]}", *parts[0][i + 1 :]])
    return f"{texts[0]}, ..., {texts[-1].removeprefix('+ ').removeprefix('* ')}"
