"""Exponentials and logarithms that are dependent together: what is zero is no field, and nothing is said of it."""
import pytest

from sage_conslaw import count_conservation_laws, system
from sage_conslaw.runtime.errors import NotCovered


@pytest.mark.parametrize(
    "zero",
    [
        "exp(2*log(x)) - x^2",
        "exp(log(x)/2) - sqrt(x)",
        "exp(x + log(y)) - y*exp(x)",
        "exp(log(1 + exp(x))) - 1 - exp(x)",
        "log(exp(x) + exp(2*x)) - x - log(1 + exp(x))",
    ],
)
def test_functions_that_are_dependent_are_refused(zero):
    """Each drift is zero and has two laws; functions taken for independent would have one."""
    with pytest.raises(NotCovered, match="not independent of each other"):
        system(["x", "y"], [zero, "0"])


@pytest.mark.parametrize(
    "relation, drift",
    [
        ("x - y^2", ["log(x) - 2*log(y)", "(log(x) - 2*log(y))/(2*y)"]),
        ("x - 2*y", ["sin(x) - 2*sin(y)*cos(y)", "(sin(x) - 2*sin(y)*cos(y))/2"]),
    ],
)
def test_relations_make_functions_dependent(relation, drift):
    with pytest.raises(NotCovered, match="not independent of each other"):
        system(["x", "y"], drift, relations=[relation])


@pytest.mark.parametrize(
    "drift, number",
    [
        (["x*log(y)", "y*log(x)"], 1),
        (["exp(x)*log(y)", "y"], 1),
        (["exp(a*log(x))", "y"], 1),
        (["exp(x + y)", "exp(x)*exp(y)"], 1),
    ],
)
def test_independent_functions_are_counted(drift, number):
    parameters = ["a"] if "a*" in drift[0] else []
    assert count_conservation_laws(system(["x", "y"], drift, parameters=parameters), seed=0).number == number
