"""Gradings of systems whose weights do not fit in a word."""
import pytest

from sage_conslaw import conservation_laws, system
from sage_conslaw.laws.gradings import WeightLattice


def test_weights_beyond_a_word():
    """The weights of a long chain double each time: gradings are coarser then, never wrong."""
    lattice, n = WeightLattice(), 80
    state = lattice.unknowns(n)
    for one, other in zip(state, state[1:]):
        lattice.relation({other: 1, one: -2})
    signs, scales = lattice.characters(state)
    assert len(signs) == len(scales) == n
    for column in scales.T.tolist():
        assert all(other == 2 * one for one, other in zip(column, column[1:]))


@pytest.mark.parametrize("n", [9, 250])
def test_a_ring(n):
    names = [f"x{k}" for k in range(n)]
    found = conservation_laws(system(names, [f"x{(k + 1) % n}*x{(k + 7) % n}" for k in range(n)]), seed=0)
    assert (found.number, found.laws, found.complete) == (n - 1, (), False)
