r"""
What is known of the laws of a family, from both sides; it only ever tightens.

`m` independent laws that hold exactly, and a rank `r` of the generated Lie algebra at one point modulo a prime, give
`m \le N - r_{generic} \le N - r` in dimension `N`.  Every statement of a result is derived from these numbers here, in
one place.

- `linear 3 2 3`: 3 laws and rank 9 in dimension 12 meet: proved.
- `linear 1 2 2 1`: 6 laws, rank 1 in dimension 8.  The closure over `\QQ(z)` proves that the rank is not larger: 7
  laws, proved, and the list of 6 is not complete.
- a network of 700 coordinates with `proof=False`: no laws, a rank that stopped growing at random points: probable.
"""
import logging
from dataclasses import dataclass, replace
from typing import Any

from .._sage import Unknown

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Evidence:
    """One thing that a strategy proved: which side, its value, and by whom."""

    claim: str
    value: int
    strategy: str


class Bounds:
    r"""
    The laws found and bounds for the number of laws and the rank; each method tightens, none loosens.

    EXAMPLES::

        sage: from sage_conslaw.engine.bounds import Bounds
        sage: b = Bounds(8)
        sage: b.rank_is_at_least(1, "words"); b.number_is_at_least(6, "blocks"); b.number, b.status
        ((6, 7), 'bounded')
        sage: b.rank_is_at_most(1, "closure"); b.number, b.status
        ((7, 7), 'proved')
        sage: b.rank_is_at_least(3, "words")
        Traceback (most recent call last):
        ...
        ArithmeticError: contradiction: a rank of at least 3 (words) and at most 1 (closure); please report it
    """

    def __init__(self, dimension: int, forgotten: tuple = ()) -> None:
        # What the fields leave aside of the real dynamics: ranks are then those of a model that may span too much.
        self.dimension, self.forgotten = dimension, tuple(forgotten)
        self.laws: tuple = ()
        self.independent: tuple = ()
        self.searched: str | None = None
        self.rank_at_least, self._most, self.laws_at_least = 0, dimension, 0
        self.sequence, self.method = (), None
        self.evidence: list[Evidence] = []
        self.attempts: list = []
        self._stopped_growing = False
        self._error: float | None = None
        # What is certified of the real fields; until then bounds of the rank are the model's.
        self.real: Any = None
        # Laws, and which are independent, on the region around the point where the real fields were looked at.
        self.region: tuple | None = None
        # Laws that are no polynomials, in words.
        self.further: tuple = ()
        # The number as a formula in the widths, and the segments whose bounds do not meet.
        self.formula = None
        self.blame: tuple = ()
        # Families of laws as matrix expressions, where there are too many laws to write them one by one.
        self.families: tuple = ()

    # -- what strategies say -------------------------------------------------------------------------

    def laws_are(self, laws, independent, searched: str, strategy: str):
        """Record all laws of the search space, each exact, and which of them are independent."""
        self.laws, self.independent, self.searched = tuple(laws), tuple(independent), searched
        self.number_is_at_least(len(self.independent), strategy)

    def some_laws_are(self, laws, independent, strategy: str):
        """Record laws that hold, before all of the search space are known."""
        # A whole list is never replaced by a part of one.
        if self.searched is None and len(independent) >= len(self.independent):
            self.laws, self.independent = tuple(laws), tuple(independent)
            self.number_is_at_least(len(self.independent), strategy)

    def number_is_at_least(self, number: int, strategy: str):
        """Record that there are so many independent laws, listed or not."""
        # Laws that hold exactly have independent differentials on an open set, and each field is orthogonal to them
        # there: m laws leave a rank of at most N - m.
        if number > self.laws_at_least:
            self.laws_at_least = number
            self._record("laws at least", number, strategy)

    def rank_is_at_least(self, rank: int, strategy: str, sequence=(), method=None):
        """Record a rank at one point; with the ranks by bracket length, and how it was found where that matters."""
        if rank > self.rank_at_least or not self.sequence:
            self.sequence, self.method = tuple(sequence) or (rank,), method
        # A minor that is not zero at one point modulo p is no zero polynomial over Q: the generic rank is no smaller.
        if rank > self.rank_at_least:
            self.rank_at_least = rank
            self._stopped_growing = False
            self._record("rank at least", rank, strategy)

    def rank_is_at_most(self, rank: int, strategy: str):
        """Record an upper bound of the generic rank that no list of laws gives: a closure over the rational
        functions."""
        if rank < self._most:
            self._most = rank
            self._record("rank at most", rank, strategy)

    def rank_stopped_growing(self, rank: int, error: float | None):
        """Record that longer words gave nothing beyond a rank, and a bound for the probability that this was chance."""
        # Below a rank that is known it was chance.
        if rank == self.rank_at_least:
            self._stopped_growing, self._error = True, error

    def real_fields_have(self, found, strategy: str):
        """Record the certified rank of the real fields, and whether it reached the model's."""
        if found.most is not None and found.most < found.rank:
            # One of the two is wrong, and the rank is a minor that was computed.
            logger.warning("at most %s real fields and at least %s: nothing is said of most", found.most, found.rank)
            found = replace(found, most=None)
        self.real = found
        if found.method is not None:
            self._record("real rank at least", found.rank, strategy)

    def further_laws_are(self, words, number: int, strategy: str):
        """Record laws that are no polynomials, in words, and how many laws are independent with them."""
        if number > self.laws_at_least:
            self.further = tuple(words)
            self.number_is_at_least(number, strategy)

    def region_has(self, laws, independent, strategy: str):
        """Record the laws of the search space on the region around the point of the real rank."""
        if self.real is not None and len(independent) > self.dimension - self.real.rank:
            logger.warning("%s laws on a region where %s real fields are independent, in dimension %s: nothing is said",
                           len(independent), self.real.rank, self.dimension)
        elif len(independent) > self.laws_at_least:
            self.region = tuple(laws), tuple(independent)
            self._record("laws on the region at least", len(independent), strategy)

    def _record(self, claim, value, strategy):
        self.evidence.append(Evidence(claim, value, strategy))
        if self.rank_at_least > self.rank_at_most:
            side = "laws at least" if self.dimension - self.laws_at_least < self._most else "rank at most"
            by = {evidence.claim: evidence.strategy for evidence in self.evidence}
            raise ArithmeticError(f"contradiction: a rank of at least {self.rank_at_least} ({by['rank at least']}) and "
                                  f"at most {self.rank_at_most} ({by[side]}); please report it")

    # -- what follows ----------------------------------------------------------------------------------

    @property
    def rank_at_most(self) -> int:
        """The smallest proved upper bound of the generic rank."""
        return min(self._most, self.dimension - self.laws_at_least)

    @property
    def real_is_less(self) -> bool:
        """Whether the real fields are seen to span less than the model's at the points tried: the real network may have
        laws that the model has not."""
        return self.real is not None and self.real.less

    @property
    def assumption(self) -> str:
        """Under which assumption the number holds for the network that is trained: ``"none"`` or ``"span"``."""
        return "none" if self.real is not None and (self.real.reached or self.real.less) else "span"

    @property
    def number(self) -> tuple:
        """Bounds of the number of independent laws, proved under the assumption."""
        least = self.dimension - self.rank_at_most
        if not self.forgotten and not self.real_is_less:
            # What bounds the real fields bounds the model's where these are the same number.
            proved = self.real is not None and self.real.reached and self.real.most is not None
            return max(least, self.dimension - self.real.most) if proved else least, self.dimension - self.rank_at_least
        # The model may span more than the network does: only a rank of the real fields bounds the number from above.
        least = least if self.region is None else len(self.region[1])
        if self.real is None:
            return least, self.dimension
        if self.real.most is not None:
            least = max(least, self.dimension - self.real.most)
        return least, self.dimension - self.real.rank

    @property
    def meet(self) -> bool:
        """Whether the number is proved."""
        least, most = self.number
        return least == most

    @property
    def status(self) -> str:
        """How the number is known: ``"proved"``, ``"probable"`` (the rank stopped growing) or ``"bounded"``."""
        # Of a model that forgets something a rank that stopped growing says nothing: the network's may be smaller.
        if self.forgotten and self.number[0] < self.number[1]:
            return "bounded"
        return "proved" if self.meet else "probable" if self._stopped_growing and not self.real_is_less else "bounded"

    @property
    def stopped_growing(self) -> bool:
        """Whether the rank stopped growing at random points."""
        return self._stopped_growing

    @property
    def error_bound(self):
        """The probability of an error of a probable number, ``None`` for any other."""
        return (self._error or None) if self.status == "probable" else None

    @property
    def complete(self):
        """Whether the laws listed are all: True, False, or Sage's Unknown."""
        least, most = self.number
        # By Frobenius there are N - r laws locally; as many independent ones leave every other a function of them.
        if len(self.independent) == most:
            return True
        return False if len(self.independent) < least else Unknown
