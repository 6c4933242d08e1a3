r"""
Polynomials whose gradients are the fields, without what is superfluous.
"""
from flint import fmpq, fmpq_mat


def independent(components):
    r"""
    Return components that span the same polynomials up to constants, none superfluous; decided over Q.

    EXAMPLES::

        sage: from fractions import Fraction
        sage: from sage_conslaw.real.components import independent
        sage: f = {(0r,): Fraction(1r)}
        sage: independent([f, {(0r,): Fraction(2r), (): Fraction(5r)}])
        [{(0,): Fraction(1, 1)}]
    """
    bare = [{monomial: value for monomial, value in f.items() if monomial} for f in components]
    places = {monomial: i for i, monomial in enumerate(sorted({m for f in bare for m in f}))}
    if not places:
        return []
    matrix = fmpq_mat(len(places), len(bare))
    for j, f in enumerate(bare):
        for monomial, value in f.items():
            matrix[places[monomial], j] = fmpq(value.numerator, value.denominator)
    reduced, rank = matrix.rref()
    kept, column = [], 0
    for row in range(rank):
        while reduced[row, column] == 0:
            column += 1
        kept.append(column)
        column += 1
    return [bare[j] for j in kept]
