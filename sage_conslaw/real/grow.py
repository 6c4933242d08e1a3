r"""
The growing span of exact real fields modulo a prime, by word length.

The draws come from a finite pool of samples, so one batch without gain shows little: a length is left only after the
whole pool was seen and two batches added nothing.

- Trivial: one sample, one field, and brackets with itself that vanish.
- Famous: ``relu 2 3 2``: the samples of a lively point alone reach the rank that the laws leave.
- One that falls short: ``relu 1 4 1``: one input has two patterns of activation; the span stops growing below the
  model's rank, and that is all that is said.
"""
from dataclasses import dataclass

import numpy as np

from ..exact import modular
from ..exact.arithmetic import ModularArithmetic
from ..exact.span import Span
from ..fields.bracket import random_field, random_pushed_field, random_word
from ..rank.orbit import pushed_tangents
from .work import MODULAR

# Batches without gain that end a word length.
_IDLE = 2

# Samples that are added up to one control: most units are on in some of them.
_MIXED = 12

# A pool of this size costs a rank of a millisecond in 30 coordinates.
_WHOLE = 384

# Words longer than this cost 3^8 passes each.
_LONGEST = 8


@dataclass(frozen=True)
class Growth:
    """The rank reached, the ranks by word length, and why it ended."""

    rank: int
    words: tuple
    stagnated: bool
    reason: object


def control_rank(family, generator, p, target, pool, drift=False):
    """
    Return the rank modulo ``p`` of the controls alone (on request with the drift), up to the target, after the whole
    pool was drawn.
    """
    A, z = ModularArithmetic(p), modular.random_array(generator, (family.dimension,), p)
    span = Span(family.dimension, p, target)
    while span.rank < target and (span.idle < _IDLE or span.drawn < pool):
        batch = _batch(span, pool)
        field = random_field(family, generator, p, batch) if drift else family.control
        new = field(A, z) if drift else field(A, z, family.draw(generator, p, batch))
        span.add(np.broadcast_to(new, (batch, family.dimension)))
    return span.rank


def _batch(span, pool):
    """Return how many fields are drawn next: the first batch shows most patterns; small pools are seen whole at
    once."""
    return max(24, span.most - span.rank + 8, 0 if span.drawn else min(pool, _WHOLE))


def grow(family, generator, p, target, work, costs, pool):
    """Return the rank modulo ``p`` of random words of the family, up to the target, within a budget of work."""
    if family.exact_flow is not None and family.shears:
        # Polynomial fields with these gates have one orbit through the point, and its dimension is the rank there.
        ranks = pushed_tangents(family, generator, p, target, mixed=min(pool, _MIXED), idle_steps=2 * _IDLE)
        ranks = [min(rank, target) for rank in ranks]
        step = (min(pool, _MIXED) + 1) * costs.words(MODULAR, ranks[-1], 2)
        work.spend(len(ranks) * (step + costs.elimination(target + ranks[-1], ranks[-1])))
        return Growth(ranks[-1], tuple(ranks), ranks[-1] < target, "longer paths add nothing")
    letter = random_pushed_field if family.exact_flow is not None and family.has_controls else random_field
    # A random point of the state space: only the gates know of the point, and polynomials have their generic rank.
    A, z = ModularArithmetic(p), modular.random_array(generator, (family.dimension,), p)
    span, words = Span(family.dimension, p, target), []
    for depth in range(_LONGEST):
        span.begin()
        while span.rank < target and (span.idle < _IDLE or not depth and span.drawn < pool):
            batch = _batch(span, 0 if depth else pool)
            cost = costs.words(MODULAR, batch, depth + 1) + costs.elimination(span.rank + batch, target)
            if (depth or span.drawn) and not work.allows(cost):
                return Growth(span.rank, (*words, span.rank), False, "it takes longer than is spent unasked")
            work.spend(cost)
            new = random_word(family, generator, p, batch, depth, letter)(A, z)
            span.add(np.broadcast_to(new, (batch, family.dimension)))
        words.append(span.rank)
        if span.rank >= target:
            return Growth(span.rank, tuple(words), False, None)
        # If V_{k+1} = V_k the module is closed under brackets; at a point modulo p that is seen, not proved.
        if words[-2:] == [span.rank] * 2:
            return Growth(span.rank, tuple(words), True, "longer words and more samples add nothing")
    return Growth(span.rank, tuple(words), False, f"words of more than {_LONGEST} letters are not tried")
