"""The pieces of the search for exceptional values: factors, pivots, components, varieties and drops."""
import numpy as np
import pytest

from sage_conslaw import exceptional_parameters, system
from sage_conslaw._sage import QQ, PolynomialRing
from sage_conslaw.parameters.branches import BranchSearch
from sage_conslaw.parameters.pivots import MAX_TERMS, TooManyTerms, irreducible_factors
from sage_conslaw.parameters.rank_drops import DropSearch, rank_drops

RING = PolynomialRing(QQ, ["a", "b"])
A, B = RING.gens()


@pytest.mark.parametrize("polynomial, factors", [(-2 * A**2 * (A - B) ** 3, [A, A - B]), (RING(5), [])])
def test_each_factor_once(polynomial, factors):
    assert irreducible_factors(polynomial) == factors


def test_too_many_terms_are_said():
    with pytest.raises(TooManyTerms, match="terms is not factored"):
        irreducible_factors((A + B + 1) ** MAX_TERMS.bit_length() ** 2)


def test_a_square_in_a_lower_degree_is_no_new_law():
    """Where `b = a^2` the law is `y`, and the kernel of degree 2 has its square as well: larger, and nothing new."""
    family = system(["x", "y"], ["(a - b)*x", "(a^2 - b)*x^2"], parameters=["a", "b"])
    found = exceptional_parameters(family, degree=2, seed=0)
    assert [str(branch).split(":")[0] for branch in found.branches][0] == "where a = b"
    assert not any("a^2 - b" in str(branch).split(":")[0] for branch in found.branches)
    search = DropSearch(family, family.groups(2), np.random.default_rng(0))
    assert "a^2 - b = 0" in {str(drop.variety) for drops in search.levels(1) for drop in drops}


def test_branches_level_by_level():
    family = system(["x", "y"], ["a*y", "(b-1)*x"], parameters=["a", "b"])
    search = BranchSearch(family, family.groups(2), np.random.default_rng(0))
    assert search.generic == [{(0, 3, 3): -1, (1, 2, 2): 1, (2, 2): -1}]
    found = [[(str(branch.variety), branch.laws) for branch in level] for level in search.levels(2)]
    assert found == [[("b - 1 = 0", ({(3,): 1},)), ("a = 0", ({(2,): 1},))], []] and search.not_followed == []


@pytest.mark.parametrize("field, expected", [
    (["k*y", "(k-1)*(k-3)*x"], ([0, 1, 3], 0)), (["y", "(k^2-2)*x"], ([], 2))])
def test_values_of_one_constant(field, expected):
    """There is one quadratic law; at the roots of the products also a linear one."""
    assert rank_drops(system(["x", "y"], field, parameters=["k"]), np.random.default_rng(0)) == expected
