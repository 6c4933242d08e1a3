r"""
What a module begins with: its inputs, parameters and tables, as leaves of the graph.

An input of real numbers is free data.  Whole numbers are tokens, one-hot: they select rows of a table.  Masks and
positions are kept as they are, and the cosines and sines of positions are rotations by free angles.
"""
import numpy as np

from ..graph.cuts import LastUnit, differences
from ..graph.rearrangements import Slice
from ..graph.tensor import Data, OneHot
from .refusals import Refused
from .values import Tokens

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


class Leaves:
    r"""
    The leaves of a program: each input, parameter and table is read once, and the same tokens are the same data.

    - ``notes`` -- what was taken as it is in the example, in sentences
    """

    def __init__(self, program):
        self.program, self.notes = program, []
        self._rotations, self._tables, self._read = {}, {}, {}

    def placeholder(self, node):
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
        # Counted from one: a rearrangement puts zeros, and zero is then no token of the input.
        places = self.program.torch.arange(1, example.numel() + 1).reshape(example.shape)
        return Tokens(name, places, example)

    def _buffer(self, node, values):
        """Return a buffer; tables of cosines and sines are rotations by free angles."""
        words = node.name.split("_")
        if (
            values.dtype.is_floating_point
            and values.numel() > 1
            # A name alone is no table of cosines; and where the entries are none of known angles, free angles have
            # fewer laws than those of the table, never others.
            and ("cos" in words or "sin" in words)
            and (values.abs() <= 1).all()
        ):
            return self.rotation("cos" if "cos" in words else "sin", values, values)
        return values

    def once(self, value, function):
        """Return a function of a known tensor, which is asked for each tensor once: masks are those of all layers."""
        key = id(value), function
        if key not in self._read:
            # The tensor is kept with the answer: Python may give the ``id`` of one that is gone to another.
            self._read[key] = value, function(value)
        return self._read[key][1]

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
        # By the angles, not by the place: all layers share the data of their positions.
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
        # Apart from the choice among all rows: a row of zeros, which says padding, is none of its values.
        key = tokens.name, rows, "or none"
        if key not in self._tables:
            count = int(self.program.example(tokens.name).numel())
            self._tables[key] = OneHot(f"{tokens.name}_or_none", (count, rows))
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
        # There are no numbers there, and PyTorch fills the padding row of a new embedding with zeros.
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
        # One row is no choice: the output does not depend on the token.
        if rows == 1:
            return table.repeat_to((len(places), width))
        key = tokens.name, rows
        if key not in self._tables:
            name = tokens.name if not any(name == tokens.name for name, _ in self._tables) else f"{tokens.name}_{rows}"
            self._tables[key] = OneHot(name, (count, rows - 1))
        free = self._tables[key]
        if not np.array_equal(places, np.arange(count)):
            free = free[places]
        # The unit vectors e_t span, affinely, the vectors of sum one, e_last + u D with D of rows that span the vectors
        # of sum zero; what is affine in e_t has gradients with the same span over all t as over all u.
        return (free @ differences(rows) + LastUnit((len(places), rows))) @ table
