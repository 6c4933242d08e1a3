r"""
Polynomial fields on a variety: what has to be proved of them before anything is asked.

The trivial case: without relations nothing is.  The famous one: `\sin` and `\cos` of one angle with `s^2 + c^2 = 1`,
which every field with `s' = c\,w`, `c' = -s\,w` keeps.  One that fails: the relation `x^2 + y^2 = 1` with `x' = x`,
whose derivative `2 x^2` is not zero on the circle; it is refused, with that derivative.
"""
import numpy as np

from ..exact import terms as sparse
from ..exact.linear_algebra import kernel, rank
from ..exact.primes import with_lucky_prime
from ..runtime.errors import InputError, NotCovered


def prove_independence(variety, proofs):
    r"""
    Refuse exponentials and logarithms that may be algebraically dependent.

    Functions `e^{a_i}`, `\log b_j` and `e^{i g_k}` are algebraically independent over the functions before them iff the
    forms `da_i`, `db_j/b_j` and `i\,dg_k` are independent over Q (the structure theorem of Risch).  The forms are
    real, so that those of the sines may be looked at apart; those of exponentials and logarithms may not:
    `e^{2 \log x} = x^2`, and `\log(e^x + e^{2x}) = x + \log(1 + e^x)`.
    """
    for found in (proofs["exp"] + proofs["log"], proofs["imaginary"]):
        generator = np.random.default_rng(0)
        number = with_lucky_prime(generator, lambda p: _independent(variety, found, generator, p))
        if number < len(found):
            raise NotCovered(
                f"{', '.join(f.text for f, _ in found)} are not independent of each other; write them in terms of "
                "one, e.g. tanh(x) as (exp(2*x) - 1)/(exp(2*x) + 1), or exp(2*log(x)) as x^2"
            )


def on_variety(field, denominator, variety, what):
    """Return a field modulo the ideal; a denominator that has an inverse there is divided out."""
    over = variety.polynomial(sparse.from_sage(denominator))
    if not variety.normal_form(over):
        raise InputError(f"{what} has a denominator that the relations make zero: {denominator}")
    if not variety.relations:
        return field
    # With an inverse modulo the ideal the denominator is a polynomial on the variety. Without one the field times it is
    # taken, whose laws are the same, in another time.
    factor = variety.ring.one() if over.is_constant() else variety.inverse(over) or variety.ring.one()
    reduced = [variety.normal_form(variety.polynomial(f) * factor) if f else variety.ring.zero() for f in field]
    moving = dict(zip(variety.moving, variety.field_terms([reduced[i] for i in variety.moving])))
    return [moving.get(i, {}) for i in range(len(field))]


def prove_invariance(fields, variety, what):
    """Refuse relations that a field leaves: the derivatives of generators of the ideal along each field lie in it."""
    for field, name in zip(fields, what):
        for relation in variety.generators:
            moved = variety.normal_form(variety.polynomial(sparse.derivative_along(field, relation)))
            if moved:
                shown = variety.polynomial(relation)
                raise InputError(
                    f"{name} does not keep the relation {shown} = 0: its derivative is {str(moved)[:120]} modulo the "
                    "relations; give relations that the flow keeps"
                )


def _independent(variety, functions, generator, p):
    """Return the rank over Q, at least, of the forms of functions with their arguments on the variety, modulo ``p``."""
    if not functions:
        return 0
    columns, arguments = [], [argument for _, argument in functions]
    pieces = [
        {i: part for i, part in sparse.derivatives(side).items() if i in variety.place}
        for pair in arguments
        for side in pair
    ]
    # At several points: a dependence whose coefficients vary along the variety is none over the constants.
    for _ in range(len(arguments)):
        z = variety.point(generator, p)
        normals = variety.normals(z, p)[:, variety.moving]
        # Differentials are compared along the variety: there some vanish that do not in the space around it.
        vectors = kernel(normals, p)
        tangent = np.zeros((len(vectors), len(variety.moving)), dtype=np.int64)
        for row, vector in enumerate(vectors):
            tangent[row, list(vector)] = list(vector.values())
        rows = variety.evaluated(pieces, z, p)[:, variety.moving]
        values = [sparse.value_at(side, z, p) for pair in arguments for side in pair]
        block = []
        for number, (function, _) in enumerate(functions):
            up, down = values[2 * number : 2 * number + 2]
            # The argument is a = up / down, and da = (up' down - up down') / down^2; for logarithms it is da / a.
            scale = pow(down * (up if function.kind == "log" else down), -1, p)
            block.append(
                [(int(a) * down - int(b) * up) * scale % p for a, b in zip(rows[2 * number], rows[2 * number + 1])]
            )
        columns.append([[sum(x * int(t) for x, t in zip(row, vector)) % p for vector in tangent] for row in block])
    table = np.array(
        [[x for block in columns for x in block[number]] for number in range(len(arguments))], dtype=np.int64
    )
    # A rank modulo p is at most that over Q: where it is full, independence is proved.
    return rank(table, p)
