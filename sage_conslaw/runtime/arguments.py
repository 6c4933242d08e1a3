r"""
What every public call asks of its arguments: exact integers, truth values, seeds, degrees.

A wrong one is answered in one line: what was given, what is allowed, what to try.
"""
import operator
import secrets

from .errors import InputError, InputTypeError

# What is read has at most this degree, too.
MOST_DEGREE = 1000


def integer(value):
    """
    Return an exact integer as a Python ``int``; anything else, also a rational or a truth value, is a ``TypeError``.
    """
    # ``degree=True`` is a slip, and would be degree one.
    if isinstance(value, bool):
        raise InputTypeError(f"{value} is not an integer")
    # Sage's rationals have __index__ where they are integers, and int() would round the others.
    return operator.index(value)


def truth(value, name="bias"):
    """Return ``True`` or ``False``; anything but these (and 0, 1) is a ``TypeError``."""
    # 0 and 1 are equal to False and True; "False" would be true.
    if isinstance(value, str) or value not in (True, False):
        raise InputTypeError(f"{name} {value!r} is neither True nor False")
    return bool(value)


def integer_at_least(value, least, name, advice):
    """Return an integer that is at least 0 or 1; what else is given is refused by its name, with advice."""
    try:
        number = integer(value)
    except TypeError:
        raise InputTypeError(f"{name} {value!r} is not an integer; {advice}") from None
    if number < least:
        raise InputError(f"{name} {value} is not a {'positive' if least else 'non-negative'} integer; {advice}")
    return number


def seed_of(seed):
    """Return the seed of a call: the one given, or a random one of 32 bits, which the result keeps."""
    return secrets.randbits(32) if seed is None else integer_at_least(seed, 0, "seed", "give e.g. seed=0")


def degree_of(degree):
    """Return the total degree up to which laws are searched."""
    degree = integer_at_least(degree, 1, "degree", "try degree 2")
    if degree > MOST_DEGREE:
        raise InputError(f"degree {degree} is too large; at most {MOST_DEGREE}, try degree 2")
    return degree
