r"""
A second checker of certificates: plain Python and SymPy, no Sage, nothing of the package, in this one file.

    python -m sage_conslaw.check FILE [FILE ...]

It rebuilds the family from the explicit record, proves that every law is conserved by polynomial arithmetic over Q,
recomputes both minors modulo the stored primes, and compares the sum with the dimension. One line a file: what it
verified, or why it rejects. Exit status 0 if all are verified, 1 if one is rejected, 2 if one cannot be read.

EXAMPLES::

    sage: from sage_conslaw import conservation_laws, networks
    sage: from sage_conslaw.check import verify
    sage: record = conservation_laws(networks.linear([2, 1, 2]), seed=0).certificate()
    sage: verify(record)
    '1 independent law in dimension 4, complete: 1 + 3 = 4'
    sage: record["dimension"] += 1r
    sage: verify(record)
    Traceback (most recent call last):
    ...
    sage_conslaw.check.Rejected: the digest is not that of the record: it was changed after it was written
"""
import hashlib
import itertools
import json
import os
import re
import sys
from fractions import Fraction

SCHEMA = "sage_conslaw.certificate/1"
NONE = "none"
LIMITS = {"bytes": 32_000_000, "work": 200_000_000, "coordinates": 20_000, "degree": 200, "letters": 12, "steps": 10_000, "terms": 1_000_000}
# Products of terms that the exact checks may still take; reset for each certificate.
BUDGET = {"work": 0}
MODERN = ("attention", "convolutional", "gated", "lora", "mixture", "normalised", "perceptron", "transformer_block")
ASSUMPTION = {
    "network": "near a generic point the data produce every covector of the graph's pairings and every gate (span condition)",
    "phi": "near a generic point the gradients of the loss span those of phi (span condition)",
    "system": "none: the fields are the dynamics",
}


class Rejected(Exception):
    """A certificate that does not hold, with the reason."""


def need(condition, reason):
    r"""
    Reject unless the condition holds.

    EXAMPLES::

        sage: from sage_conslaw.check import *
        sage: need(1 < 2, "never shown")
    """
    if not condition:
        raise Rejected(reason)


# -- numbers: ints modulo p, duals over them, polynomials as dictionaries -------------------------------


class Poly(dict):
    """A polynomial over Q: {sorted tuple of variables: Fraction}; also the numbers of the exact check."""

    def __add__(self, other):
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
        BUDGET["work"] -= len(self) * len(other)
        need(BUDGET["work"] >= 0, "an expansion needs more work than the checker's limit")
        for a, x in self.items():
            for b, y in other.items():
                m = tuple(sorted(a + b))
                out[m] = out.get(m, 0) + x * y
        return Poly({m: c for m, c in out.items() if c})

    def derivative(self, i):
        r"""
        Return the derivative by the variable with index ``i``.

        EXAMPLES::

            sage: from sage_conslaw.check import *
            sage: Poly({(0r, 0r, 1r): 1r}).derivative(0r)
            {(0, 1): 2}
        """
        out = Poly()
        for m, c in self.items():
            k = m.count(i)
            if k:
                at = m.index(i)
                out[m[:at] + m[at + 1:]] = c * k
        return out


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
    r"""
    Return the slope of a dual, 0 for anything else.

    EXAMPLES::

        sage: from sage_conslaw.check import *
        sage: slope(Dual(3r, 5r)), slope(3r)
        (5, 0)
    """
    return (x.slope if x.slope is not None else 0) if isinstance(x, Dual) else 0


TERM = re.compile(r"([+-]?)((?:\d+(?:/\d+)?|[A-Za-z]\w*(?:\^\d+)?)(?:\*[A-Za-z]\w*(?:\^\d+)?)*)")


def parse(text, places):
    r"""
    Parse an expanded polynomial, a sum of terms like -3/2*x^2*y, in one pass; nothing is evaluated.

    EXAMPLES::

        sage: from sage_conslaw.check import *
        sage: parse("x^2-1/2*y", {"x": 0r, "y": 1r})
        {(0, 0): Fraction(1, 1), (1,): Fraction(-1, 2)}
    """
    need(isinstance(text, str), "a polynomial is not a string")
    out, at = Poly(), 0
    while at < len(text):
        term = TERM.match(text, at)
        need(term and (term[1] or at == 0), "a polynomial is not a sum of terms like -3/2*x^2*y")
        at, value, monomial = term.end(), Fraction(1), []
        for factor in term[2].split("*"):
            if factor[0].isdigit():
                value *= Fraction(factor)
            else:
                name, _, power = factor.partition("^")
                need(name in places and 1 <= int(power or 1) <= LIMITS["degree"], f"a polynomial has the unknown factor {factor[:30]!r}")
                monomial += [places[name]] * int(power or 1)
        need(len(monomial) <= LIMITS["degree"], "a polynomial has a degree above the checker's limit")
        monomial = tuple(sorted(monomial))
        out[monomial] = out.get(monomial, 0) + (-value if term[1] == "-" else value)
    return Poly({m: c for m, c in out.items() if c})


def at_point(polynomial, z, p):
    r"""
    Evaluate at a list of numbers modulo p or duals over them.

    EXAMPLES::

        sage: from sage_conslaw.check import *
        sage: at_point(parse("x^2-1/2*y", {"x": 0r, "y": 1r}), [3r, 4r], 101r)
        7
    """
    total = 0
    for m, c in polynomial.items():
        need(c.denominator % p, "the prime divides a denominator")
        term = c.numerator * pow(c.denominator, -1, p) % p
        for i in m:
            term = z[i] * term % p
        total = (total + term) % p
    return total


# -- the family -----------------------------------------------------------------------------------


class Graph:
    """The response of a network: contractions, sums and rearrangements of parameters, data and constants."""

    def __init__(self, record):
        need(set(record) == {"nodes", "parameters", "pairings"}, "the graph has missing or unknown fields")
        self.nodes, self.parameters, self.pairings = record["nodes"], record["parameters"], record["pairings"]
        self.sizes, self.terms, self.shapes = [], [], []
        for place, node in enumerate(self.nodes):
            need(all(0 <= i < place for i in node.get("inputs", [])), "the graph is not in order")
            self._add(node)
        self.data = [i for i, node in enumerate(self.nodes) if node["op"] == "data"]
        self.data_size = sum(self.sizes[i] for i in self.data)
        self.dimension = sum(self.sizes[i] for i in self.parameters)
        need(all(self.nodes[i]["op"] == "parameter" for i in self.parameters), "the graph's parameters are no parameters")
        need(sorted(self.parameters) == sorted(i for i, node in enumerate(self.nodes) if node["op"] == "parameter"),
             "the graph's parameters are not all listed")
        need(all(self.sizes[a] == self.sizes[b] for a, b in self.pairings), "a pairing does not fit")
        # What only a covector is made of keeps its constraint: it is never replaced by free symbols, and never moves.
        self.kept = self._reached(b for _, b in self.pairings) - self._reached(a for a, _ in self.pairings)

    def _reached(self, roots):
        """Return the nodes that these are made of, and these."""
        found, stack = set(), list(roots)
        while stack:
            i = stack.pop()
            if i not in found:
                found.add(i)
                stack.extend(self.nodes[i].get("inputs", []))
        return found

    def _add(self, node):
        op, terms = node["op"], None
        if op in ("parameter", "data", "constant"):
            shape = list(node["shape"])
        elif op == "gather":
            shape, inside = list(node["shape"]), self.sizes[node["inputs"][0]]
            need(len(node["inputs"]) == 1 and all(type(k) is int and -1 <= k < inside for k in node["indices"]), "a rearrangement does not fit")
            terms = [(k, x) for k, x in enumerate(node["indices"]) if x >= 0]
        elif op == "add":
            shape = self.shapes[node["inputs"][0]]
            need(all(self.shapes[i] == shape for i in node["inputs"]) and len(node["inputs"]) == 2, "a sum does not fit")
        else:
            need(op == "contract" and len(node["inputs"]) == 2, f"the operation {op!r} is not known")
            shape, terms = self._contraction(node)
        need(all(type(n) is int and 0 <= n <= LIMITS["coordinates"] for n in shape), "a shape is not of small integers")
        size = 1
        for n in shape:
            size *= n
        need(size <= LIMITS["terms"], "a node is larger than the checker's limit")
        need(op != "gather" or len(node["indices"]) == size, "a rearrangement does not fit")
        if op == "constant":
            need(len(node["values"]) == size and all(type(v) is int for v in node["values"]), "a constant does not fit")
            need(type(node.get("denominator", 1)) is int and node.get("denominator", 1) > 0, "a denominator is no positive integer")
        self.shapes.append(shape)
        self.sizes.append(size)
        self.terms.append(terms)

    def _contraction(self, node):
        left, rest = node["spec"].split(",")
        right, result = rest.split("->")
        letters = {}
        for names, i in ((left, node["inputs"][0]), (right, node["inputs"][1])):
            need(len(names) == len(self.shapes[i]) and len(set(names)) == len(names), "a contraction does not fit")
            for name, n in zip(names, self.shapes[i]):
                need(letters.setdefault(name, n) == n, "a contraction does not fit")
        need(set(result) <= set(letters) and len(set(result)) == len(result), "a contraction does not fit")
        count = 1
        for n in letters.values():
            count *= n
        need(count <= LIMITS["terms"], "a contraction is larger than the checker's limit")

        def flat(names, at):
            place = 0
            for name in names:
                place = place * letters[name] + at[name]
            return place
        terms = []
        for index in itertools.product(*(range(n) for n in letters.values())):
            at = dict(zip(letters, index))
            terms.append((flat(result, at), flat(left, at), flat(right, at)))
        return [letters[name] for name in result], terms

    def split(self, numbers):
        r"""
        Return the values of the data nodes from one list.

        EXAMPLES::

            sage: from sage_conslaw import conservation_laws, networks
            sage: from sage_conslaw.check import *
            sage: record = conservation_laws(networks.linear([1, 1, 1]), seed=0).certificate()
            sage: family = Family(record["family"])
            sage: family.graph.split([3r, 5r])
            {0: [3], 5: [5]}
        """
        out, start = {}, 0
        for i in self.data:
            out[i] = numbers[start:start + self.sizes[i]]
            start += self.sizes[i]
        return out

    def gradient(self, theta, numbers, p):
        r"""
        Return the gradient of the response modulo p, by one backward pass.

        EXAMPLES::

            sage: from sage_conslaw import conservation_laws, networks
            sage: from sage_conslaw.check import *
            sage: record = conservation_laws(networks.linear([1, 1, 1]), seed=0).certificate()
            sage: family = Family(record["family"])
            sage: family.graph.gradient([2r, 7r], [1r, 1r], 101r)
            [7, 2]
        """
        values, data, start = {}, self.split(numbers), 0
        for i in self.parameters:
            values[i] = theta[start:start + self.sizes[i]]
            start += self.sizes[i]
        for i, node in enumerate(self.nodes):
            if node["op"] == "data":
                values[i] = data[i]
            elif node["op"] == "constant":
                inverse = pow(node.get("denominator", 1), -1, p)
                values[i] = [v * inverse % p for v in node["values"]]
            elif node["op"] == "add":
                values[i] = [(x + y) % p for x, y in zip(*(values[j] for j in node["inputs"]))]
            elif node["op"] == "gather":
                values[i] = [0 if x < 0 else values[node["inputs"][0]][x] for x in node["indices"]]
            elif node["op"] == "contract":
                a, b = (values[j] for j in node["inputs"])
                out = [0] * self.sizes[i]
                for k, x, y in self.terms[i]:
                    out[k] = (out[k] + a[x] * b[y]) % p
                values[i] = out
        back = {i: [0] * self.sizes[i] for i in range(len(self.nodes))}
        for a, b in self.pairings:
            back[a] = [(x + y) % p for x, y in zip(back[a], values[b])]
        for i in reversed(range(len(self.nodes))):
            node = self.nodes[i]
            if node["op"] == "add":
                for j in node["inputs"]:
                    back[j] = [(x + y) % p for x, y in zip(back[j], back[i])]
            elif node["op"] == "gather":
                (a,) = node["inputs"]
                for k, x in self.terms[i]:
                    back[a][x] = (back[a][x] + back[i][k]) % p
            elif node["op"] == "contract":
                a, b = node["inputs"]
                for k, x, y in self.terms[i]:
                    back[a][x] = (back[a][x] + back[i][k] * values[b][y]) % p
                    back[b][y] = (back[b][y] + back[i][k] * values[a][x]) % p
        return [x for i in self.parameters for x in back[i]]

    def annihilated(self, direction, first, fresh):
        r"""
        Decide exactly whether the derivative of the response along a polynomial direction is zero.

        EXAMPLES::

            sage: from sage_conslaw import conservation_laws, networks
            sage: from sage_conslaw.check import *
            sage: record = conservation_laws(networks.linear([1, 1, 1]), seed=0).certificate()
            sage: family = Family(record["family"])
            sage: BUDGET["work"] = 1000r
            sage: one = Fraction(1r)
            sage: family.graph.annihilated({0r: Poly({(0r,): one}), 1r: Poly({(1r,): -one})}, 0r, 2r)
            True
        """
        return any(self._moves_nothing(direction, first, itertools.count(fresh), abstract) for abstract in (True, False))

    def _moves_nothing(self, direction, first, symbols, abstract):
        values, start = {}, 0

        def symbol():
            return Poly({(next(symbols),): Fraction(1)})
        for i in self.parameters:
            values[i] = [(Poly({(first + j,): Fraction(1)}), direction.get(j)) for j in range(start, start + self.sizes[i])]
            start += self.sizes[i]
        for i, node in enumerate(self.nodes):
            free = abstract and i not in self.kept
            if node["op"] == "data":
                values[i] = [(symbol(), None) for _ in range(self.sizes[i])]
            elif node["op"] == "constant":
                values[i] = [(Poly({(): Fraction(v, node.get("denominator", 1))} if v else {}), None) for v in node["values"]]
            elif node["op"] == "gather":
                values[i] = [(Poly(), None) if x < 0 else values[node["inputs"][0]][x] for x in node["indices"]]
            elif node["op"] != "parameter":
                pairs = [[] for _ in range(self.sizes[i])]
                a, b = (values[j] for j in node["inputs"])
                one = (Poly({(): Fraction(1)}), None)
                if node["op"] == "add":
                    for k in range(self.sizes[i]):
                        pairs[k] = [(a[k], one), (b[k], one)]
                else:
                    for k, x, y in self.terms[i]:
                        pairs[k].append((a[x], b[y]))
                if i in self.kept:
                    pairs = [[((x, None), (y, None)) for (x, _), (y, _) in terms] for terms in pairs]
                values[i] = [self._entry(terms, free, symbol) for terms in pairs]
        total = Poly()
        for a, b in self.pairings:
            for (_, moved), (factor, _) in zip(values[a], values[b]):
                if moved:
                    total = total + moved * factor
        return not total

    @staticmethod
    def _entry(terms, free, symbol):
        moved = Poly()
        for (x, dx), (y, dy) in terms:
            if dx:
                moved = moved + dx * y
            if dy:
                moved = moved + x * dy
        if free and not moved:
            return symbol(), None
        value = Poly()
        for (x, _), (y, _) in terms:
            value = value + x * y
        return value, moved or None


class Family:
    """The fields of a certificate: drift, and controls as polynomials or as gradients of a response."""

    def __init__(self, record):
        self.kind, self.names = record["kind"], record["names"]
        keys = {"kind", "names", "constants", "drift"} | ({"controls"} if self.kind == "system" else {
            "first_parameter", "first_forced", "metric", "time", "exact_flow", "graph" if self.kind == "network" else "phi"})
        need(self.kind in ASSUMPTION and set(record) == keys, "the family has missing or unknown fields")
        n = self.n = len(self.names)
        need(n <= LIMITS["coordinates"] and len(set(self.names)) == n and all(isinstance(x, str) and x.isidentifier() for x in self.names),
             "the names of the family are not distinct identifiers")
        places = {name: i for i, name in enumerate(self.names)}
        self.places, self.constants = places, record["constants"]
        need(all(type(i) is int and 0 <= i < n for i in self.constants), "the constants are no coordinates")
        self.drift = None if record["drift"] == NONE else [parse(f, places) for f in record["drift"]]
        need(self.drift is None or len(self.drift) == n, "the drift has not one component a coordinate")
        self.graph, self.shears, self.flow = None, False, NONE
        self.metric, self.first, self.forced = None, 0, 0
        if self.kind == "system":
            self.controls = [[parse(f, places) for f in field] for field in record["controls"]]
            need(all(len(field) == n for field in self.controls), "a control has not one component a coordinate")
            self.D, self.data_size = n, len(self.controls)
        else:
            self._flow_family(record, places)
        moved = ([self.drift] if self.drift else []) + (self.controls if self.kind == "system" else [])
        need(not any(field[i] for field in moved for i in self.constants), "a constant of the family moves")

    def _flow_family(self, record, places):
        self.first, self.forced = record["first_parameter"], record["first_forced"]
        need(all(type(i) is int and 0 <= i < self.n for i in (self.first, self.forced)), "the layout of the state does not fit")
        if self.kind == "network":
            self.graph = Graph(record["graph"])
            self.D, self.data_size = self.graph.dimension, self.graph.data_size
        else:
            self.D = (self.forced if self.forced > self.first else self.n) - self.first
            self.phi = [parse(f, places) for f in record["phi"]]
            self.data_size = len(self.phi)
            inside = range(self.first, self.first + self.D)
            need(all(i in inside for f in self.phi for m in f for i in m), "phi depends on more than the parameters")
            self.partials = [[f.derivative(i) for i in inside] for f in self.phi]
        need(max(self.first, self.forced) + self.D == self.n and self.forced in (self.first, self.first + self.D),
             "the layout of the state does not fit")
        need(not any(self.first <= i < self.first + self.D for i in self.constants), "a parameter is called a constant")
        if record["metric"] != NONE:
            self.metric = [(i, j, parse(f, places)) for i, j, f in record["metric"]]
            need(all(type(k) is int and 0 <= k < self.D for i, j, _ in self.metric for k in (i, j)), "the metric does not fit")
        forced = range(self.forced, self.forced + self.D)
        self.shears = self.forced != self.first and not any(i in forced for _, _, f in self.metric or () for m in f for i in m)
        self.time, self.flow = record["time"], record["exact_flow"]
        if self.flow != NONE:
            self._check_flow()
        self._check_names()

    def _check_names(self):
        """Check that the state is named after the parameters: time s or t, velocities d and the name."""
        parameters = self.names[self.first:self.first + self.D]
        if self.graph is not None:
            expected = []
            for i in self.graph.parameters:
                name, shape = self.graph.nodes[i]["name"], self.graph.shapes[i]
                indices = itertools.product(*(range(1, n + 1) for n in shape))
                expected += [name] if shape == [1] else ["_".join([name, *map(str, index)]) for index in indices]
            need(parameters == expected, "the parameters are not named after the graph")
        need(self.time == NONE and self.first == 0 or self.time == self.first - 1, "the time is not where it belongs")
        head = ["tau"] if len(self.constants) == 1 else []
        if self.time != NONE:
            need(self.drift is not None, "a state with a time has a drift")
            # Without an exact flow the clock alone does not tell exp(t) from a time that was multiplied by t.
            either = self.flow == NONE and self.names[self.time][:1] in ("s", "t")
            head.append(self.names[self.time][:1] if either else "s" if self.flow[0] == "exponential" else "t")
        expected = head + parameters + (["d" + name for name in parameters] if self.forced > self.first else [])
        need(len(expected) == self.n and all(a.rstrip("_") == b.rstrip("_") for a, b in zip(self.names, expected)),
             "the coordinates are not named after the parameters")

    def _check_flow(self):
        """Check that the drift is the one whose exact flow the record claims."""
        kind, number = self.flow
        need(self.forced == self.first + self.D and self.time == self.first - 1, "the exact flow does not fit the state")
        symbolic = number == "tau"
        self.rate = None if symbolic else Fraction(number)
        t, velocity, one = self.time, range(self.forced, self.n), Fraction(1)
        tau = tuple(self.constants) if symbolic else ()
        need(len(tau) == symbolic and (kind == "exponential" or self.rate.denominator == 1), "the exact flow is not known")
        if kind == "linear":
            clock, push, damp = {(): one}, [{(j,): one} for j in velocity], [{} for _ in velocity]
        elif kind == "power":
            need(self.rate >= 0 and self.rate != 1, "the exact flow is not known")
            clock, push = {(t,): one}, [{(t, j): one} for j in velocity]
            damp = [{(j,): -self.rate} if self.rate else {} for j in velocity]
        else:
            need(kind == "exponential" and self.rate != 0, "the exact flow is not known")
            rate = one if symbolic else self.rate
            clock, push = {tau + (t,): rate}, [{(j,): one} for j in velocity]
            damp = [{tau + (j,): -rate} for j in velocity]
        need(self.drift == [{} for _ in range(t)] + [clock] + push + damp, "the drift is not the one whose exact flow is claimed")

    def cost(self):
        r"""
        Return about how many products one field takes.

        EXAMPLES::

            sage: from sage_conslaw import conservation_laws, networks
            sage: from sage_conslaw.check import *
            sage: record = conservation_laws(networks.linear([1, 1, 1]), seed=0).certificate()
            sage: family = Family(record["family"])
            sage: family.cost() > 0
            True
        """
        parts = [f for f in self.drift or ()] + [f for _, _, f in self.metric or ()]
        parts += [f for field in self.controls for f in field] if self.kind == "system" else []
        parts += [f for row in self.partials for f in row] if self.kind == "phi" else []
        graph = 3 * sum(len(terms or ()) for terms in self.graph.terms) if self.graph else 0
        return self.n + graph + sum(len(m) + 1 for f in parts for m in f)

    def control(self, z, numbers, p):
        r"""
        Return the value at z of the control with the given data.

        EXAMPLES::

            sage: from sage_conslaw import conservation_laws, networks
            sage: from sage_conslaw.check import *
            sage: record = conservation_laws(networks.linear([1, 1, 1]), seed=0).certificate()
            sage: family = Family(record["family"])
            sage: family.control([2r, 7r], [1r, 1r], 101r)
            [7, 2]
        """
        if self.kind == "system":
            return [sum((x * at_point(field[i], z, p) for x, field in zip(numbers, self.controls)), 0) % p for i in range(self.n)]
        theta = z[self.first:self.first + self.D]
        if self.graph is not None:
            gradient = self.graph.gradient(theta, numbers, p)
        else:
            gradient = [sum((x * at_point(row[j], z, p) for x, row in zip(numbers, self.partials)), 0) % p for j in range(self.D)]
        if self.metric is not None:
            moved = [0] * self.D
            for i, j, f in self.metric:
                moved[i] = (moved[i] + at_point(f, z, p) * gradient[j]) % p
            gradient = moved
        return [0] * self.forced + gradient + [0] * (self.n - self.forced - self.D)

    def field(self, letter, p):
        r"""
        Return the field of a letter: weight * drift + control, the control pushed along the drift if it has a step.

        EXAMPLES::

            sage: from sage_conslaw import conservation_laws, networks
            sage: from sage_conslaw.check import *
            sage: record = conservation_laws(networks.linear([1, 1, 1]), seed=0).certificate()
            sage: family = Family(record["family"])
            sage: family.field({"data": [1r, 1r]}, 101r)([2r, 7r])
            [7, 2]
        """
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
        start = self.along(z, -step % p if self.flow[0] == "linear" else pow(step, -1, p), p)
        velocity = self.control(start, letter["data"], p)
        return [slope(x) % p for x in self.along([Dual(a, b) for a, b in zip(start, velocity)], step, p)]

    def along(self, z, step, p):
        r"""
        Return the endpoint of the drift's exact flow.

        EXAMPLES::

            sage: from sage_conslaw import conservation_laws, networks
            sage: from sage_conslaw.check import *
            sage: record = conservation_laws(networks.linear([1, 1, 1]), seed=0).certificate()
            sage: family = Family(record["family"])
            sage: from sage_conslaw import flows
            sage: moving = Family(conservation_laws(networks.product(1), flow=flows.momentum(), seed=0).certificate()["family"])
            sage: moving.along([0r, 3r, 1r], 2r, 101r)
            [2, 5, 1]
        """
        (kind, _), k, inverse = self.flow, self.rate, pow(step, -1, p)
        t, theta, w = z[self.time], z[self.first:self.forced], z[self.forced:]
        if kind == "linear":
            t, theta = t + step, [x + step * v for x, v in zip(theta, w)]
        elif kind == "power":
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
        r"""
        Decide over Q whether the derivative of a law is zero along the drift and along every control.

        EXAMPLES::

            sage: from sage_conslaw import conservation_laws, networks
            sage: from sage_conslaw.check import *
            sage: record = conservation_laws(networks.linear([1, 1, 1]), seed=0).certificate()
            sage: family = Family(record["family"])
            sage: BUDGET["work"] = 1000r
            sage: family.conserves(parse("U1_1_1^2-U2_1_1^2", family.places))
            True
        """
        gradient = {i: law.derivative(i) for i in {i for m in law for i in m}}
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


def determinant(rows, p):
    r"""
    Return the determinant of a square list of rows modulo p.

    EXAMPLES::

        sage: from sage_conslaw.check import *
        sage: determinant([[2r, 0r], [1r, 3r]], 101r)
        6
    """
    rows, value = [[x % p for x in row] for row in rows], 1
    for c in range(len(rows)):
        pivot = next((r for r in range(c, len(rows)) if rows[r][c]), None)
        if pivot is None:
            return 0
        if pivot != c:
            rows[c], rows[pivot], value = rows[pivot], rows[c], -value
        top = rows[c]
        value = value * top[c] % p
        inverse = pow(top[c], -1, p)
        for r in range(c + 1, len(rows)):
            if rows[r][c]:
                factor = rows[r][c] * inverse % p
                rows[r][c:] = [(x - factor * y) % p for x, y in zip(rows[r][c:], top[c:])]
    return value % p


def check_minor(values, columns, minor, p, what, width):
    r"""
    Check that rows of values and columns give the stored nonzero minor; return its size.

    EXAMPLES::

        sage: from sage_conslaw.check import *
        sage: check_minor([[2r, 0r], [1r, 3r]], [0r, 1r], 6r, 101r, "a minor", 2r)
        2
    """
    need(len(set(columns)) == len(columns) == len(values) and all(type(i) is int and 0 <= i < width for i in columns),
         f"{what}: the pivots are not distinct coordinates, one a row")
    found = determinant([[row[i] for i in columns] for row in values], p)
    need(found and found == minor, f"{what}: the minor is not the stored one")
    return len(columns)


def prime(p):
    r"""
    Check that p is a prime of the allowed size.

    EXAMPLES::

        sage: from sage_conslaw.check import *
        sage: prime(2305843009213693951r)
        2305843009213693951
    """
    from sympy import isprime
    need(type(p) is int and 2**20 < p < 2**62 and isprime(p), "the prime is not a prime between 2^20 and 2^62")
    return p


def integers(numbers, length, what):
    r"""
    Check a list of integers of the given length.

    EXAMPLES::

        sage: from sage_conslaw.check import *
        sage: integers([1r, 2r], 2r, "a list")
        [1, 2]
    """
    need(isinstance(numbers, list) and len(numbers) == length and all(type(x) is int for x in numbers),
         f"{what} is not a list of {length} integers")
    return numbers


def rank_values(part, family, p):
    r"""
    Return the values at the point of the elements of the Lie algebra that the record describes.

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, networks
        sage: from sage_conslaw.check import *
        sage: record = conservation_laws(networks.linear([1, 1, 1]), seed=0).certificate()
        sage: family = Family(record["family"])
        sage: len(rank_values(record["rank"], family, record["rank"]["prime"]))
        1
    """
    z = [x % p for x in integers(part["point"], family.n, "the point of the rank")]
    pushed = part["kind"] == "words" and family.flow != NONE

    def letter(record):
        keys = {"data"} | ({"weight"} if family.drift is not None else set()) | ({"step"} if pushed else set())
        need(set(record) == keys, "a letter has missing or unknown fields")
        integers(record["data"], family.data_size, "the data of a letter")
        need(all(type(record.get(k, 1)) is int for k in ("weight", "step")), "a letter has an entry that is no integer")
        return family.field(record, p)
    if part["kind"] == "words":
        work = sum(3 ** min(len(word), 40) for word in part["words"]) * family.cost()
        need(work <= LIMITS["work"], "the words need more work than the checker's limit")
        values = []
        for word in part["words"]:
            need(1 <= len(word) <= LIMITS["letters"], "a word is empty or too long")
            field = letter(word[-1])
            for other in reversed(word[:-1]):
                field = bracket(letter(other), field)
            values.append([x % p for x in field(z)])
        return values
    need(family.flow != NONE and family.shears, "the family has no exact flows, so a path proves nothing")
    path = part["path"]
    need(len(path) * family.n * family.cost() <= LIMITS["work"], "the path is longer than the checker's limit")
    need(len(part["fields"]) == len(path) + 1 <= LIMITS["steps"], "the path and the fields along it do not fit")
    tangents = []
    for letters, step in zip(part["fields"], [*path, None]):
        tangents += [letter(record)(z) for record in letters]
        if step is None:
            return tangents
        need(set(step) == {"step", "data"} and type(step["step"]) is int and step["step"] % p, "a step is not valid")
        integers(step["data"], family.data_size, "the data of a step")

        def walk(point):
            point = family.along(point, step["step"] % p, p)
            return [(x + y) % p for x, y in zip(point, family.control(point, step["data"], p))]
        tangents = [[slope(x) % p for x in walk([Dual(a, b) for a, b in zip(z, tangent)])] for tangent in tangents]
        z = walk(z)


def statement(n, m, r):
    r"""
    Return the sentence that a certificate with these numbers proves.

    EXAMPLES::

        sage: from sage_conslaw.check import *
        sage: statement(3r, 2r, 1r)
        '2 independent law(s) are conserved and the Lie algebra has rank at least 1 at generic points of dimension 3; 2 + 1 = 3, so there are no others'
    """
    known = f"{m} independent law(s) are conserved and the Lie algebra has rank at least {r} at generic points of dimension {n}"
    if m + r == n:
        return f"{known}; {m} + {r} = {n}, so there are no others"
    return f"{known}; so the number of independent laws is between {m} and {n - r}"


def verify(record):
    r"""
    Verify a certificate; return one line that says what is proved, or raise :class:`Rejected`.

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, networks
        sage: from sage_conslaw.check import *
        sage: record = conservation_laws(networks.linear([1, 1, 1]), seed=0).certificate()
        sage: family = Family(record["family"])
        sage: verify(record)
        '1 independent law in dimension 2, complete: 1 + 1 = 2'
    """
    need(isinstance(record, dict) and record.get("schema") == SCHEMA, f"the schema is not {SCHEMA}")
    BUDGET["work"] = LIMITS["work"]
    try:
        return _verify(record)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError, RecursionError, ZeroDivisionError) as error:
        raise Rejected(f"the record is malformed ({type(error).__name__}: {' '.join(str(error).split())[:200]})") from None


def _verify(record):
    need(set(record) == {"schema", "statement", "assumption", "architecture", "sizes", "flow", "loss", "options", "dimension",
                         "family", "laws", "independence", "rank", "digest"}, "the record has missing or unknown fields")
    bare = {key: value for key, value in record.items() if key != "digest"}
    found = hashlib.sha256(json.dumps(bare, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
    need(record["digest"] == found, "the digest is not that of the record: it was changed after it was written")
    family = Family(record["family"])
    n = family.n - len(family.constants)
    need(record["dimension"] == n, "the dimension is not that of the family")
    _check_name(record, family)
    laws = [parse(text, family.places) for text in record["laws"]]
    for number, law in enumerate(laws, start=1):
        need(family.conserves(law), f"law {number} is not conserved")
    part = record["independence"]
    need(set(part) == {"prime", "point", "rows", "pivots", "minor"}, "the independence has missing or unknown fields")
    p = prime(part["prime"])
    point = integers(part["point"], family.n, "the point of the independence")
    need(len(set(part["rows"])) == len(part["rows"]) and all(type(i) is int and 0 <= i < len(laws) for i in part["rows"]),
         "the rows of the independence are no distinct laws")
    need(not set(part["pivots"]) & set(family.constants), "a pivot of the independence is a constant")
    gradients = [[at_point(laws[i].derivative(j), point, p) for j in range(family.n)] for i in part["rows"]]
    m = check_minor(gradients, part["pivots"], part["minor"], p, "independence", family.n)
    part = record["rank"]
    keys = {"prime", "point", "rank", "kind", "pivots", "minor"} | ({"words"} if part["kind"] == "words" else {"path", "fields"})
    need(set(part) == keys and part["kind"] in ("words", "path"), "the rank has missing or unknown fields")
    p = prime(part["prime"])
    r = check_minor(rank_values(part, family, p), part["pivots"], part["minor"], p, "rank", family.n)
    need(r == part["rank"], "the rank is not the stored one")
    need(record["statement"] == statement(n, m, r), "the statement is not what the certificate proves")
    need(record["assumption"] == ASSUMPTION[family.kind], "the assumption is not that of this kind of family")
    laws = f"{m} independent law{'' if m == 1 else 's'} in dimension {n}"
    return f"{laws}, complete: {m} + {r} = {n}" if m + r == n else f"{laws}, at most {n - r} in all"


def _check_name(record, family):
    """Check the words about the family as far as they can be read off it: widths, loss, kind of flow."""
    need(all(type(k) is int and k > 0 for k in record["sizes"]), "the sizes are no positive integers")
    need(isinstance(record["architecture"], str) and isinstance(record["options"], dict), "the architecture has no name")
    if family.kind != "network":
        need(record["architecture"] == family.kind and not record["sizes"] and not record["options"],
             "the architecture is not that of the family")
        flows = ("drift", "family") if family.kind == "system" else ("gradient", "momentum", "nesterov")
        need(record["flow"] in flows and record["loss"] == ("none" if family.kind == "system" else "least-squares"),
             "the flow or the loss is not that of the family")
    if family.kind == "system":
        need(record["flow"] == ("family" if family.controls else "drift"), "the flow is not that of the family")
    else:
        need(record["flow"] in (("gradient",) if family.forced == family.first else ("momentum", "nesterov")),
             "the flow is not that of the family")
        need(record["flow"] != "nesterov" or family.flow in (NONE, ["power", "3"]), "the flow is not that of the family")
    if family.kind == "network":
        _check_network(record, family.graph)


def _check_network(record, graph):
    """Compare the graph, node by node, with that of the architecture that the record names."""
    name, sizes, options = record["architecture"], record["sizes"], record["options"]
    if name in MODERN:
        # The graph in the record is checked; that it is the one of this name, only the package itself can tell.
        need(all(type(value) in (int, str) for value in options.values()), "the options are not numbers and words")
        return
    need(options in ({}, {"bias": 1}) and (not options or name in ("relu", "icnn", "custom")), "the options are not known")
    need(record["loss"] in ("least-squares", "cross-entropy"), "the loss is not known")
    if name == "custom":
        need(not sizes, "a custom architecture has no sizes")
        return
    need(name in ("product", "linear", "relu", "nmf", "icnn"), f"the architecture {str(name)[:30]!r} is not known")
    need(len(sizes) == {"product": 1, "nmf": 3, "icnn": 3}.get(name, max(2, len(sizes))), f"{name} does not have {len(sizes)} sizes")
    nodes = []

    def node(**entry):
        nodes.append(entry)
        return len(nodes) - 1

    def layer(x, weights, shape):
        return node(op="contract", spec="i,ib->b", inputs=[x, node(op="parameter", name=weights, shape=list(shape))])

    def gated(x, width, bias):
        if options:
            x = node(op="add", inputs=[x, node(op="parameter", name=bias, shape=[width])])
        return node(op="contract", spec="i,i->i", inputs=[x, node(op="data", name="gate", shape=[width], kind="gate")])
    shape = [sizes[-1]]
    if name == "product":
        x, shape = node(op="parameter", name="x1", shape=[1]), [1]
        for i in range(2, sizes[0] + 1):
            x = node(op="contract", spec="i,i->i", inputs=[x, node(op="parameter", name=f"x{i}", shape=[1])])
    elif name == "nmf":
        x, shape = node(op="parameter", name="U", shape=sizes[:2]), [sizes[0], sizes[2]]
        x = node(op="contract", spec="ai,ib->ab", inputs=[x, node(op="parameter", name="V", shape=sizes[1:])])
    else:
        x = node(op="data", name="x", shape=[sizes[0]], kind="input")
        names = ["V", "U"] if name == "icnn" else [f"U{i}" for i in range(1, len(sizes))]
        for i, weights in enumerate(names):
            x = layer(x, weights, sizes[i:i + 2])
            if name != "linear" and i + 1 < len(names):
                x = gated(x, sizes[i + 1], "b" if name == "icnn" else f"b{i + 1}")
    if record["loss"] == "least-squares":
        covector = node(op="data", name="s", shape=shape, kind="covector")
    else:
        k = shape[-1]
        free = node(op="data", name="s", shape=[*shape[:-1], k - 1], kind="covector")
        rows = [[int(i == j) for j in range(k - 1)] + [-1] for i in range(k - 1)]
        ends = node(op="constant", shape=[k - 1, k], values=[v for row in rows for v in row])
        covector = node(op="contract", spec="ai,ib->ab" if len(shape) == 2 else "i,ib->b", inputs=[free, ends])
    need(graph.nodes == nodes, f"the graph is not that of {name} {sizes}")
    need(graph.parameters == [i for i, entry in enumerate(nodes) if entry["op"] == "parameter"], "the parameters are not in order")
    need(graph.pairings == [[x, covector]], "the pairings are not those of the architecture")


def main(paths):
    r"""
    Verify files, one line each; return the exit status.

    EXAMPLES::

        sage: from sage_conslaw.check import *
        sage: main(["/no/such/file.json"])
        file.json: cannot be read: No such file or directory
        2
    """
    worst = 0
    for path in paths:
        try:
            need(os.path.getsize(path) <= LIMITS["bytes"], "the file is larger than a certificate can be")
            with open(path, encoding="utf8") as stream:
                record = json.load(stream)
            print(f"{os.path.basename(path)}: verified: {verify(record)}")
        except Rejected as reason:
            print(f"{os.path.basename(path)}: rejected: {reason}")
            worst = max(worst, 1)
        except OSError as error:
            print(f"{os.path.basename(path)}: cannot be read: {error.strerror}")
            worst = 2
        except (ValueError, RecursionError) as error:
            print(f"{os.path.basename(path)}: rejected: not JSON: {' '.join(str(error).split())[:200]}")
            worst = max(worst, 1)
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]) if len(sys.argv) > 1 else print("usage: python -m sage_conslaw.check FILE [FILE ...]") or 2)
