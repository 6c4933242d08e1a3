"""What is seen on a terminal: progress in anything over two seconds, in every command that may take so long."""
import json
import os
import pty
import select
import subprocess
import sys
import time

import pytest

# A planar system in five variables, whose Darboux polynomials take minutes.
SYSTEM = {
    "variables": ["x", "y", "z", "u", "v"],
    "parameters": ["a", "b", "c"],
    "drift": ["a*x*y-b*x*z", "y*z-c*y*x+y*u^2", "z*x-a*z*y*v", "u*v-b*u*x", "v*x*y-v*z"],
}


def on_a_terminal(arguments, seconds=90):
    """Return the exit status of a command and what a terminal of an unknown size shows of it."""
    here, there = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "sage_conslaw.cli", *arguments], stdin=there, stdout=there, stderr=there, close_fds=True
    )
    os.close(there)
    shown, ends = b"", time.monotonic() + seconds
    while time.monotonic() < ends:
        if select.select([here], [], [], 0.2)[0]:
            try:
                shown += os.read(here, 65536)
            except OSError:
                break
    process.wait(timeout=10)
    os.close(here)
    return process.returncode, shown.decode(errors="replace")


@pytest.mark.parametrize("command", ["laws", "integrals"])
def test_progress_is_seen(command, tmp_path):
    path = tmp_path / "system.json"
    path.write_text(json.dumps(SYSTEM))
    asked = {"laws": ["linear", "4", "4", "4", "4", "--degree", "4"],
             "integrals": ["--system", str(path), "--degree", "5"]}[command]
    status, shown = on_a_terminal([command, *asked, "--time-limit", "4"])
    assert status == 3 and "[00:0" in shown, shown[-500:]
    # The line is cleared before the answer, which is the last that is seen.
    assert shown.rstrip().endswith("not final")
