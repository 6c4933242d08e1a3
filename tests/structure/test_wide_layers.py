"""Linear networks with wide hidden layers between few inputs and outputs."""
import numpy as np
import pytest
from random_graphs import PRIME

from sage_conslaw import count_conservation_laws, networks
from sage_conslaw.exact.linear_algebra import rank
from sage_conslaw.flows.flow_family import FlowFamily
from sage_conslaw.laws.independence import jacobian
from sage_conslaw.rank.words import Effort, word_ranks
from sage_conslaw.structure.index_classes import index_classes
from sage_conslaw.structure.symmetries import balances, explicit_laws
from sage_conslaw.structure.wide_layers import _WithUnits, independent_balances, rank_from_narrow


def size(widths):
    return sum(a * b for a, b in zip(widths, widths[1:]))


def dense(widths):
    """The rank of words at a random point, and of the gradients of all balances there."""
    response, generator = networks.linear(widths).response(), np.random.default_rng(1)
    point, classes = generator.integers(1, PRIME, response.dimension), index_classes(response)
    laws = explicit_laws(classes, balances(classes), [], products=False)
    most = rank(jacobian(laws, response.dimension, point, PRIME), PRIME)
    found, = word_ranks(FlowFamily(response, response.names), point, [range(response.dimension)],
                        [response.dimension - most], generator, PRIME, Effort(10**8, 3, 6))
    return found, most


@pytest.mark.parametrize(
    "widths",
    [[2, 3, 3, 2], [1, 4, 4, 2], [2, 5, 4, 1], [1, 4, 3, 2], [2, 3, 2, 3, 1], [3, 4, 4, 1], [2, 6, 3, 2], [1, 3, 7, 2]],
)
def test_both_sides_are_those_of_the_dense_route(widths):
    found, most = dense(widths)
    assert most == independent_balances(widths)
    here = rank_from_narrow(widths, np.random.default_rng(0))[0]
    assert here in (0, found) and found + most == size(widths)
    assert here or min(widths[1:-1]) < 3 or len(widths) > 4


@pytest.mark.parametrize("widths, number", [([2, 3, 2], 6), ([2, 6, 2], 18), ([1, 2, 2, 1], 6)])
def test_numbers_of_independent_balances(widths, number):
    assert independent_balances(widths) == number


def test_the_bound_grows_from_a_narrow_network():
    assert rank_from_narrow([2, 20, 19, 1], np.random.default_rng(0)) == (39, [2, 2, 1, 1])


@pytest.mark.parametrize("widths", [[1, 2, 2, 1], [1, 4, 4, 1], [1, 5, 3, 1], [1, 2, 2, 2, 1], [1, 1, 4, 1]])
def test_one_input_and_one_output_are_never_proved_here(widths):
    assert rank_from_narrow(widths, np.random.default_rng(0))[0] <= 1


@pytest.mark.parametrize("widths", [[2, 4, 3, 4, 1], [1, 8, 7, 3], [3, 2, 5, 2], [2, 2, 6, 4, 2]])
def test_no_more_than_the_dimension(widths):
    assert rank_from_narrow(widths, np.random.default_rng(0))[0] + independent_balances(widths) <= size(widths)


def test_a_unit_that_moves_less_is_noticed():
    """With units that stand still the rank is not reached: the check can fail."""
    small = _WithUnits([2, 2, 2, 2], np.random.default_rng(0), 2097143)
    assert small.rank(None) == small.wanted
    for unit in small.units[:3]:
        unit.into, unit.out = ([[0] * len(part) for part in parts] for parts in (unit.into, unit.out))
    assert small.rank(None) < small.wanted


@pytest.mark.parametrize("widths, loss, number", [
    ([2, 50, 50, 2], None, 2550), ([13, 64, 64, 1], None, 4160), ([2, 50, 50, 3], "cross-entropy", 2600),
    ([2, 30, 30, 30, 2], None, 3 * 465), ([1, 40, 40, 2], None, 1640)])
def test_wide_networks_are_proved(widths, loss, number):
    count = count_conservation_laws(networks.linear(widths), loss=loss, real=False)
    assert (count.number, count.status) == (number, "proved")
