"""Darboux polynomials and laws modulo relations: found where the whole space has none, each exact in the ideal."""
import pytest

from sage_conslaw import first_integrals, system
from sage_conslaw.exact import terms as sparse

SINE = system(["q", "t"], ["sin(q)", "1"])
CASES = [
    (SINE, "darboux", 1, "log(sin_q) - log(cos_q - 1) + t"),
    (system(["x", "y", "z"], ["x*z", "y*z", "-x^2 - y^2"], relations=["x^2 + y^2 + z^2 - 1"]), "rational", 1,
     "x^2/((z + 1)*(z - 1))"),
    (system(["x", "t"], ["sqrt(1 + x^2)", "1"]), "darboux", 1, "log(x + sqrt_1) - t"),
    (system(["q", "t"], ["a*sin(q)", "1"], parameters=["a"]), "darboux", 1, "log(sin_q) - log(cos_q - 1) + a*t"),
]


def along(family, polynomial):
    """Return the derivative along the only field, in the ring of the family."""
    (field,), ring = family.sparse_fields(), family.ring()
    return sum(polynomial.derivative(ring.gen(i)) * sparse.to_sage(f, ring) for i, f in enumerate(field) if f)


def vanishes(family, value):
    """Say whether a quotient of polynomials is zero on the variety."""
    return family.variety.contains(sparse.from_sage(value.numerator()))


@pytest.mark.parametrize("family, kind, degree, text", CASES, ids=[case[3] for case in CASES])
def test_laws_modulo_relations(family, kind, degree, text):
    found = first_integrals(family, kind=kind, degree=degree, seed=0)
    assert [str(law) for law in found.integrals] == [text] and found.complete is True
    assert any("higher degree" in gap for gap in found.gaps)
    (law,) = found.integrals
    quotients = family.ring().fraction_field()
    total = sum((n * quotients(along(family, p)) / p for p, n in law.factors), quotients(along(family, law.exponent)))
    assert vanishes(family, total)
    for darboux in found.darboux_polynomials.polynomials:
        (cofactor,) = darboux.cofactors
        p = darboux.polynomial
        assert vanishes(family, quotients(along(family, p)) - quotients(str(cofactor)) * p)


def test_what_is_too_large_is_said():
    kepler = system(["x", "y", "p", "q"], ["p", "q", "-x/sqrt(x^2+y^2)^3", "-y/sqrt(x^2+y^2)^3"])
    found = first_integrals(kepler, kind="darboux", degree=2, seed=0)
    assert found.integrals == () and any("with 21 coefficients" in gap for gap in found.gaps)
    # What is known of all coordinates stays: 1/r, modulo the relation.
    assert [str(d.polynomial) for d in found.darboux_polynomials.polynomials] == ["isqrt_1"]
