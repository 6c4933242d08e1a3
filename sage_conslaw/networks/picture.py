r"""
Pictures of the graph of a network.
"""
from .graph import Constant, Data, Parameter

COLOURS = {"parameter": "#f5b971", "input": "#9fc5e8", "operation": "#e8e8e8", "gate": "#b6d7a8", "cut": "#d5a6bd", "constant": "#ffffff"}


def draw(network, figsize=None):
    r"""
    Return a picture of the graph from input to output, as a Sage graphics object: parameters orange, inputs blue, gates green, cuts red.

    Rearrangements are drawn as part of the operation that they prepare.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: networks.relu([2, 3, 2], bias=True).draw()
        Graphics object consisting of ... graphics primitives
    """
    nodes, edges = graph(network)
    return _plot(nodes, edges, figsize)


def graph(network):
    r"""
    Return the nodes ``{number: (kind, text)}`` and the edges of the graph as it is drawn.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.networks.picture import graph
        sage: nodes, edges = graph(networks.linear([2, 1])); nodes
        {0: ('input', 'x\n2'), 1: ('parameter', 'U1\n2 x 1'), 2: ('operation', 'product\n1')}
        sage: edges
        [(0, 2), (1, 2)]
    """
    order = network.output.ancestors(through_data=True)
    shown, nodes, edges = {}, {}, []
    for node in order:
        size = (" x " if len(node.shape) < 3 else "x").join(map(str, node.shape)) or "1"
        if type(node.operation).__name__ == "Gather":
            # A rearrangement is not drawn: it stands for what it rearranges.
            shown[node] = shown[node.inputs[0]]
            continue
        if isinstance(node, Parameter):
            entry = "parameter", f"{node.name}\n{size}"
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
        sources = node.inputs + ((node.source,) if getattr(node, "source", None) is not None else ())
        edges += [(shown[child], shown[node]) for child in dict.fromkeys(sources) if shown.get(child) is not None]
    return nodes, list(dict.fromkeys(edges))


def _operation(node, size):
    gates = [child for child in node.inputs if isinstance(child, Data) and child.kind == "gate"]
    if gates:
        return "gate", f"{gates[0].function.name}\n{size}"
    name = {"Add": "sum", "Contract": "product"}[type(node.operation).__name__]
    if name == "product" and any(isinstance(child, Constant) and child.name is None for child in node.inputs):
        name = "scale"
    return "operation", f"{name}\n{size}"


def _plot(nodes, edges, figsize):
    from .._sage import Graphics, arrow2d, circle, text
    level = {}
    for a, b in edges:
        level.setdefault(a, 0)
        level[b] = max(level.get(b, 0), level[a] + 1)
    # A parameter stands just before its first use, not at the far left.
    for number, (kind, _) in nodes.items():
        uses = [level[b] for a, b in edges if a == number]
        if kind in ("parameter", "constant") and uses:
            level[number] = min(uses) - 1
    columns, place = {}, {}
    for number in nodes:
        columns.setdefault(level.get(number, 0), []).append(number)
    for column, members in columns.items():
        trained = [n for n in members if nodes[n][0] in ("parameter", "constant")]
        main = [n for n in members if n not in trained]
        for row, number in enumerate(main):
            place[number] = (2.2 * column, -1.6 * row)
        for row, number in enumerate(trained, start=1):
            place[number] = (2.2 * column, 1.6 * row)
    picture = Graphics()
    for a, b in edges:
        (x, y), (u, v) = place[a], place[b]
        if y == v and u - x > 3:
            # A residual sum jumps over its block, below it.
            picture += arrow2d(path=[[(x, y - 0.6), (x, y - 1.6), (u, v - 1.6), (u, v - 0.6)]], color="#555555", width=1, arrowsize=2, zorder=1)
            continue
        length = ((u - x) ** 2 + (v - y) ** 2) ** 0.5
        dx, dy = (u - x) / length * 0.62, (v - y) / length * 0.62
        picture += arrow2d((x + dx, y + dy), (u - dx, v - dy), color="#555555", width=1, arrowsize=2, zorder=1)
    for number, (kind, words) in nodes.items():
        picture += circle(place[number], 0.6, fill=True, facecolor=COLOURS[kind], edgecolor="#555555", zorder=2)
        picture += text(words, place[number], color="black", fontsize=7, zorder=3)
    picture.set_aspect_ratio(1)
    picture.axes(False)
    widths, heights = zip(*place.values())
    picture._extra_kwds["figsize"] = figsize or [max(4.0, min(24.0, 0.5 * (max(widths) + 2))), max(2.0, min(18.0, 0.5 * (max(heights) - min(heights) + 3)))]
    return picture
