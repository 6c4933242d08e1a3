r"""
The texts of a system: names, parameters and their values, components in order, and families that are polynomial.
"""
import re

from ..fields.explicit import VectorFieldFamily
from ..runtime.errors import InputError, shortened
from .files import known_keys
from ..expressions.polynomials import parse_fraction, parse_polynomials

# Bits of a number: Python refuses to print more than 4300 digits, and such a number is a mistake.
_LONGEST_NUMBER = 9000

MAX_VARIABLES = 2000
MAX_NAME = 200


def difference_of_sides(relation):
    """Return what vanishes: of an equation, the difference of its sides."""
    left, sign, right = relation.partition("=")
    # Of two signs none is the one that is meant: the reader refuses the text.
    return f"{left} - ({right})" if sign and left.strip() and right.strip() and "=" not in right else relation


def components_in_order(field, what, variables, relations):
    """Return the texts of a field in the order of the variables, ``None`` where the relations are to give the
    equation."""
    if isinstance(field, dict):
        field = {_name_of(key): value for key, value in field.items()}
        known_keys(field, variables, what)
        missing = [name for name in variables if name not in field]
        # A relation may determine the equation of a variable; whether it does is found out by the family.
        if missing and not relations:
            raise InputError(
                f"{what} has no {shortened(', '.join(missing), 60)}; give one polynomial for each "
                f"variable, 0 where it rests"
            )
        return [
            component_text(field[name], what, number, name) if name in field else None
            for number, name in enumerate(variables, start=1)
        ]
    if isinstance(field, (str, bytes)) or not hasattr(field, "__len__"):
        raise InputError(
            f"{what} is {shortened(repr(field), 100)}; give a list of polynomials, one a variable, or a "
            f"table by the variables"
        )
    if len(field) != len(variables):
        raise InputError(
            f"{what} has {len(field)} component{'s' if len(field) != 1 else ''} for {len(variables)} variables; "
            "give one a variable"
        )
    pairs = enumerate(zip(variables, field), start=1)
    return [component_text(text, what, number, name) for number, (name, text) in pairs]


def component_text(text, what, number, name):
    try:
        return text_of(text)
    except ValueError as error:
        raise InputError(f"{what.removeprefix('the ')} {number} ({shortened(name, 40)}'): {error}") from None


def polynomial_family(variables, parameters, texts, has_drift):
    """Return the family if every component is a polynomial, else ``None``."""
    names, parsed = parameters + variables, []
    for field in texts:
        try:
            # Parameters are coordinates at rest, first in the state.
            parsed.append([{} for _ in parameters] + parse_polynomials(field, names)[1])
        except InputError:
            # The other reader knows more, and says what is wrong in its own words.
            return None
    family = VectorFieldFamily.from_terms(names, parsed[0] if has_drift else None, parsed[1:] if has_drift else parsed)
    # Laws are then sought over Q(k), and parameters count for no dimension.
    family.constants = tuple(range(len(parameters)))
    return family


def parameters_and_values(given):
    """Return the names of indeterminate parameters, and the values of the others as text."""
    if isinstance(given, dict):
        pairs = [(name, None if value in (None, "") else str(value)) for name, value in given.items()]
    elif isinstance(given, str) or not hasattr(given, "__iter__"):
        return checked_names(given, "parameter"), {}
    else:
        pairs = [
            tuple(part.strip() for part in entry.split("=", 1))
            if isinstance(entry, str) and "=" in entry
            else (entry, None)
            for entry in given
        ]
    names = checked_names([name for name, _ in pairs], "parameter")
    free = [name for name, (_, value) in zip(names, pairs) if value is None]
    values = {}
    for name, (_, value) in zip(names, pairs):
        if value is not None:
            try:
                # Checked here, where the message can name the parameter; values are in the free parameters alone.
                parse_fraction(value, free)
            except InputError as error:
                raise InputError(f"the parameter {name}: {error}") from None
            values[name] = value
    return free, values


def with_values(text, values):
    """Return text with the names of parameters that have values replaced by these."""
    if not values:
        return text
    # Whole names only: not the e of 1e-3, not a part of another name.
    pattern = r"(?<![\w.])(" + "|".join(map(re.escape, values)) + r")(?!\w)"
    return re.sub(pattern, lambda match: f"({values[match[1]]})", text)


def text_of(value):
    """Return a polynomial as it is written; numbers of a file are exact decimals."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        raise InputError(f"the floating-point number {value} is not exact; give a text or a fraction such as 1/2")
    # Python counts True as 1; a date of TOML is a number to nobody.
    if value is None or isinstance(value, (bool, bytes, list, tuple, dict)) or hasattr(value, "isoformat"):
        raise InputError(f"{shortened(repr(value), 60)} is not a polynomial; give a text such as \"x*y\"")
    # str() of it would raise, or take the square of its digits.
    if isinstance(value, int) and value.bit_length() > _LONGEST_NUMBER:
        raise InputError(f"a number of {value.bit_length()} bits is too long; give at most {_LONGEST_NUMBER} bits")
    return str(value)


def _name_of(symbol):
    """Return the name of a symbol of SymPy or Sage, anything else as it is."""
    return str(symbol) if hasattr(symbol, "is_symbol") or hasattr(symbol, "is_generator") else symbol


def checked_names(names, what):
    if isinstance(names, (str, bytes)) or not hasattr(names, "__iter__"):
        raise InputError(f"{what}s are {shortened(repr(names), 100)}; give a list of names")
    names, seen = list(map(_name_of, names)), set()
    if len(names) > MAX_VARIABLES:
        raise InputError(f"{len(names)} {what}s are too many; at most {MAX_VARIABLES}")
    for name in names:
        if not isinstance(name, str) or not name.isidentifier() or not name.isascii() or name.startswith("_"):
            raise InputError(
                f"the {what} {shortened(repr(name), 60)} is not a name (a letter, then letters, digits and _)"
            )
        if len(name) > MAX_NAME:
            raise InputError(f"the {what} {shortened(name, 40)} has {len(name)} characters; at most {MAX_NAME}")
        if name in seen:
            raise InputError(f"the {what} {name} is given twice; names must be distinct")
        seen.add(name)
    return names
