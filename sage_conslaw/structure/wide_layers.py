r"""
Linear networks whose hidden layers are wider than inputs and outputs together: both bounds, from a small network.

Few inputs and outputs cannot switch hidden units off one by one, and components of neurons of bounded size do not move.
Instead units are added that *float*: paths through all hidden layers, with weights `w` along them and weights `y` of
size `\epsilon` to the other neurons.  Take a small network of the same inputs and outputs, at a generic point `\theta`
where its balances and its Lie algebra fill the space.

- To first order `y` moves linearly, `y' = L_X y`, keeps the balances between the unit and the others zero, and keeps
  one quadratic form `Q` on the `k` dimensions left, the sum of the unit's own balances.  So the isotropy algebra of
  `\theta` acts through `\mathfrak{so}(Q_w)`.
- *One check.*  For two generic `w` the action on both spaces together is onto `\mathfrak{so}(Q_w) \times
  \mathfrak{so}(Q_{w'})`: a rank at frames of `k - 1` vectors.  These algebras are perfect for `k \ge 3`, so by Ribet's
  lemma the action of the isotropy algebra on any number of units is onto the product, and each unit adds `k - 1` to the
  rank.
- Weights between two units move to order `\epsilon^2` by `b_X(y, y')`, and `e` of their dimensions are free of the
  balances.  The kernel of the action on all units is a module whose image lies in a sum of pairwise different
  irreducible modules, `e` copies each of `\mathbf{R}^k \otimes \mathbf{R}^k`; as the algebra of the other units is
  perfect, the image for two units is that for all.  So each pair adds `e`.

So `q` units add `q (k - 1) + e q (q - 1) / 2` to the rank, for every `q`.

*Laws.*  A combination `\sum \mathrm{tr}(S_i B_i)` of the balances `B_i = W_i W_i^T - W_{i+1}^T W_{i+1}` has no gradient
where `S_i W_i = W_i S_{i-1}` with `S_0 = S_q = 0`.  Then `S_i` commutes with `W_i W_i^T` and `W_{i+1}^T W_{i+1}`, whose
eigenvectors with nonzero values are eigenvectors of `S_i`; as generic ones are nowhere orthogonal, `S_i` is a number on
their span, and from layer to layer this number is that of `S_0`, zero.  What is left is any symmetric matrix on the
`t_i = \max(0, n_i - n_{i-1} - n_{i+1})` other dimensions.

EXAMPLES::

    sage: import numpy
    sage: from sage_conslaw.structure.wide_layers import independent_balances, rank_from_narrow
    sage: n = [2, 1000, 1000, 2]; sum(a * b for a, b in zip(n, n[1:])) - independent_balances(n)
    3000
    sage: rank_from_narrow(n, numpy.random.default_rng(0r))[0r]
    3000

One input and one output: `\mathfrak{so}_2` is not perfect, and nothing is claimed::

    sage: rank_from_narrow([1, 9, 9, 1], numpy.random.default_rng(0r))[0r]
    0
"""
from dataclasses import dataclass
from itertools import count

import numpy as np

from ..exact.arithmetic import Dual, DualArithmetic, ModularArithmetic
from ..exact.linear_algebra import kernel, rank
from ..exact.modular import random_array
from ..exact.primes import random_prime
from ..exact.span import Span
from ..fields.bracket import random_word
from ..flows.flow_family import FlowFamily
from ..graph.response import NetworkResponse
from ..graph.tensor import Data, Parameter
from .chains import useful_widths

# Small networks that are tried, the smallest first.
_MOST_BASES = 4

# A word of d + 1 letters costs about 3^d passes, and twice or four times as much for the units; a few seconds.
_MOST_WORK = 40_000_000
_OVERHEAD, _IDLE, _AT_LEAST = 20_000, 2, 5


def independent_balances(widths):
    r"""Return the number of independent laws `W_i W_i^T - W_{i+1}^T W_{i+1}` at generic points."""
    total = 0
    for before, n, after in zip(widths, widths[1:], widths[2:]):
        idle = max(0, n - before - after)
        total += n * (n + 1) // 2 - idle * (idle + 1) // 2
    return total


def rank_from_narrow(widths, generator, deadline=None):
    r"""
    Return a lower bound of the rank of the Lie algebra of a linear network with these widths, 0 where nothing is known,
    and the narrow widths from which it grows, ``None`` if there are none: the bound holds for as many more units as one
    likes.
    """
    useful = useful_widths(widths)
    # The weights `w` of a unit lie between hidden layers, of which there have to be two.
    if len(useful) < 4:
        return 0, None
    # Products of words of a small prime are single ones of doubles; an unlucky one costs the bound, no more.
    p = random_prime(generator, 21)
    narrowest, tried = min(useful[1:-1]), 0
    # The narrowest base is the cheapest: each layer keeps a neuron, and one unit at least floats.
    for units in reversed(range(1, narrowest)):
        base = [useful[0], *(n - units for n in useful[1:-1]), useful[-1]]
        # A base whose layers are not all useful is another network.
        if useful_widths(base) != base:
            continue
        small = _WithUnits(base, generator, p)
        tried += 1
        # Where words of depth 3, at 27 passes for each of the wanted rows, are too much work, they are so for all later
        # bases, which are larger.
        if tried > _MOST_BASES or small.size * 27 > _MOST_WORK // max(1, small.wanted):
            break
        if small.form_is_regular() and small.rank(deadline) == small.wanted:
            return small.own + units * (small.k - 1) + units * (units - 1) // 2 * small.between, base
    return 0, None


@dataclass
class _Unit:
    """A floating unit: its number among the neurons of each hidden layer, its weights along the path, which of the two
    infinitesimals it has, and the entries of ``y`` by layer: into it, and out of it."""

    place: int
    path: list
    which: int
    into: list
    out: list


class _WithUnits:
    """A small linear network at a generic point, with two frames of floating units."""

    def __init__(self, base, generator, p):
        self.base, self.generator, self.p = base, generator, p
        self.layers = len(base) - 1
        # At a generic point of the base its own balances and words fill the space, which `wanted` asks for.
        self.weights = [1 + random_array(generator, (a, b), p - 1) for a, b in zip(base, base[1:])]
        hidden = base[1:-1]
        incoming, outgoing = base[:-2], base[2:]
        # Entries of `y`, less one balance for each pair of the unit and a neuron.
        self.k = sum(incoming) + sum(outgoing) - sum(hidden)
        # Two weights for each pair of neighbouring hidden layers, 2 (L - 2), less a balance for each of L - 1 hidden
        # layers.
        self.between = self.layers - 3
        self.own = sum(a * b for a, b in zip(base, base[1:])) - independent_balances(base)
        self.wanted = self.own + self.k * (self.k - 1) + self.between
        self.units, self.bases = [], []
        for which in (0, 1):
            path = (1 + random_array(generator, (self.layers - 2,), p - 1)).tolist()
            tangent = self._tangent(path)
            self.bases.append((path, tangent))
            # On `k - 1` generic vectors an element of `so_k` is known; `so_2` is not perfect, and the lemma fails.
            for _ in range(self.k - 1 if len(tangent) == self.k >= 3 else 0):
                mixed = [int(x) for x in random_array(generator, (len(tangent),), p)]
                y = [sum(c * int(v) for c, v in zip(mixed, column)) % p for column in tangent.T.tolist()]
                self.units.append(_Unit(len(self.units), path, which, *self._split(y)))
        full = [base[0], *(n + len(self.units) for n in hidden), base[-1]]
        self.full = full
        self.size = sum(a * b for a, b in zip(full, full[1:]))

    def _split(self, y):
        """Return the parts of a vector ``y`` by hidden layer: into the unit, out of it."""
        into, out, start = [], [], 0
        for before, after in zip(self.base[:-2], self.base[2:]):
            into.append(y[start : start + before])
            out.append(y[start + before : start + before + after])
            start += before + after
        return into, out

    def _tangent(self, path):
        """Return a basis of the ``y`` for which the balances between the unit and the others are zero."""
        p, rows = self.p, []
        starts = np.cumsum([0] + [a + b for a, b in zip(self.base[:-2], self.base[2:])])
        hidden = self.base[1:-1]
        for l, n in enumerate(hidden):
            into, out = self.weights[l], self.weights[l + 1]
            for i in range(n):
                row = np.zeros(starts[-1], dtype=np.int64)
                row[starts[l] : starts[l] + self.base[l]] = into[:, i]
                row[starts[l] + self.base[l] : starts[l + 1]] = (-out[i, :]) % p
                # The neighbours of the unit along its path.
                if l > 0:
                    row[starts[l - 1] + self.base[l - 1] + i] = path[l - 1]
                if l + 1 < len(hidden):
                    row[starts[l + 1] + i] = (-path[l]) % p
                rows.append(row)
        # The y for which the balances that mix the unit with a neuron are zero to first order.
        vectors = kernel(np.array(rows), p)
        return np.array([[vector.get(j, 0) for j in range(starts[-1])] for vector in vectors], dtype=object)

    def form_is_regular(self):
        """Say whether the quadratic form of each frame has no kernel, and the balances between two units are
        independent in the weights between them: what bounds the rank from above."""
        if not self.units:
            return False
        for _, tangent in self.bases:
            # The unit's own balances, added up along the path: incoming squares minus outgoing ones.
            signs = np.concatenate([[1] * before + [-1] * after
                                    for before, after in zip(self.base[:-2], self.base[2:])])
            gram = (tangent * signs) @ tangent.T % self.p
            # With a kernel the algebra that keeps the form would be larger than so_k.
            if rank(gram.astype(np.int64), self.p) < self.k:
                return False
        first, second = self.bases[0][0], self.bases[1][0]
        hidden = self.layers - 1
        rows = np.zeros((hidden, 2 * (hidden - 1)), dtype=np.int64)
        # Weights from one unit to the other between hidden layers m and m + 1, both ways.
        for m in range(hidden - 1):
            rows[m + 1, 2 * m], rows[m + 1, 2 * m + 1] = second[m], first[m]
            rows[m, 2 * m], rows[m, 2 * m + 1] = (-first[m]) % self.p, (-second[m]) % self.p
        return rank(rows, self.p) == hidden

    def rank(self, deadline):
        """Return the rank of words in the small network's weights, the units' and those between a unit of each
        frame."""
        response = _linear_response(self.full)
        family, (point, columns) = FlowFamily(response, response.names), self._point()
        A = DualArithmetic(ModularArithmetic(self.p))
        if self.between:
            A = DualArithmetic(A)
        span, idle = Span(sum(map(len, columns)), self.p), 0
        for depth in count():
            batch = self.wanted - span.rank + 2
            # A rank that is not reached costs the bound, never its truth.
            costly = (batch * self.size * (4 if self.between else 2) + _OVERHEAD) * 3 ** depth > _MOST_WORK
            if span.rank >= self.wanted or costly or idle >= _IDLE and depth >= _AT_LEAST:
                return span.rank
            if deadline is not None:
                deadline.check()
            word = random_word(family, self.generator, self.p, batch, depth)(A, point)
            gained = span.add(np.concatenate([np.broadcast_to(part, (batch, self.size))[:, where]
                                              for part, where in zip(_parts(word), columns)], axis=1))
            idle = 0 if gained else idle + 1

    def _point(self):
        """Return the point, over numbers with two infinitesimals, and the columns that are read of its four parts."""
        shapes = list(zip(self.full, self.full[1:]))
        parts = [[np.zeros(shape, dtype=np.int64) for shape in shapes] for _ in range(3)]
        read = [[np.zeros(shape, dtype=bool) for shape in shapes] for _ in range(4)]
        for l, values in enumerate(self.weights):
            inside = np.s_[: values.shape[0], : values.shape[1]]
            parts[0][l][inside], read[0][l][inside] = values, True
        for unit in self.units:
            at = [None, *(n + unit.place for n in self.base[1:-1]), None]
            for m, w in enumerate(unit.path):
                parts[0][m + 1][at[m + 1], at[m + 2]] = w
            for l, (into, out) in enumerate(zip(unit.into, unit.out)):
                before, after = np.s_[: self.base[l], at[l + 1]], np.s_[at[l + 1], : self.base[l + 2]]
                parts[1 + unit.which][l][before], parts[1 + unit.which][l + 1][after] = into, out
                read[1 + unit.which][l][before] = read[1 + unit.which][l + 1][after] = True
        if self.between:
            one, other = self.units[0].place, self.units[-1].place
            for m in range(1, self.layers - 1):
                for a, b in ((one, other), (other, one)):
                    read[3][m][self.base[m] + a, self.base[m + 1] + b] = True
        flat = [np.concatenate([array.ravel() for array in part]) for part in parts]
        columns = [np.flatnonzero(np.concatenate([array.ravel() for array in part])) for part in read]
        if not self.between:
            # Nothing of second order is read: one infinitesimal serves both frames.
            return Dual(flat[0], flat[1] + flat[2]), [columns[0], np.concatenate(columns[1:3])]
        return Dual(Dual(flat[0], flat[1]), Dual(flat[2], None)), columns


def _parts(number):
    """Return the parts of a number with infinitesimals, one after the other; those that are missing are zero."""
    if not isinstance(number, Dual):
        return [number]
    real = _parts(number.real)
    more = [None] * len(real) if number.infinitesimal is None else _parts(number.infinitesimal)
    return real + [np.zeros_like(a) if b is None else b for a, b in zip(real, more)]


def _linear_response(widths):
    h = Data("x", (widths[0],), "input")
    leaves = []
    for l, (a, b) in enumerate(zip(widths, widths[1:])):
        leaves.append(Parameter(f"W{l}", (a, b)))
        h = h @ leaves[-1]
    return NetworkResponse(leaves, [(h, Data("s", h.shape, "covector"))])
