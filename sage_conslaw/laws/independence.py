r"""
Independent laws: the generic rank of the Jacobian of the laws.

- Trivial: `x^2 - y^2` and twice itself have proportional gradients: one independent law.
- Famous: `h = x^2 - y^2` and `h^2` are linearly independent and functionally not: the gradient of `h^2` is `2 h` times
  that of `h` at every point.  Counting laws by the dimension of their span would call a list of one law two.
- One that decides nothing: a rank at one point is a lower bound.  What is independent there is proved independent; what
  is dependent there is left out, which loses a law with probability `O(degree / p)` and never adds one.
"""
import numpy as np

from ..exact import modular
from ..exact.linear_algebra import independent_rows
from ..exact.primes import random_prime, with_lucky_prime
from ..exact.products import Product


def jacobian(laws, dimension, z, p):
    """Return the gradients of the laws at a point modulo ``p``, shape ``(len(laws), dimension)``."""
    # A term's derivative is the term times its multiplicity over the coordinate: one product a term, no polynomial is
    # built.
    values = [int(x) for x in z]
    # None is never used: a term with a coordinate that is zero has the value 0 and goes to _at_zero.
    inverse = [pow(x, -1, p) if x % p else None for x in values]
    out = np.zeros((len(laws), dimension), dtype=np.int64)
    for row, law in enumerate(laws):
        for i, value in _value_and_gradient(law, values, inverse, p)[1].items():
            out[row, i] = value % p
    return out


def _value_and_gradient(law, values, inverse, p):
    """Return the value of a law and its partial derivatives modulo ``p``; of a product by its factors."""
    if isinstance(law, Product):
        (f, df), (g, dg) = (_value_and_gradient(factor, values, inverse, p) for factor in law.factors)
        return f * g % p, {i: (f * dg.get(i, 0) + g * df.get(i, 0)) % p for i in df.keys() | dg.keys()}
    total, gradient = 0, {}
    for monomial, value in law.items():
        factor = value.numerator if value.denominator == 1 else value.numerator * pow(value.denominator, -1, p)
        for i in monomial:
            factor = factor * values[i] % p
        total += factor
        for i in monomial if factor else ():
            # Once for each occurrence, which counts the multiplicity.
            gradient[i] = gradient.get(i, 0) + factor * inverse[i]
        if not factor:
            _at_zero(gradient, monomial, value, values, p)
    return total % p, gradient


def _at_zero(gradient, monomial, value, values, p):
    """Add the derivatives of a term that vanishes at the point."""
    for at, i in enumerate(monomial):
        factor = value.numerator * pow(value.denominator, -1, p)
        for j in monomial[:at] + monomial[at + 1:]:
            factor = factor * values[j] % p
        gradient[i] = (gradient.get(i, 0) + factor) % p


def independent_laws(laws, dimension, generator, p, constants=()):
    r"""
    Return the indices of laws that are proved functionally independent, as many as there are.

    The rank modulo ``p`` at a random point is a lower bound for the generic rank over Q.
    """
    z = modular.random_array(generator, (dimension,), p)
    moving = [i for i in range(dimension) if i not in set(constants)]
    return independent_rows(jacobian(laws, dimension, z, p)[:, moving], p)


def independent_in(family, laws, generator):
    r"""
    Return the indices of laws that are proved functionally independent on the family's state space, as many as there
    are.

    On a variety the differentials are taken at one of its points and modulo those that vanish on the tangent space.
    """
    if family.variety is None:
        return independent_laws(laws, family.dimension, generator, random_prime(generator), family.constants)
    return with_lucky_prime(generator, lambda p: _on_variety(family, laws, generator, p)) if laws else []


def _on_variety(family, laws, generator, p):
    z = family.random_point(generator, p)
    normals = family.variety.normals(z, p)
    moving = [i for i in range(family.dimension) if i not in set(family.constants)]
    # A differential is zero on the tangent space where it is a combination of the normals: these come first.
    rows = np.concatenate([normals, jacobian(laws, family.dimension, z, p)])[:, moving]
    return [i - len(normals) for i in independent_rows(rows, p) if i >= len(normals)]
