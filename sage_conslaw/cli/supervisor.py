r"""
The time limit of a command: it holds wherever the time goes.

A command with ``--time-limit`` runs in a forked process; this one waits.  The clock starts when the other has loaded
what it needs and announces what it is asked.  Usually it ends by itself, with what it found.  If it is somewhere that
asks no deadline (a graph of a million operations, a ring of a thousand variables), it is ended a little after the
limit, and what it announced last is printed here.
"""
import json
import multiprocessing
import os
import signal
import sys
import time

from ..runtime import announcements
from ..runtime.pool import end_with_parent
from ..runtime.unproved import unproved
from .report import print_partial, stop

# Seconds that a command has to end by itself after the limit, and to write its answer once it has begun to.
_LATER, _WRITING = 1.3, 10.0


def limit_of(arguments):
    """
    Return the time limit among the words of a command line, ``None`` where there is none or none that can be read.
    """
    for word, after in zip(arguments, [*arguments[1:], ""]):
        text = after if word == "--time-limit" else word.partition("=")[2] if word.startswith("--time-limit=") else None
        if text is not None:
            try:
                return max(0.0, float(text))
            except ValueError:
                return None
    return None


def supervise(command, limit):
    """Return the exit status of ``command()``, run in another process that is ended after the limit."""
    receiver, sender = multiprocessing.Pipe(duplex=False)
    # What is in the buffers would be written by both processes.
    sys.stdout.flush()
    sys.stderr.flush()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            receiver.close()
            status = _supervised(command, parent, sender)
        finally:
            # Handlers of the interpreter's end belong to the process that was forked.
            os._exit(status)
    sender.close()
    # An interrupt is said by the process that is interrupted.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    known, ends = {}, None
    while True:
        try:
            if receiver.poll(0.05):
                record = receiver.recv()
                # The first announcement starts the clock; one that the answer is being written gives it time to end.
                if ends is None or "writing" in record:
                    ends = time.monotonic() + (_WRITING if "writing" in record else limit + _LATER)
                known.update(record)
        # The pipe is closed: the process has ended, with its own status.
        except (EOFError, OSError):
            return _status(os.waitpid(pid, 0)[1])
        # A process that crashed without closing its pipe, which a child of its own still holds.
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return _status(status)
        if ends is not None and time.monotonic() > ends:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return _out_of_time(known, limit)


def _supervised(command, parent, sender):
    end_with_parent(parent)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    announcements.listen(sender.send)
    return command()


def _status(status):
    # As a shell says it: 128 and the signal.
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _out_of_time(known, limit):
    """Print what was announced, and return the exit status."""
    if "writing" in known:
        return stop("the answer could not be written in time", 3)
    # What is said last of all: the answer itself, where it was begun, or what was announced before.
    seconds = int(limit) if limit == int(limit) else limit
    if "total" in known:
        # A list whose lines are printed as they come; as one object it is printed here.
        if "--json" in sys.argv:
            print(json.dumps({**known, "time_limit_reached": True}))
        return stop(f"time limit of {seconds} s reached; what is finished is sound", 3)
    if "store" in known:
        print(json.dumps({"store": known["store"], "time_limit_reached": True}) if "--json" in sys.argv
              else f"what is finished is in {known['store']}")
        return stop(f"time limit of {seconds} s reached; the same command goes on from {known['store']}", 3)
    if "answered" in known:
        return stop(f"time limit of {seconds} s reached; the answer above is final, the certificate is not written", 3)
    print_partial(known if "widths" in known else unproved(**known), "--json" in sys.argv)
    return stop(f"time limit of {seconds} s reached; the result above is sound but not final", 3)
