r"""
The span condition: do the gradients of the real network, on real data, span what the model's do?

The model lets data produce every gate, every output of a cut and every covector.  Where real gradients span as much, a
complete list of laws is complete for the real network too.
"""
from dataclasses import dataclass

import numpy as np

from .._sage import SageObject
from ..exact.arithmetic import ModularArithmetic
from ..exact.linear_algebra import rank
from ..exact.primes import random_prime
from ..runtime.arguments import integer
from .float_reading import FloatReading, floats
from ..runtime.errors import InputError, InputTypeError

# Singular values below this part of the largest one, after rows are scaled to length one, count as zero.  Rounding
# leaves about 1e-15; smooth networks with 100 parameters show the gap between 1e-5 and 1e-14.
_TOLERANCE = 1e-10

# Real gradients are taken for this many samples a parameter by default.
_SAMPLES_PER_PARAMETER = 2


@dataclass(frozen=True, repr=False)
class SpanCheck(SageObject):
    r"""
    The two ranks at one point: of the real gradients, numerical, and of the model's, modulo a prime.

    - ``real`` -- the rank of the real gradients in floating point; a label, on which nothing that is proved depends

    - ``model`` -- the rank of the model's gradients at the same point (exact but for probability ``error_bound``)

    - ``gap`` -- the smallest singular value that counts and the largest that does not, relative to the largest of all
    """

    real: int
    model: int
    samples: int
    gap: tuple
    seed: int
    error_bound: float

    @property
    def equal(self):
        """Whether the two ranks are equal."""
        return self.real == self.model

    def _repr_(self):
        samples = f"{self.samples} sample{'s' if self.samples != 1 else ''}"
        head = f"real gradients have rank {self.real} of the model's {self.model} (numerical, {samples})"
        if self.equal:
            return (f"{head}: equal at this point, so laws that are complete for the model are complete for the real "
                    f"network near it")
        missing = self.model - self.real
        return (f"{head}: {missing} short at this point, so the real network may have up to {missing} more local "
                f"law{'s' if missing > 1 else ''} there (dead units, patterns never reached, inputs of few "
                f"dimensions), unless brackets or more data make up for it")


def check_span(network, data=None, samples=None, theta=None, loss="least-squares", seed=0):
    r"""
    Compare the span of real gradients with the model's at one point, numerically.

    INPUT:

    - ``data`` -- array ``(samples,) + shape of the input`` (or a dictionary by the inputs' names); by default normal
      numbers

    - ``samples`` -- how many are drawn, or taken from ``data``; by default twice the number of parameters

    - ``theta`` -- the parameters; by default normal numbers

    - ``loss`` -- ``"least-squares"`` or ``"cross-entropy"``: which covectors the loss produces
    """
    return at_one_point(network, data, samples, theta, loss, seed)[0]


def at_one_point(network, data, samples, theta, loss, seed):
    """Return the check, and the parameters and the inputs that it took."""
    try:
        seed, samples = integer(seed), None if samples is None else integer(samples)
    except TypeError:
        raise InputTypeError(
            f"seed {seed!r} and samples {samples!r} are to be integers, e.g. seed=0, samples=100"
        ) from None
    if samples is not None and samples < 1:
        raise InputError(f"samples {samples} is not a positive integer; try samples=100")
    generator = np.random.default_rng(seed)
    reading, response = FloatReading(network), network.response(loss)
    D = response.dimension
    theta = generator.normal(size=D) if theta is None else floats(theta, "theta")
    if theta.shape != (D,):
        raise InputError(f"theta has the shape {theta.shape}; the network has {D} parameters")
    if data is None:
        number = max(8, _SAMPLES_PER_PARAMETER * D) if samples is None else int(samples)
        data = {leaf.name: generator.normal(size=(number,) + leaf.shape) for leaf in network.inputs}
        if not data:
            raise InputError("the network has no input to draw data for: its response is phi itself, and there is "
                             "nothing to check")
    elif samples is not None:
        data = {key: part[:samples] for key, part in data.items()} if isinstance(data, dict) else \
            np.asarray(data)[:samples]
    real, gap, number = _real_rank(network, reading, theta, data, loss)
    p = random_prime(generator)
    # The floats are dyadic fractions, and the model is taken exactly there.
    point = np.array(
        [a % p * pow(b, -1, p) % p for a, b in map(float.as_integer_ratio, theta.tolist())], dtype=np.int64
    )
    # Two draws more than the rank can be: it is reached but for a probability of degree / p a minor.
    rows = response.gradient(ModularArithmetic(p), point, response.draw(generator, p, D + 2))
    model = rank(np.broadcast_to(rows, (D + 2, D)), p)
    return SpanCheck(real, model, number, gap, seed, 2.0 * (D + 2) * response.degree / p), theta, data


def _real_rank(network, reading, theta, data, loss):
    """Return the numerical rank of the gradients for all samples and covectors, the gap, and the number of samples."""
    values = reading.values(theta, data)
    output = values[network.output]
    number = next(iter(reading.given(data).values())).shape[0]
    output = np.broadcast_to(output, (number,) + network.output.shape)
    size = network.output.size
    basis = np.eye(size).reshape((size,) + network.output.shape)
    # Differences from the mean span the covectors that sum to zero, as those of this loss do.
    if loss == "cross-entropy":
        basis = basis - basis.mean(axis=-1, keepdims=True)
    rows = [reading.gradient(theta, data, np.broadcast_to(covector, output.shape), values) for covector in basis]
    rows = np.concatenate(rows)
    lengths = np.linalg.norm(rows, axis=1)
    # A row of small entries counts as much as a large one: samples at which a unit hardly moves are no rounding.
    rows = rows[lengths > 0] / lengths[lengths > 0][:, None]
    if not len(rows):
        return 0, (0.0, 0.0), number
    # The Gram matrix would square the gap; the triangular factor has the same singular values as the rows.
    singular = np.linalg.svd(rows if len(rows) <= 4 * rows.shape[1] else np.linalg.qr(rows, mode="r"), compute_uv=False)
    relative = singular / singular[0]
    kept = int((relative > _TOLERANCE).sum())
    return kept, (float(relative[kept - 1]), float(relative[kept]) if kept < len(relative) else 0.0), number
