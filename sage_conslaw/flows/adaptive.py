r"""
Adaptive optimisers in continuous time: Adam, AdamW, NAdam, RAdam, RMSprop, Adagrad, Adadelta, Adamax, as polynomial
families.

Adam moves `\theta` by `-m / \sqrt v`, where `m` and `v` follow the gradient and its square: `m' = a (g - m)`,
`v' = b (g^2 - v)`, with `a = (1 - \beta_1)/\eta`, `b = (1 - \beta_2)/\eta` and the time `t = k \eta` after `k` steps.
With `p = 1/\sqrt v` in place of `v` all is polynomial:

    `\theta' = -p m,\quad m' = a (g - m),\quad p' = \tfrac b2 (p - p^3 g^2)`, entry by entry.

The field is quadratic in `g`, and data make every multiple of `g`: `h` is conserved iff it is along the part without
`g`, `(-p m, -a m, b p / 2)`, along the linear parts `(0, g, 0)` and along the quadratic ones `(0, 0, p^3 g \tilde g)`
for all gradients `g, \tilde g`.  This is a family like any other, and its Lie algebra counts the laws, in `\theta`,
`m`, `p` and time together.  The trivial case: the moments of a parameter that no data move only decay. The famous one:
`u v` has no law at all, where gradient flow has `u^2 - v^2` and sign flow `|u| - |v|`.  One where something survives:
two parameters that enter only as a sum have equal gradients, and from equal moments equal steps; behind a softmax
`e^{a t} \sum_k m_k` is a law.

What the limit leaves out is said in the remarks of a result: `\epsilon = 0`, no correction of the bias of `m` and `v`
(both change `p` and `m` by functions of time that tend to 1), and steps are small against `1 - \beta`.  A full Lie
algebra at `\epsilon = 0` is one for all but finitely many `\epsilon`: its minors are rational in `\epsilon`.
"""
from dataclasses import dataclass
from fractions import Fraction

from ..runtime.errors import InputError
from .adaptive_fields import WrittenFields
from .spanned import WrittenFamily, WrittenFlow
from .tau import is_exact


@dataclass(frozen=True, repr=False)
class AdaptiveFlow(WrittenFlow):
    """
    An optimiser that divides by a second moment.

    - ``kind`` -- one of ``KINDS``; ``rates`` -- pairs (name, rational): ``a`` and ``b``, how fast the moments follow,
      ``eps`` for Adadelta

    - ``decay`` -- weight decay: decoupled, or added to the gradient

    - ``groups`` -- rates multiply the steps of an array, not its moments; a frozen array has no moments
    """

    kind: str = "adam"
    rates: tuple = ()
    # Second moments remember what is added to the gradient.
    has_momenta = True
    # Moments stand beside the parameters.
    keeps_ring = False

    def family(self, response, metric=None):
        """Return the family of the moments' dynamics, written out."""
        written = WrittenFields(self, response)
        every = list(range(written.first, len(written.names)))
        remarks = self.remarks or (
            ("the limit of small steps with eps = 0 and without bias correction",)
            if "eps" not in dict(self.rates)
            else ("the limit of small steps",)
        )
        if not any(written.decays):
            # Behind a softmax of two classes, for instance: an invariant subset of the states, no law of all of them.
            remarks += ("from equal moments, parameters with equal or opposite gradients keep their difference or sum",)
        return WrittenFamily.of(
            written.names, written.drift(), written.controls(), written.first, remarks,
            time=0 if written.first else None, rate=str(written.clock) if written.first else None,
            # exp(a t) m has the clock once, a product of two such twice.
            meaning=written.meaning(), ansatz=[(every, 2)] + ([([0], 2)] if written.first else []),
        )


def _rational(value, name, positive=True):
    if isinstance(value, float) or not is_exact(value):
        raise InputError(f"{name} = {value} is not exact; give a rational such as 1/10")
    value = Fraction(str(value))
    if value < 0 or positive and not value:
        raise InputError(f"{name} = {value} is not {'positive' if positive else 'zero or positive'}")
    return value


def adam(rates=(100, 1), weight_decay=0, decoupled=False):
    r"""
    Return Adam in continuous time: `\theta' = -m/\sqrt v`, `m' = a (g - m)`, `v' = b (g^2 - v)`.

    INPUT:

    - ``rates`` -- the pair `(a, b) = ((1 - \beta_1)/\eta, (1 - \beta_2)/\eta)`; the default is PyTorch's

    - ``weight_decay`` -- a rational; ``decoupled`` -- AdamW

    EXAMPLES:

    No law of gradient flow survives, and there are no others, in the parameters and both moments together::

        sage: from sage_conslaw import count_conservation_laws, flows, networks
        sage: count_conservation_laws(networks.linear([2, 1, 2]), flow=flows.adam(), seed=0)
        0 independent laws in 13 state coordinates (4 parameters) (proved, no assumption)
        sage: flows.adam(rates=(1, -1))
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: a rate of Adam = -1 is not positive

    REFERENCES: Barakat and Bianchi 2021, *Convergence and dynamical behavior of the Adam algorithm for nonconvex
    stochastic optimization*, (1.2)
    """
    a, b = (_rational(rate, "a rate of Adam") for rate in rates)
    return AdaptiveFlow(
        "adamw" if decoupled else "adam", decay=_rational(weight_decay, "weight_decay", False), decoupled=decoupled,
        kind="adam", rates=(("a", a), ("b", b)),
    )


def rmsprop(rate=10, weight_decay=0, centred=False, momentum=None):
    r"""
    Return RMSprop in continuous time: `\theta' = -g/\sqrt v`, `v' = b (g^2 - v)`.

    INPUT:

    - ``rate`` -- `b = (1 - \alpha)/\eta`; ``centred`` -- whether the mean gradient is subtracted; ``momentum`` --
      `(1 - \mu)/\eta`, or ``None``

    EXAMPLES::

        sage: from sage_conslaw import count_conservation_laws, flows, networks
        sage: [count_conservation_laws(networks.product(2), flow=flow, seed=0).number
        ....:  for flow in (flows.rmsprop(), flows.rmsprop(centred=True), flows.rmsprop(momentum=1))]
        [0, 0, 0]
    """
    kind = "rmsprop" + ("-centred" if centred else "") + ("" if momentum is None else "-momentum")
    rates = [("b", _rational(rate, "rate"))] + (
        [] if momentum is None else [("a", _rational(momentum, "momentum", False))]
    )
    return AdaptiveFlow("rmsprop", decay=_rational(weight_decay, "weight_decay", False), kind=kind, rates=tuple(rates))


def adagrad(weight_decay=0):
    r"""
    Return Adagrad in continuous time: `\theta' = -g/\sqrt v`, `v' = g^2`.

    EXAMPLES::

        sage: from sage_conslaw import count_conservation_laws, flows, networks
        sage: count_conservation_laws(networks.product(2), flow=flows.adagrad(), seed=0).number
        0
    """
    return AdaptiveFlow("adagrad", decay=_rational(weight_decay, "weight_decay", False), kind="adagrad")
