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
    r"""
    Return the regions of a network, for the flow and loss of the command line.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.cli.regions import regions_of
        sage: [(region.least, region.number) for region in regions_of(networks.relu([1, 1, 1]), {}, 0)]
        [(1, 1)]
        sage: regions_of([1], {}, 0)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: --regions belongs to a network with gates, e.g. relu 1 4 1
    """
    if not hasattr(network, "response"):
        raise InputError("--regions belongs to a network with gates, e.g. relu 1 4 1")
    return package.numbers_by_region(network, flow=common.get("flow"), loss=common.get("loss"), seed=seed)
