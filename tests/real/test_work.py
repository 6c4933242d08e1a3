"""The search for real ranks is counted in work: the same seed gives the same result on any machine."""
import itertools
import time

import pytest
from sage_conslaw import conservation_laws, count_conservation_laws, flows, networks
from sage_conslaw.papers.reproduce import sweeps
from sage_conslaw.real import smooth
from sage_conslaw.real.work import Costs, Work
from sage_conslaw.runtime.deadline import Deadline

CASES = [
    (networks.relu([1, 2, 3, 1]), None),
    (networks.relu([1, 4, 1]), None),
    (networks.relu([2, 2, 1]), flows.momentum()),
    (networks.gated(2, 2), None),
]


def told(net, flow):
    result = count_conservation_laws(net, flow=flow, seed=4)
    return repr(result), result.assumption, result.real.to_dict(), result.lie_sequence


@pytest.mark.parametrize("case", range(len(CASES)))
def test_a_slow_machine_gives_the_same_result(case, monkeypatch):
    before = told(*CASES[case])
    ticks = itertools.count(0, 50)
    monkeypatch.setattr(time, "process_time", lambda: float(next(ticks)))
    monkeypatch.setattr(time, "monotonic", lambda: float(next(ticks)))
    gradient = smooth.SmoothResponse.gradient

    def slow(self, *arguments):
        time.sleep(0.001)
        return gradient(self, *arguments)
    monkeypatch.setattr(smooth.SmoothResponse, "gradient", slow)
    assert told(*CASES[case]) == before


def test_work_is_counted_and_a_deadline_ends_it():
    work = Work(100)
    work.spend(60)
    assert work.allows(40) and not work.allows(41) and not work.allows(1, part=0.5) and not work.over()
    work.spend(40)
    assert work.over() and work.left() == 0
    late = Work(None, Deadline(1e-9))
    assert late.over() and not late.allows(0)
    costs = Costs(networks.relu([3, 4, 2]).output.ancestors(), 20)
    assert costs.words(10, 5, 3) == 9 * costs.words(10, 5, 1)
    assert costs.elimination(20, 10) < costs.elimination(40, 10)


@pytest.mark.parametrize("seed", range(2))
def test_what_was_tried_and_fell_short_is_not_complete(seed):
    result = conservation_laws(networks.relu([1, 2, 3, 1]), seed=seed)
    if not result.real.reached:
        assert result.real.less and result.complete is not True and result.assumption == "none"
        assert result.number == result.state_dimension - result.real.rank > len(result.independent)
        known = result.region is not None and len(result.region.independent) == result.number
        assert result.status == ("proved" if known else "bounded")
        assert ("on the region of activation" if known else "the real network may have") in repr(result)


def test_a_span_condition_that_is_known_to_be_false_is_not_assumed():
    # Two patterns of activation, however wide; and a width for which no rank is computed unasked.
    narrow = count_conservation_laws(networks.relu([1, 500, 1]), seed=0)
    assert (narrow.status, narrow.assumption, narrow.laws_at_least) == ("bounded", "none", 500)
    assert "2 patterns of activation" in narrow.real.reason
    wide = count_conservation_laws(networks.relu([20, 30, 20]), seed=0)
    assert (wide.status, wide.assumption, wide.number) == ("proved", "span", 30)


def test_sweeps_ask_about_the_real_network_where_they_are_told_to():
    case = next(case for case in sweeps("abide") if case.architecture == "relu")
    model, real = case.run(), case.run(real=None)
    assert (model["assumption"], real["assumption"]) == ("span", "none")
    assert model["number"] == real["number"] == case.expected
