"""The catalog: how networks are built by name, what they say of themselves, and what is refused in one line."""
import numpy as np
import pytest

from sage_conslaw import InputError, networks
from sage_conslaw.graph.float_reading import FloatReading
from sage_conslaw.graph.tensor import Data
from sage_conslaw.networks.catalog import CATALOG, by_name, check_sizes, is_modern
from sage_conslaw.networks.meanings import lines, no_option, table
from sage_conslaw.networks.pieces import activate, choice, gated_unit, normalise, positive_integer
from sage_conslaw.networks.transformer import positions, rotate

REFUSED = {
    "no width": (lambda: check_sizes([2, 0], 2, "linear"), "width 0 of linear [2, 0]", "try linear 2 1"),
    "too few": (lambda: check_sizes([2], 2, "linear"), "at least 2 widths", "try linear 2 2"),
    "a float": (lambda: check_sizes([2, 1.5], 2, "linear"), "width 1.5 of linear [2, 1.5]", "positive integers"),
    "too wide": (lambda: check_sizes([2, 10**6 + 1], 2, "linear"), "width 1000001", "at most 1000000"),
    "too many": (lambda: check_sizes([10**6, 10**6, 10**6], 2, "linear"), "more than", "smaller widths"),
    "no list": (lambda: check_sizes("23", 2, "linear"), "list of widths", "'23'"),
    "a choice": (lambda: choice("silly", ("silu", "relu"), "gate"), "gate 'silly' is not known", "silu or relu"),
    "no heads": (lambda: positive_integer(0, "heads"), "heads 0 is not", "try heads 1"),
    "an activation": (lambda: activate(networks.input(3), "swoosh"), "'swoosh' is not known", "root, leaky relu"),
    "the largest": (lambda: activate(networks.input(3), "max"), "'max' is not known", "or cut"),
    "odd heads": (lambda: positions(3, 3), "even head dimension, not 3", "try 4"),
    "one size": (lambda: by_name("gated", [2]), "gated takes exactly 2 sizes, not [2]", "try gated 2 2"),
    "its name": (lambda: by_name("liner", [2, 3]), "did you mean 'linear'?", "known: attention"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name):
    call, *words = REFUSED[name]
    with pytest.raises(InputError) as caught:
        call()
    assert all(word in str(caught.value) for word in words) and "\n" not in str(caught.value)


# Two sizes of each that are not the defaults, and its options.
NAMED = [
    ("product", [3], {}), ("linear", [2, 3], {}), ("relu", [2, 3, 1], {"bias": True}), ("nmf", [2, 1, 2], {}),
    ("icnn", [2, 1, 2], {"bias": True}), ("attention", [4, 2], {"heads": 2, "kv_heads": 1, "value_dim": 3}),
    ("transformer_block", [4, 3], {"mlp": "swiglu", "norm": "rms", "causal": True}),
    ("polynomial", [2, 2], {"power": 3}),
    ("perceptron", [2, 3, 1], {"activation": "gelu"}), ("convolutional", [1, 2, 1], {"pool": 1, "size": 5}),
    ("lora", [2, 2], {"rank": 2, "seed": 4}), ("gated", [2, 3, 1], {"gate": "relu"}), ("gated", [2, 3], {"bias": True}),
    ("mixture", [2, 1, 3, 2], {"active": 1}), ("normalised", [2, 3, 1], {"norm": "rms", "gain": False}),
]


@pytest.mark.parametrize("name, sizes, options", NAMED, ids=[f"{row[0]}-{len(row[1])}" for row in NAMED])
def test_options_say_what_differs_from_the_defaults(name, sizes, options):
    """So a certificate rebuilds the network from what it says of itself."""
    net = by_name(name, sizes, **options)
    assert net.architecture == name
    # Some are said whatever they are; of the others only those that were given, and not the defaults.
    assert {*net.options} - {"activation", "power", "rank", "bias"} == {*options} - {"activation", "power", "rank",
                                                                                     "bias", "pool"}
    own = {key: value for key, value in net.options.items() if is_modern(name) or value}
    taken = list(net.sizes)[:len(sizes)] if name in ("gated", "mixture") else list(net.sizes)
    assert by_name(name, taken, **own) == net
    assert is_modern(name) is (name not in ("product", "linear", "relu", "nmf", "icnn"))


def test_every_architecture_is_tried():
    assert {row[0] for row in NAMED} == set(CATALOG)


def test_pieces():
    x = networks.input(3)
    labels = [activate(x, name).label() for name in ("relu", "gelu", "z^2", "linear", "cut")]
    assert labels == ["relu(x)", "gelu", "x * x", "x", "any_function"]
    assert gated_unit(networks.input(5, 2), 3, 2, "silu").shape == (5, 2)
    assert normalise(networks.input(4), "layer").label() == "(layer_norm * g) + b"


def test_rotations_are_those_of_their_positions():
    q, turns = Data("q", (2, 3, 4), "input"), positions(3, 4)
    net = networks.custom(rotate(q, turns) * networks.parameter("a", 4))
    given = np.random.default_rng(0).normal(size=(1, 2, 3, 4))
    angles = np.arange(1, 4)[:, None] * np.array([1.0, 10000.0**-0.5])
    turned = (given[..., ::2] + 1j * given[..., 1::2]) * np.exp(1j * angles)
    expected = np.stack([turned.real, turned.imag], axis=-1).reshape(given.shape)
    assert np.allclose(FloatReading(net).output(np.ones(4), given), expected)


def test_help_texts():
    assert table()[1] == "linear D0 D1 ...              a linear network: widths from input to output"
    assert lines("relu")[2] == "  --set bias=VALUE         true or false: biases on the hidden layers"
    assert lines("linear")[-1] == "  (no options)"
    said = no_option("attention", "head")
    assert said.startswith("architecture 'attention' has no option head; did you mean 'heads'? known: heads, kv_heads")
    assert no_option("linear", "bias") == "architecture 'linear' has no option bias; try without it"
