"""Numbers of laws by region of activation."""
import pytest
from sage_conslaw import networks
from sage_conslaw.real.regions import numbers_by_region


@pytest.mark.parametrize("hidden", [2, 4])
def test_one_input_without_bias(hidden):
    # Units of both signs: 2 h - 2 laws; all of one sign: 2 h - 1.
    regions = numbers_by_region(networks.relu([1, hidden, 1]), points=60, seed=1)
    assert sorted(region.number for region in regions) == [2 * hidden - 2, 2 * hidden - 1]
    assert abs(sum(region.share for region in regions) - 1) < 1e-12
    for region in regions:
        signs = {weight > 0 for weight in region.point[:hidden]}
        assert region.number == 2 * hidden - len(signs) and region.patterns == 2


def test_only_piecewise_networks_have_regions():
    with pytest.raises(ValueError, match="piecewise"):
        numbers_by_region(networks.linear([2, 2]))
    with pytest.raises(ValueError, match="points 0"):
        numbers_by_region(networks.relu([1, 2, 1]), points=0)
