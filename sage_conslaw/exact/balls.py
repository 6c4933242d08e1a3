r"""
Ball arithmetic: real numbers as midpoints with proved radii, on numpy arrays of FLINT's ``arb``.

Whatever is computed here contains the true real value. A determinant whose ball leaves out zero is therefore a proof
that rows are independent: of the 2 x 2 matrix with rows `(\tanh 1, \tanh 2)` and `(\tanh 2, \tanh 1)` the ball is
`-0.3493... \pm 10^{-38}`. A ball that contains zero decides nothing.
"""
from contextlib import contextmanager

import flint
import numpy as np
from flint import arb, arb_mat, fmpq

from .arithmetic import ObjectArithmetic, as_array, split_spec
from .elementary import BALL_VALUES

_ONE_BY_ONE = {name: np.frompyfunc(function, 1, 1) for name, function in BALL_VALUES.items()}
_to_ball = np.frompyfunc(arb, 1, 1)
_to_float = np.frompyfunc(float, 1, 1)


@contextmanager
def precision(bits):
    """Compute with this many bits, and restore FLINT's setting."""
    # The precision is global in FLINT: left behind, it would change every later computation of the process.
    before = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = before


def midpoints(balls):
    """Return the midpoints of an array of balls as doubles, to choose pivots by."""
    return np.asarray(_to_float(balls), dtype=np.float64)


class BallArithmetic(ObjectArithmetic):
    r"""
    Arrays of balls, in the precision that is set.

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw.exact.balls import BallArithmetic, nonzero_minor, rank_beyond
        sage: A = BallArithmetic()
        sage: z = A.elementary("tanh", A.embed(numpy.array([0.5, 1.0])))
        sage: float(z[0r].rad()) < 1e-15, bool(abs(A.contract("i,i->", z, z)[()] - 0.793578r) < 1e-6r)
        (True, True)

    A minor that is zero is not seen to be: the rank is proved by another one::

        sage: rows = A.constant([[1r, 2r, 3r], [2r, 4r, 7r]])
        sage: nonzero_minor(rows, [0r, 1r], [0r, 1r]), nonzero_minor(rows, [0r, 1r], [0r, 2r])
        (False, True)
        sage: rank_beyond(rows[:1r], rows[1r:], [0r])
        2
    """

    def embed(self, a):
        # A double is an exact ball; balls stay as they are.
        a = np.asarray(a)
        return a if a.dtype == object else as_array(_to_ball(a.astype(np.float64).astype(object)))

    def constant(self, values):
        return as_array(_to_ball(np.asarray(values, dtype=object)))

    def fractions(self, values):
        out = np.empty(len(values), dtype=object)
        out[:] = [arb(fmpq(int(value.numerator), int(value.denominator))) for value in values]
        return out

    def elementary(self, name, a):
        return as_array(_ONE_BY_ONE[name](a))

    def scale(self, a, factor):
        return as_array(a * arb(fmpq(int(factor.numerator), int(factor.denominator))))

    def contract(self, spec, a, b):
        left, right, result = split_spec(spec)
        # Elementwise products need no einsum, which takes three times as long for objects (0.94 ms for 2000).
        if set(left) == set(right) == set(result):
            return self._aligned(left, right, result, a, b)
        # numpy has no fast path for objects, and needs none: balls are for few and small products.
        return as_array(np.einsum(f"...{left},...{right}->...{result}", a, b))

    def _aligned(self, left, right, result, a, b):
        """Return an elementwise product of operands whose axes are only in another order."""
        a = self.transpose(a, [left.index(x) for x in result])
        return self.multiply(a, self.transpose(b, [right.index(x) for x in result]))


class Undecided(ArithmeticError):
    """A sign that is not decided in this precision."""


def innermost(value):
    """Return the value of dual numbers, of any depth, without the infinitesimal parts."""
    while hasattr(value, "infinitesimal"):
        value = value.real
    return value


def signs_of(values):
    """Return the signs of floats that are exact, or of balls; 0 where the sign is not decided."""
    # Doubles that are exact are their own sign; a ball around zero is neither above nor below, and gives 0.
    if values.dtype != object:
        return np.sign(values).astype(np.int64)
    sign = np.frompyfunc(lambda z: 1 if z > 0 else -1 if z < 0 else 0, 1, 1)
    return np.asarray(sign(values)).astype(np.int64)


def largest_of(values, number=1):
    """Return which entries of the last axis are the largest ``number``, as 0 and 1, and where that is decided."""
    middle = values if values.dtype != object else midpoints(values)
    # A guess by midpoints, decided below.
    order = np.argsort(-middle, axis=-1, kind="stable")
    mark = np.zeros(values.shape, dtype=np.int64)
    np.put_along_axis(mark, order[..., :number], 1, axis=-1)
    if number >= values.shape[-1]:
        return mark, np.ones(values.shape[:-1], dtype=bool)
    # Each chosen entry has to be larger than each other one: of balls, the one with the smallest midpoint need not
    # reach down the furthest.
    chosen = np.take_along_axis(values, order[..., :number], axis=-1)
    others = np.take_along_axis(values, order[..., number:], axis=-1)
    return mark, (signs_of(chosen[..., :, None] - others[..., None, :]) > 0).all(axis=(-2, -1))


def nonzero_minor(balls, rows, columns):
    """Decide whether the minor on these rows and columns is proved not to vanish; ``False`` decides nothing."""
    if not len(rows):
        return True
    matrix = balls[np.ix_(rows, columns)]
    # Powers of two in front of rows change no sign and keep the entries comparable.
    sizes = np.abs(midpoints(matrix)).max(axis=1)
    # A row of midpoints zero may be zero: nothing is proved, and its logarithm is none.
    if not (np.isfinite(sizes).all() and (sizes > 0).all()):
        return False
    scaled = [
        [entry * shift for entry in row]
        for row, shift in zip(matrix, (arb(float(2.0 ** -np.round(np.log2(s)))) for s in sizes))
    ]
    # The ball contains the true determinant of the true entries: if it leaves out zero the rows are independent.
    determinant = arb_mat(scaled).det()
    return bool(determinant > 0 or determinant < 0)


def rank_beyond(known, new, columns):
    r"""
    Return the rank that is proved of rows ``known``, of which a minor on ``columns`` is tried, and ``new`` together.
    """
    if not len(new):
        return len(known) if nonzero_minor(known, range(len(known)), columns) else 0
    rows = arb_mat(known.tolist())
    try:
        inverse = arb_mat(known[:, columns].tolist()).inv()
    # FLINT could not prove that the minor is invertible, so nothing is known of the rank by it.
    except ZeroDivisionError:
        return 0
    # Lemma: with A invertible, rank of (A B; C D) = rank A + rank of D - C A^(-1) B, the Schur complement. In balls
    # each entry contains the true one.
    rest = arb_mat(new.tolist()) - arb_mat(new[:, columns].tolist()) * (inverse * rows)
    rest, found = np.array(rest.tolist(), dtype=object), len(known)
    while rest.size:
        sizes = np.abs(midpoints(rest)) * (signs_of(rest) != 0)
        i, j = np.unravel_index(np.argmax(sizes), sizes.shape)
        # No entry left that is proved not to be zero: the rank found until here is what is proved.
        if not sizes[i, j] > 0:
            break
        # One step of elimination by a pivot that is no zero adds one to the rank; its row goes, its column is zero
        # within the balls and cannot be chosen again.
        rest = np.delete(rest - (rest[:, j:j + 1] / rest[i, j]) * rest[i:i + 1], i, axis=0)
        found += 1
    return found


def pivots(values, tolerance):
    r"""
    Return rows and columns of a large minor of a float matrix, by elimination with complete pivoting: a guess, to be
    proved on balls.
    """
    a = np.array(values, dtype=np.float64)
    if not a.size:
        return [], []
    lengths = np.abs(a).max(axis=1)
    a[lengths > 0] /= lengths[lengths > 0][:, None]
    # Columns too: entries of a long word spread over many orders of magnitude.
    widths = np.abs(a).max(axis=0)
    a[:, widths > 0] /= widths[widths > 0]
    rows, columns = [], []
    for _ in range(min(a.shape)):
        # Complete pivoting: the minor it leads to is large, so that a ball around it leaves out zero in few bits.
        i, j = np.unravel_index(np.argmax(np.abs(a)), a.shape)
        pivot = a[i, j]
        if not abs(pivot) > tolerance:
            break
        rows.append(int(i))
        columns.append(int(j))
        a -= np.outer(a[:, j] / pivot, a[i])
        a[i], a[:, j] = 0, 0
    return rows, columns
