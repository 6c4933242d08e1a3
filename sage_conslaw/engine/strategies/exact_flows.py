r"""
The rank by tangent vectors pushed along flows that integrate exactly (the orbit theorem of Sussmann and Nagano): no
bracket at all.
"""
from .words import Words


class ExactFlows(Words):
    """The rank where the drift integrates exactly and every control is a shear: momentum with a metric that forgets the
    velocity."""

    name = "exact flows"
    order = 55

    @staticmethod
    def _covers(family):
        # A control that is no shear has no rational flow: then words are drawn.
        return family.exact_flow is not None and family.shears
