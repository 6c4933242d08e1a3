r"""
Momentum flows of wide networks: segments that are proved to have no law from small widths.
"""
from ...width.momentum_width import covers, lawless_rank
from ..strategy import Strategy
from .limits import SEARCH_COORDINATES
from .width import GROWN

_WORDS = "no law at all: the Lie algebra of every segment fills it at small widths, and so at these"


class MomentumWidth(Strategy):
    """The rank of a momentum flow from segments without laws."""

    name = "momentum at any width"
    order = 7
    algorithms = ("modular",)

    def reason_against(self, question, bounds):
        """Return why segments are not asked."""
        if not covers(question.family):
            return "the flow is no momentum flow of a network in the Euclidean metric"
        # Below, the search takes no longer and lists laws too.
        if question.family.dimension <= SEARCH_COORDINATES:
            return f"a search in {question.family.dimension} coordinates is as fast"
        return None

    def run(self, question, bounds):
        """Give the rank; where it is the dimension, there is no law of any kind."""
        rank = lawless_rank(question.family, question.generator(self.name), question.deadline)
        if rank is None:
            return
        bounds.rank_is_at_least(rank, self.name, method=GROWN)
        if bounds.meet and question.search is not None:
            # The rank is N: by Frobenius only constants are conserved, so an empty list is all laws of every degree.
            bounds.laws_are((), (), _WORDS, self.name)
