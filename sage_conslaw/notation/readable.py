r"""
Laws as people write them: the time coordinate `s = e^{\\tau t}` as an exponential, common powers of time in front.
"""
import re

from ..flows.tau import exponential_text


def readable(law, time, rate, functions=()):
    r"""
    Return a law as text, with its time coordinate written out.

    INPUT:

    - ``law`` -- a Sage polynomial

    - ``time`` -- the name of the time coordinate, or ``None``

    - ``rate`` -- the rate of the exponential as text, or ``None`` if the coordinate is the time itself

    - ``functions`` -- pairs (name, text) of coordinates that stand for functions

    EXAMPLES::

        sage: from sage_conslaw.notation.readable import readable
        sage: R.<s, x, y> = QQ[]
        sage: readable(s^2*x - s^2*y, "s", "1/2")
        'exp(t)*(x - y)'
        sage: readable(s*x + y, "s", "tau")
        'exp(tau*t)*x + y'
        sage: readable(s*x - s*y, "s", None)
        's*(x - y)'
        sage: readable(x - y, None, None)
        'x - y'
        sage: readable(2*s*x, None, None, [("s", "1/sqrt(x)")])
        '2*(1/sqrt(x))*x'
    """
    if time is None:
        return _written_out(str(law), functions)
    clock = law.parent()(time)
    # What all terms share goes in front; what is left is free of the time, or has it written term by term.
    power = int(min((monomial.degree(clock) for monomial in law.monomials()), default=0))
    rest = law.parent()(law / clock ** power) if power else law
    if rest.degree(clock) > 0:
        if rate is None:
            # Without a rate the coordinate is the time itself: it may stay where it is.
            return str(law)
        return re.sub(rf"\b{re.escape(time)}(\^(\d+))?(?![A-Za-z0-9_])",
                      lambda found: exponential_text(int(found[2] or 1), rate), str(law))
    if not power:
        return str(rest)
    front = clock_text(power, time, rate)
    return f"{front}*({rest})" if rest.number_of_terms() > 1 else f"{front}*{rest}"


def _written_out(text, functions):
    """Return text with the names of functions replaced by what they stand for."""
    # A quotient in front of a power or behind a division would be read another way.
    texts = {name: f"({value})" if value.startswith("1/") else value for name, value in functions}
    if not texts:
        return text
    return re.sub(
        # The longest name first: sin_q_1 is not sin_q followed by something.
        r"\b(" + "|".join(map(re.escape, sorted(texts, key=len, reverse=True))) + r")\b",
        lambda found: texts[found[1]],
        text,
    )


def clock_text(power, time, rate):
    """Return a power of the time coordinate as text."""
    if rate is not None:
        return exponential_text(power, rate)
    return time if power == 1 else f"{time}^{power}"
