"""Tokens that share angles of rotations with others are left out of a count only where nothing else needs them."""
import numpy as np
import pytest
from random_graphs import PRIME

from sage_conslaw import networks
from sage_conslaw.flows.problem import problem
from sage_conslaw.graph.joining import concatenate
from sage_conslaw.graph.tensor import Constant, Data
from sage_conslaw.width.bases import word_rank
from sage_conslaw.width.true_width import width_of

TOKENS, WIDTH = 5, 2
P = networks.parameter


def turner():
    """Return rotary positions of which the last two but one share their angle."""
    places = np.arange(TOKENS)[:, None]
    places[3] = places[2]
    places = np.hstack([places, places])
    cosines, sines = (Data(name, (TOKENS,), "rotation").gather(places) for name in ("cos", "sin"))

    def turned(y):
        return y * cosines + concatenate([-y[:, 1:], y[:, :1]], axis=1) * sines
    return turned


def attention(z, queries=lambda y: y):
    turned, d = turner(), z.shape[-1]
    q, k = queries(turned(z @ P("Q", d, WIDTH))), turned(z @ P("K", d, WIDTH))
    weights = networks.contract("tk,uk->tu", q, k).softmax()
    return networks.custom(networks.contract("tu,uk->tk", weights, z @ P("V", d, 2)))


def plain():
    return attention(networks.input(TOKENS, 3) @ P("E", 3, 4))


def with_fixed_positions():
    """Two columns are equal: the rows of F move together, which other numbers in their place would not show."""
    fixed = Constant(np.outer(np.arange(1, TOKENS + 1), [1, 1]))
    return attention(networks.input(TOKENS, 3) @ P("E", 3, 4) + fixed @ P("F", 2, 4))


def with_windows():
    """Each query sees two neighbours."""
    kernel = P("C", WIDTH, WIDTH, 2)
    return attention(networks.input(TOKENS, 3), lambda y: y.transpose(1, 0).convolve(kernel).transpose(1, 0))


@pytest.mark.parametrize("net, known", [(plain(), True), (with_fixed_positions(), False), (with_windows(), False)],
                         ids=["plain", "fixed positions", "windows"])
def test_bounds_are_those_of_the_dense_words(net, known):
    family, generator = problem(net).family, np.random.default_rng(0)
    width = width_of(family)
    assert (width is not None) is known
    if known:
        rank, laws = width.bounds(generator)
        point = generator.integers(1, PRIME, net.dimension)
        assert rank == word_rank(family.response, point, net.dimension, generator, PRIME) == net.dimension - laws
