"""Polynomial systems with parameters, from strings and files, against two collections with known answers.

``data/biomodels.json``: mass-action models of the BioModels repository as used by the benchmark of Desoeuvres et al.
(SIADS 2024), with the dimensions of their spaces of laws for generic parameters. ``data/classic.json``: classical
systems with their known integrals, each identity checked.
"""
import json
from pathlib import Path

import pytest
import sympy

from sage_conslaw import conservation_laws, is_conserved
from sage_conslaw._sage import QQ, PolynomialRing
from sage_conslaw.cli.command import cli
from sage_conslaw.expressions.polynomials import parse_polynomials
from sage_conslaw.inputs.systems import read_collection, read_record, read_system, system

DATA = Path(__file__).parent.parent / "data"
BIOMODELS = {entry["name"]: entry for entry in json.loads((DATA / "biomodels.json").read_text())["systems"]}
CLASSIC = {entry["name"]: entry for entry in json.loads((DATA / "classic.json").read_text())["systems"]}


@pytest.mark.parametrize("name", BIOMODELS)
def test_reaction_networks(name):
    entry = BIOMODELS[name]
    family = read_record(entry)
    for degree, key in ((1, "laws_degree_1"), (2, "laws_up_to_degree_2")):
        result = conservation_laws(family, degree=degree, seed=0)
        assert len(result.laws) == entry[key]["dimension"]
        assert len(result.independent) == entry[key]["independent"]


@pytest.mark.parametrize("name", CLASSIC)
def test_classical_systems(name):
    entry = CLASSIC[name]
    family = read_record(entry)
    for integral in entry["polynomial_integrals"]:
        assert is_conserved(integral.replace("**", "^"), family)
        assert not is_conserved(integral + "+" + family.names[-1], family) or family.drift[-1] == {}
    for degree, (dimension, rank) in entry.get("ansatz_dim_rank_by_degree", {}).items():
        if int(degree) <= 4:
            result = conservation_laws(family, degree=int(degree), seed=0)
            assert (len(result.laws), len(result.independent)) == (dimension, rank), degree


def test_laws_that_depend_on_the_parameters():
    result = conservation_laws(
        system(["x", "y", "z"], ["k1*x", "k2*x", "-k3*x"], parameters=["k1", "k2", "k3"]), degree=1
    )
    assert len(result.laws) == 2 and result.complete is True
    # The same by hand: k2 x - k1 y and k3 x + k1 z span the laws over Q(k).
    for law in ("k2*x - k1*y", "k3*x + k1*z", "k3*y + k2*z"):
        assert is_conserved(law, system(["x", "y", "z"], ["k1*x", "k2*x", "-k3*x"], parameters=["k1", "k2", "k3"]))


def test_quadratic_parameters_in_a_law():
    result = conservation_laws(system(["x", "y"], ["k^2*y", "-m*x"], parameters=["k", "m"]))
    (law,) = result.laws
    assert {str(m) for m in law.monomials()} == {"k^2*y^2", "m*x^2"}


def test_special_values_are_not_generic():
    """At k = 1 the system x' = y, y' = (k - 1) x conserves y; for indeterminate k it does not."""
    generic = conservation_laws(system(["x", "y"], ["y", "(k-1)*x"], parameters=["k"]), degree=1)
    special = conservation_laws(system(["x", "y"], ["y", "0"]), degree=1)
    assert (len(generic.laws), len(special.laws)) == (0, 1)


BAD = {
    "unknown name": ({"variables": ["x"], "drift": ["k*x"]}, "'k' is not known"),
    "missing equation": ({"variables": ["x", "y"], "drift": ["y"]}, "1 component for 2 variables"),
    "division by zero": ({"variables": ["x", "y"], "drift": ["x/(y - y)", "0"]}, "drift 1 (x')"),
    "function": ({"variables": ["x"], "drift": ["gamma(x)"]}, "not a function known here"),
    "code": ({"variables": ["x"], "drift": ["__import__('os').system('true')"]}, "syntax error"),
    "duplicate": ({"variables": ["x", "x"], "drift": ["x", "x"]}, "given twice"),
    "both": ({"variables": ["x"], "parameters": ["x"], "drift": ["x"]}, "a variable and a parameter"),
    "half an exponent notation": ({"variables": ["x"], "drift": ["5e-*x"]}, "neither a number nor a name"),
    "many": ({"variables": [f"x{i}" for i in range(10_000)], "drift": ["0"] * 10_000}, "too many"),
    "no fields": ({"variables": ["x"]}, "no drift"),
    "no variables": ({"drift": ["x"]}, "no variables"),
    "a list": ([1, 2], "an object"),
    "drift a string": ({"variables": ["x"], "drift": "x"}, "list of polynomials"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_systems_are_refused_in_one_line(name, tmp_path, capsys):
    record, said = BAD[name]
    path = tmp_path / "system.json"
    path.write_text(json.dumps(record))
    with pytest.raises(ValueError) as error:
        read_system(path)
    assert said in str(error.value)
    assert cli.main(["laws", "--system", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.count("\n") == 1


@pytest.mark.parametrize("text", ["", "{", "variables = [", "[[1,", "\x00"])
def test_files_that_are_neither_json_nor_toml(text, tmp_path):
    for suffix in (".json", ".toml"):
        path = tmp_path / f"system{suffix}"
        path.write_text(text)
        with pytest.raises(ValueError):
            read_system(path)


def test_files_on_the_command_line(tmp_path, capsys):
    path = tmp_path / "sir.toml"
    path.write_text('variables = ["S", "I", "R"]\nparameters = ["b", "g"]\ndrift = ["-b*S*I", "b*S*I - g*I", "g*I"]\n')
    assert cli.main(["laws", "--system", str(path), "--degree", "1", "--json"]) == 0
    record = json.loads(capsys.readouterr().out)
    assert record["laws"] == ["S + I + R"] and record["number"] == 2 and record["independent_laws_found"] == 1
    phi = tmp_path / "phi.json"
    phi.write_text(json.dumps({"variables": ["u", "v"], "phi": ["u*v"]}))
    assert cli.main(["laws", "--system", str(phi)]) == 0
    assert "u^2 - v^2" in capsys.readouterr().out


def test_controls_and_drift_together():
    """The Heisenberg system has no law; with the third direction dropped from the drift it has one."""
    heisenberg = system(["x", "y", "z"], ["0", "0", "0"], [["1", "0", "-y"], ["0", "1", "x"]])
    assert conservation_laws(heisenberg).number == 0
    names, fields = parse_polynomials(["y", "-x"], ["x", "y"])
    assert conservation_laws(system(names, ["y", "-x"], [["x*y", "-x^2"]])).laws[0].degree() == 2


def test_collections():
    assert len(read_collection(DATA / "biomodels.json")) == 37
    assert len(read_collection(DATA / "classic.json")) == len(CLASSIC)


def test_symbols_are_names():
    x, y, k = sympy.symbols("x y k")
    written = system(["x", "y"], ["k*y", "-x"], parameters=["k"])
    for family in (system([x, y], [k*y, -x], parameters=[k]), system({y: -x, x: k*y}, parameters={k: None})):
        assert sorted(family.names) == sorted(written.names)
        assert is_conserved("x^2 + k*y^2", family)
    ring = PolynomialRing(QQ, "x, y")
    assert system(ring.gens(), [ring.gen(1), -ring.gen(0)]).drift == system(["x", "y"], ["y", "-x"]).drift


def test_values_with_exponents_are_put_into_relations():
    family = system(["x", "y"], ["k*y", "-k*x"], relations=["x^2 + y^2 - r^2"], parameters={"k": "1e-3", "r": "2.e1"})
    assert family.variety.dimension == 1 and family.variety.contains({(0, 0): 1, (1, 1): 1, (): -400})
