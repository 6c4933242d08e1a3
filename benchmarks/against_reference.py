r"""
Time this package against the published notebooks of Marcotte, Gribonval and Peyré, on the same architectures.

Usage::

    git clone https://github.com/sibyllema/Conservation_laws
    git clone https://github.com/sibyllema/Conservation_laws_ICML          # only for the flows with momentum
    python benchmarks/against_reference.py Conservation_laws
    python benchmarks/against_reference.py Conservation_laws --only linear --cases "2 4 5 2 2; 5 5 4 4 5"
    python benchmarks/against_reference.py Conservation_laws --momentum-path Conservation_laws_ICML --only momentum

Nothing of the notebooks is part of this repository: their function definitions are read at run time, passed through
Sage's preparser as in a notebook, written to a temporary module and imported by one fresh process per architecture;
ours gets one fresh process per architecture too.

- Widths are from input to output (the notebooks': from output to input; they are reversed here).  A case may begin
  with ``linear`` or ``relu`` (needed only in ``laws`` and ``momentum``) and end with ``bias``.
- What is computed follows the loops of their main notebooks.  ``linear`` and ``relu``: the number of laws, D minus the
  dimension of the trace of the Lie algebra.  They tell this computation the number of laws already known, and it stops
  on reaching it; ``--unaided`` does not tell it.  Ours is never told.  ``laws``: the independent homogeneous quadratic
  laws and the size of their basis, by their ``solve``.  ``momentum``: the number of laws without friction, and
  for linear networks also ``solve``.
- Seconds are wall time inside the process, from the widths to the numbers, imports not counted, the first call of the
  process for both.  MB is the peak resident memory of the process or of its largest forked worker (not their sum),
  imports included, so that about 220 MB of it is Sage.
- A process over the time limit is killed; its time and the ratio are then lower bounds, and so is its memory.

The exit code is 1 if two numbers disagree or a run fails.  No shim is needed on Sage 10.8 with numpy 2: every name that
the notebooks take from their surroundings (``var``, ``copy``, ``product``, ...) is one of ``sage.all``.
"""
import argparse
import ast
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

GRADIENT_NOTEBOOKS = (
    "create_generic_polynomial.ipynb",
    "get_all_polynomial_conserved_functions.ipynb",
    "get_specific_vector_fields_and_known_conserved_functions.ipynb",
    "computation_dimension_trace_Lie_algebra.ipynb",
)
MOMENTUM_NOTEBOOKS = (
    "formal_calculus/create_generic_polynomial_ICML.ipynb",
    "formal_calculus/get_all_polynomial_conserved_functions_ICML.ipynb",
    "formal_calculus/get_specific_vector_fields_ICML.ipynb",
    "formal_calculus/computation_dimension_trace_Lie_algebra_ICML.ipynb",
)
DEFAULT_CASES = {
    "linear": "2 3 2; 3 3 3; 2 2 2 2; 3 4 2 3; 2 4 5 2 2; 5 5 4 4 5",
    "relu": "2 3 2; 2 3 2 bias; 3 4 4 2; 3 4 4 2 bias",
    "laws": "3 2 3; 2 3 4",
    "momentum": "2 1 2; 2 2 2; relu 2 2 2; relu 2 2 2 bias",
}
REFERENCE_MODULE = "reference_notebooks"
COLUMNS = (("architecture", 18), ("what", 9), ("theirs", 10), ("ours", 10), ("agree", 5), ("their s", 10), ("our s", 8),
           ("ratio", 9), ("their MB", 9), ("our MB", 7))


@dataclass(frozen=True)
class Case:
    """One row of the table: what is computed, on which architecture."""

    kind: str
    architecture: str
    widths: tuple
    bias: bool = False

    def __str__(self):
        return " ".join([self.architecture, *map(str, self.widths)] + ["bias"] * self.bias)

    @property
    def what(self):
        return "count" if self.kind in ("linear", "relu") else self.kind


@dataclass(frozen=True)
class Run:
    """What one child process gave: numbers, or that it was killed, or why it failed."""

    numbers: dict
    seconds: float
    megabytes: int
    killed: bool = False
    failure: str = ""

    def shown(self):
        if self.killed or self.failure:
            return "-" if self.killed else "failed"
        return "/".join(str(self.numbers[key]) for key in ("number", "independent", "basis") if key in self.numbers)


def parse_cases(text, kind):
    r"""
    Return the cases of a text such as ``"2 3 2; relu 3 4 2 bias"``.

    EXAMPLES::

        >>> [str(case) for case in parse_cases("2 3 2; relu 3 4 2 bias", "laws")]
        ['linear 2 3 2', 'relu 3 4 2 bias']
    """
    cases = []
    for part in filter(None, map(str.strip, text.split(";"))):
        words = part.split()
        architecture = words.pop(0) if words[0] in ("linear", "relu") else "relu" if kind == "relu" else "linear"
        bias = words[-1:] == ["bias"]
        numbers = words[:-1] if bias else words
        if len(numbers) < 3 or not all(word.isdigit() and int(word) > 0 for word in numbers):
            raise argparse.ArgumentTypeError(f"case {part!r} needs three or more positive widths, e.g. '2 3 2'")
        if kind in ("linear", "relu") and architecture != kind or bias and architecture != "relu":
            raise argparse.ArgumentTypeError(f"case {part!r} does not fit --only {kind}")
        cases.append(Case(kind, architecture, tuple(map(int, numbers)), bias))
    return cases


# ---------------------------------------------------------------------------------------------------------------------
# In the child processes.

def extract(notebooks, target):
    """Write the imports and function definitions of the notebooks to a module, preparsed as a Sage notebook does."""
    import sage.all  # noqa: F401  (first: the preparser needs the top level)
    from sage.repl.preparse import preparse
    parts = ["from sage.all import *"]
    for notebook in notebooks:
        for cell in json.loads(Path(notebook).read_text(encoding="utf8"))["cells"]:
            if cell["cell_type"] != "code":
                continue
            # "run other.ipynb" is not Python; all notebooks needed are listed above.
            lines = "".join(cell["source"]).splitlines(keepends=True)
            source = preparse("".join(line for line in lines if not line.startswith(("run ", "%"))))
            kept = (ast.Import, ast.ImportFrom, ast.FunctionDef)
            parts += [ast.unparse(node) for node in ast.parse(source).body if isinstance(node, kept)]
    Path(target).write_text("\n\n\n".join(parts) + "\n", encoding="utf8")


def theirs(case, unaided):
    """Compute one case with the functions of the notebooks, as the loops of their main notebooks do."""
    import numpy as np
    reference = importlib.import_module(REFERENCE_MODULE)
    dims = [*reversed(case.widths)]
    linear, numbers = case.architecture == "linear", {}
    np.random.seed(0)
    start = time.perf_counter()
    if case.kind == "momentum":
        if linear:
            dimension, fields = reference.vector_fields_for_q_layer_LNN_momentum(dims, 0)
        else:
            dimension, fields = reference.vector_fields_ReLU_q_layers_momentum(dims, 0, case.bias)
        numbers["number"] = dimension - reference.dim_trace_lie_algebra(fields)
        if linear:
            numbers["independent"] = reference.solve(2, fields)
        return numbers, time.perf_counter() - start
    known = 0
    if case.what == "count" and not unaided:
        known = reference.known_conserved_functions_linear(dims) if linear \
            else reference.known_conserved_functions_ReLU(dims)
    if linear:
        dimension, fields = reference.vector_fields_for_q_layer_LNN(dims)
    else:
        dimension, fields = reference.vector_fields_ReLU_q_layers(dims, bias=case.bias)
    if case.what == "count":
        numbers["number"] = dimension - reference.dim_trace_lie_algebra(fields, n_known_functions=known)
    else:
        found = reference.solve(2, fields, True)  # 0 rather than a pair if there is none
        numbers["basis"], numbers["independent"] = (len(found[0]), found[1]) if isinstance(found, tuple) else (0, 0)
    return numbers, time.perf_counter() - start


def ours(case):
    """Compute the same case with this package."""
    from sage_conslaw import conservation_laws, count_conservation_laws, flows, networks
    start = time.perf_counter()
    if case.architecture == "linear":
        network = networks.linear(list(case.widths))
    else:
        network = networks.relu(list(case.widths), bias=case.bias)
    if case.what == "count":
        numbers = {"number": count_conservation_laws(network, seed=0).number}
    elif case.kind == "momentum":
        found = conservation_laws(network, flow=flows.momentum(tau=0), seed=0)
        numbers = {"number": found.number, "independent": len(found.independent)}
    else:
        found = conservation_laws(network, degree=2, seed=0)
        numbers = {"basis": len(found.laws), "independent": len(found.independent)}
    return numbers, time.perf_counter() - start


def child(job):
    """Do one job, a JSON text, and write the numbers and the seconds to its file."""
    job = json.loads(job)
    if job["side"] == "extract":
        extract(job["notebooks"], job["target"])
        return
    case = Case(**{**job["case"], "widths": tuple(job["case"]["widths"])})
    numbers, seconds = theirs(case, job["unaided"]) if job["side"] == "theirs" else ours(case)
    record = {"numbers": {key: int(value) for key, value in numbers.items()}, "seconds": seconds}
    Path(job["target"]).write_text(json.dumps(record), encoding="utf8")


# ---------------------------------------------------------------------------------------------------------------------
# In the parent, which imports nothing large: on Linux a child's peak memory starts from its parent's.

def run_child(job, folder, limit, threads):
    """Run one job in a fresh process group; return exit code (``None`` if killed), peak MB and last line printed."""
    # The workers leave their files in TMPDIR when they are killed.
    environment = {**os.environ, "SAGE_NUM_THREADS": str(threads), "TMPDIR": str(folder)}
    places = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment["PYTHONPATH"] = os.pathsep.join(places)
    log = folder / "log.txt"
    command = [sys.executable, str(Path(__file__).resolve()), "--child", json.dumps(job)]
    with log.open("w", encoding="utf8") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output,
                                   stdin=subprocess.DEVNULL, start_new_session=True)
    killed, end, ended = False, time.monotonic() + limit, 0
    try:
        while not ended:
            # wait4 gives the resources of this one child, with the workers that it has waited for.
            ended, status, usage = os.wait4(process.pid, os.WNOHANG)
            if not ended and time.monotonic() > end and not killed:
                os.killpg(process.pid, signal.SIGKILL)
                killed = True
            elif not ended:
                time.sleep(0.02)
    except KeyboardInterrupt:
        os.killpg(process.pid, signal.SIGKILL)
        raise
    process.returncode = os.waitstatus_to_exitcode(status)
    lines = log.read_text(encoding="utf8", errors="replace").strip().splitlines()
    unit = 1 if sys.platform == "darwin" else 1024
    return (None if killed else process.returncode), usage.ru_maxrss * unit // 2**20, (lines or [""])[-1]


def measure(side, case, folder, options):
    """Run one case on one side, and return the :class:`Run`."""
    target = folder / "result.json"
    target.unlink(missing_ok=True)
    job = {"side": side, "case": vars(case), "unaided": options.unaided, "target": str(target)}
    code, megabytes, last = run_child(job, folder, options.time_limit, options.threads)
    if code is None:
        return Run({}, options.time_limit, megabytes, killed=True)
    if code or not target.exists():
        return Run({}, 0.0, megabytes, failure=last or f"exit code {code}")
    record = json.loads(target.read_text(encoding="utf8"))
    return Run(record["numbers"], record["seconds"], megabytes)


def row(case, reference, package):
    """Return the cells of one row, and whether the two sides are known to disagree or failed."""
    failed = bool(reference.failure or package.failure)
    known = not (failed or reference.killed or package.killed)
    common = reference.numbers.keys() & package.numbers.keys()
    agree = all(reference.numbers[key] == package.numbers[key] for key in common)
    times = []
    for run, digits in ((reference, 2), (package, 3)):
        times.append("-" if run.failure else f"> {run.seconds:g}" if run.killed else f"{run.seconds:.{digits}f}")
    ratio = "-"
    if not failed and not (reference.killed and package.killed):
        sign = "> " if reference.killed else "< " if package.killed else ""
        quotient = reference.seconds / package.seconds
        ratio = f"{sign}{quotient:.{0 if quotient >= 10 else 1}f}"
    memory = [f"> {run.megabytes}" if run.killed else str(run.megabytes) for run in (reference, package)]
    cells = [str(case), case.what, reference.shown(), package.shown(),
             ("yes" if agree else "NO") if known else "-", times[0], times[1], ratio, *memory]
    return cells, failed or known and not agree


def line(cells):
    return "  ".join(cell.ljust(width) if i < 2 else cell.rjust(width)
                     for i, (cell, (_, width)) in enumerate(zip(cells, COLUMNS, strict=True)))


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("path", metavar="PATH", type=Path, help="clone of the notebooks for gradient flow")
    parser.add_argument("--momentum-path", metavar="PATH2", type=Path, help="clone of the notebooks with momentum")
    parser.add_argument("--only", choices=[*DEFAULT_CASES], help="run only this part")
    parser.add_argument("--cases", metavar="TEXT", help="widths, e.g. '2 4 5 2 2; 5 5 4 4 5'; needs --only")
    parser.add_argument("--time-limit", metavar="S", type=float, default=300.0, help="seconds per run (default 300)")
    parser.add_argument("--threads", type=int, default=os.cpu_count(), help="forked workers (default: all cores)")
    parser.add_argument("--unaided", action="store_true", help="do not tell their count how many laws are known")
    options = parser.parse_args()
    if options.cases and not options.only:
        parser.error("--cases needs --only, to say what to compute")
    if options.only == "momentum" and not options.momentum_path:
        parser.error("--only momentum needs --momentum-path")
    kinds = [options.only] if options.only else [k for k in DEFAULT_CASES if k != "momentum" or options.momentum_path]
    try:
        options.chosen = [c for kind in kinds for c in parse_cases(options.cases or DEFAULT_CASES[kind], kind)]
    except argparse.ArgumentTypeError as error:
        parser.error(str(error))
    return parser, options


def main():
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2])
        return 0
    parser, options = parse_arguments()
    wanted = {case.kind == "momentum" for case in options.chosen}
    wrong, notes = False, []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folders = {}
        for momentum in wanted:
            root = options.momentum_path if momentum else options.path
            names = MOMENTUM_NOTEBOOKS if momentum else GRADIENT_NOTEBOOKS
            notebooks = [str((root / name).resolve()) for name in names]
            missing = [name for name in notebooks if not Path(name).is_file()]
            if missing:
                parser.error(f"{missing[0]} is not there; is {root} a clone of the notebooks?")
            folder = folders[momentum] = Path(temporary) / ("momentum" if momentum else "gradient")
            folder.mkdir()
            job = {"side": "extract", "notebooks": notebooks, "target": str(folder / f"{REFERENCE_MODULE}.py")}
            code, _, last = run_child(job, folder, options.time_limit, options.threads)
            if code != 0:
                parser.error(f"the notebooks under {root} could not be read: {last}")
        told = "not told" if options.unaided else "told"
        print(f"{options.threads} worker(s) for the notebooks, {options.time_limit:g} s per run, "
              f"their counts are {told} the number of known laws")
        print(line([name for name, _ in COLUMNS]), flush=True)
        for case in options.chosen:
            folder = folders[case.kind == "momentum"]
            package = measure("ours", case, folder, options)
            reference = measure("theirs", case, folder, options)
            cells, bad = row(case, reference, package)
            wrong = wrong or bad
            notes += [f"{case}: {side} failed: {run.failure}"
                      for side, run in (("theirs", reference), ("ours", package)) if run.failure]
            print(line(cells), flush=True)
    print("\n".join(["numbers: count = laws in all; laws = independent/basis of degree 2; "
                     "momentum = laws in all/independent of degree 2", *notes]))
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
