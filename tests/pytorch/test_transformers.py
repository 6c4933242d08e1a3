"""Models of transformers, tiny: laws, numbers, and each law against gradients by automatic differentiation."""
import functools

import pytest

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from sage_conslaw import conservation_laws, count_conservation_laws, networks  # noqa: E402
from torch import nn  # noqa: E402
from torch_cases import gpt2, largest_derivative  # noqa: E402
from torch_fields import number_of_laws  # noqa: E402


def ids(vocabulary, tokens, least=0):
    return lambda generator: (torch.randint(least, vocabulary, (1, tokens), generator=generator),)


def reals(*shape):
    return lambda generator: (torch.randn(*shape, generator=generator, dtype=torch.float64),)


def llama():
    return transformers.LlamaForCausalLM(
        transformers.LlamaConfig(
            vocab_size=3,
            hidden_size=8,
            intermediate_size=3,
            num_hidden_layers=1,
            num_attention_heads=2,
            num_key_value_heads=1,
            max_position_embeddings=8,
            bos_token_id=0,
            eos_token_id=0,
            use_cache=False,
        )
    )


def bert():
    return transformers.BertForMaskedLM(
        transformers.BertConfig(
            vocab_size=4,
            hidden_size=4,
            intermediate_size=3,
            num_hidden_layers=1,
            num_attention_heads=2,
            max_position_embeddings=4,
        )
    ).eval()


def vit():
    return transformers.ViTForImageClassification(
        transformers.ViTConfig(
            hidden_size=4,
            intermediate_size=3,
            num_hidden_layers=1,
            num_attention_heads=2,
            image_size=2,
            patch_size=2,
            num_channels=1,
            num_labels=3,
        )
    ).eval()


def residual():
    from transformers.models.resnet.modeling_resnet import ResNetBasicLayer
    return ResNetBasicLayer(2, 2)


class Mixer(nn.Module):
    """An MLP-Mixer: dense layers over tokens and over channels in turn."""

    def __init__(self, tokens=3, width=4, hidden=5):
        super().__init__()
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(width), nn.LayerNorm(width), nn.LayerNorm(width)
        self.over_tokens = nn.Sequential(nn.Linear(tokens, hidden), nn.GELU(), nn.Linear(hidden, tokens))
        self.over_channels = nn.Sequential(nn.Linear(width, hidden), nn.GELU(), nn.Linear(hidden, width))
        self.head = nn.Linear(width, 2)

    def forward(self, x):
        x = x + self.over_tokens(self.norm1(x).transpose(1, 2)).transpose(1, 2)
        x = x + self.over_channels(self.norm2(x))
        return self.head(self.norm3(x).mean(1))


def gpt2_number(positions, width, heads, inner):
    """Sums of positions, of two output matrices and their biases; two norms; key bias; queries and keys, values and
    outputs; the shift."""
    each = width // heads
    return positions + (width + inner + 2) + 2 * width + width + heads * each * (each + 1) + width


# Numbers of laws: agreed on by ranks of real fields, by automatic differentiation with brackets, for the first two.
CASES = {
    "gpt2": (lambda: gpt2(vocabulary=4, n_inner=5), ids(4, 4), "cross-entropy", gpt2_number(4, 4, 2, 5)),
    "mixer": (Mixer, reals(1, 3, 4), None, 18),
    "gpt2, one head": (
        lambda: gpt2(vocabulary=3, positions=2, heads=1, n_inner=3),
        ids(3, 2),
        "cross-entropy",
        gpt2_number(2, 4, 1, 3),
    ),
    "gpt2, four heads": (
        lambda: gpt2(vocabulary=2, positions=2, heads=4, n_inner=2),
        ids(2, 2),
        "cross-entropy",
        gpt2_number(2, 4, 4, 2),
    ),
    "llama": (llama, ids(3, 4), "cross-entropy", 47),
    "bert": (bert, ids(4, 3, 1), "cross-entropy", 49),
    "vit": (vit, reals(1, 1, 2, 2), "cross-entropy", 56),
}


@functools.cache
def laws(name):
    """The model of a case and its laws, found once."""
    build, draw, loss, _ = CASES[name]
    model = build().double()
    net = networks.from_torch(model, draw(torch.Generator()), loss=loss)
    return model, conservation_laws(net, seed=0, real=False)


@pytest.mark.parametrize("name", CASES)
def test_laws_and_numbers(name):
    _, draw, loss, number = CASES[name]
    model, result = laws(name)
    assert largest_derivative(result, model, draw, loss, rounds=1) < 1e-10
    assert result.number == number and result.complete is True


def test_the_number_of_real_gradients_with_brackets():
    # The others are in tests/pytorch/oracle.py.
    build, draw, loss, number = CASES["gpt2, one head"]
    model = build()
    model.set_attn_implementation("eager")
    assert number_of_laws(model, draw, loss, longest=3)[0] == number


def test_gpt2_under_least_squares_has_no_shift_of_tokens():
    net = networks.from_torch(gpt2(vocabulary=2, positions=2, n_inner=2), torch.tensor([[0, 1]]))
    assert count_conservation_laws(net, seed=0, real=False).number == gpt2_number(2, 4, 2, 2) - 4


def test_the_nine_families_of_gpt2_and_what_they_leave_out():
    found = {law.text: law.independent for law in laws("gpt2")[1].matrix_laws()}
    attention, mlp = "transformer.h.0.attn.", "transformer.h.0.mlp."
    assert found["transformer.wpe.weight 1"] == 4
    assert found[f"{attention}c_proj.weight 1"] == 4 and found[f"{mlp}c_proj.weight 1"] == 5
    assert found[f"sum({attention}c_proj.bias)"] == 1 and found[f"sum({mlp}c_proj.bias)"] == 1
    assert found[f"{attention}c_attn.bias[4:8]"] == 4
    # What is not among the nine: one-hot tokens have sum one, so that all tokens can be shifted against all positions.
    assert found["sum(transformer.wte.weight[:,j]) - sum(transformer.wpe.weight[:,j]) for each j"] == 4
    assert sum(found.values()) == CASES["gpt2"][3]


def test_shifted_labels_leave_the_last_position_alone():
    model, tokens = gpt2(vocabulary=3, positions=3, n_inner=3), torch.tensor([[0, 1, 2]])
    own = networks.from_torch(model, tokens, {"labels": tokens})
    assert any("1 of 3 positions have no loss" in note for note in own.notes)
    assert networks.from_torch(model, tokens, loss="next-token").output.size == own.output.size == 2 * 3
    result = conservation_laws(own, seed=0, real=False)
    # The last position has no gradient: four entries that never move, in place of their sum.
    assert result.number == gpt2_number(3, 4, 2, 3) + 3
    assert largest_derivative(
        result, model.double(), ids(3, 3), "cross-entropy", rounds=1, output=lambda o: o.logits[:, :-1]
    ) < 1e-10



def test_a_basic_block_of_resnet_in_training():
    model, draw = residual().double().train(), reals(3, 2, 3, 3)
    result = conservation_laws(networks.from_torch(model, draw(torch.Generator())), seed=0, real=False)
    assert [law.text for law in result.matrix_laws()] == [
        "layer.0.normalization.weight[j]^2 + layer.0.normalization.bias[j]^2 - "
        "|layer.1.convolution.weight[:,j,:,:]|^2 for each j"
    ]
    assert largest_derivative(result, model, draw) < 1e-10


def test_full_size_on_the_meta_device():
    with torch.device("meta"):
        model = gpt2(vocabulary=50257, positions=64, width=768, layers=2, heads=12)
    net = networks.from_torch(model, torch.zeros(1, 8, dtype=torch.long))
    assert net.dimension == sum(parameter.numel() for parameter in model.parameters())
    assert net.output.shape == (1, 8, 50257) and net.ties == {"transformer.wte.weight": ["lm_head.weight"]}
