r"""
Tangent vectors of real momentum flows pushed along the orbit: a rank without brackets.

Momentum's drift has an exact flow, and each real control `(0, 0, M \nabla f)` is a shear: its flow adds its value.  By
the orbit theorem of Sussmann and Nagano the values of fields, pushed along such flows, lie in the Lie algebra at the
endpoint where the fields are analytic.  So one pass of simple duals a step does what words of the same length do with
nested ones: attention 2 4 with rotary positions needs words of five letters, `3^4` passes each.

Doubles choose the path and the vectors, balls prove a minor of the chosen ones at the endpoint, as in
:mod:`.ball_words`.  The trivial case is one parameter: drift and control, moved once.  Two that are refused: a gate,
and a norm of one number, `z/|z|`.  There the path may cross a wall, and what is behind it says nothing of the Lie
algebra here.  A norm of `q` numbers `W x`, `q \ge 2`, is singular in codimension `q`: a path that meets this set is
moved off it by an arbitrarily small change, which no minor notices.
"""
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..exact.arithmetic import Dual, DualArithmetic, FloatArithmetic
from ..exact.balls import BallArithmetic, Undecided, midpoints, nonzero_minor, pivots, precision
from ..fields.bracket import combination
from ..graph.operations import Add, Contract
from ..graph.tensor import Data, Parameter
from ..graph.true_functions import READINGS, Shares, Unit, reading_of
from .work import BALLS, DOUBLES

# Relative size below which a pivot in doubles counts as zero; the stricter one if the balls do not confirm it.
_TOLERANCES = (1e-9, 1e-6)

# Bits of the balls.
_BITS = (160, 400)

# Steps of a path in 64ths: small enough that weights stay of order one.
_GRAIN, _LEAST, _MOST = 64, 12, 40

# Steps without gain that end the search.
_IDLE = 2

# Fields drawn at a point for each that is independent there.
_SPARE = 3


def covers(family, response):
    """Say whether the real fields of a family are analytic along paths, and have exact flows."""
    return family.exact_flow is not None and family.shears and response.analytic \
        and all(_without_walls(node) for node in response.nodes if isinstance(node, Data) and node.kind == "cut")


def _without_walls(cut):
    """Say whether a function is analytic, but in codimension two."""
    reading = reading_of(cut)
    # Shares over all entries are analytic; over the largest ones they jump where the choice does.
    if not isinstance(reading, Unit):
        return any(reading is known for known in READINGS.values()) or type(reading) is Shares
    return _submersive(cut.source) and cut.source.shape[-1] - reading.centred > 1


def _submersive(node):
    """Say whether a tensor is a weight array times an input, perhaps with more added that has parameters of its own:
    it moves in all directions where the weights do."""
    if node.operation is None:
        return False
    if isinstance(node.operation, Add):
        first, *others = node.inputs
        mine = set(first.ancestors(through_data=True))
        return node.shape == first.shape and _submersive(first) and not any(
            isinstance(leaf, Parameter) and leaf in mine for other in others
            for leaf in other.ancestors(through_data=True))
    if not isinstance(node.operation, Contract):
        return False
    kinds = [(isinstance(child, Parameter), isinstance(child, Data) and child.kind == "input") for child in node.inputs]
    return sorted(kinds) == [(False, True), (True, False)]


@dataclass(frozen=True)
class Station:
    """A point of a path: the fields looked at there, those chosen, and the way to the next point: a step along the
    drift, and a control with its size."""

    data: dict
    chosen: tuple
    step: Fraction
    shear: dict
    size: Fraction


@dataclass(frozen=True)
class Path:
    """A path, the rank at each of its points in doubles, and why it ended."""

    start: np.ndarray
    stations: tuple
    ranks: tuple
    reason: object


def choose(family, z, target, generator, work, costs, too_long, no_gain):
    """Return a path on doubles whose tangent vectors have the target's rank, or as much as there is."""
    A, duals = FloatArithmetic(), DualArithmetic(FloatArithmetic())
    start, stations, ranks, idle, batch = z, [], [], 0, None
    tangents, origin = np.zeros((0, family.dimension)), []
    while True:
        number = _SPARE * (target + 1 if batch is None else min(batch, target - len(tangents)) + 2)
        data = family.response.samples(generator, number)
        rows = np.concatenate([tangents, _values(family, A, z, data, number)])
        picked = pivots(rows, _TOLERANCES[0])[0][:target]
        where = origin + [(len(stations), i) for i in range(len(rows) - len(tangents))]
        order = sorted(picked)
        tangents, origin = rows[order], [where[i] for i in order]
        batch = len(order) if batch is None else batch
        # Vectors at a point stay independent when they are pushed on: a flow is a diffeomorphism.
        idle = idle + 1 if ranks and len(order) <= ranks[-1] else 0
        ranks.append(len(order))
        cost = costs.words(DOUBLES, number + len(order), 2) + costs.pivots(len(rows) + number, target)
        ended = None if len(order) >= target else no_gain if idle >= _IDLE else False
        if ended is False and not work.allows(cost):
            ended = too_long
        work.spend(cost)
        step, shear = _step(family, generator), family.response.samples(generator, 1)
        size = _size(family, A, family.drift_flow(A, None, z, step), shear)
        if ended is False and size is None:
            ended = "numbers overflow"
        stations.append((data, step, shear, size))
        if ended is not False:
            chosen = [tuple(i for s, i in origin if s == k) for k in range(len(stations))]
            # In the order of the stations: so are the balls.
            return Path(start, tuple(Station(data, rows, *way) for (data, *way), rows in zip(stations, chosen)),
                        tuple(ranks), ended)
        z, tangents = _moved(family, duals, z, tangents, step, shear, size)


def prove(family, path, number, work, costs, too_long):
    """Return the rank at the endpoint that balls confirm, ``number`` or 0, and why not."""
    # A value is one pass; each time it is moved on it is the infinitesimal part of another, measured as one and a half.
    left = len(path.stations) - 1
    passes = sum(len(station.chosen) * (2 + 3 * (left - k)) // 2 for k, station in enumerate(path.stations))
    cost = costs.words(BALLS, passes, 1) + costs.determinant(number)
    for bits in _BITS:
        if not work.allows(cost):
            return 0, too_long
        work.spend(cost)
        with precision(bits):
            try:
                balls = _along(family, path)
            except Undecided as error:
                return 0, str(error)
            for tolerance in _TOLERANCES:
                rows, columns = pivots(np.nan_to_num(midpoints(balls)), tolerance)
                if len(rows) >= number and nonzero_minor(balls, sorted(rows[:number]), columns[:number]):
                    return number, None
    return 0, "no minor is proved not to vanish in this precision"


def _along(family, path):
    """Return the chosen vectors at the endpoint of a path, on balls."""
    A = BallArithmetic()
    duals, z = DualArithmetic(A), A.embed(path.start)
    tangents = np.zeros((0, family.dimension), dtype=object)
    for number, station in enumerate(path.stations):
        if station.chosen:
            # Row 0 is the drift, which has no data of its own.
            rows = list(station.chosen)
            data = {leaf: array[[max(i - 1, 0) for i in rows]] for leaf, array in station.data.items()}
            values = np.broadcast_to(combination(family, data, None)(A, z), (len(rows), family.dimension)).copy()
            if 0 in rows:
                values[rows.index(0)] = family.drift_value(A, z)
            tangents = np.concatenate([tangents, values])
        if number < len(path.stations) - 1:
            z, tangents = _moved(family, duals, z, tangents, station.step, station.shear, station.size)
    return tangents


def _values(family, A, z, data, number):
    """Return the drift, and the controls with these data, at a point."""
    controls = np.broadcast_to(combination(family, data, None)(A, z), (number, family.dimension))
    rows = np.concatenate([np.reshape(family.drift_value(A, z), (1, family.dimension)), controls])
    # A norm of what is zero whatever the data gives no field.
    return np.where(np.isfinite(rows), rows, 0.0)


def _moved(family, duals, z, tangents, step, shear, size):
    """Return the endpoint of the drift's flow and of a shear, with the tangent vectors pushed there."""
    n, number = family.dimension, max(len(tangents), 1)
    if not len(tangents):
        tangents = np.broadcast_to(duals.base.scale(z, 0), (1, n))
    moved = family.drift_flow(duals, None, Dual(z, tangents), step)
    moved = duals.add(moved, duals.multiply(duals.fractions([size]), family.control(duals, moved, shear)))
    return np.reshape(moved.real, (-1, n))[0], np.broadcast_to(moved.infinitesimal, (number, n))


def _size(family, A, z, shear):
    """Return a power of two that makes a shear one of order one, ``None`` where it is not finite."""
    most = np.abs(family.control(A, z, shear)).max()
    if not np.isfinite(most):
        return None
    return Fraction(1) if most < 1 else Fraction(1, 2 ** int(np.ceil(np.log2(most))))


def _step(family, generator):
    """Return a step: a difference of times, or a ratio of them."""
    size = Fraction(int(generator.integers(_LEAST, _MOST)), _GRAIN)
    return size if family.exact_flow[0] == "linear" else 1 + size
