r"""
Layers: dense, convolutional, pooling, embedding, normalising.
"""
import numpy as np

from ..graph.einsum import einsum as contracted
from ..graph.operations import LETTERS
from ..graph.joining import concatenate, contract
from ..graph.tensor import Constant
from .refusals import Refused
from .values import Tokens, Unread


# Letters of batch axes; the operands' own axes are named a, b, c.
_BATCH = LETTERS[6:]


def linear(reader, node, x, weight, bias=None):
    """Return ``x W^T + b``."""
    x, weight = reader.tensor(x), reader.tensor(weight)
    if len(weight.shape) == 1:
        # ``F.linear`` takes a vector as a weight with one output, and then has no axis for it: see the last line.
        weight = weight.reshape(1, weight.shape[0])
    lead = _BATCH[:len(x.shape) - 1]
    out = contract(f"{lead}a,ba->{lead}b", x, weight)
    out = out if bias is None else out + reader.tensor(bias)
    return out.reshape(tuple(node.meta["val"].shape))


def product(reader, node, a, b):
    """Return the matrix product, by numpy's rules for batches."""
    a, b = reader.tensor(a), reader.tensor(b)
    first, second = len(a.shape), len(b.shape)
    a = a.reshape((1,) + a.shape) if first == 1 else a
    b = b.reshape(b.shape + (1,)) if second == 1 else b
    # A matrix on the right is the same for the whole batch: it is not repeated.
    if len(b.shape) == 2:
        lead = _BATCH[:len(a.shape) - 2]
        out = contract(f"{lead}ab,bc->{lead}ac", a, b)
    else:
        lead = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a, b = a.repeat_to(lead + a.shape[-2:]), b.repeat_to(lead + b.shape[-2:])
        letters = _BATCH[:len(lead)]
        out = contract(f"{letters}ab,{letters}bc->{letters}ac", a, b)
    return out.reshape(tuple(node.meta["val"].shape))


def product_plus(reader, node, bias, a, b, beta=1, alpha=1):
    """Return ``beta c + alpha a b``."""
    out = product(reader, node, a, b)
    out = out if alpha == 1 else out * alpha
    # PyTorch does not look at the bias then, whatever its entries are.
    if not beta:
        return out
    bias = reader.tensor(bias)
    return out + (bias if beta == 1 else bias * beta)


def einsum(reader, node, equation, operands, path=None):
    """Return a contraction in Einstein's notation."""
    return contracted(equation.replace(" ", ""), *(reader.tensor(value) for value in operands))


def bilinear(reader, node, a, b, weight, bias=None):
    """Return ``a^T W_k b + c_k`` for each output."""
    a, b, weight = reader.tensor(a), reader.tensor(b), reader.tensor(weight)
    lead = _BATCH[:len(a.shape) - 1]
    out = contract(f"{lead}ca,{lead}a->{lead}c", contract(f"{lead}b,cab->{lead}ca", b, weight), a)
    return out if bias is None else out + reader.tensor(bias)


def outer(reader, node, a, b):
    """Return the outer product of two vectors."""
    return contract("a,b->ab", reader.tensor(a), reader.tensor(b))


# Rows of a table whose slopes are divided by how often they are used: no gradient of a function of the table.
_BY_FREQUENCY = "scale_grad_by_freq divides gradients by the frequency of a row: that is no gradient flow"


def embedding(reader, node, table, indices, padding=-1, by_frequency=False, *rest):
    """Return the rows of a table: selected by tokens, which are data, or at known positions."""
    if by_frequency:
        raise Refused(_BY_FREQUENCY)
    table = reader.tensor(table)
    vocabulary, width = table.shape
    # Without a padding row ``padding`` is -1, which no index is.
    if reader.known(indices):
        rows, padded = _rows(table, indices.numpy(), width), (indices == padding).numpy()[..., None]
        if not padded.any():
            return rows
        # The padding row is used where it occurs, and no gradient reaches it there.
        rows = rows * Constant(np.broadcast_to(1 - padded.astype(np.int64), rows.shape))
        still = reader.detached(table[padding:padding + 1]).reshape((1,) * len(indices.shape) + (width,))
        return rows + still.repeat_to(rows.shape) * Constant(np.broadcast_to(padded.astype(np.int64), rows.shape))
    if not isinstance(indices, Tokens):
        raise Refused("the indices depend on parameters or on computed data")
    if padding >= 0:
        before, after = table[:padding], table[padding + 1:]
        rest = after if not padding else before if padding + 1 == vocabulary else concatenate([before, after])
        return _padded(reader, rest, table[padding:padding + 1], indices, padding).reshape(indices.shape + (width,))
    return reader.selected(indices, table).reshape(indices.shape + (width,))


def _padded(reader, rest, row, tokens, padding):
    """Return the rows that tokens select where one of them is padding, whose row is used and gets no gradient."""
    if not (tokens.values == padding).any():
        reader.note(f"the padding token {padding} does not occur in {tokens.name}: its embedding gets no gradient")
        return reader.selected(tokens, rest)
    reader.note(f"the padding token {padding} occurs in {tokens.name}: its embedding is used and gets no gradient")
    chosen = reader.free_rows(tokens, rest.shape[0])
    out = chosen @ rest
    if reader.is_zero(row):
        return out
    # Where no row is chosen the token is padding: one minus the sum of the choice says so.
    return out + (Constant(np.ones((1, 1), dtype=np.int64)).repeat_to((out.shape[0], 1))
                  - chosen.sum(1, keepdims=True)) @ reader.detached(row)


def bag_of_embeddings(reader, node, table, indices, offsets, scale=False, mode=0, sparse=False, weights=None, *rest):
    """Return sums or means of rows that bags of tokens select, all bags of one size."""
    if scale:
        raise Refused(_BY_FREQUENCY)
    if mode == 2 or weights is not None or not isinstance(indices, Tokens) or not reader.known(offsets):
        raise Refused("bags of embeddings that are not sums or means of the rows of one input")
    if len(rest) > 1 and rest[1] is not None and rest[1] >= 0:
        raise Refused("bags of embeddings with a padding token")
    starts, count = offsets.numpy(), indices.shape[0]
    # With ``include_last_offset`` the last number is the end of the last bag and starts none.
    bags = len(starts) - (1 if rest and rest[0] else 0)
    size = count // max(1, bags)
    if len(indices.shape) != 1 or size * bags != count or not np.array_equal(starts[:bags], np.arange(bags) * size):
        raise Refused("bags of different sizes")
    rows = reader.selected(indices, reader.tensor(table)).reshape(bags, size, table.shape[1])
    kept = Unread("what a bag of embeddings keeps for itself is used")
    return [rows.sum(1) if mode == 0 else rows.mean(1), kept, kept, kept]


def _rows(table, indices, width):
    flat = indices.ravel()
    if len(flat) and np.array_equal(flat, np.arange(flat[0], flat[0] + len(flat))):
        # Positions in order are a slice of the table: ranges are followed through it, and nothing is written for it.
        rows = table[int(flat[0]):int(flat[0]) + len(flat)] if len(flat) < table.shape[0] else table
    else:
        rows = table[flat]
    return rows.reshape(indices.shape + (width,))
