r"""
The same fields from a graph that is easier to take apart.

Three rewritings, each exact: the span of the fields at every point stays what it is.

- *Data that sum to one* become one leaf: outputs of a softmax, and tokens, whose one-hot vectors span the vectors of
  sum one.  They are no free data: `A (x V + 1 b^T) = A x V + 1 b^T` joins the bias to everything that is added later,
  and all tokens can be shifted against all positions.
- *Residual streams* become differences.  Normalisations read `h_1`, `h_2 = h_1 + d_2`, ... with separate covectors from
  one space `C`.  Then `\langle c_1, h_1 \rangle + \langle c_2, h_1 + d_2 \rangle = \langle c_1 + c_2, h_1 \rangle +
  \langle c_2, d_2 \rangle`, and `(c_1 + c_2, c_2)` runs through `C^2` as well: what block `l` writes is paired by
  itself, and a deep network falls apart into its blocks.  With covectors that are orthogonal to the stream
  (`\epsilon = 0`) the spaces differ and nothing is done.
- *Windows that do not overlap* of free data are free data: the patches of an image.
"""
import numpy as np

from ..graph.activations import unscaled
from ..graph.cuts import Differences, LastUnit, SumOne, sum_one
from ..graph.operations import Add, Contract
from ..graph.rearrangements import Reshape, Select, Slice, Transpose, Windows
from ..graph.response import NetworkResponse
from ..graph.tensor import Constant, Data, Parameter, Tensor
from .links import is_sum_zero
from .resized import covector_of, is_causal
from .rearranged import rearranged


def normal_form(response):
    """Return a response whose gradients span the same at every point; itself if nothing is rewritten."""
    # Covectors may be joined only where their space is known.
    if response.constraints is None or len(response.constraints) != len(response.pairings):
        return response
    form = _Form(response)
    paired = [form.built(node) for node, _ in response.pairings]
    differences = _differences(paired, response.constraints)
    if all(new is node for new, (node, _) in zip(differences, response.pairings)):
        return response
    pairings, constraints = [], []
    for new, (node, covector), (constraint, mask) in zip(differences, response.pairings, response.constraints):
        # All of it was part of another paired node: what is left is zero and moves nothing.
        if new is None:
            continue
        if new is not node:
            covector = covector_of(new, constraint, mask is not None and mask is not False)
        if covector is not None:
            pairings.append((new, covector))
            constraints.append((constraint, mask))
    return NetworkResponse(response.leaves, pairings, constraints)


class _Form:
    """Nodes of the graph rewritten, each once."""

    def __init__(self, response):
        self.users = {}
        for node in response.order:
            for child in node.inputs:
                self.users.setdefault(child, []).append(node)
        self.known = {}
        # Rows of one-hot data, the last entry of each included.
        self.tokens = {}
        # Tables of rotations by the leaves of angles.
        self.tables = {}

    def built(self, root):
        for node in root.ancestors():
            if node not in self.known:
                self.known[node] = self._built(node)
        return self.known[root]

    def _built(self, node):
        if isinstance(node, Data):
            return self._softmax(node)
        if isinstance(node, (Parameter, Constant)) or is_sum_zero(node):
            return node
        special = (self._masked_softmax(node) or self._one_hot(node) or self._patches(node)
                   or rearranged(node, self.known, self.tables))
        if special is not None:
            return special
        inputs = [self.known[child] for child in node.inputs]
        return node if all(a is b for a, b in zip(inputs, node.inputs)) else Tensor(node.operation, inputs)

    def _softmax(self, leaf):
        """Outputs of a softmax without mask sum to one."""
        function = leaf.function
        if (
            leaf.kind != "cut"
            or leaf.mask is not None
            or function is None
            or unscaled(function).name != "softmax"
            or not leaf.shape
        ):
            return leaf
        return sum_one(leaf.name, leaf.shape)

    def _masked_softmax(self, node):
        """Return what a softmax over earlier entries, times its mask, is, or ``None``."""
        if not isinstance(node.operation, Contract) or len(node.inputs) != 2:
            return None
        leaf, mask = node.inputs
        words = node.operation
        if not (isinstance(leaf, Data) and isinstance(mask, Constant) and words.left == words.right == words.result):
            return None
        if leaf.mask is None or leaf.kind != "cut" or "softmax" not in getattr(leaf.function, "name", ""):
            return None
        # Another reader would see the outputs without the mask; and a window, say, is not the mask of earlier entries.
        if len(self.users[leaf]) > 1 or not is_causal(np.asarray(leaf.mask)) or not is_causal(mask.values):
            return None
        return sum_one(leaf.name, leaf.shape, causal=True)

    def _one_hot(self, node):
        """Return tokens, or the outputs of a softmax, that were written as the last unit vector and any vector of sum
        zero, or ``None``."""
        if not isinstance(node.operation, Add) or len(node.inputs) != 2 or not isinstance(node.inputs[1], LastUnit):
            return None
        # The last unit vector plus the differences times free numbers: any vector of sum one, each in one way.
        free = node.inputs[0]
        if not isinstance(free.operation, Contract) or not isinstance(free.inputs[1], Differences):
            return None
        x = free.inputs[0]
        leaf = x if isinstance(x, Data) else x.inputs[0] if isinstance(x.operation, (Slice, Select)) else None
        if not isinstance(leaf, Data) or leaf.kind == "covector":
            return None
        # Queries and keys read the same tokens, so there is one leaf for all readers.
        if leaf not in self.tokens:
            self.tokens[leaf] = sum_one(leaf.name, (*leaf.shape[:-1], leaf.shape[-1] + 1))
        whole = self.tokens[leaf]
        if leaf is x:
            return whole
        operation = _along_rows(x.operation, leaf.shape, whole.shape)
        return None if operation is None else Tensor(operation, (whole,))

    def _patches(self, node):
        """Return free data for windows of free data that nothing else reads and that do not overlap, or ``None``."""
        if not isinstance(node.operation, Windows):
            return None
        (child,) = node.inputs
        while isinstance(child.operation, (Reshape, Transpose)) and len(self.users[child]) == 1:
            (child,) = child.inputs
        # A place in two windows, and one of padding, would tie entries that free data do not.
        # One-hot entries and values of a cut are not free, and another reader would tie the patches to what it reads.
        if not isinstance(child, Data) or child.one_hot or child.source is not None or len(self.users[child]) > 1:
            return None
        places = node.operation.places.ravel()
        if len(np.unique(places)) < len(places) or places.min(initial=0) < 0:
            return None
        return Data(child.name, node.shape, child.kind)


def _along_rows(operation, source, shape):
    """Return the operation that takes the same rows of a wider table, or ``None``."""
    if isinstance(operation, Select):
        # The last axis has one entry more now, so that only whole rows are the same as before.
        return Select(shape, 0, operation.entries) if operation.axis == 0 else None
    rows, columns = operation.ranges
    return Slice(shape, (rows, (0, 1, shape[1]))) if columns == (0, 1, source[1]) else None


def _summands(node):
    """Return what a node is a sum of: tensors, or ranges of their axes, as pairs of a tensor and ranges or ``None``."""
    if isinstance(node.operation, Slice):
        inner = _summands(node.inputs[0])
        # A slice of a sum is the sum of the slices; slices of slices are not put together.
        if len(inner) > 1 and all(ranges is None for _, ranges in inner):
            return [(one, node.operation.ranges) for one, _ in inner]
    # What sums to one is written as a sum too, and would lose this in two terms.
    if isinstance(node.operation, Add) and not isinstance(node, SumOne):
        return [one for child in node.inputs for one in _summands(child)]
    return [(node, None)]


def _differences(paired, constraints):
    """
    Return for each paired node what is left of it without the largest one that is part of it, ``None`` if nothing.

    A stream of which later only some rows are read is part of it in these rows: `(c_1 + e_0 c_2, c_2)` runs through all
    pairs as well.
    """
    parts = [_summands(node) for node in paired]
    # A term that occurs twice is no set of terms, and under a mask or an orthogonality the two spaces of covectors
    # differ.
    plain = [constraint in ("free", "sum zero") and (mask is None or mask is False) and len(set(here)) == len(here)
             for here, (constraint, mask) in zip(parts, constraints)]
    # Smaller sums first, so that each is taken out of the larger ones: the change of covectors is triangular.
    out, done = list(paired), []
    for k in sorted(range(len(paired)), key=lambda k: (len(parts[k]), -paired[k].size, constraints[k][0] != "free")):
        if not plain[k]:
            continue
        known = [part for j in done for part in [_contained(parts, paired, j, k, constraints)] if part is not None]
        done.append(k)
        if not known:
            continue
        # Any known part may be taken out; the largest one leaves the fewest terms, often a single block.
        taken = max(known, key=len)
        left = [_sliced(*one) for one in parts[k] if one not in taken]
        total = None
        for one in left:
            total = one if total is None else Tensor(Add(), (total, one))
        out[k] = total
    return out


def _contained(parts, paired, j, k, constraints):
    """Return the summands of a node that are those of an earlier one, or ranges of them; ``None`` if that is not part
    of it."""
    # `c_j + c_k` runs through all covectors of j only where those of k are among them.
    if constraints[j][0] not in ("free", constraints[k][0]):
        return None
    mine = set(parts[k])
    if paired[j].shape == paired[k].shape and mine.issuperset(parts[j]):
        return set(parts[j])
    for ranges in {ranges for _, ranges in mine if ranges is not None}:
        here = {(one, ranges) for one, _ in parts[j]}
        whole = constraints[k][0] == "free" or len(ranges) and ranges[-1] == (0, 1, paired[j].shape[-1])
        if (
            whole
            and all(known is None for _, known in parts[j])
            and paired[k].shape == tuple(number for _, _, number in ranges)
            and mine.issuperset(here)
        ):
            return here
    return None


def _sliced(node, ranges):
    return node if ranges is None else Tensor(Slice(node.shape, ranges), (node,))
