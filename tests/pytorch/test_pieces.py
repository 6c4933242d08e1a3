"""Slopes of leaky positive parts, and which functions of each entry have pieces: never taken for smoother ones."""
from fractions import Fraction

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from sage_conslaw import conservation_laws, count_conservation_laws, networks  # noqa: E402
from sage_conslaw.flows.problem import problem  # noqa: E402
from sage_conslaw.graph.tied import _kind  # noqa: E402
from sage_conslaw.pytorch.readings import ElementwiseReading  # noqa: E402
from sage_conslaw.pytorch.values import Expression  # noqa: E402
from sage_conslaw.real.given import problem_on_data  # noqa: E402
from sage_conslaw.real.reading import real_network, slopes_of  # noqa: E402
from sage_conslaw.real.sectors import response_on_region  # noqa: E402
from torch import nn  # noqa: E402
from torch_cases import largest_derivative  # noqa: E402


class Applied(nn.Module):
    """A function of each entry."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, x):
        return self.function(x)


def read(function, widths):
    layers = []
    for a, b in zip(widths, widths[1:]):
        layers += [nn.Linear(a, b, bias=False), function if isinstance(function, nn.Module) else Applied(function)]
    return networks.from_torch(nn.Sequential(*layers[:-1]).double(), (torch.randn(1, widths[0]).double(),))


def functions(network, kind):
    return [leaf.function for leaf in network.response().data_leaves if leaf.kind == kind]


@pytest.mark.parametrize("slope, name, slopes", [
    (0.0, "relu", (0, 1, 1)), (-1.0, "abs", (-1, 1, 1)), (0.01, "leaky relu", (1, 100, 100)),
    (0.2, "leaky relu of slope 0.2", (1, 5, 5)), (-3, "leaky relu of slope -3", (-3, 1, 1)),
    (1e-30, "leaky relu of slope 1e-30", None),
])
def test_slope_of_a_leaky_relu(slope, name, slopes):
    (gate,) = functions(read(nn.LeakyReLU(slope), [1, 2, 1]), "gate")
    assert gate.name == name and slopes_of(gate) == slopes
    value = gate.slope(np.array([-1.0, 1.0]))
    assert np.allclose(value, [slope, 1])


def test_special_slopes_are_counted_as_what_they_are():
    same, absolute, dead = (read(nn.LeakyReLU(slope), widths) for slope, widths in (
        (1.0, [1, 2, 1]), (-1.0, [1, 2, 1]), (0.0, [2, 1, 1, 1])))
    assert not functions(same, "gate")
    assert conservation_laws(same, seed=0, real=True).number == 3
    result = conservation_laws(absolute, seed=0, real=True)
    assert (result.real.rank, result.number) == (1, 3)
    f = dead.response()
    assert response_on_region(real_network(f), f, np.array([3.0, 5.0, -2.0, 1.0])).local_reparameterisation() == []


def test_slope_in_polynomials():
    net = read(nn.LeakyReLU(0.5), [1, 1, 1])
    family = problem_on_data(problem(net), net, np.array([[[1]], [[-1]]]), 0).family
    assert [str(f) for field in family.polynomial_fields() for f in field] == ["p2_weight_1_1", "p0_weight_1_1"]
    family = problem_on_data(problem(net), net, (np.array([[[1]], [[-1]]]), np.array([[[3]], [[1]]])), 0).family
    coefficients = {abs(Fraction(str(c))) for field in family.polynomial_fields() for f in field
                    for c in f.coefficients()}
    assert Fraction(1, 2) in coefficients and all(c.denominator <= 4 for c in coefficients)


def test_functions_with_pieces_are_not_analytic():
    for name in ("selu", "celu", "elu", "hardswish", "softshrink"):
        assert not ElementwiseReading(Expression(f"aten.{name}.default", (Expression(None),))).analytic
    for name in ("silu", "mish", "erf", "log_sigmoid"):
        assert ElementwiseReading(Expression(f"aten.{name}.default", (Expression(None),))).analytic


@pytest.mark.parametrize("function, name", [
    (lambda x: torch.tanh(x.clamp(-5, 5)), None), (lambda x: nn.functional.silu(x.clamp(max=6)), None),
    (lambda x: torch.exp(x).clamp(max=1e6), None), (lambda x: nn.functional.softplus(x, 1, 5), None),
    (lambda x: x / (1 + torch.exp(-x)), "silu"), (lambda x: 0.5 * x * (1 + torch.erf(x / 2 ** 0.5)), "gelu"),
    (nn.functional.softplus, "softplus"),
])
def test_functions_with_pieces_are_not_recognised_by_points(function, name):
    (cut,) = functions(read(function, [1, 1, 1]), "cut")
    assert cut.name == name or name is None and cut.name not in ("tanh", "silu", "exp", "softplus")
    assert name or not getattr(cut.reading, "analytic", False)


# Each unit keeps a law that free values and slopes do not see: a bias or a weight beside |u|^2.
OF_THEIR_VALUE = {
    "exp(z/2)": lambda z: torch.exp(z / 2), "exp(1-2z)": lambda z: torch.exp(1 - 2 * z), "1/z^2": lambda z: 1 / (z * z),
    "1/(1+z)": lambda z: 1 / (1 + z), "z^(3/2)": lambda z: z ** 1.5,
    "1/sqrt(z^2+2z+1)": lambda z: (z * z + 2 * z + 1) ** -0.5,
}


@pytest.mark.parametrize("kind", OF_THEIR_VALUE)
def test_a_composed_function_whose_slope_its_value_gives_has_its_laws(kind):
    model = nn.Sequential(nn.Linear(2, 2), Applied(OF_THEIR_VALUE[kind]), nn.Linear(2, 2, bias=False)).double()
    result = conservation_laws(networks.from_torch(model, torch.ones(1, 2).double()), seed=0, real=False)
    assert result.number == 2 and result.complete is True
    if kind != "z^(3/2)":
        draw = lambda generator: (torch.randn(1, 2, generator=generator).double(),)  # noqa: E731
        assert largest_derivative(result, model, draw, rounds=1) < 1e-10


@pytest.mark.parametrize("function, widths", [
    (torch.exp2, (2, 2, 2)), (lambda z: 3**z, (2, 2, 2)), (lambda z: (1 + z) ** 0.3, (2, 2, 2)),
    (OF_THEIR_VALUE["1/(1+z)"], (20, 30, 10)),
], ids=["irrational rate", "another base", "third root", "wide"])
def test_what_is_not_read_by_its_slope_is_never_called_complete(function, widths):
    a, b, c = widths
    net = networks.from_torch(
        nn.Sequential(nn.Linear(a, b), Applied(function), nn.Linear(b, c, bias=False)), (torch.ones(1, a),)
    )
    count = count_conservation_laws(net, seed=0, real=False)
    assert count.status == "bounded" and b <= count.number


def test_functions_that_are_powers_in_pieces_alone_are_none():
    for layer in (nn.ReLU6(), nn.Hardtanh(), nn.Hardswish(), nn.Softplus(), nn.Tanh()):
        assert _kind(functions(read(layer, [1, 1, 1]), "cut")[0], None) is None


def test_other_composed_functions_are_as_before():
    net = networks.from_torch(
        nn.Sequential(nn.Linear(20, 30), Applied(lambda z: torch.sin(2 * z)), nn.Linear(30, 10)), (torch.ones(1, 20),)
    )
    assert count_conservation_laws(net, seed=0).status == "proved"
