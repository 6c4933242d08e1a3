"""Linear algebra over Q(k): normal forms of vectors, residues, digits at large parameters, kernels and circuits."""
import numpy as np
import pytest

from sage_conslaw._sage import QQ, PolynomialRing
from sage_conslaw.function_fields.circuits import circuit_law, sparse_basis
from sage_conslaw.function_fields.parametric import content, coprime, primitive_vector, residue
from sage_conslaw.function_fields.specialisation import Specialisation, exact_kernel
from sage_conslaw.function_fields.substitution import Substitution

RING = PolynomialRing(QQ, ["a", "b"])
A, B = RING.gens()
LARGE = 2**61 - 1


def test_normal_forms_of_vectors():
    larger = PolynomialRing(QQ, ["b", "x", "a"])
    assert primitive_vector([RING(1) / 2, 3 / A], RING, larger) == [larger("a"), 6]
    assert primitive_vector([QQ(-1) / 2, QQ(0), QQ(3)], QQ, RING) == [1, 0, -6]
    assert coprime([-A / 2 + B / 3]) == [3 * A - 2 * B]
    assert content([A * B, A**2]) == A and content([A, B]).is_constant()


@pytest.mark.parametrize("value, expected", [(A / (2 * B), 1), (QQ(1) / 2, 51), (RING(1) / 2, 51), (A * B, 18)])
def test_residues(value, expected):
    assert residue(value, [6, 3], 101) == expected


def test_a_specialisation_is_a_ring_homomorphism():
    at = Specialisation(RING, 101, np.random.default_rng(0))
    assert at(3 * A + B) == (3 * at(A) + at(B)) % 101 and at(A / B) * at(B) % 101 == at(A) and at(-2) == 99
    assert at.matrix([{0: RING(2), 1: A}], 2).tolist() == [[2, at(A)]]


@pytest.mark.parametrize("polynomial", [A**2 - 3 * B, 3 * A**2 / 2 - 5 * A * B + QQ(1) / 7, RING(0), -B**2 / 60])
def test_digits_give_the_polynomial_back(polynomial):
    at = Substitution(RING, 2)
    assert at.read(at(polynomial)) == polynomial


def test_what_is_no_value_is_not_read():
    at = Substitution(RING, 2)
    assert at.read(QQ(2**40)) is None and at.read(at(B**2 * A**5)) is None
    assert [A**2, A * B] in list(at.multiples([QQ(1), at(B) / at(A)]))
    assert not Substitution(PolynomialRing(QQ, 40, "k"), 7).fits


def test_kernels_over_parameters():
    at = Specialisation(RING, LARGE, np.random.default_rng(0))
    assert exact_kernel([{0: A, 1: RING(1)}, {2: RING(1)}], 3, RING, at) == [[1, -A, 0]]
    assert exact_kernel([{0: A, 1: B}, {0: B, 1: A}], 2, RING, at) == []


def test_a_long_kernel_vector_is_read_from_digits():
    at = Specialisation(RING, LARGE, np.random.default_rng(0))
    rows = [{i: A + i * B, i + 1: -B} for i in range(9)]
    (vector,) = exact_kernel(rows, 10, RING, at)
    assert len(vector) == 10 and all(vector)
    assert all(not sum(value * vector[c] for c, value in row.items()) for row in rows)


def test_circuits():
    assert sparse_basis([{0: 1, 1: 1, 2: 1}, {0: 1, 1: 1, 3: 1}], 101) == [{2: 1, 3: 100}, {0: 1, 1: 1, 2: 1}]
    rows, draw = [{0: A, 1: B}, {1: A, 2: -B, 3: RING(1)}], np.random.default_rng(0)
    assert circuit_law(rows, [0, 1, 2], RING, draw, LARGE) == {0: -B**2, 1: A * B, 2: A**2}
    assert circuit_law(rows, [0, 1, 2, 3], RING, draw, LARGE) is None
