"""When two segments are the same but for names: what is proved of one holds for the other."""
from ..graph.cuts import Differences, LastUnit, SumOne
from ..graph.tensor import Constant, Data, Parameter
from .links import is_uniform

# Entries of a constant that are compared; larger ones are equal if they are the same array.
_COMPARED = 10_000


def signature(axes):
    """Return a value that is equal for segments that are the same but for names."""
    # Numbers in order stand for names: equal graphs are walked in the same order.
    number = {node: i for i, node in enumerate(axes.order)}
    nodes = []
    for node in axes.order:
        operation = node.operation
        kind = type(operation).__name__ if operation is not None else type(node).__mro__[0].__name__
        if isinstance(node, SumOne):
            kind = f"sum one {node.causal}"
        elif isinstance(node, Data):
            # What kind of free data they are does not matter; which node is which is in the inputs' numbers.
            kind = "data"
        elif isinstance(node, Parameter):
            kind = "parameter"
        elif isinstance(node, Constant):
            kind = f"constant {node.denominator} " + (
                str(node.values.ravel()[:1])
                if is_uniform(node)
                else f"{type(node).__name__}"
                if isinstance(node, (Differences, LastUnit))
                else str(node.values.tobytes())
                if node.size < _COMPARED
                else f"{id(node)}"
            )
        details = [getattr(operation, name, None) for name in ("spec", "order", "axis", "entries", "kept")]
        windows = getattr(operation, "places", None)
        nodes.append((kind, tuple(map(str, details)), None if windows is None else windows.tobytes(),
                      tuple(number[child] for child in node.inputs if child in number), axes.of[node], node.shape))
    return (
        tuple(nodes),
        tuple((number[node], *rest) for node, *rest in axes.pairings),
        axes.sizes,
        tuple(number[leaf] for leaf in axes.leaves),
    )
