r"""
Random properties of flows, and their ranks by brackets that SymPy expands.
"""

import pytest
import sage_conslaw._sage  # noqa: F401  (before any other import from Sage)
import sympy
from brackets import generated_rank
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sage.rings.polynomial.polynomial_ring_constructor import PolynomialRing
from sage.rings.rational_field import QQ
from sage_conslaw import VectorFieldFamily, conservation_laws, count_conservation_laws, flows, is_conserved, networks
from spaces import Space, contains, to_sympy


NAMES = ("x", "y", "z")


@st.composite
def polynomials(draw, n, least=0, degree=2):
    exponents = st.tuples(*[st.integers(0, degree)] * n).filter(lambda e: least <= sum(e) <= degree)
    return draw(st.dictionaries(exponents, st.integers(-3, 3).filter(bool), min_size=1, max_size=2))


@st.composite
def problems(draw, components=2):
    r"""Draw (n, phi, diagonal) of polynomials as dictionaries; phi is not constant, the diagonal not zero."""
    n = draw(st.integers(2, 3))
    phi = draw(st.lists(polynomials(n, least=1), min_size=1, max_size=components))
    return n, phi, [draw(polynomials(n)) for _ in range(n)]


def build(n, phi, diagonal):
    ring = PolynomialRing(QQ, NAMES[:n])
    return ring, [ring(dict(f)) for f in phi], [ring(dict(m)) for m in diagonal]


@given(problems())
@settings(max_examples=30)
@example((2, [{(1, 1): 1}], [{(1, 0): 1}, {(0, 1): 1}]))
def test_metric_flow_is_first_order_without_drift(problem):
    ring, phi, diagonal = build(*problem)
    result = conservation_laws(phi, flow=flows.gradient(metric=diagonal), seed=1)
    controls = [[m * f.derivative(x) for m, x in zip(diagonal, ring.gens())] for f in phi]
    family = conservation_laws(VectorFieldFamily(controls=controls), seed=1)
    assert result.number == family.number
    assert Space(result.laws) == Space(family.laws)
    symbols = sympy.symbols(NAMES[:ring.ngens()])
    for law in result.laws:
        h = to_sympy(law, symbols)
        for f in phi:
            g = to_sympy(f, symbols)
            total = sum(to_sympy(m, symbols) * sympy.diff(h, x) * sympy.diff(g, x) for m, x in zip(diagonal, symbols))
            assert sympy.expand(total) == 0


@given(problems(), st.permutations(range(3)))
@settings(max_examples=20)
def test_permuting_variables_commutes(problem, order):
    n = problem[0]
    order = [i for i in order if i < n]
    ring, phi, diagonal = build(*problem)
    moved = [ring.gen(i) for i in order]
    one = conservation_laws(phi, flow=flows.gradient(metric=diagonal), seed=1)
    permuted = [None] * n
    for i, place in enumerate(order):
        permuted[place] = diagonal[i](*moved)
    other = conservation_laws([f(*moved) for f in phi], flow=flows.gradient(metric=permuted), seed=2)
    assert one.number == other.number
    assert Space([law(*moved) for law in one.laws]) == Space(other.laws)


def by_hand(names, phi, tau, diagonal=None):
    r"""Return momentum as an explicit family on (s or t, theta, w), from the definition."""
    ring = PolynomialRing(QQ, ["clock", *names, *["d" + x for x in names]])
    clock, *rest = ring.gens()
    theta, w = rest[:len(names)], rest[len(names):]
    phi = [f(*theta) for f in phi]
    if tau == "3/t":
        drift = [clock] + [clock * x for x in w] + [-3 * x for x in w]
    else:
        tau = QQ(tau)
        drift = [tau * clock if tau else ring(1), *w] + [-tau * x for x in w]
    metric = [ring(1)] * len(names) if diagonal is None else [ring(m) for m in diagonal]
    controls = [[ring(0)] * (1 + len(names)) + [m * f.derivative(x) for m, x in zip(metric, theta)] for f in phi]
    return VectorFieldFamily(drift=drift, controls=controls)


@given(problems(), st.sampled_from(["0", "1", "1/2", "3/t"]))
@settings(max_examples=20)
@example((2, [{(2, 0): 1, (0, 2): 1}], [{(0, 0): 1}] * 2), "1/2")
@example((2, [{(1, 0): 1, (0, 1): 1}], [{(0, 0): 1}] * 2), "3/t")
def test_momentum_is_the_explicit_family(problem, tau):
    _, phi, _ = build(*problem)
    names = list(NAMES[:problem[0]])
    family = by_hand(names, phi, tau)
    result = conservation_laws(phi, flow=flows.momentum(tau=tau), seed=1)
    assert result.number == count_conservation_laws(family, seed=2).number
    for law in result.laws:
        assert is_conserved(family.ring()(dict(law.dict())), family) is True
    if tau != "3/t":
        explicit = conservation_laws(family, seed=3, degree=2)
        assert contains(result.laws, [law for law in explicit.laws])


def phase_space(names, phi, tau, metric):
    r"""Return (coordinates, fields) of momentum flow for SymPy; ``metric`` is a function of (tau, theta, w)."""
    theta, w = sympy.symbols(names), sympy.symbols([f"d{x}" for x in names])
    clock, values = sympy.Symbol("clock"), phi(*theta)
    nothing = [sympy.Integer(0)] * (1 + len(names))
    if tau == "3/t":
        drift = [clock, *[clock * x for x in w], *[-3 * x for x in w]]
        diagonal = [clock * m for m in metric(3 / clock, theta, w)]  # a common factor changes no law
    else:
        tau = sympy.Rational(tau)
        drift = [tau * clock if tau else sympy.Integer(1), *w, *[-tau * x for x in w]]
        diagonal = metric(tau, theta, w)
    controls = [nothing + [sympy.expand(m * sympy.diff(f, x)) for m, x in zip(diagonal, theta)] for f in values]
    return [clock, *theta, *w], [drift, *controls]


EUCLIDEAN = lambda tau, theta, w: [sympy.Integer(1)] * len(theta)  # noqa: E731
ENTROPY = lambda tau, theta, w: [tau * x + y for x, y in zip(theta, w)]  # noqa: E731
BRACKETS = {
    "linear 1 1 1": (networks.linear([1, 1, 1]), "x y", lambda x, y: [x * y], EUCLIDEAN),
    "linear 1 2 1": (networks.linear([1, 2, 1]), "x1 x2 y1 y2", lambda x1, x2, y1, y2: [x1 * y1 + x2 * y2], EUCLIDEAN),
    "linear 1 2 2": (networks.linear([1, 2, 2]), "x1 x2 y1 y2 z1 z2",
                     lambda x1, x2, y1, y2, z1, z2: [x1 * y1 + x2 * z1, x1 * y2 + x2 * z2], EUCLIDEAN),
    "product 3": (networks.product(3), "x y z", lambda x, y, z: [x * y * z], EUCLIDEAN),
    "nmf 1 1 1": (networks.nmf(1, 1, 1), "x y", lambda x, y: [x * y], ENTROPY),
    "nmf 2 1 1": (networks.nmf(2, 1, 1), "x y z", lambda x, y, z: [x * z, y * z], ENTROPY),
    "icnn 1 1 1": (networks.icnn(1, 1, 1, bias=True), "v b u", lambda v, b, u: [v * u, b * u],
                   lambda tau, theta, w: [1, 1, tau * theta[2] + w[2]]),
}


@pytest.mark.parametrize("tau", ["0", "1/2", "3/t"])
@pytest.mark.parametrize("name", BRACKETS)
def test_numbers_by_expanded_brackets(name, tau):
    net, names, phi, metric = BRACKETS[name]
    z, fields = phase_space(names.split(), phi, tau, metric)
    assert count_conservation_laws(net, flow=flows.momentum(tau=tau), seed=1).number == len(z) - generated_rank(
        z, fields
    )
