r"""
Networks: the operations, the graph, and the catalog of architectures.

EXAMPLES::

    sage: from sage_conslaw import networks
    sage: networks.relu([2, 3, 1])
    relu network 2 -> 3 -> 1 with 9 parameters
"""
from .catalog import by_name, icnn, linear, nmf, product, relu
from .network import Network

__all__ = ["Network", "by_name", "icnn", "linear", "nmf", "product", "relu"]
