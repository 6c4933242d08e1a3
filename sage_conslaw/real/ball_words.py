r"""
Words of real fields on doubles, to choose, and on balls, to prove.

Doubles are fast and prove nothing; so they only choose: which samples, which words, which coordinates. The minor that
they choose is then evaluated on balls, where a determinant without zero is the proof. If a choice was wrong, no false
statement follows, only a smaller rank.
"""
import copy

import numpy as np

from ..exact.arithmetic import FloatArithmetic
from ..exact.balls import BallArithmetic, Undecided, nonzero_minor, pivots, precision, rank_beyond
from ..exact.primes import random_prime
from ..fields.bracket import bracket, combination
from . import pushed
from .components import spanning_number
from .grow import control_rank
from .points import metric_coordinates
from .smooth import SmoothResponse, dyadic
from .work import BALLS, DOUBLES, Costs
from .certified import RealRank

# Relative size below which a pivot in doubles counts as zero, and above which it is sure not to be one.
_TOLERANCES = (1e-10, 1e-4)

# Rounding leaves about 1e-16 of the letters' product, a cancellation of several terms about 1e-14.
_NOISE = 1e-12

# Bits of the balls: a minor of size 100 loses about 100 of them, brackets a few more; the second where doubles choose
# badly.
_BITS = (160, 400)

# Words longer than this take 3^5 passes each.
_LONGEST = 6

# Rows on doubles for each one that is missing: the elimination then has a choice.
_SPARE = 3

# Points that are tried where the rank is not reached at once.
_POINTS = 3

# The part of the budget that is kept for the proof.
_KEPT = 0.4

# Where gradients alone fall short of the model's, brackets decide: for them so many times the budget is spent.
_FOR_BRACKETS = 10

# Where units may be dead, so many points are tried for one with as many independent gradients as the model has.
_LIVELY = 40

# Rows of each length, and of each one that is missing, that are looked at on balls alone.
_ROWS_ON_BALLS = (16, 4)


class _Words:
    """Random words of one length at one point: letters that can be evaluated again, for some rows, in any
    arithmetic."""

    def __init__(self, family, generator, batch, length):
        self.family, self.letters = family, []
        for _ in range(length):
            data = family.response.samples(generator, batch) if family.has_controls else None
            weight = None if family.drift is None else dyadic(generator, (batch, 1))
            self.letters.append((data, weight))

    def _letter(self, data, weight, rows=slice(None)):
        part = data and {leaf: array[rows] for leaf, array in data.items()}
        return combination(self.family, part, None if weight is None else weight[rows])

    def values(self, A, z, rows=slice(None)):
        """Return the values of some of the words at a point."""
        word = None
        for data, weight in reversed(self.letters):
            letter = self._letter(data, weight, rows)
            word = letter if word is None else bracket(letter, word)
        return word(A, z)

    def without_noise(self, z):
        """Return the values on doubles; what is small against the product of the letters is rounding, and becomes
        zero."""
        A, size = FloatArithmetic(), 1.0
        values = self.values(A, z)
        for data, weight in self.letters:
            size = size * np.abs(self._letter(data, weight)(A, z)).max(axis=-1, keepdims=True)
        values = np.broadcast_to(
            np.where(np.isfinite(values), values, 0.0), np.broadcast_shapes(values.shape, np.shape(size))
        )
        return np.where(np.abs(values) > _NOISE * size, values, 0.0)


def ball_rank(family, network, target, generator, work, inputs=None, point=None):
    """Return the certified rank of the real fields of a network with true nonlinearities."""
    real = copy.copy(family)
    real.response = SmoothResponse(family.response, network, inputs)
    best, costs = None, Costs(network.nodes, family.dimension)
    if inputs is None and pushed.covers(family, real.response):
        return _pushed_rank(family, real, target, generator, work, costs, point)
    model = control_rank(family, generator, random_prime(generator), target, 1, drift=family.drift is not None)
    for _ in range(_POINTS if point is None else 1):
        z = _lively(real, generator, point, min(model, target), work, costs)
        with np.errstate(all="ignore"):
            pieces, words, why = _choose(real, z, target, generator, work, costs, model)
        seen = words[-1] if words else 0
        if best is None or seen > best[0]:
            best = seen, z, pieces, words, why
        if best[0] >= target or work.over():
            break
    number, z, pieces, words, why = best
    faint = real.response.faint and why == _NO_GAIN
    proved, failed = _prove(real, z, pieces, number, work, costs, target if why == _NO_GAIN else 0)
    if proved > number:
        # What doubles saw by length is no bound then.
        words = [*words[:-1], proved]
    if faint and proved <= number < target:
        why = _FAINT
    reached, letters = proved >= target, words[0] if words else 0
    where = dict(point=tuple(z[_place(family)].tolist()), local=not real.response.analytic,
                 divides=real.response.divides)
    if not reached and letters == model and _spans(family, real, z, pieces, letters, work, costs):
        return RealRank(target, tuple(words), "balls", True, False, spans=True, **where)
    # What doubles saw to fill the rank is no sign that the real fields fall short.
    short = not reached and letters < model and number < target and why != _FAINT
    return RealRank(proved, tuple(min(n, proved) for n in words), "balls", reached, not reached and why == _NO_GAIN,
                    None if reached else failed or why, short=short, **where)


def _pushed_rank(family, real, target, generator, work, costs, point):
    """Return the certified rank of momentum's real fields: vectors pushed along a path, no words."""
    best = None
    for _ in range(_POINTS if point is None else 1):
        z = _point(family, generator, point)
        with np.errstate(all="ignore"):
            path = pushed.choose(real, z, target, generator, work, costs, _TOO_LONG, _NO_GAIN)
        if best is None or path.ranks[-1] > best.ranks[-1]:
            best = path
        if best.ranks[-1] >= target or work.over():
            break
    proved, failed = pushed.prove(real, best, best.ranks[-1], work, costs, _TOO_LONG)
    reached = proved >= target
    # What doubles saw to fill the rank is no sign that the real fields fall short.
    seen = best.ranks[-1] >= target
    model = control_rank(family, generator, random_prime(generator), target, 1, drift=True)
    # Analytic along paths: the rank at the endpoint is one at generic points, wherever the path began.
    return RealRank(proved, tuple(min(n, proved) for n in best.ranks), "balls", reached,
                    not reached and best.reason == _NO_GAIN, None if reached else failed or best.reason,
                    tuple(best.start[_place(family)].tolist()), local=False,
                    short=not seen and best.ranks[0] < model)


_NO_GAIN = "longer words and more samples add nothing"
_NO_MINOR = "no minor is proved not to vanish in this precision"
_FAINT = "the eps of a normalisation is too small to be seen in doubles, and balls take longer than is spent unasked"
_TOO_LONG = "it takes longer than is spent unasked"
_TIES = "entries of the data drawn are too close to say which is larger"


def _spans(family, real, z, pieces, letters, work, costs):
    """Decide whether the real gradients span what the model's do around the point."""
    # LEMMA: let n fixed fields span the model's at every point, and let the real ones, which lie in their span, have
    # rank n at z.  Then both span one distribution of constant rank n near z, fields of one are combinations of those
    # of the other with smooth coefficients, and so are brackets: both Lie algebras have equal rank at points near z.
    number = spanning_number(family.response)
    if number is None or letters != number + (family.drift is not None):
        return False
    return _prove(real, z, pieces[:1], letters, work, costs)[0] == letters


def _place(family):
    """Return where the parameters are among the coordinates of the state space."""
    return slice(family.first_parameter, family.first_parameter + family.response.dimension)


def _stacked(pieces):
    """Return all rows of words, and where those of each length are."""
    bounds = np.cumsum([0] + [len(values) for _, values in pieces]).tolist()
    return np.concatenate([values for _, values in pieces]), list(zip(bounds, bounds[1:]))


def _point(family, generator, point):
    """Return a random point of the state space with the given parameters; times and what the metric depends on are
    positive."""
    z = dyadic(generator, (family.dimension,))
    positive = metric_coordinates(family) | set(family.constants) | ({family.time} - {None})
    z[sorted(positive)] = np.abs(z[sorted(positive)])
    if point is not None:
        z[_place(family)] = point
    return z


def _lively(family, generator, point, bar, work, costs):
    """Return a point; where gates may be closed, one with as many independent gradients as were seen at any tried."""
    best, most = _point(family, generator, point), -1
    if point is not None or family.response.analytic:
        return best
    batch = _SPARE * bar + 16
    cost = 2 * costs.words(DOUBLES, batch, 1) + costs.pivots(batch, bar)
    for _ in range(_LIVELY):
        if not work.allows(cost, 1 - _KEPT):
            break
        work.spend(cost)
        z = _point(family, generator, None)
        with np.errstate(all="ignore"):
            drawn = _decided(family, generator, batch, 1, z)
        rank = 0
        if drawn is not None:
            rank = len(pivots(np.broadcast_to(drawn[1], (batch, family.dimension)), _TOLERANCES[0])[0])
        if rank > most:
            best, most = z, rank
        if most >= bar:
            break
    return best


def _on_balls(family, z, pieces, number, target, work, costs):
    """Return the rank that balls confirm of what doubles are sure of and some other rows: the square of a small eps is
    no rounding there."""
    rows, places = _stacked(pieces)
    # Longer words lose what is small against their letters.
    sure, columns = pivots(rows[:places[:2][-1][1]], _TOLERANCES[-1])
    sure, columns = sure[:number], columns[:number]
    picked, (least, each), parts = pivots(rows, _TOLERANCES[0])[0][:number], _ROWS_ON_BALLS, []
    for start, stop in places:
        others = [i for i in picked if start <= i < stop and i not in set(sure)]
        others += [i for i in range(start, stop) if i not in set(picked)][:least + each * (target - number)]
        parts.append(([i - start for i in sure if start <= i < stop], [i - start for i in others]))
    cost = sum(costs.words(BALLS, len(mine + others), length) for length, (mine, others) in enumerate(parts, 1))
    cost += 4 * costs.determinant(max(number, 1)) * (1 + family.dimension // max(number, 1))
    if not work.allows(cost):
        return 0
    work.spend(cost)
    with precision(_BITS[1]):
        A, known, new = BallArithmetic(), [], []
        try:
            for (words, _), (mine, others) in zip(pieces, parts):
                values = words.values(A, A.embed(z), mine + others)
                values = np.broadcast_to(values, (len(mine + others), family.dimension))
                known += list(values[:len(mine)])
                new += list(values[len(mine):])
        except Undecided:
            return 0
        if not known:
            return 0
        return min(target, rank_beyond(np.array(known, dtype=object), np.array(new, dtype=object), columns))


def _choose(family, z, target, generator, work, costs, model=0):
    """Return words by length, the ranks by length in doubles, and why it ended."""
    pieces, ranks = [], []
    rows = np.zeros((0, family.dimension))
    for length in range(1, _LONGEST + 1):
        batch = _SPARE * (target - (ranks[-1] if ranks else 0)) + 16
        cost = (length + 1) * costs.words(DOUBLES, batch, length) + costs.pivots(len(rows) + batch, target)
        if length == 2 and ranks[0] < model:
            work.extend(_FOR_BRACKETS)
        if length > 1 and not work.allows(cost, 1 - _KEPT):
            return pieces, ranks, _TOO_LONG
        work.spend(cost)
        drawn = _decided(family, generator, batch, length, z)
        if drawn is None:
            return pieces, ranks, _TIES
        words, values = drawn[0], np.broadcast_to(drawn[1], (batch, family.dimension))
        pieces.append((words, values))
        rows = np.concatenate([rows, values])
        ranks.append(min(target, len(pivots(rows, _TOLERANCES[0])[0])))
        if ranks[-1] >= target:
            return pieces, ranks, None
        # Two lengths without gain: seen on doubles, and said as seen.
        if ranks[-2:] == [ranks[-1]] * 2:
            return pieces, ranks, _NO_GAIN
    return pieces, ranks, f"words of more than {_LONGEST} letters are not tried"


# Draws that are tried before ties are an answer.
_DRAWS = 8


def _decided(family, generator, batch, length, z):
    """Return words with data at which doubles decide each choice of the network, and their values; ``None`` if some
    draws in a row have ties."""
    for _ in range(_DRAWS):
        words = _Words(family, generator, batch, length)
        try:
            return words, words.without_noise(z)
        except Undecided:
            continue
    return None


def _prove(family, z, pieces, number, work, costs, target=0):
    """Return the largest rank up to ``number`` that balls confirm, up to ``target`` where doubles may see too little,
    and why not ``number``."""
    if not number:
        return 0, None
    rows, places = _stacked(pieces)
    picked, columns = (chosen[:number] for chosen in pivots(rows, _TOLERANCES[0]))
    parts = [sorted(i - start for i in picked if start <= i < stop) for start, stop in places]
    cost = costs.determinant(len(picked)) + costs.pivots(len(rows), number)
    cost += sum(costs.words(BALLS, len(mine), length) for length, mine in enumerate(parts, 1) if mine)
    if not work.allows(cost):
        return 0, _TOO_LONG
    work.spend(cost)
    with precision(_BITS[0]):
        A = BallArithmetic()
        try:
            values = [
                np.broadcast_to(words.values(A, A.embed(z), mine), (len(mine), family.dimension))
                for (words, _), mine in zip(pieces, parts)
                if mine
            ]
        except Undecided as error:
            return 0, str(error)
        # A determinant whose ball excludes zero: the one step that proves something.
        balls = np.concatenate(values)
        confirmed = len(balls) if nonzero_minor(balls, list(range(len(balls))), columns) else 0
    if confirmed < max(number, target):
        confirmed = max(confirmed, _on_balls(family, z, pieces, number, max(number, target), work, costs))
    if confirmed >= number:
        return confirmed, None
    return confirmed, "a smaller minor only is proved not to vanish" if confirmed else _NO_MINOR
