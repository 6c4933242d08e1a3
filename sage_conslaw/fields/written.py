r"""
Fields given as objects that are no polynomials: quotients of a Sage ring, and expressions of SymPy with roots and
functions.

They are written down as text and read by the reader of systems: one meaning for one text, whoever wrote it.
"""

from ..runtime.errors import InputError
from .extension import Written


def as_written(drift, controls, relations):
    """Return fields that need more than polynomials as a system of texts, ``None`` if polynomials are all there is."""
    components = [f for field in [*([] if drift is None else [drift]), *controls] for f in field]
    everything = [*components, *relations]
    if not relations and not any(map(_is_more, components)):
        return None
    names = _names(everything)
    fields = [*([] if drift is None else [drift]), *controls]
    for field in fields:
        if len(field) != len(names):
            raise InputError(
                f"a field has {len(field)} components; there are {len(names)} variables ({', '.join(names)})"
            )
    what = [*([] if drift is None else ["the drift"]), *(f"control {i}" for i in range(1, len(controls) + 1))]
    texts = [[str(f) for f in field] for field in fields]
    return Written([], names, texts, what, [str(f) for f in relations], drift is not None)


def _is_more(f):
    """Say whether a component is a quotient, or an expression of SymPy that is no polynomial."""
    if hasattr(f, "free_symbols"):
        # A polynomial of SymPy is read as one; what it is not is for the reader of systems.
        return not f.is_polynomial(*f.free_symbols) if f.free_symbols else False
    parent = f.parent() if hasattr(f, "parent") else None
    return (
        # Quotients that are polynomials are left to the family, which divides.
        hasattr(parent, "ring")
        and hasattr(f, "denominator")
        and hasattr(f, "numerator")
        and not f.denominator().is_constant()
    )


def _names(everything):
    """Return the variables: those of the ring, or the symbols in alphabetical order."""
    symbols = set().union(*(f.free_symbols for f in everything if hasattr(f, "free_symbols")))
    if symbols:
        # Expressions of SymPy have no ring, and so no order of their own.
        return sorted(map(str, symbols))
    for f in everything:
        parent = f.parent() if hasattr(f, "parent") else None
        if hasattr(parent, "variable_names"):
            return list(parent.variable_names())
        if hasattr(parent, "ring") and hasattr(parent.ring(), "variable_names"):
            return list(parent.ring().variable_names())
    raise InputError("the fields have no variables; give polynomials or quotients of a Sage ring")
