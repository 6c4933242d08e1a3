r"""
Symmetries that a graph shows, and the laws that they give.

If the response does not change to first order under `\theta \mapsto \theta + \epsilon A \theta` for all data, with `A`
symmetric, then `\langle A\theta, \nabla f \rangle = 0`, and `\theta^T A \theta` is conserved by Euclidean gradient
flow.  If it does not change under a translation by `b`, then `\langle b, \theta \rangle` is conserved.  Both are read
off the graph, axis by axis:

- let each axis of an index class of size `n` transform by `\alpha S`, one number `\alpha` an axis.  A contraction over
  the index needs `\alpha + \alpha' = 0`, an axis that passes through keeps `\alpha`, a sum needs equal ones, data have
  0.  Where the index is never multiplied elementwise, `S` is any symmetric matrix: `n(n+1)/2` laws.  Otherwise `S` is
  diagonal: `n` laws;
- covectors that sum to zero do not see a shift of all outputs; sums and contractions carry the shift back to the
  parameters.

EXAMPLES:

Nothing is shared in a single layer; a linear hidden layer has a matrix of laws, a gated one its diagonal, here with the
bias; cross-entropy has sums besides::

    sage: from sage_conslaw import networks
    sage: from sage_conslaw.structure.index_classes import index_classes
    sage: from sage_conslaw.structure.symmetries import balances, explicit_laws, shifts
    sage: balances(index_classes(networks.linear([3, 2]).response()))
    []
    sage: balances(index_classes(networks.linear([3, 2, 3]).response()))
    [Balance(index_class=1, size=2, full=True, axes=((0, 1, 1), (1, 0, -1)))]
    sage: classes = index_classes(networks.relu([3, 2, 4], bias=True).response("cross-entropy"))
    sage: balances(classes), shifts(classes)
    ([Balance(index_class=1, size=2, full=False, axes=((0, 1, 1), (1, 0, 1), (2, 0, -1)))],
     [Shift(leaf=2, axis=1, shape=(2, 4))])
    sage: classes = index_classes(networks.linear([1, 2, 1]).response())
    sage: explicit_laws(classes, balances(classes), [])
    [{(0, 0): Fraction(1, 1), (2, 2): Fraction(-1, 1)},
     {(0, 1): Fraction(1, 1), (2, 3): Fraction(-1, 1)},
     {(1, 1): Fraction(1, 1), (3, 3): Fraction(-1, 1)}]
"""
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..exact.linear_algebra import rank
from ..exact.modular import random_array
from ..exact.terms import multiply, oriented
from ..graph.operations import Add
from ..graph.tensor import Data
from ..laws.gradings import WeightLattice

# Entries of explicit laws: 3 million terms are about 1 GB of Python objects.
MAX_TERMS = 3_000_000

# Independent modulo it, vectors are independent over Q; by chance fewer balances would be kept, none invented.
_PRIME = (1 << 61) - 1


@dataclass(frozen=True)
class Balance:
    r"""Laws `\sum_a \alpha_a \langle \theta_a, \theta_a S \rangle` over some axes of leaves, triples (leaf, axis,
    `\alpha`), for all (diagonal) symmetric `S` on an index class."""

    index_class: int
    size: int
    full: bool
    axes: tuple

    @property
    def number(self):
        """How many laws it gives: the entries of a symmetric matrix, or its diagonal."""
        return self.size * (self.size + 1) // 2 if self.full else self.size


@dataclass(frozen=True)
class Shift:
    r"""Laws `\sum_k \theta_{..k..}`: sums of a leaf along one axis, one for each entry along the others."""

    leaf: int
    axis: int
    shape: tuple

    @property
    def number(self):
        """How many laws it gives."""
        return int(np.prod(self.shape)) // self.shape[self.axis]


def balances(classes, mirror=()):
    """Return the balances of a graph, independent as symmetries; leaves in ``mirror`` allow only diagonal ones."""
    found = []
    for c, size in enumerate(classes.sizes):
        axes, known = _axes_in(classes, c), []
        if not axes:
            continue
        # In the metric theta a law of a leaf is linear, a sum of alpha theta, and has no entries off the diagonal.
        for full in (False,) if any(number in mirror for number, _ in axes) else (True, False):
            for weights in _scalings(classes, c, axes, full):
                # Of the diagonal ones only what the full ones do not already give.
                if rank(np.array([*known, weights], dtype=np.int64) % _PRIME, _PRIME) > len(known):
                    known.append(weights)
                    found.append(Balance(c, size, full, _used(axes, weights)))
    return found


def _axes_in(classes, c):
    """Return the pairs (leaf number, axis) of parameters in a class."""
    return [(number, axis) for number, leaf in enumerate(classes.response.leaves)
            for axis, other in enumerate(classes.of[leaf]) if other == c]


def _used(axes, weights):
    """Return the axes with weights that are not zero, coprime and the first positive."""
    # Laws are written in one way, and weights stay small.
    scale = int(np.gcd.reduce(weights)) * (1 if weights[np.flatnonzero(weights)[0]] > 0 else -1)
    return tuple((number, axis, int(w) // scale) for (number, axis), w in zip(axes, weights) if w)


def _scalings(classes, c, axes, full):
    """Return the integer weights of the parameter axes under which the response is invariant for fixed data."""
    lattice = WeightLattice()
    weights = _axis_weights(classes, c, lattice, full, data_fixed=True)
    _, scales = lattice.characters([weights[classes.response.leaves[number], axis] for number, axis in axes])
    return list(scales.T)


def sign_words(classes, generator):
    """Return one 62-bit word a parameter; monomials whose words add up (xor) to different values have different sign
    characters.  Equal words of different characters, two in `2^{62}`, would join two blocks, which harms no proof."""
    # Flipping the sign of one index value, in parameters and data together, maps each field to plus or minus a field.
    response = classes.response
    words = [np.zeros(leaf.shape, dtype=np.int64) for leaf in response.leaves]
    for c, size in enumerate(classes.sizes):
        axes, lattice = _axes_in(classes, c), WeightLattice()
        if not axes:
            continue
        weights = _axis_weights(classes, c, lattice, False, data_fixed=False)
        signs, _ = lattice.characters([weights[response.leaves[number], axis] for number, axis in axes])
        for character in signs.T:
            # Where covectors sum to zero, outputs change sign together or not at all.
            random = random_array(generator, (1 if c == classes.zero_sum else size,), 1 << 62)
            for (number, axis), bit in zip(axes, character):
                if bit:
                    words[number] ^= random.reshape((-1,) + (1,) * (words[number].ndim - 1 - axis))
    return np.concatenate([word.ravel() for word in words])


def _axis_weights(classes, c, lattice, full, data_fixed):
    """Add the relations between the weights of all axes of one class."""
    weights = {(node, axis): lattice.unknowns(1)[0]
               for node, axes in classes.of.items() for axis, other in enumerate(axes) if other == c}

    def places(node):
        return [axis for axis, other in enumerate(classes.of[node]) if other == c]
    covectors = {covector for _, covector in classes.response.pairings}
    for node in classes.of:
        # For laws the data are fixed; for sign flips they change sign too, which maps fields to fields.
        if isinstance(node, Data) or node in covectors and node.operation is not None:
            # A covector that sums to zero: fixed, or scaled as a whole.
            for axis in places(node) if data_fixed else ():
                lattice.relation({weights[node, axis]: 1})
        elif isinstance(node.operation, Add):
            for child in node.inputs:
                for axis in places(node):
                    lattice.relation({weights[child, axis]: 1}, {weights[node, axis]: -1})
        elif node.operation is not None:
            _relate_product(node, weights, lattice, full)
    for node, covector in classes.response.pairings:
        for axis in places(node):
            # The pairing `<s, z>` is a contraction over all axes.
            lattice.relation({weights[node, axis]: 1}, {weights[covector, axis]: 1})
    return weights


def _relate_product(node, weights, lattice, full):
    """Say that weights add in a product, letter by letter."""
    by_letter, operation = {}, node.operation
    words = operation.left, operation.right, operation.result
    for sign, tensor, word in zip((1, 1, -1), (*node.inputs, node), words):
        for axis, letter in enumerate(word):
            if (tensor, axis) in weights:
                # Two places of a letter: a sum over it, or an axis that passes through. Three: multiplied elementwise.
                by_letter.setdefault(letter, []).append((weights[tensor, axis], sign))
    for here in by_letter.values():
        lattice.relation(*({weight: sign} for weight, sign in here))
        if full and len(here) == 3:
            # Multiplied elementwise: no rotation passes, and so no symmetric matrix but a diagonal one.
            for weight, _ in here:
                lattice.relation({weight: 1})


def shifts(classes, mirror=()):
    """Return the sums of parameters that the response does not see, where covectors sum to zero."""
    c = classes.zero_sum
    if c is None:
        return []
    response = classes.response
    consumers = {}
    for node in response.order:
        for place, child in enumerate(node.inputs):
            consumers.setdefault(child, []).append((place, node))
    (output, covector), = response.pairings
    # A node is blind if shifting it by a constant along the outputs changes nothing: then its inputs may be too.
    blind = {}
    for node in reversed(response.order):
        if node not in classes.of or c not in classes.of[node] or node is covector:
            continue
        good = [_blind_through(classes, blind, place, user) for place, user in consumers.get(node, ())]
        # A node that nothing reads and that is no output moves nothing, and gives no law.
        blind[node] = all(good) and bool(good or node is output)
    return [Shift(number, classes.of[leaf].index(c), leaf.shape) for number, leaf in enumerate(response.leaves)
            if blind.get(leaf) and number not in mirror]


def _blind_through(classes, blind, place, user):
    """Say whether a shift of an input is a shift of its user, and not seen there."""
    if not blind.get(user) or isinstance(user.operation, Add):
        return blind.get(user, False)
    # A factor that differs along the outputs would make it no shift.
    return classes.zero_sum not in classes.of[user.inputs[1 - place]]


def explicit_laws(classes, balances, shifts, mirror=(), products=True):
    """Return all laws as sparse polynomials, with the products of the linear ones unless told not to."""
    places = [np.arange(start, stop).reshape(leaf.shape)
              for leaf, start, stop in zip(classes.response.leaves, classes.starts, classes.starts[1:])]
    laws = []
    for balance in balances:
        rows = [np.moveaxis(places[number], axis, 0).reshape(balance.size, -1).tolist()
                for number, axis, _ in balance.axes]
        for i in range(balance.size):
            # A symmetric matrix from its upper triangle.
            for j in range(i, balance.size) if balance.full else (i,):
                law = {}
                for here, (number, _, alpha) in zip(rows, balance.axes):
                    # In the metric theta the sum of alpha theta is conserved, in place of half that of its squares.
                    linear = number in mirror
                    for a, b in zip(here[i], here[j]):
                        monomial = (a,) if linear else (min(a, b), max(a, b))
                        law[monomial] = law.get(monomial, 0) + Fraction(2 * alpha if linear else alpha)
                laws.append(oriented({monomial: value for monomial, value in sorted(law.items()) if value}))
    linear = [{(a,): Fraction(1) for a in row} for shift in shifts
              for row in np.moveaxis(places[shift.leaf], shift.axis, -1).reshape(shift.number, -1).tolist()]
    squares = [oriented(multiply(a, b)) for i, a in enumerate(linear) for b in linear[i:]] if products else []
    return laws + linear + squares


def number_of_terms(classes, balances, shifts):
    """Return how many terms :func:`explicit_laws` would write, before it does."""
    leaves = classes.response.leaves
    total = sum(
        balance.number * sum(leaves[number].size for number, _, _ in balance.axes) // balance.size
        for balance in balances
    )
    linear = sum(shift.number for shift in shifts)
    length = max((shift.shape[shift.axis] for shift in shifts), default=0)
    return total + linear * length + linear * (linear + 1) // 2 * length * length
