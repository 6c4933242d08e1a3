r"""
Certificates of layered networks of any width: the components and how many words of each length show the ranks.
"""
import numpy as np

from ..exact.linear_algebra import independent_rows
from ..exact.primes import random_prime
from ..runtime.errors import InputError
from ..structure.chains import kinds_of_components
from .wide import star_parts, still_part, totals
from .wide_chains import ChainNetwork, Components, affordable, chain_parts
from .wide_layers import Layers

# Lengths without gain after which the search stops, but not before words of this length, as in chain points.
_IDLE, _AT_LEAST = 2, 5


def wide_witness(problem, generator):
    """
    Return the part of a certificate that shows the rank at any width, and the numbers: dimension, laws, rank, and the
    laws as text.
    """
    layers, p = Layers(problem), random_prime(generator)
    seed = int(generator.integers(0, 1 << 30))
    found = {"kind": layers.kind, "prime": p, "seed": seed}
    if layers.kind == "star":
        parts = star_parts(layers, p, seed)
    else:
        records = _components(layers.widths)
        words = _words(layers, records, p, seed)
        parts = chain_parts(layers, records, words, p, seed)
        found |= {"components": records, "words": words}
    parts += still_part(layers)
    return found | {"parts": parts}, layers.dimension, *totals(parts, layers), layers.law_names()


def _components(widths):
    kinds = kinds_of_components(widths)
    if kinds is None:
        raise InputError("a certificate at any width needs fewer neurons; leave it out")
    return [{"chains": [[int(first), int(last)] for first, last in kind.chains],
             "links": [[int(x) for x in link] for link in kind.links], "times": int(times)} for kind, times in kinds]


def _words(layers, records, p, seed):
    """Return how many words of each length fill the blocks as far as they do."""
    components = Components(records, layers.widths)
    copies, times = components.twice(), components.times
    twice = ChainNetwork(layers, components, copies, p, seed)
    inside = [i for (a, b), columns in sorted(twice.blocks.items()) if a == b for i in columns]
    laws = twice.law_ranks(layers)
    blocks = [inside] + [columns for (a, b), columns in sorted(twice.blocks.items()) if a != b]
    bounds = [sum(n for (a, b), n in laws.items() if a == b)]
    bounds += [laws[pair] for pair in sorted(twice.blocks) if pair[0] != pair[1]]
    # The same labels as the checker's, so that the words that are counted here are those that it draws.
    out = [_counts(twice, (seed, "word"), blocks, bounds)]
    for k, n in enumerate(times):
        if n > 2:
            one = ChainNetwork(layers, components, [*copies, (k, 2)], p, seed)
            pair = (len(copies),) * 2
            columns = [one.blocks[pair]] if pair in one.blocks else []
            out.append(_counts(one, (seed, "word", k), columns, [one.law_ranks(layers)[pair]] if columns else []))
    return out


def _counts(network, label, blocks, laws):
    """Return how many words of each length are needed until they and the laws fill the blocks, or stop growing."""
    values = [np.zeros((0, len(columns)), dtype=np.int64) for columns in blocks]
    most, counts, idle = [len(columns) - n for columns, n in zip(blocks, laws)], [], 0
    batch = max(map(len, blocks), default=0) + 2
    while any(len(rows) < bound for rows, bound in zip(values, most)):
        if idle >= _IDLE and len(counts) >= _AT_LEAST or not affordable([*counts, batch], network.family.dimension):
            break
        drawn, needed = network.words(label, len(counts) + 1, batch), 0
        for i, (rows, columns) in enumerate(zip(values, blocks)):
            kept = independent_rows(np.concatenate([rows, drawn[:, columns]]), network.p)
            if len(kept) > len(rows):
                needed = max(needed, max(kept) + 1 - len(rows))
            values[i] = np.concatenate([rows, drawn[:, columns]])[kept]
        idle = 0 if needed else idle + 1
        counts.append(int(needed))
    # Longer words that gained nothing cost three times as much each, and show nothing.
    while counts and not counts[-1]:
        counts.pop()
    return counts
