"""Small models of the families of Llama, BERT and ViT: the number from small widths is that of dense words."""
import numpy as np
import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from random_graphs import dense_rank, random_encoder  # noqa: E402

from sage_conslaw import networks  # noqa: E402
from sage_conslaw.graph.cuts import sum_one  # noqa: E402
from sage_conslaw.flows.problem import problem  # noqa: E402
from sage_conslaw.pytorch.norms import normalised  # noqa: E402
from sage_conslaw.width import true_width  # noqa: E402
from sage_conslaw.width.true_width import width_of  # noqa: E402

IDS = torch.ones(1, 3, dtype=torch.long)


def llama(d, ff, heads, groups, tied=False):
    config = transformers.LlamaConfig(
        vocab_size=3, hidden_size=d, intermediate_size=ff, num_hidden_layers=1, num_attention_heads=heads,
        num_key_value_heads=groups, use_cache=False, tie_word_embeddings=tied)
    return transformers.LlamaForCausalLM(config), IDS


def bert(d, ff, heads, layers=1):
    config = transformers.BertConfig(
        vocab_size=4, hidden_size=d, intermediate_size=ff, num_hidden_layers=layers, num_attention_heads=heads,
        max_position_embeddings=4, type_vocab_size=2, num_labels=3)
    return transformers.BertForSequenceClassification(config), IDS


def vit(d, ff, heads, image=4):
    config = transformers.ViTConfig(
        image_size=image, patch_size=2, num_channels=1, hidden_size=d, intermediate_size=ff, num_hidden_layers=1,
        num_attention_heads=heads, num_labels=3)
    return transformers.ViTForImageClassification(config), torch.zeros(1, 1, image, image)


@pytest.fixture
def any_size(monkeypatch):
    """Small networks are read as large ones are."""
    monkeypatch.setattr(true_width, "_MOST_DENSELY", 0)


def bounds(net, loss="cross-entropy"):
    width = width_of(problem(net, loss=loss).family)
    found = width.counted(np.random.default_rng(0))
    return found, found.rank, found.laws


# The numbers are those of dense words, which take ten seconds each; the first is computed here.
@pytest.mark.parametrize("make, sizes, number", [
    (llama, (4, 2, 2, 1), None), (bert, (4, 2, 2), 58), (vit, (4, 3, 2), 59),
], ids=lambda value: getattr(value, "__name__", None) or str(value))
def test_agrees_with_dense_words(make, sizes, number, any_size):
    with torch.device("meta"):
        model, example = make(*sizes)
    net = networks.from_torch(model.eval(), torch.ones_like(example, device="cpu"), loss="cross-entropy")
    width, rank, laws = bounds(net)
    assert rank + laws == net.dimension, width.blame
    assert laws == (net.dimension - dense_rank(net, "cross-entropy") if number is None else number)


def llama_number(d, ff, heads, groups, layers, vocabulary):
    """Rotary pairs, values and outputs, gains before heads and before gated layers, hidden units; the last gain, and
    sums of the outputs' columns."""
    k = d // heads
    return layers * (groups * k // 2 + groups * k * (k + 1) // 2 + d + d + ff) + 2 * d


@pytest.mark.parametrize("sizes", [(96, 40, 4, 1, 2, 100)])
def test_llama_by_its_formula(sizes):
    d, ff, heads, groups, layers, vocabulary = sizes
    config = transformers.LlamaConfig(
        vocab_size=vocabulary, hidden_size=d, intermediate_size=ff, num_hidden_layers=layers,
        num_attention_heads=heads, num_key_value_heads=groups, use_cache=False)
    with torch.device("meta"):
        model = transformers.LlamaForCausalLM(config)
    net = networks.from_torch(model.eval(), torch.zeros(1, 12, dtype=torch.long), loss="cross-entropy")
    width, rank, laws = bounds(net)
    assert (rank + laws, laws) == (net.dimension, llama_number(*sizes)), width.blame


def test_real_frequencies_with_angles_in_common():
    """Position 10 at a frequency of one tenth has the angle of position 1 at one; these tokens can be left out."""
    config = transformers.LlamaConfig(
        vocab_size=40, hidden_size=64, intermediate_size=30, num_hidden_layers=1, num_attention_heads=4,
        num_key_value_heads=2, use_cache=False)
    model = transformers.LlamaForCausalLM(config)
    net = networks.from_torch(model.eval(), torch.zeros(1, 24, dtype=torch.long), loss="cross-entropy")
    width, rank, laws = bounds(net)
    assert (rank + laws, laws) == (net.dimension, llama_number(64, 30, 4, 2, 1, 40)), width.blame


@pytest.mark.parametrize("seed", [19, 21, 30])
def test_random_encoders_agree_with_dense_words(seed, any_size):
    """Some rows are read, tokens are joined; more of them: `benchmarks/agreement.py 0 100 encoders`."""
    net, loss = random_encoder(seed)
    width, rank, laws = bounds(net, loss)
    dense = dense_rank(net, loss)
    assert rank <= dense and laws <= net.dimension - dense
    assert rank + laws < net.dimension or rank == dense


def test_tokens_and_positions_before_a_norm(any_size):
    """Shifts of tokens, positions and a type against each other, and sums along each row, have two relations."""
    x, P = sum_one("x", (3, 5)), networks.parameter
    h = x @ P("E", 5, 4) + P("P", 3, 4) + P("T", 1, 4).repeat_to((3, 4))
    net = networks.custom(normalised(h, 1e-5, True) * P("g", 4) @ P("U", 4, 2))
    width, rank, laws = bounds(net, None)
    # Rows of the three, two shifts of four entries, less a relation each; the gain.
    assert (rank + laws, laws) == (net.dimension, 5 + 3 + 1 + 2 * 3 + 4), width.blame
    assert rank == dense_rank(net, None) and sum(law.independent for law in width.matrix_laws()) == laws
