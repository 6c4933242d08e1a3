"""Bounds only tighten, and everything that a result says is derived from them."""
import logging
from dataclasses import dataclass, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage_conslaw import TimeLimitReached, conservation_laws, count_conservation_laws, flows, networks
from sage_conslaw._sage import Unknown
from sage_conslaw.engine.asking import problem_asked
from sage_conslaw.engine.bounds import Bounds
from sage_conslaw.engine.outcome import answered
from sage_conslaw.engine.question import Question
from sage_conslaw.engine.strategies import STRATEGIES, limits, linear_first
from sage_conslaw.runtime.deadline import Deadline

STEPS = st.lists(
    st.tuples(st.sampled_from(["rank_is_at_least", "rank_is_at_most", "number_is_at_least"]), st.integers(0, 6)),
    max_size=8,
)


@dataclass(frozen=True)
class Found:
    """What is certified of real fields."""

    rank: int
    most: int | None
    method: str | None = "patterns"
    reached: bool = False
    less: bool = False


@given(STEPS)
def test_bounds_only_tighten_and_never_contradict(steps):
    bounds, before = Bounds(6), (0, 6)
    for method, value in steps:
        try:
            getattr(bounds, method)(value, "test")
        except ArithmeticError as error:
            assert "contradiction" in str(error)
            return
        now = bounds.number
        assert before[0] <= now[0] <= now[1] <= before[1]
        assert bounds.status == ("proved" if now[0] == now[1] else "bounded")
        before = now


def test_a_full_list_is_complete_only_where_the_bounds_meet():
    bounds = Bounds(3)
    bounds.laws_are([{(0,): 1}], [0], "words", "test")
    assert bounds.complete is Unknown and bounds.status == "bounded"
    bounds.rank_stopped_growing(0, 1e-9)
    assert bounds.complete is Unknown and bounds.status == "probable" and bounds.error_bound == 1e-9
    bounds.rank_is_at_least(2, "test")
    assert bounds.complete is True and bounds.status == "proved" and bounds.error_bound is None


def test_a_rank_that_another_strategy_exceeds_did_not_stop_growing():
    bounds = Bounds(3)
    bounds.rank_is_at_least(2, "structure")
    bounds.rank_stopped_growing(1, 1e-9)
    assert not bounds.stopped_growing and bounds.status == "bounded" and bounds.error_bound is None


def test_what_is_known_already_is_no_evidence_and_changes_nothing():
    bounds = Bounds(6)
    bounds.rank_is_at_least(2, "a", (1, 2), "sparse point")
    bounds.number_is_at_least(1, "a")
    bounds.rank_is_at_most(4, "a")
    bounds.rank_stopped_growing(2, 1e-9)
    for again in (2, 1):
        bounds.rank_is_at_least(again, "b", (again,))
    bounds.number_is_at_least(1, "b")
    bounds.rank_is_at_most(4, "b")
    bounds.further_laws_are(["h"], 1, "b")
    bounds.region_has([{}], [0], "b")
    assert [e.strategy for e in bounds.evidence] == ["a", "a", "a"] and bounds.stopped_growing
    assert (bounds.sequence, bounds.method, bounds.further, bounds.region) == ((1, 2), "sparse point", (), None)
    bounds.rank_is_at_least(3, "b")
    assert (bounds.sequence, bounds.method, bounds.stopped_growing) == ((3,), None, False)
    bounds.further_laws_are(["h"], 2, "b")
    assert bounds.further == ("h",) and bounds.number == (2, 3)


def test_a_whole_list_of_laws_stays_and_a_part_is_replaced_by_a_larger_one():
    bounds, (x, y, z) = Bounds(3), [{(i,): 1} for i in range(3)]
    bounds.some_laws_are([x, y], [0, 1], "a")
    bounds.some_laws_are([z], [0], "b")
    assert bounds.laws == (x, y) and bounds.laws_at_least == 2
    bounds.some_laws_are([y, z], [0, 1], "b")
    assert bounds.laws == (y, z)
    bounds.laws_are([x], [0], "words", "c")
    bounds.some_laws_are([x, y], [0, 1], "d")
    assert bounds.laws == (x,) and bounds.searched == "words" and bounds.complete is False


@pytest.mark.parametrize("first, second, by", [
    (("number_is_at_least", 3, "laws"), ("rank_is_at_least", 2, "words"), "at least 2 (words) and at most 1 (laws)"),
    (("rank_is_at_most", 1, "closure"), ("rank_is_at_least", 2, "words"), "at least 2 (words) and at most 1 (closure)"),
    (("rank_is_at_least", 2, "words"), ("number_is_at_least", 3, "laws"), "at least 2 (words) and at most 1 (laws)"),
])
def test_a_contradiction_names_both_sides(first, second, by):
    bounds = Bounds(4)
    getattr(bounds, first[0])(*first[1:])
    with pytest.raises(ArithmeticError, match="contradiction") as error:
        getattr(bounds, second[0])(*second[1:])
    assert by in str(error.value)


def found(rank, reached=False, less=False, most=None):
    return Found(rank, most, reached=reached, less=less)


@pytest.mark.parametrize("forgotten, real, number, status, assumption", [
    # Of a model with 1 law and rank 3 in dimension 6; what is real decides only where it is certified.
    ((), None, (1, 3), "probable", "span"),
    ((), found(3, reached=True), (1, 3), "probable", "none"),
    ((), found(3, reached=True, most=3), (3, 3), "proved", "none"),
    ((), found(2), (1, 3), "probable", "span"),
    ((), found(2, less=True), (1, 4), "bounded", "none"),
    ((), found(2, less=True, most=2), (4, 4), "proved", "none"),
    (("eps",), None, (1, 6), "bounded", "span"),
    (("eps",), found(2, less=True), (1, 4), "bounded", "none"),
    (("eps",), found(2, less=True, most=2), (4, 4), "proved", "none"),
])
def test_what_the_real_fields_say_of_the_number(forgotten, real, number, status, assumption):
    bounds = Bounds(6, forgotten)
    bounds.laws_are([{(0,): 1}], [0], "words", "blocks")
    bounds.rank_is_at_least(3, "words")
    bounds.rank_stopped_growing(3, 1e-9)
    if real is not None:
        bounds.real = real
    assert (bounds.number, bounds.status, bounds.assumption) == (number, status, assumption)
    assert bounds.meet == (status == "proved") and bounds.error_bound == (1e-9 if status == "probable" else None)
    assert bounds.complete is (Unknown if number[0] == 1 else False)
    # Four laws on a region are those of the network there; five would contradict two fields that are independent.
    if real is not None and real.less and real.most is None:
        bounds.region_has([{}] * 5, range(5), "region")
        assert bounds.region is None
        bounds.region_has([{}] * 4, range(4), "region")
        assert bounds.meet and bounds.number == (4, 4) and bounds.complete is False


def test_a_bound_of_the_real_rank_below_a_minor_is_not_believed(caplog):
    bounds = Bounds(6)
    bounds.real_fields_have(Found(rank=3, most=2), "real fields")
    assert bounds.real.most is None and "nothing is said" in caplog.text
    bounds.real_fields_have(Found(rank=3, most=3, method=None), "real fields")
    assert bounds.real.most == 3 and [e.claim for e in bounds.evidence] == ["real rank at least"]


def test_more_laws_than_are_listed_make_a_list_incomplete():
    bounds = Bounds(3)
    bounds.laws_are([], [], "words", "test")
    bounds.rank_is_at_most(2, "closure")
    assert bounds.complete is False and bounds.number == (1, 3)


@pytest.mark.parametrize("sizes", [[1, 2, 2, 1], [2, 2, 2], [1, 3, 1], [3, 2, 3]])
def test_count_and_laws_say_the_same_of_the_number(sizes):
    net = networks.linear(sizes)
    count, laws = count_conservation_laws(net, seed=0), conservation_laws(net, seed=0)
    assert (count.number, count.status, count.error_bound) == (laws.number, laws.status, laws.error_bound)
    for record in (count.to_dict(), laws.to_dict()):
        assert record["number_at_least"] == record["number_at_most"] == record["number"]


def test_each_strategy_is_logged_once(caplog):
    with caplog.at_level(logging.INFO, "sage_conslaw.engine"):
        result = conservation_laws(networks.linear([2, 2, 2]), seed=0)
    names = [strategy.name for strategy in STRATEGIES]
    assert [attempt.strategy for attempt in result.attempts] == names
    logged = [record.getMessage() for record in caplog.records if record.name.startswith("sage_conslaw.engine")]
    assert [line.split(":")[0] for line in logged] == names
    assert any("rank at least" in line for line in logged)


def test_what_a_strategy_proved_before_the_time_ended_is_kept():
    with pytest.raises(TimeLimitReached) as reached:
        count_conservation_laws(networks.linear([2, 50, 50, 2]), seed=0, time_limit=0)
    partial = reached.value.partial
    assert partial["number_at_least"] <= partial["number_at_most"] and partial["status"] == "bounded"


def test_linear_laws_are_all_only_where_they_fill_the_gap_themselves(monkeypatch):
    """Under a time limit the widths of a network tell the number first: 8 laws, of which 3 are linear."""
    monkeypatch.setattr(linear_first, "_COSTLY_RATIO", 0)
    monkeypatch.setattr(linear_first, "_COSTLY_KERNELS", 0)
    monkeypatch.setattr(limits, "_LONG_SEARCH", 0)
    result = conservation_laws(networks.normalised(3, 4, 2, norm="layer"), seed=0, time_limit=60, real=False)
    known = conservation_laws(networks.normalised(3, 4, 2, norm="layer"), seed=0, real=False)
    assert [a.strategy for a in result.attempts if a.proved][0] == "any width"
    assert result.laws == known.laws and len(result.independent) == result.number == 8 and result.complete is True


def test_laws_are_all_of_their_degree_only_where_all_were_sought():
    """Rotations give a momentum flow its laws before the rank tells that they are all; the time ends between."""
    asked = problem_asked(networks.linear([5, 6, 5]), None, flows.momentum(), None, 0)
    question = Question(family=asked.family, search=asked.family.groups(), seed=0)

    class Ended(Deadline):
        def check(self, grace=0.0, **proved):
            super().check(grace, **proved)
            if "laws_at_least" in proved:
                raise TimeLimitReached(1, dict(self.partial))
    question = replace(question, deadline=Ended(None))
    with pytest.raises(TimeLimitReached) as reached:
        answered(question, asked, 0.0, listed=True)
    partial = reached.value.partial
    assert partial["independent_laws_found"] == 15 and partial["all_laws_of_this_degree"] is False


def test_children_of_the_generator_do_not_depend_on_the_order():
    first = conservation_laws(networks.linear([2, 3, 2]), seed=5)
    again = conservation_laws(networks.linear([2, 3, 2]), seed=5)
    assert first.to_dict() | {"seconds": 0} == again.to_dict() | {"seconds": 0}


@pytest.mark.parametrize("net", [networks.linear([3, 2, 3]), networks.relu([2, 3, 2]), networks.linear([30, 20, 10])])
def test_what_is_tried_was_estimated(net):
    """Seconds that were expected are finite and not negative, and shown; what is skipped costs nothing to estimate."""
    tried = [attempt for attempt in conservation_laws(net, seed=0).attempts if attempt.outcome == "tried"]
    known = [attempt for attempt in tried if attempt.expected is not None]
    assert known and all(0 <= attempt.expected < 60 for attempt in known)
    assert all("expected about" in str(attempt) for attempt in known)
    skipped = [attempt for attempt in conservation_laws(net, seed=0).attempts if attempt.outcome == "skipped"]
    assert skipped and all(attempt.expected is None and attempt.reason in str(attempt) for attempt in skipped)
