r"""
Loading Sage in whatever thread needs it first.

Loading sets handlers of signals, which only the main thread may do, and some libraries (OpenBLAS, PARI) expect that the
thread which loaded them lives until the end: if it does not, the process crashes when it exits.  In a thread that is
not the main one, Sage is therefore loaded by a thread that does nothing else and never ends, and without handlers: an
interrupt is then an ordinary ``KeyboardInterrupt`` of the main thread.
"""
import importlib
import os
import resource
import signal
import sys
import tempfile
import threading

from .errors import InputError
from .pari_threads import remember_stack

# Address space in which Sage loads: with 1.5 GB most of it, measured.  With less than the least nothing is tried: some
# of its libraries repeat without end what the system refuses.
_ENOUGH = 2500 << 20
_LEAST = 1200 << 20


def load(*names):
    """Import modules of Sage by their names, in this order, safely in any thread."""
    if sys.flags.optimize >= 2:
        raise InputError("python -OO drops the texts that parts of Sage are made of; run python -O, or python alone")
    if threading.current_thread() is threading.main_thread():
        _load(names)
        return
    done, errors = threading.Event(), []

    def keeper():
        # The modules ask for handlers as they load; in this thread Python refuses, and they would fail.
        set_handler = signal.signal
        signal.signal = lambda number, handler: signal.SIG_DFL
        try:
            _load(names)
        except (ImportError, InputError) as error:
            errors.append(error)
        finally:
            signal.signal = set_handler
            done.set()
        threading.Event().wait()
    threading.Thread(target=keeper, name="loads Sage", daemon=True).start()
    done.wait()
    if errors:
        raise errors[0]


def load_first(*groups):
    """Import the first of some groups of modules of Sage that is installed: one whose first module is there."""
    for names in groups:
        try:
            return load(*names)
        except ModuleNotFoundError as error:
            # A part that is there and lacks one of its own parts is a broken installation, not an absent one.
            if error.name not in (names[0], "sage"):
                raise
    raise ModuleNotFoundError(
        "Sage is not installed: pip install 'sage_conslaw[sage]', or 'sage_conslaw[lean]' for the parts of it that "
        "are needed (python -m sage_conslaw.check works without)", name="sage"
    )


def _load(names):
    # Sage asks the environment for these; a service or a container may have neither.
    os.environ.setdefault("PATH", os.defpath)
    if not os.environ.get("HOME"):
        home = os.path.expanduser("~")
        os.environ["HOME"] = home if os.path.isdir(home) else tempfile.gettempdir()
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if limit == resource.RLIM_INFINITY:
        _import(names)
    else:
        _load_within(names, limit)
    remember_stack()


def _import(names):
    for name in names:
        importlib.import_module(name)


def _load_within(names, limit):
    """Import modules where memory is limited: libraries then warn of what they get less of, line by line."""
    if limit < _LEAST:
        raise _too_little(limit)
    shown, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    sys.stderr.flush()
    os.dup2(nowhere, 2)
    try:
        _import(names)
    except ModuleNotFoundError:
        raise
    except (ImportError, MemoryError):
        if limit > _ENOUGH:
            raise
        raise _too_little(limit) from None
    finally:
        os.dup2(shown, 2)
        os.close(shown)
        os.close(nowhere)


def _too_little(limit):
    return InputError(
        f"Sage does not load within the memory limit of {limit >> 20} MB; allow {_ENOUGH >> 20} MB (ulimit -v)"
    )
