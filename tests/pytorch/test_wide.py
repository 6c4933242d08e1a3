"""Networks too large for polynomials: laws by their structure, in the module's names, with values on its arrays."""
import pytest

torch = pytest.importorskip("torch")

from sage_conslaw import Monitor, conservation_laws, count_conservation_laws, networks  # noqa: E402
from sage_conslaw.notation.evaluation import LawValues  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from torch_cases import Tied, randomised  # noqa: E402

IDS = torch.arange(6)[None]


@pytest.fixture(scope="module")
def wide():
    """A language model with tied embeddings and 15000 parameters, and its laws."""
    torch.manual_seed(0)
    model = randomised(Tied(vocabulary=70, width=48, positions=9))
    return model, conservation_laws(networks.from_torch(model, IDS, loss="cross-entropy"), seed=0)


def gradient(model, names):
    """A real gradient of the loss, as one array in the order of the laws."""
    model.zero_grad()
    F.cross_entropy(model(IDS)[0], torch.tensor([3, 1, 4, 1, 5, 9])).backward()
    named = dict(model.named_parameters())
    return torch.cat([named[name].grad.reshape(-1) for name in names])


def test_every_law_is_in_the_modules_names_and_holds_along_a_real_gradient(wide):
    model, result = wide
    laws = LawValues.of(result)
    texts = [law.text for law in result.matrix_laws()]
    assert "norm.weight[j]^2" in " ".join(texts) and "attention.qkv.bias[48:96]" in texts
    state, along = laws.state(model), gradient(model, [name for name, _ in laws.shapes])
    for text, form in laws.forms:
        value, slope = torch.func.jvp(form.value, (state,), (along,))
        size = sum(float((rows * rows).sum() if d == 2 else abs(rows).sum()) for _, d, rows in form.pieces(state))
        assert float(slope.abs().max()) < 1e-10 * (1 + size) * float(along.norm()), text
        # It is no constant: another direction changes it.
        _, other = torch.func.jvp(form.value, (state,), (torch.ones_like(state),))
        assert float(other.abs().max()) > 1e-6, text
    assert len(laws.forms) == len(texts)
    # Names of entries are written when they are asked for: there may be 10^8.
    assert not isinstance(laws.names, list) and len(laws.names) == laws.dimension


def number_of_laws(width, positions, unused):
    """Return what two heads of half the width, shifts and scales leave: the formula that written-out networks have."""
    half = width // 2
    return 2 * half * (half + 1) + 4 * width + positions + 1 + unused * width


def test_the_number_is_that_of_written_out_networks(wide):
    _, result = wide
    assert result.number == result.independent_laws_found == number_of_laws(48, positions=6, unused=3)
    assert result.complete is True and result.assumption == "span"
    torch.manual_seed(0)
    small = networks.from_torch(
        randomised(Tied(vocabulary=5, width=4, positions=3)), torch.arange(3)[None], loss="cross-entropy"
    )
    assert count_conservation_laws(small, seed=0, real=False).number == number_of_laws(4, positions=3, unused=0)


def test_matrices_are_matrices_and_the_parts_of_a_packed_weight_are_found(wide):
    model, result = wide
    values, weight = result.evaluate(model), model.attention.qkv.weight.detach()
    by_text = {text: value for text, value in values.items() if value.dim() == 3}
    assert by_text and all(value.shape == (2, 24, 24) for value in by_text.values())
    text, value = next((text, value) for text, value in by_text.items() if "out.weight" in text)
    v, o = weight[96:144].reshape(2, 24, 48), model.attention.out.weight.detach().reshape(48, 2, 24)
    b = model.attention.qkv.bias.detach()[96:144].reshape(2, 24)
    mine = v @ v.mT + b[:, :, None] * b[:, None, :] - torch.einsum("ahi,ahj->hij", o, o)
    assert torch.allclose(value, mine) or torch.allclose(value, -mine), text


def test_a_monitor_at_this_size(wide):
    model, result = wide
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    monitor = Monitor(model, result, optimizer, on_alarm="raise").attach()
    for _ in range(3):
        optimizer.zero_grad()
        F.cross_entropy(model(IDS)[0], torch.tensor([3, 1, 4, 1, 5, 9])).backward()
        optimizer.step()
    assert monitor.steps == 3 and "as predicted for SGD" in repr(monitor)


@pytest.mark.parametrize("training", [False, True])
def test_a_residual_network_at_its_size(training):
    """Two stages of basic blocks with batch normalisation, pooling and a head, without weights."""
    transformers = pytest.importorskip("transformers")
    config = transformers.ResNetConfig(
        embedding_size=16, hidden_sizes=[16, 32], depths=[2, 1], layer_type="basic", num_labels=10
    )
    with torch.device("meta"):
        model = transformers.ResNetForImageClassification(config).train(training)
    net = networks.from_torch(model, torch.zeros(4 if training else 1, 3, 16, 16), loss="cross-entropy")
    result = conservation_laws(net, seed=0)
    # Norms within blocks, 16 + 16 + 32, and at the two streams, 16 + 32; differences of the biases of a block and of
    # its shortcut, 32; sums over the classes, 33.
    assert net.dimension == 26586 and result.number == 177
    assert result.complete is True and result.assumption == "span"
    texts = [law.text for law in result.matrix_laws()]
    assert "1^T classifier.1.weight" in texts and "sum(classifier.1.bias)" in texts
