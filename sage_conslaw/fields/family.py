r"""
The one abstraction: a control-affine family `z' = f_0(z) + v(z)`, `v \in V`, on a space with coordinates `z`.

A function `h` is conserved iff its derivative vanishes along the drift `f_0` and along every control.
Everything that asks which laws there are, or how many, asks it of this interface.
"""
from abc import ABC, abstractmethod

import numpy as np

from ..exact import modular
from ..exact import terms as sparse
from ..exact.polynomials import PolynomialSpace
from .._sage import PolynomialRing, QQ

# Laws are proved this many at a time, with one symbol each for their generic combination.  Measured on
# the 675 laws of linear 40 30 20 10: see benchmarks/results.md.
LAWS_AT_ONCE = 16


class ControlAffineFamily(ABC):
    r"""
    A drift and a span of control fields; subclasses say how they are stored.

    Attributes:

    - ``names`` -- the names of the `N` state coordinates

    - ``drift`` -- list of `N` sparse polynomials, or ``None``

    - ``field_degree`` -- a bound for the degree of a random field in coordinates and draws together

    EXAMPLES:

    A rotation, which keeps the square of the radius and nothing else of degree 2; a control beside it ends that::

        sage: from sage_conslaw import VectorFieldFamily, is_conserved
        sage: R.<x, y> = QQ[]
        sage: family = VectorFieldFamily(drift=[y, -x])
        sage: family.dimension, family.has_controls, family.groups(2r)
        (2, False, [([0, 1], 2)])
        sage: [is_conserved(h, family) for h in (x^2 + y^2, x, 2*x^2 + 2*y^2)]
        [True, False, True]
        sage: is_conserved(x^2 + y^2, VectorFieldFamily(drift=[y, -x], controls=[[1, x]]))
        False
    """

    names = ()
    drift = None
    field_degree = 0
    # Bits of the coefficients of the fields, over a common denominator; they bound how often a prime is unlucky.
    height_bits = 64
    has_controls = True
    # Coordinates that never move and stand for parameters of the coefficients: laws are over Q(constants).
    constants = ()
    # Relations and functions that bind the coordinates (:class:`Variety`), ``None`` where they are free.
    variety = None
    # What the fields were multiplied by, one a field, as polynomials in the coordinates.
    denominators = ()
    # Default search: list of (coordinates, degree); ``None`` means all coordinates, degree 2.
    ansatz = None
    # The coordinate that is a function of time, and what the coordinates stand for, for people.
    # ``rate``: the rate of the exponential, or ``None`` if the coordinate is the time itself.
    time = None
    rate = None
    meaning: dict = {}
    # What the fields leave aside of the dynamics that they stand for, in words: with any, no list of laws is called
    # complete.
    forgotten = ()
    # Whether the fields are polynomials; functions of parameters are not.
    is_polynomial = True
    # How the drift integrates exactly (``None``: it does not), and whether every control is a shear.
    exact_flow = None
    shears = False
    # The family of a network's gradients of whose span at each point the fields are functions, where these differ,
    # and whether they are the sign vectors of the gradients, all at rate one.
    gradients = None
    reads_signs = False
    # What the model of an optimiser leaves out, and where its laws hold: lines for people.
    remarks = ()

    def __getstate__(self):
        # Rings and maps that are made when they are first needed are no part of a family.
        return {
            key: value
            for key, value in self.__dict__.items()
            if key not in ("_identity_ring", "_symbols", "_ring", "_drift_map")
        }

    @property
    def dimension(self):
        """The number of state coordinates, with constants."""
        return len(self.names)

    @property
    def moving_dimension(self):
        r"""
        The dimension `N` of the state space, without constants; that of the variety where relations bind the
        coordinates.
        """
        return len(self.names) - len(self.constants) if self.variety is None else self.variety.dimension

    def random_point(self, generator, p):
        """Return a random point modulo ``p``, on the variety if there is one, at which ranks are taken."""
        return (
            modular.random_array(generator, (self.dimension,), p)
            if self.variety is None
            else self.variety.point(generator, p)
        )

    def groups(self, degree=None):
        """Return the search space: for each group of coordinates the degree in them."""
        if degree is None and self.ansatz:
            return self.ansatz
        return [([i for i in range(self.dimension) if i not in self.constants], degree or 2)]

    @abstractmethod
    def draw(self, generator, p, batch):
        """Return random control data for ``batch`` fields."""

    @abstractmethod
    def control(self, A, z, data):
        """Return the values at ``z`` of the control fields with the given data, shape ``(batch, N)``."""

    @property
    @abstractmethod
    def data_size(self):
        """How many numbers are the data of one control field."""

    @abstractmethod
    def data_from_numbers(self, p, rows):
        """Return control data from lists of numbers, one a field; with ``p = None`` return the list as it is."""

    @abstractmethod
    def weight_relations(self, lattice):
        """Add to the lattice the relations under which every field is homogeneous."""

    @abstractmethod
    def _controls_annihilate(self, ring, gradient):
        """Decide exactly whether every control annihilates; ``gradient`` is ``{coordinate: polynomial}``."""

    @abstractmethod
    def polynomial_fields(self):
        """Return the nonzero fields, drift first, as lists of Sage polynomials of :meth:`ring`."""

    def sparse_fields(self):
        """Return the nonzero fields, drift first, as lists of sparse polynomials."""
        return [[sparse.from_sage(f) for f in field] for field in self.polynomial_fields()]

    def _symbols_needed(self):
        return 0

    def drift_value(self, A, z):
        """Return the value of the drift at ``z``."""
        if not hasattr(self, "_drift_map"):
            self._drift_map = sparse.PolynomialMap(self.drift, self.dimension)
        return self._drift_map(A, z)

    def ring(self):
        """Return the Sage ring in which laws are printed."""
        if not hasattr(self, "_ring"):
            # Above about 200 variables dictionaries beat Singular's exponent vectors: 675 laws in 2000 variables
            # are written in 0.5 s instead of 2.0 s.
            options = {"implementation": "generic"} if len(self.names) > 200 else {}
            self._ring = PolynomialRing(QQ, list(self.names), len(self.names), **options)
        return self._ring

    def _proof_ring(self):
        if not hasattr(self, "_identity_ring"):
            number = self.dimension + LAWS_AT_ONCE + self._symbols_needed()
            self._identity_ring = PolynomialSpace(number)
            self._symbols = np.empty(number, dtype=object)
            self._symbols[:] = self._identity_ring.gens()
        return self._identity_ring

    def conserved(self, laws):
        r"""
        Decide exactly, over Q, for each sparse polynomial whether it is a conservation law.

        ALGORITHM: a generic combination of several candidates, with one symbol for each, is
        differentiated along the fields; only if that is not zero are they tried one by one.
        """
        together = {}
        for number, law in enumerate(laws):
            # Laws of one array share what is expanded; laws of several would expand all of it for each other.
            together.setdefault(self._moves(law), []).append(number)
        verdicts = [False] * len(laws)
        for numbers in together.values():
            for start in range(0, len(numbers), LAWS_AT_ONCE):
                piece = numbers[start:start + LAWS_AT_ONCE]
                if self._combination_conserved([laws[i] for i in piece]):
                    piece_verdicts = [True] * len(piece)
                elif len(piece) == 1:
                    piece_verdicts = [False]
                else:
                    piece_verdicts = [self._combination_conserved([laws[i]]) for i in piece]
                for i, verdict in zip(piece, piece_verdicts):
                    verdicts[i] = verdict
        return verdicts

    def _moves(self, law):
        """Return what the gradient of a law moves, roughly: laws that move the same are checked in one identity."""
        return ()

    def annihilates(self, direction):
        r"""
        Decide exactly whether a one-form vanishes on all controls; for gradient flow, whether the response does not
        change along the field with the same components.

        INPUT:

        - ``direction`` -- dictionary of sparse polynomials by coordinate
        """
        ring = self._proof_ring()
        return self._controls_annihilate(ring, {i: ring.from_terms(part) for i, part in direction.items()})

    def _combination_conserved(self, laws):
        ring, n = self._proof_ring(), self.dimension
        combined = {}
        for number, law in enumerate(laws):
            for variable, part in sparse.derivatives(law).items():
                # One symbol a law: the combination is conserved iff each is, as their coefficients are free.
                marked = {monomial + (n + number,): value for monomial, value in part.items()}
                combined.setdefault(variable, {}).update(marked)
        gradient = {variable: ring.from_terms(part) for variable, part in combined.items()}
        if self.drift is not None:
            total = ring.zero()
            for variable, part in gradient.items():
                if self.drift[variable]:
                    total += part * ring.from_terms(self.drift[variable])
            if total:
                return False
        return self._controls_annihilate(ring, gradient)
