"""Syzygies find the same laws as linear algebra, also after a linear change of variables."""
import json
from pathlib import Path

import pytest
from sage.all import QQ, PolynomialRing, matrix

from sage_conslaw import TimeLimitReached, VectorFieldFamily, conservation_laws, flows, networks
from sage_conslaw.fields.terms import from_sage, to_sage
from sage_conslaw.inputs import parse_polynomials

CLASSIC = {entry["name"]: entry for entry in json.loads((Path(__file__).parent / "data" / "classic.json").read_text())["systems"]}
VALUES = {"a": 2, "b": 3, "c": 5, "d": 7, "s": 2, "r": 3, "m": 0, "A": 1, "B": 2, "k1": 1, "km1": 2, "k2": 3, "k3": 4, "g": 2}


def fields_of(entry):
    """Return the drift with numbers for the parameters, in a Sage ring."""
    names = entry["parameters"] + entry["variables"]
    ring = PolynomialRing(QQ, entry["variables"], len(entry["variables"]))
    whole = PolynomialRing(QQ, names, len(names))
    point = [QQ(VALUES[p]) for p in entry["parameters"]] + list(ring.gens())
    return [ring(to_sage(f, whole)(*point)) for f in parse_polynomials(entry["drift"], names)[1]]


def space(laws, ring):
    """Return the echelon form of the span of some laws."""
    columns = sorted({m for law in laws for m in from_sage(ring(law))})
    rows = [[from_sage(ring(law)).get(m, 0) for m in columns] for law in laws]
    reduced = matrix(QQ, len(rows), len(columns), [QQ((x.numerator, x.denominator)) if x else 0 for row in rows for x in row]).echelon_form()
    return columns, reduced


def agree(data, **options):
    first = conservation_laws(data, algorithm="modular", seed=0, **options)
    second = conservation_laws(data, algorithm="syzygies", seed=0, **options)
    ring = first.laws[0].parent() if first.laws else None
    assert len(first.laws) == len(second.laws) and first.number == second.number
    if ring is not None:
        assert space(first.laws, ring) == space(second.laws, ring)
    return second


@pytest.mark.parametrize("name", [name for name in CLASSIC if name != "henon_heiles_kdv5"])
@pytest.mark.parametrize("degree", [1, 2, 3])
def test_classical_systems(name, degree):
    agree(VectorFieldFamily(drift=fields_of(CLASSIC[name])), degree=degree)


@pytest.mark.parametrize("name", ["euler_top", "rikitake_a0", "toda_open_3_flaschka", "volterra_periodic_4", "lagrange_top"])
@pytest.mark.parametrize("seed", [0, 1])
def test_a_linear_change_of_variables_keeps_the_number_of_laws(name, seed):
    """The published library loses laws here: independence is linear algebra, not leading terms."""
    import random
    drift = fields_of(CLASSIC[name])
    ring, n = drift[0].parent(), len(drift)
    generator = random.Random(seed)
    while True:
        change = matrix(QQ, n, n, [generator.randint(-2, 2) for _ in range(n * n)])
        if change.det():
            break
    # y = A x: y' = A F(A^-1 y).
    old = list(change.inverse() * matrix(ring, n, 1, ring.gens()).column(0))
    moved = [f(*old) for f in drift]
    new = [sum(change[i, j] * moved[j] for j in range(n)) for i in range(n)]
    before = agree(VectorFieldFamily(drift=drift), degree=2)
    after = agree(VectorFieldFamily(drift=new), degree=2)
    assert len(before.laws) == len(after.laws)


@pytest.mark.parametrize("net, options", [
    (networks.product(3), {}), (networks.linear([2, 2, 2]), {}), (networks.linear([1, 2, 2, 1]), {}), (networks.relu([2, 2, 1], bias=True), {}),
    (networks.linear([2, 1, 2]), {"loss": "cross-entropy"}), (networks.nmf(2, 1, 2), {}),
    (networks.product(2), {"flow": flows.momentum(1), "degree": 3})], ids=str)
def test_networks(net, options):
    agree(net, **options)


def test_time_limit_is_kept_by_a_groebner_computation(monkeypatch):
    import time

    import sage_conslaw.groebner.syzygies as room
    monkeypatch.setattr(room, "_module_basis", lambda rows: time.sleep(60))
    start = time.monotonic()
    with pytest.raises(TimeLimitReached) as reached:
        conservation_laws(networks.linear([2, 2, 2]), algorithm="syzygies", time_limit=1)
    assert time.monotonic() - start < 10 and reached.value.partial["number_at_most"] == 8


def test_a_crash_of_the_groebner_computation_is_an_error_here(monkeypatch):
    import os
    import signal

    import sage_conslaw.groebner.syzygies as room
    monkeypatch.setattr(room, "_module_basis", lambda rows: os.kill(os.getpid(), signal.SIGSEGV))
    with pytest.raises(ArithmeticError, match="crashed"):
        conservation_laws(networks.linear([2, 2, 2]), algorithm="syzygies")
