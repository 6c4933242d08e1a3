"""The pieces of the search for exceptional values: factors, pivots, components, varieties and drops."""
import numpy as np
import pytest

from sage_conslaw import exceptional_parameters, system
from sage_conslaw._sage import QQ, PolynomialRing
from sage_conslaw.parameters.pivots import MAX_TERMS, TooManyTerms, irreducible_factors
from sage_conslaw.parameters.rank_drops import DropSearch

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
