r"""
Flows: gradient, momentum and Nesterov, with any metric and weight decay, as families on their state spaces.

One class serves all of them: a flow is a damping (or none, for first-order flows), a metric and a weight
decay.  The state is `\theta`, or `(t, \theta, w)` with `w = \theta'`; where exponentials of time enter, the time
coordinate is `s = e^{\tau t}`.
"""
from dataclasses import dataclass, field, replace
from fractions import Fraction

from .flow_family import FlowFamily
from .groups import rated
from .metric import Metric, diagonal, full, natural, of_potential, positive
from .rescaled import RescaledResponse
from .state import State
from .tau import Damping, damping, is_exact
from ..runtime.errors import InputError, InputTypeError, first_few

ONE = Fraction(1)


@dataclass(frozen=True, repr=False)
class Flow:
    r"""
    An optimiser in continuous time; :meth:`family` applies it to a response.

    - ``name`` -- ``"gradient"``, ``"momentum"`` or ``"nesterov"``

    - ``tau`` -- the damping of a second-order flow, or ``None``

    - ``metric`` -- a metric, ``"euclidean"``, ``"mirror"``, ``"icnn"``, or ``None`` for the network's own

    - ``decay`` -- the rate `\lambda` of weight decay

    - ``groups`` -- rates and decays of groups of parameters, or ``None``: see :mod:`.groups`

    - ``decoupled`` -- whether weight decay moves the parameters of a second-order flow directly:
      `\theta' = w - \lambda \theta`

    - ``scaled`` -- ``"layers"``: each array of parameters at a rate of its own, any positive function; ``"clipped"``
      or ``"normalised"``: one such function

    - ``remarks`` -- lines for people: what time means, what was left out

    EXAMPLES::

        sage: from sage_conslaw import flows, networks
        sage: flows.gradient().family(networks.product(2).response()).names
        ['x1', 'x2']
        sage: flows.momentum(tau=1).family(networks.product(2).response()).names
        ['s', 'x1', 'x2', 'dx1', 'dx2']

    ``second_order``::

        sage: flows.gradient().second_order, flows.nesterov().second_order
        (False, True)

    ``keeps_ring``::

        sage: flows.gradient().keeps_ring, flows.momentum().keeps_ring
        (True, False)

    ``metric_on``::

        sage: flows.gradient(metric="mirror").metric_on(networks.product(2).response())
        mirror metric

    ``family``::

        sage: flows.momentum(tau=1).family(networks.product(2).response()).names
        ['s', 'x1', 'x2', 'dx1', 'dx2']
    """

    name: str
    tau: Damping | None = None
    metric: object = None
    decay: Fraction = Fraction(0)
    groups: object = None
    decoupled: bool = False
    scaled: str = ""
    remarks: tuple = field(default=(), compare=False)

    def __repr__(self):
        parts = [f"tau = {self.tau}"] if self.tau is not None else []
        if isinstance(self.metric, Metric):
            parts.append(repr(self.metric))
        if self.decay:
            parts.append(f"{'decoupled ' if self.decoupled else ''}weight decay {self.decay}")
        if self.groups is not None:
            parts.append(repr(self.groups))
        if self.scaled:
            parts.append("any rate a layer" if self.scaled == "layers" else "any common rate")
        return f"{self.name} flow" + (f" with {', '.join(parts)}" if parts else "")

    @property
    def second_order(self):
        """Whether the state has velocities."""
        return self.tau is not None

    @property
    def has_momenta(self):
        """Whether decay of the parameters and decay in the gradient differ, as momenta remember the latter."""
        return self.second_order

    @property
    def keeps_ring(self):
        """Whether the state is that of the parameters alone, so that laws live in the user's ring."""
        return not self.second_order and not self.decay and not (self.groups is not None and any(self.groups.decays))

    def metric_on(self, response, metric=None):
        r"""
        Return the metric of this flow on the parameters of a response, ``None`` for the Euclidean one.

        INPUT: as for :meth:`family`
        """
        # The flow's choice goes before the network's own metric; "euclidean" undoes that.
        if self.metric is not None:
            if self.metric == "mirror":
                metric = positive(response.names, range(response.dimension), "mirror")
            else:
                metric = None if self.metric == "euclidean" else self.metric
        if metric is not None and not metric.by_name and metric.size != response.dimension:
            raise InputError(f"the metric is for {metric.size} parameters; there are {response.dimension} "
                             f"({first_few(response.names)})")
        return metric.arranged(response.names) if metric is not None and metric.by_name else metric

    def family(self, response, metric=None):
        r"""
        Return the control-affine family of this flow on the response.

        INPUT:

        - ``response`` -- of a network or of polynomials

        - ``metric`` -- the network's own metric, taken if the flow names none
        """
        metric = self.metric_on(response, metric)
        # Rates scale the rows of the metric, the Euclidean one too, which is then written out; decays belong to the
        # state.
        rates = decays = None
        if self.groups is not None:
            rates, decays = self.groups.arranged(response, self.decay)
        state = State(self, response.names, decays, [i for i, rate in enumerate(rates or ()) if not rate])
        entries = None if metric is None else state.metric_entries(metric)
        if rates is not None:
            entries = rated(entries, rates)
        # Clipped and normalised gradients span what the gradients do: one positive factor for all is one more free
        # datum.
        if self.scaled == "layers":
            response = RescaledResponse(response)
        denominator = None if metric is None else state.metric_denominator(metric)
        return FlowFamily(
            response, state.names, state.layout(), metric=entries, metric_denominator=denominator, remarks=self.remarks
        )


def gradient(metric=None):
    r"""
    Return gradient flow `\theta' = -M(\theta) \nabla E(\theta)`: control fields `M \nabla_\theta f(\theta; \xi)`, no
    drift.

    INPUT:

    - ``metric`` -- ``None``: the network's own, else Euclidean; ``"euclidean"``, ``"mirror"``; a list of polynomials
      (the diagonal); or a square matrix of polynomials or rational functions, symmetric or not

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, flows, networks
        sage: conservation_laws(networks.product(3), flow=flows.gradient()).number
        2
        sage: R.<u, v> = QQ[]
        sage: conservation_laws([u*v], flow=flows.gradient(metric=[u, v]), degree=1).laws
        (u - v,)
        sage: conservation_laws([u*v], flow=flows.gradient(metric=[[1, 0], [1, 1/u]])).number
        1
        sage: flows.gradient(metric=3)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputTypeError: metric 3 is not a metric; give a list (the diagonal), a square matrix or
        flows.mirror(potential).metric
    """
    return Flow("gradient", metric=as_metric(metric))


def as_metric(metric):
    """Return a metric from what users give: a diagonal, a matrix, a metric or ``None``."""
    if metric is None or isinstance(metric, Metric):
        return metric
    if isinstance(metric, str):
        if metric not in ("euclidean", "mirror", "icnn"):
            raise InputError(f"metric {metric!r} is not known; choose 'euclidean', 'mirror' or 'icnn'")
        return metric
    # A mirror flow is a flow; asked for as a metric, its own is meant.
    if isinstance(metric, Flow):
        return metric.metric
    # A matrix of Sage, of which this module imports no class.
    if hasattr(metric, "nrows"):
        return full(metric.rows())
    if not isinstance(metric, (list, tuple)) or not metric:
        raise InputTypeError(f"metric {metric!r} is not a metric; give a list (the diagonal), a square matrix "
                        "or flows.mirror(potential).metric")
    if any(isinstance(row, (list, tuple)) for row in metric):
        if not all(isinstance(row, (list, tuple)) for row in metric):
            raise InputTypeError(
                "a metric is a list of polynomials (the diagonal) or the rows of a square matrix, not a mixture"
            )
        return full(metric)
    return diagonal(metric)


def mirror(potential, names=None):
    r"""
    Return mirror flow, gradient flow with the metric `(\nabla^2 \psi)^{-1}` of a potential given as a Sage expression.

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, flows
        sage: u, v = SR.var("u, v")
        sage: R.<u, v> = QQ[]
        sage: psi = SR(u)*log(SR(u)) + SR(v)^2/2
        sage: conservation_laws([u*v], flow=flows.mirror(psi)).laws
        (v^2 - 2*u,)
    """
    return Flow("gradient", metric=of_potential(potential, names))


def natural_gradient(phi, damping=0):
    r"""
    Return natural gradient flow of a local reparameterisation, metric `(J^T J + \lambda I)^{-1}`.

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, flows
        sage: R.<u, v> = QQ[]
        sage: conservation_laws([u*v], flow=flows.natural_gradient([u*v], damping=1)).laws
        (u^2 - v^2,)
    """
    return Flow("gradient", metric=natural(phi, damping))


def momentum(tau=0, metric=None):
    r"""
    Return momentum flow `\theta'' + \tau(t)\, \theta' = -M \nabla E` ([MGP2024]_, Section 3).

    INPUT:

    - ``tau`` -- a rational constant `\ge 0`, a rational function of ``t`` (as a string or in Sage), or the string
      ``"tau"`` for an indeterminate

    - ``metric`` -- as for :func:`gradient`; a user's metric may depend on ``t``, the parameters and their
      velocities (``d`` before the name), a mirror metric is taken at `\tau \theta + \theta'`

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, flows, networks
        sage: net = networks.linear([2, 2, 2])
        sage: conservation_laws(net, flow=flows.momentum()).number
        1
        sage: print(conservation_laws(net, flow=flows.momentum(tau=1)).readable_laws()[0])
        exp(t)*(U1_1_2*dU1_1_1 - U1_1_1*dU1_1_2 + U1_2_2*dU1_2_1 - U1_2_1*dU1_2_2 + U2_2_1*dU2_1_1 + U2_2_2*dU2_1_2 -
        U2_1_1*dU2_2_1 - U2_1_2*dU2_2_2)
    """
    return Flow("momentum", tau=damping(tau), metric=as_metric(metric))


def nesterov(metric=None):
    r"""
    Return the flow of Nesterov's accelerated gradient, momentum with `\tau = 3/t`.

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, flows, networks
        sage: conservation_laws(networks.linear([2, 2, 2]), flow=flows.nesterov()).readable_laws()[0][:5]
        't^3*('
    """
    return Flow("nesterov", tau=damping("3/t"), metric=as_metric(metric))


def weight_decay(rate, flow=None, decoupled=False):
    r"""
    Return a flow with weight decay, the term `-\lambda \theta`, added ([MGP2025]_: a law `h` of degree `k` becomes
    `h\, e^{k \lambda t}`).

    INPUT:

    - ``rate`` -- a rational `\lambda \ge 0`; ``flow`` -- the flow without it, by default gradient flow

    - ``decoupled`` -- for momentum, whether the decay acts on the parameters, `\theta' = w - \lambda \theta`, or on the
      gradient

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, flows, networks
        sage: conservation_laws(networks.product(2), flow=flows.weight_decay(1)).readable_laws()
        ['exp(2*t)*(x1^2 - x2^2)']
        sage: flows.weight_decay(-1)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: the rate -1 of weight decay is negative; give a rational rate >= 0
    """
    if not is_exact(rate):
        raise InputTypeError(f"the rate {rate!r} of weight decay is not exact; give a rational such as 1/100")
    try:
        rate = Fraction(str(rate))
    except (ValueError, ZeroDivisionError):
        raise InputError(f"the rate {rate} of weight decay is not a rational number; give e.g. 1/100") from None
    if rate < 0:
        raise InputError(f"the rate {rate} of weight decay is negative; give a rational rate >= 0")
    flow = gradient() if flow is None else flow
    # One flag says where all of the decay acts, so that the two kinds cannot be added.
    if decoupled and flow.decay and not flow.decoupled and flow.has_momenta:
        raise InputError("the flow has coupled weight decay already; give the whole rate at once")
    # Without momenta both kinds are one flow, and are equal as such.
    return replace(flow, decay=flow.decay + rate, decoupled=(decoupled or flow.decoupled) and flow.has_momenta)
