"""Surveys beside threads and broken stores."""
import sqlite3
import threading

import pytest

from sage_conslaw import InputError, survey
from sage_conslaw.surveys.run import run_case

CASE = '{"architecture":"linear","flow":{"name":"gradient"},"loss":"least-squares","options":{},"sizes":[2,1,2]}'
SWEEP = {"architecture": "linear", "sizes": [2, 1, 2]}


def test_a_worker_that_is_a_thread():
    out = []
    thread = threading.Thread(target=lambda: out.append(run_case((CASE, 0))))
    thread.start()
    thread.join()
    assert out[0][0] == "done" and out[0][1]["number"] == 1


@pytest.mark.parametrize("column, value", [("record", "{"), ("record", "3"), ("record", b"\xff"), ("state", "nowhere"),
                                           ("record", "[" * 30000)])
def test_a_broken_row(column, value, tmp_path):
    store = tmp_path / "a.sqlite"
    survey([SWEEP], store=store, processes=1)
    with sqlite3.connect(store) as database:
        try:
            database.execute(f"UPDATE cases SET {column} = ?", (value,))
        except sqlite3.IntegrityError:
            pytest.skip("the store itself refuses this")
    database.close()
    with pytest.raises(InputError, match="broken row|cannot be used"):
        survey([SWEEP], store=store, processes=1)


def test_a_store_that_is_none(tmp_path):
    path = tmp_path / "a.sqlite"
    path.write_bytes(b"SQLite format 3\0" + b"\xff" * 5000)
    with pytest.raises(InputError):
        survey([SWEEP], store=path, processes=1)
