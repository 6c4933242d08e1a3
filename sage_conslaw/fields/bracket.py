r"""
Random elements of a family, Lie brackets by dual numbers, and Lie words.

A vector field here is a function of an arithmetic and a point.  The bracket
`[F, G](z) = DG(z) F(z) - DF(z) G(z)` is the infinitesimal part of `G(z + \epsilon F(z)) - F(z + \epsilon G(z))`:
nothing symbolic grows, and words of any length are nested dual numbers.

- Trivial: `[F, F] = 0`, whatever `F` is.
- Famous: `F = (1, 0, -y)`, `G = (0, 1, x)` give `[F, G] = (0, 0, 2)`, the direction that neither has (Heisenberg).
- What fails to be cheap: a word of `d` letters is about `3^d` evaluations, each bracket two derivatives of two fields.
"""
import numpy as np

from ..exact import modular
from ..exact.arithmetic import Dual, DualArithmetic


def random_field(family, generator, p, batch):
    r"""Return ``batch`` random elements of `V_0 = \{f_0\} + V` as one field with a batch axis."""
    data = family.draw(generator, p, batch) if family.has_controls else None
    weight = None if family.drift is None else modular.random_array(generator, (batch, 1), p)
    return combination(family, data, weight)


def combination(family, data, weight):
    """
    Return the field that is a control with the given data plus ``weight`` times the drift, in any arithmetic; ``None``
    leaves one out.
    """
    def field(A, z):
        value = family.control(A, z, data) if data is not None else None
        if weight is None:
            return A.scale(z, 0) if value is None else value
        drift = A.multiply(A.embed(weight), family.drift_value(A, z))
        return drift if value is None else A.add(value, drift)
    return field


def given_field(family, letters, p):
    """
    Return fields with given data, drift weight and (if pushed) step, as one field with a batch axis.

    INPUT:

    - ``letters`` -- list of dictionaries with ``data``, and ``weight``, ``step`` where the family has a drift
    """
    data = family.data_from_numbers(p, [letter["data"] for letter in letters]) if family.has_controls else None
    weight = None
    if family.drift is not None:
        weight = np.array([[letter["weight"] % p] for letter in letters], dtype=np.int64)
    if "step" in letters[0]:
        return _pushed(family, data, weight, [letter["step"] % p for letter in letters], p)
    return combination(family, data, weight)


def bracket(F, G):
    r"""Return the Lie bracket `[F, G] = DG\, F - DF\, G` of two fields."""
    def field(A, z):
        duals = DualArithmetic(A)
        at_G = G(duals, Dual(z, F(A, z)))
        # G at z comes out of its derivative along F, and is what F is differentiated along: three evaluations, not
        # four.
        at_F = F(duals, Dual(z, at_G.real))
        # Fields that do not depend on the point have no infinitesimal part: nothing was computed for it.
        if at_G.infinitesimal is None or at_F.infinitesimal is None:
            if at_F.infinitesimal is not None:
                return A.negate(at_F.infinitesimal)
            return at_G.infinitesimal if at_G.infinitesimal is not None else A.scale(at_G.real, 0)
        return A.subtract(at_G.infinitesimal, at_F.infinitesimal)
    return field


def random_pushed_field(family, generator, p, batch):
    r"""
    Return random elements of `\{f_0\}` plus the controls pushed forward along the exact flow of the drift.

    The push-forward `(\phi_h)_* v` at `z` is `D\phi_h\, v(\phi_{-h}(z))`: it sums all brackets of `f_0` with `v`, at
    any depth, so the Lie algebra is the same and is reached with few brackets.
    """
    data = family.draw(generator, p, batch)
    weight = modular.random_array(generator, (batch, 1), p)
    steps = [family.random_step(generator, p) for _ in range(batch)]
    return _pushed(family, data, weight, steps, p)


def _pushed(family, data, weight, steps, p):
    # exp(-h) is the inverse of sigma = exp(h); along t the steps are added.
    back = [pow(step, -1, p) if family.exact_flow[0] != "linear" else -step % p for step in steps]

    def field(A, z):
        duals = DualArithmetic(A)
        start = family.drift_flow(A, p, z, back)
        pushed = family.drift_flow(duals, p, Dual(start, family.control(A, start, data)), steps)
        drift = A.multiply(A.embed(weight), family.drift_value(A, z))
        return A.add(pushed.infinitesimal, drift)
    return field


def random_word(family, generator, p, batch, depth, random_field=random_field):
    """
    Return ``batch`` random words `[v_0, [v_1, ..., [v_{d-1}, v_d]]]` with `v_i` random in `V_0`.

    The values of all such words at a point come from an irreducible family and span the words of that
    length, so a few random ones reach the rank but for probability `O(degree / p)`.
    """
    word = random_field(family, generator, p, batch)
    for _ in range(depth):
        word = bracket(random_field(family, generator, p, batch), word)
    return word
