r"""
Networks: the operations, the graph, and the catalog of architectures.

EXAMPLES::

    sage: from sage_conslaw import networks
    sage: networks.relu([2, 3, 1])
    relu network 2 -> 3 -> 1 with 9 parameters
"""
from .catalog import by_name, icnn, linear, nmf, product, relu
from .compose import custom, fixed, input, parameter
from ..graph.einsum import einsum, stack
from ..graph.tensor import concatenate, contract
from .modern import convolutional, gated, lora, mixture, normalised, perceptron, polynomial, residual
from ..graph.network import Network
from ..pytorch.network import from_torch
from .transformer import attention, transformer_block

__all__ = [
    "Network",
    "attention",
    "by_name",
    "concatenate",
    "contract",
    "convolutional",
    "custom",
    "einsum",
    "fixed",
    "from_torch",
    "gated",
    "icnn",
    "input",
    "linear",
    "lora",
    "mixture",
    "nmf",
    "normalised",
    "parameter",
    "perceptron",
    "polynomial",
    "product",
    "relu",
    "residual",
    "stack",
    "transformer_block",
]
