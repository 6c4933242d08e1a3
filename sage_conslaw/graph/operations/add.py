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
        sage: Add().shape((3,), (4,))
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: sum of shapes (3,) and (4,): they must be equal
    """

    op = "add"

    def shape(self, a, b):
        r"""
        Return the shape of both.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.graph.operations import Add
            sage: A, x = ModularArithmetic(101), numpy.array([100])
            sage: Add().shape((3,), (3,))
            (3,)
        """
        if a != b:
            raise InputError(f"sum of shapes {a} and {b}: they must be equal")
        return a

    def forward(self, A, a, b):
        r"""
        Return the value.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.graph.operations import Add
            sage: A, x = ModularArithmetic(101), numpy.array([100])
            sage: Add().forward(A, x, x)
            array([99])
        """
        return A.add(a, b)

    def backward(self, A, which, covector, values):
        r"""
        Return the covector of one input, that of the result.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.graph.operations import Add
            sage: A, x = ModularArithmetic(101), numpy.array([100])
            sage: Add().backward(A, 0, x, (x, x))
            array([100])
        """
        return covector

    def degree(self, a, b):
        r"""
        Return the larger degree.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.graph.operations import Add
            sage: A, x = ModularArithmetic(101), numpy.array([100])
            sage: Add().degree(1, 3)
            3
        """
        return max(a, b)

    def terms(self, a, b):
        r"""
        Return the pairs (output entries, input entries) of the two summands.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.graph.operations import Add
            sage: A, x = ModularArithmetic(101), numpy.array([100])
            sage: len(Add().terms((3,), (3,)))
            2
        """
        entries = np.arange(int(np.prod(a)))
        return [(entries, (entries, None)), (entries, (None, entries))]

    def record(self, shapes, inputs):
        """Return that it is a sum."""
        return {"op": self.op, "inputs": inputs}

    @classmethod
    def restored(cls, entry, inputs):
        """Return the sum of two tensors."""
        return inputs[0].made(cls(), inputs, None)
