"""What the modules of width/ tell of known networks: each fact in one line."""
import numpy as np
import pytest

from sage_conslaw import conservation_laws, networks
from sage_conslaw.flows.problem import problem
from sage_conslaw.graph.cuts import sum_one
from sage_conslaw.graph.joining import concatenate
from sage_conslaw.graph.tensor import Constant
from sage_conslaw.pytorch.norms import normalised
from sage_conslaw.width.axes import Unknown, axes_of
from sage_conslaw.width.families import families
from sage_conslaw.width.growth import grown
from sage_conslaw.width.links import links_of
from sage_conslaw.width.normal_form import normal_form
from sage_conslaw.width.offsets import added_leaves
from sage_conslaw.width.open_ends import with_known_axes
from sage_conslaw.width.parts import cut_in_parts
from sage_conslaw.width.ranges import overlap, through_reshape, whole
from sage_conslaw.width.rearranged import block_map
from sage_conslaw.width.segments import segments
from sage_conslaw.width.shears import by_shears
from sage_conslaw.width.true_width import width_of
from sage_conslaw.width.wording import matrix_law

P = networks.parameter


def axes(net):
    return axes_of(net.response())


def blocks(number):
    """A residual stream with layer normalisations as PyTorch computes them."""
    h = networks.input(5) @ P("E", 5, 4)
    for i in range(number):
        z = normalised(h, 1e-5, True) * P(f"g{i}", 4)
        h = h + (z @ P(f"U{i}", 4, 3)).gelu() @ P(f"V{i}", 3, 4)
    return networks.custom(normalised(h, 1e-5, True) * P("g", 4))


@pytest.mark.parametrize("net, laws", [
    (networks.attention(512, 64, heads=8, bias=True), [
        "Q_h^T Q_h - K_h^T K_h + bQ_h bQ_h^T - bK_h bK_h^T for each of 8 blocks h (symmetric 64 x 64: 16640 laws)",
        "V_h^T V_h - O_h O_h^T + bV_h bV_h^T for each of 8 blocks h (symmetric 64 x 64: 16640 laws)",
        "bK (512 laws)"]),
    # Tokens have sum one: all of them are shifted against all positions.
    (networks.custom(sum_one("x", (8, 50)) @ P("E", 50, 12) + P("P", 8, 12)),
     ["sum(E[:,j]) - sum(P[:,j]) for each j (12 laws)"]),
], ids=["attention", "tokens"])
def test_families_in_words(net, laws):
    here = axes(net)
    assert [str(matrix_law(family, here)) for family in families(here)] == laws


def test_an_adapter_grows_with_all_its_classes():
    found = grown(axes(networks.lora([768, 768], rank=8)), np.random.default_rng(0))
    assert (found.laws, found.rank, found.proved, found.least) == (36, 12252, True, {0: 3, 1: 3, 2: 3})


@pytest.mark.parametrize("response, names", [
    (networks.transformer_block(4, 3, heads=2).response().coarse,
     [["g1", "b1", "Q", "K", "V", "O"], ["g2", "b2", "up"], ["down"]]),
    (normal_form(blocks(2).response()), [["E"], ["g0", "U0"], ["V0"], ["g1", "U1"], ["V1"], ["g"]]),
], ids=["transformer block", "residual stream"])
def test_segments(response, names):
    assert [[leaf.name for leaf in segment] for segment in segments(response)] == names


def test_ranges_of_axes():
    assert whole(((0, 1, 4),), (4,)) and not overlap((0, 2, 2), (1, 2, 2))
    assert through_reshape((6,), (2, 3), ((1, 1, 1), (0, 1, 3))) == ((3, 1, 3),)
    # Across the axes of a reshape a part is no range.
    with pytest.raises(Unknown, match="part of a reshape is taken"):
        through_reshape((6,), (2, 3), ((0, 1, 2), (1, 1, 2)))


def test_parameters_are_cut_where_products_are():
    y = networks.input(4) @ P("W", 4, 6) + P("b", 6)
    leaves = cut_in_parts(networks.custom(y[:3] * y[3:]).response()).response.leaves
    assert [(leaf.name, leaf.shape) for leaf in leaves] == [
        ("W[:,0:3]", (4, 3)), ("W[:,3:6]", (4, 3)), ("b[0:3]", (3,)), ("b[3:6]", (3,))]


def test_a_contraction_links_both_factors_and_its_result():
    here = axes(networks.linear([4, 3, 2]))
    assert len(links_of(here, here.pairings[0][0])) == 3


def test_halves_of_an_axis_are_turned():
    x = networks.input(2, 6)
    turned = block_map(concatenate([-x[:, 3:], x[:, :3]], axis=1))
    assert (turned.shape, turned.inputs[0].inputs[1].values.tolist()) == ((2, 6), [[0, -1], [1, 0]])


def test_running_means_take_laws_away():
    W, g, b, U = P("W", 2, 40), P("g", 40), P("b", 40), P("U", 40, 3)
    z = (networks.input(2) @ W + Constant(np.arange(1, 41))) * Constant(np.arange(7, 47)) * g + b
    here, generator = axes(networks.custom(z.relu() @ U)), np.random.default_rng(0)
    found = grown(here, generator)
    assert (found.proved, found.laws) == (False, 40) and by_shears(here, found, generator).proved


def test_the_row_of_a_class_token_is_taken_for_separate_data():
    z = networks.input(3, 6)
    q, k = z[:1] @ P("Q", 6, 4), z @ P("K", 6, 4)
    net = networks.custom(networks.contract("ti,ui->tu", q, k).softmax() @ (z @ P("V", 6, 5)))
    leaves = width_of(problem(net).family).response.data_leaves
    assert [leaf.shape for leaf in leaves if leaf.name == "x"] == [(3, 6), (1, 6)]


def test_a_gather_is_opened():
    h = (networks.input(60) @ P("W", 60, 9)).relu() @ P("U", 9, 8)
    h = h.gather(np.array([3, 3, 1, 0, 7, 5, 6, 2])) @ P("V", 8, 7)
    reasons = with_known_axes(networks.custom(h).response())[2]
    assert reasons == {"unknown 1": "the axes of a Gather are not known"}


def test_values_at_any_size():
    result = conservation_laws(networks.lora([300, 300], rank=8), seed=0)
    (value,) = result.evaluate({"A1": np.ones((300, 8)), "B1": np.ones((8, 300))}).values()
    assert value.shape == (8, 8) and not value.any()


x, W, b = networks.input(3), P("W", 3, 3), P("b", 3)


@pytest.mark.parametrize("net, names", [
    (networks.relu([3, 2, 1]), []),
    (networks.relu([3, 2, 1], bias=True), ["b1"]),
    # A factor too, so that it is no bias.
    (networks.custom((x @ W + b) * b), []),
], ids=["none", "hidden", "factor"])
def test_biases_are_added_only(net, names):
    assert [leaf.name for leaf in added_leaves(axes(net))] == names
