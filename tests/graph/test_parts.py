"""Parts of a graph: leaves and their labels, nonlinearities on doubles, covectors with conditions, rearrangements."""
import pickle
from fractions import Fraction

import numpy as np
import pytest

from sage_conslaw import InputError, networks
from sage_conslaw._sage import QQ, PolynomialRing
from sage_conslaw.exact.arithmetic import FloatArithmetic
from sage_conslaw.graph import cuts
from sage_conslaw.graph.activations import (
    CUTS, FREE, CutFunction, cut_function, gate_function, is_known, masked_softmax, top, unscaled,
)
from sage_conslaw.graph.float_reading import FloatReading
from sage_conslaw.flows.problem import problem
from sage_conslaw.graph.linear import product_spec, rational
from sage_conslaw.graph.network import required
from sage_conslaw.graph.one_field import is_seen_to_move
from sage_conslaw.graph.rearrangements import (
    Broadcast, Pad, Select, Slice, Transpose, Windows, indexed, matched_axes, reshaped,
)
from sage_conslaw.graph.span_check import at_one_point
from sage_conslaw.graph.tensor import Constant, Data, OneHot, Parameter
from sage_conslaw.graph.true_functions import reading_of
from sage_conslaw.graph.with_eps import response_with_eps
from sage_conslaw.laws.gradings import WeightLattice
from sage_conslaw.pytorch.attention import ScaledPullback, ScaledValue
from sage_conslaw.runtime.errors import InputTypeError

Z, S = np.array([[0.3, -1.2, 2.5], [1.0, 0.4, -0.7]]), np.array([[1.0, 0.5, -2.0], [0.2, 3.0, 1.0]])
MASK = np.array([[1, 0, 1], [0, 1, 0]])
FUNCTIONS = list(CUTS.values()) + [masked_softmax(MASK), top("softmax", 2), top("normalised sigmoid", 1),
                                   top("sigmoid", 2)]


@pytest.mark.parametrize("function", FUNCTIONS, ids=[function.name for function in FUNCTIONS])
def test_pullbacks_are_those_of_differences(function):
    z = abs(Z) if function.name == "inverse root" else Z
    step, expected = 1e-6, np.zeros_like(z)
    for place in np.ndindex(z.shape):
        moved = np.zeros_like(z)
        moved[place] = step
        expected[place] = ((function.value(z + moved) - function.value(z - moved)) * S).sum() / (2 * step)
    found = function.pullback(z, S)
    assert np.allclose(found, expected, atol=1e-7)
    assert "sum zero" not in function.constraint or np.allclose(found.sum(axis=-1), 0)
    assert "orthogonal" not in function.constraint or np.allclose((found * z).sum(axis=-1), 0)
    assert is_known(function) and is_known(pickle.loads(pickle.dumps(function)))
    assert not is_known(CutFunction(function.name, function.constraint))


def test_true_functions_at_the_ends_of_doubles():
    large = np.array([1000.0, -1000.0, 999.0])
    assert np.allclose(CUTS["softmax"].value(large), [1 / (1 + np.exp(-1)), 0, 1 / (1 + np.exp(1))])
    assert np.allclose(CUTS["sigmoid"].value(large), [1, 0, 1])
    assert np.allclose(CUTS["softplus"].value(large), [1000, 0, 999])
    assert np.allclose(masked_softmax(np.tri(2)).value(np.zeros((2, 2))), [[1, 0], [0.5, 0.5]])
    assert np.allclose(top("normalised sigmoid", 2).value(np.array([-5.0, 1.0, 1.0])), [0, 0.5, 0.5])


def test_one_centred_entry_is_zero():
    net = networks.normalised(2, 1, 2)
    output = FloatReading(net).output(np.arange(6.0), np.ones((3, 2)))
    assert np.isfinite(output).all() and net.check_span().real == 2


def test_names_of_functions():
    assert cut_function(None).name == "any function" and is_known(cut_function(None))
    soft = cut_function("softmax")
    value, pullback = ScaledValue(soft.value, 0.3), ScaledPullback(soft.pullback, 0.3)
    half = CutFunction("softmax with scale", "sum zero", value, pullback)
    assert not is_known(half) and is_known(unscaled(half)) and unscaled(half).name == "softmax"
    assert unscaled(soft) is soft
    with pytest.raises(InputError, match="'gelu' is not piecewise linear; gates are known for relu"):
        gate_function("gelu")
    with pytest.raises(InputError, match="'swoosh' is not known; known: batch norm, exp, gelu"):
        cut_function("swoosh")


@pytest.mark.parametrize("name", [name for name in (*CUTS, "top softmax") if name not in FREE])
def test_what_works_along_an_axis_needs_one(name):
    number = networks.input(2).sum()
    with pytest.raises(InputError, match="along the last axis"):
        number.cut(top("softmax", 1) if name == "top softmax" else name)
    assert number.cut("gelu").shape == number.cut().shape == ()


def test_leaves():
    assert Parameter("U1", (2, 2)).entry_names() == ["U1_1_1", "U1_1_2", "U1_2_1", "U1_2_2"]
    assert Parameter("x", (1,)).entry_names() == ["x"] == [Parameter("x", (1,)).entry_name(0)]
    assert Parameter("W", (2, 3)).entry_name(4) == "W_2_2"
    assert OneHot("t", (2, 3)).one_hot and OneHot("t", (2, 3)).kind == "input" and not Data("x", (3,), "input").one_hot
    assert networks.custom(OneHot("x", (2, 3)) @ Parameter("E", (3, 2))) != networks.custom(
        Data("x", (2, 3), "input") @ Parameter("E", (3, 2)))
    lazy = Constant(lambda: np.ones((2, 2)), shape=(2, 2))
    assert (Constant([[1, -5]]).largest, Constant([1, 2]).lazy, lazy.lazy, lazy.largest) == (5, False, True, 1)
    assert np.allclose(Constant([1, 2], denominator=4).value(FloatArithmetic()), [0.25, 0.5])
    constants = (Constant([1, 2]), Constant([2, 2], denominator=4), lazy, networks.fixed("W", 2))
    assert [node.label() for node in constants] == ["a constant", "1/2", "a constant", "W"]


def test_operations_on_other_tensors():
    x, y = networks.input(2), networks.input(2, name="y")
    z = x + x
    assert z.with_inputs([x, x]) is z and z.with_inputs([x, y]).label() == "x + y"
    assert required(net := networks.product(2), "...") is net
    with pytest.raises(InputTypeError, match="is not a network"):
        required("product 2", "'product 2' is not a network")


def test_numbers_and_products():
    assert [rational(n) for n in (1 / 4, 0.1, "1/3", True)] == [Fraction(1, 4), Fraction(1, 10), None, None]
    with pytest.raises(InputError, match="not finite"):
        rational(float("nan"))
    shapes = [((3,), (3, 2)), ((5, 3), (3, 2)), ((4, 5, 3), (4, 3, 5))]
    assert [product_spec(a, b) for a, b in shapes] == ["i,ib->b", "ai,ib->ab", "jai,jib->jab"]


def test_covectors_have_their_conditions():
    x = networks.input(3, 3)
    assert cuts.differences(3).values.tolist() == [[1, 0, -1], [0, 1, -1]]
    assert cuts.differences(3, transposed=True).values.tolist() == [[1, 0], [0, 1], [-1, -1]]
    assert cuts.LastUnit((2, 3)).values.tolist() == [[0, 0, 1]] * 2
    draw = np.random.default_rng(0)

    def value(tensor):
        values = {}
        for node in tensor.ancestors():
            values[node] = node.value(FloatArithmetic()) if isinstance(node, Constant) else draw.normal(
                size=node.shape) if node.operation is None else node.operation.forward(
                FloatArithmetic(), *(values[child] for child in node.inputs))
        return values[tensor], values
    mask = np.array([[1, 1, 0], [0, 1, 0], [1, 1, 1]])
    for tensor, allowed in ((cuts.sum_zero("s", (3, 3)), None), (cuts.masked_sum_zero("s", mask), mask),
                            (cuts.causal_sum_zero("s", (3, 3)), np.tri(3))):
        found, _ = value(tensor)
        assert np.allclose(found.sum(axis=-1), 0) and (allowed is None or not found[np.array(allowed) == 0].any())
    assert np.allclose(value(cuts.sum_one("a", (3, 3), causal=True))[0].sum(axis=-1), 1)
    found, values = value(cuts.orthogonal("s", x))
    assert found.any() and np.allclose((found * values[x]).sum(axis=-1), 0)
    one = (x @ networks.parameter("w", 3, 1)).softmax()
    assert not cuts.has_one_entry(x.softmax()) and cuts.has_one_entry(one) and cuts.covector(one) is None


def test_exact_readings_of_a_product():
    f, z = networks.linear([1, 1, 1]).response(), PolynomialRing(QQ, 12, "z").gens()
    assert f.symbols_needed() >= f.data_size == 2
    parameters, outputs = f.weight_relations(WeightLattice())
    assert (len(parameters), len(outputs)) == (2, 1)
    state, rest = np.array(z[:2], dtype=object), np.array(z[2:], dtype=object)
    assert f.annihilated_by(z[0].parent(), {0: state[0], 1: -state[1]}, rest, state)
    assert not f.annihilated_by(z[0].parent(), {0: state[0], 1: state[1]}, rest, state)
    span, theta, data = at_one_point(networks.linear([2, 1]), None, 5, None, "least-squares", 0)
    assert (span.real, span.equal, theta.shape, data["x"].shape) == (2, True, (2,), (5, 2))
    assert response_with_eps(networks.relu([2, 2, 1]).response()) is None
    assert response_with_eps(networks.normalised(2, 2, 1).response()).dimension == 10


def test_a_field_is_seen_to_move():
    x, W = networks.input(1), networks.parameter("W", 1, 2)
    families = [problem(networks.custom(y)).family for y in (x @ W, x @ W - x @ W)]
    assert [is_seen_to_move(family, np.random.default_rng(0)) for family in families] == [True, False]


@pytest.mark.parametrize("function", FUNCTIONS, ids=[function.name for function in FUNCTIONS])
def test_every_arithmetic_has_the_same_function(function):
    cut = Data("y", Z.shape, "cut", source=networks.input(2, 3), function=function,
               mask=MASK if function.name == "masked softmax" else None)
    z, known = abs(Z) if function.name == "inverse root" else Z, reading_of(cut)
    assert np.allclose(known.value(FloatArithmetic(), z, Z.shape), function.value(z))
    assert np.allclose(known.pullback(FloatArithmetic(), z, S, Z.shape), function.pullback(z, S))
    assert reading_of(networks.input(3).cut()) is None


def test_rearrangements_by_their_places():
    assert Transpose((2, 3), (1, 0)).indices.tolist() == [[0, 3], [1, 4], [2, 5]]
    assert Transpose((50257, 768), (1, 0)).shape((50257, 768)) == (768, 50257)
    assert Broadcast((3,), (2, 3)).indices.tolist() == [[0, 1, 2]] * 2
    assert Slice((2, 6), ((0, 1, 2), (1, 2, 3))).indices.tolist() == [[1, 3, 5], [7, 9, 11]]
    assert Select((2, 1), 0, [0, 0, 1, 1]).shape((2, 1)) == (4, 1)
    assert Pad((2,), 0, 1, 2).indices.tolist() == [-1, 0, 1, -1, -1]
    assert Windows((2, 3), 1, [[0, 1], [1, -1]]).indices.tolist() == [[[0, 1], [1, -1]], [[3, 4], [4, -1]]]
    assert reshaped((2, 6), (4, -1)) == (4, 3) and reshaped((2, 6), (5,)) is None
    assert [type(step).__name__ for step in indexed((4, 5), (slice(0, 2), 1))] == ["Slice", "Reshape"]
    assert indexed((4, 5), ([0, 1], [0, 1])) is None
    pairs = [(a.start, a.stop, b.start, b.stop) for a, b in matched_axes((2, 3, 4), (6, 2, 2))]
    assert pairs == [(0, 2, 0, 1), (2, 3, 1, 3)]
    # No entries, as of x[:0]: the axes are matched all together.
    assert list(matched_axes((0, 3), (3, 0))) == [(slice(0, 2), slice(0, 2))]
