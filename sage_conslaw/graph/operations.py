r"""
The operations of a network: multilinear maps, written once against the arithmetic interface.

Each operation knows its shape, its value, its transposed action on covectors (the backward pass),
its degree, and its *terms*: which entries of its inputs are multiplied and summed into which entry of
its output.  The terms carry the gradings (`laws.gradings`); nothing else needs to know what an
operation does.  A new operation is one new class here.
"""
from functools import cached_property

import numpy as np

from ..exact.arithmetic import split_spec
from ..runtime.errors import InputError

# Names of axes for contractions that are written for tensors of any rank.
LETTERS = "ijklmnopqrstuvwxyz"


class Contract:
    r"""
    A bilinear contraction in Einstein's notation: matrix products, Hadamard products, inner products.

    EXAMPLES::

        sage: from sage_conslaw.graph.operations import Contract
        sage: Contract("i,ij->j").shape((3,), (3, 2))
        (2,)

    Sizes that do not fit::

        sage: Contract("i,ij->j").shape((3,), (4, 2))
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: contraction i,ij->j of shapes (3,) and (4, 2): index i has sizes 3 and 4
    """

    def __init__(self, spec):
        self.spec = spec
        self.left, self.right, self.result = split_spec(spec)

    def sizes(self, a, b):
        r"""
        Return the size of each index.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.graph.operations import Contract
            sage: product, A = Contract("i,ij->j"), ModularArithmetic(101)
            sage: x, W = numpy.array([1, 2]), numpy.array([[3, 4], [5, 6]])
            sage: product.sizes((2,), (2, 3))
            {'i': 2, 'j': 3}
        """
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
        r"""
        Return the shape of the result.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.graph.operations import Contract
            sage: product, A = Contract("i,ij->j"), ModularArithmetic(101)
            sage: x, W = numpy.array([1, 2]), numpy.array([[3, 4], [5, 6]])
            sage: product.shape((2,), (2, 3))
            (3,)
        """
        sizes = self.sizes(a, b)
        return tuple(sizes[x] for x in self.result)

    def forward(self, A, a, b):
        r"""
        Return the value.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.graph.operations import Contract
            sage: product, A = Contract("i,ij->j"), ModularArithmetic(101)
            sage: x, W = numpy.array([1, 2]), numpy.array([[3, 4], [5, 6]])
            sage: product.forward(A, x, W)
            array([13, 16])
        """
        return A.contract(self.spec, a, b)

    def backward(self, A, which, covector, values):
        r"""
        Return the covector of one input, from the covector of the result.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.graph.operations import Contract
            sage: product, A = Contract("i,ij->j"), ModularArithmetic(101)
            sage: x, W = numpy.array([1, 2]), numpy.array([[3, 4], [5, 6]])
            sage: product.backward(A, 0, numpy.array([1, 0]), (x, W))
            array([3, 5])
        """
        if which == 0:
            return A.contract(f"{self.result},{self.right}->{self.left}", covector, values[1])
        return A.contract(f"{self.result},{self.left}->{self.right}", covector, values[0])

    def degree(self, a, b):
        r"""
        Return the degree of the result from those of the inputs.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.graph.operations import Contract
            sage: product, A = Contract("i,ij->j"), ModularArithmetic(101)
            sage: x, W = numpy.array([1, 2]), numpy.array([[3, 4], [5, 6]])
            sage: product.degree(1, 2)
            3
        """
        return a + b

    def terms(self, a, b):
        r"""
        Return a list of pairs (output entries, input entries), flat index arrays of equal length.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.graph.operations import Contract
            sage: product, A = Contract("i,ij->j"), ModularArithmetic(101)
            sage: x, W = numpy.array([1, 2]), numpy.array([[3, 4], [5, 6]])
            sage: product.terms((1,), (1, 1))
            [(array([0]), (array([0]), array([0])))]
        """
        sizes = self.sizes(a, b)
        letters = list(sizes)
        if not letters:
            return [(np.zeros(1, dtype=np.int64), (np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64)))]
        grids = dict(zip(letters, np.indices([sizes[x] for x in letters]).reshape(len(letters), -1)))

        def flat(index_letters):
            if not index_letters:
                return np.zeros(len(grids[letters[0]]), dtype=np.int64)
            return np.ravel_multi_index([grids[x] for x in index_letters], [sizes[x] for x in index_letters])
        return [(flat(self.result), (flat(self.left), flat(self.right)))]


class Gate(Contract):
    r"""
    A piecewise linear activation: near a generic point, multiplication by a constant per unit.

    The first input is the pre-activation, the second the gate, which is free data in the exact readings and the
    activation's slope in the float reading.

    EXAMPLES::

        sage: from sage_conslaw.graph.operations import Gate
        sage: Gate(2).shape((5, 3), (5, 3))
        (5, 3)
        sage: Gate(1).shape((5,), (3,))
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: contraction i,i->i of shapes (5,) and (3,): index i has sizes 5 and 3
    """

    def __init__(self, axes):
        letters = LETTERS[:axes]
        super().__init__(f"{letters},{letters}->{letters}")


class Gather:
    r"""
    A rearrangement: each entry of the result is one entry of the input, or zero.

    Reshaping, transposing, repeating, slicing and padding keep their axes (:mod:`.rearrangements`); this one, by an
    array of places, is for the rest, such as the windows of a convolution.

    INPUT:

    - ``indices`` -- integer array of the result's shape: flat places in the input, ``-1`` for zero

    - ``source`` -- the shape of the input

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
        sage: from sage_conslaw.graph.operations import Gather
        sage: windows = Gather([[0, 1], [1, 2], [2, -1]], (3,))
        sage: A, x = ModularArithmetic(101), numpy.array([5, 6, 7])
        sage: windows.forward(A, x)
        array([[5, 6],
               [6, 7],
               [7, 0]])

    On covectors it acts by the transposed map::

        sage: windows.backward(A, 0, numpy.array([[1, 2], [3, 4], [5, 6]]), (x,))
        array([1, 5, 9])
    """

    def __init__(self, indices, source):
        self.indices = np.asarray(indices, dtype=np.int64)
        self.result = self.indices.shape
        self.source = tuple(int(n) for n in source)
        self._size = int(np.prod(self.source, dtype=np.int64))

    @cached_property
    def _tables(self):
        """Return how covectors are added up: an order of the entries, where equal places start, and which sum each
        place gets."""
        flat = self.indices.ravel()
        used = np.flatnonzero(flat >= 0)
        order = used[np.argsort(flat[used], kind="stable")]
        present = flat[order]
        starts = np.flatnonzero(np.r_[True, present[1:] != present[:-1]][:len(present)])
        places = np.full(self._size, len(starts), dtype=np.int64)
        places[present[starts]] = np.arange(len(starts))
        return order, starts, places

    @cached_property
    def _padded(self):
        return bool((self.indices < 0).any())

    def shape(self, a):
        r"""
        Return the shape of the result.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.graph.operations import Gather
            sage: twice, A, x = Gather([0, 0, -1], (1,)), ModularArithmetic(101), numpy.array([5])
            sage: twice.shape((1,))
            (3,)
        """
        if tuple(a) != self.source:
            raise InputError(f"a rearrangement of shape {self.source} does not take shape {tuple(a)}")
        return self.result

    def forward(self, A, a):
        r"""
        Return the value.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.graph.operations import Gather
            sage: twice, A, x = Gather([0, 0, -1], (1,)), ModularArithmetic(101), numpy.array([5])
            sage: twice.forward(A, x)
            array([5, 5, 0])
        """
        flat = A.reshape(a, self.source, (self._size,))
        if self._padded:
            flat = A.concatenate([flat, A.constant([0])], -1)
        indices = self.indices.ravel()
        return A.reshape(A.take(flat, np.where(indices < 0, self._size, indices)), (len(indices),), self.indices.shape)

    def backward(self, A, which, covector, values):
        r"""
        Return the covector of the input: covectors of equal places are added.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.graph.operations import Gather
            sage: twice, A, x = Gather([0, 0, -1], (1,)), ModularArithmetic(101), numpy.array([5])
            sage: twice.backward(A, 0, numpy.array([1, 2, 3]), (x,))
            array([3])
        """
        order, starts, places = self._tables
        flat = A.reshape(covector, self.indices.shape, (self.indices.size,))
        if not len(starts):
            return A.constant(np.zeros(self.source, dtype=np.int64))
        sums = A.segment_sum(A.take(flat, order), starts)
        sums = A.concatenate([sums, A.constant([0])], -1)
        return A.reshape(A.take(sums, places), (self._size,), self.source)

    def degree(self, a):
        r"""
        Return the degree of the result, that of the input.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.graph.operations import Gather
            sage: twice, A, x = Gather([0, 0, -1], (1,)), ModularArithmetic(101), numpy.array([5])
            sage: twice.degree(2)
            2
        """
        return a

    def terms(self, a):
        r"""
        Return the pairs (output entries, input entries) of the entries that are not zero.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.graph.operations import Gather
            sage: twice, A, x = Gather([0, 0, -1], (1,)), ModularArithmetic(101), numpy.array([5])
            sage: twice.terms((1,))
            [(array([0, 1]), (array([0, 0]),))]
        """
        outs = np.flatnonzero(self.indices.ravel() >= 0)
        return [(outs, (self.indices.ravel()[outs],))]


class Add:
    r"""
    The sum of two tensors of one shape.

    EXAMPLES::

        sage: from sage_conslaw.graph.operations import Add
        sage: Add().shape((3,), (3,))
        (3,)
        sage: Add().shape((3,), (4,))
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: sum of shapes (3,) and (4,): they must be equal
    """

    def shape(self, a, b):
        r"""
        Return the shape of both.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.graph.operations import Add
            sage: A, x = ModularArithmetic(101), numpy.array([100])
            sage: Add().shape((3,), (3,))
            (3,)
        """
        if a != b:
            raise InputError(f"sum of shapes {a} and {b}: they must be equal")
        return a

    def forward(self, A, a, b):
        r"""
        Return the value.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.graph.operations import Add
            sage: A, x = ModularArithmetic(101), numpy.array([100])
            sage: Add().forward(A, x, x)
            array([99])
        """
        return A.add(a, b)

    def backward(self, A, which, covector, values):
        r"""
        Return the covector of one input, that of the result.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.graph.operations import Add
            sage: A, x = ModularArithmetic(101), numpy.array([100])
            sage: Add().backward(A, 0, x, (x, x))
            array([100])
        """
        return covector

    def degree(self, a, b):
        r"""
        Return the larger degree.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.graph.operations import Add
            sage: A, x = ModularArithmetic(101), numpy.array([100])
            sage: Add().degree(1, 3)
            3
        """
        return max(a, b)

    def terms(self, a, b):
        r"""
        Return the pairs (output entries, input entries) of the two summands.

        EXAMPLES::

            sage: import numpy
            sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
            sage: from sage_conslaw.graph.operations import Add
            sage: A, x = ModularArithmetic(101), numpy.array([100])
            sage: len(Add().terms((3,), (3,)))
            2
        """
        entries = np.arange(int(np.prod(a)))
        return [(entries, (entries, None)), (entries, (None, entries))]
