"""Random small networks: shared weights, skips, powers, bilinear products, gates, cuts, norms, heads."""
from fractions import Fraction

import numpy as np

from sage_conslaw import conservation_laws, networks
from sage_conslaw.exact.linear_algebra import rank
from sage_conslaw.graph.cuts import sum_one
from sage_conslaw.graph.joining import concatenate
from sage_conslaw.graph.tensor import Data
from sage_conslaw.laws.independence import jacobian
from sage_conslaw.pytorch.live import living
from sage_conslaw.pytorch.norms import normalised
from sage_conslaw.width.bases import word_rank

PRIME = (1 << 61) - 1


def random_network(seed):
    """Return a random network of at most about 120 parameters; the same seed gives the same one."""
    random = np.random.default_rng(seed)
    kind = random.choice(["layers", "heads", "bilinear", "convolution", "gated"], p=[0.5, 0.15, 0.15, 0.1, 0.1])
    return {"layers": _layers, "heads": _heads, "bilinear": _bilinear, "convolution": _convolution, "gated": _gated}[
        kind
    ](random)


def random_transformer(seed):
    """Return a random stack of small blocks on a residual stream, and a loss: embeddings that may be tied, positions,
    norms with eps or without, masks, biases, gated and plain layers."""
    random = np.random.default_rng(seed)
    d, heads, k, tokens = (int(random.integers(*ends)) for ends in ((3, 9), (1, 4), (1, 5), (2, 4)))
    eps, centred, table = 1e-5 if random.random() < 0.7 else 0, random.random() < 0.5, None

    def maybe(y, name, chance=0.5):
        return y + networks.parameter(name, y.shape[-1]) if random.random() < chance else y

    def norm(z, name):
        return maybe(normalised(z, eps, centred) * networks.parameter(f"g{name}", d), f"c{name}")
    if random.random() < 0.5:
        words = int(random.integers(2, 6))
        table = networks.parameter("E", words, d)
        h = sum_one("x", (tokens, words)) @ table
    else:
        h = maybe(networks.input(tokens, 3) @ networks.parameter("E", 3, d), "bE", 0.4)
    if random.random() < 0.6:
        h = h + networks.parameter("P", tokens, d)
    for layer in range(int(random.integers(1, 3))):
        z = norm(h, f"{layer}") if random.random() < 0.8 else h
        part = _attended if random.random() < 0.75 else _fed_forward
        y = maybe(part(random, z, layer, heads, k, maybe), f"bO{layer}")
        h = h + y if random.random() < 0.8 else y
    h = norm(h, "f")
    if table is not None and random.random() < 0.5:
        h = h @ table.T
    elif random.random() < 0.7:
        h = h @ networks.parameter("H", d, int(random.integers(1, 4)))
    return networks.custom(h), "cross-entropy" if random.random() < 0.5 and h.shape[-1] > 1 else None


def random_encoder(seed):
    """Return a random small encoder of which only some rows are read, and a loss: tokens that are joined, positions,
    norms before or after, rotary halves with shared angles, grouped heads, nonlinearities that reach the output alone.
    """
    random = np.random.default_rng(seed)
    tokens, d, k = (int(random.integers(*ends)) for ends in ((2, 5), (2, 6), (1, 4)))
    groups, each = int(random.integers(1, 3)), int(random.integers(1, 3))
    eps, centred, after = 1e-5 if random.random() < 0.8 else 0, d > 2 and random.random() < 0.5, random.random() < 0.4
    P, rotary = networks.parameter, random.random() < 0.4

    def maybe(y, name, chance=0.5):
        return y + P(name, y.shape[-1]) if random.random() < chance else y

    def norm(z, name):
        return maybe(normalised(z, eps, centred) * P(f"g{name}", d), f"c{name}")
    h = maybe(networks.input(tokens, 2) @ P("E", 2, d), "bE", 0.4)
    if random.random() < 0.5:
        h, tokens = concatenate([P("cls", 1, d), h] if random.random() < 0.7 else [h, P("cls", 1, d)]), tokens + 1
    if random.random() < 0.6:
        h = h + (P("P", tokens, d) if random.random() < 0.7 else P("P", tokens + 1, d)[:tokens])
    h = norm(h, "e") if after else h
    for layer in range(int(random.integers(1, 3))):
        z = h if after else norm(h, str(layer))
        if random.random() < 0.75:
            y = maybe(_grouped(random, z, layer, groups, each, 2 * k if rotary else k, rotary, maybe), f"bO{layer}")
        else:
            y = maybe(_fed_forward(random, z, layer, groups, k, maybe), f"bO{layer}")
        h = norm(h + y, str(layer)) if after else h + y if random.random() < 0.85 else y
    h = h if after else norm(h, "f")
    first = int(random.integers(0, tokens))
    h = h[first:first + 1] if random.random() < 0.7 else h[first:]
    h = maybe(h @ P("H", d, int(random.integers(2, 4))), "bH")
    loss = "cross-entropy" if random.random() < 0.5 else None
    return networks.custom(living(h)[0]), loss


def _grouped(random, z, layer, groups, each, k, rotary, maybe):
    tokens, d = z.shape

    def part(name, heads):
        y = maybe(z @ networks.parameter(f"{name}{layer}", d, heads * k), f"b{name}{layer}", 0.4)
        return y.reshape(tokens, heads, k).transpose(1, 0, 2)
    q, key, v = part("Q", groups * each), part("K", groups), part("V", groups)
    if rotary:
        # The first position has one angle, and others may have some in common.
        places = np.arange(tokens * (k // 2)).reshape(tokens, k // 2)
        places[0] = 0
        if random.random() < 0.3:
            places[-1, -1] = places[1, 0]
        places = np.hstack([places, places])
        cos, sin = (Data(name, (int(places.max()) + 1,), "rotation").gather(places) for name in ("cos", "sin"))

        def turned(y):
            half = concatenate([-y[:, :, k // 2:], y[:, :, :k // 2]], axis=2)
            return y * cos.repeat_to(y.shape) + half * sin.repeat_to(y.shape)
        q, key = turned(q), turned(key)
    if each > 1:
        group = np.arange(groups * each) // each
        key, v = key[group], v[group]
    scores = networks.contract("htk,huk->htu", q, key)
    weights = scores.softmax(np.tril(np.ones((tokens, tokens)))) if random.random() < 0.4 else scores.softmax()
    mixed = networks.contract("htu,huk->htk", weights, v).transpose(1, 0, 2).reshape(tokens, groups * each * k)
    return mixed @ networks.parameter(f"O{layer}", groups * each * k, d)


def _attended(random, z, layer, heads, k, maybe):
    tokens, d = z.shape

    def part(name):
        y = maybe(z @ networks.parameter(f"{name}{layer}", d, heads * k), f"b{name}{layer}")
        return y.reshape(tokens, heads, k).transpose(1, 0, 2)
    queries, keys, values = part("Q"), part("K"), part("V")
    scores = networks.contract("htk,huk->htu", queries, keys)
    weights = scores.softmax(np.tril(np.ones((tokens, tokens)))) if random.random() < 0.5 else scores.softmax()
    mixed = networks.contract("htu,huk->htk", weights, values).transpose(1, 0, 2).reshape(tokens, heads * k)
    return mixed @ networks.parameter(f"O{layer}", heads * k, d)


def _fed_forward(random, z, layer, heads, k, maybe):
    hidden, d = int(random.integers(1, 5)), z.shape[-1]
    y = maybe(z @ networks.parameter(f"U{layer}", d, hidden), f"bU{layer}")
    return (y.gelu() if random.random() < 0.5 else y.relu()) @ networks.parameter(f"W{layer}", hidden, d)


def _width(random):
    return int(random.integers(1, 6))


def _layers(random):
    d = _width(random)
    x = networks.input(d)
    depth, shared = int(random.integers(1, 4)), None
    for layer in range(depth):
        last = layer == depth - 1
        n = d if random.random() < 0.4 else _width(random)
        if shared is not None and shared.shape == (x.shape[-1], n) and random.random() < 0.6:
            W = shared
        else:
            W = networks.parameter(f"W{layer}", x.shape[-1], n)
        if W.shape[0] == W.shape[1]:
            shared = W
        y = x @ W
        if random.random() < 0.4:
            y = y + networks.parameter(f"b{layer}", n)
        if not last:
            choice = random.choice(["linear", "relu", "abs", "square", "gelu", "rms", "layer", "cube"])
            if choice in ("relu", "abs", "gelu"):
                y = getattr(y, choice)()
            elif choice in ("square", "cube"):
                y = y ** (2 if choice == "square" else 3)
            elif choice == "rms" and n > 1:
                y = y.rms_norm() * networks.parameter(f"g{layer}", n)
            elif choice == "layer" and n > 2:
                y = y.layer_norm() * networks.parameter(f"g{layer}", n) + networks.parameter(f"c{layer}", n)
        if y.shape == x.shape and random.random() < 0.4:
            y = x + y
        x = y
    return networks.custom(x)


def _heads(random):
    d, h, k, tokens = _width(random), int(random.integers(1, 3)), int(random.integers(1, 4)), 2
    x = networks.input(tokens, d)
    if d > 2 and random.random() < 0.4:
        x = x.rms_norm() * networks.parameter("g", d)
    Q, K = networks.parameter("Q", d, h * k), networks.parameter("K", d, h * k)
    if random.random() < 0.3:
        K = Q

    def split(y):
        return y.reshape(tokens, h, k).transpose(1, 0, 2)
    weights = networks.contract("hti,hui->htu", split(x @ Q), split(x @ K)).softmax()
    V, O = networks.parameter("V", d, h * k), networks.parameter("O", h * k, d)
    mixed = networks.contract("htu,huj->htj", weights, split(x @ V)).transpose(1, 0, 2).reshape(tokens, h * k)
    return networks.custom(mixed @ O if random.random() < 0.5 else x + mixed @ O)


def _bilinear(random):
    a, b, r, n = (_width(random) for _ in range(4))
    x, y = networks.input(a), networks.input(b, name="y")
    left, right = x @ networks.parameter("A", a, r), y @ networks.parameter("B", b, r)
    return networks.custom((left * right) @ networks.parameter("C", r, n))


def _convolution(random):
    c, d, e = (int(random.integers(1, 4)) for _ in range(3))
    return networks.convolutional(
        [c, d, e],
        size=int(random.integers(3, 5)),
        kernel=2,
        bias=bool(random.random() < 0.5),
        activation=str(random.choice(["relu", "linear", "gelu"])),
    )


def _gated(random):
    d, h, p = (_width(random) for _ in range(3))
    return networks.gated(d, h, p, gate=str(random.choice(["silu", "relu"])))


def dense_rank(net, loss):
    """Return the rank of random Lie words of the exact reading at one random point: nothing is taken apart."""
    response, generator = net.response(loss or "least-squares"), np.random.default_rng(7)
    point = generator.integers(1, PRIME, net.dimension)
    return word_rank(response, point, net.dimension, generator, PRIME)


def same_space(width, net, loss):
    """Say whether the laws of the families, with products of linear ones, span the polynomial laws of degree two that
    the dense route finds, or all but functions of them (`1, 2, 1`: the determinant of both layers); ``None`` where the
    families do not list all."""
    listed = width.polynomials(10**6)
    if listed is None:
        return None
    linear = [law for law in listed if max(map(len, law)) == 1]
    listed = listed + [_product(a, b) for i, a in enumerate(linear) for b in linear[i:]]
    found = conservation_laws(net, loss=loss, degree=2, algorithm="modular", seed=1, real=False).laws
    dense = [{tuple(i for i, n in enumerate(exponents) for _ in range(int(n))): Fraction(str(value))
              for exponents, value in law.dict().items()} for law in found]
    places = {monomial: i for i, monomial in enumerate(sorted({m for law in (*listed, *dense) for m in law}))}

    def rows(laws):
        out = np.zeros((len(laws), max(1, len(places))), dtype=np.int64)
        for row, law in zip(out, laws):
            for monomial, value in law.items():
                row[places[monomial]] = value.numerator * pow(value.denominator, -1, PRIME) % PRIME
        return out
    ranks = [rank(rows(laws), PRIME) if laws else 0 for laws in (listed, dense, listed + dense)]
    if ranks[0] < ranks[1] == ranks[2]:
        point = np.random.default_rng(7).integers(1, PRIME, net.dimension)
        ranks = [rank(jacobian(laws, net.dimension, point, PRIME), PRIME) if laws else 0 for laws in (listed, dense)]
    return len(set(ranks)) == 1


def _product(one, other):
    out = {}
    for a, x in one.items():
        for b, y in other.items():
            key = tuple(sorted(a + b))
            out[key] = out.get(key, 0) + x * y
    return {key: value for key, value in out.items() if value}


def random_norms(seed):
    """Return a random stack of normalisations with gains, linear layers, gates and residual branches."""
    random, P = np.random.default_rng(seed), networks.parameter
    inputs, d = (int(n) for n in random.integers(2, 4, 2))
    h = networks.input(inputs) @ P("E", inputs, d)
    for layer in range(int(random.integers(1, 3))):
        z = getattr(h, str(random.choice(["rms_norm", "layer_norm"])))() * P(f"g{layer}", d)
        kind, m = random.choice(["linear", "perceptron", "branch", "gated"]), int(random.integers(2, 4))
        if kind == "linear":
            h, d = z @ P(f"W{layer}", d, m), m
            continue
        inside = z @ P(f"U{layer}", d, m)
        inside = inside.silu() * (z @ P(f"G{layer}", d, m)) if kind == "gated" else inside.relu()
        written = inside @ P(f"V{layer}", m, d)
        h = written if kind == "perceptron" else h + written
    if random.random() < 0.6:
        h = h.rms_norm() * P("g", d)
    return networks.custom(h @ P("O", d, int(random.integers(1, 4))))
