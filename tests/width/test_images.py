"""Convolutional networks at true width: few positions for many, fixed numbers by channel."""
import numpy as np
import pytest
from random_graphs import dense_rank

from sage_conslaw import networks
from sage_conslaw.flows.problem import problem
from sage_conslaw.graph.convolution import avg_pool, max_pool
from sage_conslaw.graph.tensor import Constant
from sage_conslaw.width import positions
from sage_conslaw.width.axes import axes_of
from sage_conslaw.width.shears import shears
from sage_conslaw.width.true_width import width_of


def bounds(net, loss=None):
    width = width_of(problem(net, loss=loss).family)
    return width.bounds(np.random.default_rng(0))


def picture(channels, inner, outputs, size, stride=1, padding=1, pool=None, biased=False, skip=False):
    """A convolution, a pooling, a second convolution, a mean over the picture, a linear layer."""
    P = networks.parameter
    h = networks.input(2, size).convolve(P("W", channels, 2, 3), stride=stride, padding=padding)
    if biased:
        h = h + P("b", channels, 1)
    h = h.relu()
    h = pool(h, (2,)) if pool else h
    y = (h.convolve(P("U", inner, channels, 3), padding=1)).relu().convolve(P("V", channels, inner, 1))
    h = (h + y if skip else y).relu()
    return networks.custom(h.mean(axis=-1) @ P("O", channels, outputs))


@pytest.mark.parametrize("options", [
    {"size": 6}, {"size": 7, "stride": 2, "skip": True}, {"size": 8, "pool": max_pool, "biased": True},
    {"size": 8, "pool": avg_pool, "skip": True}, {"size": 5, "padding": 0, "biased": True, "skip": True}])
@pytest.mark.parametrize("loss", [None, "cross-entropy"])
def test_few_positions_give_the_number_of_all(options, loss, monkeypatch):
    monkeypatch.setattr(positions, "_MANY", 0)
    net = picture(2, 2, 3, **options)
    rank, laws = bounds(net, loss)
    assert rank + laws == net.dimension
    assert rank == dense_rank(net, loss)


def test_no_position_is_left_out_where_it_is_read():
    x, P = networks.input(2, 6), networks.parameter
    h = x.convolve(P("W", 2, 2, 3), padding=1)
    axes = axes_of(networks.custom(h.convolve(P("V", 2, 2, 3), padding=1)).response())
    kept = positions.few_positions(axes)
    inner = next(axes.of[node][-1][0] for node in axes.order if node.shape == (2, 6) and node.operation is not None)
    assert inner not in kept and kept


def normalised_by(scale, shift, channels=3, bias=True):
    """A hidden layer with running statistics: gain, fixed factor, fixed term, bias."""
    P = networks.parameter
    z = networks.input(2) @ P("W", 2, channels)
    z = (z if shift is None else z + Constant(shift)) * Constant(scale) * P("g", channels)
    return networks.custom((z + P("b", channels) if bias else z).relu() @ P("U", channels, 2))


@pytest.mark.parametrize("channels", [3, 5])
def test_factors_by_channel_are_scaled_away(channels):
    net = normalised_by(np.arange(1, channels + 1) ** 2, None, channels)
    rank, laws = bounds(net)
    assert rank + laws == net.dimension and rank == dense_rank(net, None)


@pytest.mark.parametrize("build", [
    lambda: normalised_by([1, 2, 3, 5, 7], [5, -7, 2, 3, 1], 5),
    lambda: normalised_by([1, 2, 3, 5, 7], [5, 5, 5, 5, 5], 5),
    lambda: residual([3, 1, 2, 5], [2, 7, -1, 4], 4)])
def test_running_means_are_those_of_the_dense_route(build):
    net = build()
    rank, laws = bounds(net)
    assert rank + laws == net.dimension and rank == dense_rank(net, None)


def residual(scale, shift, channels):
    """Two normalised branches, one with running means, added to a stream that is read."""
    P = networks.parameter
    x, parts = networks.input(2), []
    for i, mean in enumerate([shift, None]):
        z = x @ P(f"W{i}", 2, channels)
        z = (z if mean is None else z + Constant(mean)) * Constant(scale) * P(f"g{i}", channels)
        parts.append(z + P(f"b{i}", channels))
    return networks.custom((parts[0] + parts[1]).relu() @ P("U", channels, 2))


@pytest.mark.parametrize("shape", ["no bias", "gain twice"])
def test_where_the_lemma_does_not_hold_it_is_not_used(shape):
    P = networks.parameter
    g, b, z = P("g", 5), P("b", 5), networks.input(2) @ P("W", 2, 5) + Constant([5, -7, 2, 3, 1])
    z = z * g if shape == "no bias" else z * g + b
    h = (z.relu() if shape == "no bias" else (z * g).relu()) @ P("U", 5, 2)
    net = networks.custom(h)
    assert not shears(axes_of(net.response()))
    rank, laws = bounds(net)
    assert rank <= dense_rank(net, None) <= net.dimension - laws


def test_a_zero_among_the_factors_is_no_scale():
    axes = axes_of(normalised_by([1, 0, 3], None).response())
    assert not axes.ones and any(axes.rigid)
