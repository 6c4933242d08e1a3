r"""
The sign vectors of many parameters, without a row each: one number a coordinate says its class, another its sign.
"""
from fractions import Fraction

import numpy as np

from .spanned import ONE, WrittenFamily


class SignFamily(WrittenFamily):
    """The sign vectors of many parameters: one constant field a class, kept by its coordinates."""

    controls = ()

    def __init__(self, names, classes, signs, remarks=()):
        self.names, self.drift, self.classes = list(names), None, classes
        self.field_degree, self.height_bits, self.user_ring = 1, 1, None
        self.ansatz = [(list(range(len(self.names))), 1)]
        # One class more than there are: coordinates that never move belong to it, and take the zero behind the data.
        self._class = np.full(len(self.names), len(classes), dtype=np.int64)
        for number, members in enumerate(classes):
            self._class[members] = number
        # A coordinate that never moves has the sign 0, and takes the zero of its class whatever stands here.
        self._signs = np.array([sign or 1 for sign in signs], dtype=np.int64)
        self.remarks = tuple(remarks)

    @property
    def closed_rank(self):
        """The exact rank: constant fields with disjoint coordinates are independent, and their brackets vanish."""
        return len(self.classes)

    def __repr__(self):
        return f"Family of {len(self.classes)} sign vectors in {len(self.names)} parameters"

    @property
    def data_size(self):
        """How many classes there are."""
        return len(self.classes)

    def control(self, A, z, data):
        """Return combinations of the sign vectors."""
        padded = A.concatenate([A.embed(data), A.constant([0])], -1)
        return A.multiply(A.constant(self._signs), A.take(padded, self._class))

    def polynomial_fields(self):
        """Return the sign vectors, written out."""
        ring = self.ring()
        rows = []
        for members in self.classes:
            row = [ring.zero()] * len(self.names)
            for j in members:
                row[j] = ring(int(self._signs[j]))
            rows.append(row)
        return rows

    def weight_relations(self, lattice):
        """Make the members of each class alike."""
        state = lattice.unknowns(self.dimension)
        for members in self.classes:
            for j in members[1:]:
                # A constant field is homogeneous iff its coordinates have one weight.
                lattice.relation({state[members[0]]: 1}, {state[j]: -1})
        return state

    def _controls_annihilate(self, ring, gradient):
        totals = {}
        for variable, part in gradient.items():
            number = int(self._class[variable])
            if number < len(self.classes):
                signed = part if self._signs[variable] > 0 else -part
                totals[number] = totals[number] + signed if number in totals else signed
        return not any(totals.values())

    def linear_laws(self):
        """Return the laws, which are all: differences within a class, and coordinates that never move."""
        # A class of k coordinates has one field, so k - 1 differences: in all D minus the number of classes, which is
        # the rank; there are no more.
        laws = [{(int(j),): ONE} for j in np.flatnonzero(self._class == len(self.classes))]
        for members in self.classes:
            i = members[0]
            laws += [{(i,): Fraction(int(self._signs[i])), (j,): -Fraction(int(self._signs[j]))} for j in members[1:]]
        return laws
