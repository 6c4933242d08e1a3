"""A sample of the fuzz; ``python tests/cli/fuzz_command_lines.py`` runs the whole."""
import subprocess
import sys

import pytest
from cli import fuzz_command_lines


def test_a_sample_has_no_fault():
    """In a process of its own: the fuzz forks, and changes its folder."""
    done = subprocess.run(
        [sys.executable, fuzz_command_lines.__file__, "--lines", "60", "--files", "25", "--seed", "3", "--limit", "2"],
        capture_output=True,
        text=True,
        timeout=900,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "outcome, said",
    [
        ((1, "", "Traceback (most recent call last):\n", 1.0, 1), "traceback"),
        ((-11, "", "", 1.0, 1), "status -11"),
        ((0, "", "", 99.0, 1), "99 s"),
        ((0, "", "", 1.0, 4 << 30), "4.0 GB"),
        ((2, "", "a\n" * 9, 1.0, 1), "9 lines"),
        ((2, "", "", 1.0, 1), "no word"),
        ((0, "x", "", 1.0, 1), "no JSON"),
        ((1, "{}", "", 1.0, 1), "status 1"),
        ((0, "{}", "", 1.0, 1), None),
    ],
)
def test_the_fuzz_sees_what_it_looks_for(outcome, said):
    found = fuzz_command_lines.fault(["laws", "product", "2", "--json"], *outcome)
    assert found is None if said is None else said in found
