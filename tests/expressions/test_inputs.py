r"""
What a user may hand over, in which ring the answer comes back, and what is refused.

Sage's rule: TypeError for the wrong kind of object, ValueError for a wrong value of the right kind.
"""

import numpy
import pytest
import sage_conslaw._sage  # noqa: F401  (before any other import from Sage)
import sympy
from sage.rings.finite_rings.finite_field_constructor import GF
from sage.rings.integer_ring import ZZ
from sage.rings.polynomial.polynomial_ring_constructor import PolynomialRing
from sage.rings.rational_field import QQ
from sage.rings.real_mpfr import RR
from sage_conslaw import (
    TimeLimitReached,
    VectorFieldFamily,
    conservation_laws,
    count_conservation_laws,
    flows,
    is_conserved,
    networks,
    reproduce,
)
from spaces import Space, to_sympy

R = PolynomialRing(QQ, "x,y")
x, y = R.gens()
X, Y = sympy.symbols("x y")
both = pytest.mark.parametrize("algorithm", ["modular", "symbolic"])


# Rings and names -----------------------------------------------------------------------------------------------------

@both
@pytest.mark.parametrize("ring", [
    PolynomialRing(QQ, "x,y"), PolynomialRing(ZZ, "x,y"), PolynomialRing(QQ, "y,x"), PolynomialRing(QQ, "alpha,beta2"),
    PolynomialRing(QQ, "U_1,lambda"), PolynomialRing(QQ, 2, "t"), PolynomialRing(QQ, "x,y", order="lex"),
    PolynomialRing(QQ, "x,y", order="neglex"), PolynomialRing(ZZ, "X11,X1_1"), PolynomialRing(QQ, "θ1,θ2"),
], ids=str)
def test_laws_come_back_in_the_users_own_ring(ring, algorithm):
    u, v = ring.gens()
    result = conservation_laws([u**2 * v], algorithm=algorithm)
    assert result.number == 1
    assert [law.parent() for law in result.laws] == [ring]
    assert Space(result.laws) == Space([u**2 - 2 * v**2])
    assert is_conserved(result.laws[0], [u**2 * v])


def test_univariate_ring():
    S = PolynomialRing(QQ, "s")
    s = S.gen()
    assert conservation_laws([s**3 - s]).number == 0
    frozen = conservation_laws(VectorFieldFamily(drift=[S(0)]), degree=1)
    assert frozen.number == 1 and frozen.laws[0].parent() is S


def test_integers_and_rationals_are_one_question():
    Z = PolynomialRing(ZZ, "x,y")
    a, b = Z.gens()
    over_zz, over_qq = conservation_laws([6 * a**2 * b], seed=0), conservation_laws([x**2 * y / 7], seed=0)
    assert Space(over_zz.laws) == Space(over_qq.laws)
    assert over_zz.laws[0].parent() is Z and over_qq.laws[0].parent() is R


def test_coefficients_of_any_size():
    r"""Coefficients divisible by large primes, and huge fractions, are ordinary rationals."""
    p = ZZ(2)**61 - 1
    for c in (p, 1 / QQ(p), QQ(10)**40 + 1, QQ(3)**-60, p * (ZZ(2)**31 - 1) * (ZZ(2)**62 - 57)):
        result = conservation_laws([c * x**2 * y], seed=0)
        assert Space(result.laws) == Space([x**2 - 2 * y**2])
        assert result.status == "proved"
    weighted = conservation_laws(VectorFieldFamily(drift=[p * y, -x]), seed=0)
    assert Space(weighted.laws) == Space([x**2 + p * y**2])


def test_names_that_collide_when_glued():
    r"""``a1_11`` and ``a11_1`` are two variables."""
    S = PolynomialRing(QQ, "a1_11,a11_1,a_111")
    u, v, w = S.gens()
    result = conservation_laws([u * v, v * w])
    assert Space(result.laws) == Space([u**2 - v**2 + w**2])


@both
def test_sympy_phi(algorithm):
    result = conservation_laws([X**2 * Y / 2], algorithm=algorithm)
    assert result.number == 1
    law = result.laws[0]
    assert [str(g) for g in law.parent().gens()] == ["x", "y"]
    assert sympy.expand(to_sympy(law, (X, Y)) * 2 + (X**2 - 2 * Y**2) * to_sympy(law, (X, Y)).coeff(Y, 2)) == 0
    assert sympy.diff(to_sympy(law, (X, Y)), X) != 0


def test_sympy_phi_equals_sage_phi():
    a, b, c = sympy.symbols("a b c")
    S = PolynomialRing(QQ, "a,b,c")
    u, v, w = S.gens()
    from_sympy = conservation_laws([(a + b)**2 * c, sympy.Rational(1, 3) * a * b], seed=0)
    from_sage = conservation_laws([(u + v)**2 * w, u * v / 3], seed=0)
    assert from_sympy.number == from_sage.number
    assert Space(from_sympy.laws) == Space(from_sage.laws)
    assert is_conserved(a**2 - b**2, [a * b]) is True
    assert is_conserved(a**2 + b**2, [a * b]) is False


def test_candidates_of_every_kind():
    for candidate in (x**2 - y**2, X**2 - Y**2, "x^2 - y^2", "x**2 - y**2", "(x - y)*(x + y)/3"):
        assert is_conserved(candidate, [x * y]) is True
    assert is_conserved("U1_1_1^2 - U2_1_1^2", networks.linear([1, 1, 1])) is True
    with pytest.raises(ValueError):
        is_conserved("x^2 - t^2", [x * y])


def test_options_are_keywords_only():
    with pytest.raises(TypeError):
        conservation_laws([x * y], flows.gradient())
    with pytest.raises(TypeError):
        count_conservation_laws([x * y], degree=2)


def test_default_flow_and_loss():
    net = networks.linear([2, 2, 2])
    plain = conservation_laws(net, seed=0)
    said = conservation_laws(net, flow=flows.gradient(), loss="least-squares", degree=2, algorithm="modular", seed=0)
    assert plain.laws == said.laws
    assert (
        (plain.flow, plain.loss, plain.degree)
        == (said.flow, said.loss, said.degree)
        == ("gradient", "least-squares", 2)
    )


def test_integers_of_every_kind_are_widths():
    nets = [networks.linear(w) for w in ([2, 3], (2, 3), [ZZ(2), ZZ(3)], [numpy.int64(2), numpy.uint8(3)], range(2, 4))]
    assert all(net.sizes == nets[0].sizes and net.dimension == 6 for net in nets)
    assert conservation_laws([x * y], degree=ZZ(3), seed=numpy.int64(4)).seed == 4


def test_result_in_the_terms_of_the_contract():
    d = conservation_laws([x * y], seed=3).to_dict()
    assert (d["number"], d["laws"], d["seed"], d["complete"]) == (1, ["x^2 - y^2"], 3, True)
    assert conservation_laws(networks.linear([1, 2, 2, 1]), seed=3).to_dict()["complete"] is False


# Wrong kind: TypeError; wrong value: ValueError ----------------------------------------------------------------------

WRONG = {
    "width 0": (lambda: networks.linear([3, 0, 3]), ValueError, "0"),
    "negative width": (lambda: networks.relu([3, -2, 3]), ValueError, "-2"),
    "fractional width": (lambda: networks.linear([2.5, 2]), (TypeError, ValueError), "2.5"),
    "rational width": (lambda: networks.linear([QQ(5) / 2, 2]), (TypeError, ValueError), "5/2"),
    "rational width below 1": (lambda: networks.relu([2, QQ(1) / 2, 2]), (TypeError, ValueError), "1/2"),
    "SymPy rational width": (lambda: networks.linear([2, sympy.Rational(7, 2)]), (TypeError, ValueError), "7/2"),
    "rational number of factors": (lambda: networks.product(QQ(7) / 2), (TypeError, ValueError), "7/2"),
    "width in words": (lambda: networks.linear(["two", 2]), TypeError, "two"),
    "width None": (lambda: networks.linear([2, None]), TypeError, "None"),
    "widths is a number": (lambda: networks.linear(3), TypeError, "3"),
    "widths is a string": (lambda: networks.linear("323"), TypeError, "323"),
    "no widths": (lambda: networks.linear([]), ValueError, "[]"),
    "one width": (lambda: networks.relu([3]), ValueError, "[3]"),
    "product of nothing": (lambda: networks.product(0), ValueError, "0"),
    "data None": (lambda: conservation_laws(None), TypeError, "give a network"),
    "data is a number": (lambda: conservation_laws(3), (TypeError, ValueError), ""),
    "data is a dictionary": (lambda: conservation_laws({1: 2}), (TypeError, ValueError), ""),
    "data is an object": (lambda: conservation_laws(object()), TypeError, "object"),
    "empty phi": (lambda: conservation_laws([]), ValueError, "empty"),
    "constant phi": (lambda: conservation_laws([R(3), R(1) / 2]), ValueError, "constant"),
    "zero phi": (lambda: conservation_laws([R(0)]), ValueError, "constant"),
    "phi of numbers": (lambda: conservation_laws([3]), ValueError, "number"),
    "constant SymPy phi": (lambda: conservation_laws([sympy.Integer(3)]), ValueError, "number"),
    "float phi": (lambda: conservation_laws([0.5 * x * y]), (TypeError, ValueError), "1/2"),
    "phi over RR": (lambda: conservation_laws([PolynomialRing(RR, "a").gen()]), (TypeError, ValueError), "exact"),
    "phi over GF(7)": (
        lambda: conservation_laws([PolynomialRing(GF(7), "a").gen()]),
        (TypeError, ValueError),
        "Finite Field",
    ),
    "phi with denominator": (lambda: conservation_laws([x / y]), ValueError, "denominator"),
    "SymPy float": (lambda: conservation_laws([0.5 * X * Y]), (TypeError, ValueError), "1/2"),
    "SymPy denominator": (lambda: conservation_laws([X / Y]), ValueError, "polynomial"),
    "SymPy function": (lambda: conservation_laws([sympy.sin(X) * Y]), ValueError, "sin(x)"),
    "SymPy root": (lambda: conservation_laws([sympy.sqrt(X) * Y]), ValueError, "sqrt(x)"),
    "SymPy irrational": (lambda: conservation_laws([sympy.pi * X * Y]), (TypeError, ValueError), "pi"),
    "SymPy infinity": (lambda: conservation_laws([sympy.oo * X]), (TypeError, ValueError), ""),
    "SymPy equation": (lambda: conservation_laws([sympy.Eq(X, Y)]), (TypeError, ValueError), ""),
    "two rings": (
        lambda: conservation_laws([x * y, PolynomialRing(QQ, "y,z").gen(1)]),
        (TypeError, ValueError),
        "ring",
    ),
    "Sage and SymPy together": (lambda: conservation_laws([x * y, X * Y]), (TypeError, ValueError), ""),
    "phi of objects": (lambda: conservation_laws([object()]), TypeError, "object"),
    "degree 0": (lambda: conservation_laws([x * y], degree=0), ValueError, "0"),
    "negative degree": (lambda: conservation_laws([x * y], degree=-1), ValueError, "-1"),
    "fractional degree": (lambda: conservation_laws([x * y], degree=2.5), TypeError, "2.5"),
    "rational degree": (lambda: conservation_laws([x * y], degree=QQ(5) / 2), TypeError, "5/2"),
    "degree in words": (lambda: conservation_laws([x * y], degree="2"), TypeError, "'2'"),
    "seed in words": (lambda: conservation_laws([x * y], seed="x"), TypeError, "'x'"),
    "fractional seed": (lambda: count_conservation_laws([x * y], seed=1.5), TypeError, "1.5"),
    "rational seed": (lambda: count_conservation_laws([x * y], seed=QQ(5) / 2), TypeError, "5/2"),
    "unknown loss": (lambda: conservation_laws(networks.linear([2, 2]), loss="hinge"), ValueError, "'cross-entropy'"),
    "loss for phi": (lambda: conservation_laws([x * y], loss="cross-entropy"), ValueError, "network"),
    "loss for a family": (
        lambda: conservation_laws(VectorFieldFamily(drift=[y, -x]), loss="cross-entropy"),
        ValueError,
        "loss",
    ),
    "flow of no kind": (lambda: conservation_laws([x * y], flow=3), TypeError, "3"),
    "unknown algorithm": (lambda: conservation_laws([x * y], algorithm="magic"), ValueError, "'symbolic'"),
    "unknown algorithm to count": (
        lambda: count_conservation_laws([x * y], algorithm="magic"),
        ValueError,
        "'symbolic'",
    ),
    "time limit in words": (lambda: conservation_laws([x * y], time_limit="soon"), TypeError, "'soon'"),
    "negative time limit": (lambda: conservation_laws([x * y], time_limit=-1), ValueError, "-1"),
    "family of nothing": (lambda: VectorFieldFamily(), ValueError, "drift"),
    "family without fields": (lambda: VectorFieldFamily(controls=[]), ValueError, "drift"),
    "short drift": (lambda: VectorFieldFamily(drift=[x]), ValueError, "2 variables"),
    "long control": (lambda: VectorFieldFamily(drift=[x, y], controls=[[x, y, x]]), ValueError, "2 variables"),
    "float field": (lambda: VectorFieldFamily(drift=[0.5 * x, y]), (TypeError, ValueError), "1/2"),
    "field is a string": (lambda: VectorFieldFamily(drift="xy"), TypeError, "xy"),
    "field is a number": (lambda: VectorFieldFamily(drift=3), TypeError, "3"),
    "controls is one field": (lambda: VectorFieldFamily(controls=[x, y]), (TypeError, ValueError), ""),
    "fields of two rings": (
        lambda: VectorFieldFamily(drift=[x, y], controls=[[PolynomialRing(QQ, "x,z").gen(1)] * 2]),
        (TypeError, ValueError),
        "ring",
    ),
    "candidate None": (lambda: is_conserved(None, [x * y]), TypeError, "None"),
    "candidate with denominator": (lambda: is_conserved(x / y, [x * y]), ValueError, "denominator"),
    "candidate in half an exponent notation": (lambda: is_conserved("5e-*x", [x * y]), (TypeError, ValueError), "5e"),
    "candidate of other variables": (lambda: is_conserved(PolynomialRing(QQ, "q").gen(), [x * y]), ValueError, "q"),
    "candidate with bad syntax": (lambda: is_conserved("x +* y", [x * y]), ValueError, "x +* y"),
    "unknown paper": (lambda: reproduce("abid"), ValueError, "'abide'"),
}


@pytest.mark.parametrize("call, error, said", WRONG.values(), ids=WRONG.keys())
def test_wrong_input_raises(call, error, said):
    with pytest.raises(error) as caught:
        call()
    message = str(caught.value)
    assert message and "\n" not in message and len(message) < 500
    assert said in message, message


@pytest.mark.parametrize("drift", [["y", "-x"], [Y, -X]], ids=["strings", "SymPy"])
def test_fields_of_other_kinds_are_read_or_refused(drift):
    r"""Fields are Sage polynomials; whatever else is accepted must be understood."""
    try:
        family = VectorFieldFamily(drift=drift)
    except (TypeError, ValueError) as error:
        assert str(error) and "\n" not in str(error)
        return
    result = conservation_laws(family)
    assert result.number == len(result.laws) == 1
    assert {str(m) for m in result.laws[0].monomials()} == {"x^2", "y^2"}


@pytest.mark.parametrize("call", [
    lambda text: is_conserved(text, [x * y]),
    lambda text: is_conserved(text, networks.linear([2, 2])),
    lambda text: conservation_laws([x * y], algorithm=text),
    lambda text: conservation_laws(networks.linear([2, 2]), loss=text),
    lambda text: reproduce(text),
    lambda text: conservation_laws([text]),
    lambda text: VectorFieldFamily(drift=[text]),
    lambda text: networks.linear([text, 2]),
])
def test_no_string_is_evaluated(call, tmp_path):
    mark = tmp_path / "mark"
    with pytest.raises((ValueError, TypeError)):
        call(f"__import__('os').system('touch {mark}')")
    assert not mark.exists()


@both
@pytest.mark.parametrize("call", [conservation_laws, count_conservation_laws])
def test_time_limit(call, algorithm):
    with pytest.raises(TimeLimitReached) as caught:
        call(networks.linear([3, 2, 3]), time_limit=0, algorithm=algorithm)
    partial = caught.value.partial
    assert partial["state_dimension"] == 12
    assert partial["lie_dimension"] <= 9
    assert partial["status"] != "proved"
    assert call(networks.linear([3, 2, 3]), time_limit=100, algorithm=algorithm).number == 3
