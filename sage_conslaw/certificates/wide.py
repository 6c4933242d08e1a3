r"""
Layered networks of any width, checked from small ones: sizes are numbers here, nothing is built at the true width.

*Cross-entropy.*  In coordinates in which the sum over the outputs is one of them, the covectors are free on one output
less and what is left of the last layer never moves: `n_{q-1}` laws, and the network with one output less.

*Star points* (``relu``: each layer has data of its own).  A weight is zero unless at most one of its indices is beyond
the first.  Take data on the first neuron of each layer and on one further neuron in the layers `S`: a gradient is a sum
over paths of neurons with data, so it has entries only at weights among these.  Order the weights by the further
neurons they touch: the gradients form a block triangular matrix, and the block of `S` occurs
`\prod_{c \in S} (n_c - 1)` times.  Its rank is that in the network with two neurons a layer.

*Chain points* (``linear``) are in :mod:`.wide_chains`.

The gradients of the laws split in the same way.  The blocks' minors are polynomials in the weights of the point, none
of them zero, so there is a point at which none vanishes, however many there are.  The laws are checked in
:mod:`.wide_layers`.
"""
import math

import numpy as np

from ..exact.arithmetic import ModularArithmetic
from ..exact.linear_algebra import rank
from ..fields.bracket import given_field
from ..laws.independence import jacobian
from .errors import CertificateError
from .wide_chains import chain_parts
from .wide_layers import Layers, check_laws, ends, number


def star_parts(layers, p, seed):
    """Return the parts of a star point: how often each occurs, its size, and its ranks of fields and laws."""
    # One further neuron of each layer stands for all further ones: they differ in the weights of the point only.
    widths = [min(n, 2) for n in layers.widths]
    family, order = layers.small(widths)
    z, columns = np.zeros(family.dimension, dtype=np.int64), {}
    for i, name in enumerate(family.names):
        touched = tuple(c for c, j in ends(name) if j)
        columns.setdefault(touched, []).append(i)
        if len(touched) < 2:
            z[i] = number(p, seed, "point", name)
    laws = list(layers.laws(widths, {name: i for i, name in enumerate(family.names)}))
    gradients = jacobian([law for _, law in laws], family.dimension, z, p).reshape(len(laws), family.dimension)
    parts = []
    for touched, here in sorted(columns.items(), key=lambda item: (len(item[0]), item[0])):
        # Data on these neurons alone: a gradient is a sum over paths through neurons with data.
        on = [[c in touched or not j for j in range(n)] for c, n in enumerate(widths)]
        letters = []
        # As many as there are columns reach any rank, and two more make up for bad draws.
        for k in range(len(here) + 2):
            data = [0] * family.data_size
            drawn = [
                number(p, seed, "data", *touched, k, c, j) if on[c][j] else 0
                for c, n in enumerate(widths)
                for j in range(n)
            ]
            for place, value in zip(order, drawn):
                data[place] = value
            letters.append({"data": data})
        values = given_field(family, letters, p)(ModularArithmetic(p), z)
        mine = [row for row, ((l, j, _), _) in enumerate(laws) if touched == ((l,) if j else ())]
        others = np.delete(np.arange(family.dimension), here)
        if touched and gradients[np.ix_(mine, others)].any():
            raise CertificateError("the gradient of a law has entries outside its part")
        parts.append({
            "of": _star_words(touched), "times": math.prod(layers.widths[c] - 1 for c in touched), "size": len(here),
            "rank": rank(np.broadcast_to(values, (len(letters), family.dimension))[:, here], p),
            "laws": rank(gradients[np.ix_(mine, here)], p) if mine else 0,
        })
    return parts


def _star_words(touched):
    if len(touched) == 2:
        return f"the weight between further neurons of layers {touched[0]} and {touched[1]}"
    return f"the weights of a further neuron of layer {touched[0]}" if touched else "the weights of the first neurons"


def still_part(layers):
    """Return the part of what cross-entropy leaves still, in a list."""
    if not layers.still:
        return []
    return [{"of": "the sums of the rows of the last layer", "times": layers.still, "size": 1, "rank": 0, "laws": 1}]


def totals(parts, layers):
    """Return how many independent laws there are and the rank, from parts that make up the whole network."""
    # The parts are blocks of columns: together they are all columns, so ranks add up to the rank of the whole.
    if sum(part["times"] * part["size"] for part in parts) != layers.dimension:
        raise CertificateError("the parts do not make up the network")
    return tuple(sum(part["times"] * part[what] for part in parts) for what in ("laws", "rank"))


def check_wide(record, p):
    """Check a record of a network of any width but for its statement; return the numbers: dimension, laws, rank."""
    layers, part = Layers(record["problem"]), record["width"]
    if part["kind"] != layers.kind:
        raise CertificateError(f"the rank of {layers.name} is proved by {layers.kind}")
    if record["dimension"] != layers.dimension:
        raise CertificateError(f"the dimension is {layers.dimension}, not {record['dimension']}")
    if record["laws"] != layers.law_names():
        raise CertificateError("the laws are not those of this network")
    check_laws(layers)
    if part["kind"] == "star":
        parts = star_parts(layers, p, part["seed"])
    else:
        parts = chain_parts(layers, part["components"], part["words"], p, part["seed"])
    parts += still_part(layers)
    # Nothing in the record is believed but seed, prime and components: the parts are for the reader, and compared.
    if part["parts"] != parts:
        raise CertificateError("the parts are not those that the small networks show")
    return layers.dimension, *totals(parts, layers)
