"""What a module computes and what its gradients are: where these part, it is read as the gradients are, or refused."""
import pytest

torch = pytest.importorskip("torch")

from sage_conslaw import InputError, conservation_laws, networks  # noqa: E402
from sage_conslaw.pytorch.constants import constant  # noqa: E402
from sage_conslaw.pytorch.network import _loss  # noqa: E402
from sage_conslaw.pytorch.refusals import Refused  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from torch_cases import Does, largest_derivative, reals  # noqa: E402


class Reversed(torch.autograd.Function):
    """The identity, whose backward pass changes the sign."""

    @staticmethod
    def forward(context, x):
        return x.view_as(x)

    @staticmethod
    def backward(context, covector):
        return -covector


def dense():
    return nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 2))


def two(function, hidden=2, **parts):
    return Does(function, a=nn.Linear(2, hidden), b=nn.Linear(hidden, 2), **parts)


def with_hook(place):
    model = dense()
    if place == "parameter":
        model[0].weight.register_hook(lambda g: 2 * g)
    else:
        model[1].register_full_backward_hook(lambda m, inner, outer: (2 * inner[0],))
    return model


def in_one_place():
    model = nn.Sequential(nn.Linear(3, 2, bias=False), nn.ReLU(), nn.Linear(2, 3, bias=False))
    model[2].weight = nn.Parameter(model[0].weight.t())
    return model


def hooked_inside(self, x):
    y = self.a(x)
    y.register_hook(lambda g: 2 * g)
    return self.b(y)


TOKENS = torch.tensor([[0, 1, 1]])
REFUSED = {
    "a backward pass of one's own": (
        lambda: two(lambda s, x: s.b(Reversed.apply(s.a(x)))),
        None,
        "Reversed has a backw",
    ),
    "a reentrant checkpoint": (
        lambda: two(lambda s, x: s.b(torch.utils.checkpoint.checkpoint(s.a, x, use_reentrant=True))),
        None,
        "use_reentrant=False",
    ),
    "a hook of a parameter": (lambda: with_hook("parameter"), None, r"0\.weight: hooks of the backward pass"),
    "a hook of a module": (lambda: with_hook("module"), None, "1: hooks of the backward pass"),
    "a hook inside": (lambda: two(hooked_inside), None, "a hook on a tensor"),
    "one place of memory": (
        in_one_place,
        torch.zeros(1, 3),
        r"0\.weight and 2\.weight are two parameters in one place",
    ),
    "complex parameters": (
        lambda: Does(lambda s, x: (x * s.w).abs(), w=nn.Parameter(torch.ones(2) * 1j)),
        None,
        "w is complex",
    ),
    "complex inputs": (
        lambda: Does(lambda s, x: x.real @ s.w, w=nn.Parameter(torch.ones(2, 2))),
        torch.ones(1, 2) * 1j,
        "is complex",
    ),
    "gradients by frequency": (lambda: nn.Embedding(3, 2, scale_grad_by_freq=True), TOKENS, "scale_grad_by_freq"),
    "bags by frequency": (lambda: nn.EmbeddingBag(3, 2, scale_grad_by_freq=True), TOKENS, "scale_grad_by_freq"),
    "whole numbers": (lambda: two(lambda s, x: s.b(s.a(x).long().float())), None, "makes whole numbers"),
    "sums at places": (
        lambda: two(
            lambda s, x: s.b(s.w.index_put((torch.tensor([0, 0]), torch.tensor([0, 0])), s.a(x)[0], accumulate=True)),
            w=nn.Parameter(torch.ones(1, 2)),
        ),
        None,
        "more than move entries",
    ),
    "a mask of computed scores": (
        lambda: Does(
            lambda s, x: F.scaled_dot_product_attention(s.q(x), x, x, attn_mask=x @ x.mT > 0), q=nn.Linear(2, 2)
        ),
        torch.zeros(1, 3, 2),
        "mask depends on the data",
    ),
    "tokens that choose scores": (
        lambda: Does(lambda s, y: s.w.gather(1, y), w=nn.Parameter(torch.ones(1, 2))),
        TOKENS,
        "tokens choose among computed entries",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_gradient_of_what_is_read_is_refused(name):
    build, example, words = REFUSED[name]
    with pytest.raises(InputError, match=words) as error:
        networks.from_torch(build(), torch.ones(1, 2) if example is None else example)
    assert "\n" not in str(error.value)


def masked(self, x):
    return torch.relu(x @ (self.w * F.dropout(torch.ones_like(self.w)))) @ self.v


def set_where_positive(self, x):
    y = self.a(x)
    y[y > 0.5] = 0.0
    return self.b(y)


def padded_table():
    return Does(lambda s, x: (s.t(torch.tensor([0, 1, 2]))[None] * x).sum(1) @ s.v, t=nn.Embedding(3, 2, padding_idx=0),
                v=nn.Parameter(torch.ones(2, 2)))


def divided(self, x):
    # As many tokens as units: a lost axis of size one would divide columns in place of rows.
    z = self.a(x)
    return self.b((z - z.mean(-1, keepdim=True)) / (z.std(-1, keepdim=True) + 0.1))


# What is read otherwise than it looks, inputs, the number of laws.
READ = {
    "padding by ones": (
        lambda: two(lambda s, x: s.b(F.pad(torch.relu(s.a(x))[:, :1], (1, 0), value=1.0))),
        reals((1, 2)),
        6,
    ),
    "a mask of dropout": (
        lambda: Does(masked, w=nn.Parameter(torch.ones(2, 3)), v=nn.Parameter(torch.ones(3, 2))),
        reals((1, 2)),
        3,
    ),
    "dropped channels": (lambda: nn.Sequential(nn.Conv1d(1, 2, 2), nn.Dropout1d(), nn.ReLU(), nn.Conv1d(2, 1, 1)),
                         reals((1, 1, 3)), 2),
    "alpha dropout": (lambda: nn.Sequential(nn.Linear(2, 2), nn.AlphaDropout(), nn.Linear(2, 1)), reals((1, 2)), None),
    "all is dropped": (lambda: nn.Sequential(nn.Linear(2, 2), nn.Dropout(1.0), nn.Linear(2, 2)), reals((1, 2)), 10),
    "power zero": (lambda: two(lambda s, x: s.b(s.a(x) ** 0 + x)), reals((1, 2)), 6),
    "a factor of 1e-20": (
        lambda: two(lambda s, x: s.b(torch.relu(s.a(x) * torch.tensor([1, 1e-20])))),
        reals((1, 2)),
        2,
    ),
    "numbers by a condition": (lambda: two(set_where_positive), reals((1, 2)), 2),
    "a repeated mean of squares": (
        lambda: Does(
            lambda s, x: s.a(x).pow(2).mean(-1, keepdim=True).expand(1, 2) @ s.w,
            a=nn.Linear(2, 2),
            w=nn.Parameter(torch.ones(2, 1)),
        ),
        reals((1, 2)),
        None,
    ),
    "deviations of rows": (lambda: two(divided, 3), reals((3, 2)), 5),
    "one length of a weight": (lambda: nn.Sequential(nn.utils.parametrizations.weight_norm(nn.Linear(2, 2), dim=None),
                                                     nn.ReLU(), nn.Linear(2, 2)), reals((1, 2)), 2),
    "padding at known places": (padded_table, reals((1, 3, 1)), None),
}


@pytest.mark.parametrize("name", READ)
def test_laws_are_those_of_the_gradients(name):
    build, draw, number = READ[name]
    model = build().double()
    result = conservation_laws(networks.from_torch(model, draw(torch.Generator())), seed=0, real=False)
    assert number is None or result.number == number and result.complete is True
    # Masks differ from call to call, as they do in training.
    assert largest_derivative(result, model, draw, rounds=2) < 1e-10


class OwnBatchNorm(nn.Module):
    """Batch normalisation in training, as people write it."""

    def forward(self, x):
        return (x - x.mean(0)) * (x.var(0) + 1e-5).rsqrt() if self.training else x


def test_samples_that_touch_each_other_are_all_read():
    """Samples of an example are equal, or are coupled in training alone: one of them is not the network."""
    centred = Does(lambda self, x: self.layer(x - x.mean(0)), layer=nn.Linear(2, 2))
    assert networks.from_torch(centred, torch.zeros(3, 2)).output.shape == (3, 2)
    recurrent = Does(lambda self, x: self.layer(x)[0], layer=nn.RNN(2, 2, nonlinearity="relu"))
    assert networks.from_torch(recurrent, torch.zeros(3, 2)).output.shape == (3, 2)
    own = nn.Sequential(nn.Linear(2, 3), OwnBatchNorm(), nn.Dropout(), nn.Linear(3, 1))
    before = {name: value.clone() for name, value in own.state_dict().items()}
    assert networks.from_torch(own, torch.ones(4, 2)).output.shape == (4, 1) and own[1].training
    assert all((own.state_dict()[name] == value).all() for name, value in before.items())
    assert networks.from_torch(own.eval(), torch.ones(4, 2)).output.shape == (1, 1)
    table = Does(lambda self, ids: self.table(ids) - self.table(ids).mean(0), table=nn.Embedding(3, 2))
    assert networks.from_torch(table, torch.zeros(3, 2, dtype=torch.long)).output.shape[0] == 3


def test_losses_of_differences_give_covectors_of_sum_zero():
    for loss in (nn.MultiMarginLoss(), F.multilabel_margin_loss):
        assert _loss(loss, None, networks.input(1, 3))[0] == "cross-entropy"


def test_constants_that_are_no_machine_numbers_are_refused():
    with pytest.raises(Refused, match="above 2.62"):
        constant([1e20, 1.0])
    assert (constant([1.0, -1e-300]).values != 0).all()


CLOSED = torch.tensor([False, False, True])


@pytest.mark.parametrize("move, units, laws", [
    (lambda z: z, 3, 8), (lambda z: F.pad(z, (0, 1)), 4, 5), (lambda z: torch.tril(z.expand(3, 3), 1)[:1], 3, 3),
    (lambda z: z.flip(-1), 3, 8), (lambda z: z[:, 1:], 2, 11),
], ids=["as it is", "padded", "tril", "flipped", "cut"])
def test_what_is_put_between_masked_scores_is_open(move, units, laws):
    """An entry of zero beside masked scores has a share of the softmax: its units have laws apart."""
    model = Does(
        lambda self, x: self.out(torch.softmax(move(self.first(x).masked_fill(CLOSED, float("-inf"))), -1)),
        first=nn.Linear(3, 3, bias=False), out=nn.Linear(units, 2, bias=False),
    ).double()
    x = torch.randn(1, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    result = conservation_laws(networks.from_torch(model, x), seed=0)
    assert result.number == laws
    assert largest_derivative(result, model, reals((1, 3))) < 1e-9


def test_no_decimal_stands_for_a_logarithm():
    """`b^a` has the rate log b, which no rational number is: nothing is called complete, and no law has decimals."""
    for base in (2.0, 3.0):
        model = Does(lambda self, x: base**self.a * self.layer(x), a=nn.Parameter(torch.ones(1)), layer=nn.Linear(2, 2))
        result = conservation_laws(networks.from_torch(model, torch.ones(1, 2)), seed=0)
        assert result.complete is not True and all(len(str(c)) < 6 for law in result.laws for c in law.coefficients())
