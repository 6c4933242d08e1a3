r"""
From the arguments of a public call to a question: what is asked of which problem, within which limits.
"""
import time
from contextlib import contextmanager

from ..runtime.alarm import interrupting
from ..runtime.deadline import TimeLimitReached
from ..real.given import problem_on_data
from ..real.verdict import checked
from ..flows.problem import problem
from .question import Question
from ..runtime.errors import InputError, InputTypeError
from ..runtime.unproved import unproved

ALGORITHMS = ("modular", "symbolic", "syzygies")


def subject_of(subject, data):
    """Return what is asked about: ``data`` was the name of the first argument, too."""
    if subject is None and data is None:
        raise InputTypeError("give a network, polynomials phi or a family of vector fields")
    return data if subject is None else subject


def problem_asked(subject, data, flow, loss, seed):
    """Return the problem, on the given samples if there are any."""
    asked = problem(subject, flow, loss)
    return asked if data is None else problem_on_data(asked, subject, data, seed)


def question_of(asked, groups, *, algorithm, proof, seed, error_bound, deadline, progress, real) -> Question:
    """Return the question about a problem, with its limits and choices checked."""
    return Question(family=asked.family, search=groups, algorithm=algorithm_of(algorithm), proof=proof,
                    seed=seed, error_bound=error_bound_of(error_bound), deadline=deadline, progress=progress,
                    real=checked(real), parameter_names=tuple(name for name, _ in asked.shapes))


@contextmanager
def building(data, algorithm, seed, degree, deadline, listed):
    """Keep the time limit while the problem is built: then nothing is proved, and nothing but its name is known."""
    try:
        with interrupting(deadline):
            yield
    except (InputError, TypeError):
        deadline.close()
        raise
    except TimeLimitReached as reached:
        deadline.close()
        record = unproved(
            listed,
            architecture=getattr(data, "architecture", None),
            sizes=list(getattr(data, "sizes", ())),
            algorithm=algorithm or "modular",
            seed=seed,
            seconds=round(time.monotonic() - deadline.start, 3),
            **({"degree": degree} if listed else {}),
        )
        raise reached.with_partial(record) from None


def algorithm_of(algorithm: str | None) -> str:
    if algorithm is None:
        return "modular"
    if algorithm not in ALGORITHMS:
        raise InputError(f"algorithm {algorithm!r} is not known; choose 'modular', 'symbolic' or 'syzygies'")
    return algorithm


def error_bound_of(bound: object) -> float | None:
    if bound is None:
        return None
    if isinstance(bound, (bool, str)) or not hasattr(bound, "__float__"):
        raise InputTypeError(f"error_bound {bound!r} is not a number between 0 and 1; give e.g. 1e-30")
    if not 0 < float(bound) < 1:
        raise InputError(f"error_bound {bound} is not between 0 and 1; give e.g. 1e-30")
    return float(bound)
