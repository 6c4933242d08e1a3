r"""
The linear system for laws over Q(k), and polynomials over Q(k) as sparse polynomials in all coordinates.
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

    EXAMPLES::

        sage: from sage_conslaw.expressions.polynomials import parse_polynomials
        sage: from sage_conslaw.function_fields.parametric import equations_over_parameters
        sage: fields = [parse_polynomials(["0", "k*y", "(k-1)*x"], ["k", "x", "y"])[1]]
        sage: equations_over_parameters(fields, [(1r,), (2r,)], [0r], PolynomialRing(QQ, "k", 1))
        [{0: k}, {1: k - 1}]
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
    distinct = {}
    for row in rows.values():
        row = {column: sparse.to_sage({m: c for m, c in entry.items() if c}, ring) for column, entry in row.items()}
        row = {column: entry for column, entry in row.items() if entry}
        if row:
            distinct[tuple(row.items())] = row
    return list(distinct.values())


def polynomial_over_constants(entries, ring, constants):
    r"""
    Return the multiple of a polynomial over Q(k) with coprime coefficients in Q[k], as a sparse polynomial in all
    coordinates.

    INPUT:

    - ``entries`` -- dictionary ``{monomial: element of the fraction field of ring}``

    - ``ring`` -- the polynomial ring of the parameters

    - ``constants`` -- the coordinates that stand for them

    EXAMPLES::

        sage: from sage_conslaw.function_fields.parametric import polynomial_over_constants
        sage: R.<a, b> = QQ[]
        sage: polynomial_over_constants({(2,): a/(2*b), (3,): a^2}, R, [0, 1])
        {(0, 1, 3): Fraction(2, 1), (2,): Fraction(1, 1)}
    """
    denominator = ring.one()
    for entry in entries.values():
        denominator = denominator.lcm(ring(entry.denominator()))
    polynomials = {monomial: ring(entry * denominator) for monomial, entry in entries.items() if entry}
    content = ring.zero()
    for entry in polynomials.values():
        content = content.gcd(entry)
    law = {}
    for monomial, entry in polynomials.items():
        for power, value in sparse.from_sage(ring(entry / content)).items():
            key = tuple(sorted(monomial + tuple(constants[i] for i in power)))
            law[key] = law.get(key, 0) + value
    scale = _content(law.values())
    return sparse.oriented({m: c / scale for m, c in law.items()})


def _content(values):
    values = list(values)
    return Fraction(gcd(*(v.numerator for v in values)), lcm(*(v.denominator for v in values)))


def residue(value, point, p):
    r"""
    Return an element of Q, Q[k] or Q(k) modulo ``p``, with the parameters at a point.

    EXAMPLES::

        sage: from sage_conslaw.function_fields.parametric import residue
        sage: R.<a, b> = QQ[]
        sage: residue(a/(2*b), [6r, 3r], 101r), residue(QQ(1/2), [], 101r)
        (1, 51)
    """
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
