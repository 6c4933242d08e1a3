r"""
The rank by exact flows: tangent vectors pushed along the orbit, at any depth, without a bracket.

By the orbit theorem (Sussmann 1973, Nagano 1966) the tangent space of the orbit through `z` is spanned by the values at
`z` of the fields pushed forward along flows of fields of the family, and for polynomial (analytic) fields it is the Lie
algebra at `z`.  Where the drift and the controls have flows that are rational in the coordinates (momentum with a
metric that does not depend on `w`: the controls are shears), this runs in GF(p).

- Trivial: the drift `w\,d/dx` and the control `d/dw`.  Pushed for a time `h` the control becomes `h\,d/dx + d/dw`: two
  times give both directions, without the bracket that would.
- Famous: linear 2 2 2 2 with momentum, 25 coordinates: the ranks by step are 5, 10, 15, 20, 23, each step a flow where
  words would nest another bracket.
- One that fails: with a metric that depends on the velocity the controls are no shears; there words are taken.
"""
import numpy as np

from ..exact import modular
from ..exact.arithmetic import Dual, DualArithmetic, ModularArithmetic
from ..exact.linear_algebra import independent_rows
from ..exact.span import Span
from ..fields.bracket import random_field

# One step without gain ends the search but for a small probability; the second draws everything anew.
_IDLE_STEPS = 2


def pushed_tangents(family, generator, p, upper, deadline=None, mixed=1, idle_steps=_IDLE_STEPS):
    r"""
    Return the ranks of the pushed tangent vectors after each step, until the bound is reached or nothing is gained.

    INPUT:

    - ``family`` -- a family whose drift integrates exactly and whose controls are shears

    - ``upper`` -- the dimension, or a proved upper bound

    - ``mixed`` -- how many draws each step adds up: several, where draws come from a finite pool and no single one is
      generic

    - ``idle_steps`` -- steps without gain that end the search

    Each rank is a proved lower bound of the rank of the Lie algebra at generic points.
    """
    A = ModularArithmetic(p)
    duals = DualArithmetic(A)
    n = family.dimension
    z = modular.random_array(generator, (n,), p)
    span, ranks, idle = Span(n, p), [], 0
    # Fields added at a point: as many as can be independent there, found by doubling at the first point.
    batch = None
    while True:
        if deadline is not None:
            deadline.check(rank_at_least=span.rank, ranks=tuple(ranks))
        here, batch = _fields_here(family, generator, p, A, z, batch, 1 if mixed == 1 else 3)
        span.add(here)
        idle = idle + 1 if ranks and span.rank == ranks[-1] else 0
        ranks.append(span.rank)
        if span.rank >= upper or idle == idle_steps:
            return ranks
        step = family.random_step(generator, p)
        moved = family.drift_flow(duals, p, Dual(z, span.rows), step)
        # The endpoint of a shear's flow is the point plus the value of the field.
        start = moved
        for _ in range(mixed):
            moved = duals.add(moved, family.control(duals, start, family.draw(generator, p, 1)))
        z = moved.real.reshape(n)
        span.carry(np.broadcast_to(moved.infinitesimal, (span.rank, n)))


def _fields_here(family, generator, p, A, z, batch, spare):
    """Return independent values at ``z`` of drift and random fields, and how many were enough."""
    drift = np.broadcast_to(family.drift_value(A, z), (1, family.dimension))
    number = batch or 16
    while True:
        values = random_field(family, generator, p, spare * number)(A, z)
        rows = np.concatenate([drift, np.broadcast_to(values, (spare * number, family.dimension))])
        kept = independent_rows(rows, p)
        if len(kept) < len(rows) or batch is not None or number > family.dimension:
            return rows[kept], max(len(kept), 1) + 1
        number *= 2
