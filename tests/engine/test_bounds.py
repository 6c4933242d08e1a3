"""Bounds only tighten, and everything that a result says is derived from them."""
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sage_conslaw import TimeLimitReached, conservation_laws, count_conservation_laws, networks
from sage_conslaw._sage import Unknown
from sage_conslaw.engine.bounds import Bounds
from sage_conslaw.engine.strategies import STRATEGIES

STEPS = st.lists(
    st.tuples(st.sampled_from(["rank_is_at_least", "rank_is_at_most", "number_is_at_least"]), st.integers(0, 6)),
    max_size=8,
)


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
    bounds.rank_stopped_growing(1e-9)
    assert bounds.complete is Unknown and bounds.status == "probable" and bounds.error_bound == 1e-9
    bounds.rank_is_at_least(2, "test")
    assert bounds.complete is True and bounds.status == "proved" and bounds.error_bound is None


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
