r"""
Which entries of each tensor the output reads, as ranges of the axes: what is known of networks of any size.

A classifier that reads one token reads one row of its last normalisation, and of the keys and values of its last
attention all rows.  Ranges are followed back from the output through each operation; a rearrangement that does not keep
them, or two readers of parts that make no range, leave the smallest ranges that contain what is read, and this is said.
"""
import numpy as np

from ..graph.operations import Add, Contract, Gather
from ..graph.rearrangements import Broadcast, Pad, Reshape, Select, Slice, Transpose, Windows, matched_axes
from ..graph.tensor import Constant, Parameter


class Boxes:
    r"""
    Ranges of the axes that the output reads, by node, for nodes that a parameter moves.

    - ``of`` -- for each node a list of pairs (start, end); ``exact`` -- whether all of these entries are read

    INPUT: ``pointwise`` -- a function that says whether each entry of a cut is a function of one entry of its source

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.pytorch.boxes import Boxes
        sage: x, b = networks.input(5, 3), networks.parameter("b", 3)
        sage: cut = (x + b).softmax()
        sage: boxes = Boxes(cut[1:3, :2] * networks.parameter("c", 2), lambda cut: False)
        sage: boxes.of[cut], boxes.of[cut.source], boxes.exact
        ([(1, 3), (0, 2)], [(1, 3), (0, 3)], True)
    """

    def __init__(self, output, pointwise):
        self.pointwise, self.exact = pointwise, True
        self.moving = set()
        order = output.ancestors(through_data=True)
        for node in order:
            # A cut has no inputs in the graph: what moves it is its source.
            cut = node.kind == "cut" and node.source in self.moving
            if isinstance(node, Parameter) or cut or any(child in self.moving for child in node.inputs):
                self.moving.add(node)
        self.of = {output: [(0, n) for n in output.shape]}
        # From the output back: all that reads a node comes before it, so that its ranges are final when it is met.
        for node in reversed(order):
            if node in self.of and node in self.moving:
                self._back(node, self.of[node])

    def _back(self, node, box):
        if node.operation is None:
            if node.kind == "cut" and node.source in self.moving:
                self._join(node.source, self._of_source(node, box))
            return
        for which, child in enumerate(node.inputs):
            if child in self.moving and not isinstance(child, Parameter):
                self._join(child, self._through(node, which, child, box))

    def _join(self, node, box):
        """Add ranges to those that are read of a node; ``None`` adds nothing."""
        if box is None or any(a >= b for a, b in box):
            return
        known = self.of.get(node)
        if known is None:
            self.of[node] = list(box)
            return
        hull = [(min(a, c), max(b, d)) for (a, b), (c, d) in zip(known, box)]
        different = [k for k, (one, other) in enumerate(zip(known, box)) if one != other]
        # The union of two boxes is a box if one contains the other, or if they differ along one axis alone and meet
        # there: [0, 2) and [1, 3) make [0, 3), [0, 1) and [2, 3) do not.
        if hull != known and hull != list(box):
            (a, b), (c, d) = (known[different[0]], box[different[0]])
            self.exact = self.exact and len(different) == 1 and max(a, c) <= min(b, d)
        self.of[node] = hull

    def _of_source(self, cut, box):
        """Return what a cut reads of its source: the rows of what is read of it, or the entries."""
        if self.pointwise(cut):
            return box
        # Each entry of a softmax or of a norm depends on its whole row; with a mask, on those columns that some row
        # allows.
        lead = box[:-1] if box else []
        if cut.mask is None:
            return [*lead, *([(0, cut.source.shape[-1])] if box else [])]
        return _nonzero(np.asarray(cut.mask), [*lead, (0, cut.source.shape[-1])])

    def _through(self, node, which, child, box):
        operation = node.operation
        if isinstance(operation, Add):
            return box
        if isinstance(operation, Contract) and len(node.inputs) == 2:
            return self._of_factor(node, which, child, box)
        if isinstance(operation, Transpose):
            back = [None] * len(box)
            for one, k in zip(box, operation.order):
                back[k] = one
            return back
        if isinstance(operation, Broadcast):
            new = len(node.shape) - len(child.shape)
            # New axes are first, and those of one entry are read as soon as one of their repetitions is.
            return [one if n > 1 else (0, n) for one, n in zip(box[new:], child.shape)]
        if isinstance(operation, Slice):
            # Steps above one leave gaps in the range that they read, unless they read one entry.
            self.exact = self.exact and all(step == 1 or b - a == 1
                                            for (a, b), (_, step, _) in zip(box, operation.ranges))
            return [(start + a * step, start + (b - 1) * step + 1) if step > 0 else (0, n)
                    for (a, b), (start, step, _), n in zip(box, operation.ranges, child.shape)]
        if isinstance(operation, Pad):
            # What is read of the border is zeros and no entry: a range in it is empty, and joins nothing.
            return [(max(0, a - operation.before), min(n, b - operation.before)) if k == operation.axis else (a, b)
                    for k, ((a, b), n) in enumerate(zip(box, child.shape))]
        if isinstance(operation, Reshape):
            return self._of_reshape(child.shape, node.shape, box)
        if isinstance(operation, Select):
            taken = np.unique(operation.entries[box[operation.axis][0]:box[operation.axis][1]])
            # Distinct numbers are a range if there are as many as lie between the first and the last.
            self.exact = self.exact and taken[-1] - taken[0] + 1 == len(taken)
            return [(int(taken[0]), int(taken[-1]) + 1) if k == operation.axis else one for k, one in enumerate(box)]
        if isinstance(operation, Windows):
            spatial = int(np.prod(child.shape[operation.kept:], dtype=np.int64))
            places = np.unique(operation.places)
            whole = all(one == (0, n) for one, n in zip(box[operation.kept:], node.shape[operation.kept:]))
            # All windows together read all entries, unless their stride is above their size and leaves some between
            # them.
            self.exact = self.exact and whole and (places >= 0).sum() == spatial
            return [*box[:operation.kept], *((0, n) for n in child.shape[operation.kept:])]
        if type(operation) is Gather:
            return self._of_gather(operation, child, box)
        self.exact = False
        return [(0, n) for n in child.shape]

    def _of_factor(self, node, which, child, box):
        """Return what is read of one factor of a product: where it is summed, all at which the other is not zero."""
        words = (node.operation.left, node.operation.right)
        known, other = dict(zip(node.operation.result, box)), node.inputs[1 - which]
        for letter, n in zip(words[1 - which], other.shape):
            # An index that is summed runs over its whole axis, but for what a mask closes below.
            known.setdefault(letter, (0, n))
        mask = other if isinstance(other, Constant) else _mask_of(other)
        # Nothing is looked for in one number that is repeated (all strides are zero), nor in what is not written yet.
        if mask is not None and not mask.lazy and mask.size and any(mask.values.strides):
            narrow = _nonzero(mask.values, [known[letter] for letter in words[1 - which]])
            if narrow is None:
                return None
            known.update(zip(words[1 - which], narrow))
        return [known.get(letter, (0, n)) for letter, n in zip(words[which], child.shape)]

    def _of_gather(self, operation, child, box):
        places = np.unique(operation.indices[tuple(slice(a, b) for a, b in box)])
        # A gather puts zeros where its places are below zero.
        places = places[places >= 0]
        if not len(places):
            return None
        along = np.unravel_index(places, child.shape)
        out = [(int(axis.min()), int(axis.max()) + 1) for axis in along]
        self.exact = self.exact and len(places) == int(np.prod([b - a for a, b in out], dtype=np.int64))
        return out

    def _of_reshape(self, source, target, box):
        out = []
        for mine, other in matched_axes(source, target):
            out += self._of_group(source[mine], target[other], box[other])
        return out

    def _of_group(self, source, target, box):
        """Return the ranges of axes that are merged or split into others: those of the first that has more than one
        entry, where all behind it are whole."""
        live = [j for j, n in enumerate(target) if n > 1]
        partial = [j for j in live if box[j] != (0, target[j])]
        sized = [j for j, n in enumerate(source) if n > 1]
        if not partial:
            return [(0, n) for n in source]
        total = int(np.prod(target, dtype=np.int64))
        first = partial[0]
        # Entry number = (position before, position on the axis, position behind) in mixed radix: a range of the first
        # long axis is a range of numbers, and stays a box if both ends are multiples of what is behind the source's.
        before = int(np.prod(target[:first], dtype=np.int64))
        inner = total // before // target[first]
        if partial == [first] and before == 1 and sized:
            # A range of whole blocks of what is behind it.
            start, end = box[first][0] * inner, box[first][1] * inner
            rest = total // source[sized[0]]
            if start % rest == 0 and end % rest == 0:
                return [(start // rest, end // rest) if j == sized[0] else (0, n) for j, n in enumerate(source)]
        if partial == [first] and source[len(source) - len(target) + first:] == target[first:]:
            # The same axis, with others before it.
            j = len(source) - len(target) + first
            return [box[first] if m == j else (0, n) for m, n in enumerate(source)]
        self.exact = False
        return [(0, n) for n in source]


def _mask_of(node):
    """Return the constant that a tensor is multiplied by, entry by entry, or ``None``."""
    words = node.operation
    if type(words) is not Contract or not words.left == words.right == words.result:
        return None
    return next((part for part in node.inputs if isinstance(part, Constant)), None)


def _nonzero(values, box):
    """Return the smallest ranges in a box that contain all entries of an array that are not zero."""
    part = values[tuple(slice(a, b) for a, b in box)]
    # Mere repetitions are looked at once.
    part = part[tuple(slice(n if stride else min(n, 1)) for n, stride in zip(part.shape, part.strides))]
    out = []
    for axis, (a, b) in enumerate(box):
        if part.shape[axis] < b - a:
            out.append((a, b))
            continue
        along = np.flatnonzero(part.any(axis=tuple(k for k in range(part.ndim) if k != axis)))
        if not len(along):
            return None
        out.append((a + int(along[0]), a + int(along[-1]) + 1))
    return out
