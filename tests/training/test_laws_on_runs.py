"""What is called a law of an optimiser drifts in the order of the step or not at all; what is called lost drifts."""
import importlib.util

import numpy as np
import pytest

from sage_conslaw import conservation_laws, flows, networks, simulate
from sage_conslaw.flows.problem import problem
from sage_conslaw.training.descent import Descent

TIME = 0.04
CASES = [
    (networks.linear([1, 2, 2]), "least-squares", ["sgd:weight_decay=0.1", "normalised", "sign", "adam"]),
    (networks.relu([2, 2, 3]), "cross-entropy", ["sgdw:lr=0.01,momentum=0.9,weight_decay=0.5", "lars", "clipped"]),
    (networks.attention(2, 2), "least-squares", ["sgd:lr=0.01,momentum=0.9", "nesterov", "sgd"]),
]


@pytest.mark.parametrize(
    "net, loss, name", [(net, loss, name) for net, loss, names in CASES for name in names], ids=lambda x: str(x)[:24]
)
def test_drift_of_laws_and_of_what_is_lost(net, loss, name):
    flow, generator = flows.by_name(name), np.random.default_rng(5)
    theta = generator.normal(size=net.dimension)
    velocity = 0.3 * generator.normal(size=net.dimension) if flow.second_order else None
    balances = conservation_laws(net, loss=loss, seed=0, real=False)
    own = None if name == "sign" else conservation_laws(net, flow=flow, loss=loss, seed=0, real=False)
    start = dict(flow=flow, loss=loss, seed=3, theta=theta, velocity=velocity)
    coarse, fine = (simulate(net, step=h, steps=round(TIME / h), laws=own, **start) for h in (0.001, 0.00025))
    for text, a, b in zip(coarse.laws, coarse.drifts(), fine.drifts()):
        assert a < 1e-9 or b < 0.35 * a, text
    lost = simulate(net, step=0.001, steps=200, laws=balances, **start)
    for text, kept, drift in zip(lost.laws, lost.conserved, lost.drifts()):
        assert kept or drift > 1e-6, text


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")
@pytest.mark.parametrize(
    "options, step",
    [
        (dict(lr=0.01), 0.01),
        (dict(lr=0.01, weight_decay=0.1), 0.01),
        (dict(lr=0.01, momentum=0.9), 0.1),
        (dict(lr=0.04, momentum=0.5, weight_decay=0.3), 0.2),
    ],
)
def test_the_map_of_sgd_step_by_step(options, step):
    """The flow, discretised with the step that its remark names, is PyTorch's run to rounding."""
    import torch
    net, generator = networks.linear([2, 2, 2]), np.random.default_rng(0)
    flow = flows.from_torch_optimizer("sgd", **options)
    assert f"the time {flows.from_torch_optimizer('sgd', lr=step).remarks[0].split()[-1]}" in flow.remarks[0]
    mine, theta = Descent(flow, problem(net, flow).family, step), generator.normal(size=8)
    mine.start(theta)
    p = torch.nn.Parameter(torch.tensor(theta))
    optimiser = torch.optim.SGD([p], **options)
    for g in generator.normal(size=(100, 8)):
        mine.advance(g)
        p.grad = torch.tensor(g)
        optimiser.step()
    assert np.abs(mine.theta - p.detach().numpy()).max() < 1e-12
