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
from .reading import LARGEST, data_of, parameters_of, slopes_of

# Integers below this are exact in double precision, and so are their sums and products as long as they stay below it.
_EXACT = 2.0 ** 53

# Bits for pre-activations that do not fit: parameters of at most 7 bits times 30 layers.
_BITS = 256


def slopes(function, values, generator):
    """
    Return the true slopes of a gate as integers over a common denominator, and per entry whether they are decided.
    """
    if function.name == "dropout":
        # Every pattern of kept and dropped units occurs in training; kept ones are doubled.
        return 2 * generator.integers(0, 2, size=values.shape), 1, np.ones(values.shape, dtype=bool)
    if function.name in LARGEST:
        # Undecided where the two largest are equal: either may be chosen nearby.
        mark, decided = largest_of(values)
        return mark, 1, np.broadcast_to(decided[..., None], mark.shape)
    low, high, denominator = slopes_of(function)
    signs = signs_of(values)
    return np.where(signs > 0, high, low), denominator, signs != 0


def true_forward(A, network, response, theta, inputs, generator, before=None, ties=True):
    """
    Return the values of all nodes of the real network, the gates as (numerators, denominator), and which samples are
    decided.

    INPUT:

    - ``theta`` -- integer parameters, shape ``(D,)`` or with a batch that broadcasts against that of ``inputs``

    - ``inputs`` -- dictionary of integer arrays by leaf, with a batch axis

    - ``before`` -- is told each node before it is computed, with the values so far, which it may change

    - ``ties`` -- whether comparisons of what is equal for all parameters nearby are decided
    """
    values, gates, decided = parameters_of(A, response, A.embed(theta)), {}, True
    # Most networks read gates as factors alone, where any slope will do at zero.
    matter = values_matter(network.nodes) if ties else ()
    alive = _Alive(response.leaves) if matter else None
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
            gate = A.embed(numerators.astype(np.float64))
            if denominator != 1:
                gate = A.multiply(A.constant(numerators), A.fractions([Fraction(1, denominator)]).reshape(()))
            values[node] = gate
        elif node.operation is not None:
            if before is not None:
                before(node, values)
            values[node] = node.operation.forward(A, *(values[child] for child in node.inputs))
        if alive is not None:
            alive.add(node, gates.get(node))
    return values, gates, decided


class _Bounds(FloatArithmetic):
    """Doubles in which nothing cancels: constants count by their absolute values."""

    def constant(self, values):
        return np.abs(np.asarray(values, dtype=np.float64))


def fits_in_doubles(network, response, theta, inputs):
    """Decide whether all values of the real network at these integers are integers that doubles hold exactly."""
    # Choices of the largest and dropout have the slopes 0, 1 and 2.
    known = {node: slopes_of(node.function) or (0, 2, 1) for node in data_of(network.nodes, "gate")}
    if any(denominator != 1 for _, _, denominator in known.values()):
        return False
    if any(isinstance(node, Constant) and node.denominator != 1 for node in network.nodes):
        return False
    if any(part.dtype == object or (part != np.rint(part)).any() for part in inputs.values()):
        return False
    largest = {leaf: np.abs(part).max(axis=0, keepdims=True) for leaf, part in inputs.items()}
    theta = np.abs(theta).reshape(-1, theta.shape[-1]).max(axis=0)
    # The same pass forward with absolute values bounds all that is added up on the way, whatever cancels.
    A = _Bounds()
    values = parameters_of(A, response, theta)
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
    """
    A response whose draws are restricted to what the real network does near one point: inputs from a pool, each with
    its true gates.
    """

    def __init__(self, response, network, theta, inputs, generator, ties=True):
        super().__init__(response.leaves, response.pairings)
        self.theta = theta
        A = FloatArithmetic() if fits_in_doubles(network, response, theta, inputs) else BallArithmetic()
        with precision(_BITS):
            _, gates, decided = true_forward(A, network, response, theta, inputs, generator, ties=ties)
        number = len(next(iter(inputs.values()))) if inputs else 1
        # A sample with a tie lies on a wall between regions: its gates near the point are not those at it.
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
        # Samples of one pattern span little more than one of them: draws begin with one of each.
        marks = np.concatenate(rows, axis=1) if rows else np.zeros((self.samples, 1), dtype=np.int64)
        which = np.unique(marks, axis=0, return_inverse=True)[1].ravel()
        self.patterns = int(which.max()) + 1
        turn = np.zeros(self.samples, dtype=np.int64)
        for pattern in range(self.patterns):
            turn[which == pattern] = np.arange((which == pattern).sum())
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
            # What is neither stays free, as covectors are.
            if leaf in self._inputs:
                data[leaf] = np.rint(self._inputs[leaf][chosen]).astype(np.int64) % p
            elif leaf in self._gates:
                numerators, denominator = self._gates[leaf]
                data[leaf] = modular.multiply(numerators[chosen] % p, np.int64(pow(denominator, -1, p)), p)
        return data
