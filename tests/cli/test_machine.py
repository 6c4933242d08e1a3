"""What the machine does not give: memory, room on a disk, a store as it was written. One line, exit status 2."""
import json
import resource
import sqlite3
import subprocess
import sys

import pytest

SPEC = """[[sweep]]
architecture = "relu"
sizes = [2, [1, 2], 1]
"""


def run(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "sage_conslaw.cli", *arguments], capture_output=True, text=True, timeout=120, **options
    )


def limited(which, size):
    return lambda: resource.setrlimit(which, (size, size))


def in_one_line(done, words):
    lines = done.stderr.splitlines()
    assert done.returncode == 2 and len(lines) == 1 and words in lines[0] and len(lines[0]) < 400, done.stderr


@pytest.mark.parametrize("megabytes", [300, 500, 1000])
def test_too_little_memory_to_load(megabytes):
    """Nothing hangs, and PARI's warnings of what it gets less of are not shown line by line."""
    done = run("laws", "product", "3", preexec_fn=limited(resource.RLIMIT_AS, megabytes << 20))
    in_one_line(done, f"memory limit of {megabytes} MB")


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("survey")
    (folder / "spec.toml").write_text(SPEC)
    done = run("survey", "spec.toml", "--store", "good.sqlite", "--processes", "1", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder


def test_a_full_disk_while_a_survey_writes(store):
    done = run("survey", "spec.toml", "--store", "full.sqlite", "--processes", "1", cwd=store,
               preexec_fn=limited(resource.RLIMIT_FSIZE, 8192))
    in_one_line(done, "full.sqlite")


@pytest.mark.parametrize("record", ["{broken", "[1, 2]", "{}", json.dumps({"number": 1})])
def test_broken_rows(store, record, tmp_path):
    path = tmp_path / "broken.sqlite"
    path.write_bytes((store / "good.sqlite").read_bytes())
    database = sqlite3.connect(path)
    database.execute("UPDATE cases SET record = ?", (record,))
    database.commit()
    database.close()
    in_one_line(run("survey", "spec.toml", "--store", str(path), cwd=store), "has a broken row")
