"""Surveys: the specification, the store, kills and resumption, processes and clusters, exports and the plot."""
import json
import os
from pathlib import Path
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from sage_conslaw import TimeLimitReached, survey
from sage_conslaw.surveys import run as runner
from sage_conslaw.surveys.run import run_case
from sage_conslaw.surveys.specification import cases, key
from sage_conslaw.surveys.store import Store
from sage_conslaw.surveys.table import SurveyTable

SWEEP = {
    "architecture": "linear",
    "sizes": [[1, 2], [1, 2, 3], 2],
    "flow": ["gradient", {"name": "momentum", "tau": "1"}],
}

TOML = """
[[sweep]]
architecture = "relu"
sizes = [[1, 2], [1, 2, 3], [1, 2], 2]
bias = [false, true]

[[sweep]]
architecture = "linear"
sizes = [[1, 2], [1, 2, 3], [1, 2]]
loss = ["least-squares", "cross-entropy"]
"""


def content(path):
    """Return the rows of a store without times, as a set."""
    def timeless(record):
        return (
            None
            if record is None
            else json.dumps({k: v for k, v in json.loads(record).items() if k != "seconds"}, sort_keys=True)
        )
    with sqlite3.connect(path) as database:
        return {(k, state, timeless(record), attempts) for k, state, record, attempts in
                database.execute("SELECT key, state, record, attempts FROM cases")}


def command(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "sage_conslaw.cli", "survey", *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=120,
        **options,
    )


def test_the_known_numbers(tmp_path):
    table = survey(
        [
            {
                "architecture": "linear",
                "cases": [{"sizes": [3, 2, 3], "expected": 3}, {"sizes": [1, 2, 1], "expected": 4}],
            },
            {"architecture": "relu", "sizes": [2, [1, 2, 3], 2], "bias": True},
        ],
        tmp_path / "a.sqlite",
        processes=1,
    )
    assert [row["number"] for row in table.rows] == [3, 3, 1, 2, 3]
    assert [row["sizes"] for row in table.differing] == [[1, 2, 1]]
    assert "1 differ from what was expected" in repr(table) and "expected 4" in repr(table)
    # The real networks are looked at as everywhere else; a number that rests on an assumption says so.
    assert [row["assumption"] for row in table.rows] == ["none"] * 5 and "span condition" not in repr(table)
    row = {**table.rows[2], "assumption": "span"}
    assert "proved (span condition)" in repr(SurveyTable((row,), 1, 0.0))


def test_order_and_repetition_of_sweeps_do_not_matter():
    a = {"architecture": "linear", "sizes": [2, [1, 2], 2]}
    b = {"architecture": "relu", "cases": [[2, 1], [2, 2, 1]], "bias": [False, True]}
    assert set(cases([a, b])) == set(cases([b, a, b]))
    assert all(key(case) == k for k, case in cases([a, b]).items())
    # false is how a network is without biases: the same case as one that does not speak of them.
    assert set(cases([a | {"bias": False}])) == set(cases([a]))


def test_a_second_run_computes_nothing(tmp_path):
    first = survey([SWEEP], tmp_path / "a.sqlite", processes=2)
    again = survey([SWEEP], tmp_path / "a.sqlite", processes=2)
    assert first.computed == len(first.rows) == 12 and again.computed == 0
    assert first.rows == again.rows
    wider = survey([SWEEP, {"architecture": "relu", "sizes": [1, 1, 1]}], tmp_path / "a.sqlite", processes=1)
    assert wider.computed == 1 and len(wider.rows) == 13


def test_processes_and_seeds_give_the_same_table(tmp_path):
    survey([SWEEP], tmp_path / "a.sqlite", processes=1, seed=5)
    survey([SWEEP], tmp_path / "b.sqlite", processes=2, seed=5)
    survey([SWEEP], tmp_path / "c.sqlite", processes=2, seed=6)
    assert content(tmp_path / "a.sqlite") == content(tmp_path / "b.sqlite") != content(tmp_path / "c.sqlite")


def test_killed_and_resumed_nothing_is_lost_and_nothing_done_twice(tmp_path):
    (tmp_path / "a.toml").write_text(TOML)
    process = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "sage_conslaw.cli",
            "survey",
            str(tmp_path / "a.toml"),
            "--store",
            str(tmp_path / "a.sqlite"),
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    total = len(cases(tmp_path / "a.toml"))
    finished = 0
    for _ in range(600):
        time.sleep(0.05)
        if (tmp_path / "a.sqlite").exists():
            try:
                with sqlite3.connect(tmp_path / "a.sqlite") as database:
                    (finished,) = database.execute("SELECT COUNT(*) FROM cases WHERE state = 'done'").fetchone()
            except sqlite3.OperationalError:
                continue
            if finished > 10:
                break
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = {row for row in content(tmp_path / "a.sqlite") if row[1] == "done"}
    assert 10 < len(kept) < total, "the kill came too late to test anything"
    result = command(tmp_path / "a.toml", "--store", tmp_path / "a.sqlite", "--json")
    assert result.returncode == 0, result.stderr
    table = json.loads(result.stdout)
    assert table["computed"] == total - len(kept) and table["done"] == total
    assert kept <= content(tmp_path / "a.sqlite")
    assert {attempts for *_, attempts in content(tmp_path / "a.sqlite")} == {1}
    survey(tmp_path / "a.toml", tmp_path / "b.sqlite")
    assert content(tmp_path / "a.sqlite") == content(tmp_path / "b.sqlite")


def _dies_at_2_2_2(task, compute=run_case):
    if '"sizes":[2,2,2]' in task[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    return compute(task)


def test_a_process_that_dies_is_one_failed_case(tmp_path, monkeypatch):
    monkeypatch.setattr(runner, "run_case", _dies_at_2_2_2)
    table = survey([SWEEP], tmp_path / "a.sqlite", processes=2)
    assert {tuple(row["sizes"]) for row in table.failed} == {(2, 2, 2)}
    assert len(table.done) == 10 and "its process died" in table.failed[0]["reason"]
    monkeypatch.undo()
    assert survey([SWEEP], tmp_path / "a.sqlite", processes=2).computed == 0
    healed = survey([SWEEP], tmp_path / "a.sqlite", processes=2, retry_failed=True)
    assert healed.computed == 2 and not healed.failed


def test_two_surveys_do_not_share_a_store(tmp_path):
    with Store(tmp_path / "a.sqlite").locked():
        with pytest.raises(ValueError, match="in use by another survey"):
            survey([SWEEP], tmp_path / "a.sqlite")
    assert survey([SWEEP], tmp_path / "a.sqlite").computed == 12


def test_a_case_that_fails_stops_nothing(tmp_path):
    table = survey(
        [
            {"architecture": "linear", "cases": [[2], [2, 2]]},
            {"architecture": "linear", "sizes": [30, 30, 30], "flow": "momentum", "time_limit": 1},
        ],
        tmp_path / "a.sqlite",
        processes=1,
    )
    assert [row["state"] for row in table.rows] == ["failed", "done", "failed"]
    assert "at least 2 widths" in table.failed[0]["reason"]


def test_a_time_limit_carries_the_table_so_far(tmp_path):
    with pytest.raises(TimeLimitReached) as reached:
        survey([SWEEP], tmp_path / "a.sqlite", processes=1, time_limit=0)
    assert len(reached.value.partial.rows) == 12 and not reached.value.partial.done
    (tmp_path / "a.toml").write_text(TOML)
    result = command(tmp_path / "a.toml", "--store", tmp_path / "b.sqlite", "--time-limit", "0", "--quiet")
    assert result.returncode == 3 and "to do" in result.stdout and "goes on" in result.stderr


def test_a_cluster_gives_the_same_table(tmp_path):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        table = survey([SWEEP], tmp_path / "a.sqlite", scheduler=cluster.scheduler_address, seed=1)
    survey([SWEEP], tmp_path / "b.sqlite", processes=1, seed=1)
    assert table.computed == 12 and content(tmp_path / "a.sqlite") == content(tmp_path / "b.sqlite")


def test_lines_that_coincide_are_told_apart(tmp_path):
    """A linear network and one with a bias have the same numbers: the one behind is wider, the others are thin."""
    cases = [{"architecture": "relu", "sizes": [2, [2, 3, 4], 1], "bias": [False, True]},
             {"architecture": "linear", "sizes": [2, [2, 3, 4], 1]}]
    figure = survey(cases, tmp_path / "a.sqlite", processes=1).plot()
    lines = figure.axes[0].get_lines()
    same = [line for line in lines if "relu" in line.get_label()]
    assert len(lines) == 3 and len({tuple(line.get_ydata()) for line in same}) == 1
    assert same[0].get_linewidth() > 2 * same[1].get_linewidth()
    assert [line.get_linewidth() for line in lines if "linear" in line.get_label()] == [same[1].get_linewidth()]


def test_exports_and_plot(tmp_path):
    pandas = pytest.importorskip("pandas")
    table = survey([SWEEP], tmp_path / "a.sqlite", processes=1)
    table.export(tmp_path / "a.csv")
    table.export(tmp_path / "a.parquet")
    for frame in (pandas.read_csv(tmp_path / "a.csv"), pandas.read_parquet(tmp_path / "a.parquet")):
        assert len(frame) == 12 and list(frame["number"]) == [row["number"] for row in table.rows]
    figure = table.plot(tmp_path / "a.png")
    assert len(figure.axes[0].get_lines()) == 2 and (tmp_path / "a.png").stat().st_size > 5000
    assert table._repr_html_().count("<tr>") == 13
    with pytest.raises(ValueError, match="does not end in .csv or .parquet"):
        table.export(tmp_path / "a.xls")
    with pytest.raises(ValueError, match="nothing to plot"):
        survey([{"architecture": "linear", "sizes": [2]}], tmp_path / "b.sqlite").plot()


@pytest.mark.parametrize("specs, message", [
    ([], "no sweeps"),
    ({"sweeps": []}, "has the key 'sweeps'"),
    ([{"sizes": [1]}], "sweep 1 has no architecture"),
    ([{"architecture": "liner", "sizes": [1, 2]}], "did you mean 'linear'"),
    ([{"architecture": "linear"}], "needs either sizes"),
    ([{"architecture": "linear", "sizes": [1, 2], "cases": [[1, 2]]}], "needs either sizes"),
    ([{"architecture": "linear", "sizes": []}], "give a list with a size"),
    ([{"architecture": "linear", "sizes": [[], 2]}], "no cases"),
    ([{"architecture": "linear", "sizes": [list(range(1, 2000)), list(range(1, 2000))]}], "at most 1000000"),
    ([{"architecture": "linear", "sizes": [1, 2], "size": 3}], "did you mean 'sizes'"),
    ([{"architecture": "linear", "sizes": [1, 2], "flow": "gradiant"}], "flow 'gradiant' is not known"),
    ([{"architecture": "linear", "sizes": [1, 2], "flow": {"name": "momentum", "tua": 1}}], "did you mean 'tau'"),
    ([{"architecture": "linear", "sizes": [1, 2], "flow": {"name": "momentum", "tau": "fast"}}], "sweep 1"),
    ([{"architecture": "linear", "sizes": [1, 2], "loss": "hinge"}], "loss 'hinge'"),
    ([{"architecture": "linear", "sizes": [1, 2], "bias": True}], "no option bias"),
    ([{"architecture": "linear", "sizes": [1, 2], "degree": 0}], "degree 0"),
    ([{"architecture": "linear", "sizes": [1, 2], "count": True, "degree": 2}], "leave out one"),
    ([{"architecture": "linear", "sizes": [1, 2], "time_limit": -1}], "time limit -1"),
    ([{"architecture": "linear", "cases": [{"size": [1, 2]}]}], "did you mean 'sizes'"),
])
def test_bad_specifications_in_one_line(specs, message):
    with pytest.raises(ValueError, match=message) as error:
        cases(specs)
    assert "\n" not in str(error.value)


def test_sizes_that_are_no_integers():
    with pytest.raises(TypeError, match="size 2.5"):
        cases([{"architecture": "linear", "sizes": [2.5, 1]}])


@pytest.mark.parametrize("arguments, message", [
    (["none.toml"], "there is no file"),
    (["bad.toml"], "is not TOML"),
    (["good.toml", "--store", "folder"], "is a folder"),
    (["good.toml", "--store", "no/such/a.sqlite"], "no folder"),
    (["good.toml", "--store", "bad.toml"], "cannot be used"),
    (["good.toml", "--processes", "0"], "processes 0"),
    (["good.toml", "--processes", "two"], "--processes 'two'"),
    (["good.toml", "--processes", "2", "--scheduler", "tcp://x:1"], "not both"),
    (["good.toml", "--export", "a.xls"], "does not end in .csv"),
    (["good.toml", "--plot", "no/such/a.png"], "no folder"),
])
def test_bad_commands_in_one_line(tmp_path, arguments, message):
    (tmp_path / "bad.toml").write_text("[[sweep\n")
    (tmp_path / "good.toml").write_text('[[sweep]]\narchitecture = "linear"\nsizes = [1, 1]\n')
    (tmp_path / "folder").mkdir()
    root = str(Path(__file__).parents[2])
    result = command(*arguments, cwd=tmp_path, env=os.environ | {"PYTHONPATH": root})
    assert result.returncode == 2 and message in result.stderr and len(result.stderr.strip().splitlines()) == 1, (
        result.stderr
    )
