r"""
Lion and Muon as they run.  Neither is a flow with a family here: what is watched are the laws of gradient flow, or
those that are given.

- Lion: `\theta \leftarrow \theta - \eta (\operatorname{sgn}(\beta_1 m + (1 - \beta_1) g) + \lambda \theta)`,
  `m \leftarrow \beta_2 m + (1 - \beta_2) g`;
- Muon, matrix by matrix: `B \leftarrow \mu B + (1 - \mu) G`, `W \leftarrow W - \eta (c\, P Q^T + \lambda W)` with
  `P \Sigma Q^T` the singular value decomposition of `B` (of `\mu B + (1 - \mu) G` with Nesterov's step) and
  `c = \sqrt{\max(1, \text{rows}/\text{columns})}`, as in PyTorch; there the polar factor `P Q^T` is approximated by
  five steps of an iteration, here it is computed.
"""
import numpy as np

from ..runtime.errors import NotCovered
from .running import Running


class MomentumSteps(Running):
    """The state of Lion or Muon, and one step of it."""

    def __init__(self, flow, family, network, step):
        super().__init__(flow, family, network.dimension, step)
        if flow.name not in ("lion", "muon"):
            raise NotCovered(
                f"{flow.name} is not simulated: {flow.reason}; watch laws along its own steps with "
                f"Monitor(model, result), or take flows.gradient(), 'adam', 'sign', 'lion', 'muon', ..."
            )
        self.h = dict(flow.hyperparameters)
        self.shapes = list(network.parameters.values())
        if flow.name == "muon" and any(len(shape) != 2 for shape in self.shapes):
            name = next(name for name, shape in network.parameters.items() if len(shape) != 2)
            raise NotCovered(f"muon moves matrices, and {name} is none; take a network without it, or 'adam'")
        self.decay = float(self.h["weight_decay"] + flow.decay)
        self.momentum = np.zeros(network.dimension)

    def advance(self, gradient):
        direction = self._lion(gradient) if self.flow.name == "lion" else self._muon(gradient)
        self.theta = self.theta - self.step * (direction + self.decay * self.theta)
        self.number += 1
        return direction

    def _lion(self, g):
        first, second = (float(beta) for beta in self.h["betas"])
        # The average enters twice with two rates: the sign takes the old one, which moves only after.
        direction = np.sign(first * self.momentum + (1 - first) * g)
        self.momentum = second * self.momentum + (1 - second) * g
        return direction

    def _muon(self, g):
        mu = float(self.h["momentum"])
        self.momentum = mu * self.momentum + (1 - mu) * g
        moved = mu * self.momentum + (1 - mu) * g if self.h["nesterov"] else self.momentum
        parts, start = [], 0
        for rows, columns in self.shapes:
            block = moved[start:start + rows * columns].reshape(rows, columns)
            # The polar factor itself, which PyTorch's five iterations approach to some tenths.
            P, singular, Q = np.linalg.svd(block, full_matrices=False)
            # Directions of singular value zero have no polar factor: rounding would decide their sign.
            alive = singular > 1e-12 * max(singular.max(initial=0.0), 1e-300)
            parts.append((max(1.0, rows / columns) ** 0.5 * (P[:, alive] @ Q[alive])).ravel())
            start += rows * columns
        return np.concatenate(parts)
