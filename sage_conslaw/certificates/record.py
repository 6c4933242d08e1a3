r"""
The certificate as a JSON record: strings and integers only, in a versioned schema.

- ``family``: names of the state, drift, metric, and the response as polynomials or as a graph of operations,
  all explicit, so that another program can rebuild it;
- ``laws``: polynomials in these names; ``independence``: prime, point, rows and columns of a minor of their Jacobian, and its
  determinant modulo the prime;
- ``rank``: prime, point, the draws that give elements of the Lie algebra, columns of a minor of their values, and its
  determinant;
- ``statement`` and ``assumption``, in words; ``digest``, SHA-256 of the rest.
"""
import json
from pathlib import Path

from ..exact import terms as sparse
from ..fields.explicit import VectorFieldFamily
from ..flows.flow_family import FlowFamily
from ..flows.polynomial_response import PolynomialResponse
from ..flows.spanned import WrittenFamily
from ..graph.tensor import Constant, Data, Parameter
from ..graph.operations import Add, Contract, Gather
from ..graph.response import NetworkResponse
from ..runtime.errors import InputError, NotCovered

# What stands for something that is not there: a record has strings, integers, lists and objects only.
NONE = "none"

SCHEMA = "sage_conslaw.certificate/1"

# A certificate of a network with 2000 parameters has 2 MB; a file above this is not read.
MAX_BYTES = 32_000_000

# A witness of 2000 coordinates takes 7 s and 0.5 GB, the square and the cube of the size more beyond.
MAX_COORDINATES = 4000

ASSUMPTION = {
    "network": "near a generic point the data produce every covector of the graph's pairings and every gate (span condition)",
    "phi": "near a generic point the gradients of the loss span those of phi (span condition)",
    "system": "none: the fields are the dynamics",
}


class CertificateError(ValueError):
    r"""
    A certificate that is not valid, with the reason in one line.

    EXAMPLES::

        sage: from sage_conslaw.certificates import CertificateError, check
        sage: check({})
        Traceback (most recent call last):
        ...
        sage_conslaw.certificates.record.CertificateError: the schema is None; known: sage_conslaw.certificate/1
    """


def statement(dimension, laws, rank):
    r"""
    Return what a certificate proves, in one sentence.

    EXAMPLES::

        sage: from sage_conslaw.certificates.record import statement
        sage: statement(3, 2, 1)
        '2 independent law(s) are conserved and the Lie algebra has rank at least 1 at generic points of dimension 3; 2 + 1 = 3, so there are no others'
        sage: statement(8, 6, 1)
        '6 independent law(s) are conserved and the Lie algebra has rank at least 1 at generic points of dimension 8; so the number of independent laws is between 6 and 7'
    """
    known = (f"{laws} independent law(s) are conserved and the Lie algebra has rank at least {rank} "
             f"at generic points of dimension {dimension}")
    if laws + rank == dimension:
        return f"{known}; {laws} + {rank} = {dimension}, so there are no others"
    return f"{known}; so the number of independent laws is between {laws} and {dimension - rank}"


def polynomial_text(terms, names):
    r"""
    Return a sparse polynomial as text that every parser of polynomials reads.

    EXAMPLES::

        sage: from fractions import Fraction
        sage: from sage_conslaw.certificates.record import polynomial_text
        sage: polynomial_text({(0, 0): Fraction(1r), (1,): Fraction(-1r, 2r)}, ["x", "y"])
        'x^2-1/2*y'
        sage: polynomial_text({}, ["x"])
        '0'
    """
    parts = []
    for monomial, value in sorted(terms.items(), key=lambda item: (-len(item[0]), item[0])):
        powers = [names[i] if monomial.count(i) == 1 else f"{names[i]}^{monomial.count(i)}" for i in dict.fromkeys(monomial)]
        number = str(abs(value))
        body = "*".join(powers if powers and number == "1" else [number, *powers])
        parts.append(("-" if value < 0 else "+" if parts else "") + body)
    return "".join(parts) or "0"


def graph_record(response):
    r"""
    Return the graph of a network's response as a list of nodes.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.certificates.record import graph_record
        sage: graph_record(networks.linear([2, 1]).response())["nodes"][-2:]
        [{'inputs': [0, 1], 'op': 'contract', 'spec': 'i,ib->b'},
         {'kind': 'covector', 'name': 's', 'op': 'data', 'shape': [1]}]
    """
    place, nodes = {node: i for i, node in enumerate(response.order)}, []
    for node in response.order:
        if isinstance(node, Parameter):
            nodes.append({"op": "parameter", "name": node.name, "shape": list(node.shape)})
        elif isinstance(node, Data):
            nodes.append({"op": "data", "name": node.name, "shape": list(node.shape), "kind": node.kind})
        elif isinstance(node, Constant):
            over = {} if node.denominator == 1 else {"denominator": node.denominator}
            nodes.append({"op": "constant", "shape": list(node.shape), "values": node.values.ravel().tolist()} | over)
        else:
            inputs = [place[child] for child in node.inputs]
            if isinstance(node.operation, Contract):
                nodes.append({"op": "contract", "spec": node.operation.spec, "inputs": inputs})
            elif isinstance(node.operation, Add):
                nodes.append({"op": "add", "inputs": inputs})
            elif isinstance(node.operation, Gather):
                nodes.append({"op": "gather", "inputs": inputs, "shape": list(node.shape), "indices": node.operation.indices.ravel().tolist()})
            else:
                raise NotCovered(f"the operation {type(node.operation).__name__} has no record in certificates yet")
    return {"nodes": nodes, "parameters": [place[leaf] for leaf in response.leaves],
            "pairings": [[place[a], place[b]] for a, b in response.pairings]}


def graph_response(record):
    r"""
    Rebuild a response from the record of its graph.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.certificates.record import graph_record, graph_response
        sage: f = networks.relu([2, 1, 1], bias=True).response()
        sage: graph_response(graph_record(f)).local_reparameterisation() == f.local_reparameterisation()
        True
    """
    import numpy as np

    from ..graph.tensor import Tensor
    nodes = []
    for entry in record["nodes"]:
        if entry["op"] == "parameter":
            nodes.append(Parameter(entry["name"], entry["shape"]))
        elif entry["op"] == "data":
            nodes.append(Data(entry["name"], entry["shape"], entry["kind"]))
        elif entry["op"] == "constant":
            nodes.append(Constant(np.array(entry["values"], dtype=np.int64).reshape(entry["shape"]), denominator=entry.get("denominator", 1)))
        elif entry["op"] == "contract":
            nodes.append(Tensor(Contract(entry["spec"]), [nodes[i] for i in entry["inputs"]]))
        elif entry["op"] == "add":
            nodes.append(Tensor(Add(), [nodes[i] for i in entry["inputs"]]))
        elif entry["op"] == "gather":
            (source,) = (nodes[i] for i in entry["inputs"])
            nodes.append(source.gather(np.array(entry["indices"], dtype=np.int64).reshape(entry["shape"])))
        else:
            raise CertificateError(f"the operation {entry['op']!r} of the graph is not known")
    return NetworkResponse([nodes[i] for i in record["parameters"]], [(nodes[a], nodes[b]) for a, b in record["pairings"]])


def family_record(family):
    r"""
    Return a family as a record from which it can be rebuilt.

    EXAMPLES::

        sage: from sage_conslaw import VectorFieldFamily
        sage: from sage_conslaw.certificates.record import family_record
        sage: R.<x, y> = QQ[]
        sage: family_record(VectorFieldFamily(drift=[y, -x]))
        {'constants': [],
         'controls': [],
         'drift': ['y', '-x'],
         'kind': 'system',
         'names': ['x', 'y']}
    """
    names = list(family.names)

    def text(terms):
        return polynomial_text(terms, names)
    record = {"kind": "system", "names": names, "constants": list(family.constants),
              "drift": NONE if family.drift is None else [text(f) for f in family.drift]}
    if isinstance(family, VectorFieldFamily):
        return record | {"controls": [[text(f) for f in field] for field in family.controls]}
    response = family.response
    record.update({"first_parameter": family.first_parameter, "first_forced": family.first_forced,
                   "metric": NONE if family.metric is None else [[i, j, text(f)] for i, j, f in family.metric],
                   "time": NONE if family.time is None else family.time, "exact_flow": _flow_text(family.exact_flow)})
    if isinstance(response, PolynomialResponse):
        moved = [sparse.shifted(f, family.first_parameter) for f in response.components]
        return record | {"kind": "phi", "phi": [text(f) for f in moved]}
    return record | {"kind": "network", "graph": graph_record(response)}


def _flow_text(exact_flow):
    return NONE if exact_flow is None else [exact_flow[0], "tau" if exact_flow[1] is None else str(exact_flow[1])]


def rebuild_family(record):
    r"""
    Rebuild a family from its record.

    EXAMPLES::

        sage: from sage_conslaw import flows, networks
        sage: from sage_conslaw.certificates.record import family_record, rebuild_family
        sage: family = flows.nesterov().family(networks.nmf(1, 2, 1).response())
        sage: family_record(rebuild_family(family_record(family))) == family_record(family)
        True
    """
    from fractions import Fraction

    from ..inputs.polynomials import parse_polynomials
    names = record["names"]

    def parsed(texts):
        return parse_polynomials(texts, names)[1]
    drift = None if record["drift"] == NONE else parsed(record["drift"])
    if record["kind"] == "system":
        family = VectorFieldFamily.from_terms(names, drift, [parsed(field) for field in record["controls"]])
        family.constants = tuple(record["constants"])
        return family
    first = record["first_parameter"]
    if record["kind"] == "phi":
        moved = [sparse.shifted(f, -first) for f in parsed(record["phi"])]
        response = PolynomialResponse(names[first:_last(record)], moved)
    else:
        response = graph_response(record["graph"])
    flow = record["exact_flow"]
    exact = None if flow == NONE else (flow[0], None if flow[1] == "tau" else
                                       int(flow[1]) if flow[0] != "exponential" else Fraction(flow[1]))
    metric = None if record["metric"] == NONE else \
        [(i, j, f) for (i, j, _), f in zip(record["metric"], parsed([f for _, _, f in record["metric"]]))]
    return FlowFamily(response, names, first, record["first_forced"], drift, metric, constants=record["constants"],
                      time=None if record["time"] == NONE else record["time"], exact_flow=exact)


def _last(record):
    """Return the end of the parameters in the state: where the velocities begin, if there are any."""
    return record["first_forced"] if record["first_forced"] > record["first_parameter"] else len(record["names"])


def read(path):
    r"""
    Read a certificate from a file; a file that is too large or no JSON object is refused in one line.

    EXAMPLES::

        sage: from sage_conslaw.certificates import read
        sage: import tempfile
        sage: with tempfile.NamedTemporaryFile("w", suffix=".json") as f:
        ....:     _ = f.write('{"schema": '); f.flush()
        ....:     read(f.name)
        Traceback (most recent call last):
        ...
        sage_conslaw.certificates.record.CertificateError: ... is not JSON: ...
    """
    path = Path(path)
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise CertificateError(f"{path.name} has {size} bytes; a certificate has at most {MAX_BYTES}")
    try:
        record = json.loads(path.read_text(encoding="utf8"))
    except (ValueError, RecursionError) as error:
        raise CertificateError(f"{path.name} is not JSON: {' '.join(str(error).split())}") from None
    if not isinstance(record, dict):
        raise CertificateError(f"{path.name} is not a JSON object")
    return record


def digest(record):
    r"""
    Return the SHA-256 digest of a record without its own digest: it shows that a file is as it was written.

    EXAMPLES::

        sage: from sage_conslaw.certificates.record import digest
        sage: digest({"a": 1r, "digest": "x"}) == digest({"a": 1r})
        True
    """
    import hashlib
    bare = {key: value for key, value in record.items() if key != "digest"}
    return hashlib.sha256(json.dumps(bare, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def named_options(problem):
    r"""
    Return the options of a network as a certificate keeps them: integers and words; for the classic ones only those that are set.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.certificates.record import named_options
        sage: named_options(networks.relu([2, 2], bias=True)), named_options(networks.attention(2, 1))
        ({'bias': 1}, {'bias': 0})
    """
    from ..networks.catalog import is_modern
    options = dict(problem.options)
    return {key: value if isinstance(value, str) else int(value) for key, value in sorted(options.items())
            if value is not None and (value is not False or is_modern(problem.architecture))}


def certificate(problem, result):
    r"""
    Return the certificate of a result, with draws found anew from the result's seed.

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, networks
        sage: record = conservation_laws(networks.product(2), seed=0).certificate()
        sage: record["statement"]
        '1 independent law(s) are conserved and the Lie algebra has rank at least 1 at generic points of dimension 2; 1 + 1 = 2, so there are no others'
        sage: import json
        sage: json.dumps(record) == json.dumps(conservation_laws(networks.product(2), seed=0).certificate())
        True
    """
    import numpy as np

    from ..exact.linear_algebra import independent_rows
    from ..exact.modular import random_array
    from ..exact.primes import random_prime
    from ..laws.independence import jacobian
    from .witness import determinant, rank_witness
    family = problem.family
    if not isinstance(family, VectorFieldFamily) and not isinstance(getattr(family, "response", None), (NetworkResponse, PolynomialResponse)) \
            or isinstance(family, WrittenFamily):
        raise NotCovered(f"the {problem.flow_name} flow has no certificate yet: a checker cannot rebuild its fields from the network; leave it out")
    if family.variety is not None:
        raise NotCovered("a system with relations or functions has no certificate yet; its result is computed exactly, leave the certificate out")
    if family.dimension > MAX_COORDINATES:
        raise InputError(f"a certificate in {family.dimension} coordinates needs a dense minor of size {result.lie_dimension}, about "
                         f"{56e-9 * result.lie_dimension * family.dimension:.0f} GB; at most {MAX_COORDINATES} coordinates have one; leave it out")
    generator = np.random.default_rng(result.seed)
    terms = result.terms
    p, rows = random_prime(generator), list(result.independent)
    point = random_array(generator, (family.dimension,), min(p, 1 << 20))
    values = jacobian([terms[i] for i in rows], family.dimension, point, p)
    moving = [i for i in range(family.dimension) if i not in family.constants]
    pivots = [moving[i] for i in independent_rows(values[:, moving].T, p)]
    if len(pivots) < len(rows):
        raise ArithmeticError("the laws look dependent at the point of the certificate; use another seed")
    record = family_record(family)
    whole = {
        "schema": SCHEMA,
        "statement": statement(family.moving_dimension, len(rows), result.lie_dimension),
        "assumption": ASSUMPTION[record["kind"]],
        "architecture": problem.architecture, "sizes": [int(n) for n in problem.sizes], "flow": problem.flow_name,
        "loss": problem.loss, "options": named_options(problem), "dimension": family.moving_dimension, "family": record,
        "laws": [polynomial_text(law, family.names) for law in terms],
        "independence": {"prime": p, "point": point.tolist(), "rows": rows, "pivots": pivots,
                         "minor": determinant(values[:, pivots], p)},
        "rank": rank_witness(family, result.lie_dimension, generator),
    }
    return whole | {"digest": digest(whole)}
