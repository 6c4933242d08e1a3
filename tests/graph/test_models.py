"""Exact models of normalisations, softmax and functions of parameters: the issue's table, and real networks by
automatic differentiation."""
import numpy as np
import pytest
from random_graphs import random_norms

from sage_conslaw import certificates, conservation_laws, count_conservation_laws, flows, is_conserved, networks
from sage_conslaw.check import verify
from sage_conslaw.graph.models import model_of
from sage_conslaw.graph.network import Network
from sage_conslaw.results.count import LawCount


def custom(build):
    """Return a network of two inputs, with weights 2 x 3 and 3 x 2, a bias and a number."""
    x, W, U = networks.input(2), networks.parameter("W", 2, 3), networks.parameter("U", 3, 2)
    return networks.custom(build(x, W, U, networks.parameter("b", 2), networks.parameter("a", 1)))


TABLE = [
    ("rms without gain", networks.normalised(2, 4, 1, norm="rms", gain=False), 4),
    ("one input, rms with gain", networks.normalised(1, 3, 1, norm="rms"), 8),
    ("one input, wider", networks.normalised(1, 5, 1, norm="rms"), 14),
    ("layer norm of one unit", networks.normalised(2, 1, 2), 4),
    ("layer norm of one unit, wider", networks.normalised(3, 1, 2), 5),
    ("softmax sums to one", custom(lambda x, W, U, b, a: (x @ W).softmax() @ U + b), 4),
    ("tanh of a parameter", custom(lambda x, W, U, b, a: x + a.tanh() * ((x @ W).relu() @ U)), 4),
    ("sigmoid of a parameter", custom(lambda x, W, U, b, a: a.sigmoid() * (x @ W)), 1),
    ("exp of a parameter", custom(lambda x, W, U, b, a: x * b * a.exp()), 1),
    ("chosen share", networks.mixture(2, 1, 2, gate="normalised sigmoid", active=1), 6),
    ("rms with gain", networks.normalised(3, 4, 2, norm="rms"), 5),
    ("layer norm with gain", networks.normalised(3, 4, 2), 8),
    ("batch norm with gain", networks.normalised(3, 4, 2, norm="batch"), 8),
    ("attention", networks.attention(4, 2), 6),
    ("attention with biases", networks.attention(4, 2, bias=True), 8),
]


@pytest.mark.parametrize("net, number", [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_number(net, number):
    result = conservation_laws(net, seed=0)
    assert result.number == number and result.status in ("proved", "probable")
    assert len(result.independent) <= number
    # The model alone says the same.
    assert conservation_laws(net, seed=0, real=False).number == number


@pytest.mark.parametrize(
    "net, number",
    [
        (networks.normalised(1, 3, 1, norm="batch"), 9),
        (networks.relu([1, 4, 1]), 6),
        (networks.perceptron([1, 2, 1], activation="abs"), 3),
        (custom(lambda x, W, U, b, a: (x @ W).rms_norm() ** 2 @ U + b), 3),
    ],
    ids=["one input, batch", "two patterns", "abs", "sum of squares"],
)
def test_what_the_model_forgets_is_found_elsewhere(net, number):
    result = conservation_laws(net, seed=0)
    assert result.laws_at_least <= number == result.number
    # Each is explained by now, on a region or by rotations.
    assert result.status == "proved"
    assert result.complete is not True or len(result.independent) == number


@pytest.mark.parametrize("q", [2, 3])
@pytest.mark.parametrize("p, m", [(3, 2), (2, 3)])
def test_rotations_give_momentum(p, q, m):
    net = networks.normalised(p, q, m, norm="rms", gain=False, bias=False)
    result = conservation_laws(net, flow=flows.momentum(), seed=0)
    assert len(result.independent) >= q * (q - 1) // 2
    law = " + ".join(
        [f"W_{i}_1*dW_{i}_2 - W_{i}_2*dW_{i}_1" for i in range(1, p + 1)]
        + [f"U_1_{k}*dU_2_{k} - U_2_{k}*dU_1_{k}" for k in range(1, m + 1)]
    )
    assert is_conserved(law, net, flow=flows.momentum())


def test_a_gain_breaks_the_rotations():
    net = networks.normalised(3, 2, 2, norm="rms", gain=True, bias=False)
    law = (
        "W_1_1*dW_1_2 - W_1_2*dW_1_1 + W_2_1*dW_2_2 - W_2_2*dW_2_1 + W_3_1*dW_3_2 - W_3_2*dW_3_1 + U_1_1*dU_2_1 - "
        "U_2_1*dU_1_1 + U_1_2*dU_2_2 - U_2_2*dU_1_2"
    )
    assert not is_conserved(law, net, flow=flows.momentum())


def test_the_softmax_of_one_unit_is_one():
    net = networks.custom((networks.input(3) @ networks.parameter("W", 3, 1)).softmax())
    assert (conservation_laws(net, seed=0).number, conservation_laws(net, seed=0).complete) == (3, True)


def test_functions_of_parameters_are_not_written_out_in_very_many_terms():
    # Two norms and tied weights: 10^13 terms.
    x, a, F, W = (
        networks.input(3, 2),
        networks.parameter("a", 2),
        networks.fixed("F", values=[[1, 2, -1], [3, 1, 2]]),
        networks.parameter("W", 2, 3),
    )
    z = (((x @ F).rms_norm() * (x @ W)) @ W.T) * a.silu()
    result = conservation_laws(networks.custom(z.batch_norm() @ networks.fixed("G", values=[[1], [2]])), seed=0)
    assert result.laws_at_least >= 1


def test_the_sum_of_a_softmax_is_a_law():
    net = custom(lambda x, W, U, b, a: (x @ W).softmax() @ U + b)
    assert is_conserved("U_1_1 + U_2_1 + U_3_1 - b_1", net) and not is_conserved("U_1_1 + U_2_1 + U_3_1", net)
    masked = custom(lambda x, W, U, b, a: (x @ W).softmax(mask=[1, 0, 1]) @ U + b)
    assert is_conserved("U_1_1 + U_3_1 - b_1", masked) and not is_conserved("U_1_1 - b_1", masked)


def test_an_exponential_has_a_polynomial_law():
    # a' = b e^a c, b' = e^a c.
    one, a, b = networks.input(1), networks.parameter("a", 1), networks.parameter("b", 1)
    result = conservation_laws(networks.custom(one * b * a.exp()), seed=0)
    assert (result.number, list(map(str, result.laws))) == (1, ["b^2 - 2*a"])


@pytest.mark.parametrize("build, word", [
    (lambda x, W, U, b, a: x * (a.relu()), "relu"),
    (lambda x, W, U, b, a: x * (b + b).tanh() * b.tanh(), "depend on each other"),
    (lambda x, W, U, b, a: x * b.cut("normalised sigmoid"), "normalised sigmoid"),
    # What comes behind is constant: an entry alone has the share one, two centred ones are 1 and -1, shares sum to one.
    (lambda x, W, U, b, a: ((x @ W).gelu() @ U).sum(keepdims=True).softmax() * b, "no gradient reaches gelu"),
    (lambda x, W, U, b, a: ((x @ W).tanh() @ U).layer_norm() * b, "no gradient reaches tanh"),
    (lambda x, W, U, b, a: (x @ W).softmax().sum() * b.sum(), "no gradient reaches softmax"),
])
def test_what_is_left_aside_is_never_called_complete(build, word):
    assert any(word in text for text in custom(build).response().forgotten)
    result = conservation_laws(custom(build), seed=0)
    # Only the rank of the real fields may close the gap.
    assert (
        result.complete is not True and result.status == "bounded" and result.forgotten or result.assumption == "none"
    )
    alone = conservation_laws(custom(build), seed=0, real=False)
    assert alone.complete is not True and alone.status == "bounded" and alone.number == alone.state_dimension


def test_the_coarse_reading_says_where_it_spans_more():
    wide = networks.normalised(20, 20, 20, norm="rms")
    assert (
        not wide.response().forgotten
        and not wide.response().replaced.keys() - {wide.output.ancestors()[0]}
        or wide.dimension > 300
    )
    assert networks.normalised(20, 20, 20, norm="rms", gain=False).response().forgotten
    assert networks.normalised(1, 200, 2, norm="rms").response().forgotten


@pytest.mark.parametrize("norm", ["rms", "layer", "batch"])
@pytest.mark.parametrize("p, q, m", [(2, 2, 2), (2, 3, 1), (3, 4, 2), (4, 3, 3), (2, 5, 2)])
def test_behind_a_gain_both_readings_have_the_same_number(p, q, m, norm):
    """The lemma by which wide networks are read coarsely: with two inputs or more and a gain nothing is forgotten."""
    net = networks.normalised(p, q, m, norm=norm)
    exact = count_conservation_laws(net, seed=0)
    coarse = Network("custom", (), net.output)
    coarse._responses["least-squares"] = net.response().coarse
    if norm == "layer" and q == 2:
        # 1 and -1, whatever the input is.
        assert "two values" in net.response().coarse.forgotten[0]
        return
    assert not net.response().coarse.forgotten
    assert count_conservation_laws(coarse, seed=0).number == exact.number


@pytest.mark.parametrize(
    "net",
    [row[1] for row in TABLE if "parameter" not in row[0]],
    ids=[row[0] for row in TABLE if "parameter" not in row[0]],
)
def test_both_checkers_accept(net):
    record = conservation_laws(net, seed=0).certificate()
    assert certificates.check(record) == verify(record)


def test_models_of_data_free_functions():
    a = networks.parameter("a", 2)
    x = networks.input(2)
    assert not model_of(x * a.tanh()).pairings and model_of((x * a).tanh()).pairings
    assert isinstance(count_conservation_laws(networks.custom(x * a.softmax()), seed=0), LawCount)


# -- against automatic differentiation of plain PyTorch ----------------------------------------------------

def real_rank(forward, shapes, inputs, outputs, samples, seed=0):
    """Return the numerical rank of the gradients of a function of parameters, double precision, for random inputs and
    covectors."""
    torch = pytest.importorskip("torch")
    generator = torch.Generator().manual_seed(seed)
    theta = [torch.randn(shape, generator=generator, dtype=torch.float64, requires_grad=True) for shape in shapes]
    rows = []
    for _ in range(samples):
        x = torch.randn(inputs, generator=generator, dtype=torch.float64)
        c = torch.randn(outputs, generator=generator, dtype=torch.float64)
        gradients = torch.autograd.grad((forward(x, *theta) * c).sum(), theta, allow_unused=True)
        rows.append(
            torch.cat(
                [torch.zeros_like(t).reshape(-1) if g is None else g.reshape(-1) for g, t in zip(gradients, theta)]
            ).numpy()
        )
    rows = np.array(rows)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    singular = np.linalg.svd(rows[lengths[:, 0] > 0] / lengths[lengths[:, 0] > 0], compute_uv=False)
    return int((singular > 1e-9 * singular[0]).sum())


def rms(z):
    return z / (z * z).mean(-1, keepdim=True).sqrt()


def layer(z):
    z = z - z.mean(-1, keepdim=True)
    return rms(z)


CASES = [
    ("rms", lambda x, W, U: (x @ W).rms_norm() @ U, lambda x, W, U: rms(x @ W) @ U),
    ("layer", lambda x, W, U: (x @ W).layer_norm() @ U, lambda x, W, U: layer(x @ W) @ U),
    ("rms twice", lambda x, W, U: ((x @ W).rms_norm() @ U).rms_norm(), lambda x, W, U: rms(rms(x @ W) @ U)),
    ("softmax", lambda x, W, U: (x @ W).softmax() @ U, lambda x, W, U: (x @ W).softmax(-1) @ U),
    ("tanh of data", lambda x, W, U: (x @ W).tanh() @ U, lambda x, W, U: (x @ W).tanh() @ U),
    ("tanh of parameters", lambda x, W, U: (x @ W.tanh()) @ U, lambda x, W, U: (x @ W.tanh()) @ U),
    ("gelu of parameters", lambda x, W, U: (x @ W.gelu()) @ U, lambda x, W, U: (x @ gelu(W)) @ U),
    ("softmax of parameters", lambda x, W, U: (x @ W.softmax()) @ U, lambda x, W, U: (x @ W.softmax(-1)) @ U),
]


def gelu(z):
    torch = pytest.importorskip("torch")
    return torch.nn.functional.gelu(z)


@pytest.mark.parametrize("p, q, m", [(2, 3, 2), (3, 2, 2), (3, 3, 3), (4, 3, 2)])
@pytest.mark.parametrize("ours, theirs", [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_gradients_span_those_of_the_real_network(ours, theirs, p, q, m):
    from sage_conslaw.exact.arithmetic import ModularArithmetic
    from sage_conslaw.exact.linear_algebra import rank
    from sage_conslaw.exact.modular import random_array
    W, U = networks.parameter("W", p, q), networks.parameter("U", q, m)
    net = networks.custom(ours(networks.input(p), W, U), parameters=[W, U])
    prime, generator = (1 << 61) - 1, np.random.default_rng(0)
    response = net.response()
    theta = random_array(generator, (net.dimension,), prime)
    rows = response.gradient(ModularArithmetic(prime), theta, response.draw(generator, prime, 2 * net.dimension))
    assert rank(rows, prime) == real_rank(theirs, [(p, q), (q, m)], (p,), (m,), 6 * net.dimension)


def stacked(d, h):
    """A norm with a gain, then a linear layer, then a norm that sees no common factor of what the first gives."""
    P = networks.parameter
    z = (networks.input(3) @ P("W0", 3, d)).rms_norm() * P("g0", d)
    return networks.custom((z @ P("W1", d, h)).rms_norm() * P("g1", h) @ P("W2", h, 2))


def test_a_norm_before_a_norm_is_not_read_coarsely():
    small = conservation_laws(stacked(2, 5), seed=0)
    # |W0|^2 and one for each unit on both sides of it, |g0|^2, and one for each unit of the second.
    assert (small.number, small.complete, small.assumption) == (2 * 2 + 5 + 1, True, "none")
    assert is_conserved("W0_1_1^2 + W0_2_1^2 + W0_3_1^2 - g0_1^2", stacked(2, 5))
    wide = count_conservation_laws(stacked(20, 25), seed=0, real=False)
    # The first norm is the identity before the second, so that the wide network is read without it.
    assert (wide.number, wide.status, wide.forgotten) == (2 * 20 + 25 + 1, "proved", ())


@pytest.mark.parametrize("seed", range(12))
def test_stacks_of_norms_have_one_number_or_say_what_is_forgotten(seed):
    net = random_norms(seed)
    coarse = net.response().coarse
    if coarse.forgotten:
        assert any(words in text for text in coarse.forgotten for words in ("scaling the outputs", "two values"))
        return
    other = Network("custom", (), net.output)
    other._responses["least-squares"] = coarse
    exact, there = (count_conservation_laws(one, seed=0, real=False) for one in (net, other))
    assert exact.number == there.number


def two_norms(p, q, r, m, norm="rms_norm", bias=False):
    x, W, V, U = (
        networks.input(p),
        networks.parameter("W", p, q),
        networks.parameter("V", q, r),
        networks.parameter("U", r, m),
    )
    z = getattr(x @ W, norm)() @ V
    z = z + networks.parameter("b", r) if bias else z
    return networks.custom(getattr(z, norm)() @ U)


def test_a_norm_that_only_a_norm_reads_is_checked_without_it():
    # Each law took ten seconds when both norms were written out, and wider networks ran out of memory.
    net = two_norms(3, 4, 4, 2)
    assert net.response().lighter is not None
    result = conservation_laws(net, seed=0, real=False)
    balances = "W^T W - V V^T"
    # |V|^2 is kept, and the balance of W and V: 10 + 1; the norm in between makes no difference.
    assert result.number == 11 and is_conserved(balances, net) and is_conserved("|V|^2", net)
    # With a constant below the root the first norm matters.
    assert {i for i, law in enumerate(result.laws)} == set(result.eps_zero)


@pytest.mark.parametrize(
    "net", [two_norms(2, 3, 3, 1, bias=True), networks.normalised(2, 3, 1)], ids=["bias", "one norm"]
)
def test_other_norms_stay(net):
    assert net.response().lighter is None


def test_a_softmax_of_one_entry_brings_no_data_to_what_reads_it():
    # All samples have the same values, so their norm is zero and nothing moves: four parameters and as many velocities.
    x, W = networks.input(2, 1), networks.parameter("W", 1, 1)
    a, B = networks.parameter("a", 1), networks.parameter("B", 1, 2)
    net = networks.custom(((x @ W).softmax() * a.silu()).gelu().sigmoid().batch_norm() @ B)
    result = conservation_laws(net)
    assert result.number == 4 and result.complete
    assert conservation_laws(net, flow=flows.momentum(tau=0), seed=0).number >= 8


@pytest.mark.parametrize("mask, number", [([1, 0], 5), ([1, 1], 2)], ids=["one entry", "two entries"])
def test_a_mask_that_leaves_one_entry_makes_a_softmax_constant(mask, number):
    x, W, U = networks.input(2), networks.parameter("W", 2, 2), networks.parameter("U", 2, 1)
    assert count_conservation_laws(networks.custom((x @ W).softmax(mask=mask) @ U)).number == number


@pytest.mark.parametrize(
    "activation, bias, law",
    [("inverse", False, (1, 1, 0)), ("inverse root", False, (2, 1, 0)), ("exp", True, (0, 1, -2))],
)
def test_slopes_that_the_value_gives(activation, bias, law):
    """`|w|^2 + |u|^2`, `2 |w|^2 + |u|^2` and `|u|^2 - 2 b` for each unit; above the exact sizes nothing is proved."""
    net = networks.perceptron([2, 2, 1], activation=activation, bias=bias)
    result = conservation_laws(net, seed=0)
    assert (result.number, result.status) == (2, "proved")
    names, generator = [leaf.name for leaf in net.response().leaves], np.random.default_rng(0)
    theta = {leaf.name: generator.random(leaf.shape) + 0.5 for leaf in net.response().leaves}
    x, c = generator.random(2) + 0.5, 0.7
    z = x @ theta[names[0]] + (theta["b1"] if bias else 0)
    value = {"inverse": 1 / z, "inverse root": z ** -0.5, "exp": np.exp(z)}[activation]
    slope = {"inverse": -1 / z**2, "inverse root": -0.5 * z ** -1.5, "exp": value}[activation]
    u = theta["U2"][:, 0]
    moved = 2 * law[0] * (theta["U1"] * np.outer(x, c * u * slope)).sum(0) + 2 * law[1] * c * u * value
    assert np.allclose(moved + law[2] * c * u * slope, 0)
    large = count_conservation_laws(networks.perceptron([20, 30, 10], activation=activation, bias=bias), seed=0)
    assert large.status == "bounded" and "slope" in str(large) and large.number >= 30
    assert large.laws_at_least <= 30


def test_products_of_exponentials_move_along_the_sum_of_their_exponents():
    """`e^{x A} e^{x B}` is a function of `A + B`: the entries of `A - B` are laws, at any width."""
    def net(d, h):
        x, A, B = networks.input(d), networks.parameter("A", d, h), networks.parameter("B", d, h)
        return networks.custom(((x @ A).exp() * (x @ B).exp()) @ networks.parameter("U", h, 2))
    small = conservation_laws(net(2, 3), seed=0)
    assert (small.number, small.status, small.assumption) == (6, "proved", "none")
    assert {"A_1_1 - B_1_1", "A_2_3 - B_2_3"} <= {str(law) for law in small.laws}
    wide = count_conservation_laws(net(20, 20), seed=0)
    assert wide.status == "bounded" and wide.number >= 400
    # The square of one is an exponential as it is.
    x, a = networks.input(2), networks.parameter("a", 2, 1)
    square = conservation_laws(networks.custom((x @ a).exp() ** 2 @ networks.parameter("U", 1, 2)), seed=0)
    assert (square.number, square.status) == (0, "proved")
