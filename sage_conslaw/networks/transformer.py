r"""
Attention and transformer blocks.

Scores pass through a softmax, which is cut: the attention weights are free data, the covector at the scores sums to
zero along the keys.
"""
import numpy as np

from ..graph.joining import contract
from ..graph.network import Network
from ..graph.tensor import Constant, Data, Parameter
from ..runtime.arguments import truth
from ..runtime.errors import InputError
from .catalog import check_sizes
from .pieces import activate, changed, choice, gated_unit, normalise, positive_integer


def rotate(x, positions):
    """Return queries or keys ``(heads, tokens, dim)`` rotated in each pair of coordinates by data, one a token and
    frequency."""
    heads, tokens, dim = x.shape
    # (a, b) -> c (a, b) + s (-b, a), for the pair (c, s) of data.  With distinct frequencies the cosines and sines of
    # the angles at all positions are linearly independent, so free numbers span the same fields as points of circles.
    turns = Constant([[[1, 0], [0, 1]], [[0, 1], [-1, 0]]])
    matrices = contract("tfc,cab->tfab", positions, turns)
    return contract("htfa,tfab->htfb", x.reshape(heads, tokens, dim // 2, 2), matrices).reshape(heads, tokens, dim)


def positions(tokens, dim):
    r"""
    Return the rotations by position as data, shape ``(tokens, dim / 2, 2)``; their true values have the frequencies
    `10000^{-2 j / dim}`.
    """
    if dim % 2:
        raise InputError(f"rotary positions need an even head dimension, not {dim}; try {dim + 1}")
    # Positions from one on, so that no rotation is the identity; laws do not depend on the true angles.
    angles = np.arange(1, tokens + 1)[:, None] * 10000.0 ** (-2 * np.arange(dim // 2) / dim)
    return Data(
        "rotation", (tokens, dim // 2, 2), "rotation", values=np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    )


def self_attention(x, head_dim, given, suffix=""):
    """Return multi-head self-attention of a tensor ``(tokens, dim)`` by checked options, with projections `Q, K, V` and
    `O`."""
    tokens, dim = x.shape
    heads, kv_heads, value_dim = given["heads"], given["kv_heads"], given["value_dim"]

    def project(name, number, width):
        out = x @ Parameter(f"{name}{suffix}", (dim, number * width))
        if given["bias"]:
            out = out + Parameter(f"b{name}{suffix}", (number * width,))
        # Heads first: a batch of matrices, tokens by width.
        return out.reshape(tokens, number, width).transpose(1, 0, 2)
    q, k, v = project("Q", heads, head_dim), project("K", kv_heads, head_dim), project("V", kv_heads, value_dim)
    if given["rotary"]:
        turns = positions(tokens, head_dim)
        q, k = rotate(q, turns), rotate(k, turns)
    if kv_heads != heads:
        # Grouped queries: head i reads keys and values of group i // (heads / kv_heads).
        group = np.arange(heads) // (heads // kv_heads)
        k, v = k[group], v[group]
    mask = np.tri(tokens, dtype=np.int64) if given["causal"] else None
    # Scores are not divided by the root of the width: a scaling of free covectors changes no span.
    weights = contract("hti,hui->htu", q, k).softmax(mask)
    mixed = contract("htu,huj->htj", weights, v).transpose(1, 0, 2).reshape(tokens, heads * value_dim)
    return mixed @ Parameter(f"O{suffix}", (heads * value_dim, dim))


def _checked(given, head_dim):
    """Return the options of an attention layer from the arguments of a constructor."""
    heads, tokens = positive_integer(given["heads"], "heads"), positive_integer(given["tokens"], "tokens")
    kv_heads, value_dim = (
        default if given.get(name) is None else positive_integer(given[name], name)
        for name, default in (("kv_heads", heads), ("value_dim", head_dim))
    )
    if heads % kv_heads:
        raise InputError(f"kv_heads {kv_heads} does not divide heads {heads}; choose a divisor, e.g. kv_heads 1")
    if tokens < 2:
        # A softmax of one entry is 1: queries and keys would not be trained.
        raise InputError(f"tokens {tokens}: attention with one token has constant weights; try tokens 2")
    flags = {name: truth(given[name], name) for name in ("bias", "rotary", "causal")}
    return given | flags | {"heads": heads, "kv_heads": kv_heads, "value_dim": value_dim, "tokens": tokens}


def attention(
    dim, head_dim, heads=1, *, kv_heads=None, value_dim=None, bias=False, rotary=False, causal=False, tokens=2
):
    r"""
    Return multi-head self-attention on tokens of width ``dim`` ([MGP2025]_; grouped queries, rotary positions: Tran et
    al. 2026).

    INPUT:

    - ``head_dim``, ``value_dim`` -- widths of queries and keys, and of values (default: the same), in each head

    - ``heads``, ``kv_heads`` -- how many heads, and how many share keys and values (a divisor; default: all different)

    - ``bias`` -- whether queries, keys and values have biases; ``rotary`` -- rotary positions; ``causal`` -- each token
      attends to those before it

    - ``tokens`` -- at least two, three if causal

    EXAMPLES:

    `Q^T Q - K^T K` and `V^T V - O O^T`, and with biases the key bias, which no softmax sees::

        sage: from sage_conslaw import conservation_laws, networks
        sage: conservation_laws(networks.attention(4, 2)).number
        6
        sage: conservation_laws(networks.attention(4, 2, bias=True)).number
        8
        sage: conservation_laws(networks.attention(4, 2, rotary=True)).number
        4
        sage: networks.attention(4, 2, heads=4, kv_heads=3)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: kv_heads 3 does not divide heads 4; choose a divisor, e.g. kv_heads 1
    """
    dim, head_dim = check_sizes([dim, head_dim], 2, "attention")
    # Before other names are bound: these are the arguments by their names.
    given = _checked(locals(), head_dim)
    output = self_attention(Data("x", (given["tokens"], dim), "input"), head_dim, given)
    options = changed(attention, given, kv_heads=given["heads"], value_dim=head_dim) | {"bias": given["bias"]}
    return Network("attention", (dim, head_dim), output, **options)


def transformer_block(
    dim,
    hidden,
    heads=1,
    *,
    kv_heads=None,
    norm="layer",
    mlp="gelu",
    order="pre",
    bias=False,
    rotary=False,
    causal=False,
    tokens=2,
):
    r"""
    Return a transformer block: attention and a feed-forward part, each with a residual sum and a normalisation.

    INPUT:

    - ``dim``, ``hidden`` -- widths of the tokens and of the feed-forward part; heads have width ``dim / heads``

    - ``norm`` -- ``"layer"``, ``"rms"`` or ``"none"``; ``order`` -- ``"pre"`` or ``"post"`` normalisation

    - ``mlp`` -- an activation (``"gelu"``, ``"relu"``, ...) or ``"swiglu"``

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, networks
        sage: conservation_laws(networks.transformer_block(4, 3, heads=2, norm="rms", mlp="swiglu"), seed=0)
        23 independent laws of degree at most 2 in 108 parameters, complete (proved, no assumption)
        sage: networks.transformer_block(4, 8, heads=3)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: heads 3 does not divide the width 4; choose a divisor, e.g. heads 1
    """
    heads = positive_integer(heads, "heads")
    dim, hidden = check_sizes([dim, hidden], 2, "transformer_block")
    if dim % heads:
        raise InputError(f"heads {heads} does not divide the width {dim}; choose a divisor, e.g. heads 1")
    given = _checked(locals(), dim // heads)
    choice(norm, ("layer", "rms", "none"), "norm")
    choice(order, ("pre", "post"), "order")

    def attend(z):
        return self_attention(z, dim // heads, given)

    def feed_forward(z):
        if mlp == "swiglu":
            return gated_unit(z, hidden, dim, "silu", bias=given["bias"])
        z = z @ Parameter("up", (dim, hidden))
        return activate(z + Parameter("bup", (hidden,)) if given["bias"] else z, mlp) @ Parameter("down", (hidden, dim))
    # Norms are numbered, as each has a gain of its own; post-norm blocks normalise the residual sum.
    x = Data("x", (given["tokens"], dim), "input")
    for name, part in (("1", attend), ("2", feed_forward)):
        if norm == "none":
            x = x + part(x)
        else:
            x = x + part(normalise(x, norm, name)) if order == "pre" else normalise(x + part(x), norm, name)
    options = changed(transformer_block, given, kv_heads=heads) | {"bias": given["bias"]}
    return Network("transformer_block", (dim, hidden), x, **options)
