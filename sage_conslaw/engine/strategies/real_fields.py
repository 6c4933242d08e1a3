r"""
The real fields: whether what is known of the model holds for the network that is trained.
"""
from ...real.verdict import known_at_once, real_rank
from ..strategy import Strategy


class RealFields(Strategy):
    """The certified rank of the real fields: it reaches the model's, or gives bounds of the real network's own."""

    name = "real fields"
    order = 80

    def reason_against(self, question, bounds):
        """Return why nothing is said of the real network."""
        if bounds.real is not None:
            return "the real network is decided"
        return None

    def cost(self, question, bounds):
        """Estimate what is spent unasked; nothing, where the model is the network."""
        return 0.0 if known_at_once(question.family, bounds.rank_at_least) is not None else 1.0

    def run(self, question, bounds):
        """Certify as much of the model's rank as the real fields have."""
        found = real_rank(
            question.family, bounds.rank_at_least, question.generator(self.name), question.deadline, question.real
        )
        # Nothing found is nothing said: bounds stay those of the model.
        if found is not None:
            bounds.real_fields_have(found, self.name)
