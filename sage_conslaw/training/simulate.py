r"""
Training in floating point, step by step, with the laws watched.
"""
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from ..runtime.arguments import integer_at_least, seed_of
from ..flows.flow import gradient
from ..flows.sign import SignFlow
from ..flows.spanned import WrittenFlow
from ..flows.uncounted import UncountedFlow
from ..graph.network import required
from ..flows.problem import as_flow, problem
from .descent import Descent
from .entrywise import Entrywise
from .momentum_steps import MomentumSteps
from .objective import Objective
from .observables import observables, search
from .result import Training
from ..runtime.errors import InputError, InputTypeError


def simulate(
    network, *, flow: Any = None, data: Any = None, step, steps, loss: str | None = None,
    seed: int | None = None, theta=None, velocity=None, laws=None, batch=None, scheme=None, every=1,
) -> Training:
    r"""
    Train a network in floating point by a discretised flow and watch its laws; nothing here is proved.

    INPUT:

    - ``flow`` -- the flow (default: gradient flow in the network's own metric) or an optimiser; its discretisation is
      written in :mod:`.descent`, :mod:`.entrywise`, and for Lion and Muon, which have no family, in
      :mod:`.momentum_steps`

    - ``data`` -- a pair ``(X, Y)``, one row a sample; for a network without input ``Y`` alone; ``None`` for 20 random
      normal samples

    - ``step``, ``steps`` -- the size `\eta` of a step and how many

    - ``loss`` -- ``"least-squares"``, the mean of `|f(x) - y|^2 / 2`, or ``"cross-entropy"``, with one-hot targets

    - ``seed`` -- an integer, for whatever is drawn: data, parameters, mini-batches

    - ``theta``, ``velocity`` -- where to start; by default parameters drawn by :func:`initial_parameters`, at rest

    - ``laws`` -- what to watch: by default the independent laws of the flow; a list of polynomials or strings in names
      of the state; the result of :func:`conservation_laws`, also for another flow; or a dictionary of these by labels

    - ``batch`` -- the size of mini-batches, drawn anew in each step (SGD); by default all samples

    - ``scheme`` -- ``"euler"`` or ``"mirror"``; by default mirror descent where the flow has the entropy's metric

    - ``every`` -- record losses and laws each so many steps

    OUTPUT: a :class:`Training`

    EXAMPLES:

    The balance of a linear network drifts by `O(\eta)`, and by what is predicted::

        sage: from sage_conslaw import flows, networks, simulate
        sage: r = simulate(networks.linear([3, 2, 3]), step=0.01, steps=200, seed=0); r
        200 steps of size 0.01 (gradient descent): loss 1.99 -> 1.76; 3 laws, largest drift 0.00063
        sage: bool(abs(r.trajectories[:, -1] - r.trajectories[:, 0] - r.predictions[:, -1]).max() < 1e-12)
        True
        sage: simulate(networks.linear([3, 2, 3]), step=0.001, steps=2000,  # abs tol 0.01
        ....:     seed=0).total_drift() / r.total_drift()
        0.1

    Momentum breaks these laws and keeps its own::

        sage: from sage_conslaw import conservation_laws
        sage: net = networks.linear([3, 2, 3])
        sage: flow = flows.momentum(tau=1)
        sage: both = {"gradient flow": conservation_laws(net), "momentum": conservation_laws(net, flow=flow)}
        sage: r = simulate(net, flow=flow, step=0.01, steps=200, seed=0, laws=both)
        sage: r.total_drift("gradient flow") > 0.01, r.total_drift("momentum") < 1e-10
        (True, True)

    A network with a softmax, and one with positive parameters, which mirror descent keeps positive::

        sage: bool(simulate(networks.attention(3, 1), step=0.01, steps=20, seed=0).drifts().max() < 0.01)
        True
        sage: bool((simulate(networks.nmf(3, 2, 3), step=0.1, steps=50, seed=0).theta > 0).all())
        True

    Sign descent keeps the laws of the region where it starts, Adam none of gradient flow's::

        sage: simulate(networks.linear([1, 2, 3]), flow="sign", step=0.001, steps=200, seed=0)
        200 steps of size 0.001 (sign descent): loss ... -> ...; 3 laws, largest drift ...e-1...
        sage: r = simulate(net, flow="adam", laws=conservation_laws(net), step=0.001, steps=500, seed=0)
        sage: r.conserved, r.total_drift() > 0.1
        ((False, False, False), True)

    What does not work::

        sage: simulate(net, step=10, steps=100, seed=0)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: training diverged at step ... of 100 with the step size 10: the loss is ...; try a
        smaller step, e.g. step=1
        sage: simulate(net, step=0, steps=100)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: step 0 is not a positive number; try step=0.01
        sage: simulate(net, step=0.1, steps=100, data=([[1, 2]], [[1, 2, 3]]))
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: the data for the input x have the shape (1, 2); give (samples,) + (3,)
    """
    required(network, f"{network!r} is not a network; give e.g. networks.linear([2, 3, 2])")
    step, steps, every = positive_number(step, "step"), _count(steps, "steps", 100), _count(every, "every", 1)
    seed = seed_of(seed)
    flow = as_flow(flow)
    # Where the optimiser is no flow, the laws of gradient flow are watched, and whether they are kept is not known.
    counted = not isinstance(flow, UncountedFlow)
    asked = problem(network, flow if counted else gradient("euclidean"), loss)
    generator = np.random.default_rng(seed)
    descent = _descent(flow, asked, network, step, scheme)
    # Parameters, data and mini-batches have streams of their own, so that giving one does not move the others.
    objective = Objective(network, data, asked.loss, np.random.default_rng([seed, 1]))
    batch = None if batch is None else _batch(batch, objective.samples)
    if theta is None:
        theta = initial_parameters(network, generator, descent.positive)
    descent.start(*_start(network, descent, theta, velocity))
    # Second moments begin at the first gradient, before the first state is recorded.
    descent.meet(objective(descent.theta)[1])
    if isinstance(flow, SignFlow) and not flow.at:
        # The laws of the region of signs in which the run starts.
        flow = replace(flow, at=tuple(zip(network.response().names, map(Fraction, descent.theta))))
        asked = problem(network, flow, loss)
    watched = observables(asked, laws, search(network, asked.flow, loss, seed), counted)
    times, losses, values, predictions = _train(
        descent, objective, watched, steps, batch, every, np.random.default_rng([seed, 2])
    )
    return Training(
        network=repr(network), flow=repr(flow), optimiser=descent.name, loss=asked.loss, step=step, steps=steps,
        seed=seed, samples=objective.samples, batch=batch, laws=watched.texts, groups=watched.groups,
        conserved=watched.conserved, initial_loss=losses[0], final_loss=losses[-1], times=np.array(times),
        losses=np.array(losses), trajectories=values, predictions=predictions, theta=descent.theta,
        velocity=descent.velocity if flow.second_order else None,
    )


def _descent(flow, asked, network, step, scheme):
    """Return what makes the steps of a flow."""
    if not isinstance(flow, WrittenFlow):
        return Descent(flow, asked.family, step, scheme)
    if scheme not in (None, "euler"):
        raise InputError(f"scheme {scheme!r} does not go with {flow!r}; leave it out")
    if isinstance(flow, UncountedFlow):
        return MomentumSteps(flow, asked.family, network, step)
    return Entrywise(flow, asked.family, network.response(asked.loss), step)


def _train(descent, objective, watched, steps, batch, every, generator):
    """Make the steps; return times, losses, values of laws and their predicted changes."""
    evaluate, quadratic = watched.evaluator(), watched.quadratic_parts()
    first_order = descent.first_order
    # NaN where nothing is predicted: it stays NaN in every sum.
    predicted = np.where(watched.predictable(), 0.0, np.nan) if first_order else np.full(len(watched.terms), np.nan)
    times, losses, values, predictions = [], [], [], []
    # What diverges is said below with its step, not by numpy's warnings.
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        # One pass more than there are steps: the last records where they ended.
        for number in range(steps + 1):
            record = number % every == 0 or number == steps
            rows = None if batch is None else generator.choice(objective.samples, batch, replace=False)
            loss, gradient = objective(descent.theta, rows)
            if batch is not None and record:
                # A step sees its mini-batch; recorded is the loss on all samples.
                loss = objective.value(descent.theta)
            if not (np.isfinite(loss) and np.isfinite(descent.theta).all()):
                raise InputError(
                    f"training diverged at step {number} of {steps} with the step size {descent.step:g}: the loss is "
                    f"{loss:g}; try a smaller step, e.g. step={descent.step / 10:g}"
                )
            if (descent.theta[descent.positive] <= 0).any():
                raise InputError(
                    f"a positive parameter became {descent.theta[descent.positive].min():g} at step {number} of "
                    f"{steps} with the step size {descent.step:g}; try a smaller step, e.g. step={descent.step / 10:g}"
                )
            if record:
                times.append(descent.time)
                losses.append(loss)
                values.append(evaluate(descent.state()))
                predictions.append(predicted)
            if number < steps:
                direction = descent.advance(gradient)
                if first_order:
                    predicted = predicted + descent.step ** 2 * quadratic(direction)
    return times, losses, np.array(values).T, np.array(predictions).T


def initial_parameters(network, generator, positive=None):
    """Return random parameters: normal numbers with the variance one over an array's longest axis; positive ones are
    uniform around that deviation."""
    # A sum of n products with this variance keeps the size of its input, whatever n is.
    parts = [
        (int(np.prod(shape, dtype=np.int64)), max(shape, default=1) ** -0.5) for shape in network.parameters.values()
    ]
    deviations = np.concatenate([np.full(size, deviation) for size, deviation in parts])
    theta = generator.normal(size=len(deviations)) * deviations
    if positive is not None and positive.any():
        # Away from zero, where the entropy's metric vanishes and nothing moves.
        theta = np.where(positive, generator.uniform(0.5, 1.5, size=len(theta)) * deviations, theta)
    return theta


def _start(network, descent, theta, velocity):
    theta = _vector(theta, network.dimension, "theta")
    if (theta[descent.positive] <= 0).any():
        raise InputError(
            f"theta has the entry {theta[descent.positive].min():g}, but this parameter is positive; "
            f"start at positive numbers"
        )
    if velocity is None:
        # At rest and undamped the metric tau theta + w of the entropy is zero, and nothing would ever move.
        if descent.positive.any() and descent.flow.second_order and not descent.flow.tau.constant:
            raise InputError(
                "at rest and without damping the metric theta' is zero and nothing moves; give a "
                "positive velocity, or tau=1"
            )
        return theta, None
    if not descent.flow.second_order:
        raise InputError("velocity belongs to momentum flows; leave it out, or give flow=flows.momentum(tau=1)")
    return theta, _vector(velocity, network.dimension, "velocity")


def _vector(values, size, name):
    try:
        values = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputTypeError(f"{name} cannot be read as a list of numbers; give one a parameter") from None
    if values.shape != (size,):
        raise InputError(f"{name} has the shape {values.shape}; the network has {size} parameters")
    if not np.isfinite(values).all():
        raise InputError(f"{name} has an entry that is not finite")
    return values


def positive_number(value, name):
    """Return a positive number as a float, or say what is wrong with it."""
    advice = "try time=1" if name == "time" else "try step=0.01"
    if isinstance(value, (bool, str)) or not hasattr(value, "__float__"):
        raise InputTypeError(f"{name} {value!r} is not a number; {advice}")
    number = float(value)
    if not (np.isfinite(number) and number > 0):
        raise InputError(f"{name} {value} is not a positive number; {advice}")
    return number


def _count(value, name, example):
    return integer_at_least(value, 1, name, f"give e.g. {name}={example}")


def _batch(batch, samples):
    batch = _count(batch, "batch", samples)
    if batch > samples:
        raise InputError(f"batch {batch} is larger than the number of samples, {samples}; give at most that")
    return batch
