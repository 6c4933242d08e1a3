r"""
Polynomial laws by syzygies: closed one-forms in the syzygy module of the field matrix.

`{ w : \langle w, v \rangle = 0` for every field `v \}` is the syzygy module of the matrix whose rows are the fields.  With a Groebner basis for a degree
order every element of degree at most `e` is a combination of multiples of the basis of degree at most `e`; the laws of
degree `e + 1` are the potentials of the closed ones (zero curl), by the Poincare lemma.
"""
from .._sage import QQ, PolynomialRing, matrix
from ..fields import terms as sparse
from ..laws.basis import oriented, readable_basis
from ..isolated import isolated

# The multiples of the basis up to the degree are columns of an exact linear system; above this many it is refused.
MAX_MULTIPLES = 20_000


def syzygy_laws(fields, degree, deadline=None):
    r"""
    Return a basis of all polynomial laws of degree 1 to ``degree``; proved by construction.

    INPUT:

    - ``fields`` -- list of lists of Sage polynomials over QQ: drift and controls

    - ``degree`` -- a positive integer

    EXAMPLES::

        sage: from sage_conslaw.groebner.syzygies import syzygy_laws
        sage: R.<x, y, z> = QQ[]
        sage: syzygy_laws([[y*z, x*z, x*y]], 2)
        [{(0, 0): Fraction(1, 1), (1, 1): Fraction(-1, 1)},
         {(0, 0): Fraction(1, 1), (2, 2): Fraction(-1, 1)}]
        sage: syzygy_laws([[x, y, z]], 3)
        []
    """
    n = len(fields[0])
    names = [f"z{i}" for i in range(n)]
    ring = PolynomialRing(QQ, names, n, order="degrevlex")
    gens = ring.gens()
    rows = [[_rename(f, gens) for f in field] for field in fields]
    limit = None if deadline is None or deadline.limit is None else deadline.remaining()
    basis = isolated(_module_basis, rows, limit=limit)
    forms = _forms([[_rename_terms(w, gens) for w in form] for form in basis], degree - 1, ring)
    closed = _closed(forms, ring)
    candidates = [_potential(form) for form in closed]
    columns = sorted({m for law in candidates for m in law}, key=lambda m: (len(m), m))
    place = {monomial: i for i, monomial in enumerate(columns)}
    vectors = readable_basis([{place[m]: value for m, value in law.items()} for law in candidates])
    laws = [oriented({columns[i]: value for i, value in vector.items()}) for vector in vectors]
    return sorted(laws, key=lambda law: (max(map(len, law)), sorted(law)))


def _rename(f, gens):
    return sparse.to_sage(sparse.from_sage(f), gens[0].parent())


def _rename_terms(terms, gens):
    return sparse.to_sage(terms, gens[0].parent())


def _module_basis(rows):
    """Return a Groebner basis of the syzygy module, components as sparse polynomials (run in a process of its own)."""
    from sage.libs.singular.function_factory import ff
    module = ff.std(ff.syz(matrix(rows)))
    return [[sparse.from_sage(w) for w in form] for form in module]


def _forms(basis, degree, ring):
    """Return independent forms that span the elements of the module of degree at most ``degree``."""
    from itertools import combinations_with_replacement
    gens, forms = ring.gens(), []
    for form in basis:
        top = max(w.degree() for w in form)
        for extra in range(degree - top + 1):
            for factors in combinations_with_replacement(gens, extra):
                multiple = ring.one()
                for g in factors:
                    multiple *= g
                forms.append([multiple * w for w in form])
                if len(forms) > MAX_MULTIPLES:
                    raise ValueError(f"the syzygies of degree {degree} have more than {MAX_MULTIPLES} multiples; lower the degree")
    rows = {}
    for number, form in enumerate(forms):
        for i, w in enumerate(form):
            for monomial, value in w.dict().items():
                rows.setdefault((i, monomial), {})[number] = value
    if not forms:
        return []
    table = matrix(QQ, len(rows), len(forms), {(r, c): v for r, row in enumerate(rows.values()) for c, v in row.items()})
    return [forms[i] for i in table.pivots()]


def _closed(forms, ring):
    """Return a basis of the combinations with zero curl."""
    if not forms:
        return []
    gens, rows = ring.gens(), {}
    for number, form in enumerate(forms):
        for i in range(len(gens)):
            for j in range(i):
                curl = form[j].derivative(gens[i]) - form[i].derivative(gens[j])
                for monomial, value in curl.dict().items():
                    rows.setdefault((i, j, monomial), {})[number] = value
    table = matrix(QQ, max(len(rows), 1), len(forms),
                   {(r, c): v for r, row in enumerate(rows.values()) for c, v in row.items()})
    closed = []
    for vector in table.right_kernel_matrix().rows():
        closed.append([sum((c * form[i] for c, form in zip(vector, forms) if c), ring.zero()) for i in range(len(gens))])
    return closed


def _potential(form):
    """Return the polynomial with this gradient and no constant, `\\sum_i z_i \\int_0^1 w_i(t z) dt`."""
    total = {}
    for i, w in enumerate(form):
        for monomial, value in sparse.from_sage(w).items():
            key = tuple(sorted(monomial + (i,)))
            total[key] = total.get(key, 0) + value / len(key)
    return {monomial: value for monomial, value in total.items() if value}
