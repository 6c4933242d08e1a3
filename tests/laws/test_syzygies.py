r"""Syzygies find the same laws as linear algebra, also after a linear change of variables."""
import json
import os
import signal
import time
from pathlib import Path

import pytest
from sage_conslaw._sage import QQ, PolynomialRing, matrix

from sage_conslaw import TimeLimitReached, VectorFieldFamily, conservation_laws, flows, networks
from sage_conslaw.cli.command import cli
from sage_conslaw.runtime.deadline import ComputationLost
from sage_conslaw.exact.terms import from_sage, to_sage
from sage_conslaw.runtime import isolated
from sage_conslaw.laws import syzygies
from sage_conslaw.expressions.polynomials import parse_polynomials
from sage_conslaw.inputs.systems import read_record, system

from cases import CASES
from spaces import Space, monomials

CLASSIC = {
    entry["name"]: entry
    for entry in json.loads((Path(__file__).parent.parent / "data" / "classic.json").read_text())["systems"]
}
VALUES = {
    "a": 2,
    "b": 3,
    "c": 5,
    "d": 7,
    "s": 2,
    "r": 3,
    "m": 0,
    "A": 1,
    "B": 2,
    "k1": 1,
    "km1": 2,
    "k2": 3,
    "k3": 4,
    "g": 2,
}


def fields_of(entry):
    """Return the drift with numbers for the parameters, in a Sage ring."""
    names = entry["parameters"] + entry["variables"]
    ring = PolynomialRing(QQ, entry["variables"], len(entry["variables"]))
    whole = PolynomialRing(QQ, names, len(names))
    point = [QQ(VALUES[p]) for p in entry["parameters"]] + list(ring.gens())
    return [ring(to_sage(f, whole)(*point)) for f in parse_polynomials(entry["drift"], names)[1]]


def agree(data, **options):
    first = conservation_laws(data, algorithm="modular", seed=0, **options)
    second = conservation_laws(data, algorithm="syzygies", seed=0, **options)
    assert len(first.laws) == len(second.laws) and first.number == second.number
    assert Space(first.laws) == Space(second.laws)
    return second


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_case(case):
    first, second = (case.find(algorithm=algorithm, proof=False, seed=0) for algorithm in ("modular", "syzygies"))
    assert len(first.laws) == len(second.laws)
    assert Space(first.laws) == Space(second.laws)
    assert f"all laws of degree at most {second.degree}" in second.searched


@pytest.mark.parametrize("name", CLASSIC)
@pytest.mark.parametrize("degree", [1, 2, 3])
def test_classical_systems(name, degree):
    agree(VectorFieldFamily(drift=fields_of(CLASSIC[name])), degree=degree)


@pytest.mark.parametrize(
    "name",
    ["euler_top", "rikitake_a0", "toda_open_3_flaschka", "volterra_periodic_4", "lagrange_top", "kovalevskaya_top"],
)
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


@pytest.mark.parametrize(
    "net, options",
    [
        (networks.product(3), {}),
        (networks.linear([2, 2, 2]), {}),
        (networks.linear([1, 2, 2, 1]), {}),
        (networks.relu([2, 2, 1], bias=True), {}),
        (networks.linear([2, 1, 2]), {"loss": "cross-entropy"}),
        (networks.nmf(2, 1, 2), {}),
        (networks.product(2), {"flow": flows.momentum(1), "degree": 3}),
    ],
    ids=str,
)
def test_networks(net, options):
    agree(net, **options)


def test_default_search_of_a_flow_with_time():
    """The default search is a product of two degrees, not one total degree."""
    agree(networks.product(2), flow=flows.momentum(1))
    agree(networks.linear([1, 2, 1]), flow=flows.momentum())


# The truncated module ------------------------------------------------------------------------------------------------

def syzygy_dimension(family, degree):
    r"""Return the dimension of the syzygies up to a degree by plain linear algebra: the kernel of all monomial
    multiples."""
    fields = family.polynomial_fields()
    ring = fields[0][0].parent()
    columns = [[m * field[j] for field in fields] for j in range(ring.ngens()) for m in monomials(ring, degree)]
    rows = {}
    for c, column in enumerate(columns):
        for i, f in enumerate(column):
            for exponents, value in f.dict().items():
                rows.setdefault((i, exponents), {})[c] = value
    table = matrix(
        QQ, len(rows), len(columns), {(r, c): v for r, row in enumerate(rows.values()) for c, v in row.items()}
    )
    return len(columns) - table.rank()


@pytest.mark.parametrize("drift, controls", [
    (["y*z + x^2", "x*z - 1", "x*y + z"], []), (["x^2", "y^2 - x", "z"], [["y", "z", "x"]]), (["1", "x", "y*z"], []),
    (["x*y", "x*y", "x*z"], [])], ids=["one field", "two fields", "inhomogeneous", "common factor"])
def test_the_truncated_module_has_the_right_dimension(drift, controls):
    family = system(["x", "y", "z"], drift, controls)
    columns = syzygies._Columns(family)
    for degree in range(5):
        forms = columns.forms(columns.basis(degree), degree)
        assert len(forms) == syzygy_dimension(family, degree)
        coordinates = sorted({(i, m) for form in forms for i, w in enumerate(form) for m in from_sage(w)})
        entries = [[QQ(str(from_sage(form[i]).get(m, 0))) for i, m in coordinates] for form in forms]
        assert matrix(QQ, len(forms), len(coordinates), entries).rank() == len(forms)


# Parameters ----------------------------------------------------------------------------------------------------------

BIOMODELS = {
    entry["name"]: entry
    for entry in json.loads((Path(__file__).parent.parent / "data" / "biomodels.json").read_text())["systems"]
}
PARAMETRIC = {
    "depends on parameters": (["x", "y", "z"], ["k1*x*y", "-k2*x*y", "k3*x*y"], ["k1", "k2", "k3"]),
    "rigid body": (["x", "y", "z"], ["a*y*z", "b*x*z", "c*x*y"], ["a", "b", "c"]),
    "quadratic in a parameter": (["x", "y"], ["k^2*y", "-m*x"], ["k", "m"]),
    "fraction": (["x", "y"], ["k*y/2 - y/3", "x"], ["k"]),
    "no law": (["x", "y"], ["x + y", "k*y"], ["k"]),
    "no field": (["x", "y"], ["0", "0"], ["k"]),
    "parameters that do not occur": (["x", "y"], ["y", "-x"], ["k", "m"]),
}


def agree_over_parameters(family, degree):
    """Equal dimensions over Q(k), and each law of one is in the span of the other over Q(k): a rank at a random
    value."""
    first = conservation_laws(family, degree=degree, algorithm="modular", seed=0)
    second = conservation_laws(family, degree=degree, algorithm="syzygies", seed=0)
    assert len(first.laws) == len(second.laws) and first.number == second.number
    assert all(family.conserved(list(second.terms)))
    if first.laws:
        ring = first.laws[0].parent()
        point = [QQ((17 * i + 5, i + 2)) for i in range(len(family.constants))] + list(
            ring.gens()[len(family.constants) :]
        )
        assert Space([law(*point) for law in first.laws]) == Space([law(*point) for law in second.laws])


@pytest.mark.parametrize("name", PARAMETRIC)
@pytest.mark.parametrize("degree", [1, 2])
def test_parameters(name, degree):
    variables, drift, parameters = PARAMETRIC[name]
    agree_over_parameters(system(variables, drift, parameters=parameters), degree)


SMALL = [name for name, entry in BIOMODELS.items() if len(entry["variables"]) <= 7]


@pytest.mark.parametrize("name", SMALL)
def test_small_reaction_networks(name):
    agree_over_parameters(read_record(BIOMODELS[name]), 2)


# Limits --------------------------------------------------------------------------------------------------------------

def stop_at(monkeypatch, degree, action):
    whole = syzygies._Columns.basis
    monkeypatch.setattr(syzygies._Columns, "basis",
                        lambda self, bound: action() if bound >= degree else whole(self, bound))


def test_time_limit_leaves_the_laws_of_lower_degree(monkeypatch):
    stop_at(monkeypatch, 2, lambda: time.sleep(60))
    start = time.monotonic()
    with pytest.raises(TimeLimitReached) as reached:
        conservation_laws(networks.linear([2, 2, 2]), algorithm="syzygies", time_limit=2, degree=4)
    assert time.monotonic() - start < 10
    partial = reached.value.partial
    assert partial["number_at_most"] == 8 and len(partial["laws"]) == 3
    assert not partial["all_laws_of_this_degree"] and "all laws of degree at most 2" in partial["searched"]


@pytest.mark.parametrize(
    "action, said",
    [
        (lambda: os.kill(os.getpid(), signal.SIGSEGV), "exit code"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "exit code -9"),
        (lambda: os._exit(0), "exit code 0"),
        (lambda: int("x"), "ValueError: invalid literal"),
    ],
    ids=["crash", "killed", "exit", "error"],
)
def test_a_lost_computation_leaves_the_laws_of_lower_degree(monkeypatch, action, said):
    stop_at(monkeypatch, 2, action)
    with pytest.raises(ComputationLost, match=said) as lost:
        conservation_laws(networks.linear([2, 2, 2]), algorithm="syzygies", degree=4)
    assert len(lost.value.partial["laws"]) == 3
    assert len(conservation_laws(networks.linear([2, 2, 2])).laws) == 3


def test_memory_limit(monkeypatch):
    """An allocation beyond the limit of the other process ends that process alone."""
    monkeypatch.setattr(isolated, "MEMORY_BYTES", 1 << 30)
    stop_at(monkeypatch, 2, lambda: bytearray(2 << 30))
    with pytest.raises(ComputationLost, match="MemoryError") as lost:
        conservation_laws(networks.linear([2, 2, 2]), algorithm="syzygies", degree=4)
    assert len(lost.value.partial["laws"]) == 3


def test_a_lost_computation_on_the_command_line(monkeypatch, capsys):
    stop_at(monkeypatch, 2, lambda: os.kill(os.getpid(), signal.SIGKILL))
    arguments = ["laws", "linear", "2", "2", "2", "--algorithm", "syzygies", "--degree", "3"]
    assert cli.main(arguments) == 3
    out, err = capsys.readouterr()
    assert (
        "U1_1_1^2" in out
        and "all laws of degree at most 2" in out
        and err.count("\n") == 1
        and "sound but not final" in err
    )
    assert cli.main([*arguments, "--json"]) == 3
    record = json.loads(capsys.readouterr().out)
    assert len(record["laws"]) == 3 and record["complete"] is None and record["time_limit_reached"] is False


def test_too_many_multiples_are_refused(monkeypatch, capsys):
    monkeypatch.setattr(syzygies, "MAX_MULTIPLES", 20)
    with pytest.raises(ValueError, match="have 30 multiples, more than 20; lower the degree"):
        conservation_laws(system(["x", "y"], ["0", "0"]), degree=8, algorithm="syzygies")
    assert cli.main(["laws", "linear", "2", "2", "2", "--degree", "9", "--algorithm", "syzygies"]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and "algorithm='modular'" in err


def test_the_symbolic_algorithm_knows_no_parameters():
    with pytest.raises(NotImplementedError, match="'modular' or 'syzygies'"):
        conservation_laws(system(["x"], ["k*x"], parameters=["k"]), algorithm="symbolic")
