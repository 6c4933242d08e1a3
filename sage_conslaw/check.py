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

The theorem (Frobenius): let the fields `f_0 + V` on a state of N coordinates generate a Lie algebra of generic rank r.
Near a generic point there are exactly N - r independent functions that all fields annihilate. So m independent laws and
elements of the Lie algebra of rank r with m + r = N show that there are m, polynomial or not. Both numbers are bounded
from below by a minor that is not zero: a minor is a polynomial with coefficients whose denominators the prime does not
divide, and what is not zero at one point modulo one prime is not the zero polynomial. Points, primes and draws
may then be chosen by anybody, however badly: a bad choice shows less, never more. The sections:

1. the schema; 2. numbers; 3. the graph of a network; 4. the family of fields; 5. the two ranks; 6. layered networks of
any width; 7. networks of any width that grow from small ones; 8. what is verified, in words; 9. files and the command.

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
# Steps of the order of 0.2 microseconds, so that the work ends in a minute; what is kept is counted in numbers and
# terms, of about 100 bytes each with what Python adds.
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
# A small network of a segment has so many parameters at most, and so many words for each of them: more words show
# nothing, as the rank is at most the number of parameters.
SMALL_SEGMENT, WORDS_EACH = 1200, 2
CLASSIC = ("product", "linear", "relu", "nmf", "icnn")
# Piecewise linear functions: near a generic point each is multiplication by a slope that does not depend on anything.
GATES = ("relu", "leaky relu", "abs", "dropout", "max", "top softmax", "any gate")
# Other nonlinearities are cut: the output is free data, and a covector at the input is data too. What the real ones
# satisfy, whatever the loss, restricts the covector: it sums to zero where adding a constant to the input changes
# nothing, and is orthogonal to the input where a factor changes nothing (Euler). Fields of the model then contain the
# real gradients, so that a law of the model is one of the real network; that they span no more is assumed, and said.
CUTS: dict = {
    "free": (
        "exp", "gelu", "silu", "sigmoid", "softplus", "tanh", "normalised sigmoid", "top sigmoid",
        "top normalised sigmoid", "rms norm with eps", "any function",
    ),
    "sum zero": (
        "softmax", "top softmax", "masked softmax", "log softmax", "layer norm with eps",
        "layer norm with eps without last", "any shift-invariant function",
        "any shift-invariant function without last",
    ),
    "orthogonal": ("rms norm", "any scale-invariant function"),
    "both": (
        "layer norm", "batch norm", "any shift- and scale-invariant function",
        "any shift- and scale-invariant function without last",
    ),
}
CUTS = {function: constraint for constraint, functions in CUTS.items() for function in functions}
# Read exactly in networks of at most so many parameters: norms are algebraic, and the outputs of these sum to one. The
# package reads them so up to the same number; beyond, its fields are those of free outputs, which are more.
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


# -- 1. the schema: types, ranges and keys, before anything is computed -----------------------------------
#
# A rule is a function of a value and of words for it, which rejects what it does not allow. What follows may then rely
# on types: a record comes from a stranger, and True, 4.0 and "4" behave as integers in many places of Python.
# Numbers are bounded too, so that what is computed from sizes alone, a product of a thousand of them, is small.


def integer(low=0, high=1_000_000):
    """Allow exact integers in a range; true, false and 4.0 are none."""
    def rule(value, what):
        need(type(value) is int and low <= value <= high, f"{what} is not an integer from {low} to {high}")
    return rule


def integers(low=0, high=1_000_000, most=10_000, least=0):
    """Allow lists of exact integers in a range: in one expression, as there may be millions."""
    def rule(value, what):
        need(type(value) is list and least <= len(value) <= most
             and all(type(x) is int and low <= x <= high for x in value),
             f"{what} is not a list of {least} to {most} integers from {low} to {high}")
    return rule


def text(pattern):
    """Allow strings of one form, whole: a pattern that ended with $ would let a line break pass."""
    def rule(value, what):
        need(type(value) is str and re.fullmatch(pattern, value), f"{what} is not of the form {pattern}")
    return rule


def one_of(*allowed):
    """Allow some words."""
    def rule(value, what):
        need(type(value) is str and value in allowed, f"{what} is none of {', '.join(allowed)[:200]}")
    return rule


def listing(entry, most=10_000, least=0):
    """Allow lists whose entries satisfy a rule."""
    def rule(value, what):
        need(type(value) is list and least <= len(value) <= most, f"{what} is not a list of {least} to {most}")
        for one in value:
            entry(one, f"an entry of {what}")
    return rule


def record_of(rules):
    """Allow objects with exactly these keys; those that end with a question mark may be left out."""
    rules = {key.rstrip("?"): (rule, key.endswith("?")) for key, rule in rules.items()}
    wanted = {key for key, (_, optional) in rules.items() if not optional}

    def rule(value, what):
        need(type(value) is dict and wanted <= set(value) <= set(rules), f"{what} has missing or unknown keys")
        for key, one in value.items():
            rules[key][0](one, f"the {key} of {what}")
    return rule


def by_word(key, cases):
    """Allow objects whose word under one key says which other keys there are."""
    known = one_of(*cases)
    rules = {word: record_of({key: known, **rules}) for word, rules in cases.items()}

    def rule(value, what):
        need(type(value) is dict, f"{what} is not an object")
        known(value.get(key), f"the {key} of {what}")
        rules[value[key]](value, what)
    return rule


def options_rule(value, what):
    """Allow at most twenty names with small integers or words."""
    need(type(value) is dict and len(value) <= 20, f"{what} are not an object of at most 20 keys")
    for key, one in value.items():
        NAME(key, f"a name of {what}")
        (WORD if type(one) is str else SMALL)(one, f"one of {what}")


def damping_rule(value, what):
    """Allow the word tau, or numerator and denominator as polynomials."""
    if value != "tau":
        listing(POLYNOMIAL, 2, 2)(value, what)


def metric_rule(value, what):
    """Allow a metric by its name, by the positive parameters, or by its entries."""
    if type(value) is str:
        one_of("euclidean", "mirror")(value, what)
    elif type(value) is dict and "positive" in value:
        record_of({"positive": listing(NAME, 10_000, 1)})(value, what)
    else:
        record_of({"at": one_of("state", "dual"), "entries": listing(entry_rule, 20_000, 1),
                   "denominator": POLYNOMIAL})(value, what)


def entry_rule(value, what):
    """Allow an entry of a metric: row, column, polynomial."""
    need(type(value) is list and len(value) == 3, f"{what} is not row, column and polynomial")
    for rule, one in zip((SMALL, SMALL, POLYNOMIAL), value):
        rule(one, what)


SMALL, SIGNED, PLACES, FEW = integer(), integer(-(1 << 63), (1 << 63) - 1), integers(), integers(most=20)
NUMBERS = integers(-(1 << 63), (1 << 63) - 1, 4_000_000)
# Above 2^20, so that a minor which is a polynomial of any degree that fits here is missed by few points; below 2^62, so
# that the package's own arithmetic has room.
PRIME = integer((1 << 20) + 1, (1 << 62) - 1)
WIDTHS, COUNT, COUNT_OR_NONE, BIT = integers(1, 10**9, 200), integer(1, MANY), integer(0, MANY), integer(0, 1)
OVER, COORDINATE = integer(2, (1 << 63) - 1), (-(1 << 40), 1 << 40)
NAME, WORD = text("[A-Za-z][A-Za-z0-9_]{0,99}"), text("[A-Za-z][A-Za-z0-9_ ^-]{0,39}")
POLYNOMIAL, SPEC = text("[A-Za-z0-9_+*/^-]{1,1000000}"), text("[A-Za-z]{0,20},[A-Za-z]{0,20}->[A-Za-z]{0,20}")
RATIONAL = text("0|[1-9][0-9]{0,999}(/[1-9][0-9]{0,999})?")
CONSTRAINTS = ("free", "sum zero", "orthogonal", "sum zero and orthogonal")

FLOW = {"decay": RATIONAL, "metric": metric_rule}
FLOW_RULE = by_word("name", {"gradient": FLOW, "nesterov": FLOW, "momentum": {**FLOW, "tau": damping_rule}})
ONE_INPUT, TWO_INPUTS, SHAPE, AXES = integers(most=1, least=1), integers(most=2, least=2), FEW, listing(FEW, 20)
NODES = {
    "parameter": {"name": NAME, "shape": SHAPE},
    "input": {"name": NAME, "shape": SHAPE, "tokens?": integer(1, 1)},
    "rotation": {"shape": SHAPE},
    "constant": {"shape": SHAPE, "values": NUMBERS, "denominator?": OVER},
    "contract": {"spec": SPEC, "inputs": TWO_INPUTS},
    "add": {"inputs": TWO_INPUTS},
    "gather": {"inputs": ONE_INPUT, "shape": SHAPE, "indices": NUMBERS},
    "gate": {"inputs": ONE_INPUT, "function": one_of(*GATES)},
    "cut": {"inputs": ONE_INPUT, "function": one_of(*CUTS), "mask?": integers(0, 1, 1_000_000)},
}
GRAPH = record_of({"nodes": listing(by_word("op", NODES), 20_000, 1), "output": SMALL, "parameters": PLACES})
NETWORK = {
    "architecture": NAME, "sizes": integers(1, 10**9, 1000), "options": options_rule,
    "loss": one_of("least-squares", "cross-entropy"), "flow": FLOW_RULE,
}
FIELD = listing(POLYNOMIAL, 10_000, 1)
PROBLEM = by_word("kind", {
    "network": {**NETWORK, "graph?": GRAPH},
    "phi": {"parameters": listing(NAME, 10_000, 1), "phi": listing(POLYNOMIAL, 200_000, 1), "flow": FLOW_RULE},
    "system": {"variables": listing(NAME, 10_000, 1), "parameters": listing(NAME), "controls": listing(FIELD),
               "drift?": FIELD},
})
MINOR = {"prime": PRIME, "point": NUMBERS, "pivots": PLACES, "minor": SIGNED}
LETTER = record_of({"data": NUMBERS, "weight?": SIGNED, "step?": SIGNED, "sample?": SMALL})
STEP = record_of({"step": SIGNED, "data": NUMBERS, "sample?": SMALL})
RANK = by_word("kind", {
    # A word of twelve letters takes 3^12 gradients; longer ones are none that a search finds.
    "words": {**MINOR, "rank": SMALL, "words": listing(listing(LETTER, 12, 1))},
    "path": {**MINOR, "rank": SMALL, "path": listing(STEP), "fields": listing(listing(LETTER), 10_001)},
})
HEAD = {
    "schema": one_of(SCHEMA), "assumption": one_of("span", "none"), "statement": text(r"[^\r\n]{0,10000}"),
    "digest": text("[0-9a-f]{64}"),
}
RECORD = record_of({
    **HEAD, "problem": PROBLEM, "dimension": integer(1, 10_000), "laws": listing(POLYNOMIAL, 200_000),
    "independence": record_of({**MINOR, "rows": PLACES}), "rank": RANK,
    "real?": record_of({"parameters": integers(*COORDINATE),
                        "samples": listing(integers(*COORDINATE, 100_000), 10_000, 1)}),
})

PART = record_of({"of": text("[a-z0-9 ]{1,200}"), "times": COUNT, "size": SMALL, "rank": SMALL, "laws": SMALL})
COMPONENT = record_of({
    "chains": listing(TWO_INPUTS, 100, 1), "links": listing(integers(most=3, least=3), 100), "times": integer(1, 10**9),
})
STAR = {"prime": PRIME, "seed": SIGNED, "parts": listing(PART, 10_000, 1)}
SEGMENT_NODES = {
    "parameter": {"name": text(r"[A-Za-z][A-Za-z0-9_:,.\[\]]{0,299}"), "axes": AXES},
    "data": {"axes": AXES},
    "sum zero": {"axes": AXES},
    "sum one": {"axes": AXES, "causal": BIT},
    "uniform": {"axes": AXES, "value": SIGNED, "denominator?": OVER},
    "causal": {"axes": AXES, "denominator?": OVER},
    "array": {"axes": AXES, "values": integers(-(1 << 63), (1 << 63) - 1, 100_000), "denominator?": OVER},
    "contract": {"spec": SPEC, "inputs": TWO_INPUTS},
    "add": {"inputs": TWO_INPUTS},
    "transpose": {"order": FEW, "inputs": ONE_INPUT},
    "reshape": {"axes": AXES, "inputs": ONE_INPUT},
    "broadcast": {"axes": AXES, "inputs": ONE_INPUT},
    "select": {"axes": AXES, "axis": integer(0, 20), "inputs": ONE_INPUT},
    "windows": {"axes": AXES, "kept": integer(0, 20), "places": integers(-1, 1_000_000, 100_000), "inputs": ONE_INPUT},
}
PAIRING = record_of({"node": SMALL, "covector": one_of(*CONSTRAINTS), "causal": BIT})
OPEN_SEGMENT = {
    "times": COUNT, "size": COUNT, "laws": COUNT_OR_NONE, "rank": COUNT_OR_NONE,
    "graph": record_of({"sizes": WIDTHS, "nodes": listing(by_word("op", SEGMENT_NODES), 2000, 1),
                        "parameters": integers(most=1000, least=1), "pairings": listing(PAIRING, 1000, 1)}),
}
FAMILY = record_of({
    "kind": one_of("full", "diagonal", "sum", "shift"), "classes": FEW,
    "parts": listing(record_of({"parameter": SMALL, "places": FEW, "factor": integer(-1_000_000, 1_000_000)}), 1000, 1),
})
BASE = record_of({
    "sizes": WIDTHS, "free": SMALL,
    "units": listing(record_of({"classes": FEW, "signs": listing(FEW, 1000)}), 20),
})
SHOWN_SEGMENT = record_of({
    **OPEN_SEGMENT, "families": listing(FAMILY, 200), "base": BASE, "words": integers(most=12),
})
OPEN_SEGMENT = record_of(OPEN_SEGMENT)


def segment_rule(value, what):
    """Allow a segment that is proved from a base, or one of which nothing is said."""
    (SHOWN_SEGMENT if type(value) is dict and "base" in value else OPEN_SEGMENT)(value, what)


WIDE = record_of({
    **HEAD, "problem": by_word("kind", {"network": NETWORK}), "dimension": COUNT,
    "laws": listing(text("[A-Za-z0-9 ^+-]{1,200}"), 1000),
    "width": by_word("kind", {
        "star": STAR,
        "chains": {**STAR, "components": listing(COMPONENT, 1000, 1), "words": listing(integers(most=12), 1001, 1)},
        "growth": {"prime": PRIME, "seed": integer(0, (1 << 63) - 1), "still": COUNT_OR_NONE,
                   "segments": listing(segment_rule, 1000)},
    }),
})


def check_schema(record):
    """Check the form of a whole record."""
    need(type(record) is dict and record.get("schema") == SCHEMA, f"the schema is not {SCHEMA}")
    (WIDE if "width" in record else RECORD)(record, "the record")
    problem = record["problem"]
    name = problem.get("architecture")
    # Problems of another kind begin with these words in the statement.
    need(name not in ("phi", "system"), "the architecture has no name")
    if name is None or "width" in record:
        return
    # The graph of a classic architecture is rebuilt here: one that a file gives could be another.
    need(("graph" in problem) == (name not in CLASSIC), "the problem has missing or unknown keys")
    nodes = problem.get("graph", {"nodes": []})["nodes"]
    need(all(("mask" in node) == (node.get("function") == "masked softmax") for node in nodes),
         "a node has a mask, or lacks one")
    need_free_slopes(nodes)


def need_free_slopes(nodes):
    """
    Refuse exponentials of what free data do not multiply.

    The model takes value and slope of a cut as independent.  The slope of exp is its value: with a bias b in it,
    `exp(w x + b)` has the law `b - |u|^2 / 2` that independent slopes do not have, and a rank that they reach is not
    the network's.  Where free data multiply all that is inside, both are arbitrary after all.
    """
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
            # A sum is scaled only where all its terms are, a product where one factor is.
            free = op == "input" and "tokens" not in node or bool(below) and op != "gate" and (
                any(below) if op == "contract" else all(below))
        scaled.append(data[-1] and free)


# -- 2. numbers: ints modulo p, duals over them, polynomials as dictionaries ------------------------------
#
# Laws are compared over Q, with polynomials; ranks are taken modulo p, with ints. Duals give derivatives without
# symbols: F(z + eps v) = F(z) + eps F'(z) v, so that brackets of fields need nothing but their evaluation.


class Poly(dict):
    """A polynomial over Q: {sorted tuple of variables: Fraction}; also the numbers of the exact check."""

    def __add__(self, other):
        spend(2 * len(other) + len(self) // 4)
        out = Poly(self)
        for m, c in other.items():
            total = out.get(m, 0) + c
            # No entry is zero: a polynomial is zero if and only if it is empty, which is all that is ever asked of one.
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
    """real + eps * slope, eps^2 = 0. Entries are numbers or duals again: brackets of brackets are nested duals."""

    # A slope that is None is zero: most entries of a network do not move along a field, and are not multiplied.

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


# A sign, then a number or a power, then powers: no parentheses, whose products could grow without end.
TERM = re.compile(
    r"([+-]?)((?:[0-9]+(?:/[0-9]+)?|[A-Za-z][A-Za-z0-9_]*(?:\^[0-9]+)?)(?:\*[A-Za-z][A-Za-z0-9_]*(?:\^[0-9]+)?)*)"
)


def parse(text, places):
    """Parse an expanded polynomial, a sum of terms like -3/2*x^2*y, in one pass; nothing is evaluated."""
    spend(len(text))
    out, at = Poly(), 0
    while at < len(text):
        term = TERM.match(text, at)
        need(term and (term[1] or at == 0), "a polynomial is not a sum of terms like -3/2*x^2*y")
        at, value, monomial = term.end(), Fraction(1), []
        for factor in term[2].split("*"):
            if factor[0].isdigit():
                # Python refuses to read numbers of over 4300 digits, and takes the square of their length for others.
                need(len(factor) <= 3000, "a coefficient is longer than the checker's limit")
                value *= Fraction(factor)
            else:
                name, _, power = factor.partition("^")
                need(name in places and len(power) < 4 and 1 <= int(power or 1) <= LIMITS["degree"],
                     f"a polynomial has the unknown factor {factor[:30]!r}")
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
        # Reduction modulo p is a ring homomorphism only on fractions whose denominators it does not divide: without
        # this a minor of the reduced fields would say nothing of the fields.
        need(c.denominator % p, "the prime divides a denominator")
        term = c.numerator * pow(c.denominator, -1, p) % p
        for i in m:
            term = z[i] * term % p
        total = (total + term) % p
    return total


# -- 3. the graph of a network ---------------------------------------------------------------------------
#
# The response is f(theta; data) = the sum of <covector, node> over the pairings. Its gradient in theta, for all data,
# is the model's span V of gradients; by the chain rule the gradient of any loss on any samples is in V, with the data
# that belong to them: the output's covector is the slope of the loss, a cut's output and covector what they happen to
# be. So a law of all fields in V is one of the network, whatever the loss, the samples and the optimiser's batches.


class Response:
    r"""
    Nodes, and pairings of nodes with covectors; parameters, data and all else are places in its lists.

    Nodes are parameters, data, constants, contractions, sums, rearrangements and powers. A power has the value of its
    input and moves as many times as much as its exponent says: with a free scalar s, s |z|^2 z is a root mean square
    norm where |z|^2 moves -1/2 times as much, since s stands for a power of |z|^2.
    """

    def __init__(self):
        self.ops, self.inputs, self.shapes, self.sizes, self.extra, self.names = [], [], [], [], [], {}
        self.data, self.pairings, self.parameters, self.exact = [], [], [], True
        # What the true values of data are made of: an input, or a function of a node; ``None`` if they are not known.
        self.truth = {}

    @property
    def data_size(self):
        """How many numbers a field's data have."""
        return sum(self.sizes[i] for i in self.data)

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
        # Each axis once a factor, and in two of the three words: traces and sums over an axis of one factor are other
        # operations, which the package's contraction is not, and would be read differently there.
        letters = {}
        for names, i in ((left, a), (right, b)):
            need(len(names) == len(self.shapes[i]) and len(set(names)) == len(names), "a contraction does not fit")
            for name, n in zip(names, self.shapes[i]):
                need(letters.setdefault(name, n) == n, "a contraction does not fit")
        need(set(result) <= set(letters) and len(set(result)) == len(result), "a contraction does not fit")
        need(all(sum(name in part for part in (left, right, result)) > 1 for name in letters),
             "a contraction sums over an axis of one factor")
        count = math.prod(letters.values())
        spend(10 * count, 2 * count)

        # Every product that is summed, as places (result, left, right): one list for values, gradients and terms.
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
        need(len(indices) == math.prod(shape) and all(-1 <= k < self.sizes[source] for k in indices),
             "a rearrangement does not fit")
        return self.add("gather", shape, (source,), indices)

    def constant(self, shape, values, denominator=1):
        """Append fixed numbers: integers over one denominator."""
        need(len(values) == math.prod(shape), "a constant has not as many entries as its shape says")
        values = values if denominator == 1 else [Fraction(v, denominator) for v in values]
        return self.add("constant", shape, (), values)

    def _norm(self, z, centred):
        """Append s |z|^2 z along the last axis with a free scalar s a group, of z minus its mean if centred; factors go
        into s."""
        # The norm is z / |z|, with the differential |z|^-3 (|z|^2 dz - <z, dz> z). With s for |z|^-3 that is the one of
        # s |z|^2 z where |z|^2 is taken to move by -<z, dz>, which is -1/2 times as much as it does.
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
        # A number for each entry, those of the last allowed one and of the others that stay zero without effect.
        rows = self._allowed(mask, size)
        spans = self._spans([(k, row[-1]) if k in row[:-1] else None for row in rows for k in range(size)], size)
        free = self.contract("tv,tvu->tu", self.add("data", [len(rows), size]),
                             self.constant([len(rows), size, size], spans))
        ends = [int(k == row[-1]) for row in rows for k in range(size)]
        outputs = self.add("add", [len(rows), size], (free, self.constant([len(rows), size], ends)))
        self.gather(outputs, shape, list(range(total)))

    @staticmethod
    def _allowed(mask, size):
        """Return for each row of a mask its allowed entries."""
        return [[k for k in range(size) if mask[start + k]] for start in range(0, len(mask), size)]

    @staticmethod
    def _spans(pairs, size):
        """Return a row e_i - e_j for each pair, zeros for ``None``: rows that span vectors of sum zero."""
        spend(len(pairs) * size, len(pairs) * size)
        return [int(pair is not None and k == pair[0]) - int(pair is not None and k == pair[1])
                for pair in pairs for k in range(size)]

    def _pair(self, node, constraint, mask, loss):
        """Pair a node with the covectors that its constraint allows, made of free data."""
        shape = self.shapes[node]
        need(shape or constraint == "free", "cross-entropy needs classes on the last axis")
        size = shape[-1] if shape else 1
        # No covector but zero: a softmax of one entry is constant, and so is, up to a sign, a layer norm of two. (The
        # output keeps its pairing, with a covector that is made of no data.)
        if not loss and (constraint != "free" and size <= 1 or constraint == "both" and size <= 2):
            return
        if constraint == "free":
            covector = self.add("data", shape)
        elif constraint == "sum zero":
            covector = self._masked(shape, mask) if mask is not None else \
                self._sum_zero(self.add("data", [*shape[:-1], size - 1]))
        elif constraint == "orthogonal":
            covector = self._orthogonal(node)
        else:
            # Both: with the rows B = (e_j - e_last), s = B^T u sums to zero, and <s, z> = <u, B z>.
            spans = self._differences(size)
            flipped = self.constant(
                [size, size - 1], [spans[j * size + i] for i in range(size) for j in range(size - 1)]
            )
            inside = self._orthogonal(self._last_axis(node, flipped))
            covector = self._last_axis(inside, self.constant([size - 1, size], spans))
        need(self.shapes[covector] == shape, "a covector does not fit")
        self.pairings.append((node, covector))

    def _differences(self, size):
        """Return the rows e_j - e_last, which span the vectors of sum zero."""
        return self._spans([(i, size - 1) for i in range(size - 1)], size)

    def _last_axis(self, node, matrix):
        letters = "abcdefghijklmnopqrst"[:len(self.shapes[node]) - 1]
        return self.contract(f"{letters}y,yz->{letters}z", node, matrix)

    def _sum_zero(self, free):
        size = self.shapes[free][-1] + 1
        return self._last_axis(free, self.constant([size - 1, size], self._differences(size)))

    def _masked(self, shape, mask):
        """Return a covector that sums to zero over the allowed entries of each row and is zero at the others."""
        size, rows = shape[-1], self._allowed(mask, shape[-1])
        pairs = [(row[j], row[-1]) if j < len(row) - 1 else None for row in rows for j in range(size - 1)]
        free = self.add("data", [len(rows), size - 1])
        covector = self.contract("tv,tvu->tu", free,
                                 self.constant([len(rows), size - 1, size], self._spans(pairs, size)))
        return self.gather(covector, shape, list(range(len(mask))))

    def _orthogonal(self, node):
        """Return <c, z> d - <d, z> c for free c, d: a covector that is orthogonal to z along the last axis."""
        # Any s with <s, z> = 0 is of this form: take d = s, and c with <c, z> = 1.
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

    def cost(self):
        """Return about how many steps one gradient takes."""
        return sum(self.sizes) + 6 * sum(len(terms) for op, terms in zip(self.ops, self.extra) if op == "contract")

    def gradient(self, theta, data, p):
        """Return the gradient of the response modulo p, by one backward pass."""
        # The derivative by what each node moves, from the pairings down to the parameters. Covectors do not move: they
        # are data, also where they are made of the node that they are paired with.
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


class Graph(Response):
    """
    The response of a network as it is drawn: up to the output, with data for what is not linear.

    The data of a field are the numbers of the data nodes as drawn, then those of the covector of the loss, then those
    at the cuts: the order in which letters of a certificate give them.
    """

    def __init__(self, graph, loss):
        super().__init__()
        parameters = [math.prod(node["shape"]) for node in graph["nodes"] if node["op"] == "parameter"]
        self.exact, cuts = sum(parameters) <= EXACT_PARAMETERS, []
        # For each node as drawn its place here, and whether data reach it.
        at, reached = [], []
        for node in graph["nodes"]:
            inputs = node.get("inputs", [])
            need(all(i < len(at) for i in inputs), "the graph is not in order: a node is made of later ones")
            moved = node["op"] in ("input", "rotation") or any(reached[i] for i in inputs)
            # tanh(a) of a parameter a is one number, not free data: cut, it would have slopes that it never has.
            need(moved or node["op"] not in ("gate", "cut") or node["function"] in NORMS,
                 "functions of parameters alone are not covered")
            cuts += self._draw(node, [at[i] for i in inputs])
            at.append(len(self.ops) - 1)
            reached.append(moved)
        need(all(i < len(at) for i in [graph["output"], *graph["parameters"]]),
             "the graph refers to nodes that it does not have")
        self.parameters = [at[i] for i in graph["parameters"]]
        # Each exactly once: one that is left out would be a constant, one listed twice a coordinate too many.
        need(sorted(self.parameters) == [i for i, op in enumerate(self.ops) if op == "parameter"],
             "the parameters of the graph are not those that it lists")
        self._pair(at[graph["output"]], "free" if loss == "least-squares" else "sum zero", None, True)
        for source, constraint, mask in cuts:
            self._pair(source, constraint, mask, False)
        self.dimension = sum(self.sizes[i] for i in self.parameters)
        need(1 <= self.dimension <= LIMITS["coordinates"],
             f"the network has not 1 to {LIMITS['coordinates']} parameters")
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

    def _draw(self, node, inputs):
        """Append a node as it was drawn; return the covectors that it brings: source, constraint and mask."""
        op = node["op"]
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
            # One free number a unit, where the network has two or three slopes: the model has the fields of all regions
            # of activation together, so its laws are laws on each.
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
            # Nothing is forgotten, so no covector is needed at the input: the norm is differentiated through.
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

    def entry_names(self):
        """Return the names of the parameters' entries in order: the name, or the name and the indices from one."""
        out = []
        for i in self.parameters:
            name, shape = self.names[i], self.shapes[i]
            indices = itertools.product(*(range(1, n + 1) for n in shape))
            out += [name] if shape == [1] else ["_".join([name, *map(str, index)]) for index in indices]
        return out

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
            if i in self.kept or op == "parameter":
                continue
            if op == "constant":
                values[i] = self.extra[i]
            elif op == "data" and self.truth[i] == "input":
                values[i] = sample[given:given + self.sizes[i]]
                given += self.sizes[i]
            elif op == "data":
                name, source = self.truth[i]
                values[i] = true_slopes(name, values[source], self.shapes[source])
            else:
                values[i] = [0] * self.sizes[i]
                for k, factors in self.terms(i):
                    values[i][k] += math.prod(values[j][x] for j, x in factors)
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
        # With symbols for what does not move it is quick and sufficient. Where it fails symbols may have hidden that
        # two entries are equal: a random point tells most directions that are no laws, and the rest is written out.
        if Identity(self, direction, first, itertools.count(fresh), True).holds():
            return True
        return (
            not self._refuted(direction, first)
            and Identity(self, direction, first, itertools.count(fresh), False).holds()
        )

    def _refuted(self, direction, first):
        """Say whether the derivative is seen not to vanish at a random point modulo a prime; nothing is concluded where
        it vanishes."""
        # Always the same numbers: whether it is refuted decides the time that a check takes, and nothing else.
        p, draw = 2 ** 61 - 1, random.Random(0)
        last = max([first + self.dimension - 1, *(i for f in direction.values() for m in f for i in m)])
        z = [draw.randrange(p) for _ in range(last + 1)]
        row = self.gradient(z[first:first + self.dimension], [draw.randrange(p) for _ in range(self.data_size)], p)
        return bool(sum(at_point(f, z, p) * row[j] for j, f in direction.items()) % p)


class Identity:
    """
    The derivative along a direction, entry by entry, only where it is not zero.

    If ``free``, entries that do not move are symbols; else all is expanded.
    """

    # The product rule, forwards: moved[i][k] is the derivative of entry k of node i. Substituting values for symbols is
    # a ring homomorphism, so a sum that vanishes with symbols vanishes with the values that they stand for.

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
        # Most laws move few entries: only what these reach is visited, of a million terms perhaps a hundred.
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
        # Each entry once: the symbol of an entry must be the same wherever it is used.
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
    """Return the slopes of a piecewise linear function at numbers, none of them where it bends."""
    # Where it bends there is no slope, and near the point either of two: such a sample shows nothing.
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
    need(max([parameters, *sizes]) <= LIMITS["coordinates"],
         f"{name} {' '.join(map(str, sizes))[:60]} has more than {LIMITS['coordinates']} parameters")
    counts = {"product": (1, 1), "nmf": (3, 3), "icnn": (3, 3)}.get(name, (2, 1000))
    need(counts[0] <= len(sizes) <= counts[1], f"{name} does not have {len(sizes)} sizes")
    need(options == {} or options == {"bias": 1} and name in ("relu", "icnn"), f"the options of {name} are not known")
    # In the words of a record, so that one reader serves for both: a classic network need not be in the file.
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


# -- 4. the family of fields -----------------------------------------------------------------------------
#
# A flow with parameters theta in R^D has one of these states, z, with the drift f0 and the controls g:
#
# - gradient:              theta;            no drift;              g = M grad f
# - with decay lambda:     (s, theta);       s' = lambda s, theta' = -lambda theta;  s is exp(lambda t)
# - momentum, tau = p / q: (t, theta, w);    t' = q, theta' = q w, w' = -p w;  controls (0, 0, M grad f)
# - tau a number but 0:    (s, theta, w);    s' = tau s, theta' = w, w' = -tau w;  s is exp(tau t)
# - tau a symbol:          the same, with tau as a first coordinate that is constant.
#
# A factor of a field that is not zero changes no law, nor what the module of fields over functions generates: so the
# drift is multiplied by q, and the denominator of a metric is left out.


def unused(name, taken):
    """Return a name that is not taken, with underscores appended."""
    while name in taken:
        name += "_"
    return name


def no_claims(problem):
    """Refuse sizes and options of a network whose graph alone says what it is: they would stand in the statement."""
    need(problem["architecture"] != "custom" or not problem["sizes"] and not problem["options"],
         "a custom network has no sizes and options")


class Family:
    """The fields of a problem: drift, and controls as polynomials or as gradients of a response."""

    def __init__(self, problem):
        self.kind, self.graph, self.metric, self.drift, self.constants = problem["kind"], None, None, None, ()
        self.flow, self.first, self.forced, self.time, self.shears = None, 0, 0, None, False
        # All of it is derived from the problem: nothing in a record names a coordinate or a component of a drift.
        if self.kind == "system":
            self._system(problem)
        else:
            self._response(problem)
            self._state(problem["flow"])
            self._metric(problem["flow"]["metric"], problem)
        need(self.n - len(self.constants) <= LIMITS["coordinates"],
             f"the state has more than {LIMITS['coordinates']} coordinates")

    def _system(self, problem):
        self.names = problem["parameters"] + problem["variables"]
        self._places()
        self.constants = tuple(range(len(problem["parameters"])))
        fields = ([problem["drift"]] if "drift" in problem else []) + problem["controls"]
        need(fields and all(len(field) == len(problem["variables"]) for field in fields),
             "a field has not one component a variable")
        # Parameters of a system are coordinates that no field moves: ranks are then those at generic parameters.
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
        no_claims(problem)
        graph = problem["graph"] if "graph" in problem else \
            classic_graph(problem["architecture"], problem["sizes"], problem["options"])
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
        # A damping that is a number but 0, or a decay, brings exponentials of time, and s is one of them: the drift is
        # a polynomial in it, as are the laws. Otherwise they are polynomials in t.
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
            # A velocity's name must be new: a parameter may be called dx beside one called x.
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
            if set(self.q) <= {()}:
                # The coordinates of the dual point, and s' = tau s, are those of a damping with denominator one.
                self.p, self.q = (Poly({m: c / self.q[()] for m, c in f.items()}) for f in (self.p, self.q))
            clock = one_variable(self.time, self.rate) if self.exponential else self.clocked(self.q)
            moved = [self.clocked(self.q, j) for j in velocity]
            pulls = [Poly({m: -c * decay for m, c in self.clocked(self.q, i).items() if decay}) for i in theta]
            damped = [-self.clocked(self.p, j) + pull for j, pull in zip(velocity, pulls)]
            self.drift = [clock, *moved, *damped]
        self._exact_flow(symbolic, decay)

    def _exact_flow(self, symbolic, decay):
        """Note how the drift integrates exactly, if it does."""
        # Tangent vectors that are pushed along it are then values of elements of the Lie algebra, however far: the
        # push-forward is analytic in the step, with the iterated brackets with the drift as coefficients.
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
        # A control that depends on no coordinate it moves is a shear: its flow is z + s g(z), which a path walks along.
        forced = range(self.forced, self.forced + self.D)
        self.shears = self.forced != self.first and not any(
            i in forced for _, _, f in self.metric or () for m in f for i in m
        )
        # A singular metric stops coordinates, which would be laws of no training.
        need(self._regular(), "the metric is singular")

    def factor(self):
        """Return the denominator of the damping, in the coordinates: what a term of lower degree at the dual point is
        multiplied by."""
        plain = self.time is None or self.exponential or self.forced == self.first
        return Poly({(): Fraction(1)}) if plain else self.clocked(self.q)

    def dual(self, i):
        """Return tau theta_i + w_i times the denominator of tau; theta_i without velocities."""
        # Mirror descent with momentum moves the dual of y = tau theta + w: (grad psi(y))' = -grad E, and for a constant
        # tau y' = w' + tau w. So the metric, the inverse of the Hessian of psi, is taken at y.
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
        need(sorted(set(found)) == found and all(max(pair) < self.D for pair in found),
             "the entries of the metric are not distinct ones in order")
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
        parts = [*(self.drift or ()), *(f for _, _, f in self.metric or ())]
        if self.graph is None:
            parts += [f for row in (self.controls if self.kind == "system" else self.partials) for f in row]
        graph = 0 if self.graph is None else self.graph.cost()
        return 2 * self.n + graph + 2 * sum(len(m) + 4 for f in parts for m in f) + len(parts)

    def control(self, z, data, p):
        """Return the value at z of the control with the given data."""
        def combined(rows, n):
            return [sum((x * at_point(row[j], z, p) for x, row in zip(data, rows)), 0) % p for j in range(n)]
        if self.kind == "system":
            return combined(self.controls, self.n)
        gradient = combined(self.partials, self.D) if self.graph is None else \
            self.graph.gradient(z[self.first:self.first + self.D], data, p)
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

        def vanishes(covector, field):
            return not sum((g * field[i] for i, g in covector.items()), Poly())
        if self.drift is not None and not vanishes(gradient, self.drift):
            return False
        if self.kind == "system":
            return all(vanishes(gradient, field) for field in self.controls)
        # dh (M grad f) = (M^T dh) grad f: the derivative of the response along the direction M^T dh.
        moved = {i - self.forced: g for i, g in gradient.items() if self.forced <= i < self.forced + self.D}
        if self.metric is not None:
            direction = {}
            for i, j, f in self.metric:
                if i in moved:
                    direction[j] = direction.get(j, Poly()) + moved[i] * f
            moved = {j: g for j, g in direction.items() if g}
        if self.graph is None or not moved:
            # The coefficients of the components of phi are free, so the derivative of each is zero by itself.
            return not moved or all(vanishes(moved, row) for row in self.partials)
        return self.graph.annihilated(moved, self.first, self.n)


def bracket(F, G):
    """Return the Lie bracket of two fields, by dual numbers."""
    def value(z):
        # [F, G] = G' F - F' G, with both derivatives as slopes.
        f, g = F(z), G(z)
        along_f = G([Dual(a, b) for a, b in zip(z, f)])
        along_g = F([Dual(a, b) for a, b in zip(z, g)])
        return [slope(x) - slope(y) for x, y in zip(along_f, along_g)]
    return value


# -- 5. the two ranks --------------------------------------------------------------------------------------
#
# Either is at least the size of a minor that is not zero. Rows of the one are gradients of laws. Rows of the other are
# values of elements of the Lie algebra, of one of two kinds:
#
# - words: nested brackets [X_1, [X_2, ... X_k]] of letters X = weight f0 + control, and where the drift integrates
#   exactly the control is pushed along it first;
# - a path: tangent vectors of the orbit (Sussmann, Nagano) are carried along exact flows to one point, where they span
#   part of the orbit's tangent space, whose dimension is generically the rank of the Lie algebra.


def packed(row, entry):
    """Return a list of numbers as one integer, so many bytes each."""
    # Python adds and multiplies integers of a million digits in C: elimination needs no loop over a row's entries.
    return int.from_bytes(b"".join(x.to_bytes(entry, "little") for x in row), "little")


def determinant(rows, p):
    """
    Return the determinant of a square list of rows modulo p.

    A row is one long integer, so that a multiple of another is added in one step; ten times as fast as a list.
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
    # The stored minor is an exact number, so that a record cannot be changed in one digit: with the sign of the
    # permutation of the pivots, which a cycle of even length changes.
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
    # A column twice would make the minor zero; the bound keeps Python's negative and missing indices out.
    need(len(set(columns)) == len(columns) == len(values) and all(i < width for i in columns),
         f"{what}: the pivots are not distinct coordinates, one a row")
    found = determinant([[row[i] for i in columns] for row in values], p)
    need(found and found == minor, f"{what}: the minor is not the stored one")
    return len(columns)


def is_prime(n):
    """
    Decide whether a number below 2^64 is a prime: by the twelve bases that suffice there (Sorenson and Webster 2017).
    """
    # Strong pseudoprimes to all of these are above 3 * 10^23, so this is a proof and no Monte Carlo test.
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
    # Drawn by whoever wrote the record, and taken as it is: at a bad point the rank is smaller, never larger.
    z, cost = [x % p for x in part["point"]], family.cost()
    pushed = part["kind"] == "words" and family.flow is not None

    def letter(record):
        need(set(record) == {"data", *["weight"] * (family.drift is not None), *["step"] * pushed},
             "a letter has missing or unknown keys")
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

        # The drift for a time, then a shear: both are diffeomorphisms that map the orbit to itself.
        def walk(point):
            point = family.along(point, step["step"] % p, p)
            return [(x + y) % p for x, y in zip(point, family.control(point, step["data"], p))]
        tangents = [[slope(x) % p for x in walk([Dual(a, b) for a, b in zip(z, tangent)])] for tangent in tangents]
        z = walk(z)


# -- 6. layered networks of any width ------------------------------------------------------------------------
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
    """Return the number that belongs to a label modulo p."""
    # A file of a few kB cannot hold the points of a network of any width, and need not be believed to have drawn them.
    return int.from_bytes(hashlib.sha256("/".join(str(word) for word in label).encode()).digest(), "big") % p


def words_at(network, point, counts, p, *label):
    """Return the values at a point of words of gradients: ``counts[d]`` of d + 1 letters, whose data have labels."""
    for length, count in enumerate(counts, start=1):
        for k in range(count):
            word = None
            for letter in reversed(range(length)):
                data = [label_number(p, *label, length, k, letter, i) for i in range(network.data_size)]
                field = (lambda z, data=data: network.gradient(z, data, p))
                word = field if word is None else bracket(field, word)
            yield [x % p for x in word(point)]


def rank_of(rows, p):
    """Return the rank of a list of rows modulo p."""
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


# The flow that is meant at any width: the laws of others are not quadratic in the weights alone.
PLAIN_FLOW = {"name": "gradient", "decay": "0", "metric": "euclidean"}


class Wide:
    """A layered network in numbers: its widths, without the output that cross-entropy leaves still."""

    def __init__(self, problem):
        self.name, self.options, self.loss, sizes = (
            problem[key] for key in ("architecture", "options", "loss", "sizes")
        )
        need(self.name in ("relu", "linear") and problem["flow"] == PLAIN_FLOW
             and self.options in ([{}, {"bias": 1}] if self.name == "relu" else [{}]),
             "certificates of any width are of relu and linear under euclidean gradient flow")
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
        # What a minute is enough for; a record that needs more was not written by the search.
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
        # Neurons a and b of a hidden layer: the sum of products of what enters them, minus that of what leaves them.
        # For relu a = b alone: gates of two neurons differ.
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
        # A term of the derivative of a law for neurons a and b of a layer touches these and the neurons of one path, at
        # most three of a layer. Permuted, it is a term in this network, with the same coefficient.
        family = Family({"kind": "network", "architecture": self.name, "sizes": widths, "options": self.options,
                         "loss": self.loss, "flow": PLAIN_FLOW})
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
        # One neuron beside the first of each layer stands for all: the others have the same block, with other weights.
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
            # Block triangular for the laws too: the law of a further neuron moves with its own weights alone.
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
        # The group of sign changes acts on the values of the Lie algebra; characters of different pairs are different,
        # so each block is a projection of them, and the rank at the point is the sum of the blocks' ranks. What is
        # inside a component has the trivial character, as has all that is inside another: one block for all of them.
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
            # Each pair of components of these kinds has the same minor in weights of its own, which is not zero either.
            how_often = times[k] * (times[k] - 1) // 2 if k == j else times[k] * times[j]
            parts.append({"of": f"between components of the kinds {k} and {j}", "times": how_often, "size": len(here),
                          "rank": rank_of(columns(values, here), p), "laws": laws[a, b]})
        for k, counts in zip(more, part["words"][1:]):
            blocks, values, laws = self._chain_point(
                components, [*copies, (k, 2)], counts, p, seed, (seed, "word", k), (len(copies),) * 2
            )
            here = blocks.get((len(copies),) * 2, [])
            # Of what has the trivial character, words with data on two of each kind and one further component move what
            # is inside these: block triangular, with one more block for each further component.
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
        spend(sum(count * 3 ** length for length, count in enumerate(counts, start=1)) * graph.cost())
        return blocks, list(words_at(graph, point, counts, p, *label)), laws


def check_wide(record):
    """Check a certificate of a layered network of any width; return dimension, number of laws and rank."""
    part, wide = record["width"], Wide(record["problem"])
    p = part["prime"]
    need(record["assumption"] == ("none" if wide.name == "linear" else "span"),
         "the assumption is not that of this kind of problem")
    need(part["kind"] == ("star" if wide.name == "relu" else "chains"), "the rank is of the other kind")
    need(record["laws"] == wide.law_texts(), "the laws are not those of this network")
    wide.check_laws()
    parts = wide.star(p, part["seed"]) if part["kind"] == "star" else wide.chains(part, p)
    if wide.still:
        parts.append({"of": "the sums of the rows of the last layer", "times": wide.still, "size": 1, "rank": 0,
                      "laws": 1})
    need(part["parts"] == parts, "the parts are not those that the small networks show")
    # Together they are the whole network: nothing is counted twice, and nothing is left out.
    need(sum(one["times"] * one["size"] for one in parts) == wide.dimension, "the parts do not make up the network")
    return wide.dimension, *(sum(one["times"] * one[what] for one in parts) for what in ("laws", "rank"))


# -- 7. networks of any width that grow from small ones ------------------------------------------------------
#
# A segment is a graph whose axes are lists of classes; only the sizes of the classes are numbers. What its graph shows:
#
# - Laws. Scaling everything that has some indices, or mixing the values of a class by a symmetric matrix, or shifting
#   along axes that no covector sees, leaves the response as it is: factors are carried through the graph, whatever the
#   sizes. In the euclidean metric each such symmetry is a law.
# - Switching off. With all data of one value of a class zero, nothing that is paired depends on the weights with this
#   value: then the fields of the network without it are among those of the network, and a covector that annihilates the
#   Lie algebra restricts to one without it.
#
#   Lemma. Let each parameter have at most t places of the class, and each law belong to at most t of its n values. Let
#   the laws be independent at n = m and at n = m - 1, with m >= t, and let the rank leave no more at m. Then they are
#   all laws, and independent, at every n > m.
#
#   Proof, by induction on n. Let w annihilate the Lie algebra at a generic point of the network with n values. Without
#   a value v it is a combination of laws; without two values v and v' the two combinations are the same covector, and
#   laws are independent there, so they have the same coefficients. Hence there is one combination of laws that w equals
#   without each of t + 1 values. A parameter is without one of these, so w equals it everywhere. If w is zero then so
#   are the coefficients of the laws without v, for every v: each law is without one.
# - Units. A class without data grows in units, one value of each of several classes, at points where whatever changes
#   sign with a unit is zero; there each unit is switched off. Three units are the base, each parameter has places in
#   at most two. Generic points have no more laws than special ones.


def solvable_mod_two(rows):
    """Decide whether linear equations modulo 2 have a solution; a row is a pair of a set of unknowns and a bit."""
    # Symmetric differences of sets are sums of rows; the largest unknown of each kept row is in no later remainder.
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
        # Two places of one node or of its neighbours with one label run together: what the graph shows at all sizes is
        # read off the labels. Classes of written-out numbers have no other size, so nothing is carried along them.
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
        # Rearrangements must be the same at all sizes: they join and move whole classes.
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
            return self._contracted(entry["spec"], inputs)
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

    @staticmethod
    def _contracted(spec, inputs):
        """Return the axes of a contraction of two nodes, and the labels of the places of these and of its own."""
        words, known, fits = spec.replace("->", ",").split(","), {}, "a contraction of a segment does not fit"
        for word, child in zip(words, inputs):
            need(len(word) == len(child) == len(set(word)), fits)
            need(all(known.setdefault(name, axis) == axis for name, axis in zip(word, child)), fits)
        need(set(words[2]) <= set(known) and len(set(words[2])) == len(words[2])
             and all(sum(name in word for word in words) > 1 for name in known), fits)
        axes = [known[name] for name in words[2]]
        return axes, [[(word[k], i) for k, axis in enumerate(part) for i in range(len(axis))]
                      for part, word in zip([*inputs, axes], words)]

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
        # Kinds: U^T S U for any symmetric S on a class (full), for diagonal S or for scalars; sums of an array along
        # the other places; differences of shifts. Each is the one-form of a one-parameter group that leaves the
        # response as it is, which in the euclidean metric is the differential of a law.
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
        # factors[i][at] is the rate at which node i scales with the values at these places. A product adds rates, and a
        # sum over an index is without it only if its factors cancel.
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
                    # (S x) * y is not S (x * y): where a class is multiplied elementwise only diagonal S pass.
                    need(not full or key[0] not in everywhere or not any(table.get(key) for table in tables),
                         "laws are not conserved: a class of a matrix is multiplied elementwise")
                for at, key in own.items():
                    found[at] = sum((table.get(key, Fraction(0)) for table in tables), Fraction(0))
            factors.append({at: x for at, x in found.items() if x})
        for pair in self.pairings:
            i = pair["node"]
            # A covector orthogonal to what it is paired with does not see a factor of a whole row (Euler).
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
        # A covector that sums to zero along an axis does not see what is constant along it.
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
            # Constant along an axis, summed with data that sum to zero there: nothing; to one there: itself.
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
        # vanishing[i] has the sets of places at which node i is zero when the data are, and its other entries are those
        # of the network without the value.
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
                # What a sum over the class leaves must not contain the value that is switched off.
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
        # Flipping a unit multiplies each entry by a sign that depends on its places: the sign of a product is the
        # product of signs, terms of a sum have one sign, and what is written out or sums to one has none. These are
        # linear equations modulo 2 with the data's signs as unknowns.
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
        # Two values, as t <= 2 in the lemma. What sums to zero, or is orthogonal to a row, has a covector on one less
        # if one value is left out, so one more is needed, and two where it is both.
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
            need(all(len(bits) < 2 or list(bits) == [1, 1] for bits in signs.values()),
                 "the signs of a unit do not fit")
            need(self.signed(classes, signs) and self.switched_off(classes, signs),
                 "a unit is not switched off by data")
            need(all(sum(self._degree(family, c) for c in classes) <= 2 for family in families),
                 "the number of laws is of too high a degree in the number of units")
            for family in families:
                # The gradient of the law of two units is zero without one of them: no other entry with it is alive.
                for part in family["parts"] if family["kind"] == "full" and family["classes"][0] in classes else ():
                    i, k = self.leaves[part["parameter"]], part["places"][0]
                    mine = [at for at, c in enumerate(self.flat[i]) if c in classes]
                    need(signs[i][mine.index(k)] == 1, "a law of two units does not vanish without one of them")
        # A class grows alone by the lemma, or with the units that it is in. Laws of a symmetric matrix belong to two
        # values of its class, more than an array on either side has places of it: such a class grows in units only.
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
                need(len(classes) == 1 and all(counts[j] is not None for j in others),
                     "units do not determine each other")
                counts[k] = self.sizes[c] - sum(counts[j] for j in others)
        # Two places of a parameter in two units, and one unit to leave out.
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
        # owners[c] lists the units that the values of class c belong to; values beyond are free, in no unit.
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
                # Zero wherever a unit's flip changes the sign: then the flip fixes the point.
                alive = all(x % 2 == 0 for x in odd.values())
                values.append(draw(i, number) if alive else 0)
            out[i] = values
        return out

    def gradients(self, family, sizes, point, starts, p):
        """Return the gradients of the laws of a family at a point, as dictionaries."""
        # A law is a sum over the family's parts of factor * <U_j, U_k>, or of entries of U_j: these are table[j].
        parts = []
        for part in family["parts"]:
            i = self.leaves[part["parameter"]]
            flat, places = self.flat[i], part["places"]
            if family["kind"] == "sum":
                places = [k for k in range(len(flat)) if k not in places]
            table = {}
            for number, index in enumerate(itertools.product(*(range(sizes[c]) for c in flat))):
                table.setdefault(tuple(index[k] for k in places), []).append((starts[i] + number, point[i][number]))
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


class SmallNetwork(Response):
    """The network of a segment at small sizes of its classes."""

    def __init__(self, segment, sizes):
        super().__init__()
        at = []
        for i, entry in enumerate(segment.nodes):
            shape = [math.prod(sizes[c] for c in axis) for axis in segment.axes[i]]
            at.append(self._built(entry, shape, [at[k] for k in entry.get("inputs", [])]))
        for pair in segment.pairings:
            kind = {"sum zero and orthogonal": "both"}.get(pair["covector"], pair["covector"])
            node = at[pair["node"]]
            mask = self._earlier(self.shapes[node]) if pair["causal"] else None
            self._pair(node, kind, mask, False)
        self.parameters = [at[i] for i in segment.leaves]
        need(self.pairings, "a small network has no fields")

    @staticmethod
    def _earlier(shape):
        spend(math.prod(shape))
        rows, columns = shape[-2:]
        return [int(j <= i) for i in range(rows) for j in range(columns)] * math.prod(shape[:-2])

    def _built(self, entry, shape, inputs):
        op, total = entry["op"], math.prod(shape)
        spend(total, total)
        if op in ("parameter", "data"):
            return self.add(op, shape)
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
        # Row by row, the last axis fastest, as the package's arrays are.
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


def check_growth(record):
    """Check a certificate of a network that grows from small ones; return dimension, number of laws and rank."""
    part, problem = record["width"], record["problem"]
    need(problem["flow"] == PLAIN_FLOW, "a proof by growth is of gradient flow in the euclidean metric")
    no_claims(problem)
    need(record["assumption"] == "span" and not record["laws"], "the assumption or the laws are not those of growth")
    # A parameter that no field moves is a law by itself.
    n = m = part["still"]
    r = 0
    for number, one in enumerate(part["segments"]):
        segment = Segment(one["graph"])
        laws = moved = 0
        if "base" in one:
            laws = _check_segment(segment, one, part["prime"], (part["seed"], number))
            moved = segment.dimension() - laws
        # Of a segment without a base nothing is claimed, and its parameters count in the dimension.
        need((one["size"], one["laws"], one["rank"]) == (segment.dimension(), laws, moved),
             "the numbers of a segment are not those that are proved")
        n, m, r = (total + one["times"] * one[key] for total, key in ((n, "size"), (m, "laws"), (r, "rank")))
    return n, m, r


def _check_segment(segment, one, p, label):
    """Check the growth of a segment; return the number of its laws."""
    families, base = one["families"], one["base"]
    for family in families:
        segment.check_family(family)
    units, stuck = segment.check_base(families, base)
    sizes, free, three = base["sizes"], base["free"], [3] * len(units)
    need(segment.dimension(sizes) <= SMALL_SEGMENT,
         f"a small network of a segment has more than {SMALL_SEGMENT} parameters")

    # Never zero, so that only what must be zero at a point is.
    def draw(*words):
        return lambda i, number: 1 + label_number(p - 1, *label, *words, i, number)

    def independent(smaller, counts, words, without=None):
        point = segment.point(units, stuck, counts, smaller, free, draw(*words), without)
        return segment.laws_independent(families, smaller, point, p)
    # The lemma's conditions: independent with one less of each that grows, independent here, and no rank left.
    for k, (classes, _) in enumerate(units):
        fewer = [m - (c in classes) for c, m in enumerate(sizes)]
        need(independent(fewer, [3 - (j == k) for j in range(len(units))], ("unit", k)),
             "the laws of a segment are not independent with a unit less")
    for c, (m, n) in enumerate(zip(sizes, segment.sizes)):
        if m < n and c not in stuck and any(c in segment.flat[i] for i in segment.leaves):
            fewer = [m - (d == c) for d, m in enumerate(sizes)]
            need(independent(fewer, three, ("less", c), c),
                 "the laws of a segment are not independent at smaller sizes")
    point = segment.point(units, stuck, three, sizes, free, draw("point"))
    need(segment.laws_independent(families, sizes, point, p), "the laws of a segment are not independent")
    here = sum(segment.number(family, sizes) for family in families)
    network = SmallNetwork(segment, sizes)
    theta = [x for i in segment.leaves for x in point[i]]
    need(sum(one["words"]) <= WORDS_EACH * segment.dimension(sizes),
         f"a small network has more than {WORDS_EACH} words for each of its parameters")
    spend(sum(count * (1, 8, 27)[min(length, 2)] * 3 ** max(0, length - 2) for length, count in enumerate(one["words"]))
          * network.cost())
    need(rank_of(words_at(network, theta, one["words"], p, *label, "word"), p) == segment.dimension(sizes) - here,
         "the words of a segment have not the rank that its laws leave")
    return sum(segment.number(family, segment.sizes) for family in families)


# -- 8. what is verified, in words -------------------------------------------------------------------------
#
# The statement is made here from the problem and the numbers that were checked, and compared with the record's: a
# certificate that proves one thing cannot say another. Long parts are named as those of the file.


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
    # With every field, where that is short: the reader sees the equations themselves and not what the file calls them.
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
    # Where the numbers do not meet nothing is said to be complete: there are at least m and at most n - r.
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


# -- 9. files and the command -------------------------------------------------------------------------------


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
    # Each certificate has the whole budget: one in a folder does not make the next one fail.
    BUDGET.update(work=LIMITS["work"], kept=LIMITS["kept"])
    try:
        check_schema(record)
        return _verify(record)
    except MemoryError:
        raise TooMuchWork("the certificate needs more memory than this checker's limit") from None
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, RecursionError,
            ZeroDivisionError) as error:
        # Whatever a stranger's file makes of the arithmetic, it has not been shown to hold.
        reason = " ".join(str(error).split())[:200]
        raise Rejected(f"the record is malformed ({type(error).__name__}: {reason})") from None


def _verify(record):
    bare = {key: value for key, value in record.items() if key != "digest"}
    found = hashlib.sha256(json.dumps(bare, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    # Anyone can compute it: it shows an accident, not a forgery.
    need(record["digest"] == found, "the digest is not that of the record: it was changed after it was written")
    kind = record["width"]["kind"] if "width" in record else None
    for part in (record["width"],) if kind else (record["independence"], record["rank"]):
        # Modulo a composite number there are inverses and minors too, which say nothing of a rank.
        need(is_prime(part["prime"]), "the prime is none")
    n, m, r = (check_laws_and_rank if kind is None else check_growth if kind == "growth" else check_wide)(record)
    need(record["dimension"] == n, "the dimension is not that of the problem")
    proved = statement(record, n, m, r)
    need(record["statement"] == proved, "the statement is not what the certificate proves")
    return proved


def check_laws_and_rank(record):
    """Check a certificate that lists its laws and draws; return dimension, number of independent laws and rank."""
    family, part = Family(record["problem"]), record["rank"]
    # In a network without a nonlinearity differences of the targets of one input are every covector that the loss
    # allows: nothing is assumed. Nor is it where the fields are those of samples at a point.
    exact = family.kind == "system" or "real" in record or \
        family.kind == "network" and all(known == "input" for known in family.graph.truth.values())
    need(record["assumption"] == ("none" if exact else "span"), "the assumption is not that of this kind of problem")
    laws = [parse(text, family.places) for text in record["laws"]]
    for number, law in enumerate(laws, start=1):
        # A constant is annihilated by every field, as is what depends on parameters of a system alone.
        need({i for m in law for i in m} - set(family.constants), f"law {number} is constant: that is no law")
    m = _independence(record["independence"], laws, family)
    if "real" in record:
        part = _with_real_data(part, record["real"], family, record["problem"])
    values = rank_values(part, family, part["prime"])
    r = check_minor(values, part["pivots"], part["minor"], part["prime"], "rank", family.n)
    need(r == part["rank"], "the rank is not the stored one")
    # Last, as it takes longest: over Q, for all data at once.
    for number, law in enumerate(laws, start=1):
        need(family.conserves(law), f"law {number} is not conserved")
    return family.n - len(family.constants), m, r


def _with_real_data(part, real, family, problem):
    """Return a record of the rank whose letters name samples with all their data, read at the real point."""
    # Near integer parameters at which no pre-activation is zero the real gradient of a sample is the model's with the
    # sample's input and slopes: a polynomial field, whose values anywhere have the rank that they have on the region.
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
    need(len(point) == family.n, "the point of the independence has not one number a coordinate")
    need(len(set(rows)) == len(rows) <= family.n and all(i < len(laws) for i in rows),
         "the rows of the independence are no distinct laws")
    # Laws are independent as functions of what moves: constants of a system are no coordinates of N.
    need(not set(part["pivots"]) & set(family.constants), "a pivot of the independence is a constant")
    spend(len(rows) * family.n, len(rows) * family.n // 4)
    gradients = []
    for i in rows:
        variables = {j for m in laws[i] for j in m}
        spend(4 * len(laws[i]) * len(variables))
        gradients.append([at_point(laws[i].derivative(j), point, p) if j in variables else 0 for j in range(family.n)])
    return check_minor(gradients, part["pivots"], part["minor"], p, "independence", family.n)


def given(record):
    """
    Return what of a verified certificate is not rebuilt here but given by the file, in words; empty if there is
    nothing.
    """
    problem = record["problem"]
    # The package rebuilds these too; here it would take the whole catalog.
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
    # Not blocking, so that opening a pipe that nobody writes to does not wait; the open file is asked what it is, as
    # the path may lead elsewhere a moment later.
    number = os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    found = os.fstat(number)
    if not stat.S_ISREG(found.st_mode):
        os.close(number)
        raise Rejected("this is not a regular file")
    with os.fdopen(number, "rb") as stream:
        need(found.st_size <= LIMITS["bytes"],
             f"the file has {found.st_size} bytes; a certificate has at most {LIMITS['bytes']}")
        content = stream.read(LIMITS["bytes"] + 1)
    need(len(content) <= LIMITS["bytes"], "the file is larger than a certificate can be")

    # Of a key that is given twice some readers take the first and some the last: they would verify two certificates.
    def distinct(pairs):
        need(len({key for key, _ in pairs}) == len(pairs), "a key is given twice")
        return dict(pairs)

    # 1e3 and NaN are numbers of JSON's, or Python's, and no exact integers.
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
    # The operating system's limits hold wherever an estimate of the work was too low.
    resource.setrlimit(resource.RLIMIT_AS, (LIMITS["memory"], resource.getrlimit(resource.RLIMIT_AS)[1]))

    def late(number, frame):
        raise TooMuchWork(f"the certificate takes more than {LIMITS['seconds']} s to check")
    signal.signal(signal.SIGALRM, late)
    return lambda: signal.alarm(LIMITS["seconds"] - 1)


def main(paths, check=verify, note=given, start=lambda: None):
    """Verify files, one line each; return the exit status. ``start`` is called before each."""
    worst = 0
    for path in paths:
        name = os.path.basename(path) or path
        try:
            start()
            record = load(path)
            line, more = check(record), note(record)
            print(f"{name}: verified: {line}" + (f" ({more})" if more else ""))
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


def command(check=verify, note=given):
    """Run the command of this process, within the limits; return the exit status."""
    if len(sys.argv) < 2:
        print(f"usage: python -m sage_conslaw.{os.path.basename(sys.argv[0]).removesuffix('.py')} FILE [FILE ...]")
        return 2
    return main(sys.argv[1:], check, note, bounded())


if __name__ == "__main__":
    sys.exit(command())
