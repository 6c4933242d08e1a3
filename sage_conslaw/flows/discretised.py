r"""
Which flow an optimiser discretises: one function of its hyperparameters each.

`SGD(lr=\eta, momentum=\mu, dampening=d)` of PyTorch makes the steps `b \leftarrow \mu b + (1 - d) g`,
`\theta \leftarrow \theta - \eta b`.  With `h^2 = \eta (1 - d)` and `w = -(\eta/h)\, b` these are

    `w \leftarrow (1 - h \tau) w - h g,\quad \theta \leftarrow \theta + h w,\qquad \tau = (1 - \mu)/h`,

semi-implicit Euler with the step `h` for `\theta'' + \tau \theta' = -\nabla E`: `lr=0.01, momentum=0.9` is `\tau = 1`,
a step being `0.1`.  Where `h` is irrational the time is counted in steps, `\tau = 1 - \mu`, which scales `E` and no
law.  PyTorch's ``nesterov=True`` has constant momentum: its limit is the same flow, not the one with `\tau = 3/t`.
"""
from dataclasses import replace
from fractions import Fraction
from math import isqrt

from ..runtime.errors import InputError
from .adaptive import AdaptiveFlow, adagrad, adam, rmsprop
from .flow import gradient, momentum, weight_decay
from .sign import sign
from .uncounted import no_flow

ONE = Fraction(1)


def of_sgd(h, decoupled=False):
    lr, mu, dampening, decay = h["lr"], h["momentum"], h["dampening"], h["weight_decay"]
    if not mu:
        flow = gradient()
        remark = f"one step is the time {lr}"
        # Without momentum PyTorch does not look at dampening and nesterov.
        return replace(weight_decay(decay, flow) if decay else flow, remarks=(remark,))
    # tau < 0 puts energy in.
    if mu > 1:
        raise InputError(f"momentum = {mu} is larger than 1: velocities grow without a force; give 0 <= momentum <= 1")
    if dampening >= 1:
        raise InputError(f"dampening = {dampening} leaves no gradient after the first step; give dampening < 1")
    # h^2 is the force of one step: a rational h keeps the loss as it is, else time is counted in steps.
    force = lr * (1 - dampening)
    step = root(force)
    if step is None:
        # Time in steps: the force is lr (1 - dampening) times the gradient.
        tau, pull, shrink = 1 - mu, force * decay, lr * decay
        remark = f"time in steps: lr (1 - dampening) = {force} is no square, so tau = 1 - momentum = {tau} a step"
    else:
        # Decoupled decay takes lr * decay of the parameters in a step, which is the time h: the rate is the quotient.
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


def root(number):
    a, b = isqrt(number.numerator), isqrt(number.denominator)
    # Both are in lowest terms, so that a quotient is a square iff both are.
    return Fraction(a, b) if a * a == number.numerator and b * b == number.denominator else None


def of_asgd(h):
    # Both shrink the parameters by eta times themselves, one beside the gradient and one in it: the same flow.
    decay = h["lambd"] + h["weight_decay"]
    flow = weight_decay(decay) if decay else gradient()
    return replace(
        flow,
        remarks=(
            "time is the sum of the steps lr/(1 + lambd lr k)^alpha; lambd is weight decay; the "
            "averaged weights are a copy",
        ),
    )


def of_adam(h, decoupled=False):
    lr, (first, second), decay = h["lr"], h["betas"], h["weight_decay"]
    decoupled = decoupled or bool(h.get("decoupled_weight_decay"))
    name = "adamw" if decoupled else "adam"
    # A maximum over the past is no field on a state of moments.
    if h.get("amsgrad"):
        return no_flow(name + " with amsgrad", "it divides by the largest second moment so far",
                             "its laws are among those of adam, which has none on the networks of the manual",
                             "leave out amsgrad for the count of adam")
    # Moments that forget at once: m / sqrt(v) = g / |g|.
    if not first and not second:
        if decay and not decoupled:
            return no_flow(
                name, "the sign of the gradient plus the decay jumps where both cancel",
                "without decay the laws are those of sign flow", "take decoupled decay (adamw), or none",
            )
        flow = weight_decay(decay, sign()) if decay else sign()
        return replace(flow, remarks=("betas = (0, 0): the step is the sign of the gradient",))
    if not second:
        return no_flow(
            name, "with betas = (beta, 0) it divides the mean gradient by the last one",
            "what sign flow conserves is not known to survive", "take betas=(0, 0), sign flow, or beta2 > 0",
        )
    if not first:
        if decoupled and decay:
            return no_flow(
                name, "RMSprop with decoupled decay has no family here",
                "rmsprop has no laws on the networks of the manual", "take beta1 > 0, or no decay",
            )
        return replace(rmsprop((1 - second) / lr, decay), name=name)
    return adam(((1 - first) / lr, (1 - second) / lr), decay, decoupled)


def of_nadam(h):
    lr, (first, second) = h["lr"], h["betas"]
    if not first or not second:
        return of_adam({**h, "amsgrad": False})
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


def of_radam(h):
    first, second = h["betas"]
    # The length of the average, rho = 2/(1 - beta2) - 1 in the end, is above 5 iff beta2 > 2/3; below it PyTorch never
    # divides by the second moment, and the step is lr m.
    if second <= Fraction(2, 3):
        flow = of_sgd({**h, "momentum": first, "dampening": first}, decoupled=bool(h["decoupled_weight_decay"]))
        return replace(flow, remarks=(*flow.remarks, "beta2 <= 2/3: the rectification never sets in"))
    flow = of_adam({**h, "amsgrad": False})
    remark = "the limit of small steps with eps = 0; the rectification has reached 1"
    return replace(flow, name="radam", remarks=(remark,)) if isinstance(flow, AdaptiveFlow) else flow


def of_rmsprop(h):
    lr, alpha, mu = h["lr"], h["alpha"], h["momentum"]
    if not alpha and h["centered"]:
        return no_flow(
            "rmsprop", "with alpha = 0 the gradient is its own mean, its variance zero, and eps alone divides",
            "its steps are those of gradient descent with the rate lr/eps", "take alpha > 0, or flow sgd",
        )
    if not alpha:
        if h["weight_decay"] or mu:
            return no_flow(
                "rmsprop", "with alpha = 0 it is sign descent, here with decay or momentum",
                "without these the laws are those of sign flow", "take alpha > 0, or flows.sign()",
            )
        return sign()
    if alpha >= 1 or mu >= 1:
        raise InputError(f"alpha = {alpha}, momentum = {mu}: give numbers below 1")
    if mu:
        # In the time lr k/(1 - mu) the momentum is an average of the steps.
        return rmsprop((1 - alpha) * (1 - mu) / lr, h["weight_decay"], bool(h["centered"]), (1 - mu) ** 2 / lr)
    # Without momentum a step is the time lr.
    return rmsprop((1 - alpha) / lr, h["weight_decay"], bool(h["centered"]))


def of_adagrad(h):
    if h["lr_decay"] and h["weight_decay"]:
        return no_flow(
            "adagrad", "lr_decay and weight_decay together change with time in two ways",
            "with one of them there is no law on the networks of the manual", "leave out one",
        )
    return adagrad(h["weight_decay"])


def of_adadelta(h):
    if h["weight_decay"]:
        return no_flow(
            "adadelta", "weight decay inside its quotient is not covered",
            "without it there is no law on the networks of the manual", "leave out weight_decay",
        )
    # The accumulated steps start at zero, and eps alone makes the first one.
    if not h["eps"]:
        raise InputError("eps = 0: Adadelta never moves; give eps > 0")
    return AdaptiveFlow("adadelta", kind="adadelta", rates=(("b", (1 - h["rho"]) / h["lr"]), ("eps", h["eps"])))


def of_adamax(h):
    (first, second), lr = h["betas"], h["lr"]
    if not first or not second:
        return no_flow(
            "adamax", "a beta of 0 has no limit of small steps",
            "with betas > 0 there is no law on the networks of the manual", "take betas > 0",
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


def of_rprop(h):
    return replace(
        sign(),
        name="rprop",
        remarks=(
            "steps of proportional coordinates grow and shrink together, from equal sizes at the start: "
            "the laws of sign flow, exactly",
        ),
    )


def of_lion(h):
    # sgn(beta1 m + (1 - beta1) g) is a function of the past: no polynomial of it is known that stays.
    if any(h["betas"]):
        return no_flow(
            "lion",
            "the sign of a momentum forgets which gradients were proportional",
            "a law of sign flow survives where the factor of two gradients is constant, e.g. for "
                 "parameters that enter as a sum",
            "flows.sign() is lion with betas = (0, 0)",
            tuple(h.items()),
        )
    return weight_decay(h["weight_decay"], sign()) if h["weight_decay"] else sign()


def of_layers(h):
    if h.get("moments"):
        return no_flow(
            "lamb", "it rescales the step of adam a layer at a time",
            "its laws are among those of adam for each layer alone",
            "take moments=0 for the laws that every layer-wise rate keeps, or adam",
        )
    if h["weight_decay"]:
        return no_flow(
            "lars", "its rates multiply the decay too, so that every layer shrinks at a speed of its own",
            "laws within a layer keep their quotients only", "leave out weight_decay",
        )
    # Rates are chosen from all gradients, so they are free functions: their laws are those of every choice at once.
    flow = of_sgd({"momentum": Fraction(0), **h, "dampening": Fraction(0)})
    return replace(
        flow, scaled="layers",
        remarks=flow.remarks + ("laws that hold for every choice of positive rates, one an array of parameters",),
    )


def of_rescaled(rule):
    def build(h):
        return replace(of_sgd({**h, "dampening": Fraction(0)}), scaled=rule, remarks=(
            "all coordinates are rescaled by one positive number: the same span of controls, so the same laws",))
    return build
