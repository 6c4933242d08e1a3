r"""
Adaptive optimisers in continuous time: Adam, AdamW, NAdam, RAdam, RMSprop, Adagrad, Adadelta, Adamax, as polynomial
families.

Adam moves `\theta` by `-m / \sqrt v`, where `m` and `v` follow the gradient and its square: `m' = a (g - m)`,
`v' = b (g^2 - v)`, with `a = (1 - \beta_1)/\eta`, `b = (1 - \beta_2)/\eta` and the time `t = k \eta` after `k` steps.
With `p = 1/\sqrt v` in place of `v` all is polynomial:

    `\theta' = -p m,\quad m' = a (g - m),\quad p' = \tfrac b2 (p - p^3 g^2)`, entry by entry.

The field is quadratic in `g`, and data make every multiple of `g`: `h` is conserved iff it is along the part without
`g`, `(-p m, -a m, b p / 2)`, along the linear parts `(0, g, 0)` and along the quadratic ones `(0, 0, p^3 g \tilde g)`
for all gradients `g, \tilde g`.  This is a family like any other, and its Lie algebra counts the laws, in `\theta`,
`m`, `p` and time together.  The trivial case: the moments of a parameter that no data move only decay. The famous one:
`u v` has no law at all, where gradient flow has `u^2 - v^2` and sign flow `|u| - |v|`.  One where something survives:
two parameters that enter only as a sum have equal gradients, and from equal moments equal steps; behind a softmax
`e^{a t} \sum_k m_k` is a law.

What the limit leaves out is said in the remarks of a result: `\epsilon = 0`, no correction of the bias of `m` and `v`
(both change `p` and `m` by functions of time that tend to 1), and steps are small against `1 - \beta`.  A full Lie
algebra at `\epsilon = 0` is one for all but finitely many `\epsilon`: its minors are rational in `\epsilon`.
"""
from dataclasses import dataclass
from fractions import Fraction

from ..exact import terms as sparse
from ..runtime.errors import InputError, NotCovered
from .groups import common_rate
from .spanned import ONE, WrittenFamily, WrittenFlow, coordinate, spanning_gradients, unused
from .tau import is_exact

HALF = Fraction(1, 2)

# Fields times coordinates of a family that is written out: 250,000 take about 10 s.
_MOST_ENTRIES = 250_000

# name: (state beside theta, in order).  m: first moment; p: 1 / root of the second moment; c: its centre; w: momentum;
# r: ratio of roots.
KINDS = {
    "adam": ("m", "p"),
    "nadam": ("m", "p"),
    "adamax": ("m", "p"),
    "rmsprop": ("p",),
    "rmsprop-centred": ("c", "p"),
    "rmsprop-momentum": ("w", "p"),
    "rmsprop-centred-momentum": ("w", "c", "p"),
    "adagrad": ("p",),
    "adadelta": ("r", "p"),
}
_MEANING = {
    "m": "the first moment of",
    "p": "one over the root of the second moment of",
    "c": "the mean gradient of",
    "w": "the momentum of",
    "r": "the root of the quotient of both moments of",
    ("adadelta", "p"): "one over the second moment and eps of",
    ("adamax", "p"): "one over the largest recent gradient of",
    ("rmsprop-centred", "p"): "one over the root of the variance of the gradient of",
    ("rmsprop-centred-momentum", "p"): "one over the root of the variance of the gradient of",
    ("adagrad", "p"): "one over the root of the sum of squared gradients of",
}


@dataclass(frozen=True, repr=False)
class AdaptiveFlow(WrittenFlow):
    r"""
    An optimiser that divides by a second moment.

    - ``kind`` -- one of ``KINDS``; ``rates`` -- pairs (name, rational): ``a`` and ``b``, how fast the moments follow,
      ``eps`` for Adadelta

    - ``decay`` -- weight decay: decoupled, or added to the gradient

    - ``groups`` -- rates multiply the steps of an array, not its moments; a frozen array has no moments

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, flows, networks
        sage: conservation_laws(networks.product(2), flow=flows.adam(), seed=0).number
        0
        sage: flows.adam().family(networks.product(1).response()).names
        ['s', 'x1', 'm_x1', 'p_x1']
    """

    kind: str = "adam"
    rates: tuple = ()

    @property
    def keeps_ring(self):
        r"""
        The state has moments beside the parameters.

        EXAMPLES::

            sage: from sage_conslaw import flows
            sage: flows.adam().keeps_ring
            False
        """
        return False

    def family(self, response, metric=None):
        r"""
        Return the family of the moments' dynamics, written out.

        EXAMPLES::

            sage: from sage_conslaw import flows, networks
            sage: flows.rmsprop(rate=1/10).family(networks.product(1).response()).polynomial_fields()
            [[1/10*s, 0, 1/20*p_x1], [0, -p_x1, 0], [0, 0, -p_x1^3]]
        """
        written = _Written(self, response)
        every = list(range(written.first, len(written.names)))
        remarks = self.remarks or (
            ("the limit of small steps with eps = 0 and without bias correction",)
            if "eps" not in dict(self.rates)
            else ("the limit of small steps",)
        )
        if not any(written.decays):
            # Behind a softmax of two classes, for instance: an invariant subset of the states, no law of all of them.
            remarks += ("from equal moments, parameters with equal or opposite gradients keep their difference or sum",)
        return WrittenFamily.of(
            written.names,
            written.drift(),
            written.controls(),
            written.first,
            remarks,
            time=0 if written.first else None,
            rate=str(written.clock) if written.first else None,
            meaning=written.meaning(),
            ansatz=[(every, 2)] + ([([0], 2)] if written.first else []),
        )


class _Written:
    """The fields of one optimiser on one response: coordinates by block, then drift, linear and quadratic parts."""

    def __init__(self, flow, response):
        self.kind, self.rate, self.decoupled = flow.kind, dict(flow.rates), flow.decoupled
        self.D, blocks = response.dimension, KINDS[flow.kind]
        self.rates, self.decays = flow.rates_and_decays(response)
        self.moving = [i for i, rate in enumerate(self.rates) if rate]
        speeds = [rate for name, rate in flow.rates if name in ("a", "b")] + [decay for decay in self.decays if decay]
        # The sum of first moments whose gradients cancel decays like exp(-a t): with this clock it is a polynomial law.
        self.clock = self.rate.get("a") or (common_rate(speeds) if any(speeds) else Fraction(0))
        self.first = 1 if self.clock else 0
        self.names = [unused("s", response.names)] if self.first else []
        taken, self.plain = {*self.names, *response.names}, list(response.names)
        self.place = {"": [self.first + i for i in range(self.D)]}
        self.names += response.names
        for block in blocks:
            self.place[block] = [None] * self.D
            for i in self.moving:
                self.place[block][i] = len(self.names)
                self.names.append(unused(f"{block}_{response.names[i]}", taken))
                taken.add(self.names[-1])
        gradients = ([f if rate else {} for f, rate in zip(row, self.rates)] for row in spanning_gradients(response))
        self.gradients = [[sparse.shifted(f, self.first) for f in row] for row in gradients if any(row)]
        number = len(self.gradients) * (len(self.gradients) + 3) // 2
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
                "": sparse.scaled(step, -ONE),
                "m": _follow(self.at("m", i), g, a),
                "p": _inverse_root(p, square, b),
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
            gap = sparse.add({(): ONE}, sparse.scaled(sparse.multiply(r, r), -ONE))
            ratio = sparse.scaled(sparse.multiply(sparse.multiply(others, P), gap), b * eps / 2)
            change = sparse.add(P, sparse.scaled(sparse.multiply(P, P), -eps))
            self._place(fields, i, {"r": ratio, "p": sparse.scaled(sparse.multiply(whole, change), b)})

    def controls(self):
        fields = []
        for number, row in enumerate(self.gradients):
            fields.append(self._linear(row))
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
            p = self.at("p", i)
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


def _rational(value, name, positive=True):
    if isinstance(value, float) or not is_exact(value):
        raise InputError(f"{name} = {value} is not exact; give a rational such as 1/10")
    value = Fraction(str(value))
    if value < 0 or positive and not value:
        raise InputError(f"{name} = {value} is not {'positive' if positive else 'zero or positive'}")
    return value


def adam(rates=(100, 1), weight_decay=0, decoupled=False):
    r"""
    Return Adam in continuous time: `\theta' = -m/\sqrt v`, `m' = a (g - m)`, `v' = b (g^2 - v)`.

    INPUT:

    - ``rates`` -- the pair `(a, b) = ((1 - \beta_1)/\eta, (1 - \beta_2)/\eta)`; the default is PyTorch's

    - ``weight_decay`` -- a rational; ``decoupled`` -- AdamW

    EXAMPLES:

    No law of gradient flow survives, and there are no others, in the parameters and both moments together::

        sage: from sage_conslaw import count_conservation_laws, flows, networks
        sage: count_conservation_laws(networks.linear([2, 1, 2]), flow=flows.adam(), seed=0)
        0 independent laws in 13 state coordinates (4 parameters) (proved, no assumption)
        sage: flows.adam(rates=(1, -1))
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: a rate of Adam = -1 is not positive

    REFERENCES: Barakat and Bianchi 2021, *Convergence and dynamical behavior of the Adam algorithm for nonconvex
    stochastic optimization*, (1.2)
    """
    a, b = (_rational(rate, "a rate of Adam") for rate in rates)
    return AdaptiveFlow(
        "adamw" if decoupled else "adam",
        decay=_rational(weight_decay, "weight_decay", False),
        decoupled=decoupled,
        kind="adam",
        rates=(("a", a), ("b", b)),
    )


def rmsprop(rate=10, weight_decay=0, centred=False, momentum=None):
    r"""
    Return RMSprop in continuous time: `\theta' = -g/\sqrt v`, `v' = b (g^2 - v)`.

    INPUT:

    - ``rate`` -- `b = (1 - \alpha)/\eta`; ``centred`` -- whether the mean gradient is subtracted; ``momentum`` --
      `(1 - \mu)/\eta`, or ``None``

    EXAMPLES::

        sage: from sage_conslaw import count_conservation_laws, flows, networks
        sage: [count_conservation_laws(networks.product(2), flow=flow, seed=0).number
        ....:  for flow in (flows.rmsprop(), flows.rmsprop(centred=True), flows.rmsprop(momentum=1))]
        [0, 0, 0]
    """
    kind = "rmsprop" + ("-centred" if centred else "") + ("" if momentum is None else "-momentum")
    rates = [("b", _rational(rate, "rate"))] + (
        [] if momentum is None else [("a", _rational(momentum, "momentum", False))]
    )
    return AdaptiveFlow("rmsprop", decay=_rational(weight_decay, "weight_decay", False), kind=kind, rates=tuple(rates))


def adagrad(weight_decay=0):
    r"""
    Return Adagrad in continuous time: `\theta' = -g/\sqrt v`, `v' = g^2`.

    EXAMPLES::

        sage: from sage_conslaw import count_conservation_laws, flows, networks
        sage: count_conservation_laws(networks.product(2), flow=flows.adagrad(), seed=0).number
        0
    """
    return AdaptiveFlow("adagrad", decay=_rational(weight_decay, "weight_decay", False), kind="adagrad")
