r"""
What the steps of an optimiser keep exactly, for every step size, every loss and every data set: no limit of small
steps.

A step of SGD as PyTorch writes it is linear in the parameters, the momentum buffer and the gradient: with
`u = g + \lambda \theta` (coupled decay),

    `b^+ = \mu b + (1 - d)\, u,\qquad \theta^+ = (1 - \eta \lambda')\, \theta - \eta\, b^+` (Nesterov: `- \eta (u + \mu
    b^+)`),

in short `x^+ = A x + B g` with `x = (\theta, b)`; `A` and `B` act on each coordinate alike.  A polynomial `h` is kept
up to a factor, `h(x^+) = \rho\, h(x)` for all `x` and all gradients `g`, iff (put `g = 0`, then take the parts that are
linear and quadratic in `g`)

    `h(A x) = \rho h(x), \qquad \langle B^T \nabla h(A x), G(\theta) \rangle = 0, \qquad h_2(B G, B G') = 0`

for all gradients `G`, `G'` from a spanning set.  So `\rho` is a product of eigenvalues of the two by two matrix `A`,
finitely many; for each, the laws are a kernel: exact, and complete up to the degree searched.

The trivial case: an affine law `\langle l, \theta \rangle` of gradient flow is kept by every step, to the last digit.
The famous one: heavy ball keeps `U^T b_U - b_U^T U + V b_V^T - b_V V^T` times `\mu` a step, exactly, though
`U^T U - V V^T` drifts.  One that fails: the balance `u^2 - v^2` of a product changes by exactly
`\eta^2 (g_u^2 - g_v^2)` in a step of gradient descent; :func:`step_increments` states such changes.
"""
from dataclasses import dataclass
from fractions import Fraction
from itertools import combinations_with_replacement
from math import gcd, isqrt, lcm

import numpy as np

from .._sage import QQ, PolynomialRing, SageObject
from ..engine.api import conservation_laws
from ..exact import modular
from ..exact import terms as sparse
from ..exact.arithmetic import ModularArithmetic
from ..exact.linear_algebra import kernel
from ..exact.primes import random_prime
from ..exact.reconstruction import reconstruct
from ..flows.optimisers import hyperparameters
from ..flows.rescaled import RescaledResponse
from ..flows.spanned import spanning_gradients, unused
from ..flows.problem import problem
from ..runtime.arguments import integer
from ..runtime.errors import InputError, InputTypeError, NotCovered

ONE = Fraction(1)

# Monomials of a search: a kernel of 1500 takes about 5 s.
_MOST_MONOMIALS = 1500

# The optimisers whose steps are linear in state and gradient.
_LINEAR = ("sgd", "sgdw", "clipped", "normalised", "lars")

# Step sizes at which identities that hold for all are checked: they have degree at most 4 in the step.
_SIZES = tuple(Fraction(k, 7) for k in range(1, 7))


@dataclass(frozen=True)
class StepLaw:
    r"""
    A polynomial that each step multiplies by a factor.

    - ``law`` -- a Sage polynomial in parameters and buffers; ``factor`` -- as text, in ``lr`` where every step size is
      allowed

    EXAMPLES::

        sage: from sage_conslaw import networks, step_laws
        sage: print(step_laws(networks.linear([1, 2]), loss="cross-entropy", seed=0).laws[0])
        U1_1_1 + U1_1_2, times 1 a step
    """

    law: object
    factor: str
    terms: dict
    value: object

    def __str__(self):
        return f"{self.law}, times {self.factor} a step"


@dataclass(frozen=True, repr=False)
class StepLaws(SageObject):
    r"""
    All polynomials up to a degree that the steps of an optimiser keep up to a factor, for all data.

    - ``laws`` -- list of :class:`StepLaw`; ``degree``; ``optimiser`` -- as text; ``searched`` -- the factors that are
      possible

    EXAMPLES::

        sage: from sage_conslaw import networks, step_laws
        sage: step_laws(networks.linear([2, 2, 2]), "sgd", momentum=0.9, seed=0)
        1 polynomial of degree at most 2 kept by every step of sgd with momentum 9/10, complete (proved under the span
        condition)
          U1_1_2*b_U1_1_1 - U1_1_1*b_U1_1_2 + U1_2_2*b_U1_2_1 - U1_2_1*b_U1_2_2 + U2_2_1*b_U2_1_1 + U2_2_2*b_U2_1_2 -
          U2_1_1*b_U2_2_1 - U2_1_2*b_U2_2_2, times 9/10 a step
    """

    laws: tuple
    degree: int
    optimiser: str
    searched: tuple
    names: tuple
    recursion: object = None

    def _repr_(self):
        number = len(self.laws)
        head = (
            f"{number} polynomial{'s' if number != 1 else ''} of degree at most {self.degree} kept by "
            f"every step of {self.optimiser}, "
            "complete (proved under the span condition)"
        )
        lines = [f"  {law}" for law in self.laws]
        if self.recursion is not None:
            lines.append(f"  {self.recursion}")
        return "\n".join([head, *lines])

    def to_dict(self):
        r"""
        Return the result as JSON objects.

        EXAMPLES::

            sage: from sage_conslaw import networks, step_laws
            sage: step_laws(networks.product(2), seed=0).to_dict()["laws"]
            []
        """
        return {"optimiser": self.optimiser, "degree": self.degree, "factors": list(self.searched),
                "laws": [{"law": str(law.law), "factor": law.factor} for law in self.laws], "complete": True}


class StepMap:
    r"""
    One step, `x^+ = A x + B g` coordinate by coordinate, at a step size.

    EXAMPLES::

        sage: from fractions import Fraction
        sage: from sage_conslaw.training.steps import StepMap
        sage: m = StepMap("sgd", {"momentum": Fraction(9r, 10r), "dampening": 0r, "weight_decay": 0r,
        ....:     "nesterov": False})
        sage: m.matrices(Fraction(1r, 10r))
        ([[Fraction(1, 1), Fraction(-9, 100)], [Fraction(0, 1), Fraction(9, 10)]], [Fraction(-1, 10), Fraction(1, 1)])
    """

    def __init__(self, name, h):
        self.name, self.momentum = name, Fraction(h.get("momentum", 0))
        self.dampening = Fraction(h.get("dampening", 0)) if self.momentum else Fraction(0)
        self.decay, self.decoupled = Fraction(h.get("weight_decay", 0)), name == "sgdw"
        self.nesterov = bool(h.get("nesterov")) and bool(self.momentum)
        self.blocks = 2 if self.momentum else 1

    def __str__(self):
        words = [f"momentum {self.momentum}"] if self.momentum else []
        words += [f"dampening {self.dampening}"] if self.dampening else []
        words += ["Nesterov's step"] if self.nesterov else []
        words += [f"{'decoupled ' if self.decoupled else ''}weight decay {self.decay}"] if self.decay else []
        return self.name + (f" with {', '.join(words)}" if words else "")

    def matrices(self, lr):
        r"""
        Return the matrix `A` and the column `B` at a step size.

        EXAMPLES::

            sage: from fractions import Fraction
            sage: from sage_conslaw.training.steps import StepMap
            sage: StepMap("sgdw", {"weight_decay": Fraction(1r, 2r)}).matrices(Fraction(1r, 10r))
            ([[Fraction(19, 20)]], [Fraction(-1, 10)])
        """
        coupled = Fraction(0) if self.decoupled else self.decay
        shrink = 1 - lr * self.decay if self.decoupled else ONE
        if not self.momentum:
            return [[shrink - lr * coupled]], [-lr]
        mu, share = self.momentum, 1 - self.dampening
        # Rows: what theta and b of the next step are made of; the buffer first.
        buffer, force = [share * coupled, mu], share
        if self.nesterov:
            step, pull = [coupled + mu * buffer[0], mu * buffer[1]], 1 + mu * force
        else:
            step, pull = buffer, force
        return [[shrink - lr * step[0], -lr * step[1]], buffer], [-lr * pull, force]

    def eigenvalues(self, lr):
        """Return the rational eigenvalues of `A`, with text, and its determinant."""
        A, _ = self.matrices(lr)
        if self.blocks == 1:
            return [A[0][0]], A[0][0]
        trace, determinant = A[0][0] + A[1][1], A[0][0] * A[1][1] - A[0][1] * A[1][0]
        discriminant = trace * trace - 4 * determinant
        if discriminant < 0:
            return [], determinant
        top, bottom = isqrt(discriminant.numerator), isqrt(discriminant.denominator)
        if Fraction(top * top, bottom * bottom) != discriminant:
            return [], determinant
        root = Fraction(top, bottom)
        return [(trace + root) / 2, (trace - root) / 2], determinant

    def factors(self, degree, lr):
        r"""
        Return the possible factors: functions of the step size, with their text, products of at most ``degree``
        eigenvalues.

        EXAMPLES::

            sage: from sage_conslaw.training.steps import StepMap
            sage: [text for text, _ in StepMap("sgd", {"weight_decay": 1r}).factors(2r, None)]
            ['1 - lr', '(1 - lr)^2']
        """
        sizes = _SIZES if lr is None else (lr,)
        basis = self._eigenvalue_functions(lr)
        out, seen = [], set()
        for total in range(1, degree + 1):
            for powers in combinations_with_replacement(range(len(basis)), total):
                chosen = [basis[i] for i in powers]
                values = tuple(_product(function(size) for _, function in chosen) for size in sizes)
                if values not in seen:
                    seen.add(values)
                    out.append(
                        (_factor_text([text for text, _ in chosen], values), _product_function([f for _, f in chosen]))
                    )
        if not basis or self.blocks == 2 and degree >= 2:
            values = tuple(self.eigenvalues(size)[1] for size in sizes)
            if values not in seen and len(set(values)) == 1:
                out.append((str(values[0]), lambda size: self.eigenvalues(size)[1]))
        return out

    def _eigenvalue_functions(self, lr):
        """Return the eigenvalues that are rational functions of the step size, as pairs (text, function)."""
        plain = not (self.momentum and self.decay and not self.decoupled)
        if plain:
            shrink = _shrink_text(self.decay) if lr is None else str(1 - lr * self.decay)
            out = [(shrink if self.decay else "1", lambda size: 1 - size * self.decay)]
            if self.momentum:
                out.append((str(self.momentum), lambda size: self.momentum))
            return out
        if lr is None:
            return []
        return [(str(value), lambda size, value=value: value) for value in self.eigenvalues(lr)[0]]


def _shrink_text(decay):
    return "1 - lr" if decay == 1 else f"1 - {decay}*lr"


def _product(values):
    out = ONE
    for value in values:
        out *= value
    return out


def _product_function(functions):
    return lambda size: _product(function(size) for function in functions)


def _factor_text(texts, values):
    """Return a product of factors: its value where it is a number, else powers."""
    if len(set(values)) == 1:
        return str(values[0])
    parts = []
    for text in dict.fromkeys(texts):
        if text != "1":
            power = texts.count(text)
            shown = f"({text})" if " " in text and (power > 1 or len(set(texts)) > 1) else text
            parts.append(shown + (f"^{power}" if power > 1 else ""))
    return "*".join(parts)


def step_laws(data, optimizer="sgd", *, lr=None, loss=None, degree=None, seed=None, **settings):
    r"""
    Find all polynomials up to a degree that every step of an optimiser keeps up to a factor, for all data; proved by
    exact identities.

    INPUT:

    - ``data`` -- a network or `\phi`, as for :func:`conservation_laws`

    - ``optimizer`` -- ``"sgd"``, ``"sgdw"`` (decoupled decay), ``"clipped"``, ``"lars"``, or an object
      ``torch.optim.SGD``

    - ``lr`` -- a step size, or ``None``: every step size, which may change from step to step

    - ``settings`` -- ``momentum``, ``dampening``, ``nesterov``, ``weight_decay``, as in PyTorch

    - ``degree`` -- of the polynomials in parameters and momentum buffers (``b_`` before the name), default 2

    OUTPUT: a :class:`StepLaws`

    EXAMPLES:

    Sums over the classes are kept by every step, and decay exactly::

        sage: from sage_conslaw import networks, step_laws
        sage: net = networks.linear([1, 2, 2])
        sage: [str(law) for law in step_laws(net, loss="cross-entropy", degree=1, seed=0).laws]
        ['U2_1_1 + U2_1_2, times 1 a step', 'U2_2_1 + U2_2_2, times 1 a step']
        sage: step_laws(net, "sgdw", weight_decay=0.1, loss="cross-entropy", degree=1, seed=0).laws[0].factor
        '1 - 1/10*lr'

    No step keeps the balance of a product; heavy ball keeps its own law, Nesterov's step does not::

        sage: len(step_laws(networks.product(2), seed=0).laws)
        0
        sage: net = networks.linear([2, 2, 2])
        sage: [len(step_laws(net, momentum=0.9, nesterov=nesterov, seed=0).laws) for nesterov in (False, True)]
        [1, 0]
        sage: step_laws(net, "adam")
        Traceback (most recent call last):
        ...
        sage_conslaw.NotCovered: the steps of adam are not linear in the gradient; step_laws knows sgd, sgdw, clipped,
        normalised, lars
    """
    step, lr = _step_map(optimizer, lr, settings)
    degree = 2 if degree is None else _small_degree(degree)
    response = problem(data, None, loss).family.response
    if step.name == "lars":
        response = RescaledResponse(response)
    search = _Search(response, step, lr, degree, np.random.default_rng(0 if seed is None else integer(seed)))
    factors = step.factors(degree, lr)
    laws = []
    for text, function in factors:
        laws += search.laws(text, function)
    return StepLaws(
        tuple(laws), degree, str(step), tuple(text for text, _ in factors), tuple(search.names), search.recursion()
    )


def _small_degree(degree):
    if degree not in (1, 2):
        raise InputError(
            f"degree {degree} is not covered: steps keep polynomials that are searched up to degree 2; give 1 or 2"
        )
    return int(degree)


def _step_map(optimizer, lr, settings):
    """Return the step map and its step size, ``None`` for every one."""
    name, h = hyperparameters(optimizer, settings if lr is None else {**settings, "lr": lr})
    if name not in _LINEAR:
        raise NotCovered(f"the steps of {name} are not linear in the gradient; step_laws knows {', '.join(_LINEAR)}")
    if name == "lars" and h["weight_decay"]:
        raise NotCovered("the rates of lars multiply the decay too, which is not covered; leave out weight_decay")
    given = h["lr"] if lr is not None or not isinstance(optimizer, str) else None
    return StepMap(name, h), given


class _Search:
    """Kernels modulo a prime, lifted to Q and proved."""

    def __init__(self, response, step, lr, degree, generator):
        self.response, self.step, self.lr, self.degree, self.generator = response, step, lr, degree, generator
        self.D, self.n = response.dimension, response.dimension * step.blocks
        taken = set(response.names)
        self.names = list(response.names)
        for name in response.names if step.blocks == 2 else ():
            fresh = unused(f"b_{name}", taken)
            taken.add(fresh)
            self.names.append(fresh)
        self.monomials = [
            m for total in range(1, degree + 1) for m in combinations_with_replacement(range(self.n), total)
        ]
        if len(self.monomials) > _MOST_MONOMIALS:
            raise NotCovered(
                f"{len(self.monomials)} monomials of degree at most {degree} in {self.n} coordinates "
                f"are too many; at most "
                f"{_MOST_MONOMIALS} are searched: try degree=1, or a smaller network"
            )
        self._gradients = None

    def laws(self, text, factor):
        """Return the laws with one factor, a function of the step size."""
        for _ in range(5):
            p = random_prime(self.generator)
            vectors = kernel(self._equations(factor, p), p)
            lifted = [reconstruct(vector, p) for vector in vectors]
            found = [
                {self.monomials[i]: value for i, value in vector.items()} for vector in lifted if vector is not None
            ]
            # Every equation holds for the laws, so the kernel is at least as large as their space: where all of it is
            # proved, it is that space.
            if len(found) == len(vectors) and all(self._kept(h, factor) for h in found):
                ring = PolynomialRing(QQ, self.names, len(self.names))
                return [StepLaw(sparse.to_sage(h, ring), text, h, factor) for h in (_primitive(h, ring) for h in found)]
        raise ArithmeticError(
            "what looked like a law of the steps at random points is none; please report it with the network"
        )

    def _equations(self, factor, p):
        rows = len(self.monomials) + 12
        x = modular.random_array(self.generator, (rows, self.n), p)
        data = self.response.draw(self.generator, p, rows)
        g = np.broadcast_to(self.response.gradient(ModularArithmetic(p), x[:, :self.D], data), (rows, self.D))
        sizes = self._random_sizes(rows)
        after = np.zeros_like(x)
        rho = np.array([_residue(factor(size), p) for size in sizes], dtype=np.int64)[:, None]
        parts = [self.step.matrices(size) for size in sizes]
        for i in range(self.step.blocks):
            block = modular.multiply(np.array([_residue(B[i], p) for _, B in parts], dtype=np.int64)[:, None], g, p)
            for j in range(self.step.blocks):
                column = np.array([_residue(A[i][j], p) for A, _ in parts], dtype=np.int64)[:, None]
                block = modular.add(block, modular.multiply(column, x[:, j * self.D:(j + 1) * self.D], p), p)
            after[:, i * self.D:(i + 1) * self.D] = block
        return modular.subtract(self._values(after, p), modular.multiply(rho, self._values(x, p), p), p)

    def _random_sizes(self, rows):
        if self.lr is not None:
            return [self.lr] * rows
        return [Fraction(int(k), 97) for k in self.generator.integers(1, 10 ** 6, rows)]

    def _values(self, x, p):
        columns = [x]
        if self.degree == 2:
            pairs = np.array(list(combinations_with_replacement(range(self.n), 2)))
            columns.append(modular.multiply(x[:, pairs[:, 0]], x[:, pairs[:, 1]], p))
        return np.concatenate(columns, axis=1)

    def _kept(self, h, factor):
        """Prove the identity, at enough step sizes for all."""
        return all(self.kept_at(h, factor(size), size) for size in (_SIZES if self.lr is None else (self.lr,)))

    def kept_at(self, h, rho, size):
        """Decide exactly whether a step of one size multiplies ``h`` by ``rho``, for all states and gradients."""
        A, B = self.step.matrices(size)
        image = {}
        for monomial, value in h.items():
            term = {(): value}
            for i in monomial:
                term = sparse.multiply(term, self._moved(A, i))
            image = sparse.add(image, term)
        if sparse.add(image, sparse.scaled(h, -rho)):
            return False
        return self._gradient_parts_vanish(h, A, B)

    def _moved(self, A, i):
        block, place = divmod(i, self.D)
        return {(j * self.D + place,): A[block][j] for j in range(self.step.blocks) if A[block][j]}

    def _gradient_parts_vanish(self, h, A, B):
        """Decide whether the parts of `h(A x + B g)` that are linear and quadratic in `g` vanish for all gradients."""
        linear, quadratic = {}, {}
        for variable, part in sparse.derivatives(h).items():
            block, place = divmod(variable, self.D)
            image = {}
            for monomial, value in part.items():
                term = {(): value}
                for i in monomial:
                    term = sparse.multiply(term, self._moved(A, i))
                image = sparse.add(image, term)
                for i in monomial:
                    other, at = divmod(i, self.D)
                    key = (place, at)
                    quadratic[key] = quadratic.get(key, 0) + value * B[block] * B[other]
            linear[place] = sparse.add(linear.get(place, {}), sparse.scaled(image, B[block]))
        if not any(linear.values()) and not any(quadratic.values()):
            return True
        rows = self.gradients()
        if any(_pairing(linear, row) for row in rows):
            return False
        if not any(quadratic.values()):
            return True
        for number, row in enumerate(rows):
            for other in rows[number:]:
                total = {}
                for (i, j), value in quadratic.items():
                    if value and row[i] and other[j]:
                        total = sparse.add(total, sparse.scaled(sparse.multiply(row[i], other[j]), value))
                    if value and row[j] and other[i]:
                        total = sparse.add(total, sparse.scaled(sparse.multiply(row[j], other[i]), value))
                if total:
                    return False
        return True

    def gradients(self):
        if self._gradients is None:
            self._gradients = spanning_gradients(self.response)
        return self._gradients

    def recursion(self):
        """Say what momentum does to affine laws of gradient flow, whose derivative along `B g` is zero: they move by
        `A` alone."""
        step = self.step
        if not step.momentum or not self._affine_laws():
            return None
        if not step.decay or step.decoupled:
            kept = "is kept" if not step.decay else f"is multiplied by {_shrink_text(step.decay)} a step"
            return f"from rest, b = 0: l b stays 0, and each affine law l of gradient flow {kept}"
        if self.lr is not None and step.eigenvalues(self.lr)[0]:
            return None
        return ("for each affine law l of gradient flow the pair (l theta, l b) obeys its own recursion exactly: "
                f"b <- {step.momentum} b + {1 - step.dampening} * {step.decay} theta, theta <- theta - lr "
                f"{'(' + str(step.decay) + f' theta + {step.momentum} b)' if step.nesterov else 'b'}")


    def _affine_laws(self):
        """Say whether gradient flow has affine laws: a constant covector that annihilates every gradient."""
        p = random_prime(self.generator)
        theta = modular.random_array(self.generator, (self.D + 8, self.D), p)
        rows = self.response.gradient(ModularArithmetic(p), theta, self.response.draw(self.generator, p, self.D + 8))
        return len(kernel(np.broadcast_to(rows, (self.D + 8, self.D)), p)) > 0


def _residue(number, p):
    return number.numerator * pow(number.denominator, -1, p) % p


def _primitive(h, ring):
    """Return a polynomial with coprime integer coefficients, the leading one positive."""
    common = lcm(*(value.denominator for value in h.values()))
    content = gcd(*(int(value * common) for value in h.values()))
    sign = 1 if sparse.to_sage(h, ring).lc() > 0 else -1
    return {monomial: value * common / content * sign for monomial, value in h.items()}


def _pairing(linear, row):
    total = {}
    for i, part in linear.items():
        if part and row[i]:
            total = sparse.add(total, sparse.multiply(part, row[i]))
    return total


def step_increments(data, optimizer="sgd", *, lr=None, loss=None, laws=None, seed=None, **settings):
    r"""
    Return what one step without momentum does to the laws of gradient flow of degree at most two, exactly.

    `h(\alpha \theta - \eta g) = h_0 + \alpha h_1(\theta) + \alpha^2 h_2(\theta) + \eta^2
    h_2(g)`, as `h` is a law: no part is linear in `g`.

    INPUT:

    - ``laws`` -- the result of :func:`conservation_laws`, by default computed; other arguments as for :func:`step_laws`

    OUTPUT: list of pairs (law, text of what the step makes of it); ``g_`` before a name is the entry of the gradient

    EXAMPLES::

        sage: from sage_conslaw import networks, step_increments
        sage: step_increments(networks.product(2), seed=0)
        [(x1^2 - x2^2, 'h + lr^2*(g_x1^2 - g_x2^2)')]
        sage: step_increments(networks.product(2), "sgdw", weight_decay=1/2, seed=0)
        [(x1^2 - x2^2, '(1 - 1/2*lr)^2*h + lr^2*(g_x1^2 - g_x2^2)')]
        sage: step_increments(networks.product(2), momentum=0.9)
        Traceback (most recent call last):
        ...
        sage_conslaw.NotCovered: with momentum the balances of gradient flow are no laws, and have no increment; use
        step_laws
    """
    step, lr = _step_map(optimizer, lr, settings)
    if step.momentum:
        raise NotCovered(
            "with momentum the balances of gradient flow are no laws, and have no increment; use step_laws"
        )
    if step.name == "lars":
        raise NotCovered(
            "with a rate a layer the balances of gradient flow are no laws, and have no increment; use step_laws"
        )
    found = conservation_laws(data, loss=loss, seed=seed) if laws is None else laws
    if not hasattr(found, "independent"):
        raise InputTypeError(f"laws {found!r} is not a result of conservation_laws; leave it out")
    names = list(found.problem.family.names)
    ring = PolynomialRing(QQ, [f"g_{name}" for name in names], len(names))
    shrink = _shrink_text(step.decay) if lr is None else str(1 - lr * step.decay)
    size = "lr" if lr is None else f"({lr})"
    out = []
    for index in found.independent:
        h = found.terms[index]
        if sparse.degree(h) > 2 or not found.problem.family.conserved([h])[0]:
            continue
        parts = {k: {m: value for m, value in h.items() if len(m) == k} for k in (1, 2)}
        change = sparse.to_sage(parts[2], ring)
        added = f" + {size}^2*({change})" if change else ""
        if not step.decay:
            text = "h" + added
        elif parts[1] and parts[2]:
            text = f"({shrink})*h_1 + ({shrink})^2*h_2" + added
        else:
            text = f"({shrink}){'^2' if parts[2] else ''}*h" + added
        out.append((found.laws[index], text))
    return out
