r"""
Networks whose fields are all multiples of one: the number of laws is then known at once.

Where every datum is a single number and the response has the same degree in it everywhere, the response is
`f(\theta; \xi) = m(\xi) F(\theta)` with a monomial `m`, and all gradients are multiples of that of `F`.

- `product 5000`: `c x_1 \cdots x_N`, for a covector `c`.
- linear networks with one input and one output, at any depth and width: `c x \cdot W_3 W_2 W_1`.
- `U V x + V`: degrees 1 and 0 in `x`, so nothing is said.
"""
from collections import Counter

from ..exact.arithmetic import ModularArithmetic
from ..exact.modular import random_array
from ..exact.primes import with_lucky_prime
from .operations import Add, Contract, Gather
from .response import NetworkResponse
from .tensor import Constant, Data, Parameter


def has_one_field(response):
    """Say whether all gradients of a response are seen to be multiples of one; otherwise nothing is said."""
    if not isinstance(response, NetworkResponse):
        # A phi that was given as polynomials.
        return len(getattr(response, "components", ())) == 1
    if not response.is_gradient or any(leaf.size != 1 for leaf in response.data_leaves):
        return False
    degrees = {}
    for node in response.order:
        degrees[node] = _degrees(node, degrees)
        if degrees[node] is None:
            return False
    # The covectors are data too: a free one of several entries is several numbers, and was refused above.
    every = [degrees[node] + degrees[covector] for node, covector in response.pairings]
    return bool(every) and all(one == every[0] for one in every)


def is_seen_to_move(family, generator):
    """
    Say whether a field of a family is seen not to be zero, at a random point modulo a prime: where all are multiples of
    one, the rank is then one.
    """
    def moves(p):
        point = random_array(generator, (family.dimension,), p)
        return bool(family.control(ModularArithmetic(p), point, family.draw(generator, p, 1)).any())
    return with_lucky_prime(generator, moves)


def _degrees(node, degrees):
    """Return the degree of a node in each datum, ``None`` where its terms may have different ones."""
    if isinstance(node, (Constant, Parameter)):
        return Counter()
    if isinstance(node, Data):
        return Counter([node])
    inside = [degrees[child] for child in node.inputs]
    if isinstance(node.operation, Contract):
        return sum(inside, Counter())
    if isinstance(node.operation, (Add, Gather)) and all(one == inside[0] for one in inside):
        return inside[0]
    return None
