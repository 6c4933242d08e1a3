r"""
Flows: what an optimiser makes of a response, as a control-affine family.

EXAMPLES::

    sage: from sage_conslaw import flows
    sage: flows.gradient()
    gradient flow
"""
from .gradient import Flow, gradient

FLOWS = {"gradient": gradient}


def by_name(name, **options):
    r"""
    Return a flow by its name.

    EXAMPLES::

        sage: from sage_conslaw import flows
        sage: flows.by_name("gradient")
        gradient flow
        sage: flows.by_name("gradiant")
        Traceback (most recent call last):
        ...
        ValueError: flow 'gradiant' is not known; choose 'gradient'
    """
    if name not in FLOWS:
        raise ValueError(f"flow {name!r} is not known; choose {' or '.join(map(repr, FLOWS))}")
    return FLOWS[name](**options)


__all__ = ["Flow", "by_name", "gradient"]
