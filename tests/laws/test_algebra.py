"""Generators and relations of the algebra of laws, and level sets."""
import pytest
import sympy

from sage_conslaw import InputError, conservation_laws, networks, system


def test_products_are_no_generators():
    result = conservation_laws(networks.linear([2, 2, 2]), degree=4, seed=0)
    assert len(result.laws) == 9 and len(result.generators()) == 3


@pytest.mark.parametrize("r", [2, 3, 4])
def test_relations_hold_and_close_the_count(r):
    """For 1, r, 1 the quadratic laws are u_i u_j - v_i v_j and u_i v_j - u_j v_i: r^2 generators, 2r - 1
    independent."""
    result = conservation_laws(networks.linear([1, r, 1]), seed=0)
    generators = result.generators()
    assert len(generators) == r * r and len(result.independent) == 2 * r - 1
    relations = result.relations(2)
    assert relations
    values = {f"h{i}": parsed(law) for i, law in enumerate(generators, start=1)}
    for relation in relations:
        total = sum(
            sympy.Rational(str(c)) * sympy.prod(values[str(g)] ** int(e) for g, e in zip(relation.parent().gens(), m))
            for m, c in relation.dict().items()
        )
        assert sympy.expand(total) == 0
    # Cubic relations of r = 2 follow from the quadratic one.
    if r == 2:
        assert len(relations) == 1 and result.relations(3) == relations


def parsed(law):
    gens = law.parent().gens()
    return sum(
        sympy.Rational(str(c)) * sympy.prod(sympy.Symbol(str(g)) ** int(e) for g, e in zip(gens, m))
        for m, c in law.dict().items()
    )


def test_level_set():
    result = conservation_laws(networks.product(3), seed=0)
    leaf = result.level_set({"x1": 2, "x2": 1, "x3": 0})
    assert leaf.dimension() == 1
    x1, x2, x3 = leaf.ring.gens()
    assert x2**2 - x3**2 - 1 in leaf.eliminate(["x1"])
    for bad in ([1, 2], {"x1": 1}):
        with pytest.raises(ValueError):
            result.level_set(bad)
    with pytest.raises(ValueError):
        leaf.eliminate(["y"])


@pytest.mark.parametrize("record, degree, number, relation", [
    # Over Q(k) a square is generated; modulo relations and with roots it is reduced.
    ((["x", "y"], ["k1*x", "-k2*x"], ["k1", "k2"]), 3, 1, []),
    ((["x", "y"], ["sqrt(2)*y", "-x"], []), 4, 1, []),
    ((["s", "c", "p"], ["c*p", "-s*p", "-s"], [], ["s^2 + c^2 - 1"]), 4, 1, []),
    # On the cone the laws x and y, z satisfy its equation.
    ((["x", "y", "z", "w"], ["0", "0", "0", "w"], [], ["x*y - z^2"]), 2, 3, ["-h2^2 + h1*h3"]),
])
def test_generators_over_parameters_and_modulo_relations(record, degree, number, relation):
    names, drift, parameters, relations = (*record, [])[:4]
    family = system(names, drift, parameters=parameters, relations=relations)
    result = conservation_laws(family, degree=degree, seed=0)
    assert len(result.laws) > number == len(result.generators())
    assert [len(f.monomials()) for f in result.relations(2)] == [2] * len(relation)


def test_a_level_set_lies_on_the_variety():
    pendulum = conservation_laws(system(["s", "c", "p"], ["c*p", "-s*p", "-s"], relations=["s^2 + c^2 - 1"]), seed=0)
    assert pendulum.level_set([0, 1, 3]).dimension() == 1
    with pytest.raises(InputError, match="is not on"):
        pendulum.level_set([1, 1, 3])
