"""A sample of the hunt for commands that run over their time limit; ``hunt_time_limits.py`` runs them all."""
import importlib.util
from pathlib import Path

import pytest

SCRIPT = Path(__file__).with_name("hunt_time_limits.py")


@pytest.fixture(scope="module")
def script():
    specification = importlib.util.spec_from_file_location("hunt_time_limits", SCRIPT)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_a_sample_ends_in_time(script):
    """Parameters whose exceptional values take minutes, and a search that takes 75 s. The machine may be busy."""
    seen = []
    assert script.hunt(limit=1, grace=15, show=seen.append, numbers=(19, 42)) == 0, seen
    assert any("normalised 9 12 5" in line for line in seen) and any("--exceptional" in line for line in seen)


@pytest.mark.parametrize(
    "outcome, said",
    [
        ((0, "x", "", 1.0), None),
        ((3, "x", "", 1.9), None),
        ((3, "x", "", 2.1), "2.1 s over"),
        ((3, "", "", 1.0), "nothing"),
        ((1, "x", "", 0.0), "status 1"),
        (("killed", "", "", 60.0), "status killed"),
        ((0, "", "Traceback (most recent call last)", 0.0), "status 0"),
    ],
)
def test_the_hunt_sees_what_it_looks_for(script, outcome, said):
    found = script.fault(*outcome, 2.0)
    assert found is None if said is None else said in found
