r"""
The family of a flow: gradients of a response, moved by a metric, pushed into some of the state coordinates.
"""
import numpy as np

from ..fields import terms as sparse
from ..fields.family import LAWS_AT_ONCE, ControlAffineFamily


class FlowFamily(ControlAffineFamily):
    r"""
    Control fields `\nabla_\theta f(\theta; \xi)` for all `\xi`, with an optional drift.

    INPUT:

    - ``response`` -- a network's or a polynomial response with `D` parameters

    - ``names`` -- names of the state coordinates

    - ``first_parameter``, ``first_forced`` -- where in the state the parameters are, and where the
      coordinates that the gradient moves

    - ``drift`` -- list of sparse polynomials in the state, or ``None``

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.flows.flow_family import FlowFamily
        sage: f = networks.product(2).response()
        sage: family = FlowFamily(f, f.names)
        sage: from sage_conslaw.fields.terms import from_sage
        sage: R.<x1, x2> = QQ[]
        sage: family.conserved([from_sage(x1^2 - x2^2), from_sage(x1 - x2)])
        [True, False]
    """

    def __init__(self, response, names, first_parameter=0, first_forced=0, drift=None):
        self.response = response
        self.names = list(names)
        self.first_parameter, self.first_forced = first_parameter, first_forced
        self.drift = drift
        drift_degree = max(map(sparse.degree, drift), default=0) if drift else 0
        self.field_degree = max(response.degree, drift_degree + 1)

    def draw(self, generator, p, batch):
        return self.response.draw(generator, p, batch)

    def control(self, A, z, data):
        D = self.response.dimension
        theta = A.slice(z, self.first_parameter, self.first_parameter + D)
        gradient = self.response.gradient(A, theta, data)
        before, after = self.first_forced, self.dimension - self.first_forced - D
        if not before and not after:
            return gradient
        zeros = [A.constant(np.zeros(n, dtype=np.int64)) for n in (before, after)]
        return A.concatenate([zeros[0], gradient, zeros[1]], -1)

    def weight_relations(self, lattice):
        parameters, outputs = self.response.weight_relations(lattice)
        D = self.response.dimension
        state = list(lattice.unknowns(self.first_parameter)) + list(parameters)
        state += list(lattice.unknowns(self.dimension - len(state)))
        # A control is homogeneous if weight(f) - weight(theta_j) - weight(z_j) is one constant for all j.
        for weight, members in outputs:
            constant = lattice.unknowns(1)[0]
            for j in members:
                lattice.relation({weight: 1, parameters[j]: -1, constant: -1}, {state[self.first_forced + j]: -1})
        if self.drift is not None:
            lattice.homogeneous_field(self.drift, state)
        return state

    def polynomial_fields(self):
        ring, zero, D = self.ring(), self.ring().zero(), self.response.dimension
        state = ring.gens()
        theta = state[self.first_parameter:self.first_parameter + D]
        fields = []
        if self.drift is not None:
            fields.append([sparse.to_sage(f, ring) for f in self.drift])
        for component in self.response.local_reparameterisation():
            moved = sparse.from_sage(component)
            moved = {tuple(i + self.first_parameter for i in monomial): value for monomial, value in moved.items()}
            component = sparse.to_sage(moved, ring)
            field = [zero] * self.dimension
            for j in range(D):
                field[self.first_forced + j] = component.derivative(theta[j])
            fields.append(field)
        return [field for field in fields if any(field)]

    def _symbols_needed(self):
        return self.response.symbols_needed()

    def _controls_annihilate(self, ring, gradient):
        D = self.response.dimension
        direction = {j: gradient[self.first_forced + j] for j in range(D) if self.first_forced + j in gradient}
        state = self._symbols[self.first_parameter:self.first_parameter + D]
        symbols = self._symbols[self.dimension + LAWS_AT_ONCE:]
        return not direction or self.response.annihilated_by(ring, direction, symbols, state)
