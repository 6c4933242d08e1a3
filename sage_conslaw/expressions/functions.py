r"""
Right-hand sides as people write them: quotients, roots, sines and exponentials, read as rational functions of more
coordinates.

`\sin(q)` becomes a coordinate `s` with a partner `c = \cos(q)`, the relation `s^2 + c^2 = 1` and the rule `s' =
c\,q'`; `1/\sqrt{x^2 + y^2}` becomes `u` with `u^2 (x^2 + y^2) = 1` and `u' = -u^3 (x x' + y y')`; `\exp(q)` becomes
`e` with `e' = e\,q'` and no relation, for there is none.  Then a field is rational, a common denominator changes the
time and no law, and what is left is polynomial.

That there are no relations but those written down has to be proved, else the dimension would be wrong.  Exponentials
(and sines, which are exponentials of imaginary arguments) of functions that are linearly independent over Q modulo
constants are algebraically independent (Ax, *On Schanuel's conjectures*, 1971); logarithms are, where each has an
irreducible factor that the others lack (Ostrowski 1946).  Sums of angles are expanded, so that the arguments are
independent; what cannot be proved is refused.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import gcd, lcm

from .._sage import QQ, ZZ, FractionField, PolynomialRing
from ..exact import terms as sparse
from .algebras import Fractions
from .syntax import Reader

# The order of a root: each is a variable with a relation of that degree, and laws of systems use square and cube roots.
_HIGHEST_ROOT = 12

FUNCTIONS = ("sqrt", "sin", "cos", "tan", "exp", "log", "ln", "sinh", "cosh", "tanh", "sigmoid")
ONE = {(): Fraction(1)}
# Values at zero; the logarithm has none.
AT_ZERO = {name: Fraction(1) for name in ("cos", "exp", "cosh")} | {
    name: Fraction(0) for name in ("sin", "tan", "sinh", "tanh")
}
AT_ZERO["sigmoid"] = Fraction(1, 2)

# An angle that is a larger multiple of another is expanded to a polynomial that nobody wants to see.
_MOST_MULTIPLES = 24


class Finer(Exception):
    """An angle turned out to be a fraction of the one taken as unit: read again with the smaller unit."""


@dataclass
class Function:
    """A coordinate that stands for a function: how it is written, how it moves, and what binds it."""

    name: str
    text: str
    # Pairs (factor, argument), all pairs (numerator, denominator): the derivative is the sum of factor times that of
    # the argument.
    rule: list
    # ``"root"``, ``"exp"``, ``"imaginary"``, ``"log"``; the argument for which independence is to be shown, or
    # ``None``.
    kind: str
    argument: object = None


class FunctionParser(Fractions):
    """Quotients of polynomials and functions of them, as pairs in the coordinates known and those that stand for
    functions."""

    functions = FUNCTIONS

    def __init__(self, names, units=None):
        super().__init__(list(names))
        self.base = len(self.place)
        self.meaning, self.relations, self._known, self.units = {}, [], {}, {} if units is None else units
        # How the reciprocal of a root or an exponential is made a coordinate, by index.
        self._inverse_of = {}
        # Coordinates that do not move: their functions would be numbers.
        self.still = set()
        self._reader = Reader(self)

    # -- reading ---------------------------------------------------------------------------------------

    def parse(self, text):
        """Return the value of a text as a pair of sparse polynomials."""
        return self._reader.read(text)

    def call(self, function, value):
        """Return a function of a value: what a parenthesis after its name stands for."""
        argument = self.reduced(value)
        # exp(1) and log(k) are constants whose algebraic relations are not known in general: as coordinates
        # at rest they would be counted as independent.
        if function != "sqrt" and not any(i not in self.still for side in argument for m in side for i in m):
            if not argument[0] and function in AT_ZERO:
                return {(): AT_ZERO[function]} if AT_ZERO[function] else {}, dict(ONE)
            self.fail("it does not move, and is not rational: give it a name and call that a parameter")
        return tuple(map(dict, getattr(self, f"_{function}")(argument)))

    def combine(self, symbol, left, right):
        """Return the value of a binary operator; a power may be negative, or a root."""
        return self._general_power(left, right) if symbol == "^" else super().combine(symbol, left, right)

    def _general_power(self, base, exponent):
        up, down = self.reduced(exponent)
        if set(up) - {()} or set(down) != {()}:
            self.fail("an exponent must be a number")
        value = up.get((), Fraction(0)) / down[()]
        if value.denominator > 1:
            if value.denominator > _HIGHEST_ROOT:
                self.fail(f"a root of order {value.denominator} is above {_HIGHEST_ROOT}")
            base = self._root(self.reduced(base), value.denominator)
        if value < 0 and not base[0]:
            self.fail("division by zero")
        # A negative power is that of the reciprocal.
        base = base if value >= 0 else base[::-1]
        power = {(): Fraction(abs(value.numerator))} if value else {}
        return tuple(self._power(dict(side), power) for side in base)

    def reduced(self, pair):
        """Return a quotient in lowest terms, the denominator with leading coefficient 1."""
        if not pair[1]:
            self.fail("division by zero")
        ring = self.ring()
        value = FractionField(ring)(sparse.to_sage(pair[0], ring)) / sparse.to_sage(pair[1], ring)
        return self.pair(value)

    def ring(self):
        """Return the polynomial ring of all coordinates known so far."""
        return PolynomialRing(QQ, self.names, len(self.names))

    def pair(self, value):
        """Return an element of the fraction field as a pair of sparse polynomials."""
        ring = self.ring()
        up, down = ring(value.numerator()), ring(value.denominator())
        scale = down.lc()
        return sparse.from_sage(up / scale), sparse.from_sage(down / scale)

    def written(self, pair):
        """Return a quotient as text, with the functions written out."""
        ring = self.ring()
        up, down = (str(sparse.to_sage(side, ring)) for side in pair)
        text = up if down == "1" else f"({up})/({down})"
        for name in sorted(self.meaning, key=len, reverse=True):
            text = text.replace(name, self.meaning[name].text)
        return text

    def _new(self, stem, text, rule, kind, argument=None):
        """Add a coordinate; the rule may mention it by its index, which is the number of names before."""
        # A user's own name of the same form keeps it.
        name, number = stem, 0
        while name in self.names or name in FUNCTIONS:
            number += 1
            name = f"{stem}_{number}"
        self.place[name] = len(self.place)
        self.meaning[name] = Function(name, text, rule, kind, argument)
        return {(len(self.names) - 1,): Fraction(1)}

    def _stem(self, function, argument):
        """Return a name such as ``sin_q`` for a function of one coordinate, ``sin_1`` for others."""
        if argument[1] == ONE and len(argument[0]) == 1:
            ((monomial, value),) = argument[0].items()
            if value == 1 and len(monomial) == 1:
                return f"{function}_{self.names[monomial[0]]}"
        return f"{function}_{1 + sum(name.startswith(function + '_') for name in self.names)}"

    # -- roots -----------------------------------------------------------------------------------------

    def _sqrt(self, argument):
        return self._root(argument, 2)

    def _root(self, argument, order):
        key = "root", order, str(argument)
        if key not in self._known:
            g, written = argument, self.written(argument)
            exact = _exact_root(argument, order)
            # sqrt(4) is 2: as a coordinate its relation x^2 - 4 would be reducible, and two points in place of one.
            if exact is not None:
                return exact
            index = len(self.names)
            # r^n = g, hence r' = g' / (n r^(n-1)).
            factor = {(): Fraction(1, order)}, {(index,) * (order - 1): Fraction(1)}
            text = f"sqrt({written})" if order == 2 else f"({written})^(1/{order})"
            r = self._new(self._stem("sqrt" if order == 2 else "root", argument), text, [(factor, g)], "root")
            self._known[key] = r
            power = {(index,) * order: Fraction(1)}
            self.relations.append(
                (self.names[index], sparse.add(sparse.multiply(power, g[1]), sparse.scaled(g[0], Fraction(-1))))
            )
            self._inverse_of[index] = lambda: self._inverse_root(key, argument, order, text)
        return self._known[key], ONE

    def _inverse_root(self, key, g, order, text):
        inverse = "inverse", *key
        if inverse not in self._known:
            index, root = len(self.names), next(iter(self._known[key]))[0]
            # u^n g = 1, hence u' = -u^(n+1) g'/n.
            factor = {(index,) * (order + 1): Fraction(-1, order)}, ONE
            stem = self.names[root].replace("sqrt", "isqrt", 1).replace("root", "iroot", 1)
            u = self._new(stem, f"1/{text}", [(factor, g)], "root")
            self._known[inverse] = u
            power = {(index,) * order: Fraction(1)}
            self.relations.append(
                (self.names[index], sparse.add(sparse.multiply(power, g[0]), sparse.scaled(g[1], Fraction(-1))))
            )
            self.relations.append(
                ((self.names[root], self.names[index]), {tuple(sorted((root, index))): Fraction(1), (): Fraction(-1)})
            )
        return self._known[inverse]

    # -- exponentials and angles --------------------------------------------------------------------------

    def _exp(self, argument):
        key = "exp", str(argument)
        if key not in self._known:
            # e' = e times the argument's derivative: the coordinate is in its own rule.
            index = len(self.names)
            e = self._new(
                self._stem("exp", argument),
                f"exp({self.written(argument)})",
                [(({(index,): Fraction(1)}, ONE), argument)],
                "exp",
                argument,
            )
            self._known[key] = e
            minus = {m: -c for m, c in argument[0].items()}, argument[1]
            self._inverse_of[index] = lambda: self._exp(minus)[0]
        return self._known[key], ONE

    def _tanh(self, argument):
        return self._riccati("tanh", argument, lambda i: {(): Fraction(1), (i, i): Fraction(-1)}, 2)

    def _sigmoid(self, argument):
        return self._riccati("sigmoid", argument, lambda i: {(i,): Fraction(1), (i, i): Fraction(-1)}, 1)

    def _riccati(self, function, argument, factor, scale):
        key = function, str(argument)
        if key not in self._known:
            # tanh(z) is rational in exp(2z), sigmoid(z) in exp(z): independence is that of these exponentials.
            doubled = sparse.scaled(argument[0], Fraction(scale)), argument[1]
            text = f"{function}({self.written(argument)})"
            self._known[key] = self._new(
                self._stem(function, argument), text, [((factor(len(self.names)), ONE), argument)], "exp", doubled
            )
        return self._known[key], ONE

    def _sin(self, argument):
        return self._angle("sin", "cos", argument)[0], ONE

    def _cos(self, argument):
        return self._angle("sin", "cos", argument)[1], ONE

    def _tan(self, argument):
        return self._angle("sin", "cos", argument)

    def _sinh(self, argument):
        return self._angle("sinh", "cosh", argument)[0], ONE

    def _cosh(self, argument):
        return self._angle("sinh", "cosh", argument)[1], ONE

    def _angle(self, odd, even, argument):
        """Return sine and cosine of a sum, expanded by the addition theorems: one pair of coordinates a term."""
        sign = Fraction(-1 if odd == "sin" else 1)
        up, down = argument
        # One piece for each term of a sum, so that the arguments of all angles are multiples of distinct monomials,
        # independent over Q.
        pieces = [({m: Fraction(1)}, value) for m, value in up.items()] if down == ONE else [(up, Fraction(1))]
        s, c = {}, ONE
        for part, value in pieces:
            unit, number = self._unit(odd, (part, down), value)
            one, other = self._pair_of(odd, even, (sparse.scaled(part, unit), down), sign)
            one = one if number > 0 else sparse.scaled(one, Fraction(-1))
            for _ in range(abs(number)):
                s, c = (
                    sparse.add(self.product(s, other), self.product(c, one)),
                    sparse.add(self.product(c, other), sparse.scaled(self.product(s, one), sign)),
                )
        return s, c

    def _unit(self, odd, part, value):
        """Return the unit of an angle and how often it is taken."""
        key = odd, str(part)
        # sin(q/2) after sin(q) needs the half as unit: what was read with the larger one is read again.
        unit = self.units.setdefault(key, abs(value))
        number = value / unit
        if number.denominator > 1:
            common = lcm(unit.denominator, value.denominator)
            # The largest angle of which both are whole multiples.
            self.units[key] = Fraction(gcd(int(unit * common), int(abs(value) * common)), common)
            raise Finer
        if abs(number) > _MOST_MULTIPLES:
            self.fail(f"an angle that is {number} times another is above {_MOST_MULTIPLES}")
        return unit, int(number)

    def _pair_of(self, odd, even, argument, sign):
        key = odd, str(argument)
        if key not in self._known:
            index, kind, written = len(self.names), "imaginary" if odd == "sin" else "exp", self.written(argument)
            stem = self._stem(odd, argument)
            s = self._new(stem, f"{odd}({written})", [(({(index + 1,): Fraction(1)}, ONE), argument)], kind, argument)
            c = self._new(
                even + self.names[index][len(odd) :],
                f"{even}({written})",
                [(({(index,): sign}, ONE), argument)],
                "pair",
            )
            self._known[key] = s, c
            relation = {(index + 1, index + 1): Fraction(1), (index, index): -sign, (): Fraction(-1)}
            self.relations.append((tuple(self.names[index : index + 2]), relation))
        return self._known[key]

    def _log(self, argument):
        key = "log", str(argument)
        if key not in self._known:
            # (log z)' = z' / z.
            rule = [((argument[1], argument[0]), argument)]
            self._known[key] = self._new(
                self._stem("log", argument), f"log({self.written(argument)})", rule, "log", argument
            )
        return self._known[key], ONE

    _ln = _log

    # -- what moves ------------------------------------------------------------------------------------------

    def without_inverses(self, value):
        """Return an element of the fraction field as a pair whose denominator has no factor that is a root or an
        exponential."""
        up, down = self.pair(value)
        for index, inverse in list(self._inverse_of.items()):
            # The denominator has the factor r^power exactly if every term of it has.
            power = min((m.count(index) for m in down), default=0)
            if power:
                down = {_without(m, index, power): c for m, c in down.items()}
                factor = inverse()
                ((reciprocal,),) = factor
                for _ in range(power):
                    up = self.product(up, factor)
                # A sum over a common denominator has the root on top as well: r u = 1.
                up = _cancelled(up, index, reciprocal)
        return up, down


def _cancelled(terms, one, other):
    """Return a polynomial with the product of two coordinates replaced by 1."""
    out = {}
    for monomial, value in terms.items():
        power = min(monomial.count(one), monomial.count(other))
        if power:
            monomial = _without(_without(monomial, one, power), other, power)
        out[monomial] = out.get(monomial, 0) + value
    return {monomial: value for monomial, value in out.items() if value}


def _without(monomial, index, power):
    at = monomial.index(index)
    return monomial[:at] + monomial[at + power :]


def _exact_root(argument, order):
    """Return the root of a number that has a rational one, else ``None``."""
    if set(argument[0]) != {()} or set(argument[1]) != {()}:
        return None
    value = QQ((argument[0][()].numerator, argument[0][()].denominator))
    root, exact = _rational_root(value, order)
    return ({(): root}, ONE) if exact else None


def _rational_root(value, order):
    if value < 0 and order % 2 == 0:
        # No real root: the relation stays, and what is asked has no real point.
        return None, False
    up, exact_up = ZZ(value.numerator()).nth_root(order, truncate_mode=True)
    down, exact_down = ZZ(value.denominator()).nth_root(order, truncate_mode=True)
    return Fraction(int(up), int(down)), exact_up and exact_down
