r"""
Exceptional parameter values: where the space of laws is larger than generically.

For a block of monomials the equations for a law are a matrix over Q[k].  It falls apart into cores, whose ranks drop
independently of each other.  Outside the zeros of finitely many irreducible polynomials (:mod:`.pivots`) the rank of a
core is the generic one; on each of these zeros it is computed again, exactly, and so on in turn: a case distinction
that finds every drop up to the codimension asked for.
"""
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from .._sage import QQ, PolynomialRing
from ..exact.linear_algebra import rank as modular_rank
from ..exact.primes import random_prime
from ..laws.monomials import blocks
from ..laws.on_variety import equations_on_variety
from ..function_fields.parametric import cleared, equations_over_parameters, residue
from .pivots import TooManyTerms, cores, rank_and_factors
from .varieties import Variety, whole_space
from .algebraic import AlgebraicField


@dataclass(frozen=True)
class Drop:
    """
    A variety on which a block has more laws than on every larger one; several blocks may have the same variety.
    """

    variety: object
    block: object
    more: int


@dataclass
class _Core:
    """A component of the equations of a block, its generic rank, and where its rank was found to drop."""

    block: int
    rows: list
    rank: int = 0
    known: list = field(default_factory=list)
    visited: set = field(default_factory=set)


@dataclass
class _Node:
    """One of the parts into which a core falls on a variety: a matrix in the parameters that are left."""

    core: _Core
    variety: Variety
    rows: list
    table: tuple | None = None


class DropSearch:
    r"""
    The search for drops, codimension by codimension; what could not be searched is said in ``not_followed``.

    INPUT:

    - ``family`` -- a family with constants

    - ``groups`` -- the space of monomials

    - ``generator`` -- a ``numpy.random.Generator``, for the fingerprints of the blocks

    EXAMPLES:

    In `x' = a y, y' = (b - 1) x` a linear law appears on two lines, and in their intersection nothing else::

        sage: import numpy
        sage: from sage_conslaw.parameters.rank_drops import DropSearch
        sage: from sage_conslaw.inputs.systems import system
        sage: family = system(["x", "y"], ["a*y", "(b-1)*x"], parameters=["a", "b"])
        sage: search = DropSearch(family, family.groups(1r), numpy.random.default_rng(0r))
        sage: [[drop.variety for drop in drops] for drops in search.levels(2r)]
        [[b - 1 = 0, a = 0], []]
        sage: search.not_followed
        []
    """

    def __init__(self, family, groups, generator):
        self.family, self.generator, self.not_followed = family, generator, []
        self.constants = list(family.constants)
        self.ring = PolynomialRing(QQ, [family.names[i] for i in self.constants], len(self.constants))
        self.fields = family.sparse_fields()
        self.bound = family.variety if family.variety is not None and family.variety.relations else None
        self.pieces = [
            piece
            for piece in map(self._standard, _by_degree(blocks(family, groups, generator), family.dimension))
            if len(piece)
        ]

    def equations(self, block):
        """Return the equations of a block, exact in the parameters."""
        monomials = [tuple(int(i) for i in row if i < self.family.dimension) for row in block]
        return monomials, self.rows(monomials)

    def rows(self, monomials):
        """Return the equations on some monomials; modulo the relations where there are any."""
        if self.bound is None:
            return equations_over_parameters(self.fields, monomials, self.constants, self.ring)
        fields = [[self.bound.polynomial(field[i]) for i in self.bound.moving] for field in self.fields]
        return equations_on_variety(self.bound, fields, monomials)

    def _standard(self, block):
        """Return the monomials of a block that are their own normal forms."""
        if self.bound is None:
            return block
        n = self.family.dimension
        return block[[self.bound.is_standard(tuple(int(i) for i in row if i < n)) for row in block]]

    def levels(self, codimension):
        """Yield, for each codimension up to the one given, an iterator over the drops as they are found."""
        nodes = self._all_cores()
        for level in range(1, codimension + 1):
            children = []
            yield self._drops(nodes, children if level < codimension else None)
            nodes = children

    def _all_cores(self):
        # The generic rank is that of the constant pivots plus those of the cores, at every value; only cores drop.
        for number, block in enumerate(self.pieces):
            for part in cores(self.equations(block)[1])[1]:
                yield _Node(_Core(number, part), whole_space(self.ring), part)

    def _drops(self, nodes, children):
        for node in nodes:
            try:
                rank, factors = rank_and_factors(node.rows)
                if not node.variety.conditions:
                    node.core.rank = rank
                for variety in self._candidates(node, factors, children is not None):
                    deeper = children is not None and not variety.algebraic and variety.codimension < self.ring.ngens()
                    # A rank modulo p at a point of the variety is at most that on the variety: as large as the
                    # generic one, it proves that there is no drop.  Deeper varieties need the parts, also without one.
                    if variety.ideal() in node.core.visited or not deeper and self._keeps_rank(node, rank, variety):
                        continue
                    node.core.visited.add(variety.ideal())
                    lost, parts = self._on(node.core, variety)
                    # A drop may be deeper still where parts of this one drop in turn.
                    if deeper:
                        children += [_Node(node.core, variety, part) for part in parts]
                    # What a larger variety loses already is no drop of this one.
                    if lost and not any(less >= lost and other.contains(variety) for other, less in node.core.known):
                        node.core.known.append((variety, lost))
                        yield Drop(variety, node.core.block, lost)
            except TooManyTerms as error:
                where = f" within {node.variety}" if node.variety.conditions else ""
                self.not_followed.append(f"a system of {len(node.rows)} equations{where}: {error}")

    def _candidates(self, node, factors, deeper):
        """Yield the varieties within that of a node where its rank may drop."""
        # Outside the zeros of the factors the rank is the generic one, so that drops of any codimension lie in them.
        candidates, seen = list(factors), set(factors)
        while candidates:
            p = candidates.pop(0)
            # On the zeros of a denominator the parent's graph is not defined; that part is looked at by itself.
            if p in node.variety.denominators:
                continue
            # p = a k + b is the graph k = -b/a but where a = 0, and there it is looked at by itself.
            for slope in node.variety.slopes(p):
                if slope not in seen:
                    seen.add(slope)
                    candidates.append(slope)
            # A condition without a linear parameter is followed once: over Q(k')[X]/(p) no further pivots are factored.
            variety = node.variety.within(p)
            if variety.algebraic and deeper and len(node.variety.solution) + 1 < self.ring.ngens():
                self.not_followed.append(f"further conditions within {variety} (not rational)")
            yield variety

    def _keeps_rank(self, node, rank, variety):
        """Say whether a rank is the same at a random point of a variety modulo a prime: then it is on all of it."""
        p = random_prime(self.generator)
        point = variety.point(self.generator, p)
        if point is None:
            return False
        if node.table is None:
            columns = {column: i for i, column in enumerate(sorted({column for row in node.rows for column in row}))}
            distinct = {}
            places = [(i, columns[column], distinct.setdefault(entry, len(distinct)))
                      for i, row in enumerate(node.rows) for column, entry in row.items()]
            node.table = (len(node.rows), len(columns)), tuple(np.array(places).T), list(distinct)
        shape, (i, j, number), distinct = node.table
        dense = np.zeros(shape, dtype=np.int64)
        dense[i, j] = np.array([residue(entry, point, p) for entry in distinct], dtype=np.int64)[number]
        return modular_rank(dense, p) == rank

    def _on(self, core, variety):
        """Return by how much the rank of a core is smaller on a variety, exactly, and the parts into which it falls
        there."""
        if variety.algebraic:
            # Of the whole core: the rank of its generic part says nothing of the roots of one polynomial.
            columns = sorted({column for row in core.rows for column in row})
            place = {column: i for i, column in enumerate(columns)}
            rows = [{place[column]: entry for column, entry in row.items()} for row in core.rows]
            return core.rank - len(columns) + len(AlgebraicField(variety).kernel(rows, len(columns))), []
        # Constant pivots first: on a variety most entries are numbers.
        rank, parts = cores([_restricted(row, variety, self.ring) for row in core.rows])
        return core.rank - rank - sum(rank_and_factors(part)[0] for part in parts), parts


def _by_degree(groups, dimension):
    """Return the blocks, each cut at every degree, low degrees first: what is found there stands if the others take too
    long."""
    pieces = {}
    for group in groups:
        for number, block in enumerate(group):
            degrees = (block < dimension).sum(axis=1)
            for degree in sorted(set(degrees.tolist())):
                part = block[degrees <= degree]
                pieces[degree, len(part), len(block), number] = part
    return [pieces[key] for key in sorted(pieces)]


def _restricted(row, variety, ring):
    """Return a row on a variety, without denominators: they do not vanish there."""
    values = cleared([variety.restricted(entry) for entry in row.values()], ring)
    return {column: value for column, value in zip(row, values) if value}


def rank_drops(family, generator):
    r"""
    Return the values of the family's one constant at which there are more laws of its default search: exact.

    OUTPUT: a pair: the sorted rational values, and the number of values that are not rational
    """
    # With one constant a drop is a root of a pivot: codimension one is all there is.
    search = DropSearch(family, family.groups(), generator)
    drops = [drop for level in search.levels(1) for drop in level]
    if search.not_followed:
        raise ArithmeticError(f"the exceptional values were not all found: {search.not_followed[0]}")
    values, other = set(), 0
    for variety in {drop.variety.ideal(): drop.variety for drop in drops}.values():
        if variety.algebraic:
            other += variety.algebraic[0].degree()
        else:
            (value,) = variety.solution.values()
            value = QQ(value)
            values.add(Fraction(int(value.numerator()), int(value.denominator())))
    return sorted(values), int(other)
