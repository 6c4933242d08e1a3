r"""
One law made of Darboux polynomials, `\prod p_i^{n_i} e^g`, and how it is written; it is checked as an identity.
"""
from dataclasses import dataclass

from .._sage import QQ, SageObject
from ..exact import terms as sparse
from .darboux import cofactors_of


@dataclass(frozen=True, repr=False)
class DarbouxLaw(SageObject):
    r"""
    A law `\prod p_i^{n_i} e^g`: conserved because `\sum n_i c_i + L g = 0`, an identity of polynomials.

    - ``factors`` -- pairs (Darboux polynomial, exponent in Q(k) or conserved)

    - ``exponent`` -- `g`, a polynomial or a quotient with a product of Darboux polynomials as denominator

    EXAMPLES::

        sage: from sage_conslaw.integrals.darboux_laws import darboux_laws
        sage: from sage_conslaw.inputs.systems import system
        sage: law, = darboux_laws(system(["x", "y"], ["2*x", "3*y"]), 1)
        sage: law, law.is_rational
        (x^3/y^2, True)
        sage: latex(law)
        \frac{x^{3}}{y^{2}}

    ``is_rational``::

        sage: from sage_conslaw import first_integrals, system
        sage: law = first_integrals(system(["x", "y"], ["x", "2*y"]), kind="rational", degree=1, seed=0)[0]
        sage: law.is_rational
        True

    ``holds_for``::

        sage: from sage_conslaw.integrals.darboux_law import DarbouxLaw
        sage: R.<x, y> = QQ[]
        sage: fields = system(["x", "y"], ["2*x", "3*y"]).sparse_fields()
        sage: DarbouxLaw(((x, R(3)), (y, R(-2))), R(0)).holds_for(fields, R)
        True
        sage: DarbouxLaw(((x, R(2)), (y, R(-3))), R(0)).holds_for(fields, R)
        False

    ``expression``::

        sage: law, = darboux_laws(system(["x", "y"], ["x - x*y", "-y + x*y"]), 1)
        sage: law.expression()
        -x - y + log(x) + log(y)

    ``to_dict``::

        sage: sorted(law.to_dict())
        ['angles', 'exponent', 'factors', 'law', 'rational']
    """

    factors: tuple
    exponent: object
    # Pairs (:class:`Angle` or :class:`RootSum`, exponent): logarithms of conjugate Darboux polynomials over an
    # extension.
    angles: tuple = ()

    @property
    def is_rational(self):
        """Whether the law is a rational function: integer exponents and no exponential, or a quotient alone."""
        if self.angles:
            return False
        if not self.factors:
            return True
        return not self.exponent and all(n.is_constant() and QQ(n).is_integer() for _, n in self.factors)

    def holds_for(self, fields, ring):
        """Decide exactly whether the law is conserved along fields, given as lists of sparse polynomials."""
        proofs = [(cofactors_of(p, fields, ring), n) for p, n in self.factors]
        for angle, n in self.angles:
            proofs.append((angle.derivatives(fields, ring), n))
        if any(proof is None for proof, _ in proofs):
            return False
        for number, field in enumerate(fields):
            if any(_along(field, n, ring) for _, n in (*self.factors, *self.angles)):
                return False
            if sum((n * proof[number] for proof, n in proofs), ring.zero()) + _along(field, self.exponent, ring):
                return False
        return True

    def expression(self):
        """Return the law as a symbolic expression of Sage."""
        from sage.functions.log import log
        from sage.symbolic.ring import SR
        if self.is_rational and self.factors:
            total = SR.one()
            for p, n in self.factors:
                total *= SR(p)**int(QQ(n))
            return total
        total = sum((SR(n) * log(SR(p)) for p, n in self.factors), SR(self.exponent))
        return total + sum(SR(n) * angle.expression() for angle, n in self.angles)

    def to_dict(self):
        """Return the law as text and in its parts."""
        return {"law": str(self), "rational": self.is_rational, "factors": [[str(p), str(n)] for p, n in self.factors],
                "exponent": str(self.exponent), "angles": [[str(angle), str(n)] for angle, n in self.angles]}

    def _latex_(self):
        from sage.misc.latex import latex
        return str(latex(self.expression()))

    def _repr_(self):
        if not self.factors and not self.angles:
            return _signed(self.exponent)
        if self.is_rational:
            up = [_power(p, n) for p, n in self.factors if QQ(n) > 0]
            down = [_power(p, -n) for p, n in self.factors if QQ(n) < 0]
            text = "*".join(up) or "1"
            return text if not down else f"{text}/{down[0] if len(down) == 1 else '(' + '*'.join(down) + ')'}"
        terms = [_times(n, f"log({p})") for p, n in self.factors]
        terms += [angle.times(n) for angle, n in self.angles] + ([_signed(self.exponent)] if self.exponent else [])
        return " + ".join(terms).replace("+ -", "- ")


def _times(n, text):
    if n == 1 or n == -1:
        return text if n == 1 else f"-{text}"
    if n.number_of_terms() == 1:
        return f"{n}*{text}"
    return f"({n})*{text}" if n.lc() > 0 else f"-({-n})*{text}"


def _signed(value):
    """Return a polynomial or a quotient as text, with the sign of a quotient in front."""
    if hasattr(value.parent(), "ring") and value.numerator().lc() < 0:
        return f"-{-value}" if value.numerator().number_of_terms() == 1 else f"-({-value})"
    return str(value)


def _power(p, n):
    text = str(p) if p.number_of_terms() == 1 and p.degree() == 1 else f"({p})"
    return text if n == 1 else f"{text}^{n}"


def _along(field, value, ring):
    """Return the derivative of a polynomial or a quotient along a field."""
    total = ring.zero()
    for i, component in enumerate(field):
        if component:
            part = value.derivative(ring.gen(i))
            if part:
                total += part * sparse.to_sage(component, ring)
    return total
