"""Systems as people write them: rational in variables and parameters, with roots, functions and relations."""
import ast
import json
import math
import operator
import random

import pytest

from sage_conslaw import InputError, conservation_laws, count_conservation_laws, is_conserved
from sage_conslaw.cli.command import cli
from sage_conslaw.inputs.systems import read_record, read_system, system

FLOATS = {name: getattr(math, name) for name in ("sqrt", "sin", "cos", "tan", "exp", "log", "sinh", "cosh", "tanh")}
FLOATS["sigmoid"] = lambda x: 1 / (1 + math.exp(-x))

OPERATORS = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}


def value(text, point):
    """Return the float value of an expression, by a walk of its own over Python's syntax tree."""
    def walk(node):
        match node:
            case ast.BinOp(left=left, op=op, right=right):
                return OPERATORS[type(op)](walk(left), walk(right))
            case ast.UnaryOp(operand=operand):
                return -walk(operand)
            case ast.Call(func=func, args=[argument]):
                return FLOATS[func.id](walk(argument))
            case ast.Name(id=name):
                return point[name]
        return node.value
    return walk(ast.parse(text.replace("^", "**"), mode="eval").body)


def drift_of(law, family, variables, drift, point):
    """Return the derivative of a law along the drift by central differences, functions evaluated for what they stand
    for."""
    def h(moved):
        full = {**moved, **{name: value(text, moved) for name, text in family.meaning.items()}}
        return value(str(law), full)
    step, total = 1e-6, 0.0
    for name, text in zip(variables, drift):
        up, down = dict(point), dict(point)
        up[name] += step
        down[name] -= step
        total += (h(up) - h(down)) / (2 * step) * value(text, point)
    return total


SYSTEMS = {
    "kepler": (["x", "y", "px", "py"], ["px", "py", "-x/(x^2+y^2)^(3/2)", "-y/(x^2+y^2)^(3/2)"], 3, (3, 4)),
    "kepler with sqrt": (["x", "y", "px", "py"], ["px", "py", "-x/sqrt(x^2+y^2)^3", "-y/sqrt(x^2+y^2)^3"], 3, (3, 4)),
    "pendulum": (["q", "p"], ["p", "-sin(q)"], 2, (1, 2)),
    "two angles": (["q1", "q2", "p1", "p2"], ["p1", "p2", "-sin(q1-q2)", "sin(q1-q2)"], 2, (2, 4)),
    "multiple angles": (["q", "p"], ["p", "-sin(2*q) - cos(q/2)"], 4, (1, 2)),
    "toda": (["q1", "q2", "q3", "p1", "p2", "p3"],
             ["p1", "p2", "p3", "exp(q3-q1)-exp(q1-q2)", "exp(q1-q2)-exp(q2-q3)", "exp(q2-q3)-exp(q3-q1)"], 3, (3, 6)),
    "morse": (["q", "p"], ["p", "2*exp(-2*q) - 2*exp(-q)"], 2, (1, 2)),
    "logarithm": (["x", "p"], ["p", "-1-log(x)"], 2, (1, 2)),
    "hyperbolic": (["q", "p"], ["p", "sinh(q)"], 2, (1, 2)),
    "square root": (["x", "y"], ["1", "sqrt(x)"], 3, (1, 2)),
    "reciprocal": (["S", "P"], ["-3*S/(2 + S)", "3*S/(2 + S)"], 1, (1, 2)),
    "nested": (["q", "p"], ["p", "-cos(q)*exp(sin(q))"], 2, (1, 2)),
    "tanh": (["q", "p"], ["p", "tanh(q)*(1 - tanh(q)^2)"], 2, (1, 2)),
}


@pytest.mark.parametrize("name", SYSTEMS)
def test_laws_hold_for_the_functions_themselves(name):
    variables, drift, degree, (found, dimension) = SYSTEMS[name]
    family = system(variables, drift)
    result = conservation_laws(family, degree=degree, seed=0)
    assert (len(result.independent), result.state_dimension) == (found, dimension)
    assert result.complete is (found == dimension - 1)
    draw = random.Random(0)
    for law in result.laws:
        for _ in range(3):
            point = {v: draw.uniform(0.5, 1.5) for v in variables}
            assert abs(drift_of(law, family, variables, drift, point)) < 1e-6


def test_coefficients_rational_in_the_parameters():
    family = system(["x", "y", "z"], ["x*(-y/(a*b) + z)", "-x*y/(a*b)", "0"], parameters=["a", "b"])
    result = conservation_laws(family, degree=1, seed=0)
    assert {str(law) for law in result.laws} == {"z"}
    rational = conservation_laws(system(["x", "y"], ["y/a", "-x/b"], parameters=["a", "b"]), seed=0)
    assert [str(law) for law in rational.laws] == ["a*x^2 + b*y^2"]
    # In the parameters alone: no time is changed, and no coordinate added.
    assert rational.complete is True and rational.state_dimension == 2


def test_parameters_with_values():
    for parameters in (["V", "k = 1/2"], ["k = 0.5", "V"], {"V": None, "k": "1/2"}):
        laws = conservation_laws(system(["x", "y"], ["V*y", "-k*V*x"], parameters=parameters), seed=0).laws
        assert [str(law) for law in laws] == ["x^2 + 2*y^2"]
    with pytest.raises(InputError, match="parameter k"):
        system(["x"], ["k*x"], parameters=["k = q"])
    with pytest.raises(InputError, match="a variable and a parameter"):
        system(["x"], ["x"], parameters=["x = 2"])


def test_drift_as_a_table():
    family = system(["x", "y"], {"y": "-x", "x": "y"})
    assert [str(law) for law in conservation_laws(family, seed=0).laws] == ["x^2 + y^2"]
    with pytest.raises(InputError, match="has no y"):
        system(["x", "y"], {"x": "y"})
    with pytest.raises(InputError, match="key 'z'"):
        system(["x"], {"x": "1", "z": "1"})


def test_files_with_relations(tmp_path, capsys):
    record = {"variables": ["x", "y", "px", "py", "u"], "relations": ["u^2*(x^2 + y^2) - 1"],
              "drift": ["px", "py", "-x*u^3", "-y*u^3", "-u^3*(x*px + y*py)"]}
    path = tmp_path / "kepler.json"
    path.write_text(json.dumps(record))
    assert cli.main(["laws", "--system", str(path), "--degree", "3", "--json"]) == 0
    out = json.loads(capsys.readouterr().out)
    assert (out["number"], out["independent_laws_found"], out["state_dimension"], out["complete"]) == (3, 3, 4, True)
    table = tmp_path / "pendulum.toml"
    table.write_text('variables = ["q", "p"]\nparameters = ["g"]\n[drift]\nq = "p"\np = "-g*sin(q)"\n')
    assert conservation_laws(read_system(table), seed=0).complete is True
    assert cli.main(["count", "--system", str(table)]) == 0


BAD = {
    "a function that is not known": ({"variables": ["x"], "drift": ["gamma(x)"]}, "not a function known here"),
    "a number that is not rational": ({"variables": ["x"], "drift": ["sin(1)*x"]}, "does not move"),
    "a function of a parameter": ({"variables": ["x"], "parameters": ["k"], "drift": ["exp(k)*x"]}, "does not move"),
    "a zero denominator": ({"variables": ["x"], "drift": ["1/(x - x)"]}, "division by zero"),
    "a relation that is left": (
        {"variables": ["x", "y"], "drift": ["y", "x"], "relations": ["x^2 + y^2 - 1"]},
        "does not keep the relation",
    ),
    "two components": ({"variables": ["x", "y"], "drift": ["0", "y"], "relations": ["x*y"]}, "2 components"),
    "no solution": ({"variables": ["x"], "drift": ["1"], "relations": ["1"]}, "no solution"),
    "dependent functions": ({"variables": ["q", "p"], "drift": ["p", "tanh(q) + exp(2*q)"]}, "not independent"),
    "dependent logarithms": ({"variables": ["q", "p"], "drift": ["log(q)", "log(p) + log(p*q)"]}, "not independent"),
    "a root that is none": ({"variables": ["q", "p"], "drift": ["p", "sqrt(q^2)"]}, "components"),
    "a denominator that is zero": (
        {"variables": ["x", "y"], "drift": ["-y/(x^2+y^2-1)", "x/(x^2+y^2-1)"], "relations": ["x^2 + y^2 - 1"]},
        "make zero",
    ),
    "relations as text": ({"variables": ["x"], "drift": ["0"], "relations": "x"}, "give a list"),
    "code": ({"variables": ["x"], "drift": ["x.__class__(1)"]}, "syntax error"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_refused_says_why(name):
    record, said = BAD[name]
    with pytest.raises(InputError) as error:
        read_record(record)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_controls_with_functions_are_counted_and_proved():
    # A gate exp(b) in front of a weight: b - v^2/2; the rank is taken on the graph of the exponential.
    family = system(["b", "v1", "v2"], controls=[["v1*exp(b)", "exp(b)", "0"], ["v2*exp(b)", "0", "exp(b)"]])
    result = conservation_laws(family, seed=0)
    assert [str(law) for law in result.laws] == ["v1^2 + v2^2 - 2*b"] and result.complete is True
    count = count_conservation_laws(system(["a", "v"], controls=[["(1-tanh(a)^2)*v", "tanh(a)"]]), seed=0)
    assert (count.number, count.status) == (1, "proved")


def test_denominators_of_each_control_apart():
    family = system(["x", "y", "z"], controls=[["1/y", "0", "1/(x+y)"], ["0", "x/(1+z)", "0"]])
    free = system(["x", "y", "z"], controls=[["x+y", "0", "y"], ["0", "1", "0"]])
    assert conservation_laws(family, seed=0).number == conservation_laws(free, seed=0).number


def test_candidates_as_they_are_written():
    kepler = system(["x", "y", "px", "py"], ["px", "py", "-x/(x^2+y^2)^(3/2)", "-y/(x^2+y^2)^(3/2)"])
    assert is_conserved("(px^2 + py^2)/2 - 1/sqrt(x^2 + y^2)", kepler)
    assert is_conserved("py*(x*py - y*px) - x/sqrt(x^2 + y^2)", kepler)
    assert is_conserved("(x*py - y*px)/(px^2 + py^2 - 2*isqrt_1)", kepler)
    assert not is_conserved("(px^2 + py^2)/2 - 2/sqrt(x^2 + y^2)", kepler)
    with pytest.raises(InputError, match="no coordinate of the system"):
        is_conserved("exp(x)", kepler)
    decay = system(["x", "y"], ["a*x", "2*a*y"], parameters=["a"])
    assert is_conserved("x^2/y", decay) and not is_conserved("x/y", decay)


def test_laws_are_read_with_their_functions():
    result = conservation_laws(system(["q", "p"], ["p", "-sin(q)"]), seed=0)
    assert result.readable_laws() == ["p^2 - 2*cos(q)"]
    assert is_conserved(result.readable_laws()[0], system(["q", "p"], ["p", "-sin(q)"]))
