"""True values and slopes of functions of each entry, on doubles and on balls, against automatic differentiation."""
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from sage_conslaw import conservation_laws, networks  # noqa: E402
from sage_conslaw.exact.arithmetic import FloatArithmetic  # noqa: E402
from sage_conslaw.exact.balls import BallArithmetic, midpoints  # noqa: E402
from sage_conslaw.pytorch.readings import TABLE, reading_of_expression  # noqa: E402
from sage_conslaw.pytorch.values import Expression  # noqa: E402
from torch import nn  # noqa: E402

# Operations of two arguments, and those with an argument that has no default.
_MORE = {"add": (0.3,), "sub": (0.3,), "rsub": (0.3,), "mul": (0.7,), "div": (0.7,), "clamp": (-0.2, 1.1),
         "clamp_min": (0.4,), "clamp_max": (0.4,), "threshold": (0.5, 0.2), "pow": (3.0,)}
_OVERLOADS = {"add": "Tensor", "sub": "Tensor", "rsub": "Scalar", "mul": "Tensor", "div": "Tensor",
              "pow": "Tensor_Scalar"}


@pytest.mark.parametrize("name", [*sorted(TABLE), "pow"])
def test_values_and_slopes(name):
    if name == "log_sigmoid_forward":
        return
    space = getattr(torch.ops.aten, name)
    call = f"aten.{name}.{_OVERLOADS.get(name, 'default')}"
    if not hasattr(space, call.rpartition(".")[2]):
        pytest.fail(f"{call} is no operation of PyTorch")
    expression = Expression(call, (Expression(None), *_MORE.get(name, ())))
    z = np.array([0.7, 1.3, 2.9, 7.1] if name in ("log", "sqrt", "rsqrt") else [-0.8, -0.1, 0.7, 1.3, 4.0])
    variable = torch.tensor(z, requires_grad=True)
    value = expression.at(variable)
    (slope,) = torch.autograd.grad(value.sum(), variable)
    reading = reading_of_expression(expression)
    # PyTorch has the sixth of the hard sigmoid's slope in single precision.
    near = 1e-7 if name.startswith("hards") else 1e-12
    for A, seen in ((FloatArithmetic(), np.asarray), (BallArithmetic(), midpoints)):
        x, ones = A.embed(z), A.constant(np.ones(len(z), dtype=np.int64))
        assert np.allclose(seen(reading.value(A, x, z.shape)).astype(float), value.detach().numpy(), near, near)
        assert np.allclose(seen(reading.pullback(A, x, ones, z.shape)).astype(float), slope.numpy(), near, near)


@pytest.mark.parametrize("layer", [nn.ELU(), nn.Mish(), nn.Hardswish(), nn.Softsign(), nn.LogSigmoid(), nn.LayerNorm(3),
                                   nn.RMSNorm(3), nn.LogSoftmax(-1)])
def test_nothing_is_assumed_of_what_is_known(layer):
    net = networks.from_torch(nn.Sequential(nn.Linear(3, 3), layer, nn.Linear(3, 2)), torch.zeros(1, 3))
    assert conservation_laws(net, seed=0).assumption == "none"


def test_an_eps_that_doubles_do_not_see_breaks_laws_of_scale():
    model = nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(3, eps=1e-12), nn.Linear(3, 2))
    result = conservation_laws(networks.from_torch(model, torch.zeros(1, 2)), seed=0, real=True)
    assert result.complete is True and result.assumption == "none"
    assert not any(law.text.startswith("|0.weight|^2") for law in result.matrix_laws())
