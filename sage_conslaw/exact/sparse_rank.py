r"""
The rank of a large sparse matrix modulo a prime: pivots that cost nothing first, then the shortest column.

A column with one entry left is a pivot without elimination; at a sparse point nearly all columns are.  They are taken
in rounds with numpy; what remains is eliminated with dictionaries, always at the column with fewest entries
(Markowitz).
"""
import numpy as np

from .sparse_elimination import TooDense, eliminated

# Entries of the part that is left to dictionaries: 10 million are about 1.5 GB and minutes.  The star point of a ReLU
# network with 535808 parameters leaves 20000.
MAX_REMAINING = 10_000_000

# Entries written by eliminations before the search gives up: about one microsecond each.
MAX_WORK = 30_000_000


def sparse_rank(rows, columns, values, p, deadline=None):
    r"""
    Return the rank modulo ``p`` of the matrix with these entries (no place twice), a lower bound for that over Q of any
    integer lift.

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw.exact.sparse_rank import sparse_rank
        sage: sparse_rank(numpy.array([0, 0, 1, 1]), numpy.array([0, 1, 0, 1]), numpy.array([1, 2, 2, 4]), 101r)
        1

    TESTS:

    It agrees with the dense rank::

        sage: from sage_conslaw.exact.linear_algebra import rank
        sage: generator = numpy.random.default_rng(1r)
        sage: def agrees(n, m, density):
        ....:     dense = generator.integers(0r, 3r, size=(n, m)) * (generator.random((n, m)) < density)
        ....:     rows, columns = dense.nonzero()
        ....:     return sparse_rank(rows, columns, dense[rows, columns], 3r) == rank(dense, 3r)
        sage: all(agrees(12r, 9r, density) for density in (0.05, 0.1, 0.2, 0.4) for _ in range(20))
        True
    """
    keep = np.asarray(values) % p != 0
    rows, columns, values = (np.asarray(a)[keep] for a in (rows, columns, values))
    found = 0
    while len(rows):
        if deadline is not None:
            deadline.check()
        _, columns = np.unique(columns, return_inverse=True)
        _, rows = np.unique(rows, return_inverse=True)
        alone = np.bincount(columns)[columns] == 1
        # One entry in its column, or one entry in its row: a pivot whose row and column can both go.
        pivot_rows = np.unique(rows[alone])
        if len(pivot_rows):
            found += len(pivot_rows)
            dead = np.zeros(rows.max() + 1, dtype=bool)
            dead[pivot_rows] = True
            keep = ~dead[rows]
        else:
            single = np.bincount(rows)[rows] == 1
            pivot_columns = np.unique(columns[single])
            if not len(pivot_columns):
                break
            found += len(pivot_columns)
            dead = np.zeros(columns.max() + 1, dtype=bool)
            dead[pivot_columns] = True
            keep = ~dead[columns]
        rows, columns, values = rows[keep], columns[keep], values[keep]
    if len(rows) > MAX_REMAINING:
        raise TooDense(found)
    # The rank is that of the transposed rows: the column with fewest entries is then the shortest row.
    transposed = {}
    for row, column, value in zip(rows.tolist(), columns.tolist(), values.tolist()):
        transposed.setdefault(column, {})[row] = value % p
    try:
        return found + len(eliminated(transposed.values(), p, deadline, MAX_WORK))
    except TooDense as reached:
        raise TooDense(found + reached.rank) from None
