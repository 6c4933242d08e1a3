r"""
From the bounds that the engine proves to what a public call returns, or to the record that an ended one leaves.

Everything here is derived from :class:`~.bounds.Bounds`: a status, a number or "complete" is decided nowhere else.
"""
import time

from ..runtime.announcements import announce
from ..runtime.deadline import Stopped, TimeLimitReached
from ..real.verdict import known_at_once
from ..results.on_region import LawsOnRegion
from .bounds import Bounds
from .supervised import supervised


def answered(question, asked, start, listed):
    """Return the bounds; where the time ends, what is proved until then goes with the exception as a record."""
    try:
        # Bounds without evidence: 0 and N, which hold of every family.
        announce(lambda: _record(question, asked, Bounds(question.family.moving_dimension), start, True))
        bounds = supervised(question)
        # What is left, rings and texts, asks no deadline; whoever supervises this process knows the number already.
        announce(lambda: _record(question, asked, bounds, start, True))
        return bounds
    except Stopped as stopped:
        raise stopped.with_partial(_partial(question, asked, stopped, start, listed)) from None
    finally:
        question.deadline.close()


def in_common(question, asked, bounds, start):
    """Return what a count and a list of laws have in common, by name."""
    return dict(
        architecture=asked.architecture,
        sizes=asked.sizes,
        flow=asked.flow_name,
        loss=asked.loss,
        parameters=asked.parameters,
        state_dimension=bounds.dimension,
        # From the upper bound of the number: where the real fields span less it is their rank, not the model's.
        lie_dimension=bounds.dimension - bounds.number[1],
        lie_sequence=tuple(bounds.real.words if bounds.real_is_less else bounds.sequence),
        status=bounds.status,
        error_bound=bounds.error_bound,
        algorithm=question.algorithm,
        seed=question.seed,
        seconds=time.perf_counter() - start,
        options=asked.options,
        problem=asked,
        method=bounds.method,
        laws_at_least=bounds.number[0],
        # Where the bounds meet nothing depends on what the model forgot.
        forgotten=() if bounds.meet else bounds.forgotten,
        attempts=tuple(bounds.attempts),
        assumption=bounds.assumption,
        real=bounds.real,
        counted=bounds.formula,
        blame=bounds.blame,
        families=bounds.families,
        region=_region(asked, bounds),
        further_laws=bounds.further,
    )


def _region(asked, bounds):
    """Return what is known on the region around the point of the real rank, if it is more than elsewhere."""
    if bounds.region is None:
        return None
    laws, independent = bounds.region
    return LawsOnRegion(
        tuple(map(asked.law, laws)),
        independent,
        tuple(bounds.real.point),
        bounds.real.patterns,
        # Complete there if as many as a certified rank of the real fields leaves.
        len(independent) == bounds.number[1],
    )


def _partial(question, asked, stopped, start, listed):
    """Return the record of what is sound when the time is over, derived from the bounds."""
    bounds = stopped.bounds
    record = _record(question, asked, bounds, start, isinstance(stopped, TimeLimitReached))
    if listed:
        # Laws found are all of the degree only where a search of it said so, and its list is the one that is kept.
        whole = bounds.searched is not None or (
            stopped.partial.get("found_up_to") == question.degree
            and len(stopped.partial["found"]) == len(bounds.laws)
        )
        record.update(
            {
                "independent_laws_found": len(bounds.independent),
                "laws": [str(asked.law(law)) for law in bounds.laws],
                "degree": question.degree,
                "complete": None,
                "all_laws_of_this_degree": whole,
            }
        )
        if "searched" in stopped.partial:
            record["searched"] = stopped.partial["searched"]
    return record


def _record(question, asked, bounds, start, timed_out):
    """Return what is known of the number, as a record."""
    least, most = bounds.number
    return {
        "architecture": asked.architecture, "sizes": list(asked.sizes), "flow": asked.flow_name, "loss": asked.loss,
        "parameters": asked.parameters, "state_dimension": bounds.dimension, "lie_dimension": bounds.rank_at_least,
        # An ended call says nothing that is only probable: words may have stopped because the time did.
        "number": most if bounds.meet else None, "status": "proved" if bounds.meet else "bounded",
        "assumption": _assumption(question, bounds), "error_bound": None,
        "algorithm": question.algorithm, "seed": question.seed, "seconds": round(time.perf_counter() - start, 3),
        "time_limit_reached": timed_out, "number_at_most": most, "number_at_least": least,
    }


def _assumption(question, bounds):
    """Return under which assumption bounds hold that were stopped, perhaps before the real fields were asked."""
    return "none" if bounds.real is None and known_at_once(question.family, 0) is not None else bounds.assumption
