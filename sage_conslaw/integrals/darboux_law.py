r"""
One law made of Darboux polynomials, `\prod p_i^{n_i} e^g`, and how it is written; it is checked as an identity.
"""
from dataclasses import dataclass

from .._sage import QQ, SageObject
from .darboux import along, cofactors_of, multiple


@dataclass(frozen=True, repr=False)
class DarbouxLaw(SageObject):
    r"""
    A law `\prod p_i^{n_i} e^g`: conserved because `\sum n_i c_i + L g = 0`, an identity of polynomials.

    - ``factors`` -- pairs (Darboux polynomial, exponent in Q(k) or conserved)

    - ``exponent`` -- `g`, a polynomial or a quotient with a product of Darboux polynomials as denominator

    EXAMPLES::

        sage: from sage_conslaw import system
        sage: from sage_conslaw.integrals.darboux_laws import darboux_laws
        sage: nodes = system(["x", "y"], ["2*x", "3*y"])
        sage: law, = darboux_laws(nodes, 1)
        sage: law, law.is_rational, law.holds_for(nodes.sparse_fields(), nodes.ring())
        (x^3/y^2, True, True)
        sage: latex(law)
        \frac{x^{3}}{y^{2}}
        sage: law, = darboux_laws(system(["x", "y"], ["x - x*y", "-y + x*y"]), 1)
        sage: law.is_rational, law.expression()
        (False, -x - y + log(x) + log(y))
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
        # Nothing of the search is believed: cofactors are divided out anew.
        proofs = [(cofactors_of(p, fields, ring), n) for p, n in self.factors]
        proofs += [(angle.derivatives(fields, ring), n) for angle, n in self.angles]
        if any(proof is None for proof, _ in proofs):
            return False
        for number, field in enumerate(fields):
            # With conserved n the derivative of n log p is n c.
            if any(along(field, n, ring) for _, n in proofs):
                return False
            if sum((n * proof[number] for proof, n in proofs), along(field, self.exponent, ring)):
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
    return f"-{multiple(-n, text)}" if n.number_of_terms() > 1 and n.lc() < 0 else multiple(n, text)


def _signed(value):
    """Return a polynomial or a quotient as text, with the sign of a quotient in front."""
    if hasattr(value.parent(), "ring") and value.numerator().lc() < 0:
        return f"-{-value}" if value.numerator().number_of_terms() == 1 else f"-({-value})"
    return str(value)


def _power(p, n):
    text = str(p) if p.number_of_terms() == 1 and p.degree() == 1 else f"({p})"
    return text if n == 1 else f"{text}^{n}"

