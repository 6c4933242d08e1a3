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
    sage: from sage_conslaw.width.axes import axes_of
    sage: f = networks.attention(512, 64, heads=8).response()
    sage: axes = axes_of(f)
    sage: axes.sizes
    (512, 8, 64, 8, 64, 512, 2, 2)
    sage: [axes.of[leaf] for leaf in f.leaves]
    [((0,), (1, 2)), ((0,), (1, 2)), ((0,), (3, 4)), ((3, 4), (5,))]
    sage: axes.restricted([3, 2, 3, 2, 3, 3, 2, 2]).dimension
    72

The trivial case has a class for each width; one that fails takes a part of an axis::

    sage: axes_of(networks.linear([4, 3, 2]).response()).sizes
    (4, 3, 2)
    sage: y = networks.input(3) @ networks.parameter("W", 3, 3)
    sage: axes_of(networks.custom(y[1:]).response())
    Traceback (most recent call last):
    ...
    sage_conslaw.width.axes.Unknown: only part of an axis is taken
"""
import numpy as np

from ..graph import cuts
from ..graph.operations import Add, Contract
from ..graph.rearrangements import Broadcast, Reshape, Select, Slice, Transpose, Windows
from ..graph.response import NetworkResponse
from ..graph.tensor import Constant, Parameter, Tensor
from .fixed_numbers import only_axis, scaled_away
from .links import is_primitive, is_uniform
from .resized import Axes, is_causal, is_mask


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
            # Rigid is what any of the tied axes is: one array of fixed numbers holds the size of all.
            a.parts = [b]
        else:
            # Entries are in row-major order, so the large class begins with the small one, and what is left of it meets
            # the next.  Where 4 meets 6 no finer classes begin with both.
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


def axes_of(response):
    """Return the axes of a network's response, or raise :class:`Unknown` with the reason."""
    if (
        not isinstance(response, NetworkResponse)
        or response.constraints is None
        or len(response.constraints) != len(response.pairings)
    ):
        raise Unknown("what the covectors satisfy is not known")
    roots, drawn = _without_fixed_terms(response)
    # Inputs before users: what is tied at a node has classes already.  What a primitive is made of has none.
    order, seen = [], set()
    for node in roots:
        for ancestor in node.ancestors(closed=is_primitive):
            if ancestor not in seen:
                seen.add(ancestor)
                order.append(ancestor)
    # Each of its entries is a law; who calls leaves it out first and counts them.
    if not set(response.leaves) <= seen:
        raise Unknown("a parameter is not used")
    classes = {}
    for node in order:
        # An axis of one entry has no class: it may be repeated along any other without being tied to it.
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
                # Earlier entries are earlier tokens: rows and columns of the mask are the same ones.
                _unify(classes[node][-1], classes[node][-2])
            except Unknown as reason:
                raise Unknown(str(reason), drawn_node, mask=True) from None
    number, of, sizes, rigid = {}, {}, [], []
    # Numbers in the order of first use depend on the graph alone, so that equal segments have equal signatures.
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
        if not isinstance(node, Constant) or is_uniform(node) or is_mask(node):
            continue
        # The lemma of :mod:`.fixed_numbers` scales along one axis; any other array keeps the sizes of all its classes.
        axis = only_axis(node)
        classes = axes.of[node][axis] if axis is not None else ()
        if len(classes) == 1 and not axes.rigid[classes[0]]:
            fixed.append((node, classes[0]))
        else:
            rigid.update(c for part in axes.of[node] for c in part)
    axes.ones = frozenset(scaled_away(axes, [(node, c) for node, c in fixed if c not in rigid]))
    rigid.update(c for node, c in fixed if node not in axes.ones)
    # Another constant may hold the class: its size then stays, and ones are not needed in place of these numbers.
    axes.ones = frozenset(node for node in axes.ones if axes.of[node][only_axis(node)][0] not in rigid)
    axes.rigid = tuple(old or c in rigid for c, old in enumerate(axes.rigid))
    return axes


def _without_fixed_terms(response):
    """Return the paired nodes without terms that have no parameter: they move nothing, and their constants (frozen
    weights) tie no axes.  Also return what each new node was."""
    # Uniform constants fit any size, so a graph with no others is left as it is.
    if not any(isinstance(node, Constant) and not node.lazy and not is_uniform(node) for node in response.order):
        return [node for node, _ in response.pairings], {}
    trained, kept = {}, {}
    for node in response.order:
        trained[node] = isinstance(node, Parameter) or any(trained[child] for child in node.inputs)

    def strip(node):
        if node not in kept:
            live = [child for child in node.inputs if trained[child]]
            # Only where all above is linear in it: behind a product of two trained factors, where `live` has two
            # entries, the term does move something.
            if len(live) == 1 and isinstance(node.operation, Add):
                kept[node] = strip(live[0])
            elif node.inputs and (len(live) == 1 or isinstance(node.operation, Add)):
                inputs = [strip(child) if trained[child] else child for child in node.inputs]
                same = all(a is b for a, b in zip(inputs, node.inputs))
                kept[node] = node if same else Tensor(node.operation, inputs)
            else:
                kept[node] = node
        return kept[node]
    # Covectors that are orthogonal to the tensor depend on its value: without the fixed term they would be others.
    roots = [strip(node) if "orthogonal" not in constraint and trained[node] else node
             for (node, _), (constraint, _) in zip(response.pairings, response.constraints)]
    return roots, {new: node for node, new in kept.items() if new not in kept}


def _tie(node, classes):
    """Tie the axes of a node to those of its inputs."""
    here, operation = classes[node], node.operation
    if isinstance(node, Constant):
        # Classes that other constants make rigid are found when all classes are.
        if not is_uniform(node) and is_mask(node):
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
        # A trace or a diagonal has one index at two places of a tensor, and places are found by their index later.
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
        # As in numpy the last axes are those of the input; the new ones in front are tied to nothing.
        for axis, child in zip(here[len(here) - len(inputs[0]):], inputs[0]):
            if child:
                _unify(axis, child)
    elif isinstance(operation, Windows):
        for a, b in zip(here[:operation.kept], inputs[0]):
            _unify(a, b)
        # Which position a kernel entry reads is a table of numbers, and holds for one size only.
        for last in _flat([last for axis in (*here[operation.kept:], *inputs[0][operation.kept:]) for last in axis]):
            last.rigid = True
    elif isinstance(operation, Select):
        _tie_select(operation, here, inputs[0])
    elif isinstance(operation, Slice):
        # Slices of parameters and data have moved to these (:mod:`.parts`); one that is left cuts what has no parts.
        if any(one != (0, 1, n) for one, n in zip(operation.ranges, operation.source)):
            raise Unknown("only part of an axis is taken")
        for a, b in zip(here, inputs[0]):
            _unify(a, b)
    else:
        raise Unknown(f"the axes of a {type(operation).__name__} are not known")


def _tie_select(operation, here, child):
    # Grouped heads: each key head serves several queries in a row, and the axis is a product (key head, its query).
    size, number = operation.source[operation.axis], len(operation.entries)
    if number % size or list(operation.entries) != np.repeat(np.arange(size), number // size).tolist():
        raise Unknown("entries are taken that do not repeat each one equally often")
    for k, (a, b) in enumerate(zip(here, child)):
        if k == operation.axis:
            b = b + ([_Class(number // size)] if number > size else [])
        _unify(a, b)
