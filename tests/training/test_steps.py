"""Laws of steps: proved by identity, and measured on real runs of PyTorch's optimisers over 500 steps."""
from fractions import Fraction

import numpy as np
import pytest

from sage_conslaw import InputError, conservation_laws, networks, step_increments, step_laws
from sage_conslaw.exact import terms as sparse
from sage_conslaw.exact.arithmetic import FloatArithmetic
from sage_conslaw.runtime.errors import NotCovered

STEPS = 500


class Run:
    """A two-layer linear network in PyTorch, with the names of ours: U1 is (inputs, hidden), U2 (hidden, outputs)."""

    def __init__(self, sizes, loss, optimiser, moving=False, lr_changes=False):
        self.torch = torch = pytest.importorskip("torch")
        # Threads that wait for each other make a step of these few numbers a hundred times slower.
        torch.set_num_threads(1)
        generator = torch.Generator().manual_seed(0)
        make = lambda *shape: torch.randn(*shape, dtype=torch.float64, generator=generator)
        self.weights = [torch.nn.Parameter(make(a, b) / 2) for a, b in zip(sizes, sizes[1:])]
        self.optimiser, self.loss, self.lr_changes = optimiser(self.weights), loss, lr_changes
        self.x, self.classes, self.targets = (
            make(20, sizes[0]),
            torch.randint(0, sizes[-1], (20,), generator=generator),
            make(20, sizes[-1]),
        )
        if moving:
            for w in self.weights:
                self.optimiser.state[w]["momentum_buffer"] = make(*w.shape)

    def step(self, number):
        torch = self.torch
        self.optimiser.zero_grad()
        out = self.x @ self.weights[0]
        for w in self.weights[1:]:
            out = out @ w
        loss = (
            torch.nn.functional.cross_entropy(out, self.classes)
            if self.loss == "cross-entropy"
            else ((out - self.targets) ** 2).mean()
        )
        loss.backward()
        if self.lr_changes:
            for group in self.optimiser.param_groups:
                group["lr"] = 0.02 + 0.01 * (number % 3)
        self.optimiser.step()

    def state(self, names):
        theta = np.concatenate([w.detach().numpy().ravel() for w in self.weights])
        if len(names) == len(theta):
            return theta
        buffers = [self.optimiser.state[w].get("momentum_buffer") for w in self.weights]
        return np.concatenate(
            [theta, *[np.zeros(w.numel()) if b is None else b.numpy().ravel() for w, b in zip(self.weights, buffers)]]
        )

    def gradient(self):
        return np.concatenate([w.grad.numpy().ravel() for w in self.weights])


def value(terms, x):
    return sum(float(c) * np.prod([x[i] for i in monomial]) for monomial, c in terms.items())


def values(laws, n):
    """Return a function of states to the laws' values, and one to the sums of their terms' absolute values."""
    A = FloatArithmetic()
    plain = sparse.PolynomialMap([law.terms for law in laws], n)
    sizes = sparse.PolynomialMap([{m: abs(c) for m, c in law.terms.items()} for law in laws], n)
    return lambda x: plain(A, x), lambda x: sizes(A, np.abs(x))


def sgd(**options):
    import torch
    return lambda weights: torch.optim.SGD(weights, **options)


@pytest.mark.parametrize(
    "loss, options, moving",
    [
        ("cross-entropy", dict(lr=0.05), False),
        ("cross-entropy", dict(lr=0.05, weight_decay=0.01), False),
        ("cross-entropy", dict(lr=0.02, momentum=0.9), True),
        ("least-squares", dict(lr=0.02, momentum=0.9), True),
        ("least-squares", dict(lr=0.02, momentum=0.9, dampening=0.5), True),
        ("least-squares", dict(lr=0.02, momentum=0.9, weight_decay=0.1), True),
        ("cross-entropy", dict(lr=0.02, momentum=0.9, nesterov=True), True),
    ],
)
def test_laws_on_real_runs(loss, options, moving):
    """Each law is its first value times its factor to the power of the steps, to rounding of its terms."""
    pytest.importorskip("torch")
    run, net = Run([3, 3, 2], loss, sgd(**options), moving), networks.linear([3, 3, 2])
    settings = {key: v for key, v in options.items() if key != "lr"}
    found = step_laws(net, loss=loss, lr=options["lr"], seed=0, **settings)
    assert found.laws
    start = run.state(found.names)
    of, size = values(found.laws, len(found.names))
    first, largest = of(start), size(start)
    # Powers of the exact factors: a rounded 1 - lr*decay is off by 500 roundings after as many steps.
    factors, powers = [law.value(_exact(options["lr"])) for law in found.laws], [1] * len(found.laws)
    for number in range(1, STEPS + 1):
        run.step(number)
        x = run.state(found.names)
        largest = np.maximum(largest, size(x))
        powers = [_shortened(a * b) for a, b in zip(powers, factors)]
        assert (np.abs(of(x) - first * np.array(powers, dtype=float)) < 3e-15 * largest).all()


def _exact(x):
    return Fraction(str(x))


def _shortened(x):
    """Return a fraction to 120 bits, so that powers stay short."""
    return Fraction(round(x * 2 ** 120), 2 ** 120)


def test_affine_laws_to_3e_15_with_changing_step_sizes():
    pytest.importorskip("torch")
    run, net = Run([3, 4], "cross-entropy", sgd(lr=0.05), lr_changes=True), networks.linear([3, 4])
    found = step_laws(net, loss="cross-entropy", degree=1, seed=0)
    assert [law.factor for law in found.laws] == ["1"] * 3
    of, _ = values(found.laws, len(found.names))
    first, drift = of(run.state(found.names)), 0
    for number in range(STEPS):
        run.step(number)
        drift = max(drift, np.abs(of(run.state(found.names)) - first).max())
    assert drift < 3e-15


@pytest.mark.parametrize("decay", [0, 0.1])
def test_increments_of_balances_on_real_runs(decay):
    pytest.importorskip("torch")
    net = networks.linear([3, 2, 3])
    laws = conservation_laws(net, seed=0)
    run, lr = Run([3, 2, 3], "least-squares", sgd(lr=0.05, weight_decay=decay)), 0.05
    texts = step_increments(net, laws=laws, weight_decay=decay, seed=0)
    assert len(texts) == 3 and all(("(1 - 1/10*lr)^2*h" if decay else "h") + " + lr^2*(" in text for _, text in texts)
    for number in range(50):
        before = run.state(laws.problem.family.names)
        run.step(number)
        after, gradient = run.state(laws.problem.family.names), run.gradient()
        for index in laws.independent:
            h = laws.terms[index]
            predicted = (1 - lr * decay) ** 2 * value(h, before) + lr ** 2 * value(h, gradient)
            assert abs(value(h, after) - predicted) < 1e-14


@pytest.mark.parametrize(
    "settings, number",
    [
        (dict(), 0),
        (dict(momentum=0.9), 1),
        (dict(momentum=0.9, dampening=0.3), 1),
        (dict(momentum=0.9, nesterov=True), 0),
        (dict(momentum=0.9, weight_decay=0.1), 1),
        (dict(optimizer="sgdw", momentum=0.9, weight_decay=0.1), 1),
        (dict(momentum=0.9, lr=0.1), 1),
        (dict(optimizer="clipped", momentum=0.9), 1),
        (dict(optimizer="lars"), 0),
    ],
)
def test_numbers_of_laws_of_a_linear_network(settings, number):
    assert len(step_laws(networks.linear([2, 2, 2]), seed=0, **settings).laws) == number


def test_rotations_of_wider_layers_and_relu():
    assert len(step_laws(networks.linear([2, 3, 2]), momentum=0.5, seed=0).laws) == 3
    assert len(step_laws(networks.relu([2, 2, 1]), momentum=0.5, seed=0).laws) == 0


def test_every_law_of_steps_is_one_of_the_flow():
    """A law for every step size is one for small ones."""
    from sage_conslaw import is_conserved
    net = networks.relu([2, 2, 3])
    for law in step_laws(net, loss="cross-entropy", seed=0).laws:
        assert law.factor == "1" and is_conserved(law.law, net, loss="cross-entropy")


def test_semi_invariants_of_a_given_step_size_only():
    """With coupled decay and momentum affine laws have a rational factor at some step sizes only."""
    net = networks.linear([1, 2])
    every = step_laws(net, loss="cross-entropy", momentum="1/4", weight_decay=1, degree=1, seed=0)
    # trace 5/4 - lr, determinant 1/4: at lr = 9/4 the roots are -1/2 twice.
    some = step_laws(net, loss="cross-entropy", momentum="1/4", weight_decay=1, degree=1, lr="9/4", seed=0)
    assert not every.laws and "obeys its own recursion" in every.recursion
    assert [law.factor for law in some.laws] == ["-1/2"]


@pytest.mark.parametrize(
    "wrong, message, kind",
    [
        (dict(optimizer="adam"), "not linear in the gradient", NotCovered),
        (dict(degree=3), "degree 3 is not covered", InputError),
        (dict(lr=-1), "not positive", InputError),
        (dict(optimizer=7), "not an optimiser", InputError),
        (dict(mu=1), "no hyperparameter mu", InputError),
    ],
)
def test_wrong_input(wrong, message, kind):
    with pytest.raises(kind, match=message):
        step_laws(networks.product(2), **wrong)


def test_too_many_monomials():
    with pytest.raises(NotCovered, match="try degree=1"):
        step_laws(networks.linear([10, 10, 10]))
    assert len(step_laws(networks.linear([10, 8, 6]), loss="cross-entropy", degree=1, seed=0).laws) == 8
