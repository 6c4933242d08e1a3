r"""
Nonlinearities of tensors: gates, which are piecewise linear, and cuts, whose outputs are free data.
"""
import numpy as np

from ..runtime.errors import InputError
from .activations import cut_function, gate_function, masked_softmax
from .operations import Gate


class Nonlinearities:
    r"""
    What a tensor inherits: activations and normalisations.

    EXAMPLES:

    Gates keep their argument in their label, as they are products with it; cuts are data, and have a name alone::

        sage: from sage_conslaw import networks
        sage: x = networks.input(2, 3)
        sage: [y.label() for y in (x.relu(), x.leaky_relu(), x.abs(), x.dropout())]
        ['relu(x)', 'leaky_relu(x)', 'abs(x)', 'dropout(x)']
        sage: [x.gelu(), x.silu(), x.sigmoid(), x.exp(), x.softplus(), x.tanh(), x.rms_norm()]
        [gelu of shape (2, 3), silu of shape (2, 3), sigmoid of shape (2, 3), exp of shape (2, 3),
         softplus of shape (2, 3), tanh of shape (2, 3), rms_norm of shape (2, 3)]
        sage: x.layer_norm().shape
        (2, 3)
    """

    def gate(self, activation):
        r"""
        Return the tensor after a piecewise linear activation with a free gate per unit.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: x.gate("abs").label()
            'abs(x)'
        """
        return self.made(
            Gate(len(self.shape)),
            (self, self.data("gate", self.shape, "gate", source=self, function=gate_function(activation))),
            activation.replace(" ", "_") + "({0})",
        )

    def relu(self):
        """Return the positive part: a gate."""
        return self.gate("relu")

    def leaky_relu(self):
        """Return the leaky positive part: a gate."""
        return self.gate("leaky relu")

    def abs(self):
        """Return the absolute value: a gate."""
        return self.gate("abs")

    def dropout(self):
        """Return the tensor with dropped units: a gate."""
        return self.gate("dropout")

    def cut(self, function=None):
        r"""
        Return the output of a nonlinearity that is cut: free data, with a covector at the input.

        INPUT:

        - ``function`` -- the name of a known one, a :class:`CutFunction`, or ``None`` for any function

        Assumed is that near a generic point the values and slopes of the function are arbitrary, up to its invariances.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: x.cut("softplus")
            softplus of shape (2, 3)
        """
        function = cut_function(function)
        return self.data(function.name.replace(" ", "_"), self.shape, "cut", source=self, function=function)

    def gelu(self):
        """Return the GELU: a cut."""
        return self.cut("gelu")

    def silu(self):
        """Return the SiLU: a cut."""
        return self.cut("silu")

    def sigmoid(self):
        """Return the logistic sigmoid: a cut."""
        return self.cut("sigmoid")

    def exp(self):
        """Return the exponential: a cut."""
        return self.cut("exp")

    def softplus(self):
        r"""Return the softplus, `\log(1 + e^x)`: a cut."""
        return self.cut("softplus")

    def tanh(self):
        """Return the hyperbolic tangent: a cut."""
        return self.cut("tanh")

    def softmax(self, mask=None):
        r"""
        Return the softmax along the last axis; ``mask`` (0 and 1) says which entries take part.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: x.softmax()
            softmax of shape (2, 3)
            sage: x.softmax(mask=[1, 1, 0]).shape
            (2, 3)
        """
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
        if not mask.any(axis=-1).all():
            raise InputError(f"the mask of {self.label()} leaves no entry in a row; allow at least one")
        out = self.data("softmax", self.shape, "cut", source=self, function=masked_softmax(mask), mask=mask)
        return out * self.constant(mask)

    def rms_norm(self):
        """Return the tensor divided by its root mean square along the last axis; a gain after it is a parameter."""
        return self.cut("rms norm")

    def layer_norm(self):
        r"""
        Return the tensor centred and divided by its deviation along the last axis; gain and bias after it are
        parameters.
        """
        return self.cut("layer norm")

    def batch_norm(self, axes=0):
        r"""
        Return the tensor normalised along the axes of the samples, by default the first (at least three entries in
        all).

        INPUT:

        - ``axes`` -- one axis or several: ``(0, 2, 3)`` for images ``(samples, channels, height, width)``

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: networks.input(4, 3).batch_norm().shape, networks.input(4, 2, 5, 5).batch_norm(axes=(0, 2, 3)).shape
            ((4, 3), (4, 2, 5, 5))
        """
        if len(self.shape) < 2:
            raise InputError(
                f"batch normalisation of {self.label()} of shape {self.shape}: the first axis must be "
                f"the samples of a batch, "
                "e.g. networks.input(3, d)"
            )
        axes = list(self._axes(axes, "batch normalisation"))
        kept = [i for i in range(len(self.shape)) if i not in axes]
        order = kept + axes
        rows = self.transpose(order).reshape([self.shape[i] for i in kept] + [-1]).cut("batch norm")
        return rows.reshape([self.shape[i] for i in order]).transpose(list(np.argsort(order)))
