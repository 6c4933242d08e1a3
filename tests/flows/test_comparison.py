r"""
Flows compared with each other, and exceptional damping.
"""

import pytest
import sage_conslaw._sage  # noqa: F401  (before any other import from Sage)
from flow_cases import u, v
from sage_conslaw import compare_flows, exceptional_damping, flows, networks


def test_comparison_of_linear_networks():
    r"""Momentum loses the symmetric laws and gains antisymmetric ones, which gradient flow cannot even state."""
    table = compare_flows(networks.linear([2, 3, 2]), seed=1)
    assert [r.number for r in table.results] == [6, 3] and table.loss == 3
    verdicts = [row[1] for row in table.rows]
    assert verdicts == [(True, False)] * 6 + [(None, True)] * 3
    assert "6 (proved)" in repr(table) and "conservation loss: 3" in repr(table)


@pytest.mark.parametrize(
    "net, loss, numbers",
    [
        (lambda: networks.relu([2, 3, 2], bias=True), None, [3, 0]),
        (lambda: networks.nmf(2, 2, 1), None, [2, 0]),
        (lambda: networks.icnn(1, 2, 1, bias=True), None, [2, 0]),
        (lambda: networks.relu([2, 3, 2]), "cross-entropy", [6, 6]),
        (lambda: networks.linear([2, 2, 2, 2]), None, [6, 2]),
        (lambda: networks.linear([1, 4, 1]), None, [7, 10]),
        (lambda: [u * v], None, [1, 0]),
    ],
    ids=["relu", "nmf", "icnn", "cross-entropy", "deep linear", "1 4 1", "phi"],
)
def test_comparison_of_numbers(net, loss, numbers):
    table = compare_flows(net(), loss=loss, seed=1)
    assert [r.number for r in table.results] == numbers
    assert table.loss == numbers[0] - numbers[1]
    gradient = sum(verdict[0] is True for _, verdict in table.rows)
    momentum = sum(verdict[1] is True for _, verdict in table.rows)
    assert (gradient, momentum) == tuple(len(r.independent) for r in table.results)
    assert all(verdict[1] is False for _, verdict in table.rows if verdict[0] is True)


def test_comparison_of_dampings():
    net = networks.linear([2, 2, 2])
    table = compare_flows(net, [flows.momentum(), flows.momentum(tau=1), flows.nesterov()], seed=1)
    assert [r.number for r in table.results] == [1, 1, 1] and table.loss == 0
    assert [row[1] for row in table.rows] == [(True, False, False), (None, True, None), (False, None, True)]
    same = compare_flows(net, ["gradient", flows.gradient(metric="euclidean")], seed=1)
    assert [row[1] for row in same.rows] == [(True, True)] * 3
    decay = compare_flows(net, [flows.gradient(), flows.weight_decay(1)], seed=1)
    assert [row[1] for row in decay.rows] == [(True, False)] * 3 + [(None, True)] * 3


@pytest.mark.parametrize("net", [lambda: networks.linear([2, 2, 2]), lambda: networks.linear([1, 2, 1]),
                                 lambda: networks.relu([1, 2, 1]), lambda: networks.product(2)],
                         ids=["2 2 2", "1 2 1", "relu", "product"])
def test_no_exceptional_damping(net):
    assert exceptional_damping(net(), seed=1) == []
