r"""
The sum of two tensors.
"""
import numpy as np

from ...runtime.errors import InputError
from .operation import Operation


class Add(Operation):
    r"""
    The sum of two tensors of one shape.

    EXAMPLES::

        sage: from sage_conslaw.graph.operations import Add
        sage: Add().shape((3,), (3,))
        (3,)
        sage: import numpy
        sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
        sage: A, x = ModularArithmetic(101), numpy.array([100])
        sage: Add().forward(A, x, x), Add().backward(A, 0, x, (x, x)), Add().degree(1, 3), len(Add().terms((3,), (3,)))
        (array([99]), array([100]), 3, 2)
        sage: Add().shape((3,), (4,))
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: sum of shapes (3,) and (4,): they must be equal
    """

    op = "add"

    def shape(self, a, b):
        """Return the shape of both."""
        if a != b:
            raise InputError(f"sum of shapes {a} and {b}: they must be equal")
        return a

    def forward(self, A, a, b):
        """Return the value."""
        return A.add(a, b)

    def backward(self, A, which, covector, values):
        """Return the covector of one input, that of the result."""
        return covector

    def degree(self, a, b):
        """Return the larger degree."""
        return max(a, b)

    def terms(self, a, b):
        """Return the pairs (output entries, input entries) of the two summands."""
        entries = np.arange(int(np.prod(a)))
        return [(entries, (entries, None)), (entries, (None, entries))]

    def record(self, shapes, inputs):
        """Return that it is a sum."""
        return {"op": self.op, "inputs": inputs}

    @classmethod
    def restored(cls, entry, inputs):
        """Return the sum of two tensors."""
        return inputs[0].made(cls(), inputs, None)
