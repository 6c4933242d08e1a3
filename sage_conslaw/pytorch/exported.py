r"""
A module and its example inputs as a list of operations, by ``torch.export``; names and ties of its parameters.

Tied weights are one object under several names: ``wte.weight`` and ``lm_head.weight``.  The first name in the module's
own order stands for all, and the list of ties is kept.  A parameter with ``requires_grad=False`` is a constant, as is a
buffer.
"""
import contextlib
import io
import itertools
import logging
import sys
import traceback
import warnings
from dataclasses import dataclass, field
from unittest.mock import patch

import numpy as np

from ..graph.tensor import Parameter
from ..runtime.errors import InputError, InputTypeError
from .refusals import own_line

# Buffers on the meta device with at most so many entries are drawn as distinct primes: frequencies of positions.
_MOST_PRIMES = 1024


@dataclass
class Program:
    r"""
    The operations of a module: placeholders with their meaning, operations in order, outputs.

    - ``names`` -- the module's name of each parameter that is trained; ``ties`` -- the other names of each
    """

    torch: object
    placeholders: list
    operations: list
    outputs: list
    structure: object
    leaves: dict
    parameters: list
    names: dict
    ties: dict = field(default_factory=dict)
    inputs: dict = field(default_factory=dict)
    # Operations inside of torch.no_grad(), and for each parameter the tensor of the module.
    without_gradient: frozenset = frozenset()
    sources: dict = field(default_factory=dict)

    def leaf(self, node):
        """Return what a placeholder is: a pair of ``"parameter"``, ``"buffer"`` or ``"input"`` and the thing itself."""
        return self.leaves[node]

    def example(self, name):
        """Return the example of an input."""
        return self.inputs[name]


def entry_name(name, taken):
    r"""
    Return a name for the entries of a parameter in polynomials: letters, digits and ``_``; distinct from those taken.
    """
    word = "".join(c if c.isascii() and (c.isalnum() or c == "_") else "_" for c in name).lstrip("_") or "p"
    word = word if word[0].isalpha() else "p" + word
    while word in taken:
        word += "_"
    taken.add(word)
    return word


def exported(model, arguments, keywords):
    """Return the operations of a module on these example inputs."""
    import torch
    _only_gradients(model)
    program, held = _program(torch, model, arguments, keywords)
    signature, nodes = program.graph_signature, list(program.graph.nodes)
    first, ties = _ties(model)
    specs = {spec.arg.name: spec for spec in signature.input_specs if hasattr(spec.arg, "name")}
    placeholders = [node for node in nodes if node.op == "placeholder"]
    leaves, made, taken, names, inputs = {}, {}, set(), {}, {}
    examples = _examples(torch, program, arguments, keywords)
    trained = {name for name, parameter in model.named_parameters() if parameter.requires_grad}
    parameters = dict(model.named_parameters(remove_duplicate=False))
    # All trained parameters, those that no operation uses too: each of their entries is a law by itself.
    for name in first.values():
        if name in trained and name not in made:
            word = entry_name(name, taken)
            made[name], names[name] = Parameter(word, tuple(parameters[name].shape)), word
    for node in placeholders:
        spec = specs.get(node.name)
        kind = spec.kind.name if spec is not None else "USER_INPUT"
        if kind == "PARAMETER" and first[spec.target] in made:
            leaves[node] = "parameter", made[first[spec.target]]
        # A parameter that is not trained is here as well: a constant with the value that it has now.
        elif kind in ("PARAMETER", "BUFFER", "CONSTANT_TENSOR"):
            value = (
                parameters[first[spec.target]] if kind == "PARAMETER" else _buffer(torch, program, model, spec.target)
            )
            leaves[node] = "buffer", _real(torch, value.detach(), spec.target)
        elif kind == "USER_INPUT":
            inputs[node.name] = next(examples)
            if isinstance(inputs[node.name], torch.Tensor) and inputs[node.name].is_complex():
                raise InputError(f"the input {node.name} is complex; give its real and its imaginary part")
            leaves[node] = "input", (node.name, inputs[node.name])
        else:
            raise InputError(
                f"the model takes {node.name}, {kind.lower().replace('_', ' ')}: give a module whose inputs are tensors"
            )
    outputs = [
        spec.arg.name
        for spec in signature.output_specs
        if spec.kind.name == "USER_OUTPUT" and hasattr(spec.arg, "name")
    ]
    by_name = {node.name: node for node in nodes}
    operations = [node for node in nodes if node.op == "call_function" and not _check_only(node)]
    return Program(
        torch,
        placeholders,
        operations,
        [by_name[name] for name in outputs],
        _structure(torch, program),
        leaves,
        list(made.values()),
        names,
        ties,
        inputs,
        frozenset(node for node in operations if held & _provenance(node)),
        {leaf: parameters[name] for name, leaf in made.items()},
    )


def _program(torch, model, arguments, keywords):
    """Run ``torch.export`` on copies of the inputs: the same tensor given twice is two inputs."""
    copy = torch.utils._pytree.tree_map(
        lambda t: t.detach().clone() if isinstance(t, torch.Tensor) else t, (tuple(arguments), dict(keywords))
    )
    config = getattr(model, "config", None)
    cached = getattr(config, "use_cache", None)
    if cached:
        # What a language model keeps for the next token is no output of training.
        config.use_cache = False
    try:
        with _quiet(), _own_backward_refused(torch):
            program = _traced(torch, model, copy)
            # The empty table keeps ``linear`` and ``layer_norm`` whole, which have rules of their own, and takes away
            # writes into tensors: a list of values is what is read.
            return program.run_decompositions({}), _held(program.graph_module)
    except (
        torch._dynamo.exc.UserError,
        torch._dynamo.exc.Unsupported,
        torch.fx.experimental.symbolic_shapes.GuardOnDataDependentSymNode,
        RuntimeError,
        TypeError,
        ValueError,
        IndexError,
        KeyError,
        AttributeError,
        AssertionError,
        NotImplementedError,
    ) as error:
        raise InputError(_unfollowed(model, error)) from None
    finally:
        if cached:
            config.use_cache = cached


def _unfollowed(model, error):
    """Return in one line what ``torch.export`` says, and where in the user's code."""
    first = next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
    place = own_line(str(error)) or own_line("".join(traceback.format_tb(error.__traceback__)))
    return (
        f"torch.export cannot follow {type(model).__name__} on these inputs: {type(error).__name__}: {first[:200]}"
        f"{f' ({place[:120]})' if place else ''}; control flow that depends on data, and inputs that do not fit, are "
        "the usual reasons"
    )


@contextlib.contextmanager
def _quiet():
    """Hold back what PyTorch writes about a model that it cannot follow: the error says it in one line."""
    level, said = logging.root.manager.disable, io.StringIO()
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stderr(said):
            # Versions of PyTorch deprecate parts of themselves that they still use here.
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)
    # What a model writes itself is shown.
    sys.stderr.write(said.getvalue())


def _only_gradients(model):
    """Refuse what makes the steps of a module none of a gradient of its parameters, each of its own real numbers."""
    places, hooked = [], [name or "the model" for name, m in model.named_modules() if m._backward_hooks or
                          m._backward_pre_hooks]
    for name, parameter in model.named_parameters():
        if parameter.is_complex():
            raise InputError(f"the parameter {name} is complex; give its real and its imaginary part as parameters")
        if parameter.requires_grad:
            hooked += [name] if parameter._backward_hooks else []
            # From the first entry to the last one in memory; on the meta device there is no memory to share.
            span = sum((n - 1) * abs(step) for n, step in zip(parameter.shape, parameter.stride())) + 1
            start = parameter.data_ptr() if parameter.numel() and parameter.device.type != "meta" else None
            places += [(start, start + span * parameter.element_size(), name)] if start else []
    if hooked:
        raise InputError(
            f"{', '.join(hooked[:4])}: hooks of the backward pass may change gradients, and what is no gradient has "
            "other laws; remove them (handle.remove()) where they only look"
        )
    places.sort()
    # Neighbours suffice: if i < j overlap, start_{i+1} <= start_j < end_i.  Interleaved views without a common entry
    # are refused too; that loses a model, never a proof.
    for (_, end, name), (start, _, other) in zip(places, places[1:]):
        if start < end:
            # W and nn.Parameter(W.t()): each step moves both, by the sum of two gradients.
            raise InputError(f"{name} and {other} are two parameters in one place of memory; use one parameter twice")


def _changed(*arguments, **keywords):
    raise InputError("a hook on a tensor may change its gradient, and what is no gradient has other laws; remove it")


@contextlib.contextmanager
def _own_backward_refused(torch):
    """Refuse functions with a backward pass of their own: ``torch.export`` keeps the values and drops the slopes."""
    own = torch.autograd.Function.__dict__["apply"]

    def apply(cls, *arguments, **keywords):
        # Reentrant checkpoints are run without gradients.
        if not cls.__module__.startswith("torch.") or cls.__name__ == "CheckpointFunction":
            raise InputError(
                f"{cls.__name__} has a backward pass of its own, which cannot be read; write it with operations of "
                "PyTorch (checkpoint with use_reentrant=False)"
            )
        return own.__func__(cls, *arguments, **keywords)
    with patch.object(torch.autograd.Function, "apply", classmethod(apply)), \
            patch.object(torch.Tensor, "register_hook", _changed):
        yield


def _traced(torch, model, inputs):
    """Run ``torch.export``; on the meta device, tensors that the model makes without naming a device are there too."""
    try:
        # Not strict: Python itself runs the module once, and meets the patches that refuse other backward passes.
        return torch.export.export(model, *inputs, strict=False)
    except torch._subclasses.fake_tensor.FakeTensorDeviceMismatchError:
        if not any(parameter.device.type == "meta" for parameter in model.parameters()):
            raise
        on_meta = torch.utils._pytree.tree_map(
            lambda part: part.to("meta") if isinstance(part, torch.Tensor) else part, inputs
        )
        with torch.device("meta"):
            return torch.export.export(model, *on_meta, strict=False)


def _held(module):
    """Return the names of the blocks without gradients: they are part of the graph only before it is decomposed."""
    names = set()
    for part in module.modules():
        for node in part.graph.nodes if hasattr(part, "graph") else ():
            if "set_grad_enabled" in str(node.target) and node.args and node.args[0] is False:
                names.add(node.name)
    return names


def _provenance(node):
    """Return the names of all nodes that an operation was made of."""
    names, stack = set(), list(node.meta.get("from_node") or ())
    while stack:
        source = stack.pop()
        names.add(source.name)
        stack += list(source.from_node or ())
    return names


def _check_only(node):
    """Return whether an operation only checks or records, and has no value."""
    return str(node.target).startswith(("aten._assert", "aten.sym_constrain", "aten.copy_.")) and "copy" not in str(
        node.target
    )


def _ties(model):
    """Return the first name of every parameter by each of its names, and the other names of each that has some."""
    order, first, ties = {}, {}, {}
    for name, parameter in model.named_parameters(remove_duplicate=False):
        # Tied is what is one object; two parameters that happen to be equal part at the first step.
        known = order.setdefault(id(parameter), name)
        first[name] = known
        if known != name:
            ties.setdefault(known, []).append(name)
    return first, ties


def _buffer(torch, program, model, target):
    for place in (program.constants, program.state_dict):
        if target in place:
            return place[target]
    # What is in neither is a buffer that the module does not save.
    return dict(model.named_buffers(remove_duplicate=False))[target]


def _primes(number):
    """Return the first primes above 1000, so many."""
    # Long enough for all numbers up to 1024 that are asked for: their primes end at 9649, below 42960.
    sieve = np.ones(40 * number + 2000, dtype=bool)
    for k in range(2, int(len(sieve) ** 0.5) + 1):
        sieve[k * k::k] = False
    return [int(p) for p in np.flatnonzero(sieve[1000:])[:number] + 1000]


def _real(torch, value, target):
    """Return the value of a constant on the CPU; on the meta device numbers are drawn in place of generic ones."""
    if value.device.type != "meta":
        return value.cpu()
    # From the name: the same network each time that the module is read.
    generator = torch.Generator().manual_seed(sum(map(ord, target)))
    if value.dtype.is_floating_point and value.numel() <= _MOST_PRIMES:
        # No multiples of two frequencies by positions are equal, as those of generic numbers.
        order = torch.randperm(value.numel(), generator=generator)
        return torch.tensor(_primes(value.numel()))[order].reshape(value.shape).to(value.dtype)
    if value.dtype.is_floating_point:
        return torch.randint(1, 1000, value.shape, generator=generator).to(value.dtype)
    if target.endswith("position_ids"):
        return torch.arange(value.shape[-1]).expand(value.shape)
    return torch.zeros(value.shape, dtype=value.dtype)


def _examples(torch, program, arguments, keywords):
    """Return the example inputs in the order of the placeholders."""
    spec = program.call_spec.in_spec
    ordered = torch.utils._pytree.tree_leaves((tuple(arguments), dict(keywords)))
    # The placeholders follow the call as it was exported, whatever the order in which the user gave the keywords.
    named = spec.child(1).context if spec is not None and spec.num_children > 1 else list(keywords)
    if list(named) != list(keywords):
        ordered = torch.utils._pytree.tree_leaves((tuple(arguments), {name: keywords[name] for name in named}))
    return itertools.chain((example.detach() if isinstance(example, torch.Tensor) else example for example in ordered))


def _structure(torch, program):
    """Return the outputs' structure with their numbers as leaves: a number, a tuple, or a mapping of a model of
    transformers."""
    spec = program.call_spec.out_spec
    return torch.utils._pytree.tree_unflatten(list(range(spec.num_leaves)), spec)


def checked_model(model):
    """Return the module, or say what was given instead."""
    import torch
    if not isinstance(model, torch.nn.Module):
        raise InputTypeError(f"the model {str(model)[:60]} is no torch.nn.Module; give the module that is trained")
    return model
