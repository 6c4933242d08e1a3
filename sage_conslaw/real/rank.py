r"""
The rank of the Lie algebra of the real fields, certified from below.

`m` laws of the model are laws of the real network, and `r` real fields (or brackets of them) that are independent at
one point leave room for at most `N - r` laws near it: `m + r = N` is completeness without any assumption. Three ways to
`r`, by the kind of network (:mod:`.reading`): a polynomial network needs nothing, its model is the network; on regions
of activation a rank modulo a prime of exact fields; otherwise a minor of balls.

Where longer words add nothing and `r < N - m`, the real network may have `N - m - r` more laws: nothing is called
complete then. The trivial case is `product 2`; the famous one `relu 2 3 2`, where `r` reaches `N - m` at most points;
the one that fails is `relu 1 4 1`, with `r = 2` of 4.
"""
import copy
from dataclasses import dataclass, replace

from ..exact.primes import random_prime, with_lucky_prime
from ..graph.response import NetworkResponse
from .ball_words import ball_rank
from .certified import RealRank, unknown
from .grow import control_rank, grow
from .patterns import PatternResponse, fits_in_doubles
from .points import integer_inputs, integer_parameters, lively, mutated, positive_parameters
from .reading import real_network
from .sectors import most_gradients
from .smooth import SmoothResponse
from .work import BALLS, DEFAULT, DOUBLES, MODULAR, Costs, Work

# So many points are tried until the gradients have the model's rank: deep and narrow networks have dead units at most
# points.  The first are fresh, then the best is changed.  Measured on 48 runs with ReLU networks of depth 3 to 5 and
# widths 1 to 4: all reached it, the last after 108.
_POINTS, _POINTS_UNASKED, _POINTS_ON_A_LINE, _FRESH = 1000, 200, 40, 20

# Points with all gradients that are tried where brackets fall short.
_REGIONS = 6

# The part of the budget that is kept for brackets at the best point.
_KEPT = 0.3

# Ranks of this many parameters are compared; among more the point with the most patterns is taken as it is.
_RANKED = 250

# More coordinates take over a second.
_MOST_BY_DEFAULT = 800

# There patterns of activation are counted, on so many samples: a second for a million parameters.
_MOST_COUNTED, _COUNTED = 1_000_000, 256


def certified_rank(family, target, generator, deadline=None, budget=DEFAULT, inputs=None, point=None):
    r"""
    Return a proved lower bound for the rank of the Lie algebra of the real fields of a flow.

    INPUT:

    - ``family`` -- the family of a flow on a network

    - ``target`` -- the rank that would close the gap, `N - m`; no more is looked for

    - ``budget`` -- units of work (:mod:`.work`); ``None`` takes what it needs, up to the deadline

    - ``inputs`` -- samples by input leaf; by default any inputs

    - ``point`` -- parameters, by default good random ones

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw import networks
        sage: from sage_conslaw.flows.problem import problem
        sage: from sage_conslaw.real.rank import certified_rank
        sage: def real(net, target):
        ....:     r = certified_rank(problem(net).family, target, numpy.random.default_rng(0r), budget=None)
        ....:     return r.rank, r.reached, r.method
        sage: real(networks.product(2), 1), real(networks.relu([2, 3, 2]), 9)
        ((1, True, 'polynomial'), (9, True, 'patterns'))
        sage: real(networks.relu([1, 4, 1]), 4)                     # two patterns
        (2, False, 'patterns')
        sage: real(networks.perceptron([2, 2, 1], activation="tanh"), 6)
        (6, True, 'balls')
    """
    response = family.response
    if not isinstance(response, NetworkResponse):
        return unknown("no network is given")
    network = real_network(response)
    if network.kind is None:
        return unknown(network.reason)
    # A polynomial network has its model's fields, so the target, a rank that the model is proved to have, is its own.
    if network.kind == "polynomial" and inputs is None and point is None:
        return RealRank(target, (), "polynomial", True, False, local=False)
    if target <= 0:
        return RealRank(0, (0,), network.kind, True, False)
    if budget is not None and family.dimension > _MOST_BY_DEFAULT:
        return _unmeasured(family, network, target, generator)
    work = Work(budget, deadline)
    if network.kind == "balls" or getattr(response, "given_targets", None) is not None:
        return ball_rank(family, network, target, generator, work, inputs, point)
    return _pattern_rank(family, network, target, generator, work, inputs, point)


def restricted(family, response):
    """Return the family with another response."""
    family = copy.copy(family)
    family.response = response
    return family


def _pattern_rank(family, network, target, generator, work, inputs, point):
    best, searched, costs = None, False, Costs(network.nodes, family.dimension)
    search = _Search(family, network, generator, work, costs, inputs)
    for attempt in range(1, 1 + (_REGIONS if point is None else 1)):
        real, full, searched = search.best_point(target, point)
        if not real.samples:
            continue
        # Exact fields modulo p at an integer point: a rank there is a lower bound of that over Q at the point, and near
        # it.
        here = restricted(family, real)
        growth = with_lucky_prime(generator, lambda p: grow(here, generator, p, target, work, costs, real.samples))
        if best is None or growth.rank > best[0].rank:
            best = growth, real
        # With all gradients of the model, brackets may still depend on the region.
        if growth.rank >= target or not full:
            break
        if growth.words[0] < full:
            # Doubles saw more than the exact draws did: nothing is said.
            searched = False
            break
        if work.over():
            searched = attempt == _REGIONS or point is not None
            break
    if best is None:
        return RealRank(0, (0,), "patterns", False, False, "every sample has a pre-activation that is zero")
    growth, real = best
    reached = growth.rank >= target
    reason = None if reached else growth.reason if searched or not growth.stagnated else _UNTRIED
    # The span condition was looked at here, and single letters have a smaller rank than the model's.
    short = not reached and (growth.stagnated or growth.words[0] < control_rank(
        family, generator, random_prime(generator), target, 1, drift=family.drift is not None))
    return RealRank(growth.rank, growth.words, "patterns", reached, growth.stagnated and searched, reason,
                    tuple(real.theta.tolist()), real.patterns, short=short)


def _unmeasured(family, network, target, generator):
    """Return what is said of a network that is too large for ranks: patterns of activation are counted."""
    reason = f"{family.dimension} coordinates take longer than is spent unasked"
    if network.kind != "patterns" or family.response.dimension > _MOST_COUNTED or family.drift is not None:
        return unknown(reason)
    inputs = integer_inputs(network, generator, _COUNTED)
    theta = integer_parameters(generator, family.response.dimension, positive_parameters(family))[0]
    numbers = _COUNTED * sum(node.size for node in network.nodes)
    if numbers * BALLS > DEFAULT and not fits_in_doubles(network, family.response, theta, inputs):
        return unknown(reason)
    counted = PatternResponse(family.response, network, theta, inputs, generator)
    if counted.samples < _COUNTED // 2:
        # Where most samples have ties, as the largest of several zeros, the others say little.
        return unknown(reason)
    patterns = counted.patterns
    # On one pattern the network is affine in its inputs.
    size = (1 + sum(leaf.size for leaf in inputs)) * family.response.pairings[0][0].size
    # Where a quarter of the samples differ in pattern, most patterns were not met, and no bound follows.
    if patterns > _COUNTED // 4 or patterns * size >= target:
        return unknown(reason)
    few = (f"there are {patterns} patterns of activation at a point, so that real gradients have at most rank "
           f"{patterns * size} of the model's {target}; ranks in {reason}")
    return replace(unknown(few), method="patterns", patterns=patterns, short=True)


_UNTRIED = "the real rank is smaller at the points tried, and more points take longer than is spent unasked"


@dataclass(frozen=True)
class _Search:
    """The search for parameters with many independent gradients: what is asked, what it may cost, and the samples."""

    family: object
    network: object
    generator: object
    work: Work
    costs: Costs
    inputs: dict | None

    def samples(self):
        """Return the given samples, or new ones."""
        number = max(256, 4 * self.family.response.dimension)
        return integer_inputs(self.network, self.generator, number) if self.inputs is None else self.inputs

    def best_point(self, target, point):
        """Return the restricted response at the best point found, how many gradients it has where it has all (else 0),
        and whether the search was whole."""
        response, generator, work = self.family.response, self.generator, self.work
        if point is not None:
            return PatternResponse(response, self.network, point, self.samples(), generator), 0, True
        waiting = list(lively(response, self.network, generator, positive_parameters(self.family)))
        work.spend(self.costs.words(DOUBLES, len(waiting), 1))
        theta, samples, full, searched = waiting[0], self.samples(), 0, True
        if response.dimension <= _RANKED:
            # No point can have more independent gradients than the model.
            bar = control_rank(self.family, generator, random_prime(generator), min(target, response.dimension), 1)
            work.spend(self.costs.words(MODULAR, 2 * bar + 48, 1) + self.costs.elimination(2 * bar + 48, bar))
            most = most_gradients(self.network, response, theta)
            points = _POINTS_UNASKED if work.limit is not None else _POINTS
            if most < response.dimension:
                # Two patterns of activation: the signs of the parameters are all that matters.
                bar, points = min(bar, most), _POINTS_ON_A_LINE
            theta, samples, full, searched = self.ranked(waiting, bar, points)
        return PatternResponse(response, self.network, theta, samples, generator), full, searched

    def ranked(self, waiting, bar, points):
        """Return parameters with many independent gradients, by ranks on doubles, their samples, the bar where it is
        reached (else 0), and whether the search was whole."""
        response, positive = self.family.response, positive_parameters(self.family)
        smooth = SmoothResponse(response, self.network)
        best, rank = (waiting[0], self.samples()), -1
        for number in range(points):
            fresh = number < min(_FRESH, len(waiting))
            theta = waiting[number] if fresh else mutated(best[0], self.generator, positive)
            samples = self.samples()
            cost = self.costs.rank_on_doubles(max(map(len, samples.values()), default=1), response.dimension)
            if number and not self.work.allows(cost, 1 - _KEPT):
                return *best, 0, False
            self.work.spend(cost)
            found = smooth.rank_on_doubles(theta, samples, self.generator)
            # Also without gain: a walk over equal ranks leaves what is no maximum.
            if found >= rank:
                best, rank = (theta, samples), found
            if rank >= bar:
                return *best, bar, True
        return *best, 0, True
