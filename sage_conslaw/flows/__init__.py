r"""
Flows: what an optimiser makes of a response, as a control-affine family.
"""
from difflib import get_close_matches

from .adaptive import adagrad, adam, rmsprop
from .flow import Flow, gradient, mirror, momentum, natural_gradient, nesterov, weight_decay
from .optimiser_table import OPTIMISERS
from .optimisers import from_torch_optimizer, is_optimiser
from .sign import sign
from .steepest import steepest
from .uncounted import UncountedFlow
from ..runtime.errors import InputError

FLOWS = {"gradient": gradient, "momentum": momentum, "nesterov": nesterov}


def by_name(name, **options):
    r"""
    Return a flow by its name: ``gradient``, ``momentum``, ``nesterov``, or an optimiser, perhaps with hyperparameters.

    EXAMPLES::

        sage: from sage_conslaw import flows
        sage: flows.by_name("momentum:tau=1/2"), flows.by_name("sgd:lr=0.01,momentum=0.9"), flows.by_name("adam")
        (momentum flow with tau = 1/2, momentum flow with tau = 1, adam flow)
        sage: flows.by_name("gradiant")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: flow 'gradiant' is not known; did you mean 'gradient'? choose 'gradient', 'momentum',
        'nesterov' or 'sign', or an optimiser: ...
        sage: flows.by_name("gradient", tau=1)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: flow 'gradient' has no option tau
    """
    head, _, tail = name.partition(":")
    if name == "sign":
        flow = sign()
    elif head in FLOWS:
        options |= _hyperparameters(tail)
        for word in options.keys() - ({"metric", "tau"} if head == "momentum" else {"metric"}):
            raise InputError(f"flow {head!r} has no option {word}")
        return FLOWS[head](**options)
    elif is_optimiser(head):
        flow = from_torch_optimizer(head, **_hyperparameters(tail))
    else:
        near = get_close_matches(head, [*FLOWS, "sign", *OPTIMISERS], 1)
        raise InputError(
            f"flow {name!r} is not known; {f'did you mean {near[0]!r}? ' if near else ''}choose 'gradient', "
            f"'momentum', 'nesterov' or 'sign', or an optimiser: {', '.join(sorted(OPTIMISERS))}"
        )
    # Optimisers step in the Euclidean metric: naming it says nothing new.
    if options.get("metric") not in (None, "euclidean") or "tau" in options:
        written = "" if name == "sign" else f"; its hyperparameters are written {head}:lr=0.1"
        raise InputError(f"flow {name!r} has no option {'tau' if 'tau' in options else 'metric'}{written}")
    return flow


def _hyperparameters(text):
    """Return the hyperparameters of ``lr=0.1,momentum=0.9``; a pair of numbers is written ``betas=0.9/0.99``."""
    out = {}
    for word in filter(None, text.split(",")):
        name, equal, value = word.partition("=")
        if not equal or not value:
            raise InputError(f"{word!r} is not NAME=VALUE; hyperparameters are written e.g. sgd:lr=0.01,momentum=0.9")
        out[name.strip()] = tuple(value.split("/")) if name.strip() == "betas" else value.strip()
    return out


__all__ = [
    "Flow", "UncountedFlow", "adagrad", "adam", "by_name", "from_torch_optimizer", "gradient", "mirror", "momentum",
    "natural_gradient", "nesterov", "rmsprop", "sign", "steepest", "weight_decay",
]
