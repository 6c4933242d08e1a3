"""Simulated optimisers: against those of PyTorch from the same state, and what is said of their laws."""
import importlib.util

import numpy as np
import pytest

from sage_conslaw import InputError, conservation_laws, flows, networks, simulate
from sage_conslaw.flows.optimiser_table import OPTIMISERS
from sage_conslaw.flows.problem import problem
from sage_conslaw.runtime.errors import NotCovered
from sage_conslaw.training.entrywise import Entrywise

needs_torch = pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")

NET = networks.linear([2, 2, 3])
NOT_SIMULATED = {"lbfgs", "adafactor", "sparseadam", "lamb"}


@pytest.mark.parametrize("name", sorted(OPTIMISERS))
def test_every_optimiser_is_simulated_or_says_why_not(name):
    laws = ["U1_1_1^2 + U1_2_1^2 - U2_1_1^2 - U2_1_2^2 - U2_1_3^2"]
    if name in NOT_SIMULATED:
        with pytest.raises(NotCovered, match=f"{name} is not simulated: .*Monitor"):
            simulate(NET, flow=name, step=0.001, steps=2, seed=0, laws=laws)
        return
    run = simulate(NET, flow=name, step=0.001, steps=50, seed=0, laws=laws)
    assert run.final_loss < run.initial_loss and np.isfinite(run.trajectories).all()
    kept = {"sgd": True, "sgdw": True, "clipped": True, "normalised": True, "muon": None, "lion": None}
    assert run.conserved == (kept.get(name, False),)


def entrywise(text, net=NET, step=0.001):
    flow = flows.by_name(text)
    return Entrywise(flow, problem(net, flow).family, net.response(), step)


@needs_torch
@pytest.mark.parametrize(
    "text, make, step",
    [
        ("adam", lambda t, p: t.optim.Adam(p, lr=0.001, eps=0), 0.001),
        ("adam:weight_decay=0.1", lambda t, p: t.optim.Adam(p, lr=0.001, eps=0, weight_decay=0.1), 0.001),
        ("adamw:weight_decay=0.1", lambda t, p: t.optim.AdamW(p, lr=0.001, eps=0, weight_decay=0.1), 0.001),
        ("radam", lambda t, p: t.optim.RAdam(p, lr=0.001, eps=0), 0.001),
        ("rmsprop", lambda t, p: t.optim.RMSprop(p, lr=0.01, eps=0), 0.01),
        ("rmsprop:momentum=0.5", lambda t, p: t.optim.RMSprop(p, lr=0.01, eps=0, momentum=0.5), 0.02),
        ("rmsprop:centered=true", lambda t, p: t.optim.RMSprop(p, lr=0.01, eps=0, centered=True), 0.01),
        ("adadelta", lambda t, p: t.optim.Adadelta(p, lr=1), 1),
        ("adagrad", lambda t, p: t.optim.Adagrad(p, lr=0.01, eps=0), 0.0001),
        ("adamax", lambda t, p: t.optim.Adamax(p, lr=0.002, eps=0), 0.002),
        ("signsgd:lr=0.01", None, 0.01),
    ],
)
def test_steps_are_those_of_pytorch(text, make, step):
    """From the same moments, with the correction of their bias switched off by a large count of steps."""
    import torch
    generator = np.random.default_rng(3)
    theta, gradients = generator.normal(size=10), generator.normal(size=(40, 10))
    mine = entrywise(text, step=step)
    mine.start(theta)
    mine.meet(gradients[0])
    p = torch.nn.Parameter(torch.tensor(theta))
    optimiser = None if make is None else make(torch, [p])
    if optimiser is not None:
        v = torch.tensor(mine.moments["v"])
        zero = lambda: torch.zeros(10, dtype=torch.float64)
        optimiser.state[p] = {
            "step": torch.tensor(1e8), "exp_avg": zero(), "exp_avg_sq": v.clone(), "square_avg": v.clone(),
            "momentum_buffer": zero(), "grad_avg": zero(), "acc_delta": zero(), "exp_inf": v.clone(),
            "sum": v / step if text == "adagrad" else v.clone(),
        }
    for g in gradients:
        mine.advance(g)
        if optimiser is None:
            with torch.no_grad():
                p -= step * torch.sign(torch.tensor(g))
        else:
            p.grad = torch.tensor(g)
            optimiser.step()
    assert np.abs(mine.theta - p.detach().numpy()).max() < 1e-12


def test_sign_descent_keeps_the_laws_of_the_region_where_it_starts():
    net = networks.linear([1, 2, 3])
    theta = [-2, 3, 1, -1, 0.5, 0.3, -0.2, 1]
    run = simulate(net, flow="sign", step=0.001, steps=300, seed=1, theta=theta)
    assert run.conserved == (True,) * 3 and run.drifts().max() < 1e-12
    assert set(run.laws) == {f"U2_1_{i} + U2_2_{i}" for i in (1, 2, 3)}


def test_adaptive_runs_keep_their_laws_and_lose_those_of_gradient_flow():
    net = networks.linear([2, 3])
    sums = conservation_laws(net, loss="cross-entropy", seed=0)
    for name in ("adam", "nadam", "adamax", "rmsprop:centered=true"):
        flow = flows.by_name(name)
        own = simulate(net, flow=flow, step=0.001, steps=20, seed=0, loss="cross-entropy")
        assert len(own.laws) == 2 and own.drifts().max() < 1e-12, name
        lost = simulate(net, flow=flow, step=0.001, steps=200, seed=0, loss="cross-entropy", laws=sums)
        assert lost.conserved == (False, False) and lost.drifts().min() > 1e-4, name


def test_steepest_descent_keeps_fourth_powers_to_first_order():
    runs = [
        simulate(
            networks.product(2), flow=flows.steepest(4), step=h, steps=round(1 / h), seed=0, theta=[1, 2], data=[0]
        )
        for h in (0.002, 0.001)
    ]
    coarse, fine = (run.drifts()[0] for run in runs)
    assert runs[0].laws == ("x1^4 - x2^4",) and 0.4 < fine / coarse < 0.6


def test_rescaled_steps_have_their_predicted_drift():
    for name in ("clipped", "normalised", "lars"):
        run = simulate(NET, flow=name, step=0.01, steps=40, seed=0, loss="cross-entropy")
        change = run.trajectories[:, -1] - run.trajectories[:, 0]
        assert np.abs(change - run.predictions[:, -1]).max() < 1e-12 and len(run.laws)


def test_lion_without_momentum_is_sign_descent():
    start = [1, -2, 0.5, 0.7]
    net = networks.linear([1, 2, 1])
    lion = simulate(net, flow="lion:betas=0/0", step=0.01, steps=30, seed=0, theta=start)
    sign = simulate(net, flow="sign", step=0.01, steps=30, seed=0, theta=start)
    assert np.array_equal(lion.theta, sign.theta)


def test_muon_moves_by_orthogonal_matrices_and_keeps_null_vectors():
    net = networks.linear([3, 3])
    sums = conservation_laws(net, loss="cross-entropy", seed=0)
    run = simulate(net, flow="muon:weight_decay=0", step=0.01, steps=1, seed=0, loss="cross-entropy", laws=sums)
    assert run.drifts().max() < 1e-14          # l^T W for l^T grad = 0
    before = simulate(net, flow="muon:weight_decay=0", step=0.01, steps=2, seed=0).theta
    after = simulate(net, flow="muon:weight_decay=0", step=0.01, steps=3, seed=0).theta
    step = (after - before).reshape(3, 3) / 0.01
    assert np.abs(step.T @ step - np.eye(3)).max() < 1e-10


def test_groups_are_simulated_with_their_rates_and_decays():
    from dataclasses import replace
    from fractions import Fraction

    from sage_conslaw.flows.groups import Groups
    net, groups = networks.product(2), Groups(None, None, (Fraction(1), Fraction(3)), (Fraction(0), Fraction(0)))
    for flow in (flows.sign(), flows.steepest(4), flows.gradient(), flows.momentum(1)):
        rated = replace(flow, groups=groups)
        if flow.second_order:
            assert not conservation_laws(net, flow=rated, seed=0).laws
            continue
        run = simulate(net, flow=rated, step=0.001, steps=200, seed=0, theta=[0.7, 0.9], data=[0])
        plain = simulate(net, flow=rated, step=0.001, steps=200, seed=0, theta=[0.7, 0.9], data=[0],
                         laws=conservation_laws(net, flow=flow, seed=0))
        assert len(run.laws) == 1 and run.drifts()[0] < 0.004 and plain.drifts()[0] > 0.02, flow
        assert plain.conserved == (False,)
    frozen = replace(flows.adam(), groups=Groups(None, None, (Fraction(0), Fraction(1)), (Fraction(0), Fraction(0))))
    run = simulate(net, flow=frozen, step=0.001, steps=20, seed=0, theta=[1, 2], data=[0], laws=["x1", "x2"])
    assert run.conserved == (True, False) and run.drifts()[0] == 0 and run.drifts()[1] > 0


@pytest.mark.parametrize(
    "flow, options, kind, message",
    [
        ("adam", dict(step=0.1), InputError, "too large for moments"),
        ("adam", dict(step=0.001, scheme="mirror"), InputError, "does not go with"),
        ("adam", dict(step=0.001, velocity=[0] * 10), InputError, "belongs to momentum"),
    ],
)
def test_wrong_input(flow, options, kind, message):
    with pytest.raises(kind, match=message):
        simulate(NET, flow=flow, steps=3, seed=0, **options)


def test_muon_refuses_what_is_no_matrix():
    with pytest.raises(NotCovered, match="moves matrices, and b1 is none"):
        simulate(networks.relu([2, 2, 1], bias=True), flow="muon", step=0.01, steps=2, seed=0)
