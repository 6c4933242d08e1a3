r"""
The package's checker: it rebuilds the fields from the problem and recomputes all that a certificate says; nothing is
searched, nothing derived is believed.

It ends after 60 s and with 2 GB, whatever the record says: sizes are compared before anything is built, work is
estimated before it is begun, and :func:`check` runs in a process of its own, which is ended where an estimate was too
low.
"""
import math
import os
import resource

import numpy as np
from flint import fmpz

from ..exact import terms as sparse
from ..exact.arithmetic import ModularArithmetic
from ..exact.primes import UnluckyPrime
from ..exact.linear_algebra import rank as rank_modulo
from ..fields.bracket import given_field
from ..graph.tensor import Data
from ..laws.independence import jacobian
from ..runtime.deadline import ComputationLost, Deadline, TimeLimitReached
from ..runtime.isolated import isolated
from .errors import BeyondLimits, CertificateError
from .problem_rebuilt import MAX_COORDINATES, parsed, rebuilt, rebuilt_network_of
from .real_witness import RealData, expanded
from .record import arranged_back, digest
from .schema import check_schema
from .growth import check_growth
from .wide import check_wide
from .witness import determinant, walk, word_field
from .words import assumption_of, statement

SECONDS = 60
# What a minor of 4000 coordinates takes, twice.
MEMORY_BYTES = 2 << 30
# Products of numbers; numpy takes about 2e7 of them modulo a prime in a second.
MAX_WORK = 600_000_000
# Entries of the arrays of one batch of words, nested duals included: 0.8 GB with what is kept between.
_BATCH_ENTRIES = 10_000_000
# Entries of all nodes and terms of all products of a graph.
MAX_ENTRIES = 4_000_000


def check(record):
    r"""
    Check a certificate, exactly: laws as polynomial identities over Q, both ranks by stored minors, and the sum.

    INPUT:

    - ``record`` -- a dictionary as from ``result.certificate()`` or :func:`read`

    OUTPUT: one line that says what is proved, in full: number, architecture, loss, flow, metric and assumption; an
    invalid certificate, or one that takes more than 60 s or 2 GB, raises :class:`CertificateError`

    EXAMPLES::

        sage: from sage_conslaw import certificates, conservation_laws, networks
        sage: record = conservation_laws(networks.linear([2, 1, 2]), seed=0).certificate()
        sage: certificates.check(record)
        '1 independent law in dimension 4, complete: 1 + 3 = 4; linear 2 1 2, least-squares loss, gradient flow,
        euclidean metric; nothing is assumed'
        sage: record["laws"][0] = record["laws"][0].replace("U2_1_1^2", "2*U2_1_1^2")
        sage: from sage_conslaw.certificates.record import digest
        sage: record["digest"] = digest(record)
        sage: certificates.check(record)
        Traceback (most recent call last):
        ...
        sage_conslaw.certificates.errors.CertificateError: law 1 is not conserved
    """
    return bounded(examine, record)


def bounded(function, *arguments, seconds=SECONDS):
    """
    Return ``function(*arguments)`` from a process that is ended after some seconds and gets at most 2 GB more than this
    one has.
    """
    deadline = Deadline(seconds)
    try:
        good, value = isolated(_limited, function, arguments, deadline=deadline)
    except TimeLimitReached:
        if deadline.remaining():
            # The caller's own limit: nothing is said of the certificate, which may take no longer than others.
            raise
        raise BeyondLimits(f"the check takes more than {seconds} s") from None
    except ComputationLost as error:
        raise BeyondLimits(f"the check takes more than {MEMORY_BYTES >> 30} GB, or fails: {str(error)[:200]}") from None
    if not good:
        kind, reason = value
        raise (BeyondLimits if kind == "limits" else CertificateError)(reason)
    return value


def _limited(function, arguments):
    # Libraries that this process has loaded count in its address space, so the limit is beyond what it holds already.
    if os.path.exists("/proc/self/statm"):
        with open("/proc/self/statm", encoding="ascii") as stream:
            limit = int(stream.read().split()[0]) * resource.getpagesize() + MEMORY_BYTES
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
    try:
        return True, function(*arguments)
    except BeyondLimits as error:
        return False, ("limits", str(error))
    except CertificateError as error:
        return False, ("invalid", str(error))


def examine(record):
    """Check a certificate as :func:`check` does, in this process."""
    try:
        check_schema(record)
        return _examine(record)
    except CertificateError:
        raise
    except UnluckyPrime as error:
        raise CertificateError(str(error)) from None
    except MemoryError:
        raise BeyondLimits("the check takes more memory than it may") from None
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, RecursionError) as error:
        raise CertificateError(
            f"the record is malformed ({type(error).__name__}: {' '.join(str(error).split())[:200]})"
        ) from None


def _examine(record):
    # The digest shows an accident, a file cut or edited by hand. A forger computes it too: it proves nothing.
    if record["digest"] != digest(record):
        raise CertificateError("the digest is not that of the record: it was changed after it was written")
    if "width" in record:
        grown = record["width"]["kind"] == "growth"
        if record["assumption"] != ("span" if grown else assumption_of(record["problem"])):
            raise CertificateError("the assumption is not that of this kind of problem")
        return _stated(record, *(check_growth if grown else check_wide)(record, _prime(record["width"]["prime"])))
    # From here on nothing is built before its size is known: a billion takes no longer to write than a one.
    _check_sizes(record)
    family, places = rebuilt(record["problem"])
    if family.dimension > MAX_COORDINATES + 1:
        raise CertificateError(f"the state has more than {MAX_COORDINATES} coordinates")
    _check_metric(family)
    n = family.moving_dimension
    if record["dimension"] != n:
        raise CertificateError(f"the dimension is {n}, not {record['dimension']}")
    if record["assumption"] != assumption_of(record["problem"], "real" in record):
        raise CertificateError("the assumption is not that of this kind of problem")
    _check_work(record["rank"], family)
    # Letters that name samples are written out first: what is checked then is a rank of the model's own fields, and the
    # samples show that these are real ones.
    if "real" in record:
        record = record | {"rank": expanded(record["rank"], _real_data(record), record["rank"]["prime"])}
    laws = parsed(record["laws"], family.names, "a law")
    for number, law in enumerate(laws, start=1):
        # Every field annihilates constants and functions of constant coordinates; they are no laws of N - r.
        if not {i for monomial in law for i in monomial} - set(family.constants):
            raise CertificateError(f"law {number} is constant: that is no law")
    m = _check_independence(record["independence"], laws, family)
    r = _check_rank(arranged_back(record["rank"], places, family.data_size), family)
    # Exactly over Q, for all data at once: modulo a prime a false law of large coefficients could pass.
    for number, kept in enumerate(family.conserved(laws), start=1):
        if not kept:
            raise CertificateError(f"law {number} is not conserved")
    return _stated(record, n, m, r)


def _real_data(record):
    """Return the data of letters that name samples, at the real point of a record."""
    problem, real = record["problem"], record["real"]
    metric = problem["flow"]["metric"] if problem["kind"] == "network" else {"at": None}
    if isinstance(metric, dict) and "at" in metric:
        raise CertificateError("real gradients are read of networks in a named metric")
    network, nodes = rebuilt_network_of(problem)
    above, start = network.parameters if metric == "mirror" else () if metric == "euclidean" else metric["positive"], 0
    for leaf, shape in network.parameters.items():
        size = math.prod(shape)
        here = real["parameters"][start:start + size]
        if leaf in above and min(here, default=1) <= 0:
            raise CertificateError("a parameter of the real point is not positive where the metric needs it")
        start += size
    tokens = [node.one_hot for node in nodes if isinstance(node, Data) and node.kind == "input"]
    # Samples of tokens would have to be one-hot, which the file's integers are not asked to be.
    if any(tokens):
        raise CertificateError("real gradients are read of networks without tokens")
    return RealData(network, nodes, problem["loss"], real["parameters"], real["samples"])


def _stated(record, n, m, r):
    # Made anew from problem and numbers: a true proof under a false sentence is a forgery too.
    proved = statement(record, n, m, r)
    if record["statement"] != proved:
        raise CertificateError("the statement is not what the certificate proves")
    return proved


def _check_sizes(record):
    """Refuse a graph that is too large to build, from its shapes alone."""
    total, shapes = 0, []
    for node in record["problem"].get("graph", {"nodes": []})["nodes"]:
        if not all(i < len(shapes) for i in node.get("inputs", [])):
            raise CertificateError("the graph is not in order: a node is made of later ones")
        inputs = [shapes[i] for i in node.get("inputs", [])]
        if node["op"] == "contract":
            left, right, result = node["spec"].replace("->", ",").split(",")
            sizes = dict(zip(left, inputs[0])) | dict(zip(right, inputs[1]))
            if not set(result) <= set(sizes) or any(len(set(part)) < len(part) for part in (left, right, result)):
                raise CertificateError("a contraction names an axis twice, or one that its inputs do not have")
            if any((letter in left) + (letter in right) + (letter in result) < 2 for letter in sizes):
                raise CertificateError("a contraction sums over an axis of one factor")
            shapes.append([sizes[letter] for letter in result])
            total += math.prod(sizes.values())
        elif "shape" in node:
            shapes.append(node["shape"])
            length = len(node.get("indices", node.get("values", ())))
            if node["op"] in ("gather", "constant") and length != math.prod(node["shape"]):
                raise CertificateError("a node has not as many entries as its shape says")
        elif node["op"] == "cut" and node["function"].endswith(" without last") and inputs[0]:
            shapes.append([*inputs[0][:-1], inputs[0][-1] - 1])
        else:
            shapes.append(inputs[0])
        if node["op"] == "cut" and inputs[0]:
            # Here a short file asks for a large array, the rows that span what sums to zero: with a mask, for each row.
            total += 2 * inputs[0][-1] ** 2 if "mask" not in node else len(node["mask"]) * inputs[0][-1]
        total += math.prod(shapes[-1])
        if total > MAX_ENTRIES:
            raise CertificateError(f"the graph has more than {MAX_ENTRIES} entries and terms")
    if record["problem"].get("loss") == "cross-entropy":
        sizes = (
            record["problem"]["sizes"]
            if not shapes
            else shapes[min(record["problem"]["graph"]["output"], len(shapes) - 1)]
        )
        if sizes and sizes[-1] ** 2 > MAX_ENTRIES:
            raise CertificateError(
                f"there are {sizes[-1]} classes; a certificate has at most {math.isqrt(MAX_ENTRIES)}"
            )


def _check_metric(family):
    """Refuse a metric that is singular at generic points: one regular point shows that it is not."""
    metric = getattr(family, "metric", None)
    if metric is None:
        return
    size = family.response.dimension
    # Nonzero modulo a prime at one point is nonzero at generic points. A metric that happens to be singular there is
    # refused wrongly, with probability below degree * size / 2^40 (Schwartz, Zippel).
    if all(i == j for i, j, _ in metric):
        good = len(metric) == size and all(f for _, _, f in metric)
    else:
        p, generator = (1 << 61) - 1, np.random.default_rng(0)
        z = generator.integers(1, 1 << 40, size=family.dimension)
        square = np.zeros((size, size), dtype=np.int64)
        values = sparse.PolynomialMap([f for _, _, f in metric], family.dimension)(ModularArithmetic(p), z)
        for (i, j, _), value in zip(metric, values):
            square[i, j] = value
        good = rank_modulo(square, p) == size
    if not good:
        raise CertificateError("the metric is singular")


def _cost(family):
    """Return about how many products one field takes, and how many numbers are kept for it."""
    response, terms = getattr(family, "response", None), 0
    kept = family.dimension
    for node in getattr(response, "order", ()):
        kept += node.size
        if node.operation is not None:
            terms += sum(len(outs) for outs, _ in node.operation.terms(*(child.shape for child in node.inputs)))
    polynomials = [*(family.drift or ()), *(f for field in getattr(family, "controls", ()) for f in field)]
    polynomials += [f for _, _, f in getattr(family, "metric", None) or ()]
    polynomials += [f for gradient in getattr(response, "gradients", ()) for f in gradient.values()]
    written = sum(len(monomial) + 1 for f in polynomials for monomial in f)
    return 3 * terms + written + kept, kept + written


def _check_work(part, family):
    """Refuse draws that take more work than a check may, before it is begun."""
    # A bracket evaluates both fields, and each once more in duals of twice the length: three times the work a letter.
    cost, _ = _cost(family)
    if part["kind"] == "words":
        work = sum(3 ** len(word) for word in part["words"]) * cost
    else:
        work = (sum(map(len, part["fields"])) + 2 * len(part["path"]) * (1 + family.dimension)) * cost
    if work + family.dimension ** 3 // 100 > MAX_WORK:
        raise BeyondLimits("the draws of the rank need more work than a check may take")


def _prime(p):
    # Elimination divides by pivots, which a composite modulus does not allow.
    if not fmpz(p).is_prime():
        raise CertificateError("the prime is not a prime between 2^20 and 2^62")
    return p


def _residues(numbers, length, p, what):
    if len(numbers) != length:
        raise CertificateError(f"{what} is not a list of {length} integers")
    return np.array([x % p for x in numbers], dtype=np.int64)


def _check_minor(values, rows, columns, minor, p, what):
    # Distinct and in range: numpy takes -1 and a row twice without a word.
    for name, chosen, bound in (("rows", rows, values.shape[0]), ("pivots", columns, values.shape[1])):
        if len(set(chosen)) != len(chosen) or not all(i < bound for i in chosen):
            raise CertificateError(f"{what}: the {name} are not distinct indices below {bound}")
    if len(rows) != len(columns):
        raise CertificateError(f"{what}: {len(rows)} rows and {len(columns)} pivots are no square minor")
    value = determinant(values[np.array(rows, dtype=np.int64)][:, np.array(columns, dtype=np.int64)], p)
    # Equal to the stored one, not only nonzero: then no number of a record can be changed unseen.
    if not value or value != minor:
        raise CertificateError(f"{what}: the minor is {value} modulo the prime, not {str(minor)[:30]}")
    return len(rows)


def _check_independence(part, laws, family):
    p = _prime(part["prime"])
    point = _residues(part["point"], family.dimension, p, "the point of the independence")
    # Independent as functions of what moves: with a constant coordinate as a pivot k * h would count beside h.
    if set(part["pivots"]) & set(family.constants):
        raise CertificateError("independence: a pivot is a constant")
    if (
        not all(i < len(laws) for i in part["rows"])
        or len(set(part["rows"])) != len(part["rows"])
        or len(part["rows"]) > family.dimension
    ):
        raise CertificateError("independence: the rows are not distinct laws, at most one a coordinate")
    values = jacobian([laws[i] for i in part["rows"]], family.dimension, point, p).reshape(
        len(part["rows"]), family.dimension
    )
    return _check_minor(values, list(range(len(values))), part["pivots"], part["minor"], p, "independence")


def _check_rank(part, family):
    p = _prime(part["prime"])
    z = _residues(part["point"], family.dimension, p, "the point of the rank")
    values = (_word_values if part["kind"] == "words" else _path_values)(part, family, z, p)
    if len(values) > family.dimension:
        raise CertificateError("the rank has more rows than coordinates")
    rank = _check_minor(values, list(range(len(values))), part["pivots"], part["minor"], p, "rank")
    if rank != part["rank"]:
        raise CertificateError(f"the rank shown is {rank}, not {part['rank']}")
    return rank


def _check_letter(letter, family, pushed):
    # A letter without its weight would be another field than it says; one too many would not be read by one checker.
    keys = {"data"} | ({"weight"} if family.drift is not None else set()) | ({"step"} if pushed else set())
    if set(letter) != keys:
        raise CertificateError("a letter of the rank has missing or unknown keys")


def _word_values(part, family, z, p):
    A, n = ModularArithmetic(p), family.dimension
    pushed = family.exact_flow is not None and family.has_controls
    _, kept = _cost(family)
    # Words of one length are evaluated together: nested duals with a batch axis, as many at once as memory allows.
    by_length = {}
    for i, word in enumerate(part["words"]):
        for letter in word:
            _check_letter(letter, family, pushed)
            if pushed and not letter["step"] % p:
                raise CertificateError("a step is zero modulo the prime")
        by_length.setdefault(len(word), []).append(i)
    values = np.zeros((len(part["words"]), n), dtype=np.int64)
    for length, indices in by_length.items():
        at_once = max(1, _BATCH_ENTRIES // (kept * 2 ** length))
        for start in range(0, len(indices), at_once):
            batch = indices[start:start + at_once]
            words = [part["words"][i] for i in batch]
            values[batch] = np.broadcast_to(word_field(family, words, p)(A, z), (len(words), n))
    return values


def _path_values(part, family, z, p):
    # Orbits are those of exact flows: where a control's flow is not a shear, a step would leave the orbit.
    if family.exact_flow is None or not family.shears:
        raise CertificateError("the family has no exact flows, so a path proves nothing")
    if len(part["fields"]) != len(part["path"]) + 1 or len(part["path"]) > 10 * family.dimension:
        raise CertificateError("the path and the fields along it do not fit")
    A, n = ModularArithmetic(p), family.dimension
    tangents = np.zeros((0, n), dtype=np.int64)
    for letters, step in zip(part["fields"], [*part["path"], None]):
        for letter in letters:
            _check_letter(letter, family, False)
        if len(tangents) + len(letters) > n:
            raise CertificateError("the rank has more rows than coordinates")
        if letters:
            values = np.broadcast_to(given_field(family, letters, p)(A, z), (len(letters), n))
            tangents = np.concatenate([tangents, values])
        # Flows are diffeomorphisms that map the orbit to itself: all tangent vectors are carried to one point.
        if step is not None:
            if step["step"] % p == 0:
                raise CertificateError("a step of the path is zero modulo the prime")
            z, tangents = walk(family, step, z, tangents, p)
    return tangents
