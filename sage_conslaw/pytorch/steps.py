r"""
What a step of an optimiser does to a law, from what was before the step.

The formulas are those of :mod:`.monitor`.  Parameters may be in groups with settings of their own: a law is predicted
where all the parameters that it involves have the same settings, and those outside of the optimiser do not move.
"""
import numpy as np

from ..runtime.errors import InputError, InputTypeError

# Rounding of the values of a law, and of the gradients along which it should not change, in units of the number format.
# Over 3000 steps of a GPT, an LSTM and a convolutional network in single precision the largest were 9 and 60.
_OF_VALUES, _OF_GRADIENTS = 64, 2000

# Keys of the settings of an optimiser that is described by a dictionary.
SETTINGS = {
    "lr": None,
    "momentum": 0.0,
    "dampening": 0.0,
    "nesterov": False,
    "weight_decay": 0.0,
    "decoupled": False,
    "maximize": False,
}

_STILL = {**SETTINGS, "lr": 0.0}


def told(optimizer):
    """Return the optimiser, and the reason why it predicts nothing."""
    if optimizer is None:
        return None, "no optimiser is named"
    if isinstance(optimizer, dict):
        unknown = set(optimizer) - set(SETTINGS)
        if unknown or not isinstance(optimizer.get("lr"), (int, float)):
            raise InputError(f"the optimiser {optimizer} is not described by {', '.join(SETTINGS)}, with a number lr")
        return {**SETTINGS, **optimizer}, None
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
            f"no prediction exists, the laws of gradient flow are recorded"
        )
    return optimizer, None


class Steps:
    r"""
    The steps of an optimiser on laws: momenta of the parameters, and of the laws along them.

    - ``apart`` -- laws without a prediction, as they join parameters with different settings
    """

    def __init__(self, forms, optimizer, owners, unit):
        self.forms = [(text, form) for text, form in forms if form.degree <= 2]
        self.optimizer, self.unit, self.apart = optimizer, unit, set()
        self.groups = {text: groups_of(form, owners) for text, form in self.forms}
        self._velocity, self._along = {}, {}

    def settings(self, group):
        """Return the settings of a group of parameters as they are now."""
        if isinstance(self.optimizer, dict):
            return self.optimizer
        if group < 0:
            return _STILL
        given = self.optimizer.param_groups[group]
        return {key: given.get(key, value) for key, value in SETTINGS.items()}

    def predicted(self, theta, gradient, before):
        r"""
        Return what every law must be after this step, and how large the rounding may be; laws of higher degree have no
        prediction.
        """
        out, tolerances, moved = {}, {}, {}
        for text, form in self.forms:
            first, *others = self.groups[text]
            now = self.settings(first)
            # Settings may change from step to step; once apart, the momentum of a law is not known any more.
            if text in self.apart or any(self.settings(group) != now for group in others):
                self.apart.add(text)
                continue
            if first not in moved:
                moved[first] = _Moved(now, theta, gradient, self._velocity.get(first))
            out[text] = before[text] + self._change(text, form, theta, moved[first])
            tolerances[text] = self._tolerance(form, theta, moved[first])
        self._velocity = {
            group: step.velocity.clone() for group, step in moved.items() if step.mu
        }
        return out, tolerances

    def _change(self, text, form, theta, step):
        q, l = form.value(theta, 2), form.value(theta, 1)
        # b(theta, g) + l(g) = 0 for the gradient of the loss; coupled decay adds lambda theta to it, with b(theta,
        # theta) = 2 q(theta).
        of_gradient = step.coupled * (2 * q + l)
        known = step.first or text not in self._along
        along = of_gradient if not step.mu or known else step.mu * self._along[text] + step.damp * of_gradient
        slope = of_gradient + step.mu * along if step.nesterov else along
        turned, square = form.value(step.direction, 1), form.value(step.direction, 2)
        # The next c = b(theta', v) + l(v) with theta' = rho theta - eta u is rho (c - l(v)) + l(v) - eta b(u, v); where
        # u = v, b(v, v) = 2 q(v).
        if step.mu:
            own, mixed = turned, 2 * square
            if step.nesterov:
                own = form.value(step.velocity, 1)
                mixed = form.value(step.both, 2) - square - form.value(step.velocity, 2)
            self._along[text] = step.shrink * (along - own) + own - step.rate * mixed
        return (
            # h(rho theta - eta u) - h(theta), with b(theta, u) = slope - l(u): of degree two in rho and eta.
            (step.shrink**2 - 1) * q
            + (step.shrink - 1) * l
            - step.rate * (step.shrink * (slope - turned) + turned)
            + step.rate**2 * square
        )

    def _tolerance(self, form, theta, step):
        size, moved = size_of(form, theta), size_of(form, step.direction)
        affine = form.degree == 1
        # What cancels in b(theta, g) are terms of size |theta| |g|, the root of the product of both sizes of a
        # quadratic form.
        of_law = moved if affine else (size * moved) ** 0.5
        # A gradient that is zero but for rounding has the rounding of those that it is made of.
        of_all = step.largest * (1.0 if affine else size**0.5)
        return self.unit * (_OF_VALUES * (size + step.rate * of_all) + _OF_GRADIENTS * step.rate * of_law) + 1e-300


class _Moved:
    """Direction and velocity of a step with some settings."""

    def __init__(self, settings, theta, gradient, velocity):
        self.rate, decay, self.mu = (float(settings[key]) for key in ("lr", "weight_decay", "momentum"))
        self.coupled = 0.0 if settings["decoupled"] else decay
        self.shrink = 1 - self.rate * decay if settings["decoupled"] else 1.0
        # PyTorch turns the gradient before it adds the decay, which shrinks the weights in any case.
        gradient = -gradient if settings["maximize"] else gradient
        g = gradient + self.coupled * theta if self.coupled else gradient
        self.first = velocity is None
        # PyTorch's first velocity is the gradient itself, whatever the dampening.
        self.damp = 1.0 if self.first else 1 - float(settings["dampening"])
        self.nesterov = bool(settings["nesterov"] and self.mu)
        self.velocity = g if not self.mu or self.first else self.mu * velocity + self.damp * g
        self.direction = g + self.mu * self.velocity if self.nesterov else self.velocity
        # The sum is made once: it is as large as the model.
        self.both = self.direction + self.velocity if self.nesterov else None
        self.largest = float(self.direction.abs().max())


def groups_of(form, owners):
    r"""
    Return the numbers of the groups whose parameters a law involves; ``owners`` has one for each coordinate, or is
    ``None`` where there is one group.
    """
    if owners is None:
        return [0]
    # An entry that a polynomial contains has a derivative that is not zero outside of a set of measure zero.
    probe = owners.new_ones(owners.shape).double().normal_().requires_grad_()
    value = form.value(probe)
    weights = value.new_ones(value.shape).normal_()
    (value * weights).sum().backward()
    return sorted(set(owners[probe.grad != 0].tolist()))


def size_of(form, state):
    r"""
    Return how large the terms of a law are that are added up in it: the rounding is a multiple of the unit of this.
    """
    total = 0.0
    for value, degree, rows in form.pieces(state):
        # Terms without their signs: what cancels in a law still rounds.
        part = (rows * rows).sum(-1) if degree == 2 else abs(rows).sum(-1) if degree == 1 else abs(rows).sum()
        total += abs(float(value)) * float(part.max())
    return total


def unit_of(model):
    """Return the unit of rounding of a module's number format."""
    kind = str(next(model.parameters()).dtype).removeprefix("torch.")
    return float(np.finfo({"float64": np.float64, "float32": np.float32}.get(kind, np.float16)).eps)


def owners_of(model, optimizer, shapes):
    r"""
    Return the number of the group of every coordinate, -1 for those that the optimiser does not have; ``None`` if all
    are in one.
    """
    import torch
    if isinstance(optimizer, dict) or optimizer is None:
        return None
    number = {id(p): k for k, group in enumerate(optimizer.param_groups) for p in group["params"]}
    named = dict(model.named_parameters(remove_duplicate=False))
    found = [(number.get(id(named[name]), -1) if name in named else -1, shape) for name, shape in shapes]
    if {group for group, _ in found} == {0}:
        return None
    return torch.cat([torch.full((int(np.prod(shape)),), group) for group, shape in found])
