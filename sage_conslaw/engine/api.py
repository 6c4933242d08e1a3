r"""
The public calls: find the laws, count them, check one.
"""
import time

from .._sage import Unknown
from ..runtime.deadline import Deadline
from ..runtime.arguments import degree_of, seed_of
from ..results.count import LawCount
from ..results.laws import ConservationLaws
from .strategies.limits import SEARCH_COORDINATES
from ..runtime.threads import in_sage
from .asking import building, problem_asked, question_of, subject_of
from .candidate import is_law
from .outcome import answered, in_common

# What a list says where a network is too large for a search, and not all laws are known to be in its families.
_BY_SEGMENTS = "symmetries of the graph: quadratic and affine laws that each segment shows; there may be others"


@in_sage
def conservation_laws(
    subject: object = None, /, *, data: object = None, flow: object = None, loss: str | None = None,
    degree: int | None = None, algorithm: str | None = None, proof: bool = True, seed: int | None = None,
    error_bound: float | None = None, time_limit: float | None = None, progress: bool = False,
    real: bool | None = None,
) -> ConservationLaws:
    r"""
    Find all polynomial conservation laws up to a degree, count all laws, and prove the list complete where it is.

    INPUT:

    - ``subject`` -- a network of the catalog; `\phi` as a list of Sage or SymPy polynomials; or a
      :class:`VectorFieldFamily`

    - ``data`` -- the samples ``(X, Y)`` on which a network is trained, exact numbers; ``Y = None`` leaves the targets
      free; with cross-entropy ``Y`` is classes from 0 on, or shares with the sum 1. By default all data are meant. Then
      laws are those of training on these samples, in any mini-batches

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
      leaves it; by default it is tried where that takes under about a second, ten where gradients alone fall short
      of the model's and brackets may make up for it. ``assumption`` of the result is
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
    subject, data, seed = subject_of(subject, data), None if subject is None else data, seed_of(seed)
    with building(
        subject, flow, algorithm=algorithm, seed=seed, degree=degree, deadline=deadline, listed=True
    ):
        asked = problem_asked(subject, data, flow, loss, seed)
        # Without a degree the family's own search space: degree 2 in parameters and velocities, times powers of a time
        # coordinate.
        groups = asked.family.groups(None if degree is None else degree_of(degree))
        question = question_of(
            asked, groups, algorithm=algorithm, proof=proof, seed=seed, error_bound=error_bound, deadline=deadline,
            progress=progress, real=real,
        )
    bounds = answered(question, asked, start, listed=True)
    family = asked.family
    # Decided by the bounds alone, in one place.
    complete = bounds.complete
    if bounds.families and not bounds.laws:
        # Where a network has too many laws to write them one by one, its families are the laws; those of them that are
        # only counted may be of any degree.
        complete = True if bounds.meet and bounds.searched is not None else Unknown
    return ConservationLaws(
        **in_common(question, asked, bounds, start),
        laws=tuple(map(asked.law, bounds.laws)),
        independent=bounds.independent,
        degree=question.degree,
        complete=complete,
        time=None if family.time is None else family.names[family.time],
        rate=family.rate,
        coordinates=tuple(family.meaning.items()),
        terms=bounds.laws,
        searched=bounds.searched or (_BY_SEGMENTS if bounds.families else ""),
        time_degree=next((bound for group, bound in groups if group == [family.time]), None),
    )


@in_sage
def count_conservation_laws(
    subject: object = None, /, *, data: object = None, flow: object = None, loss: str | None = None,
    algorithm: str | None = None, proof: bool = True, seed: int | None = None, error_bound: float | None = None,
    time_limit: float | None = None, progress: bool = False, real: bool | None = None,
) -> LawCount:
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
    subject, data, seed = subject_of(subject, data), None if subject is None else data, seed_of(seed)
    with building(
        subject, flow, algorithm=algorithm, seed=seed, degree=None, deadline=deadline, listed=False
    ):
        asked = problem_asked(subject, data, flow, loss, seed)
        # Laws close the squeeze where they are cheap to find; in many coordinates only the structure shows them.
        searched = proof and algorithm != "symbolic" and asked.family.dimension <= SEARCH_COORDINATES
        question = question_of(
            asked, asked.family.groups() if searched else None, algorithm=algorithm, proof=proof, seed=seed,
            error_bound=error_bound, deadline=deadline, progress=progress, real=real,
        )
    return LawCount(**in_common(question, asked, answered(question, asked, start, listed=False), start))


@in_sage
def is_conserved(
    h: object, subject: object = None, /, *, data: object = None, flow: object = None, loss: str | None = None
) -> bool:
    r"""
    Decide exactly, over Q, whether one polynomial is a conservation law.

    INPUT:

    - ``h`` -- a Sage or SymPy polynomial, or a string, in the names of the state coordinates; for systems a string with
      quotients and functions; for networks also one of ``matrix_laws()`` or matrix notation as it is printed: then all
      its entries are asked about

    - ``subject``, ``data``, ``flow``, ``loss`` -- as for :func:`conservation_laws`

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
        sage: is_conserved("exp(t)*(x1^2 - x2^2)", networks.product(2), flow="sgd:weight_decay=1/2")
        True
        sage: is_conserved("2*U1_1_1 - U1_2_1", networks.linear([2, 1]), data=([[1, 2]], None))
        True
        sage: is_conserved("y", networks.product(3))
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: h has the variable y, which is not a coordinate (x1, x2, x3)
    """
    subject, data = subject_of(subject, data), None if subject is None else data
    return is_law(h, problem_asked(subject, data, flow, loss, seed=0))
