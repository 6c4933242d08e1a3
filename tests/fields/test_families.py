"""Every kind of family is the same object: its draws span its polynomial fields, and its exact flow is one."""
from fractions import Fraction

import numpy as np
import pytest

from sage_conslaw import VectorFieldFamily, flows, networks
from sage_conslaw._sage import QQ, PolynomialRing
from sage_conslaw.exact import modular
from sage_conslaw.exact.arithmetic import Dual, DualArithmetic, ModularArithmetic
from sage_conslaw.exact.linear_algebra import rank
from sage_conslaw.exact.terms import PolynomialMap, from_sage
from sage_conslaw.fields.bracket import bracket
from sage_conslaw.fields.variety import Variety
from sage_conslaw.flows.problem import problem

P = 2305843009213693951
x, y = PolynomialRing(QQ, "x, y").gens()

FAMILIES = {
    "explicit": VectorFieldFamily(drift=[y, -x], controls=[[1, x], [x * y, y**2 / 3]]),
    "gradient": problem(networks.linear([2, 2, 1])).family,
    "relu": problem(networks.relu([2, 2, 1], bias=True)).family,
    "mirror": problem(networks.nmf(2, 1, 2)).family,
    "polynomials": problem([x**2 * y, x + y]).family,
    "momentum": problem(networks.product(3), flow=flows.momentum()).family,
    "damped": problem(networks.product(2), flow=flows.momentum(tau=2)).family,
    "nesterov": problem(networks.product(2), flow=flows.nesterov()).family,
    "decay": problem(networks.product(2), flow=flows.weight_decay(1)).family,
}
EXACT = [name for name, family in FAMILIES.items() if family.exact_flow is not None]


def values(family, z):
    """Return the values of the polynomial fields at a point, and whether the first is the drift."""
    A, fields = ModularArithmetic(P), family.sparse_fields()
    return np.stack([PolynomialMap(field, family.dimension)(A, z) for field in fields])


@pytest.mark.parametrize("name", FAMILIES)
def test_draws_span_the_polynomial_fields(name):
    family, generator = FAMILIES[name], np.random.default_rng(0)
    A, z = ModularArithmetic(P), family.random_point(generator, P)
    written, number = values(family, z), 3 * family.dimension
    drift = family.drift is not None and any(family.drift)
    drawn = [family.drift_value(A, z)[None]] if drift else []
    if drift:
        assert (written[0] == drawn[0]).all()
    drawn.append(np.broadcast_to(family.control(A, z, family.draw(generator, P, number)), (number, family.dimension)))
    drawn = np.concatenate(drawn)
    assert rank(drawn, P) == rank(written, P) == rank(np.concatenate([drawn, written]), P) > 0


@pytest.mark.parametrize("name", FAMILIES)
def test_data_are_as_many_numbers_as_the_family_says(name):
    family, generator = FAMILIES[name], np.random.default_rng(1)
    A, z = ModularArithmetic(P), family.random_point(generator, P)
    rows = generator.integers(1, 100, (2, family.data_size)).tolist()
    first, both = (family.data_from_numbers(P, some) for some in (rows[:1], rows))
    assert (family.control(A, z, both)[0] == family.control(A, z, first)[0]).all()
    assert family.data_from_numbers(None, rows) == rows


@pytest.mark.parametrize("name", FAMILIES)
def test_what_is_conserved_has_no_derivative_along_any_field(name):
    family = FAMILIES[name]
    ring, fields = family.ring(), family.polynomial_fields()
    generator = np.random.default_rng(2)
    candidates = [g**2 for g in ring.gens()] + [ring.one()]
    for _ in range(8):
        candidates.append(sum(int(c) * g * h for c, g, h in zip(
            generator.integers(-2, 3, ring.ngens()), ring.gens(), reversed(ring.gens()))))
    expected = [
        all(sum(f * h.derivative(g) for f, g in zip(field, ring.gens())) == 0 for field in fields) for h in candidates
    ]
    assert family.conserved([from_sage(h) for h in candidates]) == expected
    assert True in expected and False in expected


@pytest.mark.parametrize("name", EXACT)
def test_the_exact_flow_is_a_flow_of_the_drift(name):
    family, generator, A = FAMILIES[name], np.random.default_rng(3), ModularArithmetic(P)
    z, (a, b) = modular.random_array(generator, (family.dimension,), P), (5, 11)
    together = (a + b) % P if family.exact_flow[0] == "linear" else a * b % P
    there = family.drift_flow(A, P, family.drift_flow(A, P, z, a), b)
    assert (there == family.drift_flow(A, P, z, together)).all()
    # A flow carries its own field along: D phi_h f_0 = f_0 o phi_h.
    carried = family.drift_flow(DualArithmetic(A), P, Dual(z, family.drift_value(A, z)), a).infinitesimal
    assert (carried == family.drift_value(A, family.drift_flow(A, P, z, a))).all()


def test_some_flows_are_exact():
    assert {"momentum", "damped", "nesterov"} <= set(EXACT)


@pytest.mark.parametrize("name", FAMILIES)
def test_brackets_are_antisymmetric_and_satisfy_jacobi(name):
    family, generator, A = FAMILIES[name], np.random.default_rng(4), ModularArithmetic(P)
    z = family.random_point(generator, P)

    def control(data):
        return lambda A, z: family.control(A, z, data)
    F, G, H = (control(family.draw(generator, P, 1)) for _ in range(3))
    at = lambda field: np.broadcast_to(field(A, z), (1, family.dimension))
    assert (at(bracket(F, G)) == A.negate(at(bracket(G, F)))).all()
    cyclic = [at(bracket(F, bracket(G, H))), at(bracket(G, bracket(H, F))), at(bracket(H, bracket(F, G)))]
    assert not A.add(A.add(*cyclic[:2]), cyclic[2]).any()


def test_the_degree_of_a_variety_is_that_of_the_longest_monomial():
    """In parameters too, as a random point has all coordinates: `x y - k^3 x + k` has degree 4, not that of `k^3 x`."""
    one = Fraction(1)
    bound = Variety(["k", "x", "y"], (0,), [{(1, 2): one, (0, 0, 0, 1): -one, (0,): one}])
    assert (bound.degree, bound.dimension) == (4, 1)
    circles = [{(i, i): one, (i + 1, i + 1): one, (): -one} for i in (0, 2)]
    assert Variety(["a", "b", "c", "d"], (), circles).degree == 4
