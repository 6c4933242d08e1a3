"""The pieces of real ranks: gates, patterns, points, sectors, smooth gradients, costs, words of a verdict."""
from fractions import Fraction

import numpy as np
import pytest

from sage_conslaw import flows, networks
from sage_conslaw.exact.arithmetic import FloatArithmetic
from sage_conslaw.exact.balls import BallArithmetic, midpoints
from sage_conslaw.flows.problem import problem
from sage_conslaw.graph.activations import GateFunction, gate_function
from sage_conslaw.networks.transformer import positions
from sage_conslaw.real import given, patterns, points, sectors, smooth
from sage_conslaw.real.ball_words import ball_rank
from sage_conslaw.real.certified import RealRank
from sage_conslaw.real.components import independent, spanning_number
from sage_conslaw.real.gates import gated, values_matter
from sage_conslaw.real.homogeneous import directions
from sage_conslaw.real.grow import control_rank, grow
from sage_conslaw.real.pushed import covers
from sage_conslaw.real.reading import data_of, real_network, slopes_of
from sage_conslaw.real.regions import Region, family_on_region
from sage_conslaw.real.sign_classes import certified_classes, sign_classes
from sage_conslaw.real.signs import family_with_signs
from sage_conslaw.real.verdict import checked, known_at_once, real_rank, words
from sage_conslaw.real.work import DOUBLES, Costs, Work, products
from sage_conslaw.runtime.errors import InputError, InputTypeError

LARGE = 2**61 - 1


def draw():
    """Return a new generator of random numbers."""
    return np.random.default_rng(0)


def of(net):
    """Return the real network of a network and its response."""
    response = net.response()
    return real_network(response), response


def with_inputs(response, rows):
    """Return inputs of a network with one input leaf."""
    (leaf,) = [leaf for leaf in response.data_leaves if leaf.kind == "input"]
    return {leaf: np.array(rows)}


def test_kinds_of_networks():
    kinds = [of(net)[0].kind for net in (networks.linear([2, 1]), networks.product(2), networks.relu([2, 2, 1]),
                                         networks.gated(2, 1))]
    assert kinds == ["polynomial", "polynomial", "patterns", "balls"]
    unknown = networks.custom(networks.input(2).cut() @ networks.parameter("W", 2, 1))
    assert of(unknown)[0].reason == "x is cut by a function that is not named"


def test_slopes():
    assert slopes_of(gate_function("leaky relu")) == (1, 100, 100) and slopes_of(gate_function("max")) is None
    assert slopes_of(GateFunction("leaky relu of slope 0.5", None, Fraction(1, 2))) == (1, 2, 2)
    numerators, denominator, decided = patterns.slopes(gate_function("leaky relu"), np.array([-2.0, 3.0, 0.0]), None)
    assert (numerators.tolist(), denominator, decided.tolist()) == ([1, 100, 1], 100, [True, True, False])


def test_gates_as_factors_of_their_source():
    x = networks.input(2)
    assert gated(x.relu()).source is x and gated(x + x) is None
    assert not values_matter(tuple(x.relu().ancestors(through_data=True)))


def test_spanning_fields():
    nets = networks.linear([1, 3, 1]), networks.relu([1, 3, 1]), networks.normalised(1, 3, 1)
    assert [spanning_number(net.response()) for net in nets] == [1, 3, 2]
    f = {(0,): Fraction(1)}
    assert independent([f, {(0,): Fraction(2), (): Fraction(5)}]) == [f] and independent([{(): Fraction(1)}]) == []


def test_growing_spans():
    family = problem(networks.linear([2, 2, 2])).family
    assert control_rank(family, draw(), LARGE, 8, 1) == 4
    assert grow(family, draw(), LARGE, 5, Work(), Costs(family.response.order, 8), 1).rank == 5
    head = problem(networks.attention(2, 1)).family
    assert ball_rank(head, real_network(head.response), 6, draw(), Work()).rank == 6


def test_patterns_at_a_point():
    net, f = of(networks.relu([1, 2, 1]))
    theta, inputs = np.array([1.0, -2.0, 3.0, 5.0]), with_inputs(f, [[1.0], [-1.0], [2.0]])
    _, gates, decided = patterns.true_forward(FloatArithmetic(), net, f, theta, inputs, None)
    assert [part[0].tolist() for part in gates.values()] == [[[1, 0], [0, 1], [1, 0]]] and decided.all()
    real = patterns.PatternResponse(f, net, theta, inputs, draw())
    assert (real.samples, real.patterns) == (3, 2)
    assert [part.tolist() for part in real.gates().values()] == [[[1, 0], [0, 1], [1, 0]]]
    drawn = [part.ravel().tolist() for leaf, part in real.draw(draw(), 101, 2).items() if leaf.kind != "covector"]
    assert sorted(drawn) == [[1, 0, 0, 1], [1, 100]]
    assert smooth.SmoothResponse(f, net).rank_on_doubles(theta, inputs, draw()) == 2
    fits = [patterns.fits_in_doubles(net, f, size * np.ones(4), with_inputs(f, [[5.0]])) for size in (10.0, 1e9)]
    assert fits == [True, False]


def test_points():
    theta = points.integer_parameters(draw(), 6, [0, 1], 9)
    assert theta.shape == (9, 6) and (theta[:, :2] > 0).all() and (theta != 0).all()
    changed = points.mutated(np.full(100, 99.0), draw()) != 99.0
    assert 0 < changed.sum() < 40
    tokens = points.one_hot(draw(), 50, (2, 3)).sum(axis=-1)
    assert set(tokens.ravel().tolist()) == {0.0, 1.0}
    net, f = of(networks.relu([2, 3, 1, 1]))
    assert [part.shape for part in points.integer_inputs(net, draw(), 5).values()] == [(5, 2)]
    theta, generator = points.integer_parameters(draw(), 10, (), 50), draw()
    turned = points.balanced(f, net, generator, theta, points.integer_inputs(net, generator, 64))
    # Behind a ReLU all inputs are positive: weights of one sign leave the unit always on or always off.
    mixed = [int((abs(np.sign(some[:, 6:9]).sum(axis=1)) < 3).sum()) for some in (theta, turned)]
    assert mixed[1] > mixed[0] and (theta[:, :6] == turned[:, :6]).all()
    assert points.lively(f, net, draw()).shape == (256, 10)


def test_momentum_without_walls():
    def asked(net, flow):
        family = problem(net, flow).family
        return covers(family, smooth.SmoothResponse(family.response, real_network(family.response)))
    assert asked(networks.attention(2, 1), flows.momentum()) and not asked(networks.attention(2, 1), flows.gradient())
    assert [asked(networks.normalised(2, q, 1, norm="layer"), flows.momentum()) for q in (2, 3)] == [False, True]


def test_signs_and_sectors():
    net, f = of(networks.relu([2, 1, 1, 1]))
    theta = np.array([3.0, 5.0, -2.0, 1.0])
    signs, gates = sectors.possible_signs(net, f, theta), data_of(net.nodes, "gate")
    assert [[part.tolist() for part in signs[gate.source]] for gate in gates] == [[[1.0], [1.0]], [[0.0], [1.0]]]
    assert np.array_equal(np.concatenate(list(sectors.gates_for_every_input(net, f, theta).values())),
                          [np.nan, 0.0], equal_nan=True)
    net, f = of(networks.relu([1, 2, 1]))
    found = sectors.cells(net, f, np.array([1, -2, 3, 5]))
    assert [[part.tolist() for part in cell.values()] for cell in found] == [[[1.0, 0.0]], [[0.0, 1.0]]]
    net, f = of(networks.relu([1, 2, 1], bias=True))
    assert len(sectors.cells(net, f, np.array([1, -2, 3, 5, 7, 2]))) == 3
    assert sectors.sectors(*of(networks.relu([2, 1, 1])), np.array([1.0, 2.0, 3.0])) is None
    with pytest.raises(sectors.Unstable, match="by chance|two units"):
        sectors.cells(net, f, np.array([1, 1, 1, 1, 5, 5]))


@pytest.mark.parametrize("net, expected", [
    (networks.relu([1, 9, 1]), 2), (networks.relu([1, 9, 1], bias=True), 27), (networks.relu([2, 2, 1]), 6)])
def test_most_gradients(net, expected):
    real, f = of(net)
    assert sectors.most_gradients(real, f, np.ones(f.dimension)) == expected


def test_polynomials_of_a_region():
    net, f = of(networks.relu([1, 3, 1]))
    region = sectors.response_on_region(net, f, np.array([1.0, -2.0, 3.0, 5.0, 7.0, 2.0]))
    assert str(region.local_reparameterisation()) == "[U1_1_1*U2_1_1 + U1_1_3*U2_3_1, U1_1_2*U2_2_1]"


def test_smooth_gradients():
    net, f = of(networks.perceptron([1, 1, 1], activation="gelu"))
    g, A = smooth.SmoothResponse(f, net), BallArithmetic()
    one = {leaf: np.ones_like(part) for leaf, part in g.samples(draw(), 1).items()}
    assert midpoints(g.gradient(A, A.constant([1, 1]), one)).round(4).tolist() == [[1.0833, 0.8413]]
    third, z, node = np.array([Fraction(1, 3)]), smooth.dyadic(draw(), (100,)), positions(2, 4)
    assert smooth.exactly(FloatArithmetic(), third)[0] == 1 / 3 and not smooth.exactly(A, third)[0].is_exact()
    assert (z != 0).all() and (64 * z == np.rint(64 * z)).all()
    assert (abs(midpoints(smooth.rotation_values(node, A)) - node.values) < 1e-12).all()


def test_given_data():
    assert given.rationals([[1, 0.5]], "the inputs").tolist() == [[1, Fraction(1, 2)]]
    for wrong, error, said in [([[float("nan")]], InputError, "not finite"), ([["a"]], InputTypeError, "no number"),
                               ([[1], [1, 2]], InputTypeError, "rectangular")]:
        with pytest.raises(error, match=said):
            given.rationals(wrong, "the inputs")
    net = networks.linear([2, 1])
    inputs, targets = given.samples_of(net, ([[1, 2], [2, 4]], None))
    assert targets is None and [part.shape for part in inputs.values()] == [(2, 2)]
    with pytest.raises(InputError, match=r"the shape \(1, 3\); give \(samples,\) \+ \(2,\)"):
        given.samples_of(net, ([[1, 2, 3]], None))
    gated_net = networks.gated(2, 1)
    _, samples = given.narrowed(gated_net, given.samples_of(gated_net, ([[1, 2], [3, 6]], None))[0])
    assert [(leaf.shape, part.tolist()) for leaf, part in samples.items()] == [((1,), [[1], [3]])]
    deep = networks.linear([2, 1, 1])
    on_data = given.problem_on_data(problem(deep), deep, ([[1, 2]], None), 0)
    assert on_data.family.response.components == [{(0, 2): 1, (1, 2): 2}]


def test_classes_of_signs():
    f = networks.relu([1, 2, 1]).response()
    found = [sign_classes(f, np.array(theta), draw()) for theta in ([1.0, 2.0, 3.0, 5.0], [1.0, -2.0, 3.0, 5.0])]
    assert found == [(1, 2), (2, 2)]


def test_what_is_said():
    short = RealRank(3, (3,), "patterns", False, True)
    assert short.less and not RealRank(3, (3,), "patterns", False, False).less and short.to_dict()["rank"] == 3
    assert "the network is polynomial" in words(RealRank(1, (), "polynomial", True, False), "none")
    assert words(None, "span").endswith("the span condition")
    assert known_at_once(problem(networks.product(2)).family, 1).method == "polynomial"
    assert known_at_once(problem(networks.relu([2, 3, 2])).family, 9) is None
    with pytest.raises(InputTypeError, match="real 'yes' is not True"):
        checked("yes")
    assert str(Region(6, 0.125, (1, 2, 3, 1), 2, 4)).startswith("between 4 and 6 laws at 12 % of the points")
    assert sorted(Region(6, 0.5, (1, -2), 2, 6).to_dict()) == ["number", "number_at_least", "patterns", "point",
                                                              "share"]


def test_budgets():
    work = Work(10)
    work.spend(7)
    assert (work.left(), work.over(), work.allows(4)) == (3, False, False)
    assert Work(0).over() and not Work(None).over() and Work(None).allows(10**20)
    assert products(networks.linear([4, 3]).output) == 12
    net = networks.relu([2, 3, 2])
    costs = Costs(net.output.ancestors(through_data=True), 12)
    assert costs.words(DOUBLES, 10, 2) == 3 * costs.words(DOUBLES, 10, 1) and costs.elimination(100, 12) < 10**6


@pytest.mark.parametrize("net, number", [
    (networks.normalised(1, 3, 1, norm="rms"), 1), (networks.normalised(1, 3, 2, norm="rms"), 2),
    (networks.relu([1, 3, 1]), 2), (networks.perceptron([1, 3, 1], activation="abs"), 1),
    (networks.relu([1, 3, 1], bias=True), None), (networks.relu([2, 3, 1]), None)])
def test_directions_of_one_input(net, number):
    assert directions(*of(net)) == number


def test_families_of_regions():
    family = problem(networks.relu([1, 2, 1])).family
    here = family_on_region(family, np.array([1.0, -2.0, 3.0, 5.0]))
    assert str(here.response.local_reparameterisation()) == "[U1_1_1*U2_1_1, U1_1_2*U2_2_1]"
    for p, found in [(1, True), (2, False)]:
        net = networks.normalised(p, 3, 1, norm="batch")
        assert (family_with_signs(problem(net).family, np.ones(3 * p + 9)) is not None) == found


@pytest.mark.parametrize("widths, rank, expected", [([2, 2, 1], 6, (6, True)), ([2, 2, 2, 1], 10, (8, False))])
def test_certified_classes_of_signs(widths, rank, expected):
    found = certified_classes(networks.relu(widths).response(), rank, draw())
    assert (found.rank, found.reached) == expected


@pytest.mark.parametrize("net, rank, expected", [
    (networks.relu([1, 4, 1]), 4, (2, False, True)), (networks.relu([2, 3, 2]), 9, (9, True, False))])
def test_real_ranks(net, rank, expected):
    found = real_rank(problem(net).family, rank, draw())
    assert (found.rank, found.reached, found.stagnated) == expected
