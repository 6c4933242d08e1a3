"""Regions of equal signs: what norms of one input, and experts that no input chooses, leave of the parameters."""
import numpy as np
import pytest
from sage_conslaw import conservation_laws, networks
from sage_conslaw._sage import QQ
from sage_conslaw.flows.problem import problem
from sage_conslaw.graph.activations import GateFunction, largest
from sage_conslaw.real.signs import family_with_signs


@pytest.mark.parametrize(
    "sizes, gain, number", [((1, 3, 1), True, 9), ((1, 3, 1), False, 6), ((1, 2, 2), True, 5), ((1, 4, 1), False, 9)]
)
def test_batch_norm_of_one_input(sizes, gain, number):
    # Weights of the first layer never move, and all units have the same data up to sign: behind them a linear network.
    result = conservation_laws(networks.normalised(*sizes, norm="batch", gain=gain), seed=1)
    assert (result.laws_at_least, result.number, result.status, result.assumption) == (number, number, "proved", "none")
    assert result.region.complete and "on the region of equal signs around" in repr(result)


def test_laws_of_the_region_hold_with_its_signs():
    result = conservation_laws(networks.normalised(1, 2, 1, norm="batch", gain=True), seed=1)
    names = result.region.laws[0].parent().variable_names()
    signs = np.sign([float(a) for a in result.region.point[:2]])
    theta = np.random.default_rng(0).normal(size=len(names))
    theta[:2] = signs * np.abs(theta[:2])
    at = {name: i for i, name in enumerate(names)}
    rows = []
    for n in ([1.0, -2.0, 1.0], [3.0, -1.0, -2.0]):
        for sample in range(3):
            row, b, U = np.zeros(len(names)), theta[4:6], theta[6:8]
            y = signs * n[sample] * np.sqrt(3) / np.linalg.norm(n)
            row[2:4], row[4:6], row[6:8] = y * U, U, y * theta[2:4] + b
            rows.append(row)
    assert at["g_1"] == 2 and at["U_2_1"] == 7
    for law in result.region.laws:
        slope = np.array([float(law.derivative(v)(*map(QQ, theta.tolist()))) for v in law.parent().gens()])
        assert np.abs(np.array(rows) @ slope).max() < 1e-9


@pytest.mark.parametrize("gate, number", [("softmax", 9), ("normalised sigmoid", 9), ("sigmoid", 7)])
def test_experts_that_no_input_chooses_do_not_move(gate, number):
    result = conservation_laws(networks.mixture(1, 1, 3, 2, gate=gate, active=1), seed=1)
    assert (result.laws_at_least, result.number, result.status) == (number, number, "proved")


def test_two_inputs_leave_no_region():
    for net in (networks.normalised(2, 3, 1, norm="batch"), networks.mixture(2, 1, 3, 1, active=1),
                networks.mixture(1, 1, 2, 1, active=1), networks.normalised(1, 3, 1)):
        family = problem(net).family
        assert family_with_signs(family, np.arange(1.0, 1 + net.dimension)) is None


@pytest.mark.parametrize(
    "net, number", [(networks.icnn(1, 3, 1), 4), (networks.gated(1, 3, 1, gate="relu"), 7)], ids=str
)
def test_what_is_no_polynomial_on_a_region_is_counted(net, number):
    # Two units on one side of zero take times that are integrals: the fields of both patterns commute.
    result = conservation_laws(net, seed=1)
    assert (result.number, result.status, result.complete, result.assumption) == (number, "proved", False, "none")
    assert len(result.independent) == number - 1 and result.real.most == result.state_dimension - number


@pytest.mark.parametrize("seed", range(3))
def test_scores_that_are_turned_around_before_the_choice(seed):
    x, V = networks.input(1), networks.parameter("V", 3, 1)
    scores = (x @ networks.parameter("R", 1, 3))[::-1]
    share = scores.data("share", (3,), "gate", source=scores, function=GateFunction("top softmax", largest))
    result = conservation_laws(networks.custom((share * (x @ networks.parameter("B", 1, 3)).tanh()) @ V), seed=seed)
    # No input chooses the score in the middle, which is that of the entry of R at the other end.
    middle = 3 - int(np.argsort([float(a) for a in result.real.point[:3]])[1])
    fixed = [str(law) for law in result.region.laws if law.degree() == 1]
    assert [name for name in fixed if name.startswith("V")] == [f"V_{middle}_1"]
