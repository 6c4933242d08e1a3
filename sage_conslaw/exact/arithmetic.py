r"""
The arithmetic interface in which a network is written once, and its readings.

An arithmetic knows how to add, multiply, contract and rearrange arrays.  The trailing axes of an
array are the tensor's own; axes before them are a batch of independent points or draws.  The same
graph of operations then runs

- modulo a prime (:class:`ModularArithmetic`), to find ranks;
- on polynomials (:class:`PolynomialArithmetic`), to print and to prove;
- on floats (:class:`FloatArithmetic`), to simulate;
- on dual numbers over any of these (:class:`DualArithmetic`), for exact directional derivatives.
"""
from typing import NamedTuple

import numpy as np

from . import modular
from .elementary import FLOAT_VALUES, SLOPES
from .primes import UnluckyPrime


def split_spec(spec):
    r"""
    Return the index letters of the two operands and of the result of a contraction.

    EXAMPLES::

        sage: from sage_conslaw.exact.arithmetic import split_spec
        sage: split_spec("i,ij->j")
        ('i', 'ij', 'j')
    """
    operands, result = spec.split("->")
    left, right = operands.split(",")
    return left, right, result


class ArrayArithmetic:
    """What is the same for every kind of entry: moving entries around."""

    def embed(self, a):
        r"""
        Return plain data as constants of this arithmetic.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import FloatArithmetic
            sage: A, x = FloatArithmetic(), numpy.array([1.0, 2.0, 3.0])
            sage: A.embed(x)
            array([1., 2., 3.])
        """
        return a

    def slice(self, a, start, stop):
        r"""
        Return the entries of the last axis from ``start`` to ``stop``.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import FloatArithmetic
            sage: A, x = FloatArithmetic(), numpy.array([1.0, 2.0, 3.0])
            sage: A.slice(x, 1, 3)
            array([2., 3.])
        """
        return a[..., start:stop]

    def take(self, a, indices, axis=-1):
        r"""
        Return the entries at some places along an axis.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import FloatArithmetic
            sage: A, x = FloatArithmetic(), numpy.array([1.0, 2.0, 3.0])
            sage: A.take(x, [2, 0])
            array([3., 1.])
        """
        return np.take(a, indices, axis=axis)

    def reshape(self, a, old, new):
        r"""
        Return the array with its own axes ``old`` changed to ``new``; a batch before them stays.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import FloatArithmetic
            sage: A, x = FloatArithmetic(), numpy.array([1.0, 2.0, 3.0])
            sage: A.reshape(x, (3,), (3, 1))
            array([[1.],
            [2.],
            [3.]])
        """
        return np.reshape(a, a.shape[:a.ndim - len(old)] + tuple(new))

    def transpose(self, a, order):
        r"""
        Return the array with its own axes in another order.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import FloatArithmetic
            sage: A, x = FloatArithmetic(), numpy.array([1.0, 2.0, 3.0])
            sage: A.transpose(numpy.array([[1.0, 2.0]]), (1, 0)).shape
            (2, 1)
        """
        lead = a.ndim - len(order)
        return np.transpose(a, tuple(range(lead)) + tuple(lead + i for i in order))

    def concatenate(self, arrays, axis):
        r"""
        Return arrays joined along an axis, counted from the end; a batch is broadcast.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import FloatArithmetic
            sage: A, x = FloatArithmetic(), numpy.array([1.0, 2.0, 3.0])
            sage: A.concatenate([x, x], -1)
            array([1., 2., 3., 1., 2., 3.])
        """
        lead = np.broadcast_shapes(*(self._lead(a, axis) for a in arrays))
        return np.concatenate([np.broadcast_to(a, lead + a.shape[axis:]) for a in arrays], axis=axis)

    @staticmethod
    def _lead(a, axis):
        return a.shape[:a.ndim + axis]



class ModularArithmetic(ArrayArithmetic):
    r"""
    Arrays over GF(p).

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
        sage: A = ModularArithmetic(101)
        sage: A.contract("i,ij->j", numpy.array([1, 2]), numpy.array([[3, 4], [50, 60]]))
        array([ 2, 23])
        sage: A.negate(numpy.array([0, 1]))
        array([  0, 100])
    """

    def __init__(self, p):
        self.p = int(p)

    def constant(self, values):
        r"""
        Return integers as residues.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: A, x = ModularArithmetic(101), numpy.array([1, 100, 3])
            sage: A.constant([-1, 102])
            array([100,   1])
        """
        return np.asarray(values, dtype=np.int64) % self.p

    def fractions(self, values):
        r"""
        Return rational constants as an array; a denominator divisible by p makes the prime unlucky.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: A, x = ModularArithmetic(101), numpy.array([1, 100, 3])
            sage: from fractions import Fraction
            sage: A.fractions([Fraction(1r, 2r)])
            array([51])
        """
        out = np.empty(len(values), dtype=np.int64)
        for i, value in enumerate(values):
            if value.denominator % self.p == 0:
                raise UnluckyPrime(f"the prime {self.p} divides a denominator")
            out[i] = value.numerator * pow(value.denominator, -1, self.p) % self.p
        return out

    def segment_sum(self, a, starts):
        r"""
        Sum the runs of the last axis that begin at ``starts``.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: A, x = ModularArithmetic(101), numpy.array([1, 100, 3])
            sage: A.segment_sum(x, [0, 2])
            array([0, 3])
        """
        high = np.add.reduceat(a >> 31, starts, axis=-1) % self.p
        low = np.add.reduceat(a & ((1 << 31) - 1), starts, axis=-1) % self.p
        return modular.add(modular.multiply(high, np.int64((1 << 31) % self.p), self.p), low, self.p)

    def add(self, a, b):
        r"""
        Return the sum.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: A, x = ModularArithmetic(101), numpy.array([1, 100, 3])
            sage: A.add(x, x)
            array([ 2, 99,  6])
        """
        return modular.add(a, b, self.p)

    def subtract(self, a, b):
        r"""
        Return the difference.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: A, x = ModularArithmetic(101), numpy.array([1, 100, 3])
            sage: A.subtract(x, x[::-1])
            array([99,  0,  2])
        """
        return modular.subtract(a, b, self.p)

    def negate(self, a):
        r"""
        Return the negative.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: A, x = ModularArithmetic(101), numpy.array([1, 100, 3])
            sage: A.negate(x)
            array([100,   1,  98])
        """
        return modular.subtract(np.int64(0), a, self.p)

    def multiply(self, a, b):
        r"""
        Return the elementwise product.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: A, x = ModularArithmetic(101), numpy.array([1, 100, 3])
            sage: A.multiply(x, x)
            array([1, 1, 9])
        """
        return modular.multiply(a, b, self.p)

    def contract(self, spec, a, b):
        r"""
        Contract like ``numpy.einsum`` with an ellipsis before each operand, modulo p.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: A, x = ModularArithmetic(101), numpy.array([1, 100, 3])
            sage: A.contract("i,i->", x, x)
            array(11)
        """
        left, right, result = split_spec(spec)
        shared = [x for x in left if x in right]
        batch = [x for x in shared if x in result]
        summed = [x for x in shared if x not in result]
        rows = [x for x in left if x not in right]
        columns = [x for x in right if x not in left]
        sizes = dict(zip(left, a.shape[a.ndim - len(left):])) | dict(zip(right, b.shape[b.ndim - len(right):]))
        size = lambda letters: int(np.prod([sizes[x] for x in letters], dtype=np.int64))
        a = self._arrange(a, left, (batch, rows, summed), size)
        b = self._arrange(b, right, (batch, summed, columns), size)
        lead = np.broadcast_shapes(a.shape[:-3], b.shape[:-3])
        if a.size and b.size:
            product = self._matmul(a, b)
        else:
            product = np.zeros(lead + (size(batch), size(rows), size(columns)), dtype=np.int64)
        product = product.reshape(lead + tuple(sizes[x] for x in batch + rows + columns))
        order = batch + rows + columns
        return self.transpose(product, [order.index(x) for x in result])

    def _arrange(self, a, letters, groups, size):
        order = [letters.index(x) for group in groups for x in group]
        a = self.transpose(a, order)
        return a.reshape(a.shape[:a.ndim - len(letters)] + tuple(size(group) for group in groups))

    def _matmul(self, a, b):
        # One operand without a batch: fold the other's batch into the rows, for one large product.
        if a.shape[-3] == 1 and b.shape[-3] == 1:
            lead_a, lead_b = a.shape[:-3], b.shape[:-3]
            if not lead_b:
                flat = a.reshape((-1, a.shape[-1]))
                out = modular.matrix_multiply(flat, b[0], self.p)
                return out.reshape(lead_a + (1, a.shape[-2], b.shape[-1]))
            if not lead_a:
                flat = np.swapaxes(b, -1, -2).reshape((-1, b.shape[-2]))
                out = modular.matrix_multiply(flat, a[0].T, self.p)
                return np.swapaxes(out.reshape(lead_b + (1, b.shape[-1], a.shape[-2])), -1, -2)
        return modular.matrix_multiply(a, b, self.p)

    def scale(self, a, factor):
        r"""
        Return the product with an integer.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: A, x = ModularArithmetic(101), numpy.array([1, 100, 3])
            sage: A.scale(x, 2r)
            array([ 2, 99,  6])
        """
        if getattr(factor, "denominator", 1) != 1:
            factor = factor.numerator * pow(factor.denominator, -1, self.p)
        return modular.multiply(a, np.int64(int(factor) % self.p), self.p)


class _OperatorArithmetic(ArrayArithmetic):
    """Entries whose own operators are the arithmetic."""

    def add(self, a, b):
        r"""
        Return the sum.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import FloatArithmetic
            sage: A, x = FloatArithmetic(), numpy.array([1.0, 2.0, 3.0])
            sage: A.add(x, x)
            array([2., 4., 6.])
        """
        return a + b

    def subtract(self, a, b):
        r"""
        Return the difference.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import FloatArithmetic
            sage: A, x = FloatArithmetic(), numpy.array([1.0, 2.0, 3.0])
            sage: A.subtract(x, x)
            array([0., 0., 0.])
        """
        return a - b

    def negate(self, a):
        r"""
        Return the negative.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import FloatArithmetic
            sage: A, x = FloatArithmetic(), numpy.array([1.0, 2.0, 3.0])
            sage: A.negate(x)
            array([-1., -2., -3.])
        """
        return -a

    def multiply(self, a, b):
        r"""
        Return the elementwise product.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import FloatArithmetic
            sage: A, x = FloatArithmetic(), numpy.array([1.0, 2.0, 3.0])
            sage: A.multiply(x, x)
            array([1., 4., 9.])
        """
        return a * b

    def segment_sum(self, a, starts):
        r"""
        Sum the runs of the last axis that begin at ``starts``.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import FloatArithmetic
            sage: A, x = FloatArithmetic(), numpy.array([1.0, 2.0, 3.0])
            sage: A.segment_sum(x, [0, 2])
            array([3., 3.])
        """
        return np.add.reduceat(a, starts, axis=-1)


class FloatArithmetic(_OperatorArithmetic):
    r"""
    Arrays of doubles, to simulate; no rank is ever decided here.

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw.exact.arithmetic import FloatArithmetic
        sage: FloatArithmetic().contract("i,i->i", numpy.array([1.5]), numpy.array([2.0]))
        array([3.])
    """

    def constant(self, values):
        r"""
        Return numbers as doubles.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import FloatArithmetic
            sage: A, x = FloatArithmetic(), numpy.array([1.0, 2.0, 3.0])
            sage: A.constant([1, 2])
            array([1., 2.])
        """
        return np.asarray(values, dtype=np.float64)

    def fractions(self, values):
        r"""
        Return rational constants as doubles.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import FloatArithmetic
            sage: A, x = FloatArithmetic(), numpy.array([1.0, 2.0, 3.0])
            sage: from fractions import Fraction
            sage: A.fractions([Fraction(1r, 2r)])
            array([0.5])
        """
        return np.array([float(value) for value in values])

    def contract(self, spec, a, b):
        r"""
        Contract like ``numpy.einsum`` with an ellipsis before each operand.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import FloatArithmetic
            sage: A, x = FloatArithmetic(), numpy.array([1.0, 2.0, 3.0])
            sage: A.contract("i,i->", x, x).item()
            14.0
        """
        left, right, result = split_spec(spec)
        return np.einsum(f"...{left},...{right}->...{result}", a, b)

    def scale(self, a, factor):
        r"""
        Return the product with a number.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import FloatArithmetic
            sage: A, x = FloatArithmetic(), numpy.array([1.0, 2.0, 3.0])
            sage: A.scale(x, 2r)
            array([2., 4., 6.])
        """
        return a * float(factor)

    def elementary(self, name, a):
        r"""
        Return an elementary function of each entry.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import FloatArithmetic
            sage: FloatArithmetic().elementary("exp", numpy.array([0.0]))
            array([1.])
        """
        return FLOAT_VALUES[name](a)


def filled(shape, value):
    """Return an array of one object; a polynomial is no sequence of its terms here, as numpy would have it."""
    out = np.empty(shape, dtype=object)
    out.fill(value)
    return out


class PolynomialArithmetic(_OperatorArithmetic):
    r"""
    Arrays of elements of a Sage ring, for identities that hold exactly.

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw.exact.arithmetic import PolynomialArithmetic
        sage: R.<u, v> = QQ[]
        sage: A = PolynomialArithmetic(R)
        sage: A.contract("i,i->", A.constant([1, 2]), numpy.array([u, v], dtype=object))
        array(u + 2*v, dtype=object)
    """

    def __init__(self, ring):
        self.ring = ring

    def constant(self, values):
        r"""
        Return integers as elements of the ring.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import PolynomialArithmetic
            sage: R.<u, v> = QQ[]
            sage: A, x = PolynomialArithmetic(R), numpy.array([u, v], dtype=object)
            sage: A.constant([1, 0])
            array([1, 0], dtype=object)
        """
        values = np.asarray(values)
        out = np.empty(values.shape, dtype=object)
        for index, value in np.ndenumerate(values):
            out[index] = self.ring(int(value))
        return out

    def fractions(self, values):
        r"""
        Return rational constants as polynomials.

        EXAMPLES::

            sage: from fractions import Fraction
            sage: from sage_conslaw.exact.arithmetic import PolynomialArithmetic
            sage: R.<u, v> = QQ[]
            sage: PolynomialArithmetic(R).fractions([Fraction(1r, 2r)])
            array([1/2], dtype=object)
        """
        out = np.empty(len(values), dtype=object)
        for i, value in enumerate(values):
            out[i] = self.ring(value.numerator) / value.denominator
        return out

    def contract(self, spec, a, b):
        r"""
        Contract sparse operands; only products that are not zero are taken.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import PolynomialArithmetic
            sage: R.<u, v> = QQ[]
            sage: A, x = PolynomialArithmetic(R), numpy.array([u, v], dtype=object)
            sage: A.contract("i,i->", x, x)
            array(u^2 + v^2, dtype=object)
        """
        left, right, result = split_spec(spec)
        sizes = dict(zip(left, a.shape)) | dict(zip(right, b.shape))
        out = filled([sizes[x] for x in result], self.ring.zero())
        for index, terms in self._products(spec, a, b).items():
            out[index] = sum(x * y for x, y in terms)
        return out

    def _products(self, spec, a, b):
        """Return the nonzero products of a contraction by entry of the result (the operands are sparse)."""
        left, right, result = split_spec(spec)
        shared = [x for x in left if x in right]
        by_key = {}
        for index, entry in np.ndenumerate(b):
            if entry:
                at = dict(zip(right, index))
                by_key.setdefault(tuple(at[x] for x in shared), []).append((at, entry))
        products = {}
        for index, entry in np.ndenumerate(a):
            at = dict(zip(left, index))
            others = by_key.get(tuple(at[x] for x in shared), ())
            if others and entry:
                for other_at, other in others:
                    place = tuple(at[x] if x in at else other_at[x] for x in result)
                    products.setdefault(place, []).append((entry, other))
        return products

    # Operators on arrays without axes give bare entries; these are arrays again.
    def add(self, a, b):
        r"""
        Return the sum.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import PolynomialArithmetic
            sage: R.<u, v> = QQ[]
            sage: A, x = PolynomialArithmetic(R), numpy.array([u, v], dtype=object)
            sage: A.add(x, x)
            array([2*u, 2*v], dtype=object)
        """
        return _object_array(a + b)

    def subtract(self, a, b):
        r"""
        Return the difference.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import PolynomialArithmetic
            sage: R.<u, v> = QQ[]
            sage: A, x = PolynomialArithmetic(R), numpy.array([u, v], dtype=object)
            sage: A.subtract(x, x)
            array([0, 0], dtype=object)
        """
        return _object_array(a - b)

    def negate(self, a):
        r"""
        Return the negative.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import PolynomialArithmetic
            sage: R.<u, v> = QQ[]
            sage: A, x = PolynomialArithmetic(R), numpy.array([u, v], dtype=object)
            sage: A.negate(x)
            array([-u, -v], dtype=object)
        """
        return _object_array(-a)

    def multiply(self, a, b):
        r"""
        Return the elementwise product.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import PolynomialArithmetic
            sage: R.<u, v> = QQ[]
            sage: A, x = PolynomialArithmetic(R), numpy.array([u, v], dtype=object)
            sage: A.multiply(x, x)
            array([u^2, v^2], dtype=object)
        """
        return _object_array(a * b)

    def scale(self, a, factor):
        r"""
        Return the product with a number.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import PolynomialArithmetic
            sage: R.<u, v> = QQ[]
            sage: A, x = PolynomialArithmetic(R), numpy.array([u, v], dtype=object)
            sage: A.scale(x, 3r)
            array([3*u, 3*v], dtype=object)
        """
        # Entry by entry: the product of an array and a polynomial is left to numpy or to Sage by its size.
        out, number = np.empty(a.shape, dtype=object), self.ring(int(factor.numerator)) / int(factor.denominator)
        for index, value in np.ndenumerate(a):
            out[index] = value * number
        return out


def _object_array(entry):
    if isinstance(entry, np.ndarray):
        return entry
    out = np.empty((), dtype=object)
    out[()] = entry
    return out


class Dual(NamedTuple):
    r"""
    A dual number ``real + eps * infinitesimal`` with ``eps^2 = 0``; ``None`` stands for zero.

    EXAMPLES::

        sage: from sage_conslaw.exact.arithmetic import Dual
        sage: Dual(1, None).infinitesimal is None
        True
    """

    real: object
    infinitesimal: object

    @property
    def shape(self):
        r"""
        The shape of the real part.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import Dual, DualArithmetic, ModularArithmetic
            sage: A = DualArithmetic(ModularArithmetic(101))
            sage: x = Dual(numpy.array([7, 8]), numpy.array([1, 0]))
            sage: x.shape
            (2,)
        """
        return self.real.shape


class DualArithmetic:
    r"""
    Dual numbers over another arithmetic: exact first derivatives, nested for higher ones.

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw.exact.arithmetic import Dual, DualArithmetic, ModularArithmetic
        sage: A = DualArithmetic(ModularArithmetic(101))
        sage: x = Dual(numpy.array([7]), numpy.array([1]))
        sage: A.multiply(x, x)                             # x^2 and its derivative 2 x
        Dual(real=array([49]), infinitesimal=array([14]))
    """

    def __init__(self, base):
        self.base = base

    def embed(self, a):
        r"""
        Return plain data as constants.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import Dual, DualArithmetic, ModularArithmetic
            sage: A = DualArithmetic(ModularArithmetic(101))
            sage: x = Dual(numpy.array([7, 8]), numpy.array([1, 0]))
            sage: A.embed(numpy.array([7])).infinitesimal is None
            True
        """
        return Dual(self.base.embed(a), None)

    def constant(self, values):
        r"""
        Return integers as constants.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import Dual, DualArithmetic, ModularArithmetic
            sage: A = DualArithmetic(ModularArithmetic(101))
            sage: x = Dual(numpy.array([7, 8]), numpy.array([1, 0]))
            sage: A.constant([-1])
            Dual(real=array([100]), infinitesimal=None)
        """
        return Dual(self.base.constant(values), None)

    def fractions(self, values):
        r"""
        Return rational constants.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import Dual, DualArithmetic, ModularArithmetic
            sage: A = DualArithmetic(ModularArithmetic(101))
            sage: x = Dual(numpy.array([7, 8]), numpy.array([1, 0]))
            sage: from fractions import Fraction
            sage: A.fractions([Fraction(1r, 2r)])
            Dual(real=array([51]), infinitesimal=None)
        """
        return Dual(self.base.fractions(values), None)

    def segment_sum(self, a, starts):
        r"""
        Sum the runs of the last axis that begin at ``starts``.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import Dual, DualArithmetic, ModularArithmetic
            sage: A = DualArithmetic(ModularArithmetic(101))
            sage: x = Dual(numpy.array([7, 8]), numpy.array([1, 0]))
            sage: A.segment_sum(x, [0])
            Dual(real=array([15]), infinitesimal=array([1]))
        """
        return self._map(lambda x: self.base.segment_sum(x, starts), a)

    def _both(self, operation, a, b, missing=lambda x: x):
        if b is None:
            return a
        if a is None:
            return missing(b)
        return operation(a, b)

    def add(self, a, b):
        r"""
        Return the sum.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import Dual, DualArithmetic, ModularArithmetic
            sage: A = DualArithmetic(ModularArithmetic(101))
            sage: x = Dual(numpy.array([7, 8]), numpy.array([1, 0]))
            sage: A.add(x, x)
            Dual(real=array([14, 16]), infinitesimal=array([2, 0]))
        """
        return Dual(self.base.add(a.real, b.real), self._both(self.base.add, a.infinitesimal, b.infinitesimal))

    def subtract(self, a, b):
        r"""
        Return the difference.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import Dual, DualArithmetic, ModularArithmetic
            sage: A = DualArithmetic(ModularArithmetic(101))
            sage: x = Dual(numpy.array([7, 8]), numpy.array([1, 0]))
            sage: A.subtract(x, x)
            Dual(real=array([0, 0]), infinitesimal=array([0, 0]))
        """
        return Dual(self.base.subtract(a.real, b.real),
                    self._both(self.base.subtract, a.infinitesimal, b.infinitesimal, self.base.negate))

    def negate(self, a):
        r"""
        Return the negative.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import Dual, DualArithmetic, ModularArithmetic
            sage: A = DualArithmetic(ModularArithmetic(101))
            sage: x = Dual(numpy.array([7, 8]), numpy.array([1, 0]))
            sage: A.negate(x)
            Dual(real=array([94, 93]), infinitesimal=array([100,   0]))
        """
        return self._map(self.base.negate, a)

    def scale(self, a, factor):
        r"""
        Return the product with an integer.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import Dual, DualArithmetic, ModularArithmetic
            sage: A = DualArithmetic(ModularArithmetic(101))
            sage: x = Dual(numpy.array([7, 8]), numpy.array([1, 0]))
            sage: A.scale(x, 3r)
            Dual(real=array([21, 24]), infinitesimal=array([3, 0]))
        """
        return self._map(lambda x: self.base.scale(x, factor), a)

    def _map(self, operation, a):
        return Dual(operation(a.real), None if a.infinitesimal is None else operation(a.infinitesimal))

    def _product(self, operation, a, b):
        left = None if b.infinitesimal is None else operation(a.real, b.infinitesimal)
        right = None if a.infinitesimal is None else operation(a.infinitesimal, b.real)
        return Dual(operation(a.real, b.real), self._both(self.base.add, left, right))

    def multiply(self, a, b):
        r"""
        Return the elementwise product, by Leibniz' rule.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import Dual, DualArithmetic, ModularArithmetic
            sage: A = DualArithmetic(ModularArithmetic(101))
            sage: x = Dual(numpy.array([7, 8]), numpy.array([1, 0]))
            sage: A.multiply(x, x)
            Dual(real=array([49, 64]), infinitesimal=array([14,  0]))
        """
        return self._product(self.base.multiply, a, b)

    def contract(self, spec, a, b):
        r"""
        Contract, by Leibniz' rule.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import Dual, DualArithmetic, ModularArithmetic
            sage: A = DualArithmetic(ModularArithmetic(101))
            sage: x = Dual(numpy.array([7, 8]), numpy.array([1, 0]))
            sage: A.contract("i,i->i", x, x)
            Dual(real=array([49, 64]), infinitesimal=array([14,  0]))
        """
        return self._product(lambda x, y: self.base.contract(spec, x, y), a, b)

    def elementary(self, name, a):
        r"""
        Return an elementary function of each entry, by the chain rule.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import Dual, DualArithmetic, FloatArithmetic
            sage: A = DualArithmetic(FloatArithmetic())
            sage: A.elementary("exp", Dual(numpy.array([0.0]), numpy.array([2.0])))
            Dual(real=array([1.]), infinitesimal=array([2.]))
        """
        value = self.base.elementary(name, a.real)
        if a.infinitesimal is None:
            return Dual(value, None)
        return Dual(value, self.base.multiply(SLOPES[name](self.base, a.real, value), a.infinitesimal))

    def slice(self, a, start, stop):
        r"""
        Return the entries of the last axis from ``start`` to ``stop``.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import Dual, DualArithmetic, ModularArithmetic
            sage: A = DualArithmetic(ModularArithmetic(101))
            sage: x = Dual(numpy.array([7, 8]), numpy.array([1, 0]))
            sage: A.slice(x, 0, 1)
            Dual(real=array([7]), infinitesimal=array([1]))
        """
        return self._map(lambda x: self.base.slice(x, start, stop), a)

    def take(self, a, indices, axis=-1):
        r"""
        Return the entries at some places along an axis.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import Dual, DualArithmetic, ModularArithmetic
            sage: A = DualArithmetic(ModularArithmetic(101))
            sage: x = Dual(numpy.array([7, 8]), numpy.array([1, 0]))
            sage: A.take(x, [1])
            Dual(real=array([8]), infinitesimal=array([0]))
        """
        return self._map(lambda x: self.base.take(x, indices, axis), a)

    def reshape(self, a, old, new):
        r"""
        Return the array with its own axes ``old`` changed to ``new``.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import Dual, DualArithmetic, ModularArithmetic
            sage: A = DualArithmetic(ModularArithmetic(101))
            sage: x = Dual(numpy.array([7, 8]), numpy.array([1, 0]))
            sage: A.reshape(x, (2,), (2, 1)).shape
            (2, 1)
        """
        return self._map(lambda x: self.base.reshape(x, old, new), a)

    def transpose(self, a, order):
        r"""
        Return the array with its own axes in another order.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import Dual, DualArithmetic, ModularArithmetic
            sage: A = DualArithmetic(ModularArithmetic(101))
            sage: x = Dual(numpy.array([7, 8]), numpy.array([1, 0]))
            sage: A.transpose(A.reshape(x, (2,), (2, 1)), (1, 0)).shape
            (1, 2)
        """
        return self._map(lambda x: self.base.transpose(x, order), a)

    def concatenate(self, arrays, axis):
        r"""
        Return arrays joined along an axis, counted from the end.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import Dual, DualArithmetic, ModularArithmetic
            sage: A = DualArithmetic(ModularArithmetic(101))
            sage: x = Dual(numpy.array([7, 8]), numpy.array([1, 0]))
            sage: A.concatenate([x, A.constant([5])], -1)
            Dual(real=array([7, 8, 5]), infinitesimal=array([1, 0, 0]))
        """
        real = self.base.concatenate([a.real for a in arrays], axis)
        if all(a.infinitesimal is None for a in arrays):
            return Dual(real, None)
        parts = [a.infinitesimal if a.infinitesimal is not None
                 else self.base.scale(a.real, 0) for a in arrays]
        return Dual(real, self.base.concatenate(parts, axis))
