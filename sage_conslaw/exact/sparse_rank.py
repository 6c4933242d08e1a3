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
    """
    keep = np.asarray(values) % p != 0
    rows, columns, values = (np.asarray(a)[keep] for a in (rows, columns, values))
    found = 0
    while len(rows):
        if deadline is not None:
            deadline.check()
        _, columns = np.unique(columns, return_inverse=True)
        _, rows = np.unique(rows, return_inverse=True)
        # Lemma: if a is the only entry of its column, the rank is 1 + that without a's row.  Proof: column operations
        # with that column clear the row.  Rows with such entries are pivots side by side, as their columns differ.
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
