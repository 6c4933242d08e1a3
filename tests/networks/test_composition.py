r"""
Composing architectures: what may be given, and one clear line of our own for what may not.
"""

import numpy as np
import pytest
from sage.rings.integer import Integer
from sage_conslaw import conservation_laws, networks
from sage_conslaw.cli.command import cli

x, W, V, b = networks.input(3), networks.parameter("W", 3, 4), networks.parameter("V", 4, 2), networks.parameter("b", 4)
image, K = networks.input(2, 5), networks.parameter("K", 4, 2, 3)


def in_one_line(call, kind, words):
    with pytest.raises(kind) as caught:
        call()
    text = str(caught.value)
    assert "\n" not in text and all(word in text for word in words), text
    # The error is raised by the package, not by what it stands on.
    assert "sage_conslaw" in str(caught.traceback[-1].path)


SHAPES = {
    "product": (lambda: x @ V, ["x", "V", "(3,)", "(4, 2)"]),
    "product of results": (lambda: (x @ W).relu() @ W, ["relu(x @ W)", "W", "(4,)", "(3, 4)"]),
    "sum": (lambda: x @ W + networks.parameter("c", 2), ["x @ W", "c", "(4,)", "(2,)"]),
    "Hadamard product": (lambda: (x @ W) * x, ["x @ W", "(4,)", "(3,)"]),
    "difference": (lambda: x @ W - x, ["(4,)", "(3,)"]),
    "product with a vector": (lambda: W @ x.reshape(1, 3), ["W", "(3, 4)", "(1, 3)"]),
    "scalar": (lambda: networks.contract("i,i->", x, x) @ W, ["(3, 4)"]),
    "too many axes": (lambda: x @ networks.parameter("T", 3, 4, 5), ["T", "(3, 4, 5)", "(3,)"]),
    "contraction": (lambda: networks.contract("ti,ui->tu", W, V), ["W", "V", "(3, 4)", "(4, 2)"]),
    "contraction of other axes": (lambda: networks.contract("i,j->ij", W, V), ["W", "V", "(3, 4)"]),
    "convolution": (lambda: networks.input(3, 5).convolve(K), ["x", "K", "(3, 5)", "(4, 2, 3)"]),
    "convolution, axes": (lambda: networks.input(2, 5, 5).convolve(K), ["x", "K", "(2, 5, 5)", "(4, 2, 3)"]),
    "convolution, groups": (lambda: image.convolve(K, groups=3), ["3 groups", "K"]),
    "convolution, window": (lambda: networks.input(2, 2).convolve(K), ["window of 3"]),
    "convolution, padding": (lambda: image.convolve(K, padding=-1), ["padding"]),
    "convolution, stride": (lambda: image.convolve(K, stride=0), ["stride 0"]),
    "convolution, strides": (lambda: image.convolve(K, stride=(1, 2)), ["stride"]),
    "max-pool": (lambda: image.max_pool(6), ["window of 6"]),
    "max-pool of a vector": (lambda: x.max_pool(2), ["x", "(3,)"]),
    "concatenation": (lambda: networks.concatenate([W, V]), ["W", "V", "(3, 4)", "(4, 2)"]),
    "concatenation, axis": (lambda: networks.concatenate([W, W], axis=2), ["axis 2", "(3, 4)"]),
    "concatenation of nothing": (lambda: networks.concatenate([]), ["no tensors"]),
    "reshape": (lambda: W.reshape(5, 2), ["W", "(3, 4)", "(5, 2)"]),
    "reshape to one number": (lambda: W.reshape(Integer(5)), ["W", "(3, 4)", "5"]),
    "transpose": (lambda: W.transpose(0, 2), ["W", "(3, 4)"]),
    "mask": (lambda: (x @ W).softmax([1, 0]), ["mask", "(4,)", "(2,)"]),
    "mask of other numbers": (lambda: (x @ W).softmax([0.0, -np.inf, 0.0, 0.0]), ["mask", "0 and 1"]),
    "mask of everything": (lambda: (x @ W).softmax([0, 0, 0, 0]), ["mask", "no entry"]),
    "batch norm": (lambda: x.batch_norm(), ["samples", "x"]),
    "residual": (lambda: networks.residual(networks.relu([2, 3, 4])), ["(2,)", "(4,)"]),
}


@pytest.mark.parametrize("name", SHAPES)
def test_shapes_that_do_not_fit(name):
    in_one_line(SHAPES[name][0], ValueError, SHAPES[name][1])


KINDS = {
    "number added": lambda: x + 1,
    "Sage number added": lambda: x + Integer(1),
    "number from the left": lambda: 1 - x,
    "array added": lambda: x + np.ones(3),
    "array from the left": lambda: np.ones(3) + x,
    "complex factor": lambda: 1j * x,
    "text factor": lambda: x * "1/2",
    "quotient": lambda: x / "2",
    "quotient of tensors": lambda: x / x,
    "product with an array": lambda: x @ np.ones((3, 2)),
    "array times tensor": lambda: np.ones((2, 3)) @ W,
    "exponent": lambda: x ** "2",
    "contraction of arrays": lambda: networks.contract("i,i->", x, [1, 2, 3]),
    "concatenation": lambda: networks.concatenate([x, [1, 2]]),
    "kernel": lambda: image.convolve(np.ones((1, 2, 2))),
    "output": lambda: networks.custom([1]),
    "parameters": lambda: networks.custom(x @ W, parameters=["W"]),
    "data as parameters": lambda: networks.custom(x @ W, parameters=[W, x]),
    "shape": lambda: networks.parameter("W", 2.5),
    "block": lambda: networks.residual([2, 3, 2]),
    "heads": lambda: networks.attention(4, 2, heads=1.5),
    "bias": lambda: networks.attention(4, 2, bias="yes"),
    "values": lambda: networks.fixed("F", values=[["half"]]),
    "stride": lambda: image.convolve(K, stride=1.5),
    "groups": lambda: image.convolve(K, groups="2"),
    "spec": lambda: networks.contract(3, x, x),
}


@pytest.mark.parametrize("name", KINDS)
def test_wrong_kinds(name):
    in_one_line(KINDS[name], TypeError, [])


VALUES = {
    "unknown cut": (lambda: x.cut("swoosh"), ["swoosh", "cut", "arbitrary"]),
    "unknown gate": (lambda: x.gate("gelu"), ["gelu", "cut", "arbitrary"]),
    "activation": (
        lambda: (
            networks.perceptron([2, 2], activation="swoosh") and networks.perceptron([2, 2, 2], activation="swoosh")
        ),
        ["swoosh", "cut"],
    ),
    "one name": (lambda: networks.custom(x @ W + networks.parameter("W", 4)), ["two parameters", "W", "tie"]),
    # W of shape (1, 2) has the entry W_1_1, and so has W_1 of shape (2,).
    "one name of entries": (
        lambda: networks.custom(networks.input(1) @ networks.parameter("W", 1, 2) * networks.parameter("W_1", 2)),
        ["W_1_1"],
    ),
    "missing": (lambda: networks.custom(x @ W + b, parameters=[W]), ["b", "fixed"]),
    "no parameters": (lambda: networks.custom(x), ["no parameters"]),
    "name": (lambda: networks.parameter("2W", 2), ["2W"]),
    "positive": (lambda: networks.custom(x @ W, positive=["U"]), ["U", "W"]),
    "empty shape": (lambda: networks.parameter("W"), ["W"]),
    "ragged values": (lambda: networks.fixed("F", values=[[1, 2], [3]]), ["F"]),
    "exponent": (lambda: x**0, ["exponent 0"]),
    "broken exponent": (lambda: x**0.5, ["exponent 0.5", "cut"]),
    "spec": (lambda: networks.contract("ij", W, V), ["contraction"]),
    "spec with a lost axis": (lambda: networks.contract("ij,j->j", W, b), ["ij,j->j"]),
    "spec with a diagonal": (lambda: networks.contract("ii,i->i", networks.parameter("S", 4, 4), b), ["ii,i->i"]),
    "spec with a new axis": (lambda: networks.contract("i,i->ij", b, b), ["i,i->ij"]),
    "heads": (lambda: networks.attention(4, 2, heads=0), ["heads 0"]),
    "kv_heads": (lambda: networks.attention(4, 2, heads=2, kv_heads=3), ["kv_heads 3"]),
    "tokens": (lambda: networks.attention(4, 2, tokens=1), ["tokens 1"]),
    "rotary": (lambda: networks.attention(4, 3, rotary=True), ["even", "3"]),
    "head width": (lambda: networks.transformer_block(4, 3, heads=3), ["heads 3"]),
    "norm": (lambda: networks.transformer_block(4, 3, norm="group"), ["group"]),
    "norms": (lambda: networks.normalised(2, 3, 2, norm="none"), ["none", "layer"]),
    "samples": (lambda: networks.normalised(2, 3, 2, norm="batch", samples=0), ["samples 0"]),
    "order": (lambda: networks.transformer_block(4, 3, order="mid"), ["mid"]),
    "mlp": (lambda: networks.transformer_block(4, 3, mlp="swish"), ["swish"]),
    "gate": (lambda: networks.gated(2, 3, gate="softmax"), ["softmax", "silu"]),
    "active": (lambda: networks.mixture(2, 2, 3, active=4), ["4", "3"]),
    "no active": (lambda: networks.mixture(2, 2, 3, active=0), ["active 0"]),
    "rank": (lambda: networks.lora([3, 2], rank=0), ["rank 0"]),
    "dimensions": (lambda: networks.convolutional([1, 2, 1], dimensions=3), ["dimensions 3"]),
    "groups": (lambda: networks.convolutional([1, 3, 3, 1], groups=2), ["groups"]),
    "groups of outputs": (lambda: networks.convolutional([1, 4, 3, 1], size=6, groups=2), ["groups"]),
    "size": (lambda: networks.convolutional([1, 2, 1], size=2), ["window"]),
    "padding": (lambda: networks.convolutional([1, 2, 1], padding=-1), ["padding"]),
    "widths": (lambda: networks.attention(0, 2), ["width 0"]),
    "unhashable": (lambda: networks.gated(2, 2, gate=["silu"]), ["silu"]),
}


@pytest.mark.parametrize("name", VALUES)
def test_wrong_values(name):
    in_one_line(VALUES[name][0], ValueError, VALUES[name][1])


def test_an_unknown_operation_says_how_to_cut_it():
    in_one_line(lambda: x.swoosh(), AttributeError, ["swoosh", "x.cut()", "arbitrary"])
    assert not hasattr(x, "swoosh")


# Commands
# ---------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(
    "arguments, words",
    [
        (["attention", "4", "2", "--set", "heads"], ["heads", "="]),
        (["attention", "4", "2", "--set", "=2"], ["="]),
        (["attention", "4", "2", "--set", "haeds=2"], ["haeds"]),
        (["attention", "4", "2", "--set", "heads=two"], ["heads", "two"]),
        (["attention", "4", "2", "--set", "heads=0"], ["heads 0"]),
        (["attention", "4", "2", "--set", "heads=1.5"], ["heads", "1.5"]),
        (["attention", "4", "2", "--set", "heads=2", "--set", "heads=4"], ["heads", "twice"]),
        (["attention", "4", "2", "--set", "rotary=maybe"], ["rotary", "maybe"]),
        (["attention", "4"], ["attention"]),
        (["linear", "2", "3", "2", "--set", "heads=2"], ["heads", "linear"]),
        (["--phi", "x*y", "--set", "heads=2"], ["--set"]),
        (["normalised", "2", "3", "2", "--set", "norm=group"], ["group"]),
        (["gated", "2", "3", "--set", "d=4"], ["d"]),
        (["attention", "4", "2", "--set", "dim=4"], ["dim"]),
        (["lora", "3", "2", "--set", "widths=3"], ["widths"]),
        (["residual", "2", "2"], ["residual"]),
    ],
)
def test_mistakes_on_the_command_line(arguments, words, capsys):
    assert cli.main(args=["laws", *arguments]) == 2
    printed = capsys.readouterr()
    assert (
        printed.out == ""
        and printed.err.count("\n") == 1
        and "Traceback" not in printed.err
        and "internal" not in printed.err
    )
    assert all(word in printed.err for word in words), printed.err


@pytest.mark.parametrize(
    "arguments, number",
    [
        (["attention", "4", "2", "--set", "heads=2", "--set", "rotary=true"], 8),
        (["attention", "4", "2", "--bias"], 8),
        (["attention", "4", "2", "--set", "bias=true"], 8),
        (["normalised", "3", "4", "2", "--set", "norm=rms"], 5),
        (["lora", "3", "4", "2", "--set", "rank=2"], 6),
        (["perceptron", "2", "3", "2", "--set", "activation=leaky relu"], 3),
        (["convolutional", "1", "2", "1", "--set", "kernel=1"], 2),
        (["mixture", "2", "2", "3", "--set", "gate=sigmoid"], 6),
        (["gated", "2", "3", "--set", "gate=silu"], 3),
        (["transformer_block", "4", "3", "--set", "heads=2", "--set", "norm=rms", "--set", "mlp=swiglu"], 23),
    ],
)
def test_options_on_the_command_line(arguments, number, capsys):
    import json
    assert cli.main(args=["count", *arguments, "--json", "--seed", "1"]) == 0
    assert json.loads(capsys.readouterr().out)["number"] == number


# What is allowed
# --------------------------------------------------------------------------------------------------------

# Integers of Python are everywhere else.
@pytest.mark.parametrize("number", [Integer, np.int64])
def test_integers_of_every_kind(number):
    n = number
    built = [
        networks.attention(n(4), n(2), heads=n(2), kv_heads=n(1), value_dim=n(1), tokens=n(3), rotary=True),
        networks.transformer_block(n(4), n(3), heads=n(2), tokens=n(2)),
        networks.gated(n(2), n(3), n(2)),
        networks.mixture(n(2), n(2), n(3), active=n(2)),
        networks.lora([n(3), n(2)], rank=n(1), seed=n(1)),
        networks.normalised(n(2), n(3), n(2), norm="batch", samples=n(4)),
        networks.convolutional(
            [n(1), n(2), n(1)],
            size=n(5),
            kernel=n(2),
            dimensions=n(1),
            stride=n(2),
            padding=n(1),
            groups=n(1),
            pool=n(1),
        ),
        networks.perceptron([n(2), n(2), n(1)], activation="z^2"),
    ]
    a, A = networks.input(n(4)), networks.parameter("A", n(4), n(6))
    y = networks.contract("ti,i->t", (a @ A).reshape(n(2), n(3)), networks.fixed("F", n(3), seed=n(2)))
    built.append(networks.custom((y ** n(2) * n(3)).reshape(n(2))[n(0):n(2)]))
    built.append(
        networks.custom(
            networks.input(n(1), n(6))
            .convolve(networks.parameter("K", n(2), n(1), n(2)), stride=n(2), padding=(n(1),))
            .max_pool(n(2), n(1))
        )
    )
    built.append(networks.custom(networks.concatenate([a, a @ A], axis=n(0)).softmax(mask=[n(1)] * 10)))
    built.append(networks.custom((a @ A).transpose(n(0)).reshape(n(6))))
    for network in built:
        result = conservation_laws(network, seed=n(1))
        result.certificate(), result.to_dict(), result.matrix_laws(), repr(network)
        network.check_span(samples=n(3), seed=n(1))


def test_a_sum_of_tensors():
    total = sum(networks.input(2) @ networks.parameter(f"W{i}", 2, 2) for i in range(3))
    assert networks.custom(total).parameters == {f"W{i}": (2, 2) for i in range(3)}


def test_narrow_cases():
    # A normalisation of one entry, or of two about their mean, is locally constant: nothing before it is trained.
    for network, number in (
        (networks.normalised(3, 1, 2, norm="rms"), 3 + 1),
        (networks.normalised(3, 2, 2), 6 + 3),
        (
            networks.custom(
                (networks.input(3) @ networks.parameter("W", 3, 1)).softmax() @ networks.parameter("U", 1, 2)
            ),
            3,
        ),
        (networks.attention(2, 1, causal=True, tokens=2), 2),
        (networks.mixture(2, 1, 1, active=1), 1 + 2),
    ):
        result = conservation_laws(network, seed=1)
        assert (result.number, result.complete) == (number, True), network


def test_pictures():
    for network in (
        networks.attention(4, 2, heads=2, causal=True, tokens=3),
        networks.mixture(2, 2, 3),
        networks.convolutional([1, 2, 1], pool=2, size=6),
        networks.normalised(2, 3, 2, norm="batch"),
        networks.custom(x @ W, parameters=[W, b]),
    ):
        assert "graphics primitives" in repr(network.draw())
        assert "graphics primitives" in repr(network.draw(figsize=4))
