r"""
Flows: gradient, momentum and Nesterov, with any metric and weight decay, as families on their state spaces.

One class serves all of them: a flow is a damping (or none, for first-order flows), a metric and a weight
decay.  The state is `\theta`, or `(t, \theta, w)` with `w = \theta'`; where exponentials of time enter, the time
coordinate is `s = e^{\tau t}`.
"""
from dataclasses import dataclass, field
from fractions import Fraction

from ..exact import terms as sparse
from .flow_family import FlowFamily
from .groups import common_rate, rated
from .metric import Metric, positive
from .rescaled import RescaledResponse
from .tau import Damping, damping, exponential_text, is_exact
from ..runtime.errors import InputError, InputTypeError, NotCovered

ONE = Fraction(1)

# Laws are searched up to this power of the slowest decay squared; with decays further apart they are counted, and
# listed at a higher degree only.
_FASTEST = 4


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

    - ``scaled`` -- ``"layers"``: each array of parameters at a rate of its own, any positive function; ``"all"``: one
      such function (clipping)

    - ``remarks`` -- lines for people: what time means, what was left out

    EXAMPLES::

        sage: from sage_conslaw import flows, networks
        sage: flows.gradient().family(networks.product(2).response()).names
        ['x1', 'x2']
        sage: flows.momentum(tau=1).family(networks.product(2).response()).names
        ['s', 'x1', 'x2', 'dx1', 'dx2']
    """

    name: str
    tau: Damping = None
    metric: object = None
    decay: Fraction = Fraction(0)
    groups: object = None
    decoupled: bool = False
    scaled: str = ""
    remarks: tuple = field(default=(), compare=False)

    # Whether training by this flow can be simulated step by step.
    simulated = True

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
        r"""
        Whether the state has velocities.

        EXAMPLES::

            sage: from sage_conslaw import flows, networks
            sage: flows.gradient().second_order, flows.nesterov().second_order
            (False, True)
        """
        return self.tau is not None

    @property
    def keeps_ring(self):
        r"""
        Whether the state is that of the parameters alone, so that laws live in the user's ring.

        EXAMPLES::

            sage: from sage_conslaw import flows, networks
            sage: flows.gradient().keeps_ring, flows.momentum().keeps_ring
            (True, False)
        """
        return not self.second_order and not self.decay and not (self.groups is not None and any(self.groups.decays))

    def metric_on(self, response, metric=None):
        r"""
        Return the metric of this flow on the parameters of a response, ``None`` for the Euclidean one.

        INPUT: as for :meth:`family`

        EXAMPLES::

            sage: from sage_conslaw import flows, networks
            sage: flows.gradient(metric="mirror").metric_on(networks.product(2).response())
            mirror metric
        """
        if self.metric is not None:
            if self.metric == "mirror":
                metric = positive(response.names, range(response.dimension), "mirror")
            else:
                metric = None if self.metric == "euclidean" else self.metric
        if metric is not None and not metric.by_name and metric.size != response.dimension:
            raise InputError(f"the metric is for {metric.size} parameters; there are {response.dimension} "
                             f"({', '.join(response.names[:6])}{', ...' if response.dimension > 6 else ''})")
        return metric.arranged(response.names) if metric is not None and metric.by_name else metric

    def family(self, response, metric=None):
        r"""
        Return the control-affine family of this flow on the response.

        INPUT:

        - ``response`` -- of a network or of polynomials

        - ``metric`` -- the network's own metric, taken if the flow names none

        EXAMPLES::

            sage: from sage_conslaw import flows, networks
            sage: flows.momentum(tau=1).family(networks.product(2).response()).names
            ['s', 'x1', 'x2', 'dx1', 'dx2']
        """
        metric = self.metric_on(response, metric)
        rates, decays = None, [self.decay] * response.dimension
        if self.groups is not None:
            rates, decays = self.groups.arranged(response, self.decay)
        state = _State(self, response.names, decays)
        entries = None if metric is None else state.metric_entries(metric)
        if rates is not None:
            entries = rated(entries, rates)
        if self.scaled == "layers":
            response = RescaledResponse(response)
        denominator = None if metric is None else state.metric_denominator(metric)
        family = FlowFamily(
            response,
            state.names,
            state.parameters,
            state.forced,
            state.drift(),
            entries,
            constants=state.constants,
            time=state.time,
            rate=state.rate_text(),
            meaning=state.meaning(),
            ansatz=state.ansatz(),
            exact_flow=state.exact_flow(),
            metric_denominator=denominator,
        )
        family.remarks = self.remarks
        return family


class _State:
    """The state space of a flow: which coordinates there are, and what the drift does to them."""

    def __init__(self, flow, parameters, decays):
        self.flow, self.D, self.decays = flow, len(parameters), decays
        self.rate = flow.tau.constant if flow.second_order else common_rate(decays)
        if flow.decoupled and self.rate is not None:
            # Parameters decay at lambda and momenta at tau: the clock is the largest rate that both are multiples of.
            self.rate = common_rate([self.rate, *decays])
            if (flow.tau.constant + max(decays)) > 2 * _FASTEST * self.rate:
                self.rate = flow.tau.constant + max(decays)
        # s = exp(rate * t) where exponentials enter; t where only powers do; nothing for plain first-order flows.
        self.exponential = bool(flow.second_order and (flow.tau.symbolic or self.rate)) or \
            bool(not flow.second_order and self.rate)
        self.names, self.constants = [], []
        if flow.second_order and flow.tau.symbolic:
            self.names.append(_unused("tau", parameters))
            self.constants = [0]
        self.time = None
        if flow.second_order or self.rate:
            self.time = len(self.names)
            self.names.append(_unused("s" if self.exponential else "t", parameters))
        self.parameters = len(self.names)
        # The parameters of a large network are named when someone asks.
        self.alone = None if self.names or flow.second_order else parameters
        self.names = self.names + list(parameters) if self.alone is None else parameters
        self.forced = self.parameters
        if flow.second_order:
            self.forced = len(self.names)
            taken = set(self.names)
            for name in parameters:
                velocity = _unused("d" + name, taken)
                taken.add(velocity)
                self.names.append(velocity)

    def _in_time(self, terms, factor=()):
        """Return a polynomial in t times a monomial, in the coordinates of the state."""
        return {tuple(sorted((self.time,) * len(monomial) + tuple(factor))): value for monomial, value in terms.items()}

    def _tau_s(self):
        return {(0, self.time): ONE} if self.constants else {(self.time,): self.rate}

    def drift(self):
        flow, D = self.flow, self.D
        if self.time is None:
            return None
        theta = range(self.parameters, self.parameters + D)
        if not flow.second_order:
            return [{(self.time,): self.rate}] + [
                {(i,): -decay} if decay else {} for i, decay in zip(theta, self.decays)
            ]
        velocity = range(self.forced, self.forced + D)
        if flow.tau.symbolic:
            p, q, clock = None, {(): ONE}, [{}, self._tau_s()]
            damped = [{(0, j): -ONE} for j in velocity]
        else:
            p, q = flow.tau.numerator, flow.tau.denominator
            clock = [self._tau_s() if self.exponential else self._in_time(q)]
            damped = [sparse.scaled(self._in_time(p, (j,)), -ONE) for j in velocity]
        moved = [q if p is None else self._in_time(q) for _ in theta]
        moved = [sparse.multiply(factor, {(j,): ONE}) for factor, j in zip(moved, velocity)]
        pulls = [
            sparse.scaled(sparse.multiply(q if p is None else self._in_time(q), {(i,): ONE}), -decay) if decay else {}
            for i, decay in zip(theta, self.decays)
        ]
        if flow.decoupled:
            return clock + [sparse.add(a, b) for a, b in zip(moved, pulls)] + damped
        return clock + moved + [sparse.add(a, b) for a, b in zip(damped, pulls)]

    def metric_entries(self, metric):
        """Return the entries of a metric in the coordinates of the state."""
        names = metric.names or ()
        unknown = [name for name in names if name not in self.names]
        used = {i for _, _, terms in metric.entries for monomial in terms for i in monomial}
        used |= {i for monomial in metric.denominator or () for i in monomial}
        if any(names[i] in unknown for i in used):
            bad = next(names[i] for i in sorted(used) if names[i] in unknown)
            if bad == "t" and self.exponential:
                raise InputError("the metric depends on t, but with this flow the time enters as s = exp(rate * t): "
                                 "write it in s, or take tau = 0 or a tau that depends on t")
            raise InputError(
                f"the metric has the variable {bad}, which is not a coordinate ({', '.join(self.names[:8])}"
                f"{', ...' if len(self.names) > 8 else ''})"
            )
        top = max((sparse.degree(terms) for _, _, terms in metric.entries), default=0)
        place = {name: i for i, name in enumerate(self.names)}
        return [(row, column, self._in_state(metric, terms, top, place)) for row, column, terms in metric.entries]

    def metric_denominator(self, metric):
        """Return what the entries of a metric are divided by, in the coordinates of the state, or ``None``."""
        if metric.denominator is None:
            return None
        place = {name: i for i, name in enumerate(self.names)}
        return self._in_state(metric, metric.denominator, sparse.degree(metric.denominator), place)

    def _in_state(self, metric, terms, top, place):
        total = {}
        for monomial, value in terms.items():
            names = [metric.names[i] for i in monomial]
            factors = [self._dual(place[name]) if metric.dual else {(place[name],): ONE} for name in names]
            if metric.dual and self.flow.second_order:
                factors += [self._clock_factor()] * (top - len(monomial))
            product = {(): value}
            for factor in factors:
                product = sparse.multiply(product, factor)
            total = sparse.add(total, product)
        return total

    def _clock_factor(self):
        return {(): ONE} if self.flow.tau.symbolic else self._in_time(self.flow.tau.denominator) \
            if not self.exponential else {(): ONE}

    def _dual(self, i):
        """Return `\tau \theta_i + w_i`, times the denominator of tau."""
        if not self.flow.second_order:
            return {(i,): ONE}
        if self.flow.decoupled:
            raise NotCovered(
                "mirror descent with momentum and decoupled weight decay is not covered; use coupled "
                "decay, or the Euclidean metric"
            )
        w = i - self.parameters + self.forced
        if self.flow.tau.symbolic:
            return {(0, i): ONE, (w,): ONE}
        if self.exponential:
            return {(i,): self.rate, (w,): ONE}
        return sparse.add(self._in_time(self.flow.tau.numerator, (i,)), self._in_time(self.flow.tau.denominator, (w,)))

    def ansatz(self):
        """Return groups (coordinates, degree) of the default search: degree 2, times powers of the time; ``None`` for
        the family's own."""
        if self.names is self.alone:
            return None
        groups = [(list(range(self.parameters, len(self.names))), 2)]
        if self.time is not None:
            groups.append(([self.time], self._time_degree()))
        return groups

    def _time_degree(self):
        if self.exponential:
            # A law of degree two in parameters that decay k times as fast as the clock has the factor s^(2k).
            if not self.flow.second_order:
                return 2 * min(int(max(self.decays) / self.rate), _FASTEST)
            if not self.flow.decoupled or self.constants:
                return 1
            return min(int((self.flow.tau.constant + max(self.decays)) / self.rate), 2 * _FASTEST)
        k = self.flow.tau.over_time
        return max(1, int(k)) if k is not None and k.denominator == 1 else 1

    def meaning(self):
        """Return what each coordinate of the state stands for."""
        out = {}
        if self.constants:
            out[self.names[0]] = "the damping tau"
        if self.time is not None:
            out[self.names[self.time]] = exponential_text(1, self.rate_text()) if self.exponential else "the time t"
        if self.flow.second_order:
            for i in range(self.D):
                of = self.names[self.parameters + i]
                out[self.names[self.forced + i]] = (
                    f"the momentum that moves {of}" if self.flow.decoupled else f"time derivative of {of}"
                )
        return out

    def rate_text(self):
        """Return the rate of the exponential time coordinate, or ``None`` if the coordinate is the time."""
        if not self.exponential:
            return None
        return self.names[0] if self.constants else str(self.rate)

    def exact_flow(self):
        """Return how the drift integrates exactly, or ``None`` if it does not."""
        if not self.flow.second_order or any(self.decays):
            return None
        if self.exponential:
            return ("exponential", None if self.constants else self.rate)
        k = self.flow.tau.over_time
        if k is not None and k.denominator == 1 and k != 1:
            return ("power", int(k))
        return ("linear", 0) if self.flow.tau.constant == 0 else None


def _unused(name, taken):
    while name in taken:
        name += "_"
    return name


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
    r"""
    Return a metric from what users give: a diagonal, a matrix, a metric or ``None``.

    EXAMPLES::

        sage: from sage_conslaw.flows.flow import as_metric
        sage: R.<u, v> = QQ[]
        sage: as_metric([u, v])
        diagonal metric
        sage: as_metric(matrix([[1, u], [u, 1]]))
        matrix metric
    """
    from .metric import diagonal, full
    if metric is None or isinstance(metric, Metric):
        return metric
    if isinstance(metric, str):
        if metric not in ("euclidean", "mirror", "icnn"):
            raise InputError(f"metric {metric!r} is not known; choose 'euclidean', 'mirror' or 'icnn'")
        return metric
    if isinstance(metric, Flow):
        return metric.metric
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
    from .metric import of_potential
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
    from .metric import natural
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
    from dataclasses import replace
    if not is_exact(rate):
        raise InputTypeError(f"the rate {rate!r} of weight decay is not exact; give a rational such as 1/100")
    try:
        rate = Fraction(str(rate))
    except (ValueError, ZeroDivisionError):
        raise InputError(f"the rate {rate} of weight decay is not a rational number; give e.g. 1/100") from None
    if rate < 0:
        raise InputError(f"the rate {rate} of weight decay is negative; give a rational rate >= 0")
    flow = gradient() if flow is None else flow
    if decoupled and flow.decay and not flow.decoupled and flow.second_order:
        raise InputError("the flow has coupled weight decay already; give the whole rate at once")
    return replace(flow, decay=flow.decay + rate, decoupled=(decoupled or flow.decoupled) and flow.second_order)
