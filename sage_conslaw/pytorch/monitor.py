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
import importlib
import warnings
from dataclasses import dataclass

import numpy as np

from ..notation.evaluation import LawValues
from ..runtime.errors import InputError, InputTypeError
from .records import Records
from .steps import Steps, owners_of, told, unit_of

@dataclass(frozen=True)
class Alarm:
    """A step at which a law did what it must not do."""

    step: int
    law: str
    difference: float
    tolerance: float

    def __repr__(self):
        return f"step {self.step}: {self.law} is off by {self.difference:.3g} (rounding: {self.tolerance:.2g})"


class Monitor(Records):
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

    A step that no optimiser took is seen::

        sage: monitor.detach(); monitor.on_alarm = "record"                     # optional - torch
        sage: _ = model[0r].weight.data.mul_(2r)                                # optional - torch
        sage: monitor.step(); monitor.alarms[0r].step                           # optional - torch
        21
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
        self.steps, self.alarms, self.history = 0, [], []
        # They are constants of the network that was read: if one moves, the laws are those of another network.
        self._frozen = {name: p.detach().clone() for name, p in model.named_parameters() if not p.requires_grad}
        self._state = self._now()
        self._start = self._values(self._state)
        self._before, self._expected = dict(self._start), dict(self._start)
        self._warned, self._handle = set(), None
        self.tell(optimizer)

    def tell(self, optimizer):
        """Say which optimiser takes the steps from now on."""
        self.optimizer, self.reason = told(optimizer)
        self._steps = None
        if self.reason is None:
            owners = owners_of(self.model, self.optimizer, self.laws.shapes)
            self._steps = Steps(self.laws.forms, self.optimizer, owners, unit_of(self.model))

    # -- readings --------------------------------------------------------------------------------

    def _now(self):
        # Laws are added up in doubles, so that what is seen is the rounding of the training and not of the watching.
        return self.laws.state(self.model).double()

    def _values(self, state, degree=None):
        return {text: form.value(state, degree) for text, form in self.laws.forms}

    def _gradient(self, state):
        import torch
        named = dict(self.model.named_parameters(remove_duplicate=False))
        parts = []
        for name, shape in self.laws.shapes:
            # A parameter that the loss does not reach has none: it counts as zero.
            gradient = named[name].grad if name in named else None
            parts.append(
                state.new_zeros(int(np.prod(shape))) if gradient is None else gradient.detach().double().reshape(-1)
            )
        return torch.cat(parts)

    # -- a step ----------------------------------------------------------------------------------

    def attach(self, optimizer=None):
        """Call :meth:`step` after every step of the optimiser by itself; return the monitor."""
        if self.optimizer is None and optimizer is not None:
            self.tell(optimizer)
        optimizer = self.optimizer if optimizer is None else optimizer
        if not hasattr(optimizer, "register_step_post_hook"):
            raise InputError(
                "there is no optimiser of PyTorch to attach to; give one, or call step() after each of its steps"
            )
        self.detach()
        self._handle = optimizer.register_step_post_hook(lambda *_: self.step())
        return self

    def detach(self):
        """Undo :meth:`attach`."""
        if self._handle is not None:
            self._handle.remove()
            self._handle = None

    def step(self):
        """Record one step: call it after ``optimizer.step()`` and before ``zero_grad()``."""
        after = self._now()
        values = self._values(after)
        self.steps += 1
        self._check_frozen()
        predicted, tolerances = {}, {}
        if self.reason is None:
            # The gradients are still those at the state before the step: ``zero_grad`` comes after this call.
            predicted, tolerances = self._steps.predicted(self._state, self._gradient(self._state), self._before)
        row = {"step": self.steps}
        for text, value in values.items():
            drift = float((value - self._start[text]).abs().max())
            row[text] = {"drift": drift}
            if text in predicted:
                # Each step is predicted from what was measured before it, so that one false step is one alarm and not
                # one at every step after it; the sum of all predicted changes is kept for the plot alone.
                self._expected[text] = self._expected[text] + (predicted[text] - self._before[text])
                difference = float((value - predicted[text]).abs().max())
                row[text].update(
                    predicted=float((self._expected[text] - self._start[text]).abs().max()),
                    difference=difference,
                    tolerance=tolerances[text],
                )
                # Not ``difference > tolerance``, which a difference that is no number would pass.
                if not difference <= tolerances[text]:
                    self._alarm(Alarm(self.steps, text, difference, tolerances[text]))
        self.history.append(row)
        self._state, self._before = after, values

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
        count = sum(self.laws.counts.values())
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
        if self.reason:
            return f"{words}, no prediction: {self.reason}"
        apart = len(self._steps.apart)
        more = f"; {apart} not predicted: parameter groups with different settings meet there" if apart else ""
        return f"{words}, as predicted for {self._name()}{more}"

    # -- trainers --------------------------------------------------------------------------------

    def trainer_callback(self):
        """Return a callback for the ``Trainer`` of transformers."""
        from transformers import TrainerCallback
        monitor = self

        class Watch(TrainerCallback):
            """After each step of the optimiser, while the gradients are still there."""

            # Between ``optimizer.step()`` and ``zero_grad()``: ``on_step_end`` would be too late.
            def on_optimizer_step(self, args, state, control, optimizer=None, **keywords):
                if monitor.optimizer is None and optimizer is not None:
                    monitor.tell(optimizer)
                monitor.step()
        return Watch()

    def lightning_callback(self):
        """Return a callback for Lightning: it attaches the monitor to the trainer's first optimiser."""
        Callback = _lightning().Callback
        monitor = self

        class Watch(Callback):
            """From the start of the training to its end."""

            def on_train_start(self, trainer, module):
                monitor.attach(trainer.optimizers[0])

            def on_train_end(self, trainer, module):
                monitor.detach()
        return Watch()


def _lightning():
    """Return the package of Lightning, under the name under which it is there."""
    for name in ("lightning.pytorch", "pytorch_lightning"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise InputError("Lightning is not installed; pip install lightning, or attach the monitor to the optimiser")
