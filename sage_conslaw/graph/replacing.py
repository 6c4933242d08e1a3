r"""
A graph again, with other nodes in place of some: an input that is a combination of few numbers, the value of a function
as a parameter, a constant for what is zero.
"""
import numpy as np

from ..exact.arithmetic import FloatArithmetic
from .operations import Add, Contract, Gather
from .tensor import Constant


def replaced(output, other):
    r"""
    Return each node up to a tensor, those that gates and cuts are functions of included, as it is with some nodes
    replaced.

    INPUT:

    - ``other`` -- the new nodes by the old ones
    """
    new = dict(other)
    for node in output.ancestors(through_data=True):
        if node in new:
            continue
        if node.operation is not None:
            new[node] = node.with_inputs([new[child] for child in node.inputs])
        elif node.source is not None and new[node.source] is not node.source:
            new[node] = node.with_source(new[node.source])
        else:
            new[node] = node
    return new


class _Signless(FloatArithmetic):
    """Floats in which nothing cancels: what is zero there is zero whatever the parameters and data are."""

    def constant(self, values):
        return np.abs(np.asarray(values, dtype=np.float64))

    def fractions(self, values):
        return np.abs(super().fractions(values))


def without_zeros(output):
    r"""
    Return a tensor without the parts that constants multiply by zero: what only these read does not occur any more.
    """
    # All that is free is one and every constant positive: sums of terms that are there are not zero.
    A, values, zeros = _Signless(), {}, {}
    for node in output.ancestors():
        if isinstance(node, Constant):
            values[node] = node.value(A)
        elif not isinstance(node.operation, (Add, Contract, Gather)):
            # Leaves, and operations of which nothing is known here.
            values[node] = np.ones(node.shape)
        else:
            values[node] = node.operation.forward(A, *(values[child] for child in node.inputs))
            if not values[node].any():
                zeros[node] = Constant(np.zeros(node.shape, dtype=np.int64))
    return replaced(output, zeros)[output] if zeros else output
