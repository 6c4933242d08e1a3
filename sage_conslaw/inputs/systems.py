r"""
Polynomial dynamical systems `x' = F(x; k)` and control systems, from strings, from files, and from collections of data.

Strings are parsed, never evaluated.  Parameters are indeterminates: laws are found over Q(k) and hold for all values.
"""
import json
import tomllib
from pathlib import Path

from ..fields.explicit import VectorFieldFamily
from .polynomials import parse_polynomials
from ..runtime.errors import InputError

# A file above this size is no system that a person wrote; the largest model of the benchmark has 120 kB.
MAX_BYTES = 20_000_000
MAX_VARIABLES = 2000


def system(variables, drift=None, controls=(), parameters=()):
    r"""
    Return the family of a polynomial system given by strings.

    INPUT:

    - ``variables`` -- list of names

    - ``drift`` -- list of polynomials as strings, one a variable, in the variables and parameters

    - ``controls`` -- list of such lists

    - ``parameters`` -- list of names

    EXAMPLES:

    The free rigid body with indeterminate moments of inertia::

        sage: from sage_conslaw import conservation_laws
        sage: from sage_conslaw.inputs.systems import system
        sage: top = system(["x", "y", "z"], ["a*y*z", "b*x*z", "c*x*y"], parameters=["a", "b", "c"])
        sage: conservation_laws(top)
        2 independent laws of degree at most 2 in 3 coordinates, complete (proved)

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
    fields = ([] if drift is None else [("the drift", drift)])
    fields += [(f"control {i}", field) for i, field in enumerate(controls, start=1)]
    if not fields:
        raise InputError("a system needs a drift or controls; give drift = one polynomial a variable")
    names, parsed = parameters + variables, []
    for what, field in fields:
        if isinstance(field, str) or not hasattr(field, "__len__"):
            raise InputError(f"{what} is {field!r}; give a list of polynomials, one a variable")
        if len(field) != len(variables):
            raise InputError(f"{what} has {len(field)} component{'s' if len(field) != 1 else ''} for {len(variables)} variables; "
                             "give one a variable")
        components = [{} for _ in parameters]
        for number, (variable, text) in enumerate(zip(variables, field), start=1):
            try:
                components += parse_polynomials([str(text)], names)[1]
            except ValueError as error:
                raise InputError(f"{what.removeprefix('the ')} {number} ({variable}'): {error}") from None
        parsed.append(components)
    family = VectorFieldFamily.from_terms(names, parsed[0] if drift is not None else None,
                                          parsed[1:] if drift is not None else parsed)
    family.constants = tuple(range(len(parameters)))
    return family


def _names(names, what):
    if isinstance(names, str) or not hasattr(names, "__iter__"):
        raise InputError(f"{what}s are {names!r}; give a list of names")
    names = list(names)
    for name in names:
        if not isinstance(name, str) or not name.isidentifier() or not name.isascii() or name.startswith("_"):
            raise InputError(f"the {what} {name!r} is not a name (a letter, then letters, digits and _)")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"the {what} {twice[0]} is given twice; names must be distinct")
    return names


def read_record(record):
    r"""
    Return what a record of a system holds: a family, or the components of `\phi`.

    INPUT:

    - ``record`` -- dictionary with ``variables``, optional ``parameters``, and ``drift`` and/or ``controls``, or ``phi``

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
    """
    if not isinstance(record, dict):
        raise InputError(f"a system is an object with variables and drift, not {type(record).__name__}")
    if "variables" not in record:
        raise InputError(f"the system has no variables; it has {', '.join(map(str, record)) or 'nothing'}")
    if "phi" in record:
        from .._sage import QQ, PolynomialRing
        from ..exact.terms import to_sage
        if record.get("parameters") or "drift" in record or "controls" in record:
            raise InputError("a system with phi has no parameters, drift or controls: give these or phi")
        names = _names(record["variables"], "variable")
        if not isinstance(record["phi"], list):
            raise InputError("phi is a list of polynomials")
        ring = PolynomialRing(QQ, names, len(names))
        return [to_sage(f, ring) for f in parse_polynomials(list(map(str, record["phi"])), names)[1]]
    if "drift" not in record and "controls" not in record:
        raise InputError(f"the system has no drift, controls or phi; it has {', '.join(map(str, record))}")
    return system(record["variables"], record.get("drift"), record.get("controls") or (), record.get("parameters") or ())


def read_system(path):
    r"""
    Read a system from a JSON or TOML file; nothing in the file is evaluated.

    EXAMPLES::

        sage: import tempfile
        sage: from sage_conslaw.inputs.systems import read_system
        sage: with tempfile.NamedTemporaryFile("w", suffix=".toml") as f:
        ....:     _ = f.write('variables = ["S", "I", "R"]\nparameters = ["b", "g"]\ndrift = ["-b*S*I", "b*S*I - g*I", "g*I"]'); f.flush()
        ....:     read_system(f.name)
        Family of vector fields with a drift in b, g, S, I, R
    """
    return read_record(_load(path))


def _load(path):
    path = Path(path)
    if not path.is_file():
        raise InputError(f"there is no file {path}; give a JSON or TOML file with variables and drift")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise InputError(f"the file {path.name} has {size} bytes; at most {MAX_BYTES}")
    try:
        text = path.read_text(encoding="utf8")
        return tomllib.loads(text) if path.suffix == ".toml" else json.loads(text)
    except (ValueError, RecursionError) as error:
        kind = "TOML" if path.suffix == ".toml" else "JSON"
        raise InputError(f"the file {path.name} is not {kind}: {' '.join(str(error).split())[:200]}") from None


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
    data = _load(path)
    if not isinstance(data, dict) or not isinstance(data.get("systems"), list):
        raise InputError("a collection is an object with a list of systems")
    return {str(entry.get("name", number)): read_record(entry) for number, entry in enumerate(data["systems"], start=1)}
