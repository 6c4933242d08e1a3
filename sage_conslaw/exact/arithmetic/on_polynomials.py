"""Arrays of polynomials, to print and to prove."""
import numpy as np

from .interface import ObjectArithmetic, split_spec


def filled(shape, value):
    """Return an array of one object; a polynomial is no sequence of its terms here, as numpy would have it."""
    out = np.empty(shape, dtype=object)
    out.fill(value)
    return out


class PolynomialArithmetic(ObjectArithmetic):
    """Arrays of elements of a Sage ring, for identities that hold exactly."""

    def __init__(self, ring):
        self.ring = ring

    def constant(self, values):
        values = np.asarray(values)
        out = np.empty(values.shape, dtype=object)
        for index, value in np.ndenumerate(values):
            out[index] = self.ring(int(value))
        return out

    def fractions(self, values):
        out = np.empty(len(values), dtype=object)
        for i, value in enumerate(values):
            out[i] = self.ring(value.numerator) / value.denominator
        return out

    def contract(self, spec, a, b):
        left, right, result = split_spec(spec)
        # An entry without products is the zero of the ring, and no number 0.
        sizes = dict(zip(left, a.shape)) | dict(zip(right, b.shape))
        out = filled([sizes[x] for x in result], self.ring.zero())
        for index, terms in self.products(spec, a, b).items():
            out[index] = sum(x * y for x, y in terms)
        return out

    def products(self, spec, a, b):
        """Return the nonzero products of a contraction by entry of the result (the operands are sparse)."""
        left, right, result = split_spec(spec)
        shared = [x for x in left if x in right]
        # Joined as tables are, by a hash of the shared letters: the time is that of the nonzero products, not of all.
        by_key = {}
        for index, entry in np.ndenumerate(b):
            if entry:
                at = dict(zip(right, index))
                by_key.setdefault(tuple(at[x] for x in shared), []).append((at, entry))
        products = {}
        for index, entry in np.ndenumerate(a):
            at = dict(zip(left, index))
            others = by_key.get(tuple(at[x] for x in shared), ())
            if others and entry:
                for other_at, other in others:
                    place = tuple(at[x] if x in at else other_at[x] for x in result)
                    products.setdefault(place, []).append((entry, other))
        return products

    def scale(self, a, factor):
        # Entry by entry: the product of an array and a polynomial is left to numpy or to Sage by its size.
        out, number = np.empty(a.shape, dtype=object), self.ring(int(factor.numerator)) / int(factor.denominator)
        for index, value in np.ndenumerate(a):
            out[index] = value * number
        return out
