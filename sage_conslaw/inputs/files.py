r"""
Files that a person wrote: JSON and TOML, of bounded size, and errors in one line.

A file is read whole and only if it is a regular one of at most ``MAX_BYTES``: a device or a pipe has no end.  An
unknown key is an error with the nearest known name, because a key that is misspelt is a wish that nobody reads.
"""
import difflib
import json
import re
import tomllib
from pathlib import Path

from ..runtime.errors import InputError, shortened

# A file above this size is nothing that a person wrote; the largest model of the benchmark has 120 kB.
MAX_BYTES = 20_000_000
# Reading a number takes the square of its digits: a file of one number would take hours.
_ENORMOUS = re.compile(r"[0-9_]{4000}", re.ASCII)


def load(path, what, kinds=(".json", ".toml"), exact=True):
    r"""
    Return what a JSON or TOML file holds; its ending says which.

    INPUT:

    - ``what`` -- what the file should have in it, for messages

    - ``kinds`` -- the endings that are allowed; with both, every ending but ``.toml`` means JSON

    - ``exact`` -- whether numbers with a decimal point stay text, to be read exactly

    EXAMPLES::

        sage: from sage_conslaw.inputs.files import load
        sage: load("/no/such/file.json", "with variables and drift")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: there is no file /no/such/file.json; give a JSON or TOML file with variables and drift
    """
    words = " or ".join(kind[1:].upper() for kind in kinds)
    data, path = _bytes(path, f"a {words} file {what}")
    return parsed(data, path.name, toml=".toml" in kinds and (path.suffix == ".toml" or len(kinds) == 1), exact=exact)


def read_text(path, what):
    """Return the text of a file in UTF-8, and its name."""
    data, path = _bytes(path, f"a file {what}")
    try:
        # Editors on Windows write a mark of the byte order, which is no part of the text.
        return data.decode("utf-8-sig"), path.name
    except UnicodeDecodeError as error:
        raise InputError(
            f"the file {shortened(path.name, 100)} is no text: byte {error.start} is not UTF-8; save it as UTF-8"
        ) from None


def _bytes(path, wanted):
    """Return what is in a regular file of bounded size, and its path."""
    try:
        path = Path(path)
        if not path.exists():
            raise InputError(f"there is no file {shortened(path, 200)}; give {wanted}")
        # A pipe or /dev/zero exists, and reading it never ends.
        if not path.is_file():
            raise InputError(f"{shortened(path, 200)} is not a regular file; give {wanted}")
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise InputError(f"the file {path.name} has {size} bytes; at most {MAX_BYTES}")
        return path.read_bytes(), path
    except (OSError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        reason = getattr(error, "strerror", None) or str(error)
        raise InputError(f"the file {shortened(path, 200)} cannot be read: {reason}; give {wanted}") from None


def parsed(data, name, toml, exact=True):
    """Return the content of a file from its bytes."""
    kind = "TOML" if toml else "JSON"
    try:
        text = data.decode("utf-8-sig")
        # Before the parser: it would already spend the time.
        if _ENORMOUS.search(text):
            raise ValueError("a number in it has thousands of digits")
        # As a float 0.1 would be a binary fraction of 55 digits, and its laws those of another system.
        number = str if exact else float
        if toml:
            return tomllib.loads(text, parse_float=number)
        return json.loads(text, parse_float=number, parse_constant=_no_number, object_pairs_hook=_distinct)
    except UnicodeDecodeError as error:
        raise InputError(
            f"the file {shortened(name, 100)} is not {kind}: byte {error.start} is not UTF-8; save it as UTF-8"
        ) from None
    except RecursionError:
        raise InputError(f"the file {shortened(name, 100)} is not {kind}: it is nested too deeply") from None
    except ValueError as error:
        why = shortened(" ".join(str(error).split()), 200)
        raise InputError(f"the file {shortened(name, 100)} is not {kind}: {why}") from None


def _no_number(word):
    raise ValueError(f"{word} is not a number")


def _distinct(pairs):
    # The parser would keep the last of two and say nothing.
    record = dict(pairs)
    if len(record) < len(pairs):
        seen = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))
        raise ValueError(f"the key {shortened(twice, 60)!r} is given twice")
    return record


def known_keys(record, known, what):
    """Refuse a record with a key that is not known, with the nearest name."""
    for key in record:
        if key not in known:
            raise InputError(f"{what} has the key {shortened(repr(key), 60)}; {unknown_key(key, known)}"
                             f"known: {shortened(', '.join(map(str, known)), 200)}")


def unknown_key(key, known, likeness=0.5):
    """Return the advice for an unknown key: the nearest known one, or nothing."""
    known = {str(name).lower(): str(name) for name in known}
    # A key of any length: the comparison takes its square.
    near = difflib.get_close_matches(str(key)[:100].lower(), known, n=1, cutoff=likeness)
    return f"did you mean {known[near[0]]!r}? " if near else ""
