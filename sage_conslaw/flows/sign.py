r"""
Sign flow, `\theta' = -\operatorname{sgn}(\nabla E)`: signSGD, Adam with `\beta_1 = \beta_2 = 0`, Lion without momentum.

For one data set the field is locally constant; the laws near a generic point are the functions that every sign vector
annihilates which occurs there, so they are functions of linear ones, and their number is `D` minus the rank of the sign
vectors that occur. Enumerating sign vectors is not needed.  The gradients at `\theta` form a linear space `V`;
coordinate `j` is a linear functional `l_j` on it.

**Lemma.** The rank of the sign vectors of `V` is the number of classes of nonzero functionals `l_j` up to factors.

*Proof.* Proportional functionals have equal or opposite signs throughout, so the rank is at most that.  Let
`\sum_c a_c \operatorname{sgn} l_c = 0` on `V` for one functional a class.  At a point of `\ker l_c` outside the other
kernels, which exists as no two are proportional, cross `\ker l_c`: only `\operatorname{sgn} l_c` jumps, so `a_c = 0`.
The two sides of the crossing are the witness: they differ in the class alone. `\square`

So every law is `\sigma_i \theta_i - \sigma_j \theta_j` for two coordinates whose gradients are proportional, with
`\sigma_i / \sigma_j` the sign of the quotient, or a coordinate that never moves.  The trivial case: `u v` has the
gradients `(c v, c u)`, one class, the law `\operatorname{sgn}(u) u - \operatorname{sgn}(v) v`, that is `|u| - |v|`.
The famous one: two linear layers with one input and several outputs, `\sum_k u_k V_{ki}`, where `V_{ki}` moves by
`c_i u_k`: for each `i` the `r` coordinates `V_{ki}` are one class, `m (r - 1)` laws `\operatorname{sgn}(u_k) V_{ki} -
\operatorname{sgn}(u_l) V_{li}`.  One that fails: with two inputs and two outputs no two functionals are proportional,
and nothing is conserved.

Whether two coordinates are proportional is decided exactly: a minor that is not zero modulo a prime at one point shows
that they are not, a polynomial identity over Q that they are.
"""
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..exact import terms as sparse
from ..exact.arithmetic import ModularArithmetic
from ..exact.modular import random_array, residues
from ..exact.primes import random_prime
from ..runtime.errors import InputError, InputTypeError, NotCovered
from .spanned import MOST_FIELDS, ONE, WrittenFamily, WrittenFlow, spanning_gradients, unused
from .tau import is_exact

# Laws are also written for every region, with signs of polynomials, up to this many parameters.
_GENERAL_TEXT = 60


@dataclass(frozen=True, repr=False)
class SignFlow(WrittenFlow):
    r"""
    Sign descent in continuous time, near a point that chooses the region of signs.

    - ``at`` -- pairs (name, rational), the point; other parameters are positive

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, flows, networks
        sage: flows.sign()
        sign flow
        sage: conservation_laws(networks.linear([1, 2, 3]), flow=flows.sign()).laws
        (U2_1_1 - U2_2_1, U2_1_2 - U2_2_2, U2_1_3 - U2_2_3)
    """

    at: tuple = ()

    @property
    def keeps_ring(self):
        r"""
        Whether the state is that of the parameters alone.

        EXAMPLES::

            sage: from sage_conslaw import flows
            sage: flows.sign().keeps_ring, flows.weight_decay(1, flows.sign()).keeps_ring
            (True, False)
        """
        return not self.decay

    def family(self, response, metric=None):
        r"""
        Return the family of sign vectors: one constant field a class of proportional coordinates.

        A positive diagonal metric changes no sign; the network's own is one.

        EXAMPLES::

            sage: from sage_conslaw import flows, networks
            sage: flows.sign().family(networks.product(3).response()).polynomial_fields()
            [[1, 1, 1]]
        """
        classes = proportional_classes(response)
        signs = classes.signs(self.at)
        D, first = response.dimension, 1 if self.decay else 0
        if D > MOST_FIELDS:
            if self.decay:
                raise NotCovered(
                    f"sign flow with weight decay is written out, for at most {MOST_FIELDS} parameters; "
                    f"without decay it is counted at any size"
                )
            where = (
                "the gradients have the signs that they have at the given point"
                if self.at
                else "all parameters are positive"
            )
            return SignFamily(
                response.names,
                classes.moving,
                signs,
                (*self.remarks, f"laws where {where}; the number is the same in every region of signs"),
            )
        fields = []
        for members in classes.moving:
            field = [{}] * (D + first)
            for j in members:
                field[first + j] = {(): Fraction(signs[j])}
            fields.append(field)
        remarks = [*self.remarks, classes.region_text(self.at, signs)]
        if not self.decay:
            # Laws are linear, so the search is; products of laws say nothing new.
            return WrittenFamily.of(list(response.names), None, fields, remarks=remarks, ansatz=[(list(range(D)), 1)])
        names = [unused("s", response.names)] + list(response.names)
        drift = [{(0,): self.decay}] + [{(i + 1,): -self.decay} for i in range(D)]
        return WrittenFamily.of(
            names,
            drift,
            fields,
            1,
            remarks,
            time=0,
            rate=str(self.decay),
            meaning={names[0]: f"exp({self.decay}*t)"},
            ansatz=[(list(range(1, D + 1)), 1), ([0], 1)],
        )

    def witnesses(self, network, loss="least-squares"):
        r"""
        Return for each class of proportional coordinates two exact gradients whose sign vectors differ in this class
        alone.

        OUTPUT: list of triples (names of the class, gradient, gradient), the gradients as lists of rationals at the
        point of the region

        EXAMPLES::

            sage: from sage_conslaw import flows, networks
            sage: for names, plus, minus in flows.sign().witnesses(networks.linear([1, 1, 2])):
            ....:     print(names, [sign(x) for x in plus], [sign(x) for x in minus])
            ['U1_1_1'] [1, ..., ...] [-1, ..., ...]
            ['U2_1_1'] [..., 1, ...] [..., -1, ...]
            ['U2_1_2'] [..., ..., 1] [..., ..., -1]
        """
        from .._sage import QQ
        classes = proportional_classes(network.response(loss))
        sage = lambda vector: [QQ((value.numerator, value.denominator)) for value in vector]
        return [
            ([classes.names[j] for j in members], *map(sage, pair))
            for members, pair in zip(classes.moving, classes.crossings(self.at))
        ]


class SignFamily(WrittenFamily):
    r"""
    The sign vectors of many parameters: one constant field a class, kept by its coordinates.

    EXAMPLES::

        sage: from sage_conslaw.flows.sign import SignFamily
        sage: SignFamily(["a", "b", "c"], [[0r, 2r], [1r]], [1r, 1r, -1r])
        Family of 2 sign vectors in 3 parameters
    """

    controls = ()

    def __init__(self, names, classes, signs, remarks=()):
        self.names, self.drift, self.classes = list(names), None, classes
        self.field_degree, self.height_bits, self.user_ring = 1, 1, None
        self.ansatz = [(list(range(len(self.names))), 1)]
        self._class = np.full(len(self.names), len(classes), dtype=np.int64)
        for number, members in enumerate(classes):
            self._class[members] = number
        self._signs = np.array([sign or 1 for sign in signs], dtype=np.int64)
        self.remarks = tuple(remarks)

    @property
    def closed_rank(self):
        """The exact rank: constant fields with disjoint coordinates are independent, and their brackets vanish."""
        return len(self.classes)

    def __repr__(self):
        return f"Family of {len(self.classes)} sign vectors in {len(self.names)} parameters"

    def draw(self, generator, p, batch):
        """Return random coefficients of the classes."""
        return random_array(generator, (batch, len(self.classes)), p)

    @property
    def data_size(self):
        """How many classes there are."""
        return len(self.classes)

    def data_from_numbers(self, p, rows):
        """Return coefficients of the classes from lists of numbers."""
        return rows if p is None else residues(rows, (len(rows), len(self.classes)), p)

    def control(self, A, z, data):
        """Return combinations of the sign vectors."""
        padded = A.concatenate([A.embed(data), A.constant([0])], -1)
        return A.multiply(A.constant(self._signs), A.take(padded, self._class))

    def polynomial_fields(self):
        """Return the sign vectors, written out."""
        ring = self.ring()
        rows = []
        for members in self.classes:
            row = [ring.zero()] * len(self.names)
            for j in members:
                row[j] = ring(int(self._signs[j]))
            rows.append(row)
        return rows

    def weight_relations(self, lattice):
        """Make the members of each class alike."""
        state = lattice.unknowns(self.dimension)
        for members in self.classes:
            for j in members[1:]:
                lattice.relation({state[members[0]]: 1}, {state[j]: -1})
        return state

    def _controls_annihilate(self, ring, gradient):
        totals = {}
        for variable, part in gradient.items():
            number = int(self._class[variable])
            if number < len(self.classes):
                signed = part if self._signs[variable] > 0 else -part
                totals[number] = totals[number] + signed if number in totals else signed
        return not any(totals.values())

    def linear_laws(self):
        """Return the laws, which are all: differences within a class, and coordinates that never move."""
        laws = [{(int(j),): ONE} for j in np.flatnonzero(self._class == len(self.classes))]
        for members in self.classes:
            i = members[0]
            laws += [{(i,): Fraction(int(self._signs[i])), (j,): -Fraction(int(self._signs[j]))} for j in members[1:]]
        return laws


class ProportionalClasses:
    r"""
    Coordinates whose gradients are proportional for all data, with the polynomials whose quotient is the factor.

    - ``moving`` -- the classes, lists of coordinates; ``still`` -- the coordinates whose gradient is zero

    EXAMPLES::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.flows.sign import proportional_classes
        sage: c = proportional_classes(networks.linear([1, 2, 2]).response()); c.moving, c.still
        ([[0], [1], [2, 4], [3, 5]], [])
        sage: c.law_texts()
        ['sgn(U1_1_1)*U2_1_1 - sgn(U1_1_2)*U2_2_1', 'sgn(U1_1_1)*U2_1_2 - sgn(U1_1_2)*U2_2_2']
    """

    def __init__(self, names, gradients, classes, still):
        self.names, self.gradients = list(names), gradients
        self.moving, self.still = classes, still

    def _along(self, members):
        """Return one spanning gradient that moves a class: its entries are the factors of the members."""
        return next(row for row in self.gradients if row[members[0]])

    def point(self, at):
        """Return the rational point: what is given, else small positive numbers with no relation that would hold by
        accident."""
        place = {name: i for i, name in enumerate(self.names)}
        # Quotients of distinct odd numbers; any generic positive point does.
        values = [Fraction(2 * i + 3, 2 * ((7 * i + 3) % 97) + 5) for i in range(len(self.names))]
        for name, value in at:
            if name not in place:
                raise InputError(
                    f"the point has the coordinate {name}, which is not a parameter ({', '.join(self.names[:8])}"
                    f"{', ...' if len(self.names) > 8 else ''})"
                )
            values[place[name]] = value
        return values

    def signs(self, at):
        """Return the sign of each coordinate in its class at the point."""
        values, out = self.point(at), [0] * len(self.names)
        for members in self.moving:
            if len(members) == 1:
                out[members[0]] = 1
                continue
            row = self._along(members)
            for j in members:
                value = _value(row[j], values)
                if not value:
                    raise InputError(
                        f"the gradient of {self.names[j]} vanishes at the point for all data that move "
                        f"its class: the point lies on a "
                        "wall between regions; give other numbers"
                    )
                out[j] = 1 if value > 0 else -1
            if out[members[0]] < 0:
                for j in members:
                    out[j] = -out[j]
        return out

    def crossings(self, at):
        """Return for each class two gradients at the point on the two sides of its kernel, on one side of all
        others."""
        values = self.point(at)
        table = [[_value(f, values) for f in row] for row in self.gradients]
        columns = [[row[members[0]] for row in table] for members in self.moving]
        out = []
        for number, functional in enumerate(columns):
            other = columns[:number] + columns[number + 1:]
            base = _in_kernel(functional, other)
            reach = [abs(_dot(c, base)) / abs(_dot(c, functional)) for c in other if _dot(c, functional)]
            step = min(reach, default=ONE) / 2
            pair = [
                [
                    sum((b + sign * step * f) * row[j] for b, f, row in zip(base, functional, table))
                    for j in range(len(self.names))
                ]
                for sign in (1, -1)
            ]
            out.append(pair)
        return out

    def law_texts(self):
        """Return the laws for every region, with signs of polynomials in lowest terms."""
        from .._sage import QQ, PolynomialRing
        ring = PolynomialRing(QQ, self.names, len(self.names))
        texts = [self.names[j] for j in self.still]
        for members in self.moving:
            row = self._along(members)
            factors = [sparse.to_sage(row[j], ring) for j in members]
            for f, j in zip(factors[1:], members[1:]):
                common = factors[0].gcd(f)
                first, second = _sign_text(ring(factors[0] / common)), _sign_text(ring(f / common))
                texts.append(f"{first}{self.names[members[0]]} - {second}{self.names[j]}".replace("- -", "+ "))
        return texts

    def region_text(self, at, signs):
        """Say where the laws hold that are listed."""
        if not at:
            where = (
                "all parameters are positive"
                if len(self.names) > 4
                else ", ".join(f"{name} > 0" for name in self.names)
            )
        else:
            where = "the gradients have the signs that they have at the given point"
        if all(len(members) == 1 for members in self.moving):
            return "the number is the same in every region of signs"
        text = f"laws where {where}"
        if len(self.names) <= _GENERAL_TEXT:
            laws = self.law_texts()
            text += f"; in general: {', '.join(laws[:12])}{', ...' if len(laws) > 12 else ''}"
        return text


def _sign_text(polynomial):
    """Return ``sgn(f)*`` without the positive constants and even powers of ``f``."""
    if polynomial.degree() <= 0:
        return "" if polynomial.constant_coefficient() > 0 else "-"
    if len(polynomial.dict()) == 1:
        (exponents, coefficient), = polynomial.dict().items()
        odd = [str(x) for x, e in zip(polynomial.parent().gens(), exponents) if e % 2]
        sign = "" if coefficient > 0 else "-"
        return f"{sign}sgn({'*'.join(odd)})*" if odd else sign
    return f"sgn({polynomial})*"


def _value(terms, point):
    total = Fraction(0)
    for monomial, value in terms.items():
        for i in monomial:
            value = value * point[i]
        total += value
    return total


def _dot(a, b):
    return sum(x * y for x, y in zip(a, b))


def _in_kernel(functional, others):
    """Return a rational vector that the functional annihilates and no other one does."""
    norm = _dot(functional, functional)
    for seed in range(1, 200):
        vector = [Fraction(pow(seed + 1, k + 1, 10007)) for k in range(len(functional))]
        share = _dot(functional, vector) / norm
        vector = [v - share * f for v, f in zip(vector, functional)]
        if all(_dot(other, vector) for other in others):
            return vector
    raise InputError("the point lies where more coordinates are proportional than at generic ones; give other numbers")


def proportional_classes(response):
    r"""
    Decide exactly which coordinates of the gradient are proportional to each other for all data, at generic parameters.

    EXAMPLES:

    Two inputs and two outputs: none; a chain of scalars: all::

        sage: from sage_conslaw import networks
        sage: from sage_conslaw.flows.sign import proportional_classes
        sage: len(proportional_classes(networks.linear([2, 2, 2]).response()).moving)
        8
        sage: proportional_classes(networks.product(3).response()).moving
        [[0, 1, 2]]
    """
    generator, D = np.random.default_rng(0), response.dimension
    classes, still = [list(range(D))], []
    for _ in range(2):
        classes, still = _refined(response, generator, classes, still)
    gradients = []
    if still or any(len(members) > 1 for members in classes):
        gradients = spanning_gradients(response)
        _prove(gradients, classes, still, response.names)
    return ProportionalClasses(response.names, _Lazily(response, gradients), classes, still)


class _Lazily:
    """Spanning gradients, written out when they are first needed."""

    def __init__(self, response, rows):
        self.response, self.rows = response, rows

    def __iter__(self):
        if not self.rows:
            self.rows = spanning_gradients(self.response)
        return iter(self.rows)


def _refined(response, generator, classes, still):
    """Split classes by their gradients for a few data at a random point modulo a prime; what is split is proved not
    proportional."""
    p = random_prime(generator)
    theta = random_array(generator, (response.dimension,), p)
    rows = np.broadcast_to(
        response.gradient(ModularArithmetic(p), theta, response.draw(generator, p, 6)), (6, response.dimension)
    )
    columns, out, zero = rows.T.tolist(), [], []
    for members in [*classes, still]:
        groups = {}
        for j in members:
            leading = next((value for value in columns[j] if value), None)
            if leading is None:
                zero.append(j)
                continue
            inverse = pow(int(leading), -1, p)
            groups.setdefault(tuple(value * inverse % p for value in columns[j]), []).append(j)
        out += groups.values()
    return sorted(out), sorted(zero)


def _prove(gradients, classes, still, names):
    """Check by identities over Q what random points only suggest."""
    for j in still:
        if any(row[j] for row in gradients):
            raise ArithmeticError(
                f"the gradient of {names[j]} vanished at random points but is not zero; please report "
                f"it with the network"
            )
    for members in classes:
        i = members[0]
        first = next((row for row in gradients if row[i]), None)
        for j in members[1:]:
            for row in gradients:
                if (row[i] or row[j]) and sparse.multiply(first[i], row[j]) != sparse.multiply(first[j], row[i]):
                    raise ArithmeticError(
                        f"the gradients of {names[i]} and {names[j]} were proportional at random points but are not; "
                        "please report it with the network"
                    )


def sign(at=None):
    r"""
    Return sign flow `\theta' = -\operatorname{sgn} \nabla E`, whose laws are linear on each region of signs; their
    number is exact.

    INPUT:

    - ``at`` -- a dictionary of parameters and rational numbers: the point near which laws are listed; parameters that
      are not named are positive.  The number is the same in every region

    EXAMPLES:

    Two linear layers, by inputs, hidden units and outputs::

        sage: from sage_conslaw import conservation_laws, count_conservation_laws, flows, networks
        sage: [count_conservation_laws(networks.linear(sizes), flow=flows.sign()).number for sizes in ([1, 3, 1], [1,
        ....:     2, 3], [2, 4, 1], [2, 3, 2])]
        [5, 3, 6, 0]

    Near another point::

        sage: conservation_laws(networks.linear([1, 2, 1]), flow=flows.sign({"U1_1_1": -1})).laws
        (U1_1_1 - U1_1_2, U1_1_1 + U2_1_1, U1_1_1 - U2_2_1)

    With decoupled weight decay they decay::

        sage: conservation_laws(networks.product(2), flow=flows.weight_decay(1/10, flows.sign())).readable_laws()
        ['exp(1/10*t)*(x1 - x2)']
        sage: flows.sign({"x": 0.5})
        Traceback (most recent call last):
        ...
        sage_conslaw.InputTypeError: the coordinate x = 0.500000000000000 of the point is not exact; give a rational
        such as -1 or 1/2
    """
    if at is None:
        return SignFlow("sign")
    if not isinstance(at, dict):
        raise InputTypeError(
            f"the point {at!r} is not a dictionary of parameters and rational numbers; give e.g. {{'U1_1_1': -1}}"
        )
    for name, value in at.items():
        if not is_exact(value):
            raise InputTypeError(
                f"the coordinate {name} = {value} of the point is not exact; give a rational such as -1 or 1/2"
            )
    return SignFlow("sign", at=tuple((str(name), Fraction(str(value))) for name, value in at.items()))
