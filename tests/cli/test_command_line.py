r"""
The command line is a contract: keys of the JSON object, exit status, one line for bad input, never a traceback.

Most calls are made in process (``cli.main`` returns the exit status); a few start a real process.
"""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time

import pytest
from sage_conslaw.cli.command import cli

COUNT_KEYS = {
    "architecture",
    "sizes",
    "flow",
    "loss",
    "parameters",
    "state_dimension",
    "lie_dimension",
    "number",
    "status",
    "error_bound",
    "algorithm",
    "seed",
    "seconds",
}
LAW_KEYS = {"independent_laws_found", "laws", "degree", "complete"}


@pytest.fixture
def run(capsys):
    r"""Return a function that runs a command line in process: ``(exit status, standard output, standard error)``."""

    def call(*args):
        capsys.readouterr()
        try:
            status = cli.main(args=[str(a) for a in args])
        except SystemExit as end:
            status = end.code
        captured = capsys.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return status or 0, captured.out, captured.err

    return call


def process(*args, timeout=60, **options):
    return subprocess.run([sys.executable, "-m", "sage_conslaw.cli", *args], capture_output=True, text=True,
                          timeout=timeout, **options)


# Answers -------------------------------------------------------------------------------------------------------------

def test_laws_json(run):
    status, out, err = run("laws", "linear", 3, 2, 3, "--json", "--seed", 7)
    assert (status, err) == (0, "")
    answer = json.loads(out)  # one object and nothing else
    assert COUNT_KEYS | LAW_KEYS <= set(answer)
    assert out.count("\n") == 1
    assert answer["seconds"] >= 0
    expected = {
        "architecture": "linear",
        "sizes": [3, 2, 3],
        "flow": "gradient",
        "loss": "least-squares",
        "parameters": 12,
        "state_dimension": 12,
        "lie_dimension": 9,
        "number": 3,
        "independent_laws_found": 3,
        "degree": 2,
        "complete": True,
        "status": "proved",
        "error_bound": None,
        "algorithm": "modular",
        "seed": 7,
    }
    assert {key: answer[key] for key in expected} == expected
    assert len(answer["laws"]) == 3
    assert (
        "U1_1_1*U1_1_2 + U1_2_1*U1_2_2 + U1_3_1*U1_3_2 - U2_1_1*U2_2_1 - U2_1_2*U2_2_2 - U2_1_3*U2_2_3"
        in answer["laws"]
    )


def test_count_json(run):
    status, out, err = run("count", "relu", 3, 4, 2, "--bias", "--json")
    assert (status, err) == (0, "")
    answer = json.loads(out)
    assert COUNT_KEYS <= set(answer)
    assert not {"laws", "independent_laws_found", "complete"} & set(answer), "count leaves out the keys about laws"
    assert (answer["number"], answer["parameters"], answer["lie_dimension"], answer["status"]) == (4, 24, 20, "proved")
    assert isinstance(answer["seed"], int)


def test_a_drawn_seed_is_reported_and_reproduces(run):
    first = json.loads(run("laws", "linear", 1, 2, 2, 1, "--json")[1])
    again = json.loads(run("laws", "linear", 1, 2, 2, 1, "--json", "--seed", first["seed"])[1])
    assert {**first, "seconds": 0} == {**again, "seconds": 0}


@pytest.mark.parametrize("args, number, found, complete, status", [
    (["product", 4], 3, 3, True, "proved"),
    (["linear", 1, 2, 2, 1], 7, 6, False, "proved"),
    (["linear", 3, 2, 3, "--loss", "cross-entropy"], 5, 5, True, "proved"),
    (["relu", 3, 4, 2, "--loss", "cross-entropy"], 8, 8, True, "proved"),
    (["relu", 2, 2, 2, 1, "--bias"], 4, 4, True, "proved"),
    (["linear", 2, 2, 2, "--algorithm", "symbolic"], 3, 3, True, "proved"),
    (["linear", 2, 2, 2, "--flow", "gradient", "--degree", 1], 3, 0, False, "proved"),
    (["linear", 2, 3], 0, 0, True, "proved"),
    (["linear", 2, 2, 1, "--loss", "cross-entropy"], 6, 6, True, "proved"),
    (["--phi", "x*y*z; x^2"], 1, 1, True, "proved"),
    (["--phi", "u**2*v"], 1, 1, True, "proved"),
    (["--phi", "(x + y)^2/2 - 1/3*z*(x - 2)"], 2, 0, False, "proved"),
])
def test_answers(run, args, number, found, complete, status):
    code, out, err = run("laws", *args, "--json")
    answer = json.loads(out)
    assert (code, err) == (0, "")
    assert (answer["number"], answer["independent_laws_found"], answer["complete"], answer["status"]) == (
        number, found, complete, status)
    if "--degree" in args:
        args = args[:args.index("--degree")]
    code, out, err = run("count", *args, "--json")
    assert (code, json.loads(out)["number"]) == (0, number)


def test_text(run):
    r"""Sage syntax, readable names, one law a line, and what is proved."""
    status, out, err = run("laws", "product", 3)
    assert (status, err) == (0, "")
    assert re.search(r"2 independent laws.*complete.*proved", out)
    assert "x1^2 - x2^2" in out and "x1^2 - x3^2" in out
    status, out, err = run("laws", "linear", 1, 2, 2, 1)
    assert status == 0 and "6 independent laws" in out and "1 more" in out
    status, out, err = run("count", "linear", 3, 2, 3)
    assert (status, err) == (0, "") and re.search(r"\b3 independent laws.*12.*proved", out)


def test_text_states_the_assumption_of_completeness(run):
    r"""Theory, section 3: complete is relative to the span condition; "state this wherever a result says complete"."""
    proved, relative = run("laws", "relu", 2, 2, 1)[1], run("laws", "relu", 2, 2, 1, "--no-real")[1]
    assert "complete (proved, no assumption)" in " ".join(proved.split())
    assert "complete" in relative and "no assumption" not in relative and "span condition" in relative


def test_latex(run):
    status, out, err = run("laws", "product", 2, "--latex")
    assert (status, err) == (0, "")
    assert re.search(r"x.*1.*\^\{2\} - x.*2.*\^\{2\}", out)


def test_no_proof_claims_nothing(run):
    answer = json.loads(run("count", "linear", 2, 3, 2, "--no-proof", "--json")[1])
    assert (answer["number"], answer["status"]) == (6, "probable")
    assert 0 < answer["error_bound"] < 1e-9


@pytest.mark.parametrize("args, said", [
    (["--help"], "reproduce"),
    (["laws", "--help"], "--certificate"),
    (["count", "--help"], "--formula"),
    (["reproduce", "--help"], "PAPER"),
])
def test_help(run, args, said):
    status, out, err = run(*args)
    assert (status, err) == (0, "")
    assert "Usage" in out and said in out


def test_help_loads_no_sage():
    r"""Help is there at once: neither the engine nor Sage is loaded for it."""
    script = "import sys; from sage_conslaw.cli.command import cli; cli.main({}); print('sage' in sys.modules)"
    for args in (["--help"], ["laws", "--help"], ["laws", "attention", "--help"]):
        done = subprocess.run([sys.executable, "-c", script.format(args)], capture_output=True, text=True, timeout=60)
        assert done.stdout.splitlines()[-1] == "False", done.stderr


# Bad input: exit status 2, one line on standard error ----------------------------------------------------------------

INJECTION = "__import__('os').system('touch {}')"
BAD = {
    "width 0": (["linear", 3, 0, 3], "0"),
    "all widths 0": (["relu", 0, 0], "0"),
    "negative width": (["linear", 3, -2, 3], "-2"),
    "negative first width": (["relu", -1, 2], "-1"),
    "fractional width": (["linear", 2.5, 2], "2.5"),
    "width is a word": (["linear", "two", 2], "two"),
    "width is a fraction": (["linear", "5/2", 2], "5/2"),
    "no widths": (["linear"], "linear"),
    "one width": (["relu", 3], "3"),
    "product of nothing": (["product"], "product"),
    "product with two sizes": (["product", 2, 3], "3"),
    "product of 0": (["product", 0], "0"),
    "nothing": ([], "--phi"),
    "unknown architecture": (["liner", 3, 2, 3], "linear"),
    "unknown architecture, capital": (["Relu", 3, 2, 3], "relu"),
    "far from everything": (["qqqqqq", 3], "product"),
    "phi constant": (["--phi", "3"], "constant"),
    "phi zero": (["--phi", "0"], "phi"),
    "phi cancels to zero": (["--phi", "x*y - y*x"], "phi"),
    "phi all constant": (["--phi", "1; 2/3"], "phi"),
    "phi empty": (["--phi", ""], "empty"),
    "phi with an empty part": (["--phi", "x*y;;x"], "empty"),
    "phi denominator": (["--phi", "x/y"], "denominator"),
    "phi negative power": (["--phi", "x^-1*y"], "-1"),
    "phi variable power": (["--phi", "x^y"], "exponent"),
    "phi half power": (["--phi", "x^(1/2)"], "exponent"),
    "phi division by zero": (["--phi", "x/0"], "0"),
    "phi division by cancelled zero": (["--phi", "x/(1-1)"], "zero"),
    "phi enormous power": (["--phi", "x^999999999999*y"], "999999999999"),
    "phi enormous number": (["--phi", "x*9^9^9^9"], ""),
    "phi deep parentheses": (["--phi", "(" * 20000 + "x" + ")" * 20000], "("),
    "phi many signs": (["--phi", "-" * 20000 + "x"], "-"),
    "phi open parenthesis": (["--phi", "(x*y"], "(x*y"),
    "phi two operators": (["--phi", "x*/y"], "x*/y"),
    "phi juxtaposition": (["--phi", "2 x y"], "2 x y"),
    "phi function": (["--phi", "sin(x)"], "sin(x)"),
    "phi attribute": (["--phi", "x.__class__*y"], "x.__class__"),
    "phi subscript": (["--phi", "x[0]*y"], "x[0]"),
    "phi lambda": (["--phi", "(lambda: x)()"], "lambda"),
    "phi comparison": (["--phi", "x == y"], "=="),
    "phi string": (["--phi", "'x'*2"], "'x'"),
    "phi null byte": (["--phi", "x*\0y"], ""),
    "phi newline": (["--phi", "x*y\nimport os"], ""),
    "phi and architecture": (["linear", 2, 2, "--phi", "x*y"], "--phi"),
    "phi with cross-entropy": (["--phi", "x*y", "--loss", "cross-entropy"], "cross-entropy"),
    "degree 0": (["linear", 3, 2, 3, "--degree", 0], "0"),
    "degree negative": (["linear", 3, 2, 3, "--degree", -2], "-2"),
    "degree fractional": (["linear", 3, 2, 3, "--degree", 2.5], "2.5"),
    "degree word": (["linear", 3, 2, 3, "--degree", "two"], "two"),
    "seed word": (["linear", 3, 2, 3, "--seed", "x"], "x"),
    "seed fractional": (["linear", 3, 2, 3, "--seed", 1.5], "1.5"),
    "seed infinite": (["linear", 3, 2, 3, "--seed", "inf"], "inf"),
    "unknown loss": (["linear", 3, 2, 3, "--loss", "hinge"], "cross-entropy"),
    "unknown flow": (["linear", 3, 2, 3, "--flow", "gradiant"], "gradient"),
    "unknown algorithm": (["linear", 3, 2, 3, "--algorithm", "magic"], "symbolic"),
    "unknown option": (["linear", 3, 2, 3, "--sede", 1], "--sede"),
    "option without value": (["linear", 3, 2, 3, "--seed"], "--seed"),
    "time limit word": (["linear", 3, 2, 3, "--time-limit", "soon"], "soon"),
    "time limit negative": (["linear", 3, 2, 3, "--time-limit", -1], "-1"),
    "time limit nan": (["linear", 3, 2, 3, "--time-limit", "nan"], "nan"),
    "bias where there is none": (["linear", 3, 2, 3, "--bias"], "bias"),
}
bad_input = pytest.mark.parametrize("args, said", BAD.values(), ids=BAD.keys())


def one_line(err):
    return err.endswith("\n") and err.count("\n") == 1 and len(err) > 20


@bad_input
def test_bad_input_is_one_line_and_status_2(run, args, said):
    began = time.perf_counter()
    status, out, err = run("laws", *args)
    assert status == 2
    assert out == ""
    assert one_line(err), err
    assert said in err, f"{said!r} is not in the message: {err}"
    assert len(err) < 400
    assert time.perf_counter() - began < 5


@bad_input
def test_bad_input_leaves_json_empty(run, args, said):
    status, out, err = run("count" if "--degree" not in args else "laws", *args, "--json")
    assert (status, out) == (2, "")
    assert one_line(err)


@bad_input
def test_bad_input_says_what_to_try(run, args, said):
    r"""What was given, what is allowed, what to try."""
    err = run("laws", *args)[2]
    advice = r"\btry\b|\be\.g\.|did you mean|\ballowed\b|\bgive\b|\bchoose\b|\bsee\b|\bleave out\b|\bknown:|\bput\b"
    assert re.search(advice, err), f"no advice in: {err}"


@pytest.mark.parametrize(
    "args, nearest",
    [("liner", "linear"), ("lineer", "linear"), ("rel", "relu"), ("prodcut", "product"), ("LINEAR", "linear")],
)
def test_unknown_architecture_suggests_the_nearest(run, args, nearest):
    status, out, err = run("count", args, 3, 2, 3)
    assert (status, out) == (2, "")
    assert re.search(rf"(did you mean|try).*\b{nearest}\b", err)


@pytest.mark.parametrize("args", [["lows", "linear", "3", "2", "3"], ["reproduce", "abid"], ["reproduce", "everything"],
                                  ["--jsn"]])
def test_unknown_command_or_paper(run, args):
    status, out, err = run(*args)
    assert (status, out) == (2, "")
    assert one_line(err), err
    assert re.search(r"laws|abide|--help", err), f"what is allowed is not said: {err}"


def test_no_command(run):
    status, out, err = run()
    assert (status, out) == (2, "") and one_line(err) and "give a command: " in err, (status, out, err)


@pytest.mark.parametrize("place", ["phi", "second phi", "architecture", "size", "algorithm", "loss", "flow"])
def test_injection_is_never_evaluated(run, tmp_path, place):
    mark = tmp_path / "mark"
    text = INJECTION.format(mark)
    args = {"phi": ["--phi", text], "second phi": ["--phi", f"x*y; {text}"], "architecture": [text, 3, 2],
            "size": ["linear", text, 2], "algorithm": ["linear", 3, 2, "--algorithm", text],
            "loss": ["linear", 3, 2, "--loss", text], "flow": ["linear", 3, 2, "--flow", text]}[place]
    status, out, err = run("laws", *args)
    assert (status, out) == (2, "")
    assert one_line(err)
    assert not mark.exists()
    if "phi" in place:
        assert "syntax" in err


# Time limits ---------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("args", [["laws", "linear", 3, 2, 3], ["count", "relu", 3, 4, 2, "--bias"],
                                  ["laws", "--phi", "x*y; y*z"],
                                  ["laws", "linear", 2, 2, 2, "--algorithm", "symbolic"],
                                  ["count", "linear", 2, 2, 2, "--algorithm", "symbolic"]])
def test_time_limit_zero(run, args):
    status, out, err = run(*args, "--time-limit", 0, "--json")
    assert status == 3
    partial = json.loads(out)
    assert COUNT_KEYS <= set(partial)
    assert partial["status"] != "proved"
    assert partial["number"] is None or partial["error_bound"] is not None
    assert 0 <= partial["lie_dimension"] <= partial["state_dimension"]
    if args[0] == "laws":
        assert LAW_KEYS <= set(partial)
        assert partial["complete"] is None
        assert partial["independent_laws_found"] <= len(partial["laws"])
    assert err == "" or one_line(err)


def test_time_limit_stops_a_long_run(run):
    began = time.perf_counter()
    status, out, err = run("count", "linear", 30, 30, 30, "--flow", "momentum", "--time-limit", 1, "--json")
    assert status == 3
    assert time.perf_counter() - began < 8
    partial = json.loads(out)
    assert (partial["parameters"], partial["state_dimension"]) == (1800, 3601)
    assert partial["lie_dimension"] + partial["number_at_most"] == 3601


def test_a_generous_time_limit_changes_nothing(run):
    status, out, err = run("laws", "linear", 3, 2, 3, "--time-limit", 60, "--json")
    assert (status, err, json.loads(out)["number"]) == (0, "", 3)


# Real processes ------------------------------------------------------------------------------------------------------

def test_process_answers_with_json_alone():
    done = process("laws", "relu", "2", "2", "1", "--bias", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout)["number"] == 2


def test_installed_command_refuses_bad_input(tmp_path):
    command = os.path.join(os.path.dirname(sys.executable), "sage-conslaw")
    mark = tmp_path / "mark"
    done = subprocess.run([command, "laws", "--phi", INJECTION.format(mark), "--json"], capture_output=True, text=True,
                          timeout=60)
    assert (done.returncode, done.stdout) == (2, "")
    assert one_line(done.stderr) and "Traceback" not in done.stderr
    assert not mark.exists()


def test_enormous_polynomial_is_refused_before_it_is_expanded():
    r"""The exponent is small, the expansion is not; neither the limit on terms nor the time limit may come too late."""
    try:
        done = process("count", "--phi", "(x + y + z)^400", "--time-limit", "1", timeout=25)
    except subprocess.TimeoutExpired:
        pytest.fail("still expanding after 25 seconds, with a time limit of 1")
    assert done.returncode in (2, 3) and one_line(done.stderr), done.stderr
    assert re.search("products of terms" if done.returncode == 2 else "time limit of 1 s", done.stderr), done.stderr


def test_symbolic_algorithm_ends_by_its_time_limit_and_not_for_memory():
    r"""With 108 parameters the published linear system is large and sparse: 8 GB of address space must do."""
    gigabytes = 2**33
    done = process("laws", "linear", "6", "6", "6", "6", "--algorithm", "symbolic", "--time-limit", "5", "--json",
                   preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (gigabytes, gigabytes)))
    assert "Traceback" not in done.stderr
    if done.returncode == 2:            # refused with its size before it starts
        assert "does not fit in memory" in done.stderr and one_line(done.stderr)
        return
    partial = json.loads(done.stdout)
    assert partial["algorithm"] == "symbolic" and partial["state_dimension"] == 108
    if done.returncode == 0:
        assert partial["independent_laws_found"] == 42
    else:
        assert done.returncode == 3 and one_line(done.stderr) and partial["number_at_most"] >= 42


def test_interrupt_stops_at_once():
    r"""Ctrl-C reaches the whole group of processes; no traceback, nothing on standard output, no process left."""
    running = subprocess.Popen(
        [sys.executable, "-m", "sage_conslaw.cli", "count", "linear", "30", "30", "30", "--flow", "momentum"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    time.sleep(3.5)
    assert running.poll() is None, "the run was meant to be long"
    os.killpg(running.pid, signal.SIGINT)
    began = time.perf_counter()
    out, err = running.communicate(timeout=30)
    assert time.perf_counter() - began < 3
    assert running.returncode not in (0, 2, 3)
    assert (out, "Traceback" in err) == ("", False)
    with pytest.raises(ProcessLookupError):
        os.killpg(running.pid, 0)
