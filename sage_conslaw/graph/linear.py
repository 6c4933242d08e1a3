r"""
Linear operations of tensors: sums and means along axes, scalars, products of batches, new and lost axes.

Each is written with contractions, sums and rearrangements, so that every reading knows it.  A mean is the contraction
with the constant `1/n`: for `y = \frac1n \sum_i x_i` the covector of each `x_i` is `c/n`, which is what the
contraction's backward pass gives. A cut in its place would forget that the sum is a function of its entries, and lose
laws: global average pooling after a ReLU convolution keeps one law a channel.
"""
import difflib
from fractions import Fraction

import numpy as np

from .operations import LETTERS, Contract
from ..runtime.errors import InputError, InputTypeError

# How the usual names of numpy and torch for linear maps are written here.
WRITTEN = {
    "cumsum": "x @ networks.fixed of a triangular matrix",
    "diag": "x * networks.fixed of an identity",
    "dot": "x @ y",
    "bmm": "x @ y",
    "mm": "x @ y",
    "matmul": "x @ y",
    "mul": "x * y",
    "div": "x / n with a rational n",
    "sub": "x - y",
    "add": "x + y",
    "neg": "-x",
    "view": "x.reshape(...)",
    "permute": "x.transpose(...)",
    "flatten": "x.reshape(-1)",
    "ravel": "x.reshape(-1)",
    "swapaxes": "x.transpose(...)",
    "trace": "networks.einsum('ii->', x)",
    "diagonal": "networks.einsum('ii->i', x)",
    "flip": "x[::-1]",
    "roll": "networks.concatenate of slices",
    "conv": "x.convolve(kernel)",
    "conv1d": "x.convolve(kernel)",
    "conv2d": "x.convolve(kernel)",
    "convolution": "x.convolve(kernel)",
    "linear": "x @ W + b",
    "unflatten": "x.reshape(...)",
    "tile": "x.expand(...)",
    "repeat": "x.expand(...)",
    "broadcast_to": "x.expand(...)",
    "split": "slices x[...]",
    "chunk": "slices x[...]",
    "take": "x.gather(indices)",
    "index_select": "x.gather(indices)",
    "pad": "networks.concatenate with networks.fixed zeros",
    "cat": "networks.concatenate",
    "hstack": "networks.concatenate",
    "vstack": "networks.concatenate",
    "outer": "networks.einsum('i,j->ij', x, y)",
    "kron": "networks.einsum('ij,kl->ikjl', x, y).reshape(...)",
    "tensordot": "networks.einsum",
    "unfold": "x.gather(indices)",
    "upsample": "x.gather(indices)",
    "interpolate": "x.gather(indices), or x @ networks.fixed of the weights",
    "adaptive_avg_pool": "x.mean(axes) where one entry is left, or x.avg_pool(window)",
    "adaptive_avg_pool1d": "x.mean(axes) where one entry is left, or x.avg_pool(window)",
    "adaptive_avg_pool2d": "x.mean(axes) where one entry is left, or x.avg_pool(window)",
    "avg_pool1d": "x.avg_pool(window)",
    "avg_pool2d": "x.avg_pool(window)",
    "masked_fill": "x * networks.fixed of zeros and ones, or a mask of softmax",
    "tril": "x * networks.fixed of zeros and ones",
    "triu": "x * networks.fixed of zeros and ones",
}

# Functions that are neither linear nor one that tensors have: no name near to one of these is advised in its place.
OTHER = frozenset(
    "elu selu celu relu6 hardtanh hardswish hardsigmoid hardshrink mish log_softmax softmin softsign softshrink prelu "
    "rrelu clamp clip sqrt rsqrt sin cos tan log log1p log2 expm1 std var norm logsumexp reciprocal sign floor round "
    "cosine_similarity normalize group_norm instance_norm weight_norm sinh cosh erf".split()
)


def rational(value):
    """
    Return a number as a fraction, ``None`` if it is no number; a float is read as the decimal that it is printed as.
    """
    if isinstance(value, (bool, np.bool_, str, bytes)):
        return None
    if isinstance(value, (float, np.floating)):
        if not np.isfinite(value):
            raise InputError(f"the scalar {value} is not finite")
        # 0.1 means a tenth to who writes it, and not the double next to it.
        return Fraction(repr(float(value)))
    # Numbers of Sage and SymPy are known by the names of their classes: neither is imported to read a 2.
    if isinstance(value, (int, np.integer, Fraction)) or type(value).__name__ in (
            "Integer", "Rational", "RealLiteral", "One", "Half", "NegativeOne"):
        try:
            return Fraction(str(value))
        except ValueError:
            return None
    return None


def unknown_operation(name, known):
    """Return what to say about an operation that tensors do not have; a cut is advised for nonlinearities alone."""
    # What is linear is said first: a cut in its place would forget laws.
    if name in WRITTEN:
        return f"a tensor has no operation {name!r}, which is linear: write it as {WRITTEN[name]}"
    if name in OTHER:
        return (f"a tensor has no operation {name!r}, which is not linear: cut it, x.cut(), which assumes that its "
                f"values and slopes are arbitrary")
    if name in ("max", "amax", "maximum", "min", "amin", "minimum"):
        return f"a tensor has no operation {name!r}; maxima are piecewise linear: x.max_pool(window), or of -x"
    # A cutoff of 0.7 finds "relu" for "reul" and nothing for "lu".
    near = difflib.get_close_matches(name, known, 1, 0.7)
    meant = f"; did you mean {near[0]!r}? L" if near else "; l"
    return (
        f"a tensor has no operation {name!r}{meant}inear operations are written by @, +, sum, mean, einsum, reshape, "
        "...; a nonlinearity is cut: x.cut(), which assumes that its values and slopes are arbitrary"
    )


def product_spec(a, b):
    """
    Return the contraction of the matrix product ``a @ b`` of two shapes, with numpy's rules for batches of equal shape.
    """
    # The last axes of both are ``ai`` and ``ib``; those in front are batches, counted from behind as numpy does.
    lead = [letter for letter in LETTERS if letter != "i"]
    batch = max(len(a) - 2, len(b) - 2, 0)
    left = "".join(lead[batch - max(len(a) - 2, 0):batch]) + "ai"[2 - min(len(a), 2):]
    right = "".join(lead[batch - max(len(b) - 2, 0):batch]) + "ib"[:min(len(b), 2)]
    return f"{left},{right}->{''.join(lead[:batch])}{'a' if len(a) > 1 else ''}{'b' if len(b) > 1 else ''}"


class LinearOperations:
    """What a tensor inherits: the linear operations that are made of contractions and rearrangements."""

    def _axes(self, axis, what):
        """Return axes as a sorted tuple of numbers that are not negative."""
        rank = len(self.shape)
        given = range(rank) if axis is None else axis if hasattr(axis, "__iter__") else (axis,)
        axes = []
        for number in given:
            value = rational(number)
            if value is None or value.denominator != 1:
                raise InputTypeError(f"{what} of {self.label()}: the axis {number!r} is not an integer")
            if not -rank <= value < rank:
                raise InputError(f"{what} of {self.label()}: the shape {self.shape} has no axis {value}")
            axes.append(int(value) % max(1, rank))
        if len(set(axes)) < len(axes):
            raise InputError(f"{what} of {self.label()}: an axis is given twice in {tuple(axes)}")
        return tuple(sorted(axes))

    def _weighted_sum(self, axes, weight, written):
        # A contraction with one number repeated, which takes no memory: its backward pass gives each entry the weight.
        letters = LETTERS[:len(self.shape)]
        summed = "".join(letters[axis] for axis in axes)
        kept = "".join(letter for letter in letters if letter not in summed)
        weights = self.constant(
            np.broadcast_to(np.int64(weight.numerator), [self.shape[axis] for axis in axes]), weight.denominator
        )
        return self.made(Contract(f"{letters},{summed}->{kept}"), (self, weights), written)

    def _kept(self, axes, result, keepdims):
        return result.reshape([1 if axis in axes else n for axis, n in enumerate(self.shape)]) if keepdims else result

    def sum(self, axis=None, keepdims=False):
        """Return the sum along an axis, several, or all."""
        axes = self._axes(axis, "the sum")
        return self._kept(axes, self._weighted_sum(axes, Fraction(1), "sum({0})"), keepdims) if axes else self

    def mean(self, axis=None, keepdims=False):
        """Return the mean along an axis, several, or all."""
        axes = self._axes(axis, "the mean")
        count = int(np.prod([self.shape[axis] for axis in axes], dtype=np.int64))
        return self._kept(axes, self._weighted_sum(axes, Fraction(1, count), "mean({0})"), keepdims) if axes else self

    def scaled(self, factor, written):
        """Return the tensor times a rational number."""
        # Constants are held in 64 bits; the denominator is a Python integer.
        if abs(factor.numerator) >= 1 << 62:
            raise InputError(f"the scalar {factor} times {self.label()} has a numerator above 2^62; scale the network")
        letters = LETTERS[:len(self.shape)]
        number = self.constant(np.array(factor.numerator, dtype=np.int64), factor.denominator)
        return self.made(Contract(f"{letters},->{letters}"), (self, number), written)

    def squeeze(self, axis=None):
        """Return the tensor without an axis of size one, without all of them by default."""
        axes = [i for i, n in enumerate(self.shape) if n == 1] if axis is None else self._axes(axis, "squeeze")
        for i in axes:
            if self.shape[i] != 1:
                raise InputError(f"the axis {i} of {self.label()} of shape {self.shape} has {self.shape[i]} entries; "
                                 f"an axis of one entry is left out")
        return self.reshape([n for i, n in enumerate(self.shape) if i not in axes])

    def unsqueeze(self, axis):
        """Return the tensor with a new axis of size one at a place."""
        # Places are those of the result, which has an axis more: -1 is behind the last.
        rank = len(self.shape) + 1
        place = rational(axis)
        if place is None or place.denominator != 1 or not -rank <= place < rank:
            raise InputError(f"the place {axis!r} of a new axis of {self.label()} of shape {self.shape} is not an "
                             f"integer from {-rank} to {rank - 1}")
        place = int(place) % rank
        return self.reshape(self.shape[:place] + (1,) + self.shape[place:])

    def expand(self, *shape):
        """Return the tensor repeated along axes of size one and new leading axes; a size -1 is kept."""
        shape = tuple(shape[0]) if len(shape) == 1 and hasattr(shape[0], "__iter__") else shape
        given = [rational(n) for n in shape]
        if any(n is None or n.denominator != 1 for n in given):
            raise InputTypeError(f"the shape {shape} is not of integers; give e.g. 4, -1")
        new = len(given) - len(self.shape)
        sizes = tuple(self.shape[i - new] if n == -1 and i >= new >= 0 else int(n) for i, n in enumerate(given))
        if new < 0 or any(n < 1 for n in sizes) or any(old not in (1, n) for old, n in zip(self.shape, sizes[new:])):
            raise InputError(f"{self.label()} of shape {self.shape} cannot be repeated to the shape "
                             f"{tuple(map(int, given))}: only axes of size one grow, and new ones come first")
        return self.repeat_to(sizes)
