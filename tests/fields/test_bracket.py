"""Elements of families, brackets and words at one point, against values by hand."""
from fractions import Fraction

import numpy as np
import pytest

from sage_conslaw import VectorFieldFamily, flows, networks
from sage_conslaw._sage import QQ, PolynomialRing
from sage_conslaw.exact.arithmetic import ModularArithmetic
from sage_conslaw.exact.terms import PolynomialMap
from sage_conslaw.fields.bracket import (
    bracket, combination, given_field, random_field, random_pushed_field, random_word,
)
from sage_conslaw.fields.extension import Written
from sage_conslaw.fields.variety import Variety
from sage_conslaw.fields.written import as_written

A = ModularArithmetic(101)
RING = PolynomialRing(QQ, ["x", "y"], 2)
X, Y = RING.gens()
RADIAL = VectorFieldFamily(controls=[[X, Y]])


def generator():
    return np.random.default_rng(0)


def test_elements_of_a_family():
    value = random_field(RADIAL, generator(), 101, 3)(A, np.array([1, 2]))
    assert value.shape == (3, 2) and (2 * value[:, 0] % 101 == value[:, 1]).all()
    assert combination(RADIAL, np.array([[2]]), None)(A, np.array([3, 5])).tolist() == [[6, 10]]
    assert not combination(RADIAL, None, None)(A, np.array([3, 5])).any()
    drifting = VectorFieldFamily(drift=[1, 0], controls=[[0, X]])
    assert given_field(drifting, [{"data": [2], "weight": 3}], 101)(A, np.array([5, 7])).tolist() == [[3, 10]]


@pytest.mark.parametrize(
    "F, G, expected",
    [
        ([{(): 1}, {}], [{}, {(0, 0): 1}], [0, 10]),  # [d/dx, x^2 d/dy] = 2 x d/dy
        ([{(): 1}, {}], [{}, {(): 1}], [0, 0]),  # constants: no infinitesimal part at all
        ([{}, {(0, 0): 1}], [{(): 1}, {}], [0, 91]),
    ],
)
def test_brackets(F, G, expected):
    assert bracket(PolynomialMap(F, 2), PolynomialMap(G, 2))(A, np.array([5, 7])).tolist() == expected


def test_words():
    family = VectorFieldFamily(controls=[[1, 0], [0, X**2]])
    assert not random_word(family, generator(), 101, 2, depth=2)(A, np.array([3, 4]))[:, 0].any()
    pushed = random_pushed_field(flows.momentum(tau=1).family(networks.nmf(1, 1, 1).response()), generator(), 101, 3)
    assert pushed(A, np.arange(5)).shape == (3, 5)


def test_systems_as_they_are_written():
    sympy = pytest.importorskip("sympy")
    assert as_written([Y / X, X], [], []).fields == [["y/x", "x"]] and as_written([Y, X], [], []) is None
    q, p = sympy.symbols("q p")
    assert as_written([sympy.sin(p), q], [], []).fields == [["sin(p)", "q"]]
    pendulum = Written([], ["q", "p"], [["p", "-sin(q)"]], ["the drift"], [], True)
    assert VectorFieldFamily.from_written(pendulum).names == ["q", "p", "sin_q", "cos_q"]


def test_points_of_a_circle():
    circle = Variety(["x", "y"], (), [{(0, 0): Fraction(1), (1, 1): Fraction(1), (): Fraction(-1)}])
    x, y = circle.point(generator(), 10007).tolist()
    assert (x * x + y * y) % 10007 == 1
