"""A checker ends soon and small, whatever the file says: hostile files, records and draws."""
import copy
import json
import os
import resource
import subprocess
import sys
import time

import pytest
from certificates.kinds import certificate

from sage_conslaw.certificates import CertificateError, check
from sage_conslaw.certificates import checker
from sage_conslaw.certificates.errors import BeyondLimits
from sage_conslaw.certificates.files import verify_file
from sage_conslaw.certificates.record import digest
from sage_conslaw.check import LIMITS, Rejected, load, main, verify


def changed(name, change):
    record = copy.deepcopy(certificate(name))
    change(record)
    return record | {"digest": digest(record)}


def problem(name, **parts):
    return lambda: changed(name, lambda record: record["problem"].update(parts))


def set_word(record):
    letter = record["rank"]["words"][0][0]
    record["rank"]["words"] = [[letter] * 12] * 2000


def graph(*nodes, output=None):
    parameters = [i for i, node in enumerate(nodes) if node["op"] == "parameter"]
    return {"nodes": list(nodes), "output": len(nodes) - 1 if output is None else output, "parameters": parameters}


def array(*shape, name="W"):
    return {"op": "parameter", "name": name, "shape": list(shape)}


def free(*shape):
    return {"op": "input", "name": "x", "shape": list(shape)}


PRODUCTS = [node for i in range(2000) for node in ({"op": "contract", "spec": "i,i->i", "inputs": [2 * i + 1, 2 * i]},
                                                   {"op": "add", "inputs": [2 * i + 2, 2 * i + 2]})]
HOSTILE = {
    "a product of 10^9": problem("product", sizes=[10**9]),
    "sizes that multiply": problem("linear", sizes=[4000, 4000, 4000]),
    "many sizes": problem("linear", sizes=[2] * 1000),
    "wide classes": problem("cross-entropy", sizes=[1, 1, 60000]),
    "classes in a graph": problem(
        "custom",
        loss="cross-entropy",
        graph=graph(free(1), array(1, 60000), {"op": "contract", "spec": "i,ij->j", "inputs": [0, 1]}),
    ),
    "a norm of many": problem(
        "custom", graph=graph(array(4000), {"op": "cut", "inputs": [0], "function": "layer norm"})
    ),
    "an outer product": problem(
        "custom", graph=graph(array(3000), free(3000), {"op": "contract", "spec": "i,j->ij", "inputs": [0, 1]})
    ),
    "an outer product of outer products": problem(
        "custom",
        graph=graph(
            array(100),
            free(100),
            {"op": "contract", "spec": "i,j->ij", "inputs": [0, 1]},
            {"op": "contract", "spec": "ij,kl->ijkl", "inputs": [2, 2]},
        ),
    ),
    "a shape that multiplies": problem("custom", graph=graph(array(1000, 1000, 1000, 1000))),
    "no entries": problem("custom", graph=graph(array(0), array(2, name="V"))),
    "a chain of squares": problem("custom", graph=graph(array(1), array(1, name="V"), *PRODUCTS)),
    "a mask of nothing": problem(
        "custom", graph=graph(array(2), {"op": "cut", "inputs": [0], "function": "masked softmax", "mask": [0, 0]})
    ),
    "a node made of itself": problem("custom", graph=graph(array(2), {"op": "add", "inputs": [1, 1]})),
    "an axis named twice": problem(
        "custom", graph=graph(array(2, 2), free(2), {"op": "contract", "spec": "ii,i->i", "inputs": [0, 1]})
    ),
    "an axis of one factor": problem(
        "custom", graph=graph(array(2), free(2), {"op": "contract", "spec": "i,j->j", "inputs": [0, 1]})
    ),
    "a large window": problem("convolutional", sizes=[1, 1, 1], options={"bias": 0, "size": 1000000, "dimensions": 2}),
    "many tokens": problem("attention", options={"bias": 0, "causal": 1, "tokens": 100000}),
    "huge heads": problem("attention", options={"bias": 0, "causal": 1, "tokens": 3, "heads": 1000000}),
    "a long phi": problem("phi", phi=["+".join(f"{i}*x^{i % 90 + 1}*y^{i % 89}" for i in range(1, 60000))]),
    "many components": problem("phi", phi=["x*y+z"] * 10000),
    "a tower": problem("phi", phi=["x^99999999999"]),
    "parentheses": problem("phi", phi=["(" * 200 + "x" + "+y)^200" * 200]),
    "digits": problem("phi", phi=["9" * 500000 + "*x"]),
    "code": problem("phi", phi=["__import__('os').system('true')"]),
    "a metric of nothing": problem(
        "phi",
        flow={
            "name": "gradient",
            "decay": "0",
            "metric": {"at": "state", "entries": [[0, 0, "1"]], "denominator": "1"},
        },
    ),
    "a full metric": problem(
        "linear",
        sizes=[20, 20],
        flow={
            "name": "gradient",
            "decay": "0",
            "metric": {
                "at": "dual",
                "entries": [[i, j, "U1_1_1^9+1"] for i in range(40) for j in range(40)],
                "denominator": "1",
            },
        },
    ),
    "a high damping": problem(
        "momentum", flow={"name": "momentum", "decay": "0", "metric": "mirror", "tau": ["t^190+1", "t^200+t+1"]}
    ),
    "ten thousand variables": problem("system", variables=[f"x{i}" for i in range(10000)], drift=["x1*x2"] * 10000),
    "long words": lambda: changed("system", set_word),
    "long words of a network": lambda: changed("linear", set_word),
    "many laws": lambda: changed("system", lambda record: record.update(laws=["x^2-y^2"] * 20000)),
    "a law of many terms": lambda: changed(
        "momentum, one law",
        lambda record: record["laws"].append(
            "+".join(f"t^{i}*U1_1_1^{i % 70 + 1}*dU1_1_1^{i % 60 + 1}" for i in range(1, 199))
        ),
    ),
    "a point of many": lambda: changed("linear", lambda record: record["rank"].update(point=[1] * 3000000)),
    "a composite": lambda: changed("linear", lambda record: record["rank"].update(prime=(2**31 - 1) * (2**29 - 3))),
    "deep": lambda: changed("phi", lambda record: record["problem"].update(extra=nested(500))),
}


def nested(depth):
    out = []
    for _ in range(depth):
        out = [out]
    return out


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_records_end_soon_and_small(name, tmp_path):
    record = HOSTILE[name]()
    path = tmp_path / "hostile.json"
    path.write_text(json.dumps(record))
    start = time.perf_counter()
    accepted, line = verify_file(path)
    assert not accepted and "\n" not in line and len(line) < 500, line
    assert time.perf_counter() - start < 60
    assert "2 GB" not in line, line
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 3_000_000


def test_work_that_an_estimate_misses_is_ended():
    with pytest.raises(BeyondLimits, match="more than 0.5 s"):
        checker.bounded(time.sleep, 30, seconds=0.5)
    with pytest.raises(BeyondLimits, match="2 GB"):
        checker.bounded(bytearray, 4 << 30)


FILES = {
    "twice.json": b'{"schema": "sage_conslaw.certificate/2", "schema": "sage_conslaw.certificate/2"}',
    "float.json": b'{"dimension": 4.0}',
    "nan.json": b'{"dimension": NaN}',
    "exponent.json": b'{"dimension": 1e999}',
    "latin.json": b'{"\xe9": 1}',
    "list.json": b"[]",
    "none.json": b"null",
    "deep.json": b"[" * 100_000,
    "empty.json": b"",
    "cut.json": b"{",
    "long.json": b'{"schema": 1' + b"0" * 5000 + b"}",
    "bom.json": b"\xef\xbb\xbf{}",
    "dup.json": b'{"a": {"b": 1, "b": 2}}',
    "wide.json": b"[" + b"[]," * 3_000_000 + b"[]]",
}


@pytest.mark.parametrize("name", FILES)
def test_files_that_are_no_certificates(name, tmp_path, capsys):
    path = tmp_path / name
    path.write_bytes(FILES[name])
    accepted, line = verify_file(path)
    assert not accepted and line.startswith("rejected: ") and "\n" not in line and len(line) < 400
    assert main([str(path)]) == 1
    out = capsys.readouterr().out
    assert out.startswith(f"{name}: rejected: ") and out.count("\n") == 1 and len(out) < 400
    with pytest.raises(CertificateError):
        check({"schema": name})


def test_only_regular_files_of_32_megabytes_are_read(tmp_path):
    pipe, large = tmp_path / "pipe", tmp_path / "large.json"
    os.mkfifo(pipe)
    with open(large, "wb") as stream:
        stream.truncate(LIMITS["bytes"] + 1)
    for path, words in ((pipe, "regular"), ("/dev/zero", "regular"), (tmp_path, "regular"), (large, "bytes")):
        start = time.perf_counter()
        accepted, line = verify_file(path)
        assert not accepted and words in line and time.perf_counter() - start < 10
        with pytest.raises(Rejected):
            load(path)


def test_the_plain_checker_limits_itself(tmp_path):
    """Run as a command it takes 2 GB of address space at most, and needs nothing of the package but its own file."""
    alone = tmp_path / "check.py"
    with open(sys.modules[verify.__module__].__file__, encoding="utf8") as source:
        alone.write_text(source.read())
    good = tmp_path / "good.json"
    good.write_text(json.dumps(certificate("attention")))
    done = subprocess.run(
        [sys.executable, "-I", "-S", str(alone), str(good), "/dev/zero"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 1 and not done.stderr
    first, second = done.stdout.splitlines()
    assert first.startswith(
        "good.json: verified: 2 independent laws in dimension 4, complete: 2 + 2 = 4; attention 1 1"
    )
    assert "the graph in this file is attention 1 1 is not checked here" in first
    assert second == "zero: rejected: this is not a regular file"
