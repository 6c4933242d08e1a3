r"""
Pieces that several architectures share: dense layers, activations, normalisations and gated units by name, and their
arguments.
"""
import inspect

from ..graph.activations import FREE, GATES
from ..graph.tensor import Data, Parameter
from ..runtime.arguments import integer
from ..runtime.errors import InputError, InputTypeError

# Numbers of heads, tokens, samples, pixels: laws do not depend on them above a few, and the graph has terms for each
# (or each pair): 64 tokens are 4096 pairs a head.
MOST = {"tokens": 64, "samples": 256, "size": 256, "kernel": 256, "padding": 256}

NORMS = ("rms", "layer", "batch")


def choice(value, allowed, what):
    """Return one of the allowed words, or say which they are."""
    if value not in allowed:
        words = list(map(str, allowed))
        raise InputError(f"{what} {value!r} is not known; choose {', '.join(words[:-1])} or {words[-1]}")
    return value


def positive_integer(value, what):
    """Return a positive integer, or say what is wrong with it."""
    try:
        value = integer(value)
    except TypeError:
        raise InputTypeError(f"{what} {value!r} is not an integer; try {what} 1") from None
    if value < 1:
        raise InputError(f"{what} {value} is not a positive integer; try {what} 1")
    if value > MOST.get(what, 1000):
        raise InputError(f"{what} {value} is too large; at most {MOST.get(what, 1000)}")
    return value


def activate(z, activation):
    """Return a tensor after an activation by name: a gate, a cut, a power ``"z^k"`` or ``"linear"``."""
    if activation == "linear":
        return z
    # Any function: its values and slopes are taken to be arbitrary, and it has no float reading.
    if activation == "cut":
        return z.cut()
    if activation in FREE:
        return z.cut(activation)
    # The largest of some entries is no function of each: it is in the table for max-pooling.
    gates = [name for name in GATES if name != "max"]
    if activation in gates:
        return z.gate(activation)
    # A power is a polynomial, read as it is: its slope k z^(k-1) is tied to its value, which no gate is.
    if isinstance(activation, str) and activation.startswith("z^") and activation[2:].isdigit() and int(activation[2:]):
        return z ** int(activation[2:])
    raise InputError(
        f"activation {activation!r} is not known; choose {', '.join(sorted([*gates, *FREE]))}, linear, z^2, z^3, ... "
        f"or cut for any function"
    )


def dense(widths, between, bias=False):
    """Return the output of layers `U_1, U_2, ...`; behind each but the last comes what ``between`` makes of it."""
    output = Data("x", (widths[0],), "input")
    for layer, shape in enumerate(zip(widths, widths[1:]), start=1):
        output = output @ Parameter(f"U{layer}", shape)
        # Biases are those of the papers: none on the output, where each would be without a law.
        if layer < len(widths) - 1:
            output = between(output + Parameter(f"b{layer}", shape[1:]) if bias else output)
    return output


def changed(constructor, given, **computed):
    """Return the options that differ from the constructor's defaults: what a result and a certificate say of them.

    ``given`` -- the options by name, others may be among them; ``computed`` -- defaults that depend on others
    """
    # The signature is the one place where defaults stand.
    defaults = {name: option.default for name, option in inspect.signature(constructor).parameters.items()
                if option.default is not option.empty} | computed
    return {name: given[name] for name, default in defaults.items() if given[name] != default}


def gated_unit(x, hidden, outputs, gate, *, bias=False, suffix=""):
    """Return the output of a gated unit on a tensor whose last axis is the width."""
    # The product is Hadamard's: a unit of the gate scales one of the other, which keeps |up_j|^2 - |down_j|^2.
    def layer(name):
        z = x @ Parameter(f"{name}{suffix}", (x.shape[-1], hidden))
        return z + Parameter(f"b{name}{suffix}", (hidden,)) if bias else z
    return (activate(layer("gate"), gate) * layer("up")) @ Parameter(f"down{suffix}", (hidden, outputs))


def normalise(z, norm, name="", gain=True, bias=None):
    """Return a tensor after a normalisation with gain (and, but for root mean squares, bias) on its last axis."""
    y = getattr(z, f"{choice(norm, NORMS, 'norm')}_norm")()
    if gain:
        y = y * Parameter(f"g{name}", z.shape[-1:])
    # As in the papers that introduced them: a root mean square has a gain alone.
    if (norm != "rms") if bias is None else bias:
        y = y + Parameter(f"b{name}", z.shape[-1:])
    return y
