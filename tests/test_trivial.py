r"""
Trivial cases first: nothing to learn, nothing that moves, one of everything, the same thing twice.
"""

import pytest
import sage_conslaw._sage  # noqa: F401  (before any other import from Sage)
from cases import nothing_moves, parameters
from sage.rings.integer_ring import ZZ
from sage.rings.polynomial.polynomial_ring_constructor import PolynomialRing
from sage.rings.rational_field import QQ
from sage_conslaw import VectorFieldFamily, conservation_laws, count_conservation_laws, is_conserved, networks
from spaces import Space, contains

both = pytest.mark.parametrize("algorithm", ["modular", "symbolic"])
R = PolynomialRing(QQ, "x,y,z,t")
x, y, z, t = R.gens()


def summary(data, algorithm, **options):
    r"""Return (number, independent polynomial laws, complete), after the count alone was found to agree."""
    result = conservation_laws(data, algorithm=algorithm, seed=5, **options)
    options.pop("degree", None)
    assert count_conservation_laws(data, algorithm=algorithm, seed=5, **options).number == result.number
    return result.number, result.independent_laws_found, result.complete


@both
@pytest.mark.parametrize("widths", [[1, 1], [3, 1], [1, 4], [2, 3]])
@pytest.mark.parametrize("kind", [networks.linear, networks.relu])
def test_one_layer_has_no_law(kind, widths, algorithm):
    result = conservation_laws(kind(widths), algorithm=algorithm)
    assert (result.number, result.laws, result.complete, result.status) == (0, (), True, "proved")
    assert result.parameters == result.lie_dimension == parameters(widths)


@both
def test_one_weight(algorithm):
    assert summary(networks.product(1), algorithm) == (0, 0, True)
    assert summary(networks.linear([1, 1]), algorithm) == (0, 0, True)


@both
@pytest.mark.parametrize("depth", [2, 3, 4])
def test_width_one_everywhere_is_the_product(depth, algorithm):
    chain = conservation_laws(networks.linear([1] * (depth + 1)), algorithm=algorithm)
    product = conservation_laws(networks.product(depth), algorithm=algorithm)
    assert chain.number == product.number == depth - 1
    assert Space(chain.laws) == Space(product.laws)
    gated = conservation_laws(networks.relu([1] * (depth + 1)), algorithm=algorithm)
    assert Space(gated.laws) == Space(product.laws)


@both
def test_relu_of_width_one_with_bias(algorithm):
    assert summary(networks.relu([1, 1, 1], bias=True), algorithm) == (1, 1, True)
    assert summary(networks.relu([1, 1, 1, 1], bias=True), algorithm) == (2, 2, True)


def test_bias_without_hidden_layer_is_no_bias():
    r"""Biases are on the hidden layers, as in the papers."""
    assert networks.relu([3, 2], bias=True).dimension == 6
    assert conservation_laws(networks.relu([3, 2], bias=True)).number == 0


@both
def test_repeated_components(algorithm):
    once = conservation_laws([x * y * z], algorithm=algorithm)
    for phi in ([x * y * z] * 3, [x * y * z, -2 * x * y * z], [x * y * z, x * y * z + 7], [x * y * z, 0 * x]):
        again = conservation_laws(phi, algorithm=algorithm)
        assert again.number == once.number == 3
        assert Space(again.laws) == Space(once.laws)


@both
def test_constant_components_move_nothing(algorithm):
    alone = conservation_laws([x * y], algorithm=algorithm)
    for constant in (R(1), R(-5) / 3, R(0)):
        result = conservation_laws([constant, x * y, constant], algorithm=algorithm)
        assert (result.number, Space(result.laws)) == (alone.number, Space(alone.laws))


@both
def test_an_unused_variable_is_a_law(algorithm):
    result = conservation_laws([x * y], algorithm=algorithm)
    assert result.number == 3
    assert result.complete is True
    assert contains(result.laws, [z, t, x**2 - y**2, z * t, z**2, t**2])
    assert Space(result.laws).dimension == 6


@both
def test_no_law_at_all(algorithm):
    S = PolynomialRing(QQ, "u,v")
    u, v = S.gens()
    result = conservation_laws([u, v], algorithm=algorithm, degree=5)
    assert (result.number, result.laws, result.complete) == (0, (), True)
    assert not is_conserved(u, [u, v])


@both
@pytest.mark.parametrize("n", [1, 2, 4])
def test_zero_fields_conserve_everything(n, algorithm):
    S = PolynomialRing(QQ, n, "x")
    zero = [S(0)] * n
    for family in (VectorFieldFamily(drift=zero), VectorFieldFamily(controls=[zero]),
                   VectorFieldFamily(drift=zero, controls=[zero, zero])):
        assert summary(family, algorithm, degree=1) == (n, n, True)
        assert is_conserved(S.random_element(3), family)


@both
def test_one_variable(algorithm):
    for S in (PolynomialRing(QQ, "x"), PolynomialRing(QQ, 1, "x")):
        s = S.gen(0)
        assert summary(VectorFieldFamily(drift=[s**2 + 1]), algorithm, degree=4) == (0, 0, True)
        assert summary(VectorFieldFamily(drift=[S(0)]), algorithm) == (1, 1, True)
        assert summary([s**3], algorithm) == (0, 0, True)


@both
def test_constant_field_leaves_linear_laws(algorithm):
    result = conservation_laws(VectorFieldFamily(drift=[R(1), R(-1), R(0), R(2)]), algorithm=algorithm, degree=1)
    assert Space(result.laws) == Space([x + y, z, 2 * x - t])
    assert result.complete is True


@both
def test_repeated_and_dependent_controls(algorithm):
    field = [y, -x, t, -z]
    one = conservation_laws(VectorFieldFamily(controls=[field]), algorithm=algorithm)
    again = [field, [-2 * f for f in field], [x * f for f in field]]
    many = conservation_laws(VectorFieldFamily(drift=field, controls=again), algorithm=algorithm)
    assert one.number == many.number == 3
    assert Space(one.laws) == Space(many.laws)


@both
def test_drift_alone_is_the_control_alone(algorithm):
    r"""`L_f h = 0` asks the same of a drift and of a control, when it is the only field."""
    field = [y * z, -x * z, 0 * x, t * x]
    drift = conservation_laws(VectorFieldFamily(drift=field), algorithm=algorithm)
    control = conservation_laws(VectorFieldFamily(controls=[field]), algorithm=algorithm)
    assert drift.number == control.number == 3
    assert Space(drift.laws) == Space(control.laws)


@both
@pytest.mark.parametrize("kind, widths", [("linear", (1, 1)), ("linear", (3, 1)), ("linear", (2, 2, 1)),
                                          ("relu", (1, 1, 1)), ("relu", (2, 3, 1))])
def test_cross_entropy_with_one_output_moves_nothing(kind, widths, algorithm):
    case = nothing_moves(kind, widths)
    result = case.find(algorithm=algorithm)
    assert result.number == result.independent_laws_found == parameters(widths)
    assert (result.lie_dimension, result.complete, result.status) == (0, True, "proved")
    assert Space(result.laws).dimension == case.dimension
    assert case.count(algorithm=algorithm).number == parameters(widths)


@pytest.mark.parametrize("widths", [(3, 1), (2, 2, 1)])
def test_cross_entropy_with_one_output_conserves_any_polynomial(widths):
    net = networks.relu(widths)
    assert is_conserved("U1_1_1^3 - 5*U1_2_1", net, loss="cross-entropy") is True
    assert is_conserved("U1_1_1^3 - 5*U1_2_1", net) is False


def test_constants_are_conserved_and_never_listed():
    assert is_conserved(R(3), [x * y])
    assert all(not law.is_constant() for law in conservation_laws([x * y]).laws)


@both
def test_linear_phi(algorithm):
    r"""`phi` linear: the velocity is in the span of constant vectors, the laws are the linear forms that vanish on
    it."""
    result = conservation_laws([x + y, x - 2 * z + ZZ(3)], algorithm=algorithm, degree=1)
    assert result.number == 2
    assert Space(result.laws) == Space([t, 2 * x - 2 * y + z])
