"""The span condition: real gradients against the model's."""
import numpy as np
import pytest

from sage_conslaw import networks


@pytest.mark.parametrize(
    "net",
    [
        networks.relu([2, 3, 2], bias=True),
        networks.attention(4, 2, bias=True),
        networks.gated(2, 3),
        networks.mixture(2, 2, 3),
        networks.convolutional([1, 2, 1]),
    ],
    ids=str,
)
def test_generic_data_span_what_the_model_does(net):
    check = net.check_span(seed=1)
    assert check.equal and check.real <= check.model and "equal at this point" in repr(check)


def test_dead_units_fall_short():
    net = networks.relu([2, 3, 2])
    theta = np.array([1.0, -1.0, 1.0, 1.0, -1.0, -1.0, 1, 1, 1, 1, 1, 1])
    positive = np.abs(np.random.default_rng(0).normal(size=(50, 2)))
    check = net.check_span(data=positive, theta=theta)
    assert check.real < check.model and f"{check.model - check.real} short" in repr(check)


@pytest.mark.parametrize("gain", [True, False])
@pytest.mark.parametrize("norm", ["rms", "layer", "batch"])
def test_norms_span_what_real_ones_do(norm, gain):
    # A norm does not change under rotations (that keep the ones), and the model knows it.
    check = networks.normalised(4, 3, 3, norm=norm, gain=gain, bias=False, samples=4).check_span(samples=400, seed=1)
    assert check.real == check.model


def test_few_samples_fall_short():
    net = networks.linear([4, 3, 2])
    assert not net.check_span(samples=1).equal and net.check_span(samples=20).equal


def test_the_real_rank_is_never_above_the_models():
    for seed in range(10):
        check = networks.relu([2, 4, 2], bias=True).check_span(
            samples=60, seed=seed, loss=["least-squares", "cross-entropy"][seed % 2]
        )
        assert check.real <= check.model


@pytest.mark.parametrize(
    "options, message",
    [
        ({"data": np.zeros((3, 5))}, "shape"),
        ({"theta": np.zeros(3)}, "theta has the shape"),
        ({"loss": "hinge"}, "loss 'hinge'"),
        ({"data": {"y": np.zeros((1, 2))}}, "no data for the input x"),
    ],
)
def test_bad_input(options, message):
    with pytest.raises(ValueError, match=message):
        networks.relu([2, 3, 2]).check_span(**options)


def test_networks_without_input_have_nothing_to_check():
    with pytest.raises(ValueError, match="no input"):
        networks.nmf(2, 2, 2).check_span()
