r"""
The command ``sage-conslaw count``.
"""
import json

import click

from . import package
from .completion import architectures
from .letters import counted, lines, pieces, sentence
from .options import SIZES, ProblemCommand, asked_problem, options, search_options, shows_progress
from .regions import regions_of, regions_option
from .report import answered, coloured

_EPILOG = """Examples:

\b
  sage-conslaw count linear 40 30 20 10
  sage-conslaw count relu 5 7 4 --bias --seed 1 --json
  sage-conslaw count transformer_block D H --set heads=h --formula
  sage-conslaw count --phi "x*y + y*z" --algorithm symbolic
"""


@click.command(cls=ProblemCommand, context_settings=SIZES, epilog=_EPILOG)
@click.argument("architecture", required=False, shell_complete=architectures)
@click.argument("sizes", nargs=-1, type=click.UNPROCESSED)
@options()
@click.option(
    "--formula",
    is_flag=True,
    help="Also the number as a formula in the widths; sizes may be letters, as in D H --set heads=h.",
)
@click.option("--certificate", metavar="FILE", help="Write the certificate to this file.")
@regions_option
def count(architecture, sizes, phi, system, bias, settings, torch, as_json, formula, certificate, regions, **common):
    """The number of independent laws of ARCHITECTURE with SIZES, polynomial or not."""
    # Built anew for each choice of numbers for the letters, and once more for the certificate.
    def build(sizes, settings):
        return asked_problem(architecture, sizes, phi, system, bias, settings, torch)

    common = search_options(common)

    def find(data):
        return package.count_conservation_laws(data, **common, progress=shows_progress(as_json))
    result, numbers = counted(build, find, sizes, settings) if formula else (find(build(sizes, settings)), {})
    # Without letters the formula is the result's own; with letters it is read off numbers that stand for them.
    words, keys = [], {}
    if formula:
        plain = not numbers and result.formula is not None
        words, keys = ([f"formula: {result.formula}"], {}) if plain else lines(result, numbers, sizes, settings)
    # The number of a linear network is a polynomial on pieces, one for each order of its widths.
    if numbers and architecture == "linear":
        others = pieces(build, find, sizes, numbers)
        # The first piece is printed already, in the same words or in others.
        same = keys["formula"], sorted(keys.get("formula_where", ()))
        words += [sentence(*one) for one in others if (str(one[0]), sorted(one[1])) != same]
        keys["formula_pieces"] = [{"formula": str(piece), "where": list(where)} for piece, where in others]
    if regions:
        met = regions_of(build(sizes, settings), common, result.seed)
        words, keys = [*words, *map(str, met)], {**keys, "regions": [region.to_dict() for region in met]}
    click.echo(json.dumps({**result.to_dict(), **keys}) if as_json else coloured(str(result), result.status))
    if not as_json:
        for word in words:
            click.echo(f"  {word}")
        for word in result.further_laws:
            click.echo(f"  conserved: {word}")
        for word in result.blame:
            click.echo(f"  open: {word}")
        for remark in result.remarks:
            click.echo(f"  ({remark})")
    if certificate is not None:
        # After the answer, which then is there where no certificate can be written.
        answered()
        package.write(_certificate(result, lambda: build(sizes, settings), common), certificate)


def _certificate(result, build, common):
    """Return the certificate of a count; where it lists the laws they are found first."""
    # With the count's seed, so that the numbers are those that were just printed.
    if result.state_dimension <= package.MAX_COORDINATES:
        return package.conservation_laws(build(), **{**common, "seed": result.seed}).certificate()
    return result.certificate()
