r"""
Laws watched while a model trains: what they do at each step, and what they must do.

Write a law as ``h = h_0 + l + q``, its parts of degree 0, 1 and 2, and let ``b(x, y) = q(x + y) - q(x) - q(y)``.  Along
every gradient ``g`` at ``theta``, ``b(theta, g) + l(g) = 0``: that is what being conserved means.  A step of SGD,
``theta - eta g``, therefore changes `h` by ``eta^2 q(g)`` exactly: an affine law does not move at all, and a quadratic
one by a number that is known from the gradient alone.

With momentum the direction is ``u = v``, ``v <- mu v + (1 - d) g'``, or ``u = g' + mu v`` (Nesterov), with
``g' = g + lambda theta`` for coupled decay.  Then ``c = b(theta, v) + l(v)`` is not zero, but it is known: the new
gradient adds ``(1 - d) lambda (2 q + l)(theta)``, and a step takes away ``eta b(u, v)``.  With decoupled decay
``theta`` is first multiplied by ``rho = 1 - eta lambda``.  So each step is predicted from what was before it, never
from the step itself; where measurement and prediction part, the step was not one of that optimiser on that network.
"""
import csv
import warnings
from dataclasses import dataclass

import numpy as np

from ..notation.evaluation import LawValues
from ..runtime.errors import InputError, InputTypeError

# Rounding of the values of a law, and of the gradients along which it should not change, in units of the number format.
# Over 3000 steps of a GPT, an LSTM and a convolutional network in single precision the largest were 9 and 60.
_OF_VALUES, _OF_GRADIENTS = 64, 2000

# Keys of the settings of an optimiser that is described by a dictionary.
_SETTINGS = {
    "lr": None,
    "momentum": 0.0,
    "dampening": 0.0,
    "nesterov": False,
    "weight_decay": 0.0,
    "decoupled": False,
    "maximize": False,
}


@dataclass(frozen=True)
class Alarm:
    r"""
    A step at which a law did what it must not do.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.monitor import Alarm
        sage: Alarm(3r, "sum(b)", 0.25r, 1e-6r)
        step 3: sum(b) is off by 0.25 (rounding: 1e-06)
    """

    step: int
    law: str
    difference: float
    tolerance: float

    def __repr__(self):
        return f"step {self.step}: {self.law} is off by {self.difference:.3g} (rounding: {self.tolerance:.2g})"


class Monitor:
    r"""
    Record each law of a model at every step, predict it for SGD and its relatives, and raise an alarm where both part.

    INPUT:

    - ``model`` -- the module that trains

    - ``result`` -- what :func:`conservation_laws` returned for it

    - ``optimizer`` -- an optimiser of PyTorch, or a dictionary with ``lr``, ``momentum``, ``dampening``, ``nesterov``,
      ``weight_decay`` and ``decoupled``; without one, and for Adam and others that rescale entries, laws are recorded
      and nothing is predicted

    - ``on_alarm`` -- ``"warn"`` (once a law), ``"raise"``, ``"record"`` or a function of the alarm

    Call :meth:`step` after ``optimizer.step()`` and before ``zero_grad()``, or :meth:`attach` once.  Parameters with
    ``requires_grad=False`` are watched too: they must not move.

    EXAMPLES::

        sage: import torch                                                      # optional - torch
        sage: from sage_conslaw import Monitor, conservation_laws, networks
        sage: model = torch.nn.Sequential(torch.nn.Linear(2r, 3r), torch.nn.ReLU(),  # optional - torch
        ....:     torch.nn.Linear(3r, 1r)).double()
        sage: x = torch.linspace(-1r, 1r, 8r).double().reshape(4r, 2r)          # optional - torch
        sage: result = conservation_laws(networks.from_torch(model, x), seed=0)  # optional - torch
        sage: optimizer = torch.optim.SGD(model.parameters(), lr=0.1r)          # optional - torch
        sage: monitor = Monitor(model, result, optimizer).attach()              # optional - torch
        sage: for _ in range(20r):                                              # optional - torch
        ....:     optimizer.zero_grad()
        ....:     ((model(x) - 1r) ** 2r).mean().backward()
        ....:     optimizer.step()
        sage: monitor                                                           # optional - torch
        20 steps, 3 laws in 1 expression, as predicted for SGD
    """

    def __init__(self, model, result, optimizer=None, *, on_alarm="warn"):
        if not hasattr(model, "named_parameters"):
            raise InputTypeError(f"the model {str(model)[:60]} is no torch.nn.Module")
        if on_alarm not in ("warn", "raise", "record") and not callable(on_alarm):
            raise InputError(f"on_alarm {on_alarm!r} is not known; choose 'warn', 'raise', 'record' or give a function")
        self.model, self.on_alarm = model, on_alarm
        self.laws = LawValues.of(result)
        if not self.laws.forms:
            raise InputError("the result has no polynomial law to watch")
        self.optimizer, self.reason = self._told(optimizer)
        self.steps, self.alarms, self.history = 0, [], []
        self._frozen = {name: p.detach().clone() for name, p in model.named_parameters() if not p.requires_grad}
        self._velocity = self._direction = None
        self._state = self._now()
        self._start = self._values(self._state)
        self._before, self._along, self._expected = dict(self._start), {}, dict(self._start)
        self._warned, self._handle = set(), None

    @staticmethod
    def _told(optimizer):
        """Return the optimiser, or the reason why it predicts nothing."""
        if optimizer is None:
            return None, "no optimiser is named"
        if isinstance(optimizer, dict):
            unknown = set(optimizer) - set(_SETTINGS)
            if unknown or not isinstance(optimizer.get("lr"), (int, float)):
                raise InputError(
                    f"the optimiser {optimizer} is not described by {', '.join(_SETTINGS)}, with a number lr"
                )
            return {**_SETTINGS, **optimizer}, None
        if not hasattr(optimizer, "param_groups"):
            raise InputTypeError(
                f"the optimizer {str(optimizer)[:60]} is no optimiser of PyTorch and no dictionary; "
                f"give e.g. {{'lr': 0.1}}"
            )
        # Wrappers of accelerate and others keep the optimiser inside.
        inner = getattr(optimizer, "optimizer", optimizer)
        if type(inner).__name__ != "SGD":
            return optimizer, (
                f"{type(inner).__name__} rescales the gradient entry by entry or keeps other moments: "
                f"no prediction exists, the laws of gradient flow are "
                "recorded"
            )
        return optimizer, None

    # -- readings --------------------------------------------------------------------------------

    def _now(self):
        return self.laws.state(self.model).double()

    def _values(self, state, degree=None):
        return {text: form.value(state, degree) for text, form in self.laws.forms}

    def _settings(self):
        """Return the settings of this step, and the reason why they predict nothing."""
        if isinstance(self.optimizer, dict):
            return self.optimizer, None
        groups = [
            {key: group.get(key, value) for key, value in _SETTINGS.items()}
            for group in self.optimizer.param_groups
            if group["params"]
        ]
        if any(group != groups[0] for group in groups[1:]):
            return groups[0], "the parameter groups have different settings, and a law joins parameters of several"
        return groups[0], None

    def _gradient(self, state):
        named = dict(self.model.named_parameters(remove_duplicate=False))
        parts = []
        for name, shape in self.laws.shapes:
            gradient = named[name].grad if name in named else None
            parts.append(
                state.new_zeros(int(np.prod(shape))) if gradient is None else gradient.detach().double().reshape(-1)
            )
        return _joined(parts)

    # -- a step ----------------------------------------------------------------------------------

    def attach(self, optimizer=None):
        r"""
        Call :meth:`step` after every step of the optimiser by itself; return the monitor.

        EXAMPLES::

            sage: from sage_conslaw import Monitor
            sage: Monitor.attach.__name__
            'attach'
        """
        optimizer = self.optimizer if optimizer is None else optimizer
        if not hasattr(optimizer, "register_step_post_hook"):
            raise InputError(
                "there is no optimiser of PyTorch to attach to; give one, or call step() after each of its steps"
            )
        self.detach()
        self._handle = optimizer.register_step_post_hook(lambda *_: self.step())
        return self

    def detach(self):
        r"""
        Undo :meth:`attach`.

        EXAMPLES::

            sage: from sage_conslaw import Monitor
            sage: Monitor.detach.__name__
            'detach'
        """
        if self._handle is not None:
            self._handle.remove()
            self._handle = None

    def step(self):
        r"""
        Record one step: call it after ``optimizer.step()`` and before ``zero_grad()``.

        EXAMPLES::

            sage: from sage_conslaw import Monitor
            sage: Monitor.step.__name__
            'step'
        """
        after = self._now()
        values = self._values(after)
        self.steps += 1
        self._check_frozen()
        predicted, tolerances = self._predicted(after) if self.reason is None else ({}, {})
        row = {"step": self.steps}
        for text, value in values.items():
            drift = float((value - self._start[text]).abs().max())
            row[text] = {"drift": drift}
            if text in predicted:
                self._expected[text] = self._expected[text] + (predicted[text] - self._before[text])
                difference = float((value - predicted[text]).abs().max())
                row[text].update(
                    predicted=float((self._expected[text] - self._start[text]).abs().max()),
                    difference=difference,
                    tolerance=tolerances[text],
                )
                if not difference <= tolerances[text]:
                    self._alarm(Alarm(self.steps, text, difference, tolerances[text]))
        self.history.append(row)
        self._state, self._before = after, values

    def _predicted(self, after):
        """Return what every law must be after this step, and how large the rounding may be; higher degrees have no
        prediction."""
        settings, reason = self._settings()
        if reason is not None:
            self.reason = reason
            return {}, {}
        rate, decay, mu = float(settings["lr"]), float(settings["weight_decay"]), float(settings["momentum"])
        theta, gradient = self._state, self._gradient(self._state)
        gradient = -gradient if settings["maximize"] else gradient
        coupled = 0.0 if settings["decoupled"] else decay
        shrink = 1 - rate * decay if settings["decoupled"] else 1.0
        g = gradient + coupled * theta if coupled else gradient
        first = self._velocity is None
        damp = 1.0 if first else 1 - float(settings["dampening"])
        velocity = g if not mu or first else mu * self._velocity + damp * g
        direction = g + mu * velocity if settings["nesterov"] and mu else velocity
        out, tolerances = {}, {}
        for text, form in self.laws.forms:
            if form.degree > 2:
                continue
            q, l = form.value(theta, 2), form.value(theta, 1)
            of_gradient = coupled * (2 * q + l)
            along = of_gradient if not mu or first else mu * self._along[text] + damp * of_gradient
            slope = of_gradient + mu * along if settings["nesterov"] and mu else along
            turned = form.value(direction, 1)
            change = (
                (shrink**2 - 1) * q
                + (shrink - 1) * l
                - rate * (shrink * (slope - turned) + turned)
                + rate**2 * form.value(direction, 2)
            )
            out[text] = self._before[text] + change
            tolerances[text] = self._tolerance(form, theta, direction, rate)
            if mu:
                own = form.value(velocity, 1)
                mixed = form.value(direction + velocity, 2) - form.value(direction, 2) - form.value(velocity, 2)
                self._along[text] = shrink * (along - own) + own - rate * mixed
        self._velocity = velocity.clone() if mu else None
        return out, tolerances

    def _tolerance(self, form, theta, direction, rate):
        unit = float(np.finfo(self._format()).eps)
        size, moved = _size(form, theta), _size(form, direction)
        return unit * (_OF_VALUES * size + _OF_GRADIENTS * rate * (size * moved) ** 0.5) + 1e-300

    def _format(self):
        kind = str(next(p for p in self.model.parameters()).dtype).removeprefix("torch.")
        return {"float64": np.float64, "float32": np.float32}.get(kind, np.float16)

    def _check_frozen(self):
        named = dict(self.model.named_parameters())
        for name, start in self._frozen.items():
            moved = float((named[name].detach() - start).abs().max()) if start.numel() else 0.0
            if moved:
                self._alarm(Alarm(self.steps, f"the frozen {name}", moved, 0.0))

    def _alarm(self, alarm):
        self.alarms.append(alarm)
        if self.on_alarm == "raise":
            raise RuntimeError(f"{alarm}: the step was not one of {self._name()} on the network that was read")
        if callable(self.on_alarm):
            self.on_alarm(alarm)
        elif self.on_alarm == "warn" and alarm.law not in self._warned:
            warnings.warn(f"{alarm}: the step was not one of {self._name()} on the network that was read", stacklevel=4)
        self._warned.add(alarm.law)

    def _name(self):
        return (
            "SGD"
            if isinstance(self.optimizer, dict)
            else type(getattr(self.optimizer, "optimizer", self.optimizer)).__name__
        )

    # -- what was seen ---------------------------------------------------------------------------

    def __repr__(self):
        count = sum(
            int(np.prod(getattr(value, "shape", ()), dtype=np.int64))
            if getattr(value, "dim", lambda: 0)() < 2
            else len(value) * (len(value) + 1) // 2
            for value in self._start.values()
        )
        words = (
            f"{self.steps} step{'s' if self.steps != 1 else ''}, {count} law{'s' if count != 1 else ''} "
            f"in {len(self.laws.forms)} "
            f"expression{'s' if len(self.laws.forms) != 1 else ''}"
        )
        if self.alarms:
            laws = list(dict.fromkeys(alarm.law for alarm in self.alarms))
            return (
                f"{words}; {len(self.alarms)} alarm{'s' if len(self.alarms) != 1 else ''}, first at "
                f"{self.alarms[0]}; laws: {', '.join(laws[:4])}"
                f"{f' and {len(laws) - 4} more' if len(laws) > 4 else ''}"
            )
        return f"{words}, no prediction: {self.reason}" if self.reason else f"{words}, as predicted for {self._name()}"

    def table(self):
        r"""
        Return the record as a list of rows: step, law, drift since the start, and where there is a prediction that
        drift, the difference and the rounding.

        EXAMPLES::

            sage: from sage_conslaw import Monitor
            sage: Monitor.table.__name__
            'table'
        """
        return [
            {"step": row["step"], "law": law, **numbers}
            for row in self.history
            for law, numbers in row.items()
            if law != "step"
        ]

    def write(self, path):
        r"""
        Write the table as comma-separated values.

        EXAMPLES::

            sage: from sage_conslaw import Monitor
            sage: Monitor.write.__name__
            'write'
        """
        with open(path, "w", newline="", encoding="utf8") as file:
            writer = csv.DictWriter(file, ["step", "law", "drift", "predicted", "difference", "tolerance"])
            writer.writeheader()
            writer.writerows(self.table())

    def plot(self, laws=None):
        r"""
        Return a figure of matplotlib: the drift of each law over the steps, the prediction dotted, alarms as crosses.

        INPUT:

        - ``laws`` -- texts of laws (default: the eight that drift most)

        EXAMPLES::

            sage: from sage_conslaw import Monitor
            sage: Monitor.plot.__name__
            'plot'
        """
        from matplotlib.figure import Figure
        if not self.history:
            raise InputError("nothing is recorded yet; call step() after each step of the optimiser")
        if laws is None:
            most = sorted(
                (text for text, _ in self.laws.forms), key=lambda text: -max(row[text]["drift"] for row in self.history)
            )
            laws = most[:8]
        figure = Figure(figsize=(7.5, 4.5), layout="constrained")
        axes, steps = figure.add_subplot(), [row["step"] for row in self.history]
        for number, text in enumerate(laws):
            colour = f"C{number}"
            axes.plot(
                steps,
                [row[text]["drift"] for row in self.history],
                color=colour,
                label=text if len(text) <= 60 else text[:57] + "...",
            )
            if "predicted" in self.history[-1][text]:
                axes.plot(
                    steps,
                    [row[text].get("predicted", np.nan) for row in self.history],
                    color="black",
                    linestyle=":",
                    linewidth=1,
                )
            crosses = [alarm.step for alarm in self.alarms if alarm.law == text]
            axes.plot(crosses, [self.history[step - 1][text]["drift"] for step in crosses], "x", color=colour)
        axes.set_yscale("symlog", linthresh=1e-12)
        axes.set_xlabel("step")
        axes.set_ylabel("change since the start (dotted: predicted)")
        axes.legend(fontsize=7, loc="lower right")
        return figure

    # -- trainers --------------------------------------------------------------------------------

    def trainer_callback(self):
        r"""
        Return a callback for the ``Trainer`` of transformers.

        EXAMPLES::

            sage: from sage_conslaw import Monitor
            sage: Monitor.trainer_callback.__name__
            'trainer_callback'
        """
        from transformers import TrainerCallback
        monitor = self

        class Watch(TrainerCallback):
            """After each step of the optimiser, while the gradients are still there."""

            def on_optimizer_step(self, args, state, control, **keywords):
                monitor.step()
        return Watch()

    def lightning_callback(self):
        r"""
        Return a callback for Lightning: it attaches the monitor to the trainer's first optimiser.

        EXAMPLES::

            sage: from sage_conslaw import Monitor
            sage: Monitor.lightning_callback.__name__
            'lightning_callback'
        """
        try:
            from lightning.pytorch import Callback
        except ImportError:
            from pytorch_lightning import Callback
        monitor = self

        class Watch(Callback):
            """From the start of the training to its end."""

            def on_train_start(self, trainer, module):
                monitor.attach(trainer.optimizers[0])

            def on_train_end(self, trainer, module):
                monitor.detach()
        return Watch()


def _joined(parts):
    import torch
    return torch.cat(parts)


def _size(form, state):
    """Return how large the terms of a law are that are added up in it: the rounding is a multiple of the unit of
    this."""
    total = 0.0
    for value, degree, rows in form.pieces(state):
        part = (rows * rows).sum(-1) if degree == 2 else rows.abs().sum(-1) if degree == 1 else rows.abs().sum()
        total += abs(float(value)) * float(part.max())
    return total
