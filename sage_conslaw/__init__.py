r"""
All conservation laws of a training dynamics, and a proof that there are no others.

EXAMPLES::

    sage: from sage_conslaw import *
    sage: conservation_laws(networks.linear([2, 1, 2]))
    1 independent law of degree at most 2 in 4 parameters, complete (proved)
"""
from . import _sage  # noqa: F401  (first: the one door to Sage)
from . import flows, networks
from .api import conservation_laws, count_conservation_laws, is_conserved
from .compare import compare_flows, exceptional_damping
from .deadline import TimeLimitReached
from .fields.explicit import VectorFieldFamily
from .papers.reproduce import reproduce
from .results.result import ConservationLaws, LawCount

__version__ = "0.1.0"

__all__ = ["ConservationLaws", "LawCount", "TimeLimitReached", "VectorFieldFamily", "compare_flows",
           "conservation_laws", "count_conservation_laws", "exceptional_damping", "flows", "is_conserved", "networks", "reproduce"]
