"""The pieces of a search for laws, each on a case small enough to be done by hand."""
from fractions import Fraction

import numpy as np
import pytest

from sage_conslaw import VectorFieldFamily, flows, networks, system
from sage_conslaw._sage import QQ, PolynomialRing
from sage_conslaw.exact.terms import from_sage
from sage_conslaw.expressions.polynomials import parse_polynomials
from sage_conslaw.laws.algebra import generators
from sage_conslaw.laws.basis import echelon, primitive, readable_basis
from sage_conslaw.laws.coefficients import coefficient_rows
from sage_conslaw.laws.gradings import WeightLattice, weight_words
from sage_conslaw.laws.independence import independent_in, independent_laws, jacobian
from sage_conslaw.laws.kernel import polynomial_laws, products_of_linear
from sage_conslaw.laws.monomials import blocks
from sage_conslaw.laws.on_variety import (
    algebraic_numbers, in_normal_form, laws_on_variety, symbolic_laws_on_variety,
)

ONE = Fraction(1)


@pytest.fixture
def generator():
    return np.random.default_rng(0)


def product_of_two():
    return flows.gradient().family(networks.product(2).response())


def test_bases_are_short_and_have_small_integers():
    assert primitive({0: Fraction(-1, 2), 3: Fraction(1, 3)}) == {0: 3, 3: -2}
    assert echelon([{0: ONE, 1: ONE}, {0: ONE, 2: ONE}]) == [{0: 1, 2: 1}, {1: 1, 2: -1}]
    assert echelon([{0: ONE, 1: ONE}, {0: ONE, 2: ONE}], reverse=True) == [{0: 1, 1: 1}, {0: 1, 2: 1}]
    vectors = [{0: ONE, 1: -ONE, 4: ONE}, {2: ONE, 3: -ONE, 4: -ONE}, {3: ONE, 4: ONE}]
    assert readable_basis(vectors) == [{2: 1}, {3: 1, 4: 1}, {0: 1, 1: -1, 3: -1}]
    assert readable_basis([]) == []


def test_squares_are_no_generators_and_products_have_their_degree():
    assert generators([{(0,): ONE}, {(0, 0): ONE}, {(1, 1): ONE}], 2) == [0, 2]
    assert products_of_linear([{(0,): ONE, (1,): ONE}], [([0, 1], 2)]) == [
        {(0,): 1, (1,): 1}, {(0, 0): 1, (0, 1): 2, (1, 1): 1}
    ]


def test_a_linear_law_of_opposite_fields_has_equal_coefficients():
    fields = [parse_polynomials(["x*y", "-x*y"], ["x", "y"])[1]]
    assert coefficient_rows(fields, [(0,), (1,)], [], [], 10007) == [{0: 1, 1: 10006}]


def test_a_rotation_scales_both_coordinates_together(generator):
    lattice = WeightLattice()
    x, y = lattice.unknowns(2)
    signs, scales = lattice.characters([x, y])
    assert signs.shape == scales.shape == (2, 2)
    lattice.homogeneous_field([{(1,): ONE}, {(0,): -ONE}], [x, y])
    assert lattice.characters([x, y])[1].tolist() == [[1], [1]]
    x, y = PolynomialRing(QQ, "x, y").gens()
    _, scales = weight_words(VectorFieldFamily(drift=[y, -x]), generator)
    assert scales[0] == scales[1]


def test_blocks_of_a_product_and_its_law(generator):
    family = product_of_two()
    assert [group.shape for group in blocks(family, family.groups(), generator)] == [(3, 1, 2), (1, 2, 2)]
    assert polynomial_laws(family, family.groups(2), generator) == [{(0, 0): 1, (1, 1): -1}]


def test_independence_is_that_of_gradients(generator):
    assert jacobian([{(0, 1): ONE}], 2, np.array([3, 5]), 101).tolist() == [[5, 3]]
    # At a point with a coordinate zero the other factor's derivative is not zero.
    assert jacobian([{(0, 1): ONE}, {(0, 0): ONE}], 2, np.array([0, 5]), 101).tolist() == [[5, 0], [0, 0]]
    assert independent_laws([{(0,): ONE}, {(0, 0): ONE}, {(1,): ONE}], 2, generator, 2**61 - 1) == [0, 2]


def test_what_is_constant_on_a_circle_is_no_law(generator):
    family = system(["x", "y", "z"], ["-y", "x", "0"], relations=["x^2 + y^2 - 1"])
    x, y, z = family.ring().gens()
    assert independent_in(family, list(map(from_sage, (x**2 + y**2, z, x**2))), generator) == [1, 2]
    assert in_normal_form(family.variety, list(map(from_sage, (x**2, y**2, x)))) == [{(0,): 1}, {(1, 1): 1}]


def test_the_pendulum_by_both_searches_modulo_its_relation(generator):
    pendulum = system(["s", "c", "p"], ["c*p", "-s*p", "-s"], relations=["s^2 + c^2 - 1"])
    law = [{(1,): Fraction(-2), (2, 2): ONE}]
    assert laws_on_variety(pendulum, pendulum.groups(2), generator) == law
    assert symbolic_laws_on_variety(pendulum, pendulum.groups(2)) == law


def test_a_root_of_two_is_a_number():
    family = system(["x", "y"], ["sqrt(2)*y", "-x"])
    (number, degree), = algebraic_numbers(family).items()
    assert (family.meaning[family.names[number]], degree) == ("sqrt(2)", 2)
