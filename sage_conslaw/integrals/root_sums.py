r"""
Darboux polynomials over number fields of any degree, in the form of sums over roots.

The field `x' = y, y' = z, z' = x + y + z` has for each root of `r^3 = r^2 + r + 1` a line that it keeps; none is
rational, and their product is a cubic form over `\QQ`.  In general let `q` be a Darboux polynomial over `K =
\QQ[r]/m`, with the cofactor `c`.  Its conjugates are Darboux polynomials with the conjugate cofactors, so that

.. math:: T_j = \sum_{m(r) = 0} r^j \log q(r), \qquad L T_j = \operatorname{Tr}_{K/\QQ}(r^j c),

are real functions with polynomial derivatives over `\QQ`; `T_0` is the logarithm of the norm.  Nothing is computed
over the extension but the factor itself.

The cubic above has two such sums beside its logarithm::

    sage: from sage_conslaw import system
    sage: from sage_conslaw.integrals.darboux import darboux_polynomials
    sage: from sage_conslaw.integrals.root_sums import absolute_factor, root_sums
    sage: family = system(["x", "y", "z"], ["y", "z", "x + y + z"])
    sage: len(root_sums(family, darboux_polynomials(family, 3)))
    2
    sage: R.<x, y> = QQ[]
    sage: absolute_factor(x^3 - 2*y^3), absolute_factor(x^4 + y^4 + 1)
    (((x, -y, 0), (-2, 0, 0, 1)), None)

It is found from its norm `p`, irreducible over `\QQ` of degree `d`: on a random rational line `p` is `f(t)`,
irreducible as a rule (Hilbert).  The root of `f` is a point of `p = 0` over `\QQ[t]/f`, and the absolutely irreducible
component through it is defined there: a factor of `p` over that field.  Its coefficients generate `K`.
"""
import random
from dataclasses import dataclass
from math import lcm

from .._sage import GF, QQ, PolynomialRing, SageObject, number_field
from ..exact import terms as sparse
from ..function_fields.parametric import residue
from .darboux import multiple

# Factors over fields of degree 8 take seconds, as does a form with some hundred terms.
MOST_DEGREE = 8
MOST_TERMS = 200

# Random lines, and random combinations of coefficients: the first does as a rule, more where coefficients are small.
_LINES = 8


@dataclass(frozen=True, repr=False)
class RootSum(SageObject):
    r"""
    The function `\sum r^j \log q(r)` over the roots of a polynomial, with its derivatives, one a field.

    - ``parts`` -- the polynomials `q_0, q_1, ...` with `q = \sum_k q_k r^k`

    - ``minimal`` -- the coefficients of the monic polynomial of `r`, the constant one first
    """

    parts: tuple
    minimal: tuple
    power: int
    cofactors: tuple

    def times(self, n):
        """Return a multiple of the function as text."""
        return multiple(n, str(self))

    def _root(self):
        names, name = self.parts[0].parent().variable_names(), "r"
        while name in names:
            name += "_"
        return name

    def _repr_(self):
        names, r = self.parts[0].parent().variable_names(), self._root()
        ring = PolynomialRing(QQ, [*names, r], len(names) + 1)
        q = sum((ring(part) * ring.gens()[-1]**k for k, part in enumerate(self.parts)), ring.zero())
        line = PolynomialRing(QQ, r)
        power = "" if self.power == 0 else f"{r}*" if self.power == 1 else f"{r}^{self.power}*"
        return f"sum({power}log({q}) for {line(list(self.minimal))} = 0)"

    def expression(self):
        """Return the function as a symbolic expression of Sage, a sum over algebraic numbers."""
        from sage.functions.log import log
        from sage.rings.qqbar import QQbar
        from sage.symbolic.ring import SR

        line = PolynomialRing(QQ, "r")
        total = SR.zero()
        for root in line(list(self.minimal)).roots(QQbar, multiplicities=False):
            value = SR(root)
            total += value**self.power * log(sum(SR(part) * value**k for k, part in enumerate(self.parts)))
        return total

    def derivatives(self, fields, ring):
        """Return the derivative along each field, computed anew; ``None`` if the factor does not divide its own."""
        cofactors = cofactors_over(self.parts, self.minimal, fields, ring)
        return None if cofactors is None else _traces(cofactors, self.power, ring)

    def differential(self, variables, at, p):
        """Return the partial derivatives at a point modulo a prime, given as a map of polynomials to residues."""
        # d T_j = Tr(r^j dq / q), computed in GF(p)[r]/m: the trace of a power of r is a sum of powers of the roots.
        line = PolynomialRing(GF(p), "r")
        m = line([residue(c, (), p) for c in self.minimal])
        inverse = line([at(part) for part in self.parts]).inverse_mod(m)
        sums = [residue(s, (), p) for s in _power_sums(self.minimal)]
        out = []
        for x in variables:
            value = line([at(part.derivative(x)) for part in self.parts]) * inverse * line.gen()**self.power % m
            out.append(sum(int(c) * s for c, s in zip(value.list(), sums)) % p)
        return out


def _power_sums(minimal):
    """Return the sums of the powers 0, 1, ... of the roots, as many as there are roots."""
    field = number_field(PolynomialRing(QQ, "r")(list(minimal)), "r")
    return [(field.gen()**k).trace() for k in range(len(minimal) - 1)]


def _over(field, ring):
    """Return the ring of polynomials over a number field with the names of another."""
    return PolynomialRing(field, ring.variable_names(), ring.ngens())


def _parts(polynomial, ring, degree):
    """Return the coefficients of the powers of the root, as polynomials over the rationals."""
    out = [{} for _ in range(degree)]
    for exponents, value in polynomial.dict().items():
        for k, c in enumerate(value.list()):
            if c:
                out[k][exponents] = c
    return tuple(ring(part) for part in out)


def cofactors_over(parts, minimal, fields, ring):
    """Return the cofactors over the number field, ``None`` where the polynomial does not divide its derivative."""
    field = number_field(PolynomialRing(QQ, "r")(list(minimal)), "r")
    over, r = _over(field, ring), field.gen()
    q = sum((over(part) * r**k for k, part in enumerate(parts)), over.zero())
    out = []
    for vector in fields:
        moved = sum((q.derivative(over.gen(i)) * over(sparse.to_sage(f, ring)) for i, f in enumerate(vector) if f),
                    over.zero())
        # Over number fields the division of several variables is checked by the product.
        quotient, remainder = moved.quo_rem(q)
        if remainder or quotient * q != moved:
            return None
        out.append(quotient)
    return tuple(out)


def _traces(cofactors, power, ring):
    return tuple(
        ring({e: (value * value.parent().gen()**power).trace() for e, value in cofactor.dict().items()})
        for cofactor in cofactors
    )


def root_sums(family, found, without=()):
    r"""
    Return the sums over roots of the Darboux polynomials that split over a number field, each derivative checked
    exactly.

    INPUT:

    - ``found`` -- Darboux polynomials over the rationals; a family with parameters has none here

    - ``without`` -- polynomials that are left out, for they are known to split over a quadratic extension
    """
    if family.constants:
        return []
    ring, fields = family.ring(), family.sparse_fields()
    # Quadratic ones are angles, which have a form without algebraic numbers.
    out = []
    for darboux in found:
        if darboux.polynomial in without:
            continue
        split = absolute_factor(darboux.polynomial)
        if split is None:
            continue
        cofactors = cofactors_over(*split, fields, ring)
        if cofactors is None:
            continue
        # T_0 is the logarithm of the norm, which is there already.
        for power in range(1, len(split[0])):
            # A derivative of zero is no reason to leave it out: then it is a law by itself.
            out.append(RootSum(*split, power, _traces(cofactors, power, ring)))
    return out


def absolute_factor(polynomial):
    """
    Return an absolutely irreducible factor of an irreducible polynomial over the rationals, as its parts and the
    minimal polynomial of the root in them; ``None`` if it is one itself, or too large.
    """
    degree = polynomial.degree()
    if not 1 < degree <= MOST_DEGREE or polynomial.number_of_terms() > MOST_TERMS:
        return None
    line, ring = PolynomialRing(QQ, "r"), polynomial.parent()
    # A bad draw costs a factor that is not found, never a wrong one; a fixed seed gives the same answer each time.
    draw = random.Random(0)
    for _ in range(_LINES):
        at = [line([draw.randint(-9, 9), draw.randint(-9, 9)]) for _ in ring.gens()]
        f = line(polynomial(*at))
        if f.degree() == degree and f.is_irreducible():
            break
    else:
        return None
    # The component through the root of f on the line is conjugate to all others, as p is irreducible.
    field = number_field(f.monic(), "r")
    point = [g(field.gen()) for g in at]
    q = next((g for g, _ in _over(field, ring)(polynomial).factor() if not g(*point)), None)
    if q is None or q.degree() == degree:
        return None
    return _over_its_own_field(polynomial, q / q.lc(), ring, degree // q.degree(), draw)


def _over_its_own_field(polynomial, q, ring, degree, draw):
    """Return the factor over the field that its coefficients generate, with a small polynomial for the root."""
    # A random combination of the coefficients generates their field, as all but finitely many do on a line.
    values = [value for value in q.coefficients() if value not in QQ]
    for _ in range(_LINES):
        m = sum(draw.choice([0, 1, -1, 2]) * value for value in values).minpoly() if values else None
        if m is not None and m.degree() == degree:
            break
    else:
        return None
    simple = number_field(m, "s").optimized_representation(name="r")[0]
    minimal = simple.polynomial()
    over = _over(simple, ring)
    factors = [g / g.lc() for g, _ in over(polynomial).factor() if g.degree() * degree == polynomial.degree()]
    if not factors:
        return None
    factor = min(factors, key=lambda g: len(str(g)))
    scale = lcm(*(int(value.denominator()) for value in factor.coefficients()))
    return _parts(factor * scale, ring, degree), tuple(minimal.list())
