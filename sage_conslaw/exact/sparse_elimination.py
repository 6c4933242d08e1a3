r"""
Elimination of sparse rows modulo a prime: always the shortest row, at its rarest column (Markowitz).

For `x_1 + x_2 = 0, x_3 = 0` nothing is filled in, and the kernel is read off backwards; a dense matrix fills in at
once, and whoever only wants the rank sets a limit.  The two users are kernels of coefficient equations and ranks at
sparse points.
"""
import heapq


class TooDense(ArithmeticError):
    """The elimination fills in; what was found until then is a lower bound, in ``rank``."""

    def __init__(self, rank):
        super().__init__(f"the elimination fills in; the rank is at least {rank}")
        self.rank = rank


def sparse_kernel(rows, number, p, deadline=None):
    r"""
    Return the reduced kernel modulo ``p`` of sparse rows with the given number of columns, as :func:`kernel` does for
    dense ones.
    """
    return _echelon(_back_substituted(eliminated(rows, p, deadline), number, p), p)


def sparse_kernel_dimension(rows, number, p, deadline=None):
    """Return the dimension of the kernel alone, which needs no back substitution."""
    return number - len(eliminated(rows, p, deadline))


def eliminated(rows, p, deadline=None, most_work=None):
    r"""
    Return ``{pivot: rest of its row}``, the pivot 1; a row mentions only columns that are solved after it, or never.

    INPUT:

    - ``rows`` -- dictionaries ``{column: residue}``, without zeros

    - ``most_work`` -- entries written until :class:`TooDense` is raised, with the pivots found as a lower bound
    """
    rows, work = [dict(row) for row in rows if row], 0
    where = {}
    for i, row in enumerate(rows):
        # where: the rows in which a column occurs, kept up to date through all eliminations.
        for column in row:
            where.setdefault(column, set()).add(i)
    queue = [(len(row), i) for i, row in enumerate(rows)]
    heapq.heapify(queue)
    solved = {}
    while queue:
        length, i = heapq.heappop(queue)
        row = rows[i]
        # A row that changed is in the queue anew, with its new length; entries from before are passed over.
        if row is None or len(row) != length:
            continue
        if not row:
            rows[i] = None
            continue
        if deadline is not None:
            deadline.check()
        # A pivot in a row of r entries and a column of c writes at most (r - 1)(c - 1): both are kept small.
        pivot = min(row, key=lambda column: len(where[column]))
        # The row is solved for its pivot; then the pivot is eliminated everywhere else, so later rows do not mention
        # it.
        inverse = pow(row[pivot], -1, p)
        rest = {column: value * inverse % p for column, value in row.items() if column != pivot}
        rows[i] = None
        for column in row:
            where[column].discard(i)
        for j in list(where[pivot]):
            other = rows[j]
            factor = other.pop(pivot)
            work += len(rest)
            for column, value in rest.items():
                new = (other.get(column, 0) - factor * value) % p
                if new:
                    if column not in other:
                        where[column].add(j)
                    other[column] = new
                else:
                    del other[column]
                    where[column].discard(j)
            # Changed once for each elimination; the old entry stays in the queue and is passed over.
            heapq.heappush(queue, (len(other), j))
        where[pivot] = set()
        solved[pivot] = rest
        if most_work is not None and work > most_work:
            raise TooDense(len(solved))
    return solved


def _back_substituted(solved, number, p):
    """Return a kernel basis: each solved column is minus the sum of its rest, solved later columns expanded."""
    expressed = {column: {column: 1} for column in range(number) if column not in solved}
    # A row mentions only columns that were solved after it, or never.
    for pivot in reversed(list(solved)):
        total = {}
        for column, value in solved[pivot].items():
            for free, factor in expressed[column].items():
                total[free] = (total.get(free, 0) - value * factor) % p
        expressed[pivot] = {free: value for free, value in total.items() if value}
    vectors = {}
    for column, row in expressed.items():
        for free, value in row.items():
            vectors.setdefault(free, {})[column] = value
    return list(vectors.values())


def _echelon(vectors, p):
    """Return the reduced basis in which each vector is 1 at its last entry and 0 at those of the others."""
    basis = {}
    for vector in vectors:
        while vector:
            # The order of elimination decided which columns are free; the dense kernel's are the last possible ones.
            last = max(vector)
            if last not in basis:
                scale = pow(vector[last], -1, p)
                basis[last] = {i: value * scale % p for i, value in vector.items()}
                break
            vector = minus_multiple(vector, vector[last], basis[last], p)
    for last in sorted(basis):
        vector = basis[last]
        # From the last pivot down: what one subtraction brings in lies before it and is met later.
        for other in sorted((i for i in vector if i in basis and i != last), reverse=True):
            if other in vector:
                vector = minus_multiple(vector, vector[other], basis[other], p)
        basis[last] = vector
    return [dict(sorted(basis[last].items())) for last in sorted(basis)]


def minus_multiple(vector, factor, other, p):
    """Return a sparse vector minus a multiple of another modulo p, without entries that are zero."""
    out = dict(vector)
    for i, value in other.items():
        new = (out.get(i, 0) - factor * value) % p
        if new:
            out[i] = new
        else:
            out.pop(i, None)
    return out
