r"""
Numbers and laws of momentum, Nesterov and weight decay from the theory: formulas and closed forms.
"""
from fractions import Fraction
from itertools import combinations

import pytest
import sage_conslaw._sage  # noqa: F401  (before any other import from Sage)
import sympy
from cases import balance, linear_number, output_sums
from flow_cases import FACTOR, HALF, MOMENTA, angular, each_momentum, momentum_number, parse, proved, u, v
from sage_conslaw import conservation_laws, count_conservation_laws, flows, is_conserved, networks
from spaces import Space, contains, jacobian_rank


TWO_LAYERS = [(2, 1, 2), (1, 1, 1), (1, 1, 3), (2, 2, 2), (2, 3, 2), (3, 4, 1), (1, 2, 2), (1, 6, 2), (2, 5, 1),
              (1, 2, 1), (1, 3, 1), (1, 4, 1)]
BEYOND = [(1, 7, 2), (2, 9, 1), (1, 9, 3), (2, 9, 2), (1, 5, 1), (1, 7, 1)]  # r > 2 (n + m): entries are dependent


@each_momentum
@pytest.mark.parametrize("sizes", TWO_LAYERS, ids=str)
def test_two_linear_layers_with_momentum(sizes, kind):
    result = conservation_laws(networks.linear(sizes), flow=MOMENTA[kind](), seed=1)
    proved(result, momentum_number(*sizes))
    n, r, m = sizes
    if r == 1:
        assert result.laws == ()
        return
    expected = parse(angular(*sizes, FACTOR[kind]), result)
    assert contains(result.laws, expected)
    if n + m > 2:
        assert Space(result.laws) == Space(expected)


@pytest.mark.parametrize("sizes", BEYOND, ids=str)
@pytest.mark.parametrize("kind", ["tau 0", "tau 1"])
def test_wide_linear_layers_with_momentum(sizes, kind):
    result = conservation_laws(networks.linear(sizes), flow=MOMENTA[kind](), seed=1)
    proved(result, momentum_number(*sizes))
    assert contains(result.laws, parse(angular(*sizes, FACTOR[kind]), result))


@each_momentum
@pytest.mark.parametrize("r", [2, 3, 4])
def test_scalar_input_and_output_with_momentum(r, kind):
    r"""`u v = (|p|^2 - |q|^2)/4` with p = u + v, q = u - v: two central forces, the angular momenta of p and of q."""
    result = conservation_laws(networks.linear([1, r, 1]), flow=MOMENTA[kind](), seed=1)
    proved(result, 2 * (2 * r - 3))
    expected = [f"({FACTOR[kind]})*((U1_1_{j} + {e}*U2_{j}_1)*(dU1_1_{k} + {e}*dU2_{k}_1)"
                f" - (U1_1_{k} + {e}*U2_{k}_1)*(dU1_1_{j} + {e}*dU2_{j}_1))"
                for j, k in combinations(range(1, r + 1), 2) for e in ("1", "(-1)")]
    assert Space(result.laws) == Space(parse(expected, result))
    assert Space(result.laws).dimension == r * (r - 1)


@each_momentum
def test_the_matrix_law_entry_by_entry(kind):
    flow = MOMENTA[kind]()
    for sizes in ((2, 3, 2), (1, 2, 1), (3, 2, 1)):
        net = networks.linear(sizes)
        for law in angular(*sizes, FACTOR[kind]):
            assert is_conserved(law, net, flow=flow) is True
            assert is_conserved(law.replace("+ U2", "- U2", 1), net, flow=flow) is False
            clock = "t" if kind in ("tau 0", "Nesterov") else "s"
            assert is_conserved(f"{clock}*{law}", net, flow=flow) is False
        for law in balance(sizes)({f"U{i}_{j}_{k}": sympy.Symbol(f"U{i}_{j}_{k}") for i in (1, 2)
                                   for j in range(1, 4) for k in range(1, 4)}):
            assert is_conserved(law, net, flow=flow) is False
            assert is_conserved(law, net) is True


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5])
def test_damping_k_over_t(k):
    r"""The Wronskian of a central force decays as `exp(-\int \tau) = t^{-k}`."""
    net, flow = networks.linear([2, 2, 2]), flows.momentum(tau=f"{k}/t")
    (law,) = angular(2, 2, 2, f"t^{k}")
    assert is_conserved(law, net, flow=flow) is True
    assert is_conserved(law.replace(f"t^{k}", f"t^{k + 1}"), net, flow=flow) is False
    result = conservation_laws(net, flow=flow, seed=1)
    proved(result, 1)
    assert Space(result.laws) == Space(parse([law], result))


@pytest.mark.parametrize(
    "tau, factor",
    [
        ("1/(t + 1)", "(t + 1)"),
        ("2/(t + 1)", "(t + 1)^2"),
        ("2*t/(t^2 + 1)", "(t^2 + 1)"),
        ("t", None),
        ("1/(2*t)", None),
        ("1 + 1/t", None),
        ("1/t^2", None),
    ],
)
def test_any_rational_damping(tau, factor):
    r"""Always one law, polynomial where `exp(\int \tau)` is."""
    net, flow = networks.linear([2, 2, 2]), flows.momentum(tau=tau)
    assert count_conservation_laws(net, flow=flow, seed=1).number == 1
    if factor is not None:
        assert is_conserved(angular(2, 2, 2, factor)[0], net, flow=flow) is True
    assert is_conserved(angular(2, 2, 2)[0], net, flow=flow) is False


@each_momentum
def test_deep_linear(kind):
    net = networks.linear([2, 2, 2, 2])
    assert conservation_laws(net).number == linear_number((2, 2, 2, 2)) == 6
    result = conservation_laws(net, flow=MOMENTA[kind](), seed=1)
    proved(result, 2)
    first = angular(2, 2, 2, FACTOR[kind])[0]
    second = first.replace("U2_", "U3_").replace("U1_", "U2_")
    assert Space(result.laws) == Space(parse([first, second], result))


@each_momentum
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("widths", [(2, 3, 2), (1, 1, 1), (1, 3, 1), (2, 2, 2, 1), (2, 2)], ids=str)
def test_relu_with_momentum_keeps_nothing(widths, bias, kind):
    # Of the path-lifting, as published: with one input and no bias the real network has two patterns only, and may have
    # more.
    result = conservation_laws(networks.relu(widths, bias=bias), flow=MOMENTA[kind](), seed=1, real=False)
    proved(result, 0)
    assert result.lie_dimension == result.state_dimension == 2 * result.parameters + 1
    assert (
        count_conservation_laws(networks.relu(widths, bias=bias), flow=MOMENTA[kind](), seed=2, real=False).number == 0
    )


def nmf_laws(n, r, m):
    return [" + ".join(f"U_{i}_{j}" for i in range(1, n + 1)) + "".join(f" - V_{j}_{k}" for k in range(1, m + 1))
            for j in range(1, r + 1)]


@pytest.mark.parametrize("sizes", [(2, 1, 2), (2, 3, 2), (3, 2, 1), (2, 4, 1), (1, 1, 1)], ids=str)
def test_nmf_gradient(sizes):
    r"""`\sum_i U_{ij} - \sum_l V_{jl}`, alone in degree 1; 1,1,1 is both formulas, r = 2 r - 1."""
    net = networks.nmf(*sizes)
    result = conservation_laws(net, degree=1, seed=1)
    proved(result, sizes[1])
    assert Space(result.laws) == Space(parse(nmf_laws(*sizes), result))
    proved(conservation_laws(net, seed=1), sizes[1])
    euclidean = conservation_laws(net, flow=flows.gradient(metric="euclidean"), seed=1)
    assert euclidean.number == linear_number(sizes)
    linear = conservation_laws(networks.linear(sizes), flow=flows.gradient(metric="mirror"), degree=1, seed=1)
    proved(linear, sizes[1])


@pytest.mark.parametrize("r", [2, 3, 4])
def test_nmf_with_scalar_input_and_output(r):
    r"""Also differences of `log(U_j/V_j)/(U_j - V_j)`, which are not polynomial."""
    net = networks.nmf(1, r, 1)
    assert count_conservation_laws(net, seed=1).number == 2 * r - 1
    result = conservation_laws(net, seed=1)
    assert (result.number, result.independent_laws_found) == (2 * r - 1, r)
    assert result.complete is not True
    assert contains(result.laws, parse(nmf_laws(1, r, 1), result))


@each_momentum
@pytest.mark.parametrize("sizes", [(2, 1, 1), (2, 2, 1), (2, 2, 2)], ids=str)
def test_nmf_with_momentum_keeps_nothing(sizes, kind):
    result = conservation_laws(networks.nmf(*sizes), flow=MOMENTA[kind](), seed=1)
    proved(result, 0)
    assert result.laws == ()


def icnn_laws(d, h, p, bias):
    def b(j):
        return f"b_{j}" if h > 1 else "b"
    return [" + ".join(f"2*U_{j}_{k}" for k in range(1, p + 1)) + "".join(f" - V_{i}_{j}^2" for i in range(1, d + 1))
            + (f" - {b(j)}^2" if bias else "") for j in range(1, h + 1)]


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("sizes", [(2, 3, 2), (1, 1, 1), (1, 2, 2), (3, 1, 2)], ids=str)
def test_icnn(sizes, bias):
    net = networks.icnn(*sizes, bias=bias)
    result = conservation_laws(net, seed=1)
    proved(result, sizes[1])
    assert Space(result.laws) == Space(parse(icnn_laws(*sizes, bias), result))
    for law in icnn_laws(*sizes, bias):
        assert is_conserved(law, net) is True
        assert is_conserved(law, net, flow=flows.gradient(metric="euclidean")) is False
    if bias:
        assert all(is_conserved(law, net) is False for law in icnn_laws(*sizes, False))


@each_momentum
@pytest.mark.parametrize("bias", [False, True])
def test_icnn_with_momentum_keeps_nothing(bias, kind):
    for sizes in ((1, 2, 2), (2, 1, 1)):
        proved(conservation_laws(networks.icnn(*sizes, bias=bias), flow=MOMENTA[kind](), seed=1), 0)


@each_momentum
def test_cross_entropy_momentum(kind):
    r"""Each column sum c of the last layer is a free particle with friction: `c'' + \tau c' = 0`, two laws."""
    net, flow = networks.relu([2, 3, 2]), MOMENTA[kind]()
    result = conservation_laws(net, flow=flow, loss="cross-entropy", seed=1)
    proved(result, 6)
    expected = []
    for j in (1, 2, 3):
        c, dc = f"(U2_{j}_1 + U2_{j}_2)", f"(dU2_{j}_1 + dU2_{j}_2)"
        expected += {"tau 0": [dc, f"{c} - t*{dc}"], "tau 1": [f"s*{dc}", f"{c} + {dc}"],
                     "tau 1/2": [f"s*{dc}", f"{c} + 2*{dc}"], "Nesterov": [f"t^3*{dc}", f"2*{c} + t*{dc}"]}[kind]
    for law in expected:
        assert is_conserved(law, net, flow=flow, loss="cross-entropy") is True
        assert is_conserved(law, net, flow=flow) is False
    assert contains(result.laws, parse(expected, result))
    assert jacobian_rank(parse(expected, result)) == 6


@pytest.mark.parametrize("rate", [1, HALF, 3])
@pytest.mark.parametrize("net, number, laws", [
    (lambda: networks.product(3), 2, lambda g: [g["x1"]**2 - g["x2"]**2, g["x1"]**2 - g["x3"]**2]),
    (lambda: networks.linear([2, 2, 2]), 3, balance((2, 2, 2))),
    (lambda: networks.linear([2, 2, 2, 2]), 6, balance((2, 2, 2, 2))),
    (lambda: networks.relu([2, 3, 2], bias=True), 3, balance((2, 3, 2), off_diagonal=False, bias=True)),
    (lambda: networks.relu([2, 3, 2]), 3, balance((2, 3, 2), off_diagonal=False)),
], ids=["product", "linear", "deep linear", "relu with biases", "relu"])
def test_weight_decay_keeps_homogeneous_laws(net, number, laws, rate):
    r"""A law h of degree k becomes `h s^k`, `s = exp(\lambda t)`."""
    result = conservation_laws(net(), flow=flows.weight_decay(rate), seed=1)
    proved(result, number)
    g = {str(x): x for x in result.laws[0].parent().gens()}
    expected = [g["s"]**2 * law for law in laws(g)]
    assert Space(result.laws) == Space(expected)
    for law in expected:
        assert is_conserved(law, net(), flow=flows.weight_decay(rate)) is True
        assert is_conserved(str(law).replace("s^2*", "s*"), net(), flow=flows.weight_decay(rate)) is False
    total = 2 * Fraction(rate)
    front = "exp(t)*(" if total == 1 else f"exp({total}*t)*("
    assert all(text.startswith(front) for text in result.readable_laws())


def test_weight_decay_of_other_degrees():
    r"""NMF's laws are linear: `s h`; the column sums of cross-entropy too."""
    flow = flows.weight_decay(2)
    result = conservation_laws(networks.nmf(2, 2, 2), flow=flow, seed=1)
    proved(result, 2)
    expected = [f"s*({law})" for law in nmf_laws(2, 2, 2)]
    assert contains(result.laws, parse(expected, result))
    result = conservation_laws(networks.relu([2, 3, 2]), flow=flow, loss="cross-entropy", seed=1)
    proved(result, 6)
    g = {str(x): x for x in result.laws[0].parent().gens()}
    assert contains(result.laws, [g["s"] * law for law in output_sums((2, 3, 2))(g)])


@each_momentum
def test_weight_decay_with_momentum(kind):
    r"""`\theta'' + \tau \theta' + \lambda \theta = -\nabla E` is a central force more: the angular momentum stays."""
    net, flow = networks.linear([2, 2, 2]), flows.weight_decay(3, MOMENTA[kind]())
    result = conservation_laws(net, flow=flow, seed=1)
    proved(result, 1)
    assert Space(result.laws) == Space(parse(angular(2, 2, 2, FACTOR[kind]), result))


def test_no_weight_decay_is_none():
    net = networks.linear([2, 2, 2])
    assert Space(conservation_laws(net, flow=flows.weight_decay(0)).laws) == Space(conservation_laws(net).laws)
    assert conservation_laws(net, flow=flows.weight_decay(0, flows.momentum(tau=1))).number == 1


def test_two_weight_decays_add():
    twice = conservation_laws([u * v], flow=flows.weight_decay(1, flows.weight_decay(2)), seed=1)
    assert twice.readable_laws() == conservation_laws([u * v], flow=flows.weight_decay(3), seed=1).readable_laws()
