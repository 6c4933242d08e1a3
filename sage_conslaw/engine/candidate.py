r"""
One candidate for a law, as people write it: a polynomial, a quotient, or a matrix expression as it is printed.
"""
import re

from .._sage import QQ, ZZ
from ..exact import terms as sparse
from ..fields.explicit import VectorFieldFamily
from ..fields.extension import is_conserved_as_written
from ..expressions.polynomials import polynomials_of_one_ring
from ..notation.matrix_notation import MatrixLaw, entries_of_problem
from ..notation.readable import clock_text
from ..notation.written import entries_of
from ..runtime.errors import InputError, NotCovered, first_few


def is_law(h, asked) -> bool:
    """Decide whether a polynomial, a matrix expression or one of its texts is conserved, over Q."""
    family = asked.family
    # A constant has derivative zero along every field.
    if isinstance(h, int) or getattr(h, "parent", lambda: None)() in (ZZ, QQ):
        return True
    if isinstance(h, MatrixLaw):
        if not h.entries:
            raise NotCovered(f"{h.text} has no entries here: it is known by the structure; ask at a smaller width")
        # A matrix is conserved if each of its entries is.
        return all(family.conserved(list(h.entries)))
    try:
        return family.conserved([_in_state(_with_clock(h, family), family)])[0]
    # Polynomials first: their error is the one that is shown where h is not even matrix notation.
    except InputError:
        if not isinstance(h, str):
            raise
        if asked.shapes and (_MATRIX.search(h) or h.strip() in dict(asked.shapes)):
            return all(family.conserved(entries_of(h, entries_of_problem(asked, _HIGHEST))))
        if isinstance(family, VectorFieldFamily):
            return is_conserved_as_written(h, family)
        raise


def _with_clock(h, family):
    """Return a text with the exponentials of time, as results print them, in the coordinate that stands for them."""
    if not isinstance(h, str) or family.time is None or family.rate is None:
        return h
    name = family.names[family.time]
    # Texts of different powers are never part of one another: the number stands in each.
    for power in range(1, _HIGHEST + 1):
        h = h.replace(clock_text(power, name, family.rate), f"{name}^{power}")
    return h


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
                raise InputError(f"h has the variable {name}, which is not a coordinate ({first_few(family.names)})")
        moved[tuple(sorted(place[ring.variable_names()[i]] for i in monomial))] = value
    return moved
