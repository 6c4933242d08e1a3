r"""
Dynamical systems `x' = F(x; k)`, polynomial or as people write them, and control systems, from strings, from files, and
from collections of data.

Strings are parsed, never evaluated.  Parameters are indeterminates: laws are found over Q(k) and hold for all values.
"""
from pathlib import PurePath

from ..fields.explicit import VectorFieldFamily
from ..runtime.errors import InputError, InputTypeError, shortened
from .biology import antimony_record, is_antimony, sbml_record
from .files import load, read_text, unknown_key
from .lines import is_lines, lines_record
from ..fields.extension import Written
from ..expressions.polynomials import parse_polynomials
from .._sage import PolynomialRing, QQ
from ..exact.terms import to_sage
from .texts import (
    MAX_VARIABLES, checked_names, components_in_order, difference_of_sides,
    parameters_and_values, polynomial_family, text_of, with_values,
)


# What a system consists of.
KEYS = ("variables", "parameters", "drift", "controls", "relations", "phi")
# What may stand beside it: words about the system, and what the two benchmarks of this format say is known of it.
REMARKS = (
    "name",
    "title",
    "about",
    "description",
    "comment",
    "note",
    "source",
    "reference",
    "expected",
    "negative",
    "biomodels_id",
    "laws_degree_1",
    "laws_up_to_degree_2",
    "polynomial_integrals",
    "darboux_polynomials",
    "exponential_factors",
    "rational_integrals",
    "darboux_function_integrals",
    "integrals_on_invariant_set",
    "ansatz_dim_rank_by_degree",
    "rank_of_listed_integrals",
    "max_possible_rank",
)


def system(variables, drift=None, controls=(), parameters=(), relations=()):
    r"""
    Return the family of a system given by strings: polynomial, rational, or with roots and functions, free or bound by
    relations.

    INPUT:

    - ``variables`` -- list of names or symbols; or a text with the whole system, ``"S' = -b*S*I; I' = b*S*I - g*I"``,
      whose other names are parameters; or the drift itself, as a dictionary by variable

    - ``drift`` -- list of expressions as strings, one a variable, or a dictionary by variable, in the variables and
      parameters: numbers, ``+ - * / ^``, parentheses, and the functions ``sqrt``, ``sin``, ``cos``, ``tan``, ``exp``,
      ``log``, ``sinh``, ``cosh``, ``tanh``, ``sigmoid``

    - ``controls`` -- list of such lists or dictionaries

    - ``parameters`` -- list of names, which stay indeterminate, or of ``"name = value"``; or a dictionary with values
      or ``None``

    - ``relations`` -- list of expressions that vanish on the states considered, or equations; that the flow keeps them
      is proved.  A dictionary may leave out the equation of a variable that they determine

    Denominators, also those in the parameters, are multiplied away: that changes the time, and no law.  A root or a
    function becomes a coordinate of its own, see ``family.meaning``.

    EXAMPLES:

    The free rigid body with indeterminate moments of inertia::

        sage: from sage_conslaw import conservation_laws
        sage: from sage_conslaw.inputs.systems import system
        sage: top = system(["x", "y", "z"], ["a*y*z", "b*x*z", "c*x*y"], parameters=["a", "b", "c"])
        sage: conservation_laws(top)
        2 independent laws of degree at most 2 in 3 coordinates, complete (proved)

    Kepler's problem in the plane: energy, angular momentum, and the vector of Laplace, Runge and Lenz, of whose two
    components one is independent of the others::

        sage: kepler = system(["x", "y", "px", "py"], ["px", "py", "-x/(x^2+y^2)^(3/2)", "-y/(x^2+y^2)^(3/2)"])
        sage: kepler.meaning
        {'isqrt_1': '1/sqrt(x^2 + y^2)'}
        sage: conservation_laws(kepler, degree=3)
        3 independent laws of degree at most 3 in 4 coordinates, complete (proved)

    The same with its relation written down, and a pendulum::

        sage: kepler = system(["x", "y", "px", "py", "u"], ["px", "py", "-x*u^3", "-y*u^3", "-u^3*(x*px + y*py)"],
        ....:     relations=["u^2*(x^2 + y^2) - 1"])
        sage: conservation_laws(kepler, degree=2).laws
        (y*px - x*py, px^2 + py^2 - 2*u)
        sage: conservation_laws(system(["q", "p"], ["p", "-sin(q)"])).laws
        (p^2 - 2*cos_q,)

    Michaelis and Menten's kinetics, and a parameter with a value::

        sage: conservation_laws(system(["S", "P"], ["-V*S/(K + S)", "V*S/(K + S)"], parameters=["V", "K = 1/2"]),
        ....:     degree=1).laws
        (S + P,)

    A dictionary is read by the names of the variables, in any order::

        sage: sir = system(["S", "I"], {"I": "b*S*I - I", "S": "-b*S*I"}, parameters=["b"])
        sage: sir.drift == system(["S", "I"], ["-b*S*I", "b*S*I - I"], parameters=["b"]).drift
        True
        sage: system(["S", "I"], {"S": "-S*I", "i": "S*I"})
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: the drift has the key 'i'; did you mean 'I'? known: S, I

        sage: system({"q": "p", "p": "-q"}).drift == system(["q", "p"], ["p", "-q"]).drift
        True

    What cannot be read is said in one line::

        sage: system(["x", "y"], ["y"])
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: the drift has 1 component for 2 variables; give one a variable
        sage: system(["x"], ["erf(x)"])
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: drift 1 (x'): syntax error in "erf(x)": erf(...) is not a function known here; allowed
        are numbers, names, + - * / ^ and parentheses, and the functions sqrt, ...
        sage: system(["x"], ["k*x"])
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: drift 1 (x'): syntax error in "k*x": the name 'k' is not known (known: x); ...
        sage: system(["x"], ["x"], parameters=["x"])
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: the name x is a variable and a parameter; names must be distinct
        sage: system(["x", "y"], ["y", "x"], relations=["x^2 + y^2 - 1"])
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: the drift does not keep the relation x^2 + y^2 - 1 = 0: its derivative is 4*x*y modulo
        the relations; give relations that the flow keeps
    """
    # Equations in one text; a mixture with the other arguments could contradict them.
    if isinstance(variables, str) and "=" in variables:
        if drift is not None or controls or parameters or relations:
            raise InputError("a text with equations is a whole system; give it alone, with its parameters in it")
        return read_record(lines_record(variables), strict=True)
    if isinstance(variables, dict) and drift is None and not controls:
        variables, drift = list(variables), variables
    # Values are put in as exact text before anything is parsed.
    parameters, values = parameters_and_values(parameters)
    variables = checked_names(variables, "variable")
    # One name for a number and for what moves: whatever was meant, one of the two would be lost.
    both = sorted(set(variables) & {*parameters, *values})
    if both:
        raise InputError(f"the name {both[0]} is a variable and a parameter; names must be distinct")
    if not variables:
        raise InputError("a system needs at least one variable")
    if len(variables) + len(parameters) > MAX_VARIABLES:
        raise InputError(
            f"{len(variables)} variables and {len(parameters)} parameters are too many; at most {MAX_VARIABLES} in all"
        )
    if isinstance(controls, (str, bytes, dict)) or not hasattr(controls, "__iter__"):
        raise InputError(
            f"controls are {shortened(repr(controls), 100)}; give a list of fields, each a list of "
            f"polynomials, one a variable"
        )
    # A text is iterable, letter by letter.
    if isinstance(relations, (str, bytes, dict)) or not hasattr(relations, "__iter__"):
        raise InputError(f"relations are {shortened(repr(relations), 100)}; give a list of expressions that vanish")
    fields = ([] if drift is None else [("the drift", drift)])
    fields += [(f"control {i}", field) for i, field in enumerate(controls, start=1)]
    if not fields:
        raise InputError("a system needs a drift or controls; give drift = one polynomial a variable")
    relations = [with_values(difference_of_sides(text_of(relation)), values) for relation in relations]
    texts = [
        [
            None if text is None else with_values(text, values)
            for text in components_in_order(field, what, variables, relations)
        ]
        for what, field in fields
    ]
    # Most systems are polynomial; functions need the reader that makes coordinates of them.
    if not relations:
        family = polynomial_family(variables, parameters, texts, drift is not None)
        if family is not None:
            return family
    return VectorFieldFamily.from_written(
        Written(parameters, variables, texts, [what for what, _ in fields], relations, drift is not None)
    )


def read_record(record, strict=False):
    r"""
    Return what a record of a system holds: a family, or the components of `\phi`.

    INPUT:

    - ``record`` -- dictionary with ``variables``, optional ``parameters``, and ``drift`` and/or ``controls``, or
      ``phi``

    - ``strict`` -- whether any unknown key is an error, as in a file of one system; where not, a remark may have any
      name that is not close to one of these

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
        sage_conslaw.InputError: the system has the key 'drfit'; did you mean 'drift'? known: variables, parameters,
        drift, controls, relations, phi
    """
    if not isinstance(record, dict):
        raise InputError(f"a system is an object with variables and drift, not {type(record).__name__}")
    _check_keys(record, strict)
    if "variables" not in record:
        raise InputError(
            f"the system has no variables; it has {shortened(', '.join(map(str, record)), 100) or 'nothing'}"
        )
    if "phi" in record:
        # phi stands for the gradients of a loss of it; a drift beside them is another question.
        if record.get("parameters") or "drift" in record or "controls" in record:
            raise InputError("a system with phi has no parameters, drift or controls: give these or phi")
        names = checked_names(record["variables"], "variable")
        if not isinstance(record["phi"], list):
            raise InputError(f"phi is {shortened(repr(record['phi']), 60)}; give a list of polynomials")
        parsed = parse_polynomials(list(map(text_of, record["phi"])), names)[1]
        ring = PolynomialRing(QQ, names, len(names))
        return [to_sage(f, ring) for f in parsed]
    if "drift" not in record and "controls" not in record:
        raise InputError(
            f"the system has no drift, controls or phi; it has {shortened(', '.join(map(str, record)), 100)}"
        )
    return system(record["variables"], record.get("drift"), record.get("controls", ()), record.get("parameters", ()),
                  record.get("relations", ()))


def _check_keys(record, strict):
    """Refuse a key that is none of a system's: a word that was misspelt would be a part of it that nobody reads."""
    for key in record:
        # A file of one system is written for this program, so every key is meant; collections have columns of their
        # own.
        if key not in KEYS and key not in REMARKS and (strict or unknown_key(key, KEYS, 0.75)):
            raise InputError(
                f"the system has the key {shortened(repr(key), 60)}; {unknown_key(key, KEYS)}known: {', '.join(KEYS)}"
            )


def read_system(path):
    r"""
    Read a system from a file; nothing in the file is evaluated.

    INPUT:

    - ``path`` -- a JSON or TOML file with ``variables`` and ``drift``; a model in SBML (``.xml``, ``.sbml``) or
      Antimony (``.ant``), see :mod:`sage_conslaw.inputs.biology`; or a text (``.txt`` or any other ending) with lines
      ``S' = ...``, see :mod:`sage_conslaw.inputs.lines`, or in Antimony

    Constants of a model are indeterminate, and laws hold for all their values.  Events, delays, algebraic rules, rates
    that are not rational, and what else is not covered, are refused by name.

    EXAMPLES::

        sage: import tempfile
        sage: from sage_conslaw.inputs.systems import read_system
        sage: text = ('variables = ["S", "I", "R"]\nparameters = ["b", "g"]\n'
        ....:         '[drift]\nS = "-b*S*I"\nI = "b*S*I - g*I"\nR = "g*I"')
        sage: with tempfile.NamedTemporaryFile("w", suffix=".toml") as f:
        ....:     _ = f.write(text); f.flush()
        ....:     read_system(f.name)
        Family of vector fields with a drift in b, g, S, I, R
        sage: with tempfile.NamedTemporaryFile("w", suffix=".txt") as f:
        ....:     _ = f.write("S' = -b*S*I\nI' = b*S*I - g*I\nR' = g*I"); f.flush()
        ....:     read_system(f.name)
        Family of vector fields with a drift in b, g, S, I, R
    """
    return read_record(_record(path), strict=True)


def _record(path):
    """Return the record that a file of any of the formats holds."""
    if not isinstance(path, (str, PurePath)):
        raise InputTypeError(f"{shortened(repr(path))} is no path of a file; give e.g. \"model.toml\"")
    suffix = PurePath(path).suffix.lower()
    # The ending says the format where it is one of these; of other files the text does.
    if suffix in ("", ".json", ".toml"):
        return load(path, "with variables and drift")
    text, name = read_text(path, "with a system: JSON, TOML, SBML, Antimony, or lines S' = ...")
    if suffix in (".xml", ".sbml") or text.lstrip().startswith("<"):
        return sbml_record(text, name)
    if text.lstrip().startswith("{"):
        return load(path, "with variables and drift")
    if suffix != ".ant" and is_lines(text) and not is_antimony(text):
        return lines_record(text, name)
    if suffix in (".ant", ".txt") and (suffix == ".ant" or is_antimony(text)):
        return antimony_record(text, name)
    raise InputError(f"{shortened(name, 100)} has no system that is known: give JSON, TOML, SBML (.xml), Antimony "
                     "(.ant), or lines S' = ... (.txt)")


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
            raise InputError(
                f"system {number} of the collection is {type(entry).__name__}, not an object with variables and drift"
            )
        # Systems without a name are known by their place.
        name = str(entry.get("name", number))
        if name in families:
            raise InputError(
                f"the collection has two systems of the name {shortened(name, 60)}; names must be distinct"
            )
        try:
            families[name] = read_record(entry)
        # Of hundreds of systems, which one: the reader of the message has the file.
        except InputError as error:
            raise InputError(f"system {number} ({shortened(name, 60)}): {error}") from None
    return families
