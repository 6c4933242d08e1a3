r"""
What users hand over: polynomials of Sage or SymPy, and strings, which are parsed and never evaluated.
"""
import ast
import re
import warnings
from fractions import Fraction

from ..exact import terms as sparse
from ..runtime.errors import InputError, InputTypeError

# Guards of the parser: text that a person writes is far below, text that would exhaust the memory above.
MAX_LENGTH = 1_000_000
MAX_DEGREE = 1000
MAX_WORK = 200_000


def polynomials_of_one_ring(polynomials, what):
    r"""
    Return a common polynomial ring over QQ and the polynomials in it.

    INPUT:

    - ``polynomials`` -- list of Sage polynomials over ZZ or QQ, SymPy expressions, strings or numbers

    - ``what`` -- the name of the argument, for messages

    EXAMPLES::

        sage: from sage_conslaw.inputs.polynomials import polynomials_of_one_ring
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
        sage_conslaw.InputTypeError: phi has coefficients in Real Field with 53 bits of precision; give exact rationals, e.g. 1/2 for 0.5
        sage: polynomials_of_one_ring([x/y], "phi")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: phi has a denominator in the variables (y); give polynomials
    """
    import sympy

    from .._sage import QQ, ZZ, Element, MPolynomial, Polynomial, PolynomialRing
    if isinstance(polynomials, (str, bytes, dict)) or not hasattr(polynomials, "__iter__"):
        raise InputTypeError(f"{what} is {polynomials!r}; give a list of polynomials of a Sage ring")
    polynomials = list(polynomials)
    if not polynomials:
        raise InputError(f"{what} is empty; give at least one polynomial")
    if any(isinstance(f, str) for f in polynomials):
        if not all(isinstance(f, str) for f in polynomials):
            raise InputTypeError(f"{what} mixes strings with other objects; give polynomials of one kind")
        names, parsed = parse_polynomials(polynomials)
        ring = PolynomialRing(QQ, names, len(names))
        return ring, [sparse.to_sage(f, ring) for f in parsed]
    if any(isinstance(f, sympy.Basic) for f in polynomials):
        return _from_sympy(polynomials, what)
    parents = []
    for f in polynomials:
        if isinstance(f, (float, complex)):
            raise InputTypeError(f"{what} has the floating-point coefficient {f}; give exact rationals, e.g. 1/2 for 0.5")
        if isinstance(f, (int, Fraction)):
            continue
        if not hasattr(f, "parent"):
            raise InputTypeError(f"{what} contains {f!r} of type {type(f).__name__}; give polynomials of a Sage ring over QQ or ZZ")
        parent = f.parent()
        if isinstance(f, (MPolynomial, Polynomial)):
            parents.append(parent)
        elif isinstance(f, Element) and hasattr(f, "denominator") and hasattr(parent, "ring") and parent not in (QQ, ZZ):
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
            raise InputTypeError(f"{what} has coefficients in {parent.base_ring()}; give exact rationals, e.g. 1/2 for 0.5")
        if parent.variable_names() != ring.variable_names():
            raise InputTypeError(f"{what} mixes the rings {ring} and {parent}; give polynomials of one ring")
    names = ring.variable_names()
    ring = PolynomialRing(QQ, names, len(names))
    try:
        return ring, [ring(f) for f in polynomials]
    except TypeError as error:
        raise InputTypeError(f"{what} cannot be read as polynomials of {ring}: {error}") from None


def _from_sympy(polynomials, what):
    import sympy

    from .._sage import QQ, PolynomialRing
    for f in polynomials:
        if not isinstance(f, (int, Fraction, sympy.Expr)):
            raise InputTypeError(f"{what} contains {f!r} of type {type(f).__name__} beside SymPy expressions; "
                            "give SymPy expressions only")
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
                terms[tuple(i for i, e in enumerate(exponents) for _ in range(e))] = Fraction(int(value.p), int(value.q))
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

        sage: from sage_conslaw.inputs.polynomials import parse_polynomials
        sage: parse_polynomials(["x*y - 2/3", "(x+y)^2"])
        (['x', 'y'],
         [{(): Fraction(-2, 3), (0, 1): Fraction(1, 1)},
          {(0, 0): Fraction(1, 1), (0, 1): Fraction(2, 1), (1, 1): Fraction(1, 1)}])

    Nothing is ever evaluated::

        sage: parse_polynomials(["__import__('os').system('x')"])
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: syntax error in "__import__('os').system('x')": a call is not a polynomial; allowed are numbers, names, + - * / ^ and parentheses
    """
    parser = _Parser(names)
    return parser.names, [parser.parse(text) for text in texts]


def parse_fraction(text, names):
    r"""
    Parse a quotient of two polynomials; everything else is as in :func:`parse_polynomials`.

    OUTPUT: a pair (numerator, denominator) of sparse polynomials, not reduced

    EXAMPLES::

        sage: from sage_conslaw.inputs.polynomials import parse_fraction
        sage: parse_fraction("3/t", ["t"])
        ({(): Fraction(3, 1)}, {(0,): Fraction(1, 1)})
    """
    return _FractionParser(names).parse(text)


def parse_rational_functions(texts):
    r"""
    Parse quotients of polynomials in the variables that occur.

    EXAMPLES::

        sage: from sage_conslaw.inputs.polynomials import parse_rational_functions
        sage: parse_rational_functions(["1/u", "v"])
        (['u', 'v'],
         [({(): Fraction(1, 1)}, {(0,): Fraction(1, 1)}),
          ({(1,): Fraction(1, 1)}, {(): Fraction(1, 1)})])
    """
    parser = _FractionParser(None)
    pairs = [parser.parse(text) for text in texts]
    return parser.names, pairs


_TERM = re.compile(r"([+-]?)((?:\d+(?:/\d+)?|[A-Za-z]\w*(?:\^\d+)?)(?:\*(?:\d+|[A-Za-z]\w*(?:\^\d+)?))*)", re.ASCII)

_NODE_NAMES = {ast.Call: "a call", ast.Attribute: "an attribute", ast.Subscript: "an index", ast.Tuple: "a comma",
               ast.Compare: "a comparison", ast.Lambda: "a function"}


class _Parser:
    """A walk over Python's syntax tree that knows only polynomial arithmetic."""

    def __init__(self, names):
        self.fixed, self.work = names is not None, 0
        self.names = list(names or [])

    def parse(self, text):
        self.text, self.node = text if len(text) <= 60 else text[:57] + "...", None
        if len(text) > MAX_LENGTH:
            raise InputError(f"a polynomial of {len(text)} characters is too long; at most {MAX_LENGTH}")
        if not text.strip():
            raise InputError("an empty polynomial; give e.g. x*y")
        expanded = self._expanded(text.replace(" ", "").replace("**", "^"))
        if expanded is not None:
            return self._result(expanded)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", SyntaxWarning)
                tree = ast.parse(text.strip().replace("^", "**"), mode="eval")
            return self._result(self._walk(tree.body))
        except (SyntaxError, RecursionError, MemoryError) as error:
            self._fail(getattr(error, "msg", None) or "it is nested too deeply")

    def _expanded(self, text):
        """Return an expanded sum of terms like -3/2*x^2*y in one pass, which has no bound on its length; else ``None``."""
        terms, at = [], 0
        while at < len(text):
            term = _TERM.match(text, at)
            if not term or at and not term[1]:
                return None
            terms.append(term)
            at = term.end()
        out = {}
        for term in terms:
            value, monomial = Fraction(1), []
            for factor in term[2].split("*"):
                if factor[0].isdigit():
                    numerator, _, denominator = factor.partition("/")
                    if len(factor) > 3000 or int(denominator or 1) == 0:
                        return None
                    value *= Fraction(int(numerator), int(denominator or 1))
                else:
                    name, _, power = factor.partition("^")
                    if len(power) > 4 or int(power or 1) > MAX_DEGREE:
                        return None
                    monomial += [self._index(name)] * int(power or 1)
            if len(monomial) > MAX_DEGREE:
                return None
            monomial = tuple(sorted(monomial))
            out[monomial] = out.get(monomial, 0) + (-value if term[1] == "-" else value)
        return {m: c for m, c in out.items() if c}

    def _result(self, terms):
        return dict(sorted(terms.items(), key=lambda item: (len(item[0]), item[0])))

    def _fail(self, why):
        if self.node is not None:
            # The term at fault, where it is not the whole polynomial.
            term = ast.unparse(self.node).replace("**", "^")
            term, self.node = term if len(term) <= 40 else term[:37] + "...", None
            if term.replace(" ", "") != self.text.replace(" ", "").replace("**", "^"):
                why += f" (the term {term})"
        raise InputError(f'syntax error in "{self.text}": {why}; allowed are numbers, names, + - * / ^ and parentheses') from None

    def _walk(self, node):
        self.node = node
        if isinstance(node, ast.BinOp):
            left, right = self._walk(node.left), self._walk(node.right)
            self.node = node
            return self._combine(node.op, left, right)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.UAdd, ast.USub)):
            terms = self._walk(node.operand)
            return terms if isinstance(node.op, ast.UAdd) else {m: -c for m, c in terms.items()}
        if isinstance(node, ast.Constant) and isinstance(node.value, int) and not isinstance(node.value, bool):
            return {(): Fraction(node.value)} if node.value else {}
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            self.node = None
            self._fail(f"the floating-point number {node.value} is not exact, give a fraction such as 1/2")
        if isinstance(node, ast.Name):
            return {(self._index(node.id),): Fraction(1)}
        self._fail(f"{_NODE_NAMES.get(type(node), 'this expression')} is not a polynomial")

    def _index(self, name):
        if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_]*", name):
            self.node = None
            self._fail(f"{name!r} is not a variable name (a letter, then letters, digits and _)")
        if name not in self.names:
            if self.fixed:
                self.node = None
                self._fail(f"the name {name!r} is not known (known: {', '.join(self.names)})")
            self.names.append(name)
        return self.names.index(name)

    def _combine(self, operator, left, right):
        if isinstance(operator, (ast.Add, ast.Sub)):
            sign = 1 if isinstance(operator, ast.Add) else -1
            out = dict(left)
            for monomial, value in right.items():
                out[monomial] = out.get(monomial, 0) + sign * value
            return {m: c for m, c in out.items() if c}
        if isinstance(operator, ast.Mult):
            return self._product(left, right)
        if isinstance(operator, ast.Div):
            if set(right) - {()}:
                self._fail("a denominator in the variables is not a polynomial")
            if not right:
                self._fail("division by zero")
            return {m: c / right[()] for m, c in left.items()}
        if isinstance(operator, ast.Pow):
            exponent = right.get((), Fraction(0))
            if set(right) - {()} or exponent.denominator != 1 or exponent < 0:
                self._fail("an exponent must be a non-negative integer")
            if exponent > MAX_DEGREE:
                self._fail(f"the exponent {exponent} is above {MAX_DEGREE}")
            out = {(): Fraction(1)}
            for _ in range(int(exponent)):
                out = self._product(out, left)
            return out
        self._fail("this operator is not known")

    def _product(self, left, right):
        if sparse.degree(left) + sparse.degree(right) > MAX_DEGREE:
            self._fail(f"expanded it has a degree above {MAX_DEGREE}")
        self.work += len(left) * len(right)
        if self.work > MAX_WORK:
            self._fail(f"expanding it takes more than {MAX_WORK} products of terms, give it with fewer terms")
        out = sparse.multiply(left, right)
        if any(max(abs(c.numerator), c.denominator).bit_length() > 10_000 for c in out.values()):
            self._fail("a coefficient has more than 10000 bits")
        return out


class _FractionParser(_Parser):
    """The same walk on pairs (numerator, denominator)."""

    def _expanded(self, text):
        return None

    def _result(self, pair):
        return tuple(super(_FractionParser, self)._result(terms) for terms in pair)

    def _walk(self, node):
        if isinstance(node, ast.BinOp):
            (a, b), (c, d) = self._walk(node.left), self._walk(node.right)
            self.node, add, multiply = node, super()._combine, self._product
            if isinstance(node.op, (ast.Add, ast.Sub)):
                return add(node.op, multiply(a, d), multiply(c, b)), multiply(b, d)
            if isinstance(node.op, ast.Mult):
                return multiply(a, c), multiply(b, d)
            if isinstance(node.op, ast.Div):
                return multiply(a, d), multiply(b, c)
            if isinstance(node.op, ast.Pow):
                return add(node.op, a, self._quotient(c, d)), add(node.op, b, self._quotient(c, d))
            self._fail("this operator is not known")
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.UAdd, ast.USub)):
            a, b = self._walk(node.operand)
            return ({m: -c for m, c in a.items()} if isinstance(node.op, ast.USub) else a), b
        return super()._walk(node), {(): Fraction(1)}

    def _quotient(self, c, d):
        if set(c) - {()} or set(d) != {()}:
            self._fail("an exponent must be a non-negative integer")
        return {(): c[()] / d[()]} if c else {}
