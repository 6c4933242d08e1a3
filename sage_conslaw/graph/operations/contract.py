r"""
Contractions: matrix products, products of entries, inner products; and gates, which are products with free data.
"""
import numpy as np

from ...exact.arithmetic import split_spec
from ...runtime.errors import InputError
from .operation import Operation

# Names of axes for contractions that are written for tensors of any rank.
LETTERS = "ijklmnopqrstuvwxyz"


class Contract(Operation):
    """A bilinear contraction in Einstein's notation: matrix products, Hadamard products, inner products."""

    op = "contract"

    def __init__(self, spec):
        self.spec = spec
        self.left, self.right, self.result = split_spec(spec)

    def sizes(self, a, b):
        """Return the size of each index."""
        sizes = {}
        for letters, shape in ((self.left, a), (self.right, b)):
            if len(letters) != len(shape):
                raise InputError(f"contraction {self.spec} of shapes {a} and {b}: wrong number of axes")
            for letter, size in zip(letters, shape):
                if sizes.setdefault(letter, size) != size:
                    raise InputError(f"contraction {self.spec} of shapes {a} and {b}: "
                                     f"index {letter} has sizes {sizes[letter]} and {size}")
        return sizes

    def shape(self, a, b):
        """Return the shape of the result."""
        sizes = self.sizes(a, b)
        return tuple(sizes[x] for x in self.result)

    def forward(self, A, a, b):
        """Return the value."""
        return A.contract(self.spec, a, b)

    def backward(self, A, which, covector, values):
        """Return the covector of one input, from the covector of the result."""
        # The transpose of a contraction is a contraction: the result's letters and the other's give this one's.  Each
        # letter stands twice, so that none of this input's is lost.
        if which == 0:
            return A.contract(f"{self.result},{self.right}->{self.left}", covector, values[1])
        return A.contract(f"{self.result},{self.left}->{self.right}", covector, values[0])

    def degree(self, a, b):
        """Return the degree of the result from those of the inputs."""
        return a + b

    def terms(self, a, b):
        """Return a list of pairs (output entries, input entries), flat index arrays of equal length."""
        sizes = self.sizes(a, b)
        letters = list(sizes)
        # Two numbers: one term, which is their product.
        if not letters:
            return [(np.zeros(1, dtype=np.int64), (np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)))]
        grids = dict(zip(letters, np.indices([sizes[x] for x in letters]).reshape(len(letters), -1)))

        def flat(index_letters):
            # A side without axes has one entry, which takes part in every term.
            if not index_letters:
                return np.zeros(len(grids[letters[0]]), dtype=np.int64)
            return np.ravel_multi_index([grids[x] for x in index_letters], [sizes[x] for x in index_letters])
        return [(flat(self.result), (flat(self.left), flat(self.right)))]

    def record(self, shapes, inputs):
        """Return the contraction as it is written."""
        return {"op": self.op, "spec": self.spec, "inputs": inputs}

    @classmethod
    def restored(cls, entry, inputs):
        """Return the contraction of two tensors."""
        return inputs[0].made(Contract(entry["spec"]), inputs, None)


class Gate(Contract):
    """
    A piecewise linear activation: near a generic point, multiplication by a constant per unit.

    The first input is the pre-activation, the second the gate, which is free data in the exact readings and the
    activation's slope in the float reading.
    """

    def __init__(self, axes):
        letters = LETTERS[:axes]
        super().__init__(f"{letters},{letters}->{letters}")
