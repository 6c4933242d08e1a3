"""What the graph shows of gated and linear networks: balances, shifts, star points, terms, segments."""
import numpy as np
import pytest

from sage_conslaw import VectorFieldFamily, flows, networks
from sage_conslaw._sage import QQ, PolynomialRing
from sage_conslaw.exact.sparse_rank import sparse_rank
from sage_conslaw.flows.problem import problem
from sage_conslaw.graph.cuts import sum_one
from sage_conslaw.width.axes import axes_of
from sage_conslaw.structure.index_classes import index_classes
from sage_conslaw.structure.of_family import structure_of
from sage_conslaw.width.segments import apart, of_one_degree, segments
from sage_conslaw.width.signature import signature
from sage_conslaw.structure.star_points import law_rows, selects_paths, star_point, star_rows, sub_entries
from sage_conslaw.structure.symmetries import (
    Balance,
    Shift,
    balances,
    explicit_laws,
    number_of_terms,
    shifts,
    sign_words,
)

P = networks.parameter


def classes_of(net, loss="least-squares"):
    return index_classes(net.response(loss))


@pytest.mark.parametrize("law, number", [
    (Balance(0, 3, True, ((0, 1, 1), (1, 0, -1))), 6),
    (Balance(0, 3, False, ((0, 1, 1),)), 3),
    (Shift(1, 1, (3, 2)), 3),
])
def test_numbers_of_laws(law, number):
    assert law.number == number


@pytest.mark.parametrize("net, loss, found", [
    (networks.relu([3, 2, 4]), "cross-entropy", [Shift(1, 1, (2, 4))]),
    (networks.relu([3, 2, 4]), "least-squares", []),
], ids=["cross-entropy", "least squares"])
def test_shifts_are_those_of_covectors_with_sum_zero(net, loss, found):
    assert shifts(classes_of(net, loss)) == found


def test_words_tell_sign_characters_apart():
    words = sign_words(classes_of(networks.linear([2, 1, 2])), np.random.default_rng(0))
    # The signs of both inputs and outputs are free, that of the hidden unit cancels.
    assert len(set(words.tolist())) == 4 and words[0] ^ words[1] != words[2] ^ words[3]


@pytest.mark.parametrize("net, loss", [(networks.linear([1, 2, 1]), "least-squares"),
                                       (networks.relu([3, 2, 4], bias=True), "cross-entropy")],
                         ids=["linear", "relu"])
def test_terms_are_counted_before_they_are_written(net, loss):
    classes = classes_of(net, loss)
    known = balances(classes), shifts(classes)
    written = sum(map(len, explicit_laws(classes, *known)))
    assert written <= number_of_terms(classes, *known) <= 2 * written


def test_star_points_have_a_backbone():
    point = star_point(classes_of(networks.relu([3, 2, 1])), np.random.default_rng(0), 101)
    assert (point != 0).astype(int).tolist() == [1, 1, 1, 0, 1, 0, 1, 1]


def test_data_choose_paths_where_there_are_gates():
    p, relu = (1 << 61) - 1, classes_of(networks.relu([30, 20, 10]))
    assert selects_paths(relu) and not selects_paths(classes_of(networks.linear([30, 20, 10])))
    rows, columns, values, point = star_rows(relu, np.random.default_rng(0), p)
    # One law for each hidden neuron.
    assert len(point) - sparse_rank(rows, columns, values, p) == 20


def test_places_of_subnetworks_and_rows_of_laws():
    chosen = [np.array([[2]]), np.array([[1]]), np.array([[0]])]
    assert sub_entries(classes_of(networks.linear([3, 2, 2])), chosen).tolist() == [[5, 8]]
    classes = classes_of(networks.relu([1, 2, 1]))
    rows = law_rows(classes, balances(classes), [], np.array([3, 4, 5, 6]), 101)
    assert [part.tolist() for part in rows] == [[0, 1, 0, 1], [0, 1, 2, 3], [3, 4, 96, 95]]
    # Rows of shifts are the gradients of the laws that are written.
    classes = classes_of(networks.relu([3, 2, 4]), "cross-entropy")
    rows, columns, values = law_rows(classes, [], shifts(classes), np.ones(14, dtype=np.int64), 101)
    laws = explicit_laws(classes, [], shifts(classes), products=False)
    assert sorted(zip(rows.tolist(), columns.tolist())) == [(i, j) for i, law in enumerate(laws) for (j,) in law]
    assert [len(part) for part in law_rows(classes, [], [], np.ones(14, dtype=np.int64), 101)] == [0, 0, 0]


def test_what_a_structure_tells():
    wide, deep, chain = (structure_of(problem(net).family) for net in (
        networks.relu([784, 512, 256, 10], bias=True), networks.linear([3, 2, 3]), networks.linear([2, 1, 2])))
    assert wide.number_of_laws == 768 and deep.bounds(np.random.default_rng(0)) == (9, 3)
    assert chain.laws(np.random.default_rng(0)) == [{(0, 0): 1, (1, 1): 1, (2, 2): -1, (3, 3): -1}]


def test_which_families_have_a_structure():
    x, y = PolynomialRing(QQ, "x, y").gens()
    assert structure_of(problem(networks.icnn(3, 2, 1)).family).mirror == {1}
    assert structure_of(problem(networks.linear([2, 2]), flows.momentum()).family) is None
    assert structure_of(VectorFieldFamily(controls=[[x, y]])) is None


def test_segments_of_a_perceptron_with_biases():
    found = segments(networks.perceptron([2, 3, 2], activation="gelu", bias=True).response())
    assert [[leaf.name for leaf in part] for part in found] == [["U1"], ["b1"], ["U2"]]


def test_terms_apart_and_of_one_degree():
    response = networks.relu([3, 2, 1], bias=True).response()
    assert apart(response, response.leaves[1:2])
    x, W, V = networks.input(2), P("W", 2, 2), P("V", 2, 2)
    assert not apart(networks.custom(x @ W + x @ V).response(), [V])
    A, V, b, c = sum_one("A", (2, 2)), P("V", 3, 2), P("b", 2), P("c", 3)
    x = networks.input(2, 3)
    nets = A @ (x @ V), A @ (x @ V) + b, A @ V.T + c
    assert [of_one_degree(networks.custom(y).response(), A) for y in nets] == [True, True, False]


def test_terms_beyond_those_told_apart_are_joined(monkeypatch):
    """More than are told apart: the answer is coarser, and never wrong."""
    import sage_conslaw.width.segments as module
    x = networks.input(2)
    net = networks.custom(sum(((x[:1] @ P(f"W{i}", 1, 2)).relu() for i in range(5)), x @ P("V", 2, 2)))
    assert len(segments(net.response())) == 6
    monkeypatch.setattr(module, "_MOST_TERMS", 2)
    response = net.response()
    assert len(segments(response)) == 1 and not apart(response, response.leaves[:1])


def test_signatures_are_those_of_equal_graphs():
    def kind(net):
        return signature(axes_of(net.response()))
    x, W = networks.input(3), P("W", 3, 2)
    assert kind(networks.custom(x @ W)) == kind(networks.custom(x @ W)) != kind(networks.custom(2 * (x @ W)))
    assert kind(networks.relu([3, 4, 2])) == kind(networks.relu([3, 4, 2])) != kind(networks.relu([3, 5, 2]))
