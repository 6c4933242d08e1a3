r"""
Chain points of linear networks of any width: parts of a few components, each counted as often as it occurs.

The neurons fall into components, and weights between components are zero.  Changing the sign of a component, with its
data, fixes the point and maps fields to fields: the values of the Lie algebra are the direct sum of what is between two
components, for each pair, and what is inside all of them.  The fields of a few components, the other data zero, are
those of the network of these components.  So the rank between two is that in a network with two of each kind, and each
further component adds what words on these and it move inside it.

The trivial case is one component in each layer; the famous one ``linear 784 512 256 10``, three kinds of components;
components that leave a layer without neurons are no point of the network, and refused.
"""
import numpy as np

from ..exact.arithmetic import ModularArithmetic
from ..exact.linear_algebra import rank
from ..laws.independence import jacobian
from .errors import BeyondLimits, CertificateError
from .wide_layers import ends, number
from .witness import word_field

# Letters of a word: 3^12 backward passes take a minute.
_LONGEST_WORD = 12

# A word of d letters costs about 3^d backward passes, each with an overhead, in numbers; numpy takes about 2e7 of them
# in a second.
_OVERHEAD, _MOST_WORK = 20_000, 40_000_000


class Components:
    """
    Components of a chain point: chains, as pairs of first and last layer; links, as triples (layer, chain there, chain
    in the next layer); and how often each component occurs.
    """

    def __init__(self, records, widths):
        self.records, self.times, self.widths = records, [record["times"] for record in records], widths
        # Together they have each neuron once: then weights between them and inside them are all weights.
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
    """Say whether so many words of each length in a network of some size are within the limits of a check."""
    return len(counts) <= _LONGEST_WORD and sum(
        (count * size + _OVERHEAD) * 3 ** depth for depth, count in enumerate(counts) if count
    ) <= _MOST_WORK


class ChainNetwork:
    """The network of some components at its chain point."""

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
            (l, i), (_, j) = ends(name)
            one, other = self.neurons[l][i], self.neurons[l + 1][j]
            self.blocks.setdefault((min(one[0], other[0]), max(one[0], other[0])), []).append(place)
            # Named by the small network's entry, so copies of one kind have weights of their own and no symmetry more.
            if (l, one, other) in nonzero:
                self.point[place] = number(p, seed, "point", name)

    def law_ranks(self, layers):
        """Return for each block the rank of the gradients of its laws."""
        laws = list(layers.laws(self.widths, {name: i for i, name in enumerate(self.family.names)}))
        shape = len(laws), self.family.dimension
        gradients = jacobian([law for _, law in laws], shape[1], self.point, self.p).reshape(shape)
        pairs = [tuple(sorted((self.neurons[l][j][0], self.neurons[l][k][0]))) for (l, j, k), _ in laws]
        out = {}
        for block, columns in self.blocks.items():
            mine = [row for row, pair in enumerate(pairs) if pair == block]
            # A law of two components has a gradient in their block alone, so ranks of laws add up as those of fields.
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
    """
    Return the parts of a chain point: how often each occurs, its size, and its ranks of fields and laws.

    INPUT: ``words`` -- how many words of each length, first for two components of each kind, then for each kind with
    more
    """
    components = Components(records, layers.widths)
    copies, times = components.twice(), components.times
    # Two of a kind show what is inside one, and between two; a third shows what each further one adds.
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
    # Pairs of one kind, or one of each of two kinds; other pairs of copies show the same once more.
    if k == j:
        return times[k] * (times[k] - 1) // 2
    return times[k] * times[j] if copy == other_copy == 0 else 0
