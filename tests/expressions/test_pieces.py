"""The algebras of the reader, and what is proved of functions."""
from fractions import Fraction

import pytest

from sage_conslaw.expressions.algebras import Fractions, Polynomials
from sage_conslaw.expressions.functions import FunctionParser
from sage_conslaw.expressions.independence import exponential_relations, refuse_dependent_logarithms
from sage_conslaw.expressions.polynomials import parse_fraction, parse_rational_functions
from sage_conslaw.expressions.syntax import exact_decimal
from sage_conslaw.runtime.errors import NotCovered

ONE = {(): Fraction(1)}


def parser_of(*texts):
    parser = FunctionParser(["p", "q"])
    for text in texts:
        parser.parse(text)
    return parser, set(parser.names)


def test_names_in_both_algebras():
    algebra = Polynomials(None)
    assert (algebra.name("x"), algebra.names) == ({(0,): 1}, ["x"])
    assert Fractions(["t"]).name("t") == ({(0,): 1}, ONE)


def test_quotients_are_pairs():
    assert parse_fraction("3/t", ["t"]) == ({(): 3}, {(0,): 1})
    assert parse_rational_functions(["1/u", "v"]) == (["u", "v"], [(ONE, {(0,): 1}), ({(1,): 1}, ONE)])


@pytest.mark.parametrize("text, value", [("0.9", "9/10"), ("12", "12"), ("2.5e-3", "1/400")])
def test_decimals(text, value):
    assert exact_decimal(text) == Fraction(value)


def test_opposite_exponents_have_the_product_one():
    relations, basis = exponential_relations(*parser_of("exp(p-q)", "exp(q-p)"))
    assert relations == [{(): -1, (2, 3): 1}] and basis == ["exp_1"]
    assert exponential_relations(*parser_of("p + q")) == ([], [])


def test_logarithms_without_a_factor_of_their_own_are_refused():
    refuse_dependent_logarithms(*parser_of("log(p)", "log(q)"))
    with pytest.raises(NotCovered, match="write each as a sum of logarithms of irreducible polynomials"):
        refuse_dependent_logarithms(*parser_of("log(p)", "log(q)", "log(p*q)"))
