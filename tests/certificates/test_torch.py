"""Modules of PyTorch have certificates: norms with eps, scaled and masked attention, gates and functions of their
own."""
import json

import pytest
from certificates import oracle

from sage_conslaw import conservation_laws, networks
from sage_conslaw.certificates.checker import examine
from sage_conslaw.check import verify

torch = pytest.importorskip("torch")
nn = torch.nn


class linear(nn.Module):
    """A module with the name of an architecture of the catalog."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(2, 2, bias=False), nn.Linear(2, 1, bias=False)

    def forward(self, x):
        return self.b(self.a(x))


class Convolutional(nn.Module):
    def __init__(self):
        super().__init__()
        self.a, self.n, self.b = nn.Conv1d(1, 2, 2), nn.BatchNorm1d(2), nn.Linear(2, 2)

    def forward(self, x):
        return self.b(torch.relu(self.n(self.a(x))).mean(-1)).log_softmax(-1)


MODULES = {
    "linear": (linear, (3, 2)), "convolutional": (Convolutional, (4, 1, 5)),
    "norm": (lambda: nn.Sequential(nn.LayerNorm(3), nn.Linear(3, 2), nn.RMSNorm(2, eps=1e-6), nn.Linear(2, 1)), (1, 3)),
    "own gates": (lambda: nn.Sequential(nn.Linear(2, 2), nn.PReLU(), nn.Linear(2, 1), nn.Tanh()), (1, 2)),
    "encoder": (lambda: nn.TransformerEncoderLayer(2, 1, 2, batch_first=True, norm_first=True), (1, 3, 2)),
}


@pytest.mark.parametrize("name", MODULES)
def test_modules_have_certificates(name):
    build, shape = MODULES[name]
    network = networks.from_torch(build(), (torch.zeros(*shape),))
    record = json.loads(json.dumps(conservation_laws(network, seed=0).certificate()))
    assert examine(record) == verify(record) == record["statement"]
    assert ", the graph in this file of " in record["statement"]
    if network.dimension < 25:
        assert oracle.falsehood(record) is None
