r"""
How gates are read: as a factor of their source, or by their values, which then count where the source is zero.

The trivial case: `\max(0, z)` is `z` times its gate, and any gate will do at `z = 0`. The famous one:
`\max(0, z) \le 0`, whose source is zero for half of all `z`.
"""
from ..graph.operations import Contract
from ..graph.tensor import Data


def gated(node):
    """Return the gate of a node that is its source times the gate, entry by entry, else ``None``."""
    if not isinstance(node.operation, Contract) or len({*node.operation.spec.replace("->", ",").split(",")}) != 1:
        return None
    left, right = node.inputs
    gate = right if isinstance(right, Data) and right.kind == "gate" else left
    other = left if gate is right else right
    return gate if isinstance(gate, Data) and gate.kind == "gate" and gate.source is other else None


def values_matter(nodes):
    """
    Return the gates of which more is read than the product with their source.

    INPUT:

    - ``nodes`` -- the nodes of a network up to its output, which is the last
    """
    # A node reads its inputs, and data their source; the one reading that does not count is the product itself.
    out = {nodes[-1]}
    for node in nodes:
        read = {*node.inputs} | ({node.source} if isinstance(node, Data) else set())
        out |= read - {gated(node)}
    return {node for node in out if isinstance(node, Data) and node.kind == "gate"}
