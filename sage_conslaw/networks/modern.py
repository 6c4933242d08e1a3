r"""
The catalog of modern architectures: convolutions, residual blocks, gated units, normalisations, low-rank adaptation.

The laws that the literature claims for them, with theorem and conditions, are in :mod:`.compendium`.
"""
from ..graph.activations import GateFunction, largest, top
from ..graph.network import Network
from ..graph.tensor import Data, Parameter
from ..runtime.arguments import integer, truth
from ..runtime.errors import InputError, InputTypeError
from .catalog import check_sizes
from .compose import fixed
from .pieces import MOST, activate, changed, choice, dense, gated_unit, normalise, positive_integer


def perceptron(widths, activation="relu", bias=False):
    r"""
    Return the network of dense layers with any activation between them: ``"gelu"``, ``"tanh"``, ``"leaky relu"``,
    ``"z^3"``, ...

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, networks
        sage: conservation_laws(networks.perceptron([2, 3, 2], activation="z^3", bias=True)).laws[0]
        U1_1_1^2 + U1_2_1^2 + b1_1^2 - 3*U2_1_1^2 - 3*U2_1_2^2
        sage: conservation_laws(networks.perceptron([2, 3, 2], activation="gelu")).number
        0
    """
    widths, bias = check_sizes(widths, 2, "perceptron"), truth(bias)
    output = dense(widths, lambda z: activate(z, activation), bias)
    return Network("perceptron", widths, output, activation=activation, bias=bias)


def polynomial(widths, power=2):
    r"""
    Return the network of dense layers with activation `z^r` between them, whose functions make a neurovariety: see
    :func:`dimension`.

    INPUT:

    - ``widths`` -- from input to output, at least two

    - ``power`` -- the exponent `r`, a positive integer

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, dimension, networks
        sage: net = networks.polynomial([2, 3, 1], 2); net
        polynomial network 2 -> 3 -> 1 with 9 parameters, power 2
        sage: conservation_laws(net, seed=0).laws[0]
        U1_1_1^2 + U1_2_1^2 - 2*U2_1_1^2
        sage: dimension(net, seed=0).dimension
        3
        sage: networks.polynomial([2, 3, 1], 0)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: power 0 is not a positive integer; try power 1
    """
    widths, power = check_sizes(widths, 2, "polynomial"), positive_integer(power, "power")
    return Network("polynomial", widths, dense(widths, lambda z: z ** power), power=power)


def convolutional(
    channels, size=4, kernel=2, *, dimensions=1, stride=1, padding=0, groups=1, bias=False, activation="relu", pool=1
):
    r"""
    Return a convolutional network; laws belong to its hidden channels.

    INPUT:

    - ``channels`` -- from input to output, at least two; between two layers comes the activation, and max-pooling over
      windows of ``pool``

    - ``size``, ``kernel`` -- of the input and of every kernel, along each of the ``dimensions`` (1 or 2)

    - ``stride``, ``padding``, ``groups`` -- of every convolution but, for ``groups``, the first and the last

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, networks
        sage: conservation_laws(networks.convolutional([1, 2, 1])).laws
        (U1_1_1_1^2 + U1_1_1_2^2 - U2_1_1_1^2 - U2_1_1_2^2,
         U1_2_1_1^2 + U1_2_1_2^2 - U2_1_2_1^2 - U2_1_2_2^2)
        sage: networks.convolutional([1, 2, 1], size=2)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: a window of 2 does not fit in 1 + 2 * 0 entries; give a smaller window or more padding
    """
    # Zero is a padding, and no size of anything else.
    channels, bias = check_sizes(channels, 2, "convolutional"), truth(bias)
    try:
        padding = integer(padding)
    except TypeError:
        raise InputTypeError(f"padding {padding!r} is not an integer; try padding 0") from None
    if not 0 <= padding <= MOST["padding"]:
        raise InputError(f"padding {padding} is not between 0 and {MOST['padding']}; try padding 0")
    size, kernel, stride, groups, pool = (positive_integer(v, n) for v, n in (
        (size, "size"), (kernel, "kernel"), (stride, "stride"), (groups, "groups"), (pool, "pool")))
    dimensions = choice(integer(dimensions), (1, 2), "dimensions")
    # Before other names are bound: these are the arguments, checked.
    options = changed(convolutional, locals()) | {"bias": bias}
    x, last = Data("x", (channels[0],) + (size,) * dimensions, "input"), len(channels) - 1
    for layer, (a, b) in enumerate(zip(channels, channels[1:]), start=1):
        # Inputs and outputs of a network are seldom divided: an image has three channels.
        split = groups if 1 < layer < last else 1
        if a % split:
            raise InputError(
                f"{groups} groups do not divide the {a} channels before layer {layer}; choose widths "
                f"that are multiples of it"
            )
        x = x.convolve(Parameter(f"U{layer}", (b, a // split) + (kernel,) * dimensions), stride, padding, split)
        if layer < last:
            if bias:
                x = x + Parameter(f"b{layer}", (b,)).reshape(b, *(1,) * dimensions)
            x = activate(x, activation)
            # A window of one would only be another gate on each unit, and another law for none.
            x = x.max_pool(pool) if pool > 1 else x
    return Network("convolutional", channels, x, **options)


def residual(block):
    r"""
    Return the residual network `x \mapsto x + \mathrm{block}(x)`: the laws are those of the block ([MGP2025]_).

    INPUT:

    - ``block`` -- a network whose output has the shape of its input

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, networks
        sage: conservation_laws(networks.residual(networks.relu([2, 3, 2]))).number
        3
        sage: networks.residual(networks.relu([2, 3, 4]))
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: the block maps shape (2,) to (4,); a residual sum needs the same shape, e.g. widths 2 3
        2
    """
    if not isinstance(block, Network):
        raise InputTypeError(f"the block {block!r} is not a network; give e.g. networks.relu([2, 3, 2])")
    if len(block.inputs) != 1:
        raise InputError(f"the block has {len(block.inputs)} inputs; a residual sum needs one")
    # The very input of the block, so that one tensor is read twice.
    (x,) = block.inputs
    if x.shape != block.output.shape:
        raise InputError(
            f"the block maps shape {x.shape} to {block.output.shape}; a residual sum needs the same "
            f"shape, e.g. widths 2 3 2"
        )
    # No architecture of the catalog: a certificate keeps its graph, not a name and sizes.
    return Network("custom", (), x + block.output, positive=block.positive)


def gated(d, h, p=None, gate="silu", bias=False):
    r"""
    Return the gated unit `x \mapsto (\sigma(x G) \cdot x U)\, D` with hidden width ``h``: SwiGLU for ``gate="silu"``,
    bilinear for ``"linear"``.

    INPUT:

    - ``d``, ``h``, ``p`` -- widths of input, hidden layer and output (default: as the input)

    - ``gate`` -- ``"silu"``, ``"gelu"``, ``"sigmoid"`` (cut), ``"relu"`` (a gate) or ``"linear"``

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, networks
        sage: conservation_laws(networks.gated(2, 1, 2)).laws
        (up_1_1^2 + up_2_1^2 - down_1_1^2 - down_1_2^2,)
        sage: conservation_laws(networks.gated(2, 4, gate="relu")).number
        8
    """
    d, h, p = check_sizes([d, h, d if p is None else p], 3, "gated")
    choice(gate, ("silu", "gelu", "sigmoid", "relu", "linear"), "gate")
    bias = truth(bias)
    output = gated_unit(Data("x", (d,), "input"), h, p, gate, bias=bias)
    return Network("gated", (d, h, p), output, **changed(gated, locals(), p=p) | {"bias": bias})


def mixture(d, h, experts, p=None, gate="softmax", active=2):
    r"""
    Return a mixture of gated units: `\sum_i g_i(x W)\, \mathrm{SwiGLU}_i(x)`.

    INPUT:

    - ``d``, ``h``, ``experts``, ``p`` -- widths of input and of each hidden layer, number of experts, width of the
      output (default: as the input)

    - ``gate`` -- ``"softmax"``, ``"sigmoid"`` for gates that are independent of each other, or ``"normalised sigmoid"``

    - ``active`` -- how many experts answer (top-k), with the softmax or the shares taken over these; with one, its gate
      is constant and the router is not trained. Which ones answer depends on the data: all choices occur

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, networks
        sage: conservation_laws(networks.mixture(2, 2,
        ....:     3)).number              # 3 * 2 hidden units, and a sum of the router for each input
        8
        sage: conservation_laws(networks.mixture(2, 2, 3, gate="sigmoid")).number
        6
        sage: conservation_laws(networks.mixture(2, 1, 2, gate="normalised sigmoid",
        ....:     active=1)).number    # the router's four entries, and two
        6
    """
    d, h, experts, p = check_sizes([d, h, experts, d if p is None else p], 4, "mixture")
    choice(gate, ("softmax", "sigmoid", "normalised sigmoid"), "gate")
    active = positive_integer(active, "active")
    if active > experts:
        raise InputError(f"{active} active experts of {experts}; try active {experts}")
    x = Data("x", (d,), "input")
    logits = x @ Parameter("router", (d, experts))
    if active == 1 and gate != "sigmoid":
        # The share of the one chosen expert is 1 whatever the scores: its covector is zero, so the router is not moved,
        # and which expert answers is a gate.  As a cut it would move the router in directions of sum zero.
        weights = Data("softmax", (experts,), "gate", source=logits, function=GateFunction("top softmax", largest))
    else:
        # Which experts answer is locally constant: the shares of these are a function of their scores alone.
        weights = logits.cut(gate if active == experts else top(gate, active))
    output = sum(gated_unit(x, h, p, "silu", suffix=str(i + 1)) * weights[i:i + 1].repeat_to((p,))
                 for i in range(experts))
    return Network("mixture", (d, h, experts, p), output, **changed(mixture, locals(), p=p))


def lora(widths, rank=1, activation="relu", seed=0):
    r"""
    Return a network whose layers `W_l + A_l B_l` have fixed weights `W_l` and a trained part of low rank (low-rank
    adaptation).

    The fixed weights are integers drawn from the seed in place of generic ones.

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, networks
        sage: conservation_laws(networks.lora([3, 2], rank=1)).laws
        (A1_1_1^2 + A1_2_1^2 + A1_3_1^2 - B1_1_1^2 - B1_1_2^2,)
        sage: conservation_laws(networks.lora([3, 4, 2], rank=2)).number
        6
    """
    widths, rank, seed = check_sizes(widths, 2, "lora"), positive_integer(rank, "rank"), integer(seed)
    output = Data("x", (widths[0],), "input")
    for layer, (n, m) in enumerate(zip(widths, widths[1:]), start=1):
        # Two seeds a layer: `fixed` takes one for the sizes of the entries and the next for their signs.
        frozen = output @ fixed(f"W{layer}", n, m, seed=seed + 2 * layer)
        output = frozen + (output @ Parameter(f"A{layer}", (n, rank))) @ Parameter(f"B{layer}", (rank, m))
        if layer < len(widths) - 1:
            output = activate(output, activation)
    return Network("lora", widths, output, **changed(lora, locals()) | {"rank": rank})


def normalised(p, q, m, norm="layer", gain=True, bias=None, samples=3):
    r"""
    Return the network linear - normalisation - linear.

    INPUT:

    - ``p``, ``q``, ``m`` -- widths of input, normalised layer and output

    - ``norm`` -- ``"layer"``, ``"rms"`` or ``"batch"`` (over ``samples`` samples)

    - ``gain``, ``bias`` -- whether they follow; by default all have a gain, and all but RMS normalisation a bias

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, networks
        sage: conservation_laws(networks.normalised(3, 4, 2, norm="rms")).number      # |W|^2, and one for each unit
        5
        sage: conservation_laws(networks.normalised(3, 4, 2, norm="layer")).number    # and the sums of the rows of W
        8
        sage: conservation_laws(networks.normalised(3, 4, 2, norm="batch")).number    # each |W_j|^2
        8
    """
    p, q, m = check_sizes([p, q, m], 3, "normalised")
    # Statistics of a batch are taken over its samples: these are an axis of one input.
    x = Data("x", (p,) if norm != "batch" else (positive_integer(samples, "samples"), p), "input")
    gain, bias = truth(gain, "gain"), (norm != "rms") if bias is None else truth(bias)
    output = normalise(x @ Parameter("W", (p, q)), norm, "", gain, bias) @ Parameter("U", (q, m))
    return Network("normalised", (p, q, m), output, **changed(normalised, locals(), bias=norm != "rms"))
