"""Places of the axes of a graph: which of them one index runs over, at each operation."""
from ..graph import cuts
from ..graph.operations import Add, Contract
from ..graph.rearrangements import Broadcast, Reshape, Select, Transpose, Windows
from ..graph.tensor import Data


def is_uniform(constant):
    # Strides tell it without a look at the entries, of which there may be millions: a repeated number has stride 0.  An
    # array that was written out with equal entries is taken for different ones, which only makes classes rigid.
    if constant.lazy:
        return False
    return bool(constant.size) and not any(
        stride for stride, n in zip(constant.values.strides, constant.shape) if n > 1
    )


def is_sum_zero(node):
    return (
        node.operation is not None
        and len(node.inputs) == 2
        and isinstance(node.inputs[1], cuts.Differences)
        and isinstance(node.inputs[0], Data)
    )


def is_primitive(node):
    """Say whether a node is made of data that sum to zero or to one, and is read as a whole."""
    # Inside they have one entry less along the last axis, and no class has both sizes.
    return is_sum_zero(node) or isinstance(node, cuts.SumOne)


def flat(axes, node):
    """Return the classes of a node's axes one after the other."""
    # Kept, as each search over sets of classes asks for it at every node.
    known = axes.flat.get(node)
    if known is None:
        known = axes.flat[node] = [c for axis in axes.of[node] for c in axis]
    return known


def links_of(axes, node):
    """Return for each input and for the node itself the label of each of its flat places; equal labels are one
    index."""
    operation = node.operation

    def by_axis(tensor, name):
        return [(name(k), i) for k, axis in enumerate(axes.of[tensor]) for i in range(len(axis))]
    if isinstance(operation, Contract):
        words = operation.left, operation.right, operation.result
        labels = [by_axis(tensor, lambda k, word=word: word[k]) for tensor, word in zip((*node.inputs, node), words)]
    elif isinstance(operation, Add):
        labels = [by_axis(node, lambda k: k)] * (len(node.inputs) + 1)
    else:
        (child,) = node.inputs
        if isinstance(operation, Transpose):
            labels = [by_axis(child, lambda k: k), by_axis(node, lambda k: operation.order[k])]
        elif isinstance(operation, Reshape):
            # A reshape groups the same classes in the same order: place by place they are the same.
            labels = [list(range(len(flat(axes, child)))), list(range(len(flat(axes, node))))]
        elif isinstance(operation, Broadcast):
            new = len(node.shape) - len(child.shape)
            labels = [by_axis(child, lambda k: k + new if axes.of[child][k] else None), by_axis(node, lambda k: k)]
        elif isinstance(operation, Windows):
            # No index runs through the windowed axes: which position is read is in a table of places.
            labels = [by_axis(child, lambda k: k if k < operation.kept else ("in", k)),
                      by_axis(node, lambda k: k if k < operation.kept else ("out", k))]
        elif isinstance(operation, Select):
            labels = [by_axis(child, lambda k: k), by_axis(node, lambda k: k)]
        else:
            labels = [by_axis(child, lambda k: k), by_axis(node, lambda k: k)]
    return labels


def at(labels, names):
    return frozenset(i for i, name in enumerate(labels) if name in names)


def same_along(axes, node, places):
    """Say whether a tensor has the same entries all along some places of its axes."""
    if not places:
        return True
    labels = links_of(axes, node) if node.inputs and not is_primitive(node) else None
    if labels is None or not isinstance(node.operation, (Broadcast, Add, Reshape, Transpose)):
        return False
    # A place that the child has not is one along which it is repeated.  Whatever is not followed counts as different:
    # the callers then see less blindness or mixing, and claim less.
    names = {labels[-1][i] for i in places}
    return all(same_along(axes, child, at(labels[k], names)) for k, child in enumerate(node.inputs))


def relate(lattice, weights, node, labels):
    r"""
    Add to a lattice how exponents at an operation are related: they add in products and are equal in sums.

    INPUT: ``weights`` -- the unknown of each pair (node, place of an axis); ``labels`` -- as from :func:`links_of`
    """
    # Places without a weight are of other classes, which this change leaves as they are.
    tables = [{name: weights[tensor, i] for i, name in enumerate(names) if (tensor, i) in weights}
              for tensor, names in zip((*node.inputs, node), labels)]
    if isinstance(node.operation, Add):
        for table in tables[:-1]:
            for name, weight in table.items():
                lattice.relation({weight: 1}, {tables[-1][name]: -1})
        return
    for name in set().union(*tables):
        lattice.relation(*({table[name]: 1 if table is not tables[-1] else -1} for table in tables if name in table))
