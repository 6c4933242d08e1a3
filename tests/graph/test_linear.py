"""Linear operations of tensors: the same as numpy's, and no law is lost by them."""
from fractions import Fraction

import numpy as np
import pytest

from sage_conslaw import InputError, certificates, conservation_laws, networks
from sage_conslaw.graph.float_reading import FloatReading
from sage_conslaw.runtime.errors import InputTypeError


def value(tensor, theta, x):
    """Return the value of a tensor for one sample."""
    return FloatReading(networks.custom(tensor)).output(np.asarray(theta), x[None])[0]


W = networks.parameter("W", 2, 3, 4)
X = networks.input(2, 3, 4)
THETA, SAMPLE = np.random.default_rng(0).normal(size=24), np.random.default_rng(1).normal(size=(2, 3, 4))
PRODUCT = THETA.reshape(2, 3, 4) * SAMPLE


@pytest.mark.parametrize(
    "ours, theirs",
    [
        (lambda x: x.sum(), lambda x: x.sum()),
        (lambda x: x.sum(axis=1), lambda x: x.sum(axis=1)),
        (lambda x: x.sum((0, 2), keepdims=True), lambda x: x.sum((0, 2), keepdims=True)),
        (lambda x: x.mean(axis=-1), lambda x: x.mean(axis=-1)),
        (lambda x: x.mean(), lambda x: x.mean()),
        (lambda x: x / 3, lambda x: x / 3),
        (lambda x: Fraction(2, 7) * x, lambda x: 2 * x / 7),
        (lambda x: 0.25 * x - x / 0.5, lambda x: 0.25 * x - 2 * x),
        (lambda x: networks.einsum("ijk,ijk->", x, x), lambda x: (x * x).sum()),
        (lambda x: networks.einsum("ijk,ljk,lmk->im", x, x, x), lambda x: np.einsum("ijk,ljk,lmk->im", x, x, x)),
        (lambda x: networks.einsum("ijk->ki", x), lambda x: np.einsum("ijk->ki", x)),
        (lambda x: networks.einsum("...k,...k->...", x, x), lambda x: np.einsum("...k,...k->...", x, x)),
        (lambda x: networks.einsum("ijk,ijk", x, x), lambda x: np.einsum("ijk,ijk", x, x)),
        (lambda x: x @ x.transpose(0, 2, 1), lambda x: x @ x.transpose(0, 2, 1)),
        (lambda x: x[0] @ x.transpose(0, 2, 1), lambda x: x[0] @ x.transpose(0, 2, 1)),
        (lambda x: x @ x[0, 0], lambda x: x @ x[0, 0]),
        (lambda x: networks.stack([x[0], x[1]], axis=2), lambda x: np.stack([x[0], x[1]], axis=2)),
        (
            lambda x: x[:, :1].squeeze(1).unsqueeze(0).expand(3, -1, -1),
            lambda x: np.broadcast_to(x[:, :1].squeeze(1)[None], (3, 2, 4)),
        ),
        (lambda x: x.avg_pool((2,)), lambda x: x.reshape(2, 3, 2, 2).mean(-1)),
    ],
)
def test_values_are_those_of_numpy(ours, theirs):
    tensor, expected = ours(W * X), theirs(PRODUCT)
    assert tensor.shape == np.shape(expected)
    assert np.allclose(value(tensor, THETA, SAMPLE), expected)


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_pooling_after_a_convolution_keeps_a_law_a_channel(channels):
    x, K, U = networks.input(2, 5), networks.parameter("K", channels, 2, 3), networks.parameter("U", channels, 2)
    after = x.convolve(K).relu()
    for pooled in (after.mean(axis=1), after.sum(axis=1), after.avg_pool(3).reshape(channels)):
        result = conservation_laws(networks.custom(pooled @ U), seed=0)
        assert (result.number, result.complete) == (channels, True)
        assert certificates.check(result.certificate()).startswith(f"{channels} independent law")


def test_a_diagonal_and_batches_of_products():
    S = networks.parameter("S", 3, 3)
    assert np.allclose(value(networks.einsum("ii->i", S) * networks.input(3), np.arange(9.0), np.ones(3)), [0, 4, 8])
    q, k = networks.parameter("Q", 2, 3, 2), networks.parameter("K", 2, 3, 2)
    heads = networks.input(4, 3).unsqueeze(0).expand(2, -1, -1)
    scores = (heads @ q) @ (heads @ k).transpose(0, 2, 1)
    assert conservation_laws(networks.custom(scores / 2), seed=0).number == 6


def test_rational_constants_are_exact_in_every_reading():
    x, a, b = networks.input(2), networks.parameter("a", 2), networks.parameter("b", 2)
    result = conservation_laws(networks.custom((x * a * a * b).sum() + (x * a * a * b).mean() / 3), seed=0)
    assert set(map(str, result.laws)) >= {"a_1^2 - 2*b_1^2", "a_2^2 - 2*b_2^2"} and result.complete is True
    assert "complete" in certificates.check(result.certificate())
    # x_1 w_1 / 2 + x_1 w_2 / 3 alone moves (1/2, 1/3): one linear law.
    one, w = networks.input(1), networks.parameter("w", 2)
    both = networks.fixed("C", values=[[Fraction(1, 2)], [Fraction(1, 3)]])
    assert list(map(str, conservation_laws(networks.custom(one * (w @ both)), degree=1, seed=0).laws)) == [
        "2*w_1 - 3*w_2"
    ]


def test_images_in_a_batch():
    x, K = networks.input(3, 2, 4), networks.parameter("K", 2, 2, 2)
    net = networks.custom(x.convolve(K).batch_norm(axes=(0, 2)).mean(axis=2))
    images = np.random.default_rng(2).normal(size=(1, 3, 2, 4))
    kernel = np.random.default_rng(3).normal(size=(2, 2, 2))
    plain = np.stack([np.einsum("ncj,ocj->no", images[0, :, :, i:i + 2], kernel) for i in range(3)], axis=2)
    normal = (plain - plain.mean((0, 2), keepdims=True)) / plain.std((0, 2), keepdims=True)
    assert np.allclose(FloatReading(net).output(kernel.ravel(), images)[0], normal.mean(2))


@pytest.mark.parametrize("call, error, words", [
    (lambda x: x.permute(1, 0), AttributeError, "linear: write it as x.transpose"),
    (lambda x: x.swoosh(), AttributeError, "nonlinearity is cut"),
    (lambda x: x / 0, InputError, "divided by zero"),
    (lambda x: x / x, InputTypeError, "divided by numbers only"),
    (lambda x: x * float("inf"), InputError, "not finite"),
    (lambda x: x.sum(axis=5), InputError, "has no axis 5"),
    (lambda x: x.sum(axis=(0, 0)), InputError, "given twice"),
    (lambda x: networks.einsum("ij->ijk", x), InputError, "on no axis"),
    (lambda x: networks.einsum("ij,jk->ik", x), InputError, "2 operands"),
    (lambda x: networks.einsum("ijk->", x), InputError, "one axis a letter"),
    (lambda x: networks.stack([]), InputError, "no tensors"),
    (lambda x: x.expand(5, 3), InputError, "cannot be repeated"),
])
def test_what_cannot_be_is_said(call, error, words):
    with pytest.raises(error) as caught:
        call(networks.input(2, 3))
    assert words in str(caught.value) and "\n" not in str(caught.value)
    if isinstance(caught.value, AttributeError) and "linear: write" in str(caught.value):
        assert "cut" not in str(caught.value)


@pytest.mark.parametrize("name", ["elu", "selu", "relu6", "log_softmax", "mish", "clamp", "sqrt"])
def test_no_other_function_is_advised_for_a_nonlinearity(name):
    with pytest.raises(AttributeError, match="is not linear: cut it") as error:
        getattr(networks.input(3), name)
    assert "did you mean" not in str(error.value)


@pytest.mark.parametrize("name", ["cat", "outer", "kron", "upsample", "unfold", "adaptive_avg_pool2d", "masked_fill"])
def test_no_cut_is_advised_for_what_is_linear(name):
    with pytest.raises(AttributeError, match="which is linear: write it as") as error:
        getattr(networks.input(3), name)
    assert "cut" not in str(error.value)


def test_a_maximum_is_no_cut():
    with pytest.raises(AttributeError, match="max_pool"):
        networks.input(3).max()
