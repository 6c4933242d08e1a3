r"""
Networks that are polynomial on regions: true patterns of activation at integer points, decided exactly.

At integer parameters `\theta_0` and an integer input `x` every pre-activation is a rational number, and its sign is
decided without rounding. Where none is zero, the network is near `\theta_0` the polynomial that the gates of `x` make
of it, so the real gradient field of the sample is that of the model with these gates. A rank modulo a prime of such
fields, and of their brackets, is a lower bound for the real ones on a region around `\theta_0`.

The trivial case: one unit without bias, `\max(0, w x) v`, has two patterns. The famous one: with biases and enough
inputs all patterns that matter occur, and the laws of the path-lifting are all. One that fails: `relu 1 4 1` without
biases, where only the signs of `x` tell samples apart, so that the rank is 2, however many samples there are.
"""
from fractions import Fraction

import numpy as np

from ..exact import modular
from ..exact.arithmetic import FloatArithmetic
from ..exact.balls import BallArithmetic, largest_of, precision, signs_of
from ..graph.operations import Add, Contract, Gather
from ..graph.response import NetworkResponse
from ..graph.tensor import Constant, Data
from .gates import values_matter
from .reading import LARGEST, slopes_of

# Integers below this are exact in double precision, and so are their sums and products as long as they stay below it.
_EXACT = 2.0 ** 53

# Bits for pre-activations that do not fit: parameters of at most 7 bits times 30 layers.
_BITS = 256


def slopes(function, values, generator):
    r"""
    Return the true slopes of a gate as integers over a common denominator, and per entry whether they are decided.

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw.real.patterns import slopes
        sage: from sage_conslaw.graph.activations import gate_function
        sage: leaky = gate_function("leaky relu")
        sage: numerators, denominator, decided = slopes(leaky, numpy.array([-2.0, 3.0, 0.0]), None)
        sage: numerators.tolist(), denominator, decided.tolist()
        ([1, 100, 1], 100, [True, True, False])
    """
    if function.name == "dropout":
        # Every pattern of kept and dropped units occurs in training; kept ones are doubled.
        return 2 * generator.integers(0, 2, size=values.shape), 1, np.ones(values.shape, dtype=bool)
    if function.name in LARGEST:
        mark, decided = largest_of(values)
        return mark, 1, np.broadcast_to(decided[..., None], mark.shape)
    low, high, denominator = slopes_of(function)
    signs = signs_of(values)
    return np.where(signs > 0, high, low), denominator, signs != 0


def true_forward(A, network, response, theta, inputs, generator, before=None, ties=True):
    r"""
    Return the values of all nodes of the real network, the gates as (numerators, denominator), and which samples are
    decided.

    INPUT:

    - ``theta`` -- integer parameters, shape ``(D,)`` or with a batch that broadcasts against that of ``inputs``

    - ``inputs`` -- dictionary of integer arrays by leaf, with a batch axis

    - ``before`` -- is told each node before it is computed, with the values so far, which it may change

    - ``ties`` -- whether comparisons of what is equal for all parameters nearby are decided

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw import networks
        sage: from sage_conslaw.exact.arithmetic import FloatArithmetic
        sage: from sage_conslaw.real.patterns import true_forward
        sage: from sage_conslaw.real.reading import real_network
        sage: f = networks.relu([1, 2, 1]).response()
        sage: net = real_network(f)
        sage: inputs = {leaf: numpy.array([[1.0], [-1.0]]) for leaf in f.data_leaves if leaf.kind == "input"}
        sage: values, gates, decided = true_forward(FloatArithmetic(), net, f, numpy.array([1.0, -2.0, 3.0, 5.0]),
        ....:     inputs, None)
        sage: [part[0].tolist() for part in gates.values()], decided.tolist()
        ([[[1, 0], [0, 1]]], [True, True])
    """
    values, gates, start, decided = {}, {}, 0, True
    matter = values_matter(network.nodes) if ties else ()
    alive = _Alive(response.leaves) if matter else None
    theta = A.embed(theta)
    for leaf in response.leaves:
        values[leaf] = A.reshape(A.slice(theta, start, start + leaf.size), (leaf.size,), leaf.shape)
        start += leaf.size
    for node in network.nodes:
        if isinstance(node, Constant):
            values[node] = node.value(A)
        elif isinstance(node, Data) and node.kind == "input":
            values[node] = A.embed(inputs[node])
        elif isinstance(node, Data):
            numerators, denominator, clear = slopes(node.function, values[node.source], generator)
            if node in matter and node.function.name in ("relu", "abs"):
                # A comparison is false, and a sign zero, where the source is zero whatever the parameters are.
                zero = ~clear & (alive.parts[node.source] == 0)
                numerators, clear = np.where(zero, 0, numerators), clear | zero
            gates[node] = numerators, denominator
            decided = decided & clear.all(axis=tuple(range(clear.ndim - len(node.shape), clear.ndim)))
            gate = (
                numerators.astype(np.float64)
                if denominator == 1
                else A.multiply(A.constant(numerators), _fraction(A, denominator))
            )
            values[node] = A.embed(gate)
        elif node.operation is not None:
            if before is not None:
                before(node, values)
            values[node] = node.operation.forward(A, *(values[child] for child in node.inputs))
        if alive is not None:
            alive.add(node, gates.get(node))
    return values, gates, decided


def _fraction(A, denominator):
    return A.fractions([Fraction(1, denominator)]).reshape(())


class _Bounds(FloatArithmetic):
    """Doubles in which nothing cancels: constants count by their absolute values."""

    def constant(self, values):
        return np.abs(np.asarray(values, dtype=np.float64))


def fits_in_doubles(network, response, theta, inputs):
    r"""
    Decide whether all values of the real network at these integers are integers that doubles hold exactly.

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw import networks
        sage: from sage_conslaw.real.patterns import fits_in_doubles
        sage: from sage_conslaw.real.reading import real_network
        sage: f = networks.relu([1, 2, 1]).response()
        sage: inputs = {leaf: numpy.array([[5.0]]) for leaf in f.data_leaves if leaf.kind == "input"}
        sage: [fits_in_doubles(real_network(f), f, size * numpy.ones(4), inputs) for size in (10.0, 1e9)]
        [True, False]
    """
    gates = [node for node in network.nodes if isinstance(node, Data) and node.kind == "gate"]
    known = {node: slopes_of(node.function) or (0, 2, 1) for node in gates}
    if any(denominator != 1 for _, _, denominator in known.values()):
        return False
    if any(isinstance(node, Constant) and node.denominator != 1 for node in network.nodes):
        return False
    if any(part.dtype == object or (part != np.rint(part)).any() for part in inputs.values()):
        return False
    largest = {leaf: np.abs(part).max(axis=0, keepdims=True) for leaf, part in inputs.items()}
    theta = np.abs(theta).reshape(-1, theta.shape[-1]).max(axis=0)
    A, values, start = _Bounds(), {}, 0
    for leaf in response.leaves:
        values[leaf] = theta[start:start + leaf.size].reshape(leaf.shape)
        start += leaf.size
    for node in network.nodes:
        if isinstance(node, Constant):
            values[node] = node.value(A)
        elif isinstance(node, Data) and node.kind == "input":
            values[node] = largest[node]
        elif isinstance(node, Data):
            values[node] = np.full(node.shape, float(max(map(abs, known[node]))))
        elif node.operation is not None:
            values[node] = node.operation.forward(A, *(values[child] for child in node.inputs))
    return all(np.isfinite(value).all() and value.max(initial=0.0) < _EXACT for value in values.values())


class _Alive:
    """What is not zero for some parameters with the gates of each sample: sums in which nothing cancels."""

    def __init__(self, leaves):
        self.parts = {leaf: np.ones(leaf.shape) for leaf in leaves}

    def add(self, node, gate):
        """Add a node, with its slopes if it is a gate."""
        if gate is not None:
            part = np.abs(gate[0])
        elif isinstance(node, Constant):
            part = node.value(_Bounds())
        elif isinstance(node.operation, (Add, Contract, Gather)):
            part = node.operation.forward(_Bounds(), *(self.parts[child] for child in node.inputs))
        else:
            part = np.ones(node.shape)
        self.parts[node] = (part != 0) * 1.0


class PatternResponse(NetworkResponse):
    r"""
    A response whose draws are restricted to what the real network does near one point: inputs from a pool, each with
    its true gates.

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw import networks
        sage: from sage_conslaw.real.patterns import PatternResponse
        sage: from sage_conslaw.real.reading import real_network
        sage: f = networks.relu([1, 2, 1]).response()
        sage: inputs = {leaf: numpy.array([[1.0], [-1.0], [2.0]]) for leaf in f.data_leaves if leaf.kind == "input"}
        sage: g = PatternResponse(f, real_network(f), numpy.array([1.0, -2.0, 3.0, 5.0]), inputs,
        ....:     numpy.random.default_rng(0r))
        sage: g.samples, g.patterns
        (3, 2)

    ``gates``::

        sage: f = networks.relu([1, 1, 1]).response()
        sage: inputs = {leaf: numpy.array([[1.0], [-1.0]]) for leaf in f.data_leaves if leaf.kind == "input"}
        sage: g = PatternResponse(f, real_network(f), numpy.array([1.0, 3.0]), inputs, numpy.random.default_rng(0r))
        sage: [part.ravel().tolist() for part in g.gates().values()]
        [[Fraction(1, 1), Fraction(0, 1)]]

    ``draw``::

        sage: [part.ravel().tolist() for leaf, part in g.draw(numpy.random.default_rng(0r), 101r, 2r).items()
        ....:     if leaf.kind != "covector"]
        [[1, 100], [1, 0]]
    """

    def __init__(self, response, network, theta, inputs, generator, ties=True):
        super().__init__(response.leaves, response.pairings)
        self.theta = theta
        if fits_in_doubles(network, response, theta, inputs):
            A = FloatArithmetic()
            _, gates, decided = true_forward(A, network, response, theta, inputs, generator, ties=ties)
        else:
            with precision(_BITS):
                A = BallArithmetic()
                _, gates, decided = true_forward(A, network, response, theta, inputs, generator, ties=ties)
        number = len(next(iter(inputs.values()))) if inputs else 1
        self.kept = kept = np.flatnonzero(np.broadcast_to(decided, (number,)))
        self._inputs = {leaf: part[kept] for leaf, part in inputs.items()}
        self._gates = {
            leaf: (np.broadcast_to(part, (number,) + leaf.shape)[kept], below) for leaf, (part, below) in gates.items()
        }
        self.samples = len(kept)
        self._order = self._round_robin()
        self._next = 0

    def _round_robin(self):
        """Return the samples so that each pattern comes once before one comes twice."""
        if not self.samples:
            self.patterns = 0
            return np.zeros(0, dtype=np.int64)
        rows = [part.reshape(self.samples, -1) for part, _ in self._gates.values()]
        marks = np.concatenate(rows, axis=1) if rows else np.zeros((self.samples, 1), dtype=np.int64)
        _, which = np.unique(marks, axis=0, return_inverse=True)
        which = which.ravel()
        self.patterns = int(which.max()) + 1
        turn = np.zeros(self.samples, dtype=np.int64)
        for pattern in range(self.patterns):
            members = np.flatnonzero(which == pattern)
            turn[members] = np.arange(len(members))
        return np.argsort(turn, kind="stable")

    def gates(self):
        """Return the true slopes of the samples by gate, as fractions."""
        fractions = np.frompyfunc(lambda a, b: Fraction(int(a), int(b)), 2, 1)
        return {leaf: fractions(part, denominator) for leaf, (part, denominator) in self._gates.items()}

    def draw(self, generator, p, batch):
        """Return data of the real network: every sample of the pool comes once before one comes twice."""
        data = super().draw(generator, p, batch)
        if self._next < self.samples:
            chosen = self._order[np.arange(self._next, self._next + batch) % self.samples]
            self._next += batch
        else:
            chosen = generator.integers(0, self.samples, size=batch)
        for leaf in self.data_leaves:
            if leaf in self._inputs:
                data[leaf] = np.rint(self._inputs[leaf][chosen]).astype(np.int64) % p
            elif leaf in self._gates:
                numerators, denominator = self._gates[leaf]
                data[leaf] = modular.multiply(numerators[chosen] % p, np.int64(pow(denominator, -1, p)), p)
        return data
