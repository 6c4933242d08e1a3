r"""
Where kernels cost much more than a rank: the linear laws first, then the rank, and often nothing is left to search.

For NMF with momentum the rank closes with the linear laws alone; then every law is a function of them, and those of the
degree asked for are their products.
"""
from ...laws.independence import independent_in
from ...laws.kernel import polynomial_laws, products_of_linear
from ...rank.growing_span import lie_rank
from ..strategy import FindLaws
from .limits import BESIDE, kernel_seconds, rank_seconds, too_large

# From these seconds on (a kernel of 300 monomials), and if the kernels cost that much more than the rank, the rank is
# computed first: where it closes with the linear laws alone, they are not needed.
# Measured: NMF 4, 5, 3 with Nesterov's flow 20 s in the other order and 0.2 s in this one (ratio 37500); linear
# networks with 2000 parameters (ratio 2.5) are 4 s faster with the laws first.
_COSTLY_KERNELS, _COSTLY_RATIO = 0.0135, 250


class LinearFirst(FindLaws):
    """Linear laws, then the rank; all laws where the two close the squeeze."""

    name = "linear laws first"
    order = 30

    def reason_against(self, question, bounds):
        """Return why the other order is better."""
        reason = super().reason_against(question, bounds) or too_large(question.family)
        if reason is None and question.family.variety is not None:
            reason = "products of linear laws may be dependent modulo relations"
        if reason is None and not self._kernels_cost_more(question):
            reason = "kernels cost no more than a rank"
        return reason

    def _kernels_cost_more(self, question):
        """Say whether the kernels of the blocks cost much more than a rank."""
        kernels = kernel_seconds(question.blocks)
        return kernels > _COSTLY_KERNELS and kernels > _COSTLY_RATIO * rank_seconds(question.family)

    def cost(self, question, bounds):
        """Estimate the rank; the linear laws take less."""
        return BESIDE + rank_seconds(question.family)

    def run(self, question, bounds):
        """Find the linear laws and the rank; their products, if these are all that was asked for."""
        family, groups, generator = question.family, question.search, question.generator(self.name)
        moving = [i for i in range(family.dimension) if i not in family.constants]
        linear = polynomial_laws(family, [(moving, 1)], generator, question.deadline)
        independent = independent_in(family, linear, generator)
        bounds.some_laws_are(linear, independent, self.name)
        if not bounds.meet:
            rank = lie_rank(family, generator, bounds.rank_at_most, question.deadline, question.error_bound)
            bounds.rank_is_at_least(rank.rank, self.name, rank.sequence)
            if rank.stagnated:
                bounds.rank_stopped_growing(rank.rank, rank.error_bound)
        # The linear laws have to fill the gap themselves.  Bounds may meet by laws that a structure has counted and not
        # listed: layer norm 10 14 6 has 25 laws of degree 2, of which 10 are linear and generate no other.
        if len(independent) + bounds.rank_at_least < bounds.dimension:
            return
        if not linear:
            self.all_found(question, bounds, [])
        elif len(groups) == 1 and sorted(groups[0][0]) == moving and not family.constants:
            self.all_found(question, bounds, products_of_linear(linear, groups))
