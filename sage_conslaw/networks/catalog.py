r"""
The catalog of architectures: ``networks.linear``, ``networks.relu``, ...

Widths are given from input to output.  A layer with ``n`` inputs and ``m`` outputs has weights of
shape ``(n, m)`` and acts as ``x -> x W``.
"""
import difflib
import importlib
import inspect

from ..graph.network import Network
from ..graph.tensor import Data, Parameter
from ..pytorch.files import from_file
from ..runtime.arguments import integer, truth
from ..runtime.errors import InputError, InputTypeError, UnknownName
from .meanings import no_option
from .pieces import dense

# The graph of a network keeps axes, no entries: sizes cost nothing before someone asks for polynomials.  A layer of
# 10^6 x 10^6 is above any that is trained.
MAX_WIDTH = 1_000_000
MAX_PARAMETERS = 10 ** 12


def check_sizes(sizes, least, architecture):
    """Return the widths as a tuple of positive integers, or say what is wrong with them."""
    if isinstance(sizes, (str, bytes)) or not hasattr(sizes, "__iter__"):
        raise InputTypeError(f"{architecture} takes a list of widths from input to output, not {sizes!r}")
    # Each check says the first width that fails, and the widths that would not.
    sizes, good = list(sizes), []
    for size in sizes:
        try:
            good.append(integer(size))
        except TypeError:
            raise InputTypeError(f"width {size} of {architecture} {sizes}: widths are positive integers") from None
    if min(good, default=1) < 1:
        repaired = " ".join(str(max(n, 1)) for n in good)
        raise InputError(f"width {next(n for n in good if n < 1)} of {architecture} {good}: widths are positive "
                         f"integers; try {architecture} {repaired}")
    if max(good, default=1) > MAX_WIDTH:
        raise InputError(f"width {next(n for n in good if n > MAX_WIDTH)} of {architecture} {good} is too large; "
                         f"at most {MAX_WIDTH}")
    # The count of weights is that of dense layers; a constructor with others has fewer.
    if sum(a * b for a, b in zip(good, good[1:])) > MAX_PARAMETERS:
        raise InputError(f"{architecture} {good} has more than {MAX_PARAMETERS} weights, which do not fit in memory; "
                         "try smaller widths")
    if len(good) < least:
        repaired = " ".join(map(str, (good + [2] * least)[:least]))
        raise InputError(f"{architecture} takes at least {least} widths from input to output, not {good}; "
                         f"try {architecture} {repaired}")
    return tuple(good)


def product(n):
    r"""
    Return the product `\phi = x_1 x_2 \cdots x_n` of ``n`` scalar parameters ([MGP2023]_, Example 2.8).

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: networks.product(3).local_reparameterisation()
        [x1*x2*x3]
        sage: networks.product(0)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: width 0 of product [0]: widths are positive integers; try product 1
    """
    (n,) = check_sizes([n], 1, "product")
    # No input: the response is phi itself, times the covector of its one output.
    output = Parameter("x1", (1,))
    for i in range(2, n + 1):
        output = output * Parameter(f"x{i}", (1,))
    return Network("product", (n,), output)


def linear(widths):
    r"""
    Return the linear network `x \mapsto x U_1 U_2 \cdots U_q`, without biases.

    INPUT:

    - ``widths`` -- positive integers from input to output, at least two

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: networks.linear([3, 2, 3])
        linear network 3 -> 2 -> 3 with 12 parameters
    """
    widths = check_sizes(widths, 2, "linear")
    return Network("linear", widths, dense(widths, lambda z: z))


def relu(widths, bias=False):
    r"""
    Return the ReLU network; its response is the path-lifting, one free gate per hidden unit.

    INPUT:

    - ``widths`` -- positive integers from input to output, at least two

    - ``bias`` -- whether the hidden layers have biases, as in the papers

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: networks.relu([2, 3, 1], bias=True)
        relu network 2 -> 3 -> 1 with 12 parameters and biases
    """
    widths, bias = check_sizes(widths, 2, "relu"), truth(bias)
    return Network("relu", widths, dense(widths, lambda z: z.relu(), bias), bias=bias)


def nmf(n, r, m):
    r"""
    Return the matrix factorisation `U V` with `U` of shape ``(n, r)`` and `V` of shape ``(r, m)``, in the mirror metric
    `\operatorname{diag}(\theta)` by default (NMF, [MGP2024]_, Section 2).

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, networks
        sage: conservation_laws(networks.nmf(2, 1, 2), degree=1).laws
        (U_1_1 + U_2_1 - V_1_1 - V_1_2,)
        sage: networks.nmf(2, 0, 2)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: width 0 of nmf [2, 0, 2]: widths are positive integers; try nmf 2 1 2
    """
    n, r, m = sizes = check_sizes([n, r, m], 3, "nmf")
    U, V = Parameter("U", (n, r)), Parameter("V", (r, m))
    # No input: the product is compared with a matrix, entry by entry.
    return Network("nmf", sizes, U @ V, positive=("U", "V"))


def icnn(d, h, p, bias=False):
    r"""
    Return the input-convex network `x \mapsto \sigma(x V + b) U`, `\sigma` the ReLU, with positive `U`: metric
    `\operatorname{diag}(1, 1, U)` on `(V, b, U)` by default ([MGP2024]_, Section 2).

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, networks
        sage: conservation_laws(networks.icnn(2, 1, 2, bias=True)).laws
        (V_1_1^2 + V_2_1^2 + b^2 - 2*U_1_1 - 2*U_1_2,)
    """
    (d, h, p), bias = check_sizes([d, h, p], 3, "icnn"), truth(bias)
    # The first layer may have any sign: an affine function is convex, and so are positive sums of its positive part.
    V, b, U = Parameter("V", (d, h)), Parameter("b", (h,)), Parameter("U", (h, p))
    hidden = Data("x", (d,), "input") @ V
    if bias:
        hidden = hidden + b
    return Network("icnn", (d, h, p), hidden.gate("relu") @ U, positive=("U",), bias=bias)


# How each architecture is built from a list of sizes and options: the module of its constructor, and the numbers of
# sizes that it takes one by one, ``None`` if it takes the list.  Modern ones are imported when they are asked for.
CATALOG = {
    "product": ("catalog", (1,)),
    "linear": ("catalog", None),
    "relu": ("catalog", None),
    "nmf": ("catalog", (3,)),
    "icnn": ("catalog", (3,)),
    "attention": ("transformer", (2,)),
    "transformer_block": ("transformer", (2,)),
    "polynomial": ("modern", None),
    "perceptron": ("modern", None),
    "convolutional": ("modern", None),
    "lora": ("modern", None),
    "gated": ("modern", (2, 3)),
    "mixture": ("modern", (3, 4)),
    "normalised": ("modern", (3,)),
}


def is_modern(architecture):
    """Say whether an architecture is one of the modern ones, whose options are all written down."""
    return CATALOG.get(architecture, ("catalog",))[0] != "catalog"


def _built(architecture, sizes, options):
    module, numbers = CATALOG[architecture]
    constructor = getattr(importlib.import_module(f".{module}", __package__), architecture)
    if numbers and len(sizes) not in numbers:
        number = numbers[0]
        repaired = " ".join(map(str, (list(sizes) + [2] * number)[:number]))
        raise InputError(f"{architecture} takes exactly {number} size{'s' if number > 1 else ''}, not {list(sizes)}; "
                         f"try {architecture} {repaired}")
    # Sizes stand first: none of them is an option.
    known = list(inspect.signature(constructor).parameters)[max(numbers) if numbers else 1:]
    for odd in options:
        if odd not in known:
            raise UnknownName(no_option(architecture, odd))
    return constructor(*sizes, **options) if numbers else constructor(sizes, **options)


def by_name(architecture, sizes, **options):
    r"""
    Return a network of the catalog by its name.

    EXAMPLES::

        sage: from sage_conslaw.networks.catalog import by_name
        sage: by_name("relu", [2, 3, 1], bias=True)
        relu network 2 -> 3 -> 1 with 12 parameters and biases
        sage: by_name("liner", [2, 3, 1])
        Traceback (most recent call last):
        ...
        sage_conslaw.UnknownName: architecture 'liner' is not known; did you mean 'linear'? known: attention, ...
        sage: by_name("linear", [2, 3, 1], bias=True)
        Traceback (most recent call last):
        ...
        sage_conslaw.UnknownName: architecture 'linear' has no option bias; try without it
    """
    if architecture.startswith("torch:"):
        # A module of the user's own: FILE.py:NAME, whose sizes are the arguments of NAME.
        cuts = options.pop("allow_cut", ())
        if any(value not in (None, False) for value in options.values()):
            raise InputError(f"{architecture} has no options but allow_cut; sizes are the arguments of the function")
        return from_file(architecture.removeprefix("torch:"), sizes, allow_cut=cuts)
    if architecture not in CATALOG:
        # As for options: half of the letters must agree.
        near = difflib.get_close_matches(architecture.lower(), CATALOG, n=1, cutoff=0.5)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise UnknownName(f"architecture {architecture!r} is not known; {hint}known: {', '.join(sorted(CATALOG))}")
    # ``--bias`` is false where it is not given: no option of a classic architecture that has none.
    options = {key: value for key, value in options.items()
               if value is not None and (value is not False or is_modern(architecture))}
    return _built(architecture, sizes, options)
