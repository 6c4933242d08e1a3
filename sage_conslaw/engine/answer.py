r"""
The engine: strategies are tried in order, each tightens the bounds, and what became of each is logged.

No strategy decides anything alone: one that finds laws bounds the rank from above, one that finds a rank bounds the
laws, and where the two meet the number is proved, whoever came first.

- `linear 2 1 2`: blocks find one law in dimension 4, words a rank of 3: proved.
- `linear 1 2 2 1`: all gradients are multiples of one, so the rank is 1 in dimension 8; blocks find six laws, and the
  list is known not to be complete.
- a large system without a polynomial law whose rank stops at `N - 1`: nothing meets, and the answer is an interval, or
  a number that is probable.
"""
import logging
import time

from ..runtime.deadline import Stopped
from ..runtime.errors import InputError
from .bounds import Bounds
from .question import Question
from .strategies import STRATEGIES
from .strategy import Attempt, TooLarge

logger = logging.getLogger(__name__)


def answer(question: Question, tell=None) -> Bounds:
    r"""
    Return what is proved of the laws of a family; each strategy that has no reason against it tightens the bounds.

    Where the time ends, the exception carries the bounds as they are then, as ``bounds``. ``tell(bounds=...)`` is
    called whenever a strategy proved something.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.engine.answer import answer
        sage: from sage_conslaw.engine.question import Question
        sage: from sage_conslaw.flows.problem import problem
        sage: family = problem(networks.linear([2, 1, 2])).family
        sage: bounds = answer(Question(family=family, search=family.groups(), seed=0))
        sage: bounds.number, bounds.status, [attempt.strategy for attempt in bounds.attempts if attempt.outcome ==
        ....:     "tried"]
        ((1, 1), 'proved', ['blocks', 'words', 'real fields'])
    """
    bounds = Bounds(question.family.moving_dimension, question.family.forgotten)
    try:
        refused = [
            reason
            for strategy in STRATEGIES
            if isinstance(reason := _attempt(strategy, question, bounds, tell), TooLarge)
        ]
    except Stopped as stopped:
        stopped.bounds = bounds
        raise
    # A strategy that was too large is no error where another one answered.
    unlisted = question.search is not None and bounds.searched is None and not bounds.families
    if refused and (not bounds.evidence or unlisted):
        # Nothing else did: then what does not fit is the answer.
        raise InputError(refused[0])
    return bounds


def _attempt(strategy, question, bounds, tell=None):
    """Run a strategy unless there is a reason against it; return the reason."""
    start, known, laws = time.perf_counter(), len(bounds.evidence), bounds.laws
    outcome = "ended"
    reason = expected = None
    try:
        reason = strategy.reason_against(question, bounds) if question.algorithm in strategy.algorithms else \
            f"the algorithm {question.algorithm!r} is asked for"
        if reason is None:
            expected = strategy.cost(question, bounds)
            strategy.run(question, bounds)
        outcome = "tried" if reason is None else "skipped"
    except Stopped as stopped:
        reason = str(stopped)
        # What was proved when the time ended is as proved as what comes in time.
        keep(stopped.partial, strategy.name, bounds)
        raise
    finally:
        attempt = Attempt(
            strategy.name, outcome, str(reason or ""), tuple(bounds.evidence[known:]), time.perf_counter() - start,
            expected,
        )
        bounds.attempts.append(attempt)
        logger.info("%s", attempt)
    if tell is not None and (len(bounds.evidence) > known or bounds.laws is not laws):
        tell(bounds=bounds, strategy=strategy.name)
    return reason


def keep(partial, name, bounds):
    """Tighten the bounds by what a strategy had proved when it was ended."""
    # A record is merged over all strategies: a rank beyond what later laws allow would be a defect to report, and the
    # end of the time is no moment for that.
    bounds.rank_is_at_least(min(partial.get("rank_at_least", 0), bounds.rank_at_most), name, partial.get("ranks", ()))
    bounds.number_is_at_least(partial.get("laws_at_least", 0), name)
    if "found" in partial:
        bounds.some_laws_are(partial["found"], partial.get("independent", ()), name)
