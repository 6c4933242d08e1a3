"""PyTorch models read as networks: numbers, names, ties, and each law against gradients by automatic
differentiation."""
import pickle

import pytest

torch = pytest.importorskip("torch")

from sage_conslaw import InputError, conservation_laws, count_conservation_laws, networks  # noqa: E402
from sage_conslaw.graph.folding import boxes  # noqa: E402
from torch import nn  # noqa: E402
from torch_cases import Attention, Lora, Tied, Written, convolutional, largest_derivative  # noqa: E402


def reals(*shape):
    return lambda generator: (torch.randn(*shape, generator=generator, dtype=torch.float64),)


def tokens(vocabulary, *shape):
    return lambda generator: (torch.randint(0, vocabulary, shape, generator=generator),)


def encoder():
    return nn.TransformerEncoderLayer(4, 2, 6, batch_first=True, dropout=0.0)


class Bag(nn.Module):
    """Embeddings with a padding token, summed, and a dense layer."""

    def __init__(self):
        super().__init__()
        self.table, self.out = nn.Embedding(5, 3, padding_idx=0), nn.Linear(3, 2)

    def forward(self, ids):
        return self.out(self.table(ids).mean(1))


CASES = {
    "mlp": (lambda: nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)), reals(1, 3), None, 4),
    "mlp, cross-entropy": (
        lambda: nn.Sequential(nn.Linear(3, 4), nn.GELU(), nn.Linear(4, 2)),
        reals(1, 3),
        "cross-entropy",
        5,
    ),
    "convolutions in evaluation": (lambda: convolutional(False), reals(1, 1, 6, 6), None, 7),
    "attention": (Attention, reals(1, 3, 4), None, 16),
    "packed attention": (encoder, reals(1, 3, 4), None, 34),
    "tied": (Tied, tokens(5, 1, 3), "cross-entropy", None),
    "low rank": (Lora, reals(1, 4), None, 3),
    "written out": (Written, reals(1, 3), None, None),
    "long memory": (lambda: nn.LSTM(2, 3, batch_first=True), reals(1, 3, 2), None, 12),
    "gated memory": (lambda: nn.GRU(2, 3, batch_first=True), reals(1, 3, 2), None, None),
    "padding": (Bag, lambda g: (torch.randint(1, 5, (1, 4), generator=g),), None, None),
    "groups": (
        lambda: nn.Sequential(nn.Conv1d(2, 4, 2), nn.GroupNorm(2, 4), nn.SiLU(), nn.Conv1d(4, 2, 1)),
        reals(1, 2, 4),
        None,
        None,
    ),
    "transposed": (
        lambda: nn.Sequential(nn.ConvTranspose1d(2, 3, 2, stride=2), nn.ReLU(), nn.Conv1d(3, 2, 2, dilation=2)),
        reals(1, 2, 3),
        None,
        3,
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_laws_hold_along_real_gradients(name):
    build, draw, loss, number = CASES[name]
    model = build()
    net = networks.from_torch(model.double(), draw(torch.Generator()), loss=loss)
    result = conservation_laws(net, seed=0, real=False)
    if number is not None:
        assert result.number == number and result.complete is True
    assert largest_derivative(result, model, draw, loss) < 1e-10


def test_batch_normalisation_in_training_couples_the_batch():
    model = convolutional(True).double()
    draw = reals(3, 1, 4, 4)
    net = networks.from_torch(model, draw(torch.Generator()))
    assert any("couples the 3 samples" in note for note in net.notes)
    # Pictures call it by its name, not by that of the function that it is along its axis.
    words = [words for box in boxes(net) for _, words, _ in box.lines]
    assert "batch norm" in words and "layer norm" not in words
    result = conservation_laws(net, seed=0, real=False)
    assert largest_derivative(result, model, draw) < 1e-10


def test_names_shapes_and_ties_are_the_modules():
    model = Tied()
    net = networks.from_torch(model, torch.tensor([[0, 1, 2]]))
    assert dict(net.parameters) == {name: tuple(p.shape) for name, p in model.named_parameters()}
    assert net.ties == {"tokens.weight": ["head.weight"]}
    assert net.dimension == sum(p.numel() for p in model.parameters())


def test_frozen_parameters_are_constants():
    net = networks.from_torch(Lora(), torch.zeros(1, 4))
    assert dict(net.parameters) == {"A": (2, 4), "B": (3, 2)}


def test_one_sample_is_read_where_samples_are_independent():
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))
    assert networks.from_torch(model, torch.zeros(16, 3)).output.shape == (1, 2)
    assert networks.from_torch(model, torch.zeros(16, 3), batch=4).output.shape == (4, 2)


def test_networks_and_results_are_pickled():
    net = networks.from_torch(Written(), torch.zeros(1, 3))
    again = pickle.loads(pickle.dumps(net))
    assert again.parameters == net.parameters
    assert count_conservation_laws(again, seed=0).number == count_conservation_laws(net, seed=0, real=False).number


def test_networks_with_a_masked_softmax_are_pickled():
    # Small: what is asked is whether the mask survives, and 128 parameters take five times as long as 40.
    net = networks.from_torch(Tied(vocabulary=2, width=2, positions=2), torch.tensor([[0, 1]]), loss="cross-entropy")
    again = pickle.loads(pickle.dumps(net))
    assert again == net and again.notes == net.notes and again.loss == "cross-entropy"
    count = count_conservation_laws(again, seed=0, real=False)
    assert count == count_conservation_laws(net, seed=0, real=False) == pickle.loads(pickle.dumps(count))


class Routed(nn.Module):
    """Routing that depends on the data."""

    def __init__(self):
        super().__init__()
        self.gate, self.experts = nn.Linear(3, 4), nn.Parameter(torch.randn(4, 3))

    def forward(self, x):
        weights, chosen = torch.topk(self.gate(x), 2)
        return self.experts[chosen].sum(1) * weights.sum()


def test_what_is_not_understood_is_refused_with_its_place():
    with pytest.raises(InputError, match=r"topk in the model, test_reading.py:\d+: weights, chosen = torch.topk"):
        networks.from_torch(Routed(), torch.zeros(1, 3))


class Sorted(nn.Module):
    """A dense layer whose outputs are sorted."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2))

    def forward(self, x):
        return torch.sort(self.inner(x)).values


def test_nothing_is_cut_that_is_not_named():
    with pytest.raises(InputError, match="allow_cut"):
        networks.from_torch(Sorted(), torch.zeros(1, 3))
    net = networks.from_torch(Sorted(), torch.zeros(1, 3), allow_cut=["sort"])
    assert any("sort is cut" in note for note in net.notes)
    assert conservation_laws(net, seed=0, real=False).number == 10


@pytest.mark.parametrize("wrong, words", [
    ((3, torch.zeros(1, 3)), "no torch.nn.Module"),
    ((nn.Linear(3, 2), "x"), "no tensors"),
    ((nn.ReLU(), torch.zeros(1, 3)), "no parameters"),
    ((nn.Linear(3, 2), torch.zeros(1, 4)), "torch.export cannot follow Linear"),
])
def test_wrong_input_is_one_line(wrong, words):
    with pytest.raises(InputError, match=words) as error:
        networks.from_torch(*wrong)
    assert "\n" not in str(error.value)


def test_zeros_that_are_put_between_entries_of_a_parameter():
    x, first, second = networks.input(2, 4), networks.parameter("W", 3, 2, 2), networks.parameter("V", 2, 3, 2)
    spread = second.gather(
        [[[-1 if j % 2 else 6 * o + 2 * c + j // 2 for j in range(3)] for c in range(3)] for o in range(2)]
    )
    assert conservation_laws(networks.custom(x.convolve(first).relu().convolve(spread)), seed=0).number == 3
