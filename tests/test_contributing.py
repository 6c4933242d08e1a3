"""The page for contributors is short, its diffs apply, and what they add works, up to certificates."""
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent.parent
PAGE = (HERE / "CONTRIBUTING.md").read_text(encoding="utf8")
DIFFS = re.findall(r"```diff\n(.*?)```", PAGE, flags=re.S)


@pytest.fixture(scope="module")
def changed(tmp_path_factory):
    """The package with all diffs of the page applied."""
    folder = tmp_path_factory.mktemp("changed")
    shutil.copytree(HERE / "sage_conslaw", folder / "sage_conslaw", ignore=shutil.ignore_patterns("__pycache__"))
    for diff in DIFFS:
        done = subprocess.run(
            ["git", "apply", "--unidiff-zero", "-"], input=diff, text=True, cwd=folder, capture_output=True
        )
        assert done.returncode == 0, done.stderr
    return folder


def run(folder, *arguments):
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        text=True,
        capture_output=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(folder)},
    )


def command(folder, *arguments):
    return run(folder, "-m", "sage_conslaw.cli", *arguments)


def test_it_is_short():
    assert len(PAGE.splitlines()) <= 80
    assert len(DIFFS) == 4


def test_a_new_operation_and_a_new_strategy_are_one_new_file_each():
    files = [re.findall(r"^\+\+\+ b/(\S+)", diff, flags=re.M) for diff in DIFFS]
    new = [names for diff, names in zip(DIFFS, files) if "--- /dev/null" in diff]
    assert [len(names) for names in new] == [1, 1]
    assert new[0][0].startswith("sage_conslaw/graph/operations/")
    assert new[1][0].startswith("sage_conslaw/engine/strategies/")


def test_a_new_network_is_counted(changed):
    done = command(changed, "laws", "tied", "3", "2", "--seed", "1", "--certificate", "tied.json")
    assert "0 independent laws of degree at most 2 in 6 parameters, complete (proved" in done.stdout, done.stderr
    assert (changed / "tied.json").exists()


def test_a_new_operation_has_laws_and_certificates_verify(changed):
    # In the algebra of circular convolutions of three numbers, R x C, a product x * u * v balances each frequency.
    script = """
from pathlib import Path
from sage_conslaw import conservation_laws, networks
from sage_conslaw.certificates.files import verify_files, write
x, u, v = networks.input(3), networks.parameter("u", 3), networks.parameter("v", 3)
result = conservation_laws(networks.custom(x.circular(u).circular(v)), seed=0)
write(result.certificate(), "circular.json")
print(result, *result.laws, sep="\\n")
for path, accepted, line in verify_files([Path("circular.json"), Path("tied.json")]):
    print(accepted, line)
"""
    done = run(changed, "-c", script)
    lines = done.stdout.splitlines()
    assert len(lines) == 5, done.stderr
    assert lines[0].startswith("2 independent laws of degree at most 2 in 6 parameters, complete (proved")
    assert lines[1] == "u_1^2 + u_2^2 + u_3^2 - v_1^2 - v_2^2 - v_3^2"
    assert all(line.startswith("True verified by both checkers: ") for line in lines[3:])


def test_a_new_flow_has_a_name(changed):
    assert "in 9 state coordinates" in command(changed, "count", "linear", "2", "1", "2", "--flow", "critical").stdout


def test_a_new_strategy_decides(changed):
    (changed / "pendulum.json").write_text('{"variables": ["x", "y"], "drift": ["y", "-x - x^9"]}')
    done = command(changed, "count", "--system", "pendulum.json", "--verbose")
    assert "1 independent law in 2 coordinates (proved)" in done.stdout, done.stderr
    assert "one field: tried; rank at most 1" in done.stderr
