r"""
First integrals of a polynomial system: polynomial, rational, or of Darboux type.
"""
from dataclasses import dataclass

from .._sage import SageObject
from ..deadline import Deadline
from .darboux import darboux_laws, rational_laws

KINDS = ("polynomial", "rational", "darboux")


@dataclass(frozen=True, repr=False)
class FirstIntegrals(SageObject):
    r"""
    The first integrals found, each exactly conserved, and what was searched.

    EXAMPLES::

        sage: from sage_conslaw import first_integrals
        sage: from sage_conslaw.systems import system
        sage: first_integrals(system(["x", "y"], ["1", "x^2 + y^2 + 1"]), kind="rational", degree=1)
        no rational first integral that is a product of powers of Darboux polynomials of degree at most 1 over Q(k)
    """

    kind: str
    degree: int
    integrals: tuple

    @property
    def searched(self):
        """What was searched, in words."""
        return {
            "polynomial": f"of degree at most {self.degree}",
            "rational": f"that is a product of powers of Darboux polynomials of degree at most {self.degree} over Q(k)",
            "darboux": f"sum n_i log(p_i) + g with Darboux polynomials p_i and g of degree at most {self.degree} over Q(k)",
        }[self.kind]

    def __iter__(self):
        return iter(self.integrals)

    def __len__(self):
        return len(self.integrals)

    def _repr_(self):
        if not self.integrals:
            return f"no {self.kind} first integral {self.searched}"
        return f"{len(self.integrals)} {self.kind} first integral{'s' if len(self.integrals) > 1 else ''} {self.searched}: " \
            + ", ".join(map(str, self.integrals))


def first_integrals(system, *, degree=2, kind="polynomial", seed=None, time_limit=None):
    r"""
    Find first integrals of a polynomial system, each one proved conserved for all parameter values.

    INPUT:

    - ``system`` -- a family of vector fields, as from :func:`system` or :class:`VectorFieldFamily`

    - ``degree`` -- degree of the polynomials, or of the Darboux polynomials and of the exponent

    - ``kind`` -- ``"polynomial"``: all of them up to the degree; ``"rational"``: products of integer powers of Darboux
      polynomials; ``"darboux"``: `\sum n_i \log p_i + g`

    EXAMPLES::

        sage: from sage_conslaw import first_integrals
        sage: from sage_conslaw.systems import system
        sage: sir = system(["S", "I", "R"], ["-b*S*I", "b*S*I - g*I", "g*I"], parameters=["b", "g"])
        sage: first_integrals(sir, degree=1)
        1 polynomial first integral of degree at most 1: S + I + R
        sage: first_integrals(sir, degree=1, kind="darboux").integrals
        (g*log(S) + b*R,)
        sage: first_integrals(sir, kind="elliptic")
        Traceback (most recent call last):
        ...
        ValueError: kind 'elliptic' is not known; choose 'polynomial', 'rational' or 'darboux'
    """
    from ..api import _degree, conservation_laws
    from ..fields.explicit import VectorFieldFamily
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r} is not known; choose 'polynomial', 'rational' or 'darboux'")
    if not isinstance(system, VectorFieldFamily):
        raise TypeError(f"{system!r} is not a family of vector fields; give e.g. system(['x'], ['-x'])")
    degree = _degree(degree)
    if kind == "polynomial":
        return FirstIntegrals(kind, degree, conservation_laws(system, degree=degree, seed=seed, time_limit=time_limit).laws)
    search = rational_laws if kind == "rational" else darboux_laws
    return FirstIntegrals(kind, degree, search(system, degree, Deadline(time_limit)))
