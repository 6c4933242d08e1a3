"""Parts of the command line that no other test names: letters for widths, limits, completion, what is refused."""
import click
import pytest

from sage_conslaw import InputError, conservation_laws, count_conservation_laws, networks, system
from sage_conslaw.cli.completion import architectures, names
from sage_conslaw.cli.exceptional import branches, check
from sage_conslaw.cli.letters import counted, given_numbers, lines, pieces, sentence, with_numbers
from sage_conslaw.cli.letters import names as written_sizes
from sage_conslaw.cli.regions import regions_of
from sage_conslaw.cli.supervisor import limit_of, supervise


def test_letters_stand_for_primes():
    assert with_numbers(["h*d", "4*d"], ["heads=h"])[0] == (
        ("427", "244"), ("heads=7",), {"4*d": 244, "d": 61, "h": 7, "h*d": 427})
    assert given_numbers(["4*d", "D"], ["heads=h", "kv_heads=2"]) == {2, 4}
    assert str(written_sizes({"D": 187, "h": 17})[11]) == "D/h" and str(written_sizes({"D": 372})[31]) == "1/12*D"
    assert counted(lambda sizes, settings: sizes, lambda sizes: sizes, ["n", "2"], []) == (("61", "2"), {"n": 61})


def test_formulas_in_letters():
    found = count_conservation_laws(networks.relu([11, 31, 13]), seed=0)
    assert lines(found, {"n": 11, "h": 31, "m": 13})[0] == ["h laws, proved for n >= 2, m >= 2, h >= 2"]
    assert sentence("n^2", ("n >= 2",)) == "n^2 laws, proved for n >= 2"
    assert sentence(1, ()) == "1 law, proved for all widths"

    def build(sizes, settings):
        return networks.linear(list(map(int, sizes)))
    found = pieces(build, lambda net: count_conservation_laws(net, seed=0), ["4", "r", "4"], {"r": 61})
    assert [(str(formula), where) for formula, where in found] == [("8*r - 28", ("r >= 10",))]


def test_the_limit_among_words():
    assert limit_of(["laws", "product", "3", "--time-limit", "5"]) == 5.0
    assert limit_of(["laws", "--time-limit=soon"]) is None and limit_of([]) is None
    assert supervise(lambda: 2, 60) == 2


def test_completion():
    assert names("gradient", "momentum")(None, None, "mo") == ["momentum"]
    assert architectures(None, None, "li") == ["linear"]


def test_exceptional_values():
    family = system(["x"], ["k*x"], parameters=["k"])
    _, said = branches(family, conservation_laws(family, seed=0), None, None, None)
    assert said[:2] == ["where k = 0: 1 new law, 1 independent", "  x"]
    with pytest.raises(click.UsageError, match="--codimension belongs to --exceptional"):
        check(None, False, "2", False)


def test_regions():
    assert [(one.least, one.number) for one in regions_of(networks.relu([1, 1, 1]), {}, 0)] == [(1, 1)]
    with pytest.raises(InputError, match="--regions belongs to a network with gates"):
        regions_of([1], {}, 0)
