r"""
A span of rows modulo a prime that grows: draw a batch, keep what is new, and see whether anything was.

Its rank at any time is a proved lower bound of the rank of what is drawn from.  That it is the rank itself is only
seen, in batches that bring nothing: over a field with `p` elements one draw from a larger space lies in the span with
probability `O(1 / p)`, and for draws from a finite pool ``idle`` says how many batches in a row brought nothing.
"""
import numpy as np

from .linear_algebra import independent_rows


class Span:
    r"""
    Independent rows modulo ``p``, at most ``most`` of them.

    EXAMPLES:

    The rows (1, 2) and (2, 4) span a line, the third one a plane; a fourth brings nothing::

        sage: import numpy
        sage: from sage_conslaw.exact.span import Span
        sage: span = Span(2, 101)
        sage: span.add(numpy.array([[1, 2], [2, 4]])), span.add(numpy.array([[0, 1]])), span.add(numpy.array([[5, 7]]))
        (1, 1, 0)
        sage: span.rank, span.idle
        (2, 1)
    """

    def __init__(self, size: int, p: int, most: int | None = None):
        self.p = p
        self.most = size if most is None else most
        self.rows = np.zeros((0, size), dtype=np.int64)
        #: Batches that brought nothing, since the last that did; and the rows that were drawn at all.
        self.idle = self.drawn = 0

    @property
    def rank(self) -> int:
        """The number of independent rows."""
        return len(self.rows)

    def add(self, batch: np.ndarray) -> int:
        """Keep what a batch of rows (one row, where all are alike) brings, and return how much that is."""
        return self._keep(np.concatenate([self.rows, np.atleast_2d(batch)]), len(batch))

    def add_and_test(self, batch: np.ndarray, probes: np.ndarray) -> tuple[int, bool]:
        """Return what a batch brings, and whether the probes, which are not kept, lie outside the span after it."""
        stack = np.concatenate([self.rows, batch, probes])
        # Rows are chosen in order: a probe is chosen exactly if it lies outside of the span of all before it.
        chosen = independent_rows(stack, self.p)
        # Rows come before probes, so whether a row is chosen does not depend on these.
        inside = [i for i in chosen if i < len(stack) - len(probes)]
        return self._take(stack[inside], len(batch)), len(chosen) > len(inside)

    def begin(self) -> None:
        """Count idle batches and drawn rows anew: what is drawn from now on is of another kind."""
        self.idle = self.drawn = 0

    def carry(self, images: np.ndarray) -> None:
        """Put the images of the rows under a linear map in their place; whether they are independent is seen when rows
        are added."""
        self.rows = images

    def _keep(self, stack, drawn):
        # The rows that are kept already come first and stay: only what is new is added.
        return self._take(stack[independent_rows(stack, self.p)[:self.most]], drawn)

    def _take(self, rows, drawn):
        gained = len(rows) - len(self.rows)
        self.rows, self.drawn = rows, self.drawn + drawn
        self.idle = 0 if gained > 0 else self.idle + 1
        return gained
