r"""
The laws on a region of activation, where the real network has more of them than its model.
"""
import numpy as np

from ...laws.independence import independent_in
from ...laws.kernel import polynomial_laws
from ...laws.monomials import blocks
from ...real.regions import family_on_region
from ..strategy import Strategy

# Parameters up to which polynomials of a region are written out unasked.
_MOST_BY_DEFAULT = 60


class OnRegion(Strategy):
    """All laws of the search space near the point where the real fields were looked at, for every input."""

    name = "region"
    order = 85

    def reason_against(self, question, bounds):
        """Return why nothing is sought on a region."""
        real = bounds.real
        if real is None or real.method != "patterns" or not real.less or real.point is None:
            return "the real fields are not known to span less on a region of activation"
        if question.search is None:
            return "no laws are asked for"
        if question.family.response.dimension > _MOST_BY_DEFAULT and not question.real:
            return f"{question.family.response.dimension} parameters take longer than is spent unasked"
        return None

    def run(self, question, bounds):
        """Find the laws there, and which are independent."""
        family = family_on_region(question.family, np.asarray(bounds.real.point, dtype=np.float64))
        if family is None:
            return
        generator = question.generator(self.name)
        pieces = blocks(family, question.search, generator, question.deadline)
        laws = polynomial_laws(family, question.search, generator, question.deadline, question.progress, pieces)
        independent = independent_in(family, laws, generator)
        bounds.region_has(laws, independent, self.name)
