r"""
Numbers of laws by region: networks that are polynomial on regions may have more laws on some of them.

`relu 1 4 1` without biases has two patterns of activation where units have both signs, hence `8 - 2 = 6` laws; where
all have one sign only one pattern moves anything, and there are 7. The regions are met by random parameters, so rare
ones may be missing.
"""
from dataclasses import dataclass

import numpy as np

from .._sage import SageObject
from ..exact.primes import with_lucky_prime
from ..flows.problem import problem
from ..runtime.arguments import integer
from ..runtime.errors import InputError, InputTypeError
from .grow import grow
from .patterns import PatternResponse
from .points import integer_inputs, integer_parameters
from .rank import positive_parameters, restricted
from .reading import real_network
from .work import Costs, Work

# One point of a network with more parameters takes about a tenth of a second.
MOST_PARAMETERS = 200


@dataclass(frozen=True, repr=False)
class Region(SageObject):
    r"""
    Points with one number of laws.

    - ``number`` -- `N - r`, with `r` the certified rank of the real fields: no point met there has more laws

    - ``share`` -- the part of the random points; ``point`` -- one of them; ``patterns`` -- how many patterns of
      activation samples have there

    EXAMPLES::

        sage: from sage_conslaw.real.regions import Region
        sage: Region(6, 0.875, (1, -2, 3, 1), 2)
        at most 6 laws at 88 % of the points, e.g. around (1, -2, 3, 1), with 2 patterns of activation
    """

    number: int
    share: float
    point: tuple
    patterns: int

    def _repr_(self):
        point = ", ".join(map(str, self.point[:8])) + (", ..." if len(self.point) > 8 else "")
        return (
            f"at most {self.number} laws at {100 * self.share:.0f} % of the points, e.g. around "
            f"({point}), with {self.patterns} "
            f"pattern{'s' if self.patterns != 1 else ''} of activation"
        )


def numbers_by_region(network, flow=None, loss=None, points=100, seed=0):
    r"""
    Return the numbers of laws of the real network at random parameters, most frequent first; each is certified from
    above.

    INPUT:

    - ``network`` -- a network with gates (ReLU, leaky ReLU, absolute values, max-pooling) and no other nonlinearity

    - ``points`` -- how many random parameters are looked at

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.real.regions import numbers_by_region
        sage: sorted(region.number for region in numbers_by_region(networks.relu([1, 4, 1]), points=40))
        [6, 7]
        sage: numbers_by_region(networks.gated(2, 1))
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: regions belong to networks that are piecewise polynomial; this one is analytic, or not
        known exactly
    """
    try:
        points, seed = integer(points), integer(seed)
    except TypeError:
        raise InputTypeError(
            f"points {points!r} and seed {seed!r} are to be integers, e.g. points=100, seed=0"
        ) from None
    if points < 1:
        raise InputError(f"points {points} is not a positive integer; try points=100")
    family = problem(network, flow, loss).family
    real = real_network(family.response)
    if real.kind != "patterns":
        raise InputError(
            "regions belong to networks that are piecewise polynomial; this one is analytic, or not known exactly"
        )
    D = family.response.dimension
    if D > MOST_PARAMETERS:
        raise InputError(f"numbers by region are for at most {MOST_PARAMETERS} parameters, not {D}")
    generator, found, costs = np.random.default_rng(seed), {}, Costs(real.nodes, family.dimension)
    for theta in integer_parameters(generator, D, positive_parameters(family), points):
        response = PatternResponse(
            family.response, real, theta, integer_inputs(real, generator, max(256, 4 * D)), generator
        )
        if not response.samples:
            continue
        here = restricted(family, response)
        growth = with_lucky_prime(
            generator, lambda p: grow(here, generator, p, family.moving_dimension, Work(), costs, response.samples)
        )
        found.setdefault(family.moving_dimension - growth.rank, []).append(
            (tuple(int(a) for a in theta), response.patterns)
        )
    total = sum(map(len, found.values()))
    regions = [Region(number, len(met) / total, *met[0]) for number, met in found.items()]
    return sorted(regions, key=lambda region: (-region.share, region.number))
