r"""
The rank of gated networks (path-liftings) at a star point, by sparse elimination.

At a *star point* a weight is zero unless at most one of its indices is different from 0: a backbone through every
neuron.  Data that live on one neuron in each class (one input, one gate a layer, one output) make the gradient that of
a single path, with as many entries as the path has weights.  The path through neurons 0 except at the ends of one
weight shows that weight; if it is zero, with the rest of the gradient zero up to biases.  A rank at any point is a
lower bound for the rank at generic points.

- Trivial: a single layer; every weight is the gradient of its own path.
- Famous: ``relu 784 512 256 10``: hundreds of thousands of weights, rows of at most three entries, and a rank that
  leaves one law for each hidden neuron.
- One that fails: ``linear``, where no data choose a path; such networks have chain points (:mod:`.chain_points`).
"""
import numpy as np

from ..exact import modular
from ..exact.arithmetic import ModularArithmetic
from ..graph.tensor import Data

# Paths of one batch: with a few dozen numbers each, below 100 MB.
_BATCH = 1 << 16


def star_point(classes, generator, p):
    r"""
    Return a star point modulo ``p``: random where at most one index differs from 0, else zero.

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw import networks
        sage: from sage_conslaw.structure.index_classes import index_classes
        sage: from sage_conslaw.structure.star_points import star_point
        sage: classes = index_classes(networks.relu([3, 2, 1]).response())
        sage: (star_point(classes, numpy.random.default_rng(0r), 101r) != 0).astype(int)
        array([1, 1, 1, 0, 1, 0, 1, 1])
    """
    parts = []
    for leaf in classes.response.leaves:
        ends = np.zeros(leaf.shape, dtype=np.int64)
        for axis, size in enumerate(leaf.shape):
            shape = [1] * len(leaf.shape)
            shape[axis] = size
            ends += (np.arange(size) != 0).reshape(shape)
        values = 1 + modular.random_array(generator, leaf.shape, p - 1)
        parts.append(np.where(ends <= 1, values, 0).ravel())
    return np.concatenate(parts)


def selects_paths(classes):
    r"""
    Say whether every index class has data of its own (an input, a gate, a covector), so that data can select one neuron
    in each.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.structure.index_classes import index_classes
        sage: from sage_conslaw.structure.star_points import selects_paths
        sage: [selects_paths(index_classes(net([2, 2, 2]).response())) for net in (networks.relu, networks.linear)]
        [True, False]
    """
    covectors = {covector for _, covector in classes.response.pairings}
    touched = {c for node, axes in classes.of.items() if isinstance(node, Data) or node in covectors for c in axes}
    return len(touched) == len(classes.sizes)


def sub_entries(classes, chosen, leaf_numbers=None):
    r"""
    Return for subnetworks with the chosen neurons the places of their parameters in the whole network.

    INPUT:

    - ``chosen`` -- for each class an array of shape ``(batch, neurons kept)``

    OUTPUT: array of shape ``(batch, parameters of the subnetwork)``, in the order of the restricted response

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw import networks
        sage: from sage_conslaw.structure.index_classes import index_classes
        sage: from sage_conslaw.structure.star_points import sub_entries
        sage: classes = index_classes(networks.linear([3, 2, 2]).response())
        sage: sub_entries(classes, [numpy.array([[2]]), numpy.array([[1]]), numpy.array([[0]])])
        array([[5, 8]])
    """
    parts = []
    for number, leaf in enumerate(classes.response.leaves):
        batch = len(chosen[0])
        flat = np.zeros((batch,) + (1,) * len(leaf.shape), dtype=np.int64)
        for axis, c in enumerate(classes.of[leaf]):
            shape = [batch] + [1] * len(leaf.shape)
            shape[1 + axis] = chosen[c].shape[1]
            flat = flat * leaf.shape[axis] + chosen[c].reshape(shape)
        parts.append((flat + classes.starts[number]).reshape(batch, -1))
    return np.concatenate(parts, axis=1)


def star_rows(classes, generator, p, deadline=None, spare=0):
    r"""
    Return rows of gradients at a star point, one for each parameter, as arrays (rows, columns, values), and the point.

    With ``spare``, data live on more neurons than one: where inputs and outputs are one class (skip connections), a
    path needs two.

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw import networks
        sage: from sage_conslaw.exact.sparse_rank import sparse_rank
        sage: from sage_conslaw.structure.index_classes import index_classes
        sage: from sage_conslaw.structure.star_points import star_rows
        sage: p, classes = int(2^61 - 1), index_classes(networks.relu([30, 20, 10], bias=True).response())
        sage: rows, columns, values, point = star_rows(classes, numpy.random.default_rng(0r), p)
        sage: len(point) - sparse_rank(rows, columns, values, p)            # the hidden neurons
        20
    """
    point = star_point(classes, generator, p)
    kept = [min(n, 1 + spare + (c == classes.zero_sum)) for c, n in enumerate(classes.sizes)]
    small = classes.restricted(kept)
    A, out, first = ModularArithmetic(p), [], 0
    for number, leaf in enumerate(classes.response.leaves):
        for start in range(0, leaf.size, _BATCH):
            if deadline is not None:
                deadline.check()
            entries = np.arange(start, min(start + _BATCH, leaf.size))
            chosen = [np.zeros((len(entries), 1), dtype=np.int64) for _ in classes.sizes]
            for c, index in zip(classes.of[leaf], classes.indices(number, entries)):
                chosen[c] = index[:, None]
            # Further neurons of the class: the first ones, so that the weights between them are on the backbone.
            for c, n in enumerate(kept):
                one = chosen[c]
                chosen[c] = np.hstack([one, *(np.where(one > k, k, k + 1) for k in range(n - 1))])
            columns = sub_entries(classes, chosen)
            values = small.gradient(A, point[columns], small.draw(generator, p, len(entries)))
            row, place = np.nonzero(values)
            out.append((row + first, columns[row, place], values[row, place]))
            first += len(entries)
    return *(np.concatenate(part) for part in zip(*out)), point


def law_rows(classes, balances, shifts, point, p, mirror=()):
    r"""
    Return the gradients of diagonal balances and shifts at a point, up to factors, as arrays (rows, columns, values).

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw import networks
        sage: from sage_conslaw.structure.index_classes import index_classes
        sage: from sage_conslaw.structure.star_points import law_rows
        sage: from sage_conslaw.structure.symmetries import balances
        sage: classes = index_classes(networks.relu([1, 2, 1]).response())
        sage: law_rows(classes, balances(classes), [], numpy.array([3, 4, 5, 6]), 101r)
        (array([0, 1, 0, 1]), array([0, 1, 2, 3]), array([ 3,  4, 96, 95]))
    """
    out, first = [], 0
    leaves = classes.response.leaves
    for balance in balances:
        for number, axis, alpha in balance.axes:
            entries = np.arange(leaves[number].size)
            here = (
                np.ones(len(entries), dtype=np.int64) if number in mirror else point[classes.starts[number] + entries]
            )
            entries = entries[here != 0]
            index = classes.indices(number, entries)[axis]
            values = modular.multiply(here[here != 0], np.int64(alpha % p), p)
            out.append((first + index, entries + classes.starts[number], values))
        first += balance.size
    for shift in shifts:
        entries = np.arange(leaves[shift.leaf].size)
        rest = [n for axis, n in enumerate(shift.shape) if axis != shift.axis]
        index = [i for axis, i in enumerate(classes.indices(shift.leaf, entries)) if axis != shift.axis]
        row = np.ravel_multi_index(index, rest) if rest else np.zeros_like(entries)
        out.append((first + row, entries + classes.starts[shift.leaf], np.ones_like(entries)))
        first += shift.number
    if not out:
        empty = np.zeros(0, dtype=np.int64)
        return empty, empty, empty
    return _summed(*(np.concatenate(part) for part in zip(*out)), len(point), p)


def _summed(rows, columns, values, width, p):
    """Add up entries at the same place."""
    places, at = np.unique(rows * width + columns, return_inverse=True)
    if len(places) == len(rows):
        return rows, columns, values
    total = np.zeros(len(places), dtype=object)
    np.add.at(total, at, values.astype(object))
    return places // width, places % width, (total % p).astype(np.int64)
