r"""
Kernels of large sparse blocks: the exact coefficient equations, eliminated sparsely modulo a prime.

The coefficient of a monomial in the derivative of `h = \sum c_a z^a` along one field is a linear equation in the `c_a`.
Where the fields are sparse polynomials, as in reaction networks, these equations have few terms each, and elimination
with the shortest row and the rarest column first (Markowitz) fills in little.
"""
import heapq


def coefficient_rows(fields, monomials, constants, values, p):
    r"""
    Return the distinct equations for the coefficients of a law, as dictionaries ``{column: residue}``.

    INPUT:

    - ``fields`` -- lists of sparse polynomials

    - ``monomials`` -- list of sorted tuples of coordinates, the columns

    - ``constants``, ``values`` -- coordinates that stand for parameters, and their residues modulo ``p``

    EXAMPLES:

    For `x' = x y, y' = -x y`, a linear law has equal coefficients::

        sage: from sage_conslaw.expressions.polynomials import parse_polynomials
        sage: from sage_conslaw.laws.sparse_kernel import coefficient_rows
        sage: fields = [parse_polynomials(["x*y", "-x*y"], ["x", "y"])[1]]
        sage: coefficient_rows(fields, [(0r,), (1r,)], [], [], 10007r)
        [{0: 1, 1: 10006}]
    """
    known = dict(zip(constants, values))
    compiled = [[_specialised(component, known, p) for component in field] for field in fields]
    rows = {}
    for column, monomial in enumerate(monomials):
        for number, field in enumerate(compiled):
            for variable in dict.fromkeys(monomial):
                at = monomial.index(variable)
                rest, count = monomial[:at] + monomial[at + 1:], monomial.count(variable)
                for product, value in field[variable]:
                    row = rows.setdefault((number, tuple(sorted(rest + product))), {})
                    row[column] = (row.get(column, 0) + count * value) % p
    distinct = {}
    for row in rows.values():
        row = {column: value for column, value in row.items() if value}
        if row:
            scale = pow(next(iter(row.values())), -1, p)
            row = {column: value * scale % p for column, value in row.items()}
            distinct[tuple(row.items())] = row
    return list(distinct.values())


def _specialised(component, known, p):
    """Return the terms with the constants replaced by residues, as (monomial, value)."""
    out = {}
    for monomial, value in component.items():
        factor = value.numerator * pow(value.denominator, -1, p) % p
        moving = []
        for i in monomial:
            if i in known:
                factor = factor * int(known[i]) % p
            else:
                moving.append(i)
        out[tuple(moving)] = (out.get(tuple(moving), 0) + factor) % p
    return [(monomial, value) for monomial, value in out.items() if value]


def sparse_kernel(rows, number, p, deadline=None):
    r"""
    Return the reduced kernel modulo ``p`` of sparse rows with the given number of columns, as :func:`kernel` does for
    dense ones.

    EXAMPLES::

        sage: from sage_conslaw.laws.sparse_kernel import sparse_kernel
        sage: sparse_kernel([{0r: 1r, 1r: 1r}, {2r: 1r}, {0r: 2r, 1r: 2r, 2r: 5r}], 4r, 101r)
        [{0: 100, 1: 1}, {3: 1}]

    TESTS:

    It agrees with the dense kernel::

        sage: import numpy
        sage: from sage_conslaw.exact.linear_algebra import kernel
        sage: generator = numpy.random.default_rng(1r)
        sage: dense = generator.integers(0r, 3r, size=(12r, 16r)) * (generator.random((12r, 16r)) < 0.3)
        sage: rows = [{int(j): int(row[j]) for j in row.nonzero()[0r]} for row in dense]
        sage: sparse_kernel(rows, 16r, 10007r) == kernel(dense, 10007r)
        True
    """
    return _echelon(_back_substituted(_eliminated(rows, p, deadline), number, p), p)


def sparse_kernel_dimension(rows, number, p, deadline=None):
    r"""
    Return the dimension of the kernel alone, which needs no back substitution.

    EXAMPLES::

        sage: from sage_conslaw.laws.sparse_kernel import sparse_kernel_dimension
        sage: sparse_kernel_dimension([{0r: 1r, 1r: 1r}, {2r: 1r}, {0r: 2r, 1r: 2r, 2r: 5r}], 4r, 101r)
        2
    """
    return number - len(_eliminated(rows, p, deadline))


def _eliminated(rows, p, deadline):
    """Return ``{pivot: rest of its row}``, the pivot 1; a row mentions only columns that are solved after it, or
    never."""
    rows = [dict(row) for row in rows if row]
    where = {}
    for i, row in enumerate(rows):
        for column in row:
            where.setdefault(column, set()).add(i)
    queue = [(len(row), i) for i, row in enumerate(rows)]
    heapq.heapify(queue)
    solved = {}
    while queue:
        length, i = heapq.heappop(queue)
        row = rows[i]
        if row is None or len(row) != length:
            continue
        if not row:
            rows[i] = None
            continue
        if deadline is not None:
            deadline.check()
        pivot = min(row, key=lambda column: len(where[column]))
        inverse = pow(row[pivot], -1, p)
        rest = {column: value * inverse % p for column, value in row.items() if column != pivot}
        rows[i] = None
        for column in row:
            where[column].discard(i)
        for j in list(where[pivot]):
            other = rows[j]
            factor = other.pop(pivot)
            for column, value in rest.items():
                new = (other.get(column, 0) - factor * value) % p
                if new:
                    if column not in other:
                        where[column].add(j)
                    other[column] = new
                else:
                    del other[column]
                    where[column].discard(j)
            heapq.heappush(queue, (len(other), j))
        where[pivot] = set()
        solved[pivot] = rest
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
            last = max(vector)
            if last not in basis:
                scale = pow(vector[last], -1, p)
                basis[last] = {i: value * scale % p for i, value in vector.items()}
                break
            vector = _minus(vector, vector[last], basis[last], p)
    for last in sorted(basis):
        vector = basis[last]
        for other in sorted((i for i in vector if i in basis and i != last), reverse=True):
            if other in vector:
                vector = _minus(vector, vector[other], basis[other], p)
        basis[last] = vector
    return [dict(sorted(basis[last].items())) for last in sorted(basis)]


def _minus(vector, factor, other, p):
    out = dict(vector)
    for i, value in other.items():
        new = (out.get(i, 0) - factor * value) % p
        if new:
            out[i] = new
        else:
            out.pop(i, None)
    return out
