r"""
The graph of a network in its user's terms, and back.

A record holds the nodes up to the output as they were written: parameters, inputs, fixed arrays, products, sums,
rearrangements, and for each nonlinearity *which* one it is and of what. What replaces a nonlinearity in the exact
readings, free data and constrained covectors, is not in the record: whoever reads it derives that from the names.
"""
import numpy as np

from ..graph.activations import (
    CUTS,
    GATES,
    CutFunction,
    GateFunction,
    gate_function,
    is_known,
    largest,
    masked_softmax,
    top,
    unscaled,
)
from ..graph.models import NORMS, SUM_TO_ONE, name_of
from ..graph.network import Network
from ..graph.operations import READ
from ..graph.tensor import Constant, Data, OneHot, Parameter
from ..graph.tied import with_given_slope
from ..runtime.errors import NotCovered
from .errors import CertificateError

CLASSIC = ("product", "linear", "relu", "nmf", "icnn")
WITHOUT_LAST = " without last"
# A function of the user's own is named by the invariances that are claimed for it.
_OWN = {
    "free": "any function",
    "sum zero": "any shift-invariant function",
    "orthogonal": "any scale-invariant function",
    "sum zero and orthogonal": "any shift- and scale-invariant function",
}
# What each function of a known name satisfies; one that satisfies less is not it, whatever its name.
_KNOWN_CUTS = {
    **dict.fromkeys(("exp", "gelu", "silu", "sigmoid", "softplus", "tanh", "normalised sigmoid", "top sigmoid",
                     "top normalised sigmoid", "rms norm with eps"), "free"),
    **dict.fromkeys(("softmax", "top softmax", "masked softmax", "log softmax", "layer norm with eps"), "sum zero"),
    "rms norm": "orthogonal",
    **dict.fromkeys(("layer norm", "batch norm"), "sum zero and orthogonal"),
}


def user_nodes(network):
    """Return the nodes of a network as they were written, inputs before results, unused parameters last."""
    return list(dict.fromkeys(network.output.ancestors(through_data=True) + network.response().leaves))


def network_record(network):
    """Return the graph of a network as strings, integers, lists and objects."""
    nodes = user_nodes(network)
    place = {node: i for i, node in enumerate(nodes)}
    # A checker takes value and slope of a cut as independent: where one gives the other it would count too few laws.
    given = with_given_slope(nodes, name_of, SUM_TO_ONE)
    if given:
        names = ", ".join(sorted({node.function.name for node in given}))
        raise NotCovered(f"functions whose slope their value gives have no record in certificates yet: {names}")
    return {"nodes": [_node_record(node, place) for node in nodes], "output": place[network.output],
            "parameters": [place[leaf] for leaf in network.response().leaves]}


def _node_record(node, place):
    shape = list(map(int, node.shape))
    if isinstance(node, Parameter):
        return {"op": "parameter", "name": node.name, "shape": shape}
    if isinstance(node, Constant):
        over = {} if node.denominator == 1 else {"denominator": node.denominator}
        return {"op": "constant", "shape": shape, "values": node.values.ravel().tolist()} | over
    if isinstance(node, Data):
        return _data_record(node, shape, place)
    return node.operation.record([child.shape for child in node.inputs], [place[child] for child in node.inputs])


def _data_record(node, shape, place):
    if node.kind == "input":
        return {"op": "input", "name": node.name, "shape": shape} | ({"tokens": 1} if node.one_hot else {})
    if node.kind == "rotation":
        return {"op": "rotation", "shape": shape}
    if node.kind == "gate" and node.source is None:
        # Data that nothing is said of are free, as an input is.
        return {"op": "input", "name": node.name, "shape": shape}
    if node.kind == "gate" and node.source.shape == node.shape:
        name = node.function.name if node.function is not None else None
        return {
            "op": "gate",
            "function": name if name in (*GATES, "top softmax") else "any gate",
            "inputs": [place[node.source]],
        }
    if node.kind != "cut":
        raise NotCovered(f"data of the kind {node.kind!r} have no record in certificates yet")
    return _cut_record(node, place)


def _cut_record(node, place):
    # Covectors and outputs of a softmax are free in the same spaces whatever scale its scores have.
    function, source = unscaled(node.function), tuple(node.source.shape)
    name, constraint = function.name, function.constraint
    # A user's function under one of our names is none of ours: checkers would read it as if its outputs summed to one.
    if _KNOWN_CUTS.get(name) != constraint or name in NORMS + SUM_TO_ONE and not is_known(function):
        name = _OWN[constraint]
    if tuple(node.shape) == (*source[:-1], source[-1] - 1 if source else 0) and node.mask is None:
        # The outputs sum to zero: all but the last are free.
        name += WITHOUT_LAST
    elif tuple(node.shape) != source:
        raise NotCovered(
            f"{node.label()} of shape {node.shape} is a function of {source}: it has no record in certificates yet"
        )
    record = {"op": "cut", "function": name, "inputs": [place[node.source]]}
    if node.mask is not None:
        # A scale of the scores changes none of the covectors.
        record |= {
            "function": "masked softmax",
            "mask": np.broadcast_to(node.mask, node.shape).ravel().astype(int).tolist(),
        }
    return record


def rebuilt_network(record):
    """Rebuild a network from the record of its graph; return it and its nodes in the record's order."""
    nodes = []
    for place, entry in enumerate(record["nodes"]):
        if not all(i < place for i in entry.get("inputs", [])):
            raise CertificateError("the graph is not in order: a node is made of later ones")
        nodes.append(_node(entry, nodes))
    for places in ([record["output"]], record["parameters"]):
        if not all(i < len(nodes) for i in places):
            raise CertificateError("the graph refers to nodes that it does not have")
    if with_given_slope(nodes, name_of, SUM_TO_ONE):
        raise CertificateError("the graph has a function whose slope its value gives")
    # Each exactly once: an array that is not listed would be a constant, one listed twice two coordinates.
    leaves = [nodes[i] for i in record["parameters"]]
    if {node for node in nodes if isinstance(node, Parameter)} != set(leaves) or len(set(leaves)) != len(leaves):
        raise CertificateError("the parameters of the graph are not those that it lists")
    return Network("custom", (), nodes[record["output"]], parameters=leaves), nodes


def _node(entry, nodes):
    op, inputs = entry["op"], [nodes[i] for i in entry.get("inputs", [])]
    if op == "parameter":
        return Parameter(entry["name"], entry["shape"])
    if op == "input":
        name, shape = entry["name"], entry["shape"]
        return OneHot(name, shape) if entry.get("tokens") else Data(name, shape, "input")
    if op == "rotation":
        return Data("rotation", entry["shape"], "rotation")
    if op == "constant":
        return Constant(
            np.array(entry["values"], dtype=np.int64).reshape(entry["shape"]), denominator=entry.get("denominator", 1)
        )
    if op in READ:
        return READ[op].restored(entry, inputs)
    (source,) = inputs
    if op == "gate":
        name = entry["function"]
        function = (
            gate_function(name) if name in GATES else GateFunction(name, largest if name == "top softmax" else None)
        )
        return Data("gate", source.shape, "gate", source=source, function=function)
    return _cut(entry, source)


def _cut(entry, source):
    name, shape = entry["function"], source.shape
    if name == "masked softmax":
        mask = np.array(entry["mask"], dtype=np.int64).reshape(shape)
        if not shape or not mask.any(axis=-1).all():
            raise CertificateError("a mask leaves no entry in a row")
        return Data("softmax", shape, "cut", source=source, function=masked_softmax(mask), mask=mask)
    reduced, name = name.endswith(WITHOUT_LAST), name.removesuffix(WITHOUT_LAST)
    constraint = _KNOWN_CUTS.get(name) or next(key for key, value in _OWN.items() if value == name)
    if not shape and constraint != "free" or reduced and (not shape or shape[-1] < 2):
        raise CertificateError(f"a {name} needs an axis, and two outputs if the last is left out")
    if reduced:
        shape = (*shape[:-1], shape[-1] - 1)
    # Ours are read exactly; how many are chosen changes no field.
    function = CUTS.get(name) or (top(name[4:], 1) if name.startswith("top ") else CutFunction(name, constraint))
    return Data(name.replace(" ", "_"), shape, "cut", source=source, function=function)


def data_places(network, nodes, response):
    """
    Return, for each number of a letter's data in the order of a certificate, its place in the response's own order, -1
    where it has none.

    The order: the data nodes as they are in the record; the free numbers of the loss's covector; those of the covectors
    at the cuts.
    """
    start, at = {}, 0
    for leaf in response.data_leaves:
        start[leaf] = at
        at += leaf.size

    def own(leaf):
        leaf = response.replaced.get(leaf, leaf)
        return list(range(start[leaf], start[leaf] + leaf.size)) if leaf in start else [-1] * leaf.size

    # Numbers of a node that is read in another way (a softmax whose outputs sum to one has one free number less a row)
    # stand where the node stands.
    def drawn(node):
        # A normalisation that is zero has no data at all, a cut that is read in another way as many as stand for it.
        if node.kind == "cut" and node not in response.replaced:
            return []
        return own(node)
    places = [i for node in nodes if isinstance(node, Data) for i in drawn(node)]
    # A checker that rebuilds the graph meets nodes in the record's order and covectors after them; the response has its
    # leaves in an order of its own. Letters are lists of numbers, so both must agree on what each number is.
    rank = {node: i for i, node in enumerate(nodes)}
    if response.forgotten or not response.is_polynomial:
        raise NotCovered("functions of parameters alone have no record in certificates yet")
    pairs = [response.pairings[0]] + [
        pair for _, pair in sorted(zip(response.cuts, response.pairings[1:]), key=lambda item: rank[item[0]])
    ]
    known = set(nodes) | set(response.replaced.values())
    for _, root in pairs:
        free = [leaf for leaf in root.ancestors() if isinstance(leaf, Data) and leaf not in known]
        places += [i for leaf in free for i in own(leaf)]
    # Every number of the response exactly once, or the letters would not say what the field is.
    if sorted(i for i in places if i >= 0) != list(range(at)):
        raise NotCovered("the data of this network have no record in certificates yet")
    return places
