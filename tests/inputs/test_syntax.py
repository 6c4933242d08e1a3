"""The grammar: what is read, exactly; what is refused, and in how many words."""
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sage_conslaw import InputError, conservation_laws, flows, networks
from sage_conslaw.expressions.polynomials import parse_fraction, parse_polynomials, parse_rational_functions

READ = {
    "x y z": None,
    "1 2*x": None,
    "not x": None,
    "x if y else z": None,
    "x and y": None,
    "x is y": None,
    "2 x": None,
    "x 2": None,
    "(x)(y)": None,
    "x(y)": None,
    "x**": None,
    "*x": None,
    "x* *2": None,
    "x + ": None,
    "(x": None,
    "x)": None,
    "()": None,
    "x # y": None,
    "x\\\n*y": None,
    "1_000*x": None,
    "0x10*x": None,
    "2j*x": None,
    "1e*x": None,
    "1e3e2*x": None,
    "1e99999*x": None,
    "1*e3*x": {(0, 1): 1},
    "1e3*x": {(0,): 1000},
    "2.5E-3*x": {(0,): Fraction(1, 400)},
    "1e+2*x-1e2*y": {(0,): 100, (1,): -100},
    "1.5.2*x": None,
    "x.y": None,
    "\uff58*y": None,
    "x\u00b2": None,
    "__x__*y": None,
    "x := y": None,
    "x, y": None,
    "'x'": None,
    "x\0y": None,
    "lambda: x": None,
    "x*y": {(0, 1): 1},
    " x * y ": {(0, 1): 1},
    "x\t*\ny": {(0, 1): 1},
    "0.5*x": {(0,): Fraction(1, 2)},
    "(0.9)*x": {(0,): Fraction(9, 10)},
    ".25*x": {(0,): Fraction(1, 4)},
    "2.*x": {(0,): 2},
    "0.1*x*0.1": {(0,): Fraction(1, 100)},
    "0.1 + 0.2 - 0.3 + x": {(0,): 1},
    "-x^2": {(0, 0): -1},
    "(-x)^2": {(0, 0): 1},
    "2^3^2*x": {(0,): 512},
    "-2^2*x": {(0,): -4},
    "x - -y": {(0,): 1, (1,): 1},
    "x/2/3": {(0,): Fraction(1, 6)},
    "x - y - x": {(1,): -1},
    "lambda*x": {(0, 1): 1},
    "+x": {(0,): 1},
    "x*-y": {(0, 1): -1},
    "(x + y)*(x - y)": {(0, 0): 1, (1, 1): -1},
    "x^0": {(): 1},
    "x^(1 + 1)": {(0, 0): 1},
    "2**3*x": {(0,): 8},
}


@pytest.mark.parametrize("text", READ)
def test_what_is_read_and_what_is_refused(text):
    expected = READ[text]
    if expected is None:
        with pytest.raises(InputError) as error:
            parse_polynomials([text])
        assert "syntax error" in str(error.value) and len(str(error.value)) < 400
    else:
        assert parse_polynomials([text])[1] == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "(" * 30000 + "x" + ")" * 30000,
        "[" * 30000,
        "-" * 30000 + "x",
        "x" * 30000 + "(",
        "9" * 5000 + "*x",
        "x^" + "9" * 5000,
        "((2^1000)^9)^9*x",
        "+".join(f"1/{10**90 + n}*(x)" for n in range(1000)),
        "(x + y + z + 1)^999",
        "x*" * 2000 + "y",
        "*".join(["(x + y + z + 1)"] * 999),
        "+".join(f"x{n}" for n in range(100_000)),
        "x/(" + "+".join(["1"] * 1000) + "-1000)",
    ],
)
def test_no_text_exhausts_the_reader(text):
    with pytest.raises(InputError) as error:
        parse_polynomials([text])
    assert len(str(error.value)) < 600


def test_a_long_sum_is_read_in_linear_time():
    text = "+".join(f"({n}/7)*x*y^{n}" for n in range(1, 900)) + "+ 0.5*z"
    assert len(parse_polynomials([text])[1][0]) == 900
    text = " + ".join(f"{n}*x{n % 500}*y" for n in range(1, 40_000))
    assert len(parse_polynomials([text])[1][0]) == 500


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(alphabet="xy01.+-*/^() \n_[],=e", max_size=30))
def test_the_two_ways_through_the_reader_agree(text):
    """An expanded sum is read in one pass; in parentheses the same text takes the general way."""
    def read(words):
        try:
            return parse_polynomials([words], ["x", "y"])[1]
        except InputError:
            return None
    assert read(text) == (read(f"({text})") if text.strip() else None)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(
    st.lists(
        st.tuples(st.integers(-99, 99), st.integers(1, 9), st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=6
    )
)
def test_polynomials_read_as_python_computes_them(terms):
    text = " + ".join(f"({a})/{b}*x^{i}*y^{j}" for a, b, i, j in terms)
    (found,) = parse_polynomials([text], ["x", "y"])[1]
    value = sum(c * Fraction(2) ** m.count(0) * Fraction(3) ** m.count(1) for m, c in found.items())
    assert value == sum(Fraction(a, b) * 2**i * 3**j for a, b, i, j in terms)


def test_quotients():
    assert parse_fraction("(1 + t)/0.5", ["t"]) == ({(): 1, (0,): 1}, {(): Fraction(1, 2)})
    assert parse_rational_functions(["1/u - v"])[1] == [({(): 1, (0, 1): -1}, {(0,): 1})]
    for text in ("1/t t", "t^t", "t^-1", "not t"):
        with pytest.raises(InputError):
            parse_fraction(text, ["t"])


def test_decimals_are_exact_wherever_a_rational_is_read():
    assert repr(flows.momentum(tau="0.9")) == repr(flows.momentum(tau="9/10"))
    assert conservation_laws(["0.1*x*y"]).laws == conservation_laws(["x*y/10"]).laws


@pytest.mark.parametrize("data", [{"x*y": 1}, "linear", " relu ", {1: 2}, {"x": "y"}])
def test_mappings_and_bare_names_are_no_phi(data):
    with pytest.raises(InputError):
        conservation_laws(data)


def test_messages_repeat_little_of_an_enormous_input():
    for call in (lambda: networks.linear("3" * 100_000), lambda: conservation_laws(["x*" * 100_000]),
                 lambda: flows.by_name("m" * 100_000), lambda: flows.momentum(tau="1+" * 100_000)):
        with pytest.raises(ValueError) as error:
            call()
        assert len(str(error.value)) < 700
