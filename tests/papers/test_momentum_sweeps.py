r"""
The six sweeps of "Keep the Momentum": 120 architectures, and the same ones with damping, Nesterov and biases, which the
paper's code never ran: the numbers stay the same.  Of these every third architecture is recomputed, each sweep among
them.
"""

import importlib

import pytest
from sage_conslaw import reproduce
from flow_cases import momentum_number

VARIANTS = {"paper": {}, "tau = 1": {"tau": 1}, "Nesterov": {"nesterov": True}, "biases": {"bias": True}}
_found = {}


@pytest.fixture(params=VARIANTS)
def sweep(request):
    if request.param not in _found:
        module = importlib.import_module("sage_conslaw.papers.reproduce")
        every = module.sweeps
        with pytest.MonkeyPatch.context() as patch:
            if request.param != "paper":
                patch.setattr(module, "sweeps", lambda paper: every(paper)[::3])
            _found[request.param] = reproduce("momentum", **VARIANTS[request.param])
    return request.param, _found[request.param]


def test_all_agree_and_are_proved(sweep):
    variant, found = sweep
    total = 120 if variant == "paper" else 40
    assert (len(found.cases), found.agree, found.proved) == (total, total, total)
    for case in found.cases:
        assert case["number"] == case["expected"], case
        assert case["status"] == "proved", case
        assert case["independent_laws_found"] == case["number"], case
        assert case["complete"] is True, case


def test_numbers_are_those_of_the_theory(sweep):
    r"""The copied data against the table: a wrong copy is seen."""
    _, found = sweep
    seen = set()
    for case in found.cases:
        kind, sizes = case["architecture"], case["sizes"]
        moving = case["flow"] != "gradient"
        seen.add((kind, moving))
        if kind == "linear":
            assert moving
            if len(sizes) == 3:
                assert case["expected"] == momentum_number(*sizes), case
        elif kind == "relu" or moving:
            assert moving and case["expected"] == 0, case
        else:
            n, r, m = sizes
            assert (kind, n, m) != ("nmf", 1, 1)
            assert case["expected"] == r, case
    assert seen == {("linear", True), ("relu", True), ("nmf", False), ("nmf", True), ("icnn", False), ("icnn", True)}


def test_the_variant_was_run(sweep):
    variant, found = sweep
    second = {case["flow"] for case in found.cases if case["flow"] != "gradient"}
    assert second == {"nesterov" if variant == "Nesterov" else "momentum"}
    biased = {case.get("bias", False) for case in found.cases if case["architecture"] in ("relu", "icnn")}
    assert True in biased if variant == "biases" else biased
    if variant == "biases":
        assert biased == {True}
    for case in found.cases:
        second_order = case["flow"] != "gradient"
        assert case["state_dimension"] == (2 * case["parameters"] + 1 if second_order else case["parameters"]), case
        if second_order and case["laws"] and variant in ("tau = 1", "Nesterov"):
            front = "exp(t)*(" if variant == "tau = 1" else "t^3*("
            assert all(text.startswith(front) for text in case["readable_laws"]), case


def test_the_six_sweeps_are_whole(sweep):
    variant, found = sweep
    names = [case["sweep"] for case in found.cases]
    numbers = {name: names.count(name) for name in names}
    if variant == "paper":
        assert set(numbers.values()) == {20}
    assert min(numbers.values()) >= 6 and set(numbers) == {
        "momentum_linear", "momentum_relu", "nmf_gradient", "nmf_momentum", "icnn_gradient", "icnn_momentum"}
