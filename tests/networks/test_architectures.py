"""Modern architectures: known numbers, agreement of algorithms, certificates, and the float reading against independent
programs."""
import numpy as np
import pytest
from scipy import signal

from sage_conslaw import certificates, conservation_laws, count_conservation_laws, flows, is_conserved, networks
from sage_conslaw.check import verify
from sage_conslaw.graph.float_reading import FloatReading
from sage_conslaw.papers.compendium import CLAIMS, compendium


def number(net, **options):
    result = conservation_laws(net, seed=0, **options)
    assert result.complete is True and result.status == "proved"
    return result.number


# -- known numbers ------------------------------------------------------------------------------------


def test_the_compendium_is_recomputed():
    table = compendium()
    assert {claim.name for claim in table.differing()} == {"linear 1 2 2 1", "the same with normalised sigmoid gates"}
    assert all(
        result.status == "proved" for claim, result in zip(CLAIMS, table.results) if claim.name != "linear 1 2 2 1"
    )


@pytest.mark.parametrize("dim, head, heads, value", [(4, 2, 1, 2), (3, 1, 2, 2), (4, 2, 2, 1), (5, 3, 1, 2)])
def test_attention(dim, head, heads, value):
    net = networks.attention(dim, head, heads=heads, value_dim=value)
    assert number(net) == heads * (head * (head + 1) // 2 + value * (value + 1) // 2)


@pytest.mark.parametrize("tokens", [2, 3])
def test_the_number_of_tokens_does_not_matter(tokens):
    assert number(networks.attention(3, 2, tokens=tokens)) == 6


def test_causal_attention_needs_one_token_more():
    # With two tokens the first sees itself alone, and still each score that is free moves.
    assert number(networks.attention(4, 2, causal=True, tokens=3)) == 6


@pytest.mark.parametrize("head, heads", [(2, 1), (4, 1), (2, 2)])
def test_rotary_positions(head, heads):
    assert number(networks.attention(4, head, heads=heads, rotary=True)) == heads * (head // 2 + head * (head + 1) // 2)


@pytest.mark.parametrize(
    "d, h, gate, laws",
    [(2, 3, "silu", 3), (3, 2, "gelu", 2), (2, 3, "relu", 6), (3, 3, "linear", 6), (2, 2, "sigmoid", 2)],
)
def test_gated_units(d, h, gate, laws):
    assert number(networks.gated(d, h, gate=gate)) == laws


@pytest.mark.parametrize("name", ["gelu", "silu", "tanh", "sigmoid", "softplus", "cut"])
@pytest.mark.parametrize("bias", [False, True])
def test_smooth_activations_have_no_laws(name, bias):
    assert number(networks.perceptron([2, 3, 2], name, bias)) == 0


@pytest.mark.parametrize("name", ["relu", "leaky relu", "abs", "dropout"])
def test_gates_have_one_law_a_hidden_unit(name):
    assert number(networks.perceptron([2, 3, 2, 2], name, True)) == 5


@pytest.mark.parametrize("k", [2, 3, 4])
def test_powers(k):
    net = networks.perceptron([2, 3, 2], f"z^{k}", True)
    assert number(net) == 3
    assert is_conserved(f"U1_1_1^2 + U1_2_1^2 + b1_1^2 - {k}*U2_1_1^2 - {k}*U2_1_2^2", net)
    assert not is_conserved(f"U1_1_1^2 + U1_2_1^2 + b1_1^2 - {k + 1}*U2_1_1^2 - {k + 1}*U2_1_2^2", net)


@pytest.mark.parametrize("p, q, m", [(2, 3, 2), (3, 4, 2), (2, 5, 1)])
def test_normalisation(p, q, m):
    assert number(networks.normalised(p, q, m, norm="rms")) == q + 1
    assert number(networks.normalised(p, q, m, norm="layer")) == q + p + 1
    assert number(networks.normalised(p, q, m, norm="batch")) == 2 * q


def test_normalisation_without_gain():
    assert number(networks.normalised(2, 3, 2, norm="rms", gain=False)) == 1


@pytest.mark.parametrize(
    "gate, active, laws", [("softmax", 2, 8), ("softmax", 3, 8), ("sigmoid", 2, 6), ("softmax", 1, 12)]
)
def test_mixtures(gate, active, laws):
    # With one active expert its weight is one, and the six entries of the router never move.
    assert number(networks.mixture(2, 2, 3, gate=gate, active=active)) == laws


@pytest.mark.parametrize(
    "options",
    [{}, {"stride": 2}, {"padding": 1}, {"dimensions": 2}, {"pool": 2, "size": 6}, {"bias": True}, {"kernel": 1}],
)
def test_convolutions_have_one_law_a_channel(options):
    assert number(networks.convolutional([2, 3, 2], **options)) == 3


def test_grouped_convolutions():
    assert number(networks.convolutional([1, 2, 2, 1], groups=2, size=5)) == 4


def test_residual_blocks_have_the_laws_of_the_block():
    for block in (networks.relu([2, 3, 2]), networks.linear([3, 2, 3]), networks.gated(2, 2), networks.attention(3, 2)):
        assert number(networks.residual(block)) == number(block)
        assert set(map(str, conservation_laws(networks.residual(block), seed=0).laws)) == set(
            map(str, conservation_laws(block, seed=0).laws)
        )


def test_low_rank_adaptation():
    assert number(networks.lora([3, 4, 2], rank=2)) == 6
    assert number(networks.lora([3, 4, 2], rank=2, seed=5)) == 6


@pytest.mark.parametrize(
    "net, free, shifted",
    [
        (networks.attention(3, 2), 6, 8),
        (networks.gated(2, 2, 3), 2, 4),
        (networks.normalised(2, 3, 2, norm="rms"), 4, 7),
    ],
)
def test_cross_entropy_adds_the_sums_over_classes(net, free, shifted):
    assert number(net) == free and number(net, loss="cross-entropy") == shifted


def test_momentum():
    assert number(networks.gated(2, 2), flow=flows.momentum(tau=1)) == 0
    assert number(networks.attention(3, 2), flow=flows.momentum(tau=0)) == 2


# -- composing ----------------------------------------------------------------------------------------


def test_tied_weights_are_one_parameter():
    x, W = networks.input(3), networks.parameter("W", 3, 3)
    net = networks.custom((x @ W).relu() @ W)
    assert net.dimension == 9 and net.parameters == {"W": (3, 3)}


def test_unused_parameters_are_laws_by_themselves():
    x, W, c = networks.input(2), networks.parameter("W", 2, 2), networks.parameter("c", 2)
    net = networks.custom((x @ W), parameters=[W, c])
    assert "c unused" in repr(net) and list(map(str, conservation_laws(net, degree=1, seed=0).laws)) == ["c_1", "c_2"]


def test_fixed_weights_are_kept():
    values = [[1, 2], [3, -4]]
    x, V = networks.input(2), networks.parameter("V", 2, 2)
    net = networks.custom(x @ networks.fixed("W", values=values) @ V)
    out = FloatReading(net).output(np.arange(4.0), np.ones((1, 2)))
    assert np.allclose(out, np.ones((1, 2)) @ np.array(values) @ np.arange(4.0).reshape(2, 2))
    assert number(net) == 0


def test_a_block_of_your_own_agrees_with_the_catalog():
    x = networks.input(2, 4)
    Q, K, V = (networks.parameter(name, 4, 2) for name in "QKV")
    O = networks.parameter("O", 2, 4)
    mine = networks.custom(networks.contract("ti,ui->tu", x @ Q, x @ K).softmax() @ (x @ V) @ O)
    assert set(map(str, conservation_laws(mine, seed=0).laws)) == set(
        map(str, conservation_laws(networks.attention(4, 2), seed=0).laws)
    )


# -- agreement and certificates -----------------------------------------------------------------------


SMALL = [
    networks.perceptron([1, 2, 1], "gelu"),
    networks.perceptron([1, 2, 1], "z^2", True),
    networks.gated(1, 2, 1),
    networks.attention(2, 1),
    networks.normalised(1, 3, 1),
    networks.normalised(2, 2, 1, norm="rms"),
    networks.normalised(1, 2, 1, norm="batch"),
    networks.convolutional([1, 2, 1], size=3),
    networks.mixture(1, 1, 2),
    networks.lora([2, 2], 1),
    networks.residual(networks.gated(2, 1)),
]


@pytest.mark.parametrize("net", SMALL, ids=str)
def test_the_symbolic_algorithm_agrees(net):
    fast, slow = conservation_laws(net, seed=0), conservation_laws(net, seed=1, algorithm="symbolic", proof=False)
    assert fast.number == slow.number and set(map(str, fast.laws)) == set(map(str, slow.laws))


@pytest.mark.parametrize(
    "net",
    SMALL
    + [
        networks.attention(4, 2, bias=True, heads=2),
        networks.attention(2, 2, rotary=True, causal=True, tokens=3),
        networks.transformer_block(4, 3, norm="rms", mlp="swiglu"),
    ],
    ids=str,
)
def test_certificates_hold_and_changed_ones_do_not(net):
    from sage_conslaw.certificates.record import CertificateError, digest
    from sage_conslaw.check import Rejected
    record = conservation_laws(net, seed=0).certificate()
    assert certificates.check(record) == verify(record)
    if record["laws"]:
        record["laws"][0] = record["laws"][0] + "+" + net.response().names[0] + "^2"
        record["digest"] = digest(record)
        with pytest.raises(CertificateError):
            certificates.check(record)
        with pytest.raises(Rejected):
            verify(record)


# -- the float reading --------------------------------------------------------------------------------


FLOAT = [
    networks.relu([2, 3, 2], bias=True),
    networks.perceptron([2, 3, 2], "leaky relu"),
    networks.perceptron([2, 3, 2], "abs"),
    networks.perceptron([2, 3, 2], "dropout"),
    networks.perceptron([2, 3, 2], "gelu"),
    networks.perceptron([2, 3, 2], "silu"),
    networks.perceptron([2, 3, 2], "tanh"),
    networks.perceptron([2, 3, 2], "softplus"),
    networks.perceptron([2, 3, 2], "z^3"),
    networks.gated(2, 3, gate="sigmoid"),
    networks.convolutional([1, 2, 2], pool=2, size=6),
    networks.convolutional([2, 2, 2, 1], dimensions=2, groups=2, padding=1),
    networks.attention(4, 2, heads=2, kv_heads=1, bias=True, rotary=True, causal=True, tokens=3),
    networks.mixture(2, 2, 3),
    networks.mixture(2, 2, 3, gate="normalised sigmoid"),
    networks.mixture(2, 2, 3, active=1),
    networks.lora([2, 3, 2], 1),
    networks.normalised(2, 4, 2),
    networks.normalised(2, 4, 2, norm="rms"),
    networks.normalised(2, 3, 2, norm="batch", samples=4),
    networks.transformer_block(4, 3, heads=2, bias=True),
    networks.transformer_block(4, 3, mlp="swiglu", norm="rms", order="post", rotary=True),
]


def around(net, seed=0):
    generator = np.random.default_rng(seed)
    theta = 0.7 * generator.normal(size=net.dimension)
    data = generator.normal(size=(3,) + net.inputs[0].shape)
    covectors = generator.normal(size=(3,) + net.output.shape)
    return theta, data, covectors


@pytest.mark.parametrize("net", FLOAT, ids=str)
def test_gradients_agree_with_finite_differences(net):
    theta, data, covectors = around(net)
    reading, step = FloatReading(net), 1e-5
    gradient = reading.gradient(theta, data, covectors)
    for i in range(net.dimension):
        change = np.zeros(net.dimension)
        change[i] = step
        difference = (reading.output(theta + change, data) - reading.output(theta - change, data)) / (2 * step)
        expected = (difference * covectors).reshape(3, -1).sum(axis=1)
        assert np.allclose(gradient[:, i], expected, atol=2e-6, rtol=1e-5)


@pytest.mark.parametrize("net", FLOAT, ids=str)
def test_laws_hold_in_the_real_network(net):
    """The derivative of every law along the gradient of the real network, on real data, is zero."""
    from sage_conslaw.exact.arithmetic import FloatArithmetic
    from sage_conslaw.exact import terms as sparse
    theta, data, covectors = around(net, 1)
    gradient = FloatReading(net).gradient(theta, data, covectors).sum(axis=0)
    result = conservation_laws(net, seed=0)
    for law in result.terms:
        parts = sparse.derivatives(law)
        slope = sparse.PolynomialMap(list(parts.values()), net.dimension)(FloatArithmetic(), theta)
        assert abs(slope @ gradient[list(parts)]) < 1e-9 * (1 + np.abs(slope) @ np.abs(gradient[list(parts)]))


def test_a_wrong_law_fails_in_the_real_network():
    net = networks.mixture(2, 2, 3, gate="normalised sigmoid", active=3)
    theta, data, covectors = around(net)
    gradient = FloatReading(net).gradient(theta, data, covectors).sum(axis=0)
    router = [i for i, name in enumerate(net.response().names) if name.startswith("router_1_")]
    assert abs(gradient[router].sum()) > 1e-3
    assert not is_conserved("router_1_1 + router_1_2 + router_1_3", net)
    assert is_conserved("router_1_1 + router_1_2 + router_1_3", networks.mixture(2, 2, 3))


@pytest.mark.parametrize("stride, padding", [(1, 0), (2, 0), (1, 2), (2, 1)])
def test_convolution_against_scipy(stride, padding):
    generator = np.random.default_rng(0)
    x, kernel = generator.normal(size=(1, 2, 7, 6)), generator.normal(size=(3, 2, 3, 3))
    net = networks.custom(networks.input(2, 7, 6).convolve(networks.parameter("W", 3, 2, 3, 3), stride, padding))
    out = FloatReading(net).output(kernel.ravel(), x)[0]
    padded = np.pad(x[0], [(0, 0), (padding, padding), (padding, padding)])
    expected = np.array(
        [sum(signal.correlate2d(padded[c], kernel[o, c], mode="valid") for c in range(2)) for o in range(3)]
    )[:, ::stride, ::stride]
    assert out.shape == expected.shape and np.allclose(out, expected)


def test_attention_against_a_loop():
    net = networks.attention(4, 2, heads=2, kv_heads=1, causal=True, tokens=3)
    generator = np.random.default_rng(0)
    theta, x = generator.normal(size=net.dimension), generator.normal(size=(3, 4))
    arrays, start = {}, 0
    for name, shape in net.parameters.items():
        arrays[name] = theta[start:start + int(np.prod(shape))].reshape(shape)
        start += int(np.prod(shape))
    q, k, v = x @ arrays["Q"], x @ arrays["K"], x @ arrays["V"]
    out = np.zeros((3, 4))
    for h in range(2):
        for t in range(3):
            scores = np.array([q[t, 2 * h:2 * h + 2] @ k[u] for u in range(t + 1)])
            weights = np.exp(scores - scores.max())
            out[t, 2 * h:2 * h + 2] = weights / weights.sum() @ v[:t + 1]
    assert np.allclose(FloatReading(net).output(theta, x[None])[0], out @ arrays["O"])


# -- bad input ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "build, error, message",
    [
        (
            lambda: networks.input(3) @ networks.parameter("W", 4, 2),
            ValueError,
            r"\(3,\) and \(4, 2\).*operands are x and W",
        ),
        (
            lambda: networks.input(3) + networks.parameter("b", 4),
            ValueError,
            r"\(3,\) and \(4,\).*operands are x and b",
        ),
        (lambda: networks.input(3) + 1, TypeError, "not a tensor"),
        (lambda: networks.input(3) * 0.5j, TypeError, "neither a tensor nor a rational number"),
        (lambda: networks.input(3).swish(), AttributeError, "a nonlinearity is cut.*assumes"),
        (lambda: networks.input(3).gate("gelu"), ValueError, "cut it.*assumes"),
        (lambda: networks.input(3).cut("swish"), ValueError, "cut it.*assumes"),
        (lambda: networks.input(2, 3).reshape(4), ValueError, "6 entries"),
        (lambda: networks.input(3).batch_norm(), ValueError, "first axis"),
        (lambda: networks.input(3) ** 0, ValueError, "exponent 0"),
        (lambda: networks.input("three"), TypeError, "not of integers"),
        (lambda: networks.parameter("U 1", 2), ValueError, "name 'U 1'"),
        (
            lambda: networks.custom(networks.input(2) @ networks.parameter("W", 2, 2) @ networks.parameter("W", 2, 2)),
            ValueError,
            "two parameters",
        ),
        (lambda: networks.custom("net"), TypeError, "not a tensor"),
        (
            lambda: networks.custom(networks.input(2) @ networks.parameter("W", 2, 2), positive=["V"]),
            ValueError,
            "positive parameter V",
        ),
        (
            lambda: networks.custom(networks.input(2) @ networks.parameter("W", 2, 2), parameters=[]),
            ValueError,
            "not in the list",
        ),
        (lambda: networks.attention(4, 2, tokens=1), ValueError, "tokens 2"),
        (lambda: networks.attention(4, 2, heads=3, kv_heads=2), ValueError, "does not divide"),
        (lambda: networks.attention(4, 3, rotary=True), ValueError, "even head dimension"),
        (lambda: networks.convolutional([1, 2, 1], size=2, kernel=3), ValueError, "does not fit"),
        (lambda: networks.convolutional([1, 3, 3, 1], groups=2, size=6), ValueError, "do not divide"),
        (lambda: networks.convolutional([1, 2, 1], dimensions=3), ValueError, "dimensions 3"),
        (lambda: networks.residual(3), TypeError, "not a network"),
        (lambda: networks.residual(networks.linear([2, 3])), ValueError, "same shape"),
        (lambda: networks.mixture(2, 2, 3, active=4), ValueError, "active experts"),
        (lambda: networks.gated(2, 2, gate="relux"), ValueError, "gate 'relux'"),
        (lambda: networks.lora([2, 2], rank="big"), TypeError, "rank 'big'"),
        (lambda: networks.normalised(2, 2, 2, norm="group"), ValueError, "norm 'group'"),
        (lambda: networks.transformer_block(4, 4, heads=3), ValueError, "does not divide"),
        (lambda: networks.transformer_block(4, 4, order="middle"), ValueError, "order 'middle'"),
        (lambda: networks.fixed("W", values=[["half"]]), TypeError, "not rational numbers"),
        (lambda: networks.normalised(2, 3, 2).local_reparameterisation(), ValueError, "there is no phi"),
    ],
)
def test_bad_input_in_one_line(build, error, message):
    with pytest.raises(error, match=message) as raised:
        build()
    assert "\n" not in str(raised.value)


def test_the_count_alone():
    assert count_conservation_laws(networks.transformer_block(4, 4, heads=2), seed=0).number == 20
