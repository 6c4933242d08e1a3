"""Models of SBML and Antimony: agreement with the same equations written by hand, and what is refused by name."""
from math import prod

import pytest

from sage_conslaw import InputError, conservation_laws, read_system, system
from sage_conslaw._sage import QQ, PolynomialRing
from sage_conslaw.cli.command import cli

pytest.importorskip("libsbml")
pytest.importorskip("antimony")


def read(tmp_path, text, suffix=".ant"):
    path = tmp_path / f"model{suffix}"
    path.write_text(text, encoding="utf8")
    return read_system(path)


def agrees(family, other):
    """Say whether two families have the same field up to a factor, which changes the time alone."""
    ring = PolynomialRing(QQ, sorted({*family.names, *other.names}))

    def field(family):
        drift, *_ = family.sparse_fields()
        return {name: sum((c.numerator * prod(ring(family.names[i]) for i in m) / ring(c.denominator)
                           for m, c in terms.items()), ring.zero()) for name, terms in zip(family.names, drift)}

    one, two = field(family), field(other)
    moving = [name for name in one if one[name]]
    return set(moving) == {name for name in two if two[name]} and moving != [] and all(
        one[x] * two[moving[0]] == two[x] * one[moving[0]] for x in moving)


# (name, Antimony, variables, equations, parameters)
MODELS = [
    ("Michaelis and Menten", "S -> P; Vm*S/(K + S); S = 10; Vm = 1; K = 0.5",
     {"S": "-Vm*S/(K + S)", "P": "Vm*S/(K + S)"}, ["Vm", "K"]),
    ("an enzyme", "E + S -> ES; k1*E*S - k2*ES; ES -> E + P; k3*ES; k1 = 1; k2 = 2; k3 = 3; E = 1",
     {"E": "-k1*E*S + k2*ES + k3*ES", "S": "-k1*E*S + k2*ES", "ES": "k1*E*S - k2*ES - k3*ES", "P": "k3*ES"},
     ["k1", "k2", "k3"]),
    ("SIR", "S + I -> 2 I; b*S*I; I -> R; g*I; b = 0.1; g = 0.05; S = 99; I = 1",
     {"S": "-b*S*I", "I": "b*S*I - g*I", "R": "g*I"}, ["b", "g"]),
    ("Lotka and Volterra", "X -> 2 X; a*X; X + Y -> 2 Y; b*X*Y; Y -> ; c*Y; a = 1; b = 1; c = 1; X = 2; Y = 3",
     {"X": "a*X - b*X*Y", "Y": "b*X*Y - c*Y"}, ["a", "b", "c"]),
    ("Brusselator", "$A -> X; k1*A; 2 X + Y -> 3 X; k2*X^2*Y; $B + X -> Y + $D; k3*B*X; X -> $E; k4*X;"
     "k1 = 1; k2 = 1; k3 = 1; k4 = 1; A = 1; B = 3; D = 0; E = 0; X = 1; Y = 1",
     {"X": "k1*A + k2*X^2*Y - k3*B*X - k4*X", "Y": "-k2*X^2*Y + k3*B*X"}, ["A", "B", "k1", "k2", "k3", "k4"]),
    ("half a repressilator", "-> p; a/(1 + q^n) - p; -> q; a/(1 + p^n) - q; a = 10; n = 2; p = 1; q = 2",
     {"p": "a/(1 + q^2) - p", "q": "a/(1 + p^2) - q"}, ["a"]),
    ("rate rules", "x' = a*y; y' = -b*x; a = 1; b = 2; x = 1; y = 0", {"x": "a*y", "y": "-b*x"}, ["a", "b"]),
    ("a rule and a function", "function h(s, k) s/(k + s) end; model m() total := S + P; S -> P; V*h(S, total + 1);"
     "S = 1; P = 0; V = 2\nend", {"S": "-V*S/(1 + S + P + S)", "P": "V*S/(1 + S + P + S)"}, ["V"]),
    ("two volumes", "compartment c = 2, n = 0.5; species A in c, B in n; A -> B; k*A*c - j*B*n; k = 1; j = 2",
     {"A": "-k*A + j*B*n/c", "B": "k*A*c/n - j*B"}, ["c", "n", "k", "j"]),
    ("a volume of a whole model", "compartment c = 2; species A in c, B in c; A -> B; k*A*c; k = 1",
     {"A": "-k*A", "B": "k*A"}, ["k"]),
    ("a constant given by others", "A -> B; k*A; k = j*3; j = 2", {"A": "-j*3*A", "B": "j*3*A"}, ["j"]),
]


@pytest.mark.parametrize("antimony, equations, parameters", [m[1:] for m in MODELS], ids=[m[0] for m in MODELS])
def test_models_agree_with_their_equations(tmp_path, antimony, equations, parameters):
    family = read(tmp_path, antimony)
    assert agrees(family, system(list(equations), equations, parameters=parameters))


def test_laws_of_compartments(tmp_path):
    family = read(tmp_path, MODELS[8][1])
    assert list(map(str, conservation_laws(family, degree=1, seed=0).laws)) == ["c*A + n*B"]


CYCLES = [("K3", "K3p", "E1"), ("K3p", "K3", "E2"), ("K2", "K2p", "K3p"), ("K2p", "K2", "P2"), ("K2p", "K2pp", "K3p"),
          ("K2pp", "K2p", "P2"), ("K", "Kp", "K2pp"), ("Kp", "K", "P1"), ("Kp", "Kpp", "K2pp"), ("Kpp", "Kp", "P1")]


def test_the_cascade_of_huang_and_ferrell(tmp_path):
    lines = []
    for n, (one, other, enzyme) in enumerate(CYCLES, start=1):
        both = f"{one}_{enzyme}"
        lines.append(f"{one} + {enzyme} -> {both}; a{n}*{one}*{enzyme} - d{n}*{both}; "
                     f"{both} -> {other} + {enzyme}; k{n}*{both}; a{n} = 1000; d{n} = 150; k{n} = 150")
    family = read(tmp_path, "; ".join(lines))
    r = conservation_laws(family, degree=1, seed=0)
    # Three kinases, two activators of the first, two phosphatases.
    assert (len(family.names) - len(family.constants), len(r.laws)) == (22, 7)


SBML = """<?xml version="1.0" encoding="UTF-8"?>
<sbml xmlns="http://www.sbml.org/sbml/level2/version4" level="2" version="4"><model id="m">{}</model></sbml>"""
CELL = """<listOfCompartments><compartment id="cell" size="3"/></listOfCompartments>
<listOfSpecies><species id="A" compartment="cell" initialAmount="1"/>
<species id="B" compartment="cell" initialAmount="0" {}/></listOfSpecies>"""
MATH = '<math xmlns="http://www.w3.org/1998/Math/MathML">{}</math>'


def apply(operator, *arguments):
    return f"<apply><{operator}/>{''.join(arguments)}</apply>"


def ci(name):
    return f"<ci>{name}</ci>"


def reaction(math, stoichiometry="2", local=""):
    return (f'<listOfReactions><reaction id="R"><listOfReactants><speciesReference species="A" '
            f'stoichiometry="{stoichiometry}"/></listOfReactants><listOfProducts><speciesReference species="B"/>'
            f"</listOfProducts><kineticLaw>{MATH.format(math)}{local}</kineticLaw></reaction></listOfReactions>")


LOCAL = '<listOfParameters><parameter id="A0" value="0.1"/></listOfParameters>'


def test_a_model_in_sbml(tmp_path):
    text = SBML.format(CELL.format("") + reaction(apply("times", ci("A0"), ci("A"), ci("A")), local=LOCAL))
    family = read(tmp_path, text, ".xml")
    assert agrees(family, system(["A", "B"], ["-2*R_A0*A^2/cell", "R_A0*A^2/cell"], parameters=["cell", "R_A0"]))
    assert list(map(str, conservation_laws(family, degree=1, seed=0).laws)) == ["A + 2*B"]


def test_amounts_boundaries_and_exact_numbers(tmp_path):
    amounts = CELL.format('hasOnlySubstanceUnits="true"') + reaction(apply("times", "<cn>0.1</cn>", ci("A")))
    family = read(tmp_path, SBML.format(amounts), ".sbml")
    assert agrees(family, system(["A", "B"], ["-2*A/(10*cell)", "A/10"], parameters=["cell"]))
    boundary = CELL.format('boundaryCondition="true"') + reaction(apply("times", ci("B"), ci("A")))
    family = read(tmp_path, SBML.format(boundary), ".sbml")
    assert agrees(family, system(["A"], ["-2*A*B/cell"], parameters=["cell", "B"]))


EVENT = ('<listOfEvents><event id="jump"><trigger>' + MATH.format(apply("gt", ci("A"), "<cn>1</cn>")) +
         '</trigger><listOfEventAssignments><eventAssignment variable="A">' + MATH.format("<cn>2</cn>") +
         "</eventAssignment></listOfEventAssignments></event></listOfEvents>")
ALGEBRAIC = "<listOfRules><algebraicRule>" + MATH.format(apply("minus", ci("A"), ci("B"))) + \
    "</algebraicRule></listOfRules>"
DELAY = '<csymbol encoding="text" definitionURL="http://www.sbml.org/sbml/symbols/delay">delay</csymbol>'


@pytest.mark.parametrize("text, suffix, named", [
    (SBML.format(CELL.format("") + reaction(ci("A")) + EVENT), ".xml", "event jump"),
    (SBML.format(CELL.format("") + ALGEBRAIC), ".xml", "algebraic rule"),
    (SBML.format(CELL.format("") + reaction(f"<apply>{DELAY}{ci('A')}<cn>1</cn></apply>")), ".xml", "R.*delay"),
    (SBML.format(CELL.format("") + reaction(apply("exp", ci("A")))), ".xml", "reaction R.*function exp"),
    (SBML.format(CELL.format("") + reaction(ci("nobody"))), ".xml", "nobody"),
    (SBML.format(CELL.format("") + reaction(ci("A")).replace("kineticLaw", "annotation")), ".xml", "R has no rate"),
    (SBML.format(""), ".xml", "no species"),
    ("<sbml>", ".xml", "not SBML"),
    ("", ".xml", "not SBML"),
    ("<!DOCTYPE x>" + SBML.format(""), ".xml", "entities"),
    ("x' = exp(x)", ".ant", "rate rule for x.*function exp"),
    ("x' = time*x", ".ant", "rate rule for x depends on the time"),
    ("S -> P; k*S^h; k = 1; h = 1.5", ".ant", "exponent 3/2"),
    ("S -> P; k*S^h; k = 1", ".ant", "exponent h"),
    ("S -> P; piecewise(1, S > 2, 0)", ".ant", "function piecewise"),
    ("S -> P; v; v := 2*w; w := v; k = 1", ".ant", "circle|not Antimony"),
    ('import "other.ant"; S -> P; 1', ".ant", "imports"),
    ("S -> ???", ".ant", "not Antimony"),
    ("importin -> cargo; sin(importin)", ".ant", "function sin"),
    ("nothing", ".txt", "no system"),
], ids=str)
def test_what_is_not_covered_is_refused_by_name(tmp_path, text, suffix, named):
    with pytest.raises(InputError, match=named) as raised:
        read(tmp_path, text, suffix)
    assert "\n" not in str(raised.value)


def test_the_command_reads_models(tmp_path, capsys):
    path = tmp_path / "sir.xml"
    path.write_text(SBML.format(CELL.format("") + reaction(ci("A"))), encoding="utf8")
    assert cli.main(["laws", "--system", str(path), "--degree", "1", "--seed", "0"]) == 0
    assert "A + 2*B" in capsys.readouterr().out
