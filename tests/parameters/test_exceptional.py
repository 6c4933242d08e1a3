r"""Exceptional parameter values: known answers, and a brute-force oracle that runs every point of a grid."""
import json
import os
import random
import signal
import time
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from sage_conslaw._sage import QQ, PolynomialRing
from sage_conslaw import TimeLimitReached, conservation_laws, exceptional_parameters, is_conserved, networks, system
from sage_conslaw.cli.command import cli
from sage_conslaw.runtime.deadline import ComputationLost
from sage_conslaw.parameters import branches as branch_room
from sage_conslaw.parameters.rank_drops import rank_drops
from sage_conslaw.parameters.pivots import cores, rank_and_factors
from sage_conslaw.parameters.varieties import whole_space
from sage_conslaw.inputs.systems import read_record

BIOMODELS = {
    entry["name"]: entry
    for entry in json.loads((Path(__file__).parent.parent / "data" / "biomodels.json").read_text())["systems"]
}


def at(drift, parameters, variables, values):
    r"""Return the system with numbers for the parameters, put in by Sage and not by the package."""
    ring = PolynomialRing(QQ, [*parameters, *variables], len(parameters) + len(variables))
    point = [QQ(values[name]) for name in parameters] + list(ring.gens()[len(parameters):])
    return system(variables, [str(ring(text.replace("**", "^"))(*point)) for text in drift])


def conditions(result):
    return {frozenset(str(f) for f in branch.condition) for branch in result.branches}


# Known answers: variables, drift, parameters, options, {conditions: number of new laws}, complete
# ----------------------

KNOWN = {
    # theory: BIOMD758 with k1 = 0 conserves k3/2 x1^2 - k4 x1 + k2 x2
    "quadratic at k1 = 0": (
        ["x1", "x2"],
        ["k1*x1 + k2*x2", "-(k3*x1 - k4)*x2"],
        ["k1", "k2", "k3", "k4"],
        {"codimension": 1},
        {("k1",): 1},
        False,
    ),
    "Lorenz": (
        ["x", "y", "z"],
        ["s*(y - x)", "r*x - y - x*z", "x*y - b*z"],
        ["s", "r", "b"],
        {"codimension": 3},
        {("s",): 1},
        True,
    ),
    "Lorenz, degree 3": (
        ["x", "y", "z"],
        ["s*(y - x)", "r*x - y - x*z", "x*y - b*z"],
        ["s", "r", "b"],
        {"codimension": 3, "degree": 3},
        {("s",): 1, ("b + 1", "s"): 1},
        True,
    ),
    "SIR": (["S", "I", "R"], ["-b*S*I", "b*S*I - g*I", "g*I"], ["b", "g"], {}, {("b",): 1, ("g",): 1}, True),
    "rigid body": (
        ["x", "y", "z"],
        ["a*y*z", "b*x*z", "c*x*y"],
        ["a", "b", "c"],
        {"codimension": 3},
        {("a",): 1, ("b",): 1, ("c",): 1},
        True,
    ),
    # x y z is conserved if x' = a x, y' = b y, z' = c z with a + b + c = 0; with equal weights x y is if a + b = 0.
    "sum of rates": (
        ["x", "y", "z"],
        ["a*x", "b*y", "c*z"],
        ["a", "b", "c"],
        {"codimension": 1, "degree": 3},
        None,
        False,
    ),
    "three species": (
        ["x", "y", "z"],
        ["x*(a*y + b*z)", "y*(c*x + d*z)", "z*(e*x + f*y)"],
        ["a", "b", "c", "d", "e", "f"],
        {"codimension": 1, "degree": 1},
        {("a*d*e + b*c*f",): 1},
        False,
    ),
    "codimension 2 at zero": (["x", "y"], ["k1*x + k2*y", "x^2 + y"], ["k1", "k2"], {}, {("k1", "k2"): 1}, True),
    "codimension 2 at a point": (
        ["x", "y"],
        ["(k1 - 1)*x + (k2 - 2)*y", "y^2 + x"],
        ["k1", "k2"],
        {},
        {("k1 - 1", "k2 - 2"): 1},
        True,
    ),
    "a curve": (["x", "y"], ["(k1 - k2^2)*x", "y"], ["k1", "k2"], {"degree": 1}, {("k2^2 - k1",): 1}, True),
    # where the line and the curve meet both laws hold, x and x - y, and nothing is new
    "a curve and a line": (
        ["x", "y"],
        ["(k1 - k2^2)*x", "(k1 - k2^2)*x + k1*y"],
        ["k1", "k2"],
        {"degree": 1},
        {("k2^2 - k1",): 1, ("k1",): 1},
        True,
    ),
    "a curve and a point on it": (
        ["x", "y"],
        ["(k1 - k2^2)*x", "k1*y + k2*x^2"],
        ["k1", "k2"],
        {"degree": 1},
        {("k2^2 - k1",): 1, ("k1", "k2"): 1},
        True,
    ),
    "an irrational value": (["x", "y"], ["y", "(k^2 - 2)*x"], ["k"], {"degree": 1}, {("k^2 - 2",): 1}, True),
    "no real value": (["x", "y"], ["y", "(k^2 + 1)*x"], ["k"], {"degree": 1}, {("k^2 + 1",): 1}, True),
    "a cusp": (["x", "y"], ["y", "(k1^2 - k2^3)*x"], ["k1", "k2"], {"degree": 1}, {("k2^3 - k1^2",): 1}, False),
    "a pole": (["x", "y"], ["(k1*k2 - 1)*x", "y + x"], ["k1", "k2"], {"degree": 1}, {("k1*k2 - 1",): 1}, True),
    "a graph without its pole": (
        ["x", "y"],
        ["(k1*k2 - k3)*x", "y + x"],
        ["k1", "k2", "k3"],
        {"degree": 1, "codimension": 3},
        {("k1*k2 - k3",): 1},
        True,
    ),
    "resonances": (
        ["x", "y"],
        ["k*x", "2*y"],
        ["k"],
        {"degree": 3},
        {("k",): 1, ("k + 1",): 1, ("k + 2",): 1, ("k + 4",): 1},
        True,
    ),
    "none": (["x", "y"], ["x + k*y^2", "y"], ["k"], {}, {}, True),
    "a parameter that does not occur": (["x", "y"], ["y", "-x"], ["k"], {}, {}, True),
    "no field where k = 0": (["x", "y"], ["k*x", "k*y"], ["k"], {}, {("k",): 2}, True),
}


@pytest.mark.parametrize("name", KNOWN)
def test_known_answers(name):
    variables, drift, parameters, options, expected, complete = KNOWN[name]
    result = exceptional_parameters(system(variables, drift, parameters=parameters), seed=1, **options)
    if expected is not None:
        assert {tuple(sorted(map(str, branch.condition))): len(branch.laws) for branch in result.branches} \
            == {tuple(sorted(key)): value for key, value in expected.items()}
    assert result.complete is complete
    check_branches(result, variables, drift, parameters)


def check_branches(result, variables, drift, parameters):
    r"""Check by substitution that every law of a rational branch is conserved at a point of it, and nothing is listed
    twice."""
    draw = random.Random(5)
    assert len(conditions(result)) == len(result.branches)
    for branch in result.branches:
        if not branch.solution:
            continue
        free = {name: QQ((draw.randint(3, 40), draw.randint(1, 7))) for name in parameters}
        field = PolynomialRing(QQ, parameters, len(parameters)).fraction_field()
        values = dict(free)
        for name, text in branch.solution:
            values[name] = QQ(field(text)(*[free[p] for p in parameters]))
        numbers = at(drift, parameters, variables, values)
        for law in branch.laws + branch.limits:
            ring = law.parent()
            special = ring(law(*[values.get(str(g), g) for g in ring.gens()]))
            assert special.variables() and is_conserved(special, numbers)
        found = conservation_laws(numbers, degree=result.degree, seed=0)
        assert len(found.independent) == branch.independent


def test_sum_of_rates():
    r"""Degree 3 in three exponentials: one hyperplane for each exponent (i, j, k) up to multiples, i + j + k <= 3."""
    result = exceptional_parameters(
        system(["x", "y", "z"], ["a*x", "b*y", "c*z"], parameters=["a", "b", "c"]), degree=3, codimension=1
    )
    exponents = {e for e in product(range(4), repeat=3) if 0 < sum(e) <= 3 and np.gcd.reduce(e) == 1}
    assert len(result.branches) == len(exponents)
    for branch in result.branches:
        (law,) = branch.laws
        (condition,) = branch.condition
        (exponent,) = law.exponents()
        assert [condition.coefficient({g: 1}) for g in condition.parent().gens()[:3]] == list(exponent)[3:]


def test_controls_and_drift():
    """Without the control at k = 0 the drift conserves y; with a control in both directions nothing is conserved
    anywhere."""
    result = exceptional_parameters(system(["x", "y"], ["y", "0"], [["0", "k"]], parameters=["k"]))
    assert [(str(b.condition[0]), [str(law) for law in b.laws]) for b in result.branches] == [("k", ["y"])]
    result = exceptional_parameters(system(["x", "y"], ["y", "k"], [["1", "0"], ["0", "1"]], parameters=["k"]))
    assert result.branches == () and result.complete


def test_the_law_of_a_reaction_network_at_a_special_rate():
    result = exceptional_parameters(
        system(["x1", "x2"], ["k1*x1 + k2*x2", "-(k3*x1 - k4)*x2"], parameters=["k1", "k2", "k3", "k4"]), codimension=1
    )
    ((law,),) = [branch.laws for branch in result.branches]
    k1, k2, k3, k4, x1, x2 = law.parent().gens()
    assert law / law.monomial_coefficient(k2 * x2) == k3 / 2 * x1**2 - k4 * x1 + k2 * x2


def test_an_irrational_branch_holds_modulo_its_condition():
    family = system(["x", "y"], ["y", "(k^2 - 2)*y + 2*x"], parameters=["k"])
    result = exceptional_parameters(family, degree=2)
    (branch,) = [b for b in result.branches if b.condition[0].degree() == 2]
    (law,) = branch.laws
    k, x, y = law.parent().gens()
    derivative = law.derivative(x) * y + law.derivative(y) * ((k**2 - 2) * y + 2 * x)
    assert derivative and derivative % (k**2 - 2) == 0
    # and with a law that has the root among its coefficients: x' = k y, y' = 2 y at k^2 = 2
    result = exceptional_parameters(system(["x", "y"], ["k*y + (k^2 - 2)*x", "2*y"], parameters=["k"]), degree=1)
    assert [str(law) for branch in result.branches for law in branch.laws] == ["k*x - y"]


# A brute-force oracle
# --------------------------------------------------------------------------------------------------

def random_system(seed):
    r"""Return a random system in two or three variables whose coefficients are products of short linear forms in two
    parameters."""
    draw = random.Random(seed)
    variables = ["x", "y", "z"][:draw.choice([2, 2, 3])]
    forms = ["1", "k1", "k2", "(k1-1)", "(k1+k2)", "(k1-k2)", "(k1*k2-1)", "(2*k1-k2)", "(k1^2-k2)"]
    monomials = [*variables, *(f"{a}*{b}" for a in variables for b in variables if a <= b)]
    drift = []
    for _ in variables:
        terms = [
            f"{draw.choice([-2, -1, 1, 1, 2])}*{draw.choice(forms)}*{draw.choice(forms)}*{m}"
            for m in draw.sample(monomials, 2)
        ]
        drift.append(" + ".join(terms))
    return variables, drift


@pytest.mark.parametrize("seed", range(12))
def test_every_point_of_a_grid(seed):
    r"""There are more laws than generically exactly at the points of the grid that lie on a branch."""
    variables, drift = random_system(seed)
    parameters = ["k1", "k2"]
    family = system(variables, drift, parameters=parameters)
    result = exceptional_parameters(family, degree=2, seed=seed)
    generic = len(conservation_laws(family, degree=2, seed=seed).laws)
    check_branches(result, variables, drift, parameters)
    if not result.complete:
        assert result.not_followed
    for k1, k2 in product([-2, -1, 0, QQ(1) / 2, 1, 2, 4], repeat=2):
        on = [b for b in result.branches if all(f(k1, k2, *[0] * len(variables)) == 0 for f in b.condition)]
        number = len(conservation_laws(at(drift, parameters, variables, {"k1": k1, "k2": k2}), degree=2, seed=0).laws)
        assert (number > generic) == bool(on), (k1, k2, number, generic)


@pytest.mark.parametrize("seed", range(4))
def test_a_linear_change_of_parameters_moves_the_branches(seed):
    variables, drift = random_system(seed)
    ring = PolynomialRing(QQ, ["k1", "k2", *variables], 2 + len(variables))
    k1, k2, *z = ring.gens()
    moved = [str(ring(f)(k1 + 2 * k2, k2 - 1, *z)) for f in drift]
    before = exceptional_parameters(system(variables, drift, parameters=["k1", "k2"]), seed=seed)
    after = exceptional_parameters(system(variables, moved, parameters=["k1", "k2"]), seed=seed)
    assert sorted((b.codimension, b.independent, len(b.laws)) for b in before.branches) \
        == sorted((b.codimension, b.independent, len(b.laws)) for b in after.branches)
    ideals = {
        frozenset(ring.ideal([ring(f)(k1 + 2 * k2, k2 - 1, *z) for f in b.condition]).groebner_basis())
        for b in before.branches
    }
    assert ideals == {frozenset(ring.ideal([ring(f) for f in b.condition]).groebner_basis()) for b in after.branches}


@pytest.mark.parametrize("name", [name for name, entry in BIOMODELS.items() if len(entry["variables"]) <= 7])
def test_reaction_networks(name):
    entry = BIOMODELS[name]
    result = exceptional_parameters(read_record(entry), degree=2, codimension=1, seed=0)
    assert result.codimension == 1 and not result.not_followed
    check_branches(result, entry["variables"], entry["drift"], entry["parameters"])


# The parts
# -------------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize("seed", range(20))
def test_the_rank_drops_only_on_the_candidates(seed):
    r"""A random matrix at random small values: a smaller rank means that a candidate vanishes there."""
    draw = random.Random(seed)
    ring = PolynomialRing(QQ, ["a", "b"])
    a, b = ring.gens()
    entries = [ring(0), ring(0), ring(1), ring(2), a, b, a - b, a * b, a + 1, b**2 - a]
    rows = [{c: e for c in range(4) if (e := draw.choice(entries))} for _ in range(4)]
    constants, parts = cores(rows)
    total, factors = constants, []
    for part in parts:
        rank, some = rank_and_factors(part)
        total, factors = total + rank, factors + some
    from sage_conslaw._sage import matrix
    table = matrix(ring, 4, 4, {(r, c): e for r, row in enumerate(rows) for c, e in row.items()})
    assert table.change_ring(ring.fraction_field()).rank() == total
    for x, y in product(range(-3, 4), repeat=2):
        if matrix(QQ, 4, 4, [f(x, y) for f in table.list()]).rank() < total:
            assert any(f(x, y) == 0 for f in factors)


def test_varieties():
    ring = PolynomialRing(QQ, ["a", "b", "c"])
    a, b, c = ring.gens()
    line = whole_space(ring).within(a * b - c)
    assert line.vanishes(a * b - c) and not line.vanishes(a)
    # The graph a = c/b has the closure a b = c; a point of it modulo a prime satisfies the equation.
    p = 2**61 - 1
    x, y, z = line.point(np.random.default_rng(0), p)
    assert (x * y - z) % p == 0
    twice = whole_space(ring).within(a - b).within(b - c)
    assert set(twice.ideal()) == set(whole_space(ring).within(b - c).within(a - c).ideal())
    assert line.contains(whole_space(ring).within(a).within(c)) and not twice.contains(line)
    root = whole_space(ring).within(a**2 - b**3)
    assert root.vanishes(a**4 - b**6) and not root.vanishes(a - b)


def test_one_parameter_by_both_calls():
    family = system(["x", "y"], ["k*y", "(k-1)*(2*k-3)*(k^2+1)*x"], parameters=["k"])
    values, other = rank_drops(family, np.random.default_rng(0))
    assert [str(v) for v in values] == ["0", "1", "3/2"] and other == 2
    assert conditions(exceptional_parameters(family)) == {frozenset([f]) for f in ("k", "k - 1", "2*k - 3", "k^2 + 1")}


# Limits and bad input
# --------------------------------------------------------------------------------------------------

MANY = system(["x", "y"], ["(k1-1)*(k1-2)*x", "(k2^2-2)*x + k1*y"], parameters=["k1", "k2"])


def stop_after_first(monkeypatch, action):
    whole = branch_room.BranchSearch._branch

    def stopping(self, variety, numbers):
        if self.found:
            action()
        return whole(self, variety, numbers)
    monkeypatch.setattr(branch_room.BranchSearch, "_branch", stopping)


def test_time_limit_leaves_the_branches_found(monkeypatch):
    stop_after_first(monkeypatch, lambda: time.sleep(60))
    start = time.monotonic()
    with pytest.raises(TimeLimitReached) as reached:
        exceptional_parameters(MANY, time_limit=1.5)
    assert time.monotonic() - start < 6
    partial = reached.value.partial
    assert len(partial["exceptional"]) == 1 and partial["exceptional_complete"] is False
    assert partial["exceptional_searched"] == "codimension 1 begun, not ended"
    json.dumps(partial)


def test_a_killed_computation_leaves_the_branches_found(monkeypatch):
    stop_after_first(monkeypatch, lambda: os.kill(os.getpid(), signal.SIGKILL))
    with pytest.raises(ComputationLost, match="exit code -9") as lost:
        exceptional_parameters(MANY)
    assert len(lost.value.partial["exceptional"]) == 1
    assert len(conservation_laws(MANY).laws) == 0


def test_a_large_network_keeps_the_time_limit():
    start = time.monotonic()
    with pytest.raises(TimeLimitReached):
        exceptional_parameters(read_record(BIOMODELS["bm431"]), degree=2, codimension=2, time_limit=1)
    assert time.monotonic() - start < 6


def test_what_is_too_large_is_said(monkeypatch):
    monkeypatch.setattr("sage_conslaw.parameters.pivots.MAX_TERMS", 1)
    result = exceptional_parameters(MANY, degree=1)
    assert result.not_followed and result.complete is False and "not searched: " in repr(result)


@pytest.fixture
def lorenz(tmp_path):
    path = tmp_path / "lorenz.json"
    path.write_text(json.dumps({"variables": ["x", "y", "z"], "parameters": ["s", "r", "b"],
                                "drift": ["s*(y-x)", "r*x-y-x*z", "x*y-b*z"]}))
    return str(path)


def test_command_line(lorenz, capsys):
    assert cli.main(["laws", "--system", lorenz, "--exceptional"]) == 0
    out = capsys.readouterr().out
    assert (
        "where s = 0: 1 new law, 1 independent\n  x\n" in out
        and "searched: all branches of codimension at most 2" in out
    )
    assert cli.main(["laws", "--system", lorenz, "--exceptional", "--json", "--degree", "3", "--codimension", "3"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert [branch["condition"] for branch in record["exceptional"]] == [["s"], ["b + 1", "s"]]
    assert record["exceptional"][1]["laws"] == ["x*y^2 - 2*r*x*z + x*z^2 + 2*y*z"]
    assert record["laws"] == [] and record["exceptional_complete"] is True and record["exceptional_not_followed"] == []


def test_time_limit_on_the_command_line(lorenz, capsys, monkeypatch):
    stop_after_first(monkeypatch, lambda: time.sleep(60))
    arguments = [
        "laws",
        "--system",
        lorenz,
        "--exceptional",
        "--degree",
        "3",
        "--codimension",
        "3",
        "--time-limit",
        "2",
    ]
    assert cli.main(arguments) == 3
    out, err = capsys.readouterr()
    assert "where s = 0" in out and err.count("\n") == 1 and "time limit of 2 s" in err
    assert cli.main([*arguments, "--json"]) == 3
    record = json.loads(capsys.readouterr().out)
    assert len(record["exceptional"]) == 1 and record["degree"] == 3


@pytest.mark.parametrize("arguments, said", [
    (["linear", "2", "2", "--exceptional"], "--exceptional needs parameters"),
    (["--phi", "x*y", "--exceptional"], "--exceptional needs parameters"),
    (["--system", "FILE", "--codimension", "2"], "--codimension belongs to --exceptional"),
    (["--system", "FILE", "--exceptional", "--codimension", "two"], "--codimension 'two' is not an integer"),
    (["--system", "FILE", "--exceptional", "--codimension", "0"], "codimension 0 is not a positive integer"),
    (["--system", "FILE", "--exceptional", "--latex"], "--exceptional prints text or --json"),
    (["--system", "FILE", "--exceptional", "--degree", "0"], "degree 0 is not a positive integer"),
    (["--system", "FILE", "--exceptional", "--time-limit", "soon"], "is not a number of seconds"),
])
def test_bad_options(arguments, said, lorenz, capsys):
    assert cli.main(["laws", *(lorenz if a == "FILE" else a for a in arguments)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1 and said in err


@pytest.mark.parametrize("data, options, error, said", [
    (system(["x"], ["x"]), {}, ValueError, "has no parameters"),
    (networks.linear([2, 2]), {}, ValueError, "has no parameters"),
    (MANY, {"codimension": "two"}, TypeError, "codimension 'two' is not an integer"),
    (MANY, {"codimension": -1}, ValueError, "codimension -1 is not a positive integer"),
    (MANY, {"degree": 0}, ValueError, "degree 0"), (MANY, {"time_limit": "soon"}, TypeError, "time_limit"),
    (MANY, {"seed": "x"}, TypeError, "seed"), (42, {}, ValueError, "phi contains only numbers")])
def test_bad_input(data, options, error, said):
    with pytest.raises(error, match=said):
        exceptional_parameters(data, **options)


def test_the_same_seed_gives_the_same_result():
    first, second = (exceptional_parameters(MANY, seed=3) for _ in range(2))
    assert first == second and repr(first) == repr(second)
