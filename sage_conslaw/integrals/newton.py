r"""
The Newton polytope of a polynomial vector field, which says where a cofactor can live.

A field is a sum of operators `z^b \sum_j \alpha_{b,j} z_j \partial_j`, `b` in `Z^N`; its Newton polytope is the hull of
the `b`.  Let `L p = c p`. For each weight the top parts satisfy the same equation, so that `c` is supported on the
lattice points of the polytope without negative entries, and on each face the top part of `p` is a Darboux polynomial of
the part of the field on that face, with the part of `c` on it as cofactor (Chavarriga, Giacomini, Grau 2005; Demina
2018).
"""
import numpy as np

from .._sage import QQ, PolynomialRing
from ..laws.monomials import monomials


class LaurentOperator:
    r"""
    A field, or several in one generic combination, as a sum of operators `z^b \sum_j \alpha_{b,j} z_j \partial_j`, with
    its faces.

    INPUT:

    - ``family`` -- a family of explicit fields; its constants are parameters of the coefficients

    - ``faces`` -- whether to compute the polytope

    Attributes: ``moving``, the coordinates that move; ``ring``, the ring of the coefficients, Q or Q[k, s] (with
    several fields `\sum s_i F_i` is taken, `s_i` new parameters: `p` is Darboux for all fields iff it is for this one);
    ``operators``: `b \mapsto \alpha_b`; ``support``, where the cofactor can be nonzero.

    EXAMPLES:

    The cofactors of the Lorenz system with `b = 0` are `c_0 + c_1 x`::

        sage: from sage_conslaw import system
        sage: from sage_conslaw.integrals.newton import LaurentOperator
        sage: lorenz = system(["x", "y", "z"], ["1/3*(y - x)", "r*x - y - x*z", "x*y"], parameters=["r"])
        sage: LaurentOperator(lorenz).support
        [(1, 0, 0), (0, 0, 0)]

    For Lotka-Volterra systems every point of the support is a vertex, a face of its own::

        sage: L = LaurentOperator(system(["x", "y"], ["x*(1 - y)", "y*(x - 1)"])); L.support
        [(0, 1), (1, 0), (0, 0)]
        sage: [len(L.points(L.face(m))) for m in L.support]
        [1, 1, 1]
        sage: face = L.face(L.support[0r]); L.points(face), L.support_on(face), face == L.face(*L.points(face))
        ([(0, 1)], [(0, 1)], True)
        sage: L.blocks(face, [(1, 0), (0, 1)])
        [[(1, 0)], [(0, 1)]]
    """

    def __init__(self, family, faces=True):
        fields = family.sparse_fields()
        constants = set(family.constants)
        self.moving = [i for i in range(family.dimension) if i not in constants]
        names = [family.names[i] for i in family.constants]
        # Names of their own for the s_i: no parameter begins like them.
        prefix = "s"
        while any(name.startswith(prefix) for name in names):
            prefix += "s"
        self.combination = [f"{prefix}{i}" for i in range(len(fields))] if len(fields) > 1 else []
        names = names + self.combination
        self.ring = PolynomialRing(QQ, names, len(names)) if names else QQ
        place = {coordinate: number for number, coordinate in enumerate(family.constants)}
        where = {coordinate: number for number, coordinate in enumerate(self.moving)}
        # sum s_i F_i with new s_i: over Q(s) one field stands for all, as p is Darboux for it iff it is for each.
        self.pieces = [self._operator(field, place, where) for field in fields]
        self.operators = {}
        for number, piece in enumerate(self.pieces):
            factor = self.ring.gen(len(place) + number) if self.combination else self.ring.one()
            for b, alpha in piece.items():
                total = self.operators.setdefault(b, {})
                for j, value in alpha.items():
                    total[j] = total.get(j, self.ring.zero()) + factor * value
        self.facets, self.equations, self.support = [], [], []
        if faces and self.operators:
            self._find_faces()

    def _operator(self, field, place, where):
        """Return ``{b: {j: coefficient}}`` of one field, the coefficients in the parameters."""
        out = {}
        for coordinate, component in enumerate(field):
            for monomial, value in component.items():
                # m d/dz_j = (m / z_j) z_j d/dz_j: the exponent of z_j is one less, and may be -1.
                b = [0] * len(where)
                b[where[coordinate]] = -1
                factor = self.ring(QQ((value.numerator, value.denominator)))
                for i in monomial:
                    if i in place:
                        factor *= self.ring.gen(place[i])
                    else:
                        b[where[i]] += 1
                alpha = out.setdefault(tuple(b), {})
                alpha[where[coordinate]] = alpha.get(where[coordinate], self.ring.zero()) + factor
        return out

    def part(self, value, number):
        """Return the coefficient for one of the fields, of a coefficient for their combination."""
        if not self.combination:
            return value
        s = self.ring.gens()[-len(self.combination):]
        return value.coefficient({g: int(i == number) for i, g in enumerate(s)})

    def _find_faces(self):
        """Compute the facets, and the support of the cofactor sorted from small faces to large ones."""
        from sage.geometry.polyhedron.constructor import Polyhedron
        hull = Polyhedron(vertices=[list(b) for b in self.operators])
        integral = [[int(x) for x in row] for row in hull.inequalities_list()]
        self.facets = [(row[0], row[1:]) for row in integral]
        self.equations = [[int(x) for x in row[1:]] for row in hull.equations_list()]
        self._faces = {b: self._tight(b) for b in self.operators}
        # Integral inequalities, scaled by the polyhedron: tightness is decided without rounding.
        offsets = [int(row[0]) for row in hull.equations_list()]
        # A cofactor is a polynomial: points of the polytope with a negative entry are none of its exponents.
        highest = max(map(sum, self.operators))
        table = [(0,) * len(self.moving)] + table_of_monomials(len(self.moving), highest)
        support = []
        for m in table:
            if all(_dot(row, m) + offset == 0 for row, offset in zip(self.equations, offsets)) \
                    and all(offset + _dot(row, m) >= 0 for offset, row in self.facets):
                self._faces[m] = self._tight(m)
                support.append(m)
        # A face inside another has more facets through it.
        self.support = sorted(support, key=lambda m: (-len(self._faces[m]), [-x for x in m][::-1]))

    def _tight(self, point):
        return frozenset(i for i, (offset, row) in enumerate(self.facets) if offset + _dot(row, point) == 0)

    def face(self, *points):
        """Return the smallest face that contains some points, as the set of facets through it."""
        return frozenset.intersection(*(self._faces[m] for m in points))

    def points(self, face):
        """Return the exponents of the operators on a face."""
        return [b for b in self.operators if self._faces[b] >= face]

    def support_on(self, face):
        """Return the points of the cofactor's support on a face."""
        return [m for m in self.support if self._faces[m] >= face]

    def blocks(self, face, table):
        r"""
        Return monomials grouped by their weights along the normals of a face: the top part of `p` lies in one group.
        """
        # L_face raises each of these weights by a constant, and so does the cofactor: the top part is homogeneous.
        normals = [self.facets[i][1] for i in sorted(face)] + self.equations
        groups = {}
        for a in table:
            groups.setdefault(tuple(_dot(row, a) for row in normals), []).append(a)
        return list(groups.values())


def _dot(row, point):
    return sum(x * y for x, y in zip(row, point) if y)


def table_of_monomials(dimension, degree):
    """Return the exponents of the monomials of degree 1 to ``degree``, highest degree first."""
    if degree < 1:
        return []
    # Rows of variables, filled up with the dimension.
    rows = monomials(dimension, [(list(range(dimension)), degree)])
    out = [tuple(np.bincount(row, minlength=dimension + 1)[:dimension].tolist()) for row in rows]
    return sorted(out, key=lambda a: (-sum(a), [-x for x in a]))


def equations_of(operators, cofactor, table):
    r"""
    Return the equations of `L p - c p = 0` for the coefficients of `p`, as ``{monomial: {column: value}}``.

    INPUT:

    - ``operators`` -- pairs `(b, \alpha_b)`

    - ``cofactor`` -- ``{monomial: value}``

    - ``table`` -- the monomials of `p`
    """
    rows = {}
    for column, a in enumerate(table):
        # z^b (alpha . z d/dz) z^a = (alpha . a) z^{a + b}: one entry for each operator and each term of the cofactor.
        entries = [(b, sum(a[j] * value for j, value in alpha.items() if a[j])) for b, alpha in operators]
        for m, value in entries + [(m, -value) for m, value in cofactor.items()]:
            if value:
                row = rows.setdefault(tuple(x + y for x, y in zip(a, m)), {})
                row[column] = row.get(column, 0) + value
    return dict(sorted(rows.items()))
