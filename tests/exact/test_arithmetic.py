"""One graph, many arithmetics: they agree wherever two of them have the same numbers."""
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from sage_conslaw._sage import QQ, PolynomialRing
from sage_conslaw.exact.abstraction import AbstractingArithmetic
from sage_conslaw.exact.arithmetic import (
    Dual, DualArithmetic, FloatArithmetic, ModularArithmetic, PolynomialArithmetic, as_array,
)
from sage_conslaw.exact.balls import BallArithmetic
from sage_conslaw.exact.primes import UnluckyPrime

# 2^61 - 1: small integers and what is made of them stay below its half.
P = 2305843009213693951
R = PolynomialRing(QQ, "u, v, s0, s1, s2, s3")
u, v = R.gens()[:2]

# Each with the way back to a float.
KINDS = {
    "modular": (ModularArithmetic(P), lambda e: float(int(e) if int(e) < P // 2 else int(e) - P)),
    "float": (FloatArithmetic(), float),
    "polynomial": (PolynomialArithmetic(R), float),
    "balls": (BallArithmetic(), float),
    "dual": (DualArithmetic(FloatArithmetic()), float),
    "dual dual": (DualArithmetic(DualArithmetic(FloatArithmetic())), float),
}
X = np.array([[1, -2, 3], [4, 5, -6]])
Y = np.array([[7, 8, -9], [-1, 2, 3]])

# What is done, on integers by numpy.
DONE = {
    "add": (lambda A, x, y: A.add(x, y), X + Y),
    "subtract": (lambda A, x, y: A.subtract(x, y), X - Y),
    "negate": (lambda A, x, y: A.negate(x), -X),
    "multiply": (lambda A, x, y: A.multiply(x, y), X * Y),
    "scale": (lambda A, x, y: A.scale(x, -3), -3 * X),
    "scale by a fraction": (lambda A, x, y: A.scale(A.scale(x, Fraction(2, 3)), Fraction(3, 2)), X),
    "product of matrices": (lambda A, x, y: A.contract("ij,kj->ik", x, y), X @ Y.T),
    "product to a number": (lambda A, x, y: A.contract("ij,ij->", x, y), (X * Y).sum()),
    "outer product": (lambda A, x, y: A.contract("ij,kl->likj", x, y), np.einsum("ij,kl->likj", X, Y)),
    "product in another order": (lambda A, x, y: A.contract("ij,ij->ji", x, y), (X * Y).T),
    "segment sum": (lambda A, x, y: A.segment_sum(x, [0, 2]), np.array([[-1, 3], [9, -6]])),
    "slice": (lambda A, x, y: A.slice(x, 1, 3), X[:, 1:]),
    "take": (lambda A, x, y: A.take(x, [2, 0]), X[:, [2, 0]]),
    "reshape": (lambda A, x, y: A.reshape(x, (2, 3), (3, 2)), X.reshape(3, 2)),
    "transpose": (lambda A, x, y: A.transpose(x, (1, 0)), X.T),
    "concatenate": (lambda A, x, y: A.concatenate([x, y], -2), np.concatenate([X, Y])),
    "fractions": (lambda A, x, y: A.scale(A.fractions([Fraction(1, 2), Fraction(-5, 2)]), 2), np.array([1, -5])),
}


def real(value):
    while isinstance(value, Dual):
        value = value.real
    return value


@pytest.mark.parametrize("kind, what", list(product(KINDS, DONE)))
def test_every_arithmetic_does_what_numpy_does_on_integers(kind, what):
    A, back = KINDS[kind]
    operation, expected = DONE[what]
    got = real(operation(A, A.constant(X), A.constant(Y)))
    assert got.shape == np.shape(expected)
    assert np.allclose(np.vectorize(back, otypes=[float])(got), expected, rtol=1e-12)


@pytest.mark.parametrize("kind", ["modular", "float", "balls"])
def test_a_batch_before_the_own_axes_is_carried_along(kind):
    A, back = KINDS[kind]
    batch = A.constant(np.stack([X, 2 * X]))
    one = A.constant(Y)
    for operation, expected in (
        (A.contract("ij,kj->ik", batch, one), np.stack([X @ Y.T, 2 * X @ Y.T])),
        (A.contract("kj,ij->ik", one, batch), np.stack([X @ Y.T, 2 * X @ Y.T])),
        (A.transpose(batch, (1, 0)), np.stack([X.T, 2 * X.T])),
        (A.reshape(batch, (2, 3), (6,)), np.stack([X.ravel(), 2 * X.ravel()])),
        (A.concatenate([batch, one], -1), np.stack([np.hstack([X, Y]), np.hstack([2 * X, Y])])),
    ):
        assert np.allclose(np.vectorize(back, otypes=[float])(operation), expected)


def test_sums_of_large_residues_do_not_overflow():
    A = ModularArithmetic(P)
    many = np.full(1000, P - 1)
    assert A.segment_sum(many, [0]).tolist() == [P - 1000]
    assert int(A.contract("i,i->", many, many)) == 1000


@pytest.mark.parametrize("what", sorted(set(DONE) - {"fractions"}))
def test_the_infinitesimal_part_is_the_derivative(what):
    """Of a polynomial in one variable: the dual number's part beside its value is the formal derivative."""
    operation, _ = DONE[what]
    base, x, y = PolynomialArithmetic(R), np.empty((2, 3), dtype=object), np.empty((2, 3), dtype=object)
    for index in np.ndindex(2, 3):
        x[index], y[index] = X[index] * u**2 + index[1], Y[index] * u + index[0] * v
    derivative = lambda a: as_array(np.frompyfunc(lambda e: e.derivative(u), 1, 1)(a))
    got = operation(DualArithmetic(base), Dual(x, derivative(x)), Dual(y, derivative(y)))
    assert (got.infinitesimal == derivative(operation(base, x, y))).all()
    assert (got.real == operation(base, x, y)).all()


def test_what_does_not_move_is_no_derivative_at_all():
    A = DualArithmetic(FloatArithmetic())
    x, moving = A.constant(X), Dual(1.0 * X, 1.0 * Y)
    assert A.multiply(x, x).infinitesimal is None and A.concatenate([x, x], -1).infinitesimal is None
    assert (A.concatenate([x, moving], -1).infinitesimal == np.hstack([0 * X, Y])).all()
    assert (A.subtract(x, moving).infinitesimal == -Y).all()
    assert A.elementary("exp", x).infinitesimal is None
    assert np.allclose(A.elementary("exp", moving).infinitesimal, np.exp(X) * Y)


def test_a_prime_in_a_denominator_is_unlucky():
    with pytest.raises(UnluckyPrime, match="the prime 11 divides a denominator"):
        ModularArithmetic(11).fractions([Fraction(1, 22)])


def test_values_that_do_not_move_become_symbols():
    """What vanishes with symbols vanishes; what does not may."""
    A = AbstractingArithmetic(PolynomialArithmetic(R), R.gens()[2:])
    x = Dual(np.array([u, v], dtype=object), np.array([v, R(0)], dtype=object))
    square = A.multiply(x, x)
    assert square.real.tolist() == [u**2, R.gen(2)] and square.infinitesimal.tolist() == [2 * u * v, 0]
    total = A.add(square, x)
    assert total.real.tolist() == [u**2 + u, R.gen(3)] and total.infinitesimal.tolist() == [2 * u * v + v, 0]
    still = A.multiply(A.embed(x.real), A.embed(x.real))
    assert still.infinitesimal is None and still.real.tolist() == [R.gen(4), R.gen(5)]
