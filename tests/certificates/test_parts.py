"""The parts of certificates: what a record says of a problem, draws and what they show, numbers at any width."""
from fractions import Fraction

import numpy as np
import pytest

from sage_conslaw import InputError, VectorFieldFamily, count_conservation_laws, flows, networks
from sage_conslaw import check as plain
from sage_conslaw.certificates import CertificateError
from sage_conslaw.certificates.checker import bounded, examine
from sage_conslaw.certificates.files import verify_files
from sage_conslaw.certificates.graph_record import data_places, network_record, rebuilt_network, user_nodes
from sage_conslaw.certificates.growth import growth_witness, parts_of, totals
from sage_conslaw.certificates.growth_record import segment_axes, segment_graph
from sage_conslaw.certificates.problem_rebuilt import check_sizes_of_classic, parsed, rebuilt, rebuilt_network_of
from sage_conslaw.certificates.problem_record import named_options, polynomial_text, problem_record
from sage_conslaw.certificates.real_witness import RealData, covered, each_letter, expanded, real_witness
from sage_conslaw.certificates.record import arranged_back, digest
from sage_conslaw.certificates.schema import SCHEMA, check_schema, schema
from sage_conslaw.certificates.wide import star_parts
from sage_conslaw.certificates.wide import totals as totals_of_parts
from sage_conslaw.certificates.wide_chains import Components, affordable, chain_parts
from sage_conslaw.certificates.wide_layers import Layers, number
from sage_conslaw.certificates.wide_witness import wide_witness
from sage_conslaw.certificates.witness import Draws, determinant, path_witness, prime_for, rank_witness
from sage_conslaw.certificates.witness import walk, word_field
from sage_conslaw.certificates.words import assumption_of, statement
from sage_conslaw.exact.arithmetic import ModularArithmetic
from sage_conslaw.flows.problem import problem
from sage_conslaw.width.axes import axes_of

P = (1 << 61) - 1


def layered(name, sizes, options=None, loss="least-squares"):
    flow = {"name": "gradient", "decay": "0", "metric": "euclidean"}
    return {"kind": "network", "architecture": name, "sizes": sizes, "options": options or {}, "loss": loss,
            "flow": flow}


# -- records of problems ------------------------------------------------------------------------------------


def test_polynomials_have_one_form():
    terms = {(0, 0): Fraction(1), (1,): Fraction(-1, 2)}
    assert polynomial_text(terms, ["x", "y"]) == "x^2-1/2*y" and polynomial_text({}, ["x"]) == "0"
    assert parsed(["x^2-1/2*y"], ["x", "y"], "a law") == [terms]
    with pytest.raises(CertificateError, match="a law is not in normal form: 1.x"):
        parsed(["1*x"], ["x"], "a law")


def test_options_and_flows_in_records():
    assert named_options(networks.relu([2, 2], bias=True)) == {"bias": 1}
    assert named_options(networks.attention(2, 1)) == {"bias": 0}
    record = problem_record(problem(networks.linear([2, 1]), flows.momentum("1/2")))
    assert record["flow"] == {"name": "momentum", "decay": "0", "metric": "euclidean", "tau": ["1/2", "1"]}
    nesterov = problem_record(problem(networks.linear([1, 1]), flows.nesterov()))
    assert rebuilt(nesterov)[0].names == ["t", "U1_1_1", "dU1_1_1"]
    assert rebuilt_network_of(layered("linear", [2, 1]))[0].parameters == {"U1": (2, 1)}
    with pytest.raises(CertificateError, match="product 1000000000 has more than 4000 parameters"):
        check_sizes_of_classic("product", [10**9])


def test_graphs_are_recorded_as_they_were_written():
    net = networks.relu([1, 1, 1])
    assert [node.label() for node in user_nodes(net)][:5] == ["x", "U1", "x @ U1", "gate", "relu(x @ U1)"]
    assert network_record(net)["nodes"][2:4] == [
        {"op": "contract", "spec": "i,ib->b", "inputs": [0, 1]}, {"op": "gate", "function": "relu", "inputs": [2]}]
    again = rebuilt_network(network_record(networks.attention(2, 1)))[0]
    assert network_record(again) == network_record(networks.attention(2, 1))
    assert data_places(net, user_nodes(net), net.response()) == [0, 1, 2]


def test_a_schema_says_what_is_wrong():
    assert schema()["title"] == SCHEMA
    with pytest.raises(CertificateError, match="the schema is not sage_conslaw.certificate/2"):
        examine({})
    with pytest.raises(CertificateError, match="the record has missing or unknown keys: assumption"):
        check_schema({"schema": SCHEMA, "dimension": 4.0})
    assert digest({"a": 1, "digest": "x"}) == digest({"a": 1})
    assert list(verify_files([])) == [] and bounded(max, 2, 3) == 3


def test_a_count_has_a_certificate_where_no_laws_are_listed():
    with pytest.raises(InputError, match="in 4 coordinates lists the laws"):
        count_conservation_laws(networks.linear([2, 1, 2])).certificate()


@pytest.mark.parametrize("asked, real, assumption", [
    ({"kind": "system"}, False, "none"), ({"kind": "phi"}, False, "span"), (layered("linear", [1, 1]), False, "none"),
    (layered("relu", [1, 1, 1]), False, "span"), (layered("relu", [1, 1, 1]), True, "none"),
], ids=["system", "phi", "linear", "relu", "real"])
def test_assumptions(asked, real, assumption):
    assert assumption_of(asked, real) == assumption


def test_statements():
    record = {"problem": layered("linear", [2, 1, 2]), "assumption": "span"}
    first, second, _ = statement(record, 8, 6, 1).split("; ")
    assert first == "6 independent laws in dimension 8, at most 7 in all"
    assert second == "linear 2 1 2, least-squares loss, gradient flow, euclidean metric"
    system = {"kind": "system", "variables": ["x", "y"], "parameters": ["k"], "drift": ["k*y", "-k*x"], "controls": []}
    assert statement({"problem": system, "assumption": "none"}, 2, 1, 1).split("; ")[1] == \
        "the system x' = k*y, y' = -k*x over Q(k)"


# -- draws --------------------------------------------------------------------------------------------------


def test_primes_are_short_for_large_minors():
    assert [prime_for(size, np.random.default_rng(0)).bit_length() for size in (10, 2000)] == [62, 30]
    assert determinant(np.array([[2, 0], [0, 3]]), 101) == 6 and determinant(np.zeros((0, 0), dtype=int), 101) == 1


def test_words_and_paths():
    family = flows.gradient().family(networks.product(2).response())
    record = rank_witness(family, 1, np.random.default_rng(0))
    assert (record["kind"], len(record["words"])) == ("words", 1)
    assert set(Draws(family, np.random.default_rng(0), 100).letter(False)) == {"data"}
    family = flows.momentum().family(networks.product(2).response())
    record, values = path_witness(family, 3, Draws(family, np.random.default_rng(0), 100), P)
    assert record["kind"] == "path" and values.shape == (3, 5)


def test_a_word_is_a_bracket():
    """[d/dx, x^2 d/dy] = 2 x d/dy."""
    family = VectorFieldFamily.from_terms(["x", "y"], None, [[{(): Fraction(1)}, {}], [{}, {(0, 0): Fraction(1)}]])
    word = [{"data": [1, 0]}, {"data": [0, 1]}]
    assert word_field(family, [word], 101)(ModularArithmetic(101), np.array([5, 7])).tolist() == [[0, 10]]


def test_a_step_of_a_path_is_a_drift_and_a_shear():
    """t + 2, u + 2 du, then du + 2 (u + 2 du)."""
    family = flows.momentum().family(problem(["u^2"]).family.response)
    z, _ = walk(family, {"step": 2, "data": [1]}, np.array([0, 3, 1]), np.eye(3, dtype=int), 101)
    assert z.tolist() == [2, 5, 11]


def test_letters_are_changed_and_put_in_order():
    assert each_letter({"words": [[{"data": [5]}]]}, lambda letter: letter | {"weight": 1}) == {
        "words": [[{"data": [5], "weight": 1}]]}
    assert arranged_back({"words": [[{"data": [5, 7]}]]}, [1, 0], 2) == {"words": [[{"data": [7, 5]}]]}


def test_real_letters():
    assert [all(map(covered, user_nodes(net))) for net in (networks.relu([1, 1, 1]), networks.gated(1, 1))] == [
        True, False]
    net = networks.relu([1, 2, 1])
    data = RealData(net, user_nodes(net), "least-squares", [1, -2, 3, 5], [[1], [-1]])
    assert (data.letter(0, [7], 101), data.letter(1, [7], 101)) == ([1, 1, 0, 7], [100, 0, 1, 7])
    written = expanded({"words": [[{"sample": 1, "data": [7]}]]}, data, 101)
    assert written["words"] == [[{"data": [100, 0, 1, 7]}]]


def test_a_real_witness():
    net = networks.relu([2, 1, 1])
    family, nodes = problem(net).family, user_nodes(net)
    places = data_places(net, nodes, family.response)
    real, rank = real_witness(family, 2, np.random.default_rng(0), net, nodes, places, "least-squares", [1, 2, 3])
    assert real["parameters"] == [1, 2, 3] and rank["rank"] == 2
    assert set(rank["words"][0][0]) == {"data", "sample"}


# -- any width ----------------------------------------------------------------------------------------------


def test_layers():
    layers = Layers(layered("relu", [784, 512, 256, 10], {"bias": 1}, "cross-entropy"))
    assert (layers.widths, layers.still, layers.dimension) == ([784, 512, 256, 9], 256, 535808)
    names = Layers(layered("linear", [9, 8, 9], loss="cross-entropy")).law_names()
    assert names == ["the upper triangle of U1^T U1 - U2 U2^T", "the sums of the rows of U2"]
    assert 0 <= number(101, 0, "point", "U1_1_1") < 101 and affordable([10, 5], 100)
    assert not affordable([0] * 30 + [1], 100)


def test_parts_of_a_star_point_and_a_chain_point():
    layers = Layers(layered("relu", [78, 51, 10]))
    assert totals_of_parts(star_parts(layers, P, 0), layers) == (51, 4437)
    kinds = [{"chains": [[0, 1]], "links": [], "times": 4}, {"chains": [[0, 0]], "links": [], "times": 1}]
    parts = chain_parts(Layers(layered("linear", [5, 4])), kinds, [[8], [3]], P, 0)
    assert sum(part["times"] * part["rank"] for part in parts) == 20
    with pytest.raises(CertificateError, match="the components have not 6 neurons in layer 1"):
        Components([{"chains": [[0, 1]], "links": [], "times": 5}], [5, 6])
    assert wide_witness(layered("linear", [78, 51, 25, 10]), np.random.default_rng(0))[1:4] == (5503, 1651, 3852)


def test_segments_of_any_width():
    graph = segment_graph(axes_of(networks.linear([768, 2]).response()))
    assert graph["sizes"] == [768, 2] and graph["nodes"][1] == {"op": "parameter", "name": "U1", "axes": [[0], [1]]}
    graph = segment_graph(axes_of(networks.attention(512, 64, heads=8).response()))
    graph["sizes"][0] = 5
    assert segment_graph(segment_axes(graph)) == graph
    parts, still = parts_of(problem(networks.transformer_block(48, 96, heads=3)).family)
    assert ([(len(axes.leaves), times) for axes, times in parts], still) == ([(6, 1), (3, 1), (1, 1)], 0)
    assert totals([{"times": 2, "size": 5, "laws": 2, "rank": 3}], 4) == (14, 8, 6)
    found = growth_witness(problem(networks.lora([768, 768], rank=8)).family, np.random.default_rng(0))
    assert found[1:] == (12288, 36, 12252)


# -- the plain checker --------------------------------------------------------------------------------------


def test_arithmetic_of_the_plain_checker():
    plain.BUDGET.update(work=10**6, kept=10**6)
    assert plain.parse("x^2-1/2*y", {"x": 0, "y": 1}) == {(0, 0): Fraction(1), (1,): Fraction(-1, 2)}
    assert plain.bracket(lambda z: [1, 0], lambda z: [0, z[0]])([5, 7]) == [0, 1]
    assert plain.determinant([[0, 2], [3, 4]], 101) == 95 and plain.determinant([], 101) == 1
    assert plain.rank_of([[1, 2], [2, 4], [0, 1]], 101) == 2
    assert [plain.is_prime(n) for n in (P, (1 << 61) + 1, 3215031751, 2, 1)] == [True, False, False, True, False]
    assert plain.true_slopes("abs", [3, -5], [2]) == [1, -1]
    assert plain.true_slopes("max", [3, -5, 1, 2], [2, 2]) == [1, 0, 0, 1]


@pytest.mark.parametrize("rule, good, bad", [
    (plain.integer(1, 3), [1, 3], [0, 4, True, 2.0, "2", None]),
    (plain.integers(0, 1, 2), [[], [0, 1]], [[2], [0, 1, 0], [False], (0,), "0"]),
    (plain.text("[a-z]{1,3}"), ["a", "abc"], ["", "abcd", "a\n", b"a", 1]),
    (plain.one_of("a", "b"), ["a"], ["c", ["a"], None]),
    (plain.record_of({"a": plain.integer(), "b?": plain.integer()}), [{"a": 1}, {"a": 1, "b": 2}],
     [{}, {"b": 1}, {"a": 1, "c": 1}, {"a": True}, []]),
    (plain.by_word("k", {"x": {}, "y": {"n": plain.integer()}}), [{"k": "x"}, {"k": "y", "n": 1}],
     [{"k": "z"}, {"k": "x", "n": 1}, {"k": ["x"]}, {}, "x"]),
    (plain.options_rule, [{}, {"bias": 1, "norm": "rms"}], [{"bias": True}, {"a b": 1}, {"a": 1.0}, [1], {"a": "x\n"}]),
    (plain.damping_rule, ["tau", ["1", "t"]], ["t", ["1"], [1, 2], None]),
    (plain.metric_rule, ["mirror", {"positive": ["U"]}], ["icnn", {"positive": []}, {"at": "state"}, 1, {}]),
], ids=["integer", "integers", "text", "word", "record", "by word", "options", "damping", "metric"])
def test_rules_of_the_plain_schema(rule, good, bad):
    for value in good:
        rule(value, "it")
    for value in bad:
        with pytest.raises(plain.Rejected, match="it"):
            rule(value, "it")
