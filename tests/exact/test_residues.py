"""Residues against Python's own integers: products, sums, ranks, kernels, primes, and the way back to fractions."""
from fractions import Fraction
from itertools import combinations_with_replacement
from math import gcd, isqrt

import numpy as np
import pytest
from flint import fmpz

from sage_conslaw import InputError
from sage_conslaw.exact import modular
from sage_conslaw.exact import terms as sparse
from sage_conslaw.exact.linear_algebra import full_column_rank, independent_rows, kernel, rank
from sage_conslaw.exact.primes import (
    PRIME_BITS, UnluckyPrime, point_failure_bound, prime_failure_bound, random_prime, with_lucky_prime,
)
from sage_conslaw.exact.products import Product, order
from sage_conslaw.exact.reconstruction import combine, rational, reconstruct
from sage_conslaw.exact.sparse_rank import sparse_rank

# A prime below a limb of 21 bits, the limb's own limit, and two of 61 and 62 bits.
PRIMES = [3, 101, 2097143, 2097169, 2**61 - 1, 4611686018427387847]


def rng():
    return np.random.default_rng(3)


def exact(array):
    return np.asarray(array).astype(object)


@pytest.mark.parametrize("modulus", [2, 7, 101, 105, 128, 1009])
def test_a_residue_is_the_one_short_fraction_that_has_it_or_none(modulus):
    bound = isqrt(modulus // 2)
    known = {}
    for d in range(1, bound + 1):
        for n in range(-bound, bound + 1):
            if gcd(n, d) == gcd(d, modulus) == 1:
                known[n * pow(d, -1, modulus) % modulus] = Fraction(n, d)
    assert [rational(r, modulus) for r in range(modulus)] == [known.get(r) for r in range(modulus)]
    assert rational(modulus + 1, modulus) == known[1 % modulus]


def test_vectors_of_fractions_come_back_from_one_prime_or_two():
    p, q = 10007, 10009
    short, long = {0: Fraction(-3, 7), 5: Fraction(2)}, {0: Fraction(123, 457), 2: Fraction(-211, 3), 3: Fraction(q)}

    def image(vector, m):
        found = {i: v.numerator * pow(v.denominator, -1, m) % m for i, v in vector.items()}
        return {i: v for i, v in found.items() if v}
    assert reconstruct(image(short, p), p) == short
    assert reconstruct({1: 38}, 101) is None
    both = combine(image(long, p), p, image(long, q), q)
    assert both == image(long, p * q) and list(both) == [0, 2, 3]
    # 10009 = 2 modulo 10007, 0 modulo 10009.
    assert reconstruct({i: both[i] for i in (0, 2)}, p * q) == {i: long[i] for i in (0, 2)}


@pytest.mark.parametrize("p", PRIMES)
def test_entry_by_entry_as_integers_do(p):
    edges = [x % p for x in (0, 1, 2, p // 2, p - 2, p - 1)]
    a = np.array([edges, edges[::-1]])
    b = np.concatenate([np.array(edges), modular.random_array(rng(), (6,), p)])
    for x, y in ((a, a[0]), (a[:, :, None], b), (b, b[::-1])):
        assert (modular.multiply(x, y, p) == exact(x) * exact(y) % p).all()
        assert (modular.add(x, y, p) == (exact(x) + exact(y)) % p).all()
        assert (modular.subtract(x, y, p) == (exact(x) - exact(y)) % p).all()
    assert modular.reduce_once(np.array([1 - p, -1, 0, p - 1, p, 2 * p - 1]), p).tolist() == [
        1,
        p - 1,
        0,
        p - 1,
        0,
        p - 1,
    ]
    for axis in (0, 1):
        assert (modular.sum_axis(a, axis, p) == exact(a).sum(axis=axis) % p).all()
    assert modular.sum_axis(np.zeros((3, 0, 2), dtype=int), 1, p).tolist() == [[0, 0]] * 3
    assert modular.residues([[-1, 10**30]], (1, 2), p).tolist() == [[p - 1, 10**30 % p]]


@pytest.mark.parametrize("p", PRIMES)
def test_large_arrays_are_multiplied_in_pieces(p, monkeypatch):
    a, b = modular.random_array(rng(), (3, 23), p), modular.random_array(rng(), (3, 23), p)
    monkeypatch.setattr(modular, "_PIECE", 10)
    assert (modular.multiply(a, b, p) == exact(a) * exact(b) % p).all()


@pytest.mark.parametrize("p", PRIMES)
@pytest.mark.parametrize(
    "left, right",
    [
        ((4, 1), (1, 5)),
        ((2, 3), (3, 2)),
        ((1, 600), (600, 1)),
        ((9, 1100), (1100, 8)),
        ((12, 2100), (2100, 12)),
        ((2, 4, 600), (600, 3)),
        ((3, 2, 5), (3, 5, 2)),
    ],
)
def test_products_of_matrices_whatever_way_they_go(p, left, right):
    """Entries p - 1 make the sums largest: BLAS is exact up to 2^53 only."""
    for a, b in ((modular.random_array(rng(), left, p), modular.random_array(rng(), right, p)),
                 (np.full(left, p - 1), np.full(right, p - 1))):
        assert (modular.matrix_multiply(a, b, p) == np.matmul(exact(a), exact(b)) % p).all()


@pytest.mark.parametrize("p", [3, 101, 2**61 - 1])
def test_ranks_and_kernels_of_products_of_known_rank(p):
    generator = rng()
    for n, m, r in ((5, 8, 3), (8, 5, 3), (6, 6, 6), (4, 9, 1), (3, 4, 0)):
        left = np.hstack([np.eye(r, dtype=int).repeat(1, axis=0), np.zeros((r, n - r), dtype=int)]).T
        right = np.hstack([np.zeros((r, m - r), dtype=int), np.eye(r, dtype=int)])
        left = left + np.tril(generator.integers(0, p, left.shape), -1)
        right = right + np.triu(generator.integers(0, p, right.shape), 1) * 0
        rows = modular.matrix_multiply(left % p, right, p) if r else np.zeros((n, m), dtype=int)
        assert rank(rows, p) == rank(rows.T, p) == len(independent_rows(rows, p)) == r
        null = kernel(rows, p)
        assert len(null) == m - r
        free = [max(v) for v in null]
        assert free == sorted(free)
        for vector, own in zip(null, free):
            assert vector[own] == 1 and not any(other in vector for other in free if other != own)
            assert all(0 < value < p for value in vector.values())
            assert not (exact(rows)[:, list(vector)] @ np.array(list(vector.values()), dtype=object) % p).any()
    assert rank(np.zeros((3, 0), dtype=int), p) == 0 and independent_rows(np.zeros((0, 2), dtype=int), p) == []


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (4, 4), (2, 3), (5, 3)])
def test_columns_are_independent_where_the_rank_says_so(shape):
    for p in (3, 2**61 - 1):
        stack = rng().integers(0, 2, (40, *shape)) * (p - 1)
        before = stack.copy()
        assert full_column_rank(stack, p).tolist() == [rank(a, p) == shape[1] for a in stack]
        assert (stack == before).all()


def test_primes_are_random_of_the_bits_asked_for():
    for bits in (3, 4, 30, PRIME_BITS):
        drawn = {random_prime(np.random.default_rng(seed), bits) for seed in range(30)}
        assert all(fmpz(p).is_prime() and p.bit_length() == bits for p in drawn)
        assert len(drawn) == {3: 2, 4: 2}.get(bits, 30)
    for bits in (2, PRIME_BITS + 1):
        with pytest.raises(InputError, match=f"between 3 and {PRIME_BITS} bits"):
            random_prime(rng(), bits)


def test_an_unlucky_prime_is_followed_by_another_up_to_a_limit():
    seen = []

    def third(p):
        seen.append(p)
        if len(seen) < 3:
            raise UnluckyPrime("no luck")
        return 7
    assert with_lucky_prime(rng(), third, tries=3) == 7 and len(set(seen)) == 3
    seen.clear()
    with pytest.raises(ArithmeticError, match="2 random primes were all unlucky; the last: no luck"):
        with_lucky_prime(rng(), third, tries=2)


def test_the_chances_are_no_smaller_than_the_truth():
    """A product of linear factors has its degree many zeros; an integer has few prime divisors of 12 bits."""
    assert point_failure_bound(7, 101) == 7 / 101
    bits = 12
    primes = [p for p in range(2**(bits - 1), 2**bits) if fmpz(p).is_prime()]
    number = 1
    for divisors, p in enumerate(primes, start=1):
        number *= p
        chance = prime_failure_bound(number.bit_length(), bits)
        assert divisors / len(primes) <= chance <= 6 * divisors / len(primes)


def dense(terms, z):
    return sum(value * np.prod([z[i] for i in m], dtype=object) for m, value in terms.items())


def test_sparse_polynomials_are_what_their_values_say():
    generator, z = rng(), [Fraction(2), Fraction(-3), Fraction(5, 7)]
    monomials = [m for d in range(3) for m in combinations_with_replacement(range(3), d)]

    def drawn():
        chosen = generator.choice(len(monomials), 5, replace=False)
        return {monomials[i]: Fraction(int(generator.integers(1, 9)), int(generator.integers(1, 5))) for i in chosen}
    p = 10007
    for _ in range(10):
        f, g = drawn(), drawn()
        assert dense(sparse.multiply(f, g), z) == dense(f, z) * dense(g, z)
        assert dense(sparse.add(f, g), z) == dense(f, z) + dense(g, z)
        assert sparse.add(f, sparse.scaled(f, -1)) == sparse.scaled(f, 0) == sparse.multiply(f, {}) == {}
        assert sparse.degree(f) == max(map(len, f)) and sparse.degree({}) == 0
        value = dense(f, [3, 5, 7])
        assert sparse.value_at(f, [3, 5, 7], p) == value.numerator * pow(value.denominator, -1, p) % p
        along = sparse.derivative_along([f, {}, g], sparse.multiply(f, g))
        parts = sparse.derivatives(sparse.multiply(f, g))
        assert dense(along, z) == dense(parts.get(0, {}), z) * dense(f, z) + dense(parts.get(2, {}), z) * dense(g, z)
        lead = min(f, key=lambda m: (-len(m), m[::-1]))
        assert sparse.oriented(f) == f and sparse.oriented(sparse.scaled(f, -1))[lead] > 0
        product = Product(f, g)
        assert dict(product) == sparse.multiply(f, g) and product.degree == sparse.degree(f) + sparse.degree(g)
        assert order(product)[0] == product.degree and order(f) == (sparse.degree(f), sorted(f))
    assert sparse.coefficient_bits([{(0,): Fraction(-8), (1,): Fraction(1, 31)}, {(): Fraction(1)}]) == 5 + 2
    assert sparse.coefficient_bits([{}]) == 1


def test_edges_of_kernels_ranks_and_terms():
    assert kernel(np.zeros((0, 2), dtype=int), 101) == [{0: 1}, {1: 1}]
    assert sparse_rank(np.array([0, 0, 1, 1]), np.array([0, 1, 0, 1]), np.array([1, 2, 2, 105]), 101) == 1
    assert sparse_rank(np.array([0, 1]), np.array([0, 1]), np.array([101, 7]), 101) == 1
    assert sparse.shifted({(0, 2): Fraction(1)}, 5) == {(5, 7): Fraction(1)}
    # x y / 2 + 3 y + y^2 at x = 5 is (5 * 6 + 3) y + y^2 = y^2 modulo 11, and 9 y + y^2 at x = 1.
    h = {(0, 1): Fraction(1, 2), (1,): Fraction(3), (1, 1): Fraction(1)}
    assert sparse.specialised(h, {0: 5}, 11) == {(1, 1): 1}
    assert sparse.specialised(h, {0: 1}, 11) == {(1,): 9, (1, 1): 1}
