r"""
All polynomial laws up to a degree: sampled linear equations, block by block, and an exact check of each law.

For a random point `z` and a random field `v` of the family, `\sum_a c_a \langle \nabla z^a, v(z) \rangle = 0` is one
linear equation for the coefficients of a law.  The kernel of any such equations modulo a prime has at least the
dimension of the space of laws over Q; where every kernel vector lifts to a law that is conserved exactly, the two are
equal, and the list is *proved* to hold every polynomial law of that degree.

- Trivial: the fields `\xi\,(y, x)` of the product `x y`.  For `a x^2 + b x y + c y^2` each draw gives
  `\xi\,(2 (a + c) x y + b (x^2 + y^2)) = 0`; two draws leave `(a, b, c) = (1, 0, -1)`, the law `x^2 - y^2`.
- Famous: linear networks.  Monomials of different weight never meet in a law (:mod:`.gradings`), so the kernel of all
  monomials, of size `N (N + 3) / 2`, is that of many small blocks, most of which have none.
- One that fails at first: a law whose coefficients are longer than half a prime does not lift.  Its block alone is
  solved modulo further primes, until it does; a kernel vector of one prime that is no law disappears on the way.
"""
import logging

import numpy as np

from ..exact import modular
from ..exact.arithmetic import ModularArithmetic
from ..exact.primes import UnluckyPrime, random_prime, with_lucky_prime
from ..exact.sparse_elimination import sparse_kernel, sparse_kernel_dimension
from ..exact.linear_algebra import full_column_rank, kernel
from ..exact.reconstruction import combine, reconstruct
from ..exact import terms as sparse
from ..exact.products import order
from ..fields.bracket import random_field
from ..fields.explicit import VectorFieldFamily
from ..runtime.progress import shown
from ..runtime.isolated import interruptible
from .basis import readable_basis
from .monomials import blocks
from .on_variety import laws_on_variety
from .over_parameters import Lift, complete
from .coefficients import coefficient_rows
from ..runtime.errors import InputError

logger = logging.getLogger(__name__)

# Blocks up to this size are eliminated side by side in numpy; a larger one is cheaper in FLINT.  Measured:
# at size 8 a block costs 25 us side by side and 35 us alone, at size 16 it is 140 us and 110 us.
_SMALL_BLOCK = 8

# Equations beyond the block's size.  Each one too many divides the chance of a kernel vector that is no law by
# about p; the exact check catches it in any case.
_EXTRA = 2

# From this size on a block of explicit fields is eliminated sparsely: about as fast at 300 monomials (20 ms), and for
# the quadratic laws of a reaction network with 34 species (629 monomials) 4 times faster.
_SPARSE_BLOCK = 300

# A dense kernel of 12000 monomials takes about 5 GB and ten minutes; larger ones are refused with their estimate.
MAX_DENSE_BLOCK = 12_000

# A larger kernel takes over a second and asks no deadline: with a time limit it runs in a process of its own.
_INTERRUPTED = 1500

# Entries of one batch of equations: 2^21 of them with their temporaries stay below 200 MB.
_BATCH = 1 << 21

# Values of the parameters that are tried; a random one is special with probability about degree / p.
_SPECIALISATIONS = 3

# Laws with integer coefficients of up to about 30 bits need one prime; every further one doubles the
# trouble of a law that nobody would read.  Reaching the limit raises.
MAX_PRIMES = 64


class _Samples:
    """Random points and fields modulo one prime, drawn once and shared by all blocks."""

    def __init__(self, family, p, generator):
        self.family, self.p, self.generator = family, p, generator
        n = family.dimension
        # Laws are over Q(constants): in one set of samples the constants have one random value each.
        self.values = modular.random_array(generator, (len(family.constants),), p)
        self.points = np.zeros((0, n + 1), dtype=np.int64)
        self.fields = np.zeros((0, n + 1), dtype=np.int64)

    def grow(self, number):
        missing = number - len(self.points)
        if missing <= 0:
            return
        missing = max(missing, 8)
        n = self.family.dimension
        points = modular.random_array(self.generator, (missing, n), self.p)
        points[:, list(self.family.constants)] = self.values
        values = random_field(self.family, self.generator, self.p, missing)(ModularArithmetic(self.p), points)
        values = np.broadcast_to(values, points.shape)
        # A further coordinate 1, which never moves, pads monomials of lower degree.
        one, zero = np.ones((missing, 1), dtype=np.int64), np.zeros((missing, 1), dtype=np.int64)
        self.points = np.concatenate([self.points, np.hstack([points, one])])
        self.fields = np.concatenate([self.fields, np.hstack([values, zero])])

    def equations(self, table, number):
        """Return the derivative of each monomial along each sampled field, ``(number,) + table.shape[:-1]``."""
        self.grow(number)
        z, v, p = self.points[:number], self.fields[:number], self.p
        # Leibniz' rule, factor by factor: the value of a product and its derivative along the field, side by side.
        value, moved = z[:, table[..., 0]], v[:, table[..., 0]]
        for column in range(1, table.shape[-1]):
            factor, factor_moved = z[:, table[..., column]], v[:, table[..., column]]
            moved = modular.add(modular.multiply(moved, factor, p), modular.multiply(value, factor_moved, p), p)
            if column + 1 < table.shape[-1]:
                value = modular.multiply(value, factor, p)
        return moved


def polynomial_laws(family, groups, generator, deadline=None, progress=False, pieces=None,
                    products=(), remarks=None):
    r"""
    Find a basis of all polynomial laws in a space of monomials, each one proved conserved over Q.

    INPUT:

    - ``family`` -- a control-affine family

    - ``groups`` -- the space: list of pairs (coordinates, degree), see :func:`monomials`

    - ``generator`` -- a ``numpy.random.Generator``

    - ``deadline`` -- an object whose ``check()`` raises when the time is over

    - ``progress`` -- whether to show a progress bar over the blocks, on standard error

    - ``pieces`` -- the monomials in blocks, if already computed

    - ``products`` -- independent laws in the space that are already proved; if there are as many as the kernel has
      dimensions, they are the answer

    - ``remarks`` -- a list that takes what is to be said of the list, such as products that are not written out

    OUTPUT: a list of sparse polynomials, sorted by degree; without the constants
    """
    if family.variety is not None and family.variety.relations:
        return laws_on_variety(family, groups, generator, deadline, pieces)

    def sampled(p):
        samples = _Samples(family, p, generator)
        samples.grow(8)
        return samples
    samples = with_lucky_prime(generator, sampled)
    solved, dimension = [], 0
    pieces = blocks(family, groups, generator, deadline) if pieces is None else pieces
    if products and len(pieces) == 1 and _sparse_dimension(samples, pieces[0], deadline) == len(products):
        return sorted(products, key=order)
    for group in shown(pieces, "block sizes", progress):
        for block in _blocks_with_kernel(samples, group, deadline):
            if deadline is not None:
                deadline.check()
            vectors = _modular_kernel(samples, block, deadline)
            if vectors:
                dimension += len(vectors)
                solved.append((samples, block, vectors))
    # As many independent laws as the kernel has dimensions: it can hold no others, and these are proved already.
    if products and len(products) == dimension:
        return sorted(products, key=order)
    solved = [_Block(family, *found) for found in solved]
    # All candidates are checked together, which is where most of the time goes; those that fail, later.
    if family.constants:
        found = _over_parameters(family, solved, generator, deadline, remarks)
        return sorted(found, key=order)
    verdicts = iter(family.conserved([law for block in solved for law in block.laws or []]))
    found = []
    for block in solved:
        # The list takes all verdicts of the block off the iterator; a generator would stop at the first that fails.
        good = block.laws is not None and all([next(verdicts) for _ in block.laws])
        found += block.laws if good else block.lift(deadline)
    return sorted(found, key=order)


def products_of_linear(laws, groups):
    r"""
    Return a basis of the polynomials in independent linear laws that lie in the search space.

    Where as many independent linear laws are known as there are laws at all, every polynomial law is a
    polynomial in them (in linear coordinates that begin with these laws, it depends on no other), so this is
    the space of all polynomial laws; it needs the space to hold all monomials up to one degree.
    """
    (_, degree), = groups
    found, level = list(laws), [(law, i) for i, law in enumerate(laws)]
    for _ in range(degree - 1):
        level = [(sparse.multiply(law, laws[j]), j) for law, i in level for j in range(i, len(laws))]
        found += [law for law, _ in level]
    return sorted(map(sparse.oriented, found), key=order)


def _blocks_with_kernel(samples, group, deadline):
    number, size, _ = group.shape
    if size > _SMALL_BLOCK:
        for block in group:
            yield block
        return
    step = max(1, _BATCH // (size * (size + _EXTRA)))
    for start in range(0, number, step):
        if deadline is not None:
            deadline.check()
        part = group[start:start + step]
        stack = np.moveaxis(samples.equations(part, size + _EXTRA), 0, 1)
        for block in part[~full_column_rank(stack, samples.p)]:
            yield block


def _sparse_rows(samples, block):
    """Return the equations of a block as sparse rows, where the fields are explicit and the block is large; else
    ``None``."""
    family = samples.family
    if len(block) < _SPARSE_BLOCK or not isinstance(family, VectorFieldFamily):
        return None
    monomials = [tuple(int(i) for i in row if i < family.dimension) for row in block]
    fields = ([family.drift] if family.drift else []) + family.controls
    return coefficient_rows(fields, monomials, family.constants, samples.values.tolist(), samples.p)


def _sparse_dimension(samples, group, deadline):
    """Return the dimension of the kernel of the only block, if it is solved sparsely; else ``None``."""
    rows = _sparse_rows(samples, group[0]) if len(group) == 1 else None
    return None if rows is None else sparse_kernel_dimension(rows, len(group[0]), samples.p, deadline)


def _modular_kernel(samples, block, deadline=None):
    rows = _sparse_rows(samples, block)
    if rows is not None:
        return sparse_kernel(rows, len(block), samples.p, deadline)
    if len(block) > MAX_DENSE_BLOCK:
        raise InputError(
            f"a block of {len(block)} monomials needs a dense kernel of {8e-9 * 4 * len(block) ** 2:.0f} GB; "
            "lower the degree"
        )
    rows = samples.equations(block, len(block) + _EXTRA)
    if len(block) > _INTERRUPTED:
        return interruptible(lambda _: kernel(rows, samples.p), deadline)
    return kernel(rows, samples.p)


def _over_parameters(family, blocks, generator, deadline, remarks):
    """Return all laws over Q(k); blocks that do not lift are tried again at other parameter values."""
    fields = family.sparse_fields()
    for _ in range(_SPECIALISATIONS):
        if deadline is not None:
            deadline.check()
        lifts = []
        for block in blocks:
            second = block.second()
            if second:
                lifts.append(
                    Lift(family, block.monomials, block.vectors, second, block.samples.values, block.samples.p)
                )
        if not complete(lifts, fields, generator, deadline):
            left_out = sum(lift.left_out for lift in lifts)
            if left_out and remarks is not None:
                number = f"{left_out} products of laws listed have" if left_out > 1 else "1 product of laws listed has"
                remarks.append(f"{number} too many terms in the parameters to be written out")
            return [law for lift in lifts for law in lift.laws]
        for block in blocks:
            block.again()
    raise ArithmeticError("the laws of a block of monomials do not lift to the rational functions of the parameters")


class _Block:
    """The candidates of one block modulo some primes, and their lifts to Q."""

    def __init__(self, family, samples, block, vectors):
        self.family, self.samples, self.block = family, samples, block
        self.monomials = [tuple(int(i) for i in row if i < family.dimension) for row in block]
        self.vectors, self.modulus = vectors, samples.p
        self.laws = None
        if not family.constants:
            self._reconstruct()

    def _reconstruct(self):
        rational = [reconstruct(vector, self.modulus) for vector in self.vectors]
        self.laws = None
        if all(vector is not None for vector in rational):
            self.laws = [sparse.oriented({self.monomials[i]: value for i, value in vector.items()})
                         for vector in readable_basis(rational)]

    def again(self):
        """Take the kernel at new values of the parameters."""
        self.samples = _Samples(self.family, self.samples.p, self.samples.generator)
        self.vectors = _modular_kernel(self.samples, self.block)

    def second(self):
        """Return the kernel at other values of the parameters; where it is smaller, that takes the place of the
        first."""
        while True:
            other = _Samples(self.family, self.samples.p, self.samples.generator)
            vectors = _modular_kernel(other, self.block)
            # Reduced kernels have the same free columns at all values but special ones.
            if [max(v) for v in vectors] == [max(v) for v in self.vectors]:
                return vectors
            # A special value has more laws, or others; of two that differ the second is the one to compare with next.
            if len(vectors) <= len(self.vectors):
                self.vectors, self.samples = vectors, other

    def lift(self, deadline):
        """Combine further primes until every kernel vector is a law over Q."""
        for _ in range(MAX_PRIMES):
            if deadline is not None:
                deadline.check()
            self._next_prime()
            if not self.vectors:
                return []
            self._reconstruct()
            if self.laws is not None and all(self.family.conserved(self.laws)):
                return self.laws
        raise ArithmeticError(f"the laws of a block of {len(self.block)} monomials have coefficients "
                              f"beyond {MAX_PRIMES} primes")

    def _next_prime(self):
        p = random_prime(self.samples.generator)
        if self.modulus % p == 0:
            return
        try:
            other = _modular_kernel(_Samples(self.family, p, self.samples.generator), self.block)
        except UnluckyPrime as error:
            logger.info("%s; taking another", error)
            return
        free, other_free = [max(v) for v in self.vectors], [max(v) for v in other]
        if free == other_free:
            self.vectors = [combine(a, self.modulus, b, p) for a, b in zip(self.vectors, other)]
            self.modulus *= p
            return
        # A rank that drops modulo one of the primes: the smaller kernel is the right one.
        logger.info("kernels of dimension %d and %d modulo different primes", len(free), len(other_free))
        if (len(other), [-i for i in other_free]) < (len(free), [-i for i in free]):
            self.vectors, self.modulus = other, p
