r"""
Points and samples at which real fields are looked at: parameters where as many units as possible are neither always on
nor always off.

Any point gives a sound lower bound. A dead unit gives none of its fields, though, so among random integer parameters
those are tried first at which a pool of inputs has most patterns of activation. A unit behind a ReLU reads nonnegative
numbers, so random weights leave it always on or always off for most inputs; most points are *balanced*: the weights of
each unit are turned until its mean over the inputs is about zero. Measured on `relu 5 4 8 5 9` without biases: none of
200 random points has the full rank, and nine of ten balanced ones.
"""
import numpy as np

from ..exact.arithmetic import FloatArithmetic
from ..graph.operations import Add, Contract, Gate
from ..graph.rearrangements import Rearrangement
from ..graph.tensor import Data, Parameter
from .patterns import true_forward

# Integers up to this size: small enough that depth 10 fits in doubles, large enough that sums coincide rarely.
_LARGEST = 25

# How many parameters are compared, on how many inputs. Measured on `relu 2 3 2 3 2` without biases, where one random
# point in fourteen has the full rank: one in six of those that come first.
_COMPARED, _LOOKED_AT = 256, 64

# Entries of all values of all comparisons at once: 80 MB.
_MOST_ENTRIES = 10_000_000


def metric_coordinates(family):
    """Return the coordinates that the metric depends on: it is one where these are positive."""
    return {i for _, _, terms in family.metric or () for monomial in terms for i in monomial}


def positive_parameters(family):
    """Return the parameters that the metric depends on."""
    first, D = family.first_parameter, family.response.dimension
    return sorted(i - first for i in metric_coordinates(family) if first <= i < first + D)


def integer_parameters(generator, dimension, positive=(), number=1):
    """Return rows of random nonzero integer parameters, those in ``positive`` above zero."""
    theta = generator.integers(1, _LARGEST + 1, size=(number, dimension)) * generator.choice(
        [-1, 1], size=(number, dimension)
    )
    theta[:, list(positive)] = np.abs(theta[:, list(positive)])
    return theta.astype(np.float64)


def mutated(theta, generator, positive=()):
    """Return the parameters with some of them drawn anew."""
    fresh = integer_parameters(generator, len(theta), positive)[0]
    chance = generator.choice([0.05, 0.1, 0.2])
    which = generator.random(len(theta)) < max(chance, 1.5 / len(theta))
    return np.where(which, fresh, theta)


def one_hot(generator, number, shape):
    """Return random tokens as rows of 0 and 1; the last token of the vocabulary is the row of zeros."""
    tokens = generator.integers(0, shape[-1] + 1, size=(number, *shape[:-1], 1))
    return (np.arange(shape[-1]) == tokens).astype(np.float64)


def integer_inputs(network, generator, number):
    """Return a pool of integer inputs of several sizes, some with zeros."""
    out, sizes = {}, generator.choice([3, 9, 30, 100], size=number)
    for node in network.nodes:
        if isinstance(node, Data) and node.kind == "input" and node.one_hot:
            out[node] = one_hot(generator, number, node.shape)
        elif isinstance(node, Data) and node.kind == "input":
            size = sizes.reshape((number,) + (1,) * len(node.shape))
            part = np.rint(generator.uniform(-1, 1, size=(number,) + node.shape) * size)
            part[generator.random(part.shape) < np.where(generator.random(size.shape) < 0.25, 0.4, 0.0)] = 0
            out[node] = part
    return out


def _read_by_gates(network):
    """Return the contractions with a parameter whose results, summed and rearranged, are pre-activations."""
    waiting = [node.source for node in network.nodes if isinstance(node, Data) and node.kind == "gate"]
    found = set()
    while waiting:
        node = waiting.pop()
        operation = node.operation
        if isinstance(operation, (Add, Rearrangement)):
            waiting += node.inputs
        elif isinstance(operation, Contract) and not isinstance(operation, Gate):
            if sum(isinstance(part, Parameter) for part in node.inputs) == 1:
                found.add(node)
    return found


def balanced(response, network, generator, thetas, inputs, positive=()):
    """
    Return rows of integer parameters at which pre-activations behind other gates are about as often positive as
    negative.
    """
    starts = dict(zip(response.leaves, response.leaf_starts))
    fixed = {leaf for leaf, start in starts.items() if any(start <= i < start + leaf.size for i in positive)}
    thetas, read = thetas.copy(), _read_by_gates(network)

    def turn(node, values):
        if node not in read:
            return
        which = 0 if isinstance(node.inputs[0], Parameter) else 1
        weights, other = node.inputs[which], node.inputs[1 - which]
        axes = tuple(range(-len(other.shape), 0))
        h = values[other] / (1 + np.abs(values[other]).max(axis=axes, keepdims=True))
        mean = h.mean(axis=-1 - len(other.shape), keepdims=True)
        # Inputs have mean zero: no weights are to be turned there.
        if weights in fixed or (mean ** 2).sum() * h.shape[-1 - len(other.shape)] < 0.2 * (h ** 2).sum():
            return
        turned = _turned(node.operation, which, values[weights], mean, generator)
        values[weights] = turned
        thetas[:, starts[weights] : starts[weights] + weights.size] = turned.reshape(len(thetas), -1)

    true_forward(FloatArithmetic(), network, response, thetas[:, None, :], inputs, generator, turn)
    return thetas


def _turned(operation, which, weights, mean, generator):
    """Return the weights without most of their part along the mean of what they are contracted with, as integers."""
    letters = (operation.left, operation.right)
    own, other, result = letters[which], letters[1 - which], operation.result
    size = dict(zip(own, weights.shape[weights.ndim - len(own):]))
    size |= dict(zip(other, mean.shape[mean.ndim - len(other):]))
    value = np.einsum(f"...{own},...{other}->...{result}", weights, mean)
    length = np.einsum(f"...{own},...{other}->...{result}", np.ones_like(weights), mean ** 2)
    # Weights that several places share take the mean of what these ask for.
    shared = np.prod([size[x] for x in result if x not in own])
    part = np.einsum(f"...{result},...{other}->...{own}", value / np.maximum(length, 1e-9), mean) / shared
    turned = weights - generator.uniform(0.7, 1.1, size=part.shape[:2] + (1,) * len(own)) * part
    axes = tuple(range(2, turned.ndim))
    turned = np.rint(turned * (_LARGEST / np.maximum(np.abs(turned).max(axis=axes, keepdims=True), 1e-9)))
    return np.where(turned == 0, np.sign(weights), turned)


def lively(response, network, generator, positive=()):
    """Return rows of integer parameters, those with the most patterns of activation first."""
    size = sum(node.size for node in network.nodes)
    compared = max(4, min(_COMPARED, _MOST_ENTRIES // (_LOOKED_AT * size + 1)))
    thetas = integer_parameters(generator, response.dimension, positive, compared)
    inputs = integer_inputs(network, generator, _LOOKED_AT)
    few = compared // 4
    thetas[few:] = balanced(response, network, generator, thetas[few:], inputs, positive)
    _, gates, _ = true_forward(FloatArithmetic(), network, response, thetas[:, None, :], inputs, generator)
    score = np.zeros(compared)
    marks = np.zeros((compared, _LOOKED_AT))
    for node, (numerators, _) in gates.items():
        states = np.broadcast_to(numerators, (compared, _LOOKED_AT) + node.shape).reshape(compared, _LOOKED_AT, -1)
        # Each unit should be on and off, each in some sample.
        score += 0.1 * (states.max(axis=1) != states.min(axis=1)).sum(axis=1) + 0.1 * (states.max(axis=1) != 0).sum(
            axis=1
        )
        marks += states @ generator.random(states.shape[-1])
    # Every pattern of activation brings fields of its own.
    score += np.array([len(np.unique(row.round(9))) for row in marks])
    return thetas[np.argsort(-score, kind="stable")]
