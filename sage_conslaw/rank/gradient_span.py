r"""
The rank of the span of gradients itself, without brackets: the dimension of the set of functions that a network can
express.

The gradient of the response in the parameters, at random data, is a random covector of the tangent space of that set,
pulled back to the parameters.  Its rank modulo a prime at one point is a lower bound; at a random point it falls short
with probability at most `(rank + 1) \deg / p` (Schwartz and Zippel).
"""
import numpy as np

from ..exact.arithmetic import ModularArithmetic
from ..exact.linear_algebra import independent_rows, rank
from ..exact.modular import random_array
from ..exact.primes import point_failure_bound, prime_failure_bound, with_lucky_prime

# Draws beyond the rank: each one that adds nothing is a test of the end; two make a chance of about (deg / p)^2.
_SPARE = 2
# Draws at first: a rank that is as large as its bound is then found by one elimination (0.2 s at 500 x 1000).
_AT_ONCE = 512


def gradient_rank(family, generator, upper, deadline) -> tuple:
    """Return the rank, at most ``upper``, and a bound for the probability that the generic rank is larger."""
    def run(p):
        A, n, found = ModularArithmetic(p), family.dimension, 0
        theta = random_array(generator, (n,), p)
        rows, wanted = np.zeros((0, n), dtype=np.int64), min(upper, n)
        while True:
            deadline.check(rank_at_least=found)
            number = min(wanted - found + _SPARE, max(_AT_ONCE, found))
            values = np.broadcast_to(family.control(A, theta, family.draw(generator, p, number)), (number, n))
            rows = np.concatenate([rows, values])
            before, found = found, rank(rows, p)
            if found >= wanted or found - before < number:
                break
        degree = (found + 1) * family.field_degree
        error = point_failure_bound(degree, p) + prime_failure_bound((found + 1) * family.height_bits)
        return found, min(1.0, error)
    return with_lucky_prime(generator, run)


def outputs_independent(network, generator) -> bool:
    """Say whether the outputs are linearly independent functions of the input at generic parameters, as random inputs
    show."""
    def run(p):
        A, response = ModularArithmetic(p), network.response()
        theta, size = random_array(generator, (response.dimension,), p), network.output.size
        number = size + _SPARE
        values = response.forward(A, theta, response.draw(generator, p, number))[network.output]
        return len(independent_rows(values.reshape(number, size).T, p)) == size
    return with_lucky_prime(generator, run)
