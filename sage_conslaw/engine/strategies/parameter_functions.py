r"""
Laws with functions of parameters: of a gate `\tanh(a)`, say, where `|V|^2 - \cosh(a)^2` is conserved and no polynomial
is.
"""
from ...exact import terms as sparse
from ...flows.flow_family import FlowFamily
from ...flows.written_functions import WRITTEN, functions_in, written_family
from ...laws.independence import independent_in
from ...laws.kernel import polynomial_laws
from ...notation.readable import readable
from ..strategy import Strategy

# The coefficients of the data are written out, and linear algebra searches in parameters and functions.
MOST_PARAMETERS = 40

# Terms of the response that are written out: about a second.
_MOST_TERMS = 50_000


class FunctionsOfParameters(Strategy):
    """Polynomial laws in the parameters and in exponentials and hyperbolic functions of them."""

    name = "functions of parameters"
    order = 65

    def reason_against(self, question, bounds):
        """Return why such laws are not sought."""
        family = question.family
        if not isinstance(family, FlowFamily) or not functions_in(family.response):
            return "no function of parameters alone is in the network"
        if bounds.meet:
            return "the bounds meet"
        # The equation of the function, y' = g'(a) a', is written for a' = -dE/da and for nothing else.
        if family.drift is not None or family.metric is not None or family.dimension != family.response.dimension:
            return "the flow is not the Euclidean gradient flow"
        if family.dimension > MOST_PARAMETERS:
            return f"more than {MOST_PARAMETERS} parameters"
        if family.response.number_of_terms() > _MOST_TERMS:
            return "the response has too many terms to be written out"
        unknown = [node.operation.name for node in functions_in(family.response) if node.operation.name not in WRITTEN]
        return f"the function {unknown[0]} is not known by its equation alone" if unknown else None

    def run(self, question, bounds):
        """Find the laws, and say how many of all are independent."""
        written = written_family(question.family.response)
        # cosh(a)^2 is of degree 2 in the function: below, nothing of the kind is seen.
        degree = 2 if question.search is None else max(2, question.degree)
        generator = question.generator(self.name)
        laws = polynomial_laws(written, written.groups(degree), generator, question.deadline)
        independent = independent_in(written, laws, generator)
        ring, names = written.ring(), set(written.meaning)
        texts = [
            readable(law, None, None, tuple(written.meaning.items()))
            for law in (sparse.to_sage(laws[i], ring) for i in independent)
            if names & set(map(str, law.variables()))
        ]
        bounds.further_laws_are(texts, len(independent), self.name)
