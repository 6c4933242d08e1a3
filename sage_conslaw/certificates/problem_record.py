r"""
The problem of a certificate in its user's terms, and the family that the package rebuilds from it.

- a *network*: its name, sizes and options in the catalog, the loss, the flow, and but for the five classic ones its
  graph as it was written;
- *phi*: names and polynomials, and the flow;
- a *system*: variables, parameters, drift and controls.

Names of velocities, clocks, drifts of flows, metrics, covectors and dimensions are not in the record: they follow from
it.
"""
import math
import re
from fractions import Fraction

from ..exact import terms as sparse
from ..fields.explicit import VectorFieldFamily
from ..flows.flow import Flow
from ..flows.metric import Metric, positive
from ..flows.polynomial_response import PolynomialResponse
from ..flows.tau import damping
from ..expressions.polynomials import parse_polynomials
from ..networks.catalog import CATALOG, by_name, is_modern
from ..runtime.errors import InputError, NotCovered
from .errors import CertificateError
from .graph_record import CLASSIC, data_places, network_record, rebuilt_network, user_nodes

# A witness of 2000 coordinates takes 7 s and 0.5 GB, the square and the cube of the size more beyond.
MAX_COORDINATES = 4000


def polynomial_text(terms, names):
    r"""
    Return a sparse polynomial as text that every parser of polynomials reads.

    EXAMPLES::

        sage: from fractions import Fraction
        sage: from sage_conslaw.certificates.problem_record import polynomial_text
        sage: polynomial_text({(0, 0): Fraction(1r), (1,): Fraction(-1r, 2r)}, ["x", "y"])
        'x^2-1/2*y'
        sage: polynomial_text({}, ["x"])
        '0'
    """
    parts = []
    for monomial, value in sorted(terms.items(), key=lambda item: (-len(item[0]), item[0])):
        powers = [
            names[i] if monomial.count(i) == 1 else f"{names[i]}^{monomial.count(i)}" for i in dict.fromkeys(monomial)
        ]
        number = str(abs(value))
        body = "*".join(powers if powers and number == "1" else [number, *powers])
        parts.append(("-" if value < 0 else "+" if parts else "") + body)
    return "".join(parts) or "0"


def parsed(texts, names, what):
    r"""
    Parse polynomials that are in normal form, as :func:`polynomial_text` writes them; any other text is refused.

    EXAMPLES::

        sage: from sage_conslaw.certificates.problem_record import parsed
        sage: parsed(["x^2-1"], ["x"], "a law")
        [{(): Fraction(-1, 1), (0, 0): Fraction(1, 1)}]
        sage: parsed(["1*x"], ["x"], "a law")
        Traceback (most recent call last):
        ...
        sage_conslaw.certificates.errors.CertificateError: a law is not in normal form: 1*x
    """
    out = parse_polynomials(texts, names)[1]
    for text, terms in zip(texts, out):
        if polynomial_text(terms, names) != text:
            raise CertificateError(f"{what} is not in normal form: {text[:60]}")
    return out


def named_options(network):
    r"""
    Return the options of a network as a certificate keeps them: integers and words; for the classic ones only those
    that are set.

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.certificates.problem_record import named_options
        sage: named_options(networks.relu([2, 2], bias=True)), named_options(networks.attention(2, 1))
        ({'bias': 1}, {'bias': 0})
    """
    return {key: value if isinstance(value, str) else int(value) for key, value in sorted(dict(network.options).items())
            if value is not None and (value is not False or is_modern(network.architecture))}


def problem_record(problem, drawn=True):
    r"""
    Return the record of a problem; of a network at any width without its graph (``drawn=False``).

    EXAMPLES::

        sage: from sage_conslaw import flows, networks
        sage: from sage_conslaw.certificates.problem_record import problem_record
        sage: from sage_conslaw.flows.problem import problem
        sage: problem_record(problem(networks.linear([2, 1]), flows.momentum(1/2)))
        {'architecture': 'linear', 'flow': {'decay': '0', 'metric': 'euclidean', 'name': 'momentum', 'tau': ['1/2',
        '1']},
         'kind': 'network', 'loss': 'least-squares', 'options': {}, 'sizes': [2, 1]}
    """
    family = problem.family
    if problem.architecture == "system":
        return _system_record(family)
    if problem.flow is None:
        raise NotCovered(f"the problem {problem.architecture} has no record in certificates yet")
    flow = _flow_record(problem)
    if problem.network is None:
        components = [polynomial_text(f, family.response.names) for f in family.response.components]
        return {"kind": "phi", "parameters": list(family.response.names), "phi": components, "flow": flow}
    network, name = problem.network, problem.architecture
    if (
        name in CATALOG
        and not problem.sizes
        or not re.fullmatch("[A-Za-z][A-Za-z0-9_]{0,99}", name)
        or name in ("phi", "system")
    ):
        # A module of the user's own may have the name of a network of the catalog.
        name = "custom"
    record = {
        "kind": "network",
        "architecture": name,
        "sizes": [int(n) for n in problem.sizes] if name in CATALOG else [],
        "options": named_options(network) if name in CATALOG else {},
        "loss": problem.loss,
        "flow": flow,
    }
    if name in CLASSIC or not drawn:
        return record
    return record | {"graph": network_record(network)}


def _system_record(family):
    if type(family) is not VectorFieldFamily:
        raise NotCovered(f"families of the kind {type(family).__name__} have no certificates yet")
    if getattr(family, "variety", None) is not None:
        raise NotCovered(
            "a system with relations or functions has no certificate yet; its result is computed "
            "exactly, leave the certificate out"
        )
    k = len(family.constants)
    if tuple(family.constants) != tuple(range(k)):
        raise NotCovered("the parameters of this family are not its first coordinates: it has no certificate")

    def field(components):
        return [polynomial_text(f, family.names) for f in components[k:]]
    record = {"kind": "system", "variables": list(family.names[k:]), "parameters": list(family.names[:k])}
    if family.drift is not None:
        record["drift"] = field(family.drift)
    return record | {"controls": [field(control) for control in family.controls]}


def _flow_record(problem):
    """
    Return the record of a flow, in whose terms the certificate is written.

    Clipped and normalised gradients have the span of controls of the flow without them, so they have its certificate;
    groups of parameters with rates of their own are a constant diagonal metric.
    """
    flow = problem.flow
    if (
        type(flow) is not Flow
        or flow.name not in ("gradient", "momentum", "nesterov")
        or flow.decoupled
        or flow.scaled == "layers"
    ):
        raise NotCovered(
            f"the flow {flow!r} has no certificate: a checker rebuilds gradient and momentum flows only, in a metric "
            f"and with coupled decay; leave the certificate out"
        )
    record = {"name": flow.name, "decay": str(flow.decay), "metric": _groups_record(problem) or _metric_record(problem)}
    if flow.name == "momentum":
        tau = flow.tau
        record["tau"] = "tau" if tau.symbolic else [polynomial_text(f, ["t"]) for f in (tau.numerator, tau.denominator)]
    return record


def _groups_record(problem):
    """Return the metric of groups of parameters, ``None`` where there are none."""
    flow, response = problem.flow, problem.family.response
    if flow.groups is None:
        return None
    rates, decays = flow.groups.arranged(response, flow.decay)
    if any(decays) or not all(rates) or flow.metric_on(response, problem.own_metric) is not None:
        raise NotCovered(
            f"the flow {flow!r} has no certificate: of groups of parameters a checker rebuilds positive rates in the "
            f"Euclidean metric, without decay and frozen arrays; leave the certificate out"
        )
    entries = [[i, i, polynomial_text({(): rate}, [])] for i, rate in enumerate(rates)]
    return {"at": "state", "entries": entries, "denominator": "1"}


def _metric_record(problem):
    """Return the metric by its name where it is one of the known ones, else by its entries."""
    response, family = problem.family.response, problem.family
    metric = problem.flow.metric_on(response, problem.own_metric)
    if metric is None:
        return "euclidean"
    one, names = Fraction(1), response.names
    diagonal = {i: f for i, j, f in metric.entries if i == j}
    plain = (
        metric.dual
        and metric.denominator is None
        and len(diagonal) == len(metric.entries) == len(names)
        and all(
            f in ({(): one}, {(metric.names.index(names[i]),): one} if names[i] in metric.names else None)
            for i, f in diagonal.items()
        )
    )
    if plain:
        moved = {i for i, f in diagonal.items() if () not in f}
        if len(moved) == len(names):
            return "mirror"
        leaves, start = [], 0
        for leaf, shape in (problem.network.parameters.items() if problem.network is not None else ()):
            here = set(range(start, start + math.prod(shape)))
            leaves += [leaf] if here <= moved else []
            start += len(here)
        if leaves and positive(names, _entries_of(problem.network, leaves), "").entries == tuple(
            sorted(metric.entries, key=lambda e: e[0])
        ):
            return {"positive": leaves}
    own = list(metric.names)
    target = list(names) if metric.dual else list(family.names)
    place = {name: i for i, name in enumerate(target)}

    def text(terms):
        return polynomial_text(
            {tuple(sorted(place[own[i]] for i in monomial)): value for monomial, value in terms.items()}, target
        )

    return {
        "at": "dual" if metric.dual else "state",
        "entries": [[int(i), int(j), text(f)] for i, j, f in sorted(metric.entries, key=lambda e: e[:2])],
        "denominator": "1" if metric.denominator is None else text(metric.denominator),
    }


def _entries_of(network, leaves):
    which, start = [], 0
    for leaf, shape in network.parameters.items():
        which += range(start, start + math.prod(shape)) if leaf in leaves else ()
        start += math.prod(shape)
    return which


def rebuilt(record):
    r"""
    Rebuild the family of a record, which has passed the schema; return it and the places of a letter's data, ``None``
    if they are in order.

    EXAMPLES::

        sage: from sage_conslaw import flows, networks
        sage: from sage_conslaw.certificates.problem_record import problem_record, rebuilt
        sage: from sage_conslaw.flows.problem import problem
        sage: rebuilt(problem_record(problem(networks.linear([1, 1]), flows.nesterov())))[0].names
        ['t', 'U1_1_1', 'dU1_1_1']
    """
    if record["kind"] == "system":
        return _rebuilt_system(record), None
    if record["kind"] == "phi":
        _check_distinct(record["parameters"])
        components = parsed(record["phi"], record["parameters"], "phi")
        if not all(map(sparse.degree, components)):
            raise CertificateError("a component of phi is constant")
        return _flow_family(record["flow"], PolynomialResponse(record["parameters"], components), None), None
    network, nodes = rebuilt_network_of(record)
    response = network.response(record["loss"])
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
    r"""
    Rebuild the network of a record; return it and its nodes in the record's order.

    EXAMPLES::

        sage: from sage_conslaw.certificates.problem_record import rebuilt_network_of
        sage: rebuilt_network_of({"architecture": "linear", "sizes": [2r, 1r], "options": {}})[0].parameters
        {'U1': (2, 1)}
    """
    name, sizes, options = record["architecture"], record["sizes"], record["options"]
    if name in CLASSIC:
        check_sizes_of_classic(name, sizes)
        network = _named(name, sizes, options)
        return network, user_nodes(network)
    network, nodes = rebuilt_network(record["graph"])
    if network_record(network) != record["graph"]:
        raise CertificateError("the graph is not in normal form: rebuilt, it reads differently")
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
    r"""
    Refuse sizes of a network with more coordinates than a certificate has, before anything is built.

    EXAMPLES::

        sage: from sage_conslaw.certificates.problem_record import check_sizes_of_classic
        sage: check_sizes_of_classic("product", [10^9])
        Traceback (most recent call last):
        ...
        sage_conslaw.certificates.errors.CertificateError: product 1000000000 has more than 4000 parameters
    """
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
    if [polynomial_text(f, ["t"]) for f in (tau.numerator, tau.denominator)] != pair:
        raise CertificateError("the damping is not in normal form")
    return tau


def _positive(leaves, network, response):
    if network is None or not set(leaves) < set(network.parameters) or len(set(leaves)) < len(leaves):
        raise CertificateError("the positive parameters are not distinct, and some, of the network's")
    return positive(response.names, _entries_of(network, leaves), "icnn")


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
