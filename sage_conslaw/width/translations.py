r"""
Joint translations: several parameters shifted against each other, which no covector sees.

For a set `J` of classes and a value `j` of each, every parameter that has these axes is shifted by `\beta_a` at the
entries with the indices `j`.  A shift passes through sums, repetitions and data that sum to one; data that sum to zero
end it; a free covector must not see it.  The rest is linear in the `\beta`.  Then `\sum_a \beta_a \sum \theta_a[j]` is
conserved for each `j`.
"""
from fractions import Fraction
from math import lcm, prod

import numpy as np

from ..exact.linear_algebra import rank
from ..graph.cuts import SumOne
from ..graph.operations import Add, Contract
from ..graph.rearrangements import Broadcast, Reshape, Select, Transpose
from ..graph.tensor import Constant, Parameter
from ..laws.gradings import WeightLattice
from .blind import blind_anywhere, tuples
from .links import flat, is_primitive, is_sum_zero, is_uniform

_PRIME = (1 << 61) - 1

# Parameters of the small network on which affine laws are compared, as dense rows.
_MOST = 5000


def translations(axes, sets, links):
    r"""
    Return for each set of classes the solutions: pairs of the set and a list of (leaf number, places, coefficient).

    INPUT: ``sets`` -- sets of classes; ``links`` -- for each node the names of its inputs' and its own axes
    """
    found, blind = [], blind_anywhere(axes)
    for classes in sets:
        found += [(classes, parts) for parts in _solutions(axes, classes, links, blind)]
    return found


def _solutions(axes, classes, links, blind):
    lattice, weights = WeightLattice(), {}
    wanted = set(classes)
    for node in axes.order:
        if wanted.issubset(flat(axes, node)):
            for chosen in tuples(flat(axes, node), classes):
                weights[node, chosen] = lattice.unknowns(1)[0]
    keys = [key for key in weights if isinstance(key[0], Parameter)]
    if len(keys) < 2:
        # A single parameter has sums (:func:`.families.families`), and nothing to be shifted against.
        return []
    for (node, chosen), weight in weights.items():
        # Data and constants are what they are.
        if node.operation is None and not isinstance(node, Parameter) or is_primitive(node):
            lattice.relation({weight: 1})
    for node, labels in links:
        _relate(axes, lattice, weights, node, labels, blind[node])
    for node, constraint, _ in axes.pairings:
        for chosen in tuples(flat(axes, node), classes):
            # Covectors of sum zero along the last axis do not see a constant along it; all others see every shift.
            if "sum zero" not in constraint or set(chosen) & _last(axes, node):
                lattice.relation({weights[node, chosen]: 1})
    _, scales = lattice.characters([weights[key] for key in keys])
    number = {leaf: i for i, leaf in enumerate(axes.leaves)}
    out = []
    for column in scales.T:
        # Coprime, the first one positive: a law is written in one way.
        column = column // np.gcd.reduce(column) * (1 if column[np.flatnonzero(column)[0]] > 0 else -1)
        out.append(tuple((number[node], chosen, int(w)) for (node, chosen), w in zip(keys, column) if w))
    return out


def _last(axes, node):
    """Return the places of the last axis of a node."""
    total = len(flat(axes, node))
    return set(range(total - len(axes.of[node][-1]), total)) if axes.of[node] else set()


def _relate(axes, lattice, weights, node, labels, blind):
    """Say what a node is shifted by when its inputs are; what is no shift of the node is forbidden."""
    result = labels[-1]
    incoming = {chosen: [] for (other, chosen) in _of(weights, node)}
    for which, child in enumerate(node.inputs):
        for key in _of(weights, child):
            factor = _passes(axes, node, which, labels, {labels[which][i] for i in key[1]})
            if factor is None and _unseen(node, which, labels, {labels[which][i] for i in key[1]}, blind):
                continue
            if factor is None:
                lattice.relation({weights[key]: 1})
            elif factor:
                chosen = tuple(result.index(labels[which][i]) for i in key[1])
                incoming[chosen].append((weights[key], Fraction(factor)))
    # Relations are integral: fixed factors may be fractions.
    for chosen, terms in incoming.items():
        common = lcm(*(factor.denominator for _, factor in terms))
        lattice.relation({weights[node, chosen]: -common},
                         *({weight: int(factor * common)} for weight, factor in terms))


def _unseen(node, which, labels, shift, blind):
    """Say whether a shift of an input changes a product alike along an axis, where nothing sees that."""
    if type(node.operation) is not Contract:
        return False
    mine, theirs, result = labels[which], labels[1 - which], labels[-1]
    alike = {result.index(name) for name in mine if name not in shift and name not in theirs and name in result}
    return any(places and alike.issuperset(places) for places in blind)


def _of(weights, node):
    return [key for key in weights if key[0] is node]


def _passes(axes, node, which, labels, shift):
    """Return the factor with which a shift of an input is one of the node, 0 if nothing sees it, ``None`` if it is
    something else."""
    operation, result = node.operation, set(labels[-1])
    if isinstance(operation, Add):
        return 1
    if isinstance(operation, Contract) and type(operation) is Contract:
        other = node.inputs[1 - which]
        mine, theirs = labels[which], labels[1 - which]
        summed = (set(mine) | set(theirs)) - result
        last = {theirs[i] for i in _last(axes, other)}
        if is_sum_zero(other) and last and last <= summed & set(mine) and not last & shift:
            # The shift is constant along what sums to zero.
            return 0
        if not shift <= result:
            return None
        if isinstance(other, SumOne) and summed == last and last <= set(mine) and not last & shift:
            # A (x + 1 b^T) = A x + 1 b^T.
            return 1
        if isinstance(other, Constant) and is_uniform(other) and not summed:
            return Fraction(int(other.values.flat[0]), other.denominator)
        return None
    return 1 if isinstance(operation, (Broadcast, Reshape, Select, Transpose)) and shift <= result else None


def independent(axes, families, more):
    r"""
    Return those of ``more`` families of affine laws that others do not imply, by exact ranks at small sizes.
    """
    sizes = [axes.smallest(c, 4) for c in range(len(axes.sizes))]
    total = sum(prod(axes.shape(leaf, sizes)) for leaf in axes.leaves)
    if total > _MOST:
        return []

    def rows(family):
        # Coefficients are small integers: independent modulo a prime, they are over Q; the converse is not needed.
        laws = family.polynomials(axes, axes.leaves, sizes)
        out = np.zeros((len(laws), total), dtype=np.int64)
        for row, law in zip(out, laws):
            for (place,), value in law.items():
                row[place] = int(value) % _PRIME
        return out
    known = [row for family in families for row in rows(family)]
    kept = []
    for family in more:
        new = rows(family)
        stack = np.array([*known, *new])
        if rank(stack, _PRIME) == len(known) + len(new):
            known += list(new)
            kept.append(family)
    return kept
