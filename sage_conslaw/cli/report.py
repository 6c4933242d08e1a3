r"""
How a command answers: one line on standard error, a partial result, a coloured first line.
"""
import json
import os
import sys

import click

from ..runtime.announcements import announce
from ..runtime.errors import shortened
from . import package


# A message that is longer repeats an enormous input.
_LONGEST = 600


def stop(message, code):
    """Say in one line on standard error why the command ends, and return its exit status."""
    message = " ".join(str(message).split())
    try:
        click.echo(f"sage-conslaw: {message if len(message) <= _LONGEST else shortened(message, 300)}", err=True)
    except OSError:
        # Nobody reads standard error: the status says what can be said.
        pass
    return code


def print_partial(partial, as_json):
    """Print what was proved when the time was over."""
    announce(lambda: {"writing": True})
    if as_json:
        click.echo(json.dumps(partial))
        return
    if partial.get("state_dimension") is None:
        click.echo("nothing is proved yet: the time was over while the problem was built")
        return
    least, most = partial["number_at_least"], partial["number_at_most"]
    number = (
        f"between {least} and {most} independent laws"
        if least != most
        else f"{most} independent law{'s' if most != 1 else ''}"
    )
    under = " under the span condition" if partial.get("assumption") == "span" else ""
    click.echo(f"{number} in {partial['state_dimension']} coordinates (proved{under})")
    for law in partial.get("laws", ()):
        click.echo(f"  {law}")
    if "searched" in partial:
        click.echo(f"  (searched: {partial['searched']})")
    if "exceptional" in partial:
        click.echo("\n".join(package.exceptional_lines(partial)))


def coloured(text, status):
    """Return text in bold, green if proved: on a terminal that shows colours only."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return click.style(text, fg="green" if status == "proved" else "yellow", bold=True)
