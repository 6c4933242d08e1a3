"""The monitor in the training loops that people use, and models with adapters; skipped without these packages."""
import importlib.util

import pytest

torch = pytest.importorskip("torch")

from sage_conslaw import Monitor, conservation_laws, networks  # noqa: E402
from torch import nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from torch_cases import Attention, Lora, gpt2, largest_derivative  # noqa: E402

X = torch.randn(24, 3, generator=torch.Generator().manual_seed(0))
Y = (X[:, 0] > 0).long()


def needs(*packages):
    missing = [name for name in packages if importlib.util.find_spec(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"{', '.join(missing)} not installed")


class WithLoss(nn.Module):
    """What the Trainer of transformers trains: a module that returns its loss."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.net = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 2))

    def forward(self, x, labels=None):
        out = self.net(x)
        return {"logits": out} if labels is None else {"loss": F.cross_entropy(out, labels), "logits": out}


@pytest.fixture(scope="module")
def result():
    labels = {"labels": torch.zeros(1, dtype=torch.long)}
    return conservation_laws(networks.from_torch(WithLoss(), (torch.zeros(1, 3),), labels), seed=0)


@needs("transformers", "accelerate")
@pytest.mark.parametrize("settings, words", [
    ({}, "as predicted for SGD"),
    ({"gradient_accumulation_steps": 2, "max_grad_norm": 0.001}, "as predicted for SGD"),
    ({"optim_args": "momentum=0.9,nesterov=True", "lr_scheduler_type": "cosine", "warmup_steps": 2}, "as predicted"),
    ({"weight_decay": 0.1}, "1 not predicted: parameter groups with different settings"),
    ({"optim": "adamw_torch"}, "AdamW rescales the gradient entry by entry"),
    ({"moved": True}, "alarm"),
])
def test_the_trainer_of_transformers(result, tmp_path, settings, words):
    import transformers
    model = WithLoss()
    monitor = Monitor(model, result, on_alarm="record")
    callbacks, settings = [monitor.trainer_callback()], {"optim": "sgd", **settings}
    if settings.pop("moved", False):
        class Moves(transformers.TrainerCallback):
            """What no gradient does, before the monitor looks."""

            def on_optimizer_step(self, *arguments, **keywords):
                model.net[0].weight.data.mul_(1.01)
        callbacks.insert(0, Moves())
    told = transformers.TrainingArguments(
        str(tmp_path), max_steps=5, per_device_train_batch_size=4, learning_rate=0.1, report_to=[], use_cpu=True,
        disable_tqdm=True, save_strategy="no", logging_strategy="no", **settings
    )
    data = [{"x": x, "labels": y} for x, y in zip(X, Y)]
    transformers.Trainer(model=model, args=told, train_dataset=data, callbacks=callbacks).train()
    assert monitor.steps == 5 and words in repr(monitor) and ("alarm" in words) == bool(monitor.alarms)


@needs("lightning")
@pytest.mark.parametrize("settings, words", [
    ({}, "as predicted for SGD"),
    ({"accumulate_grad_batches": 2, "gradient_clip_val": 0.01}, "as predicted for SGD"),
    ({"gradient_clip_val": 0.001, "gradient_clip_algorithm": "value"}, "alarm"),
])
def test_the_trainer_of_lightning(result, tmp_path, settings, words):
    import lightning

    class Module(lightning.LightningModule, WithLoss):
        """The same network as a module of Lightning."""

        def training_step(self, batch, number):
            return self(*batch)["loss"]

        def configure_optimizers(self):
            optimizer = torch.optim.SGD(self.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01)
            return [optimizer], [torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.5)]
    model = Module()
    monitor = Monitor(model, result, on_alarm="record")
    batches = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(X, Y), batch_size=4)
    lightning.Trainer(
        max_epochs=2, logger=False, enable_checkpointing=False, enable_progress_bar=False, enable_model_summary=False,
        accelerator="cpu", default_root_dir=str(tmp_path), callbacks=[monitor.lightning_callback()], **settings
    ).fit(model, batches)
    assert monitor.steps == 12 // settings.get("accumulate_grad_batches", 1)
    assert words in repr(monitor) and ("alarm" in words) == bool(monitor.alarms)


def ids(generator):
    return (torch.randint(0, 5, (1, 3), generator=generator),)


# Inputs of the adapter have been normalised with gains of one, which are frozen: rows of A keep their sums.
ADAPTERS = {
    "low rank": ({}, 5),
    "with the bias beside it": ({"bias": "lora_only"}, 10),
    "with the last layer": ({"modules_to_save": ["lm_head"]}, 13),
    "direction and length": ({"use_dora": True}, None),
}


@needs("transformers", "peft")
@pytest.mark.parametrize("name", ADAPTERS)
def test_adapters_of_peft(name):
    import peft
    settings, number = ADAPTERS[name]
    torch.manual_seed(0)
    told = peft.LoraConfig(r=2, lora_dropout=0.1, target_modules=["c_attn"], fan_in_fan_out=True,
                           task_type="CAUSAL_LM", **settings)
    model = peft.get_peft_model(gpt2(vocabulary=5, positions=3, n_inner=3), told).double().eval()
    result = conservation_laws(
        networks.from_torch(model, (torch.tensor([[0, 1, 2]]),), loss="cross-entropy"), seed=0, real=False
    )
    assert number is None or result.number == number and result.complete is True
    assert any("lora_A.default.weight" in law.text for law in result.matrix_laws())
    assert largest_derivative(result, model, ids, "cross-entropy") < 1e-10


def test_adapters_written_by_hand_in_a_frozen_block_of_attention():
    model = Attention().double()
    model.requires_grad_(False)
    model.out = Lora(4, 4, 2).double()
    draw = lambda generator: (torch.randn(1, 3, 4, generator=generator, dtype=torch.float64),)  # noqa: E731
    result = conservation_laws(networks.from_torch(model, draw(torch.Generator())), seed=0)
    assert result.number == 3 and result.complete is True
    assert [law.text for law in result.matrix_laws()] == ["out.A out.A^T - out.B^T out.B"]
    assert largest_derivative(result, model, draw) < 1e-10
