r"""
The command ``sage-conslaw dimension``: the dimension of the neurovariety of a polynomial network.
"""
import json

import click

from ..runtime.errors import InputError
from . import package
from .options import SIZES, integer_option, options, shows_progress, started

_EPILOG = """Examples:

\b
  sage-conslaw dimension 5 5 3 1 --power 2
  sage-conslaw dimension 2 3 3 4 4 2 1 --power 2 --json
  sage-conslaw dimension 3 4 2 --power 3 --seed 1
"""


@click.command(context_settings=SIZES, epilog=_EPILOG)
@click.argument("widths", nargs=-1, type=click.UNPROCESSED)
@click.option("--power", metavar="R", help="The activation is z^R (default 2).")
@options("seed", "time-limit")
@click.option("--certificate", metavar="FILE", help="Write a certificate, for verify.")
@options("json")
def dimension(widths, power, seed, time_limit, certificate, as_json):
    """The dimension of the set of functions of the network of WIDTHS with activation z^R, and whether it is defective.
    """
    try:
        sizes = [int(word) for word in widths]
    except ValueError:
        raise InputError("widths are positive integers, e.g. dimension 5 5 3 1 --power 2") from None
    power = integer_option(power, "--power")
    limit = started(package.dimension, time_limit, {"widths": sizes, "dimension_at_most": None})
    result = package.dimension(
        package.networks.polynomial(sizes, 2 if power is None else power),
        seed=integer_option(seed, "--seed"),
        time_limit=limit,
        progress=shows_progress(as_json),
    )
    # Before the answer, as it takes no longer than the answer did, and a path that cannot be written is an error.
    if certificate is not None:
        package.write(result.certificate(), certificate)
    click.echo(json.dumps(result.to_dict()) if as_json else str(result))
