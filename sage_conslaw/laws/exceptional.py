r"""
Exceptional values of one parameter: where there are more laws than generically.

For a block of monomials the equations for a law are a matrix `A(k)` over Q[k].  Its rank drops at the common roots of all
maximal minors.  By Cauchy and Binet `\det(R\,A(k)\,C)` with random `R`, `C` is a random combination of these
minors; the greatest common divisor of two such determinants has these roots.  Everything is evaluated
modulo a prime and interpolated; each root is then tested by a run of its own.
"""
import numpy as np
from flint import nmod_poly

from ..exact import modular
from ..exact.arithmetic import ModularArithmetic
from ..exact.linear_algebra import rank
from ..exact.primes import random_prime
from ..exact.reconstruction import rational
from ..fields.bracket import random_field
from .monomials import blocks


def rank_drops(family, generator):
    r"""
    Return candidates for the values of the family's one constant at which there are more laws: Monte Carlo.

    OUTPUT: a pair: the sorted rational candidates, and the number of candidates that are not rational

    EXAMPLES:

    In `x' = k y, y' = (k - 1) (k - 3) x` there is one quadratic law; at `k = 0`, 1 and 3 also a linear one::

        sage: import numpy
        sage: from fractions import Fraction
        sage: from sage_conslaw.fields.explicit import VectorFieldFamily
        sage: from sage_conslaw.laws.exceptional import rank_drops
        sage: one = Fraction(1r)
        sage: family = VectorFieldFamily.from_terms(["k", "x", "y"], [{}, {(0r, 2r): one},
        ....:     {(0r, 0r, 1r): one, (0r, 1r): -4r*one, (1r,): 3r*one}], [])
        sage: family.constants = (0r,)
        sage: rank_drops(family, numpy.random.default_rng(0r))
        ([Fraction(0, 1), Fraction(1, 1), Fraction(3, 1)], 0)
    """
    (constant,) = family.constants
    moving = family.groups()
    p = random_prime(generator)
    values, other = set(), 0
    for group in blocks(family, moving, generator):
        for block in group:
            common = _common_divisor(family, block, constant, generator, p)
            if common is None or common.degree() < 1:
                continue
            found = 0
            for root, _ in common.roots():
                value = rational(int(root), p)
                if value is not None and max(abs(value.numerator), value.denominator) < 10**6:
                    values.add(value)
                    found += 1
            squarefree = common // common.gcd(common.derivative())
            other += squarefree.degree() - found
    return sorted(values), other


def _common_divisor(family, block, constant, generator, p):
    first = _minor_combination(family, block, constant, generator, p)
    if first is None or first.degree() < 1:
        return None
    common = first
    for _ in range(2):
        common = common.gcd(_minor_combination(family, block, constant, generator, p))
    return common


def _minor_combination(family, block, constant, generator, p):
    """Return the determinant of a random combination of the block's equations, as a polynomial in the constant."""
    size = len(block)
    A = ModularArithmetic(p)
    samples = size + 2
    points = modular.random_array(generator, (samples, family.dimension), p)
    field = random_field(family, generator, p, samples)

    def equations(value):
        at = points.copy()
        at[:, constant] = value
        velocity = np.broadcast_to(field(A, at), at.shape)
        at, velocity = (np.hstack([part, np.full((samples, 1), pad, dtype=np.int64)])
                        for part, pad in ((at, 1), (velocity, 0)))
        total = np.zeros((samples, size), dtype=np.int64)
        for column in range(block.shape[1]):
            term = velocity[:, block[:, column]]
            for other in range(block.shape[1]):
                if other != column:
                    term = modular.multiply(term, at[:, block[:, other]], p)
            total = modular.add(total, term, p)
        return total
    generic = rank(equations(int(modular.random_array(generator, (), p))), p)
    if generic == 0:
        return None
    left = modular.random_array(generator, (generic, samples), p)
    right = modular.random_array(generator, (size, generic), p)
    degree = generic * _degree_in(family, constant)
    nodes = list(range(1, degree + 2))
    values = [_determinant(modular.matrix_multiply(modular.matrix_multiply(left, equations(x), p), right, p), p)
              for x in nodes]
    return _interpolate(nodes, values, p)


def _degree_in(family, constant):
    """Return the degree in the constant of the components of the fields, at least 1."""
    fields = ([family.drift] if family.drift else []) + list(getattr(family, "controls", ()))
    parts = [f for field in fields for f in field] + [f for _, _, f in getattr(family, "metric", None) or ()]
    return max([1] + [monomial.count(constant) for f in parts for monomial in f])


def _determinant(square, p):
    from flint import nmod_mat
    return int(nmod_mat(len(square), len(square), square.ravel().tolist(), p).det())


def _interpolate(nodes, values, p):
    """Return Newton's interpolation polynomial modulo p."""
    coefficients = list(values)
    for level in range(1, len(nodes)):
        for i in range(len(nodes) - 1, level - 1, -1):
            step = pow(nodes[i] - nodes[i - level], -1, p)
            coefficients[i] = (coefficients[i] - coefficients[i - 1]) * step % p
    result = nmod_poly([0], p)
    for node, coefficient in zip(reversed(nodes), reversed(coefficients)):
        result = result * nmod_poly([-node % p, 1], p) + nmod_poly([coefficient], p)
    return result

