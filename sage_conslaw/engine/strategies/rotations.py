r"""
Laws of networks with normalisations that rotations of an axis leave as they are: conserved spans, and logarithms of
Gram determinants. They come before the rank, whose search ends where laws and rank meet.
"""
from ...exact.primes import random_prime
from ...flows.flow_family import FlowFamily
from ...graph.response import NetworkResponse
from ...structure.gram_laws import gram_laws
from ...structure.isotropy import conserved_spans, independent_with_spans
from ..strategy import Strategy
from .further_laws import against


class Rotations(Strategy):
    """Spans and determinants of the vectors that a normalisation reads."""

    name = "rotations"
    order = 50

    def reason_against(self, question, bounds):
        """Return why none are sought."""
        reason = against(question, bounds)
        if reason is None and (
            not isinstance(question.family, FlowFamily)
            or not isinstance(question.family.response, NetworkResponse)
            or question.family.response.is_gradient
        ):
            reason = "there is no normalisation"
        return reason

    def run(self, question, bounds):
        """Count them together with the laws found."""
        family, generator = question.family, question.generator(self.name)
        # One prime for both: Gram determinants and laws are compared at one point.
        p = random_prime(generator)
        spans = conserved_spans(family)
        laws = [bounds.laws[i] for i in bounds.independent]
        logarithms = gram_laws(family, bounds.laws, generator, p)
        # Without either there is nothing to count, and the Jacobian of all laws costs a dense rank.
        if spans or logarithms:
            number = independent_with_spans(laws, spans, family.dimension, generator, p, logarithms)
            words = [span.words() for span in spans] + [law.words(family.names) for law in logarithms]
            bounds.further_laws_are(words, number, self.name)
