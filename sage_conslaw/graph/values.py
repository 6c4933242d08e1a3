r"""
Graphs as values: a network written as a list of nodes, for pickles and for equality.

Nodes refer to each other, a hundred layers deep; a list in which they refer to places is as flat as the network is
long.  Two networks are equal if their lists are: `x W` written twice is one network, with other sizes, names or
constants it is another.
"""
from dataclasses import dataclass

import numpy as np

from .tensor import Constant, Tensor


@dataclass(frozen=True)
class _Place:
    """Where in the list a node is."""

    number: int


def _mapped(value, change):
    """Return a value with every node, or place of one, in it changed."""
    if isinstance(value, (Tensor, _Place)):
        return change(value)
    if type(value) in (tuple, list):
        return type(value)(_mapped(part, change) for part in value)
    if type(value) is dict:
        return {_mapped(key, change): _mapped(part, change) for key, part in value.items()}
    return value


def nodes_of(output, leaves):
    r"""
    Return all nodes of a network, inputs and sources before results.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.graph.values import nodes_of
        sage: net = networks.linear([2, 1])
        sage: [node.label() for node in nodes_of(net.output, net._leaves)]
        ['x', 'U1', 'x @ U1']
    """
    return list(dict.fromkeys([*output.ancestors(through_data=True), *leaves]))


def flattened(state, nodes):
    r"""
    Return the attributes of a network and of its nodes, with places instead of nodes.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.graph.values import flattened, nodes_of, restored
        sage: net = networks.linear([2, 1])
        sage: state, listed = flattened({"output": net.output}, nodes_of(net.output, net._leaves))
        sage: restored(state, listed)["output"].label()
        'x @ U1'
    """
    place = {node: _Place(i) for i, node in enumerate(nodes)}
    listed = []
    for node in nodes:
        own = {key: value for key, value in vars(node).items() if key != "values" or not isinstance(node, Constant)}
        if isinstance(node, Constant) and callable(own.get("_given")):
            # What a function gives is kept, not the function.
            own["_given"] = node.values
        listed.append((type(node), {key: _mapped(value, place.__getitem__) for key, value in own.items()}))
    return _mapped(state, place.__getitem__), listed


def restored(state, listed):
    r"""
    Return the attributes of a network from what :func:`flattened` gives.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.graph.values import flattened, nodes_of, restored
        sage: net = networks.relu([2, 1, 1])
        sage: restored(*flattened({"output": net.output}, nodes_of(net.output, net._leaves)))["output"].shape
        (1,)
    """
    nodes = [kind.__new__(kind) for kind, _ in listed]

    def node(place):
        return nodes[place.number]
    for new, (_, own) in zip(nodes, listed):
        vars(new).update({key: _mapped(value, node) for key, value in own.items()})
    return _mapped(state, node)


def signature(output, leaves):
    r"""
    Return what tells one graph from another: a tuple that can be compared and hashed.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.graph.values import signature
        sage: a, b, c = networks.relu([2, 3, 1]), networks.relu([2, 3, 1]), networks.linear([2, 3, 1])
        sage: signature(a.output, a._leaves) == signature(b.output, b._leaves), signature(a.output,
        ....:     a._leaves) == signature(c.output, c._leaves)
        (True, False)
    """
    nodes = nodes_of(output, leaves)
    place = {node: i for i, node in enumerate(nodes)}
    parts = []
    for node in nodes:
        source = node.source
        kind = getattr(node, "kind", None)
        # Data are named by what they are; the names of parameters are those of the laws.
        name = node.name if kind in (None, "input") else None
        numbers = (
            _shown(node.values) + (node.denominator,)
            if isinstance(node, Constant)
            else _shown(getattr(node, "values", None))
        )
        parts.append(
            (
                type(node).__name__,
                name,
                node.shape,
                kind,
                getattr(node, "function", None),
                _shown(getattr(node, "mask", None)),
                numbers,
                _operation(node.operation),
                tuple(place[child] for child in node.inputs),
                place.get(source),
            )
        )
    return tuple(parts) + tuple(place[leaf] for leaf in leaves)


def _operation(operation):
    if operation is None:
        return None
    public = {
        key: value
        for key, value in vars(operation).items()
        if not key.startswith("_") and (key != "indices" or type(operation).__name__ == "Gather")
    }
    return type(operation).__name__, tuple((key, _shown(value)) for key, value in sorted(public.items()))


def _shown(value):
    """Return a value that can be hashed; arrays by their entries."""
    if isinstance(value, np.ndarray):
        return (
            value.shape,
            str(value.dtype),
            np.ascontiguousarray(value).tobytes() if value.dtype != object else tuple(map(str, value.flat)),
        )
    if isinstance(value, (list, tuple)):
        return tuple(map(_shown, value))
    if isinstance(value, dict):
        return tuple((key, _shown(part)) for key, part in sorted(value.items()))
    if isinstance(value, (slice, range)):
        return str(value)
    return value if value is not None else ()
