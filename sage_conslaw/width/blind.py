r"""
Changes of a node that no covector sees: shifts along axes over which everything above sums to zero.

Cross-entropy sees scores up to a constant, and centring forgets a mean.  A shift of a node along places `c` of its
classes is blind if no covector at the node sees it and every user passes it on as a blind shift of its own, or forgets
it: a factor that sums to zero along `c` forgets it, a sum and a repetition pass it on.

EXAMPLES:

The trivial case sees all; the famous one is the last layer before a softmax; a ReLU in between sees the shift again::

    sage: from sage_conslaw import networks
    sage: from sage_conslaw.width import axes, blind
    sage: def shifts(net, loss):
    ....:     response = net.response(loss)
    ....:     found = blind.blind_anywhere(axes.axes_of(response))
    ....:     return [len(found[leaf]) for leaf in response.leaves]
    sage: shifts(networks.linear([3, 2]), "least-squares"), shifts(networks.linear([3, 2]), "cross-entropy")
    ([0], [1])
    sage: shifts(networks.relu([3, 4, 2]), "cross-entropy")
    [0, 1]
"""
import itertools

from ..graph.operations import Contract
from ..graph.rearrangements import Broadcast, Select
from .links import at, flat, is_primitive, is_sum_zero, links_of, same_along


def tuples(classes_here, classes):
    """Return all choices of places, one for each class, all different."""
    choices = [[i for i, c in enumerate(classes_here) if c == wanted] for wanted in classes]
    return [chosen for chosen in itertools.product(*choices) if len(set(chosen)) == len(chosen)]


def seeds(axes):
    """Return the classes of axes along which something sums to zero."""
    found = {axes.of[node][-1] for node, constraint, _ in axes.pairings if "sum zero" in constraint and axes.of[node]}
    found |= {axes.of[node][-1] for node in axes.order if is_sum_zero(node)}
    return sorted(seed for seed in found if seed)


def blind_anywhere(axes):
    """Return for each node along which places a constant change of it is not seen, whatever the class."""
    total = {node: set() for node in axes.order}
    for wanted in seeds(axes):
        for node, places in blind_to(axes, wanted).items():
            total[node] |= {one for one in places if one}
    return total


def blind_to(axes, wanted):
    """Return for each node along which places (those of the classes ``wanted``) a shift of it is not seen; () stands
    for any change."""
    users = {node: [] for node in axes.order}
    links = {}
    for node in axes.order:
        if node.operation is None or is_primitive(node):
            continue
        links[node] = links_of(axes, node)
        for place, child in enumerate(node.inputs):
            if child in users:
                users[child].append((node, place))
    paired = {}
    for node, constraint, _ in axes.pairings:
        paired.setdefault(node, []).append(constraint)
    blind = {}
    # From the pairings down: what a node may do unseen depends on its users alone.
    for node in reversed(axes.order):
        here = flat(axes, node)
        good = set()
        for chosen in [(), *tuples(here, wanted)]:
            last = tuple(range(len(here) - len(axes.of[node][-1]), len(here))) if axes.of[node] else ()
            # Covectors of sum zero along their last axis see everything but constants along it.
            seen = any(
                "sum zero" not in constraint or chosen != last or not chosen for constraint in paired.get(node, ())
            )
            if not seen and all(
                _unseen(axes, blind, links[user], user, place, chosen, wanted) for user, place in users[node]
            ):
                good.add(chosen)
        blind[node] = good
    return blind


def _unseen(axes, blind, labels, user, place, chosen, wanted):
    result = labels[-1]
    if () in blind[user]:
        return True
    mine = labels[place]
    shift = tuple(mine[i] for i in chosen)
    if isinstance(user.operation, Contract):
        other = user.inputs[1 - place]
        theirs = labels[1 - place]
        # Any change times a factor is any change, and that some user sees.
        if not chosen:
            return False
        # A shift that the other factor does not meet stays one, as does a product with a factor that is the same along
        # it; a sum of the shift against a factor of sum zero is zero.
        if not set(shift) & set(theirs):
            return tuple(result.index(name) for name in shift) in blind[user]
        if set(shift) <= set(result) and same_along(axes, other, at(theirs, shift)):
            return tuple(result.index(name) for name in shift) in blind[user]
        return (
            is_sum_zero(other)
            and shift == tuple(theirs[len(theirs) - len(axes.of[other][-1]) :])
            and not set(shift) & set(result)
        )
    if chosen:
        return all(name in result for name in shift) and tuple(result.index(name) for name in shift) in blind[user]
    # Repeated along a new axis, any change is a shift along it.
    return isinstance(user.operation, (Broadcast, Select)) and any(
        all(result[i] not in mine for i in there) for there in blind[user] if there
    )
