"""PyTorch's optimisers as flows: hyperparameters, groups, frozen parameters, rescaled gradients, and the table's
completeness."""
import json
from dataclasses import replace
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from click.testing import CliRunner

from sage_conslaw import (
    InputError,
    compare_flows,
    conservation_laws,
    count_conservation_laws,
    flows,
    networks,
    simulate,
    step_laws,
)
from sage_conslaw.cli.command import cli
from sage_conslaw.flows.flow_family import FlowFamily
from sage_conslaw.flows import UncountedFlow
from sage_conslaw.flows.carried import carried
from sage_conslaw.flows.optimiser_table import OPTIMISERS
from sage_conslaw.flows.rescaled import RescaledResponse
from sage_conslaw.runtime.errors import NotCovered

torch = pytest.importorskip("torch")

CLASSES = sorted(
    name
    for name, value in vars(torch.optim).items()
    if isinstance(value, type) and issubclass(value, torch.optim.Optimizer) and value is not torch.optim.Optimizer
)


def model():
    return torch.nn.Sequential(torch.nn.Linear(2, 2, bias=False), torch.nn.Linear(2, 2, bias=False)).double()


@pytest.mark.parametrize("name", CLASSES)
def test_every_class_of_torch_is_read_and_has_pytorch_defaults(name):
    flow = flows.from_torch_optimizer(getattr(torch.optim, name)(model().parameters()))
    assert flow == flows.from_torch_optimizer(name)
    assert {entry.torch for entry in OPTIMISERS.values()} >= {name}


@pytest.mark.parametrize("name", sorted(OPTIMISERS))
def test_command_line_says_something_of_every_optimiser(name):
    result = CliRunner().invoke(cli, ["count", "product", "2", "--flow", name, "--json", "--seed", "0"])
    if result.stdout.startswith("{"):
        assert json.loads(result.stdout)["number"] in (0, 1)
    else:
        assert (
            result.output.startswith(f"sage-conslaw: {name} is no flow that can be counted")
            and result.output.count("\n") == 1
        )


def test_uncounted_ones_exit_with_one_line():
    for name in ("lbfgs", "muon", "adafactor"):
        with pytest.raises(NotCovered, match="no flow that can be counted: .*; .*; take "):
            count_conservation_laws(networks.product(2), flow=flows.by_name(name))


@pytest.mark.parametrize(
    "lr, mu, dampening, tau",
    [
        ("0.01", "0.9", 0, 1),
        ("0.04", "0.9", "0.75", 1),
        ("1/9", "1/2", 0, Fraction(3, 2)),
        ("0.02", "0.9", 0, Fraction(1, 10)),
        (0.25, 1, 0, 0),
    ],
)
def test_map_of_momentum(lr, mu, dampening, tau):
    assert flows.from_torch_optimizer("sgd", lr=lr, momentum=mu, dampening=dampening).tau.constant == tau


def test_momentum_is_semi_implicit_euler_exactly():
    lr, mu, d = 0.04, 0.9, 0.75
    flow, h = flows.from_torch_optimizer("sgd", lr=lr, momentum=mu, dampening=d), 0.1
    generator, theta = np.random.default_rng(0), np.zeros(3)
    w, p = np.zeros(3), torch.nn.Parameter(torch.zeros(3, dtype=torch.float64))
    optimiser = torch.optim.SGD([p], lr=lr, momentum=mu, dampening=d)
    p.grad = torch.zeros(3, dtype=torch.float64)
    optimiser.step()          # The first buffer is the gradient, without dampening: at rest.
    for _ in range(50):
        g = generator.normal(size=3)
        p.grad = torch.tensor(g)
        optimiser.step()
        w = w - h * (float(flow.tau.constant) * w + g)
        theta = theta + h * w
        assert np.abs(p.detach().numpy() - theta).max() < 1e-13


def test_nesterov_of_torch_is_not_the_flow_with_3_over_t():
    flow = flows.from_torch_optimizer("sgd", lr="0.01", momentum="0.9", nesterov=True)
    assert repr(flow) == repr(flows.momentum(1)) and any("not the flow" in line for line in flow.remarks)


def test_group_rates_are_a_metric():
    net = networks.linear([2, 2, 2])
    m = model()
    optimiser = torch.optim.SGD([{"params": m[0].parameters(), "lr": 0.1}, {"params": m[1].parameters(), "lr": 0.3}])
    result = conservation_laws(net, flow=flows.from_torch_optimizer(optimiser), seed=0)
    assert result.complete is True and len(result.independent) == 3
    assert "3*U1_1_1^2 + 3*U1_2_1^2 - U2_1_1^2 - U2_1_2^2" in map(str, result.laws)


def test_groups_of_decay_lose_the_balance_and_keep_sums():
    m = model()
    optimiser = torch.optim.SGD(
        [{"params": m[0].parameters(), "weight_decay": 0.5}, {"params": m[1].parameters(), "weight_decay": 1}], lr=0.1
    )
    flow, net = flows.from_torch_optimizer(optimiser), networks.linear([2, 2, 2])
    assert conservation_laws(net, flow=flow, seed=0).number == 0
    result = conservation_laws(net, flow=flow, loss="cross-entropy", seed=0)
    assert result.number == 2 and "exp(t)*(U2_1_1 + U2_1_2)" in result.readable_laws()


def test_frozen_parameters():
    m, net = model(), networks.linear([2, 2, 2])
    by_model = flows.from_torch_optimizer(torch.optim.SGD(m[0].parameters(), lr=0.1), model=m)
    assert by_model.groups.rates == (1, 0) and by_model.groups.names == ("0.weight", "1.weight")
    m[1].weight.requires_grad_(False)
    frozen = flows.from_torch_optimizer(torch.optim.SGD(m.parameters(), lr=0.1))
    result = count_conservation_laws(net, flow=frozen, seed=0)
    assert result.number == 4 and result.status == "proved"  # U2 does not move; U1 moves freely
    result = count_conservation_laws(
        networks.linear([2, 2, 1]), flow=replace(frozen, groups=replace(frozen.groups, sizes=None)), seed=0
    )
    assert result.number == 2 + 2                                    # also x U1 moves along U2 alone
    with pytest.raises(InputError, match="moves nothing"):
        flows.from_torch_optimizer(torch.optim.SGD(m[1].parameters(), lr=0.1))


def test_groups_that_are_not_covered_say_so():
    m = model()
    groups = [{"params": m[0].parameters(), "momentum": 0.9}, {"params": m[1].parameters(), "momentum": 0.5}]
    with pytest.raises(NotCovered, match="different clocks"):
        flows.from_torch_optimizer(torch.optim.SGD(groups, lr=0.1))
    with pytest.raises(NotCovered, match="groups of adam with different betas have different clocks"):
        flows.from_torch_optimizer(
            torch.optim.Adam([{"params": m[0].parameters()}, {"params": m[1].parameters(), "betas": (0.5, 0.9)}])
        )
    with pytest.raises(NotCovered, match="groups of rprop with different lr"):
        flows.from_torch_optimizer(
            torch.optim.Rprop([{"params": m[0].parameters()}, {"params": m[1].parameters(), "lr": 0.1}])
        )
    with pytest.raises(InputError, match="the optimiser has 2 arrays"):
        groups = [{"params": m[0].parameters(), "lr": 0.1}, {"params": m[1].parameters(), "lr": 0.2}]
        conservation_laws(networks.linear([2, 2, 2, 2]), flow=flows.from_torch_optimizer(torch.optim.SGD(groups)))


@pytest.mark.parametrize(
    "wrong, message",
    [
        (dict(optimizer="sgd", lr=-1), "not positive"),
        (dict(optimizer="sgd", momentum=2), "larger than 1"),
        (dict(optimizer="sgd", lr="fast"), "not a number"),
        (dict(optimizer="sgd", momentum=0.5, dampening=1), "leaves no gradient"),
        (dict(optimizer="sgdd"), "did you mean 'sgd'"),
        (dict(optimizer=3), "not an optimiser"),
        (dict(optimizer="adam", betas=(1, 1)), "numbers below 1"),
        (dict(optimizer="sgd", momentun=1), "did you mean"),
        (dict(optimizer="adam", betas="0.9"), "betas = 9/10 is not 2 numbers"),
        (dict(optimizer="adam", betas=(0.9, None)), "is not 2 numbers"),
        (dict(optimizer="adam", betas=(-0.9, 0.9)), "negative"),
        (dict(optimizer="sgd", lr=None), "lr = None is not a number"),
        (dict(optimizer="sgd", momentum=(0.9, 0.9)), "is not a number"),
        (dict(optimizer="rmsprop", alpha=-1), "negative"),
    ],
)
def test_wrong_hyperparameters(wrong, message):
    with pytest.raises(InputError, match=message):
        flows.from_torch_optimizer(**wrong)


@pytest.mark.parametrize(
    "net",
    [networks.linear([2, 2, 2]), networks.relu([2, 2, 1], bias=True), networks.attention(2, 1)],
    ids=lambda net: net.architecture,
)
def test_one_rate_for_all_is_the_same_family(net):
    """Gradients times one free number: the same span, the same annihilators, the same laws, found by the engine from
    the rescaled fields."""
    class OneRate(RescaledResponse):
        def __init__(self, response):
            super().__init__(response)
            self.starts, self.layer = np.array([0, response.dimension]), np.zeros(response.dimension, dtype=np.int64)
    from sage_conslaw.exact.arithmetic import ModularArithmetic
    from sage_conslaw.exact.linear_algebra import rank
    response, generator, p = net.response(), np.random.default_rng(0), 2 ** 61 - 1
    theta = generator.integers(1, 10 ** 6, response.dimension)
    A = ModularArithmetic(p)
    plain = np.broadcast_to(response.gradient(A, theta, response.draw(generator, p, 40)), (40, response.dimension))
    scaled = OneRate(response)
    moved = np.broadcast_to(scaled.gradient(A, theta, scaled.draw(generator, p, 40)), (40, response.dimension))
    assert rank(plain, p) == rank(moved, p) == rank(np.vstack([plain, moved]), p)
    laws = conservation_laws(net, seed=0)
    family = FlowFamily(scaled, scaled.names)
    assert all(family.conserved(list(laws.terms)))
    clipped = conservation_laws(net, flow=flows.from_torch_optimizer("clipped"), seed=0)
    assert clipped.laws == laws.laws and clipped.number == laws.number


def test_layer_wise_rates_keep_laws_within_a_layer():
    lars = flows.from_torch_optimizer("lars")
    assert conservation_laws(networks.linear([3, 2, 3]), flow=lars, seed=0).number == 0
    result = conservation_laws(networks.linear([3, 2, 3]), flow=lars, loss="cross-entropy", seed=0)
    assert result.number == 2 and result.complete is True and "U2_1_1 + U2_1_2 + U2_1_3" in map(str, result.laws)
    # Queries and keys are arrays of their own: their balance is lost.
    assert (
        count_conservation_laws(networks.attention(2, 1), flow=lars, seed=0).number
        < count_conservation_laws(networks.attention(2, 1), seed=0).number
    )


def test_layer_wise_rates_with_decay_are_refused():
    """The rates multiply the decay: a sum within a layer shrinks at an unknown speed, and its exponential would be a
    wrong law."""
    assert isinstance(flows.from_torch_optimizer("lars", weight_decay=0.1), flows.UncountedFlow)
    with pytest.raises(NotCovered, match="multiply the decay too"):
        step_laws(networks.linear([2, 2]), "lars", weight_decay=0.1)
    assert flows.from_torch_optimizer("lars", momentum=0.9, lr=0.01).second_order


def test_remarks_of_rprop_are_shown():
    remarks = count_conservation_laws(networks.product(2), flow="rprop", seed=0).remarks
    assert "grow and shrink together" in remarks[0] and remarks[1].startswith("laws where")


def test_decoupled_decay_of_momentum():
    net = networks.linear([2, 2, 2])
    coupled = conservation_laws(
        net, flow=flows.from_torch_optimizer("sgd", lr="0.01", momentum="0.9", weight_decay="0.5"), seed=0
    )
    apart = conservation_laws(
        net, flow=flows.from_torch_optimizer("sgdw", lr="0.01", momentum="0.9", weight_decay="0.5"), seed=0
    )
    assert coupled.readable_laws()[0].startswith("exp(t)*(") and apart.readable_laws()[0].startswith("exp(21/20*t)*(")
    assert coupled.complete is True and apart.complete is True


@pytest.mark.parametrize("net", [networks.product(2), networks.linear([2, 1, 2])], ids=lambda net: net.architecture)
def test_compare_all_of_them(net):
    """One table has every pair: each law of each optimiser, decided for all others."""
    names = sorted(OPTIMISERS)
    table = compare_flows(net, names, seed=0)
    assert len(table.results) == len(names) and all(len(verdicts) == len(names) for _, verdicts in table.rows)
    for name, result, verdicts in zip(names, table.results, zip(*(row for _, row in table.rows))):
        kept = sum(verdict is True for verdict in verdicts)
        if isinstance(flows.by_name(name), UncountedFlow):
            assert set(verdicts) == {None}, name
        else:
            assert kept >= result.number and any(verdict is not None for verdict in verdicts), name
    assert str(table).count("\n") >= len(table.rows) + 3


def test_clocks_of_other_rates_are_no_law():
    """Both flows call their clock s: e^(t/5) h is no law where e^(2t/5) h is one."""
    names = ["sgd:weight_decay=0.1", "sgd:weight_decay=0.2", "sgd"]
    table = compare_flows(networks.product(2), names, seed=0)
    assert [(text, verdicts) for text, verdicts in table.rows] == [
        ("exp(1/5*t)*(x1^2 - x2^2)", (True, False, None)),
        ("exp(2/5*t)*(x1^2 - x2^2)", (False, True, None)),
        ("x1^2 - x2^2", (False, False, True)),
    ]
    # Sign flow with the decay 1/10 keeps e^(t/10) (x1 - x2), written with the clock e^(t/10) or e^(t/5).
    own = flows.weight_decay("1/10", flows.sign()).family(networks.product(2).response())
    other = flows.weight_decay("1/5", flows.sign()).family(networks.product(2).response())
    law = {(0, 1): Fraction(1), (0, 2): Fraction(-1)}
    assert own.conserved([law]) == [True] and other.conserved([carried(law, own, other)]) == [False]
    assert carried(law, own, other) == {(0, 1, 1): 1, (0, 1, 2): -2, (0, 2, 2): 1}


def test_simulations_know_whose_clock_it_is():
    net = networks.product(2)
    slow, fast = (conservation_laws(net, flow=f"sgd:weight_decay={rate}", seed=0) for rate in ("0.1", "0.2"))
    run = simulate(net, flow="sgd:weight_decay=0.2", laws={"own": fast, "other": slow}, step=0.01, steps=50, seed=0)
    assert run.conserved == (True, False) and run.laws == ("exp(2/5*t)*(x1^2 - x2^2)", "exp(1/5*t)*(x1^2 - x2^2)")
    with pytest.raises(InputError, match="has the variable s, which is not a coordinate"):
        simulate(net, flow="sgd", laws=slow, step=0.01, steps=5, seed=0)


def test_compare_any_two():
    net, names = networks.product(2), sorted(OPTIMISERS)
    for pair in list(combinations(names, 2))[::29]:
        assert str(compare_flows(net, list(pair), seed=0)).count("\n") >= 3


def test_even_exponents():
    result = conservation_laws(networks.linear([2, 1, 2]), flow=flows.steepest(4), seed=0)
    assert result.number == 0          # sums of fourth powers balance only along one path
    assert conservation_laws(networks.product(2), flow=flows.steepest(4), seed=0).laws[-1].degree() == 4


def test_the_manual_has_a_line_for_every_optimiser():
    from pathlib import Path

    from sage_conslaw.flows.optimiser_table import table
    page = (Path(__file__).parents[2] / "docs" / "optimisers.rst").read_text(encoding="utf8")
    assert table() in page, "docs/optimisers.rst lacks the table of flows.optimiser_table.table()"
    assert all(f"``torch.optim.{name}``" in page for name in CLASSES)


ADAPTIVE = (
    "adam",
    "adamw",
    "nadam",
    "radam",
    "rmsprop",
    "rmsprop:centered=true",
    "rmsprop:momentum=0.9",
    "adagrad",
    "adamax",
)


@pytest.mark.parametrize("name", ADAPTIVE)
@pytest.mark.parametrize(
    "net",
    [
        networks.product(2),
        networks.linear([2, 1, 2]),
        networks.linear([2, 2, 2]),
        networks.linear([1, 2, 1]),
        networks.relu([2, 2, 1], bias=True),
    ],
    ids=lambda net: f"{net.architecture}-{net.sizes}",
)
def test_adaptive_optimisers_have_no_law(name, net):
    result = count_conservation_laws(net, flow=flows.by_name(name), seed=0)
    assert result.number == 0 and result.status == "proved" and result.remarks


def test_adadelta_has_no_law():
    for net in (networks.product(2), networks.linear([2, 1, 2])):
        result = count_conservation_laws(net, flow=flows.by_name("adadelta"), seed=0)
        assert result.number == 0 and result.status == "proved"


def test_moments_of_parameters_that_no_data_move_only_decay():
    x, W, V = networks.input(1), networks.parameter("W", (1, 1)), networks.parameter("V", (2,))
    result = conservation_laws(networks.custom(x @ W, [W, V]), flow=flows.adam(), seed=0)
    assert {"exp(100*t)*m_V_1", "exp(100*t)*m_V_2"} <= set(result.readable_laws())


def test_sums_of_first_moments_behind_a_softmax():
    result = conservation_laws(networks.linear([2, 3]), loss="cross-entropy", flow=flows.by_name("adam"), seed=0)
    assert result.complete is True and result.number == 2
    assert "exp(100*t)*(m_U1_1_1 + m_U1_1_2 + m_U1_1_3)" in result.readable_laws()


def test_adam_on_real_runs_keeps_the_sum_of_moments_and_of_two_classes():
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    for classes in (2, 3):
        W = torch.nn.Parameter(torch.randn(3, classes, dtype=torch.float64, generator=generator))
        x, y = (
            torch.randn(9, 3, dtype=torch.float64, generator=generator),
            torch.randint(0, classes, (9,), generator=generator),
        )
        start, optimiser = W.detach().sum(dim=1).clone(), torch.optim.Adam([W], lr=0.01)
        for _ in range(100):
            optimiser.zero_grad()
            torch.nn.functional.cross_entropy(x @ W, y).backward()
            optimiser.step()
        assert optimiser.state[W]["exp_avg"].sum(dim=1).abs().max() < 1e-15
        drift = (W.detach().sum(dim=1) - start).abs().max()
        assert drift < 1e-6 if classes == 2 else drift > 1e-3


def drift(make, lr, steps, closure):
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    draw = lambda *shape: torch.randn(*shape, dtype=torch.float64, generator=generator)
    U, V = torch.nn.Parameter(draw(3, 2)), torch.nn.Parameter(draw(2, 3))
    x, y, optimiser = draw(20, 3), draw(20, 3), make([U, V], lr)
    balance = lambda: (U.T @ U - V @ V.T).detach()
    start = balance()

    def loss():
        optimiser.zero_grad()
        value = ((x @ U @ V - y) ** 2).mean() / 2
        value.backward()
        return value
    for _ in range(steps):
        if closure:
            optimiser.step(loss)
        else:
            loss()
            optimiser.step()
    return float((balance() - start).norm())


@pytest.mark.parametrize(
    "name, make, kept",
    [
        ("sgd", lambda p, lr: torch.optim.SGD(p, lr=lr), True),
        ("adafactor", lambda p, lr: torch.optim.Adafactor(p, lr=lr), False),
        ("muon", lambda p, lr: torch.optim.Muon(p, lr=lr, weight_decay=0.0), False),
        ("lbfgs", lambda p, lr: torch.optim.LBFGS(p, lr=lr, max_iter=1), False),
        ("adam", lambda p, lr: torch.optim.Adam(p, lr=lr), False),
    ],
)
def test_balances_that_are_called_lost_drift_at_zeroth_order(name, make, kept):
    coarse, fine = (drift(make, 0.02 / k, 50 * k, name == "lbfgs") for k in (1, 4))
    assert fine < 0.3 * coarse if kept else fine > 0.5 * coarse and fine > 1


def test_muon_and_lbfgs_keep_sums():
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    W = torch.nn.Parameter(torch.randn(4, 3, dtype=torch.float64, generator=generator))
    x, y = torch.randn(9, 3, dtype=torch.float64, generator=generator), torch.randint(0, 4, (9,), generator=generator)
    start = W.detach().sum(dim=0).clone()
    optimiser = torch.optim.LBFGS([W], lr=0.1, max_iter=5)

    def loss():
        optimiser.zero_grad()
        value = torch.nn.functional.cross_entropy(x @ W.T, y)
        value.backward()
        return value
    for _ in range(10):
        optimiser.step(loss)
    assert (W.detach().sum(dim=0) - start).abs().max() < 1e-13
    # The Newton-Schulz polynomial of Muon keeps null vectors; in PyTorch it runs in bfloat16, so here it is written out
    # in doubles.
    G = torch.randn(4, 3, dtype=torch.float64, generator=generator)
    X = (G - G.mean(dim=0)) / G.norm()
    for _ in range(5):
        S = X @ X.T
        X = 3.4445 * X + (-4.775 * S + 2.0315 * S @ S) @ X
    assert X.sum(dim=0).abs().max() < 1e-12
