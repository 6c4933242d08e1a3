r"""
One thread at a time in Sage.

Sage's coercion, its caches and most libraries below are not made for threads.  A public call holds one lock for the
package while it is in Sage, and gives it away while it waits for a process of its own: so several threads may call, and
their isolated work still runs side by side.
"""
import functools
import threading
from contextlib import contextmanager

_lock = threading.RLock()
_held = threading.local()


def in_sage(function):
    """Let one thread at a time run a public call."""
    @functools.wraps(function)
    def call(*arguments, **options):
        with _lock:
            _held.depth = getattr(_held, "depth", 0) + 1
            try:
                return function(*arguments, **options)
            finally:
                _held.depth -= 1
    return call


@contextmanager
def waiting():
    """Give the lock away, if this thread has it, while it waits for another process."""
    # As often as it is held: public calls call each other.
    depth = getattr(_held, "depth", 0)
    for _ in range(depth):
        _lock.release()
    try:
        yield
    finally:
        for _ in range(depth):
            _lock.acquire()


def new_process():
    """In a forked process: this thread is the only one, and has the lock as often as before."""
    # Another thread of the parent may have held the old one, and is not here to release it.
    global _lock
    _lock = threading.RLock()
    for _ in range(getattr(_held, "depth", 0)):
        _lock.acquire()
