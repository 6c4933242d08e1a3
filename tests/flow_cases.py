r"""
What the tests of flows share: the kinds of momentum, formulas for their numbers, and what a proved result is.
"""
from fractions import Fraction
from itertools import combinations

import pytest
import sage_conslaw._sage  # noqa: F401  (before any other import from Sage)
from sage.rings.polynomial.polynomial_ring_constructor import PolynomialRing
from sage.rings.rational_field import QQ
from sage.symbolic.ring import SR
from sage_conslaw import conservation_laws, flows
from spaces import jacobian_rank

HALF = Fraction(1, 2)
MOMENTA = {"tau 0": lambda: flows.momentum(tau=0), "tau 1": lambda: flows.momentum(tau=1),
           "tau 1/2": lambda: flows.momentum(tau=HALF), "Nesterov": flows.nesterov}
FACTOR = {"tau 0": "1", "tau 1": "s", "tau 1/2": "s", "Nesterov": "t^3"}
each_momentum = pytest.mark.parametrize("kind", MOMENTA)
R = PolynomialRing(QQ, "u,v")
u, v = R.gens()
S4 = PolynomialRing(QQ, "x,y,z,t1")
a, b = SR.var("u,v")


def proved(result, number, found=None):
    r"""Assert the number of laws, that it is proved, and how many independent polynomial laws were found."""
    found = number if found is None else found
    assert result.number == number
    assert result.independent_laws_found == jacobian_rank(result.laws) == found
    assert result.complete is (found == number)
    if found == number:
        assert result.status == "proved"


def parse(texts, result_or_names):
    r"""Return Sage polynomials of the texts in the ring of the names."""
    names = result_or_names if isinstance(result_or_names, list) else \
        [str(g) for g in result_or_names.laws[0].parent().gens()]
    ring = PolynomialRing(QQ, names)
    return [ring(text) for text in texts]


def momentum_number(n, r, m):
    r"""Return the number of laws of `U V` with momentum ([MGP2024], and recomputed for n = m = 1)."""
    if r == 1:
        return 0
    if n == m == 1:
        return 2 * (2 * r - 3)
    k = n + m
    return r * (r - 1) // 2 if r <= 2 * k else 2 * k * r - k * (2 * k + 1)


def angular(n, r, m, factor="1"):
    r"""Return the entries above the diagonal of `U^T U' - U'^T U + V V'^T - V' V^T` as text, times a factor."""
    out = []
    for j, k in combinations(range(1, r + 1), 2):
        parts = [f"U1_{i}_{j}*dU1_{i}_{k} - dU1_{i}_{j}*U1_{i}_{k}" for i in range(1, n + 1)]
        parts += [f"U2_{j}_{i}*dU2_{k}_{i} - dU2_{j}_{i}*U2_{k}_{i}" for i in range(1, m + 1)]
        out.append(f"({factor})*({' + '.join(parts)})")
    return out


def laws_under(phi, metric, degree=2, **options):
    return conservation_laws(phi, flow=flows.gradient(metric=metric), degree=degree, seed=1, **options)
