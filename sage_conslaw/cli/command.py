r"""
The command ``sage-conslaw``: a thin shell over the public calls.

Exit status: 0 an answer; 2 unusable input, with one line on standard error; 3 a time limit, with the sound
partial result printed.
"""
import sys

import click

from ..runtime.errors import InputError
from .completion import completion
from .count import count
from .dimension import dimension
from .integrals import integrals
from .laws import laws
from .report import print_partial, stop
from .reproduce import reproduce
from .survey import survey
from .verify import verify


class _Group(click.Group):
    """Errors of the command line's own in one line, without the usage text."""

    def main(self, args=None, **extra):
        # The width is fixed so that help does not depend on the terminal.
        from ..runtime.deadline import Stopped
        try:
            return super().main(args, standalone_mode=False, **extra) or 0
        except click.exceptions.Exit as ended:
            return ended.exit_code
        except click.Abort:
            return stop("interrupted", 130)
        except click.exceptions.NoArgsIsHelpError:
            return stop(f"give a command: {', '.join(sorted(cli.commands))}; e.g. sage-conslaw laws linear 3 2 3", 2)
        except click.UsageError as error:
            command = error.ctx.command_path if error.ctx is not None else "sage-conslaw"
            return stop(f"{error.format_message().rstrip('.')}; see {command} --help", 2)
        except click.ClickException as error:
            return stop(error.format_message(), 2)
        except OSError as error:
            return stop(f"{error.filename or 'file'}: {error.strerror}; give a path that can be read or written", 2)
        except InputError as error:
            return stop(" ".join(str(error).split()), 2)
        except (ValueError, TypeError, NotImplementedError) as error:
            message = " ".join(str(error).split())
            return stop(f"internal error ({type(error).__name__}: {message}); please report it with the command", 1)
        except KeyboardInterrupt:
            return stop("interrupted", 130)
        except Stopped as stopped:
            print_partial(stopped.partial, "--json" in (args or sys.argv))
            return stop(f"{stopped}; the result above is sound but not final", 3)
        except BrokenPipeError:
            return 0


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="sage_conslaw")
def cli():
    """All conservation laws of a training dynamics, and a proof that there are no others.

    \b
    Examples:
      sage-conslaw laws linear 3 2 3
      sage-conslaw count relu 40 30 20 10
      sage-conslaw reproduce abide

    \f
    EXAMPLES::

        sage: from click.testing import CliRunner
        sage: from sage_conslaw.cli.command import cli
        sage: print(CliRunner().invoke(cli, ["--version"]).output)
        cli, version 0.1.0
        <BLANKLINE>
    """


for command in (laws, count, dimension, integrals, reproduce, survey, verify, completion):
    cli.add_command(command)


def main():
    r"""
    Run the command and exit with its status.

    EXAMPLES::

        sage: from click.testing import CliRunner
        sage: from sage_conslaw.cli.command import cli
        sage: import sys
        sage: sys.argv = ["sage-conslaw", "count", "product", "2"]
        sage: from sage_conslaw.cli import main
        sage: try:
        ....:     main()
        ....: except SystemExit as stop:
        ....:     stop.code
        1 independent law in 2 parameters (proved, no assumption)
        0
    """
    sys.exit(cli.main())


if __name__ == "__main__":
    main()
