r"""
Dual numbers over polynomials with free symbols in place of what does not move: proofs at local cost.
"""
import numpy as np

from .arithmetic import Dual, DualArithmetic, filled, split_spec


class AbstractingArithmetic(DualArithmetic):
    r"""
    Dual numbers over polynomials in which entries that do not move are replaced by fresh symbols.

    If an identity holds with a symbol free, it holds with the value in its place: what vanishes here
    vanishes.  The converse may fail, so a nonzero result decides nothing.  Values are expanded only
    where their infinitesimal part is not zero, which keeps the cost of a proof local.
    """

    def __init__(self, base, symbols):
        super().__init__(base)
        self._symbols = iter(symbols)

    def fresh(self, shape):
        """Return an array of symbols that nothing else uses."""
        out = np.empty(shape, dtype=object)
        for index in np.ndindex(*out.shape):
            out[index] = next(self._symbols)
        return out

    def _settle(self, shape, moved, real):
        """Return the dual number with symbols where nothing moves; ``real()`` gives the values."""
        # Nothing moves: symbols for all, and real() is not called, so that no product is ever expanded.
        if moved is None or not any(moved.flat):
            return Dual(self.fresh(shape), None)
        value = real(moved)
        for index, entry in np.ndenumerate(moved):
            if not entry:
                # A proof uses an entry at rest as a free variable: what holds for every value of it holds for its own.
                value[index] = next(self._symbols)
        return Dual(value, moved)

    def add(self, a, b):
        moved = self._both(self.base.add, a.infinitesimal, b.infinitesimal)
        return self._settle(a.real.shape, moved, lambda _: self.base.add(a.real, b.real))

    def multiply(self, a, b):
        # An elementwise product is a contraction that sums over nothing: one rule for what is expanded.
        return self.contract("{0},{0}->{0}".format("ijklm"[:a.real.ndim]), a, b)

    def contract(self, spec, a, b):
        left, right, result = split_spec(spec)
        sizes = dict(zip(left, a.real.shape)) | dict(zip(right, b.real.shape))
        # Leibniz' rule, d(ab) = a db + da b, with a missing part for zero.
        first = None if b.infinitesimal is None else self.base.contract(spec, a.real, b.infinitesimal)
        second = None if a.infinitesimal is None else self.base.contract(spec, a.infinitesimal, b.real)
        moved = self._both(self.base.add, first, second)

        def real(moved):
            # Only the entries that move are expanded: the others' operands are masked on the result.
            products = self.base.products(spec, a.real, b.real)
            out = filled(moved.shape, self.base.ring.zero())
            for index, terms in products.items():
                if moved[index]:
                    out[index] = sum(x * y for x, y in terms)
            return out
        return self._settle([sizes[x] for x in result], moved, real)
