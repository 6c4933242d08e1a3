"""Sign flow: the count against sign vectors that are enumerated by linear programs over Q, and the laws on real sign
descent."""
import importlib
from itertools import product as words

import numpy as np
import pytest

from sage_conslaw import InputError, conservation_laws, count_conservation_laws, flows, is_conserved, networks
from sage_conslaw._sage import QQ, matrix
from sage_conslaw.flows.proportional import proportional_classes, value_at
from sage_conslaw.flows.spanned import spanning_gradients


def occurring_signs(rows):
    """Return the sign vectors without zeros of the span of some rational rows, each proved to occur by an exact linear
    program."""
    from sage.numerical.mip import MIPSolverException, MixedIntegerLinearProgram
    D = len(rows[0])

    def feasible(signs):
        program = MixedIntegerLinearProgram(solver="PPL")
        c = program.new_variable()
        for j, sign in enumerate(signs):
            program.add_constraint(sum(sign * QQ(str(row[j])) * c[k] for k, row in enumerate(rows)) >= 1)
        program.set_objective(None)
        try:
            program.solve()
        except MIPSolverException:
            return False
        return True
    found = [()]
    for j in range(D):
        if not any(row[j] for row in rows):
            found = [signs + (0,) for signs in found]
            continue
        found = [signs + (s,) for signs in found for s in (1, -1) if feasible(signs + (s,))]
    return found


CASES = [
    networks.product(3),
    networks.linear([1, 2, 1]),
    networks.linear([1, 2, 2]),
    networks.linear([2, 2, 1]),
    networks.linear([2, 1, 2]),
    networks.linear([1, 2, 2, 1]),
    networks.relu([1, 2, 1], bias=True),
    networks.relu([2, 2, 1]),
    networks.relu([1, 2, 2], bias=True),
    networks.perceptron([1, 2, 1], "z^3"),
]


@pytest.mark.parametrize("net", CASES, ids=lambda net: f"{net.architecture}-{net.sizes}")
def test_count_is_the_rank_of_the_sign_vectors_that_occur(net):
    response = net.response()
    point = proportional_classes(response).point(())
    rows = [[value_at(f, point) for f in row] for row in spanning_gradients(response)]
    signs = occurring_signs(rows)
    expected = net.dimension - matrix(QQ, [list(s) for s in signs]).rank()
    result = conservation_laws(net, flow=flows.sign(), seed=0)
    assert result.number == expected and result.status == "proved" and result.complete is True


@pytest.mark.parametrize(
    "n, r, m",
    [
        (1, 1, 1),
        (1, 2, 1),
        (1, 4, 1),
        (1, 2, 3),
        (1, 3, 2),
        (3, 2, 1),
        (2, 5, 1),
        (2, 2, 2),
        (2, 3, 2),
        (3, 2, 2),
        (2, 1, 3),
        (3, 3, 3),
    ],
)
def test_two_linear_layers(n, r, m):
    expected = 2 * r - 1 if n == m == 1 else max(n, m) * (r - 1) if 1 in (n, m) else 0
    assert count_conservation_laws(networks.linear([n, r, m]), flow=flows.sign(), seed=0).number == expected


def test_more_than_three_layers_and_large_ones():
    assert count_conservation_laws(networks.linear([3, 4, 5, 2]), flow=flows.sign(), seed=0).number == 0
    assert count_conservation_laws(networks.relu([20, 10, 5]), flow=flows.sign(), seed=0).number == 0


def test_true_width(monkeypatch):
    """The compact form says the same as the fields written out."""
    nets = [networks.linear([1, 3, 2]), networks.linear([2, 2, 2]), networks.relu([1, 2, 1], bias=True)]
    written = [conservation_laws(net, flow=flows.sign(), seed=0) for net in nets]
    with monkeypatch.context() as patch:
        patch.setattr(importlib.import_module("sage_conslaw.flows.sign"), "MOST_FIELDS", 0)
        compact = [conservation_laws(net, flow=flows.sign(), seed=0) for net in nets]
        for net, result in zip(nets, compact):
            assert all(is_conserved(result.laws[i], net, flow=flows.sign()) for i in result.independent)
            assert (
                not is_conserved(sum(result.laws[0].parent().gens()), net, flow=flows.sign()) if result.number else True
            )
    for net, before, result in zip(nets, written, compact):
        assert (result.number, result.status, len(result.independent), result.complete) == (
            before.number,
            "proved",
            len(before.independent),
            True,
        )
        assert all(is_conserved(result.laws[i], net, flow=flows.sign()) for i in result.independent)
    assert count_conservation_laws(networks.linear([40, 40, 40]), flow=flows.sign(), seed=0).number == 0
    assert (
        count_conservation_laws(networks.relu([784, 20, 10], bias=True), flow=flows.sign(), seed=0).status == "proved"
    )


def test_laws_hold_on_sign_descent_with_any_data():
    net = networks.linear([1, 3, 2])
    generator = np.random.default_rng(0)
    theta = generator.uniform(0.5, 2, net.dimension)
    result = conservation_laws(net, flow=flows.sign(), seed=0)
    laws = [result.laws[i] for i in result.independent]
    names = net.response().names

    def values(at):
        point = dict(zip(names, map(float, at)))
        return np.array([float(law.subs({g: QQ(point[str(g)]) for g in law.parent().gens()})) for law in laws])
    before = values(theta)
    for _ in range(30):
        x, y = generator.normal(size=5), generator.normal(size=(5, 2))
        u, V = theta[:3], theta[3:].reshape(3, 2)
        residual = np.outer(x, u @ V) - y
        gradient = np.concatenate([(x @ residual) @ V.T, np.outer(u, x @ residual).ravel()])
        theta = theta - 0.01 * np.sign(gradient)
    assert len(laws) == 4 and np.abs(values(theta) - before).max() < 1e-12


def test_the_laws_follow_the_region():
    net = networks.linear([1, 2, 1])
    here = conservation_laws(net, flow=flows.sign({"U1_1_1": -1}), seed=0)
    assert here.number == 3
    assert is_conserved("U1_1_1 + U1_1_2", net, flow=flows.sign({"U2_1_1": -2}))
    assert not is_conserved("U1_1_1 + U1_1_2", net, flow=flows.sign())


def test_witnesses_differ_in_one_class():
    net = networks.linear([1, 2, 3])
    for names, plus, minus in flows.sign().witnesses(net):
        differ = {name for name, a, b in zip(net.response().names, plus, minus) if (a > 0) != (b > 0)}
        assert differ == set(names) and all(a in QQ and a for a in plus + minus)


def test_unused_parameters_and_decay():
    x, W, V = networks.input(2), networks.parameter("W", (2, 2)), networks.parameter("V", (2,))
    net = networks.custom(x @ W, [W, V])
    assert conservation_laws(net, flow=flows.sign(), seed=0).number == 2
    result = conservation_laws(networks.product(2), flow=flows.weight_decay("1/3", flows.sign()), seed=0)
    assert result.complete is True and result.readable_laws() == ["exp(1/3*t)*(x1 - x2)"]


def test_the_gradient_that_vanishes_at_the_point():
    with pytest.raises(InputError, match="wall between regions"):
        conservation_laws(networks.product(2), flow=flows.sign({"x1": 0}))
    with pytest.raises(InputError, match="not a parameter"):
        conservation_laws(networks.product(2), flow=flows.sign({"y": 1}))
    with pytest.raises(InputError, match="not a dictionary"):
        flows.sign(3)


@pytest.mark.parametrize("seed", range(6))
def test_random_reparameterisations_against_enumeration(seed):
    from sage_conslaw._sage import PolynomialRing
    generator = np.random.default_rng(seed)
    ring = PolynomialRing(QQ, 4, "x")
    phi = []
    for _ in range(int(generator.integers(1, 3))):
        phi.append(
            sum(
                int(generator.integers(-2, 3)) * ring.gens()[a] * ring.gens()[b]
                for a, b in words(range(4), repeat=2)
                if generator.random() < 0.3
            )
            + ring.gens()[0] * ring.gens()[1]
        )
    try:
        result = count_conservation_laws(phi, flow=flows.sign(), seed=0)
    except InputError as error:
        assert "wall" in str(error)
        return
    from sage_conslaw.flows.problem import problem
    response = problem(phi).family.response
    point = proportional_classes(response).point(())
    rows = [[value_at(f, point) for f in row] for row in spanning_gradients(response)]
    assert result.number == response.dimension - matrix(QQ, [list(s) for s in occurring_signs(rows)]).rank()
