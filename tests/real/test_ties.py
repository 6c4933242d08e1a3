"""Networks that choose the largest entries: draws at which two are too close are drawn anew, and never an error."""
import numpy as np
import pytest

from sage_conslaw import networks
from sage_conslaw.exact.balls import Undecided
from sage_conslaw.flows.problem import problem
from sage_conslaw.real import ball_words
from sage_conslaw.real.ball_words import ball_rank
from sage_conslaw.real.reading import real_network
from sage_conslaw.real.work import Work


@pytest.fixture
def net():
    return networks.mixture(2, 2, 2)


def certified(net):
    family = problem(net).family
    return ball_rank(family, real_network(family.response), 4, np.random.default_rng(1), Work())


@pytest.mark.parametrize("ties", [1, 3])
def test_few_ties_change_nothing(net, ties, monkeypatch):
    plain, left = ball_words._Words.without_noise, [ties]

    def tied(self, z):
        if left[0]:
            left[0] -= 1
            raise Undecided("two entries are too close")
        return plain(self, z)
    monkeypatch.setattr(ball_words._Words, "without_noise", tied)
    assert certified(net).reached and not left[0]


def test_nothing_is_claimed_where_all_draws_have_ties(net, monkeypatch):
    def tied(self, z):
        raise Undecided("two entries are too close")
    monkeypatch.setattr(ball_words._Words, "without_noise", tied)
    found = certified(net)
    assert (found.rank, found.reached, found.stagnated) == (0, False, False) and "too close" in found.reason
