r"""
Gradients rescaled by unknown positive functions: clipping, normalised gradients, layer-wise rates.

A field `\kappa\, v` with one function `\kappa > 0` for all coordinates annihilates what `v` annihilates: with `\kappa`
as one more free datum the span of the controls is the same, so the laws are those of the flow without `\kappa`, for
every rule that chooses it. With one function a layer, the controls are `(\kappa_1 v_1, \dots, \kappa_L v_L)`, and their
span is the direct sum of the layers' spans: what is conserved then is conserved for *every* choice of layer-wise rates,
and laws between layers are lost.
"""
import numpy as np

from .._sage import PolynomialRing, QQ
from ..exact import modular
from ..exact import terms as sparse
from ..runtime.errors import NotCovered
from .groups import arrays_of
from .polynomial_response import written_gradients


class RescaledResponse:
    """The gradients of a response, each array of parameters times a datum of its own."""

    is_gradient = False

    def __init__(self, response):
        self.response = response
        # A phi given as polynomials has no cuts and no constants, and so none of these attributes.
        self.forgotten = getattr(response, "forgotten", ())
        self.is_polynomial = getattr(response, "is_polynomial", True)
        self.constant_bits = getattr(response, "constant_bits", 0)
        self.names, self.dimension = response.names, response.dimension
        sizes = [size for _, size in arrays_of(response)]
        self.starts = np.cumsum([0] + sizes)
        self.layer = np.repeat(np.arange(len(sizes)), sizes)
        self.leaf_starts = self.starts[:-1]
        # A rate is one factor more.
        self.degree = response.degree + 1

    @property
    def layers(self):
        """How many arrays there are."""
        return len(self.starts) - 1

    def draw(self, generator, p, batch):
        """Return random rates and random data of the response."""
        return modular.random_array(generator, (batch, self.layers), p), self.response.draw(generator, p, batch)

    @property
    def data_size(self):
        """How many numbers are the data of one field."""
        return self.layers + self.response.data_size

    def data_from_numbers(self, p, rows):
        """Return rates and data from lists of numbers, the rates first."""
        rates = [row[:self.layers] for row in rows]
        return modular.residues(rates, (len(rows), self.layers), p), self.response.data_from_numbers(
            p, [row[self.layers :] for row in rows]
        )

    def gradient(self, A, theta, data):
        """Return the gradients of the response, layer by layer times the rates."""
        rates, data = data
        return A.multiply(A.take(A.embed(rates), self.layer), self.response.gradient(A, theta, data))

    def weight_relations(self, lattice):
        """Return weights of the parameters, and for each layer a weight of its own: its rate is free."""
        parameters, outputs = self.response.weight_relations(lattice)
        # A gradient cut to one array is homogeneous by itself, with a weight of its own.
        split = []
        for weight, members in outputs:
            for layer in sorted({int(self.layer[j]) for j in members}):
                scale = lattice.unknowns(1)[0]
                split.append((scale, [j for j in members if self.layer[j] == layer]))
        return parameters, split

    def local_reparameterisation(self):
        """Refuse: the fields are not the gradients of fixed polynomials."""
        raise NotCovered(
            "gradients with a rate of its own a layer are not the gradients of one phi; use algorithm='modular'"
        )

    def gradient_coefficients(self):
        """Return spanning gradients: those of the response, cut to one layer each."""
        ring = PolynomialRing(QQ, self.names, len(self.names))
        rows = [[sparse.to_sage(f, ring) for f in row] for row in written_gradients(self.response)]
        out = []
        # The fields at the rates (0, ..., 1, ..., 0) span all others.
        for row in rows:
            for layer in range(self.layers):
                cut = [f if self.layer[j] == layer else ring.zero() for j, f in enumerate(row)]
                if any(cut):
                    out.append(cut)
        return out

    def annihilated_by(self, ring, direction, symbols, state):
        """Decide exactly whether every layer's part of the direction annihilates the response."""
        for layer in range(self.layers):
            # The rates are independent of each other: the sum vanishes for all iff each layer's part does.
            part = {j: value for j, value in direction.items() if self.layer[j] == layer}
            if part and not self.response.annihilated_by(ring, part, symbols, state):
                return False
        return True

    def symbols_needed(self):
        """Return how many fresh symbols :meth:`annihilated_by` may take."""
        return self.response.symbols_needed()
