r"""
Layered networks of any width, checked from small ones: sizes are numbers here, nothing is built at the true width.

*Cross-entropy.*  In coordinates in which the sum over the outputs is one of them, the covectors are free on one output
less and what is left of the last layer never moves: `n_{q-1}` laws, and the network with one output less.

*Star points* (``relu``: each layer has data of its own).  A weight is zero unless at most one of its indices is beyond
the first.  Take data on the first neuron of each layer and on one further neuron in the layers `S`: a gradient is a sum
over paths of neurons with data, so it has entries only at weights among these.  Order the weights by the further
neurons they touch: the gradients form a block triangular matrix, and the block of `S` occurs
`\prod_{c \in S} (n_c - 1)` times.  Its rank is that in the network with two neurons a layer.

*Chain points* (``linear``).  The neurons fall into components, and weights between components are zero.  Changing the
sign of a component, with its data, fixes the point and maps fields to fields: the values of the Lie algebra are the
direct sum of what is between two components, for each pair, and what is inside all of them.  The fields of a few
components, the other data zero, are those of the network of these components.  So the rank between two is that in a
network with two of each kind, and each further component adds what words on these and it move inside it.

The gradients of the laws split in the same way.  The blocks' minors are polynomials in the weights of the point, none
of them zero, so there is a point at which none vanishes, however many there are.  A term of the derivative of a law has
the neurons of one path and at most one more of a layer: three a layer decide it for all widths.
"""
import hashlib
import math
from fractions import Fraction

import numpy as np

from ..exact.arithmetic import ModularArithmetic
from ..exact.linear_algebra import rank
from ..fields.bracket import given_field
from ..flows.flow import Flow
from ..laws.independence import jacobian
from ..networks.catalog import by_name
from .errors import BeyondLimits, CertificateError
from .graph_record import data_places, user_nodes
from .witness import word_field

KINDS = {"relu": "star", "linear": "chains"}
# Neurons of one layer that a term of a law's derivative can touch.
_TOUCHED = 3
# Parameters of the small networks. A word of d letters costs about 3^d backward passes, each with an overhead, in
# numbers; numpy takes about 2e7 of them in a second.
MAX_SMALL, _OVERHEAD, _MOST_WORK = 1500, 20_000, 40_000_000


def number(p, *label):
    r"""
    Return the number modulo ``p`` that belongs to a label: no certificate chooses its own.

    EXAMPLES::

        sage: from sage_conslaw.certificates.wide import number
        sage: number(101r, 0r, "point", "U1_1_1") < 101
        True
    """
    return int.from_bytes(hashlib.sha256("/".join(map(str, label)).encode()).digest(), "big") % p


class Layers:
    r"""
    What a problem says of a layered network: true widths, without the output that cross-entropy leaves still.

    EXAMPLES::

        sage: from sage_conslaw.certificates.wide import Layers
        sage: problem = {"kind": "network", "architecture": "relu", "sizes": [784r, 512r, 256r, 10r],
        ....:     "options": {"bias": 1r}, "loss": "cross-entropy",
        ....:     "flow": {"name": "gradient", "decay": "0", "metric": "euclidean"}}
        sage: layers = Layers(problem); layers.widths, layers.still, layers.dimension
        ([784, 512, 256, 9], 256, 535808)
    """

    def __init__(self, problem):
        name, sizes, options = problem.get("architecture"), problem.get("sizes"), problem.get("options")
        plain = {"name": "gradient", "decay": "0", "metric": "euclidean"}
        if name not in KINDS or problem["flow"] != plain or options not in ({}, {"bias": 1}):
            raise CertificateError("certificates of any width are of relu and linear under euclidean gradient flow")
        if len(sizes) < 2 or name == "linear" and options:
            raise CertificateError(f"{name} with these sizes and options is no network")
        self.name, self.sizes, self.bias, self.loss = name, sizes, bool(options), problem["loss"]
        self.widths, self.still = list(sizes), 0
        if self.loss == "cross-entropy":
            self.widths[-1] -= 1
            self.still = sizes[-2]
            if not self.widths[-1]:
                raise CertificateError("the softmax of one output is constant: there is nothing to check at any width")
        self.dimension = sum(a * b for a, b in zip(sizes, sizes[1:])) + (sum(sizes[1:-1]) if self.bias else 0)

    @property
    def kind(self):
        """How the rank is proved."""
        return KINDS[self.name]

    def network(self, widths):
        """Return the network with these widths."""
        small = sum(a * b for a, b in zip(widths, widths[1:]))
        if small > MAX_SMALL:
            raise BeyondLimits(f"a small network of {small} parameters is beyond the limit of {MAX_SMALL}")
        return by_name(self.name, widths, **({"bias": True} if self.bias else {}))

    def small(self, widths, loss="least-squares"):
        """Return the family at these widths, and the places of a letter's data in the order of the layers."""
        network = self.network(widths)
        response = network.response(loss)
        return Flow("gradient", metric="euclidean").family(response), data_places(
            network, user_nodes(network), response
        )

    def law_names(self):
        r"""
        Return the laws as text.

        EXAMPLES::

            sage: from sage_conslaw.certificates.wide import Layers
            sage: problem = {"kind": "network", "architecture": "linear", "sizes": [9r, 8r, 9r], "options": {},
            ....:     "loss": "cross-entropy", "flow": {"name": "gradient", "decay": "0", "metric": "euclidean"}}
            sage: Layers(problem).law_names()
            ['the upper triangle of U1^T U1 - U2 U2^T', 'the sums of the rows of U2']
        """
        out, last = [], len(self.sizes) - 1
        for l in range(1, last):
            bias = f" + b{l} b{l}^T" if self.bias else ""
            part = "upper triangle" if self.name == "linear" else "diagonal"
            out.append(f"the {part} of U{l}^T U{l}{bias} - U{l + 1} U{l + 1}^T")
        return out + ([f"the sums of the rows of U{last}"] if self.loss == "cross-entropy" else [])

    def laws(self, widths, places):
        """Return the laws at these widths: pairs of the neurons (layer, j, k) and the polynomial."""
        def place(leaf, *index):
            return places.get("_".join([leaf, *(str(i + 1) for i in index)]), places.get(leaf))
        for l in range(1, len(widths) - 1):
            for j in range(widths[l]):
                for k in range(j, widths[l]) if self.name == "linear" else [j]:
                    terms = {}
                    pairs = [(place(f"U{l}", i, j), place(f"U{l}", i, k), 1) for i in range(widths[l - 1])]
                    pairs += [(place(f"U{l + 1}", j, i), place(f"U{l + 1}", k, i), -1) for i in range(widths[l + 1])]
                    pairs += [(place(f"b{l}", j), place(f"b{l}", j), 1)] if self.bias else []
                    for a, b, sign in pairs:
                        terms[tuple(sorted((a, b)))] = Fraction(sign)
                    yield (l, j, k), terms


def check_laws(layers):
    r"""
    Check that the laws are conserved, by polynomial identities in the network of three neurons a layer.

    EXAMPLES::

        sage: from sage_conslaw.certificates.wide import Layers, check_laws
        sage: check_laws(Layers({"kind": "network", "architecture": "linear", "sizes": [9r, 8r, 9r], "options": {},
        ....:     "loss": "least-squares", "flow": {"name": "gradient", "decay": "0", "metric": "euclidean"}}))
    """
    widths = [min(n, _TOUCHED) for n in layers.sizes]
    family, _ = layers.small(widths, layers.loss)
    places = {name: i for i, name in enumerate(family.names)}
    laws = [law for _, law in layers.laws(widths, places)]
    if layers.loss == "cross-entropy":
        last = len(widths) - 1
        laws += [{(places[_entry(family, last, j, k)],): Fraction(1) for k in range(widths[-1])}
                 for j in range(widths[-2])]
    if not all(family.conserved(laws)):
        raise CertificateError("a law is not conserved in the network of three neurons a layer")


def _entry(family, l, i, j):
    name = f"U{l}_{i + 1}_{j + 1}"
    return name if name in family.names else f"U{l}"


def _ends(name):
    """Return the layer of a parameter's entry, and its neurons: pairs (layer, number from zero)."""
    leaf, *index = name.split("_")
    l, index = int(leaf[1:]), [int(i) - 1 for i in index] or [0] * (2 if leaf[0] == "U" else 1)
    return [(l - 1, index[0]), (l, index[1])] if leaf[0] == "U" else [(l, index[0])]


def star_parts(layers, p, seed):
    r"""
    Return the parts of a star point: how often each occurs, its size, and its ranks of fields and laws.

    EXAMPLES::

        sage: from sage_conslaw.certificates.wide import Layers, star_parts
        sage: problem = {"kind": "network", "architecture": "relu", "sizes": [784r, 512r, 10r], "options": {},
        ....:     "loss": "least-squares", "flow": {"name": "gradient", "decay": "0", "metric": "euclidean"}}
        sage: parts = star_parts(Layers(problem), int(2^61 - 1), 0r)
        sage: sum(part["times"] * part["rank"] for part in parts), sum(part["times"] * part["laws"] for part in parts)
        (406016, 512)
    """
    widths = [min(n, 2) for n in layers.widths]
    family, order = layers.small(widths)
    z, columns = np.zeros(family.dimension, dtype=np.int64), {}
    for i, name in enumerate(family.names):
        touched = tuple(c for c, j in _ends(name) if j)
        columns.setdefault(touched, []).append(i)
        if len(touched) < 2:
            z[i] = number(p, seed, "point", name)
    laws = list(layers.laws(widths, {name: i for i, name in enumerate(family.names)}))
    gradients = jacobian([law for _, law in laws], family.dimension, z, p).reshape(len(laws), family.dimension)
    parts = []
    for touched, here in sorted(columns.items(), key=lambda item: (len(item[0]), item[0])):
        on = [[c in touched or not j for j in range(n)] for c, n in enumerate(widths)]
        letters = []
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


class Components:
    r"""
    Components of a chain point: chains, as pairs of first and last layer; links, as triples (layer, chain there, chain
    in the next layer); and how often each component occurs.

    EXAMPLES::

        sage: from sage_conslaw.certificates.wide import Components
        sage: few = Components([{"chains": [[0r, 1r]], "links": [], "times": 5r}], [5r, 5r]); few.times
        [5]
        sage: Components([{"chains": [[0r, 1r]], "links": [], "times": 5r}], [5r, 6r])
        Traceback (most recent call last):
        ...
        sage_conslaw.certificates.errors.CertificateError: the components have not 6 neurons in layer 1
    """

    def __init__(self, records, widths):
        self.records, self.times, self.widths = records, [record["times"] for record in records], widths
        last = len(widths) - 1
        for record in records:
            chains = record["chains"]
            if not all(first <= stop <= last for first, stop in chains):
                raise CertificateError("a chain is not inside the layers")
            for l, i, j in record["links"]:
                if not (i < len(chains) and j < len(chains) and chains[i][0] <= l <= chains[i][1]
                        and chains[j][0] <= l + 1 <= chains[j][1]):
                    raise CertificateError("a link does not lead from a chain to one in the next layer")
        for l, n in enumerate(widths):
            if sum(record["times"] * len(self._neurons(k, l)) for k, record in enumerate(records)) != n:
                raise CertificateError(f"the components have not {n} neurons in layer {l}")

    def _neurons(self, k, l):
        return [i for i, (first, last) in enumerate(self.records[k]["chains"]) if first <= l <= last]

    def twice(self):
        """Return two components of each kind, one where there is only one: pairs (kind, copy)."""
        return [(k, copy) for k, times in enumerate(self.times) for copy in range(min(times, 2))]

    def neurons(self, copies):
        """Return for each layer of the network of these components its neurons: pairs (component, chain)."""
        return [[(a, i) for a, (k, _) in enumerate(copies) for i in self._neurons(k, l)]
                for l in range(len(self.widths))]

    def nonzero(self, copies):
        """Return the weights that are not zero: triples (layer, neuron there, neuron in the next layer)."""
        out = set()
        for a, (k, _) in enumerate(copies):
            chains = self.records[k]["chains"]
            out |= {(l, (a, i), (a, i)) for i, (first, last) in enumerate(chains) for l in range(first, last)}
            out |= {(l, (a, i), (a, j)) for l, i, j in self.records[k]["links"]}
        return out


def affordable(counts, size):
    r"""
    Say whether so many words of each length in a network of some size are within the limits of a check.

    EXAMPLES::

        sage: from sage_conslaw.certificates.wide import affordable
        sage: affordable([10r, 5r], 100r), affordable([0r] * 30r + [1r], 100r)
        (True, False)
    """
    return len(counts) <= 12 and sum(
        (count * size + _OVERHEAD) * 3 ** depth for depth, count in enumerate(counts) if count
    ) <= _MOST_WORK


class ChainNetwork:
    r"""
    The network of some components at its chain point.

    EXAMPLES::

        sage: from sage_conslaw.certificates.wide import *
        sage: problem = {"kind": "network", "architecture": "linear", "sizes": [5r, 4r, 5r], "options": {},
        ....:     "loss": "least-squares", "flow": {"name": "gradient", "decay": "0", "metric": "euclidean"}}
        sage: few = Components([{"chains": [[0r, 2r]], "links": [], "times": 4r},
        ....:     {"chains": [[0r, 0r]], "links": [], "times": 1r}, {"chains": [[2r, 2r]], "links": [], "times": 1r}],
        ....:     [5r, 4r, 5r])
        sage: small = ChainNetwork(Layers(problem), few, few.twice(), int(2^61 - 1), 0r)
        sage: small.family.dimension, len(small.blocks[0r, 1r])
        (12, 4)
    """

    def __init__(self, layers, components, copies, p, seed):
        self.copies, self.p = copies, p
        self.neurons = components.neurons(copies)
        self.widths = [len(here) for here in self.neurons]
        if not all(self.widths):
            raise CertificateError("the components leave a layer without neurons")
        self.family, self.order = layers.small(self.widths)
        self.point, self.blocks = np.zeros(self.family.dimension, dtype=np.int64), {}
        nonzero = components.nonzero(copies)
        for place, name in enumerate(self.family.names):
            (l, i), (_, j) = _ends(name)
            one, other = self.neurons[l][i], self.neurons[l + 1][j]
            self.blocks.setdefault((min(one[0], other[0]), max(one[0], other[0])), []).append(place)
            if (l, one, other) in nonzero:
                self.point[place] = number(p, seed, "point", name)

    def law_ranks(self, layers):
        """Return for each block the rank of the gradients of its laws."""
        laws = list(layers.laws(self.widths, {name: i for i, name in enumerate(self.family.names)}))
        shape = len(laws), self.family.dimension
        gradients = jacobian([law for _, law in laws], shape[1], self.point, self.p).reshape(shape)
        pairs = [
            tuple(sorted((self.neurons[l][j][0], self.neurons[l][k][0]))) for (l, j, k), _ in laws
        ]
        out = {}
        for block, columns in self.blocks.items():
            mine = [row for row, pair in enumerate(pairs) if pair == block]
            if gradients[np.ix_(mine, np.delete(np.arange(shape[1]), columns))].any():
                raise CertificateError("the gradient of a law has entries outside its block")
            out[block] = rank(gradients[np.ix_(mine, columns)], self.p) if mine else 0
        return out

    def words(self, label, length, count):
        """Return the values of the first words of one length."""
        if not count:
            return np.zeros((0, self.family.dimension), dtype=np.int64)
        size = self.family.data_size
        batch = []
        for k in range(count):
            letters = []
            for letter in range(length):
                data = [0] * size
                for i, place in enumerate(self.order):
                    data[place] = number(self.p, *label, length, k, letter, i)
                letters.append({"data": data})
            batch.append(letters)
        values = word_field(self.family, batch, self.p)(ModularArithmetic(self.p), self.point)
        return np.broadcast_to(values, (count, self.family.dimension))

    def values(self, label, counts):
        """Return the values of all words: ``counts[d]`` of them have ``d + 1`` letters."""
        if not affordable(counts, self.family.dimension):
            raise BeyondLimits("the words need more work than a check may take")
        return np.concatenate([self.words(label, length, count) for length, count in enumerate(counts, start=1)]
                              or [np.zeros((0, self.family.dimension), dtype=np.int64)])


def chain_parts(layers, records, words, p, seed):
    r"""
    Return the parts of a chain point: how often each occurs, its size, and its ranks of fields and laws.

    INPUT: ``words`` -- how many words of each length, first for two components of each kind, then for each kind with
    more

    EXAMPLES::

        sage: from sage_conslaw.certificates.wide import Layers, chain_parts
        sage: problem = {"kind": "network", "architecture": "linear", "sizes": [5r, 4r], "options": {},
        ....:     "loss": "least-squares", "flow": {"name": "gradient", "decay": "0", "metric": "euclidean"}}
        sage: kinds = [{"chains": [[0r, 1r]], "links": [], "times": 4r}, {"chains": [[0r, 0r]], "links": [],
        ....:     "times": 1r}]
        sage: parts = chain_parts(Layers(problem), kinds, [[8r], [3r]], int(2^61 - 1), 0r)
        sage: sum(part["times"] * part["rank"] for part in parts)
        20
    """
    components = Components(records, layers.widths)
    copies, times = components.twice(), components.times
    twice = ChainNetwork(layers, components, copies, p, seed)
    further = [k for k, n in enumerate(times) if n > 2]
    if len(words) != 1 + len(further):
        raise CertificateError("there are not words for two of each kind and for each kind with more")
    values, laws = twice.values((seed, "word"), words[0]), twice.law_ranks(layers)
    inside = [i for (a, b), columns in sorted(twice.blocks.items()) if a == b for i in columns]
    parts = [{"of": "inside two components of each kind", "times": 1, "size": len(inside),
              "rank": rank(values[:, inside], p), "laws": sum(n for (a, b), n in laws.items() if a == b)}]
    for (a, b), columns in sorted(twice.blocks.items()):
        how_many = 0 if a == b else _pairs(copies[a], copies[b], times)
        if how_many:
            k, j = copies[a][0], copies[b][0]
            parts.append({"of": f"between components of the kinds {k} and {j}", "times": how_many,
                          "size": len(columns), "rank": rank(values[:, columns], p), "laws": laws[a, b]})
    for k, counts in zip(further, words[1:]):
        one = ChainNetwork(layers, components, [*copies, (k, 2)], p, seed)
        columns = one.blocks.get((len(copies),) * 2, [])
        if columns:
            values = one.values((seed, "word", k), counts)
            parts.append({"of": f"inside a further component of the kind {k}", "times": times[k] - 2,
                          "size": len(columns), "rank": rank(values[:, columns], p),
                          "laws": one.law_ranks(layers).get((len(copies),) * 2, 0)})
    return parts


def _pairs(one, other, times):
    """Return for how many pairs of components of the whole network a pair of the small one stands."""
    (k, copy), (j, other_copy) = one, other
    if k == j:
        return times[k] * (times[k] - 1) // 2
    return times[k] * times[j] if copy == other_copy == 0 else 0


def still_part(layers):
    """Return the part of what cross-entropy leaves still, in a list."""
    if not layers.still:
        return []
    return [{"of": "the sums of the rows of the last layer", "times": layers.still, "size": 1, "rank": 0, "laws": 1}]


def totals(parts, layers):
    r"""
    Return how many independent laws there are and the rank, from parts that make up the whole network.

    EXAMPLES::

        sage: from sage_conslaw.certificates.wide import *
        sage: problem = {"kind": "network", "architecture": "relu", "sizes": [78r, 51r, 10r], "options": {},
        ....:     "loss": "least-squares", "flow": {"name": "gradient", "decay": "0", "metric": "euclidean"}}
        sage: layers = Layers(problem); totals(star_parts(layers, int(2^61 - 1), 0r), layers)
        (51, 4437)
    """
    if sum(part["times"] * part["size"] for part in parts) != layers.dimension:
        raise CertificateError("the parts do not make up the network")
    return tuple(sum(part["times"] * part[what] for part in parts) for what in ("laws", "rank"))


def check_wide(record, p):
    r"""
    Check a record of a network of any width but for its statement; return the numbers: dimension, laws, rank.

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, networks
        sage: from sage_conslaw.certificates.wide import check_wide
        sage: record = conservation_laws(networks.relu([784, 512, 10]), seed=0).certificate()
        sage: check_wide(record, record["width"]["prime"])
        (406528, 512, 406016)
    """
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
    if part["parts"] != parts:
        raise CertificateError("the parts are not those that the small networks show")
    return layers.dimension, *totals(parts, layers)
