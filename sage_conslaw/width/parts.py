r"""
Parameters in parts: a slice of a product is the product with a slice.

Queries, keys and values are often one matrix whose columns are cut into three.  Cutting the matrix instead changes
neither the response nor the metric, and then every axis is whole.  Slices move through sums, contractions, repetitions,
transposes and reshapes to the leaves; a parameter that is used in parts which do not overlap becomes several.

Tensors that are joined along an axis are zeros outside of their part: a slice of a join is one of them.  A paired node
that is joined along an axis of free covectors falls into several, one for each part.

Data that are read as a whole and in some rows (a class token asks, all tokens answer) are taken for separate data
where :mod:`.mixing` shows that this spans the same.
"""
import itertools
from dataclasses import dataclass

import numpy as np

from ..graph.cuts import SumOne, sum_one, sum_zero
from ..graph.operations import Add, Contract
from ..graph.rearrangements import Broadcast, Pad, Reshape, Slice, Transpose
from ..graph.response import NetworkResponse
from ..graph.tensor import Constant, Data, Parameter, Tensor
from .axes import Unknown
from .links import is_primitive, is_uniform
from .ranges import entire, overlap, part_of, through_reshape, whole
from .rearranged import Table
from .resized import covector_of


@dataclass(frozen=True)
class Overlap:
    """Data that were read as a whole and in parts, now separate: the node they are of, what stands for the whole, and
    the ranges of each part."""

    node: Tensor
    whole: Tensor
    parts: tuple


@dataclass(frozen=True)
class InParts:
    r"""
    A response with parameters in parts.

    - ``origins`` -- where each part comes from: the parameter's name and the ranges of its axes, by the part's name

    - ``overlaps`` -- data that are taken for separate, to be shown
    """

    response: NetworkResponse
    origins: dict
    overlaps: tuple = ()


def cut_in_parts(response):
    """Return the response with parameters in parts, see :class:`InParts`."""
    if not any(
        isinstance(node.operation, Slice) and not whole(node.operation.ranges, node.operation.source)
        or isinstance(node.operation, Pad)
        for node in response.order
    ):
        return InParts(response, {leaf.name: (leaf.name, entire(leaf.shape)) for leaf in response.leaves})
    cut = _Cut()
    pairings, constraints = [], []
    for (node, covector), (constraint, mask) in zip(response.pairings, response.constraints):
        for ranges in cut.separate_ranges(node, constraint, mask):
            new = cut.built(node, ranges)
            if new is None:
                continue
            here = covector if new is node else covector_of(new, constraint, mask)
            if here is not None:
                pairings.append((new, here))
                constraints.append((constraint, mask))
    leaves, origins = [], {}
    for leaf in response.leaves:
        parts = cut.parts_of(leaf)
        leaves += parts
        ranges = {part: key for key, part in cut.parts.get(leaf, {}).items()}
        origins |= {part.name: (leaf.name, ranges.get(part, entire(leaf.shape))) for part in parts}
    return InParts(NetworkResponse(leaves, pairings, constraints), origins, tuple(cut.overlaps()))


class _Cut:
    """Nodes of the graph with ranges of their axes, each built once."""

    def __init__(self):
        # By (node, ranges) what was built; by parameter and data their parts; by node where joined parts end.
        self.known, self.parts, self.data, self.ends = {}, {}, {}, {}

    def separate_ranges(self, node, constraint, mask):
        """Yield the ranges of the parts of a paired node whose covectors are separate."""
        axes, masked = [], mask is not None and mask is not False
        for axis, n in enumerate(node.shape):
            # A covector of sum zero along the last axis has free rows; one that is orthogonal to the node is one.
            free = not masked and (constraint == "free" or constraint == "sum zero" and axis < len(node.shape) - 1)
            # Free covectors of a join are free covectors of each part; others tie the parts to one another.
            ends = sorted({0, n, *self.ends_of(node)[axis]}) if free else [0, n]
            axes.append([(a, 1, b - a) for a, b in zip(ends, ends[1:])] if n else [(0, 1, 0)])
        return itertools.product(*axes)

    def ends_of(self, node):
        """Return for each axis of a node where joined parts end."""
        # Inputs first: a loop, as recursion would end at some hundred layers.
        for one in node.ancestors() if node not in self.ends else ():
            if one not in self.ends:
                self.ends[one] = self._ends_of(one)
        return self.ends[node]

    def _ends_of(self, node):
        out, operation = [set() for _ in node.shape], node.operation
        if operation is None or is_primitive(node):
            return out
        inside = [self.ends[child] for child in node.inputs]
        if isinstance(operation, Add):
            return [set().union(*ends) for ends in zip(*inside)]
        if isinstance(operation, Contract) and len(inside) == 2:
            for word, ends in zip((operation.left, operation.right), inside):
                for letter, here in zip(word, ends):
                    # Ends along an index that is summed over matter inside only (:meth:`_summed_pieces`).
                    if letter in operation.result:
                        out[operation.result.index(letter)] |= here
        elif isinstance(operation, Transpose):
            return [inside[0][k] for k in operation.order]
        elif isinstance(operation, Broadcast):
            new = len(node.shape) - len(inside[0])
            for k, ends in enumerate(inside[0]):
                # One entry that is repeated is the same in each part.
                out[new + k] = ends if node.inputs[0].shape[k] > 1 else set()
        elif isinstance(operation, Pad):
            for k, ends in enumerate(inside[0]):
                out[k] = ends if k != operation.axis else {
                    operation.before + end for end in {0, node.inputs[0].shape[k], *ends}
                }
        elif isinstance(operation, Slice):
            for k, (ends, (start, step, number)) in enumerate(zip(inside[0], operation.ranges)):
                # With steps entries of several parts would take turns; such a slice has no ends.
                out[k] = {end - start for end in ends if start < end < start + number} if step == 1 else set()
        return [{end for end in ends if 0 < end < n} for ends, n in zip(out, node.shape)]

    def overlaps(self):
        """Return the data of which parts are read beside the whole."""
        for node, several in self.data.items():
            everything = entire(node.shape)
            parts = tuple(ranges for ranges in several if ranges != everything)
            if everything in several and parts:
                yield Overlap(node, self.known[node, everything], parts)

    def parts_of(self, leaf):
        """Return the parts of a parameter in order; they tile it."""
        parts = self.parts.get(leaf, {})
        if not parts:
            return [leaf]
        # Parts that overlap would be trained as one: the metric of separate ones is not theirs.
        if sum(part.size for part in parts.values()) > leaf.size or len(parts) > 1 and entire(leaf.shape) in parts:
            raise Unknown(f"parts of {leaf.name} overlap")
        # Along one axis the parts and the gaps between them tile the parameter; blocks along two need not.
        axes = [k for k, n in enumerate(leaf.shape) if any(ranges[k] != (0, 1, n) for ranges in parts)]
        if axes:
            if len(axes) != 1 or any(step != 1 for ranges in parts for _, step, _ in ranges):
                raise Unknown(f"parts of {leaf.name} are not of one axis")
            self._fill(leaf, parts, axes[0])
        return [parts[ranges] for ranges in sorted(parts)]

    @staticmethod
    def _fill(leaf, parts, axis):
        """Add the parts that nothing uses, positions that never occur."""
        spans = sorted((ranges[axis][0], ranges[axis][2]) for ranges in parts)
        if any(a + n > b for (a, n), (b, _) in zip(spans, spans[1:])):
            raise Unknown(f"parts of {leaf.name} overlap")
        start = 0
        for first, number in [*spans, (leaf.shape[axis], 0)]:
            if first > start:
                ranges = tuple((start, 1, first - start) if k == axis else (0, 1, n) for k, n in enumerate(leaf.shape))
                parts[ranges] = part_of(leaf, ranges)
            start = first + number

    def built(self, node, ranges):
        """Return the tensor with these ranges ``(start, step, number)`` of the axes of a node."""
        if (node, ranges) not in self.known:
            try:
                self.known[node, ranges] = self._built(node, ranges)
            except Unknown as reason:
                # Where a leaf cannot be cut, what takes part of it is to blame.
                raise reason.at(node) if node.inputs and not is_primitive(node) else reason
        return self.known[node, ranges]

    def _built(self, node, ranges):
        everything = whole(ranges, node.shape)
        shape = tuple(number for _, _, number in ranges)
        if isinstance(node, Parameter):
            part = node if everything else part_of(node, ranges)
            self.parts.setdefault(node, {})[ranges] = part
            return part
        if isinstance(node, Data) or is_primitive(node):
            self._separate(node, ranges)
        if isinstance(node, Data):
            # Rows of a table share angles, and which of them are free is known for the whole table.
            if isinstance(node, Table) and not everything:
                raise Unknown("part of a table of rotations is taken")
            return node if everything else Data(node.name, shape, node.kind, source=node.source, function=node.function)
        if isinstance(node, Constant):
            if is_uniform(node) and not node.values.ravel()[:1].any() and node.size:
                # Zero, which sums leave out, so that the axes of the rest are not tied to it.
                return None
            if everything:
                return node
            if is_uniform(node):
                return Constant(np.broadcast_to(node.values.ravel()[0], shape), denominator=node.denominator)
            entries = tuple(slice(start, start + step * number, step) for start, step, number in ranges)
            return Constant(node.values[entries], denominator=node.denominator)
        if is_primitive(node):
            # The sum is over the last axis; which entries are earlier takes the one before it too.
            kept = 2 if isinstance(node, SumOne) and node.causal else 1
            if not whole(ranges[-kept:], node.shape[-kept:]):
                raise Unknown("part of what sums to zero or one is taken")
            if everything:
                return node
            return sum_one(node.name, shape, node.causal) if isinstance(node, SumOne) else \
                sum_zero(node.inputs[0].name, shape)
        operation = node.operation
        if isinstance(operation, Slice):
            # A slice of a slice is a slice: this is how ranges move to the leaves.
            inner = tuple((start + first * step, step * inner_step, number)
                          for (first, inner_step, number), (start, step, _) in zip(ranges, operation.ranges))
            return self.built(node.inputs[0], inner)
        if isinstance(operation, Pad):
            return self._of_join(node, operation, ranges)
        if isinstance(operation, Contract) and len(node.inputs) == 2:
            # A sum over a joined axis is the sum over its parts, each with factors that are whole there.
            pieces = self._summed_pieces(node, operation)
            if len(pieces) > 1:
                return self._sum_of(node, operation, ranges, pieces)
        inputs = self._inputs(node, operation, ranges)
        if None in inputs:
            present = [child for child in inputs if child is not None]
            # Zero is `None`: a sum loses the term, a product vanishes.
            return present[0] if present and isinstance(operation, Add) else None
        if all(a is b for a, b in zip(inputs, node.inputs)) and everything:
            return node
        return self._made(operation, inputs, shape)

    def _summed_pieces(self, node, operation):
        """Return the parts in which a contraction sums over joined axes: ranges by letters."""
        ends = {}
        for child, word in zip(node.inputs, (operation.left, operation.right)):
            for letter, n, here in zip(word, child.shape, self.ends_of(child)):
                if letter not in operation.result:
                    ends.setdefault(letter, {0, n}).update(here)
        letters = [letter for letter, here in ends.items() if len(here) > 2]
        several = [[(a, 1, b - a) for a, b in zip(sorted(ends[one]), sorted(ends[one])[1:])] for one in letters]
        return [dict(zip(letters, chosen)) for chosen in itertools.product(*several)]

    def _sum_of(self, node, operation, ranges, pieces):
        """Return a contraction over joined axes as a sum over their parts, ``None`` where all of these are zero."""
        total, known = None, dict(zip(operation.result, ranges))
        for piece in pieces:
            inputs = self._factors(node, known | piece)
            if None not in inputs:
                one = Tensor(operation, inputs)
                total = one if total is None else Tensor(Add(), (total, one))
        return total

    def _of_join(self, node, operation, ranges):
        """Return ranges of a tensor with zeros before and after it, ``None`` where there are only these."""
        (child,), axis = node.inputs, operation.axis
        (start, step, number), size = ranges[axis], child.shape[axis]
        inner = start - operation.before
        last = inner + step * (number - 1)
        # Outside of the part a join has zeros; inside it is the part; across an end it is taken as a whole or not at
        # all.
        if last < 0 or inner >= size:
            return None
        if inner >= 0 and last < size:
            return self.built(child, (*ranges[:axis], (inner, step, number), *ranges[axis + 1:]))
        if not whole(ranges, node.shape):
            raise Unknown("part of a join is taken that does not end with its parts")
        (new,) = self._inputs(node, operation, ranges)
        return new if new is None else node if new is child else self._made(operation, [new], None)

    def _separate(self, node, ranges):
        """Parts of data are separate data only where no entry is in two of them, or where it is shown."""
        others = self.data.setdefault(node, [])
        for other in others:
            # A part beside the whole is looked at later (:mod:`.mixing`).
            if all(map(overlap, ranges, other)) and not {ranges, other} & {entire(node.shape)}:
                raise Unknown(f"parts of {node.name} overlap")
        others.append(ranges)

    def _factors(self, node, known):
        """Return the factors of a contraction with the ranges that are known of letters."""
        words = node.operation.left, node.operation.right
        return [self.built(child, tuple(known.get(letter, (0, 1, n)) for letter, n in zip(word, child.shape)))
                for child, word in zip(node.inputs, words)]

    def _inputs(self, node, operation, ranges):
        if isinstance(operation, Add):
            return [self.built(child, ranges) for child in node.inputs]
        if isinstance(operation, Contract):
            return self._factors(node, dict(zip(operation.result, ranges)))
        (child,) = node.inputs
        if isinstance(operation, Transpose):
            back = [None] * len(ranges)
            for one, k in zip(ranges, operation.order):
                back[k] = one
            return [self.built(child, tuple(back))]
        if isinstance(operation, Broadcast):
            new = len(node.shape) - len(child.shape)
            # An axis of one entry is repeated as often as the ranges say.
            return [self.built(child, tuple(one if n > 1 else (0, 1, n) for one, n in zip(ranges[new:], child.shape)))]
        if isinstance(operation, Reshape):
            return [self.built(child, through_reshape(child.shape, node.shape, ranges))]
        if not whole(ranges, node.shape):
            raise Unknown(f"part of a {type(operation).__name__} is taken")
        return [self.built(child, entire(child.shape))]

    @staticmethod
    def _made(operation, inputs, shape):
        """Return an operation on parts, whose shapes rearrangements have to know."""
        child = inputs[0]
        if isinstance(operation, Transpose):
            return child.transpose(*operation.order)
        if isinstance(operation, Broadcast):
            return child.repeat_to(shape)
        if isinstance(operation, Reshape):
            return child.reshape(*shape)
        if isinstance(operation, Pad):
            operation = Pad(child.shape, operation.axis, operation.before, operation.after)
        return Tensor(operation, inputs)
