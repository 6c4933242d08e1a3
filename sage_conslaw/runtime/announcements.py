r"""
What a process tells the one that supervises it, if one does.

The command line runs a command with a time limit in a process of its own (:mod:`sage_conslaw.cli.supervisor`).  That
process announces what it knows; where nobody listens an announcement costs nothing.  The first announcement starts the
clock.
"""
import time

_listeners: list = []
_began: list = []


def listen(listener):
    """Call ``listener(record)`` with every record that is announced from now on; ``None`` ends that."""
    _listeners[:] = [] if listener is None else [listener]


def listens():
    """Say whether somebody is told what this process announces."""
    return bool(_listeners)


def announce(record):
    """Announce ``record()``, a dictionary of what is known; it is not called where nobody listens."""
    for listener in _listeners:
        # The first thing that is known is what is asked; loading the package before it is nobody's search.
        if not _began:
            _began.append(time.monotonic())
        listener(record())


class SinceAnnounced(float):
    """
    A time limit that counts from the first announcement, not from where it is given: building a large network is part
    of it.
    """

    @property
    def start(self):
        """When the clock was started, ``None`` where nobody listens."""
        return _began[0] if _began else None
