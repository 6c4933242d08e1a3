r"""
Time limits: long loops ask a deadline, and what is proved so far comes with the exception.
"""
import threading
import time

from .errors import InputError, InputTypeError
from .progress import bar

# Seconds after which a computation shows what it does, and between two looks at it.
_SILENT, _AGAIN = 2.0, 0.5


class Stopped(Exception):
    """A computation that ended before its answer; ``partial`` holds what was proved until then."""

    #: The bounds of the engine when it ended, if the engine was asked.
    bounds: object = None

    def __init__(self, reason, partial):
        super().__init__(reason)
        self.partial = partial

    def with_partial(self, partial):
        """Return the exception with another record of what is proved."""
        self.partial = partial
        return self


class TimeLimitReached(Stopped):
    r"""
    The time limit ended a computation.

    EXAMPLES::

        sage: from sage_conslaw import TimeLimitReached
        sage: TimeLimitReached(3, {}).limit
        3
    """

    def __init__(self, limit, partial):
        super().__init__(f"time limit of {limit} s reached", partial)
        self.limit = limit


class ComputationLost(Stopped, ArithmeticError):
    """A crash or the memory limit ended a computation in a process of its own; the session goes on."""


class Deadline:
    """
    A limit in seconds (``None``: no limit) and a record of what is proved so far; with ``progress`` the record is shown
    on standard error after two seconds.
    """

    def __init__(self, limit, progress=False):
        start = getattr(limit, "start", None)
        if limit is not None:
            if isinstance(limit, (bool, str)) or not hasattr(limit, "__float__"):
                raise InputTypeError(f"time_limit {limit!r} is not a number of seconds; give e.g. 60")
            # NaN compares with nothing, so such a limit would never be reached.
            limit = float(limit)
            if not 0 <= limit < float("inf"):
                raise InputError(f"time_limit {limit} is no number of seconds >= 0; give e.g. 60")
            limit = int(limit) if limit == int(limit) else limit
        self.limit = limit
        self.start = time.monotonic() if start is None else start
        self.partial = {}
        # Called with what is proved, where somebody else waits for it.
        self.listener = None
        self._bar, self._closed = None, threading.Event()
        self._progress = progress
        if progress:
            # Work that asks no deadline for a while is seen to go on.
            threading.Thread(target=self._tick, name="shows progress", daemon=True).start()

    def remaining(self):
        """Return the seconds left, ``None`` without a limit."""
        return None if self.limit is None else max(0.0, self.limit - (time.monotonic() - self.start))

    def check(self, grace=0.0, **proved):
        """Record what is proved, and raise if the time is over, by more than ``grace`` seconds."""
        # Recorded first: what was proved with the last of the time is part of the answer.
        self.show(**proved)
        if self.listener is not None and proved:
            self.listener(self.partial)
        if self.limit is not None and time.monotonic() - self.start >= self.limit + grace:
            raise TimeLimitReached(self.limit, dict(self.partial))

    def listens(self, listener):
        """Tell what is proved to a listener from now on, and show nothing oneself."""
        self.listener, self._progress = listener, False

    def show(self, **proved):
        """Record what is proved, and show it if progress is asked for."""
        self.partial.update(proved)
        if self._progress and time.monotonic() - self.start > _SILENT:
            self._show()

    def _tick(self):
        pause = max(0.0, _SILENT)
        while not self._closed.wait(pause):
            if not self._progress:
                return
            self._show()
            pause = _AGAIN

    def _show(self):
        """Show on standard error what is proved so far."""
        if self._closed.is_set():
            return
        if self._bar is None:
            self._bar = bar(bar_format="{desc} [{elapsed}]")
            self._bar.start_t -= time.monotonic() - self.start
        words = []
        if "found" in self.partial:
            words.append(f"{len(self.partial['found'])} laws")
        if "rank_at_least" in self.partial:
            words.append(f"rank at least {self.partial['rank_at_least']}")
        if self._bar is not None:
            self._bar.set_description_str(", ".join(words) or "searching laws")

    def close(self):
        """Clear the line that shows the progress."""
        self._closed.set()
        # The ticking thread may show it once more: it looks for the mark first.
        bar, self._bar = self._bar, None
        if bar is not None:
            bar.close()
