r"""
Files of certificates: write them, and verify many with both checkers.
"""
import json
import os
from pathlib import Path

from tqdm import tqdm

from ..check import Rejected, verify
from .checker import check
from .record import CertificateError, read


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
        (True, 'verified by both checkers: 1 independent law in dimension 2, complete: 1 + 1 = 2')
    """
    Path(path).write_text(json.dumps(record) + "\n", encoding="utf8")


def verify_file(path):
    r"""
    Verify a file with both checkers; the one without Sage, which bounds its work, goes first.

    OUTPUT: a pair: whether both accept, and one line that says what is proved or why it is rejected

    EXAMPLES::

        sage: import tempfile
        sage: from sage_conslaw import conservation_laws, networks
        sage: from sage_conslaw.certificates.files import verify_file, write
        sage: with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
        ....:     write(conservation_laws(networks.product(2), seed=0).certificate(), f.name)
        ....:     verify_file(f.name)
        (True,
        'verified by both checkers: 1 independent law in dimension 2, complete: 1 + 1 = 2')
    """
    try:
        record = read(path)
        first = verify(record)
        second = check(record)
    except (CertificateError, Rejected) as reason:
        return False, f"rejected: {reason}"
    if first != second:
        return False, f"rejected: the checkers disagree: {first!r} and {second!r}"
    return True, f"verified by both checkers: {first}"


def verify_files(paths, progress=False, processes=None):
    r"""
    Verify many files in parallel; yield (path, accepted, line) in order.

    EXAMPLES::

        sage: from sage_conslaw.certificates.files import verify_files
        sage: list(verify_files([]))
        []
    """
    from ..runtime.pool import worker_pool
    with worker_pool(processes or os.cpu_count() or 1, len(paths)) as run, \
            tqdm(total=len(paths), desc="verify", unit="certificate", disable=not progress, leave=False) as bar:
        for path, (accepted, line) in zip(paths, run(verify_file, paths)):
            bar.update()
            yield path, accepted, line

