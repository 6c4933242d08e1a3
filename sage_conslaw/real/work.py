r"""
How much a search for real ranks may cost, counted and not measured.

A result must not depend on how fast a machine is or on what else it does: with a budget of seconds, whether the real
rank of a network is certified would be luck. So each step is charged before it is taken with the numbers that it
touches, from sizes alone, and the search ends when the budget is spent: the same seed gives the same result anywhere.
Only a time limit that the user sets is one of the wall's clock.

One unit is about a nanosecond of an idle core in 2024, so that the default of `10^9` is about a second. The trivial
case: the rank of a thousand rows of ten numbers is charged `1.7 \cdot 10^6`, mostly for the conversion of entries. The
costly one: words of three letters on balls, nine passes of nested duals where a number takes most of a microsecond.
"""
from math import prod

from ..graph.operations import Contract

# What is spent unasked.
DEFAULT = 1_000_000_000

# Nanoseconds a number: of a pass on doubles, modulo a prime of 61 bits, and on balls of 160 bits (allocation and all).
DOUBLES, MODULAR, BALLS = 6, 30, 700

# Nanoseconds that a node of the graph costs in a pass, however small its arrays are.
_NODE = 250_000

# Nanoseconds a product of an elimination: FLINT modulo a prime with the conversion of each entry, and complete pivoting
# on doubles, which reads the whole matrix for each pivot.
_ELIMINATION, _ENTRY, _PIVOT = 2, 150, 3

# Nanoseconds a product of the determinant of a matrix of balls.
_DETERMINANT = 150

# The part of the time before a time limit that is spent: the result must still be told.
_BEFORE_LIMIT = 0.6


class Work:
    """A budget of units, ``None`` for no limit, that also ends before a deadline."""

    def __init__(self, limit=None, deadline=None):
        self.limit, self.spent, self._deadline, self._extended = limit, 0, deadline, False
        remaining = None if deadline is None else deadline.remaining()
        self._reserve = None if remaining is None else (1 - _BEFORE_LIMIT) * remaining

    def spend(self, units):
        """Charge what a step costs."""
        self.spent += int(units)

    def extend(self, times):
        """Make the budget so many times what it was, once."""
        if self.limit is not None and not self._extended:
            self.limit, self._extended = times * self.limit, True

    def left(self):
        """Return the units left, ``None`` without a limit."""
        return None if self.limit is None else self.limit - self.spent

    def out_of_time(self):
        """Return whether the user's time limit is near."""
        return self._reserve is not None and self._deadline.remaining() <= self._reserve

    def over(self):
        """Return whether the budget is spent, or the time."""
        return self.limit is not None and self.spent >= self.limit or self.out_of_time()

    def allows(self, units, part=1.0):
        """Return whether a step of this cost fits into the part of the budget that is left."""
        return not self.out_of_time() and (self.limit is None or self.spent + units <= part * self.limit)


def products(node):
    """Return how many products the value of a node takes."""
    if isinstance(node.operation, Contract):
        return prod(node.operation.sizes(*(child.shape for child in node.inputs)).values())
    return max(node.size, 1)


class Costs:
    """What steps cost for one network in one state space."""

    def __init__(self, nodes, dimension):
        nodes = list(nodes)
        self.dimension, self.nodes = dimension, len(nodes)
        # A gradient takes the pass forward, and about two of its size back.
        self.products = 3 * sum(map(products, nodes)) + dimension

    def words(self, each, number, length):
        """Return the cost of so many words of so many letters at ``each`` a number: nested duals triple it by
        letter."""
        return 3 ** (length - 1) * (number * self.products * each + self.nodes * _NODE)

    def elimination(self, rows, rank):
        """Return the cost of a rank modulo a prime."""
        return rows * self.dimension * (_ENTRY + _ELIMINATION * rank)

    def pivots(self, rows, rank):
        """Return the cost of complete pivoting on doubles."""
        return rows * self.dimension * _PIVOT * (rank + 1)

    def rank_on_doubles(self, rows, columns):
        """Return the cost of gradients on doubles and their numerical rank."""
        return self.words(DOUBLES, rows, 1) + rows * columns ** 2 + 3 * columns ** 3

    def determinant(self, size):
        """Return the cost of a determinant of balls."""
        return _DETERMINANT * size ** 3
