"""Losses by name, as modules and functions of PyTorch, and those that a model computes itself."""
import pytest

torch = pytest.importorskip("torch")

from sage_conslaw import InputError, networks  # noqa: E402
from sage_conslaw.pytorch.network import _loss  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402


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


def test_a_loss_that_enters_an_operation_is_refused():
    model = WithLoss(lambda out, y: F.cross_entropy(out, y) * 2 + out.sum())
    with pytest.raises(InputError, match="a loss enters a further operation"):
        networks.from_torch(model, (torch.zeros(1, 3), torch.tensor([1])))
