"""Products of laws that are not written out: values, gradients, rings and pickles agree with the expanded ones."""
import pickle
from fractions import Fraction

import numpy as np
import pytest

from sage_conslaw import conservation_laws, system
from sage_conslaw._sage import QQ, PolynomialRing
from sage_conslaw.exact import terms as sparse
from sage_conslaw.exact.products import Product, in_ring
from sage_conslaw.laws import over_parameters
from sage_conslaw.laws.independence import jacobian

A = {(0,): Fraction(1, 2), (1, 1): Fraction(3), (): Fraction(-1)}
B = {(0, 2): Fraction(5), (1,): Fraction(2, 3)}
P = 2 ** 61 - 1


@pytest.mark.parametrize("product", [Product(A, B), Product(A, A), Product(Product(A, B), A)])
def test_a_product_is_its_expansion(product):
    first, second = product.factors
    whole = sparse.multiply(dict(first), dict(second))
    ring = PolynomialRing(QQ, "x", 3)
    assert dict(product) == whole and in_ring(product, ring) == sparse.to_sage(whole, ring)
    assert product.degree == max(map(len, whole))
    z = np.array([5, 7, 11])
    assert (jacobian([product], 3, z, P) == jacobian([whole], 3, z, P)).all()
    assert dict(pickle.loads(pickle.dumps(product))) == whole


def test_products_that_are_too_long_are_counted_and_said(monkeypatch):
    # a y - b x is a law, and its square another; with a bound of no terms the square is left out.
    family = system(["x", "y"], ["(a + b)*x", "(a - b)*x"], parameters=["a", "b"])
    whole = conservation_laws(family, degree=2, seed=0)
    monkeypatch.setattr(over_parameters, "_MOST_PRODUCTS", 0)
    short = conservation_laws(family, degree=2, seed=0)
    assert len(whole.laws) == 2 and short.laws == whole.laws[:1] and short.complete is whole.complete is True
    assert "1 product of laws listed" in short.searched and "products of laws" not in whole.searched
