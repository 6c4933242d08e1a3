r"""
Networks of few positions inside a convolutional one.

The pixels of an image are too many for a dense computation, and few of them say all.  Choose some values of each
positional class and set data that belong to others to zero: inputs, gates, covectors.  Where every window reads a
tensor that vanishes at the other positions, and every sum over positions has a factor that does, no paired tensor
depends on what happens there.  So the fields of the network with the chosen positions alone are fields of the whole
one, with the same parameters: its rank is a lower bound.

A kernel of `K` entries with stride `s` between `m` chosen outputs and `n` inputs in a row uses all its entries where
`n + s (m - 1) \ge K` and `n \ge s`: two positions an axis are enough for `3 \times 3`.  Whether they are is for the
rank to say; a poor choice makes the bound weaker, never wrong.

EXAMPLES:

The gates of a rectified convolution choose two rows and two columns of the outputs, and two each of the inputs::

    sage: from sage_conslaw import networks
    sage: from sage_conslaw.width import axes, positions
    sage: image = axes.axes_of(networks.convolutional([3, 64, 10], size=32, kernel=3, dimensions=2).response())
    sage: {image.sizes[c]: kept for c, kept in positions.few_positions(image).items()}
    {28: (13, 14), 30: (14, 15), 32: (15, 16)}

Between linear convolutions nothing switches positions off; covectors do so at the end, data at the beginning::

    sage: image = axes.axes_of(networks.convolutional([3, 64, 10], size=32, kernel=3, activation="linear",
    ....:     dimensions=2).response())
    sage: positions.few_positions(image)
    {7: (15, 16), 8: (15, 16), 11: (13, 14), 12: (13, 14)}
"""
import numpy as np

from ..graph.cuts import SumOne
from ..graph.operations import Add, Contract
from ..graph.rearrangements import Broadcast, Reshape, Transpose, Windows
from ..graph.tensor import Constant, Data, Parameter
from .links import flat, is_primitive, is_sum_zero, is_uniform, links_of

# How many positions an axis has at least; where data sum to zero over two axes, four are left.
_FEWEST = 2

# Numbers in a network of two values each class from which on positions are left out.
_MANY = 5000


def few_positions(axes, fewest=_FEWEST):
    """Return for each class of positions that can be switched off the few values that are kept."""
    candidates = {c for c, rigid in enumerate(axes.rigid) if rigid}
    for leaf in axes.leaves:
        # Parameters of a position that is left out would be left out too: the network would be another one.
        candidates -= set(flat(axes, leaf))
    for node in axes.order:
        # What sums to one cannot be zero at all other positions, nor can fixed numbers be set to zero.
        if isinstance(node, Constant) and not is_uniform(node) or isinstance(node, SumOne):
            candidates -= set(flat(axes, node))
    # Leaving out a class may take the zeros away that another one needs.
    while candidates:
        stuck = _read_elsewhere(axes, candidates)
        if not stuck:
            break
        candidates -= stuck
    return _chosen(axes, candidates, fewest) if candidates else {}


def keep_few(axes, fewest=_FEWEST):
    """Keep few positions in small networks, where these are large otherwise."""
    sizes = [axes.smallest(c, _FEWEST) for c in range(len(axes.sizes))]
    # Small networks of few entries are computed with all their positions, which loses no rank.
    if not axes.kept and sum(int(np.prod(axes.shape(node, sizes), dtype=object)) for node in axes.order) > _MANY:
        axes.kept = few_positions(axes, fewest)


def _read_elsewhere(axes, candidates):
    """Return classes whose other positions are read where they do not vanish."""
    vanishing = {}
    for node in axes.order:
        here = flat(axes, node)
        mine = {i for i, c in enumerate(here) if c in candidates}
        if isinstance(node, Data) or is_sum_zero(node):
            vanishing[node] = mine
        elif isinstance(node, (Parameter, Constant)) or is_primitive(node):
            vanishing[node] = set()
        else:
            out, stuck = _off(axes, node, mine, vanishing, candidates)
            if stuck:
                return stuck
            vanishing[node] = out
    return set()


def _off(axes, node, mine, vanishing, candidates):
    """Return the places of a node at which it vanishes where a position is not kept, and classes for which a position
    that is not kept takes part in what is."""
    operation, labels = node.operation, links_of(axes, node)
    off = [{names[i] for i in vanishing[child]} for child, names in zip(node.inputs, labels)]
    result = labels[-1]
    if isinstance(operation, Add):
        # A sum vanishes where all its terms do.
        return {i for i in mine if all(result[i] in one for one in off)}, set()
    if isinstance(operation, Contract):
        # A product vanishes where one factor does; a sum over positions where each term but those kept does.
        dead = set().union(*off)
        for child, names in zip(node.inputs, labels):
            for i, c in enumerate(flat(axes, child)):
                if c in candidates and names[i] not in result and names[i] not in dead:
                    return set(), {c}
        return {i for i in mine if result[i] in dead}, set()
    (child,) = node.inputs
    here = flat(axes, child)
    if isinstance(operation, Windows):
        first = sum(len(part) for part in axes.of[child][:operation.kept])
        # A window at the edge reads positions beyond those kept: nothing changes only where these vanish.
        read = {c for i, c in enumerate(here) if i >= first and c in candidates and i not in vanishing[child]}
        return {i for i in mine if result[i] in off[0]}, read
    if not isinstance(operation, (Broadcast, Reshape, Transpose)):
        return set(), {c for c in (*here, *flat(axes, node)) if c in candidates}
    return {i for i in mine if result[i] in off[0]}, set()


def _chosen(axes, candidates, fewest):
    """Return the positions that are kept: the shortest row, near the middle, that uses all entries of the kernels that
    can be used with those that are kept already."""
    kept, readers = {}, [node for node in axes.order if isinstance(node.operation, Windows)]

    def choose(c, covers):
        middle = axes.sizes[c] // 2
        for length in range(min(fewest, axes.sizes[c]), axes.sizes[c] + 1):
            starts = sorted(range(axes.sizes[c] - length + 1), key=lambda start: abs(2 * start + length - 2 * middle))
            for start in starts:
                row = range(start, start + length)
                if all(set().union(*(one.get(v, ()) for v in row)) == set().union(*one.values()) for one in covers):
                    kept[c] = tuple(row)
                    return
    def covers(c):
        for node in readers:
            if [*_positions(axes, node), *_inside(axes, node)].count(c) == 1:
                yield _covers(axes, node, c, kept)
    # From the outputs back: what is kept of them decides which entries of a kernel inputs can use.
    for node in reversed(readers):
        for c in (*_positions(axes, node), *_inside(axes, node)):
            if c in candidates and c not in kept:
                choose(c, list(covers(c)))
    return {c: values for c, values in sorted(kept.items()) if len(values) < axes.sizes[c]}


def _positions(axes, node):
    """Return the classes of the positions of windows; their last axis are the entries of one."""
    return [c for axis in axes.of[node][node.operation.kept:-1] for c in axis]


def _inside(axes, node):
    return [c for axis in axes.of[node.inputs[0]][node.operation.kept:] for c in axis]


def _covers(axes, node, c, kept):
    """Return for each value of a class of positions the entries of a window at which it takes part in kept ones."""
    outer, inside, entries = _positions(axes, node), _inside(axes, node), node.shape[-1]
    places = node.operation.places.reshape([axes.sizes[d] for d in outer] + [entries])
    rows = [kept.get(d, range(axes.sizes[d])) for d in outer]
    read = places[np.ix_(*rows, range(entries))].reshape(-1, entries)
    # Padding, -1, is no position and shows no entry of the kernel.
    seen = read >= 0
    found = np.unravel_index(np.maximum(read, 0), [axes.sizes[d] for d in inside])
    for d, values in zip(inside, found):
        if d in kept:
            seen &= np.isin(values, kept[d])
    if c in inside:
        values = found[inside.index(c)]
    else:
        numbers = np.array(rows[outer.index(c)]).reshape([-1 if d == c else 1 for d in outer])
        values = np.broadcast_to(np.broadcast_to(numbers, [len(row) for row in rows]).reshape(-1, 1), read.shape)
    out = {}
    for value, entry in set(zip(values[seen].tolist(), np.nonzero(seen)[1].tolist())):
        out.setdefault(value, set()).add(entry)
    return out
