r"""
Constant fields with disjoint coordinates: their number is the rank, and the laws within each are all.
"""
from ..strategy import Strategy


class SignVectors(Strategy):
    """Laws and rank of a family that says its rank is exact."""

    name = "sign vectors"
    order = 5

    def reason_against(self, question, bounds):
        """Return why the fields do not say their rank."""
        return None if getattr(question.family, "closed_rank", None) is not None else "the fields are no sign vectors"

    def cost(self, question, bounds):
        """Estimate nothing: the answer is read off."""
        return 0.0

    def run(self, question, bounds):
        """Give the rank from both sides, and the laws where they are asked for."""
        family = question.family
        # Constant fields commute, so their span is the Lie algebra: the rank of the vectors from both sides.
        bounds.rank_is_at_least(family.closed_rank, self.name)
        bounds.rank_is_at_most(family.closed_rank, self.name)
        bounds.number_is_at_least(family.dimension - family.closed_rank, self.name)
        # Affine laws generate all, but a search in degree 2 asks for their products too, which blocks find.
        if question.search is not None and all(degree == 1 for _, degree in question.search):
            laws = family.linear_laws()
            bounds.laws_are(laws, range(len(laws)), question.words(), self.name)
