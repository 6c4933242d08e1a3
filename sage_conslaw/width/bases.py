r"""
Small networks that stand for all larger ones: sizes of the classes, units for classes without data, and what has to
hold there before the number of laws is carried to the true widths (:mod:`.growth`).

The trivial case: a class that data switch off grows by itself, so its base is a size of two or three.  The famous one:
queries and keys carry no data of their own, and grow in units with the inputs that they read.  One that fails: two
classes without data that only meet each other have no unit, and no base is given.
"""
import numpy as np

from ..exact.linear_algebra import rank
from ..exact.modular import random_array
from ..exact.primes import with_lucky_prime
from ..flows.flow_family import FlowFamily
from ..laws.independence import jacobian
from ..rank.words import Effort, word_ranks
from .links import flat
from .switching import sign_flips, switchable

# Copies of each unit: with two nothing is to spare for brackets.
_UNITS = 3

# Sign characters that are tried for a kind of units.
_MOST_SIGNS = 3

# A dense computation of this many parameters takes some seconds.
MOST_PARAMETERS = 1200

# Lengths of words: the first ones may add nothing, and one more shows that a rank is not larger than the laws allow.
_EFFORT = Effort(work=60_000_000, idle=2, shortest=4, tested=2)
_LETTERS = Effort(work=60_000_000, idle=0, shortest=1)


def dimension(axes, sizes):
    """Return the number of parameters at given sizes of the classes."""
    return sum(int(np.prod([sizes[c] for c in flat(axes, leaf)], dtype=object)) for leaf in axes.leaves)


def independent_families(axes, found, generator):
    """Return families that are independent at small sizes, and so at the true ones; full ones are left out."""
    # Four values leave one that no law of the induction has, also where a family leaves its last law out.
    sizes = [axes.smallest(c, 4) for c in range(len(axes.sizes))]
    if dimension(axes, sizes) > 4 * MOST_PARAMETERS:
        # Nothing is claimed where it is not computed: the number of laws is a lower bound.
        return []
    # Let a combination of gradients vanish.  Restricted to the parameters without one index it does too; there the laws
    # of that index have no gradient, and the others are those of the smaller network.  This holds for all but full
    # families: the gradient of `(W^T W)_{ij}` does not vanish without `j`.
    kept = []
    for family in found:
        if family.kind == "full" and sizes[family.classes[0]] < axes.sizes[family.classes[0]]:
            continue
        trial = [*kept, family]
        number = sum(one.number(sizes) for one in trial)
        if (
            with_lucky_prime(generator, lambda p, trial=trial: law_rank(axes, trial, sizes, None, generator, p))
            == number
        ):
            kept = trial
    return kept


def law_rank(axes, found, sizes, point, generator, p):
    size = dimension(axes, sizes)
    laws = [law for family in found for law in family.polynomials(axes, axes.leaves, sizes)]
    if not laws:
        return 0
    if point is None:
        point = random_array(generator, (size,), p)
    return rank(jacobian(laws, size, point, p), p)


class Base:
    """Small sizes of all classes, with units for those that carry no data, and what has to hold there."""

    def __init__(self, axes, found, sizes, kinds, stuck=(), free=0):
        self.axes, self.found, self.sizes = axes, found, list(sizes)
        self.independent, self.stuck = False, stuck
        # Each kind of unit: its classes, and the parities at the places of these classes in each parameter.
        self.kinds = kinds
        if kinds:
            for c in {c for classes, _ in kinds for c in classes}:
                self.sizes[c] = self.units(c, [_UNITS] * len(kinds)) + (free if c not in stuck else 0)
        # Neurons of classes with data that belong to no unit: parameters that no unit pairs are alive there.
        self.free = free

    def units(self, c, numbers):
        return sum(number for (classes, _), number in zip(self.kinds, numbers) if c in classes)

    def conditions(self):
        """Return triples (class, classes, number): a class with data has at least as many values as units that contain
        it, and the free ones; a spare one as units of others, and some of its own."""
        owners = [[d for d in classes if d in self.stuck and [d] not in [one for one, _ in self.kinds]]
                  for classes, _ in self.kinds]
        alone = [classes[0] for classes, _ in self.kinds if len(classes) == 1]
        return tuple(
            (c, tuple(d for (classes, _), mine in zip(self.kinds, owners) if c in classes for d in mine),
             _UNITS if c in self.stuck else self.free)
            for c in sorted({c for classes, _ in self.kinds for c in classes})
            if c not in self.stuck or c in alone and sum(c in classes for classes, _ in self.kinds) > 1
        )

    def point(self, numbers, sizes, generator, p, without=None):
        """
        Return a random special point: entries that change sign under a flip of a unit are zero.

        With ``without``, a class, the last unit of the first kind that has it lacks it, and its other neurons belong to
        the first unit of the kind.
        """
        if not self.kinds:
            return None
        owners = {}
        start = 0
        for k, ((classes, _), number) in enumerate(zip(self.kinds, numbers)):
            for copy in range(number):
                last = not self.free and without in classes and copy == number - 1
                without = None if last else without
                for c in classes:
                    if last and sizes[c] < self.units(c, numbers) + (self.free if c not in self.stuck else 0):
                        continue
                    owners.setdefault(c, []).append((k, start if last else start + copy))
            start += number
        parts = []
        for leaf in self.axes.leaves:
            here = flat(self.axes, leaf)
            shape = [sizes[c] for c in here]
            # From 1 on: an entry is zero only where a flip says so.
            values = 1 + random_array(generator, shape, p - 1)
            marked = [i for i, c in enumerate(here) if c in owners]
            alive = np.ones(shape, dtype=bool)
            for unit in range(start):
                parity = np.zeros(shape, dtype=np.int64)
                for i in marked:
                    along = np.array(
                        [self._parity(leaf, here, i, k) if u == unit else 0 for k, u in owners[here[i]]], dtype=np.int64
                    )
                    along = np.concatenate([along, np.zeros(shape[i] - len(along), dtype=np.int64)])
                    parity = parity + along.reshape([-1 if j == i else 1 for j in range(len(shape))])
                # The flip of a unit multiplies an entry by (-1)^parity; it has to fix the point.
                alive &= parity % 2 == 0
            parts.append(np.where(alive, values, 0).ravel())
        return np.concatenate(parts)

    def _parity(self, leaf, here, place, kind):
        classes, signs = self.kinds[kind]
        mine = [i for i, c in enumerate(here) if c in classes]
        return signs[leaf][mine.index(place)]

    def failure(self, generator, p, deadline):
        """Return ``None`` if this base proves the numbers of laws at the true size, else what fails."""
        reason = self.dependent(generator, p)
        if reason is not None:
            return reason
        axes, wanted = self.axes, sum(family.number(self.sizes) for family in self.found)
        point = self.point([_UNITS] * len(self.kinds), self.sizes, generator, p)
        small = axes.restricted(self.sizes)
        if small.dimension != dimension(axes, self.sizes):
            return "its small network lacks parameters"
        if not small.pairings:
            return "its small network has no fields"
        # A word rank modulo a prime is at most the generic one, and that at most what independent laws leave: equality
        # proves both numbers, and a larger rank that a law is none.
        missing = small.dimension - wanted
        if point is None:
            point = random_array(generator, (small.dimension,), p)
        # With ones in place of other fixed numbers only fields without brackets span as much.
        rank_here = word_rank(small, point, missing, generator, p, deadline, brackets=not (axes.ones or axes.letters))
        if rank_here > missing:
            raise ArithmeticError(
                "a law that the graph shows is broken by the fields; please report it with the network"
            )
        return (
            None if rank_here == missing else f"its small network has rank {rank_here} of {missing} at the points tried"
        )

    def dependent(self, generator, p, less=True):
        """Return ``None`` if the laws are independent from this base on, with ``less`` also with one value less of each
        class, else what fails."""
        axes, numbers = self.axes, [_UNITS] * len(self.kinds)
        wanted = sum(family.number(self.sizes) for family in self.found)
        point = self.point(numbers, self.sizes, generator, p)
        if law_rank(axes, self.found, self.sizes, point, generator, p) < wanted:
            return "its laws are not independent at small sizes"
        # The induction takes one unit or value away: `n + 1` are independent where `n` are, and a combination that
        # vanishes is one of the smaller network for each choice.
        for k in range(len(numbers) if less else 0):
            fewer = [number - (j == k) for j, number in enumerate(numbers)]
            sizes = list(self.sizes)
            for c in self.kinds[k][0]:
                sizes[c] -= 1
            if law_rank(axes, self.found, sizes, self.point(fewer, sizes, generator, p), generator, p) < _number(
                self.found, sizes
            ):
                return "its laws are not independent with a unit less"
        for c, n in enumerate(self.sizes):
            if (
                less
                and n < axes.sizes[c]
                and c not in self.stuck
                and any(c in flat(axes, leaf) for leaf in axes.leaves)
            ):
                sizes = [m - (d == c) for d, m in enumerate(self.sizes)]
                if law_rank(
                    axes, self.found, sizes, self.point(numbers, sizes, generator, p, c), generator, p
                ) < _number(self.found, sizes):
                    return "its laws are not independent at smaller sizes"
        self.independent = True
        return None


def _number(found, sizes):
    return sum(family.number(sizes) for family in found)


def bases(axes, found, size):
    """Yield bases in which every class that is smaller than in truth is known to grow."""
    constrained = {}
    for node, constraint, _ in axes.pairings:
        if axes.of[node]:
            for c in axes.of[node][-1]:
                constrained[c] = max(
                    constrained.get(c, 0), {"free": 0, "sum zero": 3, "orthogonal": 3}.get(constraint, 4)
                )
    # Each condition takes one direction of covectors away; two are left at these sizes.
    sizes = [axes.smallest(c, max(size, constrained.get(c, 0))) for c in range(len(axes.sizes))]
    growing = [c for c, n in enumerate(sizes) if n < axes.sizes[c] and not axes.rigid[c]]
    # Such a class has no data that switch a value off, or a law for each pair of its values.
    stuck = [c for c in growing if not (switchable(axes, [c]) and _degree_fits(axes, found, c))]
    if not stuck:
        yield Base(axes, found, sizes, [])
        return
    for cores, spares in _choices(found, stuck):
        for kinds in _kinds(axes, found, cores, spares, growing, stuck):
            # Without free neurons the network is smaller, and often enough.
            for free in (0, 2):
                base = Base(axes, found, sizes, kinds, stuck, free)
                if _fits(axes, found, base, cores, spares):
                    yield base


def _choices(found, stuck):
    """Yield classes that have units of their own and classes whose values are in units of others as well: what a bias
    after a normalisation keeps from being switched off alone."""
    yield stuck, []
    cores = [c for c in stuck if any(family.kind == "full" and family.classes[0] == c for family in found)]
    if len(cores) < len(stuck):
        yield cores, [c for c in stuck if c not in cores]


def _kinds(axes, found, cores, spares, growing, stuck):
    """Yield kinds of units, each with a sign character that data allow: the first one, or the others of one kind; with
    all classes that share a parameter with those that have no data, or all but one."""
    partners = [_partners(axes, found, c, growing, [d for d in stuck if d not in spares]) for c in cores]
    for left in [None, *sorted({d for several in partners for d in several if len(several) > 1})]:
        yield from _signed(axes, cores, spares, [sorted({c, *several} - {left}) for c, several in zip(cores, partners)])


def _signed(axes, cores, spares, kinds):
    # Where the other units use all its values, none is left for a unit of its own.
    kinds += [[c] for c in spares if axes.sizes[c] != sum(axes.sizes[d] for d, one in zip(cores, kinds) if c in one)]
    allowed = [[signs for signs in sign_flips(axes, classes) if switchable(axes, classes, signs)][:_MOST_SIGNS]
               for classes in kinds]
    if not all(allowed):
        return
    yield [(classes, signs[0]) for classes, signs in zip(kinds, allowed)]
    # Not all combinations: their number is exponential in that of the kinds.
    for k, signs in enumerate(allowed):
        for other in signs[1:]:
            yield [(classes, other if j == k else one[0]) for j, (classes, one) in enumerate(zip(kinds, allowed))]


def _fits(axes, found, base, cores, spares):
    """Say whether the true sizes are reached by units: classes without data have as many values as there are units with
    them, classes with data at least as many."""
    kinds = base.kinds
    numbers = [axes.sizes[c] for c in cores]
    for c in (classes[0] for classes, _ in kinds[len(cores):]):
        numbers.append(axes.sizes[c] - sum(number for (classes, _), number in zip(kinds, numbers) if c in classes))
    touched = {c for classes, _ in kinds for c in classes}
    return (
        all(base.units(c, numbers) + (base.free if c not in base.stuck else 0) <= axes.sizes[c] for c in touched)
        and all(sum(c in classes for classes, _ in kinds) == 1 for c in cores)
        and min(numbers) >= _UNITS
        and _places_fit(axes, kinds)
        and _kinds_fit(found, kinds)
    )


def _kinds_fit(found, kinds):
    """The number of laws has degree at most two in the number of units of each kind."""
    return all(sum(family.degree(c) for c in classes) <= 2 for classes, _ in kinds for family in found)


def base_of_laws(axes, found):
    """
    Return a base at which the independence of the laws is tried, whether or not the network grows from it, or ``None``.
    """
    # A unit is one neuron of a class of a full family and one of another class that shares a parameter with it.
    sizes = [axes.smallest(c, 4) for c in range(len(axes.sizes))]
    kinds, firsts = [], []
    for family in found:
        if (
            family.kind != "full"
            or family.classes[0] in firsts
            or sizes[family.classes[0]] == axes.sizes[family.classes[0]]
        ):
            continue
        a = family.classes[0]
        partner = next(
            (
                d
                for leaf in axes.leaves
                for d in flat(axes, leaf)
                if a in flat(axes, leaf)
                and d not in family.classes
                and not any(f.kind == "full" and f.classes[0] == d for f in found)
                and sizes[d] < axes.sizes[d]
            ),
            None,
        )
        if partner is None:
            return None
        firsts.append(a)
        kinds.append((sorted({a, partner}), None))
    if not kinds:
        return None
    # Weights of full families with one place in a unit are zero, so that the gradient of the law of two units vanishes
    # without one of them.
    full = {number for family in found if family.kind == "full" for number, _, _ in family.parts}
    kinds = [
        (
            classes,
            {
                leaf: tuple(int(len(here) > 1 or i in full) for _ in here)
                for i, leaf in enumerate(axes.leaves)
                for here in [[c for c in flat(axes, leaf) if c in classes]]
            },
        )
        for classes, _ in kinds
    ]
    base = Base(axes, found, sizes, kinds, firsts)
    touched = {c for classes, _ in kinds for c in classes}
    fits = all(base.units(c, [axes.sizes[d] for d in firsts]) <= axes.sizes[c] for c in touched) and all(
        sum(c in touched for c in flat(axes, leaf)) <= 2 for leaf in axes.leaves
    )
    return base if fits and dimension(axes, base.sizes) <= 4 * MOST_PARAMETERS else None


def _places_fit(axes, kinds):
    """Of each kind a parameter has at most two units: then it avoids one of three."""
    return all(sum(c in classes for c in flat(axes, leaf)) <= 2 for leaf in axes.leaves for classes, _ in kinds)


def _degree_fits(axes, found, c):
    # At generic points the gradient of `(W^T W)_{ij}` does not vanish without `j`: such a class needs units.
    if any(family.kind == "full" and family.classes[0] == c for family in found):
        return False
    most = max((flat(axes, leaf).count(c) for leaf in axes.leaves), default=0)
    return max((family.degree(c) for family in found), default=0) <= most


def _partners(axes, found, c, growing, stuck):
    """Return the classes whose neurons make a unit with one of ``c``: those that share a parameter with it, but for
    heads and the like, and for those that have fewer values than there are units."""
    batch = {d for family in found if family.kind == "full" and family.classes[0] == c for d in family.classes[1:]}
    return {
        d
        for leaf in axes.leaves
        for d in flat(axes, leaf)
        if c in flat(axes, leaf) and d in growing and d not in (*stuck, *batch) and axes.sizes[d] >= axes.sizes[c]
    }


def word_rank(response, point, wanted, generator, p, deadline=None, brackets=True):
    r"""
    Return the rank of random Lie words of a response's fields at a point modulo a prime: a proved lower bound of the
    generic rank.

    INPUT: ``wanted`` -- the search ends where the rank reaches it, or where longer words add nothing; ``brackets`` --
    whether words of more than one letter are tried
    """
    family, effort = FlowFamily(response, response.names), _EFFORT if brackets else _LETTERS
    return word_ranks(family, point, [range(response.dimension)], [wanted], generator, p, effort, deadline)[0]
