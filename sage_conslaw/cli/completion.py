r"""
The command ``sage-conslaw completion``: a script that completes commands, options, architectures and flows in a shell.
"""
import click
from click.shell_completion import get_completion_class
from ..networks.meanings import MEANINGS
from ..runtime.errors import InputError

SHELLS = ("bash", "zsh", "fish")


@click.command(epilog="""Examples:

\b
  eval "$(sage-conslaw completion bash)"                  (in ~/.bashrc)
  eval "$(sage-conslaw completion zsh)"                   (in ~/.zshrc)
  sage-conslaw completion fish > ~/.config/fish/completions/sage-conslaw.fish
""")
@click.argument("shell", shell_complete=lambda context, parameter, start: [s for s in SHELLS if s.startswith(start)])
def completion(shell):
    """Print the completion script for SHELL: bash, zsh or fish."""
    if shell not in SHELLS:
        raise InputError(f"shell {shell!r} is not known; choose bash, zsh or fish")
    # The script asks the command itself for words when a key is pressed, so it never needs to be written anew.
    command = click.get_current_context().find_root().command
    made = get_completion_class(shell)(command, {}, "sage-conslaw", "_SAGE_CONSLAW_COMPLETE")
    click.echo(made.source())


def names(*words):
    """Return a completion of some words."""
    return lambda context, parameter, start: [word for word in words if word.startswith(start)]


def architectures(context, parameter, start):
    """Return the architectures of the catalog that begin with ``start``."""
    return sorted(name for name in MEANINGS if name.startswith(start))
