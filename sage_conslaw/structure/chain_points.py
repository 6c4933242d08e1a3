r"""
The rank of linear networks of any width, and of their laws, from one small network.

At a *chain point* each weight matrix has at most one nonzero weight in each row and column: the neurons form disjoint chains, as many as possible
from an input to an output, the others with an input or an output at one end.  Flipping the sign of all neurons of a chain, data included, fixes
the point and maps fields to fields.  So the Lie algebra's values at the point, and the gradients of the laws, are direct sums over the
characters of these flips:

- for two chains, the weights between them: one *block* a pair.  Its ranks are those of the subnetwork of any chains that contain both,
  because where the other weights are zero, fields with data on the subnetwork are its own;
- for one chain, the weights along it.

A nonzero minor of a block is a polynomial in the weights of the chains; finitely many nonzero polynomials have a common point where none vanishes.  So the
ranks of all blocks add up, and blocks of chains that begin and end in the same layers have equal ranks: one subnetwork with two chains of
each kind gives them all, whatever the widths are.

Where the covectors sum to zero, an orthogonal change of the last layer makes them free on one output less, and the weights of the
output that is left do not move.
"""
from dataclasses import dataclass

import numpy as np

from ..exact.arithmetic import ModularArithmetic
from ..exact.linear_algebra import independent_rows, rank
from ..exact.modular import random_array
from ..fields.bracket import random_word
from ..flows.flow_family import FlowFamily
from ..laws.independence import jacobian
from ..networks.graph import Data, Parameter
from ..networks.operations import Contract
from .index_classes import index_classes
from .symmetries import balances, explicit_laws

# Words of d + 1 letters cost 2^d passes.  Two to six letters were enough for all of 4000 random shapes with up to 6 layers.
_LONGEST = 8

# Lengths without gain after which the search stops: for chains that nowhere run from input to output only every second gains.
_IDLE = 2

# The subnetwork grows with the layers, not with the widths; from 30 layers on it would take minutes.
_MOST_PARAMETERS = 4000


def linear_layers(classes):
    r"""
    Return the leaves and classes from input to output if the graph is a plain product of matrices with data at both ends, else ``None``.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.structure.chain_points import linear_layers
        sage: from sage_conslaw.structure.index_classes import index_classes
        sage: linear_layers(index_classes(networks.linear([4, 3, 2]).response()))
        ([0, 1], [0, 1, 2])
        sage: linear_layers(index_classes(networks.relu([4, 3, 2]).response())) is None
        True
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
    ends, links = set(), {}
    for node, axes in classes.of.items():
        if isinstance(node, Data) or node is covector:
            ends |= set(axes)
        elif isinstance(node, Parameter):
            if len(axes) != 2 or axes[0] == axes[1] or used.get(node, 0) != 1:
                return None
            for c in axes:
                links.setdefault(c, []).append(node)
    number = {leaf: i for i, leaf in enumerate(response.leaves)}
    first = [c for c in range(len(classes.sizes)) if len(links.get(c, ())) == 1]
    if len(first) != 2 or ends != set(first) or any(len(nodes) > 2 for nodes in links.values()) or len(links) != len(classes.sizes):
        return None
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


def chains(widths):
    r"""
    Return the useful widths in one or two choices: the neurons of each layer that are put into chains.

    A layer has at most as many neurons that matter as its neighbours together have.  If more chains begin in hidden layers than there are outputs, some
    would have neither an input nor an output, and data could not tell them apart: a second choice leaves such neurons out.

    EXAMPLES::

        sage: from sage_conslaw.structure.chain_points import chains
        sage: chains([5, 3, 2]), chains([2, 9, 2])
        ([[5, 3, 2]], [[2, 4, 2]])
        sage: chains([1, 5, 5, 2])
        [[1, 5, 5, 2], [1, 3, 3, 2]]
    """
    useful = list(widths)
    while True:
        smaller = [n if l in (0, len(useful) - 1) else min(n, useful[l - 1] + useful[l + 1]) for l, n in enumerate(useful)]
        if smaller == useful:
            break
        useful = smaller
    choices = [useful]
    while sum(max(0, b - a) for a, b in zip(useful, useful[1:])) > useful[-1]:
        widest = max(useful[1:-1])
        useful = [n - 1 if 0 < l < len(useful) - 1 and n == widest else n for l, n in enumerate(useful)]
    return choices if useful == choices[0] else [*choices, useful]


def kinds_of_chains(useful, widths):
    r"""
    Return the kinds of chains as pairs (layers, how many): where the width grows chains begin, where it falls the oldest end.

    EXAMPLES::

        sage: from sage_conslaw.structure.chain_points import kinds_of_chains
        sage: kinds_of_chains([5, 3, 2], [5, 3, 2])
        [(range(0, 1), 2), (range(0, 2), 1), (range(0, 3), 2)]

    Neurons beyond the chains are alone::

        sage: kinds_of_chains([2, 4, 2], [2, 9, 2])
        [(range(0, 2), 2), (range(1, 3), 2), (range(1, 2), 5)]
    """
    open_chains, kinds = [[0, useful[0]]], []
    for l, (n, following) in enumerate(zip(useful, useful[1:])):
        ending = n - following
        while ending > 0:
            first, number = open_chains[0]
            taken = min(number, ending)
            kinds.append((range(first, l + 1), taken))
            ending -= taken
            open_chains[0][1] -= taken
            if not open_chains[0][1]:
                open_chains.pop(0)
        if following > n:
            open_chains.append([l + 1, following - n])
    kinds += [(range(first, len(useful)), number) for first, number in open_chains if number]
    return kinds + [(range(l, l + 1), n - m) for l, (n, m) in enumerate(zip(widths, useful)) if n > m]


@dataclass(frozen=True)
class ChainBounds:
    r"""
    Proved lower bounds: of the rank of the Lie algebra, and of the number of independent laws.

    EXAMPLES::

        sage: from sage_conslaw.structure.chain_points import ChainBounds
        sage: ChainBounds(9r, 3r).rank
        9
    """

    rank: int
    laws: int


def chain_bounds(classes, generator, p, deadline=None):
    r"""
    Return lower bounds for a linear network of any width, or ``None`` if the graph is none.

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw import networks
        sage: from sage_conslaw.structure.chain_points import chain_bounds
        sage: from sage_conslaw.structure.index_classes import index_classes
        sage: def bounds(net, loss="least-squares"):
        ....:     return chain_bounds(index_classes(net.response(loss)), numpy.random.default_rng(0r), int(2^61 - 1))
        sage: bounds(networks.linear([40, 30, 20, 10]))                     # 1325 + 675 = 2000
        ChainBounds(rank=1325, laws=675)
        sage: bounds(networks.linear([3, 4, 3]), "cross-entropy")           # 10 + 14 = 24
        ChainBounds(rank=10, laws=14)

    One input and one output: a law is missing, and nothing claims it (the count is 7)::

        sage: bounds(networks.linear([1, 2, 2, 1]))
        ChainBounds(rank=1, laws=6)
    """
    layers = linear_layers(classes)
    if layers is None:
        return None
    leaves, path = layers
    widths = [classes.sizes[c] for c in path]
    inert = 0
    if classes.zero_sum is not None:
        inert, widths[-1] = widths[-2], widths[-1] - 1
        if not widths[-1]:
            return None
    rank_found = laws_found = 0
    for useful in chains(widths):
        at_point = _at_chain_point(classes, leaves, path, kinds_of_chains(useful, widths), generator, p, deadline)
        if at_point is not None:
            # The two bounds may come from different points: each holds at generic ones.
            rank_found, laws_found = max(rank_found, at_point[0]), max(laws_found, at_point[1])
    return ChainBounds(rank_found, laws_found + inert)


def _at_chain_point(classes, leaves, path, kinds, generator, p, deadline):
    """Return the rank and the number of independent laws at a generic chain point with these kinds of chains."""
    members = [(kind, copy) for kind, (_, number) in enumerate(kinds) for copy in range(min(number, 2))]
    owners = [[i for i, (kind, _) in enumerate(members) if l in kinds[kind][0]] for l in range(len(path))]
    sizes = [0] * len(classes.sizes)
    for c, owner in zip(path, owners):
        sizes[c] = len(owner)
    if sum(len(a) * len(b) for a, b in zip(owners, owners[1:])) > _MOST_PARAMETERS:
        return None
    blocks, point = _blocks_and_point(classes, leaves, path, owners, sizes, generator, p)
    response = classes.restricted(sizes, free=True)
    small = index_classes(response)
    gradients = jacobian(explicit_laws(small, balances(small), []), len(point), point, p)
    law_ranks = {pair: rank(gradients[gradients[:, columns].any(axis=1)][:, columns], p) for pair, columns in blocks.items()}
    ranks = _word_ranks(response, point, blocks, law_ranks, generator, p, deadline)
    total_rank = total_laws = 0
    for pair in blocks:
        number = _how_many(pair, members, kinds)
        total_laws += number * law_ranks[pair]
        if pair[0] != pair[1]:
            total_rank += number * ranks[pair]
        else:
            # Along a chain: the field with data at its own two ends moves its weights and no others.
            total_rank += number * (len(kinds[members[pair[0]][0]][0]) == len(path))
    return total_rank, total_laws


def _how_many(pair, members, kinds):
    """Return how many blocks of the whole network look like this one of the small network, counted once."""
    (kind, copy), (other, other_copy) = members[pair[0]], members[pair[1]]
    number, other_number = kinds[kind][1], kinds[other][1]
    if pair[0] == pair[1]:
        return number if copy == 0 else 0
    if kind == other:
        return number * (number - 1) // 2
    return number * other_number if copy == other_copy == 0 else 0


def _blocks_and_point(classes, leaves, path, owners, sizes, generator, p):
    """Return the places of the weights between each two chains of the small network, and a random chain point."""
    response = classes.response
    shapes = {leaf: tuple(sizes[c] for c in classes.of[response.leaves[leaf]]) for leaf in leaves}
    starts, position = {}, 0
    for leaf in range(len(response.leaves)):
        starts[leaf] = position
        position += shapes[leaf][0] * shapes[leaf][1]
    blocks, point = {}, np.zeros(position, dtype=np.int64)
    for l, leaf in enumerate(leaves):
        places = starts[leaf] + np.arange(shapes[leaf][0] * shapes[leaf][1]).reshape(shapes[leaf])
        if classes.of[response.leaves[leaf]][0] != path[l]:
            places = places.T
        for i, a in enumerate(owners[l]):
            for j, b in enumerate(owners[l + 1]):
                blocks.setdefault((min(a, b), max(a, b)), []).append(int(places[i, j]))
                if a == b:
                    point[places[i, j]] = 1 + int(random_array(generator, (), p - 1))
    return blocks, point


def _word_ranks(response, point, blocks, law_ranks, generator, p, deadline):
    """Return the ranks of random Lie words in each block between two chains, until they fill it or stop growing."""
    family, A = FlowFamily(response, response.names), ModularArithmetic(p)
    values = {pair: np.zeros((0, len(columns)), dtype=np.int64) for pair, columns in blocks.items() if pair[0] != pair[1]}
    most = {pair: len(columns) - law_ranks[pair] for pair, columns in blocks.items()}
    batch = max([len(columns) for columns in blocks.values()], default=0) + 2
    idle = depth = 0
    while idle < _IDLE and depth < _LONGEST and any(len(rows) < most[pair] for pair, rows in values.items()):
        if deadline is not None:
            deadline.check()
        words = np.broadcast_to(random_word(family, generator, p, batch, depth)(A, point), (batch, len(point)))
        idle += 1
        for pair, rows in values.items():
            if len(rows) < most[pair]:
                stack = np.concatenate([rows, words[:, blocks[pair]]])
                kept = stack[independent_rows(stack, p)]
                if len(kept) > len(rows):
                    values[pair], idle = kept, 0
        depth += 1
    return {pair: len(rows) for pair, rows in values.items()}
