r"""
Recurrent cells and layers, unrolled over the steps of the example.

An LSTM cell is two dense layers, three sigmoids, two tangents and products: each nonlinearity is cut, so that the state
is data times data, and the weights are those of the dense layers before the cuts.
"""
from ..graph.joining import concatenate, contract
from .refusals import Refused


def _dense(x, weight, bias):
    out = contract("ni,oi->no", x, weight)
    return out if bias is None else out + bias


def _pieces(x, count):
    width = x.shape[1] // count
    return [x[:, i * width:(i + 1) * width] for i in range(count)]


def _lstm_step(x, state, weights):
    h, c = state
    # PyTorch has a bias for each of both maps, of which the sum alone acts: their difference is a law.
    z = _dense(x, weights[0], weights[2]) + _dense(h, weights[1], weights[3])
    i, f, g, o = _pieces(z, 4)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    h = o.sigmoid() * c.tanh()
    # A smaller state is a projection of the outputs.
    return (h if len(weights) < 5 else _dense(h, weights[4], None)), c


def _gru_step(x, state, weights):
    (h,) = state
    a, b = _dense(x, weights[0], weights[2]), _dense(h, weights[1], weights[3])
    (ra, za, na), (rb, zb, nb) = _pieces(a, 3), _pieces(b, 3)
    r, z = (ra + rb).sigmoid(), (za + zb).sigmoid()
    # The reset gate multiplies the recurrent part with its bias, so that here the two biases are not one.
    n = (na + r * nb).tanh()
    # (1 - z) n + z h, with one product.
    return (n + z * (h - n),)


def _tanh_step(x, state, weights):
    return ((_dense(x, weights[0], weights[2]) + _dense(state[0], weights[1], weights[3])).tanh(),)


def _relu_step(x, state, weights):
    return ((_dense(x, weights[0], weights[2]) + _dense(state[0], weights[1], weights[3])).relu(),)


STEPS = {"lstm": _lstm_step, "gru": _gru_step, "rnn_tanh": _tanh_step, "rnn_relu": _relu_step}


def cell(kind):
    """Return the rule of one step of a recurrent cell."""
    def cell_rule(reader, node, x, state, weight, recurrent, bias=None, other=None):
        x = reader.tensor(x)
        state = [reader.tensor(part) for part in (state if isinstance(state, (list, tuple)) else [state])]
        flat = len(x.shape) == 1
        if flat:
            x, state = x.reshape(1, x.size), [part.reshape(1, part.size) for part in state]
        weights = [reader.tensor(weight), reader.tensor(recurrent)] + [
            None if b is None else reader.tensor(b) for b in (bias, other)
        ]
        out = STEPS[kind](x, state, weights)
        out = [part.reshape(part.size) for part in out] if flat else list(out)
        return out if kind == "lstm" else out[0]
    return cell_rule


def layers(kind):
    """Return the rule of recurrent layers over all steps, one direction or both."""
    def layers_rule(reader, node, x, state, weights, biases, count, dropout, train, both, batch_first):
        x = reader.tensor(x)
        if len(x.shape) != 3:
            raise Refused("a recurrent layer over packed sequences; give padded ones")
        states = [reader.tensor(part) for part in (state if kind == "lstm" else [state])]
        x = x.transpose(1, 0, 2) if batch_first else x
        weights = [reader.tensor(part) for part in weights]
        own_count, finals = 4 if biases else 2, []
        # ``proj_size`` makes the output smaller than the cell, and adds a weight to each layer.
        projected = kind == "lstm" and states[0].shape[-1] != states[1].shape[-1]
        each = own_count + projected
        for layer in range(int(count)):
            outs = []
            for direction in range(2 if both else 1):
                place = layer * (2 if both else 1) + direction
                mine = weights[place * each:(place + 1) * each]
                # The places of missing biases are kept, so that a projection is always the fifth.
                own = mine[:own_count] + [None] * (4 - own_count) + mine[own_count:]
                hidden, last = _over_steps(STEPS[kind], x, [part[place] for part in states], own, direction)
                outs.append(hidden)
                finals.append(last)
            x = outs[0] if len(outs) == 1 else concatenate(outs, axis=2)
            if dropout and train and layer + 1 < count:
                x = x.dropout()
        ends = [
            concatenate([last[i].reshape(1, *last[i].shape) for last in finals], axis=0) for i in range(len(finals[0]))
        ]
        return [x.transpose(1, 0, 2) if batch_first else x, *ends]
    return layers_rule


def _over_steps(step, x, state, weights, backwards):
    outs, order = {}, range(x.shape[0])
    # Each direction has its own order of steps; the outputs are joined in the order of the input.
    for t in reversed(order) if backwards else order:
        state = step(x[t], state, weights)
        outs[t] = state[0].reshape(1, *state[0].shape)
    return concatenate([outs[t] for t in order], axis=0), state
