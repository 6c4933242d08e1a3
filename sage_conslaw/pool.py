r"""
A pool of processes for sweeps: forked after Sage is loaded, stopped at once by an interrupt.
"""
import multiprocessing
import signal
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager


@contextmanager
def worker_pool(processes, tasks):
    r"""
    Give a function ``run(function, items)`` that maps in parallel and in order; one process runs in place.

    EXAMPLES::

        sage: from sage_conslaw.pool import worker_pool
        sage: with worker_pool(2, 3) as run:
        ....:     list(run(abs, [-1, 2, -3]))
        [1, 2, 3]
    """
    if "fork" not in multiprocessing.get_all_start_methods() or min(processes, tasks) <= 1:
        yield map
        return
    executor = ProcessPoolExecutor(min(processes, tasks), mp_context=multiprocessing.get_context("fork"),
                                   initializer=_ignore_interrupt)
    try:
        # Small chunks keep the cores busy until the end; one at a time costs 1 ms each in messages.
        yield lambda function, items: executor.map(function, items, chunksize=2)
    except BaseException:
        for process in list((executor._processes or {}).values()):
            process.terminate()
        executor.shutdown(wait=False, cancel_futures=True)
        raise
    executor.shutdown()


def _ignore_interrupt():
    signal.signal(signal.SIGINT, signal.SIG_IGN)
