r"""
Polynomials whose gradients are the fields, without what is superfluous; and how many fields span all of them.
"""
from flint import fmpq, fmpq_mat

from ..exact import terms as sparse
from ..exact.linear_algebra import pivot_columns

# Terms of a response that is expanded to count its fields: a tenth of a second.
_MOST_TERMS = 30_000


def spanning_number(response):
    """
    Return how many fixed fields span the gradients of a response for all data, an upper bound for their rank anywhere;
    ``None`` where it is too large to be expanded.
    """
    if not response.is_polynomial or response.number_of_terms() > _MOST_TERMS:
        return None
    fields = [
        {(i, monomial): value for i, part in enumerate(field) for monomial, value in sparse.from_sage(part).items()}
        for field in response.gradient_coefficients()
    ]
    # Fields with constant coefficients in their combinations: a rank over Q, which bounds the rank at every point.
    places = {key: i for i, key in enumerate(sorted({key for field in fields for key in field}))}
    if not places:
        return 0
    matrix = fmpq_mat(len(fields), len(places))
    for row, field in enumerate(fields):
        for key, value in field.items():
            matrix[row, places[key]] = fmpq(value.numerator, value.denominator)
    return int(matrix.rank())


def independent(components):
    """Return components that span the same polynomials up to constants, none superfluous; decided over Q."""
    bare = [{monomial: value for monomial, value in f.items() if monomial} for f in components]
    places = {monomial: i for i, monomial in enumerate(sorted({m for f in bare for m in f}))}
    if not places:
        return []
    matrix = fmpq_mat(len(places), len(bare))
    for j, f in enumerate(bare):
        for monomial, value in f.items():
            matrix[places[monomial], j] = fmpq(value.numerator, value.denominator)
    return [bare[j] for j in pivot_columns(*matrix.rref())]
