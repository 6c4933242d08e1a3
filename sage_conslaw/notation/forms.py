r"""
The values of matrix expressions: sums, squared norms and Gram matrices of a state, without writing polynomials out.

The law ``U^T U - V V^T`` is kept as two integer arrays, the places of the rows of `U^T` and of `V` in the state.  Its
value at a state `z` is ``A A^T - B B^T`` with ``A = z[rows of U^T]``: the same code for arrays of numpy and for tensors
of PyTorch, on any device.
"""
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Form:
    r"""
    A matrix expression as places in the state.

    - ``terms`` -- pairs (coefficient, feature); ``matrix`` -- ``None`` for one entry an index, ``"all"`` for a
      symmetric matrix, a number for diagonal blocks of that size, a tuple with the class of each index, ``"skew"`` for
      a skew matrix

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw.notation.expressions import Entries
        sage: from sage_conslaw.notation.forms import Form
        sage: features = Entries([("U", (2, 2))], 0, None, None).squares(2)
        sage: Form(((1r, features[0]),), "all").value(numpy.array([1.0, 2.0, 3.0, 4.0]))
        array([[ 5., 11.],
               [11., 25.]])
        sage: Form(((1r, features[0]),), None).value(numpy.array([1.0, 2.0, 3.0, 4.0]))
        array([ 5., 25.])

    ``degree``::

        sage: Form(((1r, Entries([("b", (2,))], 0, None, None).sums(2)[0]),)).degree
        1

    ``value``::

        sage: form = Form(((1r, Entries([("b", (2,))], 0, None, None).norms()[0]),))
        sage: form.value(numpy.array([1.0, 2.0])), form.value(numpy.array([1.0, 2.0]), degree=2r)
        (array([3.]), array([0.]))

    ``pieces``::

        sage: Form(((1r, Entries([("b", (2,))], 0, None, None).norms()[1]),)).pieces(numpy.array([1.0, 2.0]))
        [(1, 2, array([[1., 2.]]))]
    """

    terms: tuple
    matrix: object = None

    @classmethod
    def of(cls, features, coefficients, matrix=None):
        """Return the form of a combination of features."""
        return cls(tuple((value, features[k]) for k, value in coefficients.items()), matrix)

    @property
    def degree(self):
        """The degree in parameters and velocities."""
        return max(feature.degree for _, feature in self.terms)

    def value(self, state, degree=None):
        """Return the value at a state; with ``degree`` that of the part of this degree alone."""
        total = None
        for value, feature in self.terms:
            if degree is None or feature.degree == degree:
                part = self._part(state, feature) * float(value)
                total = part if total is None else total + part
        # Of another degree nothing is added up: zeros of the shape that the law has.
        return self._part(state, self.terms[0][1]) * 0 if total is None else total

    def pieces(self, state):
        r"""
        Return what is added up: triples of the coefficient, the degree and the entries of the state, one row an index.
        """
        return [
            (value, 0, state[feature.rows] * state[feature.others])
            if feature.product
            else (value, feature.degree, state[feature.rows])
            for value, feature in self.terms
        ]

    def _part(self, state, feature):
        rows = state[feature.rows]
        if self.matrix == "skew":
            moving = state[feature.others]
            part = rows @ moving.T - moving @ rows.T
        elif feature.product:
            part = (rows * state[feature.others]).sum(-1)
        elif feature.degree == 1:
            part = rows.sum(-1)
        elif self.matrix is None:
            part = (rows * rows).sum(-1)
        else:
            # The Gram matrix of all indices at once; entries between blocks are no laws and are zeroed.
            part = rows @ rows.T
            if self.matrix != "all":
                part = part * like(state, self._mask(len(rows)))
        # Powers of the time as often as they stand in front.
        for clock in feature.clock:
            part = part * state[clock]
        return part

    def _mask(self, size):
        """Return ones where two indices are in one block."""
        # One number for each index, its block or its class: equal numbers, one block.
        which = self.matrix if isinstance(self.matrix, tuple) else [i // self.matrix for i in range(size)]
        return np.equal.outer(np.array(which), np.array(which)).astype(np.float64)


def like(state, array):
    """Return an array of the same kind as the state: a tensor of PyTorch on its device, or an array of numpy."""
    return state.new_tensor(array) if hasattr(state, "new_tensor") else array
