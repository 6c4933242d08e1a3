"""Arrays over GF(p), to find ranks."""
from functools import lru_cache
from math import prod
from typing import NamedTuple

import numpy as np

from .. import modular
from ..primes import UnluckyPrime
from .interface import ArrayArithmetic, split_spec


class _Plan(NamedTuple):
    """A contraction as a batch of products of matrices: the orders of the axes, and how many make up each group."""

    left: tuple
    groups_left: tuple
    right: tuple
    groups_right: tuple
    result: tuple


@lru_cache(maxsize=1024)
def _plan(spec):
    # A graph asks for a few contractions, thousands of times: their letters are looked at once.
    left, right, result = split_spec(spec)
    batch = [x for x in left if x in right and x in result]
    summed = [x for x in left if x in right and x not in result]
    rows = [x for x in left if x not in right]
    columns = [x for x in right if x not in left]
    # Letters in both operands and the result number a batch, those summed are the inner dimension of a product of
    # matrices.
    order = batch + rows + columns
    return _Plan(
        tuple(left.index(x) for x in batch + rows + summed), (len(batch), len(rows), len(summed)),
        tuple(right.index(x) for x in batch + summed + columns), (len(batch), len(summed), len(columns)),
        tuple(order.index(x) for x in result),
    )


class ModularArithmetic(ArrayArithmetic):
    """Arrays over GF(p)."""

    def __init__(self, p):
        self.p = int(p)

    def constant(self, values):
        return np.asarray(values, dtype=np.int64) % self.p

    def fractions(self, values):
        out = np.empty(len(values), dtype=np.int64)
        for i, value in enumerate(values):
            # Such a reduction does not exist; whoever drew the prime draws another.
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
        plan = _plan(spec)
        a, (batch, rows, summed) = self._arrange(a, plan.left, plan.groups_left)
        b, (_, _, columns) = self._arrange(b, plan.right, plan.groups_right)
        # A sum over no terms is zero; a product of matrices with an empty axis need not be asked.
        if a.size and b.size:
            product = self._matmul(a, b)
        else:
            lead = np.broadcast_shapes(a.shape[:-3], b.shape[:-3])
            product = np.zeros(lead + (prod(batch), prod(rows), prod(columns)), dtype=np.int64)
        product = product.reshape(product.shape[:-3] + batch + rows + columns)
        return self.transpose(product, plan.result)

    def _arrange(self, a, order, groups):
        """Return an operand with three own axes (of the batch of matrices, the rows, the columns), and their sizes."""
        lead = a.ndim - len(order)
        a = np.transpose(a, (*range(lead), *(lead + i for i in order)))
        first, second = lead + groups[0], lead + groups[0] + groups[1]
        shapes = a.shape[lead:first], a.shape[first:second], a.shape[second:]
        return a.reshape(a.shape[:lead] + tuple(map(prod, shapes))), shapes

    def _matmul(self, a, b):
        # One operand without a batch: fold the other's batch into the rows, for one large product.
        if a.shape[-3] == 1 and b.shape[-3] == 1:
            # Large products are done by BLAS on limbs, which a stack of small ones is not.
            lead_a, lead_b = a.shape[:-3], b.shape[:-3]
            if not lead_b:
                flat = a.reshape((-1, a.shape[-1]))
                out = modular.matrix_multiply(flat, b[0], self.p)
                return out.reshape(lead_a + (1, a.shape[-2], b.shape[-1]))
            if not lead_a:
                # (a b)^T = b^T a^T puts the batch of b into rows, too.
                flat = np.swapaxes(b, -1, -2).reshape((-1, b.shape[-2]))
                out = modular.matrix_multiply(flat, a[0].T, self.p)
                return np.swapaxes(out.reshape(lead_b + (1, b.shape[-1], a.shape[-2])), -1, -2)
        return modular.matrix_multiply(a, b, self.p)

    def scale(self, a, factor):
        if getattr(factor, "denominator", 1) != 1:
            factor = factor.numerator * pow(factor.denominator, -1, self.p)
        return modular.multiply(a, np.int64(int(factor) % self.p), self.p)
