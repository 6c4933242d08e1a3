"""Matrix notation: every entry of every expression is a law, and together they are as many as there are."""
import numpy as np
import pytest

from sage_conslaw import conservation_laws, flows, is_conserved, networks
from sage_conslaw.exact.terms import to_sage
from sage_conslaw.graph.network import Network
from sage_conslaw.graph.tensor import Data, Parameter
from sage_conslaw.notation.matrix_notation import Span, _expressions, entries_of_problem


def expressions(result):
    """Return pairs (expression, entries) as the search yields them."""
    return list(_expressions(Span(result.terms), entries_of_problem(result.problem, 3)))


CASES = [
    (networks.linear([3, 2, 3]), None, None),
    (networks.linear([2, 3, 2]), "momentum", None),
    (networks.relu([2, 3, 2], bias=True), None, None),
    (networks.linear([2, 2, 2]), None, "cross-entropy"),
    (networks.icnn(2, 2, 2, bias=True), None, None),
    (networks.nmf(2, 3, 2), None, None),
    (networks.attention(4, 2, heads=2, bias=True), None, None),
    (networks.normalised(3, 4, 2), None, None),
]


@pytest.mark.parametrize("net, flow, loss", CASES, ids=str)
def test_every_entry_is_conserved(net, flow, loss):
    result = conservation_laws(net, flow=flow, loss=loss, seed=0)
    ring = result.problem.family.ring()
    for *_, entries in expressions(result):
        for entry in entries:
            assert is_conserved(to_sage(entry, ring), net, flow=flow, loss=loss)


@pytest.mark.parametrize("net, flow, loss", CASES, ids=str)
def test_they_add_up_to_all_laws(net, flow, loss):
    result = conservation_laws(net, flow=flow, loss=loss, seed=0)
    assert sum(law.independent for law in result.matrix_laws()) == result.number


@pytest.mark.parametrize(
    "net, expected",
    [
        (networks.linear([2, 3, 2]), ["U1^T U1 - U2 U2^T (symmetric 3 x 3: 6 laws)"]),
        (networks.linear([1, 4, 1]), ["U1^T U1 - U2 U2^T (symmetric 4 x 4: 10 laws, 7 independent)"]),
        (networks.relu([2, 3, 2], bias=True), ["|U1[:,j]|^2 + b1[j]^2 - |U2[j,:]|^2 for each j (3 laws)"]),
        (
            networks.attention(4, 2, heads=2),
            [
                "Q^T Q - K^T K (block diagonal, 2 symmetric blocks 2 x 2: 6 laws)",
                "V^T V - O O^T (block diagonal, 2 symmetric blocks 2 x 2: 6 laws)",
            ],
        ),
        (
            networks.attention(4, 4, rotary=True),
            ["V^T V - O O^T (symmetric 4 x 4: 10 laws)", "|Q[:,J]|^2 - |K[:,J]|^2 for each block J of 2 (2 laws)"],
        ),
        (networks.product(3), ["x1^2 - x2^2 (1 law)", "x1^2 - x3^2 (1 law)"]),
        (networks.perceptron([2, 2, 2], "z^3"), ["|U1[:,j]|^2 - 3*|U2[j,:]|^2 for each j (2 laws)"]),
        (networks.perceptron([2, 2, 2], "gelu"), []),
    ],
)
def test_known_expressions(net, expected):
    assert list(map(str, conservation_laws(net, seed=0).matrix_laws())) == expected


def test_grouped_queries():
    laws = conservation_laws(networks.attention(4, 2, heads=4, kv_heads=2), seed=0).matrix_laws()
    assert [law.laws for law in laws] == [6, 6] and "over 2 blocks" in laws[0].text


def test_the_latex_of_every_expression_is_balanced():
    for net, flow, loss in CASES:
        for law in conservation_laws(net, flow=flow, loss=loss, seed=0).matrix_laws():
            assert law.latex.count("{") == law.latex.count("}") and law.latex.count(r"\left") == law.latex.count(
                r"\right"
            )


@pytest.mark.parametrize("seed", range(12))
def test_random_networks(seed):
    generator = np.random.default_rng(seed)
    widths = [int(n) for n in generator.integers(1, 5, size=int(generator.integers(3, 5)))]
    net = [
        networks.linear(widths),
        networks.relu(widths, bias=bool(seed % 2)),
        networks.perceptron(widths, "leaky relu"),
    ][seed % 3]
    flow = [None, flows.momentum(tau=1), flows.nesterov()][int(generator.integers(0, 3))]
    loss = ["least-squares", "cross-entropy"][int(generator.integers(0, 2))]
    result = conservation_laws(net, flow=flow, loss=loss, seed=seed)
    laws = result.matrix_laws()
    assert sum(law.independent for law in laws) <= len(result.independent)
    assert all(0 < law.independent <= law.laws for law in laws)


def test_a_number_at_rest_and_its_square_are_one_law():
    """Two laws in all: the other one, of seven weights, is no matrix expression and is not to be lost."""
    W, b = Parameter("W", (7, 1)), Parameter("b", (1, 1))
    net = Network("two", (7, 1), Data("x", (7,), "input") @ W + Data("z", (1,), "input") @ b)
    samples = np.hstack([np.eye(6, dtype=int), np.arange(1, 7)[:, None]]).tolist()
    result = conservation_laws(net, data=({"x": samples, "z": [[0]] * 6}, None), seed=0)
    assert result.number == 2 and [str(law) for law in result.matrix_laws()] == ["b, every entry (1 law)"]
    assert len(result.evaluate({"W": np.ones((7, 1)), "b": [[2.0]]})) == 2
