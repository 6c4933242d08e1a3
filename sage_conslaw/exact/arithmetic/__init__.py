r"""
The arithmetic interface in which a network is written once, and its readings.

An arithmetic knows how to add, multiply, contract and rearrange arrays (:class:`~.interface.Arithmetic`).  The trailing
axes of an array are the tensor's own; axes before them are a batch of independent points or draws.  The same graph of
operations then runs

- modulo a prime (:class:`ModularArithmetic`), to find ranks;
- on polynomials (:class:`PolynomialArithmetic`), to print and to prove;
- on floats (:class:`FloatArithmetic`), to simulate;
- on dual numbers over any of these (:class:`DualArithmetic`), for exact directional derivatives.

EXAMPLES:

One contraction in each of them::

    sage: import numpy
    sage: from sage_conslaw.exact.arithmetic import *
    sage: def square(A, x): return A.contract("i,i->", x, x)
    sage: square(ModularArithmetic(11), numpy.array([3, 4]))
    array(3)
    sage: square(FloatArithmetic(), numpy.array([3.0, 4.0])).item()
    25.0
    sage: R.<u, v> = QQ[]
    sage: square(PolynomialArithmetic(R), numpy.array([u, v], dtype=object))
    array(u^2 + v^2, dtype=object)

Its derivative, `2 (3, 4) \cdot (1, 0)`, without a difference quotient::

    sage: x = Dual(numpy.array([3, 4]), numpy.array([1, 0]))
    sage: square(DualArithmetic(ModularArithmetic(11)), x).infinitesimal.item()
    6

What has no meaning there is refused: modulo 11 there is no `1/11`, so that another prime is drawn::

    sage: from fractions import Fraction
    sage: ModularArithmetic(11).fractions([Fraction(1r, 11r)])
    Traceback (most recent call last):
    ...
    sage_conslaw.exact.primes.UnluckyPrime: the prime 11 divides a denominator
"""
from .dual import Dual, DualArithmetic
from .floats import FloatArithmetic
from .interface import Arithmetic, ObjectArithmetic, as_array, split_spec
from .modulo_prime import ModularArithmetic
from .on_polynomials import PolynomialArithmetic, filled

__all__ = ["Arithmetic", "Dual", "DualArithmetic", "FloatArithmetic", "ModularArithmetic", "ObjectArithmetic",
           "PolynomialArithmetic", "as_array", "filled", "split_spec"]
