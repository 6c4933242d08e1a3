"""Numbers of laws by region of activation."""
import json

import pytest
from sage_conslaw import count_conservation_laws, networks
from sage_conslaw.real.regions import numbers_by_region


@pytest.mark.parametrize("hidden", [2, 4])
def test_one_input_without_bias(hidden):
    # Units of both signs: 2 h - 2 laws; all of one sign: 2 h - 1.
    regions = numbers_by_region(networks.relu([1, hidden, 1]), points=60, seed=1)
    assert sorted(region.number for region in regions) == [2 * hidden - 2, 2 * hidden - 1]
    assert abs(sum(region.share for region in regions) - 1) < 1e-12
    for region in regions:
        signs = {weight > 0 for weight in region.point[:hidden]}
        assert region.number == region.least == 2 * hidden - len(signs) and region.patterns == 2


def test_the_command_line_lists_them():
    from click.testing import CliRunner
    from sage_conslaw.cli.command import cli
    for command in ("count", "laws"):
        out = CliRunner().invoke(cli, [command, "relu", "1", "2", "1", "--regions", "--json", "--seed", "0"]).output
        regions = json.loads(out)["regions"]
        assert {(region["number"], region["number_at_least"]) for region in regions} == {(2, 2), (3, 3)}
    lines = CliRunner().invoke(cli, ["count", "relu", "1", "2", "1", "--regions", "--seed", "0"]).output.splitlines()
    assert len(lines) == 3 and "laws at" in lines[1]


def test_dead_units_behind_dead_units():
    # A second layer that gets nonnegative numbers times negative weights is dead for every input.
    net = networks.relu([2, 1, 1, 1])
    for region in numbers_by_region(net, points=30, seed=0):
        dead = region.point[2] < 0
        assert region.number == region.least == (4 if dead else 2)


def test_only_piecewise_networks_have_regions():
    with pytest.raises(ValueError, match="piecewise"):
        numbers_by_region(networks.linear([2, 2]))
    with pytest.raises(ValueError, match="points 0"):
        numbers_by_region(networks.relu([1, 2, 1]), points=0)


@pytest.mark.parametrize("widths", [(5, 4, 8, 5, 9), (4, 3, 6, 4, 3)], ids=str)
def test_deep_networks_are_looked_at_where_units_are_balanced(widths):
    # At random points units behind two others are on or off for most inputs, and the rank falls short.
    result = count_conservation_laws(networks.relu(list(widths)), seed=0)
    assert (result.number, result.status, result.assumption) == (sum(widths[1:-1]), "proved", "none")
