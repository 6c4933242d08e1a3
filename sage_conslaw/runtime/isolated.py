r"""
Computations in a process of their own: a crash, a time limit or too much memory ends them and not the session.
"""
import multiprocessing
import resource
import signal

from .deadline import ComputationLost, Deadline, Stopped

# Address space of an isolated computation: a Groebner basis that needs more would not end soon either.
MEMORY_BYTES = 8 << 30


class TooLarge(ValueError):
    r"""
    A refusal in the other process, with a line for the user: it is raised here as it was there.

    EXAMPLES::

        sage: from sage_conslaw.runtime.isolated import TooLarge
        sage: issubclass(TooLarge, ValueError)
        True
    """


def isolated(function, *arguments, deadline=None):
    r"""
    Return ``function(*arguments)`` computed in a forked process.

    INPUT:

    - ``deadline`` -- a :class:`Deadline`, or ``None``

    EXAMPLES::

        sage: from sage_conslaw.runtime.isolated import isolated
        sage: isolated(abs, -3r)
        3

    What goes wrong there is an error here::

        sage: import os, time
        sage: isolated(os._exit, 3r)
        Traceback (most recent call last):
        ...
        sage_conslaw.runtime.deadline.ComputationLost: the computation ended without an answer (exit code 3): it crashed or ran out of its 8 GB of memory
        sage: from sage_conslaw.runtime.deadline import Deadline
        sage: isolated(time.sleep, 60r, deadline=Deadline(0.1r))
        Traceback (most recent call last):
        ...
        sage_conslaw.runtime.deadline.TimeLimitReached: time limit of 0.1 s reached
    """
    (value,) = isolated_steps(_once, function, arguments, deadline=deadline)
    return value


def _once(function, arguments):
    yield function(*arguments)


def isolated_steps(function, *arguments, deadline=None):
    r"""
    Yield what the generator ``function(*arguments)`` yields, computed in a forked process.

    What was yielded before a crash or the time limit is here already.

    EXAMPLES::

        sage: from sage_conslaw.runtime.isolated import isolated_steps
        sage: def steps():
        ....:     import os
        ....:     yield 1r
        ....:     yield 2r
        ....:     os.abort()
        sage: seen = []
        sage: for value in isolated_steps(steps):
        ....:     seen.append(value)
        Traceback (most recent call last):
        ...
        sage_conslaw.runtime.deadline.ComputationLost: the computation ended without an answer (exit code -6): ...
        sage: seen
        [1, 2]
    """
    if "fork" not in multiprocessing.get_all_start_methods():
        yield from function(*arguments)
        return
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(sender, function, arguments), daemon=True)
    process.start()
    sender.close()
    deadline = Deadline(None) if deadline is None else deadline
    try:
        while True:
            while not receiver.poll(0.05):
                if not process.is_alive() and not receiver.poll():
                    raise _lost(process, deadline)
                deadline.check()
            try:
                kind, value = receiver.recv()
            except EOFError:
                process.join()
                raise _lost(process, deadline) from None
            if kind == "end":
                return
            if kind == "refused":
                raise TooLarge(value)
            if kind == "failed":
                raise ComputationLost(f"the computation failed: {value}", dict(deadline.partial))
            yield value
    finally:
        if process.is_alive():
            # Singular may catch or delay a polite signal.
            process.kill()
        process.join()
        receiver.close()


def _lost(process, deadline):
    return ComputationLost(f"the computation ended without an answer (exit code {process.exitcode}): "
                           f"it crashed or ran out of its {MEMORY_BYTES >> 30} GB of memory", dict(deadline.partial))


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

        sage: from sage_conslaw.runtime.deadline import Deadline
        sage: from sage_conslaw.runtime.isolated import interruptible
        sage: interruptible(lambda deadline: 3, Deadline(None))
        3
        sage: import time
        sage: def slow(deadline):
        ....:     deadline.check(rank_at_least=5)
        ....:     time.sleep(60)
        sage: interruptible(slow, Deadline(0.2r))
        Traceback (most recent call last):
        ...
        sage_conslaw.runtime.deadline.TimeLimitReached: time limit of 0.2 s reached
    """
    if deadline is None or deadline.limit is None:
        return function(deadline)
    recorder = _Recorder(multiprocessing)
    try:
        return isolated(function, recorder, deadline=deadline)
    except Stopped as stopped:
        deadline.partial.update({"rank_at_least": recorder.rank.value} if recorder.rank.value else {})
        raise stopped.with_partial(dict(deadline.partial)) from None


def _run(sender, function, arguments):
    # An interrupt is for the session, which then ends this process.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    try:
        for value in function(*arguments):
            sender.send(("step", value))
        sender.send(("end", None))
    except TooLarge as error:
        sender.send(("refused", str(error)))
    except (RuntimeError, ValueError, TypeError, ArithmeticError, MemoryError) as error:
        sender.send(("failed", f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"))
    finally:
        sender.close()
