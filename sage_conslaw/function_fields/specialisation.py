r"""
Kernels over Q(k): a random point of the parameters modulo a prime says where they are, exact elimination on few columns
what they are.

- Trivial: a matrix without parameters is one over `\QQ`.
- Famous: `(k, -1)` has the kernel `(1, k)`: at `k = 5` modulo `p` one pivot is seen, and the entry `k` is then found by
  exact elimination of that column alone.
- One that misleads: at `k = 0` the pivot is gone.  Points are random modulo a large prime, and what is found is checked
  over `\QQ(k)`.

::

    sage: import numpy
    sage: from sage_conslaw.function_fields.specialisation import Specialisation, exact_kernel
    sage: R = PolynomialRing(QQ, ["k"], 1); k = R.gen()
    sage: at = Specialisation(R, 2^61 - 1, numpy.random.default_rng(0r))
    sage: exact_kernel([{0r: k, 1r: R(1)}, {2r: R(1)}], 3r, R, at)
    [[1, -k, 0]]
    sage: at.has_kernel([{0r: k, 1r: -k}], 2r), at.has_kernel([{0r: R(1)}], 1r)
    (True, False)
"""
from math import gcd

import numpy as np

from .._sage import QQ, FractionField, matrix
from ..exact.linear_algebra import independent_rows, kernel, rank
from .parametric import residue
from .substitution import Substitution

# Kernels of at most this many columns over Q(k) are eliminated at once, in 10 ms; 30 dense ones take minutes.
SMALL_KERNEL = 8

# Degrees in the parameters of the kernel vectors that are read off from a substitution: small ones are common, and ten
# times as fast.
SUBSTITUTED_DEGREES = (3, 7)


class Specialisation:
    """A random point of the parameters modulo a prime: what has no kernel there has none over Q(k)."""

    def __init__(self, ring, p, generator):
        self.p, self._known = p, {}
        number = 0 if ring is QQ else ring.ngens()
        self.values = [int(x) for x in generator.integers(1, p, number)]

    def __call__(self, value):
        if isinstance(value, int):
            return value % self.p
        # The same few coefficients stand in many places of a matrix.
        if value not in self._known:
            self._known[value] = residue(value, self.values, self.p)
        return self._known[value]

    def matrix(self, rows, columns):
        """Return sparse rows as an array modulo the prime."""
        out = np.zeros((len(rows), columns), dtype=np.int64)
        for number, row in enumerate(rows):
            for column, value in row.items():
                out[number, column] = self(value)
        return out

    def has_kernel(self, rows, columns):
        """Decide whether the columns are dependent modulo the prime; if not, they are independent over Q(k)."""
        rows = [row for row in rows if row]
        return len(rows) < columns or rank(self.matrix(rows, columns), self.p) < columns


def exact_kernel(rows, columns, ring, at):
    r"""
    Return a basis over Q(k) of the kernel of sparse rows, as lists of ``columns`` entries.

    ALGORITHM: the kernel at a specialisation modulo a prime tells which columns take part; only these are eliminated
    over Q(k), and the result stands if it has as many dimensions.
    """
    modular = kernel(at.matrix(rows, columns), at.p)
    if not modular:
        # A rank modulo p at a point is at most that over Q(k): the kernel there is no smaller, so none is none.
        return []
    used = sorted({i for vector in modular for i in vector})
    if ring is not QQ and len(modular) == 1 and len(used) > SMALL_KERNEL:
        # Short rows first, and of all rows as many as are independent: what is found is checked on all.
        short = sorted(rows, key=len)
        independent = [short[i] for i in independent_rows(at.matrix(short, columns), at.p)]
        for degree in SUBSTITUTED_DEGREES:
            vector = _one_by_substitution(rows, independent, used, columns, Substitution(ring, degree))
            if vector is not None:
                return [vector]
    field = QQ if ring is QQ else FractionField(ring)
    for chosen in ([used] if len(used) == columns else [used, list(range(columns))]):
        place = {column: i for i, column in enumerate(chosen)}
        small = [{place[c]: v for c, v in row.items() if c in place} for row in rows]
        small = [row for row in small if row]
        basis = exact_matrix(small, len(chosen), field).right_kernel_matrix().echelon_form().rows()
        # Vectors on fewer columns are vectors of the whole kernel, whose dimension is at most that of the modular one:
        # as many are all.  Fewer mean a special point, and all columns are taken.
        if len(basis) == len(modular):
            break
    return [[vector[place[c]] if c in place else field.zero() for c in range(columns)] for vector in basis]


def _one_by_substitution(rows, independent, used, columns, large):
    """Return a kernel vector in Q[k] read off from that over Q at large parameters, proved, or ``None``."""
    if not large.fits:
        return None
    place = {column: i for i, column in enumerate(used)}
    small = [{place[c]: large(v) for c, v in row.items() if c in place} for row in independent]
    basis = exact_matrix([row for row in small if row], len(used), QQ).right_kernel_matrix()
    if basis.nrows() != 1:
        # Large parameters are no generic ones either.
        return None
    (vector,) = basis.rows()
    vector = vector * vector.denominator()
    content = gcd(*map(int, vector))
    for found in large.multiples([QQ(entry) / content for entry in vector]):
        out = [found[place[c]] if c in place else large.ring.zero() for c in range(columns)]
        # Digits are a guess.  A vector that solves all equations is the only one: the kernel has dimension one at most.
        if all(not sum((value * out[c] for c, value in row.items()), large.ring.zero()) for row in rows):
            return out
    return None


def exact_matrix(rows, columns, field):
    """Return sparse rows as a dense matrix over a field."""
    return matrix(
        field,
        len(rows),
        columns,
        {(r, c): field(v) for r, row in enumerate(rows) for c, v in row.items()},
        sparse=False,
    )
