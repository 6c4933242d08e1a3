r"""
Sign vectors of real gradients: how many classes of proportional coordinates there are, certified from below.

The sign vectors of a linear space of gradients have the rank of its number of classes of proportional coordinates
(:mod:`..flows.sign`). Near integer parameters the real gradients of samples are exact, and two coordinates that are not
proportional modulo a prime are not proportional. So where as many classes are seen as the model has, sign descent of
the real network has no law that the model has not, even if the gradients span less: in `relu 2 2 1` with positive
weights no two coordinates agree. In `relu 2 2 2 1` the second layer is never off there, so that the two weights behind
each unit of the first agree: 8 classes of 10. `relu 1 2 1` has one class, and three laws.
"""
import numpy as np

from ..exact import modular
from ..exact.arithmetic import ModularArithmetic
from ..exact.primes import random_prime
from .certified import RealRank
from .patterns import PatternResponse
from .points import integer_inputs, lively
from .reading import real_network

# Points with positive parameters that are tried, coordinates up to which they are, and entries of gradients at one
# point: a second for all.
_POINTS, _COORDINATES, _ENTRIES, _LEAST = 6, 3000, 100_000, 64

# Samples among which patterns are sought: each comes once before one comes twice.
_POOL = 3000


def certified_classes(response, rank, generator):
    r"""
    Return the certified rank of the sign vectors of real gradients at positive parameters, ``None`` for networks too
    large.
    """
    network, D = real_network(response), response.dimension
    if D > _COORDINATES:
        return None
    best = (0, 0, None)
    for theta in lively(response, network, generator, list(range(D)))[: _POINTS if D * _LEAST < _ENTRIES else 1]:
        classes, patterns = sign_classes(response, theta, generator)
        if classes > best[0]:
            best = classes, patterns, theta
        if classes >= rank:
            break
    classes, patterns, theta = best
    reached = classes >= rank
    return RealRank(
        min(classes, rank), (min(classes, rank),), "signs", reached, False,
        None if reached else "coordinates of real gradients are proportional at the points tried",
        None if theta is None else tuple(theta.tolist()), patterns, short=not reached,
    )


def sign_classes(response, theta, generator):
    """
    Return a lower bound for how many classes of proportional coordinates the real gradients have at integer parameters,
    zeros left out: the rank of their sign vectors, see :mod:`..flows.sign`; and how many patterns of activation occur.
    """
    network, D = real_network(response), response.dimension
    real = PatternResponse(response, network, theta, integer_inputs(network, generator, _POOL), generator)
    number = max(_LEAST, min(real.patterns + 8, _ENTRIES // D))
    p = random_prime(generator)
    A = ModularArithmetic(p)
    point = np.rint(theta).astype(np.int64) % p
    rows = np.broadcast_to(real.gradient(A, point, real.draw(generator, p, number)), (number, D))
    # Proportional coordinates have proportional columns modulo p; so different ones, made monic, are not proportional.
    classes = set()
    for column in rows.T:
        places = np.flatnonzero(column)
        if len(places):
            scale = np.int64(pow(int(column[places[0]]), -1, p))
            classes.add(modular.multiply(column, scale, p).tobytes())
    return len(classes), real.patterns
