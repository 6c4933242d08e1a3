r"""
The monomials of degree 1 to d, split into blocks of equal weight.
"""
from math import comb

import numpy as np

from .gradings import weight_words

# Above this number of monomials the arrays alone would need several gigabytes (16 bytes a monomial and
# degree, and as much again to sort); such a request is refused before it starts.
MAX_MONOMIALS = 60_000_000


def monomials(dimension, degree):
    r"""
    Return all monomials of degree 1 to ``degree`` as an array of sorted indices, padded with ``dimension``.

    EXAMPLES::

        sage: from sage_conslaw.laws.monomials import monomials
        sage: monomials(2, 2)
        array([[0, 2],
               [1, 2],
               [0, 0],
               [0, 1],
               [1, 1]])

    A request that cannot fit is refused::

        sage: monomials(100, 12)
        Traceback (most recent call last):
        ...
        ValueError: 4.42e+15 monomials of degree at most 12 in 100 coordinates do not fit in memory; lower the degree
    """
    number = comb(dimension + degree, degree) - 1
    if number > MAX_MONOMIALS:
        raise ValueError(f"{number:.3g} monomials of degree at most {degree} in {dimension} coordinates "
                         f"do not fit in memory; lower the degree")
    levels, current = [], np.arange(dimension, dtype=np.int64)[:, None]
    for length in range(1, degree + 1):
        padding = np.full((len(current), degree - length), dimension, dtype=np.int64)
        levels.append(np.hstack([current, padding]))
        if length < degree:
            last = current[:, -1]
            repeats = dimension - last
            grown = np.repeat(current, repeats, axis=0)
            offsets = np.arange(len(grown)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
            current = np.hstack([grown, (grown[:, -1] + offsets)[:, None]])
    return np.concatenate(levels) if levels else np.zeros((0, degree), dtype=np.int64)


def blocks(family, degree, generator):
    r"""
    Return the monomials in blocks of equal weight, grouped by block size.

    OUTPUT: a list of arrays of shape ``(number of blocks, block size, degree)``, by increasing size

    EXAMPLES:

    In ``x y`` the two squares form one block, ``x``, ``y`` and ``x y`` are alone::

        sage: import numpy
        sage: from sage_conslaw import networks, flows
        sage: from sage_conslaw.laws.monomials import blocks
        sage: family = flows.gradient().family(networks.product(2).response())
        sage: [group.shape for group in blocks(family, 2, numpy.random.default_rng(0r))]
        [(3, 1, 2), (1, 2, 2)]
    """
    table = monomials(family.dimension, degree)
    if not len(table):
        return []
    xor_words, sum_words = weight_words(family, generator)
    xor_words, sum_words = np.append(xor_words, 0), np.append(sum_words, 0)
    xor = np.bitwise_xor.reduce(xor_words[table], axis=1)
    fingerprint = sum_words[table].sum(axis=1, dtype=np.int64) + xor * np.int64(0x5DEECE66D1CE4E5B)
    order = np.argsort(fingerprint, kind="stable")
    ordered = fingerprint[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sizes = np.diff(np.r_[starts, len(ordered)])
    groups = []
    for size in np.unique(sizes):
        at = starts[sizes == size]
        groups.append(table[order[at[:, None] + np.arange(size)]])
    return groups
