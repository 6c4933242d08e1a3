"""Parts of flows, fact by fact: metrics, groups, dampings, spanning gradients and the families made of them."""
from fractions import Fraction

import numpy as np
import pytest
from sage.symbolic.ring import SR

from sage_conslaw import InputError, conservation_laws, count_conservation_laws, flows, networks
from sage_conslaw._sage import QQ, RR, PolynomialRing, matrix
from sage_conslaw.exact.arithmetic import ModularArithmetic
from sage_conslaw.expressions.polynomials import parse_polynomials
from sage_conslaw.flows.carried import carried
from sage_conslaw.flows.flow import as_metric
from sage_conslaw.flows.groups import Groups, common_rate, fresh, rated
from sage_conslaw.flows.metric import diagonal, full, natural, of_network, of_potential, positive
from sage_conslaw.flows.optimiser_table import OPTIMISERS, table
from sage_conslaw.flows.optimisers import hyperparameters, is_optimiser
from sage_conslaw.flows.polynomial_response import PolynomialResponse
from sage_conslaw.flows.problem import problem
from sage_conslaw.flows.proportional import proportional_classes
from sage_conslaw.flows.rescaled import RescaledResponse
from sage_conslaw.flows.sign_family import SignFamily
from sage_conslaw.flows.spanned import WrittenFamily, spanning_gradients, written
from sage_conslaw.flows.tau import damping, exponential_text, is_exact, is_float
from sage_conslaw.flows.written_functions import written_family
from sage_conslaw.runtime.errors import InputTypeError, NotCovered

RING = PolynomialRing(QQ, ["u", "v"], 2)
U, V = RING.gens()
u, v = SR.var("u, v")
ONE = Fraction(1)
PRODUCT = networks.product(2).response()


def fields(flow, size=2):
    return [[str(f) for f in field] for field in flow.family(networks.product(size).response()).polynomial_fields()]


@pytest.mark.parametrize(
    "flow, size, expected",
    [
        (flows.rmsprop(rate=QQ(1) / 10), 1, [["1/10*s", "0", "1/20*p_x1"], ["0", "-p_x1", "0"], ["0", "0", "-p_x1^3"]]),
        (flows.sign(), 3, [["1", "1", "1"]]),
        (flows.steepest(4), 2, [["x2^3", "x1^3"]]),
        (flows.gradient("mirror"), 2, [["x1*x2", "x1*x2"]]),
    ],
)
def test_fields_written_out(flow, size, expected):
    assert fields(flow, size) == expected


@pytest.mark.parametrize(
    "flow, second_order, keeps_ring",
    [
        (flows.gradient(), False, True),
        (flows.momentum(), True, False),
        (flows.sign(), False, True),
        (flows.weight_decay(1, flows.sign()), False, False),
        (flows.adam(), False, False),
    ],
)
def test_what_the_state_is(flow, second_order, keeps_ring):
    assert (flow.second_order, flow.keeps_ring) == (second_order, keeps_ring)


def test_names_of_states():
    assert flows.adam().family(networks.product(1).response()).names == ["s", "x1", "m_x1", "p_x1"]
    assert fresh("d", ["x", "dx", "x"], ["dx"]) == ["dx_", "ddx", "dx__"]
    assert conservation_laws(networks.product(2), flow=flows.adam(), seed=0).number == 0


def test_groups_of_arrays():
    two = Groups(("U1", "U2"), None, (ONE, Fraction(2)), (Fraction(0), Fraction(0)))
    response = networks.linear([1, 1, 2]).response()
    assert str(two) == "rates 1, 2" and two.arranged(response)[0] == [1, 2, 2]
    with pytest.raises(InputError, match=r"has 1 array \(W\) and the network 2 \(U1, U2\)"):
        Groups(("W",), None, (ONE,), (Fraction(0),)).arranged(response)
    assert rated(None, [Fraction(2), Fraction(0)]) == [(0, 0, {(): Fraction(2)})]
    assert common_rate([Fraction(1, 2), Fraction(1, 3), Fraction(0)]) == Fraction(1, 6) and common_rate([]) == 0


@pytest.mark.parametrize(
    "build, text",
    [
        (lambda: diagonal([U**2, V**2]), "diagonal metric"),
        (lambda: full(matrix([[1, U], [0, 1 / (U + V)]])), "matrix metric"),
        (lambda: natural([U, U * V]), "natural metric"),
        (lambda: natural([U * V], damping=1), "natural metric"),
        (lambda: of_network(networks.nmf(2, 1, 2)), "mirror metric"),
        (lambda: of_network(networks.icnn(2, 1, 2)), "icnn metric"),
        (lambda: of_network(networks.linear([2, 2])), "None"),
        (lambda: flows.gradient(metric="mirror").metric_on(PRODUCT), "mirror metric"),
    ],
)
def test_kinds_of_metrics(build, text):
    assert str(build()) == text


@pytest.mark.parametrize(
    "potential, entries",
    [
        (u * u.log() + v * v.log(), ((0, 0, {(0,): 1}), (1, 1, {(1,): 1}))),
        (u * u.log() + v**2 / 2, ((0, 0, {(0,): 1}), (1, 1, {(): 1}))),
    ],
)
def test_metrics_of_potentials(potential, entries):
    assert of_potential(potential).entries == entries
    assert of_potential(u * u.log() + v**2 / 2).arranged(["v", "u"]).entries == ((1, 1, {(0,): 1}), (0, 0, {(): 1}))
    assert positive(["u", "v"], [0], "icnn").entries == ((0, 0, {(0,): 1}), (1, 1, {(): 1}))


@pytest.mark.parametrize(
    "build, error, said",
    [
        (lambda: diagonal([U, 0]), InputError, "entry 2 of its diagonal is zero"),
        (lambda: diagonal([u, 1]), InputTypeError, "contains u of Symbolic Ring"),
        (lambda: full([[U, V]]), InputError, "1 row and a row of 2 entries"),
        (lambda: full([[U, V], [U, V]]), InputError, "singular at generic points"),
        (lambda: of_potential(u.exp() + v**2), InputError, "has the entry e.u, which is not rational"),
        (lambda: of_potential(u + v**2), InputError, "Hessian of the potential is singular"),
        (lambda: natural([U * V]), InputError, "phi does not determine the parameters"),
        (lambda: of_network(networks.linear([2, 2]), "icnn"), InputError, "linear has none"),
    ],
)
def test_metrics_that_are_refused(build, error, said):
    with pytest.raises(error, match=said):
        build()


def test_what_is_known_of_optimisers():
    assert (OPTIMISERS["sgd"].defaults["momentum"], OPTIMISERS["sgd"].torch) == (0, "SGD")
    assert hyperparameters("sgd", {"momentum": 0.5})[1]["momentum"] == Fraction(1, 2)
    assert is_optimiser("AdamW") and not is_optimiser("gradient")
    assert table().splitlines()[:2] == [".. list-table::", "   :header-rows: 1"]
    muon = flows.from_torch_optimizer("muon")
    assert muon.explanation.startswith("muon is no flow that can be counted: it moves a matrix")
    with pytest.raises(NotCovered, match="muon is no flow that can be counted"):
        muon.family(PRODUCT)


def test_problems():
    asked = problem(networks.linear([2, 2]))
    assert (asked.architecture, asked.flow_name, asked.loss) == ("linear", "gradient", "least-squares")
    assert problem([U * V]).family.names == ["u", "v"] and problem([U * V]).law({(0, 0): ONE}) == U**2
    for data, said in (([RING(3)], "phi is constant: nothing moves"), (42, "phi contains only numbers")):
        with pytest.raises(InputError, match=said):
            problem(data)


def test_proportional_classes():
    classes = proportional_classes(networks.linear([1, 2, 2]).response())
    assert (classes.moving, classes.still) == ([[0], [1], [2, 4], [3, 5]], [])
    assert classes.law_texts()[0] == "sgn(U1_1_1)*U2_1_1 - sgn(U1_1_2)*U2_2_1"
    less = proportional_classes(networks.product(3).response()).without([1])
    assert (less.moving, less.still) == ([[0, 2]], [1])
    assert str(SignFamily(["a", "b", "c"], [[0, 2], [1]], [1, 1, -1])) == "Family of 2 sign vectors in 3 parameters"


def test_written_families():
    assert spanning_gradients(PRODUCT) == [[{(1,): 1}, {(0,): 1}]]
    assert WrittenFamily.of(["x", "y"], None, [[{(1,): ONE}, {}]]).remarks == ()
    family = flows.sign().family(PRODUCT)
    assert family.remarks[0] == "laws where x1 > 0, x2 > 0; in general: sgn(x2)*x1 - sgn(x1)*x2"
    assert flows.weight_decay(QQ(1) / 2, flows.sign()).rates_and_decays(PRODUCT) == ([1, 1], [Fraction(1, 2)] * 2)
    decaying = written(["x", "y"], [[{(): ONE}, {(): ONE}]], [ONE, Fraction(2)], 1).polynomial_fields()
    assert [[str(f) for f in field] for field in decaying] == [["s", "-x", "-2*y"], ["0", "1", "1"]]
    laws = conservation_laws(networks.linear([1, 2, 3]), flow=flows.sign()).laws
    assert list(map(str, laws)) == ["U2_1_1 - U2_2_1", "U2_1_2 - U2_2_2", "U2_1_3 - U2_2_3"]


def test_dampings():
    assert (damping("1/2").constant, damping("3/t").constant) == (Fraction(1, 2), None)
    assert (damping("3/t").over_time, damping(1).over_time) == (3, None)
    texts = [exponential_text(2, "1/2"), exponential_text(2, "1/3"), exponential_text(1, "tau")]
    assert texts == ["exp(t)", "exp(2/3*t)", "exp(tau*t)"]
    assert [is_float(x) for x in (0.5, float(1), QQ(1) / 2, RR.to_prec(100)(2))] == [True, True, False, True]
    assert [is_exact(x) for x in (QQ(1) / 3, "1/3", 0.1, "0.1", True)] == [True, True, False, False, False]
    assert count_conservation_laws(networks.product(2), flow=flows.momentum(tau=10**30), seed=0).number == 0


def test_gradients_of_responses():
    A = ModularArithmetic(101)
    # The gradient of x y + 2 x^2 at (3, 5); residues of the data are taken.
    f = PolynomialResponse(*parse_polynomials(["x*y", "x^2"]))
    assert f.gradient(A, np.array([3, 5]), f.data_from_numbers(101, [[1, 103]])).tolist() == [[17, 3]]
    assert (list(map(str, f.local_reparameterisation())), f.dimension, f.data_size) == (["x*y", "x^2"], 2, 2)
    # Layers with the rates 10 and 100: the gradient of 2 * 3 x is 10 * 3 in the first, 100 * 2 in the second.
    g = RescaledResponse(networks.linear([1, 1, 2]).response())
    data = g.data_from_numbers(101, [[10, 100, 1, 1, 0]])
    assert g.gradient(A, np.array([2, 3, 5]), data).tolist() == [[30, 200 % 101, 0]]


def test_drifts_of_momentum_integrate_exactly():
    family, state = flows.momentum().family(PRODUCT), np.array([0, 2, 3, 5, 7])
    assert family.drift_flow(ModularArithmetic(101), 101, state, 2).tolist() == [2, 12, 17, 5, 7]


def test_laws_are_carried_to_other_clocks():
    slow, fast = (flows.weight_decay(QQ(rate)).family(PRODUCT) for rate in ("1/10", "1/5"))
    # exp(t / 5) is the square of one clock and the other itself.
    assert carried({(0, 0, 1): ONE}, slow, fast) == {(0, 1): ONE}
    assert carried({(0, 1): ONE}, slow, fast) == {(0, 1, 1): ONE}
    assert carried({(0, 1): ONE}, slow, flows.gradient().family(PRODUCT)) is None


def test_a_gate_of_parameters_has_a_law_in_hyperbolic_functions():
    x, a, W = networks.input(2), networks.parameter("a", 1), networks.parameter("W", 1, 2)
    found = conservation_laws(written_family(networks.custom((W @ x) * a.tanh()).response()), seed=0)
    assert str(found) == "1 independent law of degree at most 2 in 3 coordinates, complete (proved)"


def test_metrics_as_they_are_given():
    given = [U, V], matrix([[1, U], [U, 1]])
    assert list(map(str, map(as_metric, given))) == ["diagonal metric", "matrix metric"]
