r"""
From residues back to rational numbers: small integers first, then lattice reduction, then more primes.

Modulo 101 the residue 34 is `1/3`, as `3 \cdot 34 = 102`; no other fraction with numerator and denominator up to 7 has
it.  The residue of `1/50` modulo 101, which is 99, is read as `-2`: a fraction that is too long for the prime is taken
for a short one.  So whatever is reconstructed is checked over Q, and where that fails a further prime is taken.
"""
from fractions import Fraction
from math import isqrt


def rational(residue, modulus):
    r"""
    Return the fraction ``n/d`` with `|n|, d \le \sqrt{m/2}` and ``n/d = residue`` modulo `m`, or ``None``.

    There is at most one (Wang's algorithm: the extended Euclidean remainders stop at the bound).

    EXAMPLES::

        sage: from sage_conslaw.exact.reconstruction import rational
        sage: rational(pow(3r, -1r, 10007r) * 5 % 10007, 10007)
        Fraction(5, 3)
        sage: rational(10006, 10007)
        Fraction(-1, 1)

    Too large for this modulus::

        sage: rational(50, 101) is None
        False
        sage: rational(38, 101) is None
        True
    """
    residue, modulus = int(residue) % int(modulus), int(modulus)
    bound = isqrt(modulus // 2)
    if residue <= bound:
        return Fraction(residue)
    if modulus - residue <= bound:
        return Fraction(residue - modulus)
    previous, current = modulus, residue
    previous_factor, factor = 0, 1
    while current > bound:
        quotient = previous // current
        previous, current = current, previous - quotient * current
        previous_factor, factor = factor, previous_factor - quotient * factor
    if abs(factor) > bound:
        return None
    value = Fraction(current, factor)
    if value.denominator * residue % modulus != value.numerator % modulus:
        return None
    return value


def reconstruct(vector, modulus):
    r"""
    Return the sparse vector of rationals with these residues, or ``None`` if one entry has none.

    EXAMPLES::

        sage: from sage_conslaw.exact.reconstruction import reconstruct
        sage: reconstruct({4: 1, 7: 100}, 101)
        {4: Fraction(1, 1), 7: Fraction(-1, 1)}
    """
    out = {}
    for index, residue in vector.items():
        value = rational(residue, modulus)
        if value is None:
            return None
        out[index] = value
    return out


def combine(vector, modulus, other, prime):
    r"""
    Return the sparse vector modulo ``modulus * prime`` with the two given images (Chinese remainders).

    EXAMPLES::

        sage: from sage_conslaw.exact.reconstruction import combine
        sage: combine({0: 1, 1: 2}, 5, {0: 1, 1: 3}, 7)
        {0: 1, 1: 17}
    """
    modulus, prime = int(modulus), int(prime)
    lift = pow(modulus, -1, prime)
    out = {}
    for index in vector.keys() | other.keys():
        a, b = int(vector.get(index, 0)), int(other.get(index, 0))
        value = a + modulus * ((b - a) * lift % prime)
        if value:
            out[index] = value
    return dict(sorted(out.items()))
