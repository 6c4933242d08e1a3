r"""
Every case of ``cases.py`` through every algorithm: the same number, the same space of laws, and what is proved of them.

Spaces of laws are compared by exact linear algebra over QQ, never by their printed form.
"""

import pytest
from cases import BY_NAME, CASES, NETWORKS, generators, linear_number, two_layer_number
from sage.misc.unknown import Unknown
from sage_conslaw import is_conserved
from spaces import Space, contains, jacobian_rank

SEED = 20260727
RUNS = [(case, algorithm) for case in CASES for algorithm in ("modular", "symbolic")
        if algorithm == "modular" or case.symbolic]
each_run = pytest.mark.parametrize("case, algorithm", RUNS, ids=[f"{c.name} - {a}" for c, a in RUNS])
each_case = pytest.mark.parametrize("case", CASES, ids=[c.name for c in CASES])
_found = {}


def result_of(case, algorithm):
    r"""Return the result of one run; runs are pure functions of the seed, so each is made once."""
    key = case.name, algorithm
    if key not in _found:
        _found[key] = case.find(algorithm=algorithm, seed=SEED)
    return _found[key]


@each_run
def test_number(case, algorithm):
    result = result_of(case, algorithm)
    assert result.number == case.number
    assert result.lie_dimension == result.state_dimension - case.number
    assert result.algorithm == algorithm
    assert result.seed == SEED


@each_run
def test_independent_laws_found(case, algorithm):
    result = result_of(case, algorithm)
    assert result.independent_laws_found == case.found
    assert len(result.independent) == case.found
    assert jacobian_rank(result.laws) == case.found
    assert jacobian_rank([result.laws[i] for i in result.independent]) == case.found


@each_run
def test_complete_and_status(case, algorithm):
    result = result_of(case, algorithm)
    if result.complete is Unknown:
        assert algorithm in case.monte_carlo, "the number of this case can be proved"
        assert 0 < result.error_bound < 1e-9
        assert result.status != "proved"
    else:
        assert result.complete is case.complete
        assert result.status == "proved", "complete or not is said of a number that is proved"
        assert result.error_bound is None


@each_run
def test_laws_are_a_basis(case, algorithm):
    laws = result_of(case, algorithm).laws
    space = Space(laws)
    assert space.dimension == len(laws), "the laws listed are linearly dependent"
    assert case.dimension in (None, space.dimension)
    assert all(law.degree() <= result_of(case, algorithm).degree for law in laws)
    assert all(law.constant_coefficient() == 0 for law in laws), "constants are not listed"


@each_run
def test_laws_of_the_literature_are_found(case, algorithm):
    laws = result_of(case, algorithm).laws
    if case.laws is None or not case.found:
        assert case.found or not laws
        return
    expected = case.laws(generators(result_of(case, algorithm)))
    assert expected
    assert contains(laws, expected)


@pytest.mark.parametrize("case", [c for c in CASES if c.symbolic], ids=lambda c: c.name)
def test_modular_and_symbolic_find_the_same_space(case):
    assert Space(result_of(case, "modular").laws) == Space(result_of(case, "symbolic").laws)


@each_case
def test_every_law_is_conserved(case):
    result = result_of(case, "modular")
    data = case.build()
    for law in result.laws:
        assert is_conserved(law, data, **{key: value for key, value in case.options().items() if key != "real"}) is True


@each_run
def test_count_alone(case, algorithm):
    count = case.count(algorithm=algorithm, seed=SEED)
    assert count.number == case.number
    assert count.lie_dimension + count.number == count.state_dimension
    assert count.algorithm == algorithm
    if count.status == "probable":
        assert 0 < count.error_bound < 1e-9
        assert algorithm in case.monte_carlo
    else:
        assert (count.status, count.error_bound) == ("proved", None)


@each_case
def test_count_without_proof_claims_nothing_it_cannot_know(case):
    r"""Without a squeeze the number is Monte Carlo, with a bound; only a full rank proves itself (`r = N`: no law)."""
    count = case.count(proof=False, seed=SEED)
    assert count.number == case.number
    assert count.status in ("probable", "proved")
    assert (count.status == "probable") == (count.error_bound is not None)
    if count.status == "probable":
        assert 0 < count.error_bound < 1e-9


@each_run
def test_ranks_grow(case, algorithm):
    ranks = result_of(case, algorithm).lie_sequence
    assert list(ranks) == sorted(ranks)
    if ranks:
        assert ranks[-1] == result_of(case, algorithm).lie_dimension


@pytest.mark.parametrize("name", [c.name for c in NETWORKS if c.name.startswith("relu")])
def test_path_lifting_needs_no_bracket(name):
    result = result_of(BY_NAME[name], "modular")
    assert result.lie_sequence[0] == result.lie_dimension


@pytest.mark.parametrize("name", ["linear 3 2 3", "relu 2 3 2 with biases", "linear 3 2 3 cross-entropy", "Euler top",
                                  "linear 1 2 2 1", "phi u^2 v"])
def test_readable_basis(name):
    r"""Small integers without a common factor, the same from run to run, whatever the seed, and for both algorithms."""
    case = BY_NAME[name]
    laws = result_of(case, "modular").laws
    for law in laws:
        coefficients = law.coefficients()
        assert all(c.denominator() == 1 and abs(c) <= 10 for c in coefficients)
        assert all(any(c % k for c in coefficients) for k in range(2, 11))
    assert [law.degree() for law in laws] == sorted(law.degree() for law in laws)
    for seed in (1, 2):
        assert case.find(seed=seed).laws == laws
    assert result_of(case, "symbolic").laws == laws


@pytest.mark.parametrize("name, degrees, found", [
    ("linear 1 2 2 1", (3, 4), 6), ("cyclic Lotka-Volterra", (1, 2), 1), ("Henon-Heiles", (1, 2), 0),
    ("periodic Toda lattice", (1, 2), None), ("linear 3 2 3 cross-entropy", (1,), 2), ("product 3", (1,), 0),
])
def test_degree_bounds_the_search(name, degrees, found):
    r"""The number of all laws does not depend on the degree; what is found, and whether it is complete, does."""
    from sage_conslaw import conservation_laws

    case = BY_NAME[name]
    for degree in degrees:
        result = conservation_laws(case.build(), **case.options(), degree=degree, seed=SEED)
        assert result.number == case.number
        assert result.degree == degree
        assert result.independent_laws_found == (degree if found is None else found)
        assert result.complete is not True


def test_formulas_agree_with_the_printed_numbers():
    r"""Numbers that the sources print, so that a slip in the formulas of ``cases.py`` cannot hide a slip in the
    package."""
    assert two_layer_number(3, 2, 3) == 3 and two_layer_number(3, 4, 3) == 10
    assert two_layer_number(2, 5, 2) == 14 and two_layer_number(1, 3, 1) == 2 * 3 - 1
    assert linear_number((2, 2, 2, 2)) == 6
    assert linear_number((5, 3, 4, 2)) == 16 and linear_number((5, 5, 4, 2, 3)) == 28
    for n, m in ((1, 1), (1, 2), (2, 3)):  # the regimes meet at r = n + m - 1 and r = n + m
        k = n + m
        for r in (k - 1, k):
            assert two_layer_number(n, r, m) == k * r - k * (k - 1) // 2
