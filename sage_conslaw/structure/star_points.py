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
    """Return a star point modulo ``p``: random where at most one index differs from 0, else zero."""
    parts = []
    for leaf in classes.response.leaves:
        ends = sum((index != 0).astype(np.int8) for index in np.indices(leaf.shape, sparse=True))
        # No zeros on the backbone: each path that is asked for is seen.
        values = 1 + modular.random_array(generator, leaf.shape, p - 1)
        parts.append(np.where(ends <= 1, values, 0).ravel())
    return np.concatenate(parts)


def selects_paths(classes):
    """Say whether every index class has data of its own (an input, a gate, a covector), so that data can select one
    neuron in each."""
    covectors = {covector for _, covector in classes.response.pairings}
    touched = {c for node, axes in classes.of.items() if isinstance(node, Data) or node in covectors for c in axes}
    return len(touched) == len(classes.sizes)


def sub_entries(classes, chosen):
    r"""
    Return for subnetworks with the chosen neurons the places of their parameters in the whole network.

    INPUT: ``chosen`` -- for each class an array of shape ``(batch, neurons kept)``

    OUTPUT: array of shape ``(batch, parameters of the subnetwork)``, in the order of the restricted response
    """
    batch, parts = len(chosen[0]), []
    for start, leaf in zip(classes.starts, classes.response.leaves):
        flat, axes = np.zeros((batch,) + (1,) * len(leaf.shape), dtype=np.int64), range(len(leaf.shape))
        for axis, c in enumerate(classes.of[leaf]):
            flat = flat * leaf.shape[axis] + np.expand_dims(chosen[c], [1 + other for other in axes if other != axis])
        parts.append((flat + start).reshape(batch, -1))
    return np.concatenate(parts, axis=1)


def star_rows(classes, generator, p, deadline=None, spare=0):
    r"""
    Return rows of gradients at a star point, one for each parameter, as arrays (rows, columns, values), and the point.

    With ``spare``, data live on more neurons than one: where inputs and outputs are one class (skip connections), a
    path needs two.
    """
    point = star_point(classes, generator, p)
    # Covectors that sum to zero live on two outputs at least.
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
    """Return the gradients of diagonal balances and shifts at a point, up to factors, as arrays (rows, columns,
    values)."""
    leaves, first = classes.response.leaves, 0
    out = [(np.zeros(0, dtype=np.int64),) * 3]
    for balance in balances:
        for number, axis, alpha in balance.axes:
            entries = np.arange(leaves[number].size)
            # The law is linear in what is positive (mirror flow), else quadratic with the gradient 2 theta.
            here = np.ones_like(entries) if number in mirror else point[classes.starts[number] + entries]
            entries = np.flatnonzero(here)
            values = modular.multiply(here[entries], np.int64(alpha % p), p)
            out.append((first + classes.indices(number, entries)[axis], entries + classes.starts[number], values))
        first += balance.size
    for shift in shifts:
        entries = np.arange(leaves[shift.leaf].size).reshape(shift.shape)
        columns = np.moveaxis(entries, shift.axis, -1).ravel() + classes.starts[shift.leaf]
        rows = first + np.arange(shift.number)
        out.append((np.repeat(rows, shift.shape[shift.axis]), columns, np.ones_like(columns)))
        first += shift.number
    return _summed(*(np.concatenate(part) for part in zip(*out)), len(point), p)


def _summed(rows, columns, values, width, p):
    """Add up entries at the same place: a parameter with two axes in one class is in a balance twice."""
    places, at = np.unique(rows * width + columns, return_inverse=True)
    if len(places) == len(rows):
        return rows, columns, values
    # Objects: sums of several numbers of 61 bits.
    total = np.zeros(len(places), dtype=object)
    np.add.at(total, at, values.astype(object))
    return places // width, places % width, (total % p).astype(np.int64)
