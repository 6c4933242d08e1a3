"""The words of matrix notation, and the arrays behind them."""
from fractions import Fraction

import numpy as np
import pytest

from sage_conslaw import flows, networks
from sage_conslaw.flows.problem import problem
from sage_conslaw.notation.combinations import combination
from sage_conslaw.notation.evaluation import PolynomialForm
from sage_conslaw.notation.expressions import Entries, divisors
from sage_conslaw.notation.forms import Form
from sage_conslaw.notation.matrix_notation import entries_of_problem
from sage_conslaw.notation.phrases import beside, joined_slices, slice_text, still_words
from sage_conslaw.notation.readable import clock_text

ONE = Fraction(1)


def test_a_difference_of_gram_matrices_or_of_norms():
    features = Entries([("U", (3, 2)), ("V", (2, 3))], 0, None, None).squares(2)
    words = {0: ONE, 1: -ONE}
    assert combination(features, words, 2, matrix="all")[::2] == ("U^T U - V V^T", "symmetric 2 x 2")
    assert combination(features, words, 2)[::2] == ("|U[:,j]|^2 - |V[j,:]|^2 for each j", "")


def test_polynomials_as_arrays():
    h = PolynomialForm.of({(0, 0): ONE, (1,): Fraction(-2)})
    state = np.array([3.0, 1.0])
    assert (h.value(state), h.value(state, degree=2), h.degree, PolynomialForm(()).degree) == (7.0, 9.0, 2, 0)
    (one, zero, terms), = PolynomialForm.of({(0, 1): Fraction(2)}).pieces(np.array([3.0, 2.0]))
    assert (one, zero, terms.tolist()) == (1, 0, [12.0])
    assert Form.of(Entries([("b", (2,))], 0, None, None).norms(), {1: ONE}).degree == 2


def test_parameters_with_powers_of_the_time():
    entries = entries_of_problem(problem(networks.linear([2, 2]), flows.momentum(tau=1)), 2)
    assert [name for name, *_ in entries.arrays] == ["U1"]
    assert [front for _, (front, _) in entries.fronts] == ["", "exp(t)*", "exp(2*t)*"]
    assert clock_text(3, "t", None) == "t^3" and clock_text(1, "s", "1/2") == "exp(1/2*t)"


@pytest.mark.parametrize("name, said", [
    (("W", 2, 1), "W[:,j]"), (("W[0:4]", 2, 1), "W[0:4,j]"), (("W[2:3]", 2, 1), "W[2,j]"),
    (("W[:,0:4]", 2, 0), "W[j,0:4]"), (("W[0:4]", 2, 0), "W[0:4][j,:]"),
])
def test_slices_of_slices(name, said):
    assert slice_text(*name) == said


def test_small_words():
    assert divisors(12) == [2, 3, 4, 6] and divisors(7) == divisors(1) == []
    assert [text for text, _ in joined_slices((2, 5, 3, 3), [2, 3])] == ["[:,0:2]", "[:,2:5]", "[:,0:3]", "[:,3:5]"]
    assert beside("U", r"U^\top") == r"U U^\top"
    assert beside(r"\mathrm{bQ}", "x") == r"\mathrm{bQ} \, x"
    words = [still_words("b", [(i,) for i in which], (6,))[0] for which in (range(2, 4), (0, 5))]
    assert words == ["b[2:4]", "b_1, b_6"]
