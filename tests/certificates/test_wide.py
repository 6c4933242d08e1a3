"""Certificates of layered networks at any width: small parts against dense counts, and changed ones."""
import copy
import json
import random

import pytest
from certificates import oracle
from certificates.kinds import WIDE, certificate, wide
from certificates.mutations import mutant, verdicts

from sage_conslaw import check, conservation_laws, count_conservation_laws, networks
from sage_conslaw.certificates.files import verify_file, write
from sage_conslaw.certificates.record import digest


@pytest.mark.parametrize("network, number", [
    (networks.relu([784, 512, 256, 10], bias=True), 768),
    (networks.linear([784, 512, 256, 10]), 164224),
])
def test_half_a_million_parameters(network, number, tmp_path):
    """A few kB, verified by both checkers, in full."""
    path = tmp_path / "wide.json"
    write(conservation_laws(network, seed=0).certificate(), path)
    good, line = verify_file(path)
    assert good and line.startswith(f"verified by both checkers: {number} independent laws in dimension 53"), line
    assert "complete: " in line and f"{network.architecture} 784 512 256 10" in line
    assert path.stat().st_size < 4000


def test_parts_add_up_to_the_dense_count():
    """Both bounds hold at random small widths, and at most of these they meet."""
    draw, met = random.Random(5), 0
    for number in range(10):
        architecture, loss = draw.choice(["linear", "relu"]), draw.choice(["least-squares", "cross-entropy"])
        sizes = [draw.randint(1, 4) for _ in range(draw.randint(2, 4))] + [draw.randint(2, 4)]
        options = {"bias": 1} if architecture == "relu" and draw.random() < 0.5 else {}
        record = wide(architecture, sizes, options, loss, number)
        build = networks.linear(sizes) if architecture == "linear" else networks.relu(sizes, bias=bool(options))
        true = count_conservation_laws(build, loss=loss, real=False, seed=number)
        width = record["width"]["parts"]
        laws, rank = (sum(one["times"] * one[what] for one in width) for what in ("laws", "rank"))
        assert laws <= true.number and rank <= true.lie_dimension, (architecture, sizes, loss)
        assert record["statement"] == check.verify(record) and verdicts(record) == ["plain", "package"]
        assert oracle.falsehood(record) is None
        met += laws + rank == record["dimension"]
    assert met >= 7


def test_forged_parts_are_rejected():
    """More copies, other components, laws, numbers, problems: whatever is changed by hand."""
    draw = random.Random(3)
    for name in WIDE:
        record = certificate(name)
        places = [(p, k) for p in range(len(record["width"]["parts"])) for k in ("times", "rank", "laws")]
        for part, key in draw.sample(places, 3):
            forged = copy.deepcopy(record)
            forged["width"]["parts"][part][key] += 1
            assert not verdicts(forged | {"digest": digest(forged)}), (name, part, key)
        for change in ({"laws": record["laws"][:-1]}, {"dimension": record["dimension"] + 1},
                       {"problem": record["problem"] | {"sizes": [9, 9, 9]}}, {"assumption": "neither"}):
            forged = record | change
            assert not verdicts(forged | {"digest": digest(forged)})
    flow = {"name": "nesterov", "decay": "0", "metric": "euclidean"}
    for problem in ({"flow": flow}, {"architecture": "nmf"}, {"architecture": "gated"}, {"options": {"bias": 0}}):
        forged = certificate("wide relu") | {"problem": certificate("wide relu")["problem"] | problem}
        assert not verdicts(forged | {"digest": digest(forged)})


def test_components_must_have_the_neurons_of_the_network():
    record = certificate("wide linear, floating")
    for change in (
        lambda one: one.update(times=one["times"] + 1),
        lambda one: one["chains"].append([0, 1]),
        lambda one: one["chains"].append([9, 9]),
        lambda one: one["links"].append([0, 0, 5]),
        lambda one: one["chains"].__setitem__(0, [1, 0]),
    ):
        forged = json.loads(json.dumps(record))
        change(forged["width"]["components"][0])
        assert not verdicts(forged | {"digest": digest(forged)})


def test_what_is_accepted_of_changed_ones_is_true():
    generator, records, accepted = random.Random(7), [certificate(name) for name in WIDE], 0
    for _ in range(100):
        record = mutant(records, generator)
        if verdicts(record):
            accepted += 1
            assert oracle.falsehood(record) is None, record
    assert accepted > 3


def test_sizes_are_numbers():
    """A network of 10^18 parameters has a certificate; too many layers are too much work, not a crash."""
    record = wide("relu", [10**9] * 3, {"bias": 1}, "least-squares")
    assert verdicts(record) == ["plain", "package"]
    record["problem"]["sizes"] = [10**9] * 1000
    record["dimension"] = 999 * 10**18 + 998 * 10**9
    assert not verdicts(record | {"digest": digest(record)})
