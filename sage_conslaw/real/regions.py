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
from ..laws.independence import independent_in
from ..laws.kernel import polynomial_laws
from ..laws.monomials import blocks
from ..runtime.arguments import integer
from ..runtime.errors import InputError, InputTypeError, first_few
from .grow import grow
from .patterns import PatternResponse
from .points import integer_inputs, integer_parameters, positive_parameters
from .rank import restricted
from .reading import real_network
from .sectors import response_on_region
from .work import Costs, Work

# One point of a network with more parameters takes about a tenth of a second.
MOST_PARAMETERS = 200


@dataclass(frozen=True, repr=False)
class Region(SageObject):
    """
    Points with one number of laws.

    - ``number`` -- `N - r`, with `r` the certified rank of the real fields: no point met there has more laws

    - ``share`` -- the part of the random points; ``point`` -- one of them; ``patterns`` -- how many patterns of
      activation samples have there

    - ``least`` -- how many independent polynomial laws of degree 2 there are for every input around ``point``; where
      that is the number it is proved
    """

    number: int
    share: float
    point: tuple
    patterns: int
    least: int = 0

    def to_dict(self):
        """Return it as JSON objects."""
        return {
            "number": self.number,
            "number_at_least": self.least,
            "share": self.share,
            "point": list(self.point),
            "patterns": self.patterns,
        }

    def _repr_(self):
        point = first_few(self.point)
        return (
            f"{f'between {self.least} and ' if self.least < self.number else ''}{self.number} "
            f"law{'' if self.number == 1 else 's'} at {100 * self.share:.0f} % of the points, e.g. around "
            f"({point}), with {self.patterns} "
            f"pattern{'s' if self.patterns != 1 else ''} of activation"
        )


def family_on_region(family, theta):
    r"""
    Return the family of the real fields on the region of activation around integer parameters, for every input;
    ``None`` where nothing is known of it beyond the model.
    """
    response = response_on_region(real_network(family.response), family.response, theta)
    if response is None:
        return None
    # Polynomials are the network there: nothing is forgotten, and no span condition is left.
    family = restricted(family, response)
    family.forgotten, family.is_polynomial, family.on_given_data = (), True, True
    return family


def _laws_around(family, theta, generator):
    """Return how many independent polynomial laws there are around a point, for every input."""
    here = family_on_region(family, np.asarray(theta, dtype=np.float64))
    # Where nothing is decided for every input, the laws of the model are those that are known.
    here = family if here is None else here
    search = here.groups()
    laws = polynomial_laws(here, search, generator, pieces=blocks(here, search, generator))
    return len(independent_in(here, laws, generator))


def numbers_by_region(
    network, flow: object = None, loss: str | None = None, points: int = 100, seed: int | None = 0,
) -> list:
    r"""
    Return the numbers of laws of the real network at random parameters, most frequent first; each is certified from
    above, and from below by the polynomial laws around one of the points.

    INPUT:

    - ``network`` -- a network with gates (ReLU, leaky ReLU, absolute values, max-pooling) and no other nonlinearity

    - ``points`` -- how many random parameters are looked at

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.real.regions import numbers_by_region
        sage: regions = numbers_by_region(networks.relu([1, 4, 1]), points=40)
        sage: sorted((region.least, region.number) for region in regions)
        [(6, 6), (7, 7)]
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
    generator, costs = np.random.default_rng(seed), Costs(real.nodes, family.dimension)
    found: dict = {}
    # The share of a region is that among random points, and rare regions may be missing.
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
        # A rank from below, so a number from above; the laws around one of the points are a number from below.
        found.setdefault(family.moving_dimension - growth.rank, []).append(
            (tuple(int(a) for a in theta), response.patterns)
        )
    total = sum(map(len, found.values()))
    regions = [
        Region(number, len(met) / total, *met[0], _laws_around(family, met[0][0], generator))
        for number, met in found.items()
    ]
    return sorted(regions, key=lambda region: (-region.share, region.number))
