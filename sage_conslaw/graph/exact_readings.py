r"""
Exact readings of a response: its polynomials written out, the identity that a law is, the relations of its weights.

EXAMPLES:

The trivial case is a product of two numbers, the famous one a matrix product.  One that fails: what depends on
parameters through a norm is no polynomial::

    sage: from sage_conslaw import networks
    sage: f = networks.product(2).response(); f.local_reparameterisation(), f.gradient_coefficients()
    ([x1*x2], [[x2, x1]])
    sage: networks.linear([2, 3, 2]).response().number_of_terms()
    12.0
    sage: networks.normalised(1, 2, 1, norm="rms").response().local_reparameterisation()
    Traceback (most recent call last):
    ...
    sage_conslaw.InputError: there is no phi: at a normalisation and at a function of parameters alone the fields are
    not the gradients of fixed polynomials
"""
import numpy as np

from ..exact import terms as sparse
from ..exact.abstraction import AbstractingArithmetic
from ..exact.arithmetic import Dual, DualArithmetic, FloatArithmetic, ModularArithmetic, PolynomialArithmetic, filled
from ..runtime.errors import InputError
from .._sage import PolynomialRing, QQ
from .tensor import Constant, Parameter

# Expanding 10^5 terms takes about 2 s; the symbolic algorithms are far slower still on what comes after.
MAX_PHI_TERMS = 100_000

# Above the degrees of all identities, so that what is not zero is seen but for a probability of about 10^-16 a draw; it
# decides nothing else.
_REFUTING_PRIME = (1 << 61) - 1


class ExactReadings:
    """What a response inherits: the readings over polynomials."""

    def number_of_terms(self):
        """Return at most how many terms the response has when it is expanded: its value where everything is one."""
        data = {leaf: np.ones(leaf.shape) for leaf in self.data_leaves}
        values = self.forward(_CountingArithmetic(), np.ones(self.dimension), data)
        return sum(float((values[a] * values[b]).sum()) for a, b in self.pairings)

    def polynomials(self):
        """Return the arithmetic of polynomials in the data over those in the parameters, and both as arrays of
        indeterminates."""
        terms = self.number_of_terms()
        if terms > MAX_PHI_TERMS:
            raise InputError(f"phi has about {terms:.2g} terms, too many to write down; use algorithm='modular', which "
                             f"never does")
        size = sum(leaf.size for leaf in self.data_leaves)
        parameters = PolynomialRing(QQ, list(self.names), len(self.names))
        # Generic (dictionary) polynomials: there may be thousands of data variables.
        ring = PolynomialRing(parameters, size, "xi", implementation="generic") if size else parameters
        fresh, data = iter(ring.gens()), {}
        for leaf in self.data_leaves:
            data[leaf] = _object_array([next(fresh) for _ in range(leaf.size)], leaf.shape)
        return PolynomialArithmetic(ring), _object_array([ring(g) for g in parameters.gens()], (self.dimension,)), data

    def local_reparameterisation(self, given=None):
        """
        Return the coefficients of the response in the data variables, as Sage polynomials over QQ.

        INPUT:

        - ``given`` -- values of some data variables: arrays of fractions by leaf, ``None`` where they stay free
        """
        if not self.is_gradient:
            raise InputError("there is no phi: at a normalisation and at a function of parameters alone the fields are "
                             "not the gradients of fixed polynomials")
        A, theta, data = self.polynomials()
        for leaf, part in (given or {}).items():
            for place, value in np.ndenumerate(part):
                if value is not None:
                    data[leaf][place] = A.ring(value.numerator) / value.denominator
        values, total = self.forward(A, theta, data), A.ring.zero()
        for node, covector in self.pairings:
            for a, b in zip(values[node].flat, values[covector].flat):
                total += a * b
        # Without data the response is its own and only coefficient.
        if not data:
            return [total] if total else []
        return [c for _, c in sorted(total.dict().items(), reverse=True)]

    def gradient_coefficients(self):
        """
        Return the coefficients in the data variables of the gradient of the response: lists of Sage polynomials, one a
        parameter.
        """
        A, theta, data = self.polynomials()
        components = self.gradient(A, theta, data).flat
        if not any(leaf.size for leaf in data):
            return [list(components)]
        zero, fields = A.ring.base_ring().zero(), {}
        for i, component in enumerate(components):
            for monomial, coefficient in component.dict().items():
                fields.setdefault(monomial, [zero] * self.dimension)[i] = coefficient
        return [field for _, field in sorted(fields.items(), key=lambda item: item[0], reverse=True)]

    def annihilated_by(self, ring, direction, symbols, state):
        r"""
        Decide exactly whether `\langle u, \nabla_\theta f(\theta; \xi) \rangle = 0` for all `\theta` and `\xi`.

        INPUT:

        - ``ring`` -- a polynomial ring over QQ

        - ``direction`` -- dictionary ``{parameter index: polynomial}``, the field `u`

        - ``symbols`` -- variables of the ring that nothing else uses; one is taken for each data
          variable and each abstracted entry

        - ``state`` -- the variables that stand for the parameters

        ALGORITHM: the derivative of `f` along `u` is the infinitesimal part of one forward pass on dual
        numbers over polynomials.  An entry whose infinitesimal part is zero may be replaced by a fresh
        symbol: if the identity holds with the symbol free, it holds.  If it does not, the pass is
        repeated with every entry expanded, which decides.
        """
        # A law of fields that span more is a law.
        if any(other.annihilated_by(ring, direction, symbols, state) for other in self._others()):
            return True
        if self._refuted(ring, direction, state):
            return False
        # With a symbol for an entry that does not move, what vanishes here vanishes; the converse may fail.
        return (self._derivative_vanishes(ring, direction, symbols, state, abstract=True)
                or self._derivative_vanishes(ring, direction, symbols, state, abstract=False))

    def _refuted(self, ring, direction, state):
        """Say whether the derivative is seen not to vanish at random points modulo a prime, which is cheap."""
        p, generator = _REFUTING_PRIME, np.random.default_rng(0)
        known = getattr(self, "_random_state", None)
        same = known is not None and len(known[0]) == len(state) and all(a is b for a, b in zip(known[0], state))
        point, terms_of = dict(known[1]) if same else {}, getattr(ring, "terms_of", sparse.from_sage)

        def at(polynomial):
            total = 0
            for monomial, value in terms_of(polynomial).items():
                term = value.numerator * pow(value.denominator, -1, p)
                for variable in monomial:
                    if variable not in point:
                        point[variable] = int(generator.integers(p))
                    term = term * point[variable] % p
                total += term
            return total % p
        if not same:
            # The same variables stand for the parameters in one law after the other.
            self._random_state = list(state), point, np.array([at(x) for x in state], dtype=np.int64)
            point = dict(point)
        theta = self._random_state[2]
        moved = np.zeros(self.dimension, dtype=np.int64)
        for i, value in direction.items():
            moved[i] = at(value)
        # Three draws: a polynomial of degree d that is not zero vanishes at all with probability (d / 2^61)^3 at most.
        A = ModularArithmetic(p)
        rows = np.broadcast_to(self.gradient(A, theta, self.draw(generator, p, 3)), (3, self.dimension))
        return bool(A.contract("i,i->", rows, moved).any())

    def weight_relations(self, lattice):
        """
        Add the relations under which the response is homogeneous in parameters and data together.

        OUTPUT: the weights of the parameters, and a list with the response's weight and the parameters in it
        """
        weights = {}
        for node in self.order:
            if not isinstance(node, (Parameter, Constant)):
                weights[node] = lattice.unknowns(node.size)
        parameters = lattice.unknowns(self.dimension)
        start = 0
        for leaf in self.leaves:
            weights[leaf] = parameters[start:start + leaf.size]
            start += leaf.size
        for node in self.order:
            if node.operation is None:
                continue
            # No scaling of an argument scales `tanh(a)`: both have weight zero.
            if not node.operation.polynomial:
                for unknown in [*weights[node], *weights[node.inputs[0]]]:
                    lattice.relation({unknown: 1})
                continue
            for outs, inputs in node.operation.terms(*(child.shape for child in node.inputs)):
                self._relate(lattice, weights, node, outs, inputs)
        response = lattice.unknowns(1)[0]
        for node, covector in self.pairings:
            # Constants weigh nothing: the softmax of one unit is one.
            factors = [weights[part] for part in (node, covector) if part in weights]
            for i in range(node.size):
                lattice.relation({response: 1}, *({w[i]: -1} for w in factors))
        return parameters, [(response, range(self.dimension))]

    @staticmethod
    def _relate(lattice, weights, node, outs, inputs):
        used, live = [], np.ones(len(outs), dtype=bool)
        for child, entries in zip(node.inputs, inputs):
            if entries is None:
                continue
            if isinstance(child, Constant):
                live &= child.values.ravel()[entries] != 0
            else:
                used.append((weights[child], entries))
        for k in np.flatnonzero(live):
            lattice.relation({weights[node][outs[k]]: 1}, *({w[entries[k]]: -1} for w, entries in used))

    def symbols_needed(self):
        """Return how many fresh symbols :meth:`annihilated_by` may take."""
        # A function of parameters takes one for its value, and may take one for each of two derivatives.
        own = sum(node.size * (1 if node.operation is None or node.operation.polynomial else 3) for node in self.order)
        return max([own, *(other.symbols_needed() for other in self._others())])

    def _others(self):
        """Return the responses whose gradients span at least as much."""
        return [other for other in (self.coarse, self.lighter) if other is not None]

    def _derivative_vanishes(self, ring, direction, symbols, state, abstract):
        zero = ring.zero()
        sizes = [leaf.size for leaf in self.data_leaves]
        places = np.cumsum([0] + sizes)
        data = {leaf: symbols[start:start + leaf.size].reshape(leaf.shape)
                for leaf, start in zip(self.data_leaves, places)}
        moved = filled(self.dimension, zero)
        for i, value in direction.items():
            moved[i] = value
        fresh = iter(symbols[places[-1]:])
        base = _SymbolicFunctions(ring, fresh)
        A = AbstractingArithmetic(base, fresh) if abstract else DualArithmetic(base)

        def covectors(node, inputs):
            # Covectors are expanded, since their constraint is part of the identity, and nothing moves them.
            return Dual(node.operation.forward(base, *(value.real for value in inputs)), None)
        values = self.forward(A, Dual(state, moved), data, covectors, tangents=True)
        total = zero
        for node, covector in self.pairings:
            derivative = values[node].infinitesimal
            if derivative is not None:
                total += sum((a * b for a, b in zip(derivative.flat, values[covector].real.flat) if a), zero)
        return not total


class _SymbolicFunctions(PolynomialArithmetic):
    """Polynomials, with a symbol for the value of each function of parameters, the same where the argument is."""

    def __init__(self, ring, symbols):
        super().__init__(ring)
        self._symbols, self._known = symbols, {}

    def function_value(self, function, a):
        out = np.empty(a.shape, dtype=object)
        if function.name == "softmax":
            for index in np.ndindex(*a.shape[:-1]):
                row = [self._symbol((function.name, tuple(map(str, a[index])), i)) for i in range(a.shape[-1] - 1)]
                out[index] = _object_array([*row, self.ring(1) - sum(row, self.ring.zero())], (a.shape[-1],))
            return out
        for index in np.ndindex(*a.shape):
            out[index] = self._symbol((function.name, function.order, str(a[index])))
        return out

    def _symbol(self, key):
        if key not in self._known:
            self._known[key] = next(self._symbols)
        return self._known[key]


class _CountingArithmetic(FloatArithmetic):
    """Floats in which nothing cancels: constants count by their absolute values."""

    def constant(self, values):
        return np.abs(np.asarray(values, dtype=np.float64))

    def fractions(self, values):
        return np.ceil(np.abs(super().fractions(values)))


def _object_array(entries, shape):
    out = np.empty(len(entries), dtype=object)
    for i, entry in enumerate(entries):
        out[i] = entry
    return out.reshape(shape)
