"""The exact polynomials of proofs agree with dictionaries of terms, whichever form holds them."""
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage_conslaw._sage import QQ, PolynomialRing
from sage_conslaw.exact import terms as sparse
from sage_conslaw.exact.polynomials import PolynomialSpace

NUMBER = 4
MONOMIALS = st.lists(st.integers(0, NUMBER - 1), max_size=3).map(lambda m: tuple(sorted(m)))
TERMS = st.dictionaries(MONOMIALS, st.fractions(max_denominator=9).filter(bool), max_size=5)
# The second has more variables than dense exponents are used for.
SPACES = {number: PolynomialSpace(number) for number in (NUMBER, 2500)}


@pytest.mark.parametrize("number", SPACES)
@given(a=TERMS, b=TERMS)
def test_products_and_sums_agree_with_terms(number, a, b):
    space = SPACES[number]
    x, y = space.from_terms(a), space.from_terms(b)
    assert not x * y - space.from_terms(sparse.multiply(a, b))
    assert not x + y - space.from_terms(sparse.add(a, b))
    assert bool(x) == bool(a)
    assert bool(x - y) == (a != b)


@pytest.mark.parametrize("number", SPACES)
def test_constants_and_variables(number):
    space = SPACES[number]
    assert not space.zero()
    assert not space(Fraction(1, 2)) + space(Fraction(1, 2)) - space(1)
    assert len(space.gens()) == number
    assert not space.gens()[1] - space.from_terms({(1,): Fraction(1)})


@pytest.mark.parametrize("variables", [3, 400])
def test_irreducible_factors_multiply_up_in_rings_of_any_size(variables):
    """Sage factors nothing in a ring of hundreds of variables; the factors are those of a small ring."""
    ring = PolynomialRing(QQ, "z", variables)
    x, y, z = ring.gen(0), ring.gen(1), ring.gen(variables - 1)
    parts = [x + y, x**2 + z**2, y * z + 1]
    found = sparse.irreducible_factors(7 * parts[0] ** 2 * parts[1] * parts[2])
    assert sorted(f / f.lc() for f in found) == sorted(parts)
    assert sparse.irreducible_factors(ring(5)) == []
