r"""
Files of certificates: write them, and verify many with both checkers.
"""
import json
import os
from pathlib import Path

from tqdm import tqdm

from ..check import Rejected, TooMuchWork, verify
from ..runtime.pool import worker_pool
from .checker import bounded, examine
from .errors import CertificateError
from .record import read


def write(record, path):
    r"""
    Write a certificate to a file, one JSON object.

    EXAMPLES::

        sage: import tempfile, os
        sage: from sage_conslaw import conservation_laws, networks
        sage: from sage_conslaw.certificates.files import verify_file, write
        sage: with tempfile.TemporaryDirectory() as folder:
        ....:     path = os.path.join(folder, "product.json")
        ....:     write(conservation_laws(networks.product(2), seed=0).certificate(), path)
        ....:     verify_file(path)
        (True, 'verified by both checkers: 1 independent law in dimension 2, complete: 1 + 1 = 2; product 2, ...')
    """
    Path(path).write_text(json.dumps(record) + "\n", encoding="utf8")


def verify_file(path):
    r"""
    Verify a file with both checkers, each in a process that is ended after 60 s and with 2 GB.

    OUTPUT: a pair: whether it is verified, and one line that says what is proved, in full, or why it is rejected. Where the checker without the package says that
    a certificate takes more work than it does, the line says that it was verified by the package's alone.

    EXAMPLES::

        sage: import tempfile
        sage: from sage_conslaw import conservation_laws, networks
        sage: from sage_conslaw.certificates.files import verify_file, write
        sage: with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
        ....:     write(conservation_laws(networks.product(2), seed=0).certificate(), f.name)
        ....:     verify_file(f.name)
        (True,
        'verified by both checkers: 1 independent law in dimension 2, complete: 1 + 1 = 2; product 2, ...')
        sage: verify_file("/dev/zero")
        (False, 'rejected: zero is not a regular file')
    """
    try:
        return bounded(_verify, os.fspath(path))
    except CertificateError as reason:
        return False, f"rejected: {reason}"


def _verify(path):
    try:
        record = read(path)
        plain, what = _plain(record)
        line = examine(record)
    except (CertificateError, Rejected) as reason:
        return False, f"rejected: {reason}"
    except OSError as error:
        return False, f"rejected: it cannot be read: {error.strerror}"
    if plain is None:
        return True, f"verified by the package's checker (the plain one gives up: {what}): {line}"
    if plain != line:
        return False, f"rejected: the checkers disagree: {plain[:200]!r} and {line[:200]!r}"
    return True, f"verified by both checkers: {line}"


def _plain(record):
    try:
        return verify(record), None
    except TooMuchWork as reason:
        return None, str(reason)


def verify_files(paths, progress=False, processes=None):
    r"""
    Verify many files in parallel; yield (path, accepted, line) in order.

    EXAMPLES::

        sage: from sage_conslaw.certificates.files import verify_files
        sage: list(verify_files([]))
        []
    """
    with worker_pool(processes or os.cpu_count() or 1, len(paths)) as run, \
            tqdm(total=len(paths), desc="verify", unit="certificate", disable=not progress, leave=False) as bar:
        for path, (accepted, line) in zip(paths, run(verify_file, paths)):
            bar.update()
            yield path, accepted, line
