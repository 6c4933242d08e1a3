"""Rearrangements of axes: what numpy does at small sizes, and nothing expanded at large ones."""
import numpy as np
import pytest

from sage_conslaw import InputError, networks
from sage_conslaw.exact.arithmetic import DualArithmetic, FloatArithmetic, ModularArithmetic
from sage_conslaw.graph.operations import Gather
from sage_conslaw.graph.joining import concatenate
from sage_conslaw.graph.tensor import Data

A = FloatArithmetic()

CASES = {
    "transpose": ((2, 3, 4), lambda x: x.transpose(2, 0, 1)),
    "reversed": ((2, 3), lambda x: x.T),
    "reshape": ((2, 6), lambda x: x.reshape(3, -1)),
    "slice": ((4, 6), lambda x: x[1:3, ::2]),
    "backwards": ((5,), lambda x: x[::-1]),
    "whole number": ((4, 6), lambda x: x[:, -1]),
    "new axis": ((4,), lambda x: x[:, None]),
    "ellipsis": ((2, 3, 4), lambda x: x[..., 1]),
    "list": ((3, 4), lambda x: x[[0, 0, 2]]),
    "list and slice": ((3, 4), lambda x: x[1:, [3, 3]]),
}


def _value(node, x):
    steps = []
    while node.inputs:
        steps.append(node.operation)
        (node,) = node.inputs
    for step in reversed(steps):
        x = step.forward(A, x)
    return x


@pytest.mark.parametrize("name", CASES)
def test_agrees_with_numpy(name):
    shape, function = CASES[name]
    x = np.arange(1.0, 1 + np.prod(shape)).reshape(shape)
    node = function(Data("x", shape, "input"))
    expected = function(x)
    assert node.shape == expected.shape
    assert (_value(node, x) == expected).all()


@pytest.mark.parametrize("name", CASES)
def test_covectors_are_pulled_back_as_by_the_array_of_places(name):
    shape, function = CASES[name]
    node = function(Data("x", shape, "input"))
    generator = np.random.default_rng(0)
    while node.inputs:
        operation = node.operation
        plain = Gather(operation.indices, operation.source)
        covector = generator.normal(size=(3, *node.shape))
        assert np.allclose(operation.backward(A, 0, covector, ()), plain.backward(A, 0, covector, ()))
        x = generator.normal(size=(3, *operation.source))
        assert np.allclose(operation.forward(A, x), plain.forward(A, x))
        ((outs, (ins,)),), ((others, (from_plain,)),) = operation.terms(operation.source), plain.terms(operation.source)
        assert (outs == others).all() and (ins == from_plain).all()
        (node,) = node.inputs


def test_broadcast_and_padding():
    b, x = Data("b", (3,), "input"), Data("x", (2, 3), "input")
    assert (b.repeat_to((2, 3)).operation.indices == [[0, 1, 2], [0, 1, 2]]).all()
    joined = concatenate([x, x], axis=1)
    values = np.arange(6.0).reshape(2, 3)
    total = sum(part.operation.forward(A, values) for part in joined.inputs)
    assert (total == np.hstack([values, values])).all()


def test_a_large_graph_expands_nothing():
    x, W = networks.input(1024, 50257), networks.parameter("E", 50257, 768)
    heads = (x @ W).reshape(1024, 12, 64).transpose(1, 0, 2)[:, :, 1:]
    assert heads.shape == (12, 1024, 63)
    node = heads
    while node.inputs:
        assert "indices" not in vars(node.operation)
        node = node.inputs[0]
    net = networks.custom((-1) * (x @ W).softmax() @ W.T)
    assert len(net.response("cross-entropy").names) == 50257 * 768
    assert net.response().names[-1] == "E_50257_768"


def test_duals_and_residues_agree():
    p = 101
    node = Data("x", (2, 3), "input").T[1:]
    duals = DualArithmetic(ModularArithmetic(p))
    x = np.arange(6).reshape(2, 3)
    value = duals.embed(x)
    for step in (node.inputs[0].operation, node.operation):
        value = step.forward(duals, value)
    assert (value.real == x.T[1:]).all()


@pytest.mark.parametrize("key", [7, (0, 0, 0), (0, -4)])
def test_indices_outside(key):
    with pytest.raises(InputError):
        Data("x", (2, 3), "input")[key]
