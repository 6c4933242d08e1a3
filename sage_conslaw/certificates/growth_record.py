r"""
A segment of a network at any width as a record: its graph with classes for sizes, and back.

Each axis of a node is a list of classes, and only the sizes of these are numbers: a block of a transformer of any width
is the same thirty nodes.  What the record says of the axes is not believed: it is compared with the classes that the
graph rebuilt from it has.
"""
import math

import numpy as np

from ..graph import cuts
from ..graph.operations import Add, Contract
from ..graph.rearrangements import Broadcast, Reshape, Select, Slice, Transpose, Windows
from ..graph.response import NetworkResponse
from ..graph.tensor import Constant, Data, Parameter, Tensor
from ..runtime.errors import NotCovered
from ..width.axes import Unknown, axes_of
from ..width.links import is_primitive, is_sum_zero, is_uniform
from ..width.resized import covector_of, is_causal
from .errors import BeyondLimits, CertificateError

# Entries of an axis of a small network: a list of them takes a tenth of a second.
_LONGEST_AXIS = 1_000_000

# Entries of a node that is written out: a mask of earlier positions, an array, the windows of a convolution.
_MOST_WRITTEN = 20_000_000


def segment_graph(axes):
    """Return the graph of a segment as lists, integers and strings."""
    place, nodes = {}, []
    for node in axes.order:
        # What is taken whole has no record, so that a graph has one form however it was written.
        if isinstance(node.operation, Slice) and not is_primitive(node):
            # The whole of an axis is taken, or its classes were not known.
            place[node] = place[node.inputs[0]]
            continue
        nodes.append(_node_record(axes, node, place))
        place[node] = len(nodes) - 1
    return {
        "sizes": [int(n) for n in axes.sizes],
        "nodes": nodes,
        "parameters": [place[leaf] for leaf in axes.leaves],
        "pairings": [{"node": place[node], "covector": constraint, "causal": int(causal)}
                     for node, constraint, causal in axes.pairings],
    }


def _node_record(axes, node, place):
    own = {"axes": [[int(c) for c in axis] for axis in axes.of[node]]}
    if isinstance(node, Parameter):
        return {"op": "parameter", "name": node.name, **own}
    if isinstance(node, Data):
        return {"op": "data", **own}
    if is_sum_zero(node):
        return {"op": "sum zero", **own}
    if isinstance(node, cuts.SumOne):
        return {"op": "sum one", "causal": int(node.causal), **own}
    if isinstance(node, Constant):
        return _constant_record(node, own)
    operation, inputs = node.operation, {"inputs": [place[child] for child in node.inputs]}
    if isinstance(operation, Contract):
        return {"op": "contract", "spec": operation.spec, **inputs}
    if isinstance(operation, Add):
        return {"op": "add", **inputs}
    if isinstance(operation, Transpose):
        return {"op": "transpose", "order": list(operation.order), **inputs}
    if isinstance(operation, Windows):
        return {"op": "windows", "kept": operation.kept, "places": operation.places.ravel().tolist(), **inputs, **own}
    for kind, op in ((Reshape, "reshape"), (Broadcast, "broadcast"), (Select, "select")):
        if isinstance(operation, kind):
            return {"op": op, **inputs, **own, **({"axis": operation.axis} if op == "select" else {})}
    raise NotCovered(f"a {type(operation).__name__} has no record at any width in certificates yet; leave it out")


def _constant_record(node, own):
    over = {} if node.denominator == 1 else {"denominator": node.denominator}
    # By what they are and not as numbers where that is known: only these may change their sizes.
    if is_uniform(node):
        return {"op": "uniform", "value": int(node.values.flat[0]), **own, **over}
    if is_causal(node.values):
        return {"op": "causal", **own, **over}
    return {"op": "array", "values": node.values.ravel().tolist(), **own, **over}


def segment_axes(graph):
    """Return the axes of the segment that a record describes; a record that is not what they say is refused."""
    sizes, nodes = graph["sizes"], []
    for number, entry in enumerate(graph["nodes"]):
        if not all(i < number for i in entry.get("inputs", [])):
            raise CertificateError("the graph of a segment is not in order: a node is made of later ones")
        axes = entry.get("axes", [])
        if not all(c < len(sizes) for axis in axes for c in axis):
            raise CertificateError("a node of a segment has a class that is not there")
        nodes.append(_node(entry, [math.prod(sizes[c] for c in axis) for axis in axes], nodes))
    used = [*graph["parameters"], *(pair["node"] for pair in graph["pairings"])]
    if not all(i < len(nodes) for i in used):
        raise CertificateError("a segment refers to nodes that it does not have")
    leaves = [nodes[i] for i in graph["parameters"]]
    if len(set(leaves)) != len(leaves) or {node for node in nodes if type(node) is Parameter} != set(leaves):
        raise CertificateError("the parameters of a segment are not those that it lists")
    pairings, constraints = [], []
    for pair in graph["pairings"]:
        node, causal = nodes[pair["node"]], bool(pair["causal"])
        if pair["covector"] != "free" and not node.shape or causal and pair["covector"] != "sum zero":
            raise CertificateError("the covectors of a segment do not fit")
        covector = covector_of(node, pair["covector"], causal)
        if covector is None:
            raise CertificateError("the covectors of a segment are zero")
        pairings.append((node, covector))
        constraints.append((pair["covector"], causal))
    try:
        axes = axes_of(NetworkResponse(leaves, pairings, constraints))
    except Unknown as reason:
        raise CertificateError(f"the axes of a segment are not known: {reason}") from None
    # Classes are derived from the graph that was rebuilt, and written again: a record that says of an axis what the
    # graph does not show, for instance that two widths are equal by chance, is not what comes out.
    if segment_graph(axes) != graph:
        raise CertificateError("the graph of a segment is not what its classes say")
    return axes


def _node(entry, shape, nodes):
    op, inputs = entry["op"], [nodes[i] for i in entry.get("inputs", [])]
    size = math.prod(shape)
    # Other nodes are never filled: shapes of a billion cost nothing.
    if op in ("causal", "array", "windows") and size > _MOST_WRITTEN:
        raise BeyondLimits(f"an array of {size} entries is beyond the limit of {_MOST_WRITTEN}")
    if op == "parameter":
        return Parameter(entry["name"], shape)
    if op == "data":
        return Data("x", shape, "input")
    if op in ("sum zero", "sum one"):
        if not shape or entry.get("causal") and (len(shape) < 2 or shape[-1] != shape[-2]):
            raise CertificateError("what sums to zero or one needs an axis")
        return cuts.sum_zero("s", shape) if op == "sum zero" else cuts.sum_one("a", shape, bool(entry["causal"]))
    if op in ("uniform", "causal", "array"):
        return Constant(_values(entry, shape), denominator=entry.get("denominator", 1))
    (child, *_) = inputs
    if op == "contract":
        return Tensor(Contract(entry["spec"]), inputs)
    if op == "add":
        return Tensor(Add(), inputs)
    if op == "transpose":
        return Tensor(Transpose(child.shape, entry["order"]), inputs)
    if op == "reshape":
        return Tensor(Reshape(child.shape, shape), inputs)
    if op == "broadcast":
        return Tensor(Broadcast(child.shape, shape), inputs)
    if op == "select":
        return _selected(child, entry["axis"], shape)
    kept = entry["kept"]
    places = np.array(entry["places"], dtype=np.int64)
    if kept > len(shape) or places.size != math.prod(shape[kept:]):
        raise CertificateError("the windows of a segment do not fit")
    inside = math.prod(child.shape[kept:])
    # -1 is the border, a zero; anything else must be inside, as numpy would take -2 from the end.
    if places.size and not (-1 <= places.min() and places.max() < inside):
        raise CertificateError("the windows of a segment are not inside of what they are taken from")
    return Tensor(Windows(child.shape, kept, places.reshape(shape[kept:])), inputs)


def _selected(child, axis, shape):
    if axis >= len(child.shape) or len(shape) != len(child.shape) or shape[axis] % child.shape[axis]:
        raise CertificateError("the entries that a segment repeats do not fit")
    if shape[axis] > _LONGEST_AXIS:
        raise BeyondLimits(f"an axis of {shape[axis]} repeated entries is beyond the limit")
    return Tensor(Select(child.shape, axis, np.repeat(np.arange(child.shape[axis]), shape[axis] // child.shape[axis])),
                  [child])


def _values(entry, shape):
    if entry["op"] == "uniform":
        return np.broadcast_to(np.int64(entry["value"]), shape)
    if entry["op"] == "causal":
        if len(shape) < 2 or shape[-1] != shape[-2]:
            raise CertificateError("a mask of earlier entries is not square")
        return np.broadcast_to(np.tril(np.ones(shape[-2:], dtype=np.int64)), shape)
    return np.array(entry["values"], dtype=np.int64).reshape(shape)
