r"""
The graph of a network: leaves (parameters, data, constants) and operations between tensors.

A tensor has no axis for samples: shapes are those of one input, and an array of ``tokens`` or of pixels is an axis of
its own.
"""
import itertools
from fractions import Fraction
from functools import cached_property, partial

import numpy as np

from ..runtime.errors import InputError, shortened
from .convolution import avg_pool, convolve, max_pool
from .linear import LinearOperations, unknown_operation
from .nonlinear import Nonlinearities
from .operations import METHODS
from .products import Products
from .rearranging import Rearranging


class Tensor(Products, LinearOperations, Rearranging, Nonlinearities):
    r"""
    A node of the graph: the result of an operation on other tensors.

    EXAMPLES:

    Products and sums have the shapes that numpy gives them::

        sage: from sage_conslaw import networks
        sage: x, W, b = networks.input(3), networks.parameter("W", 3, 2), networks.parameter("b", 2)
        sage: (x @ W + b).shape, (x @ W).relu().label(), [node.label() for node in x.relu().ancestors()]
        ((2,), 'relu(x @ W)', ['x', 'gate', 'relu(x)'])
        sage: x @ b
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: contraction i,i-> of shapes (3,) and (2,): index i has sizes 3 and 2; the operands are
        x and b

    Along axes, which are summed, split, moved, repeated, left out and chosen from::

        sage: y = networks.input(2, 3, 4)
        sage: y.sum(axis=1).shape, y.mean().shape, y.sum(axis=-1, keepdims=True).shape, (y / 2).label()
        ((2, 4), (), (2, 3, 1), 'x / 2')
        sage: y.reshape(6, -1).shape, y.transpose(2, 0, 1).shape, y.T.shape, y[0, ::2].shape, y.gather([0, -1, 5]).shape
        ((6, 4), (4, 2, 3), (4, 3, 2), (2, 4), (3,))
        sage: y.unsqueeze(-1).shape, y[:, :1].squeeze().shape, b.expand(5, 2).shape, b.repeat_to((3, 2)).shape
        ((2, 3, 4, 1), (2, 4), (5, 2), (3, 2))
        sage: y.sum(axis=3)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: the sum of x: the shape (2, 3, 4) has no axis 3
        sage: x.reshape(2, 2)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: x of shape (3,) has 3 entries and cannot get the shape (2, 2)

    Windows of images; tokens; any function::

        sage: image, K = networks.input(2, 6), networks.parameter("K", 4, 2, 3)
        sage: image.convolve(K, stride=2).shape, image.avg_pool(3).shape, image.max_pool(2).shape
        ((4, 2), (2, 2), (2, 3))
        sage: networks.input(5, 10).embed(networks.parameter("E", 10, 4)).shape, x.cut()
        ((5, 4), any_function of shape (3,))
        sage: x.swoosh()
        Traceback (most recent call last):
        ...
        AttributeError: a tensor has no operation 'swoosh'; linear operations are written by @, +, sum, mean, einsum,
        reshape, ...; a nonlinearity is cut: x.cut(), which assumes that its values and slopes are arbitrary
    """

    name = None
    # What only data have: a gate or a cut is a function of its source.  Asked of every node of large graphs, where an
    # unknown attribute would each time be explained.
    source = function = mask = kind = values = denominator = None
    _text = None

    def __init__(self, operation, inputs, written=None):
        self.operation = operation
        self.inputs = tuple(inputs)
        self._written = written
        try:
            self.shape = tuple(operation.shape(*(node.shape for node in inputs)))
        except ValueError as error:
            # An operation knows shapes, not names.
            raise InputError(f"{error}; the operands are {' and '.join(node.label() for node in inputs)}") from None

    def __getattr__(self, name):
        # What copies and pickles ask for is never an operation.
        if name.startswith("_"):
            raise AttributeError(name)
        if name in METHODS:
            return partial(METHODS[name], self)
        raise AttributeError(unknown_operation(name, [known for known in dir(type(self)) if not known.startswith("_")]))

    @property
    def size(self):
        """How many entries there are."""
        return int(np.prod(self.shape, dtype=np.int64))

    def with_inputs(self, inputs):
        """Return the same operation on other tensors: this one, where they are its own."""
        if all(a is b for a, b in zip(inputs, self.inputs)):
            return self
        return Tensor(self.operation, inputs, self._written)

    def label(self):
        """Return how the tensor was written, shortened."""
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
        return shortened(text)

    def __repr__(self):
        return f"{self.label()} of shape {self.shape}"

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

    # -- convolutions ----------------------------------------------------------------------------

    def convolve(self, kernel, stride=1, padding=0, groups=1):
        r"""
        Return the convolution of ``(channels, ...)`` with a kernel ``(outputs, channels / groups, ...)``: see
        :mod:`.convolution`.
        """
        return convolve(self, kernel, stride, padding, groups)

    def avg_pool(self, window, stride=None, padding=0):
        """Return the mean of each window of ``(channels, ...)``; entries of the padding count as zeros."""
        return avg_pool(self, window, stride, padding)

    def max_pool(self, window, stride=None):
        """Return the largest entry of each window of ``(channels, ...)``, one free gate an entry of a window."""
        return max_pool(self, window, stride)

    def ancestors(self, through_data=False, closed=lambda node: False):
        r"""
        Return all nodes up to this one, inputs before results; on request also those that gates and cuts are functions
        of, and not what closed nodes are made of.
        """
        # A stack, no recursion: networks are hundreds of layers deep, and Python ends at 1000 calls.
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, expanded = stack.pop()
            if expanded:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                children = () if closed(node) else node.inputs
                if through_data and node.source is not None:
                    children += (node.source,)
                stack.extend((child, False) for child in reversed(children))
        return order


class _Leaf(Tensor):
    def __init__(self, shape):
        self.operation, self.inputs, self.shape, self._written = None, (), tuple(int(n) for n in shape), None


class Parameter(_Leaf):
    """A trained array; its entries are named after it."""

    def __init__(self, name, shape):
        super().__init__(shape)
        self.name = name

    def entry_names(self):
        """Return the names of the entries, in order."""
        if self.size == 1 and len(self.shape) == 1:
            return [self.name]
        ranges = (range(1, n + 1) for n in self.shape)
        return ["_".join([self.name, *map(str, index)]) for index in itertools.product(*ranges)]

    def entry_name(self, place):
        """Return the name of the entry at a flat place."""
        if self.size == 1 and len(self.shape) == 1:
            return self.name
        return "_".join([self.name, *(str(int(i) + 1) for i in np.unravel_index(place, self.shape))])


class Data(_Leaf):
    """
    An array of data variables: free in the response, never trained.

    INPUT:

    - ``kind`` -- ``"input"``, ``"gate"``, ``"cut"``, ``"rotation"`` or ``"covector"``

    - ``source``, ``function`` -- for gates and cuts: the tensor that the data are a function of in the real network,
      and this function

    - ``mask`` -- for cuts: which entries of the source take part

    - ``values`` -- for rotations: their true values
    """

    # Whether real values are tokens, see :class:`OneHot`.
    one_hot = False

    def __init__(self, name, shape, kind, *, source=None, function=None, mask=None, values=None):
        super().__init__(shape)
        self.name, self.kind = name, kind
        self.source, self.function, self.mask, self.values = source, function, mask, values

    def with_source(self, source):
        """Return the same function of another tensor."""
        return Data(self.name, self.shape, self.kind, source=source, function=self.function, mask=self.mask,
                    values=self.values)


class OneHot(Data):
    """Input whose real values are rows of 0 and 1, the last token of the vocabulary a row of zeros."""

    one_hot = True

    def __init__(self, name, shape):
        super().__init__(name, shape, "input")


class Constant(_Leaf):
    """
    A fixed array of rational numbers: integers over one denominator.

    A function without arguments may stand for the integers: it is called when they are first read, and ``shape`` is
    needed.
    """

    source = None

    def __init__(self, values, name=None, denominator=1, shape=None):
        self._given = values
        self.denominator = int(denominator)
        super().__init__(self.values.shape if shape is None else shape)
        self.name = name

    @property
    def lazy(self):
        """Whether the integers are given by a function, which may be many."""
        return callable(self._given)

    @property
    def largest(self):
        """A bound of the integers in absolute value; what a function gives is at most one."""
        if callable(self._given):
            return 1
        values = self.values if any(self.values.strides) else self.values.ravel()[:1]
        return int(np.abs(values).max(initial=1))

    @cached_property
    def values(self):
        return np.asarray(self._given() if callable(self._given) else self._given, dtype=np.int64)

    def value(self, A):
        """Return the value in an arithmetic."""
        if self.denominator == 1:
            return A.constant(self.values)
        entries = [Fraction(int(v), self.denominator) for v in self.values.flat]
        return A.reshape(A.fractions(entries), (self.size,), self.shape)

    def label(self):
        """Return how a constant is written: its name, or its value if all entries are equal."""
        if self.name or callable(self._given) or not self.size:
            # What a function gives is not made for a label.
            return self.name or "a constant"
        first = self.values.flat[0]
        # The same number repeated takes no memory and no comparison.
        if any(self.values.strides) and (self.values != first).any():
            return "a constant"
        return str(Fraction(int(first), self.denominator))
