r"""
The rank of a large sparse matrix modulo a prime: pivots that cost nothing first, then the shortest column.

A column with one entry left is a pivot without elimination; at a sparse point nearly all columns are.  They are taken
in rounds with numpy; what remains is eliminated with dictionaries, always at the column with fewest entries
(Markowitz).
"""
import heapq

import numpy as np

# Entries of the part that is left to dictionaries: 10 million are about 1.5 GB and minutes.  The star point of a ReLU
# network with 535808 parameters leaves 20000.
MAX_REMAINING = 10_000_000

# Entries written by eliminations before the search gives up: about one microsecond each.
MAX_WORK = 30_000_000


class TooDense(ArithmeticError):
    r"""
    The elimination fills in; what was found until then is a lower bound, in ``rank``.

    EXAMPLES::

        sage: from sage_conslaw.exact.sparse_rank import TooDense
        sage: TooDense(3r).rank
        3
    """

    def __init__(self, rank):
        super().__init__(f"the elimination fills in; the rank is at least {rank}")
        self.rank = rank


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
    return _by_dictionaries(rows, columns, values, p, found, deadline) if len(rows) else found


def _by_dictionaries(rows, columns, values, p, found, deadline):
    matrix, where = {}, {}
    for row, column, value in zip(rows.tolist(), columns.tolist(), values.tolist()):
        matrix.setdefault(row, {})[column] = value % p
        where.setdefault(column, set()).add(row)
    queue = [(len(members), column) for column, members in where.items()]
    heapq.heapify(queue)
    work = steps = 0
    while queue:
        number, column = heapq.heappop(queue)
        members = where[column]
        if len(members) != number or not members:
            continue
        steps += 1
        if deadline is not None and steps % 64 == 0:
            deadline.check()
        pivot = min(members, key=lambda row: (len(matrix[row]), row))
        pivot_row = matrix.pop(pivot)
        for other in pivot_row:
            where[other].discard(pivot)
        inverse = pow(pivot_row.pop(column), -1, p)
        touched = set(pivot_row)
        for row in list(members):
            target = matrix[row]
            factor = target.pop(column) * inverse % p
            work += len(pivot_row)
            for other, value in pivot_row.items():
                new = (target.get(other, 0) - factor * value) % p
                if new:
                    if other not in target:
                        where[other].add(row)
                    target[other] = new
                elif other in target:
                    del target[other]
                    where[other].discard(row)
        members.clear()
        for other in touched:
            heapq.heappush(queue, (len(where[other]), other))
        found += 1
        if work > MAX_WORK:
            raise TooDense(found)
    return found
