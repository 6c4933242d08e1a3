"""Arrays over GF(p), to find ranks."""
import numpy as np

from .. import modular
from ..primes import UnluckyPrime
from .interface import ArrayArithmetic, split_spec


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
        return np.asarray(values, dtype=np.int64) % self.p

    def fractions(self, values):
        out = np.empty(len(values), dtype=np.int64)
        for i, value in enumerate(values):
            if value.denominator % self.p == 0:
                raise UnluckyPrime(f"the prime {self.p} divides a denominator")
            out[i] = value.numerator * pow(value.denominator, -1, self.p) % self.p
        return out

    def segment_sum(self, a, starts):
        # Two residues of 62 bits fit into 63, many do not: halves of 31 bits are summed apart.
        high = np.add.reduceat(a >> 31, starts, axis=-1) % self.p
        low = np.add.reduceat(a & ((1 << 31) - 1), starts, axis=-1) % self.p
        return modular.add(modular.multiply(high, np.int64((1 << 31) % self.p), self.p), low, self.p)

    def add(self, a, b):
        return modular.add(a, b, self.p)

    def subtract(self, a, b):
        return modular.subtract(a, b, self.p)

    def negate(self, a):
        return modular.subtract(np.int64(0), a, self.p)

    def multiply(self, a, b):
        return modular.multiply(a, b, self.p)

    def contract(self, spec, a, b):
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
        if getattr(factor, "denominator", 1) != 1:
            factor = factor.numerator * pow(factor.denominator, -1, self.p)
        return modular.multiply(a, np.int64(int(factor) % self.p), self.p)
