r"""
Laws made of Darboux polynomials.

Where `n_i` and a function `e` satisfy `\sum n_i c_{v,i} + L_v e = 0` for each field, `\prod p_i^{n_i} \exp(e)` is
conserved: a rational law for integers `n_i` and `e = 0`, in general the logarithm `\sum n_i \log p_i + e` (Darboux
1878; Dumortier, Llibre, Artes 2006, Theorem 8.7).  The `n_i` may themselves be conserved, and `e = h + g / f` may have
a Darboux polynomial as denominator (an exponential factor).  Conjugate pairs over a quadratic extension enter by their
real form, an arc tangent or a logarithm of a quotient (:mod:`.conjugates`); those over other number fields as sums
over roots (:mod:`.root_sums`).
"""
from math import comb

import numpy as np

from .._sage import QQ, PolynomialRing
from ..exact.primes import random_prime
from ..exact import terms as sparse
from .conjugates import Angle, angles, splits_quadratically
from .darboux import DarbouxPolynomial, cofactors_of, darboux_polynomials
from .newton import table_of_monomials
from .root_sums import RootSum, root_sums
from ..function_fields.parametric import primitive_vector
from ..function_fields.specialisation import Specialisation, exact_kernel, exact_matrix
from .darboux_law import DarbouxLaw
from .independence import independent_laws

# Denominators of exponential factors, and polynomial laws as coefficients of logarithms, that are tried: each is a
# linear system, or as many columns in it as there are Darboux polynomials.
MAX_DENOMINATORS = 40
MAX_COEFFICIENTS = 40

# Unknown coefficients of the numerators of rational laws in all: two hundred in twenty variables take a second.
_MOST_NUMERATORS = 300

# Polynomial laws in more variables are not split: Singular takes minutes at a hundred.
_FACTORED = 40

# With a denominator, polynomials beside the quotient are tried if they have at most this many monomials.
MAX_BESIDE = 300


def darboux_laws(family, degree, deadline=None, found=None, polynomial_laws=()):
    r"""
    Return independent laws `\sum n_i \log p_i + g / f` with Darboux polynomials `p_i`, `f` and polynomials `g` of
    degree at most ``degree``.

    INPUT:

    - ``found`` -- Darboux polynomials, if already known

    - ``polynomial_laws`` -- polynomial laws, which are allowed as coefficients `n_i`; laws that are functions of them
      are left out

    The laws with `n_i` in Q(k) and `f = 1` come first; of the others only those that are independent of the ones
    before. Laws that are polynomials alone are left to :func:`conservation_laws`.

    EXAMPLES:

    Lotka-Volterra needs an exponential factor::

        sage: from sage_conslaw.integrals.darboux_laws import darboux_laws
        sage: from sage_conslaw.inputs.systems import system
        sage: lv = system(["x", "y"], ["a*x - b*x*y", "-c*y + d*x*y"], parameters=["a", "b", "c", "d"])
        sage: darboux_laws(lv, 1)
        (c*log(x) + a*log(y) - d*x - b*y,)

    A mirror flow, `M = \operatorname{diag}(\theta^2)` for `\phi = u v`: the law is `u / v`::

        sage: darboux_laws(system(["u", "v"], controls=[["u^2*v", "v^2*u"]]), 1)
        (u/v,)

    An exponential factor with a denominator, for a double line::

        sage: darboux_laws(system(["x", "y"], ["x^2", "y*(x + 1)"]), 1)
        (log(x) - log(y) - 1/x,)

    A focus: the Darboux polynomials are complex, the law is real::

        sage: darboux_laws(system(["x", "y"], ["x - y", "x + y"]), 2)
        (log(x^2 + y^2) - 2*arctan(y/x),)

    Two oscillators without a common frequency: each energy splits, and the difference of the phases is conserved::

        sage: both = system(["x", "y", "p", "q"], ["p", "q", "-x", "-2*y"])
        sage: R = both.ring()
        sage: darboux_laws(both, 2, polynomial_laws=[R("x^2 + p^2"), R("2*y^2 + q^2")])
        (2*arctan(p/x) - 2*arctan(sqrt(2)*q/(2*y))/sqrt(2),)

    Logarithms with conserved coefficients, from `\log(u/v) / (u - v)`::

        sage: nmf = system(["u", "v", "p", "q"], controls=[["u*v", "u*v", "p*q", "p*q"]])
        sage: R = nmf.ring()
        sage: darboux_laws(nmf, 1, polynomial_laws=[R("u - v"), R("p - q")])
        ((u - v)*log(p) - (u - v)*log(q) - (p - q)*log(u) + (p - q)*log(v),)
    """
    found = darboux_polynomials(family, degree, deadline) if found is None else found
    system = _Ansatz(family, degree, found, polynomial_laws)
    if not found and not system.angles:
        return ()
    # Simple laws first: of those that depend on each other the later ones are left out.
    laws = list(system.solve(system.ring.one(), [system.ring.one()]))
    # Laws that are independent over Q(k) may still be functions of each other, like three differences of squares.
    laws = independent_laws(family, polynomial_laws, laws)
    # n_i that are polynomial laws: log(u/v) / (u - v) needs them.
    if polynomial_laws:
        coefficients = [system.ring.one(), *map(system.ring, polynomial_laws[:MAX_COEFFICIENTS])]
        laws = independent_laws(family, polynomial_laws, [*laws, *system.solve(system.ring.one(), coefficients)])
    return system.with_denominators(laws, [system.ring.one()], polynomial_laws, deadline)


def most_denominators(family, degree, rational):
    """Return how many denominators are tried, for rational laws fewer where their numerators have many coefficients."""
    # A numerator has as many unknowns as there are monomials.
    moving = family.dimension - len(family.constants)
    most = 1 + _MOST_NUMERATORS // comb(moving + degree, degree) if rational else MAX_DENOMINATORS
    return min(most, MAX_DENOMINATORS)


def denominators(found, degree, moving):
    """
    Return the products of Darboux polynomials up to a degree, simple ones first, each with its factors; at most one
    more than are tried.
    """
    level, out = [(1, ())], []
    # One more than are tried: by it the caller knows that some are not.
    while level and len(out) <= MAX_DENOMINATORS:
        grown = ((value * found[number].polynomial, (*factors, number)) for value, factors in level
                 for number in range(factors[-1] if factors else 0, len(found)))
        level = [(product, factors) for product, factors in grown if _degree(product, moving) <= degree]
        out += level
    return out[:MAX_DENOMINATORS + 1]


class _Ansatz:
    """The linear systems for the exponents and for g, over Q(k)."""

    def __init__(self, family, degree, found, polynomial_laws=(), split=True):
        self.family, self.degree, self.found = family, degree, found
        self.angles = self._split(polynomial_laws) if split else []
        self.fields, self.ring = family.sparse_fields(), family.ring()
        self.moving = [i for i in range(family.dimension) if i not in family.constants]
        self.place = {i: k for k, i in enumerate(family.constants)}
        names = [family.names[i] for i in family.constants]
        self.parameters = PolynomialRing(QQ, names, len(names)) if names else QQ
        # The point only says which columns take part: a fixed seed.
        generator = np.random.default_rng(0)
        self.at = Specialisation(self.parameters, random_prime(generator), generator)
        self.table = [tuple(i for i, e in zip(self.moving, a) for _ in range(e))
                      for a in table_of_monomials(len(self.moving), degree)]
        self.table.sort(key=lambda m: (len(m), m))

    def _split(self, polynomial_laws):
        """Return the angles and sums over roots of Darboux polynomials and laws that split over an extension."""
        family = self.family
        # A polynomial law splits as well: the angle of x^2 + p^2 is the phase of an oscillator.
        still = [DarbouxPolynomial(factor, (family.ring().zero(),) * len(family.sparse_fields()))
                 for law in map(family.ring(), polynomial_laws) if len(law.variables()) <= _FACTORED
                 for factor in sparse.irreducible_factors(law)]
        every = [*self.found, *still]
        split = [darboux.polynomial for darboux in every if splits_quadratically(family, darboux)]
        return angles(family, every) + root_sums(family, every, split)

    def with_denominators(self, laws, coefficients, polynomial_laws, deadline):
        """Return laws and those with a Darboux polynomial as denominator that are independent of them."""
        laws, most = list(laws), most_denominators(self.family, self.degree, not coefficients)
        for denominator, _ in denominators(self.found, self.degree, self.moving)[:most]:
            if deadline is not None:
                deadline.check()
            new = self.solve(denominator, coefficients)
            if new:
                laws += independent_laws(self.family, [*polynomial_laws, *laws], new)
        return tuple(laws)

    def solve(self, f, coefficients):
        """Return laws with exponents in the span of the coefficients over Q(k), and g / f:
        `f \\sum n_i c_i + L g - c_f g = 0`."""
        cofactors = cofactors_of(f, self.fields, self.ring)
        pairs = [(darboux, coefficient) for coefficient in coefficients for darboux in (*self.found, *self.angles)]
        # A number is a law by itself; over f it is 1 / f, which is none.
        constants = [(), *self.table] if any(cofactors) else self.table
        # Beside g / f a polynomial h: of h + g / f the quotient alone would have a larger degree.
        beside = self.table if f.degree() > 0 and len(self.table) <= MAX_BESIDE else []
        rows, width = {}, len(pairs) + len(constants) + len(beside)
        for number, field in enumerate(self.fields):
            for column, (darboux, coefficient) in enumerate(pairs):
                self._add(rows, number, column, sparse.from_sage(coefficient * darboux.cofactors[number] * f))
            cofactor, below = sparse.from_sage(-cofactors[number]), sparse.from_sage(f)
            for column, monomial in enumerate(constants, start=len(pairs)):
                self._add(rows, number, column, sparse.derivative_along(field, {monomial: 1}))
                self._add(rows, number, column, sparse.multiply({monomial: 1}, cofactor))
            for column, monomial in enumerate(beside, start=len(pairs) + len(constants)):
                moved = sparse.derivative_along(field, {monomial: 1})
                self._add(rows, number, column, sparse.multiply(moved, below))
        lines = [{c: self._scalar(entry) for c, entry in row.items()} for row in rows.values()]
        lines = [{c: v for c, v in row.items() if v} for row in lines]
        laws = []
        for vector in exact_kernel([row for row in lines if row], width, self.parameters, self.at):
            # A polynomial alone is a polynomial law, which is found elsewhere.
            if any(vector[:len(pairs)]) or f.degree() > 0 and any(vector):
                law = self._law(vector, pairs, constants, beside, f)
                # With h + g / f = 0 nothing is left.
                if law.factors or law.angles or law.exponent:
                    laws.append(law)
        return laws

    def _scalar(self, terms):
        if self.place:
            return sparse.to_sage({m: v for m, v in terms.items() if v}, self.parameters)
        return QQ((terms[()].numerator, terms[()].denominator))

    def _add(self, rows, number, column, terms):
        for monomial, value in terms.items():
            key = number, tuple(i for i in monomial if i not in self.place)
            power = tuple(self.place[i] for i in monomial if i in self.place)
            entry = rows.setdefault(key, {}).setdefault(column, {})
            entry[power] = entry.get(power, 0) + value

    def _polynomial(self, entries, monomials):
        total = self.ring.zero()
        for value, monomial in zip(entries, monomials):
            for i in monomial:
                value *= self.ring.gen(i)
            total += value
        return total

    def _law(self, vector, pairs, constants, beside, f):
        entries = primitive_vector(vector, self.parameters, self.ring)
        exponents, turns = {}, {}
        for (darboux, coefficient), entry in zip(pairs, entries):
            # A logarithm may have several coefficients: they are one exponent.
            into, key = (turns, darboux) if isinstance(darboux, (Angle, RootSum)) else (exponents, darboux.polynomial)
            into[key] = into.get(key, self.ring.zero()) + entry * coefficient
        exponent = self._polynomial(entries[len(pairs):], constants)
        if f.degree() > 0:
            exponent = (exponent + f * self._polynomial(entries[len(pairs) + len(constants):], beside)) / f
            exponent = self.ring(exponent) if exponent.denominator().is_constant() else exponent
        factors, turned = [(p, n) for p, n in exponents.items() if n], [(angle, n) for angle, n in turns.items() if n]
        # The first logarithm with a positive exponent: of a law and its inverse one is shown, always the same.
        sign = -1 if factors and factors[0][1].lc() < 0 else 1
        factors, turned = (tuple((of, sign * n) for of, n in pairs) for pairs in (factors, turned))
        return _proved(DarbouxLaw(factors, sign * exponent, turned), self.fields, self.ring)


def _proved(law, fields, ring):
    """Return a law that holds exactly; another is an error of this program, and is not shown."""
    if not law.holds_for(fields, ring):
        raise ArithmeticError(f"{law} does not hold exactly although its linear equations do; please report the system")
    return law


def _degree(polynomial, moving):
    return max(sum(int(e[i]) for i in moving) for e in polynomial.dict())


def rational_laws(family, degree, deadline=None, found=None, polynomial_laws=(), quotients=True):
    r"""
    Return independent rational laws: `\prod p_i^{n_i}`, `n_i` integers, of Darboux polynomials of degree at most
    ``degree``, and `g / f`, where `f` is a product of Darboux polynomials and `g` a polynomial of that degree.

    Laws that are functions of ``polynomial_laws`` are left out.

    EXAMPLES::

        sage: from sage_conslaw import system
        sage: from sage_conslaw.integrals.darboux_laws import rational_laws
        sage: rational_laws(system(["x", "y"], ["x*(3*(x+y-1) - 5*y)", "y*(-2*(x+y-1) + 5*x)"]), 1)
        (x^2*y^3/(x + y - 1)^5,)
        sage: rational_laws(system(["x", "y"], ["a*x", "b*y"], parameters=["a", "b"]), 1)
        ()

    A numerator `g` of a law is a Darboux polynomial with the cofactor of `f`: a search that does not finish may have
    missed it, after one that does there are no others (``quotients=False``).
    """
    found = darboux_polynomials(family, degree, deadline) if found is None else found
    ring, fields, rows = family.ring(), family.sparse_fields(), {}
    # Each monomial is an equation, also in the parameters: exponents are numbers, the same for all their values.
    for column, darboux in enumerate(found):
        for number, cofactor in enumerate(darboux.cofactors):
            for exponents, value in cofactor.dict().items():
                rows.setdefault((number, exponents), {})[column] = value
    laws = []
    for vector in exact_matrix(list(rows.values()), len(found), QQ).right_kernel_matrix().rows():
        exponents = primitive_vector(vector, QQ, ring)
        factors = tuple((d.polynomial, n) for d, n in zip(found, exponents) if n)
        laws.append(_proved(DarbouxLaw(factors, ring.zero()), fields, ring))
    laws = independent_laws(family, polynomial_laws, laws)
    # A numerator g of g / f is Darboux with the cofactor of f: after a complete search it is among the products.
    if not quotients:
        return tuple(laws)
    return _Ansatz(family, degree, found, split=False).with_denominators(laws, [], polynomial_laws, deadline)
