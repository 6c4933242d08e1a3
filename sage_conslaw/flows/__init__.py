r"""
Flows: what an optimiser makes of a response, as a control-affine family.

EXAMPLES::

    sage: from sage_conslaw import flows
    sage: flows.gradient(), flows.momentum(tau=1/2), flows.nesterov()
    (gradient flow, momentum flow with tau = 1/2, nesterov flow with tau = 3/t)
"""
from .flow import Flow, gradient, mirror, momentum, natural_gradient, nesterov, weight_decay
from ..runtime.errors import InputError

FLOWS = {"gradient": gradient, "momentum": momentum, "nesterov": nesterov}


def by_name(name, **options):
    r"""
    Return a flow by its name.

    EXAMPLES::

        sage: from sage_conslaw import flows
        sage: flows.by_name("momentum", tau="1/2")
        momentum flow with tau = 1/2
        sage: flows.by_name("gradiant")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: flow 'gradiant' is not known; choose 'gradient', 'momentum' or 'nesterov'
        sage: flows.by_name("gradient", tau=1)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: flow 'gradient' has no option tau
    """
    if name not in FLOWS:
        raise InputError(f"flow {name!r} is not known; choose 'gradient', 'momentum' or 'nesterov'")
    if "tau" in options and name != "momentum":
        raise InputError(f"flow {name!r} has no option tau")
    return FLOWS[name](**options)


__all__ = ["Flow", "by_name", "gradient", "mirror", "momentum", "natural_gradient", "nesterov", "weight_decay"]
