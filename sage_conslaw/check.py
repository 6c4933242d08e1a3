r"""
A second checker of certificates: plain Python, no Sage, nothing of the package, in this one file.

    python -m sage_conslaw.check FILE [FILE ...]

A certificate states a problem in its user's terms: an architecture with sizes and options or a graph, a loss, a flow
with its damping, decay and metric; or polynomials phi; or a system. Everything else is rebuilt here from that: names,
dimension, drift, metric, constants, covectors, response. Every law is then proved to be conserved by polynomial
arithmetic over Q, both minors are recomputed modulo the stored primes, and the sum is compared with the dimension. One
line a file: what is verified, in full, or why it is rejected. What cannot be rebuilt here, the graph that belongs to
the name of a modern architecture, is said to be given by the file.

Exit status 0 if all are verified, 1 if one is rejected, 2 if one cannot be read. Whatever a file says, it is left after
60 s and with 2 GB: sizes are compared before anything is built, and the work is counted.

EXAMPLES::

    sage: from sage_conslaw import conservation_laws, networks
    sage: from sage_conslaw.check import verify
    sage: record = conservation_laws(networks.linear([2, 1, 2]), seed=0).certificate()
    sage: verify(record)
    '1 independent law in dimension 4, complete: 1 + 3 = 4; linear 2 1 2, least-squares loss, gradient flow, euclidean
    metric; nothing is assumed'
    sage: record["dimension"] += 1r
    sage: verify(record)
    Traceback (most recent call last):
    ...
    sage_conslaw.check.Rejected: the digest is not that of the record: it was changed after it was written
"""
import gc
import hashlib
import itertools
import json
import math
import random
import os
import re
import stat
import sys
from fractions import Fraction

SCHEMA = "sage_conslaw.certificate/2"
# Steps of the order of 0.2 microseconds; what is kept is counted in numbers and terms.
LIMITS = {
    "bytes": 32_000_000,
    "work": 250_000_000,
    "kept": 4_000_000,
    "coordinates": 4000,
    "degree": 200,
    "seconds": 60,
    "memory": 2 << 30,
}
BUDGET = {"work": 0, "kept": 0}
# Numbers of parameters at any width.
MANY = 10**24
# A small network of a segment has so many parameters at most, and so many words for each of them.
SMALL_SEGMENT, WORDS_EACH = 1200, 2
CLASSIC = ("product", "linear", "relu", "nmf", "icnn")
GATES = ("relu", "leaky relu", "abs", "dropout", "max", "top softmax", "any gate")
# What a covector at the input of a nonlinearity satisfies, whatever the data.
CUTS: dict = {
    "free": (
        "exp",
        "gelu",
        "silu",
        "sigmoid",
        "softplus",
        "tanh",
        "normalised sigmoid",
        "top sigmoid",
        "top normalised sigmoid",
        "rms norm with eps",
        "any function",
    ),
    "sum zero": (
        "softmax",
        "top softmax",
        "masked softmax",
        "log softmax",
        "layer norm with eps",
        "layer norm with eps without last",
        "any shift-invariant function",
        "any shift-invariant function without last",
    ),
    "orthogonal": ("rms norm", "any scale-invariant function"),
    "both": (
        "layer norm",
        "batch norm",
        "any shift- and scale-invariant function",
        "any shift- and scale-invariant function without last",
    ),
}
CUTS = {function: constraint for constraint, functions in CUTS.items() for function in functions}
# Read exactly in networks of at most so many parameters: norms are algebraic, and the outputs of these sum to one.
EXACT_PARAMETERS = 300
NORMS = ("rms norm", "layer norm", "batch norm")
SUM_TO_ONE = ("softmax", "masked softmax", "top softmax", "normalised sigmoid", "top normalised sigmoid")
ASSUMPTIONS = {
    "span": "assumed: near a generic point the real gradients span those of the model (span condition)",
    "none": "nothing is assumed",
    "smooth": "; real ranks of functions that are not piecewise linear are no part of a certificate",
    "region": " on a region around the parameters in this file",
}
# Slopes of piecewise linear functions, of negative and of positive numbers; the largest of a row has slope one.
SLOPES = {"relu": (0, 1), "leaky relu": (Fraction(1, 100), 1), "abs": (-1, 1)}


class Rejected(Exception):
    """A certificate that does not hold, with the reason."""


class TooMuchWork(Rejected):
    """A certificate that may hold, and takes more than this checker's limits to check."""


def need(condition, reason):
    """Reject unless the condition holds."""
    if not condition:
        raise Rejected(reason)


def spend(work, kept=0):
    """Take steps, and numbers that are kept, from what is left for this certificate."""
    BUDGET["work"] -= work
    BUDGET["kept"] -= kept
    if BUDGET["work"] < 0 or BUDGET["kept"] < 0:
        raise TooMuchWork("the certificate needs more work or memory than this checker's limit")


# -- the schema: types, ranges and keys, before anything is computed --------------------------------------


NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
WORD = re.compile(r"[A-Za-z][A-Za-z0-9_ ^-]{0,39}")
RATIONAL = re.compile(r"0|[1-9][0-9]{0,999}(/[1-9][0-9]{0,999})?")
POLYNOMIAL = re.compile(r"[A-Za-z0-9_+*/^-]{1,1000000}")
SPEC = re.compile(r"[A-Za-z]{0,20},[A-Za-z]{0,20}->[A-Za-z]{0,20}")
ARCHITECTURE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")


def keys(value, wanted, what, optional=()):
    """Check that a value is an object with exactly these keys."""
    need(
        type(value) is dict and set(wanted) <= set(value) <= {*wanted, *optional}, f"{what} has missing or unknown keys"
    )


def whole(value, what, low=0, high=1_000_000):
    """Check an exact integer in a range; true, false and 4.0 are none."""
    need(type(value) is int and low <= value <= high, f"{what} is not an integer from {low} to {high}")


def wholes(value, what, low=0, high=1_000_000, most=10_000):
    """Check a list of exact integers in a range."""
    need(type(value) is list and len(value) <= most and all(type(x) is int and low <= x <= high for x in value),
         f"{what} is not a list of at most {most} integers from {low} to {high}")


def numbers(value, what):
    """Check a list of integers of 64 bits."""
    wholes(value, what, -(1 << 63), (1 << 63) - 1, 4_000_000)


def texts(value, pattern, what, least=0, most=200_000):
    """Check a list of strings of one form."""
    need(
        type(value) is list
        and least <= len(value) <= most
        and all(type(x) is str and pattern.fullmatch(x) for x in value),
        f"{what} is not a list of {least} to {most} strings of the form {pattern.pattern}",
    )


def one_of(value, allowed, what):
    """Check that a value is one of some words."""
    need(type(value) is str and value in allowed, f"{what} is none of {', '.join(allowed)[:200]}")


def check_schema(record):
    """Check the form of a whole record."""
    need(type(record) is dict and record.get("schema") == SCHEMA, f"the schema is not {SCHEMA}")
    if "width" in record:
        _schema_wide(record)
        return
    keys(
        record,
        ("schema", "problem", "assumption", "statement", "dimension", "laws", "independence", "rank", "digest"),
        "the record",
        ("real",),
    )
    if "real" in record:
        keys(record["real"], ("parameters", "samples"), "the real point")
        wholes(record["real"]["parameters"], "the parameters of the real point", -(1 << 40), 1 << 40)
        need(type(record["real"]["samples"]) is list and 1 <= len(record["real"]["samples"]) <= 10_000,
             "the samples are not a list of 1 to 10000")
        for sample in record["real"]["samples"]:
            wholes(sample, "a sample", -(1 << 40), 1 << 40, 100_000)
    one_of(record["assumption"], ("span", "none"), "the assumption")
    need(type(record["statement"]) is str and len(record["statement"]) <= 10_000, "the statement is not a string")
    whole(record["dimension"], "the dimension", 1, 10_000)
    texts(record["laws"], POLYNOMIAL, "laws")
    need(
        type(record["digest"]) is str and re.fullmatch("[0-9a-f]{64}", record["digest"]),
        "the digest is not one of SHA-256",
    )
    _schema_problem(record["problem"])
    part = record["independence"]
    keys(part, ("prime", "point", "rows", "pivots", "minor"), "the independence")
    _schema_minor(part)
    wholes(part["rows"], "the rows of the independence")
    _schema_rank(record["rank"])


def _schema_wide(record):
    keys(record, ("schema", "problem", "assumption", "statement", "dimension", "laws", "width", "digest"), "the record")
    one_of(record["assumption"], ("span", "none"), "the assumption")
    need(type(record["statement"]) is str and len(record["statement"]) <= 10_000, "the statement is not a string")
    whole(record["dimension"], "the dimension", 1, MANY)
    texts(record["laws"], re.compile("[A-Za-z0-9 ^+-]{1,200}"), "the laws", 0, 1000)
    need(
        type(record["digest"]) is str and re.fullmatch("[0-9a-f]{64}", record["digest"]),
        "the digest is not one of SHA-256",
    )
    _schema_problem(record["problem"], False)
    part = record["width"]
    need(type(part) is dict, "the width is not an object")
    one_of(part.get("kind"), ("star", "chains", "growth"), "the kind of the width")
    if part["kind"] == "growth":
        _schema_growth(part)
        return
    keys(part, ("kind", "prime", "seed", "parts", *(("components", "words") if part["kind"] == "chains" else ())),
         "the width")
    whole(part["prime"], "the prime", (1 << 20) + 1, (1 << 62) - 1)
    whole(part["seed"], "the seed", -(1 << 63), (1 << 63) - 1)
    need(type(part["parts"]) is list and 1 <= len(part["parts"]) <= 10_000, "the parts are not a list of 1 to 10000")
    for one in part["parts"]:
        keys(one, ("of", "times", "size", "rank", "laws"), "a part")
        need(type(one["of"]) is str and re.fullmatch("[a-z0-9 ]{1,200}", one["of"]), "a part has no name")
        whole(one["times"], "how often a part occurs", 1, MANY)
        for key in ("size", "rank", "laws"):
            whole(one[key], f"the {key} of a part")
    if part["kind"] == "chains":
        _schema_chains(part)


CONSTRAINTS = ("free", "sum zero", "orthogonal", "sum zero and orthogonal")
SEGMENT_NODES = {
    "parameter": ("name", "axes"),
    "data": ("axes",),
    "sum zero": ("axes",),
    "sum one": ("axes", "causal"),
    "uniform": ("axes", "value"),
    "causal": ("axes",),
    "array": ("axes", "values"),
    "contract": ("spec", "inputs"),
    "add": ("inputs",),
    "transpose": ("order", "inputs"),
    "reshape": ("axes", "inputs"),
    "broadcast": ("axes", "inputs"),
    "select": ("axes", "axis", "inputs"),
    "windows": ("axes", "kept", "places", "inputs"),
}
SEGMENT_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_:,.\[\]]{0,299}")


def objects(value, wanted, what, most=1000, least=0):
    """Check a list of objects with exactly these keys."""
    need(type(value) is list and least <= len(value) <= most, f"{what} are not a list of {least} to {most}")
    for one in value:
        keys(one, wanted, what)


def few(value, what, most=20):
    """Check a short list of places or classes."""
    wholes(value, what, most=most)


def _schema_growth(part):
    keys(part, ("kind", "prime", "seed", "still", "segments"), "the width")
    whole(part["prime"], "the prime", (1 << 20) + 1, (1 << 62) - 1)
    whole(part["seed"], "the seed", 0, (1 << 63) - 1)
    whole(part["still"], "the number of parameters that nothing moves", 0, MANY)
    need(type(part["segments"]) is list and len(part["segments"]) <= 1000, "the segments are not a list")
    for one in part["segments"]:
        shown = ("families", "base", "words") if type(one) is dict and "base" in one else ()
        keys(one, ("times", "size", "laws", "rank", "graph", *shown), "a segment")
        whole(one["times"], "how often a segment occurs", 1, MANY)
        whole(one["size"], "the size of a segment", 1, MANY)
        for key in ("laws", "rank"):
            whole(one[key], f"the {key} of a segment", 0, MANY)
        _schema_segment(one["graph"])
        if shown:
            _schema_base(one)


def _schema_base(one):
    objects(one["families"], ("kind", "classes", "parts"), "the families", 200)
    for family in one["families"]:
        one_of(family["kind"], ("full", "diagonal", "sum", "shift"), "the kind of a family")
        few(family["classes"], "the classes of a family")
        objects(family["parts"], ("parameter", "places", "factor"), "the parts of a family", 1000, 1)
        for part in family["parts"]:
            whole(part["parameter"], "the parameter of a part")
            few(part["places"], "the places of a part")
            whole(part["factor"], "the factor of a part", -1_000_000, 1_000_000)
    keys(one["base"], ("sizes", "free", "units"), "a base")
    wholes(one["base"]["sizes"], "the sizes of a base", 1, 10**9, 200)
    whole(one["base"]["free"], "the free values of a base")
    objects(one["base"]["units"], ("classes", "signs"), "the units", 20)
    for unit in one["base"]["units"]:
        few(unit["classes"], "the classes of a unit")
        need(type(unit["signs"]) is list and len(unit["signs"]) <= 1000, "the signs of a unit are not a list")
        for bits in unit["signs"]:
            few(bits, "signs")
    few(one["words"], "the words", 12)


def _schema_segment(graph):
    keys(graph, ("sizes", "nodes", "parameters", "pairings"), "the graph of a segment")
    wholes(graph["sizes"], "the sizes of classes", 1, 10**9, 200)
    wholes(graph["parameters"], "the parameters of a segment", most=1000)
    need(graph["parameters"], "a segment has no parameters")
    objects(graph["pairings"], ("node", "covector", "causal"), "the pairings", 1000, 1)
    for pair in graph["pairings"]:
        whole(pair["node"], "the node of a pairing")
        one_of(pair["covector"], CONSTRAINTS, "a covector")
        whole(pair["causal"], "the mark of earlier entries", 0, 1)
    need(type(graph["nodes"]) is list and 1 <= len(graph["nodes"]) <= 2000, "a segment has no nodes, or over 2000")
    for node in graph["nodes"]:
        need(type(node) is dict, "a node of a segment is not an object")
        one_of(node.get("op"), SEGMENT_NODES, "the operation of a node")
        over = ("denominator",) if node["op"] in ("uniform", "causal", "array") else ()
        keys(node, ("op", *SEGMENT_NODES[node["op"]]), "a node of a segment", over)
        whole(node.get("denominator", 2), "a denominator", 2, (1 << 63) - 1)
        if "name" in node:
            need(type(node["name"]) is str and SEGMENT_NAME.fullmatch(node["name"]), "a parameter has no name")
        if "axes" in node:
            need(type(node["axes"]) is list and len(node["axes"]) <= 20, "axes are not a list of at most 20")
            for axis in node["axes"]:
                few(axis, "an axis")
        for key, low, high in (
            ("causal", 0, 1),
            ("value", -(1 << 63), (1 << 63) - 1),
            ("axis", 0, 20),
            ("kept", 0, 20),
        ):
            if key in node:
                whole(node[key], f"the {key} of a node", low, high)
        if "values" in node:
            wholes(node["values"], "the values of a node", -(1 << 63), (1 << 63) - 1, 100_000)
        if "places" in node:
            wholes(node["places"], "the places of a node", -1, 1_000_000, 100_000)
        if "order" in node:
            few(node["order"], "an order")
        if "spec" in node:
            need(
                type(node["spec"]) is str and SPEC.fullmatch(node["spec"]), "a contraction is not of the form ij,jk->ik"
            )
        if "inputs" in node:
            wholes(node["inputs"], "the inputs of a node", most=2)
            need(len(node["inputs"]) == (2 if node["op"] in ("contract", "add") else 1), "a node has odd inputs")


def _schema_chains(part):
    need(type(part["words"]) is list and 1 <= len(part["words"]) <= 1001, "the words are not a list of 1 to 1001")
    for counts in part["words"]:
        wholes(counts, "the numbers of words", most=12)
    need(type(part["components"]) is list and 1 <= len(part["components"]) <= 1000,
         "the components are not a list of 1 to 1000")
    for one in part["components"]:
        keys(one, ("chains", "links", "times"), "a component")
        whole(one["times"], "how often a component occurs", 1, 10**9)
        for name, length, least in (("chains", 2, 1), ("links", 3, 0)):
            need(type(one[name]) is list and least <= len(one[name]) <= 100, f"the {name} are not a list")
            for numbers_of_one in one[name]:
                wholes(numbers_of_one, f"one of the {name}", most=length)
                need(len(numbers_of_one) == length, f"one of the {name} has not {length} numbers")


def _schema_minor(part):
    whole(part["prime"], "the prime", (1 << 20) + 1, (1 << 62) - 1)
    numbers(part["point"], "the point")
    wholes(part["pivots"], "the pivots")
    whole(part["minor"], "the minor", -(1 << 63), (1 << 63) - 1)


def _schema_rank(part):
    need(type(part) is dict, "the rank is not an object")
    one_of(part.get("kind"), ("words", "path"), "the kind of the rank")
    found = ("words",) if part["kind"] == "words" else ("path", "fields")
    keys(part, ("kind", "prime", "point", "rank", "pivots", "minor", *found), "the rank")
    _schema_minor(part)
    whole(part["rank"], "the rank")
    if part["kind"] == "words":
        need(type(part["words"]) is list and len(part["words"]) <= 10_000, "the words are not a list of at most 10000")
        lists = part["words"]
        need(all(type(word) is list and 1 <= len(word) <= 12 for word in lists), "a word has not 1 to 12 letters")
    else:
        need(
            type(part["path"]) is list and len(part["path"]) <= 10_000, "the path is not a list of at most 10000 steps"
        )
        for step in part["path"]:
            keys(step, ("step", "data"), "a step of the path", ("sample",))
            _schema_letter(step)
        lists = part["fields"]
        need(
            type(lists) is list
            and len(lists) <= 10_001
            and all(type(fields) is list and len(fields) <= 10_000 for fields in lists),
            "the fields are not lists of letters",
        )
    for letters in lists:
        for letter in letters:
            keys(letter, ("data",), "a letter", ("weight", "step", "sample"))
            _schema_letter(letter)


def _schema_letter(letter):
    numbers(letter["data"], "the data of a letter")
    if "sample" in letter:
        whole(letter["sample"], "the sample of a letter")
    for key in set(letter) - {"data"}:
        whole(letter[key], f"the {key} of a letter", -(1 << 63), (1 << 63) - 1)


def _schema_problem(problem, drawn=True):
    need(type(problem) is dict, "the problem is not an object")
    one_of(problem.get("kind"), ("network", "phi", "system") if drawn else ("network",), "the kind of the problem")
    if problem["kind"] == "system":
        keys(problem, ("kind", "variables", "parameters", "controls"), "the problem", ("drift",))
        texts(problem["variables"], NAME, "the variables", 1, 10_000)
        texts(problem["parameters"], NAME, "the parameters", 0, 10_000)
        need(type(problem["controls"]) is list and len(problem["controls"]) <= 10_000, "the controls are not a list")
        for field in problem["controls"] + ([problem["drift"]] if "drift" in problem else []):
            texts(field, POLYNOMIAL, "a field", 1, 10_000)
        return
    if problem["kind"] == "phi":
        keys(problem, ("kind", "parameters", "phi", "flow"), "the problem")
        texts(problem["parameters"], NAME, "the parameters", 1, 10_000)
        texts(problem["phi"], POLYNOMIAL, "phi", 1)
    else:
        _schema_network(problem, drawn)
    _schema_flow(problem["flow"])


def _schema_network(problem, drawn):
    name = problem.get("architecture")
    need(
        type(name) is str and ARCHITECTURE.fullmatch(name) and name not in ("phi", "system"),
        "the architecture has no name",
    )
    keys(
        problem,
        (
            "kind",
            "architecture",
            "sizes",
            "options",
            "loss",
            "flow",
            *(() if name in CLASSIC or not drawn else ("graph",)),
        ),
        "the problem",
    )
    wholes(problem["sizes"], "the sizes", 1, 10**9, 1000)
    one_of(problem["loss"], ("least-squares", "cross-entropy"), "the loss")
    options = problem["options"]
    need(
        type(options) is dict and len(options) <= 20 and all(NAME.fullmatch(key) for key in options),
        "the options have no names",
    )
    for value in options.values():
        need(
            type(value) is str and WORD.fullmatch(value) or type(value) is int and 0 <= value <= 1_000_000,
            "an option is no number or word",
        )
    if name not in CLASSIC and drawn:
        graph = problem["graph"]
        keys(graph, ("nodes", "output", "parameters"), "the graph")
        need(
            type(graph["nodes"]) is list and 1 <= len(graph["nodes"]) <= 20_000, "the graph has no nodes, or over 20000"
        )
        whole(graph["output"], "the output of the graph")
        wholes(graph["parameters"], "the parameters of the graph")
        for node in graph["nodes"]:
            _schema_node(node)
        _need_free_slopes(graph["nodes"])


NODES = {
    "parameter": ("name", "shape"),
    "input": ("name", "shape"),
    "rotation": ("shape",),
    "constant": ("shape", "values"),
    "contract": ("spec", "inputs"),
    "add": ("inputs",),
    "gather": ("inputs", "shape", "indices"),
    "gate": ("inputs", "function"),
    "cut": ("inputs", "function"),
}


def _schema_node(node):
    need(type(node) is dict, "a node is not an object")
    one_of(node.get("op"), NODES, "the operation of a node")
    masked = node["op"] == "cut" and node.get("function") == "masked softmax"
    optional = {"constant": ("denominator",), "input": ("tokens",)}.get(node["op"], ())
    keys(node, ("op", *NODES[node["op"]], *(("mask",) if masked else ())), "a node", optional)
    whole(node.get("denominator", 2), "a denominator", 2, (1 << 63) - 1)
    whole(node.get("tokens", 1), "the mark of tokens", 1, 1)
    if "name" in node:
        need(type(node["name"]) is str and NAME.fullmatch(node["name"]), "a node has no name")
    if "shape" in node:
        wholes(node["shape"], "a shape", most=20)
    if "inputs" in node:
        count = 2 if node["op"] in ("contract", "add") else 1
        wholes(node["inputs"], "the inputs of a node", most=2)
        need(len(node["inputs"]) == count, f"a node has not {count} inputs")
    if "spec" in node:
        need(type(node["spec"]) is str and SPEC.fullmatch(node["spec"]), "a contraction is not of the form ij,jk->ik")
    if "function" in node:
        one_of(node["function"], GATES if node["op"] == "gate" else CUTS, "the function of a node")
    for key in ("values", "indices"):
        if key in node:
            numbers(node[key], f"the {key} of a node")
    if masked:
        wholes(node["mask"], "a mask", 0, 1, 1_000_000)


def _need_free_slopes(nodes):
    """Refuse exponentials of what free data do not multiply: a bias in it is tied to the value, which is the slope."""
    data, scaled = [], []
    for place, node in enumerate(nodes):
        op, inputs = node["op"], node.get("inputs", [])
        need(all(i < place for i in inputs), "the graph is not in order: a node is made of later ones")
        below = [scaled[i] for i in inputs]
        need(node.get("function") != "exp" or below[0], "an exponential has a slope that its value gives")
        data.append(op in ("input", "rotation") or any(data[i] for i in inputs))
        if op == "cut":
            free = CUTS[node["function"]] == "free" and node["function"] not in SUM_TO_ONE
        else:
            free = op == "input" and "tokens" not in node or bool(below) and op != "gate" and (
                any(below) if op == "contract" else all(below))
        scaled.append(data[-1] and free)


def _schema_flow(flow):
    need(type(flow) is dict, "the flow is not an object")
    one_of(flow.get("name"), ("gradient", "momentum", "nesterov"), "the flow")
    keys(flow, ("name", "decay", "metric", *(("tau",) if flow["name"] == "momentum" else ())), "the flow")
    need(type(flow["decay"]) is str and RATIONAL.fullmatch(flow["decay"]), "the decay is not a rational number")
    if "tau" in flow and flow["tau"] != "tau":
        texts(flow["tau"], POLYNOMIAL, "the damping", 2, 2)
    metric = flow["metric"]
    if type(metric) is str:
        one_of(metric, ("euclidean", "mirror"), "the metric")
    elif type(metric) is dict and "positive" in metric:
        keys(metric, ("positive",), "the metric")
        texts(metric["positive"], NAME, "the positive parameters", 1, 10_000)
    else:
        keys(metric, ("at", "entries", "denominator"), "the metric")
        one_of(metric["at"], ("state", "dual"), "the point of the metric")
        texts([metric["denominator"]], POLYNOMIAL, "the denominator of the metric")
        need(
            type(metric["entries"]) is list and 1 <= len(metric["entries"]) <= 20_000,
            "the metric has no entries, or over 20000",
        )
        for entry in metric["entries"]:
            need(type(entry) is list and len(entry) == 3, "an entry of the metric is not row, column and polynomial")
            wholes(entry[:2], "the place of an entry of the metric")
            texts(entry[2:], POLYNOMIAL, "an entry of the metric")


# -- numbers: ints modulo p, duals over them, polynomials as dictionaries -------------------------------


class Poly(dict):
    """A polynomial over Q: {sorted tuple of variables: Fraction}; also the numbers of the exact check."""

    def __add__(self, other):
        spend(2 * len(other) + len(self) // 4)
        out = Poly(self)
        for m, c in other.items():
            total = out.get(m, 0) + c
            if total:
                out[m] = total
            else:
                del out[m]
        return out

    def __neg__(self):
        return Poly({m: -c for m, c in self.items()})

    def __mul__(self, other):
        out = Poly()
        # A product of fractions cancels their common factor: the more digits, the longer.
        digits = max(
            ((c.numerator.bit_length() + c.denominator.bit_length()) // 3 for f in (self, other) for c in f.values()),
            default=1,
        )
        spend(10 * len(self) * len(other) * (1 + digits // 40))
        for a, x in self.items():
            for b, y in other.items():
                m = tuple(sorted(a + b))
                spend(len(m) // 4)
                out[m] = out.get(m, 0) + x * y
        return Poly({m: c for m, c in out.items() if c})

    def derivative(self, i):
        """Return the derivative by the variable with index ``i``."""
        out = Poly()
        for m, c in self.items():
            k = m.count(i)
            if k:
                at = m.index(i)
                out[m[:at] + m[at + 1:]] = c * k
        return out


def one_variable(i, value=1):
    """Return a multiple of one variable."""
    return Poly({(i,): Fraction(value)}) if value else Poly()


class Dual:
    """real + eps * slope, eps^2 = 0; slope may be None for zero. Entries are numbers or duals again."""

    __slots__ = ("real", "slope")

    def __init__(self, real, slope=None):
        self.real, self.slope = real, slope

    def __add__(self, other):
        if not isinstance(other, Dual):
            return Dual(self.real + other, self.slope)
        slope = other.slope if self.slope is None else self.slope if other.slope is None else self.slope + other.slope
        return Dual(self.real + other.real, slope)

    __radd__ = __add__

    def __neg__(self):
        return Dual(-self.real, None if self.slope is None else -self.slope)

    def __sub__(self, other):
        return self + (-other)

    def __rsub__(self, other):
        return -self + other

    def __mul__(self, other):
        if not isinstance(other, Dual):
            return Dual(self.real * other, None if self.slope is None else self.slope * other)
        left = None if other.slope is None else self.real * other.slope
        right = None if self.slope is None else self.slope * other.real
        return Dual(self.real * other.real, right if left is None else left if right is None else left + right)

    __rmul__ = __mul__

    def __mod__(self, p):
        return Dual(self.real % p, None if self.slope is None else self.slope % p)


def slope(x):
    """Return the slope of a dual, 0 for anything else."""
    return (x.slope if x.slope is not None else 0) if isinstance(x, Dual) else 0


TERM = re.compile(
    r"([+-]?)((?:[0-9]+(?:/[0-9]+)?|[A-Za-z][A-Za-z0-9_]*(?:\^[0-9]+)?)(?:\*[A-Za-z][A-Za-z0-9_]*(?:\^[0-9]+)?)*)"
)


def parse(text, places):
    r"""
    Parse an expanded polynomial, a sum of terms like -3/2*x^2*y, in one pass; nothing is evaluated.

    EXAMPLES::

        sage: from sage_conslaw.check import *
        sage: parse("x^2-1/2*y", {"x": 0r, "y": 1r})
        {(0, 0): Fraction(1, 1), (1,): Fraction(-1, 2)}
    """
    spend(len(text))
    out, at = Poly(), 0
    while at < len(text):
        term = TERM.match(text, at)
        need(term and (term[1] or at == 0), "a polynomial is not a sum of terms like -3/2*x^2*y")
        at, value, monomial = term.end(), Fraction(1), []
        for factor in term[2].split("*"):
            if factor[0].isdigit():
                need(len(factor) <= 3000, "a coefficient is longer than the checker's limit")
                value *= Fraction(factor)
            else:
                name, _, power = factor.partition("^")
                need(
                    name in places and len(power) < 4 and 1 <= int(power or 1) <= LIMITS["degree"],
                    f"a polynomial has the unknown factor {factor[:30]!r}",
                )
                monomial += [places[name]] * int(power or 1)
        need(len(monomial) <= LIMITS["degree"], "a polynomial has a degree above the checker's limit")
        monomial = tuple(sorted(monomial))
        spend(10, 1 + len(monomial) // 8)
        out[monomial] = out.get(monomial, 0) + (-value if term[1] == "-" else value)
    return Poly({m: c for m, c in out.items() if c})


def at_point(polynomial, z, p):
    """Evaluate at a list of numbers modulo p or duals over them."""
    total = 0
    for m, c in polynomial.items():
        need(c.denominator % p, "the prime divides a denominator")
        term = c.numerator * pow(c.denominator, -1, p) % p
        for i in m:
            term = z[i] * term % p
        total = (total + term) % p
    return total


# -- the graph of a network --------------------------------------------------------------------------


class Graph:
    r"""
    The response of a network: what was drawn up to the output, data for what is not linear, and covectors at the output
    and at cuts.

    Nodes here are parameters, data, constants, contractions, sums, rearrangements and powers; a pairing is a node and
    its covector. A power has the value of its input and moves as many times as much as its exponent says: with a free
    scalar s, s |z|^2 z is a root mean square norm where |z|^2 moves -1/2 times as much, since s stands for a power of
    |z|^2. The data of a field are the numbers of the data nodes as drawn, then those of the covector of the loss, then
    those at the cuts.
    """

    def __init__(self, graph, loss):
        self.ops, self.inputs, self.shapes, self.sizes, self.extra, self.names = [], [], [], [], [], {}
        self.data, self.pairings, cuts = [], [], []
        # What the true values of data are made of: an input, or a function of a node; ``None`` if they are not known.
        self.truth = {}
        self.exact = (
            sum(math.prod(node["shape"]) for node in graph["nodes"] if node["op"] == "parameter") <= EXACT_PARAMETERS
        )
        # For each node as drawn its place here, and whether data reach it.
        self.at, self.reached_by_data = [], []
        for node in graph["nodes"]:
            need(
                all(i < len(self.at) for i in node.get("inputs", [])),
                "the graph is not in order: a node is made of later ones",
            )
            moved = node["op"] in ("input", "rotation") or any(self.reached_by_data[i] for i in node.get("inputs", []))
            need(
                moved or node["op"] not in ("gate", "cut") or node["function"] in NORMS,
                "functions of parameters alone are not covered",
            )
            cuts += self._draw(node | {"inputs": [self.at[i] for i in node["inputs"]]} if "inputs" in node else node)
            self.at.append(len(self.ops) - 1)
            self.reached_by_data.append(moved)
        need(
            all(i < len(self.at) for i in [graph["output"], *graph["parameters"]]),
            "the graph refers to nodes that it does not have",
        )
        self.parameters = [self.at[i] for i in graph["parameters"]]
        need(
            sorted(self.parameters) == [i for i, op in enumerate(self.ops) if op == "parameter"],
            "the parameters of the graph are not those that it lists",
        )
        self.output = self.at[graph["output"]]
        self._pair(self.output, "free" if loss == "least-squares" else "sum zero", None, True)
        for source, constraint, mask in cuts:
            self._pair(source, constraint, mask, False)
        self.data_size = sum(self.sizes[i] for i in self.data)
        self.dimension = sum(self.sizes[i] for i in self.parameters)
        need(
            1 <= self.dimension <= LIMITS["coordinates"], f"the network has not 1 to {LIMITS['coordinates']} parameters"
        )
        # What only a covector is made of keeps its constraint: it is never replaced by free symbols, and never moves.
        self.kept = self._reached(b for _, b in self.pairings) - self._reached(a for a, _ in self.pairings)
        self._users, self._makers = {}, {}

    def _reached(self, roots):
        """Return the nodes that these are made of, and these."""
        found, stack = set(), list(roots)
        while stack:
            i = stack.pop()
            if i not in found:
                found.add(i)
                stack.extend(self.inputs[i])
        return found

    def add(self, op, shape, inputs=(), extra=None):
        """Append a node and return its place."""
        size = math.prod(shape)
        spend(size, size)
        self.ops.append(op)
        self.shapes.append(list(shape))
        self.sizes.append(size)
        self.inputs.append(list(inputs))
        self.extra.append(extra)
        if op == "data":
            self.data.append(len(self.ops) - 1)
        return len(self.ops) - 1

    def contract(self, spec, a, b):
        """Append a contraction in Einstein's notation."""
        left, right, result = spec.replace("->", ",").split(",")
        letters = {}
        for names, i in ((left, a), (right, b)):
            need(len(names) == len(self.shapes[i]) and len(set(names)) == len(names), "a contraction does not fit")
            for name, n in zip(names, self.shapes[i]):
                need(letters.setdefault(name, n) == n, "a contraction does not fit")
        need(set(result) <= set(letters) and len(set(result)) == len(result), "a contraction does not fit")
        need(
            all(sum(name in part for part in (left, right, result)) > 1 for name in letters),
            "a contraction sums over an axis of one factor",
        )
        count = math.prod(letters.values())
        spend(10 * count, 2 * count)

        def strides(names):
            step, out = 1, dict.fromkeys(letters, 0)
            for name in reversed(names):
                out[name], step = step, step * letters[name]
            return out
        steps = [strides(names) for names in (result, left, right)]
        terms = [(0, 0, 0)]
        for name, n in letters.items():
            da, db, dc = (step[name] for step in steps)
            terms = [(x + k * da, y + k * db, z + k * dc) for x, y, z in terms for k in range(n)]
        return self.add("contract", [letters[name] for name in result], (a, b), terms)

    def gather(self, source, shape, indices):
        """Append a rearrangement: each entry is one of the source, or zero."""
        need(
            len(indices) == math.prod(shape) and all(-1 <= k < self.sizes[source] for k in indices),
            "a rearrangement does not fit",
        )
        return self.add("gather", shape, (source,), indices)

    def constant(self, shape, values, denominator=1):
        """Append fixed numbers: integers over one denominator."""
        need(len(values) == math.prod(shape), "a constant has not as many entries as its shape says")
        return self.add(
            "constant", shape, (), values if denominator == 1 else [Fraction(v, denominator) for v in values]
        )

    def _draw(self, node):
        """Append a node as it was drawn; return the covectors that it brings: source, constraint and mask."""
        op, inputs = node["op"], node.get("inputs", [])
        if op == "parameter":
            self.names[self.add(op, node["shape"])] = node["name"]
        elif op in ("input", "rotation"):
            place = self.add("data", node["shape"])
            self.truth[place] = "input" if op == "input" and "tokens" not in node else None
        elif op == "constant":
            self.constant(node["shape"], node["values"], node.get("denominator", 1))
        elif op == "contract":
            self.contract(node["spec"], *inputs)
        elif op == "add":
            need(self.shapes[inputs[0]] == self.shapes[inputs[1]], "a sum does not fit")
            self.add("add", self.shapes[inputs[0]], inputs)
        elif op == "gather":
            self.gather(inputs[0], node["shape"], node["indices"])
        elif op == "gate":
            known = node["function"] in SLOPES or node["function"] == "max"
            self.truth[self.add("data", self.shapes[inputs[0]])] = (node["function"], inputs[0]) if known else None
        else:
            return self._draw_cut(node["function"], inputs[0], node.get("mask"))
        return []

    def _draw_cut(self, function, source, mask):
        constraint, shape = CUTS[function], list(self.shapes[source])
        self.truth["cut"] = None
        need(shape or constraint == "free", "a nonlinearity along an axis has no axis")
        if function.endswith(" without last"):
            need(shape[-1] > 1, "without its last output a function has at least two")
            shape[-1] -= 1
        if mask is not None:
            need(len(mask) == math.prod(shape), "a mask does not fit")
            rows = [mask[i:i + shape[-1]] for i in range(0, len(mask), shape[-1] or 1)]
            need(all(map(any, rows)), "a mask leaves no entry in a row")
        centred = constraint == "both"
        if function in NORMS and self.exact:
            self._norm(source, centred)
            return []
        if function in NORMS and centred:
            # The outputs sum to zero; a single one is zero.
            if shape[-1] == 1:
                self._last_axis(source, self.constant([1, 1], [0]))
            else:
                self._sum_zero(self.add("data", [*shape[:-1], shape[-1] - 1]))
        elif function in SUM_TO_ONE and self.exact:
            self._sum_one(shape, mask)
        else:
            self.add("data", shape)
        return [(source, constraint, mask)]

    def _norm(self, z, centred):
        """Append s |z|^2 z along the last axis with a free scalar s a group, of z minus its mean if centred; factors go
        into s."""
        size = self.shapes[z][-1]
        if centred:
            z = self._last_axis(
                z, self.constant([size, size], [size * int(i == j) - 1 for i in range(size) for j in range(size)])
            )
        letters = "abcdefghijklmnopqrstu"[:len(self.shapes[z])]
        lead = letters[:-1]
        square = self.contract(f"{letters},{letters}->{lead}", z, z)
        root = self.add("power", self.shapes[square], (square,), Fraction(-1, 2))
        scale = self.contract(f"{lead},{lead}->{lead}", self.add("data", self.shapes[square]), root)
        self.contract(f"{lead},{letters}->{letters}", scale, z)

    def _sum_one(self, shape, mask):
        """Append outputs that sum to one over the allowed entries of each row: the last of them is one minus the
        others."""
        size, total = shape[-1], math.prod(shape)
        if mask is None and size == 1:
            self.constant(shape, [1] * total)
            return
        if mask is None:
            free = self._sum_zero(self.add("data", [*shape[:-1], size - 1]))
            last = self.constant(shape, [int(k % size == size - 1) for k in range(total)])
            self.add("add", shape, (free, last))
            return
        rows, spans, ends = total // size, [], []
        for start in range(0, total, size):
            allowed = [k for k in range(size) if mask[start + k]]
            ends += [int(k == allowed[-1]) for k in range(size)]
            for j in range(size):
                used = j in allowed[:-1]
                spans += [int(used and k == j) - int(used and k == allowed[-1]) for k in range(size)]
        free = self.contract("tv,tvu->tu", self.add("data", [rows, size]), self.constant([rows, size, size], spans))
        outputs = self.add("add", [rows, size], (free, self.constant([rows, size], ends)))
        self.gather(outputs, shape, list(range(total)))

    def _pair(self, node, constraint, mask, loss):
        """Pair a node with the covectors that its constraint allows, made of free data."""
        shape = self.shapes[node]
        need(shape or constraint == "free", "cross-entropy needs classes on the last axis")
        size = shape[-1] if shape else 1
        if not loss and (constraint != "free" and size <= 1 or constraint == "both" and size <= 2):
            return
        if constraint == "free":
            covector = self.add("data", shape)
        elif constraint == "sum zero":
            covector = (
                self._sum_zero(self.add("data", [*shape[:-1], size - 1])) if mask is None else self._masked(shape, mask)
            )
        elif constraint == "orthogonal":
            covector = self._orthogonal(node)
        else:
            spans = self._differences(size)
            flipped = self.constant(
                [size, size - 1], [spans[j * size + i] for i in range(size) for j in range(size - 1)]
            )
            inside = self._orthogonal(self._last_axis(node, flipped))
            covector = self._last_axis(inside, self.constant([size - 1, size], spans))
        need(self.shapes[covector] == shape, "a covector does not fit")
        self.pairings.append((node, covector))

    @staticmethod
    def _differences(size):
        """Return the rows e_j - e_last, which span the vectors of sum zero."""
        spend(size ** 2, size ** 2)
        return [int(j == i) - int(j == size - 1) for i in range(size - 1) for j in range(size)]

    def _last_axis(self, node, matrix):
        letters = "abcdefghijklmnopqrst"[:len(self.shapes[node]) - 1]
        return self.contract(f"{letters}y,yz->{letters}z", node, matrix)

    def _sum_zero(self, free):
        size = self.shapes[free][-1] + 1
        return self._last_axis(free, self.constant([size - 1, size], self._differences(size)))

    def _masked(self, shape, mask):
        """Return a covector that sums to zero over the allowed entries of each row and is zero at the others."""
        size, rows = shape[-1], len(mask) // shape[-1]
        spend(size * len(mask), size * len(mask))
        free, spans = self.add("data", [rows, size - 1]), []
        for start in range(0, len(mask), size):
            allowed = [k for k in range(size) if mask[start + k]]
            for j in range(size - 1):
                used = j < len(allowed) - 1
                spans += [int(used and k == allowed[j]) - int(used and k == allowed[-1]) for k in range(size)]
        covector = self.contract("tv,tvu->tu", free, self.constant([rows, size - 1, size], spans))
        return self.gather(covector, shape, list(range(rows * size)))

    def _orthogonal(self, node):
        """Return <c, z> d - <d, z> c for free c, d: a covector that is orthogonal to z along the last axis."""
        shape = self.shapes[node]
        letters = "abcdefghijklmnopqrstu"[:len(shape)]
        c, d = self.add("data", shape), self.add("data", shape)

        def part(c, d):
            return self.contract(
                f"{letters[:-1]},{letters}->{letters}",
                self.contract(f"{letters},{letters}->{letters[:-1]}", c, node),
                d,
            )
        minus = self.constant(shape, [-1] * self.sizes[node])
        return self.add("add", shape, (part(c, d), self.contract(f"{letters},{letters}->{letters}", minus, part(d, c))))

    def entry_names(self):
        """Return the names of the parameters' entries in order: the name, or the name and the indices from one."""
        out = []
        for i in self.parameters:
            name, shape = self.names[i], self.shapes[i]
            indices = itertools.product(*(range(1, n + 1) for n in shape))
            out += [name] if shape == [1] else ["_".join([name, *map(str, index)]) for index in indices]
        return out

    def cost(self):
        """Return about how many steps one gradient takes."""
        return sum(self.sizes) + 6 * sum(len(terms) for op, terms in zip(self.ops, self.extra) if op == "contract")

    def gradient(self, theta, data, p):
        """Return the gradient of the response modulo p, by one backward pass."""
        values = self._values(theta, data, p)
        back = [[0] * size for size in self.sizes]
        for a, b in self.pairings:
            back[a] = [(x + y) % p for x, y in zip(back[a], values[b])]
        for i in reversed(range(len(self.ops))):
            op, out = self.ops[i], back[i]
            if op == "add":
                for j in self.inputs[i]:
                    back[j] = [(x + y) % p for x, y in zip(back[j], out)]
            elif op == "power":
                (j,), exponent = self.inputs[i], self.extra[i]
                factor = exponent.numerator * pow(exponent.denominator, -1, p) % p
                back[j] = [(x + factor * y) % p for x, y in zip(back[j], out)]
            elif op == "gather":
                inside = back[self.inputs[i][0]]
                for k, x in enumerate(self.extra[i]):
                    if x >= 0:
                        inside[x] = (inside[x] + out[k]) % p
            elif op == "contract":
                a, b = self.inputs[i]
                left, right, first, second = back[a], back[b], values[a], values[b]
                for k, x, y in self.extra[i]:
                    left[x] = (left[x] + out[k] * second[y]) % p
                    right[y] = (right[y] + out[k] * first[x]) % p
        return [x for i in self.parameters for x in back[i]]

    def _values(self, theta, data, p):
        values = [None] * len(self.ops)
        for kind, source in ((self.parameters, theta), (self.data, data)):
            start = 0
            for i in kind:
                values[i] = source[start:start + self.sizes[i]]
                start += self.sizes[i]
        for i, op in enumerate(self.ops):
            if op == "constant":
                need(all(v.denominator % p for v in self.extra[i]), "the prime divides a denominator")
                values[i] = [v.numerator * pow(v.denominator, -1, p) % p for v in self.extra[i]]
            elif op == "add":
                values[i] = [(x + y) % p for x, y in zip(*(values[j] for j in self.inputs[i]))]
            elif op == "power":
                values[i] = values[self.inputs[i][0]]
            elif op == "gather":
                inside = values[self.inputs[i][0]]
                values[i] = [0 if x < 0 else inside[x] for x in self.extra[i]]
            elif op == "contract":
                a, b = (values[j] for j in self.inputs[i])
                out = [0] * self.sizes[i]
                for k, x, y in self.extra[i]:
                    out[k] = (out[k] + a[x] * b[y]) % p
                values[i] = out
        return values

    # -- the real network at a point ----------------------------------------------------------------------

    def true_data(self, theta, sample):
        """Return the inputs and true slopes of a sample at integer parameters: the data up to the covector."""
        need(len(theta) == self.dimension, f"the real point has not {self.dimension} numbers")
        need(all(known is not None for known in self.truth.values()),
             "real gradients are read where all nonlinearities are piecewise linear")
        size = sum(self.sizes[i] for i in self.data if self.truth.get(i) == "input")
        need(len(sample) == size, f"a sample has not {size} numbers")
        spend(5 * self.cost())
        values, at, given = [None] * len(self.ops), 0, 0
        for place in self.parameters:
            values[place] = theta[at:at + self.sizes[place]]
            at += self.sizes[place]
        for i, op in enumerate(self.ops):
            if i in self.kept:
                continue
            if op == "data" and self.truth[i] == "input":
                values[i] = sample[given:given + self.sizes[i]]
                given += self.sizes[i]
            elif op == "data":
                name, source = self.truth[i]
                values[i] = true_slopes(name, values[source], self.shapes[source])
            elif op == "constant":
                values[i] = self.extra[i]
            elif op == "add":
                values[i] = [x + y for x, y in zip(*(values[j] for j in self.inputs[i]))]
            elif op == "gather":
                values[i] = [0 if x < 0 else values[self.inputs[i][0]][x] for x in self.extra[i]]
            elif op == "contract":
                (a, b), out = (values[j] for j in self.inputs[i]), [0] * self.sizes[i]
                for k, x, y in self.extra[i]:
                    out[k] += a[x] * b[y]
                values[i] = out
        return [x for i in self.data if i in self.truth for x in values[i]]

    # -- the exact identity: the derivative of the response along a polynomial direction --------------------

    def terms(self, i):
        """Return the terms of a node: entry of the result, then one or two factors (node, entry)."""
        op, inputs = self.ops[i], self.inputs[i]
        if op == "add":
            return [(k, ((j, k),)) for j in inputs for k in range(self.sizes[i])]
        if op == "power":
            return [(k, ((inputs[0], k),)) for k in range(self.sizes[i])]
        if op == "gather":
            return [(k, ((inputs[0], x),)) for k, x in enumerate(self.extra[i]) if x >= 0]
        return [(k, ((inputs[0], x), (inputs[1], y))) for k, x, y in self.extra[i]]

    def _index(self, i):
        """Keep the terms of a node by result and by factor."""
        if i not in self._makers:
            terms = self.terms(i)
            spend(20 * len(terms), len(terms))
            makers, users = {}, {}
            for term in terms:
                makers.setdefault(term[0], []).append(term[1])
                for factor in set(term[1]):
                    users.setdefault(factor, []).append(term[0])
            self._makers[i], self._users[i] = makers, users
        return self._makers[i], self._users[i]

    def annihilated(self, direction, first, fresh):
        """Decide exactly whether the derivative of the response along a polynomial direction is zero."""
        if Identity(self, direction, first, itertools.count(fresh), True).holds():
            return True
        return (
            not self._refuted(direction, first)
            and Identity(self, direction, first, itertools.count(fresh), False).holds()
        )

    def _refuted(self, direction, first):
        """Say whether the derivative is seen not to vanish at a random point modulo a prime; nothing is concluded where
        it vanishes."""
        p, draw = 2 ** 61 - 1, random.Random(0)
        last = max([first + self.dimension - 1, *(i for f in direction.values() for m in f for i in m)])
        z = [draw.randrange(p) for _ in range(last + 1)]
        row = self.gradient(z[first:first + self.dimension], [draw.randrange(p) for _ in range(self.data_size)], p)
        return bool(sum(at_point(f, z, p) * row[j] for j, f in direction.items()) % p)


class Identity:
    """
    The derivative along a direction, entry by entry, only where it is not zero.

    If ``free``, entries that do not move are symbols: what vanishes with symbols vanishes with their values; else all
    is expanded.
    """

    def __init__(self, graph, direction, first, symbols, free):
        self.graph, self.first, self.symbols, self.free = graph, first, symbols, free
        self.known, self.moved, self.starts, start = {}, [{} for _ in graph.ops], {}, 0
        for i in graph.parameters:
            self.starts[i] = start
            self.moved[i] = {k: direction[start + k] for k in range(graph.sizes[i]) if direction.get(start + k)}
            start += graph.sizes[i]

    def holds(self):
        """Return whether the derivative is zero."""
        graph = self.graph
        for i, op in enumerate(graph.ops):
            if op in ("add", "gather", "contract", "power") and i not in graph.kept:
                self._propagate(i)
            if not self.free:
                for k in range(graph.sizes[i]):
                    self.value(i, k)
        total = Poly()
        for a, b in graph.pairings:
            for k, part in self.moved[a].items():
                total = total + part * self.value(b, k)
        return not total

    def _propagate(self, i):
        moved = {j: self.moved[j] for j in self.graph.inputs[i] if self.moved[j]}
        if not moved:
            return
        makers, users = self.graph._index(i)
        touched = {k for j, entries in moved.items() for x in entries for k in users.get((j, x), ())}
        spend(10 * len(touched))
        for k in touched:
            total = Poly()
            for factors in makers[k]:
                for at, (j, x) in enumerate(factors):
                    part = self.moved[j].get(x)
                    if part:
                        total = total + (part if len(factors) == 1 else part * self.value(*factors[1 - at]))
            if total:
                self.moved[i][k] = total * Poly({(): self.graph.extra[i]}) if self.graph.ops[i] == "power" else total

    def value(self, i, k):
        """Return the value of an entry: a variable, a number, a symbol, or the sum of its terms."""
        if (i, k) in self.known:
            return self.known[i, k]
        graph, op = self.graph, self.graph.ops[i]
        spend(10, 1)
        if op == "parameter":
            out = one_variable(self.first + self.starts[i] + k)
        elif op == "constant":
            out = Poly({(): Fraction(graph.extra[i][k])} if graph.extra[i][k] else {})
        elif op == "data" or self.free and i not in graph.kept and k not in self.moved[i]:
            out = one_variable(next(self.symbols))
        else:
            out = Poly()
            for factors in graph._index(i)[0].get(k, ()):
                parts = [self.value(*factor) for factor in factors]
                out = out + (parts[0] if len(parts) == 1 else parts[0] * parts[1])
        self.known[i, k] = out
        return out


def true_slopes(name, values, shape):
    r"""
    Return the slopes of a piecewise linear function at numbers, none of them where it bends.

    EXAMPLES::

        sage: from sage_conslaw.check import true_slopes
        sage: true_slopes("abs", [3r, -5r], [2r]), true_slopes("max", [3r, -5r, 1r, 2r], [2r, 2r])
        ([1, -1], [1, 0, 0, 1])
    """
    zero = "a pre-activation of a sample is zero at the real point"
    if name != "max":
        need(all(values), zero)
        low, high = SLOPES[name]
        return [high if x > 0 else low for x in values]
    need(shape and shape[-1], "a largest entry needs an axis")
    out = []
    for start in range(0, len(values), shape[-1]):
        row = values[start:start + shape[-1]]
        need(row.count(max(row)) == 1, zero)
        out += [int(x == max(row)) for x in row]
    return out


def classic_graph(name, sizes, options):
    """Return the graph of one of the five classic architectures, as a record would have drawn it."""
    parameters = sizes[0] if name == "product" and sizes else sum(a * b for a, b in zip(sizes, sizes[1:]))
    need(
        max([parameters, *sizes]) <= LIMITS["coordinates"],
        f"{name} {' '.join(map(str, sizes))[:60]} has more than {LIMITS['coordinates']} parameters",
    )
    counts = {"product": (1, 1), "nmf": (3, 3), "icnn": (3, 3)}.get(name, (2, 1000))
    need(counts[0] <= len(sizes) <= counts[1], f"{name} does not have {len(sizes)} sizes")
    need(options == {} or options == {"bias": 1} and name in ("relu", "icnn"), f"the options of {name} are not known")
    nodes, leaves = [], []

    def node(op, **entry):
        nodes.append({"op": op, **entry})
        leaves.extend([len(nodes) - 1] if op == "parameter" else [])
        return len(nodes) - 1

    def times(x, weights, shape, spec="i,ib->b"):
        return node("contract", spec=spec, inputs=[x, node("parameter", name=weights, shape=list(shape))])

    def gated(x, width, bias):
        if options:
            x = node("add", inputs=[x, node("parameter", name=bias, shape=[width])])
        return node("contract", spec="i,i->i", inputs=[x, node("gate", inputs=[x], function="relu")])
    if name == "product":
        x = node("parameter", name="x1", shape=[1])
        for i in range(2, sizes[0] + 1):
            x = times(x, f"x{i}", [1], "i,i->i")
    elif name == "nmf":
        x = times(node("parameter", name="U", shape=sizes[:2]), "V", sizes[1:], "ai,ib->ab")
    else:
        x = node("input", name="x", shape=[sizes[0]])
        names = ["V", "U"] if name == "icnn" else [f"U{i}" for i in range(1, len(sizes))]
        for i, weights in enumerate(names):
            x = times(x, weights, sizes[i:i + 2])
            if name != "linear" and i + 1 < len(names):
                x = gated(x, sizes[i + 1], "b" if name == "icnn" else f"b{i + 1}")
    return {"nodes": nodes, "output": x, "parameters": leaves}


# -- the family of fields ------------------------------------------------------------------------------


def unused(name, taken):
    """Return a name that is not taken, with underscores appended."""
    while name in taken:
        name += "_"
    return name


class Family:
    """The fields of a problem: drift, and controls as polynomials or as gradients of a response."""

    def __init__(self, problem):
        self.kind, self.graph, self.metric, self.drift, self.constants = problem["kind"], None, None, None, ()
        self.flow, self.first, self.forced, self.time, self.shears = None, 0, 0, None, False
        if self.kind == "system":
            self._system(problem)
        else:
            self._response(problem)
            self._state(problem["flow"])
            self._metric(problem["flow"]["metric"], problem)
        need(
            self.n - len(self.constants) <= LIMITS["coordinates"],
            f"the state has more than {LIMITS['coordinates']} coordinates",
        )

    def _system(self, problem):
        self.names = problem["parameters"] + problem["variables"]
        self._places()
        self.constants = tuple(range(len(problem["parameters"])))
        fields = ([problem["drift"]] if "drift" in problem else []) + problem["controls"]
        need(
            fields and all(len(field) == len(problem["variables"]) for field in fields),
            "a field has not one component a variable",
        )
        still = [Poly() for _ in self.constants]
        fields = [still + [parse(f, self.places) for f in field] for field in fields]
        self.drift, self.controls = (fields[0], fields[1:]) if "drift" in problem else (None, fields)
        need(all(any(field) for field in self.controls), "a control is zero")
        self.D, self.data_size = self.n, len(self.controls)

    def _places(self):
        self.n = len(self.names)
        self.places = {name: i for i, name in enumerate(self.names)}
        need(len(self.places) == self.n, "two coordinates have one name")

    def _response(self, problem):
        if self.kind == "phi":
            self.parameters = problem["parameters"]
            self.D, self.data_size, self.phi = len(self.parameters), len(problem["phi"]), problem["phi"]
            return
        classic = problem["architecture"] in CLASSIC
        need(
            problem["architecture"] != "custom" or not problem["sizes"] and not problem["options"],
            "a custom network has no sizes and options",
        )
        graph = (
            classic_graph(problem["architecture"], problem["sizes"], problem["options"])
            if classic
            else problem["graph"]
        )
        self.graph = Graph(graph, problem["loss"])
        self.parameters, self.D, self.data_size = self.graph.entry_names(), self.graph.dimension, self.graph.data_size
        need(len(set(self.parameters)) == self.D, "two parameters have one name")

    def _state(self, flow):
        """Build coordinates and drift: tau if it is an indeterminate, the time or an exponential of it, parameters,
        velocities."""
        second, decay, taken = flow["name"] != "gradient", Fraction(flow["decay"]), list(self.parameters)
        self.tau = {"gradient": None, "nesterov": ["3", "t"]}.get(flow["name"], flow.get("tau"))
        symbolic = self.tau == "tau"
        self.p, self.q = ({}, {(): Fraction(1)}) if not second or symbolic else [parse(f, {"t": 0}) for f in self.tau]
        need(self.q, "the damping divides by zero")
        constant = second and not symbolic and set(self.p) | set(self.q) <= {()}
        self.rate = self.p.get((), Fraction(0)) / self.q[()] if constant else None if second else decay
        self.exponential = bool(symbolic or self.rate)
        self.names = ([unused("tau", taken)] if symbolic else [])
        self.constants = (0,) if symbolic else ()
        if second or decay:
            self.time = len(self.names)
            self.names = self.names + [unused("s" if self.exponential else "t", taken)]
        self.first = self.forced = len(self.names)
        self.names = self.names + taken
        if second:
            self.forced, present = len(self.names), set(self.names)
            for name in taken:
                velocity = unused("d" + name, present)
                present.add(velocity)
                self.names.append(velocity)
        self._places()
        self._drift(second, symbolic, decay)
        if self.kind == "phi":
            self.phi = [parse(f, {name: self.first + i for i, name in enumerate(self.parameters)}) for f in self.phi]
            need(all(any(m for m in f) for f in self.phi), "a component of phi is constant")
            self.partials = [[f.derivative(self.first + i) for i in range(self.D)] for f in self.phi]
            spend(sum(len(f) for f in self.phi) * self.D, len(self.phi) * self.D)

    def clocked(self, terms, *factors):
        """Return a polynomial in t times coordinates, in the coordinates of the state."""
        return Poly({tuple(sorted((self.time,) * len(m) + factors)): c for m, c in terms.items()})

    def _drift(self, second, symbolic, decay):
        if self.time is None:
            return
        theta, one = range(self.first, self.first + self.D), Fraction(1)
        if not second:
            self.drift = [one_variable(self.time, decay)] + [one_variable(i, -decay) for i in theta]
            return
        velocity = range(self.forced, self.forced + self.D)
        if symbolic:
            tau_s = Poly({(0, self.time): one})
            self.drift = [Poly(), tau_s] + [one_variable(j) for j in velocity] + \
                [Poly({(0, j): -one}) + one_variable(i, -decay) for i, j in zip(theta, velocity)]
        else:
            clock = one_variable(self.time, self.rate) if self.exponential else self.clocked(self.q)
            # The drift is multiplied by the denominator of the damping, which changes no law; where it is a number it
            # is 1.
            scale = Fraction(1) / self.q[()] if self.exponential or set(self.q) <= {()} else Fraction(1)
            p, q = (Poly({m: c * scale for m, c in f.items()}) for f in (self.p, self.q))
            clock = clock if self.exponential else self.clocked(q)
            self.p, self.q = p, q
            self.drift = (
                [clock]
                + [self.clocked(q, j) for j in velocity]
                + [
                    -self.clocked(p, j) + Poly({m: -c * decay for m, c in self.clocked(q, i).items() if decay})
                    for i, j in zip(theta, velocity)
                ]
            )
        self._exact_flow(symbolic, decay)

    def _exact_flow(self, symbolic, decay):
        """Note how the drift integrates exactly, if it does."""
        if decay:
            return
        k = self.p.get((), Fraction(0)) / self.q[(0,)] if set(self.q) == {(0,)} and set(self.p) <= {()} else None
        if self.exponential:
            self.flow = "exponential"
        elif k is not None and k.denominator == 1 and k != 1:
            # The clock runs as t times the coefficient of the damping's denominator, in a time of its own.
            self.flow, self.rate = "power", k
        elif not self.p:
            self.flow = "linear" if set(self.q) == {()} else None

    def _metric(self, metric, problem):
        if metric == "euclidean":
            self.metric = None
        elif metric == "mirror":
            self.metric = [(i, i, self.dual(i)) for i in range(self.D)]
        elif "positive" in metric:
            need(self.graph is not None, "phi has no named arrays of parameters")
            leaves, which, start = [self.graph.names[i] for i in self.graph.parameters], [], 0
            need(set(metric["positive"]) < set(leaves) and len(set(metric["positive"])) == len(metric["positive"]),
                 "the positive parameters are not distinct, and some, of the network's")
            for name, i in zip(leaves, self.graph.parameters):
                which += range(start, start + self.graph.sizes[i]) if name in metric["positive"] else ()
                start += self.graph.sizes[i]
            top = self.factor()
            self.metric = [(i, i, self.dual(i) if i in set(which) else top) for i in range(self.D)]
        else:
            self._entries(metric)
        forced = range(self.forced, self.forced + self.D)
        self.shears = self.forced != self.first and not any(
            i in forced for _, _, f in self.metric or () for m in f for i in m
        )
        need(self._regular(), "the metric is singular")

    def factor(self):
        """Return the denominator of the damping, in the coordinates: what a term of lower degree at the dual point is
        multiplied by."""
        return (
            Poly({(): Fraction(1)})
            if self.time is None or self.exponential or self.forced == self.first
            else self.clocked(self.q)
        )

    def dual(self, i):
        """Return tau theta_i + w_i times the denominator of tau; theta_i without velocities."""
        j, w = self.first + i, self.forced + i
        if self.forced == self.first:
            return one_variable(j)
        if self.tau == "tau":
            return Poly({tuple(sorted((0, j))): Fraction(1)}) + one_variable(w)
        if self.exponential:
            return one_variable(j, self.rate) + one_variable(w)
        return self.clocked(self.p, j) + self.clocked(self.q, w)

    def _entries(self, metric):
        dual = metric["at"] == "dual"
        places = {name: i for i, name in enumerate(self.parameters)} if dual else self.places
        found = [(i, j) for i, j, _ in metric["entries"]]
        need(
            sorted(set(found)) == found and all(max(pair) < self.D for pair in found),
            "the entries of the metric are not distinct ones in order",
        )
        entries = [parse(f, places) for _, _, f in metric["entries"]]
        need(all(entries) and parse(metric["denominator"], places), "the metric has a zero entry or denominator")
        top = max(len(m) for f in entries for m in f)
        self.metric = [(i, j, self._at_dual(f, top) if dual else f) for (i, j), f in zip(found, entries)]

    def _at_dual(self, f, top):
        total = Poly()
        for m, c in f.items():
            product = Poly({(): c})
            for i in m:
                product = product * self.dual(i)
            for _ in range(top - len(m)):
                product = product * self.factor()
            total = total + product
        return total

    def _regular(self):
        """Return whether the metric is regular at one point modulo a prime: then it is at generic ones."""
        if self.metric is None:
            return True
        if all(i == j for i, j, _ in self.metric):
            return len(self.metric) == self.D and all(f for _, _, f in self.metric)
        p, rows = (1 << 61) - 1, [[0] * self.D for _ in range(self.D)]
        spend(self.D ** 2)
        z = [pow(3, 5 * i + 7, p) for i in range(self.n)]
        for i, j, f in self.metric:
            rows[i][j] = at_point(f, z, p)
        return bool(determinant(rows, p))

    def cost(self):
        """Return about how many steps one field takes."""
        parts = [f for f in self.drift or ()] + [f for _, _, f in self.metric or ()]
        parts += [f for field in self.controls for f in field] if self.kind == "system" else []
        parts += [f for row in self.partials for f in row] if self.kind == "phi" else []
        return (
            2 * self.n
            + (self.graph.cost() if self.graph else 0)
            + 2 * sum(len(m) + 4 for f in parts for m in f)
            + len(parts)
        )

    def control(self, z, data, p):
        """Return the value at z of the control with the given data."""
        if self.kind == "system":
            return [
                sum((x * at_point(field[i], z, p) for x, field in zip(data, self.controls)), 0) % p
                for i in range(self.n)
            ]
        theta = z[self.first:self.first + self.D]
        if self.graph is not None:
            gradient = self.graph.gradient(theta, data, p)
        else:
            gradient = [
                sum((x * at_point(row[j], z, p) for x, row in zip(data, self.partials)), 0) % p for j in range(self.D)
            ]
        if self.metric is not None:
            moved = [0] * self.D
            for i, j, f in self.metric:
                moved[i] = (moved[i] + at_point(f, z, p) * gradient[j]) % p
            gradient = moved
        return [0] * self.forced + gradient + [0] * (self.n - self.forced - self.D)

    def field(self, letter, p):
        """Return the field of a letter: weight * drift + control, the control pushed along the drift if it has a
        step."""
        def value(z):
            out = [0] * self.n if not self.data_size else self._pushed(z, letter, p)
            if self.drift is not None:
                out = [(x + letter["weight"] * at_point(f, z, p)) % p for x, f in zip(out, self.drift)]
            return out
        return value

    def _pushed(self, z, letter, p):
        if "step" not in letter:
            return self.control(z, letter["data"], p)
        step = letter["step"] % p
        need(step, "a step is zero modulo the prime")
        start = self.along(z, -step % p if self.flow == "linear" else pow(step, -1, p), p)
        velocity = self.control(start, letter["data"], p)
        return [slope(x) % p for x in self.along([Dual(a, b) for a, b in zip(start, velocity)], step, p)]

    def along(self, z, step, p):
        """Return the endpoint of the drift's exact flow."""
        k, inverse = self.rate, pow(step, -1, p)
        t, theta, w = z[self.time], z[self.first:self.forced], z[self.forced:]
        if self.flow == "linear":
            t, theta = t + step, [x + step * v for x, v in zip(theta, w)]
        elif self.flow == "power":
            k = int(k)
            reach = (1 - (pow(inverse, k - 1, p) if k else step)) * pow(k - 1, -1, p) % p
            theta = [x + t * v * reach for x, v in zip(theta, w)]
            t, w = t * step, [v * pow(inverse, k, p) for v in w]
        else:
            rate = z[self.constants[0]] if k is None else k.numerator * pow(k.denominator, -1, p)
            while isinstance(rate, Dual):
                rate = rate.real
            need(rate % p, "the rate is zero modulo the prime")
            reach = (1 - inverse) * pow(rate, -1, p) % p
            theta = [x + v * reach for x, v in zip(theta, w)]
            t, w = t * step, [v * inverse for v in w]
        return [x % p for x in [*z[:self.time], t, *theta, *w]]

    def conserves(self, law):
        """Decide over Q whether the derivative of a law is zero along the drift and along every control."""
        variables = {i for m in law for i in m}
        spend(len(law) * len(variables))
        gradient = {i: law.derivative(i) for i in variables}
        if self.drift is not None and sum((g * self.drift[i] for i, g in gradient.items()), Poly()):
            return False
        if self.kind == "system":
            return not any(sum((g * field[i] for i, g in gradient.items()), Poly()) for field in self.controls)
        moved = {i - self.forced: g for i, g in gradient.items() if self.forced <= i < self.forced + self.D}
        if self.metric is not None:
            direction = {}
            for i, j, f in self.metric:
                if i in moved:
                    direction[j] = direction.get(j, Poly()) + moved[i] * f
            moved = {j: g for j, g in direction.items() if g}
        if not moved:
            return True
        if self.graph is not None:
            return self.graph.annihilated(moved, self.first, self.n)
        return not any(sum((g * row[j] for j, g in moved.items()), Poly()) for row in self.partials)


def bracket(F, G):
    r"""
    Return the Lie bracket of two fields, by dual numbers.

    EXAMPLES::

        sage: from sage_conslaw.check import *
        sage: bracket(lambda z: [1r, 0r], lambda z: [0r, z[0r]])([5r, 7r])
        [0, 1]
    """
    def value(z):
        f, g = F(z), G(z)
        along_f = G([Dual(a, b) for a, b in zip(z, f)])
        along_g = F([Dual(a, b) for a, b in zip(z, g)])
        return [slope(x) - slope(y) for x, y in zip(along_f, along_g)]
    return value


# -- the two ranks ----------------------------------------------------------------------------------


def packed(row, entry):
    """Return a list of numbers as one integer, so many bytes each."""
    return int.from_bytes(b"".join(x.to_bytes(entry, "little") for x in row), "little")


def determinant(rows, p):
    r"""
    Return the determinant of a square list of rows modulo p.

    A row is one long integer, so that a multiple of another is added in one step; ten times as fast as a list.

    EXAMPLES::

        sage: from sage_conslaw.check import determinant
        sage: determinant([[0r, 2r], [3r, 4r]], 101r), determinant([], 101r)
        (95, 1)
    """
    n, pivots, value = len(rows), [], 1
    # Bytes of an entry: a sum of 2^20 products of two numbers below p. The time is that of n^2 products of a row by one
    # number: with a prime of 30 bits a fifth of what one of 62 bits takes.
    entry = (2 * p.bit_length() + 27) // 8
    spend(n ** 3 * entry * -(-p.bit_length() // 30) // 1000, n * n // 2)
    for row in rows:
        whole_row = packed([x % p for x in row], entry)
        for column, other in pivots:
            factor = (whole_row >> 8 * entry * column & (1 << 8 * entry) - 1) % p
            if factor:
                whole_row += (p - factor) * other
        data = whole_row.to_bytes(entry * (n + 1), "little")
        row = [int.from_bytes(data[i:i + entry], "little") % p for i in range(0, entry * n, entry)]
        column = next((i for i in reversed(range(n)) if row[i]), None)
        if column is None:
            return 0
        value = value * row[column] % p
        inverse = pow(row[column], -1, p)
        pivots.append((column, packed([x * inverse % p for x in row], entry)))
    # The sign of the permutation of the pivots: a cycle of even length changes it.
    order, seen = [column for column, _ in pivots], set()
    for at in range(n):
        length = 0
        while at not in seen:
            seen.add(at)
            at, length = order[at], length + 1
        value = -value if length and length % 2 == 0 else value
    return value % p


def check_minor(values, columns, minor, p, what, width):
    """Check that rows of values and columns give the stored nonzero minor; return its size."""
    need(len(set(columns)) == len(columns) == len(values) and all(i < width for i in columns),
         f"{what}: the pivots are not distinct coordinates, one a row")
    found = determinant([[row[i] for i in columns] for row in values], p)
    need(found and found == minor, f"{what}: the minor is not the stored one")
    return len(columns)


def is_prime(n):
    r"""
    Decide whether a number below 2^64 is a prime: by the twelve bases that suffice there (Sorenson and Webster 2017).

    EXAMPLES::

        sage: from sage_conslaw.check import is_prime
        sage: is_prime(2^61 - 1), is_prime(2^61 + 1), is_prime(3215031751)
        (True, False, False)
    """
    bases = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)
    if n < 2 or any(n % b == 0 for b in bases):
        return n in bases
    odd, twos = n - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    for base in bases:
        x = pow(base, odd, n)
        if x not in (1, n - 1) and not any((x := x * x % n) == n - 1 for _ in range(twos - 1)):
            return False
    return True


def rank_values(part, family, p):
    """Return the values at the point of the elements of the Lie algebra that the record describes."""
    need(len(part["point"]) == family.n, "the point of the rank has not one number a coordinate")
    z, cost = [x % p for x in part["point"]], family.cost()
    pushed = part["kind"] == "words" and family.flow is not None

    def letter(record):
        need(
            set(record)
            == {"data"} | ({"weight"} if family.drift is not None else set()) | ({"step"} if pushed else set()),
            "a letter has missing or unknown keys",
        )
        need(len(record["data"]) == family.data_size, f"the data of a letter are not {family.data_size} numbers")
        return family.field(record, p)
    if part["kind"] == "words":
        need(len(part["words"]) <= family.n, "the rank has more rows than coordinates")
        spend(sum((3 + 2 * pushed) ** len(word) for word in part["words"]) * cost)
        values = []
        for word in part["words"]:
            field = letter(word[-1])
            for other in reversed(word[:-1]):
                field = bracket(letter(other), field)
            values.append([x % p for x in field(z)])
        return values
    need(family.flow is not None and family.shears, "the family has no exact flows, so a path proves nothing")
    path, tangents = part["path"], []
    need(len(part["fields"]) == len(path) + 1, "the path and the fields along it do not fit")
    need(sum(map(len, part["fields"])) <= family.n, "the rank has more rows than coordinates")
    for letters, step in zip(part["fields"], [*path, None]):
        spend((len(letters) + 4 * len(tangents) + 4) * cost)
        tangents += [letter(record)(z) for record in letters]
        if step is None:
            return tangents
        need(step["step"] % p, "a step is zero modulo the prime")
        need(len(step["data"]) == family.data_size, f"the data of a step are not {family.data_size} numbers")

        def walk(point):
            point = family.along(point, step["step"] % p, p)
            return [(x + y) % p for x, y in zip(point, family.control(point, step["data"], p))]
        tangents = [[slope(x) % p for x in walk([Dual(a, b) for a, b in zip(z, tangent)])] for tangent in tangents]
        z = walk(z)


# -- layered networks of any width --------------------------------------------------------------------------
#
# What holds in small networks and is carried to the widths that the problem names:
#
# - Cross-entropy: in coordinates in which the sum over the outputs is one, the covectors are free on one output less,
#   and the sums of the last layer's rows never move.
# - Star point of relu: a weight is zero if two of its indices are beyond the first neuron. With data on the first
#   neurons and one further neuron in the layers S, gradients have entries only among these neurons: ordered by the
#   further neurons that a weight touches, they are block triangular. The block of S occurs once for each choice of
#   further neurons, and has the rank that it has in the network with two neurons a layer.
# - Chain point of linear: neurons fall into components, weights between these are zero. Changing the sign of a
#   component and of its data fixes the point, so the values of the Lie algebra are a direct sum: what is between two
#   components, a pair at a time, and what is inside all. Fields with data on a few components are those of the network
#   of these. Of each kind two are taken, and each further one brings what words on these and it move inside it.
# - The minors are polynomials in the point's weights, none zero; so there is a point where none of them vanishes.
# - A term of a law's derivative touches the neurons of one path and one more of a layer: three a layer decide it.


def label_number(p, *label):
    """Return the number that belongs to a label modulo p: whoever writes a certificate does not choose it."""
    return int.from_bytes(hashlib.sha256("/".join(str(word) for word in label).encode()).digest(), "big") % p


def rank_of(rows, p):
    r"""
    Return the rank of a list of rows modulo p.

    EXAMPLES::

        sage: from sage_conslaw.check import rank_of
        sage: rank_of([[1r, 2r], [2r, 4r], [0r, 1r]], 101r)
        2
    """
    echelon = {}
    for row in rows:
        row = [x % p for x in row]
        for pivot, (inverse, other) in echelon.items():
            if row[pivot]:
                spend(2 * len(row))
                factor = row[pivot] * inverse % p
                row = [(x - factor * y) % p for x, y in zip(row, other)]
        spend(2 * len(row))
        pivot = next((i for i, x in enumerate(row) if x), None)
        if pivot is not None:
            echelon[pivot] = pow(row[pivot], -1, p), row
    return len(echelon)


class Wide:
    """A layered network in numbers: its widths, without the output that cross-entropy leaves still."""

    def __init__(self, problem):
        self.name, self.options, self.loss, sizes = (
            problem["architecture"], problem.get("options"), problem.get("loss"), problem.get("sizes")
        )
        need(
            self.name in ("relu", "linear")
            and problem["flow"] == {"name": "gradient", "decay": "0", "metric": "euclidean"}
            and self.options in ([{}, {"bias": 1}] if self.name == "relu" else [{}]),
            "certificates of any width are of relu and linear under euclidean gradient flow",
        )
        need(len(sizes) >= 2, "a network has an input and an output")
        self.sizes, self.widths, self.still = sizes, list(sizes), 0
        if self.loss == "cross-entropy":
            self.widths[-1], self.still = sizes[-1] - 1, sizes[-2]
            need(self.widths[-1], "the softmax of one output is constant: there is nothing to check at any width")
        self.layers = len(sizes) - 1
        self.dimension = sum(a * b for a, b in zip(sizes, sizes[1:])) + (sum(sizes[1:-1]) if self.options else 0)

    def small(self, widths):
        """Return the graph of the network with these widths, free covectors, and its entries in order."""
        small = sum(a * b for a, b in zip(widths, widths[1:]))
        if small > 1500:
            raise TooMuchWork(f"a small network of {small} parameters is beyond the limit of 1500")
        graph = Graph(classic_graph(self.name, widths, self.options), "least-squares")
        return graph, [self.ends(name) for name in graph.entry_names()]

    def ends(self, name):
        """Return the neurons that a parameter's entry touches: pairs of layer and number from zero."""
        word, *index = name.split("_")
        layer, index = int(word[1:]), [int(i) - 1 for i in index]
        if word[0] == "b":
            return ((layer, index[0] if index else 0),)
        i, j = index or (0, 0)
        return ((layer - 1, i), (layer, j))

    def law_texts(self):
        """Return the laws in words."""
        kind, out = "upper triangle" if self.name == "linear" else "diagonal", []
        for l in range(1, self.layers):
            bias = f" + b{l} b{l}^T" if self.options else ""
            out.append(f"the {kind} of U{l}^T U{l}{bias} - U{l + 1} U{l + 1}^T")
        if self.loss == "cross-entropy":
            out.append(f"the sums of the rows of U{self.layers}")
        return out

    def laws(self, entries):
        """Return the laws of a small network: triples of two neurons of a layer and a polynomial."""
        into, out_of = {}, {}
        for place, ends in enumerate(entries):
            layer, j = ends[-1]
            into.setdefault((layer, j), {})[ends[0] if len(ends) == 2 else "bias"] = place
            if len(ends) == 2:
                out_of.setdefault(ends[0], {})[ends[1]] = place
        found = []
        for one in sorted(into):
            for other in sorted(into):
                if one[0] != other[0] or one[0] == self.layers or one[1] > other[1]:
                    continue
                if one != other and self.name != "linear":
                    continue
                law = {}
                for sign, side in ((1, into), (-1, out_of)):
                    for neuron, place in side[one].items():
                        law[tuple(sorted((place, side[other][neuron])))] = Fraction(sign)
                found.append((one, other, Poly(law)))
        return found

    def check_laws(self):
        """Check that the laws are conserved, in the network with three neurons a layer."""
        widths = [min(n, 3) for n in self.sizes]
        flow = {"name": "gradient", "decay": "0", "metric": "euclidean"}
        family = Family({"kind": "network", "architecture": self.name, "sizes": widths, "options": self.options,
                         "loss": self.loss, "flow": flow})
        entries = [self.ends(name) for name in family.names]
        laws = [law for _, _, law in self.laws(entries)]
        if self.loss == "cross-entropy":
            rows = {}
            for place, ends in enumerate(entries):
                if len(ends) == 2 and ends[1][0] == self.layers:
                    rows.setdefault(ends[0], {})[(place,)] = Fraction(1)
            laws += [Poly(row) for row in rows.values()]
        need(all(family.conserves(law) for law in laws), "a law is not conserved in a small network")

    def star(self, p, seed):
        """Return the parts of the star point."""
        widths = [min(n, 2) for n in self.widths]
        graph, entries = self.small(widths)
        names, cost = graph.entry_names(), graph.cost()
        kinds = [tuple(layer for layer, j in ends if j) for ends in entries]
        point = [label_number(p, seed, "point", name) if len(kind) < 2 else 0 for name, kind in zip(names, kinds)]
        laws = [(one, [at_point(law.derivative(i), point, p) if any(i in m for m in law) else 0
                       for i in range(len(names))]) for one, _, law in self.laws(entries)]
        parts = []
        for kind in sorted(set(kinds), key=lambda kind: (len(kind), kind)):
            here = [i for i, other in enumerate(kinds) if other == kind]
            spend((len(here) + 2) * cost)
            rows = []
            for k in range(len(here) + 2):
                data = []
                for layer, n in enumerate(widths):
                    if self.name == "relu":
                        data += [label_number(p, seed, "data", *kind, k, layer, j) if j == 0 or layer in kind else 0
                                 for j in range(n)]
                row = graph.gradient(point, data, p)
                rows.append([row[i] for i in here])
            mine = [row for (layer, j), row in laws if kind == ((layer,) if j else ())]
            inside = set(here)
            need(not kind or not any(x for row in mine for i, x in enumerate(row) if i not in inside),
                 "the gradient of a law has entries outside its part")
            words = ("the weights of the first neurons", "the weights of a further neuron of layer {}",
                     "the weight between further neurons of layers {} and {}")[len(kind)].format(*kind)
            parts.append({"of": words, "times": math.prod(self.widths[layer] - 1 for layer in kind), "size": len(here),
                          "rank": rank_of(rows, p), "laws": rank_of([[row[i] for i in here] for row in mine], p)})
        return parts

    def chains(self, part, p):
        """Return the parts of the chain point."""
        components, seed = part["components"], part["seed"]
        self._check_components(components)
        times = [one["times"] for one in components]
        more = [k for k, n in enumerate(times) if n > 2]
        need(len(part["words"]) == 1 + len(more), "there are not words for two of each kind and each kind with more")
        copies = [(k, copy) for k, n in enumerate(times) for copy in range(min(n, 2))]
        blocks, values, laws = self._chain_point(components, copies, part["words"][0], p, seed, (seed, "word"))
        inside = [i for (a, b), here in sorted(blocks.items()) if a == b for i in here]

        def columns(rows, here):
            return [[row[i] for i in here] for row in rows]
        parts = [{"of": "inside two components of each kind", "times": 1, "size": len(inside),
                  "rank": rank_of(columns(values, inside), p),
                  "laws": sum(n for (a, b), n in laws.items() if a == b)}]
        for (a, b), here in sorted(blocks.items()):
            (k, copy), (j, other) = copies[a], copies[b]
            if a == b or k != j and copy + other:
                continue
            how_often = times[k] * (times[k] - 1) // 2 if k == j else times[k] * times[j]
            parts.append({"of": f"between components of the kinds {k} and {j}", "times": how_often, "size": len(here),
                          "rank": rank_of(columns(values, here), p), "laws": laws[a, b]})
        for k, counts in zip(more, part["words"][1:]):
            blocks, values, laws = self._chain_point(
                components, [*copies, (k, 2)], counts, p, seed, (seed, "word", k), (len(copies),) * 2
            )
            here = blocks.get((len(copies),) * 2, [])
            if here:
                parts.append({"of": f"inside a further component of the kind {k}", "times": times[k] - 2,
                              "size": len(here), "rank": rank_of(columns(values, here), p),
                              "laws": laws[(len(copies),) * 2]})
        return parts

    def _check_components(self, components):
        counts = [0] * len(self.widths)
        for one in components:
            chains = one["chains"]
            for first, last in chains:
                need(first <= last <= self.layers, "a chain is not inside the layers")
                for layer in range(first, last + 1):
                    counts[layer] += one["times"]
            for layer, i, j in one["links"]:
                need(i < len(chains) and j < len(chains) and chains[i][0] <= layer <= chains[i][1]
                     and chains[j][0] <= layer + 1 <= chains[j][1],
                     "a link does not lead from a chain to one in the next layer")
        need(counts == self.widths, "the components have not the neurons of the network")

    def _chain_point(self, components, copies, counts, p, seed, label, only=None):
        """Return the blocks of the network of some components, the values of the words, and the ranks of the laws."""
        neurons = [[(a, i) for a, (k, _) in enumerate(copies)
                    for i, (first, last) in enumerate(components[k]["chains"]) if first <= layer <= last]
                   for layer in range(len(self.widths))]
        need(all(neurons), "the components leave a layer without neurons")
        graph, entries = self.small([len(here) for here in neurons])
        names, blocks, point = graph.entry_names(), {}, []
        for place, ((layer, i), (_, j)) in enumerate(entries):
            (a, s), (b, t) = neurons[layer][i], neurons[layer + 1][j]
            blocks.setdefault((min(a, b), max(a, b)), []).append(place)
            linked = a == b and (s == t or [layer, s, t] in components[copies[a][0]]["links"])
            point.append(label_number(p, seed, "point", names[place]) if linked else 0)
        rows = {}
        for (layer, i), (_, j), law in self.laws(entries):
            pair = tuple(sorted((neurons[layer][i][0], neurons[layer][j][0])))
            if only in (None, pair):
                variables = {i for m in law for i in m}
                spend(4 * len(law) * len(variables))
                gradient = {i: at_point(law.derivative(i), point, p) for i in variables}
                need({i for i, x in gradient.items() if x} <= set(blocks.get(pair, ())),
                     "the gradient of a law has entries outside its block")
                rows.setdefault(pair, []).append([gradient.get(i, 0) for i in blocks.get(pair, ())])
        laws = {pair: rank_of(rows.get(pair, []), p) for pair in blocks if only in (None, pair)}
        values, cost = [], graph.cost()
        spend(sum(count * 3 ** length for length, count in enumerate(counts, start=1)) * cost)
        for length, count in enumerate(counts, start=1):
            for k in range(count):
                word = None
                for letter in reversed(range(length)):
                    data = [label_number(p, *label, length, k, letter, i) for i in range(graph.data_size)]
                    field = (lambda z, data=data: graph.gradient(z, data, p))
                    word = field if word is None else bracket(field, word)
                values.append([x % p for x in word(point)])
        return blocks, values, laws


def _verify_wide(record):
    if record["width"]["kind"] == "growth":
        return _verify_growth(record)
    part, wide = record["width"], Wide(record["problem"])
    p = part["prime"]
    need(is_prime(p), "the prime is none")
    need(record["assumption"] == ("none" if wide.name == "linear" else "span"),
         "the assumption is not that of this kind of problem")
    need(part["kind"] == ("star" if wide.name == "relu" else "chains"), "the rank is of the other kind")
    need(record["dimension"] == wide.dimension, "the dimension is not that of the problem")
    need(record["laws"] == wide.law_texts(), "the laws are not those of this network")
    wide.check_laws()
    parts = wide.star(p, part["seed"]) if part["kind"] == "star" else wide.chains(part, p)
    if wide.still:
        parts.append(
            {"of": "the sums of the rows of the last layer", "times": wide.still, "size": 1, "rank": 0, "laws": 1}
        )
    need(part["parts"] == parts, "the parts are not those that the small networks show")
    need(sum(one["times"] * one["size"] for one in parts) == wide.dimension, "the parts do not make up the network")
    m, r = (sum(one["times"] * one[what] for one in parts) for what in ("laws", "rank"))
    proved = statement(record, wide.dimension, m, r)
    need(record["statement"] == proved, "the statement is not what the certificate proves")
    return proved


# -- networks of any width that grow from small ones ---------------------------------------------------------
#
# A segment is a graph whose axes are lists of classes; only the sizes of the classes are numbers. What its graph shows:
#
# - Laws. Scaling everything that has some indices, or mixing the values of a class by a symmetric matrix, or shifting
#   along axes that no covector sees, leaves the response as it is: factors are carried through the graph, whatever the
#   sizes. In the euclidean metric each such symmetry is a law.
# - Switching off. With all data of one value of a class zero, nothing that is paired depends on the weights with this
#   value: then the fields of the network without it are among those of the network, and a covector that annihilates the
#   Lie algebra restricts to one without it. Let each parameter have at most t places of the class and let the number
#   of laws be a polynomial of degree at most t: laws that are independent at a size and at one less, and a rank that
#   leaves no more there, are all laws at every larger size. (t + 1 values are left out, one at a time: what vanishes
#   without each of them has all of them, and no parameter has.)
# - Units. A class without data grows in units, one value of each of several classes, at points where whatever changes
#   sign with a unit is zero; there each unit is switched off. Three units are the base, each parameter has places in
#   at most two. Generic points have no more laws than special ones.


def solvable_mod_two(rows):
    """Decide whether linear equations modulo 2 have a solution; a row is a pair of a set of unknowns and a bit."""
    echelon = {}
    for unknowns, bit in rows:
        unknowns = set(unknowns)
        while unknowns:
            first = max(unknowns)
            if first not in echelon:
                echelon[first] = unknowns, bit
                break
            other, value = echelon[first]
            spend(len(other))
            unknowns, bit = unknowns ^ other, bit ^ value
        else:
            if bit:
                return False
    return True


def choices(places, classes):
    """Return all ways to choose a place for each class, all different; ``places`` are the classes of the places."""
    out = [()]
    for c in classes:
        out = [one + (i,) for one in out for i, d in enumerate(places) if d == c and i not in one]
        spend(10 + 20 * len(out))
        need(len(out) <= 5000, "a node has one class too often")
    return out


def subsets(items):
    """Return all subsets as frozen sets."""
    need(len(items) <= 8, "a unit has too many places")
    return [frozenset(one) for size in range(len(items) + 1) for one in itertools.combinations(items, size)]


class Segment:
    """A graph with classes for sizes: what it shows at all sizes, and its networks at small ones."""

    def __init__(self, graph):
        self.sizes, self.nodes, self.leaves = graph["sizes"], graph["nodes"], graph["parameters"]
        self.axes, self.labels, self.pairings = [], [], graph["pairings"]
        self.rigid = set()
        for entry in self.nodes:
            need(all(i < len(self.axes) for i in entry.get("inputs", [])),
                 "the graph of a segment is not in order: a node is made of later ones")
            need(all(c < len(self.sizes) for axis in entry.get("axes", []) for c in axis),
                 "a node of a segment has a class that is not there")
            axes, labels = self._read(entry, [self.axes[i] for i in entry.get("inputs", [])])
            self.axes.append(axes)
            self.labels.append(labels)
        self.flat = [[c for axis in axes for c in axis] for axes in self.axes]
        need(all(i < len(self.nodes) for i in [*self.leaves, *(pair["node"] for pair in self.pairings)]),
             "a segment refers to nodes that it does not have")
        drawn = [i for i, entry in enumerate(self.nodes) if entry["op"] == "parameter"]
        need(sorted(self.leaves) == drawn, "the parameters of a segment are not those that it lists")
        for pair in self.pairings:
            axes = self.axes[pair["node"]]
            need(pair["covector"] == "free" or axes and axes[-1], "the covectors of a segment do not fit")
            need(not pair["causal"] or pair["covector"] == "sum zero" and len(axes) > 1 and axes[-1] == axes[-2],
                 "a mask of a segment does not fit")

    def _read(self, entry, inputs):
        """Return the axes of a node, and the labels of the places of its inputs and of its own."""
        op, axes = entry["op"], entry.get("axes")

        def named(axes, name):
            return [(name(k), i) for k, axis in enumerate(axes) for i in range(len(axis))]
        if op in ("sum zero", "sum one"):
            need(axes and axes[-1], "what sums to zero or one needs an axis")
        if op == "causal" or entry.get("causal"):
            need(len(axes) > 1 and axes[-1] == axes[-2], "a mask of earlier entries is not square")
        if op == "array":
            self.rigid |= {c for axis in axes for c in axis}
            need(len(entry["values"]) == self.size(axes), "an array of a segment has not as many entries as it says")
        if not inputs:
            return axes, []
        first = inputs[0]
        if op == "contract":
            words, known = entry["spec"].replace("->", ",").split(","), {}
            for word, child in zip(words, inputs):
                need(len(word) == len(child) == len(set(word)), "a contraction of a segment does not fit")
                need(all(known.setdefault(name, axis) == axis for name, axis in zip(word, child)),
                     "a contraction of a segment does not fit")
            need(set(words[2]) <= set(known) and len(set(words[2])) == len(words[2])
                 and all(sum(name in word for word in words) > 1 for name in known),
                 "a contraction of a segment does not fit")
            axes = [known[name] for name in words[2]]
            return axes, [named(part, word.__getitem__) for part, word in zip([*inputs, axes], words)]
        if op == "add":
            need(first == inputs[1], "a sum of a segment does not fit")
            return first, [named(first, int)] * 3
        if op == "transpose":
            order = entry["order"]
            need(sorted(order) == list(range(len(first))), "an order of axes is none")
            axes = [first[k] for k in order]
            return axes, [named(first, int), named(axes, order.__getitem__)]
        if op == "reshape":
            joined = [c for axis in first for c in axis]
            need(joined == [c for axis in axes for c in axis], "a reshape of a segment does not fit")
            return axes, [list(range(len(joined)))] * 2
        if op == "broadcast":
            new = len(axes) - len(first)
            need(new >= 0 and all(not axis or axis == axes[new + k] for k, axis in enumerate(first)),
                 "a repetition of a segment does not fit")
            return axes, [named(first, lambda k: k + new), named(axes, int)]
        k = entry["axis"] if op == "select" else entry["kept"]
        if op == "select":
            need(len(axes) == len(first) and k < len(axes) and axes[k][:len(first[k])] == first[k]
                 and all(one == other for j, (one, other) in enumerate(zip(axes, first)) if j != k),
                 "the entries that a segment repeats do not fit")
            return axes, [named(first, int), named(axes, int)]
        need(k <= min(len(axes), len(first)) and axes[:k] == first[:k], "the windows of a segment do not fit")
        need(len(entry["places"]) == self.size(axes[k:]) and all(x < self.size(first[k:]) for x in entry["places"]),
             "the windows of a segment do not fit")
        self.rigid |= {c for axis in [*axes[k:], *first[k:]] for c in axis}
        return axes, [
            named(first, lambda j: j if j < k else ("in", j)),
            named(axes, lambda j: j if j < k else ("out", j)),
        ]

    def size(self, axes, sizes=None):
        """Return how many entries axes have."""
        return math.prod((sizes or self.sizes)[c] for axis in axes for c in axis)

    def dimension(self, sizes=None):
        """Return the number of parameters at some sizes of the classes."""
        return sum(self.size(self.axes[i], sizes) for i in self.leaves)

    def last(self, i):
        """Return the places of the last axis of a node."""
        return set(range(len(self.flat[i]) - len(self.axes[i][-1]), len(self.flat[i]))) if self.axes[i] else set()

    # -- laws that the graph shows --------------------------------------------------------------------------

    def check_family(self, family):
        """Check that laws are conserved at all sizes of the classes."""
        classes, kind = family["classes"], family["kind"]
        need(all(c < len(self.sizes) for c in classes) and not set(classes) & self.rigid, "laws have odd classes")
        need(len(set(classes)) == len(classes) or kind not in ("full", "diagonal"), "laws have a class twice")
        need(kind != "full" or classes, "laws of a matrix need a class")
        start = {}
        for part in family["parts"]:
            need(part["parameter"] < len(self.leaves) and part["factor"], "laws have a part that is none")
            leaf, places = self.leaves[part["parameter"]], tuple(part["places"])
            here = self.flat[leaf]
            need(len(set(places)) == len(places) and all(i < len(here) for i in places), "laws have odd places")
            if kind == "sum":
                need(len(family["parts"]) == 1, "sums are of one parameter")
                places = tuple(i for i in range(len(here)) if i not in places)
            need([here[i] for i in places] == classes, "laws have places of other classes")
            need((leaf, places) not in start, "laws have a part twice")
            start[leaf, places] = Fraction(part["factor"])
        if kind in ("full", "diagonal"):
            self._scaled(start, classes, kind == "full")
        else:
            self._shifted(start)

    def _scaled(self, start, classes, full):
        """Carry the factors of a scaling through the graph; what is paired must not change."""
        factors = []
        for i, entry in enumerate(self.nodes):
            found, tables = {}, []
            for names, child in zip(self.labels[i], entry.get("inputs", [])):
                tables.append({tuple(names[k] for k in at): factors[child].get(at, Fraction(0))
                               for at in choices(self.flat[child], classes)})
            own = (
                {at: tuple(self.labels[i][-1][k] for k in at) for at in choices(self.flat[i], classes)}
                if tables
                else {}
            )
            if entry["op"] == "parameter":
                found = {at: x for (leaf, at), x in start.items() if leaf == i}
            elif entry["op"] == "add":
                for at, key in own.items():
                    need(tables[0][key] == tables[1][key], "laws are not conserved: a sum has terms of other factors")
                    found[at] = tables[0][key]
            elif tables:
                kept = set(own.values())
                everywhere = set()
                if entry["op"] == "contract":
                    everywhere = set.intersection(*map(set, self.labels[i])) if full and not any(
                        self.nodes[child]["op"] == "uniform" for child in entry["inputs"]) else set()
                for key in {key for table in tables for key in table}:
                    total = sum((table.get(key, Fraction(0)) for table in tables), Fraction(0))
                    need(key in kept or not total, "laws are not conserved: a sum over an index keeps a factor")
                    need(not full or key[0] not in everywhere or not any(table.get(key) for table in tables),
                         "laws are not conserved: a class of a matrix is multiplied elementwise")
                for at, key in own.items():
                    found[at] = sum((table.get(key, Fraction(0)) for table in tables), Fraction(0))
            factors.append({at: x for at, x in found.items() if x})
        for pair in self.pairings:
            i = pair["node"]
            for at in factors[i]:
                need("orthogonal" in pair["covector"] and not full and self.axes[i] and not set(at) & self.last(i),
                     "laws are not conserved: what is paired is scaled")

    def _shifted(self, start):
        """Carry a shift through the graph as terms: a factor or None, places with a fixed index, and places along which
        it is not constant; covectors must not see what is left."""
        terms = []
        for i, entry in enumerate(self.nodes):
            found = []
            if entry["op"] == "parameter":
                found = [(x, frozenset(at), frozenset()) for (leaf, at), x in start.items() if leaf == i]
            for which, child in enumerate(entry.get("inputs", [])):
                for term in terms[child]:
                    moved = self._moved(i, entry, which, term)
                    found += [] if moved is None else [moved]
            terms.append(self._collected(found))
            spend(20 * len(found))
            need(len(terms[-1]) <= 200, "a shift has too many terms")
        for pair in self.pairings:
            for _, fixed, varying in terms[pair["node"]]:
                need("sum zero" in pair["covector"] and not (fixed | varying) & self.last(pair["node"]),
                     "laws are not conserved: a covector sees a shift")

    @staticmethod
    def _collected(found):
        """Add equal terms; terms without a factor stay one."""
        out = {}
        for factor, fixed, varying in found:
            key = fixed, varying
            before = out.get(key, Fraction(0))
            out[key] = None if factor is None or before is None or varying else before + factor
        return [(factor, *key) for key, factor in out.items() if factor is None or factor]

    def _moved(self, i, entry, which, term):
        """Return what a term of an input is in a node, ``None`` if it vanishes."""
        factor, fixed, varying = term
        labels, op = self.labels[i], entry["op"]
        mine, own = labels[which], labels[-1]
        place = {name: k for k, name in enumerate(own)}
        fixed, varying = {mine[k] for k in fixed}, {mine[k] for k in varying}
        if op == "windows":
            here = {name for name in mine if not isinstance(name[0], int)}
            if (fixed | varying | here) & here:
                # Windows have zeros beyond the border: nothing is constant along them.
                varying |= {name for name in own if not isinstance(name[0], int)} | fixed & here
                fixed, factor = fixed - here, None
        if op == "contract":
            other, theirs = entry["inputs"][1 - which], labels[1 - which]
            last = {theirs[k] for k in self.last(other)}
            kind, summed = self.nodes[other]["op"], (set(mine) | set(theirs)) - set(own)
            whole = last and last <= summed & set(mine) and not last & (fixed | varying)
            if kind == "sum zero" and whole:
                return None
            if kind == "uniform":
                value = Fraction(self.nodes[other]["value"], self.nodes[other].get("denominator", 1))
                if not value:
                    return None
                factor = None if summed or factor is None else factor * value
            elif not (kind == "sum one" and whole and summed == last):
                varying, factor = varying | set(theirs), None
        varying -= fixed
        return (factor, frozenset(place[name] for name in fixed if name in place),
                frozenset(place[name] for name in varying if name in place))

    # -- what data switch off -------------------------------------------------------------------------------

    def switched_off(self, classes, signs):
        """Say whether data switch off one value of each of these classes, together; ``signs`` are the parities of the
        parameters at their places, for units."""
        vanishing = []
        for i, entry in enumerate(self.nodes):
            here = [k for k, c in enumerate(self.flat[i]) if c in classes]
            patterns, op = [one for one in subsets(here) if one], entry["op"]
            if op in ("data", "sum zero"):
                found = set(patterns)
            elif op == "sum one":
                found = {one for one in patterns if one & self.last(i)}
            elif op == "parameter":
                odd = {k for k, bit in zip(here, signs[i]) if bit} if signs else set()
                found = {one for one in patterns if len(one & odd) % 2}
            elif op in ("uniform", "causal", "array"):
                found = set()
            else:
                found = self._switched(i, entry, classes, patterns, vanishing)
                if found is None:
                    return False
            vanishing.append(found)
        return True

    def _switched(self, i, entry, classes, patterns, vanishing):
        """Return the sets of places at which a node is zero with the value switched off there; ``None`` if its other
        entries depend on what is switched off."""
        labels, own = self.labels[i], self.labels[i][-1]
        tables = [{labels[which][k]: k for k, c in enumerate(self.flat[child]) if c in classes}
                  for which, child in enumerate(entry["inputs"])]
        summed = sorted({name for table in tables for name in table} - set(own), key=str)

        def zero(which, off):
            at = frozenset(k for name, k in tables[which].items() if name in off)
            return bool(at) and at in vanishing[entry["inputs"][which]]
        found = set()
        for pattern in [frozenset(), *patterns]:
            kept = {own[k] for k in pattern}
            if entry["op"] == "add":
                gone = zero(0, kept) and zero(1, kept)
            elif entry["op"] == "contract":
                dead = [zero(0, kept | off) or zero(1, kept | off) for off in subsets(summed)]
                spend(10 * len(dead))
                if not pattern and not all(dead[1:]):
                    return None
                gone = all(dead)
            else:
                gone = zero(0, kept)
            if pattern and gone:
                found.add(pattern)
        return found

    def signed(self, classes, signs):
        """Say whether parities of the parameters are those of a symmetry, with any parities of the data."""
        rows, unknown = [], {}

        def at(node, k):
            return unknown.setdefault((node, k), len(unknown))
        for i, entry in enumerate(self.nodes):
            here = [k for k, c in enumerate(self.flat[i]) if c in classes]
            if entry["op"] == "parameter":
                rows += [({at(i, k)}, bit) for k, bit in zip(here, signs[i])]
            elif entry["op"] in ("uniform", "causal", "array"):
                rows += [({at(i, k)}, 0) for k in here]
            elif entry["op"] == "sum one":
                # A row that is switched off still sums to one, and cannot change its sign.
                rows += [({at(i, k)}, 0) for k in here if k not in self.last(i)]
            if not self.labels[i]:
                continue
            nodes = [*entry["inputs"], i]
            tables = [{names[k]: (node, k) for k, c in enumerate(self.flat[node]) if c in classes}
                      for names, node in zip(self.labels[i], nodes)]
            if entry["op"] == "add":
                for table in tables[:-1]:
                    rows += [({at(*table[name])} ^ {at(*tables[-1][name])}, 0) for name in table]
                continue
            for name in set().union(*tables):
                row = set()
                for table in tables:
                    row ^= {at(*table[name])} if name in table else set()
                rows.append((row, 0))
        return solvable_mod_two(rows)

    # -- the base ---------------------------------------------------------------------------------------------

    def check_base(self, families, base):
        """Check that the segment grows from a base to its sizes; return the classes of the units."""
        sizes, free = base["sizes"], base["free"]
        units = [(unit["classes"], dict(zip(self.leaves, unit["signs"]))) for unit in base["units"]]
        need(len(sizes) == len(self.sizes) and all(m <= n for m, n in zip(sizes, self.sizes)),
             "a base has not a size for each class")
        need(all(sizes[c] == self.sizes[c] for c in self.rigid), "a base changes a class that is rigid")
        need(free in (0, 2) and (units or not free), "a base has odd free values")
        least = [2] * len(sizes)
        for pair in self.pairings:
            kind = pair["covector"]
            for c in self.axes[pair["node"]][-1] if self.axes[pair["node"]] else ():
                least[c] = max(least[c], {"free": 2, "sum zero": 3, "orthogonal": 3}.get(kind, 4))
        for c in {c for i, entry in enumerate(self.nodes) if entry["op"] == "causal" or entry.get("causal")
                  for c in self.axes[i][-1]}:
            # The first position cannot be left out: it attends to itself alone.
            least[c] = max(least[c], 1 + max((self.flat[i].count(c) for i in self.leaves), default=0))
        full = {family["classes"][0] for family in families if family["kind"] == "full"}
        in_units = {c for classes, _ in units for c in classes}
        need(all(m >= min(n, k) or c in in_units for c, (m, n, k) in enumerate(zip(sizes, self.sizes, least))),
             "a base is too small")
        for classes, signs in units:
            need(classes and len(set(classes)) == len(classes) and all(c < len(sizes) for c in classes),
                 "a unit has odd classes")
            need(len(signs) == len(self.leaves) and all(
                len(signs[i]) == sum(c in classes for c in self.flat[i]) and all(bit in (0, 1) for bit in signs[i])
                for i in self.leaves), "the signs of a unit do not fit")
            need(
                all(len(bits) < 2 or list(bits) == [1, 1] for bits in signs.values()), "the signs of a unit do not fit"
            )
            need(
                self.signed(classes, signs) and self.switched_off(classes, signs), "a unit is not switched off by data"
            )
            need(all(sum(self._degree(family, c) for c in classes) <= 2 for family in families),
                 "the number of laws is of too high a degree in the number of units")
            for family in families:
                # The gradient of the law of two units is zero without one of them: no other entry with it is alive.
                for part in family["parts"] if family["kind"] == "full" and family["classes"][0] in classes else ():
                    i, k = self.leaves[part["parameter"]], part["places"][0]
                    mine = [at for at, c in enumerate(self.flat[i]) if c in classes]
                    need(signs[i][mine.index(k)] == 1, "a law of two units does not vanish without one of them")
        stuck = set()
        for c, (m, n) in enumerate(zip(sizes, self.sizes)):
            most = max((self.flat[i].count(c) for i in self.leaves), default=0)
            alone = c not in full and max((self._degree(family, c) for family in families), default=0) <= most \
                and most <= 2 and self.switched_off([c], None)
            if not alone and (m < n or c in in_units):
                stuck.add(c)
        need(stuck <= in_units, "a class does not grow: data do not switch it off")
        self._check_units(sizes, free, units, stuck)
        return units, stuck

    def _check_units(self, sizes, free, units, stuck):
        """Check that the true sizes are reached by units: each kind at least three times, a class that does not grow
        alone in as many values as there are units with it, the others in at least as many."""
        if not units:
            return
        counts, owner = [None] * len(units), {}
        for k, (classes, _) in enumerate(units):
            mine = [c for c in classes if c in stuck and sum(c in other for other, _ in units) == 1]
            if mine:
                counts[k] = self.sizes[mine[0]]
                owner[k] = mine
        for k, (classes, _) in enumerate(units):
            if counts[k] is None:
                (c, *_) = classes
                others = [j for j, (other, _) in enumerate(units) if j != k and c in other]
                need(
                    len(classes) == 1 and all(counts[j] is not None for j in others),
                    "units do not determine each other",
                )
                counts[k] = self.sizes[c] - sum(counts[j] for j in others)
        need(min(counts) >= 3, "there are fewer than three units of a kind")
        for c in {c for classes, _ in units for c in classes}:
            true = sum(n for n, (classes, _) in zip(counts, units) if c in classes)
            small = 3 * sum(c in classes for classes, _ in units)
            more = 0 if c in stuck else free
            need(sizes[c] == small + more, "a base has not three units of a kind")
            need(self.sizes[c] == true if c in stuck else self.sizes[c] >= true + more,
                 "the sizes are not reached by units")

    @staticmethod
    def _degree(family, c):
        return sum(1 + (family["kind"] == "full" and k == 0) for k, d in enumerate(family["classes"]) if d == c)

    def number(self, family, sizes):
        """Return how many laws of a family there are at some sizes."""
        out = 1
        for k, c in enumerate(family["classes"]):
            n = sizes[c]
            out *= n * (n + 1) // 2 if family["kind"] == "full" and k == 0 else n
        return out

    # -- small networks ---------------------------------------------------------------------------------------

    def point(self, units, stuck, counts, sizes, free, draw, without=None):
        """Return a point as a dictionary of lists by parameter: zero where it changes sign with a unit; ``without``:
        the
        last unit of the first kind that has this class lacks it, and the rest of it belongs to the first unit."""
        owners, start = {}, 0
        for k, ((classes, _), number) in enumerate(zip(units, counts)):
            for copy in range(number):
                lacks = not free and without in classes and copy == number - 1
                without = None if lacks else without
                for c in classes:
                    places = sum(n for n, (other, _) in zip(counts, units) if c in other) + (0 if c in stuck else free)
                    if not (lacks and sizes[c] < places):
                        owners.setdefault(c, []).append((k, start if lacks else start + copy))
            start += number
        out = {}
        for i in self.leaves:
            flat = self.flat[i]
            spend(4 * math.prod(sizes[c] for c in flat))
            values = []
            for number, index in enumerate(itertools.product(*(range(sizes[c]) for c in flat))):
                odd = {}
                for k, (c, j) in enumerate(zip(flat, index)):
                    if c in owners and j < len(owners[c]):
                        kind, unit = owners[c][j]
                        classes, signs = units[kind]
                        mine = [at for at, d in enumerate(flat) if d in classes]
                        odd[unit] = odd.get(unit, 0) + signs[i][mine.index(k)]
                alive = all(x % 2 == 0 for x in odd.values())
                values.append(draw(i, number) if alive else 0)
            out[i] = values
        return out

    def gradients(self, family, sizes, point, starts, p):
        """Return the gradients of the laws of a family at a point, as dictionaries."""
        parts = []
        for part in family["parts"]:
            i = self.leaves[part["parameter"]]
            flat, places = self.flat[i], part["places"]
            if family["kind"] == "sum":
                places = [k for k in range(len(flat)) if k not in places]
            table = {}
            for number, index in enumerate(itertools.product(*(range(sizes[c]) for c in flat))):
                table.setdefault(tuple(index[k] for k in places), []).append(
                    (starts[i] + number, point[i][number]))
            spend(4 * math.prod(sizes[c] for c in flat))
            parts.append((part["factor"], table))
        rows = []
        for index in itertools.product(*(range(sizes[c]) for c in family["classes"])):
            seconds = range(index[0], sizes[family["classes"][0]]) if family["kind"] == "full" else (None,)
            for j in seconds:
                row = {}
                for factor, table in parts:
                    left = table[index]
                    if family["kind"] in ("sum", "shift"):
                        for at, _ in left:
                            row[at] = (row.get(at, 0) + factor) % p
                        continue
                    right = left if j is None else table[(j, *index[1:])]
                    for (a, x), (b, y) in zip(left, right):
                        row[a] = (row.get(a, 0) + factor * y) % p
                        row[b] = (row.get(b, 0) + factor * x) % p
                spend(4 * len(row))
                rows.append({at: x for at, x in row.items() if x})
        return rows

    def laws_independent(self, families, sizes, point, p):
        """Say whether all laws at some sizes have independent gradients at a point."""
        starts, start = {}, 0
        for i in self.leaves:
            starts[i], start = start, start + len(point[i])
        echelon = {}
        for family in families:
            need(self.number(family, sizes) <= 3000, "a small network has too many laws")
            for row in self.gradients(family, sizes, point, starts, p):
                while row:
                    at = min(row)
                    if at not in echelon:
                        inverse = pow(row[at], -1, p)
                        echelon[at] = {k: x * inverse % p for k, x in row.items()}
                        break
                    factor, other = row[at], echelon[at]
                    spend(4 * len(other))
                    for k, x in other.items():
                        row[k] = (row.get(k, 0) - factor * x) % p
                    row = {k: x for k, x in row.items() if x}
                else:
                    return False
        return True


class SmallNetwork(Graph):
    """The network of a segment at small sizes of its classes."""

    def __init__(self, segment, sizes):
        self.ops, self.inputs, self.shapes, self.sizes, self.extra, self.names = [], [], [], [], [], {}
        self.data, self.pairings, self.truth, self.parameters = [], [], {}, []
        self.segment, self.class_sizes, at = segment, sizes, []
        for i, entry in enumerate(segment.nodes):
            shape = [math.prod(sizes[c] for c in axis) for axis in segment.axes[i]]
            at.append(self._built(entry, shape, [at[k] for k in entry.get("inputs", [])]))
        for pair in segment.pairings:
            kind = {"sum zero and orthogonal": "both"}.get(pair["covector"], pair["covector"])
            node = at[pair["node"]]
            mask = self._earlier(self.shapes[node]) if pair["causal"] else None
            self._pair(node, kind, mask, False)
        self.parameters = [at[i] for i in segment.leaves]
        self.data_size = sum(self.sizes[i] for i in self.data)
        need(self.pairings, "a small network has no fields")

    @staticmethod
    def _earlier(shape):
        spend(math.prod(shape))
        rows, columns = shape[-2:]
        return [int(j <= i) for i in range(rows) for j in range(columns)] * math.prod(shape[:-2])

    def _built(self, entry, shape, inputs):
        op, total = entry["op"], math.prod(shape)
        spend(total, total)
        if op == "parameter":
            return self.add("parameter", shape)
        if op == "data":
            return self.add("data", shape)
        if op == "sum zero":
            return self._sum_zero(self.add("data", [*shape[:-1], shape[-1] - 1]))
        if op == "sum one":
            self._sum_one(shape, self._earlier(shape) if entry["causal"] else None)
            return len(self.ops) - 1
        if op in ("uniform", "causal", "array"):
            values = [entry["value"]] * total if op == "uniform" else entry.get("values") or self._earlier(shape)
            return self.constant(shape, values, entry.get("denominator", 1))
        if op == "contract":
            return self.contract(entry["spec"], *inputs)
        if op == "add":
            return self.add("add", shape, inputs)
        return self.gather(inputs[0], shape, self._places(entry, shape, self.shapes[inputs[0]]))

    @staticmethod
    def _places(entry, shape, source):
        """Return for each entry of a rearrangement its place in the source."""
        op, steps = entry["op"], [math.prod(source[k + 1:]) for k in range(len(source))]
        if op == "reshape":
            return list(range(math.prod(shape)))
        if op == "windows":
            kept, inside = entry["kept"], math.prod(source[entry["kept"]:])
            return [-1 if x < 0 else start * inside + x
                    for start in range(math.prod(shape[:kept])) for x in entry["places"]]
        out = []
        for index in itertools.product(*map(range, shape)):
            if op == "transpose":
                index = [index[entry["order"].index(k)] for k in range(len(source))]
            elif op == "broadcast":
                index = [j if n > 1 else 0 for j, n in zip(index[len(shape) - len(source):], source)]
            else:
                k = entry["axis"]
                index = [j // (shape[k] // source[k]) if at == k else j for at, j in enumerate(index)]
            out.append(sum(j * step for j, step in zip(index, steps)))
        return out


def _verify_growth(record):
    part, problem = record["width"], record["problem"]
    p, seed = part["prime"], part["seed"]
    need(is_prime(p), "the prime is none")
    need(problem["flow"] == {"name": "gradient", "decay": "0", "metric": "euclidean"},
         "a proof by growth is of gradient flow in the euclidean metric")
    need(problem["architecture"] != "custom" or not problem["sizes"] and not problem["options"],
         "a custom network has no sizes and options")
    need(record["assumption"] == "span" and not record["laws"], "the assumption or the laws are not those of growth")
    n = m = part["still"]
    r = 0
    for number, one in enumerate(part["segments"]):
        segment = Segment(one["graph"])
        laws = moved = 0
        if "base" in one:
            laws = _check_segment(segment, one, p, (seed, number))
            moved = segment.dimension() - laws
        need((one["size"], one["laws"], one["rank"]) == (segment.dimension(), laws, moved),
             "the numbers of a segment are not those that are proved")
        n, m, r = (total + one["times"] * one[key] for total, key in ((n, "size"), (m, "laws"), (r, "rank")))
    need(record["dimension"] == n, "the dimension is not that of the segments")
    proved = statement(record, n, m, r)
    need(record["statement"] == proved, "the statement is not what the certificate proves")
    return proved


def _check_segment(segment, one, p, label):
    """Check the growth of a segment; return the number of its laws."""
    families, base = one["families"], one["base"]
    for family in families:
        segment.check_family(family)
    units, stuck = segment.check_base(families, base)
    sizes, free, three = base["sizes"], base["free"], [3] * len(units)
    need(segment.dimension(sizes) <= SMALL_SEGMENT,
         f"a small network of a segment has more than {SMALL_SEGMENT} parameters")

    def draw(*words):
        return lambda i, number: 1 + label_number(p - 1, *label, *words, i, number)

    def independent(smaller, counts, words, without=None):
        point = segment.point(units, stuck, counts, smaller, free, draw(*words), without)
        return segment.laws_independent(families, smaller, point, p)
    for k, (classes, _) in enumerate(units):
        fewer = [m - (c in classes) for c, m in enumerate(sizes)]
        need(independent(fewer, [3 - (j == k) for j in range(len(units))], ("unit", k)),
             "the laws of a segment are not independent with a unit less")
    for c, (m, n) in enumerate(zip(sizes, segment.sizes)):
        if m < n and c not in stuck and any(c in segment.flat[i] for i in segment.leaves):
            fewer = [m - (d == c) for d, m in enumerate(sizes)]
            need(
                independent(fewer, three, ("less", c), c), "the laws of a segment are not independent at smaller sizes"
            )
    point = segment.point(units, stuck, three, sizes, free, draw("point"))
    need(segment.laws_independent(families, sizes, point, p), "the laws of a segment are not independent")
    here = sum(segment.number(family, sizes) for family in families)
    network = SmallNetwork(segment, sizes)
    theta, rows, cost = [x for i in segment.leaves for x in point[i]], [], network.cost()
    need(sum(one["words"]) <= WORDS_EACH * segment.dimension(sizes),
         f"a small network has more than {WORDS_EACH} words for each of its parameters")
    spend(sum(count * (1, 8, 27)[min(length, 2)] * 3 ** max(0, length - 2) for length, count in enumerate(one["words"]))
          * cost)
    for length, count in enumerate(one["words"], start=1):
        for k in range(count):
            word = None
            for letter in reversed(range(length)):
                data = [label_number(p, *label, "word", length, k, letter, i) for i in range(network.data_size)]
                field = (lambda z, data=data: network.gradient(z, data, p))
                word = field if word is None else bracket(field, word)
            rows.append([x % p for x in word(theta)])
    need(
        rank_of(rows, p) == segment.dimension(sizes) - here,
        "the words of a segment have not the rank that its laws leave",
    )
    return sum(segment.number(family, segment.sizes) for family in families)


# -- what is verified, in words ---------------------------------------------------------------------------


SHOWN = 300


def shortened(text, instead):
    """Return a text, or what stands for a long one."""
    return text if len(text) <= SHOWN else instead


def listed(words):
    """Return at most 24 words, and how many more there are."""
    if len(words) == 1:
        return words[0]
    return ", ".join(words[:24]) + (f" and {len(words) - 24} more" if len(words) > 24 else "")


def system_words(problem):
    """Return a system in words."""
    def field(components):
        return ", ".join(f"{x}' = {f}" for x, f in zip(problem["variables"], components))
    parts = [field(problem["drift"])] if "drift" in problem else []
    parts += ["control " + field(control) for control in problem["controls"]]
    instead = "in this file, " + ("a drift and " if "drift" in problem else "") + \
        f"{len(problem['controls'])} controls in {len(problem['variables'])} variables"
    over = f" over Q({listed(problem['parameters'])})" if problem["parameters"] else ""
    return f"the system {shortened('; '.join(parts), instead)}{over}"


def flow_words(flow):
    """Return a flow with its damping, decay and metric in words."""
    out, metric, joint = f"{flow['name']} flow", flow["metric"], "with"
    if "tau" in flow:
        tau = flow["tau"]
        out += f" with damping {tau if tau == 'tau' else tau[0] if tau[1] == '1' else '({})/({})'.format(*tau)}"
        joint = "and"
    if flow["decay"] != "0":
        out += f" {joint} weight decay {flow['decay']}"
    if type(metric) is str:
        return f"{out}, {metric} metric"
    if "positive" in metric:
        return f"{out}, mirror metric on {', '.join(metric['positive'])} and euclidean on the others"
    entries = shortened(
        ", ".join(f"M[{i + 1},{j + 1}] = {f}" for i, j, f in metric["entries"]),
        f"of {len(metric['entries'])} entries in this file",
    )
    if metric["denominator"] != "1":
        entries += " over " + shortened(metric["denominator"], "the denominator in this file")
    return f"{out}, metric {entries}" + (" at the dual point" if metric["at"] == "dual" else "")


def problem_words(problem, width=None):
    """Return a problem in words."""
    if problem["kind"] == "system":
        return system_words(problem)
    if problem["kind"] == "phi":
        phi = shortened(", ".join(problem["phi"]), f"the {len(problem['phi'])} polynomials in this file")
        return f"phi = {phi} in the parameters {listed(problem['parameters'])}, {flow_words(problem['flow'])}"
    out = " ".join([problem["architecture"], *map(str, problem["sizes"])])
    if problem["options"]:
        out += " with " + ", ".join(f"{key} {value}" for key, value in sorted(problem["options"].items()))
    if "graph" in problem:
        nodes = problem["graph"]["nodes"]
        leaves = [
            nodes[i]["name"] + " " + "x".join(map(str, nodes[i]["shape"])) for i in problem["graph"]["parameters"]
        ]
        out += f", the graph in this file of {len(nodes)} nodes with the parameters {listed(leaves)}"
    if width is not None and width["kind"] == "growth":
        kinds, still = width["segments"], width["still"]
        names = [one["graph"]["nodes"][i]["name"] for one in kinds for i in one["graph"]["parameters"]]
        out += (
            f", made of {sum(one['times'] for one in kinds)} segments of {len(kinds)} kinds in this file with the "
            f"parameters {listed(names)}" + (f" and {still} parameters that nothing moves" if still else "")
        )
    return f"{out}, {problem['loss']} loss, {flow_words(problem['flow'])}"


def statement(record, n, m, r):
    """Return the line that a certificate with these numbers proves."""
    laws = f"{m} independent law{'' if m == 1 else 's'} in dimension {n}"
    laws += f", complete: {m} + {r} = {n}" if m + r == n else f", at most {n - r} in all"
    assumed = ASSUMPTIONS[record["assumption"]]
    if "real" in record:
        assumed += ASSUMPTIONS["region"]
    elif record["assumption"] == "span" and any(
        node["op"] in ("cut", "rotation") for node in record["problem"].get("graph", {}).get("nodes", ())
    ):
        assumed += ASSUMPTIONS["smooth"]
    return f"{laws}; {problem_words(record['problem'], record.get('width'))}; {assumed}"


# -- files and the command ----------------------------------------------------------------------------------


def verify(record):
    r"""
    Verify a certificate; return one line that says what is proved, in full, or raise :class:`Rejected`.

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, networks
        sage: from sage_conslaw.check import verify
        sage: verify(conservation_laws(networks.product(2), seed=0).certificate())
        '1 independent law in dimension 2, complete: 1 + 1 = 2; product 2, least-squares loss, gradient flow, euclidean
        metric; nothing is assumed'
    """
    BUDGET.update(work=LIMITS["work"], kept=LIMITS["kept"])
    try:
        check_schema(record)
        return _verify(record)
    except MemoryError:
        raise TooMuchWork("the certificate needs more memory than this checker's limit") from None
    except (
        KeyError,
        TypeError,
        ValueError,
        IndexError,
        AttributeError,
        OverflowError,
        RecursionError,
        ZeroDivisionError,
    ) as error:
        raise Rejected(
            f"the record is malformed ({type(error).__name__}: {' '.join(str(error).split())[:200]})"
        ) from None


def _verify(record):
    bare = {key: value for key, value in record.items() if key != "digest"}
    found = hashlib.sha256(json.dumps(bare, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    need(record["digest"] == found, "the digest is not that of the record: it was changed after it was written")
    if "width" in record:
        return _verify_wide(record)
    family = Family(record["problem"])
    n = family.n - len(family.constants)
    need(record["dimension"] == n, "the dimension is not that of the problem")
    # In a network without a nonlinearity differences of the targets of one input are every covector that the loss
    # allows: nothing is assumed. Nor is it where the fields are those of samples at a point.
    exact = (
        family.kind == "system"
        or "real" in record
        or family.kind == "network"
        and all(known == "input" for known in family.graph.truth.values())
    )
    need(record["assumption"] == ("none" if exact else "span"), "the assumption is not that of this kind of problem")
    laws = [parse(text, family.places) for text in record["laws"]]
    for number, law in enumerate(laws, start=1):
        need({i for m in law for i in m} - set(family.constants), f"law {number} is constant: that is no law")
    m = _independence(record["independence"], laws, family)
    part = record["rank"]
    need(is_prime(part["prime"]), "the prime of the rank is none")
    if "real" in record:
        part = _with_real_data(part, record["real"], family, record["problem"])
    r = check_minor(
        rank_values(part, family, part["prime"]), part["pivots"], part["minor"], part["prime"], "rank", family.n
    )
    need(r == part["rank"], "the rank is not the stored one")
    for number, law in enumerate(laws, start=1):
        need(family.conserves(law), f"law {number} is not conserved")
    proved = statement(record, n, m, r)
    need(record["statement"] == proved, "the statement is not what the certificate proves")
    return proved


def _with_real_data(part, real, family, problem):
    """Return a record of the rank whose letters name samples with all their data, read at the real point."""
    need(family.graph is not None, "real gradients are read of networks")
    metric, graph, p = problem["flow"]["metric"], family.graph, part["prime"]
    need(type(metric) is str or "positive" in metric, "real gradients are read of networks in a named metric")
    start = 0
    for i in graph.parameters:
        numbers_here = real["parameters"][start:start + graph.sizes[i]]
        start += graph.sizes[i]
        need(metric != "mirror" and (type(metric) is str or graph.names[i] not in metric["positive"])
             or min(numbers_here, default=1) > 0,
             "a parameter of the real point is not positive where the metric needs it")
    data = [[x.numerator * pow(x.denominator, -1, p) % p for x in graph.true_data(real["parameters"], sample)]
            for sample in real["samples"]]

    def full(letter):
        need("sample" in letter and letter["sample"] < len(data), "a letter names a sample that is not there")
        rest = {key: value for key, value in letter.items() if key != "sample"}
        return rest | {"data": data[letter["sample"]] + letter["data"]}
    part = dict(part)
    if part["kind"] == "words":
        part["words"] = [[full(letter) for letter in word] for word in part["words"]]
    else:
        part["path"] = [full(step) for step in part["path"]]
        part["fields"] = [[full(letter) for letter in letters] for letters in part["fields"]]
    return part


def _independence(part, laws, family):
    p, point, rows = part["prime"], part["point"], part["rows"]
    need(is_prime(p), "the prime of the independence is none")
    need(len(point) == family.n, "the point of the independence has not one number a coordinate")
    need(
        len(set(rows)) == len(rows) <= family.n and all(i < len(laws) for i in rows),
        "the rows of the independence are no distinct laws",
    )
    need(not set(part["pivots"]) & set(family.constants), "a pivot of the independence is a constant")
    spend(len(rows) * family.n, len(rows) * family.n // 4)
    gradients = []
    for i in rows:
        variables = {j for m in laws[i] for j in m}
        spend(4 * len(laws[i]) * len(variables))
        gradients.append([at_point(laws[i].derivative(j), point, p) if j in variables else 0 for j in range(family.n)])
    return check_minor(gradients, part["pivots"], part["minor"], p, "independence", family.n)


def given(record):
    r"""
    Return what of a verified certificate is not rebuilt here but given by the file, in words; empty if there is
    nothing.

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, networks
        sage: from sage_conslaw.check import given
        sage: given(conservation_laws(networks.gated(1, 1), seed=0).certificate())
        'that the graph in this file is gated 1 1 1 is not checked here'
    """
    problem = record["problem"]
    if record.get("width", {}).get("kind") == "growth" and problem["architecture"] != "custom":
        return (
            f"that {' '.join([problem['architecture'], *map(str, problem['sizes'])])} is made of the segments in this "
            f"file is not checked here"
        )
    if "graph" in problem and problem["architecture"] != "custom":
        return (
            f"that the graph in this file is {' '.join([problem['architecture'], *map(str, problem['sizes'])])} is not "
            f"checked here"
        )
    return ""


def load(path):
    """Read a certificate from a regular file of at most 32 MB; keys given twice and numbers with a point are
    refused."""
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    found = os.fstat(number)
    if not stat.S_ISREG(found.st_mode):
        os.close(number)
        raise Rejected("this is not a regular file")
    with os.fdopen(number, "rb") as stream:
        need(
            found.st_size <= LIMITS["bytes"],
            f"the file has {found.st_size} bytes; a certificate has at most {LIMITS['bytes']}",
        )
        content = stream.read(LIMITS["bytes"] + 1)
    need(len(content) <= LIMITS["bytes"], "the file is larger than a certificate can be")

    def distinct(pairs):
        need(len({key for key, _ in pairs}) == len(pairs), "a key is given twice")
        return dict(pairs)

    def refused(text):
        raise Rejected(f"the number {text[:30]} is not an integer")
    # Millions of small lists would each time be searched for cycles, which JSON cannot have.
    collecting = gc.isenabled()
    gc.disable()
    try:
        return json.loads(
            content.decode("utf8"), object_pairs_hook=distinct, parse_float=refused, parse_constant=refused
        )
    except (ValueError, RecursionError) as error:
        raise Rejected(f"not JSON: {' '.join(str(error).split())[:200]}") from None
    finally:
        if collecting:
            gc.enable()


def bounded():
    """Give this process at most 2 GB; return what is called before each file, to give it 60 s."""
    try:
        import resource
        import signal
    except ImportError:
        return lambda: None
    resource.setrlimit(resource.RLIMIT_AS, (LIMITS["memory"], resource.getrlimit(resource.RLIMIT_AS)[1]))

    def late(number, frame):
        raise TooMuchWork(f"the certificate takes more than {LIMITS['seconds']} s to check")
    signal.signal(signal.SIGALRM, late)
    return lambda: signal.alarm(LIMITS["seconds"] - 1)


def main(paths):
    r"""
    Verify files, one line each; return the exit status.

    EXAMPLES::

        sage: from sage_conslaw.check import *
        sage: main(["/no/such/file.json"])
        file.json: cannot be read: No such file or directory
        2
    """
    worst, start = 0, bounded() if __name__ == "__main__" else lambda: None
    for path in paths:
        name = os.path.basename(path) or path
        try:
            start()
            record = load(path)
            line, note = verify(record), given(record)
            print(f"{name}: verified: {line}" + (f" ({note})" if note else ""))
        except Rejected as reason:
            print(f"{name}: rejected: {reason}")
            worst = max(worst, 1)
        except MemoryError:
            print(f"{name}: rejected: the file takes more memory than this checker's limit")
            worst = max(worst, 1)
        except OSError as error:
            print(f"{name}: cannot be read: {error.strerror}")
            worst = 2
    return worst


if __name__ == "__main__":
    sys.exit(
        main(sys.argv[1:]) if len(sys.argv) > 1 else print("usage: python -m sage_conslaw.check FILE [FILE ...]") or 2
    )
