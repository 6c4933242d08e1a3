r"""
The published count: brackets expanded, exact rational linear algebra with rank tracking.
"""
from ...rank.symbolic import symbolic_lie_rank
from ..strategy import FindRank
from .limits import bound_by_relations, too_large


class SymbolicRank(FindRank):
    """The rank by the published algorithm, where it is asked for."""

    name = "symbolic rank"
    order = 50
    algorithms = ("symbolic",)

    def reason_against(self, question, bounds):
        """Return why the published algorithm does not run."""
        return super().reason_against(question, bounds) or too_large(question.family)

    def run(self, question, bounds):
        """Find the rank; closure over the rational functions proves it from above."""
        family, generator = question.family, question.generator(self.name)
        variety = family.variety if bound_by_relations(family) else None
        fields = family.polynomial_fields() if variety is None else variety.fields(family.sparse_fields())
        result = symbolic_lie_rank(fields, generator, question.deadline, question.proof, variety)
        bounds.rank_is_at_least(result.rank, self.name, result.sequence)
        # Closed under brackets over the rational functions: the module of the fields is the Lie algebra, and its rank
        # the generic one.
        if result.proved:
            bounds.rank_is_at_most(result.rank, self.name)
        else:
            # Without a proof it is a rank at random points that longer brackets did not raise.
            bounds.rank_stopped_growing(result.rank, result.error_bound)
