r"""
The squeeze: exact laws from one side, a rank from the other.

`m` independent laws that hold exactly, and a rank `r` modulo a prime at one point: `m \le N - r_{generic} \le N - r`. Where `m + r = N` both are
proved at once. This module only decides in which order the two sides are computed.
"""
from dataclasses import dataclass

from ..exact.primes import random_prime
from ..laws.syzygies import syzygy_laws
from ..runtime.isolated import interruptible
from ..laws.independence import independent_laws
from ..laws.kernel import polynomial_laws, products_of_linear
from ..laws.monomials import blocks
from ..laws.symbolic import symbolic_laws
from ..rank.growing_span import lie_rank
from ..rank.symbolic import symbolic_lie_rank
from ..structure.of_family import structure_of
from ..runtime.errors import InputError, NotCovered

# From this block size on, and if the kernels cost that much more than the rank, the rank is computed first: a kernel of
# 300 monomials takes 20 ms, of 2000 about 4 s, and where the rank closes with the linear laws alone it is not needed.
# Measured: NMF 4, 5, 3 with Nesterov's flow 20 s in the other order and 0.2 s in this one (ratio 15000); linear networks
# with 2000 parameters (ratio 1) are 4 s faster with the laws first.
_COSTLY_BLOCK, _COSTLY_RATIO = 300, 100

# The closure over the field of rational functions is tried unasked only where it takes well under a second.
# In 8 coordinates any rank, in 24 a rank of at most 5: measured below 0.3 s.
_CLOSURE_COORDINATES, _CLOSURE_RANK = 8, 5


# Below this number of coordinates the search in all monomials of degree 2 takes less than what it would be replaced by (0.2 s at 300
# coordinates); above, a count looks for quadratic laws only where the structure of a network shows them.
SEARCH_COORDINATES = 300

# A dense rank takes about 56 bytes an entry (array, list of integers, FLINT's copy): 5.6 GB at 10000 coordinates.
_MOST_COORDINATES = 10_000


# Wide linear layers between few inputs and outputs need ever longer words (2 50 50 2 about 24 letters): words that cost more numbers than this, about
# half a minute, are not tried where the structure has given bounds.
_MOST_WORK = 100_000_000

# From this number of coordinates on one dense elimination takes over a second and asks no deadline: with a time limit it runs in a
# process of its own.
_INTERRUPTED = 1500


# What results record as the method where rows were sparse.
SPARSE = "sparse point"


@dataclass(frozen=True)
class Squeeze:
    r"""
    Both sides: the laws, which of them are independent, and the rank with what is known of it.

    EXAMPLES::

        sage: from sage_conslaw.engine.squeeze import Squeeze
        sage: Squeeze((), (), 3, (3,), "proved", None).rank
        3
    """

    laws: tuple
    independent: tuple
    rank: int
    sequence: tuple
    status: str
    error_bound: object
    # How the rank was found, where not by random dense rows, and a proved lower bound for the number of laws that are not listed.
    method: object = None
    laws_at_least: int = 0
    # Which space of polynomials was searched, in words.
    searched: str = ""


def squeeze(family, groups, algorithm, generator, proof=True, deadline=None, progress=False, error_bound=None):
    r"""
    Return all laws of a search space, each exact, and the rank: ``"proved"`` where the two add up or a closure is proved.

    INPUT: a family, the groups of the search space, the algorithm, and what :func:`conservation_laws` takes

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw import flows, networks
        sage: from sage_conslaw.engine.squeeze import squeeze
        sage: family = flows.gradient().family(networks.product(3).response())
        sage: s = squeeze(family, family.groups(), "modular", numpy.random.default_rng(0r))
        sage: len(s.laws), s.rank, s.status
        (2, 1, 'proved')
    """
    structure = structure_of(family) if _has_structured_laws(family, groups, algorithm) else None
    if structure is not None:
        found = structure.laws(generator, deadline)
        if found is not None:
            return _with_structure(family, structure, found, generator, proof, deadline, error_bound, _searched(groups))
    check_memory(family)
    known, products = None, ()
    searched = _searched(groups)
    if algorithm == "syzygies":
        found, searched = syzygy_laws(family, groups, deadline)
    elif algorithm == "symbolic":
        if family.constants:
            raise NotCovered("the algorithm 'symbolic' knows no parameters; use algorithm='modular' or 'syzygies'")
        fields = family.polynomial_fields()
        found = symbolic_laws(fields, groups, deadline) if fields else _all_monomials(family, groups)
    else:
        found = None
        pieces = blocks(family, groups, generator, deadline)
        if _kernels_cost_more(pieces, family.dimension):
            found, known, products = _rank_first(family, groups, generator, deadline, error_bound)
        if found is None:
            found = polynomial_laws(family, groups, generator, deadline, progress, pieces, products)
    p = random_prime(generator)
    independent = tuple(independent_laws(found, family.dimension, generator, p, family.constants))
    if deadline is not None:
        deadline.check(found=tuple(found), independent=independent)
    upper = family.moving_dimension - len(independent)
    if known is not None and (known.rank == upper or known.stagnated):
        rank = known.rank, known.sequence, "proved" if known.rank == upper else "probable", known.error_bound or None
    else:
        rank = rank_of(family, generator, algorithm, proof, upper, deadline, error_bound)
    return Squeeze(tuple(found), independent, *rank, searched=searched)


def _searched(groups):
    """Say in a line which space of polynomials the linear algebra searched."""
    parts = [f"{degree} in {len(group)} coordinate{'s' if len(group) != 1 else ''}" for group, degree in groups]
    return f"linear algebra: all polynomials of degree at most {', times degree at most '.join(parts)}"


def _has_structured_laws(family, groups, algorithm):
    everything = len(groups) == 1 and groups[0][1] == 2 and len(groups[0][0]) == family.dimension
    return algorithm == "modular" and family.dimension > SEARCH_COORDINATES and everything


def _with_structure(family, structure, found, generator, proof, deadline, error_bound, searched):
    """Return the squeeze of a network whose polynomial laws its structure gave."""
    if deadline is not None:
        deadline.check(found=tuple(found))
    rank, laws = structure.bounds(generator, deadline)
    if deadline is not None:
        deadline.check(rank_at_least=rank)
    if laws == len(found):
        independent = tuple(range(len(found)))
    else:
        if len(found) * family.dimension > _MOST_COORDINATES ** 2:
            raise InputError(f"the independence of {len(found)} laws in {family.dimension} coordinates needs about "
                             f"{56e-9 * len(found) * family.dimension:.0f} GB of memory; count gives their number")
        independent = tuple(independent_laws(found, family.dimension, generator, random_prime(generator)))
    if deadline is not None:
        deadline.check(independent=independent)
    if rank + len(independent) == family.moving_dimension:
        return Squeeze(tuple(found), independent, rank, (rank,), "proved", None, SPARSE, searched=searched)
    if family.dimension > _MOST_COORDINATES:
        return Squeeze(tuple(found), independent, rank, (rank,), "bounded", None, SPARSE, searched=searched)
    upper = family.moving_dimension - len(independent)
    return Squeeze(tuple(found), independent, *rank_of(family, generator, "modular", proof, upper, deadline, error_bound, _MOST_WORK),
                   searched=searched)


def count_squeeze(family, algorithm, generator, proof=True, deadline=None, error_bound=None):
    r"""
    Return the rank, proved where laws close the squeeze: those of a search in few coordinates, of the structure in many.

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw import networks
        sage: from sage_conslaw.inputs.problem import problem
        sage: from sage_conslaw.engine.squeeze import count_squeeze
        sage: def counted(net):
        ....:     s = count_squeeze(problem(net).family, "modular", numpy.random.default_rng(0r))
        ....:     return s.rank, s.laws_at_least, s.status
        sage: counted(networks.linear([200, 100, 10]))
        (15950, 5050, 'proved')

    Where the bounds do not meet and dense rows do not fit, both are given::

        sage: rank, laws, status = counted(networks.linear([1, 110, 110, 1]))
        sage: rank, laws < 12320 - rank, status
        (1, True, 'bounded')
    """
    if proof and algorithm != "symbolic" and family.dimension <= SEARCH_COORDINATES:
        return squeeze(family, family.groups(), algorithm, generator, proof, deadline, error_bound=error_bound)
    laws, upper, most_work = 0, family.moving_dimension, None
    if algorithm == "modular" and (proof or family.dimension > _MOST_COORDINATES):
        structure = structure_of(family)
        if structure is not None:
            most_work = _MOST_WORK
            rank, laws = structure.bounds(generator, deadline)
            if deadline is not None:
                deadline.check(rank_at_least=rank, laws_at_least=laws)
            if rank + laws == upper:
                return Squeeze((), (), rank, (rank,), "proved", None, SPARSE, laws)
            if family.dimension > _MOST_COORDINATES and rank + laws:
                return Squeeze((), (), rank, (rank,), "bounded", None, SPARSE, laws)
    return Squeeze((), (), *rank_of(family, generator, algorithm, proof, upper - laws, deadline, error_bound, most_work), None, laws)


def check_memory(family):
    r"""
    Refuse a dense rank that cannot fit, with an estimate.

    EXAMPLES::

        sage: from sage_conslaw import count_conservation_laws, flows, networks
        sage: count_conservation_laws(networks.linear([80, 80]), flow=flows.momentum())
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: a rank in 12801 coordinates needs about 9 GB of memory; at most 10000 coordinates fit
    """
    n = family.dimension
    if n > _MOST_COORDINATES:
        raise InputError(f"a rank in {n} coordinates needs about {56e-9 * n * n:.0f} GB of memory; "
                         f"at most {_MOST_COORDINATES} coordinates fit")


def _kernels_cost_more(pieces, dimension):
    """Say whether the kernels of the blocks cost much more than a rank: cubes of the block sizes against that of the dimension."""
    cubes = sum(piece.shape[0] * piece.shape[1] ** 3 for piece in pieces)
    return cubes > _COSTLY_BLOCK ** 3 and cubes > _COSTLY_RATIO * dimension ** 3


def _rank_first(family, groups, generator, deadline, error_bound):
    """Return all laws if the linear ones close the squeeze (else ``None``), the rank found, and the products of linear laws."""
    moving = [i for i in range(family.dimension) if i not in family.constants]
    linear = polynomial_laws(family, [(moving, 1)], generator, deadline)
    independent = independent_laws(linear, family.dimension, generator, random_prime(generator), family.constants)
    known = lie_rank(family, generator, family.moving_dimension - len(independent), deadline, error_bound)
    closed = known.rank == family.moving_dimension - len(independent)
    if closed and not linear:
        return [], known, ()
    products = products_of_linear(linear, groups) if len(groups) == 1 and sorted(groups[0][0]) == moving else ()
    if closed and products and not family.constants:
        return products, known, products
    return None, known, products


def rank_of(family, generator, algorithm, proof, upper, deadline=None, error_bound=None, most_work=None):
    r"""
    Return rank, ranks by bracket length, status and error bound, given a proved upper bound.

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw import flows, networks
        sage: from sage_conslaw.engine.squeeze import rank_of
        sage: family = flows.gradient().family(networks.product(3).response())
        sage: rank_of(family, numpy.random.default_rng(0r), "modular", True, 1r)
        (1, (1,), 'proved', None)
    """
    check_memory(family)
    if algorithm == "symbolic":
        result = symbolic_lie_rank(family.polynomial_fields(), generator, deadline, proof)
        return result.rank, result.sequence, "proved" if result.proved else "probable", result.error_bound or None
    if family.dimension > _INTERRUPTED:
        result = interruptible(lambda deadline: lie_rank(family, generator, upper, deadline, error_bound, most_work), deadline)
    else:
        result = lie_rank(family, generator, upper, deadline, error_bound, most_work)
    if result.exhausted:
        return result.rank, result.sequence, "bounded", None
    if not result.stagnated:
        return result.rank, result.sequence, "proved", None
    if proof and (family.dimension <= _CLOSURE_COORDINATES or
                  family.dimension <= 3 * _CLOSURE_COORDINATES and result.rank <= _CLOSURE_RANK):
        exact = symbolic_lie_rank(family.polynomial_fields(), generator, deadline)
        if exact.proved and exact.rank == result.rank:
            return result.rank, result.sequence, "proved", None
    return result.rank, result.sequence, "probable", result.error_bound


def _all_monomials(family, groups):
    from fractions import Fraction

    from ..laws.monomials import monomials
    n = family.dimension
    return [{tuple(int(i) for i in row if i < n): Fraction(1)} for row in monomials(n, groups)]
