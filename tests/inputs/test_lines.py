"""Systems as lines of text: what is read, and five and more slips that are told in one line."""
import pytest

from sage_conslaw import InputError, conservation_laws, is_conserved, read_system, system


@pytest.mark.parametrize("text, laws", [
    ("S' = -b*S*I; I' = b*S*I - g*I; R' = g*I", ["S + I + R"]),
    ("dx/dt = a*y   # the velocity\ndy/dt = -k*x\nk = 1/2", ["x^2 + 2*a*y^2"]),
    ("q' = p\np' = -g*sin(q)\nq(0) = 1", ["p^2 - 2*g*cos_q"]),
    ("v = V*S/(K + S); S' = -v; P' = v", ["S + P"]),
    ("parameters: a, b = 2\nx' = a*y\ny' = -b*x", ["2*x^2 + a*y^2"]),
    ("x' = y; y' = -x; r^2 = x^2 + y^2", None),
    ("x' = 1e-3*y; y' = -2.5E2*x", ["250000*x^2 + y^2"]),
    ("d/dt x = ln(y); d/dt y = \N{MINUS SIGN}2\N{MIDDLE DOT}ln(x)", ["2*x*log_x + y*log_y - 2*x - y"]),
    ("S' = -b*S*I/N; E' = b*S*I/N - e*E; I' = e*E - g*I; R' = g*I", ["S + E + I + R"]),
])
def test_texts(tmp_path, text, laws):
    family = system(text)
    found = conservation_laws(family, seed=0)
    assert found.number >= 1 and found.status == "proved"
    assert laws is None or all(is_conserved(law, family) for law in laws)
    path = tmp_path / "system.txt"
    path.write_text(text, encoding="utf8")
    assert read_system(path).names == family.names


@pytest.mark.parametrize("text, said", [
    ("q'' = -q", "second order"),
    ("x' = t*x", "depend on t"),
    ("Prey' = prey", "did you mean Prey"),
    ("x' = ", "no equation"),
    ("x' = y = 2", "no equation"),
    ("x' = y; x' = 2", "x' is given twice"),
    ("x' = a; a = b; b = a", "circle"),
    ("x' = -x; x = 3", "initial value"),
    ("k = 2", "no equation x'"),
    ("parameters: a; x' = b*x", "line of parameters"),
    ("parameters: 2a; x' = x", "not a name"),
    ("x' = erf(x)", "erf"),
    ("x' = sin*x", "no parentheses"),
    ("x' = y; y' = x; x^2 + y^2 = 1", "does not keep"),
])
def test_slips(text, said):
    with pytest.raises(InputError, match=said) as raised:
        system(text)
    assert "\n" not in str(raised.value)


def test_relations_may_be_equations():
    both = [system(["x", "y"], ["-y", "x"], relations=[text]) for text in ("x^2 + y^2 = 1", "x^2 + y^2 - 1")]
    assert both[0].variety.relations == both[1].variety.relations
    with pytest.raises(InputError, match="comparison"):
        system(["x", "y"], ["-y", "x"], relations=["x^2 = y^2 = 1"])


def test_a_path_is_a_text():
    with pytest.raises(InputError, match="no path"):
        read_system(3)


def test_a_text_is_a_whole_system():
    with pytest.raises(InputError, match="whole system"):
        system("x' = y; y' = x", ["y", "x"])
