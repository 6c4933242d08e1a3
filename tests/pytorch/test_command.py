"""``--torch FILE.py:NAME``: the user's own file is run, and what is wrong with it is one line."""
import json

import pytest

pytest.importorskip("torch")

from click.testing import CliRunner  # noqa: E402

from sage_conslaw.cli.command import cli  # noqa: E402

MODEL = """
import torch
from torch import nn


def tiny(width=3):
    return nn.Sequential(nn.Linear(2, width), nn.ReLU(), nn.Linear(width, 1)), (torch.zeros(1, 2),)


def talkative():
    print("a word of the user's")
    return tiny()


class Sorted(nn.Module):
    def forward(self, x):
        return torch.sort(x)[0]


def ordered(width=3):
    return nn.Sequential(nn.Linear(2, width), Sorted(), nn.Linear(width, 2, bias=False)), (torch.zeros(1, 2),)


def wrong():
    return nn.Linear(2, 1)


def broken():
    raise ValueError("no such data")
"""


@pytest.fixture
def place(tmp_path):
    path = tmp_path / "model.py"
    path.write_text(MODEL, encoding="utf8")
    return str(path)


def test_laws_count_and_certificate(place, tmp_path):
    certificate = tmp_path / "tiny.json"
    found = CliRunner().invoke(
        cli, ["laws", "--torch", f"{place}:tiny", "--seed", "0", "--certificate", str(certificate)]
    )
    assert found.exit_code == 0 and "0.weight" in found.output
    record = json.loads(CliRunner().invoke(cli, ["count", "--torch", f"{place}:tiny", "5", "--json"]).output)
    assert record["number"] == 5 and record["parameters"] == 21
    verified = CliRunner().invoke(cli, ["verify", str(certificate)])
    assert verified.exit_code == 0, verified.output


def test_what_may_be_cut_is_named(place, tmp_path, capsys):
    assert cli.main(["count", "--torch", f"{place}:ordered"]) == 2
    assert "--allow-cut sort" in capsys.readouterr().err
    certificate = str(tmp_path / "cut.json")
    arguments = ["laws", "--torch", f"{place}:ordered", "--allow-cut", "sort", "--json", "--certificate", certificate]
    assert cli.main(arguments) == 0 and json.loads(capsys.readouterr().out)["assumption"] == "span"
    assert cli.main(["verify", certificate]) == 0
    assert cli.main(["count", "relu", "2", "3", "2", "--allow-cut", "sort"]) == 2
    assert "belongs to --torch" in capsys.readouterr().err


def test_what_the_file_prints_is_no_part_of_the_answer(place, capsys):
    assert cli.main(["count", "--torch", f"{place}:talkative", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["number"] == 3 and "a word of the user's" in said.err


def test_survey(place, tmp_path):
    spec = tmp_path / "survey.toml"
    spec.write_text(
        f'[[sweep]]\narchitecture = "torch:{place}:tiny"\nsizes = [[2, 3]]\ncount = true\n', encoding="utf8"
    )
    found = CliRunner().invoke(
        cli, ["survey", str(spec), "--store", str(tmp_path / "s.sqlite"), "--processes", "1", "--json"]
    )
    assert found.exit_code == 0, found.output
    assert [case["number"] for case in json.loads(found.output)["cases"]] == [2, 3]


@pytest.mark.parametrize(
    "name, words", [("nothing", "has no function nothing"), ("wrong", "returned Linear"), ("broken", "no such data")]
)
def test_what_is_wrong_with_the_file(place, name, words, capsys):
    assert cli.main(["laws", "--torch", f"{place}:{name}"]) == 2
    said = capsys.readouterr()
    assert not said.out and words in said.err and len(said.err.strip().splitlines()) == 1


def test_what_is_wrong_with_the_call(place, capsys):
    for arguments in (
        ["--torch", "nowhere.py:f"],
        ["--torch", place],
        ["--torch", f"{place}:tiny", "relu"],
        ["--torch", f"{place}:tiny", "--bias"],
    ):
        assert cli.main(["count", *arguments]) == 2
        said = capsys.readouterr()
        assert not said.out and len(said.err.strip().splitlines()) == 1
