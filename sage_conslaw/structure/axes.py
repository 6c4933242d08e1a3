r"""
The axes of any contraction graph: which of them run over the same things, and the same graph with other numbers of
these.

Every axis of every tensor is a product of *classes*: the width of a model is ``(heads, head width)`` once a reshape has
split it. Contractions, sums, transposes, reshapes, repetitions and covectors tie axes together; tied axes have one
class.  Some classes are *rigid*: the pixels and kernel entries of a convolution, and what a constant that is no single
number touches; their sizes stay.  All others may have any size: :meth:`Axes.restricted` is the same network with other
widths, and nothing of the large one is written down for it.

EXAMPLES::

    sage: from sage_conslaw import networks
    sage: from sage_conslaw.structure.axes import axes_of
    sage: f = networks.attention(512, 64, heads=8).response()
    sage: axes = axes_of(f)
    sage: axes.sizes
    (512, 8, 64, 8, 64, 512, 2, 2)
    sage: [axes.of[leaf] for leaf in f.leaves]
    [((0,), (1, 2)), ((0,), (1, 2)), ((0,), (3, 4)), ((3, 4), (5,))]
    sage: axes.restricted([3, 2, 3, 2, 3, 3, 2, 2]).dimension
    72
"""
import numpy as np

from ..graph import cuts
from ..graph.operations import Add, Contract
from ..graph.rearrangements import Broadcast, Reshape, Select, Slice, Transpose, Windows
from ..graph.response import NetworkResponse
from ..graph.tensor import Constant, Data, Parameter, Tensor
from .fixed_numbers import only_axis, scaled_away
from .links import is_primitive, is_sum_zero, is_uniform


class Unknown(Exception):
    """The structure of the graph is not known: an operation, or axes that are cut in ways that do not fit; ``node`` is
    where, and ``mask`` says that it is the mask of its covectors."""

    def __init__(self, reason, node=None, mask=False):
        super().__init__(reason)
        self.node, self.mask = node, mask

    def at(self, node):
        """Return the same reason, at a node if it is at none."""
        self.node = node if self.node is None else self.node
        return self


class _Class:
    """A class while classes are found: later it is another one, or a product of several."""

    def __init__(self, size, rigid=False):
        self.size, self.rigid, self.parts = size, rigid, None

    def resolved(self):
        """Return the classes that this one is a product of in the end, in order."""
        if self.parts is None:
            return [self]
        self.parts = [last for part in self.parts for last in part.resolved()]
        return self.parts


def _flat(classes):
    return [last for one in classes for last in one.resolved()]


def _unify(left, right):
    """Make two products of classes one, splitting classes where sizes divide each other."""
    left, right = _flat(left), _flat(right)
    while left and right:
        a, b = left.pop(0), right.pop(0)
        if a is b:
            continue
        if a.size == b.size:
            b.rigid = b.rigid or a.rigid
            a.parts = [b]
        else:
            large, small, rest = (a, b, left) if a.size > b.size else (b, a, right)
            if large.size % small.size:
                raise Unknown(f"axes of sizes {a.size} and {b.size} do not split each other")
            other = _Class(large.size // small.size, large.rigid)
            small.rigid = small.rigid or large.rigid
            large.parts = [small, other]
            rest.insert(0, other)
        left, right = _flat(left), _flat(right)
    if left or right:
        raise Unknown("axes of different sizes are tied together")


class Axes:
    r"""
    The classes of the axes of a response.

    - ``of`` -- for each node and each of its axes the classes that it is a product of

    - ``sizes``, ``rigid`` -- of each class how many values it has, and whether these must stay

    - ``pairings`` -- triples (node, constraint of its covector, whether it is masked to earlier entries)

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.structure.axes import axes_of
        sage: axes = axes_of(networks.relu([40, 30, 10], bias=True).response("cross-entropy"))
        sage: axes.sizes, axes.pairings[0][1]
        ((40, 30, 10), 'sum zero')
    """

    def __init__(self, response, order, of, sizes, rigid, pairings):
        self.response, self.order, self.of = response, order, of
        self.sizes, self.rigid, self.pairings = tuple(sizes), tuple(rigid), pairings
        self.leaves = [leaf for leaf in response.leaves]
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
        r"""
        Return how many values a class has in a small network that wants ``size`` of them.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: from sage_conslaw.structure.axes import axes_of
            sage: axes_of(networks.relu([40, 30, 10]).response()).smallest(1r, 2r)
            2
        """
        if c in self.kept:
            return len(self.kept[c])
        return self.sizes[c] if self.rigid[c] else min(self.sizes[c], size)

    def restricted(self, sizes, leaves=None):
        r"""
        Return the response of the same network with other numbers in each class; parameters outside of ``leaves`` are
        zero and left out.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: from sage_conslaw.structure.axes import axes_of
            sage: f = networks.perceptron([512, 2048, 256], activation="z^2").response()
            sage: [leaf.shape for leaf in axes_of(f).restricted([2, 3, 4]).leaves]
            [(2, 3), (3, 4)]
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

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: from sage_conslaw.structure.axes import axes_of
            sage: axes = axes_of(networks.attention(4, 2, tokens=7).response())
            sage: axes.sizes, axes.resized([2 if n == 7 else n for n in axes.sizes]).sizes
            ((4, 2, 2, 4, 7, 7), (4, 2, 2, 4, 2, 2))
        """
        out = Axes(self.response, self.order, self.of, sizes, self.rigid, self.pairings)
        out.ones, out.kept, out.centred = self.ones, self.kept, self.centred
        return out

    def shape(self, node, sizes):
        r"""
        Return the shape of a node when the classes have the given sizes.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: from sage_conslaw.structure.axes import axes_of
            sage: f = networks.linear([4, 3]).response(); axes = axes_of(f)
            sage: axes.shape(f.leaves[0r], [2, 5])
            (2, 5)
        """
        return tuple(int(np.prod([sizes[c] for c in classes], dtype=np.int64)) for classes in self.of[node])

    def _built(self, node, new, sizes, kept):
        shape = self.shape(node, sizes)
        if isinstance(node, Parameter):
            return _Leaf(node.name, shape) if node in kept else None
        if isinstance(node, Data):
            return Data(node.name, shape, node.kind)
        if isinstance(node, Constant):
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
            return child[
                (slice(None),) * operation.axis
                + (
                    np.repeat(
                        np.arange(child.shape[operation.axis]), shape[operation.axis] // child.shape[operation.axis]
                    ),
                )
            ]
        return child

    def _places(self, node, sizes):
        """Return the places of windows among the positions that are kept; others vanish, as padding does."""
        operation, (child,) = node.operation, node.inputs
        axes = self.of[child][operation.kept:], self.of[node][operation.kept:]
        inside, window = ([c for axis in part for c in axis] for part in axes)
        if all(sizes[c] == self.sizes[c] for c in (*inside, *window)):
            return operation.places
        kept = {c: self.kept[c] if sizes[c] != self.sizes[c] else range(self.sizes[c]) for c in (*inside, *window)}
        new = np.full([self.sizes[c] for c in inside], -1)
        new[np.ix_(*(kept[c] for c in inside))] = np.arange(new[np.ix_(*(kept[c] for c in inside))].size).reshape(
            [len(kept[c]) for c in inside]
        )
        places = operation.places.reshape([self.sizes[c] for c in window])[np.ix_(*(kept[c] for c in window))]
        places = np.where(places < 0, -1, new.ravel()[places])
        return places.reshape([int(np.prod([sizes[c] for c in axis], dtype=np.int64)) for axis in axes[1]])


class _Leaf(Parameter):
    """A parameter whose entries are always numbered, so that equal names cannot meet."""

    def entry_names(self):
        return [self.name] if self.size == 1 else super().entry_names()

    def entry_name(self, place):
        return self.name if self.size == 1 else super().entry_name(place)


def _resized(constant, shape):
    if constant.shape == shape:
        return constant.values
    values = constant.values
    if is_uniform(constant):
        return np.broadcast_to(values.flat[0], shape)
    return np.broadcast_to(np.tril(np.ones(shape[-2:], dtype=np.int64)), shape)


def _is_mask(constant):
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
    r"""
    Return the covectors of a constraint at a node, ``None`` if they are zero; with ``mask``, only earlier entries take
    part.

    EXAMPLES::

        sage: from sage_conslaw.graph.tensor import Data
        sage: from sage_conslaw.structure.axes import covector_of
        sage: covector_of(Data("z", (4, 3), "input"), "sum zero", False).shape
        (4, 3)
    """
    size = node.shape[-1] if node.shape else 1
    if constraint == "free":
        return Data("s", node.shape, "covector")
    if size <= (2 if constraint == "sum zero and orthogonal" else 1):
        return None
    if constraint == "sum zero":
        return (cuts.causal_sum_zero if mask else cuts.sum_zero)("s", node.shape)
    if constraint == "orthogonal":
        return cuts.orthogonal("s", node)
    return cuts.orthogonal("s", node @ cuts.differences(size, transposed=True)) @ cuts.differences(size)


def axes_of(response):
    r"""
    Return the axes of a network's response, or raise :class:`Unknown` with the reason.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.structure.axes import axes_of
        sage: axes_of(networks.convolutional([3, 64, 10], size=8, kernel=3, dimensions=2).response()).sizes
        (64, 3, 3, 3, 10, 3, 3, 8, 8, 6, 6, 4, 4)
        sage: x, W = networks.input(3), networks.parameter("W", 3, 3)
        sage: axes_of(networks.custom((x @ W)[1:]).response())
        Traceback (most recent call last):
        ...
        sage_conslaw.structure.axes.Unknown: only part of an axis is taken
    """
    if (
        not isinstance(response, NetworkResponse)
        or response.constraints is None
        or len(response.constraints) != len(response.pairings)
    ):
        raise Unknown("what the covectors satisfy is not known")
    roots, drawn = _without_fixed_terms(response)
    order, seen = [], set()
    for node in roots:
        for ancestor in _ancestors(node):
            if ancestor not in seen:
                seen.add(ancestor)
                order.append(ancestor)
    if not set(response.leaves) <= seen:
        raise Unknown("a parameter is not used")
    classes = {}
    for node in order:
        classes[node] = [[_Class(n)] if n > 1 else [] for n in node.shape]
        try:
            _tie(node, classes)
        except Unknown as reason:
            raise reason.at(drawn.get(node, node)) from None
    pairings = []
    for node, (drawn_node, _), (constraint, mask) in zip(roots, response.pairings, response.constraints):
        causal = mask is not None and mask is not False
        if causal and mask is not True and not is_causal(np.asarray(mask)):
            raise Unknown("a mask is not that of earlier entries", drawn_node, mask=True)
        pairings.append((node, constraint, causal))
        if causal:
            try:
                _unify(classes[node][-1], classes[node][-2])
            except Unknown as reason:
                raise Unknown(str(reason), drawn_node, mask=True) from None
    number, of, sizes, rigid = {}, {}, [], []
    for node in dict.fromkeys([*response.leaves, *order]):
        of[node] = tuple(
            tuple(number.setdefault(id(last), (len(number), last))[0] for last in _flat(axis)) for axis in classes[node]
        )
    for _, last in sorted(number.values(), key=lambda pair: pair[0]):
        sizes.append(last.size)
        rigid.append(last.rigid)
    return _with_fixed_numbers(Axes(response, order, of, sizes, rigid, pairings))


def _with_fixed_numbers(axes):
    """Return the axes with the classes rigid that have fixed numbers which no change of the parameters makes ones."""
    fixed, rigid = [], set()
    for node in axes.order:
        if not isinstance(node, Constant) or is_uniform(node) or _is_mask(node):
            continue
        axis = only_axis(node)
        classes = axes.of[node][axis] if axis is not None else ()
        if len(classes) == 1 and not axes.rigid[classes[0]]:
            fixed.append((node, classes[0]))
        else:
            rigid.update(c for part in axes.of[node] for c in part)
    axes.ones = frozenset(scaled_away(axes, [(node, c) for node, c in fixed if c not in rigid]))
    rigid.update(c for node, c in fixed if node not in axes.ones)
    axes.ones = frozenset(node for node in axes.ones if axes.of[node][only_axis(node)][0] not in rigid)
    axes.rigid = tuple(old or c in rigid for c, old in enumerate(axes.rigid))
    return axes


def _without_fixed_terms(response):
    """Return the paired nodes without terms that have no parameter: they move nothing, and their constants (frozen
    weights) tie no axes.  Also return what each new node was."""
    if not any(isinstance(node, Constant) and not node.lazy and not is_uniform(node) for node in response.order):
        return [node for node, _ in response.pairings], {}
    trained, kept = {}, {}
    for node in response.order:
        trained[node] = isinstance(node, Parameter) or any(trained[child] for child in node.inputs)

    def strip(node):
        if node not in kept:
            live = [child for child in node.inputs if trained[child]]
            if len(live) == 1 and isinstance(node.operation, Add):
                kept[node] = strip(live[0])
            elif node.inputs and (len(live) == 1 or isinstance(node.operation, Add)):
                inputs = [strip(child) if trained[child] else child for child in node.inputs]
                same = all(a is b for a, b in zip(inputs, node.inputs))
                kept[node] = node if same else Tensor(node.operation, inputs)
            else:
                kept[node] = node
        return kept[node]
    roots = [strip(node) if "orthogonal" not in constraint and trained[node] else node
             for (node, _), (constraint, _) in zip(response.pairings, response.constraints)]
    return roots, {new: node for node, new in kept.items() if new not in kept}


def _ancestors(root):
    """Return all nodes up to this one; what a primitive is made of is left out."""
    order, seen, stack = [], set(), [(root, False)]
    while stack:
        node, expanded = stack.pop()
        if expanded:
            order.append(node)
        elif node not in seen:
            seen.add(node)
            stack.append((node, True))
            if not is_primitive(node):
                stack.extend((child, False) for child in reversed(node.inputs))
    return order


def _tie(node, classes):
    """Tie the axes of a node to those of its inputs."""
    here, operation = classes[node], node.operation
    if isinstance(node, Constant):
        # Classes that other constants make rigid are found when all classes are.
        if not is_uniform(node) and _is_mask(node):
            _unify(here[-1], here[-2])
        return
    if isinstance(node, cuts.SumOne) and node.causal:
        _unify(here[-1], here[-2])
    if operation is None or is_primitive(node):
        return
    inputs = [classes[child] for child in node.inputs]
    if isinstance(operation, Add):
        for child in inputs:
            for a, b in zip(child, here):
                _unify(a, b)
    elif isinstance(operation, Contract):
        words = (operation.left, operation.right, operation.result)
        if any(len(set(word)) < len(word) for word in words):
            raise Unknown("an axis is contracted with itself")
        known = {}
        for word, axes in zip(words, (*inputs, here)):
            for letter, axis in zip(word, axes):
                _unify(known.setdefault(letter, axis), axis)
    elif isinstance(operation, Transpose):
        for axis, k in zip(here, operation.order):
            _unify(axis, inputs[0][k])
    elif isinstance(operation, Reshape):
        _unify([last for axis in inputs[0] for last in axis], [last for axis in here for last in axis])
    elif isinstance(operation, Broadcast):
        for axis, child in zip(here[len(here) - len(inputs[0]):], inputs[0]):
            if child:
                _unify(axis, child)
    elif isinstance(operation, Windows):
        for a, b in zip(here[:operation.kept], inputs[0]):
            _unify(a, b)
        for last in _flat([last for axis in (*here[operation.kept:], *inputs[0][operation.kept:]) for last in axis]):
            last.rigid = True
    elif isinstance(operation, Select):
        _tie_select(operation, here, inputs[0])
    elif isinstance(operation, Slice):
        if any(one != (0, 1, n) for one, n in zip(operation.ranges, operation.source)):
            raise Unknown("only part of an axis is taken")
        for a, b in zip(here, inputs[0]):
            _unify(a, b)
    else:
        raise Unknown(f"the axes of a {type(operation).__name__} are not known")


def _tie_select(operation, here, child):
    size, number = operation.source[operation.axis], len(operation.entries)
    if number % size or list(operation.entries) != np.repeat(np.arange(size), number // size).tolist():
        raise Unknown("entries are taken that do not repeat each one equally often")
    for k, (a, b) in enumerate(zip(here, child)):
        if k == operation.axis:
            b = b + ([_Class(number // size)] if number > size else [])
        _unify(a, b)
