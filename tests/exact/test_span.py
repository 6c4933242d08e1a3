"""Spans that grow: what is kept, and what is said of batches that bring nothing."""
import numpy as np
import pytest

from sage_conslaw.exact.linear_algebra import rank
from sage_conslaw.exact.span import Span

P = 2305843009213693951


@pytest.mark.parametrize("seed", range(5))
def test_the_rank_is_that_of_everything_drawn(seed):
    generator = np.random.default_rng(seed)
    span, drawn = Span(9, P), []
    basis = generator.integers(0, P, (6, 9))
    for number in (1, 3, 2, 5, 4):
        batch = np.stack([basis[generator.integers(0, 6)] for _ in range(number)])
        before = span.rank
        drawn.append(batch)
        assert span.add(batch) == span.rank - before
        assert span.rank == rank(np.concatenate(drawn), P)
    assert rank(span.rows, P) == span.rank and span.drawn == 15


def test_idle_batches_are_counted_from_the_last_gain():
    span = Span(2, 101)
    seen = []
    for row in ([0, 0], [1, 0], [2, 0], [3, 0], [0, 1], [1, 1]):
        span.add(np.array([row]))
        seen.append(span.idle)
    assert seen == [1, 0, 1, 2, 0, 1]
    span.begin()
    assert (span.idle, span.drawn, span.rank) == (0, 0, 2)


def test_no_more_than_what_is_wanted_is_kept():
    span = Span(4, 101, most=2)
    assert span.add(np.eye(4, dtype=np.int64)) == 2 and span.rank == 2


def test_probes_are_tested_and_not_kept():
    span = Span(3, 101)
    first, second, both = [1, 0, 0], [0, 1, 0], [1, 1, 0]
    assert span.add_and_test(np.array([first]), np.array([second])) == (1, True)
    assert span.add_and_test(np.array([second]), np.array([both])) == (1, False)
    assert span.add_and_test(np.array([both]), np.zeros((0, 3), dtype=np.int64)) == (0, False)
    assert span.rows.tolist() == [first, second]


def test_images_that_became_dependent_are_seen_with_the_next_batch():
    span = Span(2, 101)
    span.add(np.array([[1, 0], [0, 1]]))
    span.carry(np.array([[1, 1], [2, 2]]))
    assert span.add(np.array([[3, 3]])) == -1 and span.rank == 1
