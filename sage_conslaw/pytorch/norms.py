r"""
Normalisations as PyTorch computes them, with their eps.

With ``eps = 0`` a normalisation does not see the scale of its input: every covector there is orthogonal to the input,
and laws such as the norm of the weights before it follow.  PyTorch adds ``eps > 0`` under the root,
`y = z / \sqrt{|z|^2/n + \epsilon}`, and then `\langle c, z \rangle = \epsilon (\ldots) \ne 0`: these laws hold no
longer, only up to terms of order eps.  So the norm of a module with ``eps > 0`` is cut with what is exactly true: its
outputs sum to zero if it centres, its covectors then sum to zero too, and nothing else.
"""
from dataclasses import dataclass

import numpy as np

from ..graph.activations import CutFunction
from ..graph.cuts import differences
from ..graph.tensor import Data
from ..graph.true_functions import Unit


@dataclass(frozen=True)
class _Root:
    """``z / sqrt(|z|^2 / n + eps)`` along the last axis, of the centred input if ``centre``."""

    eps: float
    centre: bool
    short: bool = False

    def _parts(self, z):
        z = z - z.mean(axis=-1, keepdims=True) if self.centre else z
        return z, 1 / np.sqrt((z * z).mean(axis=-1, keepdims=True) + self.eps)


@dataclass(frozen=True)
class NormValue(_Root):
    """The values of a normalisation with eps along the last axis; ``short`` leaves the last entry out."""

    def __call__(self, z):
        z, scale = self._parts(z)
        return (z * scale)[..., :-1] if self.short else z * scale


@dataclass(frozen=True)
class NormPullback(_Root):
    """The transposed derivative of a normalisation with eps along the last axis."""

    def __call__(self, z, covector):
        if self.short:
            # The entry that is left out has the covector zero: minus the sum of the others is put in its place outside.
            covector = np.concatenate([covector, np.zeros_like(covector[..., :1])], axis=-1)
        z, scale = self._parts(z)
        # With y = r z, r = (|z|^2/n + eps)^(-1/2): dy = r dz - z r^3 <z, dz>/n, which is its own transpose.
        pulled = scale * covector - z * scale ** 3 * (z * covector).mean(axis=-1, keepdims=True)
        # Centring is a symmetric projection: first in the values, last here.
        return pulled - pulled.mean(axis=-1, keepdims=True) if self.centre else pulled


def normalised(z, eps, centre, name="layer_norm"):
    r"""
    Return the normalisation of ``z`` along its last axis with this eps, centred or not; ``name`` is what pictures and
    texts call it where it is centred, whatever its axis was.
    """
    if not eps:
        # Without eps the graph's own norm is exact, with its law of scale.
        return z.layer_norm() if centre else z.rms_norm()
    if not centre:
        return z.cut(
            CutFunction(
                "rms norm with eps",
                "free",
                NormValue(eps, False),
                NormPullback(eps, False),
                reading=Unit(False, eps=eps),
            )
        )
    size = z.shape[-1]
    function = CutFunction(
        "layer norm with eps",
        "sum zero",
        NormValue(eps, True, True),
        NormPullback(eps, True, True),
        reading=Unit(True, True, eps),
    )
    if size == 1:
        # One entry, centred, is zero whatever the input.
        return z * 0
    # Outputs of sum zero: all but one are free, and the rows of ``differences`` give the last.
    free = Data(name, (*z.shape[:-1], size - 1), "cut", source=z, function=function)
    return free @ differences(size)
