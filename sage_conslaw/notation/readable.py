r"""
Laws as people write them: the time coordinate `s = e^{\\tau t}` as an exponential, common powers of time in front.
"""
import re

from ..flows.tau import exponential_text


def readable(law, time, rate):
    r"""
    Return a law as text, with its time coordinate written out.

    INPUT:

    - ``law`` -- a Sage polynomial

    - ``time`` -- the name of the time coordinate, or ``None``

    - ``rate`` -- the rate of the exponential as text, or ``None`` if the coordinate is the time itself

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
    """
    if time is None:
        return str(law)
    clock = law.parent()(time)
    power = int(min((monomial.degree(clock) for monomial in law.monomials()), default=0))
    rest = law.parent()(law / clock ** power) if power else law
    if rest.degree(clock) > 0:
        if rate is None:
            return str(law)
        return re.sub(rf"\b{re.escape(time)}(\^(\d+))?(?![A-Za-z0-9_])",
                      lambda found: exponential_text(int(found[2] or 1), rate), str(law))
    if not power:
        return str(rest)
    front = clock_text(power, time, rate)
    return f"{front}*({rest})" if rest.number_of_terms() > 1 else f"{front}*{rest}"


def clock_text(power, time, rate):
    r"""
    Return a power of the time coordinate as text.

    EXAMPLES::

        sage: from sage_conslaw.notation.readable import clock_text
        sage: clock_text(3r, "t", None), clock_text(1r, "s", "1/2")
        ('t^3', 'exp(1/2*t)')
    """
    if rate is not None:
        return exponential_text(power, rate)
    return time if power == 1 else f"{time}^{power}"
