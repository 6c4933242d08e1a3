r"""
The pieces of matrix notation: sums, squared norms and Gram matrices of parameters along an axis.

The trivial case: a vector `b` has the feature `b[j]`.  The famous one: a matrix `U` between two layers has
`U^\top U` on one side and `U U^\top` on the other, and laws are combinations of those of two matrices on one side.  One
that fails: a law of two entries of one row alone is made of no feature, and is left as a polynomial.
"""
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from .phrases import (
    beside, equal_slices, half_words, joined_slices, latex_name, product_words, skew_words, square_words, still_words,
    sum_words,
)

ONE = Fraction(1)


@dataclass(frozen=True)
class Feature:
    r"""
    A vector or matrix made of one parameter, whose entries are polynomials in the state.

    - ``degree`` -- 1 or 2; ``rows`` -- places in the state, one row an index; ``others`` -- those of the velocities,
      for skew matrices

    - ``clock`` -- the time coordinates in front; ``words`` -- pairs (text, LaTeX): of the whole, and of the entry ``j``

    EXAMPLES::

        sage: from sage_conslaw.notation.expressions import Entries
        sage: (feature,) = Entries([("b", (2,))], 0, None, None).squares(2)
        sage: feature.terms(1)
        {(1, 1): Fraction(1, 1)}

    ``terms``::

        sage: entries = Entries([("U", (3, 2)), ("V", (2, 3))], 0, None, None)
        sage: entries.squares(2)[1].terms(0)
        {(6, 6): Fraction(1, 1), (7, 7): Fraction(1, 1), (8, 8): Fraction(1, 1)}

    ``pair``::

        sage: entries.squares(2)[1].pair(0, 1)
        {(6, 9): Fraction(1, 1), (7, 10): Fraction(1, 1), (8, 11): Fraction(1, 1)}
    """

    degree: int
    rows: np.ndarray
    words: tuple
    clock: tuple = ()
    front: tuple = ("", "")
    others: np.ndarray | None = None
    # Whether ``others`` are factors, entry by entry; else they are velocities, or the other half of a skew matrix.
    product: bool = False

    def terms(self, index):
        """Return the entry as a sparse polynomial."""
        if self.product:
            return {
                tuple(sorted(self.clock + pair)): ONE
                for pair in zip(self.rows[index].tolist(), self.others[index].tolist())
            }
        if self.others is not None:
            return self.pair(*index)
        return {tuple(sorted(self.clock + (int(place),) * self.degree)): ONE for place in self.rows[index]}

    def pair(self, i, j):
        """Return the entry off the diagonal."""
        out = {}
        if self.others is None:
            for a, b in zip(self.rows[i].tolist(), self.rows[j].tolist()):
                out[tuple(sorted(self.clock + (a, b)))] = ONE
            return out
        for a, b, da, db in zip(
            *(part.tolist() for part in (self.rows[i], self.rows[j], self.others[i], self.others[j]))
        ):
            out[tuple(sorted(self.clock + (a, db)))] = ONE
            # The entry i, j of U^T U' - U'^T U is the sum of U_ki U'_kj - U'_ki U_kj.
            out[tuple(sorted(self.clock + (b, da)))] = -ONE
        return out


def _clock_latex(text):
    """Return the LaTeX of a power of the time, or of an exponential of it."""
    return text.replace("exp(", r"\exp(").replace("*", " ") + r"\,"


class Entries:
    r"""
    The parameters of a network as arrays of places in the state, and the features of each axis.

    EXAMPLES::

        sage: from sage_conslaw.notation.expressions import Entries
        sage: entries = Entries([("U", (3, 2)), ("V", (2, 3))], 0, None, None)
        sage: entries.sizes(), [feature.words[0][0] for feature in entries.squares(2)]
        ([2, 3], ['U^T U', 'V V^T'])

    ``unpacked``::

        sage: entries = Entries([("W", (6, 2)), ("b", (6,))], 0, None, None)
        sage: [name for name, *_ in entries.unpacked(range(12)).arrays]
        ['W', 'W[0:3]', 'W[3:6]', 'W[:,0:1]', 'W[:,1:2]', 'W[0:2]', 'W[2:4]', 'W[4:6]', 'b']

    ``sizes``::

        sage: entries = Entries([("U", (3, 2)), ("V", (2, 3))], 0, None, None)
        sage: entries.sizes()
        [2, 3]

    ``sums``::

        sage: [feature.words[0][0] for feature in entries.sums(2)]
        ['1^T U', 'V 1']

    ``squares``::

        sage: [feature.words[0][0] for feature in entries.squares(2)]
        ['U^T U', 'V V^T']

    ``folded``::

        sage: [feature.words[0][0] for feature in Entries([("Q", (3, 4)), ("K", (3, 2))], 0, None, None).folded(2,
        ....:     2)]
        ['sum(Q_h^T Q_h over 2 blocks h)']

    ``skew``::

        sage: [feature.words[0][0] for feature in Entries([("U", (3, 2))], 0, 6, None).skew(2)]
        ['U^T dU - dU^T U']

    ``blocks``::

        sage: [feature.words[0][0] for feature in Entries([("Q", (3, 4))], 0, None, None).blocks(4, 2)]
        ['|Q[:,J]|^2']

    ``folded_blocks``::

        sage: [feature.words[0][0] for feature in Entries([("Q", (3, 8))], 0, None, None).folded_blocks(4, 4, 2)]
        ['sum(|Q_h[:,J]|^2 over 2 blocks h)']

    ``products``::

        sage: entries = Entries([("u", (2,)), ("v", (2,)), ("W", (3, 2))], 0, None, None)
        sage: [feature.words[1][0] for feature in entries.products({(0, 2), (1, 3), (4, 5), (6, 7), (8, 9)})]
        ['u[j]*v[j]', 'W[j,0]*W[j,1]']

    ``still``::

        sage: entries = Entries([("U", (3, 2)), ("V", (2, 3))], 0, None, None)
        sage: [feature.words[0][0] for feature in entries.still({1, 2, 5, 6})]
        ['U_1_2, U_2_1, U_3_2', 'V_1_1']

    ``norms``::

        sage: [feature.words[0][0] for feature in entries.norms()]
        ['sum(U)', '|U|^2', 'sum(V)', '|V|^2']
    """

    def __init__(self, parameters, first, velocity, time):
        # Parameters stand in the state one after another, row by row; velocities in the same order behind them.
        self.arrays, at = [], 0
        for name, shape in parameters:
            size = int(np.prod(shape, dtype=np.int64))
            places = np.arange(at, at + size).reshape(shape)
            self.arrays.append((name, places + first, None if velocity is None else places + velocity))
            at += size
        # Every feature also times powers of the time coordinate, as laws with decay or damping have them in front.
        self.fronts = [((), ("", ""))]
        if time is not None:
            clock, write, highest = time
            self.fronts += [
                ((clock,) * power, (write(power) + "*", _clock_latex(write(power))))
                for power in range(1, highest + 1)
            ]

    def unpacked(self, support, joined=True):
        r"""
        Return the same with slices of matrices and vectors as arrays of their own, for those in the laws' ``support``;
        ``None`` if there are none.

        Queries, keys and values are often one array with three times the rows, gates one with two or four times; what
        is ``joined`` before a layer has as many channels as its parts together.
        """
        out, support = [], set(support)
        # Joined channels may be single ones, which sizes() leaves out.
        sizes = [*self.sizes(), *([1] if any(1 in places.shape for _, places, _ in self.arrays) else [])] * joined
        for name, places, moving in self.arrays:
            out.append((name, places, moving))
            # What is in no law has slices in none: large networks have many arrays and few laws.
            if not support.isdisjoint(places.ravel().tolist()):
                out += [
                    (name + word, places[key], None if moving is None else moving[key])
                    for word, key in dict([*equal_slices(places.shape), *joined_slices(places.shape, sizes)]).items()
                ]
        if len(out) == len(self.arrays):
            return None
        # The places are those of the same state, so laws of slices and of whole arrays can be compared.
        view = Entries([], 0, None, None)
        view.arrays, view.fronts = out, self.fronts
        return view

    def sizes(self):
        """Return the sizes of axes above 1, each once, in the order of the parameters' hidden axes."""
        # An axis of size 1 gives norms of whole arrays, which are tried last under their own names.
        return [n for n in dict.fromkeys(n for _, places, _ in self.arrays for n in places.shape[::-1]) if n > 1]

    def _axes(self, size):
        for name, places, moving in self.arrays:
            for axis, n in enumerate(places.shape):
                if n == size:
                    yield name, places, moving, axis

    @staticmethod
    def _rows(places, axis):
        # One row an index of the axis: every Gram matrix is then rows times rows, whatever the number of axes.
        return np.moveaxis(places, axis, 0).reshape(places.shape[axis], -1)

    def sums(self, size):
        """Return the sums over all axes but one, for parameters and velocities."""
        out = []
        for name, places, moving, axis in self._axes(size):
            for symbol, latex, array in (
                (name, latex_name(name), places),
                ("d" + name, r"\dot{" + latex_name(name) + "}", moving),
            ):
                if array is not None:
                    words = sum_words(symbol, latex, places.ndim, axis)
                    out += [Feature(1, self._rows(array, axis), words, clock, front) for clock, front in self.fronts]
        return out

    def squares(self, size):
        """Return the squared norms of slices, the diagonals of Gram matrices."""
        return [Feature(2, self._rows(places, axis), square_words(name, places.ndim, axis), clock, front)
                for name, places, _, axis in self._axes(size) for clock, front in self.fronts]

    def folded(self, size, block):
        r"""
        Return Gram matrices summed over groups of neighbouring blocks, for axes that are multiples of ``size``: heads
        that share keys.
        """
        out = []
        for name, places, _ in self.arrays:
            for axis, n in enumerate(places.shape):
                if places.ndim == 2 and n > size and n % size == 0:
                    times = n // size
                    # Head h of a group shares key g: index (g, h, i) of the long axis is summed over h and compared
                    # with (g, i).
                    rows = self._rows(places, axis).reshape(size // block, times, block, -1)
                    rows = np.moveaxis(rows, 1, 2).reshape(size, -1)
                    latex, text = latex_name(name), f"{name}_h^T {name}_h" if axis else f"{name}_h {name}_h^T"
                    # A name may have a number below: the block stands above.
                    block_of = rf"{latex}^{{(h)\top}}", rf"{latex}^{{(h)}}"
                    formula = beside(*block_of if axis else block_of[::-1])
                    whole = f"sum({text} over {times} blocks h)", rf"\textstyle\sum_{{h=1}}^{{{times}}} {formula}"
                    out.append(Feature(2, rows, (whole, whole, "", "")))
        return out

    def skew(self, size):
        """Return the skew matrices of parameters and velocities."""
        return [
            Feature(
                2,
                self._rows(places, axis),
                skew_words(name, places.ndim, axis),
                clock,
                front,
                self._rows(moving, axis),
            )
            for name, places, moving, axis in self._axes(size)
            if moving is not None
            for clock, front in self.fronts
        ]

    def blocks(self, size, block):
        """Return the squared norms of blocks of neighbouring slices."""
        out = []
        for name, places, _, axis in self._axes(size):
            rows = self._rows(places, axis).reshape(size // block, -1)
            index = ",".join(":" if i != axis else "J" for i in range(places.ndim))
            both = f"|{name}[{index}]|^2", rf"\|{latex_name(name)}_{{{index}}}\|^2"
            out.append(Feature(2, rows, (both, both, f" for each block J of {block}", rf" \quad (|J| = {block})")))
        return out

    def folded_blocks(self, size, head, block):
        """Return the squared norms of blocks of neighbouring slices, summed over the heads that share keys."""
        out = []
        for feature in self.folded(size, head):
            # The words of the matrix, with the norm of a block of columns in the place of the Gram matrix.
            name = feature.words[0][0].removeprefix("sum(").split("_h")[0]
            latex = latex_name(name)
            both = (
                feature.words[0][0].replace(f"{name}_h^T {name}_h", f"|{name}_h[:,J]|^2"),
                feature.words[0][1].replace(
                    beside(rf"{latex}^{{(h)\top}}", rf"{latex}^{{(h)}}"), rf"\|{latex}^{{(h)}}[:,J]\|^2"
                ),
            )
            out.append(
                Feature(
                    2,
                    feature.rows.reshape(size // block, -1),
                    (both, both, f" for each block J of {block}", rf" \quad (|J| = {block})"),
                )
            )
        return out

    def products(self, support):
        r"""
        Return the products of two parameters of one shape, entry by entry, and of the two columns or rows of one; only
        those whose monomials are in the ``support`` of the laws, if that is given.
        """
        pairs = []
        for number, (name, places, _) in enumerate(self.arrays):
            for other, others, _ in self.arrays[number + 1:]:
                if others.shape == places.shape:
                    pairs.append(
                        (places.reshape(-1, 1), others.reshape(-1, 1), product_words(name, other, places.ndim))
                    )
            for axis, n in enumerate(places.shape):
                if places.ndim == 2 and n == 2:
                    first, second = np.moveaxis(places, axis, 0)
                    words = half_words(name, axis)
                    pairs.append((first.reshape(-1, 1), second.reshape(-1, 1), words))
        return [
            Feature(2, rows, words, others=others, product=True)
            for rows, others, words in pairs
            # Pairs of shapes are many; a product that is in no law is passed over before it is reduced.
            if support is None
            or all(tuple(sorted(pair)) in support for pair in zip(rows.ravel().tolist(), others.ravel().tolist()))
        ]

    def still(self, fixed):
        """Return the entries in the set ``fixed`` of places as features, one a parameter, under their names."""
        out = []
        for name, places, _ in self.arrays:
            where = [tuple(index) for index in np.argwhere(np.isin(places, sorted(fixed)))]
            # A vector that is at rest as a whole is found as the sum over its only axis, entry by entry.
            if where and not (places.ndim == 1 and len(where) == places.size):
                rows = np.array([[places[index]] for index in where])
                words = still_words(name, where, places.shape)
                out.append(Feature(1, rows, (words, words, "", "")))
        return out

    def norms(self):
        """Return the sums and the squared norms of whole parameters."""
        out = []
        for name, places, moving in self.arrays:
            rows, symbol = places.reshape(1, -1), latex_name(name)
            # A number needs no sum and no norm.
            single = places.size == 1
            for word, latex, array in ((name, symbol, places), ("d" + name, r"\dot{" + symbol + "}", moving)):
                if array is not None:
                    both = (word, latex) if single else (f"sum({word})", rf"\Sigma\, {latex}")
                    out += [
                        Feature(1, array.reshape(1, -1), (both, both, "", ""), clock, front)
                        for clock, front in self.fronts
                    ]
            both = (f"{name}^2", f"{symbol}^2") if single else (f"|{name}|^2", rf"\|{symbol}\|^2")
            out += [Feature(2, rows, (both, both, "", ""), clock, front) for clock, front in self.fronts]
        return out


def divisors(size):
    """Return the divisors of a size that are neither 1 nor the size."""
    return [block for block in range(2, size) if size % block == 0]
