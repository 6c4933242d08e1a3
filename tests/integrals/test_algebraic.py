"""Darboux polynomials over quadratic extensions in real form, and laws of gates: angles, logarithms, quotients with
functions."""
import random

import pytest
from sage.symbolic.ring import SR

from sage_conslaw import first_integrals, networks
from sage_conslaw._sage import QQ, PolynomialRing
from sage_conslaw.integrals.conjugates import quadratic_split
from sage_conslaw.inputs.systems import system


def derivative_at(law, variables, drift, point):
    """Return the numerical derivative of a law's expression along a drift."""
    expression, total = law.expression(), 0.0
    for name, text in zip(variables, drift):
        total += (expression.diff(SR.var(name)) * SR(text)).subs({SR.var(k): v for k, v in point.items()}).n()
    return complex(total)


R = PolynomialRing(QQ, ["x", "y", "p", "q", "c"])
x, y, p, q, c = R.gens()
SYSTEMS = {
    "focus": (["x", "y"], [x - y, x + y], [], 2, "log(x^2 + y^2) - 2*arctan(y/x)"),
    "golden": (["x", "y"], [y, x + y], [], 2, None),
    "damped": (["x", "y"], [y, -x - c*y], ["c"], 2, None),
    "damped with a value": (["x", "y"], [y, -x - y/2], [], 2, None),
    "two frequencies": (["x", "y", "p", "q"], [p, q, -x, -2*y], [], 2, None),
    "a nonlinear focus": (["x", "y"], [x - y - x*(x**2 + y**2), x + y - y*(x**2 + y**2)], [], 2, None),
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_real_laws_of_complex_darboux_polynomials(name):
    variables, drift, parameters, degree, text = SYSTEMS[name]
    result = first_integrals(
        system(variables, list(map(str, drift)), parameters=parameters), kind="darboux", degree=degree, seed=0
    )
    assert result.complete is True and len(result) == 1 and result[0].angles
    assert text is None or str(result[0]) == text
    draw = random.Random(0)
    for _ in range(3):
        point = {v: draw.uniform(0.4, 1.6) for v in [*variables, *parameters]}
        assert abs(derivative_at(result[0], variables, drift, point)) < 1e-9


def test_what_splits_over_a_quadratic_extension():
    assert quadratic_split(x**2 + y**2, [x, y]) == (x, y, -1)
    assert quadratic_split(x**2 - 12*y**2, [x, y])[2] == 3
    assert quadratic_split(x**2 - c*y**2, [x, y])[2] == c
    for polynomial in (x**2 + y**2 + 1, x**2 + y, x*y + 1, x**3 + 2*y**3):
        assert quadratic_split(polynomial, [x, y]) is None
    draw = random.Random(1)
    for _ in range(20):
        a, b = (sum(draw.randint(-3, 3) * v for v in (x, y, R(1))) for _ in range(2))
        D = draw.choice([-3, -1, 2, 5])
        norm = a**2 - D*b**2
        split = quadratic_split(norm, [x, y])
        if norm.degree() == 2 and len(list(norm.factor())) == 1 and split is not None:
            assert (split[0]**2 - split[2]*split[1]**2) * norm.lc() == norm * (split[0]**2 - split[2]*split[1]**2).lc()


GATES = {
    "tanh": ("tanh(a)", "1 - tanh(a)^2", "tanh_a"),
    "sigmoid": ("sigmoid(a)", "sigmoid(a)*(1 - sigmoid(a))", "sigmoid_a"),
}


@pytest.mark.parametrize("name", GATES)
def test_laws_of_gates_are_found(name):
    """A gate g(a) in front of weights v: |v|^2 - 2 int g/g' is conserved; for tanh the integral is sinh(a)^2/2."""
    gate, slope, coordinate = GATES[name]
    family = system(["a", "v1", "v2"], controls=[[f"({slope})*v1", gate, "0"], [f"({slope})*v2", "0", gate]])
    result = first_integrals(family, kind="darboux", degree=2, seed=0)
    assert result.complete is True and len(result) == 1 and coordinate in str(result[0])
    assert f"where {coordinate} = {gate}" in repr(result)


def test_planar_three_bodies_have_five_polynomial_laws():
    bodies = ("1", "2", "3")
    variables = [f"{c}{i}" for c in "xyuv" for i in bodies]
    drift = {f"x{i}": f"u{i}" for i in bodies} | {f"y{i}": f"v{i}" for i in bodies}
    for i in bodies:
        for force, axis in (("u", "x"), ("v", "y")):
            drift[force + i] = "".join(
                f"-({axis}{i} - {axis}{j})/((x{i} - x{j})^2 + (y{i} - y{j})^2)^(3/2)" for j in bodies if j != i
            )
    result = first_integrals(system(variables, drift), kind="polynomial", degree=2, seed=0)
    assert (result.independent, result.state_dimension) == (5, 12)


def test_relations_in_a_search_for_darboux_polynomials():
    family = system(
        ["x", "y", "px", "py", "u"],
        ["px", "py", "-x*u^3", "-y*u^3", "-u^3*(x*px + y*py)"],
        relations=["u^2*(x^2 + y^2) - 1"],
    )
    result = first_integrals(family, kind="darboux", degree=2, seed=0)
    assert (
        result.independent == 2
        and result.complete is not True
        and any("modulo the relations" in gap for gap in result.gaps)
    )


def test_the_seventh_law_of_a_linear_network_is_of_no_darboux_kind():
    """All Darboux polynomials of degree at most 2 were searched, there is none, and so no law of that kind beside the
    six."""
    result = first_integrals(networks.linear([1, 2, 2, 1]), kind="darboux", degree=2, seed=0)
    assert (result.independent, len(result), result.gaps) == (6, 0, ())
    assert result.state_dimension - result.lie_dimension == 7 and result.complete is not True
