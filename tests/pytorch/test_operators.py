"""Modules that people write, each in one call: numbers of laws, and each law against automatic differentiation."""
import pytest

torch = pytest.importorskip("torch")

from sage_conslaw import InputError, conservation_laws, networks  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from torch_cases import Does, largest_derivative, reals  # noqa: E402


class Rotary(nn.Module):
    """Attention whose positions are products with complex numbers, as the first Llama wrote them."""

    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.o = (nn.Linear(4, 4, bias=False) for _ in range(4))
        self.turns = torch.polar(torch.ones(3, 1), torch.arange(3.0)[:, None])

    def turned(self, x):
        pairs = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2))
        return torch.view_as_real(pairs * self.turns.to(pairs.dtype)[None, :, None]).flatten(3)

    def forward(self, x):
        q, k, v = (part(x).view(1, 3, 2, 2) for part in (self.q, self.k, self.v))
        q, k, v = (part.transpose(1, 2) for part in (self.turned(q), self.turned(k), v))
        return self.o(F.scaled_dot_product_attention(q, k, v, is_causal=True).transpose(1, 2).reshape(1, 3, 4))


class Held(nn.Module):
    """A layer that a block without gradients holds still."""

    def __init__(self):
        super().__init__()
        self.a, self.b = nn.Linear(3, 2), nn.Linear(2, 2)

    def forward(self, x):
        with torch.no_grad():
            y = self.a(x).relu()
            y += 1
        return self.b(y)


class UNet(nn.Module):
    """Down, up by a transposed convolution, and a join."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 2, 1), nn.Conv2d(2, 3, 1)
        self.up, self.join, self.head = nn.ConvTranspose2d(3, 2, 2, stride=2), nn.Conv2d(4, 2, 1), nn.Conv2d(2, 2, 1)

    def forward(self, x):
        a = F.relu(self.first(x))
        b = self.up(F.relu(self.second(F.max_pool2d(a, 2))))
        return self.head(F.relu(self.join(torch.cat([a, b], 1))))


class Experts(nn.Module):
    """Three experts, of which each sample uses the two with the largest gates, or all of them."""

    def __init__(self, chosen):
        super().__init__()
        self.chosen, self.gate = chosen, nn.Linear(3, 3)
        self.experts = nn.ModuleList([nn.Linear(3, 2) for _ in range(3)])

    def forward(self, x):
        shares, outs = F.softmax(self.gate(x), -1), torch.stack([expert(x) for expert in self.experts], 1)
        if not self.chosen:
            return (outs * shares[..., None]).sum(1)
        shares, places = torch.topk(shares, 2, dim=-1)
        return (outs.gather(1, places[..., None].expand(-1, -1, 2)) * shares[..., None]).sum(1)


def variational():
    """An encoder to means and variances, noise, and a decoder."""
    def forward(self, x):
        h = F.relu(self.e(x))
        mean, spread = self.mean(h), torch.exp(self.spread(h) / 2)
        return self.d(mean + spread * torch.randn_like(mean))
    return Does(forward, e=nn.Linear(4, 3), mean=nn.Linear(3, 2), spread=nn.Linear(3, 2), d=nn.Linear(2, 4))


def in_time(kind):
    def forward(self, x):
        state = None
        for t in range(2):
            state = self.cell(x[:, t], state)
        return self.out(state[0] if isinstance(state, tuple) else state)
    return Does(forward, cell=kind(2, 2), out=nn.Linear(2, 1))


def dense(layer, width=3):
    return nn.Sequential(nn.Linear(3, 3), layer, nn.Linear(width, 2))


def image(*layers):
    return nn.Sequential(nn.Conv2d(1, 2, 2), nn.ReLU(), *layers)


def bag():
    return Does(lambda self, ids: self.out(self.table(ids)), table=nn.EmbeddingBag(4, 2, mode="mean"),
                out=nn.Linear(2, 2))


def parametrised(normal):
    return nn.Sequential(normal(nn.Linear(3, 3)), nn.ReLU(), nn.Linear(3, 2))


CASES = {
    "complex rotary positions": (Rotary, reals((1, 3, 4)), 8),
    "a recurrent cell": (lambda: in_time(nn.RNNCell), reals((1, 2, 2)), 2),
    "a gated cell": (lambda: in_time(nn.GRUCell), reals((1, 2, 2)), 4),
    "a cell with memory": (lambda: in_time(nn.LSTMCell), reals((1, 2, 2)), 8),
    "trained slopes": (lambda: dense(nn.PReLU(3)), reals((1, 3)), 3),
    "a gated linear unit": (lambda: nn.Sequential(nn.Linear(3, 4), nn.GLU(), nn.Linear(2, 2)), reals((1, 3)), 2),
    "bilinear upsampling": (lambda: image(nn.Upsample(scale_factor=2, mode="bilinear"), nn.Conv2d(2, 1, 2)),
                            reals((1, 1, 3, 3)), 2),
    "bicubic upsampling": (lambda: image(nn.Upsample(scale_factor=2, mode="bicubic"), nn.Conv2d(2, 1, 2)),
                           reals((1, 1, 3, 3)), 2),
    "largest of windows": (lambda: image(nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(2, 2)),
                           reals((1, 1, 3, 3)), 2),
    "normal weights": (lambda: parametrised(nn.utils.parametrizations.weight_norm), reals((1, 3)), 6),
    "cosines": (lambda: Does(lambda self, a, b: F.cosine_similarity(self.e(a), self.e(b)), e=dense(nn.ReLU())),
                reals((1, 3), (1, 3)), 4),
    "a bilinear layer": (lambda: Does(lambda self, a, b: self.layer(a, b), layer=nn.Bilinear(2, 2, 2)),
                         reals((1, 2), (1, 2)), 0),
    "without gradients": (Held, reals((1, 3)), 8),
    "a dense mixture": (lambda: Experts(False), reals((1, 3)), 4),
    # Three units, and |d|^2 - |m|^2 - b^2 - 4 c for each mean m, b with a spread exp(z / 2) that has the bias c.
    "a variational encoder": (variational, reals((1, 4)), 5),
    "bags of tokens": (bag, lambda g: (torch.randint(0, 4, (1, 3), generator=g),), None),
    "a U-Net": (UNet, reals((1, 1, 2, 2)), 10),
    "a soft threshold": (lambda: dense(nn.Softshrink()), reals((1, 3)), 0),
    "random slopes": (lambda: dense(nn.RReLU()), reals((1, 3)), 3),
    "a memory of fewer numbers": (lambda: Does(lambda self, x: self.r(x)[0], r=nn.LSTM(1, 3, proj_size=2)),
                                  reals((2, 1, 1)), 12),
    "chosen by the inputs": (lambda: Does(lambda self, x: self.b(torch.where(x > 0, self.a(x), torch.zeros_like(x))),
                                          a=nn.Linear(3, 3), b=nn.Linear(3, 2)), reals((1, 3)), 3),
    "divided by a norm": (lambda: Does(lambda self, x: F.relu(x @ self.w / self.w.norm()) @ self.v,
                                       w=nn.Parameter(torch.ones(2, 3)), v=nn.Parameter(torch.ones(3, 2))),
                          reals((1, 2)), 1),
    "a temperature": (lambda: Does(lambda self, x: self.b(F.relu(self.a(x))) / self.t, a=nn.Linear(2, 3),
                                   b=nn.Linear(3, 3), t=nn.Parameter(torch.tensor(1.5))), reals((1, 2)), 4),
}


@pytest.mark.parametrize("name", CASES)
def test_laws_hold_along_real_gradients(name):
    build, draw, number = CASES[name]
    model = build().double()
    result = conservation_laws(networks.from_torch(model, draw(torch.Generator())), seed=0, real=False)
    assert largest_derivative(result, model, draw, rounds=1) < 1e-10
    if number is not None:
        assert result.number == number and result.complete is True


def test_entries_that_are_set_to_a_number():
    def forward(self, x):
        y = self.a(x)
        y[:, 0] = 0
        y.mul_(2).add_(1)
        return self.b(y)
    net = networks.from_torch(Does(forward, a=nn.Linear(3, 4), b=nn.Linear(4, 2)), torch.zeros(1, 3))
    found = conservation_laws(net, seed=0)
    # The row that is overwritten does not move.
    assert "a.bias[0:1]" in [law.text for law in found.matrix_laws()] and found.complete is True


def test_padding_that_occurs_is_used_and_does_not_move():
    model = Does(lambda self, ids: self.out(self.table(ids).mean(1)), table=nn.Embedding(4, 2, padding_idx=0),
                 out=nn.Linear(2, 2)).double()
    with torch.no_grad():
        model.table.weight[0] = 1.0

    def draw(generator):
        return (torch.tensor([[0, 1, 2, 3]])[:, torch.randperm(4, generator=generator)[:3]],)
    net = networks.from_torch(model, torch.tensor([[0, 1, 2]]))
    assert any("padding token 0 occurs" in note for note in net.notes)
    assert largest_derivative(conservation_laws(net, seed=0, real=False), model, draw) < 1e-10


def test_padding_of_zeros_leaves_the_balance_of_the_other_rows():
    model = Does(lambda self, ids: self.out(self.table(ids).mean(1)), table=nn.Embedding(4, 2, padding_idx=0),
                 out=nn.Linear(2, 3, bias=False))
    result = conservation_laws(networks.from_torch(model, torch.tensor([[0, 1, 2]])), seed=0, real=False)
    # Two entries that never move, and a symmetric matrix.
    assert result.number == 2 + 3 and result.complete is True


@pytest.mark.parametrize("build, words", [
    (lambda: Experts(True), r"topk.*test_operators.py:\d+: .*torch.topk.*places that depend on the data"),
    (lambda: Does(lambda self, x: self.a(x).sort().values, a=nn.Linear(3, 2)), "sort.*places that depend on the data"),
    (lambda: Does(lambda self, x: torch.linalg.inv(self.a(x).T @ self.a(x)), a=nn.Linear(3, 2)), "there is no rule"),
])
def test_what_the_data_choose_is_refused_with_the_line(build, words):
    with pytest.raises(InputError, match=words):
        networks.from_torch(build(), torch.zeros(1, 3))


def test_positions_that_the_module_makes_itself_on_the_meta_device():
    with torch.device("meta"):
        model = Does(lambda self, ids: self.out(self.table(ids) + self.places(torch.arange(ids.shape[1]))),
                     table=nn.Embedding(5, 4), places=nn.Embedding(3, 4), out=nn.Linear(4, 2))
    assert networks.from_torch(model, torch.zeros(1, 3, dtype=torch.long)).output.shape == (1, 3, 2)
