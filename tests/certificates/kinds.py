"""Certificates of every kind, small: what the tests of the checkers and the mutations start from."""
import functools
import importlib.util
import json

from sage_conslaw import VectorFieldFamily, conservation_laws, flows, networks
from sage_conslaw.certificates.record import growth_certificate, wide_certificate
from sage_conslaw.expressions.polynomials import parse_polynomials
from sage_conslaw.flows.problem import problem


def _system(variables, drift=None, controls=(), parameters=()):
    names = [*parameters, *variables]
    fields = [
        [{} for _ in parameters] + parse_polynomials(list(field), names)[1]
        for field in ([drift] if drift else []) + list(controls)
    ]
    family = VectorFieldFamily.from_terms(names, fields[0] if drift else None, fields[1:] if drift else fields)
    family.constants = tuple(range(len(parameters)))
    return family


def _masked():
    x, W, V = networks.input(2), networks.parameter("W", 2, 3), networks.parameter("V", 3, 1)
    return networks.custom((x @ W).softmax(mask=[1, 1, 0]) @ V, positive=["V"])


def _gate_of_parameters():
    x, W, b = networks.input(2), networks.parameter("W", 2, 2), networks.parameter("b", 2)
    return networks.custom((x @ W + b).relu() @ networks.parameter("V", 2, 1))


def _two_layers():
    x, W, U = networks.input(2, 3), networks.parameter("W", 3, 4), networks.parameter("U", 4, 3)
    return networks.custom((x @ W + networks.parameter("b", 4)).relu() @ U)


def _one_to_one():
    x = networks.input(1)
    for number, shape in enumerate([(1, 2), (2, 2), (2, 1)]):
        x = x @ networks.parameter(f"W{number}", *shape)
    return networks.custom(x)


def _torch(*layers):
    """Return the network of layers of PyTorch, given by name and arguments, on inputs of two numbers."""
    import torch
    return networks.from_torch(torch.nn.Sequential(*(getattr(torch.nn, name)(*a) for name, *a in layers)),
                               (torch.zeros(1, 2),))


PROBLEMS = {
    "product": (lambda: networks.product(2), {}),
    "linear": (lambda: networks.linear([2, 2, 1]), {}),
    "relu with bias": (lambda: networks.relu([1, 2, 1], bias=True), {}),
    "cross-entropy": (lambda: networks.linear([1, 1, 2]), {"loss": "cross-entropy"}),
    "momentum": (lambda: networks.linear([2, 2, 1]), {"flow": flows.momentum()}),
    "momentum, one law": (lambda: networks.linear([1, 2, 1]), {"flow": flows.momentum()}),
    "momentum, tau = 1/2": (lambda: networks.product(2), {"flow": flows.momentum("1/2")}),
    "nesterov": (lambda: networks.linear([1, 2, 1]), {"flow": flows.nesterov()}),
    "symbolic tau": (lambda: networks.product(2), {"flow": flows.momentum("tau")}),
    "tau of time": (lambda: networks.product(2), {"flow": flows.momentum("t/(t^2+2)")}),
    "nmf": (lambda: networks.nmf(1, 2, 2), {}),
    "nmf, momentum": (lambda: networks.nmf(1, 1, 2), {"flow": flows.momentum(1)}),
    "icnn, nesterov": (lambda: networks.icnn(1, 1, 1, bias=True), {"flow": flows.nesterov()}),
    "weight decay": (lambda: networks.linear([1, 2, 1]), {"flow": flows.weight_decay("1/3")}),
    "decay and momentum": (lambda: networks.product(2), {"flow": flows.weight_decay("1/2", flows.momentum(1))}),
    "mirror": (lambda: networks.linear([1, 1, 2]), {"flow": flows.gradient(metric="mirror")}),
    "own metric": (lambda: ["u*v"], {"flow": flows.gradient(metric=[["1", "u"], ["0", "1/v"]])}),
    "phi": (lambda: ["x^2*y*z"], {}),
    "system": (lambda: _system("xyz", ["y*z", "x*z", "x*y"]), {}),
    "system with parameters": (lambda: _system("xyz", ["a*y*z", "b*x*z", "x*y"], parameters="ab"), {}),
    "controls": (lambda: _system("xyz", None, [["1", "0", "y"], ["0", "1", "-x"]]), {}),
    "no law": (lambda: networks.perceptron([1, 1, 1], activation="gelu"), {}),
    "incomplete": (lambda: networks.linear([1, 2, 2, 1]), {}),
    "attention": (lambda: networks.attention(1, 1, causal=True, tokens=3), {}),
    "gated": (lambda: networks.gated(1, 2), {}),
    "normalised": (lambda: networks.normalised(1, 3, 1, norm="rms"), {}),
    "layer norm": (lambda: networks.normalised(1, 3, 1), {}),
    "convolutional": (lambda: networks.convolutional([1, 1, 1], size=3), {}),
    "real, two patterns": (lambda: networks.relu([1, 3, 1]), {}),
    "real, momentum": (lambda: networks.relu([1, 1, 1], bias=True), {"flow": flows.momentum()}),
    "real, leaky": (lambda: networks.perceptron([2, 1, 2], activation="leaky relu"), {}),
    "span": (lambda: networks.relu([2, 2, 1]), {"real": False}),
    "polynomial": (lambda: networks.lora([2, 1], rank=1), {}),
    "custom": (_gate_of_parameters, {}),
    "custom, positive": (_masked, {}),
}

# Modules of PyTorch, where it is installed.
TORCH = {
    "torch": (lambda: _torch(("Linear", 2, 2), ("ReLU",), ("Linear", 2, 1)), {}),
    "torch, norm": (lambda: _torch(("LayerNorm", 2), ("Linear", 2, 1), ("Tanh",)), {}),
    "torch, cross-entropy": (lambda: _torch(("Linear", 2, 2), ("PReLU",), ("Linear", 2, 2), ("LogSoftmax", -1)),
                             {"loss": "cross-entropy"}),
    "torch, momentum": (lambda: _torch(("Linear", 2, 1, False), ("Linear", 1, 2, False)),
                        {"flow": flows.momentum(1)}),
}
if importlib.util.find_spec("torch"):
    PROBLEMS |= TORCH


# Certificates at any width, here of small ones: architecture, sizes, options and loss.
WIDE = {
    "wide relu": ("relu", [3, 4, 2, 2], {"bias": 1}, "least-squares"),
    "wide relu, cross-entropy": ("relu", [2, 5, 3], {}, "cross-entropy"),
    "wide linear": ("linear", [5, 4, 3], {}, "least-squares"),
    "wide linear, floating": ("linear", [2, 4, 3, 2], {}, "least-squares"),
    "wide linear, cross-entropy": ("linear", [4, 3, 4], {}, "cross-entropy"),
}


# Networks that are proved by growth, here small ones.
GROWTH = {
    "growth, adapter": (lambda: networks.lora([4, 5], rank=3), "least-squares"),
    "growth, gated": (lambda: networks.gated(3, 3), "least-squares"),
    "growth, gelu with bias": (lambda: networks.perceptron([3, 4, 3], activation="gelu", bias=True), "cross-entropy"),
    "growth, norm": (lambda: networks.normalised(3, 4, 3), "least-squares"),
    "growth, convolutional": (lambda: networks.convolutional([3, 3, 2], size=3, kernel=2), "least-squares"),
    "growth, attention": (lambda: networks.attention(3, 3, causal=True, tokens=3), "least-squares"),
    "growth, custom": (_two_layers, "cross-entropy"),
    "growth, open": (_one_to_one, "least-squares"),
}


def growth(build, loss, seed=3):
    """Return the certificate by growth of a network, whatever its size."""
    return json.loads(json.dumps(growth_certificate(problem(build(), loss=loss), seed, False)))


def wide(architecture, sizes, options, loss, seed=3):
    """Return the certificate at any width of a layered network."""
    flow = {"name": "gradient", "decay": "0", "metric": "euclidean"}
    problem = {"kind": "network", "architecture": architecture, "sizes": sizes, "options": options, "loss": loss,
               "flow": flow}
    return json.loads(json.dumps(wide_certificate(problem, seed)))


@functools.lru_cache(maxsize=None)
def _written(name, seed):
    if name in GROWTH:
        return json.dumps(growth(*GROWTH[name], seed))
    if name in WIDE:
        return json.dumps(wide(*WIDE[name], seed))
    build, options = PROBLEMS[name]
    return json.dumps(conservation_laws(build(), seed=seed, **options).certificate())


def certificate(name, seed=3):
    """Return the certificate of one kind, through JSON, as a file would be."""
    return json.loads(_written(name, seed))
