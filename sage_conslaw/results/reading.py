r"""
Results from their records: what ``to_dict`` wrote, read back.
"""
import re
from dataclasses import MISSING, fields

from .._sage import QQ, PolynomialRing, Unknown
from ..expressions.polynomials import parse_polynomials
from ..exact.terms import to_sage
from ..runtime.errors import InputError, InputTypeError

# What a record has under another name than the result, or made of several of its attributes.
_DERIVED = {
    "number", "number_at_least", "number_at_most", "independent_laws_found", "matrix_notation", "readable_laws",
    "degree_in_time", "formula", "assumption", "coordinates", "real", "formula_where", "open_segments",
    "remarks", "region", "eps_zero",
}


def result_from_dict(kind, record):
    r"""
    Return the result of a record; what only a session has, the network and its fields, is not in it: laws are
    evaluated at their variables, and there is no certificate.

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, networks
        sage: from sage_conslaw.results.laws import ConservationLaws
        sage: r = conservation_laws(networks.linear([2, 1, 2]), seed=0)
        sage: again = ConservationLaws.from_dict(r.to_dict()); again
        1 independent law of degree at most 2 in 4 parameters, complete (proved, no assumption)
        sage: again.to_dict() == r.to_dict(), again.laws
        (True, (U1_1_1^2 + U1_2_1^2 - U2_1_1^2 - U2_1_2^2,))
        sage: again.evaluate({"U1": [[1], [2]], "U2": [[3, 4]]})
        {'U1_1_1^2 + U1_2_1^2 - U2_1_1^2 - U2_1_2^2': np.float64(-20.0)}
        sage: ConservationLaws.from_dict({"number": 3})
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: the record has no 'architecture'; give what to_dict() of a result wrote
    """
    if not isinstance(record, dict):
        raise InputTypeError(f"a record is a dictionary, as to_dict() writes it, not {type(record).__name__}")
    known = {field.name: field for field in fields(kind)}
    given = {}
    for name, field in known.items():
        # These two are objects that know the network: their words are in the record, and stay there.
        if name in record and name not in ("real", "region"):
            given[name] = _tuples(record[name])
        # Only what every record has is required; the keys that came later have defaults.
        elif field.default is MISSING and field.default_factory is MISSING:
            raise InputError(f"the record has no {name!r}; give what to_dict() of a result wrote")
    # Records from before bounds were told have the number of laws found, which is a lower bound.
    given["laws_at_least"] = record.get("number_at_least", record.get("independent_laws_found", 0))
    # What is no attribute and is not derived was an option of the network, in the order of keys.
    given["options"] = tuple(
        sorted((key, value) for key, value in record.items() if key not in known and key not in _DERIVED)
    )
    given["record"] = dict(record)
    if "laws" in known:
        given["laws"], given["terms"] = _polynomials(record.get("laws", []))
        given["complete"] = Unknown if record.get("complete") is None else record["complete"]
        given["coordinates"] = tuple(record.get("coordinates", {}).items())
        given["time_degree"] = record.get("degree_in_time")
    return kind(**given)


def _tuples(value):
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _polynomials(texts):
    """Return laws as polynomials in the variables that they have, ordered by their names and the numbers in these, and
    as sparse terms."""
    names = sorted(
        {name for text in texts for name in re.findall(r"[A-Za-z_]\w*", text)},
        # x2 before x10: digits are compared as numbers, and never with letters.
        key=lambda name: [
            (part.isdigit(), int(part) if part.isdigit() else part) for part in re.split(r"(\d+)", name) if part
        ],
    )
    if not texts:
        return (), ()
    ring = PolynomialRing(QQ, names, len(names))
    terms = tuple(parse_polynomials(list(texts), names)[1])
    return tuple(to_sage(law, ring) for law in terms), terms
