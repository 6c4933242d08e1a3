"""Laws watched while a model trains: exact predictions, and alarms where a training step is not what it seems."""
import csv
import sys
import types

import pytest

torch = pytest.importorskip("torch")

from sage_conslaw import InputError, Monitor, conservation_laws, networks  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from torch_cases import Tied  # noqa: E402

X = torch.randn(8, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
Y = torch.arange(8) % 2
SETTINGS = [
    dict(),
    dict(momentum=0.9),
    dict(momentum=0.9, nesterov=True),
    dict(weight_decay=0.01),
    dict(momentum=0.9, dampening=0.3, weight_decay=0.01),
    dict(momentum=0.8, nesterov=True, weight_decay=0.02),
    dict(momentum=0.5, maximize=True),
]


def build(kind=torch.float64):
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2)).to(kind)


@pytest.fixture(scope="module")
def result():
    return conservation_laws(networks.from_torch(build(), X, loss=nn.CrossEntropyLoss()), seed=0)


def train(model, optimizer, monitor, steps=60, change=None, step=None):
    for number in range(steps):
        optimizer.zero_grad()
        F.cross_entropy(model(X.to(next(model.parameters()).dtype)), Y).backward()
        if change is not None:
            change(model, number)
        (step or optimizer.step)()
        if monitor._handle is None:
            monitor.step()
    return monitor


@pytest.mark.parametrize("kind", [torch.float64, torch.float32])
@pytest.mark.parametrize("settings", SETTINGS)
def test_predictions_are_exact(result, settings, kind):
    model = build(kind)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, **settings)
    monitor = train(model, optimizer, Monitor(model, result, optimizer, on_alarm="raise").attach())
    assert not monitor.alarms and len(monitor.history) == 60
    worst = max(row["difference"] for row in monitor.table())
    assert worst < (1e-13 if kind == torch.float64 else 1e-4)
    # The laws do move, and by more than what is left unexplained.
    assert max(row["drift"] for row in monitor.table()) > 1000 * worst


def test_affine_laws_and_decay_are_exact_to_rounding(result):
    model = build()
    rate, decay, steps = 0.1, 0.03, 200
    optimizer = torch.optim.SGD(model.parameters(), lr=rate, weight_decay=decay)
    start = result.evaluate(model)["1^T 2.weight"].clone()
    train(model, optimizer, Monitor(model, result, optimizer), steps)
    assert torch.allclose(
        result.evaluate(model)["1^T 2.weight"], start * (1 - rate * decay) ** steps, rtol=0, atol=3e-14
    )


def test_decoupled_decay_that_is_told():
    model = build()
    result = conservation_laws(networks.from_torch(model, X, loss="cross-entropy"), seed=0)
    rate, decay, mu, buffers = 0.05, 0.1, 0.9, {}

    def step():
        with torch.no_grad():
            for p in model.parameters():
                buffers[p] = mu * buffers[p] + p.grad if p in buffers else p.grad.clone()
                p.mul_(1 - rate * decay).sub_(rate * buffers[p])
    told = {"lr": rate, "momentum": mu, "weight_decay": decay, "decoupled": True}
    optimizer = torch.optim.SGD(model.parameters(), lr=rate)
    assert not train(model, optimizer, Monitor(model, result, told, on_alarm="record"), step=step).alarms
    # The same steps, told to be coupled, are noticed.
    model, buffers = build(), {}
    wrong = {**told, "decoupled": False}
    assert train(
        model, torch.optim.SGD(model.parameters(), lr=rate), Monitor(model, result, wrong, on_alarm="record"), step=step
    ).alarms


@pytest.fixture(scope="module")
def language():
    """The laws of a language model."""
    torch.manual_seed(0)
    net = networks.from_torch(Tied(vocabulary=5), torch.tensor([[0, 1, 2]]), loss="cross-entropy")
    return conservation_laws(net, seed=0, real=False)


def test_biases_that_begin_at_zero_in_single_precision(language):
    torch.manual_seed(0)
    model = Tied(vocabulary=5)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.zero_()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    monitor = Monitor(model, language, optimizer, on_alarm="raise").attach()
    for _ in range(30):
        optimizer.zero_grad()
        F.cross_entropy(model(torch.tensor([[0, 1, 2]]))[0], torch.tensor([1, 2, 3])).backward()
        optimizer.step()
    assert not monitor.alarms and max(row["drift"] for row in monitor.table()) > 1e-4


def clipped(model, number):
    nn.utils.clip_grad_value_(model.parameters(), 0.01)


def shortened(model, number):
    nn.utils.clip_grad_norm_(model.parameters(), 0.01)


def moved(model, number):
    if number == 20:
        with torch.no_grad():
            model[0].weight.mul_(1.01)


@pytest.mark.parametrize("change, first", [(clipped, 1), (moved, 21), (shortened, None)])
def test_alarms(result, change, first):
    model = build()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    monitor = train(model, optimizer, Monitor(model, result, optimizer, on_alarm="record"), change=change)
    assert (monitor.alarms[0].step if monitor.alarms else None) == first


def test_a_frozen_layer_that_moves():
    model = build()
    model[0].requires_grad_(False)
    result = conservation_laws(networks.from_torch(model, X, loss="cross-entropy"), seed=0)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    monitor = train(model, optimizer, Monitor(model, result, optimizer, on_alarm="record"), change=moved)
    assert monitor.alarms[0].law == "the frozen 0.weight" and monitor.alarms[0].step == 21


def test_a_wrong_mask_moves_the_key_bias(language):
    def run(masked):
        torch.manual_seed(0)
        model = Tied(vocabulary=5)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        monitor = Monitor(model, language, optimizer, on_alarm="record").attach()
        fill = torch.Tensor.masked_fill
        for _ in range(5):
            optimizer.zero_grad()
            if masked:
                torch.Tensor.masked_fill = lambda scores, mask, value: scores * ~mask
            try:
                F.cross_entropy(
                    model(torch.tensor([[0, 1, 2], [3, 4, 0]])).flatten(0, 1), torch.tensor([1, 2, 3, 4, 0, 1])
                ).backward()
            finally:
                torch.Tensor.masked_fill = fill
            optimizer.step()
        return monitor
    assert not run(False).alarms
    assert {alarm.law for alarm in run(True).alarms} >= {"attention.qkv.bias[4:8]"}


def test_adam_is_not_predicted(result):
    model = build()
    optimizer = torch.optim.Adam(model.parameters())
    monitor = train(model, optimizer, Monitor(model, result, optimizer).attach(), 5)
    assert "no prediction exists" in repr(monitor) and len(monitor.history) == 5 and not monitor.alarms


def test_groups_with_different_rates_are_predicted_where_a_law_is_of_one(result):
    model = build()
    optimizer = torch.optim.SGD(
        [
            {"params": model[0].parameters()},
            {"params": model[2].parameters(), "lr": 0.01, "momentum": 0.9, "weight_decay": 0.1},
        ],
        lr=0.1,
    )
    monitor = train(model, optimizer, Monitor(model, result, optimizer, on_alarm="raise").attach(), 20)
    assert "1 not predicted: parameter groups with different settings" in repr(monitor)
    predicted = {row["law"] for row in monitor.table() if "predicted" in row}
    assert predicted == {"1^T 2.weight", "sum(2.bias)"}
    # The decay of the second group alone: its sums shrink, and are predicted to.
    assert max(row["drift"] for row in monitor.table() if row["law"] in predicted) > 1e-3


def test_groups_with_one_setting_and_parameters_that_nothing_moves(result):
    model = build()
    groups = [{"params": model[0].parameters()}, {"params": model[2].parameters()}]
    optimizer = torch.optim.SGD(groups, lr=0.05, momentum=0.9)
    monitor = train(model, optimizer, Monitor(model, result, on_alarm="raise").attach(optimizer), 10)
    assert "as predicted for SGD" in repr(monitor) and "not predicted" not in repr(monitor)
    model = build()
    optimizer = torch.optim.SGD(model[2].parameters(), lr=0.05)
    monitor = train(model, optimizer, Monitor(model, result, optimizer, on_alarm="raise").attach(), 10)
    assert "1 not predicted" in repr(monitor)
    monitor = train(model, optimizer, Monitor(model, result, optimizer, on_alarm="record"), 25, change=moved)
    assert not monitor.alarms  # the balance of both layers has no prediction, and the sums are of the second


def test_table_plot_and_callback(result, tmp_path):
    pytest.importorskip("matplotlib")
    model = build()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    monitor = train(model, optimizer, Monitor(model, result, optimizer).attach(), 5)
    monitor.write(tmp_path / "laws.csv")
    rows = list(csv.DictReader(open(tmp_path / "laws.csv", encoding="utf8")))
    assert len(rows) == 5 * len(result.evaluate(model)) and float(rows[-1]["drift"]) < 1
    monitor.plot().savefig(tmp_path / "laws.png")
    monitor.detach()


def test_the_callback_of_transformers(result):
    transformers = pytest.importorskip("transformers")
    model = build()
    watch = Monitor(model, result, on_alarm="raise")
    callback = watch.trainer_callback()
    assert isinstance(callback, transformers.TrainerCallback)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for _ in range(4):
        optimizer.zero_grad()
        F.cross_entropy(model(X), Y).backward()
        optimizer.step()
        # As the Trainer calls it: everything by name, the optimiser too.
        callback.on_optimizer_step(None, None, None, model=model, optimizer=optimizer)
    assert watch.steps == 4 and "as predicted for SGD" in repr(watch)


@pytest.mark.parametrize("package", ["lightning.pytorch", "pytorch_lightning"])
def test_the_callback_of_lightning(result, monkeypatch, package):
    if package == "lightning.pytorch":
        monkeypatch.setitem(sys.modules, "lightning", types.ModuleType("lightning"))
    else:
        monkeypatch.setitem(sys.modules, "lightning.pytorch", None)
    stand_in = types.ModuleType(package)
    stand_in.Callback = type("Callback", (), {})
    monkeypatch.setitem(sys.modules, package, stand_in)
    model = build()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    monitor = Monitor(model, result, on_alarm="raise")
    callback = monitor.lightning_callback()
    assert isinstance(callback, stand_in.Callback)
    trainer = types.SimpleNamespace(optimizers=[optimizer])
    callback.on_train_start(trainer, model)
    train(model, optimizer, monitor, 5)
    callback.on_train_end(trainer, model)
    assert monitor.steps == 5 and monitor._handle is None and "as predicted for SGD" in repr(monitor)


def test_without_lightning_it_says_so(result, monkeypatch):
    for package in ("lightning.pytorch", "pytorch_lightning"):
        monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match="Lightning is not installed"):
        Monitor(build(), result).lightning_callback()


@pytest.mark.parametrize(
    "arguments, keywords, words",
    [
        ((3,), {}, "no torch.nn.Module"),
        ((build(),), {"on_alarm": "shout"}, "on_alarm"),
        ((build(), {"rate": 1}), {}, "not described"),
        ((build(), 3), {}, "no optimiser of PyTorch"),
    ],
)
def test_wrong_input(result, arguments, keywords, words):
    model, *rest = arguments
    with pytest.raises(InputError, match=words):
        Monitor(model, result, *rest, **keywords)
