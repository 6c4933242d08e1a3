r"""
Exceptional parameter values of a system: the public call.
"""
import time

import numpy as np

from ..runtime.arguments import degree_of, integer, seed_of
from ..runtime.deadline import Deadline, Stopped
from ..exact import terms as sparse
from ..runtime.isolated import isolated_steps
from .branches import BranchSearch
from ..flows.problem import problem
from ..results.exceptional import Branch, ExceptionalParameters
from ..runtime.threads import in_sage
from ..runtime.errors import InputError, InputTypeError

# With more parameters only hypersurfaces are searched unless asked: the reaction networks of the tests with up to 8
# parameters take below 1 s each in codimension 2 (degree 2), those with 16 from 0.5 s to minutes.
_FEW_PARAMETERS = 8


@in_sage
def exceptional_parameters(
    data: object, *, degree: int | None = None, codimension: int | None = None, seed: int | None = None,
    time_limit: float | None = None, progress: bool = False,
) -> ExceptionalParameters:
    r"""
    Find the parameter values for which there are more polynomial laws than generically; each law is proved on its
    branch.

    INPUT:

    - ``data`` -- a family with parameters, see :func:`system`

    - ``degree`` -- laws up to this degree, as for :func:`conservation_laws`

    - ``codimension`` -- branches given by at most this many independent conditions (default: 2, with more than 8
      parameters 1)

    - ``time_limit`` -- seconds; then :class:`TimeLimitReached` carries the branches found so far

    - ``progress`` -- whether to show on standard error that the search goes on

    OUTPUT: an :class:`ExceptionalParameters`

    ALGORITHM: the linear system for the laws is eliminated exactly over `Q[k]`; its rank can drop only where a pivot
    vanishes.  On each irreducible factor the rank is computed again, over the rational functions there, and so on in
    turn.  Each drop gets an exact run of its own, on the system restricted to it.  Laws that are polynomials in the
    generic ones and in those of larger branches are not shown again.  So at values on no branch all laws are limits of
    generic ones, or polynomials in them, up to the codimension searched; where branches meet, the laws of each hold.
    Nothing is Monte Carlo but the sorting of laws into new ones and polynomials in known ones.

    EXAMPLES:

    The free rigid body: with two equal moments of inertia a coefficient vanishes, and a component is conserved::

        sage: from sage_conslaw import exceptional_parameters, system
        sage: exceptional_parameters(system(["x", "y", "z"], ["a*y*z", "b*x*z", "c*x*y"], parameters=["a", "b", "c"]),
        ....:     seed=0)
        generic a, b, c: 2 independent laws of degree at most 2
          b*x^2 - a*y^2
          c*x^2 - a*z^2
        where a = 0: 1 new law, 2 independent
          x
          c*y^2 - b*z^2  (limit of generic laws)
        where b = 0: 1 new law, 2 independent
          y
        where c = 0: 1 new law, 2 independent
          z
        searched: all branches of codimension at most 2 (ranks over Q(k) by exact elimination)

    Laws only at one point, on a curve, and at a root that is not rational::

        sage: exceptional_parameters(system(["x", "y"], ["k1*x + k2*y", "x^2 + y"], parameters=["k1", "k2"]),
        ....:     seed=0).branches
        (where k1 = 0 and k2 = 0: 1 new law,)
        sage: exceptional_parameters(system(["x", "y"], ["(k1 - k2^2)*x", "y"], parameters=["k1", "k2"]), degree=1,
        ....:     seed=0).branches
        (where k1 = k2^2: 1 new law,)
        sage: exceptional_parameters(system(["x", "y"], ["y", "(k^2 - 2)*x"], parameters=["k"]), degree=1,
        ....:     seed=0).branches
        (where k^2 - 2 = 0: 1 new law,)

    TESTS::

        sage: exceptional_parameters(system(["x"], ["x"]))
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: the system has no parameters; exceptional values are those of parameters, e.g.
        system(["x"], ["k*x"], parameters=["k"])
        sage: exceptional_parameters(system(["x"], ["k*x"], parameters=["k"]), codimension=0)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: codimension 0 is not a positive integer; give the number of conditions, e.g. 1 or 2
    """
    start = time.perf_counter()
    seed, deadline = seed_of(seed), Deadline(time_limit, progress)
    asked = problem(data)
    family = asked.family
    if not family.constants:
        raise InputError('the system has no parameters; exceptional values are those of parameters, e.g. '
                         'system(["x"], ["k*x"], parameters=["k"])')
    names = tuple(family.names[i] for i in family.constants)
    # The same search space as for laws, so that "up to the degree" means the same.
    groups = family.groups(None if degree is None else degree_of(degree))
    codimension = _codimension(codimension, len(names))
    known: dict = {"laws": (), "independent": 0, "branches": {}, "codimension": 0, "not_followed": []}

    def result():
        branches = sorted((_branch(asked, *found) for found in known["branches"].values()), key=_simplicity)
        return ExceptionalParameters(
            names, sum(bound for _, bound in groups), tuple(map(asked.law, known["laws"])), known["independent"],
            tuple(branches), known["codimension"], tuple(known["not_followed"]), seed, time.perf_counter() - start,
        )
    try:
        for key, value in isolated_steps(_steps, family, groups, codimension, seed, deadline=deadline):
            # A branch that gains laws comes again, under the same name.
            if key == "branch":
                known["branches"][value[0]] = value[1]
            else:
                known.update(value)
    except Stopped as stopped:
        raise stopped.with_partial({"number_at_least": known["independent"], "number_at_most": family.moving_dimension,
                                    "state_dimension": family.moving_dimension, "exceptional_time_limit_reached": True,
                                    **result().to_dict()}) from None
    finally:
        deadline.close()
    return result()


def _steps(family, groups, codimension, seed):
    """Yield what is found, step by step (run in a process of its own)."""
    search = BranchSearch(family, groups, np.random.default_rng(seed))
    yield "generic", {"laws": search.generators, "independent": search.independent}
    for number, level in enumerate(search.levels(codimension), start=1):
        for branch in level:
            variety = branch.variety
            solution = () if variety.algebraic else tuple((str(v), str(value)) for v, value in sorted(
                variety.solution.items(), key=lambda item: variety.ring.gens().index(item[0])))
            found = ([sparse.from_sage(f) for f in variety.ideal()], solution, branch.laws, branch.limits,
                     branch.independent, variety.codimension)
            # Plain data: a process of its own sends them, and Sage's rings do not travel.
            yield "branch", (str(variety), found)
        yield "level", {"codimension": number, "not_followed": list(dict.fromkeys(search.not_followed))}


def _branch(asked, condition, solution, laws, limits, independent, codimension):
    constants = asked.family.constants
    moved = [{tuple(constants[i] for i in monomial): value for monomial, value in f.items()} for f in condition]
    condition, laws, limits = (tuple(map(asked.law, some)) for some in (moved, laws, limits))
    return Branch(condition, solution, laws, limits, independent, codimension)


def _simplicity(branch):
    return branch.codimension, [(f.degree(), f.number_of_terms(), str(f)) for f in branch.condition]


def _codimension(codimension, parameters):
    if codimension is None:
        return min(parameters, 2 if parameters <= _FEW_PARAMETERS else 1)
    advice = "give the number of conditions, e.g. 1 or 2"
    try:
        number = integer(codimension)
    except TypeError:
        raise InputTypeError(f"codimension {codimension!r} is not an integer; {advice}") from None
    if number < 1:
        raise InputError(f"codimension {codimension} is not a positive integer; {advice}")
    return min(number, parameters)
