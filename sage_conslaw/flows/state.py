r"""
The state space of a flow: which coordinates there are, and what the drift does to them.

Gradient flow needs the parameters alone.  Where exponentials of time enter there is `s = e^{\tau t}` before them, where
powers do there is `t`; a second-order flow has the velocities behind them:

- `\theta' = -\lambda \theta` and `s' = \lambda s` for weight decay, so that `s^2 (u^2 - v^2)` is a polynomial law;
- `\theta' = q w`, `w' = -p w`, `t' = q` for the damping `\tau = p/q`: multiplying the drift by `q` changes no law.
"""
from fractions import Fraction
from itertools import repeat

from ..exact import terms as sparse
from ..runtime.errors import InputError, NotCovered, first_few
from .flow_family import Layout
from .groups import common_rate, fresh, unused
from .tau import exponential_text

ONE = Fraction(1)

# Laws are searched up to this power of the slowest decay squared; with decays further apart they are counted, and
# listed at a higher degree only.
FASTEST = 4


class State:
    """The coordinates of a flow on parameters with these names, each with its decay; some parameters may be frozen."""

    def __init__(self, flow, parameters, decays=None, frozen=()):
        self.flow, self.D, self.frozen = flow, len(parameters), frozenset(frozen)
        self.symbolic = flow.second_order and flow.tau.symbolic
        # A network may have 10^10 parameters that decay alike.
        self.decays = repeat(flow.decay) if decays is None else decays
        self.different = {flow.decay} if decays is None else set(decays)
        self.rate = flow.tau.constant if flow.second_order else common_rate(self.different)
        if flow.decoupled and self.rate is not None:
            # Parameters decay at lambda and momenta at tau: the clock is the largest rate that both are multiples of.
            self.rate = common_rate([self.rate, *self.different])
            if (flow.tau.constant + max(self.different)) > 2 * FASTEST * self.rate:
                self.rate = flow.tau.constant + max(self.different)
        # s = exp(rate * t) where exponentials enter; t where only powers do; nothing for plain first-order flows.
        self.exponential = bool(self.symbolic or self.rate)
        self.names = [unused("tau", parameters)] if self.symbolic else []
        self.constants = [0] if self.symbolic else []
        self.time = None
        if flow.second_order or self.rate:
            self.time = len(self.names)
            self.names.append(unused("s" if self.exponential else "t", parameters))
        self.parameters = len(self.names)
        # The parameters of a large network are named when someone asks.
        # A plain first-order flow: the state is the parameters, which are not copied.
        self.alone = None if self.names or flow.second_order else parameters
        self.names = self.names + list(parameters) if self.alone is None else parameters
        self.forced = self.parameters
        if flow.second_order:
            self.forced = len(self.names)
            self.names += fresh("d", parameters, self.names)
            # Velocities exist for all, so that places are plain; that of a frozen parameter is no part of the state.
            self.constants += [self.forced + i for i in sorted(self.frozen)]

    def layout(self):
        """Return where the parts of the state are, and its drift."""
        return Layout(self.parameters, self.forced, self.drift(), tuple(self.constants), self.time, self.rate_text(),
                      self.meaning(), self.ansatz(), self.exact_flow())

    def _in_time(self, terms):
        """Return a polynomial in t in the coordinates of the state."""
        return {(self.time,) * len(monomial): value for monomial, value in terms.items()}

    def _tau_s(self):
        return {(0, self.time): ONE} if self.symbolic else {(self.time,): self.rate}

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
        if self.symbolic:
            factor, clock = {(): ONE}, [{}, self._tau_s()]
            damping = {(0,): -ONE}
        else:
            # tau = p/q: the drift times q is polynomial, and h is constant along q f iff it is along f.
            factor = self._in_time(flow.tau.denominator)
            clock = [self._tau_s() if self.exponential else factor]
            damping = sparse.scaled(self._in_time(flow.tau.numerator), -ONE)
        moved, damped = (
            [{} if i in self.frozen else _times(part, j) for i, j in enumerate(velocity)] for part in (factor, damping)
        )
        if not any(self.different):
            return clock + moved + damped
        pulls = [_times(sparse.scaled(factor, -decay), i) if decay else {} for i, decay in zip(theta, self.decays)]
        if flow.decoupled:
            return clock + [sparse.add(a, b) for a, b in zip(moved, pulls)] + damped
        # Coupled decay is part of the force, and acts on the velocities.
        return clock + moved + [sparse.add(a, b) for a, b in zip(damped, pulls)]

    def metric_entries(self, metric):
        """Return the entries of a metric in the coordinates of the state."""
        names = metric.names or ()
        place = {name: i for i, name in enumerate(self.names)}
        used = {i for _, _, terms in metric.entries for monomial in terms for i in monomial}
        used |= {i for monomial in metric.denominator or () for i in monomial}
        bad = next((names[i] for i in sorted(used) if names[i] not in place), None)
        if bad is not None:
            if bad == "t" and self.exponential:
                raise InputError("the metric depends on t, but with this flow the time enters as s = exp(rate * t): "
                                 "write it in s, or take tau = 0 or a tau that depends on t")
            raise InputError(f"the metric has the variable {bad}, which is not a coordinate ({first_few(self.names)})")
        # The dual point is (p theta + q w)/q: terms below the top degree are multiplied by q, so that all have one
        # factor.
        top = max((sparse.degree(terms) for _, _, terms in metric.entries), default=0)
        return [(row, column, self._in_state(metric, terms, top, place)) for row, column, terms in metric.entries]

    def metric_denominator(self, metric):
        """Return what the entries of a metric are divided by, in the coordinates of the state, or ``None``."""
        if metric.denominator is None:
            return None
        place = {name: i for i, name in enumerate(self.names)}
        return self._in_state(metric, metric.denominator, sparse.degree(metric.denominator), place)

    def _in_state(self, metric, terms, top, place):
        if not (metric.dual and self.flow.second_order):
            # Half a million entries of one variable each are usual.
            return {tuple(sorted(place[metric.names[i]] for i in m)): value for m, value in terms.items()}
        total = {}
        for monomial, value in terms.items():
            names = [metric.names[i] for i in monomial]
            factors = [self._dual(place[name]) for name in names]
            factors += [self._clock_factor()] * (top - len(monomial))
            product = {(): value}
            for factor in factors:
                product = sparse.multiply(product, factor)
            total = sparse.add(total, product)
        return total

    def _clock_factor(self):
        return {(): ONE} if self.exponential else self._in_time(self.flow.tau.denominator)

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
        if self.symbolic:
            return {(0, i): ONE, (w,): ONE}
        if self.exponential:
            return {(i,): self.rate, (w,): ONE}
        numerator, denominator = self._in_time(self.flow.tau.numerator), self._in_time(self.flow.tau.denominator)
        return sparse.add(_times(numerator, i), _times(denominator, w))

    def ansatz(self):
        """Return groups (coordinates, degree) of the default search: degree 2, times powers of the time; ``None`` for
        the family's own."""
        if self.names is self.alone:
            return None
        groups = [([i for i in range(self.parameters, len(self.names)) if i not in self.constants], 2)]
        if self.time is not None:
            groups.append(([self.time], self._time_degree()))
        return groups

    def _time_degree(self):
        if self.exponential:
            # A law of degree two in parameters that decay k times as fast as the clock has the factor s^(2k).
            if not self.flow.second_order:
                return 2 * min(int(max(self.different) / self.rate), FASTEST)
            if not self.flow.decoupled or self.symbolic:
                return 1
            return min(int((self.flow.tau.constant + max(self.different)) / self.rate), 2 * FASTEST)
        k = self.flow.tau.over_time
        return max(1, int(k)) if k is not None and k.denominator == 1 else 1

    def meaning(self):
        """Return what each coordinate of the state stands for."""
        out = {}
        if self.symbolic:
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
        return self.names[0] if self.symbolic else str(self.rate)

    def exact_flow(self):
        """Return how the drift integrates exactly, or ``None`` if it does not."""
        if not self.flow.second_order or any(self.different) or self.frozen:
            return None
        if self.exponential:
            return ("exponential", None if self.symbolic else self.rate)
        k = self.flow.tau.over_time
        # For k = 1 the position is a logarithm of the time, and a fractional k needs roots: no rational flow.
        if k is not None and k.denominator == 1 and k != 1:
            return ("power", int(k))
        return ("linear", 0) if self.flow.tau.constant == 0 else None


def _times(terms, coordinate):
    """Return a polynomial in times and constants, which come first, times a coordinate."""
    return {(*monomial, coordinate): value for monomial, value in terms.items()}
