r"""
How a command answers: one line on standard error, a partial result, a coloured first line.
"""
import json
import os
import shutil
import sys

import click

from ..runtime.announcements import announce
from ..runtime.errors import shortened
from . import package


# A message that is longer repeats an enormous input.
_LONGEST = 600


def stop(message, code):
    """Say in one line on standard error why the command ends, and return its exit status."""
    # One line, whatever was in the input that it repeats.
    message = " ".join(str(message).split())
    try:
        click.echo(f"sage-conslaw: {message if len(message) <= _LONGEST else shortened(message, 300)}", err=True)
    except OSError:
        # Nobody reads standard error: the status says what can be said.
        pass
    return code


def answered():
    """Say to whoever supervises the command that the answer is printed: what follows is its certificate."""
    sys.stdout.flush()
    announce(lambda: {"answered": True})


def print_partial(partial, as_json):
    """Print what was proved when the time was over."""
    # From here on there is something on standard output: whoever supervises must not print another answer after it.
    announce(lambda: {"writing": True})
    if as_json:
        click.echo(json.dumps(partial))
        return
    # Records of three commands: dimensions, and numbers of laws, known or not.
    if partial.get("dimension_at_most") is not None:
        click.echo(f"dimension between {partial.get('dimension_at_least', 0)} and {partial['dimension_at_most']} "
                   f"(proved)")
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
    # An upper bound of a network with cut functions holds for the model; of the network only under this condition.
    under = " under the span condition" if partial.get("assumption") == "span" else ""
    click.echo(f"{number} in {partial['state_dimension']} coordinates (proved{under})")
    for law in partial.get("laws", ()):
        click.echo(f"  {law}")
    if "searched" in partial:
        click.echo(f"  (searched: {partial['searched']})")
    if "exceptional" in partial:
        click.echo("\n".join(package.exceptional_lines(partial)))


def paged(lines):
    """Print lines: through a pager where a person reads them and they are more than the terminal shows."""
    height = shutil.get_terminal_size((80, 24)).lines
    if sys.stdout.isatty() and sys.stdin.isatty() and sum(line.count("\n") + 1 for line in lines) >= height:
        # As git does: quit with q, keep the colours and the text on the screen.
        os.environ.setdefault("LESS", "FRX")
        click.echo_via_pager("\n".join(lines) + "\n")
        return
    for line in lines:
        click.echo(line)


def coloured(text, status):
    """Return text in bold, green if proved: on a terminal that shows colours only."""
    # A file or a pipe gets plain text, as does whoever asked for it (no-color.org).
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return click.style(text, fg="green" if status == "proved" else "yellow", bold=True)
