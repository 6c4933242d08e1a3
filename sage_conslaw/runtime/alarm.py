r"""
A time limit for code that asks no deadline: building a problem, making rings, writing results down.

The main thread is interrupted by a timer, a little after the time is over, between two steps of the interpreter.  Other
threads cannot be interrupted; for them, and inside one long call of a library, the process of :mod:`.isolated` or the
command line's own supervisor is what ends the work.
"""
import signal
import threading
from contextlib import contextmanager

from .deadline import TimeLimitReached

# Code that asks the deadline itself comes first; and an interrupt that falls into a place where Python drops exceptions
# comes again.
_LATER, _AGAIN = 0.3, 0.2


@contextmanager
def interrupting(deadline):
    """Raise :class:`TimeLimitReached` in the block when the time is over."""
    usable = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    # One timer a process: of two limits the inner one would silence the outer one, so the outer one stays.
    if deadline.limit is None or not usable or signal.getitimer(signal.ITIMER_REAL)[0]:
        # Somebody else's timer is left alone.
        yield
        return
    # A last ring may be on its way when the block ends: it must find that nobody waits for it.
    active = True

    def ring(number, frame):
        if active:
            raise TimeLimitReached(deadline.limit, dict(deadline.partial))
    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, deadline.remaining() + _LATER, _AGAIN)
    try:
        yield
    finally:
        active = False
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
