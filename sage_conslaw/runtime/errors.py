r"""
What is wrong with an input: the one family of exceptions that speaks to the person who gave it.

Every other exception is a defect of this package.  The command line prints the message of an :class:`InputError` in one line and
exits with 2; anything else it calls an internal error.

EXAMPLES::

    sage: from sage_conslaw import InputError, networks
    sage: try:
    ....:     networks.linear([3, 0])
    ....: except InputError as error:
    ....:     isinstance(error, ValueError)
    True
"""


class InputError(ValueError):
    """A value that cannot be used: the message says what was given, what is allowed and what to try."""

    __module__ = "sage_conslaw"


class InputTypeError(InputError, TypeError):
    """An object of the wrong kind."""

    __module__ = "sage_conslaw"


class NotCovered(InputError, NotImplementedError):
    """A question that is well posed and not answered yet."""

    __module__ = "sage_conslaw"
