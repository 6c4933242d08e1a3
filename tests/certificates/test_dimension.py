"""Certificates of dimensions: accepted as written, rejected with anything changed, by both checkers."""
import copy
import json
import random

import numpy as np
import pytest

from sage_conslaw import certificates, dimension, networks
from sage_conslaw.certificates.files import verify_file
from sage_conslaw.check import Rejected
from sage_conslaw.check_dimension import gradient, main, verify
from sage_conslaw.cli.command import cli

CASES = [([5, 4, 3, 1], 2), ([3, 2, 3], 1), ([2, 3, 2], 3), ([4, 2], 2), ([2, 1, 8, 1], 2), ([2, 5, 3, 4, 5, 3], 2)]


def certificate(widths, power):
    return dimension(networks.polynomial(widths, power), seed=0).certificate()


@pytest.mark.parametrize("widths, power", CASES)
def test_certificates_are_accepted(widths, power):
    record = json.loads(json.dumps(certificate(widths, power)))
    r = dimension(networks.polynomial(widths, power), seed=1)
    assert (record["dimension"], record["at_most"]) == (r.dimension, r.dimension_at_most)
    line = certificates.check_dimension(record)
    assert line == verify(record) and f"{r.dimension} at least" in line
    assert ("at least and at most" in line) == (r.status == "proved")


def test_the_plain_gradient_is_the_derivative():
    """Exact differences over the integers: a quadratic in one weight has the derivative (f(w + 1) - f(w - 1)) / 2."""
    draw, p = random.Random(0), (1 << 61) - 1
    w = [draw.randint(-9, 9) for _ in range(9)]
    x = [draw.randint(-9, 9) for _ in range(2)]

    def value(w):
        first, last = np.array(w[:6]).reshape(2, 3), np.array(w[6:]).reshape(3, 1)
        return int((((np.array(x) @ first) ** 2) @ last)[0])
    layers = [[[w[3 * i + j] for i in range(2)] for j in range(3)], [[w[6 + i] for i in range(3)]]]
    found = gradient(layers, 2, x, [1], p)
    for i in range(9):
        up, down = ([v + step * (k == i) for k, v in enumerate(w)] for step in (1, -1))
        assert (value(up) - value(down)) // 2 % p == found[i]


CHANGES = {
    "dimension": lambda r: r.update(dimension=r["dimension"] + 1),
    "bound": lambda r: r.update(at_most=r["at_most"] - 1),
    "minor": lambda r: r.update(minor=r["minor"] + 1),
    "a weight": lambda r: r["weights"].__setitem__(0, r["weights"][0] + 1),
    "an input twice": lambda r: r["inputs"].__setitem__(1, r["inputs"][0]),
    "a pivot twice": lambda r: r["pivots"].__setitem__(0, r["pivots"][1]),
    "power": lambda r: r.update(power=3),
    "widths": lambda r: r["widths"].__setitem__(-1, 2),
    "prime": lambda r: r.update(prime=(1 << 61) + 1),
    "a key": lambda r: r.update(more=1),
    "no key": lambda r: r.pop("minor"),
    "a float": lambda r: r["weights"].__setitem__(0, 1.0),
    "a truth": lambda r: r.update(power=True),
    "schema": lambda r: r.update(schema="sage_conslaw.dimension/2"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_changed_is_rejected(change):
    record = copy.deepcopy(certificate([5, 4, 3, 1], 2))
    CHANGES[change](record)
    with pytest.raises(Rejected):
        verify(record)
    with pytest.raises(certificates.CertificateError):
        certificates.check_dimension(record)


def test_the_commands(tmp_path, capsys):
    path = tmp_path / "d.json"
    assert cli.main(["dimension", "2", "2", "1", "--seed", "0", "--certificate", str(path)]) == 0
    assert cli.main(["verify", str(path)]) == 0
    assert "verified by both checkers: dimension 3 as expected" in capsys.readouterr().out
    assert main([str(path)]) == 0 and main([str(tmp_path / "none.json")]) == 2
    path.write_text(path.read_text(encoding="utf8").replace('"at_most": 3', '"at_most": 4'), encoding="utf8")
    assert verify_file(path)[0] is False and main([str(path)]) == 1
    path.write_text("[]", encoding="utf8")
    assert verify_file(path) == (False, "rejected: the schema is not sage_conslaw.certificate/2")
