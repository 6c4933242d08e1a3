r"""
The linear system for laws over Q(k), and elements of Q(k) without denominators, contents, or modulo a prime.

- Trivial: without parameters all is over Q.
- Famous: `x' = k y, y' = (k - 1) x`: the equations for `a x + b y` are `k a = 0` and `(k - 1) b = 0`.
- One that misleads: their only solution over Q(k) is zero, yet at `k = 0` and `k = 1` there are laws.  What is found
  here holds for generic parameters; for the others see :mod:`..parameters`.

::

    sage: from sage_conslaw.expressions.polynomials import parse_polynomials
    sage: from sage_conslaw.function_fields import parametric
    sage: fields = [parse_polynomials(["0", "k*y", "(k-1)*x"], ["k", "x", "y"])[1]]
    sage: parametric.equations_over_parameters(fields, [(1r,), (2r,)], [0r], PolynomialRing(QQ, "k", 1))
    [{0: k}, {1: k - 1}]
    sage: R.<a, b> = QQ[]
    sage: parametric.polynomial_over_constants({(2,): a/(2*b), (3,): a^2}, R, [0, 1])
    {(0, 1, 3): Fraction(2, 1), (2,): Fraction(1, 1)}
    sage: parametric.residue(a/(2*b), [6r, 3r], 101r), parametric.residue(QQ(1/2), [], 101r)
    (1, 51)
"""
from math import gcd, lcm
from fractions import Fraction

from ..exact import terms as sparse
from .._sage import QQ


def equations_over_parameters(fields, monomials, constants, ring):
    r"""
    Return the distinct equations for the coefficients of a law, as dictionaries
    ``{column: polynomial in the parameters}``.

    INPUT:

    - ``fields`` -- lists of sparse polynomials

    - ``monomials`` -- the columns

    - ``constants``, ``ring`` -- the coordinates that stand for the parameters, and their polynomial ring
    """
    place, rows = {coordinate: i for i, coordinate in enumerate(constants)}, {}
    for column, monomial in enumerate(monomials):
        for variable, part in sparse.derivatives({monomial: Fraction(1)}).items():
            for number, field in enumerate(fields):
                for product, value in sparse.multiply(part, field[variable]).items():
                    key = number, tuple(i for i in product if i not in place)
                    entry = rows.setdefault(key, {}).setdefault(column, {})
                    power = tuple(place[i] for i in product if i in place)
                    entry[power] = entry.get(power, 0) + value
    # Several fields, and monomials that move alike, give the same equation many times over.
    distinct = {}
    for row in rows.values():
        row = {column: sparse.to_sage({m: c for m, c in entry.items() if c}, ring) for column, entry in row.items()}
        row = {column: entry for column, entry in row.items() if entry}
        if row:
            distinct[tuple(row.items())] = row
    return list(distinct.values())


def content(entries):
    """Return the greatest common divisor of nonzero polynomials, simple ones first: most are coprime after two."""
    common = None
    for entry in sorted(entries, key=lambda e: e.number_of_terms()):
        common = entry if common is None else common.gcd(entry)
        if common.is_constant():
            break
    return common


def cleared(entries, ring):
    """Return elements of Q(k) times their common denominator, in Q[k]."""
    common = ring.one()
    for entry in entries:
        common = common.lcm(ring(entry.denominator()))
    return [ring(entry * common) for entry in entries]


def coprime(entries):
    """Return polynomials times one number: all coefficients coprime integers, the leading one of the first positive."""
    values = [value for entry in entries for value in entry.coefficients()]
    scale = lcm(*(int(value.denominator()) for value in values))
    scale = QQ(scale) / gcd(*(int(value * scale) for value in values))
    first = next(entry for entry in entries if entry)
    return [entry * (scale if first.lc() > 0 else -scale) for entry in entries]


def primitive_vector(vector, parameters, ring):
    """Return the multiple of a vector over Q(k) with coprime entries in Z[k], in a ring that has the parameters."""
    if parameters is not QQ:
        entries = cleared(vector, parameters)
        common = content([entry for entry in entries if entry])
        vector = [entry // common for entry in entries]
        if ring is not parameters:
            vector = [_into(entry, ring) for entry in vector]
    return coprime([ring(entry) for entry in vector])


def _into(polynomial, ring):
    """Return a polynomial in the parameters in a larger ring, by names: their places differ."""
    gens = ring.gens_dict()
    return polynomial(*(gens.get(name, ring.zero()) for name in polynomial.parent().variable_names()))


def polynomial_over_constants(entries, ring, constants):
    """
    Return the multiple of a polynomial over Q(k) with coprime coefficients in Z[k], as a sparse polynomial in all
    coordinates.

    INPUT:

    - ``entries`` -- dictionary ``{monomial: element of the fraction field of ring}``

    - ``ring`` -- the polynomial ring of the parameters

    - ``constants`` -- the coordinates that stand for them
    """
    law = {}
    for monomial, entry in zip(entries, primitive_vector(list(entries.values()), ring, ring)):
        for power, value in sparse.from_sage(entry).items():
            law[tuple(sorted(monomial + tuple(constants[i] for i in power)))] = value
    return sparse.oriented(law)


def residue(value, point, p):
    """Return an element of Q, Q[k] or Q(k) modulo ``p``, with the parameters at a point."""
    if value.parent() is QQ:
        return int(value.numerator()) * pow(int(value.denominator()), -1, p) % p
    if not value.parent().is_field():
        return _evaluated(value, point, p)
    numerator, denominator = (_evaluated(part, point, p) for part in (value.numerator(), value.denominator()))
    return numerator * pow(denominator, -1, p) % p


def _evaluated(polynomial, point, p):
    total = 0
    for monomial, value in sparse.from_sage(polynomial).items():
        term = value.numerator * pow(value.denominator, -1, p)
        for i in monomial:
            term = term * point[i] % p
        total += term
    return total % p
