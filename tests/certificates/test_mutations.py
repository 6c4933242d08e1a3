"""Changed certificates with the right digest: a sample of the 15,000 of ``mutations.py``, and the forgeries that were
accepted once."""
import copy
import itertools

import pytest
from certificates import oracle
from certificates.kinds import PROBLEMS, certificate
from certificates.mutations import repaired, run, run_dimensions, verdicts

from sage_conslaw import networks
from sage_conslaw.certificates.graph_record import network_record
from sage_conslaw.certificates.record import digest


def test_the_oracle_agrees_with_every_kind():
    for name in PROBLEMS:
        assert oracle.falsehood(certificate(name)) is None, name


def test_the_oracle_sees_what_is_false():
    record = certificate("system")
    for wrong in (
        record | {"laws": [record["laws"][0], "x+y"]},
        record | {"statement": record["statement"].replace("2 ind", "3 ind")},
        record | {"dimension": 2},
        record | {"laws": ["1"]},
        record | {"laws": [record["laws"][0]]},
        certificate("span") | {"assumption": "none"},
        certificate("relu with bias") | {"real": {"parameters": [1] * 6, "samples": [[1], [2]]}},
    ):
        assert oracle.falsehood(wrong) is not None


def test_what_is_accepted_is_true():
    counts, forgeries, _ = run(160, 1)
    assert not forgeries, forgeries[0][:2]
    # The sample is worth something: some are accepted, most are not.
    assert counts["rejected"] > 80 and counts["plain and package"] > 2


def test_what_is_accepted_of_dimensions_is_true():
    counts, forgeries = run_dimensions(80, 1)
    assert not forgeries, forgeries[0][:2]
    assert counts["dimensions: rejected"] > 40 and counts["dimensions: plain and package"] > 2


def test_both_checkers_refuse_needless_words():
    """The one growth certificate that the package accepted alone: more words than parameters."""
    record = copy.deepcopy(certificate("growth, gated"))
    record["width"]["segments"][0]["words"] = [4000]
    assert rejected(signed(record))


def forged(name, **changes):
    """Return a certificate with parts replaced, minors and statement made to fit, and the right digest."""
    record = copy.deepcopy(certificate(name))
    for key, value in changes.items():
        if key in record:
            record[key] = value
        else:
            record["problem"][key] = value
    record = repaired(record)
    return record | {"digest": digest(record)}


def signed(record, **changes):
    """Return a record with parts replaced as they are, and the right digest."""
    record = record | changes
    return record | {"digest": digest(record)}


def rejected(record):
    assert verdicts(record) == []
    return True


# -- the six families of forgeries that schema 1 let pass ---------------------------------------------------


def test_repeated_constants_and_negative_dimensions():
    """Constants are no longer in a record: repeated parameters, or a variable that is one, are refused."""
    assert rejected(forged("system", constants=[0, 1, 2, 0, 1]))
    assert rejected(forged("system with parameters", parameters=["a", "b", "a"]))
    assert rejected(forged("system with parameters", parameters=["a", "b", "x"]))
    assert rejected(forged("system", parameters=["x", "y"], variables=["z"]))
    record = forged("system")
    assert rejected(signed(record, dimension=-1))
    assert rejected(signed(record, dimension=1))


@pytest.mark.parametrize(
    "metric",
    [
        {"at": "state", "entries": [], "denominator": "1"},
        {"at": "state", "entries": [[0, 0, "1"]], "denominator": "1"},
        {
            "at": "state",
            "entries": [[0, 0, "1"], [0, 1, "1"], [1, 0, "1"], [1, 1, "1"], [2, 2, "1"], [3, 3, "1"]],
            "denominator": "1",
        },
        {"at": "dual", "entries": [[0, 0, "0"]], "denominator": "1"},
        {"at": "state", "entries": [[i, i, "1"] for i in range(4)], "denominator": "0"},
        {"positive": ["U3"]},
        {"positive": []},
        "singular",
    ],
)
@pytest.mark.parametrize("name", ["momentum, one law", "weight decay", "nesterov"])
def test_metrics_that_are_empty_or_singular(metric, name):
    flow = certificate(name)["problem"]["flow"]
    assert rejected(forged(name, flow=flow | {"metric": metric}))


def test_drifts_are_not_believed():
    """A momentum flow has the drift of its damping; another drift, or none, is another problem."""
    for drift in ("none", ["1"], ["1", "dx1", "dx2", "0", "0"]):
        assert rejected(forged("momentum", drift=drift))
    flow = certificate("momentum, one law")["problem"]["flow"]
    # Laws of tau = 0 are none of tau = 1.
    assert rejected(forged("momentum, one law", flow=flow | {"tau": ["1", "1"]}))
    assert rejected(forged("momentum, one law", flow=flow | {"tau": ["1", "0"]}))
    # The gradient flow's laws are none of momentum.
    assert rejected(forged("linear", flow=flow))


def test_losses_and_biases_of_custom_networks():
    """What the loss allows as covectors is derived; a bias is in the graph or nowhere."""
    for name in ("linear", "custom", "gated", "relu with bias"):
        record = forged(name, loss="cross-entropy")
        assert all(oracle.falsehood(record) is None for _ in verdicts(record))
    assert rejected(forged("cross-entropy", loss="least-squares"))
    assert rejected(forged("custom", options={"bias": 1}))
    assert rejected(forged("custom", options={"bias": 0}))
    assert rejected(forged("custom", sizes=[2, 2, 1]))
    assert rejected(forged("relu with bias", options={}))


@pytest.mark.parametrize("law", ["0", "1", "3/2", "a", "a*b", "0*x"])
def test_laws_that_are_zero_or_constant(law):
    record = certificate("system with parameters")
    assert rejected(forged("system with parameters", laws=[*record["laws"], law]))


@pytest.mark.parametrize(
    "key, value",
    [("dimension", 3.0), ("dimension", True), ("laws", {}), ("statement", 1), ("schema", "sage_conslaw.certificate/1")],
)
def test_types_are_exact(key, value):
    record = certificate("phi")
    assert rejected(signed(record, **{key: value}))
    for part in ("rank", "independence"):
        for inner, number in record[part].items():
            if isinstance(number, int):
                for wrong in (float(number), True, str(number), None):
                    assert rejected(signed(record, **{part: record[part] | {inner: wrong}}))


def test_a_graph_under_another_name():
    """The package compares the graph with the catalog; the plain checker says that it cannot, in what it prints."""
    from sage_conslaw.check import given
    graph = network_record(networks.linear([2, 1, 2]))
    for name, sizes in (
        ("transformer_block", [4096, 16384]),
        ("attention", [2, 1]),
        ("gated", [2, 1, 2]),
        ("perceptron", [2, 1, 2]),
    ):
        record = forged("gated", architecture=name, sizes=sizes, options={}, graph=graph)
        assert "package" not in verdicts(record)
        assert f"is {name} {' '.join(map(str, sizes))} is not checked here" in given(record)
        assert all(oracle.falsehood(record) is None for _ in verdicts(record))
    for name in ("linear", "relu", "product"):
        assert rejected(forged("gated", architecture=name, sizes=[2, 1, 2], options={}, graph=graph))


@pytest.mark.parametrize("keys", [("problem",), ("laws", "independence"), ("rank", "assumption", "real")], ids="-".join)
def test_parts_of_another_certificate(keys):
    """A true proof of one problem is none of another one, with the numbers as they are or made to fit."""
    names = ["linear", "cross-entropy", "momentum, one law", "weight decay", "real, two patterns", "span", "phi"]
    for name, other in itertools.permutations(names, 2):
        parts = {key: value for key, value in certificate(other).items() if key in keys}
        record = {key: value for key, value in certificate(name).items() if key not in keys or key in parts} | parts
        for changed in (record, repaired(record)):
            if verdicts(signed(changed)):
                assert oracle.falsehood(changed) is None, (name, other)
