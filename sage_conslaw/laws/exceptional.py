r"""
Exceptional parameter values: where the space of laws is larger than generically.

For a block of monomials the equations for a law are a matrix over Q[k].  It falls apart into cores, whose ranks drop independently of each other.  Outside the zeros of finitely many
irreducible polynomials (:mod:`.pivots`) the rank of a core is the generic one; on each of these zeros it is computed again, exactly, and so on
in turn: a case distinction that finds every drop up to the codimension asked for.
"""
from dataclasses import dataclass, field
from fractions import Fraction

from .._sage import QQ, PolynomialRing
from .monomials import blocks
from .parametric import equations_over_parameters
from .pivots import TooManyTerms, cores, rank_and_factors
from .varieties import Variety, whole_space


@dataclass(frozen=True)
class Drop:
    r"""
    A variety on which a block has more laws than on every larger one.

    EXAMPLES::

        sage: from sage_conslaw.laws.exceptional import Drop
        sage: Drop(None, (), 1r).more
        1
    """

    variety: object
    block: object
    more: int


@dataclass
class _Node:
    """A core on a variety: a matrix in the parameters that are left, with its generic rank and what has been lost before."""

    block: tuple
    core: int
    variety: Variety
    rows: list
    lost: int
    rank: int = 0
    factors: list = field(default_factory=list)


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
        sage: from sage_conslaw.laws.exceptional import DropSearch
        sage: from sage_conslaw.systems import system
        sage: family = system(["x", "y"], ["a*y", "(b-1)*x"], parameters=["a", "b"])
        sage: search = DropSearch(family, family.groups(1r), numpy.random.default_rng(0r))
        sage: [[drop.variety for drop in drops] for drops in search.levels(2r)]
        [[a = 0, b - 1 = 0], []]
        sage: search.not_followed
        []
    """

    def __init__(self, family, groups, generator):
        self.family, self.not_followed, self._found, self._visited = family, [], {}, set()
        self.constants = list(family.constants)
        self.ring = PolynomialRing(QQ, [family.names[i] for i in self.constants], len(self.constants))
        self.fields = family.sparse_fields()
        self.pieces = [block for group in blocks(family, groups, generator) for block in group]

    def equations(self, block):
        """Return the equations of a block, exact in the parameters."""
        monomials = [tuple(int(i) for i in row if i < self.family.dimension) for row in block]
        return monomials, equations_over_parameters(self.fields, monomials, self.constants, self.ring)

    def levels(self, codimension):
        """Yield, for each codimension up to the one given, the list of drops."""
        nodes = []
        for number, block in enumerate(self.pieces):
            _, rows = self.equations(block)
            _, parts = cores(rows)
            for part in parts:
                nodes.append(_Node(number, (number, len(nodes)), whole_space(self.ring), part, 0))
        for level in range(1, codimension + 1):
            drops, children = [], []
            for node in nodes:
                try:
                    node.rank, node.factors = rank_and_factors(node.rows)
                    expanded = list(self._expand(node, level < codimension))
                except TooManyTerms as error:
                    where = "" if not node.variety.conditions else f" within {node.variety}"
                    self.not_followed.append(f"{len(node.rows)} equations{where} were not searched ({error})")
                    continue
                for more, variety, grown in expanded:
                    if more:
                        drops.append(Drop(variety, node.block, more))
                    children += grown
            yield self._largest(drops)
            nodes = children

    def _expand(self, node, deeper):
        """Yield (how many more laws than on any larger variety, variety, cores on it)."""
        candidates, seen = list(node.factors), set(node.factors)
        while candidates:
            p = candidates.pop(0)
            # On the zeros of a denominator the parent's graph is not defined; that part is looked at by itself.
            if p in node.variety.denominators:
                continue
            for slope in node.variety.slopes(p):
                if slope not in seen:
                    seen.add(slope)
                    candidates.append(slope)
            variety = node.variety.within(p)
            rank, parts = self._on(node, variety)
            lost = node.lost + node.rank - rank
            known = self._found.setdefault(node.core, [])
            fresh = rank < node.rank and not any(less >= lost and other.contains(variety) for other, less in known)
            if fresh:
                known.append((variety, lost))
            grown = []
            if deeper and len(variety.solution) < self.ring.ngens():
                key = node.core, len(parts), variety.ideal()
                if variety.algebraic:
                    if len(node.variety.solution) + 1 < self.ring.ngens():
                        self.not_followed.append(f"further conditions within {variety} (not rational)")
                elif key not in self._visited:
                    self._visited.add(key)
                    grown = [_Node(node.block, node.core, variety, part, lost) for part in parts]
            yield lost if fresh else 0, variety, grown

    def _on(self, node, variety):
        """Return the rank of a core on a variety within its own, and the cores it falls into there."""
        if variety.algebraic:
            from .algebraic import AlgebraicField
            columns = sorted({column for row in node.rows for column in row})
            place = {column: i for i, column in enumerate(columns)}
            rows = [{place[column]: entry for column, entry in row.items()} for row in node.rows]
            return len(columns) - len(AlgebraicField(variety).kernel(rows, len(columns))), []
        rows = [_restricted(row, variety, self.ring) for row in node.rows]
        constants, parts = cores(rows)
        return constants + sum(rank_and_factors(part)[0] for part in parts), parts

    def _largest(self, drops):
        """Merge drops on one variety and return the list, simplest condition first."""
        merged = {}
        for drop in drops:
            variety, numbers, more = merged.get(drop.variety.ideal(), (drop.variety, set(), 0))
            merged[drop.variety.ideal()] = variety, numbers | {drop.block}, more + drop.more
        out = [Drop(variety, tuple(sorted(numbers)), more) for variety, numbers, more in merged.values()]
        return sorted(out, key=lambda drop: [(f.degree(), f.number_of_terms(), str(f)) for f in drop.variety.ideal()])


def _restricted(row, variety, ring):
    """Return a row on a variety, without denominators: they do not vanish there."""
    values = {column: variety.restricted(entry) for column, entry in row.items()}
    common = ring.one()
    for value in values.values():
        common = common.lcm(ring(value.denominator()))
    return {column: ring(value * common) for column, value in values.items() if value}


def rank_drops(family, generator):
    r"""
    Return the values of the family's one constant at which there are more laws of its default search: exact.

    OUTPUT: a pair: the sorted rational values, and the number of values that are not rational

    EXAMPLES:

    In `x' = k y, y' = (k - 1) (k - 3) x` there is one quadratic law; at `k = 0`, 1 and 3 also a linear one::

        sage: import numpy
        sage: from sage_conslaw.laws.exceptional import rank_drops
        sage: from sage_conslaw.systems import system
        sage: family = system(["x", "y"], ["k*y", "(k-1)*(k-3)*x"], parameters=["k"])
        sage: rank_drops(family, numpy.random.default_rng(0r))
        ([Fraction(0, 1), Fraction(1, 1), Fraction(3, 1)], 0)
        sage: family = system(["x", "y"], ["y", "(k^2-2)*x"], parameters=["k"])
        sage: rank_drops(family, numpy.random.default_rng(0r))
        ([], 2)
    """
    search = DropSearch(family, family.groups(), generator)
    (drops,) = search.levels(1)
    if search.not_followed:
        raise ArithmeticError(f"the exceptional values were not all found: {search.not_followed[0]}")
    values, other = set(), 0
    for drop in drops:
        if drop.variety.algebraic:
            other += drop.variety.algebraic[0].degree()
        else:
            (value,) = drop.variety.solution.values()
            value = QQ(value)
            values.add(Fraction(int(value.numerator()), int(value.denominator())))
    return sorted(values), int(other)


