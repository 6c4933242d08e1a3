r"""
Primes for modular evaluation, and what a rank modulo a prime proves.

A rank found modulo ``p`` at one point is a lower bound for the generic rank over Q.  It falls
short only if ``p`` divides, or the point annihilates, every maximal minor; the two functions at
the end bound the probability of that (Schwartz-Zippel lemma; primes drawn at random).
"""
import logging
import math

import numpy as np
from flint import fmpz
from ..runtime.errors import InputError

logger = logging.getLogger(__name__)

# The largest primes whose products can be reduced with one quotient of the machine's extended
# precision.  The quotient a*b/p must be right to within one unit: 64 bits of mantissa allow 62-bit
# primes, the 53 bits of a double (platforms without extended precision) 50-bit primes.
PRIME_BITS = 62 if np.finfo(np.longdouble).nmant >= 63 else 50


class UnluckyPrime(ArithmeticError):
    """A prime at which the computation means nothing; the caller takes the next one."""


def random_prime(generator, bits=PRIME_BITS):
    r"""
    Return a random prime with exactly ``bits`` bits.

    INPUT:

    - ``generator`` -- a ``numpy.random.Generator``

    - ``bits`` -- number of bits, at most ``PRIME_BITS``
    """
    if not 3 <= bits <= PRIME_BITS:
        raise InputError(f"a prime has between 3 and {PRIME_BITS} bits here, not {bits}")
    low = 1 << (bits - 1)
    while True:
        # Each odd number of these bits comes from two draws, so all primes are equally probable.
        candidate = int(generator.integers(low, 2 * low)) | 1
        if fmpz(candidate).is_prime():
            return candidate


def with_lucky_prime(generator, function, tries=20):
    """Call ``function(p)`` with random primes until one is not unlucky; name the unlucky ones in the log."""
    for _ in range(tries):
        try:
            return function(random_prime(generator))
        except UnluckyPrime as error:
            logger.info("%s; taking another", error)
            last = error
    raise ArithmeticError(f"{tries} random primes were all unlucky; the last: {last}")


def point_failure_bound(minor_degree, prime):
    r"""
    Bound the probability that a nonzero polynomial of the given degree vanishes at a random point.

    This is the Schwartz-Zippel lemma over GF(p): at most ``degree / p``.
    """
    return float(minor_degree) / float(prime)


def prime_failure_bound(height_bits, bits=PRIME_BITS):
    r"""
    Bound the probability that a random prime divides a nonzero integer of the given bit length.

    The integer has at most ``height_bits / (bits - 1)`` prime divisors of that size, among more than
    `2^{bits-2} / (bits \log 2)` primes (Rosser-Schoenfeld).
    """
    number_of_primes = 2.0 ** (bits - 2) / (bits * math.log(2))
    # Primes of b bits are at least 2^(b-1): h bits hold at most h / (b - 1) of them.
    return float(height_bits) / (bits - 1) / number_of_primes
