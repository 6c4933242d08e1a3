r"""
The database of a survey: one row a case, written when it is finished; a survey that was killed goes on where it was.
"""
import fcntl
import json
import sqlite3
from contextlib import contextmanager
from pathlib import Path
from ..runtime.errors import InputError, shortened

SCHEMA = "sage_conslaw.survey/1"


class Store:
    r"""
    A SQLite file of cases: what is to do, what is done, what failed and why.

    Every finished case is one transaction in a write-ahead log: a process that is killed loses nothing that was
    reported.  While a survey runs it holds a lock next to the file, which goes with the process.

    EXAMPLES::

        sage: import tempfile, os
        sage: from sage_conslaw.surveys.store import Store
        sage: with tempfile.TemporaryDirectory() as folder:
        ....:     store = Store(os.path.join(folder, "a.sqlite"))
        ....:     with store.locked():
        ....:         store.add({"k1": {"architecture": "linear"}, "k2": {"architecture": "relu"}})
        ....:         store.finish("k1", {"number": 3r})
        ....:     (store.to_do(["k1", "k2"]), store.counts(["k1", "k2"]))
        (['k2'], {'done': 1, 'failed': 0, 'to do': 1})

    A case that failed is tried again where that is asked for::

        sage: with tempfile.TemporaryDirectory() as folder:
        ....:     store = Store(os.path.join(folder, "a.sqlite"))
        ....:     store.add({"k1": {"architecture": "linear"}})
        ....:     store.fail("k1", "too large")
        ....:     before = store.counts(["k1"]), store.rows(["k1"])[0r][-1r]
        ....:     store.retry(["k1"])
        ....:     (before, store.to_do(["k1"]), store.keys())
        (({'done': 0, 'failed': 1, 'to do': 0}, 'too large'), ['k1'], ['k1'])
    """

    def __init__(self, path):
        self.path = Path(path)
        if self.path.is_dir():
            raise InputError(f"the store {self.path} is a folder; give a file, e.g. survey.sqlite")
        if not self.path.parent.is_dir():
            raise InputError(f"there is no folder {self.path.parent} for the store {self.path.name}")
        try:
            # Without Python's own transactions, which begin where it likes: each statement is one, and several are
            # grouped below.
            self._database = sqlite3.connect(self.path, isolation_level=None, timeout=30)
            # A log in front of the table: a kill loses the transaction in flight and nothing before it (tests kill it).
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.execute("CREATE TABLE IF NOT EXISTS about (name TEXT PRIMARY KEY, value TEXT)")
            self._database.execute(
                "CREATE TABLE IF NOT EXISTS cases (key TEXT PRIMARY KEY, spec TEXT NOT NULL, state TEXT NOT NULL, "
                "attempts INTEGER NOT NULL, record TEXT, reason TEXT)"
            )
            self._database.execute("INSERT OR IGNORE INTO about VALUES ('schema', ?)", (SCHEMA,))
            (schema,) = self._database.execute("SELECT value FROM about WHERE name = 'schema'").fetchone()
        except sqlite3.DatabaseError as error:
            raise InputError(
                f"the store {self.path.name} cannot be used: {error}; give another file, or one that a survey wrote"
            ) from None
        # Rows of another version mean other things: none is read, and none is added.
        if schema != SCHEMA:
            raise InputError(f"the store {self.path.name} has the schema {schema!r}; known: {SCHEMA}")

    @contextmanager
    def locked(self):
        """Hold the store for one survey."""
        with open(f"{self.path}.lock", "w") as handle:
            try:
                # The system gives the lock back when the process dies, however it dies; a row in the table would stay.
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InputError(
                    f"the store {self.path.name} is in use by another survey; wait for it, or give another store"
                ) from None
            yield self

    def add(self, cases):
        """Add cases that are not there yet; what is expected of the others is brought up to date."""
        with self._transaction():
            self._database.executemany(
                # The number that is expected is in ``spec`` and not in the key: it may change while the result stays.
                "INSERT INTO cases VALUES (?, ?, 'to do', 0, NULL, NULL) ON CONFLICT (key) DO UPDATE "
                "SET spec = excluded.spec",
                [(key, json.dumps(case)) for key, case in cases.items()],
            )

    @contextmanager
    def _transaction(self):
        # The lock on writing is taken at once: a transaction that reads first and writes later may find it gone.
        self._database.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._database.execute("ROLLBACK")
            raise
        self._database.execute("COMMIT")

    def finish(self, key, record):
        """Keep the record of a case."""
        self._database.execute(
            "UPDATE cases SET state = 'done', attempts = attempts + 1, record = ?, reason = NULL WHERE key = ?",
            (json.dumps(record), key),
        )

    def fail(self, key, reason):
        """Keep the reason why a case has no record."""
        self._database.execute(
            "UPDATE cases SET state = 'failed', attempts = attempts + 1, reason = ? WHERE key = ?", (reason, key)
        )

    def retry(self, keys):
        """Make failed cases cases to do."""
        with self._transaction():
            self._database.executemany(
                "UPDATE cases SET state = 'to do' WHERE key = ? AND state = 'failed'", [(key,) for key in keys]
            )

    def rows(self, keys):
        """Return (key, spec, state, attempts, record, reason) of these cases, in this order."""
        found = {
            row[0]: row
            for row in self._database.execute("SELECT key, spec, state, attempts, record, reason FROM cases")
        }
        return [self._read(*found[key]) for key in keys if key in found]

    def _read(self, key, spec, state, attempts, record, reason):
        """Return a row with its texts read, or say which row is broken: another program wrote it, or a disk lost a
        part."""
        try:
            spec, record = json.loads(spec), None if record is None else json.loads(record)
        except (TypeError, ValueError, RecursionError):
            spec = None
        whole = (
            isinstance(spec, dict)
            and (record is None or isinstance(record, dict))
            and state in ("done", "failed", "to do")
        )
        # Said here, with the case: the table would fail later with a name that means nothing to the user.
        if not whole or state == "done" and not {"status", "number"} <= set(record or ()):
            raise InputError(
                f"the store {self.path} has a broken row, of the case {shortened(key, 100)}; give "
                f"another store, or remove the row"
            )
        return key, spec, state, attempts, record, reason

    def keys(self):
        """Return the keys of all cases in the store, in the order in which they were added."""
        return [key for key, in self._database.execute("SELECT key FROM cases ORDER BY rowid")]

    def _states(self):
        return dict(self._database.execute("SELECT key, state FROM cases"))

    def to_do(self, keys):
        """Return those of these cases that are neither done nor failed."""
        states = self._states()
        # What is not in the store is to do as well.
        return [key for key in keys if states.get(key, "to do") == "to do"]

    def counts(self, keys):
        """Return how many of these cases are done, failed and to do."""
        states = self._states()
        out = {"done": 0, "failed": 0, "to do": 0}
        for key in keys:
            out[states.get(key, "to do")] += 1
        return out

    def close(self):
        """Close the file; the write-ahead log is merged into it."""
        self._database.close()
