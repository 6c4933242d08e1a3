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
    """Return all nodes of a network, inputs and sources before results."""
    return list(dict.fromkeys([*output.ancestors(through_data=True), *leaves]))


def flattened(state, nodes):
    """Return the attributes of a network and of its nodes, with places instead of nodes."""
    place = {node: _Place(i) for i, node in enumerate(nodes)}
    listed = []
    for node in nodes:
        # The values of a constant are kept as they were given; what was made of them is made again.
        own = {key: value for key, value in vars(node).items() if key != "values" or not isinstance(node, Constant)}
        if isinstance(node, Constant) and callable(own.get("_given")):
            # What a function gives is kept, not the function.
            own["_given"] = node.values
        listed.append((type(node), {key: _mapped(value, place.__getitem__) for key, value in own.items()}))
    return _mapped(state, place.__getitem__), listed


def restored(state, listed):
    """Return the attributes of a network from what :func:`flattened` gives."""
    # Without the constructors: all was checked when the network was built.
    nodes = [kind.__new__(kind) for kind, _ in listed]

    def node(place):
        return nodes[place.number]
    for new, (_, own) in zip(nodes, listed):
        vars(new).update({key: _mapped(value, node) for key, value in own.items()})
    return _mapped(state, node)


def signature(output, leaves):
    """Return what tells one graph from another: a tuple that can be compared and hashed."""
    # Both graphs are walked from the output, inputs in their order, so that equal graphs have equal lists: nothing is
    # searched for, and the time is that of one walk.
    nodes = nodes_of(output, leaves)
    place = {node: i for i, node in enumerate(nodes)}
    parts = []
    for node in nodes:
        # Data are named by what they are; the names of parameters are those of the laws.
        name = node.name if node.kind in (None, "input") else None
        numbers = _shown(node.values), node.denominator
        parts.append((type(node).__name__, name, node.shape, node.kind, node.function, _shown(node.mask), numbers,
                      _operation(node.operation), tuple(place[child] for child in node.inputs), place.get(node.source)))
    return tuple(parts) + tuple(place[leaf] for leaf in leaves)


def _operation(operation):
    if operation is None:
        return None
    # A rearrangement of axes is said by these; its array of places may be large, and is made when it is read.
    public = {key: value for key, value in vars(operation).items()
              if not key.startswith("_") and (key != "indices" or type(operation).__name__ == "Gather")}
    return type(operation).__name__, tuple((key, _shown(value)) for key, value in sorted(public.items()))


def _shown(value):
    """Return a value that can be hashed; arrays by their entries."""
    if isinstance(value, np.ndarray):
        # The bytes of an array of objects are addresses, which differ between equal arrays.
        entries = tuple(map(str, value.flat)) if value.dtype == object else np.ascontiguousarray(value).tobytes()
        return value.shape, str(value.dtype), entries
    if isinstance(value, (list, tuple)):
        return tuple(map(_shown, value))
    if isinstance(value, dict):
        return tuple((key, _shown(part)) for key, part in sorted(value.items()))
    if isinstance(value, (slice, range)):
        return str(value)
    return value if value is not None else ()
