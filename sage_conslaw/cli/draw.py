r"""
The command ``sage-conslaw draw``.
"""
import click

from ..runtime.errors import InputError, shortened
from .completion import architectures
from .options import SIZES, ProblemCommand, asked_problem, options

_EPILOG = """Examples:

\b
  sage-conslaw draw relu 4 8 8 8 2 relu.svg --bias
  sage-conslaw draw transformer_block 64 256 block.svg --set heads=4
  sage-conslaw draw --torch model.py:build model.svg

Parameters are orange, data blue, piecewise linear functions green, other nonlinearities red.  Blocks that are equal and
follow each other are drawn once, with their number.
"""
_KINDS = (".svg", ".png", ".pdf")


@click.command(cls=ProblemCommand, context_settings=SIZES, epilog=_EPILOG)
@click.argument("architecture", required=False, shell_complete=architectures)
@click.argument("sizes", nargs=-1, type=click.UNPROCESSED)
@options("torch", "allow-cut", "bias", "set")
def draw(architecture, sizes, torch, bias, settings):
    """Draw the graph of ARCHITECTURE with SIZES in a FILE, the last word: .svg, or .png and .pdf."""
    # With --torch there is no architecture, and what click took for one is an integer for NAME, or the file.
    words = [word for word in (architecture, *sizes) if word is not None]
    file = words.pop() if words else ""
    if not file.lower().endswith(_KINDS):
        given = f", not {shortened(repr(file), 60)}" if file else ""
        raise InputError(
            f"the last word is the file of the picture, {', '.join(_KINDS)}{given}; e.g. sage-conslaw draw linear 3 2 "
            "3 net.svg"
        )
    network = asked_problem(words[0] if words else None, words[1:], None, None, bias, settings, torch)
    # Text that we write ourselves; the other kinds are matplotlib's, which is loaded for them alone.
    if file.lower().endswith(".svg"):
        with open(file, "w", encoding="utf8") as out:
            out.write(network.svg())
    else:
        network.draw().save(file)
    click.echo(f"{file}: {network!r}")

