"""A sample of the hunt for commands that run over their time limit; ``hunt_time_limits.py`` runs them all."""
import pytest
from cli import hunt_time_limits


def test_a_sample_ends_in_time():
    """Parameters whose exceptional values take minutes, and a search that takes 75 s. The machine may be busy."""
    seen = []
    assert hunt_time_limits.hunt(limit=1, grace=15, show=seen.append, numbers=(19, 42)) == 0, seen
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
def test_the_hunt_sees_what_it_looks_for(outcome, said):
    found = hunt_time_limits.fault(*outcome, 2.0)
    assert found is None if said is None else said in found
