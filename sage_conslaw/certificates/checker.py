r"""
The checker: everything a certificate says is recomputed from what it stores; nothing is searched.
"""
import numpy as np
from flint import fmpz

from ..exact.arithmetic import ModularArithmetic, UnluckyPrime
from ..fields.bracket import given_field
from ..inputs.polynomials import parse_polynomials
from ..laws.independence import jacobian
from .record import ASSUMPTION, SCHEMA, CertificateError, digest, family_record, rebuild_family, statement
from .witness import determinant, walk, word_field

# A word of this many letters nests as many dual numbers, each three times as costly: more is no honest certificate.
MAX_LETTERS = 12


def check(record):
    r"""
    Check a certificate, exactly: laws as polynomial identities over Q, both ranks by stored minors, and the sum.

    INPUT:

    - ``record`` -- a dictionary as from ``result.certificate()`` or :func:`read`

    OUTPUT: one line that says what is proved; an invalid certificate raises :class:`CertificateError`

    EXAMPLES::

        sage: from sage_conslaw import certificates, conservation_laws, networks
        sage: record = conservation_laws(networks.linear([2, 1, 2]), seed=0).certificate()
        sage: certificates.check(record)
        '1 independent law in dimension 4, complete: 1 + 3 = 4'
        sage: record["laws"][0] = record["laws"][0].replace("U2_1_1^2", "2*U2_1_1^2")
        sage: from sage_conslaw.certificates.record import digest
        sage: record["digest"] = digest(record)
        sage: certificates.check(record)
        Traceback (most recent call last):
        ...
        sage_conslaw.certificates.record.CertificateError: law 1 is not conserved
    """
    if record.get("schema") != SCHEMA:
        raise CertificateError(f"the schema is {record.get('schema')!r}; known: {SCHEMA}")
    try:
        return _check(record)
    except CertificateError:
        raise
    except UnluckyPrime as error:
        raise CertificateError(str(error)) from None
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, RecursionError) as error:
        raise CertificateError(f"the record is malformed ({type(error).__name__}: {' '.join(str(error).split())[:200]})") from None


def _check(record):
    expected = {"schema", "statement", "assumption", "architecture", "sizes", "flow", "loss", "options", "dimension",
                "family", "laws", "independence", "rank", "digest"}
    if set(record) != expected:
        odd = sorted(set(record) ^ expected)
        raise CertificateError(f"the record has missing or unknown fields: {', '.join(map(str, odd))[:200]}")
    if record["digest"] != digest(record):
        raise CertificateError("the digest is not that of the record: it was changed after it was written")
    family = rebuild_family(record["family"])
    if family_record(family) != record["family"]:
        raise CertificateError("the family is not in normal form: rebuilt, it reads differently")
    _check_family(family)
    _check_named(record)
    _check_names(family)
    n = family.moving_dimension
    if record["dimension"] != n:
        raise CertificateError(f"the dimension is {n}, not {record['dimension']}")
    laws = parse_polynomials(record["laws"], family.names)[1]
    for number, kept in enumerate(family.conserved(laws), start=1):
        if not kept:
            raise CertificateError(f"law {number} is not conserved")
    m = _check_independence(record["independence"], laws, family)
    r = _check_rank(record["rank"], family)
    if record["statement"] != statement(n, m, r):
        raise CertificateError("the statement is not what the certificate proves")
    if record["assumption"] != ASSUMPTION[record["family"]["kind"]]:
        raise CertificateError("the assumption is not that of this kind of family")
    laws = f"{m} independent law{'' if m == 1 else 's'} in dimension {n}"
    return f"{laws}, complete: {m} + {r} = {n}" if m + r == n else f"{laws}, at most {n - r} in all"


def _check_family(family):
    """Check that constants do not move, and that the drift is the one whose exact flow is claimed."""
    fields = ([family.drift] if family.drift else []) + list(getattr(family, "controls", []))
    if any(field[i] for field in fields for i in family.constants):
        raise CertificateError("a constant of the family moves")
    if family.exact_flow is None:
        return
    kind, number = family.exact_flow
    D, time, first = family.response.dimension, family.time, family.first_parameter
    velocity = range(first + D, first + 2 * D)
    if family.first_forced != first + D or family.dimension != first + 2 * D or time != first - 1:
        raise CertificateError("the exact flow does not fit the state")
    if kind == "linear":
        clock, push, damp = {(): 1}, [{(j,): 1} for j in velocity], [{} for _ in velocity]
    elif kind == "power":
        clock, push = {(time,): 1}, [{(time, j): 1} for j in velocity]
        damp = [{(j,): -number} if number else {} for j in velocity]
    elif kind == "exponential":
        tau = tuple(family.constants) if number is None else ()
        rate = 1 if number is None else number
        clock, push = {tau + (time,): rate}, [{(j,): 1} for j in velocity]
        damp = [{tau + (j,): -rate} for j in velocity]
    else:
        raise CertificateError(f"the exact flow {kind!r} is not known")
    if family.drift != [{} for _ in range(time)] + [clock] + push + damp:
        raise CertificateError("the drift is not the one whose exact flow is claimed")


def _check_named(record):
    """Check that a network of the catalog, by its name, has the graph of the record."""
    from ..networks.catalog import CATALOG, by_name
    from .record import graph_record, named_options
    if record["family"]["kind"] != "network":
        if record["architecture"] not in ("phi", "system") or record["sizes"] or record["options"]:
            raise CertificateError(f"the architecture {record['architecture']!r} has no network in this record")
        if record["family"]["kind"] == "phi":
            _check_flow_name(record)
        flow = ("family" if record["family"].get("controls") else "drift") if record["architecture"] == "system" else record["flow"]
        loss = "none" if record["architecture"] == "system" else "least-squares"
        if record["architecture"] != record["family"]["kind"] or record["flow"] != flow or record["loss"] != loss:
            raise CertificateError("the architecture, the flow or the loss is not that of the family")
        return
    if record["architecture"] in CATALOG:
        network = by_name(record["architecture"], record["sizes"], **record["options"])
        if named_options(network) != record["options"]:
            raise CertificateError("the options are not in normal form")
        if graph_record(network.response(record["loss"])) != record["family"]["graph"]:
            raise CertificateError(f"the graph is not that of {record['architecture']} {record['sizes']}")
    elif record["architecture"] != "custom" or record["sizes"]:
        raise CertificateError(f"the architecture {str(record['architecture'])[:30]!r} is not known")
    _check_flow_name(record)


def _check_flow_name(record):
    if record["flow"] not in ("gradient", "momentum", "nesterov"):
        raise CertificateError(f"the flow {record['flow']!r} is not known")
    second_order = record["family"]["first_forced"] != record["family"]["first_parameter"]
    if second_order != (record["flow"] != "gradient"):
        raise CertificateError(f"the family is not of the flow {record['flow']!r}")
    if record["flow"] == "nesterov" and record["family"]["exact_flow"] not in ("none", ["power", "3"]):
        raise CertificateError("the family is not of Nesterov's flow")


def _check_names(family):
    """Check that the state of a flow is named after the parameters: time s or t, velocities d and the name."""
    if not hasattr(family, "response"):
        return
    names, D, first = list(family.response.names), family.response.dimension, family.first_parameter
    if family.time != (first - 1 if first else None):
        raise CertificateError("the time is not where it belongs")
    head = ["tau"] * len(family.constants)
    if family.time is not None:
        # Without an exact flow the clock alone does not tell exp(t) from a time that was multiplied by t.
        either = family.exact_flow is None and family.names[family.time][:1] in ("s", "t")
        exponential = family.exact_flow is not None and family.exact_flow[0] == "exponential"
        head.append(family.names[family.time][:1] if either else "s" if exponential else "t")
    expected = head + names + (["d" + name for name in names] if family.first_forced > first else [])
    if len(expected) != family.dimension or family.names[first:first + D] != names or any(
            a.rstrip("_") != b.rstrip("_") for a, b in zip(family.names, expected)):
        raise CertificateError("the coordinates are not named after the parameters")


def _prime(p):
    if not isinstance(p, int) or isinstance(p, bool) or not 2**20 < p < 2**62 or not fmpz(p).is_prime():
        raise CertificateError("the prime is not a prime between 2^20 and 2^62")
    return p


def _residues(numbers, length, p, what):
    if len(numbers) != length or not all(type(x) is int for x in numbers):
        raise CertificateError(f"{what} is not a list of {length} integers")
    return np.array([x % p for x in numbers], dtype=np.int64)


def _check_minor(values, rows, columns, minor, p, what):
    for name, chosen, bound in (("rows", rows, values.shape[0]), ("pivots", columns, values.shape[1])):
        if len(set(chosen)) != len(chosen) or not all(type(i) is int and 0 <= i < bound for i in chosen):
            raise CertificateError(f"{what}: the {name} are not distinct indices below {bound}")
    if len(rows) != len(columns):
        raise CertificateError(f"{what}: {len(rows)} rows and {len(columns)} pivots are no square minor")
    value = determinant(values[np.array(rows, dtype=np.int64)][:, np.array(columns, dtype=np.int64)], p)
    if not value or value != minor:
        raise CertificateError(f"{what}: the minor is {value} modulo the prime, not {str(minor)[:30]}")
    return len(rows)


def _check_independence(part, laws, family):
    if set(part) != {"prime", "point", "rows", "pivots", "minor"}:
        raise CertificateError("the independence record has missing or unknown fields")
    p = _prime(part["prime"])
    point = _residues(part["point"], family.dimension, p, "the point of the independence")
    if set(part["pivots"]) & set(family.constants):
        raise CertificateError("independence: a pivot is a constant")
    values = jacobian(laws, family.dimension, point, p)
    return _check_minor(values, part["rows"], part["pivots"], part["minor"], p, "independence")


def _check_rank(part, family):
    keys = {"prime", "point", "rank", "kind", "pivots", "minor"}
    keys |= {"words"} if part.get("kind") == "words" else {"path", "fields"}
    if set(part) != keys or part["kind"] not in ("words", "path"):
        raise CertificateError("the rank record has missing or unknown fields")
    p = _prime(part["prime"])
    z = _residues(part["point"], family.dimension, p, "the point of the rank")
    values = (_word_values if part["kind"] == "words" else _path_values)(part, family, z, p)
    rank = _check_minor(values, list(range(len(values))), part["pivots"], part["minor"], p, "rank")
    if rank != part["rank"]:
        raise CertificateError(f"the rank shown is {rank}, not {part['rank']}")
    return rank


def _check_letter(letter, family, pushed):
    keys = {"data"} | ({"weight"} if family.drift is not None else set()) | ({"step"} if pushed else set())
    if set(letter) != keys or len(letter["data"]) != family.data_size * family.has_controls:
        raise CertificateError("a letter of the rank record has missing or unknown fields")
    if not all(type(x) is int for x in [*letter["data"], letter.get("weight", 0), letter.get("step", 1)]):
        raise CertificateError("a letter of the rank record has an entry that is not an integer")


def _word_values(part, family, z, p):
    A, n = ModularArithmetic(p), family.dimension
    pushed = family.exact_flow is not None and family.has_controls
    by_length = {}
    for i, word in enumerate(part["words"]):
        if not 1 <= len(word) <= MAX_LETTERS:
            raise CertificateError(f"a word has {len(word)} letters; allowed are 1 to {MAX_LETTERS}")
        for letter in word:
            _check_letter(letter, family, pushed)
        by_length.setdefault(len(word), []).append(i)
    values = np.zeros((len(part["words"]), n), dtype=np.int64)
    for indices in by_length.values():
        words = [part["words"][i] for i in indices]
        values[indices] = np.broadcast_to(word_field(family, words, p)(A, z), (len(words), n))
    return values


def _path_values(part, family, z, p):
    if family.exact_flow is None or not family.shears:
        raise CertificateError("the family has no exact flows, so a path proves nothing")
    if len(part["fields"]) != len(part["path"]) + 1 or len(part["path"]) > 10 * family.dimension:
        raise CertificateError("the path and the fields along it do not fit")
    A, n = ModularArithmetic(p), family.dimension
    tangents = np.zeros((0, n), dtype=np.int64)
    for letters, step in zip(part["fields"], [*part["path"], None]):
        for letter in letters:
            _check_letter(letter, family, False)
        if letters:
            values = np.broadcast_to(given_field(family, letters, p)(A, z), (len(letters), n))
            tangents = np.concatenate([tangents, values])
        if step is not None:
            if set(step) != {"step", "data"} or type(step["step"]) is not int or step["step"] % p == 0:
                raise CertificateError("a step of the path has missing or unknown fields")
            _check_letter({"data": step["data"], "weight": 0}, family, False)
            z, tangents = walk(family, step, z, tangents, p)
    return tangents
