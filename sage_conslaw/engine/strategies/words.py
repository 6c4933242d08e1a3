r"""
The rank by random Lie words, evaluated at one point modulo a prime with nested dual numbers.
"""
from ...rank.growing_span import lie_rank
from ...runtime.isolated import interruptible
from ..strategy import FindRank
from .limits import BESIDE, INTERRUPTED_COORDINATES, WORK_BESIDE_BOUNDS, rank_seconds, too_large


class Words(FindRank):
    """The rank of a growing span of words; a lower bound, and probable where it stops growing."""

    name = "words"
    order = 60
    algorithms = ("modular", "syzygies")

    def reason_against(self, question, bounds):
        """Return why no words are drawn."""
        if not self._covers(question.family):
            return "the fields are of another kind"
        return super().reason_against(question, bounds) or too_large(question.family)

    @staticmethod
    def _covers(family):
        # The others have a rank without brackets, and one of the two is enough.
        return family.exact_flow is None or not family.shears

    def cost(self, question, bounds):
        """Estimate one rank; where the first words are not enough, longer ones take several."""
        return BESIDE + rank_seconds(question.family)

    def run(self, question, bounds):
        """Grow the span until it reaches the upper bound or stops."""
        grow(question, bounds, self.name)


def grow(question, bounds, name):
    """Tell the bounds the rank of a growing span, drawn from the strategy's generator."""
    family, generator, upper = question.family, question.generator(name), bounds.rank_at_most
    # With a rank in hand words can only improve it; without one they are all there is, and get what they need.
    most_work = WORK_BESIDE_BOUNDS if bounds.rank_at_least else None

    def rank(deadline):
        return lie_rank(family, generator, upper, deadline, question.error_bound, most_work)
    # One elimination in FLINT asks no deadline: from seconds on it runs where it can be killed.
    large = family.dimension > INTERRUPTED_COORDINATES
    result = interruptible(rank, question.deadline) if large else rank(question.deadline)
    bounds.rank_is_at_least(result.rank, name, result.sequence)
    if result.stagnated:
        bounds.rank_stopped_growing(result.rank, result.error_bound)
