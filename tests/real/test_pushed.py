r"""
Real momentum flows: vectors pushed along exact flows, on balls.
"""
from fractions import Fraction

import numpy as np
import pytest

from sage_conslaw import count_conservation_laws, flows, networks
from sage_conslaw.exact.balls import BallArithmetic, midpoints, precision
from sage_conslaw.exact.primes import random_prime
from sage_conslaw.flows.problem import problem
from sage_conslaw.rank.orbit import pushed_tangents
from sage_conslaw.real.pushed import covers
from sage_conslaw.real.reading import real_network
from sage_conslaw.real.smooth import SmoothResponse


def family_and_response(net, flow):
    family = problem(net, flow).family
    return family, SmoothResponse(family.response, real_network(family.response))


@pytest.mark.parametrize("net, flow, number", [
    (networks.attention(2, 4, rotary=True), flows.momentum(), 8),
    (networks.attention(2, 2), flows.momentum(1), 2),
    (networks.perceptron([2, 2, 1], activation="tanh"), flows.nesterov(), 0),
    (networks.normalised(3, 4, 2, norm="rms", gain=False, bias=False), flows.momentum(1), 6),
])
def test_no_assumption_by_default(net, flow, number):
    result = count_conservation_laws(net, flow=flow, seed=0)
    assert (result.number, result.status, result.assumption) == (number, "proved", "none")
    assert result.real.rank == result.state_dimension - number


@pytest.mark.parametrize("net", [
    networks.normalised(2, 2, 1, norm="layer"), networks.normalised(3, 1, 2, norm="rms"), networks.relu([2, 2, 1]),
    networks.custom((networks.parameter("W", 2, 1) @ (networks.parameter("v", 1, 3) @ networks.input(3))).rms_norm()),
])
def test_walls_are_refused(net):
    assert not covers(*family_and_response(net, flows.momentum()))


@pytest.mark.parametrize("tau", [0, 1, "3/t"])
def test_exact_flow_of_real_numbers(tau):
    """The drift's flow on balls is the solution of its equations, by a Taylor step."""
    family = problem(networks.product(2), flows.momentum(tau)).family
    A, z = BallArithmetic(), np.array([2.0, 0.5, -1.0, 0.25, 3.0])
    kind, small = family.exact_flow[0], 2.0 ** -20
    with precision(200):
        step = Fraction(1, 2 ** 20) + (kind != "linear")
        moved = midpoints(family.drift_flow(A, None, A.embed(z), step) - A.embed(z)) / small
    drift = midpoints(family.drift_value(A, A.embed(z)))
    assert np.allclose(moved, drift * (moved[0] / drift[0]), rtol=1e-4)


def test_no_rank_above_the_models():
    net = networks.attention(2, 1)
    family, _ = family_and_response(net, flows.momentum(1))
    result = count_conservation_laws(net, flow=flows.momentum(1), seed=3, real=True)
    generator = np.random.default_rng(0)
    model = pushed_tangents(family, generator, random_prime(generator), family.dimension)[-1]
    assert result.real.rank <= model
