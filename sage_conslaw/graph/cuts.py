r"""
The covectors that a nonlinearity or a loss can produce: free data, up to the invariances of the function.

A softmax does not change when a constant is added to its input, so every covector there sums to zero; a normalisation
does not change when its input is scaled, so every covector there is orthogonal to the input.  Each constraint is solved
by free data, and nothing else is assumed.

EXAMPLES:

The trivial case is a free covector.  The famous one sums to zero, written as data in one entry less; a layer norm has
both conditions.  One that leaves nothing: a softmax of one entry::

    sage: from sage_conslaw import networks
    sage: from sage_conslaw.graph.cuts import covector
    sage: z, one = networks.input(3, name="z"), networks.input(1, name="z")
    sage: [covector(z.cut(name)).shape for name in ("gelu", "softmax", "rms norm", "layer norm")]
    [(3,), (3,), (3,), (3,)]
    sage: covector(one.softmax()) is None
    True
"""
import numpy as np

from .joining import contract
from .operations import LETTERS
from .tensor import Constant, Data, Tensor


def difference_rows(size):
    """Return the matrix whose rows span the vectors of sum zero."""
    return np.hstack([np.eye(size - 1, dtype=int), -np.ones((size - 1, 1), dtype=int)])


class Differences(Constant):
    """The constant whose rows span the vectors of sum zero, known as such to what reads the graph."""


def is_differences(node):
    """Say whether a node is this constant: as such, or as the numbers that a record keeps of it."""
    if isinstance(node, Differences):
        return True
    # A network that is rebuilt from its record is to be read as the one that was written.
    return type(node) is Constant and len(node.shape) == 2 and node.shape[1] == node.shape[0] + 1 \
        and np.array_equal(node.values, difference_rows(node.shape[1]))


def differences(size, transposed=False):
    """
    Return the constant whose rows (columns, if transposed) span the vectors of sum zero; nothing is written before it
    is read.
    """
    if transposed:
        return Constant(lambda: difference_rows(size).T, shape=(size, size - 1))
    return Differences(lambda: difference_rows(size), shape=(size - 1, size))


class LastUnit(Constant):
    """The last unit vector, repeated: a row of sum one, to which any row of sum zero may be added."""

    def __init__(self, shape):
        def rows():
            return np.broadcast_to((np.arange(shape[-1]) == shape[-1] - 1).astype(np.int64), shape)
        super().__init__(rows, shape=tuple(shape))


def sum_zero(name, shape):
    """Return a tensor of data that is any array whose sums along the last axis are zero."""
    *lead, size = shape
    return Data(name, (*lead, size - 1), "covector") @ differences(size)


def masked_sum_zero(name, mask):
    """
    Return a tensor of data that sums to zero along the last axis over the allowed entries and is zero at the others.
    """
    return _within(name, mask.shape, lambda: mask)


def causal_sum_zero(name, shape):
    """
    Return a tensor of data that sums to zero along the last axis over the entries up to the number of the row, and is
    zero at the others.
    """
    return _within(name, shape, lambda: np.broadcast_to(np.tri(shape[-1], dtype=np.int64), shape))


def _within(name, shape, mask):
    """Return data of sum zero along the last axis where a mask, asked for later, allows them."""
    number, size = int(np.prod(shape[:-1], dtype=np.int64)), shape[-1]

    def spans():
        out = np.zeros((number, size - 1, size), dtype=np.int64)
        # Each allowed entry but the last against the last one; a row of one allowed entry spans nothing.
        for i, row in enumerate(mask().reshape(-1, size)):
            allowed = np.flatnonzero(row)
            for j, place in enumerate(allowed[:-1]):
                out[i, j, place], out[i, j, allowed[-1]] = 1, -1
        return out
    free = Data(name, (number, size - 1), "covector")
    return contract("tv,tvu->tu", free, Constant(spans, shape=(number, size - 1, size))).reshape(*shape)


class SumOne(Tensor):
    """
    A tensor of data that is any array whose sums along the last axis are one, known as such to what reads the graph.

    - ``causal`` -- whether only earlier entries of each row are other than zero
    """

    causal = False


def sum_one(name, shape, causal=False):
    """
    Return a tensor of data that is any array whose sums along the last axis are one; with ``causal`` over the entries
    up to the number of the row, and zero at the others.
    """
    *lead, size = shape
    # One entry is one: a constant, which takes no memory however many rows there are.
    if size == 1:
        return Constant(np.broadcast_to(np.int64(1), shape))
    if not causal:
        def last():
            out = np.zeros(shape, dtype=np.int64)
            out[..., -1:] = 1
            return out
        free = Data(name, (*lead, size - 1), "covector") @ differences(size)
        whole = free + Constant(last, shape=tuple(shape))
    else:
        def ends():
            return np.broadcast_to(np.eye(size, dtype=np.int64), shape)
        whole = causal_sum_zero(name, tuple(shape)) + Constant(ends, shape=tuple(shape))
    out = SumOne(whole.operation, whole.inputs)
    out.name, out.causal = name, causal
    return out


def has_one_entry(leaf):
    """Say whether one entry of each row takes part in a softmax: its output is one there, whatever the data."""
    if leaf.mask is None:
        return leaf.shape[-1] == 1
    return np.count_nonzero(leaf.mask) * leaf.shape[-1] == leaf.size


def orthogonal(name, z):
    r"""
    Return a tensor of data that is orthogonal to ``z`` along the last axis:
    `\langle b, z \rangle a - \langle a, z \rangle b` for free `a`, `b`.
    """
    letters = LETTERS[:len(z.shape)]
    # `<b, z> a - <a, z> b` is orthogonal to `z`; as `b` runs through all, every vector orthogonal to `z` is a multiple
    # of one of these where `z` is not zero (`b = z`, `a` orthogonal).
    a, b = Data(name, z.shape, "covector"), Data(name, z.shape, "covector")

    def part(a, b):
        inner = contract(f"{letters},{letters}->{letters[:-1]}", b, z)
        return contract(f"{letters[:-1]},{letters}->{letters}", inner, a)
    return part(a, b) - part(b, a)


def covector(cut, source=None):
    """
    Return the covector at the input of a cut as a tensor of data, ``None`` if it is always zero.

    INPUT:

    - ``source`` -- what stands for the source of the cut, by default itself
    """
    z, constraint = cut.source if source is None else source, cut.function.constraint
    if constraint == "free":
        return Data("s", z.shape, "covector")
    size = z.shape[-1]
    # The numbers of conditions: what satisfies as many as it has entries is zero.
    if size <= (2 if constraint == "sum zero and orthogonal" else 1):
        return None
    if constraint == "sum zero":
        return sum_zero("s", z.shape) if cut.mask is None else masked_sum_zero("s", cut.mask)
    if constraint == "orthogonal":
        return orthogonal("s", z)
    # Orthogonal to z and to constants: `<s D, z> = <s, D z>` for the rows of `D`, which span what sums to zero.
    return orthogonal("s", z @ differences(size, transposed=True)) @ differences(size)
