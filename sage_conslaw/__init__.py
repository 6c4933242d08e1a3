r"""
All conservation laws of a training dynamics, and a proof that there are no others.

The public names are loaded when first used, so that ``python -m sage_conslaw.check`` needs no Sage.

EXAMPLES::

    sage: from sage_conslaw import *
    sage: conservation_laws(networks.linear([2, 1, 2]))
    1 independent law of degree at most 2 in 4 parameters, complete (proved)
"""
import importlib

__version__ = "0.1.0"

_HOMES = {
    "ConservationLaws": ".results.result", "LawCount": ".results.result", "TimeLimitReached": ".deadline",
    "VectorFieldFamily": ".fields.explicit", "compare_flows": ".compare", "conservation_laws": ".api",
    "count_conservation_laws": ".api", "exceptional_damping": ".compare", "is_conserved": ".api",
    "exceptional_parameters": ".exceptional",
    "first_integrals": ".groebner.first_integrals", "read_collection": ".systems", "read_system": ".systems", "system": ".systems",
    "compendium": ".papers.compendium", "reproduce": ".papers.reproduce",
    "survey": ".surveys.run",
    "drift_order": ".training.drift", "plot_drift": ".training.drift", "simulate": ".training.simulate",
}
_ROOMS = ("certificates", "flows", "networks")

__all__ = sorted([*_HOMES, *_ROOMS])


def __getattr__(name):
    if name in _ROOMS:
        value = importlib.import_module(f".{name}", __name__)
    elif name in _HOMES:
        value = getattr(importlib.import_module(_HOMES[name], __name__), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__():
    return sorted({*globals(), *__all__})
