"""Exceptional parameters of rational systems and of systems with relations; fields given as quotients and SymPy
expressions."""
import pytest
import sympy

from sage_conslaw import (
    InputError,
    VectorFieldFamily,
    conservation_laws,
    exceptional_parameters,
    first_integrals,
    system,
)
from sage_conslaw._sage import QQ, PolynomialRing


def branches(family, **options):
    return [str(branch).split(":")[0] for branch in exceptional_parameters(family, seed=0, **options).branches]


def test_where_a_coefficient_is_not_defined_is_no_branch():
    # For a = 0 the system is not defined; for b = 0 the second coordinate rests.
    found = branches(system(["x", "y"], ["x/a", "b*y"], parameters=["a", "b"]), degree=1)
    assert found == ["where b = 0"]
    # The same system times a has a branch there.
    assert "where a = 0" in branches(system(["x", "y"], ["x", "a*b*y"], parameters=["a", "b"]), degree=1)


def test_branches_of_a_system_with_functions():
    # A pendulum that is pushed: for k = 0 the push is gone and the energy is conserved.
    family = system(["q", "p"], ["p", "-sin(q) - k*p"], parameters=["k"])
    result = exceptional_parameters(family, seed=0)
    assert [str(b).split(":")[0] for b in result.branches] == ["where k = 0"]
    (branch,) = result.branches
    assert (
        [str(law) for law in branch.laws] == ["p^2 - 2*cos_q"] and branch.independent == 1 and result.independent == 0
    )


def test_products_of_laws_modulo_the_relations_are_not_new():
    # Energy for all k; at k = 0 the momentum as well, but not its square.
    family = system(
        ["s", "c", "p", "w"], ["c*p", "-s*p", "-k*s", "k*p*w"], parameters=["k"], relations=["s^2 + c^2 - 1"]
    )
    result = exceptional_parameters(family, seed=0)
    assert result.independent == 1
    (branch,) = [b for b in result.branches if str(b).startswith("where k = 0")]
    assert {str(law) for law in branch.laws} == {"p", "w"} and branch.independent == 2


def test_relations_with_parameters_are_searched():
    family = system(["x", "y", "z"], ["-b*y", "a*x", "0"], parameters=["a", "b"], relations=["a*x^2 + b*y^2 - 1"])
    # Where b = 0 the first coordinate is the number 1/sqrt(a), and no law.
    assert exceptional_parameters(family, degree=1, seed=0).branches == ()
    family = system(["x", "y"], ["-w*y", "w*x"], parameters=["w", "R"], relations=["x^2 + y^2 - R^2"])
    assert [str(branch.condition[0]) for branch in exceptional_parameters(family, degree=1, seed=0).branches] == ["w"]


def test_quotients_of_a_ring():
    R = PolynomialRing(QQ, ["x", "y", "z"])
    x, y, z = R.gens()
    quotients = VectorFieldFamily(drift=[y/(x + z), -x/(x + z), R(0)], controls=[[y/z, -x/z, R(0)]])
    result = conservation_laws(quotients, seed=0)
    assert {str(law) for law in result.laws} == {"z", "x^2 + y^2", "z^2"} and result.complete is True
    assert first_integrals(quotients, degree=1, seed=0).integrals == (z,)
    bound = VectorFieldFamily(drift=[-y, x, R(0)], relations=[x**2 + y**2 - 1])
    assert conservation_laws(bound, degree=1, seed=0).state_dimension == 2
    with pytest.raises(InputError, match="does not keep"):
        VectorFieldFamily(drift=[y, x, R(0)], relations=[x**2 + y**2 - 1])
    with pytest.raises(InputError, match="components"):
        VectorFieldFamily(drift=[y/x, x])


def test_expressions_of_sympy():
    p, q = sympy.symbols("p q")
    # In alphabetical order: p' = -sin q, q' = p.
    result = conservation_laws(VectorFieldFamily(drift=[-sympy.sin(q), p]), seed=0)
    assert [str(law) for law in result.laws] == ["p^2 - 2*cos_q"] and result.complete is True
    root = conservation_laws(VectorFieldFamily(drift=[-1/sympy.sqrt(q)**3, p]), seed=0)
    assert root.complete is True and str(root.laws[0]) == "p^2 - 4*isqrt_q"
