r"""
What the commands share: the options of a problem and of a search, and how they are read.
"""
import difflib
import logging
import re
import sys

import click

from ..networks.meanings import MEANINGS, lines, table
from ..runtime.announcements import SinceAnnounced, announce
from ..runtime.errors import InputError, shortened
from . import package
from .completion import names

# Sizes are read by the catalog, so that "-1" is a bad width and not an unknown option.
SIZES = {"ignore_unknown_options": True}


def _log_strategies(context, _, wanted):
    """Send what becomes of each strategy of the engine to standard error, while the command runs."""
    if not wanted:
        return
    # The level and the handler are undone at the end: commands are also called in a session, by tests for instance.
    logger, handler = logging.getLogger("sage_conslaw.engine"), logging.StreamHandler(sys.stderr)
    level = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    context.call_on_close(lambda: (logger.removeHandler(handler), logger.setLevel(level)))


def _remember_cuts(context, _, names):
    context.meta["allow_cut"] = tuple(names)


def _allowed_cuts():
    return click.get_current_context().meta.get("allow_cut", ())


# Each option is written once, whatever commands have it. Numbers are texts here: what is no number is answered in the
# words of the public calls, by :func:`integer_option` and its like, and not in click's.
_OPTIONS = {
    "phi": click.option(
        "--phi", metavar="POLYNOMIALS", help="A local reparameterisation: polynomials separated by semicolons."
    ),
    "system": click.option(
        "--system", metavar="FILE",
        help="A system: JSON or TOML, SBML (.xml), Antimony (.ant), or lines S' = ... (.txt).",
    ),
    "torch": click.option(
        "--torch", metavar="FILE.py:NAME",
        help="A model of PyTorch: your own file is run, and NAME() returns (model, args) or (model, args, kwargs); "
             "integers after it are given to NAME.",
    ),
    "allow-cut": click.option(
        "--allow-cut", metavar="NAME", multiple=True, expose_value=False, callback=_remember_cuts,
        help="For --torch: an operation or a module whose values and slopes may be taken as arbitrary, e.g. sort; may "
             "be repeated.",
    ),
    "flow": click.option(
        "--flow", metavar="NAME", shell_complete=names("gradient", "momentum", "nesterov", "sign", "sgd", "adam"),
        help="The optimiser: gradient (default), momentum, nesterov, sign, or one of PyTorch's, e.g. adam or "
             "sgd:lr=0.01,momentum=0.9.",
    ),
    "tau": click.option(
        "--tau", metavar="Q", help="Damping of momentum: a rational >= 0, a rational function of t, or tau."
    ),
    "metric": click.option(
        "--metric", metavar="NAME", shell_complete=names("euclidean", "mirror", "icnn"),
        help="euclidean, mirror or icnn (default: the network's own).",
    ),
    "weight-decay": click.option(
        "--weight-decay", metavar="Q", help="The rate of weight decay, a rational >= 0."
    ),
    "loss": click.option(
        "--loss", metavar="NAME", shell_complete=names("least-squares", "cross-entropy"),
        help="least-squares (default) or cross-entropy.",
    ),
    "bias": click.option("--bias", is_flag=True, help="Biases on the hidden layers."),
    "set": click.option(
        "--set", "settings", metavar="NAME=VALUE", multiple=True,
        help="An option of a modern architecture, e.g. heads=2, rotary=true, norm=rms; may be repeated.",
    ),
    "algorithm": click.option(
        "--algorithm", metavar="NAME", shell_complete=names("modular", "symbolic", "syzygies"),
        help="modular (default), symbolic (the published algorithms) or syzygies.",
    ),
    "proof": click.option(
        "--proof/--no-proof", default=True, help="Whether to try to prove a count that is only probable."
    ),
    "real": click.option(
        "--real/--no-real", "real", default=None,
        help="Whether to certify that real gradients span enough (default: where that takes under about a second).",
    ),
    "error-bound": click.option(
        "--error-bound", metavar="X",
        help="How improbable an error of a count that is only probable must be, e.g. 1e-30.",
    ),
    "seed": click.option(
        "--seed", metavar="N", help="Seed of all random choices; drawn and reported if not given."
    ),
    "time-limit": click.option(
        "--time-limit", metavar="S", help="Seconds; then the sound partial result is printed, exit status 3."
    ),
    "verbose": click.option(
        "--verbose", is_flag=True, expose_value=False, callback=_log_strategies,
        help="One line a strategy on standard error: tried or skipped, why, what it proved, seconds.",
    ),
    "json": click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else."),
}


def options(*wanted):
    """Add options by their names, in this order; all of them, which ``laws`` and ``count`` share, without names."""
    def add(function):
        for name in reversed(wanted or _OPTIONS):
            function = _OPTIONS[name](function)
        return function
    return add


def asked_problem(architecture, sizes, phi, system, bias, settings, torch=None):
    """Return what a command line asks about: a network, the components of phi, or a family."""
    # Unknown options come as sizes, since "-1" must be a bad width.
    for word in (architecture or "", *sizes):
        if word.startswith("-") and not word[1:2].isdigit():
            raise click.UsageError(f"no such option {shortened(word, 60)}{_nearest_option(word)}")
    # What takes time to load is loaded before the clock of --time-limit starts.
    package.conservation_laws
    announce(
        lambda: {
            "architecture": architecture or ("phi" if phi else "torch" if torch else "system"),
            "sizes": [int(n) for n in sizes if n.isdigit() and len(n) < 20],
        }
    )
    if torch is not None:
        return _torch_model(
            torch, [word for word in (architecture, *sizes) if word is not None], phi, system, bias, settings
        )
    if _allowed_cuts():
        raise click.UsageError("--allow-cut belongs to --torch FILE.py:NAME")
    if settings and architecture is None:
        raise click.UsageError("--set belongs to an architecture")
    given = [
        name
        for name, value in (("ARCHITECTURE", architecture), ("--phi", phi), ("--system", system))
        if value is not None
    ]
    if len(given) != 1:
        raise click.UsageError("give one of ARCHITECTURE, --phi or --system"
                               + (f", not {' and '.join(given)}" if given else ", e.g. linear 3 2 3"))
    if bias and architecture is None:
        raise click.UsageError(f"--bias belongs to an architecture, not to {given[0]}")
    if phi is not None:
        # A slip for the name of an architecture, more often than one parameter.
        if phi.strip().isidentifier():
            raise InputError(
                f'--phi {shortened(phi.strip(), 40)!r} is a bare name: nothing is shared; give '
                f'polynomials such as "x*y", '
                "or an architecture with its sizes such as linear 3 2 3"
            )
        return package.polynomials_of_one_ring(phi.split(";"), "phi")[1]
    if system is not None:
        return package.read_system(system)
    widths = [_width(word, architecture) for word in sizes]
    return package.networks.by_name(architecture, widths, **_settings(settings, bias))


def _nearest_option(word):
    """Return a hint at the option of this command that a word is near to."""
    context = click.get_current_context(silent=True)
    known = [name for parameter in context.command.params for name in parameter.opts] if context else []
    # 0.7 finds --sede and --degre, and says nothing of --foo.
    near = difflib.get_close_matches(word.partition("=")[0][:40], known, n=1, cutoff=0.7)
    return f"; did you mean {near[0]}?" if near else ""


class ProblemCommand(click.Command):
    """A command about an architecture: its help lists them all, or the options of the one that is named beside
    ``--help``."""

    def parse_args(self, ctx, args):
        # Help is eager: it is printed before arguments are read, so the name is looked for among the words.
        ctx.meta["architecture"] = next((word for word in args if word in MEANINGS), None)
        return super().parse_args(ctx, args)

    def format_help_text(self, ctx, formatter):
        super().format_help_text(ctx, formatter)
        named = ctx.meta.get("architecture")
        with formatter.section(f"The architecture {named}" if named else "Architectures, sizes from input to output"):
            for line in lines(named) if named else table():
                formatter.write(f"{'':>{formatter.current_indent}}{line}\n")
            if not named:
                blanks = " " * formatter.current_indent
                formatter.write(f"{blanks}(the options of one: sage-conslaw {ctx.info_name} attention --help)\n")


def _torch_model(place, words, phi, system, bias, settings):
    """Return the network of FILE.py:NAME; the words are integers for NAME."""
    if phi is not None or system is not None or bias or settings:
        raise click.UsageError("--torch stands alone: leave out --phi, --system, --bias and --set")
    for word in words:
        if not _WHOLE.fullmatch(word):
            raise InputError(
                f"{shortened(repr(word), 60)} after --torch is not an integer; architecture names are "
                f"left out, and integers are given to NAME"
            )
    arguments = [whole(word, "an argument of NAME") for word in words]
    return package.networks.by_name(f"torch:{place}", arguments, allow_cut=_allowed_cuts())


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
    # Names and values are checked by the architecture, which knows its options; here only their form is.
    name, _, value = word.partition("=")
    if not name.isidentifier() or not value:
        raise InputError(f"--set {shortened(repr(word), 60)} is not NAME=VALUE; give e.g. --set heads=2")
    if value.lower() in ("true", "false"):
        return name, value.lower() == "true"
    return name, whole(value, f"--set {name}") if _WHOLE.fullmatch(value) else value


# An integer as a person writes it.
_WHOLE = re.compile(r"[+-]?[0-9]+", re.ASCII)
_MOST_DIGITS = 300


def whole(text, name):
    """Return the integer that a text is; one of thousands of digits is refused by its length."""
    # Python itself refuses over 4300 digits, in words of its own.
    if len(text) > _MOST_DIGITS:
        raise InputError(f"{name} has {len(text)} digits; give a smaller integer, e.g. 2")
    return int(text)


def _width(word, architecture):
    if not _WHOLE.fullmatch(word):
        raise InputError(
            f"width {shortened(repr(word), 60)} of {architecture} is not an integer: widths are positive integers, "
            f"e.g. {architecture} 3 2 3"
        )
    return whole(word, f"a width of {architecture}")


def integer_option(text, name):
    """Return the integer given to an option, or ``None`` where it was not given."""
    if text is None:
        return None
    if not _WHOLE.fullmatch(text):
        raise InputError(f"{name} {shortened(repr(text), 60)} is not an integer; give e.g. {name} 2")
    return whole(text, name)


def number_option(text, name, what, example):
    """Return the floating-point number given to an option, or ``None`` where it was not given."""
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{name} {shortened(repr(text), 60)} is not {what}; give e.g. {name} {example}") from None


def search_options(options):
    """Return the keyword arguments of the public calls from what the options gave."""
    limit = limit_option(options.pop("time_limit"))
    flow, metric, tau, decay = (options.pop(name) for name in ("flow", "metric", "tau", "weight_decay"))
    # None of them given leaves the network its own flow and metric.
    if flow is not None or metric is not None or tau is not None or decay is not None:
        given = {name: value for name, value in (("tau", tau), ("metric", metric)) if value is not None}
        options["flow"] = package.flows.by_name(flow or "gradient", **given)
        if decay is not None:
            options["flow"] = package.flows.weight_decay(decay, options["flow"])
    bound = number_option(options.pop("error_bound"), "--error-bound", "a number between 0 and 1", "1e-30")
    if bound is not None:
        options["error_bound"] = bound
    return {**options, "seed": integer_option(options.pop("seed"), "--seed"), "time_limit": limit}


def limit_option(text):
    """Return the time limit of a command, which counts from the first announcement, or ``None``."""
    limit = number_option(text, "--time-limit", "a number of seconds", "60")
    return None if limit is None else SinceAnnounced(limit)


def started(_loaded, text, known):
    """
    Start the clock of a command that runs through a list, and return its time limit.

    ``_loaded`` is what takes time to load: naming it in the call loads it before the clock starts.  ``known`` is what
    is said where the command is ended from outside.
    """
    limit = limit_option(text)
    announce(lambda: known)
    return limit


def shows_progress(as_json):
    """Say whether progress is shown: on a terminal, and not where a program reads along."""
    return sys.stderr.isatty() and not as_json
