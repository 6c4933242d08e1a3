r"""
From the arguments of a public call to a question: what is asked of which problem, within which limits.
"""
import time
from contextlib import contextmanager

from ..runtime.alarm import interrupting
from ..runtime.announcements import announce
from ..runtime.deadline import TimeLimitReached
from ..real.given import problem_on_data
from ..real.verdict import checked
from ..fields.family import ControlAffineFamily
from ..flows.flow import Flow
from ..flows.problem import as_flow, problem
from ..graph.network import Network
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
    # On samples the family is another one, and so are its laws: all that follows speaks of them.
    asked = problem(subject, flow, loss)
    return asked if data is None else problem_on_data(asked, subject, data, seed)


def question_of(asked, groups, *, algorithm, proof, seed, error_bound, deadline, progress, real) -> Question:
    """Return the question about a problem, with its limits and choices checked."""
    return Question(family=asked.family, search=groups, algorithm=algorithm_of(algorithm), proof=proof,
                    seed=seed, error_bound=error_bound_of(error_bound), deadline=deadline, progress=progress,
                    real=checked(real), parameter_names=tuple(name for name, _ in asked.shapes))


@contextmanager
def building(subject, flow, *, algorithm, seed, degree, deadline, listed):
    """Keep the time limit while the problem is built: what is known then is its name, and how many laws fit at most."""
    # What is told if the time ends before there is a question at all.
    record = unproved(
        listed,
        architecture=getattr(subject, "architecture", None),
        sizes=list(getattr(subject, "sizes", ())),
        algorithm=algorithm or "modular",
        seed=seed,
        **({"degree": degree} if listed else {}),
    )
    try:
        with interrupting(deadline):
            # The building of a large network may take longer than the limit; its alarm is on from here.
            record |= trivial_bounds(subject, flow)
            announce(lambda: record)
            yield
    # Refused: there is nothing to tell, and the line of progress goes before the error is printed.
    except (InputError, TypeError):
        deadline.close()
        raise
    except TimeLimitReached as reached:
        deadline.close()
        seconds = round(time.monotonic() - deadline.start, 3)
        raise reached.with_partial({**record, "seconds": seconds}) from None


def trivial_bounds(subject, flow):
    """
    Return the bounds that any problem in N coordinates has, from 0 to N, where N is known before anything is built.

    The gradients of functionally independent laws are independent vectors of length N: whatever the fields are, there
    are at most N of them.
    """
    if isinstance(subject, ControlAffineFamily):
        # Parameters of a system are numbers: laws count in what moves.
        n, parameters = subject.moving_dimension, None
    else:
        flow = as_flow(flow)
        # Moments of optimisers, groups of rates: their state is known only when the family is built.
        if not isinstance(subject, Network) or type(flow) is not Flow or flow.groups is not None:
            return {}
        parameters = subject.dimension
        # The state is theta; with a rate or a damping the clock comes to it, and the velocities if there are any.
        n = 2 * parameters + 1 if flow.second_order else parameters + bool(flow.decay)
    return {"parameters": parameters, "state_dimension": n, "number_at_most": n}


def algorithm_of(algorithm: str | None) -> str:
    if algorithm is None:
        return "modular"
    if algorithm not in ALGORITHMS:
        raise InputError(f"algorithm {algorithm!r} is not known; choose 'modular', 'symbolic' or 'syzygies'")
    return algorithm


def error_bound_of(bound: object) -> float | None:
    if bound is None:
        return None
    # True would be read as 1.0, a text by its digits.
    if isinstance(bound, (bool, str)) or not hasattr(bound, "__float__"):
        raise InputTypeError(f"error_bound {bound!r} is not a number between 0 and 1; give e.g. 1e-30")
    if not 0 < float(bound) < 1:
        raise InputError(f"error_bound {bound} is not between 0 and 1; give e.g. 1e-30")
    return float(bound)
