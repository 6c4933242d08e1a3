r"""
Trajectories integrated by SciPy, which know nothing of the package, along which the laws are constant.
"""
import math
from itertools import combinations

import numpy as np
import pytest
import sage_conslaw._sage  # noqa: F401  (before any other import from Sage)
from flow_cases import HALF, MOMENTA, each_momentum
from sage_conslaw import conservation_laws, flows, networks
from scipy.integrate import solve_ivp
from spaces import evaluate


class Chain:
    r"""Least squares `|X W_1 ... W_q - Y|^2 / 2` with random data; NMF and ICNN have names and gates of their own."""

    def __init__(self, shapes, names, seed, gates=False, bias=False, inputs=None):
        rng = np.random.default_rng(seed)
        self.shapes, self.gates, self.bias = shapes, gates, bias
        self.X = rng.normal(size=(6, shapes[0][0])) if inputs is None else inputs
        self.Y = rng.normal(size=(len(self.X), shapes[-1][1]))
        self.names = []
        for name, (n, m) in zip(names, shapes):
            self.names += [f"{name}_{i}_{j}" for i in range(1, n + 1) for j in range(1, m + 1)]
            if bias and name == names[0]:
                self.names += [f"b_{j}" for j in range(1, m + 1)]

    def split(self, theta):
        out, at = [], 0
        for i, (n, m) in enumerate(self.shapes):
            out.append(theta[at:at + n * m].reshape(n, m))
            at += n * m
            if self.bias and i == 0:
                offset, at = theta[at:at + m], at + m
        return out, offset if self.bias else 0.0

    def active(self, theta):
        (first, *_), offset = self.split(theta)
        return (self.X @ first + offset > 0).astype(float)

    def gradient(self, theta):
        weights, offset = self.split(theta)
        signals = [self.X]
        for i, W in enumerate(weights):
            out = signals[-1] @ W
            if i == 0:
                out = out + offset
                gate = (out > 0).astype(float) if self.gates else np.ones_like(out)
                out = out * gate
            signals.append(out)
        error, parts = signals[-1] - self.Y, []
        for i in reversed(range(len(weights))):
            if i == 0:
                error = error * gate
            part = [(signals[i].T @ error).ravel()]
            if i == 0 and self.bias:
                part.append(error.sum(axis=0))
            parts.append(np.concatenate(part))
            error = error @ weights[i].T
        return np.concatenate(parts[::-1])

    def energy(self, theta):
        weights, offset = self.split(theta)
        out = self.X @ weights[0] + offset
        out = np.maximum(out, 0) if self.gates else out
        for W in weights[1:]:
            out = out @ W
        return ((out - self.Y)**2).sum() / 2


def linear_chain(widths, seed):
    return Chain(list(zip(widths, widths[1:])), [f"U{i}" for i in range(1, len(widths))], seed)


def integrate(right, start, span):
    found = solve_ivp(right, span, start, method="DOP853", rtol=1e-10, atol=1e-12, t_eval=np.linspace(*span, 7))
    assert found.success
    return list(zip(found.t, found.y.T))


def second_order(model, tau, start, span, decay=0.0):
    D = len(model.names)

    def right(t, z):
        theta, w = z[:D], z[D:]
        return np.concatenate([w, -tau(t) * w - decay * theta - model.gradient(theta)])
    return integrate(right, start, span)


def drift_of(law, clock, names, track):
    r"""Return the largest change of a law along the trajectory, and the size of its largest value there."""
    order = [str(g) for g in law.parent().gens()]
    values = []
    for t, state in track:
        point = dict(zip(names, state)) | ({} if clock is None else {clock[0]: clock[1](t)})
        values.append(evaluate(law, [point[name] for name in order]))
    return max(abs(x - values[0]) for x in values), max(map(abs, values))


def readable_value(text, names, t, state):
    known = {"exp": math.exp, "t": t, "__builtins__": {}} | dict(zip(names, state))
    return eval(text.replace("^", "**"), known)  # noqa: S307


def constant_along(result, clock, names, track):
    start, end = track[0][1], track[-1][1]
    assert np.abs(end - start).max() > 0.05, "the trajectory must move"
    assert result.laws
    moved = []
    for law, text in zip(result.laws, result.readable_laws()):
        change, size = drift_of(law, clock, names, track)
        assert change < 1e-7 * max(1, size), (law, change)
        t, state = track[3]
        order = [str(g) for g in law.parent().gens()]
        point = dict(zip(names, state)) | ({} if clock is None else {clock[0]: clock[1](t)})
        assert math.isclose(
            readable_value(text, names, t, state), evaluate(law, [point[x] for x in order]), rel_tol=1e-9, abs_tol=1e-9
        )
        last = law.monomials()[-1]
        moved.append(drift_of(law - law.monomial_coefficient(last) * last, clock, names, track)[0])
    assert max(moved) > 1e-3, "the same measurement must see what is not a law"


each_seed = pytest.mark.parametrize("seed", [1, 2])
DAMPED = {"tau 0": (lambda t: 0.0, ("t", lambda t: t), (0, 2)), "tau 1": (lambda t: 1.0, ("s", math.exp), (0, 2)),
          "tau 1/2": (lambda t: 0.5, ("s", lambda t: math.exp(t / 2)), (0, 2)),
          "Nesterov": (lambda t: 3 / t, ("t", lambda t: t), (1, 3))}


@each_seed
@each_momentum
@pytest.mark.parametrize("widths", [(2, 3, 2), (1, 3, 1), (2, 2, 2, 2)], ids=str)
def test_momentum_trajectories(widths, kind, seed):
    model = linear_chain(widths, seed)
    tau, clock, span = DAMPED[kind]
    start = np.random.default_rng(seed + 10).normal(size=2 * len(model.names))
    track = second_order(model, tau, start, span)
    result = conservation_laws(networks.linear(widths), flow=MOMENTA[kind](), seed=1)
    constant_along(result, clock, [*model.names, *["d" + x for x in model.names]], track)


@each_seed
def test_weight_decay_trajectories(seed):
    for widths in ((2, 3, 2), (2, 2, 2, 2)):
        model = linear_chain(widths, seed)
        start = np.random.default_rng(seed + 10).normal(size=len(model.names))
        track = integrate(lambda t, z, model=model: -model.gradient(z) - z / 2, start, (0, 2))
        result = conservation_laws(networks.linear(widths), flow=flows.weight_decay(HALF), seed=1)
        constant_along(result, ("s", lambda t: math.exp(t / 2)), model.names, track)


@each_seed
@pytest.mark.parametrize("kind", ["tau 1", "Nesterov"])
def test_weight_decay_and_momentum_trajectories(kind, seed):
    model = linear_chain((2, 3, 2), seed)
    tau, clock, span = DAMPED[kind]
    start = np.random.default_rng(seed + 10).normal(size=2 * len(model.names))
    track = second_order(model, tau, start, span, decay=2.0)
    result = conservation_laws(networks.linear([2, 3, 2]), flow=flows.weight_decay(2, MOMENTA[kind]()), seed=1)
    constant_along(result, clock, [*model.names, *["d" + x for x in model.names]], track)


@each_seed
def test_nmf_trajectories(seed):
    r"""`\theta' = -\theta \nabla E` from positive weights; the target is a matrix, the input the identity."""
    model = Chain([(3, 2), (2, 3)], ["U", "V"], seed, inputs=np.eye(3))
    start = np.random.default_rng(seed + 10).uniform(0.3, 1.5, size=len(model.names))
    track = integrate(lambda t, z: -z * model.gradient(z), start, (0, 2))
    assert (track[-1][1] > 0).all()
    constant_along(conservation_laws(networks.nmf(3, 2, 3), degree=1, seed=1), None, model.names, track)


def test_nmf_law_that_is_not_polynomial():
    r"""`log(U_j/V_j)/(U_j - V_j)` differences for 1,r,1: the 2 r - 1 laws of the count really are there."""
    model = Chain([(1, 3), (3, 1)], ["U", "V"], 3, inputs=np.eye(1))
    start = np.random.default_rng(3).uniform(0.3, 1.5, size=6)
    track = integrate(lambda t, z: -z * model.gradient(z), start, (0, 2))
    assert np.abs(track[-1][1] - start).max() > 0.05

    def law(z, j, k):
        slopes = np.log(z[:3] / z[3:]) / (z[:3] - z[3:])
        return np.log(z[j] / z[3 + j]) * (z[k] - z[3 + k]) - np.log(z[k] / z[3 + k]) * (z[j] - z[3 + j]), slopes
    for j, k in combinations(range(3), 2):
        values = [np.log(z[j] / z[3 + j]) / np.log(z[k] / z[3 + k]) for _, z in track]
        first, last = law(start, j, k)[1], law(track[-1][1], j, k)[1]
        assert values is not None and abs((first[j] - first[k]) - (last[j] - last[k])) < 1e-7


@each_seed
@pytest.mark.parametrize("bias", [False, True])
def test_icnn_trajectories(bias, seed):
    r"""`(V, b)' = -\nabla E`, `U' = -U \nabla_U E`; half of the data is off, and no gate switches on the way."""
    rng = np.random.default_rng(seed)
    inputs = rng.uniform(0.5, 1.5, size=(6, 2)) * np.array([[1], [-1]] * 3)
    model = Chain([(2, 3), (3, 2)], ["V", "U"], seed, gates=True, bias=bias, inputs=inputs)
    start = rng.uniform(1.0, 1.5, size=len(model.names))
    if bias:
        start[6:9] -= 1.2
    velocity = np.ones(len(start), dtype=bool)
    velocity[-6:] = False
    track = integrate(lambda t, z: -np.where(velocity, 1.0, z) * model.gradient(z), start, (0, 0.02))
    gates = model.active(start)
    assert 0 < gates.sum() < gates.size and all((model.active(z) == gates).all() for _, z in track)
    constant_along(conservation_laws(networks.icnn(2, 3, 2, bias=bias), seed=1), None, model.names, track)


@pytest.mark.parametrize("kind", ["tau 0", "tau 1", "Nesterov"])
def test_cross_entropy_trajectories(kind):
    r"""A softmax classifier with momentum, written out: both laws of each column sum."""
    rng = np.random.default_rng(4)
    X, labels = rng.normal(size=(8, 2)), np.eye(3)[rng.integers(0, 3, 8)]
    names = [f"U1_{i}_{j}" for i in (1, 2) for j in (1, 2, 3)]
    tau, clock, span = DAMPED[kind]

    def right(t, z):
        scores = np.exp(X @ z[:6].reshape(2, 3))
        force = X.T @ (scores / scores.sum(axis=1, keepdims=True) - labels)
        return np.concatenate([z[6:], -tau(t) * z[6:] - force.ravel()])
    track = integrate(right, rng.normal(size=12), span)
    result = conservation_laws(networks.linear([2, 3]), flow=MOMENTA[kind](), loss="cross-entropy", seed=1)
    assert result.number == 4
    constant_along(result, clock, [*names, *["d" + x for x in names]], track)


def test_gradients_of_the_models_by_finite_differences():
    for model in (linear_chain((2, 3, 2, 2), 5), Chain([(2, 3), (3, 2)], ["V", "U"], 6, gates=True, bias=True)):
        theta = np.random.default_rng(7).normal(size=len(model.names))
        numeric = [(model.energy(theta + 1e-6 * e) - model.energy(theta - 1e-6 * e)) / 2e-6 for e in np.eye(len(theta))]
        assert np.allclose(model.gradient(theta), numeric, atol=1e-6)
