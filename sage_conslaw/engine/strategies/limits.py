r"""
The sizes at which one strategy gives way to another, with the measurements behind them.
"""
from ...runtime.deadline import Deadline, TimeLimitReached
from ..strategy import TooLarge

# Below this number of coordinates the search in all monomials of degree 2 takes less than what it would be replaced by
# (0.2 s at 300 coordinates); above, a count looks for quadratic laws only where the structure of a network shows them.
SEARCH_COORDINATES = 300

# From this number of coordinates on a search may take a minute (normalised 9 12 5: 192 coordinates, 75 s). Where the
# time is limited, what the structure knows is asked before, for at most this part of the time.
_LONG_SEARCH, _PART = 100, 0.25

# A dense rank takes about 56 bytes an entry (array, list of integers, FLINT's copy): 5.6 GB at 10000 coordinates.
DENSE_COORDINATES = 10_000

# From this number of coordinates on one dense elimination takes over a second and asks no deadline: with a time limit
# it runs in a process of its own.
INTERRUPTED_COORDINATES = 1500

# Wide linear layers between few inputs and outputs need ever longer words (2 50 50 2 about 24 letters): words that cost
# more numbers than this, about half a minute, are not tried where the structure has given bounds.
WORK_BESIDE_BOUNDS = 100_000_000


# Seconds of a dense rank by the cube of the coordinates (0.15 s at 1000, 6 s at 4000, and as much to draw the rows),
# and of a kernel by that of the monomials (20 ms at 300, 4 s at 2000).
_RANK, _KERNEL = 2e-10, 5e-10

# Seconds that anything takes beside its large matrices: draws, gradings, the exact check of a few laws.
BESIDE = 0.02

# Seconds for each parameter that a structure takes: 0.6 s for the 535818 of linear 784 512 256 10.
_STRUCTURE = 1e-6


def rank_seconds(family) -> float:
    """Estimate the seconds of a rank by dense rows."""
    return _RANK * family.dimension ** 3


def kernel_seconds(pieces) -> float:
    """Estimate the seconds of the kernels of blocks of monomials."""
    return _KERNEL * sum(piece.shape[0] * piece.shape[1] ** 3 for piece in pieces)


def structure_seconds(family) -> float:
    """Estimate the seconds of reading a large network's structure."""
    return _STRUCTURE * family.dimension


def structure_first(question):
    """Say whether the numbers that a structure knows come before a search that might not end in time."""
    return question.deadline.limit is not None and question.family.dimension >= _LONG_SEARCH


def numbers_in_time(structure, question, bounds, name):
    """Tell the bounds the numbers of a structure alone, if they are known in a part of the time."""
    deadline = Deadline(_PART * question.deadline.remaining())
    try:
        rank, laws = structure.bounds(question.generator(name), deadline)
    except TimeLimitReached as reached:
        rank, laws = (reached.partial.get(key, 0) for key in ("rank_at_least", "laws_at_least"))
    bounds.rank_is_at_least(rank, name)
    bounds.number_is_at_least(laws, name)


def too_large(family):
    """Return the reason against a dense rank that cannot fit, with an estimate; ``None`` if it fits."""
    n = family.dimension
    if n <= DENSE_COORDINATES:
        return None
    return TooLarge(f"a rank in {n} coordinates needs about {56e-9 * n * n:.0f} GB of memory; "
                    f"at most {DENSE_COORDINATES} coordinates fit")


def bound_by_relations(family):
    """Say whether relations bind the coordinates; functions alone do not: identities hold on their graph where they
    hold everywhere."""
    return family.variety is not None and bool(family.variety.relations)
