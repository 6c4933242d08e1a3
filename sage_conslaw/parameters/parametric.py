r"""
Laws over Q(k): one specialisation finds them, a second tells which depend on the parameters, exact algebra lifts those.

The kernel at random parameter values has at least the generic dimension; where each of its vectors lifts to a
law over Q(k) that is conserved identically, the two dimensions agree and every law is found.  Most laws do not depend on the
parameters and are simply reconstructed.  For the others the linear system is built with coefficients in Q[k], on the few
monomials that occur in them, and solved over the field of rational functions.
"""
from fractions import Fraction

from ..exact.reconstruction import reconstruct
from ..exact import terms as sparse
from ..laws.basis import oriented, readable_basis


def lift_over_parameters(family, monomials, first, second, p, fields):
    r"""
    Return laws over Q[k] for the kernel vectors of one block, ``None`` if they do not lift.

    INPUT:

    - ``monomials`` -- the monomials of the block

    - ``first``, ``second`` -- reduced kernel bases modulo ``p`` at two random values of the parameters

    - ``fields`` -- a function that returns the fields as lists of sparse polynomials

    EXAMPLES::

        sage: from sage_conslaw.inputs.systems import system
        sage: from sage_conslaw import conservation_laws
        sage: conservation_laws(system(["x", "y"], ["k1*x", "-k2*x"], parameters=["k1", "k2"]), degree=1).laws
        (k2*x + k1*y,)
    """
    laws = []
    if [max(vector) for vector in first] != [max(vector) for vector in second]:
        return None
    fixed = [a for a, b in zip(first, second) if a == b]
    rational = [reconstruct(vector, p) for vector in fixed]
    if all(vector is not None for vector in rational):
        candidates = [oriented({monomials[i]: value for i, value in vector.items()}) for vector in readable_basis(rational)]
        if all(family.conserved(candidates)):
            laws += candidates
        else:
            fixed = []
    else:
        fixed = []
    moving = [vector for vector in first if vector not in fixed] if fixed else first
    if not moving:
        return laws
    columns = sorted({i for vector in moving for i in vector})
    solved = _solve(family, [monomials[i] for i in columns], fields())
    if solved is None or len(solved) != len(moving):
        columns = sorted({i for vector in first for i in vector})
        solved, laws = _solve(family, [monomials[i] for i in columns], fields()), []
        if solved is None or len(solved) != len(first):
            return None
    return laws + solved if all(family.conserved(solved)) else None


def _solve(family, monomials, fields):
    """Return a basis over Q[k] of the laws in the span of a few monomials, with coprime coefficients."""
    from .._sage import QQ, FractionField, PolynomialRing, matrix
    constants = list(family.constants)
    ring = PolynomialRing(QQ, [family.names[i] for i in constants], len(constants))
    rows = equations_over_parameters(fields, monomials, constants, ring)
    if len(rows) * len(monomials) > 10**6:
        return None
    system = matrix(FractionField(ring), len(rows), len(monomials))
    for row, entries in enumerate(rows):
        for column, entry in entries.items():
            system[row, column] = entry
    kernel = system.right_kernel_matrix() if len(rows) else matrix.identity(FractionField(ring), len(monomials))
    return [polynomial_over_constants(dict(zip(monomials, vector)), ring, constants) for vector in kernel.rows()]


def equations_over_parameters(fields, monomials, constants, ring):
    r"""
    Return the distinct equations for the coefficients of a law, as dictionaries ``{column: polynomial in the parameters}``.

    INPUT:

    - ``fields`` -- lists of sparse polynomials

    - ``monomials`` -- the columns

    - ``constants``, ``ring`` -- the coordinates that stand for the parameters, and their polynomial ring

    EXAMPLES::

        sage: from sage_conslaw.inputs.polynomials import parse_polynomials
        sage: from sage_conslaw.parameters.parametric import equations_over_parameters
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
    Return the multiple of a polynomial over Q(k) with coprime coefficients in Q[k], as a sparse polynomial in all coordinates.

    INPUT:

    - ``entries`` -- dictionary ``{monomial: element of the fraction field of ring}``

    - ``ring`` -- the polynomial ring of the parameters

    - ``constants`` -- the coordinates that stand for them

    EXAMPLES::

        sage: from sage_conslaw.parameters.parametric import polynomial_over_constants
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
    return oriented({m: c / scale for m, c in law.items()})


def _content(values):
    from math import gcd, lcm
    values = list(values)
    return Fraction(gcd(*(v.numerator for v in values)), lcm(*(v.denominator for v in values)))


def residue(value, point, p):
    r"""
    Return an element of Q, Q[k] or Q(k) modulo ``p``, with the parameters at a point.

    EXAMPLES::

        sage: from sage_conslaw.parameters.parametric import residue
        sage: R.<a, b> = QQ[]
        sage: residue(a/(2*b), [6r, 3r], 101r), residue(QQ(1/2), [], 101r)
        (1, 51)
    """
    from .._sage import QQ
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
