"""
Real networks written out in plain PyTorch, double precision; they share nothing with the package's graphs.

Each builder returns the shapes of its parameters by name, the shape of an input, and the function of parameters and
input.  Norms are written out: PyTorch's nested forward derivative of its fused layer norm is wrong in the gain.
"""
import math

import torch

ACTIVATIONS = {
    "relu": torch.relu,
    "leaky relu": lambda z: torch.where(z > 0, z, 0.01 * z),
    "abs": torch.abs,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "gelu": lambda z: z * 0.5 * (1 + torch.erf(z / math.sqrt(2))),
    "silu": lambda z: z * torch.sigmoid(z),
    "softplus": lambda z: torch.log1p(torch.exp(z)),
    "linear": lambda z: z,
    "z^2": lambda z: z * z,
    "z^3": lambda z: z * z * z,
}


def rms(z):
    return z / torch.sqrt((z * z).mean(-1, keepdim=True))


def layer(z):
    # A single entry is its own mean: zero, as with any eps inside the root.  Two are 1 and -1, with no derivative; the
    # formula leaves rounding.
    if z.shape[-1] <= 2:
        return z * 0 if z.shape[-1] == 1 else torch.sign(z - z.mean(-1, keepdim=True))
    return rms(z - z.mean(-1, keepdim=True))


def batch(z):
    return layer(z.transpose(-1, -2)).transpose(-1, -2)


NORMS = {"rms": rms, "layer": layer, "batch": batch}


def perceptron(widths, activation="relu", bias=False):
    shapes = {}
    for i, (a, b) in enumerate(zip(widths, widths[1:]), start=1):
        shapes[f"U{i}"] = (a, b)
        if bias and i < len(widths) - 1:
            shapes[f"b{i}"] = (b,)
    act = ACTIVATIONS[activation]

    def f(p, x):
        for i in range(1, len(widths)):
            x = x @ p[f"U{i}"]
            if i < len(widths) - 1:
                x = act(x + p[f"b{i}"] if bias else x)
        return x
    return shapes, (widths[0],), f


def product(n):
    def f(p, x):
        out = p["x1"]
        for i in range(2, n + 1):
            out = out * p[f"x{i}"]
        return out
    return {f"x{i}": (1,) for i in range(1, n + 1)}, None, f


def nmf(n, r, m):
    return {"U": (n, r), "V": (r, m)}, None, lambda p, x: p["U"] @ p["V"]


def icnn(d, h, p_, bias=False):
    shapes = {"V": (d, h), **({"b": (h,)} if bias else {}), "U": (h, p_)}
    return shapes, (d,), lambda p, x: torch.relu(x @ p["V"] + (p["b"] if bias else 0)) @ p["U"]


def gate_unit(p, x, gate, i=""):
    return (ACTIVATIONS[gate](x @ p[f"gate{i}"]) * (x @ p[f"up{i}"])) @ p[f"down{i}"]


def gated(d, h, m, gate="silu"):
    return {"gate": (d, h), "up": (d, h), "down": (h, m)}, (d,), lambda p, x: gate_unit(p, x, gate)


def mixture(d, h, n, m, gate="softmax", active=2):
    shapes = {"router": (d, n)}
    for i in range(1, n + 1):
        shapes |= {f"gate{i}": (d, h), f"up{i}": (d, h), f"down{i}": (h, m)}

    def f(p, x):
        z = x @ p["router"]
        chosen = (z >= torch.topk(z, active).values[..., -1:]).double().detach()
        w = chosen * (torch.exp(z) if gate == "softmax" else torch.sigmoid(z))
        w = w if gate == "sigmoid" else w / w.sum(-1, keepdim=True)
        return sum(w[i - 1] * gate_unit(p, x, "silu", i) for i in range(1, n + 1))
    return shapes, (d,), f


def normalised(a, q, m, norm="layer", gain=True, bias=None, samples=3):
    bias = norm != "rms" if bias is None else bias
    shapes = {"W": (a, q), **({"g": (q,)} if gain else {}), **({"b": (q,)} if bias else {}), "U": (q, m)}

    def f(p, x):
        y = NORMS[norm](x @ p["W"])
        y = y * p["g"] if gain else y
        return (y + p["b"] if bias else y) @ p["U"]
    return shapes, (a,) if norm != "batch" else (samples, a), f


def attend(p, x, heads, k, causal=False, bias=False, rotary=False):
    t = x.shape[0]

    def part(name):
        z = x @ p[name] + (p[f"b{name}"] if bias else 0)
        return z.reshape(t, heads, k).transpose(0, 1)
    q, key, v = part("Q"), part("K"), part("V")
    if rotary:
        angle = torch.arange(1, t + 1, dtype=torch.float64)[:, None] * 10000.0 ** (
            -2 * torch.arange(k // 2, dtype=torch.float64) / k
        )

        def turn(z):
            z = z.reshape(heads, t, k // 2, 2)
            a, b, c, s = z[..., 0], z[..., 1], torch.cos(angle), torch.sin(angle)
            return torch.stack([c * a + s * b, c * b - s * a], -1).reshape(heads, t, k)
        q, key = turn(q), turn(key)
    w = torch.exp(q @ key.transpose(-1, -2))
    if causal:
        w = w * torch.tril(torch.ones(t, t, dtype=torch.float64))
    w = w / w.sum(-1, keepdim=True)
    return (w @ v).transpose(0, 1).reshape(t, heads * k) @ p["O"]


def attention(d, k, heads=1, tokens=2, causal=False, bias=False, rotary=False):
    shapes = {}
    for name in "QKV":
        shapes[name] = (d, heads * k)
        if bias:
            shapes[f"b{name}"] = (heads * k,)
    shapes["O"] = (heads * k, d)
    return shapes, (tokens, d), lambda p, x: attend(p, x, heads, k, causal, bias, rotary)


def transformer_block(d, h, heads=1, norm="layer", mlp="gelu", tokens=2, causal=False):
    gains = {"layer": lambda i: {f"g{i}": (d,), f"b{i}": (d,)}, "rms": lambda i: {f"g{i}": (d,)}, "none": lambda i: {}}[
        norm
    ]
    shapes = gains(1) | {name: (d, d) for name in "QKVO"} | gains(2)
    shapes |= {"gate": (d, h), "up": (d, h), "down": (h, d)} if mlp == "swiglu" else {"up": (d, h), "down": (h, d)}

    def normal(p, x, i):
        if norm == "none":
            return x
        y = NORMS[norm](x) * p[f"g{i}"]
        return y + p[f"b{i}"] if norm == "layer" else y

    def f(p, x):
        x = x + attend(p, normal(p, x, 1), heads, d // heads, causal)
        z = normal(p, x, 2)
        return x + (gate_unit(p, z, "silu") if mlp == "swiglu" else ACTIVATIONS[mlp](z @ p["up"]) @ p["down"])
    return shapes, (tokens, d), f


def convolutional(channels, size=4, kernel=2, activation="relu", bias=False):
    shapes = {}
    for i, (a, b) in enumerate(zip(channels, channels[1:]), start=1):
        shapes[f"U{i}"] = (b, a, kernel)
        if bias and i < len(channels) - 1:
            shapes[f"b{i}"] = (b,)

    def f(p, x):
        for i in range(1, len(channels)):
            x = x.unfold(-1, kernel, 1)
            x = torch.einsum("cpk,ock->op", x, p[f"U{i}"])
            if i < len(channels) - 1:
                x = ACTIVATIONS[activation](x + p[f"b{i}"][:, None] if bias else x)
        return x
    return shapes, (channels[0], size), f
