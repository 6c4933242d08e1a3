r"""
The laws on a region, where the real network has more of them than its model: patterns of activation that occur there,
or signs of parameters that a norm reads nothing else of.
"""
from dataclasses import replace

import numpy as np

from ...flows.flow_family import FlowFamily
from ...laws.independence import independent_in
from ...laws.kernel import polynomial_laws
from ...real.regions import family_on_region
from ...real.signs import family_with_signs
from ...rank.symbolic import symbolic_lie_rank
from ..strategy import Strategy
from .closure import MOST_TERMS, costly

# Parameters up to which polynomials of a region are written out unasked.
_MOST_BY_DEFAULT = 60


class OnRegion(Strategy):
    """All laws of the search space near the point where the real fields were looked at, for every input."""

    name = "region"
    order = 85

    def reason_against(self, question, bounds):
        """Return why nothing is sought on a region."""
        real = bounds.real
        if real is None or real.method not in ("patterns", "balls") or not real.less or real.point is None:
            return "the real fields are not known to span less on a region"
        if not isinstance(question.family, FlowFamily) or question.family.gradients is not None:
            return "the fields are functions of gradients"
        if question.search is None:
            return "no laws are asked for"
        if question.family.response.dimension > _MOST_BY_DEFAULT and not question.real:
            return f"{question.family.response.dimension} parameters take longer than is spent unasked"
        return None

    def run(self, question, bounds):
        """Find the laws there, and which are independent."""
        # Near the point either the patterns of the units are fixed, or the signs that a norm reads.
        on_region = family_on_region if bounds.real.method == "patterns" else family_with_signs
        family = on_region(question.family, np.asarray(bounds.real.point, dtype=np.float64))
        if family is None:
            return
        generator = question.generator(self.name)
        laws = polynomial_laws(family, question.search, generator, question.deadline, question.progress)
        # Laws of the region's fields hold for the real ones there, which are among them.
        independent = independent_in(family, laws, generator)
        bounds.region_has(laws, independent, self.name)
        real = bounds.real
        if bounds.meet or not question.proof or not family.is_polynomial or family.dimension != bounds.dimension:
            return
        if costly(family, real.rank, len(real.words)) is None:
            # The fields of the region contain the real ones.
            fields = family.polynomial_fields()
            exact = symbolic_lie_rank(fields, generator, question.deadline, most_terms=MOST_TERMS)
            if exact.proved:
                bounds.real_fields_have(replace(real, most=exact.rank), self.name)
