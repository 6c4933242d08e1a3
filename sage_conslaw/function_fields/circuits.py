r"""
Laws over Q(k) one at a time: a kernel vector of small support is the only one on its columns, and sparse elimination
finds it.

Modulo a prime at random parameters a kernel is cheap, also with 14 species and 23 rates, and shows where each vector
of a sparse basis is nonzero. On the columns of one such vector, a *circuit*, the kernel over Q(k) has dimension 1,
and a few rows determine it.  Elimination with the rarest pivot first and the content of each row divided out keeps
the entries as small as the minors that they are.

Dense elimination over Q(k) of the whole block does not end in minutes where this takes a hundredth of a second.
"""

import numpy as np

from ..exact.linear_algebra import independent_rows
from ..exact.sparse_elimination import minus_multiple
from ..runtime.errors import NotCovered
from .parametric import content
from .specialisation import Specialisation

# A law with more terms than this over all its coefficients is no answer that a person reads, and doubles the work with
# every step; a bound makes the end a sentence with advice, where memory would end otherwise.
MOST_TERMS = 200_000


def sparse_basis(vectors, p):
    r"""
    Return a basis of small support, shortest first, of a space given by reduced vectors modulo ``p``.

    Candidates are the reduced echelon bases for a few orders of the columns.
    """
    if len(vectors) <= 1:
        return list(vectors)
    columns = sorted({i for vector in vectors for i in vector})
    # Which basis is found decides how readable laws are and how fast, not whether they are right: a fixed seed does.
    generator = np.random.default_rng(0)
    orders = [columns, columns[::-1]] + [[columns[i] for i in generator.permutation(len(columns))] for _ in range(4)]
    seen = {}
    for order in orders:
        for vector in _echelon(vectors, order, p):
            seen.setdefault(tuple(vector), vector)
    ordered = sorted(seen.values(), key=lambda vector: (len(vector), sorted(vector)))
    place = {column: i for i, column in enumerate(columns)}
    dense = np.zeros((len(ordered), len(columns)), dtype=np.int64)
    for row, vector in enumerate(ordered):
        for i, value in vector.items():
            dense[row, place[i]] = value
    # The shortest that are independent of those before: a matroid, so that no basis of candidates is shorter.
    return [ordered[i] for i in independent_rows(dense, p)]


def _echelon(vectors, order, p):
    """Return the reduced echelon basis with pivots as late as possible in an order of the columns."""
    rank = {column: i for i, column in enumerate(order)}
    basis = {}
    for vector in vectors:
        # The rows of the basis have no pivots but their own, so that the entries at pivots do not change on the way.
        for pivot in vector.keys() & basis.keys():
            vector = minus_multiple(vector, vector[pivot], basis[pivot], p)
        if not vector:
            continue
        pivot = max(vector, key=rank.get)
        vector = minus_multiple({}, -pow(vector[pivot], -1, p), vector, p)
        basis = {other: minus_multiple(row, row.get(pivot, 0), vector, p) for other, row in basis.items()}
        basis[pivot] = vector
    return [dict(sorted(vector.items())) for vector in basis.values()]


def circuit_law(rows, columns, ring, generator, p, deadline=None):
    r"""
    Return the kernel vector over Q(k) of sparse rows on some columns, with coprime entries in Q[k], ``None`` if it is
    not unique.

    INPUT:

    - ``rows`` -- dictionaries ``{column: polynomial in the parameters}``

    - ``columns`` -- the columns on which a vector is sought
    """
    allowed = set(columns)
    part = [{c: v for c, v in row.items() if c in allowed} for row in rows]
    part = sorted(
        (row for row in part if row), key=lambda row: (sum(v.number_of_terms() for v in row.values()), sorted(row))
    )
    at = Specialisation(ring, p, generator)
    place = {column: i for i, column in enumerate(columns)}
    small = [{place[c]: v for c, v in row.items()} for row in part]
    chosen = independent_rows(at.matrix(small, len(columns)), p) if small else []
    if len(chosen) != len(columns) - 1:
        # The rank at a random point is the generic one but for a chance of O(degree / p); then a law is missed, none is
        # wrong: the caller checks each exactly.
        return None
    pivots = _eliminated([dict(part[i]) for i in chosen], deadline)
    return _vector(pivots, columns, ring)


def _eliminated(rows, deadline):
    """Return pairs (pivot column, row), each row free of the pivots before it."""
    out = []
    while rows:
        if deadline is not None:
            deadline.check()
        count = {}
        for row in rows:
            for column in row:
                count[column] = count.get(column, 0) + 1
        # Markowitz: the pivot with the least fill-in, of these the entry with the fewest terms.
        *_, number, pivot = min(
            ((len(row) - 1) * (count[c] - 1), v.number_of_terms(), i, c)
            for i, row in enumerate(rows)
            for c, v in row.items()
        )
        row = rows.pop(number)
        out.append((pivot, row))
        rows = [_combined(other, row, pivot, row[pivot]) if pivot in other else other for other in rows]
        rows = [row for row in rows if row]
    return out


def _combined(other, row, pivot, lead):
    """Return the primitive combination of two rows without the pivot column."""
    common = lead.gcd(other[pivot])
    up, down = lead // common, other[pivot] // common
    _check(
        max(up.number_of_terms(), down.number_of_terms())
        * max(v.number_of_terms() for some in (row, other) for v in some.values())
    )
    new = {column: up * other.get(column, 0) - down * row.get(column, 0) for column in other.keys() | row.keys()}
    return _primitive({column: value for column, value in new.items() if value})


def _check(terms):
    """Refuse work on more terms than the bound."""
    if terms > MOST_TERMS:
        raise NotCovered(
            f"the coefficients of a law have more than {MOST_TERMS} terms in the parameters; "
            "give values to some of them (k = 1/2), or lower the degree"
        )


def _primitive(row):
    common = content(row.values())
    if common is None or common.is_constant():
        return row
    _check(sum(value.number_of_terms() for value in row.values()))
    return {column: value // common for column, value in row.items()}


def _vector(pivots, columns, ring):
    """Return the kernel vector, coprime: the free column first, then the pivots from the last on."""
    solved = {pivot for pivot, _ in pivots}
    (free,) = [column for column in columns if column not in solved]
    vector = {free: ring.one()}
    for pivot, row in reversed(pivots):
        total = sum((row[column] * vector[column] for column in row.keys() & vector.keys()), ring.zero())
        if not total:
            continue
        # Instead of a division by the pivot the vector so far is multiplied by it, without what they have in common.
        common = row[pivot].gcd(total)
        factor = row[pivot] // common
        vector = {column: value * factor for column, value in vector.items()}
        vector[pivot] = -(total // common)
    return dict(sorted(_primitive(vector).items()))
