"""The page for contributors fits one screen, and its diffs apply."""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent.parent
PAGE = (HERE / "CONTRIBUTING.md").read_text(encoding="utf8")


def test_it_fits_one_screen():
    assert len(PAGE.splitlines()) <= 60


def test_each_diff_applies_and_what_it_adds_works(tmp_path):
    shutil.copytree(HERE / "sage_conslaw", tmp_path / "sage_conslaw", ignore=shutil.ignore_patterns("__pycache__"))
    diffs = re.findall(r"```diff\n(.*?)```", PAGE, flags=re.S)
    assert len(diffs) == 3
    for diff in diffs:
        done = subprocess.run(
            ["git", "apply", "--unidiff-zero", "-"], input=diff, text=True, cwd=tmp_path, capture_output=True
        )
        assert done.returncode == 0, done.stderr
    assert "def tied" in (tmp_path / "sage_conslaw" / "networks" / "modern.py").read_text()

    system = tmp_path / "pendulum.json"
    system.write_text('{"variables": ["x", "y"], "drift": ["y", "-x - x^9"]}')
    for arguments, expected in (
        (["count", "tied", "3", "2"], "0 independent laws in 6 parameters (proved"),
        (["count", "linear", "2", "1", "2", "--flow", "critical"], "in 9 state coordinates"),
        (["count", "--system", str(system), "--verbose"], "1 independent law in 2 coordinates (proved)"),
    ):
        done = subprocess.run(
            [sys.executable, "-m", "sage_conslaw.cli", *arguments],
            cwd=tmp_path,
            text=True,
            capture_output=True,
            timeout=60,
            env={**os.environ, "PYTHONPATH": str(tmp_path)},
        )
        assert expected in done.stdout, done.stderr
    assert "one field: tried; rank at most 1" in done.stderr
