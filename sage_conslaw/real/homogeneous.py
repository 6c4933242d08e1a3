r"""
Networks with one input that only its sign or its scale enters: all gradients are multiples of few.

Where `f(\theta; t x) = t^d f(\theta; x)` for `t > 0`, the gradients of all positive inputs are multiples of those at
`x = 1`, by factors that do not depend on the parameters, and those of all negative ones of those at `x = -1`.  Where
`f` is even or odd in `x`, too, one direction an output is left; with one output the Lie algebra has rank one, and all
but one direction of the parameters are laws.

The trivial case: `a x`. The famous one: a normalisation of `W x` with one input, `\pm W / |W|`, whatever follows. One
that is refused: `\max(0, w x + b)`, a sum of degrees one and zero.
"""
from ..graph.models import NORMS
from ..graph.operations import Add, Contract, Gather
from ..graph.tensor import Constant, Data, Parameter
from ..graph.true_functions import Unit, reading_of
from .reading import data_of

# Parities in the sign of the input; `None` stands for neither.
EVEN, ODD = 1, -1

_FLAT = 0, EVEN


def directions(network, response):
    r"""
    Return an upper bound for the number of gradients up to factors that do not depend on the parameters; ``None``
    where there may be infinitely many.
    """
    if network.kind is None or any(node not in network.nodes for node, _ in response.drawn.pairings):
        # What is not known may be random, as slopes are, and another output has gradients of its own.
        return None
    output, inputs = response.drawn.pairings[0][0], data_of(network.nodes, "input")
    if sum(node.size for node in inputs) != 1 or inputs[0].one_hot:
        return None
    known: dict = {}
    for node in network.nodes:
        known[node] = _scaling(node, known)
    if known[output] is None:
        return None
    # f(-x) = +-f(x): negative inputs have the gradients of positive ones.  With covectors that sum to zero one output a
    # row is a combination of the others.
    rows = output.size // output.shape[-1] if response.constraints[0][0] == "sum zero" else 0
    return (output.size - rows) * (1 if known[output][1] else 2)


def _scaling(node, known):
    """Return the degree of a node in the size of the input and its parity, ``None`` where it has no degree."""
    if isinstance(node, (Parameter, Constant)):
        return _FLAT
    if isinstance(node, Data):
        if node.kind == "input":
            return 1, ODD
        source = known.get(node.source)
        return _of_function(node, *source) if source is not None else _FLAT if node.kind == "rotation" else None
    parts = [known[child] for child in node.inputs]
    operation = node.operation
    if operation is None or None in parts:
        return None
    degrees, parities = zip(*parts)
    if isinstance(operation, Contract):
        return sum(degrees), _product(parities)
    if isinstance(operation, (Add, Gather)):
        same = len(set(degrees)) == 1
        return (degrees[0], parities[0] if len(set(parities)) == 1 else None) if same else None
    return _FLAT if set(parts) == {_FLAT} else None


def _product(parities):
    out = EVEN
    for parity in parities:
        out = out and parity and out * parity
    return out


def _of_function(node, degree, parity):
    """Return the same of a gate or a nonlinearity of a node with a degree."""
    if node.kind == "gate" and node.function.name != "dropout":
        # The slope of an absolute value is its sign; other slopes of an odd number are neither even nor odd.
        return 0, parity if parity == EVEN or node.function.name == "abs" else None
    if node.kind != "cut":
        return None
    reading = reading_of(node)
    if node.function.name in NORMS and isinstance(reading, Unit) and not reading.eps:
        return 0, parity
    # A function of what only the sign of the input moves is again one of the sign.
    if degree or reading is None:
        return None
    return 0, parity if parity == EVEN else None
