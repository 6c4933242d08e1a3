r"""
Networks: the operations, the graph, and the catalog of architectures.

EXAMPLES::

    sage: from sage_conslaw import networks
    sage: networks.relu([2, 3, 1])
    relu network 2 -> 3 -> 1 with 9 parameters
"""
from ..runtime.later import later

# Each name is imported when it is asked for: help texts and the table of architectures need no graph, and no Sage.
_HOMES = {
    "Network": "..graph.network",
    "attention": ".transformer",
    "by_name": ".catalog",
    "concatenate": "..graph.joining",
    "contract": "..graph.joining",
    "convolutional": ".modern",
    "custom": ".compose",
    "einsum": "..graph.einsum",
    "fixed": ".compose",
    "from_torch": "..pytorch.network",
    "gated": ".modern",
    "icnn": ".catalog",
    "input": ".compose",
    "linear": ".catalog",
    "lora": ".modern",
    "mixture": ".modern",
    "nmf": ".catalog",
    "normalised": ".modern",
    "parameter": ".compose",
    "perceptron": ".modern",
    "polynomial": ".modern",
    "product": ".catalog",
    "relu": ".catalog",
    "residual": ".modern",
    "stack": "..graph.einsum",
    "transformer_block": ".transformer",
}

__all__ = sorted(_HOMES)

__getattr__, __dir__ = later(__name__, _HOMES)
