r"""
The public call for the dimension of the set of functions that a network expresses.
"""
import time

import numpy as np

from ..flows import gradient
from ..graph.network import Network, required
from ..networks.modern import polynomial
from ..rank.gradient_span import gradient_rank, outputs_independent
from ..results.dimension import FunctionDimension
from ..runtime.alarm import interrupting
from ..runtime.announcements import announce
from ..runtime.deadline import Deadline, Stopped
from ..runtime.isolated import interruptible
from ..runtime.errors import InputError
from ..structure.neurovariety import ambient_dimension, dimension_at_most, expected_dimension
from ..runtime.arguments import seed_of
from .strategies.limits import DENSE_COORDINATES


def dimension(
    network: Network, *, seed: int | None = None, time_limit: float | None = None, progress: bool = False,
) -> FunctionDimension:
    r"""
    Bound the dimension of the set of functions of a network from below exactly, and prove it where an upper bound
    meets.

    For a network with activation `z^r` this set is dense in its neurovariety.  The rank of the gradients' span is the
    dimension; modulo a prime at one point it is a lower bound.  From above: the ambient space, scalings of hidden
    neurons, rotations before a single output, singular forms and hypersurfaces
    (:mod:`sage_conslaw.structure.neurovariety`).  For other networks with gates or cuts it is the dimension of their
    local model.

    INPUT:

    - ``network`` -- e.g. ``networks.polynomial(widths, power)``

    - ``seed``, ``time_limit``, ``progress`` -- as for :func:`conservation_laws`; when the time is over the exception's
      ``partial`` has ``dimension_at_least`` and ``dimension_at_most``

    OUTPUT: a result with ``dimension``, ``expected``, ``ambient``, ``defective``, ``filling``, ``status``

    EXAMPLES:

    Binary forms of degree 2 as sums of two squares fill their space; 5, 5, 3, 1 does not have the dimension that is
    expected::

        sage: from sage_conslaw import dimension, networks
        sage: dimension(networks.polynomial([2, 2, 1], 2), seed=0)
        dimension 3, as expected, in an ambient space of dimension 3: filling (proved)
        sage: dimension(networks.polynomial([5, 5, 3, 1], 2), seed=0).dimension
        32

    Matrices of rank at most 2, and what is no network::

        sage: dimension(networks.polynomial([3, 2, 3], 1), seed=0).dimension
        8
        sage: dimension("5 5 3 1")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputTypeError: '5 5 3 1' is not a network; give e.g. networks.polynomial([5, 5, 3, 1], 2)
    """
    start, seed, deadline = time.perf_counter(), seed_of(seed), Deadline(time_limit, progress)
    required(network, f"{network!r} is not a network; give e.g. networks.polynomial([5, 5, 3, 1], 2)")
    generator = np.random.default_rng(seed)
    # What is told if the time ends; it is tightened as bounds become known.
    known: dict = {"widths": list(network.sizes), "power": None, "dimension": None, "dimension_at_most": None,
             "expected": None, "ambient": None, "status": "bounded", "seed": seed, "time_limit_reached": True}
    try:
        # Bounds from above before the rank: they say where its search may end.
        with interrupting(deadline):
            family = gradient().family(network.response())
            known["dimension_at_most"] = family.dimension
            known.update(_bounded_above(network, family.dimension, generator))
            announce(lambda: known)
        # The rank of the Jacobian of the parameterisation is the dimension of its image (characteristic zero).
        rank, error = interruptible(
            lambda deadline: gradient_rank(family, generator, known["dimension_at_most"], deadline), deadline
        )
    except Stopped as stopped:
        least = stopped.partial.get("rank_at_least", 0)
        raise stopped.with_partial({**known, "dimension_at_least": least}) from None
    finally:
        deadline.close()
    most, power, expected, ambient = (known[key] for key in ("dimension_at_most", "power", "expected", "ambient"))
    # Each side is proved by itself; to meet they have to agree.
    if rank > most:
        raise ArithmeticError(f"contradiction: a dimension of at least {rank} and at most {most}; please report it")
    return FunctionDimension(
        widths=network.sizes,
        power=power,
        parameters=family.dimension,
        dimension=rank,
        dimension_at_most=most,
        expected=expected,
        ambient=ambient,
        status="proved" if rank == most else "probable",
        error_bound=None if rank == most else error,
        seed=seed,
        seconds=time.perf_counter() - start,
    )


def _bounded_above(network, parameters, generator):
    """Return what is expected of a network, and the bound from above; refuse a rank that does not fit."""
    known = {"dimension_at_most": parameters}
    if network.architecture == "polynomial":
        power, widths = network.options["power"], network.sizes
        known |= {"power": power, "expected": expected_dimension(widths, power),
                  "ambient": ambient_dimension(widths, power)}
        # Rotations are known for squares before one output, all invertible matrices for power 1.
        hidden = [n for n in range(1, len(widths) - 1) if power == 1 or power == 2 and widths[n + 1] == 1]
        independent = {layer: outputs_independent(polynomial(widths[:layer + 1], power), generator) for layer in hidden}
        known["dimension_at_most"] = min(parameters, dimension_at_most(widths, power, independent))
    most = known["dimension_at_most"]
    # So many independent rows are kept at most, of this length.
    if most * parameters > DENSE_COORDINATES ** 2:
        raise InputError(
            f"a rank of up to {most} in {parameters} coordinates needs about {56e-9 * most * parameters:.0f} GB of "
            f"memory; at most {DENSE_COORDINATES} by {DENSE_COORDINATES} entries fit"
        )
    return known
