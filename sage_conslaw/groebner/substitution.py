r"""
Parameters replaced by powers of one large number, and read off again as its digits (Kronecker substitution).

Linear algebra over Q is much faster than over Q(k).  With `k_i = B^{w_i}` a polynomial in the parameters with small coefficients is its
value, a rational number: its digits in base `B` are the coefficients.  What is read off is a guess, which the caller proves or discards.
"""
from .._sage import QQ, ZZ

# Numerators and denominators of what is read off stay below these; B has 64 bits, so that other digits are recognised.
_BASE = ZZ(2)**64 + 13
_LARGEST = ZZ(2)**28
_DENOMINATORS = (1, 2, 3, 4, 5, 6, 8, 9, 10, 12, 15, 16, 18, 20, 24, 27, 30, 32, 36, 48, 60)

# Numbers of more bits than this are slower than rational functions: 12 parameters of degree 1 have 800 bits, 3 of degree 7 have 33000.
_MOST_BITS = 40_000


class Substitution:
    r"""
    The substitution for polynomials of bounded degree in the parameters of a ring.

    EXAMPLES::

        sage: from sage_conslaw.groebner.substitution import Substitution
        sage: R = PolynomialRing(QQ, ["a", "b"])
        sage: a, b = R.gens()
        sage: at = Substitution(R, 2)
        sage: at.read(at(3*a^2/2 - 5*a*b + 1/7))
        3/2*a^2 - 5*a*b + 1/7
        sage: at.read(QQ(2^40)) is None
        True
    """

    def __init__(self, ring, degree):
        self.ring, self.degree, number = ring, degree, ring.ngens()
        # Of degree 1 there are no products, so that the powers may follow each other.
        self.weights = [i + 1 for i in range(number)] if degree <= 1 else [(degree + 1)**i for i in range(number)]
        self.fits = 64 * max(self.weights) * max(degree, 1) <= _MOST_BITS
        if self.fits:
            self.values = [QQ(_BASE**w) for w in self.weights]
            self._monomials = {}

    def __call__(self, value):
        """Return the value of a polynomial in the parameters."""
        return QQ(value) if isinstance(value, int) else QQ(value(*self.values))

    def read(self, value):
        """Return the polynomial with small coefficients that has this value, ``None`` if there is none."""
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
            terms = [(self._monomial(place), digit) for place, digit in digits.items()]
            if all(monomial is not None for monomial, _ in terms):
                return sum((digit * monomial for monomial, digit in terms), self.ring.zero()) / (value.denominator() * factor)
        return None

    def _monomial(self, place):
        """Return the product of parameters that a digit belongs to."""
        if place == 0:
            return self.ring.one()
        if self.degree <= 1:
            return self.ring.gen(place - 1) if place <= self.ring.ngens() else None
        monomial = self.ring.one()
        for gen in self.ring.gens():
            place, exponent = divmod(place, self.degree + 1)
            monomial *= gen**exponent
        return monomial if not place and monomial.degree() <= self.degree else None
