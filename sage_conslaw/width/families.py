r"""
Laws that any contraction graph shows, class by class.

If the response does not change to first order under `\theta \mapsto \theta + \epsilon A \theta` for all data, with `A`
symmetric, then `\theta^T A \theta` is conserved by Euclidean gradient flow; if it does not change under a translation
by `b`, then `\langle b, \theta \rangle` is.  Read off the axes:

- *diagonal* over classes `I`: everything with the indices `i \in I` is scaled by `1 + \epsilon \alpha`, one number
  `\alpha` for each place where a tensor has these indices.  Contractions add the `\alpha` of their factors, sums need
  equal ones, data have 0, and so has what is paired with a free covector.  With `I` empty whole tensors are scaled.  A
  covector that is orthogonal to the tensor allows any `\alpha` there, if no index of `I` is on the normalised axis.
  For each value of the indices there is a law `\sum_a \alpha_a |\theta_a[i]|^2`: hidden units, channels, gains
  `g_i^2 + b_i^2 - |U_i|^2`, the norm before a normalisation;
- *full* over a class `a`, which nowhere is multiplied elementwise, at each value of further indices `B`: any symmetric
  matrix acts, as in `Q_h^T Q_h - K_h^T K_h` at each head `h`;
- *sums* along an axis, where covectors (or data) sum to zero and everything on the way carries a shift along it; a
  parameter that enters repeated along it is conserved entry by entry, as the key bias is.

Each of these is a proof for all sizes: nothing depends on them.
"""
import itertools
import math
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from ..exact.sparse_elimination import minus_multiple
from ..exact.terms import oriented
from ..graph.operations import Add, Contract
from ..graph.tensor import Constant, Data, Parameter
from ..laws.gradings import WeightLattice
from .blind import blind_to, seeds, tuples
from .links import flat, is_primitive, is_uniform, links_of
from .translations import independent, translations

# Numbers that are zero modulo it alone would make laws look dependent: some might be lost, none invented.
_PRIME = (1 << 61) - 1


@dataclass(frozen=True)
class Family:
    r"""
    Laws of one kind, one for each value of some indices.

    - ``kind`` -- ``"full"``, ``"diagonal"``, ``"sum"``, ``"entries"`` or ``"shift"``

    - ``classes`` -- the classes of the indices; for ``"full"`` the first is that of the symmetric matrix

    - ``parts`` -- triples (leaf number, places of these indices among the classes of the leaf's axes, coefficient); for
      ``"sum"`` the places are those summed over

    - ``less`` -- how many affine laws, the last ones, are left out, since the others and other families imply them: for
      tokens and positions that are shifted against each other, both with covectors of sum zero, it is one
    """

    kind: str
    classes: tuple
    parts: tuple
    less: int = 0

    def number(self, sizes):
        """Return how many laws there are for given sizes of the classes; sizes may be symbols."""
        total = math.prod(sizes[c] for c in self.classes)
        if self.kind == "full":
            # One law for each entry of a symmetric matrix: `n (n + 1) / 2`, exact for integers of any size.
            twice = total * (sizes[self.classes[0]] + 1)
            total = twice // 2 if isinstance(twice, int) else twice / 2
        return total - self.less

    def degree(self, c):
        """Return the degree of the number of laws in the size of a class."""
        return self.classes.count(c) + (self.kind == "full" and self.classes[0] == c)

    def polynomials(self, axes, leaves, sizes):
        r"""
        Return the laws as sparse polynomials in the parameters of ``leaves``, numbered one after the other, at given
        sizes.
        """
        parts = []
        for number, where, alpha in self.parts:
            places = _places(axes, leaves, number, sizes)
            # The places of the indices in front: one row of entries for each value of these.
            front = np.moveaxis(places, where, range(len(where)))
            parts.append((front, len(where), alpha))
        if self.kind in ("sum", "entries"):
            (front, depth, _), = parts
            # Here the places are those that are summed over, so that each column is a law.
            rows = front.reshape(int(np.prod(front.shape[:depth], dtype=np.int64)), -1).T
            return [{(int(a),): Fraction(1) for a in row} for row in rows.tolist()][:len(rows) - self.less]
        shape = tuple(sizes[c] for c in self.classes)
        laws = []
        if self.kind == "shift":
            laws = [{(int(a),): Fraction(alpha) for front, _, alpha in parts for a in front[index].ravel().tolist()}
                    for index in itertools.product(*map(range, shape))]
            return laws[:len(laws) - self.less]
        for index in itertools.product(*map(range, shape)):
            for j in range(index[0], shape[0]) if self.kind == "full" else (None,):
                law = {}
                for front, _, alpha in parts:
                    left = front[index].ravel().tolist()
                    right = left if j is None else front[(j, *index[1:])].ravel().tolist()
                    for a, b in zip(left, right):
                        # A square parameter has a class at both axes: `|W_i|^2 - |W^i|^2` loses the square on its
                        # diagonal.
                        key = (a, b) if a <= b else (b, a)
                        law[key] = law.get(key, 0) + Fraction(alpha)
                laws.append(oriented({key: value for key, value in sorted(law.items()) if value}))
        return laws


def _places(axes, leaves, number, sizes):
    start = 0
    for leaf in leaves:
        shape = [sizes[c] for axis in axes.of[leaf] for c in axis]
        size = math.prod(shape)
        if leaf is axes.leaves[number]:
            return start + np.arange(size).reshape(shape)
        start += size
    raise ValueError("the family has a parameter that is not among the leaves")


def families(axes):
    """Return the families of laws that the graph shows, none implied by those before it."""
    links = [
        (node, links_of(axes, node)) for node in axes.order if node.operation is not None and not is_primitive(node)
    ]
    found = []
    # Larger sets first: summed over an index their laws are laws of the smaller ones, which then are not new.
    for classes in _candidates(axes):
        for first in classes:
            if classes.count(first) == 1:
                batch = tuple(c for c in classes if c != first)
                found += _new(axes, links, "full", (first, *batch), found)
        found += _new(axes, links, "diagonal", classes, found)
    affine = _sums(axes)
    shifts = [Family("shift", classes, parts) for classes, parts in translations(axes, _candidates(axes), links)]
    return found + _affine(axes, affine, shifts)


def _affine(axes, sums, shifts):
    """Return independent families of affine laws, as many laws as one of three orders gives: where a class token and
    its position are shifted against each other, their sums are the same."""
    def number(kept):
        return sum(family.number(list(axes.sizes)) for family in kept)
    large, mixed = (sorted(some, key=lambda family: -number([family])) for some in (sums, [*shifts, *sums]))
    kept = max((independent(axes, [], order) for order in ([*sums, *shifts], [*large, *shifts], mixed)), key=number)
    rest = [replace(family, less=1) for family in mixed if family not in kept and number([family]) > 1]
    kept = kept + independent(axes, kept, rest) if kept else kept
    # Where the small network is too large to compare them, sums are kept, and their independence is seen later.
    return kept or sums


def _candidates(axes):
    """Return sets of classes that one parameter has, the largest first."""
    sets = {()}
    for leaf in axes.leaves:
        # No family runs over a rigid class: laws that it may have are not seen; the bound is lower, never wrong.
        classes = sorted({c for axis in axes.of[leaf] for c in axis if not axes.rigid[c] and axes.sizes[c] > 1})
        for size in range(1, min(len(classes), 3) + 1):
            sets |= set(itertools.combinations(classes, size))
    return sorted(sets, key=lambda classes: (-len(classes), classes))


def _new(axes, links, kind, classes, found):
    """Return the families of this kind over these classes that those found do not imply."""
    lattice, weights, wanted = WeightLattice(), {}, set(classes)
    nodes = [node for node in axes.order if wanted.issubset(flat(axes, node))]
    for node in nodes:
        for chosen in tuples(flat(axes, node), classes):
            weights[node, chosen] = lattice.unknowns(1)[0]
    # One weight for each way in which a tensor has these indices, as a square matrix has an index at two places.
    keys = [key for key in weights if isinstance(key[0], Parameter)]
    if not keys:
        return []
    # What is given stays: data and constants are not scaled, as the response must be the same for all of them.
    for node in nodes:
        if isinstance(node, (Data, Constant)) or is_primitive(node):
            for chosen in tuples(flat(axes, node), classes):
                lattice.relation({weights[node, chosen]: 1})
    having = set(nodes)
    for node, labels in links:
        if node not in having and not having.intersection(node.inputs):
            continue
        _relate(axes, lattice, weights, node, labels, classes, kind == "full")
    for node, constraint, _ in axes.pairings:
        last = len(flat(axes, node)) - len(axes.of[node][-1]) if axes.of[node] else 0
        for chosen in tuples(flat(axes, node), classes):
            # `<s, (1 + e a) z> = <s, z>` for every a where s is orthogonal to z, row by row: a may depend on the row,
            # but not on the place in it, and a matrix that mixes rows is seen.
            if (
                "orthogonal" not in constraint
                or kind == "full"
                or any(place >= last for place in chosen)
                or not axes.of[node]
            ):
                lattice.relation({weights[node, chosen]: 1})
    _, scales = lattice.characters([weights[key] for key in keys])
    number = {leaf: i for i, leaf in enumerate(axes.leaves)}
    # A family over more classes gives these laws by sums over the further indices.
    known, fresh = Echelon(), []
    for family in found:
        if set(classes) <= set(family.classes) and (
            kind == "diagonal" or family.kind == "full" and family.classes[0] == classes[0]
        ):
            known.adds(_projected(family, classes))
    for column in scales.T:
        # Coprime, the first one positive: a law is written in one way.
        column = column // np.gcd.reduce(column) * (1 if column[np.flatnonzero(column)[0]] > 0 else -1)
        parts = tuple((number[node], chosen, int(w)) for (node, chosen), w in zip(keys, column) if w)
        family = Family(kind, classes, parts)
        if known.adds(_projected(family, classes)):
            fresh.append(family)
    return fresh


def _relate(axes, lattice, weights, node, labels, classes, full):
    operands = list(node.inputs)
    tables = [dict() for _ in labels]
    for table, tensor, names in zip(tables, (*operands, node), labels):
        for chosen in tuples(flat(axes, tensor), classes):
            table[tuple(names[i] for i in chosen)] = weights[tensor, chosen]
    result = tables[-1]
    # A sum is scaled as a whole, so all its terms are scaled alike.
    if isinstance(node.operation, Add):
        for table in tables[:-1]:
            for key, weight in table.items():
                lattice.relation({weight: 1}, {result[key]: -1})
        return
    # A symmetric matrix along an index that is multiplied elementwise would have to commute with all diagonal matrices:
    # then it is diagonal, and the diagonal family has it.  A uniform constant is a multiple of the identity.
    everywhere = set()
    if (
        full
        and isinstance(node.operation, Contract)
        and not any(isinstance(child, Constant) and is_uniform(child) for child in operands)
    ):
        everywhere = set(labels[0]) & set(labels[1]) & set(labels[2])
    for key in set().union(*tables):
        rows = [{table[key]: 1} for table in tables[:-1] if key in table]
        if key in result:
            rows.append({result[key]: -1})
        lattice.relation(*rows)
        if full and key[0] in everywhere:
            for table in tables:
                if key in table:
                    lattice.relation({table[key]: 1})


def _projected(family, classes):
    """Return the coefficients of the sum of a family over all indices but those of ``classes``."""
    order = [family.classes.index(c) for c in classes]
    out = {}
    for number, where, alpha in family.parts:
        key = number, tuple(where[i] for i in order)
        out[key] = out.get(key, 0) + alpha
    return out


class Echelon:
    """Sparse rows modulo a prime with different first keys: what is independent there is so over the rationals."""

    def __init__(self):
        self.rows = {}

    def adds(self, vector):
        """Keep a vector, and say whether it is independent of those before it."""
        row = {key: value.numerator * pow(value.denominator, -1, _PRIME) % _PRIME for key, value in vector.items()}
        row = {key: value for key, value in row.items() if value}
        while row:
            first = min(row)
            top, factor = self.rows.get(first), row[first]
            if top is None:
                # Leading entries are one, so that a row is reduced by one product with each row before it.
                inverse = pow(factor, -1, _PRIME)
                self.rows[first] = {key: value * inverse % _PRIME for key, value in row.items()}
                return True
            row = minus_multiple(row, factor, top, _PRIME)
        return False


def _sums(axes):
    """Return the sums of parameters that no covector sees."""
    found, seen = [], set()
    for wanted in seeds(axes):
        blind = blind_to(axes, wanted)
        for number, leaf in enumerate(axes.leaves):
            here = flat(axes, leaf)
            # Any change of it is unseen, so each entry is a law; its sums follow from these and are left out at the
            # end.
            if () in blind[leaf]:
                if (number, ()) not in seen:
                    seen.add((number, ()))
                    found.append(Family("entries", tuple(here), ((number, (), 1),)))
                continue
            for chosen in sorted(blind[leaf]):
                if (number, chosen) not in seen:
                    seen.add((number, chosen))
                    found.append(
                        Family("sum", tuple(c for i, c in enumerate(here) if i not in chosen), ((number, chosen, 1),))
                    )
    return [family for family in found if family.kind == "entries" or (family.parts[0][0], ()) not in seen]
