r"""
Pieces that several architectures share: activations, normalisations and gated units by name, and their arguments.
"""
from ..runtime.arguments import integer
from ..graph.activations import GATES, FREE
from ..graph.tensor import Parameter
from ..runtime.errors import InputError, InputTypeError

# Numbers of heads, tokens, samples, pixels: laws do not depend on them above a few, and the graph has terms for each
# (or each pair).
MOST = {"tokens": 64, "samples": 256, "size": 256, "kernel": 256, "padding": 256}

NORMS = {"rms": "rms norm", "layer": "layer norm", "batch": "batch norm"}


def choice(value, allowed, what):
    r"""
    Return one of the allowed words, or say which they are.

    EXAMPLES::

        sage: from sage_conslaw.networks.pieces import choice
        sage: choice("silly", ("silu", "relu"), "gate")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: gate 'silly' is not known; choose silu or relu
    """
    if value not in allowed:
        words = list(map(str, allowed))
        raise InputError(f"{what} {value!r} is not known; choose {', '.join(words[:-1])} or {words[-1]}")
    return value


def positive_integer(value, what):
    r"""
    Return a positive integer, or say what is wrong with it.

    EXAMPLES::

        sage: from sage_conslaw.networks.pieces import positive_integer
        sage: positive_integer(0, "heads")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: heads 0 is not a positive integer; try heads 1
    """
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
    r"""
    Return a tensor after an activation by name: a gate, a cut, a power ``"z^k"`` or ``"linear"``.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.networks.pieces import activate
        sage: x = networks.input(3)
        sage: [activate(x, name).label() for name in ("relu", "gelu", "z^2", "linear")]
        ['relu(x)', 'gelu', 'x * x', 'x']
        sage: activate(x, "swoosh")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: activation 'swoosh' is not known; choose abs, dropout, exp, gelu, inverse, inverse
        root, leaky relu, relu, sigmoid, silu, softplus, tanh, linear, z^2, z^3, ... or cut for any function
    """
    if activation == "linear":
        return z
    if activation == "cut":
        return z.cut()
    if activation in FREE:
        return z.cut(activation)
    if activation in GATES and activation != "max":
        return z.gate(activation)
    if isinstance(activation, str) and activation.startswith("z^") and activation[2:].isdigit() and int(activation[2:]):
        return z ** int(activation[2:])
    names = sorted([name for name in GATES if name != "max"] + list(FREE))
    raise InputError(
        f"activation {activation!r} is not known; choose {', '.join(names)}, linear, z^2, z^3, ... or "
        f"cut for any function"
    )


def changed(options, defaults):
    """Return the options that differ from the defaults: what a result and a certificate say of them."""
    return {key: value for key, value in options.items() if value != defaults[key]}


def gated_unit(x, hidden, outputs, gate, bias=False, suffix=""):
    r"""
    Return the output of a gated unit on a tensor whose last axis is the width.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.networks.pieces import gated_unit
        sage: gated_unit(networks.input(5, 2), 3, 2, "silu").shape
        (5, 2)
    """
    d = x.shape[-1]
    g, u = x @ Parameter(f"gate{suffix}", (d, hidden)), x @ Parameter(f"up{suffix}", (d, hidden))
    if bias:
        g, u = g + Parameter(f"bgate{suffix}", (hidden,)), u + Parameter(f"bup{suffix}", (hidden,))
    return (activate(g, gate) * u) @ Parameter(f"down{suffix}", (hidden, outputs))


def normalise(z, norm, name="", gain=True, bias=None):
    r"""
    Return a tensor after a normalisation with gain (and, for layer and batch normalisation, bias) on its last axis.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.networks.pieces import normalise
        sage: normalise(networks.input(4), "layer").label()
        '(layer_norm * g) + b'
    """
    choice(norm, tuple(NORMS), "norm")
    y = {"rms": z.rms_norm, "layer": z.layer_norm, "batch": z.batch_norm}[norm]()
    if gain:
        y = y * Parameter(f"g{name}", (z.shape[-1],))
    if (norm != "rms") if bias is None else bias:
        y = y + Parameter(f"b{name}", (z.shape[-1],))
    return y
