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
    r"""
    Return ``batch`` random elements of `V_0 = \{f_0\} + V` as one field with a batch axis.

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw import VectorFieldFamily
        sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
        sage: from sage_conslaw.fields.bracket import random_field
        sage: R.<x, y> = QQ[]
        sage: field = random_field(VectorFieldFamily(controls=[[x, y]]), numpy.random.default_rng(0r), 101, 3)
        sage: value = field(ModularArithmetic(101), numpy.array([1, 2]))
        sage: value.shape, bool((2*value[:, 0] % 101 == value[:, 1]).all())
        ((3, 2), True)
    """
    data = family.draw(generator, p, batch) if family.has_controls else None
    weight = None if family.drift is None else modular.random_array(generator, (batch, 1), p)
    return combination(family, data, weight)


def combination(family, data, weight):
    r"""
    Return the field that is a control with the given data plus ``weight`` times the drift, in any arithmetic; ``None``
    leaves one out.

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw import VectorFieldFamily
        sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
        sage: from sage_conslaw.fields.bracket import combination
        sage: R.<x, y> = QQ[]
        sage: family = VectorFieldFamily(controls=[[x, y]])
        sage: combination(family, numpy.array([[2r]]), None)(ModularArithmetic(101r), numpy.array([3r, 5r]))
        array([[ 6, 10]])
    """
    def field(A, z):
        value = family.control(A, z, data) if data is not None else None
        if weight is None:
            return A.scale(z, 0) if value is None else value
        drift = A.multiply(A.embed(weight), family.drift_value(A, z))
        return drift if value is None else A.add(value, drift)
    return field


def given_field(family, letters, p):
    r"""
    Return fields with given data, drift weight and (if pushed) step, as one field with a batch axis.

    INPUT:

    - ``letters`` -- list of dictionaries with ``data``, and ``weight``, ``step`` where the family has a drift

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw import VectorFieldFamily
        sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
        sage: from sage_conslaw.fields.bracket import given_field
        sage: R.<x, y> = QQ[]
        sage: family = VectorFieldFamily(drift=[1, 0], controls=[[0, x]])
        sage: field = given_field(family, [{"data": [2r], "weight": 3r}], 101r)
        sage: field(ModularArithmetic(101r), numpy.array([5r, 7r]))
        array([[ 3, 10]])
    """
    data = family.data_from_numbers(p, [letter["data"] for letter in letters]) if family.has_controls else None
    weight = None
    if family.drift is not None:
        weight = np.array([[letter["weight"] % p] for letter in letters], dtype=np.int64)
    if "step" in letters[0]:
        return _pushed(family, data, weight, [letter["step"] % p for letter in letters], p)
    return combination(family, data, weight)


def bracket(F, G):
    r"""
    Return the Lie bracket `[F, G] = DG\, F - DF\, G` of two fields.

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
        sage: from sage_conslaw.fields.bracket import bracket
        sage: from sage_conslaw.exact.terms import PolynomialMap
        sage: F = PolynomialMap([{(): 1r}, {}], 2)              # d/dx
        sage: G = PolynomialMap([{}, {(0, 0): 1r}], 2)         # x^2 d/dy
        sage: bracket(F, G)(ModularArithmetic(101), numpy.array([5, 7]))
        array([ 0, 10])
    """
    def field(A, z):
        duals = DualArithmetic(A)
        at_G = G(duals, Dual(z, F(A, z)))
        at_F = F(duals, Dual(z, at_G.real))
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

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw import flows, networks
        sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
        sage: from sage_conslaw.fields.bracket import random_pushed_field
        sage: family = flows.momentum(tau=1).family(networks.nmf(1, 1, 1).response())
        sage: field = random_pushed_field(family, numpy.random.default_rng(0r), 101r, 3r)
        sage: field(ModularArithmetic(101), numpy.arange(5r)).shape
        (3, 5)
    """
    data = family.draw(generator, p, batch)
    weight = modular.random_array(generator, (batch, 1), p)
    steps = [family.random_step(generator, p) for _ in range(batch)]
    return _pushed(family, data, weight, steps, p)


def _pushed(family, data, weight, steps, p):
    back = [pow(step, -1, p) if family.exact_flow[0] != "linear" else -step % p for step in steps]

    def field(A, z):
        duals = DualArithmetic(A)
        start = family.drift_flow(A, p, z, back)
        pushed = family.drift_flow(duals, p, Dual(start, family.control(A, start, data)), steps)
        drift = A.multiply(A.embed(weight), family.drift_value(A, z))
        return A.add(pushed.infinitesimal, drift)
    return field


def random_word(family, generator, p, batch, depth, random_field=random_field):
    r"""
    Return ``batch`` random words `[v_0, [v_1, ..., [v_{d-1}, v_d]]]` with `v_i` random in `V_0`.

    The values of all such words at a point come from an irreducible family and span the words of that
    length, so a few random ones reach the rank but for probability `O(degree / p)`.

    EXAMPLES::

        sage: import numpy
        sage: from sage_conslaw import VectorFieldFamily
        sage: from sage_conslaw.exact.arithmetic import ModularArithmetic
        sage: from sage_conslaw.fields.bracket import random_word
        sage: R.<x, y> = QQ[]
        sage: family = VectorFieldFamily(controls=[[1, 0], [0, x^2]])
        sage: word = random_word(family, numpy.random.default_rng(0r), 101, 2, depth=2)
        sage: word(ModularArithmetic(101), numpy.array([3, 4]))[:, 0]       # only d/dy remains
        array([0, 0])
    """
    word = random_field(family, generator, p, batch)
    for _ in range(depth):
        word = bracket(random_field(family, generator, p, batch), word)
    return word
