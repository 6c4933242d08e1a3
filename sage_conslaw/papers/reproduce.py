r"""
Recompute the sweeps of the papers and compare with the expected counts.

``sweeps.json`` holds the architectures as drawn by the papers' code (numpy seed 0), with the number of
independent laws recomputed by an independent program over GF(2^31-1); widths in the papers' order, output first.
"""
import json
import os
import time
from dataclasses import dataclass, field, replace
from importlib.resources import files
from pathlib import Path


from .._sage import SageObject
from ..networks.catalog import by_name
from ..runtime.alarm import interrupting
from ..runtime.deadline import Deadline, TimeLimitReached
from ..runtime.pool import worker_pool
from ..runtime.errors import InputError
from ..runtime.progress import bar
from .. import flows
from ..certificates.files import write
from ..engine.api import conservation_laws
from ..flows.tau import damping

PAPERS = {
    "abide": ("abide_linear_count", "abide_linear_laws", "abide_relu_count", "abide_relu_laws"),
    "momentum": ("momentum_linear", "momentum_relu", "nmf_gradient", "nmf_momentum", "icnn_gradient", "icnn_momentum"),
}


def sweeps(paper):
    r"""
    Return the cases of a paper: sweep, architecture, widths from input to output, options, expected number.

    INPUT:

    - ``paper`` -- ``"abide"`` ([MGP2023]_), ``"momentum"`` ([MGP2024]_) or ``"all"``

    EXAMPLES::

        sage: from sage_conslaw.papers.reproduce import sweeps
        sage: len(sweeps("abide"))
        120
        sage: sweeps("abide")[0]
        Case(sweep='abide_linear_count', architecture='linear', sizes=(2, 3, 5), options={}, flow='gradient',
        expected=6)
        sage: sweeps("momentun")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: paper 'momentun' is not known; choose 'abide', 'momentum' or 'all'
    """
    if paper == "all":
        return [case for name in PAPERS for case in sweeps(name)]
    if paper not in PAPERS:
        raise InputError(f"paper {paper!r} is not known; choose 'abide', 'momentum' or 'all'")
    # Read from the package, also where it is installed as a zip file.
    data = json.loads((files(__package__) / "sweeps.json").read_text(encoding="utf8"))["sweeps"]
    cases = []
    for sweep in PAPERS[paper]:
        architecture = next(name for name in ("linear", "relu", "nmf", "icnn") if name in sweep.split("_"))
        for row in data[sweep]:
            options = {key: value for key, value in row.items() if key == "bias"}
            # The name of a sweep says architecture and flow, which its rows do not repeat.
            flow = "momentum" if "momentum" in sweep.split("_") else "gradient"
            # The papers write U V x with the output first; the package goes from input to output.
            cases.append(Case(sweep, architecture, tuple(reversed(row["dims"])), options, flow, row["laws"]))
    return cases


@dataclass(frozen=True)
class Case:
    """One architecture of a sweep, with the number of laws expected."""

    sweep: str
    architecture: str
    sizes: tuple
    options: dict
    flow: str
    expected: int

    def run(self, seed=0, certificate=None, real=False):
        r"""
        Return the record of the laws of this case; write its certificate to the given file. The sweeps are the papers'
        question, which is about the model; ``real`` asks about the network that is trained too.

        EXAMPLES::

            sage: from sage_conslaw.papers.reproduce import Case
            sage: Case("demo", "linear", (2, 1, 2), {}, "gradient", 1).run()["number"]
            1
        """
        kind, *tau = self.flow.split()
        flow = flows.by_name(kind, **({"tau": tau[0]} if tau else {}))
        # No degree and no number is given: what is expected is compared afterwards, never asked for.
        result = conservation_laws(
            by_name(self.architecture, self.sizes, **self.options), flow=flow, seed=seed, real=real
        )
        if certificate is not None:
            write(result.certificate(), certificate)
        # Notation takes longer than a small search, and is not compared.
        return result.to_dict(matrix_notation=False) | {"sweep": self.sweep, "expected": self.expected}


@dataclass(frozen=True, repr=False)
class Reproduction(SageObject):
    r"""
    The recomputed sweeps: a list of records and how many agree and are proved.

    EXAMPLES::

        sage: from sage_conslaw.papers.reproduce import Reproduction
        sage: r = Reproduction(({"number": 1, "expected": 1, "status": "proved"},), 0.5r); r
        1 of 1 architectures agree, 1 proved, 0.5 s
        sage: r.agree, r.proved, r.to_dict()["total"]
        (1, 1, 1)
    """

    cases: tuple
    # Two runs with the same numbers are equal.
    seconds: float = field(compare=False)

    @property
    def agree(self):
        """How many architectures have the number expected."""
        return sum(case["number"] == case["expected"] for case in self.cases)

    @property
    def proved(self):
        """How many numbers are proved."""
        return sum(case["status"] == "proved" for case in self.cases)

    def _repr_(self):
        return (f"{self.agree} of {len(self.cases)} architectures agree, {self.proved} proved, "
                f"{self.seconds:.1f} s")

    def to_dict(self):
        """Return the reproduction as JSON objects."""
        return {"cases": list(self.cases), "agree": self.agree, "proved": self.proved,
                "total": len(self.cases), "seconds": round(self.seconds, 3)}


def _run(task):
    case, certificate, real = task
    # At the top of the module, so that processes can be handed it; one argument, as pools map.
    return case.run(certificate=certificate, real=real)


def _beyond(case, tau, nesterov, bias):
    """Return the case with the changes that the papers' code never ran."""
    # Nesterov's damping is 3/t, and no number: ``tau`` says nothing of it.
    if case.flow == "momentum" and nesterov:
        case = replace(case, flow="nesterov")
    elif case.flow == "momentum" and tau is not None:
        case = replace(case, flow=f"momentum {tau}")
    # The others have none; biases enter the laws of their units, and their number stays.
    if bias and case.architecture in ("relu", "icnn"):
        case = replace(case, options=case.options | {"bias": True})
    return case


def reproduce(
    paper="all", *, tau=None, nesterov=False, bias=False, certificates=None, progress: bool = False, processes=None,
    on_case=None, real: bool | None = False, time_limit: float | None = None,
) -> Reproduction:
    r"""
    Recompute the sweeps of a paper: all polynomial laws, the count, and the proof, for each architecture.

    INPUT:

    - ``paper`` -- ``"abide"``, ``"momentum"`` or ``"all"``

    - ``tau``, ``nesterov``, ``bias`` -- beyond the papers: run the momentum cases with this damping, with Nesterov's
      `3/t`, or the ReLU and ICNN cases with biases (the numbers expected stay the same)

    - ``certificates`` -- a folder for the certificates of all cases

    - ``progress`` -- whether to show a progress bar, on standard error

    - ``processes`` -- how many processes (default: one a core)

    - ``on_case`` -- a function called with each record as it comes, in order

    - ``real`` -- ``None`` also certifies the real fields of each network where that takes about a second, ``True``
      wherever it can be done; records then say ``assumption: none`` where nothing is assumed

    - ``time_limit`` -- seconds; then :class:`TimeLimitReached` has the cases that are finished as its ``partial``

    EXAMPLES::

        sage: from sage_conslaw import reproduce
        sage: r = reproduce("abide"); (r.agree, r.proved)         # long time (4 s)
        (120, 120)
    """
    # Before the pool starts: a damping that cannot be read is one line, not 240.
    tau = None if tau is None else damping(tau)
    start, cases = time.perf_counter(), [_beyond(case, tau, nesterov, bias) for case in sweeps(paper)]
    processes = processes or os.cpu_count() or 1
    tasks: list = [(case, None, real) for case in cases]
    if certificates is not None:
        folder = Path(certificates)
        folder.mkdir(parents=True, exist_ok=True)
        # The number first: files are listed in the order of the sweep, and two cases with one architecture have two
        # files.
        tasks = [(case, folder / f"{number:03d}-{case.sweep}-{'-'.join(map(str, case.sizes))}.json", real)
                 for number, case in enumerate(cases, start=1)]
    records, deadline = [], Deadline(time_limit)
    try:
        with (
            interrupting(deadline),
            worker_pool(processes, len(cases)) as run,
            bar(total=len(cases), desc=f"reproduce {paper}", unit="architecture", disable=not progress) as shown,
        ):
            for record in run(_run, tasks):
                records.append(record)
                if on_case is not None:
                    on_case(record, shown)
                shown.update()
    except TimeLimitReached as reached:
        # In this process the case that was interrupted has a record of its own, of what it had proved: none of a sweep.
        raise reached.with_partial(Reproduction(tuple(records), time.perf_counter() - start)) from None
    return Reproduction(tuple(records), time.perf_counter() - start)
