"""
A test oracle that shares nothing with the graphs: real networks in plain PyTorch, their gradients and brackets by
automatic differentiation.

``python tests/real/oracle.py`` compares numbers and laws of all architectures and flows, one line each, and exits with
1 if any disagrees; with a number it takes only every so many-th.  Ranks are numerical here: the oracle proves nothing,
and nothing that is proved rests on it.
"""
import itertools
import math
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch.func import grad, jvp, vmap

sys.path.insert(0, str(Path(__file__).parent))

import plain  # noqa: E402  (beside this file)

from sage_conslaw import conservation_laws, flows, networks  # noqa: E402

# Singular values below this part of the largest count as zero; rounding leaves 1e-15 times the cancellation in
# brackets.
TOLERANCE = 1e-9

NOISE = 1e-11

SAMPLES = 3
POINTS = 12
LONGEST = 5


def flat(shapes):
    """Return the places of the parameters in one vector."""
    out, start = {}, 0
    for name, shape in shapes.items():
        size = math.prod(shape)
        out[name] = (start, start + size, shape)
        start += size
    return out, start


def fields(case):
    """Return the dimension of the state, its control field of (state, input, covector) and its drift or ``None``."""
    shapes, _, f = case["net"]
    places, D = flat(shapes)

    def split(theta):
        return {name: theta[a:b].reshape(shape) for name, (a, b, shape) in places.items()}

    def paired(theta, x, c):
        return (f(split(theta), x) * c).sum()
    metric = case.get("metric", lambda theta: torch.ones_like(theta))
    flow, tau = case.get("flow", "gradient"), case.get("tau", 0.0)

    def gradient(theta, x, c):
        return metric(theta) * grad(paired)(theta, x, c)
    if flow == "gradient":
        return D, gradient, None
    if flow == "decay":
        return (
            D + 1,
            lambda z, x, c: torch.cat([z[:1] * 0, gradient(z[1:], x, c)]),
            lambda z: torch.cat([z[:1] * 0 + 1, -z[1:]]),
        )

    def control(z, x, c):
        return torch.cat([z[:1 + D] * 0, gradient(z[1:1 + D], x, c)])

    def drift(z):
        rate = 3 / z[:1] if flow == "nesterov" else tau
        return torch.cat([z[:1] * 0 + 1, z[1 + D:], -rate * z[1 + D:]])
    return 2 * D + 1, control, drift


def word(control, drift, length):
    """Return the function of (state, letters) that is a bracket of so many random letters."""
    def letter(z, x, c, weight):
        value = control(z, x, c)
        return value if drift is None else value + weight * drift(z)

    def build(z, letters):
        x, c, weight = (part[0] for part in letters)
        first = lambda y: letter(y, x, c, weight)  # noqa: E731  (a field with its data)
        if letters[0].shape[0] == 1:
            return first(z)
        rest = lambda y: build(y, [part[1:] for part in letters])  # noqa: E731
        return jvp(rest, (z,), (first(z),))[1] - jvp(first, (z,), (rest(z),))[1]
    return build


def rank(rows):
    """Return the numerical rank of rows, each of which counts by its direction."""
    lengths = rows.norm(dim=1)
    rows = rows[lengths > 0] / lengths[lengths > 0][:, None]
    if not len(rows):
        return 0
    singular = torch.linalg.svdvals(torch.linalg.qr(rows).R if len(rows) > rows.shape[1] else rows)
    return int((singular > TOLERANCE).sum())


def draws(case, number, length, generator):
    """Return inputs, covectors and weights for words."""
    shapes, shape, f = case["net"]
    probe = {name: torch.rand(size, dtype=torch.float64, generator=generator) for name, size in shapes.items()}
    sizes = torch.tensor([0.3, 1.0, 3.0], dtype=torch.float64)[
        torch.randint(0, 3, (number, length), generator=generator)
    ]
    inside = shape if shape is not None else (1,)
    x = torch.randn((number, length, *inside), dtype=torch.float64, generator=generator) * sizes.reshape(
        number, length, *(1,) * len(inside)
    )
    output = f(probe, x[0, 0]).shape
    c = torch.randn((number, length, *output), dtype=torch.float64, generator=generator)
    if case.get("loss") == "cross-entropy":
        c = c - c.mean(-1, keepdim=True)
    return x, c, torch.randn((number, length), dtype=torch.float64, generator=generator)


def lie_rank(case, seed):
    """Return the numerical rank of the Lie algebra of the real fields at a random point, and whether longer words than
    those tried may add to it."""
    generator = torch.Generator().manual_seed(seed)
    N, control, drift = fields(case)
    z = torch.randn(N, dtype=torch.float64, generator=generator)
    if case.get("positive"):
        z = z.abs() + 0.1
    elif drift is not None:
        z[0] = z[0].abs() + 0.5
    rows, ranks = torch.zeros((0, N), dtype=torch.float64), []
    for length in range(1, LONGEST + 1):
        letters = draws(case, SAMPLES * N + 40, length, generator)
        values = vmap(lambda *parts: word(control, drift, length)(z, parts))(*letters).detach()
        # A bracket that is small against the product of its letters is rounding.
        sizes = (
            torch.stack(
                [
                    vmap(lambda *parts: word(control, drift, 1)(z, parts))(
                        *(part[:, i : i + 1] for part in letters)
                    ).norm(dim=1)
                    for i in range(length)
                ]
            )
            .prod(0)
            .detach()
        )
        rows = torch.cat([rows, values[values.norm(dim=1) > NOISE * sizes]])
        ranks.append(rank(rows))
        if ranks[-1] == N or ranks[-2:] == [ranks[-1]] * 2:
            return ranks[-1], False
    return ranks[-1], True


def laws_hold(case, result, seed):
    """Return the largest derivative of a law along a real field, relative to the sizes of both."""
    generator = torch.Generator().manual_seed(seed)
    N, control, drift = fields(case)
    names = result.problem.family.names
    at = {name: i for i, name in enumerate(names)}
    z = torch.rand(N, dtype=torch.float64, generator=generator) + 0.5
    x, c, _ = draws(case, 20, 1, generator)
    rows = vmap(lambda x, c: control(z, x, c))(x[:, 0], c[:, 0]).detach()
    worst = 0.0
    for law in result.terms:
        slope = torch.zeros(N, dtype=torch.float64)
        for monomial, value in law.items():
            for i in set(monomial):
                rest = list(monomial)
                rest.remove(i)
                slope[i] += monomial.count(i) * float(value) * math.prod(float(z[j]) for j in rest)
        worst = max(worst, float(((rows @ slope).abs() / (rows.norm(dim=1) * slope.norm() + 1e-30)).max()))
    return worst if at else 0.0


def compare(case):
    """Return what disagrees, in words, and what the result says."""
    options = {} if "loss" not in case else {"loss": case["loss"]}
    if "sage_flow" in case:
        options["flow"] = case["sage_flow"]
    result = conservation_laws(case["build"](), seed=1, **options)
    wrong = []
    shapes, shape, f = case["net"]
    given = {name: tuple(size) for name, size in result.problem.shapes}
    if given != {name: tuple(size) for name, size in shapes.items()}:
        return ["the parameters are not the same"], result, None
    # The order of the package: that of its graph.
    case = {**case, "net": (given, shape, f)}
    N = fields(case)[0]
    best, open_ = max(lie_rank(case, seed) for seed in range(1 if case.get("analytic", True) else POINTS))
    number = N - best
    if case.get("flow", "gradient") == "gradient" and laws_hold(case, result, 5) > 1e-9:
        wrong.append("a law does not hold")
    if not result.laws_at_least <= number:
        wrong.append(f"{result.laws_at_least} laws at least, the real network has {number}")
    if open_:
        # Words of more letters may add to the rank: the number is an upper bound.
        return wrong, result, number
    if number > result.number:
        wrong.append(f"{result.number} laws at most, the real network has {number}")
    if result.status == "proved" and result.assumption == "none" and number != result.number:
        wrong.append(f"{result.number} laws proved, the real network has {number}")
    return wrong, result, number


def add(out, name, build, net, **more):
    out.append({"name": name, "build": build, "net": net, **more})


def architectures():
    """Return all cases, as dictionaries."""
    out, n = [], networks
    for w in (
        [2, 2],
        [3, 1],
        [2, 1, 2],
        [2, 2, 2],
        [3, 2, 1],
        [2, 3, 2],
        [1, 2, 2, 1],
        [2, 2, 2, 2],
        [3, 2, 3],
        [1, 3, 1],
        [4, 2, 3],
        [2, 4, 2],
    ):
        add(out, f"linear {w}", lambda w=w: n.linear(w), plain.perceptron(w, "linear"))
        if len(w) == 3:
            add(
                out,
                f"linear {w} cross-entropy",
                lambda w=w: n.linear(w),
                plain.perceptron(w, "linear"),
                loss="cross-entropy",
            )
    for w in ([1, 2, 1], [2, 2, 1], [2, 3, 2], [3, 3, 2], [1, 4, 1], [2, 2, 2, 1], [2, 3, 3, 2], [3, 4, 2], [2, 1, 2]):
        for bias in (False, True):
            for act in ("relu", "leaky relu", "abs"):
                if act == "relu" or len(w) == 3:
                    build = (lambda w=w, bias=bias: n.relu(w, bias=bias)) if act == "relu" else \
                        (lambda w=w, bias=bias, act=act: n.perceptron(w, activation=act, bias=bias))
                    add(out, f"{act} {w} bias={bias}", build, plain.perceptron(w, act, bias), analytic=False)
    for w in ([1, 2, 1], [2, 2, 1], [2, 3, 2]):
        for act in ("gelu", "silu", "tanh", "sigmoid", "softplus", "z^2", "z^3"):
            for bias in (False, True):
                add(
                    out,
                    f"{act} {w} bias={bias}",
                    lambda w=w, act=act, bias=bias: n.perceptron(w, activation=act, bias=bias),
                    plain.perceptron(w, act, bias),
                )
    for s in ((1, 1, 1), (2, 2, 2), (1, 3, 1), (2, 1, 3), (3, 2, 2)):
        add(out, f"nmf {s}", lambda s=s: n.nmf(*s), plain.nmf(*s), metric=lambda theta: theta, positive=True)
    for s in ((2, 2, 1), (1, 2, 1), (3, 2, 2)):
        for bias in (False, True):
            d, h, p = s
            size = d * h + h * bias
            mask = torch.cat([torch.zeros(size), torch.ones(h * p)]).double()
            add(
                out,
                f"icnn {s} bias={bias}",
                lambda s=s, bias=bias: n.icnn(*s, bias=bias),
                plain.icnn(*s, bias),
                analytic=False,
                metric=lambda theta, mask=mask: mask * theta.abs() + (1 - mask),
            )
    for s in ((2, 1, 2), (2, 2, 1), (3, 2, 2)):
        for gate in ("silu", "gelu", "sigmoid", "linear", "relu"):
            add(
                out,
                f"gated {s} {gate}",
                lambda s=s, gate=gate: n.gated(*s, gate=gate),
                plain.gated(*s, gate),
                analytic=gate != "relu",
            )
    for gate, active in (
        ("softmax", 2),
        ("softmax", 1),
        ("sigmoid", 2),
        ("normalised sigmoid", 2),
        ("normalised sigmoid", 1),
        ("sigmoid", 1),
    ):
        for s in ((2, 1, 2, 2), (2, 1, 3, 1)):
            add(
                out,
                f"mixture {s} {gate} {active}",
                lambda s=s, gate=gate, active=active: n.mixture(s[0], s[1], s[2], s[3], gate=gate, active=active),
                plain.mixture(*s, gate, active),
                analytic=False,
            )
    for s in ((1, 3, 1), (2, 3, 1), (2, 1, 2), (2, 3, 2), (2, 4, 1), (3, 3, 2)):
        for norm in ("rms", "layer", "batch"):
            for gain in (True, False):
                add(
                    out,
                    f"normalised {s} {norm} gain={gain}",
                    lambda s=s, norm=norm, gain=gain: n.normalised(*s, norm=norm, gain=gain),
                    plain.normalised(*s, norm, gain),
                )
    for s, o in (
        ((2, 1), {}),
        ((3, 1), {}),
        ((2, 2), {"rotary": True}),
        ((2, 1), {"causal": True}),
        ((2, 1), {"heads": 2}),
        ((3, 2), {}),
        ((2, 1), {"bias": True}),
        ((2, 1), {"tokens": 3}),
    ):
        add(out, f"attention {s} {o}", lambda s=s, o=o: n.attention(*s, **o), plain.attention(*s, **o))
    for s, o in (((2, 1), {}), ((2, 2), {"norm": "rms"}), ((2, 1), {"norm": "none", "mlp": "swiglu"})):
        add(
            out,
            f"transformer_block {s} {o}",
            lambda s=s, o=o: n.transformer_block(*s, **o),
            plain.transformer_block(*s, **o),
        )
    for c in ([1, 1, 1], [1, 2, 1], [2, 1, 2]):
        for act in ("relu", "gelu"):
            add(
                out,
                f"convolutional {c} {act}",
                lambda c=c, act=act: n.convolutional(c, activation=act),
                plain.convolutional(c, activation=act),
                analytic=act != "relu",
            )
    seconds = (
        ("momentum", 0.0, flows.momentum()),
        ("momentum", 1.0, flows.momentum(tau=1)),
        ("nesterov", 0.0, flows.nesterov()),
        ("decay", 0.0, flows.weight_decay(1)),
    )
    for flow, tau, sage_flow in seconds:
        for w, act in (([1, 1, 1], "linear"), ([2, 1, 1], "linear"), ([1, 2, 1], "tanh"), ([2, 2, 1], "relu")):
            build = {"linear": lambda w=w: n.linear(w), "relu": lambda w=w: n.relu(w)}.get(
                act, lambda w=w, act=act: n.perceptron(w, activation=act)
            )
            add(
                out,
                f"{act} {w} {flow} {tau}",
                build,
                plain.perceptron(w, act),
                flow=flow,
                tau=tau,
                sage_flow=sage_flow,
                analytic=act != "relu",
            )
    return out


def other_sizes():
    """Return families of the cases that a model of the network once counted wrong, at other sizes."""
    out, n = [], networks
    for s in itertools.product((1, 2, 3), (1, 2, 3), (1, 2)):
        for norm, gain in itertools.product(("rms", "layer"), (True, False)):
            add(
                out,
                f"other normalised {s} {norm} gain={gain}",
                lambda s=s, norm=norm, gain=gain: n.normalised(*s, norm=norm, gain=gain),
                plain.normalised(*s, norm, gain),
            )
    for p, h, m in itertools.product((1, 2), (1, 2, 3), (1, 2)):
        for act, bias in itertools.product(("relu", "leaky relu", "abs", "tanh"), (False, True)):
            add(
                out,
                f"other {act} {(p, h, m)} bias={bias}",
                lambda w=(p, h, m), bias=bias, act=act: n.perceptron(list(w), activation=act, bias=bias),
                plain.perceptron([p, h, m], act, bias),
                analytic=act == "tanh",
            )
    for w in ([1, 2, 2, 1], [1, 1, 2, 1], [2, 1, 2, 1], [2, 2, 1, 2]):
        add(out, f"other relu {w}", lambda w=w: n.relu(w), plain.perceptron(w, "relu", False), analytic=False)
    for gate, active in (("softmax", 1), ("sigmoid", 2), ("normalised sigmoid", 1), ("sigmoid", 1)):
        for s in ((1, 1, 2, 1), (1, 2, 2, 1), (2, 1, 2, 1)):
            add(
                out,
                f"other mixture {s} {gate} {active}",
                lambda s=s, gate=gate, active=active: n.mixture(*s, gate=gate, active=active),
                plain.mixture(*s, gate, active),
                analytic=False,
            )
    return out


def main(step=1):
    """Compare all cases and print one line each."""
    cases, failed, kinds = (architectures() + other_sizes())[::step], 0, {}
    for case in cases:
        start = time.perf_counter()
        wrong, result, number = compare(case)
        failed += bool(wrong)
        kind = f"{result.status}, {result.assumption}"
        kinds[kind] = kinds.get(kind, 0) + 1
        print(
            f"{case['name']:<45} {result.laws_at_least:>3} to {result.number:>3}  real {number}  "
            f"{kind:<14} {time.perf_counter() - start:5.1f} s  "
            f"{'; '.join(wrong) or 'agrees'}",
            flush=True,
        )
    print(
        f"{len(cases) - failed} of {len(cases)} agree; "
        + ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    )
    return 1 if failed else 0


if __name__ == "__main__":
    np.seterr(all="ignore")
    torch.set_num_threads(1)
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1))
