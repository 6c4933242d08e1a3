r"""
Metrics, mirror flows, momentum, Nesterov and weight decay, from the theory: formulas, closed forms, bad input, random
properties, SymPy's brackets, and trajectories integrated by SciPy that know nothing of the package.
"""

import math
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
import sage_conslaw._sage  # noqa: F401  (before any other import from Sage)
import sympy
from cases import balance, linear_number, output_sums, parameters
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sage.matrix.constructor import matrix
from sage.rings.polynomial.polynomial_ring_constructor import PolynomialRing
from sage.rings.rational_field import QQ
from sage.rings.real_mpfr import RR, RealField
from sage.symbolic.ring import SR
from sage_conslaw import (
    VectorFieldFamily,
    compare_flows,
    conservation_laws,
    count_conservation_laws,
    exceptional_damping,
    flows,
    is_conserved,
    networks,
)
from scipy.integrate import solve_ivp
from spaces import Space, contains, evaluate, jacobian_rank, to_sympy
from test_outside_oracles import generated_rank

HALF = Fraction(1, 2)
MOMENTA = {"tau 0": lambda: flows.momentum(tau=0), "tau 1": lambda: flows.momentum(tau=1),
           "tau 1/2": lambda: flows.momentum(tau=HALF), "Nesterov": flows.nesterov}
FACTOR = {"tau 0": "1", "tau 1": "s", "tau 1/2": "s", "Nesterov": "t^3"}
each_momentum = pytest.mark.parametrize("kind", MOMENTA)
R = PolynomialRing(QQ, "u,v")
u, v = R.gens()
S4 = PolynomialRing(QQ, "x,y,z,t1")
a, b = SR.var("u,v")


def proved(result, number, found=None):
    r"""Assert the number of laws, that it is proved, and how many independent polynomial laws were found."""
    found = number if found is None else found
    assert result.number == number
    assert result.independent_laws_found == jacobian_rank(result.laws) == found
    assert result.complete is (found == number)
    if found == number:
        assert result.status == "proved"


def parse(texts, result_or_names):
    r"""Return Sage polynomials of the texts in the ring of the names."""
    names = result_or_names if isinstance(result_or_names, list) else \
        [str(g) for g in result_or_names.laws[0].parent().gens()]
    ring = PolynomialRing(QQ, names)
    return [ring(text) for text in texts]


# Formulas and closed forms -------------------------------------------------------------------------------------------

def momentum_number(n, r, m):
    r"""Return the number of laws of `U V` with momentum ([MGP2024], and recomputed for n = m = 1)."""
    if r == 1:
        return 0
    if n == m == 1:
        return 2 * (2 * r - 3)
    k = n + m
    return r * (r - 1) // 2 if r <= 2 * k else 2 * k * r - k * (2 * k + 1)


def angular(n, r, m, factor="1"):
    r"""Return the entries above the diagonal of `U^T U' - U'^T U + V V'^T - V' V^T` as text, times a factor."""
    out = []
    for j, k in combinations(range(1, r + 1), 2):
        parts = [f"U1_{i}_{j}*dU1_{i}_{k} - dU1_{i}_{j}*U1_{i}_{k}" for i in range(1, n + 1)]
        parts += [f"U2_{j}_{i}*dU2_{k}_{i} - dU2_{j}_{i}*U2_{k}_{i}" for i in range(1, m + 1)]
        out.append(f"({factor})*({' + '.join(parts)})")
    return out


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


# Metrics and mirror flows --------------------------------------------------------------------------------------------

def laws_under(phi, metric, degree=2, **options):
    return conservation_laws(phi, flow=flows.gradient(metric=metric), degree=degree, seed=1, **options)


def test_entropy_gives_the_metric_of_nmf():
    by_potential = conservation_laws([u * v], flow=flows.mirror(a * a.log() + b * b.log()), seed=1)
    proved(by_potential, 1)
    assert contains(by_potential.laws, [u - v])
    assert Space(by_potential.laws) == Space(laws_under([u * v], [u, v]).laws)
    assert conservation_laws([u * v], flow=flows.gradient(metric="mirror"), seed=1).laws == by_potential.laws
    mixed = conservation_laws([u * v], flow=flows.mirror(a * a.log() + b**2 / 2), seed=1)
    assert Space(mixed.laws) == Space([2 * u - v**2])
    assert Space(conservation_laws([u * v], flow=flows.mirror((a**2 + b**2) / 2), seed=1).laws) == Space([u**2 - v**2])


def test_linear_terms_and_constants_of_a_potential_do_nothing():
    one = conservation_laws([u * v], flow=flows.mirror(a * a.log() + b**2 / 2), seed=1)
    two = conservation_laws([u * v], flow=flows.mirror(a * a.log() + b**2 / 2 + 7 * a - b + 3), seed=1)
    three = conservation_laws([u * v], flow=flows.mirror(5 * (a * a.log() + b**2 / 2)), seed=1)
    assert Space(one.laws) == Space(two.laws) == Space(three.laws)


def test_a_potential_goes_by_names_not_by_places():
    r"""The ring lists v before u, Sage lists the variables of the potential by the alphabet."""
    ring = PolynomialRing(QQ, "v,u")
    second, first = ring.gens()
    result = conservation_laws([first * second], flow=flows.mirror(a * a.log() + b**2 / 2), seed=1)
    assert Space(result.laws) == Space([2 * first - second**2])


def test_log_barrier():
    r"""`\psi = -log u - log v`: `M = diag(u^2, v^2)`, the law of `u v` is `u/v` (theory, Section 6)."""
    for flow in (flows.mirror(-a.log() - b.log()), flows.gradient(metric=[u**2, v**2])):
        result = conservation_laws([u * v], flow=flow, degree=4, seed=1)
        assert (result.number, result.laws) == (1, ())


def test_a_metric_without_symmetry():
    r"""With an antisymmetric metric phi itself is conserved, as a Hamiltonian is."""
    rotation = matrix(R, [[0, 1], [-1, 0]])
    assert Space(laws_under([u * v], rotation).laws) == Space([u * v])
    assert Space(laws_under([u**3 + v**2 - u], rotation, degree=3).laws) == Space([u**3 + v**2 - u])
    triangular = matrix(R, [[1, v], [0, 1]])  # M grad(v) = (v, 1), and M^T grad(v) = (0, 1)
    assert Space(laws_under([v], triangular, degree=2).laws) == Space([v**2 - 2 * u])
    assert Space(laws_under([v], triangular.transpose(), degree=1).laws) == Space([u])


@pytest.mark.parametrize(
    "rows",
    [
        lambda: [[R(1), R(0)], [R(0), R(1)]],
        lambda: [R(1), R(1)],
        lambda: matrix(R, 2, 2, 1),
        lambda: "euclidean",
        lambda: [[1, 0], [0, 1]],
        lambda: [1, 1],
        lambda: matrix(QQ, 2, 2, 1),
        lambda: [QQ(1), QQ(1)],
        lambda: [Fraction(3, 2), Fraction(3, 2)],
        lambda: [1, R(1)],
        lambda: matrix(QQ, 2, 2, 5),
        lambda: [[R(2), 0], [0, R(2)]],
        lambda: [u + v**2, u + v**2],
        lambda: [1 / u, 1 / u],
        lambda: ["1", "1"],
        lambda: ["u", "u"],
    ],
    ids=[
        "rows",
        "diagonal",
        "matrix",
        "name",
        "ints",
        "int diagonal",
        "rational matrix",
        "rationals",
        "fractions",
        "int and poly",
        "5",
        "2",
        "polynomial",
        "1/u",
        "texts",
        "text u",
    ],
)
def test_identity_and_its_multiples_are_euclidean(rows):
    result = conservation_laws([u**2 * v], flow=flows.gradient(metric=rows()), seed=1)
    proved(result, 1)
    assert Space(result.laws) == Space([u**2 - 2 * v**2])


@pytest.mark.parametrize(
    "metric",
    [
        lambda: "euclidean",
        lambda: [R(3), R(3)],
        lambda: matrix(R, 2, 2, 1),
        lambda: ["u + dv", "u + dv"],
        lambda: [u * v, u * v],
    ],
    ids=["name", "3", "matrix", "u + dv", "u v"],
)
@each_momentum
def test_multiples_of_the_identity_with_momentum(metric, kind):
    phi, flow = [u**2 + v**2], MOMENTA[kind]()
    plain = conservation_laws(phi, flow=flow, seed=1)
    proved(plain, 1)
    moved = flows.nesterov(metric=metric()) if kind == "Nesterov" else \
        flows.momentum(tau={"tau 0": 0, "tau 1": 1, "tau 1/2": HALF}[kind], metric=metric())
    result = conservation_laws(phi, flow=moved, seed=1)
    proved(result, 1)
    assert Space(result.laws) == Space(plain.laws) == Space(parse([f"{FACTOR[kind]}*(u*dv - v*du)"], plain))


def test_rational_metric():
    r"""`M = diag(1/u, v)` on phi = u v: the field is (v/u, u v) ~ (1, u^2): `u^3 - 3 v`."""
    result = laws_under([u * v], [1 / u, v], degree=3)
    proved(result, 1)
    assert Space(result.laws) == Space([u**3 - 3 * v])
    full = matrix(R.fraction_field(), [[1 / u, 0], [0, v]])
    assert Space(laws_under([u * v], full, degree=3).laws) == Space(result.laws)


def test_natural_gradient():
    r"""With J invertible the metric `(J^T J)^{-1}` changes no span; with damping `u v` keeps its law by symmetry."""
    proved(conservation_laws([u, u * v], flow=flows.natural_gradient([u, u * v]), seed=1), 0)
    damped = conservation_laws([u * v], flow=flows.natural_gradient([u * v], damping=1), seed=1)
    assert Space(damped.laws) == Space([u**2 - v**2])
    with pytest.raises(ValueError, match="damping"):
        flows.natural_gradient([u * v])


def test_the_metric_of_nmf_by_hand():
    r"""The network's own metric, and the same one written down by the user, with velocities."""
    net = networks.linear([2, 1, 1])
    names = ["U1_1_1", "U1_2_1", "U2_1_1"]
    for tau in (0, 1):
        by_hand = flows.momentum(tau=tau, metric=[f"{tau}*{x} + d{x}" if tau else f"d{x}" for x in names])
        assert conservation_laws(net, flow=by_hand, seed=1).number == 0
        assert conservation_laws(networks.nmf(2, 1, 1), flow=flows.momentum(tau=tau), seed=1).number == 0
    assert conservation_laws(net, flow=flows.gradient(metric=names), seed=1).number == 1


def test_a_metric_may_depend_on_time():
    net = networks.linear([1, 2, 2])
    for flow in (flows.momentum(metric=["t"] * 6), flows.nesterov(metric=["t^2 + 1"] * 6)):
        result = conservation_laws(net, flow=flow, seed=1)
        assert result.number == 1
        assert contains(result.laws, parse(angular(1, 2, 2, "t^3" if flow.name == "nesterov" else "1"), result))


# Ranks that grow slowly ----------------------------------------------------------------------------------------------

@pytest.mark.parametrize("widths, steps", [((2, 9, 2), 8), ((2, 5, 1), 7), ((1, 7, 2), 8), ((1, 9, 2), 8)], ids=str)
@pytest.mark.parametrize("tau", [0, 1])
def test_the_rank_grows_for_many_steps(widths, steps, tau):
    count = count_conservation_laws(networks.linear(widths), flow=flows.momentum(tau=tau), seed=1)
    ranks = count.lie_sequence
    assert count.number == momentum_number(*widths) and count.status == "proved"
    assert len(ranks) >= steps - 1 and list(ranks) == sorted(set(ranks)) and ranks[-1] == count.lie_dimension
    assert count.state_dimension == 2 * parameters(widths) + 1 == ranks[-1] + count.number


def test_the_symbolic_algorithm_agrees():
    for net, flow in [
        (networks.linear([1, 2, 1]), flows.momentum(tau=HALF)),
        (networks.linear([1, 1, 2]), flows.nesterov()),
        (networks.nmf(2, 1, 1), flows.gradient()),
        (networks.icnn(1, 1, 1, bias=True), flows.gradient()),
        (networks.product(3), flows.weight_decay(2)),
        (networks.product(2), flows.momentum(tau=1)),
    ]:
        fast, exact = (
            conservation_laws(net, flow=flow, algorithm=algorithm, seed=1) for algorithm in ("modular", "symbolic")
        )
        assert fast.number == exact.number
        assert Space(fast.laws) == Space(exact.laws)


# Trivial cases -------------------------------------------------------------------------------------------------------

@each_momentum
def test_one_weight_with_momentum(kind):
    r"""A point pushed at will in (t, x, x'): nothing is conserved."""
    result = conservation_laws(networks.product(1), flow=MOMENTA[kind](), seed=1)
    proved(result, 0)
    assert (result.state_dimension, result.lie_dimension) == (3, 3)
    proved(conservation_laws(networks.product(2), flow=MOMENTA[kind](), seed=1), 0)


@each_momentum
def test_linear_phi_with_momentum(kind):
    r"""What the k forms do not push is a free particle with friction: 2 (D - k) laws."""
    x, y, z, _ = S4.gens()
    for phi, free in (([x + y], "x - y"), ([x - y], "x + y")):
        result = conservation_laws([PolynomialRing(QQ, "x,y")(f) for f in phi], flow=MOMENTA[kind](), seed=1)
        proved(result, 2)
        d = free.replace("x", "dx").replace("y", "dy")
        expected = {
            "tau 0": [f"{d}", f"{free} - t*({d})"],
            "tau 1": [f"s*({d})", f"{free} + ({d})"],
            "tau 1/2": [f"s*({d})", f"{free} + 2*({d})"],
            "Nesterov": [f"t^3*({d})", f"2*({free}) + t*({d})"],
        }[kind]
        assert contains(result.laws, parse(expected, result))
    three = PolynomialRing(QQ, "x,y,z")
    for phi, number in ((["x + y", "y + z"], 2), (["x"], 4), (["x", "y", "z"], 0), (["x", "2*x", "x + 1"], 4)):
        proved(conservation_laws([three(f) for f in phi], flow=MOMENTA[kind](), seed=1), number)


@pytest.mark.parametrize(
    "taus",
    [
        (0, "0", QQ(0), Fraction(0), SR(0)),
        (1, "1", QQ(1), Fraction(1), SR(1)),
        (HALF, "1/2", QQ(1) / 2, SR(1) / 2, "2/4"),
        ("3/t", 3 / SR.var("t"), 3 / PolynomialRing(QQ, "t").gen(), "6/(2*t)"),
    ],
    ids=str,
)
def test_one_damping_in_many_forms(taus):
    net = networks.linear([1, 2, 2])
    results = [conservation_laws(net, flow=flows.momentum(tau=tau), seed=1) for tau in taus]
    assert len({result.laws for result in results}) == 1
    assert len({tuple(result.readable_laws()) for result in results}) == 1
    if taus[0] == "3/t":
        assert results[0].laws == conservation_laws(net, flow=flows.nesterov(), seed=1).laws


@pytest.mark.parametrize("net", [lambda: networks.linear([2, 3, 2]), lambda: networks.linear([1, 3, 1]),
                                 lambda: networks.relu([2, 2, 1], bias=True), lambda: networks.nmf(2, 1, 1)],
                         ids=["linear", "1 3 1", "relu", "nmf"])
def test_an_indeterminate_damping_is_a_generic_one(net):
    symbolic = conservation_laws(net(), flow=flows.momentum(tau="tau"), seed=1)
    generic = conservation_laws(net(), flow=flows.momentum(tau=Fraction(22, 7)), seed=1)
    assert symbolic.number == generic.number
    assert len(symbolic.independent) == len(generic.independent)
    assert symbolic.state_dimension == generic.state_dimension
    assert all("exp(tau*t)" in law for law in symbolic.readable_laws())


def test_laws_of_an_indeterminate_damping():
    result = conservation_laws([u + v], flow=flows.momentum(tau="tau"), seed=1)
    proved_number = result.number
    assert proved_number == 2
    assert contains(result.laws, parse(["s*(du - dv)", "tau*(u - v) + du - dv"], result))


def test_names_that_are_taken():
    r"""Parameters called t, s, tau or du keep their meaning."""
    for names in ("t,s", "s,tau", "u,du", "tau,t"):
        x, y = PolynomialRing(QQ, names).gens()
        for kind in MOMENTA:
            result = conservation_laws([x**2 + y**2], flow=MOMENTA[kind](), seed=1)
            proved(result, 1)
        assert conservation_laws([x**2 + y**2], flow=flows.momentum(tau="tau"), seed=1).number == 1
        decayed = conservation_laws([x * y], flow=flows.weight_decay(1), seed=1)
        assert decayed.number == 1


def test_coordinates_are_explained():
    record = conservation_laws([u**2 + v**2], flow=flows.momentum(tau=HALF), seed=1).to_dict()
    assert set(record["coordinates"]) == {"s", "du", "dv"}
    assert record["coordinates"]["s"] == "exp(1/2*t)"
    assert "u" in record["coordinates"]["du"]
    assert conservation_laws([u * v], seed=1).to_dict().get("coordinates", {}) == {}


# Bad input -----------------------------------------------------------------------------------------------------------

BAD = [
    ("tau -1", lambda: flows.momentum(tau=-1), ValueError, "tau >= 0"),
    ("tau -1/2", lambda: flows.momentum(tau=Fraction(-1, 2)), ValueError, "tau >= 0"),
    ("tau text -1/3", lambda: flows.momentum(tau="-1/3"), ValueError, "tau >= 0"),
    ("tau 0.5", lambda: flows.momentum(tau=0.5), TypeError, "1/2"),
    ("tau RR", lambda: flows.momentum(tau=RR(0.5)), TypeError, "1/2"),
    ("tau RealField(100)", lambda: flows.momentum(tau=RealField(100)(0.5)), TypeError, "1/2"),
    ("tau numpy", lambda: flows.momentum(tau=np.float64(0.25)), TypeError, "1/4"),
    ("tau nan", lambda: flows.momentum(tau=math.nan), (TypeError, ValueError), "give"),
    ("tau inf", lambda: flows.momentum(tau=math.inf), (TypeError, ValueError), "give"),
    ("tau pole", lambda: flows.momentum(tau="1/(t - 1)"), ValueError, "t = 1"),
    ("tau double pole", lambda: flows.momentum(tau="1/(t - 2)^2"), ValueError, "t = 2"),
    ("tau irrational pole", lambda: flows.momentum(tau="1/(t^2 - 2)"), ValueError, "1.414"),
    ("tau 1/0", lambda: flows.momentum(tau="1/0"), ValueError, "zero"),
    ("tau unknown", lambda: flows.momentum(tau="x"), ValueError, "t"),
    ("tau None", lambda: flows.momentum(tau=None), TypeError, "1/2"),
    ("tau True", lambda: flows.momentum(tau=True), TypeError, "1/2"),
    ("tau list", lambda: flows.momentum(tau=[1]), TypeError, "1/2"),
    ("tau sqrt(2)", lambda: flows.momentum(tau=SR(2).sqrt()), (TypeError, ValueError), "rational"),
    ("metric too small", lambda: laws_under([u * v], [u]), ValueError, "2 (u, v)"),
    ("metric too large", lambda: laws_under([u * v], [u, v, R(1)]), ValueError, "2 (u, v)"),
    ("metric too large, int", lambda: laws_under([u * v], [u, v, 1]), ValueError, "2 (u, v)"),
    ("matrix too large", lambda: laws_under([u * v], matrix(R, 3, 3, 1)), ValueError, "2 (u, v)"),
    ("metric wide", lambda: laws_under([u * v], [[u, v]]), ValueError, "square"),
    ("metric tall", lambda: laws_under([u * v], matrix(R, [[u], [v]])), ValueError, "square"),
    ("metric ragged", lambda: laws_under([u * v], [[u, v], [R(1)]]), ValueError, "square"),
    ("metric half a matrix", lambda: laws_under([u * v], [[u, v], 1]), (TypeError, ValueError), "square"),
    ("metric singular", lambda: laws_under([u * v], matrix(R, [[u, v], [u, v]])), ValueError, "invertible"),
    ("metric singular numbers", lambda: laws_under([u * v], [[1, 2], [2, 4]]), ValueError, "invertible"),
    ("metric zero", lambda: laws_under([u * v], matrix(R, 2, 2, 0)), ValueError, "invertible"),
    ("metric zero numbers", lambda: laws_under([u * v], matrix(QQ, 2, 2, 0)), ValueError, "invertible"),
    ("metric zero entry", lambda: laws_under([u * v], [u, R(0)]), ValueError, "singular"),
    ("metric zero int entry", lambda: laws_under([u * v], [u, 0]), ValueError, "singular"),
    ("metric floats", lambda: laws_under([u * v], [0.5, 1.0]), TypeError, "exact rationals"),
    ("metric floats and int", lambda: laws_under([u * v], [0.5, 1]), TypeError, "exact rationals"),
    ("metric float matrix", lambda: laws_under([u * v], [[0.5, 0], [0, 1]]), TypeError, "exact rationals"),
    ("metric of RR", lambda: laws_under([u * v], matrix(RR, 2, 2, 1)), TypeError, "rational"),
    ("metric number", lambda: laws_under([u * v], 3), TypeError, "square matrix"),
    ("metric empty", lambda: laws_under([u * v], []), (TypeError, ValueError), "diagonal"),
    ("metric name", lambda: laws_under([u * v], "foo"), ValueError, "'mirror'"),
    ("metric unknown variable", lambda: laws_under([u * v], ["w", "v"]), ValueError, "u, v"),
    ("metric velocity in gradient flow", lambda: laws_under([u * v], ["du", "dv"]), ValueError, "u, v"),
    ("potential exp", lambda: flows.mirror(a.exp() + b**2), ValueError, "metric"),
    ("potential sqrt", lambda: flows.mirror(a.sqrt() + b**2), ValueError, "metric"),
    ("potential cos", lambda: flows.mirror(a.cos() + b**2), ValueError, "metric"),
    ("potential log of sum", lambda: flows.mirror((a.exp() + b.exp()).log()), ValueError, "metric"),
    ("potential pi", lambda: flows.mirror(SR.pi() * a**2 + b**2), ValueError, "metric"),
    ("potential singular", lambda: flows.mirror(a + b**2), ValueError, "convex"),
    ("potential polynomial", lambda: flows.mirror(u**2), TypeError, "SR"),
    ("potential text", lambda: flows.mirror("u^2"), TypeError, "SR"),
    (
        "potential of other variables",
        lambda: conservation_laws([u * v], flow=flows.mirror(SR.var("p") ** 2 + SR.var("q") ** 2)),
        ValueError,
        "u, v",
    ),
    ("potential too small", lambda: conservation_laws([u * v], flow=flows.mirror(a**2)), ValueError, "2 (u, v)"),
    ("decay 0.1", lambda: flows.weight_decay(0.1), TypeError, "1/100"),
    ("decay RR", lambda: flows.weight_decay(RR(0.5)), TypeError, "1/100"),
    ("decay -1", lambda: flows.weight_decay(-1), ValueError, ">= 0"),
    ("decay x", lambda: flows.weight_decay("x"), ValueError, "1/100"),
    ("decay None", lambda: flows.weight_decay(None), TypeError, "1/100"),
    ("natural damping float", lambda: flows.natural_gradient([u * v], damping=0.5), TypeError, "1/2"),
    (
        "nesterov metric too small",
        lambda: conservation_laws([u * v], flow=flows.nesterov(metric=[u])),
        ValueError,
        "2 (u, v)",
    ),
    ("icnn metric without icnn", lambda: laws_under(networks.linear([2, 2, 2]), "icnn"), ValueError, "euclidean"),
]


@pytest.mark.parametrize("call, kind, remedy", [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_bad_input(call, kind, remedy):
    with pytest.raises(kind) as caught:
        call()
    message = str(caught.value)
    assert "\n" not in message and remedy in message, message


# Random properties ---------------------------------------------------------------------------------------------------

NAMES = ("x", "y", "z")


@st.composite
def polynomials(draw, n, least=0, degree=2):
    exponents = st.tuples(*[st.integers(0, degree)] * n).filter(lambda e: least <= sum(e) <= degree)
    return draw(st.dictionaries(exponents, st.integers(-3, 3).filter(bool), min_size=1, max_size=2))


@st.composite
def problems(draw, components=2):
    r"""Draw (n, phi, diagonal) of polynomials as dictionaries; phi is not constant, the diagonal not zero."""
    n = draw(st.integers(2, 3))
    phi = draw(st.lists(polynomials(n, least=1), min_size=1, max_size=components))
    return n, phi, [draw(polynomials(n)) for _ in range(n)]


def build(n, phi, diagonal):
    ring = PolynomialRing(QQ, NAMES[:n])
    return ring, [ring(dict(f)) for f in phi], [ring(dict(m)) for m in diagonal]


@given(problems())
@settings(max_examples=30)
@example((2, [{(1, 1): 1}], [{(1, 0): 1}, {(0, 1): 1}]))
def test_metric_flow_is_first_order_without_drift(problem):
    ring, phi, diagonal = build(*problem)
    result = conservation_laws(phi, flow=flows.gradient(metric=diagonal), seed=1)
    controls = [[m * f.derivative(x) for m, x in zip(diagonal, ring.gens())] for f in phi]
    family = conservation_laws(VectorFieldFamily(controls=controls), seed=1)
    assert result.number == family.number
    assert Space(result.laws) == Space(family.laws)
    symbols = sympy.symbols(NAMES[:ring.ngens()])
    for law in result.laws:
        h = to_sympy(law, symbols)
        for f in phi:
            g = to_sympy(f, symbols)
            total = sum(to_sympy(m, symbols) * sympy.diff(h, x) * sympy.diff(g, x) for m, x in zip(diagonal, symbols))
            assert sympy.expand(total) == 0


@given(problems(), st.permutations(range(3)))
@settings(max_examples=20)
def test_permuting_variables_commutes(problem, order):
    n = problem[0]
    order = [i for i in order if i < n]
    ring, phi, diagonal = build(*problem)
    moved = [ring.gen(i) for i in order]
    one = conservation_laws(phi, flow=flows.gradient(metric=diagonal), seed=1)
    permuted = [None] * n
    for i, place in enumerate(order):
        permuted[place] = diagonal[i](*moved)
    other = conservation_laws([f(*moved) for f in phi], flow=flows.gradient(metric=permuted), seed=2)
    assert one.number == other.number
    assert Space([law(*moved) for law in one.laws]) == Space(other.laws)


def by_hand(names, phi, tau, diagonal=None):
    r"""Return momentum as an explicit family on (s or t, theta, w), from the definition."""
    ring = PolynomialRing(QQ, ["clock", *names, *["d" + x for x in names]])
    clock, *rest = ring.gens()
    theta, w = rest[:len(names)], rest[len(names):]
    phi = [f(*theta) for f in phi]
    if tau == "3/t":
        drift = [clock] + [clock * x for x in w] + [-3 * x for x in w]
    else:
        tau = QQ(tau)
        drift = [tau * clock if tau else ring(1), *w] + [-tau * x for x in w]
    metric = [ring(1)] * len(names) if diagonal is None else [ring(m) for m in diagonal]
    controls = [[ring(0)] * (1 + len(names)) + [m * f.derivative(x) for m, x in zip(metric, theta)] for f in phi]
    return VectorFieldFamily(drift=drift, controls=controls)


@given(problems(), st.sampled_from(["0", "1", "1/2", "3/t"]))
@settings(max_examples=20)
@example((2, [{(2, 0): 1, (0, 2): 1}], [{(0, 0): 1}] * 2), "1/2")
@example((2, [{(1, 0): 1, (0, 1): 1}], [{(0, 0): 1}] * 2), "3/t")
def test_momentum_is_the_explicit_family(problem, tau):
    _, phi, _ = build(*problem)
    names = list(NAMES[:problem[0]])
    family = by_hand(names, phi, tau)
    result = conservation_laws(phi, flow=flows.momentum(tau=tau), seed=1)
    assert result.number == count_conservation_laws(family, seed=2).number
    for law in result.laws:
        assert is_conserved(family.ring()(dict(law.dict())), family) is True
    if tau != "3/t":
        explicit = conservation_laws(family, seed=3, degree=2)
        assert contains(result.laws, [law for law in explicit.laws])


# SymPy's brackets ----------------------------------------------------------------------------------------------------

def phase_space(names, phi, tau, metric):
    r"""Return (coordinates, fields) of momentum flow for SymPy; ``metric`` is a function of (tau, theta, w)."""
    theta, w = sympy.symbols(names), sympy.symbols([f"d{x}" for x in names])
    clock, values = sympy.Symbol("clock"), phi(*theta)
    nothing = [sympy.Integer(0)] * (1 + len(names))
    if tau == "3/t":
        drift = [clock, *[clock * x for x in w], *[-3 * x for x in w]]
        diagonal = [clock * m for m in metric(3 / clock, theta, w)]  # a common factor changes no law
    else:
        tau = sympy.Rational(tau)
        drift = [tau * clock if tau else sympy.Integer(1), *w, *[-tau * x for x in w]]
        diagonal = metric(tau, theta, w)
    controls = [nothing + [sympy.expand(m * sympy.diff(f, x)) for m, x in zip(diagonal, theta)] for f in values]
    return [clock, *theta, *w], [drift, *controls]


EUCLIDEAN = lambda tau, theta, w: [sympy.Integer(1)] * len(theta)  # noqa: E731
ENTROPY = lambda tau, theta, w: [tau * x + y for x, y in zip(theta, w)]  # noqa: E731
BRACKETS = {
    "linear 1 1 1": (networks.linear([1, 1, 1]), "x y", lambda x, y: [x * y], EUCLIDEAN),
    "linear 1 2 1": (networks.linear([1, 2, 1]), "x1 x2 y1 y2", lambda x1, x2, y1, y2: [x1 * y1 + x2 * y2], EUCLIDEAN),
    "linear 1 2 2": (networks.linear([1, 2, 2]), "x1 x2 y1 y2 z1 z2",
                     lambda x1, x2, y1, y2, z1, z2: [x1 * y1 + x2 * z1, x1 * y2 + x2 * z2], EUCLIDEAN),
    "product 3": (networks.product(3), "x y z", lambda x, y, z: [x * y * z], EUCLIDEAN),
    "nmf 1 1 1": (networks.nmf(1, 1, 1), "x y", lambda x, y: [x * y], ENTROPY),
    "nmf 2 1 1": (networks.nmf(2, 1, 1), "x y z", lambda x, y, z: [x * z, y * z], ENTROPY),
    "icnn 1 1 1": (networks.icnn(1, 1, 1, bias=True), "v b u", lambda v, b, u: [v * u, b * u],
                   lambda tau, theta, w: [1, 1, tau * theta[2] + w[2]]),
}


@pytest.mark.parametrize("tau", ["0", "1/2", "3/t"])
@pytest.mark.parametrize("name", BRACKETS)
def test_numbers_by_expanded_brackets(name, tau):
    net, names, phi, metric = BRACKETS[name]
    z, fields = phase_space(names.split(), phi, tau, metric)
    assert count_conservation_laws(net, flow=flows.momentum(tau=tau), seed=1).number == len(z) - generated_rank(
        z, fields
    )


# Trajectories --------------------------------------------------------------------------------------------------------

class Chain:
    r"""Least squares `|X W_1 ... W_q - Y|^2 / 2` with random data; NMF and ICNN have names and gates of their own."""

    def __init__(self, shapes, names, seed, gates=False, bias=False, inputs=None):
        rng = np.random.default_rng(seed)
        self.shapes, self.gates, self.bias = shapes, gates, bias
        self.X = rng.normal(size=(6, shapes[0][0])) if inputs is None else inputs
        self.Y = rng.normal(size=(len(self.X), shapes[-1][1]))
        self.names = []
        for name, (n, m) in zip(names, shapes):
            self.names += [f"{name}_{i}_{j}" for i in range(1, n + 1) for j in range(1, m + 1)]
            if bias and name == names[0]:
                self.names += [f"b_{j}" for j in range(1, m + 1)]

    def split(self, theta):
        out, at = [], 0
        for i, (n, m) in enumerate(self.shapes):
            out.append(theta[at:at + n * m].reshape(n, m))
            at += n * m
            if self.bias and i == 0:
                offset, at = theta[at:at + m], at + m
        return out, offset if self.bias else 0.0

    def active(self, theta):
        (first, *_), offset = self.split(theta)
        return (self.X @ first + offset > 0).astype(float)

    def gradient(self, theta):
        weights, offset = self.split(theta)
        signals = [self.X]
        for i, W in enumerate(weights):
            out = signals[-1] @ W
            if i == 0:
                out = out + offset
                gate = (out > 0).astype(float) if self.gates else np.ones_like(out)
                out = out * gate
            signals.append(out)
        error, parts = signals[-1] - self.Y, []
        for i in reversed(range(len(weights))):
            if i == 0:
                error = error * gate
            part = [(signals[i].T @ error).ravel()]
            if i == 0 and self.bias:
                part.append(error.sum(axis=0))
            parts.append(np.concatenate(part))
            error = error @ weights[i].T
        return np.concatenate(parts[::-1])

    def energy(self, theta):
        weights, offset = self.split(theta)
        out = self.X @ weights[0] + offset
        out = np.maximum(out, 0) if self.gates else out
        for W in weights[1:]:
            out = out @ W
        return ((out - self.Y)**2).sum() / 2


def linear_chain(widths, seed):
    return Chain(list(zip(widths, widths[1:])), [f"U{i}" for i in range(1, len(widths))], seed)


def integrate(right, start, span):
    found = solve_ivp(right, span, start, method="DOP853", rtol=1e-10, atol=1e-12, t_eval=np.linspace(*span, 7))
    assert found.success
    return list(zip(found.t, found.y.T))


def second_order(model, tau, start, span, decay=0.0):
    D = len(model.names)

    def right(t, z):
        theta, w = z[:D], z[D:]
        return np.concatenate([w, -tau(t) * w - decay * theta - model.gradient(theta)])
    return integrate(right, start, span)


def drift_of(law, clock, names, track):
    r"""Return the largest change of a law along the trajectory, and the size of its largest value there."""
    order = [str(g) for g in law.parent().gens()]
    values = []
    for t, state in track:
        point = dict(zip(names, state)) | ({} if clock is None else {clock[0]: clock[1](t)})
        values.append(evaluate(law, [point[name] for name in order]))
    return max(abs(x - values[0]) for x in values), max(map(abs, values))


def readable_value(text, names, t, state):
    known = {"exp": math.exp, "t": t, "__builtins__": {}} | dict(zip(names, state))
    return eval(text.replace("^", "**"), known)  # noqa: S307


def constant_along(result, clock, names, track):
    start, end = track[0][1], track[-1][1]
    assert np.abs(end - start).max() > 0.05, "the trajectory must move"
    assert result.laws
    moved = []
    for law, text in zip(result.laws, result.readable_laws()):
        change, size = drift_of(law, clock, names, track)
        assert change < 1e-7 * max(1, size), (law, change)
        t, state = track[3]
        order = [str(g) for g in law.parent().gens()]
        point = dict(zip(names, state)) | ({} if clock is None else {clock[0]: clock[1](t)})
        assert math.isclose(
            readable_value(text, names, t, state), evaluate(law, [point[x] for x in order]), rel_tol=1e-9, abs_tol=1e-9
        )
        last = law.monomials()[-1]
        moved.append(drift_of(law - law.monomial_coefficient(last) * last, clock, names, track)[0])
    assert max(moved) > 1e-3, "the same measurement must see what is not a law"


each_seed = pytest.mark.parametrize("seed", [1, 2])
DAMPED = {"tau 0": (lambda t: 0.0, ("t", lambda t: t), (0, 2)), "tau 1": (lambda t: 1.0, ("s", math.exp), (0, 2)),
          "tau 1/2": (lambda t: 0.5, ("s", lambda t: math.exp(t / 2)), (0, 2)),
          "Nesterov": (lambda t: 3 / t, ("t", lambda t: t), (1, 3))}


@each_seed
@each_momentum
@pytest.mark.parametrize("widths", [(2, 3, 2), (1, 3, 1), (2, 2, 2, 2)], ids=str)
def test_momentum_trajectories(widths, kind, seed):
    model = linear_chain(widths, seed)
    tau, clock, span = DAMPED[kind]
    start = np.random.default_rng(seed + 10).normal(size=2 * len(model.names))
    track = second_order(model, tau, start, span)
    result = conservation_laws(networks.linear(widths), flow=MOMENTA[kind](), seed=1)
    constant_along(result, clock, [*model.names, *["d" + x for x in model.names]], track)


@each_seed
def test_weight_decay_trajectories(seed):
    for widths in ((2, 3, 2), (2, 2, 2, 2)):
        model = linear_chain(widths, seed)
        start = np.random.default_rng(seed + 10).normal(size=len(model.names))
        track = integrate(lambda t, z, model=model: -model.gradient(z) - z / 2, start, (0, 2))
        result = conservation_laws(networks.linear(widths), flow=flows.weight_decay(HALF), seed=1)
        constant_along(result, ("s", lambda t: math.exp(t / 2)), model.names, track)


@each_seed
@pytest.mark.parametrize("kind", ["tau 1", "Nesterov"])
def test_weight_decay_and_momentum_trajectories(kind, seed):
    model = linear_chain((2, 3, 2), seed)
    tau, clock, span = DAMPED[kind]
    start = np.random.default_rng(seed + 10).normal(size=2 * len(model.names))
    track = second_order(model, tau, start, span, decay=2.0)
    result = conservation_laws(networks.linear([2, 3, 2]), flow=flows.weight_decay(2, MOMENTA[kind]()), seed=1)
    constant_along(result, clock, [*model.names, *["d" + x for x in model.names]], track)


@each_seed
def test_nmf_trajectories(seed):
    r"""`\theta' = -\theta \nabla E` from positive weights; the target is a matrix, the input the identity."""
    model = Chain([(3, 2), (2, 3)], ["U", "V"], seed, inputs=np.eye(3))
    start = np.random.default_rng(seed + 10).uniform(0.3, 1.5, size=len(model.names))
    track = integrate(lambda t, z: -z * model.gradient(z), start, (0, 2))
    assert (track[-1][1] > 0).all()
    constant_along(conservation_laws(networks.nmf(3, 2, 3), degree=1, seed=1), None, model.names, track)


def test_nmf_law_that_is_not_polynomial():
    r"""`log(U_j/V_j)/(U_j - V_j)` differences for 1,r,1: the 2 r - 1 laws of the count really are there."""
    model = Chain([(1, 3), (3, 1)], ["U", "V"], 3, inputs=np.eye(1))
    start = np.random.default_rng(3).uniform(0.3, 1.5, size=6)
    track = integrate(lambda t, z: -z * model.gradient(z), start, (0, 2))
    assert np.abs(track[-1][1] - start).max() > 0.05

    def law(z, j, k):
        slopes = np.log(z[:3] / z[3:]) / (z[:3] - z[3:])
        return np.log(z[j] / z[3 + j]) * (z[k] - z[3 + k]) - np.log(z[k] / z[3 + k]) * (z[j] - z[3 + j]), slopes
    for j, k in combinations(range(3), 2):
        values = [np.log(z[j] / z[3 + j]) / np.log(z[k] / z[3 + k]) for _, z in track]
        first, last = law(start, j, k)[1], law(track[-1][1], j, k)[1]
        assert values is not None and abs((first[j] - first[k]) - (last[j] - last[k])) < 1e-7


@each_seed
@pytest.mark.parametrize("bias", [False, True])
def test_icnn_trajectories(bias, seed):
    r"""`(V, b)' = -\nabla E`, `U' = -U \nabla_U E`; half of the data is off, and no gate switches on the way."""
    rng = np.random.default_rng(seed)
    inputs = rng.uniform(0.5, 1.5, size=(6, 2)) * np.array([[1], [-1]] * 3)
    model = Chain([(2, 3), (3, 2)], ["V", "U"], seed, gates=True, bias=bias, inputs=inputs)
    start = rng.uniform(1.0, 1.5, size=len(model.names))
    if bias:
        start[6:9] -= 1.2
    velocity = np.ones(len(start), dtype=bool)
    velocity[-6:] = False
    track = integrate(lambda t, z: -np.where(velocity, 1.0, z) * model.gradient(z), start, (0, 0.02))
    gates = model.active(start)
    assert 0 < gates.sum() < gates.size and all((model.active(z) == gates).all() for _, z in track)
    constant_along(conservation_laws(networks.icnn(2, 3, 2, bias=bias), seed=1), None, model.names, track)


@pytest.mark.parametrize("kind", ["tau 0", "tau 1", "Nesterov"])
def test_cross_entropy_trajectories(kind):
    r"""A softmax classifier with momentum, written out: both laws of each column sum."""
    rng = np.random.default_rng(4)
    X, labels = rng.normal(size=(8, 2)), np.eye(3)[rng.integers(0, 3, 8)]
    names = [f"U1_{i}_{j}" for i in (1, 2) for j in (1, 2, 3)]
    tau, clock, span = DAMPED[kind]

    def right(t, z):
        scores = np.exp(X @ z[:6].reshape(2, 3))
        force = X.T @ (scores / scores.sum(axis=1, keepdims=True) - labels)
        return np.concatenate([z[6:], -tau(t) * z[6:] - force.ravel()])
    track = integrate(right, rng.normal(size=12), span)
    result = conservation_laws(networks.linear([2, 3]), flow=MOMENTA[kind](), loss="cross-entropy", seed=1)
    assert result.number == 4
    constant_along(result, clock, [*names, *["d" + x for x in names]], track)


def test_gradients_of_the_models_by_finite_differences():
    for model in (linear_chain((2, 3, 2, 2), 5), Chain([(2, 3), (3, 2)], ["V", "U"], 6, gates=True, bias=True)):
        theta = np.random.default_rng(7).normal(size=len(model.names))
        numeric = [(model.energy(theta + 1e-6 * e) - model.energy(theta - 1e-6 * e)) / 2e-6 for e in np.eye(len(theta))]
        assert np.allclose(model.gradient(theta), numeric, atol=1e-6)


# Comparison of flows, exceptional damping ----------------------------------------------------------------------------

def test_comparison_of_linear_networks():
    r"""Momentum loses the symmetric laws and gains antisymmetric ones, which gradient flow cannot even state."""
    table = compare_flows(networks.linear([2, 3, 2]), seed=1)
    assert [r.number for r in table.results] == [6, 3] and table.loss == 3
    verdicts = [row[1] for row in table.rows]
    assert verdicts == [(True, False)] * 6 + [(None, True)] * 3
    assert "6 (proved)" in repr(table) and "conservation loss: 3" in repr(table)


@pytest.mark.parametrize(
    "net, loss, numbers",
    [
        (lambda: networks.relu([2, 3, 2], bias=True), None, [3, 0]),
        (lambda: networks.nmf(2, 2, 1), None, [2, 0]),
        (lambda: networks.icnn(1, 2, 1, bias=True), None, [2, 0]),
        (lambda: networks.relu([2, 3, 2]), "cross-entropy", [6, 6]),
        (lambda: networks.linear([2, 2, 2, 2]), None, [6, 2]),
        (lambda: networks.linear([1, 4, 1]), None, [7, 10]),
        (lambda: [u * v], None, [1, 0]),
    ],
    ids=["relu", "nmf", "icnn", "cross-entropy", "deep linear", "1 4 1", "phi"],
)
def test_comparison_of_numbers(net, loss, numbers):
    table = compare_flows(net(), loss=loss, seed=1)
    assert [r.number for r in table.results] == numbers
    assert table.loss == numbers[0] - numbers[1]
    gradient = sum(verdict[0] is True for _, verdict in table.rows)
    momentum = sum(verdict[1] is True for _, verdict in table.rows)
    assert (gradient, momentum) == tuple(len(r.independent) for r in table.results)
    assert all(verdict[1] is False for _, verdict in table.rows if verdict[0] is True)


def test_comparison_of_dampings():
    net = networks.linear([2, 2, 2])
    table = compare_flows(net, [flows.momentum(), flows.momentum(tau=1), flows.nesterov()], seed=1)
    assert [r.number for r in table.results] == [1, 1, 1] and table.loss == 0
    assert [row[1] for row in table.rows] == [(True, False, False), (None, True, None), (False, None, True)]
    same = compare_flows(net, ["gradient", flows.gradient(metric="euclidean")], seed=1)
    assert [row[1] for row in same.rows] == [(True, True)] * 3
    decay = compare_flows(net, [flows.gradient(), flows.weight_decay(1)], seed=1)
    assert [row[1] for row in decay.rows] == [(True, False)] * 3 + [(None, True)] * 3


@pytest.mark.parametrize("net", [lambda: networks.linear([2, 2, 2]), lambda: networks.linear([1, 2, 1]),
                                 lambda: networks.relu([1, 2, 1]), lambda: networks.product(2)],
                         ids=["2 2 2", "1 2 1", "relu", "product"])
def test_no_exceptional_damping(net):
    assert exceptional_damping(net(), seed=1) == []
