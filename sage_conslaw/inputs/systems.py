r"""
Polynomial dynamical systems `x' = F(x; k)` and control systems, from strings, from files, and from collections of data.

Strings are parsed, never evaluated.  Parameters are indeterminates: laws are found over Q(k) and hold for all values.
"""
from ..fields.explicit import VectorFieldFamily
from ..runtime.errors import InputError, shortened
from .files import known_keys, load, unknown_key
from .polynomials import parse_polynomials

MAX_VARIABLES = 2000
MAX_NAME = 200

# What a system consists of.
KEYS = ("variables", "parameters", "drift", "controls", "phi")
# What may stand beside it: words about the system, and what the two benchmarks of this format say is known of it.
REMARKS = ("name", "title", "about", "description", "comment", "note", "source", "reference", "expected", "negative", "biomodels_id",
           "laws_degree_1", "laws_up_to_degree_2", "polynomial_integrals", "darboux_polynomials", "exponential_factors",
           "rational_integrals", "darboux_function_integrals", "integrals_on_invariant_set", "ansatz_dim_rank_by_degree",
           "rank_of_listed_integrals", "max_possible_rank")


def system(variables, drift=None, controls=(), parameters=()):
    r"""
    Return the family of a polynomial system given by strings.

    INPUT:

    - ``variables`` -- list of names

    - ``drift`` -- list of polynomials as strings, one a variable, in the variables and parameters; or a dictionary from the
      variables to polynomials

    - ``controls`` -- list of such lists or dictionaries

    - ``parameters`` -- list of names

    EXAMPLES:

    The free rigid body with indeterminate moments of inertia::

        sage: from sage_conslaw import conservation_laws
        sage: from sage_conslaw.inputs.systems import system
        sage: top = system(["x", "y", "z"], ["a*y*z", "b*x*z", "c*x*y"], parameters=["a", "b", "c"])
        sage: conservation_laws(top)
        2 independent laws of degree at most 2 in 3 coordinates, complete (proved)

    A dictionary is read by the names of the variables, in any order::

        sage: sir = system(["S", "I"], {"I": "b*S*I - I", "S": "-b*S*I"}, parameters=["b"])
        sage: sir.drift == system(["S", "I"], ["-b*S*I", "b*S*I - I"], parameters=["b"]).drift
        True
        sage: system(["S", "I"], {"S": "-S*I", "i": "S*I"})
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: the drift has the key 'i'; did you mean 'I'? known: S, I

    What cannot be read is said in one line::

        sage: system(["x", "y"], ["y"])
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: the drift has 1 component for 2 variables; give one a variable
        sage: system(["x"], ["exp(x)"])
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: drift 1 (x'): syntax error in "exp(x)": a call is not a polynomial; allowed are numbers, names, + - * / ^ and parentheses
        sage: system(["x"], ["k*x"])
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: drift 1 (x'): syntax error in "k*x": the name 'k' is not known (known: x); ...
        sage: system(["x"], ["x"], parameters=["x"])
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: the name x is a variable and a parameter; names must be distinct
    """
    variables, parameters = _names(variables, "variable"), _names(parameters, "parameter")
    both = sorted(set(variables) & set(parameters))
    if both:
        raise InputError(f"the name {both[0]} is a variable and a parameter; names must be distinct")
    if not variables:
        raise InputError("a system needs at least one variable")
    if len(variables) + len(parameters) > MAX_VARIABLES:
        raise InputError(f"{len(variables)} variables and {len(parameters)} parameters are too many; at most {MAX_VARIABLES} in all")
    if isinstance(controls, (str, bytes, dict)) or not hasattr(controls, "__iter__"):
        raise InputError(f"controls are {shortened(repr(controls), 100)}; give a list of fields, each a list of polynomials, one a variable")
    fields = ([] if drift is None else [("the drift", drift)])
    fields += [(f"control {i}", field) for i, field in enumerate(controls, start=1)]
    if not fields:
        raise InputError("a system needs a drift or controls; give drift = one polynomial a variable")
    names = parameters + variables
    parsed = [[{} for _ in parameters] + _components(field, what, variables, names) for what, field in fields]
    family = VectorFieldFamily.from_terms(names, parsed[0] if drift is not None else None,
                                          parsed[1:] if drift is not None else parsed)
    family.constants = tuple(range(len(parameters)))
    return family


def _components(field, what, variables, names):
    """Return the components of a field, a list in the order of the variables or a dictionary by them."""
    if isinstance(field, dict):
        known_keys(field, variables, what)
        missing = [name for name in variables if name not in field]
        if missing:
            raise InputError(f"{what} has no {shortened(', '.join(missing), 60)}; give one polynomial for each variable, 0 where it rests")
        field = [field[name] for name in variables]
    if isinstance(field, (str, bytes)) or not hasattr(field, "__len__"):
        raise InputError(f"{what} is {shortened(repr(field), 100)}; give a list of polynomials, one a variable, or a table by the variables")
    if len(field) != len(variables):
        raise InputError(f"{what} has {len(field)} component{'s' if len(field) != 1 else ''} for {len(variables)} variables; "
                         "give one a variable")
    place, components = what.removeprefix("the "), []
    for number, (variable, text) in enumerate(zip(variables, field), start=1):
        try:
            components += parse_polynomials([_text(text)], names)[1]
        except ValueError as error:
            raise InputError(f"{place} {number} ({shortened(variable, 40)}'): {error}") from None
    return components


def _text(value):
    """Return a polynomial as it is written; numbers of a file are exact decimals."""
    if isinstance(value, str):
        return value
    if isinstance(value, float):
        raise InputError(f"the floating-point number {value} is not exact; give a text or a fraction such as 1/2")
    if value is None or isinstance(value, (bool, bytes, list, tuple, dict)) or hasattr(value, "isoformat"):
        raise InputError(f"{shortened(repr(value), 60)} is not a polynomial; give a text such as \"x*y\"")
    if isinstance(value, int) and value.bit_length() > 9000:
        raise InputError(f"a number of {value.bit_length()} bits is too long; give at most 9000 bits")
    return str(value)


def _names(names, what):
    if isinstance(names, (str, bytes)) or not hasattr(names, "__iter__"):
        raise InputError(f"{what}s are {shortened(repr(names), 100)}; give a list of names")
    names, seen = list(names), set()
    if len(names) > MAX_VARIABLES:
        raise InputError(f"{len(names)} {what}s are too many; at most {MAX_VARIABLES}")
    for name in names:
        if not isinstance(name, str) or not name.isidentifier() or not name.isascii() or name.startswith("_"):
            raise InputError(f"the {what} {shortened(repr(name), 60)} is not a name (a letter, then letters, digits and _)")
        if len(name) > MAX_NAME:
            raise InputError(f"the {what} {shortened(name, 40)} has {len(name)} characters; at most {MAX_NAME}")
        if name in seen:
            raise InputError(f"the {what} {name} is given twice; names must be distinct")
        seen.add(name)
    return names


def read_record(record, strict=False):
    r"""
    Return what a record of a system holds: a family, or the components of `\phi`.

    INPUT:

    - ``record`` -- dictionary with ``variables``, optional ``parameters``, and ``drift`` and/or ``controls``, or ``phi``

    - ``strict`` -- whether any unknown key is an error, as in a file of one system; where not, a remark may have any name that is
      not close to one of these

    EXAMPLES::

        sage: from sage_conslaw.inputs.systems import read_record
        sage: read_record({"variables": ["x", "y"], "drift": ["y", "-x"]})
        Family of vector fields with a drift in x, y
        sage: read_record({"variables": ["x", "y"], "phi": ["x*y"]})
        [x*y]
        sage: read_record({"variables": ["x"]})
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: the system has no drift, controls or phi; it has variables
        sage: read_record({"variables": ["x"], "drfit": ["x"], "drift": ["x"]})
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: the system has the key 'drfit'; did you mean 'drift'? known: variables, parameters, drift, controls, phi
    """
    if not isinstance(record, dict):
        raise InputError(f"a system is an object with variables and drift, not {type(record).__name__}")
    _check_keys(record, strict)
    if "variables" not in record:
        raise InputError(f"the system has no variables; it has {shortened(', '.join(map(str, record)), 100) or 'nothing'}")
    if "phi" in record:
        from .._sage import QQ, PolynomialRing
        from ..exact.terms import to_sage
        if record.get("parameters") or "drift" in record or "controls" in record:
            raise InputError("a system with phi has no parameters, drift or controls: give these or phi")
        names = _names(record["variables"], "variable")
        if not isinstance(record["phi"], list):
            raise InputError(f"phi is {shortened(repr(record['phi']), 60)}; give a list of polynomials")
        parsed = parse_polynomials(list(map(_text, record["phi"])), names)[1]
        ring = PolynomialRing(QQ, names, len(names))
        return [to_sage(f, ring) for f in parsed]
    if "drift" not in record and "controls" not in record:
        raise InputError(f"the system has no drift, controls or phi; it has {shortened(', '.join(map(str, record)), 100)}")
    return system(record["variables"], record.get("drift"), record.get("controls", ()), record.get("parameters", ()))


def _check_keys(record, strict):
    """Refuse a key that is none of a system's: a word that was misspelt would be a part of it that nobody reads."""
    for key in record:
        if key not in KEYS and key not in REMARKS and (strict or unknown_key(key, KEYS, 0.75)):
            raise InputError(f"the system has the key {shortened(repr(key), 60)}; {unknown_key(key, KEYS)}known: {', '.join(KEYS)}")


def read_system(path):
    r"""
    Read a system from a JSON or TOML file; nothing in the file is evaluated.

    EXAMPLES::

        sage: import tempfile
        sage: from sage_conslaw.inputs.systems import read_system
        sage: text = 'variables = ["S", "I", "R"]\nparameters = ["b", "g"]\n[drift]\nS = "-b*S*I"\nI = "b*S*I - g*I"\nR = "g*I"'
        sage: with tempfile.NamedTemporaryFile("w", suffix=".toml") as f:
        ....:     _ = f.write(text); f.flush()
        ....:     read_system(f.name)
        Family of vector fields with a drift in b, g, S, I, R
    """
    return read_record(load(path, "with variables and drift"), strict=True)


def read_collection(path):
    r"""
    Read a collection of systems, a JSON object with a list ``systems``, as a dictionary of families by name.

    The format is that of the BioModels benchmark of Desoeuvres et al. and of the classical systems.

    EXAMPLES::

        sage: import tempfile
        sage: from sage_conslaw.inputs.systems import read_collection
        sage: with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
        ....:     _ = f.write('{"systems": [{"name": "a", "variables": ["x"], "drift": ["-x"]}]}'); f.flush()
        ....:     read_collection(f.name)
        {'a': Family of vector fields with a drift in x}
    """
    data = load(path, "with a list of systems")
    if not isinstance(data, dict) or not isinstance(data.get("systems"), list):
        raise InputError("a collection is an object with a list of systems")
    families = {}
    for number, entry in enumerate(data["systems"], start=1):
        if not isinstance(entry, dict):
            raise InputError(f"system {number} of the collection is {type(entry).__name__}, not an object with variables and drift")
        name = str(entry.get("name", number))
        if name in families:
            raise InputError(f"the collection has two systems of the name {shortened(name, 60)}; names must be distinct")
        try:
            families[name] = read_record(entry)
        except InputError as error:
            raise InputError(f"system {number} ({shortened(name, 60)}): {error}") from None
    return families
