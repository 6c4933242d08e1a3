"""Conditions whose source is zero on an open set, and units that are no affine function of one input."""
import logging

import numpy as np
import pytest

from sage_conslaw import conservation_laws, count_conservation_laws, networks
from sage_conslaw.check import verify
from sage_conslaw.engine.bounds import Bounds
from sage_conslaw.exact.balls import rank_beyond
from sage_conslaw.graph.activations import GateFunction, gate_function
from sage_conslaw.graph.tensor import Constant, Data
from sage_conslaw.pytorch.piecewise import gated
from sage_conslaw.real.certified import RealRank
from sage_conslaw.real.homogeneous import directions
from sage_conslaw.real.patterns import PatternResponse
from sage_conslaw.real.reading import real_network
from sage_conslaw.real.sectors import gates_for_every_input, most_gradients, response_on_region, sectors

def positive(z):
    """Return where entries are positive, as a comparison of PyTorch is read."""
    return Data("gate", z.shape, "gate", source=z, function=gate_function("relu"))


def complement(gates):
    return gates * -1 + Constant(np.array(1)).repeat_to(gates.shape)


def negative_part(z):
    """Return ``z`` where its positive part is not positive."""
    return z * complement(positive(z.relu()))


def between(function, inputs):
    z = networks.input(inputs) @ networks.parameter("A", inputs, 2)
    return networks.custom(function(z) @ networks.parameter("B", 2, 1))


def test_a_condition_with_ties_is_read_as_torch_computes_it():
    torch = pytest.importorskip("torch")

    class NegativePart(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.a, self.b = (torch.nn.Linear(*sizes, bias=False) for sizes in ((2, 2), (2, 1)))

        def forward(self, x):
            z = self.a(x)
            return self.b(torch.where(torch.relu(z) <= 0, z, 0 * z))

    net = networks.from_torch(NegativePart().double(), (torch.ones(1, 2).double(),))
    assert repr(count_conservation_laws(net, seed=0)) == "2 independent laws in 6 parameters (proved, no assumption)"


def test_nothing_is_decided_by_zeros_of_a_source():
    net = between(negative_part, 2)
    response = net.response()
    assert sectors(real_network(response), response, np.array([3.0, 5.0, -2.0, 7.0, 1.0, 4.0])) is None


def test_negative_part_of_one_input():
    # Positive inputs reach the units with negative weights, and negative inputs the others.
    net = between(negative_part, 1)
    response = net.response()
    region = response_on_region(real_network(response), response, np.array([3.0, -2.0, 1.0, 4.0]))
    assert sorted(map(str, region.local_reparameterisation())) == ["A_1_1*B_1_1", "A_1_2*B_2_1"]


def test_gates_that_only_gates_read():
    def shrunk(z):
        return z * positive(z.abs() - networks.parameter("c", 2))
    net = between(shrunk, 1)
    response = net.response()
    theta = np.array([3.0, -2.0, 1.0, 2.0, 1.0, 4.0])
    region = response_on_region(real_network(response), response, theta)
    assert "A_1_1*B_1_1" in map(str, region.local_reparameterisation())


def test_samples_at_which_a_source_is_zero_are_kept():
    response = between(negative_part, 1).response()
    network = real_network(response)
    inputs = {node: np.array([[1.0], [-1.0]]) for node in network.nodes if getattr(node, "kind", None) == "input"}
    kept = PatternResponse(response, network, np.array([3.0, -2.0, 1.0, 4.0]), inputs, None)
    assert (kept.samples, kept.patterns) == (2, 2)


def test_signs_decide_only_products_with_the_source():
    x, W, V = networks.input(2), networks.parameter("W", 2, 2), networks.parameter("V", 2, 1)
    positive = (x @ W).relu().relu()
    net = networks.custom(positive @ V)
    decided = [part.tolist() for part in gates_for_every_input(
        real_network(net.response()), net.response(), np.arange(1.0, 7.0)
    ).values()]
    assert decided[1] == [1.0, 1.0]


def test_squares_of_the_input_take_no_line():
    x = networks.input(1)
    z = x @ networks.parameter("P", 1, 1)
    a = (x @ networks.parameter("A", 1, 4)).relu() @ networks.parameter("B", 4, 1)
    square = (z * z * (2.0 ** -24) - networks.parameter("c", 1)).relu() @ networks.parameter("U", 1, 1)
    net = networks.custom(a + square)
    response = net.response()
    theta = np.arange(1.0, 1 + response.dimension)
    assert sectors(real_network(response), response, theta) is None
    assert most_gradients(real_network(response), response, theta) == response.dimension


def test_a_zero_at_the_origin_by_chance_takes_no_line():
    # Nearby the second unit changes a little beside the first, which makes one more cell.
    x, b, c = networks.input(1), networks.parameter("b", 1), networks.parameter("c", 1)
    first, second = (x @ networks.parameter(name, 1, 1) for name in "PQ")
    response = networks.custom(first.relu() + (second + b + c).relu()).response()
    assert list(response.names) == ["P_1_1", "Q_1_1", "b", "c"]
    for c_1, number in ((-3.0, None), (-2.0, 3)):
        found = sectors(real_network(response), response, np.array([2.0, 5.0, 3.0, c_1]))
        assert (found and len(found)) == number


def test_a_certificate_takes_no_sample_at_which_a_source_is_zero():
    record = conservation_laws(between(negative_part, 2), seed=0).certificate()
    assert record["assumption"] == "span" and verify(record)


def test_a_polynomial_output_has_more_gradients():
    x = networks.input(1)
    hidden = (x @ networks.parameter("A", 1, 3)).relu()
    net = networks.custom((hidden * hidden) @ networks.parameter("B", 3, 1))
    response = net.response()
    assert most_gradients(real_network(response), response, np.ones(6)) == 4


def test_a_bound_below_the_rank_is_dropped(caplog):
    bounds = Bounds(10)
    with caplog.at_level(logging.WARNING):
        bounds.real_fields_have(RealRank(4, (4,), "patterns", False, True, most=2), "test")
        bounds.region_has(range(8), range(8), "test")
    assert bounds.real.most is None and bounds.region is None and len(caplog.records) == 2


def test_random_slopes_are_no_function_of_the_input():
    x = networks.input(1)
    slope = GateFunction("random leaky relu", lambda z: np.where(z > 0, 1.0, 0.25))
    net = networks.custom(gated(x @ networks.parameter("A", 1, 2), slope) @ networks.parameter("B", 2, 1))
    assert directions(real_network(net.response()), net.response()) is None


def test_no_new_rows():
    from flint import arb
    assert rank_beyond(np.array([[arb(1), arb(2)]]), np.array([], dtype=object), [0]) == 1
