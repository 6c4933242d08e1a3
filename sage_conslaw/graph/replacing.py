r"""
A graph again, with other nodes in place of some: an input that is a combination of few numbers, the value of a function
as a parameter.
"""
from .tensor import Data, Tensor


def replaced(output, other):
    r"""
    Return each node up to a tensor, those that gates and cuts are functions of included, as it is with some nodes
    replaced.

    INPUT:

    - ``other`` -- the new nodes by the old ones

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.graph.replacing import replaced
        sage: x, y = networks.input(2), networks.input(1, name="y")
        sage: z = (x @ networks.parameter("W", 2, 3)).gelu()
        sage: new = replaced(z, {x: y @ networks.fixed("B", values=[[1, 2]])})
        sage: new[z].source.label(), new[z].shape
        ('(y @ B) @ W', (3,))
    """
    new = dict(other)
    for node in output.ancestors(through_data=True):
        if node in new:
            continue
        if node.operation is not None:
            children = [new[child] for child in node.inputs]
            kept = all(a is b for a, b in zip(children, node.inputs))
            new[node] = node if kept else Tensor(node.operation, children, node._written)
        elif node.source is not None and new[node.source] is not node.source:
            new[node] = Data(
                node.name, node.shape, node.kind, new[node.source], node.function, node.mask, node.values, node.one_hot
            )
        else:
            new[node] = node
    return new
