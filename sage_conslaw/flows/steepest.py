r"""
Steepest descent in `\ell_p`: entry by entry `\theta_i' = -\operatorname{sgn}(g_i)\,|g_i|^{q-1}`, `1/p + 1/q = 1`, up to
a common speed.

For a product `u v` both `|u|^{q-1} u'` and `|v|^{q-1} v'` are `-|u v|^{q-1} |c|^{q-1}` up to the sign: `|u|^q - |v|^q`
is conserved.  `q = 2` is gradient flow and `q = 1` sign flow.  For even `q` the field is polynomial in the gradient,
and so are these laws; the others are known by this computation for products and are not counted here.
"""
from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import comb

from ..exact import terms as sparse
from ..runtime.errors import InputError, InputTypeError, NotCovered
from .flow import gradient
from .sign import sign
from .spanned import MOST_FIELDS, WrittenFlow, spanning_gradients, written
from ..runtime.arguments import integer


@dataclass(frozen=True, repr=False)
class PowerFlow(WrittenFlow):
    r"""The flow `\theta_i' = -g_i^{q-1}` for an even `q`."""

    exponent: int = 2

    def __repr__(self):
        return f"{super().__repr__()} with exponent {self.exponent}"

    def family(self, response, metric=None):
        """Return the family of products of `q - 1` gradients, entry by entry."""
        rows = spanning_gradients(response)
        # Monomials of degree q - 1 in the coefficients of k spanning gradients, a field each.
        if comb(len(rows) + self.exponent - 2, self.exponent - 1) > MOST_FIELDS:
            raise NotCovered(
                f"steepest descent with the exponent {self.exponent} has "
                f"{comb(len(rows) + self.exponent - 2, self.exponent - 1)} fields "
                f"here; at most {MOST_FIELDS} are taken: try a smaller network of the same kind"
            )
        rates, decays = self.rates_and_decays(response)
        fields = []
        # The polarised power: products of q - 1 gradients span the powers of their combinations, and back.
        for chosen in combinations_with_replacement(rows, self.exponent - 1):
            field = []
            for rate, *entries in zip(rates, *chosen):
                # A rate multiplies the step of a parameter: it enters once, not in every factor.
                product = {(): rate} if rate else {}
                for f in entries:
                    product = sparse.multiply(product, f) if product else product
                field.append(product)
            fields.append(field)
        # |u|^q - |v|^q has the degree q.
        return written(response.names, [field for field in fields if any(field)], decays, max(2, self.exponent))


def steepest(exponent):
    r"""
    Return steepest descent with the exponent `q` of its laws: 1 (sign flow), 2 (gradient flow) or another even number.

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, flows, networks
        sage: conservation_laws(networks.product(3), flow=flows.steepest(4)).laws
        (x1^4 - x2^4, x1^4 - x3^4)
        sage: conservation_laws(networks.product(2), flow=flows.weight_decay(1/2, flows.steepest(4))).readable_laws()
        ['exp(2*t)*(x1^4 - x2^4)']
        sage: flows.steepest(1), flows.steepest(2)
        (sign flow, gradient flow)
        sage: flows.steepest(3)
        Traceback (most recent call last):
        ...
        sage_conslaw.NotCovered: for the exponent 3 the field is not polynomial in the gradient; known for a product
        u*v: |u|^3 - |v|^3; give 1 or an even number
    """
    try:
        q = integer(exponent)
    except TypeError:
        raise InputTypeError(f"the exponent {exponent!r} is not an integer; give 1, 2, 4, ...") from None
    if q < 1:
        raise InputError(f"the exponent {q} is not positive; give 1, 2, 4, ...")
    if q == 1:
        return sign()
    # g^1: the flow that needs nothing written out, and the network's own metric.
    if q == 2:
        return gradient()
    if q % 2:
        raise NotCovered(f"for the exponent {q} the field is not polynomial in the gradient; known for a product u*v: "
                         f"|u|^{q} - |v|^{q}; give 1 or an even number")
    return PowerFlow("steepest", exponent=q)
