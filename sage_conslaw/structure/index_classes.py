r"""
Index classes: which axes of a graph run over the same neurons, and the network with fewer neurons in each class.

Axes that a contraction or a sum ties together have one index.  Permuting it permutes neurons (or inputs, or outputs)
and maps the family of fields to itself; keeping only some of its values, with all other weights and data zero, is a
smaller network of the same kind.
"""
import numpy as np

from ..graph.tensor import Constant, Data, Parameter, Tensor
from ..graph.operations import Add, Contract, Gate
from ..graph.response import NetworkResponse

# Beyond this the axes outnumber what they describe (a product of thousands of scalars), and their relations, solved
# densely, cost more than they save; networks of 100 layers have about 400 nodes.
_MOST_NODES = 500


class IndexClasses:
    r"""
    The index classes of a response whose operations are contractions, sums and gates.

    - ``of`` -- for each node the class of each of its axes

    - ``sizes`` -- the number of values of each class

    - ``zero_sum`` -- the class of the outputs if covectors sum to zero over it (softmax cross-entropy), else ``None``
    """

    def __init__(self, response, of, sizes, zero_sum):
        self.response, self.of, self.sizes, self.zero_sum = response, of, sizes, zero_sum
        self.starts = np.cumsum([0] + [leaf.size for leaf in response.leaves])

    def indices(self, leaf_number, entries):
        """Return the index of flat entries of a leaf along each of its axes."""
        return np.unravel_index(entries, self.response.leaves[leaf_number].shape)

    def restricted(self, sizes, free=False):
        r"""
        Return the response of the network with the given numbers of neurons in each class.

        With ``free``, covectors at the output are free even where those of this network sum to zero.
        """
        new = {}

        def shape(node):
            return tuple(sizes[c] for c in self.of[node])
        covectors = {covector for _, covector in self.response.pairings}
        for node in self.response.order:
            if node not in self.of:
                continue
            if isinstance(node, Parameter):
                new[node] = NumberedLeaf(node.name, shape(node))
            elif isinstance(node, Data):
                new[node] = Data(node.name, shape(node), node.kind)
            elif node in covectors and node.operation is not None:
                *lead, size = shape(node)
                new[node] = Data("s", (*lead, size), "covector") if free else \
                    Data("s", (*lead, size - 1), "covector") @ Constant(_differences(size))
            elif node.operation is not None:
                new[node] = Tensor(node.operation, [new[child] for child in node.inputs])
        return NetworkResponse(
            [new[leaf] for leaf in self.response.leaves], [(new[a], new[b]) for a, b in self.response.pairings]
        )


def _differences(size):
    return np.hstack([np.eye(size - 1, dtype=int), -np.ones((size - 1, 1), dtype=int)])


def index_classes(response):
    """Return the index classes, or ``None`` if the graph has an operation for which they are not known."""
    if not isinstance(response, NetworkResponse) or len(response.order) > _MOST_NODES:
        return None
    if not set(response.leaves) <= set(response.order):
        return None
    covectors = {covector for _, covector in response.pairings}
    # Covectors that are not free: only differences of outputs are known, and only where they are the one pairing.
    made = [node for node in response.order if node in covectors and node.operation is not None]
    if made and (len(made) > 1 or len(response.pairings) != 1 or not _is_zero_sum(made[0])):
        return None
    # What the differences are made of has an axis that is one shorter: no class of neurons.
    skipped = {child for node in made for child in node.inputs}
    nodes = [node for node in response.order if node not in skipped]
    find = _tied(nodes, made, response.pairings)
    if find is None:
        return None
    number, of, sizes = {}, {}, {}
    for node in nodes:
        of[node] = tuple(number.setdefault(find((node, axis)), len(number)) for axis in range(len(node.shape)))
        # Tied axes of different sizes: one entry that is repeated has no index of its own.
        if any(sizes.setdefault(c, size) != size for c, size in zip(of[node], node.shape)):
            return None
    out = of[made[0]][-1] if made else None
    # A second axis over the outputs would meet the covector elsewhere than in the output.
    if made and any(of[node].count(out) > 1 for node in nodes):
        return None
    return IndexClasses(response, of, list(sizes.values()), out)


def _tied(nodes, made, pairings):
    """Return which axis stands for an axis, pairs (node, number), and all that are tied to it; ``None`` if a node ties
    its axes in a way that is not known."""
    parent = {}

    def find(item):
        # Union and find, with paths halved on the way.
        while parent.setdefault(item, item) != item:
            parent[item] = parent[parent[item]]
            item = parent[item]
        return item
    for node in nodes:
        # Its entries differ, and a permutation of neurons would have to permute them.
        if isinstance(node, Constant):
            return None
        ties = () if node.operation is None or node in made else _ties(node)
        if ties is None:
            return None
        for a, b in ties:
            parent[find(a)] = find(b)
    for node, covector in pairings:
        for axis in range(len(node.shape)):
            parent[find((node, axis))] = find((covector, axis))
    return find


def _ties(node):
    """Return the pairs of axes that an operation ties together, ``None`` if these are not known."""
    operation = node.operation
    if type(operation) is Add:
        return [((child, axis), (node, axis)) for child in node.inputs for axis in range(len(node.shape))]
    # Rearrangements have classes that are products; those are for :mod:`sage_conslaw.width.axes`.
    if type(operation) not in (Contract, Gate):
        return None
    words = operation.left, operation.right, operation.result
    # A diagonal has one index on two axes: without a neuron it is no smaller network of the same kind.
    if any(len(set(word)) < len(word) for word in words):
        return None
    first, pairs = {}, []
    for tensor, word in zip((*node.inputs, node), words):
        pairs += [((tensor, axis), first.setdefault(letter, (tensor, axis))) for axis, letter in enumerate(word)]
    return pairs


def _is_zero_sum(node):
    """Say whether a covector ranges over all vectors that sum to zero along its last axis."""
    if (
        type(node.operation) is not Contract
        or not isinstance(node.inputs[0], Data)
        or not isinstance(node.inputs[1], Constant)
    ):
        return False
    operation, values = node.operation, node.inputs[1].values
    if operation.left[:-1] != operation.result[:-1] or operation.right != operation.left[-1] + operation.result[-1]:
        return False
    size = node.shape[-1]
    return values.shape == (size - 1, size) and bool((values == _differences(size)).all())


class NumberedLeaf(Parameter):
    """A parameter whose entries are always numbered, so that equal names cannot meet."""

    def entry_names(self):
        return [self.name] if self.size == 1 else super().entry_names()

    def entry_name(self, place):
        return self.name if self.size == 1 else super().entry_name(place)
