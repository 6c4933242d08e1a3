r"""
The fields of an adaptive optimiser written out: drift, linear parts and quadratic parts, in the parameters, the moments
and `p = 1/\sqrt v`.

The trivial case is a parameter that no data move: it has no moments.  The famous one is Adam on one parameter, whose
fields are in the example.  What squares too many gradients is refused with the number of its fields.

EXAMPLES::

    sage: from sage_conslaw import flows, networks
    sage: flows.adam(rates=(2, 1)).family(networks.product(1).response()).polynomial_fields()
    [[2*s, -m_x1*p_x1, -2*m_x1, 1/2*p_x1], [0, 0, 2, 0], [0, 0, 0, -p_x1^3]]
"""
from fractions import Fraction

from ..exact import terms as sparse
from ..runtime.errors import NotCovered
from .groups import common_rate, fresh, unused
from .spanned import ONE, coordinate, spanning_gradients

HALF = Fraction(1, 2)

# Fields times coordinates of a family that is written out: 250,000 take about 10 s.
_MOST_ENTRIES = 250_000

# name: (state beside theta, in order).  m: first moment; p: 1 / root of the second moment; c: its centre; w: momentum;
# r: ratio of roots.
KINDS = {
    "adam": ("m", "p"), "nadam": ("m", "p"), "adamax": ("m", "p"), "rmsprop": ("p",), "rmsprop-centred": ("c", "p"),
    "rmsprop-momentum": ("w", "p"), "rmsprop-centred-momentum": ("w", "c", "p"), "adagrad": ("p",),
    "adadelta": ("r", "p"),
}

_MEANING = {
    "m": "the first moment of", "p": "one over the root of the second moment of", "c": "the mean gradient of",
    "w": "the momentum of", "r": "the root of the quotient of both moments of",
    ("adadelta", "p"): "one over the second moment and eps of",
    ("adamax", "p"): "one over the largest recent gradient of",
    ("rmsprop-centred", "p"): "one over the root of the variance of the gradient of",
    ("rmsprop-centred-momentum", "p"): "one over the root of the variance of the gradient of",
    ("adagrad", "p"): "one over the root of the sum of squared gradients of",
}


class WrittenFields:
    """The fields of one optimiser on one response: coordinates by block, then drift, linear and quadratic parts."""

    def __init__(self, flow, response):
        self.kind, self.rate, self.decoupled = flow.kind, dict(flow.rates), flow.decoupled
        self.D, blocks = response.dimension, KINDS[flow.kind]
        self.rates, self.decays = flow.rates_and_decays(response)
        # A frozen parameter has no moments: they would only decay, and be laws of nothing.
        self.moving = [i for i, rate in enumerate(self.rates) if rate]
        speeds = [rate for name, rate in flow.rates if name in ("a", "b")] + [decay for decay in self.decays if decay]
        # The sum of first moments whose gradients cancel decays like exp(-a t): with this clock it is a polynomial law.
        self.clock = self.rate.get("a") or (common_rate(speeds) if any(speeds) else Fraction(0))
        self.first = 1 if self.clock else 0
        self.names = [unused("s", response.names)] if self.first else []
        self.plain = list(response.names)
        self.place = {"": [self.first + i for i in range(self.D)]}
        self.names += response.names
        for block in blocks:
            self.place[block] = dict(zip(self.moving, range(len(self.names), len(self.names) + len(self.moving))))
            self.names += fresh(f"{block}_", [response.names[i] for i in self.moving], self.names)
        gradients = ([f if rate else {} for f, rate in zip(row, self.rates)] for row in spanning_gradients(response))
        self.gradients = [[sparse.shifted(f, self.first) for f in row] for row in gradients if any(row)]
        number = len(self.gradients) * (len(self.gradients) + 3) // 2
        # Pairs of gradients: k gradients make k linear and k (k + 1)/2 quadratic fields.
        if number * len(self.names) > _MOST_ENTRIES:
            raise NotCovered(
                f"{flow.name} squares gradients: its family has {number} fields in {len(self.names)} coordinates here, "
                f"and at most {_MOST_ENTRIES} entries are written out; on smaller networks of each kind no law of "
                "gradient flow survives: try such a one, or flow sgd or sign"
            )

    def meaning(self):
        out = {self.names[0]: f"exp({self.clock}*t)"} if self.first else {}
        for block, places in self.place.items():
            for i in self.moving if block else ():
                words = _MEANING.get((self.kind, block)) or _MEANING[block]
                out[self.names[places[i]]] = f"{words} {self.plain[i]}"
        return out

    def at(self, block, i):
        return coordinate(self.place[block][i])

    def pull(self, i):
        """Return what coupled weight decay adds to the gradient."""
        return {} if self.decoupled or not self.decays[i] else sparse.scaled(self.at("", i), self.decays[i])

    def _place(self, field, i, parts):
        """Put the parts of a field at coordinate ``i`` in their places, the step of the parameter at its rate."""
        for block, terms in parts.items():
            field[self.place[block][i]] = terms if block else sparse.scaled(terms, self.rates[i])

    def moved(self, i, g, square):
        """
        Return the entries of one field at coordinate ``i`` by block.

        ``g`` stands for the gradient and ``square`` for its square, as polynomials; the parts of a field are what these
        two are replaced by.
        """
        a, b = self.rate.get("a", ONE), self.rate.get("b", ONE)
        p = self.at("p", i) if self.kind != "adadelta" else None
        if self.kind in ("adam", "nadam"):
            step = sparse.multiply(p, self.at("m", i))
            if self.kind == "nadam":
                c = self.rate["c"]
                step = sparse.add(sparse.scaled(step, 1 - c), sparse.scaled(sparse.multiply(p, g), c))
            return {
                "": sparse.scaled(step, -ONE), "m": _follow(self.at("m", i), g, a), "p": _inverse_root(p, square, b),
            }
        if self.kind.startswith("rmsprop"):
            return self._rmsprop(i, g, square, a, b, p)
        if self.kind == "adagrad":
            return {
                "": sparse.scaled(sparse.multiply(p, g), -ONE),
                "p": sparse.scaled(sparse.multiply(_cube(p), square), -HALF),
            }
        raise AssertionError(self.kind)

    def _rmsprop(self, i, g, square, a, b, p):
        out = {}
        if "centred" in self.kind:
            # The second moment about the mean c: (g - c)^2.
            c = self.at("c", i)
            out["c"] = _follow(c, g, b)
            square = sparse.add(
                sparse.add(square, sparse.scaled(sparse.multiply(c, g), Fraction(-2))),
                sparse.multiply(c, c),
            )
        out["p"] = _inverse_root(p, square, b)
        step = sparse.multiply(p, g)
        if "momentum" in self.kind:
            out["w"] = sparse.scaled(sparse.add(step, sparse.scaled(self.at("w", i), -ONE)), a)
            out[""] = sparse.scaled(self.at("w", i), -ONE)
        else:
            out[""] = sparse.scaled(step, -ONE)
        return out

    def drift(self):
        fields = [{} for _ in self.names]
        if self.first:
            fields[0] = {(0,): self.clock}
        if self.kind in ("adamax", "adadelta"):
            self._special_drift(fields)
        else:
            for i in self.moving:
                pull = self.pull(i)
                self._place(fields, i, self.moved(i, pull, sparse.multiply(pull, pull)))
        # Beside the fields in g: the moments do not see this decay.
        if self.decoupled:
            for i in self.moving:
                at = self.place[""][i]
                fields[at] = sparse.add(fields[at], sparse.scaled(self.at("", i), -self.decays[i]))
        return fields if any(fields) else None

    def _special_drift(self, fields):
        if self.kind == "adamax":
            for i in self.moving:
                step = sparse.scaled(sparse.multiply(self.at("p", i), self.at("m", i)), -ONE)
                follow = _follow(self.at("m", i), self.pull(i), self.rate["a"])
                # Between records v shrinks like exp(-b t), so that p = 1/v grows.
                self._place(fields, i, {"": step, "m": follow, "p": sparse.scaled(self.at("p", i), self.rate["b"])})
            return
        # Adadelta: P = 1/(v + eps) and r = root of (u + eps)/(v + eps), all fields times the product of the r.
        b, eps, whole = self.rate["b"], self.rate["eps"], {(): ONE}
        for i in self.moving:
            whole = sparse.multiply(whole, self.at("r", i))
        if self.first:
            fields[0] = sparse.scaled(sparse.multiply(whole, coordinate(0)), self.clock)
        for i in self.moving:
            P, r = self.at("p", i), self.at("r", i)
            others = {(): ONE}
            for j in self.moving:
                if j != i:
                    others = sparse.multiply(others, self.at("r", j))
            # Without g both moments shrink: (r^2)' = b eps (v - u)/(v + eps)^2 = b eps P (1 - r^2), and P' = b v P^2.
            gap = sparse.add({(): ONE}, sparse.scaled(sparse.multiply(r, r), -ONE))
            ratio = sparse.scaled(sparse.multiply(sparse.multiply(others, P), gap), b * eps / 2)
            change = sparse.add(P, sparse.scaled(sparse.multiply(P, P), -eps))
            self._place(fields, i, {"r": ratio, "p": sparse.scaled(sparse.multiply(whole, change), b)})

    def controls(self):
        fields = []
        for number, row in enumerate(self.gradients):
            fields.append(self._linear(row))
            # The square of sum_k c_k g_k has the coefficient g_k g_l at c_k c_l: each pair once.
            for other in self.gradients[number:]:
                fields.append(self._quadratic(row, other))
        if self.kind == "adamax":
            # Where one entry of the gradient is the largest so far, it resets its own p to any smaller value.
            for i in self.moving:
                if any(row[i] for row in self.gradients):
                    field = [{} for _ in self.names]
                    field[self.place["p"][i]] = {(): ONE}
                    fields.append(field)
        return [field for field in fields if any(field)]

    def _linear(self, row):
        """Return the part of the field that is linear in the gradient, at a gradient."""
        field = [{} for _ in self.names]
        for i, g in enumerate(row):
            if not g:
                continue
            if self.kind == "adamax":
                parts = {"m": sparse.scaled(g, self.rate["a"])}
            elif self.kind == "adadelta":
                parts = {"": sparse.scaled(sparse.multiply(self.at("r", i), g), -ONE)}
            else:
                pull = self.pull(i)
                still = self.moved(i, pull, sparse.multiply(pull, pull))
                # F(pull + g) has degree two in g: with the square cut to pull^2 + 2 pull g, less F(pull), its linear
                # part is left.
                cross = sparse.scaled(sparse.multiply(pull, g), Fraction(2))
                both = self.moved(i, sparse.add(pull, g), sparse.add(sparse.multiply(pull, pull), cross))
                parts = {block: sparse.add(both[block], sparse.scaled(still[block], -ONE)) for block in both}
            self._place(field, i, parts)
        return field

    def _quadratic(self, row, other):
        """Return the part that is quadratic in the gradient, at a pair of gradients."""
        field = [{} for _ in self.names]
        for i, (g, h) in enumerate(zip(row, other)):
            if not g or not h or self.kind == "adamax":
                continue
            # For Adadelta d(r^2) has the quadratic parts b r^2 g^2 P from u' and - r^2 P b g^2 from v', which cancel: P
            # alone keeps one.
            p = self.at("p", i)
            # The direction alone: a factor such as b/2 > 0 changes no span.
            factor = sparse.multiply(p, p) if self.kind == "adadelta" else _cube(p)
            field[self.place["p"][i]] = sparse.scaled(sparse.multiply(factor, sparse.multiply(g, h)), -ONE)
        return field


def _cube(p):
    return sparse.multiply(p, sparse.multiply(p, p))


def _follow(m, g, rate):
    """Return `rate (g - m)`."""
    return sparse.scaled(sparse.add(g, sparse.scaled(m, -ONE)), rate)


def _inverse_root(p, square, rate):
    """Return `p' = (rate/2)(p - p^3 square)` of `p = v^{-1/2}`, `v' = rate (square - v)`."""
    return sparse.scaled(sparse.add(p, sparse.scaled(sparse.multiply(_cube(p), square), -ONE)), rate / 2)
