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
    """
    residue, modulus = int(residue) % int(modulus), int(modulus)
    bound = isqrt(modulus // 2)
    # Nearly all coefficients of laws are small integers: no division.
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
    # Two fractions n/d, n'/d' with one residue have m | n d' - n' d, of absolute value at most 2 b^2 <= m: it is zero
    # unless both are at the bound.  The remainder at which the bound is passed is the numerator if there is one.
    if abs(factor) > bound:
        return None
    value = Fraction(current, factor)
    # Where numerator and denominator had a common factor with the modulus the reduced fraction has another residue.
    if value.denominator * residue % modulus != value.numerator % modulus:
        return None
    return value


def reconstruct(vector, modulus):
    """Return the sparse vector of rationals with these residues, or ``None`` if one entry has none."""
    out = {}
    for index, residue in vector.items():
        value = rational(residue, modulus)
        if value is None:
            return None
        out[index] = value
    return out


def combine(vector, modulus, other, prime):
    """Return the sparse vector modulo ``modulus * prime`` with the two given images (Chinese remainders)."""
    modulus, prime = int(modulus), int(prime)
    lift = pow(modulus, -1, prime)
    out = {}
    for index in vector.keys() | other.keys():
        a, b = int(vector.get(index, 0)), int(other.get(index, 0))
        value = a + modulus * ((b - a) * lift % prime)
        if value:
            out[index] = value
    return dict(sorted(out.items()))
