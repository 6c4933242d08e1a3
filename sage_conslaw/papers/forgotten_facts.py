r"""
Networks whose local model forgets a fact, for the compendium: numbers that an independent program found as Lie ranks of
real gradients, each with the fact.
"""
from ..networks import custom, icnn, input, mixture, normalised, parameter, perceptron, relu

RANKS = "ranks of real gradients by an independent program, found in no source"


def softmax_layer(inputs, units, outputs):
    r"""Return the network `\mathrm{softmax}(x W) U + b`."""
    # With the bias the fact is a law: the outputs of the softmax sum to one, which their datum does not say.
    W, U, b = parameter("W", inputs, units), parameter("U", units, outputs), parameter("b", outputs)
    return custom((input(inputs) @ W).softmax() @ U + b)


def gated_residual(width, units):
    r"""Return the residual block `x + \tanh(a)\, \max(0, x W) V` with one gate."""
    # The gate moves with `a` alone and in one way; a datum in its place would be free of it.
    x, a = input(width), parameter("a", 1)
    return custom(x + a.tanh() * ((x @ parameter("W", width, units)).relu() @ parameter("V", units, width)))


def _sigmoid_scale():
    return custom(parameter("a", 1).sigmoid() * (input(2) @ parameter("W", 2, 2)))


def _gelu_scale():
    return custom(parameter("a", 2).gelu() * input(2) * parameter("b", 2))


def _two_norms():
    return custom((input(2) @ parameter("W", 2, 4)).rms_norm().rms_norm() @ parameter("U", 4, 1))


def _squared_norm():
    # The squares of the outputs of the norm sum to their number, as those of a free datum do not.
    W, U, b = parameter("W", 2, 3), parameter("U", 3, 2), parameter("b", 2)
    return custom((input(2) @ W).rms_norm() ** 2 @ U + b)


# Name, network, laws in words, number, conditions.
# In each case the local model (a datum in place of what the operation computes) has other laws than the network.
FACTS = (
    ("RMS norm without gain, 2 4 1", lambda: normalised(2, 4, 1, norm="rms", gain=False, bias=False),
     "|W|^2, and the span of the rows of W and the columns of U", 4, "the norm commutes with rotations"),
    ("RMS norm with gain, 1 3 1", lambda: normalised(1, 3, 1, norm="rms"), "all but one direction moves nothing", 8,
     "one input"),
    ("layer norm of one unit, 2 1 2", lambda: normalised(2, 1, 2), "W and g never move, |U|^2 - b^2", 4,
     "its output is 0"),
    ("softmax 2 3 2 with bias", lambda: softmax_layer(2, 3, 2), "sums over units of W, and of U minus b", 4,
     "the outputs sum to one"),
    ("x + tanh(a) relu(x W) V, 2 2", lambda: gated_residual(2, 2), "|W_j|^2 - |V_j|^2, |V|^2 - sinh(a)^2", 3,
     "a gate of parameters is no datum"),
    ("sigmoid(a) x W, 2 2", _sigmoid_scale, "|W|^2 - 2 a - 2 exp(a)", 1, "a gate of parameters is no datum"),
    ("gelu(a) x b, 2", _gelu_scale, "b_i^2 minus an integral in a_i", 2, "a gate of parameters is no datum"),
    ("mixture 2 1 2, one expert, normalised sigmoid", lambda: mixture(2, 1, 2, gate="normalised sigmoid", active=1),
     "the router never moves, |up|^2 - |down|^2", 6, "the share of one expert is one"),
    ("relu 1 4 1", lambda: relu([1, 4, 1]), "those of two linear networks side by side", 6,
     "two patterns of activation; first weights of both signs"),
    ("abs 1 2 1", lambda: perceptron([1, 2, 1], activation="abs"), "those of a linear network", 3,
     "one pattern of activation up to sign"),
    ("two RMS norms in a row, 2 4 1", _two_norms, "as with one", 4, "the norm commutes with rotations"),
    ("squared RMS norm, 2 3 2 with bias", _squared_norm, "|W|^2, sums over units of U minus 3 b", 3,
     "the squares sum to the width"),
    ("RMS norm without gain, 1 3 2", lambda: normalised(1, 3, 2, norm="rms", gain=False, bias=False),
     "|W|^2, |U|^2 + |W|^2 log det Gram(W, U)", 2, "one input"),
    ("batch norm, 1 3 1", lambda: normalised(1, 3, 1, norm="batch"), "W, g g^T + b b^T - U U^T", 9,
     "one input: all units have the same data up to sign; where W > 0, say"),
    ("icnn 1 3 1", lambda: icnn(1, 3, 1), "2 U_j - V_j^2, and an integral", 4,
     "two patterns of activation; two units have one sign"),
    ("mixture 1 1 3 2, one expert", lambda: mixture(1, 1, 3, 2, active=1),
     "the router and one expert never move, |up|^2 - |down|^2", 9, "one input chooses two of three experts"),
)
