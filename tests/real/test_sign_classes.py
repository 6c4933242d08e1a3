"""Optimisers that read gradients, on real networks: no assumption where real gradients span or separate enough."""
import pytest
from sage_conslaw import conservation_laws, count_conservation_laws, flows, networks

RELU = networks.relu([2, 2, 1])


@pytest.mark.parametrize("flow", [flows.sign(), flows.adagrad(), flows.weight_decay(1, flows.sign())], ids=str)
@pytest.mark.parametrize(
    "net", [networks.linear([2, 2, 1]), RELU, networks.perceptron([2, 1, 1], activation="gelu")], ids=str
)
def test_generic_networks_need_no_assumption(net, flow):
    result = conservation_laws(net, flow=flow, seed=0)
    assert (result.assumption, result.status, result.complete) == ("none", "proved", True)
    left = conservation_laws(net, flow=flow, seed=0, real=False)
    assert left.number == result.number
    assert (left.assumption == "none") == (net.architecture == "linear")


def test_a_second_layer_that_is_never_off_has_more_laws():
    # Positive weights: both units of the second layer are on for every input, so that the two weights behind a unit of
    # the first layer have proportional gradients. The model has no such law.
    result = conservation_laws(networks.relu([2, 2, 2, 1]), flow=flows.sign(), seed=0)
    assert (len(result.independent), result.number, result.status) == (0, 2, "bounded")
    assert result.complete is not True and result.real.method == "signs"


def test_few_inputs_have_few_sign_vectors():
    # All units are on, or all off: one sign vector up to sign.
    result = count_conservation_laws(networks.relu([1, 4, 1]), flow=flows.sign(), seed=0)
    assert result.number == 7 and result.status != "proved"
    # Adam reads gradients that span less than the model's.
    adam = count_conservation_laws(networks.relu([1, 3, 1]), flow=flows.adam(), seed=0)
    assert adam.status == "bounded" and adam.real.less


def test_a_point_of_other_signs_keeps_the_assumption():
    # Real gradients are looked at where the parameters are positive.
    result = conservation_laws(RELU, flow=flows.sign({"U1_1_1": -1}), seed=0)
    assert result.assumption == "span"


@pytest.mark.parametrize("flow", [flows.sign(), flows.sign({"U1_1_1": -1}), flows.adam(), "adagrad", "lars"], ids=str)
def test_the_span_at_a_point_is_checked_for_every_optimiser(flow):
    whole = RELU.check_span(samples=40, seed=1, flow=flow)
    assert whole.words[-1] == whole.dimension - whole.laws and whole.further_laws_at_most == 0
    few = RELU.check_span(samples=1, seed=1, flow=flow)
    assert few.words == (0,) and "may have up to" in repr(few)


def test_what_cannot_be_written_out_says_what_to_try():
    with pytest.raises(NotImplementedError, match="written out as polynomials here, and phi has .* try a smaller"):
        conservation_laws(networks.transformer_block(2, 2), flow=flows.adam())
