r"""
Which indices can be switched off by data, so that a network contains smaller ones.

Let `j` be a value of a class `c`, and set all data with index `j` to zero.  If then no paired tensor depends on any
weight with index `j`, the fields are those of the network without `j`, whatever the weights with index `j` are:
`V(n + 1) \supseteq V(n)` for each of the `n + 1` ways to leave one out.

*Lemma (gluing).* Let a covector `\omega` annihilate the Lie algebra of the network with `n + 1` values at a generic
point, and let every parameter have at most `t` indices in `c`.  Restricted to the weights without `j` it annihilates
that of the network without `j`, which by induction is spanned by the `g(n)` gradients of independent laws.  For
`t = 1`: `\omega \mapsto \omega|_{S_1}` has its image in a space of dimension `g(n)`, and its kernel embeds by
`\omega \mapsto \omega|_{S_2}` into the gradients of laws without 2 that vanish without 1 and 2, of which there are
`g(n) - g(n - 1)`.  So there are at most `2 g(n) - g(n - 1)` laws: the number of laws is concave.  For general `t` the
same with `t + 1` values to leave out: at most the polynomial of degree `t` through `g(n - t), \ldots, g(n)`.  If `g` is
a polynomial of degree at most `t`, equality at one size proves it for all larger sizes.

The same holds at special points: a *unit* is a set of neurons, one of each of several classes, and what changes sign
when a unit does is zero: weights between different units first of all.  With the data of a unit switched off, changing
its sign changes no datum and no paired tensor; so the fields of the others are even there, they keep what is odd at
zero, and act as in the network without the unit.  Every parameter has indices in at most two units: the lemma with
`t = 2` carries the number of laws at special points from a few units to any number, and generic points have no more
laws.

EXAMPLES:

Hidden units with gates and inputs can be switched off, those of a linear network cannot::

    sage: from sage_conslaw import networks
    sage: from sage_conslaw.width import axes, switching
    sage: relu, linear = (axes.axes_of(f([4, 3, 2]).response()) for f in (networks.relu, networks.linear))
    sage: [switching.switchable(relu, [c]) for c in range(3)], [switching.switchable(linear, [c]) for c in range(3)]
    ([True, True, True], [True, False, True])

At points where weights between different hidden units and inputs vanish these can, together::

    sage: f = networks.linear([4, 3, 2]).response(); linear = axes.axes_of(f)
    sage: signs = next(iter(switching.sign_flips(linear, [0r, 1r, 2r])))
    sage: [signs[leaf] for leaf in f.leaves], switching.switchable(linear, [0r, 1r, 2r], signs)
    ([(1, 1), (1, 1)], True)
"""
import copy
import itertools

from ..graph.cuts import SumOne
from ..graph.operations import Add
from ..graph.tensor import Constant, Data, Parameter
from ..laws.gradings import WeightLattice
from .links import flat, is_primitive, is_sum_zero, links_of, relate
from .segments import of_one_degree

# More independent sign flips of one unit are not tried; two or three are usual.
_MOST_FLIPS = 6


def places(axes, node, classes):
    """Return the places of these classes among those of a node's axes."""
    return [i for i, c in enumerate(flat(axes, node)) if c in classes]


def switchable(axes, classes, signs=None, kept=()):
    r"""
    Decide whether data switch off an index of one class, or with ``signs`` a unit of several at its special points;
    ``True`` is a proof.

    INPUT: ``kept`` -- data that cannot be switched off
    """
    vanishing = {}
    for node in axes.order:
        here = places(axes, node, classes)
        patterns = [frozenset(p) for size in range(1, len(here) + 1) for p in itertools.combinations(here, size)]
        # The patterns of places at which a node vanishes where the index is the one switched off there, and at no other
        # place.
        if node in kept:
            vanishing[node] = set()
        elif isinstance(node, Data) or is_sum_zero(node) or node in axes.centred:
            vanishing[node] = set(patterns)
        elif isinstance(node, SumOne):
            # The others still sum to one; a row of its own is never zero.
            last = set(range(len(flat(axes, node)) - len(axes.of[node][-1]), len(flat(axes, node))))
            vanishing[node] = {p for p in patterns if p & last}
        elif isinstance(node, Parameter):
            odd = dict(zip(here, signs[node])) if signs is not None else {}
            vanishing[node] = {p for p in patterns if sum(odd.get(i, 0) for i in p) % 2}
        elif isinstance(node, Constant):
            vanishing[node] = set()
        elif not _through(axes, node, classes, patterns, vanishing):
            return False
    return True


def _through(axes, node, classes, patterns, vanishing):
    """Find the patterns of switched-off places at which a node vanishes; ``False`` if its other entries depend on what
    is switched off."""
    labels = links_of(axes, node)
    result = labels[-1]
    found = set()
    inputs = [(child, {labels[k][i]: i for i in places(axes, child, classes)}) for k, child in enumerate(node.inputs)]
    summed = sorted({name for _, table in inputs for name in table if name not in result}, key=str)

    def zero(child, table, off):
        pattern = frozenset(i for name, i in table.items() if name in off)
        return bool(pattern) and pattern in vanishing[child]
    for pattern in [frozenset(), *patterns]:
        kept = {result[i] for i in pattern}
        if isinstance(node.operation, Add):
            vanishes = all(zero(child, table, kept) for child, table in inputs)
        else:
            # Windows read all positions: as a contraction, each kept entry depends on what is switched off.
            choices = [
                kept | set(off) for size in range(len(summed) + 1) for off in itertools.combinations(summed, size)
            ]
            dead = [any(zero(child, table, off) for child, table in inputs) for off in choices]
            if not pattern and not all(dead[1:]):
                return False
            vanishes = all(dead)
        if pattern and vanishes:
            found.add(pattern)
    vanishing[node] = found
    return True


def _rows(axes):
    """Return the classes of rows of data that sum to one and are not centred, where no row can be switched off."""
    sum_one = [node for node in axes.order if isinstance(node, SumOne) and node not in axes.centred]
    rows = {c for node in sum_one for axis in axes.of[node][:-1] for c in axis}
    rows -= {c for node in sum_one for c in axes.of[node][-1]}
    return {c for c in rows if not switchable(axes, [c])}


def held(axes):
    """Return the axes with the classes held that outputs of a softmax have beside the axis along which they sum to one:
    such rows are never zero, so a value of these classes is not switched off, and they stay at their true size."""
    out, rows = copy.copy(axes), _rows(axes)
    out.rigid = tuple(rigid or c in rows for c, rigid in enumerate(axes.rigid))
    return out


def centred(axes):
    r"""
    Return the axes with data of sum zero in place of outputs of a softmax that hold a class of the parameters, or
    ``None`` if there are none or their fields are not known to be among the network's own.

    *Lemma.*  Let `A` be data whose rows sum to one, and let all terms with the same other data have the same degree
    `k` in `A`.  Then the fields with any `\delta` of row sums zero in place of `A` are in the span of the network's
    fields, with the same parameters.  *Proof.*  Scaling the other data shows that the span is the sum of those of the
    groups of terms with the same other data.  In such a group `f(A_0 + t \delta)` is in the span for every number
    `t`, so are the coefficients of this polynomial in `t`, and that of `t^k` is `f(\delta)`.

    So the rank with `\delta` is a lower bound of the network's own, and heads can be switched off one by one: the
    rank grows from few heads to any number, while the laws are those of the network itself.
    """
    rows = _rows(axes) & {c for leaf in axes.leaves for c in flat(axes, leaf)}
    nodes = [node for node in axes.order if isinstance(node, SumOne)
             and rows & {c for axis in axes.of[node][:-1] for c in axis}]
    if not nodes or not all(of_one_degree(axes.response, node) for node in nodes):
        return None
    # Laws are those of the network itself; only ranks are computed with the other data.
    out = copy.copy(axes)
    out.centred = frozenset(nodes)
    return out


def sign_flips(axes, classes):
    r"""
    Yield sign characters of a unit with one neuron of each class: for each parameter the parity at each of its places,
    best first.

    Parameters with two places should change sign by both, so that weights between units vanish; those with one by none,
    so that they need not.
    """
    lattice, weights = WeightLattice(), {}
    for node in axes.order:
        for i in places(axes, node, classes):
            weights[node, i] = lattice.unknowns(1)[0]
            # Rows that sum to one still do only where a unit leaves their sign.
            row = isinstance(node, SumOne) and i < len(flat(axes, node)) - len(axes.of[node][-1])
            row = row and node not in axes.centred
            if isinstance(node, Constant) or row:
                lattice.relation({weights[node, i]: 1})
    for node in axes.order:
        if node.operation is not None and not is_primitive(node):
            relate(lattice, weights, node, links_of(axes, node))
    keys = [(leaf, i) for leaf in axes.leaves for i in places(axes, leaf, classes)]
    if not keys:
        return
    signs, _ = lattice.characters([weights[key] for key in keys])
    # Fewer characters than there are cost a base, no proof.
    basis = [tuple(int(bit) for bit in column) for column in signs.T[:_MOST_FLIPS]]
    options = []
    for chosen in itertools.product((0, 1), repeat=len(basis)):
        total = [sum(c * column[k] for c, column in zip(chosen, basis)) % 2 for k in range(len(keys))]
        by_leaf = {leaf: tuple(bit for (other, _), bit in zip(keys, total) if other is leaf) for leaf in axes.leaves}
        pairs = [bits for bits in by_leaf.values() if len(bits) == 2]
        single = [bits for bits in by_leaf.values() if len(bits) == 1]
        if all(bits == (1, 1) for bits in pairs) and all(len(bits) <= 2 for bits in by_leaf.values()):
            options.append((sum(bits == (1,) for bits in single), len(options), by_leaf))
    for _, _, by_leaf in sorted(options, key=lambda option: option[:2]):
        yield by_leaf
