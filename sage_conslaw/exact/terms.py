r"""
Sparse polynomials as dictionaries, the neutral form between Sage, modular evaluation and JSON.

A polynomial is ``{monomial: coefficient}``; a monomial is the sorted tuple of its variables' indices,
repeated by multiplicity (``z_0^2 z_3`` is ``(0, 0, 3)``), a coefficient a nonzero ``Fraction``.

- Trivial: zero is ``{}``, the constant 3 is ``{(): 3}``.
- Famous: `z_0^2 - z_1^2` is ``{(0, 0): 1, (1, 1): -1}``, its derivative along a field a few dictionary look-ups.
- Where this form loses: products with thousands of terms in common; these are FLINT's (:mod:`.products`).
"""
from fractions import Fraction
from math import lcm

import numpy as np

from .._sage import QQ, ETuple, PolynomialRing


def fraction(number):
    """Return a rational number of Sage as a fraction."""
    return Fraction(int(number.numerator()), int(number.denominator()))


def from_sage(polynomial):
    """Return the terms of a Sage polynomial over ZZ or QQ."""
    terms = {}
    for exponents, coefficient in polynomial.dict().items():
        # Rings of one variable have plain integers as exponents.
        if hasattr(exponents, "sparse_iter"):
            monomial = tuple(i for i, e in exponents.sparse_iter() for _ in range(int(e)))
        else:
            monomial = (0,) * int(exponents)
        if coefficient:
            terms[monomial] = fraction(coefficient)
    # Sorted by degree: records and sums are then the same for equal polynomials of any ring.
    return dict(sorted(terms.items(), key=lambda item: (len(item[0]), item[0])))


def to_sage(terms, ring):
    r"""
    Return the polynomial with these terms in a Sage polynomial ring.

    EXAMPLES::

        sage: from sage_conslaw.exact.terms import from_sage, to_sage
        sage: R.<x, y> = QQ[]
        sage: to_sage(from_sage(x^2*y/2 - 3), R)
        1/2*x^2*y - 3
    """
    number = ring.ngens()
    out = {}
    for monomial, value in terms.items():
        exponents = {}
        for i in monomial:
            exponents[i] = exponents.get(i, 0) + 1
        out[ETuple(exponents, number)] = QQ((value.numerator, value.denominator))
    if number == 1 and not hasattr(ring, "term_order"):
        return ring({exponents[0]: value for exponents, value in out.items()})
    return ring(out)


def irreducible_factors(polynomial):
    r"""
    Return the irreducible factors over Q that are no numbers, without multiplicities.

    In a ring of very many variables Sage refuses to factor; the variables that occur are few.
    """
    ring, terms = polynomial.parent(), from_sage(polynomial)
    used = sorted({i for monomial in terms for i in monomial})
    if not used:
        return []
    place = {i: k for k, i in enumerate(used)}
    # The factors of f lie in the ring of f's variables: if g divides f, the degree of g in any variable is at most that
    # of f.
    few = PolynomialRing(QQ, [f"x{k}" for k in place.values()], len(used))
    there = to_sage({tuple(place[i] for i in monomial): value for monomial, value in terms.items()}, few)
    return [
        to_sage({tuple(used[k] for k in monomial): value for monomial, value in from_sage(factor).items()}, ring)
        for factor, _ in there.factor()
    ]


def derivatives(terms):
    """Return the nonzero partial derivatives as ``{variable: terms}``."""
    out = {}
    for monomial, value in terms.items():
        for i in dict.fromkeys(monomial):
            at = monomial.index(i)
            rest = monomial[:at] + monomial[at + 1:]
            # d/dz_i of z_i^e m is e z_i^(e-1) m; two monomials never give the same, so nothing adds up.
            out.setdefault(i, {})[rest] = value * monomial.count(i)
    return out


def derivative_along(field, terms):
    """Return the derivative of a polynomial along a field of sparse polynomials, one a variable."""
    total = {}
    for variable, part in derivatives(terms).items():
        if field[variable]:
            total = add(total, multiply(part, field[variable]))
    return total


def oriented(terms):
    """Return the polynomial with the sign that makes its leading term, as Sage prints it (degrevlex), positive."""
    # degrevlex: the highest degree, then the monomial that has least of the last variables.
    leading = min(terms, key=lambda monomial: (-len(monomial), monomial[::-1]))
    return terms if terms[leading] > 0 else {monomial: -value for monomial, value in terms.items()}


def multiply(a, b):
    """Return the product of two polynomials."""
    # Integers over one denominator: fractions would be reduced at every step.
    left, below = _integral(a)
    right, beneath = _integral(b)
    out = {}
    for one, x in left:
        for other, y in right:
            monomial = tuple(sorted(one + other))
            out[monomial] = out.get(monomial, 0) + x * y
    denominator = below * beneath
    return {monomial: Fraction(value, denominator) for monomial, value in out.items() if value}


def _integral(terms):
    """Return the terms with integer coefficients over a common denominator, and that."""
    common = 1
    for value in terms.values():
        if value.denominator != 1:
            common = lcm(common, value.denominator)
    return [(monomial, value.numerator * (common // value.denominator)) for monomial, value in terms.items()], common


def add(a, b):
    """Return the sum of two polynomials."""
    out = dict(a)
    for monomial, value in b.items():
        out[monomial] = out.get(monomial, 0) + value
    return {monomial: value for monomial, value in out.items() if value}


def scaled(terms, factor):
    """Return a polynomial times a number."""
    return {monomial: value * factor for monomial, value in terms.items() if factor}


def shifted(terms, offset):
    """Return the polynomial with every variable's index moved by ``offset``."""
    return {tuple(i + offset for i in monomial): value for monomial, value in terms.items()}


def degree(terms):
    """Return the total degree; 0 for the zero polynomial."""
    return max(map(len, terms), default=0)


def value_at(terms, z, p):
    """Return the value modulo ``p`` at a point, whose denominators ``p`` does not divide."""
    total = 0
    for monomial, value in terms.items():
        term = value.numerator * pow(value.denominator, -1, p)
        for i in monomial:
            term = term * int(z[i]) % p
        total += term
    return total % p


def specialised(terms, known, p):
    """Return a polynomial modulo ``p`` with residues ``{variable: value}`` in place of some of its variables."""
    out = {}
    for monomial, value in terms.items():
        factor = value.numerator * pow(value.denominator, -1, p) % p
        for i in monomial:
            factor = factor * int(known.get(i, 1)) % p
        rest = tuple(i for i in monomial if i not in known)
        out[rest] = (out.get(rest, 0) + factor) % p
    return {monomial: value for monomial, value in out.items() if value}


def coefficient_bits(polynomials):
    r"""
    Return the bit length of the largest numerator or denominator of some polynomials, times the bits of their number of
    terms.
    """
    values = [value for f in polynomials for value in f.values()]
    largest = max((max(abs(v.numerator), v.denominator).bit_length() for v in values), default=1)
    return largest + len(values).bit_length()


class PolynomialMap:
    r"""
    Several polynomials of one point, compiled for batched evaluation in any arithmetic.

    INPUT:

    - ``polynomials`` -- list of sparse polynomials

    - ``dimension`` -- number of variables
    """

    def __init__(self, polynomials, dimension):
        self.outputs = len(polynomials)
        self.dimension = dimension
        flat = [(i, monomial, value) for i, f in enumerate(polynomials) for monomial, value in f.items()]
        self.coefficients = [value for _, _, value in flat]
        self.degree = max((len(monomial) for _, monomial, _ in flat), default=0)
        # Short monomials are padded with an extra coordinate that is 1.
        self.indices = np.full((max(self.degree, 1), len(flat)), dimension, dtype=np.int64)
        for column, (_, monomial, _) in enumerate(flat):
            self.indices[:len(monomial), column] = monomial
        owners = np.array([i for i, _, _ in flat], dtype=np.int64)
        # Terms come by polynomial: reduceat sums runs, and would give an empty run the entry after it.
        present = sorted(set(owners.tolist()))
        self.starts = np.searchsorted(owners, present)
        # Polynomials without terms look up the zero that is appended to the sums.
        self.places = np.full(self.outputs, len(present), dtype=np.int64)
        self.places[present] = np.arange(len(present))

    def __call__(self, A, z):
        if not self.coefficients:
            # No batch axes: a constant is broadcast where it is used.
            return A.constant(np.zeros(self.outputs, dtype=np.int64))
        z = A.concatenate([z, A.constant([1])], -1)
        values = A.fractions(self.coefficients)
        # One factor of every term at a time: as many products of arrays as the degree, whatever the number of terms.
        for row in self.indices:
            values = A.multiply(values, A.take(z, row))
        sums = A.segment_sum(values, self.starts)
        return A.take(A.concatenate([sums, A.constant([0])], -1), self.places)
