r"""
The frozen result of a simulated training.
"""
from dataclasses import dataclass, field

import numpy as np

from .._sage import SageObject
from ..runtime.errors import InputError
from .plots import law_picture, loss_picture


@dataclass(frozen=True, repr=False)
class Training(SageObject):
    r"""
    A training in floating point and the laws along it.

    - ``times`` -- when was recorded, `t = k \eta`; ``losses`` -- the loss on all samples then

    - ``laws`` -- the laws watched, as text; ``groups`` -- their labels; ``conserved`` -- whether the flow conserves
      each, decided exactly

    - ``trajectories`` -- values of the laws, shape ``(laws, times)``

    - ``predictions`` -- for laws of degree two and gradient descent what the steps add by `\eta^2 h_2(M g)`, summed,
      same shape; else NaN

    - ``theta``, ``velocity`` -- the state at the end
    """

    network: str
    flow: str
    optimiser: str
    loss: str
    step: float
    steps: int
    seed: int
    samples: int
    batch: object
    laws: tuple
    groups: tuple
    conserved: tuple
    initial_loss: float
    final_loss: float
    # Arrays have no truth value when they are compared; settings, laws and both losses say what a run was.
    times: object = field(compare=False)
    losses: object = field(compare=False)
    trajectories: np.ndarray = field(compare=False)
    predictions: object = field(compare=False)
    theta: object = field(compare=False)
    velocity: object = field(compare=False)

    def drifts(self):
        """Return the drift of each law: the largest `|h(t) - h(0)|` recorded."""
        return np.abs(self.trajectories - self.trajectories[:, :1]).max(axis=1, initial=0.0)

    def _members(self, group):
        if group is None:
            return np.ones(len(self.laws), dtype=bool)
        if group not in self.groups:
            known = ", ".join(map(repr, dict.fromkeys(self.groups)))
            raise InputError(f"there is no group {group!r} of laws; known: {known or 'none'}")
        return np.array([label == group for label in self.groups], dtype=bool)

    def total_drift(self, group=None):
        r"""
        Return the length of the vector of all changes `h(T) - h(0)` at the end, of one group of laws if its label is
        given.
        """
        # Runs with other steps are compared by it: they have the end in common, not the times in between.
        change = self.trajectories[:, -1] - self.trajectories[:, 0]
        return float(np.linalg.norm(change[self._members(group)]))

    def predicted_drift(self, group=None):
        """Return the total drift as predicted, or ``None`` where there is no prediction."""
        predicted = self.predictions[:, -1][self._members(group)]
        return None if np.isnan(predicted).any() else float(np.linalg.norm(predicted))

    def _repr_(self):
        drifts, parts = self.drifts(), []
        for group in dict.fromkeys(self.groups):
            chosen = self._members(group)
            number = int(chosen.sum())
            parts.append(
                f"{group + ': ' if group else ''}{number} law{'' if number == 1 else 's'}, largest "
                f"drift {drifts[chosen].max():.3g}"
            )
        optimiser = self.optimiser + ("" if self.batch is None else f", mini-batches of {self.batch}")
        return (
            f"{self.steps} step{'' if self.steps == 1 else 's'} of size {self.step:g} ({optimiser}): loss "
            f"{self.initial_loss:.3g} -> {self.final_loss:.3g}; {'; '.join(parts) or 'no polynomial law'}"
        )

    def to_dict(self):
        """Return the result as JSON objects (numbers, strings, lists)."""
        # JSON knows no NaN.
        predicted = [None if np.isnan(row).any() else row.tolist() for row in self.predictions]
        return {
            "network": self.network, "flow": self.flow, "optimiser": self.optimiser, "loss": self.loss,
            "step": self.step, "steps": self.steps, "seed": self.seed, "samples": self.samples, "batch": self.batch,
            "laws": list(self.laws), "groups": list(self.groups), "conserved": list(self.conserved),
            "times": self.times.tolist(), "losses": self.losses.tolist(), "trajectories": self.trajectories.tolist(),
            "predictions": predicted, "drifts": self.drifts().tolist(), "total_drift": self.total_drift(),
            "theta": self.theta.tolist(), "velocity": None if self.velocity is None else self.velocity.tolist(),
        }

    def plot(self, what="laws", logarithmic=None, figsize=None):
        r"""
        Return a picture of the changes `h(t) - h(0)` of the laws along training, dashed what was predicted; or of the
        loss.

        INPUT:

        - ``what`` -- ``"laws"`` or ``"loss"``

        - ``logarithmic`` -- whether the size of the changes is drawn on a logarithmic axis; by default if there are
          several groups of laws
        """
        if what not in ("laws", "loss"):
            raise InputError(f"there is no picture {what!r}; choose 'laws' or 'loss'")
        return loss_picture(self, figsize) if what == "loss" else law_picture(self, logarithmic, figsize)
