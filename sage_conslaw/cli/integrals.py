r"""
The command ``sage-conslaw integrals``: polynomial, rational and logarithmic first integrals.
"""
import json

import click

from . import package
from .options import asked_problem, integer_option, search_options, shows_progress

_EPILOG = """Examples:

\b
  sage-conslaw integrals --system sir.json --kind darboux --degree 1
  sage-conslaw integrals --phi "u*v" --metric "u^2, v^2" --kind rational --degree 1
  sage-conslaw integrals nmf 1 2 1 --kind darboux --degree 1 --json
"""


@click.command(context_settings={"ignore_unknown_options": True}, epilog=_EPILOG)
@click.argument("architecture", required=False)
@click.argument("sizes", nargs=-1, type=click.UNPROCESSED)
@click.option(
    "--system", metavar="FILE", help="A system: JSON or TOML, SBML (.xml), Antimony (.ant), or lines S' = ... (.txt)."
)
@click.option("--phi", metavar="POLYNOMIALS", help="A local reparameterisation: polynomials separated by semicolons.")
@click.option(
    "--kind", metavar="NAME", default="rational", help="polynomial, rational (default) or darboux (logarithms)."
)
@click.option("--degree", metavar="N", help="Degree of the polynomials, or of the Darboux polynomials (default 2).")
@click.option("--flow", metavar="NAME", help="The optimiser: gradient (default), momentum or nesterov.")
@click.option("--tau", metavar="Q", help="Damping of momentum: a rational >= 0, a rational function of t, or tau.")
@click.option("--metric", metavar="METRIC", help='euclidean, mirror or icnn, or a diagonal such as "u^2, v^2".')
@click.option("--weight-decay", metavar="Q", help="The rate of weight decay, a rational >= 0.")
@click.option("--loss", metavar="NAME", help="least-squares (default) or cross-entropy.")
@click.option("--bias", is_flag=True, help="Biases on the hidden layers.")
@click.option(
    "--set", "settings", metavar="NAME=VALUE", multiple=True, help="An option of a modern architecture, e.g. heads=2."
)
@click.option("--seed", metavar="N", help="Seed of all random choices; drawn and reported if not given.")
@click.option("--time-limit", metavar="S", help="Seconds; then what was found is printed, exit status 3.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option("--latex", is_flag=True, help="Print the integrals in LaTeX.")
def integrals(architecture, sizes, system, phi, bias, settings, kind, degree, as_json, latex, **options):
    """First integrals of a system, of PHI or of ARCHITECTURE with SIZES: polynomial, rational or with logarithms.

    Darboux polynomials (invariant hypersurfaces) up to the degree are searched over the rational functions of the
    parameters, and combined to laws; the answer says what was searched, and whether other laws exist.
    """
    if options["metric"] is not None and ("," in options["metric"] or ";" in options["metric"]):
        options["metric"] = [part.strip() for part in options["metric"].replace(";", ",").split(",")]
    degree = integer_option(degree, "--degree")
    result = package.first_integrals(
        asked_problem(architecture, sizes, phi, system, bias, settings),
        kind=kind,
        degree=2 if degree is None else degree,
        **search_options({**options, "error_bound": None}),
        progress=shows_progress(as_json),
    )
    if as_json:
        click.echo(json.dumps(result.to_dict()))
    elif latex:
        click.echo(result._latex_())
    else:
        _print(result)
    if result.timed_out:
        click.echo("sage-conslaw: the time limit was reached; the result above is sound but not final", err=True)
        return 3
    return 0


def _print(result):
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
