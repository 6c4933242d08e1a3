r"""
From the optimiser that one runs to the flow that it discretises, with the exact map of its hyperparameters.

`SGD(lr=\eta, momentum=\mu, dampening=d)` of PyTorch makes the steps `b \leftarrow \mu b + (1 - d) g`,
`\theta \leftarrow \theta - \eta b`.  With `h^2 = \eta (1 - d)` and `w = -(\eta/h)\, b` these are

    `w \leftarrow (1 - h \tau) w - h g,\quad \theta \leftarrow \theta + h w,\qquad \tau = (1 - \mu)/h`,

semi-implicit Euler with the step `h` for `\theta'' + \tau \theta' = -\nabla E`: `lr=0.01, momentum=0.9` is `\tau = 1`,
a step being `0.1`.  Where `h` is irrational the time is counted in steps, `\tau = 1 - \mu`, which scales `E` and no
law.  PyTorch's ``nesterov=True`` has constant momentum: its limit is the same flow, not the one with `\tau = 3/t`.
"""
from dataclasses import dataclass, replace
from difflib import get_close_matches
from fractions import Fraction
from math import isqrt

from ..runtime.errors import InputError, InputTypeError, NotCovered
from .adaptive import AdaptiveFlow, adagrad, adam, rmsprop
from .flow import Flow, gradient, momentum, weight_decay
from .groups import Groups
from .sign import SignFlow, sign
from .spanned import WrittenFlow

ONE = Fraction(1)


@dataclass(frozen=True, repr=False)
class UncountedFlow(WrittenFlow):
    r"""
    An optimiser that is no family of polynomial fields: what is known of its laws, in words.

    - ``reason`` -- why there is no family; ``kept`` -- which laws survive, and how that is known; ``advice`` -- what to
      try

    EXAMPLES::

        sage: from sage_conslaw import conservation_laws, flows, networks
        sage: flow = flows.from_torch_optimizer("lbfgs"); flow
        lbfgs (no flow)
        sage: conservation_laws(networks.product(2), flow=flow)
        Traceback (most recent call last):
        ...
        sage_conslaw.NotCovered: lbfgs is no flow that can be counted: ...
    """

    reason: str = ""
    kept: str = ""
    advice: str = ""

    def __repr__(self):
        return f"{self.name} (no flow)"

    @property
    def explanation(self):
        r"""
        Return in a line why there is no flow, what is known and what to try.

        EXAMPLES::

            sage: from sage_conslaw import flows
            sage: flows.from_torch_optimizer("muon").explanation[:54]
            'muon is no flow that can be counted: it moves a matrix'
        """
        return f"{self.name} is no flow that can be counted: {self.reason}; {self.kept}; {self.advice}"

    def family(self, response, metric=None):
        r"""
        Refuse, with what is known.

        EXAMPLES::

            sage: from sage_conslaw import flows, networks
            sage: flows.from_torch_optimizer("muon").family(networks.product(2).response())
            Traceback (most recent call last):
            ...
            sage_conslaw.NotCovered: muon is no flow that can be counted: ...
        """
        raise NotCovered(self.explanation)


@dataclass(frozen=True)
class Optimiser:
    r"""
    What is known of an optimiser: one line of the manual's table.

    - ``defaults`` -- its hyperparameters; ``build`` -- a function of these to a flow; ``torch`` -- the class of
      ``torch.optim``, or ``""``

    - ``kept``, ``lost`` -- the laws, in words; ``known`` -- ``"proved"``, ``"known"`` or ``"measured"``, and where

    EXAMPLES::

        sage: from sage_conslaw.flows.optimisers import OPTIMISERS
        sage: OPTIMISERS["sgd"].defaults["momentum"], OPTIMISERS["sgd"].torch
        (0, 'SGD')
    """

    defaults: dict
    build: object
    torch: str
    kept: str
    lost: str
    known: str


def _sgd(h, decoupled=False):
    lr, mu, dampening, decay = h["lr"], h["momentum"], h["dampening"], h["weight_decay"]
    if not mu:
        flow = gradient()
        remark = f"one step is the time {lr}"
        return replace(weight_decay(decay, flow) if decay else flow, remarks=(remark,))
    if mu > 1:
        raise InputError(f"momentum = {mu} is larger than 1: velocities grow without a force; give 0 <= momentum <= 1")
    if dampening >= 1:
        raise InputError(f"dampening = {dampening} leaves no gradient after the first step; give dampening < 1")
    force = lr * (1 - dampening)
    step = _root(force)
    if step is None:
        # Time in steps: the force is lr (1 - dampening) times the gradient.
        tau, pull, shrink = 1 - mu, force * decay, lr * decay
        remark = f"time in steps: lr (1 - dampening) = {force} is no square, so tau = 1 - momentum = {tau} a step"
    else:
        tau, pull, shrink = (1 - mu) / step, decay, lr * decay / step
        remark = f"one step is the time {step}, the root of lr (1 - dampening); tau = (1 - momentum)/({step}) = {tau}"
    remarks = (remark,) + (
        ("nesterov=True with constant momentum has the same limit, not the flow with tau = 3/t",)
        if h.get("nesterov")
        else ()
    )
    flow = momentum(tau)
    if decay:
        flow = weight_decay(shrink if decoupled else pull, flow, decoupled=decoupled)
    return replace(flow, remarks=remarks)


def _root(number):
    a, b = isqrt(number.numerator), isqrt(number.denominator)
    return Fraction(a, b) if a * a == number.numerator and b * b == number.denominator else None


def _asgd(h):
    decay = h["lambd"] + h["weight_decay"]
    flow = weight_decay(decay) if decay else gradient()
    return replace(
        flow,
        remarks=(
            "time is the sum of the steps lr/(1 + lambd lr k)^alpha; lambd is weight decay; the "
            "averaged weights are a copy",
        ),
    )


def _adam(h, decoupled=False):
    lr, (first, second), decay = h["lr"], h["betas"], h["weight_decay"]
    decoupled = decoupled or bool(h.get("decoupled_weight_decay"))
    name = "adamw" if decoupled else "adam"
    if h.get("amsgrad"):
        return UncountedFlow(name + " with amsgrad", reason="it divides by the largest second moment so far",
                             kept="its laws are among those of adam, which has none on the networks of the manual",
                             advice="leave out amsgrad for the count of adam")
    if not first and not second:
        if decay and not decoupled:
            return UncountedFlow(
                name,
                reason="the sign of the gradient plus the decay jumps where both cancel",
                kept="without decay the laws are those of sign flow",
                advice="take decoupled decay (adamw), or none",
            )
        flow = weight_decay(decay, sign()) if decay else sign()
        return replace(flow, remarks=("betas = (0, 0): the step is the sign of the gradient",))
    if not second:
        return UncountedFlow(
            name,
            reason="with betas = (beta, 0) it divides the mean gradient by the last one",
            kept="what sign flow conserves is not known to survive",
            advice="take betas=(0, 0), sign flow, or beta2 > 0",
        )
    if first >= 1 or second >= 1:
        raise InputError(f"betas = ({first}, {second}): moments never follow the gradient; give numbers below 1")
    if not first:
        if decoupled and decay:
            return UncountedFlow(
                name,
                reason="RMSprop with decoupled decay has no family here",
                kept="rmsprop has no laws on the networks of the manual",
                advice="take beta1 > 0, or no decay",
            )
        return replace(rmsprop((1 - second) / lr, decay), name=name)
    return adam(((1 - first) / lr, (1 - second) / lr), decay, decoupled)


def _nadam(h):
    lr, (first, second) = h["lr"], h["betas"]
    if not first or not second:
        return _adam({**h, "amsgrad": False})
    return AdaptiveFlow(
        "nadam",
        decay=h["weight_decay"],
        decoupled=bool(h["decoupled_weight_decay"]),
        kind="nadam",
        rates=(("a", (1 - first) / lr), ("b", (1 - second) / lr), ("c", 1 - first)),
        remarks=(
            "the limit of small steps with eps = 0, without bias correction and at the final value of the momentum",
        ),
    )


def _radam(h):
    flow = _adam({**h, "amsgrad": False})
    return (
        replace(flow, name="radam", remarks=("the limit of small steps with eps = 0; the rectification has reached 1",))
        if isinstance(flow, AdaptiveFlow)
        else flow
    )


def _rmsprop(h):
    lr, alpha, mu = h["lr"], h["alpha"], h["momentum"]
    if not alpha and not h["centered"]:
        if h["weight_decay"] or mu:
            return UncountedFlow(
                "rmsprop",
                reason="with alpha = 0 it is sign descent, here with decay or momentum",
                kept="without these the laws are those of sign flow",
                advice="take alpha > 0, or flows.sign()",
            )
        return sign()
    if alpha >= 1 or mu >= 1:
        raise InputError(f"alpha = {alpha}, momentum = {mu}: give numbers below 1")
    if mu:
        # In the time lr k/(1 - mu) the momentum is an average of the steps.
        return rmsprop((1 - alpha) * (1 - mu) / lr, h["weight_decay"], bool(h["centered"]), (1 - mu) ** 2 / lr)
    return rmsprop((1 - alpha) / lr, h["weight_decay"], bool(h["centered"]))


def _adagrad(h):
    if h["lr_decay"] and h["weight_decay"]:
        return UncountedFlow(
            "adagrad",
            reason="lr_decay and weight_decay together change with time in two ways",
            kept="with one of them there is no law on the networks of the manual",
            advice="leave out one",
        )
    return adagrad(h["weight_decay"])


def _adadelta(h):
    if h["weight_decay"]:
        return UncountedFlow(
            "adadelta",
            reason="weight decay inside its quotient is not covered",
            kept="without it there is no law on the networks of the manual",
            advice="leave out weight_decay",
        )
    if not h["eps"]:
        raise InputError("eps = 0: Adadelta never moves; give eps > 0")
    return AdaptiveFlow("adadelta", kind="adadelta", rates=(("b", (1 - h["rho"]) / h["lr"]), ("eps", h["eps"])))


def _adamax(h):
    (first, second), lr = h["betas"], h["lr"]
    if not first or not second:
        return UncountedFlow(
            "adamax",
            reason="a beta of 0 has no limit of small steps",
            kept="with betas > 0 there is no law on the networks of the manual",
            advice="take betas > 0",
        )
    return AdaptiveFlow(
        "adamax",
        decay=h["weight_decay"],
        kind="adamax",
        rates=(("a", (1 - first) / lr), ("b", (1 - second) / lr)),
        remarks=(
            "laws that are analytic on the whole state space; the limit of small steps with eps = 0 and "
            "without bias correction",
        ),
    )


def _rprop(h):
    return replace(
        sign(),
        name="rprop",
        remarks=(
            "steps of proportional coordinates grow and shrink together, from equal sizes at the start: "
            "the laws of sign flow, exactly",
        ),
    )


def _lion(h):
    if any(h["betas"]):
        return UncountedFlow(
            "lion",
            reason="the sign of a momentum forgets which gradients were proportional",
            kept="a law of sign flow survives where the factor of two gradients is constant, e.g. for "
                 "parameters that enter as a sum",
            advice="flows.sign() is lion with betas = (0, 0)",
        )
    return weight_decay(h["weight_decay"], sign()) if h["weight_decay"] else sign()


def _layers(h):
    if h.get("moments"):
        return UncountedFlow(
            "lamb",
            reason="it rescales the step of adam a layer at a time",
            kept="its laws are among those of adam for each layer alone",
            advice="take moments=0 for the laws that every layer-wise rate keeps, or adam",
        )
    if h["weight_decay"]:
        return UncountedFlow(
            "lars",
            reason="its rates multiply the decay too, so that every layer shrinks at a speed of its own",
            kept="laws within a layer keep their quotients only",
            advice="leave out weight_decay",
        )
    flow = _sgd({"momentum": Fraction(0), **h, "dampening": Fraction(0)})
    return replace(
        flow,
        scaled="layers",
        remarks=flow.remarks + ("laws that hold for every choice of positive rates, one an array of parameters",),
    )


def _rescaled(h):
    return replace(_sgd({**h, "dampening": Fraction(0)}), scaled="all", remarks=(
        "all coordinates are rescaled by one positive number: the same span of controls, so the same laws",))


def _uncounted(name, reason, kept, advice):
    return lambda h: UncountedFlow(name, reason=reason, kept=kept, advice=advice)


_SGD = {"lr": ONE / 1000, "momentum": 0, "dampening": 0, "weight_decay": 0, "nesterov": False}
_ADAM = {
    "lr": ONE / 1000,
    "betas": (Fraction(9, 10), Fraction(999, 1000)),
    "eps": Fraction(1, 10**8),
    "weight_decay": 0,
}
_NONE = "none of gradient flow's; behind a softmax, sums of first moments times `e^{at}`"
_BARE = "none of gradient flow's"
_PROVED = "proved, network by network"

# Each optimiser of torch.optim, and others that people run.
OPTIMISERS = {
    "sgd": Optimiser(
        _SGD,
        _sgd,
        "SGD",
        "without momentum all of gradient flow; with it those of momentum flow; affine ones exactly in steps",
        "with momentum the symmetric balances; with decay each law times an exponential",
        "proved",
    ),
    "sgdw": Optimiser(
        _SGD, lambda h: _sgd(h, decoupled=True), "", "as SGD, decay acting on the weights alone", "as SGD", "proved"
    ),
    "asgd": Optimiser(
        {"lr": ONE / 100, "lambd": ONE / 10**4, "alpha": Fraction(3, 4), "t0": 10**6, "weight_decay": 0},
        _asgd,
        "ASGD",
        "those of gradient flow, times exponentials of the summed steps",
        "none",
        "proved",
    ),
    "rprop": Optimiser(
        {"lr": ONE / 100, "etas": (ONE / 2, Fraction(6, 5)), "step_sizes": (ONE / 10**6, 50)},
        _rprop,
        "Rprop",
        "those of sign flow: `\\sigma_u u - \\sigma_v v` where gradients are proportional",
        "all others",
        "proved",
    ),
    "adam": Optimiser(
        {**_ADAM, "amsgrad": False, "decoupled_weight_decay": False}, _adam, "Adam", _NONE, "all", _PROVED
    ),
    "adamw": Optimiser(
        {**_ADAM, "weight_decay": ONE / 100, "amsgrad": False},
        lambda h: _adam(h, decoupled=True),
        "AdamW",
        _NONE,
        "all; on diagonal networks the balance obeys an equation of its own, see below",
        _PROVED,
    ),
    "nadam": Optimiser(
        {**_ADAM, "lr": ONE / 500, "momentum_decay": ONE / 250, "decoupled_weight_decay": False},
        _nadam,
        "NAdam",
        _NONE,
        "all",
        _PROVED,
    ),
    "radam": Optimiser({**_ADAM, "decoupled_weight_decay": False}, _radam, "RAdam", _NONE, "all", _PROVED),
    "rmsprop": Optimiser(
        {
            "lr": ONE / 100,
            "alpha": Fraction(99, 100),
            "eps": ONE / 10**8,
            "weight_decay": 0,
            "momentum": 0,
            "centered": False,
        },
        _rmsprop,
        "RMSprop",
        _BARE,
        "all",
        _PROVED,
    ),
    "adagrad": Optimiser(
        {"lr": ONE / 100, "lr_decay": 0, "weight_decay": 0, "initial_accumulator_value": 0, "eps": ONE / 10**10},
        _adagrad,
        "Adagrad",
        _BARE,
        "all",
        _PROVED,
    ),
    "adadelta": Optimiser(
        {"lr": 1, "rho": Fraction(9, 10), "eps": ONE / 10**6, "weight_decay": 0},
        _adadelta,
        "Adadelta",
        _BARE,
        "all",
        _PROVED,
    ),
    "adamax": Optimiser(
        {**_ADAM, "lr": ONE / 500},
        _adamax,
        "Adamax",
        "none of gradient flow's that is analytic; sums of first moments as for Adam",
        "all",
        _PROVED,
    ),
    "sparseadam": Optimiser(
        {key: _ADAM[key] for key in ("lr", "betas", "eps")},
        _uncounted(
            "sparseadam",
            "rows without a gradient stand still, moments too",
            "its laws are among those of adam, as all rows may be touched in every step",
            "take adam, whose count is an upper bound",
        ),
        "SparseAdam",
        "at most those of Adam",
        "all",
        _PROVED,
    ),
    "adafactor": Optimiser(
        {"lr": ONE / 100, "beta2_decay": Fraction(-4, 5), "eps": (0, ONE / 1000), "d": 1, "weight_decay": 0},
        _uncounted(
            "adafactor",
            "it divides by the root of a product of row and column means",
            "the balances of gradient flow drift at zeroth order (measured)",
            "take adam or rmsprop, which keep a moment for each entry",
        ),
        "Adafactor",
        "no balance",
        "all balances",
        "measured",
    ),
    "lbfgs": Optimiser(
        {
            "lr": 1,
            "max_iter": 20,
            "max_eval": None,
            "tolerance_grad": ONE / 10**7,
            "tolerance_change": ONE / 10**9,
            "history_size": 100,
            "line_search_fn": None,
        },
        _uncounted(
            "lbfgs",
            "its metric is made of the last steps and gradients",
            "affine laws are kept exactly, as each step is a combination of gradients "
            "(proved); balances drift at zeroth order (measured)",
            "take sgd for the laws of gradient flow",
        ),
        "LBFGS",
        "affine ones, exactly: each step is a combination of gradients",
        "balances",
        "proved; measured",
    ),
    "muon": Optimiser(
        {
            "lr": ONE / 1000,
            "weight_decay": ONE / 10,
            "momentum": Fraction(19, 20),
            "nesterov": True,
            "ns_coefficients": (Fraction(34445, 10**4), Fraction(-4775, 1000), Fraction(20315, 10**4)),
            "eps": ONE / 10**7,
            "ns_steps": 5,
            "adjust_lr_fn": None,
        },
        _uncounted(
            "muon",
            "it moves a matrix by an odd function of the singular values of its momentum",
            "sums l^T W = const. with l^T grad = 0 are kept, times the decay (proved); for aligned "
            "factors sqrt(P^T P) - sqrt(Q Q^T) is conserved "
            "(known); other balances drift at zeroth order (measured)",
            "take sgd, or flows.sign() for its diagonal case",
        ),
        "Muon",
        "sums `l^T W` with `l^T \\nabla = 0`, times the decay; for aligned factors `\\sqrt{P^T P} - \\sqrt{Q Q^T}`",
        "balances elsewhere",
        "proved; known; measured",
    ),
    "signsgd": Optimiser({"lr": ONE / 1000}, lambda h: sign(), "", "those of sign flow", "all others", "proved"),
    "lion": Optimiser(
        {"lr": ONE / 10**4, "betas": (Fraction(9, 10), Fraction(99, 100)), "weight_decay": 0},
        _lion,
        "",
        "without momentum those of sign flow",
        "with momentum not known",
        "proved",
    ),
    "lars": Optimiser(
        {"lr": ONE / 10, "momentum": 0, "weight_decay": 0},
        _layers,
        "",
        "laws within one array of parameters",
        "laws between layers",
        "proved for all layer-wise rates together",
    ),
    "lamb": Optimiser(
        {"lr": ONE / 1000, "moments": True, "weight_decay": 0},
        _layers,
        "",
        "without moments as LARS",
        "as LARS",
        "proved",
    ),
    "clipped": Optimiser(
        {"lr": ONE / 100, "momentum": 0, "weight_decay": 0},
        _rescaled,
        "",
        "as SGD: one rate for all coordinates",
        "as SGD",
        "proved",
    ),
    "normalised": Optimiser(
        {"lr": ONE / 100, "momentum": 0, "weight_decay": 0},
        _rescaled,
        "",
        "as SGD: one rate for all coordinates",
        "as SGD",
        "proved",
    ),
}
_ALIASES = {"normalized": "normalised", "heavyball": "sgd", "averagedsgd": "asgd"}

# Hyperparameters that change how a step is computed and not which step it is, and those that change the sign of the
# loss.
_SILENT = {"foreach", "fused", "capturable", "differentiable", "maximize"}


def from_torch_optimizer(optimizer, *, model=None, **hyperparameters):
    r"""
    Return the flow that an optimiser discretises, with its hyperparameters mapped exactly.

    INPUT:

    - ``optimizer`` -- an optimiser of ``torch.optim``, or a name such as ``"sgd"`` or ``"adamw"`` (the default
      hyperparameters are PyTorch's)

    - ``model`` -- the ``torch.nn.Module``: names the arrays of parameter groups; what the optimiser does not have is
      frozen

    - ``hyperparameters`` -- with a name: as for ``torch.optim``; a decimal number stands for exactly this decimal

    OUTPUT: a :class:`Flow`; where there is no family that can be counted, an :class:`UncountedFlow` that says why, and
    what is known

    EXAMPLES::

        sage: from sage_conslaw import flows
        sage: flows.from_torch_optimizer("sgd", lr=0.01, momentum=0.9)
        momentum flow with tau = 1
        sage: flows.from_torch_optimizer("sgd", lr="0.02", momentum="0.9").remarks
        ('time in steps: lr (1 - dampening) = 1/50 is no square, so tau = 1 - momentum = 1/10 a step',)
        sage: flows.from_torch_optimizer("sgd", lr="0.1", weight_decay="0.01")
        gradient flow with weight decay 1/100
        sage: flows.from_torch_optimizer("sgd", lr="0.08", momentum="0.9", dampening="0.5")
        momentum flow with tau = 1/2

    Adam has a family of its own, L-BFGS has none::

        sage: flows.from_torch_optimizer("adam"), flows.from_torch_optimizer("lbfgs")
        (adam flow, lbfgs (no flow))
        sage: flows.from_torch_optimizer("sgd", lrr=1)
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: sgd has no hyperparameter lrr; ...
        sage: flows.from_torch_optimizer("lbgfs")
        Traceback (most recent call last):
        ...
        sage_conslaw.InputError: optimiser 'lbgfs' is not known; ...
    """
    if isinstance(optimizer, Flow):
        return optimizer
    if isinstance(optimizer, str):
        name = _name(optimizer)
        return OPTIMISERS[name].build(_complete(name, hyperparameters))
    if not hasattr(optimizer, "param_groups"):
        raise InputTypeError(
            f"{optimizer!r} is not an optimiser; give an object of torch.optim, or a name such as 'sgd' or 'adam'"
        )
    if hyperparameters:
        raise InputError(
            f"the optimiser has its hyperparameters already; leave out {', '.join(sorted(hyperparameters))}"
        )
    return _of_groups(_class_name(optimizer), optimizer.param_groups, model)


def hyperparameters(optimizer, given=None):
    r"""
    Return the name of an optimiser and its hyperparameters, exactly.

    INPUT: a name with what differs from PyTorch's defaults, or an object of ``torch.optim`` whose groups are alike

    EXAMPLES::

        sage: from sage_conslaw.flows.optimisers import hyperparameters
        sage: hyperparameters("sgd", {"momentum": 0.5})[1]["momentum"]
        Fraction(1, 2)
    """
    given = given or {}
    if isinstance(optimizer, str):
        name = _name(optimizer)
        return name, _complete(name, given)
    if not hasattr(optimizer, "param_groups"):
        raise InputTypeError(
            f"{optimizer!r} is not an optimiser; give an object of torch.optim, or a name such as 'sgd'"
        )
    name = _class_name(optimizer)
    groups = [
        _complete(name, {**{key: value for key, value in group.items() if key in OPTIMISERS[name].defaults}, **given})
        for group in optimizer.param_groups
    ]
    if any(group != groups[0] for group in groups):
        raise NotCovered("the optimiser has groups with different hyperparameters; ask for one group at a time")
    return name, groups[0]


def _class_name(optimizer):
    known = [base.__name__.lower() for base in type(optimizer).__mro__ if base.__name__.lower() in OPTIMISERS]
    if not known:
        raise NotCovered(
            f"the optimiser {type(optimizer).__name__} is not known; known are {', '.join(sorted(OPTIMISERS))}"
        )
    return known[0]


def is_optimiser(text):
    r"""
    Say whether a name is that of a known optimiser.

    EXAMPLES::

        sage: from sage_conslaw.flows.optimisers import is_optimiser
        sage: is_optimiser("AdamW"), is_optimiser("gradient")
        (True, False)
    """
    return _short(text) in OPTIMISERS


def _short(text):
    name = text.lower().replace("-", "").replace("_", "").replace(" ", "")
    return _ALIASES.get(name, name)


def _name(text):
    name = _short(text)
    if name not in OPTIMISERS:
        close = get_close_matches(name, OPTIMISERS, 1)
        hint = f"did you mean {close[0]!r}? " if close else ""
        raise InputError(f"optimiser {text!r} is not known; {hint}choose {', '.join(sorted(OPTIMISERS))}")
    return name


def _complete(name, given):
    """Return exact values of all hyperparameters of an optimiser, the given ones and the defaults."""
    defaults = OPTIMISERS[name].defaults
    for key in given:
        if key not in defaults and key not in _SILENT:
            close = get_close_matches(key, defaults, 1)
            hint = f"did you mean {close[0]}? " if close else ""
            raise InputError(f"{name} has no hyperparameter {key}; {hint}it has {', '.join(sorted(defaults))}")
    out = {key: _exact(given.get(key, value), key) for key, value in defaults.items()}
    if "lr" in out and out["lr"] <= 0:
        raise InputError(f"lr = {out['lr']} is not positive; give a learning rate, e.g. lr=0.01")
    for key in ("momentum", "weight_decay", "lambd"):
        if key in out and out[key] < 0:
            raise InputError(f"{key} = {out[key]} is negative; give a number >= 0")
    return out


def _exact(value, key):
    """Return a hyperparameter exactly: a decimal number is the rational that its digits say."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, (tuple, list)):
        return tuple(_exact(part, key) for part in value)
    if isinstance(value, str) and value.lower() in ("true", "false", "none"):
        return {"true": True, "false": False, "none": None}[value.lower()]
    if key == "line_search_fn" or key == "adjust_lr_fn":
        return value
    if hasattr(value, "item"):
        value = value.item()
    try:
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        raise InputError(f"{key} = {value} is not a number; give e.g. {key}=0.01") from None


def _of_groups(name, param_groups, model):
    settings, arrays = [], []
    for group in param_groups:
        hyper = {key: value for key, value in group.items() if key in OPTIMISERS[name].defaults}
        still = "lr" in hyper and not float(hyper["lr"])
        hyper = _complete(name, {key: value for key, value in hyper.items() if not (key == "lr" and still)})
        settings.append(hyper)
        names = group.get("param_names")
        for number, tensor in enumerate(group["params"]):
            arrays.append((None if names is None else names[number], tensor, hyper, still or not tensor.requires_grad))
    arrays = _named(arrays, model)
    some_frozen = any(still for *_, still in arrays)
    if not some_frozen and all(other == settings[0] for other in settings):
        return OPTIMISERS[name].build(settings[0])
    if all(still for *_, still in arrays):
        raise InputError("the optimiser moves nothing: every learning rate is 0 or every tensor is frozen")
    return _grouped(name, arrays)




def _named(arrays, model):
    """Return the arrays with the model's names, in its order; what the optimiser does not have is frozen."""
    if model is None:
        return arrays
    by_tensor = {id(tensor): (hyper, still) for _, tensor, hyper, still in arrays}
    out = []
    for name, tensor in model.named_parameters():
        hyper, still = by_tensor.get(id(tensor), (arrays[0][2], True))
        out.append((name, tensor, hyper, still))
    return out


def _grouped(name, arrays):
    """Return the flow of parameter groups: rates are a diagonal metric, decays a drift."""
    moving = [hyper for _, _, hyper, still in arrays if not still]
    first = moving[0]
    shared = {key: value for key, value in first.items() if key not in ("lr", "weight_decay")}
    if name not in ("sgd", "asgd"):
        if all(hyper == first for hyper in moving):
            raise NotCovered(
                f"frozen parameters are covered for sgd, not for {name}; make a network in which these "
                f"tensors are networks.fixed"
            )
        raise NotCovered(
            f"parameter groups are covered for sgd, not for {name}; ask for the network of one group at a time"
        )
    if any(hyper[key] != value for hyper in moving for key, value in shared.items()):
        raise NotCovered(
            "groups with different momentum or dampening have different clocks, which is not covered; "
            "ask for one group at a time"
        )
    flow = OPTIMISERS[name].build({**first, "weight_decay": Fraction(0)})
    # Coupled decay is part of the gradient, so it has the group's rate; with momentum it counts in the flow's unit of
    # time.
    unit = ONE if not flow.second_order else _unit(first)
    rates = tuple(Fraction(0) if still else hyper["lr"] / first["lr"] for _, _, hyper, still in arrays)
    decays = tuple(
        Fraction(0) if still else rate * hyper["weight_decay"] * unit
        for rate, (_, _, hyper, still) in zip(rates, arrays)
    )
    names = None if any(label is None for label, *_ in arrays) else tuple(label for label, *_ in arrays)
    groups = Groups(names, tuple(int(tensor.numel()) for _, tensor, *_ in arrays), rates, decays)
    return replace(flow, groups=groups)


def _unit(h):
    force = h["lr"] * (1 - h["dampening"])
    return ONE if _root(force) is not None else force


def table():
    r"""
    Return what is known of every optimiser as a table of the manual, in reStructuredText.

    EXAMPLES::

        sage: from sage_conslaw.flows.optimisers import table
        sage: print("\n".join(table().splitlines()[:5]))
        .. list-table::
           :header-rows: 1
           :widths: 14 40 30 16
        <BLANKLINE>
           * - optimiser
    """
    lines = [".. list-table::", "   :header-rows: 1", "   :widths: 14 40 30 16", ""]
    rows = [("optimiser", "laws kept", "laws lost or changed", "how it is known")]
    for name, entry in OPTIMISERS.items():
        title = f"``torch.optim.{entry.torch}``" if entry.torch else f"``{name}``"
        rows.append((title, *map(_mathematics, (entry.kept, entry.lost, entry.known))))
    for row in rows:
        lines += [f"   {'* - ' if number == 0 else '  - '}{cell}" for number, cell in enumerate(row)]
    return "\n".join(lines)


def _mathematics(text):
    """Write what stands between single quotes of code as mathematics."""
    parts = text.split("`")
    return "".join(f":math:`{part}`" if number % 2 else part for number, part in enumerate(parts))


__all__ = ["OPTIMISERS", "Optimiser", "SignFlow", "UncountedFlow", "from_torch_optimizer"]
