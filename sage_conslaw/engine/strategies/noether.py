r"""
Momentum flows of networks: Noether's laws without a search, and the rank along exact flows.
"""
from ...laws.independence import independent_in
from ...width.noether import noether_laws
from ..strategy import Strategy
from .limits import too_large
from .words import grow

# Below this number of coordinates a search in all monomials takes no longer: 3 s at 129 against 1 s, 32 s at 481
# against 2 s.
_FROM = 120

_WORDS = "rotations and translations of the graph: Noether's laws; with the rank, every law is a function of them"


class Noether(Strategy):
    """The laws that rotations and translations of a network give to its momentum flow, where they are all."""

    name = "Noether"
    order = 9
    algorithms = ("modular",)

    def reason_against(self, question, bounds):
        """Return why no rotations are sought."""
        family = question.family
        if bounds.meet and (question.search is None or bounds.searched is not None):
            return "the bounds meet"
        if family.exact_flow is None:
            return "the flow has no momentum whose drift integrates exactly"
        if too_large(family):
            return too_large(family)
        if family.dimension < _FROM:
            return f"a search in {family.dimension} coordinates is as fast"
        if question.search is not None and question.search != family.groups():
            return "laws of another degree are sought"
        return None

    def run(self, question, bounds):
        """Give the laws; where they fill what the rank leaves, they are all."""
        family, generator = question.family, question.generator(self.name)
        laws = noether_laws(family, generator)
        if laws is None:
            return
        # They may be few of the laws of the degree: it is the rank that tells.
        question.deadline.check(found=tuple(laws), found_up_to=0)
        independent = independent_in(family, laws, generator)
        bounds.number_is_at_least(len(independent), self.name)
        question.deadline.check(independent=tuple(independent), laws_at_least=len(independent))
        bounds.some_laws_are(laws, independent, self.name)
        grow(question, bounds, self.name)
        if bounds.meet and question.search is not None:
            bounds.laws_are(laws, independent, _WORDS, self.name)
