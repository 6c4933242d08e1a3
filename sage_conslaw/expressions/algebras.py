r"""
The algebras in which the reader of expressions computes: sparse polynomials over Q, and quotients of them.

They are bounded: what would exhaust time or memory, such as `(x + y)^{1000000}`, is refused before it is begun.
"""
import re
from fractions import Fraction

from ..exact import terms as sparse
from ..runtime.errors import shortened
from .syntax import MAX_DIGITS, MAX_LENGTH, exact_decimal

# Guards of the arithmetic: what a person writes is far below, what would exhaust the memory above.
MAX_DEGREE = 1000
MAX_WORK = 200_000
# About 1200 digits; longer ones come from a slip in an exponent.
MAX_BITS = 4_000
# A ring of Sage takes a second for so many variables, and the square of that beyond.
MAX_NAMES = 10_000

# One term of an expanded sum, such as -3/2*x^2*y; blanks are gone by then.
_TERM = re.compile(
    r"([+-]?)((?:\d+(?:/\d+|\.\d+)?|[A-Za-z]\w*(?:\^\d+)?)(?:\*(?:\d+(?:\.\d+)?|[A-Za-z]\w*(?:\^\d+)?))*)", re.ASCII
)

# Blanks that separate: between two words, or inside an operator.
_SEPARATED = re.compile(r"[\w.)]\s+[\w.(]|\*\s+\*")


class Polynomials:
    r"""
    The algebra of sparse polynomials, for :class:`sage_conslaw.expressions.syntax.Reader`: it counts its work and
    refuses to exceed it.
    """

    def __init__(self, names):
        self.fixed, self.work = names is not None, 0
        self.place = {name: number for number, name in enumerate(names or [])}
        self.fail = None

    @property
    def names(self):
        """The variables: those allowed, or those that occurred, in order of appearance."""
        return list(self.place)

    def index(self, name):
        """Return the number of a variable; a new one is refused where the names are given."""
        if name not in self.place:
            if self.fixed:
                self.fail(
                    f"the name {shortened(name, 40)!r} is not known (known: {shortened(', '.join(self.place), 200)})"
                )
            if len(self.place) >= MAX_NAMES:
                self.fail(f"it has more than {MAX_NAMES} variables")
            self.place[name] = len(self.place)
        return self.place[name]

    def name(self, name):
        """Return a variable."""
        return {(self.index(name),): Fraction(1)}

    def number(self, value):
        """Return a constant."""
        return {(): value} if value else {}

    def negative(self, terms):
        """Return minus a value."""
        return {m: -c for m, c in terms.items()}

    def combine(self, symbol, left, right):
        """Return the value of a binary operator."""
        if symbol in "+-":
            return self._sum(left, right if symbol == "+" else self.negative(right))
        if symbol == "*":
            return self.product(left, right)
        if symbol == "/":
            return self._quotient(left, right)
        return self._power(left, right)

    def _sum(self, left, right):
        # Values are used once, so the longer one is changed in place: a sum of many terms takes linear time.
        if len(left) < len(right):
            left, right = right, left
        for monomial, value in right.items():
            total = left.get(monomial, 0) + value
            if total:
                left[monomial] = self._bounded(total)
            else:
                left.pop(monomial, None)
        return left

    def _quotient(self, left, right):
        if set(right) - {()}:
            self.fail("a denominator in the variables is not a polynomial")
        if not right:
            self.fail("division by zero")
        return {m: self._bounded(c / right[()]) for m, c in left.items()}

    def _power(self, base, exponent):
        number, out = self.exponent(exponent), {(): Fraction(1)}
        # A term to a power is one term: the guards look at what it will be before it is computed.
        if len(base) == 1:
            ((monomial, value),) = base.items()
            if len(monomial) * number > MAX_DEGREE:
                self.fail(f"expanded it has a degree above {MAX_DEGREE}")
            if (max(abs(value.numerator), value.denominator).bit_length() - 1) * number > MAX_BITS:
                self.fail(f"a coefficient has more than {MAX_BITS} bits (about 1200 digits), give smaller numbers")
            return {tuple(sorted(monomial * number)): self._bounded(value ** number)}
        for _ in range(number):
            out = self.product(out, base)
        return out

    def exponent(self, terms):
        """Return an exponent as an integer."""
        value = terms.get((), Fraction(0))
        if set(terms) - {()} or value.denominator != 1 or value < 0:
            self.fail("an exponent must be a non-negative integer")
        if value > MAX_DEGREE:
            self.fail(f"the exponent {shortened(str(value), 40)} is above {MAX_DEGREE}")
        return int(value)

    def product(self, left, right):
        """Return a product; a degree, an expansion or a coefficient beyond the guards is refused before or as it
        comes."""
        degree = sparse.degree(left) + sparse.degree(right)
        # Before the product: over a domain degrees add up, so this is what it would have.
        if degree > MAX_DEGREE:
            self.fail(f"expanded it has a degree above {MAX_DEGREE}")
        # Counted over the whole text: many small products exhaust the time as one large one does.
        self.work += len(left) * len(right)
        if self.work > MAX_WORK:
            self.fail(f"expanding it takes more than {MAX_WORK} products of terms, give it with fewer terms")
        out = sparse.multiply(left, right)
        for value in out.values():
            self._bounded(value)
        return out

    def _bounded(self, value):
        if max(abs(value.numerator), value.denominator).bit_length() > MAX_BITS:
            self.fail(f"a coefficient has more than {MAX_BITS} bits (about 1200 digits), give smaller numbers")
        return value

    def expanded(self, text):
        """Return an expanded sum of terms like -3/2*x^2*y in one pass; ``None`` for any other text."""
        if len(text) > MAX_LENGTH or _SEPARATED.search(text):
            return None
        text = "".join(text.split()).replace("**", "^")
        terms, at = [], 0
        while at < len(text):
            term = _TERM.match(text, at)
            # Two terms without a sign between them: the slow reader says what is wrong.
            if not term or at and not term[1]:
                return None
            terms.append(term)
            at = term.end()
        out = {}
        for term in terms:
            read = self._term(term[2].split("*"))
            if read is None:
                return None
            monomial, value = read
            out[monomial] = out.get(monomial, 0) + (-value if term[1] == "-" else value)
        return {m: c for m, c in out.items() if c}

    def _term(self, factors):
        """Return the monomial and the coefficient of a term, ``None`` where a guard of the slow reader must decide."""
        value, monomial = Fraction(1), []
        for factor in factors:
            if factor[0].isdigit():
                numerator, _, denominator = factor.partition("/")
                if len(factor) > MAX_DIGITS or int(denominator or 1) == 0:
                    return None
                value *= exact_decimal(numerator) / int(denominator or 1)
                if max(abs(value.numerator), value.denominator).bit_length() > MAX_BITS:
                    return None
            else:
                name, _, power = factor.partition("^")
                if (
                    # Before int: reading a number takes the square of its digits.
                    len(power) > 4
                    or int(power or 1) > MAX_DEGREE
                    or name not in self.place
                    and (self.fixed or len(self.place) >= MAX_NAMES)
                ):
                    return None
                monomial += [self.index(name)] * int(power or 1)
        return (tuple(sorted(monomial)), value) if len(monomial) <= MAX_DEGREE else None


class Fractions(Polynomials):
    """The same algebra on pairs (numerator, denominator), not reduced."""

    def name(self, name):
        """Return a variable over 1."""
        return super().name(name), {(): Fraction(1)}

    def number(self, value):
        """Return a constant over 1."""
        return super().number(value), {(): Fraction(1)}

    def negative(self, pair):
        """Return minus a quotient."""
        return super().negative(pair[0]), pair[1]

    def combine(self, symbol, left, right):
        """Return the value of a binary operator on quotients."""
        (a, b), (c, d) = left, right
        if symbol in "+-":
            c = c if symbol == "+" else super().negative(c)
            # Not reduced: a gcd at each step costs more than one at the end, and many callers need none.
            return self._sum(self.product(a, d), self.product(c, b)), self.product(b, d)
        if symbol == "*":
            return self.product(a, c), self.product(b, d)
        if symbol == "/":
            return self.product(a, d), self.product(b, c)
        if set(c) - {()} or set(d) != {()}:
            self.fail("an exponent must be a non-negative integer")
        # A constant over a constant, 4/2 say, is a number.
        power = {(): c[()] / d[()]} if c else {}
        return self._power(a, power), self._power(b, power)
