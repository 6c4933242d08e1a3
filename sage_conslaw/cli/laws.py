r"""
The command ``sage-conslaw laws``.
"""
import json
import shutil
import sys

import click

from . import package
from .completion import architectures
from .exceptional import branches, check
from .options import SIZES, ProblemCommand, asked_problem, integer_option, options, search_options, shows_progress
from .regions import regions_of, regions_option
from .report import answered, coloured, paged

_EPILOG = """Examples:

\b
  sage-conslaw laws linear 3 2 3
  sage-conslaw laws relu 8 5 8 5 --bias --json
  sage-conslaw laws --phi "x*y*z; x^2"
  sage-conslaw laws linear 2 3 2 --flow momentum --tau 1/2
  sage-conslaw laws --system FILE --exceptional
  sage-conslaw laws --torch model.py:tiny
"""


@click.command(cls=ProblemCommand, context_settings=SIZES, epilog=_EPILOG)
@click.argument("architecture", required=False, shell_complete=architectures)
@click.argument("sizes", nargs=-1, type=click.UNPROCESSED)
@options()
@click.option("--degree", metavar="N", help="Search polynomials up to this degree (default 2).")
@click.option(
    "--exceptional", is_flag=True, help="Also the parameter values of the system at which there are more laws."
)
@click.option("--codimension", metavar="N", help="For --exceptional: branches of at most N independent conditions.")
@click.option("--latex", is_flag=True, help="Print the laws as a table in LaTeX; --polynomials writes them out.")
@click.option("--polynomials", is_flag=True, help="Print the laws as polynomials too, not in matrix notation alone.")
@click.option("--all", "everything", is_flag=True, help="Print all independent laws, each on one line.")
@regions_option
@click.option("--certificate", metavar="FILE", help="Write the certificate to this file.")
def laws(architecture, sizes, phi, system, bias, settings, torch, degree, exceptional, codimension, latex, polynomials,
         everything, certificate, regions, as_json, **common):
    """All polynomial laws of ARCHITECTURE with SIZES, their number, and whether they are complete."""
    data = asked_problem(architecture, sizes, phi, system, bias, settings, torch)
    degree, common = integer_option(degree, "--degree"), search_options(common)
    # Before the search, which may take minutes.
    check(data, exceptional, codimension, latex)
    result = package.conservation_laws(data, degree=degree, **common, progress=shows_progress(as_json))
    record, lines = {}, []
    if exceptional:
        codimension = integer_option(codimension, "--codimension")
        record, lines = branches(data, result, degree, codimension, common["time_limit"], shows_progress(as_json))
    # At the result's seed, so that regions too are the same when the command is repeated with it.
    if regions:
        met = regions_of(data, common, result.seed)
        record, lines = {**record, "regions": [region.to_dict() for region in met]}, [*lines, *map(str, met)]
    if as_json:
        click.echo(json.dumps({**result.to_dict(), **record}))
    elif latex:
        click.echo(package.latex_table(result, polynomials or everything))
    else:
        paged([*_lines(result, everything, polynomials), *lines])
    if certificate is not None:
        # After the answer, which then is there where no certificate can be written.
        answered()
        package.write(result.certificate(), certificate)


def _lines(result, everything, polynomials):
    """Return independent laws, line by line; the others are functions of these."""
    # A pipe has no width; 80 columns make the same text wherever it is read.
    width = min(shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 80, 120)
    return [
        coloured(package.wrapped(str(result), width, "", cut=False), result.status),
        *package.law_lines(result, width, everything, polynomials),
    ]
