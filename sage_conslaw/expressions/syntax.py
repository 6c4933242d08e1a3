r"""
The grammar of polynomial expressions, read in one pass and never evaluated as a program.

An expression is numbers, names, ``+ - * / ^ **`` and parentheses.  Two stacks, of operators and of values, replace the
recursion, so that no text is too deep for the interpreter: at ``a + b*c`` the product is formed when the text ends,
because ``*`` binds closer than ``+``; at ``-x^2`` the power is formed before the sign, because ``^`` binds closer than
a sign; at ``x y`` two values meet without an operator, which is an error here (blanks separate, they never join).

What the operators do is the business of an *algebra*, an object with ``number``, ``name``, ``negative`` and
``combine``. Decimal literals are exact: ``0.9`` is the fraction 9/10, and ``1e-3`` is 1/1000.
"""
import re
from fractions import Fraction

from ..runtime.errors import InputError, shortened

# Guards of the reader: text that a person writes is far below, text that would exhaust the memory above.
MAX_LENGTH = 1_000_000
MAX_DIGITS = 3000
MAX_DEPTH = 200

_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?(?P<tail>\w*))|(?P<name>[^\W\d]\w*)"
    r"|(?P<operator>\*\*|[-+*/^()]))", re.ASCII
)
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*", re.ASCII)

# How close an operator binds, and whether it groups from the right; "-x" is the sign.
_BINDING = {"+": (1, False), "-": (1, False), "*": (2, False), "/": (2, False), "-x": (3, True), "^": (4, True)}

_NOT_POLYNOMIAL = {
    "[": "an index",
    ",": "a comma",
    "=": "a comparison",
    "<": "a comparison",
    ">": "a comparison",
    ".": "an attribute",
    ":": "a colon",
    "'": "a quoted text",
    '"': "a quoted text",
    ";": "a semicolon",
}


class Reader:
    r"""
    A reader of expressions with values in an algebra.

    EXAMPLES::

        sage: from sage_conslaw.expressions.algebras import Polynomials
        sage: from sage_conslaw.expressions.syntax import Reader
        sage: Reader(Polynomials(["x"])).read("0.9*x")
        {(0,): Fraction(9, 10)}
        sage: Reader(Polynomials(["x"])).read("2 x")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: syntax error in "2 x": an operator is missing before x; allowed are numbers, names, + -
        * / ^ and parentheses

    ``read``::

        sage: Reader(Polynomials(["x"])).read("-x^2")
        {(0, 0): Fraction(-1, 1)}

    ``fail``::

        sage: Reader(Polynomials(None)).read("x + 1/y")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: syntax error in "x + 1/y": a denominator in the variables is not a polynomial (the
        term 1/y); ...
    """

    def __init__(self, algebra):
        self.algebra = algebra
        self._functions = getattr(algebra, "functions", ())
        algebra.fail = self.fail

    def read(self, text):
        """Return the value of one expression."""
        if len(text) > MAX_LENGTH:
            raise InputError(f"a polynomial of {len(text)} characters is too long; at most {MAX_LENGTH}")
        if not text.strip():
            raise InputError("an empty polynomial; give e.g. x*y")
        self.text, self.values, self.operators, self.span = text, [], [], None
        at, expects_value = 0, True
        end = len(text.rstrip())
        while at < end:
            token = _TOKEN.match(text, at)
            if token is None:
                self._fail_at(at)
            start, at = token.span(token.lastgroup)
            if token["operator"]:
                expects_value = self._operator(token["operator"], start, expects_value)
                continue
            if not expects_value:
                self.fail(f"an operator is missing before {shortened(text[start:at], 20)}")
            if token["name"] in self._functions and self._opens(at):
                # The parenthesis that follows closes the call.
                # The call waits on the stack of operators below its parenthesis.
                self._push("call " + token["name"], start)
                continue
            self.values.append((self._value(token, at), start, at))
            expects_value = False
        if expects_value:
            self.fail("it ends where a number or a name must follow")
        while self.operators:
            if self.operators[-1][0] == "(":
                self.fail("a parenthesis is not closed")
            self._reduce()
        ((value, _, _),) = self.values
        return value

    def _value(self, token, at):
        if token["name"]:
            if self._opens(at):
                self.fail(
                    "a call is not a polynomial"
                    if not self._functions
                    else f"{shortened(token['name'], 40)}(...) is not a function known here"
                )
            if not _NAME.fullmatch(token["name"]):
                self.fail(
                    f"{shortened(token['name'], 40)!r} is not a variable name (a letter, then letters, digits and _)"
                )
            return self.algebra.name(token["name"])
        digits = token["number"]
        if token["tail"]:
            self.fail(
                f"{shortened(digits, 40)!r} is neither a number nor a name; "
                "numbers are written as 1000, 1/2, 0.5 or 1e-3"
            )
        length = len(digits)
        if length <= MAX_DIGITS:
            # 1e999999999 is short and has a value of a billion digits.
            length += abs(int(digits.lower().partition("e")[2] or 0))
        if length > MAX_DIGITS:
            self.fail(f"a number of {length} digits is too long (at most {MAX_DIGITS})")
        return self.algebra.number(exact_decimal(digits))

    def _operator(self, symbol, start, expects_value):
        """Put an operator on its stack, and say whether a value must follow."""
        symbol = "^" if symbol == "**" else symbol
        if symbol == "(":
            if not expects_value:
                self.fail("an operator is missing before a parenthesis")
            return self._push("(", start)
        if expects_value:
            # A sign, as no value stands before it.
            if symbol == "+":
                return self._push("+x", start)
            if symbol == "-":
                return self._push("-x", start)
            self.fail(
                f"the operator {symbol} has nothing before it"
                if symbol != ")"
                else "a parenthesis closes where a value must stand"
            )
        if symbol == ")":
            while self.operators and self.operators[-1][0] != "(":
                self._reduce()
            if not self.operators:
                self.fail("a parenthesis is closed that was not opened")
            # The value spans its parentheses from now on, so that messages quote them.
            opened = self.operators.pop()[1]
            self.values[-1] = (self.values[-1][0], opened, start + 1)
            if self.operators and self.operators[-1][0].startswith("call "):
                self._call(start + 1)
            return False
        strength, from_right = _BINDING[symbol]
        while self.operators and self.operators[-1][0] != "(":
            other = _BINDING[self.operators[-1][0].replace("+x", "-x")][0]
            # x - y - z groups from the left, x^y^z from the right.
            if other < strength or other == strength and from_right:
                break
            self._reduce()
        return self._push(symbol, start)

    def _push(self, symbol, start):
        self.operators.append((symbol, start))
        # Operators wait only where something closer may follow, so their number is the depth.
        if len(self.operators) > MAX_DEPTH:
            self.fail("it is nested too deeply")
        return True

    def _reduce(self):
        """Apply the last operator to the last values."""
        symbol, place = self.operators.pop()
        right, start, end = self.values.pop()
        if symbol in ("+x", "-x"):
            self.values.append((self.algebra.negative(right) if symbol == "-x" else right, place, end))
            return
        left, start, _ = self.values.pop()
        self.span = (start, end)
        self.values.append((self.algebra.combine(symbol, left, right), start, end))
        self.span = None

    def _opens(self, at):
        """Say whether a parenthesis opens next."""
        return re.match(r"\s*\(", self.text[at:at + 20]) is not None

    def _call(self, end):
        """Apply a function to the value in the parentheses after it."""
        symbol, start = self.operators.pop()
        self.span = (start, end)
        self.values[-1] = (self.algebra.call(symbol.removeprefix("call "), self.values[-1][0]), start, end)
        self.span = None

    def _fail_at(self, at):
        at += len(self.text[at:]) - len(self.text[at:].lstrip())
        sign = self.text[at]
        if sign.isalnum() or sign == "_":
            word = re.match(r"\w+", self.text[at:at + 60])[0]
            self.fail(f"{shortened(word, 40)!r} is not a variable name (a letter, then letters, digits and _)")
        known = _NOT_POLYNOMIAL.get(sign)
        self.fail(f"{known} is not a polynomial" if known else f"the character {sign!r} is not known")

    def fail(self, why):
        """Refuse the text: the error says where and why."""
        if self.span is not None:
            # The term at fault, where it is not the whole polynomial.
            term = self.text[slice(*self.span)].strip()
            # Of a long polynomial the term is quoted; the whole is quoted anyway.
            if term != self.text.strip():
                why += f" (the term {shortened(term, 40)})"
        raise InputError(f'syntax error in "{shortened(self.text, 60)}": {why}; '
                         "allowed are numbers, names, + - * / ^ and parentheses"
                         + (f", and the functions {', '.join(self._functions)}" if self._functions else "")) from None


def exact_decimal(digits):
    """Return the exact value of a decimal literal."""
    mantissa, _, exponent = digits.lower().partition("e")
    whole, _, decimals = mantissa.partition(".")
    # Never through a float: 0.1 is a tenth.
    return Fraction(int((whole + decimals) or 0), 10 ** len(decimals)) * Fraction(10) ** int(exponent or 0)
