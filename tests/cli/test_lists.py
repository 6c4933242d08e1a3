"""Commands that run through a list, with a time limit: what is finished is printed, and the exit status is 3."""
import json
import time

import pytest
from click.testing import CliRunner

from sage_conslaw import TimeLimitReached, conservation_laws, flows, networks, reproduce
from sage_conslaw.certificates import checker
from sage_conslaw.cli import command, package, supervisor
from sage_conslaw.runtime import announcements
from sage_conslaw.runtime.pool import process_executor


def run(*words):
    return CliRunner().invoke(command.cli, words)


def test_verify_prints_what_was_checked(monkeypatch, tmp_path):
    for name in ("a.json", "b.json", "c.json"):
        (tmp_path / name).write_text("{}")

    def slow(files, progress):
        yield files[0], True, "verified by both checkers: one"
        yield files[1], False, "rejected: two"
        time.sleep(60)
        yield files[2], True, "verified by both checkers: three"
    monkeypatch.setattr(package, "verify_files", slow)
    done = run("verify", str(tmp_path), "--time-limit", "0")
    assert done.return_value == 3 and "1 of 3 certificates verified by both checkers" in done.output
    assert "time limit of 0 s reached; 2 of 3 certificates were checked until then" in done.output
    record = json.loads(run("verify", str(tmp_path), "--time-limit", "0", "--json").output.splitlines()[0])
    assert record["time_limit_reached"] and record["total"] == 3 and len(record["certificates"]) == 2
    assert run("verify", str(tmp_path), "--time-limit", "soon").return_value == 2


def test_the_limit_of_the_command_is_not_that_of_a_check(monkeypatch):
    """What ends because the caller's time is over is not a certificate that takes too long."""
    def ended(*_, deadline):
        raise TimeLimitReached(1, {})
    monkeypatch.setattr(checker, "isolated", ended)
    with pytest.raises(TimeLimitReached):
        checker.bounded(abs, -3)


def test_reproduce_keeps_what_is_finished():
    seen = []
    with pytest.raises(TimeLimitReached) as reached:
        reproduce("abide", processes=1, time_limit=0, on_case=lambda record, bar: seen.append(record))
    assert reached.value.partial.cases == tuple(seen) and len(seen) < 120


def test_workers_do_not_speak_to_the_supervisor():
    """Two processes that write to its pipe at once broke the messages of both: ``survey`` ended in a traceback."""
    announcements.listen([].append)
    try:
        with process_executor(1) as executor:
            assert executor.submit(announcements.listens).result() is False
        assert announcements.listens()
    finally:
        announcements.listen(None)


@pytest.mark.parametrize("words, shown", [(["verify", "x"], ""), (["verify", "x", "--json"], '"total": 2')])
def test_a_list_that_is_ended_from_outside(words, shown, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["sage-conslaw", *words])
    assert supervisor._out_of_time({"total": 2, "certificates": []}, 5.0) == 3
    assert shown in capsys.readouterr().out


@pytest.mark.parametrize(
    "flow, coordinates",
    [(None, 12), (flows.momentum(), 25), (flows.momentum("tau"), 25), (flows.nesterov(), 25),
     (flows.weight_decay("1/2"), 13), ("adam", None)],
    ids=["gradient", "momentum", "symbolic", "nesterov", "decay", "adam"],
)
def test_while_the_problem_is_built_the_number_is_at_most_the_dimension(flow, coordinates, monkeypatch):
    def slow(*_, **__):
        time.sleep(60)
    net = networks.linear([3, 2, 3])
    if coordinates is not None:
        assert conservation_laws(net, flow=flow, proof=False, real=False).state_dimension == coordinates
    monkeypatch.setattr("sage_conslaw.engine.api.problem_asked", slow)
    with pytest.raises(TimeLimitReached) as reached:
        conservation_laws(net, flow=flow, time_limit=0)
    partial = reached.value.partial
    assert (partial["number_at_least"], partial["number_at_most"]) == (0, coordinates)
    assert partial["state_dimension"] == coordinates and partial["status"] == "bounded"
