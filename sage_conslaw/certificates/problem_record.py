r"""
The problem of a certificate in its user's terms; :mod:`.problem_rebuilt` makes a family of it again.

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

from ..fields.explicit import VectorFieldFamily
from ..flows.flow import Flow
from ..flows.metric import positive
from ..networks.catalog import CATALOG, is_modern
from ..runtime.errors import NotCovered
from .graph_record import CLASSIC, network_record


def polynomial_text(terms, names):
    """Return a sparse polynomial as text that every parser of polynomials reads."""
    parts = []
    # By degree, then by the order of the names: every polynomial has one text, which the checkers compare.
    for monomial, value in sorted(terms.items(), key=lambda item: (-len(item[0]), item[0])):
        powers = [
            names[i] if monomial.count(i) == 1 else f"{names[i]}^{monomial.count(i)}" for i in dict.fromkeys(monomial)
        ]
        number = str(abs(value))
        body = "*".join(powers if powers and number == "1" else [number, *powers])
        parts.append(("-" if value < 0 else "+" if parts else "") + body)
    return "".join(parts) or "0"


def named_options(network):
    """
    Return the options of a network as a certificate keeps them: integers and words; for the classic ones only those
    that are set.
    """
    return {key: value if isinstance(value, str) else int(value) for key, value in sorted(dict(network.options).items())
            if value is not None and (value is not False or is_modern(network.architecture))}


def problem_record(problem, drawn=True):
    """Return the record of a problem; of a network at any width without its graph (``drawn=False``)."""
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
    # Subclasses have fields that a list of polynomials does not give back.
    if type(family) is not VectorFieldFamily:
        raise NotCovered(f"families of the kind {type(family).__name__} have no certificates yet")
    if getattr(family, "variety", None) is not None:
        raise NotCovered(
            "a system with relations or functions has no certificate yet; its result is computed "
            "exactly, leave the certificate out"
        )
    # A record has parameters first, and a checker gives their coordinates no field.
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
            f"{flow!r} has no certificate: a checker rebuilds gradient and momentum flows only, in a metric "
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
    # A rate of zero would be a singular metric, which checkers refuse, and rightly so.
    if any(decays) or not all(rates) or flow.metric_on(response, problem.own_metric) is not None:
        raise NotCovered(
            f"{flow!r} has no certificate: of groups of parameters a checker rebuilds positive rates in the "
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
    # By name where all entries are 1 or the parameter itself: short, and the only ones with a real point.
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
        if leaves and positive(names, entries_of(problem.network, leaves), "").entries == tuple(
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


def entries_of(network, leaves):
    which, start = [], 0
    for leaf, shape in network.parameters.items():
        which += range(start, start + math.prod(shape)) if leaf in leaves else ()
        start += math.prod(shape)
    return which
