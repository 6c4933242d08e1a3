r"""
The loss of a network on data, and its gradient: the float reading of the graph, averaged over samples.
"""
import numpy as np

from ..graph.float_reading import FloatReading
from ..runtime.errors import InputError, InputTypeError

# Samples drawn where a user gives no data: enough for gradients to be generic in small networks.
DEFAULT_SAMPLES = 20


class Objective:
    r"""
    The loss `E(\theta)`, a mean over samples: `|f(\theta, x) - y|^2 / 2`, or the cross-entropy of `y` and the softmax
    of `f(\theta, x)`.

    INPUT:

    - ``data`` -- a pair ``(X, Y)``: inputs ``(samples,) + shape of the input`` (or a dictionary by the inputs' names),
      targets ``(samples,) + shape of the output``; for a network without input ``Y`` alone; or ``None`` for random
      normal data

    - ``loss`` -- ``"least-squares"`` or ``"cross-entropy"``; the targets of the latter are one-hot, or probabilities,
      on the last axis
    """

    def __init__(self, network, data=None, loss="least-squares", generator=None):
        self.network, self.loss = network, loss
        self.reading = FloatReading(network)
        if data is None:
            data = self._random(np.random.default_rng(0) if generator is None else generator)
        inputs, targets = self._pair(data)
        self.inputs = self._inputs(inputs)
        self.targets = self._targets(targets)
        self.samples = len(self.targets)
        for leaf, array in self.inputs.items():
            if len(array) != self.samples:
                raise InputError(
                    f"the data for the input {leaf} have {len(array)} samples and the targets Y {self.samples}; "
                    "give one target a sample"
                )
        if not self.samples:
            raise InputError("there are no samples; give at least one")

    def _random(self, generator):
        shape = self.network.output.shape
        number = DEFAULT_SAMPLES if self.network.inputs else 1
        inputs = {leaf.name: generator.normal(size=(number,) + leaf.shape) for leaf in self.network.inputs}
        targets = generator.normal(size=(number,) + shape)
        if self.loss == "cross-entropy":
            # A random class for each sample.
            targets = np.eye(shape[-1])[targets.argmax(axis=-1)]
        # Targets that products of positive numbers can reach.
        elif self.network.positive:
            targets = np.abs(targets)
        return inputs, targets

    def _pair(self, data):
        if isinstance(data, tuple) and len(data) == 2:
            return data
        if not self.network.inputs:
            return {}, data
        raise InputTypeError(
            f"the data are a {type(data).__name__}; give a pair (X, Y) of inputs and targets, one row a sample"
        )

    def _inputs(self, inputs):
        if not self.network.inputs:
            return {}
        if isinstance(inputs, dict):
            inputs = {name: _floats(array, f"the data for the input {name}") for name, array in inputs.items()}
        else:
            inputs = _floats(inputs, "the inputs X")
        return {leaf.name: array for leaf, array in self.reading.given(inputs).items()}

    def _targets(self, targets):
        shape = self.network.output.shape
        targets = _floats(targets, "the targets Y")
        if not self.network.inputs and targets.shape == shape:
            # Without an input there is one sample, whose axis may be left out.
            targets = targets[None]
        if targets.shape[1:] != shape or targets.ndim != len(shape) + 1:
            wanted = f"(samples,) + {shape}" if self.network.inputs else f"{shape}, the shape of the output"
            hint = f", classes one-hot: numpy.eye({shape[-1]})[labels]" if self.loss == "cross-entropy" else ""
            raise InputError(f"the targets Y have the shape {targets.shape}; give {wanted}{hint}")
        if not self.network.inputs and len(targets) != 1:
            raise InputError(
                f"the targets Y have {len(targets)} samples, but the network has no input: give one "
                f"array of shape {shape}"
            )
        if self.loss == "cross-entropy" and (targets.min() < 0 or abs(targets.sum(axis=-1) - 1).max() > 1e-9):
            raise InputError(
                "the targets Y of the cross-entropy are not probabilities: each row is >= 0 and sums to 1, "
                f"e.g. numpy.eye({shape[-1]})[labels]"
            )
        return targets

    def __call__(self, theta, rows=None):
        r"""
        Return the loss and its gradient at the parameters.

        INPUT:

        - ``rows`` -- the samples of a mini-batch, or ``None`` for all
        """
        loss, inputs, covectors, values = self._forward(theta, rows)
        # The mean over the samples given, so that a step does not depend on how many there are.
        gradients = self.reading.gradient(theta, inputs, covectors / len(covectors), values)
        return loss, gradients.sum(axis=0)

    def value(self, theta):
        """Return the loss on all samples."""
        return self._forward(theta, None)[0]

    def _forward(self, theta, rows):
        targets = self.targets if rows is None else self.targets[rows]
        inputs = self.inputs if rows is None else {name: array[rows] for name, array in self.inputs.items()}
        values = self.reading.values(theta, inputs)
        output = np.broadcast_to(values[self.network.output], targets.shape)
        if self.loss == "cross-entropy":
            # The softmax does not change by the shift, and exponentials stay at most 1.
            shifted = output - output.max(axis=-1, keepdims=True)
            logarithms = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
            # Rows of the targets sum to one, so that the derivative of - sum y log softmax(z) is softmax(z) - y.
            total, covectors = -(targets * logarithms).sum(), np.exp(logarithms) - targets
        else:
            covectors = output - targets
            total = (covectors ** 2).sum() / 2
        return float(total) / len(targets), inputs, covectors, values


def _floats(array, what):
    try:
        array = np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputTypeError(f"{what} cannot be read as an array of numbers") from None
    if not np.isfinite(array).all():
        raise InputError(f"{what} have entries that are not finite; leave these samples out")
    return array
