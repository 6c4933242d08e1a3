r"""
The command ``sage-conslaw survey``.
"""
import json
import sys

import click

from ..runtime.deadline import TimeLimitReached
from . import package
from .options import integer_option, options, started

_EPILOG = """Examples:

\b
  sage-conslaw survey widths.toml
  sage-conslaw survey widths.toml --store widths.sqlite --export widths.csv --plot widths.png
  sage-conslaw survey widths.toml --scheduler tcp://cluster:8786 --json

\b
A specification has tables such as
  [[sweep]]
  architecture = "relu"
  sizes = [2, [1, 2, 3, 4], 1]      # all combinations; or cases = [[2, 3, 1], [2, 4, 1]]
  bias = [false, true]
  flow = ["gradient", {name = "momentum", tau = "1"}]
  loss = ["least-squares", "cross-entropy"]
"""


@click.command(epilog=_EPILOG)
@click.argument("specification", metavar="SPEC.toml")
@click.option(
    "--store",
    metavar="FILE",
    default="survey.sqlite",
    help="The database (default: survey.sqlite); a survey that was stopped goes on there.",
)
@click.option("--processes", metavar="N", help="How many processes (default: one a core).")
@click.option(
    "--scheduler", metavar="ADDRESS", help="Run on the Dask cluster of this scheduler, e.g. tcp://cluster:8786."
)
@click.option("--seed", metavar="N", default="0", help="Seed of the survey (default: 0).")
@click.option("--retry-failed", is_flag=True, help="Try again the cases that failed.")
@click.option("--time-limit", metavar="S", help="Seconds; then the table so far is printed, exit status 3.")
@click.option("--export", metavar="FILE", help="Write the table to FILE.csv or FILE.parquet.")
@click.option("--plot", metavar="FILE", help="Write a picture of the counts over the widths, e.g. FILE.png.")
@options("json")
@click.option("--quiet", is_flag=True, help="Print the summary only.")
def survey(specification, store, processes, scheduler, seed, retry_failed, time_limit, export, plot, as_json, quiet):
    """The laws of many architectures: all cases of SPEC.toml, in parallel, kept in a database as they come.

    Stopped or killed, the same command goes on where it was.
    """
    limit = started(package.survey, time_limit, {"store": store})
    # What cannot be written is said before the work, not after it.
    for path, endings in ((export, (".csv", ".parquet")), (plot, (".png", ".pdf", ".svg"))):
        if path is not None:
            package.writable(path, endings)
    stopped = None
    try:
        table = package.survey(specification, store, processes=integer_option(processes, "--processes"),
                    scheduler=scheduler, seed=integer_option(seed, "--seed"), retry_failed=retry_failed,
                    time_limit=limit, progress=sys.stderr.isatty() and not as_json)
    except TimeLimitReached as reached:
        table, stopped = reached.partial, reached
    # Cases are in the database as they come, so an interrupt loses those that run.
    except KeyboardInterrupt:
        click.echo(
            f"sage-conslaw: interrupted; what is finished is in {store}, and the same command goes on from there",
            err=True,
        )
        return 130
    if export is not None:
        table.export(export)
    if plot is not None:
        table.plot(plot)
    if as_json:
        click.echo(json.dumps(table.to_dict()))
    else:
        click.echo(table.summary() if quiet else table)
    # What is finished is in the database either way; the same command goes on from there.
    if stopped is not None:
        click.echo(
            f"sage-conslaw: time limit of {stopped.limit} s reached; the same command goes on from {store}", err=True
        )
        return 3
    return 1 if table.differing else 0

