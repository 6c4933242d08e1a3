r"""
Darboux polynomials and the laws made of them.

`p` is a Darboux polynomial if `L_v p = c_v p` for each field `v`; `c_v` is its cofactor.  Where numbers `n_i` and a polynomial `g` satisfy
`\sum n_i c_{v,i} + L_v g = 0` for each field, `\prod p_i^{n_i} e^g` is conserved: a rational law for integers `n_i` and `g = 0`, in general
the logarithm `\sum n_i \log p_i + g` (Darboux 1878; Dumortier, Llibre, Artes 2006, Theorem 8.7).
"""
from dataclasses import dataclass
from math import gcd, lcm, prod

from .._sage import QQ, FractionField, PolynomialRing, SageObject, matrix
from ..fields import terms as sparse
from ..laws.monomials import monomials
from .branching import solve


@dataclass(frozen=True, repr=False)
class DarbouxPolynomial(SageObject):
    r"""
    A Darboux polynomial with its cofactors, one a field; the identity `L_v p = c_v p` is checked exactly.

    EXAMPLES::

        sage: from sage_conslaw.groebner.darboux import darboux_polynomials
        sage: from sage_conslaw.systems import system
        sage: darboux_polynomials(system(["x", "y"], ["x", "y^2"]), 1)
        (x with cofactor 1, y with cofactor y)
    """

    polynomial: object
    cofactors: tuple

    def _repr_(self):
        return f"{self.polynomial} with cofactor{'s' if len(self.cofactors) > 1 else ''} {', '.join(map(str, self.cofactors))}"


def darboux_polynomials(family, degree, deadline=None):
    r"""
    Return the irreducible Darboux polynomials of degree at most ``degree`` with coefficients in Q(k).

    Every one returned is proved by its cofactors; polynomial laws (cofactor zero) are left out.  Those with coefficients in
    a proper algebraic extension of Q(k) are not searched, and of a pencil (a free coefficient, which comes with a
    rational law) the members are listed in which the free coefficients are zero.  A search that grows beyond its
    limit raises :class:`Undecided`.

    EXAMPLES:

    The Halphen system has three, and no more up to degree 2::

        sage: from sage_conslaw.groebner.darboux import darboux_polynomials
        sage: from sage_conslaw.systems import system
        sage: halphen = system(["x", "y", "z"], ["x*y + x*z - y*z", "y*z + y*x - z*x", "z*x + z*y - x*y"])
        sage: [d.polynomial for d in darboux_polynomials(halphen, 1)]
        [x - y, x - z, y - z]

    The Lorenz system with `b = 2 s` has one of degree 2::

        sage: lorenz = system(["x", "y", "z"], ["s*(y - x)", "r*x - y - x*z", "x*y - 2*s*z"], parameters=["s", "r"])
        sage: darboux_polynomials(lorenz, 2)
        (x^2 - 2*s*z with cofactor -2*s,)

    A field without any::

        sage: darboux_polynomials(system(["x", "y"], ["1", "x^2 + y^2 + 1"]), 1)
        ()
    """
    fields = family.sparse_fields()
    ring = family.ring()
    if not fields:
        return ()
    constants = set(family.constants)
    moving = [i for i in range(family.dimension) if i not in constants]
    table = [tuple(int(i) for i in row if i < family.dimension) for row in monomials(family.dimension, [(moving, degree)])]
    table = sorted([()] + table, key=lambda m: (-len(m), m[::-1]))
    bounds = [max((len([i for i in m if i not in constants]) for f in field for m in f), default=0) - 1 for field in fields]
    cofactor_tables = [[()] + [tuple(int(i) for i in row if i < family.dimension)
                               for row in monomials(family.dimension, [(moving, bound)])] if bound > 0 else [()]
                       for bound in bounds]
    names = [family.names[i] for i in family.constants]
    unknown_names = [f"c{i}_" for i in range(len(table))]
    cofactor_names = [[f"l{v}_{i}_" for i in range(len(part))] for v, part in enumerate(cofactor_tables)]
    flat = [name for part in cofactor_names for name in part]
    solver = PolynomialRing(QQ, names + unknown_names + flat, len(names) + len(unknown_names) + len(flat))
    gens = solver.gens()
    offset = len(names)
    c = gens[offset:offset + len(table)]
    cofactors, start = [], offset + len(table)
    for part in cofactor_tables:
        cofactors.append(gens[start:start + len(part)])
        start += len(part)
    place = {i: gens[k] for k, i in enumerate(family.constants)}
    equations = _equations(fields, table, cofactor_tables, c, cofactors, place, solver)
    found = {}
    for lead in range(len(table) - 1):
        values = {c[i]: solver.zero() for i in range(lead)} | {c[lead]: solver.one()}
        system = [e.subs(values) for e in equations]
        unknowns = list(c[lead + 1:]) + [l for part in cofactors for l in part]
        for solution in solve([e for e in system if e], unknowns, deadline):
            polynomial = _instance(values | solution, c, table, ring, family)
            for factor, _ in polynomial.factor():
                factor = _normal(factor)
                if factor not in found and any(ring.gen(i) in factor.variables() for i in moving):
                    proof = _cofactors(factor, fields, ring)
                    # With cofactor zero it is a polynomial law, which is another question.
                    if proof is not None and any(proof):
                        found[factor] = proof
    ordered = sorted(found.items(), key=lambda item: (item[0].degree(), item[0].number_of_terms(), str(item[0])))
    return tuple(DarbouxPolynomial(polynomial, proof) for polynomial, proof in ordered)


def _equations(fields, table, cofactor_tables, c, cofactors, place, solver):
    """Return the coefficients of `L_v p - c_v p` for all fields, as polynomials in the unknowns."""
    equations = []
    for field, part, unknown in zip(fields, cofactor_tables, cofactors):
        rows = {}
        for a, monomial in enumerate(table):
            for variable, rest in sparse.derivatives({monomial: 1}).items():
                for product, value in sparse.multiply(rest, field[variable]).items():
                    key = tuple(i for i in product if i not in place)
                    factor = solver(QQ((value.numerator, value.denominator)))
                    for i in product:
                        factor *= place.get(i, 1)
                    rows[key] = rows.get(key, solver.zero()) + factor * c[a]
            for b, other in enumerate(part):
                key = tuple(sorted(monomial + other))
                rows[key] = rows.get(key, solver.zero()) - unknown[b] * c[a]
        equations += [row for row in rows.values() if row]
    return equations


def _instance(values, c, table, ring, family):
    """Return the polynomial of a solution with its free coefficients set to zero, denominators cleared."""
    field = FractionField(ring)
    constants = {str(ring.gen(i)): ring.gen(i) for i in family.constants}
    total = field.zero()
    for unknown, monomial in zip(c, table):
        value = values.get(unknown, 0)
        part = field.one()
        for i in monomial:
            part *= ring.gen(i)
        if unknown in values:
            value, pair = unknown.parent().fraction_field()(value), []
            for side in (value.numerator(), value.denominator()):
                arguments = [constants.get(str(g), ring.zero()) for g in side.parent().gens()]
                pair.append(ring(side(*arguments)))
            if not pair[1]:
                return ring.one()
            value = field(pair[0]) / field(pair[1])
        total += value * part
    return ring(total.numerator())


def _normal(polynomial):
    """Return the multiple with coprime integer coefficients and positive leading coefficient."""
    content = polynomial.content()
    polynomial = polynomial / content if content else polynomial
    return polynomial if polynomial.lc() > 0 else -polynomial


def _cofactors(polynomial, fields, ring):
    """Return the cofactors if the polynomial divides its derivative along each field, else ``None``."""
    out = []
    for field in fields:
        derivative = sum((polynomial.derivative(ring.gen(i)) * sparse.to_sage(f, ring) for i, f in enumerate(field) if f), ring.zero())
        quotient, remainder = derivative.quo_rem(polynomial)
        if remainder:
            return None
        out.append(quotient)
    return tuple(out)


@dataclass(frozen=True, repr=False)
class DarbouxLaw(SageObject):
    r"""
    A law `\prod p_i^{n_i} e^g`: conserved because `\sum n_i c_i + L g = 0`, an identity of polynomials.

    - ``factors`` -- pairs (Darboux polynomial, exponent in Q(k))

    - ``exponent`` -- the polynomial `g`

    EXAMPLES::

        sage: from sage_conslaw.groebner.darboux import darboux_laws
        sage: from sage_conslaw.systems import system
        sage: law, = darboux_laws(system(["x", "y"], ["2*x", "3*y"]), 1)
        sage: law, law.is_rational
        (x^3/y^2, True)
    """

    factors: tuple
    exponent: object

    @property
    def is_rational(self):
        """Whether the law is a rational function: integer exponents, no exponential."""
        return not self.exponent and all(n.is_constant() and QQ(n).is_integer() for _, n in self.factors)

    def _repr_(self):
        if self.is_rational:
            up = [_power(p, n) for p, n in self.factors if QQ(n) > 0]
            down = [_power(p, -n) for p, n in self.factors if QQ(n) < 0]
            text = "*".join(up) or "1"
            return text if not down else f"{text}/{down[0] if len(down) == 1 else '(' + '*'.join(down) + ')'}"
        terms = [_times(n, f"log({p})") for p, n in self.factors] + ([str(self.exponent)] if self.exponent else [])
        return " + ".join(terms).replace("+ -", "- ")


def _times(n, text):
    if n == 1 or n == -1:
        return text if n == 1 else f"-{text}"
    return f"{n}*{text}" if n.number_of_terms() == 1 else f"({n})*{text}"


def _power(p, n):
    text = str(p) if p.number_of_terms() == 1 and p.degree() == 1 else f"({p})"
    return text if n == 1 else f"{text}^{n}"


def darboux_laws(family, degree, deadline=None):
    r"""
    Return a basis over Q(k) of the laws `\sum n_i \log p_i + g` with Darboux polynomials and `g` of degree at most ``degree``.

    Laws that are polynomials alone (all `n_i = 0`) are left to :func:`conservation_laws`.

    EXAMPLES:

    Lotka-Volterra needs an exponential factor::

        sage: from sage_conslaw.groebner.darboux import darboux_laws
        sage: from sage_conslaw.systems import system
        sage: lv = system(["x", "y"], ["a*x - b*x*y", "-c*y + d*x*y"], parameters=["a", "b", "c", "d"])
        sage: darboux_laws(lv, 1)
        (c*log(x) + a*log(y) - d*x - b*y,)

    A mirror flow, `M = \operatorname{diag}(\theta^2)` for `\phi = u v`: the law is `u / v`::

        sage: darboux_laws(system(["u", "v"], controls=[["u^2*v", "v^2*u"]]), 1)
        (u/v,)
    """
    found = darboux_polynomials(family, degree, deadline)
    fields, ring = family.sparse_fields(), family.ring()
    constants = set(family.constants)
    moving = [i for i in range(family.dimension) if i not in constants]
    table = [tuple(int(i) for i in row if i < family.dimension) for row in monomials(family.dimension, [(moving, degree)])]
    # Columns: one a Darboux polynomial (its cofactors), one a monomial of g (its derivatives); rows: coefficients in the moving variables.
    parameters = PolynomialRing(QQ, [family.names[i] for i in family.constants] or ["unused_"], max(1, len(constants)))
    place = {i: k for k, i in enumerate(family.constants)}
    rows = {}

    def add(column, number, terms):
        for monomial, value in terms.items():
            key = number, tuple(i for i in monomial if i not in place)
            power = tuple(place[i] for i in monomial if i in place)
            entry = rows.setdefault(key, {}).setdefault(column, {})
            entry[power] = entry.get(power, 0) + value
    for column, darboux in enumerate(found):
        for number, cofactor in enumerate(darboux.cofactors):
            add(column, number, sparse.from_sage(cofactor))
    for column, monomial in enumerate(table, start=len(found)):
        for number, field in enumerate(fields):
            for variable, rest in sparse.derivatives({monomial: 1}).items():
                add(column, number, sparse.multiply(rest, field[variable]))
    width = len(found) + len(table)
    system = matrix(FractionField(parameters), max(len(rows), 1), width)
    for row, entries in enumerate(rows.values()):
        for column, entry in entries.items():
            system[row, column] = sparse.to_sage({m: v for m, v in entry.items() if v}, parameters)
    laws = []
    for vector in system.right_kernel_matrix().rows():
        if any(vector[:len(found)]):
            entries = _integral(vector, parameters, ring)
            factors = tuple((d.polynomial, entries[i]) for i, d in enumerate(found) if entries[i])
            exponent = sum((value * prod(ring.gen(i) for i in monomial) for value, monomial in zip(entries[len(found):], table)),
                           ring.zero())
            laws.append(DarbouxLaw(factors, exponent))
    return tuple(laws)


def rational_laws(family, degree, deadline=None):
    r"""
    Return a basis of the rational laws `\prod p_i^{n_i}`, `n_i` integers, of Darboux polynomials of degree at most ``degree``.

    EXAMPLES::

        sage: from sage_conslaw.groebner.darboux import rational_laws
        sage: from sage_conslaw.systems import system
        sage: rational_laws(system(["x", "y"], ["x*(3*(x+y-1) - 5*y)", "y*(-2*(x+y-1) + 5*x)"]), 1)
        (x^2*y^3/(x + y - 1)^5,)
        sage: rational_laws(system(["x", "y"], ["a*x", "b*y"], parameters=["a", "b"]), 1)
        ()
    """
    found = darboux_polynomials(family, degree, deadline)
    ring, rows = family.ring(), {}
    for column, darboux in enumerate(found):
        for number, cofactor in enumerate(darboux.cofactors):
            for monomial, value in sparse.from_sage(cofactor).items():
                rows.setdefault((number, monomial), {})[column] = QQ((value.numerator, value.denominator))
    system = matrix(QQ, max(len(rows), 1), len(found))
    for row, entries in enumerate(rows.values()):
        for column, value in entries.items():
            system[row, column] = value
    laws = []
    for vector in system.right_kernel_matrix().rows():
        scale = lcm(*(int(n.denominator()) for n in vector))
        scale = QQ(scale) / gcd(*(int(n * scale) for n in vector))
        scale = scale if next(n for n in vector if n) > 0 else -scale
        factors = tuple((d.polynomial, ring(scale * n)) for d, n in zip(found, vector) if n)
        laws.append(DarbouxLaw(factors, ring.zero()))
    return tuple(laws)


def _integral(vector, parameters, ring):
    """Return the multiple of a vector over Q(k) with coprime entries in Z[k], in the ring of the family."""
    denominator = parameters.one()
    for entry in vector:
        denominator = denominator.lcm(parameters(entry.denominator()))
    entries = [_into(parameters(entry * denominator), ring) for entry in vector]
    content = ring.zero()
    for entry in entries:
        content = content.gcd(entry)
    entries = [ring(entry / content) for entry in entries]
    values = [value for entry in entries for value in entry.coefficients()]
    scale = lcm(*(int(value.denominator()) for value in values))
    scale = QQ(scale) / gcd(*(int(value * scale) for value in values))
    first = next(entry for entry in entries if entry)
    return [entry * (scale if first.lc() > 0 else -scale) for entry in entries]


def _into(polynomial, ring):
    """Return a polynomial in the parameters as an element of the ring of the family, by names."""
    gens = ring.gens_dict()
    return ring(polynomial(*(gens.get(name, ring.zero()) for name in polynomial.parent().variable_names())))
