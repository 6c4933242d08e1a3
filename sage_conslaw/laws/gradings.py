r"""
Gradings: the scalings and sign flips under which every field of a family is homogeneous.

Give each coordinate an unknown weight in an abelian group.  A field `\sum c\, z^a\, \partial/\partial z_j` is
homogeneous if all `weight(z^a) - weight(z_j)` agree.  Every solution with values in Z (a scaling) or Z/2 (a sign flip)
splits the laws: each homogeneous part of a law is a law, so the kernel is a direct sum over weights.

- Trivial: `x' = 1 + x` makes `x` as heavy as 1, so there is no grading and one block.
- Famous: the gradients of `u v` allow equal weights of `u` and `v`, and a sign
  flip of each: `u^2 - v^2` is homogeneous.
- What they do not see: a rotation mixes coordinates and is no grading; `x^2 + y^2` is found in a block of both squares.
"""
import numpy as np

from ..exact.linear_algebra import independent_rows, kernel
from ..exact.reconstruction import reconstruct
from ..exact.modular import random_array

# A fixed prime for the integer kernel of the relations; every character found is checked exactly.
_PRIME = (1 << 61) - 1
# Sums of weights of this size over the factors of a monomial stay in 64 bits.
_LARGEST_WEIGHT = 1 << 31


class WeightLattice:
    r"""
    Unknown weights and the linear relations between them, solved by substitution.

    EXAMPLES:

    For the product ``x y`` with Euclidean metric, `x` and `y` scale together and change sign apart::

        sage: from sage_conslaw.laws.gradings import WeightLattice
        sage: lattice = WeightLattice()
        sage: f, x, y, c = lattice.unknowns(4)
        sage: lattice.relation({f: 1, x: -1, y: -1})
        sage: lattice.relation({f: 1, x: -2, c: -1}); lattice.relation({f: 1, y: -2, c: -1})
        sage: signs, scales = lattice.characters([x, y])
        sage: signs.shape, scales
        ((2, 2), array([[1],
               [1]]))
    """

    def __init__(self):
        self._solved = {}
        self._relations = set()
        self._count = 0

    def unknowns(self, number):
        """Return new unknown weights."""
        start, self._count = self._count, self._count + number
        return range(start, self._count)

    def relation(self, *rows):
        """Add the relation that the sum of the rows ``{unknown: coefficient}`` is zero."""
        total = {}
        for row in rows:
            for unknown, coefficient in row.items():
                for free, factor in self._expression(unknown).items():
                    total[free] = total.get(free, 0) + coefficient * factor
        total = {free: value for free, value in total.items() if value}
        if not total:
            return
        units = [free for free, value in total.items() if abs(value) == 1]
        if units:
            # The youngest unknown is solved for: parameters are created after the nodes that use them.
            solved = max(units)
            sign = -total.pop(solved)
            self._solved[solved] = {free: sign * value for free, value in total.items()}
        else:
            self._relations.add(tuple(sorted(total.items())))

    def _expression(self, unknown):
        known = self._solved.get(unknown)
        if known is None:
            return {unknown: 1}
        if any(free in self._solved for free in known):
            fresh = {}
            for other, factor in known.items():
                for free, value in self._expression(other).items():
                    fresh[free] = fresh.get(free, 0) + factor * value
            # The path is compressed, as in a union-find: a chain of sums would be walked once for every relation.
            known = self._solved[unknown] = {free: value for free, value in fresh.items() if value}
        return known

    def homogeneous_field(self, field, state):
        """Add the relations under which a field with sparse polynomial components is homogeneous."""
        # One more unknown, the weight of the field itself: all of weight(z^a) - weight(z_j) equal it.
        constant = self.unknowns(1)[0]
        for j, component in enumerate(field):
            for monomial in component:
                self.relation({state[j]: -1}, {constant: -1}, *({state[i]: 1} for i in monomial))

    def characters(self, state):
        r"""
        Return a basis of the sign flips and of the scalings.

        OUTPUT: arrays of shape ``(len(state), k)``, of bits and of integers
        """
        rows = [self._expression(unknown) for unknown in state]
        relations = [self._sum(dict(relation)) for relation in self._relations]
        # Weights of a long chain do not fit in a word; those that do not are taken as zero: coarser, never wrong.
        huge = {free for row in rows + relations for free, value in row.items() if abs(value) > _LARGEST_WEIGHT}
        rows, relations = (
            [{free: value for free, value in row.items() if free not in huge} for row in some]
            for some in (rows, relations)
        )
        frees = sorted({free for row in rows + relations for free in row})
        place = {free: i for i, free in enumerate(frees)}
        weights = np.zeros((len(state), len(frees)), dtype=np.int64)
        for i, row in enumerate(rows):
            for free, value in row.items():
                weights[i, place[free]] = value
        dense = np.zeros((len(relations), len(frees)), dtype=np.int64)
        for i, row in enumerate(relations):
            for free, value in row.items():
                dense[i, place[free]] = value
        # Equal layers give equal relations: without this the kernel is as tall as the network is deep.
        dense = np.unique(dense, axis=0) if len(dense) else dense
        # Z^N / L has a free part and torsion; of the torsion only characters of order 2 are taken, the sign
        # flips that Euclidean metrics give.  A character that is not used leaves blocks coarser, never wrong.
        signs = weights @ self._kernel(dense % 2, 2) % 2
        scales = weights @ self._kernel(dense, _PRIME)
        return _column_basis(signs, 2), _column_basis(scales, _PRIME)

    def _sum(self, row):
        total = {}
        for unknown, coefficient in row.items():
            for free, factor in self._expression(unknown).items():
                total[free] = total.get(free, 0) + coefficient * factor
        return {free: value for free, value in total.items() if value}

    @staticmethod
    def _kernel(dense, p):
        vectors = []
        for vector in kernel(dense % p, p):
            if p == 2:
                values = {i: int(v) for i, v in vector.items()}
            else:
                rational = reconstruct(vector, p)
                # A character that is left out makes blocks coarser: slower, never wrong.
                if rational is None:
                    continue
                scale = np.lcm.reduce([v.denominator for v in rational.values()])
                values = {i: int(v * int(scale)) for i, v in rational.items()}
            column = np.zeros(dense.shape[1], dtype=np.int64)
            column[list(values)] = list(values.values())
            # Products may pass 64 bits, harmlessly: what is zero modulo 2^64 is a character with values in Z / 2^64,
            # and fingerprints are sums modulo 2^64.
            if p == 2 or not (dense @ column).any():
                vectors.append(column)
        return np.array(vectors, dtype=np.int64).reshape(len(vectors), dense.shape[1]).T


def _column_basis(columns, p):
    return columns[:, independent_rows(columns.T % p, p)]


def weight_words(family, generator):
    r"""
    Return two 64-bit words per coordinate that add up (by xor, by sum) to a fingerprint of a monomial's weight.

    Monomials of equal weight have equal fingerprints.  The reverse may fail by chance, and then two
    blocks are solved as one: slower, never wrong.
    """
    lattice = WeightLattice()
    state = family.weight_relations(lattice)
    # Constants are numbers: a grading that moves them would mix the laws of different parameter values.
    for constant in family.constants:
        lattice.relation({state[constant]: 1})
    signs, scales = lattice.characters(state)
    sign_words = random_array(generator, signs.shape[1], 1 << 62)
    scale_words = random_array(generator, scales.shape[1], 1 << 62)
    xor = np.zeros(signs.shape[0], dtype=np.int64)
    for j, word in enumerate(sign_words):
        xor ^= signs[:, j] * word
    return xor, (scales * scale_words).sum(axis=1, dtype=np.int64)
