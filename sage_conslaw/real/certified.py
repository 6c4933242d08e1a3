r"""
What is certified about the real fields.
"""
from dataclasses import dataclass, field


@dataclass(frozen=True)
class RealRank:
    """
    What is certified about the real fields.

    - ``rank`` -- a proved lower bound for the rank of their Lie algebra near ``point``

    - ``words`` -- the bounds by word length

    - ``method`` -- ``"polynomial"``, ``"patterns"`` or ``"balls"``; ``None`` where nothing was computed

    - ``reached`` -- whether the rank that was asked for is reached

    - ``stagnated`` -- whether longer words and more samples add nothing (seen, not proved)

    - ``short`` -- whether real gradients fall short of the model's at all points tried: the span condition was looked
      at there, and does not hold; ``spans`` -- whether they are proved to span the same, so that brackets do

    - ``reason`` -- why it is not reached, in words

    - ``point`` -- the parameters where it was found; ``local``: whether it holds on a region around them only, not at
      generic ones; ``divides``: whether norms without a constant limit these to what paths join to the point on which
      none divides by zero

    - ``most`` -- a proved upper bound of it, where there is one: a single sample with its target is one field, one
      input that a network of one output scales with is another (:mod:`.homogeneous`), and on a region of activation the
      fields of all patterns may be closed under brackets

    - ``patterns`` -- how many patterns of activation the samples have there
    """

    rank: int
    words: tuple
    method: object
    reached: bool
    stagnated: bool
    reason: object = None
    point: object = field(default=None, compare=False)
    patterns: object = None
    local: bool = True
    short: bool = False
    spans: bool = False
    most: object = None
    divides: bool = False

    @property
    def less(self):
        r"""
        Whether the real fields are known to span less than the model where they were looked at; then no list of the
        model's laws is called complete.
        """
        return not self.reached and (self.stagnated or self.short)

    def to_dict(self):
        """Return it as JSON objects."""
        return {
            "rank": self.rank,
            "words": list(self.words),
            "method": self.method,
            "reached": self.reached,
            "stagnated": self.stagnated,
            "reason": self.reason,
            "patterns": self.patterns,
            "point": None if self.point is None else [str(a) for a in self.point],
            "local": self.local,
            "short": self.short,
            "spans": self.spans,
            "most": self.most,
        }


def unknown(reason):
    """Return that nothing was computed, and why."""
    return RealRank(0, (), None, False, False, reason)
