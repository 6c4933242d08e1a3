r"""
Laws of gradient flow that are no polynomials: conserved spans, and integrals of functions of parameters.
"""
from ...exact.primes import random_prime
from ...flows import gradient
from ...flows.flow_family import FlowFamily
from ...graph.response import NetworkResponse
from ...laws.independence import independent_laws
from ...laws.kernel import polynomial_laws
from ...structure.isotropy import conserved_spans, independent_with_spans
from ...structure.parameter_gates import separable, without_functions, written
from ..strategy import Strategy

# Coordinates up to which symmetries are sought by trial: half a second.
_COORDINATES = 80


def against(question, bounds):
    """Return why no laws of gradient flow that are no polynomials are sought."""
    family = question.family
    if bounds.meet:
        return "the bounds meet"
    if not isinstance(family, FlowFamily) or not isinstance(family.response, NetworkResponse):
        return "the fields are not those of a network"
    if family.metric is not None or family.drift is not None or getattr(family, "on_given_data", False):
        return "they are laws of gradient flow"
    # They are counted together with the polynomial laws, so these have to be known.
    if question.search is None or bounds.searched is None:
        return "no laws are asked for"
    if family.dimension > _COORDINATES:
        return f"symmetries are sought in at most {_COORDINATES} coordinates"
    return None


class FurtherLaws(Strategy):
    """Laws that explain what polynomials leave open between the laws found and the rank."""

    name = "further laws"
    order = 75

    def reason_against(self, question, bounds):
        """Return why none are sought."""
        return against(question, bounds)

    def run(self, question, bounds):
        """Count them together with the laws found, and say what they are."""
        generator, family = question.generator(self.name), question.family
        spans = conserved_spans(family)
        if spans:
            laws = [bounds.laws[i] for i in bounds.independent]
            number = independent_with_spans(laws, spans, family.dimension, generator, random_prime(generator))
            # Spans that only say again what the polynomials say are no news.
            if number > len(laws):
                bounds.further_laws_are([span.words() for span in spans], number, self.name)
        question.deadline.check()
        # A gate G = g(a) of a parameter alone becomes a parameter itself; its laws are then integrated.
        replaced = without_functions(family.response)
        if replaced is not None and not bounds.meet:
            self._gates(question, bounds, *replaced)

    def _gates(self, question, bounds, network, names):
        family, generator = question.family, question.generator(f"{self.name}: gates")
        loss = "cross-entropy" if family.response.constraints[0][0] == "sum zero" else "least-squares"
        other = gradient().family(network.response(loss), None)
        starts = dict(zip(other.response.leaves, other.response.leaf_starts))
        functions = {int(starts[leaf]) + i: name for leaf, name in names.items() for i in range(leaf.size)}
        laws = polynomial_laws(other, other.groups(), generator, question.deadline, question.progress)
        # a' is g'(a) times the gradient in G: Q + P(G) gives the law Q + K(a) with K' = P'(g) / g', an integral of one
        # variable, so terms may not mix G with anything.
        laws = separable(laws, set(functions))
        independent = independent_laws(laws, other.dimension, generator, random_prime(generator))
        texts = [
            written(laws[i], family.names, functions)
            for i in independent
            if any(set(monomial) & set(functions) for monomial in laws[i])
        ]
        # Coordinate by coordinate the change is invertible at a generic point, so independence is kept.
        bounds.further_laws_are(texts, len(independent), self.name)
