r"""
Optimisers that move each parameter by a function of its own gradients, as they run: sign descent, steepest descent in
other norms, and the adaptive ones.

With the step `\eta`, the gradient `g` and the rates `a`, `b` of :mod:`sage_conslaw.flows.adaptive`, these are the steps
of PyTorch without `\epsilon` and without bias correction, `\beta_1 = 1 - a \eta` and `\beta_2 = 1 - b \eta`: for Adam

    `m \leftarrow m + a \eta (g - m), \quad v \leftarrow v + b \eta (g^2 - v), \quad
    \theta \leftarrow \theta - \eta\, m / \sqrt v`.

Second moments start at the first gradient's square (Adagrad's and Adadelta's at what the first step makes of them),
first moments at zero.
"""
import numpy as np

from ..flows.adaptive import AdaptiveFlow
from ..flows.adaptive_fields import KINDS
from ..flows.sign import SignFlow
from ..runtime.errors import InputError
from .running import Running

# Second moments start at least here: an entry that no data move has a gradient of zero.
_LEAST = 1e-24


class Entrywise(Running):
    """The state of such an optimiser, and one step of it."""

    def __init__(self, flow, family, response, step):
        super().__init__(flow, family, response.dimension, step)
        rates, decays = flow.rates_and_decays(response)
        self.rates, self.decay = (np.array([float(x) for x in numbers]) for numbers in (rates, decays))
        self.speeds = {name: float(value) for name, value in getattr(flow, "rates", ())}
        for name in "ab":
            # beta = 1 - rate * step is to be a share of the past.
            if self.speeds.get(name, 0) * self.step > 1:
                raise InputError(
                    f"the step {step:g} is too large for moments that follow at the rate {self.speeds[name]:g} "
                    f"(beta = 1 - rate * step would be negative); give a step of at most {1 / self.speeds[name]:g}"
                )

    @property
    def name(self):
        """The name of the optimiser."""
        return {"sign": "sign descent", "steepest": "steepest descent"}.get(self.flow.name, self.flow.name)

    def start(self, theta, velocity=None):
        """Set the parameters; the moments wait for the first gradient."""
        super().start(theta)
        self.moments = {name: np.zeros_like(self.theta) for name in ("m", "v", "c", "w", "u")}

    def meet(self, gradient):
        """Start the second moments at the first gradient."""
        # From zero the first steps would divide by moments that are too small: PyTorch corrects this bias, and these
        # steps do not.
        square = np.maximum((gradient + self._pull()) ** 2, _LEAST)
        kind = getattr(self.flow, "kind", None)
        if kind == "adagrad":
            square = square * self.step
        elif kind == "adadelta":
            square = square * self.speeds["b"] * self.step
        # Adamax keeps the largest entry, not a square.
        self.moments["v"] = np.sqrt(square) if kind == "adamax" else square

    def _pull(self):
        """Return what coupled weight decay adds to the gradient of an adaptive optimiser."""
        coupled = isinstance(self.flow, AdaptiveFlow) and not self.flow.decoupled
        return self.decay * self.theta if coupled else 0.0

    def state(self):
        """Return the state in the coordinates of the laws."""
        z = super().state()
        at = self.family.first_parameter + len(self.theta)
        for block in KINDS[self.flow.kind] if isinstance(self.flow, AdaptiveFlow) else ():
            # A frozen parameter has no moments in the state.
            values = self._coordinate(block)[self.rates > 0]
            z[at:at + len(values)] = values
            at += len(values)
        return z

    def _coordinate(self, block):
        v = self.moments["v"]
        if self.flow.kind == "adadelta":
            eps = self.speeds["eps"]
            return 1 / (v + eps) if block == "p" else np.sqrt((self.moments["u"] + eps) / (v + eps))
        if block != "p":
            return self.moments[block]
        return 1 / v if self.flow.kind == "adamax" else 1 / np.sqrt(v)

    def advance(self, gradient):
        if isinstance(self.flow, AdaptiveFlow):
            direction = self._adaptive(gradient + self._pull())
            decoupled = self.decay * self.theta if self.flow.decoupled else 0.0
        else:
            power = 0 if isinstance(self.flow, SignFlow) else self.flow.exponent - 1
            # With q = 1 the sign, and sgn(0) = 0: an entry that no data move stays.
            direction = np.sign(gradient) * np.abs(gradient) ** power
            decoupled = self.decay * self.theta
        self.theta = self.theta - self.step * (self.rates * direction + decoupled)
        self.number += 1
        return direction

    def _adaptive(self, g):
        kind, moments = self.flow.kind, self.moments
        a, b = (self.speeds.get(name, 0.0) * self.step for name in "ab")
        if kind in ("adam", "nadam", "adamax"):
            moments["m"] = moments["m"] + a * (g - moments["m"])
        if kind == "adamax":
            # An entry larger than all that the past left of itself is a record.
            moments["v"] = np.maximum((1 - b) * moments["v"], np.abs(g))
            return moments["m"] / moments["v"]
        if kind == "adagrad":
            moments["v"] = moments["v"] + self.step * g * g
            return g / np.sqrt(moments["v"])
        if kind == "adadelta":
            return self._adadelta(g, b)
        if "centred" in kind:
            # The second moment about the mean: v' = b ((g - c)^2 - v) in the limit.
            square = moments["v"] + moments["c"] ** 2
            moments["c"] = moments["c"] + b * (g - moments["c"])
            moments["v"] = np.maximum(square + b * (g * g - square) - moments["c"] ** 2, _LEAST)
        else:
            moments["v"] = moments["v"] + b * (g * g - moments["v"])
        root = np.sqrt(moments["v"])
        if "momentum" in kind:
            moments["w"] = moments["w"] + a * (g / root - moments["w"])
            return moments["w"]
        share = self.speeds.get("c", 0.0) if kind == "nadam" else 0.0
        return ((1 - share) * moments["m"] + share * g if kind in ("adam", "nadam") else g) / root

    def _adadelta(self, g, b):
        moments, eps = self.moments, self.speeds["eps"]
        moments["v"] = moments["v"] + b * (g * g - moments["v"])
        step = np.sqrt((moments["u"] + eps) / (moments["v"] + eps)) * g
        # The step is made with the old average of steps, then enters it.
        moments["u"] = moments["u"] + b * (step * step - moments["u"])
        return step
