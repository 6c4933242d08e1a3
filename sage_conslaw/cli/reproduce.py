r"""
The command ``sage-conslaw reproduce``.
"""
import json
import sys

import click

from ..runtime.announcements import announce
from ..runtime.deadline import TimeLimitReached
from . import package
from .completion import names
from .options import options, shows_progress, started
from .report import stop

_EPILOG = """Examples:

\b
  sage-conslaw reproduce abide
  sage-conslaw reproduce all --json
  sage-conslaw reproduce abide --quiet
"""


@click.command(epilog=_EPILOG)
@click.argument("paper", shell_complete=names("abide", "momentum", "all"))
@click.option("--tau", metavar="Q", help="Run the momentum sweeps with this damping (the paper: 0).")
@click.option("--nesterov", is_flag=True, help="Run the momentum sweeps with Nesterov's damping 3/t.")
@click.option("--bias", is_flag=True, help="Run the ReLU and ICNN sweeps with biases throughout.")
@click.option("--certificates", metavar="DIR", help="Write the certificate of each architecture to this folder.")
@click.option(
    "--real", is_flag=True, help="Also certify the real fields of each network where that takes about a second."
)
@click.option("--time-limit", metavar="S", help="Seconds; then what is finished is printed, exit status 3.")
@options("json")
@click.option("--quiet", is_flag=True, help="Print the summary only.")
def reproduce(paper, tau, nesterov, bias, certificates, real, time_limit, as_json, quiet):
    """The sweeps of a PAPER (abide, momentum or all), one line per architecture, compared with the expected numbers."""
    cases = package.sweeps(paper)
    done, loud, stopped = [], not (as_json or quiet), None

    def show(record, bar):
        done.append(record)
        announce(lambda: {"cases": done})
        if loud:
            bar.write(_table_row(record), file=sys.stdout)
    limit = started(package.reproduce, time_limit, {"cases": [], "total": len(cases)})
    if loud:
        click.echo(_TABLE_HEAD)
    try:
        result = package.reproduce(
            paper, tau=tau, nesterov=nesterov, bias=bias, certificates=certificates, real=None if real else False,
            progress=shows_progress(as_json), on_case=show, time_limit=limit,
        )
    except TimeLimitReached as reached:
        result, stopped = reached.partial, reached
    record = result.to_dict() | ({} if stopped is None else {"total": len(cases), "time_limit_reached": True})
    click.echo(json.dumps(record) if as_json else result)
    # The limit's status comes first, as for every command; what differs is marked in its line.
    if stopped is not None:
        return stop(f"{stopped}; {len(result.cases)} of {len(cases)} architectures were done until then", 3)
    return 0 if result.agree == len(result.cases) else 1


_TABLE_HEAD = f"{'sweep':<20} {'architecture':<26} {'N':>4} {'r':>4} {'laws':>5} {'expected':>8}  status"


def _table_row(record):
    name = " ".join([record["architecture"], *map(str, record["sizes"]), *(["--bias"] if record.get("bias") else [])])
    mark = "" if record["number"] == record["expected"] else "  DIFFERS"
    return (f"{record['sweep']:<20} {name:<26} {record['state_dimension']:>4} {record['lie_dimension']:>4} "
            f"{record['number']:>5} {record['expected']:>8}  {record['status']}{mark}")
