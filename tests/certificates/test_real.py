"""Certificates with a real point: the assumption of the result is that of the certificate, and forged points are
rejected."""
import copy
import json

import pytest
from certificates.mutations import repaired, verdicts

from sage_conslaw import check, conservation_laws, flows, networks
from sage_conslaw.certificates.record import digest

X = networks.input(2)
W, V = networks.parameter("W", 2, 3), networks.parameter("V", 3, 1)
PIECEWISE = {
    "relu": (lambda: networks.relu([2, 3, 2]), {}),
    "bias, cross-entropy": (lambda: networks.relu([2, 3, 2], bias=True), {"loss": "cross-entropy"}),
    "icnn": (lambda: networks.icnn(3, 2, 1), {}),
    "leaky": (lambda: networks.perceptron([2, 3, 1], activation="leaky relu"), {}),
    "abs, decay": (lambda: networks.perceptron([2, 3, 1], activation="abs"), {"flow": flows.weight_decay("1/3")}),
    "max": (lambda: networks.convolutional([1, 2, 1], size=5, pool=2), {}),
    "momentum": (lambda: networks.relu([2, 2, 1], bias=True), {"flow": flows.momentum("1/2")}),
    "custom": (lambda: networks.custom((X @ W).relu() @ V), {}),
}


def record_of(name):
    build, options = PIECEWISE[name]
    result = conservation_laws(build(), seed=0, **options)
    return result, json.loads(json.dumps(result.certificate()))


def signed(record):
    return record | {"digest": digest(record)}


@pytest.mark.parametrize("name", PIECEWISE)
def test_the_assumption_is_that_of_the_result(name):
    result, record = record_of(name)
    assert result.assumption == record["assumption"] == "none"
    assert check.verify(record).endswith("on a region around the parameters in this file")
    assert verdicts(record) == ["plain", "package"]


def test_without_a_real_point_it_is_assumed():
    """Left out on request, and for smooth networks, where the line says why."""
    record = conservation_laws(networks.relu([2, 3, 2]), seed=0, real=False).certificate()
    assert record["assumption"] == "span" and "real" not in record and not verdicts(signed(record
                                                                                  | {"assumption": "none"}))
    record = conservation_laws(networks.gated(2, 1), seed=0).certificate()
    assert "not piecewise linear are no part of a certificate" in record["statement"]
    assert verdicts(record) == ["plain", "package"]


def test_networks_without_nonlinearity_assume_nothing():
    record = conservation_laws(networks.lora([3, 2], rank=1), seed=0).certificate()
    assert record["assumption"] == "none" and verdicts(record) == ["plain", "package"]
    # Nor do they need it of inputs that are marked as tokens: then it is assumed.
    forged = copy.deepcopy(record)
    next(node for node in forged["problem"]["graph"]["nodes"] if node["op"] == "input")["tokens"] = 1
    assert not verdicts(signed(forged))


def test_forged_points():
    _, record = record_of("relu")
    _, other = record_of("icnn")
    size = len(record["real"]["parameters"])
    for real in (
        {"parameters": [0] * size, "samples": record["real"]["samples"]},
        {"parameters": [1] * size, "samples": record["real"]["samples"]},
        {"parameters": record["real"]["parameters"][1:], "samples": record["real"]["samples"]},
        {"parameters": record["real"]["parameters"], "samples": record["real"]["samples"][:1]},
        {"parameters": record["real"]["parameters"], "samples": [[0, 0]] * len(record["real"]["samples"])},
        {"parameters": record["real"]["parameters"], "samples": [[1]] * len(record["real"]["samples"])},
    ):
        assert not verdicts(signed(repaired(record | {"real": real}))), real
    # Positive where the metric needs it.
    for place, value in enumerate(other["real"]["parameters"]):
        forged = copy.deepcopy(other)
        forged["real"]["parameters"][place] = -value
        accepted = verdicts(signed(repaired(forged)))
        assert accepted in ([], ["plain", "package"])
    names = [name for name in ("V", "U") for _ in range(6 if name == "V" else 2)]
    assert names.index("U") == 6 and min(other["real"]["parameters"][6:]) > 0


def test_letters_cannot_choose_their_gates():
    _, record = record_of("relu")
    forged = copy.deepcopy(record)
    full = conservation_laws(networks.relu([2, 3, 2]), seed=0, real=False).certificate()
    forged["rank"] = full["rank"]
    assert not verdicts(signed(forged))
    forged["rank"] = copy.deepcopy(record["rank"])
    forged["rank"]["words"][0][0]["sample"] = 10**6
    assert not verdicts(signed(forged))
    del forged["rank"]["words"][0][0]["sample"]
    assert not verdicts(signed(forged))
