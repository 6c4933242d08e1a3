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
"""
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..laws.gradings import WeightLattice
from ..graph.tensor import Data
from ..graph.operations import Add
from ..exact.linear_algebra import rank
from ..exact.modular import random_array
from ..exact.terms import multiply, oriented

# Entries of explicit laws: 3 million terms are about 1 GB of Python objects.
MAX_TERMS = 3_000_000


@dataclass(frozen=True)
class Balance:
    r"""
    Laws `\sum_a \alpha_a \langle \theta_a, \theta_a S \rangle` over some axes of leaves, for all (diagonal) symmetric
    `S` on an index class.

    EXAMPLES::

        sage: from sage_conslaw.structure.symmetries import Balance
        sage: Balance(0r, 3r, True, ((0r, 1r, 1r), (1r, 0r, -1r))).number
        6
    """

    index_class: int
    size: int
    full: bool
    # Triples (leaf, axis, alpha).
    axes: tuple

    @property
    def number(self):
        r"""
        How many laws it gives: the entries of a symmetric matrix, or its diagonal.

        EXAMPLES::

            sage: from sage_conslaw.structure.symmetries import Balance
            sage: Balance(0r, 3r, False, ((0r, 1r, 1r),)).number
            3
        """
        return self.size * (self.size + 1) // 2 if self.full else self.size


@dataclass(frozen=True)
class Shift:
    r"""
    Laws `\sum_k \theta_{..k..}`: sums of a leaf along one axis, one for each entry along the others.

    EXAMPLES::

        sage: from sage_conslaw.structure.symmetries import Shift
        sage: Shift(1r, 1r, (3r, 2r)).number
        3
    """

    leaf: int
    axis: int
    shape: tuple

    @property
    def number(self):
        r"""
        How many laws it gives.

        EXAMPLES::

            sage: from sage_conslaw.structure.symmetries import Shift
            sage: Shift(1r, 1r, (3r, 2r)).number
            3
        """
        return int(np.prod(self.shape)) // self.shape[self.axis]


def balances(classes, mirror=()):
    r"""
    Return the balances of a graph, independent as symmetries; leaves in ``mirror`` allow only diagonal ones.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.structure.index_classes import index_classes
        sage: from sage_conslaw.structure.symmetries import balances
        sage: balances(index_classes(networks.linear([3, 2, 3]).response()))
        [Balance(index_class=1, size=2, full=True, axes=((0, 1, 1), (1, 0, -1)))]
        sage: balances(index_classes(networks.relu([3, 2, 3], bias=True).response()))
        [Balance(index_class=1, size=2, full=False, axes=((0, 1, 1), (1, 0, 1), (2, 0, -1)))]
    """
    found = []
    leaves = classes.response.leaves
    for c, size in enumerate(classes.sizes):
        axes = [
            (number, axis)
            for number, leaf in enumerate(leaves)
            for axis, other in enumerate(classes.of[leaf])
            if other == c
        ]
        if not axes:
            continue
        if any(number in mirror for number, _ in axes):
            full, diagonal = [], _scalings(classes, c, axes, False)
        else:
            full, diagonal = _scalings(classes, c, axes, True), _scalings(classes, c, axes, False)
        for weights in full:
            found.append(Balance(c, size, True, _used(axes, weights)))
        known = list(full)
        for weights in diagonal:
            # Only what the full ones do not already give.
            if _rank(known + [weights]) > len(known):
                known.append(weights)
                found.append(Balance(c, size, False, _used(axes, weights)))
    return found


def _rank(vectors):
    p = (1 << 61) - 1
    return rank(np.array(vectors, dtype=np.int64) % p, p)


def _used(axes, weights):
    scale = int(np.gcd.reduce(weights[weights != 0])) * (1 if weights[np.flatnonzero(weights)[0]] > 0 else -1)
    return tuple((number, axis, int(w) // scale) for (number, axis), w in zip(axes, weights) if w)


def _scalings(classes, c, axes, full):
    """Return the integer weights of the parameter axes under which the response is invariant for fixed data."""
    lattice = WeightLattice()
    weights = _axis_weights(classes, c, lattice, full, data_fixed=True)
    state = [weights[classes.response.leaves[number], axis] for number, axis in axes]
    _, scales = lattice.characters(state)
    return list(scales.T)


def sign_words(classes, generator):
    r"""
    Return one 62-bit word a parameter; monomials whose words add up (xor) to different values have different sign
    characters.

    Flipping the sign of one index value, in parameters and data together, maps each field to plus or minus a field.

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw import networks
        sage: from sage_conslaw.structure.index_classes import index_classes
        sage: from sage_conslaw.structure.symmetries import sign_words
        sage: words = sign_words(index_classes(networks.linear([2, 1, 2]).response()), numpy.random.default_rng(0r))
        sage: len(set(words.tolist())), bool(words[0] ^^ words[1] == words[2] ^^ words[3])
        (4, False)
    """
    response = classes.response
    words = [np.zeros(leaf.shape, dtype=np.int64) for leaf in response.leaves]
    for c, size in enumerate(classes.sizes):
        axes = [(number, axis) for number, leaf in enumerate(response.leaves)
                for axis, other in enumerate(classes.of[leaf]) if other == c]
        if not axes:
            continue
        lattice = WeightLattice()
        weights = _axis_weights(classes, c, lattice, False, data_fixed=False)
        signs, _ = lattice.characters([weights[response.leaves[number], axis] for number, axis in axes])
        for character in signs.T:
            # Where covectors sum to zero, outputs change sign together or not at all.
            random = random_array(generator, (1 if c == classes.zero_sum else size,), 1 << 62)
            for (number, axis), bit in zip(axes, character):
                if bit:
                    shape = [1] * words[number].ndim
                    shape[axis] = len(random)
                    words[number] ^= random.reshape(shape)
    return np.concatenate([word.ravel() for word in words])


def _axis_weights(classes, c, lattice, full, data_fixed):
    """Add the relations between the weights of all axes of one class."""
    weights = {}
    for node, axes in classes.of.items():
        for axis, other in enumerate(axes):
            if other == c:
                weights[node, axis] = lattice.unknowns(1)[0]
    def zero(key):
        lattice.relation({weights[key]: 1})
    covectors = {covector for _, covector in classes.response.pairings}
    for node in classes.of:
        if isinstance(node, Data) or node in covectors and node.operation is not None:
            # A covector that sums to zero: fixed, or scaled as a whole.
            for axis, other in enumerate(classes.of[node]):
                if other == c and data_fixed:
                    zero((node, axis))
            continue
        if node.operation is None:
            continue
        if isinstance(node.operation, Add):
            for child in node.inputs:
                for axis, other in enumerate(classes.of[node]):
                    if other == c:
                        lattice.relation({weights[child, axis]: 1}, {weights[node, axis]: -1})
            continue
        operation, places = node.operation, {}
        for place, (tensor, word) in enumerate(
            zip((*node.inputs, node), (operation.left, operation.right, operation.result))
        ):
            for axis, letter in enumerate(word):
                if classes.of[tensor][axis] == c:
                    places.setdefault(letter, {})[place] = (tensor, axis)
        for where in places.values():
            lattice.relation(*({weights[key]: -1 if place == 2 else 1} for place, key in where.items()))
            if full and len(where) == 3:
                for key in where.values():
                    zero(key)
    for node, covector in classes.response.pairings:
        for axis, other in enumerate(classes.of[node]):
            if other == c:
                lattice.relation({weights[node, axis]: 1}, {weights[covector, axis]: 1})
    return weights


def shifts(classes, mirror=()):
    r"""
    Return the sums of parameters that the response does not see, where covectors sum to zero.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.structure.index_classes import index_classes
        sage: from sage_conslaw.structure.symmetries import shifts
        sage: shifts(index_classes(networks.relu([3, 2, 4]).response("cross-entropy")))
        [Shift(leaf=1, axis=1, shape=(2, 4))]
        sage: shifts(index_classes(networks.relu([3, 2, 4]).response()))
        []
    """
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
        good = [_blind_through(classes, blind, place, user, node) for place, user in consumers.get(node, ())]
        blind[node] = all(good) and bool(good or node is output)
    return [Shift(number, classes.of[leaf].index(c), leaf.shape) for number, leaf in enumerate(response.leaves)
            if blind.get(leaf) and number not in mirror]


def _blind_through(classes, blind, place, user, node):
    if not blind.get(user):
        return False
    if isinstance(user.operation, Add):
        return True
    other = user.inputs[1 - place]
    return classes.zero_sum not in classes.of[other]


def explicit_laws(classes, balances, shifts, mirror=(), products=True):
    r"""
    Return all laws as sparse polynomials, with the products of the linear ones unless told not to.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.structure.index_classes import index_classes
        sage: from sage_conslaw.structure.symmetries import balances, explicit_laws
        sage: classes = index_classes(networks.linear([1, 2, 1]).response())
        sage: explicit_laws(classes, balances(classes), [])
        [{(0, 0): Fraction(1, 1), (2, 2): Fraction(-1, 1)},
         {(0, 1): Fraction(1, 1), (2, 3): Fraction(-1, 1)},
         {(1, 1): Fraction(1, 1), (3, 3): Fraction(-1, 1)}]
    """
    places = [np.arange(start, stop).reshape(leaf.shape)
              for leaf, start, stop in zip(classes.response.leaves, classes.starts, classes.starts[1:])]
    laws = []
    for balance in balances:
        parts = [
            (
                np.moveaxis(places[number], axis, 0).reshape(balance.size, -1).tolist(),
                1 if number not in mirror else 2,
                number in mirror,
                alpha,
            )
            for number, axis, alpha in balance.axes
        ]
        for i in range(balance.size):
            for j in range(i, balance.size) if balance.full else (i,):
                law = {}
                for rows, factor, is_linear, alpha in parts:
                    value = Fraction(factor * alpha)
                    for a, b in zip(rows[i], rows[j]):
                        monomial = (a,) if is_linear else (a, b) if a <= b else (b, a)
                        law[monomial] = law.get(monomial, 0) + value
                laws.append(oriented({monomial: value for monomial, value in sorted(law.items()) if value}))
    linear = []
    for shift in shifts:
        for row in np.moveaxis(places[shift.leaf], shift.axis, -1).reshape(-1, shift.shape[shift.axis]).tolist():
            linear.append({(a,): Fraction(1) for a in row})
    squares = [oriented(multiply(a, b)) for i, a in enumerate(linear) for b in linear[i:]] if products else []
    return laws + linear + squares


def number_of_terms(classes, balances, shifts):
    r"""
    Return how many terms :func:`explicit_laws` would write, before it does.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.structure.index_classes import index_classes
        sage: from sage_conslaw.structure.symmetries import balances, number_of_terms
        sage: classes = index_classes(networks.linear([1, 2, 1]).response())
        sage: number_of_terms(classes, balances(classes), [])
        6
    """
    leaves = classes.response.leaves
    total = sum(
        balance.number * sum(leaves[number].size for number, _, _ in balance.axes) // balance.size
        for balance in balances
    )
    linear = sum(shift.number for shift in shifts)
    length = max((shift.shape[shift.axis] for shift in shifts), default=0)
    return total + linear * length + linear * (linear + 1) // 2 * length * length
