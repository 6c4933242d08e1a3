r"""
Parameters replaced by powers of one large number, and read off again as its digits (Kronecker substitution).

Linear algebra over Q is much faster than over Q(k).  With `k_i = B^{w_i}` a polynomial in the parameters with small
coefficients is its value, a rational number: its digits in base `B` are the coefficients.  What is read off is a guess,
which the caller proves or discards.
"""
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
    r"""
    The substitution for polynomials of bounded degree in the parameters of a ring.

    EXAMPLES::

        sage: from sage_conslaw.function_fields.substitution import Substitution
        sage: R = PolynomialRing(QQ, ["a", "b"])
        sage: a, b = R.gens()
        sage: at = Substitution(R, 2)
        sage: at.read(at(3*a^2/2 - 5*a*b + 1/7))
        3/2*a^2 - 5*a*b + 1/7
        sage: at.read(QQ(2^40)) is None
        True
    """

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
        r"""
        Return the polynomial with small coefficients that has this value, ``None`` if there is none.

        EXAMPLES::

            sage: from sage_conslaw.function_fields.substitution import Substitution
            sage: R = PolynomialRing(QQ, ["a", "b"])
            sage: a, b = R.gens()
            sage: at = Substitution(R, 2)
            sage: at.read(at(a^2 - 3*b))
            a^2 - 3*b
        """
        for factor in _DENOMINATORS:
            number = value.numerator() * factor
            digits, place = {}, 0
            while number and digits is not None:
                digit = number % _BASE
                digit = digit - _BASE if digit > _BASE // 2 else digit
                if abs(digit) > _LARGEST:
                    digits = None
                elif digit:
                    digits[place] = digit
                number = (number - digit) // _BASE
                place += 1
            if digits is None:
                continue
            if all(place in self._places for place in digits):
                total = sum((digit * self._places[place] for place, digit in digits.items()), self.ring.zero())
                return total / (value.denominator() * factor)
        return None


    def multiples(self, vector):
        r"""
        Yield vectors of polynomials whose values are multiples of an integer vector by a power of the base: it cancels
        where all entries have it.

        EXAMPLES::

            sage: from sage_conslaw.function_fields.substitution import Substitution
            sage: R = PolynomialRing(QQ, ["a", "b"])
            sage: a, b = R.gens()
            sage: at = Substitution(R, 2)
            sage: [a^2, a*b] in at.multiples([QQ(1), at(b) / at(a)])
            True
        """
        for place in sorted(self._places):
            out = []
            for entry in vector:
                value = self.read(entry * _BASE**place)
                if value is None:
                    break
                out.append(value)
            else:
                yield out


def _weights(ring, degree):
    """Return weights of the parameters such that monomials up to the degree have different weights, and the monomials
    by weight."""
    places, weights = {0: (ring.one(), 0)}, []
    for gen in ring.gens():
        weight = 0
        while True:
            weight += 1
            grown = {}
            for place, (monomial, used) in places.items():
                for e in range(1, degree - used + 1):
                    new = place + e * weight
                    if new in places or new in grown:
                        break
                    grown[new] = monomial * gen**e, used + e
                else:
                    continue
                break
            else:
                break
        places.update(grown)
        weights.append(weight)
    return {place: monomial for place, (monomial, _) in places.items()}, weights
