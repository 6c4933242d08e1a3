r"""
The true nonlinearities, written once against the arithmetic interface: value and transposed derivative, on doubles, on
balls, and on duals over both.

A cut forgets which function it stands for; this module remembers. `\mathrm{gelu}(z) = z \Phi(z)` has the slope
`\Phi(z) + z \Phi'(z)`; the root mean square `y = z / \rho` has the transposed derivative
`c \mapsto (c - y \langle c, y \rangle / n) / \rho`, also with a constant eps inside the root.
"""
from fractions import Fraction

import numpy as np

from ..exact.balls import Undecided, innermost, largest_of
from .operations import LETTERS


class Reading:
    """What is common: sums over the last axis and products with one number a row.  ``shape`` is that of one sample."""

    def value(self, A, z, shape):
        """Return the function at ``z``."""
        raise NotImplementedError

    def pullback(self, A, z, covector, shape):
        """Return the transposed derivative at ``z`` of a covector."""
        raise NotImplementedError

    @staticmethod
    def total(A, a, shape):
        """Return the sums over the last axis."""
        letters = LETTERS[:len(shape)]
        return A.contract(f"{letters},{letters[-1]}->{letters[:-1]}", a, A.constant(np.ones(shape[-1], dtype=np.int64)))

    @staticmethod
    def by_row(A, a, row, shape):
        """Return the product with one number a row."""
        letters = LETTERS[:len(shape)]
        return A.contract(f"{letters},{letters[:-1]}->{letters}", a, row)

    def mean(self, A, a, shape):
        """Return the means over the last axis."""
        part = A.reshape(A.fractions([Fraction(1, shape[-1])]), (1,), ())
        return A.multiply(self.total(A, a, shape), part)


class Elementwise(Reading):
    """A function of one number, by its value and its slope."""

    def __init__(self, function, slope):
        self.function, self.slope = function, slope

    def value(self, A, z, shape):
        """Return the function of each entry."""
        return self.function(A, z)

    def pullback(self, A, z, covector, shape):
        """Return the covector times the slope."""
        return A.multiply(covector, self.slope(A, z))


def _product_rule(name, density):
    """Return the reading of `z s(z)` for an elementary function `s`, whose slope is given."""
    def value(A, z):
        return A.multiply(z, A.elementary(name, z))

    def slope(A, z):
        y = A.elementary(name, z)
        # (z s)' = s + z s'.
        return A.add(y, A.multiply(z, density(A, z, y)))
    return Elementwise(value, slope)


def _own(name, slope):
    # Slopes are functions of the value, such as 1 - y^2 for tanh.
    return Elementwise(lambda A, z: A.elementary(name, z), lambda A, z: slope(A, z, A.elementary(name, z)))


def _bell(A, z, y):
    # The slope of y = 1 / (1 + exp(-z)) is y - y^2.
    return A.subtract(y, A.multiply(y, y))


def chosen(z, active):
    """Return which entries are among the largest along the last axis, as 0 and 1: locally a constant."""
    # Where two entries are equal the function jumps: nothing is said there.
    mark, decided = largest_of(innermost(z), active)
    if not decided.all():
        raise Undecided("two entries are too close to say which is larger")
    return mark


class Chosen(Reading):
    """An elementwise function on the largest entries, zero on the others."""

    def __init__(self, reading, active):
        self.reading, self.active = reading, active

    def value(self, A, z, shape):
        """Return the function of the entries that are chosen."""
        return A.multiply(self.reading.value(A, z, shape), A.embed(chosen(z, self.active).astype(np.float64)))

    def pullback(self, A, z, covector, shape):
        """Return the covector times the slope, where chosen."""
        return A.multiply(
            self.reading.pullback(A, z, covector, shape), A.embed(chosen(z, self.active).astype(np.float64))
        )


class Shares(Reading):
    """Positive weights of the entries, divided by their sum: the softmax for exponentials, the normalised sigmoid for
    sigmoids."""

    def __init__(self, name, slope, mask=None, active=None):
        self.name, self.slope, self.mask, self.active = name, slope, mask, active

    def _weights(self, A, z, shape):
        weights = A.elementary(self.name, z)
        mask = self.mask if self.active is None else chosen(z, self.active)
        return weights if mask is None else A.multiply(weights, A.embed(np.asarray(mask, dtype=np.float64)))

    def value(self, A, z, shape):
        """Return the shares."""
        weights = self._weights(A, z, shape)
        return self.by_row(A, weights, A.elementary("inverse", self.total(A, weights, shape)), shape)

    def pullback(self, A, z, covector, shape):
        """Return the transposed derivative: a change of a weight changes all shares."""
        weights = self._weights(A, z, shape)
        inverse = A.elementary("inverse", self.total(A, weights, shape))
        y = self.by_row(A, weights, inverse, shape)
        # With w_i the weights, S their sum and y_i = w_i / S: dy_i / dz_j = (w_j' / S) (delta_ij - y_i), so that the
        # covector c of y gives (w_j' / S) (c_j - <c, y>).
        even = self.by_row(
            A, A.constant(np.ones(shape, dtype=np.int64)), self.total(A, A.multiply(covector, y), shape), shape
        )
        return A.multiply(self.slope(A, z, y, weights, inverse, shape, self), A.subtract(covector, even))


def _exponential_slope(A, z, y, weights, inverse, shape, reading):
    # w = exp(z) is its own derivative: w' / S = y.
    return y


def _sigmoid_slope(A, z, y, weights, inverse, shape, reading):
    # w' = w - w^2 for the sigmoid, divided by the sum.
    return reading.by_row(A, _bell(A, z, weights), inverse, shape)


class Scaled(Reading):
    """A function of a multiple of its input."""

    def __init__(self, reading, scale):
        self.reading, self.scale = reading, Fraction(scale)

    def value(self, A, z, shape):
        """Return the function of the multiple."""
        return self.reading.value(A, A.scale(z, self.scale), shape)

    def pullback(self, A, z, covector, shape):
        """Return the transposed derivative."""
        return A.scale(self.reading.pullback(A, A.scale(z, self.scale), covector, shape), self.scale)


class Logarithms(Reading):
    """The logarithms of the shares of a softmax, or of the sum of exponentials that they are divided by."""

    def __init__(self, of_sum):
        self.of_sum = of_sum

    def _sum(self, A, z, shape):
        """Return the sums of exponentials, with the last axis kept."""
        total = self.total(A, A.elementary("exp", z), shape)
        return A.reshape(total, shape[:-1], (*shape[:-1], 1))

    def value(self, A, z, shape):
        """Return the logarithms."""
        logarithm = A.elementary("logarithm", self._sum(A, z, shape))
        return logarithm if self.of_sum else A.subtract(z, logarithm)

    def pullback(self, A, z, covector, shape):
        """Return the transposed derivative: shares of the covector, or what is left of it without them."""
        # With p the softmax: d log sum exp / dz_j = p_j, and d log p_i / dz_j = delta_ij - p_j.
        shares = READINGS["softmax"].value(A, z, shape)
        if self.of_sum:
            return A.multiply(covector, shares)
        return A.subtract(covector, self.by_row(A, shares, self.total(A, covector, shape), shape))


class Unit(Reading):
    """Division by the root mean square along the last axis, of the entries themselves or of their differences from the
    mean; ``eps`` is a constant below the root."""

    def __init__(self, centred, without_last=False, eps=0):
        self.centred, self.without_last, self.eps = centred, without_last, Fraction(eps)

    def _centre(self, A, z, shape):
        if not self.centred:
            return z
        ones = A.constant(np.ones(shape, dtype=np.int64))
        return A.subtract(z, self.by_row(A, ones, self.mean(A, z, shape), shape))

    def _flat(self, shape):
        # A single entry is its own mean: the output is zero, as every implementation with eps > 0 has it.
        return self.centred and shape[-1] == 1

    def _inverse_root(self, A, z, shape):
        square = self.mean(A, A.multiply(z, z), shape)
        if self.eps:
            square = A.add(square, A.reshape(A.fractions([self.eps]), (1,), ()))
        return A.elementary("inverse root", square)

    def value(self, A, z, shape):
        """Return the normalised entries, on request without the last."""
        if self._flat(shape):
            y = A.scale(z, 0)
        else:
            z = self._centre(A, z, shape)
            y = self.by_row(A, z, self._inverse_root(A, z, shape), shape)
        return A.slice(y, 0, shape[-1] - 1) if self.without_last else y

    def pullback(self, A, z, covector, shape):
        """Return the transposed derivative."""
        if self._flat(shape):
            return A.scale(z, 0)
        if self.without_last:
            # What is left out is read by nothing: its covector is a zero, of the arithmetic that the others are in.
            covector = A.concatenate([covector, A.scale(A.slice(covector, 0, 1), 0)], -1)
        z = self._centre(A, z, shape)
        root = self._inverse_root(A, z, shape)
        y = self.by_row(A, z, root, shape)
        # y = P z / r with r^2 = |P z|^2 / n + eps and P the projection to mean zero, or one. From dr = <y, P dz> / n
        # follows dy = (P dz - y <y, P dz> / n) / r, for every eps; P is symmetric, so that it comes last in the
        # transposed derivative.
        along = self.by_row(A, y, self.mean(A, A.multiply(covector, y), shape), shape)
        return self._centre(A, self.by_row(A, A.subtract(covector, along), root, shape), shape)


READINGS = {
    "log softmax": Logarithms(False),
    "log sum exp": Logarithms(True),
    "exp": _own("exp", lambda A, z, y: y),
    "inverse": _own("inverse", lambda A, z, y: A.negate(A.multiply(y, y))),
    "inverse root": _own("inverse root", lambda A, z, y: A.scale(A.multiply(y, A.multiply(y, y)), Fraction(-1, 2))),
    "gelu": _product_rule("normal", lambda A, z, y: A.elementary("normal density", z)),
    "silu": _product_rule("sigmoid", _bell),
    "sigmoid": _own("sigmoid", _bell),
    "softplus": _own("softplus", lambda A, z, y: A.elementary("sigmoid", z)),
    "tanh": _own("tanh", lambda A, z, y: A.subtract(A.constant([1]), A.multiply(y, y))),
    "softmax": Shares("exp", _exponential_slope),
    "normalised sigmoid": Shares("sigmoid", _sigmoid_slope),
    "rms norm": Unit(False),
    "layer norm": Unit(True),
    # The samples are the last axis by then.
    "batch norm": Unit(True),
}


def top(gate, active):
    """Return the reading of a gate of experts on the ``active`` largest entries, zero elsewhere."""
    if gate == "sigmoid":
        return Chosen(READINGS["sigmoid"], active)
    known = READINGS[gate]
    return Shares(known.name, known.slope, active=active)


def masked(mask):
    """Return the reading of a softmax over the allowed entries of each row, of all for ``None``."""
    return Shares("exp", _exponential_slope, mask)


def reading(name):
    """Return the true function with this name, ``None`` if it is not known."""
    return READINGS.get(name)


def reading_of(cut):
    """Return the true function that a cut of the graph stands for, ``None`` if it is not known."""
    function = cut.function
    if cut.mask is not None and function.name == "masked softmax":
        return masked(cut.mask)
    if function.reading is not None:
        return function.reading
    # A function of the user's own may have a name of ours: only our own is known to be what the name says.
    if not function.known:
        return None
    return (
        top(function.name.removeprefix("top "), function.settings[0])
        if function.name.startswith("top ")
        else READINGS.get(function.name)
    )
