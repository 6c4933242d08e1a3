"""Elimination of sparse rows: the dense answer, without filling in, and an end where it would."""
import numpy as np
import pytest

from sage_conslaw.exact.linear_algebra import kernel, rank
from sage_conslaw.exact.sparse_elimination import TooDense, eliminated, sparse_kernel, sparse_kernel_dimension
from sage_conslaw.exact.sparse_rank import sparse_rank

P = 2**61 - 1


def as_rows(dense):
    return [{int(j): int(row[j]) for j in np.flatnonzero(row)} for row in dense]


def matrices():
    """Random matrices of every density, some rows repeated or summed, so that rows become empty on the way."""
    generator = np.random.default_rng(5)
    for p in (3, 101, P):
        for density in (0.05, 0.1, 0.2, 0.4, 0.8):
            for shape in ((9, 14), (14, 9), (12, 12)):
                dense = generator.integers(1, 3, size=shape) * (generator.random(shape) < density)
                yield np.vstack([dense, dense[:3], (dense[0] + dense[1])[None]]) % p, p


def test_kernel_and_rank_are_the_dense_ones():
    for dense, p in matrices():
        number, rows = dense.shape[1], as_rows(dense)
        assert sparse_kernel(rows, number, p) == kernel(dense, p)
        assert sparse_kernel_dimension(rows, number, p) == number - rank(dense, p)
        places = dense.nonzero()
        assert sparse_rank(*places, dense[places], p) == rank(dense, p)


def test_a_solved_row_mentions_columns_solved_after_it_or_never():
    for dense, p in matrices():
        solved = eliminated(as_rows(dense), p)
        order = list(solved)
        for place, column in enumerate(order):
            assert not set(solved[column]) & set(order[:place + 1])


def test_the_rows_that_are_given_stay_as_they_are():
    rows = [{0: 1, 1: 2}, {0: 1, 2: 3}]
    eliminated(rows, P)
    assert rows == [{0: 1, 1: 2}, {0: 1, 2: 3}]


def test_nothing_is_filled_in_where_an_order_allows_it():
    """An arrow: the full row and column come last, whatever their place."""
    n = 40
    rows = [{j: 1 for j in range(n)}] + [{0: 1, i: i + 1} for i in range(1, n)]
    assert len(eliminated(rows, P, most_work=2 * n)) == n


def test_the_work_is_counted_and_ends_where_it_is_too_much():
    """In a dense matrix the k-th pivot takes (n - k)^2 products."""
    n = 12
    rows = as_rows(np.random.default_rng(2).integers(1, P, size=(n, n)))
    squares = [k * k for k in range(n - 1, 0, -1)]
    assert len(eliminated(rows, P, most_work=sum(squares))) == n
    for known in (1, 2, 5):
        limit = sum(squares[:known]) - 1
        with pytest.raises(TooDense) as stopped:
            eliminated(rows, P, most_work=limit)
        assert stopped.value.rank == known
