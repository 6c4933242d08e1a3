"""The command in a hostile world: one line of error and the right exit status, whatever is closed, full or missing."""
import inspect
import importlib
import json
import os
import subprocess
import sys
import time

import pytest

from sage_conslaw.cli.command import cli
from sage_conslaw.networks import catalog
from sage_conslaw.networks.meanings import MEANINGS

COMMAND = [sys.executable, "-m", "sage_conslaw.cli"]


def run(*arguments, timeout=120, **options):
    return subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, timeout=timeout, **options)


def refused(done, said="", status=2):
    assert (done.returncode, done.stdout or "") == (status, "")
    assert (
        done.stderr.count("\n") == 1
        and "Traceback" not in done.stderr
        and len(done.stderr) < 700
        and said in done.stderr
    ), done.stderr


def test_a_closed_pipe():
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [*COMMAND, "laws", "product", "3"], stdout=writer, stderr=subprocess.PIPE, text=True, timeout=120
    )
    os.close(writer)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_full_disk():
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*COMMAND, "laws", "product", "3"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=120
        )
    refused(done, "No space left")


def test_closed_standard_output():
    done = subprocess.run(
        " ".join([*COMMAND, "laws", "product", "3", ">&-"]), shell=True, stderr=subprocess.PIPE, text=True, timeout=120
    )
    refused(done, "standard output is closed")


def test_an_empty_environment():
    kept = {name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ}
    done = run("count", "product", "3", env=kept)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


def test_without_sage(tmp_path):
    (tmp_path / "sage").mkdir()
    (tmp_path / "sage" / "__init__.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'sage'\", name='sage')\n"
    )
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", os.getcwd())])
    refused(run("laws", "product", "3", env=os.environ | {"PYTHONPATH": path}), "sage is not installed")


def test_optimised_away():
    done = subprocess.run(
        [sys.executable, "-OO", "-m", "sage_conslaw.cli", "laws", "product", "3"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    refused(done, "-OO")
    done = subprocess.run(
        [sys.executable, "-O", "-m", "sage_conslaw.cli", "count", "product", "3"],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["laws", "--phi", "x y"], "operator is missing"),
        (["laws", "--phi", "1 2*x"], "operator is missing"),
        (["laws", "--phi", "not x"], "operator is missing"),
        (["laws", "--phi", "x if y else z"], "operator is missing"),
        (["laws", "--phi", "relu"], "bare name"),
        (["laws", "--phi", "x"], "bare name"),
        (["count", "attention", "4", "2", "--set", "heads=99999999999"], "too large"),
        (["count", "attention", "4", "2", "--set", "heads=--2"], "not an integer"),
        (["count", "attention", "4", "2", "--set", "heads=" + "9" * 5000], "5000 digits"),
        (["count", "attention", "4", "2", "--set", "head=2"], "did you mean 'heads'"),
        (["count", "attention", "4", "2", "--sed", "2"], "did you mean --se"),
        (["laws", "product", "2", "--degree", "9" * 5000], "5000 digits"),
        (["laws", "product", "9" * 5000], "5000 digits"),
        (["laws", "product", "2", "--loss", "l" * 5000], "..."),
        (["laws", "q" * 5000, "2"], "..."),
        (["laws", "convolutional", "1", "2", "1", "--set", "padding=x"], "not an integer"),
        (["laws", "product", "\u0662"], "not an integer"),
        (["laws", "--phi", "(2^1000)^9*y"], "bits"),
        (["laws", "--phi", "(2^1000)^9*x*y"], "bits"),
        (["laws", "--phi", "+".join(f"x{n}*y" for n in range(100_000))], "variables"),
    ],
)
def test_hostile_words(arguments, said, capsys):
    assert cli.main(args=arguments) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and said in err and len(err) < 700, err


@pytest.mark.parametrize("phi", ["(2^1000)^3*x*y", "0.1*x*y", "1/3*x*y - 0.5*x"])
def test_unusual_numbers(phi, capsys):
    assert cli.main(args=["laws", "--phi", phi, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["number"] == 1


def test_decimals_of_options_are_exact(capsys):
    texts = []
    for tau in ("0.9", "9/10"):
        assert cli.main(args=["laws", "linear", "2", "2", "2", "--flow", "momentum", "--tau", tau, "--seed", "0"]) == 0
        texts.append(capsys.readouterr().out)
    assert texts[0] == texts[1]


def test_a_limit_holds_where_nothing_asks_for_it(tmp_path):
    """A package that never comes back from building a network: the supervisor ends it, and prints what was asked."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys, time\nclass Hook:\n    def find_spec(self, name, path=None, target=None):\n        return None\n"
        "def slow(*a, **k):\n    import signal\n    signal.pthread_sigmask(signal.SIG_BLOCK, "
        "{signal.SIGALRM})\n    time.sleep(300)\n"
        "import sage_conslaw.networks.catalog as catalog\ncatalog.product = slow\n"
    )
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", os.getcwd())])
    began = time.monotonic()
    done = run("laws", "product", "3", "--time-limit", "1", "--json", env=os.environ | {"PYTHONPATH": path})
    assert done.returncode == 3 and time.monotonic() - began < 60, done.stderr
    record = json.loads(done.stdout)
    assert (record["architecture"], record["sizes"], record["number"], record["time_limit_reached"]) == (
        "product",
        [3],
        None,
        True,
    )
    assert done.stderr == "sage-conslaw: time limit of 1 s reached; the result above is sound but not final\n"


def test_help_names_the_options_of_an_architecture(capsys):
    assert cli.main(args=["laws", "attention", "--help"]) == 0
    text = capsys.readouterr().out
    assert "--set heads=VALUE" in text and "--set rotary=VALUE" in text and "Architectures" not in text
    assert cli.main(args=["count", "--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"  {name} {meaning.sizes}" in text for name, meaning in MEANINGS.items())


@pytest.mark.parametrize("name", sorted(catalog.CATALOG))
def test_meanings_are_those_of_the_constructors(name):
    if name not in MEANINGS:
        pytest.skip("an architecture of another kind")
    home = importlib.import_module(f"sage_conslaw.networks.{catalog.CATALOG[name][0]}")
    optional = {p.name for p in inspect.signature(getattr(home, name)).parameters.values() if p.default is not p.empty}
    assert set(MEANINGS[name].options) == optional
