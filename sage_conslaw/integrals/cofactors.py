r"""
The cofactors that a Darboux polynomial of bounded degree can have, found face by face on the Newton polytope.

On a vertex `b` of the polytope the coefficient is `\alpha_b \cdot a` with the exponent `a` of a vertex of `p`; a point
alone in the interior of a face is an eigenvalue once the smaller faces are known; several points together are a
bilinear system.  After each step the partial cofactor must have a solution on the faces it determines.  With the
cofactor known, `p` is a kernel.
"""
from dataclasses import dataclass

import numpy as np

from .._sage import QQ, PolynomialRing
from ..exact.primes import random_prime
from .branching import Undecided, solve
from .newton import equations_of, table_of_monomials
from ..function_fields.specialisation import Specialisation
from .pencil import eigenvalues

# Partial cofactors that are followed at once.  The classical systems and the reaction networks of the tests need at
# most 36.
MAX_PARTIAL = 3000

# Faces on which partial cofactors are tested: 0.2 ms each on small faces.  The same systems need at most 564.
MAX_TESTS = 30_000

# Unknowns of a bilinear system that is given to the branching solver: beyond, it does not end in minutes.
MAX_UNKNOWNS = 80


@dataclass(frozen=True)
class Candidates:
    """The possible cofactors as ``{monomial: coefficient}``, and what could not be searched, in words."""

    cofactors: tuple
    gaps: tuple


def candidates(operator, degree, deadline=None, seed=0):
    r"""
    Return every nonzero cofactor in Q[k][z] that a Darboux polynomial of degree at most ``degree`` over Q(k) can have.

    ALGORITHM: see the head of this file.  Partial cofactors are discarded only where a matrix has full column rank
    modulo a prime at a point, which proves that it has over Q(k).

    EXAMPLES:

    Two eigenvalues; the Halphen system: three cofactors of degree 1, and their sums for products of two polynomials::

        sage: from sage_conslaw.integrals import cofactors, newton
        sage: from sage_conslaw.inputs.systems import system
        sage: lines = newton.LaurentOperator(system(["x", "y"], ["2*x", "3*y"]))
        sage: cofactors.candidates(lines, 1).cofactors
        ({(0, 0): 2}, {(0, 0): 3})
        sage: halphen = system(["x", "y", "z"], ["x*y + x*z - y*z", "y*z + y*x - z*x", "z*x + z*y - x*y"])
        sage: [len(cofactors.candidates(newton.LaurentOperator(halphen), n).cofactors) for n in (1, 2)]
        [3, 9]
    """
    generator = np.random.default_rng(seed)
    at = Specialisation(operator.ring, random_prime(generator), generator)
    # The top part of p on a face may be a constant where p itself is none, so 1 is among its monomials.
    table = [*table_of_monomials(len(operator.moving), degree), (0,) * len(operator.moving)]
    search = _Search(operator, table, at, deadline)
    partial, start = [{}], 0
    support = operator.support
    while start < len(support) and partial and not search.exhausted:
        face = operator.face(support[start])
        group = [m for m in support[start:] if operator.face(m) == face]
        # Points with the same smallest face are neighbours in the order, but for ties between faces.  They are unknown
        # together: no smaller face contains one of them, which would give it by itself.
        support = support[:start] + group + [m for m in support[start:] if m not in group]
        partial = search.extend(partial, face, group, support[:start])
        start += len(group)
    if search.exhausted:
        search.gaps.append(
            f"only the coordinates were tried: the search for cofactors took more than {MAX_TESTS} "
            f"tests or {MAX_PARTIAL} branches"
        )
        partial = []
    whole = [c for c in partial if any(c.values()) and search.possible(frozenset(), c)]
    return Candidates(tuple({m: v for m, v in c.items() if v} for c in whole), tuple(dict.fromkeys(search.gaps)))


class _Search:
    """The steps of the search, with what is known about faces."""

    def __init__(self, operator, table, at, deadline):
        self.operator, self.table, self.at, self.deadline = operator, table, at, deadline
        self.gaps, self._verdicts, self._values, self.exhausted = [], {}, {}, False

    def extend(self, partial, face, group, earlier):
        """Return the partial cofactors with values on one more group of points."""
        grown, faces = [], self._completed(face, group, earlier)
        for cofactor in partial:
            if self.deadline is not None:
                self.deadline.check()
            # On each face that the group completes the top part of p is a Darboux polynomial of the top part of the
            # field: without a kernel there, no p has this cofactor.
            larger = [cofactor | values for values in self.values(face, group, cofactor)]
            grown += [some for some in larger if all(self.possible(part, some) for part in faces)]
            if len(grown) > MAX_PARTIAL or len(self._verdicts) > MAX_TESTS:
                self.exhausted = True
                break
        return grown

    def _completed(self, face, group, earlier):
        """Return faces of the polytope that the group completes, small ones first."""
        known = set(earlier) | set(group)
        faces = {self.operator.face(group[0], m) for m in earlier} | {self.operator.face(*known)}
        faces = {some for some in faces if known.issuperset(self.operator.support_on(some))} - {face}
        return sorted(faces, key=lambda some: (-len(some), sorted(some)))

    def _on(self, face, cofactor):
        return {m: cofactor[m] for m in self.operator.support_on(face) if cofactor.get(m)}

    def possible(self, face, cofactor):
        """Decide whether the part on a face can be a cofactor; ``False`` is proved."""
        # Full column rank modulo a prime at a point is full column rank over Q(k); a kernel there proves nothing, and
        # the candidate stays.
        part = self._on(face, cofactor)
        key = face, tuple(sorted(part.items()))
        if key not in self._verdicts:
            operators = [(b, self.operator.operators[b]) for b in self.operator.points(face)]
            self._verdicts[key] = any(
                self.at.has_kernel(list(equations_of(operators, part, block).values()), len(block))
                for block in self.operator.blocks(face, self.table))
        return self._verdicts[key]

    def values(self, face, group, cofactor):
        """Return the possible values on a group of points with the same smallest face, as dictionaries."""
        known = self._on(face, cofactor)
        key = face, tuple(sorted(known.items()))
        if key not in self._values:
            points = self.operator.points(face)
            operators = [(b, self.operator.operators[b]) for b in points]
            found = {}
            if not known and points == group and len(points) == 1:
                # A vertex b: L z^a = (alpha_b . a) z^{a + b}, so that each exponent a of p gives one value.
                alpha = self.operator.operators[points[0]]
                zero = self.operator.ring.zero()
                found = dict.fromkeys(
                    (sum((a[j] * value for j, value in alpha.items() if a[j]), zero),) for a in self.table
                )
            else:
                for block in self.operator.blocks(face, self.table):
                    if self.deadline is not None:
                        self.deadline.check()
                    if len(group) > 1:
                        new = self._by_branching(operators, known, group, block)
                    else:
                        new = zip(eigenvalues(operators, known, group[0], block, self.operator.ring, self.at))
                    found.update(dict.fromkeys(new))
            self._values[key] = [dict(zip(group, values)) for values in found if all(map(self._linear, values))]
        return self._values[key]

    def _linear(self, value):
        """Say whether a value is linear in the parameters that combine the fields, as a cofactor for each field is."""
        names = self.operator.combination
        if not names or not value:
            return True
        # p is Darboux for sum s_i F_i over Q(s) iff for each F_i; then c = sum s_i c_i, and other values are of no p.
        places = [i for i, name in enumerate(self.operator.ring.variable_names()) if name in names]
        return all(sum(int(exponents[i]) for i in places) == 1 for exponents in value.dict())

    def _by_branching(self, operators, known, group, block):
        """Solve the bilinear system of several unknown coefficients, one leading monomial of the block after the
        other."""
        base = self.operator.ring
        names = () if base is QQ else base.variable_names()
        what = f"cofactors with {len(group)} unknown coefficients at once ({len(block)} monomials)"
        if len(group) + len(block) > MAX_UNKNOWNS:
            self.gaps.append(f"{what}: too large")
            return []
        unknowns = [*(f"c{i}__" for i in range(len(block))), *(f"l{i}__" for i in range(len(group)))]
        ring = PolynomialRing(QQ, [*names, *unknowns], len(names) + len(unknowns))
        gens = ring.gens()
        c, unknown = gens[len(names):len(names) + len(block)], gens[len(names) + len(block):]
        operators = [(b, {j: ring(v) for j, v in alpha.items()}) for b, alpha in operators]
        rows = equations_of(operators, {m: ring(v) for m, v in known.items()} | dict(zip(group, unknown)), block)
        equations = [sum((value * c[i] for i, value in row.items()), ring.zero()) for row in rows.values()]
        found = []
        # p is not zero, so one coefficient is the first that is not, and can be made 1.
        for lead in range(len(block)):
            values = {c[i]: ring.zero() for i in range(lead)} | {c[lead]: ring.one()}
            system = [e for e in (e.subs(values) for e in equations) if e]
            try:
                solutions = solve(system, [*c[lead + 1:], *unknown], self.deadline)
            except Undecided as reason:
                self.gaps.append(f"{what}: {reason}")
                continue
            for solution in solutions:
                entries = tuple(self._constant(solution.get(u), set(names)) for u in unknown)
                if None in entries:
                    self.gaps.append(f"{what}: a coefficient that is not determined")
                else:
                    found.append(entries)
        return found

    def _constant(self, value, parameters):
        """Return a solution as an element of Q[k], ``None`` if it is free or depends on other unknowns."""
        if value is None:
            return None
        up, down = value.numerator(), value.denominator()
        # By Gauss the cofactor of a p over Q(k) has its coefficients in Q[k], if the field has.
        if not down.is_constant() or not parameters.issuperset(map(str, up.variables())):
            return None
        up, base = up / down.constant_coefficient(), self.operator.ring
        return QQ(up.constant_coefficient()) if base is QQ else base(up)
