r"""
What is wrong with an input: the one family of exceptions that speaks to the person who gave it.

Every other exception is a defect of this package.  The command line prints the message of an :class:`InputError` in one
line and exits with 2; anything else it calls an internal error.

EXAMPLES::

    sage: from sage_conslaw import InputError, networks
    sage: try:
    ....:     networks.linear([3, 0])
    ....: except InputError as error:
    ....:     isinstance(error, ValueError)
    True
"""


# Of what a message repeats of an input, this much: a line of an error is read, a page is not.
_MOST_SHOWN = 600

# So many names say what kind of names they are; a message stays one that is read.
_FEW = 8


def first_few(items, most=_FEW):
    """Return the first items as text, and dots if there are more than ``most``."""
    return ", ".join(map(str, items[:most])) + (", ..." if len(items) > most else "")


def shortened(text, most=60):
    """Return a text, or its beginning and its end if it is longer than ``most`` characters."""
    text = str(text)
    if len(text) <= most:
        return text
    # Twice as much of the beginning: it says what kind of thing the text is.
    tail = (most - 3) // 3
    return text[:most - 3 - tail] + "..." + text[len(text) - tail:]


class InputError(ValueError):
    r"""
    A value that cannot be used: the message says what was given, what is allowed and what to try.

    EXAMPLES::

        sage: from sage_conslaw import InputError, networks
        sage: try:
        ....:     networks.linear([2])
        ....: except InputError as error:
        ....:     print(isinstance(error, ValueError))
        True
    """

    __module__ = "sage_conslaw"

    def __str__(self):
        """Return the message; where an enormous input is in it, its beginning and its end."""
        text = super().__str__()
        return text if len(text) <= _MOST_SHOWN else shortened(text, 300)


class InputTypeError(InputError, TypeError):
    """An object of the wrong kind."""

    __module__ = "sage_conslaw"


class UnknownName(InputError):
    """A name that does not exist, of an architecture or of its option: wrong whatever the sizes are."""

    __module__ = "sage_conslaw"


class NotCovered(InputError, NotImplementedError):
    """A question that is well posed and not answered yet."""

    __module__ = "sage_conslaw"
