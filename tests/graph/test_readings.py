"""What the parts of a graph give at the smallest sizes: operations, names, float values, boxes, rewritten graphs."""
import numpy as np
import pytest

from sage_conslaw import InputError, conservation_laws, networks
from sage_conslaw.exact.arithmetic import ModularArithmetic
from sage_conslaw.graph.convolution import convolve, windows
from sage_conslaw.graph.entry_names import EntryNames
from sage_conslaw.graph.float_reading import FloatReading
from sage_conslaw.graph.folding import Frame, boxes, folded
from sage_conslaw.graph.layers import layout
from sage_conslaw.graph.one_field import has_one_field
from sage_conslaw.graph.operations import Contract, Gather
from sage_conslaw.graph.operations.parameter_function import ParameterFunction
from sage_conslaw.graph.operations.power import Power
from sage_conslaw.graph.replacing import replaced, without_zeros
from sage_conslaw.graph.scaled_norms import without_scaled_norms
from sage_conslaw.graph.tensor import Data, Parameter
from sage_conslaw.graph.with_eps import holds_for_any_eps

A = ModularArithmetic(101)
PRODUCT, WINDOWS = Contract("i,ij->j"), Gather([[0, 1], [1, 2], [2, -1]], (3,))
X, W = np.array([1, 2]), np.array([[3, 4], [5, 6]])


@pytest.mark.parametrize("found, expected", [
    (PRODUCT.forward(A, X, W), [13, 16]),
    # The transposed action of a product is a product with the other factor.
    (PRODUCT.backward(A, 0, np.array([1, 0]), (X, W)), [3, 5]),
    (WINDOWS.forward(A, np.array([5, 6, 7])), [[5, 6], [6, 7], [7, 0]]),
    # Covectors of one place are added.
    (WINDOWS.backward(A, 0, np.array([[1, 2], [3, 4], [5, 6]]), (None,)), [1, 5, 9]),
    (WINDOWS.terms((3,))[0][1][0], [0, 1, 1, 2, 2]),
    (Power("-1/2").forward(A, np.array([5])), [5]),
    (Power("-1/2").backward(A, 0, np.array([2]), (np.array([5]),)), [100]),
    (windows((1, 3), (2,), (1,), (1,))[0], [[[-1, 0], [0, 1], [1, 2], [2, -1]]]),
])
def test_operations(found, expected):
    assert found.tolist() == expected


def test_shapes_of_contractions():
    assert (PRODUCT.sizes((2,), (2, 3)), PRODUCT.shape((2,), (2, 3))) == ({"i": 2, "j": 3}, (3,))
    assert (PRODUCT.degree(1, 2), WINDOWS.degree(2), WINDOWS.shape((3,))) == (3, 2, (3, 2))
    x = Data("x", (2, 7, 5), "input")
    assert convolve(x, Parameter("W", (4, 2, 3, 3)), stride=2, padding=1).shape == (4, 4, 3)
    assert convolve(x, Parameter("W", (4, 1, 3, 3)), groups=2).shape == (4, 5, 3)
    for call, said in [
        (lambda: PRODUCT.shape((3,), (4, 2)), "index i has sizes 3 and 4"),
        (lambda: windows((1, 3), (5,), (1,), (0,)), r"a window of 5 does not fit in 3 \+ 2 \* 0 entries"),
        (lambda: convolve(x, Parameter("W", (4, 3, 3, 3))), "with 1 group the kernel takes 3 channels, not 2"),
    ]:
        with pytest.raises(InputError, match=said):
            call()


def test_the_slope_of_a_sigmoid_follows_from_its_value():
    sigmoid, a = ParameterFunction("sigmoid"), np.array([5, 5])
    y = sigmoid.forward(A, a)
    assert y[0] == y[1] and (sigmoid.backward(A, 0, np.array([1, 1]), (a,)) == (y - y**2) % 101).all()


def test_names_of_many_entries_are_not_written_out():
    names = EntryNames([Parameter("E", (50257, 768)), Parameter("b", (1,))])
    assert (len(names), names[0], names[-2], names[-1]) == (38597377, "E_1_1", "E_50257_768", "b")
    assert EntryNames([Parameter("u", (2,))]) + ["t"] == ["u_1", "u_2", "t"]


def test_values_and_gradients():
    f, theta, samples = FloatReading(networks.relu([1, 2, 1])), np.array([1.0, -1.0, 2.0, 3.0]), [[1.0], [-1.0]]
    assert f.output(theta, samples).tolist() == [[2], [3]]
    assert f.gradient(theta, samples, [[1.0], [1.0]]).tolist() == [[2, 0, 1, 0], [0, -3, 0, 1]]
    # u v x at u = 2, v = 7 with x = 3 and covector 5 has the gradient 15 (v, u).
    g = networks.linear([1, 1, 1]).response()
    assert g.gradient(A, np.array([2, 7]), g.data_from_numbers(101, [[3, 5]])).tolist() == [[105 % 101, 30]]
    responses = [networks.linear(sizes).response() for sizes in ([1, 3, 1], [1, 3, 2])]
    assert [has_one_field(response) for response in responses] == [True, False]


def test_boxes():
    lines = [box.lines for box in boxes(networks.relu([2, 3, 1], bias=True))]
    assert lines[1] == [("parameter", "U1", "2 x 3"), ("parameter", "+ b1", "3"), ("gate", "relu", "")]
    shown, frames = folded(boxes(networks.relu([2, 3, 3, 3, 3, 1])))
    assert [box.lines[0][1] for box in shown.values()] == ["x", "U1", "U2...4", "U5"] and frames == [Frame(2, 2, 3)]
    places = layout(folded(boxes(networks.linear([2, 2])))[0]).places
    assert places[0].x == places[1].x and places[0].y < places[1].y


def test_graphs_written_again():
    x, y = networks.input(2), networks.input(1, name="y")
    W, V = networks.parameter("W", 2, 3), networks.parameter("V", 3, 4)
    z = (x @ W).gelu()
    new = replaced(z, {x: y @ networks.fixed("B", values=[[1, 2]])})[z]
    assert (new.source.label(), new.shape) == ("(y @ B) @ W", (3,))
    rest = without_zeros(x @ W + (x @ networks.parameter("Z", 2, 3)).gelu() * networks.fixed("zero", values=[0, 0, 0]))
    assert [node.label() for node in rest.ancestors(through_data=True)] == ["x", "W", "x @ W", "0", "(x @ W) + 0"]
    # A norm whose output only a norm reads counts up to a factor; a bias in between ends that.
    assert without_scaled_norms(((x @ W).rms_norm() @ V).rms_norm()).source.label() == "(x @ W) @ V"
    kept = ((x @ W).rms_norm() @ V + networks.parameter("b", 4)).rms_norm()
    assert without_scaled_norms(kept) is kept


def test_a_constant_in_a_norm_breaks_the_scale_law_alone():
    found = conservation_laws(networks.normalised(2, 2, 1, norm="rms"), seed=0)
    assert holds_for_any_eps(found.problem.family, found.terms) == [False, True, True]
