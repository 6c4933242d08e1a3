r"""
A strategy: one way to tighten the bounds, in a file of its own under ``strategies/``.

A new one is one file there: a class with a name, its place in the order, a reason against it and a method ``run``. It
asks nothing but the family, draws from its own child of the random generator, and says what it proved to the bounds.
"""
from abc import ABC, abstractmethod
from dataclasses import dataclass

from ..laws.independence import independent_in
from .bounds import Bounds
from .question import Question


class TooLarge(str):
    """A reason against a strategy that is one of size alone: what was asked does not fit, with the estimate."""


class Strategy(ABC):
    """One way to find laws, or a rank."""

    #: How logs and evidence name it, and when it is tried: those with smaller numbers come first.
    name: str
    order: int
    #: Of which algorithms of a question it is a part.
    algorithms: tuple = ("modular", "syzygies", "symbolic")

    @abstractmethod
    def reason_against(self, question: Question, bounds: Bounds) -> str | None:
        """Return why it does not apply, or would give nothing new; ``None`` if it is to run."""

    def cost(self, question: Question, bounds: Bounds) -> float | None:
        """Estimate the seconds it takes on one core, within a factor of a few; ``None`` where nothing is known of it:
        Groebner bases, syzygies and brackets over Q may take any time."""
        return None

    @abstractmethod
    def run(self, question: Question, bounds: Bounds) -> None:
        """Tighten the bounds."""


class FindLaws(Strategy):
    """A strategy that finds all laws of the search space."""

    def reason_against(self, question, bounds):
        """Return why no laws are sought by it."""
        if question.search is None:
            return "no laws are asked for"
        return "all laws of the search space are known" if bounds.searched is not None else None

    def all_found(self, question, bounds, laws, searched=None):
        """Record the laws of the search space and the independent ones among them."""
        family, generator = question.family, question.generator(f"{self.name}: independence")
        # Told before independence, which may take long: each law is exact already.
        question.deadline.check(found=tuple(laws), found_up_to=question.degree, independent=())
        independent = independent_in(family, laws, generator)
        bounds.laws_are(laws, independent, searched or question.words(), self.name)
        question.deadline.check()


class FindRank(Strategy):
    """A strategy that bounds the rank of the generated Lie algebra."""

    def reason_against(self, question, bounds):
        """Return why no rank is sought by it."""
        if bounds.meet:
            return "the bounds meet"
        # Stopped at random points: another rank at random points would stop there too. Closure, which is no such rank,
        # is asked later.
        return "the rank stopped growing" if bounds.stopped_growing else None


@dataclass(frozen=True)
class Attempt:
    """What became of one strategy: skipped, tried or ended, why, what it proved, seconds, and how many were
    expected."""

    strategy: str
    outcome: str
    reason: str
    proved: tuple
    seconds: float
    expected: float | None = None

    def __str__(self):
        proved = ", ".join(f"{e.claim} {e.value}" for e in self.proved) or "nothing new"
        if self.outcome == "skipped":
            return f"{self.strategy}: skipped, {self.reason}"
        what = f"{self.outcome}{', ' + self.reason if self.reason else ''}"
        expected = "" if self.expected is None else f" (expected about {self.expected:.2g} s)"
        return f"{self.strategy}: {what}; {proved}; {self.seconds:.2f} s{expected}"
