r"""
Darboux polynomials: `p` with `L_v p = c_v p` for each field `v`; `c_v` is its cofactor.

The possible cofactors come first (see :mod:`.cofactors`); for each the polynomials are the kernel of a matrix.

- Trivial: `x' = x`: the coordinate itself, with cofactor 1.
- Famous: Lotka-Volterra, `x' = x(1 - y)`, `y' = y(x - 1)`: `x` and `y`, with cofactors `1 - y` and `x - 1`.
- One that has none: van der Pol's equation, `x' = y`, `y' = (1 - x^2) y - x`, at any degree (Odani 1995).  An empty
  list speaks of the degree that was searched, no other.
"""
from dataclasses import dataclass
from math import comb

import numpy as np

from .._sage import SageObject
from ..runtime.deadline import TimeLimitReached
from ..exact.primes import random_prime
from ..exact import terms as sparse
from .cofactors import candidates
from ..runtime.isolated import isolated
from ..function_fields.parametric import coprime, primitive_vector
from .newton import LaurentOperator, equations_of, table_of_monomials
from ..function_fields.specialisation import Specialisation, exact_kernel

# Above this number of monomials the kernels are dense matrices of that size, one a candidate: 330 take 0.05 s, 3000 a
# minute.
MAX_MONOMIALS = 3000

# Hulls that are taken, as pairs (dimension, points): 225 points in dimension 8 take 0.02 s; reaction networks with 14
# to 31 points in dimensions 9 to 16 at most 0.1 s, one with 52 points in dimension 13 more than 5 s.  Hardly more
# points than dimensions, as for Lotka-Volterra systems, are a simplex or nearly one.
HULLS = ((8, 250), (16, 32))
FEW_POINTS = 3


@dataclass(frozen=True, repr=False)
class DarbouxPolynomial(SageObject):
    r"""A Darboux polynomial with its cofactors, one a field; the identity `L_v p = c_v p` is checked exactly."""

    polynomial: object
    cofactors: tuple

    def _repr_(self):
        return (
            f"{self.polynomial} with cofactor{'s' if len(self.cofactors) > 1 else ''} "
            f"{', '.join(map(str, self.cofactors))}"
        )


@dataclass(frozen=True, repr=False)
class DarbouxSearch(SageObject):
    r"""
    The Darboux polynomials found, and what was searched.

    Attributes: ``polynomials``; ``degree``; ``space``, the monomials that can occur in a cofactor; ``candidates``, how
    many cofactors were left to try; ``gaps``, what could not be searched, in words; ``timed_out``; ``pencils``, whether
    several independent polynomials share a cofactor: of these a basis is listed, in its irreducible factors.

    EXAMPLES::

        sage: from sage_conslaw import system
        sage: from sage_conslaw.integrals.darboux import search_darboux_polynomials
        sage: found = search_darboux_polynomials(system(["x", "y"], ["x", "y^2"]), 1); found
        all irreducible Darboux polynomials of degree at most 1 over Q (2 found; cofactors in the span of y, 1)
        sage: found.complete, found.polynomials
        (True, (x with cofactor 1, y with cofactor y))
    """

    polynomials: tuple
    degree: int
    parameters: tuple
    space: tuple
    candidates: int
    gaps: tuple = ()
    timed_out: bool = False
    pencils: bool = False

    @property
    def complete(self):
        """Whether every cofactor over Q(k) was searched."""
        return not self.gaps

    def _repr_(self):
        over = f"Q({', '.join(self.parameters)})" if self.parameters else "Q"
        shown = (
            ", ".join(self.space)
            if len(self.space) <= 6
            else f"{len(self.space)} monomials ({', '.join(self.space[:4])}, ...)"
        )
        where = f"; cofactors in the span of {shown}" if self.space else ""
        number = (
            f"{len(self.polynomials) or 'none'} "
            f"found{where}{'; of those that share a cofactor a basis' if self.pencils else ''}"
        )
        if self.complete:
            return f"all irreducible Darboux polynomials of degree at most {self.degree} over {over} ({number})"
        return (
            f"irreducible Darboux polynomials of degree at most {self.degree} over {over}, not all of them ({number}); "
            f"not searched: {'; '.join(self.gaps)}"
        )


def darboux_polynomials(family, degree, deadline=None):
    r"""
    Return the irreducible Darboux polynomials of degree at most ``degree`` with coefficients in Q(k).

    Every one returned is proved by its cofactors; polynomial laws (cofactor zero) are left out.  Those with
    coefficients in a proper algebraic extension of Q(k) are not searched, but their products over Q(k) are, like
    `x^2 + y^2`; and of a pencil (several with the same cofactor, which comes with a rational law) a basis is listed.
    Whether something was left out for its size is said by :func:`search_darboux_polynomials`.

    EXAMPLES:

    The Halphen system has three, and no more up to degree 2::

        sage: from sage_conslaw import system
        sage: from sage_conslaw.integrals.darboux import darboux_polynomials, search_darboux_polynomials
        sage: halphen = system(["x", "y", "z"], ["x*y + x*z - y*z", "y*z + y*x - z*x", "z*x + z*y - x*y"])
        sage: [d.polynomial for d in darboux_polynomials(halphen, 2)]
        [x - y, x - z, y - z]

    The Lorenz system with `b = 2 s` has one of degree 2, with `b = 0` and `s = 1/3` one of degree 4::

        sage: lorenz = system(["x", "y", "z"], ["s*(y - x)", "r*x - y - x*z", "x*y - 2*s*z"], parameters=["s", "r"])
        sage: darboux_polynomials(lorenz, 2)
        (x^2 - 2*s*z with cofactor -2*s,)
        sage: quartic = system(["x", "y", "z"], ["1/3*(y - x)", "r*x - y - x*z", "x*y"], parameters=["r"])
        sage: darboux_polynomials(quartic, 4)
        (9*x^4 + 12*r*x^2 - 12*x^2*z - 8*x*y - 4*y^2 with cofactor -4/3,)

    A pair of complex conjugate lines is one real quadratic::

        sage: darboux_polynomials(system(["x", "y"], ["x - y", "x + y"]), 2)
        (x^2 + y^2 with cofactor 2,)

    A field without any; in many dimensions only the coordinates are tried, and the answer says so::

        sage: darboux_polynomials(system(["x", "y"], ["1", "x^2 + y^2 + 1"]), 1)
        ()
        sage: x = [f"x{i}" for i in range(1, 21)]
        sage: search_darboux_polynomials(system(x, [f"{a}*({a} + {b}*{b})" for a, b in zip(x, x[1:] + x[:1])]), 2)
        irreducible Darboux polynomials of degree at most 2 over Q, not all of them (20 found); not searched: ...
    """
    return search_darboux_polynomials(family, degree, deadline).polynomials


def search_darboux_polynomials(family, degree, deadline=None, seed=0):
    """
    Search the irreducible Darboux polynomials as :func:`darboux_polynomials` does, and say what was searched: a
    :class:`DarbouxSearch`.
    """
    fields, ring = family.sparse_fields(), family.ring()
    names = tuple(family.names[i] for i in family.constants)
    moving = [i for i in range(family.dimension) if i not in family.constants]
    if not fields:
        return DarbouxSearch((), degree, names, (), 0)
    found, gaps, space, number, timed_out, pencils = {}, (), (), 0, False, False
    # Coordinates are tried first, at no cost: where nothing else is searched these are still found.
    for i in moving:
        _add_factors(ring.gen(i), fields, ring, moving, found)
    limit = None if deadline is None else deadline.remaining()
    # With a time limit degree by degree, so that what is finished stays.
    for current in [degree] if limit is None else range(1, degree + 1):
        try:
            polynomials, space, number, gaps, pencils = isolated(
                _search, family, moving, current, seed, deadline=deadline
            )
        except TimeLimitReached:
            above = " and above" if current < degree else ""
            gaps = (*gaps, f"degree {current}{above}: the time limit of {deadline.limit} s was reached")
            timed_out = True
            break
        except ArithmeticError as reason:
            gaps = (*gaps, f"degree {current}: {reason}")
            break
        for terms in polynomials:
            _add_factors(sparse.to_sage(terms, ring), fields, ring, moving, found)
    # What is found is proved by division; only "all" rests on the search, and on its gaps.
    ordered = sorted(found.items(), key=lambda item: (item[0].degree(), item[0].number_of_terms(), str(item[0])))
    return DarbouxSearch(
        tuple(DarbouxPolynomial(*item) for item in ordered), degree, names, space, number, gaps, timed_out, pencils
    )


def _search(family, moving, degree, seed):
    """Return candidates for Darboux polynomials, the space of cofactors, how many were tried, the gaps, and whether
    there are pencils."""
    too_large = _too_large(len(moving), degree, len(LaurentOperator(family, faces=False).operators))
    if too_large:
        return [], (), 0, (f"only the coordinates were tried: {too_large}",), False
    operator = LaurentOperator(family)
    possible = candidates(operator, degree, None, seed)
    generator = np.random.default_rng(seed)
    at = Specialisation(operator.ring, random_prime(generator), generator)
    table = [*table_of_monomials(len(moving), degree), (0,) * len(moving)]
    kernels = [_kernel(operator, cofactor, table, at, family.ring(), moving) for cofactor in possible.cofactors]
    polynomials = [sparse.from_sage(polynomial) for kernel in kernels for polynomial in kernel]
    space = tuple(_monomial(m, [family.names[i] for i in moving]) for m in operator.support)
    return polynomials, space, len(possible.cofactors), possible.gaps, any(len(kernel) > 1 for kernel in kernels)


def _too_large(dimension, degree, points):
    """Say why the cofactors are not searched, ``None`` if they are."""
    size = comb(dimension + degree, degree)
    if size > MAX_MONOMIALS:
        return f"{size} monomials of degree at most {degree} are too many"
    if points <= dimension + FEW_POINTS or any(dimension <= most and points <= number for most, number in HULLS):
        return None
    return f"the Newton polytope of {points} points in dimension {dimension} is too large"


def _monomial(exponents, names):
    return "*".join(name if e == 1 else f"{name}^{e}" for name, e in zip(names, exponents) if e) or "1"


def _kernel(operator, cofactor, table, at, ring, moving):
    """Return a basis over Q(k) of the polynomials with this cofactor for the generic combination of the fields."""
    rows = []
    # One system for all fields: each for itself has more solutions than the generic combination.
    for number, piece in enumerate(operator.pieces):
        part = {m: operator.part(value, number) for m, value in cofactor.items()}
        rows += equations_of(list(piece.items()), part, table).values()
    # Each vector is a Darboux polynomial with this cofactor; several make a pencil, and a rational law.
    basis = exact_kernel([row for row in rows if row], len(table), operator.ring, at)
    out = []
    for vector in basis:
        total = ring.zero()
        for value, a in zip(primitive_vector(vector, operator.ring, ring), table):
            if value:
                for i, e in zip(moving, a):
                    value *= ring.gen(i)**e
                total += value
        out.append(total)
    return out


def _add_factors(polynomial, fields, ring, moving, found):
    """Add the irreducible factors of a polynomial that are Darboux polynomials with a cofactor that is not zero."""
    # Factors of a Darboux polynomial are Darboux: p q divides q L p + p L q, so that p divides q L p, and L p.
    for factor in sparse.irreducible_factors(polynomial):
        factor = coprime([factor])[0]
        if factor not in found and any(ring.gen(i) in factor.variables() for i in moving):
            proof = cofactors_of(factor, fields, ring)
            # With cofactor zero it is a polynomial law, which is another question.
            if proof is not None and any(proof):
                found[factor] = proof


def multiple(n, text):
    """Return a multiple of a function as text."""
    if n == 1 or n == -1:
        return text if n == 1 else f"-{text}"
    return f"{n}*{text}" if n.number_of_terms() == 1 else f"({n})*{text}"


def along(field, f, ring):
    """Return the derivative of a polynomial or a quotient along a field, a list of sparse polynomials."""
    terms = ((f.derivative(ring.gen(i)), part) for i, part in enumerate(field) if part)
    return sum((slope * sparse.to_sage(part, ring) for slope, part in terms if slope), ring.zero())


def cofactors_of(polynomial, fields, ring):
    r"""
    Return the cofactors if the polynomial divides its derivative along each field, else ``None``.

    INPUT:

    - ``fields`` -- fields as lists of sparse polynomials in the variables of ``ring``
    """
    out = []
    for field in fields:
        quotient, remainder = along(field, polynomial, ring).quo_rem(polynomial)
        # An identity over Q: the proof that p is a Darboux polynomial, whatever led to it.
        if remainder:
            return None
        out.append(quotient)
    return tuple(out)
