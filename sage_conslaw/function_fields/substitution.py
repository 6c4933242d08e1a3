r"""
Parameters replaced by powers of one large number, and read off again as its digits (Kronecker substitution).

Linear algebra over Q is much faster than over Q(k).  With `k_i = B^{w_i}` a polynomial in the parameters with small
coefficients is its value, a rational number: its digits in base `B` are the coefficients.  What is read off is a guess,
which the caller proves or discards.

The trivial case is a constant, its own value.  The famous one: `a^2 - 3 b` at `a = B, b = B^3` has the digits `-3` at
place 3 and 1 at place 2.  One that fails: `2^{40}`, a digit too large to be told from a carry::

    sage: from sage_conslaw.function_fields.substitution import Substitution
    sage: R = PolynomialRing(QQ, ["a", "b"]); a, b = R.gens()
    sage: at = Substitution(R, 2)
    sage: at.read(at(3*a^2/2 - 5*a*b + 1/7)), at.read(QQ(2^40)) is None
    (3/2*a^2 - 5*a*b + 1/7, True)
"""
from itertools import count, takewhile
from math import comb

from .._sage import QQ, ZZ

# Numerators and denominators of what is read off stay below these; B has 64 bits, so that other digits are recognised.
_BASE = ZZ(2)**64 + 13
_LARGEST = ZZ(2)**28
_DENOMINATORS = (1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 15, 16, 18, 20, 24, 27, 30, 32, 36, 48, 60)

# Numbers of more bits, or more monomials, than these are slower than rational functions.
_MOST_BITS = 40_000
_MOST_MONOMIALS = 3000


class Substitution:
    """The substitution for polynomials of bounded degree in the parameters of a ring."""

    def __init__(self, ring, degree):
        self.ring = ring
        self.fits = comb(ring.ngens() + degree, degree) <= _MOST_MONOMIALS
        if self.fits:
            self._places, weights = _weights(ring, degree)
            self.fits = 64 * max(self._places) <= _MOST_BITS
            self.values = [QQ(_BASE**w) for w in weights] if self.fits else None

    def __call__(self, value):
        """Return the value of a polynomial in the parameters."""
        return QQ(value) if isinstance(value, int) else QQ(value(*self.values))

    def read(self, value):
        """Return the polynomial with small coefficients that has this value, ``None`` if there is none."""
        # The denominator that is seen may have lost factors to the numerator: multiples of it are tried, small ones.
        for factor in _DENOMINATORS:
            digits = _digits(value.numerator() * factor)
            if digits is not None and digits.keys() <= self._places.keys():
                total = sum((digit * self._places[place] for place, digit in digits.items()), self.ring.zero())
                return total / (value.denominator() * factor)
        return None

    def multiples(self, vector):
        r"""
        Yield vectors of polynomials whose values are multiples of an integer vector by a power of the base: it cancels
        where all entries have it.
        """
        for place in sorted(self._places):
            # Lazily: the first entry that is no value of a polynomial ends the work on a multiple.
            read = (self.read(entry * _BASE**place) for entry in vector)
            out = list(takewhile(lambda value: value is not None, read))
            if len(out) == len(vector):
                yield out


def _digits(number):
    """Return the digits that are not zero by their place, signed, ``None`` if one is too large."""
    digits, place = {}, 0
    while number:
        digit = number % _BASE
        digit = digit - _BASE if digit > _BASE // 2 else digit
        if abs(digit) > _LARGEST:
            return None
        if digit:
            digits[place] = digit
        number, place = (number - digit) // _BASE, place + 1
    return digits


def _weights(ring, degree):
    """Return weights of the parameters such that monomials up to the degree have different weights, and the monomials
    by weight."""
    # Greedily, the smallest weight that works: places are exponents of a number of 64 bits, and cost as many bits each.
    places, weights = {0: (ring.one(), 0)}, []
    for gen in ring.gens():
        for weight in count(1):
            grown = [(place + e * weight, monomial * gen**e, used + e) for place, (monomial, used) in places.items()
                     for e in range(1, degree - used + 1)]
            if len({place for place, _, _ in grown} - places.keys()) == len(grown):
                break
        places |= {place: (monomial, used) for place, monomial, used in grown}
        weights.append(weight)
    return {place: monomial for place, (monomial, _) in places.items()}, weights
