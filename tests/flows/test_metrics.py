"""Metrics and time limits as users of plain Python give them: ints, Fractions, strings; errors in one line."""
from fractions import Fraction

import pytest
from sage_conslaw._sage import QQ, PolynomialRing, matrix, symbolic_ring

from sage_conslaw import TimeLimitReached, conservation_laws, count_conservation_laws, flows, networks
from sage_conslaw.cli.command import cli

R = PolynomialRing(QQ, "u, v")
U, V = R.gens()


def laws(metric, phi=(U * V,), **options):
    return conservation_laws(list(phi), flow=flows.gradient(metric=metric), seed=0, **options)


@pytest.mark.parametrize(
    "metric, expected",
    [
        ([1, 2], 2 * U**2 - V**2),
        ([Fraction(1, 2), 1], 2 * U**2 - V**2),
        ([[1, 0], [0, 2]], 2 * U**2 - V**2),
        (["1", "2"], 2 * U**2 - V**2),
        (["u", "v"], U - V),
        ([U, V], U - V),
        ([U, 1], 2 * U - V**2),
        (["1/v", "1/u"], U - V),
        ([1 / V, 1 / U], U - V),
        ([[1 / V, 0], [0, 1 / U]], U - V),
        (matrix([[1, 0], [0, 1]]), U**2 - V**2),
    ],
    ids=str,
)
def test_metrics_of_every_kind(metric, expected):
    """theta' = -M grad: for phi = u v the law has gradient (a, b) with a M_11 v + b M_22 u = 0."""
    result = laws(metric, degree=4)
    assert any(law in (expected, -expected) for law in result.laws), result.laws
    assert result.number == 1 and result.complete is True


@pytest.mark.parametrize(
    "metric, said",
    [
        ([0.5, 1], "exact rationals"),
        ([U], "1 parameter"),
        ([[U, V], [U, V]], "singular"),
        ([[1, 2]], "square"),
        (["w", "1"], "w"),
        ([], "metric"),
        ("sphere", "choose"),
        (3, "metric"),
        ([symbolic_ring().var("u"), symbolic_ring().var("v")], "Symbolic Ring"),
        ([None, 1], "None"),
    ],
    ids=str,
)
def test_bad_metrics(metric, said):
    with pytest.raises((TypeError, ValueError)) as error:
        laws(metric)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_rates_of_weight_decay_add():
    twice = flows.weight_decay(2, flows.weight_decay(3))
    assert twice.decay == 5
    assert conservation_laws(networks.product(2), flow=twice, seed=0).readable_laws() == ["exp(10*t)*(x1^2 - x2^2)"]


def test_the_error_bound_knows_the_coefficients():
    """An unlucky prime is likelier for larger integers: the bound must grow with them."""
    U, V, W = PolynomialRing(QQ, "U, V, W").gens()
    flow = flows.gradient(metric=[1, U, 1])
    small = count_conservation_laws([U**2 * V + U, W], proof=False, seed=0, flow=flow)
    large = count_conservation_laws([3**20000 * U**2 * V + U, W], proof=False, seed=0, flow=flow)
    assert small.status == large.status == "probable"
    assert large.error_bound > 100 * small.error_bound


def test_the_error_bound_is_an_argument():
    result = count_conservation_laws(networks.linear([2, 3, 2]), proof=False, seed=0, error_bound=1e-40)
    assert result.status == "probable" and result.error_bound <= 1e-40 and result.number == 6
    for bad in (0, 1, -1, "x", True):
        with pytest.raises((TypeError, ValueError)):
            count_conservation_laws(networks.linear([2, 2]), error_bound=bad)


def test_time_limit_keeps_the_laws():
    with pytest.raises(TimeLimitReached) as reached:
        conservation_laws(networks.linear([2, 2, 2]), time_limit=0)
    assert reached.value.partial["status"] == "bounded" and reached.value.partial["number_at_most"] <= 8


def test_an_error_of_our_own_is_not_called_bad_input(monkeypatch, capsys):
    import sage_conslaw.engine.outcome

    def broken(*arguments, **options):
        return int([])
    monkeypatch.setattr(sage_conslaw.engine.outcome, "supervised", broken)
    assert cli.main(["laws", "linear", "2", "2"]) == 1
    assert "internal error" in capsys.readouterr().err
