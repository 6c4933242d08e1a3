"""Networks on a residual stream fall apart into blocks; data that sum to one; parts of data that overlap."""
import numpy as np
import pytest
from random_graphs import dense_rank, random_transformer

from sage_conslaw import count_conservation_laws, networks
from sage_conslaw.graph.cuts import sum_one
from sage_conslaw.flows.problem import problem
from sage_conslaw.pytorch.norms import normalised
from sage_conslaw.width.normal_form import normal_form
from sage_conslaw.width.true_width import width_of

@pytest.mark.parametrize("seed", [6, 12, 30, 34, 35, 43, 47, 49, 51, 54])
def test_random_transformers_agree_with_dense_words(seed):
    """More of them: `benchmarks/agreement.py 0 300 transformers`."""
    net, loss = random_transformer(seed)
    width = width_of(problem(net, loss=loss).family)
    rank, laws = width.bounds(np.random.default_rng(seed))
    dense = dense_rank(net, loss)
    assert rank <= dense and laws <= net.dimension - dense
    assert rank + laws < net.dimension or (rank, laws) == (dense, net.dimension - dense)


def language_model(words, tokens, d, heads, hidden, layers):
    """A decoder as in GPT-2: learned positions, layer norms with eps, causal attention, biases, tied embeddings."""
    P, k = networks.parameter, d // heads

    def norm(z, name):
        return normalised(z, 1e-5, True) * P(f"{name}_weight", d) + P(f"{name}_bias", d)
    table = P("wte", words, d)
    h = sum_one("x", (tokens, words)) @ table + P("wpe", tokens, d)
    for i in range(layers):
        z = norm(h, f"h{i}_ln1")
        q, key, v = ((z @ P(f"h{i}_{c}", d, d) + P(f"h{i}_b{c}", d)).reshape(tokens, heads, k).transpose(1, 0, 2)
                     for c in "QKV")
        weights = networks.contract("htk,huk->htu", q, key).softmax(np.tril(np.ones((tokens, tokens))))
        mixed = networks.contract("htu,huk->htk", weights, v).transpose(1, 0, 2).reshape(tokens, d)
        h = h + mixed @ P(f"h{i}_O", d, d) + P(f"h{i}_bO", d)
        z = norm(h, f"h{i}_ln2")
        h = h + (z @ P(f"h{i}_up", d, hidden) + P(f"h{i}_bup", hidden)).gelu() @ P(f"h{i}_down", hidden, d) + P(
            f"h{i}_bdown", d)
    return networks.custom(norm(h, "ln_f") @ table.T)


@pytest.mark.parametrize("sizes", [(20, 5, 8, 2, 6, 1), (30, 6, 36, 3, 40, 2), (50257, 1024, 768, 12, 3072, 12)])
def test_a_language_model_whole(sizes):
    words, tokens, d, heads, hidden, layers = sizes
    net = language_model(*sizes)
    found = width_of(problem(net, loss="cross-entropy").family).counted(np.random.default_rng(0))
    laws = found.laws
    assert found.rank + laws == net.dimension, found.blame
    # Positions and the joint shift; a block: heads, two norms, sums of what is written, the key's bias.
    block = d * (d // heads + 1) + 2 * d + (d + 1) + (hidden + 1) + d
    assert laws == tokens + d + layers * block
    # Two segments a block are large; equal ones are computed once.
    assert len(found.segments) == 1 + 4 * layers


def test_its_smallest_size_densely():
    net = language_model(3, 2, 4, 2, 2, 1)
    assert net.dimension - dense_rank(net, "cross-entropy") == 2 + 4 + 4 * 3 + 8 + 5 + 3 + 4


def test_parts_of_data_that_overlap_are_not_separate_data():
    x = networks.input(3)
    net = networks.custom(x[:2] @ networks.parameter("W", 2, 40) + x[1:] @ networks.parameter("V", 2, 40))
    # The two see one entry alike.
    assert count_conservation_laws(net, seed=0).number == 40
    assert width_of(problem(net).family) is None


def test_streams_that_are_normalised_without_eps_are_left_alone():
    x, W = networks.input(4), networks.parameter("W", 4, 5)
    h = x @ W
    h2 = h + (h.rms_norm() * networks.parameter("g", 5)).gelu() @ networks.parameter("V", 5, 5)
    f = networks.custom(h2.rms_norm() * networks.parameter("c", 5)).response().coarse
    assert all(a is b for (a, _), (b, _) in zip(normal_form(f).pairings, f.pairings))


def test_a_joint_translation_is_a_law():
    P, tokens = networks.parameter, 3
    h = sum_one("x", (tokens, 4)) @ P("E", 4, 5) + P("P", tokens, 5) + P("b", 5)
    net = networks.custom(h)
    found = width_of(problem(net).family).counted(np.random.default_rng(0))
    assert sorted(str(law) for law in found.matrix_laws()) == [
        "sum(E[:,j]) - b[j] for each j (5 laws)", "sum(P[:,j]) - b[j] for each j (5 laws)"]
    assert (found.rank, found.laws) == (net.dimension - 10, 10) and count_conservation_laws(net, seed=0).number == 10
