r"""
From a graph of PyTorch to a graph of tensors: one pass over its nodes, each read by the table of operators.

``torch.export`` gives a list of nodes without side effects: parameters, buffers and inputs first, then operations such
as ``aten.linear``. Take the list ``x, W, b; y = linear(x, W, b); z = relu(y)``.  The inputs become data, the parameters
that are trained become parameters, and what depends on neither is computed as it is: positions, masks, tables of
constants.  Then `y` is a contraction and a sum, and `z` a gate. Where the table has no line for an operation, the
reading stops and says which operation it was, in which module and in which line of the user's code; nothing is ever cut
that the user has not named.
"""
from dataclasses import replace

import numpy as np

from ..graph.activations import CutFunction, GateFunction
from ..graph.tensor import Constant, Data, Parameter, Tensor
from ..runtime.errors import InputError
from . import losses
from .constants import constant, number
from .leaves import Leaves
from .pointwise import power
from .rearrange import same
from .refusals import Refused, modules, operator_name, refusal
from .values import Choice, Complex, Expression, Loss, Masked, Pointwise, SquareMean, Tokens, Unread, flattened


class Reader(Leaves):
    r"""
    Read an exported program; ``operators`` is the table.

    - ``outputs`` -- the values of the program's outputs; ``notes`` -- what was taken as it is in the example, in
      sentences
    """

    def __init__(self, program, operators, allow_cut=()):
        super().__init__(program)
        self.operators, self.allow_cut = operators, tuple(allow_cut)
        self.norms, self._met = {}, set()
        self.values = {node: self.placeholder(node) for node in program.placeholders}
        for node in program.operations:
            value = self._operation(node)
            self.values[node] = self._held(value) if node in program.without_gradient else value
        self.outputs = [self.values[node] for node in program.outputs]
        for word in self.allow_cut:
            if word not in self._met:
                self.note(f"nothing is named {word}: it is not cut")

    # -- operations ------------------------------------------------------------------------------

    def _operation(self, node):
        arguments = self._resolved(node.args)
        keywords = {name: self._resolved(value) for name, value in node.kwargs.items()}
        name = operator_name(node)
        try:
            # Before all rules: what is cut need not be readable, nor its arguments be more than tensors.
            if self._cut_by_user(node, name):
                return self.cut_out(node, [*arguments, *keywords.values()])
            if name == "getitem":
                return arguments[0][arguments[1]]
            if (
                # Cosines of many known angles are a table of positions, and of free angles; one cosine is a constant.
                name in ("cos", "sin")
                and self.known(arguments[0])
                and arguments[0].dtype.is_floating_point
                and arguments[0].numel() > 1
            ):
                return self.rotation(name, arguments[0], self.compute(node, arguments, keywords))
            flat = flattened([*arguments, *keywords.values()])
            # What differs from call to call is not computed once: PyTorch marks it, and a drawn mask of zeros and ones
            # (``dropout(ones_like(w))``) that stayed as it is would hold entries of `w` still.
            if self.all_known(flat) and self.program.torch.Tag.nondeterministic_seeded not in getattr(
                node.target, "tags", ()
            ):
                return self.compute(node, arguments, keywords)
            # What cannot be read is refused where it is used; what is never used, such as the places of a maximum, is
            # not.
            unread = next((value for value in flat if isinstance(value, Unread)), None)
            if unread is not None:
                raise Refused(unread.reason)
            if any(self.is_complex(value) for value in flat):
                name = f"complex {name}"
            if name not in self.operators:
                raise Refused("there is no rule for it")
            if any(isinstance(value, Loss) for value in flat) and self.operators[name] is not same:
                # A linear form of the outputs takes the place of a loss, and the rule of the operation goes on with it.
                arguments = losses.passed_on(self, name, arguments)
            result = self.operators[name](self, node, *arguments, **keywords)
            return replace(result, shape=tuple(node.meta["val"].shape)) if type(result) is Loss else result
        except (Refused, InputError) as reason:
            raise InputError(refusal(node, name, str(reason), self.operators)) from None

    def _resolved(self, argument):
        if isinstance(argument, (list, tuple)):
            return type(argument)(self._resolved(part) for part in argument) if type(argument) in (list, tuple) else \
                [self._resolved(part) for part in argument]
        return self.values[argument] if type(argument).__name__ == "Node" else argument

    def known(self, value):
        """Return whether a value is a tensor of PyTorch that depends on no parameter and no input."""
        return isinstance(value, self.program.torch.Tensor)

    def is_complex(self, value):
        """Return whether a value is a complex tensor, known or not."""
        return isinstance(value, Complex) or self.known(value) and value.is_complex()

    def all_known(self, values):
        """Return whether no value depends on a parameter or on an input."""
        read = (Tensor, Pointwise, SquareMean, Masked, Choice, Tokens, Loss, Complex, Unread)
        return not any(isinstance(value, read) for value in flattened(values))

    def compute(self, node, arguments, keywords):
        """Return the value of an operation on known tensors, on the CPU."""
        if "device" in keywords:
            # All that is known is on the CPU, wherever the module is; on the meta device it would have no numbers.
            keywords = {**keywords, "device": "cpu"}
        with self.program.torch.no_grad():
            return node.target(*arguments, **keywords)

    def tensor(self, value):
        """Return a value as a tensor of the graph; what has no meaning alone is refused."""
        if isinstance(value, Tensor):
            return value
        if isinstance(value, Pointwise):
            return value.tensor(
                lambda shift, shape: Constant(np.array(shift.numerator), denominator=shift.denominator).repeat_to(shape)
            )
        if isinstance(value, SquareMean):
            return self.tensor(self.of_mean(value))
        if isinstance(value, Masked):
            raise Refused(
                "entries that are masked out by minus infinity reach something other than a softmax; "
                "mask after the softmax, or multiply by "
                "the mask"
            )
        if isinstance(value, Tokens):
            self.note(f"the input {value.name} is read as free numbers, not as tokens")
            data = self._tables.setdefault(
                (value.name, None), Data(value.name, (int(self.program.example(value.name).numel()),), "input")
            )
            return data.gather(value.places.numpy() - 1)
        if isinstance(value, Loss):
            raise Refused(
                "a loss enters a further operation; return the outputs of the network and name the "
                "loss, or return the loss alone"
            )
        if isinstance(value, Choice):
            return value.gates
        if self.is_complex(value):
            raise Refused("a complex tensor stands where a real one is needed")
        if isinstance(value, Unread):
            raise Refused(value.reason)
        if self.known(value):
            return constant(value.double().numpy() if value.dtype.is_floating_point else value.numpy())
        if isinstance(value, (int, float)):
            part = number(value)
            return Constant(np.array(part.numerator), denominator=part.denominator)
        raise Refused(f"{type(value).__name__} stands where a tensor is needed")

    def of_mean(self, value):
        """Return the root or power of a mean of squares as a function of the mean."""
        mean = (value.base * value.base).mean(value.axes, keepdims=value.kept)
        expression = Expression(None)
        if value.factor != 1:
            expression = Expression("aten.mul.Tensor", (expression, value.factor))
        if value.eps:
            expression = Expression("aten.add.Tensor", (expression, value.eps))
        # No tensor was divided by it: a function of the mean like any other.
        root = Pointwise(mean.repeat_to(value.shape), expression)
        return root if value.power == 1 else power(self, None, root, value.power)

    def _held(self, value):
        """Return a value that was computed without gradients: data, if it depends on a parameter."""
        if isinstance(value, (list, tuple)):
            return [self._held(part) for part in value]
        if isinstance(value, Masked):
            return Masked(self._held(value.tensor), value.allowed, value.scale)
        if isinstance(value, Complex):
            return Complex(self._held(value.real), self._held(value.imaginary))
        if isinstance(value, Loss):
            return Unread("a loss that is computed without gradients is used")
        if not isinstance(value, (Tensor, Pointwise, SquareMean)):
            return value
        tensor = self.tensor(value)
        # Gates and tokens were returned above: they have no slope in any case.  What no parameter moves stays as it is.
        moves = any(isinstance(node, Parameter) for node in tensor.ancestors(through_data=True))
        return self.detached(tensor) if moves else value

    def detached(self, tensor):
        """Return a tensor through which no gradient passes: data."""
        return Data("detached", tensor.shape, "gate", source=tensor, function=GateFunction("detach", np.asarray))

    # -- what the user cuts ----------------------------------------------------------------------

    def _cut_by_user(self, node, name):
        if not self.allow_cut:
            return False
        names = {name, f"aten.{name}", str(node.target), *modules(node)}
        self._met.update(names.intersection(self.allow_cut))
        return any(word in names for word in self.allow_cut)

    def cut_out(self, node, arguments):
        r"""
        Return the result of an operation that the user allows to cut: free data, with a free covector at each input.
        """
        example = node.meta.get("val")
        several = isinstance(example, (tuple, list))
        sources = [source for value in flattened(arguments) for source in self._sources(value)]
        self.note(f"{operator_name(node)} is cut, as allowed: its values and slopes are taken as arbitrary")
        out = [self._cut_from(sources, part) for part in (example if several else [example])]
        return out if several else out[0]

    def _sources(self, value):
        """Return the tensors that a value is made of, each of which may depend on parameters."""
        if isinstance(value, Masked):
            return [value.tensor]
        if isinstance(value, Complex):
            return [value.real, value.imaginary]
        if isinstance(value, Loss):
            return [value.output]
        if isinstance(value, Choice):
            return [value.gates]
        if isinstance(value, Unread):
            raise Refused(value.reason)
        return [self.tensor(value)] if isinstance(value, (Tensor, Pointwise, SquareMean)) else []

    def _cut_from(self, sources, example):
        if not hasattr(example, "shape") or example.dtype.is_complex:
            raise Refused("only real tensors can be cut")
        if not example.dtype.is_floating_point:
            return Unread("places that depend on the data, of an operation that is cut")
        total = None
        # With arbitrary slopes f(a, b) moves by A da + B db, as the sum of two cuts does whose covectors are free of
        # each other; a sum of free values is a free value.
        for source in sources:
            part = Data(
                "any_function", tuple(example.shape), "cut", source=source, function=CutFunction("any function", "free")
            )
            total = part if total is None else total + part
        # An operation on data alone: its result is data.
        return Data("any_function", tuple(example.shape), "gate") if total is None else total
