r"""
How a command answers: one line on standard error, a partial result, a coloured first line.
"""
import json
import os
import sys

import click


def stop(message, code):
    """Say in one line on standard error why the command ends, and return its exit status."""
    click.echo(f"sage-conslaw: {message}", err=True)
    return code


def print_partial(partial, as_json):
    """Print what was proved when the time was over."""
    if as_json:
        click.echo(json.dumps(partial))
        return
    click.echo(f"between {partial['number_at_least']} and {partial['number_at_most']} independent laws "
               f"in {partial['state_dimension']} coordinates (proved)")
    for law in partial.get("laws", ()):
        click.echo(f"  {law}")
    if "searched" in partial:
        click.echo(f"  (searched: {partial['searched']})")
    if "exceptional" in partial:
        from ..results.exceptional import exceptional_lines
        click.echo("\n".join(exceptional_lines(partial)))


def coloured(text, status):
    """Return text in bold, green if proved: on a terminal that shows colours only."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return click.style(text, fg="green" if status == "proved" else "yellow", bold=True)
