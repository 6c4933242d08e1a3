r"""
The monomials of degree 1 to d, split into blocks of equal weight.

- Trivial: a family without gradings has one block, of all monomials.
- Famous: under `u v` a sign flip of each coordinate and their common scaling put `u^2, v^2` in one block and `u v` in
  another: laws are sought among few monomials at a time.
- One that fails: all monomials of degree 12 in 100 coordinates do not fit in memory; this is said before they are made.
"""
from math import comb, prod

import numpy as np

from .gradings import weight_words
from ..runtime.errors import InputError

# Bytes that the arrays may take: the monomials twice, 8 bytes a monomial and degree, and their weights and order. A
# request that needs more is refused before it starts.
MAX_BYTES = 2_600_000_000


def monomials(dimension, groups):
    r"""
    Return the products of monomials of bounded degree in groups of coordinates, without the constant.

    INPUT:

    - ``dimension`` -- number of coordinates

    - ``groups`` -- list of pairs (coordinates, degree)

    OUTPUT: array of sorted coordinate indices, each row padded with ``dimension``

    EXAMPLES::

        sage: from sage_conslaw.laws.monomials import monomials
        sage: monomials(2r, [([0r, 1r], 2r)])
        array([[0, 2],
               [1, 2],
               [0, 0],
               [0, 1],
               [1, 1]])
        sage: monomials(2r, [([0r], 1r), ([1r], 1r)])
        array([[0, 2],
               [1, 2],
               [0, 1]])

    A request that cannot fit is refused::

        sage: monomials(100r, [(list(range(100r)), 12r)])
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: 4.42e+15 monomials of degree at most 12 in 100 coordinates do not fit in memory; lower
        the degree
    """
    # Monomials of degree at most d in n coordinates, with the constant: binomial(n + d, d); groups multiply.
    number = prod(comb(len(indices) + degree, degree) for indices, degree in groups) - 1
    total = sum(degree for _, degree in groups)
    if number * (16 * total + 40) > MAX_BYTES:
        raise InputError(f"{number:.3g} monomials of degree at most {total} in {dimension} coordinates "
                         f"do not fit in memory; lower the degree")
    table = np.full((1, 0), dimension, dtype=np.int64)
    for indices, degree in groups:
        part = _one_group(np.asarray(indices, dtype=np.int64), degree, dimension)
        if len(groups) == 1:
            table = part
            break
        # All pairs of a monomial of the groups before and one of this group.
        left, right = np.divmod(np.arange(len(table) * len(part)), len(part))
        table = np.hstack([table[left], part[right]])
    # The padding is the largest index, so it ends up behind the coordinates.
    table.sort(axis=1)
    if len(groups) > 1:
        lengths = (table < dimension).sum(axis=1)
        table = table[np.lexsort([*table.T[::-1], lengths])]
    return table[1:]


def _one_group(indices, degree, padding):
    """Return the monomials of degree 0 to ``degree`` in some coordinates."""
    n = len(indices)
    levels, current = [np.full((1, degree), padding, dtype=np.int64)], np.arange(n, dtype=np.int64)[:, None]
    for length in range(1, degree + 1):
        filled = np.full((len(current), degree - length), padding, dtype=np.int64)
        levels.append(np.hstack([indices[current], filled]))
        if length < degree:
            # A monomial is continued by its last coordinate and those after it: every product once, in lexicographic
            # order.
            repeats = n - current[:, -1]
            grown = np.repeat(current, repeats, axis=0)
            offsets = np.arange(len(grown)) - np.repeat(np.cumsum(repeats) - repeats, repeats)
            current = np.hstack([grown, (grown[:, -1] + offsets)[:, None]])
    return np.concatenate(levels)


def blocks(family, groups, generator, deadline=None):
    r"""
    Return the monomials in blocks of equal weight, grouped by block size.

    OUTPUT: a list of arrays of shape ``(number of blocks, block size, total degree)``, by increasing size
    """
    table = monomials(family.dimension, groups)
    if not len(table):
        return []
    if deadline is not None:
        deadline.check()
    xor_words, sum_words = weight_words(family, generator)
    xor_words, sum_words = np.append(xor_words, 0), np.append(sum_words, 0)
    xor = np.zeros(len(table), dtype=np.int64)
    fingerprint = np.zeros(len(table), dtype=np.int64)
    for column in table.T:
        xor ^= xor_words[column]
        fingerprint += sum_words[column]
        if deadline is not None:
            deadline.check()
    fingerprint += xor * np.int64(0x5DEECE66D1CE4E5B)
    # Stable: blocks keep the order by degree, so that a reduced kernel begins with the laws of low degree.
    order = np.argsort(fingerprint, kind="stable")
    ordered = fingerprint[order]
    starts = np.flatnonzero(np.r_[True, ordered[1:] != ordered[:-1]])
    sizes = np.diff(np.r_[starts, len(ordered)])
    groups = []
    for size in np.unique(sizes):
        at = starts[sizes == size]
        groups.append(table[order[at[:, None] + np.arange(size)]])
    return groups
