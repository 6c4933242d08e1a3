r"""
Files of certificates: write them, and verify many with both checkers.
"""
import json
import os
from pathlib import Path


from ..check import Rejected, TooMuchWork, load, verify
from ..runtime.pool import worker_pool
from ..runtime.progress import bar
from .checker import bounded, examine
from .dimension import SCHEMA, check_dimension
from .errors import BeyondLimits, CertificateError
from .record import read

# For the plain checker and for the package's, which is faster: together less than 60.
PLAIN_SECONDS, SECONDS = 36, 20
# How the plain checker begins where a file is of another schema.
_OTHER_SCHEMA = "the schema is not"


def write(record, path):
    """Write a certificate to a file, one JSON object."""
    try:
        Path(path).write_text(json.dumps(record) + "\n", encoding="utf8")
    except OSError as error:
        # A full disk does not say which file it was.
        raise OSError(error.errno, error.strerror, os.fspath(path)) from None


def verify_file(path):
    """
    Verify a file with both checkers, each in a process with at most 2 GB that is ended in time for both to take less
    than 60 s.

    OUTPUT: a pair: whether it is verified, and one line that says what is proved, in full, or why it is rejected. Where
    the checker without the package says that a certificate takes more work than it does, the line says that it was
    verified by the package's alone.
    """
    name = os.path.basename(os.fspath(path))
    try:
        plain, what = bounded(_plain, os.fspath(path), seconds=PLAIN_SECONDS), None
    except BeyondLimits as reason:
        plain, what = None, str(reason)
    except CertificateError as reason:
        if str(reason).startswith(_OTHER_SCHEMA):
            return _verified_dimension(path, f"rejected: {_about(name, reason)}")
        return False, f"rejected: {_about(name, reason)}"
    try:
        line = bounded(_examined, os.fspath(path), seconds=SECONDS)
    except CertificateError as reason:
        return False, f"rejected: {_about(name, reason)}"
    # Too much for the one is no verdict; what the other found is said to be its alone. Lines that differ are a defect
    # of a checker, and a certificate that is read in two ways is not accepted.
    if plain is None:
        return True, f"verified by the package's checker alone (the plain one gives up: {what}): {line}"
    if plain != line:
        return False, f"rejected: the checkers disagree: {plain[:200]!r} and {line[:200]!r}"
    return True, f"verified by both checkers: {line}"


def _about(name, reason):
    """Return a reason without the name of the file, which the caller prints."""
    return str(reason).removeprefix(f"{name} ").removeprefix(f"{name}: ")


def _verified_dimension(path, otherwise):
    """Return what a certificate of a dimension proves; where the file is none, that it is rejected."""
    try:
        line = bounded(_dimension, os.fspath(path), seconds=PLAIN_SECONDS + SECONDS)
    except CertificateError as reason:
        return False, f"rejected: {reason}"
    return (False, otherwise) if line is None else (True, f"verified by both checkers: {line}")


def _dimension(path):
    """Return what a certificate of a dimension proves, ``None`` where the file is none."""
    try:
        record = load(path)
    except Rejected as reason:
        raise CertificateError(str(reason)) from None
    except OSError as error:
        raise CertificateError(f"it cannot be read: {error.strerror}") from None
    if not isinstance(record, dict) or record.get("schema") != SCHEMA:
        return None
    return check_dimension(record)


def _plain(path):
    try:
        return verify(load(path))
    except TooMuchWork as reason:
        raise BeyondLimits(str(reason)) from None
    except Rejected as reason:
        raise CertificateError(str(reason)) from None
    except OSError as error:
        raise CertificateError(f"it cannot be read: {error.strerror}") from None


def _examined(path):
    return examine(read(path))


def verify_files(paths, progress=False, processes=None):
    """Verify many files in parallel; yield (path, accepted, line) in order."""
    with worker_pool(processes or os.cpu_count() or 1, len(paths)) as run, \
            bar(total=len(paths), desc="verify", unit="certificate", disable=not progress) as done:
        for path, (accepted, line) in zip(paths, run(verify_file, paths)):
            done.update()
            yield path, accepted, line
