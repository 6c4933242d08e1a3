"""Discretised training: steps against formulas written by hand, and what theory says of the drift of laws."""
import json
import pickle

import numpy as np
import pytest

from sage_conslaw import conservation_laws, drift_order, flows, networks, plot_drift, simulate
from sage_conslaw.training.objective import Objective
from sage_conslaw.training.simulate import initial_parameters

GENERATOR = np.random.default_rng(5)
INPUTS = GENERATOR.normal(size=(12, 3))
LABELS = GENERATOR.integers(2, size=12)
CLASSES = np.eye(2)[LABELS]


def perceptron_gradient(theta, X, Y, loss):
    """Return the loss of a ReLU network 3 -> 4 -> 2 with hidden biases and its gradient, written by hand."""
    U, b, V = theta[:12].reshape(3, 4), theta[12:16], theta[16:].reshape(4, 2)
    z = X @ U + b
    a = np.maximum(z, 0)
    f = a @ V
    if loss == "cross-entropy":
        p = np.exp(f) / np.exp(f).sum(axis=1, keepdims=True)
        value, delta = -np.log((p * Y).sum(axis=1)).mean(), (p - Y) / len(X)
    else:
        value, delta = ((f - Y) ** 2).sum() / 2 / len(X), (f - Y) / len(X)
    back = (delta @ V.T) * (z > 0)
    return value, np.concatenate([(X.T @ back).ravel(), back.sum(axis=0), (a.T @ delta).ravel()])


@pytest.fixture(scope="module")
def perceptron():
    net = networks.relu([3, 4, 2], bias=True)
    assert list(net.parameters) == ["U1", "b1", "U2"]
    return net


@pytest.mark.parametrize("loss", ["least-squares", "cross-entropy"])
@pytest.mark.parametrize("tau", [None, 0, 2])
def test_three_steps_by_hand(perceptron, loss, tau):
    theta = GENERATOR.normal(size=24)
    w, eta = np.zeros(24), 0.1
    flow = flows.gradient() if tau is None else flows.momentum(tau=tau)
    run = simulate(
        perceptron,
        flow=flow,
        data=(INPUTS, CLASSES),
        loss=loss,
        step=eta,
        steps=3,
        theta=theta,
        seed=0,
        laws=["U1_1_1"],
    )
    losses = []
    for _ in range(3):
        value, g = perceptron_gradient(theta, INPUTS, CLASSES, loss)
        losses.append(value)
        if tau is None:
            theta = theta - eta * g
        else:
            w = w + eta * (-tau * w - g)
            theta = theta + eta * w
    assert np.allclose(run.theta, theta, rtol=0, atol=1e-13)
    assert np.allclose(run.losses[:3], losses, rtol=1e-13)
    assert run.losses[3] == pytest.approx(perceptron_gradient(theta, INPUTS, CLASSES, loss)[0])
    assert (run.velocity is None) if tau is None else np.allclose(run.velocity, w, rtol=0, atol=1e-13)


@pytest.mark.parametrize(
    "network, loss",
    [
        (networks.attention(3, 2), "least-squares"),
        (networks.gated(2, 3), "cross-entropy"),
        (networks.normalised(3, 4, 2, norm="rms"), "least-squares"),
        (networks.nmf(3, 2, 3), "least-squares"),
    ],
)
def test_gradient_is_the_slope_of_the_loss(network, loss):
    objective = Objective(network, None, loss, np.random.default_rng(3))
    theta = np.random.default_rng(4).normal(size=network.dimension)
    direction = np.random.default_rng(6).normal(size=network.dimension)
    h = 1e-5
    slope = (objective(theta + h * direction)[0] - objective(theta - h * direction)[0]) / (2 * h)
    value, gradient = objective(theta)
    assert gradient @ direction == pytest.approx(slope, rel=1e-5, abs=1e-8)
    assert objective.value(theta) == value


@pytest.mark.parametrize("loss", ["least-squares", "cross-entropy"])
def test_each_step_changes_quadratic_laws_by_the_prediction(perceptron, loss):
    laws = conservation_laws(perceptron, loss=loss, seed=0)
    theta, eta = GENERATOR.normal(size=24), 0.05
    run = simulate(perceptron, data=(INPUTS, CLASSES), loss=loss, step=eta, steps=1, theta=theta, laws=laws)
    _, g = perceptron_gradient(theta, INPUTS, CLASSES, loss)
    names = perceptron.response().names

    def at(law, point):
        return float(law(**{name: value for name, value in zip(names, map(float, point))}))
    for k, i in enumerate(laws.independent):
        law, change = laws.laws[i], run.trajectories[k, 1] - run.trajectories[k, 0]
        expected = eta ** 2 * at(law, g) if law.degree() == 2 else 0
        assert change == pytest.approx(expected, rel=0, abs=1e-14)
        assert run.predictions[k, 1] == pytest.approx(expected, rel=0, abs=1e-14)
    assert any(law.degree() == 2 for law in laws)


def test_prediction_holds_for_mini_batches(perceptron):
    run = simulate(perceptron, data=(INPUTS, CLASSES), step=0.05, steps=60, seed=2, batch=3)
    change = run.trajectories - run.trajectories[:, :1]
    assert np.abs(change).max() > 1e-4
    assert np.allclose(change, run.predictions, rtol=0, atol=1e-13)
    assert run.final_loss < run.initial_loss


def test_gradient_descent_drifts_to_first_order(perceptron):
    order = drift_order(perceptron, data=(INPUTS, CLASSES), steps=[1 / 10, 1 / 20, 1 / 40, 1 / 80], time=3, seed=1)
    assert 0.9 < order.orders[0][0] < 1.15
    assert np.allclose(order.drifts, order.predictions, rtol=1e-9, atol=0)
    assert order.drifts[0][0] > 2 * order.drifts[0][2] > 0


def test_momentum_keeps_its_laws_and_breaks_those_of_gradient_flow():
    net, flow = networks.linear([3, 2, 3]), flows.momentum(tau=1)
    laws = {"gradient": conservation_laws(net, seed=0), "momentum": conservation_laws(net, flow=flow, seed=0)}
    w = np.random.default_rng(1).normal(size=net.dimension)
    order = drift_order(net, flow=flow, laws=laws, velocity=w, steps=[0.02, 0.01, 0.005], time=1, seed=0)
    (broken, kept), (_, slope) = order.drifts, order.orders
    assert all(b > 5 * k for b, k in zip(broken, kept))
    assert 0.9 < slope[0] < 1.1
    # What is broken stays broken however small the step is.
    assert abs(order.orders[0][0]) < 0.1
    assert order.trainings[0].conserved == (False,) * 3 + (True,)


def test_momentum_law_decays_by_exactly_one_minus_eta_tau():
    """For h = exp(tau t) <w, A theta> with A skew, one step of the heavy ball multiplies <w, A theta> by 1 - eta
    tau."""
    net, eta, steps = networks.linear([3, 2, 3]), 0.02, 100
    w = np.random.default_rng(1).normal(size=net.dimension)
    run = simulate(net, flow=flows.momentum(tau=1), step=eta, steps=steps, velocity=w, seed=0)
    factor = ((1 - eta) * np.exp(eta)) ** np.arange(steps + 1)
    assert np.allclose(run.trajectories, run.trajectories[:, :1] * factor, rtol=1e-10, atol=1e-12)
    undamped = simulate(net, flow=flows.momentum(), step=eta, steps=steps, velocity=w, seed=0)
    assert abs(undamped.trajectories[0, 0]) > 0.1 and undamped.drifts().max() < 1e-12


def test_nesterov_starts_away_from_its_pole():
    net = networks.linear([2, 2, 2])
    w = np.random.default_rng(1).normal(size=net.dimension)
    order = drift_order(net, flow=flows.nesterov(), velocity=w, steps=[0.02, 0.01, 0.005], time=1, seed=0)
    assert order.trainings[0].times[0] == 1
    assert 0.85 < order.orders[0][0] < 1.15


def test_weight_decay_keeps_its_law_to_first_order():
    order = drift_order(
        networks.linear([2, 2, 2]), flow=flows.weight_decay("1/2"), steps=[0.04, 0.02, 0.01], time=2, seed=0
    )
    assert 0.85 < order.orders[0][0] < 1.15
    assert order.predictions[0] == (None,) * 3


def test_nmf_stays_positive_and_keeps_its_column_sums():
    net, target = networks.nmf(4, 2, 5), np.random.default_rng(0).uniform(size=(4, 5))
    laws = conservation_laws(net, degree=1, seed=0)
    order = drift_order(net, data=target, laws=laws, steps=[0.08, 0.04, 0.02, 0.01], time=4, seed=0)
    assert 0.9 < order.orders[0][0] < 1.1
    assert all((run.theta > 0).all() and run.optimiser == "mirror descent" for run in order.trainings)
    one = simulate(net, data=target, laws=laws, step=0.04, steps=1, seed=0)
    theta = initial_parameters(net, np.random.default_rng(0), np.ones(18, dtype=bool))
    U, V = theta[:8].reshape(4, 2), theta[8:].reshape(2, 5)
    g = np.concatenate([((U @ V - target) @ V.T).ravel(), (U.T @ (U @ V - target)).ravel()])
    assert np.allclose(one.theta, theta * np.exp(-0.04 * g), rtol=1e-13)
    # Explicit Euler keeps linear laws to rounding, as predicted.
    plain = simulate(net, data=target, laws=laws, step=0.04, steps=100, seed=0, scheme="euler")
    assert plain.drifts().max() < 1e-13 and (plain.predictions == 0).all()
    heavy = simulate(net, flow=flows.momentum(tau=1), data=target, laws=laws, step=0.04, steps=100, seed=0)
    assert (heavy.theta > 0).all() and heavy.conserved == (False, False) and heavy.drifts().max() > 0.1


def test_icnn_moves_each_parameter_in_its_metric():
    net = networks.icnn(2, 3, 2, bias=True)
    order = drift_order(net, steps=[0.04, 0.02, 0.01], time=2, seed=0)
    assert 0.85 < order.orders[0][0] < 1.15
    assert (order.trainings[0].theta[-6:] > 0).all()


def test_a_rational_metric_has_its_true_speed():
    """The law of diag(1/u, 1) is that of diag(1, u), but a step moves by the metric itself."""
    from sage_conslaw._sage import QQ, PolynomialRing
    ring = PolynomialRing(QQ, ["x1", "x2"])
    u, v = ring.gens()
    flow = flows.gradient(metric=[1 / u, v / v])
    run = simulate(networks.product(2), flow=flow, data=[0.0], theta=[-2.0, 3.0], step=0.01, steps=1, laws=["x1"])
    # E = (u v)^2 / 2: the gradient at (-2, 3) is (u v^2, u^2 v) = (-18, 12).
    assert np.allclose(run.theta, [-2 - 0.01 * (-18 / -2), 3 - 0.01 * 12])


def test_attention_trains_and_keeps_its_balance():
    order = drift_order(networks.attention(3, 2), steps=[0.08, 0.04, 0.02], time=2, seed=0)
    run = order.trainings[0]
    assert run.final_loss < run.initial_loss
    assert len(run.laws) == 6 and 0.85 < order.orders[0][0] < 1.15
    assert np.allclose(order.drifts, order.predictions, rtol=1e-9)


def test_the_same_seed_gives_the_same_training(perceptron):
    def run(seed):
        return simulate(perceptron, step=0.05, steps=10, seed=seed, batch=4, laws=["U1_1_1^2"])
    first = run(3)
    assert first == run(3) and (first.theta == run(3).theta).all()
    assert (first.theta != run(4).theta).any()
    assert pickle.loads(pickle.dumps(first)) == first
    assert json.loads(json.dumps(first.to_dict()))["losses"] == first.losses.tolist()


def test_recording_less_often_changes_nothing(perceptron):
    dense, sparse = (simulate(perceptron, step=0.05, steps=10, seed=0, every=k) for k in (1, 4))
    assert sparse.times == pytest.approx([0, 0.2, 0.4, 0.5])
    assert (sparse.trajectories == dense.trajectories[:, [0, 4, 8, 10]]).all()
    assert (sparse.predictions == dense.predictions[:, [0, 4, 8, 10]]).all()


def test_no_laws_is_an_answer():
    run = simulate(networks.nmf(2, 2, 2), flow=flows.momentum(tau=1), step=0.01, steps=5, seed=0)
    assert "no polynomial law" in repr(run) and run.drifts().shape == (0,) and run.total_drift() == 0
    order = drift_order(networks.nmf(2, 2, 2), flow=flows.momentum(tau=1), steps=[0.02, 0.01], time=0.1, seed=0)
    assert order.orders == () and len(order.plot()) == 0


def test_pictures_show_order_and_prediction():
    picture = plot_drift(networks.linear([2, 2, 2]), steps=[0.04, 0.02, 0.01], time=1)
    labels = [part.options().get("legend_label") or "" for part in picture]
    assert any("slope 1.0" in label for label in labels) and any("predicted" in label for label in labels)
    run = simulate(networks.linear([2, 2, 2]), step=0.01, steps=5, seed=0)
    assert len(run.plot()) == 6 and len(run.plot(logarithmic=True)) == 6 and len(run.plot("loss")) == 1


LINEAR = networks.linear([3, 2])
X, Y = np.ones((4, 3)), np.ones((4, 2))
GOOD = {"data": (X, Y), "step": 0.1, "steps": 5, "seed": 0}
BAD = [
    ({"step": 0}, ValueError, "step 0 is not a positive number"),
    ({"step": -1.5}, ValueError, "step -1.5 is not a positive number"),
    ({"step": float("nan")}, ValueError, "step nan is not a positive number"),
    ({"step": "0.1"}, TypeError, "step '0.1' is not a number"),
    ({"steps": 0}, ValueError, "steps 0 is not a positive integer"),
    ({"steps": 2.5}, TypeError, "steps 2.5 is not an integer"),
    ({"every": 0}, ValueError, "every 0 is not a positive integer"),
    ({"seed": -1}, ValueError, "seed -1 is not a non-negative integer"),
    ({"batch": 5}, ValueError, "batch 5 is larger than the number of samples, 4"),
    ({"data": X}, TypeError, "give a pair"),
    ({"data": (X[:, :2], Y)}, ValueError, r"the data for the input x have the shape \(4, 2\)"),
    ({"data": (X, Y[:, :1])}, ValueError, r"the targets Y have the shape \(4, 1\)"),
    ({"data": (X, Y[:3])}, ValueError, "4 samples and the targets Y 3"),
    ({"data": (X[:0], Y[:0])}, ValueError, "no samples"),
    ({"data": ("a", Y)}, TypeError, "cannot be read as an array of numbers"),
    ({"data": (X, Y * np.nan)}, ValueError, "not finite"),
    ({"data": (1.0, Y)}, ValueError, "the data for the input x have the shape"),
    ({"data": (X, np.array([0, 1, 1, 0])), "loss": "cross-entropy"}, ValueError, r"numpy.eye\(2\)\[labels\]"),
    ({"loss": "cross-entropy"}, ValueError, "not probabilities"),
    ({"loss": "hinge"}, ValueError, "loss 'hinge' is not known"),
    ({"theta": [1.0]}, ValueError, r"theta has the shape \(1,\); the network has 6 parameters"),
    ({"theta": "x"}, TypeError, "theta cannot be read"),
    ({"theta": [np.inf] * 6}, ValueError, "theta has an entry that is not finite"),
    ({"velocity": [0.0] * 6}, ValueError, "velocity belongs to momentum flows"),
    ({"laws": ["Q^2"]}, ValueError, "the law has the variable Q, which is not a coordinate"),
    ({"laws": [0.5]}, TypeError, "floating-point coefficient"),
    ({"laws": []}, ValueError, "laws is empty"),
    ({"scheme": "leapfrog"}, ValueError, "scheme 'leapfrog' is not known"),
    ({"scheme": "mirror"}, ValueError, "needs a gradient flow in the entropy's metric"),
    ({"flow": flows.momentum(tau="tau")}, ValueError, "a simulation needs a number"),
    ({"flow": 3}, TypeError, "flow 3 is not a flow"),
    (
        {"flow": flows.gradient(metric="mirror"), "theta": [-1.0] * 6},
        ValueError,
        "theta has the entry -1, but this parameter is positive",
    ),
    ({"flow": flows.momentum(metric="mirror")}, ValueError, "nothing moves"),
    ({"flow": flows.momentum(tau="3/t", metric="mirror")}, NotImplementedError, "constant damping only"),
    (
        {"step": 100, "steps": 500},
        ValueError,
        r"diverged at step \d+ of 500 with the step size 100: .*try a smaller step, e.g. step=10",
    ),
    (
        {"flow": flows.gradient(metric="mirror"), "scheme": "euler", "step": 10},
        ValueError,
        "a positive parameter became .* try a smaller step",
    ),
]


@pytest.mark.parametrize("change, error, message", BAD, ids=[message[:40] for _, _, message in BAD])
def test_bad_input(change, error, message):
    with pytest.raises(error, match=message) as caught:
        simulate(LINEAR, **{**GOOD, "laws": ["U1_1_1"], **change})
    assert "\n" not in str(caught.value)


def test_more_bad_input():
    with pytest.raises(TypeError, match="is not a network"):
        simulate("linear", step=0.1, steps=1)
    with pytest.raises(ValueError, match="the network has no input"):
        simulate(networks.nmf(2, 1, 2), data=np.ones((3, 2, 2)), step=0.1, steps=1)
    with pytest.raises(ValueError, match="the shape of the output"):
        simulate(networks.nmf(2, 1, 2), data=np.ones((3, 2)), step=0.1, steps=1)
    with pytest.raises(ValueError, match="no group 'x'"):
        simulate(LINEAR, **GOOD).total_drift("x")
    for steps, error in (
        (0.1, TypeError),
        ("0.1", TypeError),
        ([0.1, 0.1], ValueError),
        ([0.1, 0.3], ValueError),
        ([2, 0.5], ValueError),
    ):
        with pytest.raises(error):
            drift_order(LINEAR, steps=steps, time=1, laws=["U1_1_1"])
    with pytest.raises(ValueError, match="time 0 is not a positive number"):
        drift_order(LINEAR, steps=[0.1, 0.2], time=0)
