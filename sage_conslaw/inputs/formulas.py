r"""
Formulas of SBML, trees of operators and names, written as the text that the reader of systems knows.

A tree is followed and never evaluated as a program.  Names stand for themselves, or for what a rule says they are; the
functions of the model are put in; an exponent must come to a whole number, with the values that the file gives.  What
is not rational is refused, with the name of the function and of the place where it stands::

    sage: from sage_conslaw import read_system
    sage: import tempfile
    sage: with tempfile.NamedTemporaryFile("w", suffix=".ant") as f:  # optional - antimony
    ....:     _ = f.write("S -> P; exp(S); S = 1"); f.flush()
    ....:     read_system(f.name)
    Traceback (most recent call last):
    ...
    sage_conslaw.NotCovered: reaction _J0 has the function exp, which is not rational; ...
"""
from fractions import Fraction

from ..runtime.errors import InputError, NotCovered, shortened

# An exponent: a power is multiplied out.
_HIGHEST_POWER = 100

# How close the outermost operator of a text binds.
SUM, PRODUCT, POWER, ATOM = range(4)

# A rule that is put into others, and these into more, doubles each time; a model that people wrote stays far below.
_LONGEST = 200_000
_DEEPEST = 100

_KNOWN_ELSEWHERE = ("root", "exp", "ln", "sin", "cos", "tan", "sinh", "cosh", "tanh")


def wrapped(text, strength, needed):
    """Return a text that may stand where operators bind as close as ``needed``."""
    return text if strength >= needed else f"({text})"


def exact(value):
    """Return the decimal that a number of the file was written as: the shortest that is read back as the same."""
    if value != value or value in (float("inf"), float("-inf")):
        raise InputError(f"the number {value} is not finite")
    # repr is the shortest decimal with this double: what the modeller wrote, where it had at most 15 digits.
    return Fraction(repr(value))


def number_text(value):
    """Return a fraction as text, with its strength."""
    # A fraction is a quotient, a negative number a difference: both may need parentheses.
    strength = ATOM if value.denominator == 1 else PRODUCT
    return str(value), SUM if value < 0 else strength


class Formulas:
    """A writer of formulas: what names stand for is given, and where in the model the formula stands is told to the
    reader of a message."""

    def __init__(self, libsbml, functions, meaning, value):
        # ``meaning(name)``: a pair (text, strength); ``value(name)``: a fraction, or None where the file has none.
        self.functions, self.meaning, self.value, self.where = functions, meaning, value, "the model"
        # Kinds by their names, which the messages say.
        named = {kind.removeprefix("AST_"): getattr(libsbml, kind) for kind in dir(libsbml) if kind.startswith("AST_")}
        self._kind = {number: kind for kind, number in named.items()}
        self._write = {
            "PLUS": self._sum, "MINUS": self._difference, "TIMES": self._product, "DIVIDE": self._quotient,
            "POWER": self._power, "FUNCTION_POWER": self._power, "NAME": self._name, "FUNCTION": self._function,
        }

    def text(self, node, local=None, depth=0):
        """Return the text of a tree and how close its outermost operator binds."""
        if depth > _DEEPEST:
            raise InputError(f"{self.where} has a formula that is nested too deeply")
        kind = self._kind.get(node.getType(), "UNKNOWN")
        if kind in ("INTEGER", "REAL", "REAL_E", "RATIONAL"):
            return number_text(self._number(node, kind))
        if kind not in self._write:
            self._refuse(node, kind)
        children = [node.getChild(i) for i in range(node.getNumChildren())]
        text, strength = self._write[kind](node, children, local or {}, depth + 1)
        # At each node: rules put into rules double the text, and the next doubling would be too late.
        if len(text) > _LONGEST:
            raise InputError(f"{self.where} has a formula of more than {_LONGEST} characters once its rules are put in")
        return text, strength

    def factors(self, node):
        """Return the factors of a product, one of which may be the volume that is divided out."""
        # Only factors of the outermost product: the volume in a sum cancels nothing.
        if self._kind.get(node.getType()) != "TIMES":
            return [node]
        return [f for i in range(node.getNumChildren()) for f in self.factors(node.getChild(i))]

    def _refuse(self, node, kind):
        if kind == "NAME_TIME":
            raise NotCovered(f"{self.where} depends on the time; only autonomous systems are read, see system() for a "
                             "coordinate t with t' = 1")
        word = kind.removeprefix("FUNCTION_").lower() if kind != "UNKNOWN" else node.getName() or "unknown"
        for beginning, meant in (("logical", "a logical operator"), ("relational", "a comparison"),
                                 ("constant", f"the constant {word.removeprefix('constant_')}"),
                                 ("name_", f"the constant {word.removeprefix('name_')}")):
            if word.startswith(beginning):
                raise NotCovered(f"{self.where} has {meant}; rates are rational functions of species and parameters")
        advice = "write the system as lines S' = ..., where it is known" if word in _KNOWN_ELSEWHERE else \
            "rates are rational functions of species and parameters"
        raise NotCovered(f"{self.where} has the function {word}, which is not rational; {advice}")

    def _number(self, node, kind):
        if kind == "INTEGER":
            return Fraction(node.getInteger())
        if kind == "RATIONAL":
            if not node.getDenominator():
                raise InputError(f"{self.where} divides by zero")
            return Fraction(node.getNumerator(), node.getDenominator())
        if kind == "REAL_E":
            return exact(node.getMantissa()) * Fraction(10) ** node.getExponent()
        return exact(node.getReal())

    def _sum(self, node, children, local, depth):
        parts = [self.text(child, local, depth) for child in children] or [("0", ATOM)]
        return " + ".join(wrapped(text, strength, SUM) for text, strength in parts), SUM

    def _difference(self, node, children, local, depth):
        parts = [self.text(child, local, depth) for child in children]
        if len(parts) == 1:
            # A sign binds as a difference does: -(a + b) keeps its parentheses.
            return "-" + wrapped(*parts[0], PRODUCT), SUM
        return " - ".join([wrapped(*parts[0], SUM)] + [wrapped(*part, PRODUCT) for part in parts[1:]]), SUM

    def _product(self, node, children, local, depth):
        parts = [self.text(child, local, depth) for child in children] or [("1", ATOM)]
        return "*".join([wrapped(*parts[0], PRODUCT)] + [wrapped(*part, POWER) for part in parts[1:]]), PRODUCT

    def _quotient(self, node, children, local, depth):
        up, down = (self.text(child, local, depth) for child in children)
        # a/(b*c) and a/(b/c) need parentheses below, a*b/c none above.
        return f"{wrapped(*up, PRODUCT)}/{wrapped(*down, ATOM)}", PRODUCT

    def _power(self, node, children, local, depth):
        exponent = self._constant(children[1], local, depth)
        if exponent.denominator > 1:
            raise NotCovered(f"{self.where} has the exponent {exponent}, which is not whole: no rational function")
        if abs(exponent) > _HIGHEST_POWER:
            raise InputError(f"{self.where} has the exponent {exponent}; at most {_HIGHEST_POWER}")
        base = wrapped(*self.text(children[0], local, depth), ATOM)
        # After the base was read: what is not covered in it is refused, whatever its power.
        if exponent == 0:
            return "1", ATOM
        power = base if abs(exponent) == 1 else f"{base}^{abs(exponent)}"
        return (power, POWER) if exponent > 0 else (f"1/({power})", PRODUCT)

    def _constant(self, node, local, depth):
        """Return the number that an exponent comes to, with the values of the file."""
        kind = self._kind.get(node.getType(), "UNKNOWN")
        children = [node.getChild(i) for i in range(node.getNumChildren())]
        if depth > _DEEPEST:
            raise InputError(f"{self.where} has a formula that is nested too deeply")
        if kind in ("INTEGER", "REAL", "REAL_E", "RATIONAL"):
            return self._number(node, kind)
        if kind == "NAME":
            name = node.getName()
            if name in local and not isinstance(local[name], str):
                return self._constant(local[name][0], local[name][1], depth + 1)
            value = self.value(local.get(name, name))
            if value is None:
                raise NotCovered(f"{self.where} has the exponent {shortened(name)}, which is no constant with a value; "
                                 "an exponent must be a whole number")
            return value
        if kind in ("PLUS", "TIMES", "MINUS", "DIVIDE") and children:
            values = [self._constant(child, local, depth + 1) for child in children]
            if kind == "MINUS" and len(values) == 1:
                return -values[0]
            total = values[0]
            for value in values[1:]:
                if kind == "DIVIDE" and not value:
                    raise InputError(f"{self.where} divides by zero")
                total = {"PLUS": total + value, "MINUS": total - value, "TIMES": total * value}.get(kind, total) \
                    if kind != "DIVIDE" else total / value
            return total
        raise NotCovered(f"{self.where} has an exponent that is no whole number: no rational function")

    def _name(self, node, children, local, depth):
        name = node.getName()
        if name not in local:
            return self.meaning(name, self.where)
        if isinstance(local[name], str):
            return self.meaning(local[name], self.where)
        tree, outer = local[name]
        return self.text(tree, outer, depth)

    def _function(self, node, children, local, depth):
        name = node.getName()
        definition = self.functions.get(name)
        if definition is None:
            raise NotCovered(f"{self.where} has the function {shortened(name)}, which the model does not define")
        body, arguments = definition.getBody(), definition.getNumArguments()
        if arguments != len(children) or body is None:
            raise InputError(f"{self.where} calls {shortened(name)} with {len(children)} arguments, not {arguments}")
        # Each argument with the names of the place it stands at: a function may call another with arguments of the same
        # names.
        inner = {definition.getArgument(i).getName(): (child, local) for i, child in enumerate(children)}
        return self.text(body, inner, depth)
