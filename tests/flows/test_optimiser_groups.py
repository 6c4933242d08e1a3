"""Groups that descend differently, and hyperparameters at the ends of their ranges."""
import pytest

from sage_conslaw import InputError, conservation_laws, count_conservation_laws, flows, networks
from sage_conslaw._sage import QQ, RR
from sage_conslaw.runtime.errors import NotCovered


def arrays():
    torch = pytest.importorskip("torch")
    return torch, [torch.nn.Parameter(torch.ones(1, 1)) for _ in range(2)]


def test_groups_that_climb_beside_groups_that_descend():
    """For `u v` the laws would be `u^2 + v^2`, not `u^2 - v^2`."""
    torch, (u, v) = arrays()
    climbing = [{"params": [u], "maximize": True}, {"params": [v]}]
    for kind in (torch.optim.SGD, torch.optim.Adam):
        with pytest.raises(NotCovered, match="maximise"):
            flows.from_torch_optimizer(kind(climbing, lr=0.1))
    both = torch.optim.SGD([u, v], lr=0.1, maximize=True)
    assert str(conservation_laws(networks.linear([1, 1, 1]), flow=both, seed=0).laws[0]) == "U1_1_1^2 - U2_1_1^2"
    asked = conservation_laws(networks.linear([1, 1, 1]), flow=flows.gradient(metric=[1, -1]), seed=0)
    assert str(asked.laws[0]) == "U1_1_1^2 + U2_1_1^2"


@pytest.mark.parametrize("lambd, refused", [(1e-4, True), (0, False)])
def test_rates_of_asgd_shrink_at_different_speeds(lambd, refused):
    torch, (u, v) = arrays()
    optimiser = torch.optim.ASGD([{"params": [u], "lr": 0.1}, {"params": [v], "lr": 0.2}], lambd=lambd)
    if refused:
        with pytest.raises(NotCovered, match="groups of asgd with different lr"):
            flows.from_torch_optimizer(optimiser)
    else:
        law, = conservation_laws(networks.linear([1, 1, 1]), flow=optimiser, seed=0).laws
        assert str(law) == "2*U1_1_1^2 - U2_1_1^2"


@pytest.mark.parametrize("options, dimension", [({"momentum": 0.9}, 4), ({"momentum": 1}, 4), ({}, 2)])
def test_a_frozen_parameter_has_no_velocity(options, dimension):
    torch, (u, v) = arrays()
    optimiser = torch.optim.SGD([{"params": [u], "lr": 0.0}, {"params": [v]}], lr=0.01, **options)
    found = conservation_laws(networks.linear([1, 1, 1]), flow=optimiser, seed=0)
    assert (found.number, found.state_dimension, found.complete) == (1, dimension, True)
    assert str(found.laws[0]) == "U1_1_1"


def test_frozen_arrays_leave_the_momentum_laws_of_the_others():
    """What is left is linear in U2, whose gradients are free: velocities and positions of nothing are kept."""
    torch = pytest.importorskip("torch")
    U, V = torch.nn.Parameter(torch.ones(2, 3)), torch.nn.Parameter(torch.ones(3, 2))
    U.requires_grad_(False)
    optimiser = torch.optim.SGD([U, V], lr=0.01, momentum=0.9, weight_decay=0.1)
    count = count_conservation_laws(networks.linear([2, 3, 2]), flow=optimiser, seed=0)
    # Rows of U V see the two columns of V along the row space of U, of dimension 2 of 3: theta and w of what is left.
    assert (count.number, count.state_dimension, count.parameters) == (6 + 2 * 2, 1 + 12 + 6, 12)


@pytest.mark.parametrize(
    "name, options, message",
    [
        ("adadelta", {"rho": 1}, "rho = 1: moments never follow"),
        ("nadam", {"betas": (0.9, 1)}, "betas = 1: moments never follow"),
        ("adamax", {"betas": (0.9, 1)}, "betas = 1: moments never follow"),
        ("adam", {"betas": (1, 0.999)}, "betas = 1: moments never follow"),
        ("sgd", {"nesterov": True}, "nesterov=True needs momentum"),
    ],
)
def test_hyperparameters_without_moments(name, options, message):
    with pytest.raises(InputError, match=message):
        flows.from_torch_optimizer(name, **options)


def test_centred_rmsprop_without_memory_is_gradient_descent():
    assert "lr/eps" in flows.from_torch_optimizer("rmsprop", alpha=0, centered=True).explanation


def test_more_decay_stays_decoupled():
    """Adam's moments remember coupled decay, so the two kinds differ."""
    flow = flows.weight_decay(QQ(1) / 10, flows.adam(weight_decay=QQ(1) / 100, decoupled=True))
    assert (str(flow.decay), flow.decoupled) == ("11/100", True)
    assert flows.weight_decay(1, flows.adam(), decoupled=True).decoupled
    assert not flows.weight_decay(1, flows.sign(), decoupled=True).decoupled
    with pytest.raises(InputError, match="coupled weight decay already"):
        flows.weight_decay(1, flows.adam(weight_decay=1), decoupled=True)


def test_real_fields_of_sage_are_no_exact_metric():
    with pytest.raises(InputError, match="floating-point"):
        flows.gradient(metric=[RR.to_prec(100)(2), 1])


def test_radam_with_a_short_average_is_heavy_ball():
    """With beta2 <= 2/3 PyTorch never divides by the second moment; momentum's law shrinks by beta1 in each step."""
    torch, _ = arrays()
    flow = flows.from_torch_optimizer("radam", betas=(0.9, 0.5))
    assert flow.second_order and flows.from_torch_optimizer("radam", betas=(0.9, 0.7)).name == "radam"
    assert flows.from_torch_optimizer("radam", betas=(0, 0)).name == "gradient"
    network = networks.linear([2, 2, 2])
    assert count_conservation_laws(network, flow=flow, seed=0).number == 1
    generator = torch.Generator().manual_seed(0)
    make = lambda *shape: torch.randn(*shape, dtype=torch.float64, generator=generator)
    U, V = (torch.nn.Parameter(make(2, 2)) for _ in range(2))
    x, y, optimiser = make(5, 2), make(5, 2), torch.optim.RAdam([U, V], lr=0.01, betas=(0.9, 0.5))
    values = []
    for _ in range(20):
        optimiser.zero_grad()
        ((x @ U @ V - y) ** 2).mean().backward()
        optimiser.step()
        m, n = (optimiser.state[W]["exp_avg"] for W in (U, V))
        if not values:
            m[:] += make(2, 2)
        turned = U.T @ m - m.T @ U + V @ n.T - n @ V.T
        values.append(float(turned[0, 1].detach()))
    assert abs(values[0]) > 0.1
    assert all(abs(after - 0.9 * before) < 1e-12 for before, after in zip(values, values[1:]))


def test_an_optimiser_of_some_parameters_says_nothing_of_the_others():
    """`U1` alone moves: `U2` is the law, and `U1^2 - U2^2` is none."""
    torch, (u, v) = arrays()
    network, optimiser = networks.linear([1, 1, 1]), torch.optim.SGD([u], lr=0.1)
    with pytest.raises(InputError, match="has 1 parameters and the network 2; what it leaves out is frozen"):
        conservation_laws(network, flow=optimiser, seed=0)
    model = torch.nn.Module()
    model.U1, model.U2 = u, v
    found = conservation_laws(network, flow=flows.from_torch_optimizer(optimiser, model=model), seed=0)
    assert str(found.laws[0]) == "U2_1_1" and found.number == 1
