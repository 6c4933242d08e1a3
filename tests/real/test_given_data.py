"""Laws for a given data set: low rank, few samples, whitened inputs, and what is refused."""
from fractions import Fraction

import numpy as np
import pytest
from sage_conslaw import conservation_laws, count_conservation_laws, flows, networks

RANK_ONE = np.outer([1, 2, -3, 5], [1, -2, 4])


@pytest.mark.parametrize("targets", [None, [[1], [2], [5], [-1]]])
def test_inputs_of_rank_one(targets):
    # One field up to factors: 12 - 1 laws; 6 on all data.
    result = count_conservation_laws(networks.linear([3, 3, 1]), data=(RANK_ONE, targets), seed=0)
    assert (result.number, result.status, result.assumption) == (11, "proved", "none")


def test_laws_on_all_data_are_laws_on_some():
    net = networks.linear([3, 2, 2])
    for X in (RANK_ONE, np.eye(3), [[1, 0, 0], [0, 1, 0]]):
        given = conservation_laws(net, data=(X, None), seed=0)
        everywhere = conservation_laws(net, seed=0)
        assert given.number >= everywhere.number == 3
        assert len(given.independent) >= 3 and given.assumption == "none"


def test_inputs_that_span_are_as_good_as_all():
    # Whitened inputs: the identity.
    net = networks.linear([3, 2, 3])
    result = conservation_laws(net, data=(np.eye(3), None), seed=0)
    assert (result.number, result.complete) == (3, True)


def test_one_sample_and_its_target_are_one_field():
    net = networks.linear([2, 2, 2])
    assert count_conservation_laws(net, data=([[1, 2]], [[3, 4]]), seed=0).number == 8 - 1
    assert count_conservation_laws(net, data=([[1, 2]], None), seed=0).number < 7


def test_pieces_of_a_relu_network_have_laws_of_their_own():
    # Two patterns: within one that is on, w_i a_j - a_i w_j besides the balances.
    result = conservation_laws(networks.relu([1, 4, 1]), data=([[1], [-1]], None), seed=0)
    assert (result.number, len(result.independent), result.complete, result.assumption) == (6, 6, True, "none")
    assert any("region of activation" in remark for remark in result.remarks)


def test_smooth_networks_keep_the_laws_of_all_data():
    net = networks.gated(2, 2)
    few = conservation_laws(net, data=([[1, 2]], None), seed=0)
    assert few.complete is not True and few.number > 2 and few.laws_at_least >= 2
    many = conservation_laws(net, data=(np.random.default_rng(0).integers(-9, 9, size=(40, 2)), None), seed=0)
    assert (many.complete, many.assumption) == (True, "none")


def test_cross_entropy_and_momentum():
    net = networks.linear([2, 2])
    assert count_conservation_laws(net, data=(np.eye(2), None), loss="cross-entropy", seed=0).number == 2
    assert count_conservation_laws(net, data=([[1, 1]], None), seed=0).number == 2
    assert count_conservation_laws(net, data=([[1, 1]], None), flow=flows.momentum(), seed=0).number >= 4


def test_fractions_and_floats_are_exact():
    net = networks.relu([2, 2, 1], bias=True)
    rows = [[Fraction(1, 3), 0.5], [-2, 1], [0.25, -3]]
    assert conservation_laws(net, data=(rows, None), seed=0).number >= 2


@pytest.mark.parametrize(
    "data, words",
    [
        (([[1, 2]], None), r"shape \(1, 2\)"),
        (([[1, 2, float("nan")]], None), "not finite"),
        (([[1, 2, "a"]], None), "no number"),
        (([[1, 2, 3]], [[1, 2]]), "the targets have the shape"),
        (([], None), "shape"),
        (({"y": [[1]]}, None), "no data for the input x"),
    ],
)
def test_what_is_no_data_is_said_in_one_line(data, words):
    with pytest.raises((ValueError, TypeError), match=words) as caught:
        conservation_laws(networks.linear([3, 3, 1]), data=data)
    assert "\n" not in str(caught.value)


def test_only_networks_have_samples():
    with pytest.raises(ValueError, match="belongs to a network"):
        conservation_laws("x*y", data=([[1]], None))
    with pytest.raises(NotImplementedError, match="targets"):
        conservation_laws(networks.linear([2, 2]), data=([[1, 2]], [[1, 0]]), loss="cross-entropy")
