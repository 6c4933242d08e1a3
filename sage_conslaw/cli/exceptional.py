r"""
The option ``--exceptional`` of the command ``laws``.
"""
import click

from ..runtime.deadline import Deadline, Stopped, TimeLimitReached
from . import package


def check(data, exceptional, codimension, latex):
    r"""
    Refuse ``--exceptional`` where nothing has parameters, and ``--codimension`` alone, before anything is computed.

    EXAMPLES::

        sage: from sage_conslaw.cli.exceptional import check
        sage: check(None, False, "2", False)
        Traceback (most recent call last):
        ...
        click.exceptions.UsageError: --codimension belongs to --exceptional
    """
    if not exceptional:
        if codimension is not None:
            raise click.UsageError("--codimension belongs to --exceptional")
        return
    if latex:
        raise click.UsageError("--exceptional prints text or --json, not --latex")
    if not isinstance(data, package.ControlAffineFamily) or not data.constants:
        raise click.UsageError('--exceptional needs parameters: give --system FILE with "parameters": [...] in it')


def branches(data, result, degree, codimension, limit, progress=False):
    r"""
    Return the exceptional parameter values as the keys of the JSON object and as lines of text.

    The time limit is that of the whole command; what is known when it is reached comes with the exception.

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, system
        sage: from sage_conslaw.cli.exceptional import branches
        sage: family = system(["x"], ["k*x"], parameters=["k"])
        sage: record, lines = branches(family, conservation_laws(family, seed=0), None, None, None)
        sage: lines
        ['where k = 0: 1 new law, 1 independent', '  x', 'searched: all branches of every codimension (ranks over Q(k)
        by exact elimination)']
    """
    left = None if limit is None else max(0.0, limit - result.seconds)
    try:
        found = package.exceptional_parameters(
            data, degree=degree, codimension=codimension, seed=result.seed, time_limit=left, progress=progress
        )
    except Stopped as stopped:
        # What is known of the number at generic parameters is the result's.
        partial = {**stopped.partial, **result.to_dict()}
        raise (
            TimeLimitReached(Deadline(limit).limit, partial)
            if isinstance(stopped, TimeLimitReached)
            else stopped.with_partial(partial)
        ) from None
    record = {key: value for key, value in found.to_dict().items() if key != "generic_laws"}
    return record, package.exceptional_lines(record)
