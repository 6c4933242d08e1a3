r"""
What the sizes and options of each architecture mean, in a line each: for help texts and for messages.

The names are those of the constructors; a test compares them.  Nothing here needs Sage, so that help is quick.
"""
import difflib
from dataclasses import dataclass, field

from ..runtime.errors import shortened

_BIAS = "true or false: biases on the hidden layers"
_ACTIVATION = "relu, leaky relu, abs, gelu, silu, tanh, sigmoid, z^2, linear, ..."
_HEADS = {
    "heads": "how many heads (default 1)",
    "kv_heads": "how many heads have keys and values of their own; a divisor of heads",
}
_POSITIONS = {
    "bias": "true or false: biases of the linear maps",
    "rotary": "true or false: rotary positions",
    "causal": "true or false: a token attends to those before it",
    "tokens": "how many tokens, at least 2 (default 2)",
}


@dataclass(frozen=True)
class Meaning:
    """The words of an architecture: sizes as they are written, what each means, what it is, and its options."""

    sizes: str
    meaning: str
    text: str
    options: dict = field(default_factory=dict)


MEANINGS = {
    "product": Meaning("N", "N factors", "the product of N numbers"),
    "linear": Meaning("D0 D1 ...", "widths from input to output", "a linear network"),
    "relu": Meaning("D0 D1 ...", "widths from input to output", "a ReLU network", {"bias": _BIAS}),
    "nmf": Meaning("N R M", "N x R times R x M", "a matrix factorisation in the mirror metric"),
    "icnn": Meaning("D H P", "inputs, hidden units, outputs", "an input-convex network with positive weights",
                    {"bias": _BIAS}),
    "perceptron": Meaning("D0 D1 ...", "widths from input to output", "a network with any activation",
                          {"activation": _ACTIVATION, "bias": _BIAS}),
    "polynomial": Meaning("D0 D1 ...", "widths from input to output", "a network with a power as activation",
                          {"power": "the exponent, a positive integer"}),
    "convolutional": Meaning(
        "C0 C1 ...",
        "channels from input to output",
        "a convolutional network",
        {
            "size": "of the input along each dimension (default 4)",
            "kernel": "size of the kernels (default 2)",
            "dimensions": "1 or 2",
            "stride": "of the convolutions (default 1)",
            "padding": "zeros at each border (default 0)",
            "groups": "groups of channels (default 1)",
            "bias": _BIAS,
            "activation": _ACTIVATION,
            "pool": "windows of max-pooling (default 1)",
        },
    ),
    "lora": Meaning(
        "D0 D1 ...",
        "widths from input to output",
        "a frozen network with low-rank updates",
        {"rank": "of the updates (default 1)", "activation": _ACTIVATION, "seed": "of the frozen weights (default 0)"},
    ),
    "gated": Meaning(
        "D H [P]",
        "inputs, hidden units, outputs (default: as inputs)",
        "a gated linear unit such as SwiGLU",
        {"p": "outputs", "gate": "silu (default), gelu, sigmoid, relu or linear", "bias": _BIAS},
    ),
    "mixture": Meaning(
        "D H EXPERTS [P]",
        "inputs, hidden units of an expert, experts, outputs",
        "a mixture of experts",
        {
            "p": "outputs",
            "gate": "softmax (default), sigmoid or normalised sigmoid",
            "active": "how many experts answer (default 2)",
        },
    ),
    "normalised": Meaning(
        "P Q M",
        "inputs, normalised units, outputs",
        "a normalisation between two linear layers",
        {
            "norm": "layer (default), rms or batch",
            "gain": "true or false",
            "bias": "true or false: after the normalisation",
            "samples": "of a batch (default 3)",
        },
    ),
    "attention": Meaning(
        "DIM HEAD_DIM",
        "width of the tokens, width of queries and keys in each head",
        "self-attention",
        {**_HEADS, "value_dim": "width of the values in each head (default: as the keys)", **_POSITIONS},
    ),
    "transformer_block": Meaning(
        "DIM HIDDEN",
        "width of the tokens, width of the feed-forward part",
        "attention, feed-forward part, residuals",
        {
            **_HEADS,
            "norm": "layer (default), rms or none",
            "mlp": f"swiglu or an activation: {_ACTIVATION}",
            "order": "pre (default) or post",
            **_POSITIONS,
        },
    ),
}


def table():
    """Return the lines of a table of the architectures."""
    return [f"{name + ' ' + m.sizes:<29} {m.text}: {m.meaning}" for name, m in MEANINGS.items()]


def lines(architecture):
    """Return the lines of help about one architecture."""
    m = MEANINGS[architecture]
    out = [f"{architecture} {m.sizes}: {m.text}", f"  {'sizes':<24} {m.meaning}"]
    out += [f"  {f'--set {name}=VALUE':<24} {meaning}" for name, meaning in m.options.items()]
    return out if m.options else [*out, "  (no options)"]


def no_option(architecture, name):
    """Return the message for an option that an architecture does not have, with the nearest that it has."""
    known = list(MEANINGS[architecture].options) if architecture in MEANINGS else []
    # A cutoff of 0.5 finds "head" for "heads" and nothing for "dropout"; matching takes the square of the length.
    near = difflib.get_close_matches(name.lower()[:60], known, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}? " if near else ""
    said = f"architecture {architecture!r} has no option {shortened(name, 60)}; "
    return said + (f"{hint}known: {', '.join(known)}" if known else "try without it")
