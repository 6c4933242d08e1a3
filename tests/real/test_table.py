"""Networks whose model forgets a fact: never complete with a wrong number, and what is true is between the bounds."""
import json

import numpy as np
import pytest
from sage_conslaw import conservation_laws, count_conservation_laws, flows, networks


def normalised(p, q, m, **options):
    return networks.normalised(p, q, m, **options)


def softmax(p, q, m):
    x, W, U, b = (
        networks.input(p),
        networks.parameter("W", p, q),
        networks.parameter("U", q, m),
        networks.parameter("b", m),
    )
    return networks.custom((x @ W).softmax() @ U + b)


def gated_residual(d, h):
    x, W, V, a = (
        networks.input(d),
        networks.parameter("W", d, h),
        networks.parameter("V", h, d),
        networks.parameter("a", 1),
    )
    return networks.custom(x + a.tanh() * ((x @ W).relu() @ V))


def sigmoid_scale(p, m):
    x, W, a = networks.input(p), networks.parameter("W", p, m), networks.parameter("a", 1)
    return networks.custom(a.sigmoid() * (x @ W))


def gelu_scale(d):
    x, a, b = networks.input(d), networks.parameter("a", d), networks.parameter("b", d)
    return networks.custom(a.gelu() * x * b)


def two_norms(p, q, m):
    x, W, U = networks.input(p), networks.parameter("W", p, q), networks.parameter("U", q, m)
    return networks.custom((x @ W).rms_norm().rms_norm() @ U)


def squared_norm(p, q, m):
    x, W, U, b = (
        networks.input(p),
        networks.parameter("W", p, q),
        networks.parameter("U", q, m),
        networks.parameter("b", m),
    )
    return networks.custom((x @ W).rms_norm() ** 2 @ U + b)


# Network, and the number of laws of the real one at generic points: of Lie ranks of real gradients, by an independent
# program.
TRUE = [
    (lambda: normalised(2, 4, 1, norm="rms", gain=False, bias=False), 4),
    (lambda: normalised(1, 3, 1, norm="rms"), 8),
    (lambda: normalised(1, 3, 1, norm="batch"), 9),
    (lambda: normalised(2, 1, 2), 4),
    (lambda: softmax(2, 3, 2), 4),
    (lambda: gated_residual(2, 2), 3),
    (lambda: sigmoid_scale(2, 2), 1),
    (lambda: gelu_scale(2), 2),
    (lambda: networks.mixture(2, 1, 2, gate="normalised sigmoid", active=1), 6),
    (lambda: networks.relu([1, 4, 1]), 6),
    (lambda: networks.perceptron([1, 2, 1], activation="abs"), 3),
]


_OPEN = [TRUE[2][0]]


def bounds(result):
    return result.laws_at_least, result.number


@pytest.mark.parametrize("case", range(len(TRUE)))
def test_the_true_number_is_between_the_bounds_and_nothing_else_is_called_complete(case):
    build, true = TRUE[case]
    result = conservation_laws(build(), seed=1, real=True)
    least, most = bounds(result)
    assert least <= true <= most
    assert result.assumption == "none"
    assert (result.complete is True) == (len(result.independent) == true and result.status == "proved")
    assert most == true
    # What the polynomials of the model leave open is explained: by the region, by rotations, or by functions of
    # parameters. Batch normalisation of one input is the exception: signs of weights are constants there.
    assert least == true or build in _OPEN
    count = count_conservation_laws(build(), seed=2, real=True)
    assert bounds(count)[0] <= true == count.number


FAMILIES = [
    *[lambda h=h: networks.relu([1, h, 1]) for h in (3, 5, 8)],
    *[lambda h=h: networks.perceptron([1, h, 1], activation="abs") for h in (2, 4)],
    *[lambda s=s: normalised(*s, norm="rms", gain=False, bias=False) for s in ((2, 5, 1), (1, 4, 1), (2, 3, 1))],
    *[lambda s=s: softmax(*s) for s in ((2, 2, 2), (3, 4, 2))],
    *[lambda s=s: gated_residual(*s) for s in ((2, 3), (3, 2))],
    *[lambda s=s: sigmoid_scale(*s) for s in ((1, 2), (3, 2))],
    *[lambda d=d: gelu_scale(d) for d in (1, 3)],
    lambda: two_norms(2, 4, 1),
    lambda: squared_norm(2, 3, 2),
]


@pytest.mark.parametrize("case", range(len(FAMILIES)))
def test_other_sizes_are_complete_only_where_real_fields_reach_it(case):
    net = FAMILIES[case]()
    result = conservation_laws(net, seed=3)
    assert result.assumption == "none", result.real
    if result.complete is True:
        assert result.real.rank + len(result.independent) == result.state_dimension
    else:
        # The exact model may count what the real fields have; where it spans more, the rest is open.
        assert result.number == result.state_dimension - result.real.rank
        assert (
            result.status != "bounded"
            or f"the real network may have {result.number - result.laws_at_least} more" in repr(result)
        )


def test_laws_on_a_region_are_laws_of_its_linear_pieces():
    result = conservation_laws(networks.relu([1, 4, 1]), seed=3)
    region = result.region
    assert region.complete and len(region.independent_laws) == result.number and region.patterns == 2
    theta = [int(a) for a in region.point]
    rows = np.zeros((2, 8))
    for sample, x in enumerate((1.0, -1.0)):
        on = np.array(theta[:4]) * x > 0
        rows[sample, :4], rows[sample, 4:] = on * x * theta[4:], on * np.array(theta[:4]) * x
    for law in region.laws:
        names = {str(v): i for i, v in enumerate(law.parent().gens())}
        slope = [float(law.derivative(v)(*theta)) for v in law.parent().gens()]
        assert len(names) == 8 and np.abs(rows @ slope).max() < 1e-9
    assert result.to_dict()["region"]["complete"] is True
    assert "on the region of activation around" in repr(result)
    assert "on the region" in repr(count_conservation_laws(networks.relu([1, 4, 1]), seed=3))


def test_what_is_no_polynomial_is_said():
    block = conservation_laws(gated_residual(2, 2), seed=0)
    assert len(block.further_laws) == block.number - len(block.independent) == 1
    # There is no closed form with this gate.
    assert [law.count("integral of gelu") for law in conservation_laws(gelu_scale(2), seed=0).further_laws] == [1, 1]
    spans = conservation_laws(normalised(2, 4, 1, norm="rms", gain=False, bias=False), seed=0).further_laws
    assert spans == ("the span of the vectors of W and U in R^4, of dimension 3",)
    # With a gain the norm does not commute with rotations.
    assert conservation_laws(normalised(2, 4, 1, norm="rms"), seed=0).further_laws == ()


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "exp"])
def test_integrals_in_closed_form(name):
    import sympy
    from sage_conslaw.structure.parameter_gates import _CLOSED
    a = sympy.Symbol("a", positive=True)
    g = {"tanh": sympy.tanh(a), "sigmoid": 1 / (1 + sympy.exp(-a)), "exp": sympy.exp(a)}[name]
    integral = {"tanh": sympy.sinh(a) ** 2, "sigmoid": 2 * a + 2 * sympy.exp(a), "exp": 2 * a}[name]
    assert str(integral) == _CLOSED[name].format("a").replace("^", "**")
    assert sympy.simplify(sympy.diff(integral, a) - 2 * g / sympy.diff(g, a)) == 0


def test_momentum_of_a_norm_without_gain_may_have_more():
    # Rotations commute with the norm; their Noether laws are at least three.
    result = conservation_laws(
        normalised(3, 3, 2, norm="rms", gain=False, bias=False), flow=flows.momentum(), seed=0, real=True
    )
    assert result.number >= 3 and (result.complete is not True or len(result.independent) >= 3)


@pytest.mark.parametrize(
    "net",
    [
        networks.relu([2, 3, 2]),
        networks.relu([3, 4, 4, 2], bias=True),
        networks.icnn(2, 3, 2, bias=True),
        networks.perceptron([3, 4, 2], activation="gelu", bias=True),
        networks.gated(2, 3),
        networks.attention(4, 2),
        networks.attention(4, 2, rotary=True, causal=True),
        networks.mixture(2, 1, 3),
        networks.convolutional([1, 2, 1], activation="gelu"),
        networks.perceptron([2, 3, 1], activation="leaky relu"),
    ],
    ids=str,
)
def test_generic_networks_need_no_assumption(net):
    result = conservation_laws(net, seed=0, real=True)
    assert (result.assumption, result.complete, result.status) == ("none", True, "proved")
    assert "no assumption" in repr(result) and json.loads(json.dumps(result.to_dict()))["assumption"] == "none"


@pytest.mark.parametrize(
    "net",
    [
        networks.linear([3, 2, 3]),
        networks.nmf(2, 2, 2),
        networks.product(3),
        networks.perceptron([2, 2, 1], activation="z^3"),
    ],
    ids=str,
)
def test_polynomial_networks_are_their_own_models(net):
    result = conservation_laws(net, seed=0, real=False)
    assert result.assumption == "none" and result.real.method == "polynomial"


def test_left_out_or_unknown_is_said():
    result = conservation_laws(networks.relu([2, 2, 1]), seed=0, real=False)
    assert result.assumption == "span" and "under the span condition" in repr(result)
    x = networks.input(2)
    unknown = conservation_laws(networks.custom(x.cut() @ networks.parameter("W", 2, 2)), seed=0, real=True)
    assert unknown.assumption == "span" and "not named" in unknown.assumption_in_words()
    with pytest.raises(TypeError, match="insist"):
        conservation_laws(networks.relu([2, 2, 1]), real="yes")


def test_the_same_seed_gives_the_same_real_rank():
    first, again = (conservation_laws(networks.gated(2, 2), seed=5).real for _ in range(2))
    assert first == again and first.point == again.point


@pytest.mark.parametrize(
    "flow",
    [flows.momentum(), flows.momentum(tau=1), flows.nesterov(), flows.weight_decay(1), flows.gradient(metric="mirror")],
    ids=str,
)
@pytest.mark.parametrize("net", [networks.relu([2, 2, 1]), networks.gated(2, 1)], ids=str)
def test_every_flow_has_real_fields(net, flow):
    result = count_conservation_laws(net, flow=flow, seed=1, real=True)
    assert result.assumption == "none"
    model = count_conservation_laws(net, flow=flow, seed=1, real=False)
    assert result.lie_dimension <= model.lie_dimension


def test_gradients_that_span_the_model_need_no_words():
    # The Lie algebra grows slowly here, 2, 3, 4, 5, 7 by word length: words of the real fields would take long.
    result = count_conservation_laws(networks.normalised(1, 3, 1), seed=1)
    assert (result.number, result.status, result.assumption) == (5, "proved", "none")
    assert result.real.spans and len(result.real.words) < len(result.lie_sequence)
    assert "span what the model's do" in result.assumption_in_words()


@pytest.mark.parametrize(
    "build",
    [
        lambda: squared_norm(1, 3, 1),
        lambda: networks.custom(
            (networks.parameter("a", 3).gelu() * (networks.input(1) @ networks.parameter("W", 1, 3)))
            @ networks.parameter("U", 3, 1)
        ),
        lambda: normalised(1, 4, 1, norm="rms"),
        lambda: networks.perceptron([1, 3, 1], activation="abs"),
    ],
)
def test_one_input_that_only_scales_leaves_one_direction(build):
    # Gradients of all inputs are multiples of one, by numbers: brackets add nothing, and the upper bound is proved.
    result = count_conservation_laws(build(), seed=0)
    assert (result.number, result.status, result.assumption) == (result.state_dimension - 1, "proved", "none")
    assert result.real.most == 1
    # A clock is no multiple of them.
    drifting = count_conservation_laws(build(), flow=flows.weight_decay(1), seed=0)
    assert drifting.real is None or drifting.real.most is None
