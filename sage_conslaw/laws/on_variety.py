r"""
Polynomial laws modulo the ideal of a variety: exact kernels on the monomials that are their own normal forms.

Every polynomial of degree at most `d` has a normal form of degree at most `d` (the order is by degree), a combination
of standard monomials.  So a law modulo the ideal is a vector in the kernel of `z^a \mapsto NF(L z^a)` for each field,
over Q(k).  The kernel is exact, by construction all laws of the degree and none twice.

Coordinates at rest that are algebraic over Q(k), such as `w = \sqrt 2`, are numbers: they count for no degree, are no
laws, and `w h` is no law beside `h`.

For the circle `x^2 + y^2 = 1` with `x' = -y, y' = x` the standard monomials of degree 1 and 2 are `x, y, x y, y^2`,
and the kernel is zero: `x^2 + y^2` is not a law but a constant.
"""

from fractions import Fraction


from .._sage import QQ, matrix
from ..exact import terms as sparse
from ..exact.products import order
from ..exact.primes import random_prime
from ..function_fields.parametric import polynomial_over_constants
from .basis import readable_basis
from .monomials import blocks, monomials
from ..function_fields.specialisation import Specialisation, exact_kernel


def laws_on_variety(family, groups, generator, deadline=None, pieces=None):
    """Return a basis of all polynomial laws in a space of monomials modulo the relations of a family, over Q(k)."""
    variety = family.variety
    fields = [
        [variety.polynomial(f) for f in field]
        for field in ([family.drift] if family.drift is not None else []) + family.controls
    ]
    fields = [[field[i] for i in variety.moving] for field in fields]
    parameters = variety.parameters if family.constants else QQ
    # A prime and values at which pivots are found; the kernel itself is exact over Q(k) (exact_kernel checks it).
    at = Specialisation(parameters, random_prime(generator), generator)
    numbers = algebraic_numbers(family)
    if numbers:
        # Blocks that were made for the search space lack the multiples by powers of the numbers.
        groups, pieces = with_numbers(groups, numbers), None
    laws = []
    for group in blocks(family, groups, generator, deadline) if pieces is None else pieces:
        for block in group:
            if deadline is not None:
                deadline.check()
            columns = [tuple(int(i) for i in row if i < family.dimension) for row in block]
            # Other monomials are combinations of these modulo the ideal: with them a law would be found several times.
            # A product of numbers alone is a number, and conserved without being a law.
            columns = [m for m in columns if variety.is_standard(m) and not numbers.keys() >= set(m)]
            # Other monomials are combinations of these modulo the ideal: with them a law would be found several times.
            if columns:
                laws += _in_block(variety, fields, columns, parameters, at)
    laws = without_multiples(variety, laws, numbers)
    # The linear equations say the same by another route; a second look costs little beside them.
    if not all(family.conserved(laws)):
        raise ArithmeticError(
            "a law modulo the relations does not hold exactly although its linear equations do; please "
            "report the system"
        )
    return sorted(laws, key=order)


def symbolic_laws_on_variety(family, groups, deadline=None):
    """Return the same laws from one linear system over Q in all monomials, without blocks and primes."""
    variety, numbers = family.variety, algebraic_numbers(family)
    fields = [[variety.polynomial(field[i]) for i in variety.moving] for field in family.sparse_fields()]
    table = monomials(family.dimension, with_numbers(groups, numbers) if numbers else groups)
    columns = [tuple(int(i) for i in row if i < family.dimension) for row in table]
    columns = [m for m in columns if variety.is_standard(m) and not numbers.keys() >= set(m)]
    if deadline is not None:
        deadline.check()
    rows = equations_on_variety(variety, fields, columns)
    entries = {(i, column): value for i, row in enumerate(rows) for column, value in row.items()}
    basis = matrix(QQ, len(rows), len(columns), entries).right_kernel_matrix().rows()
    return without_multiples(variety, in_normal_form(variety, [
        {columns[i]: sparse.fraction(v) for i, v in vector.dict().items()}
        for vector in basis]), numbers)


def in_normal_form(variety, laws):
    """Return a basis of the span of polynomials modulo the ideal, each its own normal form, sorted by degree."""
    reduced = [variety.normal_form(variety.polynomial(law)) for law in laws]
    one = (0,) * len(variety.moving)
    # Without the constant, which is conserved and no law.
    columns = sorted({tuple(m) for f in reduced for m in f.dict()} - {one}, key=lambda m: (sum(m), m))
    place = {m: i for i, m in enumerate(columns)}
    if variety.constants:
        entries = {(r, place[tuple(m)]): v for r, f in enumerate(reduced) for m, v in f.dict().items() if any(m)}
        echelon = matrix(variety.field, len(reduced), len(columns), entries).echelon_form()
        found = [{columns[i]: v for i, v in row.dict().items()} for row in echelon.rows() if row]
        found = [variety.terms(variety.ring(row)) for row in found]
    else:
        vectors = [{place[tuple(m)]: sparse.fraction(v) for m, v in f.dict().items() if any(m)} for f in reduced]
        found = [{tuple(variety.moving[j] for j, e in enumerate(columns[i]) for _ in range(int(e))): value
                  for i, value in vector.items()} for vector in readable_basis([v for v in vectors if v])]
    return sorted(map(sparse.oriented, found), key=order)


def algebraic_numbers(family):
    r"""
    Return the coordinates that are algebraic numbers over Q(k), with the degree of each; none where other relations
    mention them.
    """
    variety = family.variety
    fields = ([family.drift] if family.drift is not None else []) + family.controls
    # What no field moves is a number only if a chain of relations determines it over Q(k), one new coordinate each.
    rest = {i for i in variety.moving if not any(field[i] for field in fields)}
    mentioned = [({i for m in g for i in m if i in variety.place}, g) for g in variety.relations]
    numbers, grown = {}, True
    while grown:
        grown = False
        for names, g in mentioned:
            new = names - numbers.keys()
            if len(new) == 1 and names <= rest:
                (i,) = new
                numbers[i], grown = max(m.count(i) for m in g), True
    # A relation between a number and what moves, such as x^2 = w y: then w is no mere scalar of the coordinate ring,
    # and degrees are counted as usual.
    mixed = any(names & numbers.keys() and names - numbers.keys() for names, _ in mentioned)
    return {} if mixed else numbers


def with_numbers(groups, numbers):
    """Return a search space in which numbers count for no degree."""
    # A number of degree e has the powers 1, ..., w^(e-1) as a basis over what is below it.
    outer = [([i for i in group if i not in numbers], degree) for group, degree in groups]
    return outer + [([i], degree - 1) for i, degree in numbers.items() if degree > 1]


def without_multiples(variety, laws, numbers):
    """Return the laws without those that are combinations of others with algebraic numbers as coefficients."""
    factors = [()]
    for i, degree in numbers.items():
        factors = [(*m, *(i,) * e) for m in factors for e in range(degree)]
    if len(factors) == 1:
        return laws
    kept, rows = [], []
    # Short laws first: of h and w h it is h that is kept. All multiples of a law that is kept join the span at once, as
    # the span over Q(k)(w) is asked for.
    for law in sorted(laws, key=lambda law: (max(map(len, law)), len(law), sorted(law))):
        own = [variety.normal_form(variety.polynomial(sparse.multiply({tuple(sorted(m)): Fraction(1)}, law)))
               for m in factors]
        if _rank([*rows, own[0]], variety) > _rank(rows, variety):
            kept.append(law)
            rows += own
    return kept


def _rank(polynomials, variety):
    columns = {m: i for i, m in enumerate(sorted({tuple(m) for f in polynomials for m in f.dict()}))}
    entries = {(row, columns[tuple(m)]): value for row, f in enumerate(polynomials) for m, value in f.dict().items()}
    return matrix(variety.field, len(polynomials), len(columns), entries).rank()


def _in_block(variety, fields, columns, parameters, at):
    basis = exact_kernel(equations_on_variety(variety, fields, columns), len(columns), parameters, at)
    if variety.constants:
        return [
            polynomial_over_constants(
                {m: variety.field(v) for m, v in zip(columns, vector) if v},
                variety.parameters,
                list(variety.constants),
            )
            for vector in basis
        ]
    vectors = [{i: sparse.fraction(v) for i, v in enumerate(vector) if v} for vector in basis]
    return [sparse.oriented({columns[i]: value for i, value in vector.items()}) for vector in readable_basis(vectors)]


def equations_on_variety(variety, fields, columns):
    """Return the equations for the coefficients of a law modulo the ideal, as ``{column: element of Q or Q[k]}``."""
    rows = {}
    for column, monomial in enumerate(columns):
        parts = [
            (variety.place[i], variety.polynomial(part))
            for i, part in sparse.derivatives({monomial: Fraction(1)}).items()
        ]
        for number, field in enumerate(fields):
            # L h is in the ideal exactly if its normal form is zero, and that form is linear in the coefficients of h.
            derivative = sum((part * field[j] for j, part in parts if field[j]), variety.ring.zero())
            for exponents, value in variety.normal_form(derivative).dict().items():
                rows.setdefault((number, exponents), {})[column] = value
    distinct = {}
    for row in rows.values():
        row = _without_denominators(variety, row)
        # Coefficients of different monomials often give one equation; rational functions make each of them dear.
        distinct[tuple(row.items())] = row
    return list(distinct.values())


def _without_denominators(variety, row):
    if not variety.constants:
        return row
    common = variety.parameters.one()
    # A row may be scaled by what is not zero in Q(k): elements of Q[k] are what the kernel takes.
    for value in row.values():
        common = common.lcm(variety.parameters(value.denominator()))
    return {column: variety.parameters(value * common) for column, value in row.items()}
