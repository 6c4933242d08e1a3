"""Ranks of generated Lie algebras: known ones by every route, what ends a search, and what is said of a chance."""
import numpy as np
import pytest

from sage_conslaw import TimeLimitReached, VectorFieldFamily, flows, networks, system
from sage_conslaw._sage import QQ, PolynomialRing
from sage_conslaw.exact.arithmetic import ModularArithmetic
from sage_conslaw.exact.primes import point_failure_bound, prime_failure_bound
from sage_conslaw.fields.bracket import bracket
from sage_conslaw.rank import growing_span
from sage_conslaw.rank.gradient_span import gradient_rank, outputs_independent
from sage_conslaw.rank.growing_span import lie_rank
from sage_conslaw.rank.orbit import pushed_tangents
from sage_conslaw.rank.symbolic import lie_bracket, symbolic_lie_rank
from sage_conslaw.rank.words import Effort, word_ranks
from sage_conslaw.runtime.deadline import Deadline

P = 2**61 - 1
RING = PolynomialRing(QQ, 5, "x")
a, b, c, d, e = RING.gens()
O, I = RING.zero(), RING.one()


def rng(seed=0):
    return np.random.default_rng(seed)


# name, controls, ranks by length of words up to the last that gains.
KNOWN = [
    ("zero fields", [[O] * 5], [0]),
    ("one field", [[b, -a, O, O, O]], [1]),
    ("a field and a multiple of it", [[b, -a, O, O, O], [a * b, -a * a, O, O, O]], [1]),
    ("rotations of a sphere", [[b, -a, O, O, O], [O, c, -b, O, O]], [2]),
    ("translations", [[I, O, O, O, O], [O, I, O, O, O], [O, O, I, O, O]], [3]),
    ("Heisenberg", [[I, O, -b, O, O], [O, I, a, O, O]], [2, 3]),
    ("Goursat, a chain of length 5", [[I, O, O, O, O], [O, I, a, a**2, a**3]], [2, 3, 4, 5]),
    ("free nilpotent of step 3", [[I, O, O, O, O], [O, I, a, a**2, a * b]], [2, 3, 5]),
]


class Recorder:
    """A deadline that never ends and keeps what it is told."""

    def __init__(self):
        self.told = []

    def check(self, **proved):
        self.told.append(proved)


@pytest.mark.parametrize("fields, ranks", [case[1:] for case in KNOWN], ids=[case[0] for case in KNOWN])
def test_known_ranks_by_words_and_by_brackets_over_q(fields, ranks):
    family = VectorFieldFamily(controls=fields)
    for seed in range(3):
        found = lie_rank(family, rng(seed))
        assert found.rank == ranks[-1]
        assert found.stagnated == (ranks[-1] < 5) and (0 < found.error_bound < 1e-15) == (0 < ranks[-1] < 5)
        assert found.sequence == (*ranks, *([ranks[-1]] if 0 < ranks[-1] < 5 else []))
    exact = symbolic_lie_rank(fields, rng())
    assert (exact.rank, exact.proved, exact.error_bound) == (ranks[-1], True, 0.0)
    assert exact.sequence[:len(ranks)] == tuple(ranks) and set(exact.sequence[len(ranks):]) <= {ranks[-1]}


def test_an_upper_bound_ends_the_search_and_what_lies_below_is_seen_one_length_later():
    heisenberg = VectorFieldFamily(controls=KNOWN[5][1])
    reached = lie_rank(heisenberg, rng(), upper=3)
    assert (reached.sequence, reached.stagnated, reached.error_bound) == ((2, 3), False, 0.0)
    # Four is no bound that is reached: without probes a length that gains nothing is the test.
    open_ = lie_rank(heisenberg, rng(), upper=4)
    assert open_.sequence == (2, 3, 3) and open_.stagnated and 0 < open_.error_bound < 1e-15
    # A wrong bound ends the search, too: the bounds of the engine report it.
    assert lie_rank(heisenberg, rng(), upper=1).rank == 2
    # A bound beyond the dimension is none.
    assert lie_rank(heisenberg, rng(), upper=9).sequence == (2, 3, 3)
    nothing = lie_rank(VectorFieldFamily(controls=[[O] * 5]), rng(), upper=0)
    assert (nothing.rank, nothing.stagnated) == (0, False)


def test_batches_double_where_fields_are_many():
    """Seventy constant fields in eighty coordinates: 32 words, then as many again, then what may be missing."""
    ring = PolynomialRing(QQ, 80, "y")
    family = VectorFieldFamily(controls=[[ring(int(i == j)) for j in range(80)] for i in range(70)])
    recorder = Recorder()
    found = lie_rank(family, rng(), deadline=recorder)
    assert found.sequence == (70, 70) and found.stagnated
    assert [told["rank_at_least"] for told in recorder.told] == [0, 32]
    assert all(told["ranks"] == () for told in recorder.told)


def test_words_that_cost_too_much_are_not_drawn():
    goursat = VectorFieldFamily(controls=KNOWN[6][1])
    overhead = growing_span._OVERHEAD
    cost = [(batch * 5 + overhead) * 3**depth for depth, batch in enumerate((6, 4, 3, 2))]
    for depth in (1, 2, 3):
        found = lie_rank(goursat, rng(), most_work=cost[depth] - 1)
        assert found.exhausted and not found.stagnated
        assert found.sequence == (*range(2, depth + 2), depth + 1) and found.rank == depth + 1
        assert lie_rank(goursat, rng(), most_work=cost[depth]).rank > found.rank


def test_the_chance_of_an_error_counts_every_test():
    """One field of degree 1 and one draw: words of one letter, and the probes of two."""
    family = VectorFieldFamily(controls=[[b, -a, O, O, O]])
    found = lie_rank(family, rng())
    bits = family.height_bits + (5).bit_length()

    def chance(letters):
        height = letters * (bits + (family.field_degree * (letters + 1)).bit_length())
        return point_failure_bound(2 * letters * family.field_degree, found.prime) + prime_failure_bound(2 * height)
    assert found.error_bound == pytest.approx(chance(1) + chance(2), rel=1e-9)
    # Without probes two lengths that gain nothing beyond the rank are the two tests.
    squeezed = lie_rank(family, rng(), upper=3)
    assert squeezed.error_bound == pytest.approx(found.error_bound, rel=1e-2)


def test_further_primes_make_an_error_as_improbable_as_asked():
    family = VectorFieldFamily(controls=[[b, -a, O, O, O]])
    one = lie_rank(family, rng()).error_bound
    more = lie_rank(family, rng(), error_bound=one**2.5)
    assert more.rank == 1 and one**4 < more.error_bound <= one**2.5
    assert lie_rank(family, rng(), error_bound=1e-3).error_bound == one


def test_of_several_runs_the_largest_rank_counts(monkeypatch):
    """A run that falls short is evidence of nothing; one that reaches the bound ends the search."""
    family = VectorFieldFamily(controls=[[b, -a, O, O, O]])
    answers = [growing_span.LieRank(rank, (rank,), rank < 3, 1e-10, P) for rank in (1, 2, 1, 2, 2)]
    monkeypatch.setattr(growing_span, "_lie_rank", lambda *_: answers.pop(0))
    found = lie_rank(family, rng(), error_bound=1e-25)
    assert found.rank == 2 and found.error_bound == pytest.approx(1e-30) and not answers
    answers += [growing_span.LieRank(rank, (rank,), rank < 3, 1e-10, P) for rank in (1, 3, 3)]
    assert lie_rank(family, rng(), error_bound=1e-25).rank == 3 and len(answers) == 1


def test_a_variety_has_the_degrees_of_its_relations_in_the_chance():
    sphere = system(["x", "y", "z"], ["y*z", "-2*x*z", "x*y"], relations=["x^2 + y^2 + z^2 - 1"])
    found = lie_rank(sphere, rng())
    assert found.rank == 1 and found.stagnated
    assert found.error_bound > 2 * 3 * 2 * sphere.field_degree / found.prime


def test_brackets_of_polynomials_are_those_of_dual_numbers():
    F, G = [a * b, c**2, I, O, e], [b, a * e, O, d**3, a]
    A, point = ModularArithmetic(P), np.array([3, 5, 7, 11, 13])
    exact = [int(f(*map(int, point))) % P for f in lie_bracket(F, G)]
    value = bracket(*(lambda A, z, H=VectorFieldFamily(drift=H): H.drift_value(A, z) for H in (F, G)))(A, point)
    assert np.ravel(value).tolist() == exact
    assert lie_bracket(F, F) == [0] * 5 and lie_bracket(G, F) == [-f for f in lie_bracket(F, G)]


def test_closure_is_not_proved_where_it_is_not_asked_for_or_minors_are_too_long():
    fields = [[b * c, a * c, a * b, O, O], [O, O, O, e, -d]]
    assert symbolic_lie_rank(fields, rng(), proof=True).proved
    monte_carlo = symbolic_lie_rank(fields, rng(), proof=False)
    # Two fields, none rejected, of degree 2; their bracket is zero and no test.
    assert (monte_carlo.rank, monte_carlo.sequence, monte_carlo.proved) == (2, (2, 2), False)
    assert monte_carlo.error_bound == pytest.approx(2 * 3 * 2 / 2**40)
    # The minor of the first components has one term, as each of its rows has.
    assert symbolic_lie_rank(fields, rng(), most_terms=1).proved
    # Three terms a row and a column: where no minor is computed brackets are left out, and nothing is said from above.
    fields = [[a + b, b, O, O, O], [a, a - c, O, O, O]]
    left = symbolic_lie_rank(fields, rng(), most_terms=8)
    assert (left.rank, left.sequence, left.proved, left.error_bound) == (2, (2,), False, 1.0)
    assert symbolic_lie_rank(fields, rng(), most_terms=9).proved


def test_fields_that_are_rejected_at_the_point_are_shown_to_lie_in_the_span():
    """The third is a combination over the rational functions; the last two are bracket and multiple."""
    fields = [[b, -a, O, O, O], [O, c, -b, O, O], [a * b, c - a**2, -b, O, O], [c, O, -a, O, O]]
    exact = symbolic_lie_rank(fields, rng())
    assert (exact.rank, exact.proved) == (2, True)
    assert symbolic_lie_rank(fields, rng(), proof=False).error_bound == pytest.approx((2 + 4) * 3 * 2 / 2**40)


def test_a_point_on_a_special_set_is_refused_not_believed(monkeypatch):
    """Where x0 = 0 the field x0 d/dx1 is not seen: the closure notices that it is not in the span."""
    class Special:
        def integers(self, low, high, size):
            return [0, *range(2, size + 1)]
    with pytest.raises(ArithmeticError, match="special set"):
        symbolic_lie_rank([[I, O, O, O, O], [O, a**2 * b, O, O, O]], Special())


def test_time_limits_keep_the_rank():
    for run in (lambda deadline: lie_rank(VectorFieldFamily(controls=KNOWN[5][1]), rng(), deadline=deadline),
                lambda deadline: symbolic_lie_rank(KNOWN[5][1], rng(), deadline)):
        with pytest.raises(TimeLimitReached) as reached:
            run(Deadline(0))
        assert reached.value.partial["rank_at_least"] in (0, 2)


def momentum(sizes, tau=0):
    return flows.momentum(tau).family(networks.linear(sizes).response())


def test_pushed_tangents_reach_the_rank_of_words():
    family = momentum([2, 2, 2, 2])
    for seed in range(3):
        ranks = pushed_tangents(family, rng(seed), P, 25)
        assert ranks == [5, 10, 15, 20, 23, 23, 23]
    assert pushed_tangents(family, rng(), P, 15) == [5, 10, 15]
    assert pushed_tangents(family, rng(), P, 25, idle_steps=1) == [5, 10, 15, 20, 23, 23]
    assert pushed_tangents(family, rng(), P, 23, mixed=3)[-1] == 23
    recorder = Recorder()
    pushed_tangents(family, rng(), P, 15, recorder)
    assert recorder.told == [{"rank_at_least": k, "ranks": tuple(range(5, k + 1, 5))} for k in (0, 5, 10)]
    by_flows = lie_rank(family, rng())
    assert (by_flows.rank, by_flows.sequence[-1], by_flows.stagnated) == (23, 23, True)
    assert 0 < by_flows.error_bound < 1e-8
    full = lie_rank(family, rng(), upper=23)
    assert (full.rank, full.stagnated, full.error_bound) == (23, False, 0.0)


def test_many_gradients_at_a_point_are_all_seen():
    """Forty coordinates and no law but rotations: more fields at the point than the first sixteen draws."""
    family = momentum([5, 1, 5])
    assert pushed_tangents(family, rng(), P, 21)[0] == 10
    wide = momentum([3, 9])
    assert pushed_tangents(wide, rng(), P, wide.dimension)[0] == 28
    assert lie_rank(wide, rng()).rank == wide.dimension


def words_of(sizes):
    return flows.gradient().family(networks.linear(sizes).response())


def test_word_ranks_by_block_and_what_ends_them():
    family, point = words_of([2, 2, 2]), np.array([1, 2, 3, 5, 7, 11, 13, 17])

    def ranks(wanted, *effort, deadline=None, blocks=(range(8), range(4))):
        return word_ranks(family, point, blocks, wanted, rng(), P, Effort(*effort), deadline)
    assert ranks([8, 4], 10**7, 2, 4) == [5, 4]
    # Both are full: the search ends with them, unless more lengths are to be tested.
    recorder = Recorder()
    assert ranks([5, 4], 10**7, 2, 4, deadline=recorder) == [5, 4]
    known = len(recorder.told)
    tested = Recorder()
    assert ranks([5, 4], 10**7, 2, 4, known + 1, deadline=tested) == [5, 4] and len(tested.told) == known + 1
    # A rank beyond what is wanted is seen by the lengths that are tested, and ends them.
    assert ranks([3, 4], 10**7, 2, 4, 3)[0] > 3
    assert ranks([0, 0], 10**7, 2, 4) == [0, 0]
    # No word is affordable; the first ones are.
    numbers = (8 + 2) * 8 + 20_000
    assert ranks([8, 4], numbers - 1, 2, 4) == [0, 0] and ranks([8, 4], numbers, 2, 4) != [0, 0]
    assert ranks([8, 4], 3 * (6 * 8 + 20_000) - 1, 2, 4) == ranks([8, 4], numbers, 2, 4)


def test_lengths_without_gain_end_the_search_but_not_before_the_shortest():
    family, point = words_of([2, 2, 2]), np.zeros(8, dtype=np.int64)
    for idle, shortest, lengths in ((2, 0, 2), (1, 4, 4), (3, 1, 3), (2, 3, 3)):
        recorder = Recorder()
        # At the origin every field vanishes.
        found = word_ranks(family, point, [range(8)], [8], rng(), P, Effort(10**9, idle, shortest), recorder)
        assert found == [0] and len(recorder.told) == lengths


@pytest.mark.parametrize("sizes, expected", [([3, 2, 3], 8), ([2, 2, 2], 4), ([1, 4, 1], 1), ([4, 4], 16)])
def test_gradient_ranks_are_dimensions_of_sets_of_functions(sizes, expected):
    family = words_of(sizes)
    rank, error = gradient_rank(family, rng(), family.dimension, Deadline(None))
    assert rank == expected and 0 < error < 1e-15
    assert gradient_rank(family, rng(), expected, Deadline(None))[0] == expected


def test_gradients_are_drawn_until_one_batch_brings_nothing(monkeypatch):
    monkeypatch.setattr("sage_conslaw.rank.gradient_span._AT_ONCE", 2)
    family, recorder = words_of([4, 4]), Recorder()
    rank, error = gradient_rank(family, rng(), 16, recorder)
    assert rank == 16 and [told["rank_at_least"] for told in recorder.told] == [0, 2, 4, 8]
    assert gradient_rank(words_of([3, 2, 3]), rng(), 12, Recorder())[0] == 8


@pytest.mark.parametrize("widths, power, independent", [([2, 3], 1, False), ([2, 2], 1, True),
                                                        ([2, 3, 3], 2, True), ([2, 4, 4], 2, False)])
def test_outputs_are_independent_functions(widths, power, independent):
    """Squares of binary forms span three dimensions; the last layer is linear."""
    assert outputs_independent(networks.polynomial(widths, power), rng()) is independent


def test_controls_are_pushed_along_a_drift_whose_controls_are_no_shears(monkeypatch):
    """Nonnegative matrices with momentum: the metric depends on the velocity.  A pushed letter has the degrees of the
    drift's flow, there and back."""
    family, degrees = flows.momentum(metric="mirror").family(networks.nmf(1, 1, 1).response()), []
    assert family.exact_flow is not None and not family.shears
    monkeypatch.setattr(growing_span, "point_failure_bound", lambda degree, p: degrees.append(degree) or 0.0)
    found = lie_rank(family, rng())
    assert found.rank == family.dimension == 5 and not found.stagnated
    letter = family.field_degree * (4 + 2 * int(family.exact_flow[1] or 1))
    assert degrees == [(rank + 1) * (depth + 1) * letter for depth, rank in enumerate(found.sequence)]
