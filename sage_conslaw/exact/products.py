r"""
Products of sparse polynomials that are written out only where someone reads their terms.

Over Q(k) the quadratic laws of a reaction network are products of linear ones, whose coefficients are minors of
hundreds of terms: `700^2` products, of which nobody asks for more than a value at a point, a gradient there, or the
polynomial in a ring that multiplies by itself.  The trivial case is `x \cdot x`; where the terms are asked for, as by a
certificate, they are expanded once.
"""
from collections.abc import Mapping
from functools import cached_property

from . import terms as sparse


class Product(Mapping):
    """The product of two sparse polynomials, as a sparse polynomial that is expanded when it is first read."""

    def __init__(self, first, second):
        self.factors, self.written = (first, second), None

    @cached_property
    def _terms(self):
        return sparse.multiply(*self.factors)

    def __getitem__(self, monomial):
        return self._terms[monomial]

    def __iter__(self):
        return iter(self._terms)

    def __len__(self):
        return len(self._terms)

    @property
    def degree(self):
        """The degree in all coordinates, as that of each factor is."""
        # Over a domain leading forms multiply, so degrees add up: nothing is expanded.
        return sum(max(map(len, factor)) for factor in self.factors)

    def __reduce__(self):
        # Without the terms: written out they would travel to another process at many times the size.
        return Product, self.factors


def order(law):
    """Return what laws are sorted by: the degree, then the monomials; of a product those of its factors."""
    if isinstance(law, Product):
        # Written out only to be sorted, products would cost what they are there to save.
        return law.degree, [tuple(sorted(i for factor in law.factors for i in min(factor)))]
    return max(map(len, law)), sorted(law)


def in_ring(law, ring):
    r"""
    Return a sparse polynomial or a product in a Sage polynomial ring, which multiplies faster than dictionaries do.
    """
    if not isinstance(law, Product):
        return sparse.to_sage(law, ring)
    # A product of three laws has that of two in it, which is wanted too.
    if law.written is None or law.written.parent() is not ring:
        first, second = (in_ring(factor, ring) for factor in law.factors)
        law.written = first * second
    return law.written
