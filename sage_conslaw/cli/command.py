r"""
The command ``sage-conslaw``: a thin shell over the public calls.

Exit status: 0 an answer; 2 unusable input, with one line on standard error; 3 a time limit, with the sound
partial result printed.
"""
import json
import os
import shutil
import sys
from pathlib import Path

import click

from .completion import architectures, completion, names
from .integrals import integrals
from .survey import survey
from ..runtime.errors import InputError

_EPILOG_LAWS = """Examples:

\b
  sage-conslaw laws linear 3 2 3
  sage-conslaw laws relu 8 5 8 5 --bias --json
  sage-conslaw laws --phi "x*y*z; x^2"
  sage-conslaw laws linear 2 3 2 --flow momentum --tau 1/2
  sage-conslaw laws --system FILE --exceptional
"""
_EPILOG_COUNT = """Examples:

\b
  sage-conslaw count linear 40 30 20 10
  sage-conslaw count relu 5 7 4 --bias --seed 1 --json
  sage-conslaw count --phi "x*y + y*z" --algorithm symbolic
"""
_EPILOG_REPRODUCE = """Examples:

\b
  sage-conslaw reproduce abide
  sage-conslaw reproduce all --json
  sage-conslaw reproduce abide --quiet
"""


_EPILOG_VERIFY = """Examples:

\b
  sage-conslaw verify product.json
  sage-conslaw verify certificates/ --quiet
  python -m sage_conslaw.check product.json        (the second checker alone, without Sage)
"""


def _options(function):
    """The options that ``laws`` and ``count`` share."""
    for option in reversed([
        click.option("--phi", metavar="POLYNOMIALS", help="A local reparameterisation: polynomials separated by semicolons."),
        click.option("--system", metavar="FILE", help="A polynomial system (JSON or TOML): variables, parameters, drift, controls."),
        click.option("--flow", metavar="NAME", shell_complete=names("gradient", "momentum", "nesterov"), help="The optimiser: gradient (default), momentum or nesterov."),
        click.option("--tau", metavar="Q", help="Damping of momentum: a rational >= 0, a rational function of t, or tau."),
        click.option("--metric", metavar="NAME", shell_complete=names("euclidean", "mirror", "icnn"), help="euclidean, mirror or icnn (default: the network's own)."),
        click.option("--weight-decay", metavar="Q", help="The rate of weight decay, a rational >= 0."),
        click.option("--loss", metavar="NAME", shell_complete=names("least-squares", "cross-entropy"), help="least-squares (default) or cross-entropy."),
        click.option("--bias", is_flag=True, help="Biases on the hidden layers."),
        click.option("--set", "settings", metavar="NAME=VALUE", multiple=True,
                     help="An option of a modern architecture, e.g. heads=2, rotary=true, norm=rms; may be repeated."),
        click.option("--algorithm", metavar="NAME", shell_complete=names("modular", "symbolic", "syzygies"), help="modular (default), symbolic (the published algorithms) or syzygies."),
        click.option("--proof/--no-proof", default=True, help="Whether to try to prove a count that is only probable."),
        click.option("--error-bound", metavar="X", help="How improbable an error of a count that is only probable must be, e.g. 1e-30."),
        click.option("--seed", metavar="N", help="Seed of all random choices; drawn and reported if not given."),
        click.option("--time-limit", metavar="S", help="Seconds; then the sound partial result is printed, exit status 3."),
        click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else."),
    ]):
        function = option(function)
    return function


class _Group(click.Group):
    """Errors of the command line's own in one line, without the usage text."""

    def main(self, args=None, **extra):
        # The width is fixed so that help does not depend on the terminal.
        from ..runtime.deadline import Stopped
        try:
            return super().main(args, standalone_mode=False, **extra) or 0
        except click.exceptions.Exit as stop:
            return stop.exit_code
        except click.Abort:
            return _stop("interrupted", 130)
        except click.exceptions.NoArgsIsHelpError:
            return _stop(f"give a command: {', '.join(sorted(cli.commands))}; e.g. sage-conslaw laws linear 3 2 3", 2)
        except click.UsageError as error:
            command = error.ctx.command_path if error.ctx is not None else "sage-conslaw"
            return _stop(f"{error.format_message().rstrip('.')}; see {command} --help", 2)
        except click.ClickException as error:
            return _stop(error.format_message(), 2)
        except OSError as error:
            return _stop(f"{error.filename or 'file'}: {error.strerror}; give a path that can be read or written", 2)
        except InputError as error:
            return _stop(" ".join(str(error).split()), 2)
        except (ValueError, TypeError, NotImplementedError) as error:
            message = " ".join(str(error).split())
            return _stop(f"internal error ({type(error).__name__}: {message}); please report it with the command", 1)
        except KeyboardInterrupt:
            return _stop("interrupted", 130)
        except Stopped as stopped:
            _print_partial(stopped.partial, "--json" in (args or sys.argv))
            return _stop(f"{stopped}; the result above is sound but not final", 3)
        except BrokenPipeError:
            return 0


def _stop(message, code):
    click.echo(f"sage-conslaw: {message}", err=True)
    return code


def _print_partial(partial, as_json):
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


# Sizes are read by the catalog, so that "-1" is a bad width and not an unknown option.
_SIZES = {"ignore_unknown_options": True}


@cli.command(context_settings=_SIZES, epilog=_EPILOG_LAWS)
@click.argument("architecture", required=False, shell_complete=architectures)
@click.argument("sizes", nargs=-1, type=click.UNPROCESSED)
@_options
@click.option("--degree", metavar="N", help="Search polynomials up to this degree (default 2).")
@click.option("--exceptional", is_flag=True, help="Also the parameter values of the system at which there are more laws.")
@click.option("--codimension", metavar="N", help="For --exceptional: branches of at most N independent conditions.")
@click.option("--latex", is_flag=True, help="Print the laws as a table in LaTeX.")
@click.option("--all", "everything", is_flag=True, help="Print all independent laws, each on one line.")
@click.option("--certificate", metavar="FILE", help="Write the certificate to this file.")
def laws(architecture, sizes, phi, system, bias, settings, degree, exceptional, codimension, latex, everything, certificate, as_json, **options):
    """All polynomial laws of ARCHITECTURE with SIZES, their number, and whether they are complete.

    \b
    ARCHITECTURE and SIZES, from input to output:
      product N, linear D0 D1 ..., relu D0 D1 ..., nmf N R M, icnn D H P,
      perceptron D0 D1 ..., convolutional C0 C1 ..., lora D0 D1 ..., gated D H P, mixture D H EXPERTS P,
      normalised P Q M, attention DIM HEAD_DIM, transformer_block DIM HIDDEN

    \f
    EXAMPLES::

        sage: from click.testing import CliRunner
        sage: from sage_conslaw.cli.command import cli
        sage: print(CliRunner().invoke(cli, ["laws", "--phi", "x*y"]).output.splitlines()[1])
        x^2 - y^2
    """
    from ..engine import api
    from .exceptional import branches, check
    data, degree, common = _problem(architecture, sizes, phi, system, bias, settings), _integer(degree, "--degree"), _common(options)
    check(data, exceptional, codimension, latex)
    result = api.conservation_laws(data, degree=degree, **common, progress=_progress(as_json))
    if certificate is not None:
        from ..certificates.files import write
        write(result.certificate(), certificate)
    record, lines = branches(data, result, degree, _integer(codimension, "--codimension"), common["time_limit"]) if exceptional else ({}, [])
    if as_json:
        click.echo(json.dumps({**result.to_dict(), **record}))
    elif latex:
        click.echo(result._latex_())
    else:
        _print_laws(result, everything)
        for line in lines:
            click.echo(line)


def _print_laws(result, everything):
    """Print independent laws; the others are functions of these."""
    from ..results.display import law_lines, wrapped
    width = min(shutil.get_terminal_size((80, 24)).columns if sys.stdout.isatty() else 80, 120)
    click.echo(_coloured(wrapped(str(result), width, "", cut=False), result.status))
    for line in law_lines(result, width, everything):
        click.echo(line)


def _coloured(text, status):
    """Return text in bold, green if proved: on a terminal that shows colours only."""
    if not sys.stdout.isatty() or os.environ.get("NO_COLOR"):
        return text
    return click.style(text, fg="green" if status == "proved" else "yellow", bold=True)


@cli.command(context_settings=_SIZES, epilog=_EPILOG_COUNT)
@click.argument("architecture", required=False, shell_complete=architectures)
@click.argument("sizes", nargs=-1, type=click.UNPROCESSED)
@_options
def count(architecture, sizes, phi, system, bias, settings, as_json, **options):
    """The number of independent laws of ARCHITECTURE with SIZES, polynomial or not.

    \b
    ARCHITECTURE and SIZES, from input to output:
      product N, linear D0 D1 ..., relu D0 D1 ..., nmf N R M, icnn D H P,
      perceptron D0 D1 ..., convolutional C0 C1 ..., lora D0 D1 ..., gated D H P, mixture D H EXPERTS P,
      normalised P Q M, attention DIM HEAD_DIM, transformer_block DIM HIDDEN

    \f
    EXAMPLES::

        sage: from click.testing import CliRunner
        sage: from sage_conslaw.cli.command import cli
        sage: print(CliRunner().invoke(cli, ["count", "product", "3"]).output)
        2 independent laws in 3 parameters (proved)
        <BLANKLINE>
    """
    from ..engine import api
    result = api.count_conservation_laws(_problem(architecture, sizes, phi, system, bias, settings), **_common(options),
                                         progress=_progress(as_json))
    click.echo(json.dumps(result.to_dict()) if as_json else _coloured(str(result), result.status))


@cli.command(epilog=_EPILOG_REPRODUCE)
@click.argument("paper", shell_complete=names("abide", "momentum", "all"))
@click.option("--tau", metavar="Q", help="Run the momentum sweeps with this damping (the paper: 0).")
@click.option("--nesterov", is_flag=True, help="Run the momentum sweeps with Nesterov's damping 3/t.")
@click.option("--bias", is_flag=True, help="Run the ReLU and ICNN sweeps with biases throughout.")
@click.option("--certificates", metavar="DIR", help="Write the certificate of each architecture to this folder.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option("--quiet", is_flag=True, help="Print the summary only.")
def reproduce(paper, tau, nesterov, bias, certificates, as_json, quiet):
    """The sweeps of a PAPER (abide, momentum or all), one line per architecture, compared with the expected numbers.

    \f
    EXAMPLES::

        sage: from click.testing import CliRunner
        sage: from sage_conslaw.cli.command import cli
        sage: print(CliRunner().invoke(cli, ["reproduce", "nothing"]).output)
        sage-conslaw: ...nothing...
    """
    from ..papers import reproduce as papers

    def show(record, bar):
        bar.write(_table_row(record), file=sys.stdout)
    loud = not (as_json or quiet)
    papers.sweeps(paper)
    if loud:
        click.echo(_TABLE_HEAD)
    result = papers.reproduce(paper, tau=tau, nesterov=nesterov, bias=bias, certificates=certificates, progress=_progress(as_json),
                              on_case=show if loud else None)
    click.echo(json.dumps(result.to_dict()) if as_json else result)
    return 0 if result.agree == len(result.cases) else 1


@cli.command(epilog=_EPILOG_VERIFY)
@click.argument("paths", nargs=-1, required=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
@click.option("--quiet", is_flag=True, help="Print rejections and the summary only.")
def verify(paths, as_json, quiet):
    """Recheck certificates in PATHS (files or folders) with both checkers, independently of the search.

    \f
    EXAMPLES::

        sage: from click.testing import CliRunner
        sage: from sage_conslaw.cli.command import cli
        sage: print(CliRunner().invoke(cli, ["verify", "/no/such/file.json"]).output)
        sage-conslaw: there is no file or folder ...
    """
    from ..certificates.files import verify_files
    files = []
    for path in map(Path, paths):
        if not path.exists():
            raise InputError(f"there is no file or folder {path}; give the certificates that laws --certificate FILE wrote")
        files += sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        raise InputError("there is no certificate (*.json) in the folder; reproduce all --certificates DIR writes some")
    rows = []
    for path, accepted, line in verify_files(files, progress=_progress(as_json)):
        rows.append({"file": path.name, "verified": accepted, "result": line})
        if not as_json and (len(files) == 1 or not (quiet and accepted)):
            click.echo(f"{path.name}: {line}", err=not accepted)
    good = sum(row["verified"] for row in rows)
    if as_json:
        click.echo(json.dumps({"certificates": rows, "verified": good, "total": len(rows)}))
    elif len(files) > 1:
        click.echo(f"{good} of {len(rows)} certificates verified by both checkers")
    return 0 if good == len(rows) else 1


_TABLE_HEAD = f"{'sweep':<20} {'architecture':<26} {'N':>4} {'r':>4} {'laws':>5} {'expected':>8}  status"


def _table_row(record):
    name = " ".join([record["architecture"], *map(str, record["sizes"]), *(["--bias"] if record.get("bias") else [])])
    mark = "" if record["number"] == record["expected"] else "  DIFFERS"
    return (f"{record['sweep']:<20} {name:<26} {record['state_dimension']:>4} {record['lie_dimension']:>4} "
            f"{record['number']:>5} {record['expected']:>8}  {record['status']}{mark}")


def _problem(architecture, sizes, phi, system, bias, settings):
    from ..inputs.polynomials import polynomials_of_one_ring
    from ..networks import by_name
    for word in (architecture or "", *sizes):
        if word.startswith("-") and not word[1:2].isdigit():
            raise click.UsageError(f"no such option {word}")
    if settings and architecture is None:
        raise click.UsageError("--set belongs to an architecture")
    given = [name for name, value in (("ARCHITECTURE", architecture), ("--phi", phi), ("--system", system)) if value is not None]
    if len(given) != 1:
        raise click.UsageError("give one of ARCHITECTURE, --phi or --system"
                               + (f", not {' and '.join(given)}" if given else ", e.g. linear 3 2 3"))
    if phi is not None:
        if bias:
            raise click.UsageError("--bias belongs to an architecture, not to --phi")
        return polynomials_of_one_ring([part for part in phi.split(";")], "phi")[1]
    if system is not None:
        from ..inputs.systems import read_system
        if bias:
            raise click.UsageError("--bias belongs to an architecture, not to --system")
        return read_system(system)
    return by_name(architecture, [_width(word, architecture) for word in sizes], **_settings(settings, bias))


def _settings(words, bias):
    """Return the options of an architecture from --bias and NAME=VALUE."""
    options = {"bias": True} if bias else {}
    for word in words:
        name, value = _setting(word)
        if name in options:
            raise InputError(f"the option {name} is given twice; give it once")
        options[name] = value
    return options


def _setting(word):
    """Return the name and the value of NAME=VALUE: an integer, true, false or a word."""
    name, _, value = word.partition("=")
    if not name.isidentifier() or not value:
        raise InputError(f"--set {word!r} is not NAME=VALUE; give e.g. --set heads=2")
    if value.lower() in ("true", "false"):
        return name, value.lower() == "true"
    return name, int(value) if value.lstrip("-").isdigit() else value


def _width(word, architecture):
    try:
        return int(word)
    except ValueError:
        raise InputError(f"width {word!r} of {architecture} is not an integer: widths are positive integers, "
                         f"e.g. {architecture} 3 2 3") from None


def _integer(text, name):
    if text is None:
        return None
    try:
        return int(text)
    except ValueError:
        raise InputError(f"{name} {text!r} is not an integer; give e.g. {name} 2") from None


def _common(options):
    limit = options.pop("time_limit")
    if limit is not None:
        try:
            limit = float(limit)
        except ValueError:
            raise InputError(f"--time-limit {limit!r} is not a number of seconds; give e.g. --time-limit 60") from None
    flow, metric, tau, decay = (options.pop(name) for name in ("flow", "metric", "tau", "weight_decay"))
    if flow is not None or metric is not None or tau is not None or decay is not None:
        from .. import flows
        given = {name: value for name, value in (("tau", tau), ("metric", metric)) if value is not None}
        options["flow"] = flows.by_name(flow or "gradient", **given)
        if decay is not None:
            options["flow"] = flows.weight_decay(decay, options["flow"])
    bound = options.pop("error_bound")
    if bound is not None:
        try:
            options["error_bound"] = float(bound)
        except ValueError:
            raise InputError(f"--error-bound {bound!r} is not a number between 0 and 1; give e.g. --error-bound 1e-30") from None
    return {**options, "seed": _integer(options.pop("seed"), "--seed"), "time_limit": limit}


def _progress(as_json):
    return sys.stderr.isatty() and not as_json


for command in (integrals, survey, completion):
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
        1 independent law in 2 parameters (proved)
        0
    """
    sys.exit(cli.main())


if __name__ == "__main__":
    main()
