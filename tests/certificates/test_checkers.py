"""Certificates: both checkers accept what the package writes and reject every single change."""
import copy
import json
import random
import subprocess
import sys

import pytest

from certificates.kinds import PROBLEMS, certificate
from sage_conslaw import conservation_laws, flows, networks
from sage_conslaw.certificates import CertificateError
from sage_conslaw.certificates.checker import examine
from sage_conslaw.certificates.files import verify_file
from sage_conslaw.certificates.record import digest
from sage_conslaw.check import Rejected, verify
from sage_conslaw.cli.command import cli

@pytest.fixture(scope="module")
def records():
    return {name: certificate(name) for name in PROBLEMS}


def rejected(record):
    """Return whether each of the two checkers rejects."""
    verdicts = []
    for check, error in ((examine, CertificateError), (verify, Rejected)):
        try:
            check(record)
            verdicts.append(False)
        except error as reason:
            assert "\n" not in str(reason) and len(str(reason)) < 500
            verdicts.append(True)
    return verdicts


def leaves(value, path=()):
    """Yield the path of every string and integer of a record."""
    if isinstance(value, dict):
        for key in value:
            yield from leaves(value[key], path + (key,))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from leaves(item, path + (i,))
    else:
        assert type(value) in (str, int), f"{path} holds {value!r}: strings and integers only"
        yield path


def changed(record, path, change):
    """Return a copy of the record with the value at the path changed."""
    record = copy.deepcopy(record)
    at = record
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = change(at[path[-1]])
    # With the right digest, so that the mathematics has to find the change.
    return record | {"digest": digest(record)}


@pytest.mark.parametrize("name", PROBLEMS)
def test_both_checkers_accept_and_agree(records, name):
    assert examine(records[name]) == verify(records[name]) == records[name]["statement"]


def changes_nothing(path, record):
    """Say whether a change there may give another valid certificate of the same statement.

    A draw, a point or a row may be changed where the stored minor stays what it is: that is another witness of the
    same rank, and no checker can or should tell them apart. So may the real point where no activation changes.
    """
    return path[0] == "real" or any(part in path for part in ("data", "point", "weight", "step", "rows", "pivots"))


def sampled(record, number):
    """Return the paths of some strings and integers of a record, the same each time; ``mutations.py`` tries all."""
    every = list(leaves({key: value for key, value in record.items() if key != "digest"}))
    return random.Random(len(every)).sample(every, min(number, len(every)))


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_single_change_is_rejected(records, name):
    record, accepted = records[name], []
    for path in sampled(record, 5):
        value = record
        for step in path:
            value = value[step]
        change = (lambda x: x + 1) if isinstance(value, int) else (lambda x: x + "x")
        verdicts = rejected(changed(record, path, change))
        if verdicts != [True, True]:
            accepted.append((path, verdicts))
    # Only draws that the minor does not see may pass; a graph that is given by the file is another problem, see
    # test_mutations.
    assert all(changes_nothing(path, record) or "graph" in path for path, _ in accepted), accepted
    assert all(
        changes_nothing(path, record) or verdicts[0]
        for path, verdicts in accepted
        if record["problem"].get("architecture") != "custom"
    ), accepted


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_digest_shows_every_change(records, name):
    record = records[name]
    for path in [*sampled(record, 5), ("digest",)]:
        broken = changed(record, path, lambda x: x + 1 if isinstance(x, int) else x + "x") | {
            "digest": record["digest"]
        }
        if path == ("digest",):
            broken["digest"] += "x"
        assert rejected(broken) == [True, True], path


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_changed_coefficient_of_a_law_is_rejected(records, name):
    record = records[name]
    for number, law in list(enumerate(record["laws"]))[:2]:
        # The first coefficient doubled: the law is not a multiple of itself unless it has one term.
        if law.lstrip("-").count("+") + law.lstrip("-").count("-") == 0:
            continue
        broken = changed(
            record, ("laws", number), lambda text: "2*" + text if not text.startswith("-") else "-2*" + text[1:]
        )
        assert rejected(broken) == [True, True], law


@pytest.mark.parametrize("key", ["laws", "independence", "rank", "problem", "statement", "assumption", "dimension"])
def test_a_missing_field_is_rejected(records, key):
    for record in records.values():
        record = copy.deepcopy(record)
        del record[key]
        record["digest"] = digest(record)
        assert rejected(record) == [True, True]


@pytest.mark.parametrize(
    "flow",
    [
        flows.momentum("1/t"),
        flows.momentum("1/t^2"),
        flows.momentum("t"),
        flows.momentum("tau"),
        flows.weight_decay("1/2", flows.nesterov()),
        flows.weight_decay("1/2", flows.momentum(1)),
    ],
    ids=repr,
)
@pytest.mark.parametrize(
    "build",
    [lambda: networks.linear([2, 2, 1]), lambda: networks.nmf(1, 2, 1), lambda: networks.icnn(1, 1, 1)],
    ids=["linear", "nmf", "icnn"],
)
@pytest.mark.parametrize("loss", ["cross-entropy"])
def test_every_flow_has_certificates(flow, build, loss):
    record = json.loads(json.dumps(conservation_laws(build(), flow=flow, loss=loss, seed=1).certificate()))
    assert examine(record) == verify(record)


def test_a_rank_too_high_or_a_law_too_many_is_rejected(records):
    record = copy.deepcopy(records["linear"])
    record["rank"]["words"].append(record["rank"]["words"][0])
    record["rank"]["pivots"] = list(range(len(record["rank"]["words"])))
    record["digest"] = digest(record)
    assert rejected(record) == [True, True]
    record = copy.deepcopy(records["incomplete"])
    record["statement"] = record["statement"].replace("at most 7 in all", "complete: 6 + 2 = 8")
    record["digest"] = digest(record)
    assert rejected(record) == [True, True]


HOSTILE = [
    "",
    "{",
    "[]",
    "null",
    "1e999",
    '{"schema": "sage_conslaw.certificate/2"}',
    "[" * 100_000,
    '{"schema": 1' + "0" * 5000 + "}",
    '{"schema": "sage_conslaw.certificate/9"}',
]


@pytest.mark.parametrize("text", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_files_are_rejected_in_one_line(tmp_path, text):
    path = tmp_path / "hostile.json"
    path.write_text(text)
    accepted, line = verify_file(path)
    assert not accepted and line.startswith("rejected: ") and "\n" not in line and len(line) < 500


def test_hostile_records_are_rejected_quickly(records):
    for bomb in ("(" * 200 + "x" + "+y)^200" * 200, "x^99999999999", "9" * 5000, "x" * 10**6, "+".join(["x"] * 10**5)):
        assert rejected(changed(records["phi"], ("laws", 0), lambda _: bomb)) == [True, True]
    code = changed(records["phi"], ("laws", 0), lambda _: "__import__('os').system('true')")
    assert rejected(code) == [True, True]
    large = changed(records["linear"], ("problem", "sizes"), lambda _: [10**9, 10**9])
    assert verdict_of_plain(large)


def verdict_of_plain(record):
    with pytest.raises(Rejected):
        verify(record)
    return True


def test_a_large_file_is_not_read(tmp_path):
    path = tmp_path / "large.json"
    with open(path, "wb") as stream:
        stream.truncate(40_000_000)
    accepted, line = verify_file(path)
    assert not accepted and "bytes" in line


def test_the_second_checker_needs_no_sage(tmp_path, records):
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(json.dumps(records["linear"]))
    bad.write_text(json.dumps(changed(records["linear"], ("rank", "minor"), lambda x: x + 1)))
    program = ("import sys, runpy; sys.argv = ['check'] + sys.argv[1:]\n"
               "try: runpy.run_module('sage_conslaw.check', run_name='__main__')\n"
               "except SystemExit as stop: print('sage' in sys.modules, stop.code)")
    out = subprocess.run([sys.executable, "-c", program, str(good), str(bad)], capture_output=True, text=True).stdout
    assert "good.json: verified: 3 independent laws in dimension 6, complete: 3 + 3 = 6" in out
    assert "bad.json: rejected: rank: the minor is not the stored one" in out
    assert out.splitlines()[-1] == "False 1"


def test_command_line(tmp_path, capsys):
    path = tmp_path / "certificate.json"
    assert cli.main(["laws", "linear", "2", "1", "2", "--seed", "5", "--certificate", str(path)]) == 0
    first = path.read_bytes()
    assert cli.main(["laws", "linear", "2", "1", "2", "--seed", "5", "--certificate", str(path)]) == 0
    assert path.read_bytes() == first                               # the same seed, byte for byte
    assert cli.main(["verify", str(path)]) == 0
    assert "verified by both checkers: 1 independent law in dimension 4" in capsys.readouterr().out
    path.write_text(path.read_text()[:-10])
    assert cli.main(["verify", str(path)]) == 1
    assert len(capsys.readouterr().err.strip().splitlines()) == 1
    assert cli.main(["verify", str(tmp_path / "missing.json")]) == 2
    assert cli.main(["verify", "--json", str(path)]) == 1
    assert json.loads(capsys.readouterr().out)["verified"] == 0
