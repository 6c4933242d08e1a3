r"""
Darboux polynomials modulo relations: `L_v p - c_v p` lies in the ideal of the variety on which the field lives.

On the circle `s^2 + c^2 = 1` the field `s' = c s, c' = -s^2` (which is `q' = \sin q`) has `c - 1`, as `(c - 1)' = -s^2`
is `(c + 1)(c - 1)` there; in the plane it has not.  With `t' = 1` it makes the law `\log s - \log(c - 1) + t`.

Polynomials are combinations of standard monomials with unknown coefficients, and so are cofactors, of one degree less
than the field; the normal form of `L_v p - c_v p` is then a bilinear system, solved by branching.  A quotient ring has
no unique factors and its leading forms may divide zero, so that a search here is never called complete; each polynomial
found is proved by its normal form.
"""
from fractions import Fraction

import numpy as np

from .._sage import QQ, PolynomialRing
from ..exact import terms as sparse
from ..exact.primes import random_prime
from ..function_fields.parametric import cleared, primitive_vector
from ..function_fields.specialisation import Specialisation, exact_kernel, exact_matrix
from ..laws.monomials import monomials
from ..runtime.deadline import TimeLimitReached
from ..runtime.isolated import isolated
from .branching import Undecided, solve
from .darboux import DarbouxPolynomial, DarbouxSearch
from .darboux_law import DarbouxLaw
from .darboux_laws import denominators, most_denominators

# Unknown coefficients of the polynomial, and of cofactors: 10 and 6 take a second.
_MOST = (15, 12)

# Branches of one bilinear system: two hundred take a second.
_BRANCHES = 200

_GAP = "cofactors of higher degree modulo the relations"


def search_modulo_relations(family, degree, known, deadline=None):
    r"""
    Search Darboux polynomials modulo the relations of a family, beside those in all coordinates that are known.

    OUTPUT: a :class:`.darboux.DarbouxSearch`, never complete

    EXAMPLES::

        sage: from sage_conslaw import system
        sage: from sage_conslaw.integrals.darboux import search_darboux_polynomials
        sage: from sage_conslaw.integrals.modulo_relations import search_modulo_relations
        sage: family = system(["s", "c"], ["c*s", "-s^2"], relations=["s^2 + c^2 - 1"])
        sage: found = search_modulo_relations(family, 1, search_darboux_polynomials(family, 1))
        sage: found.polynomials
        (s with cofactor c, c + 1 with cofactor c - 1, c - 1 with cofactor c + 1)
    """
    variety = family.variety
    found = {}
    gaps, timed_out = [*known.gaps, _GAP], known.timed_out
    candidates = [sparse.from_sage(d.polynomial) for d in known.polynomials]
    try:
        more, why = isolated(_candidates, family, degree, deadline=deadline)
        candidates += more
        gaps += why
    except TimeLimitReached as reached:
        timed_out = True
        gaps.append(f"Darboux polynomials modulo the relations: the time limit of {reached.limit} s was reached")
    except ArithmeticError as reason:
        gaps.append(f"Darboux polynomials modulo the relations: {reason}")
    fields = variety.fields(family.sparse_fields())
    # Low degrees first, so that products of what is found are recognised.
    for terms in sorted(candidates, key=lambda law: (max(map(len, law)), len(law), sorted(law))):
        p = variety.normal_form(variety.polynomial(terms))
        if not p or p.is_constant() or p / p.lc() in found or _is_product(variety, p, found):
            continue
        cofactors = _cofactors(variety, fields, p)
        # With cofactor zero it is a polynomial law, which is another question.
        if cofactors is not None and any(cofactors):
            found[p / p.lc()] = cofactors
    ring = family.ring()
    polynomials = tuple(
        DarbouxPolynomial(sparse.to_sage(sparse.oriented(_integral(variety.terms(p))), ring), cofactors)
        for p, cofactors in found.items()
    )
    return DarbouxSearch(polynomials, degree, known.parameters, known.space, known.candidates,
                         tuple(dict.fromkeys(gaps)), timed_out, known.pencils)


def _integral(terms):
    """Return the multiple with coprime integer coefficients."""
    vector = primitive_vector([QQ((v.numerator, v.denominator)) for v in terms.values()], QQ, QQ["x"])
    return {m: Fraction(int(QQ(v))) for m, v in zip(terms, vector)}


def _is_product(variety, p, found):
    """Say whether a polynomial is, up to a number, a product of two that are found."""
    known = list(found)
    for i, a in enumerate(known):
        for b in known[i:]:
            product = variety.normal_form(a * b)
            if product and product / product.lc() == p / p.lc():
                return True
    return False


def _cofactors(variety, fields, p):
    """Return the cofactors of a polynomial modulo the ideal, ``None`` if it has none."""
    out = []
    for field in fields:
        moved = variety.normal_form(sum((p.derivative(x) * f for x, f in zip(variety.ring.gens(), field)),
                                        variety.ring.zero()))
        # L p = c p + an element of the ideal of the variety: the first entry of a lift is a cofactor.
        ideal = variety.ring.ideal([p, *variety.basis])
        if moved not in ideal:
            return None
        out.append(variety.normal_form(moved.lift(ideal)[0]))
    return tuple(out)


def _candidates(family, degree):
    """Return solutions of the bilinear systems as sparse polynomials, and what was too large."""
    variety = family.variety
    fields = variety.fields(family.sparse_fields())
    top = max((f.degree() for field in fields for f in field if f), default=0)
    columns, below = _standard(family, degree), _standard(family, max(top - 1, 0))
    if len(columns) > _MOST[0] or len(below) * len(fields) > _MOST[1]:
        return [], [f"Darboux polynomials modulo the relations with {len(columns)} coefficients and cofactors "
                    f"with {len(below) * len(fields)}"]
    names = list(variety.parameters.variable_names()) if variety.constants else []
    ring = PolynomialRing(QQ, [*names, *(f"a{i}__" for i in range(len(columns))),
                               *(f"l{i}__" for i in range(len(below) * len(fields)))])
    gens = ring.gens()
    a, unknown = gens[len(names):len(names) + len(columns)], gens[len(names) + len(columns):]
    equations = _equations(variety, fields, columns, below, ring, a, unknown, gens[:len(names)])
    found, gaps = [], []
    # The leading coefficient is 1: one bilinear system for each standard monomial that may lead.
    for lead in range(len(columns) - 1, 0, -1):
        values = {a[i]: ring.zero() for i in range(lead + 1, len(columns))} | {a[lead]: ring.one()}
        system = [e for e in (e.subs(values) for e in equations) if e]
        try:
            solutions = solve(system, [*a[:lead], *unknown], most_branches=_BRANCHES)
        except Undecided as reason:
            gaps.append(f"Darboux polynomials modulo the relations: {reason}")
            continue
        for solution in solutions:
            terms = _solved(family, variety, columns[:lead + 1], [*(solution.get(x) for x in a[:lead]), ring.one()])
            if terms is not None:
                found.append(terms)
    return found, list(dict.fromkeys(gaps))


def _standard(family, degree):
    """Return the standard monomials up to a degree, with 1, smallest first."""
    moving = family.variety.moving
    rows = monomials(family.dimension, [(moving, degree)]) if degree else []
    found = [tuple(int(i) for i in row if i < family.dimension) for row in rows]
    return [(), *(m for m in found if family.variety.is_standard(m))]


def _equations(variety, fields, columns, below, ring, a, unknown, parameters):
    """Return the coefficients of the normal forms of `L_v p - c_v p`, in the unknowns."""
    def parts(polynomial):
        if not variety.constants:
            return {m: ring(v) for m, v in polynomial.dict().items()}
        if not all(variety.parameters(v.denominator()).is_constant() for v in polynomial.coefficients()):
            raise Undecided("normal forms have denominators in the parameters")
        return {m: ring(variety.parameters(v)(*parameters)) for m, v in polynomial.dict().items()}
    basis = [variety.polynomial({m: Fraction(1)}) for m in columns]
    rows = {}
    for number, field in enumerate(fields):
        for p, x in zip(basis, a):
            moved = sum((p.derivative(z) * f for z, f in zip(variety.ring.gens(), field)), variety.ring.zero())
            for m, value in parts(variety.normal_form(moved)).items():
                rows[number, m] = rows.get((number, m), ring.zero()) + value * x
            for k, factor in enumerate(below):
                product = variety.normal_form(p * variety.polynomial({factor: Fraction(1)}))
                for m, value in parts(product).items():
                    rows[number, m] = (rows.get((number, m), ring.zero())
                                       - value * x * unknown[number * len(below) + k])
    return [row for row in rows.values() if row]


def _solved(family, variety, columns, values):
    """Return a solution as a sparse polynomial over Q(k), ``None`` where coefficients are left free."""
    if None in values:
        return None
    total = variety.ring.zero()
    for monomial, value in zip(columns, values):
        value = value.parent().fraction_field()(value)
        up, down = value.numerator(), value.denominator()
        # A whole family of solutions: one of them is as good as all, and none is chosen.
        if {str(v) for side in (up, down) for v in side.variables()} - set(variety.parameters.variable_names()):
            return None
        number = variety.field(str(up)) / variety.field(str(down))
        total += number * variety.polynomial({monomial: Fraction(1)})
    return variety.terms(total)


def laws_modulo_relations(family, degree, found, rational, deadline=None):
    r"""
    Return laws `\prod p_i^{n_i}` with integers `n_i`, or `\sum n_i \log p_i` with `n_i` in Q(k), and `g / f` of degree
    at most ``degree``, from Darboux polynomials modulo relations; each proved by a normal form.

    EXAMPLES::

        sage: from sage_conslaw import first_integrals, system
        sage: family = system(["q", "t"], ["sin(q)", "1"])
        sage: first_integrals(family, kind="darboux", degree=1, seed=0).integrals
        (log(sin_q) - log(cos_q - 1) + t,)

    A law with a denominator, `x - \tan q`::

        sage: first_integrals(system(["q", "x"], ["cos(q)^2", "1"]), kind="rational", degree=2, seed=0).integrals
        (-((x*cos_q - sin_q)/cos_q),)
    """
    if not found:
        return ()
    variety = family.variety
    # f = 1 first: logarithms alone, and with polynomials beside them.
    products = [(family.ring().one(), ())]
    products += denominators(found, degree, variety.moving)[:most_denominators(family, degree, rational)]
    if rational:
        rows = {}
        for number in range(len(family.sparse_fields())):
            for column, darboux in enumerate(found):
                _place(rows, number, column, darboux.cofactors[number])
        laws = [_law(family, vector, found, []) for vector in _over_integers(variety, rows, len(found))]
        logarithms, products = [], products[1:]
    else:
        laws, logarithms = [], found
    for f, factors in products:
        if deadline is not None:
            deadline.check()
        table = [m for m in _standard(family, degree) if m or factors]
        rows = _law_equations(family, logarithms, table, f, [found[i] for i in factors])
        for vector in _over_parameters(variety, rows, len(logarithms) + len(table)):
            # Without a denominator and without logarithms it is a polynomial law, found elsewhere.
            if factors or any(vector[:len(logarithms)]):
                laws.append(_law(family, vector, logarithms, table, f))
    return tuple(laws)


def _law_equations(family, logarithms, table, f, factors):
    r"""Return the coefficients of the normal forms of `f \sum n_i c_i + L g - c_f g`, in the `n_i` and in `g`."""
    variety, rows = family.variety, {}
    below = variety.polynomial(sparse.from_sage(f))
    for number, field in enumerate(variety.fields(family.sparse_fields())):
        cofactor = sum((darboux.cofactors[number] for darboux in factors), variety.ring.zero())
        for column, darboux in enumerate(logarithms):
            _place(rows, number, column, variety.normal_form(below * darboux.cofactors[number]))
        for column, monomial in enumerate(table, start=len(logarithms)):
            p = variety.polynomial({monomial: Fraction(1)})
            moved = sum((p.derivative(z) * g for z, g in zip(variety.ring.gens(), field)), -cofactor * p)
            _place(rows, number, column, variety.normal_form(moved))
    return rows


def _place(rows, number, column, polynomial):
    for m, value in polynomial.dict().items():
        rows.setdefault((number, m), {})[column] = value


def _law(family, vector, logarithms, table, f=None):
    variety, ring = family.variety, family.ring()
    entries = primitive_vector(vector, variety.parameters if variety.constants else QQ, ring)
    factors = tuple((d.polynomial, n) for d, n in zip(logarithms, entries) if n)
    g = sum((n * ring.prod(ring.gen(i) for i in m) for m, n in zip(table, entries[len(logarithms):])), ring.zero())
    return DarbouxLaw(factors, g if f is None or f.is_one() else g / f)


def _over_parameters(variety, rows, columns):
    """Return a basis over Q(k) of the kernel."""
    generator = np.random.default_rng(0)
    scalars = variety.parameters if variety.constants else QQ
    at = Specialisation(scalars, random_prime(generator), generator)
    return exact_kernel([_without_denominators(variety, row) for row in rows.values()], columns, scalars, at)


def _without_denominators(variety, row):
    return dict(zip(row, cleared(list(row.values()), variety.parameters))) if variety.constants else row


def _over_integers(variety, rows, columns):
    """Return a basis of the integer vectors in the kernel: each monomial in the parameters is an equation."""
    lines = {}
    # An integer vector solves an equation over Q(k) iff it solves it for each monomial in k.
    for number, row in enumerate(rows.values()):
        for column, value in _without_denominators(variety, row).items():
            for m, v in value.dict().items() if variety.constants else [((), value)]:
                lines.setdefault((number, m), {})[column] = v
    return exact_matrix(list(lines.values()), columns, QQ).right_kernel_matrix().rows()
