r"""
The command ``sage-conslaw``: a thin shell over the public calls.

Exit status: 0 an answer; 1 an answer that differs from what was expected, or a defect of this package; 2 unusable
input, with one line on standard error; 3 a time limit, with the sound partial result printed; 130 an interrupt; 141
nobody reads standard output any more.
"""
import gc
import os
import resource
import sys

import click

from ..runtime.deadline import Stopped
from ..runtime.errors import InputError
from .completion import completion
from .count import count
from .dimension import dimension
from .draw import draw
from .integrals import integrals
from .laws import laws
from .report import print_partial, stop
from .reproduce import reproduce
from .supervisor import limit_of, supervise
from .survey import survey
from .verify import verify


# What a defect of this package may raise: it is said in one line too, with another exit status.
_DEFECTS = (ArithmeticError, AssertionError, AttributeError, BufferError, EOFError, LookupError, NameError,
            RuntimeError, SystemError, TypeError, ValueError)

CLOSED_PIPE = 141

# New containers between two collections, of 700 by default: loading Sage and the package makes 200,000.
_COLLECT_AFTER = 50_000


class _ClosedPipe(Exception):
    """The reader of standard output has gone; no error of the system, which click would answer by itself."""


class _Group(click.Group):
    """Errors of the command line's own in one line, without the usage text."""

    def invoke(self, ctx):
        # click answers a broken pipe with status 1 and no word; `| head` is no failure of the command.
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise _ClosedPipe from None

    def main(self, args=None, **extra):
        # Not in click's standalone mode, which has words and statuses of its own for errors.
        try:
            return super().main(args, standalone_mode=False, **extra) or 0
        except click.exceptions.Exit as ended:
            return ended.exit_code
        except (_ClosedPipe, BrokenPipeError):
            return CLOSED_PIPE
        except (click.Abort, KeyboardInterrupt):
            return stop("interrupted", 130)
        except Stopped as stopped:
            print_partial(stopped.partial, "--json" in (args or sys.argv))
            return stop(f"{stopped}; the result above is sound but not final", 3)
        except (click.ClickException, OSError, InputError, MemoryError) as error:
            return stop(_said(error), 2)
        # A defect too is one line: a traceback says nothing to whoever asked for laws. It has a status of its own, so
        # that a script can tell it from bad input.
        except (ImportError, *_DEFECTS) as error:
            if isinstance(error, ImportError) and not (error.name or "").startswith("sage_conslaw"):
                return stop(_said(error), 2)
            message = " ".join(str(error).split())
            return stop(f"internal error ({type(error).__name__}: {message}); please report it with the command", 1)


def _said(error):
    """Return the line for an error that is the caller's or the machine's."""
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return f"give a command: {', '.join(sorted(cli.commands))}; e.g. sage-conslaw laws linear 3 2 3"
    if isinstance(error, click.UsageError):
        command = error.ctx.command_path if error.ctx is not None else "sage-conslaw"
        return f"{error.format_message().rstrip('.')}; see {command} --help"
    if isinstance(error, click.ClickException):
        return error.format_message()
    if isinstance(error, ImportError):
        # Libraries that do not fit fail to load as if they were broken.
        limit = resource.getrlimit(resource.RLIMIT_AS)[0]
        if limit != resource.RLIM_INFINITY:
            return f"a part of Sage does not load within the memory limit of {limit >> 20} MB (ulimit -v): {error}"
        missing = (error.name or "").partition(".")[0] or str(error)
        return (
            f"{missing} is not installed or cannot be loaded; try pip install 'sage_conslaw[sage]' (python -m "
            f"sage_conslaw.check works without)"
        )
    if isinstance(error, MemoryError):
        return "this does not fit in the memory that the process may use; try smaller sizes or a lower degree"
    if isinstance(error, OSError):
        return (
            f"{error.filename or 'standard output or a file'}: {error.strerror or error}; give a path that can be read "
            f"or written"
        )
    return str(error)


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(package_name="sage_conslaw")
def cli():
    """All conservation laws of a training dynamics, and a proof that there are no others.

    \b
    Examples:
      sage-conslaw laws linear 3 2 3
      sage-conslaw count relu 40 30 20 10
      sage-conslaw reproduce abide
    """


for command in (laws, count, dimension, draw, integrals, reproduce, survey, verify, completion):
    cli.add_command(command)


def main():
    """Run the command and exit with its status."""
    sys.exit(_run(sys.argv[1:]))


def _run(arguments):
    """Run the command of this process; one with a time limit in another process, which this one supervises."""
    # Started with the descriptor closed (`>&-`), Python has no standard output, and every print would fail.
    if sys.stdout is None:
        return stop("standard output is closed; give a file or a pipe for the answer", 2)
    _tune()
    # Without a limit nothing needs to be ended from outside, and a fork would cost its memory twice.
    limit = limit_of(arguments)
    if limit is None or not hasattr(os, "fork"):
        return _run_here()
    return supervise(_run_here, limit)


def _tune():
    """Set what a process of its own may: numpy is not loaded yet, and all memory goes when the command ends."""
    # Threads that wait for each other spin: 11 QR factors of 652 x 163 took 2 s of two processors, 0.06 s of one.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    # What is loaded at the start stays; looking for cycles in it over and over takes 7 % of ``laws product 3``.
    gc.set_threshold(_COLLECT_AFTER)


def _run_here():
    """Run the command, and say what became of the answer where it could not be written."""
    status = cli.main()
    # A full disk shows itself when the buffer is written: without this an answer that is lost would have status 0.
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        status = CLOSED_PIPE
    except OSError as error:
        status = stop(f"standard output: {error.strerror}; the answer could not be written", 2)
        _drop_output()
    if status == CLOSED_PIPE:
        _drop_output()
    return status


def _drop_output():
    """Send what is still to be written nowhere: the interpreter would complain of it when it ends."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    main()
