r"""
The sizes at which one strategy gives way to another, with the measurements behind them.
"""
from ..strategy import TooLarge

# Below this number of coordinates the search in all monomials of degree 2 takes less than what it would be replaced by
# (0.2 s at 300 coordinates); above, a count looks for quadratic laws only where the structure of a network shows them.
SEARCH_COORDINATES = 300

# A dense rank takes about 56 bytes an entry (array, list of integers, FLINT's copy): 5.6 GB at 10000 coordinates.
DENSE_COORDINATES = 10_000

# From this number of coordinates on one dense elimination takes over a second and asks no deadline: with a time limit
# it runs in a process of its own.
INTERRUPTED_COORDINATES = 1500

# Wide linear layers between few inputs and outputs need ever longer words (2 50 50 2 about 24 letters): words that cost
# more numbers than this, about half a minute, are not tried where the structure has given bounds.
WORK_BESIDE_BOUNDS = 100_000_000


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
