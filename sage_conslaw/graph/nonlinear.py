r"""
Nonlinearities of tensors: gates, which are piecewise linear, and cuts, whose outputs are free data.
"""
import numpy as np

from ..runtime.errors import InputError
from .activations import FREE, cut_function, gate_function, masked_softmax
from .operations import Gate


def _named(method, name, words):
    """Return the method of tensors that applies a nonlinearity with this name."""
    def apply(self):
        return getattr(self, method)(name)
    apply.__name__, apply.__doc__ = name.replace(" ", "_"), f"Return {words}: a {method}."
    return apply


class Nonlinearities:
    r"""
    What a tensor inherits: activations and normalisations.

    EXAMPLES:

    Gates keep their argument in their label, as they are products with it; cuts are data, and have a name alone::

        sage: from sage_conslaw import networks
        sage: x = networks.input(2, 3)
        sage: [y.label() for y in (x.relu(), x.leaky_relu(), x.abs(), x.gate("dropout"))]
        ['relu(x)', 'leaky_relu(x)', 'abs(x)', 'dropout(x)']
        sage: [x.gelu(), x.rms_norm(), x.cut("softplus"), x.softmax(), x.softmax(mask=[1, 1, 0])]
        [gelu of shape (2, 3), rms_norm of shape (2, 3), softplus of shape (2, 3), softmax of shape (2, 3),
         softmax * (a constant) of shape (2, 3)]
        sage: networks.input(4, 3).batch_norm().shape, networks.input(4, 2, 5, 5).batch_norm(axes=(0, 2, 3)).shape
        ((4, 3), (4, 2, 5, 5))

    What works along the last axis needs one::

        sage: x.sum().softmax()
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: softmax of sum(x): it is taken along the last axis, and the shape () has none
    """

    relu = _named("gate", "relu", "the positive part")
    leaky_relu = _named("gate", "leaky relu", "the leaky positive part")
    abs = _named("gate", "abs", "the absolute value")
    dropout = _named("gate", "dropout", "the tensor with dropped units")
    gelu = _named("cut", "gelu", "the GELU")
    silu = _named("cut", "silu", "the SiLU")
    sigmoid = _named("cut", "sigmoid", "the logistic sigmoid")
    exp = _named("cut", "exp", "the exponential")
    softplus = _named("cut", "softplus", "the logarithm of one plus the exponential")
    tanh = _named("cut", "tanh", "the hyperbolic tangent")
    rms_norm = _named("cut", "rms norm", "the tensor divided by its root mean square along the last axis")
    layer_norm = _named("cut", "layer norm", "the tensor centred and divided by its deviation along the last axis")

    def gate(self, activation):
        """Return the tensor after a piecewise linear activation with a free gate per unit."""
        return self.made(
            Gate(len(self.shape)),
            (self, self.data("gate", self.shape, "gate", source=self, function=gate_function(activation))),
            activation.replace(" ", "_") + "({0})",
        )

    def cut(self, function=None):
        r"""
        Return the output of a nonlinearity that is cut: free data, with a covector at the input.

        Assumed is that near a generic point the values and slopes of the function are arbitrary, up to its invariances.

        INPUT:

        - ``function`` -- the name of a known one, a :class:`CutFunction`, or ``None`` for any function
        """
        function = cut_function(function)
        # An entry alone has no others that it could be compared with; numpy too has no last axis there.
        if not self.shape and function.known and function.name not in (*FREE, "any function"):
            raise InputError(f"{function.name} of {self.label()}: it is taken along the last axis, and the shape () "
                             f"has none")
        return self.data(function.name.replace(" ", "_"), self.shape, "cut", source=self, function=function)

    def softmax(self, mask=None):
        """Return the softmax along the last axis; ``mask`` (0 and 1) says which entries take part."""
        if mask is None:
            return self.cut("softmax")
        mask = np.asarray(mask)
        # Mere repetitions are looked at and held once: the mask of a large model has one copy for all heads.
        mask = mask[tuple(slice(n if stride else min(n, 1)) for n, stride in zip(mask.shape, mask.strides))]
        if mask.dtype == object or not np.isin(mask.astype(float), (0, 1)).all():
            raise InputError(f"the mask of {self.label()} has entries other than 0 and 1 (which entries take part)")
        try:
            mask = np.broadcast_to(mask.astype(np.int64, copy=False), self.shape)
        except ValueError:
            raise InputError(
                f"the mask has the shape {mask.shape}, {self.label()} the shape {self.shape}: they do not fit"
            ) from None
        # Without an entry there is nothing to divide by: implementations answer with NaN.
        if not mask.any(axis=-1).all():
            raise InputError(f"the mask of {self.label()} leaves no entry in a row; allow at least one")
        # What replaces the outputs sums to one over the allowed entries; the others are zero by this product.
        out = self.data("softmax", self.shape, "cut", source=self, function=masked_softmax(mask), mask=mask)
        return out * self.constant(mask)

    def batch_norm(self, axes=0):
        r"""
        Return the tensor normalised along the axes of the samples, by default the first (at least three entries in
        all).

        INPUT:

        - ``axes`` -- one axis or several: ``(0, 2, 3)`` for images ``(samples, channels, height, width)``
        """
        if len(self.shape) < 2:
            raise InputError(
                f"batch normalisation of {self.label()} of shape {self.shape}: the first axis must be "
                f"the samples of a batch, e.g. networks.input(3, d)"
            )
        # The samples become the last axis, along which every normalisation is taken, and then an axis again.
        axes = list(self._axes(axes, "batch normalisation"))
        kept = [i for i in range(len(self.shape)) if i not in axes]
        order = kept + axes
        rows = self.transpose(order).reshape([self.shape[i] for i in kept] + [-1]).cut("batch norm")
        return rows.reshape([self.shape[i] for i in order]).transpose(list(np.argsort(order)))
