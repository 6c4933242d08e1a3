r"""
Exceptional damping: values of `\tau` at which momentum conserves more than at others.
"""
import numpy as np

from .. import flows as flow_room
from ..engine.api import conservation_laws
from ..flows.problem import problem
from ..runtime.arguments import seed_of
from ..runtime.errors import InputError
from .rank_drops import rank_drops


def exceptional_damping(
    data: object, *, loss: str | None = None, metric: object = None, seed: int | None = None,
) -> list:
    r"""
    Return the values `\tau > 0` at which momentum has more laws than for generic `\tau`; each is proved by a run of its
    own.

    INPUT:

    - ``data`` -- a network or `\phi`

    - ``metric`` -- as for :func:`flows.momentum`

    OUTPUT: a list of pairs (value, result), for the rational values; the candidates are found by exact ranks over
    `Q(\tau)`, see :func:`exceptional_parameters`.  The value 0 has a time coordinate of its own and is a separate run.

    EXAMPLES::

        sage: from sage_conslaw import exceptional_damping, networks
        sage: exceptional_damping(networks.linear([2, 2, 2]))
        []

    Names that velocities would take::

        sage: R.<u, v, du, dv> = QQ[]
        sage: exceptional_damping([R.gen(0)*R.gen(1)], metric=None)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: phi has the variables du, dv, which are names of velocities; rename them
    """
    seed = seed_of(seed)
    taken = set(problem(data, None, loss).family.names)
    clash = sorted(name for name in taken if name[0] == "d" and name[1:] in taken)
    if clash:
        raise InputError(f"phi has the variables {', '.join(clash)}, which are names of velocities; rename them")
    generic = conservation_laws(data, flow=flow_room.momentum("tau", metric), loss=loss, seed=seed)
    family = problem(data, flow_room.momentum("tau", metric), loss).family
    candidates, _ = rank_drops(family, np.random.default_rng(seed))
    found = []
    # A kernel that grows may hold products alone, as everywhere else: only what a run of its own counts is told.
    for value in candidates:
        if value > 0:
            result = conservation_laws(data, flow=flow_room.momentum(value, metric), loss=loss, seed=seed)
            if result.number > generic.number or len(result.laws) > len(generic.laws):
                found.append((value, result))
    return found
