"""Laws with functions of parameters: found, exact by SymPy on the gradient itself, and enough to prove the number."""
import pytest
import sympy

from sage_conslaw import InputError, conservation_laws, count_conservation_laws, first_integrals, flows, networks
from sage_conslaw.flows.written_functions import written_family
from sage_conslaw.results.display import law_lines

CLOSED = {"tanh": sympy.tanh, "sigmoid": lambda z: 1 / (1 + sympy.exp(-z)), "exp": sympy.exp}


def gated(name, units=1):
    x, a, V = networks.input(2), networks.parameter("a", units), networks.parameter("V", 2, 2)
    return networks.custom((V @ x) * getattr(a, name)())


def conserved(law, name, units):
    """Decide by SymPy whether a law is constant along every gradient of sum_ij s_i x_j V_ij g(a_i)."""
    V = [[sympy.Symbol(f"V_{i}_{j}") for j in (1, 2)] for i in (1, 2)]
    a = [sympy.Symbol("a")] * 2 if units == 1 else list(sympy.symbols("a_1 a_2"))
    h, states = sympy.sympify(law.replace("^", "**")), list(dict.fromkeys([*V[0], *V[1], *a]))
    terms = [V[i][j] * CLOSED[name](a[i]) for i in range(2) for j in range(2)]
    return all(sympy.simplify(sum(h.diff(z) * f.diff(z) for z in states).rewrite(sympy.exp)) == 0 for f in terms)


@pytest.mark.parametrize("units", [1, 2])
@pytest.mark.parametrize("name", ["tanh", "sigmoid", "exp"])
def test_gates(name, units):
    r = conservation_laws(gated(name, units), seed=0)
    assert r.status == "proved" and r.number == units == len(r.further_laws) + len(r.independent)
    # The exponential alone has polynomial laws, |V|^2 - 2 a.
    assert bool(r.further_laws) == (name != "exp")
    assert all(conserved(law, name, units) for law in (*r.further_laws, *map(str, r.independent_laws)))
    assert not conserved("V_1_1**2 + V_1_2**2 - exp(3*a)", name, units)
    assert type(r).from_dict(r.to_dict()).further_laws == r.further_laws


def test_a_count_is_proved_by_them():
    r = count_conservation_laws(gated("tanh"), seed=0)
    assert (r.number, r.status) == (1, "proved")


def test_arguments_and_losses():
    x, V = networks.input(2), networks.parameter("V", 1, 2)
    a, b = networks.parameter("a", 1), networks.parameter("b", 1)
    r = conservation_laws(networks.custom((V @ x) * (a * b).tanh()), seed=0)
    # a^2 - b^2 is polynomial; the law with cosh has a factor of the product's own and is not of this kind.
    assert "a^2 - b^2" in map(str, r.laws) and r.status in ("proved", "probable")
    assert conservation_laws(gated("tanh"), loss="cross-entropy", seed=0).number >= 1


def test_first_integrals_take_such_networks():
    r = first_integrals(gated("tanh"), kind="polynomial", seed=0)
    assert r.complete is True and len(r) == 1 and ("cosh_a", "cosh(a)") in r.coordinates


def test_what_is_not_covered():
    with pytest.raises(InputError, match="softplus"):
        written_family(gated("softplus").response())
    with pytest.raises(InputError, match="gradient flow alone"):
        first_integrals(gated("tanh"), flow=flows.momentum(tau=0), seed=0)
    x, a = networks.input(1), networks.parameter("a", 1)
    with pytest.raises(InputError, match="functions of functions"):
        written_family(networks.custom(x * a.tanh().exp()).response())


def test_the_first_lines_show_them():
    assert any("cosh(a)^2" in line for line in law_lines(conservation_laws(gated("tanh"), seed=0)))
