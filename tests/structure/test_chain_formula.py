"""The number of laws of linear networks as a formula: its conditions, and the number at other widths."""
import numpy as np
import pytest

from sage_conslaw import count_conservation_laws, networks
from sage_conslaw.flows.problem import problem
from sage_conslaw.structure.chain_formula import conditions, number_of_laws
from sage_conslaw.structure.chains import kinds_of_components
from sage_conslaw.width.true_width import width_of


def counted(widths):
    found = width_of(problem(networks.linear(widths)).family).counted(np.random.default_rng(0))
    assert found.rank + found.laws == found.response.dimension
    return found.formula(), found.laws


def holds(forms, old, new):
    """Say whether widths meet conditions that were found at other ones."""
    value = dict(zip(old, new))
    return all((sum(a * value[n] for n, a in form.items()) == number) if exact
               else sum(a * value[n] for n, a in form.items()) >= number for form, number, exact in forms)


def test_conditions_of_a_narrowing_network():
    assert conditions([40, 30, 20]) == [({30: -1, 40: 1}, 2, False), ({20: -1, 30: 1}, 2, False), ({20: 1}, 2, False)]


def test_where_conditions_hold_the_components_are_the_same():
    random, met = np.random.default_rng(0), 0
    for _ in range(300):
        old = random.choice(np.arange(2, 40), random.integers(2, 5), replace=False).tolist()
        forms = conditions(old)
        if forms is None:
            continue
        for _ in range(30):
            new = random.integers(1, 14, len(old)).tolist()
            if holds(forms, old, new):
                met += 1
                kinds = dict(kinds_of_components(old))
                numbers = dict(kinds_of_components(new))
                assert set(numbers) == set(kinds)
                assert all(n == kinds[kind] or min(n, kinds[kind] - 1) >= 2 for kind, n in numbers.items())
                terms = number_of_laws(old).items()
                assert sum(value * np.prod([new[l] for l in key]) for key, value in terms) == sum(
                    value * np.prod([new[l] for l in key]) for key, value in number_of_laws(new).items())
    assert met > 50


@pytest.mark.parametrize("large, small", [([61, 31, 23, 19], [8, 6, 4, 2]), ([9, 40, 7], [2, 6, 3]),
                                          ([6, 20, 20, 17], [4, 6, 6, 4]), ([2, 50, 50, 2], [2, 4, 4, 2]),
                                          ([12, 6, 9], [6, 3, 5])])
def test_the_formula_at_small_widths(large, small):
    formula, laws = counted(large)
    assert formula.value == laws and not formula.fixed
    assert int(formula.expression(dict(zip(large, small)))) == int(
        count_conservation_laws(networks.linear(small), seed=0))


def test_conditions_are_words():
    formula, _ = counted([61, 31, 31, 19])
    assert formula.where({61: "a", 31: "b", 19: "c"}) == ("a >= b + 2", "b >= c + 2", "c >= 2")
    formula, _ = counted([4, 30, 4])
    assert str(formula.expression({4: "m", 30: "n"})) == "-2*m^2 + 2*m*n + m"
    assert formula.where({4: "m", 30: "n"}) == ("m >= 2", "n >= 2*m + 2")
