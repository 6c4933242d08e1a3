"""Where the outputs of a norm are not arbitrary, wide networks are not called complete."""
import pytest

from sage_conslaw import count_conservation_laws, networks
from sage_conslaw.pytorch.norms import normalised

P = networks.parameter


def unit(q, eps):
    z = networks.input(2) @ P("W", 2, q)
    return z.rms_norm() if eps is None else normalised(z, eps, centre=eps > 1e-6)


def out(z, q):
    return networks.custom(z @ P("U", q, 1))


def one_gain(q, eps=None):
    return out(unit(q, eps) * P("g", 1), q)


def gains_of_halves(q, eps=None):
    return out((unit(q, eps).reshape(2, q // 2) * P("g", q // 2)).reshape(q), q)


def gains_of_a_half(q, eps=None):
    return out(unit(q, eps)[:q // 2] * P("g", q // 2), q // 2)


def gains_of_tokens(q, eps=None):
    return out((networks.input(3, 2) @ P("W", 2, q)).rms_norm() * P("g", 3, 1), q)


def one_number_before(q, eps=None):
    z = ((networks.input(3) @ P("A", 3, 1)).gelu() @ P("W", 1, q)).rms_norm()
    return out(z * P("g", q), q)


def one_gain_two_places(q, eps=None):
    """Both halves are read with the same gains, each by weights of its own."""
    z, g, h = unit(q, eps), P("g", q // 2), q // 2
    return networks.custom((z[:h] * g) @ P("U", h, 1) + (z[h:] * g) @ P("V", h, 1))


NARROW = [one_gain, gains_of_halves, gains_of_a_half, gains_of_tokens, one_number_before, one_gain_two_places]


@pytest.mark.parametrize("make", NARROW, ids=lambda make: make.__name__)
def test_nothing_is_called_complete_then(make):
    assert make(400).response().forgotten


def test_the_small_network_has_more_laws_than_the_free_values_say():
    """Two norms and the span of `W` and `U` in `R^4`, three dimensions of it; free values leave the norms alone."""
    assert count_conservation_laws(one_gain(4), seed=0).number == 5


@pytest.mark.parametrize("eps", [1e-6, 1e-5], ids=["rms", "layer"])
def test_norms_with_eps_commute_with_the_same_rotations(eps):
    assert one_gain(400, eps).response().forgotten and gains_of_halves(400, eps).response().forgotten
    assert not out(unit(400, eps) * P("g", 400), 400).response().forgotten


def test_entries_of_one_unit_share_gains():
    """Pixels and samples are no units, and heads rotate each by itself."""
    x = networks.input(3, 2, name="x")
    batch = (x @ P("W", 2, 400)).batch_norm() * P("g", 400)
    heads = (x @ P("W", 2, 400)).reshape(3, 4, 100).rms_norm() * P("g", 100)
    group = (x.reshape(2, 3).transpose(1, 0) @ P("W", 2, 400)).transpose(1, 0).reshape(2, 600).rms_norm()
    group = group.reshape(400, 3) * P("g", 400, 1)
    for z, shape in [(batch, (3, 400)), (heads.reshape(3, 400), (3, 400)), (group.transpose(1, 0), (3, 400))]:
        assert z.shape == shape and not out(z, 400).response().forgotten
