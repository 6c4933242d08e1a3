r"""
Numbers of a module as exact constants: floats are numerators over a power of two.

Take the table ``[0.5, 1.25]``: it is ``[2, 5] / 4``.  A float that is written in the module, such as ``0.1``, is the
decimal that it is printed as.

EXAMPLES::

    sage: from sage_conslaw.pytorch.constants import constant, number
    sage: constant([0.5r, 1.25r]).values, constant([0.5r, 1.25r]).denominator
    (array([2, 5]), 4)
    sage: number(0.1r), number(3r)
    (Fraction(1, 10), Fraction(3, 1))
    sage: constant([float("inf")])
    Traceback (most recent call last):
    ...
    sage_conslaw.pytorch.refusals.Refused: a constant with entries that are not finite enters a sum or a product
"""
from fractions import Fraction

import numpy as np

from ..graph.tensor import Constant
from .refusals import Refused

# Numerators of constants are kept below 2^52: with a denominator in common they are exact for numbers of one size in
# double precision.
_BITS = 52


def constant(array, name=None):
    r"""
    Return an array of floats or integers as a constant of the graph, exactly if its entries are of similar size, else
    to 52 bits.
    """
    array = np.asarray(array)
    if array.dtype.kind in "bui":
        return Constant(array.astype(np.int64), name=name)
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise Refused("a constant with entries that are not finite enters a sum or a product")
    largest = np.abs(array).max(initial=0.0)
    shift = max(0, _BITS - int(np.ceil(np.log2(largest)))) if largest else 0
    shift = min(shift, 62)
    if largest >= 2.0 ** 62:
        raise Refused(f"a constant with entries up to {largest:.3g}, above 2^62, enters a sum or a product")
    scaled = np.rint(array * 2.0 ** shift).astype(np.int64)
    # What is not zero stays so: a neuron behind a factor of 1e-20 moves, one behind zero does not.
    scaled += ((scaled == 0) * np.sign(array)).astype(np.int64)
    # The common power of two is taken out, so that halves are halves.
    common = int(np.bitwise_or.reduce(np.abs(scaled), axis=None)) if scaled.size else 0
    spare = min(shift, (common & -common).bit_length() - 1) if common else shift
    return Constant(scaled >> spare, name=name, denominator=1 << (shift - spare))


def number(value):
    """Return a number of Python as a fraction: a float is read as the decimal that it is printed as."""
    if isinstance(value, float):
        if not np.isfinite(value):
            raise Refused(f"the number {value} enters a sum or a product")
        return Fraction(repr(value))
    return Fraction(int(value))
