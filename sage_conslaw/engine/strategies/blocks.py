r"""
All laws of the search space by linear algebra: monomials in blocks of equal weight, kernels modulo a prime, exact
checks.
"""
from ...laws.kernel import polynomial_laws, products_of_linear
from ..strategy import FindLaws
from .limits import BESIDE, kernel_seconds, too_large


class Blocks(FindLaws):
    """All laws by kernels of blocks."""

    name = "blocks"
    order = 40

    def reason_against(self, question, bounds):
        """Return why no kernels are computed."""
        return super().reason_against(question, bounds) or too_large(question.family)

    def cost(self, question, bounds):
        """Estimate the kernels."""
        return BESIDE + kernel_seconds(question.blocks)

    def run(self, question, bounds):
        """Find the laws; products of linear laws that are known already need no check of their own."""
        family, groups = question.family, question.search
        moving = [i for i in range(family.dimension) if i not in family.constants]
        # Laws that an earlier strategy found: products of independent ones are independent, and conserved as they are.
        linear = [law for law in bounds.laws if max(map(len, law)) == 1]
        products = (
            # They lie in the search space only if it has all monomials up to a degree in all that moves.
            products_of_linear(linear, groups) if linear and len(groups) == 1 and sorted(groups[0][0]) == moving else ()
        )
        generator, remarks = question.generator(self.name), []
        found = polynomial_laws(
            family, groups, generator, question.deadline, question.progress, question.blocks, products, remarks
        )
        self.all_found(question, bounds, found, "; ".join([question.words(), *remarks]) if remarks else None)
