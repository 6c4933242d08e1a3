"""The small pieces of the exact arithmetics."""
from fractions import Fraction

import flint
import numpy as np
import pytest
from flint import arb

from sage_conslaw._sage import QQ, PolynomialRing
from sage_conslaw.exact.arithmetic import Dual, DualArithmetic, ModularArithmetic, PolynomialArithmetic, split_spec
from sage_conslaw.exact.balls import (
    BallArithmetic, innermost, largest_of, midpoints, nonzero_minor, pivots, precision, rank_beyond, signs_of,
)
from sage_conslaw.exact.products import Product, in_ring
from sage_conslaw.exact.terms import PolynomialMap, from_sage, to_sage

ONE = Fraction(1)


def test_letters_of_a_contraction():
    assert split_spec("i,ij->j") == ("i", "ij", "j")


def test_one_contraction_each():
    A = ModularArithmetic(101)
    assert A.contract("i,ij->j", np.array([1, 2]), np.array([[3, 4], [50, 60]])).tolist() == [2, 23]
    assert A.negate(np.array([0, 1])).tolist() == [0, 100]
    D = DualArithmetic(A)
    square = D.multiply(*[Dual(np.array([7]), np.array([1]))] * 2)
    assert (square.real.tolist(), square.infinitesimal.tolist()) == ([49], [14])
    u, v = (ring := PolynomialRing(QQ, "u, v")).gens()
    P = PolynomialArithmetic(ring)
    assert P.contract("i,i->", P.constant([1, 2]), np.array([u, v], dtype=object))[()] == u + 2 * v


def test_the_precision_is_restored_also_after_an_error():
    before = flint.ctx.prec
    with pytest.raises(KeyError), precision(200):
        assert flint.ctx.prec == 200
        raise KeyError
    assert flint.ctx.prec == before


def test_signs_midpoints_and_values_of_balls():
    assert midpoints(BallArithmetic().constant([1, 2])).tolist() == [1.0, 2.0]
    assert innermost(Dual(Dual(7, 1), None)) == 7
    assert signs_of(np.array([-2.0, 0.0, 5.0])).tolist() == [-1, 0, 1]
    assert signs_of(np.array([arb(-2), arb(0, 1), arb(5)], dtype=object)).tolist() == [-1, 0, 1]


def test_a_tie_is_not_decided():
    mark, decided = largest_of(np.array([[1.0, 3.0], [2.0, 2.0]]))
    assert (mark.tolist(), decided.tolist()) == ([[0, 1], [1, 0]], [True, False])


def test_each_of_the_largest_is_above_each_other():
    """The ball 5 +- 10 reaches below 3, though the one of the two whose middle is smaller, 4, does not."""
    wide, narrow = (np.array([first, arb(4), arb(3)], dtype=object) for first in (arb(5, 10), arb(5)))
    mark, decided = largest_of(wide, 2)
    assert mark.tolist() == [1, 1, 0] and not decided
    mark, decided = largest_of(np.stack([narrow, wide]), 2)
    assert mark.tolist() == [[1, 1, 0]] * 2 and decided.tolist() == [True, False]


def test_ranks_that_doubles_do_not_see():
    z = BallArithmetic().constant([[1, 2, 3], [2, 4, 7]])
    assert nonzero_minor(z, [0, 1], [0, 2]) and not nonzero_minor(z, [0, 1], [0, 1]) and nonzero_minor(z, [], [])
    with precision(200):
        known, near = np.array([[arb(1), arb(1)]]), np.array([[arb(1), arb(1) + arb(10)**-30]])
        assert rank_beyond(known, near, [0]) == 2
    assert rank_beyond(np.array([[arb(1), arb(1)]]), np.array([], dtype=object), [0]) == 1
    assert pivots(np.array([[1.0, 2.0], [2.0, 4.0], [0.0, 1.0]]), 1e-12) == ([0, 2], [0, 1])


def test_products_are_expanded_where_they_are_read():
    x_plus_y = {(0,): ONE, (1,): ONE}
    h = Product(x_plus_y, x_plus_y)
    assert (h.degree, len(h), h[0, 1]) == (2, 3, 2)
    x, y = (ring := PolynomialRing(QQ, "x, y")).gens()
    assert in_ring(h, ring) == (x + y)**2


@pytest.mark.parametrize("names", ["x", "x, y"])
def test_terms_of_sage_and_back(names):
    ring = PolynomialRing(QQ, names)
    x, y = ring.gens()[0], ring.gens()[-1]
    f = x**2 * y / 2 - 3
    assert to_sage(from_sage(f), ring) == f and from_sage(ring.zero()) == {}


def test_a_map_has_a_value_also_where_it_has_no_terms():
    f = PolynomialMap([{(0, 0): ONE}, {}, {(): Fraction(1, 2), (1,): ONE}], 2)
    assert f(ModularArithmetic(101), np.array([7, 8])).tolist() == [49, 0, 59]
