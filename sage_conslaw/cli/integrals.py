r"""
The command ``sage-conslaw integrals``: polynomial, rational and logarithmic first integrals.
"""
import json

import click

from . import package
from .options import asked_problem, integer_option, options, search_options, shows_progress

_EPILOG = """Examples:

\b
  sage-conslaw integrals --system sir.json --kind darboux --degree 1
  sage-conslaw integrals --phi "u*v" --metric "u^2, v^2" --kind rational --degree 1
  sage-conslaw integrals nmf 1 2 1 --kind darboux --degree 1 --json
"""


@click.command(context_settings={"ignore_unknown_options": True}, epilog=_EPILOG)
@click.argument("architecture", required=False)
@click.argument("sizes", nargs=-1, type=click.UNPROCESSED)
@options("system", "phi")
@click.option(
    "--kind", metavar="NAME", default="rational", help="polynomial, rational (default) or darboux (logarithms)."
)
@click.option("--degree", metavar="N", help="Degree of the polynomials, or of the Darboux polynomials (default 2).")
@options("flow", "tau")
@click.option("--metric", metavar="METRIC", help='euclidean, mirror or icnn, or a diagonal such as "u^2, v^2".')
@options("weight-decay", "loss", "bias", "set", "seed", "time-limit", "json")
@click.option("--latex", is_flag=True, help="Print the integrals in LaTeX.")
def integrals(architecture, sizes, system, phi, bias, settings, kind, degree, as_json, latex, **common):
    """First integrals of a system, of PHI or of ARCHITECTURE with SIZES: polynomial, rational or with logarithms.

    Darboux polynomials (invariant hypersurfaces) up to the degree are searched over the rational functions of the
    parameters, and combined to laws; the answer says what was searched, and whether other laws exist.
    """
    # A diagonal is a list; a name has neither commas nor semicolons.
    if common["metric"] is not None and ("," in common["metric"] or ";" in common["metric"]):
        common["metric"] = [part.strip() for part in common["metric"].replace(";", ",").split(",")]
    degree = integer_option(degree, "--degree")
    result = package.first_integrals(
        asked_problem(architecture, sizes, phi, system, bias, settings),
        kind=kind,
        degree=2 if degree is None else degree,
        **search_options({**common, "error_bound": None}),
        progress=shows_progress(as_json),
    )
    if as_json:
        click.echo(json.dumps(result.to_dict()))
    elif latex:
        click.echo(result._latex_())
    else:
        _print(result)
    # A search that was stopped has a result all the same: what was searched until then, and the integrals found.
    if result.timed_out:
        click.echo("sage-conslaw: the time limit was reached; the result above is sound but not final", err=True)
        return 3
    return 0


def _print(result):
    # The first line ends with a list of the integrals, which are wrapped here one by one.
    first, *rest = repr(result).split("\n")
    click.echo(package.wrapped(first.split(":")[0] if result.integrals else first, indent=""))
    for law in result.integrals:
        click.echo(package.wrapped(str(law)))
    if result.kind != "polynomial" and result.polynomial_laws:
        click.echo("polynomial laws")
        for law in result.polynomial_laws:
            click.echo(package.wrapped(str(law)))
    for line in rest:
        click.echo(package.wrapped(line, indent="", cut=False))
