r"""
Flows: what an optimiser makes of a response, as a control-affine family.

EXAMPLES::

    sage: from sage_conslaw import flows
    sage: flows.gradient()
    gradient flow
"""
from .gradient import Flow, gradient

__all__ = ["Flow", "gradient"]
