r"""
The engine in a process of its own, where the time is limited or the caller is a thread.

One elimination in a library asks no deadline, and a limit has to hold wherever the time goes.  So the strategies run in
a forked process that tells what it proves as it proves it; when the time is over the process is killed, and the bounds
are those that were told.
"""
import threading
import time

from ..runtime.deadline import Stopped
from ..runtime.isolated import streamed
from .answer import answer, keep
from .bounds import Bounds
from .question import Question


def supervised(question: Question) -> Bounds:
    """Return what :func:`.answer.answer` does; the time limit of the question holds within a second."""
    deadline = question.deadline
    # PARI can only be called in the thread that loaded it, or in a process forked from another one.
    in_main = threading.current_thread() is threading.main_thread()
    # Already in such a process, or nothing to guard against: no fork.
    if deadline.listener is not None or deadline.limit is None and in_main:
        return answer(question)
    try:
        return streamed(_answer, question, deadline=deadline)
    except Stopped as stopped:
        told = dict(stopped.partial)
        bounds = told.pop("bounds", None)
        # Nothing was told in time: 0 and N.
        stopped.bounds = Bounds(question.family.moving_dimension) if bounds is None else bounds
        keep(told, told.get("strategy", "engine"), stopped.bounds)
        raise stopped.with_partial(told)


def _answer(tell, question):
    """Answer in the other process, and tell what is proved on the way."""
    last = {"time": 0.0, "cost": 0.0}

    def listener(partial):
        # What is told again and again must not cost more than the work.
        now = time.monotonic()
        if now - last["time"] > 3 * last["cost"]:
            tell(**partial)
            last.update(time=time.monotonic(), cost=time.monotonic() - now)
    question.deadline.listens(listener)
    try:
        return answer(question, tell)
    except Stopped as stopped:
        tell(bounds=stopped.bounds, **stopped.partial)
        raise stopped.with_partial({})
