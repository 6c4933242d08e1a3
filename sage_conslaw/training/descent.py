r"""
Optimisers as they run on a computer: flows with a time step.

With `g` the gradient of the loss, `M` the metric, `\lambda` the weight decay and `\eta` the step, at the time
`t = k \eta`:

- first order: `\theta \leftarrow \theta - \eta (M g + \lambda \theta)` (explicit Euler; gradient descent);
- first order with the entropy's metric `M_{ii} = \theta_i`, `\theta_i > 0`:
  `\theta_i \leftarrow \theta_i\, e^{-\eta (g_i + \lambda)}` (mirror descent; the other parameters by Euler);
- second order: `w \leftarrow w - \eta (\tau(t) w + M g + \lambda \theta)`, then `\theta \leftarrow \theta + \eta w`
  (semi-implicit Euler; heavy ball); decoupled decay moves `\theta` by `-\eta \lambda \theta` instead.

Clipping multiplies `g` by `\min(1, 1/|g|)`, normalised descent by `1/|g|`, layer-wise rates each array's part by
`|\theta_l|/|g_l|` (LARS).  Sign flow, steepest descent and adaptive optimisers are in :mod:`.entrywise`, Lion and Muon
in :mod:`.momentum_steps`.
"""
import numpy as np

from ..exact.arithmetic import FloatArithmetic
from ..exact import terms as sparse
from ..flows.groups import arrays_of
from ..flows.rescaled import RescaledResponse
from ..runtime.errors import InputError, NotCovered
from .running import Running

SCHEMES = ("euler", "mirror")


def decays(flow, family):
    """Return the decay of each parameter."""
    D = family.response.dimension
    # Arrays are those of the network: rates of layers are no arrays of their own.
    return [flow.decay] * D if flow.groups is None else flow.groups.arranged(_plain(family.response), flow.decay)[1]


def _plain(response):
    return response.response if isinstance(response, RescaledResponse) else response


class Layers:
    r"""The arrays of a response, each with the rate `|\theta_l|/|g_l|` (1 where one of both is zero)."""

    def __init__(self, response):
        self.bounds = np.cumsum([0] + [size for _, size in arrays_of(_plain(response))])

    def rescaled(self, theta, gradient):
        """Return the gradient, each array's part times its rate."""
        out = np.array(gradient, dtype=np.float64)
        for start, stop in zip(self.bounds, self.bounds[1:]):
            size, slope = np.linalg.norm(theta[start:stop]), np.linalg.norm(gradient[start:stop])
            # Where an array or its gradient is zero the quotient says nothing, and the rate is 1, as in LARS.
            if size and slope:
                out[start:stop] *= size / slope
        return out


class Descent(Running):
    r"""
    The state of an optimiser, and one step of it.

    INPUT:

    - ``flow`` -- the flow; ``family`` -- what it makes of the network's response (its metric and the names of the
      state)

    - ``step`` -- the step `\eta`

    - ``scheme`` -- ``"euler"``, or ``"mirror"`` for first-order flows in the entropy's metric, where it is the default

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw import flows, networks
        sage: from sage_conslaw.training.descent import Descent
        sage: net = networks.product(2r)
        sage: d = Descent(flows.momentum(tau=1), flows.momentum(tau=1).family(net.response()), 0.5)
        sage: d.start(numpy.array([1.0, 2.0]))
        sage: direction = d.advance(numpy.array([1.0, 0.0])); d.velocity, d.theta
        (array([-0.5,  0. ]), array([0.75, 2.  ]))
        sage: direction = d.advance(numpy.array([0.0, 0.0])); d.velocity, d.theta
        (array([-0.25,  0.  ]), array([0.625, 2.   ]))

    The state has the time as the laws know it, here `e^t`::

        sage: d.state().round(3)
        array([ 2.718,  0.625,  2.   , -0.25 ,  0.   ])
        sage: d.name, float(d.time), float(d.damping())
        ('heavy ball', 1.0, 1.0)

    Nesterov's damping `3/t` has a pole at 0, so the time begins at 1::

        sage: d = Descent(flows.nesterov(), flows.nesterov().family(net.response()), 0.1)
        sage: d.start(numpy.array([1.0, 2.0])); d.time, d.damping()
        (1.0, 3.0)
    """

    def __init__(self, flow, family, step, scheme=None):
        if flow.second_order and flow.tau.symbolic:
            raise InputError(
                "the damping is the indeterminate tau; a simulation needs a number, e.g. flows.momentum(tau=1)"
            )
        super().__init__(flow, family, family.response.dimension, step)
        self.A = FloatArithmetic()
        self.decay = np.array([float(decay) for decay in decays(flow, family)])
        self._clock_dependent = flow.second_order and flow.tau.constant is None
        forced = range(family.first_forced, family.first_forced + family.response.dimension)
        if self._clock_dependent and any(
            i in forced for _, _, entry in family.metric or () for monomial in entry for i in monomial
        ):
            raise NotCovered(
                "a metric that depends on the velocity is simulated with a constant damping only; try "
                "flows.momentum(tau=1)"
            )
        self.positive = self._positive()
        if scheme not in (None,) + SCHEMES:
            raise InputError(f"scheme {scheme!r} is not known; choose 'euler' or 'mirror'")
        # Mirror descent is a step of log theta: there is such a dual coordinate in the entropy's metric alone.
        possible = self.positive.any() and not flow.second_order
        if scheme == "mirror" and not possible:
            raise InputError(
                "the scheme 'mirror' needs a gradient flow in the entropy's metric, e.g. "
                "flows.gradient(metric='mirror'); try scheme='euler'"
            )
        self.scheme = scheme or ("mirror" if possible else "euler")
        self._layers = Layers(family.response) if flow.scaled == "layers" else None
        denominator = family.metric_denominator
        self._denominator = None if denominator is None else sparse.PolynomialMap([denominator], family.dimension)

    @property
    def name(self):
        """The name of the optimiser."""
        words = {"clipped": "clipped ", "normalised": "normalised ", "layers": "layer-wise "}.get(self.flow.scaled, "")
        if self.flow.second_order:
            name = "heavy ball" if self.flow.name == "momentum" else "Nesterov's flow by semi-implicit Euler"
        else:
            name = "mirror descent" if self.scheme == "mirror" else "gradient descent"
        return words + name

    @property
    def first_order(self):
        """Whether a step adds to a law of degree two its quadratic part at the direction, times the step squared."""
        return not self.flow.second_order and self.scheme == "euler" and not self.decay.any()

    def _positive(self):
        """Return which parameters move in the entropy's metric; none unless the metric is 1 or `\\theta_i` on the
        diagonal throughout."""
        family = self.family
        D = family.response.dimension
        out = np.zeros(D, dtype=bool)
        if family.metric is None or family.metric_denominator is not None or self._clock_dependent:
            return out
        dual = self.flow.second_order
        for row, column, entry in family.metric:
            here, velocity = (family.first_parameter + row,), (family.first_forced + row,)
            # At the dual point tau theta + w, which is theta alone without momentum.
            rate = {here: self.flow.tau.constant} if dual and self.flow.tau.constant else {}
            out[row] = entry == ({**rate, velocity: 1} if dual else {here: 1})
            if row != column or not (out[row] or entry == {(): 1}):
                return np.zeros(D, dtype=bool)
        return out

    def start(self, theta, velocity=None):
        """Set the state: the time is 0, or 1 where the damping has a pole at 0."""
        super().start(theta)
        self.velocity = np.zeros_like(self.theta) if velocity is None else np.array(velocity, dtype=np.float64)
        self.first_time = 1.0 if self._clock_dependent and () not in self.flow.tau.denominator else 0.0

    def state(self):
        """Return the state in the coordinates of the laws."""
        z, forced = super().state(), self.family.first_forced
        if self.flow.second_order:
            z[forced:forced + len(self.theta)] = self.velocity
        return z

    def damping(self):
        r"""Return `\tau(t)` at the present time."""
        def at(terms):
            return sum(float(value) * self.time ** len(monomial) for monomial, value in terms.items())
        return at(self.flow.tau.numerator) / at(self.flow.tau.denominator)

    def direction(self, gradient):
        """Return `M g` at the present state."""
        gradient = self._rescaled(gradient)
        if self.family.metric is None:
            return gradient
        z = self.state()
        # The family leaves the denominator out, which changes time; here time counts.
        moved = self.family.moved(self.A, z, gradient)
        return moved if self._denominator is None else moved / self._denominator(self.A, z)

    def _rescaled(self, gradient):
        """Return the gradient times the positive rate that the flow's rule chooses."""
        if self.flow.scaled == "layers":
            return self._layers.rescaled(self.theta, gradient)
        if not self.flow.scaled:
            return gradient
        norm = np.linalg.norm(gradient)
        if self.flow.scaled == "clipped":
            # To length 1 at most.
            return gradient / max(norm, 1.0)
        # At a critical point there is no direction: the step is zero.
        return gradient / norm if norm else gradient

    def advance(self, gradient):
        eta = self.step
        if self.scheme == "mirror":
            gradient = self._rescaled(gradient)
            plain = self.theta - eta * (gradient + self.decay * self.theta)
            # Euler's step for log theta: positive parameters stay positive at every step size.
            self.theta = np.where(self.positive, self.theta * np.exp(-eta * (gradient + self.decay)), plain)
            direction = None
        else:
            direction = self.direction(gradient)
            pull = self.decay * self.theta
            if self.flow.second_order:
                # Coupled decay is remembered by the velocity, decoupled decay acts at once.
                coupled, apart = (0.0, pull) if self.flow.decoupled else (pull, 0.0)
                # Semi-implicit: the parameters move by the new velocity, which is heavy ball as PyTorch has it.
                self.velocity = self.velocity - eta * (self.damping() * self.velocity + direction + coupled)
                self.theta = self.theta + eta * (self.velocity - apart)
            else:
                self.theta = self.theta - eta * (direction + pull)
        self.number += 1
        return direction
