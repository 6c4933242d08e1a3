"""Groups of parameters and frozen arrays, for every optimiser: the laws against real runs of PyTorch."""
import importlib.util
from fractions import Fraction

import numpy as np
import pytest

from sage_conslaw import conservation_laws, count_conservation_laws, flows, networks
from sage_conslaw.exact import terms as sparse
from sage_conslaw.exact.arithmetic import FloatArithmetic
from sage_conslaw.flows import UncountedFlow
from sage_conslaw.flows.problem import problem

if importlib.util.find_spec("torch") is None:
    pytest.skip("PyTorch is not installed", allow_module_level=True)

import torch

NET = networks.linear([1, 2, 3])
FAMILIES = ("Adam", "AdamW", "NAdam", "RAdam", "RMSprop", "Adagrad", "Adamax", "Adadelta")


def model():
    m = torch.nn.Sequential(torch.nn.Linear(1, 2, bias=False), torch.nn.Linear(2, 3, bias=False)).double()
    with torch.no_grad():
        m[0].weight.copy_(torch.tensor([[1.0], [0.8]]))
        m[1].weight.copy_(torch.tensor([[0.9, 0.7], [1.1, 1.2], [0.6, 1.3]]))
    return m


def two(kind, m, first, second, **options):
    return getattr(torch.optim, kind)(
        [{"params": m[0].parameters(), **first}, {"params": m[1].parameters(), **second}], **options
    )


@pytest.mark.parametrize("kind", FAMILIES)
def test_rates_and_decays_of_adaptive_optimisers(kind):
    decay = {} if kind == "Adadelta" else {"weight_decay": 0.1}
    m, net = model(), networks.linear([1, 2, 3])
    flow = flows.from_torch_optimizer(two(kind, m, {"lr": 0.1}, {"lr": 0.3, **decay}))
    assert flow.groups.rates == (1, 3)
    coupled = kind in ("Adam", "NAdam", "RAdam", "RMSprop", "Adagrad", "Adamax")
    expected = 0 if kind == "Adadelta" else Fraction(1, 10) * (1 if coupled else 3)
    assert flow.groups.decays[1] == expected
    if kind != "Adadelta":
        assert count_conservation_laws(net, flow=flow, seed=0).number == 0


@pytest.mark.parametrize("kind", FAMILIES)
def test_frozen_arrays_of_adaptive_optimisers(kind):
    net = networks.linear([2, 1, 2])
    small = torch.nn.Sequential(torch.nn.Linear(2, 1, bias=False), torch.nn.Linear(1, 2, bias=False))
    small[0].weight.requires_grad_(False)
    flow = flows.from_torch_optimizer(getattr(torch.optim, kind)(small.parameters()))
    assert flow.groups.rates == (0, 1) and not flow.groups.decays[0]
    family = problem(net, flow).family
    # A frozen array has no moments: four parameters, two of them with moments.
    blocks = {"RMSprop": 1, "Adagrad": 1}.get(kind, 2)
    assert len(family.names) - (family.time is not None) == 4 + 2 * blocks
    assert family.conserved([{(family.names.index(name),): Fraction(1)} for name in ("U1_1_1", "U1_2_1", "U2_1_1")]) \
        == [True, True, False]


def test_a_frozen_array_does_not_decay():
    m = model()
    m[0].weight.requires_grad_(False)
    flow = flows.from_torch_optimizer(torch.optim.ASGD(m.parameters(), lr=0.1))
    result = conservation_laws(NET, flow=flow, seed=0)
    assert {"U1_1_1", "U1_1_2"} <= set(result.readable_laws()) and result.complete is True


def train(m, optimiser, steps):
    generator = torch.Generator().manual_seed(0)
    for _ in range(steps):
        x, y = torch.randn(8, 1, generator=generator).double(), torch.randn(8, 3, generator=generator).double()
        optimiser.zero_grad()
        ((m(x) - y) ** 2).mean().backward()
        optimiser.step()


def values(laws, m, time):
    """Return the laws of a result at a model: weights are stored the other way round in PyTorch."""
    family = laws.problem.family
    theta = torch.cat([m[0].weight.detach().T.ravel(), m[1].weight.detach().T.ravel()]).numpy()
    clock = [] if family.time is None else [np.exp(float(Fraction(family.rate)) * time)]
    z = np.concatenate([clock, theta])
    return sparse.PolynomialMap([laws.terms[i] for i in laws.independent], family.dimension)(FloatArithmetic(), z)


@pytest.mark.parametrize(
    "kind, first, second, options, laws, tolerance",
    [
        ("Adam", {"lr": 0.001}, {"lr": 0.003}, {"betas": (0.0, 0.0), "eps": 0.0}, 3, 1e-12),
        (
            "AdamW",
            {"weight_decay": 0.1},
            {"weight_decay": 0.2},
            {"lr": 0.001, "betas": (0.0, 0.0), "eps": 0.0},
            3,
            1e-4,
        ),
        ("SGD", {"lr": 0.001}, {"lr": 0.003}, {}, 3, 2e-3),
        ("SGD", {"lr": 0.001}, {"lr": 0.003}, {"weight_decay": 0.1}, 0, 0),
        ("SGD", {"weight_decay": 0.1}, {"weight_decay": 0.2}, {"lr": 0.001}, 0, 0),
    ],
)
def test_laws_of_groups_on_real_runs(kind, first, second, options, laws, tolerance):
    m = model()
    optimiser = two(kind, m, first, second, **options)
    result = conservation_laws(NET, flow=flows.from_torch_optimizer(optimiser), seed=0)
    assert len(result.independent) == laws and (result.status == "proved" or not laws)
    before = values(result, m, 0)
    start = np.concatenate([p.detach().numpy().ravel() for p in m.parameters()])
    train(m, optimiser, 200)
    after = np.concatenate([p.detach().numpy().ravel() for p in m.parameters()])
    assert np.abs(after - start).max() > 0.01
    if laws:
        assert np.abs(values(result, m, 0.2) - before).max() <= tolerance


def test_layers_and_uncounted_with_groups():
    m = torch.nn.Sequential(torch.nn.Linear(2, 2, bias=False), torch.nn.Linear(2, 2, bias=False))
    groups = [{"params": m[0].parameters(), "lr": 0.1}, {"params": m[1].parameters(), "lr": 0.2}]
    flow = flows.from_torch_optimizer(torch.optim.Muon(groups))
    assert isinstance(flow, UncountedFlow) and "muon is no flow" in flow.explanation
