"""Biases apart: parameters that enter by a sum, and whether the fields move them freely where weights are zero."""
import numpy as np

from ..exact.arithmetic import ModularArithmetic
from ..exact.linear_algebra import rank
from ..exact.modular import random_array
from ..graph.operations import Add
from ..graph.rearrangements import Broadcast, Reshape
from ..graph.response import NetworkResponse
from .bases import dimension
from .links import flat, is_primitive

# Numbers held at once for the components of biases: 0.5 GB.
_MOST_NUMBERS = 60_000_000


def added_leaves(axes):
    """Return the parameters that enter by a sum, repeated or not: biases."""
    entering = {leaf: leaf for leaf in axes.leaves}
    uses = {leaf: [] for leaf in axes.leaves}
    for node in axes.order:
        for child in node.inputs if not is_primitive(node) else ():
            if child in entering and isinstance(node.operation, (Broadcast, Reshape)):
                entering[node] = entering[child]
            elif child in entering:
                uses[entering[child]].append(isinstance(node.operation, Add))
    found = [leaf for leaf in axes.leaves if uses[leaf] and all(uses[leaf])]
    # A network of biases alone has none apart.
    return found if len(found) < len(axes.leaves) else []


def offsets_move(axes, offsets, fixed, generator, p, deadline):
    """Say whether the components of the fields at some parameters fill their space; where other neurons' weights are
    zero, fewer neurons do."""
    # A rank at any point is a lower bound.  Where the weights of other neurons are zero, and their data, the components
    # are those of the network with few of them, in which the biases' own classes have all their values.
    mine = {c for leaf in offsets for c in flat(axes, leaf)}
    wanted = sum(int(np.prod([axes.sizes[c] for c in flat(axes, leaf)])) for leaf in offsets) - fixed
    names, few = {leaf.name for leaf in offsets}, 4
    while True:
        if deadline is not None:
            deadline.check()
        sizes = [n if c in mine else axes.smallest(c, few) for c, n in enumerate(axes.sizes)]
        if few < max(axes.sizes) and not all(_has_readers(axes, c, sizes) for c in mine):
            few *= 2
            continue
        if wanted * max(map(int, sizes)) * 8 > _MOST_NUMBERS or dimension(axes, sizes) > _MOST_NUMBERS:
            return False
        small = axes.restricted(sizes)
        biases = [leaf for leaf in small.leaves if leaf.name in names]
        if _components_rank(small, biases, wanted, generator, p) == wanted:
            return True
        if few >= max(axes.sizes):
            return False
        few *= 2


def _has_readers(axes, c, sizes):
    """Say whether as many numbers as there are biases of a class are read from each of them: with fewer their
    components cannot fill it."""
    total = 0
    for leaf in axes.leaves:
        here = flat(axes, leaf)
        if c in here and len(here) > 1:
            total += int(np.prod([sizes[d] for d in here], dtype=np.int64)) // sizes[c]
    return total >= sizes[c]


def _components_rank(response, leaves, wanted, generator, p):
    """Return the rank of the components at some leaves of random fields at a random point."""
    A, batch = ModularArithmetic(p), wanted + 2
    data = response.draw(generator, p, batch)
    values = response.forward(A, random_array(generator, (response.dimension,), p), data)
    # One backward pass that keeps what reaches these leaves alone.
    some = NetworkResponse(leaves, response.pairings)
    rows = some.pulled_back(A, values, [(node, values[covector]) for node, covector in response.pairings])
    return rank(np.broadcast_to(rows, (batch, some.dimension)), p)
