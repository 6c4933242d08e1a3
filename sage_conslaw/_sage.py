r"""
The only door to Sage.

In a fresh interpreter single Sage modules fail to import in some orders ("cannot import name QQ");
after the top level they all work.  So the top level is imported first, here and nowhere else.
The top level is that of matrices and polynomials, with the libraries behind them, where Sage comes in parts (a third
less time than all of it), and otherwise that of a whole Sage.
"""
from .runtime.loading import load_first

load_first("sage.all__sagemath_modules", "sage.all")

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
from sage.rings.number_field.number_field import NumberField
from sage.rings.polynomial.multi_polynomial import MPolynomial
from sage.rings.polynomial.polydict import ETuple
from sage.rings.polynomial.polynomial_element import Polynomial
from sage.rings.polynomial.polynomial_ring_constructor import PolynomialRing
from sage.rings.polynomial.term_order import TermOrder
from sage.rings.rational_field import QQ
from sage.rings.real_mpfr import RR
from sage.structure.element import Element
from sage.structure.sage_object import SageObject

__all__ = ["ETuple", "Element", "FractionField", "GF", "Graphics", "MPolynomial", "NumberField", "Polynomial",
           "PolynomialRing", "QQ", "RR", "SageObject", "TermOrder", "Unknown", "ZZ", "arrow2d", "circle", "latex",
           "line2d", "matrix", "point2d", "polygon2d", "symbolic_ring", "text"]


def symbolic_ring():
    """Return Sage's symbolic ring, which takes half a second to import and few calls need."""
    from sage.symbolic.ring import SR
    return SR
