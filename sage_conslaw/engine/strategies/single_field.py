r"""
One vector field alone is closed under brackets: where it is not zero, its span has dimension 1.

`f G` and `g G` have the bracket `(f G(g) - g G(f)) G`, so multiples of one field count as one.
"""

from ...fields.explicit import VectorFieldFamily
from ...flows.flow_family import FlowFamily
from ...graph.one_field import has_one_field, is_seen_to_move
from ..strategy import FindRank


class SingleField(FindRank):
    """The rank of a system without controls, or of one control alone, also where relations bind the coordinates; and
    of networks whose gradients are multiples of one."""

    name = "single field"
    # Before all that takes time: it reads the answer off.
    order = 4
    algorithms = ("modular", "syzygies")

    def reason_against(self, question, bounds):
        """Return why the rank is not 1 at once."""
        reason = super().reason_against(question, bounds)
        if reason is None and not self._alone(question):
            reason = "there are several fields"
        return reason

    def _alone(self, question):
        family = question.family
        if isinstance(family, VectorFieldFamily):
            fields = [*family.controls, *([] if family.drift is None else [family.drift])]
            # On a variety components are normal forms: a field that vanishes there is zero here.
            return sum(any(field) for field in fields) == 1
        if type(family) is not FlowFamily or family.drift is not None or family.variety is not None:
            return False
        return has_one_field(family.response) and is_seen_to_move(family, question.generator(self.name))

    def cost(self, question, bounds):
        """Estimate nothing: the answer is read off."""
        return 0.0

    def run(self, question, bounds):
        """Record the rank 1 from both sides."""
        # A polynomial that is not zero is not zero at a generic point, and [f G, g G] is a multiple of G.
        bounds.rank_is_at_least(1, self.name)
        bounds.rank_is_at_most(1, self.name)
