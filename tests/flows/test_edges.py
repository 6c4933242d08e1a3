r"""
Flows at their edges: ranks that grow slowly, trivial cases, one damping in many forms, bad input.
"""
import math
from fractions import Fraction

import numpy as np
import pytest
import sage_conslaw._sage  # noqa: F401  (before any other import from Sage)
from cases import parameters
from flow_cases import HALF, MOMENTA, R, S4, a, b, each_momentum, laws_under, momentum_number, parse, proved, u, v
from sage.matrix.constructor import matrix
from sage.rings.polynomial.polynomial_ring_constructor import PolynomialRing
from sage.rings.rational_field import QQ
from sage.rings.real_mpfr import RR, RealField
from sage.symbolic.ring import SR
from sage_conslaw import conservation_laws, count_conservation_laws, flows, networks
from spaces import Space, contains


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
