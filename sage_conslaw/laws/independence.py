r"""
Independent laws: the generic rank of the Jacobian of the laws.
"""
import numpy as np

from ..exact import modular
from ..exact.arithmetic import ModularArithmetic
from ..exact.linear_algebra import independent_rows
from ..fields import terms as sparse


def jacobian(laws, dimension, z, p):
    r"""
    Return the gradients of the laws at a point modulo ``p``, shape ``(len(laws), dimension)``.

    EXAMPLES::

        sage: import numpy
        sage: from fractions import Fraction
        sage: from sage_conslaw.laws.independence import jacobian
        sage: jacobian([{(0, 1): Fraction(1r)}], 2, numpy.array([3, 5]), 101)
        array([[5, 3]])
    """
    entries, places = [], []
    for row, law in enumerate(laws):
        for variable, part in sparse.derivatives(law).items():
            entries.append(part)
            places.append(row * dimension + variable)
    out = np.zeros(len(laws) * dimension, dtype=np.int64)
    if entries:
        out[places] = sparse.PolynomialMap(entries, dimension)(ModularArithmetic(p), z)
    return out.reshape(len(laws), dimension)


def over_constants(laws, constants, generator, p):
    r"""
    Return the laws that are a basis over the rational functions of the constants, the simplest first.

    INPUT:

    - ``laws`` -- sparse polynomials that are a basis over Q

    - ``constants`` -- the coordinates that stand for parameters; laws in them alone are dropped

    EXAMPLES::

        sage: import numpy
        sage: from fractions import Fraction
        sage: from sage_conslaw.laws.independence import over_constants
        sage: one = Fraction(1r)
        sage: k, h, kh = {(0r,): one}, {(1r,): one}, {(0r, 1r): one}
        sage: over_constants([k, h, kh], [0r], numpy.random.default_rng(0r), 2305843009213693951r)
        [{(1,): Fraction(1, 1)}]
    """
    if not constants:
        return laws
    fixed = set(constants)
    laws = sorted(laws, key=lambda law: (max(sum(i in fixed for i in m) for m in law), max(map(len, law)), len(law), sorted(law)))
    values = dict(zip(constants, modular.random_array(generator, (len(constants),), p).tolist()))
    columns, rows = {}, []
    for law in laws:
        row = {}
        for monomial, value in law.items():
            moving = tuple(i for i in monomial if i not in fixed)
            if moving:
                factor = value.numerator * pow(value.denominator, -1, p)
                for i in monomial:
                    factor = factor * values.get(i, 1) % p
                column = columns.setdefault(moving, len(columns))
                row[column] = (row.get(column, 0) + factor) % p
        rows.append(row)
    dense = np.zeros((len(laws), len(columns)), dtype=np.int64)
    for i, row in enumerate(rows):
        for column, value in row.items():
            dense[i, column] = value
    return [laws[i] for i in independent_rows(dense, p)]


def independent_laws(laws, dimension, generator, p, constants=()):
    r"""
    Return the indices of laws that are proved functionally independent, as many as there are.

    The rank modulo ``p`` at a random point is a lower bound for the generic rank over Q.

    EXAMPLES::

        sage: import numpy
        sage: from fractions import Fraction
        sage: from sage_conslaw.laws.independence import independent_laws
        sage: one = Fraction(1r)
        sage: h, square, other = {(0,): one}, {(0, 0): one}, {(1,): one}
        sage: independent_laws([h, square, other], 2, numpy.random.default_rng(0r), 2^61 - 1)
        [0, 2]
    """
    z = modular.random_array(generator, (dimension,), p)
    moving = [i for i in range(dimension) if i not in set(constants)]
    return independent_rows(jacobian(laws, dimension, z, p)[:, moving], p)
