r"""
Computations in a process of their own: a crash, a time limit or too much memory ends them and not the session.
"""
import multiprocessing
import resource
import time

from .deadline import TimeLimitReached

# Address space of an isolated computation: a Groebner basis that needs more would not end soon either.
MEMORY_BYTES = 8 << 30


def isolated(function, *arguments, limit=None):
    r"""
    Return ``function(*arguments)`` computed in a forked process.

    INPUT:

    - ``limit`` -- seconds, or ``None``

    EXAMPLES::

        sage: from sage_conslaw.isolated import isolated
        sage: isolated(abs, -3r)
        3

    What goes wrong there is an error here::

        sage: import os, time
        sage: isolated(os._exit, 3r)
        Traceback (most recent call last):
        ...
        ArithmeticError: the computation ended without an answer (exit code 3): it crashed or ran out of its 8 GB of memory
        sage: isolated(time.sleep, 60r, limit=0.1r)
        Traceback (most recent call last):
        ...
        sage_conslaw.deadline.TimeLimitReached: time limit of 0.1 s reached
    """
    if "fork" not in multiprocessing.get_all_start_methods():
        return function(*arguments)
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(sender, function, arguments), daemon=True)
    process.start()
    sender.close()
    start = time.monotonic()
    try:
        while not receiver.poll(0.05):
            if not process.is_alive() and not receiver.poll():
                raise ArithmeticError(f"the computation ended without an answer (exit code {process.exitcode}): "
                                      f"it crashed or ran out of its {MEMORY_BYTES >> 30} GB of memory")
            if limit is not None and time.monotonic() - start > limit:
                raise TimeLimitReached(limit, {})
        try:
            good, value = receiver.recv()
        except EOFError:
            process.join()
            raise ArithmeticError(f"the computation ended without an answer (exit code {process.exitcode}): "
                                  f"it crashed or ran out of its {MEMORY_BYTES >> 30} GB of memory") from None
    finally:
        if process.is_alive():
            process.terminate()
        process.join()
    if not good:
        raise ArithmeticError(f"the computation failed: {value}")
    return value


class _Recorder:
    """A deadline for the other process: it never ends it, and shows what is proved so far."""

    def __init__(self, context):
        self.rank = context.Value("q", 0)

    def check(self, rank_at_least=0, **proved):
        self.rank.value = max(self.rank.value, rank_at_least)


def interruptible(function, deadline):
    r"""
    Return ``function(deadline)``, in a process of its own that is stopped when the time is over, wherever it is.

    A dense elimination asks no deadline; the rank that the function has recorded until then is kept.

    EXAMPLES::

        sage: from sage_conslaw.deadline import Deadline
        sage: from sage_conslaw.isolated import interruptible
        sage: interruptible(lambda deadline: 3, Deadline(None))
        3
        sage: import time
        sage: def slow(deadline):
        ....:     deadline.check(rank_at_least=5)
        ....:     time.sleep(60)
        sage: interruptible(slow, Deadline(0.2r))
        Traceback (most recent call last):
        ...
        sage_conslaw.deadline.TimeLimitReached: time limit of 0.2 s reached
    """
    if deadline is None or deadline.limit is None:
        return function(deadline)
    recorder = _Recorder(multiprocessing)
    try:
        return isolated(function, recorder, limit=deadline.remaining())
    except TimeLimitReached:
        deadline.partial.update({"rank_at_least": recorder.rank.value} if recorder.rank.value else {})
        raise TimeLimitReached(deadline.limit, dict(deadline.partial)) from None


def _run(sender, function, arguments):
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    try:
        sender.send((True, function(*arguments)))
    except (RuntimeError, ValueError, TypeError, ArithmeticError, MemoryError) as error:
        sender.send((False, f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"))
    finally:
        sender.close()
