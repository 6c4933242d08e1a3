r"""
Darboux polynomials over a quadratic extension of Q(k), in real form.

The lines `x + i y` and `x - i y` are Darboux polynomials of `x' = x - y, y' = x + y`, with cofactors `1 + i` and `1 -
i`.  Their product `x^2 + y^2` is found over Q, and is irreducible there.  In general an irreducible `p` with `A p =
a^2 - D b^2` splits into `q = a + \sqrt D b` and its conjugate; with the cofactor of `q` written as `c_a + \sqrt D
c_b`

.. math:: L T = 2 c_b, \qquad T = \frac{1}{\sqrt D} \log \frac{a + \sqrt D b}{a - \sqrt D b} = \frac{2}{\sqrt{-D}}
\arctan \frac{\sqrt{-D}\, b}{a},

so that the *angle* `T` is one more function with a rational derivative, beside `\log p`, and nothing has to be
computed over the extension.  Here `L \arctan(y/x) = 1`, `L \log(x^2 + y^2) = 2`, and `\log(x^2 + y^2) - 2
\arctan(y/x)` is conserved.

Every Darboux polynomial with coefficients in a quadratic extension is found so, for its norm is one over Q(k), of
twice the degree.
"""

from dataclasses import dataclass

from .._sage import QQ, ZZ, SageObject
from .darboux import along, cofactors_of, multiple


@dataclass(frozen=True, repr=False)
class Angle(SageObject):
    r"""
    The function `T` of a pair of conjugate Darboux polynomials `a \pm \sqrt D b`, with its derivatives, one a field.
    """

    a: object
    b: object
    discriminant: object
    cofactors: tuple

    @property
    def is_circular(self):
        """Whether `D` is a negative number, so that the function is an arc tangent."""
        return self.discriminant.is_constant() and QQ(self.discriminant) < 0

    def times(self, n):
        """Return a multiple of the function as text."""
        a, b, root = _text(self.a), _text(self.b), self._root()
        if self.is_circular:
            number, quotient = 2 * n, f"arctan({b}/{a})" if root is None else f"arctan({root}*{b}/{a})"
        else:
            over = f"{root}*{b}" if not self.b.is_one() else root
            number, quotient = n, f"log(({self.a} + {over})/({self.a} - {over}))"
        return multiple(number, quotient if root is None else f"{quotient}/{root}")

    def _root(self):
        value = -self.discriminant if self.is_circular else self.discriminant
        return None if value.is_one() else f"sqrt({value})"

    def expression(self):
        """Return the function as a symbolic expression of Sage."""
        from sage.functions.log import log
        from sage.functions.other import sqrt
        from sage.functions.trig import arctan
        from sage.symbolic.ring import SR

        a, b, D = SR(self.a), SR(self.b), SR(self.discriminant)
        if self.is_circular:
            return 2 * arctan(sqrt(-D) * b / a) / sqrt(-D)
        return log((a + sqrt(D) * b) / (a - sqrt(D) * b)) / sqrt(D)

    def _repr_(self):
        return self.times(self.a.parent().one())

    def norm(self):
        """Return `a^2 - D b^2`, the product of the two."""
        return self.a**2 - self.discriminant * self.b**2

    def derivatives(self, fields, ring):
        """Return the derivative along each field, computed anew; ``None`` if the two are no Darboux polynomials."""
        of_norm = cofactors_of(self.norm(), fields, ring)
        return of_norm and angle_derivatives(self.a, self.b, self.discriminant, of_norm, fields, ring)

    def differential(self, variables, at, p):
        """Return the partial derivatives at a point modulo a prime, given as a map of polynomials to residues."""
        # dT = 2 (a db - b da) / (a^2 - D b^2): no root of D is needed modulo p.
        scale = 2 * pow(at(self.norm()), -1, p)
        turned = [at(self.a) * at(self.b.derivative(x)) - at(self.b) * at(self.a.derivative(x)) for x in variables]
        return [scale * value % p for value in turned]


def _text(polynomial):
    return (
        str(polynomial)
        if polynomial.number_of_terms() == 1 and polynomial.lc() == 1 and polynomial.degree() <= 1
        else f"({polynomial})"
    )


def angles(family, found):
    r"""
    Return the angles of those Darboux polynomials that split over a quadratic extension of Q(k), each derivative
    checked exactly.

    EXAMPLES:

    A focus; over `\QQ(\sqrt 5)`, and over `\QQ(c)(\sqrt{c^2 - 4})` for the damped oscillator::

        sage: from sage_conslaw import system
        sage: from sage_conslaw.integrals.conjugates import angles
        sage: from sage_conslaw.integrals.darboux import darboux_polynomials
        sage: focus = system(["x", "y"], ["x - y", "x + y"])
        sage: angles(focus, darboux_polynomials(focus, 2))
        [2*arctan(y/x)]
        sage: golden = system(["x", "y"], ["y", "x + y"])
        sage: angles(golden, darboux_polynomials(golden, 2))
        [log((2*x + y + sqrt(5)*y)/(2*x + y - sqrt(5)*y))/sqrt(5)]
        sage: damped = system(["x", "y"], ["y", "-x - c*y"], parameters=["c"])
        sage: angles(damped, darboux_polynomials(damped, 2))
        [log((c*y + 2*x + sqrt(c^2 - 4)*y)/(c*y + 2*x - sqrt(c^2 - 4)*y))/sqrt(c^2 - 4)]
    """
    ring, fields = family.ring(), family.sparse_fields()
    moving = [ring.gen(i) for i in range(family.dimension) if i not in family.constants]
    out = []
    for darboux in found:
        split = quadratic_split(darboux.polynomial, moving)
        if split is not None:
            # Without a derivative c_b = 0: then a and b are Darboux with one cofactor, and the law b / a is rational.
            derivatives = angle_derivatives(*split, darboux.cofactors, fields, ring)
            if derivatives is not None and any(derivatives):
                out.append(Angle(*split, derivatives))
    return out


def splits_quadratically(family, darboux):
    """Say whether a Darboux polynomial is the product of two over a quadratic extension, as :func:`angles` finds."""
    moving = [family.ring().gen(i) for i in range(family.dimension) if i not in family.constants]
    return quadratic_split(darboux.polynomial, moving) is not None


def quadratic_split(polynomial, moving):
    r"""
    Return `a, b, D` with `a^2 - D b^2` a multiple of an irreducible polynomial and `D` free of the coordinates,
    ``None`` if there are none.
    """
    for x in moving:
        if polynomial.degree(x) != 2:
            continue
        # A split q q* of degree two in x has q linear in x, with a lead that is a number over Q(k): one such x decides.
        lead = polynomial.coefficient({x: 2})
        if any(v in lead.variables() for v in moving):
            continue
        # Four times A p is (2 A x + B)^2 - (B^2 - 4 A C).
        middle, last = polynomial.coefficient({x: 1}), polynomial.coefficient({x: 0})
        square = _square_times_constant(middle**2 - 4 * lead * last, moving)
        return None if square is None else _primitive(2 * lead * x + middle, *square)
    return None


def _square_times_constant(polynomial, moving):
    """Return `b` and `D` with `D b^2` the polynomial, `D` without square factors and free of the coordinates; else
    ``None``."""
    if not polynomial:
        return None
    ring = polynomial.parent()
    factors = polynomial.factor()
    unit = QQ(factors.unit())
    # n / d = n d / d^2, and n d is its part without squares times a square.
    number = ZZ(unit.numerator() * unit.denominator())
    free = number.squarefree_part()
    root = ring(QQ(number // free).sqrt() / unit.denominator())
    constant = ring(free)
    for factor, power in factors:
        factor = ring(factor)
        if power % 2:
            # D would depend on the coordinates, and its root is in no extension of Q(k).
            if any(v in moving for v in factor.variables()):
                return None
            constant *= factor
        root *= factor ** (power // 2)
    # The content of a factor over QQ is a unit already.
    return root, constant


def _primitive(a, b, constant):
    content = QQ(a.content()).gcd(QQ(b.content())) if b else QQ(a.content())
    sign = 1 if b.lc() > 0 else -1
    return a / content, sign * b / content, constant


def angle_derivatives(a, b, constant, cofactors, fields, ring):
    """Return the derivative `2 c_b` of an angle along each field, given the cofactors of the norm; ``None`` if it
    does not split so."""
    out = []
    # L (a + r b) = (c_a + r c_b)(a + r b) with r^2 = D, and c_a is half the cofactor of the norm: the parts with r are
    # L b - c_a b = c_b a, those without L a - c_a a = D c_b b.
    for field, cofactor in zip(fields, cofactors):
        moved_a, moved_b = (along(field, f, ring) for f in (a, b))
        half = cofactor / 2
        part, remainder = (moved_b - half * b).quo_rem(a)
        if remainder or moved_a - half * a != constant * part * b:
            return None
        out.append(2 * part)
    return tuple(out)
