r"""
The only door to Sage.

In a fresh interpreter single Sage modules fail to import in some orders ("cannot import name QQ"); after the parts that
all others stand on (the coercion model, the integers, PARI), in this order, they all work.  So these are imported
first, here and nowhere else; where Sage does not come in parts, its top level is.  The top levels of the parts would
take as long again, for groups, matroids and codes that no law needs.
"""
from .runtime.loading import load_first

# Real numbers come before PARI: where memory is limited, its stack leaves them none, and loading them never ends.
# Laurent polynomials are named by Sage's spaces of matrices, which do not import them.  Functions come before symbolic
# expressions: in the other order, also of a session that imports them later, exp(u) has no operator.
load_first(["sage.all__sagemath_objects", "sage.rings.integer", "sage.rings.real_mpfr", "sage.libs.pari",
            "sage.rings.polynomial.laurent_polynomial_ring", "sage.functions.all"], ["sage.all"])

from sage.matrix.constructor import matrix
from sage.misc.latex import latex
from sage.misc.unknown import Unknown
from sage.plot.arrow import arrow2d
from sage.plot.circle import circle
from sage.plot.graphics import Graphics
from sage.plot.line import line2d
from sage.plot.point import point2d
from sage.plot.polygon import polygon2d
from sage.plot.text import text
from sage.rings.finite_rings.finite_field_constructor import GF
from sage.rings.fraction_field import FractionField
from sage.rings.integer_ring import ZZ
from sage.rings.polynomial.multi_polynomial import MPolynomial
from sage.rings.polynomial.polydict import ETuple
from sage.rings.polynomial.polynomial_element import Polynomial
from sage.rings.polynomial.polynomial_ring_constructor import PolynomialRing
from sage.rings.polynomial.term_order import TermOrder
from sage.rings.rational_field import QQ
from sage.rings.real_mpfr import RR
from sage.structure.element import Element
from sage.structure.sage_object import SageObject

__all__ = ["ETuple", "Element", "FractionField", "GF", "Graphics", "MPolynomial", "Polynomial",
           "PolynomialRing", "QQ", "RR", "SageObject", "TermOrder", "Unknown", "ZZ", "arrow2d", "circle", "latex",
           "line2d", "matrix", "number_field", "point2d", "polygon2d", "symbolic_ring", "text"]


def symbolic_ring():
    """Return Sage's symbolic ring, which takes half a second to import and few calls need."""
    from sage.symbolic.ring import SR
    return SR


def number_field(polynomial, name):
    """Return the number field of a root of a polynomial: its class takes a tenth of a small command to import."""
    from sage.rings.number_field.number_field import NumberField
    return NumberField(polynomial, name)
