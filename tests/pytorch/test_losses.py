"""Losses by name, as modules and functions of PyTorch, and those that a model computes itself."""
import pytest

torch = pytest.importorskip("torch")

from sage_conslaw import InputError, conservation_laws, count_conservation_laws, networks  # noqa: E402
from sage_conslaw.notation.evaluation import LawValues  # noqa: E402
from sage_conslaw.pytorch.network import _loss  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from torch_cases import randomised  # noqa: E402


class WithLoss(nn.Module):
    """A dense layer that computes its own loss."""

    def __init__(self, loss):
        super().__init__()
        self.layer, self.loss = nn.Linear(3, 2), loss

    def forward(self, x, y):
        return self.loss(self.layer(x), y)


def outputs(*shape):
    return networks.input(*shape)


@pytest.mark.parametrize("given, meant", [
    (None, None),
    ("cross-entropy", "cross-entropy"),
    (nn.CrossEntropyLoss(label_smoothing=0.1, weight=torch.ones(2)), "cross-entropy"),
    (F.cross_entropy, "cross-entropy"),
    (nn.MSELoss(), "least-squares"),
    (F.binary_cross_entropy_with_logits, "least-squares"),
    (nn.KLDivLoss(), "least-squares"),
])
def test_names(given, meant):
    loss, kept = _loss(given, None, outputs(1, 2))
    assert loss == meant and kept.shape == (1, 2)


def test_classes_of_images_are_along_axis_one():
    for given in (nn.CrossEntropyLoss(), "cross-entropy along axis 1"):
        loss, kept = _loss(given, None, outputs(1, 3, 4, 5))
        assert loss == "cross-entropy" and kept.shape == (1, 4, 5, 3)


@pytest.mark.parametrize("given, words", [
    (nn.CrossEntropyLoss(), "along which axis are the classes"),
    ("huber", "is not known; choose 'least-squares'"),
    (lambda output, target: output, "let the model return the loss"),
    (nn.TripletMarginLoss(), "TripletMarginLoss is not known"),
])
def test_what_is_not_known(given, words):
    with pytest.raises(InputError, match=words) as error:
        _loss(given, None, outputs(1, 3, 4))
    assert "\n" not in str(error.value)


def test_labels_that_nll_loss_names_are_ignored():
    """One of two rows of scores has no loss: its weights never move."""
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.other = nn.Linear(2, 3, bias=False), nn.Linear(2, 3, bias=False)

        def forward(self, x, y):
            return F.nll_loss(torch.stack([self.one(x), self.other(x)]).log_softmax(-1), y, ignore_index=-1)

    numbers = [
        count_conservation_laws(networks.from_torch(Two(), (torch.ones(2), torch.tensor(labels))), seed=0).number
        for labels in ([0, 2], [0, -1])
    ]
    assert numbers[1] == numbers[0] + 4
    with pytest.raises(InputError, match="all labels of the example are ignored"):
        networks.from_torch(Two(), (torch.ones(2), torch.tensor([-1, -1])))


def test_a_position_that_has_no_loss():
    assert _loss("next-token", None, outputs(1, 4, 7))[1].shape == (1, 3, 7)
    with pytest.raises(InputError, match="two positions"):
        _loss("next-token", None, outputs(1, 7))


# Losses that a model returns: which covectors reach its outputs.
OWN = {
    "cross-entropy": (nn.CrossEntropyLoss(), torch.tensor([1])),
    "smoothed": (nn.CrossEntropyLoss(label_smoothing=0.2), torch.tensor([1])),
    "probabilities": (nn.CrossEntropyLoss(), torch.tensor([[0.3, 0.7]])),
    "logistic": (nn.BCEWithLogitsLoss(), torch.tensor([[0.0, 1.0]])),
    "squares": (nn.MSELoss(), torch.zeros(1, 2)),
}


@pytest.mark.parametrize("name", OWN)
def test_a_loss_that_the_model_computes(name):
    loss, target = OWN[name]
    net = networks.from_torch(WithLoss(loss), (torch.zeros(1, 3), target))
    shifts = isinstance(loss, nn.CrossEntropyLoss)
    assert net.loss == ("cross-entropy" if shifts else "least-squares")
    with pytest.raises(InputError, match="returns its own loss"):
        networks.from_torch(
            WithLoss(loss), (torch.zeros(1, 3), target), loss="least-squares" if shifts else "cross-entropy"
        )


def test_a_loss_of_ones_own_is_read_with_the_rest():
    model = WithLoss(lambda out, y: ((out - y) ** 2).sum() + 0.1 * out.abs().sum())
    net = networks.from_torch(model, (torch.zeros(1, 3), torch.zeros(1, 2)))
    assert net.output.shape == () and net.dimension == 8


def dense():
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))


class Several(nn.Module):
    """Two networks and what is trained of them."""

    def __init__(self, loss):
        super().__init__()
        self.a, self.b, self.loss = dense(), dense(), loss

    def forward(self, x, y):
        return self.loss(self.a(x), self.b(x), y)


class Variational(nn.Module):
    """An encoder to means and logarithms of variances, a decoder, and the bound that is trained."""

    def __init__(self):
        super().__init__()
        self.e, self.mean, self.spread = nn.Linear(3, 4), nn.Linear(4, 2), nn.Linear(4, 2)
        self.d = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 3))

    def forward(self, x, y):
        h = F.relu(self.e(x))
        mean, spread = self.mean(h), self.spread(h)
        made = self.d(mean + torch.exp(spread / 2) * torch.randn_like(mean))
        return F.mse_loss(made, x, reduction="sum") - (1 + spread - mean.pow(2) - spread.exp()).sum() / 2


LABELS, TARGETS = torch.tensor([1]), torch.ones(1, 2).double()
# What is trained, labels or targets, the number of laws.
SUMS = {
    "weighed losses": (lambda a, b, y: 2 * F.cross_entropy(a, y) + b.pow(2).mean(), LABELS, 13),
    "losses of positions": (lambda a, b, y: (F.cross_entropy(a, y, reduction="none") * torch.ones(1)).mean() + b.sum(),
                            LABELS, None),
    "stacked": (lambda a, b, y: torch.stack([F.mse_loss(a, y), F.smooth_l1_loss(b, y)]).sum() / 2, TARGETS, 8),
    "targets that are trained": (lambda a, b, y: F.mse_loss(a, b), TARGETS, 10),
    "distances to what is trained": (lambda a, b, y: F.l1_loss(a, b), TARGETS, 10),
    "labels that are trained": (lambda a, b, y: F.cross_entropy(a, F.softmax(b, -1)), TARGETS, 18),
    "logistic with such targets": (lambda a, b, y: F.binary_cross_entropy_with_logits(a, torch.sigmoid(b)), TARGETS, 8),
    "changed places": (lambda a, b, y: F.mse_loss(y, a) + F.mse_loss(y, b), TARGETS, 8),
}


def slope(result, model, inputs, seed):
    """Return the largest derivative of a law along the real gradient of the loss that the model returns."""
    laws, model = LawValues.of(result), randomised(model, seed)
    named = dict(model.named_parameters())
    model.zero_grad()
    model(*inputs).backward()
    gradient = torch.cat([(torch.zeros_like(named[n]) if named[n].grad is None else named[n].grad).reshape(-1)
                          for n, _ in laws.shapes])
    return max(
        float(torch.func.jvp(form.value, (laws.state(model),), (gradient,))[1].abs().max()) for _, form in laws.forms
    )


@pytest.mark.parametrize("name", SUMS)
def test_losses_that_are_added_and_targets_that_are_trained(name):
    loss, y, number = SUMS[name]
    model, x = Several(loss).double(), torch.ones(1, 3, dtype=torch.float64)
    result = conservation_laws(networks.from_torch(model, (x, y)), seed=0, real=False)
    assert number is None or result.number == number and result.complete is True
    assert max(slope(result, model, (torch.randn_like(x), y), seed) for seed in range(3)) < 1e-12


def test_a_variational_bound():
    model, x = Variational().double(), torch.ones(1, 3, dtype=torch.float64)
    result = conservation_laws(networks.from_torch(model, (x, x)), seed=0, real=False)
    assert result.independent_laws_found == 7 and slope(result, model, (torch.randn_like(x), x), 0) < 1e-10


@pytest.mark.parametrize("loss, words", [
    (lambda out, y: F.cross_entropy(out, y).sqrt(), r"test_losses.py:\d+.*a loss enters sqrt, which is not linear"),
    (lambda out, y: F.cross_entropy(out, y) * out.sum(), "multiplied or divided by what depends on parameters"),
    (lambda out, y: 1 / F.cross_entropy(out, y), "a loss enters reciprocal"),
])
def test_a_loss_that_is_not_added_is_refused(loss, words):
    with pytest.raises(InputError, match=words):
        networks.from_torch(WithLoss(loss), (torch.zeros(1, 3), torch.tensor([1])))


def test_a_loss_may_be_cut_where_it_is_multiplied():
    model = WithLoss(lambda out, y: F.cross_entropy(out, y) * out.sum())
    net = networks.from_torch(model, (torch.zeros(1, 3), torch.tensor([1])), allow_cut=["mul"])
    assert count_conservation_laws(net, seed=0, real=False).number == 0
