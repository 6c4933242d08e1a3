r"""
A law with one coefficient changed is not a law: ``is_conserved`` must see every coefficient of every law.
"""

import pytest
import sage_conslaw._sage  # noqa: F401  (before any other import from Sage)
from sage.rings.polynomial.polynomial_ring_constructor import PolynomialRing
from sage.rings.rational_field import QQ
from sage_conslaw import VectorFieldFamily, conservation_laws, is_conserved, networks

SYSTEMS = [
    ("product", lambda: networks.product(4), None),
    ("linear", lambda: networks.linear([3, 2, 3]), None),
    ("linear, more units than inputs and outputs", lambda: networks.linear([1, 3, 2]), None),
    ("linear, scalar", lambda: networks.linear([1, 2, 1]), None),
    ("deep linear", lambda: networks.linear([2, 2, 2, 2]), None),
    ("relu", lambda: networks.relu([2, 3, 2]), None),
    ("relu with biases", lambda: networks.relu([2, 2, 2, 1], bias=True), None),
    ("linear, cross-entropy", lambda: networks.linear([3, 2, 3]), "cross-entropy"),
    ("softmax classifier", lambda: networks.linear([2, 3]), "cross-entropy"),
    ("relu with biases, cross-entropy", lambda: networks.relu([2, 2, 3], bias=True), "cross-entropy"),
]
each_system = pytest.mark.parametrize("build, loss", [s[1:] for s in SYSTEMS], ids=[s[0] for s in SYSTEMS])


def laws_of(build, loss):
    result = conservation_laws(build(), loss=loss, seed=0)
    assert result.laws
    return result.laws


@each_system
def test_the_laws_themselves_are_conserved(build, loss):
    laws = laws_of(build, loss)
    assert all(is_conserved(law, build(), loss=loss) is True for law in laws)
    combination = sum(QQ(k - 2) / (k + 1) * law for k, law in enumerate(laws)) + 7
    assert is_conserved(combination, build(), loss=loss) is True
    assert is_conserved(laws[0]**2 * laws[-1], build(), loss=loss) is True, "products of laws are laws"


@each_system
def test_one_coefficient_changed(build, loss):
    r"""No monomial alone is conserved in these networks, so changing one coefficient breaks the law."""
    net = build()
    for law in laws_of(build, loss):
        for monomial in law.monomials():
            assert is_conserved(law + monomial, net, loss=loss) is False


@each_system
def test_a_coefficient_changed_by_very_little(build, loss):
    r"""The decision is exact: a change by `2^-100`, or by a multiple of many primes at once, does not pass."""
    net = build()
    law = laws_of(build, loss)[-1]
    monomial = law.monomials()[0]
    assert is_conserved(law + monomial / QQ(2)**100, net, loss=loss) is False
    primes = QQ(1)
    for p in (2**31 - 1, 2**61 - 1, 2**62 - 57, 3 * 5 * 7 * 11):
        primes *= p
    assert is_conserved(law + primes * monomial, net, loss=loss) is False


@each_system
def test_a_sign_changed_or_a_term_lost(build, loss):
    net = build()
    for law in laws_of(build, loss):
        if len(law.monomials()) > 1:
            lost = law - law.monomial_coefficient(law.monomials()[-1]) * law.monomials()[-1]
            assert is_conserved(lost, net, loss=loss) is False
            assert is_conserved(2 * lost - law, net, loss=loss) is False


@pytest.mark.parametrize("law, data, loss, truth", [
    # the off-diagonal balance needs linear units
    ("U1_1_1*U1_1_2 + U1_2_1*U1_2_2 - U2_1_1*U2_2_1 - U2_1_2*U2_2_2", networks.linear([2, 2, 2]), None, True),
    ("U1_1_1*U1_1_2 + U1_2_1*U1_2_2 - U2_1_1*U2_2_1 - U2_1_2*U2_2_2", networks.relu([2, 2, 2]), None, False),
    # the output sums need cross-entropy
    ("U2_1_1 + U2_1_2", networks.relu([2, 2, 2]), "cross-entropy", True),
    ("U2_1_1 + U2_1_2", networks.relu([2, 2, 2]), None, False),
    ("U2_1_1 + U2_2_1", networks.relu([2, 2, 2]), "cross-entropy", False),
    # the bias belongs to the law
    ("U1_1_1^2 + U1_2_1^2 + b1_1^2 - U2_1_1^2", networks.relu([2, 2, 1], bias=True), None, True),
    ("U1_1_1^2 + U1_2_1^2 - U2_1_1^2", networks.relu([2, 2, 1], bias=True), None, False),
    ("U1_1_1^2 + U1_2_1^2 - U2_1_1^2", networks.relu([2, 2, 1]), None, True),
    # the neighbours are the next layer, not the last
    ("U1_1_1^2 + U1_2_1^2 - U2_1_1^2 - U2_1_2^2", networks.relu([2, 2, 2, 1]), None, True),
    ("U1_1_1^2 + U1_2_1^2 - U3_1_1^2", networks.relu([2, 2, 2, 1]), None, False),
])
def test_a_law_of_one_network_is_not_a_law_of_another(law, data, loss, truth):
    assert is_conserved(law, data, loss=loss) is truth


def test_families_and_own_phi():
    R = PolynomialRing(QQ, "x,y,z")
    x, y, z = R.gens()
    top = VectorFieldFamily(drift=[-y * z, z * x, -x * y / 3])
    assert is_conserved(x**2 + 2 * y**2 + 3 * z**2, top) is True
    for mutant in (x**2 + 2 * y**2 + 2 * z**2, x**2 + y**2 + 3 * z**2, x**2 + 2 * y**2, x * y):
        assert is_conserved(mutant, top) is False
    assert is_conserved(x**2 - 2 * y**2, [x**2 * y]) is True
    assert is_conserved(x**2 - y**2, [x**2 * y]) is False


def test_both_drift_and_controls_are_asked():
    R = PolynomialRing(QQ, "x,y")
    x, y = R.gens()
    assert is_conserved(x**2 + y**2, VectorFieldFamily(drift=[y, -x])) is True
    assert is_conserved(x**2 + y**2, VectorFieldFamily(drift=[y, -x], controls=[[R(1), R(0)]])) is False
    assert is_conserved(x**2 + y**2, VectorFieldFamily(drift=[R(1), R(0)], controls=[[y, -x]])) is False
    assert is_conserved(x**2 + y**2, VectorFieldFamily(controls=[[y, -x], [x * y, -x**2], [R(0), R(1)]])) is False
