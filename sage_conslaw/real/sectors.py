r"""
The real network on a region of activation, for every input: the polynomials whose gradients its fields are.

Samples tell which patterns of activation occur near a point; that no others do needs an argument, and this module has
three. One input without biases: the network is homogeneous, so all positive inputs have one pattern and all negative
ones another. One input with biases: the pattern changes at finitely many points of a line, which are found one after
the other, exactly. More inputs: a unit is off (or on) for every input where signs alone decide it, as in a second layer
that gets nonnegative numbers times negative weights; all other gates stay free, which may span more than the network
does.

The trivial case: `relu 1 1 1`, two patterns, one of which is dead. The famous one: `relu 1 4 1` is on each of its
regions two linear networks `1, h, 1` side by side, one for each sign of the first weights, and has their
`2 h_+ - 1 + 2 h_- - 1` laws. One that gives nothing: `relu 3 4 2`, where every gate is free.
"""
from fractions import Fraction

import numpy as np

from .._sage import QQ
from ..exact import terms as sparse
from ..exact.arithmetic import DualArithmetic, Dual, FloatArithmetic, PolynomialArithmetic
from ..flows.polynomial_response import PolynomialResponse
from ..graph.operations import Add, Contract, Gather
from ..graph.tensor import Constant, Data
from .components import independent
from .gates import gated, values_matter
from .reading import data_of, parameters_of, slopes_of

# Terms that are written out in all sectors together, and cells of a line.
MOST_TERMS, _MOST_CELLS = 20_000, 200


def _degrees(network):
    """Return the degree in the inputs of each node, as long as no gate changes; ``None`` where there is none."""
    out: dict = {}
    for node in network.nodes:
        parts = [out[child] for child in node.inputs]
        if isinstance(node, Data):
            out[node] = 1 if node.kind == "input" else 0 if node.kind == "gate" else None
        elif not any(parts) and None not in parts:
            # Also any function of parameters alone.
            out[node] = 0
        elif None in parts or not isinstance(node.operation, (Contract, Add, Gather)):
            out[node] = None
        else:
            out[node] = sum(parts) if isinstance(node.operation, Contract) else max(parts)
    return out


def _affine(network, gates):
    """Say whether all pre-activations are affine in the inputs as long as no gate changes."""
    degrees = _degrees(network)
    return all(degrees[gate.source] is not None and degrees[gate.source] <= 1 for gate in gates)


def possible_signs(network, response, theta, known=None):
    r"""
    Return for each node which signs its entries may have near the parameters, for any input: pairs of 0 and 1.

    INPUT:

    - ``theta`` -- parameters, none zero

    - ``known`` -- the value of some gates, arrays with NaN where they are not known

    ALGORITHM: `p + n \sigma` with `\sigma^2 = 1` stands for sums of positive and of negative terms; its two characters
    `p + n` and `p - n` are computed by the same forward pass.
    """
    A, known, out, values = FloatArithmetic(), known or {}, {}, {}

    def keep(node, positive, negative):
        out[node] = positive, negative
        values[node] = np.stack([positive + negative, positive - negative])
    for leaf, part in parameters_of(A, response, theta).items():
        keep(leaf, (part > 0) * 1.0, (part < 0) * 1.0)
    for node in network.nodes:
        if node in out:
            continue
        if isinstance(node, Constant):
            part = node.value(A)
            keep(node, (part > 0) * 1.0, (part < 0) * 1.0)
        elif isinstance(node, Data):
            value = known.get(node)
            either = np.ones(node.shape) if value is None else np.where(np.isnan(value) | (value > 0), 1.0, 0.0)
            lower = np.ones(node.shape) if value is None else np.where(np.isnan(value) | (value < 0), 1.0, 0.0)
            signed = node.kind == "input" and not node.one_hot
            signed = signed or node.function is not None and (slopes_of(node.function) or (0,))[0] < 0
            keep(node, either, lower if signed or value is not None else 0 * lower)
        else:
            both, difference = node.operation.forward(A, *(values[child] for child in node.inputs))
            positive, negative = (both + difference > 0.5) * 1.0, (both - difference > 0.5) * 1.0
            gate = gated(node)
            if gate is not None and gate.function.name in ("relu", "abs"):
                # The gate follows the sign of its source.
                source = out[gate.source]
                positive = np.maximum(positive * 0, source[0] if gate.function.name == "relu" else np.maximum(*source))
                if gate in known:
                    off = known[gate] == 0
                    positive = np.where(off, 0.0, positive)
                negative = negative * 0
            keep(node, positive, negative)
    return out


def gates_for_every_input(network, response, theta):
    """Return the gates that signs decide near the parameters, whatever the input: arrays with NaN where they do not."""
    signs, out, matter = possible_signs(network, response, theta), {}, values_matter(network.nodes)
    for node in data_of(network.nodes, "gate"):
        value = np.full(node.shape, np.nan)
        if slopes_of(node.function) is not None:
            low, high, denominator = slopes_of(node.function)
            positive, negative = signs[node.source]
            # Sources without negative values may be zero for an open set of inputs, and so may those without
            # positive ones: there a positive part and a comparison are zero, and nothing else is known.
            if node not in matter:
                value = np.where(negative == 0, high / denominator, value)
            if node not in matter or node.function.name == "relu":
                value = np.where(positive == 0, low / denominator, value)
        out[node] = value
    return out


def most_gradients(network, response, theta):
    """
    Return an upper bound for how many independent gradients the network has at any parameters: few where one input is
    scaled through without biases, so that all positive ones are alike and all negative ones.
    """
    inputs, gates = data_of(network.nodes, "input"), data_of(network.nodes, "gate")
    if sum(node.size for node in inputs) != 1 or not all(slopes_of(node.function) for node in gates):
        return response.dimension
    output, degree = response.pairings[0][0], _degrees(network)[network.nodes[-1]]
    if len(response.pairings) > 1 or degree is None or not _affine(network, gates):
        return response.dimension
    # f(t x) = t^d f(x) for t > 0 needs all pre-activations zero without input: else their walls move with t.
    signs = possible_signs(network, response, theta, {node: np.zeros(node.shape) for node in inputs})
    if any(part.any() for gate in gates for part in signs[gate.source]):
        return response.dimension
    constant = any(part.any() for part in signs[network.nodes[-1]])
    # Coefficients of the powers of positive inputs, and of negative ones, and one constant.
    return min(response.dimension, (2 * degree + constant) * output.size)


def _on_the_line(network, response, theta, at, slope):
    """Return the gates just after a point of the line of inputs, going in a direction, the next point where one of
    them changes (``None``: none does), the changes by point, and what is zero at the point and not after it."""
    A = DualArithmetic(PolynomialArithmetic(QQ))
    gates, changes, touched = {}, {}, set()
    values = {leaf: Dual(part, None) for leaf, part in parameters_of(A.base, response, theta).items()}
    for node in network.nodes:
        if isinstance(node, Constant):
            values[node] = A.embed(node.value(A.base))
        elif isinstance(node, Data) and node.kind == "input":
            values[node] = Dual(_filled(node.shape, at), _filled(node.shape, slope))
        elif isinstance(node, Data):
            value, moved = values[node.source].real, values[node.source].infinitesimal
            moved = np.zeros(node.shape, dtype=object) if moved is None else moved
            gates[node] = np.full(node.shape, np.nan)
            low, high, denominator = slopes_of(node.function)
            exact = np.empty(node.shape, dtype=object)
            for place in np.ndindex(*node.shape):
                here, speed = QQ(value[place]), QQ(moved[place])
                positive = (here or speed) > 0
                # At zero a comparison is false and a sign is zero; the other slopes are multiplied by that zero.
                exact[place] = QQ(high if positive else low) / denominator if here or speed else QQ(0)
                gates[node][place] = np.nan if not here and not speed else float(exact[place])
                if speed and not here:
                    touched.add((node, place))
                if here * speed < 0:
                    changes.setdefault(-here / speed, []).append((node, place))
            values[node] = Dual(exact, None)
        elif node.operation is not None:
            values[node] = node.operation.forward(A, *(values[child] for child in node.inputs))
    return gates, min(changes, default=None), changes, touched


def _filled(shape, value):
    out = np.empty(shape, dtype=object)
    out[...] = value
    return out


class Unstable(ArithmeticError):
    """A point where two changes of the pattern coincide by chance."""


def _decided(network, response, theta, gates):
    """Return gates with what is zero whatever the parameters are set to zero; raise where a zero is chance, or where
    the slope at zero is read by itself."""
    matter = [node for node in values_matter(network.nodes) if node.function.name not in ("relu", "abs")]
    if any(np.isnan(gates[node]).any() for node in matter):
        raise Unstable("a slope at zero is used")
    # Zero by structure: no term with a sign is left, for any parameters with these signs and gates.
    structural = possible_signs(network, response, theta, gates)
    out = {}
    for node, value in gates.items():
        positive, negative = structural[node.source]
        open_ = np.isnan(value)
        if (open_ & ((positive > 0) | (negative > 0))).any():
            raise Unstable("a pre-activation is zero by chance")
        out[node] = np.where(open_, 0.0, value)
    return out


def _zero_at_the_origin(network, response, theta, gates):
    """Return which pre-activations vanish without input, whatever the parameters nearby are."""
    inputs = {node: np.zeros(node.shape) for node in data_of(network.nodes, "input")}
    signs = possible_signs(network, response, theta, {**gates, **inputs})
    return {
        (node, place) for node in gates
        for place in zip(*np.nonzero((signs[node.source][0] == 0) & (signs[node.source][1] == 0)))
    }


def cells(network, response, theta):
    """Return the gates of all cells of the line of inputs near the parameters, for a network with one input."""
    exact = np.empty(len(theta), dtype=object)
    exact[:] = [QQ(int(a)) for a in theta]
    theta, found = np.asarray(theta, dtype=np.float64), []
    for direction in (1, -1):
        # From the origin outwards: just after each change the gates of a whole cell are read.
        at, expected = QQ(0), None
        while len(found) < _MOST_CELLS:
            gates, following, changes, touched = _on_the_line(network, response, exact, at, QQ(direction))
            found.append(_decided(network, response, theta, gates))
            if expected is None:
                expected = _zero_at_the_origin(network, response, theta, gates)
            if touched - expected:
                raise Unstable("a unit is zero by chance where another changes")
            if following is None:
                break
            # At nearby parameters they change one after the other, in either order, and the cell between is unknown.
            if len(changes[following]) > 1:
                raise Unstable("two units change at one input")
            expected = {*changes[following]} | {
                (node, place) for node, part in gates.items() for place in zip(*np.nonzero(np.isnan(part)))
            }
            at += direction * following
    unique = {tuple(tuple(part.ravel()) for part in gates.values()): gates for gates in found}
    return list(unique.values())


def sectors(network, response, theta):
    """
    Return gates by sector, so that near the parameters each input is in one of them; ``None`` where nothing is decided.
    """
    inputs, gates = data_of(network.nodes, "input"), data_of(network.nodes, "gate")
    if any(node.one_hot for node in inputs) or not gates:
        return None
    if sum(node.size for node in inputs) == 1 and all(slopes_of(node.function) for node in gates):
        if not _affine(network, gates):
            return None
        try:
            return cells(network, response, theta)
        except Unstable:
            return None
    decided = gates_for_every_input(network, response, theta)
    return None if all(np.isnan(value).all() for value in decided.values()) else [decided]


def response_on_region(network, response, theta, most_terms=MOST_TERMS):
    """
    Return the response of the polynomials whose gradients span those of the real network near the parameters, for every
    input; ``None`` where that is no less than the model.
    """
    if network.kind != "patterns" or response.number_of_terms() > most_terms:
        return None
    found = sectors(network, response, theta)
    if not found or len(found) * response.number_of_terms() > most_terms:
        return None
    polynomials = []
    # Each input is in one of the sectors; with its gates the response is a polynomial whose data are free.
    for gates in found:
        # Gates that only other gates depend on are no data of the response.
        read = {leaf: _fractions(leaf, part) for leaf, part in gates.items() if leaf in response.data_leaves}
        polynomials += response.local_reparameterisation(read)
    components = independent([sparse.from_sage(f) for f in polynomials])
    return PolynomialResponse(response.names, components)


def _fractions(gate, values):
    low, high, denominator = slopes_of(gate.function) or (0, 1, 1)
    known = Fraction(0), Fraction(low, denominator), Fraction(high, denominator)
    out = np.empty(values.shape, dtype=object)
    for place, value in np.ndenumerate(values):
        # Doubles are rounded; the slope is the nearest one of the gate's.
        out[place] = None if np.isnan(value) else min(known, key=lambda slope: abs(slope - Fraction(value)))
    return out
