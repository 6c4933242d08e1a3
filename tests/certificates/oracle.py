"""
What is true of a problem: a count that shares nothing with either checker.

Fields are written out as polynomials, brackets are taken term by term, ranks at a random point; all modulo one prime of
61 bits, at which a wrong answer has a chance of about 10^-15.  The checkers evaluate, pull back and use dual numbers;
nothing of that is here.
"""
import itertools
import random
import re
from fractions import Fraction
from math import prod

P = (1 << 61) - 1
DATA = 1000            # variables from here on are data


# -- polynomials modulo P: {sorted tuple of variables: coefficient} ------------------------------------


def plus(*parts):
    out = {}
    for part in parts:
        for m, c in part.items():
            out[m] = (out.get(m, 0) + c) % P
    return {m: c for m, c in out.items() if c}


def times(a, b):
    out = {}
    for m, x in a.items():
        for k, y in b.items():
            key = tuple(sorted(m + k))
            out[key] = (out.get(key, 0) + x * y) % P
    return {m: c for m, c in out.items() if c}


def scaled(a, factor):
    return {m: c * factor % P for m, c in a.items() if factor % P}


def power(a, k):
    out = {(): 1}
    for _ in range(k):
        out = times(out, a)
    return out


def derivative(a, i):
    out = {}
    for m, c in a.items():
        if i in m:
            rest = list(m)
            rest.remove(i)
            out[tuple(rest)] = (out.get(tuple(rest), 0) + c * m.count(i)) % P
    return {m: c for m, c in out.items() if c}


def number(text):
    value = Fraction(text)
    return value.numerator * pow(value.denominator, -1, P) % P


def read(text, names):
    """Read an expanded polynomial."""
    out = {}
    for sign, body in re.findall(r"([+-]?)([^+-]+)", text):
        term = {(): 1}
        for factor in body.split("*"):
            if factor[0].isdigit():
                term = scaled(term, number(factor))
            else:
                name, _, k = factor.partition("^")
                term = times(term, power({(names.index(name),): 1}, int(k or 1)))
        out = plus(out, scaled(term, -1 if sign == "-" else 1))
    return out


def at(a, point):
    total = 0
    for m, c in a.items():
        for i in m:
            c = c * point[i] % P
        total += c
    return total % P


# -- the pairing of outputs with covectors ---------------------------------------------------------------


class Drawing:
    """The nodes of a graph as arrays {index: polynomial} in parameters and data."""

    def __init__(self, nodes):
        self.fresh, self.leaves, self.values, self.shapes, self.cuts = itertools.count(DATA), {}, [], [], []
        start = itertools.count()
        for place, node in enumerate(nodes):
            inputs = [(self.values[i], self.shapes[i]) for i in node.get("inputs", [])]
            if node["op"] == "parameter":
                shape = tuple(node["shape"])
                entries = list(itertools.product(*map(range, shape)))
                self.leaves[place] = [next(start) for _ in entries]
                value = dict(zip(entries, ({(v,): 1} for v in self.leaves[place])))
            else:
                shape, value = getattr(self, "_" + node["op"])(node, inputs, place)
            self.values.append(value)
            self.shapes.append(shape)

    def free(self, shape):
        return {index: {(next(self.fresh),): 1} for index in itertools.product(*map(range, shape))}

    def _input(self, node, inputs, place):
        return tuple(node["shape"]), self.free(node["shape"])

    _rotation = _input

    def _constant(self, node, inputs, place):
        indices = itertools.product(*map(range, node["shape"]))
        under = pow(node.get("denominator", 1), -1, P)
        return tuple(node["shape"]), {i: scaled({(): 1}, v * under) for i, v in zip(indices, node["values"])}

    def _contract(self, node, inputs, place):
        left, right, result = re.fullmatch(r"(\w*),(\w*)->(\w*)", node["spec"]).groups()
        (a, shape_a), (b, shape_b) = inputs
        sizes = dict(zip(left, shape_a)) | dict(zip(right, shape_b))
        value = {index: {} for index in itertools.product(*(range(sizes[x]) for x in result))}
        for index in itertools.product(*map(range, sizes.values())):
            where = dict(zip(sizes, index))
            key = tuple(where[x] for x in result)
            product = times(a[tuple(where[x] for x in left)], b[tuple(where[x] for x in right)])
            value[key] = plus(value[key], product)
        return tuple(sizes[x] for x in result), value

    def _add(self, node, inputs, place):
        (a, shape), (b, _) = inputs
        return shape, {index: plus(a[index], b[index]) for index in a}

    def _gather(self, node, inputs, place):
        entries = list(inputs[0][0].values())
        indices = itertools.product(*map(range, node["shape"]))
        return tuple(node["shape"]), {i: entries[k] if k >= 0 else {} for i, k in zip(indices, node["indices"])}

    def _gate(self, node, inputs, place):
        shape = inputs[0][1]
        return shape, self.free(shape)

    def _cut(self, node, inputs, place):
        shape = inputs[0][1]
        self.cuts.append((node["inputs"][0], node["function"], node.get("mask")))
        if node["function"].endswith("without last"):
            shape = (*shape[:-1], shape[-1] - 1)
        value = self.free(shape)
        if "mask" in node:
            # What is masked is zero.
            value = {index: f if kept else {} for (index, f), kept in zip(value.items(), node["mask"])}
        return shape, value

    def covector(self, source, kind, mask=None):
        """Return covectors {index: polynomial} that span those of a kind."""
        value, shape = self.values[source], self.shapes[source]
        if kind == "free":
            return self.free(shape)
        out, size = {}, shape[-1]
        for number_of_row, row in enumerate(itertools.product(*map(range, shape[:-1]))):
            z = [value[(*row, k)] for k in range(size)]
            allowed = [k for k in range(size) if mask is None or mask[number_of_row * size + k]]
            part = {k: {} for k in range(size)}
            if kind == "sum":
                for k in allowed[:-1]:
                    part[k] = {(next(self.fresh),): 1}
                part[allowed[-1]] = scaled(plus(*part.values()), -1)
            else:
                # An antisymmetric matrix times z, or times the differences of z with its last entry.
                moved = z if kind == "orthogonal" else [plus(x, scaled(z[-1], -1)) for x in z[:-1]]
                for i, j in itertools.combinations(range(len(moved)), 2):
                    a = {(next(self.fresh),): 1}
                    part[i] = plus(part[i], times(a, moved[j]))
                    part[j] = plus(part[j], scaled(times(a, moved[i]), -1))
                if kind == "both":
                    part[size - 1] = scaled(plus(*(part[k] for k in range(size - 1))), -1)
            out |= {(*row, k): part[k] for k in range(size)}
        return out


KINDS = {
    "log softmax": "sum",
    "layer norm with eps": "sum",
    "layer norm with eps without last": "sum",
    "any shift-invariant function without last": "sum",
    "any shift- and scale-invariant function without last": "both",
    "softmax": "sum",
    "top softmax": "sum",
    "masked softmax": "sum",
    "any shift-invariant function": "sum",
    "rms norm": "orthogonal",
    "any scale-invariant function": "orthogonal",
    "layer norm": "both",
    "layer norm without last": "both",
    "batch norm": "both",
    "any shift- and scale-invariant function": "both",
}


def network_fields(problem, real=None):
    """Return names of the parameters' entries, and gradients as lists of polynomials that span all, or those of the
    samples at a real point."""
    graph = problem.get("graph") or classic(problem)
    nodes = graph["nodes"]
    drawing = Drawing(nodes)
    pairs = [
        (graph["output"], drawing.covector(graph["output"], "free" if problem["loss"] == "least-squares" else "sum"))
    ]
    for source, function, mask in drawing.cuts:
        pairs.append((source, drawing.covector(source, KINDS.get(function, "free"), mask)))
    order = [v for i in graph["parameters"] for v in drawing.leaves[i]]
    names = []
    for i in graph["parameters"]:
        shape = nodes[i]["shape"]
        names += [nodes[i]["name"] + "".join(f"_{k + 1}" for k in index) if shape != [1] else nodes[i]["name"]
                  for index in itertools.product(*map(range, shape))]
    fields = collected([(drawing.values[node], covector) for node, covector in pairs], order)
    return names, list((fields if real is None else at_samples(fields, nodes, graph, real)).values())


def collected(pairs, order):
    """Return the coefficients in the data of the sum of covector times derivative, one field a monomial of data."""
    fields = {}
    for j, variable in enumerate(order):
        for value, covector in pairs:
            for index, factor in covector.items():
                for m, c in times(factor, derivative(value[index], variable)).items():
                    data = tuple(i for i in m if i >= DATA)
                    own = tuple(sorted(order.index(i) for i in m if i < DATA))
                    field = fields.setdefault(data, [{} for _ in order])
                    field[j] = plus(field[j], {own: c})
    return {data: field for data, field in fields.items() if any(field)}


def at_samples(fields, nodes, graph, real):
    """Return for each sample and each number of a covector the field that it has at the real point."""
    out = {}
    for which, sample in enumerate(real["samples"]):
        known = true_data(nodes, graph, real["parameters"], sample)
        for data, field in fields.items():
            factor, rest = 1, []
            for i in data:
                if i - DATA < len(known):
                    factor = factor * known[i - DATA] % P
                else:
                    rest.append(i)
            there = out.setdefault((which, tuple(rest)), [{} for _ in field])
            out[which, tuple(rest)] = [plus(a, scaled(b, factor)) for a, b in zip(there, field)]
    return out


def true_data(nodes, graph, parameters, sample):
    """Return inputs and true slopes modulo P, in the order of the nodes; all is evaluated in fractions."""
    values, out, sample, theta = [], [], list(sample), {}
    numbers = list(parameters)
    for i in graph["parameters"]:
        shape = nodes[i]["shape"]
        theta[i] = {index: Fraction(numbers.pop(0)) for index in itertools.product(*map(range, shape))}
    assert not numbers
    for place, node in enumerate(nodes):
        inputs, op = [values[i] for i in node.get("inputs", [])], node["op"]
        if op == "parameter":
            value = theta[place]
        elif op == "input":
            value = {i: Fraction(sample.pop(0)) for i in itertools.product(*map(range, node["shape"]))}
        elif op == "constant":
            indices = itertools.product(*map(range, node["shape"]))
            value = {i: Fraction(v, node.get("denominator", 1)) for i, v in zip(indices, node["values"])}
        elif op == "add":
            value = {i: x + inputs[1][i] for i, x in inputs[0].items()}
        elif op == "gather":
            entries, indices = list(inputs[0].values()), itertools.product(*map(range, node["shape"]))
            value = {i: entries[k] if k >= 0 else Fraction(0) for i, k in zip(indices, node["indices"])}
        elif op == "contract":
            left, right, result = re.fullmatch(r"(\w*),(\w*)->(\w*)", node["spec"]).groups()
            value = {}
            for a, x in inputs[0].items():
                for b, y in inputs[1].items():
                    where = dict(zip(left, a))
                    if all(where.setdefault(letter, n) == n for letter, n in zip(right, b)):
                        key = tuple(where[letter] for letter in result)
                        value[key] = value.get(key, 0) + x * y
        else:
            value = slopes(node.get("function", "relu"), inputs[0])
        values.append(value)
        if op in ("input", "gate"):
            out += [x.numerator * pow(x.denominator, -1, P) % P for x in value.values()]
    assert not sample
    return out


def slopes(function, z):
    """Return the slopes of a piecewise linear function."""
    if function == "max":
        rows = {}
        for index, x in z.items():
            rows.setdefault(index[:-1], []).append(x)
        assert all(row.count(max(row)) == 1 for row in rows.values())
        return {index: Fraction(x == max(rows[index[:-1]])) for index, x in z.items()}
    assert all(z.values())
    low = {"relu": Fraction(0), "leaky relu": Fraction(1, 100), "abs": Fraction(-1)}[function]
    return {index: Fraction(1) if x > 0 else low for index, x in z.items()}


def classic(problem):
    """Return the graph of a classic architecture, from its formula."""
    name, sizes, bias = problem["architecture"], problem["sizes"], problem["options"].get("bias", 0)
    nodes, leaves = [], []

    def put(**node):
        nodes.append(node)
        if node["op"] == "parameter":
            leaves.append(len(nodes) - 1)
        return len(nodes) - 1

    def array(label, *shape):
        return put(op="parameter", name=label, shape=list(shape))
    if name == "product":
        x = array("x1", 1)
        for i in range(1, sizes[0]):
            x = put(op="contract", spec="a,a->a", inputs=[x, array(f"x{i + 1}", 1)])
    elif name == "nmf":
        x = put(
            op="contract", spec="ab,bc->ac", inputs=[array("U", sizes[0], sizes[1]), array("V", sizes[1], sizes[2])]
        )
    else:
        x = put(op="input", shape=[sizes[0]])
        for layer in range(len(sizes) - 1):
            label = "VU"[layer] if name == "icnn" else f"U{layer + 1}"
            x = put(op="contract", spec="a,ab->b", inputs=[x, array(label, sizes[layer], sizes[layer + 1])])
            if layer < len(sizes) - 2 and name != "linear":
                if bias:
                    x = put(op="add", inputs=[x, array("b" if name == "icnn" else f"b{layer + 1}", sizes[layer + 1])])
                x = put(op="contract", spec="a,a->a", inputs=[x, put(op="gate", inputs=[x])])
    return {"nodes": nodes, "output": x, "parameters": leaves}


# -- the state of a flow ----------------------------------------------------------------------------------


def state_fields(problem, real=None):
    """Return names, which coordinates are constants, the drift or ``None``, and controls, all as polynomials."""
    if problem["kind"] == "system":
        names, k = problem["parameters"] + problem["variables"], len(problem["parameters"])
        fields = [
            [{}] * k + [read(f, names) for f in field]
            for field in ([problem["drift"]] if "drift" in problem else []) + problem["controls"]
        ]
        return (names, range(k), fields[0], fields[1:]) if "drift" in problem else (names, range(k), None, fields)
    if problem["kind"] == "phi":
        own = problem["parameters"]
        gradients = [[derivative(read(f, own), j) for j in range(len(own))] for f in problem["phi"]]
    else:
        own, gradients = network_fields(problem, real)
    return flow_fields(problem, own, gradients)


def flow_fields(problem, own, gradients):
    flow, D = problem["flow"], len(own)
    tau = {"gradient": None, "nesterov": ["3", "t"]}.get(flow["name"], flow.get("tau"))
    decay, second, symbolic = number(flow["decay"]), tau is not None, tau == "tau"
    p, q = (read(f, ["t"]) for f in tau) if second and not symbolic else ({}, {(): 1})
    fixed = second and not symbolic and set(p) | set(q) <= {()}
    rate = p.get((), 0) * pow(q[()], -1, P) % P if fixed else 0
    exponential = symbolic or (rate if second else decay)
    head = (["tau"] if symbolic else []) + ([("s" if exponential else "t")] if second or decay else [])
    first = len(head)
    names = head + list(own) + (["d" + name for name in own] if second else [])
    clock = first - 1
    w = first + D

    def timed(f, *more):
        return {tuple(sorted([clock] * len(m) + list(more))): c for m, c in f.items()}
    drift = None
    if second:
        if exponential or fixed:
            q, p = {(): 1}, {(): rate} if rate else {}
        advance = {tuple(sorted((0, clock))): 1} if symbolic else {(clock,): rate} if exponential else timed(q)
        damped = [{(0, w + i): P - 1} if symbolic else scaled(timed(p, w + i), -1) for i in range(D)]
        drift = [{}] * (first - 1) + [advance] + [timed(q, w + i) if not symbolic else {(w + i,): 1} for i in range(D)]
        drift += [
            plus(damped[i], scaled(timed(q, first + i) if not symbolic else {(first + i,): 1}, -decay))
            for i in range(D)
        ]
    elif decay:
        drift = [{(0,): decay}] + [{(first + i,): -decay % P} for i in range(D)]

    def dual(i):
        if not second:
            return {(first + i,): 1}
        if symbolic:
            return plus({(0, first + i): 1}, {(w + i,): 1})
        return plus(timed(p, first + i), timed(q, w + i))
    metric = metric_entries(flow["metric"], problem, own, names, dual, timed(q) if second and not symbolic else {(): 1})
    controls, forced = [], w if second else first
    for gradient in gradients:
        moved = [{} for _ in names]
        for i, j, f in metric:
            shifted = {tuple(k + first for k in m): c for m, c in gradient[j].items()}
            moved[forced + i] = plus(moved[forced + i], times(f, shifted))
        controls.append(moved)
    return names, range(1 if symbolic else 0), drift, controls


def metric_entries(metric, problem, own, names, dual, unit):
    D = len(own)
    if metric == "euclidean":
        return [(i, i, {(): 1}) for i in range(D)]
    if metric == "mirror":
        return [(i, i, dual(i)) for i in range(D)]
    if "positive" in metric:
        heads = metric["positive"]
        graph = problem.get("graph") or classic(problem)
        positive = [
            graph["nodes"][i]["name"] in heads
            for i in graph["parameters"]
            for _ in itertools.product(*map(range, graph["nodes"][i]["shape"]))
        ]
        return [(i, i, dual(i) if positive[i] else unit) for i in range(D)]
    out = []
    parsed = [(i, j, read(f, own if metric["at"] == "dual" else names)) for i, j, f in metric["entries"]]
    top = max(len(m) for _, _, f in parsed for m in f)
    for i, j, f in parsed:
        if metric["at"] == "dual":
            total = {}
            for m, c in f.items():
                term = times({(): c}, power(unit, top - len(m)))
                for k in m:
                    term = times(term, dual(k))
                total = plus(total, term)
            f = total
        out.append((i, j, f))
    return out


# -- the Lie algebra, by brackets written out -------------------------------------------------------------


def bracket(F, G):
    out = []
    for i in range(len(F)):
        forward = [times(F[j], derivative(G[i], j)) for j in range(len(F)) if F[j] and G[i]]
        back = [scaled(times(G[j], derivative(F[i], j)), -1) for j in range(len(F)) if G[j] and F[i]]
        out.append(plus(*forward, *back))
    return out


class Rows:
    """Rows in echelon form modulo P."""

    def __init__(self):
        self.rows = {}

    def add(self, row):
        row = list(row)
        for i in range(len(row)):
            if row[i]:
                if i not in self.rows:
                    inverse = pow(row[i], -1, P)
                    self.rows[i] = [x * inverse % P for x in row]
                    return True
                top, factor = self.rows[i], row[i]
                row = [(x - factor * y) % P for x, y in zip(row, top)]
        return False


class Truth:
    """Dimension, rank of the Lie algebra, and which functions are conserved."""

    def __init__(self, problem, real=None, seed=1):
        self.names, constants, drift, self.controls = state_fields(problem, real)
        self.constants = set(constants)
        self.fields = ([drift] if drift else []) + self.controls
        generator = random.Random(seed)
        self.point = [generator.randrange(P) for _ in self.names]
        self.dimension = len(self.names) - len(self.constants)
        self.rank = self._rank()
        self.number = self.dimension - self.rank

    def _rank(self):
        rows, base, queue = Rows(), [], []
        for field in self.fields:
            if rows.add([at(f, self.point) for f in field]):
                base.append(field)
        queue = list(base)
        while queue:
            last = queue.pop(0)
            for field in base:
                new = bracket(field, last)
                if rows.add([at(f, self.point) for f in new]):
                    queue.append(new)
        return len(rows.rows)

    def conserved(self, law):
        parts = {i: derivative(law, i) for i in range(len(self.names))}
        return all(
            not plus(*(times(part, field[i]) for i, part in parts.items() if part and field[i]))
            for field in self.fields
        )

    def independent(self, laws):
        rows = Rows()
        return sum(
            rows.add([at(derivative(law, i), self.point) for i in range(len(self.names)) if i not in self.constants])
            for law in laws
        )


_KNOWN, FORMULAS = {}, ("product", "linear", "relu", "nmf", "icnn")


def truth(problem, real=None):
    """Return the truth of a problem, of samples at a real point on request, kept for the next time."""
    key = repr((problem, real))
    if key not in _KNOWN:
        _KNOWN[key] = Truth(problem, real)
    return _KNOWN[key]


def falsehood(record):
    """Return what is false in what a certificate states, or ``None``."""
    words = re.match(
        r"(\d+) independent laws? in dimension (\d+), (?:complete: (\d+) \+ (\d+) = (\d+)|at most (\d+) in all); ",
        record["statement"],
    )
    if not words:
        return "the statement is none"
    m, n = int(words[1]), int(words[2])
    if "width" in record:
        return wide_falsehood(record, m, n, words)
    known = truth(record["problem"])
    if n != known.dimension or record["dimension"] != n:
        return f"the dimension is {known.dimension}"
    laws = [read(text, known.names) for text in record["laws"]]
    if not all(
        any(i not in known.constants for monomial in law for i in monomial) and known.conserved(law) for law in laws
    ):
        return "a law is constant or not conserved"
    if known.independent(laws) < m:
        return f"only {known.independent(laws)} of the laws are independent"
    near = truth(record["problem"], record["real"]) if "real" in record else known
    if words[3] and near.number != m or words[6] and near.number > int(words[6]):
        return f"there are {near.number} laws"
    graph = (
        record["problem"].get("graph", {"nodes": [{"op": "gate"}]})
        if record["problem"].get("architecture") not in FORMULAS
        else classic(record["problem"])
    )
    if (
        record["assumption"] == "none"
        and ("real" not in record or "region around" not in record["statement"])
        and record["problem"]["kind"] != "system"
        and any(node["op"] in ("gate", "cut", "rotation") for node in graph["nodes"])
    ):
        return "something is assumed"
    loss = record["problem"].get("loss")
    if (
        loss
        and f"{loss} loss" not in record["statement"]
        or record["problem"].get("architecture", "") not in record["statement"]
    ):
        return "the statement names another problem"
    return None


def wide_number(problem):
    """Return the number of laws of a layered network at any width, by the formulas of the papers."""
    sizes, last = list(problem["sizes"]), 0
    if problem["loss"] == "cross-entropy":
        last, sizes[-1] = sizes[-2], sizes[-1] - 1
    if problem["architecture"] == "relu":
        return last + sum(sizes[1:-1])
    if sizes[0] == sizes[-1] == 1:
        return last + sum(a * b for a, b in zip(sizes, sizes[1:])) - 1
    total = last
    for n, r, m in zip(sizes, sizes[1:], sizes[2:]):
        k = n + m
        total += r * (r + 1) // 2 if r <= k else k * r - k * (k - 1) // 2
    return total


class SegmentDrawing(Drawing):
    """The nodes of a segment at its own sizes."""

    def __init__(self, graph):
        nodes = []
        for node in graph["nodes"]:
            shape = [prod(graph["sizes"][c] for c in axis) for axis in node.get("axes", [])]
            nodes.append(node | ({"shape": shape} if "axes" in node else {}))
        super().__init__([{**node, "op": node["op"].replace(" ", "_")} for node in nodes])

    def _data(self, node, inputs, place):
        return tuple(node["shape"]), self.free(node["shape"])

    def _rows(self, node, total):
        *lead, size = node["shape"]
        out, zero = {}, [{}] * size
        for row in itertools.product(*map(range, lead)):
            allowed = row[-1] + 1 if node.get("causal") else size
            part = [{(next(self.fresh),): 1} for _ in range(allowed - 1)]
            part.append(plus({(): 1} if total else {}, *(scaled(f, -1) for f in part)))
            out |= {(*row, k): f for k, f in enumerate(part + zero[allowed:])}
        return tuple(node["shape"]), out

    def _sum_zero(self, node, inputs, place):
        return self._rows(node, 0)

    def _sum_one(self, node, inputs, place):
        return self._rows(node, 1)

    def _uniform(self, node, inputs, place):
        return self._constant(node | {"values": [node["value"]] * prod(node["shape"])}, inputs, place)

    _array = Drawing._constant

    def _causal(self, node, inputs, place):
        under = pow(node.get("denominator", 1), -1, P)
        indices = itertools.product(*map(range, node["shape"]))
        return tuple(node["shape"]), {i: {(): under} if i[-1] <= i[-2] else {} for i in indices}

    def _transpose(self, node, inputs, place):
        (value, shape), = inputs
        order = node["order"]
        return tuple(shape[k] for k in order), {tuple(i[k] for k in order): f for i, f in value.items()}

    def _reshape(self, node, inputs, place):
        return tuple(node["shape"]), dict(zip(itertools.product(*map(range, node["shape"])), inputs[0][0].values()))

    def _broadcast(self, node, inputs, place):
        (value, shape), = inputs
        new = len(node["shape"]) - len(shape)
        return tuple(node["shape"]), {
            i: value[tuple(j if n > 1 else 0 for j, n in zip(i[new:], shape))]
            for i in itertools.product(*map(range, node["shape"]))}

    def _select(self, node, inputs, place):
        (value, shape), = inputs
        times_each = node["shape"][node["axis"]] // shape[node["axis"]]
        return tuple(node["shape"]), {
            i: value[tuple(j // times_each if k == node["axis"] else j for k, j in enumerate(i))]
            for i in itertools.product(*map(range, node["shape"]))}

    def _windows(self, node, inputs, place):
        (value, shape), = inputs
        inside = list(itertools.product(*map(range, shape[node["kept"]:])))
        spots = list(itertools.product(*map(range, node["shape"][node["kept"]:])))
        return tuple(node["shape"]), {
            (*lead, *spot): value[(*lead, *inside[k])] if k >= 0 else {}
            for lead in itertools.product(*map(range, shape[:node["kept"]])) for spot, k in zip(spots, node["places"])}


def segment_number(graph):
    """Return the size of a segment and its number of laws."""
    key = repr(graph)
    if key not in _KNOWN:
        drawing, earlier = SegmentDrawing(graph), []
        pairs = []
        for pair in graph["pairings"]:
            shape = drawing.shapes[pair["node"]]
            kind = {"sum zero": "sum", "sum zero and orthogonal": "both"}.get(pair["covector"], pair["covector"])
            earlier = [int(i[-1] <= i[-2]) for i in itertools.product(*map(range, shape))] if pair["causal"] else None
            pairs.append((drawing.values[pair["node"]], drawing.covector(pair["node"], kind, earlier)))
        order = [v for i in graph["parameters"] for v in drawing.leaves[i]]
        truth_here = Truth.__new__(Truth)
        truth_here.fields = list(collected(pairs, order).values())
        generator = random.Random(1)
        truth_here.point = [generator.randrange(P) for _ in order]
        _KNOWN[key] = len(order), len(order) - truth_here._rank()
    return _KNOWN[key]


def growth_falsehood(record, m, n, words):
    """Return what is false in what a proof by growth states, or ``None``; segments of over 250 parameters are
    beyond what is written out."""
    width, problem = record["width"], record["problem"]
    size = least = most = width["still"]
    for one in width["segments"]:
        graph = one["graph"]
        here = sum(prod(graph["sizes"][c] for axis in graph["nodes"][i]["axes"] for c in axis)
                   for i in graph["parameters"])
        if here <= 250:
            own, laws = segment_number(graph)
            size, least, most = (total + one["times"] * more for total, more in
                                 ((size, own), (least, laws), (most, laws)))
        elif "base" in one:
            return f"a segment of {here} parameters is beyond the oracle"
        else:
            # Nothing is claimed of it.
            size, most = size + one["times"] * here, most + one["times"] * here
    if n != size or record["dimension"] != n:
        return f"the dimension is {size}"
    if words[3] and (least, most) != (m, m) or m > least or words[6] and most > int(words[6]):
        return f"there are {least} to {most} laws"
    if any(f" {word}" not in record["statement"] for word in (
        f"{problem['loss']} loss", " ".join(map(str, [problem["architecture"], *problem["sizes"]])),
        "gradient flow, euclidean metric", "segments of", "in this file", "assumed:",
    )):
        return "the statement names another problem"
    return None


def wide_falsehood(record, m, n, words):
    """Return what is false in what a certificate at any width states, or ``None``."""
    if record["width"]["kind"] == "growth":
        return growth_falsehood(record, m, n, words)
    problem = record["problem"]
    sizes, hidden = problem["sizes"], problem["sizes"][1:-1]
    dimension = sum(a * b for a, b in zip(sizes, sizes[1:])) + (sum(hidden) if problem["options"] else 0)
    if n != dimension or record["dimension"] != n:
        return f"the dimension is {dimension}"
    number = wide_number(problem)
    if words[3] and number != m or m > number or words[6] and number > int(words[6]):
        return f"there are {number} laws"
    if len(record["laws"]) != len(hidden) + (problem["loss"] == "cross-entropy"):
        return "these are not the laws"
    if record["assumption"] == "none" and problem["architecture"] == "relu":
        return "something is assumed"
    if any(f" {word}" not in record["statement"] for word in (
        f"{problem['loss']} loss", " ".join(map(str, [problem["architecture"], *sizes])), "gradient flow, euclidean"
    )) or bool(problem["options"]) != ("with bias 1" in record["statement"]):
        return "the statement names another problem"
    return None
