r"""
From a graph of PyTorch to a graph of tensors: one pass over its nodes, each read by the table of operators.

``torch.export`` gives a list of nodes without side effects: parameters, buffers and inputs first, then operations such
as ``aten.linear``. Take the list ``x, W, b; y = linear(x, W, b); z = relu(y)``.  The inputs become data, the parameters
that are trained become parameters, and what depends on neither is computed as it is: positions, masks, tables of
constants.  Then `y` is a contraction and a sum, and `z` a gate. Where the table has no line for an operation, the
reading stops and says which operation it was, in which module and in which line of the user's code; nothing is ever cut
that the user has not named.
"""
import difflib
import re
from fractions import Fraction

import numpy as np

from ..graph.activations import CutFunction, GateFunction
from ..graph.cuts import LastUnit, differences
from ..graph.rearrangements import Slice
from ..graph.tensor import Constant, Data, Parameter, Tensor, concatenate
from ..runtime.errors import InputError
from .values import Complex, Expression, Loss, Masked, Pointwise, SquareMean, Tokens, Unread

# Inputs with these names are kept as they are in the example: positions and masks belong to the architecture.
FIXED_INPUTS = (
    "position_ids",
    "cache_position",
    "attention_mask",
    "decoder_attention_mask",
    "key_padding_mask",
    "src_mask",
    "attn_mask",
    "mask",
)

# Operations whose result differs from call to call are not computed once.
RANDOM = frozenset(
    "rand randn randint rand_like randn_like randint_like bernoulli normal multinomial randperm uniform "
    "exponential".split()
)

# Numerators of constants are kept below 2^52: with a denominator in common they are exact for numbers of one size in
# double precision.
_BITS = 52


class Refused(Exception):
    r"""
    What stops the reading of an operation, in words; the reader adds where it is.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.reader import Refused
        sage: Refused("no rule").args
        ('no rule',)
    """


def constant(array, name=None):
    r"""
    Return an array of floats or integers as a constant of the graph, exactly if its entries are of similar size, else
    to 52 bits.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.reader import constant
        sage: constant([0.5r, 1.25r]).values, constant([0.5r, 1.25r]).denominator
        (array([2, 5]), 4)
    """
    array = np.asarray(array)
    if array.dtype.kind in "bui":
        return Constant(array.astype(np.int64), name=name)
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        raise Refused("a constant with entries that are not finite enters a sum or a product")
    largest = np.abs(array).max(initial=0.0)
    shift = max(0, _BITS - int(np.ceil(np.log2(largest)))) if largest else 0
    shift = min(shift, 62)
    scaled = np.rint(array * 2.0 ** shift).astype(np.int64)
    # The common power of two is taken out, so that halves are halves.
    common = int(np.bitwise_or.reduce(np.abs(scaled), axis=None)) if scaled.size else 0
    spare = min(shift, (common & -common).bit_length() - 1) if common else shift
    return Constant(scaled >> spare, name=name, denominator=1 << (shift - spare))


def number(value):
    r"""
    Return a number of Python as a fraction: a float is read as the decimal that it is printed as.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.reader import number
        sage: number(0.1r), number(3r)
        (Fraction(1, 10), Fraction(3, 1))
    """
    if isinstance(value, float):
        if not np.isfinite(value):
            raise Refused(f"the number {value} enters a sum or a product")
        return Fraction(repr(value))
    return Fraction(int(value))


class Reader:
    r"""
    Read an exported program; ``operators`` is the table.

    - ``outputs`` -- the values of the program's outputs; ``notes`` -- what was taken as it is in the example, in
      sentences
    """

    def __init__(self, program, operators, allow_cut=()):
        self.program, self.operators, self.allow_cut = program, operators, tuple(allow_cut)
        self.notes, self.cut_names = [], set()
        self.norms = {}
        self._rotations, self._tables = {}, {}
        self.values = {node: self._placeholder(node) for node in program.placeholders}
        for node in program.operations:
            value = self._operation(node)
            self.values[node] = self._held(value) if node in program.without_gradient else value
        self.outputs = [self.values[node] for node in program.outputs]

    # -- leaves ----------------------------------------------------------------------------------

    def _placeholder(self, node):
        kind, what = self.program.leaf(node)
        if kind == "parameter":
            return what
        if kind == "buffer":
            return self._buffer(node, what)
        name, example = what
        if not hasattr(example, "dtype"):
            return example
        if example.dtype.is_floating_point:
            return Data(name, tuple(example.shape), "input")
        if example.dtype == self.program.torch.bool or name in FIXED_INPUTS:
            self.note(f"the input {name} is kept as it is in the example")
            return example
        places = self.program.torch.arange(1, example.numel() + 1).reshape(example.shape)
        return Tokens(name, places, example)

    def _buffer(self, node, values):
        """Return a buffer; tables of cosines and sines are rotations by free angles."""
        words = node.name.split("_")
        if (
            values.dtype.is_floating_point
            and values.numel() > 1
            and ("cos" in words or "sin" in words)
            and (values.abs() <= 1).all()
        ):
            return self.rotation("cos" if "cos" in words else "sin", values, values)
        return values

    def note(self, sentence):
        """Remember what the network depends on beyond the module, once."""
        if sentence not in self.notes:
            self.notes.append(sentence)

    def rotation(self, which, angles, values):
        r"""
        Return cosines or sines as data, one variable for each angle that occurs: positions are known, and nothing
        trains them.
        """
        distinct, places = np.unique(angles.double().numpy(), return_inverse=True)
        key = which, distinct.tobytes()
        if key not in self._rotations:
            first = np.zeros(len(distinct))
            first[places.ravel()] = values.double().numpy().ravel()
            self._rotations[key] = Data(which, (len(distinct),), "rotation", values=first)
        self.note("cosines and sines of positions are rotations by free angles")
        return self._rotations[key].gather(places.reshape(tuple(angles.shape)))

    def free_rows(self, tokens, rows):
        """Return data that select one of some rows, or none: any numbers, the same for the same tokens."""
        places = tokens.places.numpy().ravel() - 1
        if (places < 0).any():
            raise Refused("some of the tokens are constants")
        key = tokens.name, rows, "or none"
        if key not in self._tables:
            count = int(self.program.example(tokens.name).numel())
            self._tables[key] = Data(f"{tokens.name}_or_none", (count, rows), "input", one_hot=True)
        free = self._tables[key]
        return free if np.array_equal(places, np.arange(free.shape[0])) else free[places]

    def is_zero(self, row):
        """Return whether a row of a parameter is zero in the module; on the meta device padding is taken to be."""
        leaf = row
        while leaf.inputs:
            leaf = leaf.inputs[0]
        values = self.program.sources.get(leaf)
        if values is None or row.inputs and not isinstance(row.operation, Slice):
            return False
        if values.device.type == "meta":
            return True
        return not values.detach()[row.operation.ranges[0][0] if row.inputs else 0].any()

    def selected(self, tokens, table):
        r"""
        Return the rows of a table that tokens select, shape ``(number of tokens, width)``; the same tokens select alike
        from every table.

        One-hot vectors have sum one, and a layer is affine in each: they are the last unit vector and any vector of sum
        zero.
        """
        rows, width = table.shape
        places = tokens.places.numpy().ravel() - 1
        if (places < 0).any():
            raise Refused("some of the tokens are constants")
        count = int(self.program.example(tokens.name).numel())
        if rows == 1:
            return table.repeat_to((len(places), width))
        key = tokens.name, rows
        if key not in self._tables:
            name = tokens.name if not any(name == tokens.name for name, _ in self._tables) else f"{tokens.name}_{rows}"
            self._tables[key] = Data(name, (count, rows - 1), "input", one_hot=True)
        free = self._tables[key]
        if not np.array_equal(places, np.arange(count)):
            free = free[places]
        return (free @ differences(rows) + LastUnit((len(places), rows))) @ table

    # -- operations ------------------------------------------------------------------------------

    def _operation(self, node):
        arguments = self._resolved(node.args)
        keywords = {name: self._resolved(value) for name, value in node.kwargs.items()}
        name = operator_name(node)
        try:
            if self._cut_by_user(node, name):
                return self.cut_out(node, [*arguments, *keywords.values()])
            if name == "getitem":
                return arguments[0][arguments[1]]
            if (
                name in ("cos", "sin")
                and self.known(arguments[0])
                and arguments[0].dtype.is_floating_point
                and arguments[0].numel() > 1
            ):
                return self.rotation(name, arguments[0], self.compute(node, arguments, keywords))
            flat = flattened([*arguments, *keywords.values()])
            if self.all_known(flat) and name not in RANDOM:
                return self.compute(node, arguments, keywords)
            unread = next((value for value in flat if isinstance(value, Unread)), None)
            if unread is not None:
                raise Refused(unread.reason)
            if any(self.is_complex(value) for value in flat):
                name = f"complex {name}"
            if name not in self.operators:
                raise Refused("there is no rule for it")
            return self.operators[name](self, node, *arguments, **keywords)
        except Refused as reason:
            raise InputError(self._refusal(node, name, str(reason))) from None

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
        read = (Tensor, Pointwise, SquareMean, Masked, Tokens, Loss, Complex, Unread)
        return not any(isinstance(value, read) for value in flattened(values))

    def compute(self, node, arguments, keywords):
        """Return the value of an operation on known tensors, on the CPU."""
        if "device" in keywords:
            keywords = {**keywords, "device": "cpu"}
        with self.program.torch.no_grad():
            return node.target(*arguments, **keywords)

    def tensor(self, value):
        """Return a value as a tensor of the graph; what has no meaning alone is refused."""
        if isinstance(value, Tensor):
            return value
        if isinstance(value, Pointwise):
            made = value.tensor(
                lambda shift, shape: Constant(np.array(shift.numerator), denominator=shift.denominator).repeat_to(shape)
            )
            if value.polynomial is None:
                self.cut_names.add(made.function.name)
            return made
        if isinstance(value, SquareMean):
            return self.tensor(self._of_mean(value))
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

    @staticmethod
    def _of_mean(value):
        """Return the root or power of a mean of squares as a function of the mean."""
        mean = (value.base * value.base).mean(value.axes, keepdims=value.kept)
        expression, polynomial = Expression(None), [Fraction(0), Fraction(1)]
        if value.factor != 1:
            expression, polynomial = (
                Expression("aten.mul.Tensor", (expression, value.factor)),
                [Fraction(0), number(value.factor)],
            )
        if value.eps:
            expression = Expression("aten.add.Tensor", (expression, value.eps))
            polynomial = [number(value.eps), polynomial[1]]
        if value.power != 1:
            expression, polynomial = Expression("aten.pow.Tensor_Scalar", (expression, value.power)), None
        return Pointwise(mean, expression, polynomial)

    def _held(self, value):
        """Return a value that was computed without gradients: data, if it depends on a parameter."""
        if isinstance(value, (list, tuple)):
            return [self._held(part) for part in value]
        if isinstance(value, Masked):
            return Masked(self._held(value.tensor), value.allowed, value.scale)
        if not isinstance(value, (Tensor, Pointwise, SquareMean)):
            return value
        tensor = self.tensor(value)
        moves = any(isinstance(node, Parameter) for node in tensor.ancestors(through_data=True))
        return self.detached(tensor) if moves else value

    def detached(self, tensor):
        """Return a tensor through which no gradient passes: data."""
        return Data("detached", tensor.shape, "gate", source=tensor, function=GateFunction("detach", np.asarray))

    # -- what is refused -------------------------------------------------------------------------

    def _cut_by_user(self, node, name):
        if not self.allow_cut:
            return False
        names = {name, f"aten.{name}", str(node.target), *modules(node)}
        return any(word in names for word in self.allow_cut)

    def cut_out(self, node, arguments):
        r"""
        Return the result of an operation that the user allows to cut: free data, with a free covector at each input.
        """
        example = node.meta.get("val")
        several = isinstance(example, (tuple, list))
        sources = [self.tensor(a) for a in arguments if isinstance(a, (Tensor, Pointwise, SquareMean))]
        self.note(f"{operator_name(node)} is cut, as allowed: its values and slopes are taken as arbitrary")
        out = [self._cut_from(sources, part) for part in (example if several else [example])]
        return out if several else out[0]

    def _cut_from(self, sources, example):
        if not hasattr(example, "shape") or not example.dtype.is_floating_point:
            return None
        total = None
        for source in sources:
            part = Data(
                "any_function", tuple(example.shape), "cut", source=source, function=CutFunction("any function", "free")
            )
            total = part if total is None else total + part
        return Data("any_function", tuple(example.shape), "gate") if total is None else total

    def _refusal(self, node, name, reason):
        where = modules(node)
        line = source_line(node)
        text = (
            f"{name} in {where[-1] if where and where[-1] else 'the model'}{f', {line}' if line else ''}, cannot be "
            f"read: {reason}"
        )
        known = difference(name, self.operators)
        return text + (f" (near: {known})" if known and "no rule" in reason else "") + \
            f"; rewrite it, or cut it with allow_cut=[{name!r}], which takes its values and slopes as arbitrary"


def difference(name, operators):
    r"""
    Return operators of the table with nearly this name, as text.

    EXAMPLES::

        sage: from sage_conslaw.pytorch.reader import difference
        sage: difference("conv4d", {"conv1d": 0, "conv2d": 0, "relu": 0})
        'conv2d, conv1d'
    """
    return ", ".join(difflib.get_close_matches(name, [key for key in operators if " " not in key], 2, 0.8))


def flattened(values):
    """Return the entries of nested lists in order."""
    out = []
    for value in values:
        out += flattened(value) if isinstance(value, (list, tuple)) else [value]
    return out


def operator_name(node):
    r"""
    Return the name of an operation without its overload, such as ``linear``.

    EXAMPLES::

        sage: import types
        sage: from sage_conslaw.pytorch.reader import operator_name
        sage: operator_name(types.SimpleNamespace(target="aten.linear.default"))
        'linear'
    """
    target = node.target
    if not isinstance(target, str) and not hasattr(target, "overloadpacket"):
        return getattr(target, "__name__", str(target))
    space, _, rest = str(target).partition(".")
    name = rest.partition(".")[0] if rest else space
    return name if space in ("aten", "prims") else f"{space}.{name}"


def modules(node):
    r"""
    Return the names of the modules that an operation is in, outermost first.

    EXAMPLES::

        sage: import types
        sage: from sage_conslaw.pytorch.reader import modules
        sage: modules(types.SimpleNamespace(meta={"nn_module_stack": {"a": ("L['self'].mlp", None), "b": ("mlp.0",
        ....:     None)}}))
        ['mlp', 'mlp.0']
    """
    names = []
    for path, _ in (node.meta.get("nn_module_stack") or {}).values():
        names.append(str(path).removeprefix("L['self']").removeprefix("."))
    return names


def source_line(node):
    r"""
    Return the user's line that an operation comes from, as ``file:line: code``.

    EXAMPLES::

        sage: import types
        sage: from sage_conslaw.pytorch.reader import source_line
        sage: trace = '  File "net.py", line 3, in forward\n    return x.sort()'
        sage: source_line(types.SimpleNamespace(meta={"stack_trace": trace}))
        'net.py:3: return x.sort()'
    """
    frames = re.findall(r'File "([^"]+)", line (\d+), in [^\n]*\n\s*([^\n]*)', node.meta.get("stack_trace") or "")
    own = [frame for frame in frames if "/torch/" not in frame[0]] or frames
    return f"{own[-1][0].rsplit('/', 1)[-1]}:{own[-1][1]}: {own[-1][2].strip()}" if own else ""


__all__ = ["Reader", "Refused", "concatenate", "constant", "modules", "number", "operator_name", "source_line"]
