"""The pieces of the search for integrals: branching, splits over extensions, denominators, Newton polytopes."""
import numpy as np
import pytest

from sage_conslaw import system
from sage_conslaw._sage import QQ, PolynomialRing
from sage_conslaw.function_fields.specialisation import Specialisation
from sage_conslaw.integrals.branching import Undecided, solve
from sage_conslaw.integrals.conjugates import quadratic_split
from sage_conslaw.integrals.darboux import cofactors_of, darboux_polynomials
from sage_conslaw.integrals.darboux_law import DarbouxLaw
from sage_conslaw.integrals.darboux_laws import darboux_laws, denominators, most_denominators
from sage_conslaw.integrals.independence import independent_laws
from sage_conslaw.integrals.newton import LaurentOperator, equations_of, table_of_monomials
from sage_conslaw.integrals.pencil import eigenvalues

RING = PolynomialRing(QQ, ["k", "a", "b"])
K, A, B = RING.gens()
PLANE = PolynomialRing(QQ, ["x", "y"])
X, Y = PLANE.gens()


def as_text(solutions):
    """Return solutions as comparable text."""
    return sorted(sorted((str(u), str(v)) for u, v in solution.items()) for solution in solutions)


@pytest.mark.parametrize("equations, expected", [
    ([A**2, B], [[("a", "0"), ("b", "0")]]),
    ([A**2], [[("a", "0")]]),
    ([K * (A - K) ** 2, B - 1], [[("a", "k"), ("b", "1")]]),
    # Neither factors, and their Groebner basis has the square (a - b)^2.
    ([A**2 + B**2 - 2 * K**2, A * B - K**2], [[("a", "-k"), ("b", "-k")], [("a", "k"), ("b", "k")]]),
    ([A**2 - K], []),
    ([K - 1], []),
    ([A**2 - 2, B], []),
])
def test_solutions_over_the_rational_functions_of_the_parameters(equations, expected):
    assert as_text(solve(equations, [A, B])) == expected


def test_what_is_not_decided_is_said():
    with pytest.raises(Undecided, match="of higher degree"):
        solve([A**2 + B**2 - 1], [A, B])
    with pytest.raises(Undecided, match="more than 1 branches"):
        solve([A * B], [A, B], most_branches=1)
    assert solve([], []) == []


def test_splits_over_quadratic_extensions():
    assert quadratic_split(2 * X**2 + 2 * X * Y + Y**2, [X, Y]) == (2 * X + Y, Y, -1)
    assert quadratic_split(X**2 + Y**2 + 1, [X, Y]) is None


def test_cofactors_and_denominators():
    turning = system(["x", "y"], ["x - y", "x + y"]).sparse_fields()
    assert cofactors_of(X**2 + Y**2, turning, PLANE) == (2,) and cofactors_of(X, turning, PLANE) is None
    node = system(["x", "y"], ["x", "2*y"])
    found = darboux_polynomials(node, 1)
    assert [product for product, _ in denominators(found, 2, [0, 1])] == [X, Y, X**2, X * Y, Y**2]
    assert [most_denominators(node, 20, rational) for rational in (False, True)] == [40, 2]
    assert not DarbouxLaw(((X, PLANE(2)), (Y, PLANE(-3))), PLANE(0)).holds_for(node.sparse_fields(), PLANE)


def test_equations_of_a_cofactor():
    assert table_of_monomials(2, 1) == [(1, 0), (0, 1)] and table_of_monomials(2, 0) == []
    assert equations_of([((0,), {0: 1})], {(0,): 1}, [(2,), (1,)]) == {(2,): {0: 1}, (1,): {1: 0}}
    lotka = LaurentOperator(system(["x", "y"], ["x*(1 - y)", "y*(x - 1)"]))
    assert lotka.part(lotka.ring.one(), 0) == 1
    both = LaurentOperator(system(["x", "y"], controls=[["x", "y"], ["x", "-y"]]))
    assert [both.part(both.ring.gen(1) * 3, number) for number in (0, 1)] == [0, 3]


def test_eigenvalues_of_the_lorenz_system():
    """With `b = 0` and `s = 1/3` the constant cofactor up to degree 4 is that of the famous quartic."""
    lorenz = LaurentOperator(system(["x", "y", "z"], ["1/3*(y - x)", "r*x - y - x*z", "x*y"], parameters=["r"]))
    at = Specialisation(lorenz.ring, 2**61 - 1, np.random.default_rng(0))
    operators, block = list(lorenz.operators.items()), table_of_monomials(3, 4)
    assert eigenvalues(operators, {}, (0, 0, 0), block, lorenz.ring, at) == [-QQ(4) / 3]


def test_independent_laws_leave_out_what_depends_on_those_before():
    family = system(["x", "y", "z"], ["x", "2*y", "3*z"])
    laws = list(darboux_laws(family, 1))
    numbers = len(laws), len(independent_laws(family, laws, laws)), len(independent_laws(family, [], laws + laws))
    assert numbers == (2, 0, 2) and independent_laws(family, [], []) == []
