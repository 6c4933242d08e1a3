r"""
The response `f(\theta; \xi) = \sum_i \xi_i \phi_i(\theta)` of a local reparameterisation given as polynomials.
"""
from ..exact import modular
from ..exact import terms as sparse
from .._sage import PolynomialRing, QQ


class PolynomialResponse:
    r"""
    The response of a given `\phi` ([MGP2023]_, Definition 2.5).

    INPUT:

    - ``names`` -- names of the parameters

    - ``components`` -- the components of `\phi` as sparse polynomials
    """

    def __init__(self, names, components):
        # Constants have no gradient.
        self.names, self.components = list(names), [f for f in components if sparse.degree(f)]
        self.dimension = len(self.names)
        self.leaf_starts = [0]
        self.gradients = [sparse.derivatives(f) for f in self.components]
        flat = [g.get(j, {}) for g in self.gradients for j in range(self.dimension)]
        self._map = sparse.PolynomialMap(flat, self.dimension)
        # A datum times a component: together one degree more.
        self.degree = 1 + max(map(sparse.degree, self.components), default=0)

    def draw(self, generator, p, batch):
        """Return random coefficients of the components, one row a field."""
        return modular.random_array(generator, (batch, len(self.components)), p)

    @property
    def data_size(self):
        """How many components there are."""
        return len(self.components)

    def data_from_numbers(self, p, rows):
        """Return the data variables from lists of numbers, one a field."""
        return modular.residues(rows, (len(rows), len(self.components)), p)

    def gradient(self, A, theta, data):
        """Return the gradients of the response, shape ``(batch, dimension)``."""
        shape = (len(self.components), self.dimension)
        rows = A.reshape(self._map(A, theta), (shape[0] * shape[1],), shape)
        return A.contract("k,kn->n", A.embed(data), rows)

    def weight_relations(self, lattice):
        """Return weights of the parameters, and for each component its weight and its variables."""
        parameters = lattice.unknowns(self.dimension)
        outputs = []
        for component, gradient in zip(self.components, self.gradients):
            weight = lattice.unknowns(1)[0]
            for monomial in component:
                # A constant term is of no field: it asks nothing of the weight.
                if monomial:
                    lattice.relation({weight: 1}, *({parameters[i]: -1} for i in monomial))
            outputs.append((weight, list(gradient)))
        return parameters, outputs

    def symbols_needed(self):
        """Return how many fresh symbols :meth:`annihilated_by` may take: none."""
        return 0

    def annihilated_by(self, ring, direction, symbols, state):
        """Decide exactly whether the derivative of every component along the direction vanishes."""
        # In a phase space the clock comes before the parameters.
        first = ring.gens().index(state[0])
        for gradient in self.gradients:
            total = ring.zero()
            for j, factor in direction.items():
                if j in gradient:
                    total += factor * ring.from_terms(sparse.shifted(gradient[j], first))
            if total:
                return False
        return True

    def local_reparameterisation(self):
        """Return the components of phi as Sage polynomials over QQ."""
        ring = PolynomialRing(QQ, self.names, len(self.names))
        return [sparse.to_sage(f, ring) for f in self.components]


def written_gradients(response):
    """Return polynomial gradients that span those of a response at every point, one sparse polynomial a parameter."""
    # Behind a norm there is no phi: the coefficients of the fields themselves span them.
    if not getattr(response, "is_gradient", True):
        return [[sparse.from_sage(f) for f in gradient] for gradient in response.gradient_coefficients()]
    rows = getattr(response, "gradients", None)
    if rows is None:
        rows = [sparse.derivatives(sparse.from_sage(f)) for f in response.local_reparameterisation()]
    return [[row.get(j, {}) for j in range(response.dimension)] for row in rows]
