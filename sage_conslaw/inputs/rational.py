r"""
Fields given as objects that are no polynomials: quotients of a Sage ring, and expressions of SymPy with roots and
functions.

They are written down as text and read by the reader of systems: one meaning for one text, whoever wrote it.
"""

from ..runtime.errors import InputError
from .systems import system


def written_system(drift, controls, relations):
    r"""
    Return the family of fields that need more than polynomials, ``None`` if polynomials are all there is.

    EXAMPLES::

        sage: from sage_conslaw.inputs.rational import written_system
        sage: R.<x, y> = QQ[]
        sage: written_system([y/x, x], [], [])
        Family of vector fields with a drift in x, y
        sage: written_system([y, x], [], []) is None
        True
        sage: import sympy
        sage: q, p = sympy.symbols("q p")
        sage: written_system([sympy.sin(p), q], [], []).names
        ['p', 'q', 'sin_p', 'cos_p']
    """
    components = [f for field in [*([] if drift is None else [drift]), *controls] for f in field]
    everything = [*components, *relations]
    if not relations and not any(map(_is_more, components)):
        return None
    names = _names(everything)
    for field in [*([] if drift is None else [drift]), *controls]:
        if len(field) != len(names):
            raise InputError(
                f"a field has {len(field)} components; there are {len(names)} variables ({', '.join(names)})"
            )

    def text(field):
        return [str(f) for f in field]

    return system(
        names, None if drift is None else text(drift), [text(field) for field in controls], relations=text(relations)
    )


def _is_more(f):
    """Say whether a component is a quotient, or an expression of SymPy that is no polynomial."""
    if hasattr(f, "free_symbols"):
        return not f.is_polynomial(*f.free_symbols) if f.free_symbols else False
    parent = f.parent() if hasattr(f, "parent") else None
    return (
        hasattr(parent, "ring")
        and hasattr(f, "denominator")
        and hasattr(f, "numerator")
        and not f.denominator().is_constant()
    )


def _names(everything):
    """Return the variables: those of the ring, or the symbols in alphabetical order."""
    symbols = set().union(*(f.free_symbols for f in everything if hasattr(f, "free_symbols")))
    if symbols:
        return sorted(map(str, symbols))
    for f in everything:
        parent = f.parent() if hasattr(f, "parent") else None
        if hasattr(parent, "variable_names"):
            return list(parent.variable_names())
        if hasattr(parent, "ring") and hasattr(parent.ring(), "variable_names"):
            return list(parent.ring().variable_names())
    raise InputError("the fields have no variables; give polynomials or quotients of a Sage ring")
