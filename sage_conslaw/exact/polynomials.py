r"""
Exact sparse polynomials over Q for proofs: products, sums, and whether a polynomial is zero.

Sage's and SymPy's polynomials stay at the door, dictionaries of terms (:mod:`.terms`) are what is kept; where an
identity is checked, polynomials are multiplied, and FLINT multiplies them 75, 85, 37 and 7 times faster than
dictionaries of fractions at 50, 200, 500 and 2000 variables (12, 4, 3 and 0.9 times faster than Sage's generic ones).
Its monomials are dense vectors of exponents: beyond that many variables, of which a proof on a large network uses few,
Sage's sparse exponents take less memory and no more time.
"""
from fractions import Fraction
from itertools import compress

import flint

from .._sage import QQ, PolynomialRing
from . import terms as sparse

# See the measurement above: the two are level at 2000 variables.
_DENSE_EXPONENTS = 2000

# So many terms are products of variables: one costs 2 microseconds, a dictionary of exponents 0.7 milliseconds a term
# at 1500 variables; sums of many terms are copied again and again.
_FEW_TERMS = 200


class PolynomialSpace:
    """
    The polynomials over Q in so many variables without names; elements add, subtract, multiply, and are false when
    zero.
    """

    def __init__(self, number: int):
        self.number = number
        self._dense = number <= _DENSE_EXPONENTS
        if self._dense:
            # Contexts are kept by FLINT: spaces of one size share theirs, and elements of them mix.
            self._context = flint.fmpq_mpoly_ctx.get([f"z{i}" for i in range(number)])
            self._gens = self._context.gens()
            self._zero = self._context.from_dict({})
        else:
            # Singular's rings take dense exponents, as FLINT's do; the generic ones are sparse.
            self._ring = PolynomialRing(QQ, number, "z", implementation="generic")
            self._zero = self._ring.zero()

    def zero(self):
        """Return the zero polynomial."""
        return self._zero

    def gens(self) -> tuple:
        """Return the variables."""
        return self._gens if self._dense else self._ring.gens()

    def __call__(self, value):
        """Return a rational constant."""
        if self._dense:
            return self._zero + flint.fmpq(int(value.numerator), int(value.denominator))
        return self._ring(QQ((int(value.numerator), int(value.denominator))))

    def from_terms(self, terms: dict):
        """Return the polynomial with these terms."""
        if not self._dense:
            return sparse.to_sage(terms, self._ring)
        if len(terms) <= _FEW_TERMS:
            total = self._zero
            for monomial, value in terms.items():
                term = self(value)
                for i in monomial:
                    term *= self._gens[i]
                total += term
            return total
        exponents = {}
        for monomial, value in terms.items():
            vector = [0] * self.number
            for i in monomial:
                vector[i] += 1
            exponents[tuple(vector)] = flint.fmpq(value.numerator, value.denominator)
        return self._context.from_dict(exponents)

    def terms_of(self, element) -> dict:
        """Return the terms of an element."""
        if not self._dense:
            return sparse.from_sage(element)
        out = {}
        for exponents, value in element.to_dict().items():
            places = compress(range(self.number), exponents)
            out[tuple(i for i in places for _ in range(int(exponents[i])))] = Fraction(int(value.p), int(value.q))
        return out
