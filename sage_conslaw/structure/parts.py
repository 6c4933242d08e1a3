r"""
Parameters in parts: a slice of a product is the product with a slice.

Queries, keys and values are often one matrix whose columns are cut into three.  Cutting the matrix instead changes
neither the response nor the metric, and then every axis is whole.  Slices move through sums, contractions, repetitions,
transposes and reshapes to the leaves; a parameter that is used in parts which do not overlap becomes several.

EXAMPLES::

    sage: from sage_conslaw import networks
    sage: from sage_conslaw.structure.parts import in_parts
    sage: x, W, b = networks.input(4), networks.parameter("W", 4, 6), networks.parameter("b", 6)
    sage: y = x @ W + b
    sage: f = in_parts(networks.custom(y[:3] * y[3:]).response())
    sage: [(leaf.name, leaf.shape) for leaf in f.leaves]
    [('W[:,0:3]', (4, 3)), ('W[:,3:6]', (4, 3)), ('b[0:3]', (3,)), ('b[3:6]', (3,))]
"""
import numpy as np

from ..graph.cuts import SumOne, sum_one, sum_zero
from ..graph.operations import Add, Contract
from ..graph.rearrangements import Broadcast, Pad, Reshape, Slice, Transpose
from ..graph.response import NetworkResponse
from ..graph.tensor import Constant, Data, Parameter, Tensor
from .axes import Unknown, covector_of, is_primitive, is_uniform


def in_parts(response):
    r"""
    Return the response with parameters cut into the parts in which they are used; itself if nothing is cut.

    EXAMPLES:

    A part that is used beside the whole cannot be told apart::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.structure.parts import in_parts
        sage: x, W = networks.input(4), networks.parameter("W", 4, 4)
        sage: y = x @ W
        sage: in_parts(networks.custom(y[:2] * y[1:3]).response())
        Traceback (most recent call last):
        ...
        sage_conslaw.structure.axes.Unknown: parts of W overlap
    """
    return cut_in_parts(response)[0]


def cut_in_parts(response):
    r"""
    Return the response with parameters in parts, and where each part comes from: the parameter's name and the ranges of
    its axes, by the name of the part.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.structure.parts import cut_in_parts
        sage: x, W = networks.input(4), networks.parameter("W", 4, 6)
        sage: y = x @ W
        sage: cut_in_parts(networks.custom(y[:3] * y[3:]).response())[1r]["W[:,3:6]"]
        ('W', ((0, 1, 4), (3, 1, 3)))
    """
    if not any(
        isinstance(node.operation, Slice) and not _whole(node.operation.ranges, node.operation.source)
        for node in response.order
    ):
        return response, {leaf.name: (leaf.name, tuple((0, 1, n) for n in leaf.shape)) for leaf in response.leaves}
    cut = _Cut()
    pairings, constraints = [], []
    for (node, covector), (constraint, mask) in zip(response.pairings, response.constraints):
        new = cut.built(node, tuple((0, 1, n) for n in node.shape))
        pairings.append(
            (new, covector if new is node else covector_of(new, constraint, mask is not None and mask is not False))
        )
        constraints.append((constraint, mask))
    leaves, origins = [], {}
    for leaf in response.leaves:
        parts = cut.parts_of(leaf)
        leaves += parts
        ranges = {part: key for key, part in cut.parts.get(leaf, {}).items()}
        for part in parts:
            origins[part.name] = leaf.name, ranges.get(part, tuple((0, 1, n) for n in leaf.shape))
    return NetworkResponse(leaves, pairings, constraints), origins


def _whole(ranges, shape):
    return all(one == (0, 1, n) for one, n in zip(ranges, shape))


class _Cut:
    """Nodes of the graph with ranges of their axes, each built once."""

    def __init__(self):
        self.known, self.parts, self.data = {}, {}, {}

    def parts_of(self, leaf):
        """Return the parts of a parameter in order; they tile it."""
        parts = self.parts.get(leaf, {})
        if not parts:
            return [leaf]
        if (
            sum(part.size for part in parts.values()) > leaf.size
            or len(parts) > 1
            and tuple((0, 1, n) for n in leaf.shape) in parts
        ):
            raise Unknown(f"parts of {leaf.name} overlap")
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
                parts[ranges] = _part(leaf, ranges)
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
        whole = _whole(ranges, node.shape)
        shape = tuple(number for _, _, number in ranges)
        if isinstance(node, Parameter):
            part = node if whole else _part(node, ranges)
            self.parts.setdefault(node, {})[ranges] = part
            return part
        if isinstance(node, Data) or is_primitive(node):
            self._separate(node, ranges)
        if isinstance(node, Data):
            return node if whole else Data(node.name, shape, node.kind, source=node.source, function=node.function)
        if isinstance(node, Constant):
            if whole:
                return node
            if not is_uniform(node):
                raise Unknown("part of a constant is taken")
            return Constant(np.broadcast_to(node.values.ravel()[0], shape), denominator=node.denominator)
        if is_primitive(node):
            kept = 2 if isinstance(node, SumOne) and node.causal else 1
            if not _whole(ranges[-kept:], node.shape[-kept:]):
                raise Unknown("part of what sums to zero or one is taken")
            if whole:
                return node
            return sum_one(node.name, shape, node.causal) if isinstance(node, SumOne) else \
                sum_zero(node.inputs[0].name, shape)
        operation = node.operation
        if isinstance(operation, Slice):
            inner = tuple((start + first * step, step * inner_step, number)
                          for (first, inner_step, number), (start, step, _) in zip(ranges, operation.ranges))
            return self.built(node.inputs[0], inner)
        inputs = self._inputs(node, operation, ranges)
        if all(a is b for a, b in zip(inputs, node.inputs)) and whole:
            return node
        return self._made(operation, inputs, shape)

    def _separate(self, node, ranges):
        """Parts of data are separate data only where no entry is in two of them."""
        others = self.data.setdefault(node, [])
        for other in others:
            if all(_overlap(a, b) for a, b in zip(ranges, other)):
                raise Unknown(f"parts of {node.name} overlap")
        others.append(ranges)

    def _inputs(self, node, operation, ranges):
        if isinstance(operation, Add):
            return [self.built(child, ranges) for child in node.inputs]
        if isinstance(operation, Contract):
            known = dict(zip(operation.result, ranges))
            return [self.built(child, tuple(known.get(letter, (0, 1, n)) for letter, n in zip(word, child.shape)))
                    for child, word in zip(node.inputs, (operation.left, operation.right))]
        (child,) = node.inputs
        if isinstance(operation, Transpose):
            back = [None] * len(ranges)
            for one, k in zip(ranges, operation.order):
                back[k] = one
            return [self.built(child, tuple(back))]
        if isinstance(operation, Broadcast):
            new = len(node.shape) - len(child.shape)
            return [self.built(child, tuple(one if n > 1 else (0, 1, n) for one, n in zip(ranges[new:], child.shape)))]
        if isinstance(operation, Reshape):
            return [self.built(child, _through_reshape(child.shape, node.shape, ranges))]
        if not _whole(ranges, node.shape):
            raise Unknown(f"part of a {type(operation).__name__} is taken")
        return [self.built(child, tuple((0, 1, n) for n in child.shape))]

    @staticmethod
    def _made(operation, inputs, shape):
        if isinstance(operation, (Add, Contract)):
            return Tensor(operation, inputs)
        (child,) = inputs
        if isinstance(operation, Transpose):
            return child.transpose(*operation.order)
        if isinstance(operation, Broadcast):
            return child.repeat_to(shape)
        if isinstance(operation, Reshape):
            return child.reshape(*shape)
        if isinstance(operation, Pad):
            return Tensor(Pad(child.shape, operation.axis, operation.before, operation.after), (child,))
        return Tensor(operation, inputs)


def _part(leaf, ranges):
    words = ",".join(_words(one, n) for one, n in zip(ranges, leaf.shape))
    return Parameter(f"{leaf.name}[{words}]", tuple(number for _, _, number in ranges))


def _overlap(one, other):
    (a, step, n), (b, leap, m) = one, other
    return not set(range(a, a + step * n, step)).isdisjoint(range(b, b + leap * m, leap))


def _words(one, n):
    start, step, number = one
    return ":" if one == (0, 1, n) else f"{start}:{start + step * number}" + (f":{step}" if step != 1 else "")


def _through_reshape(source, target, ranges):
    """Return the ranges of the source that ranges of its reshape are, where each is whole or of the first of the axes
    that one is split into."""
    out, i, k = [], 0, 0
    while i < len(source) or k < len(target):
        start_i, start_k = i, k
        a = source[i] if i < len(source) else 1
        b = target[k] if k < len(target) else 1
        i, k = min(i + 1, len(source)), min(k + 1, len(target))
        while a != b:
            if a < b:
                a *= source[i]
                i += 1
            else:
                b *= target[k]
                k += 1
        group, here = source[start_i:i], ranges[start_k:k]
        if _whole(here, target[start_k:k]):
            out += [(0, 1, n) for n in group]
            continue
        live = [j for j, n in enumerate(target[start_k:k]) if n > 1]
        first = live[0]
        sized = [j for j, n in enumerate(group) if n > 1]
        if len(sized) != 1 or any(here[j] != (0, 1, target[start_k + j]) for j in live[1:]) or here[first][1] != 1:
            raise Unknown("part of a reshape is taken")
        inner = a // target[start_k + first]
        start, _, number = here[first]
        out += [(start * inner, 1, number * inner) if j == sized[0] else (0, 1, 1) for j in range(len(group))]
    return tuple(out)
