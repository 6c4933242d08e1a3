r"""
A readable basis of a space of laws: sparse, small integers, the same from run to run.
"""
from fractions import Fraction
from math import gcd, lcm

import numpy as np

from ..exact.linear_algebra import independent_rows

# A fixed prime, so that the basis is the same for every seed; the chance of a dependence modulo it is caught at the
# end.
_PRIME = (1 << 61) - 1

# Blocks with at most this many laws also try pairwise combinations.  With 16 laws that is 120 pairs, a few
# milliseconds; with 50 laws of 2000 squares it was 2.6 s and found nothing shorter.
_PAIRS = 16

# A block with more laws than this keeps the kernel's own reduced basis: choosing among both echelon bases took 20 s
# for the 702 laws of a reaction network, which are products of linear ones that nobody reads one by one.
_MANY = 200


def primitive(vector):
    """Return the multiple with coprime integer entries whose first entry is positive."""
    vector = dict(sorted(vector.items()))
    scale = lcm(*(value.denominator for value in vector.values()))
    content = gcd(*(int(value * scale) for value in vector.values()))
    sign = 1 if next(iter(vector.values())) > 0 else -1
    return {i: Fraction(int(value * scale) * sign // content) for i, value in vector.items()}


def echelon(vectors, reverse=False):
    """Return the reduced echelon basis over Q of the span, with pivots at the first (or last) entries."""
    first = max if reverse else min
    basis = {}
    for vector in vectors:
        vector = dict(vector)
        for pivot in [i for i in vector if i in basis]:
            vector = eliminate(vector, basis[pivot], pivot)
        if not vector:
            continue
        pivot = first(vector)
        scale = vector[pivot]
        vector = {i: value / scale for i, value in vector.items()}
        for other in basis:
            if pivot in basis[other]:
                basis[other] = eliminate(basis[other], vector, pivot)
        basis[pivot] = vector
    # A vector inserted late may begin before an earlier pivot; repeat until stable.
    if any(first(vector) != pivot for pivot, vector in basis.items()):
        return echelon(list(basis.values()), reverse)
    return [dict(sorted(basis[pivot].items())) for pivot in sorted(basis)]


def eliminate(vector, other, pivot):
    """Return the vector without its entry at the pivot, by a multiple of another whose entry there is 1."""
    factor = vector.get(pivot, 0)
    if not factor:
        return vector
    out = dict(vector)
    for i, value in other.items():
        new = out.get(i, 0) - factor * value
        if new:
            out[i] = new
        else:
            out.pop(i, None)
    return out


def readable_basis(vectors):
    r"""
    Return a sparse basis with small integers of the span of independent vectors.

    Candidates are the two reduced echelon bases, with pivots at the first and at the last entries, and their
    pairwise sums and differences; the basis is chosen greedily, shortest first (a greedy choice is the
    best basis among the candidates).
    """
    if len(vectors) <= 1 or len(vectors) > _MANY:
        return [primitive(vector) for vector in vectors]
    forward, backward = echelon(vectors), echelon(vectors, reverse=True)
    candidates = forward + backward
    # Pairwise combinations: quadratic in the dimension of the block, so only for few laws.
    if len(vectors) <= _PAIRS:
        for i, a in enumerate(forward):
            for b in forward[:i]:
                if a.keys() & b.keys():
                    for pivot in sorted(a.keys() & b.keys())[:4]:
                        candidates.append(eliminate(a, {k: v / b[pivot] for k, v in b.items()}, pivot))
    unique = {tuple(sorted(vector.items())): vector for vector in map(primitive, candidates) if vector}
    # The greedy choice is best: independent sets of vectors are a matroid.  Ties are broken by entries, so that the
    # choice is the same from run to run.
    ordered = sorted(
        unique.values(), key=lambda v: (len(v), sum(abs(x) for x in v.values()), sorted(v), sorted(v.items()))
    )
    columns = sorted({i for vector in ordered for i in vector})
    place = {column: k for k, column in enumerate(columns)}
    dense = np.zeros((len(ordered), len(columns)), dtype=np.int64)
    for row, vector in enumerate(ordered):
        for i, value in vector.items():
            dense[row, place[i]] = int(value) % _PRIME
    chosen = [ordered[i] for i in independent_rows(dense, _PRIME)]
    # Dependence modulo the prime alone would lose a law; the echelon basis never does.
    return chosen if len(chosen) == len(forward) else [primitive(vector) for vector in forward]
