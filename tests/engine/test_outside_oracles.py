r"""
Oracles that share no code with the package: SymPy for the response and the brackets, numpy for the training itself.

Networks are written here a second time, from the definition in the papers: `x \mapsto \sigma(x U_1 + b_1) U_2 \cdots`,
with widths from input to output, and biases on hidden layers.
"""

from dataclasses import dataclass

import numpy as np
import pytest
import sage_conslaw._sage  # noqa: F401  (before any other import from Sage)
import sympy
from brackets import bracket, generated_rank
from cases import BY_HAND, BY_NAME, FIELDS, OWN_PHI, parameters
from sage_conslaw import VectorFieldFamily, conservation_laws, count_conservation_laws, networks
from spaces import evaluate, to_sympy


@dataclass(frozen=True)
class Net:
    r"""A small network, as this file understands it."""

    widths: tuple
    relu: bool = False
    bias: bool = False
    loss: str = "least-squares"

    def network(self):
        return networks.relu(list(self.widths), bias=self.bias) if self.relu else networks.linear(list(self.widths))

    def names(self):
        r"""Return the names of the parameters, layer by layer."""
        found = []
        for i, (a, b) in enumerate(zip(self.widths, self.widths[1:]), 1):
            found += [f"U{i}_{j}_{k}" for j in range(1, a + 1) for k in range(1, b + 1)]
            if self.bias and i < len(self.widths) - 1:
                found += [f"b{i}_{k}" for k in range(1, b + 1)]
        return found

    def __str__(self):
        return " ".join(["relu" if self.relu else "linear", *map(str, self.widths), "bias" * self.bias, self.loss])


NETS = [
    Net((2, 3, 2)), Net((3, 2, 3)), Net((2, 4, 1)), Net((2, 2, 2, 2)), Net((1, 2, 2, 1)), Net((1, 3, 1)),
    Net((3, 2, 3), loss="cross-entropy"), Net((2, 2, 2, 3), loss="cross-entropy"), Net((2, 3), loss="cross-entropy"),
    Net((2, 3, 2), relu=True), Net((2, 3, 2), relu=True, bias=True), Net((2, 2, 3, 2), relu=True, bias=True),
    Net((3, 4, 2), relu=True, loss="cross-entropy"), Net((2, 3, 3), relu=True, bias=True, loss="cross-entropy"),
]
each_net = pytest.mark.parametrize("net", NETS, ids=str)
_found = {}


def laws_of(net):
    if net not in _found:
        _found[net] = conservation_laws(net.network(), loss=net.loss, seed=0)
    return _found[net]


def coordinates(net, law):
    r"""Return the names of the law's variables in the ring's order."""
    names = [str(g) for g in law.parent().gens()]
    assert sorted(names) == sorted(net.names())
    return names


# SymPy: the response and its derivatives -----------------------------------------------------------------------------

def response(net):
    r"""Return the output paired with a covector: data, gates and covector are symbols."""
    theta = dict(zip(net.names(), sympy.symbols(net.names())))
    signal = sympy.Matrix(1, net.widths[0], sympy.symbols(f"data1:{net.widths[0] + 1}"))
    depth = len(net.widths) - 1
    for i in range(1, depth + 1):
        a, b = net.widths[i - 1:i + 1]
        signal = signal * sympy.Matrix(a, b, [theta[f"U{i}_{j}_{k}"] for j in range(1, a + 1) for k in range(1, b + 1)])
        if i < depth and net.bias:
            signal += sympy.Matrix(1, b, [theta[f"b{i}_{k}"] for k in range(1, b + 1)])
        if i < depth and net.relu:
            signal = signal.multiply_elementwise(sympy.Matrix(1, b, sympy.symbols(f"gate{i}_1:{b + 1}")))
    outputs = net.widths[-1]
    covector = list(sympy.symbols(f"covector1:{outputs + 1}"))
    if net.loss == "cross-entropy":
        covector[-1] = -sum(covector[:-1])
    return theta, (signal * sympy.Matrix(covector))[0]


@each_net
def test_sympy_finds_every_law_conserved(net):
    theta, f = response(net)
    gradient = {name: sympy.diff(f, symbol) for name, symbol in theta.items()}
    laws = laws_of(net).laws
    assert laws
    for law in laws:
        names = coordinates(net, law)
        h = to_sympy(law, [theta[name] for name in names])
        assert sympy.expand(sum(sympy.diff(h, theta[name]) * gradient[name] for name in names)) == 0, law


@each_net
def test_number_of_parameters(net):
    biases = sum(net.widths[1:-1]) if net.bias else 0
    assert laws_of(net).parameters == len(net.names()) == parameters(net.widths) + biases


# SymPy: the generated Lie algebra, from expanded brackets ------------------------------------------------------------



def components(net):
    r"""Return phi: the coefficients of the response in the symbols that are not parameters."""
    theta, f = response(net)
    data = sorted(sympy.expand(f).free_symbols - set(theta.values()), key=str)
    return list(theta.values()), sympy.Poly(sympy.expand(f), *data).coeffs()


@pytest.mark.parametrize("net", [n for n in NETS if parameters(n.widths) <= 12], ids=str)
def test_number_of_laws_by_expanded_brackets(net):
    z, phi = components(net)
    rank = generated_rank(z, [[sympy.diff(c, x) for x in z] for c in phi])
    assert count_conservation_laws(net.network(), loss=net.loss).number == len(z) - rank


# the fields of these cases are explicit, and the brackets stay small
EXPLICIT = [c for c in FIELDS + OWN_PHI + BY_HAND if c.name != "random cubic field"]


def explicit_fields(data):
    r"""Return the fields of a case as SymPy expressions, read from the Sage polynomials it was built from."""
    if isinstance(data, VectorFieldFamily):
        fields = data.polynomial_fields()
        gens = data.ring().gens()
    else:
        gens = data[0].parent().gens()
        fields = [[f.derivative(g) for g in gens] for f in data]
    z = sympy.symbols([str(g) for g in gens])
    return list(z), [[to_sympy(c, z) for c in field] for field in fields]


@pytest.mark.parametrize("case", EXPLICIT, ids=lambda c: c.name)
def test_known_numbers_by_expanded_brackets(case):
    r"""The answers in ``cases.py`` themselves, recomputed here."""
    z, fields = explicit_fields(case.build())
    assert len(z) - generated_rank(z, fields) == case.number


def test_the_oracle_can_tell():
    r"""The bracket of SymPy, and two ranks known by hand, so that the oracle is not wrong in the same way."""
    x, y, z = sympy.symbols("x y z")
    assert bracket((x, y), [sympy.Integer(1), sympy.Integer(0)], [sympy.Integer(0), x**2]) == [0, 2 * x]
    assert generated_rank((x, y, z), [[1, 0, -y], [0, 1, x]]) == 3
    assert generated_rank((x, y, z), [[y, -x, 0], [0, z, -y]]) == 2
    assert BY_NAME["Heisenberg"].number == 0 and BY_NAME["SO(3)"].number == 1


# numpy: training itself ----------------------------------------------------------------------------------------------

def unpack(net, theta):
    layers, at = [], 0
    for i, (a, b) in enumerate(zip(net.widths, net.widths[1:]), 1):
        weights = theta[at:at + a * b].reshape(a, b)
        at += a * b
        bias = np.zeros(b)
        if net.bias and i < len(net.widths) - 1:
            bias = theta[at:at + b]
            at += b
        layers.append((weights, bias))
    return layers


def velocity(net, theta, inputs, targets):
    r"""Return minus the gradient of the loss over the data set, by one backward pass."""
    layers, signals, masks = unpack(net, theta), [inputs], []
    for i, (weights, bias) in enumerate(layers):
        out = signals[-1] @ weights + bias
        active = np.ones_like(out) if i == len(layers) - 1 or not net.relu else (out > 0).astype(float)
        masks.append(active)
        signals.append(out * active)
    if net.loss == "cross-entropy":
        scores = np.exp(signals[-1] - signals[-1].max(axis=1, keepdims=True))
        error = scores / scores.sum(axis=1, keepdims=True) - targets
    else:
        error = signals[-1] - targets
    parts = []
    for i in reversed(range(len(layers))):
        error = error * masks[i]
        part = [(signals[i].T @ error).ravel()]
        if net.bias and i < len(layers) - 1:
            part.append(error.sum(axis=0))
        parts.append(np.concatenate(part))
        error = error @ layers[i][0].T
    return -np.concatenate(parts[::-1])


def train(net, seed, steps, step):
    r"""Integrate gradient flow by the classical Runge-Kutta method; return the first and the last parameters."""
    rng = np.random.default_rng(seed)
    start = rng.normal(size=len(net.names()))
    inputs = rng.normal(size=(8, net.widths[0]))
    targets = rng.normal(size=(8, net.widths[-1]))
    if net.loss == "cross-entropy":
        targets = np.eye(net.widths[-1])[rng.integers(0, net.widths[-1], 8)]
    theta = start.copy()
    for _ in range(steps):
        k1 = velocity(net, theta, inputs, targets)
        k2 = velocity(net, theta + step / 2 * k1, inputs, targets)
        k3 = velocity(net, theta + step / 2 * k2, inputs, targets)
        k4 = velocity(net, theta + step * k3, inputs, targets)
        theta = theta + step / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return start, theta


@each_net
@pytest.mark.parametrize("seed", [1, 2])
def test_training_keeps_every_law(net, seed):
    r"""Smooth networks to the tolerance of the method; ReLU to that of a step across a kink, where the order drops."""
    steps, step = 1000, 5e-4
    start, end = train(net, seed, steps, step)
    assert np.abs(end - start).max() > 0.05, "training must move the parameters"
    tolerance = 1e-3 if net.relu else 1e-6  # measured: at most 6.2e-5 and 3.8e-8
    for law in laws_of(net).laws:
        order = [net.names().index(name) for name in coordinates(net, law)]
        drift = evaluate(law, end[order]) - evaluate(law, start[order])
        assert abs(drift) < tolerance * max(1, np.abs(start).max()**law.degree()), (law, drift)


@each_net
def test_training_breaks_what_is_not_a_law(net):
    r"""The same measurement on the law without its last term: it must be seen to move."""
    start, end = train(net, 1, 1000, 5e-4)
    moved = []
    for law in laws_of(net).laws:
        order = [net.names().index(name) for name in coordinates(net, law)]
        last = law.monomials()[-1]
        broken = law - law.monomial_coefficient(last) * last
        moved.append(abs(evaluate(broken, end[order]) - evaluate(broken, start[order])))
    assert max(moved) > 0.05


def test_gradient_of_the_oracle_by_finite_differences():
    r"""The backward pass above is checked against the loss itself."""
    for net in (Net((2, 3, 2), relu=True, bias=True), Net((2, 3, 2), loss="cross-entropy")):
        rng = np.random.default_rng(3)
        theta = rng.normal(size=len(net.names()))
        inputs = rng.normal(size=(4, 2))
        targets = np.eye(2)[[0, 1, 1, 0]]

        def loss(theta, net=net, inputs=inputs, targets=targets):
            out = inputs
            for i, (weights, bias) in enumerate(unpack(net, theta)):
                out = out @ weights + bias
                out = np.maximum(out, 0) if net.relu and i == 0 else out
            if net.loss == "cross-entropy":
                return (np.log(np.exp(out).sum(axis=1)) - (out * targets).sum(axis=1)).sum()
            return ((out - targets)**2).sum() / 2

        numeric = [(loss(theta + 1e-6 * e) - loss(theta - 1e-6 * e)) / 2e-6 for e in np.eye(len(theta))]
        assert np.allclose(-velocity(net, theta, inputs, targets), numeric, atol=1e-6)
