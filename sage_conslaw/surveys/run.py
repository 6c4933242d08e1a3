r"""
The runner of a survey: cases go to processes of this machine or to a Dask cluster, results go to the store one by one.
"""
import json
import os
import sqlite3
import threading
import time
from concurrent.futures import FIRST_COMPLETED, wait
from concurrent.futures.process import BrokenProcessPool


from ..runtime.deadline import ComputationLost, Deadline, TimeLimitReached
from ..runtime.arguments import integer
from ..runtime.isolated import isolated
from ..runtime.pool import process_executor
from .specification import cases as cases_of
from .specification import seed_of
from .store import Store
from .table import SurveyTable
from ..runtime.errors import InputError, InputTypeError
from ..runtime.progress import bar
from .. import flows
from ..engine.api import conservation_laws, count_conservation_laws
from ..networks import by_name

# Cases in flight for each process: enough that none waits, few enough that little is done twice after a kill.
_IN_FLIGHT = 3


def run_case(task):
    r"""
    Compute one case through the public calls: ``("done", record)`` or ``("failed", reason)``.

    EXAMPLES::

        sage: from sage_conslaw.surveys.run import run_case
        sage: case = ('{"architecture":"linear","flow":{"name":"gradient"},"loss":"least-squares",'
        ....:         '"options":{},"sizes":[2,1,2]}')
        sage: state, record = run_case((case, 0r))
        sage: state, record["number"], record["status"]
        ('done', 1, 'proved')
        sage: run_case((case.replace("[2,1,2]", "[2]"), 0r))
        ('failed', 'linear takes at least 2 widths from input to output, not [2]; try linear 2 2')
    """
    if threading.current_thread() is not threading.main_thread():
        # A worker that is a thread: Sage's libraries want a main thread, which a process has.
        try:
            return isolated(run_case, task)
        except ComputationLost as lost:
            return "failed", str(lost)
    text, seed = task
    case = json.loads(text)
    try:
        # The public calls and no short cut: a survey says what a user would see.
        flow = case["flow"]
        built = flows.by_name(flow["name"], **{name: flow[name] for name in ("tau", "metric") if name in flow})
        if "weight_decay" in flow:
            built = flows.weight_decay(flow["weight_decay"], built)
        network = by_name(case["architecture"], case["sizes"], **case["options"])
        common = dict(flow=built, loss=case["loss"], seed=seed_of(text, seed), time_limit=case.get("time_limit"))
        if case.get("count"):
            return "done", count_conservation_laws(network, **common).to_dict()
        # The notation takes longer than a small search, and the store keeps the laws as polynomials.
        return "done", conservation_laws(network, degree=case.get("degree"), **common).to_dict(matrix_notation=False)
    except TimeLimitReached as reached:
        return "failed", f"time limit of {reached.limit} s reached; between {reached.partial['number_at_least']} and " \
                         f"{reached.partial['number_at_most']} laws"
    except (ValueError, TypeError, NotImplementedError, ArithmeticError, MemoryError) as error:
        return "failed", " ".join(str(error).split()) or type(error).__name__


def survey(
    specs, store="survey.sqlite", *, processes=None, scheduler=None, seed: int | None = 0, retry_failed=False,
    time_limit: float | None = None, progress: bool = False,
) -> SurveyTable:
    r"""
    Find the laws of many architectures in parallel, and keep each result in a database as soon as it is there.

    A survey that was stopped or killed at any moment goes on where it was: what is in the store is not computed again.

    INPUT:

    - ``specs`` -- the path of a TOML file, or a list of sweeps: see :func:`sage_conslaw.surveys.specification.cases`

    - ``store`` -- a SQLite file, made if it does not exist; other surveys may share it, one at a time

    - ``processes`` -- how many (default: one a core); ``scheduler`` -- the address of a Dask scheduler, instead

    - ``seed`` -- of the survey; each case has its own, made of this and of the case

    - ``retry_failed`` -- whether to try again the cases that failed

    - ``time_limit`` -- seconds; then :class:`TimeLimitReached` carries the table so far, and the store has it

    - ``progress`` -- whether to show a progress bar, on standard error

    OUTPUT: a :class:`SurveyTable`

    EXAMPLES::

        sage: import os, tempfile
        sage: from sage_conslaw import survey
        sage: sweep = {"architecture": "linear", "sizes": [2, [1, 2], 2], "flow": ["gradient", {"name": "momentum",
        ....:     "tau": "1"}]}
        sage: with tempfile.TemporaryDirectory() as folder:
        ....:     table = survey([sweep], store=os.path.join(folder, "survey.sqlite"), processes=1)
        sage: table
        case                  flow            laws  status
        --------------------  --------------  ----  ------
        linear 2 1 2          gradient           1  proved
        linear 2 1 2          momentum tau 1     0  proved
        linear 2 2 2          gradient           3  proved
        linear 2 2 2          momentum tau 1     1  proved
        4 cases: 4 done (4 proved), 0 failed, 0 to do
        sage: survey([sweep], store="/no/such/folder/a.sqlite")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: there is no folder /no/such/folder for the store a.sqlite
    """
    if processes is not None:
        try:
            processes = integer(processes)
        except TypeError:
            raise InputTypeError(f"processes {processes!r} is not an integer; give e.g. 2") from None
        if processes < 1:
            raise InputError(f"processes {processes} is not a positive integer; give e.g. 2")
    if scheduler is not None and processes is not None:
        raise InputError("give processes (this machine) or scheduler (a Dask cluster), not both")
    # Everything of the input is looked at before the store is opened or a process is started.
    seed, deadline, start = integer(seed), Deadline(time_limit), time.perf_counter()
    cases = cases_of(specs)
    database = Store(store)
    try:
        with database.locked():
            database.add(cases)
            if retry_failed:
                # Failures stay as they are otherwise: most, such as sizes that do not fit, would fail again.
                database.retry(cases)
            tasks = [(key, seed) for key in database.to_do(cases)]
            computed, stopped = 0, None
            with bar(
                total=len(cases), initial=len(cases) - len(tasks), desc="survey", unit="case", disable=not progress
            ) as done:
                try:
                    # One transaction a case: what is reported is on the disk.
                    for (key, _), (state, outcome) in _outcomes(tasks, processes, scheduler, deadline):
                        (database.finish if state == "done" else database.fail)(key, outcome)
                        computed += 1
                        done.update()
                except TimeLimitReached as reached:
                    stopped = reached
            table = SurveyTable.of(database.rows(cases), computed, time.perf_counter() - start)
    except sqlite3.Error as error:
        raise InputError(f"the store {store} cannot be used: {error}; give another one, or make room") from None
    finally:
        database.close()
    if stopped is not None:
        raise TimeLimitReached(stopped.limit, table)
    return table


def _outcomes(tasks, processes, scheduler, deadline):
    if not tasks:
        return
    if scheduler is not None:
        yield from _on_cluster(tasks, scheduler, deadline)
        return
    # No process for a case that is not there: starting one costs more than a small case.
    processes = min(processes or os.cpu_count() or 1, len(tasks))
    if processes == 1:
        for task in tasks:
            deadline.check()
            yield task, run_case(task)
        return
    yield from _in_processes(tasks, processes, deadline)


def _in_processes(tasks, processes, deadline):
    """Yield tasks with their outcomes as they come; a case whose process dies is tried alone, and fails if it dies
    again."""
    # Cases are taken one by one: a million futures at once would be a million texts in the pool.
    waiting = iter(tasks)
    suspects, exhausted = [], False
    while not exhausted:
        with process_executor(processes) as executor:
            flying = {}
            try:
                while True:
                    while len(flying) < _IN_FLIGHT * processes and not exhausted:
                        task = next(waiting, None)
                        if task is None:
                            exhausted = True
                        else:
                            flying[executor.submit(run_case, task)] = task
                    if not flying:
                        break
                    deadline.check()
                    ready, _ = wait(flying, timeout=deadline.remaining(), return_when=FIRST_COMPLETED)
                    for future in ready:
                        # Before the case is taken out of those in flight: if the pool is broken, it is a suspect still.
                        outcome = future.result()
                        yield flying.pop(future), outcome
            # A pool that lost a process tells of none of its cases which one it was: all in flight are tried alone.
            except BrokenProcessPool:
                suspects += flying.values()
        for task in suspects:
            deadline.check()
            yield task, _alone(task)
        suspects = []


def _alone(task):
    with process_executor(1) as executor:
        try:
            # In a pool of its own: if it dies here it was this case, and no neighbour.
            return executor.submit(run_case, task).result()
        except BrokenProcessPool:
            return "failed", "its process died, twice: it was killed, or ran out of memory"


def _on_cluster(tasks, scheduler, deadline):
    """Yield tasks with their outcomes from a Dask cluster whose workers have this package."""
    try:
        from distributed import Client, as_completed
        from distributed.scheduler import KilledWorker
    except ImportError:
        raise InputError("a scheduler needs Dask, which is not installed; pip install 'sage_conslaw[survey]'") from None
    try:
        client = Client(scheduler, timeout=10)
    except (OSError, ValueError, TimeoutError) as error:
        raise InputError(f"no Dask scheduler answers at {scheduler}: {' '.join(str(error).split())[:200]}") from None
    with client:
        # pure=False: the cluster may have the answer of another version of the package in its cache.
        # One more try elsewhere: a worker may be taken away for reasons that are not the case's.
        flying = {client.submit(run_case, task, pure=False, retries=1): task for task in tasks}
        try:
            for future in as_completed(flying, timeout=deadline.remaining()):
                deadline.check()
                if future.status == "error":
                    failure = future.exception()
                    if isinstance(failure, KilledWorker):
                        yield flying[future], ("failed", "its worker died more often than the cluster allows")
                    else:
                        yield flying[future], ("failed", " ".join(str(failure).split())[:500])
                else:
                    yield flying[future], future.result()
        except TimeoutError:
            deadline.check()
            raise
        finally:
            # Also where a time limit or a key stopped the survey: the cluster is others' too.
            client.cancel(list(flying))
