r"""
The command ``sage-conslaw verify``.
"""
import json
from contextlib import closing
from pathlib import Path

import click

from ..runtime.alarm import interrupting
from ..runtime.announcements import announce
from ..runtime.deadline import Deadline, TimeLimitReached
from ..runtime.errors import InputError
from . import package
from .options import options, shows_progress, started
from .report import stop

_EPILOG = """Examples:

\b
  sage-conslaw verify product.json
  sage-conslaw verify certificates/ --quiet --time-limit 600
  python -m sage_conslaw.check product.json        (the plain checker alone, without Sage)
"""


@click.command(epilog=_EPILOG)
@click.argument("paths", nargs=-1, required=True)
@click.option("--time-limit", metavar="S", help="Seconds; then what was checked until then is printed, exit status 3.")
@options("json")
@click.option("--quiet", is_flag=True, help="Print rejections and the summary only.")
def verify(paths, time_limit, as_json, quiet):
    """Recheck certificates in PATHS (files or folders) with both checkers, independently of the search.

    The line says in full what was verified: number, architecture, loss, flow, metric, assumption. A check ends after 60
    s and with 2 GB.
    """
    files = _files(paths)
    limit = started(package.verify_files, time_limit, {"certificates": [], "total": len(files)})
    rows, stopped = [], None
    try:
        with (
            interrupting(Deadline(limit)),
            closing(package.verify_files(files, progress=shows_progress(as_json))) as results,
        ):
            for path, accepted, line in results:
                rows.append({"file": path.name, "verified": accepted, "result": line})
                announce(lambda: {"certificates": rows})
                if not as_json and (len(files) == 1 or not (quiet and accepted)):
                    click.echo(f"{path.name}: {line}", err=not accepted)
    except TimeLimitReached as reached:
        stopped = reached
    good = sum(row["verified"] for row in rows)
    one = sum(row["verified"] and not row["result"].startswith("verified by both") for row in rows)
    if as_json:
        late = {} if stopped is None else {"time_limit_reached": True}
        click.echo(json.dumps({"certificates": rows, "verified": good, "total": len(files), **late}))
    elif len(files) > 1:
        click.echo(
            f"{good} of {len(files)} certificates verified by "
            f"{f'a checker, {good - one} by ' if one else ''}both checkers"
        )
    # The limit's status comes first, as for every command; rejections are in their lines.
    if stopped is not None:
        return stop(f"{stopped}; {len(rows)} of {len(files)} certificates were checked until then", 3)
    return 0 if good == len(rows) else 1


def _files(paths):
    """Return the certificates at these places: files, and all of a folder."""
    files = []
    for path in map(Path, paths):
        if not path.exists():
            raise InputError(
                f"there is no file or folder {path}; give the certificates that laws --certificate FILE wrote"
            )
        # The same order on every machine, so that runs can be compared.
        files += sorted(path.glob("*.json")) if path.is_dir() else [path]
    if not files:
        raise InputError("there is no certificate (*.json) in the folder; reproduce all --certificates DIR writes some")
    return files
