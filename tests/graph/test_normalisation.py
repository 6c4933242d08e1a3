"""Layer and RMS normalisation: the laws of the model against those of the true gradients, and the span at a point."""
import random

import numpy as np
import pytest
from sage_conslaw._sage import QQ, PolynomialRing, matrix

from sage_conslaw import VectorFieldFamily, conservation_laws, networks
from sage_conslaw.graph.float_reading import FloatReading


def true_fields(p, q, m, norm, gain, samples):
    """Return the gradients of linear - normalisation - linear at given inputs, times the cube of the norm: polynomials,
    with the same laws."""
    names = (
        [f"W{a}{i}" for a in range(p) for i in range(q)]
        + [f"g{i}" for i in range(q) if gain]
        + [f"U{i}{k}" for i in range(q) for k in range(m)]
    )
    ring = PolynomialRing(QQ, names)
    W, U = matrix(ring, p, q, ring.gens()[:p * q]), matrix(ring, q, m, ring.gens()[-q * m:])
    g = ring.gens()[p * q:p * q + q] if gain else [ring.one()] * q
    centre = (lambda z: [v - sum(z) / q for v in z]) if norm == "layer" else (lambda z: z)
    fields, generator = [], random.Random(0)
    for _ in range(samples):
        x = [generator.randint(-9, 9) for _ in range(p)]
        z = centre([sum(x[a] * W[a, i] for a in range(p)) for i in range(q)])
        square = sum(v * v for v in z)
        for k in range(m):
            value = sum(z[i] * g[i] * U[i, k] for i in range(q))
            down = centre([g[i] * U[i, k] * square - value * z[i] for i in range(q)])
            field = [x[a] * down[i] for a in range(p) for i in range(q)]
            field += [z[i] * U[i, k] * square for i in range(q) if gain]
            field += [z[i] * g[i] * square if column == k else ring.zero() for i in range(q) for column in range(m)]
            fields.append(field)
    return VectorFieldFamily(controls=fields)


@pytest.mark.parametrize(
    "norm, gain, number", [("rms", True, 4), ("rms", False, 1), ("layer", True, 6), ("layer", False, 5)]
)
def test_the_model_has_the_laws_of_the_true_gradients(norm, gain, number):
    """Without a gain the outputs of a layer normalisation sum to zero, so the sums over the units of U are laws too."""
    model = conservation_laws(networks.normalised(2, 3, 2, norm=norm, gain=gain, bias=False), seed=0)
    real = conservation_laws(true_fields(2, 3, 2, norm, gain, samples=8), seed=0)
    assert model.number == real.number == number
    assert model.complete is True and real.complete is True


def test_sums_over_units_do_not_change_in_the_real_network():
    x, W, V = networks.input(4), networks.parameter("W", 4, 3), networks.parameter("V", 3, 2)
    net = networks.custom((x.layer_norm() @ W).gelu() @ V)
    generator = np.random.default_rng(0)
    theta = generator.normal(size=18)
    rows = FloatReading(net).gradient(theta, generator.normal(size=(20, 4)), generator.normal(size=(20, 2)))
    start = 0 if next(iter(net.parameters)) == "W" else 6
    assert (
        np.abs(rows[:, start : start + 12].reshape(20, 4, 3).sum(axis=1)).max()
        < 1e-12
        < np.abs(rows[:, start : start + 12]).max()
    )
    assert "1^T W (3 laws)" in map(str, conservation_laws(net, seed=0).matrix_laws())


@pytest.mark.parametrize("order", ["pre", "post"])
def test_a_transformer_block_spans_what_its_model_does(order):
    check = networks.transformer_block(4, 3, heads=2, order=order).check_span(samples=300, seed=0)
    assert check.equal, check
