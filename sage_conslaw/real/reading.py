r"""
What kind of real network a response belongs to: polynomial, polynomial on regions, or with functions that need balls.

- *polynomial*: the response has no data but inputs and covectors. Then its fields *are* the real gradients: `U V x` for
  every `x`.
- *patterns*: gates, each with a known true slope. Near a point where no pre-activation is zero the real gradients are
  those of the response with the gates that the sample has: a response whose draws are restricted.
- *balls*: cuts with known functions, and rotations by true angles.
- otherwise the real network is not known (``x.cut()`` may stand for anything), and nothing is said about it.
"""
from dataclasses import dataclass

from ..graph.tensor import Data
from ..graph.true_functions import reading_of

# Slopes of the piecewise linear activations by sign: numerators for negative and positive input, and the denominator.
SLOPES = {"relu": (0, 1, 1), "leaky relu": (1, 100, 100), "abs": (-1, 1, 1)}

# Numerators and denominators below this are read: arrays of 64 bits hold them.
_LARGEST_SLOPE = 1 << 62

# These take one entry of the last axis, the largest; all others get zero.
LARGEST = ("max", "top softmax")

KINDS = ("polynomial", "patterns", "balls")


def parameters_of(A, response, theta):
    """Return the parameter arrays of a response, from the last axis of all parameters in one vector."""
    return {
        leaf: A.reshape(A.slice(theta, start, start + leaf.size), (leaf.size,), leaf.shape)
        for leaf, start in zip(response.leaves, response.leaf_starts.tolist())
    }


def data_of(nodes, *kinds):
    """Return the data of some kinds among nodes."""
    return [node for node in nodes if isinstance(node, Data) and node.kind in kinds]


def slopes_of(function):
    """
    Return the slopes of a gate by the sign of its source, as in ``SLOPES``; ``None`` where signs do not decide them, or
    they are not known exactly.
    """
    below = function.below
    if below is None:
        return SLOPES.get(function.name)
    low, denominator = below.numerator, below.denominator
    return (low, denominator, denominator) if max(abs(low), denominator) < _LARGEST_SLOPE else None


@dataclass(frozen=True)
class RealNetwork:
    """The nodes of the real network up to its output, and what kind it is; ``reason`` says why it is not known."""

    kind: object
    nodes: tuple = ()
    reason: object = None


def real_network(response):
    """Return the real network of a response."""
    response = response.drawn
    output = response.pairings[0][0]
    nodes = tuple(output.ancestors(through_data=True))
    kind = "polynomial"
    for node in nodes:
        if not isinstance(node, Data) or node.kind == "input":
            # Tokens are no open set of inputs: samples are drawn.
            kind = "patterns" if kind == "polynomial" and isinstance(node, Data) and node.one_hot else kind
            continue
        if node.kind == "gate":
            name = node.function.name
            if slopes_of(node.function) is None and name not in LARGEST and name != "dropout":
                return RealNetwork(None, nodes, f"the slopes of {name} are not known exactly")
            kind = "patterns" if kind == "polynomial" else kind
        elif node.kind == "cut":
            if reading_of(node) is None:
                return RealNetwork(None, nodes, f"{node.source.label()} is cut by a function that is not named")
            kind = "balls"
        elif node.kind == "rotation" and node.values is not None:
            kind = "balls"
        else:
            return RealNetwork(None, nodes, f"the data {node.name} have no real values")
    known = {node for node in nodes} | {node for _, root in response.pairings for node in root.ancestors()}
    odd = [leaf for leaf in response.data_leaves if leaf not in known]
    if odd:
        return RealNetwork(None, nodes, f"the data {odd[0].name} have no real values")
    return RealNetwork(kind, nodes)
