r"""
The structure of a family, if it has one that is known: laws without a search, a rank without dense rows.

Two kinds of points have ranks that can be seen: star points, where gates select single paths, and chain points of
linear networks.  The trivial case is a network without hidden layer; the famous ones are ``relu 784 512 256 10`` and
``linear 784 512 256 10``; attention has neither, and is left to :mod:`.true_width`.
"""
import logging
from fractions import Fraction

from ..exact.primes import with_lucky_prime
from ..exact.sparse_elimination import TooDense
from ..exact.sparse_rank import sparse_rank
from ..flows.flow_family import FlowFamily
from ..runtime.errors import InputError
from .chain_points import chain_bounds
from .index_classes import index_classes
from .orbits import laws_are_all
from .star_points import law_rows, selects_paths, star_point, star_rows
from .symmetries import MAX_TERMS, balances, explicit_laws, number_of_terms, shifts

# One neuron a class is enough for layered networks, two where a skip connection makes inputs and outputs one class.
_SPARE_NEURONS = 1

# What the message says: as at :data:`.symmetries.MAX_TERMS`, 3 million terms are about 1 GB.
_GIGABYTES_A_TERM = 3e-7

logger = logging.getLogger(__name__)


class Structure:
    """What the graph of a gradient flow shows: laws, how many of them are independent, and a lower bound of the
    rank."""

    def __init__(self, classes, mirror):
        self.classes, self.mirror = classes, mirror
        self.balances = balances(classes, mirror)
        self.shifts = shifts(classes, mirror)
        self._check_laws()

    def _check_laws(self):
        """Check every law once more, by an exact identity over Q on the subnetwork with three neurons in each class."""
        # A term of the derivative of a law along a field has the neurons of one path and of one term of the law.  Were
        # it not zero, it would not be on a subnetwork with these neurons, and up to permutations there is one.  Where a
        # path meets each class once these are at most three; for skip connections and shared weights this is a sample,
        # and what proves the laws is the invariance (:mod:`.symmetries`).
        small = index_classes(self.classes.restricted([min(n, 3) for n in self.classes.sizes]))
        metric = None
        if self.mirror:
            metric = [
                (j, j, {(j,) if number in self.mirror else (): Fraction(1)})
                for number in range(len(small.response.leaves))
                for j in range(small.starts[number], small.starts[number + 1])
            ]
        laws = explicit_laws(small, balances(small, self.mirror), shifts(small, self.mirror), self.mirror)
        if not all(FlowFamily(small.response, small.response.names, metric=metric).conserved(laws)):
            raise ArithmeticError("a law that the graph shows fails the exact check; please report it with the network")

    @property
    def number_of_laws(self):
        """The number of laws before their products, independent or not."""
        return sum(law.number for law in [*self.balances, *self.shifts])

    def bounds(self, generator, deadline=None):
        """Return proved lower bounds: of the rank of the Lie algebra at generic points, and of the number of
        independent laws; 0 where nothing is known."""
        return self.with_chains(generator, deadline)[:2]

    def with_chains(self, generator, deadline=None):
        """Return both bounds, and the chain points that give them, or ``None``."""
        zero_sum = self.classes.zero_sum
        if zero_sum is not None and self.classes.sizes[zero_sum] == 1:
            # Softmax of a single output is constant: nothing moves, and every parameter is a law.
            return 0, int(self.classes.starts[-1]), None
        return with_lucky_prime(generator, lambda p: self._bounds(generator, p, deadline))

    def _bounds(self, generator, p, deadline):
        chains = None if self.mirror else chain_bounds(self.classes, generator, p, deadline)
        if chains is not None:
            return chains.rank, chains.laws, chains
        if not selects_paths(self.classes):
            return 0, self._law_bound(star_point(self.classes, generator, p), p, deadline), None
        best = laws = 0
        for spare in range(_SPARE_NEURONS + 1):
            rows, columns, values, point = star_rows(self.classes, generator, p, deadline, spare)
            laws = max(laws, self._law_bound(point, p, deadline))
            if deadline is not None:
                deadline.check(laws_at_least=laws)
            # A metric that is generically invertible does not change the rank of the controls.
            best = max(best, _at_least(rows, columns, values, p, deadline))
            if best + laws == len(point):
                break
        return best, laws, None

    def _law_bound(self, point, p, deadline):
        # Rows are written for diagonal balances alone; networks with full ones have chain points, or no bound.
        if any(law.full for law in self.balances):
            return 0
        return _at_least(*law_rows(self.classes, self.balances, self.shifts, point, p, self.mirror), p, deadline)

    def laws(self, generator, deadline=None):
        """Return all polynomial laws of degree at most 2, proved to be all; ``None`` where the structure does not give
        them."""
        if self.mirror:
            return None
        terms = number_of_terms(self.classes, self.balances, self.shifts)
        if terms > MAX_TERMS:
            raise InputError(
                f"{self.number_of_laws} laws and their products have about {terms:.2g} terms, which "
                f"need about {terms * _GIGABYTES_A_TERM:.0f} GB of memory; at most {MAX_TERMS} terms are written; "
                "use count, which never writes them"
            )
        found = explicit_laws(self.classes, self.balances, self.shifts)
        if not with_lucky_prime(generator, lambda p: laws_are_all(self.classes, found, generator, p, deadline)):
            return None
        return sorted(found, key=lambda law: (max(map(len, law)), sorted(law)))


def _at_least(rows, columns, values, p, deadline):
    """Return the rank, or what is known of it where elimination fills in."""
    try:
        return sparse_rank(rows, columns, values, p, deadline)
    except TooDense as reached:
        logger.info("%s", reached)
        return reached.rank


def structure_of(family):
    """Return the structure of a family, or ``None``: it is known for gradient flows of networks made of contractions,
    sums and gates, in the Euclidean metric or with some parameters positive (mirror flow)."""
    if (
        not isinstance(family, FlowFamily)
        or family.drift is not None
        or family.constants
        or family.first_forced
        or family.first_parameter
    ):
        return None
    classes = index_classes(family.response)
    if classes is None:
        return None
    mirror = _mirror_leaves(family, classes)
    return None if mirror is None else Structure(classes, mirror)


def _mirror_leaves(family, classes):
    """Return the leaves with metric entries theta_j; the others have entries 1.  ``None`` for any other metric."""
    if family.metric is None:
        return frozenset()
    kinds = {}
    for i, j, terms in family.metric:
        if i != j or i in kinds or list(terms) not in ([()], [(i,)]) or list(terms.values()) != [Fraction(1)]:
            return None
        kinds[i] = terms.keys() == {(i,)}
    # One rule for a whole leaf, or permutations of neurons would not preserve the metric.
    by_leaf = [{kinds.get(i) for i in range(start, stop)} for start, stop in zip(classes.starts, classes.starts[1:])]
    if any(len(here) != 1 or None in here for here in by_leaf):
        return None
    return frozenset(number for number, here in enumerate(by_leaf) if here == {True})
