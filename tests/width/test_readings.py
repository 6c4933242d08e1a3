"""How graphs are read: parts, openings, rearrangements, smaller sizes, positions, switches, words and values."""
from fractions import Fraction

import numpy as np
import pytest

from sage_conslaw import networks
from sage_conslaw.flows.problem import problem
from sage_conslaw.graph.joining import concatenate
from sage_conslaw.graph.tensor import Data
from sage_conslaw.width.axes import Unknown, axes_of
from sage_conslaw.width.families import Family, families
from sage_conslaw.width.growth import Grown
from sage_conslaw.structure.index_classes import index_classes
from sage_conslaw.width.offsets import added_leaves
from sage_conslaw.width.open_ends import (
    marks_of,
    opened,
    opened_at,
    opened_cut,
    used,
    with_known_axes,
    without_mask,
)
from sage_conslaw.structure.orbits import laws_are_all
from sage_conslaw.structure.parameter_gates import separable, without_functions, written
from sage_conslaw.width.parts import cut_in_parts
from sage_conslaw.width.positions import few_positions, keep_few
from sage_conslaw.width.rearranged import Table, block_map, rearranged, table
from sage_conslaw.width.resized import covector_of
from sage_conslaw.width.shears import by_shears, shears
from sage_conslaw.width.switching import centred, held, places, sign_flips, switchable
from sage_conslaw.structure.symmetries import balances, explicit_laws
from sage_conslaw.width.true_width import width_of
from sage_conslaw.width.values import FamilyForm, View, entries_form, form_of, permuted
from sage_conslaw.width.wording import matrix_law, signed

P, PRIME = networks.parameter, (1 << 61) - 1


def axes(net, loss="least-squares"):
    return axes_of(net.response(loss))


@pytest.mark.parametrize("net, less, number", [
    (networks.relu([5, 4, 3], bias=True), 0, True),
    (networks.relu([5, 4, 3], bias=True), 1, False),
    # One input and one output: there are further quadratic laws, and the balances are not all.
    (networks.linear([1, 2, 1]), 0, False),
], ids=["relu", "one left out", "linear 1 2 1"])
def test_laws_are_all_or_not(net, less, number):
    classes = index_classes(net.response())
    laws = explicit_laws(classes, balances(classes), [])[less:]
    assert laws_are_all(classes, laws, np.random.default_rng(0), PRIME) is number


def test_what_is_switched_off():
    attention = axes(networks.attention(5, 3, heads=2))
    # Key and query widths carry no data; heads do, by the covector at the scores.
    assert [switchable(attention, [c]) for c in range(3)] == [True, True, False]
    linear = networks.linear([4, 3, 2]).response()
    assert places(axes_of(linear), linear.leaves[1], [1]) == [0]
    block = width_of(problem(networks.transformer_block(48, 96, heads=3)).family).axes
    (heads,) = (c for c, rigid in enumerate(held(block).rigid) if rigid)
    assert block.sizes[heads] == 3
    assert not switchable(block, [heads]) and switchable(centred(block), [heads])


def test_gains_keep_their_sign_and_biases_change_it():
    x, g, b, W, U = networks.input(5), P("g", 5), P("b", 5), P("W", 5, 4), P("U", 4, 3)
    response = networks.custom((x.rms_norm() * g + b) @ W @ U).response().coarse
    found = axes_of(response)
    signs = next(iter(sign_flips(found, [found.of[g][0][0], found.of[W][1][0]])))
    assert [signs[leaf] for leaf in (g, b, W, U)] == [(0,), (1,), (1, 1), (1,)]


def test_openings():
    linear = networks.linear([3, 2]).response()
    assert with_known_axes(linear)[0] is linear and used(linear) is linear and marks_of(linear) == []
    x, W, U, reasons = networks.input(3), P("W", 3, 2), P("U", 2, 2), {}
    y = x @ W
    f = opened_at(networks.custom(y @ U).response(), Unknown("why", y), reasons)
    assert reasons == {"unknown 1": "why"}
    assert [[child.label() for child in node.inputs] for node, _ in f.pairings] == [["unknown 1", "U"],
                                                                                    ["W", "unknown 1"]]
    f = opened(networks.custom(y.gelu()).response(), x, "unknown 1")
    assert [leaf.name for leaf in f.data_leaves] == ["gelu", "s", "unknown 1", "s"]
    f = networks.custom(y.gelu() @ U).response()
    f = opened_cut(f, f.cuts[0], "unknown 1")
    names = [sorted(leaf.name for leaf in node.ancestors() if not leaf.inputs) for node, _ in f.pairings]
    assert names == [["U", "unknown 1"], ["W", "unknown 1", "x"]]
    f = networks.attention(4, 2, causal=True, tokens=3).response()
    f = without_mask(f, f.pairings[1][0], "unknown 1")
    assert f.constraints[1] == ("sum zero", None) and f.pairings[1][0].inputs[1].label() == "unknown 1"


def test_parts():
    x = networks.input(4)
    y = x @ P("W", 4, 6)
    assert cut_in_parts(networks.custom(y[:3] * y[3:]).response()).origins["W[:,3:6]"] == ("W", ((0, 1, 4), (3, 1, 3)))
    with pytest.raises(Unknown, match="parts of W overlap"):
        cut_in_parts(networks.custom(y[:2] * y[1:3]).response())


def test_rearrangements():
    x, y = networks.input(4), networks.input(4, name="y")
    assert block_map(concatenate([x[2:], y[:2]])) is None
    x = networks.input(4, 3)
    assert rearranged(x[[1, 1, 1]], {x: x}, {}).shape == (3, 3) and rearranged(x, {}, {}) is None
    # The first angle is zero at all frequencies.
    angles = np.array([[0, 0], [1, 2], [3, 4]])
    made = table(Data("cos", (5,), "rotation").gather(np.hstack([angles, angles])))
    assert made.shape == (3, 4) and [leaf.rows for leaf in made.ancestors() if leaf.kind] == [{1, 2}]
    assert Table("cos", (3, 3), "rotation", [1, 2]).rows == {1, 2}


def test_smaller_sizes():
    relu = axes(networks.relu([40, 30, 10], bias=True), "cross-entropy")
    assert relu.sizes == (40, 30, 10) and relu.pairings[0][1] == "sum zero" and relu.smallest(1, 2) == 2
    squares = axes(networks.perceptron([512, 2048, 256], activation="z^2"))
    assert [leaf.shape for leaf in squares.restricted([2, 3, 4]).leaves] == [(2, 3), (3, 4)]
    attention = axes(networks.attention(4, 2, tokens=7))
    assert attention.resized([2 if n == 7 else n for n in attention.sizes]).sizes == (4, 2, 2, 4, 2, 2)
    linear = networks.linear([4, 3]).response()
    assert axes_of(linear).shape(linear.leaves[0], [2, 5]) == (2, 5)


@pytest.mark.parametrize("constraint, shape, known", [
    ("free", (4, 1), True), ("sum zero", (4, 3), True), ("sum zero", (4, 1), False), ("orthogonal", (1,), False),
    ("orthogonal", (2,), True), ("sum zero and orthogonal", (2,), False), ("sum zero and orthogonal", (3,), True),
])
def test_covectors_that_are_zero(constraint, shape, known):
    covector = covector_of(Data("z", shape, "input"), constraint, False)
    assert (covector is not None) is known and (not known or covector.shape == shape)


def test_few_positions():
    assert few_positions(axes(networks.relu([4, 3, 2]))) == {}
    image = axes(networks.convolutional([3, 64, 10], size=32, kernel=3, dimensions=2))
    keep_few(image)
    assert image.restricted([image.smallest(c, 2) for c in range(len(image.sizes))]).data_size == 24


def test_biases_and_running_means():
    assert [leaf.name for leaf in added_leaves(axes(networks.relu([3, 2, 1], bias=True)))] == ["b1"]
    assert shears(axes(networks.relu([3, 2, 1], bias=True))) == []
    found = Grown(6, 1, 2, (), {}, "none")
    assert by_shears(axes(networks.linear([3, 2])), found, np.random.default_rng(0)) is found


def test_functions_of_parameters():
    x, a, W = networks.input(2), P("a", 1), P("W", 2, 2)
    net, names = without_functions(networks.custom(a.tanh() * (x @ W)).response())
    assert net.dimension == 5 and [(leaf.name, name) for leaf, name in names.items()] == [("a", "tanh")]
    assert without_functions(networks.custom(a.tanh() * (x @ W) + a).response()) is None


def test_separable_laws_are_written_with_integrals():
    one = Fraction(1)
    laws = [{(0, 0): one, (0, 1): one}, {(0, 1): one}, {(1, 2): one}]
    assert separable(laws, {0}) == [{(0, 0): -one}, {(1, 2): one}] and separable(laws[2:], {0}) == laws[2:]
    law = {(1, 1): one, (0, 0): -one}
    assert written(law, ["a", "w"], {0: "tanh"}) == "w^2 - (sinh(a)^2)"
    assert written(law, ["a", "w"], {0: "gelu"}) == "w^2 - (2*integral of gelu(a)/gelu'(a) da)"


def test_words_of_families():
    found = axes(networks.relu([30, 20, 10], bias=True), "cross-entropy")
    assert [str(matrix_law(family, found)) for family in families(found)] == [
        "|U1[:,j]|^2 - |U2[j,:]|^2 + b1[j]^2 for each j (20 laws)", "U2 1 (20 laws)"]
    turned = signed(Family("diagonal", (1,), ((0, (1,), -1), (1, (0,), 1))), axes(networks.linear([30, 20, 10])))
    assert turned.parts == ((0, (1,), 1), (1, (0,), -1))


WHOLE, ROW = ((0, 1, 2), (0, 1, 2)), View(0, (3,), ((0, 1, 3),), (3,), (0,), 1)


@pytest.mark.parametrize("form, state, value", [
    (FamilyForm("full", ((1, View(0, (2, 2), WHOLE, (2, 2), (1, 0), 1)),)), [1, 2, 3, 4], [[10, 14], [14, 20]]),
    (FamilyForm("diagonal", ((1, ROW),)), [1, 2, 3], [1, 4, 9]),
    (entries_form((1, (2,), ((0, 1, 2),))), [0, 1, 2], [1, 2]),
    (form_of(Family("sum", (0,), ((0, (1,), 1),)), [("W", (2, 3))], {"W": (0, (2, 3), ((0, 1, 2), (0, 1, 3)))}),
     [0, 1, 2, 3, 4, 5], [3, 12]),
], ids=["full", "diagonal", "entries", "sum"])
def test_values_of_families(form, state, value):
    assert form.value(np.array(state, dtype=float)).tolist() == value
    # No law of these families has parts of several degrees.
    assert not form.value(np.array(state, dtype=float), degree=3 - form.degree).any()


def test_views_of_a_state():
    assert View(1, (2, 2), ((0, 1, 2), (0, 1, 1)), (2,), (0,), 1).rows(np.arange(5.0)).tolist() == [[1], [3]]
    assert View(0, (2, 2), WHOLE, (2, 2), (1, 0), 1).rows(np.arange(4.0)).tolist() == [[0, 2], [1, 3]]
    assert permuted(np.zeros((2, 3)), (1, 0)).shape == (3, 2)
    ((alpha, degree, rows),) = FamilyForm("diagonal", ((1, ROW),)).pieces(np.array([1.0, 2.0, 3.0]))
    assert (alpha, degree, rows.tolist()) == (1, 2, [[1], [2], [3]]) and FamilyForm("sum", ()).degree == 1
