"""Laws modulo an invariant ideal: dimensions, generic ranks and completeness on the variety."""
import numpy as np
import pytest
import sympy

from sage_conslaw._sage import QQ, PolynomialRing
from sage_conslaw import InputError, certificates, conservation_laws, first_integrals, is_conserved
from sage_conslaw.exact.primes import random_prime
from sage_conslaw.exact.terms import to_sage
from sage_conslaw.fields.variety import Variety
from sage_conslaw.expressions.polynomials import parse_polynomials
from sage_conslaw.inputs.systems import system
from sage_conslaw.integrals.darboux import darboux_polynomials
from sage_conslaw.integrals.darboux_laws import rational_laws
from sage_conslaw.integrals.independence import independent_laws
from spaces import Space

KEPLER = dict(variables=["x", "y", "px", "py", "u"], drift=["px", "py", "-x*u^3", "-y*u^3", "-u^3*(x*px + y*py)"],
              relations=["u^2*(x^2 + y^2) - 1"])


def test_kepler_has_energy_angular_momentum_and_the_runge_lenz_vector():
    family = system(**KEPLER)
    result = conservation_laws(family, degree=3, seed=0)
    assert result.number == len(result.independent) == 3 and result.complete is True
    for law in ("px^2 + py^2 - 2*u", "x*py - y*px", "py*(x*py - y*px) - x*u", "px*(x*py - y*px) + y*u"):
        assert is_conserved(law, family)
    # The relation is no law but zero, and what vanishes on the variety is conserved.
    assert is_conserved("u^2*x^2 + u^2*y^2", family) and not is_conserved("u^2*x^2", family)


def test_equations_that_the_relations_determine():
    given = conservation_laws(system(**KEPLER), degree=3, seed=0)
    drift = {"x": "px", "y": "py", "px": "-x*u^3", "py": "-y*u^3"}
    for variables in (KEPLER["variables"], KEPLER["variables"][:4]):
        found = conservation_laws(system(variables, drift, relations=KEPLER["relations"]), degree=3, seed=0)
        assert list(map(str, found.laws)) == list(map(str, given.laws))
    with pytest.raises(InputError, match="do not determine"):
        system(["x", "y", "w"], {"x": "1", "y": "1"}, relations=["x - y"])
    with pytest.raises(InputError, match="has no w"):
        system(["x", "w"], {"x": "1"}, relations=[])


def test_a_relation_is_no_law_and_takes_a_dimension():
    # A rotation of the plane on the circle: nothing is left; with a third coordinate at rest, that one.
    result = conservation_laws(system(["x", "y"], ["-y", "x"], relations=["x^2 + y^2 - 1"]), seed=0)
    assert (result.number, result.laws, result.complete) == (0, (), True)
    result = conservation_laws(system(["x", "y", "z"], ["-y", "x", "0"], relations=["x^2 + y^2 - 1"]), seed=0)
    assert (result.number, [str(law) for law in result.laws], result.complete) == (1, ["z", "z^2"], True)


def test_relations_with_parameters():
    # A bead on an ellipse in its own time: the ellipse is invariant over Q(a, b).
    family = system(["x", "y", "z"], ["-b*y", "a*x", "x*y"], parameters=["a", "b"], relations=["a*x^2 + b*y^2 - 1"])
    result = conservation_laws(family, degree=2, seed=0)
    assert result.state_dimension == 2 and len(result.independent) == 1 and result.complete is True
    for law in result.laws:
        assert is_conserved(law, family)


def test_algebraic_numbers_as_coordinates_at_rest():
    # x' = w y, y' = w x with w = sqrt 2: x^2 - y^2, whatever the root.
    result = conservation_laws(system(["x", "y", "w"], ["w*y", "w*x", "0"], relations=["w^2 - 2"]), seed=0)
    assert result.state_dimension == 2 and result.complete is True
    assert "x^2 - y^2" in map(str, result.laws)


def test_controls_on_the_sphere():
    """Rotations about two axes move a point of the sphere everywhere; about one axis they keep a coordinate."""
    sphere = ["x^2 + y^2 + z^2 - 1"]
    both = conservation_laws(
        system(["x", "y", "z"], controls=[["-y", "x", "0"], ["0", "-z", "y"]], relations=sphere), seed=0
    )
    assert (both.number, both.complete) == (0, True)
    one = conservation_laws(system(["x", "y", "z"], controls=[["-y", "x", "0"]], relations=sphere), seed=0)
    assert [str(law) for law in one.laws if law.degree() == 1] == ["z"] and one.complete is True


def test_points_lie_on_the_variety_and_see_its_tangent_space():
    names = ["x", "y", "z", "u", "v"]
    _, relations = parse_polynomials(["u^2*(x^2+y^2) - 1", "v^3 - x*z - 2"], names)
    variety = Variety(names, (), relations)
    generator = np.random.default_rng(0)
    assert variety.dimension == 3
    for _ in range(5):
        p = random_prime(generator)
        z = [int(c) for c in variety.point(generator, p)]
        for relation in relations:
            value = to_sage(relation, PolynomialRing(QQ, names))(*z)
            assert value % p == 0
        assert variety.normals(np.array(z), p).shape == (2, 5)


def test_powers_of_a_relation_are_its_radical():
    family = system(["x", "y", "z"], ["-y", "x", "0"], relations=["(x^2 + y^2 - 1)^2"])
    assert [str(law) for law in conservation_laws(family, seed=0).laws] == ["z", "z^2"]


def test_no_certificate_is_written_for_what_the_checkers_do_not_read():
    with pytest.raises(InputError, match="no certificate"):
        certificates.check(conservation_laws(system(**KEPLER), seed=0).certificate())


@pytest.mark.parametrize("variables, drift, law", [
    (["x", "y"], ["sqrt(2)*y", "-x"], "x^2 + sqrt(2)*y^2"),
    (["x", "p"], ["p", "-x*2^(1/3)"], "p^2 + 2^(1/3)*x^2"),
    (["x", "y"], ["sqrt(2)*sqrt(3)*y", "-sqrt(3)*x"], "x^2 + sqrt(2)*y^2"),
])
def test_roots_of_numbers_count_for_no_degree_and_are_no_laws(variables, drift, law):
    family = system(variables, drift)
    result = conservation_laws(family, degree=2, seed=0)
    assert (result.number, len(result.laws), result.complete) == (1, 1, True)
    assert is_conserved(law, family)


def test_names_that_only_a_relation_has_are_refused():
    with pytest.raises(InputError, match="Y is no variable and no parameter.*did you mean y"):
        system(["x", "y"], ["y", "-x"], relations=["x^2 + Y^2 - 1"])
    with pytest.raises(InputError, match="known are x, y"):
        system(["x", "y"], ["y", "-x"], relations=["z - 1"])


def test_a_table_is_a_whole_system():
    assert system({"q": "p", "p": "-q"}).drift == system(["q", "p"], ["p", "-q"]).drift


RELATED = [
    (system(**KEPLER), 3),
    (system(["q", "p"], ["p", "-sin(q)"]), 2),
    (system(["x", "y", "z"], controls=[["-y", "x", "0"]], relations=["x^2 + y^2 + z^2 - 1"]), 2),
    (system(["x", "y"], controls=[["y", "-x"], ["exp(x)*y", "-exp(x)*x"]]), 2),
    (system(["x", "y", "z", "a", "b", "c"], ["a", "b", "c", *(f"-{x}*(a^2 + b^2 + c^2)" for x in "xyz")],
            relations=["x^2 + y^2 + z^2 - 1", "x*a + y*b + z*c"]), 2),
]


@pytest.mark.parametrize("family, degree", RELATED, ids=[str(family)[:60] for family, _ in RELATED])
@pytest.mark.parametrize("algorithm", ["symbolic", "syzygies"])
def test_every_algorithm_finds_the_same_laws_modulo_relations(family, degree, algorithm):
    modular = conservation_laws(family, degree=degree, seed=0)
    other = conservation_laws(family, degree=degree, algorithm=algorithm, seed=0)
    assert other.laws and Space(list(other.laws)) == Space(list(modular.laws))
    assert (other.number, other.status, other.complete) == (modular.number, "proved", modular.complete)


def test_syzygies_modulo_relations_with_parameters():
    family = system(["x", "y", "z"], ["-b*y", "a*x", "x*y"], parameters=["a", "b"], relations=["a*x^2 + b*y^2 - 1"])
    assert list(map(str, conservation_laws(family, algorithm="syzygies", seed=0).laws)) == ["y^2 - 2*a*z"]


def test_a_rank_is_closed_modulo_relations():
    # Two fields of the sphere that are proportional on it: rank 1, proved over its functions.
    family = system(["x", "y", "z"], controls=[["-y", "x", "0"], ["-y*z", "x*z", "0"]],
                    relations=["x^2 + y^2 + z^2 - 1"])
    result = conservation_laws(family, degree=1, algorithm="symbolic", seed=0)
    assert (result.lie_dimension, result.number, result.status) == (1, 1, "proved")


def test_quotients_modulo_relations():
    # x - tan(q): the denominator is a Darboux polynomial on the circle.
    found = first_integrals(system(["q", "x"], ["cos(q)^2", "1"]), kind="rational", degree=2, seed=0)
    (law,) = found.integrals
    numerator, denominator = sympy.fraction(sympy.sympify(str(law).replace("^", "**")))
    q, x = sympy.symbols("q x")
    written = (numerator / denominator).subs({"sin_q": sympy.sin(q), "cos_q": sympy.cos(q)})
    assert sympy.simplify(written.diff(q) * sympy.cos(q)**2 + written.diff(x)) == 0 and found.complete is True


def test_a_quotient_whose_numerator_the_search_missed():
    # Calogero and Moser's two particles: the energy and one law more are polynomials over (x - y)^2.
    text = "x' = p; y' = q; p' = 2*g/(x-y)^3; q' = -2*g/(x-y)^3"
    family = system(text)
    laws = rational_laws(family, 4, found=darboux_polynomials(family, 1))
    assert len(independent_laws(family, [family.ring()("p + q")], laws)) == 2 and all(law.is_rational for law in laws)
