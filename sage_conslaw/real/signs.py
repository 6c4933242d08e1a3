r"""
Regions of parameters with equal signs or in equal order, where norms and choices read nothing else of them.

`\mathrm{norm}(w x) = \mathrm{sign}(w)\, \mathrm{norm}(x)`, so with one input a batch norm of `x W` does not move `W`,
and its outputs are data times signs. Where the signs are those of a point, the network is one with constants in place
of `W`, and its laws, polynomials in the parameters after the norm, hold on this region for every input.

The trivial case: `w x` normalised along samples, where `w` is a law and nothing else moves. The famous one: batch norm
with one input, `1, 3, 1`: each unit is `\pm n` with the same data `n`, which leaves 9 laws where units with data of
their own leave 6. One that has nothing: two inputs, where `W` turns what is normalised.

With one input `x` the scores `x r` of experts choose the largest entries of `r` for positive `x` and the smallest for
negative: all others never answer, and nothing moves their weights.
"""
import numpy as np

from ..exact.arithmetic import FloatArithmetic, ModularArithmetic
from ..exact.modular import random_array
from ..graph.activations import is_known
from ..graph.cuts import differences
from ..graph.models import NORMS
from ..graph.network import Network
from ..graph.operations import Contract
from ..graph.rearrangements import Rearrangement
from ..graph.replacing import replaced, without_zeros
from ..graph.tensor import Constant, Data, Parameter
from .rank import restricted

_PRIME = (1 << 61) - 1


def family_with_signs(family, theta):
    r"""
    Return the family of the network on the region of a point: with signs for the parameters that norms read nothing
    else of, and without the experts that no input chooses; ``None`` where there are none.
    """
    response = family.response
    output = response.drawn.pairings[0][0]
    starts = dict(zip(response.leaves, response.leaf_starts))
    new = {}
    for node in output.ancestors(through_data=True):
        found = _product_read_by(node)
        if found is None or found[0] not in starts:
            continue
        parameter, data = found
        values = np.asarray(theta)[starts[parameter] : starts[parameter] + parameter.size].reshape(parameter.shape)
        other = (_scaled if node.function.name in NORMS else _chosen)(node, parameter, data, values)
        if other is not None:
            new[node] = other
    if not new:
        return None
    # The same leaves: parameters that are signs now have no field, and stay laws.
    network = Network("custom", (), without_zeros(replaced(output, new)[output]), (), response.leaves)
    loss = "cross-entropy" if response.constraints[0][0] == "sum zero" else "least-squares"
    family = restricted(family, network.response(loss))
    family.forgotten, family.is_polynomial = family.response.forgotten, family.response.is_polynomial
    return family


def _product_read_by(node):
    """Return the parameter and the data of whose product, entry by entry, a norm or a choice is a function; else
    ``None``."""
    if not isinstance(node, Data) or node.kind not in ("cut", "gate") or node.source is None or node.mask is not None:
        return None
    name = node.function.name
    known = is_known(node.function) if node.kind == "cut" else True
    if not known or name not in NORMS and not name.startswith("top "):
        return None
    source = _arranged(node.source)
    if not isinstance(source.operation, Contract):
        return None
    parameters = [part for part in map(_arranged, source.inputs) if isinstance(part, Parameter)]
    data = [
        part
        for part in source.inputs
        if not any(isinstance(leaf, (Parameter, Constant)) for leaf in part.ancestors(through_data=True))
    ]
    spec = source.operation
    sizes = spec.sizes(*(child.shape for child in source.inputs))
    # One parameter times data entry by entry, nothing summed: w x has the sign of w and the size of neither matters.
    if len(parameters) != 1 or len(data) != 1 or any(sizes[x] > 1 for x in sizes if x not in spec.result):
        return None
    return parameters[0], data[0]


def _scaled(node, scale, data, values):
    """Return what a norm makes of data times one entry of a parameter: normalised data, times the sign of the entry."""
    signs = np.sign(values).astype(np.int64)
    if data.size < 2 or not signs.all() or not _is_scaled(node.source, scale, data):
        return None
    if node.function.name == "rms norm":
        normal = Data("normal", data.shape, "input")
    else:
        normal = (Data("normal", (data.size - 1,), "input") @ differences(data.size)).reshape(*data.shape)
    return replaced(node.source, {data: normal, scale: Constant(signs)})[node.source]


def _chosen(node, router, data, values):
    """Return the shares of experts without those that no sign of the one input chooses, near the parameters."""
    number = node.function.settings[0] if node.kind == "cut" else 1
    # In the order in which the choice reads them.
    scores = _value_of(node.source, FloatArithmetic(), {data: np.ones(data.shape), router: values}, data).ravel()
    if data.size != 1 or node.shape != (len(scores),) or len(set(scores.tolist())) < len(scores):
        return None
    order = np.argsort(scores)
    mask = np.zeros(len(scores), dtype=np.int64)
    mask[order[:number]] = mask[order[-number:]] = 1
    if mask.all():
        return None
    # No covector passes to the scores of experts that never answer.
    source = node.source * Constant(mask)
    return Data(node.name, node.shape, node.kind, source=source, function=node.function) * Constant(mask)


def _arranged(node):
    """Return what a rearrangement arranges."""
    while isinstance(node.operation, Rearrangement):
        (node,) = node.inputs
    return node


def _value_of(source, A, values, data):
    """Return the value of a node from those of the data and of a parameter; what is above the data is not read."""
    values = {node: np.ones(node.shape, dtype=np.int64) for node in data.ancestors() if node is not data} | values
    for node in source.ancestors():
        if node not in values and node.operation is not None:
            values[node] = node.operation.forward(A, *(values[child] for child in node.inputs))
    return values[source]


def _is_scaled(source, scale, data):
    """Say whether the entries that a norm reads together are all data times one entry of the parameter."""
    A, generator = ModularArithmetic(_PRIME), np.random.default_rng(0)

    def rows(values):
        return _value_of(source, A, values, data).reshape(-1, source.shape[-1])
    # An identity of multilinear maps, tested at a random point modulo a prime: wrong with probability below 1e-17.
    labels, ones = random_array(generator, data.shape, _PRIME), np.ones(scale.shape, dtype=np.int64)
    read = rows({data: labels, scale: ones})
    weights = rows({data: np.ones(data.shape, dtype=np.int64), scale: random_array(generator, scale.shape, _PRIME)})
    whole = np.sort(labels.ravel())
    return bool((weights == weights[:, :1]).all()) and read.shape[1] == data.size and all(
        (np.sort(row) == whole).all() for row in read
    )
