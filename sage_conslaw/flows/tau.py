r"""
The damping `\tau` of a momentum flow: a rational constant, or a rational function of time.

- Trivial: `\tau = 0`, no friction.
- Famous: `\tau = 3/t`, Nesterov's; the time becomes a coordinate.
- One that is refused: `\sqrt t` is no rational function of time, and a decimal number is not exact.
"""
from fractions import Fraction

from ..exact import terms as sparse
from ..runtime.errors import InputError, InputTypeError
from .._sage import FractionField, PolynomialRing, QQ, RR
from ..expressions.polynomials import parse_fraction


class Damping:
    r"""`\tau = p(t)/q(t)` as sparse polynomials in one variable; constants have `q = 1`."""

    def __init__(self, numerator, denominator, text, symbolic=False):
        self.numerator, self.denominator, self.text, self.symbolic = numerator, denominator, text, symbolic

    def __repr__(self):
        return self.text

    @property
    def constant(self):
        """Return the rational constant, or ``None``."""
        if self.symbolic or set(self.numerator) - {()} or set(self.denominator) - {()}:
            return None
        return self.numerator.get((), Fraction(0)) / self.denominator[()]

    @property
    def over_time(self):
        """Return `k` if the damping is `k/t`, else ``None``."""
        if set(self.numerator) <= {()} and set(self.denominator) == {(0,)}:
            return self.numerator.get((), Fraction(0)) / self.denominator[(0,)]
        return None


def is_float(value):
    """Say whether a number is a floating-point number, of Python or of a real or complex field of Sage."""
    if isinstance(value, (float, complex)):
        return True
    parent = value.parent() if hasattr(value, "parent") else None
    # The symbolic ring calls itself inexact too, but has no precision.
    return hasattr(parent, "is_exact") and not parent.is_exact() and hasattr(parent, "precision")


def is_exact(value):
    """Say whether a value is an exact rational number: an integer, a fraction, or a string that reads as one."""
    if isinstance(value, bool) or is_float(value):
        return False
    try:
        Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        # Not a number by itself, but perhaps a formula such as "1/(t + 2)"; one with a decimal point is not exact.
        return isinstance(value, str) and not any(mark in value for mark in ".eE")
    return "." not in str(value) and "e" not in str(value).lower()


def damping(tau):
    r"""
    Return the damping of a rational number, a rational function of ``t`` or the name of an indeterminate.

    EXAMPLES::

        sage: from sage_conslaw.flows.tau import damping
        sage: damping(0), damping("1/2"), damping("3/t")
        (0, 1/2, 3/t)
        sage: damping("tau").symbolic
        True
        sage: damping(-1)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: tau = -1 is negative; damping takes energy out: give tau >= 0
        sage: damping(0.5)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputTypeError: tau = 0.5 is a floating-point number; give the exact rational 1/2
        sage: damping("1/(t - 1)")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: tau = 1/(t - 1) has a pole at the time t = 1; poles are allowed at t = 0 only
    """
    if isinstance(tau, Damping):
        return tau
    if is_float(tau):
        value = float(tau)
        exact = Fraction(value).limit_denominator(1000) if abs(value) < float("inf") else "1/2, say"
        raise InputTypeError(f"tau = {value} is a floating-point number; give the exact rational {exact}")
    if isinstance(tau, bool) or not (isinstance(tau, (int, Fraction, str)) or hasattr(tau, "parent")):
        raise InputTypeError(f"tau = {tau!r} is not a rational number or a rational function of t; give e.g. tau=1/2")
    text = str(tau).strip()
    # An indeterminate is a coordinate that nothing moves: what is proved holds for all but finitely many values.
    if text == "tau":
        return Damping({}, {(): Fraction(1)}, "tau", symbolic=True)
    try:
        numerator, denominator = parse_fraction(text, ["t"])
    except ValueError as error:
        raise InputError(f"tau = {text} is not a rational number or a rational function of t: {error}") from None
    if not denominator:
        raise InputError(f"tau = {text} divides by zero; give e.g. tau=1/2")
    ring = PolynomialRing(QQ, "t")
    # In lowest terms, so that poles are roots of the denominator and a constant is seen as one.
    value = FractionField(ring)(sparse.to_sage(numerator, ring)) / sparse.to_sage(denominator, ring)
    numerator, denominator = ring(value.numerator()), ring(value.denominator())
    # Coordinates are rational in t, and a pole inside of the time axis would cut it in two.
    poles = [root for root, _ in denominator.roots(RR) if root > 0] if denominator.degree() > 0 else []
    if poles:
        exact = [root for root in denominator.roots(QQ, multiplicities=False) if root > 0]
        shown = exact[0] if exact else f"{float(poles[0]):.6g}"
        raise InputError(f"tau = {text} has a pole at the time t = {shown}; poles are allowed at t = 0 only")
    constant = numerator.degree() <= 0 and denominator.degree() <= 0
    if constant and numerator[0] / denominator[0] < 0:
        raise InputError(f"tau = {text} is negative; damping takes energy out: give tau >= 0")
    if not constant and numerator:
        # p q has at most deg p + deg q zeros, so one of these times is none. A probe and no proof: no law depends on
        # the sign.
        probe = next(
            QQ(t) for t in range(1, numerator.degree() + denominator.degree() + 3) if denominator(t) and numerator(t)
        )
        if numerator(probe) / denominator(probe) < 0:
            raise InputError(f"tau = {text} is negative at t = {probe}; damping takes energy out: give tau >= 0")
    if denominator.degree() <= 0:
        numerator, denominator = numerator / denominator[0], ring.one()
    return Damping(sparse.from_sage(numerator), sparse.from_sage(denominator), str(value))


def exponential_text(power, rate):
    r"""Return `e^{k \lambda t}` as text, for a rate that is a number or a name."""
    try:
        total = power * Fraction(rate)
    except ValueError:
        return f"exp({rate}*t)" if power == 1 else f"exp({power}*{rate}*t)"
    return "exp(t)" if total == 1 else f"exp({total}*t)"
