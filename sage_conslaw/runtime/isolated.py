r"""
Computations in a process of their own: a crash, a time limit or too much memory ends them and not the session.

A process is forked, so that nothing has to be sent to it; what it finds comes back through a pipe as it is found.
Three things make this safe:

- the process never outlives this one (on Linux the kernel ends it; elsewhere a closed pipe does, at its next message),
  and it leaves interrupts to this one;
- its address space may grow by a limited amount, and to no more than the session itself may use: the inherited part
  does not count, as a session that has loaded large libraries may hold more than the limit already;
- it may be forked in any thread.  The PARI library keeps its stack in variables of the thread that initialised it,
  which is the main one: a fork of another thread gets these first (:mod:`.pari_threads`).

:func:`streamed` is the general one: the function gets ``tell``, and what it told last is here when the time is over,
wherever it is.
"""
import builtins
import multiprocessing
import os
import resource
import signal
import threading
import time
import warnings

from . import errors
from .deadline import ComputationLost, Deadline, Stopped, TimeLimitReached
from .pari_threads import adopt_pari
from .pool import end_with_parent
from .threads import new_process, waiting

# Address space that an isolated computation may take: a Groebner basis that needs more would not end soon either.
MEMORY_BYTES = 8 << 30

# A process that asks a deadline itself has this many seconds to say what it knows, before it is killed.
_GRACE = 0.5

_forking = threading.Lock()


class TooLarge(errors.InputError):
    """A refusal in the other process, with a line for the user: it is raised here as it was there."""


def isolated(function, *arguments, deadline=None):
    """
    Return ``function(*arguments)`` computed in a forked process.

    INPUT:

    - ``deadline`` -- a :class:`Deadline`, or ``None``
    """
    (value,) = isolated_steps(_once, function, arguments, deadline=deadline)
    return value


def _once(function, arguments):
    yield function(*arguments)


def isolated_steps(function, *arguments, deadline=None):
    """
    Yield what the generator ``function(*arguments)`` yields, computed in a forked process.

    What was yielded before a crash or the time limit is here already.
    """
    if not hasattr(os, "fork"):
        yield from function(*arguments)
        return
    deadline = Deadline(None) if deadline is None else deadline
    process = _Process(_steps, function, arguments)
    try:
        while True:
            kind, value = process.message(deadline)
            if kind == "end":
                return
            if kind == "step":
                yield value
            else:
                raise _failure(kind, value, deadline, faithful=False)
    finally:
        process.close()


def streamed(function, *arguments, deadline):
    r"""
    Return ``function(tell, *arguments)`` computed in a forked process that is killed soon after the time is over.

    INPUT:

    - ``function`` -- calls ``tell(**state)`` when something is proved; the states are merged

    - ``deadline`` -- a :class:`Deadline`; what the process asks of it by itself comes first

    When the time is over, :class:`TimeLimitReached` has as ``partial`` what was told until then.  An exception of the
    function is raised here as it was there.

    EXAMPLES::

        sage: import time
        sage: from sage_conslaw.runtime.deadline import Deadline, TimeLimitReached
        sage: from sage_conslaw.runtime.isolated import streamed
        sage: streamed(lambda tell, n: n + 1, 2r, deadline=Deadline(60r))
        3
        sage: def slow(tell):
        ....:     tell(rank_at_least=5r)
        ....:     time.sleep(60)
        sage: try:
        ....:     streamed(slow, deadline=Deadline(0.2r))
        ....: except TimeLimitReached as reached:
        ....:     reached.partial
        {'rank_at_least': 5}
    """
    told = {}
    process = _Process(_stream, function, arguments)
    try:
        while True:
            try:
                kind, value = process.message(deadline, _GRACE)
            except Stopped as stopped:
                raise stopped.with_partial({**stopped.partial, **told}) from None
            if kind == "told":
                told.update(value)
                deadline.show(**value)
            elif kind == "answer":
                return value
            elif kind != "end":
                failure = _failure(kind, value, deadline, faithful=True)
                raise failure.with_partial({**failure.partial, **told}) if isinstance(failure, Stopped) else failure
    finally:
        process.close()


def _steps(send, function, arguments):
    for value in function(*arguments):
        send("step", value)


def _stream(send, function, arguments):
    send("answer", function(lambda **state: send("told", state), *arguments))


class _Process:
    """A forked process that runs ``work(send, function, arguments)``, and the messages that it sends."""

    def __init__(self, work, function, arguments):
        # One fork at a time: another thread's fork would inherit the pipe's end, which then never closes.
        with _forking, warnings.catch_warnings():
            # Newer versions of Python warn of every fork beside threads; this one is prepared for them.
            warnings.simplefilter("ignore", DeprecationWarning)
            self.receiver, sender = multiprocessing.Pipe(duplex=False)
            parent = os.getpid()
            self.pid = os.fork()
            if self.pid == 0:
                code = 1
                try:
                    self.receiver.close()
                    code = _run(parent, sender, work, function, arguments)
                finally:
                    # Not sys.exit: handlers and buffers of the session that was forked are not this process's to end.
                    os._exit(code)
            sender.close()
        self.code = None

    def message(self, deadline, grace=0.0):
        """Return the next message; raise if the process is lost, or if the time is over by more than ``grace``
        seconds."""
        with waiting():
            while not self.receiver.poll(0.05):
                # It may have written its answer and ended between the two questions.
                if self._ended() and not self.receiver.poll():
                    raise self._lost(deadline)
                deadline.check(grace=grace)
        try:
            return self.receiver.recv()
        except (EOFError, OSError):
            while not self._ended():
                time.sleep(0.01)
            raise self._lost(deadline) from None

    def _ended(self):
        if self.code is None:
            try:
                pid, status = os.waitpid(self.pid, os.WNOHANG)
            except ChildProcessError:
                # Somebody else waits for all children of this session.
                pid, status = self.pid, 0
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
        return self.code is not None

    def _lost(self, deadline):
        return ComputationLost(
            f"the computation ended without an answer (exit code {self.code}): it crashed or ran out of its "
            f"{_allowance() / (1 << 30):.3g} GB of memory",
            dict(deadline.partial),
        )

    def close(self):
        """End the process and wait for it."""
        if not self._ended():
            # Singular may catch or delay a polite signal.
            os.kill(self.pid, signal.SIGKILL)
            while not self._ended():
                time.sleep(0.002)
        self.receiver.close()


def _address_space():
    """Return the bytes of address space of this process; 0 where the system does not say."""
    try:
        with open("/proc/self/statm") as stream:
            return int(stream.read().split()[0]) * resource.getpagesize()
    except OSError:
        return 0


def _allowance():
    """Return how many bytes an isolated process may take: never more than the session has left."""
    limit = resource.getrlimit(resource.RLIMIT_AS)[1]
    return MEMORY_BYTES if limit == resource.RLIM_INFINITY else min(MEMORY_BYTES, max(limit - _address_space(), 0))


def _failure(kind, value, deadline, faithful):
    """Return the exception here for one there: what speaks to the user as it was, a defect too if ``faithful``."""
    if kind == "time":
        return TimeLimitReached(*value)
    if kind == "lost":
        return ComputationLost(*value)
    # Exceptions come by name and text: those of libraries with arguments of their own do not survive pickling.
    name, text = value
    known = {"TooLarge": TooLarge}.get(name) or getattr(errors, name, None) or getattr(builtins, name, Exception)
    if issubclass(known, errors.InputError) or faithful and known not in (Exception, MemoryError):
        return known(text)
    return ComputationLost(f"the computation failed: {name}: {' '.join(text.split())[:300]}", dict(deadline.partial))


class _Recorder:
    """A deadline for the other process: it never ends it, and shows what is proved so far."""

    def __init__(self):
        self.rank = multiprocessing.get_context("fork").Value("q", 0)

    def check(self, rank_at_least=0, **proved):
        self.rank.value = max(self.rank.value, rank_at_least)


def interruptible(function, deadline):
    """
    Return ``function(deadline)``, in a process of its own that is stopped when the time is over, wherever it is.

    A dense elimination asks no deadline; the rank that the function has recorded until then is kept.  A computation
    that is supervised already, because it is in such a process, needs no other one.
    """
    # A fork and its pipe cost some milliseconds and the caches of the child: only where something must be stopped.
    if deadline is None or deadline.limit is None or deadline.listener is not None:
        return function(deadline)
    recorder = _Recorder()
    try:
        return isolated(function, recorder, deadline=deadline)
    except Stopped as stopped:
        deadline.partial.update({"rank_at_least": recorder.rank.value} if recorder.rank.value else {})
        raise stopped.with_partial(dict(deadline.partial)) from None


def _run(parent, sender, work, function, arguments):
    """Do the work in the forked process, and return its exit status."""
    global _forking
    _forking = threading.Lock()
    new_process()
    end_with_parent(parent)
    for number in (signal.SIGTERM, signal.SIGALRM, signal.SIGPIPE):
        signal.signal(number, signal.SIG_DFL)
    # The soft limit alone: what it forks in turn may set its own.
    limit = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + _allowance(), limit))
    adopt_pari()

    def send(kind, value):
        sender.send((kind, value))
    try:
        work(send, function, arguments)
        send("end", None)
    except TimeLimitReached as error:
        send("time", (error.limit, error.partial))
    except Stopped as error:
        send("lost", (str(error), error.partial))
    except MemoryError:
        send("failed", ("MemoryError", "it ran out of memory"))
    except (RuntimeError, ValueError, TypeError, ArithmeticError, LookupError, AttributeError, AssertionError) as error:
        send("failed", (type(error).__name__, str(error)))
    finally:
        sender.close()
    return 0
