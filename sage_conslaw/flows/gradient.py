r"""
Gradient flow `\theta' = -M(\theta) \nabla E(\theta)`.
"""
from dataclasses import dataclass

from .flow_family import FlowFamily


@dataclass(frozen=True, repr=False)
class Flow:
    r"""
    An optimiser in continuous time; :meth:`family` applies it to a response.

    EXAMPLES::

        sage: from sage_conslaw import flows, networks
        sage: flows.gradient().family(networks.product(2).response()).names
        ['x1', 'x2']
    """

    name: str = "gradient"
    default_degree: int = 2
    keeps_ring: bool = True

    def __repr__(self):
        return f"{self.name} flow"

    def family(self, response):
        """Return the control-affine family of this flow on the response."""
        return FlowFamily(response, response.names)


def gradient():
    r"""
    Return Euclidean gradient flow ([MGP2023]_, Section 2): control fields `\nabla_\theta f(\theta; \xi)`, no drift.

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, flows, networks
        sage: conservation_laws(networks.product(3), flow=flows.gradient()).number
        2
    """
    return Flow()
