r"""
The rank of linear networks of any width, and the number of their independent laws, from small networks.

At a *chain point* few weights are not zero, and the neurons fall into small components (:mod:`chains`).  Flipping the
sign of all neurons of a component, data included, fixes the point and maps fields to fields.  So the values of the Lie
algebra at the point, and the gradients of the laws, are direct sums over the characters of these flips:

- for two components, the weights between them: one *block* a pair.  Its ranks are those of the subnetwork of any
  components that contain both, because where the other weights are zero, fields with data on the subnetwork are its
  own;
- the weights inside components, together.  Take two components of each kind and one component `a` more: words with data
  on these do not move weights inside any other, so the ranks inside `a` of these words, over all further `a`, add up
  with the rank inside the first ones.

A nonzero minor is a polynomial in the weights of the components; finitely many nonzero polynomials have a common point
where none vanishes.  So all these ranks add up, and components of one kind have equal ranks: subnetworks with two
components of each kind, and one more, give them all, whatever the widths are.

Where the covectors sum to zero, an orthogonal change of the last layer makes them free on one output less, and the
weights of the output that is left do not move.
"""
from dataclasses import dataclass

import numpy as np

from ..exact.linear_algebra import rank
from ..exact.modular import random_array
from ..flows.flow_family import FlowFamily
from ..laws.independence import jacobian
from ..graph.tensor import Data, Parameter
from ..graph.operations import Contract
from ..rank.words import Effort, word_ranks
from .chains import kinds_of_components
from .index_classes import index_classes
from .symmetries import balances, explicit_laws
from .wide_layers import independent_balances, rank_from_narrow

# Lengths of words: the first ones may add nothing, so five are always tried.
_EFFORT = Effort(work=20_000_000, idle=2, shortest=5)

# The subnetwork grows with the layers, not with the widths; from 30 layers on it would take minutes.
_MOST_PARAMETERS = 4000


def linear_layers(classes):
    r"""
    Return the leaves and classes from input to output if the graph is a plain product of matrices with data at both
    ends, else ``None``.
    """
    response = classes.response
    if len(response.pairings) != 1:
        return None
    (_, covector), = response.pairings
    used = {}
    for node in response.order:
        if node not in classes.of or node is covector or node.operation is None:
            continue
        if type(node.operation) is not Contract:
            return None
        words = node.operation.left, node.operation.right, node.operation.result
        # Each index is summed over both factors or passes through from one: nothing elementwise.
        if any(sum(letter in word for word in words) != 2 for letter in set("".join(words))):
            return None
        for child in node.inputs:
            used[child] = used.get(child, 0) + 1
    # What is read twice, a shared weight or the input of a skip connection, is no link of a chain.
    if any(number != 1 for number in used.values()):
        return None
    ends, links = set(), {}
    for node, axes in classes.of.items():
        if isinstance(node, Data) or node is covector:
            ends |= set(axes)
        elif isinstance(node, Parameter):
            # A recurrent weight has one class at both ends and closes the chain to a ring.
            if len(axes) != 2 or axes[0] == axes[1]:
                return None
            for c in axes:
                links.setdefault(c, []).append(node)
    number = {leaf: i for i, leaf in enumerate(response.leaves)}
    first = [c for c in range(len(classes.sizes)) if len(links.get(c, ())) == 1]
    if (
        len(first) != 2
        or ends != set(first)
        or any(len(nodes) > 2 for nodes in links.values())
        or len(links) != len(classes.sizes)
    ):
        return None
    # Which end is the output matters only where covectors sum to zero there.
    last = classes.zero_sum if classes.zero_sum is not None else max(first)
    here = first[0] if last == first[1] else first[1]
    path, leaves = [here], []
    while here != last:
        leaf = next((node for node in links[here] if number[node] not in leaves), None)
        if leaf is None:
            return None
        leaves.append(number[leaf])
        here = next(c for c in classes.of[leaf] if c != here)
        path.append(here)
    return (leaves, path) if len(leaves) == len(response.leaves) else None


@dataclass(frozen=True)
class ChainBounds:
    r"""
    Proved lower bounds: of the rank of the Lie algebra, and of the number of independent laws.

    - ``narrow`` -- the widths of a network from which these grow, one neuron in each hidden layer at a time, or
      ``None``
    """

    rank: int
    laws: int
    narrow: list | None = None


def chain_bounds(classes, generator, p, deadline=None):
    """Return lower bounds for a linear network of any width, or ``None`` if the graph is none."""
    layers = linear_layers(classes)
    if layers is None:
        return None
    leaves, path = layers
    widths = [classes.sizes[c] for c in path]
    # Covectors that sum to zero are free ones of one output less, in a basis with `(1, ..., 1)`: the weights of that
    # output, as many as the last hidden layer has units, are the sums of rows that do not move.
    inert = 0
    if classes.zero_sum is not None:
        inert, widths[-1] = widths[-2], widths[-1] - 1
        if not widths[-1]:
            return None
    kinds = kinds_of_components(widths)
    if kinds is None:
        return None
    size = sum(a * b for a, b in zip(widths, widths[1:]))
    rank_of_words, balances_here = 0, independent_balances(widths)
    if any(0 < first and last < len(widths) - 1 for kind, _ in kinds for first, last in kind.chains):
        # Chains that neither begin at inputs nor end at outputs move only with others, and these may be few.
        rank_of_words, narrow = rank_from_narrow(widths, generator, deadline)
        if rank_of_words + balances_here == size:
            return ChainBounds(rank_of_words, balances_here + inert, narrow)
    numbers = [number for _, number in kinds]
    # Two components of each kind, and which copy of which kind each of them is.
    copies = [(k, copy) for k, number in enumerate(numbers) for copy in range(min(number, 2))]
    twice = [kinds[k][0] for k, _ in copies]
    small = _SmallNetwork(classes, leaves, path, twice, generator, p)
    if small.size > _MOST_PARAMETERS:
        return ChainBounds(rank_of_words, balances_here + inert)
    # The laws split over the blocks as the fields do, and say in each how far its rank can go.
    law_ranks = small.law_ranks()
    inside = [pair for pair in small.blocks if pair[0] == pair[1]]
    between = [pair for pair in small.blocks if pair[0] != pair[1]]
    # Inside components the flips are trivial, so that these columns are one block together.
    parts = [[i for pair in inside for i in small.blocks[pair]], *(small.blocks[pair] for pair in between)]
    inside_rank, *ranks = small.word_ranks(
        parts, [sum(law_ranks[pair] for pair in inside), *(law_ranks[pair] for pair in between)], deadline
    )
    total_rank, total_laws = inside_rank, inert
    for pair, rank_here in zip(between, ranks):
        number = _how_many(copies[pair[0]], copies[pair[1]], numbers)
        total_rank += number * rank_here
        total_laws += number * law_ranks[pair]
    # Inside the components of a kind beyond the second.
    for a, _ in inside:
        # The second copy counts once, the first one for itself and all copies beyond the second.
        k, copy = copies[a]
        total_laws += law_ranks[a, a] * (1 if copy else max(1, numbers[k] - 1))
        # Each further copy adds the rank inside it of words with data on the first two of each kind and on it alone.
        if copy == 0 and numbers[k] > 2 and len(small.blocks[a, a]) > law_ranks[a, a]:
            more = _SmallNetwork(classes, leaves, path, [*twice, twice[a]], generator, p)
            (found,) = more.word_ranks([more.blocks[len(twice), len(twice)]], [law_ranks[a, a]], deadline)
            total_rank += found * (numbers[k] - 2)
    # Each is a lower bound by itself: ranks at special points and modulo primes are never larger than generic ones.
    return ChainBounds(max(total_rank, rank_of_words), max(total_laws, balances_here + inert))


def _how_many(one, other, numbers):
    """Return how many pairs of components of the whole network this pair of the small one stands for."""
    (k, copy), (j, other_copy) = one, other
    # The first copies stand for all pairs of two kinds; those of the second copies are counted with them.
    if k == j:
        return numbers[k] * (numbers[k] - 1) // 2
    return numbers[k] * numbers[j] if copy == other_copy == 0 else 0


class _SmallNetwork:
    """The subnetwork of some components at a random chain point, and the ranks of its blocks."""

    def __init__(self, classes, leaves, path, components, generator, p):
        self.generator, self.p = generator, p
        neurons = [
            [(a, i) for a, component in enumerate(components) for i in component.neurons(l)] for l in range(len(path))
        ]
        sizes = [0] * len(classes.sizes)
        for c, here in zip(path, neurons):
            sizes[c] = len(here)
        shapes = [tuple(sizes[c] for c in classes.of[leaf]) for leaf in classes.response.leaves]
        starts = np.cumsum([0] + [a * b for a, b in shapes])
        self.size = int(starts[-1])
        if self.size > _MOST_PARAMETERS:
            return
        self.response = classes.restricted(sizes, free=True)
        self.point, self.blocks = np.zeros(self.size, dtype=np.int64), {}
        weights = {(l, (a, i), (a, j)) for a, component in enumerate(components) for l, i, j in component.weights()}
        for l, leaf in enumerate(leaves):
            places = starts[leaf] + np.arange(shapes[leaf][0] * shapes[leaf][1]).reshape(shapes[leaf])
            if classes.of[classes.response.leaves[leaf]][0] != path[l]:
                # Rows from the layer before, also where the graph multiplies by the transpose.
                places = places.T
            for row, left in zip(places.tolist(), neurons[l]):
                for place, right in zip(row, neurons[l + 1]):
                    self.blocks.setdefault((min(left[0], right[0]), max(left[0], right[0])), []).append(place)
                    if (l, left, right) in weights:
                        # From 1 on: a chain point has no other zeros than those of its definition.
                        self.point[place] = 1 + int(random_array(generator, (), p - 1))

    def law_ranks(self):
        """Return for each block the rank of the gradients of the laws in it."""
        small = index_classes(self.response)
        gradients = jacobian(explicit_laws(small, balances(small), []), self.size, self.point, self.p)
        return {
            # A law has the character of one block, so that rows with entries in the columns have no others.
            pair: rank(gradients[gradients[:, columns].any(axis=1)][:, columns], self.p)
            for pair, columns in self.blocks.items()
        }

    def word_ranks(self, blocks, laws, deadline):
        """Return the ranks of random Lie words in some sets of columns, until they and the laws fill them or they stop
        growing."""
        family = FlowFamily(self.response, self.response.names)
        wanted = [len(columns) - number for columns, number in zip(blocks, laws)]
        return word_ranks(family, self.point, blocks, wanted, self.generator, self.p, _EFFORT, deadline)
