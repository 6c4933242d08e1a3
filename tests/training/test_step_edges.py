"""Steps where eigenvalues are irrational or opposite, and increments of laws that are no laws of these steps."""
from fractions import Fraction

import numpy as np
import pytest

from sage_conslaw import InputError, conservation_laws, flows, networks, step_increments, step_laws
from sage_conslaw._sage import QQ, PolynomialRing
from sage_conslaw.flows.problem import problem
from sage_conslaw.runtime.errors import NotCovered


def value(terms, x):
    return sum(float(c) * np.prod([x[i] for i in monomial]) for monomial, c in terms.items())


def cross_entropy_gradient(theta, generator):
    """Return a gradient of a linear network 1, 2, 2 behind a softmax, by hand, for one random sample."""
    U, V = theta[:2], theta[2:].reshape(2, 2)
    x, covector = generator.normal(), generator.normal()
    covector = np.array([covector, -covector])
    return np.concatenate([x * (V @ covector), x * np.outer(U, covector).ravel()])


def step(theta, b, g, lr, decay, mu, nesterov):
    u = g + decay * theta
    b = mu * b + u
    return theta - lr * (u + mu * b if nesterov else b), b


@pytest.mark.parametrize(
    "mu, decay, lr, nesterov, degree_two, factors",
    [
        # Every step size: conjugate eigenvalues, whose product with Nesterov's step depends on it.
        (0.9, 0.1, None, True, 1, {"9/10*(1 - 1/10*lr)"}),
        (0.9, 0.1, None, False, 3, {"9/10"}),
        # The trace is zero, so that squares of the eigenvalues are rational and opposite to the determinant.
        (0.9, 1.9, 1, False, 16, {"9/10", "-9/10"}),
    ],
)
def test_factors_of_conjugate_eigenvalues(mu, decay, lr, nesterov, degree_two, factors):
    network = networks.linear([1, 2, 2])
    found = step_laws(
        network, momentum=mu, weight_decay=decay, lr=lr, nesterov=nesterov, loss="cross-entropy", seed=0
    )
    assert len(found.laws) == degree_two
    assert {law.factor for law in found.laws} == factors
    generator = np.random.default_rng(1)
    theta, b = generator.normal(size=6), generator.normal(size=6)
    for size in (lr,) if lr else (0.1, 0.37):
        after, buffer = step(theta, b, cross_entropy_gradient(theta, generator), size, decay, mu, nesterov)
        for law in found.laws:
            before = value(law.terms, np.concatenate([theta, b]))
            rho = float(law.value(Fraction(str(size))))
            assert abs(value(law.terms, np.concatenate([after, buffer])) - rho * before) < 1e-9 * max(1, abs(before))


def test_dampened_buffers_begin_with_the_second_step():
    """Eigenvalues 2/3 and 3/8 at this step; PyTorch's first buffer is the gradient itself."""
    found = step_laws(networks.linear([1, 2]), momentum=0.25, dampening=0.5, weight_decay=1, lr=Fraction(1, 3),
                      loss="cross-entropy", degree=1, seed=0)
    assert len(found.laws) == 2
    assert "from the second step on" in str(found)


@pytest.mark.parametrize(
    "data, decay, text",
    [
        ("(x + 1)*y", 0, "h + lr^2*(g_x^2 - g_y^2)"),
        # h_1 = 2 x is no law, and what is linear in the gradient does not cancel.
        ("(x + 1)*y", Fraction(1, 2), "(1 - 1/2*lr)*h_1 + (1 - 1/2*lr)^2*h_2 + lr^2*(g_x^2 - g_y^2 - g_x)"),
    ],
)
def test_increments_of_a_shifted_balance(data, decay, text):
    ring = PolynomialRing(QQ, ["x", "y"], 2)
    x, y = ring.gens()
    assert step_increments([(x + 1) * y], "sgdw", weight_decay=decay, seed=0) == [(x**2 - y**2 + 2 * x, text)]
    assert data == str(x * y + y).replace("x*y + y", "(x + 1)*y")
    # The same by hand, at one point, gradient c (y, x + 1) and step.
    a, b, c, lr, lam = 0.7, -1.3, 0.9, 0.2, float(decay)
    shrink, g = 1 - lr * lam, (c * b, c * (a + 1))
    h = lambda u, v: u * u - v * v + 2 * u
    expected = shrink * 2 * a + shrink**2 * (a * a - b * b) + lr**2 * (g[0]**2 - g[1]**2 - lam * 2 * g[0])
    assert abs(h(shrink * a - lr * g[0], shrink * b - lr * g[1]) - expected) < 1e-12


def test_increments_are_those_of_euclidean_steps():
    """A network's own metric is not that of SGD, and laws of another flow have no such increment."""
    (law, text), = step_increments(networks.nmf(2, 1, 2), seed=0)
    assert str(law) == "U_1_1^2 + U_2_1^2 - V_1_1^2 - V_1_2^2" and text.startswith("h + lr^2*(")
    product = networks.product(2)
    for flow in ("sign", flows.weight_decay(1)):
        with pytest.raises(InputError, match="is no law of Euclidean gradient flow"):
            step_increments(product, laws=conservation_laws(product, flow=flow, seed=0))


def test_optimisers_that_leave_parameters_alone_are_refused():
    torch = pytest.importorskip("torch")
    weight, other = (torch.nn.Parameter(torch.ones(1, 1)) for _ in range(2))
    with pytest.raises(NotCovered, match="moves 1 parameters and the network has 2"):
        step_laws(networks.linear([1, 1, 1]), torch.optim.SGD([weight], lr=0.1))
    other.requires_grad_(False)
    with pytest.raises(NotCovered, match="moves 1 parameters"):
        step_laws(networks.linear([1, 1, 1]), torch.optim.SGD([weight, other], lr=0.1))


def test_nesterov_without_momentum_is_no_step_of_pytorch():
    for settings in ({"momentum": 0}, {"momentum": 0.9, "dampening": 0.5}):
        with pytest.raises(InputError, match="nesterov=True needs momentum"):
            step_laws(networks.product(2), nesterov=True, **settings)


def test_what_the_model_forgets_is_said_of_steps_and_of_every_optimiser():
    """A gate of a parameter alone is one of two numbers, and no datum."""
    x, a, V = networks.input(1), networks.parameter("a", 1), networks.parameter("V", 1, 1)
    network = networks.custom((V @ x) * a.relu())
    said = "the gate relu of a depends on parameters alone"
    found = step_laws(network, seed=0)
    assert f"bounded; {said}" in str(found) and found.to_dict()["complete"] is False
    for flow in (flows.gradient(), flows.sign(), flows.adam(), flows.from_torch_optimizer("lars")):
        assert said in problem(network, flow).family.forgotten[0]
