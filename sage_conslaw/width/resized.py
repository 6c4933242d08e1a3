r"""
The same graph with other numbers in the classes of its axes: nothing of the large one is written down for it.

A class that is not rigid may have any size.  Contractions and sums stay as they are, reshapes and repetitions get new
shapes, a mask of earlier entries is that of fewer, and a covector that sums to zero does so over fewer entries.

EXAMPLES:

The trivial case keeps all sizes; the famous one is attention with fewer tokens and heads; the windows of a convolution
are rigid, and stay::

    sage: from sage_conslaw import networks
    sage: from sage_conslaw.width.axes import axes_of
    sage: axes = axes_of(networks.linear([4, 3]).response())
    sage: axes.restricted(axes.sizes).dimension, axes.restricted([2, 1]).dimension
    (12, 2)
    sage: attention = axes_of(networks.attention(512, 64, heads=8).response())
    sage: attention.restricted([3, 2, 3, 2, 3, 3, 2, 2]).dimension
    72
    sage: image = axes_of(networks.convolutional([3, 64], size=8, kernel=3).response())
    sage: [n for n, rigid in zip(image.sizes, image.rigid) if rigid]
    [3, 8, 6]
"""
import numpy as np

from ..graph import cuts
from ..graph.operations import Add, Contract
from ..graph.rearrangements import Broadcast, Reshape, Select, Transpose, Windows
from ..graph.response import NetworkResponse
from ..structure.index_classes import NumberedLeaf
from ..graph.tensor import Constant, Data, Parameter, Tensor
from .links import is_sum_zero, is_uniform


class Axes:
    r"""
    The classes of the axes of a response.

    - ``of`` -- for each node and each of its axes the classes that it is a product of

    - ``sizes``, ``rigid`` -- of each class how many values it has, and whether these must stay

    - ``pairings`` -- triples (node, constraint of its covector, whether it is masked to earlier entries)
    """

    def __init__(self, response, order, of, sizes, rigid, pairings):
        self.response, self.order, self.of = response, order, of
        self.sizes, self.rigid, self.pairings = tuple(sizes), tuple(rigid), pairings
        self.leaves = list(response.leaves)
        # Classes of all axes one after the other, as they are asked for.
        self.flat = {}
        # Fixed factors and terms by channel that are ones in smaller networks (:mod:`.fixed_numbers`), and the values
        # of classes of positions that these keep (:mod:`.positions`).
        self.ones, self.kept = frozenset(), {}
        # Whether ranks are those of fields without brackets.
        self.letters = False
        # Data of sum one in whose place data of sum zero are taken (:func:`.switching.centred`).
        self.centred = frozenset()

    def smallest(self, c, size):
        """Return how many values a class has in a small network that wants ``size`` of them."""
        if c in self.kept:
            return len(self.kept[c])
        return self.sizes[c] if self.rigid[c] else min(self.sizes[c], size)

    def restricted(self, sizes, leaves=None):
        r"""
        Return the response of the same network with other numbers in each class; parameters outside of ``leaves`` are
        zero and left out.
        """
        kept = set(self.leaves if leaves is None else leaves)
        new = {}
        for node in self.order:
            new[node] = self._built(node, new, sizes, kept)
        pairings, constraints, seen = [], [], set()
        for node, constraint, mask in self.pairings:
            here = new[node]
            if here is None or not any(isinstance(leaf, Parameter) for leaf in here.ancestors()):
                continue
            if (here, constraint, mask) in seen:
                # A residual stream is read in many places, and without the other terms these are one.
                continue
            seen.add((here, constraint, mask))
            covector = covector_of(here, constraint, mask)
            if covector is not None:
                pairings.append((here, covector))
                constraints.append((constraint, mask))
        return NetworkResponse([new[leaf] for leaf in self.leaves if leaf in kept], pairings, constraints)

    def resized(self, sizes):
        r"""
        Return the axes of the same network with other numbers of values in its classes, which no parameter has.
        """
        out = Axes(self.response, self.order, self.of, sizes, self.rigid, self.pairings)
        out.ones, out.kept, out.centred = self.ones, self.kept, self.centred
        return out

    def shape(self, node, sizes):
        """Return the shape of a node when the classes have the given sizes."""
        return tuple(int(np.prod([sizes[c] for c in classes], dtype=np.int64)) for classes in self.of[node])

    def _built(self, node, new, sizes, kept):
        shape = self.shape(node, sizes)
        if isinstance(node, Parameter):
            return NumberedLeaf(node.name, shape) if node in kept else None
        if isinstance(node, Data):
            return Data(node.name, shape, node.kind)
        if isinstance(node, Constant):
            # At the true size the numbers are those given; at others a change of the parameters makes them ones.
            if node in self.ones and shape != node.shape:
                return Constant(np.broadcast_to(np.int64(1), shape))
            return Constant(_resized(node, shape), denominator=node.denominator)
        if is_sum_zero(node):
            return cuts.sum_zero(node.inputs[0].name, shape)
        if isinstance(node, cuts.SumOne):
            if node in self.centred:
                return (cuts.causal_sum_zero if node.causal else cuts.sum_zero)(node.name, shape)
            return cuts.sum_one(node.name, shape, node.causal)
        inputs = [new[child] for child in node.inputs]
        operation = node.operation
        if isinstance(operation, Add):
            # A parameter that is left out is zero: sums lose a term, products vanish.
            present = [child for child in inputs if child is not None]
            return Tensor(Add(), present) if len(present) == 2 else present[0] if present else None
        if any(child is None for child in inputs):
            return None
        if isinstance(operation, Contract):
            return Tensor(operation, inputs)
        (child,) = inputs
        if isinstance(operation, Reshape):
            return child.reshape(*shape)
        if isinstance(operation, Transpose):
            return child.transpose(*operation.order)
        if isinstance(operation, Broadcast):
            return child.repeat_to(shape)
        if isinstance(operation, Windows):
            return Tensor(Windows(child.shape, operation.kept, self._places(node, sizes)), (child,))
        if isinstance(operation, Select):
            # Each entry is taken equally often (:func:`.axes.axes_of` refuses anything else).
            old, new_size = child.shape[operation.axis], shape[operation.axis]
            return child[(slice(None),) * operation.axis + (np.repeat(np.arange(old), new_size // old),)]
        return child

    def _places(self, node, sizes):
        """Return the places of windows among the positions that are kept; others vanish, as padding does."""
        operation, (child,) = node.operation, node.inputs
        axes = self.of[child][operation.kept:], self.of[node][operation.kept:]
        inside, window = ([c for axis in part for c in axis] for part in axes)
        if all(sizes[c] == self.sizes[c] for c in (*inside, *window)):
            return operation.places
        kept = {c: self.kept[c] if sizes[c] != self.sizes[c] else range(self.sizes[c]) for c in (*inside, *window)}
        # The number of each position among those that are kept, -1 for the others.
        new, left = np.full([self.sizes[c] for c in inside], -1), [len(kept[c]) for c in inside]
        new[np.ix_(*(kept[c] for c in inside))] = np.arange(int(np.prod(left, dtype=np.int64))).reshape(left)
        places = operation.places.reshape([self.sizes[c] for c in window])[np.ix_(*(kept[c] for c in window))]
        places = np.where(places < 0, -1, new.ravel()[places])
        return places.reshape([int(np.prod([sizes[c] for c in axis], dtype=np.int64)) for axis in axes[1]])


def _resized(constant, shape):
    """Return the values of a constant at another shape: one number, or the mask of earlier entries.  All others are
    rigid and keep their shape."""
    if constant.shape == shape:
        return constant.values
    if is_uniform(constant):
        return np.broadcast_to(constant.values.flat[0], shape)
    if not is_mask(constant):
        raise ValueError("a constant of its own numbers has one shape")
    return np.broadcast_to(np.tril(np.ones(shape[-2:], dtype=np.int64)), shape)


def is_mask(constant):
    """Say whether a constant is the mask of earlier entries; the values of one of another shape are not read."""
    square = len(constant.shape) > 1 and constant.shape[-1] == constant.shape[-2]
    return square and is_causal(constant.values)


def is_causal(values):
    """Say whether an array is the mask of earlier entries, repeated along all axes but the last two."""
    if values is None or values.ndim < 2 or values.shape[-1] != values.shape[-2]:
        return False
    repeated = tuple(n if stride else 1 for n, stride in zip(values.shape[:-2], values.strides[:-2]))
    different = values[tuple(slice(n) for n in repeated)]
    return bool((different == np.tril(np.ones(values.shape[-2:], dtype=values.dtype))).all())


def covector_of(node, constraint, mask):
    """Return the covectors of a constraint at a node, ``None`` if they are zero; with ``mask``, only earlier entries
    take part."""
    size, masked = node.shape[-1] if node.shape else 1, mask is not None and mask is not False
    if constraint == "free":
        return Data("s", node.shape, "covector")
    # What sums to zero in one entry, or is orthogonal to a number, is zero; so is, in two entries, what is both.
    if size <= (2 if constraint == "sum zero and orthogonal" else 1):
        return None
    if constraint == "sum zero":
        return (cuts.causal_sum_zero if masked else cuts.sum_zero)("s", node.shape)
    if constraint == "orthogonal":
        return cuts.orthogonal("s", node)
    # Orthogonal to the centred tensor, in the basis of differences, where no sum is left to be zero.
    return cuts.orthogonal("s", node @ cuts.differences(size, transposed=True)) @ cuts.differences(size)
