r"""
Laws as closed one-forms in the truncated syzygy module of the field matrix (Singular).
"""
from ...laws.syzygies import syzygy_laws
from ..strategy import FindLaws
from .limits import too_large


class Syzygies(FindLaws):
    """All laws by syzygies, where they are asked for."""

    name = "syzygies"
    order = 20
    algorithms = ("syzygies",)

    def reason_against(self, question, bounds):
        """Return why syzygies are not computed."""
        return super().reason_against(question, bounds) or too_large(question.family)

    def run(self, question, bounds):
        """Find the laws; what was searched is what the syzygies say."""
        # Recorded degree by degree with the deadline: what a Groebner basis that never ends has given is kept.
        laws, searched = syzygy_laws(question.family, question.search, question.deadline)
        self.all_found(question, bounds, laws, searched)
