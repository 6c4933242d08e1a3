"""Facts of the pieces: axes, families, growth, chains, formulas, spans and normal forms of known networks."""
from fractions import Fraction

import numpy as np
import pytest

from sage_conslaw import conservation_laws, flows, networks
from sage_conslaw._sage import symbolic_ring
from sage_conslaw.flows.polynomial_response import PolynomialResponse
from sage_conslaw.flows.problem import problem
from sage_conslaw.graph.tensor import Constant
from sage_conslaw.width.axes import Unknown, axes_of
from sage_conslaw.width.bases import dimension, word_rank
from sage_conslaw.structure.chain_formula import chain_formula, number_of_laws
from sage_conslaw.structure.chain_points import chain_bounds, linear_layers
from sage_conslaw.structure.chains import Component, kinds_of_chains, kinds_of_components, useful_widths
from sage_conslaw.width.families import Family, families
from sage_conslaw.width.faithful import doubt, first_doubt
from sage_conslaw.width.fixed_numbers import only_axis, scaled_away
from sage_conslaw.width.formula import Formula, formula_of, names_of
from sage_conslaw.structure.gram_laws import GramLaw, gram_laws
from sage_conslaw.width.growth import Grown, at_true_size, certified, grown
from sage_conslaw.structure.index_classes import index_classes
from sage_conslaw.structure.isotropy import Span, conserved_spans, independent_with_spans
from sage_conslaw.width.links import flat
from sage_conslaw.width.mixing import check_mixing, with_free_rows
from sage_conslaw.width.momentum_width import lawless_rank
from sage_conslaw.width.noether import noether_laws
from sage_conslaw.width.normal_form import normal_form
from sage_conslaw.width.parts import cut_in_parts
from sage_conslaw.width.true_width import width_of

PRIME, HALF = (1 << 61) - 1, Fraction(1, 2)


def generator():
    return np.random.default_rng(0)


def axes(net):
    return axes_of(net.response())


def test_axes_of_images_and_of_slices():
    image = networks.convolutional([3, 64, 10], size=8, kernel=3, dimensions=2)
    assert axes(image).sizes == (64, 3, 3, 3, 10, 3, 3, 8, 8, 6, 6, 4, 4)
    x, W = networks.input(3), networks.parameter("W", 3, 3)
    with pytest.raises(Unknown, match="only part of an axis is taken"):
        axes(networks.custom((x @ W)[1:]))
    response = networks.linear([4, 3]).response()
    assert flat(axes_of(response), response.leaves[0]) == [0, 1]


def test_dimensions_and_ranks_at_given_sizes():
    assert dimension(axes(networks.linear([4, 3, 2])), [40, 30, 20]) == 1800
    point = np.array([1, 2, 3, 5, 7, 11, 13, 17])
    assert word_rank(networks.linear([2, 2, 2]).response(), point, 8, generator(), PRIME) == 5


def test_chains():
    component = Component(((0, 2), (1, 1)), ((1, 1, 0),))
    assert component.neurons(1) == [0, 1] and component.weights() == [(0, 0, 0), (1, 0, 0), (1, 1, 0)]
    assert useful_widths([2, 9, 2]) == [2, 4, 2] and useful_widths([2, 9, 9, 2]) == [2, 9, 9, 2]
    assert kinds_of_chains([5, 3, 2]) == [(0, 0, 2), (0, 1, 1), (0, 2, 2)]
    assert kinds_of_chains([2, 4, 2]) == [(0, 1, 2), (1, 2, 2)]
    assert kinds_of_components([3, 2]) == [(Component(((0, 0),)), 1), (Component(((0, 1),)), 2)]
    # A chain that would float, with its one neuron in layer 1.
    linked = [kind for kind, _ in kinds_of_components([3, 5, 4, 1]) if kind.links]
    assert linked == [Component(((0, 1), (1, 2)), ((0, 0, 1),))]


@pytest.mark.parametrize("net, loss, rank, laws", [
    (networks.linear([40, 30, 20, 10]), "least-squares", 1325, 675),
    (networks.linear([3, 4, 3]), "cross-entropy", 10, 14),
    # One input and one output: a law is missing, and nothing claims it.
    (networks.linear([1, 2, 2, 1]), "least-squares", 1, 6),
], ids=["deep", "cross-entropy", "scalar"])
def test_chain_points(net, loss, rank, laws):
    bounds = chain_bounds(index_classes(net.response(loss)), generator(), PRIME)
    assert (bounds.rank, bounds.laws, bounds.narrow) == (rank, laws, None)


def test_layers_and_formulas_of_linear_networks():
    assert linear_layers(index_classes(networks.linear([4, 3, 2]).response())) == ([0, 1], [0, 1, 2])
    assert linear_layers(index_classes(networks.relu([4, 3, 2]).response())) is None
    assert number_of_laws([4, 3, 2]) == {(1,): HALF, (1, 1): HALF}
    classes = index_classes(networks.linear([40, 30, 20]).response())
    assert chain_formula(classes, chain_bounds(classes, generator(), PRIME))[0] == {(30,): HALF, (30, 30): HALF}


def test_families():
    n = symbolic_ring().var("n")
    assert Family("full", (0, 1), ((0, (1, 0), 1), (1, (1, 0), -1))).number([64, 12]) == 24960
    assert bool(Family("full", (0,), ((0, (1,), 1),)).number([n]) == n * (n + 1) / 2)
    assert [Family("full", (0, 1), ()).degree(c) for c in (0, 1)] == [2, 1]
    small = axes(networks.relu([40, 30, 10]))
    assert families(small)[0].polynomials(small, small.leaves, [1, 1, 1]) == [{(0, 0): 1, (1, 1): -1}]
    norm = axes(networks.normalised(30, 20, 10, norm="rms"))
    assert [(f.kind, f.number(norm.sizes)) for f in families(norm)] == [("diagonal", 20), ("diagonal", 1)]


def test_what_free_values_forget():
    block = networks.transformer_block(8, 8, heads=2).response()
    assert doubt(block) is None and first_doubt(block) == (None, None)


def test_fixed_numbers():
    arrays = ([[[1]], [[2]]], [1, 0], [[1, 2], [3, 4]])
    assert [only_axis(Constant(one)) for one in arrays] == [0, None, None]
    assert scaled_away(axes(networks.linear([3, 2])), []) == set()


def test_formulas():
    ring = symbolic_ring()
    D, h, k, n5 = ring.var("D, h, k, n5")
    assert bool(Formula({(5, 5): HALF, (5,): HALF}, {}, 15).expression() == (n5 ** 2 + n5) / 2)
    assert bool(Formula({(64, 64, 12): 1, (64, 12): 1}, {}, 49920).expression({64: D / h, 12: h}) == D + D ** 2 / h)
    assert Formula({(3, 4): 1}, {7: 2}, 12, fixed=(5,)).sizes() == {3, 4, 5, 7}
    assert Formula({}, {7: 2}, 0, fixed=(4,)).where() == ("n4 = 4", "n7 >= 2")
    assert Formula({}, {7: 2}, 0, tacit=(1, 5)).where({1: "n0 = n3", 7: "n1"}) == ("n1 >= 2", "n0 = n3 = 1")
    width = width_of(problem(networks.attention(1009, 101, heads=11)).family).counted(generator())
    assert bool(formula_of(width).expression({101: "k", 11: "h"}) == h * k ** 2 + h * k)


def test_names_of_sizes():
    block = names_of("transformer_block", (768, 3072), (("heads", 12),))
    assert block == {12: "heads", 64: "head_dim", 768: "dim", 3072: "hidden"}
    assert names_of("relu", (5, 5, 3), ()) == {3: "n2"} and names_of("linear", (1, 12, 1), ())[1] == "n0 = n2"


def test_laws_from_rotations():
    one = Fraction(1)
    law = GramLaw({(1, 1): one}, {(0, 0): one}, ((0, 1),), ("w", "u"), False)
    assert law.words(["w_1", "u_1"]) == "u_1^2 + (w_1^2)*log(det(Gram(w, u)))"
    net = networks.normalised(1, 3, 2, norm="rms", gain=False, bias=False)
    known = conservation_laws(net, seed=0).terms
    assert len(gram_laws(problem(net).family, known, generator(), PRIME)) == 1
    net = networks.normalised(2, 4, 1, norm="rms", gain=False, bias=False)
    words = [span.words() for span in conserved_spans(problem(net).family)]
    assert words == ["the span of the vectors of W and U in R^4, of dimension 3"]
    # A gain does not commute with rotations.
    assert conserved_spans(problem(networks.normalised(2, 4, 1, norm="rms")).family) == []
    span = Span(((0, 1), (2, 3), (4, 5)), ("W",))
    assert independent_with_spans([], [span], 6, generator(), PRIME) == 2


def test_growth():
    assert Grown(12, 3, 9, (), {}, None).proved and not Grown(12, 3, 0, (), {}, "no base").proved
    # A law that is not polynomial is missing at every base, and nothing is claimed.
    found = grown(axes(networks.linear([1, 40, 40, 1])), generator())
    assert (found.proved, found.laws) == (False, 0)
    wide = axes(networks.relu([40, 30, 20]))
    assert [family.kind for family in certified(wide, families(wide), generator())] == ["diagonal"]
    # More hidden units than inputs and outputs together: some laws are dependent, and only the true size tells.
    narrow = axes(networks.linear([1, 7, 2]))
    known = grown(narrow, generator())
    assert not known.proved and at_true_size(narrow, known, generator()).proved


def test_index_classes():
    classes = index_classes(networks.relu([4, 3, 2], bias=True).response())
    assert classes.sizes == [4, 3, 2] and [classes.of[leaf] for leaf in classes.response.leaves] == [
        (0, 1), (1,), (1, 2)]
    rows, columns = index_classes(networks.linear([2, 3]).response()).indices(0, np.array([4]))
    assert (rows.tolist(), columns.tolist()) == ([1], [1])
    wide = index_classes(networks.linear([40, 30, 10]).response("cross-entropy"))
    assert str(wide.restricted([1, 1, 2]).local_reparameterisation()) == "[U1*U2_1_1 - U1*U2_1_2]"
    assert index_classes(networks.linear([3, 2]).response("cross-entropy")).zero_sum == 1
    assert index_classes(PolynomialResponse(["u"], [{(0,): 1}])) is None


def test_rows_that_are_mixed():
    z, P = networks.input(3, 6), networks.parameter
    parts = cut_in_parts(networks.custom((z[:1] @ P("Q", 6, 2)) * (z @ P("K", 6, 2)).sum(axis=0)).response())
    with pytest.raises(Unknown, match="parts of x overlap"):
        check_mixing(axes_of(parts.response), parts.overlaps)
    plain = axes(networks.linear([3, 2]))
    assert with_free_rows(plain) is plain


@pytest.mark.parametrize("net, rank, number", [
    (networks.relu([784, 128, 10]), 203265, 203265), (networks.linear([3, 3, 3]), 1, 37),
], ids=["relu", "three laws"])
def test_momentum_without_laws(net, rank, number):
    family = problem(net, flows.momentum(1)).family
    assert (lawless_rank(family, generator()), family.dimension) == (rank, number)


@pytest.mark.parametrize("net, number", [
    (networks.linear([3, 3, 3]), 3), (networks.relu([3, 3, 3]), 0), (networks.attention(2, 3, heads=2), 12),
    (networks.attention(4, 4, rotary=True), 8),
    (networks.normalised(2, 4, 2, norm="rms", gain=False, bias=False), 6),
], ids=["linear", "relu", "heads", "rotary", "norm"])
def test_angular_momenta(net, number):
    assert len(noether_laws(problem(net, flows.momentum(1)).family, generator())) == number


def test_normal_forms():
    f = networks.linear([2, 2]).response()
    assert normal_form(f) is f
    x, b = networks.input(3), networks.parameter("b", 3)
    f = networks.custom((x + b).softmax() @ networks.parameter("W", 3, 2)).response().coarse
    assert [type(node.inputs[0]).__name__ for node, _ in normal_form(f).pairings] == ["SumOne", "Data"]
