"""The number of laws at any width, against the dense computation and against what is known."""
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from random_graphs import random_network, same_space

from sage_conslaw import count_conservation_laws, networks
from sage_conslaw.flows.problem import problem
from sage_conslaw.width.axes import Unknown, axes_of
from sage_conslaw.width.families import families
from sage_conslaw.width.growth import grown
from sage_conslaw.width.segments import apart, segments
from sage_conslaw.width.switching import switchable
from sage_conslaw.width.true_width import width_of


def bounds(net, loss=None):
    width = width_of(problem(net, loss=loss).family)
    found = width.counted(np.random.default_rng(0))
    return found, found.rank, found.laws


@pytest.mark.parametrize("seed", [*range(24), 291])
def test_agrees_with_the_dense_route(seed):
    """More of them: benchmarks/agreement.py."""
    net = random_network(seed)
    loss = "cross-entropy" if seed % 4 == 0 and net.output.shape[-1] > 1 else None
    width = width_of(problem(net, loss=loss).family)
    if width is None:
        return
    found = width.counted(np.random.default_rng(seed))
    rank, laws = found.rank, found.laws
    count = count_conservation_laws(net, loss=loss, seed=1, real=False)
    assert laws <= count.number <= net.dimension - rank
    if rank + laws == net.dimension:
        assert count.number == laws
        # The dense search takes seconds where there are many parameters.
        assert net.dimension > 40 or same_space(found, net, loss) in (True, None)


def test_spaces_are_compared():
    """What a missing family would be told by: a law left out makes the spaces different."""
    net = networks.relu([3, 4, 2], bias=True)
    width, _, _ = bounds(net, "cross-entropy")
    assert same_space(width, net, "cross-entropy") is True
    less = SimpleNamespace(polynomials=lambda most: width.polynomials(1000)[1:])
    assert same_space(less, net, "cross-entropy") is False


PROVED = [
    (networks.relu([784, 512, 256, 10], bias=True), 768),
    (networks.relu([768, 3072, 768]), 3072),
    (networks.attention(64, 16, heads=4), 4 * 2 * 16 * 17 // 2),
    (networks.attention(96, 16, heads=4, bias=True), 4 * (2 * 16 * 17 // 2 + 16)),
    (networks.attention(64, 16, heads=4, rotary=True), 4 * (8 + 16 * 17 // 2)),
    (networks.attention(96, 16, heads=4, kv_heads=2), None),
    (networks.convolutional([3, 64, 64, 10]), 128),
    (networks.lora([768, 768], rank=8), 36),
    (networks.gated(512, 2048), 2048),
    (networks.transformer_block(48, 192, heads=4), 4 * 12 * 13 + 2 * 48),
    (networks.normalised(300, 200, 100, norm="rms"), 201),
    # A block as in Llama: rotary pairs and grouped queries.
    (
        networks.transformer_block(64, 96, heads=8, kv_heads=2, norm="rms", mlp="swiglu", rotary=True),
        2 * 4 + 2 * 36 + 64 + 64 + 96,
    ),
]


@pytest.mark.parametrize("net, number", PROVED, ids=lambda value: str(value)[:50])
def test_large_networks(net, number):
    width, rank, laws = bounds(net)
    assert rank + laws == net.dimension, width.blame
    assert number is None or laws == number


def test_bilinear_heads_with_few_inputs_are_not_claimed():
    """`Q^T Q - K^T K` has dependent entries where heads are wider than twice the input."""
    net = networks.attention(2, 7)
    width, rank, laws = bounds(net)
    count = count_conservation_laws(net, seed=0)
    assert laws <= count.number <= net.dimension - rank


@pytest.mark.parametrize("loss, extra", [(None, 0), ("cross-entropy", 100)])
def test_sums_with_cross_entropy(loss, extra):
    width, rank, laws = bounds(networks.relu([300, 100, 20]), loss)
    assert (rank + laws, laws) == (100 * 320, 100 + extra)


def test_a_norm_without_gain_is_left_to_the_dense_route():
    small, large = (networks.normalised(n, 20, 10, norm="rms", gain=False, bias=False) for n in (30, 600))
    assert width_of(problem(small).family) is None
    # Beyond it there are bounds, and what is to blame.
    width, rank, laws = bounds(large)
    assert rank == 0 and laws >= 1 and "without a gain" in width.blame[0]


def test_segments_sum_and_equal_ones_are_computed_once(monkeypatch):
    x, total = networks.input(40), None
    for layer in range(6):
        part = ((x @ networks.parameter(f"U{layer}", 40, 30)).relu() @ networks.parameter(f"V{layer}", 30, 40)).gelu()
        total = part if total is None else total + part
    net = networks.custom(total @ networks.parameter("W", 40, 10))
    calls = []
    monkeypatch.setattr("sage_conslaw.width.true_width.grown", lambda *args: calls.append(1) or grown(*args))
    width, rank, laws = bounds(net)
    assert len(width.segments) == 7 and len(calls) == 2
    assert (laws, rank) == (6 * 30, net.dimension - 180)


def test_tied_weights_join_segments():
    x, W, V = networks.input(3), networks.parameter("W", 3, 3), networks.parameter("V", 3, 3)
    assert len(segments(networks.custom(((x @ W).gelu()) @ V).response())) == 2
    assert len(segments(networks.custom(((x @ W).gelu()) @ W).response())) == 1
    # The same data: the two move together.
    assert len(segments(networks.custom(x @ W + x @ V).response())) == 1
    assert not apart(networks.custom(x @ W + x @ V).response(), [V])


def test_classes_without_data_are_not_switched_off():
    axes = axes_of(networks.linear([3, 4, 5, 2]).response())
    assert [switchable(axes, [c]) for c in range(4)] == [True, False, False, True]


def test_axes_that_do_not_fit_are_unknown():
    x = networks.input(6)
    y = (x @ networks.parameter("W", 6, 6)).reshape(2, 3).reshape(3, 2).reshape(6)
    with pytest.raises(Unknown):
        axes_of(networks.custom(y @ networks.parameter("V", 6, 2)).response())


def test_every_family_is_conserved_at_small_sizes():
    from sage_conslaw.flows.flow_family import FlowFamily

    for net in (
        networks.attention(4, 2, heads=2, bias=True),
        networks.transformer_block(4, 3, heads=2),
        networks.convolutional([2, 3, 2], bias=True),
        networks.normalised(3, 4, 2, norm="rms"),
        networks.perceptron([2, 3, 2], activation="z^3", bias=True),
    ):
        # Small networks are read exactly; the structure is that of the coarse reading, which wide ones have.
        response = net.response().coarse or net.response()
        axes, family = axes_of(response), FlowFamily(response, response.names)
        for found in families(axes):
            laws = found.polynomials(axes, axes.leaves, axes.sizes)
            assert len(laws) == found.number(axes.sizes) and all(family.conserved(laws))


def test_formula():
    width, _, laws = bounds(networks.attention(1009, 101, heads=11))
    formula = width.formula()
    assert formula.value == laws and str(formula.expression({101: "k", 11: "h"})) == "h*k^2 + h*k"
    assert "k >= 3" in formula.where({101: "k"})
    assert "h >= 2" in formula.where({11: "h"})
    # All gradients are multiples of one.
    narrow, rank, laws = bounds(networks.linear([1, 12, 12, 1]))
    assert (rank, laws) == (1, 167) and narrow.formula().where() == ()
    assert int(narrow.formula().expression({12: 2})) == 7
    # More parameters than are computed densely.
    x, W = networks.input(120), networks.parameter("W", 120, 120)
    open_end, rank, laws = bounds(networks.custom((x + x @ W) @ networks.parameter("V", 120, 2)))
    assert rank + laws < 14_640 and open_end.formula() is None and len(open_end.blame) == 1


def test_factors_that_repeat_along_an_axis_carry_its_sums():
    """The gate of an expert multiplies all its outputs: with cross-entropy their sums are conserved."""
    net = networks.mixture(3, 1, 3, 3, active=1)
    width, rank, laws = bounds(net, "cross-entropy")
    assert (laws, rank + laws) == (int(count_conservation_laws(net, loss="cross-entropy", seed=1, real=False)), 36)


@pytest.mark.parametrize(
    "net",
    [
        networks.relu([4, 3, 5]),
        networks.attention(5, 3, heads=2),
        networks.convolutional([2, 3, 4]),
        networks.gated(3, 4, 2),
    ],
    ids=str,
)
def test_formulas_hold_at_small_sizes(net):
    """The dense number at small widths is the formula's value there."""
    result = count_conservation_laws(net, seed=0)
    assert (
        result.formula is None
        or sum(
            value * np.prod(monomial, dtype=object) for monomial, value in result.polynomial_in_sizes().terms.items()
        )
        == result.number
    )
    assert result.formula is not None


def test_experts_are_as_many_as_there_are_equal_segments():
    width, _, laws = bounds(networks.mixture(61, 31, 23))
    formula = width.formula()
    assert formula.value == laws and str(formula.expression({23: "e", 31: "h", 61: "d"})) == "e*h + d"
    assert {"e equal segments", "e >= 3"} <= set(formula.where({23: "e"}))
    # Two layers of 23 units are no 23 segments.
    x = networks.input(23)
    y = ((x @ networks.parameter("U", 23, 23)).gelu() @ networks.parameter("V", 23, 23)).gelu()
    assert bounds(networks.custom(y))[0].formula().segments == ()
    for experts in (2, 3, 4):
        number = count_conservation_laws(networks.mixture(3, 2, experts), seed=0, real=False).number
        assert int(formula.expression({23: experts, 31: 2, 61: 3})) == number


def test_letters_on_the_command_line():
    from click.testing import CliRunner

    from sage_conslaw.cli.command import cli
    done = CliRunner().invoke(cli, ["count", "attention", "D", "k", "--set", "heads=h", "--formula"])
    assert done.exit_code == 0 and "h*k^2 + h*k laws" in done.output
    done = CliRunner().invoke(cli, ["count", "relu", "n", "h", "m", "--formula", "--json"])
    assert done.exit_code == 0 and '"formula": "h"' in done.output
    # Narrow and wide layers are different pieces.
    done = CliRunner().invoke(cli, ["count", "linear", "4", "r", "4", "--formula"])
    assert done.exit_code == 0 and "8*r - 28 laws, proved for r >= 10" in done.output


@pytest.mark.parametrize("words, answer", [
    ("attention D 7 --set heads=h", "56*h laws"),
    ("attention D 5 --set heads=h --set kv_heads=g", "30*g laws"),
    ("transformer_block 7*h H --set heads=h", "70*h laws"),
    ("linear n h 1 --loss cross-entropy", "h*n + h laws, proved for h >= 2, n >= 2"),
    ("convolutional n m k --set size=s", "m laws, proved for k >= 2, m >= 2, n >= 2, s = 7"),
    ("relu n 1 m", "1 law, proved"),
    ("relu 1 h 1", "no formula: the number is between"),
    ("relu 1 12 1", "no formula is proved"),
])
def test_numbers_given_are_no_letters(words, answer):
    from click.testing import CliRunner

    from sage_conslaw.cli.command import cli
    done = CliRunner().invoke(cli, ["count", *words.split(), "--formula"])
    assert done.exit_code == 0 and f"  {answer}" in done.output


def test_a_letter_that_is_also_an_option_has_no_formula():
    from sage_conslaw.cli.letters import lines
    result = count_conservation_laws(networks.convolutional([31, 9, 5], size=9), seed=0)
    assert lines(result, {"k": 9}, ["31", "k", "5"])[1]["formula"] is None


def test_entries_that_nothing_moves_are_in_the_formula():
    P = networks.parameter
    for inputs in (20, 23):
        net = (networks.input(inputs) @ P("W", inputs, 11)[:, :4]).relu() @ P("U", 4, 30)
        width, _, laws = bounds(networks.custom(net))
        formula = width.formula()
        assert formula.value == laws == 4 + 7 * inputs and {inputs, 7} <= set(formula.fixed)
    x = networks.input(20)
    net = (x @ P("W", 20, 1)).softmax() @ P("V", 1, 12) + (x @ P("A", 20, 13)).relu() @ P("B", 13, 12)
    formula = bounds(networks.custom(net))[0].formula()
    assert str(formula.expression({20: "n", 13: "h"})) == "h + n"


def test_sizes_of_one_are_conditions_where_they_have_a_name():
    def answer(net):
        result = count_conservation_laws(net, seed=0, real=False)
        return str(result.formula), set(result.formula_where())
    assert answer(networks.relu([1, 12, 5])) == ("n1", {"n0 = 1", "n1 >= 2", "n2 >= 2"})
    assert answer(networks.linear([1, 7, 12, 1])) == ("n1*n2 + n1 + n2 - 1", {"n0 = n3 = 1"})
    assert answer(networks.attention(64, 16, heads=4, bias=True, tokens=6))[1] >= {"tokens = 6"}
    # Four equal branches of a network that names no number of them.
    x, P = networks.input(20), networks.parameter
    branches = [(x @ P(f"A{i}", 20, 13)).relu() @ P(f"B{i}", 13, 4) for i in range(4)]
    assert answer(networks.custom(sum(branches[1:], branches[0]))) == ("4*n13", {"n13 >= 2", "n20 >= 2", "n4 = 4"})


def test_a_bounded_number_has_no_formula():
    result = count_conservation_laws(networks.relu([4, 3, 5]), seed=0)
    bounded = replace(result, status="bounded")
    assert result.formula is not None and bounded.formula is None and bounded.to_dict()["formula"] is None


def test_laws_of_a_large_network_are_matrices():
    from sage_conslaw import conservation_laws
    laws = conservation_laws(networks.gated(512, 2048), seed=0)
    assert laws.complete is True and laws.independent_laws_found == 2048 and laws.to_dict()["formula"] is not None
    assert sum(law.laws for law in laws.matrix_laws()) == 2048


def _attention_in_one_matrix(d, heads, k, by_axis):
    tokens, width = 2, heads * k
    x = networks.input(tokens, d).rms_norm() * networks.parameter("g", d)
    y = x @ networks.parameter("c", d, 3 * width)
    if by_axis:
        q, key, v = (y.reshape(tokens, 3, heads, k)[:, i].transpose(1, 0, 2) for i in range(3))
    else:
        q, key, v = (y[:, i * width:(i + 1) * width].reshape(tokens, heads, k).transpose(1, 0, 2) for i in range(3))
    weights = networks.contract("hti,hui->htu", q, key).softmax()
    mixed = networks.contract("htu,huj->htj", weights, v).transpose(1, 0, 2).reshape(tokens, width)
    return networks.custom(mixed @ networks.parameter("O", width, d))


@pytest.mark.parametrize("by_axis", [False, True])
def test_one_matrix_for_queries_keys_and_values(by_axis):
    small = _attention_in_one_matrix(4, 2, 2, by_axis)
    _, rank, laws = bounds(small)
    assert (rank + laws, laws) == (small.dimension, count_conservation_laws(small, seed=0).number)
    large = _attention_in_one_matrix(96, 4, 24, by_axis)
    width, rank, laws = bounds(large)
    assert (rank + laws, laws) == (large.dimension, 2 * 4 * 24 * 25 // 2 + 96), width.blame


def test_tied_embedding_and_residual_stream():
    """The scale of all that is written to a stream which only normalisations read, and of the last gain, which reads
    the tied embedding."""
    V, d, tokens = 50, 12, 6
    x, E, P = networks.input(tokens, V), networks.parameter("E", V, d), networks.parameter("P", tokens, d)
    h = x @ E + P
    g, b = networks.parameter("g", d), networks.parameter("b", d)
    net = networks.custom((h.layer_norm() * g + b) @ E.T)
    width, rank, laws = bounds(net, "cross-entropy")
    texts = [law.text for law in width.matrix_laws()]
    assert "P 1" in texts and any("|E|^2 + |P|^2" in text for text in texts)
    assert laws >= tokens + 1 and rank + laws <= net.dimension


def test_terms_with_covectors_of_parameters_are_not_told_apart_too_early():
    """A bias in a stream that a normalisation reads is part of its covectors."""
    x, W, b = networks.input(3), networks.parameter("W", 3, 4), networks.parameter("b", 4)
    U = networks.parameter("U", 4, 2)
    z = x @ W + b
    f = networks.custom((z.rms_norm() * networks.parameter("g", 4)) @ U).response()
    assert apart(f, [b])
    g = networks.custom(
        (
            (x @ W + x * networks.parameter("c", 3) @ networks.parameter("S", 3, 4)).rms_norm()
            * networks.parameter("g", 4)
        )
        @ U
    )
    assert not apart(g.response(), [W])


UNITS = [
    networks.attention(5, 4),
    networks.attention(8, 4, bias=True),
    networks.attention(6, 5, value_dim=4),
    networks.linear([5, 4, 5]),
    networks.linear([6, 5, 2]),
    networks.lora([5, 6], rank=4),
    networks.attention(8, 4, heads=2, kv_heads=1),
    networks.normalised(6, 5, 4),
    networks.perceptron([5, 6, 5], activation="z^2"),
]


@pytest.mark.parametrize("net", UNITS, ids=str)
def test_units_agree_with_the_dense_route(net):
    """Classes without data that are larger than the base."""
    _, rank, laws = bounds(net)
    number = count_conservation_laws(net, seed=2, real=False).number
    assert laws == number if rank + laws == net.dimension else laws <= number <= net.dimension - rank


def test_one_field_that_cancels_is_none():
    # Two equal terms with opposite signs: the network is zero, and every parameter is conserved.
    x = networks.input(1)
    W, U = networks.parameter("W", 1, 300), networks.parameter("U", 300, 1)
    result = count_conservation_laws(networks.custom((x @ W) @ U - (x @ W) @ U), seed=0)
    assert result.number == 600
