r"""
The public calls: find the laws, count them, check one.
"""
import re
import time
from contextlib import contextmanager

from .._sage import QQ, ZZ, Unknown
from ..runtime.alarm import interrupting
from ..runtime.announcements import announce
from ..runtime.deadline import Deadline, Stopped, TimeLimitReached
from ..exact import terms as sparse
from ..fields.explicit import VectorFieldFamily
from ..fields.extension import is_conserved_as_written
from ..expressions.polynomials import polynomials_of_one_ring
from ..notation.matrix_notation import MatrixLaw, entries_of_problem
from ..notation.written import entries_of
from ..runtime.arguments import degree_of, seed_of
from ..real.given import problem_on_data
from ..real.verdict import checked, known_at_once
from ..flows.problem import problem
from ..results.on_region import LawsOnRegion
from ..results.count import LawCount
from ..results.laws import ConservationLaws
from .bounds import Bounds
from .supervised import supervised
from .question import Question
from .strategies.limits import SEARCH_COORDINATES
from ..runtime.threads import in_sage
from ..runtime.errors import InputError, InputTypeError, NotCovered
from ..runtime.unproved import unproved

ALGORITHMS = ("modular", "symbolic", "syzygies")


# What a list says where a network is too large for a search, and not all laws are known to be in its families.
_BY_SEGMENTS = "symmetries of the graph: quadratic and affine laws that each segment shows; there may be others"


@in_sage
def conservation_laws(
    subject=None,
    /,
    *,
    data=None,
    flow=None,
    loss=None,
    degree=None,
    algorithm=None,
    proof=True,
    seed=None,
    error_bound=None,
    time_limit=None,
    progress=False,
    real=None,
):
    r"""
    Find all polynomial conservation laws up to a degree, count all laws, and prove the list complete where it is.

    INPUT:

    - ``subject`` -- a network of the catalog; `\phi` as a list of Sage or SymPy polynomials; or a
      :class:`VectorFieldFamily`

    - ``data`` -- the samples ``(X, Y)`` on which a network is trained, exact numbers; ``Y = None`` leaves the targets
      free. By default all data are meant. Then laws are those of training on these samples

    - ``flow`` -- a flow (default: the network's own, else Euclidean gradient flow)

    - ``loss`` -- ``"least-squares"`` (default) or ``"cross-entropy"``, for networks

    - ``degree`` -- search all polynomials up to this total degree; by default degree 2 in parameters and velocities,
      for flows with a time coordinate times powers of it (``time_degree`` in the result), which is not every monomial
      of that total

    - ``algorithm`` -- ``"modular"`` (default); ``"symbolic"``, the published algorithms over QQ; or ``"syzygies"``,
      laws as closed forms in a syzygy module truncated at the degree (Groebner basis by Singular), count modular

    - ``proof`` -- whether to try to prove a count that the squeeze leaves open; nothing is called proved without

    - ``seed`` -- an integer; the same seed gives the same result

    - ``error_bound`` -- how improbable an error of a Monte Carlo rank must be; primes and points are added until it is

    - ``time_limit`` -- seconds; then :class:`TimeLimitReached` carries what is proved so far

    - ``progress`` -- whether to say on standard error what is proved so far, in anything over two seconds

    - ``real`` -- whether to certify that the gradients of the real network span enough: ``True`` insists, ``False``
      leaves it; by default it is tried where that takes under about a second. ``assumption`` of the result is
      ``"none"`` where it is proved, else ``"span"``

    OUTPUT: a :class:`ConservationLaws`

    ALGORITHM: every law found is conserved exactly; the rank `r` of the generated Lie algebra is bounded
    from below at one point modulo a prime.  With `m` independent laws in dimension `N`, `m + r = N` proves that there
    are no others ([MGP2023]_, Theorem 3.3).  Of the real network it proves so where real gradients (or brackets of
    them) have the same rank, which is certified; else "complete" is relative to the span condition: real gradients span
    what the response's gradients do.

    EXAMPLES:

    The product of three parameters::

        sage: from sage_conslaw import conservation_laws, networks
        sage: conservation_laws(networks.product(3)).laws
        (x1^2 - x2^2, x1^2 - x3^2)

    The balance of linear networks, `U_1^T U_1 - U_2 U_2^T`::

        sage: conservation_laws(networks.linear([3, 2, 3]))
        3 independent laws of degree at most 2 in 12 parameters, complete (proved, no assumption)

    With cross-entropy there are more::

        sage: conservation_laws(networks.linear([3, 2, 3]), loss="cross-entropy").number
        5

    Your own local reparameterisation::

        sage: R.<u, v> = QQ[]
        sage: conservation_laws([u^2*v]).laws
        (u^2 - 2*v^2,)

    A law that is not polynomial is counted, not listed::

        sage: r = conservation_laws(networks.linear([1, 2, 2, 1]))
        sage: r.number, len(r.independent), r.complete
        (7, 6, False)

    TESTS::

        sage: conservation_laws([u*v], degree=0)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: degree 0 is not a positive integer; try degree 2
        sage: conservation_laws([u*v], algorithm="magic")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: algorithm 'magic' is not known; choose 'modular', 'symbolic' or 'syzygies'
        sage: conservation_laws([u*v], seed="x")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputTypeError: seed 'x' is not an integer; give e.g. seed=0
    """
    start, deadline = time.perf_counter(), Deadline(time_limit, progress)
    subject, data, seed = _subject(subject, data), None if subject is None else data, seed_of(seed)
    with _building(subject, algorithm, seed, degree, deadline, listed=True):
        asked = _asked(subject, data, flow, loss, seed)
        groups = asked.family.groups(None if degree is None else degree_of(degree))
        question = _question(asked, groups, algorithm, proof, seed, error_bound, deadline, progress, real)
    bounds = _answer(question, asked, start, listed=True)
    family = asked.family
    complete = bounds.complete
    if bounds.families and not bounds.laws:
        # Where a network has too many laws to write them one by one, its families are the laws; those of them that are
        # only counted may be of any degree.
        complete = True if bounds.meet and bounds.searched is not None else Unknown
    return ConservationLaws(
        **_common(question, asked, bounds, start),
        laws=tuple(map(asked.law, bounds.laws)),
        independent=bounds.independent,
        degree=_degree_of(groups),
        complete=complete,
        time=None if family.time is None else family.names[family.time],
        rate=family.rate,
        coordinates=tuple(family.meaning.items()),
        terms=bounds.laws,
        searched=bounds.searched or (_BY_SEGMENTS if bounds.families else ""),
        time_degree=next((bound for group, bound in groups if group == [family.time]), None),
    )


@in_sage
def count_conservation_laws(subject=None, /, *, data=None, flow=None, loss=None, algorithm=None, proof=True, seed=None,
                            error_bound=None, time_limit=None, progress=False, real=None):
    r"""
    Count the independent conservation laws, polynomial or not; proved where a squeeze or a closure is found.

    INPUT: as for :func:`conservation_laws`; no ansatz is needed, and ``proof=False`` makes none.

    OUTPUT: a :class:`LawCount`

    EXAMPLES::

        sage: from sage_conslaw import count_conservation_laws, networks
        sage: count_conservation_laws(networks.relu([3, 4, 2], bias=True)).number
        4
        sage: count_conservation_laws(networks.linear([2, 3, 2]), proof=False).status
        'probable'

    One random cubic field in five variables has four laws, none of them polynomial ([MGP2023]_, Section 2.3)::

        sage: from sage_conslaw import VectorFieldFamily
        sage: R = PolynomialRing(QQ, 5, "x")
        sage: field = [R.random_element(degree=3, terms=6) for _ in range(5)]
        sage: count_conservation_laws(VectorFieldFamily(controls=[field])).number
        4
    """
    start, deadline = time.perf_counter(), Deadline(time_limit, progress)
    subject, data, seed = _subject(subject, data), None if subject is None else data, seed_of(seed)
    with _building(subject, algorithm, seed, None, deadline, listed=False):
        asked = _asked(subject, data, flow, loss, seed)
        # Laws close the squeeze where they are cheap to find; in many coordinates only the structure shows them.
        searched = proof and algorithm != "symbolic" and asked.family.dimension <= SEARCH_COORDINATES
        question = _question(
            asked,
            asked.family.groups() if searched else None,
            algorithm,
            proof,
            seed,
            error_bound,
            deadline,
            progress,
            real,
        )
    return LawCount(**_common(question, asked, _answer(question, asked, start, listed=False), start))


@in_sage
def is_conserved(h, data, *, flow=None, loss=None):
    r"""
    Decide exactly, over Q, whether one polynomial is a conservation law.

    INPUT:

    - ``h`` -- a Sage or SymPy polynomial, or a string, in the names of the state coordinates; for systems a string with
      quotients and functions; for networks also one of ``matrix_laws()`` or matrix notation as it is printed: then all
      its entries are asked about

    EXAMPLES::

        sage: from sage_conslaw import is_conserved, networks
        sage: is_conserved("x1^2 - x2^2", networks.product(3))
        True
        sage: is_conserved("x1 - x2", networks.product(3)), is_conserved(3, networks.product(3))
        (False, True)
        sage: R.<u, v> = QQ[]
        sage: is_conserved(u^2 - v^2, [u*v])
        True
        sage: net = networks.linear([3, 2, 3])
        sage: is_conserved("U1^T U1 - U2 U2^T", net), is_conserved("|U1|^2 - 2*|U2|^2", net)
        (True, False)
        sage: is_conserved("y", networks.product(3))
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: h has the variable y, which is not a coordinate (x1, x2, x3)
    """
    asked = problem(data, flow, loss)
    family = asked.family
    if isinstance(h, int) or getattr(h, "parent", lambda: None)() in (ZZ, QQ):
        return True
    if isinstance(h, MatrixLaw):
        if not h.entries:
            raise NotCovered(f"{h.text} has no entries here: it is known by the structure; ask at a smaller width")
        return all(family.conserved(list(h.entries)))
    try:
        return family.conserved([_in_state(h, family)])[0]
    except InputError:
        if isinstance(h, str) and isinstance(family, VectorFieldFamily):
            return is_conserved_as_written(h, family)
        if not isinstance(h, str) or not asked.shapes or not _MATRIX.search(h) and h.strip() not in dict(asked.shapes):
            raise
        return all(family.conserved(entries_of(h, entries_of_problem(asked, _HIGHEST))))


# Powers of the time that may stand in front of a law that is read.
_HIGHEST = 6

# What only matrix notation has: transposes, norms, slices, sums and vectors of ones.
_MATRIX = re.compile(r"\^T|\.T\b|\||\[|@|\b(sum|Gram|Skew)\(|\bfor each\b|\w 1\b|\d laws?\b|[A-Za-z]\w*\.\w")


def _in_state(h, family):
    """Return a polynomial as sparse terms in the family's coordinates."""
    ring, (polynomial,) = polynomials_of_one_ring([h], "h")
    place = {name: i for i, name in enumerate(family.names)}
    moved = {}
    for monomial, value in sparse.from_sage(polynomial).items():
        for i in monomial:
            name = ring.variable_names()[i]
            if name not in place:
                shown = ", ".join(family.names[:8]) + (", ..." if len(family.names) > 8 else "")
                raise InputError(f"h has the variable {name}, which is not a coordinate ({shown})")
        moved[tuple(sorted(place[ring.variable_names()[i]] for i in monomial))] = value
    return moved


def _subject(subject, data):
    """Return what is asked about: ``data`` was the name of the first argument, too."""
    if subject is None and data is None:
        raise InputTypeError("give a network, polynomials phi or a family of vector fields")
    return data if subject is None else subject


def _asked(subject, data, flow, loss, seed):
    """Return the problem, on the given samples if there are any."""
    asked = problem(subject, flow, loss)
    return asked if data is None else problem_on_data(asked, subject, data, seed)


def _question(asked, groups, algorithm, proof, seed, error_bound, deadline, progress, real):
    return Question(family=asked.family, search=groups, algorithm=_algorithm(algorithm), proof=proof,
                    seed=seed_of(seed), error_bound=_error_bound(error_bound), deadline=deadline, progress=progress,
                    real=checked(real), parameter_names=tuple(name for name, _ in asked.shapes))


@contextmanager
def _building(data, algorithm, seed, degree, deadline, listed):
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


def _answer(question, asked, start, listed):
    """Return the bounds; where the time ends, what is proved until then goes with the exception as a record."""
    try:
        announce(lambda: _record(question, asked, Bounds(question.family.moving_dimension), start, True))
        bounds = supervised(question)
        # What is left, rings and texts, asks no deadline; whoever supervises this process knows the number already.
        announce(lambda: _record(question, asked, bounds, start, True))
        return bounds
    except Stopped as stopped:
        raise stopped.with_partial(_partial(question, asked, stopped, start, listed)) from None
    finally:
        question.deadline.close()


def _common(question, asked, bounds, start):
    """Return what a count and a list of laws have in common, by name."""
    return dict(
        architecture=asked.architecture,
        sizes=asked.sizes,
        flow=asked.flow_name,
        loss=asked.loss,
        parameters=asked.parameters,
        state_dimension=bounds.dimension,
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
        len(independent) == bounds.number[1],
    )


def _partial(question, asked, stopped, start, listed):
    """Return the record of what is sound when the time is over, derived from the bounds."""
    bounds = stopped.bounds
    record = _record(question, asked, bounds, start, isinstance(stopped, TimeLimitReached))
    if listed:
        degree = _degree_of(question.search)
        whole = (
            bounds.searched is not None
            or "found" in stopped.partial
            and stopped.partial.get("found_up_to", degree) == degree
        )
        record.update(
            {
                "independent_laws_found": len(bounds.independent),
                "laws": [str(asked.law(law)) for law in bounds.laws],
                "degree": degree,
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
        "number": most if bounds.meet else None, "status": "proved" if bounds.meet else "bounded",
        "assumption": _assumption(question, bounds), "error_bound": None,
        "algorithm": question.algorithm, "seed": question.seed, "seconds": round(time.perf_counter() - start, 3),
        "time_limit_reached": timed_out, "number_at_most": most, "number_at_least": least,
    }


def _assumption(question, bounds):
    """Return under which assumption bounds hold that were stopped, perhaps before the real fields were asked."""
    return "none" if bounds.real is None and known_at_once(question.family, 0) is not None else bounds.assumption


def _degree_of(groups):
    return sum(bound for _, bound in groups)


def _algorithm(algorithm):
    if algorithm is None:
        return "modular"
    if algorithm not in ALGORITHMS:
        raise InputError(f"algorithm {algorithm!r} is not known; choose 'modular', 'symbolic' or 'syzygies'")
    return algorithm


def _error_bound(bound):
    if bound is None:
        return None
    if isinstance(bound, (bool, str)) or not hasattr(bound, "__float__"):
        raise InputTypeError(f"error_bound {bound!r} is not a number between 0 and 1; give e.g. 1e-30")
    if not 0 < float(bound) < 1:
        raise InputError(f"error_bound {bound} is not between 0 and 1; give e.g. 1e-30")
    return float(bound)
