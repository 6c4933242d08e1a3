r"""
Values of families of laws at given parameters, at any size: reshapes, sums of squares and Gram matrices of views.

A family names for each parameter which of its axes carry the indices of the law.  Moving these to the front makes a
parameter a table with a row for each value of the indices; sums, squared norms and Gram matrices of rows are the laws.
No polynomial is written, and no index: the tables are views of the state where the library allows it.  Take
``U^T U - V V^T`` of a linear network at width 4096, 33 million parameters: two matrix products.
"""
from dataclasses import dataclass
from math import prod


@dataclass(frozen=True)
class View:
    """A parameter, or a part of it, in the state: where it begins, its shape there, which slice of each axis is meant,
    the shape by classes, and how many of the axes of ``order`` are those of the indices."""

    start: int
    shape: tuple
    ranges: tuple
    split: tuple
    order: tuple
    indices: int

    def rows(self, state):
        """Return the entries, one row for each value of the indices."""
        whole = state[self.start:self.start + prod(self.shape)].reshape(self.shape)
        # Slices, reshapes and permutations of axes are views where the layout allows it: nothing is copied or indexed.
        part = whole[tuple(slice(start, start + step * number, step) for start, step, number in self.ranges)]
        part = permuted(part.reshape(self.split), self.order)
        return part.reshape((*part.shape[:self.indices], -1))


@dataclass(frozen=True)
class FamilyForm:
    r"""
    A family of laws as views of the state; a form of :mod:`sage_conslaw.notation.forms` for large networks.

    - ``kind`` -- as in :class:`~sage_conslaw.width.families.Family`; ``terms`` -- pairs (coefficient, view)
    """

    kind: str
    terms: tuple

    @property
    def degree(self):
        """The degree in the parameters."""
        return 1 if self.kind in ("sum", "entries", "shift") else 2

    def value(self, state, degree=None):
        r"""
        Return the value at a state: one number for each value of the indices, a symmetric matrix for each of them for a
        full family; with ``degree`` that of the part of this degree alone.
        """
        total = None
        for alpha, view in self.terms:
            part = self._part(view.rows(state)) * float(alpha)
            total = part if total is None else total + part
        # A family has one degree; of any other its part is zero, in the same shape.
        return total if degree is None or degree == self.degree else total * 0

    def _part(self, rows):
        if self.degree == 1:
            return rows.sum(-1)
        if self.kind == "diagonal":
            return (rows * rows).sum(-1)
        # The index of the matrix behind those of the blocks.
        last = len(rows.shape) - 1
        rows = permuted(rows, (*range(1, last), 0, last))
        return rows @ permuted(rows, (*range(last - 1), last, last - 1))

    def pieces(self, state):
        r"""
        Return what is added up: triples of the coefficient, the degree and the entries of the state, one row an index.
        """
        return [(alpha, self.degree, view.rows(state)) for alpha, view in self.terms]


def permuted(array, order):
    """Return an array of numpy or a tensor of PyTorch with its axes in another order."""
    return array.permute(*order) if hasattr(array, "permute") else array.transpose(order)


def form_of(family, leaves, places):
    r"""
    Return the form of a family.

    INPUT:

    - ``leaves`` -- for each parameter of the family's axes its name and its shape by classes

    - ``places`` -- from a name to the start in the state, the shape there and the ranges of its axes
    """
    terms = []
    for number, where, alpha in family.parts:
        name, split = leaves[number]
        others = tuple(place for place in range(len(split)) if place not in where)
        # A sum names the axes that it is over, the others the indices.
        order, indices = ((*others, *where), len(others)) if family.kind in ("sum", "entries") else \
            ((*where, *others), len(where))
        terms.append((alpha, View(*places[name], tuple(split), order, indices)))
    return FamilyForm(family.kind, tuple(terms))


def entries_form(place):
    """Return the form of a parameter each of whose entries is a law."""
    _, _, ranges = place
    sizes = tuple(number for _, _, number in ranges)
    return FamilyForm("entries", ((1, View(*place, sizes, tuple(range(len(sizes))), len(sizes))),))
