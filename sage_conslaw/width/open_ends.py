r"""
Operations whose axes are not known, and cuts that forget something: they are opened, so that the rest is still counted.

A node `N` that cannot be taken apart is replaced by free data, and each of its inputs is paired with a free covector.
At every point the fields of the network are among those of the new one: for given data, `N` has some value, and the
pull-back through `N` is some covector at its inputs.  So a law of the opened network is a law.  A rank there is one of
the network where nothing was opened: the terms of a segment that has none of the new data are terms of the network,
with covectors of their own.
"""
from ..graph.cuts import SumOne, sum_one, sum_zero
from ..graph.operations import LETTERS, Contract
from ..graph.rearrangements import Slice
from ..graph.response import NetworkResponse
from ..graph.tensor import Data, Parameter, Tensor
from .axes import Unknown, axes_of
from .links import is_primitive, is_sum_zero
from .resized import covector_of

# Operations that are opened in one network; each costs one pass over the graph.
_MOST = 60

MARK = "unknown "


def with_known_axes(response, reasons=None):
    """Return the response with opened operations, its axes, and the reasons by the names of the new data."""
    reasons = dict(reasons or {})
    while True:
        try:
            return response, axes_of(used(response)), reasons
        except Unknown as reason:
            response = opened_at(response, reason, reasons)


def opened_at(response, reason, reasons):
    """Return the response opened where a reason says, and remember the reason; raise it again where it names no
    node."""
    node = reason.node
    if node is None or node not in response.order or len(reasons) >= _MOST:
        raise reason
    name = f"{MARK}{len(reasons) + 1}"
    reasons[name] = str(reason)
    if isinstance(node, Data) or is_primitive(node):
        # Data that are read in parts which do not fit: a part is opened.
        parts = [other for other in response.order if isinstance(other.operation, Slice) and node in other.ancestors()
                 and any(one != (0, 1, n) for one, n in zip(other.operation.ranges, other.operation.source))]
        node = parts[-1] if parts else node
    return without_mask(response, node, name) if reason.mask else opened(response, node, name)


def opened(response, node, name):
    """Return the response with a node replaced by free data of this name, and its inputs paired with free covectors;
    data become separate for each of their readers."""
    new, trained, leaf = {}, set(), isinstance(node, Data) or is_primitive(node)
    for other in response.order:
        if isinstance(other, Parameter) or any(child in trained for child in other.inputs):
            trained.add(other)
        if other is node:
            new[other] = _fresh(node, name)
            continue
        # Data are read in parts that do not fit: each reader has its own.
        inputs = [_fresh(node, name) if child is node and leaf else new[child] for child in other.inputs]
        same = all(a is b for a, b in zip(inputs, other.inputs)) or is_primitive(other)
        new[other] = other if same else Tensor(other.operation, inputs)
    paired = []
    for (root, covector), (constraint, mask) in zip(response.pairings, response.constraints):
        # The covector belongs to the old tensor (it may be orthogonal to it) and is made anew.
        if new[root] is not root:
            covector = covector_of(new[root], constraint, mask)
        paired.append((new[root], covector, constraint, mask))
    for child in node.inputs if not leaf else ():
        # Where no parameter is below the input no field comes from there.
        if child in trained:
            root = _marked(new[child], name)
            paired.append((root, covector_of(root, "free", None), "free", None))
    return _like(response, paired)


def _fresh(node, name):
    if is_sum_zero(node):
        return sum_zero(name, node.shape)
    return sum_one(name, node.shape, node.causal) if isinstance(node, SumOne) else Data(name, node.shape, "cut")


def _like(response, paired):
    """Return a response with other pairings (node, covector, constraint, mask), but for covectors that are zero."""
    live = [one for one in paired if one[1] is not None]
    return NetworkResponse(
        response.leaves, [one[:2] for one in live], [one[2:] for one in live], forgotten=response.forgotten,
        replaced=response.replaced, cuts=response.cuts,
    )


def opened_cut(response, cut, name):
    """Return the response with the values of a cut under this name, and what is paired with its source marked; ``None``
    if that pairing is not known."""
    for place, drawn in enumerate(response.cuts, 1):
        if response.replaced.get(drawn) is cut:
            # The output is paired first, then the source of each cut in order.
            plain = opened(response, cut, name)
            paired = [(*pair, *rest) for pair, rest in zip(plain.pairings, plain.constraints)]
            root, _, constraint, mask = paired[place]
            root = _marked(root, name)
            paired[place] = root, covector_of(root, constraint, mask), constraint, mask
            return _like(plain, paired)
    return None


def without_mask(response, node, name):
    """Return the response with a paired node whose covectors are no longer masked."""
    paired = []
    for (root, covector), (constraint, mask) in zip(response.pairings, response.constraints):
        if root is node:
            # More covectors than the masked ones: fields of the network are among the new ones, and laws stay laws.
            root, mask = _marked(root, name), None
            covector = covector_of(root, constraint, mask)
        paired.append((root, covector, constraint, mask))
    return _like(response, paired)


def _marked(node, name):
    """Return a tensor times free data of this name, entry by entry: with a free covector the span is the same."""
    letters = LETTERS[:len(node.shape)]
    return Tensor(Contract(f"{letters},{letters}->{letters}"), (node, Data(name, node.shape, "cut")))


def marks_of(response):
    """Return the names of opened data in a response."""
    return sorted({leaf.name for leaf in response.data_leaves if str(leaf.name).startswith(MARK)})


def used(response):
    """Return the response without parameters that nothing uses."""
    reached = {node for root, _ in response.pairings for node in root.ancestors()}
    if all(leaf in reached for leaf in response.leaves):
        return response
    return NetworkResponse(
        [leaf for leaf in response.leaves if leaf in reached], response.pairings, response.constraints
    )
