r"""
The family of a flow: gradients of a response, moved by a metric, pushed into some of the state coordinates.
"""
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from ..exact import modular
from ..exact.arithmetic import Dual
from ..exact import terms as sparse
from ..fields.family import LAWS_AT_ONCE, ControlAffineFamily
from .polynomial_response import written_gradients

# Coordinates of a search space are written out up to this number: beyond, no search in all monomials is possible.
_LISTED = 100_000


@dataclass(frozen=True)
class Layout:
    """
    The state of a flow beyond its names: where the parameters are and where the coordinates that the gradient moves,
    the drift (sparse polynomials, or ``None``), the constants, the clock, and how the drift integrates exactly (or
    ``None``; see :meth:`FlowFamily.drift_flow`).
    """

    first_parameter: int = 0
    first_forced: int = 0
    drift: list | None = None
    constants: tuple = ()
    time: int | None = None
    rate: str | None = None
    meaning: dict = field(default_factory=dict)
    ansatz: list | None = None
    exact_flow: tuple | None = None


class FlowFamily(ControlAffineFamily):
    r"""
    Control fields `M \nabla_\theta f(\theta; \xi)` for all `\xi`, with an optional drift.

    INPUT:

    - ``response`` -- a network's or a polynomial response with `D` parameters

    - ``names`` -- names of the state coordinates

    - ``layout`` -- the :class:`Layout` of the state, by default the parameters alone

    - ``metric`` -- list of entries ``(row, column, terms)`` in the state, or ``None`` for the identity

    - ``metric_denominator`` -- sparse polynomial in the state that the metric's entries are divided by: it changes
      speeds, no law

    EXAMPLES:

    With momentum the state has the time and the velocities, and the gradient moves the latter alone::

        sage: from sage_conslaw import flows, networks
        sage: f = networks.product(2).response()
        sage: flows.gradient().family(f).names, flows.momentum().family(f).polynomial_fields()
        (['x1', 'x2'], [[1, dx1, dx2, 0, 0], [0, 0, 0, x2, x1]])
    """

    def __init__(self, response, names, layout=Layout(), *, metric=None, metric_denominator=None, remarks=()):
        self.metric_denominator, self.remarks = metric_denominator, remarks
        self.response = response
        self.forgotten = getattr(response, "forgotten", ())
        self.is_polynomial = getattr(response, "is_polynomial", True)
        self.names = names if isinstance(names, Sequence) else list(names)
        self.first_parameter, self.first_forced = first, forced = layout.first_parameter, layout.first_forced
        self.drift, self.constants, self.exact_flow = layout.drift, layout.constants, layout.exact_flow
        self.time, self.rate, self.meaning = layout.time, layout.rate, layout.meaning
        every = range(len(self.names))
        # Degree two by default: the laws of networks that are known are quadratic.
        self.ansatz = layout.ansatz or [(list(every) if len(every) <= _LISTED else every, 2)]
        # A control that moves only coordinates it does not depend on is a shear: its flow adds its value.
        self.shears = first != forced and not any(
            forced <= i < forced + response.dimension for _, _, f in metric or () for monomial in f for i in monomial)
        self.metric = None if metric is None else sorted(metric, key=lambda entry: entry[:2])
        metric_degree = 0
        if self.metric is not None:
            rows = np.array([row for row, _, _ in self.metric], dtype=np.int64)
            self._columns = np.array([column for _, column, _ in self.metric], dtype=np.int64)
            present = sorted(set(rows.tolist()))
            self._starts = np.searchsorted(rows, present)
            self._places = np.full(response.dimension, len(present), dtype=np.int64)
            self._places[present] = np.arange(len(present))
            self._metric_map = sparse.PolynomialMap([terms for _, _, terms in self.metric], self.dimension)
            metric_degree = self._metric_map.degree
        # Coefficients bound how often a prime divides a minor, and with it the error of a rank modulo a random prime.
        polynomials = (
            list(self.drift or []) + [terms for _, _, terms in metric or ()] + list(getattr(response, "components", ()))
        )
        denominators = sum(v.denominator.bit_length() for f in polynomials for v in f.values() if v.denominator > 1)
        # A network's own coefficients are 1 and its fixed numbers; its fields have at most as many terms as dimensions
        # to the degree.
        denominators += getattr(response, "constant_bits", 0)
        self.height_bits = (
            denominators + sparse.coefficient_bits(polynomials) + response.degree * len(self.names).bit_length()
        )
        drift_degree = max(map(sparse.degree, self.drift or ()), default=0)
        self.field_degree = max(response.degree + metric_degree, drift_degree + 1)

    def draw(self, generator, p, batch):
        return self.response.draw(generator, p, batch)

    @property
    def data_size(self):
        return self.response.data_size

    def data_from_numbers(self, p, rows):
        return rows if p is None else self.response.data_from_numbers(p, rows)

    def control(self, A, z, data):
        """Return gradients of the response, moved by the metric, in the coordinates they move."""
        D = self.response.dimension
        theta = A.slice(z, self.first_parameter, self.first_parameter + D)
        gradient = self.moved(A, z, self.response.gradient(A, theta, data))
        before, after = self.first_forced, self.dimension - self.first_forced - D
        # Without a clock and velocities the parameters are the state.
        if not before and not after:
            return gradient
        zeros = [A.constant(np.zeros(n, dtype=np.int64)) for n in (before, after)]
        return A.concatenate([zeros[0], gradient, zeros[1]], -1)

    def moved(self, A, z, gradient):
        """Return a gradient moved by the metric at the state ``z``, without the metric's denominator."""
        if self.metric is None:
            return gradient
        # Entries are sorted by rows, so that one segmented sum adds each row; a row without entries takes the zero
        # behind.
        gradient = A.multiply(self._metric_map(A, z), A.take(gradient, self._columns))
        gradient = A.concatenate([A.segment_sum(gradient, self._starts), A.constant([0])], -1)
        return A.take(gradient, self._places)

    def random_step(self, generator, p):
        """Return a random parameter of :meth:`drift_flow`, for one step along the drift."""
        return 1 + int(modular.random_array(generator, (), p - 1))

    def drift_flow(self, A, p, z, step):
        r"""
        Return the endpoint of the exact flow of the drift from ``z``, modulo the prime ``p``.

        With `h` or `\sigma` for ``step``, for constant damping `\tau = 0`: `t + h, \theta + h w, w`; for `\tau \ne 0`,
        `\sigma = e^{\tau h}`: `\sigma s, \theta + w (1 - 1/\sigma)/\tau, w / \sigma`; for `\tau = k/t`, `\sigma` the
        ratio of times: `\sigma t`, `\theta + t w (1 - \sigma^{1-k})/(k - 1), w \sigma^{-k}`.  A list of steps goes with
        a batch of points.  Without a prime the steps are fractions, and the arithmetic is one of real numbers.
        """
        kind, number = self.exact_flow
        D = self.response.dimension
        head = A.slice(z, 0, self.first_parameter)
        theta = A.slice(z, self.first_parameter, self.first_parameter + D)
        w = A.slice(z, self.first_forced, self.first_forced + D)

        steps = step if isinstance(step, list) else [step]
        inverses = [_power(a, -1, p) for a in steps]

        def constants(function):
            if p is None:
                return A.fractions([function(step, 1 / step)])
            values = [[function(a, b) % p] for a, b in zip(steps, inverses)]
            return A.embed(np.array(values if isinstance(step, list) else values[0], dtype=np.int64))
        time = A.slice(z, self.time, self.time + 1)
        before = A.slice(head, 0, self.time)
        if kind == "linear":
            change = constants(lambda a, b: a)
            time, theta = A.add(time, change), A.add(theta, A.multiply(change, w))
        elif kind == "power":
            # For k = 0 the exponent of the inverse is negative: 1 - sigma.
            scale = _power(number - 1, -1, p)
            reach = constants(lambda a, b: (1 - (_power(b, number - 1, p) if number else a)) * scale)
            theta = A.add(theta, A.multiply(A.multiply(reach, time), w))
            time, w = (
                A.multiply(constants(lambda a, b: a), time),
                A.multiply(constants(lambda a, b: _power(b, number, p)), w),
            )
        else:
            if number is None:
                # An indeterminate damping is a coordinate that nothing moves: its value is a constant.
                at = z
                while isinstance(at, Dual):
                    at = at.real
                rate = np.ravel(at[..., self.constants[0]])[0]
                rate = Fraction(float(rate)) if p is None else int(rate)
            else:
                rate = number if p is None else number.numerator * pow(number.denominator, -1, p)
            scale = _power(rate, -1, p)
            theta = A.add(theta, A.multiply(constants(lambda a, b: (1 - b) * scale), w))
            time, w = A.multiply(constants(lambda a, b: a), time), A.multiply(constants(lambda a, b: b), w)
        return A.concatenate([before, time, theta, w], -1)

    def weight_relations(self, lattice):
        parameters, outputs = self.response.weight_relations(lattice)
        D = self.response.dimension
        state = list(lattice.unknowns(self.first_parameter)) + list(parameters)
        state += list(lattice.unknowns(self.dimension - len(state)))
        # A control is homogeneous if weight(M_ij) + weight(f) - weight(theta_j) - weight(z_i) is one constant.
        by_column = {}
        for i, j, terms in self.metric or [(j, j, {(): 1}) for j in range(D)]:
            by_column.setdefault(j, []).append((i, terms))
        for weight, members in outputs:
            constant = lattice.unknowns(1)[0]
            for j in members:
                for i, terms in by_column.get(j, ()):
                    for monomial in terms:
                        lattice.relation({weight: 1}, {parameters[j]: -1}, {constant: -1},
                                         {state[self.first_forced + i]: -1}, *({state[k]: 1} for k in monomial))
        if self.drift is not None:
            lattice.homogeneous_field(self.drift, state)
        return state

    def polynomial_fields(self):
        ring, zero, D = self.ring(), self.ring().zero(), self.response.dimension
        metric = [(i, j, sparse.to_sage(terms, ring)) for i, j, terms in self.metric] if self.metric is not None else \
            [(j, j, ring.one()) for j in range(D)]
        fields = []
        if self.drift is not None:
            fields.append([sparse.to_sage(f, ring) for f in self.drift])
        for row in written_gradients(self.response):
            gradient = [sparse.to_sage(sparse.shifted(f, self.first_parameter), ring) for f in row]
            field = [zero] * self.dimension
            for i, j, factor in metric:
                if gradient[j]:
                    field[self.first_forced + i] += factor * gradient[j]
            fields.append(field)
        return [field for field in fields if any(field)]

    def _symbols_needed(self):
        return self.response.symbols_needed()

    def _moves(self, law):
        """
        Return the parameter arrays in which a law is not constant.

        What moves is expanded: one identity for 16 laws of several blocks of a transformer expands all of them at once
        (36 s where laws of one block after the other take 0.4 s).
        """
        starts = self.response.leaf_starts
        return frozenset(
            np.searchsorted(
                starts, [i - self.first_forced for monomial in law for i in monomial], side="right"
            ).tolist()
        )

    def _controls_annihilate(self, ring, gradient):
        D = self.response.dimension
        moved = {j: gradient[self.first_forced + j] for j in range(D) if self.first_forced + j in gradient}
        if self.metric is not None:
            # <dh, M g> = <M^T dh, g>: the form is moved once, not each gradient.
            direction = {}
            for i, j, terms in self.metric:
                if i in moved:
                    direction[j] = direction.get(j, ring.zero()) + moved[i] * ring.from_terms(terms)
            moved = {j: value for j, value in direction.items() if value}
        state = self._symbols[self.first_parameter:self.first_parameter + D]
        symbols = self._symbols[self.dimension + LAWS_AT_ONCE:]
        # What the gradient does not move is kept by every control.
        return not moved or self.response.annihilated_by(ring, moved, symbols, state)


def _power(base, exponent, p):
    """Return a power modulo a prime, or of a fraction where there is none."""
    return Fraction(base) ** exponent if p is None else pow(base, exponent, p)
