r"""
Rearrangements that are written in parts and are maps of whole axes.

- *Maps of blocks.*  Rotary positions join `-x_2` and `x_1`, the halves of an axis.  A sum of slices of one tensor, each
  times a number and put at another place of the same axis, is a matrix that acts on blocks: the axis is a product of
  two, and the matrix is contracted with the first.
- *One row for all.*  Entries taken along an axis that are all the same are one row, repeated.
- *Tables of rotations.*  One variable for each angle is what PyTorch's positions are; the first has the angle zero at
  all frequencies.  Where each row of a table that is kept has angles of its own, and other rows are not needed, they
  are free data.
"""
from fractions import Fraction
from math import gcd, lcm

import numpy as np

from ..graph.operations import LETTERS, Add, Contract, Gather
from ..graph.rearrangements import Broadcast, Pad, Reshape, Select, Slice
from ..graph.tensor import Constant, Data, Tensor

# Blocks that an axis is cut into at most; rotary positions have two, windows of attention four.
_MOST_BLOCKS = 16


class Table(Data):
    """Data in rows of which only some, those in ``rows``, are free together; the others may share their entries with
    these."""

    def __init__(self, name, shape, kind, rows):
        super().__init__(name, shape, kind)
        self.rows = frozenset(rows)


def rearranged(node, new, tables):
    r"""
    Return a tensor whose entries are those of a node, made of whole axes, or ``None``.

    INPUT: ``new`` -- what stands for each tensor before it; ``tables`` -- the tables made so far, by their leaves
    """
    if isinstance(node.operation, Add):
        return block_map(node, new)
    if isinstance(node.operation, Select):
        return _one_row(node, new)
    if type(node.operation) is Gather:
        return table(node, tables)
    return None


def _one_row(node, new):
    child, operation = new[node.inputs[0]], node.operation
    # The new axis is a repetition and not tied to the old one, of which the other rows are not read.
    if len(set(operation.entries)) != 1 or len(operation.entries) == child.shape[operation.axis] == 1:
        return None
    ranges = tuple((operation.entries[0], 1, 1) if k == operation.axis else (0, 1, n)
                   for k, n in enumerate(child.shape))
    row = Tensor(Slice(child.shape, ranges), (child,)) if child.shape[operation.axis] > 1 else child
    return Tensor(Broadcast(row.shape, node.shape), (row,)) if row.shape != node.shape else row


def block_map(node, new=None):
    """Return a sum of blocks of one tensor along one axis as a contraction with a small matrix, or ``None``; ``new``
    says what stands for that tensor."""
    terms = _block_terms(node)
    if not terms or len({(base, axis) for base, axis, *_ in terms}) != 1:
        return None
    base, axis = terms[0][:2]
    base = base if new is None else new[base]
    size = base.shape[axis]
    # The largest blocks that all starts and lengths are multiples of.
    g = gcd(size, *(n for *_, ends, _ in terms for n in ends))
    k = size // g
    # One block is a multiple of the tensor itself; many are no map of a few halves but a matrix of its own.
    if base.shape != node.shape or not 1 < k <= _MOST_BLOCKS:
        return None
    # Constants are integers over one denominator.
    common = lcm(*(factor.denominator for *_, factor in terms))
    matrix = np.zeros((k, k), dtype=np.int64)
    for _, _, (source, target, number), factor in terms:
        for j in range(number // g):
            matrix[target // g + j, source // g + j] += int(factor * common)
    split = (*base.shape[:axis], k, g, *base.shape[axis + 1:])
    letters = LETTERS[:len(split)]
    new = LETTERS[len(split)]
    result = letters[:axis] + new + letters[axis + 1:]
    turned = Tensor(
        Contract(f"{letters},{new}{letters[axis]}->{result}"), (base.reshape(split), Constant(matrix, None, common))
    )
    return turned.reshape(node.shape)


def _block_terms(node):
    """Return terms (tensor, axis, (start in it, start in the sum, length), factor), ``None`` if one is something
    else."""
    if isinstance(node.operation, Add):
        parts = [_block_terms(child) for child in node.inputs]
        return None if None in parts else [term for part in parts for term in part]
    if not isinstance(node.operation, Pad):
        return None
    axis, target = node.operation.axis, node.operation.before
    (child,), factor = node.inputs, Fraction(1)
    # Signs and scales stand between the slice and its place in the sum.
    while isinstance(child.operation, Contract) and len(child.inputs) == 2 and child.inputs[1].shape == () \
            and isinstance(child.inputs[1], Constant) and child.operation.left == child.operation.result:
        factor *= Fraction(int(child.inputs[1].values), child.inputs[1].denominator)
        child = child.inputs[0]
    if not isinstance(child.operation, Slice):
        return None
    (base,), ranges = child.inputs, child.operation.ranges
    if any(one != (0, 1, n) for k, (one, n) in enumerate(zip(ranges, base.shape)) if k != axis) or ranges[axis][1] != 1:
        return None
    start, _, number = ranges[axis]
    return [(base, axis, (start, target, number), factor)]


def table(node, tables=None):
    r"""
    Return a gather of rotations, one variable for each angle, as a table with one row for each position, or ``None``.

    The last axis may be a number of copies of a table, as PyTorch's are of two.  Rows are free together where all
    their angles differ.  A leaf is read as one table, in all places the same.
    """
    (child,), places = node.inputs, node.operation.indices
    if child.kind != "rotation" or len(places.shape) < 2 or int(np.prod(places.shape[:-2], dtype=np.int64)) != 1:
        return None
    rows = places.reshape(places.shape[-2:])
    # Two copies first: taken as one wide table their rows would repeat each angle and none would be free.
    copies = next((k for k in (2, 1) if rows.shape[1] % k == 0
                   and (np.tile(rows[:, :rows.shape[1] // k], k) == rows).all()), None)
    number, width = rows.shape[0], rows.shape[1] // copies
    kept = _free_rows(rows[:, :width])
    # A place of -1 is a zero, no angle.
    if not kept or (places < 0).any():
        return None
    tables = {} if tables is None else tables
    known = tables.setdefault(child, (rows.tobytes(), Table(child.name, (number, width), "rotation", kept)))
    if known[0] != rows.tobytes():
        # Read in another order elsewhere, its entries are shared in ways that one table does not show.
        return None
    one = known[1]
    if copies == 1:
        return one.reshape(node.shape)
    wide = one.reshape(number, 1, width)
    return Tensor(Reshape((number, copies, width), node.shape),
                  (Tensor(Broadcast(wide.shape, (number, copies, width)), (wide,)),))


def _free_rows(rows):
    """Return the rows, taken in order, that have entries of their own, all different."""
    # Greedy, from the first position on: with angles that are multiples of the position, few rows are lost.
    seen, kept = set(), []
    for number, row in enumerate(rows.tolist()):
        mine = set(row)
        if len(mine) == len(row) and not mine & seen:
            seen |= mine
            kept.append(number)
    return kept
