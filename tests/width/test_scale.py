r"""
Large networks: laws and ranks from the structure of the graph agree with the searches at sizes where both run.

Nothing here is large: what is proved at 10^6 parameters is the same code, which depends on the kinds of neurons and not
on their number.
"""

import json
import random
import time

import numpy as np
import pytest
from cases import linear_number
from spaces import Space
from sage_conslaw import conservation_laws, count_conservation_laws, flows, networks
from sage_conslaw.cli.command import cli
from sage_conslaw.exact.linear_algebra import rank
from sage_conslaw.exact.sparse_elimination import TooDense
from sage_conslaw.exact.sparse_rank import sparse_rank
from sage_conslaw.graph.tensor import Data, Parameter
from sage_conslaw.graph.network import Network
from sage_conslaw.flows.problem import problem
from sage_conslaw.structure import symmetries
from sage_conslaw.structure.chains import kinds_of_components
from sage_conslaw.graph.one_field import has_one_field
from sage_conslaw.structure.index_classes import index_classes
from sage_conslaw.structure.of_family import Structure, structure_of
from sage_conslaw.structure.orbits import laws_are_all
from sage_conslaw.structure.star_points import star_rows

P = 2305843009213693951


def build(kind, widths):
    return networks.linear(widths) if kind == "linear" else networks.relu(widths, bias=kind == "relu with biases")


def random_networks(seed, number, most, kinds=("linear", "relu", "relu with biases")):
    choose = random.Random(seed)
    out = []
    while len(out) < number:
        kind, loss = choose.choice(kinds), choose.choice(["least-squares", "cross-entropy"])
        widths = [choose.randint(1, 4) for _ in range(choose.randint(2, 5))]
        net = build(kind, widths)
        if net.dimension <= most:
            out.append((net, loss))
    return out


def structure(net, loss="least-squares", flow=None):
    return structure_of(problem(net, flow, loss).family)


# Agreement with the dense computations -------------------------------------------------------------------------------

@pytest.mark.parametrize("net, loss", random_networks(1, 25, 40, ("relu", "relu with biases")), ids=str)
def test_star_points_reach_the_rank_of_relu_networks(net, loss):
    # Both are about the model: with one input and no bias the real network has fewer patterns, and more laws.
    dense = conservation_laws(net, loss=loss, proof=False, seed=0, real=False)
    bounds = structure(net, loss).bounds(np.random.default_rng(0))
    assert bounds == (dense.lie_dimension, dense.independent_laws_found)


@pytest.mark.parametrize("net, loss", random_networks(2, 25, 40, ("linear",)), ids=str)
def test_chain_points_bound_linear_networks(net, loss):
    dense = conservation_laws(net, loss=loss, proof=False, seed=0)
    rank_bound, laws = structure(net, loss).bounds(np.random.default_rng(0))
    assert rank_bound <= dense.lie_dimension and laws <= dense.independent_laws_found
    widths = [*net.sizes[:-1], net.sizes[-1] - (loss == "cross-entropy")]
    # Where every chain of neurons has an input or an output, the bounds are sharp, but for one input and one output.
    if widths[-1] and not any(kind.links for kind, _ in kinds_of_components(widths)) and dense.complete is True:
        assert rank_bound + laws == net.dimension


def test_wide_layers_need_attached_chains():
    # The floating chains of the middle layers are told apart by one weight more each.
    for widths in ([3, 5, 4, 1], [2, 5, 5, 2], [4, 1, 4, 3, 2], [2, 6, 6, 2]):
        net = networks.linear(widths)
        assert any(kind.links for kind, _ in kinds_of_components(widths))
        assert structure(net).bounds(np.random.default_rng(0)) == (
            net.dimension - linear_number(widths),
            linear_number(widths),
        )


@pytest.mark.parametrize("net, loss", random_networks(3, 40, 40), ids=str)
def test_all_laws_are_those_of_the_search_or_none_are_given(net, loss):
    dense = conservation_laws(net, loss=loss, proof=False, seed=0)
    found = structure(net, loss).laws(np.random.default_rng(0))
    known = symmetries.explicit_laws(
        index_classes(net.response(loss)), structure(net, loss).balances, structure(net, loss).shifts
    )
    if found is None:
        assert len(known) < len(dense.laws)
    else:
        assert Space([problem(net, None, loss).law(law) for law in found]) == Space(dense.laws)


def test_laws_of_a_large_network_are_the_same_polynomials_as_by_the_search():
    # Above 300 parameters the structure answers; below, the search in all monomials.
    for net, loss in ((networks.linear([14, 10, 9, 9]), None), (networks.relu([12, 11, 10, 9], bias=True), None)):
        large = conservation_laws(net, loss=loss, seed=0)
        assert large.method == "sparse point" and large.complete is True and large.status == "proved"
        family = problem(net, None, loss).family
        from sage_conslaw.laws.kernel import polynomial_laws
        searched = polynomial_laws(family, family.groups(), np.random.default_rng(0))
        assert list(large.terms) == searched


def test_rows_at_the_star_point_are_gradients_of_the_whole_network():
    net = networks.relu([3, 2, 3, 2], bias=True)
    for loss in ("least-squares", "cross-entropy"):
        response = net.response(loss)
        rows, columns, values, point = star_rows(index_classes(response), np.random.default_rng(0), P)
        from sage_conslaw.exact.arithmetic import ModularArithmetic
        from sage_conslaw.exact.modular import random_array
        generator = np.random.default_rng(1)
        dense = response.gradient(ModularArithmetic(P), point, response.draw(generator, P, net.dimension + 5))
        sparse = np.zeros((rows.max() + 1, net.dimension), dtype=np.int64)
        sparse[rows, columns] = values
        assert rank(np.concatenate([dense, sparse]), P) == rank(dense, P) == rank(sparse, P)
        assert random_array(generator, (1,), 2).shape == (1,)


# Known facts ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(
    "widths",
    [
        [20, 15, 12, 10],
        [30, 5, 40],
        [12, 40, 12],
        [9, 9, 9, 9, 9, 9],
        [25, 1, 25],
        [20, 10, 50, 10, 20],
        [6, 10, 14],
        [40, 30],
        [1, 30, 40],
        [30, 20, 10, 1],
        [30, 40, 20, 4],
    ],
)
def test_linear_networks_have_the_number_of_the_theorem(widths):
    counted = count_conservation_laws(networks.linear(widths), seed=0)
    assert (counted.number, counted.status) == (linear_number(widths), "proved")


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("widths", [[30, 20, 10], [9, 40, 3, 40, 9], [50, 7, 50], [400, 2], [1, 300, 1]])
def test_relu_networks_have_one_law_a_neuron(widths, bias):
    counted = count_conservation_laws(networks.relu(widths, bias=bias), seed=0, real=False)
    assert (counted.number, counted.status) == (sum(widths[1:-1]), "proved")
    softmax = count_conservation_laws(networks.relu(widths, bias=bias), loss="cross-entropy", seed=0, real=False)
    if widths[-1] > 1:
        # Column sums of the last layer too.
        assert (softmax.number, softmax.status) == (sum(widths[1:-1]) + widths[-2], "proved")
    else:
        # The softmax of one output is constant.
        assert (softmax.number, softmax.status) == (softmax.parameters, "proved")


def test_icnn_in_its_own_metric():
    counted = count_conservation_laws(networks.icnn(20, 30, 10, bias=True), seed=0)
    assert (counted.number, counted.status, counted.method) == (30, "proved", "sparse point")


def test_one_input_and_one_output():
    """All gradients are multiples of one: D - 1 laws, more than the symmetries of the graph show."""
    # Seven laws, six of them found: D - 1 in all.
    assert structure(networks.linear([1, 2, 2, 1])).bounds(np.random.default_rng(0)) == (1, 6)
    counted = count_conservation_laws(networks.linear([1, 120, 90, 1]), seed=0)
    assert (counted.status, counted.lie_dimension, counted.assumption) == ("proved", 1, "none")
    assert counted.laws_at_least == counted.number == counted.parameters - 1
    assert conservation_laws(networks.linear([1, 20, 20, 1]), seed=0).complete is False
    # Two pairings, or terms of several degrees in the data, are no single field.
    for other in (networks.perceptron([1, 2, 1], activation="gelu"), networks.relu([1, 2, 1]),
                  networks.relu([1, 1, 1], bias=True), networks.linear([1, 2, 2])):
        assert not has_one_field(other.response())


def test_where_both_sides_do_not_meet_there_are_two_bounds():
    x, W = networks.input(150), networks.parameter("W", 150, 150)
    net = networks.custom((x + x @ W) @ networks.parameter("V", 150, 2))
    counted = count_conservation_laws(net, seed=0)
    assert counted.status == "bounded" and "between" in repr(counted) and counted.blame
    record = counted.to_dict()
    assert record["number_at_least"] < record["number_at_most"] == record["number"]


# Mutations and what must not be recognised ---------------------------------------------------------------------------

def test_a_wrong_balance_is_not_believed(monkeypatch):
    classes = index_classes(networks.relu([3, 4, 2]).response())
    true = symmetries.balances

    def wrong(classes, mirror=()):
        from dataclasses import replace
        return [replace(law, full=True) for law in true(classes, mirror)]
    monkeypatch.setattr("sage_conslaw.structure.of_family.balances", wrong)
    with pytest.raises(ArithmeticError, match="fails the exact check"):
        Structure(classes, frozenset())


def test_laws_that_lack_one_are_not_all():
    classes = index_classes(networks.linear([3, 4, 3, 5]).response())
    laws = symmetries.explicit_laws(classes, symmetries.balances(classes), [])
    generator = np.random.default_rng(0)
    assert laws_are_all(classes, laws, generator, P)
    assert not laws_are_all(classes, [law for law in laws if (0, 0) not in law], generator, P)
    assert not laws_are_all(classes, [*laws, laws[0]], generator, P)


def test_other_graphs_and_flows_have_no_structure():
    assert structure(networks.relu([3, 2]), flow=flows.momentum()) is None
    assert structure(networks.relu([3, 2]), flow=flows.weight_decay(1)) is None
    assert structure_of(problem([networks.product(3).local_reparameterisation()[0]]).family) is None


def test_a_skip_connection_and_a_shared_weight():
    x, U, V = Data("x", (4,), "input"), Parameter("U", (4, 5)), Parameter("V", (5, 4))
    hidden = (x @ U).gate("relu")
    skip = Network("residual", (4, 5, 4), hidden @ V + x)
    assert structure(skip).bounds(np.random.default_rng(0)) == (35, 5)
    W = Parameter("W", (3, 3))
    shared = Network("shared", (3, 3, 3), (Data("x", (3,), "input") @ W) @ W)
    dense = conservation_laws(shared, seed=0, proof=False)
    bounds = structure(shared).bounds(np.random.default_rng(0))
    assert bounds[0] <= dense.lie_dimension and bounds[1] <= dense.number


def test_gated_and_plain_layers_together():
    x, U, V, W = Data("x", (3,), "input"), Parameter("U", (3, 2)), Parameter("V", (2, 3)), Parameter("W", (3, 2))
    mixed = Network("mixed", (3, 2, 3, 2), ((x @ U) @ V).gate("relu") @ W)
    dense = conservation_laws(mixed, seed=0)
    shown = structure(mixed)
    assert shown.number_of_laws == 3 + 3 == dense.independent_laws_found
    found = shown.laws(np.random.default_rng(0))
    assert found is None or Space([problem(mixed).law(law) for law in found]) == Space(dense.laws)


# Sparse elimination --------------------------------------------------------------------------------------------------

def test_sparse_rank_is_the_dense_rank():
    generator = np.random.default_rng(5)
    for n, m, density in [(30, 20, 0.05), (20, 30, 0.1), (25, 25, 0.2), (10, 10, 0.9), (1, 5, 0.5), (60, 50, 0.06)]:
        for p in (2, 3, P):
            dense = generator.integers(1, 5, size=(n, m)) * (generator.random((n, m)) < density)
            dense = np.concatenate([dense, dense[: n // 2] + dense[n - n // 2:]]) % p
            rows, columns = dense.nonzero()
            assert sparse_rank(rows, columns, dense[rows, columns], p) == rank(dense, p)


def test_an_elimination_that_fills_in_gives_what_it_found(monkeypatch):
    monkeypatch.setattr("sage_conslaw.exact.sparse_rank.MAX_WORK", 100)
    dense = np.random.default_rng(0).integers(1, 100, size=(30, 30))
    rows, columns = dense.nonzero()
    with pytest.raises(TooDense) as reached:
        sparse_rank(rows, columns, dense[rows, columns], P)
    assert 0 < reached.value.rank <= 30


# The command line ----------------------------------------------------------------------------------------------------

def test_command_line_at_a_large_size(capsys):
    start = time.perf_counter()
    assert cli.main(args=["count", "relu", "200", "150", "100", "10", "--bias", "--json", "--seed", "1"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert (record["number"], record["status"], record["parameters"], record["assumption"]) == (
        250,
        "proved",
        46250,
        "span",
    )
    assert time.perf_counter() - start < 20


def test_a_wide_network_has_a_short_certificate(capsys, tmp_path):
    place = tmp_path / "c.json"
    assert cli.main(args=["laws", "relu", "90", "60", "10", "--seed", "1", "--certificate", str(place)]) == 0
    assert "60 independent laws" in capsys.readouterr().out
    assert 100 < place.stat().st_size < 10_000


@pytest.mark.parametrize("arguments", [
    ["laws", "relu", "64", "64", "64", "10", "--bias", "--time-limit", "0.05"],
    ["count", "nmf", "20", "12", "20", "--flow", "momentum", "--time-limit", "1"],
])
def test_time_limit_gives_a_sound_partial_result(capsys, arguments):
    start = time.perf_counter()
    assert cli.main(args=[*arguments, "--json"]) == 3
    record = json.loads(capsys.readouterr().out)
    assert record["time_limit_reached"] and record["number_at_least"] <= record["number_at_most"]
    assert time.perf_counter() - start < 15
