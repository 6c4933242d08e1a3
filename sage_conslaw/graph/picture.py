r"""
Pictures of the graph of a network.
"""
from .operations import Gather
from .tensor import Constant, Data, Parameter
from .._sage import Graphics, arrow2d, circle, text

COLOURS = {
    "parameter": "#f5b971",
    "input": "#9fc5e8",
    "operation": "#e8e8e8",
    "gate": "#b6d7a8",
    "cut": "#d5a6bd",
    "constant": "#ffffff",
}

# The radius of a node, and the distances of columns and of rows.
_RADIUS, _ACROSS, _UP = 0.65, 2.2, 1.6


def draw(network, figsize=None):
    r"""
    Return a picture of the graph from input to output, as a Sage graphics object: parameters orange, inputs blue, gates
    green, cuts red.

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
        sage: from sage_conslaw.graph.picture import graph
        sage: nodes, edges = graph(networks.linear([2, 1])); nodes
        {0: ('input', 'x\n2'), 1: ('parameter', 'U1\n2 x 1'), 2: ('operation', 'product\n1')}
        sage: edges
        [(0, 2), (1, 2)]
    """
    order = network.output.ancestors(through_data=True)
    shown, nodes, edges = {}, {}, []
    for node in order:
        shape = node.source.shape if getattr(node, "kind", None) == "cut" else node.shape
        size = (" x " if len(shape) < 3 else "x").join(map(str, shape)) or "1"
        if isinstance(node.operation, Gather) or _belongs_to_cut(node):
            # A rearrangement is not drawn: it stands for what it rearranges.  So does what constrains the output of a
            # cut.
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


def layout(nodes, edges):
    r"""
    Return where each node is drawn: columns from input to output, a parameter above the operation that reads it first.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.graph.picture import graph, layout
        sage: layout(*graph(networks.linear([2, 1])))
        {0: (0.0, 0.0), 1: (2.2, 1.6), 2: (2.2, 0.0)}
    """
    level = dict.fromkeys(nodes, 0)
    for a, b in edges:
        level[b] = max(level[b], level[a] + 1)
    trained = {number for number, (kind, _) in nodes.items() if kind in ("parameter", "constant")}
    read_by = {
        number: min((b for a, b in edges if a == number), key=level.get)
        for number in trained
        if any(a == number for a, _ in edges)
    }
    place = {}
    for number in sorted(nodes.keys() - read_by.keys(), key=lambda n: (level[n], n)):
        column = _ACROSS * level[number]
        above = [(column - k * _ACROSS, _UP) for k in range(list(read_by.values()).count(number))]
        # In line with the first tensor that it is computed from, else lower.
        y = next((place[a][1] for a, b in edges if b == number and a in place), 0.0)
        while not _free(place, [(column, y), *((x, y + up) for x, up in above)]):
            y -= _UP
        place[number] = (column, y)
        for parameter, (x, up) in zip([n for n in read_by if read_by[n] == number], above):
            place[parameter] = (x, y + up)
    return {number: place[number] for number in nodes}


def _free(place, spots):
    return all((x - u) ** 2 + (y - v) ** 2 > (2 * _RADIUS) ** 2 for x, y in spots for u, v in place.values())


def routes(place, edges):
    r"""
    Return the arrows, each a list of Bezier pieces, that pass between columns and beside the nodes.

    EXAMPLES:

    The residual sum is reached over the block::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.graph.picture import graph, layout, routes
        sage: nodes, edges = graph(networks.residual(networks.linear([2, 2])))
        sage: [len(arrow) for arrow in routes(layout(nodes, edges), edges)]
        [1, 1, 3, 1]
    """
    return [_route(place, place[a], place[b]) for a, b in edges]


def _route(place, start, end):
    (x, y), (u, v) = start, end
    if x == u:
        return [[(x, y - _RADIUS), (u, v + _RADIUS)]]
    between = [spot for spot in place.values() if x < spot[0] < u]
    top = max([h for _, h in [*between, start, end]]) + _UP
    lane = next((h for h in (y, v) if all(abs(h - spot[1]) > _RADIUS for spot in between)), top)
    # Turns are made in the gap between two columns.
    corners = [(x + _RADIUS, y), (x + _ACROSS - _RADIUS, lane), (u - _ACROSS + _RADIUS, lane), (u - _RADIUS, v)]
    if u - x < 1.5 * _ACROSS:
        corners = [corners[0], corners[-1]]
    pieces = []
    for (a, b), (c, d) in zip(corners, corners[1:]):
        turns = [((a + c) / 2, b), ((a + c) / 2, d), (c, d)]
        pieces.append(turns if pieces else [(a, b), *turns])
    return pieces


def _plot(nodes, edges, figsize):
    place, picture = layout(nodes, edges), Graphics()
    for pieces in routes(place, edges):
        picture += arrow2d(path=pieces, color="#555555", width=1, arrowsize=2, zorder=1)
    for number, (kind, words) in nodes.items():
        picture += circle(place[number], _RADIUS, fill=True, facecolor=COLOURS[kind], edgecolor="#555555", zorder=2)
        name, size = words.rsplit("\n", 1)
        words = name.replace(" ", "\n") + "\n" + size
        picture += text(words, place[number], color="black", fontsize=7, zorder=3)
    picture.set_aspect_ratio(1)
    picture.axes(False)
    widths, heights = zip(*place.values())
    across, up = 0.5 * (max(widths) + 2), 0.5 * (max(heights) - min(heights) + 3)
    picture._extra_kwds["figsize"] = figsize or [max(4.0, min(24.0, across)), max(2.0, min(18.0, up))]
    return picture
