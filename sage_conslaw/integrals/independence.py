r"""
Which laws are functionally independent of others, polynomials or of Darboux type: their differentials at one point
modulo a prime.  Independent there is independent; what is dependent there is left out, which loses a law with
probability `O(degree / p)`.
"""
import numpy as np

from ..exact.linear_algebra import independent_rows
from ..exact.primes import with_lucky_prime
from ..function_fields.specialisation import Specialisation
from .darboux_law import DarbouxLaw


def independent_laws(family, before, laws):
    r"""
    Return the laws that are functionally independent of those before, polynomials or :class:`DarbouxLaw`, and of each
    other.

    ALGORITHM: ranks of the differentials at a random point modulo a prime.  The differential of `\sum n_i \log p_i` is
    `\sum n_i dp_i / p_i` up to those of the conserved `n_i`, which are polynomial laws.  Independence is proved; a law
    left out depends on the others but for the chance of a special point, below `10^{-15}`.
    """
    # Those before first, so that elimination keeps them and leaves out what depends on them.
    both = [*before, *laws]
    if not both:
        return []
    # One point for all: a rank there is at most the generic one, so that what counts as independent is.
    ring = family.ring()
    moving = [i for i in range(family.dimension) if i not in family.constants]
    generator = np.random.default_rng(1)

    def chosen(p):
        at, normals = Specialisation(ring, p, generator), np.zeros((0, len(moving)), dtype=np.int64)
        if family.variety is not None:
            # A point of the variety, and its normals first: a law that depends on them is a constant there.
            z = family.random_point(generator, p)
            at.values, normals = [int(x) for x in z], family.variety.normals(z, p)[:, moving]
        rows = np.array([_differential(law, ring, moving, at, p) for law in both], dtype=np.int64)
        return [i - len(normals) for i in independent_rows(np.concatenate([normals, rows]), p)]
    return [laws[i - len(before)] for i in with_lucky_prime(generator, chosen) if i >= len(before)]


def _differential(law, ring, moving, at, p):
    if not isinstance(law, DarbouxLaw):
        law = ring(law)
        return [at(law.derivative(ring.gen(i))) for i in moving]
    g, f = (
        (law.exponent.numerator(), law.exponent.denominator())
        if law.exponent.parent() is not ring
        else (law.exponent, ring.one())
    )
    out = []
    for i in moving:
        x = ring.gen(i)
        # d(g / f) + sum n dq / q; terms with dn are differentials of polynomial laws, which come before.
        total = (at(g.derivative(x)) * at(f) - at(g) * at(f.derivative(x))) * pow(at(f), -2, p)
        for q, n in law.factors:
            total += at(n) * at(q.derivative(x)) * pow(at(q), -1, p)
        out.append(total)
    for angle, n in law.angles:
        moved = angle.differential([ring.gen(i) for i in moving], at, p)
        out = [total + at(n) * value for total, value in zip(out, moved)]
    return [total % p for total in out]
