r"""
Real gradients of networks with their true nonlinearities, on doubles to choose and on balls to prove.

The same backward pass as everywhere, with the true function of each cut in place of free data: `\mathrm{gelu}(x W) U`
at `W = 1, U = 1, x = 1` has the gradient `(\mathrm{gelu}'(1), \mathrm{gelu}(1)) = (1.0833..., 0.8413...)`, a vector of
balls. Nested duals over balls give its brackets.
"""
import numpy as np
from flint import arb

from ..exact.arithmetic import FloatArithmetic
from ..exact.balls import BallArithmetic, Undecided, innermost
from ..graph.models import NORMS
from ..graph.response import NetworkResponse
from ..graph.tensor import Constant, Data
from ..graph.true_functions import reading, reading_of
from .patterns import slopes
from .points import one_hot
from .reading import data_of, parameters_of

# Inputs and covectors are multiples of 1/64, which doubles and balls hold exactly.
_GRAIN = 64

# Singular values below this count as zero where doubles choose.
_TOLERANCE = 1e-9

# The square of an eps below this is rounding.
_FAINT = 1e-8

# The key of the targets among the data of samples.
_TARGETS = "targets"

# How far the true cosines and sines may lie from the doubles that a network keeps.
_ROUNDING = 1e-12


def base_of(A):
    """Return the arithmetic below all duals."""
    while hasattr(A, "base"):
        A = A.base
    return A


def exactly(ground, numbers):
    """
    Return numbers in an arithmetic below all duals: doubles as they are, fractions as doubles or as balls around them.
    """
    if numbers.dtype != object:
        return numbers
    if isinstance(ground, BallArithmetic):
        return ground.fractions(list(numbers.flat)).reshape(numbers.shape)
    return numbers.astype(np.float64)


def dyadic(generator, shape, size=1.0):
    """Return random multiples of 1/64, none zero, of about the given size."""
    entries = np.rint(generator.normal(size=shape) * np.asarray(size) * _GRAIN)
    return np.where(entries == 0, 1, entries) / _GRAIN


def rotation_values(node, A):
    """Return the rotations by position: doubles, or balls around the true cosines and sines."""
    if not isinstance(A, BallArithmetic):
        return node.values
    out = np.empty(node.shape, dtype=object)
    if len(node.shape) != 3 or node.shape[2] != 2:
        for place, value in np.ndenumerate(node.values):
            out[place] = arb(float(value), _ROUNDING)
        return out
    tokens, pairs, _ = node.shape
    for t in range(tokens):
        for j in range(pairs):
            angle = (t + 1) * arb(10000) ** (-arb(j) / pairs)
            out[t, j] = angle.cos(), angle.sin()
    for place, value in np.ndenumerate(node.values):
        if not abs(out[place] - arb(float(value))) < _ROUNDING:
            # Other angles: balls around what the network keeps.
            out[place] = arb(float(value), _ROUNDING)
    return out


class SmoothResponse(NetworkResponse):
    """The real network as a response: its gradient is that of the output with all true functions."""

    def __init__(self, response, network, inputs=None):
        # Targets of the samples and the loss, where both are given.
        self._targets, self._softmax = getattr(response, "given_targets", None), False
        if self._targets is not None:
            self._softmax = response.given_loss == "cross-entropy"
        response = response.drawn
        super().__init__(response.leaves, response.pairings)
        self.nodes = network.nodes
        self.output, root = response.pairings[0]
        self._covector_order = root.ancestors()
        self._root = root
        self._given = inputs
        # Without gates and choices the network is analytic: what holds at one point holds at generic ones; with norms,
        # at those that paths join to it on which none divides by zero. A norm of one entry is a sign.
        cuts = [node for node in self.nodes if isinstance(node, Data) and node.function is not None]
        norms = [node for node in cuts if node.function.name in NORMS]
        self.divides = bool(norms)
        self.analytic = not any(
            node.kind == "gate"
            or node.function.name.startswith("top ")
            or not getattr(node.function.reading, "analytic", True)
            for node in cuts
        ) and all((node.shape or (1,))[-1] - (node.function.name != "rms norm") > 1 for node in norms)
        self._readings = {node: reading_of(node) for node in data_of(self.nodes, "cut")}

    @property
    def faint(self):
        """Whether a constant below a root is so small that its effects are rounding on doubles."""
        return any(0 < getattr(function, "eps", 0) < _FAINT for function in self._readings.values())

    def samples(self, generator, batch):
        """Return random inputs, or some of those given, and covectors of the loss: one a field."""
        out, chosen = {}, None
        if self._given is not None:
            chosen = generator.integers(0, len(next(iter(self._given.values()))), size=batch)
        for node in dict.fromkeys(data_of([*self.nodes, *self._covector_order], "input", "covector")):
            if node.kind == "covector":
                out[node] = dyadic(generator, (batch,) + node.shape)
            elif node.one_hot:
                out[node] = one_hot(generator, batch, node.shape)
            elif self._given is not None:
                out[node] = self._given[node][chosen]
            else:
                # Of several sizes: for inputs of one size functions that differ may look alike.
                sizes = generator.choice([0.5, 1.0, 2.0], size=(batch,) + (1,) * len(node.shape))
                out[node] = dyadic(generator, (batch,) + node.shape, sizes)
        if self._targets is not None:
            out[_TARGETS] = self._targets[chosen]
        return out

    def true_values(self, A, theta, data):
        """Return the values of all nodes of the real network."""
        values, ground = parameters_of(A, self, theta), base_of(A)
        for node in dict.fromkeys([*self.nodes, *self._covector_order]):
            if isinstance(node, Constant):
                values[node] = node.value(A)
            elif isinstance(node, Data):
                values[node] = self._data(A, ground, node, data, values)
            elif node.operation is not None:
                values[node] = node.operation.forward(A, *(values[child] for child in node.inputs))
        return values

    def _data(self, A, ground, node, data, values):
        if node.kind in ("input", "covector"):
            return A.embed(exactly(ground, data[node]))
        if node.kind == "rotation":
            return A.embed(rotation_values(node, ground))
        if node.kind == "cut":
            return self._readings[node].value(A, values[node.source], node.source.shape)
        if node.function.name == "dropout":
            # All units kept, which is one of the patterns that occur, each doubled.
            return A.constant(np.full(node.shape, 2, dtype=np.int64))
        numerators, denominator, decided = slopes(node.function, innermost(values[node.source]), None)
        # On doubles a wrong side costs a rank that is not reached; on balls it would be a wrong proof.
        if isinstance(ground, BallArithmetic) and not decided.all():
            raise Undecided(f"a pre-activation of {node.label()} is too close to zero")
        # In the arithmetic below all duals: slopes are constants, and a third is no double.
        return A.embed(numerators * (ground.constant([1])[0] / denominator))

    def gradient(self, A, theta, data):
        """Return the gradients of the real network's output paired with the covectors: shape ``(batch, dimension)``."""
        values = self.true_values(A, theta, data)

        def through(node, covector):
            return self._readings[node].pullback(A, values[node.source], covector, node.source.shape)
        covector = values[self._root] if self._targets is None else self._residual(A, values[self.output], data)
        return self.pulled_back(A, values, [(self.output, covector)], self.nodes, through)

    def _residual(self, A, value, data):
        """Return the gradient of the loss of each sample in the output: what is predicted minus the target."""
        if self._softmax:
            value = reading("softmax").value(A, value, self.output.shape)
        return A.subtract(value, A.embed(exactly(base_of(A), data[_TARGETS])))

    def rank_on_doubles(self, theta, inputs, generator):
        r"""
        Return the numerical rank of the gradients at some parameters, one a sample: it chooses, and proves nothing.
        """
        number = len(next(iter(inputs.values()))) if inputs else 1
        data = {
            leaf: generator.normal(size=(number,) + leaf.shape)
            for leaf in self._covector_order
            if isinstance(leaf, Data)
        }
        rows = np.broadcast_to(self.gradient(FloatArithmetic(), theta, data | inputs), (number, self.dimension))
        # By direction: gradients of small inputs count as much as others.
        sizes = np.linalg.norm(rows, axis=1)
        rows = rows[sizes > 0] / sizes[sizes > 0][:, None]
        # The triangular factor has the same singular values.
        return int(np.linalg.matrix_rank(np.linalg.qr(rows, mode="r"), tol=_TOLERANCE)) if len(rows) else 0
