r"""
Laws for a given data set: what training on these samples conserves, whatever the initialisation.

The samples are those given and no others. With inputs alone the targets are free: the fields are
`\nabla_\theta \langle c, f(\theta; x_i) \rangle` for every sample and every `c`. With targets each sample has one
field, `\nabla_\theta \ell(f(\theta; x_i), y_i)`, and a law is conserved by training on any mini-batches of the data.
Example: for inputs `x_i = t_i x_0` the linear network 3, 3, 1 has one field up to factors, so `12 - 1 = 11` laws, where
free inputs leave 6.

Polynomial networks become polynomials `\phi` of the parameters, exactly. Networks with gates do so on the region of
activation around a point, which the result names. For other networks, and for cross-entropy with targets, whose fields
are `\nabla_\theta f` paired with `\mathrm{softmax}(f) - y`, the rank is that of the real fields of the samples, in ball
arithmetic; the laws are those of the network on all inputs that the samples span, so that one sample `(1, 2)` leaves
`2 w_1 - w_2` of the first layer.
"""
import copy
from dataclasses import replace
from fractions import Fraction
from math import lcm

import numpy as np
from flint import arb, fmpq, fmpq_mat

from ..exact import terms as sparse
from ..exact.arithmetic import PolynomialArithmetic
from ..exact.balls import precision
from ..exact.linear_algebra import pivot_columns
from ..flows.polynomial_response import PolynomialResponse
from ..graph.network import Network, required
from ..graph.replacing import replaced
from ..graph.tensor import Constant, Data, Parameter
from ..runtime.errors import InputError, InputTypeError, first_few
from .components import independent
from .patterns import PatternResponse
from .points import lively, positive_parameters
from .reading import parameters_of, real_network
from .._sage import PolynomialRing, QQ

# Points that are tried until no sample has a pre-activation that is zero.
_POINTS = 20

# Constants of a graph are machine integers; products of them must stay so.
_LARGEST = 1 << 31

# Bits of inputs that are no integers, where patterns are decided.
_BITS = 256


def rationals(values, what):
    """Return an array of exact fractions from integers, fractions or floats (which are dyadic)."""
    array = np.array(
        values.tolist() if hasattr(values, "tolist") and not callable(getattr(values, "list", None)) else list(values),
        dtype=object,
    )
    out = np.empty(array.shape, dtype=object)
    for place, value in np.ndenumerate(array):
        if isinstance(value, (list, tuple, bool)) or value is None:
            raise InputTypeError(f"{what} are no rectangular array of numbers")
        try:
            if isinstance(value, float) and not np.isfinite(value):
                raise InputError(f"{what} have entries that are not finite")
            out[place] = Fraction(value) if isinstance(value, float) else Fraction(str(value))
        except (ValueError, TypeError, OverflowError) as error:
            if isinstance(error, InputError):
                raise
            raise InputTypeError(f"{what} have the entry {str(value)[:40]!r}, which is no number") from None
    return out


def samples_of(network, data, loss="least-squares"):
    """Return the inputs by leaf and the targets (``None``: free) of a data set, exact, with their shapes checked."""
    required(network, "data=(X, Y) belongs to a network; phi and systems have no samples")
    X, Y = data if isinstance(data, tuple) and len(data) == 2 else (data, None)
    leaves = network.inputs
    if not leaves:
        raise InputError("the network has no input: data say nothing about it")
    if not isinstance(X, dict):
        if len(leaves) > 1:
            raise InputError(
                f"the network has {len(leaves)} inputs; give a dictionary with "
                f"{', '.join(leaf.name for leaf in leaves)}"
            )
        X = {leaves[0].name: X}
    inputs = {}
    for leaf in leaves:
        if leaf.name not in X:
            raise InputError(f"there are no data for the input {leaf.name} of shape {leaf.shape}")
        part = rationals(X[leaf.name], f"the inputs {leaf.name}")
        if part.shape[1:] != leaf.shape or not len(part):
            raise InputError(f"the inputs {leaf.name} have the shape {part.shape}; give (samples,) + {leaf.shape}")
        inputs[leaf] = part
    if len({len(part) for part in inputs.values()}) > 1:
        raise InputError("the inputs have not the same number of samples")
    number = len(next(iter(inputs.values())))
    if Y is None:
        return inputs, None
    targets = rationals(Y, "the targets")
    if loss == "cross-entropy" and targets.shape == (number,) + network.output.shape[:-1]:
        targets = _classes(targets, network.output.shape[-1])
    if targets.shape == (number,) and network.output.size == 1:
        targets = targets.reshape((number,) + network.output.shape)
    if targets.shape != (number,) + network.output.shape:
        raise InputError(
            f"the targets have the shape {targets.shape}; give ({number},) + {network.output.shape}, or "
            f"leave them out: data=(X, None)"
        )
    return inputs, targets


def _classes(numbers, size):
    """Return rows of shares, one at the class, from the numbers of the classes."""
    out = np.full((*numbers.shape, size), Fraction(0), dtype=object)
    for place, number in np.ndenumerate(numbers):
        if number.denominator != 1 or not 0 <= number < size:
            raise InputError(f"the targets have the class {number}; classes are 0 to {size - 1}")
        out[(*place, int(number))] = Fraction(1)
    return out


def _shares(targets, network):
    """Return targets whose rows have the sum one, or say which has not."""
    for place in np.ndindex(*targets.shape[:-1]):
        total = sum(targets[place])
        if total != 1:
            raise InputError(
                f"the targets of cross-entropy are classes, or shares with the sum 1; sample {place[0] + 1} has the "
                f"sum {total}"
            )
    return targets


def _numbers(part):
    """Return doubles where they are exact, else the fractions as they are."""
    floats = part.astype(np.float64)
    return floats if all(Fraction(a) == b for a, b in zip(floats.flat, part.flat)) else part


def narrowed(network, inputs):
    """
    Return the network with coordinates of the span of its samples as inputs, and the samples in them: its gradients for
    all inputs contain those of the samples, and are fewer than those of all inputs.
    """
    other, samples = {}, {}
    # W x on the span of x_1, ..., x_n is (W B) y with fewer y: laws for all y hold for the samples.
    for leaf, part in inputs.items():
        rows = fmpq_mat(len(part), leaf.size, [fmpq(a.numerator, a.denominator) for a in part.flat])
        basis, rank = rows.rref()
        if not 0 < rank < leaf.size or leaf.one_hot:
            samples[leaf] = part
            continue
        pivots = pivot_columns(basis, rank)
        entries = [[basis[i, j] for j in range(leaf.size)] for i in range(rank)]
        # Coordinates in a reduced basis are the entries at its pivots.
        below = int(lcm(*(int(entry.q) for row in entries for entry in row)))
        if max(abs(int((entry * below).p)) for row in entries for entry in row) >= _LARGEST:
            samples[leaf] = part
            continue
        few = Data(leaf.name, (rank,), "input")
        spanned = few @ Constant([[int((entry * below).p) for entry in row] for row in entries], denominator=below)
        other[leaf] = spanned.reshape(*leaf.shape)
        samples[few] = part.reshape(len(part), -1)[:, pivots]
    if not other:
        return network, inputs
    new, leaves = replaced(network.output, other), list(network.response().leaves)
    output = new[network.output]
    return Network(network.architecture, network.sizes, output, network.positive, leaves, **network.options), samples


def problem_on_data(asked, network, data, seed):
    """Return the problem of a network on a given data set, from that on all data."""
    inputs, targets = samples_of(network, data, asked.loss)
    response = network.response(asked.loss)
    real = real_network(response)
    if real.kind is None:
        raise InputError(f"laws for given data need the real network, and {real.reason}")
    if targets is not None and asked.loss == "cross-entropy":
        targets = _shares(targets, network)
    remarks = (
        "laws of training on the given samples, with "
        + ("any targets" if targets is None else "their targets, in any mini-batches"),
    )
    # Fields with exponentials are no polynomials: these are the model's, with balls for the samples.
    if real.kind == "balls" or targets is not None and asked.loss == "cross-entropy":
        network, inputs = narrowed(network, inputs)
        given = with_inputs(network.response(asked.loss), {leaf: _numbers(part) for leaf, part in inputs.items()})
        if targets is not None:
            given.given_targets, given.given_loss = _numbers(targets), asked.loss
        return _with_response(asked, given, remarks)
    point, gates = None, {}
    if real.kind == "patterns":
        point, gates = _region(response, real, inputs, seed, positive_parameters(asked.family))
        remarks += (
            f"on the region of activation around the parameters {first_few(point)}",
        )
    # Constants and what others span give no field of their own.
    components = independent(_components(network, response, asked.loss, inputs, targets, gates))
    on_data = _with_response(asked, PolynomialResponse(response.names, components), remarks, exact=True)
    on_data.family.region_point = point
    return on_data


def _balls(numbers):
    out = np.empty(numbers.shape, dtype=object)
    for place, value in np.ndenumerate(numbers):
        out[place] = arb(fmpq(value.numerator, value.denominator))
    return out


def with_inputs(response, inputs):
    """Return the response with the samples on which its network is trained; its own draws are the model's."""
    response = copy.copy(response)
    response.given_inputs = inputs
    return response


def _with_response(asked, response, remarks, exact=False):
    """Return the problem with the flow's family on another response."""
    family = asked.flow.family(response, asked.own_metric)
    family.remarks, family.on_given_data = remarks, exact
    return replace(asked, family=family, network=None)


def _region(response, real, inputs, seed, positive):
    """Return integer parameters at which no sample has a pre-activation that is zero, and the gates of the samples
    there."""
    generator = np.random.default_rng([int(seed), 2])
    number = len(next(iter(inputs.values())))
    with precision(_BITS):
        # Integers as they are; a third is a ball around it, and a sign that the ball leaves open is no pattern.
        exact = {
            leaf: part.astype(np.float64) if all(a.denominator == 1 for a in part.flat) else _balls(part)
            for leaf, part in inputs.items()
        }
    best, most = None, -1
    for theta in lively(response, real, generator, positive)[:_POINTS]:
        here = PatternResponse(response, real, theta, exact, generator)
        # Where most samples and units differ, fewest functions are conserved by chance.
        active = here.patterns + sum(int((part != 0).any(axis=0).sum()) for part in here.gates().values())
        # All samples have to be decided: what is left out would be trained all the same.
        if here.samples == number and active > most:
            best, most = ([int(a) for a in theta], here.gates()), active
    if best is not None:
        return best
    raise InputError(
        "at every point tried some sample has a pre-activation that is zero; leave that sample out (an "
        "input that is zero, say)"
    )


def _components(network, response, loss, inputs, targets, gates):
    """Return the polynomials whose gradients are the fields of the samples."""
    ring = PolynomialRing(QQ, list(response.names), response.dimension)
    A, out = PolynomialArithmetic(ring), []
    theta = np.empty(response.dimension, dtype=object)
    theta[:] = ring.gens()
    for sample in range(len(next(iter(inputs.values())))):
        value = _output(network, response, A, ring, theta, {leaf: part[sample] for leaf, part in inputs.items()},
                        {leaf: part[sample] for leaf, part in gates.items()})
        # With targets each sample is one field, that of its loss; without, the loss may weight outputs as it likes.
        if targets is not None:
            out.append(
                sum((f * f - f * _number(ring, 2 * y) for f, y in zip(value.flat, targets[sample].flat)), ring.zero())
            )
        elif loss == "cross-entropy":
            rows = value.reshape(-1, value.shape[-1])
            out += [f - row[-1] for row in rows for f in row[:-1]]
        else:
            out += list(value.flat)
    return [sparse.from_sage(f) for f in out]


def _number(ring, value):
    return ring(value.numerator) / value.denominator


def _output(network, response, A, ring, theta, inputs, gates):
    """Return the output of the network on one sample, as polynomials in the parameters."""
    values = parameters_of(A, response, theta)
    for node in network.output.ancestors():
        if isinstance(node, Parameter):
            continue
        if isinstance(node, Data):
            numbers = inputs[node] if node in inputs else gates[node]
            # An array of objects by way of a list that is no rectangle: elements of a ring may look like sequences.
            entries = [_number(ring, Fraction(a)) for a in numbers.ravel()]
            values[node] = np.array([*entries, None], dtype=object)[:-1].reshape(node.shape)
        elif node.operation is None:
            values[node] = node.value(A)
        else:
            values[node] = node.operation.forward(A, *(values[child] for child in node.inputs))
    return values[network.output]
