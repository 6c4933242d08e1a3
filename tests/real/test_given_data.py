"""Laws for a given data set: low rank, few samples, whitened inputs, and what is refused."""
import sys
from fractions import Fraction
from pathlib import Path

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


def real_rank(widths, activation, X, Y, loss, theta, enough):
    """Return the numerical rank of the fields of the samples and their brackets of up to four letters, by automatic
    differentiation; longer brackets only where fewer are not enough."""
    torch = pytest.importorskip("torch")
    sys.path.insert(0, str(Path(__file__).parent))
    import plain
    shapes, _, f = plain.perceptron(widths, activation)
    sizes = [a * b for a, b in shapes.values()]

    def field(x, y):
        def gradient(z):
            parts = {n: p.reshape(shape) for (n, shape), p in zip(shapes.items(), torch.split(z, sizes))}
            out = f(parts, x)
            if loss == "least-squares":
                return ((out - y) ** 2).sum() / 2
            return torch.logsumexp(out, -1) - out[y]
        return torch.func.grad(gradient)
    X = torch.tensor(X, dtype=torch.float64)
    Y = torch.tensor(Y, dtype=torch.float64 if loss == "least-squares" else torch.int64)
    words = letters = [field(x, y) for x, y in zip(X, Y)]
    z, rows = torch.tensor(theta, dtype=torch.float64), []
    for _ in range(4):
        rows += [word(z) for word in words]
        rank = int(torch.linalg.matrix_rank(torch.stack(rows), rtol=1e-9))
        if rank >= enough:
            break

        def bracket(a, b):
            return lambda z: torch.func.jvp(b, (z,), (a(z),))[1] - torch.func.jvp(a, (z,), (b(z),))[1]
        words = [bracket(a, b) for a in letters for b in words if a is not b]
    return rank


@pytest.mark.parametrize(
    "widths, activation, X, Y, loss",
    [
        ([2, 1, 2], "gelu", [[1, 2], [2, -3]], [0, 1], "cross-entropy"),
        ([2, 1, 1], "gelu", [[1, 2], [2, 4]], [[1], [2]], "least-squares"),
        ([2, 2, 2], "linear", [[1, 2], [2, -3]], [0, 1], "cross-entropy"),
        ([1, 2, 1], "tanh", [[1], [2]], [[1], [3]], "least-squares"),
        ([2, 1, 1], "silu", [[1, 2]], [[3]], "least-squares"),
    ],
)
def test_targets_of_smooth_networks_and_of_cross_entropy(widths, activation, X, Y, loss):
    net = networks.linear(widths) if activation == "linear" else networks.perceptron(widths, activation=activation)
    result = conservation_laws(net, data=(X, Y), loss=loss, seed=0)
    theta = np.random.default_rng(3).normal(size=net.dimension)
    rank = net.dimension - result.number
    assert rank == real_rank(widths, activation, X, Y, loss, theta, rank)
    assert (result.status, result.assumption) == ("proved", "none")


def test_shares_and_classes_are_the_same_targets():
    net = networks.perceptron([2, 2, 2], activation="gelu")
    X = [[1, 2], [Fraction(1, 3), 1]]
    classes, shares = (
        conservation_laws(net, data=(X, Y), loss="cross-entropy", seed=0) for Y in ([0, 1], [[1, 0], [0, 1]])
    )
    assert classes.laws == shares.laws and classes.real == shares.real
    for Y, words in (([0, 2], "classes are 0 to 1"), ([[1, 1], [0, 1]], "the sum 2"), ([0], "targets have the shape")):
        with pytest.raises(ValueError, match=words):
            conservation_laws(net, data=(X, Y), loss="cross-entropy")


def test_inputs_of_rank_one_leave_linear_laws_of_the_first_layer():
    result = conservation_laws(networks.gated(2, 1), data=([[1, 2], [2, 4], [-3, -6]], None), seed=0)
    assert {"2*gate_1_1 - gate_2_1", "2*up_1_1 - up_2_1"} <= set(map(str, result.laws))
    assert (result.complete, result.assumption, result.number) == (True, "none", 3)


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


def test_data_results_name_their_region_and_choose_one_where_units_are_on():
    data = ([[1, 2], [3, -1], [1, 1]], None)
    numbers = set()
    for seed in range(4):
        result = conservation_laws(networks.relu([2, 3, 2]), data=data, seed=seed)
        point = np.array([float(a) for a in result.real.point])
        assert result.real.local and "on the region of activation" in result.assumption_in_words()
        hidden = np.maximum(np.array(data[0]) @ point[:6].reshape(2, 3), 0)
        # The gradients of both outputs in the second layer alone.
        assert hidden.any() and result.real.rank >= 2 * np.linalg.matrix_rank(hidden)
        numbers.add(result.number)
    assert max(numbers) <= 6
