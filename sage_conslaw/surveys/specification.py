r"""
The specification of a survey: sweeps over sizes, options, flows and losses, as a list of cases.

A case is a dictionary of strings, integers and lists; its canonical JSON is its key, so that the same case is the same
in every specification, whatever the order.
"""
import hashlib
import itertools
import json
from pathlib import Path

from ..networks.catalog import CATALOG, by_name
from ..runtime.arguments import integer
from ..graph.network import LOSSES
from ..inputs.files import known_keys, load, unknown_key
from ..runtime.errors import InputError, InputTypeError, UnknownName, shortened
from .. import flows

# A survey of a million cases would run for hours at 100 a second; above it something is wrong with the specification.
MAX_CASES = 1_000_000

KEYS = (
    "architecture",
    "sizes",
    "cases",
    "options",
    "bias",
    "flow",
    "loss",
    "degree",
    "count",
    "expected",
    "time_limit",
)
FLOW_KEYS = ("name", "tau", "metric", "weight_decay")


def read(path):
    r"""
    Return the sweeps of a TOML file, a list of tables ``[[sweep]]``.

    EXAMPLES::

        sage: import tempfile
        sage: from sage_conslaw.surveys.specification import read
        sage: with tempfile.NamedTemporaryFile("w", suffix=".toml") as f:
        ....:     _ = f.write('[[sweep]]\narchitecture = "linear"\nsizes = [[2, 3], 1, 2]'); f.flush()
        ....:     read(f.name)
        [{'architecture': 'linear', 'sizes': [[2, 3], 1, 2]}]
    """
    # Numbers with a decimal point are seconds, or a damping that ``_flow`` writes as text again.
    return _sweeps(load(path, "with tables [[sweep]]", kinds=(".toml",), exact=False))


def _sweeps(data):
    if isinstance(data, dict):
        odd = [key for key in data if key != "sweep"]
        if odd:
            raise InputError(
                f"the survey has the key {shortened(repr(odd[0]), 60)}; "
                f"{unknown_key(odd[0], ('sweep',))}it has tables [[sweep]] only"
            )
        data = data.get("sweep", [])
    if not isinstance(data, (list, tuple)) or not data or not all(isinstance(sweep, dict) for sweep in data):
        raise InputError("the survey has no sweeps; give one or more tables [[sweep]] with architecture and sizes")
    return list(data)


def cases(specs):
    r"""
    Return the cases of a survey as dictionaries by their keys, each case once.

    INPUT:

    - ``specs`` -- the path of a TOML file; a list of sweeps; or a dictionary with the list ``sweep``.  A sweep has
      ``architecture`` and either ``sizes`` (for each position a size or a list of sizes: all combinations) or ``cases``
      (lists of sizes, or tables with ``sizes`` and ``expected``), and may have ``options`` (a table), ``bias``,
      ``flow`` (a name or a table with ``name``, ``tau``, ``metric``, ``weight_decay``), ``loss``, ``degree``, ``count``
      (the count alone), ``expected`` (the number of laws) and ``time_limit`` (seconds a case).  ``bias``, ``flow``,
      ``loss`` and every option may be lists: all combinations.

    EXAMPLES::

        sage: from sage_conslaw.surveys.specification import cases
        sage: found = cases([{"architecture": "relu", "sizes": [2, [1, 2], 1], "bias": [False, True]}])
        sage: [(case["sizes"], case["options"]) for case in found.values()]
        [([2, 1, 1], {}), ([2, 1, 1], {'bias': True}), ([2, 2, 1], {}), ([2, 2, 1], {'bias': True})]
        sage: cases([{"architecture": "relu", "size": [2, 1, 1]}])
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: sweep 1 has the key 'size'; did you mean 'sizes'? known: architecture, sizes, cases,
        ...
        sage: cases([{"architecture": "liner", "sizes": [2, 1]}])
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: sweep 1: architecture 'liner' is not known; did you mean 'linear'? known: ...
    """
    sweeps = read(specs) if isinstance(specs, (str, Path)) else _sweeps(specs)
    found = {}
    for number, sweep in enumerate(sweeps, start=1):
        try:
            for case in _cases(sweep, f"sweep {number}"):
                found[key(case)] = case
        except ValueError as error:
            message = str(error)
            # ``InputTypeError`` is both: who catches either still does, with the number of the sweep in front.
            kind = InputTypeError if isinstance(error, TypeError) else InputError
            raise kind(message if message.startswith("sweep ") else f"sweep {number}: {message}") from None
    return found


def key(case):
    """Return the canonical text of a case; what is expected of it is no part of it."""
    # Sorted and without blanks: two specifications that mean the same case write the same key.
    return json.dumps(
        {name: value for name, value in case.items() if name != "expected"}, sort_keys=True, separators=(",", ":")
    )


def seed_of(text, seed):
    """Return the seed of a case: the same for the same case and seed of the survey."""
    # Not ``hash``, which Python seeds anew in each process: a case has its seed on every machine, whatever else is in
    # the survey.  32 bits are drawn.
    return int(hashlib.sha256(f"{seed}:{text}".encode()).hexdigest()[:8], 16)


def _listed(value):
    return list(value) if isinstance(value, (list, tuple)) else [value]


def _cases(sweep, what):
    known_keys(sweep, KEYS, what)
    architecture = sweep.get("architecture")
    if not isinstance(architecture, str):
        raise InputError(f"{what} has no architecture; give one of {', '.join(sorted(CATALOG))}")
    options = sweep.get("options", {})
    if not isinstance(options, dict) or not all(isinstance(name, str) for name in options):
        raise InputTypeError(f"{what} has options = {shortened(repr(options), 60)}; give a table such as {{heads = 2}}")
    options = dict(options)
    if "bias" in sweep:
        options["bias"] = sweep["bias"]
    names = list(options)
    sizes = _sizes(sweep, what)
    alternatives = [_listed(options[name]) for name in names]
    flows = [_flow(flow, what) for flow in _listed(sweep.get("flow", "gradient"))]
    losses = _listed(sweep.get("loss", LOSSES[0]))
    for loss in losses:
        if not isinstance(loss, str) or loss not in LOSSES:
            raise InputError(
                f"{what} has the loss {shortened(repr(loss), 60)}; choose {' or '.join(map(repr, LOSSES))}"
            )
    # Counted before anything is built: five lists of a hundred are ten thousand million cases.
    number = len(sizes) * len(flows) * len(losses)
    for values in alternatives:
        number *= len(values)
    if not number:
        raise InputError(f"{what} has no cases: one of its lists is empty")
    if number > MAX_CASES:
        raise InputError(f"{what} has {number} cases; at most {MAX_CASES}")
    common = _common(sweep, what)
    first = True
    for (size, expected), *values, flow, loss in itertools.product(sizes, *alternatives, flows, losses):
        # ``bias = false`` is the default, and would be a second key for the same case.
        chosen = {name: value for name, value in sorted(zip(names, values)) if value is not False or name != "bias"}
        case = {"architecture": architecture, "sizes": size, "options": chosen, "flow": flow, "loss": loss, **common}
        if expected is not None:
            case["expected"] = expected
        if first:
            # A name or an option that does not exist is said at once; a size that does not fit is a failed case.
            try:
                by_name(architecture, size, **chosen)
            except UnknownName:
                raise
            except ValueError:
                pass
            first = False
        yield case


def _sizes(sweep, what):
    """Return pairs (sizes, expected number)."""
    # Neither, or both: which one is meant is not guessed.
    if ("sizes" in sweep) == ("cases" in sweep):
        raise InputError(
            f"{what} needs either sizes (a size or a list of sizes for each position) or cases (lists of sizes)"
        )
    expected = _expected(sweep, what)
    if "sizes" in sweep:
        given = sweep["sizes"]
        if not isinstance(given, (list, tuple)) or not given:
            raise InputError(
                f"{what} has sizes = {shortened(repr(given), 60)}; give a list with a size or a list of "
                f"sizes for each position, e.g. [2, [1, 2, 3], 2]"
            )
        positions = [[_integer(n, what) for n in _listed(position)] for position in given]
        total = 1
        for position in positions:
            total *= len(position)
        # Before the product is written out.
        if total > MAX_CASES:
            raise InputError(f"{what} has {total} sizes; at most {MAX_CASES}")
        return [(list(size), expected) for size in itertools.product(*positions)]
    out = []
    for entry in _listed(sweep["cases"]):
        if isinstance(entry, dict):
            known_keys(entry, ("sizes", "expected"), f"{what}, a case")
            if "sizes" not in entry:
                raise InputError(f"{what}: a case has no sizes")
            out.append(([_integer(n, what) for n in _listed(entry["sizes"])], _expected(entry, what, expected)))
        else:
            out.append(([_integer(n, what) for n in _listed(entry)], expected))
    return out


def _expected(record, what, default=None):
    """Return the expected number of laws, if one is given."""
    number = record.get("expected", default)
    # A truth value is an integer to Python: ``expected = true`` would be one law.
    if number is not None and (isinstance(number, bool) or not isinstance(number, int) or number < 0):
        raise InputError(f"{what} expects {shortened(repr(number), 60)} laws; give an integer of at least 0")
    return number


def _integer(value, what):
    try:
        return integer(value)
    except TypeError:
        raise InputTypeError(f"{what} has the size {shortened(repr(value), 60)}, which is not an integer") from None


def _flow(flow, what):
    """Return a flow as a canonical table, or say what is wrong with it."""
    flow = {"name": flow} if isinstance(flow, str) else flow
    if not isinstance(flow, dict):
        raise InputError(
            f'{what} has the flow {shortened(repr(flow), 60)}; give a name or a table, e.g. {{name = '
            f'"momentum", tau = "1"}}'
        )
    known_keys(flow, FLOW_KEYS, f"{what}, a flow")
    # As text: 1/2 stays exact, and 1 and "1" are one key.
    flow = {name: str(value) for name, value in sorted(flow.items())}
    # Built once here, so that a flow that does not exist is said before anything is computed.
    built = flows.by_name(
        flow.get("name", "gradient"), **{name: flow[name] for name in ("tau", "metric") if name in flow}
    )
    if "weight_decay" in flow:
        flows.weight_decay(flow["weight_decay"], built)
    # The default is written out: a key says all that the case is.
    return {"name": "gradient"} | flow


def _common(sweep, what):
    """Return what all cases of a sweep share."""
    out = {}
    if "degree" in sweep:
        out["degree"] = _integer(sweep["degree"], what)
        if out["degree"] < 1:
            raise InputError(f"{what} has the degree {out['degree']}; give a positive integer")
    if sweep.get("count", False) not in (True, False):
        raise InputError(f"{what} has count = {sweep['count']!r}; give true or false")
    if sweep.get("count"):
        if "degree" in out:
            raise InputError(f"{what} asks for the count alone and for a degree; leave out one")
        out["count"] = True
    if "time_limit" in sweep:
        limit = sweep["time_limit"]
        # Written so that a limit that is no number fails the comparison.
        if isinstance(limit, bool) or not isinstance(limit, (int, float)) or not 0 < limit < 1e9:
            raise InputError(f"{what} has the time limit {shortened(repr(limit), 60)}; give seconds above 0")
        out["time_limit"] = float(limit)
    return out
