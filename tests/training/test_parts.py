"""Parts of trainings, fact by fact: optimisers as they run, results, pictures and step maps."""
import json
from fractions import Fraction

import numpy as np
import pytest
from sage.misc.sage_unittest import TestSuite as run_suite

from sage_conslaw import InputError, conservation_laws, drift_order, flows, networks, simulate, step_laws
from sage_conslaw.flows.problem import problem
from sage_conslaw.runtime.errors import InputTypeError
from sage_conslaw.training.descent import Layers
from sage_conslaw.training.drift import fit
from sage_conslaw.training.entrywise import Entrywise
from sage_conslaw.training.momentum_steps import MomentumSteps
from sage_conslaw.training.objective import Objective
from sage_conslaw.training.observables import observables, search
from sage_conslaw.training.plots import law_picture
from sage_conslaw.training.simulate import initial_parameters, positive_number
from sage_conslaw.training.step_map import StepMap

PRODUCT = networks.product(2)


def training(**options):
    return simulate(PRODUCT, **{"step": 0.1, "steps": 1, "theta": [1, 2], "data": [0], "seed": 1, **options})


@pytest.mark.parametrize("kind", ["sign", "lion"])
def test_steps_by_the_sign(kind):
    net = networks.linear([1, 2]) if kind == "lion" else PRODUCT
    if kind == "lion":
        flow = flows.from_torch_optimizer("lion", betas=(0.5, 0.5))
        running = MomentumSteps(flow, flows.gradient().family(net.response()), net, 0.5)
    else:
        running = Entrywise(flows.sign(), flows.sign().family(net.response()), net.response(), 0.5)
    running.start(np.array([1.0, 2.0]))
    running.advance(np.array([3.0, -7.0]))
    assert running.theta.tolist() == [0.5, 2.5] and running.state().tolist() == [0.5, 2.5] and running.time == 0.5


def test_layers_have_their_own_rates():
    rescaled = Layers(networks.linear([1, 1, 2]).response()).rescaled(np.array([2.0, 3, 4]), np.array([1.0, 0, 10]))
    assert rescaled.tolist() == [2, 0, 5]


def test_observables():
    watched = observables(problem(PRODUCT), ["x1^2 - x2^2", "x1 + x2"])
    assert (watched.texts, watched.conserved) == (("x1^2 - x2^2", "x1 + x2"), (True, False))
    at = np.array([3.0, 1.0])
    assert watched.evaluator()(at).tolist() == [8, 4] and watched.quadratic_parts()(at).tolist() == [8, 0]
    assert watched.predictable() == (True, False)
    assert search(PRODUCT, None, None, 0)().number == 1
    with pytest.raises(InputError, match="the law has the variable q, which is not a coordinate of the state"):
        observables(problem(PRODUCT), ["q^2"])


def test_laws_of_another_flow_are_watched():
    net = networks.linear([1, 2, 1])
    both = {"gradient": conservation_laws(net), "momentum": conservation_laws(net, flow=flows.momentum())}
    assert observables(problem(net, flows.momentum()), both).conserved == (False, False, False, True, True)


def test_trainings():
    run = training(steps=10)
    assert (run.laws, run.conserved, run.trajectories.shape) == (("x1^2 - x2^2",), (True,), (1, 11))
    assert run.times[:3].round(3).tolist() == [0, 0.1, 0.2]
    assert str(run) == "10 steps of size 0.1 (gradient descent): loss 2 -> 0.00104; 1 law, largest drift 0.181"
    run_suite(run).run()
    # One step changes the law by 0.1^2 (4^2 - 2^2).
    one = training()
    assert abs(one.total_drift() - 0.12) < 1e-12 and abs(one.predicted_drift() - 0.12) < 1e-12
    with pytest.raises(InputError, match="there is no group 'momentum' of laws"):
        one.total_drift("momentum")
    record = training(steps=2).to_dict()
    assert (record["step"], record["laws"], len(record["trajectories"][0])) == (0.1, ["x1^2 - x2^2"], 3)
    assert json.loads(json.dumps(record)) == record


def test_pictures():
    run = simulate(networks.product(3), step=0.1, steps=10, seed=0)
    assert len(run.plot()) == 4 and len(run.plot("loss")) == 1 and len(law_picture(run, logarithmic=True)) == 4
    with pytest.raises(InputError, match="there is no picture 'speed'"):
        run.plot("speed")


def test_orders_of_drift():
    assert np.allclose(fit([1, 2, 4], [3, 12, 48]), (2, 3))
    order = drift_order(PRODUCT, steps=[0.1, 0.05], time=1, seed=0)
    assert len(order.plot()) == 3
    run_suite(order).run()
    assert order.to_dict()["steps"] == [0.1, 0.05] and order.to_dict()["groups"][0]["laws"] == 1


def test_objectives_and_starts():
    assert Objective(networks.linear([1, 1]), ([[1.0], [3.0]], [[0.0], [0.0]])).value(np.array([2.0])) == 10
    # (2^2 + 6^2) / 4 and (2 + 18) / 2; then the first sample alone.
    E, theta = Objective(networks.linear([1, 1]), ([[1.0], [3.0]], [[0.0], [0.0]])), np.array([2.0])
    assert E(theta) == (10, [10]) and E(theta, rows=[0]) == (2, [2])
    with pytest.raises(InputError, match="classes one-hot: numpy.eye"):
        Objective(networks.linear([1, 2]), ([[1.0], [3.0]], [0, 1]), "cross-entropy")
    generator = np.random.default_rng(0)
    assert abs(initial_parameters(networks.linear([100, 1]), generator).std() - 0.1) < 0.02
    theta = initial_parameters(networks.nmf(2, 2, 2), generator, np.ones(8, dtype=bool))
    assert (theta > 0.35).all() and (theta < 1.07).all()
    assert positive_number(Fraction(1, 4), "step") == 0.25
    for value, name, error in (("fast", "step", InputTypeError), (-1, "time", InputError)):
        with pytest.raises(error, match=f"try {name}="):
            positive_number(value, name)


def test_step_maps():
    heavy = StepMap("sgd", {"momentum": Fraction(9, 10)})
    tenth = Fraction(1, 10)
    assert heavy.matrices(tenth) == ([[1, Fraction(-9, 100)], [0, Fraction(9, 10)]], [-tenth, 1])
    assert StepMap("sgdw", {"weight_decay": Fraction(1, 2)}).matrices(tenth) == ([[Fraction(19, 20)]], [-tenth])
    assert [text for text, _ in StepMap("sgd", {"weight_decay": 1}).factors(2, None)] == ["1 - lr", "(1 - lr)^2"]
    found = step_laws(networks.linear([1, 2]), loss="cross-entropy", seed=0)
    assert str(found.laws[0]) == "U1_1_1 + U1_1_2, times 1 a step"
    assert step_laws(PRODUCT, seed=0).to_dict()["laws"] == []
