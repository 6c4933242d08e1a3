r"""
The option ``--exceptional`` of the command ``laws``.
"""
import click

from ..runtime.deadline import Deadline, Stopped, TimeLimitReached
from . import package


def check(data, exceptional, codimension, latex):
    """
    Refuse ``--exceptional`` where nothing has parameters, and ``--codimension`` alone, before anything is computed.
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
    """
    Return the exceptional parameter values as the keys of the JSON object and as lines of text.

    The time limit is that of the whole command; what is known when it is reached comes with the exception.
    """
    # One limit for the whole command: what the laws took is gone.
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
    # The laws at generic parameters are the result's, printed already.
    record = {key: value for key, value in found.to_dict().items() if key != "generic_laws"}
    return record, package.exceptional_lines(record)
