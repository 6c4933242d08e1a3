r"""
The option ``--regions``: numbers of laws by region of activation.
"""
import click

from ..runtime.errors import InputError
from . import package


def regions_option(function):
    """Add the option to a command."""
    return click.option(
        "--regions",
        is_flag=True,
        help="Also the numbers of laws by region of activation, at random parameters of a small network with gates.",
    )(function)


def regions_of(network, common, seed):
    """Return the regions of a network, for the flow and loss of the command line."""
    # phi and systems have no gates, and no method of a network.
    if not hasattr(network, "response"):
        raise InputError("--regions belongs to a network with gates, e.g. relu 1 4 1")
    return package.numbers_by_region(network, flow=common.get("flow"), loss=common.get("loss"), seed=seed)
