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

import numpy as np

from .._sage import QQ, PolynomialRing, SageObject
from ..engine.api import conservation_laws
from ..exact import terms as sparse
from ..flows.flow import gradient
from ..flows.optimisers import hyperparameters
from ..flows.problem import problem
from ..flows.rescaled import RescaledResponse
from ..runtime.arguments import integer
from ..runtime.errors import InputError, InputTypeError, NotCovered
from .step_map import StepMap, shrink_text
from .step_search import StepSearch

# The optimisers whose steps are linear in state and gradient.
_LINEAR = ("sgd", "sgdw", "clipped", "normalised", "lars")


@dataclass(frozen=True)
class StepLaw:
    """
    A polynomial that each step multiplies by a factor.

    - ``law`` -- a Sage polynomial in parameters and buffers; ``factor`` -- as text, in ``lr`` where every step size is
      allowed
    """

    law: object
    factor: str
    terms: dict
    value: object

    def __str__(self):
        return f"{self.law}, times {self.factor} a step"


@dataclass(frozen=True, repr=False)
class StepLaws(SageObject):
    """
    All polynomials up to a degree that the steps of an optimiser keep up to a factor, for all data.

    - ``laws`` -- list of :class:`StepLaw`; ``degree``; ``optimiser`` -- as text; ``searched`` -- the factors that are
      possible
    """

    laws: tuple
    degree: int
    optimiser: str
    searched: tuple
    names: tuple
    recursion: object = None
    remark: str = ""
    forgotten: tuple = ()

    def _repr_(self):
        number, status = len(self.laws), "complete (proved under the span condition)"
        if self.forgotten:
            status = "; ".join(["bounded", *self.forgotten])
        head = (
            f"{number} polynomial{'s' if number != 1 else ''} of degree at most {self.degree} kept by "
            f"every step of {self.optimiser}, {status}"
        )
        lines = [f"  {line}" for line in (*self.laws, self.remark, self.recursion) if line]
        return "\n".join([head, *lines])

    def to_dict(self):
        """Return the result as JSON objects."""
        return {"optimiser": self.optimiser, "degree": self.degree, "factors": list(self.searched),
                "laws": [{"law": str(law.law), "factor": law.factor} for law in self.laws],
                "complete": not self.forgotten}


def step_laws(
    data: object, optimizer: object = "sgd", *, lr=None, loss: str | None = None, degree: int | None = None,
    seed: int | None = None, **settings,
) -> StepLaws:
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
    # Steps know a network and its loss by the span of their gradients alone.
    response = problem(data, None, loss).family.response
    _refuse_frozen(optimizer, response)
    if step.name == "lars":
        # Rates that gradients choose are free data here: what is found is kept whatever they are.
        response = RescaledResponse(response)
    search = StepSearch(response, step, lr, degree, np.random.default_rng(0 if seed is None else integer(seed)))
    # The factors are products of eigenvalues of the step, finitely many: with a kernel for each nothing is missed.
    factors = step.factors(degree, lr)
    laws = []
    for text, function in factors:
        laws += [StepLaw(*law) for law in search.laws(text, function)]
    return StepLaws(
        tuple(laws), degree, str(step), tuple(text for text, _ in factors), tuple(search.names), search.recursion(),
        # PyTorch sets the first buffer to the gradient itself, and dampens from the second step on.
        "from the second step on: the first buffer is not dampened" if step.dampening else "",
        getattr(response, "forgotten", ()),
    )


def _refuse_frozen(optimizer, response):
    """Refuse an optimiser that does not move every parameter: what it leaves alone is kept, which is not searched."""
    groups = getattr(optimizer, "param_groups", ())
    moved = sum(int(tensor.numel()) for group in groups for tensor in group["params"] if tensor.requires_grad)
    if groups and moved != response.dimension:
        raise NotCovered(
            f"the optimiser moves {moved} parameters and the network has {response.dimension}; "
            "give an optimiser of all of them, or its name"
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
    # A name alone is about every step size; an object has one of its own.
    given = h["lr"] if lr is not None or not isinstance(optimizer, str) else None
    return StepMap(name, h), given


def step_increments(
    data: object, optimizer: object = "sgd", *, lr=None, loss: str | None = None, laws=None, seed: int | None = None,
    **settings,
):
    r"""
    Return what one step without momentum does to the laws of gradient flow of degree at most two, exactly.

    With `\alpha = 1 - \eta \lambda`, `h(\alpha \theta - \eta g) = h_0 + \alpha h_1(\theta) + \alpha^2 h_2(\theta) +
    \eta^2 (h_2(g) - \lambda h_1(g))`: as `h` is a law, `h_1(g) + \langle \nabla h_2(\theta), g \rangle = 0`, so the
    part linear in `g` is `-\eta (h_1(g) - \alpha h_1(g))`.  Where `h_1` is a law of its own, `h_1(g) = 0`.

    INPUT:

    - ``laws`` -- the result of :func:`conservation_laws`, by default computed: laws of Euclidean gradient flow, which
      these steps discretise whatever metric a network has of its own; other arguments as for :func:`step_laws`

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
    euclidean = gradient("euclidean")
    found = conservation_laws(data, flow=euclidean, loss=loss, seed=seed) if laws is None else laws
    if not hasattr(found, "independent"):
        raise InputTypeError(f"laws {found!r} is not a result of conservation_laws; leave it out")
    family = problem(data, euclidean, loss).family
    names = list(family.names)
    ring = PolynomialRing(QQ, [f"g_{name}" for name in names], len(names))
    shrink = shrink_text(step.decay) if lr is None else str(1 - lr * step.decay)
    size = "lr" if lr is None else f"({lr})"
    out = []
    for index in found.independent:
        h = found.terms[index]
        # The expansion above rests on this, and a result that is handed over may be of another flow, metric or loss.
        if list(found.problem.family.names) != names or not family.conserved([h])[0]:
            raise InputError(
                f"{found.laws[index]} is no law of Euclidean gradient flow with this loss, which the steps discretise; "
                "leave out laws"
            )
        # From degree three on the expansion has terms that the law does not cancel.
        if sparse.degree(h) > 2:
            continue
        parts = {k: {m: value for m, value in h.items() if len(m) == k} for k in (1, 2)}
        change = sparse.to_sage(parts[2], ring)
        if step.decay and parts[1] and parts[2] and not family.conserved([parts[1]])[0]:
            # lambda h_1(g) vanishes where h_1 is a law of its own, and with it this term.
            change -= sparse.to_sage(sparse.scaled(parts[1], step.decay), ring)
        added = f" + {size}^2*({change})" if change else ""
        if not step.decay:
            text = "h" + added
        elif parts[1] and parts[2]:
            text = f"({shrink})*h_1 + ({shrink})^2*h_2" + added
        else:
            # Of one degree k: alpha^k is a factor of the whole.
            text = f"({shrink}){'^2' if parts[2] else ''}*h" + added
        out.append((found.laws[index], text))
    return out
