"""Laws with logarithms of Gram determinants, and spans that contain the ones vector, of normalisations without gain."""
import math

import numpy as np
import pytest
from sage_conslaw import conservation_laws, networks
from sage_conslaw.flows.problem import problem
from sage_conslaw.structure.gram_laws import gram_laws
from sage_conslaw.structure.isotropy import conserved_spans

P = 2**61 - 1


def without_gain(*sizes, norm="rms"):
    return networks.normalised(*sizes, norm=norm, gain=False, bias=norm != "rms")


@pytest.mark.parametrize("sizes, number", [((1, 3, 2), 2), ((1, 4, 2), 5), ((1, 2, 1), 3)])
def test_one_input_and_a_root_mean_square(sizes, number):
    # Numbers of the Lie ranks of real gradients (tests/real/oracle.py): what no polynomial explains is explained now.
    result = conservation_laws(without_gain(*sizes), seed=0)
    assert (result.laws_at_least, result.number, result.status, result.assumption) == (number, number, "proved", "none")


def test_the_law_is_conserved_by_real_gradients():
    net = without_gain(1, 4, 2)
    laws = conservation_laws(net, seed=0).terms
    (law,) = gram_laws(problem(net).family, laws, np.random.default_rng(0), P)
    generator = np.random.default_rng(1)
    W, U, s = generator.normal(size=4), generator.normal(size=(4, 2)), generator.normal(size=2)

    def value(W, U):
        z, M = np.concatenate([W, U.ravel()]), np.column_stack([W, U])

        def polynomial(terms):
            return sum(float(c) * math.prod(z[list(m)]) for m, c in terms.items())
        return polynomial(law.polynomial) + polynomial(law.factor) * math.log(np.linalg.det(M.T @ M))
    length = np.linalg.norm(W)
    dU = np.outer(W / length, s)
    dW = (U @ s - W * (W @ U @ s) / length**2) / length
    step = 1e-6
    slope = (value(W + step * dW, U + step * dU) - value(W - step * dW, U - step * dU)) / (2 * step)
    assert abs(slope) < 1e-7
    assert law.words(problem(net).family.names).endswith("*log(det(Gram(W, U)))")


def test_a_wrong_law_is_not_accepted():
    # With a gain rotations do not commute with the norm, and nothing is found.
    net = networks.normalised(1, 3, 1, norm="rms")
    assert gram_laws(problem(net).family, conservation_laws(net, seed=0).terms, np.random.default_rng(0), P) == []


def test_spans_with_the_ones_vector():
    spans = conserved_spans(problem(without_gain(1, 5, 1, norm="layer")).family)
    assert [span.words() for span in spans] == ["the span of the vectors of 1 and W and b and U in R^5, of dimension 4"]
    # Three directions in the four that sum to zero: none is left over in R^4.
    assert conserved_spans(problem(without_gain(1, 4, 1, norm="layer")).family) == []


def test_fields_with_many_terms_are_not_bracketed_symbolically():
    # The closure over the rational functions took over a minute here.
    x, W, A, U = (
        networks.input(1),
        networks.parameter("W", 1, 3),
        networks.parameter("A", 3, 2),
        networks.parameter("U", 2, 2),
    )
    result = conservation_laws(networks.custom((x @ W @ A).rms_norm() @ U), seed=0)
    assert result.laws_at_least <= 8 == result.number
