r"""
What reaches the loss: nonlinearities whose outputs nothing reads get no covector.

Where a nonlinearity is cut, its input receives a free covector: the loss can pull there in any direction.  That is
wrong for entries that the loss never reads.  With labels shifted by one, the last position of a causal language model
has no loss and no later position: nothing moves its row of the positional table.  A classifier that reads one token
leaves the others' last feed-forward layer without a gradient.  So the entries of each cut that reach the output are
found first, by one pass back over zeros and ones, and the cut is made on these alone.  In large networks ranges of axes
are followed back instead (:mod:`.boxes`).
"""
import numpy as np

from ..exact.arithmetic import FloatArithmetic
from ..graph.activations import CUTS, cut_function, masked_softmax
from ..graph.operations import Contract
from ..graph.rearrangements import Pad
from ..graph.tensor import Constant, Data, Parameter, Tensor
from .attention import ScaledValue, scaled_softmax
from .boxes import Boxes
from .values import ElementwiseValue

# Above this many entries in all ranges are followed: 10^7 zeros and ones take two seconds and half a gigabyte.
MAX_ENTRIES = 10_000_000


def living(output):
    r"""
    Return the output with cuts on those entries alone that reach it, and whether all was looked at.

    EXAMPLES:

    Of two positions the second is not read, and its GELU has no covector::

        sage: from sage_conslaw import conservation_laws, networks
        sage: from sage_conslaw.pytorch.live import living
        sage: x, W = networks.parameter("b", 2), networks.parameter("W", 2)
        sage: output = (networks.input(2) * x).gelu() * W
        sage: conservation_laws(networks.custom(living(output[:1])[0], parameters=[x, W]), seed=0).number
        2
    """
    order = output.ancestors(through_data=True)
    if sum(node.size for node in order) > MAX_ENTRIES:
        return _in_boxes(output, order)
    rows = _live_rows(*_reached(output, order))
    if not rows:
        return output, True
    new, boxed = {}, {}
    for node in order:
        product = _masked_box(node, boxed)
        new[node] = _rebuilt(node, new, rows.get(node), boxed) if product is None else product
    return new[output], True


def _in_boxes(output, order):
    """Do the same by ranges of axes alone, and say whether ranges are all that is read."""
    boxes, new, boxed = Boxes(output, _pointwise), {}, {}
    for node in order:
        box = boxes.of.get(node)
        product = _masked_box(node, boxed)
        if product is not None:
            new[node] = product
            continue
        if not (node in boxes.moving and node.kind == "cut" and node.function.name != "any function"):
            new[node] = _rebuilt(node, new, None)
        elif box is None:
            # No reader: the loss gives it no covector, and what its values are does not matter.
            new[node] = _zeros(node.shape)
        elif _covered(node, box) == [(0, n) for n in node.shape]:
            new[node] = _rebuilt(node, new, None)
        else:
            boxed[node] = part, box = _boxed(node, new[node.source], _covered(node, box))
            new[node] = _padded(part, box, node.shape)
    # Where ranges are larger than what is read, too many covectors were given: laws may be missing, none is wrong.
    return new[output], boxes.exact


def _covered(cut, box):
    """Return the ranges of a cut in whole rows where it is a function of rows."""
    return list(box) if _pointwise(cut) else [*box[:-1], (0, cut.shape[-1])]


def _zeros(shape):
    return Constant(np.broadcast_to(np.int64(0), shape))


def _boxed(cut, source, box):
    """Return a cut on ranges of its axes, and these ranges; a softmax has no columns that its mask closes in all its
    rows."""
    mask, function, box = cut.mask, cut.function, list(box)
    lead = tuple(slice(a, b) for a, b in (box if _pointwise(cut) else box[:-1]))
    if mask is not None:
        mask = np.asarray(mask)[lead]
        # A key that no query in these rows may see gets no score, and no covector.
        columns = np.flatnonzero(mask.any(axis=tuple(range(mask.ndim - 1))))
        box[-1] = int(columns[0]), int(columns[-1]) + 1
        lead, mask = (*lead, slice(*box[-1])), mask[..., slice(*box[-1])]
        mask = None if mask.all() else mask
        function = _of_mask(function, mask)
    shape = tuple(b - a for a, b in box)
    return Data(cut.name, shape, "cut", source=source[lead], function=function, mask=mask), box


def _padded(part, box, shape):
    """Return a tensor on ranges of axes with zeros around it."""
    for axis, ((a, b), n) in enumerate(zip(box, shape)):
        if (a, b) != (0, n):
            part = Tensor(Pad(part.shape, axis, a, n - b), (part,), "{0}")
    return part


def _masked_box(node, boxed):
    """Return the product of a cut on ranges with its mask, ``None`` if a node is something else."""
    cut, mask = node.inputs if len(node.inputs) == 2 else (None, None)
    if cut not in boxed or cut.mask is None or not isinstance(mask, Constant) or mask.shape != cut.shape:
        return None
    words = node.operation
    if type(words) is not Contract or not words.left == words.right == words.result:
        return None
    # A masked cut is multiplied by its mask, whole: on ranges the product is made of these, and where all is allowed
    # none is made.
    part, box = boxed[cut]
    inside = mask.values[tuple(slice(a, b) for a, b in box)]
    return _padded(part if (inside == 1).all() else part * Constant(inside, None, mask.denominator), box, node.shape)


def _as_box(cut, alive):
    """Return the ranges of axes that are what is alive, ``None`` if that is no product of ranges."""
    shape = cut.shape if _pointwise(cut) else cut.shape[:-1]
    along = np.nonzero(np.asarray(alive).reshape(shape))
    box = [(int(axis.min()), int(axis.max()) + 1) for axis in along]
    # A set lies in the box of its ranges, and is this box if it has as many entries.
    if int(np.prod([b - a for a, b in box], dtype=np.int64)) != np.count_nonzero(alive):
        return None
    return box if _pointwise(cut) else [*box, (0, cut.shape[-1])]


def _reached(output, order):
    """Return the nodes that a parameter moves, and for each of them which of its entries the output reads, as zeros and
    ones."""
    # The operations themselves are run, on zeros and ones: sums of numbers that are not negative do not cancel, so that
    # an entry is positive exactly if some path leads there.  Constants enter by where they are not zero.
    A, present = FloatArithmetic(), {}
    for node in order:
        if isinstance(node, Constant):
            present[node] = (np.asarray(node.values) != 0).astype(np.float64)
        elif node.operation is None:
            present[node] = np.ones(node.shape)
        else:
            present[node] = (node.operation.forward(A, *(present[child] for child in node.inputs)) > 0).astype(
                np.float64
            )
    moving = set()
    for node in order:
        if isinstance(node, Parameter) or any(child in moving for child in node.inputs) or \
                (getattr(node, "kind", None) == "cut" and node.source in moving):
            moving.add(node)
    reached = {output: np.ones(output.shape)}
    for node in reversed(order):
        if node not in reached:
            continue
        if node.operation is None:
            if getattr(node, "kind", None) == "cut" and node.source in moving:
                _join(reached, node.source, _through(node, reached[node]))
            continue
        inputs = tuple(present[child] for child in node.inputs)
        for which, child in enumerate(node.inputs):
            if child in moving and not isinstance(child, Parameter):
                _join(reached, child, (node.operation.backward(A, which, reached[node], inputs) > 0).astype(np.float64))
    return [node for node in order if node in moving], reached


def _join(reached, node, entries):
    reached[node] = np.maximum(reached.get(node, 0.0), entries)


def _pointwise(cut):
    """Return whether each entry of a cut is a function of one entry of its source."""
    function = cut.function
    return isinstance(function.value, ElementwiseValue) or (function.constraint == "free" and function.name in CUTS
                                                            and function.name != "normalised sigmoid")


def _through(cut, entries):
    if _pointwise(cut):
        return entries
    # One entry of a softmax or of a norm depends on its whole row.
    rows = np.broadcast_to(entries.any(axis=-1, keepdims=True), cut.source.shape)
    return (rows if cut.mask is None else rows * (np.asarray(cut.mask) != 0)).astype(np.float64)


def _live_rows(moving, reached):
    """Return for each cut that moves with dead entries, or dead rows, which are alive."""
    out = {}
    for node in moving:
        # What the user cuts has no rows: any of its entries may depend on any entry of its source.
        if getattr(node, "kind", None) == "cut" and node.function.name != "any function":
            entries = reached.get(node, np.zeros(node.shape)).astype(bool)
            alive = entries.ravel() if _pointwise(node) else entries.any(axis=-1).ravel()
            if not alive.all():
                out[node] = alive
    return out


def _rebuilt(node, new, alive, boxed=None):
    if node.operation is not None:
        return node.with_inputs([new[child] for child in node.inputs])
    source = getattr(node, "source", None)
    if source is None:
        return node
    if alive is None:
        return node if new[source] is source else node.with_source(new[source])
    if not alive.any():
        return _zeros(node.shape)
    box = _as_box(node, alive)
    if box is not None:
        boxed[node] = part, box = _boxed(node, new[source], box)
        return _padded(part, box, node.shape)
    # No box, such as every second position: rows are gathered, and zeros are put between them.
    return _restricted(node, new[source], np.flatnonzero(alive))


def _restricted(cut, source, rows):
    """Return a cut on some rows of its source, zeros elsewhere."""
    function, mask = cut.function, cut.mask
    if _pointwise(cut):
        part = Data(cut.name, (len(rows),), "cut", source=source.gather(rows), function=function)
        places = np.full(cut.size, -1, dtype=np.int64)
        places[rows] = np.arange(len(rows))
        return part.gather(places.reshape(cut.shape))
    width, out = source.shape[-1], cut.shape[-1]
    if mask is not None:
        mask = np.asarray(mask).reshape(-1, width)[rows]
        function = _of_mask(function, mask)
    part = Data(cut.name, (len(rows), out), "cut", source=source.reshape(-1, width)[rows], function=function, mask=mask)
    places = np.full((cut.size // out, out), -1, dtype=np.int64)
    places[rows] = np.arange(len(rows) * out).reshape(len(rows), out)
    return part.gather(places.reshape(cut.shape))


def _of_mask(function, mask):
    """Return a softmax, scaled or not, with the mask of fewer rows."""
    if isinstance(function.value, ScaledValue):
        return scaled_softmax(mask, function.value.scale)
    return cut_function("softmax") if mask is None else masked_softmax(mask)
