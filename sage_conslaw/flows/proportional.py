r"""
Which coordinates of a gradient are proportional to each other for all data.

Decided exactly: a minor that is not zero modulo a prime at one point shows that two are not proportional, a polynomial
identity over Q that they are.  The trivial case: the two coordinates of `u v` have the gradients `(c v, c u)`, one
class.  One that fails: with two inputs and two outputs no two weights of two linear layers are proportional.
"""
from fractions import Fraction

import numpy as np

from ..exact import terms as sparse
from ..exact.arithmetic import ModularArithmetic
from ..exact.modular import random_array
from ..exact.primes import random_prime
from ..runtime.errors import InputError, first_few
from .spanned import ONE, spanning_gradients
from .._sage import PolynomialRing, QQ

# Laws are also written for every region, with signs of polynomials, up to this many parameters, and so many of them.
_GENERAL_TEXT = 60
_SHOWN_LAWS = 12


class ProportionalClasses:
    """
    Coordinates whose gradients are proportional for all data, with the polynomials whose quotient is the factor.

    - ``moving`` -- the classes, lists of coordinates; ``still`` -- the coordinates whose gradient is zero
    """

    def __init__(self, names, gradients, classes, still):
        self.names, self.gradients = list(names), gradients
        self.moving, self.still = classes, still

    def without(self, frozen):
        """Return the classes without some coordinates, which do not move."""
        if not frozen:
            return self
        frozen = set(frozen)
        # What is left of a class stays proportional; a class of one has no law.
        kept = [[j for j in members if j not in frozen] for members in self.moving]
        return ProportionalClasses(self.names, self.gradients, [c for c in kept if c], sorted({*self.still, *frozen}))

    def _along(self, members):
        """Return one spanning gradient that moves a class: its entries are the factors of the members."""
        return next(row for row in self.gradients if row[members[0]])

    def point(self, at):
        """Return the rational point: what is given, else small positive numbers with no relation that would hold by
        accident."""
        place = {name: i for i, name in enumerate(self.names)}
        # Quotients of distinct odd numbers; any generic positive point does.
        values = [Fraction(2 * i + 3, 2 * ((7 * i + 3) % 97) + 5) for i in range(len(self.names))]
        for name, value in at:
            if name not in place:
                raise InputError(
                    f"the point has the coordinate {name}, which is not a parameter ({first_few(self.names)})"
                )
            values[place[name]] = value
        return values

    def signs(self, at):
        """Return the sign of each coordinate in its class at the point."""
        values, out = self.point(at), [0] * len(self.names)
        for members in self.moving:
            if len(members) == 1:
                out[members[0]] = 1
                continue
            row = self._along(members)
            for j in members:
                value = value_at(row[j], values)
                if not value:
                    raise InputError(
                        f"the gradient of {self.names[j]} vanishes at the point for all data that move its class: the "
                        "point lies on a wall between regions; give other numbers"
                    )
                out[j] = 1 if value > 0 else -1
            # The first sign of each class is positive, so that laws read alike in all regions.
            if out[members[0]] < 0:
                for j in members:
                    out[j] = -out[j]
        return out

    def crossings(self, at):
        """Return for each class two gradients at the point on the two sides of its kernel, on one side of all
        others."""
        values = self.point(at)
        table = [[value_at(f, values) for f in row] for row in self.gradients]
        columns = [[row[members[0]] for row in table] for members in self.moving]
        out = []
        for number, functional in enumerate(columns):
            other = columns[:number] + columns[number + 1:]
            # A point on the wall of this class and on no other: there the signs of the others are locally constant.
            base = _in_kernel(functional, other)
            # Half way to the nearest other wall: a step along the functional crosses its own kernel and no other.
            reach = [abs(_dot(c, base)) / abs(_dot(c, functional)) for c in other if _dot(c, functional)]
            step = min(reach, default=ONE) / 2
            pair = [
                [
                    sum((b + sign * step * f) * row[j] for b, f, row in zip(base, functional, table))
                    for j in range(len(self.names))
                ]
                for sign in (1, -1)
            ]
            out.append(pair)
        return out

    def law_texts(self, rates=None):
        """Return the laws for every region, with signs of polynomials in lowest terms; ``rates`` divide coordinates."""
        ring = PolynomialRing(QQ, self.names, len(self.names))
        texts = [self.names[j] for j in self.still]
        for members in self.moving:
            row = self._along(members)
            factors = [sparse.to_sage(row[j], ring) for j in members]
            for f, j in zip(factors[1:], members[1:]):
                # Only the sign of the quotient matters, so that common factors are left out of the text.
                common = factors[0].gcd(f)
                first, second = _sign_text(ring(factors[0] / common)), _sign_text(ring(f / common))
                shown = [
                    self.names[i] if rates is None or rates[i] == 1 else f"{1 / rates[i]}*{self.names[i]}"
                    for i in (members[0], j)
                ]
                texts.append(f"{first}{shown[0]} - {second}{shown[1]}".replace("- -", "+ "))
        return texts

    def region_text(self, at, signs, rates=None):
        """Say where the laws hold that are listed."""
        if not at:
            where = (
                "all parameters are positive"
                if len(self.names) > 4
                else ", ".join(f"{name} > 0" for name in self.names)
            )
        else:
            where = "the gradients have the signs that they have at the given point"
        if all(len(members) == 1 for members in self.moving):
            return "the number is the same in every region of signs"
        text = f"laws where {where}"
        if len(self.names) <= _GENERAL_TEXT:
            laws = self.law_texts(rates)
            text += f"; in general: {first_few(laws, _SHOWN_LAWS)}"
        return text


def _sign_text(polynomial):
    """Return ``sgn(f)*`` without the positive constants and even powers of ``f``."""
    if polynomial.degree() <= 0:
        return "" if polynomial.constant_coefficient() > 0 else "-"
    if len(polynomial.dict()) == 1:
        (exponents, coefficient), = polynomial.dict().items()
        # Even powers are positive at generic points.
        odd = [str(x) for x, e in zip(polynomial.parent().gens(), exponents) if e % 2]
        sign = "" if coefficient > 0 else "-"
        return f"{sign}sgn({'*'.join(odd)})*" if odd else sign
    return f"sgn({polynomial})*"


def value_at(terms, point):
    total = Fraction(0)
    for monomial, value in terms.items():
        for i in monomial:
            value = value * point[i]
        total += value
    return total


def _dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def _in_kernel(functional, others):
    """Return a rational vector that the functional annihilates and no other one does."""
    norm = _dot(functional, functional)
    for seed in range(1, 200):
        # Rows of powers: a hyperplane contains few of them, so that some seed avoids the finitely many walls.
        vector = [Fraction(pow(seed + 1, k + 1, 10007)) for k in range(len(functional))]
        share = _dot(functional, vector) / norm
        vector = [v - share * f for v, f in zip(vector, functional)]
        if all(_dot(other, vector) for other in others):
            return vector
    raise InputError("the point lies where more coordinates are proportional than at generic ones; give other numbers")


def proportional_classes(response):
    r"""
    Decide exactly which coordinates of the gradient are proportional to each other for all data, at generic parameters.
    """
    generator, D = np.random.default_rng(0), response.dimension
    classes, still = [list(range(D))], []
    # Two points, so that an accident at one is split at the other: what is left is proved, and an accident there is an
    # error.
    for _ in range(2):
        classes, still = _refined(response, generator, classes, still)
    gradients = []
    if still or any(len(members) > 1 for members in classes):
        gradients = spanning_gradients(response)
        _prove(gradients, classes, still, response.names)
    return ProportionalClasses(response.names, _Lazily(response, gradients), classes, still)


class _Lazily:
    """Spanning gradients, written out when they are first needed."""

    def __init__(self, response, rows):
        self.response, self.rows = response, rows

    def __iter__(self):
        if not self.rows:
            self.rows = spanning_gradients(self.response)
        return iter(self.rows)


def _refined(response, generator, classes, still):
    """Split classes by their gradients for a few data at a random point modulo a prime; what is split is proved not
    proportional."""
    p = random_prime(generator)
    theta = random_array(generator, (response.dimension,), p)
    # Functionals that are not proportional agree on six random elements, normalised by the first, with probability
    # p^-5.
    rows = np.broadcast_to(
        response.gradient(ModularArithmetic(p), theta, response.draw(generator, p, 6)), (6, response.dimension)
    )
    columns, out, zero = rows.T.tolist(), [], []
    for members in [*classes, still]:
        groups = {}
        for j in members:
            leading = next((value for value in columns[j] if value), None)
            if leading is None:
                zero.append(j)
                continue
            inverse = pow(int(leading), -1, p)
            groups.setdefault(tuple(value * inverse % p for value in columns[j]), []).append(j)
        out += groups.values()
    return sorted(out), sorted(zero)


def _prove(gradients, classes, still, names):
    """Check by identities over Q what random points only suggest."""
    for j in still:
        if any(row[j] for row in gradients):
            raise ArithmeticError(
                f"the gradient of {names[j]} vanished at random points but is not zero; please report "
                f"it with the network"
            )
    for members in classes:
        i = members[0]
        # G_i / G_j is one rational function for all gradients iff all two by two minors with one row vanish.
        first = next((row for row in gradients if row[i]), None)
        for j in members[1:]:
            for row in gradients:
                if (row[i] or row[j]) and sparse.multiply(first[i], row[j]) != sparse.multiply(first[j], row[i]):
                    raise ArithmeticError(
                        f"the gradients of {names[i]} and {names[j]} were proportional at random points but are not; "
                        "please report it with the network"
                    )
