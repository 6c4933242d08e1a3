"""Models as users write them, each in one call: the number of laws is that of the Lie algebra of real gradients."""
import pytest

torch = pytest.importorskip("torch")

from sage_conslaw import conservation_laws, networks  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from torch_cases import Does, largest_derivative, reals  # noqa: E402
from torch_fields import number_of_laws  # noqa: E402


def tokens(vocabulary, *shape):
    return lambda generator: (torch.randint(0, vocabulary, shape, generator=generator),)


def joined():
    """A U-Net: down by a stride, up by repetition, and both joined."""
    def forward(self, x):
        a = F.relu(self.first(x))
        b = F.interpolate(F.relu(self.second(a)), scale_factor=2)
        return self.out(F.relu(self.join(torch.cat([a, b], 1))))
    return Does(forward, first=nn.Conv2d(1, 2, 3, padding=1), second=nn.Conv2d(2, 2, 3, padding=1, stride=2),
                join=nn.Conv2d(4, 2, 1), out=nn.Conv2d(2, 1, 1))


def excited():
    """Channels weighed by what is seen in all of them."""
    def forward(self, x):
        c = self.c(x)
        weights = torch.sigmoid(self.b(torch.relu(self.a(c.mean((2, 3))))))
        return self.o((c * weights[:, :, None, None]).flatten(1))
    return Does(forward, c=nn.Conv2d(1, 2, 2), a=nn.Linear(2, 2), b=nn.Linear(2, 2), o=nn.Linear(8, 1))


def twins():
    return Does(lambda self, a, b: self.out((self.encoder(a) - self.encoder(b)).abs()),
                encoder=nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)), out=nn.Linear(2, 1))


def one_weight():
    return Does(lambda self, x: F.linear(torch.relu(self.down(x)), self.down.weight.t(), self.bias),
                down=nn.Linear(4, 2), bias=nn.Parameter(torch.zeros(4)))


def scaled_cosines():
    return Does(lambda self, x: self.scale * F.normalize(self.e(x), dim=-1) @ F.normalize(self.w, dim=-1).T,
                e=nn.Linear(3, 4), w=nn.Parameter(torch.ones(3, 4)), scale=nn.Parameter(torch.tensor(2.0)))


def pooled_by_attention():
    return Does(lambda self, x: self.out((torch.softmax(self.a(x), 1) * self.v(x)).sum(1)),
                a=nn.Linear(3, 1), v=nn.Linear(3, 2), out=nn.Linear(2, 2))


def modulated():
    return Does(lambda self, x, y: self.out(torch.relu(self.g(y) * self.layer(x) + self.b(y))),
                g=nn.Linear(2, 3), b=nn.Linear(2, 3), layer=nn.Linear(3, 3), out=nn.Linear(3, 1))


def self_attention():
    return Does(lambda self, x: self.m(x, x, x, need_weights=False)[0], m=nn.MultiheadAttention(4, 2, batch_first=True))


CASES = {
    "dropout": (lambda: nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Dropout(0.3), nn.Linear(5, 4), nn.LeakyReLU(0.1),
                                      nn.Linear(4, 2)).eval(), reals((1, 3)), "cross-entropy", 14),
    "groups, strides, dilation": (lambda: nn.Sequential(
        nn.Conv2d(2, 4, 2, stride=2, groups=2), nn.ReLU(), nn.Conv2d(4, 2, 2, dilation=2), nn.ReLU(), nn.Flatten(),
        nn.Linear(2, 2)), reals((1, 2, 6, 6)), None, 6),
    "depthwise": (lambda: nn.Sequential(nn.Conv2d(2, 2, 2, groups=2), nn.ReLU6(), nn.Conv2d(2, 3, 1), nn.Hardswish(),
                                        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 2)),
                  reals((1, 2, 3, 3)), None, 0),
    "joined": (joined, reals((1, 1, 4, 4)), None, 6),
    "attention": (self_attention, reals((1, 3, 4)), None, 16),
    "mean of embeddings": (lambda: Does(lambda self, ids: self.out(self.table(ids).mean(1)), table=nn.Embedding(5, 3),
                                        out=nn.Linear(3, 2)), tokens(5, 1, 4), "cross-entropy", 10),
    "groups of channels": (lambda: nn.Sequential(nn.Conv2d(1, 4, 2), nn.GroupNorm(2, 4), nn.ReLU(), nn.Flatten(),
                                                 nn.Linear(16, 2)), reals((1, 1, 3, 3)), None, 6),
    "normalised without a gain": (lambda: nn.Sequential(nn.Linear(3, 5), nn.LayerNorm(5, elementwise_affine=False),
                                                        nn.Linear(5, 2)), reals((1, 3)), None, 6),
    "twins": (twins, reals((1, 3), (1, 3)), None, 8),
    "one weight, twice": (one_weight, reals((1, 4)), None, 0),
    "excited": (excited, reals((1, 1, 3, 3)), None, 4),
    "scaled cosines": (scaled_cosines, reals((1, 3)), "cross-entropy", 4),
    "pooled by attention": (pooled_by_attention, reals((1, 3, 3)), None, 4),
    "modulated": (modulated, reals((1, 3), (1, 2)), None, 6),
    "largest of two": (lambda: Does(lambda self, x: self.o(self.a(x).view(1, 3, 2).amax(-1)), a=nn.Linear(3, 6),
                                    o=nn.Linear(3, 2)), reals((1, 3)), None, 3),
}


@pytest.mark.parametrize("name", CASES)
def test_laws_and_their_number(name):
    build, draw, loss, number = CASES[name]
    model = build().double()
    result = conservation_laws(networks.from_torch(model, draw(torch.Generator()), loss=loss), seed=0)
    assert result.number == number and result.complete is True
    assert largest_derivative(result, model, draw, loss, rounds=1) < 1e-10
    # At a point with dead units there may be more.
    assert min(number_of_laws(model, draw, loss, seed=seed, longest=3)[0] for seed in (0, 1)) == number
