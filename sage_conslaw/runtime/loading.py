r"""
Loading Sage in whatever thread needs it first.

Loading sets handlers of signals, which only the main thread may do, and some libraries (OpenBLAS, PARI) expect that the thread which
loaded them lives until the end: if it does not, the process crashes when it exits.  In a thread that is not the main one, Sage is
therefore loaded by a thread that does nothing else and never ends, and without handlers: an interrupt is then an ordinary
``KeyboardInterrupt`` of the main thread.
"""
import importlib
import signal
import threading

from .pari_threads import remember_stack


def load(name):
    r"""
    Import a module of Sage by its name, safely in any thread.

    EXAMPLES::

        sage: from sage_conslaw.runtime.loading import load
        sage: load("sage.all")
    """
    if threading.current_thread() is threading.main_thread():
        _load(name)
        return
    done, errors = threading.Event(), []

    def keeper():
        set_handler = signal.signal
        signal.signal = lambda number, handler: signal.SIG_DFL
        try:
            _load(name)
        except ImportError as error:
            errors.append(error)
        finally:
            signal.signal = set_handler
            done.set()
        threading.Event().wait()
    threading.Thread(target=keeper, name="loads Sage", daemon=True).start()
    done.wait()
    if errors:
        raise errors[0]


def _load(name):
    importlib.import_module(name)
    remember_stack()
