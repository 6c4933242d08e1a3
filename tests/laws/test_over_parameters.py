"""Laws over Q(k) of random mass-action networks: against values of the parameters, and in time."""
import random
import time

import pytest

from sage_conslaw import InputError, conservation_laws, is_conserved
from sage_conslaw._sage import QQ
from sage_conslaw.inputs.systems import system
from spaces import Space


def network(seed, species, rates):
    """Return a random network with mass action: reactions between complexes of one or two species, some of which occur
    again."""
    draw = random.Random(seed)
    names, constants = [f"x{i}" for i in range(1, species + 1)], [f"k{i}" for i in range(1, rates + 1)]
    drift, complexes = {name: [] for name in names}, []
    for k in constants:
        pair = []
        for again in (0.4, 0.3):
            fresh = tuple(sorted(draw.choice(names) for _ in range(draw.choice([1, 1, 2]))))
            pair.append(draw.choice(complexes) if complexes and draw.random() < again else fresh)
        complexes += pair
        before, after = pair
        for name in sorted({*before, *after}):
            change = after.count(name) - before.count(name)
            if change:
                drift[name].append(f"{change:+d}*{'*'.join([k, *before])}")
    return names, ["".join(drift[name]).lstrip("+") or "0" for name in names], constants


@pytest.mark.parametrize("seed", range(12))
def test_laws_over_the_parameters_specialise_to_those_at_values(seed):
    """At random rational rates there are as many laws as generically, and the generic ones become these."""
    names, drift, constants = network(seed, 7, 9)
    generic = conservation_laws(system(names, drift, parameters=constants), degree=2, seed=0)
    draw = random.Random(seed)
    values = {k: QQ(draw.randint(100, 999)) / draw.randint(100, 999) for k in constants}
    special = system(names, drift, parameters=[f"{k} = {v}" for k, v in values.items()])
    found = conservation_laws(special, degree=2, seed=0).laws
    assert len(found) == len(generic.laws)
    ring = special.ring()
    images = [law(*(values[k] for k in constants), *ring.gens()) for law in generic.laws]
    assert Space(images) == Space(found)


def test_many_networks_in_a_minute():
    start, laws = time.perf_counter(), 0
    draw = random.Random(5)
    for seed in range(110):
        names, drift, constants = network(1000 + seed, draw.randint(4, 14), draw.randint(4, 18))
        laws += len(conservation_laws(system(names, drift, parameters=constants), degree=2, seed=0).laws)
    assert laws > 500 and time.perf_counter() - start < 120


def test_fourteen_species_and_twenty_three_rates():
    names, drift, constants = network(3, 14, 23)
    family = system(names, drift, parameters=constants)
    result = conservation_laws(family, degree=2, seed=0, time_limit=60)
    assert all(is_conserved(law, family) for law in result.laws[:10])


def test_a_law_that_nobody_can_write_down_is_refused():
    # A complete graph of first-order reactions: the coefficients count spanning trees, 9^7 of them.
    names = [f"x{i}" for i in range(1, 10)]
    pairs = [(a, b) for a in names for b in names if a != b]
    constants = [f"k{i}" for i in range(1, len(pairs) + 1)]
    drift = {name: [] for name in names}
    for k, (a, b) in zip(constants, pairs):
        drift[a].append(f"-{k}*{a}")
        drift[b].append(f"+{k}*{a}")
    drift = ["".join(drift[name]) for name in names]
    laws = conservation_laws(system(names, drift, parameters=constants), degree=1, seed=0).laws
    assert {str(m) for m in laws[0].monomials()} == set(names) and len(laws) == 1
    with pytest.raises(InputError, match="terms"):
        extra = system([*names, "y", "z"], [*drift, "x1", "x2"], parameters=constants)
        conservation_laws(extra, degree=1, seed=0)
