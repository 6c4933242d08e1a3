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


def slopes_of(function):
    r"""
    Return the slopes of a gate by the sign of its source, as in ``SLOPES``; ``None`` where signs do not decide them, or
    they are not known exactly.

    EXAMPLES::

        sage: from fractions import Fraction
        sage: from sage_conslaw.graph.activations import GateFunction, gate_function
        sage: from sage_conslaw.real.reading import slopes_of
        sage: slopes_of(gate_function("leaky relu")), slopes_of(gate_function("max"))
        ((1, 100, 100), None)
        sage: slopes_of(GateFunction("leaky relu of slope 0.5", None, Fraction(1r, 2r)))
        (1, 2, 2)
    """
    below = function.below
    if below is None:
        return SLOPES.get(function.name)
    low, denominator = below.numerator, below.denominator
    return (low, denominator, denominator) if max(abs(low), denominator) < _LARGEST_SLOPE else None


@dataclass(frozen=True)
class RealNetwork:
    r"""
    The nodes of the real network up to its output, and what kind it is; ``reason`` says why it is not known.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.real.reading import real_network
        sage: [real_network(net.response()).kind for net in (networks.linear([2, 1]), networks.relu([2, 2, 1]),
        ....:     networks.gated(2, 1))]
        ['polynomial', 'patterns', 'balls']
        sage: x = networks.input(2)
        sage: real_network(networks.custom(x.cut() @ networks.parameter("W", 2, 1)).response()).reason
        'x is cut by a function that is not named'
    """

    kind: object
    nodes: tuple = ()
    reason: object = None


def real_network(response):
    r"""
    Return the real network of a response.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.real.reading import real_network
        sage: real_network(networks.product(2).response()).kind
        'polynomial'
    """
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
