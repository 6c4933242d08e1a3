r"""
One vector field alone is closed under brackets: where it is not zero, its span has dimension 1.
"""

from ...fields.explicit import VectorFieldFamily
from ..strategy import FindRank


class SingleField(FindRank):
    """The rank of a system without controls, or of one control alone; also where relations bind the coordinates."""

    name = "single field"
    # Before linear laws are sought first, which draws a rank at random points.
    order = 28

    def reason_against(self, question, bounds):
        """Return why the rank is not 1 at once."""
        if question.algorithm == "symbolic":
            return "the algorithm 'symbolic' is asked for"
        reason = super().reason_against(question, bounds)
        if reason is None and not (isinstance(question.family, VectorFieldFamily) and self._alone(question.family)):
            reason = "there are several fields"
        return reason

    @staticmethod
    def _alone(family):
        fields = ([family.drift] if family.drift is not None else []) + family.controls
        return sum(any(field) for field in fields) == 1

    def cost(self, question, bounds):
        """Estimate nothing: the answer is read off."""
        return 0.0

    def run(self, question, bounds):
        """Record the rank 1 from both sides."""
        bounds.rank_is_at_least(1, self.name)
        bounds.rank_is_at_most(1, self.name)
