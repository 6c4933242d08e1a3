r"""
The published count: brackets expanded, exact rational linear algebra with rank tracking.
"""
from ...rank.symbolic import symbolic_lie_rank
from ..strategy import FindRank
from .limits import refuse_variety, too_large


class SymbolicRank(FindRank):
    """The rank by the published algorithm, where it is asked for."""

    name = "symbolic rank"
    order = 50

    def reason_against(self, question, bounds):
        """Return why the published algorithm does not run."""
        if question.algorithm != "symbolic":
            return "not asked for"
        refuse_variety(question)
        return super().reason_against(question, bounds) or too_large(question.family)

    def run(self, question, bounds):
        """Find the rank; closure over the rational functions proves it from above."""
        result = symbolic_lie_rank(
            question.family.polynomial_fields(), question.generator(self.name), question.deadline, question.proof
        )
        bounds.rank_is_at_least(result.rank, self.name, result.sequence)
        if result.proved:
            bounds.rank_is_at_most(result.rank, self.name)
        else:
            bounds.rank_stopped_growing(result.error_bound)
