"""Small parts of the reading of modules: what each gives on the smallest input that says something."""
import types
from fractions import Fraction

import numpy as np
import pytest

from sage_conslaw import networks
from sage_conslaw.graph.activations import gate_function
from sage_conslaw.notation.evaluation import PolynomialForm
from sage_conslaw.pytorch import values
from sage_conslaw.pytorch.attention import ScaledPullback, ScaledValue, scaled_softmax, whole
from sage_conslaw.pytorch.convolutions import Largest, padded, spread
from sage_conslaw.pytorch.exported import entry_name
from sage_conslaw.pytorch.monitor import Alarm
from sage_conslaw.pytorch.norms import NormPullback, NormValue, normalised
from sage_conslaw.pytorch.piecewise import Leaky, gated
from sage_conslaw.pytorch.pointwise import scalar
from sage_conslaw.pytorch.readings import in_one_formula, reading_of_expression
from sage_conslaw.pytorch.rearrange import ones, same
from sage_conslaw.pytorch.records import Records
from sage_conslaw.pytorch.refusals import difference, modules, operator_name, own_line, refusal, source_line
from sage_conslaw.pytorch.statistics import along
from sage_conslaw.pytorch.steps import size_of, told

X = values.Expression(None)
X3, X23 = networks.input(3), networks.input(2, 3)
TRACE = '  File "net.py", line 3, in forward\n    return x.sort()\n  File "/torch/f.py", line 1, in f\n    y'


def node(**meta):
    return types.SimpleNamespace(meta=meta)


STACK = {"a": ("L['self'].mlp", None), "b": ("mlp.0", None)}


@pytest.mark.parametrize("found, expected", [
    (scalar(None, 3), 3),
    (scalar(None, True), None),
    (values.Expression("aten.mul.Tensor", (X, 0.5)).text(), "mul(x, 0.5)"),
    (values.SquareMean(X23, (1,), 1, 0, 1, True).shape, (2, 1)),
    (values.SquareMean(X23, (1,), 1, 0, 1, False).shape, (2,)),
    (values.SquareMean(X23, (1,), 1, 0, 1, True).to_power(-0.5).power, -0.5),
    (values.Masked(X3, [1, 0, 1]).shape, (3,)),
    (values.Choice(X3).shape, (3,)),
    (values.Complex(X23, X23).shape, (2, 3)),
    (spread(X23, [2]).shape, (2, 5)),
    (padded(X23, [1], [-2]).shape, (2, 2)),
    (gated(X3, gate_function("abs")).shape, (3,)),
    (normalised(X23, 0, True).shape, (2, 3)),
    (normalised(X23, 1e-5, False).label(), "rms_norm_with_eps"),
    (along(networks.input(2, 3, 4), (0, 2), lambda z: z.layer_norm()).shape, (2, 3, 4)),
    (ones((2, 3)).shape, (2, 3)),
    (same(None, None, 7), 7),
    (whole(np.broadcast_to(np.eye(2), (5, 2, 2))).shape, (1, 2, 2)),
    (Records().table(), []),
    (repr(Alarm(3, "sum(b)", 0.25, 1e-6)), "step 3: sum(b) is off by 0.25 (rounding: 1e-06)"),
    (told(None), (None, "no optimiser is named")),
    (told({"lr": 0.5})[0]["momentum"], 0.0),
])
def test_values(found, expected):
    assert found == expected


@pytest.mark.parametrize("found, expected", [
    (ScaledValue(abs, -2.0)(3.0), 6.0),
    (ScaledPullback(lambda z, s: s, 2.0)(1.0, 3.0), 6.0),
    (scaled_softmax(None, 0.5).value(np.zeros(2)), [0.5, 0.5]),
    (Largest(np.array([[True, False]]))(np.array([[-1.0, 0.0]])), [[1, 0]]),
    (NormValue(0.0, False)(np.array([3.0, 3.0])), [1, 1]),
    (NormPullback(0.0, False)(np.array([3.0, 3.0]), np.array([1.0, 1.0])), [0, 0]),
    (Leaky(0.5)(np.array([-1.0, 1.0])), [0.5, 1]),
    (size_of(PolynomialForm.of({(0,): Fraction(1)}), np.array([-3.0])), 3),
])
def test_numbers(found, expected):
    assert np.allclose(found, expected, rtol=0, atol=1e-15)


def test_names_of_entries():
    found = entry_name("h.0.attn.weight", set()), entry_name("0.weight", set()), entry_name("a_b", {"a_b"})
    assert found == ("h_0_attn_weight", "p0_weight", "a_b_")


def test_trees_of_operations():
    clamped = values.Expression("aten.clamp.default", (X, -5, 5))
    assert [in_one_formula(values.Expression("aten.tanh.default", (part,))) for part in (X, clamped)] == [True, False]
    assert reading_of_expression(values.Expression("aten.sin.default", (X,))).analytic
    assert reading_of_expression(values.Expression("aten.digamma.default", (X,))) is None


def test_words_of_a_refusal():
    assert operator_name(types.SimpleNamespace(target="aten.linear.default")) == "linear"
    assert modules(node(nn_module_stack=STACK)) == ["mlp", "mlp.0"]
    assert difference("conv4d", {"conv1d": 0, "conv2d": 0, "relu": 0}) == "conv2d, conv1d"
    assert own_line(TRACE) == source_line(node(stack_trace=TRACE)) == "net.py:3: return x.sort()"
    assert refusal(node(nn_module_stack=STACK), "sort", "places depend on the data", {}) == (
        "sort in mlp.0, cannot be read: places depend on the data; rewrite it, or cut it with allow_cut=['sort'] "
        "(--allow-cut sort), which takes its values and slopes as arbitrary"
    )
