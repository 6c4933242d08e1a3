"""Exceptional parameters where the relations have parameters in them: laws checked at numbers on each branch."""
import random

import pytest

from sage_conslaw import conservation_laws, exceptional_parameters, is_conserved, system

CASES = [
    (["x", "y", "z"], ["-b*y", "a*x", "c*z + d"], ["a", "b", "c", "d"], ["a*x^2 + b*y^2 - 1"]),
    (["x", "y"], ["-w*y", "w*x"], ["w", "R"], ["x^2 + y^2 - R^2"]),
    (["x", "y", "z"], ["-w*y", "w*x", "k*z"], ["w", "k", "R"], ["x^2 + y^2 - R"]),
]


def at_numbers(case, values):
    variables, drift, parameters, relations = case
    numbered = [f"{name} = {values[name]}" if name in values else name for name in parameters]
    return system(variables, drift, parameters=numbered, relations=relations)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case[3][0])
def test_laws_of_branches_hold_at_numbers_on_them(case):
    found = exceptional_parameters(system(case[0], case[1], parameters=case[2], relations=case[3]), degree=2, seed=0)
    assert found.branches
    draw, checked = random.Random(0), 0
    for branch in found.branches:
        if not branch.solution:
            continue
        # No squares: the relations must not split.
        values = {name: draw.choice([2, 3, 5, 7]) for name in case[2]}
        for name, value in branch.solution:
            ring = branch.condition[0].parent()
            values[name] = ring.fraction_field()(value)(*(values.get(str(g), 0) for g in ring.gens()))
        # The texts of laws have the numbers put in; a law that is not one would leave a derivative.
        family = at_numbers(case, values)
        for law in branch.laws:
            at = law(*(values.get(str(g), g) for g in law.parent().gens()))
            assert is_conserved(str(at), family)
            checked += 1
    assert checked


def test_a_branch_agrees_with_the_search_at_numbers():
    case = CASES[0]
    found = exceptional_parameters(system(case[0], case[1], parameters=case[2], relations=case[3]), degree=2, seed=0)
    both = next(b for b in found.branches if dict(b.solution) == {"b": "0", "c": "0"})
    r = conservation_laws(at_numbers(case, {"a": 2, "b": 0, "c": 0, "d": 5}), degree=2, seed=0)
    assert len(r.independent) == both.independent


def test_where_the_relations_degenerate_is_said():
    found = exceptional_parameters(system(["x", "y", "z"], ["-b*y", "a*x", "x*y"], parameters=["a", "b"],
                                          relations=["a*x^2 + b*y^2 - 1"]), degree=2, seed=0)
    assert any("a = 0" in place and "degenerate" in place for place in found.not_followed)
    assert "not searched: a = 0" in repr(found)
