r"""
Sign flow, `\theta' = -\operatorname{sgn}(\nabla E)`: signSGD, Adam with `\beta_1 = \beta_2 = 0`, Lion without momentum.

For one data set the field is locally constant; the laws near a generic point are the functions that every sign vector
annihilates which occurs there, so they are functions of linear ones, and their number is `D` minus the rank of the sign
vectors that occur. Enumerating sign vectors is not needed.  The gradients at `\theta` form a linear space `V`;
coordinate `j` is a linear functional `l_j` on it.

**Lemma.** The rank of the sign vectors of `V` is the number of classes of nonzero functionals `l_j` up to factors.

*Proof.* Proportional functionals have equal or opposite signs throughout, so the rank is at most that.  Let
`\sum_c a_c \operatorname{sgn} l_c = 0` on `V` for one functional a class.  At a point of `\ker l_c` outside the other
kernels, which exists as no two are proportional, cross `\ker l_c`: only `\operatorname{sgn} l_c` jumps, so `a_c = 0`.
The two sides of the crossing are the witness: they differ in the class alone. `\square`

So every law is `\sigma_i \theta_i - \sigma_j \theta_j` for two coordinates whose gradients are proportional, with
`\sigma_i / \sigma_j` the sign of the quotient, or a coordinate that never moves.  The trivial case: `u v` has the
gradients `(c v, c u)`, one class, the law `\operatorname{sgn}(u) u - \operatorname{sgn}(v) v`, that is `|u| - |v|`.
The famous one: two linear layers with one input and several outputs, `\sum_k u_k V_{ki}`, where `V_{ki}` moves by
`c_i u_k`: for each `i` the `r` coordinates `V_{ki}` are one class, `m (r - 1)` laws `\operatorname{sgn}(u_k) V_{ki} -
\operatorname{sgn}(u_l) V_{li}`.  One that fails: with two inputs and two outputs no two functionals are proportional,
and nothing is conserved.

Whether two coordinates are proportional is decided exactly: see :mod:`.proportional`.
"""
from dataclasses import dataclass
from fractions import Fraction

from ..runtime.errors import InputTypeError, NotCovered
from .proportional import proportional_classes
from .sign_family import SignFamily
from .spanned import MOST_FIELDS, WrittenFlow, written
from .tau import is_exact
from .._sage import QQ


@dataclass(frozen=True, repr=False)
class SignFlow(WrittenFlow):
    """
    Sign descent in continuous time, near a point that chooses the region of signs.

    - ``at`` -- pairs (name, rational), the point; other parameters are positive
    """

    at: tuple = ()

    def family(self, response, metric=None):
        r"""
        Return the family of sign vectors: one constant field a class of proportional coordinates, times their rates.

        A positive diagonal metric changes no sign; the network's own is one.
        """
        rates, decays = self.rates_and_decays(response)
        # A frozen coordinate leaves its class: its sign moves nothing, and the others keep their differences.
        classes = proportional_classes(response).without([i for i, rate in enumerate(rates) if not rate])
        signs = classes.signs(self.at)
        D = response.dimension
        # One field a class, each of D entries: beyond this size classes are kept by their coordinates.
        if D > MOST_FIELDS:
            return self._large(response, classes, signs, any(decays) or self.groups is not None)
        fields = []
        for members in classes.moving:
            field = [{}] * D
            for j in members:
                # Constant near the point: up to one sign for the class, the sign of each gradient times its rate.
                field[j] = {(): signs[j] * rates[j]}
            fields.append(field)
        remarks = [*self.remarks, classes.region_text(self.at, signs, None if self.groups is None else rates)]
        # Laws are linear, so the search is; products of laws say nothing new.
        return written(response.names, fields, decays, 1, remarks)

    def _large(self, response, classes, signs, rated):
        if rated:
            raise NotCovered(
                f"sign flow with weight decay or groups of parameters is written out, for at most {MOST_FIELDS} "
                f"parameters; without them it is counted at any size"
            )
        where = (
            "the gradients have the signs that they have at the given point"
            if self.at
            else "all parameters are positive"
        )
        return SignFamily(
            response.names, classes.moving, signs,
            (*self.remarks, f"laws where {where}; the number is the same in every region of signs"),
        )

    def witnesses(self, network, loss="least-squares"):
        r"""
        Return for each class of proportional coordinates two exact gradients whose sign vectors differ in this class
        alone.

        OUTPUT: list of triples (names of the class, gradient, gradient), the gradients as lists of rationals at the
        point of the region
        """
        classes = proportional_classes(network.response(loss))
        sage = lambda vector: [QQ((value.numerator, value.denominator)) for value in vector]
        return [
            ([classes.names[j] for j in members], *map(sage, pair))
            for members, pair in zip(classes.moving, classes.crossings(self.at))
        ]


def sign(at=None):
    r"""
    Return sign flow `\theta' = -\operatorname{sgn} \nabla E`, whose laws are linear on each region of signs; their
    number is exact.

    INPUT:

    - ``at`` -- a dictionary of parameters and rational numbers: the point near which laws are listed; parameters that
      are not named are positive.  The number is the same in every region

    EXAMPLES:

    Two linear layers, by inputs, hidden units and outputs::

        sage: from sage_conslaw import conservation_laws, count_conservation_laws, flows, networks
        sage: [count_conservation_laws(networks.linear(sizes), flow=flows.sign()).number for sizes in ([1, 3, 1], [1,
        ....:     2, 3], [2, 4, 1], [2, 3, 2])]
        [5, 3, 6, 0]

    Near another point::

        sage: conservation_laws(networks.linear([1, 2, 1]), flow=flows.sign({"U1_1_1": -1})).laws
        (U1_1_1 - U1_1_2, U1_1_1 + U2_1_1, U1_1_1 - U2_2_1)

    With decoupled weight decay they decay::

        sage: conservation_laws(networks.product(2), flow=flows.weight_decay(1/10, flows.sign())).readable_laws()
        ['exp(1/10*t)*(x1 - x2)']
        sage: flows.sign({"x": 0.5})
        Traceback (most recent call last):
        ...
        sage_conslaw.InputTypeError: the coordinate x = 0.500000000000000 of the point is not exact; give a rational
        such as -1 or 1/2
    """
    if at is None:
        return SignFlow("sign")
    if not isinstance(at, dict):
        raise InputTypeError(
            f"the point {at!r} is not a dictionary of parameters and rational numbers; give e.g. {{'U1_1_1': -1}}"
        )
    for name, value in at.items():
        if not is_exact(value):
            raise InputTypeError(
                f"the coordinate {name} = {value} of the point is not exact; give a rational such as -1 or 1/2"
            )
    return SignFlow("sign", at=tuple((str(name), Fraction(str(value))) for name, value in at.items()))
