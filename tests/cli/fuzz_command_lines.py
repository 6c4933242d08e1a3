r"""
A fuzz of the command: 2000 command lines and 300 hostile files, from a fixed seed.

    python tests/cli/fuzz_command_lines.py [--lines 2000] [--files 300] [--seed 1] [--limit 20]

None may end with: a traceback; a status that is not promised (0 an answer, 1 a difference found, 2 unusable input, 3 a
time limit); more than 4 lines of error, or 1200 characters of it; more than 60 seconds; more than 3 GB; output that is
not JSON where JSON is asked for. Each runs in a forked copy of one process that has Sage loaded, so that an hour of
start-ups is saved; the limits are those of the copy.  Where a line has no time limit of its own it has that of
``--limit``: a sample with a short one sees more searches ended than finished.
"""
import argparse
import json
import os
import random
import resource
import signal
import sys
import tempfile
import time

SECONDS, BYTES = 60, 3 << 30

ARCHITECTURES = [
    "product",
    "linear",
    "relu",
    "nmf",
    "icnn",
    "attention",
    "transformer_block",
    "perceptron",
    "convolutional",
    "lora",
    "gated",
    "mixture",
    "normalised",
]
SIZES = [
    "1",
    "2",
    "3",
    "4",
    "2",
    "3",
    "5",
    "0",
    "-1",
    "2.5",
    "two",
    "1e3",
    "9" * 40,
    "9" * 5000,
    "1000000",
    "",
    " ",
    "\u0663",
    "0x2",
    "+2",
    "--2",
    "3/2",
    "nan",
    "inf",
    "2 2",
    "100000",
]
OPTIONS = [
    "heads",
    "kv_heads",
    "value_dim",
    "bias",
    "rotary",
    "causal",
    "tokens",
    "norm",
    "mlp",
    "order",
    "gate",
    "active",
    "rank",
    "seed",
    "activation",
    "size",
    "kernel",
    "stride",
    "padding",
    "groups",
    "pool",
    "dimensions",
    "samples",
    "gain",
    "p",
    "self",
    "widths",
    "dim",
    "__class__",
    "x y",
    "",
]
VALUES = [
    "1",
    "2",
    "3",
    "true",
    "false",
    "rms",
    "layer",
    "batch",
    "silu",
    "relu",
    "softmax",
    "z^2",
    "z^999999999",
    "99999999999",
    "--2",
    "-1",
    "0",
    "9" * 5000,
    "None",
    "[]",
    "1.5",
    "\x7f",
    "a" * 3000,
    "=",
    "2=2",
]
POLYNOMIALS = [
    "x*y",
    "x*y*z; x^2",
    "x y",
    "1 2*x",
    "not x",
    "x if y else z",
    "x",
    "relu",
    "3",
    "0",
    "",
    ";",
    "x/y",
    "x^y",
    "x^-1",
    "x^2^3*y",
    "0.5*x*y",
    "1e3*x",
    "(x+y)^50",
    "(x+y+z)^400",
    "(2^1000)^3*y*x",
    "x^99999999999",
    "9^9^9^9*x",
    "(" * 30000 + "x",
    "-" * 5000 + "x*y",
    "sin(x)",
    "__import__('os')",
    "x[0]",
    "x.y",
    "lambda: x",
    "x\0y",
    "\ufeffx*y",
    "x\u00b7y",
    "a1*b1 + a2*b2",
    "x*y - y*x",
    "x" * 5000,
    "x*" + "9" * 5000,
    "u^2*v + v^2*w",
    "+".join(f"x{n}*y" for n in range(50)),
    "x==y",
    "'x'*2",
    "x#y",
    "x*y\n",
    "\n",
    "1/0*x",
    "x/(1-1)",
]
GOOD = ["x*y", "x*y*z; x^2", "0.5*x*y", "(x+y)^5", "u^2*v + v^2*w", "a1*b1 + a2*b2", "(2^1000)^3*y*x", "x*y^2/3 - z"]
PLAUSIBLE = [
    "product 4",
    "linear 2 3 2",
    "linear 1 2 2 1",
    "linear 3 1",
    "relu 2 3 1",
    "relu 3 2 2 1",
    "nmf 2 2 2",
    "icnn 2 2 1",
    "attention 2 1",
    "attention 4 2 --set heads=2",
    "attention 2 2 --set causal=true --set tokens=3",
    "transformer_block 2 2",
    "perceptron 2 2 1",
    "perceptron 2 3 2 --set activation=gelu",
    "convolutional 1 2 1",
    "convolutional 1 2 2 --set size=3",
    "lora 2 3 2",
    "gated 2 2 2",
    "gated 2 2 --set gate=relu",
    "mixture 2 1 2",
    "normalised 2 2 1",
    "normalised 2 3 1 --set norm=rms",
    "relu 30 20 10",
    "linear 40 30 20",
    "relu 300 200 10",
    "linear 60 60",
    "linear 6 6 6 6",
]
FLOWS = [
    "gradient",
    "momentum",
    "nesterov",
    "gradiant",
    "sign",
    "adam",
    "",
    "m" * 3000,
    "sgd:lr=0.01,momentum=0.9",
    "sgd:lr=",
    "adam:lr=x",
    "sgd:momentum=2",
]
TAUS = [
    "0",
    "1",
    "0.9",
    "1/2",
    "-1",
    "3/t",
    "t",
    "1/(t-1)",
    "tau",
    "x",
    "1e400",
    "9" * 4000,
    "",
    "nan",
    "1/0",
    "t^500",
    "0.1.2",
]
METRICS = ["euclidean", "mirror", "icnn", "u^2, v^2", "x,y", "", "diag", "1,1", "0,0", "x^2; y^2"]
NUMBERS = [
    "0",
    "1",
    "2",
    "3",
    "-1",
    "1.5",
    "x",
    "9" * 5000,
    "9" * 30,
    "",
    "inf",
    "nan",
    "1e-30",
    "1e400",
    "0x10",
    "\u0662",
]
LIMITS = ["0", "1", "2", "0.5", "5", "-1", "soon", "nan", "inf", "1e400", "1e-9", ""]


def command_line(draw, limit="20"):
    """Return one command line, mostly plausible, with a fault here and there."""
    command = draw.choice(
        [
            "laws",
            "laws",
            "laws",
            "count",
            "count",
            "integrals",
            "dimension",
            "draw",
            "reproduce",
            "verify",
            "survey",
            "completion",
            "lows",
            "--help",
            "",
        ]
    )
    words = [command]
    if command in ("laws", "count", "integrals"):
        kind, clean = draw.random(), draw.random() < 0.5
        if clean and kind < 0.6:
            words += draw.choice(PLAUSIBLE).split()
        elif kind < 0.6:
            words.append(
                draw.choice(ARCHITECTURES + ["liner", "Relu", "-x", "", "a" * 3000])
                if draw.random() < 0.15
                else draw.choice(ARCHITECTURES)
            )
            words += [
                draw.choice(SIZES[:7] if draw.random() < 0.85 else SIZES)
                for _ in range(draw.choice([1, 2, 2, 3, 3, 3, 4, 0]))
            ]
            for _ in range(draw.choice([0, 0, 0, 1, 1, 2])):
                words += ["--set", draw.choice(OPTIONS) + draw.choice(["=", "=", "=", "", ":"]) + draw.choice(VALUES)]
        elif kind < 0.95:
            words += (
                ["--phi", draw.choice(GOOD)]
                if clean
                else [
                    "--phi",
                    draw.choice(POLYNOMIALS)
                    if draw.random() < 0.7
                    else scrambled(draw, draw.choice(POLYNOMIALS)[:200]),
                ]
            )
        else:
            words += [
                "--system",
                draw.choice(["/no/such", "/dev/null", "/dev/zero", "/", "", "x" * 5000, "/etc/passwd"]),
            ]
        for name, values, chance in (
            ("--flow", FLOWS, 0.2),
            ("--tau", TAUS, 0.15),
            ("--metric", METRICS, 0.12),
            ("--degree", NUMBERS, 0.15),
            ("--seed", NUMBERS, 0.2),
            ("--loss", ["least-squares", "cross-entropy", "hinge", "l" * 2000], 0.15),
            ("--weight-decay", TAUS, 0.1),
            ("--error-bound", NUMBERS, 0.08),
            ("--kind", ["rational", "darboux", "x"], 0.05),
            ("--algorithm", ["modular", "symbolic", "syzygies", "magic", ""], 0.15),
            ("--certificate", ["/dev/full", "/no/x", ""], 0.05),
        ):
            if draw.random() < chance:
                words += [name, draw.choice(values[:3] if clean else values)]
        for flag in (
            ("--bias", "--no-proof", "--all", "--latex")
            if clean
            else (
                "--bias",
                "--no-proof",
                "--latex",
                "--all",
                "--exceptional",
                "--verbose",
                "--sede",
                "--json=1",
                "-q",
                "--help",
            )
        ):
            if draw.random() < 0.05:
                words.append(flag)
        words += ["--json"] * (draw.random() < 0.4)
        words += ["--time-limit", draw.choice(LIMITS)] if draw.random() < 0.3 else ["--time-limit", limit]
    elif command in ("dimension", "draw"):
        if command == "draw":
            words.append(draw.choice(ARCHITECTURES))
        words += [draw.choice(SIZES[:7] if draw.random() < 0.9 else SIZES) for _ in range(draw.choice([1, 2, 3, 3, 4]))]
        if command == "draw":
            words.append(draw.choice(["net.svg", "net.SVG", "net.gif", "net", "/dev/full.svg", "/no/such/net.svg", ""]))
            words += draw.choice([[], [], ["--bias"], ["--set", draw.choice(OPTIONS) + "=" + draw.choice(VALUES)]])
        else:
            words += ["--power", draw.choice(NUMBERS)] if draw.random() < 0.5 else []
            words += ["--seed", draw.choice(NUMBERS)] if draw.random() < 0.3 else []
            words += ["--certificate", draw.choice(["/dev/full", "/no/x"])] if draw.random() < 0.1 else []
            words += ["--json"] * (draw.random() < 0.3)
            words += ["--time-limit", draw.choice(LIMITS) if draw.random() < 0.3 else limit]
    elif command == "reproduce":
        words += [draw.choice(["abid", "", "everything", "--tau", "-x"])]
    elif command in ("verify", "survey", "completion"):
        words += [draw.choice(["/no/such", "/dev/null", "/", "", "bash", "--json", "x" * 5000, "/dev/zero"])]
    if draw.random() < 0.03:
        draw.shuffle(words)
    return [word.replace("\0", "") for word in words]


def scrambled(draw, text):
    """Return a text with a few characters changed, dropped or doubled."""
    signs = list(text)
    for _ in range(draw.randint(1, 4)):
        at = draw.randrange(len(signs) + 1)
        what = draw.random()
        if what < 0.4 or at == len(signs):
            signs.insert(at, draw.choice("()+-*/^ xyz0123456789.;,_[]{}=\"'\\\n\u00e9"))
        elif what < 0.7:
            del signs[at]
        else:
            signs[at] = draw.choice("()+-*/^ xyz019.;,")
    return "".join(signs)


JSON_FILES = [
    '{"variables": ["x", "y"], "drift": ["y", "-x"]}',
    '{"variables": ["x", "y"], "drift": {"x": "y", "y": "-x"}}',
    '{"variables": ["x", "y"], "parameters": ["k"], "drift": ["k*y", "-x"], "controls": [["1", "x"]]}',
    '{"variables": ["u", "v"], "phi": ["u*v"]}',
    '{"variables": ["x"], "controls": 5}',
    '{"variables": ["x"], "drift": "x"}',
    '{"variables": "x", "drift": ["x"]}',
    '{"variables": ["x"], "phi": {"x": 1}}',
    "[" * 30000,
    '{"a":' * 30000,
    "9" * 100000,
    '{"variables": ["x"], "drift": [1e999]}',
    '{"variables": ["x"], "drift": [NaN]}',
    "",
    "null",
    "[]",
    "{}",
    '{"variables": ["x"], "drift": ["x"], "drift": ["x"]}',
    json.dumps({"variables": [f"x{n}" for n in range(100_000)], "drift": ["0"] * 100_000}),
    json.dumps({"variables": [f"x{n}" for n in range(300)], "drift": [f"x{(n + 1) % 300}" for n in range(300)]}),
    json.dumps({"variables": ["x", "y"], "drift": ["(x+y)^999", "y"]}),
    json.dumps({"variables": ["x", "y"], "drift": ["x" * 10**6, "y"]}),
]
TOML_FILES = [
    'variables = ["x", "y"]\ndrift = ["y", "-x"]\n',
    'variables = ["x", "y"]\n[drift]\nx = "y"\ny = "-x"\n',
    'variables = ["x"]\ndrift = [2020-01-01]\n',
    'variables = ["x"]\ndrift = [0.5]\n',
    "a = [" * 3000,
    'variables = ["x"]\nphi = "x"\n',
    "x = 1\n" * 20000,
    '[[sweep]]\narchitecture = "relu"\nsizes = [2, [1, 2], 1]\n',
    '[[sweep]]\narchitecture = "relu"\nsize = [2, 1]\n',
    '[[sweep]]\narchitecture = "attention"\nsizes = [4, 2]\noptions = {head = 2}\n',
    "[[sweep]]\narchitecture = 3\n",
    "sweep = 3\n",
    '[[sweep]]\narchitecture = "linear"\nsizes = [[1,2,3],[1,2,3],[1,2,3]]\ntime_limit = "x"\n',
    '[[sweep]]\narchitecture = "linear"\nsizes = [2, 1]\nflow = {nam = 1}\n',
    '[[sweep]]\narchitecture = "linear"\nsizes = [2, 9999999999]\n',
    '[[sweep]]\narchitecture = "linear"\ncases = [[2, "a"]]\nexpected = "x"\n',
]


def hostile_file(draw, folder, number, limit="20"):
    """Write one file, mutated in its bytes, and return the command line that reads it."""
    toml = draw.random() < 0.45
    data = draw.choice(TOML_FILES if toml else JSON_FILES).encode()
    for _ in range(draw.choice([0, 0, 1, 1, 2, 5, 20])):
        at = draw.randrange(len(data) + 1)
        piece = draw.choice(
            [
                b"\xff\xfe",
                b"\x00",
                b'"',
                b"{",
                b"]",
                b",",
                b"9" * 400,
                b"\xc3",
                b"x",
                b" ",
                b"\n",
                bytes([draw.randrange(256)]),
            ]
        )
        data = data[:at] + piece + data[at + draw.choice([0, 0, 1, 3]):]
    path = os.path.join(folder, f"file{number}{'.toml' if toml else draw.choice(['.json', '.json', '.txt'])}")
    with open(path, "wb") as file:
        file.write(data)
    if toml and b"sweep" in data:
        return [
            "survey",
            path,
            "--store",
            os.path.join(folder, f"store{number}.sqlite"),
            "--processes",
            "1",
            "--time-limit",
            limit,
        ]
    if draw.random() < 0.15:
        return ["verify", path]
    return [
        draw.choice(["laws", "laws", "count", "integrals"]),
        "--system",
        path,
        "--time-limit",
        limit,
        *(["--json"] if draw.random() < 0.3 else []),
    ]


def outcome(words):
    """Run one command line in a forked copy; return status, output, error, seconds and the peak of memory in bytes."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        began = time.monotonic()
        pid = os.fork()
        if pid == 0:
            try:
                _alone(words, out.fileno(), err.fileno())
            finally:
                os._exit(99)
        ended = 0
        while not ended:
            ended, status, usage = os.wait4(pid, os.WNOHANG)
            if not ended:
                if time.monotonic() - began > SECONDS + 15:
                    os.killpg(pid, signal.SIGKILL)
                time.sleep(0.005)
        seconds = time.monotonic() - began
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read(10_000_000).decode("utf8", "replace"))
        return os.waitstatus_to_exitcode(status), *texts, seconds, usage.ru_maxrss * 1024


def _alone(words, out, err):
    from sage_conslaw.cli import command
    os.setsid()
    resource.setrlimit(resource.RLIMIT_AS, (3 * BYTES, 3 * BYTES))
    os.dup2(out, 1)
    os.dup2(err, 2)
    sys.stdout, sys.stderr = open(1, "w", closefd=False), open(2, "w", closefd=False)
    sys.argv = ["sage-conslaw", *words]
    try:
        command.main()
        code = 0
    except SystemExit as end:
        code = end.code or 0
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def fault(words, status, out, err, seconds, peak):
    """Return what is wrong with an outcome, ``None`` if nothing is."""
    if "Traceback" in out + err or "internal error" in err:
        return "a traceback or a defect"
    if status not in (0, 1, 2, 3):
        return f"status {status}"
    if status == 1 and words[:1] not in (["verify"], ["survey"], ["reproduce"]):
        return "status 1"
    lines = [line for line in err.splitlines() if line]
    if (len(lines) > 4 or len(err) > 1200) and "--verbose" not in words:
        return f"{len(lines)} lines and {len(err)} characters of error"
    if status == 2 and not err:
        return "no word of error"
    if seconds > SECONDS:
        return f"{seconds:.0f} s"
    if peak > BYTES:
        return f"{peak / 2**30:.1f} GB"
    if "--json" in words and "--help" not in words and status in (0, 3) and words[0] in ("laws", "count"):
        try:
            json.loads(out)
        except ValueError:
            return "no JSON"
    return None


def fuzz(lines, files, seed, show=None, limit="20"):
    """Return the faults found, as pairs of a command line and what is wrong."""
    import sage_conslaw.engine.api  # noqa: F401  (loaded once, for all copies)
    import sage_conslaw.integrals.first_integrals  # noqa: F401
    import sage_conslaw.networks  # noqa: F401
    draw, faults = random.Random(seed), []
    with tempfile.TemporaryDirectory() as folder:
        os.makedirs(os.path.join(folder, "empty"))
        os.chdir(os.path.join(folder, "empty"))
        tasks = [command_line(draw, limit) for _ in range(lines)]
        tasks += [hostile_file(draw, folder, n, limit) for n in range(files)]
        for number, words in enumerate(tasks):
            result = outcome(words)
            wrong = fault(words, *result)
            if wrong:
                faults.append((words, wrong, result))
            if show:
                show(number, words, wrong, result)
        os.chdir("/")
    return faults


def main():
    """Run the whole fuzz and print every fault."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    for name, default in (("--lines", 2000), ("--files", 300), ("--seed", 1), ("--limit", 20)):
        parser.add_argument(name, type=int, default=default)
    chosen = parser.parse_args()
    began, kinds = time.monotonic(), {}

    def show(number, words, wrong, result):
        kinds[result[0]] = kinds.get(result[0], 0) + 1
        if wrong:
            print(
                f"{number}: {wrong}: "
                f"{' '.join(word if len(word) < 60 else word[:57] + '...' for word in words)}\n    {result[2][-300:]}",
                flush=True,
            )
        elif number % 100 == 0:
            print(f"{number} done, {time.monotonic() - began:.0f} s", flush=True)
    faults = fuzz(chosen.lines, chosen.files, chosen.seed, show, str(chosen.limit))
    print(
        f"{chosen.lines + chosen.files} runs, {len(faults)} faults; statuses "
        f"{dict(sorted(kinds.items()))}; {time.monotonic() - began:.0f} s"
    )
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
