r"""
From the optimiser that one runs to the flow that it discretises, with the exact map of its hyperparameters
(:mod:`.discretised`).

The trivial case: ``"sgd"`` without momentum is gradient flow, a step being the time `\eta`.  The famous one:
``lr=0.01, momentum=0.9`` is `\theta'' + \theta' = -\nabla E`, exactly, a step being the time `0.1`.  One that fails:
L-BFGS is no flow, and says so.
"""
from dataclasses import replace
from difflib import get_close_matches
from fractions import Fraction

from ..runtime.errors import InputError, InputTypeError, NotCovered
from .adaptive import AdaptiveFlow
from .flow import Flow
from .groups import Groups
from .optimiser_table import OPTIMISERS
from .uncounted import UncountedFlow

ONE = Fraction(1)

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
    name = _class_name(optimizer)
    if hyperparameters:
        raise InputError(
            f"the optimiser has its hyperparameters already; leave out {', '.join(sorted(hyperparameters))}"
        )
    return _of_groups(name, optimizer.param_groups, model)


def hyperparameters(optimizer, given=None):
    """
    Return the name of an optimiser and its hyperparameters, exactly.

    INPUT: a name with what differs from PyTorch's defaults, or an object of ``torch.optim`` whose groups are alike
    """
    given = given or {}
    if isinstance(optimizer, str):
        name = _name(optimizer)
        return name, _complete(name, given)
    name = _class_name(optimizer)
    groups = [
        _complete(name, {**{key: value for key, value in group.items() if key in OPTIMISERS[name].defaults}, **given})
        for group in optimizer.param_groups
    ]
    # One step map is one matrix for all coordinates.
    if any(group != groups[0] for group in groups):
        raise NotCovered("the optimiser has groups with different hyperparameters; ask for one group at a time")
    return name, groups[0]


def _class_name(optimizer):
    """Return the known name of an object's class; refuse what is no optimiser, and groups that cannot be compared."""
    if not hasattr(optimizer, "param_groups"):
        raise InputTypeError(
            f"{optimizer!r} is not an optimiser; give an object of torch.optim, or a name such as 'sgd' or 'adam'"
        )
    # Subclasses of an optimiser that change its step cannot be told from those that do not: the nearest known class
    # counts.
    known = [base.__name__.lower() for base in type(optimizer).__mro__ if base.__name__.lower() in OPTIMISERS]
    if not known:
        raise NotCovered(
            f"the optimiser {type(optimizer).__name__} is not known; known are {', '.join(sorted(OPTIMISERS))}"
        )
    # Climbing beside descending is an indefinite metric, which each optimiser sees in another way.
    if len({bool(group.get("maximize")) for group in optimizer.param_groups}) > 1:
        raise NotCovered(
            "groups that maximise the loss beside groups that minimise it are not covered; without momentum give the "
            "signs as a metric: flows.gradient(metric=[1, ..., -1])"
        )
    return known[0]


def is_optimiser(text):
    """Say whether a name is that of a known optimiser."""
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
    for key, value in out.items():
        _check_kind(key, value, defaults[key])
    if out.get("nesterov") and name in ("sgd", "sgdw") and (not out["momentum"] or out["dampening"]):
        raise InputError("nesterov=True needs momentum > 0 and dampening = 0, as in PyTorch")
    if "lr" in out and out["lr"] <= 0:
        raise InputError(f"lr = {out['lr']} is not positive; give a learning rate, e.g. lr=0.01")
    for key in ("momentum", "weight_decay", "lambd"):
        if key in out and out[key] < 0:
            raise InputError(f"{key} = {out[key]} is negative; give a number >= 0")
    return out


def _check_kind(key, value, default):
    """Refuse a value of another kind than the default's, and moments that follow at no rate between 0 and 1."""
    if isinstance(default, tuple):
        numbers = value if isinstance(value, tuple) else (value,)
        # PyTorch writes None for an eps that it chooses by the precision.
        wrong = any(isinstance(x, bool) or x is None and key == "betas" for x in numbers)
        if wrong or len(numbers) != len(default):
            raise InputError(
                f"{key} = {'/'.join(map(str, numbers))} is not {len(default)} numbers; give e.g. "
                f"{key}={'/'.join(str(float(x)) for x in default)}"
            )
    elif isinstance(default, (int, Fraction)) and not isinstance(default, bool):
        if value is None or isinstance(value, (bool, tuple)):
            raise InputError(f"{key} = {value} is not a number; give e.g. {key}=0.01")
    for x in value if isinstance(value, tuple) else (value,):
        if key in ("betas", "alpha", "rho") and x < 0:
            raise InputError(f"{key} = {x} is negative; give numbers from 0 to 1")
        # Squares of gradients would have the weight zero, while their fields are written without it.
        if key in ("betas", "rho") and x >= 1:
            raise InputError(f"{key} = {x}: moments never follow the gradient; give numbers below 1")


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
        # By its digits: 0.1 means 1/10, not the binary fraction next to it.
        return Fraction(str(value))
    except (ValueError, ZeroDivisionError):
        raise InputError(f"{key} = {value} is not a number; give e.g. {key}=0.01") from None


def _of_groups(name, param_groups, model):
    settings, arrays = [], []
    for group in param_groups:
        hyper = {key: value for key, value in group.items() if key in OPTIMISERS[name].defaults}
        # A rate of zero freezes a group, where alone it would be no optimiser.
        still = "lr" in hyper and not float(hyper["lr"])
        hyper = _complete(name, {key: value for key, value in hyper.items() if not (key == "lr" and still)})
        settings.append(hyper)
        names = group.get("param_names")
        for number, tensor in enumerate(group["params"]):
            arrays.append((None if names is None else names[number], tensor, hyper, still or not tensor.requires_grad))
    arrays = _named(arrays, model)
    some_frozen = any(still for *_, still in arrays)
    # Equal groups are one: no metric, and names and sizes need not match.
    if not some_frozen and all(other == settings[0] for other in settings):
        return OPTIMISERS[name].build(settings[0])
    if all(still for *_, still in arrays):
        raise InputError("the optimiser moves nothing: every learning rate is 0 or every tensor is frozen")
    return _grouped(name, arrays)


def _named(arrays, model):
    """Return the arrays with the model's names, in its order; what the optimiser does not have is frozen."""
    if model is None:
        return arrays
    # By identity: shared and equal tensors differ in nothing else.
    by_tensor = {id(tensor): (hyper, still) for _, tensor, hyper, still in arrays}
    out = []
    for name, tensor in model.named_parameters():
        hyper, still = by_tensor.get(id(tensor), (arrays[0][2], True))
        out.append((name, tensor, hyper, still))
    return out


def _grouped(name, arrays):
    """Return the flow of parameter groups: rates are a diagonal metric, decays a drift; frozen arrays have neither."""
    moving = [hyper for _, _, hyper, still in arrays if not still]
    first, build = moving[0], OPTIMISERS[name].build
    whole = build(first)
    if isinstance(whole, UncountedFlow):
        return whole
    differ = sorted({key for hyper in moving for key, value in hyper.items() if value != first[key]})
    # The bounds of Rprop's step sizes are the same for all groups, and ASGD's steps lr/(1 + lambd lr k)^alpha shrink
    # faster where lr is larger: sizes that differ do not keep their quotient.
    apart = name == "rprop" or name == "asgd" and first["lambd"] * first["alpha"]
    other = [key for key in differ if key not in ("lr", "weight_decay") or key == "lr" and apart]
    if other:
        raise NotCovered(
            f"groups of {name} with different {' and '.join(other)} have different clocks, which is not covered; "
            f"ask for the network of one group at a time"
        )
    # Built without decay, in the time of the first group that moves; each array's decay is added at its own rate.
    flow = build({**first, "weight_decay": Fraction(0)}) if "weight_decay" in first else whole
    if isinstance(flow, UncountedFlow):
        return flow
    # A frozen array has the rate zero, and with it neither velocity, moments nor decay.
    rates = tuple(Fraction(0) if still else _rate(hyper, first) for _, _, hyper, still in arrays)
    decays = tuple(_decay(build, flow, hyper, first, rate) for rate, (_, _, hyper, _) in zip(rates, arrays))
    names = None if any(label is None for label, *_ in arrays) else tuple(label for label, *_ in arrays)
    return replace(flow, groups=Groups(names, tuple(int(tensor.numel()) for _, tensor, *_ in arrays), rates, decays))


def _rate(hyper, first):
    """Return the rate of an array in the time of the first one; Adadelta and others without ``lr`` have the rate 1."""
    return hyper["lr"] / first["lr"] if "lr" in hyper else ONE


def _decay(build, flow, hyper, first, rate):
    """
    Return how fast an array decays beyond the flow's common decay.

    Its decay is built with the first group's rate, so that it is in the flow's time.  Coupled decay is part of the
    gradient and has the array's rate, decoupled decay is multiplied by the learning rate itself; in an adaptive
    optimiser coupled decay enters the moments as well, which have no rate.
    """
    if not rate or not hyper.get("weight_decay"):
        return Fraction(0)
    alone = build({**first, "weight_decay": hyper["weight_decay"]})
    if isinstance(alone, UncountedFlow):
        raise NotCovered(alone.explanation)
    enters_moments = isinstance(flow, AdaptiveFlow) and not alone.decoupled
    return (alone.decay - flow.decay) * (ONE if enters_moments else rate)
