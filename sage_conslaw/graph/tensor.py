r"""
The graph of a network: leaves (parameters, data, constants) and operations between tensors.

A tensor has no axis for samples: shapes are those of one input, and an array of ``tokens`` or of pixels is an axis of
its own.
"""
import re
import itertools
import operator
from fractions import Fraction
from functools import cached_property, partial

import numpy as np

from .activations import cut_function, gate_function, masked_softmax
from .linear import LinearOperations, product_spec, rational, unknown_operation
from .operations import LETTERS, METHODS, Add, Contract, Gate, Gather
from .rearrangements import Broadcast, Pad, Reshape, Transpose, indexed, reshaped
from ..runtime.errors import InputError, InputTypeError
from .convolution import avg_pool, convolve, max_pool


class Tensor(LinearOperations):
    r"""
    A node of the graph: the result of an operation on other tensors.

    EXAMPLES::

        sage: from sage_conslaw.graph.tensor import Data, Parameter
        sage: x, W, b = Data("x", (3,), "input"), Parameter("W", (3, 2)), Parameter("b", (2,))
        sage: (x @ W + b).shape
        (2,)
        sage: (x @ W).relu().label()
        'relu(x @ W)'
        sage: x @ b
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: contraction i,i-> of shapes (3,) and (2,): index i has sizes 3 and 2; the operands are
        x and b
        sage: x.reshape(2, 2)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: x of shape (3,) has 3 entries and cannot get the shape (2, 2)
        sage: x.swoosh()
        Traceback (most recent call last):
        ...
        AttributeError: a tensor has no operation 'swoosh'; linear operations are written by @, +, sum, mean, einsum,
        reshape, ...; a nonlinearity is cut: x.cut(), which assumes that its values and slopes are arbitrary
    """

    name = None
    # What only data have: a gate or a cut is a function of its source.  Asked of every node, and answered at once.
    source = function = mask = kind = None
    _text = None

    def __init__(self, operation, inputs, written=None):
        self.operation = operation
        self.inputs = tuple(inputs)
        self._written = written
        try:
            self.shape = tuple(operation.shape(*(node.shape for node in inputs)))
        except ValueError as error:
            raise InputError(f"{error}; the operands are {' and '.join(node.label() for node in inputs)}") from None

    def __getattr__(self, name):
        if name.startswith("_"):
            raise AttributeError(name)
        if name in METHODS:
            return partial(METHODS[name], self)
        raise AttributeError(unknown_operation(name, [known for known in dir(type(self)) if not known.startswith("_")]))

    @property
    def size(self):
        r"""
        How many entries there are.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: x.size
            6
        """
        return int(np.prod(self.shape, dtype=np.int64))

    def label(self):
        r"""
        Return how the tensor was written, shortened.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: (x + x).label()
            'x + x'
        """
        if self.name is not None:
            return self.name
        if self._text is None:
            # From the leaves on, each node once: a node that is used often is not written as often.
            for node in self.ancestors():
                if node.operation is not None and node._text is None:
                    node._text = node._shortened()
        return self._text

    def _shortened(self):
        if self._written is None:
            return f"a tensor of shape {self.shape}"
        words = [node.label() for node in self.inputs]
        text = self._written.format(*(f"({word})" if " " in word and " " in self._written else word for word in words))
        return text if len(text) <= 60 else text[:57] + "..."

    def __repr__(self):
        return f"{self.label()} of shape {self.shape}"

    # -- sums and products -----------------------------------------------------------------------

    # Arrays of numpy leave operators to tensors.
    __array_ufunc__ = None

    def __add__(self, other):
        if not isinstance(other, Tensor):
            raise InputTypeError(f"{shown(other)} is not a tensor; a shift by numbers is a bias: add a "
                                 f"parameter or networks.fixed")
        a, b = self._broadcast(other)
        return Tensor(Add(), (a, b), "{0} + {1}")

    def __radd__(self, other):
        # The sum of a list begins with 0.
        return self if isinstance(other, int) and other == 0 else self + other

    def __sub__(self, other):
        if not isinstance(other, Tensor):
            raise InputTypeError(
                f"{shown(other)} is not a tensor; a shift by numbers is a bias: add a parameter or networks.fixed"
            )
        return self + (-1) * other

    def __rsub__(self, other):
        return (-1) * self + other

    def __neg__(self):
        return (-1) * self

    def __mul__(self, other):
        factor = rational(other)
        if factor is not None:
            return self.scaled(factor, "{1} * {0}" if factor.denominator == 1 else f"{factor} * {{0}}")
        if not isinstance(other, Tensor):
            raise InputTypeError(
                f"{shown(other)} is neither a tensor nor a rational number; other constants are networks.fixed arrays"
            )
        a, b = self._broadcast(other)
        letters = LETTERS[:len(a.shape)]
        return Tensor(Contract(f"{letters},{letters}->{letters}"), (a, b), "{0} * {1}")

    __rmul__ = __mul__

    def __truediv__(self, other):
        divisor = rational(other)
        if divisor is None:
            raise InputTypeError(
                f"tensors are divided by numbers only; {self.label()} / {shown(other)} is a "
                f"nonlinearity: cut it, x.cut(), or normalise"
            )
        if not divisor:
            raise InputError(f"{self.label()} is divided by zero")
        return self.scaled(1 / divisor, f"{{0}} / {divisor}")

    def __rtruediv__(self, other):
        raise InputTypeError(
            f"{shown(other)} / {self.label()} is a nonlinearity: cut it, {self.label()}.cut(), or normalise"
        )

    def __pow__(self, exponent):
        if isinstance(exponent, str) or not hasattr(exponent, "__int__"):
            raise InputTypeError(f"the exponent {exponent!r} is not a positive integer; cut other powers: x.cut()")
        if int(exponent) != exponent or exponent < 1:
            raise InputError(f"the exponent {exponent} is not a positive integer; cut other powers: x.cut()")
        power = self
        for _ in range(int(exponent) - 1):
            power = power * self
        return power

    def __matmul__(self, other):
        if not isinstance(other, Tensor):
            raise InputTypeError(f"{shown(other)} is not a tensor; a fixed matrix is networks.fixed(name, values=...)")
        if not self.shape or not other.shape:
            raise InputError(
                f"the product of {self.label()} of shape {self.shape} and {other.label()} of shape "
                f"{other.shape}: both need an axis; use *"
            )
        return Tensor(Contract(product_spec(self.shape, other.shape)), (self, other), "{0} @ {1}")

    def __rmatmul__(self, other):
        raise InputTypeError(f"{shown(other)} is not a tensor; a fixed matrix is networks.fixed(name, values=...)")

    # What other files make their results of, without knowing the classes of tensors.

    @staticmethod
    def constant(values, denominator=1):
        """Return an array of rational numbers as a tensor."""
        return Constant(values, denominator=denominator)

    @staticmethod
    def data(name, shape, kind, **more):
        """Return data that are free in the response, see :class:`Data`."""
        return Data(name, shape, kind, **more)

    @staticmethod
    def made(operation, inputs, written):
        """Return the result of an operation on tensors."""
        return Tensor(operation, inputs, written)

    def _broadcast(self, other):
        """Return both tensors repeated to one shape, by numpy's rules."""
        if self.shape == other.shape:
            return self, other
        try:
            shape = np.broadcast_shapes(self.shape, other.shape)
        except ValueError:
            return self, other
        return self.repeat_to(shape), other.repeat_to(shape)

    # -- rearrangements --------------------------------------------------------------------------

    def gather(self, indices, written=None):
        r"""
        Return the tensor whose entries are those at flat ``indices`` (an integer array; -1 for zero).

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: x.gather([0, -1, 5]).shape
            (3,)
        """
        return Tensor(Gather(indices, self.shape), (self,), written or "gather({0})")

    def _places(self):
        return np.arange(self.size).reshape(self.shape)

    def repeat_to(self, shape):
        r"""
        Return the tensor repeated along new axes, by numpy's rules of broadcasting.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: networks.parameter("b", 3).repeat_to((2, 3)).shape
            (2, 3)
        """
        shape = tuple(shape)
        if shape == self.shape:
            return self
        if np.broadcast_shapes(self.shape, shape) != shape:
            raise InputError(f"{self.label()} of shape {self.shape} cannot be repeated to the shape {shape}")
        return Tensor(Broadcast(self.shape, shape), (self,), "{0}")

    def reshape(self, *shape):
        r"""
        Return the tensor with its entries, in order, in another shape; one size may be -1.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: x.reshape(3, -1).shape
            (3, 2)
        """
        shape = tuple(shape[0]) if len(shape) == 1 and hasattr(shape[0], "__iter__") else shape
        try:
            new = reshaped(self.shape, [operator.index(n) for n in shape])
        except TypeError:
            new = None
        if new is None:
            raise InputError(f"{self.label()} of shape {self.shape} has {self.size} entries and cannot get the shape "
                             f"({', '.join(map(str, shape))})")
        return self if new == self.shape else Tensor(Reshape(self.shape, new), (self,), "{0}")

    def transpose(self, *axes):
        r"""
        Return the tensor with its axes in another order, reversed by default.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: x.transpose(1, 0).shape
            (3, 2)
        """
        axes = tuple(axes[0]) if len(axes) == 1 and hasattr(axes[0], "__iter__") else axes
        if axes and sorted(axes) != list(range(len(self.shape))):
            raise InputError(
                f"the axes {tuple(map(int, axes))} are no order of those of {self.label()} of shape {self.shape}"
            )
        order = axes or range(len(self.shape))[::-1]
        return Tensor(Transpose(self.shape, order), (self,), "{0}.T")

    @property
    def T(self):
        r"""
        The tensor with its axes reversed.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: x.T.shape
            (3, 2)
        """
        return self.transpose()

    def __getitem__(self, key):
        steps = indexed(self.shape, key)
        if steps is None:
            return self.gather(self._places()[key], "{0}[...]")
        node = self
        for step in steps:
            node = Tensor(step, (node,), "{0}[...]" if node is self else "{0}")
        return node

    # -- nonlinearities --------------------------------------------------------------------------

    def gate(self, activation):
        r"""
        Return the tensor after a piecewise linear activation with a free gate per unit.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: x.gate("abs").label()
            'abs(x)'
        """
        return Tensor(
            Gate(len(self.shape)),
            (self, Data("gate", self.shape, "gate", source=self, function=gate_function(activation))),
            activation.replace(" ", "_") + "({0})",
        )

    def relu(self):
        r"""
        Return the positive part: a gate.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: x.relu().label()
            'relu(x)'
        """
        return self.gate("relu")

    def leaky_relu(self):
        r"""
        Return the leaky positive part: a gate.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: x.leaky_relu().label()
            'leaky_relu(x)'
        """
        return self.gate("leaky relu")

    def abs(self):
        r"""
        Return the absolute value: a gate.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: x.abs().label()
            'abs(x)'
        """
        return self.gate("abs")

    def dropout(self):
        r"""
        Return the tensor with dropped units: a gate.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: x.dropout().label()
            'dropout(x)'
        """
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
        return Data(function.name.replace(" ", "_"), self.shape, "cut", source=self, function=function)

    def gelu(self):
        r"""
        Return the GELU: a cut.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: x.gelu()
            gelu of shape (2, 3)
        """
        return self.cut("gelu")

    def silu(self):
        r"""
        Return the SiLU: a cut.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: x.silu()
            silu of shape (2, 3)
        """
        return self.cut("silu")

    def sigmoid(self):
        r"""
        Return the logistic sigmoid: a cut.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: x.sigmoid()
            sigmoid of shape (2, 3)
        """
        return self.cut("sigmoid")

    def exp(self):
        r"""
        Return the exponential: a cut.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: networks.input(2, 3).exp()
            exp of shape (2, 3)
        """
        return self.cut("exp")

    def softplus(self):
        r"""
        Return the softplus, `\log(1 + e^x)`: a cut.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: networks.input(2, 3).softplus()
            softplus of shape (2, 3)
        """
        return self.cut("softplus")

    def tanh(self):
        r"""
        Return the hyperbolic tangent: a cut.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: x.tanh()
            tanh of shape (2, 3)
        """
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
        if mask.dtype == object or not np.isin(mask.astype(float), (0, 1)).all():
            raise InputError(f"the mask of {self.label()} has entries other than 0 and 1 (which entries take part)")
        try:
            mask = np.broadcast_to(mask.astype(np.int64), self.shape)
        except ValueError:
            raise InputError(
                f"the mask has the shape {mask.shape}, {self.label()} the shape {self.shape}: they do not fit"
            ) from None
        if not mask.any(axis=-1).all():
            raise InputError(f"the mask of {self.label()} leaves no entry in a row; allow at least one")
        out = Data("softmax", self.shape, "cut", source=self, function=masked_softmax(mask), mask=mask)
        return out * Constant(mask)

    def rms_norm(self):
        r"""
        Return the tensor divided by its root mean square along the last axis; a gain after it is a parameter.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: x.rms_norm()
            rms_norm of shape (2, 3)
        """
        return self.cut("rms norm")

    def layer_norm(self):
        r"""
        Return the tensor centred and divided by its deviation along the last axis; gain and bias after it are
        parameters.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: x.layer_norm().shape
            (2, 3)
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

    def embed(self, table):
        r"""
        Return the rows of a table of shape ``(vocabulary, width)`` that one-hot tokens ``(tokens, vocabulary)`` select.

        In the exact readings tokens are free vectors: a layer is linear in each, so they span what the one-hot ones
        span.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: networks.input(5, 10).embed(networks.parameter("E", 10, 4)).shape
            (5, 4)
        """
        return self @ table

    # -- convolutions ----------------------------------------------------------------------------

    def convolve(self, kernel, stride=1, padding=0, groups=1):
        r"""
        Return the convolution of ``(channels, ...)`` with a kernel ``(outputs, channels / groups, ...)``: see
        :mod:`.convolution`.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: networks.input(2, 7).convolve(networks.parameter("W", 4, 2, 3), stride=2).shape
            (4, 3)
        """
        return convolve(self, kernel, stride, padding, groups)

    def avg_pool(self, window, stride=None, padding=0):
        r"""
        Return the mean of each window of ``(channels, ...)``; entries of the padding count as zeros.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: networks.input(2, 6).avg_pool(3).shape, networks.input(4, 2, 6, 6).avg_pool((2, 2)).shape
            ((2, 2), (4, 2, 3, 3))
        """
        return avg_pool(self, window, stride, padding)

    def max_pool(self, window, stride=None):
        r"""
        Return the largest entry of each window of ``(channels, ...)``, one free gate an entry of a window.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: networks.input(2, 6).max_pool(3).shape
            (2, 2)
        """
        return max_pool(self, window, stride)

    def ancestors(self, through_data=False):
        r"""
        Return all nodes up to this one, inputs before results; on request also those that gates and cuts are functions
        of.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: [node.label() for node in x.relu().ancestors()]
            ['x', 'gate', 'relu(x)']
        """
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, expanded = stack.pop()
            if expanded:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                children = node.inputs + (
                    (node.source,) if through_data and node.source is not None else ()
                )
                stack.extend((child, False) for child in reversed(children))
        return order


class _Leaf(Tensor):
    def __init__(self, shape):
        self.operation, self.inputs, self.shape, self._written = None, (), tuple(int(n) for n in shape), None


class Parameter(_Leaf):
    r"""
    A trained array; its entries are named after it.

    EXAMPLES::

        sage: from sage_conslaw.graph.tensor import Parameter
        sage: Parameter("U1", (2, 2)).entry_names()
        ['U1_1_1', 'U1_1_2', 'U1_2_1', 'U1_2_2']
        sage: Parameter("x", (1,)).entry_names()
        ['x']
    """

    def __init__(self, name, shape):
        super().__init__(shape)
        self.name = name

    def entry_names(self):
        r"""
        Return the names of the entries, in order.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: networks.parameter("W", 1, 2).entry_names()
            ['W_1_1', 'W_1_2']
        """
        if self.size == 1 and len(self.shape) == 1:
            return [self.name]
        ranges = (range(1, n + 1) for n in self.shape)
        return ["_".join([self.name, *map(str, index)]) for index in itertools.product(*ranges)]

    def entry_name(self, place):
        r"""
        Return the name of the entry at a flat place.

        EXAMPLES::

            sage: from sage_conslaw.graph.tensor import Parameter
            sage: Parameter("W", (2, 3)).entry_name(4r)
            'W_2_2'
        """
        if self.size == 1 and len(self.shape) == 1:
            return self.name
        return "_".join([self.name, *(str(int(i) + 1) for i in np.unravel_index(place, self.shape))])


class Data(_Leaf):
    r"""
    An array of data variables: free in the response, never trained.

    INPUT:

    - ``kind`` -- ``"input"``, ``"gate"``, ``"cut"``, ``"rotation"`` or ``"covector"``

    - ``source``, ``function`` -- for gates and cuts: the tensor that the data are a function of in the real network,
      and this function

    - ``mask`` -- for cuts: which entries of the source take part

    - ``values`` -- for rotations: their true values

    EXAMPLES::

        sage: from sage_conslaw.graph.tensor import Data
        sage: Data("x", (3,), "input").size
        3
    """

    def __init__(self, name, shape, kind, source=None, function=None, mask=None, values=None, one_hot=False):
        super().__init__(shape)
        self.name, self.kind = name, kind
        # Real values are tokens: rows of 0 and 1, the last token of the vocabulary a row of zeros.
        self.one_hot = one_hot
        self.source, self.function, self.mask, self.values = source, function, mask, values


class Constant(_Leaf):
    r"""
    A fixed array of rational numbers: integers over one denominator.

    A function without arguments may stand for the integers: it is called when they are first read, and ``shape`` is
    needed.

    EXAMPLES::

        sage: from sage_conslaw.graph.tensor import Constant
        sage: Constant([[1, 0], [0, 1]]).shape
        (2, 2)
        sage: Constant([1, 2], denominator=3).label()
        'a constant'
    """

    source = None

    def __init__(self, values, name=None, denominator=1, shape=None):
        self._given = values
        self.denominator = int(denominator)
        super().__init__(self.values.shape if shape is None else shape)
        self.name = name

    @property
    def largest(self):
        r"""
        A bound of the integers in absolute value; what a function gives is at most one.

        EXAMPLES::

            sage: from sage_conslaw.graph.tensor import Constant
            sage: Constant([[1, -5]]).largest
            5
        """
        if callable(self._given):
            return 1
        values = self.values if any(self.values.strides) else self.values.ravel()[:1]
        return int(np.abs(values).max(initial=1))

    @cached_property
    def values(self):
        return np.asarray(self._given() if callable(self._given) else self._given, dtype=np.int64)

    def value(self, A):
        r"""
        Return the value in an arithmetic.

        EXAMPLES::

            sage: from sage_conslaw.exact.arithmetic import FloatArithmetic
            sage: from sage_conslaw.graph.tensor import Constant
            sage: Constant([1, 2], denominator=4).value(FloatArithmetic())
            array([0.25, 0.5 ])
        """
        if self.denominator == 1:
            return A.constant(self.values)
        entries = [Fraction(int(v), self.denominator) for v in self.values.flat]
        return A.reshape(A.fractions(entries), (self.size,), self.shape)

    def label(self):
        r"""
        Return how a constant is written: its name, or its value if all entries are equal.

        EXAMPLES::

            sage: from sage_conslaw import networks
            sage: x = networks.input(2, 3)
            sage: networks.fixed("W", values=[[1, 2]]).label()
            'W'
        """
        if self.name or callable(self._given) or not self.size:
            return self.name or "a constant"
        first = self.values.flat[0]
        # The same number repeated takes no memory and no comparison.
        if any(self.values.strides) and (self.values != first).any():
            return "a constant"
        return str(Fraction(int(first), self.denominator))


def contract(spec, a, b):
    r"""
    Return the contraction of two tensors in Einstein's notation, one letter an axis.

    EXAMPLES::

        sage: from sage_conslaw.graph.tensor import Data, contract
        sage: q, k = Data("q", (2, 5, 3), "input"), Data("k", (2, 5, 3), "input")
        sage: contract("hti,hui->htu", q, k).shape
        (2, 5, 5)
        sage: contract("hti,hui", q, k)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: 'hti,hui' is not a contraction; write the axes of both operands and of the result, e.g.
        'ti,ui->tu'
    """
    if not isinstance(spec, str):
        raise InputTypeError(f"{spec!r} is not a contraction; give a text such as 'ti,ui->tu'")
    for operand in (a, b):
        if not isinstance(operand, Tensor):
            raise InputTypeError(f"{shown(operand)} is not a tensor; a fixed array is networks.fixed(name, values=...)")
    if not re.fullmatch(r"[a-zA-Z]*,[a-zA-Z]*->[a-zA-Z]*", spec):
        raise InputError(
            f"{spec!r} is not a contraction; write the axes of both operands and of the result, e.g. 'ti,ui->tu'"
        )
    parts = re.split(",|->", spec)
    if any(len(set(part)) < len(part) for part in parts) or any(
        sum(letter in part for part in parts) < 2 for letter in set(spec) - set(",->")
    ):
        raise InputError(
            f"{spec!r} is not a contraction: an axis is named once in an operand, and again in the "
            f"other or in the result"
        )
    return Tensor(Contract(spec), (a, b), f"contract({spec!r}, {{0}}, {{1}})")


def concatenate(tensors, axis=0):
    r"""
    Return several tensors joined along an axis.

    EXAMPLES::

        sage: from sage_conslaw.graph.tensor import Data, concatenate
        sage: concatenate([Data("x", (2, 3), "input"), Data("y", (1, 3), "input")]).shape
        (3, 3)
        sage: concatenate([Data("x", (2, 3), "input"), Data("y", (1, 2), "input")])
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: x of shape (2, 3) and y of shape (1, 2) cannot be joined along axis 0: the other axes
        must agree
    """
    tensors = list(tensors)
    for node in tensors:
        if not isinstance(node, Tensor):
            raise InputTypeError(f"{shown(node)} is not a tensor; a fixed array is networks.fixed(name, values=...)")
    if not tensors:
        raise InputError("there are no tensors to join; give at least one")
    if not -len(tensors[0].shape) <= axis < len(tensors[0].shape):
        raise InputError(f"{tensors[0].label()} of shape {tensors[0].shape} has no axis {axis}")
    axis = int(axis) % max(1, len(tensors[0].shape))
    for other in tensors[1:]:
        if len(other.shape) != len(tensors[0].shape) or other.shape[:axis] + other.shape[axis + 1:] != \
                tensors[0].shape[:axis] + tensors[0].shape[axis + 1:]:
            raise InputError(
                f"{tensors[0].label()} of shape {tensors[0].shape} and {other.label()} of shape "
                f"{other.shape} cannot be joined "
                f"along axis {axis}: the other axes must agree"
            )
    total, offset = None, 0
    length = sum(node.shape[axis] for node in tensors)
    for node in tensors:
        piece = node
        if node.shape[axis] != length:
            piece = Tensor(Pad(node.shape, axis, offset, length - offset - node.shape[axis]), (node,), "{0}")
        total = piece if total is None else total + piece
        offset += node.shape[axis]
    return total


def shown(value):
    """Return a value as text of one line."""
    text = " ".join(str(value).split())
    return text if len(text) <= 60 else text[:57] + "..."
