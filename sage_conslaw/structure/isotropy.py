r"""
Laws of gradient flow from rotations: what a point's vectors span is conserved.

Let `M` be the `n \times K` matrix of all weights that meet one axis of the network, and let the response not change
under `M \mapsto R M` for rotations `R`. Its gradient then commutes with them, `G(R M) = R G(M)`. For `K < n` invariance
under rotations is invariance under reflections too (compose with a reflection that fixes the columns of `M`), and `R =`
the reflection of all that is orthogonal to the columns fixes `M`, hence `G(M)`: each column of `G(M)` is a combination
of columns of `M`. So the span of the columns is conserved, a point of a Grassmannian of dimension `K (n - K)`, and the
one-forms `\langle y, dM e_j \rangle` with `y^T M = 0` vanish on all fields. With rotations that fix the ones vector
alone, as behind a layer norm, it joins the columns of `M`.

The trivial case: `linear 1 n 1`, where these laws are functions of `U_1^T U_1 - U_2 U_2^T`. The one that needs them: a
root mean square norm without gain, `2, 4, 1`, has one quadratic law and `3 (4 - 3) = 3` of these. One that has none:
with a gain the norm does not commute with rotations.
"""
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations

import numpy as np

from ..exact import modular
from ..exact.linear_algebra import kernel, rank
from ..laws.independence import jacobian

# Sets of axes that are tried: all of them among four of one size.
_MOST_SETS = 64


@dataclass(frozen=True)
class Span:
    r"""
    Parameters as the rows of an ``n x K`` matrix (indices of coordinates), whose columns span what is conserved; with
    ``ones`` together with the ones vector.
    """

    rows: tuple
    names: tuple
    ones: bool = False

    def words(self):
        """Return in words what is conserved."""
        names = " and ".join([*["1"] * self.ones, *self.names])
        return f"the span of the vectors of {names} in R^{len(self.rows)}, of dimension {len(self.rows[0]) + self.ones}"


def conserved_spans(family):
    r"""
    Return the spans that gradient flow conserves because the response does not change under rotations, each proved.
    """
    response = family.response
    places, start = {}, 0
    for leaf in response.leaves:
        numbers = np.arange(start, start + leaf.size).reshape(leaf.shape)
        for axis, size in enumerate(leaf.shape):
            rows = np.moveaxis(numbers, axis, 0).reshape(size, -1)
            places.setdefault(size, []).append((leaf, rows))
        start += leaf.size
    found = []
    for size, axes in places.items():
        if size < 2:
            continue
        tried = 0
        for number in range(1, len(axes) + 1):
            for chosen in combinations(axes, number):
                leaves = [leaf for leaf, _ in chosen]
                rows = np.concatenate([part for _, part in chosen], axis=1)
                tried += 1
                # With K = n columns and more the complement is zero, and nothing is conserved.
                if tried > _MOST_SETS or len(set(leaves)) < number or rows.shape[1] >= size:
                    continue
                # Rotations in neighbouring coordinate planes generate all rotations.
                ones = not all(_rotates(family, rows, {i: 1}, {i + 1: 1}) for i in range(size - 1))
                if ones and not _rotates_around_ones(family, rows):
                    continue
                found.append(Span(tuple(map(tuple, rows.tolist())), tuple(leaf.name for leaf in leaves), ones))
    return found


def _rotates_around_ones(family, rows):
    """Decide whether all rotations that fix the ones vector leave the response unchanged, where spans follow."""
    size, columns = rows.shape
    # Planes of neighbouring differences generate all of them.
    return columns + 1 < size and all(
        _rotates(family, rows, {i: 1, i + 1: -1}, {i + 1: 1, i + 2: -1}) for i in range(size - 2)
    )


def _rotates(family, rows, first, second):
    """Decide whether the rotation in the plane of two vectors leaves the response unchanged."""
    turned = {}
    for i, a in first.items():
        for j, b in second.items():
            # The generator `u v^T - v u^T` of the rotation, entry by entry.
            turned[i, j] = turned.get((i, j), 0) + a * b
            turned[j, i] = turned.get((j, i), 0) - a * b
    direction = {}
    for (i, j), value in turned.items():
        for place, other in zip(rows[i].tolist(), rows[j].tolist()):
            if value:
                terms = direction.setdefault(place, {})
                terms[other,] = terms.get((other,), 0) + Fraction(value)
    return family.annihilates(direction)


def independent_with_spans(laws, spans, dimension, generator, p, others=()):
    r"""
    Return how many of polynomial laws, conserved spans and other laws with a ``form`` together are independent: a rank
    modulo ``p`` at a point, so a proved lower bound.
    """
    z = modular.random_array(generator, (dimension,), p)
    # All forms annihilate the fields.  Those of a span are integrable, so they are combinations of differentials of
    # laws: the rank counts independent laws, polynomial or not, at a point modulo a prime and so at generic points.
    forms = [jacobian(laws, dimension, z, p), *(other.form(z, dimension, p) for other in others)]
    for span in spans:
        rows = np.asarray(span.rows)
        columns = z[rows].T
        if span.ones:
            columns = np.concatenate([np.ones((1, len(rows)), dtype=np.int64), columns])
        normals = kernel(columns, p)
        for normal in normals:
            for column in range(rows.shape[1]):
                form = np.zeros((1, dimension), dtype=np.int64)
                for i, value in normal.items():
                    form[0, rows[i, column]] = value
                forms.append(form)
    return rank(np.concatenate(forms), p)
