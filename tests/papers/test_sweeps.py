r"""
The four sweeps of "Abide by the Law and Follow the Flow": 120 architectures, all of them agree and are proved.

The expected numbers are held against the formulas of ``cases.py`` as well, so that a wrong copy of the data is seen.
"""

import contextlib
import importlib
import io
import json

import pytest
from cases import linear_number, parameters
from sage_conslaw import reproduce
from sage_conslaw.cli.command import cli

# (sweep, sizes from input to output, bias, number), from the sweeps.json of the design, which counted over GF(2^31 -
# 1); it lists widths in the papers' order, output first
SAMPLES = [
    ("abide_linear_count", [2, 3, 5], 6),
    ("abide_linear_count", [2, 4, 3, 5], 16),
    ("abide_linear_count", [3, 4, 2, 2, 2], 16),
    ("abide_linear_count", [3, 2, 4, 5, 5], 28),
    ("abide_linear_count", [5, 2, 5], 3),
    ("abide_linear_laws", [3, 2, 3], 3),
    ("abide_relu_count", [2, 7, 9], 7),
    ("abide_relu_laws", [3, 2, 3], 2),
]


@pytest.fixture(scope="module")
def abide():
    return reproduce("abide")


def test_all_agree_and_are_proved(abide):
    assert (len(abide.cases), abide.agree, abide.proved) == (120, 120, 120)
    for case in abide.cases:
        assert case["number"] == case["expected"], case
        assert case["status"] == "proved", case
        assert case["independent_laws_found"] == case["number"], case
        assert case["complete"] is True, case


def test_the_four_sweeps_are_whole(abide):
    sizes = {}
    for case in abide.cases:
        sizes[case["sweep"]] = sizes.get(case["sweep"], 0) + 1
    assert sizes == {"abide_linear_count": 50, "abide_linear_laws": 10, "abide_relu_count": 50, "abide_relu_laws": 10}


def test_numbers_are_those_of_the_theorems(abide):
    for case in abide.cases:
        widths = case["sizes"]
        if case["architecture"] == "linear":
            assert case["number"] == linear_number(widths), case
            assert case["parameters"] == parameters(widths)
        else:
            assert case["architecture"] == "relu"
            assert case["number"] == sum(widths[1:-1]), case
            assert case["parameters"] == parameters(widths) + (sum(widths[1:-1]) if case["bias"] else 0)
    assert {case.get("bias", False) for case in abide.cases if case["architecture"] == "relu"} == {False, True}


@pytest.mark.parametrize("sweep, sizes, number", SAMPLES)
def test_samples_of_the_data(abide, sweep, sizes, number):
    assert number in [c["expected"] for c in abide.cases if c["sweep"] == sweep and c["sizes"] == sizes]


def test_laws_are_listed_where_the_paper_searches_them(abide):
    for case in abide.cases:
        if case["sweep"].endswith("_laws"):
            assert len(case["independent"]) == case["expected"]
            assert len(case["laws"]) >= case["expected"]
            assert case["degree"] == 2


def test_text_of_the_result(abide):
    assert "120 of 120" in repr(abide) and "120 proved" in repr(abide)


def test_command_line_prints_one_object(monkeypatch):
    # The whole sweep is the fixture's; here every sixth architecture of it.
    module = importlib.import_module("sage_conslaw.papers.reproduce")
    chosen = module.sweeps("abide")[::6]
    monkeypatch.setattr(module, "sweeps", lambda paper: chosen)
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        status = cli.main(args=["reproduce", "abide", "--json"])
    assert status == 0
    answer = json.loads(out.getvalue())
    assert (answer["agree"], answer["proved"], answer["total"], len(answer["cases"])) == (20, 20, 20, 20)
    assert answer["seconds"] > 0
    keys = {
        "sweep",
        "expected",
        "architecture",
        "sizes",
        "flow",
        "loss",
        "parameters",
        "state_dimension",
        "lie_dimension",
        "number",
        "independent_laws_found",
        "laws",
        "degree",
        "complete",
        "status",
        "error_bound",
        "algorithm",
        "seed",
        "seconds",
    }
    assert all(keys <= set(case) for case in answer["cases"])
    assert "Traceback" not in err.getvalue()
