"""How results are shown: text, LaTeX, HTML, help, completion, progress and citations."""
import json
import os
from pathlib import Path
import re
import subprocess
import sys

import pytest
from click.testing import CliRunner

from sage_conslaw import conservation_laws, count_conservation_laws, flows, networks
from sage_conslaw.runtime import deadline as deadline_module
from sage_conslaw.cli.command import cli
from sage_conslaw.runtime.deadline import Deadline
from sage_conslaw._sage import QQ
from sage_conslaw.results.display import MOST_LAWS, latex_name, latex_of, latex_table, law_lines, wrapped

COMMANDS = sorted(cli.commands)


def command(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "-m", "sage_conslaw.cli", *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env=os.environ | environment,
    )


@pytest.mark.parametrize(
    "net, flow",
    [
        (networks.linear([3, 2, 3]), None),
        (networks.relu([20, 50, 2]), None),
        (networks.linear([9, 3, 9]), None),
        (networks.linear([2, 2, 2]), flows.momentum(tau=1)),
        (networks.transformer_block(4, 3), None),
    ],
)
def test_text_fits_eighty_columns(net, flow):
    result = conservation_laws(net, flow=flow, seed=0)
    lines = "\n".join(law_lines(result)).splitlines()
    assert max(map(len, lines)) <= 80
    assert len(law_lines(result)) <= MOST_LAWS + 10


def test_long_lists_are_folded_with_a_count():
    result = conservation_laws(networks.relu([2, 50, 2]), seed=0)
    assert sum("more independent laws" in line for line in law_lines(result, polynomials=True)) == 1
    assert f"... and {50 - MOST_LAWS} more independent laws" in "\n".join(law_lines(result, polynomials=True))
    whole = law_lines(result, everything=True)
    assert len([line for line in whole if line.startswith("  U")]) == 50


def test_wrapped_text_says_the_same():
    text = str(conservation_laws(networks.linear([9, 2, 9]), seed=0).laws[0])
    assert " ".join(wrapped(text).split()) == text
    assert wrapped("").strip() == ""


def test_a_file_and_a_pipe_get_no_colours():
    assert "\x1b" not in command("laws", "product", "2").stdout
    assert "\x1b" not in command("count", "product", "2").stdout


def test_the_readme_is_what_the_command_prints():
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf8")
    for line in ("sage-conslaw laws linear 3 2 3", "sage-conslaw laws linear 2 2 2 --flow momentum --tau 1"):
        assert f"$ {line}\n" in readme
        block = readme.split(f"$ {line}\n")[1].split("\n\n")[0]
        assert [part[4:] for part in block.splitlines()] == command(*line.split()[1:]).stdout.splitlines()


@pytest.mark.parametrize(
    "name, latex",
    [
        ("U1_1_2", "U_{1;1,2}"),
        ("dU1_1_2", r"\dot{U}_{1;1,2}"),
        ("delta", r"\mathrm{delta}"),
        ("d", "d"),
        ("b_3", "b_{3}"),
        ("x12", "x_{12}"),
        ("s", "s"),
        ("router_1_2", r"\mathrm{router}_{1,2}"),
        ("k_on", r"k_{\mathrm{on}}"),
        ("m_U1_1_2", "m_{U_{1;1,2}}"),
        ("up_weight_1_2", r"\mathrm{up\_weight}_{1,2}"),
    ],
)
def test_names_in_latex(name, latex):
    assert latex_name(name) == latex


def test_latex_and_html_of_results():
    result = conservation_laws(networks.linear([3, 2, 3]), seed=0)
    table = result._latex_()
    assert table.count(r"\\") == 1 and table.count("{") == table.count("}") and r"U_{2} U_{2}^\top" in table
    written = latex_table(result, polynomials=True)
    assert written.count(r"\\") == 3 and written.count("{") == written.count("}") and "_{1_" not in written
    html = result._repr_html_()
    assert html.count("<tr>") == 2 and "symmetric 2 x 2: 3 laws" in html and "<script" not in html
    assert count_conservation_laws(networks.product(2), seed=0)._repr_html_().startswith("<p>")
    assert "no polynomial law" in conservation_laws(networks.perceptron([2, 2, 2], "gelu"), seed=0)._latex_()
    ring = result.laws[0].parent()
    assert "shown" not in str(ring) and latex_of(ring.gen(0)) == "U_{1;1,1}"


@pytest.mark.parametrize("name", COMMANDS)
def test_each_help_has_three_examples_that_are_commands(name):
    text = CliRunner().invoke(cli.commands[name], ["--help"]).output
    examples = re.findall(
        r"^\s+(?:eval \"\$\()?(sage-conslaw \w+.*|python -m sage_conslaw.*)$", text.split("Examples")[1], flags=re.M
    )
    assert len(examples) >= 3, text


def test_the_help_of_the_group_has_three_examples():
    text = CliRunner().invoke(cli, ["--help"]).output
    assert text.count("  sage-conslaw ") >= 3 and all(name in text for name in COMMANDS)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(shell):
    result = command("completion", shell)
    assert result.returncode == 0 and "_SAGE_CONSLAW_COMPLETE" in result.stdout


@pytest.mark.parametrize(
    "words, expected",
    [
        ("sage-conslaw la", "laws"),
        ("sage-conslaw laws li", "linear"),
        ("sage-conslaw count relu 2 2 --flow mo", "momentum"),
        ("sage-conslaw reproduce ab", "abide"),
    ],
)
def test_completion_completes(words, expected):
    parts = words.split()
    result = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv[0] = 'sage-conslaw'; from sage_conslaw.cli import main; main()"],
        capture_output=True,
        text=True,
        timeout=60,
        env=os.environ
        | {"_SAGE_CONSLAW_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(parts) - 1)},
    )
    assert expected in [line.split(",")[-1] for line in result.stdout.splitlines()], result.stderr


def test_an_unknown_shell_in_one_line():
    result = command("completion", "tcsh")
    assert result.returncode == 2 and "choose bash, zsh or fish" in result.stderr and result.stderr.count("\n") == 1


def test_progress_says_what_is_proved_and_only_when_asked(monkeypatch, capfd):
    monkeypatch.setattr(deadline_module, "_SILENT", -1.0)
    quiet = Deadline(None)
    quiet.check(rank_at_least=3)
    assert capfd.readouterr().err == ""
    loud = Deadline(None, progress=True)
    loud.check(rank_at_least=3, found=(1, 2))
    loud.close()
    captured = capfd.readouterr()
    assert "2 laws, rank at least 3" in captured.err and captured.out == ""


def test_citations_name_the_theorems_used():
    text = conservation_laws(networks.linear([2, 1, 2]), flow=flows.momentum(tau=1), seed=0).citation()
    assert "@inproceedings{MGP2023" in text and "@inproceedings{MGP2024" in text and "Tran" not in text
    assert all(entry.count("{") == entry.count("}") for entry in text.split("\n@"))


def test_matrix_notation_is_in_the_json():
    record = json.loads(command("laws", "linear", "3", "2", "3", "--json").stdout)
    assert record["matrix_notation"] == ["U1^T U1 - U2 U2^T (symmetric 2 x 2: 3 laws)"]


@pytest.mark.parametrize(
    "net", [networks.linear([3, 2, 3]), networks.linear([1, 3, 1]), networks.relu([2, 3, 2], bias=True)]
)
def test_matrix_notation_that_says_everything_stands_alone(net):
    result = conservation_laws(net, seed=0)
    assert sum(law.independent for law in result.matrix_laws()) == len(result.independent)
    lines, written = law_lines(result), law_lines(result, polynomials=True)
    assert not any(line.strip() in result.readable_laws() for line in lines)
    assert len(written) == len(lines) + len(result.independent)


def test_what_matrix_notation_does_not_say_is_a_polynomial():
    ring = QQ["u,v,w"]
    u, v, w = ring.gens()
    lines = law_lines(conservation_laws([u * v * w], seed=0))
    assert [line.strip() for line in lines[:2]] == ["u^2 - v^2", "u^2 - w^2"]
