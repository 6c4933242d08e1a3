r"""
Ranks of random Lie words in blocks of coordinates, at a given point of a small network.

Words of growing length are drawn, each length as many as could still be new and two to see that no more are.  The
trivial case: one block of all coordinates, whose rank is that of the Lie algebra.  The famous one: the blocks of a
chain of linear layers, which fill at different lengths.  One that falls short: a network from whose inputs no path
leads to an output within the longest words that are paid for; the rank found is then only a lower bound, which is all
that is claimed of it.
"""
from dataclasses import dataclass
from itertools import count

import numpy as np

from ..exact.arithmetic import ModularArithmetic
from ..exact.span import Span
from ..fields.bracket import random_word

# A word of d + 1 letters costs about 3^d backward passes of the small network, each with this overhead, in numbers.
_OVERHEAD = 20_000


@dataclass(frozen=True)
class Effort:
    r"""
    How long words are tried.

    - ``work`` -- how many numbers the words of one length may cost

    - ``idle``, ``shortest`` -- lengths without gain after which the search ends, but not before this many lengths: for
      components that nowhere lead from input to output only every second length gains, and inside components the first
      ones give nothing

    - ``tested`` -- lengths that are tried in any case, to see that a rank is not larger than what is wanted
    """

    work: int
    idle: int
    shortest: int
    tested: int = 0

    def affords(self, numbers: int, depth: int) -> bool:
        """Say whether so many numbers may be computed at a depth of brackets."""
        return (numbers + _OVERHEAD) * 3 ** depth <= self.work


def word_ranks(family, point, blocks, wanted, generator, p, effort, deadline=None) -> list[int]:
    r"""
    Return the ranks of random Lie words at a point modulo a prime, in each block of coordinates: proved lower bounds.

    INPUT:

    - ``blocks`` -- lists of coordinates

    - ``wanted`` -- for each block the rank at which it is full; the search ends where all are, or where longer words
      add nothing

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw import networks
        sage: from sage_conslaw.flows.flow_family import FlowFamily
        sage: from sage_conslaw.rank.words import Effort, word_ranks
        sage: f = networks.linear([2, 2, 2]).response()
        sage: word_ranks(FlowFamily(f, f.names), numpy.array([1, 2, 3, 5, 7, 11, 13, 17]), [range(8), range(4)], [8, 4],
        ....:     numpy.random.default_rng(0r), int(2^61 - 1), Effort(10^7, 2, 4))
        [5, 4]
    """
    A, spans, idle = ModularArithmetic(p), [Span(len(block), p) for block in blocks], 0
    for depth in count():
        missing = [most - span.rank for most, span in zip(wanted, spans)]
        if max(missing, default=0) <= 0 and (depth >= effort.tested or min(missing, default=0) < 0):
            break
        batch = max(missing) + 2
        if idle >= effort.idle and depth >= effort.shortest or not effort.affords(batch * family.dimension, depth):
            break
        if deadline is not None:
            deadline.check()
        words = random_word(family, generator, p, batch, depth)(A, point)
        words = np.broadcast_to(words, (batch, family.dimension))
        gained = [
            span.add(words[:, block])
            for span, block, left in zip(spans, blocks, missing) if left > 0 or depth < effort.tested
        ]
        idle = 0 if any(gained) else idle + 1
    return [span.rank for span in spans]
