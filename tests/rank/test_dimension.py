"""Dimensions of neurovarieties: known values, the published table, and bounds that hold for every network."""
import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Matrix, Poly, symbols

from sage_conslaw import InputError, check_dimension, conservation_laws, dimension, networks
from sage_conslaw.cli.command import cli
from sage_conslaw.structure.neurovariety import ambient_dimension, dimension_at_most, expected_dimension

# A sample of the table of daokevin06/MFA_PNNs (github.com, data/processed, read 2026-11): widths, power, dimension,
# expected, ambient.
TABLE = Path(__file__).parent.parent / "data" / "neurovarieties.csv"

KNOWN = [
    ([5, 5, 3, 1], 2, 32, 35),
    ([4, 5, 5, 3, 1], 2, 47, 50),
    ([5, 4, 3, 1], 2, 25, 28),
    ([2, 3, 3, 4, 4, 2, 1], 2, 33, 33),
    ([3, 2, 3], 1, 8, 9),
    ([2, 1, 8, 1], 2, 2, 5),
    ([4, 2], 3, 8, 8),
    ([1, 1], 2, 1, 1),
    # Alexander and Hirschowitz's exceptions; London's, 1890, and Terracini's for several outputs.
    ([3, 5, 1], 4, 14, 15),
    ([4, 9, 1], 4, 34, 35),
    ([5, 14, 1], 4, 69, 70),
    ([5, 7, 1], 3, 34, 35),
    ([3, 5, 2], 3, 19, 20),
    ([4, 5, 3], 2, 29, 30),
    ([4, 6, 5], 2, 47, 48),
    # Seven quadrics spanned by five squares; Steiner's surface, and a plane quartic.
    ([3, 5, 7], 2, 40, 42),
    ([3, 4, 8, 10, 1], 2, 42, 45),
    ([2, 5, 3, 8, 7, 3], 2, 48, 51),
]


@pytest.mark.parametrize("widths, power, value, expected", KNOWN)
def test_known(widths, power, value, expected):
    r = dimension(networks.polynomial(widths, power), seed=0)
    assert (r.dimension, r.expected, r.status) == (value, expected, "proved")
    assert r.defective is (value < expected)


def rows():
    with TABLE.open(encoding="utf8") as file:
        return [[json.loads(cell) for cell in row] for row in csv.reader(file)]


@pytest.mark.parametrize("widths, power, value, expected, ambient", rows())
def test_the_published_table(widths, power, value, expected, ambient):
    r = dimension(networks.polynomial(widths, power), seed=0)
    assert (r.dimension, r.expected, r.ambient) == (value, expected, ambient)


def by_coefficients(widths, power):
    """Return the dimension by the Jacobian of all coefficients at a random integer point, in SymPy: no arithmetic of
    the package."""
    generator = np.random.default_rng(1)
    shapes = list(zip(widths, widths[1:]))
    theta = symbols(f"t0:{sum(a * b for a, b in shapes)}")
    x, place, z = symbols(f"x0:{widths[0]}"), 0, None
    for a, b in shapes:
        y = list(x) if z is None else [entry ** power for entry in z]
        z = [sum(y[i] * theta[place + i * b + j] for i in range(a)) for j in range(b)]
        place += a * b
    coefficients = [c for entry in z for c in Poly(entry.expand(), *x).coeffs()]
    point = dict(zip(theta, (int(v) for v in generator.integers(-50, 50, len(theta)))))
    return Matrix([[c.diff(t).subs(point) for t in theta] for c in coefficients]).rank()


@settings(max_examples=8)
@given(st.lists(st.integers(1, 3), min_size=3, max_size=4), st.integers(1, 3))
def test_agrees_with_the_jacobian_of_all_coefficients(widths, power):
    if power ** (len(widths) - 2) > 4:
        widths = widths[:3]
    r = dimension(networks.polynomial(widths, power), seed=0)
    assert r.dimension == by_coefficients(widths, power) <= r.dimension_at_most


@given(st.lists(st.integers(1, 4), min_size=2, max_size=5), st.integers(2, 3))
def test_upper_bounds_do_not_exceed_what_is_expected(widths, power):
    none = dict.fromkeys(range(len(widths)), False)
    assert (
        dimension_at_most(tuple(widths), power, none)
        <= expected_dimension(tuple(widths), power)
        <= ambient_dimension(tuple(widths), power)
    )


def test_bounds_hold_and_the_two_programs_agree_on_them():
    generator = np.random.default_rng(2)
    for _ in range(60):
        depth, power = int(generator.integers(2, 5)), int(generator.integers(1, 5))
        power = min(power, 4 if depth == 2 else 2)
        widths = tuple(int(n) for n in generator.integers(1, 7, depth + 1))
        r = dimension(networks.polynomial(widths, power), seed=0)
        assert r.dimension <= r.dimension_at_most
        for known in (False, True):
            assert dimension_at_most(widths, power, dict.fromkeys(range(depth), known)) \
                == check_dimension.at_most(widths, power, lambda layer: known)


def test_laws_of_polynomial_networks():
    assert conservation_laws(networks.polynomial([2, 3, 2], 3), seed=0).number == 3


def test_any_network_has_a_dimension():
    r = dimension(networks.linear([2, 2, 2]), seed=0)
    assert (r.dimension, r.expected, r.defective, r.filling) == (4, None, None, None)


def test_command():
    out = CliRunner().invoke(cli, ["dimension", "5", "5", "3", "1", "--power", "2", "--json", "--seed", "0"]).output
    record = json.loads(out)
    assert {key: record[key] for key in ("dimension", "expected", "ambient", "defective", "status")} == \
        {"dimension": 32, "expected": 35, "ambient": 70, "defective": True, "status": "proved"}


@pytest.mark.parametrize(
    "words",
    [
        ["dimension"],
        ["dimension", "3"],
        ["dimension", "2", "x"],
        ["dimension", "2", "2", "--power", "0"],
        ["dimension", "2", "-1", "2"],
        ["dimension", "2", "2", "--power", "1/2"],
    ],
)
def test_bad_input_is_one_line(words, capsys):
    assert cli.main(words) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and len(captured.err.strip().splitlines()) == 1


def test_what_is_too_large_is_refused():
    with pytest.raises(InputError, match="GB"):
        dimension(networks.polynomial([300, 300, 300], 2))
