"""Laws over number fields of degree 3 and more: linear systems against floats, and factors against their products."""
import random

import numpy as np
import pytest

from sage_conslaw import first_integrals, system
from sage_conslaw._sage import QQ, PolynomialRing
from sage_conslaw.exact.terms import to_sage
from sage_conslaw.integrals.darboux import darboux_polynomials
from sage_conslaw.integrals.root_sums import RootSum, absolute_factor, root_sums

# Companion systems, with irreducible characteristic polynomials, and how many laws there are.
LINEAR = [
    ("x' = y; y' = z; z' = x + y + z", 2),
    ("x' = y; y' = z; z' = 2*x", 2),
    ("x' = y; y' = z; z' = x + y", 2),
    ("x' = y; y' = z; z' = w; w' = x + y", 3),
]


def value(law, at):
    """Return a law at a point in floating point, from its parts alone."""
    total = float(sum(float(n) * np.log(abs(float(p(*at)))) for p, n in law.factors))
    for turn, n in law.angles:
        assert isinstance(turn, RootSum)
        for root in np.roots([float(c) for c in reversed(turn.minimal)]):
            q = sum(complex(float(part(*at))) * root**k for k, part in enumerate(turn.parts))
            total += (float(n) * root**turn.power * np.log(q)).real
    return total


@pytest.mark.parametrize("text, number", LINEAR)
def test_linear_systems(text, number):
    family = system(text)
    names = family.names
    r = first_integrals(family, degree=len(names), kind="darboux", seed=0)
    assert r.independent == number == len(names) - 1 and r.complete is True
    fields, ring = family.sparse_fields(), family.ring()
    generator = np.random.default_rng(0)
    for law in r:
        assert law.holds_for(fields, ring) and "for r^" in str(law)
        # A short way along the flow: the law moves by what rounding allows and the step squared.
        z = generator.normal(size=len(names))
        drift, point = fields[0], [QQ(float(a)) for a in z]
        v = [float(to_sage(component, ring)(*point)) for component in drift]
        step = 1e-5
        there, back = (value(law, [QQ(float(a + s * step * b)) for a, b in zip(z, v)]) for s in (1, -1))
        assert abs(there - back) / (2 * step) < 1e-5 * max(1, abs(value(law, [QQ(float(a)) for a in z])))


def test_a_law_that_is_changed_does_not_hold():
    family = system(LINEAR[0][0])
    law = first_integrals(family, degree=3, kind="darboux", seed=0)[0]
    (turn, n), *_ = law.angles
    fields, ring = family.sparse_fields(), family.ring()
    wrong = RootSum((turn.parts[0] + ring.gen(0), *turn.parts[1:]), turn.minimal, turn.power, turn.cofactors)
    assert turn.derivatives(fields, ring) == turn.cofactors and wrong.derivatives(fields, ring) is None


def test_absolute_factors():
    R = PolynomialRing(QQ, ["x", "y", "z"])
    x, y, z = R.gens()
    draw = random.Random(3)
    for m in ((-2, 0, 0, 1), (-1, -1, 0, 1), (5, 0, 1)):
        line = PolynomialRing(QQ, "r")
        for _ in range(3):
            parts = [sum(draw.randint(-3, 3) * v for v in (x, y, z)) for _ in range(len(m) - 1)]
            norm = R(line.change_ring(R)(list(m)).resultant(line.change_ring(R)(parts)))
            if norm.degree() != len(m) - 1 or len(list(norm.factor())) > 1:
                continue
            found, minimal = absolute_factor(norm)
            again = R(line.change_ring(R)(list(minimal)).resultant(line.change_ring(R)(list(found))))
            assert len(found) == len(m) - 1 and again * norm.lc() == norm * again.lc()
    for whole in (x, x**2 + y**3 + 1, x**3 + y**3 + z**3 + x * y * z + 1):
        assert absolute_factor(whole) is None


def test_with_parameters_there_are_none():
    family = system("x' = a*y; y' = z; z' = x + y + z")
    assert root_sums(family, darboux_polynomials(family, 1)) == []
