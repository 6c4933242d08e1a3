r"""
How the drift of laws depends on the step: its order, by a fit over several steps at one training time.
"""
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .._sage import SageObject
from .observables import search
from .simulate import positive_number, simulate
from ..runtime.errors import InputError, InputTypeError
from .plots import drift_picture

# A drift below this part of the laws' own size is rounding: laws that a scheme keeps exactly (linear ones by Euler's
# method, bilinear ones by the heavy ball without damping) showed at most 1e-15 after 10^3 steps, 6e-14 after 10^4 and
# 4e-13 after 10^5.
_ROUNDING = 1e-11


@dataclass(frozen=True, repr=False)
class DriftOrder(SageObject):
    r"""
    The total drift of laws at one training time, for several steps, and its order in the step.

    - ``steps``, ``time`` -- the steps `\eta` and the training time `T = k \eta` common to all

    - ``groups`` -- the labels of the groups of laws; ``drifts``, ``predictions`` -- for each, one number a step

    - ``orders`` -- for each, the slope `p` and the factor `c` of the least-squares line
      `\log |drift| = \log c + p \log \eta`, or ``None`` where the drift is rounding

    - ``trainings`` -- the trainings themselves
    """

    steps: tuple
    time: float
    groups: tuple
    numbers: tuple
    drifts: tuple
    predictions: tuple
    orders: tuple
    trainings: tuple = field(compare=False)

    def _repr_(self):
        parts = []
        for group, number, order in zip(self.groups, self.numbers, self.orders):
            laws = f"{group + ': ' if group else ''}{number} law{'' if number == 1 else 's'}"
            parts.append(f"{laws}, {'no drift but rounding' if order is None else f'order {order[0]:.2f}'}")
        return (
            f"drift at the time {self.time:g} for {len(self.steps)} steps from {min(self.steps):g} to "
            f"{max(self.steps):g}: {'; '.join(parts)}"
        )

    def to_dict(self):
        """Return the result as JSON objects (numbers, strings, lists)."""
        groups = []
        for group, number, drifts, predicted, order in zip(
            self.groups, self.numbers, self.drifts, self.predictions, self.orders
        ):
            groups.append({"group": group, "laws": number, "drifts": list(drifts), "predictions": list(predicted),
                           "order": None if order is None else order[0], "factor": None if order is None else order[1]})
        return {"steps": list(self.steps), "time": self.time, "groups": groups}

    def plot(self, figsize=None):
        """Return a picture on logarithmic axes: drifts with their lines, and as rings what was predicted."""
        return drift_picture(self, figsize)


def drift_order(
    network, *, steps, time, flow: Any = None, loss: str | None = None, seed: int | None = 0, laws=None, **start
) -> DriftOrder:
    r"""
    Measure the total drift of laws at one training time as a function of the step, and fit its order.

    INPUT:

    - ``steps`` -- at least two sizes of steps; ``time`` -- the training time, a whole number of each

    - the other arguments, also ``data``, ``theta``, ``velocity``, ``batch`` and ``scheme`` -- as for :func:`simulate`,
      the same start for every step

    OUTPUT: a :class:`DriftOrder`

    ALGORITHM: explicit Euler is of order one, and so is the drift of any law of the flow.  For a law `h` of degree two,
    with quadratic part `h_2`, the change in one step is known: `h(\theta - \eta v) - h(\theta) = \eta^2 h_2(v)`, for
    `\langle \nabla h, v \rangle = 0`.

    EXAMPLES:

    First order for gradient descent, and exactly as predicted::

        sage: from sage_conslaw import conservation_laws, drift_order, flows, networks
        sage: net = networks.linear([2, 2, 2])
        sage: r = drift_order(net, steps=[0.02, 0.01, 0.005], time=1); r
        drift at the time 1 for 3 steps from 0.005 to 0.02: 3 laws, order 1.0...
        sage: max(abs(a - b) for a, b in zip(r.drifts[0], r.predictions[0])) < 1e-12
        True

    Heavy ball does not keep the laws of gradient flow, however small the step; its own law, which is zero at rest, it
    keeps to rounding, and from a velocity to first order::

        sage: flow = flows.momentum(tau=1)
        sage: laws = {"gradient flow": conservation_laws(net), "momentum": conservation_laws(net, flow=flow)}
        sage: drift_order(net, flow=flow, laws=laws, steps=[0.02, 0.01, 0.005], time=1)
        drift at the time 1 for 3 steps from 0.005 to 0.02: gradient flow: 3 laws, order ...; momentum: 1 law, no drift
        but rounding
        sage: drift_order(net, flow=flow, velocity=[1, 0, 0, 2, 0, 1, 0, 0], steps=[0.02, 0.01, 0.005], time=1)
        drift at the time 1 for 3 steps from 0.005 to 0.02: 1 law, order 1.0...

    What does not work::

        sage: drift_order(net, steps=[0.3, 0.1], time=1)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: the time 1 is not a whole number of steps of size 0.3; take the time over an integer,
        e.g. 0.333333
        sage: drift_order(net, steps=[0.1], time=1)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: 1 size of a step shows no order; give at least two different ones, e.g. steps=[0.02,
        0.01]
    """
    time, sizes = positive_number(time, "time"), _sizes(steps)
    # All runs end at one time: drifts at different times have no order in the step.
    numbers = [_whole(time, size) for size in sizes]
    if laws is None:
        # The laws are searched once, not for each step.
        laws = search(network, flow, loss, seed)()
    same = {"flow": flow, "loss": loss, "seed": seed, "laws": laws, **start}
    trainings = tuple(
        simulate(network, step=size, steps=number, every=number, **same) for size, number in zip(sizes, numbers)
    )
    groups = tuple(dict.fromkeys(trainings[0].groups))
    drifts = tuple(tuple(run.total_drift(group) for run in trainings) for group in groups)
    predictions = tuple(tuple(run.predicted_drift(group) for run in trainings) for group in groups)
    orders = []
    for group, measured in zip(groups, drifts):
        # The laws' own size along the runs: a drift is small or large against it.
        size = max(abs(run.trajectories[[label == group for label in run.groups]]).max() for run in trainings)
        orders.append(None if min(measured) <= _ROUNDING * max(size, 1.0) else fit(sizes, measured))
    return DriftOrder(
        tuple(sizes), time, groups, tuple(trainings[0].groups.count(group) for group in groups), drifts, predictions,
        tuple(orders), trainings,
    )


def plot_drift(network, *, steps, time, figsize=None, **options):
    r"""
    Return a picture of the total drift at one training time over the step, with its order: :func:`drift_order`, drawn.

    EXAMPLES::

        sage: from sage_conslaw import networks, plot_drift
        sage: plot_drift(networks.linear([2, 2, 2]), steps=[0.02, 0.01, 0.005], time=1)
        Graphics object consisting of 3 graphics primitives
    """
    return drift_order(network, steps=steps, time=time, **options).plot(figsize)


def fit(steps, drifts):
    r"""Return the slope `p` and the factor `c` of the least-squares line through `(\log \eta, \log |drift|)`."""
    # A power law is a line in logarithms: |drift| = c eta^p.
    slope, intercept = np.polyfit(
        np.log(np.asarray(steps, dtype=np.float64)), np.log(np.asarray(drifts, dtype=np.float64)), 1
    )
    return float(slope), float(np.exp(intercept))


def _sizes(steps):
    if isinstance(steps, str) or not hasattr(steps, "__iter__"):
        raise InputTypeError(f"steps {steps!r} is not a list of sizes; give e.g. steps=[0.02, 0.01]")
    sizes = [positive_number(size, "step") for size in steps]
    if len(set(sizes)) < 2:
        raise InputError(
            f"{len(set(sizes))} size of a step shows no order; give at least two different ones, e.g. "
            f"steps=[0.02, 0.01]"
        )
    return sizes


def _whole(time, size):
    number = round(time / size)
    # Sizes like 1/3 are written with six digits or more.
    if number < 1 or abs(time / size - number) > 1e-5 * number:
        raise InputError(
            f"the time {time:g} is not a whole number of steps of size {size:g}; take the time over an integer, "
            f"e.g. {time / max(number, 1):.6g}"
        )
    return number
