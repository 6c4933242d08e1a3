r"""
Commands that would run long, each with ``--time-limit``: which of them run over it?

    python tests/cli/hunt_time_limits.py [--limit 3] [--only WORD] [--grace 2]

Large and awkward inputs of every kind: rings of thousands of variables, powers, polynomials of a megabyte, parameters,
graphs of thousands of operations, PyTorch models, surveys, certificates, drawing.  The time over is what a command
takes beyond the limit and the start-up of its kind (that of a command of the same kind with nothing to do).  A command
that ends in time must end with status 0, 2 or 3, and with 3 say what is known.  Exit status 1 if one runs over.
"""
import argparse
import json
import os
import subprocess
import sys
import tempfile
import time

COMMAND = [sys.executable, "-m", "sage_conslaw.cli"]
MODELS = """
import torch
from torch import nn


class Tiny(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(2, 2)

    def forward(self, x):
        return self.one(x)


def tiny():
    return nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1)), (torch.zeros(1, 2),)


def deep():
    return nn.Sequential(*(layer for _ in range(600) for layer in (nn.Linear(6, 6), nn.Tanh()))), (torch.zeros(1, 6),)


def images():
    layers = [nn.Conv2d(3 if k == 0 else 64, 64, 3, padding=1) for k in range(12)]
    return nn.Sequential(*(each for layer in layers for each in (layer, nn.GELU()))), (torch.zeros(1, 3, 96, 96),)


def recurrent():
    class Unrolled(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = nn.Linear(12, 12)

        def forward(self, x):
            for _ in range(300):
                x = self.cell(x) * x + x
            return x
    return Unrolled(), (torch.zeros(1, 12),)


def slow():
    import time
    time.sleep(40)
    return tiny()
"""


def files(folder):
    """Write the inputs and return their places by name."""
    def put(name, text):
        path = os.path.join(folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def system(name, variables, drift, **more):
        return put(name, json.dumps({"variables": variables, "drift": drift, **more}))
    n = 3000
    many = [f"x{k}" for k in range(n)]
    few = [f"x{k}" for k in range(14)]
    rates = [f"k{k}" for k in range(23)]
    species = [
        "+".join(f"k{(3 * i + j) % 23}*x{(i + j) % 14}*x{(i + 2 * j + 1) % 14}" for j in range(4)) for i in range(14)
    ]
    quadratic = [
        "+".join(f"{(7 * i + 3 * j + k) % 11 - 5}*x{j}*x{k}" for j in range(14) for k in range(j, 14))
        for i in range(14)
    ]
    return {
        "ring": system("ring.json", many, [f"x{(k + 1) % n}" for k in range(n)]),
        "sparse": system("sparse.json", many, [f"x{(k + 1) % n}*x{(k + 7) % n}" for k in range(n)]),
        "species": system("species.json", few, species, parameters=rates),
        "quadratic": system("quadratic.json", few, quadratic),
        "powers": system("powers.json", ["x", "y", "z"], ["(x+y+z)^60", "(x-y)^61+z^59", "(x*y+z)^30"]),
        "coefficients": system("coefficients.json", ["x", "y"], [f"{'7' * 200000}*x*y", "y^2-x"]),
        "text": system("text.json", ["x", "y"], ["+".join(f"{k}*x^{k % 90}*y^{k % 77}" for k in range(60000)), "x"]),
        "relations": system("relations.json", few[:8], [f"x{(k + 1) % 8}^3" for k in range(8)],
                            relations=["+".join(f"x{k}^4" for k in range(8)) + "-1"]),
        "controls": put("controls.json", json.dumps(
            {"variables": few, "controls": [[f"x{(k + j) % 14}^{j % 4 + 1}" for k in range(14)] for j in range(12)]})),
        "survey": put("survey.toml", '[[sweep]]\narchitecture = "linear"\nsizes = [[10,12,14,16], [10,12,14], [9,11]]\n'
                                     'flow = {name = "momentum", tau = "1"}\n'),
        "huge survey": put("huge.toml", "[[sweep]]\narchitecture = \"relu\"\nsizes = [" + ", ".join(
            ["[" + ", ".join(map(str, range(1, 40))) + "]"] * 3) + "]\n"),
        "model": put("models.py", MODELS),
        "phi": put("phi.txt", "; ".join(f"a{i}*b{i}*c{i}" for i in range(3000))),
    }


def commands(at):
    """Return the command lines, without the limit, by kind."""
    with open(at["phi"]) as file:
        wide = file.read()
    wide = wide[:120_000]
    dense = "(" + "+".join(f"x{k}" for k in range(12)) + ")^12"
    laws = [
        ["linear", "12", "12", "12", "12"],
        ["linear", "1", "9", "9", "9", "1"],
        ["linear", "1", "40", "40", "1"],
        ["linear", "30", "30", "30", "--flow", "momentum", "--tau", "1"],
        ["product", "5000"],
        ["product", "2000"],
        ["product", "300", "--degree", "4"],
        ["relu", "784", "512", "10", "--bias"],
        ["relu", "60", "60", "60", "--flow", "momentum", "--tau", "t/(t^2+2)"],
        ["relu", "3", "9", "3", "--degree", "8"],
        ["nmf", "12", "12", "12"],
        ["nmf", "40", "40", "40", "--flow", "momentum"],
        ["icnn", "12", "12", "4", "--bias"],
        ["perceptron", "40", "40", "40", "--set", "activation=gelu"],
        ["perceptron", "4", "8", "8", "3", "--degree", "5"],
        ["convolutional", "8", "16", "16", "--set", "size=14"],
        ["transformer_block", "12", "24", "--degree", "3"],
        ["attention", "16", "8", "--flow", "momentum"],
        ["mixture", "6", "8", "6", "--flow", "nesterov"],
        ["normalised", "9", "12", "5"],
        ["gated", "9", "9", "--degree", "6"],
        ["polynomial", "6", "6", "6", "6"],
        ["lora", "40", "40", "--set", "rank=30"],
        ["linear", *["3"] * 130],
        ["relu", *["2"] * 900],
        ["linear", "3", "3", "3", "3", "--algorithm", "symbolic"],
        ["relu", "3", "4", "3", "--algorithm", "syzygies"],
        ["linear", "4", "4", "4", "--weight-decay", "1/3", "--algorithm", "symbolic"],
        ["relu", "6", "9", "4", "--flow", "adam"],
        ["relu", "30", "30", "10", "--flow", "sign"],
        ["relu", "3", "12", "3", "--regions"],
        ["linear", "20", "20", "20", "--latex", "--polynomials"],
        ["linear", "25", "25", "25", "--all"],
        ["linear", "14", "14", "14", "--certificate", "certificate.json"],
        ["--phi", wide],
        ["--phi", dense],
        ["--phi", dense + "*y", "--degree", "6"],
        ["--phi", ";".join(f"(x{k}+y)^90" for k in range(60))],
        ["--phi", "(x+y+z+w+v)^40", "--metric", "mirror"],
        ["--system", at["ring"]],
        ["--system", at["sparse"]],
        ["--system", at["species"]],
        ["--system", at["species"], "--exceptional"],
        ["--system", at["quadratic"], "--degree", "7"],
        ["--system", at["powers"]],
        ["--system", at["coefficients"], "--degree", "12"],
        ["--system", at["text"]],
        ["--system", at["relations"], "--degree", "6"],
        ["--system", at["controls"], "--degree", "5"],
    ]
    counts = [
        ["transformer_block", "60", "240", "--real"], ["linear", "1", "30", "30", "1"], ["product", "9000"],
        ["attention", "40", "20", "--set", "tokens=40", "--real"], ["--system", at["sparse"], "--no-proof"],
        ["--system", at["species"]], ["transformer_block", "D", "H", "--set", "heads=h", "--formula"],
        ["relu", "50", "50", "50", "--certificate", "certificate.json"],
        ["perceptron", "9", "9", "9", "--real", "--set", "activation=tanh"],
        ["relu", "40", "40", "10", "--algorithm", "symbolic"], ["--phi", wide],
    ]
    integrals = [
        ["--system", at["species"], "--kind", "darboux", "--degree", "2"],
        ["--system", at["quadratic"], "--kind", "rational", "--degree", "3"],
        ["--system", at["sparse"], "--kind", "darboux", "--degree", "1"],
        ["--system", at["powers"], "--kind", "rational", "--degree", "3"],
        ["linear", "6", "6", "6", "--kind", "darboux"], ["--phi", dense, "--metric", "mirror", "--kind", "darboux"],
        ["--system", at["controls"], "--kind", "darboux", "--degree", "3"],
        ["nmf", "4", "4", "4", "--kind", "darboux", "--degree", "3"],
    ]
    dimensions = [
        ["9", "9", "9", "9", "--power", "3"], ["40", "40", "40", "1"], ["2", "5", "5", "5", "5", "1", "--power", "7"],
        ["60", "60", "60", "60", "--power", "2"], ["3", "3", "3", "3", "3", "3", "3", "3", "--power", "9"],
    ]
    models = [f"{at['model']}:{name}" for name in ("deep", "images", "recurrent")]
    return [
        *(("laws", ["laws", *words]) for words in laws),
        *(("laws", ["count", *words]) for words in counts),
        *(("laws", ["integrals", *words]) for words in integrals),
        *(("laws", ["dimension", *words]) for words in dimensions),
        ("laws", ["survey", at["survey"], "--store", "one.sqlite"]),
        ("laws", ["survey", at["huge survey"], "--store", "two.sqlite", "--processes", "1"]),
        *(("torch", [what, "--torch", model]) for model in models for what in ("laws", "count")),
    ]


def run(words, limit, most):
    """Return status, output, error and seconds of a command."""
    began = time.monotonic()
    process = subprocess.Popen([*COMMAND, *words, "--time-limit", str(limit)], text=True, start_new_session=True,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        out, err = process.communicate(timeout=most)
        status = process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        out, err = process.communicate()
        status = "killed"
    return status, out, err, time.monotonic() - began


def fault(status, out, err, over, grace):
    """Return what is wrong with an outcome, ``None`` if nothing is."""
    if status not in (0, 2, 3) or "Traceback" in out + err or "internal error" in err:
        return f"status {status}"
    if over > grace:
        return f"{over:.1f} s over"
    if status == 3 and not out.strip():
        return "nothing said of what is known"
    return None


def hunt(limit=3, only="", grace=2.0, show=print, numbers=None):
    """Return how many faults are found, in all commands with a word or in those with some numbers."""
    faults = 0
    with tempfile.TemporaryDirectory() as folder:
        at = files(folder)
        before = os.getcwd()
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [before, os.environ.get("PYTHONPATH", "")]))
        os.chdir(folder)
        start_ups = {}
        nothing = {"laws": ["count", "product", "2"], "torch": ["count", "--torch", f"{at['model']}:tiny"]}
        for number, (kind, words) in enumerate(commands(at)):
            if numbers is not None and number not in numbers:
                continue
            line = " ".join(words).replace(folder + "/", "")[:100]
            if only not in line:
                continue
            for attempt in range(2):
                if attempt or kind not in start_ups:
                    # Before a second look the start-up is measured again: the machine may be busy.
                    start_ups[kind] = min(run(nothing[kind], 60, 90)[3] for _ in range(1 + attempt))
                    show(f"start-up of {kind}: {start_ups[kind]:.1f} s")
                status, out, err, seconds = run(words, limit, limit + 60)
                over = seconds - limit - start_ups[kind]
                wrong = fault(status, out, err, over, grace)
                if wrong is None:
                    break
            faults += wrong is not None
            said = (out.strip().splitlines() or err.strip().splitlines() or [""])[0][:90]
            show(f"{'FAULT ' + wrong if wrong else 'ok':<28} {status!s:>4} {over:6.1f}  {line}  | {said}")
        os.chdir(before)
    show(f"{faults} faults")
    return faults


def main():
    """Run all and print each."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--limit", type=float, default=3)
    parser.add_argument("--grace", type=float, default=2.0)
    parser.add_argument("--only", default="")
    chosen = parser.parse_args()
    return 1 if hunt(chosen.limit, chosen.only, chosen.grace, lambda line: print(line, flush=True)) else 0


if __name__ == "__main__":
    sys.exit(main())
