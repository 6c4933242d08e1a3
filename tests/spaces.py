r"""
Comparison of spaces of polynomials by exact linear algebra over QQ, and of polynomials with SymPy.

Nothing here looks at how a law is printed, scaled or ordered.  Polynomials may live in any Sage ring with the same
number of variables; only their exponents and coefficients are read.
"""

import random
from itertools import combinations_with_replacement

import sage_conslaw._sage  # noqa: F401  (before any other import from Sage)
import sympy
from sage.matrix.constructor import matrix
from sage.rings.finite_rings.finite_field_constructor import GF
from sage.rings.rational_field import QQ


def terms(polynomial):
    r"""Return ``{exponents: coefficient in QQ}`` of a Sage polynomial in one or several variables."""
    return {tuple(exponents) if hasattr(exponents, "__iter__") else (int(exponents),): QQ(coefficient)
            for exponents, coefficient in polynomial.dict().items() if coefficient}


class Space:
    r"""The QQ-span of polynomials, as the reduced echelon form of its coefficients: equal spans are equal objects."""

    def __init__(self, polynomials):
        rows = [terms(p) for p in polynomials]
        monomials = sorted({m for row in rows for m in row}, reverse=True)
        echelon = matrix(QQ, len(rows), len(monomials),
                         [row.get(m, 0) for row in rows for m in monomials]).rref() if monomials else None
        self.rows = frozenset(
            frozenset((m, c) for m, c in zip(monomials, row) if c)
            for row in (echelon.rows() if monomials else []) if any(row))

    @property
    def dimension(self):
        return len(self.rows)

    def __eq__(self, other):
        return self.rows == other.rows

    def __hash__(self):
        return hash(self.rows)

    def __repr__(self):
        return f"span of dimension {self.dimension}: {sorted(map(sorted, self.rows))}"


def contains(polynomials, candidates):
    r"""Return whether every candidate is a rational combination of the polynomials."""
    return Space(list(polynomials) + list(candidates)).dimension == Space(polynomials).dimension


def to_sympy(polynomial, symbols):
    r"""Return the Sage polynomial as a SymPy expression in the given symbols, read off its exponents."""
    return sympy.Add(*[
        sympy.Rational(int(c.numerator()), int(c.denominator())) * sympy.Mul(*[s**e for s, e in zip(symbols, m)])
        for m, c in terms(polynomial).items()])


def evaluate(polynomial, point):
    r"""Return the value of the Sage polynomial at a point of floats."""
    total = 0.0
    for exponents, coefficient in terms(polynomial).items():
        term = float(coefficient)
        for value, e in zip(point, exponents):
            term *= value**e
        total += term
    return total


def jacobian_rank(polynomials, seed=1):
    r"""Return the rank of the gradients at one random point modulo a prime: a lower bound, almost surely the generic
    rank."""
    if not polynomials:
        return 0
    ring = polynomials[0].parent()
    prime = 2**31 - 1
    draw = random.Random(seed)
    field = GF(prime)
    point = [field(draw.randrange(prime)) for _ in ring.gens()]

    def value(polynomial):
        total = field(0)
        for exponents, coefficient in terms(polynomial).items():
            term = field(coefficient)
            for base, e in zip(point, exponents):
                term *= base**e
            total += term
        return total

    return matrix(field, [[value(p.derivative(x)) for x in ring.gens()] for p in polynomials]).rank()


def monomials(ring, degree):
    """Return the monomials of a polynomial ring up to a degree, as polynomials."""
    return [ring.prod(m) for d in range(degree + 1) for m in combinations_with_replacement(ring.gens(), d)]
