"""Limits, arguments, messages and names that are loaded late: each part by itself."""
import signal
import threading

import pytest

from sage_conslaw import InputError
from sage_conslaw.runtime import threads
from sage_conslaw.runtime.announcements import SinceAnnounced, announce, listen
from sage_conslaw.runtime.arguments import degree_of, integer, integer_at_least, seed_of, truth
from sage_conslaw.runtime.deadline import ComputationLost, Deadline, Stopped, TimeLimitReached
from sage_conslaw.runtime.errors import InputTypeError, NotCovered, first_few, shortened
from sage_conslaw.runtime.isolated import TooLarge, interruptible, isolated, isolated_steps
from sage_conslaw.runtime.loading import load_first
from sage_conslaw.runtime.pari_threads import adopt_pari, remember_stack
from sage_conslaw.runtime.pool import worker_pool
from sage_conslaw.runtime.progress import bar


def test_a_deadline_keeps_what_is_proved():
    heard, deadline = [], Deadline(60)
    deadline.check(rank_at_least=3)
    assert deadline.partial == {"rank_at_least": 3} and 50 < deadline.remaining() <= 60
    deadline.listens(lambda partial: heard.append(dict(partial)))
    deadline.check(number=2)
    assert heard == [{"rank_at_least": 3, "number": 2}]
    late = Deadline(0)
    late.show(rank_at_least=3)
    with pytest.raises(TimeLimitReached, match="time limit of 0 s reached") as reached:
        late.check()
    assert reached.value.partial == {"rank_at_least": 3}
    late.check(grace=60)
    assert Deadline(None).remaining() is None
    Deadline(60, progress=True).close()


@pytest.mark.parametrize("limit, error", [("soon", InputTypeError), (True, InputTypeError), (-1, InputError),
                                          (float("nan"), InputError), (float("inf"), InputError)], ids=range(5))
def test_limits_that_are_none(limit, error):
    with pytest.raises(error, match="give e.g. 60"):
        Deadline(limit)


def test_exceptions_of_one_family():
    assert issubclass(ComputationLost, Stopped) and issubclass(TooLarge, InputError)
    assert Stopped("it crashed", {"rank_at_least": 3}).with_partial({}).partial == {}
    assert issubclass(NotCovered, NotImplementedError) and issubclass(InputTypeError, TypeError)


def test_announcements_are_made_where_somebody_listens():
    heard = []
    announce(lambda: 1 // 0)
    listen(heard.append)
    announce(lambda: {"number": 3})
    listen(None)
    assert heard == [{"number": 3}] and SinceAnnounced(60) == 60


@pytest.mark.parametrize("call, message", [
    (lambda: integer(True), "True is not an integer"),
    (lambda: truth("no"), "bias 'no' is neither True nor False"),
    (lambda: integer_at_least(-1, 0, "seed", "give e.g. seed=0"), "seed -1 is not a non-negative integer; give e.g."),
    (lambda: seed_of("x"), "seed 'x' is not an integer"),
    (lambda: degree_of(0), "degree 0 is not a positive integer"),
    (lambda: degree_of(1001), "degree 1001 is too large"),
], ids=["bool", "truth", "sign", "seed", "degree", "large"])
def test_arguments_that_are_refused(call, message):
    with pytest.raises(InputError, match=message):
        call()
    assert integer(3) == 3 and truth(0) is False and seed_of(None) >= 0


def test_long_messages_are_shortened():
    assert first_few(["x", "y"]) == "x, y" and first_few(range(100), 3) == "0, 1, 2, ..."
    assert shortened("x*y", 10) == "x*y" and shortened("x" * 5000, 10) == "xxxxx...xx"
    assert len(str(InputError("x" * 5000))) == 300


def test_isolated_steps_are_here_before_a_crash():
    def steps():
        yield 1
        yield 2
        signal.raise_signal(signal.SIGABRT)
    seen = []
    with pytest.raises(ComputationLost, match="exit code -6"):
        for value in isolated_steps(steps):
            seen.append(value)
    assert seen == [1, 2] and isolated(abs, -3) == 3


def test_a_rank_that_is_recorded_survives_the_limit():
    def slow(deadline):
        deadline.check(rank_at_least=5)
        threading.Event().wait(60)
    with pytest.raises(TimeLimitReached) as reached:
        interruptible(slow, Deadline(0.2))
    assert reached.value.partial == {"rank_at_least": 5}
    assert interruptible(lambda deadline: 3, Deadline(None)) == 3


def test_pools_bars_and_locks():
    with worker_pool(2, 3) as run:
        assert list(run(abs, [-1, 2, -3])) == [1, 2, 3]
    with bar(total=2, desc="cases", disable=True) as shown:
        shown.update()
    with threads.waiting():
        assert threads.in_sage(abs)(-3) == 3
    remember_stack()
    adopt_pari()
    load_first(["sage.no_such_module"], ["sage.all"])
