r"""
What users hand over: polynomials of Sage or SymPy, and strings, which are parsed and never evaluated.
"""
import sys
from fractions import Fraction

from ..exact import terms as sparse
from ..runtime.errors import InputError, InputTypeError, shortened
from .syntax import Reader
from .._sage import Element, MPolynomial, Polynomial, PolynomialRing, QQ, ZZ
from .algebras import Fractions, Polynomials


def polynomials_of_one_ring(polynomials, what):
    r"""
    Return a common polynomial ring over QQ and the polynomials in it.

    INPUT:

    - ``polynomials`` -- list of Sage polynomials over ZZ or QQ, SymPy expressions, strings or numbers

    - ``what`` -- the name of the argument, for messages

    EXAMPLES::

        sage: from sage_conslaw.expressions.polynomials import polynomials_of_one_ring
        sage: R.<x, y> = ZZ[]
        sage: polynomials_of_one_ring([x*y, 1], "phi")
        (Multivariate Polynomial Ring in x, y over Rational Field, [x*y, 1])
        sage: import sympy
        sage: u, v = sympy.symbols("u v")
        sage: polynomials_of_one_ring([u*v/2], "phi")
        (Multivariate Polynomial Ring in u, v over Rational Field, [1/2*u*v])
        sage: polynomials_of_one_ring([R.change_ring(RR).gen(0)], "phi")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputTypeError: phi has coefficients in Real Field with 53 bits of precision; give exact rationals,
        e.g. 1/2 for 0.5
        sage: polynomials_of_one_ring([x/y], "phi")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: phi has a denominator in the variables (y); give polynomials
    """
    if isinstance(polynomials, (str, bytes, dict)) or not hasattr(polynomials, "__iter__"):
        raise InputTypeError(
            f"{what} is {shortened(repr(polynomials), 200)}; give a list of polynomials of a Sage ring"
        )
    polynomials = list(polynomials)
    if not polynomials:
        raise InputError(f"{what} is empty; give at least one polynomial")
    # Names in a text have no ring: beside objects that have one it is not known which is meant.
    if any(isinstance(f, str) for f in polynomials):
        if not all(isinstance(f, str) for f in polynomials):
            raise InputTypeError(f"{what} mixes strings with other objects; give polynomials of one kind")
        names, parsed = parse_polynomials(polynomials)
        ring = PolynomialRing(QQ, names, len(names))
        return ring, [sparse.to_sage(f, ring) for f in parsed]
    # Loading SymPy takes half a second: where nobody has, nothing here is one of its objects.
    sympy = sys.modules.get("sympy")
    if sympy is not None and any(isinstance(f, sympy.Basic) for f in polynomials):
        return _from_sympy(polynomials, what)
    parents = []
    for f in polynomials:
        if isinstance(f, (float, complex)):
            raise InputTypeError(
                f"{what} has the floating-point coefficient {f}; give exact rationals, e.g. 1/2 for 0.5"
            )
        if isinstance(f, (int, Fraction)):
            continue
        if not hasattr(f, "parent"):
            raise InputTypeError(
                f"{what} contains {f!r} of type {type(f).__name__}; give polynomials of a Sage ring over QQ or ZZ"
            )
        parent = f.parent()
        if isinstance(f, (MPolynomial, Polynomial)):
            parents.append(parent)
        elif (
            isinstance(f, Element) and hasattr(f, "denominator") and hasattr(parent, "ring") and parent not in (QQ, ZZ)
        ):
            if hasattr(parent.ring(), "gens") and not f.denominator().is_constant():
                raise InputError(f"{what} has a denominator in the variables ({f.denominator()}); give polynomials")
            parents.append(parent.ring())
        elif parent not in (QQ, ZZ):
            raise InputTypeError(f"{what} contains {f} of {parent}; give polynomials of a Sage ring over QQ or ZZ")
    if not parents:
        raise InputError(f"{what} contains only numbers; give polynomials of a Sage ring, e.g. R.<x,y> = QQ[]")
    ring = parents[0]
    for parent in parents:
        if not (parent.base_ring() is QQ or parent.base_ring() is ZZ):
            raise InputTypeError(
                f"{what} has coefficients in {parent.base_ring()}; give exact rationals, e.g. 1/2 for 0.5"
            )
        # Sage would coerce by name or by place, depending on the rings: neither is what was said.
        if parent.variable_names() != ring.variable_names():
            raise InputTypeError(f"{what} mixes the rings {ring} and {parent}; give polynomials of one ring")
    names = ring.variable_names()
    # Always a ring of several variables, also of one: elements then have one interface.
    ring = PolynomialRing(QQ, names, len(names))
    try:
        return ring, [ring(f) for f in polynomials]
    except TypeError as error:
        raise InputTypeError(f"{what} cannot be read as polynomials of {ring}: {error}") from None


def _from_sympy(polynomials, what):
    import sympy

    for f in polynomials:
        if not isinstance(f, (int, Fraction, sympy.Expr)):
            raise InputTypeError(f"{what} contains {f!r} of type {type(f).__name__} beside SymPy expressions; "
                            "give SymPy expressions only")
    # By name, as symbols of SymPy have no order of their own.
    symbols = sorted(set().union(*(f.free_symbols for f in polynomials if isinstance(f, sympy.Basic))), key=str)
    if not symbols:
        raise InputError(f"{what} contains only numbers; give polynomials")
    names = [str(s) for s in symbols]
    out = []
    for f in polynomials:
        try:
            poly = sympy.Poly(f, *symbols)
        except sympy.PolynomialError:
            raise InputError(f"{what} has {f}, which is not a polynomial in {', '.join(names)}") from None
        terms = {}
        for exponents, value in poly.terms():
            if not value.is_Rational:
                raise InputTypeError(f"{what} has the coefficient {value}; give exact rationals, e.g. 1/2 for 0.5")
            if value:
                terms[tuple(i for i, e in enumerate(exponents) for _ in range(e))] = Fraction(
                    int(value.p), int(value.q)
                )
        out.append(terms)
    ring = PolynomialRing(QQ, names, len(names))
    return ring, [sparse.to_sage(f, ring) for f in out]


def parse_polynomials(texts, names=None):
    r"""
    Parse polynomial expressions over Q: numbers, names, ``+ - * / ^ **`` and parentheses.

    INPUT:

    - ``texts`` -- list of strings

    - ``names`` -- the allowed variables; by default those that occur, in order of appearance

    OUTPUT: a pair (names, sparse polynomials)

    EXAMPLES::

        sage: from sage_conslaw.expressions.polynomials import parse_polynomials
        sage: parse_polynomials(["x*y - 2/3", "(x+y)^2"])
        (['x', 'y'],
         [{(): Fraction(-2, 3), (0, 1): Fraction(1, 1)},
          {(0, 0): Fraction(1, 1), (0, 1): Fraction(2, 1), (1, 1): Fraction(1, 1)}])

    Nothing is ever evaluated::

        sage: parse_polynomials(["__import__('os').system('x')"])
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: syntax error in "__import__('os').system('x')": a call is not a polynomial; allowed are
        numbers, names, + - * / ^ and parentheses
    """
    algebra = Polynomials(names)
    reader = Reader(algebra)
    parsed = []
    for text in texts:
        # The common case in one pass, five times as fast; anything else goes to the reader that can say what is
        # wrong.
        expanded = algebra.expanded(text)
        parsed.append(_ordered(reader.read(text) if expanded is None or not text.strip() else expanded))
    return algebra.names, parsed


def parse_fraction(text, names):
    r"""
    Parse a quotient of two polynomials; everything else is as in :func:`parse_polynomials`.

    OUTPUT: a pair (numerator, denominator) of sparse polynomials, not reduced
    """
    numerator, denominator = Reader(Fractions(names)).read(text)
    return _ordered(numerator), _ordered(denominator)


def parse_rational_functions(texts):
    """Parse quotients of polynomials in the variables that occur."""
    algebra = Fractions(None)
    reader = Reader(algebra)
    pairs = [tuple(map(_ordered, reader.read(text))) for text in texts]
    return algebra.names, pairs


def _ordered(terms):
    # The same polynomial is the same dictionary in the same order, however it was written.
    return dict(sorted(terms.items(), key=lambda item: (len(item[0]), item[0])))
