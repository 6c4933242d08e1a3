r"""
All conservation laws of a training dynamics, and a proof that there are no others.

The public names are loaded when first used, so that ``python -m sage_conslaw.check`` needs no Sage.

EXAMPLES::

    sage: from sage_conslaw import *
    sage: conservation_laws(networks.linear([2, 1, 2]))
    1 independent law of degree at most 2 in 4 parameters, complete (proved, no assumption)
"""
from .runtime.later import later

__version__ = "0.1.0"

_HOMES = {
    "ConservationLaws": ".results.laws",
    "LawCount": ".results.count",
    "InputError": ".runtime.errors",
    "TimeLimitReached": ".runtime.deadline",
    "VectorFieldFamily": ".fields.explicit",
    "compare_flows": ".engine.compare",
    "conservation_laws": ".engine.api",
    "count_conservation_laws": ".engine.api",
    "exceptional_damping": ".parameters.damping",
    "is_conserved": ".engine.api",
    "dimension": ".engine.dimension",
    "exceptional_parameters": ".parameters.exceptional",
    "numbers_by_region": ".real.regions",
    "first_integrals": ".integrals.first_integrals",
    "read_collection": ".inputs.systems",
    "read_system": ".inputs.systems",
    "system": ".inputs.systems",
    "compendium": ".papers.compendium",
    "reproduce": ".papers.reproduce",
    "survey": ".surveys.run",
    "Monitor": ".pytorch.monitor",
    "drift_order": ".training.drift",
    "plot_drift": ".training.drift",
    "simulate": ".training.simulate",
    "step_increments": ".training.steps",
    "step_laws": ".training.steps",
}
# What a method of a class in a low room asks of a higher one (``network.check_span``): loaded in the same way.
_METHODS = {"check_span": ".engine.span"}
_ROOMS = ("certificates", "flows", "networks")

__all__ = sorted([*_HOMES, *_ROOMS])


__getattr__, __dir__ = later(__name__, {**_HOMES, **_METHODS}, _ROOMS)
