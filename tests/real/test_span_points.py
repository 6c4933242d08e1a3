r"""
The span condition: real gradients against the model's, where the answer is known by hand, and data that do not fit.
"""

import numpy as np
import pytest
from sage_conslaw import networks

def test_too_few_data_span_less():
    network = networks.linear([4, 3])
    for samples in range(1, 6):
        check = network.check_span(samples=samples)
        assert (check.real, check.model, check.samples) == (3 * min(samples, 4), 12, samples)
        assert check.equal == (samples >= 4)


@pytest.mark.parametrize("alive, rank", [((), 0), ((0,), 2), ((0, 1), 4), ((0, 1, 2), 6)])
def test_dead_units_have_no_gradients(alive, rank):
    # One input, one output, positive data: a unit that is alive moves (u_j, b_j, v_j) along the gradients of v_j (u_j x
    # + b_j), of rank 2.
    network = networks.relu([1, 3, 1], bias=True)
    theta = np.array(
        [1.0 if j in alive else -1.0 for j in range(3)]
        + [0.5 if j in alive else -0.5 for j in range(3)]
        + [1.0, 2.0, 3.0]
    )
    check = network.check_span(data=np.linspace(1, 2, 9)[:, None], theta=theta)
    # Units that are alive together share the gates of the data: only their sums are seen.
    assert check.model == 6
    assert check.real <= rank and check.real == (0 if not alive else 2)
    assert ("short at this point" in repr(check)) == (check.real < 6)


def test_the_point_is_taken_as_it_is():
    # Tiny weights are not zero, and the fixed weights keep their size against them.
    network = networks.linear([2, 2, 2])
    assert (
        network.check_span(theta=np.full(8, 1e-9) * np.arange(1, 9)).model
        == network.check_span(theta=np.arange(1.0, 9)).model
    )
    # At the usual start of low-rank adaptation, B = 0, the gradients of A vanish.
    lora = networks.lora([3, 2], rank=1)
    check = lora.check_span(theta=np.array([1.0, 2.0, 3.0, 0.0, 0.0]))
    assert (check.real, check.model) == (2, 2)


def test_cancellation_between_fixed_and_trained_weights_is_seen():
    # x (F + W) U with W = -F: the second layer gets no gradient at this very point.
    x, F = networks.input(2), networks.fixed("F", values=[[1, 2], [3, 5]])
    network = networks.custom((x @ F + x @ networks.parameter("W", 2, 2)) @ networks.parameter("U", 2, 2))
    check = network.check_span(theta=np.array([-1.0, -2.0, -3.0, -5.0, 1.0, 0.0, 0.0, 1.0]))
    assert (check.real, check.model) == (4, 4)


def test_the_same_seed_gives_the_same_answer():
    network = networks.gated(2, 2)
    assert network.check_span(seed=7) == network.check_span(seed=7)


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"data": np.ones(3)}, r"shape \(3,\)"),
        ({"data": np.ones((4, 3))}, r"give \(samples,\) \+ \(2,\)"),
        ({"data": {"y": np.ones((4, 2))}}, "input x"),
        ({"data": np.ones((0, 2))}, "no samples"),
        ({"samples": 0}, "samples 0"),
        ({"samples": -3}, "samples -3"),
        ({"theta": np.ones(3)}, "12 parameters"),
        ({"loss": "hinge"}, "hinge"),
        ({"data": np.full((4, 2), np.nan)}, "finite"),
        ({"theta": np.full(12, np.inf)}, "finite"),
    ],
)
def test_bad_input(arguments, words):
    with pytest.raises(ValueError, match=words) as caught:
        networks.relu([2, 3, 2]).check_span(**arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "arguments", [{"samples": "many"}, {"samples": 2.5}, {"seed": "x"}, {"theta": ["a"] * 12}, {"data": [["a", "b"]]}]
)
def test_wrong_kinds(arguments):
    with pytest.raises(TypeError):
        networks.relu([2, 3, 2]).check_span(**arguments)


def test_a_network_without_input_has_nothing_to_check():
    with pytest.raises(ValueError, match="no input"):
        networks.product(3).check_span()


def test_two_inputs_are_a_dictionary():
    x, y = networks.input(2), networks.input(3, name="y")
    network = networks.custom(x @ networks.parameter("A", 2, 2) + y @ networks.parameter("B", 3, 2))
    data = {"x": np.eye(5)[:, :2], "y": np.eye(5)[:, 2:]}
    assert network.check_span(data=data).real == 10
    assert network.check_span(data=data, samples=3).real == 6
    with pytest.raises(ValueError, match="number of samples"):
        network.check_span(data={"x": np.ones((5, 2)), "y": np.ones((4, 3))})
    with pytest.raises(ValueError, match="dictionary"):
        network.check_span(data=np.ones((5, 2)))
