r"""
The published search for laws: the linear system of all coefficients, solved over Q.
"""
from fractions import Fraction

from ...laws.monomials import monomials
from ...laws.on_variety import symbolic_laws_on_variety
from ...laws.symbolic import symbolic_laws
from ...runtime.errors import NotCovered
from ..strategy import FindLaws
from .limits import bound_by_relations, too_large


class SymbolicLaws(FindLaws):
    """All laws by the published algorithm, where it is asked for."""

    name = "symbolic laws"
    order = 25
    algorithms = ("symbolic",)

    def reason_against(self, question, bounds):
        """Return why the published algorithm does not run."""
        return super().reason_against(question, bounds) or too_large(question.family)

    def run(self, question, bounds):
        """Find the laws; without a field every monomial is one."""
        family = question.family
        if family.constants:
            # Over Q a parameter would be one more coordinate at rest, and its powers laws.
            raise NotCovered("the algorithm 'symbolic' knows no parameters; use algorithm='modular' or 'syzygies'")
        if bound_by_relations(family):
            return self.all_found(question, bounds, symbolic_laws_on_variety(family, question.search,
                                                                             question.deadline))
        fields = family.polynomial_fields()
        n = family.dimension
        # No field is no equation: the kernel is the whole space.
        laws = symbolic_laws(fields, question.search, question.deadline) if fields else \
            [{tuple(int(i) for i in row if i < n): Fraction(1)} for row in monomials(n, question.search)]
        return self.all_found(question, bounds, laws)
