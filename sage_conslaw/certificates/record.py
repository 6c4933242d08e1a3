r"""
The certificate as a JSON record: strings and integers only, in the versioned schema of ``schema.json``.

- ``problem``: what was asked, in the user's terms; the fields, their names and their dimension follow from it;
- ``laws``: polynomials in the names of the state; ``independence``: prime, point, rows and columns of a minor of their
  Jacobian, and its determinant modulo the prime;
- ``rank``: prime, point, the draws that give elements of the Lie algebra, columns of a minor of their values, and its
  determinant;
- ``statement``, what is proved, in words; ``assumption``, under which; ``digest``, SHA-256 of the rest.
"""
import gc
import hashlib
import json
import os
import stat

import numpy as np

from ..exact.linear_algebra import independent_rows
from ..exact.modular import random_array
from ..laws.independence import jacobian
from ..runtime.errors import InputError, NotCovered
from .errors import CertificateError
from .graph_record import data_places, user_nodes
from .growth import growth_witness
from .problem_rebuilt import MAX_COORDINATES, rebuilt
from .problem_record import polynomial_text, problem_record
from .real_witness import covered, each_letter, real_witness
from .schema import SCHEMA
from .wide_layers import KINDS
from .wide_witness import wide_witness
from .witness import determinant, prime_for, rank_witness
from .words import assumption_of, statement

# A certificate of a network with 2000 parameters has 2 MB; a file above this is not read.
MAX_BYTES = 32_000_000

# The largest minor that the plain checker computes in its time; above, a proof from small networks is tried.
_LARGEST_MINOR = 2400


def read(path):
    r"""
    Read a certificate from a regular file of at most 32 MB; anything else is refused in one line, also what JSON lets
    pass: keys given twice, and numbers with a point.

    EXAMPLES::

        sage: from sage_conslaw.certificates import read
        sage: import tempfile
        sage: with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
        ....:     _ = f.write('{"schema": '); f.flush()
        ....:     read(f.name)
        Traceback (most recent call last):
        ...
        sage_conslaw.certificates.errors.CertificateError: ... is not JSON: ...
        sage: read("/dev/zero")
        Traceback (most recent call last):
        ...
        sage_conslaw.certificates.errors.CertificateError: zero is not a regular file
    """
    name = os.path.basename(os.fspath(path))
    # Not blocking, so that opening a pipe that nobody writes to does not wait.
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    # Asked of the open file, not of the path, behind which another may stand by now.
    found = os.fstat(number)
    if not stat.S_ISREG(found.st_mode):
        os.close(number)
        raise CertificateError(f"{name} is not a regular file")
    with os.fdopen(number, "rb") as stream:
        if found.st_size > MAX_BYTES:
            raise CertificateError(f"{name} has {found.st_size} bytes; a certificate has at most {MAX_BYTES}")
        # The size may have grown since it was asked for.
        content = stream.read(MAX_BYTES + 1)
    if len(content) > MAX_BYTES:
        raise CertificateError(f"{name} has more than {MAX_BYTES} bytes")
    # Without the search for cycles, which JSON cannot have: millions of small lists would take minutes.
    collecting = gc.isenabled()
    gc.disable()
    try:
        record = json.loads(
            content.decode("utf8"), object_pairs_hook=_object, parse_float=_no_float, parse_constant=_no_float
        )
    except CertificateError as error:
        raise CertificateError(f"{name}: {error}") from None
    except (ValueError, RecursionError) as error:
        raise CertificateError(f"{name} is not JSON: {' '.join(str(error).split())[:200]}") from None
    finally:
        if collecting:
            gc.enable()
    if not isinstance(record, dict):
        raise CertificateError(f"{name} is not a JSON object")
    return record


def _object(pairs):
    # The last one would win here and perhaps the first one elsewhere: two readers, two certificates.
    record = dict(pairs)
    if len(record) < len(pairs):
        raise CertificateError("a key is given twice")
    return record


def _no_float(text):
    raise CertificateError(f"the number {text[:30]} is not an integer")


def digest(record):
    """Return the SHA-256 digest of a record without its own digest: it shows that a file is as it was written."""
    bare = {key: value for key, value in record.items() if key != "digest"}
    return hashlib.sha256(json.dumps(bare, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def certificate(problem, result):
    """Return the certificate of a result, with draws found anew from the result's seed."""
    _has_fields(problem)
    family = problem.family
    if family.dimension > MAX_COORDINATES:
        return _wide(problem, result)
    if result.lie_dimension > _LARGEST_MINOR:
        try:
            return _wide(problem, result)
        except InputError:
            # The package checks the dense minor, the plain checker gives up and says so.
            pass
    # What is certified is what the record gives back: asked before draws are made of another family.
    asked = problem_record(problem)
    _check_rebuilt(asked, family)
    generator = np.random.default_rng(result.seed)
    terms = [law for law in result.terms if set(_variables(law)) - set(family.constants)]
    kept = {id(law): i for i, law in enumerate(terms)}
    rows = [kept[id(result.terms[i])] for i in result.independent]
    p = prime_for(len(rows), generator)
    # Small numbers, for short files: a minor of degree d vanishes at such a point with probability at most d / 2^20.
    point = random_array(generator, (family.dimension,), min(p, 1 << 20))
    values = jacobian([terms[i] for i in rows], family.dimension, point, p)
    moving = [i for i in range(family.dimension) if i not in family.constants]
    pivots = [moving[i] for i in independent_rows(values[:, moving].T, p)]
    # The result says that they are independent, so this is bad luck, not a defect; a certificate must show it.
    if len(pivots) < len(rows):
        raise ArithmeticError("the laws look dependent at the point of the certificate; use another seed")
    real, rank = _real(problem, result, asked, generator)
    if rank is None:
        rank = _arranged(rank_witness(family, result.lie_dimension, generator), _data_order(problem))
    record = {
        "problem": asked, "assumption": assumption_of(asked, bool(real)),
        "dimension": family.moving_dimension, "laws": [polynomial_text(law, family.names) for law in terms],
        "independence": {"prime": p, "point": point.tolist(), "rows": rows, "pivots": pivots,
                         "minor": determinant(values[:, pivots], p)},
        "rank": rank, **real,
    }
    return _signed(record, family.moving_dimension, len(rows), result.lie_dimension)


def certificate_of_count(problem, result):
    """Return the certificate of a count: where a certificate has the laws they are to be listed first."""
    _has_fields(problem)
    if problem.family.dimension <= MAX_COORDINATES:
        raise InputError(
            f"a certificate in {problem.family.dimension} coordinates lists the laws: take that of conservation_laws, "
            f"or sage-conslaw laws --certificate"
        )
    return _wide(problem, result)


def _has_fields(problem):
    if problem is None:
        raise InputError(
            "the result was read from a record, which has no fields to certify: ask conservation_laws again, with the "
            "record's seed"
        )


def _real(problem, result, asked, generator):
    """Return the real point of a result that assumes nothing, under its key, and the rank that its samples show."""
    found, metric = result.real, asked.get("flow", {}).get("metric")
    named = isinstance(metric, str) or metric is not None and "positive" in metric
    # Only exact patterns at one point: ranks in ball arithmetic, of spans or of named data are no part of the schema.
    if result.assumption != "none" or found is None or found.point is None or found.method != "patterns" or \
            found.spans or not named:
        return {}, None
    network, nodes = problem.network, user_nodes(problem.network)
    if not all(covered(node) for node in nodes):
        return {}, None
    parameters = [int(x) for x in found.point]
    witness = real_witness(
        problem.family, result.lie_dimension, generator, network, nodes, _data_order(problem), problem.loss, parameters
    )
    return ({}, None) if witness is None else ({"real": witness[0]}, witness[1])


def _wide(problem, result):
    """Return the certificate of a network of any width."""
    family = problem.family
    if problem.flow is None or problem.network is None:
        raise InputError(
            f"a certificate in {family.dimension} coordinates needs a dense minor of size "
            f"{result.lie_dimension}, about "
            f"{56e-9 * result.lie_dimension * family.dimension:.0f} GB; above {MAX_COORDINATES} "
            f"coordinates there are certificates of networks; leave it out"
        )
    asked = problem_record(problem, drawn=False)
    if asked["flow"] != {"name": "gradient", "decay": "0", "metric": "euclidean"}:
        raise InputError(
            f"above {MAX_COORDINATES} coordinates there are certificates of gradient flow in the euclidean metric "
            f"only; leave it out"
        )
    # Two proofs that know these networks; what grows is proved for any graph of classes, and open segments are bounds.
    if asked["architecture"] in KINDS:
        return wide_certificate(asked, result.seed)
    return growth_certificate(problem, result.seed, result.laws_at_least == result.number)


def growth_certificate(problem, seed, whole=True):
    """
    Return the certificate of a network that is proved by growth of small ones, whatever its size; ``whole`` says that
    no segment may be left open.
    """
    asked = problem_record(problem, drawn=False)
    width, n, m, r = growth_witness(problem.family, np.random.default_rng(seed), whole)
    return _signed({"problem": asked, "assumption": "span", "dimension": n, "laws": [], "width": width}, n, m, r)


def _signed(record, n, m, r):
    """Return a record with its schema, its statement and its digest."""
    whole = {"schema": SCHEMA, **record}
    whole["statement"] = statement(whole, n, m, r)
    return whole | {"digest": digest(whole)}


def wide_certificate(asked, seed):
    """Return the certificate of a layered network at any width, from the record of its problem."""
    width, n, m, r, laws = wide_witness(asked, np.random.default_rng(seed))
    return _signed({"problem": asked, "assumption": assumption_of(asked), "dimension": n, "laws": laws,
                    "width": width}, n, m, r)


def _variables(terms):
    return [i for monomial in terms for i in monomial]


def _check_rebuilt(record, family):
    """Refuse a certificate of what its own record does not give back: a kind of problem that has none yet."""
    again, _ = rebuilt(record)
    # All that a checker computes with. Laws of a family that it would not rebuild could be rejected, or worse, be true
    # of the rebuilt one by chance.
    same = ("names", "drift", "constants", "exact_flow", "metric", "metric_denominator", "controls")
    if (
        any(getattr(again, key, None) != getattr(family, key, None) for key in same)
        or again.data_size != family.data_size
    ):
        raise NotCovered("this kind of problem has no certificates yet: its record does not give it back")


def _data_order(problem):
    """Return for each number of a letter's data in the file its place in the family's own order, or ``None`` if they
    agree."""
    if problem.network is None:
        return None
    return data_places(problem.network, user_nodes(problem.network), problem.family.response)


def _arranged(witness, places):
    """Return a witness with the data of its letters in the order of the file."""
    if places is None:
        return witness

    def moved(letter):
        # Numbers without a place, of data that nothing is made of, are zero.
        return letter | {"data": [letter["data"][i] if i >= 0 else 0 for i in places]}
    return each_letter(witness, moved)


def arranged_back(witness, places, size):
    """
    Return a witness with the data of its letters in the family's own order; a letter of another length is refused.
    """
    count = size if places is None else len(places)

    def moved(letter):
        if len(letter["data"]) != count:
            raise CertificateError(f"the data of a letter are {len(letter['data'])} numbers, not {count}")
        if places is None:
            return letter
        out = [0] * size
        for i, value in zip(places, letter["data"]):
            if i >= 0:
                out[i] = value
        return letter | {"data": out}
    return each_letter(witness, moved)
