r"""
A law of one flow in the coordinates of another: the same function of parameters, velocities and time.

Coordinates are the same if they have a name and a meaning in common.  Clocks are not: both flows may call theirs `s`,
one with `s = e^{t/10}`, the other with `s = e^{t/5}`.  The law `s^2 h` of the first is `e^{t/5} h`, which is `s h` in
the second; where a power would be a fraction, a power of the whole law does, which is conserved where the law is.
"""
from fractions import Fraction
from math import lcm

from ..exact import terms as sparse

# A law is raised to at most this power to clear fractions in the exponents of the clock.
_HIGHEST = 6


def carried(law, own, other):
    r"""
    Return a polynomial in the coordinates of ``other`` that it conserves iff it conserves a law of ``own``; ``None``
    where it has no such coordinates.
    """
    place, clock = {name: i for i, name in enumerate(other.names)}, own.time
    for i in {i for monomial in law for i in monomial if i != clock}:
        name = own.names[i]
        if name not in place or own.meaning.get(name) != other.meaning.get(name):
            return None
    powers = {monomial.count(clock) for monomial in law}
    ratio = _ratio(own, other) if powers != {0} else Fraction(1)
    if ratio is None:
        return None
    # s = exp(a t) to the power k is exp(b t) to the power k a / b, which must be whole in every term.
    fraction = lcm(*((power * ratio).denominator for power in powers))
    if fraction > 1:
        if len(powers) > 1 or fraction > _HIGHEST:
            return None
        power, rest = powers.pop(), {tuple(i for i in m if i != clock): value for m, value in law.items()}
        whole = rest
        for _ in range(fraction - 1):
            whole = sparse.multiply(whole, rest)
        law = {(clock,) * (power * fraction) + monomial: value for monomial, value in whole.items()}
    out = {}
    for monomial, value in law.items():
        rest = [place[own.names[i]] for i in monomial if i != clock]
        out[tuple(sorted([other.time] * int(monomial.count(clock) * ratio) + rest))] = value
    return out


def _ratio(own, other):
    """Return which power of the other's clock is the own one, ``None`` if none is."""
    if other.time is None or (own.rate is None) != (other.rate is None):
        return None
    if own.rate == other.rate:
        return Fraction(1)
    try:
        ratio = Fraction(own.rate) / Fraction(other.rate)
    except ValueError:
        # The rate of one of them is an indeterminate.
        return None
    return ratio if ratio > 0 else None
