"""Momentum at any width: segments without laws, from small widths; never where there are laws."""
import numpy as np
import pytest

from sage_conslaw import conservation_laws, count_conservation_laws, flows, networks
from sage_conslaw.flows.problem import problem
from sage_conslaw.graph.tensor import Constant
from sage_conslaw.width.momentum_width import lawless_rank


def rank(net, tau=1, loss=None):
    family = problem(net, flows.momentum(tau), loss).family
    return lawless_rank(family, np.random.default_rng(0)), family.dimension


@pytest.mark.parametrize("tau", [0, 1, "3/t"])
def test_wide_networks_keep_nothing(tau):
    result = count_conservation_laws(networks.relu([30, 20, 5]), flow=flows.momentum(tau), seed=0)
    assert (result.number, result.status) == (0, "proved") and result.method == "grown from small widths"
    assert conservation_laws(networks.relu([30, 20, 5]), flow=flows.momentum(tau), seed=0).complete is True


@pytest.mark.parametrize("net, loss", [
    (networks.linear([3, 3, 3]), None), (networks.relu([3, 4, 3]), "cross-entropy"), (networks.linear([4, 5, 4]), None),
    (networks.perceptron([3, 4, 2], activation="gelu", bias=True), None), (networks.gated(3, 4), None),
])
def test_never_more_than_the_rank(net, loss):
    """Where there are laws the bound leaves room for all of them: against the dense search."""
    found, dimension = rank(net, 1, loss)
    dense = count_conservation_laws(net, flow=flows.momentum(1), loss=loss, seed=0, real=False)
    assert dense.status == "proved" and found is not None and found <= dimension - dense.number


def test_small_sizes_of_the_same_network_agree():
    for widths in ([3, 3, 2], [4, 3, 3, 2], [2, 5, 1]):
        found, dimension = rank(networks.relu(widths, bias=True))
        assert found == dimension
        dense = count_conservation_laws(networks.relu(widths, bias=True), flow=flows.momentum(1), seed=0, real=False)
        assert dense.number == 0


def test_networks_with_two_readings_are_left_out():
    """Norms without gain have rotations that the coarse reading forgets: laws of momentum."""
    for options in (dict(), dict(gain=False, bias=False)):
        assert rank(networks.normalised(3, 4, 2, norm="rms", **options))[0] is None


def test_fixed_numbers_stay():
    """`(a_j^2 - c_j b_j^2) x_j` has an angular momentum for each `c_j = -1`; with ones in their place there is none."""
    a, b, x = networks.parameter("a", 6), networks.parameter("b", 6), networks.input(6)
    net = networks.custom((a * a - b * b * Constant([-1, -1, -1, 2, -1, 3])) * x)
    found, dimension = rank(net)
    assert found <= dimension - 4
