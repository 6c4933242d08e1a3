"""Noether's laws of momentum: heads, rotary pairs, grouped queries, norms without gain; the numbers against the search
in all monomials and the dense rank of the Lie algebra."""
import numpy as np
import pytest

from sage_conslaw import conservation_laws, count_conservation_laws, flows, networks
from sage_conslaw.flows.problem import problem
from sage_conslaw.laws.independence import independent_in
from sage_conslaw.rank.growing_span import lie_rank
from sage_conslaw.width.noether import noether_laws

SMALL = [
    (networks.linear([2, 3, 2]), 3),
    (networks.linear([1, 4, 2]), 6),
    (networks.linear([2, 2, 2, 2]), 2),
    (networks.relu([2, 3, 2]), 0),
    (networks.attention(2, 2), 2),
    (networks.attention(2, 2, bias=True), 6),
    (networks.attention(2, 2, heads=2), 4),
    (networks.attention(3, 2, heads=2, kv_heads=1), 2),
    (networks.attention(2, 4, rotary=True), 8),
    (networks.normalised(3, 3, 2, norm="rms", gain=False, bias=False), 3),
    (networks.normalised(3, 3, 2, norm="rms"), 0),
    (networks.lora([2, 2], rank=2), 1),
]


def found(net, flow):
    family, generator = problem(net, flow).family, np.random.default_rng(0)
    laws = noether_laws(family, generator)
    return family, laws, len(independent_in(family, laws, generator))


@pytest.mark.parametrize("net, expected", SMALL, ids=lambda case: str(getattr(case, "architecture", case)))
def test_numbers_are_those_of_the_search_and_of_the_dense_rank(net, expected):
    flow = flows.momentum(1)
    family, laws, number = found(net, flow)
    assert number == expected and all(family.conserved(laws))
    # The rank of random words, with no upper bound to stop at.
    assert lie_rank(family, np.random.default_rng(1)).rank == family.dimension - expected
    if net.dimension <= 24:
        result = conservation_laws(net, flow=flow, seed=0, real=False)
        assert result.number == expected and result.status == "proved" and result.complete is True


@pytest.mark.parametrize("tau", [0, "1/2", "2/t", "3/t", "tau"])
def test_every_clock(tau):
    flow = flows.nesterov() if tau == "3/t" else flows.momentum(tau)
    net = networks.attention(2, 2, bias=True)
    family, laws, number = found(net, flow)
    # Rotations of queries and keys and of values, and two laws for each translation of the key's bias.
    assert number == 6 and all(family.conserved(laws))


def test_heads_in_matrix_notation():
    net = networks.attention(3, 4, heads=2, rotary=True)
    result = conservation_laws(net, flow=flows.momentum(1), seed=0, real=False)
    texts = [str(law) for law in result.matrix_laws()]
    assert result.number == 16 and result.complete is True and "Noether" in result.searched
    block = "exp(t)*(Q[:,0:2]^T dQ[:,0:2] - dQ[:,0:2]^T Q[:,0:2] + K[:,0:2]^T dK[:,0:2] - dK[:,0:2]^T K[:,0:2])"
    assert any(text.startswith(block) for text in texts) and len(texts) == 6


def test_a_transformer_block_is_proved_without_a_search():
    net = networks.transformer_block(4, 4, heads=2)
    result = conservation_laws(net, flow="sgd:lr=0.01,momentum=0.9", seed=0, real=False)
    assert (result.number, result.status, result.complete, len(result.independent)) == (4, "proved", True, 4)
    assert count_conservation_laws(net, flow=flows.nesterov(), seed=0).status == "proved"


def test_translations_behind_a_softmax():
    flow, net = flows.momentum(1), networks.relu([4, 8, 4])
    result = conservation_laws(net, flow=flow, loss="cross-entropy", seed=0, real=False)
    # Two laws for each sum over the classes.
    assert result.number == 16 and result.complete is True and all(result.problem.family.conserved(list(result.terms)))


def test_rotations_between_arrays_are_left_to_the_search():
    """One input and one output: `u v` has rotations of `u + v` and of `u - v`, 2 (2 r - 3) independent laws."""
    net, flow = networks.linear([1, 4, 1]), flows.momentum(1)
    assert found(net, flow)[2] == 6 and conservation_laws(net, flow=flow, seed=0).number == 10


def test_what_is_no_momentum_or_no_network_is_left_to_others():
    for flow in (flows.gradient(), flows.weight_decay(1, flows.momentum(1)), flows.momentum("1/t")):
        assert noether_laws(problem(networks.linear([2, 2, 2]), flow).family, np.random.default_rng(0)) is None
    assert noether_laws(problem(networks.nmf(2, 2, 2), flows.momentum(1)).family, np.random.default_rng(0)) is None
