r"""
Your own architecture: symbolic tensors, functions on them, and a network of the result.

EXAMPLES:

A residual block with layer normalisation, written as it is computed::

    sage: from sage_conslaw import conservation_laws, networks
    sage: x = networks.input(3)
    sage: W, b, V = networks.parameter("W", 3, 4), networks.parameter("b", 4), networks.parameter("V", 4, 3)
    sage: net = networks.custom(x + (x.layer_norm() @ W + b).relu() @ V); net
    custom network with 28 parameters
    sage: conservation_laws(net, seed=0)
    8 independent laws of degree at most 2 in 28 parameters, complete (proved, no assumption)
"""
import math

import numpy as np

from ..graph.linear import rational
from ..graph.network import Network
from ..graph.tensor import Constant, Data, Parameter, Tensor
from ..runtime.arguments import integer
from ..runtime.errors import InputError, InputTypeError


def _shape(sizes, what):
    sizes = tuple(sizes[0]) if len(sizes) == 1 and hasattr(sizes[0], "__iter__") else sizes
    try:
        shape = tuple(integer(n) for n in sizes)
    except TypeError:
        raise InputTypeError(f"the shape {sizes} of {what} is not of integers; give e.g. 3, 4") from None
    if not shape or min(shape) < 1:
        raise InputError(f"the shape {shape} of {what} is not of positive integers; give e.g. 3, 4")
    return shape


def _name(name):
    # A name becomes a variable of a ring and part of `name_1_2`; one that begins with _ is kept for our own.
    if not isinstance(name, str) or not name.isidentifier() or not name.isascii() or name.startswith("_"):
        raise InputError(f"the name {name!r} is not a letter, then letters, digits and _")
    return name


def input(*shape, name="x"):
    r"""
    Return the input of a network: free data, of the shape of one sample.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: networks.input(5, 3)                  # five tokens of dimension three
        x of shape (5, 3)
        sage: networks.input(0)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: the shape (0,) of x is not of positive integers; give e.g. 3, 4
    """
    return Data(_name(name), _shape(shape, name), "input")


def parameter(name, *shape):
    r"""
    Return a trained array; a tensor that is used twice ties its weights.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: networks.parameter("W", 3, 4)
        W of shape (3, 4)
        sage: networks.parameter("2W", 3)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: the name '2W' is not a letter, then letters, digits and _
    """
    return Parameter(_name(name), _shape(shape, name))


def fixed(name, *shape, values=None, seed=0):
    r"""
    Return an array that is not trained: the given rational numbers, or integers drawn from the seed in place of generic
    ones.

    Laws are proved for these very values.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: networks.fixed("W0", values=[[1, 2], [3, 4]])
        W0 of shape (2, 2)
        sage: networks.fixed("W0", 2, 3)
        W0 of shape (2, 3)
        sage: networks.fixed("W0", values=[[1/2, 0.1]])
        W0 of shape (1, 2)
        sage: networks.fixed("W0", values=["one"])
        Traceback (most recent call last):
        ...
        sage_conslaw.InputTypeError: the values of W0 are not rational numbers: 'one'
    """
    seed = integer(seed)
    if values is None:
        shape = _shape(shape, name)
        # Up to 1000 in size: small enough for short laws, large enough that special values are rare.  None is zero.
        sizes, signs = np.random.default_rng(seed), np.random.default_rng(seed + 1)
        drawn = sizes.integers(1, 1000, size=shape) * signs.choice([-1, 1], size=shape)
        return Constant(drawn, name=_name(name))
    numbers, shape = _rationals(values, name)
    # Integers over one denominator: what every exact reading takes, with no fraction in an array.
    denominator = math.lcm(*(number.denominator for number in numbers))
    integers = [number.numerator * (denominator // number.denominator) for number in numbers]
    # Integers are held in 64 bits; sums of two of them are formed nowhere before they are reduced modulo a prime.
    if any(abs(number) >= 1 << 62 for number in integers):
        raise InputError(f"the values of {name} over their common denominator have numerators above 2^62; round them")
    return Constant(np.array(integers, dtype=np.int64).reshape(shape), name=_name(name), denominator=denominator)


def _rationals(values, name):
    """Return the entries of an array as fractions, and its shape."""
    try:
        entries = np.array(values, dtype=object)
    except ValueError:
        raise InputError(f"the values of {name} are no rectangular array; give rows of one length") from None
    # Rows of different lengths are an error of numpy, or lists as entries, by the lengths.
    if any(isinstance(value, (list, tuple)) for value in entries.flat):
        raise InputError(f"the values of {name} are no rectangular array; give rows of one length")
    numbers = [rational(value) for value in entries.flat]
    if None in numbers:
        raise InputTypeError(
            f"the values of {name} are not rational numbers: {list(entries.flat)[numbers.index(None)]!r}"
        )
    return numbers, entries.shape


def custom(output, parameters=None, positive=()):
    r"""
    Return the network with this output.

    INPUT:

    - ``output`` -- a tensor; its last axis are the classes

    - ``parameters`` -- the trained arrays (default: all that are used); an unused one is reported, and each of its
      entries is a law

    - ``positive`` -- names of the parameters that are positive, trained by mirror descent on the entropy by default

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, networks
        sage: x, W, V = networks.input(2), networks.parameter("W", 2, 3), networks.parameter("V", 3, 2)
        sage: networks.custom((x @ W).relu() @ V).parameters
        {'V': (3, 2), 'W': (2, 3)}
        sage: spare = networks.parameter("c", 1)
        sage: networks.custom(x @ W, parameters=[W, spare])
        custom network with 7 parameters; c unused: each entry is a law by itself
        sage: networks.custom(x @ W + networks.parameter("W", 3))
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: two parameters have the name W; give them distinct names, or use one tensor twice to
        tie the weights
        sage: networks.custom(x)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: the network has no parameters: nothing is trained; make some with networks.parameter
    """
    if not isinstance(output, Tensor):
        raise InputTypeError(
            f"the output {output!r} is not a tensor; build it from networks.input and networks.parameter"
        )
    # What else may be wrong with a graph, such as two parameters of one name, the network itself says.
    network = Network("custom", (), output, positive=positive, parameters=parameters)
    unknown = [name for name in network.positive if name not in network.parameters]
    if unknown:
        raise InputError(f"the positive parameter {unknown[0]} is not a parameter ({', '.join(network.parameters)})")
    return network
