"""The pieces of the search for integrals: branching, splits over extensions, denominators, Newton polytopes."""
import pytest

from sage_conslaw import system
from sage_conslaw._sage import QQ, PolynomialRing
from sage_conslaw.integrals.branching import Undecided, solve
from sage_conslaw.integrals.conjugates import quadratic_split
from sage_conslaw.integrals.darboux import cofactors_of, darboux_polynomials
from sage_conslaw.integrals.darboux_law import DarbouxLaw
from sage_conslaw.integrals.darboux_laws import denominators, most_denominators
from sage_conslaw.integrals.newton import LaurentOperator, equations_of, table_of_monomials

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
