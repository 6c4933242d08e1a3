r"""
Metrics and mirror flows: what they keep, and forms of one metric that agree.
"""
from fractions import Fraction

import pytest
import sage_conslaw._sage  # noqa: F401  (before any other import from Sage)
from flow_cases import FACTOR, HALF, MOMENTA, R, a, angular, b, each_momentum, laws_under, parse, proved, u, v
from sage.matrix.constructor import matrix
from sage.rings.polynomial.polynomial_ring_constructor import PolynomialRing
from sage.rings.rational_field import QQ
from sage_conslaw import conservation_laws, flows, networks
from spaces import Space, contains


def test_entropy_gives_the_metric_of_nmf():
    by_potential = conservation_laws([u * v], flow=flows.mirror(a * a.log() + b * b.log()), seed=1)
    proved(by_potential, 1)
    assert contains(by_potential.laws, [u - v])
    assert Space(by_potential.laws) == Space(laws_under([u * v], [u, v]).laws)
    assert conservation_laws([u * v], flow=flows.gradient(metric="mirror"), seed=1).laws == by_potential.laws
    mixed = conservation_laws([u * v], flow=flows.mirror(a * a.log() + b**2 / 2), seed=1)
    assert Space(mixed.laws) == Space([2 * u - v**2])
    assert Space(conservation_laws([u * v], flow=flows.mirror((a**2 + b**2) / 2), seed=1).laws) == Space([u**2 - v**2])


def test_linear_terms_and_constants_of_a_potential_do_nothing():
    one = conservation_laws([u * v], flow=flows.mirror(a * a.log() + b**2 / 2), seed=1)
    two = conservation_laws([u * v], flow=flows.mirror(a * a.log() + b**2 / 2 + 7 * a - b + 3), seed=1)
    three = conservation_laws([u * v], flow=flows.mirror(5 * (a * a.log() + b**2 / 2)), seed=1)
    assert Space(one.laws) == Space(two.laws) == Space(three.laws)


def test_a_potential_goes_by_names_not_by_places():
    r"""The ring lists v before u, Sage lists the variables of the potential by the alphabet."""
    ring = PolynomialRing(QQ, "v,u")
    second, first = ring.gens()
    result = conservation_laws([first * second], flow=flows.mirror(a * a.log() + b**2 / 2), seed=1)
    assert Space(result.laws) == Space([2 * first - second**2])


def test_log_barrier():
    r"""`\psi = -log u - log v`: `M = diag(u^2, v^2)`, the law of `u v` is `u/v` (theory, Section 6)."""
    for flow in (flows.mirror(-a.log() - b.log()), flows.gradient(metric=[u**2, v**2])):
        result = conservation_laws([u * v], flow=flow, degree=4, seed=1)
        assert (result.number, result.laws) == (1, ())


def test_a_metric_without_symmetry():
    r"""With an antisymmetric metric phi itself is conserved, as a Hamiltonian is."""
    rotation = matrix(R, [[0, 1], [-1, 0]])
    assert Space(laws_under([u * v], rotation).laws) == Space([u * v])
    assert Space(laws_under([u**3 + v**2 - u], rotation, degree=3).laws) == Space([u**3 + v**2 - u])
    triangular = matrix(R, [[1, v], [0, 1]])  # M grad(v) = (v, 1), and M^T grad(v) = (0, 1)
    assert Space(laws_under([v], triangular, degree=2).laws) == Space([v**2 - 2 * u])
    assert Space(laws_under([v], triangular.transpose(), degree=1).laws) == Space([u])


@pytest.mark.parametrize(
    "rows",
    [
        lambda: [[R(1), R(0)], [R(0), R(1)]],
        lambda: [R(1), R(1)],
        lambda: matrix(R, 2, 2, 1),
        lambda: "euclidean",
        lambda: [[1, 0], [0, 1]],
        lambda: [1, 1],
        lambda: matrix(QQ, 2, 2, 1),
        lambda: [QQ(1), QQ(1)],
        lambda: [Fraction(3, 2), Fraction(3, 2)],
        lambda: [1, R(1)],
        lambda: matrix(QQ, 2, 2, 5),
        lambda: [[R(2), 0], [0, R(2)]],
        lambda: [u + v**2, u + v**2],
        lambda: [1 / u, 1 / u],
        lambda: ["1", "1"],
        lambda: ["u", "u"],
    ],
    ids=[
        "rows",
        "diagonal",
        "matrix",
        "name",
        "ints",
        "int diagonal",
        "rational matrix",
        "rationals",
        "fractions",
        "int and poly",
        "5",
        "2",
        "polynomial",
        "1/u",
        "texts",
        "text u",
    ],
)
def test_identity_and_its_multiples_are_euclidean(rows):
    result = conservation_laws([u**2 * v], flow=flows.gradient(metric=rows()), seed=1)
    proved(result, 1)
    assert Space(result.laws) == Space([u**2 - 2 * v**2])


@pytest.mark.parametrize(
    "metric",
    [
        lambda: "euclidean",
        lambda: [R(3), R(3)],
        lambda: matrix(R, 2, 2, 1),
        lambda: ["u + dv", "u + dv"],
        lambda: [u * v, u * v],
    ],
    ids=["name", "3", "matrix", "u + dv", "u v"],
)
@each_momentum
def test_multiples_of_the_identity_with_momentum(metric, kind):
    phi, flow = [u**2 + v**2], MOMENTA[kind]()
    plain = conservation_laws(phi, flow=flow, seed=1)
    proved(plain, 1)
    moved = flows.nesterov(metric=metric()) if kind == "Nesterov" else \
        flows.momentum(tau={"tau 0": 0, "tau 1": 1, "tau 1/2": HALF}[kind], metric=metric())
    result = conservation_laws(phi, flow=moved, seed=1)
    proved(result, 1)
    assert Space(result.laws) == Space(plain.laws) == Space(parse([f"{FACTOR[kind]}*(u*dv - v*du)"], plain))


def test_rational_metric():
    r"""`M = diag(1/u, v)` on phi = u v: the field is (v/u, u v) ~ (1, u^2): `u^3 - 3 v`."""
    result = laws_under([u * v], [1 / u, v], degree=3)
    proved(result, 1)
    assert Space(result.laws) == Space([u**3 - 3 * v])
    full = matrix(R.fraction_field(), [[1 / u, 0], [0, v]])
    assert Space(laws_under([u * v], full, degree=3).laws) == Space(result.laws)


def test_natural_gradient():
    r"""With J invertible the metric `(J^T J)^{-1}` changes no span; with damping `u v` keeps its law by symmetry."""
    proved(conservation_laws([u, u * v], flow=flows.natural_gradient([u, u * v]), seed=1), 0)
    damped = conservation_laws([u * v], flow=flows.natural_gradient([u * v], damping=1), seed=1)
    assert Space(damped.laws) == Space([u**2 - v**2])
    with pytest.raises(ValueError, match="damping"):
        flows.natural_gradient([u * v])


def test_the_metric_of_nmf_by_hand():
    r"""The network's own metric, and the same one written down by the user, with velocities."""
    net = networks.linear([2, 1, 1])
    names = ["U1_1_1", "U1_2_1", "U2_1_1"]
    for tau in (0, 1):
        by_hand = flows.momentum(tau=tau, metric=[f"{tau}*{x} + d{x}" if tau else f"d{x}" for x in names])
        assert conservation_laws(net, flow=by_hand, seed=1).number == 0
        assert conservation_laws(networks.nmf(2, 1, 1), flow=flows.momentum(tau=tau), seed=1).number == 0
    assert conservation_laws(net, flow=flows.gradient(metric=names), seed=1).number == 1


def test_a_metric_may_depend_on_time():
    net = networks.linear([1, 2, 2])
    for flow in (flows.momentum(metric=["t"] * 6), flows.nesterov(metric=["t^2 + 1"] * 6)):
        result = conservation_laws(net, flow=flow, seed=1)
        assert result.number == 1
        assert contains(result.laws, parse(angular(1, 2, 2, "t^3" if flow.name == "nesterov" else "1"), result))
