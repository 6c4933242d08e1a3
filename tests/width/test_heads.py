"""The number of laws for any number of heads: fields with centred softmax outputs, and the numbers that grow."""
import numpy as np
import pytest
from random_graphs import dense_rank, random_transformer

from sage_conslaw import networks
from sage_conslaw.exact.arithmetic import ModularArithmetic
from sage_conslaw.exact.linear_algebra import rank
from sage_conslaw.exact.modular import random_array
from sage_conslaw.flows.problem import problem
from sage_conslaw.width.axes import axes_of
from sage_conslaw.width.segments import segments
from sage_conslaw.width.switching import centred
from sage_conslaw.width.true_width import width_of

PRIME = (1 << 61) - 1


def width_at(net, loss=None):
    width = width_of(problem(net, loss=loss).family)
    found = width.counted(np.random.default_rng(0))
    return found, found.rank, found.laws


def values(response, point, number, generator):
    data = response.draw(generator, PRIME, number)
    return np.broadcast_to(response.gradient(ModularArithmetic(PRIME), point, data), (number, response.dimension))


def centred_segments():
    nets = [networks.attention(4, 2, heads=3), networks.attention(3, 2, heads=2, bias=True, tokens=3)]
    nets += [random_transformer(seed)[0] for seed in range(14)]
    for net in nets:
        width = width_of(problem(net).family)
        for leaves in segments(width.axes.response) if width and width.axes else ():
            axes = axes_of(width.axes.restricted(width.axes.sizes, leaves))
            one = centred(axes)
            if one is not None:
                yield axes, one


def test_fields_with_centred_outputs_are_in_the_span():
    seen = strict = 0
    for axes, one in centred_segments():
        generator = np.random.default_rng(seen)
        whole, part = axes.restricted(axes.sizes), one.restricted(axes.sizes)
        point, number = random_array(generator, (whole.dimension,), PRIME), whole.dimension + 2
        rows = values(whole, point, number, generator)
        more = np.concatenate([rows, values(part, point, number, generator)])
        assert rank(more, PRIME) == rank(rows, PRIME)
        strict += rank(values(part, point, number, generator), PRIME) < rank(rows, PRIME)
        seen += 1
    # Biases of values are not moved without sums of one.
    assert seen > 5 and strict > 0


def test_outputs_of_several_degrees_are_not_centred():
    """`A x V + A b` and `c`, with the same data, cannot be told apart by the others' degrees."""
    x, P = networks.input(3, 4), networks.parameter
    scores = networks.contract("thi,uhi->htu", *((x @ P(n, 4, 6)).reshape(3, 2, 3) for n in "QK"))
    A = scores.softmax()
    mixed = networks.contract("htu,uhk->thk", A, (x @ P("V", 4, 6)).reshape(3, 2, 3)).reshape(3, 6)
    for net, known in ((mixed @ P("O", 6, 4), True), (mixed @ P("O", 6, 4) + x @ P("S", 4, 4), False)):
        width = width_of(problem(networks.custom(net)).family)
        found = [centred(axes_of(width.axes.restricted(width.axes.sizes, leaves))) is not None
                 for leaves in segments(width.axes.response) if "V" in [leaf.name for leaf in leaves]]
        assert found == [known]


@pytest.mark.parametrize("heads", range(2, 6))
def test_the_number_for_any_heads(heads):
    """The formula is proved at seven heads; the dense rank at a random point knows nothing of it."""
    width, rank_here, laws = width_at(networks.attention(61, 5, heads=7))
    assert width.formula().fixed == () and width.formula().least[7] == 2
    small = networks.attention(5, 3, heads=heads)
    assert small.dimension - dense_rank(small, None) == heads * 3 * 4
    assert width.formula().expression({7: heads, 5: 3}) == heads * 12


def test_blocks_with_any_number_of_heads():
    width, rank_here, laws = width_at(networks.transformer_block(7 * 31, 61, heads=7))
    formula = width.formula()
    assert rank_here + laws == width.response.dimension and formula.value == laws
    assert str(formula.expression({7: "h", 31: "k", 217: "D"})) == "h*k^2 + h*k + 2*D"
    assert "h >= 2" in formula.where({7: "h"})
