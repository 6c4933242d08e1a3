r"""
A pool of processes for sweeps: forked after Sage is loaded, stopped at once by an interrupt.
"""
import ctypes
import multiprocessing
import os
import signal
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager

from . import announcements


@contextmanager
def worker_pool(processes, tasks):
    """Give a function ``run(function, items)`` that maps in parallel and in order; one process runs in place."""
    if "fork" not in multiprocessing.get_all_start_methods() or min(processes, tasks) <= 1:
        yield map
        return
    with process_executor(min(processes, tasks)) as executor:
        # Small chunks keep the cores busy until the end; one at a time costs 1 ms each in messages.
        yield lambda function, items: executor.map(function, items, chunksize=2)


def end_with_parent(parent):
    """
    Leave interrupts to the parent process, and end with it, however it ends (on Linux; elsewhere a child ends at its
    next message).
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        prctl = ctypes.CDLL(None, use_errno=True).prctl
        set_parent_death_signal = 1
        prctl(set_parent_death_signal, signal.SIGKILL)
        # The parent may have ended between the fork and the request, which then names another process.
        if os.getppid() != parent:
            os._exit(1)


def _begin(parent):
    end_with_parent(parent)
    # The pipe to whoever supervises the command is inherited: what two processes write there at once is neither's.
    announcements.listen(None)


@contextmanager
def process_executor(processes):
    """Give an executor of forked processes; leaving it by an exception stops them at once."""
    executor = ProcessPoolExecutor(
        processes, mp_context=multiprocessing.get_context("fork"), initializer=_begin, initargs=(os.getpid(),)
    )
    try:
        yield executor
    # An interrupt too: waiting for workers that compute for minutes would look like a session that hangs.
    except BaseException:
        for process in list((executor._processes or {}).values()):
            process.terminate()
        executor.shutdown(wait=False, cancel_futures=True)
        raise
    executor.shutdown()
