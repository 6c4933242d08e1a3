r"""
From the record of a problem back to its family, within bounds: a record comes from a stranger, and is looked at before
anything is built of it.
"""
from fractions import Fraction
from ..exact import terms as sparse
from ..fields.explicit import VectorFieldFamily
from ..flows.flow import Flow
from ..flows.metric import Metric, positive
from ..flows.polynomial_response import PolynomialResponse
from ..flows.tau import damping
from ..expressions.polynomials import parse_polynomials
from ..networks.catalog import CATALOG, by_name
from ..runtime.errors import InputError
from .errors import CertificateError
from .graph_record import CLASSIC, data_places, network_record, rebuilt_network, user_nodes
from .problem_record import entries_of, named_options, polynomial_text

# A witness of 2000 coordinates takes 7 s and 0.5 GB, the square and the cube of the size more beyond.
MAX_COORDINATES = 4000


def parsed(texts, names, what):
    """Parse polynomials that are in normal form, as :func:`polynomial_text` writes them; any other text is refused."""
    out = parse_polynomials(texts, names)[1]
    # One text for one polynomial: else two records of one law could differ, and a reader compare the wrong one.
    for text, terms in zip(texts, out):
        if polynomial_text(terms, names) != text:
            raise CertificateError(f"{what} is not in normal form: {text[:60]}")
    return out


def rebuilt(record):
    """
    Rebuild the family of a record, which has passed the schema; return it and the places of a letter's data, ``None``
    if they are in order.
    """
    if record["kind"] == "system":
        return _rebuilt_system(record), None
    if record["kind"] == "phi":
        _check_distinct(record["parameters"])
        components = parsed(record["phi"], record["parameters"], "phi")
        # A constant component has a gradient of zero, and would be a control that is none.
        if not all(map(sparse.degree, components)):
            raise CertificateError("a component of phi is constant")
        return _flow_family(record["flow"], PolynomialResponse(record["parameters"], components), None), None
    network, nodes = rebuilt_network_of(record)
    response = network.response(record["loss"])
    # Laws are polynomials in names: with one name for two coordinates a law of the one would pass as one of the other.
    if len(set(response.names)) < response.dimension:
        raise CertificateError("two parameters have one name")
    return _flow_family(record["flow"], response, network), data_places(network, nodes, response)


def _check_distinct(names):
    if len(set(names)) < len(names):
        raise CertificateError("two coordinates have one name")


def _rebuilt_system(record):
    k, names = len(record["parameters"]), record["parameters"] + record["variables"]
    _check_distinct(names)
    fields = [("the drift", record["drift"])] if "drift" in record else []
    fields += [(f"control {i}", control) for i, control in enumerate(record["controls"], start=1)]
    out = []
    for what, field in fields:
        if len(field) != len(record["variables"]):
            raise CertificateError(f"{what} has not one component a variable")
        out.append([{} for _ in range(k)] + parsed(field, names, what))
    drift, controls = (out[0], out[1:]) if "drift" in record else (None, out)
    if not all(any(control) for control in controls) or not out:
        raise CertificateError("a control is zero, or there are no fields")
    family = VectorFieldFamily.from_terms(names, drift, controls)
    family.constants = tuple(range(k))
    return family


def rebuilt_network_of(record):
    """Rebuild the network of a record; return it and its nodes in the record's order."""
    name, sizes, options = record["architecture"], record["sizes"], record["options"]
    if name in CLASSIC:
        check_sizes_of_classic(name, sizes)
        network = _named(name, sizes, options)
        return network, user_nodes(network)
    network, nodes = rebuilt_network(record["graph"])
    # What is written is what was read: else a node that the reader ignores could make the statement say more than it.
    if network_record(network) != record["graph"]:
        raise CertificateError("the graph is not in normal form: rebuilt, it reads differently")
    # A name of the catalog claims its graph. It is built only after sizes that fit the record's own graph, which is
    # bounded: `attention 4000 4000` under a graph of ten nodes is refused before it exists.
    if name in CATALOG:
        _check_input(name, sizes, options, network)
        if network_record(_named(name, sizes, options)) != record["graph"]:
            raise CertificateError(f"the graph is not that of {name} {' '.join(map(str, sizes))}")
    elif sizes or options:
        raise CertificateError(f"a {name} network has no sizes and options in a certificate")
    return network, nodes


def _named(name, sizes, options):
    try:
        network = by_name(name, sizes, **options)
    except InputError as error:
        raise CertificateError(str(error)) from None
    if named_options(network) != options:
        raise CertificateError("the options are not in normal form")
    return network


def check_sizes_of_classic(name, sizes):
    """Refuse sizes of a network with more coordinates than a certificate has, before anything is built."""
    parameters = sizes[0] if name == "product" and sizes else sum(a * b for a, b in zip(sizes, sizes[1:]))
    if max([parameters, *sizes]) > MAX_COORDINATES:
        raise CertificateError(f"{name} {' '.join(map(str, sizes))[:60]} has more than {MAX_COORDINATES} parameters")


def _check_input(name, sizes, options, network):
    """Compare the sizes with the graph of the record, which is bounded, before the network of this name is built."""
    tokens, samples = options.get("tokens", 2), options.get("samples", 3)
    shape = sizes[:1]
    if name in ("attention", "transformer_block"):
        shape = [tokens, *sizes[:1]]
    elif name == "normalised" and options.get("norm") == "batch":
        shape = [samples, *sizes[:1]]
    elif name == "convolutional":
        shape = sizes[:1] + [options.get("size", 4)] * options.get("dimensions", 1)
    numbers = [value for value in options.values() if isinstance(value, int)]
    if [list(node.shape) for node in network.inputs] != [shape]:
        raise CertificateError(f"the graph is not that of {name}: its input has another shape")
    if max([1, *sizes, *numbers]) > MAX_COORDINATES or options.get("padding", 0) > 100:
        raise CertificateError(f"{name} has sizes or options above {MAX_COORDINATES}")
    least = (
        sizes[0] * sizes[1] * options.get("heads", 1)
        if name == "attention"
        else sum(a * b for a, b in zip(sizes, sizes[1:3] if name != "perceptron" else sizes[1:]))
        // max(1, options.get("groups", 1))
    )
    if name not in ("lora",) and least > network.dimension:
        raise CertificateError(f"the graph is not that of {name}: it has fewer parameters")


def _flow_family(record, response, network):
    flow, own = Flow(record["name"], metric="euclidean", decay=Fraction(record["decay"])), None
    if record["name"] == "nesterov":
        flow = Flow("nesterov", damping("3/t"), "euclidean", flow.decay)
    elif record["name"] == "momentum":
        flow = Flow("momentum", _damping(record["tau"]), "euclidean", flow.decay)
    metric, plain = record["metric"], flow.family(response)
    # Before the metric, whose entries are polynomials in all coordinates.
    if plain.dimension - len(plain.constants) > MAX_COORDINATES:
        raise CertificateError(f"the state has more than {MAX_COORDINATES} coordinates")
    if metric == "euclidean":
        return plain
    if metric == "mirror":
        own = positive(response.names, range(response.dimension), "mirror")
    elif "positive" in metric:
        own = _positive(metric["positive"], network, response)
    else:
        own = _entries(metric, response.names if metric["at"] == "dual" else plain.names, response.dimension)
    return Flow(flow.name, flow.tau, own, flow.decay).family(response)


def _damping(pair):
    if pair == "tau":
        return damping("tau")
    tau = damping(f"({pair[0]})/({pair[1]})")
    # Cancelled and scaled: 2/2 is 1, and would be another flow in words.
    if [polynomial_text(f, ["t"]) for f in (tau.numerator, tau.denominator)] != pair:
        raise CertificateError("the damping is not in normal form")
    return tau


def _positive(leaves, network, response):
    # All of them is the mirror flow, which has another name; none is the Euclidean one.
    if network is None or not set(leaves) < set(network.parameters) or len(set(leaves)) < len(leaves):
        raise CertificateError("the positive parameters are not distinct, and some, of the network's")
    return positive(response.names, entries_of(network, leaves), "icnn")


def _entries(metric, names, size):
    places = [(i, j) for i, j, _ in metric["entries"]]
    if sorted(set(places)) != places or not all(i < size and j < size for i, j in places):
        raise CertificateError("the entries of the metric are not distinct ones in order")
    terms = parsed([f for _, _, f in metric["entries"]], names, "the metric")
    (denominator,) = parsed([metric["denominator"]], names, "the metric")
    if not all(terms) or not denominator:
        raise CertificateError("the metric has a zero entry or denominator")
    return Metric(
        "given",
        size,
        tuple((i, j, f) for (i, j), f in zip(places, terms)),
        tuple(names),
        dual=metric["at"] == "dual",
        denominator=None if denominator == {(): Fraction(1)} else denominator,
    )
