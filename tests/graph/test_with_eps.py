"""Which laws need norms without a constant: against the derivatives of norms that have one."""
import numpy as np
import pytest
from sage_conslaw import conservation_laws, flows, networks
from sage_conslaw.graph.with_eps import response_with_eps
from sage_conslaw.results.display import law_lines

torch = pytest.importorskip("torch")


def drift(result, network, eps):
    """Return for each law its derivative along gradients of a network with this eps, relative to its size."""
    shapes = dict(result.problem.shapes)
    theta = {name: torch.randn(shape, dtype=torch.float64, requires_grad=True) for name, shape in shapes.items()}
    rows = []
    for _ in range(6):
        loss = (network(theta, torch.randn(3, dtype=torch.float64), eps) * torch.randn(2, dtype=torch.float64)).sum()
        grads = torch.autograd.grad(loss, list(theta.values()), allow_unused=True)
        rows.append(np.concatenate([g.numpy().ravel() for g in grads]))
    z = np.concatenate([part.detach().numpy().ravel() for part in theta.values()])
    out = []
    for law in result.terms:
        slope = np.zeros(len(z))
        for monomial, value in law.items():
            for at, i in enumerate(monomial):
                slope[i] += float(value) * np.prod([z[j] for j in monomial[:at] + monomial[at + 1:]])
        out.append(max(abs(np.array(rows) @ slope)) / np.linalg.norm(slope))
    return np.array(out)


def norm(z, eps, centred):
    z = z - z.mean() if centred else z
    return z / (z.square().mean() + eps).sqrt()


@pytest.mark.parametrize("kind", ["rms", "layer"])
@pytest.mark.parametrize("gain", [True, False])
def test_marked_laws_and_no_others_break(kind, gain):
    torch.manual_seed(0)
    net = networks.normalised(3, 4, 2, norm=kind, gain=gain)
    result = conservation_laws(net, seed=0)

    def network(theta, x, eps):
        y = norm(x @ theta["W"], eps, kind == "layer")
        y = y * theta["g"] if "g" in theta else y
        return (y + theta["b"] if "b" in theta else y) @ theta["U"]
    assert drift(result, network, 0).max() < 1e-12
    broken = np.flatnonzero(drift(result, network, 0.5) > 1e-9)
    assert tuple(broken) == result.eps_zero and len(broken) == 1
    assert result.to_dict()["eps_zero"] == list(result.eps_zero)
    assert sum("[eps = 0]" in line for line in law_lines(result)) == 2


def test_noether_laws_of_rotations_hold_for_any():
    net = networks.normalised(3, 3, 2, norm="rms", gain=False, bias=False)
    result = conservation_laws(net, flow=flows.momentum(), seed=0)
    assert len(result.laws) >= 3 and result.eps_zero == ()


def test_networks_without_norms_need_nothing():
    result = conservation_laws(networks.gated(2, 2), seed=0)
    assert result.eps_zero == () and "eps_zero" not in result.to_dict()
    assert response_with_eps(networks.gated(2, 2).response()) is None
    block = conservation_laws(networks.transformer_block(2, 2), seed=0)
    assert block.eps_zero == ()
