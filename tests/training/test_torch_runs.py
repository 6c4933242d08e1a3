"""Real runs of every optimiser of torch.optim, beside what the manual's table says of it."""
import importlib.util

import pytest

if importlib.util.find_spec("torch") is None:
    pytest.skip("PyTorch is not installed", allow_module_level=True)
import torch

CLASSES = sorted(
    name for name, value in vars(torch.optim).items() if isinstance(value, type) and name not in ("Optimizer",)
)
# What real runs of `linear 3 2 3` behind a softmax show: whether the sums over the classes are kept, times the decay
# ("exactly", "bfloat16": to the digits of PyTorch's Newton-Schulz steps, or not), and whether the balance is, to first
# order in the step.
SHOWN = {
    ("SGD",): ("exactly", True),
    ("SGD", "momentum"): ("exactly", False),
    ("SGD", "weight_decay"): ("exactly", True),
    ("ASGD",): ("exactly", True),
    ("Rprop",): ("lost", False),
    ("Adam",): ("lost", False),
    ("AdamW",): ("lost", False),
    ("NAdam",): ("lost", False),
    ("RAdam",): ("lost", False),
    ("RMSprop",): ("lost", False),
    ("Adagrad",): ("lost", False),
    ("Adadelta",): ("lost", False),
    ("Adamax",): ("lost", False),
    ("SparseAdam",): ("lost", False),
    ("Adafactor",): ("lost", False),
    ("LBFGS",): ("exactly", False),
    ("Muon",): ("bfloat16", False),
}
OPTIONS = {"momentum": 0.9, "weight_decay": 0.5}
# Steps at which the sums and balances that are lost have moved visibly after fifty.
RATES = {"Adadelta": 1.0, "SGD": 0.02, "ASGD": 0.02}


def test_every_optimiser_of_pytorch_is_here():
    assert {name for name, *_ in SHOWN} == set(CLASSES)


def run(name, further, fraction):
    """Return how far sums over classes and the balance have moved, in units of what they are times the decay."""
    torch.set_num_threads(1)
    generator = torch.Generator().manual_seed(0)
    draw = lambda *shape: torch.randn(*shape, dtype=torch.float64, generator=generator)
    U, V, x = torch.nn.Parameter(draw(3, 2)), torch.nn.Parameter(draw(2, 3)), draw(12, 3)
    y = torch.randint(0, 3, (12,), generator=generator)
    rate = RATES.get(name, 0.01) * fraction
    optimiser = getattr(torch.optim, name)([U, V], lr=rate, **{key: OPTIONS[key] for key in further},
                                           **({"max_iter": 1} if name == "LBFGS" else {}))
    decay = 1.0
    sums, balance = V.detach().sum(1), (U.T @ U - V @ V.T).detach()

    def loss():
        optimiser.zero_grad()
        value = torch.nn.functional.cross_entropy(x @ U @ V, y)
        value.backward()
        if name == "SparseAdam":
            for parameter in (U, V):
                parameter.grad = parameter.grad.to_sparse()
        return value

    for _ in range(round(50 / fraction)):
        group = optimiser.param_groups[0]
        eta = group.get("eta", optimiser.state.get(U, {}).get("eta", rate))
        decay *= 1 - float(eta) * (group.get("weight_decay", 0) + group.get("lambd", 0))
        optimiser.step(loss)
    moved = (V.detach().sum(1) - decay * sums).abs().max(), (U.T @ U - V @ V.T - decay**2 * balance).abs().max()
    return tuple(float(value.detach()) for value in moved)


@pytest.mark.parametrize("case", SHOWN, ids=lambda case: "-".join(case))
def test_the_table_is_what_real_runs_show(case):
    name, *further = case
    kept, balanced = SHOWN[case]
    (sums, coarse), (_, fine) = (run(name, further, fraction) for fraction in (1, 1 / 4))
    limits = {"exactly": (0, 1e-12), "bfloat16": (1e-12, 0.02), "lost": (1e-3, 100)}[kept]
    assert limits[0] <= sums < limits[1], sums
    assert fine < 0.27 * coarse < 0.03 if balanced else fine > 0.1, (coarse, fine)
