r"""
The graph of a network: leaves (parameters, data, constants) and operations between tensors.
"""
import itertools

import numpy as np

from .operations import Add, Contract, Gate


class Tensor:
    r"""
    A node of the graph: the result of an operation on other tensors.

    EXAMPLES::

        sage: from sage_conslaw.networks.graph import Data, Parameter
        sage: x, W, b = Data("x", (3,), "input"), Parameter("W", (3, 2)), Parameter("b", (2,))
        sage: (x @ W + b).shape
        (2,)
        sage: x @ b
        Traceback (most recent call last):
        ...
        ValueError: contraction i,i-> of shapes (3,) and (2,): index i has sizes 3 and 2
    """

    def __init__(self, operation, inputs):
        self.operation = operation
        self.inputs = tuple(inputs)
        self.shape = operation.shape(*(node.shape for node in inputs))

    @property
    def size(self):
        return int(np.prod(self.shape, dtype=np.int64))

    def __add__(self, other):
        return Tensor(Add(), (self, other))

    def __mul__(self, other):
        letters = "ijklm"[:len(self.shape)]
        return Tensor(Contract(f"{letters},{letters}->{letters}"), (self, other))

    def __matmul__(self, other):
        left = "ai"[2 - len(self.shape):]
        right = "ib"[:len(other.shape)]
        result = left[:-1] + right[1:]
        return Tensor(Contract(f"{left},{right}->{result}"), (self, other))

    def gate(self, activation):
        """Return the tensor after a piecewise linear activation with a free gate per unit."""
        return Tensor(Gate(activation), (self, Data("gate", self.shape, "gate")))

    def ancestors(self):
        """Return all nodes up to this one, inputs before results."""
        order, seen, stack = [], set(), [(self, False)]
        while stack:
            node, expanded = stack.pop()
            if expanded:
                order.append(node)
            elif node not in seen:
                seen.add(node)
                stack.append((node, True))
                stack.extend((child, False) for child in reversed(node.inputs))
        return order


class _Leaf(Tensor):
    def __init__(self, shape):
        self.operation, self.inputs, self.shape = None, (), tuple(shape)


class Parameter(_Leaf):
    r"""
    A trained array; its entries are named after it.

    EXAMPLES::

        sage: from sage_conslaw.networks.graph import Parameter
        sage: Parameter("U1", (2, 2)).entry_names()
        ['U1_1_1', 'U1_1_2', 'U1_2_1', 'U1_2_2']
        sage: Parameter("x", (1,)).entry_names()
        ['x']
    """

    def __init__(self, name, shape):
        super().__init__(shape)
        self.name = name

    def entry_names(self):
        if self.size == 1 and len(self.shape) == 1:
            return [self.name]
        ranges = (range(1, n + 1) for n in self.shape)
        return ["_".join([self.name, *map(str, index)]) for index in itertools.product(*ranges)]


class Data(_Leaf):
    r"""
    An array of data variables: free in the response, never trained.

    The kind is ``"input"``, ``"gate"`` or ``"covector"``.

    EXAMPLES::

        sage: from sage_conslaw.networks.graph import Data
        sage: Data("x", (3,), "input").size
        3
    """

    def __init__(self, name, shape, kind):
        super().__init__(shape)
        self.name, self.kind = name, kind


class Constant(_Leaf):
    r"""
    A fixed array of integers.

    EXAMPLES::

        sage: from sage_conslaw.networks.graph import Constant
        sage: Constant([[1, 0], [0, 1]]).shape
        (2, 2)
    """

    def __init__(self, values):
        self.values = np.asarray(values, dtype=np.int64)
        super().__init__(self.values.shape)
