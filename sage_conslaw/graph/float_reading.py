r"""
The float reading of a network: the same graph with its true nonlinearities, to simulate and to test the span condition.

No rank that decides anything is computed here.
"""
import numpy as np

from ..exact.arithmetic import FloatArithmetic
from .tensor import Constant, Data
from ..runtime.errors import InputError, InputTypeError


def floats(values, what):
    """Return an array of finite doubles, or say what is wrong with it."""
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputTypeError(f"{what} is no array of numbers") from None
    if not np.isfinite(array).all():
        raise InputError(f"{what} has entries that are not finite")
    return array


class FloatReading:
    """The true network: values of all nodes, and gradients in the parameters, sample by sample."""

    def __init__(self, network):
        self.network = network
        self.response = network.response()
        # Gates and cuts are functions here: what they are taken of comes before them.
        self.order = network.output.ancestors(through_data=True)

    def values(self, theta, inputs):
        r"""
        Return the values of all nodes.

        INPUT:

        - ``theta`` -- array of shape ``(parameters,)``

        - ``inputs`` -- array of shape ``(samples,) + shape of the input``, or a dictionary of such arrays by the
          inputs' names
        """
        A, values, start = FloatArithmetic(), {}, 0
        given = self.given(inputs)
        for leaf in self.response.leaves:
            values[leaf] = theta[start:start + leaf.size].reshape(leaf.shape)
            start += leaf.size
        for node in self.order:
            if isinstance(node, Constant):
                values[node] = node.value(A)
            elif isinstance(node, Data):
                values[node] = self._data(node, given, values)
            elif node.operation is not None:
                values[node] = node.operation.forward(A, *(values[child] for child in node.inputs))
        return values

    def given(self, inputs):
        """Return an array of samples for each input of the network, checked."""
        leaves = self.network.inputs
        if not isinstance(inputs, dict):
            if len(leaves) > 1:
                raise InputError(f"the network has {len(leaves)} inputs; give a dictionary with "
                                 f"{', '.join(leaf.name for leaf in leaves)}")
            inputs = {leaf.name: inputs for leaf in leaves}
        given = {}
        for leaf in leaves:
            if leaf.name not in inputs:
                raise InputError(f"there are no data for the input {leaf.name} of shape {leaf.shape}")
            array = floats(inputs[leaf.name], f"the data for the input {leaf.name}")
            if array.shape[1:] != leaf.shape:
                raise InputError(f"the data for the input {leaf.name} have the shape {array.shape}; give (samples,) + "
                                 f"{leaf.shape}")
            if not len(array):
                raise InputError(f"the data for the input {leaf.name} have no samples; give at least one")
            given[leaf] = array
        if len({len(array) for array in given.values()}) > 1:
            raise InputError("the inputs have not the same number of samples: "
                             + ", ".join(f"{leaf.name} {len(a)}" for leaf, a in given.items()))
        return given

    @staticmethod
    def _data(node, given, values):
        if node.kind == "input":
            return given[node]
        if node.kind == "gate":
            # Piecewise linear: y = a z with the slope a of the piece in which z lies.
            return node.function.slope(values[node.source])
        if node.kind == "cut":
            if node.function.value is None:
                raise InputError(f"{node.source.label()} is cut without a function, so the network has no values; "
                                 f"name it, e.g. x.cut('gelu')")
            return node.function.value(values[node.source])
        # Rotations, whose true values are known.
        return node.values

    def output(self, theta, inputs):
        """Return the output, shape ``(samples,) + shape of the output``."""
        return self.values(theta, inputs)[self.network.output]

    def gradient(self, theta, inputs, covectors, values=None):
        r"""
        Return the gradients of the output paired with covectors, one row a sample: shape ``(samples, parameters)``.
        """
        values = self.values(theta, inputs) if values is None else values

        def through(leaf, covector):
            # A gate is constant but for points where the network has no gradient.
            if leaf.kind == "gate":
                return np.zeros_like(values[leaf.source])
            return leaf.function.pullback(values[leaf.source], covector)

        seeds = [(self.network.output, np.asarray(covectors, dtype=np.float64))]
        rows = self.response.pulled_back(FloatArithmetic(), values, seeds, self.order, through)
        # Without an input all samples have one gradient.
        return np.broadcast_to(rows, (len(covectors), self.response.dimension))
