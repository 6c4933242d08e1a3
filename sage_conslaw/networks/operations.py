r"""
The operations of a network: multilinear maps, written once against the arithmetic interface.

Each operation knows its shape, its value, its transposed action on covectors (the backward pass),
its degree, and its *terms*: which entries of its inputs are multiplied and summed into which entry of
its output.  The terms carry the gradings (`laws.gradings`); nothing else needs to know what an
operation does.  A new operation is one new class here.
"""
import numpy as np

from ..exact.arithmetic import split_spec


class Contract:
    r"""
    A bilinear contraction in Einstein's notation: matrix products, Hadamard products, inner products.

    EXAMPLES::

        sage: from sage_conslaw.networks.operations import Contract
        sage: Contract("i,ij->j").shape((3,), (3, 2))
        (2,)

    Sizes that do not fit::

        sage: Contract("i,ij->j").shape((3,), (4, 2))
        Traceback (most recent call last):
        ...
        ValueError: contraction i,ij->j of shapes (3,) and (4, 2): index i has sizes 3 and 4
    """

    def __init__(self, spec):
        self.spec = spec
        self.left, self.right, self.result = split_spec(spec)

    def sizes(self, a, b):
        sizes = {}
        for letters, shape in ((self.left, a), (self.right, b)):
            if len(letters) != len(shape):
                raise ValueError(f"contraction {self.spec} of shapes {a} and {b}: wrong number of axes")
            for letter, size in zip(letters, shape):
                if sizes.setdefault(letter, size) != size:
                    raise ValueError(f"contraction {self.spec} of shapes {a} and {b}: "
                                     f"index {letter} has sizes {sizes[letter]} and {size}")
        return sizes

    def shape(self, a, b):
        sizes = self.sizes(a, b)
        return tuple(sizes[x] for x in self.result)

    def forward(self, A, a, b):
        return A.contract(self.spec, a, b)

    def backward(self, A, which, covector, values):
        if which == 0:
            return A.contract(f"{self.result},{self.right}->{self.left}", covector, values[1])
        return A.contract(f"{self.result},{self.left}->{self.right}", covector, values[0])

    def degree(self, a, b):
        return a + b

    def terms(self, a, b):
        """Return a list of pairs (output entries, input entries), flat index arrays of equal length."""
        sizes = self.sizes(a, b)
        letters = list(sizes)
        grids = dict(zip(letters, np.indices([sizes[x] for x in letters]).reshape(len(letters), -1)))

        def flat(index_letters):
            if not index_letters:
                return np.zeros(len(grids[letters[0]]), dtype=np.int64)
            return np.ravel_multi_index([grids[x] for x in index_letters], [sizes[x] for x in index_letters])
        return [(flat(self.result), (flat(self.left), flat(self.right)))]


class Gate(Contract):
    r"""
    A piecewise linear activation: near a generic point, multiplication by a constant per unit.

    The first input is the pre-activation, the second the gate, which is free data in the exact
    readings and ``slope(pre-activation)`` in the float reading.

    EXAMPLES::

        sage: from sage_conslaw.networks.operations import Gate
        sage: Gate("relu").slope([-1.0, 2.0])
        array([0., 1.])
        sage: Gate("gelu")
        Traceback (most recent call last):
        ...
        ValueError: activation 'gelu' is not piecewise linear; known: relu
    """

    def __init__(self, activation):
        super().__init__("i,i->i")
        if activation != "relu":
            raise ValueError(f"activation {activation!r} is not piecewise linear; known: relu")
        self.activation = activation

    def slope(self, z):
        """Return the gate of the true activation, in floating point."""
        return (np.asarray(z) > 0).astype(np.float64)


class Add:
    r"""
    The sum of two tensors of one shape.

    EXAMPLES::

        sage: from sage_conslaw.networks.operations import Add
        sage: Add().shape((3,), (3,))
        (3,)
        sage: Add().shape((3,), (4,))
        Traceback (most recent call last):
        ...
        ValueError: sum of shapes (3,) and (4,): they must be equal
    """

    def shape(self, a, b):
        if a != b:
            raise ValueError(f"sum of shapes {a} and {b}: they must be equal")
        return a

    def forward(self, A, a, b):
        return A.add(a, b)

    def backward(self, A, which, covector, values):
        return covector

    def degree(self, a, b):
        return max(a, b)

    def terms(self, a, b):
        entries = np.arange(int(np.prod(a)))
        return [(entries, (entries, None)), (entries, (None, entries))]
