r"""
The graph of a network as it is read by people: without rearrangements, and without what only the exact reading needs.
"""
from .operations import Gather
from .tensor import Constant, Data, Parameter


def graph(network):
    """Return the nodes ``{number: (kind, text)}`` and the edges of the graph as it is drawn."""
    order = network.output.ancestors(through_data=True)
    plain = network.shown_names()
    shown, nodes, edges = {}, {}, []
    for node in order:
        shape = node.source.shape if node.kind == "cut" else node.shape
        size = (" x " if len(shape) < 3 else "x").join(map(str, shape)) or "1"
        # Only what computes or is trained is drawn: rearrangements, gates and fixed arrays without a name are not.
        if isinstance(node.operation, Gather) or _belongs_to_cut(node):
            # A rearrangement is not drawn: it stands for what it rearranges.  So does what constrains the output of a
            # cut.
            shown[node] = shown[node.inputs[0]]
            continue
        if isinstance(node, Parameter):
            entry = "parameter", f"{plain.get(node.name, node.name)}\n{size}"
        elif isinstance(node, Data):
            if node.kind == "gate":
                shown[node] = None
                continue
            entry = ("cut" if node.kind == "cut" else "input"), f"{node.name.replace('_', ' ')}\n{size}"
        elif isinstance(node, Constant):
            if node.name is None:
                shown[node] = None
                continue
            entry = "constant", f"{node.name}\n{size} fixed"
        else:
            entry = _operation(node, size)
        shown[node] = len(nodes)
        nodes[shown[node]] = entry
        sources = node.inputs + ((node.source,) if node.source is not None else ())
        edges += [(shown[child], shown[node]) for child in dict.fromkeys(sources) if shown.get(child) is not None]
    return nodes, list(dict.fromkeys(edges))


def _belongs_to_cut(node):
    return (len(node.inputs) == 2 and isinstance(node.inputs[0], Data) and node.inputs[0].kind == "cut"
            and isinstance(node.inputs[1], Constant) and node.inputs[1].name is None)


def _operation(node, size):
    gates = [child for child in node.inputs if isinstance(child, Data) and child.kind == "gate"]
    if gates:
        return "gate", f"{gates[0].function.name}\n{size}"
    name = {"Add": "sum", "Contract": "product"}[type(node.operation).__name__]
    if name == "product" and any(isinstance(child, Constant) and child.name is None for child in node.inputs):
        name = "scale"
    return "operation", f"{name}\n{size}"
